//! The numbers that are read off two copies of the gas at a record time.

use super::tally::{Covariances, Cross, LANES, Line, Means, PRODUCTS, Powers, QUANTITIES};
use crate::numerics::vector::{Instructions, vectorised};
use crate::simulate::powers::{SUMS, Sums};
use crate::theory::{Moment, System};

/// Numbers read at each record time of each replica.
pub const COLUMNS: usize = 2 + 2 * Moment::ALL.len();

/// Column of ‖Δ‖² = ΣΔ_i².
pub const DISCREPANCY: usize = 0;

/// Column of ΣΔ_i⁴.
pub const QUARTIC: usize = 1;

/// Column of a moment of a copy.
pub const fn column(system: System, moment: Moment) -> usize {
    2 + system as usize * Moment::ALL.len() + moment as usize
}

/// The columns m1 and m2 of the first and of the second copy, whose covariances at each time are tallied.
const LOW_MOMENTS: [usize; QUANTITIES] = [
    column(System::First, Moment::M1),
    column(System::First, Moment::M2),
    column(System::Second, Moment::M1),
    column(System::Second, Moment::M2),
];

/// The number of columns whose covariances over time are tallied.
pub const TRACKED: usize = 4;

/// Numbers at a few times.
type Lanes = [f64; LANES];

/// The sums that were read off some replicas at all record times.
#[derive(Debug)]
pub struct Records {
    particles: usize,
    /// Lanes that the record times of a replica take.
    width: usize,
    /// The [`Sums`] at a few times each, replica after replica.
    read: Vec<[Lanes; SUMS]>,
    /// The tracked columns less those of the first replica, replica after replica.
    tracked: [Line; TRACKED],
}

/// Sums over replicas at a few times of the columns x less the first replica's.
#[derive(Debug, Clone, Default)]
struct Totals {
    /// The columns of the first replica.
    first: [Lanes; COLUMNS],
    /// Σ x.
    columns: [Lanes; COLUMNS],
    /// Σ x².
    squares: [Lanes; COLUMNS],
    /// Σ x_i x_j of [`LOW_MOMENTS`], for j < i.
    products: [Lanes; PRODUCTS - QUANTITIES],
    /// Σ of the first four powers of ‖Δ‖², scaled.
    powers: [Lanes; 4],
}

/// The sums over some replicas that tallies are made of.
#[derive(Debug)]
pub struct Summed<'a> {
    times: usize,
    count: f64,
    totals: Vec<Totals>,
    tracked: [usize; TRACKED],
    lines: [&'a [Lanes]; TRACKED],
}

impl Records {
    /// Room for the records of some replicas of N = `particles`.
    pub fn new(particles: usize, times: usize, replicas: usize) -> Self {
        let width = times.div_ceil(LANES);
        let lines = || vec![[0.0; LANES]; width * replicas];
        Records {
            particles,
            width,
            read: vec![[[0.0; LANES]; SUMS]; width * replicas],
            tracked: std::array::from_fn(|_| lines()),
        }
    }

    /// Keeps what was read at a record time of a replica.
    pub fn set(&mut self, replica: usize, time: usize, sums: Sums) {
        let read = &mut self.read[replica * self.width + time / LANES];
        for (lanes, sum) in read.iter_mut().zip(sums) {
            lanes[time % LANES] = sum;
        }
    }

    /// Sums over the first `replicas` replicas at so many times, where ‖Δ‖² is multiplied by `scale` before its powers
    /// are taken, and where the covariances over time of the columns `tracked` are wanted.
    ///
    /// Moments are averages over particles of one replica: unbiased for the
    /// moments of an exchangeable law. Those that take two particles are the
    /// averages over ordered pairs, ((ΣV)² − ΣV²)/(N(N−1)) and
    /// ((ΣV²)² − ΣV⁴)/(N(N−1)), and 0 if there is one particle only.
    pub fn summed(
        &mut self,
        times: usize,
        replicas: usize,
        scale: &[Lanes],
        tracked: [usize; TRACKED],
    ) -> Summed<'_> {
        let end = replicas * self.width;
        let n = self.particles as f64;
        let pairs = n * (n - 1.0);
        let weights = [1.0 / n, if pairs > 0.0 { 1.0 / pairs } else { 0.0 }];
        let mut totals = vec![Totals::default(); self.width];
        add_up(
            Instructions::best(),
            weights,
            &self.read[..end],
            scale,
            tracked,
            &mut totals,
            self.tracked.each_mut().map(|lines| &mut lines[..end]),
        );
        Summed {
            times,
            count: replicas as f64,
            totals,
            tracked,
            lines: self.tracked.each_ref().map(|lines| &lines[..end]),
        }
    }
}

impl Summed<'_> {
    /// The means of a column.
    pub fn means(&self, column: usize) -> Means {
        let [first, sums] = [self.first(column), self.sums(column)];
        Means::about(self.count, &first, &sums, &self.squares(column))
    }

    /// The covariances over time of the tracked column at this place.
    pub fn covariances(&self, place: usize) -> Covariances {
        let column = self.tracked[place];
        let [first, sums] = [self.first(column), self.sums(column)];
        Covariances::about(self.times, &first, &sums, self.lines[place])
    }

    /// The covariances at each time of m1 and m2 of both copies.
    pub fn low_moments(&self) -> Cross {
        let mut mixed = 0..PRODUCTS - QUANTITIES;
        let pairs = (0..QUANTITIES).flat_map(|i| (0..=i).map(move |j| (i, j)));
        let mut products = pairs.map(|(i, j)| {
            if i == j {
                return self.squares(LOW_MOMENTS[i]);
            }
            let place = mixed.next().expect("a sum of each pair");
            self.line(|totals| totals.products[place])
        });
        let products: [Line; PRODUCTS] =
            std::array::from_fn(|_| products.next().expect("a sum of each pair"));
        let [first, sums] = [
            LOW_MOMENTS.map(|c| self.first(c)),
            LOW_MOMENTS.map(|c| self.sums(c)),
        ];
        Cross::about(
            self.count,
            first.each_ref().map(Vec::as_slice),
            sums.each_ref().map(Vec::as_slice),
            products.each_ref().map(Vec::as_slice),
        )
    }

    /// The powers of ‖Δ‖², to be merged with these.
    pub fn powers(&self, with: &Powers) -> Powers {
        let sums: [Line; 4] = std::array::from_fn(|power| self.line(|totals| totals.powers[power]));
        let sums = sums.each_ref().map(Vec::as_slice);
        with.about(self.count, &self.first(DISCREPANCY), sums)
    }

    fn first(&self, column: usize) -> Line {
        self.line(|totals| totals.first[column])
    }

    fn sums(&self, column: usize) -> Line {
        self.line(|totals| totals.columns[column])
    }

    fn squares(&self, column: usize) -> Line {
        self.line(|totals| totals.squares[column])
    }

    fn line(&self, of: impl Fn(&Totals) -> Lanes) -> Line {
        self.totals.iter().map(of).collect()
    }
}

/// A number for each lane.
#[inline(always)]
fn lanes(of: impl Fn(usize) -> f64) -> Lanes {
    std::array::from_fn(of)
}

/// The columns at a few times of a replica, with 1/N and 1/(N(N−1)).
#[inline(always)]
fn columns([per_particle, per_pair]: [f64; 2], read: &[Lanes; SUMS]) -> [Lanes; COLUMNS] {
    let mut columns = [[0.0; LANES]; COLUMNS];
    [columns[DISCREPANCY], columns[QUARTIC]] = [read[0], read[1]];
    for copy in 0..2 {
        let [sum, square, fourth] = [2, 3, 4].map(|power| read[3 * copy + power]);
        let moments = [
            lanes(|lane| sum[lane] * per_particle),
            lanes(|lane| square[lane] * per_particle),
            lanes(|lane| fourth[lane] * per_particle),
            lanes(|lane| (sum[lane] * sum[lane] - square[lane]) * per_pair),
            lanes(|lane| (square[lane] * square[lane] - fourth[lane]) * per_pair),
        ];
        let from = 2 + copy * moments.len();
        columns[from..from + moments.len()].copy_from_slice(&moments);
    }
    columns
}

vectorised! {
    /// Adds up replicas at all times, and writes the tracked columns less those of the first replica.
    fn add_up(
        weights: [f64; 2],
        read: &[[Lanes; SUMS]],
        scale: &[Lanes],
        tracked: [usize; TRACKED],
        totals: &mut [Totals],
        gaps: [&mut [Lanes]; TRACKED],
    ) {
        let width = totals.len();
        for (at, totals) in totals.iter_mut().enumerate() {
            totals.first = columns(weights, &read[at]);
            for cell in (at..read.len()).step_by(width) {
                let mut gap = columns(weights, &read[cell]);
                for (gap, first) in gap.iter_mut().zip(&totals.first) {
                    *gap = lanes(|lane| gap[lane] - first[lane]);
                }
                let sums = totals.columns.iter_mut().zip(&mut totals.squares);
                for ((sum, square), gap) in sums.zip(&gap) {
                    *sum = lanes(|lane| sum[lane] + gap[lane]);
                    *square = lanes(|lane| square[lane] + gap[lane] * gap[lane]);
                }
                let mut place = 0;
                for i in 0..QUANTITIES {
                    for j in 0..i {
                        let [x, y] = [&gap[LOW_MOMENTS[i]], &gap[LOW_MOMENTS[j]]];
                        let sum = &mut totals.products[place];
                        *sum = lanes(|lane| sum[lane] + x[lane] * y[lane]);
                        place += 1;
                    }
                }
                let scaled = lanes(|lane| gap[DISCREPANCY][lane] * scale[at][lane]);
                let square = lanes(|lane| scaled[lane] * scaled[lane]);
                let third = lanes(|lane| square[lane] * scaled[lane]);
                let fourth = lanes(|lane| square[lane] * square[lane]);
                for (sum, power) in totals.powers.iter_mut().zip([scaled, square, third, fourth]) {
                    *sum = lanes(|lane| sum[lane] + power[lane]);
                }
                for place in 0..TRACKED {
                    gaps[place][cell] = gap[tracked[place]];
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::pair::{CoupledPair, Still};

    #[test]
    fn columns_are_the_averages_they_are_named_after() {
        for particles in [1, 2, 3, 8, 9, 255, 256, 257, 1000] {
            let pair = Still::new(particles);
            let sums = pair.sums();
            let mut records = Records::new(particles, 9, 1);
            records.set(0, 8, sums);
            let summed = records.summed(9, 1, &[[1.0; LANES]; 2], [0; TRACKED]);
            let row: [f64; COLUMNS] = std::array::from_fn(|column| summed.means(column).mean(8));
            let n = particles as f64;
            let mean =
                |value: &dyn Fn(&(f64, f64, f64)) -> f64| pair.0.iter().map(value).sum::<f64>() / n;
            let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-12 * (1.0 + b.abs()));
            close(row[DISCREPANCY], n * mean(&|p| p.2 * p.2));
            close(row[QUARTIC], n * mean(&|p| p.2 * p.2 * p.2 * p.2));
            close(row[column(System::First, Moment::M1)], mean(&|p| p.0));
            close(
                row[column(System::Second, Moment::M4)],
                mean(&|p| p.1 * p.1 * p.1 * p.1),
            );
            // Over ordered pairs, one by one.
            if (2..300).contains(&particles) {
                let pairs = |value: &dyn Fn(f64, f64) -> f64| {
                    let mut sum = 0.0;
                    for (i, one) in pair.0.iter().enumerate() {
                        for (j, other) in pair.0.iter().enumerate() {
                            sum += if i == j { 0.0 } else { value(one.1, other.1) };
                        }
                    }
                    sum / (n * (n - 1.0))
                };
                close(
                    row[column(System::Second, Moment::M11)],
                    pairs(&|v, w| v * w),
                );
                close(
                    row[column(System::Second, Moment::M22)],
                    pairs(&|v, w| v * v * w * w),
                );
            }
        }
    }

    const TIMES: usize = 11;
    const REPLICAS: usize = 7;

    /// Sums read off a replica at a time, far from 0 and near it.
    fn read(replica: usize, time: usize) -> Sums {
        std::array::from_fn(|sum| {
            let noise = libm::sin((1 + replica * 31 + time * 7 + sum * 3) as f64);
            (3 * sum) as f64 + noise
        })
    }

    fn records(replicas: impl Iterator<Item = usize>) -> Records {
        let mut records = Records::new(5, TIMES, REPLICAS);
        for (place, replica) in replicas.enumerate() {
            (0..TIMES).for_each(|time| records.set(place, time, read(replica, time)));
        }
        records
    }

    #[test]
    fn tallies_of_replicas_are_those_of_their_columns() {
        let tracked = [DISCREPANCY, 3, 5, 10];
        let sizes: [f64; TIMES] = std::array::from_fn(|time| 2f64.powi(time as i32 % 5));
        let powers = Powers::new(&sizes);
        let scale = powers.scale();
        let values: Vec<Vec<[f64; COLUMNS]>> = (0..REPLICAS)
            .map(|replica| {
                let mut alone = records(std::iter::once(replica));
                let summed = alone.summed(TIMES, 1, scale, tracked);
                let at = |time| std::array::from_fn(|column| summed.means(column).mean(time));
                (0..TIMES).map(at).collect()
            })
            .collect();
        // The sample mean and variance of a number of each replica.
        let spread = |of: &dyn Fn(&Vec<[f64; COLUMNS]>) -> f64| {
            let numbers: Vec<f64> = values.iter().map(of).collect();
            let mean = numbers.iter().sum::<f64>() / REPLICAS as f64;
            let squares: f64 = numbers.iter().map(|x| (x - mean) * (x - mean)).sum();
            (mean, squares / (REPLICAS - 1) as f64)
        };
        let close = |found: f64, expected: f64| {
            let error = (found - expected).abs();
            assert!(error < 1e-12 * (1.0 + expected.abs()), "{found} {expected}");
        };
        let mut all = records(0..REPLICAS);
        let summed = all.summed(TIMES, REPLICAS, scale, tracked);
        let cross = summed.low_moments();
        let powers = summed.powers(&powers);
        for time in 0..TIMES {
            for column in 0..COLUMNS {
                let means = summed.means(column);
                let (mean, variance) = spread(&|replica| replica[time][column]);
                close(means.mean(time), mean);
                close(means.std_error(time).unwrap(), (variance / 7.0).sqrt());
            }
            let weights = [1.0, -2.0, 0.3, 5.0];
            let (_, variance) = spread(&|replica| {
                let columns = LOW_MOMENTS.map(|column| replica[time][column]);
                columns
                    .iter()
                    .zip(weights)
                    .map(|(x, weight)| x * weight)
                    .sum()
            });
            close(cross.variance_of(time, &weights).unwrap(), variance);
            let (_, variance) = spread(&|replica| replica[time][DISCREPANCY]);
            let (mean, _) = spread(&|replica| replica[time][DISCREPANCY]);
            let (fourth, _) = spread(&|replica| {
                let gap = replica[time][DISCREPANCY] - mean;
                (gap * gap) * (gap * gap)
            });
            let (third, _) = spread(&|replica| {
                let gap = replica[time][DISCREPANCY] - mean;
                gap * gap * gap
            });
            let (found, error) = powers.variance(time).unwrap();
            close(found, variance);
            let squared = variance * 6.0 / 7.0;
            close(error * error, (fourth / (squared * squared) - 1.0) / 7.0);
            let slope = -2.0 * variance / mean;
            let of_ratio =
                fourth - variance * variance + 2.0 * slope * third + slope * slope * variance;
            let (ratio, error) = powers.relative_variance(time).unwrap();
            close(ratio, variance / (mean * mean));
            close(error, (of_ratio / 7.0).sqrt() / (mean * mean));
        }
        for (place, column) in tracked.into_iter().enumerate() {
            let weights: Vec<f64> = (0..TIMES).map(|time| 0.5 - time as f64).collect();
            let (_, variance) = spread(&|replica| {
                let terms = replica.iter().zip(&weights);
                terms
                    .map(|(columns, weight)| columns[column] * weight)
                    .sum()
            });
            close(
                summed.covariances(place).variance_of(&weights).unwrap(),
                variance,
            );
        }
    }
}
