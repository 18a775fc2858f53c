//! Variances over replicas of averages over a copy.
//!
//! F_a is the average of V_{i_1}^{a_1} ⋯ V_{i_k}^{a_k} over all k distinct particles: F_2 measures m2, F_22 measures
//! m22. Its variance at a time follows from covariances at time 0 and from the changes in collisions
//! ([`hierarchy`](super::hierarchy)). For independent particles two averages covary only where they share particles:
//!
//! ```text
//! Cov(F_a, F_b) = Σ over patterns of their share of all tuples, times ∏ E V^{p+q} − ∏ E V^p E V^q
//! Cov(V^p, V^q) = Σ_{j,k ≥ 1} C(p,j) C(q,k) m^{p−j+q−k} (μ_{j+k} − μ_j μ_k)
//! ```
//!
//! with p and q the powers of a particle in both, and μ_j the moments about the mean m. No squares of means are
//! subtracted from each other, so a spread keeps its digits beside a mean of any size.

use super::hierarchy::{MomentSystem, binomial, patterns, tuples};
use super::{Moment, RawMoments, System, Theory, has_eighth_powers};
use crate::law::joint::Joint;
use crate::law::power;

/// The averages whose variances are known, in groups that feed each other.
pub(super) const GROUPS: [&[&[u32]]; 4] = [&[&[1]], &[&[2]], &[&[1, 1]], &[&[4], &[2, 2]]];

impl Moment {
    /// The powers of distinct particles whose mean the moment is.
    fn powers(self) -> &'static [u32] {
        match self {
            Moment::M1 => &[1],
            Moment::M2 => &[2],
            Moment::M4 => &[4],
            Moment::M11 => &[1, 1],
            Moment::M22 => &[2, 2],
        }
    }
}

impl Theory {
    /// Standard deviation over replicas of a moment's average over the particles (or
    /// the pairs of particles) of a copy at a time; `None` where it is infinite.
    pub fn moment_deviation(&self, copy: System, moment: Moment, time: f64) -> Option<f64> {
        let variance = self.variance_of_average(copy, moment.powers(), time)?;
        let mean = self.moment(copy, moment, time)?;
        // The value is not known if a square overflowed or underflowed.
        let is_known = moment == Moment::M1 || (mean * mean + variance).is_normal();
        is_known.then(|| variance.sqrt())
    }

    /// The variance over replicas of the average F_a of a copy at a time, for a among 1, 2, 11, 4 and 22; `None` where
    /// it is infinite, or is of more particles than there are.
    pub(super) fn variance_of_average(&self, copy: System, a: &[u32], time: f64) -> Option<f64> {
        let group = GROUPS.iter().position(|group| group.contains(&a))?;
        let degree = 2 * a.iter().sum::<u32>();
        let is_finite = |moments: &RawMoments| moments[degree as usize].is_some();
        let fits = degree < 8 || has_eighth_powers(self.bath_variance);
        if !is_finite(&self.bath) || !is_finite(&self.initial[copy as usize]) || !fits {
            return None;
        }
        let system = self.spreads[group].get_or_init(|| self.spread_of(GROUPS[group]));
        let position = system.position_of_covariance(a, a)?;
        let start = system.start_with(
            |partition| self.initial_moment(copy, partition).unwrap_or(0.0),
            |a, b| self.covariance_at_start(copy, a, b).unwrap_or(f64::NAN),
        );
        let variance = system.at(&start, time)[position];
        variance.is_finite().then(|| variance.max(0.0))
    }

    fn spread_of(&self, averages: &[&[u32]]) -> MomentSystem {
        let rates = self.rates;
        let bath_moment = |order: u32| match order {
            2 => self.bath_variance,
            _ => self.bath[order as usize].expect("a finite moment of the bath"),
        };
        MomentSystem::of_covariances(
            self.particles,
            rates.pair,
            rates.bath,
            averages,
            bath_moment,
        )
    }

    /// Cov(F_a, F_b) of a copy at time 0; `None` where it is infinite.
    ///
    /// * `mirrored-equal`: the sign is the same in all powers. So the covariance is that of the product law, plus E F_a
    ///   E F_b where both degrees are odd.
    /// * `mirrored-opposite`, with e_i the signs and X_i = m + Y_i: the sign is lost in even powers, ΣV_i = Σe_i Y_i,
    ///   and Σ_{i≠j} V_i V_j = Σ_{i≠j} e_i e_j Y_i Y_j − 2mΣY_i − Nm².
    /// * `sphere`: ΣV² is constant, and so is N(N−1) F_22 + N F_4.
    fn covariance_at_start(&self, copy: System, a: &[u32], b: &[u32]) -> Option<f64> {
        let n = self.particles as f64;
        let is_even = |powers: &[u32]| powers.iter().all(|power| power % 2 == 0);
        let degree = |powers: &[u32]| powers.iter().sum::<u32>();
        match (self.joints[copy as usize], a, b) {
            (Joint::Product, ..) => self.covariance_of_products(copy, a, b),
            (Joint::MirroredEqual, ..) => match [a, b].map(|powers| degree(powers) % 2) {
                [0, 0] => self.covariance_of_products(copy, a, b),
                [1, 1] => self.covariance_as_it_is(copy, a, b),
                _ => Some(0.0),
            },
            (Joint::MirroredOpposite, ..) if is_even(a) && is_even(b) => {
                self.covariance_of_products(copy, a, b)
            }
            (Joint::MirroredOpposite, [1], [1]) => Some(self.about_mean[copy as usize][2]? / n),
            (Joint::MirroredOpposite, [1, 1], [1, 1]) => {
                let (mean, variance) = (
                    self.initial[copy as usize][1]?,
                    self.about_mean[copy as usize][2]?,
                );
                let of_mean = 4.0 * mean * mean / (n - 1.0);
                Some(variance * (2.0 * variance + of_mean) / (n * (n - 1.0)))
            }
            (Joint::Sphere, [2], _) | (Joint::Sphere, _, [2]) => Some(0.0),
            (Joint::Sphere, [2, 2], _) => {
                Some(-self.covariance_at_start(copy, &[4], b)? / (n - 1.0))
            }
            (Joint::Sphere, _, [2, 2]) => {
                Some(-self.covariance_at_start(copy, a, &[4])? / (n - 1.0))
            }
            (Joint::MirroredOpposite | Joint::Sphere, ..) => self.covariance_as_it_is(copy, a, b),
        }
    }

    /// Cov(F_a, F_b) of independent particles.
    fn covariance_of_products(&self, copy: System, a: &[u32], b: &[u32]) -> Option<f64> {
        let moment = |order: u32| self.initial[copy as usize][order as usize];
        let mut sum = 0.0;
        for pattern in self.shared_patterns(a, b) {
            // `apart` is ∏ E V^p E V^q, and `covariance` is ∏ E V^{p+q} − ∏ E V^p E V^q, over the particles so far.
            let (mut apart, mut covariance) = (1.0, 0.0);
            for &(p, q) in pattern.iter().filter(|&&(p, q)| p > 0 && q > 0) {
                covariance =
                    covariance * moment(p + q)? + apart * self.covariance_of_powers(copy, p, q)?;
                apart *= moment(p)? * moment(q)?;
            }
            for &(p, q) in pattern.iter().filter(|&&(p, q)| p == 0 || q == 0) {
                covariance *= moment(p + q)?;
            }
            sum += self.share(pattern.len(), a, b) * covariance;
        }
        Some(sum)
    }

    /// E F_a F_b − E F_a E F_b.
    fn covariance_as_it_is(&self, copy: System, a: &[u32], b: &[u32]) -> Option<f64> {
        let mut product = 0.0;
        for pattern in patterns(a, b) {
            let mut powers: Vec<u32> = pattern.iter().map(|(p, q)| p + q).collect();
            powers.sort_unstable_by(|one, other| other.cmp(one));
            product += self.share(pattern.len(), a, b) * self.initial_moment(copy, &powers)?;
        }
        Some(product - self.initial_moment(copy, a)? * self.initial_moment(copy, b)?)
    }

    /// Patterns of tuples that share particles.
    fn shared_patterns(&self, a: &[u32], b: &[u32]) -> impl Iterator<Item = Vec<(u32, u32)>> {
        let all = a.len() + b.len();
        let patterns = patterns(a, b).into_iter();
        patterns.filter(move |pattern| pattern.len() < all)
    }

    /// The share of a pattern with so many particles among all pairs of tuples.
    fn share(&self, particles: usize, a: &[u32], b: &[u32]) -> f64 {
        let [pattern, of_a, of_b] =
            [particles, a.len(), b.len()].map(|length| tuples(self.particles, length));
        pattern / of_a / of_b
    }

    /// Cov(V^p, V^q) of one velocity of the law that a copy is made from.
    fn covariance_of_powers(&self, copy: System, p: u32, q: u32) -> Option<f64> {
        let mean = self.initial[copy as usize][1]?;
        let about_mean = |order: u32| self.about_mean[copy as usize][order as usize];
        let mut sum = 0.0;
        for j in 1..=p {
            for k in 1..=q {
                let weight = binomial(p, j) * binomial(q, k) * power(mean, p - j + q - k);
                if weight != 0.0 {
                    sum += weight * (about_mean(j + k)? - about_mean(j)? * about_mean(k)?);
                }
            }
        }
        Some(sum)
    }
}
