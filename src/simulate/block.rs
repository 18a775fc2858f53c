//! The block engine: marks are drawn in arrays, then applied in order.
//!
//! Each stage is a loop over fixed arrays without branches, in a function of
//! its own, so that a compiler turns it into vector code; only the last one,
//! which applies collisions to particles, is sequential.

use super::bath::{GROUP, Group, ROWS_PER_GROUP};
use super::marks::{MarkLaw, WORDS_PER_COLLISION, direction};
use super::slabs::{Place, Places, count_stream};
use super::{Gas, Path};
use crate::coupling::{Collision, Coupling, Slot, apply};
use crate::random::{LANES, Lanes, Purpose, ReplicaKey, Row};
use crate::vector::{Instructions, Level, vectorised};
use rand_pcg::Pcg64;
use std::collections::VecDeque;
use std::sync::Arc;

/// Collisions in a full block.
const BLOCK: usize = 512;
const GROUPS: usize = BLOCK / LANES;
/// Groups of bath velocities for a block whose collisions are all with the bath.
const BATH_GROUPS: usize = BLOCK / GROUP;
/// Slots that take more bytes than this do not stay in a core's own caches, and
/// fetching them ahead of use pays; below it costs.
const PREFETCH_ABOVE: usize = 1 << 20;
/// How many collisions ahead.
const PREFETCH_AHEAD: usize = 64;

/// Collisions drawn ahead, as arrays of their marks.
#[derive(Debug)]
struct Block {
    instructions: Instructions,
    words: Box<[[Row; WORDS_PER_COLLISION]; GROUPS]>,
    particle: Box<[[u32; LANES]; GROUPS]>,
    partner: Box<[[u32; LANES]; GROUPS]>,
    cos: Box<[[f64; LANES]; GROUPS]>,
    sin: Box<[[f64; LANES]; GROUPS]>,
    bath_words: Box<[[Row; ROWS_PER_GROUP]; BATH_GROUPS]>,
    /// Velocities for the bath collisions to come, in order; the first group is
    /// room for what is left of earlier ones, the last is only looked at.
    bath: Box<[Group; BATH_GROUPS + 2]>,
    next: usize,
    filled: usize,
    bath_next: usize,
    bath_filled: usize,
}

impl Block {
    fn new(instructions: Instructions) -> Self {
        Block {
            instructions,
            words: Box::new([[[0; LANES]; WORDS_PER_COLLISION]; GROUPS]),
            particle: Box::new([[0; LANES]; GROUPS]),
            partner: Box::new([[0; LANES]; GROUPS]),
            cos: Box::new([[0.0; LANES]; GROUPS]),
            sin: Box::new([[0.0; LANES]; GROUPS]),
            bath_words: Box::new([[[0; LANES]; ROWS_PER_GROUP]; BATH_GROUPS]),
            bath: Box::new([[[0.0; LANES]; 2]; BATH_GROUPS + 2]),
            next: 0,
            filled: 0,
            bath_next: 0,
            bath_filled: 0,
        }
    }

    fn clear(&mut self) {
        (self.next, self.filled) = (0, 0);
        (self.bath_next, self.bath_filled) = (0, 0);
    }

    /// Draw the next `groups` groups of collisions; all earlier ones are used.
    fn refill(
        &mut self,
        groups: usize,
        gas: &Gas,
        marks: &mut Lanes,
        bath: &mut Lanes,
        slots: &[Slot],
    ) {
        let law = MarkLaw::new(gas.particles, gas.rates);
        marks.fill(self.instructions, self.words[..groups].as_flattened_mut());
        draw_particles(
            self.instructions,
            law,
            &self.words[..groups],
            &mut self.particle[..groups],
            &mut self.partner[..groups],
        );
        if size_of_val(slots) > PREFETCH_ABOVE {
            // The rest of the drawing hides the latency of the first of these.
            let particles = self.particle[..groups].as_flattened();
            let partners = self.partner[..groups].as_flattened();
            for (&particle, &partner) in particles.iter().zip(partners).take(PREFETCH_AHEAD) {
                prefetch(slots, particle);
                prefetch(slots, partner);
            }
        }
        draw_directions(
            self.instructions,
            &self.words[..groups],
            &mut self.cos[..groups],
            &mut self.sin[..groups],
        );
        self.next = 0;
        self.filled = groups * LANES;
        let wanted = count_bath(law, &self.partner[..groups]);
        self.refill_bath(wanted, gas, bath);
    }

    /// Have at least `wanted` bath velocities ready.
    ///
    /// What is left, less than a group, moves to just before the new groups.
    fn refill_bath(&mut self, wanted: usize, gas: &Gas, lanes: &mut Lanes) {
        let left = self.bath_filled - self.bath_next;
        if wanted <= left {
            return;
        }
        let range = self.bath_next..self.bath_filled;
        let velocities = self.bath.as_flattened_mut().as_flattened_mut();
        velocities.copy_within(range, GROUP - left);
        let groups = (wanted - left).div_ceil(GROUP);
        let words = &mut self.bath_words[..groups];
        lanes.fill(self.instructions, words.as_flattened_mut());
        gas.bath
            .draw(self.instructions, words, &mut self.bath[1..=groups]);
        self.bath_next = GROUP - left;
        self.bath_filled = (1 + groups) * GROUP;
    }

    /// Apply the next `count` collisions, all of them drawn already.
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
        let range = self.next..self.next + count;
        let bath_slot = slots.len() as u32 - 1;
        let (particles, partners) = (self.particle.as_flattened(), self.partner.as_flattened());
        let marks = particles[range.clone()]
            .iter()
            .zip(&partners[range.clone()])
            .zip(&self.cos.as_flattened()[range.clone()])
            .zip(&self.sin.as_flattened()[range.clone()]);
        let bath = self.bath.as_flattened().as_flattened();
        let mut bath_next = self.bath_next;
        for (index, (((&particle, &partner), &cos), &sin)) in range.zip(marks) {
            if PREFETCH {
                // Beyond what is filled these are old marks: of no use, no harm.
                let later = (index + PREFETCH_AHEAD) % BLOCK;
                prefetch(slots, particles[later]);
                prefetch(slots, partners[later]);
            }
            let collision = Collision {
                particle,
                partner,
                cos,
                sin,
                bath_velocity: bath[bath_next],
            };
            bath_next += usize::from(partner == bath_slot);
            unsafe {
                std::hint::assert_unchecked((particle as usize) < slots.len());
                std::hint::assert_unchecked((partner as usize) < slots.len());
                std::hint::assert_unchecked(bath_next < bath.len());
            }
            apply(coupling, slots, collision);
        }
        self.bath_next = bath_next;
        self.next += count;
    }
}

/// Ask for a slot's cache line ahead of its use.
#[inline(always)]
fn prefetch(slots: &[Slot], index: u32) {
    #[cfg(target_arch = "x86_64")]
    if let Some(slot) = slots.get(index as usize) {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a prefetch of a valid address only warms a cache.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(slot).cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (slots, index);
}

vectorised! {
fn draw_particles(
    law: MarkLaw,
    words: &[[Row; WORDS_PER_COLLISION]],
    particles: &mut [[u32; LANES]],
    partners: &mut [[u32; LANES]],
) {
    for (group, (particles, partners)) in words.iter().zip(particles.iter_mut().zip(partners)) {
        for lane in 0..LANES {
            let (particle, partner) = law.particles(group[0][lane], group[1][lane]);
            particles[lane] = particle as u32;
            partners[lane] = partner as u32;
        }
    }
}
}

vectorised! {
fn draw_directions(
    words: &[[Row; WORDS_PER_COLLISION]],
    cos: &mut [[f64; LANES]],
    sin: &mut [[f64; LANES]],
) {
    for (group, (cos, sin)) in words.iter().zip(cos.iter_mut().zip(sin)) {
        for lane in 0..LANES {
            (cos[lane], sin[lane]) = direction(group[2][lane]);
        }
    }
}
}

#[inline(never)]
fn count_bath(law: MarkLaw, partners: &[[u32; LANES]]) -> usize {
    let bath = law.bath_slot();
    let count: u32 = partners
        .as_flattened()
        .iter()
        .map(|&partner| u32::from(partner == bath))
        .sum();
    count as usize
}

/// The slabs ahead of a path, up to its horizon.
///
/// Counts are drawn in the order of the slabs, as far ahead as a block needs,
/// so that a block can be filled across slabs.
#[derive(Debug)]
struct Ahead {
    stream: Pcg64,
    /// Counts of the slabs after the path's, as far as they are drawn.
    counts: VecDeque<usize>,
    /// The slab whose count is drawn next.
    next: u64,
    /// Collisions that the path needs of the slabs drawn so far, from where it
    /// is.
    needed: usize,
    places: Places,
}

impl Ahead {
    fn new(key: ReplicaKey) -> Self {
        Ahead {
            stream: count_stream(key),
            counts: VecDeque::new(),
            next: 0,
            needed: 0,
            places: Places::default(),
        }
    }

    fn restart(&mut self, key: ReplicaKey) {
        self.stream = count_stream(key);
        self.counts.clear();
        (self.next, self.needed) = (0, 0);
    }
}

/// A path of two coupled copies, moved in blocks of collisions.
#[derive(Debug)]
pub struct BlockPath<C> {
    gas: Arc<Gas>,
    coupling: C,
    instructions: Instructions,
    slots: Vec<Slot>,
    key: ReplicaKey,
    horizon: Place,
    marks: Lanes,
    bath: Lanes,
    block: Block,
    ahead: Ahead,
    /// The slab that the path is in: its index, its number of collisions, and
    /// how many of them were applied.
    slab: u64,
    count: usize,
    applied: usize,
    /// Places of the slab's collisions; drawn when a record time falls in it.
    places: Places,
    places_drawn: bool,
    collisions: u64,
}

impl<C: Coupling> BlockPath<C> {
    /// A path of that gas; [`Path::restart`] before use.
    pub fn new(gas: &Arc<Gas>, coupling: C) -> Self {
        Self::with_instructions(gas, coupling, Instructions::best())
    }

    /// The same, with the instructions to use; they change speed, not bits.
    pub fn with_instructions(gas: &Arc<Gas>, coupling: C, instructions: Instructions) -> Self {
        let key = ReplicaKey::new(0, 0, 0, 0);
        BlockPath {
            gas: gas.clone(),
            coupling,
            instructions,
            slots: vec![[0.0; 2]; gas.particles + 1],
            key,
            horizon: gas.place(0.0),
            marks: Lanes::new(instructions, key, Purpose::Collisions, 0),
            bath: Lanes::new(instructions, key, Purpose::BathVelocities, 0),
            block: Block::new(instructions),
            ahead: Ahead::new(key),
            slab: 0,
            count: 0,
            applied: 0,
            places: Places::default(),
            places_drawn: false,
            collisions: 0,
        }
    }

    /// Draw the count of one more slab.
    fn look_ahead(&mut self) {
        let ahead = &mut self.ahead;
        let slab = ahead.next;
        let count = self.gas.counts.draw(slab, &mut ahead.stream);
        ahead.counts.push_back(count);
        ahead.next += 1;
        ahead.needed += if slab < self.horizon.slab {
            count
        } else if slab == self.horizon.slab && self.horizon.passed > 0 {
            ahead.places.draw(self.instructions, self.key, slab, count);
            ahead.places.before(self.horizon.passed)
        } else {
            0
        };
    }

    fn enter(&mut self, slab: u64) {
        if self.ahead.counts.is_empty() {
            self.look_ahead();
        }
        self.slab = slab;
        self.count = self.ahead.counts.pop_front().expect("a count was drawn");
        self.applied = 0;
        self.places_drawn = false;
    }

    /// How many of the slab's collisions come before a place in it.
    fn count_before(&mut self, passed: u64) -> usize {
        if passed == 0 {
            return 0;
        }
        if !self.places_drawn {
            if self.slab == self.horizon.slab {
                // Drawn already, to look ahead.
                std::mem::swap(&mut self.places, &mut self.ahead.places);
            } else {
                self.places
                    .draw(self.instructions, self.key, self.slab, self.count);
            }
            self.places_drawn = true;
        }
        self.places.before(passed)
    }

    /// Draw as many collisions as the path still needs, or a block's fill.
    fn refill(&mut self) {
        while self.ahead.needed < BLOCK && self.ahead.next <= self.horizon.slab {
            self.look_ahead();
        }
        let groups = self.ahead.needed.min(BLOCK).div_ceil(LANES);
        self.block.refill(
            groups,
            &self.gas,
            &mut self.marks,
            &mut self.bath,
            &self.slots,
        );
    }

    /// Apply the slab's collisions up to the `upto`-th.
    fn apply_upto(&mut self, upto: usize) {
        self.collisions += (upto - self.applied) as u64;
        while self.applied < upto {
            if self.block.next == self.block.filled {
                self.refill();
            }
            let ready = self.block.filled - self.block.next;
            let count = ready.min(upto - self.applied);
            self.block.apply(count, self.coupling, &mut self.slots);
            self.applied += count;
            self.ahead.needed -= count;
        }
    }
}

impl<C: Coupling> Path<C> for BlockPath<C> {
    fn restart(&mut self, key: ReplicaKey, horizon: Place) -> &mut [Slot] {
        self.key = key;
        self.horizon = horizon;
        self.marks
            .restart(self.instructions, key, Purpose::Collisions, 0);
        self.bath
            .restart(self.instructions, key, Purpose::BathVelocities, 0);
        self.block.clear();
        self.ahead.restart(key);
        self.collisions = 0;
        self.enter(0);
        &mut self.slots
    }

    fn advance_to(&mut self, place: Place) {
        debug_assert!(place <= self.horizon, "a path ends at its horizon");
        while self.slab < place.slab {
            self.apply_upto(self.count);
            self.enter(self.slab + 1);
        }
        let upto = self.count_before(place.passed);
        self.apply_upto(upto);
    }

    fn slots(&self) -> &[Slot] {
        &self.slots[..self.gas.particles]
    }

    fn collisions(&self) -> u64 {
        self.collisions
    }
}
