//! The printed bound B(t) = e^{−μt} W₂²(0) against the confidence brackets of W₂².
//!
//! A bound B holds if the upper limit is within the tolerance of it at every record time
//! of W₂ after 0, and is refuted if a lower limit exceeds it at some. Levels are shared
//! (Bonferroni): with c the confidence of the check, all lower limits together miss with
//! probability 1 − c at most, those of joint laws with half of it for each of the two, and
//! all upper limits with [`SHARE`] of it, since other evidence can say HOLDS too. If the
//! bound is true only lower limits can say something false, and if it is exceeded by more
//! than the tolerance only upper ones can; in between both REFUTED and HOLDS are right. So
//! a verdict is false with a probability of at most 1 − c.

use super::SHARE;
use super::brackets::{Brackets, Laws, Levels, Limit, are_trusted, brackets, times_after_0};
use crate::experiment::{Check, PrintedBound};
use crate::judge::forecast::Prospect;
use crate::judge::{Evidence, Judgement, Verdict};
use crate::theory::unseen::CUT;

/// The verdict of the bracket on B = e^{−μt}W₂²(f, h), a bound on the distance of these
/// laws, if it decides.
pub(super) fn judge(
    evidence: Evidence,
    check: &Check,
    bound: PrintedBound,
    laws: Laws,
) -> Option<Judgement> {
    let findings = evidence.findings;
    let times = 1..findings.distance_times.len();
    let level = (1.0 - check.confidence) / times.len() as f64;
    let levels = Levels {
        lower: match laws {
            Laws::FirstMarginals => level,
            Laws::Joint => 0.5 * level,
        },
        upper: SHARE * level,
    };
    let brackets = times.map(|index| brackets(findings, index, levels, CUT));
    let brackets: Vec<Brackets> = brackets.collect::<Option<_>>()?;
    if (brackets.iter()).any(|at| at.contradiction(0.0).is_some()) {
        return None;
    }
    refuted(check, bound, laws, &brackets).or_else(|| holds(check, bound, laws, &brackets))
}

/// REFUTED where a lower limit exceeds the printed bound, by more than rounding and by more than few
/// velocities can change: a rare part that the sample lacks can make laws nearer than it is.
fn refuted(
    check: &Check,
    bound: PrintedBound,
    laws: Laws,
    brackets: &[Brackets],
) -> Option<Judgement> {
    let exceeds = |at: &&Brackets| {
        let allowed = bound.at(at.time) * (1.0 + 1e-9) + at.rounding + at.few;
        at.lower(laws).value > allowed
    };
    let ratio = |at: &Brackets| at.lower(laws).value / bound.at(at.time);
    let above = brackets.iter().filter(exceeds);
    let at = above.max_by(|a, b| ratio(a).total_cmp(&ratio(b)))?;
    let limit = at.lower(laws);
    let reason = format!(
        "at t = {}, {} is at least {:.6} (duality, at confidence {}); the printed bound is {:.6}",
        at.time,
        limit.laws.words(),
        limit.value,
        check.confidence,
        bound.at(at.time)
    );
    Some(judgement(
        Verdict::Refuted,
        at,
        limit,
        bound.at(at.time),
        reason,
    ))
}

/// HOLDS where the upper limit is within the tolerance of the printed bound at all times.
fn holds(
    check: &Check,
    bound: PrintedBound,
    laws: Laws,
    brackets: &[Brackets],
) -> Option<Judgement> {
    let uppers = brackets.iter().map(|at| Some((at, at.upper(laws)?)));
    let uppers: Vec<(&Brackets, Limit)> = uppers.collect::<Option<_>>()?;
    let ratio = |(at, upper): &(&Brackets, Limit)| upper.value / bound.at(at.time);
    let nearest = uppers.iter().max_by(|a, b| ratio(a).total_cmp(&ratio(b)))?;
    let &(at, upper) = nearest;
    (ratio(nearest) <= 1.0 + check.tolerance).then(|| {
        let reason = format!(
            "the upper limit of {}, at confidence {}, is within the tolerance of the printed bound at all times; this is where it comes nearest",
            laws.words(),
            check.confidence
        );
        judgement(Verdict::Holds, at, upper, bound.at(at.time), reason)
    })
}

/// A verdict that rests on a limit, with the bracket of the same distance.
fn judgement(
    verdict: Verdict,
    at: &Brackets,
    shown: Limit,
    printed: f64,
    reason: String,
) -> Judgement {
    let lower = at.lower(shown.laws).value;
    Judgement {
        verdict,
        basis: shown.laws.basis(at.time),
        estimate: Some(shown.estimate),
        std_error: Some(shown.std_error),
        interval: at.upper(shown.laws).map(|upper| (lower, upper.value)),
        printed: Some(printed),
        exact: None,
        replicas_needed: None,
        reason,
    }
}

/// Whether the upper limits may show the bound.
pub(super) fn may_hold(prospect: &Prospect, laws: Laws) -> bool {
    are_trusted(prospect, laws)
}

/// Whether the exact upper bound on J is at most so many times the printed one at this time.
fn is_within(prospect: &Prospect, bound: PrintedBound, time: f64, factor: f64) -> bool {
    prospect.theory.contraction_bound(time) <= factor * bound.at(time)
}

/// Whether the printed bound lies below the exact upper one at some record time of
/// W₂, so that it can be refuted at all. The lower limit of first marginals will do.
pub(super) fn may_refute(prospect: &Prospect, bound: PrintedBound) -> bool {
    let beyond = |time| !is_within(prospect, bound, time, 1.0 + 1e-9);
    times_after_0(prospect.experiment).any(beyond) && are_trusted(prospect, Laws::FirstMarginals)
}

/// Whether the exact upper bound is within the tolerance of the printed one at all
/// times, so that limits that are narrow enough will show it.
pub(super) fn will_hold(
    prospect: &Prospect,
    bound: PrintedBound,
    laws: Laws,
    check: &Check,
) -> bool {
    let within = |time| is_within(prospect, bound, time, 1.0 + check.tolerance);
    times_after_0(prospect.experiment).all(within) && may_hold(prospect, laws)
}
