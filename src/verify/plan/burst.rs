//! Short simulations that show how long a run takes.

use super::MOST_BURSTS;
use super::memory;
use super::timed;
use super::work::{
    WORK_OF_RECORD, WORK_OF_START, velocities_in_brackets, work_of_replica, work_of_simulation,
};
use crate::estimate::Findings;
use crate::experiment::{CalibrationPlan, Experiment, WassersteinPlan};
use crate::judge::calibration::CalibrationRow;
use crate::measure::steady::{Steady, SteadyStage};
use crate::measure::{Engine, Measured, bracketed, chunk};
use crate::theory::steady::RECORDS;
use crate::theory::{Draws, Theory};
use crate::verify::calibrate::calibrate;
use crate::verify::sequential::Look;
use crate::verify::{Judged, Results, job, judge_all};
use std::convert::Infallible;
use std::sync::Arc;

/// Length of a burst that is measured, in seconds, about, and what all N may take together.
const BURST: f64 = 0.1;
const ALL_BURSTS: f64 = 2.0;
/// The most work of the burst of one N, and of those of all N together, in units of a
/// collision: some ten nanoseconds of a thread.
const MOST_WORK: f64 = 5e7;
const ALL_WORK: f64 = 3e8;
/// Bytes that a burst may hold.
const MOST_BYTES: usize = 256 << 20;
/// Replicas of a burst that stands for a run none of whose replicas can be afforded. Fewer
/// have no bracket.
const FEW: u64 = 8;

/// The limits of the burst of one N.
#[derive(Debug, Clone, Copy)]
struct Budget {
    work: f64,
    seconds: f64,
}

impl Budget {
    /// Equal shares for all bursts.
    fn of(experiment: &Experiment) -> Budget {
        let sizes = experiment.sweep.len().min(MOST_BURSTS) as f64;
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
        if memory::of_simulation(experiment, particles, 2) > MOST_BYTES {
            return 0;
        }
        most
    }
}

/// The findings of a burst of one N.
pub(super) struct Burst {
    pub theory: Theory,
    /// The tallies, where whole replicas were simulated.
    pub pilot: Option<Measured>,
    /// The end of a replica that goes on into the steady state; 0 if none does.
    pub steady_end: f64,
    /// Seconds of closed forms, verdicts and tables.
    pub fixed: f64,
    /// Seconds of a replica per its work.
    per_work: f64,
    /// Seconds of a replica in the steady state.
    of_steady: f64,
    /// Seconds of brackets per velocity that they are made of.
    per_velocity: f64,
    /// The coverage of intervals, of a run that is repeated.
    pub calibration: Vec<CalibrationRow>,
}

impl Burst {
    /// A burst of entry `index` of the sweep, and what is judged of it. Where no two replicas can
    /// be afforded it is one of a smaller gas over a shorter time.
    pub fn of(experiment: &Experiment, index: usize, draws: &Arc<Draws>) -> (Burst, Judged) {
        let (theory, of_theory) = timed(|| experiment.theory_of(experiment.sweep[index].0, draws));
        let budget = Budget::of(experiment);
        let most = budget.replicas(experiment, index);
        let smaller = (most < 2).then(|| shrunk(experiment, index, &budget));
        let ran = match &smaller {
            None => Ran::new(experiment, index, theory.clone(), most, &budget),
            Some(smaller) => {
                let theory = smaller.theory_of(smaller.sweep[0].0, draws);
                Ran::new(smaller, 0, theory, FEW, &budget)
            }
        };
        let (per_work, calibration) = repeated(experiment, index, &budget)
            .unwrap_or_else(|| (ran.seconds_per_work(), vec![]));
        let mut steady = SteadyBurst::of(experiment, index, &theory, &budget, per_work);
        // The steady state of the gas itself does not belong to a smaller one.
        let seen = (steady.seen.take()).filter(|_| smaller.is_none());
        let pilot = smaller.is_none().then(|| ran.pilot.clone());
        let (per_velocity, of_verdicts, judged) = ran.judged(seen);
        let burst = Burst {
            theory,
            pilot,
            steady_end: steady.end,
            fixed: match experiment.calibration {
                None => of_theory + of_verdicts,
                Some(_) => of_theory,
            },
            per_work,
            of_steady: steady.of_replica,
            per_velocity,
            calibration,
        };
        (burst, judged)
    }

    /// The burst that entry `index` would have, judged by that of another entry.
    pub fn like(&self, experiment: &Experiment, index: usize, draws: &Arc<Draws>) -> Burst {
        let theory = experiment.theory_of(experiment.sweep[index].0, draws);
        let nothing = Budget {
            work: 0.0,
            seconds: 0.0,
        };
        let steady = SteadyBurst::of(experiment, index, &theory, &nothing, self.per_work);
        Burst {
            theory,
            pilot: None,
            steady_end: steady.end,
            of_steady: steady.of_replica,
            calibration: vec![],
            ..*self
        }
    }

    /// Seconds that entry `index` of the sweep takes.
    pub fn seconds(&self, experiment: &Experiment, index: usize) -> f64 {
        let (_, replicas) = experiment.sweep[index];
        let all = replicas as f64 * experiment.repetitions() as f64;
        let of_replica = self.per_work * work_of_simulation(experiment, index) + self.of_steady;
        let velocities = velocities_in_brackets(experiment, index);
        all * of_replica + self.per_velocity * velocities + self.fixed
    }
}

/// Seconds per work of a run that is repeated over seeds, each on a thread of its own, and what
/// intervals cover in the first of them; `None` if it
/// is not, or no repetition for each thread can be afforded.
fn repeated(
    experiment: &Experiment,
    index: usize,
    budget: &Budget,
) -> Option<(f64, Vec<CalibrationRow>)> {
    let plan = experiment.calibration?;
    let (_, replicas) = experiment.sweep[index];
    let of_one = replicas as f64 * work_of_simulation(experiment, index);
    let most = plan.seeds.min((budget.work / of_one) as u64);
    let alone = Experiment {
        sweep: vec![experiment.sweep[index]],
        ..experiment.clone()
    };
    let mut seeds = rayon::current_num_threads() as u64;
    while seeds <= most {
        let few = CalibrationPlan { seeds, ..plan };
        let finished = |_: &Results| Ok::<(), Infallible>(());
        let (Ok(results), seconds) = timed(|| calibrate(&alone, few, &|_| (), finished));
        if seconds >= budget.seconds || 4 * seeds > most {
            return Some((seconds / (seeds as f64 * of_one), results.calibration));
        }
        seeds *= 4;
    }
    None
}

/// Replicas of an entry of a sweep that were simulated.
struct Ran<'a> {
    experiment: &'a Experiment,
    index: usize,
    theory: Theory,
    pilot: Measured,
    /// Seconds of a replica.
    of_replica: f64,
}

impl<'a> Ran<'a> {
    /// At most `most` replicas, a whole number of chunks if so many can be afforded.
    fn new(
        experiment: &'a Experiment,
        index: usize,
        theory: Theory,
        most: u64,
        budget: &Budget,
    ) -> Self {
        let (particles, _) = experiment.sweep[index];
        let mut few = experiment.clone();
        let mut run = |some: u64| {
            few.sweep[index].1 = some.max(2);
            let job = job(&few, index, &theory);
            let (measured, seconds) = timed(|| job.run(Engine::Block, &|_| ()));
            let of_replica = seconds / measured.replicas as f64;
            (measured, of_replica)
        };
        // Fewer would be mostly start-up: each thread has a chunk to simulate. Chunks are batches of W₂, and fewer
        // would not show their spread.
        let (sample, fewest) = (experiment.wasserstein).map_or((0, 8), |plan| (plan.sample, 32));
        let chunks = rayon::current_num_threads().max(fewest) as u64;
        let mut some = chunks.saturating_mul(chunk(particles, sample)).min(most);
        let (pilot, of_replica) = loop {
            let (measured, seconds) = run(some);
            if seconds * some as f64 >= budget.seconds || some >= most {
                break (measured, seconds);
            }
            some = (4 * some).min(most);
        };
        Ran {
            experiment,
            index,
            theory,
            pilot,
            of_replica,
        }
    }

    fn seconds_per_work(&self) -> f64 {
        self.of_replica / work_of_simulation(self.experiment, self.index)
    }

    /// Seconds of brackets per velocity that they are made of, seconds of verdicts, and these.
    fn judged(self, steady: Option<Steady>) -> (f64, f64, Judged) {
        let (particles, _) = self.experiment.sweep[self.index];
        let replicas = self.pilot.replicas;
        let velocities = bracketed(self.experiment, particles, replicas) as usize * particles;
        let (findings, of_brackets) = timed(|| {
            Findings::new(self.experiment, self.index, self.theory, self.pilot).with_steady(steady)
        });
        let look = Look::only(replicas);
        let (judged, of_verdicts) = timed(|| judge_all(self.experiment, findings, look));
        let per_velocity = match velocities {
            0 => 0.0,
            _ => of_brackets / velocities as f64,
        };
        (per_velocity, of_verdicts, judged)
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
            && memory::of_simulation(&smaller, few, FEW) <= MOST_BYTES;
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

/// Replicas that go on into the steady state.
#[derive(Default)]
struct SteadyBurst {
    /// The end of a replica.
    end: f64,
    /// Seconds of a replica.
    of_replica: f64,
    /// The tallies, where replicas could be afforded.
    seen: Option<Steady>,
}

impl SteadyBurst {
    /// A burst of entry `index`; nothing if no steady state is asked for.
    fn of(
        experiment: &Experiment,
        index: usize,
        theory: &Theory,
        budget: &Budget,
        seconds_per_work: f64,
    ) -> SteadyBurst {
        let Some(stage) = SteadyStage::new(experiment, index, theory) else {
            return SteadyBurst::default();
        };
        let (particles, replicas) = experiment.sweep[index];
        let end = stage.schedule().end();
        let rate = experiment.rates().for_particles(particles).total(particles);
        // Powers up to the eighth are recorded.
        let of_particle = WORK_OF_START + 8.0 * WORK_OF_RECORD * RECORDS as f64;
        let work = rate * end + of_particle * particles as f64;
        let most = replicas.min((budget.work / work) as u64);
        if most == 0 {
            return SteadyBurst {
                end,
                of_replica: seconds_per_work * work,
                seen: None,
            };
        }
        let mut some = rayon::current_num_threads() as u64;
        loop {
            let (seen, seconds) = timed(|| stage.run(some.min(most)));
            if seconds >= budget.seconds || some >= most {
                return SteadyBurst {
                    end,
                    of_replica: seconds / seen.replicas as f64,
                    seen: Some(seen),
                };
            }
            some *= 4;
        }
    }
}
