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

/// Sums over particles, in interleaved parts: of Δ², Δ⁴, V, V², V⁴, V′, V′², V′⁴.
type Sums = [[f64; LANES]; 8];

/// Read the N particles of both copies, a chunk at a time, and show each chunk
/// to `see`.
///
/// Moments are averages over particles of one replica: unbiased for the moments
/// of an exchangeable law. Those that take two particles are the averages over
/// ordered pairs, ((ΣV)² − ΣV²)/(N(N−1)) and ((ΣV²)² − ΣV⁴)/(N(N−1)), and 0 if
/// there is one particle only. Sums run over eight interleaved partial sums, so
/// that their order is fixed and they can be vectorised.
pub fn observe(
    pair: &impl CoupledPair,
    chunk: &mut Particles,
    mut see: impl FnMut(&Particles),
) -> [f64; COLUMNS] {
    let instructions = Instructions::best();
    let particles = pair.particles();
    let mut sums = [[0.0; LANES]; 8];
    for from in (0..particles).step_by(Particles::MOST) {
        pair.read(from, chunk);
        add_powers(instructions, chunk, &mut sums);
        see(chunk);
    }
    let sums = sums.map(total);
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
    fn add_powers(chunk: &Particles, sums: &mut Sums) {
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
