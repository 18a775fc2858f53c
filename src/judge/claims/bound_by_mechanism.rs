//! The printed rate μ against the proof's mechanism: from an optimal start the synchronous coupling
//! contracts E‖Δ‖², which is at least W₂² of the joint laws, at its measured rate.

use crate::estimate::normal_half_width;
use crate::experiment::{Check, Experiment};
use crate::judge::evidence::{Basis, EvidenceKind};
use crate::judge::forecast::{Forecast, Prospect, probability};
use crate::judge::{Evidence, Judgement, Measurement, Verdict};
use crate::model::coupling::{CouplingKind, Rematch};
use crate::model::pairing::Pairing;
use crate::numerics::interval::one_sided;
use crate::numerics::trust::largest_relative_error;
use crate::theory::Quantity;

/// The reason why the mechanism can show nothing, if so.
pub(super) fn unfit(experiment: &Experiment) -> Option<String> {
    let needed = if experiment.coupling != CouplingKind::Synchronous {
        "needs the synchronous coupling"
    } else if experiment.rematch != Rematch::Never {
        "needs copies that are never rematched"
    } else if experiment.pairing != Pairing::Optimal {
        "needs an optimal start"
    } else {
        return None;
    };
    Some(format!("the proof's mechanism {needed}, which this is not"))
}

/// The rate that a verdict shows.
fn basis() -> Basis {
    EvidenceKind::Mechanism.of("decay rate of discrepancy", "rate")
}

/// The proof's mechanism: the lower limit of the synchronous rate is at least
/// (1−τ)μ, and the start is optimal. Nothing is rematched.
pub(super) fn judge(evidence: Evidence, check: &Check) -> Option<Judgement> {
    if unfit(evidence.experiment).is_some() {
        return None;
    }
    let mu = evidence.experiment.mu;
    let findings = evidence.findings;
    let estimate = findings.rate(Quantity::Discrepancy).ok()?;
    let replicas = findings.measured.replicas;
    let measurement = Measurement::of_rate(estimate, replicas, check.confidence);
    let exact = findings.theory.decay_rate(Quantity::Discrepancy);
    let void = measurement.contradicts(exact);
    let holds = measurement.is_nearly_normal(exact)
        && measurement.interval.0 >= (1.0 - check.tolerance) * mu;
    (void || holds).then(|| Judgement {
        verdict: if void { Verdict::Void } else { Verdict::Holds },
        basis: basis(),
        estimate: Some(measurement.value),
        std_error: Some(measurement.std_error),
        interval: Some(measurement.interval),
        printed: Some(mu),
        exact: Some(exact),
        replicas_needed: None,
        reason: if void {
            format!("the measurement contradicts the exact rate {exact}: the program is at fault")
        } else {
            "the synchronous coupling contracts at least at rate μ from an optimal start"
                .to_string()
                + &measurement.surprise(exact)
        },
    })
}

/// Nothing decides: the mechanism may with more replicas, if anything does.
pub(super) fn undecided(evidence: Evidence, check: &Check) -> Judgement {
    let findings = evidence.findings;
    let mu = evidence.experiment.mu;
    let exact = findings.theory.decay_rate(Quantity::Discrepancy);
    let unfit = unfit(evidence.experiment);
    let estimate = match findings.rate(Quantity::Discrepancy) {
        Ok(estimate) => estimate,
        Err(why) => {
            let why = unfit.unwrap_or_else(|| format!("no rate was measured ({why})"));
            let reason = format!("{why}, and no lower bound exceeds the printed one");
            return Judgement::bare(Verdict::Inconclusive, basis(), reason);
        }
    };
    let replicas = findings.measured.replicas;
    let measurement = Measurement::of_rate(estimate, replicas, check.confidence);
    let room = exact - (1.0 - check.tolerance) * mu;
    let one_sided = one_sided(0.1);
    Judgement {
        verdict: Verdict::Inconclusive,
        basis: basis(),
        estimate: Some(measurement.value),
        std_error: Some(measurement.std_error),
        interval: Some(measurement.interval),
        printed: Some(mu),
        exact: Some(exact),
        replicas_needed: match unfit {
            Some(_) => None,
            None => (measurement.replicas_to_clear(room, one_sided)).map(|to_clear| {
                to_clear.max(measurement.replicas_to_be_nearly_normal(exact).unwrap_or(0))
            }),
        },
        reason: format!(
            "{}, and no lower bound exceeds the printed one",
            unfit
                .as_deref()
                .unwrap_or("the synchronous coupling is not shown to contract at rate μ")
        ),
    }
}

/// The forecast of [`judge`]; `None` where there is no rate.
pub(super) fn forecast(prospect: &Prospect, check: &Check) -> Option<Forecast> {
    let error = prospect
        .rate_weights(Quantity::Discrepancy)
        .ok()?
        .exact_std_error();
    let half = normal_half_width(check.confidence) * error;
    let least = (1.0 - check.tolerance) * prospect.experiment.mu + half;
    let exact = prospect.theory.decay_rate(Quantity::Discrepancy);
    let undecided = Forecast::undecided(Some(half));
    if unfit(prospect.experiment).is_some() {
        return Some(undecided);
    }
    if error > largest_relative_error(check.confidence) * exact {
        return Some(undecided);
    }
    Some(Forecast {
        holds: probability(exact, error, least, f64::INFINITY),
        ..undecided
    })
}
