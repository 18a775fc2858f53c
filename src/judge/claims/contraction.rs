//! The contraction theorems: W₂(t) ≤ e^{−μt/2} W₂(0), for the joint laws
//! (Theorem 6) and the first marginals (Theorem 7), from product initial laws.
//!
//! Everything is squared and per particle. By Lemmas 11 and 12 both theorems
//! bound W₂² of the first marginals by B(t) = e^{−μt} W₂²(f, h), and so both
//! are refuted by a lower bound on it that exceeds B somewhere: Gelbrich's, at
//! the exact moments. Both hold where their proof's mechanism is certified: the
//! synchronous coupling contracts at least at rate μ from an optimal start.
//! Theorem 7 also holds where an upper estimate of the marginals' distance is
//! below B at every time.

use super::Claim;
use crate::coupling::CouplingKind;
use crate::estimate::normal_half_width;
use crate::experiment::{Check, Experiment};
use crate::judge::{Evidence, Judgement, Measurement, Verdict};
use crate::law::{Law, StudentT};
use crate::theory::Quantity;
use crate::theory::pairing::Pairing;

/// One of the two theorems.
pub struct Contraction {
    id: &'static str,
    statement: &'static str,
    method: &'static str,
    /// Whether it speaks of first marginals only.
    marginal: bool,
}

/// Theorem 6.
pub static THEOREM_6: Contraction = Contraction {
    id: "theorem-6",
    statement: "Theorem 6: W₂(μ_N(t), ν_N(t)) ≤ e^{−μt/2} W₂(μ_N(0), ν_N(0)) for the joint laws",
    method: "holds if the synchronous coupling contracts at least at rate μ from an optimal \
             start; refuted if Gelbrich's bound exceeds the printed one",
    marginal: false,
};

/// Theorem 7.
pub static THEOREM_7: Contraction = Contraction {
    id: "theorem-7",
    statement: "Theorem 7: W₂ of the first marginals ≤ e^{−μt/2} W₂(f, h), for every N",
    method: "as theorem-6, or if W₂² of pooled velocities stays below the printed bound at all times",
    marginal: true,
};

impl Claim for Contraction {
    fn id(&self) -> &'static str {
        self.id
    }

    fn statement(&self) -> &'static str {
        self.statement
    }

    fn method(&self) -> &'static str {
        self.method
    }

    fn judge(&self, evidence: Evidence, check: &Check) -> Judgement {
        if evidence.initial_w2 == 0.0 {
            let reason = "the initial laws are equal: both sides are 0";
            return Judgement::bare(Verdict::NotApplicable, "W2 squared", reason);
        }
        let pooled = if self.marginal {
            pooled(evidence, check)
        } else {
            None
        };
        refutation(evidence, check)
            .or_else(|| mechanism(evidence, check))
            .or_else(|| {
                pooled
                    .clone()
                    .filter(|judgement| judgement.verdict == Verdict::Holds)
            })
            .or(pooled)
            .unwrap_or_else(|| undecided(evidence, check))
    }
}

/// B(t) = e^{−μt} W₂²(f, h).
fn printed_bound(evidence: Evidence, time: f64) -> f64 {
    libm::exp(-evidence.experiment.mu * time) * evidence.initial_w2
}

/// Gelbrich's bound above B(t) at some record time, exactly and as measured.
///
/// The time is the one at which the measured moments show it best.
fn refutation(evidence: Evidence, check: &Check) -> Option<Judgement> {
    let findings = evidence.findings;
    let half_width = normal_half_width(check.confidence);
    let violated = findings
        .times
        .iter()
        .enumerate()
        .skip(1)
        .filter_map(|(index, &time)| {
            let exact = findings.theory.gelbrich_squared(time);
            let bound = printed_bound(evidence, time);
            // Rounding is not a refutation.
            (exact > bound * (1.0 + 1e-9)).then_some((index, time, exact, bound))
        });
    let shown = violated.filter_map(|(index, time, exact, bound)| {
        let (value, error) = findings.measured_gelbrich(index);
        Some((time, exact, bound, value, error?))
    });
    let strength =
        |&(_, exact, bound, _, error): &(f64, f64, f64, f64, f64)| (exact - bound) / error;
    let (time, exact, bound, value, error) =
        shown.max_by(|a, b| strength(a).total_cmp(&strength(b)))?;
    let measurement = Measurement::new(value, error, findings.measured.replicas, check.confidence);
    let (verdict, reason) = if !measurement.agrees_with(exact) {
        (
            Verdict::Void,
            format!(
                "at t = {time}, Gelbrich's bound at the measured moments excludes its exact value {exact:.6}: the program is at fault"
            ),
        )
    } else if measurement.half_width() > check.tolerance * exact || measurement.interval.0 <= bound
    {
        (
            Verdict::Inconclusive,
            format!(
                "at t = {time}, Gelbrich's bound {exact:.6} exceeds the printed {bound:.6}, but the measured moments do not show it to the tolerance yet"
            ),
        )
    } else {
        (
            Verdict::Refuted,
            format!(
                "at t = {time}, W2² of the first marginals is at least {exact:.6} (Gelbrich, exact); the printed bound is {bound:.6}"
            ),
        )
    };
    let needed = [
        half_width * error / (check.tolerance * exact),
        (half_width - crate::special::normal_quantile(0.1, 0.9)) * error / (exact - bound),
    ];
    let factor = needed[0].max(needed[1]);
    let replicas = findings.measured.replicas as f64;
    Some(Judgement {
        verdict,
        quantity: format!("Gelbrich bound at t = {time}, per particle"),
        estimate: Some(value),
        std_error: Some(error),
        interval: Some(measurement.interval),
        printed: Some(bound),
        exact: Some(exact),
        replicas_needed: (verdict == Verdict::Inconclusive)
            .then(|| (replicas * factor * factor).ceil() as u64),
        reason,
    })
}

/// The proof's mechanism: the lower limit of the synchronous rate is at least
/// (1−τ)μ, and the start is optimal.
fn mechanism(evidence: Evidence, check: &Check) -> Option<Judgement> {
    let Experiment {
        coupling,
        pairing,
        mu,
        ..
    } = evidence.experiment;
    if *coupling != CouplingKind::Synchronous || *pairing != Pairing::Optimal {
        return None;
    }
    let findings = evidence.findings;
    let estimate = findings.rate(Quantity::Discrepancy).ok()?;
    let replicas = findings.measured.replicas;
    let measurement = Measurement::new(
        estimate.rate,
        estimate.std_error(),
        replicas,
        check.confidence,
    );
    (measurement.interval.0 >= (1.0 - check.tolerance) * mu).then(|| Judgement {
        verdict: Verdict::Holds,
        quantity: "decay rate of discrepancy".to_string(),
        estimate: Some(measurement.value),
        std_error: Some(measurement.std_error),
        interval: Some(measurement.interval),
        printed: Some(*mu),
        exact: Some(findings.theory.decay_rate(Quantity::Discrepancy)),
        replicas_needed: None,
        reason: "the synchronous coupling contracts at least at rate μ from an optimal start"
            .to_string(),
    })
}

/// The upper confidence limits of W₂² of pooled velocities against B, at all
/// times after 0 together (Bonferroni); the time that comes nearest is shown.
fn pooled(evidence: Evidence, check: &Check) -> Option<Judgement> {
    let findings = evidence.findings;
    let distances = &findings.measured.distances;
    let batches = distances.count();
    if batches < 2.0 {
        return None;
    }
    let times = findings.distance_times.len() - 1;
    let level = (1.0 - check.confidence) / times as f64;
    let half_width = student_quantile(batches - 1.0, level);
    let nearest = findings
        .distance_times
        .iter()
        .enumerate()
        .skip(1)
        .map(|(index, &at)| {
            let time = findings.times[at];
            let value = distances.mean(2 * index);
            let error = distances.std_error(2 * index).unwrap_or(f64::INFINITY);
            (time, value, error, printed_bound(evidence, time))
        })
        .max_by(|a, b| {
            let ratio = |x: &(f64, f64, f64, f64)| (x.1 + half_width * x.2) / x.3;
            ratio(a).total_cmp(&ratio(b))
        });
    let (time, value, error, bound) = nearest?;
    let limit = value + half_width * error;
    let holds = limit <= (1.0 + check.tolerance) * bound;
    Some(Judgement {
        verdict: if holds {
            Verdict::Holds
        } else {
            Verdict::Inconclusive
        },
        quantity: format!("pooled W2 squared at t = {time}"),
        estimate: Some(value),
        std_error: Some(error),
        interval: Some((0.0, limit)),
        printed: Some(bound),
        exact: None,
        replicas_needed: None,
        reason: if holds {
            "the upper limit stays within the tolerance of the printed bound at all times; this is where it comes nearest".to_string()
        } else {
            "neither an upper estimate below the printed bound nor a lower one above it".to_string()
        },
    })
}

/// −(quantile at `level`) of Student's law with `df` = 1, 2, 3, … degrees of
/// freedom.
fn student_quantile(df: f64, level: f64) -> f64 {
    if df < 1.5 {
        return 1.0 / libm::tan(std::f64::consts::PI * level);
    }
    if df < 2.5 {
        return (1.0 - 2.0 * level) / (2.0 * level * (1.0 - level)).sqrt();
    }
    StudentT::new(df, 1.0, 0.0).map_or(f64::INFINITY, |law| -Law::StudentT(law).quantile(level))
}

/// Nothing decides.
fn undecided(evidence: Evidence, check: &Check) -> Judgement {
    let findings = evidence.findings;
    let quantity = "decay rate of discrepancy";
    let mu = evidence.experiment.mu;
    let exact = findings.theory.decay_rate(Quantity::Discrepancy);
    let Ok(estimate) = findings.rate(Quantity::Discrepancy) else {
        return Judgement::bare(
            Verdict::Inconclusive,
            quantity,
            "no rate was measured, and Gelbrich's bound does not exceed the printed one",
        );
    };
    let replicas = findings.measured.replicas;
    let measurement = Measurement::new(
        estimate.rate,
        estimate.std_error(),
        replicas,
        check.confidence,
    );
    let room = exact - (1.0 - check.tolerance) * mu;
    let one_sided = -crate::special::normal_quantile(0.1, 0.9);
    Judgement {
        verdict: Verdict::Inconclusive,
        quantity: quantity.to_string(),
        estimate: Some(measurement.value),
        std_error: Some(measurement.std_error),
        interval: Some(measurement.interval),
        printed: Some(mu),
        exact: Some(exact),
        replicas_needed: measurement.replicas_to_clear(room, one_sided),
        reason: "the synchronous coupling is not shown to contract at rate μ, and no lower bound exceeds the printed one".to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn student_quantiles_are_those_of_the_tables() {
        for (df, printed) in [(1.0, 318.309), (2.0, 22.327), (3.0, 10.215), (30.0, 3.385)] {
            assert!((student_quantile(df, 0.001) - printed).abs() < 6e-4);
        }
    }
}
