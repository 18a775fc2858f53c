//! Who collides with whom, in blocks: particles, partners, and a slot for each bath
//! particle.

use super::marks::{Index, MarkLaw, Pairs, ROWS_PER_GROUP, each, each_mut, halves};
use crate::random::{LANES, Row};
use crate::vector::{Instructions, vectorised};

/// Collisions with the bath are counted so many at once, in parts of a word.
const TOGETHER: usize = 4;
/// 1 in each of the parts.
const ONES: u64 = 0x0001_0001_0001_0001;

/// Who collides in up to `GROUPS` groups of sixteen collisions.
#[derive(Debug)]
pub struct Meetings<const GROUPS: usize> {
    particles: Box<[Pairs; GROUPS]>,
    partners: Box<[Pairs; GROUPS]>,
    /// The low halves that came with the particles, and with the partners.
    rests: Box<[Pairs; GROUPS]>,
    other_rests: Box<[Pairs; GROUPS]>,
    /// 1 for each collision with the bath; then how many bath slots are taken after it.
    bath: Box<[[u16; LANES]; GROUPS]>,
}

impl<const GROUPS: usize> Meetings<GROUPS> {
    /// Of no collisions yet.
    pub fn new() -> Self {
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

    /// Draw those of some groups' words; `more` are the words for the collision of that
    /// index. Bath collisions are given bath slots in turn, from slot `taken` on; the
    /// one after the last is returned. All are below 2¹⁶.
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
        for (([who, _], first), other) in words.iter().zip(&mut *particles).zip(&mut *partners) {
            first.copy_from_slice(&who[..LANES / 2]);
            other.copy_from_slice(&who[LANES / 2..]);
        }
        let (rests, other_rests) = (&mut self.rests[..groups], &mut self.other_rests[..groups]);
        let flat = [
            &mut *particles,
            &mut *rests,
            &mut *partners,
            &mut *other_rests,
        ];
        let [first, rest, other, other_rest] = flat.map(|groups| groups.as_flattened_mut());
        multiply(instructions, law.first, first, rest);
        multiply(instructions, law.other, other, other_rest);
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
                    let [first, other] =
                        halves(&words[at / LANES][0]).map(|halves| halves[at % LANES]);
                    (particles[at], partners[at]) = law.particles(first, other, more(at));
                }
            }
        }
        let bath = self.bath[..groups].as_flattened_mut();
        let mut beyond = 0;
        find_bath(instructions, law, particles, partners, bath, &mut beyond);
        assert_eq!(beyond, 0, "each index is that of a particle, or the bath");
        let met = taken + count_up(bath, taken);
        assign_bath(instructions, law, bath, partners);
        met
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

/// Replace each flag by the number of those up to it, plus `taken`; returns the
/// number of all.
fn count_up(flags: &mut [u16], taken: usize) -> usize {
    let mut before = taken as u64;
    for four in flags.as_chunks_mut::<TOGETHER>().0 {
        let [a, b, c, d] = four.map(u64::from);
        let word = a | b << 16 | c << 32 | d << 48;
        // The parts of the product are the sums of these up to each.
        let upto = word.wrapping_mul(ONES);
        let counts = upto + before * ONES;
        *four = [0, 16, 32, 48].map(|shift| (counts >> shift) as u16);
        before += upto >> 48;
    }
    before as usize - taken
}

vectorised! {
    /// The high and the low halves of an index' products, in place of half words.
    fn multiply(index: Index, words: &mut [u64], rests: &mut [u64]) {
        for (word, rest) in words.iter_mut().zip(rests) {
            (*word, *rest) = index.of_both(*word);
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
        with_bath: &mut [u16],
        beyond: &mut u32,
    ) {
        let bath = law.bath_slot();
        let mut found = 0;
        for ((&particle, &partner), with_bath) in particles.iter().zip(partners).zip(with_bath) {
            *with_bath = u16::from(partner == bath);
            // Negative if it is too large.
            found |= (bath - 1).wrapping_sub(particle) | bath.wrapping_sub(partner);
            found |= particle | partner;
        }
        *beyond = found >> 31;
    }
}

vectorised! {
    /// Give each bath collision its slot: the last one that is taken after it.
    fn assign_bath(law: MarkLaw, counts: &[u16], partners: &mut [u32]) {
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
        let mut flags = [1, 0, 1, 1, 0, 0, 0, 0, 0, 1, 1, 1];
        assert_eq!(count_up(&mut flags, 5), 6);
        assert_eq!(flags, [6, 6, 7, 8, 8, 8, 8, 8, 8, 9, 10, 11]);
        assert_eq!(count_up(&mut [1; 512], 65_023), 512);
    }
}
