//! From an experiment to tables and verdicts: the main job, without files.

use crate::estimate::Findings;
use crate::estimate::rows::Tables;
use crate::experiment::{Check, Experiment};
use crate::judge::calibration::CalibrationRow;
use crate::judge::claims::{Scope, checks_of, claim_of};
use crate::judge::forecast::Prospect;
use crate::judge::self_check::{SelfCheckRow, self_checks};
use crate::judge::{Evidence, Outcome, VerdictRow, judge, judge_sweep};
use crate::looks::{Look, false_alarm, false_alarm_of_sweep, looks};
use crate::measure::{Engine, Job, Measured};
use crate::profile::{Profile, Watch};
use crate::steady::Stage;
use crate::theory::Draws;
use std::sync::Arc;

/// What an experiment gave, for as many N as are done.
#[derive(Debug, Default)]
pub struct Results {
    /// The number of N that are done.
    pub sizes: usize,
    /// All tables.
    pub tables: Tables,
    /// What the program found of itself.
    pub self_checks: Vec<SelfCheckRow>,
    /// What intervals cover, of a run that was repeated.
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
        self.collisions += measured.collisions;
        self.replicas += measured.replicas;
        self.profile.merge(&measured.profile);
        self.profile.output += judged.seconds;
        self.false_alarm += judged.false_alarm;
        if let Some(steady) = &judged.findings.steady {
            self.collisions += steady.collisions;
            self.profile.collisions += steady.seconds;
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

/// How many replicas to simulate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sampling {
    /// All that the config says.
    Full,
    /// As few as decide, in looks of growing size, up to what the config says.
    Adaptive,
}

/// What [`verify`] tells of its progress.
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

/// What was found at one N.
pub(crate) struct Judged {
    findings: Findings,
    self_checks: Vec<SelfCheckRow>,
    verdicts: Vec<VerdictRow>,
    false_alarm: f64,
    /// Spent beside simulating.
    seconds: f64,
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
    let mut watch = Watch::start();
    let mut seconds = 0.0;
    let (particles, replicas) = experiment.sweep[index];
    let theory = experiment.theory_of(particles, draws);
    let job = Job::new(experiment, index, &theory);
    let stage = Stage::new(experiment, index, &theory);
    let prospect = Prospect::new(experiment, index, &theory);
    let looks = match sampling {
        Sampling::Full => vec![Look::only(replicas)],
        Sampling::Adaptive => looks(&prospect, job.chunk()),
    };
    let alarms = looks.iter().map(|&look| false_alarm(&prospect, look));
    let false_alarm = alarms.sum();
    let last = looks.len() - 1;
    let mut measured = Measured::new(&job);
    let mut steady = stage.as_ref().map(Stage::nothing);
    for (number, look) in looks.into_iter().enumerate() {
        seconds += watch.lap();
        measured = job.extend(measured, look.replicas, engine, &replicas_done);
        steady = (stage.as_ref().zip(steady))
            .map(|(stage, steady)| stage.extend(steady, look.replicas, &replicas_done));
        progress(Step::Judging);
        watch = Watch::start();
        let findings =
            Findings::new(experiment, index, theory.clone(), measured).with_steady(steady);
        let judged = judge_all(experiment, findings, look);
        let decided = |row: &VerdictRow| row.outcome != Outcome::Undecided;
        if number == last || judged.verdicts.iter().all(decided) {
            seconds += watch.lap();
            return Judged {
                false_alarm,
                seconds,
                ..judged
            };
        }
        measured = judged.findings.measured;
        steady = judged.findings.steady;
    }
    unreachable!("the last look returns")
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
