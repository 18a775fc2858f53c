//! The particles of collisions, in blocks: particles, partners, and a slot for each bath particle.
//!
//! Nearly always the halves of a word decide, and whole groups are drawn in vector registers. A
//! block that [needs further words](MarkLaw::needs_more_words) is drawn anew group by group, and
//! the group that needs them is drawn one collision after the other.

use super::marks::{MarkLaw, ROWS_PER_GROUP, halves};
use crate::numerics::vector::{Instructions, Level};
use crate::random::{LANES, Row};

/// The address of a slot, for each collision of a group: twice its index, which is the index of its
/// first number. When processors address memory they multiply by the 8 bytes of a number, but not
/// by the 16 bytes of a slot.
type Addresses = [u32; LANES];

/// The particles and partners of up to `GROUPS` groups of sixteen collisions.
#[derive(Debug)]
pub struct Meetings<const GROUPS: usize> {
    particles: Box<[Addresses; GROUPS]>,
    partners: Box<[Addresses; GROUPS]>,
}

impl<const GROUPS: usize> Default for Meetings<GROUPS> {
    /// No collisions are drawn yet.
    fn default() -> Self {
        let [particles, partners] = [(); 2].map(|()| Box::new([[0; LANES]; GROUPS]));
        Meetings {
            particles,
            partners,
        }
    }
}

impl<const GROUPS: usize> Meetings<GROUPS> {
    /// Draws the collisions of some groups' words; `more` gives further words for the collision of
    /// an index. Bath collisions are given bath slots in turn, from slot `taken` on; the slot after
    /// the last one is returned.
    ///
    /// All slots are below N, or from N on below N + the returned slot.
    ///
    /// # Panics
    ///
    /// If there could be more than 2³¹ slots.
    pub fn draw<More: FnMut() -> u64>(
        &mut self,
        instructions: Instructions,
        law: MarkLaw,
        words: &[[Row; ROWS_PER_GROUP]],
        more: impl Fn(usize) -> More,
        taken: usize,
    ) -> usize {
        let slot = law.bath_slot() + u32::try_from(taken).expect("few slots are taken");
        assert!(
            slot as usize + LANES * words.len() <= 1 << 31,
            "twice an index fits 32 bits"
        );
        let mut block = Drawn {
            particles: &mut self.particles[..words.len()],
            partners: &mut self.partners[..words.len()],
            slot,
            lowest: [u32::MAX; 2],
        };
        block.draw(instructions, law, words);
        if block.needs_more_words(law) {
            block.slot = slot;
            for group in 0..words.len() {
                let more = |at| more(group * LANES + at);
                block.slot = block.draw_group(instructions, law, words, group, more);
            }
        }
        (block.slot - law.bath_slot()) as usize
    }

    /// The address of each collision's particle.
    #[inline(always)]
    pub fn particles(&self) -> &[u32] {
        self.particles.as_flattened()
    }

    /// The address of each collision's partner: another particle, or N + its bath slot.
    #[inline(always)]
    pub fn partners(&self) -> &[u32] {
        self.partners.as_flattened()
    }
}

/// The groups that are being drawn.
struct Drawn<'a> {
    particles: &'a mut [Addresses],
    partners: &'a mut [Addresses],
    /// The next bath slot.
    slot: u32,
    /// The lowest of the low halves of particles, and the lowest of those of partners.
    lowest: [u32; 2],
}

impl Drawn<'_> {
    /// Draws all groups by a shortcut, which is right unless a collision needs further words.
    fn draw(&mut self, instructions: Instructions, law: MarkLaw, words: &[[Row; ROWS_PER_GROUP]]) {
        match instructions.level() {
            Level::Portable => self.draw_portably(law, words),
            // SAFETY: `Instructions` only has levels that were detected.
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => unsafe { avx2::draw(self, law, words) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => unsafe { avx512::draw(self, law, words) },
        }
    }

    fn needs_more_words(&self, law: MarkLaw) -> bool {
        law.needs_more_words(self.lowest[0], self.lowest[1])
    }

    /// Draws one of the groups, with further words where they are needed. Returns the next bath
    /// slot.
    fn draw_group<More: FnMut() -> u64>(
        &mut self,
        instructions: Instructions,
        law: MarkLaw,
        words: &[[Row; ROWS_PER_GROUP]],
        group: usize,
        more: impl Fn(usize) -> More,
    ) -> u32 {
        let words = &words[group..=group];
        let mut alone = Drawn {
            particles: &mut self.particles[group..=group],
            partners: &mut self.partners[group..=group],
            slot: self.slot,
            lowest: [u32::MAX; 2],
        };
        alone.draw(instructions, law, words);
        if alone.needs_more_words(law) {
            alone.slot = self.slot;
            alone.draw_all(law, words, more);
        }
        alone.slot
    }

    /// Draws all groups, with further words where they are needed: the definition.
    fn draw_all<More: FnMut() -> u64>(
        &mut self,
        law: MarkLaw,
        words: &[[Row; ROWS_PER_GROUP]],
        more: impl Fn(usize) -> More,
    ) {
        let particles = self.particles.as_flattened_mut().iter_mut();
        let collisions = particles.zip(self.partners.as_flattened_mut());
        for (at, (one, other)) in collisions.enumerate() {
            let [half, other_half] = halves(&words[at / LANES][0], at % LANES);
            let (particle, mut partner) = law.particles(half, other_half, more(at));
            if partner == law.bath_slot() {
                partner = self.slot;
                self.slot += 1;
            }
            (*one, *other) = (2 * particle, 2 * partner);
        }
    }

    /// The shortcut without vector registers. It has no branches, since these would be
    /// mispredicted, and take longer than everything else.
    fn draw_portably(&mut self, law: MarkLaw, words: &[[Row; ROWS_PER_GROUP]]) {
        let groups = self.particles.iter_mut().zip(&mut *self.partners);
        for ([who, _], (ones, others)) in words.iter().zip(groups) {
            let (halves, other_halves) = who.split_at(LANES / 2);
            let ones = ones.as_chunks_mut::<2>().0.iter_mut();
            let pairs = ones.zip(others.as_chunks_mut::<2>().0);
            for ((&word, &other_word), (ones, others)) in halves.iter().zip(other_halves).zip(pairs)
            {
                for half in 0..2 {
                    let [half_word, other_half] =
                        [word, other_word].map(|word| (word >> (32 * half)) as u32);
                    let (one, rest) = law.first.of(half_word);
                    let (other, other_rest) = law.other.of(other_half);
                    let other = other + u32::from(other >= one);
                    let bath = rest > law.last_pair;
                    ones[half] = 2 * one;
                    others[half] = 2 * std::hint::select_unpredictable(bath, self.slot, other);
                    self.slot += u32::from(bath);
                    let [lowest, other_lowest] = &mut self.lowest;
                    (*lowest, *other_lowest) =
                        ((*lowest).min(rest), (*other_lowest).min(other_rest));
                }
            }
        }
    }
}

/// The shortcut with sixteen collisions in a register.
#[cfg(target_arch = "x86_64")]
mod avx512 {
    use super::{Drawn, LANES, MarkLaw, ROWS_PER_GROUP, Row};
    use crate::simulate::marks::Index;
    use core::arch::x86_64::*;

    /// The high and the low halves of an index' products with half words.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn products(index: Index, words: __m512i) -> (__m512i, __m512i) {
        const ODD: __mmask16 = 0xaaaa;
        let bound = _mm512_set1_epi64(i64::from(index.bound));
        let even = _mm512_mul_epu32(words, bound);
        let odd = _mm512_mul_epu32(_mm512_srli_epi64::<32>(words), bound);
        (
            _mm512_mask_blend_epi32(ODD, _mm512_srli_epi64::<32>(even), odd),
            _mm512_mask_blend_epi32(ODD, even, _mm512_slli_epi64::<32>(odd)),
        )
    }

    #[target_feature(enable = "avx512f,popcnt")]
    pub fn draw(block: &mut Drawn, law: MarkLaw, words: &[[Row; ROWS_PER_GROUP]]) {
        let spread = |number: u32| _mm512_set1_epi32(number as i32);
        let last_pair = spread(law.last_pair);
        let in_turn = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
        let mut lowest = block.lowest.map(spread);
        let groups = block.particles.iter_mut().zip(&mut *block.partners);
        for ([who, _], (ones, others)) in words.iter().zip(groups) {
            let load = |words: &[u64]| {
                assert_eq!(words.len(), LANES / 2);
                // SAFETY: these are as many bytes as a register has.
                unsafe { _mm512_loadu_si512(words.as_ptr().cast()) }
            };
            let (halves, other_halves) = who.split_at(LANES / 2);
            let (one, rest) = products(law.first, load(halves));
            let (other, other_rest) = products(law.other, load(other_halves));
            let later = _mm512_cmpge_epi32_mask(other, one);
            let other = _mm512_mask_add_epi32(other, later, other, spread(1));
            let bath = _mm512_cmpgt_epu32_mask(rest, last_pair);
            let slots = _mm512_add_epi32(in_turn, spread(block.slot));
            let other = _mm512_mask_expand_epi32(other, bath, slots);
            block.slot += bath.count_ones();
            lowest = [
                _mm512_min_epu32(lowest[0], rest),
                _mm512_min_epu32(lowest[1], other_rest),
            ];
            let store = |addresses: &mut [u32; LANES], index| {
                // SAFETY: as above.
                unsafe {
                    _mm512_storeu_si512(
                        addresses.as_mut_ptr().cast(),
                        _mm512_add_epi32(index, index),
                    );
                };
            };
            store(ones, one);
            store(others, other);
        }
        block.lowest = lowest.map(|lowest| _mm512_reduce_min_epu32(lowest));
    }
}

/// The shortcut with eight collisions in a register.
#[cfg(target_arch = "x86_64")]
mod avx2 {
    use super::{Drawn, LANES, MarkLaw, ROWS_PER_GROUP, Row};
    use crate::simulate::marks::Index;
    use core::arch::x86_64::*;

    /// The number of lanes of a register.
    const WIDTH: usize = 8;

    /// For each set of lanes, the number of them that come before a lane.
    static BEFORE: [[u8; WIDTH]; 1 << WIDTH] = {
        let mut before = [[0; WIDTH]; 1 << WIDTH];
        let mut set = 0;
        while set < before.len() {
            let mut lane = 1;
            while lane < WIDTH {
                let there = (set >> (lane - 1)) as u8 & 1;
                before[set][lane] = before[set][lane - 1] + there;
                lane += 1;
            }
            set += 1;
        }
        before
    };

    /// The high and the low halves of an index' products with half words.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn products(index: Index, words: __m256i) -> (__m256i, __m256i) {
        const ODD: i32 = 0xaa;
        let bound = _mm256_set1_epi64x(i64::from(index.bound));
        let even = _mm256_mul_epu32(words, bound);
        let odd = _mm256_mul_epu32(_mm256_srli_epi64::<32>(words), bound);
        (
            _mm256_blend_epi32::<ODD>(_mm256_srli_epi64::<32>(even), odd),
            _mm256_blend_epi32::<ODD>(even, _mm256_slli_epi64::<32>(odd)),
        )
    }

    #[target_feature(enable = "avx2,popcnt")]
    pub fn draw(block: &mut Drawn, law: MarkLaw, words: &[[Row; ROWS_PER_GROUP]]) {
        let spread = |number: u32| _mm256_set1_epi32(number as i32);
        let last_pair = spread(law.last_pair);
        let mut lowest = block.lowest.map(spread);
        let groups = block.particles.iter_mut().zip(&mut *block.partners);
        for ([who, _], (ones, others)) in words.iter().zip(groups) {
            let (halves, other_halves) = who.split_at(LANES / 2);
            let words = halves.as_chunks().0.iter().zip(other_halves.as_chunks().0);
            let addresses = ones
                .as_chunks_mut()
                .0
                .iter_mut()
                .zip(others.as_chunks_mut().0);
            for ((halves, other_halves), (ones, others)) in words.zip(addresses) {
                let load = |words: &[u64; WIDTH / 2]| {
                    // SAFETY: these are as many bytes as a register has.
                    unsafe { _mm256_loadu_si256(words.as_ptr().cast()) }
                };
                let store = |addresses: &mut [u32; WIDTH], index| {
                    let twice = _mm256_add_epi32(index, index);
                    // SAFETY: as above.
                    unsafe { _mm256_storeu_si256(addresses.as_mut_ptr().cast(), twice) }
                };
                let (one, rest) = products(law.first, load(halves));
                let (other, other_rest) = products(law.other, load(other_halves));
                // A comparison that holds has all bits set: it is −1.
                let not_later = _mm256_cmpgt_epi32(one, other);
                let other = _mm256_add_epi32(_mm256_add_epi32(other, not_later), spread(1));
                let pair = _mm256_cmpeq_epi32(_mm256_max_epu32(rest, last_pair), last_pair);
                let bath = !_mm256_movemask_ps(_mm256_castsi256_ps(pair)) as u8;
                let before = u64::from_le_bytes(BEFORE[usize::from(bath)]);
                let before = _mm256_cvtepu8_epi32(_mm_cvtsi64_si128(before as i64));
                let slots = _mm256_add_epi32(before, spread(block.slot));
                block.slot += bath.count_ones();
                lowest = [
                    _mm256_min_epu32(lowest[0], rest),
                    _mm256_min_epu32(lowest[1], other_rest),
                ];
                store(ones, one);
                store(others, _mm256_blendv_epi8(slots, other, pair));
            }
        }
        block.lowest = lowest.map(|lowest| {
            let mut lanes = [0; WIDTH];
            // SAFETY: as above.
            unsafe { _mm256_storeu_si256(lanes.as_mut_ptr().cast(), lowest) };
            lanes.into_iter().min().expect("there are lanes")
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Rates;
    use crate::random::next_word;
    use rand::SeedableRng;
    use rand_pcg::Pcg64;

    const GROUPS: usize = 15;

    /// The collisions that are drawn from these words, with further words where they are needed,
    /// and the number of collisions that took some.
    fn drawn(
        instructions: Instructions,
        law: MarkLaw,
        words: &[[Row; ROWS_PER_GROUP]],
        taken: usize,
    ) -> (Vec<[u32; 2]>, usize, usize) {
        let took_more = std::cell::Cell::new(0);
        let more = |at: usize| {
            let (took_more, mut stream) = (&took_more, None);
            move || {
                next_word(stream.get_or_insert_with(|| {
                    took_more.set(took_more.get() + 1);
                    Pcg64::seed_from_u64(at as u64)
                }))
            }
        };
        let mut meetings = Meetings::<GROUPS>::default();
        let after = meetings.draw(instructions, law, words, more, taken);
        let pairs = meetings.particles().iter().zip(meetings.partners());
        let pairs = pairs.map(|(&one, &other)| [one / 2, other / 2]);
        (
            pairs.take(LANES * words.len()).collect(),
            after,
            took_more.get(),
        )
    }

    /// Blocks of one to fifteen groups. They have random words, among them rare halves that random
    /// words would not show, and such halves alone.
    fn blocks(stream: &mut Pcg64) -> Vec<Vec<[Row; ROWS_PER_GROUP]>> {
        let mut random = || next_word(stream);
        let planted = |word: u64| match word % 8 {
            0 => 0,
            1 => u64::MAX,
            2 => 1 | 1 << 32,
            3 => word >> 32,
            4 => word << 32,
            _ => word,
        };
        let mut blocks = vec![vec![]];
        for block in 0..300 {
            let kind = block % 4;
            let mut row = || {
                std::array::from_fn(|_| match kind {
                    0 => planted(random()),
                    1 if block < 100 => planted(random() % 5),
                    _ => random(),
                })
            };
            blocks.push((0..1 + block % GROUPS).map(|_| [row(), row()]).collect());
        }
        blocks
    }

    #[test]
    fn blocks_follow_the_law_with_all_instructions() {
        let mut stream = Pcg64::seed_from_u64(4);
        for particles in [1, 2, 3, 8, 1000, 1 << 20, 3 << 28, 3 << 29] {
            for (pair, bath) in [(1.0, 1.0), (1.0, 0.0), (0.0, 1.0)] {
                if particles == 1 && pair > 0.0 {
                    continue;
                }
                let law = MarkLaw::new(particles, Rates { pair, bath });
                for (index, words) in blocks(&mut stream).iter().enumerate() {
                    agree(law, words, index % 16);
                }
            }
        }
    }

    /// Asserts that all instructions draw what the definition draws, and take further words for the
    /// same collisions.
    fn agree(law: MarkLaw, words: &[[Row; ROWS_PER_GROUP]], taken: usize) {
        let particles = law.bath_slot() as usize;
        let mut slot = particles + taken;
        let mut with_more = 0;
        let expected: Vec<_> = (0..LANES * words.len())
            .map(|at| {
                let [half, other] = halves(&words[at / LANES][0], at % LANES);
                let mut more = Pcg64::seed_from_u64(at as u64);
                let mut took = false;
                let (one, other) = law.particles(half, other, || {
                    took = true;
                    next_word(&mut more)
                });
                with_more += usize::from(took);
                let bath = other == law.bath_slot();
                slot += usize::from(bath);
                [one, if bath { slot as u32 - 1 } else { other }]
            })
            .collect();
        for instructions in Instructions::available() {
            let (pairs, after, took_more) = drawn(instructions, law, words, taken);
            let name = instructions.name();
            assert_eq!(pairs, expected, "{name}, {particles}");
            assert_eq!(after, slot - particles, "{name}, {particles}");
            assert_eq!(took_more, with_more, "{name}, {particles}");
        }
    }

    #[test]
    fn low_halves_at_edges_follow_the_law() {
        // Half words whose product with an odd bound has these low halves: all low halves up to
        // beyond the one that needs further words, and those about the last one of pairs.
        let with_rest = |bound: u32, rest: u32| {
            let inverse = (0..5).fold(bound, |inverse, _| {
                inverse.wrapping_mul(2u32.wrapping_sub(bound.wrapping_mul(inverse)))
            });
            assert_eq!(inverse.wrapping_mul(bound), 1);
            rest.wrapping_mul(inverse)
        };
        let mut stream = Pcg64::seed_from_u64(6);
        for particles in [1000u32, 1001] {
            let odd = (particles - 1) | 1;
            for (pair, bath) in [(1.0, 1.0), (2.0, 1.0), (1.0, 0.0), (0.0, 1.0)] {
                let law = MarkLaw::new(particles as usize, Rates { pair, bath });
                let about = law.last_pair.wrapping_sub(8);
                let rests = (0..2 * particles + 8).chain((0..16).map(|k| about.wrapping_add(k)));
                for (index, rest) in rests.enumerate() {
                    let mut who: Row = std::array::from_fn(|_| next_word(&mut stream));
                    // The half words are those of a group's particles if N is odd, else those of
                    // the partners.
                    let from = if odd == particles { 0 } else { LANES };
                    let (word, shift) = ((from + index % LANES) / 2, 32 * (index % 2));
                    let half = u64::from(with_rest(odd, rest)) << shift;
                    who[word] = half | who[word] & !(0xffff_ffff << shift);
                    agree(law, &[[who, [0; LANES]]], 3);
                }
            }
        }
    }

    #[test]
    fn further_words_are_as_rare_as_they_should_be() {
        // With 2²⁰ particles one block of 120 collisions in 12 needs further words, with 3·2²⁸
        // nearly all do.
        let mut stream = Pcg64::seed_from_u64(5);
        let mut random = || std::array::from_fn(|_| next_word(&mut stream));
        let rates = Rates {
            pair: 1.0,
            bath: 1.0,
        };
        for (particles, blocks) in [(1000, 0..=0), (1 << 20, 10..=55), (3 << 28, 290..=300)] {
            let law = MarkLaw::new(particles, rates);
            let needing = (0..300).filter(|_| {
                let words: Vec<_> = (0..GROUPS).map(|_| [random(), random()]).collect();
                drawn(Instructions::best(), law, &words, 0).2 > 0
            });
            let found = needing.count();
            assert!(blocks.contains(&found), "{particles}: {found}");
        }
    }
}
