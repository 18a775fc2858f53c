//! The numbers that are read off two copies of the gas at a record time.

use super::tally::LANES;
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
pub fn column(system: System, moment: Moment) -> usize {
    2 + system as usize * Moment::ALL.len() + moment as usize
}

/// Numbers over the record times of replicas, each replica's in whole lanes.
type Lines = Vec<[f64; LANES]>;

/// The numbers read off some replicas at all record times.
#[derive(Debug)]
pub struct Records {
    particles: usize,
    /// Lanes that the record times of a replica take.
    width: usize,
    sums: [Lines; SUMS],
    columns: [Lines; COLUMNS],
}

impl Records {
    /// Room for the records of some replicas of N = `particles`.
    pub fn new(particles: usize, times: usize, replicas: usize) -> Self {
        let width = times.div_ceil(LANES);
        let lines = || vec![[0.0; LANES]; width * replicas];
        Records {
            particles,
            width,
            sums: std::array::from_fn(|_| lines()),
            columns: std::array::from_fn(|_| lines()),
        }
    }

    /// Keep what was read at a record time of a replica.
    pub fn set(&mut self, replica: usize, time: usize, sums: Sums) {
        let cell = replica * self.width * LANES + time;
        for (lines, sum) in self.sums.iter_mut().zip(sums) {
            lines.as_flattened_mut()[cell] = sum;
        }
    }

    /// The columns of the first `replicas` replicas: for each replica a line,
    /// padded with zeros to whole lanes.
    ///
    /// Moments are averages over particles of one replica: unbiased for the
    /// moments of an exchangeable law. Those that take two particles are the
    /// averages over ordered pairs, ((ΣV)² − ΣV²)/(N(N−1)) and
    /// ((ΣV²)² − ΣV⁴)/(N(N−1)), and 0 if there is one particle only.
    pub fn columns(&mut self, replicas: usize) -> [&mut [[f64; LANES]]; COLUMNS] {
        let end = replicas * self.width;
        let n = self.particles as f64;
        let pairs = n * (n - 1.0);
        let weights = [1.0 / n, if pairs > 0.0 { 1.0 / pairs } else { 0.0 }];
        let sums = self.sums.each_ref().map(|lines| &lines[..end]);
        let mut columns = self.columns.each_mut().map(|lines| &mut lines[..end]);
        let [discrepancy, quartic, of_copies @ ..] = &mut columns;
        discrepancy.copy_from_slice(sums[0]);
        quartic.copy_from_slice(sums[1]);
        let powers = sums[2..].as_chunks::<3>().0.iter();
        for (powers, columns) in powers.zip(of_copies.as_chunks_mut::<5>().0) {
            moments(Instructions::best(), weights, powers, columns);
        }
        columns
    }
}

vectorised! {
    /// m1, m2, m4, m11 and m22 from ΣV, ΣV² and ΣV⁴, with 1/N and 1/(N(N−1)).
    fn moments(
        weights: [f64; 2],
        powers: &[&[[f64; LANES]]; 3],
        columns: &mut [&mut [[f64; LANES]]; 5],
    ) {
        let [per_particle, per_pair] = weights;
        let [sums, squares, fourths] = powers.map(|lines| lines.as_flattened());
        let [m1, m2, m4, m11, m22] = columns.each_mut().map(|lines| lines.as_flattened_mut());
        let powers = sums.iter().zip(squares).zip(fourths);
        let columns = m1.iter_mut().zip(m2).zip(m4).zip(m11).zip(m22);
        for (((sum, square), fourth), ((((m1, m2), m4), m11), m22)) in powers.zip(columns) {
            *m1 = sum * per_particle;
            *m2 = square * per_particle;
            *m4 = fourth * per_particle;
            *m11 = (sum * sum - square) * per_pair;
            *m22 = (square * square - fourth) * per_pair;
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
            // The second record of the second of three replicas.
            let mut records = Records::new(particles, 9, 3);
            records.set(1, 8, sums);
            let row = records.columns(3).map(|lines| lines.as_flattened()[24]);
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
}
