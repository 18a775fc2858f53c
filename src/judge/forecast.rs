//! Forecasts of checks, before anything is simulated.
//!
//! Variances are known exactly, so the probability of each verdict follows from
//! the normal approximation of the estimate. `kac plan` prints it, and `kac
//! check` adds up from it how probable a false alarm is.

use super::{VOID_LEVEL, normal_half_width};
use crate::estimate::rate::{NoRate, RateWeights};
use crate::estimate::rate_weights;
use crate::experiment::{Check, Expectation, Experiment};
use crate::measure::Measured;
use crate::model::Clock;
use crate::numerics::special::normal_cdf;
use crate::numerics::trust::largest_relative_error;
use crate::theory::{Quantity, Theory};

/// The data on one N that are known before sampling.
#[derive(Debug, Clone, Copy)]
pub struct Prospect<'a> {
    /// The experiment.
    pub experiment: &'a Experiment,
    /// The closed forms.
    pub theory: &'a Theory,
    /// N.
    pub particles: usize,
    /// Replicas that would be simulated.
    pub replicas: u64,
    /// A few replicas, for what has no closed form; without them that counts as
    /// undecided.
    pub pilot: Option<&'a Measured>,
}

impl<'a> Prospect<'a> {
    /// The prospect of entry `index` of the sweep.
    pub fn new(experiment: &'a Experiment, index: usize, theory: &'a Theory) -> Self {
        let (particles, replicas) = experiment.sweep[index];
        Prospect {
            experiment,
            theory,
            particles,
            replicas,
            pilot: None,
        }
    }

    /// This prospect with another number of replicas.
    pub fn with_replicas(self, replicas: u64) -> Self {
        Prospect { replicas, ..self }
    }

    /// The weights that give the decay rate of a quantity.
    ///
    /// # Errors
    ///
    /// The reason why there can be none.
    pub fn rate_weights(&self, quantity: Quantity) -> Result<RateWeights, NoRate> {
        let times = self.experiment.times();
        rate_weights(self.theory, quantity, self.particles, &times, self.replicas)
    }

    /// A function of the prospects on both clocks, without a pilot.
    pub fn on_both_clocks<T>(&self, of: impl Fn(&Prospect) -> T) -> [T; 2] {
        Clock::ALL.map(|clock| {
            let experiment = Experiment {
                clock,
                ..self.experiment.clone()
            };
            of(&Prospect {
                experiment: &experiment,
                theory: &experiment.theory_of(self.particles, self.theory.draws()),
                pilot: None,
                ..*self
            })
        })
    }
}

/// The probabilities of the verdicts of a check at one N.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Forecast {
    /// Half the width of the interval that the verdict will show, where that is
    /// known beforehand.
    pub half_width: Option<f64>,
    /// P(HOLDS), of what is foreseen.
    pub holds: f64,
    /// P(HOLDS) of what is not, or by a pilot only, at most, if the claim is false.
    pub holds_unforeseen: f64,
    /// P(REFUTED), of what is foreseen.
    pub refuted: f64,
    /// P(REFUTED) of what is not, at most, if the claim is true.
    pub refuted_unforeseen: f64,
    /// P(VOID) of a right program, at most: the sum over all ways to it, as far as
    /// estimates are normal.
    pub void: f64,
    /// The claim says nothing here, for certain.
    pub not_applicable: bool,
}

impl Forecast {
    /// Nothing will be decided.
    pub fn undecided(half_width: Option<f64>) -> Self {
        Forecast {
            half_width,
            holds: 0.0,
            holds_unforeseen: 0.0,
            refuted: 0.0,
            refuted_unforeseen: 0.0,
            void: 0.0,
            not_applicable: false,
        }
    }

    /// The claim says nothing of this N.
    pub fn not_applicable() -> Self {
        Forecast {
            not_applicable: true,
            ..Forecast::undecided(None)
        }
    }

    /// The probability that the verdict is as expected.
    pub fn as_expected(&self, expect: Expectation) -> f64 {
        match expect {
            _ if self.not_applicable => 1.0,
            Expectation::Holds => self.holds,
            Expectation::Refuted => self.refuted,
        }
    }

    /// The probability that a right program's verdict is against expectation, at
    /// most, if what is not foreseen says something false: where a claim that is true is
    /// expected to be refuted, only what is foreseen counts.
    pub fn against(&self, expect: Expectation) -> f64 {
        self.void
            + match expect {
                _ if self.not_applicable => 0.0,
                Expectation::Holds => self.refuted + self.refuted_unforeseen,
                Expectation::Refuted => self.holds + self.holds_unforeseen,
            }
    }
}

/// The forecast of an equality test: the estimate is normal about `exact` with
/// this standard error.
pub fn forecast_equality(exact: f64, std_error: f64, printed: f64, check: &Check) -> Forecast {
    let half = normal_half_width(check.confidence) * std_error;
    let (low, high) = (
        (1.0 - check.tolerance) * printed,
        (1.0 + check.tolerance) * printed,
    );
    let between = |from: f64, to: f64| probability(exact, std_error, from, to);
    let precise = half <= check.tolerance * exact.abs();
    let is_near = low <= exact && exact <= high;
    let is_nearly_normal = std_error <= largest_relative_error(check.confidence) * exact.abs();
    // Outside the band, with an interval that meets the exact value.
    let refuted = between(exact - half, (low - half).min(exact + half))
        + between((high + half).max(exact - half), exact + half);
    Forecast {
        half_width: Some(half),
        holds: if is_near || is_nearly_normal {
            between(low + half, high - half)
        } else {
            0.0
        },
        refuted: if precise { refuted } else { 0.0 },
        void: VOID_LEVEL,
        ..Forecast::undecided(None)
    }
}

/// P(from < X < to) of a normal variate; 0 if there is no room.
pub fn probability(mean: f64, std_error: f64, from: f64, to: f64) -> f64 {
    if to <= from {
        return 0.0;
    }
    let below = |x: f64| normal_cdf((x - mean) / std_error);
    below(to) - below(from)
}

/// The fewest replicas for which a check is as expected with probability
/// `wanted`, to one part in a thousand; `None` if no number is enough.
pub fn replicas_for(wanted: f64, check: &Check, forecast: impl Fn(u64) -> Forecast) -> Option<u64> {
    const MOST: u64 = 1 << 50;
    let enough = |replicas: u64| forecast(replicas).as_expected(check.expect) >= wanted;
    let mut upper = 2;
    while !enough(upper) {
        upper *= 2;
        if upper > MOST {
            return None;
        }
    }
    let mut lower = upper / 2;
    while upper - lower > (upper / 1000).max(1) {
        let middle = lower + (upper - lower) / 2;
        if enough(middle) {
            upper = middle;
        } else {
            lower = middle;
        }
    }
    Some(upper)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::evidence::EvidenceKind;
    use crate::judge::{Measurement, Verdict, judge_equality};

    fn check() -> Check {
        Check {
            claim: String::new(),
            expect: Expectation::Holds,
            tolerance: 0.01,
            confidence: 0.999,
        }
    }

    /// The verdicts of estimates at the midpoints of equally probable cells.
    fn counted(exact: f64, std_error: f64, printed: f64) -> [f64; 2] {
        let cells = 20_000;
        let rate = EvidenceKind::Rate.of("decay rate", "rate");
        let mut counts = [0.0; 2];
        for cell in 0..cells {
            let level = (f64::from(cell) + 0.5) / f64::from(cells);
            let value =
                exact + std_error * crate::numerics::special::normal_quantile(level, 1.0 - level);
            let measurement = Measurement::new(value, std_error, 1000, 0.999);
            match judge_equality(rate.clone(), measurement, printed, exact, 0.01).verdict {
                Verdict::Holds => counts[0] += 1.0 / f64::from(cells),
                Verdict::Refuted => counts[1] += 1.0 / f64::from(cells),
                _ => {}
            }
        }
        counts
    }

    #[test]
    fn forecasts_are_the_frequencies_of_the_verdicts() {
        for (exact, std_error, printed) in [
            (1.0, 0.002, 1.0),
            (1.0, 0.0025, 1.003),
            (1.0, 0.0029, 0.985),
            (1.0, 0.0029, 1.018),
            (0.5, 0.001, 1.0),
            (0.5, 0.01, 1.0),
        ] {
            let forecast = forecast_equality(exact, std_error, printed, &check());
            let [holds, refuted] = counted(exact, std_error, printed);
            assert!(
                (forecast.holds - holds).abs() < 2e-4,
                "{forecast:?} {holds}"
            );
            assert!(
                (forecast.refuted - refuted).abs() < 2e-4,
                "{forecast:?} {refuted}"
            );
        }
    }

    #[test]
    fn replicas_for_a_probability_are_those_of_the_orientation() {
        // Half-width 1 % at 99.9 % with R replicas: 2.25 R hold with probability 0.9.
        let forecast = |replicas: u64| {
            let std_error = 0.01 / 3.290_527 * (1000.0 / replicas as f64).sqrt();
            forecast_equality(1.0, std_error, 1.0, &check())
        };
        let needed = replicas_for(0.9, &check(), forecast).unwrap();
        assert!((2240..2265).contains(&needed), "{needed}");
        let never = |_| Forecast::undecided(None);
        assert_eq!(replicas_for(0.9, &check(), never), None);
    }
}
