//! What the certified bracket of W₂² of the first marginals says of a bound on it.
//!
//! The bound B holds if the upper limit is within the tolerance of it at every
//! record time of W₂ after 0, and is refuted if the lower limit exceeds it at some,
//! all limits together at the confidence of the check (Bonferroni). Limits here are
//! measured, not clamped to what is known exactly: a wrong program must be able to
//! fail. A lower limit above the exact upper bound d₂e^{−βt/2} contradicts theory, and
//! so refutes nothing.

use crate::experiment::{Check, Experiment};
use crate::judge::forecast::Prospect;
use crate::judge::{Evidence, Judgement, Verdict};
use crate::measure::bracketed;

/// Replicas, and their velocities, from which on the bracket decides.
const FEWEST_REPLICAS: u64 = 20;
const FEWEST_VELOCITIES: u64 = 20_000;

/// Whether this many replicas of N particles are enough.
fn are_enough(replicas: u64, particles: usize) -> bool {
    replicas >= FEWEST_REPLICAS && replicas * particles as u64 >= FEWEST_VELOCITIES
}

/// Whether a run of so many replicas can be decided by the bracket.
pub(super) fn may_decide(prospect: &Prospect) -> bool {
    let Prospect {
        experiment,
        particles,
        replicas,
        ..
    } = *prospect;
    are_enough(bracketed(experiment, particles, replicas), particles)
}

/// Whether the printed bound lies below the exact upper one at some record time of
/// W₂, so that it can be refuted at all.
pub(super) fn may_refute(prospect: &Prospect) -> bool {
    let Experiment { mu, .. } = prospect.experiment;
    let times = prospect.experiment.times();
    let after_0 = prospect.experiment.wasserstein_indices();
    let mut after_0 = after_0.into_iter().skip(1).map(|at| times[at]);
    may_decide(prospect)
        && after_0.any(|time| {
            let printed = libm::exp(-mu * time) * prospect.initial_w2;
            prospect.theory.contraction_bound(time) > printed * (1.0 + 1e-9)
        })
}

/// Limits of W₂² at a time, with bounds.
#[derive(Debug, Clone, Copy)]
struct Limits {
    time: f64,
    estimates: [f64; 2],
    errors: [f64; 2],
    lower: f64,
    upper: f64,
    printed: f64,
    /// d₂e^{−βt/2}.
    most: f64,
}

/// The limits at all record times of W₂ after 0; `None` unless the bracket is
/// trusted at each.
fn limits(evidence: Evidence, check: &Check) -> Option<Vec<Limits>> {
    let findings = evidence.findings;
    let times: Vec<_> = findings.distance_times.iter().enumerate().skip(1).collect();
    // One-sided levels of (1 − c)/n each.
    let confidence = 1.0 - 2.0 * (1.0 - check.confidence) / times.len() as f64;
    let limits = times.into_iter().map(|(index, &at)| {
        let (bracket, _) = findings.trusted_brackets(index)?;
        let time = findings.times[at];
        let enough = are_enough(bracket.replicas, findings.particles);
        // Velocities that are all alike have no spread to judge by.
        let spread = bracket.dual_std_error? > 0.0 && bracket.upper_std_error? > 0.0;
        let (lower, upper) = bracket
            .measured_limits(confidence)
            .filter(|_| spread && enough)?;
        Some(Limits {
            time,
            estimates: [bracket.dual_lower?, bracket.upper?],
            errors: [bracket.dual_std_error?, bracket.upper_std_error?],
            lower,
            upper,
            printed: libm::exp(-evidence.experiment.mu * time) * evidence.initial_w2,
            most: findings.theory.contraction_bound(time),
        })
    });
    limits.collect()
}

/// The verdict of the bracket, if it decides; HOLDS of a statement on first
/// marginals only.
pub(super) fn by_bracket(evidence: Evidence, check: &Check, marginal: bool) -> Option<Judgement> {
    let limits = limits(evidence, check)?;
    let above = |at: &&Limits| at.lower > at.printed * (1.0 + 1e-9) && at.lower <= at.most;
    if let Some(at) = limits.iter().filter(above).max_by(|a, b| {
        let excess = |at: &Limits| at.lower / at.printed;
        excess(a).total_cmp(&excess(b))
    }) {
        let reason = format!(
            "at t = {}, W2² of the first marginals is at least {:.6} (duality, at confidence {}); the printed bound is {:.6}",
            at.time, at.lower, check.confidence, at.printed
        );
        return Some(judgement(Verdict::Refuted, at, 0, reason));
    }
    let within = |at: &Limits| at.upper <= (1.0 + check.tolerance) * at.printed;
    let nearest = limits.iter().max_by(|a, b| {
        let ratio = |at: &Limits| at.upper / at.printed;
        ratio(a).total_cmp(&ratio(b))
    })?;
    (marginal && limits.iter().all(within)).then(|| {
        let reason = "the upper limit of the bracket stays within the tolerance of the printed bound at all times; this is where it comes nearest";
        judgement(Verdict::Holds, nearest, 1, reason.to_string())
    })
}

fn judgement(verdict: Verdict, at: &Limits, side: usize, reason: String) -> Judgement {
    Judgement {
        verdict,
        quantity: format!("bracket of W2 squared at t = {}", at.time),
        estimate: Some(at.estimates[side]),
        std_error: Some(at.errors[side]),
        interval: Some((at.lower, at.upper)).filter(|(lower, upper)| lower <= upper),
        printed: Some(at.printed),
        exact: None,
        replicas_needed: None,
        reason,
    }
}
