//! What a run will cost and be able to decide, before it is made.

use crate::coupling::{CouplingKind, Rematch};
use crate::estimate::Findings;
use crate::estimate::rate::FEW_REPLICAS;
use crate::experiment::{Check, Expectation, Experiment, WassersteinPlan};
use crate::gaps::gaps;
use crate::judge::claims::claim_of;
use crate::judge::forecast::{Forecast, Prospect, replicas_for};
use crate::looks::{Look, false_alarm};
use crate::measure::{CHUNKS_AHEAD, Engine, Job, Measured, TALLIED_TOGETHER, bracketed, chunk};
use crate::observe::COLUMNS;
use crate::simulate::powers::SUMS;
use crate::steady::Stage;
use crate::theory::Theory;
use crate::theory::steady::RECORDS;
use rayon::prelude::*;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Instant;

/// Length of a burst that is measured, in seconds, about, and what all N may take together.
const BURST: f64 = 0.1;
const ALL_BURSTS: f64 = 2.0;
/// What the burst of one N may take, and those of all N together, in the work of a
/// collision: some ten nanoseconds of a thread.
const MOST_WORK: f64 = 5e7;
const ALL_WORK: f64 = 3e8;
/// Bytes that a burst may hold.
const MOST_BYTES: usize = 256 << 20;
/// The work of a particle's start and of each of its records, and that of a velocity that a
/// bracket is made of, at a record time of W₂.
const WORK_OF_RECORD: f64 = 1.0;
const WORK_OF_START: f64 = 4.0;
const WORK_OF_BRACKET: f64 = 8.0;
/// Replicas of a burst that stands for a run none of whose replicas can be afforded. Fewer
/// have no bracket.
const FEW: u64 = 8;

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
    /// The cells of tables that will be empty, and why.
    pub gaps: Vec<String>,
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
    /// Whether the exact values contradict the expectation: of so many replicas that chance
    /// has no say, the opposite verdict is foreseen.
    pub is_contradicted: bool,
}

/// Plan each N of an experiment. A short burst of each is simulated, and the bursts of all
/// take some seconds: where a run needs more than that, they are of parts of it.
pub fn plan(experiment: &Experiment) -> Vec<SizePlan> {
    let initial_w2 = experiment.initial_w2().unwrap_or(f64::NAN);
    let indices: Vec<usize> = (0..experiment.sweep.len()).collect();
    let mut sizes = vec![];
    // Bursts have all threads to themselves. Few are held at a time, for they can be large.
    for together in indices.chunks(rayon::current_num_threads()) {
        let bursts = together
            .iter()
            .map(|&index| (index, Burst::of(experiment, index)));
        let bursts: Vec<(usize, Burst)> = bursts.collect();
        sizes.par_extend(
            (bursts.into_par_iter())
                .map(|(index, burst)| plan_size(experiment, index, initial_w2, &burst)),
        );
    }
    sizes
}

fn plan_size(experiment: &Experiment, index: usize, initial_w2: f64, burst: &Burst) -> SizePlan {
    let (particles, replicas) = experiment.sweep[index];
    let Burst { theory, .. } = burst;
    let prospect = Prospect {
        experiment,
        theory,
        particles,
        replicas,
        initial_w2,
        pilot: burst.pilot.as_ref(),
    };
    let per_replica = experiment.rates().for_particles(particles).total(particles);
    let carried = |time: f64| Some(theory.discrepancy_relative_variance(time)? / replicas as f64);
    let all = replicas as f64 * experiment.repetitions() as f64;
    let times = experiment.times();
    let heavy = |&&time: &&f64| carried(time).is_some_and(|carried| carried > FEW_REPLICAS);
    SizePlan {
        particles,
        replicas,
        collisions: per_replica * (experiment.end + burst.steady_end) * all,
        seconds: burst.seconds * all + burst.brackets,
        bytes: bytes(experiment, particles, replicas),
        heavy_from: times
            .iter()
            .find(heavy)
            .and_then(|&time| Some((time, carried(experiment.end)?))),
        infinite_variance: !theory.has_finite_spread(),
        gaps: gaps(experiment, index, theory),
        false_alarm: false_alarm(&prospect, Look::only(replicas)),
        checks: (experiment.checks.iter())
            .map(|check| plan_check(&prospect, check))
            .collect(),
    }
}

/// So many replicas leave nothing to chance.
const CERTAIN: u64 = 1 << 50;

fn plan_check(prospect: &Prospect, check: &Check) -> CheckPlan {
    let claim = claim_of(check);
    // Both searches for enough replicas ask for many of the same numbers.
    let known = RefCell::new(BTreeMap::new());
    let with = |replicas| {
        let forecast = || {
            let prospect = Prospect {
                replicas,
                ..*prospect
            };
            claim.forecast(&prospect, check)
        };
        *known.borrow_mut().entry(replicas).or_insert_with(forecast)
    };
    CheckPlan {
        check: check.clone(),
        forecast: with(prospect.replicas),
        needed: [0.9, 0.999].map(|wanted| replicas_for(wanted, check, with)),
        unforeseen: claim.unforeseen(prospect, check),
        obstacle: claim.obstacle(prospect),
        blind_to_clock: claim.blind_to_clock(prospect, check),
        is_contradicted: match check.expect {
            Expectation::Holds => with(CERTAIN).refuted > 0.5,
            Expectation::Refuted => with(CERTAIN).holds > 0.5,
        },
    }
}

/// What may be spent on the burst of one N.
#[derive(Debug, Clone, Copy)]
struct Budget {
    work: f64,
    seconds: f64,
}

impl Budget {
    /// Equal shares for all N.
    fn of(experiment: &Experiment) -> Budget {
        let sizes = experiment.sweep.len() as f64;
        Budget {
            work: MOST_WORK.min(ALL_WORK / sizes),
            seconds: BURST.min(ALL_BURSTS / sizes),
        }
    }

    /// The replicas of entry `index` that it pays for, up to those of the run.
    fn replicas(&self, experiment: &Experiment, index: usize) -> u64 {
        let (particles, replicas) = experiment.sweep[index];
        let most = (self.work / work_of_replica(experiment, index)) as u64;
        let most = most.min(replicas);
        // Large gases are held whole, few at a time.
        if bytes(experiment, particles, 2) > MOST_BYTES {
            return 0;
        }
        most
    }
}

/// The work of a replica of entry `index`: of its simulation and its part in the brackets.
fn work_of_replica(experiment: &Experiment, index: usize) -> f64 {
    let (_, replicas) = experiment.sweep[index];
    let part = work_of_brackets(experiment, index) / replicas as f64;
    work_of_simulation(experiment, index) + part
}

/// The work of simulating a replica of entry `index`, in that of a collision: of its
/// collisions, which are known beforehand, of its start and its records.
pub fn work_of_simulation(experiment: &Experiment, index: usize) -> f64 {
    let (particles, _) = experiment.sweep[index];
    let rate = experiment.rates().for_particles(particles).total(particles);
    let of_particle = WORK_OF_START + WORK_OF_RECORD * experiment.points as f64;
    rate * experiment.end + of_particle * particles as f64
}

/// The work of all brackets of W₂ of entry `index`, in that of a collision.
pub fn work_of_brackets(experiment: &Experiment, index: usize) -> f64 {
    let times = experiment.wasserstein.map_or(0, |plan| plan.points) as f64;
    WORK_OF_BRACKET * velocities_in_brackets(experiment, index) * times
}

/// What a burst showed of one N.
struct Burst {
    theory: Theory,
    /// What was measured, where whole replicas were simulated.
    pilot: Option<Measured>,
    /// Seconds per replica, with its part in the steady state.
    seconds: f64,
    /// Seconds that all brackets of W₂ will take.
    brackets: f64,
    /// The end of a replica that goes on into the steady state; 0 if none does.
    steady_end: f64,
}

impl Burst {
    /// A burst of entry `index` of the sweep. Where no two replicas can be afforded it is one
    /// of a smaller gas over a shorter time, and seconds grow in proportion to the work.
    fn of(experiment: &Experiment, index: usize) -> Burst {
        let theory = experiment.theory(experiment.sweep[index].0);
        let budget = Budget::of(experiment);
        let most = budget.replicas(experiment, index);
        let burst = if most >= 2 {
            let (pilot, seconds) = replicas_in_a_burst(experiment, index, &theory, most, &budget);
            Burst {
                seconds,
                brackets: bracket_seconds(experiment, index, &theory, &pilot),
                pilot: Some(pilot),
                theory,
                steady_end: 0.0,
            }
        } else {
            let smaller = shrunk(experiment, index, &budget);
            let of_smaller = smaller.theory(smaller.sweep[0].0);
            let (pilot, seconds) = replicas_in_a_burst(&smaller, 0, &of_smaller, FEW, &budget);
            let brackets = bracket_seconds(&smaller, 0, &of_smaller, &pilot);
            Burst {
                seconds: seconds * work_of_replica(experiment, index)
                    / work_of_replica(&smaller, 0),
                brackets: brackets * velocities_in_brackets(experiment, index)
                    / velocities_in_brackets(&smaller, 0).max(1.0),
                pilot: None,
                theory,
                steady_end: 0.0,
            }
        };
        burst.with_steady(experiment, index, &budget)
    }

    /// The same with what a replica takes that goes on into the steady state, if any does.
    fn with_steady(self, experiment: &Experiment, index: usize, budget: &Budget) -> Burst {
        let Some(stage) = Stage::new(experiment, index, &self.theory) else {
            return self;
        };
        let per_work = self.seconds / work_of_replica(experiment, index);
        let (steady_end, seconds) = steady_burst(experiment, index, &stage, budget, per_work);
        Burst {
            seconds: self.seconds + seconds,
            steady_end,
            ..self
        }
    }
}

/// Velocities of a copy that the brackets of entry `index` are made of.
fn velocities_in_brackets(experiment: &Experiment, index: usize) -> f64 {
    let (particles, replicas) = experiment.sweep[index];
    bracketed(experiment, particles, replicas) as f64 * particles as f64
}

/// Some replicas of entry `index`, a whole number of batches if so many can be afforded, and
/// seconds per replica.
fn replicas_in_a_burst(
    experiment: &Experiment,
    index: usize,
    theory: &Theory,
    most: u64,
    budget: &Budget,
) -> (Measured, f64) {
    let (particles, _) = experiment.sweep[index];
    let batch = (experiment.wasserstein).map_or(1, |plan| plan.sample.div_ceil(particles) as u64);
    let mut few = experiment.clone();
    let mut run = |some: u64| {
        few.sweep[index].1 = some.max(2);
        let start = Instant::now();
        let measured = Job::new(&few, index, theory).run(Engine::Block, &|_| ());
        let seconds = start.elapsed().as_secs_f64() / measured.replicas as f64;
        (measured, seconds)
    };
    // Short bursts are mostly start-up; threads need several batches to be busy.
    let mut some = (8 * batch).min(most);
    loop {
        let (measured, seconds) = run(some);
        if seconds * some as f64 >= budget.seconds || some >= most {
            return (measured, seconds);
        }
        some = (4 * some).min(most);
    }
}

/// The experiment at entry `index` alone, with so few particles and so early an end that
/// [`FEW`] replicas can be afforded.
fn shrunk(experiment: &Experiment, index: usize, budget: &Budget) -> Experiment {
    let (particles, _) = experiment.sweep[index];
    let mut smaller = experiment.clone();
    let halved = |particles: usize| particles.div_ceil(2);
    let mut few = particles;
    loop {
        smaller.sweep = vec![(few, FEW)];
        smaller.wasserstein = experiment.wasserstein.map(|plan| WassersteinPlan {
            sample: plan.sample.min(few),
            ..plan
        });
        // Half of the work is for collisions.
        let still = Experiment {
            end: 0.0,
            ..smaller.clone()
        };
        let is_affordable = 2.0 * FEW as f64 * work_of_replica(&still, 0) <= budget.work
            && bytes(&smaller, few, FEW) <= MOST_BYTES;
        if few <= 2 || is_affordable {
            break;
        }
        few = halved(few);
    }
    let rate = experiment.rates().for_particles(few).total(few);
    let affordable = 0.5 * budget.work / (FEW as f64 * rate);
    smaller.end = experiment.end.min(affordable);
    smaller
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

/// The end of a replica that goes on into the steady state, and the seconds it takes.
fn steady_burst(
    experiment: &Experiment,
    index: usize,
    stage: &Stage,
    budget: &Budget,
    seconds_per_work: f64,
) -> (f64, f64) {
    let (particles, most) = experiment.sweep[index];
    let end = stage.nothing().schedule.end();
    let rate = experiment.rates().for_particles(particles).total(particles);
    // Powers up to the eighth are recorded.
    let of_particle = WORK_OF_START + 8.0 * WORK_OF_RECORD * RECORDS as f64;
    let work = rate * end + of_particle * particles as f64;
    let most = most.min((budget.work / work) as u64);
    if most == 0 {
        return (end, seconds_per_work * work);
    }
    let mut some = rayon::current_num_threads() as u64;
    loop {
        let start = Instant::now();
        let steady = stage.extend(stage.nothing(), some.min(most), &|_| ());
        let seconds = start.elapsed().as_secs_f64();
        if seconds >= budget.seconds || some >= most {
            return (end, seconds / steady.replicas as f64);
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
        let planned = plan(&experiment).remove(0);
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
