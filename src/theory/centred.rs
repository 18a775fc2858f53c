//! Powers of velocities about their mean.

use super::hierarchy::{MomentSystem, binomial};
use super::{RawMoments, System, Theory, moment_of};

/// A variance of less than this part of the sum of the sizes of its terms is lost to cancellation.
const CANCELLED: f64 = 1e-12;

/// The power (V − E V)^p of a copy's velocities.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CentredPower {
    /// E (V_1 − E V_1)^p.
    pub mean: f64,
    /// E (V_1 − E V_1)^{2p}.
    pub square: f64,
    /// The variance over replicas of Σ(V_i − E V_1)^p/N.
    pub variance: f64,
}

impl CentredPower {
    /// The variance relative to the mean squared.
    pub fn relative_variance(&self) -> f64 {
        self.variance / (self.mean * self.mean)
    }
}

/// C(p,k) (−m)^{p−k}.
fn coefficient(power: u32, k: u32, mean: f64) -> f64 {
    binomial(power, k) * (0..power - k).fold(1.0, |product, _| product * -mean)
}

impl Theory {
    /// The `power`-th power about the mean of a copy at a time, for the powers 2 and 4;
    /// `None` where infinite or lost to cancellation.
    ///
    /// # Panics
    ///
    /// If the power is another one.
    pub fn centred_power(&self, copy: System, power: u32, time: f64) -> Option<CentredPower> {
        assert!(power == 2 || power == 4, "the power is 2 or 4");
        let finite = |moments: &RawMoments, step: usize| {
            let mut orders = (step..=2 * power as usize).step_by(step);
            orders.all(|order| moments[order].is_some())
        };
        if !finite(&self.initial[copy as usize], 1) || !finite(&self.bath, 2) {
            return None;
        }
        let cell = &self.centred[usize::from(power != 2)];
        let system = cell.get_or_init(|| self.system_about_mean(power));
        let moments = system.at(&self.start(system, copy), time);
        let mean = self.first_moment(copy, time);
        let at = |k: u32, l: u32| match [k.max(l), k.min(l)] {
            [0, 0] => 1.0,
            [one, 0] => moment_of(system, &moments, &[one]),
            both => moment_of(system, &moments, &both),
        };
        let own = || (0..=2 * power).map(|k| coefficient(2 * power, k, mean) * at(k, 0));
        let of_pair = (0..=power).flat_map(|k| (0..=power).map(move |l| (k, l)));
        let n = self.count();
        let terms: Vec<f64> = own()
            .map(|term| term / n)
            .chain(of_pair.map(|(k, l)| {
                let factor = coefficient(power, k, mean) * coefficient(power, l, mean);
                (n - 1.0) / n * factor * at(k, l)
            }))
            .collect();
        let centred: f64 = (0..=power)
            .map(|k| coefficient(power, k, mean) * at(k, 0))
            .sum();
        let size: f64 = terms.iter().map(|term| term.abs()).sum();
        let variance = terms.iter().sum::<f64>() - centred * centred;
        let lost = CANCELLED * size;
        // About 0 nothing cancels; powers of velocities of one size have no variance.
        let known = variance > lost || (mean == 0.0 && variance >= -lost);
        known.then_some(CentredPower {
            mean: centred,
            square: own().sum(),
            variance: variance.max(0.0),
        })
    }

    /// The system of E V_1^k up to k = 2p and of E V_1^k V_2^l up to k = l = p.
    fn system_about_mean(&self, power: u32) -> MomentSystem {
        let single = (1..=2 * power).map(|k| vec![k]);
        let pairs = (1..=power).flat_map(|k| (1..=k).map(move |l| vec![k, l]));
        let wanted: Vec<Vec<u32>> = single.chain(pairs).collect();
        let wanted: Vec<&[u32]> = wanted.iter().map(Vec::as_slice).collect();
        let bath_moment = |order: u32| match order {
            2 => self.bath_variance,
            _ => self.bath[order as usize].expect("a finite moment of the bath"),
        };
        let rates = self.rates;
        MomentSystem::new(self.particles, rates.pair, rates.bath, &wanted, bath_moment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::law::joint::Joint;
    use crate::law::{Law, Normal, Uniform};
    use crate::model::Rates;
    use crate::model::coupling::CouplingKind;
    use crate::model::pairing::Pairing;
    use crate::theory::Moment;

    /// The variances of independent velocities at time 0 are 2σ⁴/N and 96σ⁸/N for normal
    /// velocities, and 4a⁴/45N and 16a⁸/225N for uniform ones on (m−a, m+a).
    #[test]
    fn independent_velocities_have_their_exact_variances() {
        let rates = Rates {
            pair: 2.0,
            bath: 1.0,
        };
        let bath = Law::Normal(Normal::new(0.0, 1.0).unwrap());
        for particles in [1, 2, 7] {
            for shift in [0.0, 0.5, 10.0] {
                let normal = Law::Normal(Normal::new(shift, 1.5).unwrap());
                let uniform = Law::Uniform(Uniform::new(shift - 2.0, shift + 2.0).unwrap());
                let theory = Theory::new(
                    particles,
                    rates,
                    &bath,
                    (&normal, &uniform),
                    Pairing::Independent,
                    CouplingKind::Synchronous,
                );
                let n = particles as f64;
                let (s, a) = (1.5f64 * 1.5, 4.0f64);
                for (copy, power, mean, variance) in [
                    (System::First, 2, s, 2.0 * s * s),
                    (System::First, 4, 3.0 * s * s, 96.0 * s.powi(4)),
                    (System::Second, 2, a / 3.0, 4.0 * a * a / 45.0),
                    (System::Second, 4, a * a / 5.0, 16.0 * a.powi(4) / 225.0),
                ] {
                    let found = theory.centred_power(copy, power, 0.0).unwrap();
                    let square = mean * mean + variance;
                    let errors = [
                        found.mean / mean,
                        found.square / square,
                        found.variance * n / variance,
                    ];
                    let right = errors.iter().all(|ratio| (ratio - 1.0).abs() < 1e-4);
                    assert!(right, "N = {particles}, {shift}, {power}: {errors:?}");
                }
            }
        }
    }

    fn of_normal(particles: usize, [bath, mean, sd]: [f64; 3], joint: Joint) -> Theory {
        let rates = Rates {
            pair: 2.0,
            bath: 1.0,
        };
        let bath = Law::Normal(Normal::new(0.0, bath).unwrap());
        let law = Law::Normal(Normal::new(mean, sd).unwrap());
        let pairing = Pairing::Independent;
        let coupling = CouplingKind::Synchronous;
        let theory = Theory::new(particles, rates, &bath, (&law, &law), pairing, coupling);
        theory.with_joints([joint; 2], pairing)
    }

    /// About a mean of 0 these are moments that have closed forms.
    #[test]
    fn powers_about_a_mean_of_zero_are_moments() {
        for joint in [Joint::Product, Joint::MirroredEqual, Joint::Sphere] {
            for time in [0.0, 0.7, 5.0] {
                let theory = of_normal(6, [1.0, 0.0, 2.0], joint);
                for (power, moment) in [(2, Moment::M2), (4, Moment::M4)] {
                    let found = theory.centred_power(System::First, power, time).unwrap();
                    let mean = theory.moment(System::First, moment, time).unwrap();
                    let deviation = theory.moment_deviation(System::First, moment, time);
                    let variance = deviation.unwrap().powi(2);
                    assert!((found.mean / mean - 1.0).abs() < 1e-9);
                    let gap = (found.variance - variance).abs();
                    assert!(
                        gap < 1e-9 * found.square,
                        "{joint:?} {time}: {found:?} {variance}"
                    );
                    if power == 2 {
                        let fourth = theory.moment(System::First, Moment::M4, time).unwrap();
                        assert!((found.square / fourth - 1.0).abs() < 1e-9);
                    }
                }
            }
        }
    }

    /// The unit of velocity has no effect.
    #[test]
    fn units_have_no_effect() {
        let powers = |unit: f64| {
            let theory = of_normal(5, [unit, 1.5 * unit, 2.0 * unit], Joint::Product);
            [2, 4].map(|power| theory.centred_power(System::First, power, 1.0).unwrap())
        };
        let expected = powers(1.0);
        for unit in [1e-9, 30.0, 100.0, 1e6, 1e20] {
            for ((found, expected), power) in powers(unit).iter().zip(&expected).zip([2, 4]) {
                let (once, twice) = (unit.powi(power), unit.powi(2 * power));
                let ratios = [
                    found.mean / expected.mean / once,
                    found.square / expected.square / twice,
                    found.variance / expected.variance / twice,
                ];
                let right = ratios.iter().all(|ratio| (ratio - 1.0).abs() < 1e-6);
                assert!(right, "{unit}: {ratios:?}");
            }
        }
    }

    #[test]
    fn a_variance_lost_to_cancellation_is_none() {
        let theory = of_normal(3, [1.0, 1e5, 1.0], Joint::Product);
        assert_eq!(theory.centred_power(System::First, 4, 0.0), None);
    }
}
