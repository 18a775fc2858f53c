//! Verdicts as text, JSON, JUnit XML and annotations of GitHub.

mod github;
mod json;
mod junit;
mod text;

pub use github::github;
pub use json::json;
pub use junit::junit;
pub use text::text;

use crate::config::Config;
use crate::judge::self_check::SelfCheckRow;
use crate::judge::{Outcome, VerdictRow};
use crate::verify::Results;
use std::path::PathBuf;

/// The verdicts on one config.
#[derive(Debug)]
pub struct Judged {
    name: String,
    path: PathBuf,
    check_lines: Vec<usize>,
    self_checks: Vec<SelfCheckRow>,
    verdicts: Vec<VerdictRow>,
    false_alarm: f64,
}

impl Judged {
    /// What the program found of itself, and all verdicts on the checks of a
    /// config: N by N, and for each N check by check.
    pub fn new(config: &Config, results: &Results) -> Self {
        Judged {
            name: config.experiment.name.clone(),
            path: config.path.clone(),
            check_lines: config.check_lines.clone(),
            self_checks: results.self_checks.clone(),
            verdicts: results.verdicts.clone(),
            false_alarm: results.false_alarm,
        }
    }

    /// Each verdict, with the line of its check in the config.
    fn with_lines(&self) -> impl Iterator<Item = (usize, &VerdictRow)> {
        let lines = self.check_lines.iter().copied().cycle();
        lines.zip(&self.verdicts)
    }

    /// What makes verdicts void, and is against expectation where there are none.
    fn failed_self_checks(&self) -> impl Iterator<Item = &SelfCheckRow> {
        self.self_checks.iter().filter(|row| !row.passed)
    }
}

/// What the verdict is, what was expected, and why.
fn sentence(row: &VerdictRow) -> String {
    let needed = row.replicas_needed.map_or_else(String::new, |needed| {
        format!(" ({} replicas; about {needed} would decide)", row.replicas)
    });
    format!(
        "{} where {} is expected: {}{needed}",
        row.verdict, row.expect, row.reason
    )
}

/// The probability that a right program is reported as wrong, over all configs,
/// at most.
fn false_alarm(all: &[Judged]) -> f64 {
    let sum: f64 = all.iter().map(|judged| judged.false_alarm).sum();
    sum.min(1.0)
}

/// How many self-checks failed, how many verdicts are as expected, against
/// expectation and inconclusive, and how probable a false alarm was.
fn summary(all: &[Judged]) -> String {
    let count = |outcome| {
        let rows = all.iter().flat_map(|judged| &judged.verdicts);
        rows.filter(|row| row.outcome == outcome).count()
    };
    let failed = all.iter().map(|judged| judged.failed_self_checks().count());
    let self_checks = match failed.sum::<usize>() {
        0 => String::new(),
        1 => "1 self-check failed; ".to_string(),
        several => format!("{several} self-checks failed; "),
    };
    format!(
        "{self_checks}{} as expected, {} against, {} inconclusive; a right program is reported \
         as wrong with a probability of at most {:.1e}",
        count(Outcome::AsExpected),
        count(Outcome::Against),
        count(Outcome::Undecided),
        false_alarm(all)
    )
}

#[cfg(test)]
mod samples {
    use super::*;

    /// Text that has everything a format must escape, and wide letters.
    pub const AWKWARD: &str =
        "‖Δ‖² < 1 & μ > 0, \"so: it's 100%\"\r\n\t\u{0}\u{1b}[31m\u{fffe}速度";

    /// A verdict with that text as its reason.
    pub fn row(outcome: Outcome, verdict: &'static str) -> VerdictRow {
        VerdictRow {
            claim: "lemma-1".to_string(),
            clock: "theorem6",
            particles: 2,
            expect: "holds",
            verdict,
            quantity: "rate".to_string(),
            estimate: Some(0.5),
            std_error: None,
            confidence: 0.999,
            ci_low: Some(-1e-7),
            ci_high: Some(12.5),
            tolerance: 0.01,
            printed: None,
            exact: Some(0.0),
            replicas: 100,
            replicas_needed: None,
            reason: AWKWARD.to_string(),
            outcome,
        }
    }

    /// A config of that name, with one check on line 7.
    pub fn judged(name: &str, verdicts: Vec<VerdictRow>) -> Judged {
        Judged {
            name: name.to_string(),
            path: PathBuf::from(format!("{name}.toml")),
            check_lines: vec![7],
            self_checks: vec![],
            verdicts,
            false_alarm: 3e-7,
        }
    }
}
