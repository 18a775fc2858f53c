//! From an experiment to tables and verdicts: the main job, without files.

pub mod calibrate;
pub mod plan;
pub mod sequential;

use crate::estimate::Findings;
use crate::experiment::{Check, Experiment};
use crate::judge::calibration::CalibrationRow;
use crate::judge::claims::{Need, Scope, checks_of, claim_of, is_needed};
use crate::judge::forecast::Prospect;
use crate::judge::self_check::{SelfCheckRow, self_checks};
use crate::judge::{Evidence, Outcome, VerdictRow, judge, judge_sweep};
use crate::measure::forest::Forest;
use crate::measure::profile::{Profile, Watch};
use crate::measure::runner::Control;
use crate::measure::steady::{SteadyStage, SteadyTally};
use crate::measure::{Engine, Job, Samples};
use crate::table::rows::Tables;
use crate::theory::{Draws, Theory};
use crate::verify::sequential::{Look, false_alarm, false_alarm_of_sweep, looks};
use std::sync::Arc;

/// The results of an experiment, for as many N as are done.
#[derive(Debug, Default)]
pub struct Results {
    /// The number of N that are done.
    pub sizes: usize,
    /// All tables.
    pub tables: Tables,
    /// All self-checks.
    pub self_checks: Vec<SelfCheckRow>,
    /// The coverage of intervals, of a run that was repeated.
    pub calibration: Vec<CalibrationRow>,
    /// The N at which a repeated run has no trusted interval to count.
    pub uncalibrated: Vec<usize>,
    /// All verdicts.
    pub verdicts: Vec<VerdictRow>,
    /// Collisions simulated.
    pub collisions: u64,
    /// Replicas simulated.
    pub replicas: u64,
    /// The probability that a right program is reported as wrong, at most, as far
    /// as estimates are normal.
    pub false_alarm: f64,
    /// Where the time went.
    pub profile: Profile,
}

impl Results {
    /// Add what was found at the next N, and give back the findings.
    pub(crate) fn add(&mut self, experiment: &Experiment, judged: Judged) -> Findings {
        let measured = &judged.findings.measured;
        self.sizes += 1;
        self.collisions += measured.pairs.collisions;
        self.replicas += measured.replicas;
        self.profile.merge(&measured.profile);
        self.profile.output += judged.seconds;
        self.false_alarm += judged.false_alarm;
        if let Some(steady) = &judged.findings.steady {
            self.collisions += steady.collisions;
        }
        let tables = Tables::of(experiment, &judged.findings);
        self.tables.extend(experiment, tables);
        self.self_checks.extend(judged.self_checks);
        self.verdicts.extend(judged.verdicts);
        judged.findings
    }

    /// Add the verdicts on the whole sweep, from the findings at all N.
    fn add_sweep(&mut self, experiment: &Experiment, sizes: &[Findings]) {
        let evidence = |findings| Evidence {
            experiment,
            findings,
            self_checks: &self.self_checks,
        };
        let evidence: Vec<Evidence> = sizes.iter().map(evidence).collect();
        let all = sizes.iter().enumerate();
        let prospects: Vec<Prospect> = all
            .map(|(index, findings)| {
                let prospect = Prospect::new(experiment, index, &findings.theory);
                prospect.with_replicas(findings.measured.replicas)
            })
            .collect();
        self.false_alarm += false_alarm_of_sweep(&prospects);
        let verdict = |(index, check): (usize, &Check)| {
            let row = judge_sweep(check, claim_of(check), &evidence)?;
            Some(VerdictRow {
                check: index,
                ..row
            })
        };
        let verdicts: Vec<VerdictRow> = checks_of(experiment, Scope::Sweep)
            .filter_map(verdict)
            .collect();
        self.verdicts.extend(verdicts);
    }

    /// The worst of all verdicts, self-checks and intervals; as expected if there
    /// are none.
    pub fn outcome(&self) -> Outcome {
        let verdicts = self.verdicts.iter().map(|row| row.outcome);
        let self_checks = self.self_checks.iter().map(SelfCheckRow::outcome);
        let intervals = self.calibration.iter().map(CalibrationRow::outcome);
        let unknown = self.uncalibrated.iter().map(|_| Outcome::Undecided);
        let worst = verdicts
            .chain(self_checks)
            .chain(intervals)
            .chain(unknown)
            .max();
        worst.unwrap_or(Outcome::AsExpected)
    }
}

/// The number of replicas to simulate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sampling {
    /// All that the config says.
    Full,
    /// As few as decide, in looks of growing size, up to what the config says.
    Adaptive,
}

/// A message by which [`verify`] tells of its progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// So many more replicas are done.
    Replicas(u64),
    /// From now on brackets, self-checks and verdicts are made of the replicas that are done.
    Judging,
}

/// Simulate, estimate and judge each N in turn on the current thread pool.
///
/// `progress` is told of replicas done, from any thread, and of when an N is judged;
/// `finished` sees the results after each N, and can stop the run with an error.
///
/// # Errors
///
/// Those of `finished`.
pub fn verify<E>(
    experiment: &Experiment,
    engine: Engine,
    sampling: Sampling,
    progress: &(dyn Fn(Step) + Sync),
    mut finished: impl FnMut(&Results) -> Result<(), E>,
) -> Result<Results, E> {
    let mut results = Results::default();
    let mut watch = Watch::start();
    let draws = experiment.draws();
    results.profile.output += watch.lap();
    let is_sweep_judged = checks_of(experiment, Scope::Sweep).next().is_some();
    let mut sizes = vec![];
    for index in 0..experiment.sweep.len() {
        let judged = verify_size(experiment, index, &draws, engine, sampling, progress);
        let mut watch = Watch::start();
        let findings = results.add(experiment, judged);
        if is_sweep_judged {
            sizes.push(findings);
            if sizes.len() == experiment.sweep.len() {
                results.add_sweep(experiment, &sizes);
            }
        }
        finished(&results)?;
        results.profile.output += watch.lap();
    }
    Ok(results)
}

/// The findings at one N and the verdicts on them.
pub(crate) struct Judged {
    findings: Findings,
    self_checks: Vec<SelfCheckRow>,
    verdicts: Vec<VerdictRow>,
    false_alarm: f64,
    /// Spent beside simulating.
    seconds: f64,
}

/// The replicas of entry `index` of a sweep, with all that its claims need.
pub fn job(experiment: &Experiment, index: usize, theory: &Theory) -> Job {
    let wanted = is_needed(experiment, Need::FirstCollisions);
    Job::new(experiment, index, theory).with_first_collisions(wanted)
}

/// One N, as far as it is simulated.
#[derive(Clone)]
struct Size<'a> {
    experiment: &'a Experiment,
    index: usize,
    theory: Theory,
    job: Job,
    samples: Samples,
    /// The steady state, if it is asked for.
    steady: Option<(SteadyStage, Forest<SteadyTally>)>,
    /// Seconds of all threads in the steady state.
    profile: Profile,
}

impl<'a> Size<'a> {
    /// Entry `index` of the sweep, with no replicas.
    fn new(experiment: &'a Experiment, index: usize, theory: Theory) -> Self {
        let job = job(experiment, index, &theory);
        let stage = SteadyStage::new(experiment, index, &theory);
        Size {
            experiment,
            index,
            samples: job.nothing(),
            job,
            steady: stage.map(|stage| {
                let forest = stage.forest();
                (stage, forest)
            }),
            theory,
            profile: Profile::default(),
        }
    }

    /// Simulate up to so many replicas.
    fn extend(&mut self, replicas: u64, engine: Engine, control: Control) {
        self.job
            .extend(&mut self.samples, 0..replicas, engine, control);
        if let Some((stage, forest)) = &mut self.steady {
            self.profile
                .merge(&stage.extend(forest, 0..replicas, control));
        }
    }

    /// The findings at a look and the verdicts on them.
    fn judged(self, look: Look) -> Judged {
        let mut measured = self.job.measured(self.samples);
        measured.profile.merge(&self.profile);
        let steady = self.steady.map(|(stage, forest)| stage.seen(forest));
        let findings = Findings::new(self.experiment, self.index, self.theory, measured);
        judge_all(self.experiment, findings.with_steady(steady), look)
    }
}

/// Simulate entry `index` of the sweep up to the look that decides.
fn verify_size(
    experiment: &Experiment,
    index: usize,
    draws: &Arc<Draws>,
    engine: Engine,
    sampling: Sampling,
    progress: &(dyn Fn(Step) + Sync),
) -> Judged {
    let replicas_done = |done| progress(Step::Replicas(done));
    let control = Control::new(&replicas_done);
    let mut watch = Watch::start();
    let mut seconds = 0.0;
    let (particles, replicas) = experiment.sweep[index];
    let theory = experiment.theory_of(particles, draws);
    let mut size = Size::new(experiment, index, theory);
    let prospect = Prospect::new(experiment, index, &size.theory);
    let (last, earlier) = match sampling {
        Sampling::Full => (Look::only(replicas), vec![]),
        Sampling::Adaptive => looks(&prospect, size.job.chunk()),
    };
    let alarms = earlier.iter().chain([&last]);
    let false_alarm = alarms.map(|&look| false_alarm(&prospect, look)).sum();
    let mut simulate = |size: &mut Size, look: Look| {
        seconds += watch.lap();
        size.extend(look.replicas, engine, control);
        progress(Step::Judging);
        watch = Watch::start();
    };
    let decided_early = earlier.into_iter().find_map(|look| {
        simulate(&mut size, look);
        let judged = size.clone().judged(look);
        let is_decided = |row: &VerdictRow| row.outcome != Outcome::Undecided;
        judged.verdicts.iter().all(is_decided).then_some(judged)
    });
    let judged = decided_early.unwrap_or_else(|| {
        simulate(&mut size, last);
        size.judged(last)
    });
    Judged {
        false_alarm,
        seconds: seconds + watch.lap(),
        ..judged
    }
}

/// The self-checks and verdicts that findings give.
pub(crate) fn judge_all(experiment: &Experiment, findings: Findings, look: Look) -> Judged {
    let self_checks = self_checks(&findings);
    let evidence = Evidence {
        experiment,
        findings: &findings,
        self_checks: &self_checks,
    };
    let verdict = |(index, check): (usize, &Check)| VerdictRow {
        check: index,
        ..judge(&look.check(check), claim_of(check), evidence)
    };
    let verdicts = checks_of(experiment, Scope::EachSize)
        .map(verdict)
        .collect();
    Judged {
        findings,
        self_checks,
        verdicts,
        false_alarm: 0.0,
        seconds: 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load;
    use crate::experiment::Expectation;
    use crate::judge::claims::toy::TOY_VOID;
    use std::convert::Infallible;
    use std::path::Path;

    const SWEEP: [(usize, u64); 2] = [(2, 640), (4, 320)];

    /// The verdicts and the false alarm of a small sweep, and how many verdicts there were after each N.
    fn verified(claims: &[&str], sampling: Sampling) -> (Results, Vec<usize>) {
        let mut experiment = load(Path::new("experiments/theorem6.toml"))
            .unwrap()
            .experiment;
        experiment.sweep = SWEEP.to_vec();
        experiment.wasserstein = None;
        let check = |claim: &&str| Check {
            claim: claim.to_string(),
            expect: Expectation::Holds,
            tolerance: 0.9,
            confidence: 0.5,
        };
        experiment.checks = claims.iter().map(check).collect();
        let mut seen = vec![];
        let finished = |results: &Results| {
            seen.push(results.verdicts.len());
            Ok::<(), Infallible>(())
        };
        let Ok(results) = verify(&experiment, Engine::Block, sampling, &|_| (), finished);
        (results, seen)
    }

    #[test]
    fn a_claim_about_the_sweep_is_judged_once_after_the_last_size() {
        let claims = ["theorem-6-coupling", "toy-sweep", "lemma-1"];
        let (results, seen) = verified(&claims, Sampling::Full);
        assert_eq!(seen, [2, 5]);
        let places: Vec<_> = (results.verdicts.iter())
            .map(|row| (row.check, row.particles))
            .collect();
        let each = |n| [(0, Some(n)), (2, Some(n))];
        assert_eq!(places, [&each(2)[..], &each(4), &[(1, None)]].concat());
        let row = &results.verdicts[4];
        assert_eq!((row.claim.as_str(), row.verdict), ("toy-sweep", "HOLDS"));
        assert_eq!((row.estimate, row.replicas), (Some(2.0), 960));
        assert_eq!(row.sizes(), "all N");
    }

    #[test]
    fn a_claim_about_the_sweep_takes_all_replicas_and_one_false_alarm() {
        let claims = ["theorem-6-coupling"];
        let (alone, _) = verified(&claims, Sampling::Adaptive);
        assert!(alone.replicas < 960, "{}", alone.replicas);
        let (alone, _) = verified(&claims, Sampling::Full);
        let (both, _) = verified(&["theorem-6-coupling", "toy-sweep"], Sampling::Adaptive);
        assert_eq!(both.replicas, 960);
        let more = both.false_alarm - alone.false_alarm;
        assert!((more - TOY_VOID).abs() < 1e-12, "{more}");
    }
}
