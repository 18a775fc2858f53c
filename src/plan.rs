//! What a run will cost and be able to decide, before it is made.

use crate::coupling::{CouplingKind, Rematch};
use crate::estimate::Findings;
use crate::estimate::rate::FEW_REPLICAS;
use crate::experiment::{Check, Experiment};
use crate::judge::claims::claim_of;
use crate::judge::forecast::{Forecast, Prospect, replicas_for};
use crate::looks::{Look, false_alarm};
use crate::measure::{CHUNKS_AHEAD, Engine, Job, Measured, TALLIED_TOGETHER, bracketed, chunk};
use crate::observe::COLUMNS;
use crate::simulate::powers::SUMS;
use crate::steady::Stage;
use crate::theory::Theory;
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
    /// Whether the variance of ‖Δ‖² is infinite.
    pub infinite_variance: bool,
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
    /// if no number is enough, as far as is foreseen.
    pub needed: [Option<u64>; 2],
    /// What may decide that is not foreseen, if so.
    pub unforeseen: Option<&'static str>,
    /// Why no number is enough, as far as is foreseen, if that is known.
    pub obstacle: Option<String>,
    /// Whether the other clock would give the same verdict.
    pub blind_to_clock: bool,
}

/// Plan each N of an experiment. A short burst of each is simulated.
pub fn plan(experiment: &Experiment) -> Vec<SizePlan> {
    let initial_w2 = experiment.initial_w2().unwrap_or(f64::NAN);
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
    let (steady_end, steady_seconds) = steady_burst(experiment, index, &theory);
    let carried = |time: f64| Some(theory.discrepancy_relative_variance(time)? / replicas as f64);
    let all = replicas as f64 * experiment.repetitions() as f64;
    let times = experiment.times();
    let heavy = |&&time: &&f64| carried(time).is_some_and(|carried| carried > FEW_REPLICAS);
    SizePlan {
        particles,
        replicas,
        collisions: per_replica * (experiment.end + steady_end) * all,
        seconds: (seconds + steady_seconds) * all
            + bracket_seconds(experiment, index, &theory, &pilot),
        bytes: bytes(experiment, particles, replicas),
        heavy_from: times
            .iter()
            .find(heavy)
            .and_then(|&time| Some((time, carried(experiment.end)?))),
        infinite_variance: !theory.has_finite_spread(),
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
        unforeseen: claim.unforeseen(prospect, check),
        obstacle: claim.obstacle(prospect),
        blind_to_clock: claim.blind_to_clock(prospect, check),
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

/// Seconds that the brackets of W₂ will take, from those of a pilot: in proportion to
/// the velocities.
fn bracket_seconds(
    experiment: &Experiment,
    index: usize,
    theory: &Theory,
    pilot: &Measured,
) -> f64 {
    let (particles, replicas) = experiment.sweep[index];
    let of_pilot = bracketed(experiment, particles, pilot.replicas);
    if of_pilot == 0 {
        return 0.0;
    }
    let start = Instant::now();
    Findings::new(experiment, index, theory.clone(), pilot.clone());
    let seconds = start.elapsed().as_secs_f64();
    seconds * bracketed(experiment, particles, replicas) as f64 / of_pilot as f64
}

/// The end of a replica that goes on into the steady state, and the seconds it takes;
/// 0 if none does.
fn steady_burst(experiment: &Experiment, index: usize, theory: &Theory) -> (f64, f64) {
    let Some(stage) = Stage::new(experiment, index, theory) else {
        return (0.0, 0.0);
    };
    let most = experiment.sweep[index].1;
    let mut some = rayon::current_num_threads() as u64;
    loop {
        let start = Instant::now();
        let steady = stage.extend(stage.nothing(), some.min(most), &|_| ());
        let seconds = start.elapsed().as_secs_f64();
        if seconds >= BURST || some >= most {
            return (steady.schedule.end(), seconds / steady.replicas as f64);
        }
        some *= 4;
    }
}

/// Bytes of the states, records, pools and tallies of all threads.
fn bytes(experiment: &Experiment, particles: usize, replicas: u64) -> usize {
    /// The program itself.
    const PROGRAM: usize = 5 << 20;
    /// A block, its words and marks.
    const BLOCK: usize = 100 << 10;
    /// Numbers that are kept of a replica at a record time.
    const RECORDED: usize = SUMS + COLUMNS;
    let paths = match experiment.coupling {
        CouplingKind::Synchronous | CouplingKind::Aligned => 1,
        CouplingKind::Independent => 2,
    };
    let velocities = replicas.saturating_mul(particles as u64);
    let sample = experiment.wasserstein.map_or(0, |plan| plan.sample);
    let distances = experiment.wasserstein.map_or(0, |plan| {
        plan.points * velocities.min(plan.sample as u64) as usize
    });
    let chunk = chunk(particles, sample).min(replicas);
    let points = experiment.points;
    // Both copies by rank, and pairs to come.
    let ranked = match experiment.rematch {
        Rematch::Never => 0,
        _ => 84 * particles + 40 * experiment.rematch_times().len(),
    };
    let thread = paths * (16 * particles + BLOCK)
        + ranked
        + 8 * RECORDED * points * chunk.min(TALLIED_TOGETHER) as usize
        + 2 * 8 * distances;
    // Covariances of four quantities, of which half is used.
    let tally = 4 * 8 * points * points / 2;
    let threads = rayon::current_num_threads();
    // The total, and those of chunks that are simulated or wait for earlier
    // ones; a single replica has no covariances.
    let tallies = match chunk {
        1 => 1,
        _ => 1 + (CHUNKS_AHEAD * threads as u64).min(replicas.div_ceil(chunk)) as usize,
    };
    // Velocities for the bracket, in the total and while it is made.
    let kept = bracketed(experiment, particles, replicas) as usize * particles;
    let times = experiment.wasserstein.map_or(0, |plan| plan.points);
    let brackets = 2 * 8 * kept * (times + 4 * threads);
    PROGRAM + threads * thread + tallies * tally + brackets
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load;
    use crate::experiment::{Expectation, WassersteinPlan};
    use crate::law::{Law, Normal, StudentT};
    use crate::theory::pairing::Pairing;
    use std::path::Path;

    #[test]
    fn false_alarms_of_the_committed_experiments_are_rare() {
        let of = |path: std::path::PathBuf| {
            let experiment = load(&path).unwrap().experiment;
            let sizes = plan(&experiment).into_iter();
            sizes.map(|size| size.false_alarm).sum::<f64>()
        };
        let entries = std::fs::read_dir("experiments").unwrap();
        let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        // Each plans on threads of its own, but not all the time.
        let half = paths.split_off(paths.len() / 2);
        let total: f64 = std::thread::scope(|scope| {
            let other = scope.spawn(|| half.into_iter().map(of).sum::<f64>());
            paths.into_iter().map(of).sum::<f64>() + other.join().unwrap()
        });
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
        assert!(!planned.infinite_variance);
    }

    /// The plan of one check at N = 8 on the committed experiment, changed.
    fn planned(claim: &str, tolerance: f64, change: impl Fn(&mut Experiment)) -> SizePlan {
        let mut experiment = load(Path::new("experiments/theorem6.toml"))
            .unwrap()
            .experiment;
        experiment.sweep = vec![(8, 64)];
        experiment.checks = vec![Check {
            claim: claim.to_string(),
            expect: Expectation::Holds,
            tolerance,
            confidence: 0.999,
        }];
        change(&mut experiment);
        plan(&experiment).remove(0)
    }

    #[test]
    fn never_has_a_reason() {
        let obstacle = |claim, change: fn(&mut Experiment)| {
            let check = planned(claim, 0.1, change).checks.remove(0);
            assert_eq!(check.needed[0].is_none(), check.obstacle.is_some());
            check.obstacle.unwrap_or_default()
        };
        assert_eq!(obstacle("theorem-6", |_| ()), "");
        let independent = obstacle("theorem-6", |experiment| {
            experiment.pairing = Pairing::Independent;
        });
        assert!(independent.contains("optimal start"), "{independent}");
        let heavy: fn(&mut Experiment) = |experiment| {
            let student = |scale| Law::StudentT(StudentT::new(2.5, scale, 0.0).unwrap());
            (experiment.first, experiment.second) = (student(1.0), student(2.0));
        };
        for claim in ["theorem-6", "theorem-6-coupling"] {
            assert!(obstacle(claim, heavy).contains("variance is infinite"));
        }
        assert!(planned("theorem-6", 0.1, heavy).infinite_variance);
    }

    #[test]
    fn a_bracket_may_decide_what_has_an_obstacle() {
        let planned = |tolerance: f64, end: f64| {
            planned("theorem-6", tolerance, |experiment| {
                let normal = |mean| Law::Normal(Normal::new(mean, 1.0).unwrap());
                (experiment.first, experiment.second) = (normal(0.0), normal(1.0));
                experiment.coupling = CouplingKind::Aligned;
                experiment.end = end;
                experiment.points = 3;
                experiment.sweep = vec![(8, 4000)];
                experiment.wasserstein = Some(WassersteinPlan {
                    points: 3,
                    sample: 2000,
                    bracket: 32_000,
                });
            })
            .checks
            .remove(0)
        };
        let check = planned(0.1, 1.0);
        assert_eq!(check.needed, [None; 2]);
        assert!(
            check
                .unforeseen
                .is_some_and(|what| what.contains("bracket"))
        );
        assert!(
            check
                .obstacle
                .is_some_and(|why| why.contains("synchronous"))
        );
        // Late, few replicas carry what tells the laws apart.
        assert_eq!(planned(0.1, 20.0).unforeseen, None);
        // On the other clock the exact bound is e^{t/2} times the printed one: 1.051.
        assert!(!planned(0.04, 0.1).blind_to_clock);
        assert!(planned(0.06, 0.1).blind_to_clock);
    }

    #[test]
    fn a_tolerance_that_lets_both_clocks_pass_is_noticed() {
        let shifted: fn(&mut Experiment) = |experiment| {
            // No lower bound exceeds the printed one on either clock.
            let normal = |mean| Law::Normal(Normal::new(mean, 1.0).unwrap());
            (experiment.first, experiment.second) = (normal(0.0), normal(1.0));
        };
        let blind = |claim, tolerance| planned(claim, tolerance, shifted).checks[0].blind_to_clock;
        // The other clock's rate is half of this one's.
        for claim in ["theorem-6", "theorem-7"] {
            assert!(!blind(claim, 0.45));
            assert!(blind(claim, 0.55));
        }
        assert!(!blind("theorem-6-coupling", 0.2));
        assert!(blind("theorem-6-coupling", 0.3));
    }
}
