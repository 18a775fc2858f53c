//! The confidence brackets of W₂² at a record time, and whether their order can be.
//!
//! Squared and per particle, W₂² of the first marginals is M and that of the laws of all
//! N particles is J. M ≤ J for exchangeable laws (Lemma 12), and J ≤ d₂e^{−βt/2} by the
//! synchronous coupling. So lower limits are those of M for a bound on M, and for a
//! bound on J the larger of those of M and of J; the upper limit is that of M or of J.
//!
//! Limits here are measured, not clamped to what is known exactly: a wrong program must
//! be able to fail. Brackets in an order that cannot be, such as a lower limit above the
//! exact upper bound, decide nothing; by more than chance they make the program at fault.

use crate::estimate::{Findings, few_velocities, is_bracket_trusted};
use crate::experiment::Experiment;
use crate::judge::evidence::{Basis, EvidenceKind};
use crate::judge::forecast::Prospect;
use crate::judge::{Evidence, Judgement, VOID_LEVEL, Verdict};
use crate::measure::bracketed;
use crate::theory::unseen::CUT_FOR_VOID;

/// Replicas, and their velocities, from which on the bracket decides.
const FEWEST_REPLICAS: u64 = 20;
const FEWEST_VELOCITIES: u64 = 20_000;
/// Replicas from which on the limits of the joint laws decide. Where the laws are near each
/// other these rest on a quadratic form of noise, and that is skewed: with 150 replicas
/// upper limits missed 29 times of 20 000 where 20 were due, and 7 times where 2 were.
const FEWEST_JOINT_REPLICAS: u64 = 200;

/// The laws that a distance is between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Laws {
    /// The laws of one particle: M.
    FirstMarginals,
    /// The laws of all N particles: J.
    Joint,
}

impl Laws {
    pub(super) fn words(self) -> &'static str {
        match self {
            Laws::FirstMarginals => "W2² of the first marginals",
            Laws::Joint => "W2²/N of the joint laws",
        }
    }

    /// The squared distance that a verdict shows.
    pub(super) fn basis(self, time: f64) -> Basis {
        let (quantity, symbol) = match self {
            Laws::FirstMarginals => ("bracket of W2 squared", "W2²"),
            Laws::Joint => ("bracket of joint W2 squared/N", "W2²/N"),
        };
        EvidenceKind::Bracket.at(quantity, symbol, time)
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

/// The record times of W₂ after 0.
pub(super) fn times_after_0(experiment: &Experiment) -> impl Iterator<Item = f64> {
    let times = experiment.times();
    let indices = experiment.wasserstein_indices();
    indices.into_iter().skip(1).map(move |at| times[at])
}

/// Whether a run of so many replicas has limits for these laws, trusted or not.
pub(super) fn has_limits(prospect: &Prospect, laws: Laws) -> bool {
    let kept = bracketed(prospect.experiment, prospect.particles, prospect.replicas);
    laws.have_enough(kept, prospect.particles)
}

/// Whether the brackets of these laws are trusted at all record times of W₂ after 0.
pub(super) fn are_trusted(prospect: &Prospect, laws: Laws) -> bool {
    let kept = bracketed(prospect.experiment, prospect.particles, prospect.replicas);
    let trusted = |time| is_bracket_trusted(prospect.theory, prospect.particles, time, kept);
    has_limits(prospect, laws) && times_after_0(prospect.experiment).all(trusted)
}

/// A limit of a squared distance per particle.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limit {
    pub(super) laws: Laws,
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
    /// The limits of estimates with standard errors, from what a bracket measures at two-sided
    /// confidences; `None` without errors, or if these may be rounding: velocities that are
    /// all alike have no spread to judge by.
    fn new(
        laws: Laws,
        [lower, upper]: [(Option<f64>, Option<f64>); 2],
        levels: Levels,
        rounding: f64,
        measured: impl Fn(f64) -> Option<(f64, f64)>,
    ) -> Option<Limits> {
        let limit = |(estimate, std_error): (Option<f64>, Option<f64>), value| {
            let std_error = std_error.filter(|&error| error > rounding)?;
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
    /// The limits of M.
    pub(super) first: Limits,
    /// The limits of J; `None` with too few replicas.
    pub(super) joint: Option<Limits>,
    /// Gelbrich's bound, and at time 0 W₂²(0) where it is known: at most M.
    least: f64,
    /// W₂²(0)e^{−βt/2}, or d₂e^{−βt/2}: at least J.
    most: f64,
    /// Differences below this may be rounding.
    pub(super) rounding: f64,
    /// The change of W₂² that few velocities can make.
    pub(super) few: f64,
}

/// A lower or an upper bound on the distance of some laws, exact or a limit.
struct Bound {
    laws: Laws,
    name: &'static str,
    value: f64,
    limit: Option<Limit>,
}

/// Whether the limits at time 0 contain W₂²(0), where that is known.
fn start_is_met(findings: &Findings, levels: Levels, cut: f64) -> bool {
    findings.start_is_met(|(first, joint)| {
        let unseen = findings.theory.unseen(0.0, first.replicas as f64, cut);
        let limits = |measured: &dyn Fn(f64) -> Option<(f64, f64)>| {
            let lower = measured(1.0 - 2.0 * levels.lower)?.0;
            let upper = measured(1.0 - 2.0 * levels.upper)?.1;
            Some((lower, unseen.raised(upper)))
        };
        let of_joint = limits(&|confidence| joint.measured_limits(confidence))
            .filter(|_| Laws::Joint.have_enough(joint.replicas, findings.particles));
        [
            limits(&|confidence| first.measured_limits(confidence)),
            of_joint,
        ]
    })
}

/// A lower bound that lies above an upper one of the same distance.
pub(super) struct Contradiction {
    /// The contradiction in words.
    words: String,
    time: f64,
    /// One of the two that is measured.
    limit: Limit,
}

/// The limits at the `index`-th record time of W₂, with upper limits that allow for what lies
/// beyond `cut`; `None` unless many replicas carry the bracket. After time 0 there are none
/// where a limit of the same levels misses W₂²(0): see [`Findings::trusted_brackets`].
pub(super) fn brackets(
    findings: &Findings,
    index: usize,
    levels: Levels,
    cut: f64,
) -> Option<Brackets> {
    if index > 0 && !start_is_met(findings, levels, cut) {
        return None;
    }
    let (first, joint) = findings.carried_brackets(index)?;
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
    let rounding = findings.rounding(time);
    let unseen = findings.theory.unseen(time, first.replicas as f64, cut);
    let raised = |(lower, upper): (f64, f64)| (lower, unseen.raised(upper));
    Some(Brackets {
        time,
        first: Limits::new(one, marginal, levels, rounding, |confidence| {
            first.measured_limits(confidence).map(raised)
        })
        .filter(|_| enough(one, first.replicas))?,
        joint: Limits::new(all, of_all, levels, rounding, |confidence| {
            joint.measured_limits(confidence).map(raised)
        })
        .filter(|_| enough(all, joint.replicas)),
        least: match findings.theory.initial_w2() {
            Some(exact) if time == 0.0 => exact,
            _ => findings.theory.gelbrich_squared(time),
        },
        most: findings.theory.contraction_bound(time),
        rounding,
        few: few_velocities(
            &findings.theory,
            time,
            first.replicas as f64 * findings.particles as f64,
        ),
    })
}

impl Brackets {
    /// The limit below the distance of these laws; of joint laws the larger one.
    pub(super) fn lower(&self, laws: Laws) -> Limit {
        let own = self.joint.filter(|_| laws == Laws::Joint);
        let own = own.map(|joint| joint.lower);
        own.filter(|own| own.value > self.first.lower.value)
            .unwrap_or(self.first.lower)
    }

    /// The limit above it; `None` without one.
    pub(super) fn upper(&self, laws: Laws) -> Option<Limit> {
        match laws {
            Laws::FirstMarginals => Some(self.first.upper),
            Laws::Joint => self.joint.map(|joint| joint.upper),
        }
    }

    /// The larger one of the limit and the exact bound below M, and the least of those
    /// above J.
    pub(super) fn ends(&self) -> [f64; 2] {
        let joint = self.joint.map(|joint| joint.upper.value);
        [
            self.first.lower.value.max(self.least),
            joint.map_or(self.most, |limit| limit.min(self.most)),
        ]
    }

    /// The first lower bound found that lies above an upper one of the same distance, by more than
    /// `allowance`.
    pub(super) fn contradiction(&self, allowance: f64) -> Option<Contradiction> {
        let measured = |name, limit: Limit| Bound {
            laws: limit.laws,
            name,
            value: limit.value,
            limit: Some(limit),
        };
        let exact = |laws, name, value| Bound {
            laws,
            name,
            value,
            limit: None,
        };
        let least = exact(Laws::FirstMarginals, "the exact lower bound on", self.least);
        let most = exact(Laws::Joint, "the exact upper bound on", self.most);
        let limits = || [Some(self.first), self.joint].into_iter().flatten();
        let below = limits().map(|of| measured("the lower limit of", of.lower));
        let lowers: Vec<Bound> = below.chain([least]).collect();
        let above = limits().map(|of| measured("the upper limit of", of.upper));
        let uppers: Vec<Bound> = above.chain([most]).collect();
        let pairs = lowers
            .iter()
            .flat_map(|lower| uppers.iter().map(move |upper| (lower, upper)));
        // A number above J is above M too, but not the other way round.
        // Two exact bounds tell nothing of the sample.
        let mut of_the_same = pairs.filter(|(lower, upper)| {
            (lower.laws == upper.laws || upper.laws == Laws::Joint)
                && (lower.limit.is_some() || upper.limit.is_some())
        });
        let (lower, upper) = of_the_same.find(|(lower, upper)| {
            lower.value > upper.value * (1.0 + 1e-9) + self.rounding + allowance
        })?;
        Some(Contradiction {
            words: format!(
                "at t = {} {} {}, {}, is above {} {}, {}",
                self.time,
                lower.name,
                lower.laws.words(),
                lower.value,
                upper.name,
                upper.laws.words(),
                upper.value
            ),
            time: self.time,
            limit: lower
                .limit
                .or(upper.limit)
                .expect("exact bounds are in order"),
        })
    }
}

impl Contradiction {
    /// VOID if it is more than chance, else INCONCLUSIVE.
    pub(super) fn judgement(self, verdict: Verdict, confidence: f64) -> Judgement {
        let words = self.words;
        let reason = match verdict {
            Verdict::Void => {
                format!("{words}, at confidence {confidence}: the program is at fault")
            }
            _ => format!("{words}, which cannot be and may be chance at confidence {confidence}"),
        };
        Judgement {
            estimate: Some(self.limit.estimate),
            std_error: Some(self.limit.std_error),
            ..Judgement::bare(verdict, self.limit.laws.basis(self.time), reason)
        }
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
    let mut brackets =
        (0..times).filter_map(|index| brackets(findings, index, levels, CUT_FOR_VOID));
    let contradiction = brackets.find_map(|at| at.contradiction(at.few))?;
    Some(contradiction.judgement(Verdict::Void, 1.0 - VOID_LEVEL))
}
