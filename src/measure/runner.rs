//! The one runner of replicas, whatever their kind.
//!
//! A [`Stage`] says how a chunk of replicas is simulated and what is tallied of it. Threads take
//! chunks in order as they become free, and merge tallies along the tree of [`super::forest`], so
//! that no number depends on the number of threads. A forest of replicas that follow each other has
//! at most two nodes for each level, so that memory grows with the logarithm of the number of chunks.

use super::forest::{Forest, Node, Tally, joined};
use super::profile::{Profile, Watch};
use crate::threads::{lock, together};
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// A kind of replicas.
pub trait Stage: Sync {
    /// The tally of a range of replicas.
    type Tally: Tally;
    /// The state of the gas, and memory that a thread uses from chunk to chunk.
    type Worker;

    /// Replicas of a chunk.
    fn chunk(&self) -> u64;

    /// A worker for a thread.
    fn worker(&self) -> Self::Worker;

    /// Simulate the replicas of a chunk and tally them; add the seconds that it took to the
    /// profile.
    fn tally(
        &self,
        worker: &mut Self::Worker,
        replicas: Range<u64>,
        profile: &mut Profile,
    ) -> Self::Tally;
}

/// The way in which replicas are run: no number depends on it.
#[derive(Clone, Copy)]
pub struct Control<'a> {
    /// Told how many more replicas are done, from any thread.
    pub progress: &'a (dyn Fn(u64) + Sync),
    /// When this becomes true, no more chunks are begun.
    pub stop: &'a AtomicBool,
    /// Whether the current thread does everything: small jobs are better done side by side than one
    /// after the other.
    pub single_threaded: bool,
}

/// A flag that nobody sets.
static NEVER: AtomicBool = AtomicBool::new(false);

impl<'a> Control<'a> {
    /// On the current thread pool, to the end.
    pub const fn new(progress: &'a (dyn Fn(u64) + Sync)) -> Self {
        Control {
            progress,
            stop: &NEVER,
            single_threaded: false,
        }
    }
}

/// Simulate the replicas of a stage in a range that begins with a chunk, as far as the forest does
/// not have them; the seconds of all threads are added to the profile. A chunk of which the forest
/// has a part is forgotten first, and simulated as a whole.
///
/// If a thread panics, the others end after their chunks, what was tallied stays in the forest, and
/// the panic goes on.
pub fn extend<S: Stage>(
    stage: &S,
    forest: &mut Forest<S::Tally>,
    replicas: Range<u64>,
    control: Control,
    profile: &mut Profile,
) {
    let size = stage.chunk();
    assert_eq!(size, forest.chunk(), "chunks of a stage and its forest");
    assert!(replicas.start.is_multiple_of(size), "a range of chunks");
    let missing = forest.missing(&replicas);
    if missing.iter().all(Range::is_empty) {
        return;
    }
    let chunks = Mutex::new(missing.into_iter().flatten());
    let panicked = AtomicBool::new(false);
    let shared = Mutex::new((forest, profile));
    let work = || {
        let _guard = RaiseOnPanic(&panicked);
        let mut worker = stage.worker();
        let is_stopped =
            || control.stop.load(Ordering::Relaxed) || panicked.load(Ordering::Relaxed);
        while !is_stopped() {
            let Some(chunk) = lock(&chunks).next() else {
                break;
            };
            let range = chunk * size..((chunk + 1) * size).min(replicas.end);
            let count = range.end - range.start;
            let mut profile = Profile::default();
            let tally = stage.tally(&mut worker, range, &mut profile);
            let mut watch = Watch::start();
            let mut node = Node::chunk(chunk, count, tally);
            // The lock is not held while tallies are merged.
            loop {
                let offered = lock(&shared).0.offer(node);
                let Some(halves) = offered else { break };
                node = joined(halves);
            }
            profile.tallies += watch.lap();
            lock(&shared).1.merge(&profile);
            (control.progress)(count);
        }
    };
    if control.single_threaded {
        work();
    } else {
        together(work);
    }
}

/// Tells the other threads that one panics.
struct RaiseOnPanic<'a>(&'a AtomicBool);

impl Drop for RaiseOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.store(true, Ordering::Relaxed);
        }
    }
}
