//! A run repeated over many seeds: what its intervals are worth.
//!
//! Repeated are the estimates that verdicts rest on, with the error bars that
//! they come with in tables: decay rates with the larger of their two standard
//! errors, and means of ‖Δ‖² with the exact one. Their exact values are closed
//! forms of the config.

use crate::estimate::rate::RateWeights;
use crate::estimate::{ExactDiscrepancy, Findings, rate_weights, z_score};
use crate::experiment::{CalibrationPlan, Experiment};
use crate::judge::calibration::{CalibrationRow, Repeated, Tally, calibration_rows};
use crate::measure::profile::Profile;
use crate::measure::records::DISCREPANCY;
use crate::measure::{Engine, Job};
use crate::numerics::trust::is_carried_by_many;
use crate::random::repetition_seed;
use crate::theory::{Quantity, Theory};
use crate::threads::{lock, share};
use crate::verify::Results;
use std::sync::{Mutex, PoisonError};

/// Velocities of a mean over replicas whose intervals are counted, at least.
const FEWEST_SUMMANDS: f64 = 200.0;

/// Something estimated in each repetition, with what is known of it before.
#[derive(Debug)]
enum Estimate {
    /// The decay rate of a quantity.
    Rate(Quantity, RateWeights),
    /// The mean of ‖Δ‖² at a record time.
    Mean(usize, ExactDiscrepancy),
}

/// The entry of an experiment's sweep that is repeated.
#[derive(Debug)]
pub struct Repetition<'a> {
    experiment: &'a Experiment,
    index: usize,
    theory: Theory,
    job: Job,
    /// All that have an error bar, known before sampling.
    estimates: Vec<Estimate>,
}

impl<'a> Repetition<'a> {
    /// The repetition of entry `index` of a sweep, with means at these record times.
    pub fn new(experiment: &'a Experiment, index: usize, record_times: &[usize]) -> Self {
        let (particles, replicas) = experiment.sweep[index];
        let theory = experiment.theory(particles);
        let times = experiment.times();
        let rate = |quantity| {
            let weights = rate_weights(&theory, quantity, particles, &times, replicas).ok()?;
            Some(Estimate::Rate(quantity, weights))
        };
        let mean = |&record: &usize| {
            let exact = ExactDiscrepancy::new(&theory, times[record], replicas);
            // Without an error there is no z-score.
            (exact.std_error()? > 0.0).then_some(Estimate::Mean(record, exact))
        };
        let rates = Quantity::ALL.into_iter().filter_map(rate);
        let means = record_times.iter().filter_map(mean);
        let estimates = rates.chain(means).collect();
        Repetition {
            experiment,
            index,
            job: Job::new(experiment, index, &theory),
            theory,
            estimates,
        }
    }

    /// The findings under a seed, made by the current thread alone.
    pub fn run(&self, seed: u64, progress: &(dyn Fn(u64) + Sync)) -> Findings {
        let measured = self.job.single_threaded(seed).run(Engine::Block, progress);
        Findings::new(self.experiment, self.index, self.theory.clone(), measured)
    }

    /// The number of standard errors by which each estimate lies above its exact value; `None`
    /// where this repetition has no estimate.
    pub fn scores(&self, findings: &Findings) -> Vec<Option<f64>> {
        let score = |estimate: &Estimate| match estimate {
            Estimate::Rate(quantity, weights) => {
                let rate = findings.rate_with(*quantity, weights).ok()?;
                let exact = self.theory.decay_rate(*quantity);
                z_score(rate.rate, exact, rate.std_error())
            }
            Estimate::Mean(record, exact) => {
                let (mean, _) = findings.measured.mean(*record, DISCREPANCY);
                exact.z(mean)
            }
        };
        self.estimates.iter().map(score).collect()
    }

    /// The quantities that are estimated, in the order of the scores.
    pub fn estimates(&self) -> Vec<Repeated> {
        let (particles, replicas) = self.experiment.sweep[self.index];
        let times = self.experiment.times();
        // Sums of few values that are one of two lie on a lattice, which is coarse beside their error.
        let are_summands_many = particles as f64 * replicas as f64 >= FEWEST_SUMMANDS;
        let repeated = |estimate: &Estimate| {
            let (quantity, name, time, relative_variance, trusted) = match estimate {
                Estimate::Rate(quantity, weights) => {
                    let variance = weights.relative_variance();
                    (
                        *quantity,
                        "rate",
                        None,
                        variance,
                        is_carried_by_many(variance),
                    )
                }
                Estimate::Mean(record, exact) => (
                    Quantity::Discrepancy,
                    "mean",
                    Some(times[*record]),
                    exact.relative_variance.expect("it has an error bar"),
                    exact.trusted() == Some(true) && exact.has_known_spread && are_summands_many,
                ),
            };
            Repeated {
                particles,
                clock: self.experiment.clock,
                quantity: quantity.name(),
                estimate: name,
                time,
                replicas,
                relative_variance,
                trusted,
            }
        };
        self.estimates.iter().map(repeated).collect()
    }

    /// Repeat it over this many seeds on the current thread pool.
    fn over_seeds(&self, seeds: u64, progress: &(dyn Fn(u64) + Sync)) -> Repetitions {
        let total = Mutex::new(Repetitions {
            tallies: vec![Tally::default(); self.estimates.len()],
            ..Repetitions::default()
        });
        share(seeds as usize, |index| {
            let seed = repetition_seed(self.experiment.seed, index as u64);
            let findings = self.run(seed, progress);
            let scores = self.scores(&findings);
            // Counts have the same sum in any order.
            lock(&total).add(&findings, &scores);
        });
        total.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The counts over seeds.
#[derive(Debug, Default)]
struct Repetitions {
    tallies: Vec<Tally>,
    collisions: u64,
    replicas: u64,
    profile: Profile,
}

impl Repetitions {
    fn add(&mut self, findings: &Findings, scores: &[Option<f64>]) {
        for (tally, &score) in self.tallies.iter_mut().zip(scores) {
            tally.add(score);
        }
        self.collisions += findings.measured.pairs.collisions;
        self.replicas += findings.measured.replicas;
        self.profile.merge(&findings.measured.profile);
    }
}

/// Repeat each N of an experiment over seeds on the current thread pool, and
/// count how often intervals cover what they should.
///
/// Threads take whole repetitions, for small runs do not fill them. `progress`
/// is told of replicas done, from any thread; `finished` sees the results after
/// each N, and can stop with an error.
///
/// # Errors
///
/// Those of `finished`.
pub fn calibrate<E>(
    experiment: &Experiment,
    plan: CalibrationPlan,
    progress: &(dyn Fn(u64) + Sync),
    mut finished: impl FnMut(&Results) -> Result<(), E>,
) -> Result<Results, E> {
    let record_times = experiment.record_times(plan.points);
    let mut results = Results::default();
    for index in 0..experiment.sweep.len() {
        let repetition = Repetition::new(experiment, index, &record_times);
        let repetitions = repetition.over_seeds(plan.seeds, progress);
        results.sizes += 1;
        results.collisions += repetitions.collisions;
        results.replicas += repetitions.replicas;
        results.profile.merge(&repetitions.profile);
        let estimates = repetition.estimates();
        let tallied: Vec<(Repeated, Tally)> =
            estimates.into_iter().zip(repetitions.tallies).collect();
        let rows = calibration_rows(plan.seeds, &tallied);
        results.false_alarm += rows.iter().map(CalibrationRow::false_alarm).sum::<f64>();
        if !rows.iter().any(|row| row.trusted) {
            results.uncalibrated.push(experiment.sweep[index].0);
        }
        results.calibration.extend(rows);
        finished(&results)?;
    }
    Ok(results)
}
