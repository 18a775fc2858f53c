//! The block engine: marks are drawn in arrays, then applied in order.
//!
//! Each stage is a loop over fixed arrays without branches, in a function of
//! its own, so that a compiler turns it into vector code; only the last one,
//! which applies collisions to particles, is sequential.

use super::bath::{GROUP, Group, ROWS_PER_GROUP};
use super::marks::{Coefficients, MarkLaw, WORDS_PER_COLLISION};
use super::slabs::{Place, Stops};
use super::{Gas, Path};
use crate::coupling::{Collision, Coupling, Slot, apply};
use crate::random::{LANES, Lanes, Purpose, ReplicaKey, Row};
use crate::vector::{Instructions, Level, vectorised};
use std::hint::assert_unchecked;
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
    /// The largest index in `particle` and `partner`, or larger.
    largest: u32,
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
            bath: Box::new([[0.0; LANES]; BATH_GROUPS + 2]),
            largest: 0,
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
        let mut survey = Survey {
            // Beyond these are old marks.
            largest: self.largest,
            bath: 0,
        };
        look_over(
            self.instructions,
            law,
            &self.particle[..groups],
            &self.partner[..groups],
            &mut survey,
        );
        self.largest = survey.largest;
        self.refill_bath(survey.bath as usize, gas, bath);
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
        let velocities = self.bath.as_flattened_mut();
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
        assert!(
            (self.largest as usize) < slots.len(),
            "a slot for each index"
        );
        let range = self.next..self.next + count;
        let bath_slot = slots.len() as u32 - 1;
        let (particles, partners) = (self.particle.as_flattened(), self.partner.as_flattened());
        let marks = particles[range.clone()]
            .iter()
            .zip(&partners[range.clone()])
            .zip(&self.cos.as_flattened()[range.clone()])
            .zip(&self.sin.as_flattened()[range.clone()]);
        let bath = self.bath.as_flattened();
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
                // Of no effect in a pair collision: it is the next bath
                // collision's all the same.
                bath_velocity: bath[bath_next],
            };
            bath_next += usize::from(partner == bath_slot);
            // SAFETY: no index is above `self.largest`, which was compared with
            // the number of slots.
            unsafe {
                assert_unchecked((particle as usize) < slots.len());
                assert_unchecked((partner as usize) < slots.len());
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
/// Who collides: [`MarkLaw::particles`] of each collision's first two words.
pub fn draw_particles(
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
/// At which angle: [`Coefficients::direction`] of each collision's third word.
pub fn draw_directions(
    words: &[[Row; WORDS_PER_COLLISION]],
    cos: &mut [[f64; LANES]],
    sin: &mut [[f64; LANES]],
) {
    let coefficients = Coefficients::get();
    for (group, (cos, sin)) in words.iter().zip(cos.iter_mut().zip(sin)) {
        coefficients.direction_row(&group[2], cos, sin);
    }
}
}

/// What must be known of drawn particles before they are used.
#[derive(Debug, Clone, Copy, Default)]
struct Survey {
    /// Largest index.
    largest: u32,
    /// Collisions with the bath.
    bath: u32,
}

vectorised! {
    fn look_over(
        law: MarkLaw,
        particles: &[[u32; LANES]],
        partners: &[[u32; LANES]],
        survey: &mut Survey,
    ) {
        let bath = law.bath_slot();
        let pairs = particles.as_flattened().iter().zip(partners.as_flattened());
        for (&particle, &partner) in pairs {
            survey.largest = survey.largest.max(particle).max(partner);
            survey.bath += u32::from(partner == bath);
        }
    }
}

/// A path of two coupled copies, moved in blocks of collisions.
#[derive(Debug)]
pub struct BlockPath<C> {
    gas: Arc<Gas>,
    coupling: C,
    instructions: Instructions,
    slots: Vec<Slot>,
    marks: Lanes,
    bath: Lanes,
    block: Block,
    stops: Stops,
    /// Index of the next stop.
    next: usize,
    /// Collisions applied.
    applied: u64,
}

impl<C: Coupling> BlockPath<C> {
    /// A path of that gas; [`Path::restart`] before use.
    pub fn new(gas: &Arc<Gas>, coupling: C) -> Self {
        Self::with_instructions(gas, coupling, Instructions::best())
    }

    /// The same, with the instructions to use; they change speed, not bits.
    pub fn with_instructions(gas: &Arc<Gas>, coupling: C, instructions: Instructions) -> Self {
        BlockPath {
            gas: gas.clone(),
            coupling,
            instructions,
            slots: vec![[0.0; 2]; gas.particles + 1],
            marks: Lanes::default(),
            bath: Lanes::default(),
            block: Block::new(instructions),
            stops: Stops::default(),
            next: 0,
            applied: 0,
        }
    }

    /// Draw the next block, or as many collisions as the path still needs.
    fn refill(&mut self) {
        let last = self.stops.counts().last().copied().unwrap_or(0);
        let needed = (last - self.applied).min(BLOCK as u64) as usize;
        self.block.refill(
            needed.div_ceil(LANES),
            &self.gas,
            &mut self.marks,
            &mut self.bath,
            &self.slots,
        );
    }
}

impl<C: Coupling> Path<C> for BlockPath<C> {
    fn restart(&mut self, key: ReplicaKey, stops: &[Place]) -> &mut [Slot] {
        let instructions = self.instructions;
        self.stops.draw(instructions, &self.gas.counts, key, stops);
        self.marks
            .restart(instructions, key, Purpose::Collisions, 0);
        self.bath
            .restart(instructions, key, Purpose::BathVelocities, 0);
        self.block.clear();
        (self.next, self.applied) = (0, 0);
        &mut self.slots
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
                .apply(count as usize, self.coupling, &mut self.slots);
            self.applied += count;
        }
    }

    // Calls that each apply one collision: the loop of `advance` stays as it is.
    fn advance_each(&mut self, mut after: impl FnMut(&mut [Slot], [u32; 2])) {
        let upto = self.stops.counts()[self.next];
        self.next += 1;
        while self.applied < upto {
            if self.block.next == self.block.filled {
                self.refill();
            }
            let at = self.block.next;
            let collided = [&self.block.particle, &self.block.partner];
            let collided = collided.map(|indices| indices.as_flattened()[at]);
            self.block.apply(1, self.coupling, &mut self.slots);
            self.applied += 1;
            after(&mut self.slots, collided);
        }
    }

    fn slots(&self) -> &[Slot] {
        &self.slots[..self.gas.particles]
    }

    fn instructions(&self) -> Instructions {
        self.instructions
    }

    fn slots_mut(&mut self) -> &mut [Slot] {
        &mut self.slots[..self.gas.particles]
    }

    fn collisions(&self) -> u64 {
        self.applied
    }
}
