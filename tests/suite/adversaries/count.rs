//! Counts of verdicts and limits for adversaries.

use crate::adversaries::generate::Adversary;
use crate::adversaries::truth::Truth;
use kac_coupling::bracket::Bracket;
use kac_coupling::estimate::{Findings, TABLE_CONFIDENCE};
use kac_coupling::experiment::Check;
use kac_coupling::judge::claims::find;
use kac_coupling::judge::self_check::self_checks;
use kac_coupling::judge::{Evidence, VerdictRow, judge};
use kac_coupling::measure::Engine;
use kac_coupling::measure::steady::SteadyStage;
use kac_coupling::model::Clock;
use kac_coupling::numerics::binomial::binomial_limits;
use kac_coupling::table::rows::Tables;
use kac_coupling::verify::job;
use std::collections::BTreeMap;
use std::fmt;

/// The level of binomial limits of misses.
const SURE: f64 = 0.999;

/// Limits of one kind.
#[derive(Debug, Clone, Copy, Default)]
pub struct Limits {
    /// The number of limits that were given for a distance that is known or bounded.
    pub given: u64,
    /// The number of given limits that missed.
    pub missed: u64,
    /// The number of limits that were made and withheld.
    pub withheld: u64,
    /// The number of withheld limits that would have been right.
    pub right: u64,
}

impl Limits {
    fn add(&mut self, is_given: bool, misses: bool) {
        let [count, of_them] = match is_given {
            true => [&mut self.given, &mut self.missed],
            false => [&mut self.withheld, &mut self.right],
        };
        *count += 1;
        *of_them += u64::from(misses == is_given);
    }
}

/// Verdicts and limits of some adversaries and seeds.
#[derive(Debug, Default)]
pub struct Count {
    pub runs: u64,
    pub verdicts: BTreeMap<String, u64>,
    /// Upper limits at time 0 and later, then lower limits at time 0 and later.
    pub limits: [Limits; 4],
    /// False verdicts and limits, in words.
    pub false_words: Vec<String>,
}

const NAMES: [&str; 4] = [
    "upper limits at t = 0",
    "upper limits later",
    "lower limits at t = 0",
    "lower limits later",
];

impl Count {
    pub fn with(mut self, other: Count) -> Count {
        self.runs += other.runs;
        for (word, seen) in other.verdicts {
            *self.verdicts.entry(word).or_default() += seen;
        }
        for (mine, theirs) in self.limits.iter_mut().zip(other.limits) {
            mine.given += theirs.given;
            mine.missed += theirs.missed;
            mine.withheld += theirs.withheld;
            mine.right += theirs.right;
        }
        self.false_words.extend(other.false_words);
        self
    }

    /// Asserts that limits miss no more often than they may: each side has half of the complement
    /// of the confidence.
    pub fn assert_misses(&self) {
        for (name, limits) in NAMES.iter().zip(&self.limits) {
            let level = 0.5 * (1.0 - TABLE_CONFIDENCE);
            let most = *binomial_limits(limits.given, level, SURE).end();
            assert!(limits.missed <= most, "{name}: {limits:?}, at most {most}");
        }
    }

    /// Adds the limits of a bracket at a time.
    fn add_limits(&mut self, is_given: bool, time: f64, bracket: &Bracket, truth: &Truth) {
        let limits = match is_given {
            true => bracket.lower_limit.zip(bracket.upper_limit),
            // The limits that would have been given, without the allowance for unseen parts.
            false => bracket.measured_limits(TABLE_CONFIDENCE),
        };
        let Some((lower, upper)) = limits else {
            return;
        };
        let bounds = truth.bounds(time);
        let later = usize::from(time > 0.0);
        let rounding = 1e-9 * truth.initial();
        // A bound that is far from the distance does not show whether limits miss it.
        self.limits[later].add(is_given, upper < bounds.least - rounding);
        self.limits[2 + later].add(is_given, lower > bounds.most + rounding);
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        writeln!(f, "{} runs", self.runs)?;
        for (word, seen) in &self.verdicts {
            writeln!(f, "{seen:6} {word}")?;
        }
        for (name, limits) in NAMES.iter().zip(&self.limits) {
            let Limits {
                given,
                missed,
                withheld,
                right,
            } = limits;
            writeln!(
                f,
                "{name}: {given} given, {missed} of them missed; {withheld} withheld, {right} of them right"
            )?;
        }
        Ok(())
    }
}

/// The counts for an adversary with one seed.
pub fn tried(adversary: &Adversary, seed: u64) -> Count {
    let experiment = &adversary.experiment;
    let theory = experiment.theory(experiment.sweep[0].0);
    let truth = Truth::new(adversary, &theory);
    let replicas = experiment.sweep[0].1;
    let mut seeded = experiment.clone();
    seeded.seed = seed;
    let measured = job(&seeded, 0, &theory)
        .single_threaded(seed)
        .run(Engine::Block, &|_| ());
    let stage = SteadyStage::new(&seeded, 0, &theory);
    let steady = stage.map(|stage| stage.run(replicas));
    let findings = Findings::new(&seeded, 0, theory.clone(), measured).with_steady(steady);
    let mut count = Count {
        runs: 1,
        ..Count::default()
    };
    let place = || format!("seed {seed} of {experiment:?}");
    for (index, &at) in findings.distance_times.iter().enumerate() {
        let is_given = findings.trusted_brackets(index).is_some();
        if let Some((bracket, _)) = &findings.brackets[index] {
            count.add_limits(is_given, findings.times[at], bracket, &truth);
        }
    }
    let checks = self_checks(&findings);
    let failed = checks.iter().filter(|row| !row.passed);
    count
        .false_words
        .extend(failed.map(|row| format!("{row}: {}", place())));
    // Every table can be made of every run.
    let tables = Tables::of(&seeded, &findings);
    assert!(!tables.moments.is_empty());
    let evidence = Evidence {
        experiment: &seeded,
        findings: &findings,
        self_checks: &[],
    };
    for check in &experiment.checks {
        let claim = find(&check.claim).unwrap();
        if claim.refusal(&seeded).is_some() {
            continue;
        }
        let row = judge(check, claim, evidence);
        if is_false(&row, check, &findings, &truth) {
            count.false_words.push(format!("{row:?}: {}", place()));
        }
        let word = format!("{} of {} ({})", row.verdict, check.claim, row.evidence);
        *count.verdicts.entry(word).or_default() += 1;
    }
    count
}

/// True if a verdict is known to be false.
fn is_false(row: &VerdictRow, check: &Check, findings: &Findings, truth: &Truth) -> bool {
    let is_contraction = ["theorem-6", "theorem-7"].contains(&check.claim.as_str());
    let is_rate = row.evidence == "rate";
    match row.verdict {
        "VOID" => true,
        "HOLDS" if is_contraction => {
            let beyond = |&at: &usize| {
                let time = findings.times[at];
                truth.bounds(time).least > (1.0 + check.tolerance) * truth.printed(time)
            };
            findings.distance_times.iter().skip(1).any(beyond)
        }
        "HOLDS" if is_rate => !is_within_tolerance(row),
        // For two laws and one clock the bounds are theorems.
        "REFUTED" if is_contraction => {
            truth.adversary.is_contracting || row.clock == Clock::Theorem6
        }
        "REFUTED" if is_rate => is_within_tolerance(row),
        // The other claims are true on both clocks.
        "REFUTED" => true,
        _ => false,
    }
}

/// True if the exact rate is the printed one to within τ.
fn is_within_tolerance(row: &VerdictRow) -> bool {
    let (exact, printed) = (row.exact.unwrap(), row.printed.unwrap());
    (exact / printed - 1.0).abs() <= row.tolerance
}
