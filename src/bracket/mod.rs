//! Confidence brackets of W₂² between the laws of two copies of the gas, from R independent replicas of N particles of
//! both at one time. `docs/bracket.md` has the rules for limits, the origin of each tuned constant, and the measured
//! coverage.
//!
//! # First marginals
//!
//! With V ~ f_t and U ~ h_t one particle of either copy, and the velocities of
//! all replicas pooled,
//!
//! ```text
//! E[V² − 2φ(V)] + E[U² − 2φ*(U)]  ≤  W₂²(f_t, h_t)  ≤  E W₂²(pooled samples)
//! ```
//!
//! for *every* convex φ with conjugate φ*: this is Kantorovich's duality for the cost (v−u)², whose supremum over φ is
//! attained by the potential of the optimal map (Villani, *Topics in Optimal Transportation*, 2003, theorems 1.3 and
//! 2.9). The right half holds because W₂² is jointly convex and the pooled samples have means f_t and h_t as measures,
//! for any dependence between velocities.
//!
//! * **Lower estimate.** φ is the potential of a piecewise linear [`Transport`] through means over stretches of ranks.
//!   Replicas are dealt out to folds, and the φ that a replica is evaluated with is fitted to the other folds. So each
//!   replica's value has a mean of at most W₂² for every fit; a poor fit makes the bound weak, never wrong. If φ were
//!   fitted to the replicas that it is evaluated on, the value would be about the *upper* estimate.
//! * **Upper estimate.** It is W₂² of the pooled samples. Its bias falls about as 1/(RN), and is smaller for copies
//!   that are coupled more closely.
//! * **Control variates.** The same γ·C_ρ, of V, V² and V⁴, is subtracted from both; γ too is fitted to other
//!   folds, so both inequalities stay.
//!
//! # Joint laws
//!
//! Both N-particle laws must be exchangeable. Then W₂ is that of the laws of the sorted velocities, and with V_(k) the
//! k-th smallest,
//!
//! ```text
//! (1/N) Σ_k {E[V_(k)² − 2φ_k(V_(k))] + E[U_(k)² − 2φ_k*(U_(k))]}  ≤  W₂,N²/N  ≤  (1/N) Σ_k E (V_(k) − U_(k))²
//! ```
//!
//! The left is the duality for the potential Σ φ_k of ℝ^N, the right the cost of a coupling: the simulated one with the
//! second copy's particles renamed at output. [`Excess`] bounds the distance of the right from W₂² of the first
//! marginals.
//!
//! # Error bars
//!
//! Errors are over replicas, never over particles: the particles of a replica depend on each other through collisions
//! and through any rematching of the copies. [`Rule`] gives the number of standard errors, to which skewness adds. Each
//! limit is one-sided with confidence (1 + c)/2, so together they bracket with confidence c. They rest on the central
//! limit theorem, and are to be trusted while two relative variances over R are below 0.01: the one that comes with the
//! limits, and that of the optimally paired ‖Δ‖², since the difference of the laws can come from rarer velocities than
//! their energy.
//!
//! Errors over replicas do not show the parts of a law that the sample lacks. But moments about the mean are known
//! exactly, where they are finite. Where a sample has less than E (V − E V)⁴, or than E (V − E V)⁸ where V² is a
//! control variate, limits are farther off by the root of the ratio. Where this root is above 1.1, or few replicas
//! carry the rest that control variates leave, the limit is the widest over several sets of control variates, from the
//! full set down to the first whose rest few replicas do not carry. (Noise of the second order and limits of an
//! [`Excess`] are not widened.)
//!
//! The upper limit of the first marginals also allows for noise of the second order, t²λ with λ the largest eigenvalue
//! of the covariance of the noise of the difference of both samples' quantile functions. Where the estimate is not
//! clearly above 0, the limit is at least the one without control variates.
//!
//! No rate of misses is proved at finite R: `tests/suite/limits.rs` counts misses. Upper limits are raised by the part of the
//! known laws that a sample is expected to lack ([`Known::unseen`]).
//!
//! Limits are clamped to exact bounds where these are known: this costs no confidence.
//!
//! There are no random choices here, and every sum has a fixed order.

mod control;
mod controlled;
mod dual;
mod excess;
mod fold;
mod interval;
mod noise;
mod transport;
mod upper;

pub use excess::Excess;
pub use interval::Rule;
pub use transport::Transport;

use crate::numerics::sorting::Ranks;
use crate::theory::unseen::{CUT, Unseen};
use crate::theory::{CentredPower, Moment, System, Theory};
use control::Controls;
use controlled::Controlled;
use dual::{DualSums, Sorted, Statistic, pooled_distance};
use interval::mean;
use noise::Noise;
use upper::Upper;

/// The fewest replicas for an error bar.
pub const FEWEST_REPLICAS: usize = 4;
/// With fewer replicas each order statistic has an affine potential.
const AFFINE_BELOW: usize = 1000;
/// The largest size of a velocity: its fourth power is finite.
const LARGEST: f64 = 1e75;
/// The least relative variance of a replica's cost that is assumed where limits of joint laws are chosen. Where the
/// laws are near each other the cost is nearly a quadratic form of noise, however tame velocities are. Its skewness is
/// at most √8, that of the square of one normal variate, where [`Rule`] expects 3√v.
const LEAST_COST_VARIANCE: f64 = 8.0 / 9.0;

/// Velocities of both copies at one time, replica after replica.
#[derive(Debug, Clone, Copy)]
pub struct Velocities<'a> {
    particles: usize,
    first: &'a [f64],
    second: &'a [f64],
}

impl<'a> Velocities<'a> {
    /// R·N velocities of each copy, R ≥ 1, of sizes up to 10⁷⁵ so that their fourth powers
    /// are finite; R·N is below 2³².
    ///
    /// # Panics
    ///
    /// If the lengths differ or are no positive multiple of `particles`, or if a velocity is larger or NaN.
    pub fn new(particles: usize, first: &'a [f64], second: &'a [f64]) -> Self {
        assert_eq!(
            first.len(),
            second.len(),
            "the copies have equally many velocities"
        );
        assert!(
            particles > 0 && !first.is_empty() && first.len().is_multiple_of(particles),
            "the velocities make up whole replicas"
        );
        assert!(
            u32::try_from(first.len()).is_ok(),
            "there are fewer than 2³² velocities"
        );
        let small = |copy: &[f64]| copy.iter().all(|v| v.abs() <= LARGEST);
        assert!(
            small(first) && small(second),
            "no velocity is larger than 1e75"
        );
        Velocities {
            particles,
            first,
            second,
        }
    }

    fn replicas(&self) -> usize {
        self.first.len() / self.particles
    }
}

/// Exact moments of one copy; `None` where infinite or not known.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Moments {
    /// E V₁.
    pub mean: Option<f64>,
    /// E V₁².
    pub second: Option<f64>,
    /// E V₁⁴; `None` unless E V₁⁸ is finite too.
    pub fourth: Option<f64>,
    /// E V₁²V₂².
    pub square_pair: Option<f64>,
    /// The means of (V − E V₁)² and (V − E V₁)⁴ over the particles.
    pub about_mean: [Option<CentredPower>; 2],
}

impl Moments {
    /// v: the relative variance of a replica's mean of V², (m4 + (N−1) m22)/(N m2²) − 1. An m22 that is not known is
    /// replaced by its upper bound m4.
    pub fn relative_variance(&self, particles: usize) -> Option<f64> {
        let (second, fourth) = (self.second?, self.fourth?);
        let n = particles as f64;
        let pair = self.square_pair.unwrap_or(fourth);
        let square = (fourth + (n - 1.0) * pair) / n;
        let variance = square / (second * second) - 1.0;
        (second > 0.0).then(|| variance.max(0.0))
    }
}

/// The exact knowledge that a bracket uses.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Known {
    /// The moments of the first and of the second copy.
    pub moments: [Moments; 2],
    /// A lower bound on W₂² of the first marginals: Gelbrich's.
    pub lower: Option<f64>,
    /// An upper bound on W₂,N²/N and so on W₂² of the first marginals: E‖Δ‖²/N of
    /// a coupling of the two copies, not necessarily the simulated one.
    pub upper: Option<f64>,
    /// W₂² itself, where it is known: at time 0.
    pub distance: Option<f64>,
    /// The part of W₂² that a sample of this size is expected to lack; upper limits allow for it.
    pub unseen: Unseen,
    /// The part of the exact means of V, V² and V⁴, for each copy, that comes from draws which the
    /// sample may lack.
    pub unseen_powers: [[f64; 3]; 2],
}

impl Known {
    /// The closed forms at a time, for limits from so many replicas.
    pub fn at(theory: &Theory, time: f64, replicas: u64) -> Known {
        let moments = System::ALL.map(|copy| {
            let moment = |moment| theory.moment(copy, moment, time);
            let deviation = theory.moment_deviation(copy, Moment::M4, time);
            Moments {
                mean: moment(Moment::M1),
                second: moment(Moment::M2),
                // The fourth moment is used only if its own variance is finite.
                fourth: deviation.and_then(|_| moment(Moment::M4)),
                square_pair: moment(Moment::M22),
                about_mean: [2, 4].map(|power| theory.centred_power(copy, power, time)),
            }
        });
        Known {
            moments,
            lower: Some(theory.gelbrich_squared(time)),
            upper: Some(theory.contraction_bound(time)),
            distance: theory.initial_w2().filter(|_| time == 0.0),
            unseen: theory.unseen(time, replicas as f64, CUT),
            unseen_powers: System::ALL
                .map(|copy| theory.unseen_powers(copy, time, replicas as f64)),
        }
    }

    /// A lower limit, clamped to the exact bounds and to W₂² where that is known; 0 if the limit is no more than
    /// rounding.
    fn at_least(&self, limit: f64) -> f64 {
        let squares = self.moments.iter().filter_map(|moments| moments.second);
        let is_rounding = limit <= ROUNDING * squares.sum::<f64>();
        let limit = if is_rounding { 0.0 } else { limit };
        let limit = limit.max(self.lower.unwrap_or(0.0));
        let upper = self.distance.or(self.upper);
        upper.map_or(limit, |upper| limit.min(upper))
    }

    /// An upper limit, raised for the unseen part of the laws, and then clamped to the exact bounds and to W₂² where
    /// that is known.
    fn at_most(&self, limit: f64) -> f64 {
        let limit = self.unseen.raised(limit);
        let limit = self.upper.map_or(limit, |upper| limit.min(upper));
        let lower = self.distance.or(self.lower);
        lower.map_or(limit, |lower| limit.max(lower))
    }

    /// The larger v of the two copies; see [`Moments::relative_variance`].
    pub fn relative_variance(&self, particles: usize) -> Option<f64> {
        let [first, second] = self.moments;
        let first = first.relative_variance(particles)?;
        Some(first.max(second.relative_variance(particles)?))
    }
}

/// Limits below this multiple of both energies together may be rounding of sums.
const ROUNDING: f64 = 1e-12;

/// A bracket of W₂² of the first marginals. Without an error bar (R < 4) there is
/// only [`pooled`](Bracket::pooled).
#[derive(Debug, Clone, PartialEq)]
pub struct Bracket {
    /// The dual lower estimate minus control variates; its mean is ≤ W₂². Noise can make it negative.
    pub dual_lower: Option<f64>,
    /// The standard error of `dual_lower` over replicas.
    pub dual_std_error: Option<f64>,
    /// W₂² of the pooled samples without control variates; its mean is ≥ W₂².
    pub pooled: f64,
    /// W₂² of the pooled samples minus control variates; its mean is ≥ W₂² too.
    pub upper: Option<f64>,
    /// E‖n‖² of the noise n of the difference of both samples' quantile functions: noise of the second order, which
    /// error bars do not contain.
    pub second_order: Option<f64>,
    /// The standard error of `upper` over replicas, to the first order: the larger one of that under the pooled plan's
    /// potentials and that under the cross-fitted potentials.
    pub upper_std_error: Option<f64>,
    /// The estimates that limits are made of.
    sides: Option<(Controlled, Upper)>,
    /// Each replica's dual value, and each replica's value of the pooled plan's potentials.
    values: Option<[Vec<f64>; 2]>,
    /// The unseen part of the laws that upper limits allow for.
    unseen: Unseen,
    /// R.
    pub replicas: u64,
    /// A lower limit of W₂² with confidence (1 + c)/2; never below 0, and between the exact bounds.
    pub lower_limit: Option<f64>,
    /// An upper limit of W₂² with confidence (1 + c)/2, between the exact bounds. It is below the lower limit only if
    /// one of them misses, or by rounding.
    pub upper_limit: Option<f64>,
    /// The rule by which the limits were found.
    pub rule: Option<Rule>,
    /// The exact v/R; see [`Moments::relative_variance`].
    pub relative_variance: Option<f64>,
}

impl Bracket {
    /// The limits for another two-sided confidence, as they are measured: the upper limit is not raised for unseen
    /// parts and not clamped, and the lower limit is clamped only to 0. `None` without an error bar, and for a
    /// confidence that is not in [0, 1).
    pub fn measured_limits(&self, confidence: f64) -> Option<(f64, f64)> {
        self.clamped_limits(confidence, &Known::default())
    }

    fn clamped_limits(&self, confidence: f64, known: &Known) -> Option<(f64, f64)> {
        let (lower, upper) = self.sides.as_ref().filter(|_| is_between(confidence))?;
        Some((
            known.at_least(lower.lower_limit(confidence)),
            known.at_most(upper.limit(confidence)),
        ))
    }
}

/// A bracket of W₂,N²/N of the joint laws of the N particles; fields as in
/// [`Bracket`].
#[derive(Debug, Clone, PartialEq)]
pub struct JointBracket {
    /// The dual lower estimate with a potential of each order statistic, minus control variates.
    pub joint_lower: Option<f64>,
    /// The standard error of `joint_lower` over replicas.
    pub lower_std_error: Option<f64>,
    /// (1/N) Σ (V_(k) − U_(k))² averaged over replicas, without control variates.
    pub paired: f64,
    /// `paired` minus control variates.
    pub joint_upper: Option<f64>,
    /// The standard error of `joint_upper` over replicas.
    pub upper_std_error: Option<f64>,
    /// The estimates that the lower and the upper limit are made of.
    sides: Option<[Controlled; 2]>,
    /// R.
    pub replicas: u64,
    /// A lower limit of W₂,N²/N with confidence (1 + c)/2.
    pub lower_limit: Option<f64>,
    /// An upper limit of W₂,N²/N with confidence (1 + c)/2.
    pub upper_limit: Option<f64>,
    /// The rule by which the limits were found.
    pub rule: Option<Rule>,
    /// The exact v/R; see [`Moments::relative_variance`].
    pub relative_variance: Option<f64>,
    /// (1/N) Σ (V_(k) − U_(k))² of each replica.
    costs: Vec<f64>,
}

impl JointBracket {
    /// The limits for another two-sided confidence, as [`Bracket::measured_limits`] gives them.
    pub fn measured_limits(&self, confidence: f64) -> Option<(f64, f64)> {
        self.clamped_limits(confidence, &Known::default())
    }

    fn clamped_limits(&self, confidence: f64, known: &Known) -> Option<(f64, f64)> {
        let [lower, upper] = self.sides.as_ref().filter(|_| is_between(confidence))?;
        Some((
            known.at_least(lower.lower_limit(confidence)),
            known.at_most(upper.upper_limit(confidence)),
        ))
    }
}

/// True if a confidence is in [0, 1), for which there are limits.
fn is_between(confidence: f64) -> bool {
    (0.0..1.0).contains(&confidence)
}

/// The number of stretches of ranks for a map that is fitted to two samples of `size` numbers. The map's noise grows
/// with it, and the bias falls with its square. The bound is flat around the best number; it is 64 for a million.
fn bins(size: usize) -> usize {
    ((0.64 * libm::cbrt(size as f64)) as usize).clamp(6, 200)
}

/// Values minus corrections.
fn less(values: &[f64], corrections: &[f64]) -> Vec<f64> {
    let pairs = values.iter().zip(corrections);
    pairs
        .map(|(value, correction)| value - correction)
        .collect()
}

/// The bracket of W₂² of the first marginals, with limits of two-sided `confidence`.
pub fn first_marginals(velocities: &Velocities, known: &Known, confidence: f64) -> Bracket {
    let &Velocities {
        particles,
        first,
        second,
    } = velocities;
    let replicas = velocities.replicas();
    let [f, h] = sorted(particles, [first, second]);
    let (pooled, influence) = pooled_distance(&f, &h, particles);
    let variance = known.relative_variance(particles);
    let mut bracket = Bracket {
        dual_lower: None,
        dual_std_error: None,
        pooled,
        upper: None,
        second_order: None,
        upper_std_error: None,
        sides: None,
        values: None,
        unseen: known.unseen,
        replicas: replicas as u64,
        lower_limit: None,
        upper_limit: None,
        rule: None,
        relative_variance: variance.map(|v| v / replicas as f64),
    };
    if replicas < FEWEST_REPLICAS {
        return bracket;
    }
    let controls = Controls::new(particles, first, second, known);
    let mut sums = DualSums::new(replicas);
    sums.add(1.0 / particles as f64, [&f, &h], |f, h| {
        Transport::fitted(f, h, bins(f.len()))
    });
    let dual = sums.statistic(&controls);
    let rule = Rule::of(replicas, variance);
    let of_dual = dual.corrections_of(&controls);
    let lower = Controlled::of(mean(&dual.values), &[&dual.values], &of_dual, rule);
    let statistics: [&[f64]; 2] = [&influence, &dual.values];
    let upper = Upper {
        pooled: Controlled::of(pooled, &statistics, &of_dual, rule),
        noise: Noise::of(particles, replicas, [&f, &h]),
    };
    bracket.second_order = Some(upper.noise.total());
    bracket.dual_lower = Some(lower.controlled().value);
    bracket.dual_std_error = Some(lower.controlled().std_error());
    bracket.upper = Some(upper.pooled.controlled().value);
    bracket.upper_std_error = Some(upper.pooled.controlled().std_error());
    bracket.sides = Some((lower, upper));
    let limits = bracket.clamped_limits(confidence, known);
    bracket.lower_limit = limits.map(|(lower, _)| lower);
    bracket.upper_limit = limits.map(|(_, upper)| upper);
    bracket.rule = Some(rule);
    bracket.values = Some([dual.values, influence]);
    bracket
}

/// The velocities of both copies, sorted.
fn sorted(particles: usize, copies: [&[f64]; 2]) -> [Sorted; 2] {
    let mut ranks = Ranks::default();
    copies.map(|velocities| {
        let mut sorted = Sorted::default();
        sorted.sort(particles, velocities, &mut ranks);
        sorted
    })
}

/// For each rank, the velocities of this rank in all replicas.
fn by_rank(particles: usize, velocities: &[f64]) -> Vec<Vec<f64>> {
    let mut ranks = vec![Vec::with_capacity(velocities.len() / particles); particles];
    let mut replica = Vec::with_capacity(particles);
    for velocities in velocities.chunks_exact(particles) {
        replica.clear();
        replica.extend_from_slice(velocities);
        replica.sort_unstable_by(f64::total_cmp);
        for (rank, &v) in ranks.iter_mut().zip(&replica) {
            rank.push(v);
        }
    }
    ranks
}

/// The bracket of W₂,N²/N of the joint laws, with limits of two-sided `confidence`. Both laws must be exchangeable.
pub fn joint_laws(velocities: &Velocities, known: &Known, confidence: f64) -> JointBracket {
    let &Velocities {
        particles,
        first,
        second,
    } = velocities;
    let replicas = velocities.replicas();
    let scale = 1.0 / particles as f64;
    let (f, h) = (by_rank(particles, first), by_rank(particles, second));
    let mut costs = vec![0.0; replicas];
    for (f, h) in f.iter().zip(&h) {
        for ((cost, v), u) in costs.iter_mut().zip(f).zip(h) {
            *cost += scale * (v - u) * (v - u);
        }
    }
    let variance = known.relative_variance(particles);
    let mut bracket = JointBracket {
        joint_lower: None,
        lower_std_error: None,
        paired: mean(&costs),
        joint_upper: None,
        upper_std_error: None,
        sides: None,
        replicas: replicas as u64,
        lower_limit: None,
        upper_limit: None,
        rule: None,
        relative_variance: variance.map(|v| v / replicas as f64),
        costs,
    };
    if replicas < FEWEST_REPLICAS {
        return bracket;
    }
    let controls = Controls::new(particles, first, second, known);
    let mut sums = DualSums::new(replicas);
    let mut ranks = Ranks::default();
    let [mut sorted_f, mut sorted_h] = [(); 2].map(|()| Sorted::default());
    for (f, h) in f.iter().zip(&h) {
        sorted_f.sort(1, f, &mut ranks);
        sorted_h.sort(1, h, &mut ranks);
        sums.add(scale, [&sorted_f, &sorted_h], |f, h| {
            if replicas < AFFINE_BELOW {
                return Transport::nearly_affine(f, h);
            }
            Transport::fitted(f, h, bins(f.len()))
        });
    }
    let dual = sums.statistic(&controls);
    let paired = Statistic::cross_fitted(replicas, |_| &bracket.costs, &controls);
    let rule = Rule::of(replicas, variance.map(|v| v.max(LEAST_COST_VARIANCE)));
    let sides = [&dual, &paired].map(|statistic| {
        let values = &statistic.values;
        Controlled::of(
            mean(values),
            &[values],
            &statistic.corrections_of(&controls),
            rule,
        )
    });
    let [lower, upper] = [&sides[0], &sides[1]].map(Controlled::controlled);
    bracket.joint_lower = Some(lower.value);
    bracket.lower_std_error = Some(lower.std_error());
    bracket.joint_upper = Some(upper.value);
    bracket.upper_std_error = Some(upper.std_error());
    bracket.sides = Some(sides);
    let limits = bracket.clamped_limits(confidence, known);
    bracket.lower_limit = limits.map(|(lower, _)| lower);
    bracket.upper_limit = limits.map(|(_, upper)| upper);
    bracket.rule = Some(rule);
    bracket
}
