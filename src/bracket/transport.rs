//! Increasing piecewise linear maps of the line, as gradients of convex
//! potentials whose conjugates are exact.
//!
//! A map T goes through knots (a_j, b_j), both non-decreasing, linearly between
//! them and with slope 1 beyond the first and the last. It is the derivative of
//! a convex φ; where two a_j coincide T jumps and φ has a kink, where two b_j
//! coincide T is flat and the conjugate φ* has one. With the displacement
//! d = T − id and D(x) = ∫ d from a_0 to x,
//!
//! ```text
//! x² − 2φ(x)  = −2 D(x)                             + const
//! y² − 2φ*(y) = (y − x)² + 2 D(x)   for y ∈ ∂φ(x)   − const
//! ```
//!
//! for Young's inequality is an equality there. Both are of the order of the
//! displacement, so nothing cancels where the two laws are close. Slope 1 in the
//! tails makes both terms grow no faster than linearly: their variances are
//! finite where second moments are.
//!
//! Claimed: xy ≤ φ(x) + φ*(y) for all x, y, up to rounding, with equality where
//! y = T(x). Not claimed: that T is the optimal map between two laws.

/// An increasing map T = φ′ through knots (a_j, b_j), of slope 1 beyond them, with
/// an exact conjugate φ*: xy ≤ φ(x) + φ*(y), with equality where y = T(x).
#[derive(Debug, Clone, PartialEq)]
pub struct Transport {
    /// a_j.
    source: Vec<f64>,
    /// b_j.
    target: Vec<f64>,
    /// D(a_j).
    integral: Vec<f64>,
}

impl Transport {
    /// The map through the points (`source[j]`, `target[j]`), finite and one at
    /// least. A number below an earlier one of its sequence is raised to it, so
    /// that T is increasing whatever it was fitted to.
    ///
    /// # Panics
    ///
    /// If there is no knot, or the lengths differ.
    pub fn new(mut source: Vec<f64>, mut target: Vec<f64>) -> Transport {
        assert!(!source.is_empty(), "a knot at least");
        assert_eq!(source.len(), target.len(), "a target for each source");
        for knots in [&mut source, &mut target] {
            for j in 1..knots.len() {
                knots[j] = knots[j].max(knots[j - 1]);
            }
        }
        let mut integral = vec![0.0; source.len()];
        for j in 1..source.len() {
            let sides = (target[j - 1] - source[j - 1]) + (target[j] - source[j]);
            integral[j] = integral[j - 1] + 0.5 * sides * (source[j] - source[j - 1]);
        }
        Transport {
            source,
            target,
            integral,
        }
    }

    /// T fitted to two sorted samples of the same size n ≥ 1: knots are the means of
    /// both samples over the same `bins` stretches of ranks, with ends at
    /// ½(1 − cos(πj/bins))·n, which are finer in the tails. Empty
    /// stretches have no knot. Where numbers repeat as often as an eighth of a
    /// stretch's mean length they are an atom, and stretches end with it: T is to
    /// jump there, or be flat, not to smear it out.
    pub fn fitted(first: &[f64], second: &[f64], bins: usize) -> Transport {
        let size = first.len();
        let mut ends = bin_ends(size, bins);
        let atom = (size / (8 * bins)).max(2);
        add_atom_ends(first, atom, &mut ends);
        add_atom_ends(second, atom, &mut ends);
        ends.sort_unstable();
        ends.dedup();
        Transport::new(bin_means(first, &ends), bin_means(second, &ends))
    }

    /// T fitted to the means and standard deviations of two samples: affine
    /// within three standard deviations of the mean.
    pub fn nearly_affine(first: &[f64], second: &[f64]) -> Transport {
        Transport::new(spread(first), spread(second))
    }

    /// Knots (a_j, b_j).
    pub fn knots(&self) -> impl Iterator<Item = (f64, f64)> {
        self.source.iter().copied().zip(self.target.iter().copied())
    }

    fn displacement(&self, knot: usize) -> f64 {
        self.target[knot] - self.source[knot]
    }

    /// T(x); where T jumps, the upper end of the jump.
    pub fn map(&self, x: f64) -> f64 {
        let after = self.source.partition_point(|&a| a <= x);
        x + self.displaced(after, x).0
    }

    /// (d(x), D(x)), where `after` knots have a_j ≤ x.
    #[inline(always)]
    fn displaced(&self, after: usize, x: f64) -> (f64, f64) {
        let left = after.max(1) - 1;
        let from = x - self.source[left];
        let start = self.displacement(left);
        let rise = if after == 0 || after == self.source.len() {
            0.0
        } else {
            (self.displacement(after) - start) * (from / (self.source[after] - self.source[left]))
        };
        (
            start + rise,
            self.integral[left] + from * (start + 0.5 * rise),
        )
    }

    /// x² − 2φ(x), where `after` knots have a_j ≤ x.
    #[inline(always)]
    fn first_term_after(&self, after: usize, x: f64) -> f64 {
        -2.0 * self.displaced(after, x).1
    }

    /// y² − 2φ*(y), where `after` knots have b_j ≤ y.
    #[inline(always)]
    fn second_term_after(&self, after: usize, y: f64) -> f64 {
        let left = after.max(1) - 1;
        let start = self.displacement(left);
        let (from, rise) = if after == 0 || after == self.target.len() {
            (y - self.target[left], 0.0)
        } else {
            let part = (y - self.target[left]) / (self.target[after] - self.target[left]);
            (
                part * (self.source[after] - self.source[left]),
                part * (self.displacement(after) - start),
            )
        };
        let gap = start + rise;
        gap * gap + 2.0 * (self.integral[left] + from * (start + 0.5 * rise))
    }

    /// x² − 2φ(x).
    pub fn first_term(&self, x: f64) -> f64 {
        self.first_term_after(self.source.partition_point(|&a| a <= x), x)
    }

    /// y² − 2φ*(y).
    pub fn second_term(&self, y: f64) -> f64 {
        self.second_term_after(self.target.partition_point(|&b| b <= y), y)
    }

    /// Give each number of a sorted sequence to `take` with its x² − 2φ(x).
    pub(super) fn first_terms(
        &self,
        sorted: impl Iterator<Item = f64>,
        mut take: impl FnMut(usize, f64),
    ) {
        let mut after = 0;
        for (index, x) in sorted.enumerate() {
            while after < self.source.len() && self.source[after] <= x {
                after += 1;
            }
            take(index, self.first_term_after(after, x));
        }
    }

    /// Give each number of a sorted sequence to `take` with its y² − 2φ*(y).
    pub(super) fn second_terms(
        &self,
        sorted: impl Iterator<Item = f64>,
        mut take: impl FnMut(usize, f64),
    ) {
        let mut after = 0;
        for (index, y) in sorted.enumerate() {
            while after < self.target.len() && self.target[after] <= y {
                after += 1;
            }
            take(index, self.second_term_after(after, y));
        }
    }
}

/// Add the ranks at which runs of at least `least` equal numbers begin and end. Such
/// a run holds a rank that is a multiple of `least`, and no others are looked at.
fn add_atom_ends(sorted: &[f64], least: usize, ends: &mut Vec<usize>) {
    let mut rank = 0;
    while rank < sorted.len() {
        let value = sorted[rank];
        let begin = sorted[..rank].partition_point(|&x| x < value);
        let end = rank + sorted[rank..].partition_point(|&x| x <= value);
        if end - begin >= least {
            ends.extend([begin, end].iter().filter(|&&end| end > 0));
        }
        rank = end.next_multiple_of(least);
    }
}

/// The ends of stretches of ranks, in order; there may be equal ones.
fn bin_ends(size: usize, bins: usize) -> Vec<usize> {
    let end = |j: usize| {
        let angle = std::f64::consts::PI * j as f64 / bins as f64;
        let part = 0.5 * (1.0 - libm::cos(angle)) * size as f64;
        (libm::round(part) as usize).min(size)
    };
    let mut ends: Vec<usize> = (1..bins).map(end).filter(|&end| end > 0).collect();
    ends.push(size);
    ends
}

/// Means over stretches of a sorted sample, each from its least number on: equal
/// numbers have exactly themselves as a mean.
fn bin_means(sorted: &[f64], ends: &[usize]) -> Vec<f64> {
    let begins = [0].into_iter().chain(ends.iter().copied());
    let stretches = begins.zip(ends).map(|(begin, &end)| &sorted[begin..end]);
    stretches
        .map(|stretch| {
            let least = stretch[0];
            let more: f64 = stretch[1..].iter().map(|x| x - least).sum();
            least + more / stretch.len() as f64
        })
        .collect()
}

/// The mean minus and plus three standard deviations.
fn spread(sample: &[f64]) -> Vec<f64> {
    let count = sample.len() as f64;
    let mean = sample.iter().fold(0.0, |sum, x| sum + x) / count;
    let squares: f64 = sample.iter().map(|x| (x - mean) * (x - mean)).sum();
    let reach = 3.0 * (squares / count).sqrt();
    vec![mean - reach, mean + reach]
}
