//! The contraction theorems: W₂(t) ≤ e^{−μt/2} W₂(0), for the joint laws
//! (Theorem 6) and the first marginals (Theorem 7), from product initial laws.
//!
//! Everything is squared and per particle. By Lemmas 11 and 12 both theorems
//! bound W₂² of the first marginals by B(t) = e^{−μt} W₂²(f, h), and so both
//! are refuted by a lower bound on it that exceeds B somewhere: Gelbrich's, at
//! the exact moments, or the lower limit of its confidence bracket. Theorem 6 is also
//! refuted by that of the joint laws. Each holds where the upper limit of its own
//! bracket is below B at every record time of W₂ after 0, Theorem 7 also where an upper
//! estimate of the marginals' distance is. Both hold where their proof's mechanism is
//! shown: the synchronous coupling contracts at least at rate μ from an optimal start.
//!
//! The ways to decide them are the files `bound_by_….rs`, each with its forecast or, for brackets, with
//! what they may decide. This file says in which order they are asked.

use super::brackets::{Laws, broken, has_limits};
use super::{
    Claim, SHARE, bound_by_batches, bound_by_bracket, bound_by_mechanism, bound_by_moments, no_rate,
};
use crate::experiment::{Check, Expectation, Experiment, PrintedBound};
use crate::judge::evidence::EvidenceKind;
use crate::judge::forecast::{Forecast, Prospect};
use crate::judge::{Evidence, Judgement, VOID_LEVEL, Verdict};
use crate::law::joint::Joint;
use crate::theory::{Quantity, Theory};

const EQUAL_LAWS: &str = "the initial laws are equal: both sides are 0, which shows nothing";
const UNKNOWN_START: &str =
    "it needs W2 of the joint initial laws, which is known of two product laws or two spheres only";

/// One of the two theorems.
pub struct Contraction {
    id: &'static str,
    headline: &'static str,
    statement: &'static str,
    method: &'static str,
    /// The laws whose distance it bounds.
    laws: Laws,
}

/// Theorem 6.
pub static THEOREM_6: Contraction = Contraction {
    id: "theorem-6",
    headline: "Theorem 6: W₂(t) ≤ e^(−μt/2) W₂(0), joint laws",
    statement: "Theorem 6: W₂(μ_N(t), ν_N(t)) ≤ e^{−μt/2} W₂(μ_N(0), ν_N(0)) for the joint laws",
    method: "holds if the upper limit of the bracket of W₂ of the joint laws is within the \
             tolerance of the printed bound at all times, or the synchronous coupling contracts \
             at least at rate μ from an optimal start; refuted if Gelbrich's bound, or the lower \
             limit of the bracket of the first marginals or of the joint laws, exceeds the \
             printed one; of one particle as theorem-7",
    laws: Laws::Joint,
};

/// Theorem 7.
pub static THEOREM_7: Contraction = Contraction {
    id: "theorem-7",
    headline: "Theorem 7: W₂(t) ≤ e^(−μt/2) W₂(0), first marginals",
    statement: "Theorem 7: W₂ of the first marginals ≤ e^{−μt/2} W₂(f, h), for every N",
    method: "holds if the upper limit of the bracket of W₂ of the first marginals, or that of \
             W₂ of pooled velocities, is within the tolerance of the printed bound at all times, \
             or the synchronous coupling contracts at least at rate μ from an optimal start; \
             refuted if Gelbrich's bound, or the lower limit of the bracket of the first \
             marginals, exceeds the printed one",
    laws: Laws::FirstMarginals,
};

/// B(t) = e^{−μt} W₂²(0), or the reason why it shows nothing.
fn printed_bound(experiment: &Experiment, theory: &Theory) -> Result<PrintedBound, &'static str> {
    match theory.initial_w2() {
        None => Err(UNKNOWN_START),
        Some(0.0) => Err(EQUAL_LAWS),
        Some(start) => Ok(PrintedBound::new(experiment, start)),
    }
}

impl Claim for Contraction {
    fn id(&self) -> &'static str {
        self.id
    }

    fn headline(&self) -> &'static str {
        self.headline
    }

    fn statement(&self) -> &'static str {
        self.statement
    }

    fn method(&self) -> &'static str {
        self.method
    }

    fn refusal(&self, experiment: &Experiment) -> Option<String> {
        let product = experiment.joints == [Joint::Product; 2];
        if self.laws == Laws::FirstMarginals && !product {
            return Some("it is about product initial laws".to_string());
        }
        (!experiment.knows_initial_w2()).then(|| UNKNOWN_START.to_string())
    }

    fn judge(&self, evidence: Evidence, check: &Check) -> Judgement {
        let bound = match printed_bound(evidence.experiment, &evidence.findings.theory) {
            Ok(bound) => bound,
            Err(why) => {
                let basis = EvidenceKind::Exact.of("W2 squared", "W2²");
                return Judgement::bare(Verdict::Inconclusive, basis, why);
            }
        };
        let laws = self.laws(evidence.findings.particles);
        let moments = bound_by_moments::judge(evidence, check, bound);
        // False by Gelbrich's bound, exactly: HOLDS is out of the question.
        let is_false = moments.is_some();
        let batches = (laws == Laws::FirstMarginals)
            .then(|| bound_by_batches::judge(evidence, check, bound))
            .flatten();
        let ways: Vec<Judgement> = [
            bound_by_batches::broken(evidence, bound),
            broken(evidence),
            moments.clone(),
            bound_by_bracket::judge(evidence, check, bound, laws),
            batches.clone(),
            bound_by_mechanism::judge(evidence, check),
        ]
        .into_iter()
        .flatten()
        .collect();
        let first = |verdict| ways.iter().find(|way| way.verdict == verdict).cloned();
        first(Verdict::Void)
            .or_else(|| first(Verdict::Refuted))
            .or_else(|| first(Verdict::Holds).filter(|_| !is_false))
            .or(moments)
            .or(batches)
            .unwrap_or_else(|| bound_by_mechanism::undecided(evidence, check))
    }

    fn forecast(&self, prospect: &Prospect, check: &Check) -> Forecast {
        let Ok(bound) = printed_bound(prospect.experiment, prospect.theory) else {
            return Forecast::undecided(None);
        };
        let forecast = bound_by_moments::forecast(prospect, check, bound)
            .unwrap_or_else(|| self.forecast_unless_false(prospect, check, bound));
        let ways_to_void = [
            bound_by_batches::planned(prospect).is_some(),
            has_limits(prospect, Laws::FirstMarginals),
            bound_by_moments::is_false(prospect, bound),
            bound_by_mechanism::unfit(prospect.experiment).is_none(),
        ];
        Forecast {
            void: ways_to_void
                .map(|way| f64::from(u8::from(way)) * VOID_LEVEL)
                .iter()
                .sum(),
            ..forecast
        }
    }

    fn unforeseen(&self, prospect: &Prospect, check: &Check) -> Option<&'static str> {
        let bound = printed_bound(prospect.experiment, prospect.theory).ok()?;
        let [may_hold, may_refute] = self.bracket_may_decide(prospect, bound);
        let may = match check.expect {
            Expectation::Holds => may_hold,
            Expectation::Refuted => may_refute,
        };
        may.then_some("the bracket of W2 may decide")
    }

    fn obstacle(&self, prospect: &Prospect) -> Option<String> {
        let bound = match printed_bound(prospect.experiment, prospect.theory) {
            Ok(bound) => bound,
            Err(why) => return Some(why.to_string()),
        };
        if bound_by_moments::is_false(prospect, bound) {
            return bound_by_moments::obstacle(prospect, bound);
        }
        let unfit = bound_by_mechanism::unfit(prospect.experiment);
        unfit.or_else(|| {
            let reason = no_rate(prospect, Quantity::Discrepancy)?;
            Some(reason.to_string())
        })
    }

    fn blind_to_clock(&self, prospect: &Prospect, check: &Check) -> bool {
        let laws = self.laws(prospect.particles);
        let rate = (1.0 - check.tolerance) * prospect.experiment.mu;
        let holds = |prospect: &Prospect| {
            let by_rate = prospect.theory.decay_rate(Quantity::Discrepancy) >= rate;
            printed_bound(prospect.experiment, prospect.theory).is_ok_and(|bound| {
                let by_bracket = || bound_by_bracket::will_hold(prospect, bound, laws, check);
                (by_rate || by_bracket()) && !bound_by_moments::is_false(prospect, bound)
            })
        };
        prospect.on_both_clocks(holds) == [true; 2]
    }
}

impl Contraction {
    /// The laws whose distance is bounded for so many particles: one particle's joint law is its
    /// marginal.
    fn laws(&self, particles: usize) -> Laws {
        match particles {
            1 => Laws::FirstMarginals,
            _ => self.laws,
        }
    }

    /// Whether the bracket may show the bound, and whether it may refute it.
    fn bracket_may_decide(&self, prospect: &Prospect, bound: PrintedBound) -> [bool; 2] {
        let laws = self.laws(prospect.particles);
        [
            !bound_by_moments::is_false(prospect, bound)
                && bound_by_bracket::may_hold(prospect, laws),
            bound_by_bracket::may_refute(prospect, bound),
        ]
    }

    /// The forecast where Gelbrich's bound does not exceed the printed one: of batches, where
    /// they count, and of the mechanism. Batches are foreseen by a pilot only.
    fn forecast_unless_false(
        &self,
        prospect: &Prospect,
        check: &Check,
        bound: PrintedBound,
    ) -> Forecast {
        let by_batches = self.laws(prospect.particles) == Laws::FirstMarginals
            && bound_by_batches::may_hold(prospect);
        let holds = by_batches
            .then(|| bound_by_batches::forecast(prospect, check, bound))
            .flatten()
            .map_or(0.0, |batches| batches.holds);
        let mechanism =
            bound_by_mechanism::forecast(prospect, check).unwrap_or(Forecast::undecided(None));
        let [may_hold, may_refute] = self.bracket_may_decide(prospect, bound);
        let level =
            |may: bool, share: f64| f64::from(u8::from(may)) * share * (1.0 - check.confidence);
        Forecast {
            holds: mechanism.holds.max(holds),
            // If the claim is false; if it is true, HOLDS is no false alarm.
            holds_unforeseen: level(may_hold, SHARE) + level(by_batches, SHARE),
            refuted_unforeseen: level(may_refute, 1.0),
            // The mechanism is asked only where the distances say nothing, and an interval of the
            // bracket's is not known beforehand.
            half_width: mechanism
                .half_width
                .filter(|_| holds < 0.01 && !may_hold && !may_refute),
            ..mechanism
        }
    }
}
