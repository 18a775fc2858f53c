//! The plan of a run: its cost and the verdicts that it can reach, before it is made.

mod burst;
pub mod gaps;
mod memory;
mod work;

pub use work::{work_of_brackets, work_of_simulation};

use crate::experiment::{Check, Expectation, Experiment};
use crate::judge::claims::{Scope, checks_of, claim_of};
use crate::judge::forecast::{Forecast, Prospect, replicas_for};
use crate::numerics::trust::is_carried_by_many;
use crate::theory::{Draws, Theory};
use crate::verify::Results;
use crate::verify::plan::gaps::gaps;
use crate::verify::sequential::{Look, false_alarm, false_alarm_of_sweep};
use burst::Burst;
use rayon::prelude::*;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

/// The cost of a run, and the forecasts of its checks.
#[derive(Debug)]
pub struct Plan {
    /// The plan of each N.
    pub sizes: Vec<SizePlan>,
    /// Seconds that moments and sizes of what is drawn from the laws take, whatever N.
    pub laws_seconds: f64,
    /// Bytes that the program, the values of empirical laws and what is computed of them take.
    pub bytes: usize,
    /// The plan of each check on the whole sweep.
    pub sweep_checks: Vec<CheckPlan>,
    /// The probability that a right program is reported as wrong by these, at most.
    pub sweep_false_alarm: f64,
    /// The results of the bursts: tables of the shape that those of the run will have.
    pub bursts: Results,
}

/// The plan of one N.
#[derive(Debug)]
pub struct SizePlan {
    /// N.
    pub particles: usize,
    /// Replicas.
    pub replicas: u64,
    /// Expected number of collisions, (κ/2 + β)·N·T·replicas, of all repetitions;
    /// exact.
    pub collisions: f64,
    /// Seconds on the current thread pool, from a measured burst: of the simulation, of closed
    /// forms, estimates and verdicts.
    pub seconds: f64,
    /// Bytes that the simulation holds on so many threads, about, beside [`Plan::bytes`].
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
    /// The plan of each check.
    pub checks: Vec<CheckPlan>,
}

/// The forecast of a check, at one N or on the whole sweep, and the replicas that it needs.
#[derive(Debug)]
pub struct CheckPlan {
    /// The check.
    pub check: Check,
    /// The probabilities of its verdicts.
    pub forecast: Forecast,
    /// Replicas for the expected verdict with probability 0.9 and 0.999; `None`
    /// if no number is enough, as far as is foreseen.
    pub needed: [Option<u64>; 2],
    /// The evidence, in words, that may decide though it is not foreseen; `None` if there is none.
    pub unforeseen: Option<&'static str>,
    /// The reason why no number is enough, as far as is foreseen, if that is known.
    pub obstacle: Option<String>,
    /// Whether the other clock would give the same verdict.
    pub blind_to_clock: bool,
    /// Whether the exact values contradict the expectation: of so many replicas that chance
    /// has no say, the opposite verdict is foreseen.
    pub is_contradicted: bool,
}

/// Bursts, at most. The other entries of a long sweep are judged by the nearest one.
const MOST_BURSTS: usize = 32;

/// Plan each N of an experiment. Short bursts are simulated and judged, and all of them take some
/// seconds: where a run needs more than that, they are of parts of it.
pub fn plan(experiment: &Experiment) -> Plan {
    let draws = experiment.draws();
    let has_brackets = experiment.wasserstein.is_some_and(|plan| plan.bracket > 0);
    let ((), laws_seconds) = timed(|| draws.make(has_brackets));
    let mut bursts = Results::default();
    let mut sizes = vec![];
    let indices: Vec<usize> = (0..experiment.sweep.len()).collect();
    let groups: Vec<&[usize]> = (indices.chunks(indices.len().div_ceil(MOST_BURSTS))).collect();
    // Bursts have all threads to themselves. Few are held at a time, for they can be large.
    for together in groups.chunks(rayon::current_num_threads()) {
        let burst_of = |group: &&[usize]| {
            let (mut burst, judged) = Burst::of(experiment, group[0], &draws);
            if experiment.calibration.is_none() {
                let (_, of_tables) = timed(|| bursts.add(experiment, judged));
                burst.fixed += of_tables;
            }
            bursts.calibration.append(&mut burst.calibration);
            burst
        };
        let shown: Vec<Burst> = together.iter().map(burst_of).collect();
        let entries = (together.par_iter().zip(&shown)).flat_map(|(group, burst)| {
            group.par_iter().map(move |&index| (index, burst, group[0]))
        });
        sizes.par_extend(entries.map(|(index, burst, measured)| {
            if index == measured {
                plan_size(experiment, index, burst)
            } else {
                plan_size(experiment, index, &burst.like(experiment, index, &draws))
            }
        }));
    }
    let (sweep_checks, sweep_false_alarm) = plan_sweep(experiment, &draws);
    Plan {
        sizes,
        sweep_checks,
        sweep_false_alarm,
        laws_seconds,
        bytes: memory::of_laws(experiment),
        bursts,
    }
}

/// The result of some work, and the seconds it took.
fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let start = Instant::now();
    let made = work();
    (made, start.elapsed().as_secs_f64())
}

fn plan_size(experiment: &Experiment, index: usize, burst: &Burst) -> SizePlan {
    let (particles, replicas) = experiment.sweep[index];
    let Burst { theory, .. } = burst;
    let prospect = Prospect {
        pilot: burst.pilot.as_ref(),
        ..Prospect::new(experiment, index, theory)
    };
    let per_replica = experiment.rates().for_particles(particles).total(particles);
    let carried = |time: f64| Some(theory.discrepancy_relative_variance(time)? / replicas as f64);
    let all = replicas as f64 * experiment.repetitions() as f64;
    let times = experiment.times();
    let heavy = |&&time: &&f64| carried(time).is_some_and(|square| !is_carried_by_many(square));
    SizePlan {
        particles,
        replicas,
        collisions: per_replica * (experiment.end + burst.steady_end) * all,
        seconds: burst.seconds(experiment, index),
        bytes: memory::of_simulation(experiment, particles, replicas),
        heavy_from: times
            .iter()
            .find(heavy)
            .and_then(|&time| Some((time, carried(experiment.end)?))),
        infinite_variance: !theory.has_finite_spread(),
        gaps: gaps(experiment, index, theory),
        false_alarm: false_alarm(&prospect, Look::only(replicas)),
        checks: checks_of(experiment, Scope::EachSize)
            .map(|(_, check)| plan_check(&prospect, check))
            .collect(),
    }
}

/// The plans of checks on the whole sweep, and the probability of a false alarm by them, at most.
fn plan_sweep(experiment: &Experiment, draws: &Arc<Draws>) -> (Vec<CheckPlan>, f64) {
    let checks = checks_of(experiment, Scope::Sweep).map(|(_, check)| check);
    let checks: Vec<&Check> = checks.collect();
    if checks.is_empty() {
        return (vec![], 0.0);
    }
    let sizes = experiment.sweep.iter();
    let theories: Vec<Theory> = sizes
        .map(|&(particles, _)| experiment.theory_of(particles, draws))
        .collect();
    let prospects = theories.iter().enumerate();
    let prospects: Vec<Prospect> = prospects
        .map(|(index, theory)| Prospect::new(experiment, index, theory))
        .collect();
    let plans = checks
        .iter()
        .map(|check| plan_sweep_check(&prospects, check));
    (plans.collect(), false_alarm_of_sweep(&prospects))
}

/// The plan of a check on the whole sweep; its replicas are those of all N together, in the
/// proportions of the config.
fn plan_sweep_check(prospects: &[Prospect], check: &Check) -> CheckPlan {
    let claim = claim_of(check);
    let all: u64 = prospects.iter().map(|prospect| prospect.replicas).sum();
    let forecast = |total: u64| {
        let share = total as f64 / all as f64;
        let scaled = |replicas: u64| ((replicas as f64 * share).round() as u64).max(2);
        let scaled: Vec<Prospect> = prospects
            .iter()
            .map(|prospect| prospect.with_replicas(scaled(prospect.replicas)))
            .collect();
        let nothing = Forecast::not_applicable();
        claim.forecast_sweep(&scaled, check).unwrap_or(nothing)
    };
    CheckPlan {
        check: check.clone(),
        forecast: forecast(all),
        needed: [0.9, 0.999].map(|wanted| replicas_for(wanted, check, forecast)),
        unforeseen: None,
        obstacle: None,
        blind_to_clock: false,
        is_contradicted: is_contradicted(check, forecast(CERTAIN)),
    }
}

/// So many replicas leave nothing to chance.
const CERTAIN: u64 = 1 << 50;

fn plan_check(prospect: &Prospect, check: &Check) -> CheckPlan {
    let claim = claim_of(check);
    // Both searches for enough replicas ask for many of the same numbers.
    let known = RefCell::new(BTreeMap::new());
    let with = |replicas| {
        let forecast = || claim.forecast(&prospect.with_replicas(replicas), check);
        *known.borrow_mut().entry(replicas).or_insert_with(forecast)
    };
    CheckPlan {
        check: check.clone(),
        forecast: with(prospect.replicas),
        needed: [0.9, 0.999].map(|wanted| replicas_for(wanted, check, with)),
        unforeseen: claim.unforeseen(prospect, check),
        obstacle: claim.obstacle(prospect),
        blind_to_clock: claim.blind_to_clock(prospect, check),
        is_contradicted: is_contradicted(check, with(CERTAIN)),
    }
}

/// Whether the opposite of what a check expects is foreseen of [`CERTAIN`] replicas.
fn is_contradicted(check: &Check, forecast: Forecast) -> bool {
    match check.expect {
        Expectation::Holds => forecast.refuted > 0.5,
        Expectation::Refuted => forecast.holds > 0.5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load;
    use crate::experiment::WassersteinPlan;
    use crate::law::{Law, Normal, StudentT};
    use crate::model::coupling::CouplingKind;
    use crate::model::pairing::Pairing;
    use std::path::Path;

    #[test]
    fn false_alarms_of_the_committed_experiments_are_rare() {
        let of_size = |experiment: &Experiment, index: usize| {
            let (particles, replicas) = experiment.sweep[index];
            let theory = experiment.theory(particles);
            let prospect = Prospect::new(experiment, index, &theory);
            false_alarm(&prospect, Look::only(replicas))
        };
        let of = |path: std::path::PathBuf| {
            let experiment = load(&path).unwrap().experiment;
            match experiment.calibration {
                None => (0..experiment.sweep.len())
                    .map(|index| of_size(&experiment, index))
                    .sum(),
                Some(_) => {
                    let sizes = plan(&experiment).sizes.into_iter();
                    sizes.map(|size| size.false_alarm).sum::<f64>()
                }
            }
        };
        let entries = std::fs::read_dir("experiments").unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        let total: f64 = paths.map(of).sum();
        assert!(total > 1e-6 && total <= 1e-4, "{total}");
    }

    #[test]
    fn collisions_and_warnings() {
        let mut experiment = load(Path::new("experiments/theorem6.toml"))
            .unwrap()
            .experiment;
        experiment.sweep = vec![(2, 64)];
        let planned = plan(&experiment).sizes.remove(0);
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
        plan(&experiment).sizes.remove(0)
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
