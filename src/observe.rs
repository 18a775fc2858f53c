//! What is read off two copies of the gas at a record time.

use crate::simulate::pair::{CoupledPair, Particle};
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

const SUMS: usize = 8;
const LANES: usize = 8;

/// Read the N particles of both copies.
///
/// Moments are averages over particles of one replica: unbiased for the moments
/// of an exchangeable law. Those that take two particles are the averages over
/// ordered pairs, ((ΣV)² − ΣV²)/(N(N−1)) and ((ΣV²)² − ΣV⁴)/(N(N−1)), and 0 if
/// there is one particle only. Sums run over eight interleaved partial sums, so
/// that their order is fixed and they can be vectorised.
pub fn observe(pair: &impl CoupledPair, particles: usize) -> [f64; COLUMNS] {
    let sums = sum_powers(pair, particles);
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

/// (m1, m2, m4, m11, m22) from ΣV, ΣV², ΣV⁴.
fn moments(powers: &[f64], particles: usize) -> [f64; 5] {
    let n = particles as f64;
    let [sum, square, fourth] = [powers[0], powers[1], powers[2]];
    let over_pairs = |value: f64| {
        if particles == 1 {
            0.0
        } else {
            value / (n * (n - 1.0))
        }
    };
    [
        sum / n,
        square / n,
        fourth / n,
        over_pairs(sum * sum - square),
        over_pairs(square * square - fourth),
    ]
}

#[inline(always)]
fn powers(particle: Particle) -> [f64; SUMS] {
    let Particle {
        first,
        second,
        difference,
    } = particle;
    let (d2, f2, s2) = (difference * difference, first * first, second * second);
    [d2, d2 * d2, first, f2, f2 * f2, second, s2, s2 * s2]
}

fn sum_powers(pair: &impl CoupledPair, particles: usize) -> [f64; SUMS] {
    let mut partial = [[0.0; LANES]; SUMS];
    let whole = particles / LANES * LANES;
    for start in (0..whole).step_by(LANES) {
        for lane in 0..LANES {
            let values = powers(pair.particle(start + lane));
            for (sum, value) in partial.iter_mut().zip(values) {
                sum[lane] += value;
            }
        }
    }
    for index in whole..particles {
        let values = powers(pair.particle(index));
        for (sum, value) in partial.iter_mut().zip(values) {
            sum[index - whole] += value;
        }
    }
    partial.map(|lanes| lanes.iter().sum())
}
