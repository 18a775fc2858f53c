//! The block engine: marks are drawn in arrays, then applied in order.
//!
//! Each stage is a loop over fixed arrays without branches, in a function of
//! its own, so that a compiler turns it into vector code; only the last one,
//! which applies collisions to particles, is sequential.

use super::bath::{GROUP, Group, MOST_ROWS_PER_GROUP};
use super::census::{BLOCK, Census};
use super::marks::{Coefficients, ROWS_PER_GROUP};
use super::meetings::Meetings;
use super::slabs::{Place, Stops};
use super::{Gas, Path};
use crate::model::coupling::Coupling;
use crate::model::slot::Slot;
use crate::numerics::vector::{Instructions, Level, vectorised};
use crate::random::{LANES, Lanes, Purpose, ReplicaKey, Row, more_words};
use std::ops::Range;
use std::sync::Arc;

const GROUPS: usize = BLOCK / LANES;
/// The number of groups of bath velocities for a block whose collisions are all with the bath.
const BATH_GROUPS: usize = BLOCK / GROUP;
/// The largest number of bath particles that a block leaves: less than a group.
const BATH_LEFT: usize = GROUP - 1;
/// The number of slots of bath particles.
const BATH_SLOTS: usize = BATH_LEFT + BATH_GROUPS * GROUP;
/// Slots that take more bytes than this do not stay in a core's own caches, and fetching them ahead
/// of use is worth its cost; below, it is not.
const PREFETCH_ABOVE: usize = 1 << 20;
/// The number of collisions by which fetching is ahead.
const PREFETCH_AHEAD: usize = 40;

/// Slots of N particles, followed by those of the bath particles to come.
///
/// Each bath collision has a bath slot of its own, which holds its bath particle's velocity from
/// the start, so that a bath collision is applied as a pair collision.
#[derive(Debug)]
struct Slots {
    particles: usize,
    all: Vec<Slot>,
    /// Bath particles that no collision has met, as a range of bath slots.
    bath: Range<usize>,
}

impl Slots {
    fn new(particles: usize) -> Self {
        let mut all = vec![[0.0; 2]; particles + BATH_SLOTS];
        ask_for_large_pages(&mut all);
        Slots {
            particles,
            all,
            bath: 0..0,
        }
    }

    /// The index of bath slot 0.
    fn first_bath(&self) -> u32 {
        self.particles as u32
    }

    /// Moves the bath particles that are left to the end of the room for them. Returns the slot of
    /// the first one.
    fn move_bath(&mut self) -> usize {
        let left = self.bath.len();
        let bath = &mut self.all[self.particles..];
        bath.copy_within(self.bath.clone(), BATH_LEFT - left);
        self.bath = BATH_LEFT - left..BATH_LEFT;
        self.bath.start
    }

    /// Adds bath particles of these velocities after those that are there.
    fn add_bath<C: Coupling>(
        &mut self,
        instructions: Instructions,
        coupling: C,
        velocities: &[Group],
    ) {
        let bath = &mut self.all[self.particles + self.bath.end..];
        fill_bath(instructions, coupling, velocities, bath);
        self.bath.end += velocities.len() * GROUP;
    }
}

/// Asks the system to keep this memory in large pages. Collisions reach particles in random order,
/// and finding small pages takes as long as fetching from them. A refusal costs nothing.
pub fn ask_for_large_pages(slots: &mut [Slot]) {
    #[cfg(target_os = "linux")]
    {
        const LARGE: usize = 2 << 20;
        let range = slots.as_mut_ptr_range();
        let from = range.start.addr().next_multiple_of(LARGE);
        let length = (range.end.addr() & !(LARGE - 1)).saturating_sub(from);
        if length > 0 {
            let start = range.start.with_addr(from).cast();
            // SAFETY: whole pages of this slice. Advice on them changes no contents.
            unsafe { libc::madvise(start, length, libc::MADV_HUGEPAGE) };
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = slots;
}

vectorised! {
    /// The slots of bath particles of these velocities.
    fn fill_bath<C: Coupling>(coupling: C, velocities: &[Group], slots: &mut [Slot]) {
        for (slot, &velocity) in slots.iter_mut().zip(velocities.as_flattened()) {
            *slot = coupling.bath_slot(velocity);
        }
    }
}

/// Collisions drawn ahead, as arrays of their marks.
#[derive(Debug)]
struct Block {
    instructions: Instructions,
    words: Box<[[Row; ROWS_PER_GROUP]; GROUPS]>,
    /// The particles that collide; partners are particles or bath slots.
    meetings: Meetings<GROUPS>,
    cos: Box<[[f64; LANES]; GROUPS]>,
    sin: Box<[[f64; LANES]; GROUPS]>,
    bath_words: Box<[Row; BATH_GROUPS * MOST_ROWS_PER_GROUP]>,
    bath: Box<[Group; BATH_GROUPS]>,
    /// All indices in the meetings are below this.
    slots: usize,
    next: usize,
    filled: usize,
}

impl Block {
    fn new(instructions: Instructions) -> Self {
        Block {
            instructions,
            words: Box::new([[[0; LANES]; ROWS_PER_GROUP]; GROUPS]),
            meetings: Meetings::default(),
            cos: Box::new([[0.0; LANES]; GROUPS]),
            sin: Box::new([[0.0; LANES]; GROUPS]),
            bath_words: Box::new([[0; LANES]; BATH_GROUPS * MOST_ROWS_PER_GROUP]),
            bath: Box::new([[0.0; LANES]; BATH_GROUPS]),
            slots: 1,
            next: 0,
            filled: 0,
        }
    }

    fn clear(&mut self) {
        (self.next, self.filled) = (0, 0);
    }

    /// Draws the next `groups` groups of collisions, the first of which is the replica's collision
    /// `index`; all earlier collisions have been applied.
    fn refill<C: Coupling>(
        &mut self,
        (index, groups): (u64, usize),
        gas: &Gas,
        streams: &mut Streams,
        coupling: C,
        slots: &mut Slots,
    ) {
        let instructions = self.instructions;
        let words = &mut self.words[..groups];
        streams.marks.fill(instructions, words.as_flattened_mut());
        let more =
            |at: usize| more_words(streams.key, Purpose::MoreForCollision, index + at as u64);
        let met = (self.meetings).draw(instructions, gas.marks, words, more, slots.move_bath());
        self.slots = gas.marks.bath_slot() as usize + met;
        if size_of_val(&slots.all[..]) > PREFETCH_ABOVE {
            // The rest of the drawing hides the latency of the first of these fetches.
            let numbers = slots.all.as_flattened().as_ptr();
            let pairs = self
                .meetings
                .particles()
                .iter()
                .zip(self.meetings.partners());
            for (&particle, &partner) in pairs.take(PREFETCH_AHEAD) {
                prefetch(numbers, particle);
                prefetch(numbers, partner);
            }
        }
        let (cos, sin) = (&mut self.cos[..groups], &mut self.sin[..groups]);
        draw_directions(instructions, words, cos, sin);
        let wanted = met.saturating_sub(slots.bath.end);
        let groups_of_bath = wanted.div_ceil(GROUP);
        let words = &mut self.bath_words[..groups_of_bath * gas.bath.rows_per_group()];
        let velocities = &mut self.bath[..groups_of_bath];
        streams.bath.fill(instructions, words);
        let drawn = streams.bath_drawn;
        let more = |at| more_words(streams.key, Purpose::MoreForBath, drawn + at as u64);
        gas.bath.draw(instructions, words, more, velocities);
        streams.bath_drawn += (groups_of_bath * GROUP) as u64;
        slots.add_bath(instructions, coupling, velocities);
        // The slots before `met` are taken by these collisions.
        slots.bath.start = met;
        (self.next, self.filled) = (0, groups * LANES);
    }

    /// Applies the next `count` collisions, all of them drawn already.
    fn apply<C: Coupling>(&mut self, count: usize, coupling: C, slots: &mut [Slot]) {
        let prefetch = size_of_val(slots) > PREFETCH_ABOVE;
        match self.instructions.level() {
            // SAFETY: `Instructions` only has levels that were detected, and
            // AVX-512 implies AVX2.
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 | Level::Avx512 => unsafe {
                self.apply_avx2(count, prefetch, coupling, slots);
            },
            Level::Portable => self.apply_in_order(count, prefetch, coupling, slots),
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    fn apply_avx2<C: Coupling>(
        &mut self,
        count: usize,
        prefetch: bool,
        coupling: C,
        slots: &mut [Slot],
    ) {
        self.apply_in_order(count, prefetch, coupling, slots);
    }

    #[inline(always)]
    fn apply_in_order<C: Coupling>(
        &mut self,
        count: usize,
        prefetch: bool,
        coupling: C,
        slots: &mut [Slot],
    ) {
        if prefetch {
            self.apply_each::<C, true>(count, coupling, slots);
        } else {
            self.apply_each::<C, false>(count, coupling, slots);
        }
    }

    #[inline(always)]
    fn apply_each<C: Coupling, const PREFETCH: bool>(
        &mut self,
        count: usize,
        coupling: C,
        slots: &mut [Slot],
    ) {
        assert!(self.slots <= slots.len(), "a slot for each index");
        assert!(self.next + count <= self.filled, "marks that are drawn");
        let range = self.next..self.next + count;
        let (particles, partners) = (self.meetings.particles(), self.meetings.partners());
        let marks = particles[range.clone()]
            .iter()
            .zip(&partners[range.clone()])
            .zip(&self.cos.as_flattened()[range.clone()])
            .zip(&self.sin.as_flattened()[range.clone()]);
        let numbers = slots.as_flattened_mut().as_mut_ptr();
        for (index, (((&particle, &partner), &cos), &sin)) in range.zip(marks) {
            if PREFETCH {
                // Beyond the filled part these are marks of an earlier block: fetching for them is
                // useless but harmless.
                let later = (index + PREFETCH_AHEAD).min(BLOCK - 1);
                prefetch(numbers, particles[later]);
                prefetch(numbers, partners[later]);
            }
            // SAFETY: these are the first numbers of slots whose indices are below
            // `self.slots`, by `Meetings::draw`.
            unsafe {
                let one = numbers.add(particle as usize).cast::<Slot>();
                let other = numbers.add(partner as usize).cast::<Slot>();
                (*one, *other) = coupling.collide(cos, sin, *one, *other);
            }
        }
        self.next += count;
    }
}

/// Ask for a slot's cache line ahead of its use.
#[inline(always)]
fn prefetch(numbers: *const f64, address: u32) {
    #[cfg(target_arch = "x86_64")]
    {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a prefetch only warms a cache, whatever the address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(numbers.wrapping_add(address as usize).cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (numbers, address);
}

vectorised! {
/// Fills the angles: [`Coefficients::direction`] of each collision's second word.
pub fn draw_directions(
    words: &[[Row; ROWS_PER_GROUP]],
    cos: &mut [[f64; LANES]],
    sin: &mut [[f64; LANES]],
) {
    let coefficients = Coefficients::get();
    for (group, (cos, sin)) in words.iter().zip(cos.iter_mut().zip(sin)) {
        coefficients.direction_row(&group[1], cos, sin);
    }
}
}

/// The streams of a replica.
#[derive(Debug)]
struct Streams {
    key: ReplicaKey,
    marks: Lanes,
    bath: Lanes,
    /// The number of bath velocities that were drawn.
    bath_drawn: u64,
}

/// A path of two coupled copies, moved in blocks of collisions.
#[derive(Debug)]
pub struct BlockPath<C> {
    gas: Arc<Gas>,
    coupling: C,
    instructions: Instructions,
    slots: Slots,
    streams: Streams,
    block: Block,
    stops: Stops,
    /// Index of the next stop.
    next: usize,
    /// The number of collisions that were applied.
    applied: u64,
    census: Census,
}

impl<C: Coupling> BlockPath<C> {
    /// A path of this gas; [`Path::restart`] must be called before use.
    pub fn new(gas: &Arc<Gas>, coupling: C) -> Self {
        Self::with_instructions(gas, coupling, Instructions::best())
    }

    /// A path as [`BlockPath::new`] makes it, with given instructions; they change speed, not bits.
    pub fn with_instructions(gas: &Arc<Gas>, coupling: C, instructions: Instructions) -> Self {
        BlockPath {
            gas: gas.clone(),
            coupling,
            instructions,
            slots: Slots::new(gas.particles),
            streams: Streams {
                key: ReplicaKey::new(0, 0, 0, 0),
                marks: Lanes::default(),
                bath: Lanes::default(),
                bath_drawn: 0,
            },
            block: Block::new(instructions),
            stops: Stops::default(),
            next: 0,
            applied: 0,
            census: Census::default(),
        }
    }

    /// Draws the next block, or as many collisions as the path still needs.
    fn refill(&mut self) {
        let last = self.stops.counts().last().copied().unwrap_or(0);
        let needed = (last - self.applied).min(BLOCK as u64) as usize;
        self.block.refill(
            (self.applied, needed.div_ceil(LANES)),
            &self.gas,
            &mut self.streams,
            self.coupling,
            &mut self.slots,
        );
        let meetings = &self.block.meetings;
        self.census.add(
            self.instructions,
            (self.streams.key, self.applied / BLOCK as u64),
            (self.gas.particles, 2),
            [meetings.particles(), meetings.partners()].map(|all| &all[..needed]),
        );
    }
}

impl<C: Coupling> Path for BlockPath<C> {
    fn restart(&mut self, key: ReplicaKey, stops: &[Place]) -> &mut [Slot] {
        let instructions = self.instructions;
        self.stops.draw(instructions, &self.gas.counts, key, stops);
        let streams = &mut self.streams;
        (streams.key, streams.bath_drawn) = (key, 0);
        (streams.marks).restart(instructions, key, Purpose::Collisions, 0);
        (streams.bath).restart(instructions, key, Purpose::BathVelocities, 0);
        self.block.clear();
        self.slots.bath = 0..0;
        (self.next, self.applied) = (0, 0);
        &mut self.slots.all[..=self.gas.particles]
    }

    fn advance(&mut self) {
        let upto = self.stops.counts()[self.next];
        self.next += 1;
        while self.applied < upto {
            if self.block.next == self.block.filled {
                self.refill();
            }
            let ready = self.block.filled - self.block.next;
            let count = (upto - self.applied).min(ready as u64);
            self.block
                .apply(count as usize, self.coupling, &mut self.slots.all);
            self.applied += count;
        }
    }

    // Each call applies one collision, so that the loop of `advance` stays as it is.
    fn advance_each(&mut self, mut after: impl FnMut(&mut [Slot], [u32; 2])) {
        let upto = self.stops.counts()[self.next];
        self.next += 1;
        while self.applied < upto {
            if self.block.next == self.block.filled {
                self.refill();
            }
            let at = self.block.next;
            let particle = self.block.meetings.particles()[at] / 2;
            let partner = self.block.meetings.partners()[at] / 2;
            // A bath slot is reported as the bath.
            let partner = partner.min(self.slots.first_bath());
            self.block.apply(1, self.coupling, &mut self.slots.all);
            self.applied += 1;
            after(self.slots_mut(), [particle, partner]);
        }
    }

    fn slots(&self) -> &[Slot] {
        &self.slots.all[..self.gas.particles]
    }

    fn instructions(&self) -> Instructions {
        self.instructions
    }

    fn slots_mut(&mut self) -> &mut [Slot] {
        &mut self.slots.all[..self.gas.particles]
    }

    fn collisions(&self) -> u64 {
        self.applied
    }

    fn take_census(&mut self) -> Census {
        std::mem::take(&mut self.census)
    }
}
