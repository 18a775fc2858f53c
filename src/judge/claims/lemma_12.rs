//! Lemma 12: W₂ of first marginals is at most W₂ of the symmetric joint laws over √N.
//!
//! Squared and per particle these are M and J. Neither is known exactly at t > 0.
//!
//! **By the brackets**, where the run makes them and they are trusted: the limits of M
//! and of J, and M ≥ Gelbrich's bound and the exact upper bound on J, confine J/M at each
//! record time of W₂. The lemma is *shown* if the lower end is at least 1 − τ at all of
//! them: the *upper* limit of M is, but for the tolerance, below the *lower* one of J. This
//! takes data, and can fail: M is estimated from above and J from below, from order
//! statistics that need not be farther apart than the pooled velocities are. What it
//! cannot show is an equality (products at time 0, which are left out by Lemma 11; N = 1)
//! more closely than the brackets are narrow.
//!
//! Not used as evidence: that the lower limit of M is below the upper one of J. With any
//! potential φ, (1/N) Σ (V_(k) − U_(k))² is at least the dual value of the same replica,
//! which is the proof of the lemma; so these two are in order by the way they are made,
//! but for noise. An order that is broken at the check's confidence leaves the lemma
//! undecided, and one that is broken by more than chance is void.
//!
//! **By moments** where the brackets do not show it, or there are none: that Gelbrich's
//! bound on M at the exact means and variances is below E‖Δ‖²/N of the simulated copies,
//! which J is at most, at every record time. Then the lemma is *consistent* with both. Were
//! the left side larger by more than what lies between, it would show; what lies between is
//! reported. Nothing is proved about smaller violations.

use super::Claim;
use super::brackets::{Brackets, Laws, Levels, are_trusted, brackets, broken, has_limits};
use crate::estimate::{Findings, discrepancy_rounding, error_about_exact};
use crate::experiment::{Check, Expectation, Experiment, MOST_REPLICAS};
use crate::judge::evidence::EvidenceKind;
use crate::judge::forecast::{Forecast, Prospect, probability};
use crate::judge::{Evidence, Judgement, VOID_LEVEL, Verdict};
use crate::law::joint::Joint;
use crate::measure::records::DISCREPANCY;
use crate::numerics::interval::one_sided;
use crate::numerics::trust::is_carried_by_many;
use crate::theory::Theory;
use crate::theory::unseen::CUT;

/// The lemma.
pub struct Lemma12;

const EQUAL_MOMENTS: &str =
    "means and variances are equal at all times: the lower bound is 0, which shows nothing";
const NO_VARIANCE: &str =
    "the variance of the discrepancy is infinite or not known, so there is no interval";

/// Both sides at a record time, squared and per particle.
#[derive(Debug, Clone, Copy)]
struct Sides {
    time: f64,
    /// Gelbrich's bound: W₂² of the marginals is at least this.
    lower: f64,
    /// An estimate of E‖Δ‖²/N, which is at least W₂² of the joint laws over N.
    upper: f64,
    std_error: f64,
    /// The error that rounding can make in the estimate.
    rounding: f64,
    /// Whether many replicas carry the estimate.
    trusted: bool,
}

impl Sides {
    /// The order at so many standard errors, with a slack that rounding does not reach.
    fn are_in_order(&self, half_width: f64, tolerance: f64) -> bool {
        self.trusted && self.upper - self.reach(half_width) >= (1.0 - tolerance) * self.lower
    }

    fn are_broken(&self, half_width: f64) -> bool {
        self.trusted && self.upper + self.reach(half_width) < (1.0 - 1e-9) * self.lower
    }

    /// The largest error of the estimate at so many standard errors, with rounding.
    fn reach(&self, half_width: f64) -> f64 {
        half_width * self.std_error + self.rounding
    }

    /// The ratio of the upper side to the lower one.
    fn margin(&self) -> f64 {
        self.upper / self.lower
    }
}

/// Both sides as they are known before sampling, at the record times at which there is a lower
/// bound; `None` where a variance is not known.
fn expected(theory: &Theory, particles: usize, times: &[f64], replicas: f64) -> Option<Vec<Sides>> {
    let rounding = discrepancy_rounding(theory);
    let sides = |&time: &f64| {
        let upper = theory.discrepancy_mean(time)? / particles as f64;
        let variance = theory.discrepancy_relative_variance(time)? / replicas;
        Some(Sides {
            time,
            lower: theory.gelbrich_squared(time),
            upper,
            std_error: variance.sqrt() * upper,
            rounding: rounding * upper,
            trusted: is_carried_by_many(variance),
        })
    };
    let size = theory.discrepancy_mean(0.0)? / particles as f64;
    let bounded = |time: &&f64| theory.gelbrich_squared(**time) > 1e-12 * size;
    times.iter().filter(bounded).map(sides).collect()
}

/// Both sides as measured, with the larger of the two errors.
fn measured(findings: &Findings) -> Option<Vec<Sides>> {
    let n = findings.particles as f64;
    let replicas = findings.measured.replicas as f64;
    let expected = expected(
        &findings.theory,
        findings.particles,
        &findings.times,
        replicas,
    )?;
    let measured = |sides: Sides| {
        let index = findings.times.iter().position(|&time| time == sides.time)?;
        let (mean, error) = findings.measured.mean(index, DISCREPANCY);
        let error = sides.std_error.max(error? / n);
        Some(Sides {
            upper: mean / n,
            std_error: error_about_exact(error, mean / n - sides.upper, replicas),
            ..sides
        })
    };
    expected.into_iter().map(measured).collect()
}

/// The half-width of intervals that hold at so many times with the confidence; each has one end that matters.
fn half_width(confidence: f64, times: usize) -> f64 {
    one_sided((1.0 - confidence) / times as f64)
}

/// The reason why there is nothing to compare, if so.
fn nothing(sides: &Option<Vec<Sides>>) -> Option<&'static str> {
    match sides {
        None => Some(NO_VARIANCE),
        Some(sides) if sides.is_empty() => Some(EQUAL_MOMENTS),
        _ => None,
    }
}

/// J/M at a record time of W₂, between confidence limits.
#[derive(Debug, Clone, Copy)]
struct Ratio {
    time: f64,
    /// The lower estimate of J over the upper one of M.
    estimate: f64,
    /// At most, whatever hangs together.
    std_error: f64,
    /// The lower limit of J over the upper one of M.
    low: f64,
    /// The upper limit or bound of J over the lower one of M, if that is not 0.
    high: Option<f64>,
}

impl Ratio {
    /// `None` without limits of joint laws, or where M may be 0.
    fn of(at: &Brackets) -> Option<Ratio> {
        let (first, joint) = (at.first.upper, at.joint?.lower);
        let estimate = joint.estimate / first.estimate;
        let relative = first.std_error / first.estimate + joint.std_error / joint.estimate.abs();
        let [least, most] = at.ends();
        let is_known = first.estimate > 0.0 && first.value > 0.0 && joint.estimate != 0.0;
        is_known.then_some(Ratio {
            time: at.time,
            estimate,
            std_error: relative * estimate.abs(),
            low: joint.value / first.value,
            high: (least > 0.0).then_some(most / least),
        })
    }

    fn shows(&self, tolerance: f64) -> bool {
        self.low >= 1.0 - tolerance
    }

    fn words(&self) -> String {
        let Ratio { time, low, .. } = self;
        let range = match self.high {
            Some(high) => format!("[{low:.4}, {high:.4}]"),
            None => format!("{low:.4} at least"),
        };
        format!("the brackets confine right over left side to {range} at t = {time}")
    }

    fn judgement(&self, verdict: Verdict) -> Judgement {
        let words = self.words();
        let reason = match verdict {
            Verdict::Holds => {
                format!(
                    "{words}, where the lower end is least of all times: shown to the tolerance"
                )
            }
            _ => format!("{words}: not shown to the tolerance"),
        };
        let quantity = "joint W2 squared/N over that of marginals";
        let basis = EvidenceKind::Bracket.at(quantity, "ratio", self.time);
        Judgement {
            estimate: Some(self.estimate),
            std_error: Some(self.std_error),
            // Ends that are in order, or equal but for rounding.
            interval: self.high.map(|high| (self.low, high.max(self.low))),
            printed: Some(1.0),
            ..Judgement::bare(verdict, basis, reason)
        }
    }
}

/// The record times of W₂ that can tell: of two product laws not time 0, where both sides
/// are equal by Lemma 11.
fn telling_times(experiment: &Experiment) -> std::ops::Range<usize> {
    let first = usize::from(experiment.joints == [Joint::Product; 2]);
    first..experiment.wasserstein_indices().len()
}

/// The brackets at [`telling_times`], all four limits of which hold together with the
/// confidence; `None` unless they are trusted at each.
fn trusted(evidence: Evidence, check: &Check) -> Option<Vec<Brackets>> {
    let times = telling_times(evidence.experiment);
    let level = (1.0 - check.confidence) / (4.0 * times.len() as f64);
    let levels = Levels {
        lower: level,
        upper: level,
    };
    times
        .map(|index| brackets(evidence.findings, index, levels, CUT))
        .collect()
}

/// J/M where its lower end is least; `None` unless it is known at each time.
fn least_ratio(brackets: &[Brackets]) -> Option<Ratio> {
    let ratios = brackets.iter().map(Ratio::of);
    let ratios: Vec<Ratio> = ratios.collect::<Option<_>>()?;
    ratios.into_iter().min_by(|a, b| a.low.total_cmp(&b.low))
}

/// The verdict of exact moments and of the mean of ‖Δ‖².
fn by_moments(evidence: Evidence, check: &Check) -> Judgement {
    let quantity = "E‖Δ‖²/N over Gelbrich's bound";
    let sides = measured(evidence.findings);
    if let Some(why) = nothing(&sides) {
        let basis = EvidenceKind::Moments.of(quantity, "ratio");
        return Judgement::bare(Verdict::Inconclusive, basis, why);
    }
    let sides = sides.expect("there is something");
    let half = half_width(check.confidence, sides.len());
    let void = half_width(1.0 - VOID_LEVEL, sides.len());
    let narrowest = |a: &&Sides, b: &&Sides| a.margin().total_cmp(&b.margin());
    let broken = sides
        .iter()
        .filter(|at| at.are_broken(void))
        .min_by(narrowest);
    let unclear = |at: &&Sides| !at.are_in_order(half, check.tolerance);
    let unclear = sides.iter().filter(unclear).min_by(narrowest);
    let (verdict, at) = match (broken, unclear) {
        (Some(at), _) => (Verdict::Void, at),
        (None, Some(at)) => (Verdict::Inconclusive, at),
        (None, None) => (
            Verdict::Holds,
            sides.iter().min_by(narrowest).expect("there is a time"),
        ),
    };
    let (time, margin) = (at.time, at.margin());
    let reason = match verdict {
        Verdict::Void => format!(
            "at t = {time} E‖Δ‖²/N is below Gelbrich's bound {}, which cannot be: the program is at fault",
            at.lower
        ),
        Verdict::Holds => format!(
            "in order at all record times; nearest at t = {time}, where the upper side is {margin:.3} times the lower"
        ),
        _ if !at.trusted => format!("at t = {time} few replicas carry the mean of ‖Δ‖²"),
        _ => format!("at t = {time} the interval does not clear the lower side"),
    };
    let reach = half * at.std_error / at.lower;
    Judgement {
        estimate: Some(margin),
        std_error: Some(at.std_error / at.lower),
        interval: Some((margin - reach, margin + reach)),
        printed: Some(1.0),
        exact: (evidence.findings.theory.discrepancy_mean(time))
            .map(|mean| mean / evidence.findings.particles as f64 / at.lower),
        ..Judgement::bare(
            verdict,
            EvidenceKind::Moments.at(quantity, "ratio", time),
            reason,
        )
    }
}

/// The forecast of [`by_moments`].
fn forecast_by_moments(prospect: &Prospect, check: &Check) -> Forecast {
    let times = prospect.experiment.times();
    let replicas = prospect.replicas as f64;
    let sides = expected(prospect.theory, prospect.particles, &times, replicas);
    if nothing(&sides).is_some() {
        return Forecast::undecided(None);
    }
    let sides = sides.expect("there is something");
    let half = half_width(check.confidence, sides.len());
    let fails = sides.iter().map(|at| {
        let least = (1.0 - check.tolerance) * at.lower + at.reach(half);
        match at.trusted {
            // Known to be so before sampling.
            _ if at.std_error == 0.0 => f64::from(u8::from(at.upper < least)),
            true => 1.0 - probability(at.upper, at.std_error, least, f64::INFINITY),
            false => 1.0,
        }
    });
    Forecast {
        holds: (1.0 - fails.sum::<f64>()).max(0.0),
        void: VOID_LEVEL,
        ..Forecast::undecided(None)
    }
}

impl Claim for Lemma12 {
    fn id(&self) -> &'static str {
        "lemma-12"
    }

    fn headline(&self) -> &'static str {
        "Lemma 12: W₂ of marginals ≤ W₂ of joint laws / √N"
    }

    fn statement(&self) -> &'static str {
        "Lemma 12: W₂ of the first marginals ≤ W₂ of the joint laws/√N, for symmetric laws"
    }

    fn method(&self) -> &'static str {
        "shown if, by the brackets, the upper limit on the left side ≤ the lower limit on the right one within \
         the tolerance, at all their times; else consistent if at all record times Gelbrich's exact bound on the \
         left side ≤ E‖Δ‖²/N, measured, on the right one, to within the margin that is reported: not proved; void \
         if a lower limit or bound on the left is above an upper one on the right"
    }

    fn judge(&self, evidence: Evidence, check: &Check) -> Judgement {
        let by_moments = by_moments(evidence, check);
        let void = Some(&by_moments).filter(|judgement| judgement.verdict == Verdict::Void);
        if let Some(void) = broken(evidence).or(void.cloned()) {
            return void;
        }
        let brackets = trusted(evidence, check).unwrap_or_default();
        if let Some(contradiction) = brackets.iter().find_map(|at| at.contradiction(0.0)) {
            return contradiction.judgement(Verdict::Inconclusive, check.confidence);
        }
        match least_ratio(&brackets) {
            None => by_moments,
            Some(ratio) if ratio.shows(check.tolerance) => ratio.judgement(Verdict::Holds),
            Some(ratio) if by_moments.verdict != Verdict::Holds => {
                ratio.judgement(Verdict::Inconclusive)
            }
            Some(ratio) => Judgement {
                reason: format!("{}; {}", by_moments.reason, ratio.words()),
                ..by_moments
            },
        }
    }

    fn forecast(&self, prospect: &Prospect, check: &Check) -> Forecast {
        let forecast = forecast_by_moments(prospect, check);
        let [limits, both] =
            [Laws::FirstMarginals, Laws::Joint].map(|laws| f64::from(has_limits(prospect, laws)));
        let level = 1.0 - check.confidence;
        Forecast {
            // Brackets of a right program that contradict each other decide nothing.
            holds: (forecast.holds - limits * level).max(0.0),
            void: forecast.void + limits * VOID_LEVEL,
            // HOLDS is no false alarm if the lemma is true.
            holds_unforeseen: both * level,
            ..forecast
        }
    }

    fn unforeseen(&self, prospect: &Prospect, check: &Check) -> Option<&'static str> {
        (check.expect == Expectation::Holds && are_trusted(prospect, Laws::Joint))
            .then_some("the brackets of W2 may show it")
    }

    fn obstacle(&self, prospect: &Prospect) -> Option<String> {
        let times = prospect.experiment.times();
        let most = MOST_REPLICAS as f64;
        let sides = expected(prospect.theory, prospect.particles, &times, most);
        let heavy = |sides: &Vec<Sides>| sides.iter().any(|at| !at.trusted);
        let heavy = sides.as_ref().is_some_and(heavy);
        let obstacle = nothing(&sides).or(heavy.then_some(
            "few replicas carry the mean of ‖Δ‖², whatever their number; shorten the run",
        ))?;
        Some(obstacle.to_string())
    }

    /// The lemma is about two laws, whatever made them.
    fn blind_to_clock(&self, _prospect: &Prospect, _check: &Check) -> bool {
        false
    }
}
