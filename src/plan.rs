//! What a run will cost and be able to decide, before it is made.

use crate::coupling::Rematch;
use crate::estimate::rate::FEW_REPLICAS;
use crate::experiment::{Check, Experiment};
use crate::judge::claims::claim_of;
use crate::judge::forecast::{Forecast, Prospect, replicas_for};
use crate::looks::{Look, false_alarm};
use crate::measure::{Engine, Job, Measured};
use crate::model::Clock;
use crate::theory::Theory;
use crate::theory::pairing::wasserstein_squared;
use std::time::Instant;

/// Length of a burst that is measured, in seconds, about.
const BURST: f64 = 0.1;

/// What is planned for one N.
#[derive(Debug)]
pub struct SizePlan {
    /// N.
    pub particles: usize,
    /// Replicas.
    pub replicas: u64,
    /// Expected number of collisions, (κ/2 + β)·N·T·replicas, of all repetitions;
    /// exact.
    pub collisions: f64,
    /// Seconds on the current thread pool, from a measured burst; without
    /// tables and figures.
    pub seconds: f64,
    /// Bytes that the simulation holds on so many threads, about.
    pub bytes: usize,
    /// The first record time, if any, from which on the mean of ‖Δ‖² is carried
    /// by few replicas, and v/R at the last.
    pub heavy_from: Option<(f64, f64)>,
    /// The probability that a right program is reported as wrong, at most: of
    /// all verdicts and self-checks together (Bonferroni).
    pub false_alarm: f64,
    /// What each check will say.
    pub checks: Vec<CheckPlan>,
}

/// What a check will say at one N.
#[derive(Debug)]
pub struct CheckPlan {
    /// The check.
    pub check: Check,
    /// The probabilities of its verdicts.
    pub forecast: Forecast,
    /// Replicas for the expected verdict with probability 0.9 and 0.999; `None`
    /// if no number is enough.
    pub needed: [Option<u64>; 2],
    /// Whether the other clock would have the same rate, to within twice the
    /// tolerance.
    pub blind_to_clock: bool,
}

/// Plan each N of an experiment. A short burst of each is simulated.
pub fn plan(experiment: &Experiment) -> Vec<SizePlan> {
    let (initial_w2, _) = wasserstein_squared(&experiment.first, &experiment.second);
    let sizes = 0..experiment.sweep.len();
    sizes
        .map(|index| plan_size(experiment, index, initial_w2))
        .collect()
}

fn plan_size(experiment: &Experiment, index: usize, initial_w2: f64) -> SizePlan {
    let (particles, replicas) = experiment.sweep[index];
    let theory = experiment.theory(particles);
    let (pilot, seconds) = burst(experiment, index, &theory);
    let prospect = Prospect {
        experiment,
        theory: &theory,
        particles,
        replicas,
        initial_w2,
        pilot: Some(&pilot),
    };
    let per_replica = experiment.rates().for_particles(particles).total(particles);
    let carried = |time: f64| Some(theory.discrepancy_relative_variance(time)? / replicas as f64);
    let all = replicas as f64 * experiment.repetitions() as f64;
    let times = experiment.times();
    let heavy = |&&time: &&f64| carried(time).is_some_and(|carried| carried > FEW_REPLICAS);
    SizePlan {
        particles,
        replicas,
        collisions: per_replica * experiment.end * all,
        seconds: seconds * all,
        bytes: bytes(experiment, particles),
        heavy_from: times
            .iter()
            .find(heavy)
            .and_then(|&time| Some((time, carried(experiment.end)?))),
        false_alarm: false_alarm(&prospect, Look::only(replicas)),
        checks: (experiment.checks.iter())
            .map(|check| plan_check(&prospect, check))
            .collect(),
    }
}

fn plan_check(prospect: &Prospect, check: &Check) -> CheckPlan {
    let claim = claim_of(check);
    let with = |replicas| {
        claim.forecast(
            &Prospect {
                replicas,
                ..*prospect
            },
            check,
        )
    };
    CheckPlan {
        check: check.clone(),
        forecast: with(prospect.replicas),
        needed: [0.9, 0.999].map(|wanted| replicas_for(wanted, check, with)),
        blind_to_clock: claim.quantity().is_some_and(|quantity| {
            let rates = Clock::ALL.map(|clock| {
                let other = Experiment {
                    clock,
                    ..prospect.experiment.clone()
                };
                other.theory(prospect.particles).decay_rate(quantity)
            });
            (rates[0] - rates[1]).abs() <= 2.0 * check.tolerance * rates[0].max(rates[1])
        }),
    }
}

/// Some replicas of entry `index` of the sweep, and seconds per replica.
fn burst(experiment: &Experiment, index: usize, theory: &Theory) -> (Measured, f64) {
    let (particles, replicas) = experiment.sweep[index];
    let batch = (experiment.wasserstein).map_or(1, |plan| plan.sample.div_ceil(particles) as u64);
    let mut few = experiment.clone();
    let mut run = |some: u64| {
        few.sweep[index].1 = some.clamp(2, replicas.max(2));
        let start = Instant::now();
        let measured = Job::new(&few, index, theory).run(Engine::Block, &|_| ());
        let seconds = start.elapsed().as_secs_f64() / measured.replicas as f64;
        (measured, seconds)
    };
    // Short bursts are mostly start-up; threads need several batches to be busy.
    let mut some = 8 * batch;
    loop {
        let (measured, seconds) = run(some);
        if seconds * some as f64 >= BURST || some >= replicas {
            return (measured, seconds);
        }
        some *= 4;
    }
}

/// Bytes of the states, records, pools and tallies of all threads.
fn bytes(experiment: &Experiment, particles: usize) -> usize {
    /// The program itself.
    const PROGRAM: usize = 5 << 20;
    /// A block, its words and marks; and records of 64 replicas for each time.
    const BLOCK: usize = 100 << 10;
    const RECORDS_OF_A_TIME: usize = 64 * 20 * 8;
    let distances = experiment
        .wasserstein
        .map_or(0, |plan| plan.points * plan.sample);
    let points = experiment.points;
    // Both copies by rank, and pairs to come.
    let ranked = match experiment.rematch {
        Rematch::Never => 0,
        _ => 76 * particles + 40 * experiment.rematch_times().len(),
    };
    let thread = 16 * particles
        + ranked
        + BLOCK
        + RECORDS_OF_A_TIME * points
        + 2 * 8 * distances
        + 4 * 8 * points * points;
    PROGRAM + rayon::current_num_threads() * thread
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load;
    use std::path::Path;

    #[test]
    fn false_alarms_of_the_committed_experiments_are_rare() {
        let mut total = 0.0;
        for entry in std::fs::read_dir("experiments").unwrap() {
            let experiment = load(&entry.unwrap().path()).unwrap().experiment;
            total += plan(&experiment)
                .iter()
                .map(|size| size.false_alarm)
                .sum::<f64>();
        }
        assert!(total > 1e-6 && total <= 1e-4, "{total}");
    }

    #[test]
    fn collisions_and_warnings() {
        let mut experiment = load(Path::new("experiments/theorem6.toml"))
            .unwrap()
            .experiment;
        experiment.sweep = vec![(2, 64)];
        let planned = plan_size(&experiment, 0, 1.0);
        // κ/2 + β = 2.5 per particle and unit of time, on this clock κ = 1, β = 2.
        assert_eq!(planned.collisions, 2.5 * 2.0 * 4.0 * 64.0);
        assert!(
            planned
                .heavy_from
                .is_some_and(|(time, carried)| time > 0.0 && carried > 0.01)
        );
        assert!(planned.checks.iter().all(|planned| !planned.blind_to_clock));
    }
}
