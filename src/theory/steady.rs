//! The steady state (Theorem 1): its exact moments, and the time by which a run has reached it.
//!
//! Moments that no longer change solve A y = 0 with the generator A of
//! [`hierarchy`](super::hierarchy). They depend on κ/β and the bath alone. In
//! particular m1 = m11 = 0 and m2 = g_2, those of g^{⊗N}; but m22 ≠ g_2² for a
//! finite N, and for N → ∞ the excess kurtosis is 3β/(2κ + 5β) times the bath's:
//! the steady state is neither a product law nor the bath's nor a Maxwellian,
//! unless the bath is one.
//!
//! Claimed: moments, the bound on W₂² between two copies, and the standard errors of time averages of m1, m2, m11, m4,
//! m22 and of m4/m2² (to first order) are exact; the standard errors hold for a copy that has reached the steady state.
//! Not claimed: statements about moments of a degree above 8.

use super::hierarchy::{MomentSystem, apply, product};
use super::{Quantity, Theory, moment_of};
use crate::law::Law;
use crate::model::Rates;
use ndarray::{Array1, Array2};

/// The moments of a steady state that are measured, as powers of distinct
/// particles, with their names.
pub const MOMENTS: [(&str, &[u32]); 9] = [
    ("m1", &[1]),
    ("m2", &[2]),
    ("m4", &[4]),
    ("m11", &[1, 1]),
    ("m22", &[2, 2]),
    ("m6", &[6]),
    ("m42", &[4, 2]),
    ("m222", &[2, 2, 2]),
    ("m8", &[8]),
];

/// ΣV²/N, ΣV⁴/N and ΣV_k²V_l²/(N(N−1)) over k ≠ l; no other moments feed them.
const EVEN: [&[u32]; 3] = [&[2], &[4], &[2, 2]];

/// A moment counts as steady when this share of it, at most, is left of its start: a hundredth of the standard error of
/// 10¹⁰ independent velocities.
const REMAINDER: f64 = 1e-7;

/// The number of records that time averages are over.
pub const RECORDS: usize = 32;

/// The times at which a copy is read on its way to the steady state.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Schedule {
    /// The time at which two starts are known to be near each other: E‖Δ‖²/N is half the tolerance.
    pub coupling: f64,
    /// The time from which on moments are steady.
    pub burn_in: f64,
    /// Time between two records.
    pub spacing: f64,
}

impl Schedule {
    /// The schedule of a gas whose starts must come within `tolerance` of each
    /// other; `None` if it has no steady state, or its moments are not known.
    ///
    /// Records are a relaxation time 2/β apart, e-fold for the energy.
    pub fn new(theory: &Theory, tolerance: f64) -> Option<Self> {
        let relaxation = 1.0 / theory.decay_rate(Quantity::Energy);
        let ratio = 2.0 * theory.synchronous_discrepancy(0.0) / tolerance;
        let coupling = relaxation * libm::log(ratio).max(0.0);
        Some(Schedule {
            coupling,
            burn_in: theory.time_to_steady_moments(relaxation)?.max(coupling),
            spacing: relaxation,
        })
    }

    /// The time of the last record.
    pub fn end(&self) -> f64 {
        self.burn_in + (RECORDS - 1) as f64 * self.spacing
    }

    /// The times of all records.
    pub fn records(&self) -> impl Iterator<Item = f64> {
        let Schedule {
            burn_in, spacing, ..
        } = *self;
        (0..RECORDS).map(move |k| burn_in + k as f64 * spacing)
    }

    /// Bath velocities that replicas of `particles` meet between the first record and the last
    /// one, on average: 2 for each record and particle.
    pub fn bath_draws(&self, theory: &Theory, replicas: f64) -> f64 {
        let per_particle = theory.rates.bath * self.spacing * RECORDS as f64;
        per_particle * theory.count() * replicas
    }

    /// Cov(average over the records, quantity) from Cov(one record, quantity) of stationary
    /// quantities that follow from each other by `step` = e^{As} after a spacing s:
    /// Σ_{|l|<K} (1 − |l|/K) e^{A|l|s}/K, for K records.
    fn shares_of_covariance(&self, step: &Array2<f64>) -> Array2<f64> {
        let count = RECORDS as f64;
        let mut power = Array2::eye(step.nrows());
        let mut sum = power.clone();
        for lag in 1..RECORDS {
            power = product(&power, step);
            sum.scaled_add(2.0 * (1.0 - lag as f64 / count), &power);
        }
        sum / count
    }

    /// Var(average over the records)/Var(one record) of a stationary quantity whose
    /// correlations decay at this rate.
    fn share_of_variance(&self, rate: f64) -> f64 {
        let correlation = libm::exp(-rate * self.spacing);
        let count = RECORDS as f64;
        let mut sum = 1.0;
        let mut power = 1.0;
        for lag in 1..RECORDS {
            power *= correlation;
            sum += 2.0 * (1.0 - lag as f64 / count) * power;
        }
        sum / count
    }
}

impl Theory {
    /// A moment of the steady state; `None` where it is infinite, takes more
    /// particles than there are, is of a degree above 8, or there is no bath.
    pub fn steady_moment(&self, partition: &[u32]) -> Option<f64> {
        if partition.len() > self.particles || self.rates.bath == 0.0 {
            return None;
        }
        if partition.iter().any(|power| power % 2 == 1) {
            return Some(0.0);
        }
        if partition == [2] {
            return Some(self.bath_variance);
        }
        let degree: u32 = partition.iter().sum();
        let system = match degree {
            ..=4 => self.system.as_ref()?,
            _ => self.eighth.as_ref()?,
        };
        Some(system.steady()?[system.position(partition)?])
    }

    /// The size with which an error of a steady moment is to be compared: the moment, or a power of √g_2 where the
    /// moment is 0.
    pub fn steady_size(&self, partition: &[u32]) -> Option<f64> {
        match partition {
            [1] => Some(self.bath_variance.sqrt()),
            [1, 1] => Some(self.bath_variance),
            _ => self.steady_moment(partition),
        }
    }

    /// The exact standard error of the average of a steady moment over the records of so many replicas; `None` where it
    /// is not known.
    ///
    /// The averages of V, V² and V_kV_l over a copy decay independently of others, so their correlations decay at the
    /// same rates. With steady moments,
    ///
    /// ```text
    /// Var ΣV/N = g_2/N     Var ΣV²/N = (m4 + (N−1) m22)/N − g_2²
    /// Var Σ_{k≠l} V_kV_l/(N(N−1)) = 2 m22/(N(N−1))
    /// ```
    ///
    /// The averages of V⁴ and V_k²V_l² feed each other; see [`Theory::steady_even_error`].
    pub fn steady_std_error(
        &self,
        partition: &[u32],
        schedule: &Schedule,
        replicas: f64,
    ) -> Option<f64> {
        let n = self.count();
        let steady = |partition: &[u32]| self.steady_moment(partition);
        let (variance, quantity) = match partition {
            [1] => (self.bath_variance / n, Quantity::FirstMoment),
            [2] => {
                let joint = match self.particles {
                    1 => 0.0,
                    _ => (n - 1.0) * steady(&[2, 2])?,
                };
                let square = (steady(&[4])? + joint) / n;
                let variance = square - self.bath_variance * self.bath_variance;
                (variance.max(0.0), Quantity::Energy)
            }
            [1, 1] => {
                let variance = 2.0 * steady(&[2, 2])? / (n * (n - 1.0));
                (variance, Quantity::PairMoment)
            }
            [4] => return self.steady_even_error([0.0, 1.0, 0.0], schedule, replicas),
            [2, 2] => return self.steady_even_error([0.0, 0.0, 1.0], schedule, replicas),
            _ => return None,
        };
        let share = schedule.share_of_variance(self.decay_rate(quantity));
        Some((variance * share / replicas).sqrt())
    }

    /// The exact standard error of a linear combination of the averages of V², V⁴ and V_k²V_l² (k ≠ l) over a copy, its
    /// records and so many replicas; `None` where a moment of degree 8 is infinite, where only rounding is left of the
    /// variance, or for V_k²V_l² of one particle.
    ///
    /// With y these three, E[y(t) | the copy at 0] − E y = e^{At}(y(0) − E y), A the rates at
    /// which the moments m2, m4 and m22 feed each other, so Cov(y(t), y(0)) = e^{At} Cov(y, y),
    /// and Cov(y, y) follows from steady moments up to degree 8.
    pub fn steady_even_error(
        &self,
        weights: [f64; 3],
        schedule: &Schedule,
        replicas: f64,
    ) -> Option<f64> {
        let size = if self.particles == 1 { 2 } else { 3 };
        if weights[size..].iter().any(|&weight| weight != 0.0) {
            return None;
        }
        let step = (self.system.as_ref()?).flow_among(&EVEN[..size], schedule.spacing)?;
        let covariances = self.steady_even_covariances(size)?;
        let weights = Array1::from(weights[..size].to_vec());
        let shares = schedule.shares_of_covariance(&step);
        let of_averages = apply(&shares, &apply(&covariances, &weights));
        let products = weights.iter().zip(&of_averages);
        let variance = products.map(|(weight, with)| weight * with).sum::<f64>() / replicas;
        (variance > 0.0 && variance.is_finite()).then(|| variance.sqrt())
    }

    /// The covariances of the first two or all three of the averages over one copy.
    fn steady_even_covariances(&self, size: usize) -> Option<Array2<f64>> {
        let system = self.eighth.as_ref()?;
        let steady = system.steady()?;
        let at = |partition: &[u32]| moment_of(system, &steady, partition);
        let n = self.count();
        let (others, third, fourth) = (n - 1.0, n - 2.0, n - 3.0);
        let pairs = n * others;
        let low = |partition: &[u32]| self.steady_moment(partition);
        let means = [low(&[2])?, low(&[4])?, low(&[2, 2]).unwrap_or(0.0)];
        let square = (low(&[4])? + others * means[2]) / n;
        let two_four = (at(&[6]) + others * at(&[4, 2])) / n;
        let four_four = (at(&[8]) + others * at(&[4, 4])) / n;
        let two_pair = (2.0 * at(&[4, 2]) + third * at(&[2, 2, 2])) / n;
        let four_pair = (2.0 * at(&[6, 2]) + third * at(&[4, 2, 2])) / n;
        let pair_pair =
            (2.0 * at(&[4, 4]) + 4.0 * third * at(&[4, 2, 2]) + third * fourth * at(&[2, 2, 2, 2]))
                / pairs;
        let products = [
            [square, two_four, two_pair],
            [two_four, four_four, four_pair],
            [two_pair, four_pair, pair_pair],
        ];
        let covariance = |(i, j): (usize, usize)| products[i][j] - means[i] * means[j];
        Some(Array2::from_shape_fn((size, size), covariance))
    }

    /// E w^{4q}/(E w^{2q})²: with this number of bath velocities the variance of the mean of w^q is known from them to
    /// about its own size. It is infinite or NaN where it cannot be computed.
    pub fn bath_power_spread(&self, power: u32) -> f64 {
        if self.draws.has_bath_moment(4 * power) {
            self.draws.bath_sizes().relative_square(2 * power)
        } else {
            f64::INFINITY
        }
    }

    /// True if w^q of a bath velocity has a finite variance.
    pub fn has_bath_variance(&self, power: u32) -> bool {
        self.draws.has_bath_moment(2 * power)
    }

    /// The first of the times 0, relaxation/4, … from which on all [`MOMENTS`] of
    /// both copies are steady.
    fn time_to_steady_moments(&self, relaxation: f64) -> Option<f64> {
        let system = self.eighth.as_ref()?;
        let steady = system.steady()?;
        let mut starts = vec![];
        for moments in &self.initial {
            // Odd moments of high order only enter moments that vanish, and feed none of those that are read.
            for order in [2, 4, 6, 8] {
                moments[order]?;
            }
            starts.push(system.product(|order| moments[order as usize].unwrap_or(0.0)));
        }
        let reached = |time: f64| {
            starts.iter().zip(&self.initial).all(|(start, initial)| {
                let moments = system.at(start, time);
                let low = |rate: Quantity| libm::exp(-self.decay_rate(rate) * time);
                let mean = initial[1].unwrap_or(0.0);
                let rest = |partition: &[u32]| match partition {
                    [1] => mean * low(Quantity::FirstMoment),
                    [1, 1] => mean * mean * low(Quantity::PairMoment),
                    _ => difference(system, &moments, &steady, partition),
                };
                MOMENTS.iter().all(|(_, partition)| {
                    let size = self.steady_size(partition);
                    size.is_none_or(|size| rest(partition).abs() <= REMAINDER * size)
                })
            })
        };
        let step = 0.25 * relaxation;
        // Rounding keeps moments of very unlike scales from ever settling.
        let mut steps = (3..12).map(|k| 1 << k).find(|&steps: &u32| {
            reached(f64::from(steps) * step) && reached(2.0 * f64::from(steps) * step)
        })?;
        while steps > 0 && reached(f64::from(steps - 1) * step) {
            steps -= 1;
        }
        Some(f64::from(steps) * step)
    }
}

fn difference(
    system: &MomentSystem,
    moments: &Array1<f64>,
    steady: &Array1<f64>,
    partition: &[u32],
) -> f64 {
    moment_of(system, moments, partition) - moment_of(system, steady, partition)
}

/// The excess kurtosis m4/m2² − 3 of the steady state of `particles` at κ/β =
/// `pair_per_bath`; `None` where it is infinite or 0/0.
pub fn excess_kurtosis(particles: usize, pair_per_bath: f64, bath: &Law) -> Option<f64> {
    let (second, fourth) = (bath.variance(), bath.moment(4)?);
    let pair = Rates {
        pair: pair_per_bath,
        bath: 1.0,
    }
    .for_particles(particles)
    .pair;
    let moment = |order| if order == 2 { second } else { fourth };
    let system = MomentSystem::new(particles, pair, 1.0, &[&[4]], moment);
    let steady = system.steady()?;
    let kurtosis = steady[system.position(&[4])?] / (second * second) - 3.0;
    kurtosis.is_finite().then_some(kurtosis)
}

/// The limit of [`excess_kurtosis`] for N → ∞: 3β/(2κ + 5β) times the bath's.
pub fn excess_kurtosis_limit(pair_per_bath: f64, bath: &Law) -> Option<f64> {
    let second = bath.variance();
    let excess = bath.moment(4)? / (second * second) - 3.0;
    let limit = 3.0 / (2.0 * pair_per_bath + 5.0) * excess;
    limit.is_finite().then_some(limit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::law::{Discrete, Normal, NormalMixture, Uniform};
    use crate::model::coupling::CouplingKind;
    use crate::model::pairing::Pairing;

    fn baths() -> [Law; 3] {
        [
            NormalMixture::new(vec![0.5; 2], vec![0.0; 2], vec![0.5, 1.5])
                .unwrap()
                .into(),
            Discrete::new(vec![-1.0, 1.0], vec![0.5; 2]).unwrap().into(),
            Uniform::new(-2.0, 2.0).unwrap().into(),
        ]
    }

    fn theory(particles: usize, pair: f64, bath: &Law) -> Theory {
        let first = Normal::new(2.0, 0.5).unwrap().into();
        let second = Uniform::new(-4.0, 1.0).unwrap().into();
        let rates = Rates { pair, bath: 0.7 };
        let copies = (&first, &second);
        Theory::new(
            particles,
            rates,
            bath,
            copies,
            Pairing::Optimal,
            CouplingKind::Synchronous,
        )
    }

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() <= 1e-11 * (a.abs() + b.abs())
    }

    #[test]
    fn steady_moments_are_those_of_late_times() {
        for bath in &baths() {
            for particles in [1, 2, 3, 8, 512] {
                let theory = theory(particles, 1.3, bath);
                let system = theory.eighth.as_ref().unwrap();
                let start = system.product(|order| theory.initial[1][order as usize].unwrap());
                let late = system.at(&start, 200.0);
                for (name, partition) in MOMENTS {
                    let Some(steady) = theory.steady_moment(partition) else {
                        assert!(partition.len() > particles, "{name}");
                        continue;
                    };
                    if partition[partition.len() - 1] % 2 == 0 {
                        let late = late[system.position(partition).unwrap()];
                        assert!(close(steady, late), "{name} {particles}: {steady} {late}");
                    }
                }
            }
        }
    }

    #[test]
    fn one_particle_solves_a_fixed_point() {
        // V = V cosθ + w sinθ in law: m4(1 − 3/8) = 6/8 g2² + 3/8 g4, and
        // m6(1 − 5/16) = 15/16 m4 g2 + 15/16 g2 g4 + 5/16 g6.
        for bath in &baths() {
            let theory = theory(1, 0.0, bath);
            let [g2, g4, g6] = [2, 4, 6].map(|order| bath.moment(order).unwrap());
            let m4 = (0.75 * g2 * g2 + 0.375 * g4) / 0.625;
            // The factor is ⟨cos⁴ sin²⟩ = 1/16, times 15.
            let m6 = (15.0 / 16.0 * (m4 * g2 + g2 * g4) + 5.0 / 16.0 * g6) / (11.0 / 16.0);
            assert!(close(theory.steady_moment(&[4]).unwrap(), m4));
            assert!(close(theory.steady_moment(&[6]).unwrap(), m6));
            assert_eq!(theory.steady_moment(&[2, 2]), None);
        }
    }

    #[test]
    fn two_particles_solve_two_equations() {
        // The two equations are d m4/dt = 0 and d m22/dt = 0 with p = κ.
        let (kappa, beta) = (1.3, 0.7);
        for bath in &baths() {
            let theory = theory(2, kappa, bath);
            let [g2, g4] = [2, 4].map(|order| bath.moment(order).unwrap());
            let (a, b) = (kappa / 4.0 + 5.0 * beta / 8.0, 0.75 * kappa);
            let (c, d) = (kappa / 4.0, 0.75 * kappa + beta);
            let source = 0.75 * beta * g2 * g2 + 0.375 * beta * g4;
            let joint = beta * g2 * g2;
            // a m4 − b m22 = source, −c m4 + d m22 = joint.
            let determinant = a * d - b * c;
            let m4 = (source * d + b * joint) / determinant;
            let m22 = (a * joint + c * source) / determinant;
            assert!(close(theory.steady_moment(&[4]).unwrap(), m4));
            assert!(close(theory.steady_moment(&[2, 2]).unwrap(), m22));
            assert!((m22 - g2 * g2).abs() > 1e-3, "a product law would hide κ");
        }
    }

    #[test]
    fn the_kurtosis_tends_to_its_limit() {
        for bath in &baths() {
            for ratio in [0.5, 2.0, 20.0] {
                let limit = excess_kurtosis_limit(ratio, bath).unwrap();
                let gap = |particles| excess_kurtosis(particles, ratio, bath).unwrap() - limit;
                // The gap closes at a rate 1/N.
                let factor = gap(1000) / gap(10_000);
                assert!((factor - 10.0).abs() < 0.2, "{factor}");
                assert!(gap(1_000_000).abs() < 1e-5 * limit.abs().max(1.0));
            }
            // A single particle sees no pairs, whatever κ.
            let alone = excess_kurtosis(1, 5.0, bath).unwrap();
            assert!(close(alone, excess_kurtosis_limit(0.0, bath).unwrap()));
        }
    }

    #[test]
    fn at_burn_in_nothing_is_left_of_the_start() {
        for bath in &baths() {
            for (particles, pair) in [(1, 0.0), (2, 0.3), (8, 1.4), (64, 14.0)] {
                let theory = theory(particles, pair, bath);
                let schedule = Schedule::new(&theory, 1e-3).unwrap();
                let left = theory.synchronous_discrepancy(schedule.coupling);
                assert!(close(left, 5e-4));
                assert!(schedule.burn_in >= schedule.coupling);
                let relative = |time| {
                    let energy = theory.second_moment(crate::theory::System::Second, time);
                    (energy / theory.bath_variance() - 1.0).abs()
                };
                assert!(relative(schedule.burn_in) <= REMAINDER);
                // Something is still left of it not long before.
                assert!(relative(schedule.burn_in) > 1e-3 * REMAINDER);
            }
        }
    }

    /// The exact errors of m4, m22 and the excess kurtosis are the same to the last bit in units that are powers of
    /// two, from 10⁻³⁰ to 10³⁰; and none is 0.
    #[test]
    fn exact_errors_do_not_depend_on_the_unit_of_velocity() {
        let schedule = Schedule {
            coupling: 0.0,
            burn_in: 20.0,
            spacing: 2.0,
        };
        let errors = |particles: usize, unit: f64| {
            let values = [-30.0, -1.0, 1.0, 30.0].map(|value| value * unit);
            let weights = vec![0.001, 0.499, 0.499, 0.001];
            let bath: Law = Discrete::new(values.to_vec(), weights).unwrap().into();
            let theory = theory(particles, 0.3, &bath);
            let (second, fourth) = (bath.variance(), theory.steady_moment(&[4]).unwrap());
            let square = second * second;
            let kurtosis = [-2.0 * fourth / (second * square), 1.0 / square, 0.0];
            let power = unit * unit * unit * unit;
            let of_moments = [&[4][..], &[2, 2]].map(|partition| {
                let error = theory.steady_std_error(partition, &schedule, 400.0);
                error.map(|error| error / power)
            });
            let of_kurtosis = theory.steady_even_error(kurtosis, &schedule, 400.0);
            [of_moments[0], of_moments[1], of_kurtosis]
        };
        for particles in [1, 2, 3, 50] {
            let expected = errors(particles, 1.0);
            let known = expected.iter().flatten();
            assert_eq!(known.clone().count(), if particles == 1 { 2 } else { 3 });
            assert!(known.clone().all(|&error| error > 0.0), "{expected:?}");
            for exponent in [-100, -50, 1, 23, 27, 50, 100] {
                let found = errors(particles, libm::ldexp(1.0, exponent));
                assert_eq!(found, expected, "N = {particles}, unit 2^{exponent}");
            }
        }
    }

    #[test]
    fn averages_over_time_have_the_variance_of_their_correlations() {
        let schedule = Schedule {
            coupling: 0.0,
            burn_in: 0.0,
            spacing: 0.5,
        };
        let mut expected = 0.0;
        for s in schedule.records() {
            for t in schedule.records() {
                expected += libm::exp(-1.3 * (s - t).abs());
            }
        }
        expected /= (RECORDS * RECORDS) as f64;
        assert!(close(schedule.share_of_variance(1.3), expected));
        // Nothing is correlated: the share is 1/K.
        assert!(close(schedule.share_of_variance(1e6), 1.0 / RECORDS as f64));
    }
}
