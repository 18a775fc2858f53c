//! Tallies of chunks of replicas, merged along a fixed binary tree.
//!
//! The node of level k and index i of the tree is the tally of the chunks from i·2^k up to, and
//! without, (i + 1)·2^k: the tally of its left half, merged with that of its right half. Floating
//! point sums depend on their order, and here the order depends on the numbers of the chunks only.
//! So the same replicas give the same bits however they were cut into parts, in whatever order the
//! parts were tallied, and however often a run was extended.
//!
//! A [`Forest`] holds the largest nodes that its chunks fill: at most two for each level, where no
//! chunk between others is missing. It knows
//! its replicas, and refuses to take one in twice: statistics would not notice it.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::ops::Range;
use thiserror::Error;

/// Statistics of a range of replicas.
pub trait Tally: Clone + Send + Serialize + DeserializeOwned {
    /// The name of the kind, which is written before its bytes. A change of what is tallied takes
    /// another name.
    const KIND: &'static str;

    /// Take in the tally of the replicas that follow.
    fn merge(&mut self, next: Self);
}

/// The reason why tallies cannot be merged or read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TallyError {
    /// Both have replicas of a range.
    #[error("the replicas from {} to {} are there twice", .0.start, .0.end - 1)]
    Repeated(Range<u64>),
    /// A range of replicas before others was not tallied.
    #[error("the replicas from {} to {} are missing", .0.start, .0.end - 1)]
    Missing(Range<u64>),
    /// They were cut into chunks of unlike sizes.
    #[error("one is in chunks of {0} replicas, the other in chunks of {1}")]
    UnlikeChunks(u64, u64),
    /// The bytes are of something else.
    #[error("this is no tally of the kind \"{0}\"")]
    OtherKind(&'static str),
    /// The bytes are not as they were written.
    #[error("the tally is damaged: {0}")]
    Damaged(&'static str),
}

/// A node of the tree, or the last chunk of a run if it is not full.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Node<T> {
    /// Its first chunk, a multiple of 2^level.
    first: u64,
    level: u32,
    /// Its replicas: those of 2^level chunks, or fewer at level 0.
    replicas: u64,
    tally: T,
}

impl<T> Node<T> {
    /// A chunk's tally, of so many replicas.
    pub(super) fn chunk(first: u64, replicas: u64, tally: T) -> Self {
        Node {
            first,
            level: 0,
            replicas,
            tally,
        }
    }

    /// Whether a run in chunks of so many replicas can have this node, and its numbers are whole
    /// numbers of 64 bits.
    fn is_possible(&self, chunk: u64) -> bool {
        let Some(size) = 1_u64.checked_shl(self.level) else {
            return false;
        };
        let end = self.first.checked_add(size);
        let is_whole = chunk.checked_mul(size) == Some(self.replicas);
        let is_part = self.level == 0 && self.replicas < chunk;
        self.replicas > 0
            && self.first.is_multiple_of(size)
            && end.is_some_and(|end| end.checked_mul(chunk).is_some())
            && (is_whole || is_part)
    }

    /// The chunk after the last one.
    fn end(&self) -> u64 {
        self.first + (1 << self.level)
    }

    /// The first chunk of the node with which this one makes that of the next level.
    fn sibling(&self) -> u64 {
        self.first ^ (1 << self.level)
    }
}

/// The tally of some chunks of replicas, as the largest nodes of the tree that they fill.
///
/// ```
/// use kac_coupling::measure::first_collision::FirstCollisions;
/// use kac_coupling::measure::forest::Forest;
///
/// let part = |chunk| {
///     let mut forest = Forest::<FirstCollisions>::new(100);
///     forest.add(chunk, 100, FirstCollisions::default()).map(|()| forest)
/// };
/// let mut all = part(1)?;
/// all.merge(part(0)?)?;
/// assert_eq!(all.replicas(), 200);
/// assert!(all.merge(part(1)?).is_err());
/// # Ok::<(), kac_coupling::measure::forest::TallyError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Forest<T> {
    /// Replicas of a full chunk.
    chunk: u64,
    /// By their first chunks.
    nodes: BTreeMap<u64, Node<T>>,
}

impl<T: Tally> Forest<T> {
    /// The tally of no replicas, which come in chunks of so many.
    pub fn new(chunk: u64) -> Self {
        Forest {
            chunk,
            nodes: BTreeMap::new(),
        }
    }

    /// Replicas of a full chunk.
    pub fn chunk(&self) -> u64 {
        self.chunk
    }

    /// The number of replicas.
    pub fn replicas(&self) -> u64 {
        self.nodes.values().map(|node| node.replicas).sum()
    }

    /// The chunks with replicas of a range that are not there, in order. A chunk that has some of
    /// its replicas of the range, and not all, is forgotten: it is to be simulated again as a whole.
    pub(super) fn missing(&mut self, replicas: &Range<u64>) -> Vec<Range<u64>> {
        let chunk = self.chunk;
        self.nodes.retain(|_, node| {
            let (from, has) = (node.first * chunk, node.first * chunk + node.replicas);
            let is_full = node.replicas == chunk << node.level;
            is_full || from < replicas.start || has >= replicas.end
        });
        let end = replicas.end.div_ceil(chunk);
        let mut next = replicas.start / chunk;
        let mut missing = vec![];
        for node in self.nodes.values().filter(|node| node.first < end) {
            missing.push(next..node.first.max(next));
            next = next.max(node.end());
        }
        missing.push(next..end.max(next));
        missing
    }

    fn is_full(&self, node: &Node<T>) -> bool {
        node.replicas == self.chunk << node.level
    }

    /// The range of replicas that a node is of.
    fn range(&self, node: &Node<T>) -> Range<u64> {
        let start = node.first * self.chunk;
        start..start + node.replicas
    }

    /// Refuse a node that shares a chunk with another one.
    fn refuse_repetition(&self, node: &Node<T>) -> Result<(), TallyError> {
        let before = self.nodes.range(..node.end()).next_back();
        match before.filter(|(_, before)| before.end() > node.first) {
            Some((_, before)) => {
                let (a, b) = (self.range(before), self.range(node));
                Err(TallyError::Repeated(a.start.max(b.start)..a.end.min(b.end)))
            }
            None => Ok(()),
        }
    }

    /// Take in a node; or give it back with the node that it is merged with, the left one first.
    pub(super) fn offer(&mut self, node: Node<T>) -> Option<[Node<T>; 2]> {
        let sibling = self.nodes.get(&node.sibling());
        let has_sibling = self.is_full(&node)
            && sibling.is_some_and(|other| other.level == node.level && self.is_full(other));
        if !has_sibling {
            self.nodes.insert(node.first, node);
            return None;
        }
        let sibling = self.nodes.remove(&node.sibling())?;
        Some(match sibling.first < node.first {
            true => [sibling, node],
            false => [node, sibling],
        })
    }

    /// Take in the tally of the replicas of a chunk.
    ///
    /// # Errors
    ///
    /// If one of them is there already.
    ///
    /// # Panics
    ///
    /// If there is none of them, or more than a chunk has.
    pub fn add(&mut self, chunk: u64, replicas: u64, tally: T) -> Result<(), TallyError> {
        assert!((1..=self.chunk).contains(&replicas), "replicas of a chunk");
        let node = Node::chunk(chunk, replicas, tally);
        self.refuse_repetition(&node)?;
        self.insert(node);
        Ok(())
    }

    fn insert(&mut self, mut node: Node<T>) {
        while let Some(halves) = self.offer(node) {
            node = joined(halves);
        }
    }

    /// Take in all replicas of another tally. That both are of the same config, N and seed is for
    /// the caller to see to: tallies do not tell.
    ///
    /// # Errors
    ///
    /// If a replica is in both, or chunks are unlike; then nothing is taken in.
    pub fn merge(&mut self, other: Self) -> Result<(), TallyError> {
        if other.chunk != self.chunk {
            return Err(TallyError::UnlikeChunks(self.chunk, other.chunk));
        }
        let mut nodes = other.nodes.values();
        nodes.try_for_each(|node| self.refuse_repetition(node))?;
        for node in other.nodes.into_values() {
            self.insert(node);
        }
        Ok(())
    }

    /// The number of replicas and their tally; `None` if there are none.
    ///
    /// # Errors
    ///
    /// If replicas before others are missing.
    pub fn total(self) -> Result<Option<(u64, T)>, TallyError> {
        let (chunk, replicas) = (self.chunk, self.replicas());
        let mut next = 0;
        let mut total: Option<T> = None;
        for node in self.nodes.into_values() {
            if node.first * chunk != next {
                return Err(TallyError::Missing(next..node.first * chunk));
            }
            next += node.replicas;
            match &mut total {
                None => total = Some(node.tally),
                Some(total) => total.merge(node.tally),
            }
        }
        Ok(total.map(|total| (replicas, total)))
    }

    /// The bytes of a file that [`from_bytes`](Self::from_bytes) reads: a line with the kind, the
    /// SHA-256 of the rest, and the nodes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let nodes: Vec<&Node<T>> = self.nodes.values().collect();
        let body = postcard::to_stdvec(&(self.chunk, nodes)).expect("a vector can grow");
        let mut bytes = header::<T>();
        bytes.extend_from_slice(&Sha256::digest(&body));
        bytes.extend_from_slice(&body);
        bytes
    }

    /// Read what [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    ///
    /// If the bytes are of another kind, or damaged.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, TallyError> {
        let rest =
            (bytes.strip_prefix(&header::<T>()[..])).ok_or(TallyError::OtherKind(T::KIND))?;
        let (checksum, body) = (rest.split_at_checked(Sha256::output_size()))
            .ok_or(TallyError::Damaged("it is cut"))?;
        if Sha256::digest(body)[..] != *checksum {
            return Err(TallyError::Damaged("its checksum is another"));
        }
        let ((chunk, nodes), rest): ((u64, Vec<Node<T>>), &[u8]) = postcard::take_from_bytes(body)
            .map_err(|_| TallyError::Damaged("it cannot be read"))?;
        let mut forest = Forest::new(chunk);
        for node in nodes {
            if !node.is_possible(chunk) {
                return Err(TallyError::Damaged("it has a node that no run has"));
            }
            forest.refuse_repetition(&node)?;
            forest.insert(node);
        }
        match rest.is_empty() {
            true => Ok(forest),
            false => Err(TallyError::Damaged("something follows it")),
        }
    }
}

/// The line before the bytes of a tally.
fn header<T: Tally>() -> Vec<u8> {
    format!("kac tally, {}\n", T::KIND).into_bytes()
}

/// The node of the next level.
pub(super) fn joined<T: Tally>([mut left, right]: [Node<T>; 2]) -> Node<T> {
    left.tally.merge(right.tally);
    left.level += 1;
    left.replicas += right.replicas;
    left
}
