//! From an experiment to tables and verdicts: the main job, without files.

use crate::estimate::Findings;
use crate::estimate::rows::Tables;
use crate::experiment::Experiment;
use crate::judge::claims::find;
use crate::judge::self_check::{SelfCheckRow, self_checks};
use crate::judge::{Evidence, Outcome, VerdictRow, judge};
use crate::measure::{Engine, Job};
use crate::profile::{Profile, Watch};
use crate::theory::pairing::wasserstein_squared;

/// What an experiment gave, for as many N as are done.
#[derive(Debug, Default)]
pub struct Results {
    /// All tables.
    pub tables: Tables,
    /// What the program found of itself.
    pub self_checks: Vec<SelfCheckRow>,
    /// All verdicts.
    pub verdicts: Vec<VerdictRow>,
    /// Collisions simulated.
    pub collisions: u64,
    /// Replicas simulated.
    pub replicas: u64,
    /// Where the time went.
    pub profile: Profile,
}

impl Results {
    /// The worst of all verdicts and self-checks; as expected if there are none.
    pub fn outcome(&self) -> Outcome {
        let verdicts = self.verdicts.iter().map(|row| row.outcome);
        let self_checks = self.self_checks.iter().map(SelfCheckRow::outcome);
        let worst = verdicts.chain(self_checks).max();
        worst.unwrap_or(Outcome::AsExpected)
    }
}

/// Simulate, estimate and judge each N in turn on the current thread pool.
///
/// `progress` is told of replicas done, from any thread; `finished` sees the
/// results after each N, and can stop the run with an error.
///
/// # Errors
///
/// Those of `finished`.
pub fn verify<E>(
    experiment: &Experiment,
    engine: Engine,
    progress: &(dyn Fn(u64) + Sync),
    mut finished: impl FnMut(&Results) -> Result<(), E>,
) -> Result<Results, E> {
    let (initial_w2, _) = wasserstein_squared(&experiment.first, &experiment.second);
    let mut results = Results::default();
    for (index, &(particles, _)) in experiment.sweep.iter().enumerate() {
        let theory = experiment.theory(particles);
        let measured = Job::new(experiment, index, &theory).run(engine, progress);
        results.collisions += measured.collisions;
        results.replicas += measured.replicas;
        results.profile.merge(&measured.profile);
        let mut watch = Watch::start();
        let findings = Findings::new(experiment, index, theory, measured);
        let self_checks = self_checks(experiment, &findings);
        let evidence = Evidence {
            experiment,
            findings: &findings,
            self_checks: &self_checks,
            initial_w2,
        };
        results
            .tables
            .extend(Tables::of(experiment, &findings, initial_w2));
        for check in &experiment.checks {
            let claim = find(&check.claim).expect("the config names claims of the ledger");
            results.verdicts.push(judge(check, claim, evidence));
        }
        results.self_checks.extend(self_checks);
        finished(&results)?;
        results.profile.output += watch.lap();
    }
    Ok(results)
}
