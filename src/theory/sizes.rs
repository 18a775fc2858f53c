//! The sizes of a random variable, and its moments beyond a size.
//!
//! The variable is a comonotone difference X = Q_f(u) − Q_h(u), u uniform on (0, 1); against a
//! point it is a velocity about a centre. Its sizes |X| are needed where a sample may lack the
//! largest ones: the size that is exceeded with a given probability, and P(|X| > c), E[|X|; |X| >
//! c] and E[X²; |X| > c] beyond a size c.
//!
//! X is taken at the middles of cells of its levels. For two laws of finitely many values it has
//! finitely many values, and these are exact.
//!
//! Claimed: errors of about a hundredth of the moments beyond a size, which is enough to bound the
//! part that a sample lacks. Not claimed: digits of moments, for which there is
//! [`pairing`](super::pairing).

use super::levels::cells;
use super::pairing::values_of_finitely_many;
use crate::law::Law;

/// The probability and the moments beyond a size c.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Beyond {
    /// P(|X| > c).
    pub probability: f64,
    /// E[|X|; |X| > c].
    pub size: f64,
    /// E[X²; |X| > c].
    pub square: f64,
}

impl Beyond {
    /// These moments, with a further cell of this probability and size.
    fn with(self, probability: f64, size: f64) -> Beyond {
        Beyond {
            probability: self.probability + probability,
            size: self.size + probability * size,
            square: self.square + probability * size * size,
        }
    }

    /// E(|X| − c)₊², the mean square of what is cut off by clipping X to [−c, c].
    pub fn clipped(&self, cut: f64) -> f64 {
        let square = self.square - 2.0 * cut * self.size + cut * cut * self.probability;
        square.max(0.0)
    }
}

/// The sizes of a random variable, the largest one first.
#[derive(Debug, Clone)]
pub struct Sizes {
    /// The size of each cell, and the moments at this size and beyond.
    cells: Vec<(f64, Beyond)>,
}

impl Sizes {
    /// The sizes of Q_f(u) − Q_h(u) for two laws.
    pub fn of_difference(first: &Law, second: &Law) -> Sizes {
        let exact = values_of_finitely_many(first, second);
        let in_cells = || {
            let cells = cells(first, second).into_iter();
            cells.map(|cell| (cell.probability, cell.value)).collect()
        };
        let mut values: Vec<(f64, f64)> = exact.unwrap_or_else(in_cells);
        for (_, value) in &mut values {
            *value = value.abs();
        }
        values.sort_by(|a, b| b.1.total_cmp(&a.1));
        let mut beyond = Beyond::default();
        let add = |(probability, size)| {
            beyond = beyond.with(probability, size);
            (size, beyond)
        };
        Sizes {
            cells: values.into_iter().map(add).collect(),
        }
    }

    /// The least size that is exceeded with at most this probability.
    pub fn exceeded_with(&self, probability: f64) -> f64 {
        let at = (self.cells).partition_point(|(_, beyond)| beyond.probability <= probability);
        self.cells.get(at).map_or(0.0, |(size, _)| *size)
    }

    /// The probability and the moments beyond a size.
    pub fn beyond(&self, cut: f64) -> Beyond {
        let count = self.cells.partition_point(|(size, _)| *size > cut);
        count
            .checked_sub(1)
            .map_or(Beyond::default(), |last| self.cells[last].1)
    }

    /// E[|X|^order; |X| > c].
    pub fn power_beyond(&self, cut: f64, order: i32) -> f64 {
        let (mut sum, mut before) = (0.0, 0.0);
        for (size, beyond) in self.cells.iter().take_while(|(size, _)| *size > cut) {
            sum += (beyond.probability - before) * libm::pow(*size, f64::from(order));
            before = beyond.probability;
        }
        sum
    }

    /// E X².
    pub fn square(&self) -> f64 {
        self.cells.last().map_or(0.0, |(_, all)| all.square)
    }

    /// E |X|^2k/(E |X|^k)², infinite or NaN where it cannot be computed.
    pub fn relative_square(&self, order: u32) -> f64 {
        let unit = self.square().sqrt();
        let (mut mean, mut square, mut before) = (0.0, 0.0, 0.0);
        for (size, beyond) in &self.cells {
            let power = libm::pow(size / unit, f64::from(order));
            mean += (beyond.probability - before) * power;
            square += (beyond.probability - before) * power * power;
            before = beyond.probability;
        }
        square / (mean * mean)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::law::{Discrete, Normal, NormalMixture, Point, StudentT, Uniform};
    use crate::numerics::special::normal_cdf;
    use crate::theory::pairing::wasserstein_squared;

    fn normal(mean: f64, sd: f64) -> Law {
        Normal::new(mean, sd).unwrap().into()
    }

    fn about(law: &Law, centre: f64) -> Sizes {
        Sizes::of_difference(law, &Point::new(centre).unwrap().into())
    }

    fn close(found: f64, expected: f64, within: f64) -> bool {
        (found / expected - 1.0).abs() < within
    }

    /// P(|Z| > c) = 2Φ(−c), E[|Z|; |Z| > c] = 2φ(c), E[Z²; |Z| > c] = 2(cφ(c) + Φ(−c)).
    #[test]
    fn moments_beyond_a_size_are_those_of_a_normal_law() {
        let sizes = about(&normal(3.0, 2.0), 3.0);
        for c in [0.5, 1.0, 3.0, 6.0, 8.0] {
            let density = libm::exp(-0.5 * c * c) / (2.0 * std::f64::consts::PI).sqrt();
            let tail = normal_cdf(-c);
            let found = sizes.beyond(2.0 * c);
            for (found, expected) in [
                (found.probability, 2.0 * tail),
                (found.size, 4.0 * density),
                (found.square, 8.0 * (c * density + tail)),
            ] {
                assert!(close(found, expected, 0.06), "{c}: {found} {expected}");
            }
            let exceeded = sizes.exceeded_with(2.0 * tail);
            assert!(close(exceeded, 2.0 * c, 0.02), "{c}: {exceeded}");
        }
        assert!(close(sizes.square(), 4.0, 1e-3));
        assert_eq!(sizes.beyond(1e9), Beyond::default());
    }

    /// For a normal w the relative square of w^q is E w^{4q}/(E w^{2q})²: 3, 11.7, 184, 2930 and 46
    /// 700 for q = 1, 2, 4, 6, 8.
    #[test]
    fn powers_of_a_normal_velocity_have_their_exact_relative_squares() {
        let sizes = about(&normal(0.0, 0.3), 0.0);
        let double_factorial = |n: u32| -> f64 { (1..n).step_by(2).map(f64::from).product() };
        for q in [1, 2, 4, 6, 8] {
            let expected = double_factorial(4 * q) / double_factorial(2 * q).powi(2);
            let found = sizes.relative_square(2 * q);
            assert!(close(found, expected, 0.02), "{q}: {found} {expected}");
        }
    }

    #[test]
    fn a_rare_part_is_found_wherever_it_lies() {
        let mixture = |rare: f64, at: f64, sides: f64| -> Law {
            let rest = 0.5 * (1.0 - rare);
            let means = vec![-sides, at, sides];
            let sds = vec![1e-3; 3];
            NormalMixture::new(vec![rest, rare, rest], means, sds)
                .unwrap()
                .into()
        };
        for rare in [1e-3, 1e-6, 1e-9] {
            // The rare part lies between two modes of both laws, or far out on one side.
            let modes: Law = NormalMixture::new(vec![0.5; 2], vec![-10.0, 10.0], vec![1e-3; 2])
                .unwrap()
                .into();
            let law = mixture(rare, 0.0, 10.0);
            let found = Sizes::of_difference(&law, &modes).square();
            assert!(close(found, rare * 100.0, 0.01), "{rare}: {found}");
            let (exact, _) = wasserstein_squared(&law, &modes);
            assert!(close(exact, rare * 100.0, 0.01), "{rare}: {exact}");
            let far = about(&mixture(rare, 1e4, 1.0), 0.0).beyond(100.0);
            assert!(close(far.probability, rare, 0.01), "{rare}: {far:?}");
            assert!(close(far.square, rare * 1e8, 0.01), "{rare}: {far:?}");
        }
    }

    /// A part of weight 2e lies between two modes and makes half of W₂²; the modes are those of the
    /// other law times 1 − d. For comonotone pairs E X² is 1.024 d² + 2e (1 − d)².
    #[test]
    fn a_part_in_the_middle_of_both_laws_is_found() {
        for rare in [1e-5, 2.6e-8, 2.4e-8, 1e-9] {
            let (outer, d) = (5e-4, (2.0 * rare / 1.024f64).sqrt());
            let mixture = |parts: &[(f64, f64)]| -> Law {
                let (weights, means) = parts.iter().copied().unzip();
                NormalMixture::new(weights, means, vec![1e-10; parts.len()])
                    .unwrap()
                    .into()
            };
            let inner = 0.5 - rare - outer;
            let first = mixture(&[
                (outer, -5.0),
                (inner, -1.0),
                (2.0 * rare, 0.0),
                (inner, 1.0),
                (outer, 5.0),
            ]);
            let second = [
                (outer, -5.0),
                (0.5 - outer, -1.0),
                (0.5 - outer, 1.0),
                (outer, 5.0),
            ];
            let second = mixture(&second.map(|(weight, mean)| (weight, (1.0 - d) * mean)));
            let expected = 1.024 * d * d + 2.0 * rare * (1.0 - d) * (1.0 - d);
            let found = Sizes::of_difference(&first, &second).square();
            assert!(close(found, expected, 0.01), "{rare}: {found} {expected}");
            let (exact, _) = wasserstein_squared(&first, &second);
            assert!(close(exact, expected, 1e-4), "{rare}: {exact} {expected}");
        }
    }

    #[test]
    fn finitely_many_values_are_exact() {
        let law: Law = Discrete::new(vec![-3.0, 0.0, 5.0], vec![0.125, 0.75, 0.125])
            .unwrap()
            .into();
        let sizes = about(&law, 0.0);
        let beyond = |cut: f64| {
            let Beyond {
                probability,
                size,
                square,
            } = sizes.beyond(cut);
            [probability, size, square]
        };
        assert_eq!(beyond(4.0), [0.125, 0.625, 3.125]);
        assert_eq!(beyond(3.0), beyond(4.0));
        assert_eq!(beyond(2.0), [0.25, 1.0, 4.25]);
        assert_eq!(
            [0.1, 0.125, 0.2, 0.25, 0.5].map(|p| sizes.exceeded_with(p)),
            [5.0, 3.0, 3.0, 0.0, 0.0]
        );
        // E(|X| − 4)₊² = 1/8.
        assert_eq!(sizes.beyond(4.0).clipped(4.0), 0.125);
    }

    /// A uniform law is compared with finitely many values: half the mass of each jump, half of a
    /// uniform law.
    #[test]
    fn sizes_of_a_continuous_against_a_discrete_law_are_found() {
        let sign: Law = Discrete::new(vec![-1.0, 1.0], vec![0.5; 2]).unwrap().into();
        let uniform: Law = Uniform::new(-1.0, 1.0).unwrap().into();
        // |X| = 1 − v for a v that is uniform on (0, 1).
        let sizes = Sizes::of_difference(&uniform, &sign);
        assert!(close(sizes.square(), 1.0 / 3.0, 1e-3));
        assert!(close(sizes.beyond(0.75).probability, 0.25, 0.05));
        let student: Law = StudentT::new(4.5, 1.0, 0.0).unwrap().into();
        assert!(close(about(&student, 0.0).square(), 4.5 / 2.5, 1e-2));
    }
}
