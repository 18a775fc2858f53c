//! What the certified brackets of W₂² say of a bound on it.
//!
//! Squared and per particle, W₂² of the first marginals is M and that of the laws of all
//! N particles is J. M ≤ J for exchangeable laws (Lemma 12), and J ≤ d₂e^{−βt/2} by the
//! synchronous coupling. So lower limits are those of M for a bound on M, and for a
//! bound on J the larger of those of M and of J; the upper limit is that of M or of J.
//!
//! A bound B holds if the upper limit is within the tolerance of it at every record time
//! of W₂ after 0, and is refuted if a lower limit exceeds it at some. Of n times, an upper
//! limit misses with probability (1 − c)/n, and a lower one with that or, where it is the
//! larger of two, each with half of it. That is 1 − c for all lower limits together and
//! 1 − c for all upper ones (Bonferroni), c the confidence of the check. A verdict is
//! false with no more than 1 − c all the same: if the bound is true only lower limits
//! can say something false, and if it is exceeded by more than the tolerance only upper
//! ones can. In between, both REFUTED and HOLDS are right.
//!
//! Limits here are measured, not clamped to what is known exactly: a wrong program must
//! be able to fail. A lower limit above the exact upper bound d₂e^{−βt/2} contradicts
//! theory, and so refutes nothing; by more than chance it makes the program at fault.

use crate::bracket::Excess;
use crate::estimate::Findings;
use crate::experiment::{Check, Experiment};
use crate::judge::forecast::Prospect;
use crate::judge::{Evidence, Judgement, VOID_LEVEL, Verdict};
use crate::measure::bracketed;
use crate::theory::System;

/// Replicas, and their velocities, from which on the bracket decides.
const FEWEST_REPLICAS: u64 = 20;
const FEWEST_VELOCITIES: u64 = 20_000;
/// Replicas from which on the limits of the joint laws decide. These rest on the cost of a
/// coupling, which is skewed as it is for [`Excess::FEWEST_REPLICAS`].
const FEWEST_JOINT_REPLICAS: u64 = Excess::FEWEST_REPLICAS as u64;

/// What a distance is one of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Laws {
    /// The laws of one particle: M.
    FirstMarginals,
    /// The laws of all N particles: J.
    Joint,
}

impl Laws {
    fn words(self) -> &'static str {
        match self {
            Laws::FirstMarginals => "W2² of the first marginals",
            Laws::Joint => "W2² of the joint laws, per particle,",
        }
    }

    fn quantity(self, time: f64) -> String {
        match self {
            Laws::FirstMarginals => format!("bracket of W2 squared at t = {time}"),
            Laws::Joint => format!("bracket of joint W2 squared/N at t = {time}"),
        }
    }

    /// Whether this many replicas of N particles are enough.
    fn have_enough(self, replicas: u64, particles: usize) -> bool {
        let fewest = match self {
            Laws::FirstMarginals => FEWEST_REPLICAS,
            Laws::Joint => FEWEST_JOINT_REPLICAS,
        };
        replicas >= fewest && replicas * particles as u64 >= FEWEST_VELOCITIES
    }
}

/// Whether a run of so many replicas can be decided by the bracket of these laws.
pub(super) fn may_decide(prospect: &Prospect, laws: Laws) -> bool {
    let Prospect {
        experiment,
        particles,
        replicas,
        ..
    } = *prospect;
    laws.have_enough(bracketed(experiment, particles, replicas), particles)
}

/// Whether the printed bound lies below the exact upper one at some record time of
/// W₂, so that it can be refuted at all. The lower limit of first marginals will do.
pub(super) fn may_refute(prospect: &Prospect) -> bool {
    let Experiment { mu, .. } = prospect.experiment;
    let times = prospect.experiment.times();
    let after_0 = prospect.experiment.wasserstein_indices();
    let mut after_0 = after_0.into_iter().skip(1).map(|at| times[at]);
    may_decide(prospect, Laws::FirstMarginals)
        && after_0.any(|time| {
            let printed = libm::exp(-mu * time) * prospect.initial_w2;
            prospect.theory.contraction_bound(time) > printed * (1.0 + 1e-9)
        })
}

/// A limit of a squared distance per particle.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limit {
    laws: Laws,
    pub(super) estimate: f64,
    pub(super) std_error: f64,
    pub(super) value: f64,
}

/// The lower and the upper limit of a squared distance per particle.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) lower: Limit,
    pub(super) upper: Limit,
}

/// One-sided levels of limits: how often they may miss.
#[derive(Debug, Clone, Copy)]
pub(super) struct Levels {
    pub(super) lower: f64,
    pub(super) upper: f64,
}

impl Limits {
    /// Of estimates with standard errors and of what a bracket measures at two-sided
    /// confidences; `None` without errors. Velocities that are all alike have no spread to
    /// judge by.
    fn new(
        laws: Laws,
        [lower, upper]: [(Option<f64>, Option<f64>); 2],
        levels: Levels,
        measured: impl Fn(f64) -> Option<(f64, f64)>,
    ) -> Option<Limits> {
        let limit = |(estimate, std_error): (Option<f64>, Option<f64>), value| {
            let std_error = std_error.filter(|&error| error > 0.0)?;
            Some(Limit {
                laws,
                estimate: estimate?,
                std_error,
                value,
            })
        };
        Some(Limits {
            lower: limit(lower, measured(1.0 - 2.0 * levels.lower)?.0)?,
            upper: limit(upper, measured(1.0 - 2.0 * levels.upper)?.1)?,
        })
    }
}

/// The limits at a record time of W₂, with exact bounds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Brackets {
    pub(super) time: f64,
    /// Of M.
    pub(super) first: Limits,
    /// Of J; `None` with too few replicas.
    pub(super) joint: Option<Limits>,
    /// Gelbrich's bound: at most M.
    gelbrich: f64,
    /// d₂e^{−βt/2}: at least J.
    most: f64,
    /// Differences below this may be rounding.
    rounding: f64,
}

/// The limits at the `index`-th record time of W₂; `None` unless the bracket is trusted.
pub(super) fn brackets(findings: &Findings, index: usize, levels: Levels) -> Option<Brackets> {
    let (first, joint) = findings.trusted_brackets(index)?;
    let time = findings.times[findings.distance_times[index]];
    let enough = |laws: Laws, replicas| laws.have_enough(replicas, findings.particles);
    let (one, all) = (Laws::FirstMarginals, Laws::Joint);
    let marginal = [
        (first.dual_lower, first.dual_std_error),
        (first.upper, first.upper_std_error),
    ];
    let of_all = [
        (joint.joint_lower, joint.lower_std_error),
        (joint.joint_upper, joint.upper_std_error),
    ];
    let squares = System::ALL.map(|copy| findings.theory.second_moment(copy, time));
    Some(Brackets {
        time,
        first: Limits::new(one, marginal, levels, |confidence| {
            first.measured_limits(confidence)
        })
        .filter(|_| enough(one, first.replicas))?,
        joint: Limits::new(all, of_all, levels, |confidence| {
            joint.measured_limits(confidence)
        })
        .filter(|_| enough(all, joint.replicas)),
        gelbrich: findings.theory.gelbrich_squared(time),
        most: findings.theory.contraction_bound(time),
        rounding: ROUNDING * (squares[0] + squares[1]),
    })
}

/// Relative to E V²: estimates are sums of velocities squared, less their exact moments.
const ROUNDING: f64 = 1e-12;

impl Brackets {
    /// The larger lower limit and the upper limit of the distance of these laws. Of joint
    /// laws without limits of their own, those of the first marginals, whose upper limit
    /// bounds nothing.
    fn of(&self, laws: Laws) -> (Limits, Laws) {
        match (laws, self.joint) {
            (Laws::Joint, Some(joint)) => {
                let lower = if joint.lower.value > self.first.lower.value {
                    joint.lower
                } else {
                    self.first.lower
                };
                (Limits { lower, ..joint }, Laws::Joint)
            }
            _ => (self.first, Laws::FirstMarginals),
        }
    }

    /// The larger one of the limit and the exact bound below M, and the least of those
    /// above J.
    pub(super) fn ends(&self) -> [f64; 2] {
        let joint = self.joint.map(|joint| joint.upper.value);
        [
            self.first.lower.value.max(self.gelbrich),
            joint.map_or(self.most, |limit| limit.min(self.most)),
        ]
    }

    /// A lower bound that lies above an upper one of the same distance, in words.
    fn contradiction(&self) -> Option<String> {
        let first = self.first;
        let marginal = [
            ("Gelbrich's bound", self.gelbrich),
            ("the lower limit of the first marginals", first.lower.value),
        ];
        let joint = self
            .joint
            .map(|joint| ("the upper limit of the joint laws", joint.upper.value));
        let exact = ("the exact upper bound", self.most);
        let above_joint = || joint.into_iter().chain([exact]);
        let above_marginal = || {
            let own = ("the upper limit of the first marginals", first.upper.value);
            above_joint().chain([own])
        };
        let of_marginals = marginal
            .into_iter()
            .flat_map(|lower| above_marginal().map(move |upper| (lower, upper)));
        let lower = self
            .joint
            .map(|joint| ("the lower limit of the joint laws", joint.lower.value));
        let of_joint = lower
            .into_iter()
            .flat_map(|lower| above_joint().map(move |upper| (lower, upper)));
        let broken = |(lower, upper): &((&str, f64), (&str, f64))| {
            lower.1 > upper.1 * (1.0 + 1e-9) + self.rounding
        };
        let (lower, upper) = of_marginals.chain(of_joint).find(broken)?;
        Some(format!(
            "{} of W2², {}, is above {}, {}",
            lower.0, lower.1, upper.0, upper.1
        ))
    }
}

/// VOID if a lower bound on W₂² of the first marginals or of the joint laws, limit or
/// exact, lies above an upper one: of a right program some limit then misses, four at
/// each record time of W₂, all together with probability [`VOID_LEVEL`].
pub(super) fn broken(evidence: Evidence) -> Option<Judgement> {
    let findings = evidence.findings;
    let times = findings.distance_times.len();
    let level = VOID_LEVEL / (4.0 * times as f64);
    let levels = Levels {
        lower: level,
        upper: level,
    };
    let brackets = (0..times).filter_map(|index| brackets(findings, index, levels));
    let (at, words) = brackets
        .filter_map(|at| Some((at, at.contradiction()?)))
        .next()?;
    let (limits, laws) = at.of(Laws::Joint);
    Some(Judgement {
        estimate: Some(limits.upper.estimate),
        std_error: Some(limits.upper.std_error),
        ..Judgement::bare(
            Verdict::Void,
            &laws.quantity(at.time),
            format!(
                "at t = {} {words}, at confidence {}: the program is at fault",
                at.time,
                1.0 - VOID_LEVEL
            ),
        )
    })
}

/// The verdict of the bracket on B = e^{−μt}W₂²(f, h), a bound on the distance of these
/// laws, if it decides.
pub(super) fn by_bracket(evidence: Evidence, check: &Check, laws: Laws) -> Option<Judgement> {
    let findings = evidence.findings;
    let times = 1..findings.distance_times.len();
    let level = (1.0 - check.confidence) / times.len() as f64;
    let levels = Levels {
        lower: match laws {
            Laws::FirstMarginals => level,
            Laws::Joint => 0.5 * level,
        },
        upper: level,
    };
    let brackets = times.map(|index| brackets(findings, index, levels));
    let brackets: Vec<Brackets> = brackets.collect::<Option<_>>()?;
    let printed =
        |at: &Brackets| libm::exp(-evidence.experiment.mu * at.time) * evidence.initial_w2;
    let lower = |at: &Brackets| at.of(laws).0.lower.value;
    let above = brackets
        .iter()
        .filter(|at| lower(at) > printed(at) * (1.0 + 1e-9) && lower(at) <= at.most)
        .max_by(|a, b| (lower(a) / printed(a)).total_cmp(&(lower(b) / printed(b))));
    if let Some(at) = above {
        let limit = at.of(laws).0.lower;
        let reason = format!(
            "at t = {}, {} is at least {:.6} (duality, at confidence {}); the printed bound is {:.6}",
            at.time,
            limit.laws.words(),
            limit.value,
            check.confidence,
            printed(at)
        );
        return Some(judgement(
            Verdict::Refuted,
            at,
            laws,
            limit,
            printed(at),
            reason,
        ));
    }
    let uppers = brackets.iter().map(|at| {
        let (limits, of) = at.of(laws);
        (of == laws).then_some((at, limits.upper))
    });
    let uppers: Vec<(&Brackets, Limit)> = uppers.collect::<Option<_>>()?;
    let ratio = |(at, upper): &(&Brackets, Limit)| upper.value / printed(at);
    let &(at, upper) = uppers.iter().max_by(|a, b| ratio(a).total_cmp(&ratio(b)))?;
    (ratio(&(at, upper)) <= 1.0 + check.tolerance).then(|| {
        let reason = "the upper limit of the bracket stays within the tolerance of the printed bound at all times; this is where it comes nearest";
        judgement(Verdict::Holds, at, laws, upper, printed(at), reason.to_string())
    })
}

fn judgement(
    verdict: Verdict,
    at: &Brackets,
    laws: Laws,
    shown: Limit,
    printed: f64,
    reason: String,
) -> Judgement {
    let (limits, of) = at.of(laws);
    Judgement {
        verdict,
        quantity: of.quantity(at.time),
        estimate: Some(shown.estimate),
        std_error: Some(shown.std_error),
        interval: Some((limits.lower.value, limits.upper.value))
            .filter(|(lower, upper)| lower <= upper),
        printed: Some(printed),
        exact: None,
        replicas_needed: None,
        reason,
    }
}
