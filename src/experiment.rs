//! An experiment: everything that a run depends on, checked and without files.

use crate::law::Law;
use crate::law::joint::Joint;
use crate::model::coupling::{CouplingKind, Rematch};
use crate::model::{Clock, Rates};
use crate::numerics::decimal::Decimal;
use crate::theory::pairing::{Pairing, wasserstein_squared};
use crate::theory::{Draws, Theory};
use std::sync::Arc;

/// Counts of replicas stay exact in a float up to this.
pub const MOST_REPLICAS: u64 = 1 << 53;

/// A verified experiment; the config layer makes it from a TOML file.
#[derive(Debug, Clone)]
pub struct Experiment {
    /// Its name: the config's file stem.
    pub name: String,
    /// A line for people.
    pub title: Option<String>,
    /// Seed of all randomness.
    pub seed: u64,
    /// Numbers of particles, and of replicas for each.
    pub sweep: Vec<(usize, u64)>,
    /// λ, the paper's pair rate.
    pub lambda: f64,
    /// μ, the paper's bath rate.
    pub mu: f64,
    /// The clock, by which λ and μ become rates.
    pub clock: Clock,
    /// The coupling of the two copies.
    pub coupling: CouplingKind,
    /// The times at which the second copy is permuted to pair particles of equal rank.
    pub rematch: Rematch,
    /// g, with mean 0.
    pub bath: Law,
    /// Law of V_i(0).
    pub first: Law,
    /// Law of V′_i(0).
    pub second: Law,
    /// The kinds of joint law of the particles of each copy at time 0; [`Experiment::first`] and
    /// [`Experiment::second`] are the laws that the joint ones are made from.
    pub joints: [Joint; 2],
    /// Joint law of V_i(0) and V′_i(0).
    pub pairing: Pairing,
    /// Length of a run.
    pub end: f64,
    /// Number of record times, 0 and the end included.
    pub points: usize,
    /// The plan by which W₂ of the first marginals is measured; `None` if it is not.
    pub wasserstein: Option<WassersteinPlan>,
    /// The plan by which the run is repeated over seeds; `None` if it is not.
    pub calibration: Option<CalibrationPlan>,
    /// The plan by which two starts come near to each other and the steady state is measured;
    /// `None` if it is not.
    pub steady_state: Option<SteadyStatePlan>,
    /// The claims to be judged, with the verdicts that are expected.
    pub checks: Vec<Check>,
}

/// Where and how W₂ of the first marginals is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WassersteinPlan {
    /// Record times, 0 and the end included, among those of the experiment.
    pub points: usize,
    /// Pooled velocities in a batch.
    pub sample: usize,
    /// Velocities of each copy that the confidence bracket is made of, at most: those
    /// of whole replicas, the first ones.
    pub bracket: usize,
}

/// The plan by which a run is repeated to count the intervals that cover their exact values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CalibrationPlan {
    /// Number of repetitions, each under a seed of its own.
    pub seeds: u64,
    /// Record times of means, 0 and the end included, among those of the
    /// experiment.
    pub points: usize,
}

/// The plan by which the steady state is approached.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SteadyStatePlan {
    /// The bound on W₂², at its upper confidence limit, in velocity² and per particle, within which the
    /// two unlike starts must come.
    pub tolerance: f64,
}

/// A claim to be judged, and what is expected of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// The claim's id in the ledger.
    pub claim: String,
    /// The verdict that is expected at each N.
    pub expect: Expectation,
    /// τ: how far from the printed value still counts as it, relatively.
    pub tolerance: f64,
    /// Level of the intervals that decide.
    pub confidence: f64,
}

/// The verdict that a config expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expectation {
    /// The claim holds on this experiment.
    Holds,
    /// The claim is refuted by this experiment.
    Refuted,
}

impl Expectation {
    /// Both, for messages.
    pub const ALL: [Expectation; 2] = [Expectation::Holds, Expectation::Refuted];

    /// The word used in configs and tables.
    pub fn name(self) -> &'static str {
        match self {
            Expectation::Holds => "holds",
            Expectation::Refuted => "refuted",
        }
    }
}

impl Experiment {
    /// Two synchronous copies of 8 particles from an optimal start, in 1000 replicas up to time 1 with 11
    /// record times. Other fields are changed with `..`; the rules that configs are checked by are the
    /// caller's to keep.
    ///
    /// ```
    /// use kac_coupling::experiment::Experiment;
    /// use kac_coupling::law::Normal;
    /// use kac_coupling::model::Clock;
    ///
    /// let normal = |mean, sd| Normal::new(mean, sd).map(Into::into);
    /// let (bath, first, second) = (normal(0.0, 1.0)?, normal(2.0, 1.0)?, normal(-1.0, 2.0)?);
    /// let experiment = Experiment {
    ///     end: 2.0,
    ///     ..Experiment::new(Clock::Theorem6, (1.0, 0.5), bath, first, second)
    /// };
    /// // W2² of N(2, 1) and N(-1, 2²): the squares of both differences.
    /// assert!((experiment.initial_w2().unwrap() - 10.0).abs() < 1e-12);
    /// assert_eq!(experiment.times()[10], 2.0);
    /// # Ok::<(), kac_coupling::law::LawError>(())
    /// ```
    pub fn new(
        clock: Clock,
        (lambda, mu): (f64, f64),
        bath: Law,
        first: Law,
        second: Law,
    ) -> Experiment {
        Experiment {
            name: "experiment".to_string(),
            title: None,
            seed: 1,
            sweep: vec![(8, 1000)],
            lambda,
            mu,
            clock,
            coupling: CouplingKind::Synchronous,
            rematch: Rematch::Never,
            bath,
            first,
            second,
            joints: [Joint::Product; 2],
            pairing: Pairing::Optimal,
            end: 1.0,
            points: 11,
            wasserstein: None,
            calibration: None,
            steady_state: None,
            checks: vec![],
        }
    }
}

/// The bound that Theorems 6 and 7 print, squared: e^{−μt} times a squared distance at time 0.
#[derive(Debug, Clone, Copy)]
pub struct PrintedBound {
    mu: f64,
    start: f64,
}

impl PrintedBound {
    /// The bound for an experiment, where the squared distance is `start` at time 0.
    pub fn new(experiment: &Experiment, start: f64) -> Self {
        let mu = experiment.mu;
        PrintedBound { mu, start }
    }

    /// The bound at a time.
    pub fn at(self, time: f64) -> f64 {
        libm::exp(-self.mu * time) * self.start
    }
}

impl Experiment {
    /// κ and β of two or more particles.
    pub fn rates(&self) -> Rates {
        self.clock.rates(self.lambda, self.mu)
    }

    /// The record times `end · k/(points − 1)`, with `end` the decimal number that it is written as: 0.3 is 0.3.
    ///
    /// A grid twice as fine, or twice as long with twice as many steps, has the
    /// same numbers at common times, to the bit.
    pub fn times(&self) -> Vec<f64> {
        let end = Decimal::of(self.end);
        let steps = self.points as u64 - 1;
        (0..=steps).map(|k| end.fraction(k, steps)).collect()
    }

    /// The number of times that the run is made.
    pub fn repetitions(&self) -> u64 {
        self.calibration.map_or(1, |plan| plan.seeds)
    }

    /// The number of times that each replica is simulated: once, and once more if it goes on into
    /// the steady state.
    pub fn passes(&self) -> u64 {
        1 + u64::from(self.steady_state.is_some())
    }

    /// Indices into [`Experiment::times`] of `points` evenly spaced times, 0 and
    /// the end included.
    pub fn record_times(&self, points: usize) -> Vec<usize> {
        let stride = (self.points - 1) / (points - 1);
        (0..points).map(|k| k * stride).collect()
    }

    /// Indices into [`Experiment::times`] at which W₂ is measured.
    pub fn wasserstein_indices(&self) -> Vec<usize> {
        self.wasserstein
            .map_or(vec![], |plan| self.record_times(plan.points))
    }

    /// Whether [`Experiment::initial_w2`] is known: of two product laws, by Lemma 11, and of two spheres.
    pub fn knows_initial_w2(&self) -> bool {
        self.joints == [Joint::Product; 2] || self.joints == [Joint::Sphere; 2]
    }

    /// Whether the laws of both copies at time 0 are chaotic, [`Joint::is_chaotic`], and so, by propagation of
    /// chaos, at any fixed time: W₂² of the first marginals and of the joint laws, per particle, then tend to the
    /// same number as N → ∞. Not whether any of them is known.
    pub fn is_chaotic(&self) -> bool {
        self.joints.iter().all(|joint| joint.is_chaotic())
    }

    /// W₂² of the joint laws of both copies at time 0, per particle, which is also that of their first marginals;
    /// `None` where it is not known.
    pub fn initial_w2(&self) -> Option<f64> {
        // Between spheres it is (σ − σ′)², as between the normal laws that they are made from.
        self.knows_initial_w2()
            .then(|| wasserstein_squared(&self.first, &self.second).0)
    }

    /// The laws, for the closed forms of all N.
    pub fn draws(&self) -> Arc<Draws> {
        let laws = [self.first.clone(), self.second.clone()];
        Arc::new(Draws::new(laws, self.bath.clone(), self.pairing))
    }

    /// The closed forms for one N of the sweep.
    pub fn theory(&self, particles: usize) -> Theory {
        self.theory_of(particles, &self.draws())
    }

    /// The closed forms for one N, with laws that those for other N share.
    pub fn theory_of(&self, particles: usize, draws: &Arc<Draws>) -> Theory {
        Theory::of_draws(particles, self.rates(), draws.clone(), self.coupling)
            .rematched(self.rematch)
            .with_joints(self.joints, self.pairing)
    }

    /// The times up to the end at which the paths are rematched by an interval: its
    /// multiples, 0 included, as decimal numbers like [`Experiment::times`].
    pub fn rematch_times(&self) -> Vec<f64> {
        let Rematch::Every(interval) = self.rematch else {
            return vec![];
        };
        let interval = Decimal::of(interval);
        let times = (0..).map(|k| interval.fraction(k, 1));
        times.take_while(|&time| time <= self.end).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load;
    use std::path::Path;

    /// Ends as one types them, and one that has as many digits as a number can have.
    const ENDS: [f64; 16] = [
        1.0,
        0.1,
        0.3,
        0.5,
        0.7,
        1.1,
        1.5,
        2.4,
        4.0,
        6.6,
        20.0,
        300.0,
        5000.0,
        6e-7,
        1e60,
        0.8123456789012345,
    ];

    fn experiment() -> Experiment {
        load(Path::new("experiments/theorem6.toml"))
            .unwrap()
            .experiment
    }

    #[test]
    fn record_times_go_up_from_zero_to_the_end() {
        let mut experiment = experiment();
        for end in ENDS.into_iter().chain([1e-60, f64::MIN_POSITIVE]) {
            for points in (2..100).chain([101, 128, 1000, 1001, 2000, 2001]) {
                (experiment.end, experiment.points) = (end, points);
                let times = experiment.times();
                assert_eq!(
                    (times.len(), times[0], times[points - 1]),
                    (points, 0.0, end)
                );
                let steps = times.windows(2);
                assert!(
                    steps.clone().all(|pair| pair[0] < pair[1]),
                    "{end} {points}"
                );
                let even = end / (points - 1) as f64;
                let off = |pair: &[f64]| (pair[1] - pair[0] - even).abs();
                assert!(
                    steps
                        .clone()
                        .all(|pair| off(pair) <= 4.0 * f64::EPSILON * end)
                );
            }
        }
    }

    /// No decimal number of nine digits or fewer is next to a record time without being it.
    #[test]
    fn record_times_are_short_where_they_can_be() {
        let mut experiment = experiment();
        let mut short = 0;
        for end in &ENDS[..15] {
            for points in (2..100).chain([101, 128, 501, 1001, 2001]) {
                (experiment.end, experiment.points) = (*end, points);
                for time in experiment.times() {
                    let near = |digits: usize| -> Option<f64> {
                        let text = format!("{time:.digits$e}");
                        let rounded: f64 = text.parse().unwrap();
                        let apart = rounded.to_bits().abs_diff(time.to_bits());
                        (apart <= 2).then_some(rounded)
                    };
                    if let Some(rounded) = (0..9).find_map(near) {
                        assert_eq!(time, rounded, "{end} {points}");
                        short += 1;
                    }
                }
            }
        }
        assert!(short > 15_000, "{short}");
    }

    #[test]
    fn times_known_by_hand_are_what_one_types() {
        let mut experiment = experiment();
        for (end, points, expected) in [
            (0.7, 8, [0.1, 0.2, 0.3, 0.4]),
            (1.0, 11, [0.1, 0.2, 0.3, 0.4]),
            (1.1, 12, [0.1, 0.2, 0.3, 0.4]),
            (2.4, 9, [0.3, 0.6, 0.9, 1.2]),
            (0.6, 7, [0.1, 0.2, 0.3, 0.4]),
            (7e-7, 8, [1e-7, 2e-7, 3e-7, 4e-7]),
        ] {
            (experiment.end, experiment.points) = (end, points);
            assert_eq!(experiment.times()[1..5], expected, "{end} {points}");
            experiment.rematch = Rematch::Every(expected[0]);
            assert_eq!(experiment.rematch_times(), experiment.times());
        }
    }

    #[test]
    fn equal_fractions_of_ends_are_equal_numbers() {
        let mut experiment = experiment();
        for end in ENDS {
            for points in [2, 4, 8, 12, 41] {
                (experiment.end, experiment.points) = (end, points);
                let times = experiment.times();
                experiment.points = 2 * points - 1;
                let finer: Vec<f64> = experiment.times().into_iter().step_by(2).collect();
                assert_eq!(times, finer);
                experiment.end = 2.0 * end;
                let text = format!("{:e}", experiment.end);
                if text.len() < 12 {
                    assert_eq!(times, experiment.times()[..points]);
                }
            }
        }
    }
}
