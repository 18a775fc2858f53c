//! The number of collisions by a given time.
//!
//! All collisions of a gas form a Poisson process of rate r = (κ/2 + β)N. Time
//! is cut into *slabs* whose lengths depend on r alone: their mean numbers of
//! collisions are 8, 16, 32, …, 512 and 512 ever after. Each slab has a Poisson count, and given
//! the count its collisions lie at independent uniform places. So the number of collisions before a
//! time inside a slab is counted: the slab's uniforms are drawn (from a stream of their own), and
//! those below the time count. The marks of collisions are independent of their times, hence no
//! sorting is needed: the e-th collision of a replica has the e-th marks.
//!
//! Nothing here depends on the record times, so they never change the path.

use crate::numerics::vector::{Instructions, vectorised};
use crate::random::{LANES, Purpose, ReplicaKey, Row, Rows, next_word, scalar_stream};
use rand_pcg::Pcg64;

/// Mean counts of the slabs are `8·2^k` up to this one.
const LARGEST_MEAN: u64 = 512;
const SMALLEST_MEAN: u64 = 8;
const GROWING_SLABS: usize = 7;

/// The mean number of collisions in slab `slab`.
fn mean_count(slab: u64) -> u64 {
    if slab < GROWING_SLABS as u64 {
        SMALLEST_MEAN << slab
    } else {
        LARGEST_MEAN
    }
}

/// A moment in time as a place in a slab.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Index of the slab.
    pub slab: u64,
    /// The part of the slab that has passed, in units of 2⁻⁶⁴.
    pub passed: u64,
}

impl Place {
    /// The place of time `time` ≥ 0 when collisions happen at rate `rate` > 0.
    pub fn of(time: f64, rate: f64) -> Place {
        let expected = time * rate;
        let growing = (SMALLEST_MEAN << GROWING_SLABS) - SMALLEST_MEAN;
        let (slab, start, mean) = if expected < growing as f64 {
            // The slab with 8(2^k − 1) ≤ expected < 8(2^(k+1) − 1) is found.
            let mut slab = 0;
            let mut start = 0;
            while expected >= (start + mean_count(slab)) as f64 {
                start += mean_count(slab);
                slab += 1;
            }
            (slab, start as f64, mean_count(slab) as f64)
        } else {
            let beyond = ((expected - growing as f64) / LARGEST_MEAN as f64).floor();
            let start = growing as f64 + beyond * LARGEST_MEAN as f64;
            (
                GROWING_SLABS as u64 + beyond as u64,
                start,
                LARGEST_MEAN as f64,
            )
        };
        let fraction = ((expected - start) / mean).max(0.0);
        Place {
            slab,
            // A float-to-integer cast saturates, so a fraction that was
            // rounded up to 1 is the last cell.
            passed: (fraction * 18_446_744_073_709_551_616.0) as u64,
        }
    }
}

/// The Poisson law of one mean, for inversion. Its probabilities are right to
/// 2⁻⁶², in both tails as in the middle.
#[derive(Debug, Clone)]
struct PoissonTable {
    /// `cumulative[n]` = P(count ≤ n) · 2⁶⁴, rounded down, but at most 2⁶⁴ − 1; the last entry has
    /// this value too.
    cumulative: Vec<u64>,
    /// For each leading byte of a word, the smallest count that it can give.
    start: [u16; 256],
}

impl PoissonTable {
    /// The Poisson law of this mean, at least 1.
    fn new(mean: u64) -> Self {
        // The mean plus 13 standard deviations plus 40 leaves less than 2⁻⁶⁴
        // for the means in use (Chernoff bound).
        let largest = (mean as f64 + 13.0 * (mean as f64).sqrt() + 40.0) as usize;
        let weights = poisson_weights(mean, largest);
        let total: u128 = weights.iter().sum();
        // Both numbers are cut to the 64 bits that a quotient of u128 has room for.
        let cut = (u128::BITS - total.leading_zeros()).saturating_sub(64);
        let mut sum = 0;
        let up_to = |weight| {
            sum += weight;
            let share = ((sum >> cut) << 64) / (total >> cut);
            u64::try_from(share).unwrap_or(u64::MAX)
        };
        let mut cumulative: Vec<u64> = weights.into_iter().map(up_to).collect();
        cumulative[largest] = u64::MAX;
        let mut start = [0; 256];
        for (byte, first) in start.iter_mut().enumerate() {
            let smallest_word = (byte as u64) << 56;
            *first = cumulative.partition_point(|&bound| bound <= smallest_word) as u16;
        }
        PoissonTable { cumulative, start }
    }

    /// The count n with P(count < n) ≤ word/2⁶⁴ < P(count ≤ n).
    fn count(&self, word: u64) -> usize {
        let mut count = usize::from(self.start[(word >> 56) as usize]);
        while count + 1 < self.cumulative.len() && self.cumulative[count] <= word {
            count += 1;
        }
        count
    }
}

/// The probabilities of 0 to `largest`, times a common factor: P(n)·n = P(n − 1)·mean is used in
/// whole numbers, from 2¹⁰⁰ at the mean on to both sides. Sums of some hundred of them are right to
/// 2⁻⁸⁰ of the total.
fn poisson_weights(mean: u64, largest: usize) -> Vec<u128> {
    let (mode, mean) = (mean as usize, u128::from(mean));
    let mut weights = vec![0; largest + 1];
    weights[mode] = 1 << 100;
    for n in mode + 1..=largest {
        weights[n] = weights[n - 1] * mean / n as u128;
    }
    for n in (1..=mode).rev() {
        weights[n - 1] = weights[n] * n as u128 / mean;
    }
    weights
}

/// The Poisson laws of all slabs.
#[derive(Debug, Clone)]
pub struct SlabCounts {
    tables: [PoissonTable; GROWING_SLABS],
}

impl Default for SlabCounts {
    fn default() -> Self {
        SlabCounts {
            tables: std::array::from_fn(|slab| PoissonTable::new(mean_count(slab as u64))),
        }
    }
}

impl SlabCounts {
    /// The number of collisions in slab `slab`, from the next word of `stream`.
    pub fn draw(&self, slab: u64, stream: &mut Pcg64) -> usize {
        let table = (slab as usize).min(GROWING_SLABS - 1);
        self.tables[table].count(next_word(stream))
    }
}

/// The stream of slab counts of a replica, to be drawn in the order of slabs.
pub fn count_stream(key: ReplicaKey) -> Pcg64 {
    scalar_stream(key, Purpose::Counts, 0)
}

/// The places of the collisions in a slab, unsorted.
#[derive(Debug, Clone, Default)]
pub struct Places {
    rows: Vec<Row>,
    count: usize,
}

impl Places {
    /// Draws the places of the `count` collisions in slab `slab`.
    pub fn draw(&mut self, instructions: Instructions, key: ReplicaKey, slab: u64, count: usize) {
        self.count = count;
        self.rows.resize(count.div_ceil(LANES), [0; LANES]);
        let rows = self.rows.len();
        Rows::new(instructions, key, Purpose::Times, slab, rows).fill(instructions, &mut self.rows);
        // The rest of the rows is filled with the largest word: no place comes after it.
        self.rows.as_flattened_mut()[count..].fill(u64::MAX);
    }

    /// The places in units of 2⁻⁶⁴ of the slab's length.
    pub fn passed(&self) -> &[u64] {
        &self.rows.as_flattened()[..self.count]
    }

    /// The number of collisions before a place in the slab.
    pub fn before(&self, instructions: Instructions, passed: u64) -> usize {
        let mut count = 0;
        count_below(instructions, &self.rows, passed, &mut count);
        count
    }
}

vectorised! {
    /// Adds the number of places below `passed` to `count`.
    fn count_below(rows: &[Row], passed: u64, count: &mut usize) {
        let places = rows.as_flattened().iter();
        *count = places.filter(|&&place| place < passed).count();
    }
}

/// The numbers of a replica's collisions before some places.
///
/// All numbers are drawn at once, ahead of the collisions: so a path knows how far it goes, and
/// need not wait for a count where it stops.
#[derive(Debug, Default)]
pub struct Stops {
    places: Places,
    counts: Vec<u64>,
}

impl Stops {
    /// Draws the numbers of collisions before `stops`, which are in order.
    pub fn draw(
        &mut self,
        instructions: Instructions,
        laws: &SlabCounts,
        key: ReplicaKey,
        stops: &[Place],
    ) {
        let mut stream = count_stream(key);
        let (mut slab, mut before) = (0, 0);
        let mut count = laws.draw(0, &mut stream);
        // The slab whose places are drawn.
        let mut drawn = None;
        self.counts.clear();
        for stop in stops {
            while slab < stop.slab {
                before += count as u64;
                slab += 1;
                count = laws.draw(slab, &mut stream);
            }
            if stop.passed > 0 && drawn != Some(slab) {
                self.places.draw(instructions, key, slab, count);
                drawn = Some(slab);
            }
            let inside = if stop.passed == 0 {
                0
            } else {
                self.places.before(instructions, stop.passed) as u64
            };
            self.counts.push(before + inside);
        }
    }

    /// Collisions before each stop.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_increase_with_time() {
        let rate = 3.7;
        let mut last = Place { slab: 0, passed: 0 };
        assert_eq!(Place::of(0.0, rate), last);
        for step in 1..20_000 {
            let place = Place::of(f64::from(step) * 0.05, rate);
            assert!(place > last);
            last = place;
        }
        // 8 + 16 + … + 512 = 1016 expected collisions end the growing slabs.
        assert_eq!(Place::of(1016.0, 1.0), Place { slab: 7, passed: 0 });
        assert_eq!(
            Place::of(1016.0 + 768.0, 1.0),
            Place {
                slab: 8,
                passed: 1 << 63
            }
        );
    }

    #[test]
    fn slabs_and_replicas_have_places_of_their_own() {
        let instructions = Instructions::best();
        // Few places come from a hash, many from lanes.
        for count in [8, 500] {
            let mut seen = std::collections::HashSet::new();
            for replica in 0..5 {
                let key = ReplicaKey::new(1, 8, replica, 0);
                for slab in 0..9 {
                    let mut places = Places::default();
                    places.draw(instructions, key, slab, count);
                    seen.extend(places.passed().iter().copied());
                }
            }
            assert_eq!(seen.len(), 45 * count);
        }
    }

    #[test]
    fn all_instructions_count_the_places_before_another() {
        for instructions in Instructions::available() {
            for count in [0, 1, 15, 16, 17, 100, 500] {
                let mut places = Places::default();
                places.draw(instructions, ReplicaKey::new(1, 8, 0, 0), 3, count);
                let first = places.passed().first().copied().unwrap_or(7);
                for passed in [0, 1, first, first.saturating_add(1), 1 << 63, u64::MAX] {
                    let before = places.passed().iter().filter(|&&place| place < passed);
                    let (expected, found) = (before.count(), places.before(instructions, passed));
                    assert_eq!(found, expected, "{}", instructions.name());
                }
            }
        }
    }

    #[test]
    fn poisson_tables_have_the_poisson_law() {
        // Each entry is at most four units of 2⁻⁶⁴ too small: the last entry, the quotient and the
        // two cuts take one unit each.
        const OFF: u128 = 4;
        for mean in [8, 64, 512] {
            let table = PoissonTable::new(mean);
            // E X = Σ P(X > n) and E X(X − 1) = Σ 2n P(X > n) are the mean and its square.
            let (mut first, mut second, mut counts) = (0, 0, 0);
            for (count, &bound) in table.cumulative.iter().enumerate() {
                let beyond = (1 << 64) - u128::from(bound);
                let twice = 2 * count as u128;
                first += beyond;
                second += twice * beyond;
                counts += twice;
            }
            let (mean, entries) = (u128::from(mean), table.cumulative.len() as u128);
            assert!(first.abs_diff(mean << 64) <= OFF * entries);
            assert!(second.abs_diff((mean * mean) << 64) <= OFF * counts);
        }
    }

    #[test]
    fn poisson_tables_are_right_in_both_tails() {
        for mean in [8u64, 64, 512] {
            let table = PoissonTable::new(mean);
            let probability = |n: usize| {
                let n = n as f64;
                libm::exp(n * libm::log(mean as f64) - mean as f64 - libm::lgamma(n + 1.0))
            };
            let unit = 2f64.powi(64);
            let last = table.cumulative.len() - 1;
            let tails = [(0..mean as usize, true), (mean as usize..last - 1, false)];
            for (counts, lower) in tails {
                for count in counts {
                    let (found, expected): (u64, f64) = if lower {
                        (table.cumulative[count], (0..=count).map(probability).sum())
                    } else {
                        let tail = (count + 1..last + 300).rev().map(probability).sum();
                        (0u64.wrapping_sub(table.cumulative[count]), tail)
                    };
                    // The exponent of `probability` is off by some thousands of 2⁻⁵³.
                    let allowed = 4.0 + 1e-11 * expected * unit;
                    let off = (found as f64 - expected * unit).abs();
                    assert!(off <= allowed, "{mean} {count}: {found} {expected}");
                }
            }
            // One word in 2⁶⁴ gives the largest count, although its probability is less.
            assert!(u64::MAX - table.cumulative[last - 1] <= 1);
        }
    }

    #[test]
    fn poisson_inversion_finds_the_cell_of_a_word() {
        let table = PoissonTable::new(16);
        for word in (0..1000).map(|k| k * (u64::MAX / 999)) {
            let count = table.count(word);
            assert!(count + 1 == table.cumulative.len() || word < table.cumulative[count]);
            assert!(count == 0 || word >= table.cumulative[count - 1]);
        }
        assert_eq!(table.count(0), 0);
    }
}
