//! What is read off two copies of the gas at a record time.

use crate::simulate::pair::{CoupledPair, Particles};
use crate::theory::{Moment, System};
use crate::vector::{Instructions, vectorised};

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

const LANES: usize = 8;

/// Number of sums over particles: of Δ², Δ⁴, V, V², V⁴, V′, V′², V′⁴.
const SUMS: usize = 8;

/// Read the N particles of both copies; `see`, if any, is shown them in chunks.
///
/// Moments are averages over particles of one replica: unbiased for the moments
/// of an exchangeable law. Those that take two particles are the averages over
/// ordered pairs, ((ΣV)² − ΣV²)/(N(N−1)) and ((ΣV²)² − ΣV⁴)/(N(N−1)), and 0 if
/// there is one particle only. Sums run over eight interleaved partial sums, so
/// that their order is fixed and they can be vectorised.
pub fn observe(
    pair: &impl CoupledPair,
    chunk: &mut Particles,
    see: Option<&mut dyn FnMut(&Particles)>,
) -> [f64; COLUMNS] {
    let particles = pair.particles();
    let sums = if particles <= LANES && see.is_none() {
        sums_of_few(pair, particles)
    } else {
        sums_of_many(pair, chunk, see)
    };
    let mut row = [0.0; COLUMNS];
    row[DISCREPANCY] = sums[0];
    row[QUARTIC] = sums[1];
    for (system, powers) in System::ALL.into_iter().zip(sums[2..].chunks_exact(3)) {
        for (moment, value) in Moment::ALL.into_iter().zip(moments(powers, particles)) {
            row[column(system, moment)] = value;
        }
    }
    row
}

/// The sums of any number of particles.
fn sums_of_many(
    pair: &impl CoupledPair,
    chunk: &mut Particles,
    mut see: Option<&mut dyn FnMut(&Particles)>,
) -> [f64; SUMS] {
    let instructions = Instructions::best();
    let mut sums = [[0.0; LANES]; SUMS];
    for from in (0..pair.particles()).step_by(Particles::MOST) {
        pair.read(from, chunk);
        add_powers(instructions, chunk, &mut sums);
        if let Some(see) = &mut see {
            see(chunk);
        }
    }
    sums.map(total)
}

/// The sums of at most eight particles, one in each part: the same bits with
/// less ado.
fn sums_of_few(pair: &impl CoupledPair, particles: usize) -> [f64; SUMS] {
    let mut parts = [[0.0; SUMS]; LANES];
    for (index, part) in parts[..particles].iter_mut().enumerate() {
        let (f, h, d) = pair.particle(index);
        let (dd, ff, hh) = (d * d, f * f, h * h);
        // 0 + x, as a sum starts from 0.
        *part = [dd, dd * dd, 0.0 + f, ff, ff * ff, 0.0 + h, hh, hh * hh];
    }
    let [a, b, c, d, e, f, g, h] = parts;
    std::array::from_fn(|k| total([a[k], b[k], c[k], d[k], e[k], f[k], g[k], h[k]]))
}

/// The sum of all parts, in pairs: a short chain of additions.
fn total(parts: [f64; LANES]) -> f64 {
    let [a, b, c, d, e, f, g, h] = parts;
    ((a + e) + (c + g)) + ((b + f) + (d + h))
}

/// (m1, m2, m4, m11, m22) from ΣV, ΣV², ΣV⁴.
fn moments(powers: &[f64], particles: usize) -> [f64; 5] {
    let n = particles as f64;
    let [sum, square, fourth] = [powers[0], powers[1], powers[2]];
    let per_particle = 1.0 / n;
    let per_pair = if particles == 1 {
        0.0
    } else {
        1.0 / (n * (n - 1.0))
    };
    [
        sum * per_particle,
        square * per_particle,
        fourth * per_particle,
        (sum * sum - square) * per_pair,
        (square * square - fourth) * per_pair,
    ]
}

vectorised! {
    /// Add a chunk's powers to the sums; it is padded with zeros to whole lanes.
    fn add_powers(chunk: &Particles, sums: &mut [[f64; LANES]; SUMS]) {
        let (difference, first, second) = chunk.padded();
        let lanes = difference.as_chunks::<LANES>().0.iter();
        let lanes = lanes.zip(first.as_chunks::<LANES>().0).zip(second.as_chunks::<LANES>().0);
        let [s2, s4, f1, f2, f4, h1, h2, h4] = sums;
        for ((difference, first), second) in lanes {
            for lane in 0..LANES {
                let (d, f, h) = (difference[lane], first[lane], second[lane]);
                let (dd, ff, hh) = (d * d, f * f, h * h);
                s2[lane] += dd;
                s4[lane] += dd * dd;
                f1[lane] += f;
                f2[lane] += ff;
                f4[lane] += ff * ff;
                h1[lane] += h;
                h2[lane] += hh;
                h4[lane] += hh * hh;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::slabs::Place;

    /// Velocities that do not move.
    struct Still(Vec<(f64, f64, f64)>);

    impl CoupledPair for Still {
        fn restart(&mut self, _seed: u64, _replica: u64, _horizon: Place) {}
        fn advance_to(&mut self, _place: Place) {}
        fn particles(&self) -> usize {
            self.0.len()
        }
        fn particle(&self, index: usize) -> (f64, f64, f64) {
            self.0[index]
        }
        fn collisions(&self) -> u64 {
            0
        }
    }

    fn still(particles: usize) -> Still {
        let velocity = |i: usize| (libm::sin(i as f64 * 3.7), libm::cos(i as f64 * 1.9));
        let pair = |(f, h): (f64, f64)| (f, h, f - h);
        Still((0..particles).map(|i| pair(velocity(i))).collect())
    }

    #[test]
    fn few_particles_give_the_bits_of_many() {
        for particles in 1..=LANES {
            let pair = still(particles);
            let many = sums_of_many(&pair, &mut Particles::default(), None);
            assert_eq!(
                sums_of_few(&pair, particles).map(f64::to_bits),
                many.map(f64::to_bits)
            );
        }
    }

    #[test]
    fn columns_are_the_averages_they_are_named_after() {
        for particles in [1, 2, 3, 8, 9, 255, 256, 257, 1000] {
            let pair = still(particles);
            let mut seen = 0;
            let mut count = |chunk: &Particles| seen += chunk.first().len();
            let row = observe(&pair, &mut Particles::default(), Some(&mut count));
            assert_eq!(seen, particles);
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
