//! The printed bound B(t) = e^{−μt} W₂²(0) against upper estimates: W₂² of batches of pooled
//! velocities, whose mean is at least W₂² of the first marginals.

use super::SHARE;
use super::brackets::times_after_0;
use crate::estimate::{few_velocities, is_difference_carried};
use crate::experiment::{Check, PrintedBound};
use crate::judge::evidence::{Basis, EvidenceKind};
use crate::judge::forecast::{Forecast, Prospect, probability};
use crate::judge::{Evidence, Judgement, VOID_LEVEL, Verdict};
use crate::law::student_one_sided;
use crate::theory::System;
use crate::theory::unseen::{CUT, CUT_FOR_VOID, Unseen};

/// Batches, and pooled velocities in each, from which on means over batches are
/// nearly normal: few velocities of a discrete law can be the same in all batches.
const FEWEST_BATCHES: f64 = 20.0;
const FEWEST_VELOCITIES: usize = 1000;

fn are_enough(batches: f64, sample: usize) -> bool {
    batches >= FEWEST_BATCHES && sample >= FEWEST_VELOCITIES
}

/// A record time of W₂, with what is known there.
#[derive(Debug, Clone, Copy)]
struct Distance {
    time: f64,
    /// Gelbrich's bound, and at time 0 W₂²(0) where it is known: at most W₂².
    least: f64,
    pooled: f64,
    pooled_error: f64,
    coupling: f64,
    coupling_error: f64,
    /// The exact mean of `coupling`.
    coupling_exact: Option<f64>,
    bound: f64,
    /// Whether many velocities carry what tells the two laws apart.
    trusted: bool,
    /// The share of the law that a sample may lack, for which upper limits allow.
    unseen: Unseen,
    /// Squared distances below this may be the rounding of the velocities that
    /// they are differences of.
    rounding: f64,
    /// The change of W₂² that few velocities can make.
    few: f64,
}

impl Distance {
    /// Whether one squared distance is above another by more than rounding, of sums
    /// and of the velocities: W₂ moves by as much as these do.
    fn exceeds(&self, one: f64, other: f64) -> bool {
        one.sqrt() > other.sqrt() * (1.0 + 1e-9) + self.rounding.sqrt()
    }

    /// The upper limit of E W₂²(pooled) at so many standard errors, on a
    /// logarithmic scale, as what a few batches miss is above more often than below; raised by
    /// what they are expected to lack.
    fn limit(&self, half_width: f64) -> f64 {
        let limit = if self.pooled_error == 0.0 {
            self.pooled
        } else {
            self.pooled * libm::exp(half_width * self.pooled_error / self.pooled)
        };
        self.unseen.raised(limit)
    }

    /// The reason why the batches show nothing at so many standard errors, if so.
    fn weakness(&self, half_width: f64) -> Option<&'static str> {
        let most = self.coupling + half_width * self.coupling_error;
        if !self.trusted || self.pooled <= self.rounding {
            Some("too few velocities carry the mean here, or it drowns in rounding")
        } else if self.pooled_error == 0.0 {
            Some("all batches are equal here, which does not show how far off they are")
        } else if self
            .coupling_exact
            .is_some_and(|exact| most < exact * (1.0 - 1e-9))
        {
            Some(
                "the batches do not represent the law here: the coupling's exact mean is above their interval for it",
            )
        } else {
            None
        }
    }
}

/// All record times of W₂, 0 first, with upper limits that allow for what lies beyond `cut`;
/// none if there are fewer than two batches.
fn distances(evidence: Evidence, bound: PrintedBound, cut: f64) -> Vec<Distance> {
    let findings = evidence.findings;
    let tally = &findings.measured.pairs.distances;
    if tally.count() < 2.0 {
        return vec![];
    }
    let pooled_replicas = tally.count() * findings.sample as f64 / findings.particles as f64;
    let theory = &findings.theory;
    let error = |variable| tally.std_error(variable).unwrap_or(f64::INFINITY);
    let distance = |(index, &at): (usize, &usize)| {
        let time = findings.times[at];
        let scale =
            theory.second_moment(System::First, time) + theory.second_moment(System::Second, time);
        Distance {
            time,
            least: match theory.initial_w2() {
                Some(exact) if time == 0.0 => exact,
                _ => theory.gelbrich_squared(time),
            },
            pooled: tally.mean(2 * index),
            pooled_error: error(2 * index),
            coupling: tally.mean(2 * index + 1),
            coupling_error: error(2 * index + 1),
            coupling_exact: theory
                .discrepancy_mean(time)
                .map(|mean| mean / findings.particles as f64),
            bound: bound.at(time),
            trusted: is_difference_carried(theory, time, pooled_replicas),
            unseen: theory.unseen(time, pooled_replicas, cut),
            rounding: ROUNDING * scale,
            few: few_velocities(theory, time, tally.count() * findings.sample as f64),
        }
    };
    findings
        .distance_times
        .iter()
        .enumerate()
        .map(distance)
        .collect()
}

/// The squared distance that a verdict shows.
fn basis(time: f64) -> Basis {
    EvidenceKind::Batches.at("pooled W2 squared", "W2²", time)
}

/// W₂² below this, relative to E V², may be the rounding of velocities.
const ROUNDING: f64 = 1e-26;

/// W₂² ≤ E W₂²(pooled) and W₂²(pooled) ≤ ‖Δ‖²/N are theorems: where Gelbrich's bound, or at
/// time 0 the exact W₂²(0), is above the limit of the first, or the second fails, the program
/// is at fault, if more than few velocities can change are between them. The second is a theorem for
/// each batch, whatever their number.
pub(super) fn broken(evidence: Evidence, bound: PrintedBound) -> Option<Judgement> {
    let confidence = 1.0 - VOID_LEVEL;
    let distances = distances(evidence, bound, CUT_FOR_VOID);
    if distances.is_empty() {
        return None;
    }
    let batches = evidence.findings.measured.pairs.distances.count();
    let enough = are_enough(batches, evidence.findings.sample);
    let half_width = student_one_sided(batches - 1.0, VOID_LEVEL / distances.len() as f64);
    let broken = distances.into_iter().find(|at| {
        let low = enough
            && at.weakness(half_width).is_none()
            && at.exceeds(at.least, at.limit(half_width) + at.few);
        let high = at.exceeds(at.pooled, at.coupling);
        low || (high && at.trusted && at.pooled > at.rounding)
    })?;
    Some(Judgement {
        verdict: Verdict::Void,
        basis: basis(broken.time),
        estimate: Some(broken.pooled),
        std_error: Some(broken.pooled_error),
        interval: Some((
            broken.pooled - half_width * broken.pooled_error,
            broken.limit(half_width),
        )),
        printed: Some(broken.bound),
        exact: None,
        replicas_needed: None,
        reason: format!(
            "it must lie between the exact lower bound {} and the coupling's {} and does not, at confidence {confidence}: the program is at fault",
            broken.least, broken.coupling
        ),
    })
}

/// The upper confidence limits of W₂² of pooled velocities against B, at all
/// times after 0 together (Bonferroni) with [`SHARE`] of the level; the time that comes
/// nearest is shown.
pub(super) fn judge(evidence: Evidence, check: &Check, bound: PrintedBound) -> Option<Judgement> {
    let all = distances(evidence, bound, CUT);
    let (start, distances) = all.split_first().filter(|(_, later)| !later.is_empty())?;
    let batches = evidence.findings.measured.pairs.distances.count();
    let level = SHARE * (1.0 - check.confidence) / distances.len() as f64;
    let half_width = student_one_sided(batches - 1.0, level);
    let enough = are_enough(batches, evidence.findings.sample);
    let limit = |at: &Distance| at.limit(half_width);
    let misses = |at: &Distance| at.exceeds(at.least, limit(at));
    // A limit that misses what is known exactly gives none of what is not.
    let weakness = |at: &Distance| {
        let at_start = misses(start).then_some(
            "at t = 0 the limit of the batches is below the exact distance, which they do not represent",
        );
        at_start.or_else(|| at.weakness(half_width))
    };
    let shows = |at: &Distance| {
        enough
            && weakness(at).is_none()
            && !misses(at)
            && limit(at) <= (1.0 + check.tolerance) * at.bound
    };
    let nearest = distances
        .iter()
        .max_by(|a, b| (limit(a) / a.bound).total_cmp(&(limit(b) / b.bound)))?;
    let (verdict, shown, reason) = match distances.iter().find(|at| !shows(at)) {
        None => (
            Verdict::Holds,
            nearest,
            "the upper limit of W2² of pooled velocities is within the tolerance of the printed bound at all times; this is where it comes nearest".to_string(),
        ),
        Some(_) if !enough => (
            Verdict::Inconclusive,
            nearest,
            format!(
                "there are fewer than {FEWEST_BATCHES} batches of at least {FEWEST_VELOCITIES} velocities, and nothing else decides"
            ),
        ),
        Some(at) => (
            Verdict::Inconclusive,
            at,
            weakness(at).map_or_else(
                || "the upper estimate is not shown to be within the tolerance of the printed bound".to_string(),
                |weakness| format!("{weakness}; and nothing else decides"),
            ),
        ),
    };
    let bracket = (shown.least, limit(shown));
    Some(Judgement {
        verdict,
        basis: basis(shown.time),
        estimate: Some(shown.pooled),
        std_error: Some(shown.pooled_error),
        interval: Some(bracket).filter(|(low, high)| enough && low <= high),
        printed: Some(shown.bound),
        exact: None,
        replicas_needed: None,
        reason,
    })
}

/// The batches of a plan, if they are enough to decide.
pub(super) fn planned(prospect: &Prospect) -> Option<u64> {
    let sample = prospect.experiment.wasserstein?.sample;
    let batches = prospect.replicas / sample.div_ceil(prospect.particles) as u64;
    are_enough(batches as f64, sample).then_some(batches)
}

/// Whether batches are enough, and their velocities carry the mean at all times.
pub(super) fn may_hold(prospect: &Prospect) -> bool {
    let (Some(batches), Some(plan)) = (planned(prospect), prospect.experiment.wasserstein) else {
        return false;
    };
    let velocities = batches as f64 * plan.sample as f64;
    let replicas = velocities / prospect.particles as f64;
    let carried = |time| is_difference_carried(prospect.theory, time, replicas);
    times_after_0(prospect.experiment).all(carried)
}

/// The forecast of [`judge`] where [`may_hold`], from the batches of a pilot: the sum of what can
/// go wrong at each time.
pub(super) fn forecast(
    prospect: &Prospect,
    check: &Check,
    bound: PrintedBound,
) -> Option<Forecast> {
    let experiment = prospect.experiment;
    let tally = &prospect.pilot?.pairs.distances;
    let batches = planned(prospect)? as f64;
    if tally.count() < 2.0 {
        return None;
    }
    let times = experiment.times();
    let indices = experiment.wasserstein_indices();
    let level = SHARE * (1.0 - check.confidence);
    let half_width = student_one_sided(batches - 1.0, level / (indices.len() - 1) as f64);
    let sample = experiment.wasserstein?.sample;
    let replicas = batches * sample as f64 / prospect.particles as f64;
    // At each time the batches may fail to represent the law.
    let mut fails = level;
    for (index, &at) in indices.iter().enumerate().skip(1) {
        let bound = bound.at(times[at]);
        let mean = tally.mean(2 * index);
        let error = tally.std_error(2 * index)? * (tally.count() / batches).sqrt();
        let unseen = prospect.theory.unseen(times[at], replicas, CUT);
        fails += match unseen.lowered((1.0 + check.tolerance) * bound) {
            Some(limit) => {
                let most = limit * libm::exp(-half_width * error / mean);
                probability(mean, error, most, f64::INFINITY)
            }
            None => 1.0,
        };
    }
    Some(Forecast {
        holds: (1.0 - fails).max(0.0),
        ..Forecast::undecided(None)
    })
}
