//! Who collides with whom, in blocks: particles, partners, and a slot for each bath
//! particle.

use super::marks::{Index, MarkLaw, Pairs, ROWS_PER_GROUP, each, each_mut, halves};
use crate::random::{LANES, Row};
use crate::vector::{Instructions, vectorised};

/// Collisions whose bath slots are counted at once, in the bytes of a word.
const TOGETHER: usize = 8;
/// 1 in each byte.
const ONES: u64 = 0x0101_0101_0101_0101;

/// Who collides in up to `GROUPS` groups of sixteen collisions.
#[derive(Debug)]
pub struct Meetings<const GROUPS: usize> {
    particles: Box<[Pairs; GROUPS]>,
    partners: Box<[Pairs; GROUPS]>,
    /// The low halves that came with the particles, and with the partners.
    rests: Box<[Pairs; GROUPS]>,
    other_rests: Box<[Pairs; GROUPS]>,
    /// 1 for each collision with the bath; then how many bath slots are taken after it.
    bath: Box<[[u8; LANES]; GROUPS]>,
}

impl<const GROUPS: usize> Default for Meetings<GROUPS> {
    /// Of no collisions yet.
    fn default() -> Self {
        let [particles, partners, rests, other_rests] =
            [(); 4].map(|()| Box::new([[0; LANES / 2]; GROUPS]));
        Meetings {
            particles,
            partners,
            rests,
            other_rests,
            bath: Box::new([[0; LANES]; GROUPS]),
        }
    }
}

impl<const GROUPS: usize> Meetings<GROUPS> {
    /// Draw those of some groups' words; `more` are the words for the collision of that
    /// index. Bath collisions are given bath slots in turn, from slot `taken` on; the
    /// one after the last, at most 255, is returned.
    ///
    /// All indices are below N, or from N on below N + the slot that is returned.
    pub fn draw<More: FnMut() -> u64>(
        &mut self,
        instructions: Instructions,
        law: MarkLaw,
        words: &[[Row; ROWS_PER_GROUP]],
        more: impl Fn(usize) -> More,
        taken: usize,
    ) -> usize {
        let groups = words.len();
        let particles = &mut self.particles[..groups];
        let partners = &mut self.partners[..groups];
        let (rests, other_rests) = (&mut self.rests[..groups], &mut self.other_rests[..groups]);
        multiply(instructions, law.first, words, 0, particles, rests);
        multiply(
            instructions,
            law.other,
            words,
            LANES / 2,
            partners,
            other_rests,
        );
        let (particles, partners) = (each_mut(particles), each_mut(partners));
        let (rests, other_rests) = (each(rests), each(other_rests));
        let mut doubts = 0;
        choose(
            instructions,
            law,
            particles,
            [rests, other_rests],
            partners,
            &mut doubts,
        );
        if doubts != 0 {
            for at in 0..particles.len() {
                if law.in_doubt(rests[at], other_rests[at]) {
                    let [first, other] = halves(&words[at / LANES][0], at % LANES);
                    (particles[at], partners[at]) = law.particles(first, other, more(at));
                }
            }
        }
        let bath = self.bath[..groups].as_flattened_mut();
        let mut beyond = 0;
        find_bath(instructions, law, particles, partners, bath, &mut beyond);
        assert_eq!(beyond, 0, "each index is that of a particle, or the bath");
        let taken = count_up(bath, taken);
        assign_bath(instructions, law, bath, partners);
        taken
    }

    /// The particle of each collision.
    #[inline(always)]
    pub fn particles(&self) -> &[u32] {
        each(&self.particles[..])
    }

    /// Its partner: another particle, or N + its bath slot.
    #[inline(always)]
    pub fn partners(&self) -> &[u32] {
        each(&self.partners[..])
    }
}

/// Replace each flag by the number of those up to it, plus `taken`; returns the last.
fn count_up(flags: &mut [u8], taken: usize) -> usize {
    let mut before = taken as u64;
    for flags in flags.as_chunks_mut::<TOGETHER>().0 {
        // The product's bytes are the sums of these up to each.
        let upto = u64::from_le_bytes(*flags).wrapping_mul(ONES);
        *flags = (upto + before * ONES).to_le_bytes();
        before += upto >> 56;
    }
    assert!(before < 256, "counts fit a byte");
    before as usize
}

vectorised! {
    /// The high and the low halves of an index' products with half words: those of
    /// eight words of the first row of each group, from `lane` on.
    fn multiply(
        index: Index,
        words: &[[Row; ROWS_PER_GROUP]],
        lane: usize,
        high: &mut [Pairs],
        low: &mut [Pairs],
    ) {
        for ([who, _], high) in words.iter().zip(&mut *high) {
            high.copy_from_slice(&who[lane..lane + LANES / 2]);
        }
        // All words alike, in one loop.
        let products = high.as_flattened_mut().iter_mut().zip(low.as_flattened_mut());
        for (high, low) in products {
            (*high, *low) = index.of_both(*high);
        }
    }
}

vectorised! {
    /// The partners of collisions without a doubt, from their products; and whether
    /// there are any with one.
    fn choose(
        law: MarkLaw,
        particles: &[u32],
        rests: [&[u32]; 2],
        partners: &mut [u32],
        doubts: &mut u32,
    ) {
        let mut found = 0;
        let [rests, other_rests] = rests;
        let drawn = particles.iter().zip(rests).zip(other_rests);
        for (((&particle, &rest), &other_rest), partner) in drawn.zip(partners) {
            *partner = law.partner(particle, rest, *partner);
            found |= u32::from(law.in_doubt(rest, other_rest));
        }
        *doubts = found;
    }
}

vectorised! {
    /// Which collisions are with the bath; and whether any index is `beyond` the
    /// particles and the bath.
    fn find_bath(
        law: MarkLaw,
        particles: &[u32],
        partners: &[u32],
        with_bath: &mut [u8],
        beyond: &mut u32,
    ) {
        let bath = law.bath_slot();
        let mut found = 0;
        for ((&particle, &partner), with_bath) in particles.iter().zip(partners).zip(with_bath) {
            *with_bath = u8::from(partner == bath);
            // Negative if it is too large.
            found |= (bath - 1).wrapping_sub(particle) | bath.wrapping_sub(partner);
            found |= particle | partner;
        }
        *beyond = found >> 31;
    }
}

vectorised! {
    /// Give each bath collision its slot: the last one that is taken after it.
    fn assign_bath(law: MarkLaw, counts: &[u8], partners: &mut [u32]) {
        let bath = law.bath_slot();
        for (partner, &count) in partners.iter_mut().zip(counts) {
            let slot = (bath - 1).wrapping_add(u32::from(count));
            *partner = if *partner == bath { slot } else { *partner };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_counted_up() {
        let mut flags = [1, 0, 1, 1, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 1];
        assert_eq!(count_up(&mut flags, 5), 12);
        assert_eq!(
            flags,
            [6, 6, 7, 8, 8, 8, 8, 8, 8, 9, 10, 11, 11, 11, 11, 12]
        );
        let mut flags = [1; 240];
        assert_eq!(count_up(&mut flags, 15), 255);
        assert!(flags.into_iter().eq(16..=255));
    }
}
