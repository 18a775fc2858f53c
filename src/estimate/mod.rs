//! From tallies and closed forms to rows of numbers with error bars.

pub mod exponents;
pub mod power_law;
pub mod rate;
pub mod rows;
pub mod scaling;
pub mod start;
pub mod steady;

use crate::bracket::{Bracket, JointBracket, Known, Velocities, first_marginals, joint_laws};
use crate::experiment::Experiment;
use crate::law::Law;
use crate::law::joint::Joint;
use crate::measure::records::DISCREPANCY;
use crate::measure::steady::Steady;
use crate::measure::{Kept, Measured};
use crate::model::pairing::Pairing;
pub use crate::numerics::interval::{normal_half_width, z_score};
pub use crate::numerics::trust::SPREAD_OF_FEW;
use crate::numerics::trust::is_carried_by_many;
use crate::theory::gelbrich::{gelbrich_gradient, gelbrich_squared};
use crate::theory::unseen::CUT;
use crate::theory::{Moment, Quantity, System, Theory};
use crate::threads;
use rate::{NoRate, RateEstimate, RateWeights};
use start::StartGroups;

/// The level of intervals in tables that no check asked for.
pub const TABLE_CONFIDENCE: f64 = 0.999;

/// Everything known of one N: measured and in closed form.
#[derive(Debug, Clone)]
pub struct Findings {
    /// N.
    pub particles: usize,
    /// Record times.
    pub times: Vec<f64>,
    /// Indices of the record times of W₂.
    pub distance_times: Vec<usize>,
    /// Pooled velocities in a W₂ batch.
    pub sample: usize,
    /// The closed forms.
    pub theory: Theory,
    /// The tallies.
    pub measured: Measured,
    /// The brackets of W₂ at its record times, of the first marginals and of the
    /// joint laws; none where too few velocities were kept.
    pub brackets: Vec<Option<(Bracket, JointBracket)>>,
    /// Brackets of groups of replicas at time 0.
    pub start: Option<StartGroups>,
    /// The steady state, where one is asked for.
    pub steady: Option<Steady>,
    /// The law of the bath.
    pub bath: Law,
    /// Whether the copies start comonotone, each with independent particles.
    pub comonotone: bool,
}

/// The brackets of W₂ at a time; `None` with fewer than two replicas.
fn bracket(
    particles: usize,
    kept: &Kept,
    theory: &Theory,
    time: f64,
) -> Option<(Bracket, JointBracket)> {
    if kept.first.len() < 2 * particles {
        return None;
    }
    let velocities = Velocities::new(particles, &kept.first, &kept.second);
    let replicas = kept.first.len() / particles;
    let known = Known::at(theory, time, replicas as u64);
    Some((
        first_marginals(&velocities, &known, TABLE_CONFIDENCE),
        joint_laws(&velocities, &known, TABLE_CONFIDENCE),
    ))
}

/// Whether the brackets of so many replicas are to be trusted: many of them carry what tells
/// the two laws apart, and the energies of both.
pub fn is_bracket_trusted(theory: &Theory, particles: usize, time: f64, replicas: u64) -> bool {
    let energy = Known::at(theory, time, replicas).relative_variance(particles);
    let replicas = replicas as f64;
    is_difference_carried(theory, time, replicas)
        && energy.is_some_and(|variance| is_carried_by_many(variance / replicas))
}

/// Whether many of so many replicas carry what tells the two laws apart: the relative variance
/// of the optimally paired ‖Δ‖² over R passes [`is_carried_by_many`], whatever pairing, coupling and
/// rematching the copies have; many velocities show how signs are drawn; and many collisions made
/// the laws what they are.
pub fn is_difference_carried(theory: &Theory, time: f64, replicas: f64) -> bool {
    let carried = (theory.optimal_relative_variance(time))
        .is_some_and(|variance| is_carried_by_many(variance / replicas));
    carried && theory.are_signs_carried(replicas) && are_collisions_many(theory, time, replicas)
}

/// True if at least a hundred collisions of each kind that the gas has, of pairs and with the bath,
/// are expected by this time in all replicas together. Velocities of which next to none has collided
/// show the law at time 0 with its error bar, and not the law at this time. At time 0 no collisions
/// are needed.
fn are_collisions_many(theory: &Theory, time: f64, replicas: f64) -> bool {
    const MANY: f64 = 100.0;
    let rates = theory.rates();
    let kinds = [0.5 * rates.pair, rates.bath];
    let are_many = |rate: f64| rate == 0.0 || rate * theory.count() * time * replicas >= MANY;
    time == 0.0 || kinds.into_iter().all(are_many)
}

/// Relative rounding of sums of as many terms as there may be. Estimates of W₂² are such sums of
/// velocities squared, less their exact moments.
pub const ROUNDING: f64 = 1e-12;

/// Relative rounding of the fourth power of a velocity, with room.
pub const UNIT: f64 = 16.0 * f64::EPSILON;

/// z-scores are nearly normal where rounding moves them by less than this.
const SMALL_SHIFT: f64 = 0.1;

/// The error that rounding can make in a velocity of either copy beyond [`ROUNDING`] of it: the
/// second copy is carried as V − Δ, and rounded like the first one.
pub fn velocity_rounding(theory: &Theory) -> f64 {
    UNIT * theory.second_moment(System::First, 0.0).sqrt()
}

/// The error that rounding can make in ‖Δ‖², as a share of it: Δ(0) is a difference of rounded
/// velocities. It is not finite between copies that are equal.
pub fn discrepancy_rounding(theory: &Theory) -> f64 {
    let sizes = System::ALL.map(|copy| theory.second_moment(copy, 0.0).sqrt());
    let gap = theory.synchronous_discrepancy(0.0).sqrt();
    ROUNDING + UNIT * ((sizes[0] + sizes[1]) / gap)
}

/// E V² + E V′² of one particle at a time.
fn squares(theory: &Theory, time: f64) -> f64 {
    let squares = System::ALL.map(|copy| theory.second_moment(copy, time));
    squares[0] + squares[1]
}

/// The change of W₂² that twenty velocities of average energy can make among `velocities` of each
/// copy. A part of which twenty are expected is missing with probability 2·10⁻⁹, so a sample may
/// lack less than that. Error bars do not show it where control variates leave next to no noise,
/// and no program is at fault by so little.
pub fn few_velocities(theory: &Theory, time: f64, velocities: f64) -> f64 {
    const FEW: f64 = 20.0;
    FEW / velocities * squares(theory, time)
}

/// A decay rate with the copy it was measured on.
pub type RateResult = Result<RateEstimate, NoRate>;

impl Findings {
    /// Bring together what was measured for entry `index` of a sweep.
    pub fn new(experiment: &Experiment, index: usize, theory: Theory, measured: Measured) -> Self {
        let particles = experiment.sweep[index].0;
        let times = experiment.times();
        let distance_times = experiment.wasserstein_indices();
        let kept = &measured.pairs.kept;
        let brackets = threads::map(kept.len(), |index| {
            let time = times[distance_times[index]];
            bracket(particles, &kept[index], &theory, time)
        });
        let at_start = measured.pairs.kept.first();
        let start = at_start.and_then(|kept| StartGroups::new(particles, kept, &theory));
        Findings {
            particles,
            times,
            distance_times,
            brackets,
            sample: experiment.wasserstein.map_or(0, |plan| plan.sample),
            theory,
            measured,
            start,
            steady: None,
            bath: experiment.bath.clone(),
            comonotone: experiment.joints == [Joint::Product; 2]
                && experiment.pairing == Pairing::Optimal,
        }
    }

    /// These findings with what was seen of the steady state.
    pub fn with_steady(self, steady: Option<Steady>) -> Self {
        Findings { steady, ..self }
    }

    /// The brackets of W₂ at its `index`-th record time, if many replicas carry what they are
    /// made of.
    pub fn carried_brackets(&self, index: usize) -> Option<&(Bracket, JointBracket)> {
        let brackets = self.brackets.get(index)?.as_ref()?;
        let time = self.times[self.distance_times[index]];
        let is_energy_carried = (brackets.0.relative_variance).is_some_and(is_carried_by_many);
        let replicas = brackets.0.replicas as f64;
        let carried = is_energy_carried && is_difference_carried(&self.theory, time, replicas);
        // A sample without noise may lack what is rare, and nothing tells.
        let has_noise =
            (brackets.0.upper_std_error).is_some_and(|error| error > self.rounding(time));
        let is_known = time == 0.0 && self.theory.initial_w2().is_some();
        (carried && (has_noise || is_known)).then_some(brackets)
    }

    /// The brackets of [`Findings::carried_brackets`], but after time 0 only if the limits at time
    /// 0 contain the exact W₂²(0), where that is known: one that misses what is known gives no
    /// limits of what is not.
    pub fn trusted_brackets(&self, index: usize) -> Option<&(Bracket, JointBracket)> {
        let ends = |(first, joint): &(Bracket, JointBracket)| {
            let unseen = self.theory.unseen(0.0, first.replicas as f64, CUT);
            [
                first.measured_limits(TABLE_CONFIDENCE),
                joint.measured_limits(TABLE_CONFIDENCE),
            ]
            .map(|limits| limits.map(|(lower, upper)| (lower, unseen.raised(upper))))
        };
        self.carried_brackets(index)
            .filter(|_| index == 0 || self.start_is_met(ends))
    }

    /// Whether W₂²(0) is between all limits of the brackets at time 0, but for rounding, and many
    /// replicas carry these; so it is where it is not known.
    pub fn start_is_met(
        &self,
        limits: impl Fn(&(Bracket, JointBracket)) -> [Option<(f64, f64)>; 2],
    ) -> bool {
        let Some(exact) = self.theory.initial_w2() else {
            return true;
        };
        let rounding = 1e-9 * exact + self.rounding(0.0);
        let meets =
            |&(lower, upper): &(f64, f64)| lower <= exact + rounding && upper >= exact - rounding;
        let at_start = self.carried_brackets(0).map(limits);
        at_start.is_some_and(|limits| limits.iter().flatten().all(meets))
    }

    /// Differences of estimates of W₂² at a time that are below this may be rounding.
    pub fn rounding(&self, time: f64) -> f64 {
        ROUNDING * squares(&self.theory, time)
    }

    /// The mean of ‖Δ‖² over replicas at a record time and its standard error. That
    /// all have shrunk to 0 in floats does not say that there is no error.
    pub fn discrepancy(&self, index: usize) -> (f64, Option<f64>) {
        let (mean, std_error) = self.measured.mean(index, DISCREPANCY);
        let exact = self.theory.discrepancy_mean(self.times[index]);
        (mean, std_error.filter(|_| mean > 0.0 || exact == Some(0.0)))
    }

    /// The measured decay rate of a quantity.
    ///
    /// # Errors
    ///
    /// The reason why there is none.
    pub fn rate(&self, quantity: Quantity) -> RateResult {
        let weights = rate_weights(
            &self.theory,
            quantity,
            self.particles,
            &self.times,
            self.measured.replicas,
        )?;
        self.rate_with(quantity, &weights)
    }

    /// As [`Findings::rate`], where [`rate_weights`] are at hand.
    ///
    /// # Errors
    ///
    /// If the means determine no rate.
    pub fn rate_with(&self, quantity: Quantity, weights: &RateWeights) -> RateResult {
        let n = self.particles as f64;
        let tally = &self.measured.pairs.tracked[quantity as usize];
        let (scale, shift) = match quantity {
            Quantity::Discrepancy => (1.0, 0.0),
            Quantity::Energy => (n, -n * self.theory.bath_variance()),
            Quantity::FirstMoment => (n, 0.0),
            Quantity::PairMoment => (n * (n - 1.0), 0.0),
        };
        weights.estimate(tally, scale, shift, quantity == Quantity::Discrepancy)
    }

    /// The exact standard error of the mean of a moment at a time; `None` where it is
    /// infinite.
    pub fn exact_moment_error(&self, system: System, moment: Moment, time: f64) -> Option<f64> {
        let deviation = self.theory.moment_deviation(system, moment, time)?;
        Some(deviation / (self.measured.replicas as f64).sqrt())
    }

    /// Gelbrich's bound at the *measured* first and second moments of a record
    /// time, with a standard error by the delta method: the larger of the
    /// empirical one and an exact bound on it, Σ|∂_i|·sd_i/√R (the triangle
    /// inequality, whatever the coupling). `None` where the bound has no
    /// derivative or a variance is infinite.
    pub fn measured_gelbrich(&self, time: usize) -> (f64, Option<f64>) {
        let tally = &self.measured.pairs.low_moments;
        let mean = tally.mean(time);
        let about_mean = |copy: &[f64]| (copy[0], copy[1] - copy[0] * copy[0]);
        let measured = gelbrich_squared(about_mean(&mean[..2]), about_mean(&mean[2..]));
        let std_error = || {
            let at = self.times[time];
            let [first, second] =
                System::ALL.map(|system| self.theory.mean_and_variance(system, at));
            let gradient = gelbrich_gradient(first, second)?;
            let empirical = (tally.variance_of(time, &gradient)? / tally.count()).sqrt();
            Some(empirical.max(gelbrich_error(&self.theory, at, tally.count())?))
        };
        (measured, std_error())
    }
}

/// An upper bound on the standard error of Gelbrich's bound at the moments
/// measured on so many replicas, Σ|∂_i|·sd_i/√R (the triangle inequality,
/// whatever the coupling). `None` where there is no derivative or a variance is
/// infinite.
pub fn gelbrich_error(theory: &Theory, time: f64, replicas: f64) -> Option<f64> {
    let [first, second] = System::ALL.map(|system| theory.mean_and_variance(system, time));
    let gradient = gelbrich_gradient(first, second)?;
    let mut sum = 0.0;
    for (system, derivatives) in System::ALL.into_iter().zip(gradient.chunks_exact(2)) {
        for (derivative, moment) in derivatives.iter().zip([Moment::M1, Moment::M2]) {
            sum += derivative.abs() * theory.moment_deviation(system, moment, time)?;
        }
    }
    Some(sum / replicas.sqrt())
}

/// The least size of the second copy relative to the first one at which its rates are judged.
const READABLE: f64 = 1e-8;

/// The weights that give a decay rate of one N, known before sampling.
///
/// # Errors
///
/// The reason why there can be no rate.
pub fn rate_weights(
    theory: &Theory,
    quantity: Quantity,
    particles: usize,
    times: &[f64],
    replicas: u64,
) -> Result<RateWeights, NoRate> {
    if quantity.needs_pairs() && particles == 1 {
        return Err(NoRate::OneParticle);
    }
    let system = theory.judged_copy(quantity).ok_or(NoRate::StartsAtZero)?;
    // The second copy is carried as V − Δ, and drowns in the rounding of a much larger V.
    let size = |copy| theory.second_moment(copy, 0.0).sqrt();
    if quantity != Quantity::Discrepancy
        && system == System::Second
        && size(System::Second) < READABLE * size(System::First)
    {
        return Err(NoRate::Drowned);
    }
    let variances: Vec<Option<f64>> = (times.iter())
        .map(|&time| theory.relative_variance(quantity, system, time))
        .collect();
    RateWeights::new(
        times,
        theory.decay_rate(quantity),
        theory.initial_mean(quantity, system),
        &variances,
        replicas,
    )
}

/// The mean of ‖Δ(t)‖² over replicas and its spread, as far as they are known before sampling.
#[derive(Debug, Clone, Copy)]
pub struct ExactDiscrepancy {
    /// E‖Δ(t)‖²; `None` where it is not known.
    pub mean: Option<f64>,
    /// v/R: the relative variance of the mean over R replicas. `None` where it is
    /// infinite or not known.
    pub relative_variance: Option<f64>,
    /// The kurtosis over R.
    kurtosis: f64,
    /// Whether the kurtosis is known: where it is infinite or lost to rounding it is not.
    pub has_known_spread: bool,
    /// The error that rounding can make, as a share of the mean.
    rounding: f64,
}

impl ExactDiscrepancy {
    /// At a time, over this many replicas.
    pub fn new(theory: &Theory, time: f64, replicas: u64) -> Self {
        let kurtosis = theory.discrepancy_kurtosis(time);
        ExactDiscrepancy {
            mean: theory.discrepancy_mean(time),
            relative_variance: theory
                .discrepancy_relative_variance(time)
                .map(|variance| variance / replicas as f64),
            kurtosis: kurtosis.unwrap_or(UNKNOWN_SPREAD) / replicas as f64,
            has_known_spread: kurtosis.is_some(),
            rounding: discrepancy_rounding(theory),
        }
    }

    /// The exact standard error of the mean.
    pub fn std_error(&self) -> Option<f64> {
        Some(self.relative_variance?.sqrt() * self.mean?)
    }

    /// (mean − exact mean)/exact standard error, where that is not 0.
    pub fn z(&self, mean: f64) -> Option<f64> {
        z_score(mean, self.mean?, self.std_error()?)
    }

    /// Whether z is nearly normal: the mean is not carried by few replicas, nor is its variance,
    /// and rounding is next to nothing beside its standard error, where there is one.
    pub fn trusted(&self) -> Option<bool> {
        let variance = self.relative_variance?;
        let small = variance == 0.0 || self.rounding <= SMALL_SHIFT * variance.sqrt();
        Some(is_carried_by_many(variance) && small && self.has_spread_of_many())
    }

    /// Whether many replicas carry the variance, if there is any.
    pub fn has_spread_of_many(&self) -> bool {
        self.relative_variance == Some(0.0) || self.kurtosis <= SPREAD_OF_FEW
    }
}

/// The error to hold a mean over replicas against its exact value with: of few replicas that all
/// deviate alike, as by one rare event each, the empirical one is 0. About the exact value it is at
/// least |deviation|/√R, with which sums of any symmetric variates are rarely larger than normal
/// ones (Efron 1969; Bercu and Touati 2008).
pub fn error_about_exact(error: f64, deviation: f64, replicas: f64) -> f64 {
    error.max(deviation.abs() / replicas.sqrt())
}

/// A kurtosis, or relative variance of powers, that is not known counts as this: a normal variate has 3.
pub const UNKNOWN_SPREAD: f64 = 10.0;
