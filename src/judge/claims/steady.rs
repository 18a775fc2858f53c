//! Theorem 1: there is one steady state, with the moments of g^{⊗N} up to order 2.
//!
//! Two things can be shown on data: two unlike starts are brought so near to each other that one
//! law is left of both, to within the tolerance of `[steady_state]` in W₂²; and the law that is
//! left has these moments, to within τ. Both are equivalence tests, so too little data cannot make
//! the claim hold. Moments of order 4, which the theorem does not print but which tell the steady
//! state from g^{⊗N}, must not contradict the hierarchy.
//!
//! Not shown: that *every* start leads there, and moments beyond those measured.

use super::{Claim, Need};
use crate::estimate::normal_half_width;
use crate::estimate::steady::{
    FEWEST_REPLICAS, SteadyEstimate, W2_UPPER, discrepancy_error, steady_estimates,
};
use crate::experiment::{Check, Expectation, Experiment};
use crate::judge::evidence::{Basis, EvidenceKind};
use crate::judge::forecast::{Forecast, Prospect, probability, replicas_for};
use crate::judge::{Evidence, Judgement, Measurement, VOID_LEVEL, Verdict};
use crate::numerics::trust::is_carried;
use crate::theory::steady::{MOMENTS, Schedule};

/// Theorem 1.
pub struct SteadyState;

/// Theorem 1.
pub static THEOREM_1: SteadyState = SteadyState;

/// The moments that are printed: those of g^{⊗N}.
const PRINTED: [&str; 3] = ["m1", "m2", "m11"];

/// The quantities that must not contradict the hierarchy; any of them can make the claim void. The
/// excess kurtosis does not see how the energy of a replica varies, so it is better known than m4.
const WATCHED: [&str; 7] = ["m1", "m2", "m11", "m4", "m22", "excess-kurtosis", W2_UPPER];

/// An equivalence test of one quantity.
struct Test {
    estimate: SteadyEstimate,
    measurement: Measurement,
    /// The distance from `estimate.exact` to the far end of the interval, for the bound on W₂² to
    /// the upper end, as a share of the distance that is allowed: the test holds at 1 and below.
    taken: f64,
}

impl Test {
    fn new(estimate: SteadyEstimate, check: &Check, tolerance: f64) -> Option<Test> {
        let error = estimate.std_error()?;
        let replicas = estimate.replicas;
        let measurement = Measurement::new(estimate.value, error, replicas, check.confidence);
        let (low, high) = measurement.interval;
        let (room, reach) = if estimate.quantity == W2_UPPER {
            (tolerance - estimate.exact, high - estimate.exact)
        } else {
            let reach = (high - estimate.exact).max(estimate.exact - low);
            (check.tolerance * estimate.size, reach)
        };
        Some(Test {
            estimate,
            measurement,
            taken: reach / room,
        })
    }

    fn holds(&self) -> bool {
        self.taken <= 1.0 && self.estimate.is_carried_by_many()
    }

    /// The quantity that a verdict shows.
    fn basis(&self) -> Basis {
        let Test { estimate, .. } = self;
        let evidence = EvidenceKind::SteadyState;
        match estimate.quantity {
            W2_UPPER => evidence.at("E||V - V'||^2/N", "‖Δ‖²/N", estimate.time),
            moment => evidence.of(format!("{moment} in the steady state"), moment),
        }
    }

    /// A verdict that shows this quantity.
    fn judgement(&self, verdict: Verdict, printed: f64, reason: String) -> Judgement {
        let measurement = &self.measurement;
        Judgement {
            verdict,
            basis: self.basis(),
            estimate: Some(measurement.value),
            std_error: Some(measurement.std_error),
            interval: Some(measurement.interval),
            printed: Some(printed),
            exact: Some(self.estimate.exact),
            replicas_needed: None,
            reason,
        }
    }
}

impl SteadyState {
    /// Replicas for which it holds with probability 0.9: all its quantities have to, so that no
    /// fewer are asked for than any of them needs. A plan says the same number.
    fn replicas_needed(&self, evidence: Evidence, check: &Check) -> Option<u64> {
        let check = Check {
            expect: Expectation::Holds,
            ..check.clone()
        };
        let with = |replicas| {
            let prospect = Prospect {
                experiment: evidence.experiment,
                theory: &evidence.findings.theory,
                particles: evidence.findings.particles,
                replicas,
                pilot: None,
            };
            self.forecast(&prospect, &check)
        };
        replicas_for(0.9, &check, with)
    }
}

impl Claim for SteadyState {
    fn id(&self) -> &'static str {
        "theorem-1"
    }

    fn headline(&self) -> &'static str {
        "Theorem 1: a steady state, with the bath's moments to order 2"
    }

    fn statement(&self) -> &'static str {
        "Theorem 1: there is a unique steady state, and its moments up to order 2 are those of g^{⊗N}"
    }

    fn method(&self) -> &'static str {
        "holds if two unlike starts are brought within the W₂² of [steady_state] and m1, m2 and \
         m11 of what is left of them are 0, K_g and 0 to within τ; void if these, m4, m22 or the \
         excess kurtosis contradict the hierarchy. That every start leads there is not shown"
    }

    fn needs(&self) -> &'static [Need] {
        &[Need::SteadyState]
    }

    fn refusal(&self, experiment: &Experiment) -> Option<String> {
        Need::SteadyState.missing(experiment).map(str::to_string)
    }

    fn judge(&self, evidence: Evidence, check: &Check) -> Judgement {
        let none = |why: &str| {
            let basis = EvidenceKind::SteadyState.of("steady state", "steady state");
            Judgement::bare(Verdict::Inconclusive, basis, why)
        };
        let Some(plan) = evidence.experiment.steady_state else {
            return none("there is no section [steady_state]");
        };
        let estimates = steady_estimates(evidence.findings);
        let test = |name: &&str| {
            let estimate = estimates.iter().find(|at| at.quantity == *name)?;
            Test::new(estimate.clone(), check, plan.tolerance)
        };
        let printed = |test: &Test| match test.estimate.quantity {
            W2_UPPER => plan.tolerance,
            _ => test.estimate.exact,
        };
        let watched = WATCHED.iter().filter_map(test);
        if let Some(test) = watched.into_iter().find(contradicts) {
            let reason = format!(
                "the measurement contradicts the exact value {} of this clock: the program is at fault",
                test.estimate.exact
            );
            return test.judgement(Verdict::Void, printed(&test), reason);
        }
        let wanted = |name: &&&str| estimates.iter().any(|at| at.quantity == **name);
        let needed: Vec<&str> = (PRINTED.iter().chain([&W2_UPPER]))
            .filter(wanted)
            .copied()
            .collect();
        let tests: Vec<Test> = needed.iter().filter_map(test).collect();
        if tests.is_empty() || tests.len() < needed.len() {
            return none("there are too few replicas for error bars");
        }
        let failing = tests.iter().filter(|test| !test.holds());
        let worst = failing.max_by(|a, b| a.taken.total_cmp(&b.taken));
        if let Some(test) = worst {
            let reason = if test.estimate.is_carried_by_many() {
                "the interval is not clear of the tolerance's edge"
            } else {
                "too few replicas carry the mean"
            };
            return Judgement {
                replicas_needed: self.replicas_needed(evidence, check),
                ..test.judgement(Verdict::Inconclusive, printed(test), reason.to_string())
            };
        }
        let of = |name: &str| tests.iter().find(|test| test.estimate.quantity == name);
        let (Some(energy), Some(bound)) = (of("m2"), of(W2_UPPER)) else {
            return none("the energy was not measured");
        };
        let others = if of("m11").is_some() {
            "m1 and m11 are 0"
        } else {
            "m1 is 0"
        };
        let reason = format!(
            "the two starts are within W2 squared = {:.2e} of each other from t = {:.2} on \
             (upper limit), and of what is left of them m2 is K_g and {others} within the \
             tolerance{}",
            bound.measurement.interval.1,
            bound.estimate.time,
            energy.measurement.surprise(energy.estimate.exact)
        );
        energy.judgement(Verdict::Holds, energy.estimate.exact, reason)
    }

    fn forecast(&self, prospect: &Prospect, check: &Check) -> Forecast {
        let Prospect {
            theory,
            particles,
            replicas,
            ..
        } = *prospect;
        let Some((plan, schedule)) = schedule(prospect) else {
            return Forecast::undecided(None);
        };
        let widths = normal_half_width(check.confidence);
        let count = replicas as f64;
        let mut fails = 0.0;
        let mut shown = None;
        let printed = MOMENTS
            .iter()
            .filter(|(name, partition)| PRINTED.contains(name) && partition.len() <= particles);
        for (name, partition) in printed {
            let known = theory.steady_std_error(partition, &schedule, count);
            let Some((error, size)) = known.zip(theory.steady_size(partition)) else {
                return Forecast::undecided(None);
            };
            let room = check.tolerance * size - widths * error;
            fails += match is_carried(error, size) {
                true => 1.0 - probability(0.0, error, -room, room),
                false => 1.0,
            };
            if *name == "m2" {
                shown = Some(widths * error);
            }
        }
        let exact = theory.synchronous_discrepancy(schedule.coupling);
        match discrepancy_error(theory, schedule.coupling, count) {
            Some(error) if is_carried(error, exact) => {
                let room = plan - widths * error;
                fails += 1.0 - probability(exact, error, f64::NEG_INFINITY, room);
            }
            _ => fails = 1.0,
        }
        if replicas < FEWEST_REPLICAS {
            fails = 1.0;
        }
        Forecast {
            holds: (1.0 - fails).max(0.0),
            void: VOID_LEVEL,
            ..Forecast::undecided(shown)
        }
    }

    fn obstacle(&self, prospect: &Prospect) -> Option<String> {
        let missing = schedule(prospect).is_none();
        missing.then(|| "there is no section [steady_state]".to_string())
    }

    /// It is true on both clocks; but m4 and m22 are not the same on them, and a
    /// program on the other one would be void.
    fn blind_to_clock(&self, _prospect: &Prospect, _check: &Check) -> bool {
        false
    }
}

/// Whether a watched quantity is farther from its exact value than chance would put
/// any of them with the probability [`VOID_LEVEL`].
fn contradicts(test: &Test) -> bool {
    let level = VOID_LEVEL / WATCHED.len() as f64;
    let deviation = (test.estimate.value - test.estimate.exact).abs();
    let by_chance = normal_half_width(1.0 - level) * test.measurement.std_error;
    test.estimate.is_trusted() && deviation > by_chance + test.estimate.rounding_error()
}

/// The tolerance of `[steady_state]` and the schedule.
fn schedule(prospect: &Prospect) -> Option<(f64, Schedule)> {
    let tolerance = prospect.experiment.steady_state?.tolerance;
    Some((tolerance, Schedule::new(prospect.theory, tolerance)?))
}
