//! Noise n of the difference of the quantile functions of two pooled samples, as a function
//! in L²(0, 1).
//!
//! It is what batches of replicas differ in. Copies that are coupled have less of it.

use super::dual::Sorted;
use super::less;
use crate::law::student_one_sided;

/// The number of batches of consecutive replicas, if there are as many replicas.
///
/// Noise that moves mass between atoms grows only with the root of a sample, so smaller batches
/// make it look smaller. Fewer batches show less well how noise is spread over many directions.
const NOISE_BATCHES: usize = 40;
/// The number of scalar products that are summed at once; a single sum would wait for its last
/// addition.
const TOGETHER: usize = 8;
/// λ is computed as (tr G^2p)^(1/2p), where p is two to this power.
const SQUARINGS: i32 = 4;

/// The trace and the largest eigenvalue of the covariance of n, from batches.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Noise {
    batches: usize,
    variances: Variances,
}

impl Noise {
    /// The noise of both copies, from at least two replicas. Replicas that are in no batch could
    /// only make it smaller.
    pub(super) fn of(particles: usize, replicas: usize, copies: [&Sorted; 2]) -> Noise {
        let batches = NOISE_BATCHES.min(replicas);
        let [first, second] = copies.map(|copy| copy.batches(particles, batches));
        let pairs = first.iter().zip(&second);
        let gaps: Vec<Vec<f64>> = pairs.map(|(f, h)| less(f, h)).collect();
        Noise {
            batches,
            variances: Variances::of_mean(&gaps),
        }
    }

    /// E‖n‖².
    pub(super) fn total(&self) -> f64 {
        self.variances.total
    }

    /// t²λ, λ the largest eigenvalue: with confidence (1 + `confidence`)/2, noise in one direction
    /// has ‖n‖² of at most this.
    pub(super) fn in_one_direction(&self, confidence: f64) -> f64 {
        self.squared_quantile(confidence) * self.variances.largest
    }

    /// t² E‖n‖²: the corresponding bound for noise in all directions, and mostly for noise that is
    /// far from normal.
    pub(super) fn in_all_directions(&self, confidence: f64) -> f64 {
        self.squared_quantile(confidence) * self.variances.total
    }

    fn squared_quantile(&self, confidence: f64) -> f64 {
        let t = student_one_sided((self.batches - 1) as f64, 0.25 * (1.0 - confidence));
        t * t
    }
}

/// Trace and largest eigenvalue of a covariance.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Variances {
    total: f64,
    largest: f64,
}

impl Variances {
    /// The variances of the mean of functions on (0, 1), estimated from the differences of the
    /// functions; each is given by its values in equally many equal cells.
    ///
    /// They are those of the matrix G of the functions' scalar products about their mean. The
    /// largest eigenvalue from (tr G^2p)^(1/2p) is not too small, and too large by a factor of at
    /// most 40^(1/32) = 1.12.
    fn of_mean(functions: &[Vec<f64>]) -> Variances {
        let (count, cells) = (functions.len(), functions[0].len());
        let mean_at = |cell: usize| functions.iter().map(|f| f[cell]).sum::<f64>() / count as f64;
        let mean: Vec<f64> = (0..cells).map(mean_at).collect();
        let centred: Vec<Vec<f64>> = functions.iter().map(|f| less(f, &mean)).collect();
        let mut power = scalar_products(&centred);
        let trace: f64 = (0..count).map(|i| power[i][i]).sum();
        if trace == 0.0 {
            return Variances {
                total: 0.0,
                largest: 0.0,
            };
        }
        // Powers of a matrix of trace 1 do not overflow.
        for product in power.iter_mut().flatten() {
            *product /= trace;
        }
        for _ in 0..SQUARINGS {
            power = scalar_products(&power);
        }
        let trace_of_square: f64 = power.iter().flatten().map(|x| x * x).sum();
        let root = libm::pow(trace_of_square, 0.5 * libm::pow(2.0, -f64::from(SQUARINGS)));
        let total = trace / (cells * count * (count - 1)) as f64;
        Variances {
            total,
            largest: root * total,
        }
    }
}

/// The scalar products of all pairs of vectors; for the rows of a symmetric matrix this is its
/// square.
fn scalar_products(vectors: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let mut products = vec![vec![0.0; vectors.len()]; vectors.len()];
    for (i, one) in vectors.iter().enumerate() {
        for j in (0..=i).step_by(TOGETHER) {
            // The last vector is used more than once if there are fewer.
            let others = std::array::from_fn(|k| &vectors[(j + k).min(i)][..]);
            for (k, product) in products_with(one, others).into_iter().enumerate() {
                let j = (j + k).min(i);
                products[i][j] = product;
                products[j][i] = product;
            }
        }
    }
    products
}

fn products_with(one: &[f64], others: [&[f64]; TOGETHER]) -> [f64; TOGETHER] {
    let others = others.map(|other| &other[..one.len()]);
    let mut sums = [0.0; TOGETHER];
    for (cell, x) in one.iter().enumerate() {
        for (sum, other) in sums.iter_mut().zip(others) {
            *sum += x * other[cell];
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_pairs_have_their_scalar_products() {
        for count in [1, 2, 7, 8, 9, 40] {
            let vector = |i: usize| (0..5).map(|k| ((i * i + 3 * k) % 11) as f64).collect();
            let vectors: Vec<Vec<f64>> = (0..count).map(vector).collect();
            let products = scalar_products(&vectors);
            for (x, line) in vectors.iter().zip(&products) {
                for (y, &product) in vectors.iter().zip(line) {
                    let terms = x.iter().zip(y).map(|(x, y)| x * y);
                    assert_eq!(product, terms.sum::<f64>());
                }
            }
        }
    }

    /// The functions vary along two directions, which are orthogonal and have unequal variances.
    #[test]
    fn the_trace_and_the_largest_eigenvalue_are_found() {
        let (long, short) = ([1.0, 1.0, 1.0, 1.0], [2.0, -2.0, 2.0, -2.0]);
        // Both have mean 0 and are uncorrelated; the mean of the four has the variances 2/3 · ‖·‖².
        let along = [(1.0, 1.0), (1.0, -1.0), (-1.0, 1.0), (-1.0, -1.0)];
        for (first, second) in [(3.0, 0.0), (3.0, 0.5), (0.1, 2.0)] {
            let function = |(a, b): (f64, f64)| -> Vec<f64> {
                let cells = long.iter().zip(&short);
                // A common part of the functions is no noise.
                let value = |(l, s)| 7.0 + first * a * l + second * b * s;
                cells.map(value).collect()
            };
            let found = Variances::of_mean(&along.map(function));
            let variances: [f64; 2] = [first * first / 3.0, 4.0 * second * second / 3.0];
            let ratio = found.largest / variances[0].max(variances[1]);
            assert!(
                (1.0 - 1e-12..1.12).contains(&ratio),
                "{found:?} {variances:?}"
            );
            let ratio = found.total / (variances[0] + variances[1]);
            assert!((ratio - 1.0).abs() < 1e-12, "{found:?} {variances:?}");
        }
        let same = Variances::of_mean(&[vec![1.0, 2.0], vec![1.0, 2.0]]);
        assert_eq!((same.total, same.largest), (0.0, 0.0));
    }

    /// Batches differ by shifts of the second copy, so λ is the variance of the mean shift.
    /// Replicas that are in no batch are left out.
    #[test]
    fn shifts_of_batches_are_noise_of_one_direction() {
        let particles = 3;
        for replicas in [2, 3, 40, 41, 1000, 1039] {
            let batches = NOISE_BATCHES.min(replicas);
            let each = replicas / batches;
            let shift = |batch: usize| if batch < batches { batch as f64 } else { 1e9 };
            let copy = |scale: f64| -> Vec<f64> {
                let of_replica = |replica: usize| scale * shift(replica / each);
                (0..replicas * particles)
                    .map(|i| of_replica(i / particles) + 1e4 * (i % particles) as f64)
                    .collect()
            };
            let [first, second] = super::super::sorted(particles, [&copy(0.0), &copy(1.0)]);
            let noise = Noise::of(particles, replicas, [&first, &second]);
            let count = batches as f64;
            // This is the variance of 0, 1, …, B − 1, divided by B for their mean.
            let variance = (count * count - 1.0) / 12.0 / (count - 1.0);
            let t = student_one_sided((batches - 1) as f64, 0.0125);
            for square in [noise.in_one_direction(0.95), noise.in_all_directions(0.95)] {
                let ratio = square / (t * t * variance);
                assert!((ratio - 1.0).abs() < 1e-9, "{replicas}: {ratio}");
            }
        }
    }
}
