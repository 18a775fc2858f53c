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

use super::by_bracket::{
    Laws, SHARE, broken, by_bracket, has_limits, may_decide, may_refute, times_after_0, will_hold,
};
use super::{Claim, no_rate};
use crate::coupling::{CouplingKind, Rematch};
use crate::estimate::{
    few_velocities, gelbrich_error, is_difference_carried, normal_half_width, rate_weights,
};
use crate::experiment::{Check, Expectation, Experiment, MOST_REPLICAS};
use crate::judge::forecast::{Forecast, Prospect, probability};
use crate::judge::{Evidence, Judgement, LARGEST_RELATIVE_ERROR, Measurement, VOID_LEVEL, Verdict};
use crate::law::joint::Joint;
use crate::law::{Law, StudentT};
use crate::special::normal_quantile;
use crate::theory::pairing::Pairing;
use crate::theory::unseen::{CUT, CUT_FOR_VOID, Unseen};
use crate::theory::{Quantity, System};

/// One of the two theorems.
pub struct Contraction {
    id: &'static str,
    statement: &'static str,
    method: &'static str,
    /// What it bounds the distance of.
    laws: Laws,
}

/// Theorem 6.
pub static THEOREM_6: Contraction = Contraction {
    id: "theorem-6",
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
    statement: "Theorem 7: W₂ of the first marginals ≤ e^{−μt/2} W₂(f, h), for every N",
    method: "holds if the upper limit of the bracket of W₂ of the first marginals, or that of \
             W₂ of pooled velocities, is within the tolerance of the printed bound at all times, \
             or the synchronous coupling contracts at least at rate μ from an optimal start; \
             refuted if Gelbrich's bound, or the lower limit of the bracket of the first \
             marginals, exceeds the printed one",
    laws: Laws::FirstMarginals,
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

    fn refusal(&self, experiment: &Experiment) -> Option<String> {
        let product = experiment.joints == [Joint::Product; 2];
        if self.laws == Laws::FirstMarginals && !product {
            return Some("it is about product initial laws".to_string());
        }
        let unknown = "it needs W2 of the joint initial laws, which is known of two product laws or two spheres only";
        (!experiment.knows_initial_w2()).then(|| unknown.to_string())
    }

    fn judge(&self, evidence: Evidence, check: &Check) -> Judgement {
        if evidence.initial_w2 == 0.0 {
            return Judgement::bare(Verdict::Inconclusive, "W2 squared", EQUAL_LAWS);
        }
        let laws = self.laws(evidence.findings.particles);
        let moments = refutation(evidence, check);
        // False by Gelbrich's bound, exactly: HOLDS is out of the question.
        let is_false = moments.is_some();
        let pooled = (laws == Laws::FirstMarginals)
            .then(|| pooled(evidence, check))
            .flatten();
        let ways: Vec<Judgement> = [
            broken_batches(evidence),
            broken(evidence),
            moments.clone(),
            by_bracket(evidence, check, laws),
            pooled.clone(),
            mechanism(evidence, check),
        ]
        .into_iter()
        .flatten()
        .collect();
        let first = |verdict| ways.iter().find(|way| way.verdict == verdict).cloned();
        first(Verdict::Void)
            .or_else(|| first(Verdict::Refuted))
            .or_else(|| first(Verdict::Holds).filter(|_| !is_false))
            .or(moments)
            .or(pooled)
            .unwrap_or_else(|| undecided(evidence, check))
    }

    fn forecast(&self, prospect: &Prospect, check: &Check) -> Forecast {
        if prospect.initial_w2 == 0.0 {
            return Forecast::undecided(None);
        }
        let laws = self.laws(prospect.particles);
        let level =
            |may: bool, share: f64| f64::from(u8::from(may)) * share * (1.0 - check.confidence);
        let by_batches = laws == Laws::FirstMarginals && batches_may_decide(prospect);
        let forecast = match forecast_refutation(prospect, check) {
            Some(refutation) => refutation,
            None => {
                let bound = forecast_bound(prospect, check, by_batches);
                let [may_hold, may_refute] = self.bracket_may_decide(prospect);
                Forecast {
                    // If the claim is false; if it is true, HOLDS is no false alarm.
                    holds_unforeseen: level(may_hold, SHARE) + level(by_batches, SHARE),
                    refuted_unforeseen: level(may_refute, 1.0),
                    // An interval of the bracket's is not known beforehand.
                    half_width: bound.half_width.filter(|_| !may_hold && !may_refute),
                    ..bound
                }
            }
        };
        let ways_to_void = [
            planned_batches(prospect).is_some(),
            has_limits(prospect, Laws::FirstMarginals),
            violations(prospect).next().is_some(),
            unfit_for_mechanism(prospect.experiment).is_none(),
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
        let [may_hold, may_refute] = self.bracket_may_decide(prospect);
        let may = match check.expect {
            Expectation::Holds => may_hold,
            Expectation::Refuted => may_refute,
        };
        may.then_some("the bracket of W2 may decide")
    }

    fn obstacle(&self, prospect: &Prospect) -> Option<String> {
        if prospect.initial_w2 == 0.0 {
            return Some(EQUAL_LAWS.to_string());
        }
        if violations(prospect).next().is_some() {
            let no_error = violations(prospect)
                .all(|(time, ..)| gelbrich_error(prospect.theory, time, 2.0).is_none());
            return no_error.then(|| "the measured moments have infinite variances".to_string());
        }
        let unfit = unfit_for_mechanism(prospect.experiment);
        unfit.or_else(|| {
            let reason = no_rate(prospect, Quantity::Discrepancy)?;
            Some(reason.to_string())
        })
    }

    fn blind_to_clock(&self, prospect: &Prospect, check: &Check) -> bool {
        let laws = self.laws(prospect.particles);
        let rate = (1.0 - check.tolerance) * prospect.experiment.mu;
        prospect.on_both_clocks(|prospect| {
            let by_rate = prospect.theory.decay_rate(Quantity::Discrepancy) >= rate;
            (by_rate || will_hold(prospect, laws, check.tolerance))
                && violations(prospect).next().is_none()
        }) == [true; 2]
    }
}

impl Contraction {
    /// What is bounded of so many particles: one particle's joint law is its marginal.
    fn laws(&self, particles: usize) -> Laws {
        match particles {
            1 => Laws::FirstMarginals,
            _ => self.laws,
        }
    }

    /// Whether the bracket may show the bound, and whether it may refute it.
    fn bracket_may_decide(&self, prospect: &Prospect) -> [bool; 2] {
        if prospect.initial_w2 == 0.0 {
            return [false; 2];
        }
        let is_false = violations(prospect).next().is_some();
        [
            !is_false && may_decide(prospect, self.laws(prospect.particles)),
            may_refute(prospect),
        ]
    }
}

/// The forecast where Gelbrich's bound does not exceed the printed one: of batches, where
/// they count, and of the mechanism. Batches are foreseen by a pilot only.
fn forecast_bound(prospect: &Prospect, check: &Check, by_batches: bool) -> Forecast {
    let pooled = by_batches
        .then(|| forecast_pooled(prospect, check))
        .flatten();
    let holds = pooled.map_or(0.0, |pooled| pooled.holds);
    let mechanism = forecast_mechanism(prospect, check).unwrap_or(Forecast::undecided(None));
    Forecast {
        holds: mechanism.holds.max(holds),
        // The mechanism is asked only where the distances say nothing.
        half_width: mechanism.half_width.filter(|_| holds < 0.01),
        ..mechanism
    }
}

const EQUAL_LAWS: &str = "the initial laws are equal: both sides are 0, which shows nothing";

/// The record times after 0 at which Gelbrich's bound exceeds the printed one,
/// with both.
fn violations<'a>(prospect: &'a Prospect) -> impl Iterator<Item = (f64, f64, f64)> + 'a {
    let times = prospect.experiment.times();
    times.into_iter().skip(1).filter_map(|time| {
        let exact = prospect.theory.gelbrich_squared(time);
        let bound = libm::exp(-prospect.experiment.mu * time) * prospect.initial_w2;
        // Rounding is not a refutation.
        (exact > bound * (1.0 + 1e-9)).then_some((time, exact, bound))
    })
}

/// Why the proof's mechanism can show nothing, if so.
fn unfit_for_mechanism(experiment: &Experiment) -> Option<String> {
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

/// P(REFUTED) of [`refutation`] and the half-width it will show; `None` if the
/// exact lower bound does not exceed the printed one.
fn forecast_refutation(prospect: &Prospect, check: &Check) -> Option<Forecast> {
    violations(prospect).next()?;
    let shown = violations(prospect).filter_map(|(time, exact, bound)| {
        let error = gelbrich_error(prospect.theory, time, prospect.replicas as f64)?;
        Some((exact, bound, error))
    });
    let strength = |&(exact, bound, error): &(f64, f64, f64)| (exact - bound) / error;
    let Some((exact, bound, error)) = shown.max_by(|a, b| strength(a).total_cmp(&strength(b)))
    else {
        return Some(Forecast::undecided(None));
    };
    let half = normal_half_width(check.confidence) * error;
    let refuted = probability(exact, error, (exact - half).max(bound + half), exact + half);
    Some(Forecast {
        half_width: Some(half),
        refuted: if half <= check.tolerance * exact {
            refuted
        } else {
            0.0
        },
        ..Forecast::undecided(None)
    })
}

/// The forecast of [`mechanism`].
fn forecast_mechanism(prospect: &Prospect, check: &Check) -> Option<Forecast> {
    let Prospect {
        experiment,
        theory,
        particles,
        replicas,
        ..
    } = *prospect;
    let (quantity, times) = (Quantity::Discrepancy, experiment.times());
    let error = rate_weights(theory, quantity, particles, &times, replicas)
        .ok()?
        .exact_std_error();
    let half = normal_half_width(check.confidence) * error;
    let least = (1.0 - check.tolerance) * experiment.mu + half;
    let exact = theory.decay_rate(quantity);
    let undecided = Forecast::undecided(Some(half));
    if unfit_for_mechanism(experiment).is_some() {
        return Some(undecided);
    }
    if error > LARGEST_RELATIVE_ERROR * exact {
        return Some(undecided);
    }
    Some(Forecast {
        holds: probability(exact, error, least, f64::INFINITY),
        ..undecided
    })
}

/// The batches of a plan, if they are enough to decide.
fn planned_batches(prospect: &Prospect) -> Option<u64> {
    let sample = prospect.experiment.wasserstein?.sample;
    let batches = prospect.replicas / sample.div_ceil(prospect.particles) as u64;
    are_enough(batches as f64, sample).then_some(batches)
}

/// Whether batches are enough, and their velocities carry the mean at all times.
fn batches_may_decide(prospect: &Prospect) -> bool {
    let (Some(batches), Some(plan)) = (planned_batches(prospect), prospect.experiment.wasserstein)
    else {
        return false;
    };
    let velocities = batches as f64 * plan.sample as f64;
    let replicas = velocities / prospect.particles as f64;
    let carried = |time| is_difference_carried(prospect.theory, time, replicas);
    times_after_0(prospect.experiment).all(carried)
}

/// The forecast of [`pooled`] where [`batches_may_decide`], from the batches of a pilot: the sum of what can
/// go wrong at each time.
fn forecast_pooled(prospect: &Prospect, check: &Check) -> Option<Forecast> {
    let experiment = prospect.experiment;
    let tally = &prospect.pilot?.pairs.distances;
    let batches = planned_batches(prospect)? as f64;
    if tally.count() < 2.0 {
        return None;
    }
    let times = experiment.times();
    let indices = experiment.wasserstein_indices();
    let level = SHARE * (1.0 - check.confidence);
    let half_width = student_quantile(batches - 1.0, level / (indices.len() - 1) as f64);
    let sample = experiment.wasserstein?.sample;
    let replicas = batches * sample as f64 / prospect.particles as f64;
    // At each time the batches may fail to represent the law.
    let mut fails = level;
    for (index, &at) in indices.iter().enumerate().skip(1) {
        let bound = libm::exp(-experiment.mu * times[at]) * prospect.initial_w2;
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
    /// What `coupling` is an estimate of.
    coupling_exact: Option<f64>,
    bound: f64,
    /// Whether many velocities carry what tells the two laws apart.
    trusted: bool,
    /// What upper limits allow for.
    unseen: Unseen,
    /// Squared distances below this may be the rounding of the velocities that
    /// they are differences of.
    rounding: f64,
    /// What few velocities can change.
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

    /// Why the batches show nothing at so many standard errors, if so.
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
fn distances(evidence: Evidence, cut: f64) -> Vec<Distance> {
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
            bound: printed_bound(evidence, time),
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

/// W₂² below this, relative to E V², may be the rounding of velocities.
const ROUNDING: f64 = 1e-26;

/// W₂² ≤ E W₂²(pooled) and W₂²(pooled) ≤ ‖Δ‖²/N are theorems: where Gelbrich's bound, or at
/// time 0 the exact W₂²(0), is above the limit of the first, or the second fails, the program
/// is at fault, if more than few velocities can change are between them. The second is a theorem for
/// each batch, whatever their number.
fn broken_batches(evidence: Evidence) -> Option<Judgement> {
    let confidence = 1.0 - VOID_LEVEL;
    let distances = distances(evidence, CUT_FOR_VOID);
    if distances.is_empty() {
        return None;
    }
    let batches = evidence.findings.measured.pairs.distances.count();
    let enough = are_enough(batches, evidence.findings.sample);
    let half_width = student_quantile(batches - 1.0, VOID_LEVEL / distances.len() as f64);
    let broken = distances.into_iter().find(|at| {
        let low = enough
            && at.weakness(half_width).is_none()
            && at.exceeds(at.least, at.limit(half_width) + at.few);
        let high = at.exceeds(at.pooled, at.coupling);
        low || (high && at.trusted && at.pooled > at.rounding)
    })?;
    Some(Judgement {
        verdict: Verdict::Void,
        quantity: format!("pooled W2 squared at t = {}", broken.time),
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
    let violated: Vec<_> = violated.collect();
    let &(_, first_time, first_exact, first_bound) = violated.first()?;
    let shown = violated
        .into_iter()
        .filter_map(|(index, time, exact, bound)| {
            let (value, error) = findings.measured_gelbrich(index);
            Some((time, exact, bound, value, error?))
        });
    let strength =
        |&(_, exact, bound, _, error): &(f64, f64, f64, f64, f64)| (exact - bound) / error;
    let Some((time, exact, bound, value, error)) =
        shown.max_by(|a, b| strength(a).total_cmp(&strength(b)))
    else {
        return Some(Judgement::bare(
            Verdict::Inconclusive,
            "Gelbrich bound, per particle",
            format!(
                "at t = {first_time}, Gelbrich's bound {first_exact:.6} exceeds the printed {first_bound:.6}, but the measured moments have infinite variances and cannot confirm it"
            ),
        ));
    };
    let measurement = Measurement::new(value, error, findings.measured.replicas, check.confidence);
    let shown = measurement.half_width() <= check.tolerance * exact
        && measurement.interval.0 > bound
        && measurement.meets(exact);
    let (verdict, reason) = if measurement.contradicts(exact) {
        (
            Verdict::Void,
            format!(
                "at t = {time}, Gelbrich's bound at the measured moments contradicts its exact value {exact}: the program is at fault"
            ),
        )
    } else if shown {
        (
            Verdict::Refuted,
            format!(
                "at t = {time}, W2² of the first marginals is at least {exact:.6} (Gelbrich, exact); the printed bound is {bound:.6}"
            ),
        )
    } else {
        (
            Verdict::Inconclusive,
            format!(
                "at t = {time}, Gelbrich's bound {exact:.6} exceeds the printed {bound:.6}, but the measured moments do not show it to the tolerance yet"
            ),
        )
    };
    let needed = [
        half_width * error / (check.tolerance * exact),
        (half_width - normal_quantile(0.1, 0.9)) * error / (exact - bound),
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
            .then(|| (replicas * factor * factor).ceil())
            .filter(|&needed| needed <= MOST_REPLICAS as f64)
            .map(|needed| needed as u64),
        reason,
    })
}

/// The proof's mechanism: the lower limit of the synchronous rate is at least
/// (1−τ)μ, and the start is optimal. Nothing is rematched.
fn mechanism(evidence: Evidence, check: &Check) -> Option<Judgement> {
    if unfit_for_mechanism(evidence.experiment).is_some() {
        return None;
    }
    let mu = evidence.experiment.mu;
    let findings = evidence.findings;
    let estimate = findings.rate(Quantity::Discrepancy).ok()?;
    let replicas = findings.measured.replicas;
    let measurement = Measurement::of_rate(estimate, replicas, check.confidence);
    let exact = findings.theory.decay_rate(Quantity::Discrepancy);
    let void = measurement.contradicts(exact);
    let holds = measurement.is_carried_by_many(exact)
        && measurement.interval.0 >= (1.0 - check.tolerance) * mu;
    (void || holds).then(|| Judgement {
        verdict: if void { Verdict::Void } else { Verdict::Holds },
        quantity: "decay rate of discrepancy".to_string(),
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

/// The upper confidence limits of W₂² of pooled velocities against B, at all
/// times after 0 together (Bonferroni) with [`SHARE`] of the level; the time that comes
/// nearest is shown.
fn pooled(evidence: Evidence, check: &Check) -> Option<Judgement> {
    let all = distances(evidence, CUT);
    let (start, distances) = all.split_first().filter(|(_, later)| !later.is_empty())?;
    let batches = evidence.findings.measured.pairs.distances.count();
    let level = SHARE * (1.0 - check.confidence) / distances.len() as f64;
    let half_width = student_quantile(batches - 1.0, level);
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
        quantity: format!("pooled W2 squared at t = {}", shown.time),
        estimate: Some(shown.pooled),
        std_error: Some(shown.pooled_error),
        interval: Some(bracket).filter(|(low, high)| enough && low <= high),
        printed: Some(shown.bound),
        exact: None,
        replicas_needed: None,
        reason,
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
    match StudentT::new(df, 1.0, 0.0) {
        Ok(law) => -Law::StudentT(law).quantile(level),
        // Beyond 10⁶ degrees of freedom: the normal law, to six digits.
        Err(_) => -normal_quantile(level, 1.0 - level),
    }
}

/// Nothing decides: the mechanism may with more replicas, if anything does.
fn undecided(evidence: Evidence, check: &Check) -> Judgement {
    let findings = evidence.findings;
    let quantity = "decay rate of discrepancy";
    let mu = evidence.experiment.mu;
    let exact = findings.theory.decay_rate(Quantity::Discrepancy);
    let unfit = unfit_for_mechanism(evidence.experiment);
    let estimate = match findings.rate(Quantity::Discrepancy) {
        Ok(estimate) => estimate,
        Err(why) => {
            let why = unfit.unwrap_or_else(|| format!("no rate was measured ({why})"));
            let reason = format!("{why}, and no lower bound exceeds the printed one");
            return Judgement::bare(Verdict::Inconclusive, quantity, reason);
        }
    };
    let replicas = findings.measured.replicas;
    let measurement = Measurement::of_rate(estimate, replicas, check.confidence);
    let room = exact - (1.0 - check.tolerance) * mu;
    let one_sided = -normal_quantile(0.1, 0.9);
    Judgement {
        verdict: Verdict::Inconclusive,
        quantity: quantity.to_string(),
        estimate: Some(measurement.value),
        std_error: Some(measurement.std_error),
        interval: Some(measurement.interval),
        printed: Some(mu),
        exact: Some(exact),
        replicas_needed: match unfit {
            Some(_) => None,
            None => measurement
                .replicas_to_clear(room, one_sided)
                .max(measurement.replicas_to_be_carried(exact)),
        },
        reason: format!(
            "{}, and no lower bound exceeds the printed one",
            unfit
                .as_deref()
                .unwrap_or("the synchronous coupling is not shown to contract at rate μ")
        ),
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
        assert!((student_quantile(3e6, 0.001) - 3.0902).abs() < 1e-4);
    }
}
