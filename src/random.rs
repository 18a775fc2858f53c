//! The source of every random number: streams that are named by their purpose.
//!
//! A *stream* is a generator whose state is a hash of
//! `(seed, particles, replica, process, purpose, part)`. Two streams share nothing but
//! the seed, so a replica's path depends on its own name alone: not on the
//! thread that runs it, the replicas that ran before it, the record times, or
//! how long the run goes on.
//!
//! Three kinds of generator are used. A PCG64 of the `rand_pcg` crate draws the numbers of
//! collisions in slabs of time (one number in hundreds of collisions), and numbers that are rare or
//! that a replica asks for once (further words of marks, ties, signs). The [hash itself](Rows)
//! gives short streams: where collisions lie in a slab, and initial velocities where they are few.
//! All other numbers come from [`Lanes`]: sixteen xoshiro256++ generators (Blackman and Vigna 2021,
//! "Scrambled linear pseudorandom number generators") that step together, so that a compiler can
//! put them into vector registers.
//!
//! Claimed: distinct names give streams that are statistically independent, as far as a 256-bit
//! state filled from a hash can. (A short stream is the hash: a place of 64 bits in the sequence of
//! SplitMix64, and 64 more bits that are XORed.) Not claimed: cryptographic strength.

use crate::numerics::vector::{Instructions, Level, vectorised};
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64;

/// The number of generators that step together in [`Lanes`].
pub const LANES: usize = 16;

/// One step of [`Lanes`]: a word for each lane.
pub type Row = [u64; LANES];

/// The quantity that a stream's numbers decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u64)]
pub enum Purpose {
    /// The particles that collide, and the angle.
    Collisions = 1,
    /// The velocities of the bath particles.
    BathVelocities = 2,
    /// The number of collisions in each slab of time.
    Counts = 3,
    /// The places of the collisions in a slab.
    Times = 4,
    /// Initial velocities.
    Initial = 5,
    /// Signs of initial velocities.
    InitialSigns = 6,
    /// Further words for a collision whose first words do not decide who collides.
    MoreForCollision = 7,
    /// Further words for a bath velocity whose first words do not decide its component.
    MoreForBath = 8,
    /// The order in which particles of equal velocity are ranked.
    Ties = 9,
}

/// The finaliser of SplitMix64 (Steele, Lea and Flood 2014; constants of
/// Stafford's variant 13): a bijection of 64-bit words in which every input bit
/// reaches every output bit.
#[inline(always)]
pub(crate) fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

/// The odd number nearest 2⁶⁴/φ: consecutive multiples of it are well spread.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// The replica and the system that a stream belongs to: a 128-bit hash of the run's seed, the
/// number of particles N, the replica's index among those with this N, and the index of the Poisson
/// process that drives the system (0, or 1 for the second copy under the independent coupling).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplicaKey(Name);

/// A 128-bit hash of some words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name {
    high: u64,
    low: u64,
}

impl ReplicaKey {
    /// The key of a replica.
    pub fn new(seed: u64, particles: u64, replica: u64, process: u64) -> Self {
        let start = Name {
            high: 0x6b61_632d_636f_7570,
            low: 0x6c69_6e67_2d76_3031,
        };
        ReplicaKey(start.with(seed).with(particles).with(replica).with(process))
    }

    /// A number that depends only on the name of the replica; some replicas are chosen by it.
    pub fn lot(self) -> u64 {
        self.0.word(0)
    }

    /// The name of one of the replica's streams; parts are below 2⁵⁶.
    fn stream(self, purpose: Purpose, part: u64) -> Name {
        self.0.with(purpose as u64 | (part << 8))
    }
}

impl Name {
    /// The hash of one more word: a bijection of the word, given the name.
    #[inline(always)]
    fn with(self, word: u64) -> Name {
        let high = mix(self.high.wrapping_add(GOLDEN) ^ word);
        let low = mix(self.low.wrapping_add(high).wrapping_mul(GOLDEN) ^ word);
        Name { high, low }
    }

    /// The `index`-th word of the hash's output.
    #[inline(always)]
    fn word(self, index: u64) -> u64 {
        mix(self.high.wrapping_add(GOLDEN.wrapping_mul(index + 1))) ^ self.low
    }
}

/// The seed of the `index`-th repetition of a run, in the range of seeds in configs (below 2⁶³). It
/// is a hash, so runs of other seeds share no repetition.
pub fn repetition_seed(seed: u64, index: u64) -> u64 {
    let start = Name {
        high: 0x7265_7065_7469_7469,
        low: 0x6f6e_2d73_6565_6473,
    };
    start.with(seed).with(index).word(0) >> 1
}

/// A PCG64 for the stream of this name.
pub fn scalar_stream(key: ReplicaKey, purpose: Purpose, part: u64) -> Pcg64 {
    let name = key.stream(purpose, part);
    let mut seed = [0; 32];
    for (index, bytes) in seed.chunks_exact_mut(8).enumerate() {
        bytes.copy_from_slice(&name.word(index as u64).to_le_bytes());
    }
    Pcg64::from_seed(seed)
}

/// The next 64 random bits of a scalar stream.
pub fn next_word(stream: &mut Pcg64) -> u64 {
    stream.next_u64()
}

/// Further words for collision, bath particle or particle `index` of a replica, from a stream of
/// their own.
pub fn more_words(key: ReplicaKey, purpose: Purpose, index: u64) -> impl FnMut() -> u64 {
    let mut stream = None;
    move || next_word(stream.get_or_insert_with(|| scalar_stream(key, purpose, index)))
}

/// Sixteen xoshiro256++ generators in step.
///
/// Lane `l` is an ordinary xoshiro256++ with the state
/// `(word(l), word(16 + l), word(32 + l), word(48 + l))` of the stream's name, and a row is one step
/// of each.
#[derive(Debug, Clone, Default)]
pub struct Lanes {
    state: [Row; STATE_ROWS],
}

impl Lanes {
    /// The lanes of the stream of this name.
    pub fn new(instructions: Instructions, key: ReplicaKey, purpose: Purpose, part: u64) -> Self {
        let mut lanes = Lanes {
            state: [[0; LANES]; STATE_ROWS],
        };
        lanes.restart(instructions, key, purpose, part);
        lanes
    }

    /// Turns these lanes into those of the stream of this name.
    pub fn restart(
        &mut self,
        instructions: Instructions,
        key: ReplicaKey,
        purpose: Purpose,
        part: u64,
    ) {
        hash(instructions, key.stream(purpose, part), 0, &mut self.state);
    }

    /// Fills the rows in order; every lane makes one step for each row.
    pub fn fill(&mut self, instructions: Instructions, rows: &mut [Row]) {
        match instructions.level() {
            #[cfg(not(target_arch = "x86_64"))]
            Level::Portable => portable::fill(&mut self.state, rows),
            // SAFETY: every x86-64 processor has SSE2.
            #[cfg(target_arch = "x86_64")]
            Level::Portable => unsafe { sse2::fill(&mut self.state, rows) },
            // SAFETY: `Instructions` only has levels that were detected.
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => unsafe { avx2::fill(&mut self.state, rows) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => unsafe { avx512::fill(&mut self.state, rows) },
        }
    }

    /// One step of every lane.
    pub fn next_row(&mut self) -> Row {
        let mut row = [[0; LANES]];
        portable::fill(&mut self.state, &mut row);
        row[0]
    }
}

/// Rows of words that make the state of [`Lanes`].
pub const STATE_ROWS: usize = 4;

/// A stream that is taken row by row, and whose number of taken rows is known.
///
/// Up to [`STATE_ROWS`] rows need no generator: they are the hash of the stream's name, which would
/// otherwise be the generator's state (SplitMix64, whose words are XORed with one number).
#[derive(Debug, Clone)]
pub enum Rows {
    /// The hash of a name, and the number of its words that are taken.
    Few(Name, u64),
    /// A generator.
    Many(Box<Lanes>),
}

impl Default for Rows {
    /// The stream has no name yet.
    fn default() -> Self {
        Rows::Few(Name { high: 0, low: 0 }, 0)
    }
}

impl Rows {
    /// The stream of this name, for `rows` rows.
    pub fn new(
        instructions: Instructions,
        key: ReplicaKey,
        purpose: Purpose,
        part: u64,
        rows: usize,
    ) -> Self {
        if rows <= STATE_ROWS {
            Rows::Few(key.stream(purpose, part), 0)
        } else {
            Rows::Many(Box::new(Lanes::new(instructions, key, purpose, part)))
        }
    }

    /// Fills `rows` with the next rows.
    pub fn fill(&mut self, instructions: Instructions, rows: &mut [Row]) {
        match self {
            Rows::Few(name, taken) => {
                hash(instructions, *name, *taken, rows);
                *taken += (rows.len() * LANES) as u64;
            }
            Rows::Many(lanes) => lanes.fill(instructions, rows),
        }
    }
}

/// Multiples of [`GOLDEN`], from 1 on.
const STEPS: Row = {
    let mut steps = [GOLDEN; LANES];
    let mut lane = 1;
    while lane < LANES {
        steps[lane] = steps[lane - 1].wrapping_add(GOLDEN);
        lane += 1;
    }
    steps
};

vectorised! {
    /// [`Name::word`] of the indices from `from` on.
    fn hash(name: Name, from: u64, words: &mut [Row]) {
        let mut first = name.high.wrapping_add(GOLDEN.wrapping_mul(from));
        for row in words {
            for (word, step) in row.iter_mut().zip(STEPS) {
                *word = mix(first.wrapping_add(step)) ^ name.low;
            }
            first = first.wrapping_add(STEPS[LANES - 1]);
        }
    }
}

/// xoshiro256++ lane by lane: the definition.
mod portable {
    use super::{LANES, Row};

    pub fn fill(state: &mut [Row; 4], rows: &mut [Row]) {
        let [s0, s1, s2, s3] = state;
        for row in rows {
            for lane in 0..LANES {
                let sum = s0[lane].wrapping_add(s3[lane]);
                row[lane] = sum.rotate_left(23).wrapping_add(s0[lane]);
                let shifted = s1[lane] << 17;
                s2[lane] ^= s0[lane];
                s3[lane] ^= s1[lane];
                s1[lane] ^= s2[lane];
                s0[lane] ^= s3[lane];
                s2[lane] ^= shifted;
                s3[lane] = s3[lane].rotate_left(45);
            }
        }
    }
}

/// xoshiro256++ with the state kept in vector registers, which compilers do not find by themselves.
/// `$add`, `$xor` and `$shift` are the instruction set's; `$rotate` is given the vector and the
/// distance.
#[cfg(target_arch = "x86_64")]
macro_rules! xoshiro_in_registers {
    ($module:ident, $feature:literal, $vector:ident, $load:ident, $store:ident, $add:ident,
     $xor:ident, $shift:ident, $rotate:ident) => {
        mod $module {
            use super::{LANES, Row};
            use core::arch::x86_64::*;

            const WIDTH: usize = size_of::<$vector>() / size_of::<u64>();
            /// Two vectors are stepped at a time: this hides the latency of one behind the other,
            /// and their state fits the registers.
            const VECTORS: usize = 2;

            #[target_feature(enable = $feature)]
            pub fn fill(state: &mut [Row; 4], rows: &mut [Row]) {
                for pass in 0..LANES / (VECTORS * WIDTH) {
                    fill_some(state, rows, pass * VECTORS * WIDTH);
                }
            }

            /// The lanes from `first` on, as many as `VECTORS` hold.
            #[inline]
            #[target_feature(enable = $feature)]
            fn fill_some(state: &mut [Row; 4], rows: &mut [Row], first: usize) {
                let load = |row: &Row| -> [$vector; VECTORS] {
                    let lanes = &row[first..first + VECTORS * WIDTH];
                    // SAFETY: each vector is WIDTH words inside these lanes.
                    std::array::from_fn(|k| unsafe { $load(lanes.as_ptr().add(k * WIDTH).cast()) })
                };
                let store = |row: &mut Row, vectors: [$vector; VECTORS]| {
                    let lanes = &mut row[first..first + VECTORS * WIDTH];
                    for (k, vector) in vectors.into_iter().enumerate() {
                        // SAFETY: as above.
                        unsafe { $store(lanes.as_mut_ptr().add(k * WIDTH).cast(), vector) };
                    }
                };
                let [mut s0, mut s1, mut s2, mut s3] = [0, 1, 2, 3].map(|k| load(&state[k]));
                for row in rows {
                    let mut output = s0;
                    for k in 0..VECTORS {
                        let sum = $add(s0[k], s3[k]);
                        output[k] = $add($rotate!(23, sum), s0[k]);
                        let shifted = $shift::<17>(s1[k]);
                        s2[k] = $xor(s2[k], s0[k]);
                        s3[k] = $xor(s3[k], s1[k]);
                        s1[k] = $xor(s1[k], s2[k]);
                        s0[k] = $xor(s0[k], s3[k]);
                        s2[k] = $xor(s2[k], shifted);
                        s3[k] = $rotate!(45, s3[k]);
                    }
                    store(row, output);
                }
                for (row, vectors) in state.iter_mut().zip([s0, s1, s2, s3]) {
                    store(row, vectors);
                }
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
macro_rules! rotate_sse2 {
    ($by:literal, $vector:expr) => {{
        let vector = $vector;
        _mm_or_si128(
            _mm_slli_epi64::<$by>(vector),
            _mm_srli_epi64::<{ 64 - $by }>(vector),
        )
    }};
}

#[cfg(target_arch = "x86_64")]
macro_rules! rotate_avx2 {
    ($by:literal, $vector:expr) => {{
        let vector = $vector;
        _mm256_or_si256(
            _mm256_slli_epi64::<$by>(vector),
            _mm256_srli_epi64::<{ 64 - $by }>(vector),
        )
    }};
}

#[cfg(target_arch = "x86_64")]
macro_rules! rotate_avx512 {
    ($by:literal, $vector:expr) => {
        _mm512_rol_epi64::<$by>($vector)
    };
}

#[cfg(target_arch = "x86_64")]
xoshiro_in_registers!(
    sse2,
    "sse2",
    __m128i,
    _mm_loadu_si128,
    _mm_storeu_si128,
    _mm_add_epi64,
    _mm_xor_si128,
    _mm_slli_epi64,
    rotate_sse2
);
#[cfg(target_arch = "x86_64")]
xoshiro_in_registers!(
    avx2,
    "avx2",
    __m256i,
    _mm256_loadu_si256,
    _mm256_storeu_si256,
    _mm256_add_epi64,
    _mm256_xor_si256,
    _mm256_slli_epi64,
    rotate_avx2
);
#[cfg(target_arch = "x86_64")]
xoshiro_in_registers!(
    avx512,
    "avx512f",
    __m512i,
    _mm512_loadu_si512,
    _mm512_storeu_si512,
    _mm512_add_epi64,
    _mm512_xor_si512,
    _mm512_slli_epi64,
    rotate_avx512
);

/// 2⁻⁶⁴.
const CELL: f64 = 1.0 / 18_446_744_073_709_551_616.0;

/// A uniform level p and 1 − p: the midpoint of the word's cell of width 2⁻⁶⁴,
/// so that both tails go down to 2⁻⁶⁵. Neither is 0; the larger can round to 1.
#[inline(always)]
pub fn level(word: u64) -> (f64, f64) {
    ((word as f64 + 0.5) * CELL, (!word as f64 + 0.5) * CELL)
}

/// Uniform on (0, 1), never 0 or 1: [`level`]'s p, with steps of 2⁻⁵³ near 1.
#[inline(always)]
pub fn open_uniform(word: u64) -> f64 {
    level(word).0.min(1.0 - 0.5 * f64::EPSILON)
}

/// An index on `0..bound`, by the high half of the product: its probability is right to
/// a relative `bound / 2⁶⁴`. A bound of 0 gives 0.
pub fn index_below(word: u64, bound: u32) -> u64 {
    ((u128::from(word) * u128::from(bound)) >> 64) as u64
}

/// The number in [1, 2) whose 52 bits of fraction are the word's highest.
#[inline(always)]
pub fn one_to_two(word: u64) -> f64 {
    f64::from_bits(0x3ff0_0000_0000_0000 | (word >> 12))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(replica: u64) -> ReplicaKey {
        ReplicaKey::new(1, 8, replica, 0)
    }

    fn lanes(key: ReplicaKey) -> Lanes {
        Lanes::new(Instructions::best(), key, Purpose::Collisions, 0)
    }

    #[test]
    fn lanes_are_xoshiro256_plus_plus() {
        // The published first outputs for the state (1, 2, 3, 4).
        let mut lanes = Lanes {
            state: [[1; LANES], [2; LANES], [3; LANES], [4; LANES]],
        };
        let expected = [
            41943041,
            58720359,
            3588806011781223,
            3591011842654386,
            9228616714210784205,
            9973669472204895162,
        ];
        for word in expected {
            assert_eq!(lanes.next_row(), [word; LANES]);
        }
    }

    #[test]
    fn every_instruction_set_gives_the_same_rows() {
        let mut reference = lanes(key(3));
        let expected: Vec<Row> = (0..100).map(|_| reference.next_row()).collect();
        for instructions in Instructions::available() {
            let mut lanes = Lanes::new(instructions, key(3), Purpose::Collisions, 0);
            let mut rows = vec![[0; LANES]; 100];
            let (some, others) = rows.split_at_mut(37);
            lanes.fill(instructions, some);
            lanes.fill(instructions, others);
            assert_eq!(rows, expected, "{}", instructions.name());
            assert_eq!(lanes.state, reference.state);
        }
    }

    #[test]
    fn few_rows_are_the_words_of_a_name() {
        let name = key(3).stream(Purpose::Times, 5);
        let words: Vec<u64> = (0..4 * LANES as u64).map(|k| name.word(k)).collect();
        for instructions in Instructions::available() {
            for first in 0..=STATE_ROWS {
                let rows = STATE_ROWS;
                let mut stream = Rows::new(instructions, key(3), Purpose::Times, 5, rows);
                let mut rows = vec![[0; LANES]; rows];
                let (some, others) = rows.split_at_mut(first);
                stream.fill(instructions, some);
                stream.fill(instructions, others);
                assert_eq!(rows.as_flattened(), words, "{}", instructions.name());
            }
        }
    }

    #[test]
    fn every_part_of_a_name_changes_the_stream() {
        let mut first_words = vec![];
        for (key, purpose, part) in [
            (key(3), Purpose::Counts, 0),
            (ReplicaKey::new(2, 8, 3, 0), Purpose::Counts, 0),
            (ReplicaKey::new(1, 9, 3, 0), Purpose::Counts, 0),
            (key(4), Purpose::Counts, 0),
            (ReplicaKey::new(1, 8, 3, 1), Purpose::Counts, 0),
            (key(3), Purpose::Times, 0),
            (key(3), Purpose::Counts, 1),
        ] {
            first_words.push(next_word(&mut scalar_stream(key, purpose, part)));
        }
        let distinct: std::collections::HashSet<_> = first_words.iter().collect();
        assert_eq!(distinct.len(), first_words.len());
    }

    #[test]
    fn neighbouring_replicas_differ_in_half_of_their_bits() {
        // 2000 pairs of 64-bit words: the mean Hamming distance is 32 with a
        // standard error of 4/√2000 = 0.09; 0.45 is five of them.
        let mut distance = 0;
        for replica in 0..2000 {
            let mut a = lanes(key(replica));
            let mut b = lanes(key(replica + 1));
            distance += (a.next_row()[0] ^ b.next_row()[0]).count_ones();
        }
        assert!((f64::from(distance) / 2000.0 - 32.0).abs() < 0.45);
    }

    #[test]
    fn indices_divide_the_words_evenly() {
        let third = u64::MAX / 3;
        let words = [0, third, third + 1, 2 * third, 2 * third + 1, u64::MAX];
        assert_eq!(words.map(|word| index_below(word, 3)), [0, 0, 1, 1, 2, 2]);
        assert_eq!(index_below(u64::MAX, u32::MAX), u64::from(u32::MAX) - 1);
        assert_eq!(index_below(u64::MAX, 0), 0);
    }

    #[test]
    fn further_words_have_streams_of_their_own() {
        let words = |replica, index| {
            let mut more = more_words(key(replica), Purpose::MoreForCollision, index);
            [more(), more()]
        };
        let streams = [words(3, 0), words(3, 1), words(4, 0)];
        let distinct: std::collections::HashSet<u64> = streams.into_iter().flatten().collect();
        assert_eq!(distinct.len(), 6);
        assert_eq!(words(3, 1), streams[1]);
    }

    #[test]
    fn open_uniform_stays_inside() {
        assert!(open_uniform(0) > 0.0);
        assert!(open_uniform(u64::MAX) < 1.0);
    }
}
