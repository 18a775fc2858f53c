//! Lemma 3: one jump Φ of the embedded chain keeps mean 0 and a finite second moment.
//!
//! Measured over replicas with exactly one collision. Let Λ = (κ/2 + β)N be the rate of
//! all collisions; then one jump makes of the initial law one with
//!
//! ```text
//! E V₁  → E V₁ (1 − (κ + β)/Λ)            0 from 0
//! E V₁² → E V₁² + (β/2)(g₂ − E V₁²)/Λ     finite from finite
//! ```
//!
//! Shown: of both copies, the mean after a jump is 0 to within τ of a typical velocity,
//! and the second moment this finite number to within τ. Not shown: anything of other
//! initial laws, and that of a heavy tail beyond what the exact variances say.

use super::comparison::{Comparison, forecast_together, judge_together};
use super::{Claim, Need};
use crate::estimate::{error_about_exact, velocity_rounding};
use crate::experiment::{Check, Experiment};
use crate::judge::evidence::{Basis, EvidenceKind};
use crate::judge::forecast::{Forecast, Prospect};
use crate::judge::{Evidence, Judgement, Verdict};
use crate::model::coupling::CouplingKind;
use crate::theory::{System, Theory};

/// The lemma.
pub struct Lemma3;

/// The probability of exactly one collision, where one is expected.
const ONE: f64 = 0.367_879_441_171_442_33;

const NO_VARIANCE: &str =
    "a fourth moment is infinite, so the second moment has no interval, or nothing collides";

/// The moment of a copy that a verdict shows.
fn basis(moment: &str, symbol: &str, system: System) -> Basis {
    let quantity = format!("{moment} after one jump, {} copy", system.name());
    EvidenceKind::Moments.of(quantity, symbol)
}

/// The comparisons expected of so many replicas with one collision; `None` where a variance is
/// infinite.
fn expected(theory: &Theory, replicas: f64) -> Option<Vec<Comparison>> {
    let velocity = velocity_rounding(theory);
    let of = |system: System| {
        let [first, second] = theory.after_one_collision(system)?;
        let typical = second.0.sqrt();
        let comparison =
            |(moment, symbol), (exact, deviation): (f64, f64), size, rounding| Comparison {
                basis: basis(moment, symbol, system),
                value: exact,
                std_error: deviation / replicas.sqrt(),
                exact,
                size,
                rounding,
                differs: false,
            };
        let of_square = velocity * (2.0 * typical + velocity);
        Some([
            comparison(("second moment", "m2"), second, second.0, of_square),
            comparison(("mean", "mean"), first, typical, velocity),
        ])
    };
    let copies: Option<Vec<_>> = System::ALL.into_iter().map(of).collect();
    Some(copies?.concat())
}

fn measured(evidence: Evidence) -> Option<Vec<Comparison>> {
    let collided = &evidence.findings.measured.first_collisions;
    let expected = expected(&evidence.findings.theory, collided.count())?;
    let copies = System::ALL.map(|system| collided.moments(system as usize));
    let [[mean, square], [other_mean, other_square]] = [copies[0]?, copies[1]?];
    let measured = [square, mean, other_square, other_mean];
    let comparisons = expected.into_iter().zip(measured);
    let comparisons = comparisons.map(|(expected, (value, error))| Comparison {
        value,
        std_error: error_about_exact(
            expected.std_error.max(error),
            value - expected.exact,
            collided.count(),
        ),
        ..expected
    });
    Some(comparisons.collect())
}

impl Claim for Lemma3 {
    fn id(&self) -> &'static str {
        "lemma-3"
    }

    fn headline(&self) -> &'static str {
        "Lemma 3: one jump keeps mean 0 and finite energy"
    }

    fn statement(&self) -> &'static str {
        "Lemma 3: Φ, one jump of the embedded chain, keeps mean 0 and a finite second moment"
    }

    fn method(&self) -> &'static str {
        "replicas with exactly one collision, from initial laws of mean 0: the mean is 0 and the second moment the \
         exact finite one, within the tolerance, for both copies"
    }

    fn needs(&self) -> &'static [Need] {
        &[Need::FirstCollisions]
    }

    fn refusal(&self, experiment: &Experiment) -> Option<String> {
        let (particles, _) = experiment.sweep[0];
        let theory = experiment.theory(particles);
        let centred = |system| {
            let (mean, second) = theory.low_moments(system, 0.0);
            mean.abs() <= 1e-12 * second.sqrt()
        };
        if experiment.coupling == CouplingKind::Independent {
            let why = "it watches both copies after the same collision, and the coupling here is \"independent\"";
            return Some(why.to_string());
        }
        (!System::ALL.into_iter().all(centred))
            .then(|| "it is about initial laws of mean 0".to_string())
    }

    fn judge(&self, evidence: Evidence, check: &Check) -> Judgement {
        let replicas = evidence.findings.measured.replicas;
        match measured(evidence) {
            Some(comparisons) => {
                let holds = "after one jump the means are 0 and the second moments what they should be, within the tolerance";
                judge_together(&comparisons, replicas, check, holds)
            }
            None => {
                let basis = EvidenceKind::Moments.of("mean after one jump", "mean");
                Judgement::bare(Verdict::Inconclusive, basis, NO_VARIANCE)
            }
        }
    }

    fn forecast(&self, prospect: &Prospect, check: &Check) -> Forecast {
        match expected(prospect.theory, ONE * prospect.replicas as f64) {
            Some(comparisons) => forecast_together(&comparisons, check),
            None => Forecast::undecided(None),
        }
    }

    fn obstacle(&self, prospect: &Prospect) -> Option<String> {
        let known = expected(prospect.theory, prospect.replicas as f64).is_some();
        (!known).then(|| NO_VARIANCE.to_string())
    }

    /// Its statement is the same on both.
    fn blind_to_clock(&self, _prospect: &Prospect, _check: &Check) -> bool {
        false
    }
}
