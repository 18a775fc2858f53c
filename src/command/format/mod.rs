//! Verdicts as text, JSON, JUnit XML and annotations of GitHub.

mod github;
mod json;
mod junit;
mod text;

pub use github::github;
pub use json::json;
pub use junit::junit;
pub use text::{are_colours_forbidden, is_coloured, text, text_with_effort};

use crate::config::Config;
use crate::judge::self_check::SelfCheckRow;
use crate::judge::{Outcome, VerdictRow};
use crate::text::quote::printable;
use crate::text::words::counted;
use crate::verify::{Results, Sampling};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// The verdicts on one config.
#[derive(Debug)]
pub struct Judged {
    name: String,
    path: PathBuf,
    check_lines: Vec<usize>,
    self_checks: Vec<SelfCheckRow>,
    verdicts: Vec<VerdictRow>,
    false_alarm: f64,
    collisions: u64,
    /// The time from the start of the simulation to the verdicts.
    duration: Duration,
    /// Whether only as many replicas were simulated as decide.
    is_adaptive: bool,
}

/// A verdict and the check that it is on.
struct Entry<'a> {
    row: &'a VerdictRow,
    /// The number of the check in its config, from 1.
    check: usize,
    /// The line of the check in its config.
    line: usize,
    /// The claim, with the number of the check where the config has several on this claim.
    claim: String,
}

impl Judged {
    /// The self-checks, and all verdicts on the checks of a config: N by N, and for each N check by
    /// check; after them those on the whole sweep.
    pub fn new(config: &Config, results: &Results) -> Self {
        Judged {
            name: config.experiment.name.clone(),
            path: config.path.clone(),
            check_lines: config.check_lines.clone(),
            self_checks: results.self_checks.clone(),
            verdicts: results.verdicts.clone(),
            false_alarm: results.false_alarm,
            collisions: results.collisions,
            duration: Duration::ZERO,
            is_adaptive: false,
        }
    }

    /// These verdicts with the time that they took, and the sampling.
    pub fn after(self, duration: Duration, sampling: Sampling) -> Self {
        Judged {
            duration,
            is_adaptive: sampling == Sampling::Adaptive,
            ..self
        }
    }

    /// Each verdict with its check.
    fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        let claims: BTreeMap<usize, &str> = (self.verdicts.iter())
            .map(|row| (row.check, &*row.claim))
            .collect();
        self.verdicts.iter().map(move |row| {
            let check = row.check + 1;
            let same = claims.values().filter(|&&claim| claim == row.claim);
            let claim = match same.count() {
                1 => row.claim.clone(),
                _ => format!("{} (check {check})", row.claim),
            };
            Entry {
                row,
                check,
                line: self.check_lines[row.check],
                claim,
            }
        })
    }

    /// The self-checks that failed. They make verdicts void, and are against expectation where
    /// there are none.
    fn failed_self_checks(&self) -> impl Iterator<Item = &SelfCheckRow> {
        self.self_checks.iter().filter(|row| !row.passed)
    }
}

/// A name for each config that no other has: that of its file, or the path where several files
/// have the same name.
fn labels(all: &[Judged]) -> Vec<String> {
    let label = |judged: &Judged| {
        let takes = |other: &&Judged| other.name == judged.name || *other.path == *judged.name;
        match all.iter().filter(takes).count() {
            1 => printable(&judged.name),
            _ => printable(&judged.path.to_string_lossy()),
        }
    };
    all.iter().map(label).collect()
}

/// A line with the verdict, the expectation and the reason.
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

/// A line with the number of failed self-checks, the numbers of verdicts that are as expected,
/// against expectation and inconclusive, and the probability of a false alarm.
fn summary(all: &[Judged]) -> String {
    let count = |outcome| {
        let rows = all.iter().flat_map(|judged| &judged.verdicts);
        rows.filter(|row| row.outcome == outcome).count()
    };
    let failed = all.iter().map(|judged| judged.failed_self_checks().count());
    let self_checks = match failed.sum::<usize>() {
        0 => String::new(),
        failed => counted(failed, "self-check", "self-checks") + " failed; ",
    };
    let looks = match all.iter().any(|judged| judged.is_adaptive) {
        true => ", over all looks at the growing data",
        false => "",
    };
    format!(
        "{self_checks}{} as expected, {} against, {} inconclusive; a right program is reported \
         as wrong with a probability of at most {:.1e}{looks}",
        count(Outcome::AsExpected),
        count(Outcome::Against),
        count(Outcome::Undecided),
        false_alarm(all)
    )
}

/// Seconds that all configs took together.
fn seconds(all: &[Judged]) -> f64 {
    let durations = all.iter().map(|judged| judged.duration);
    durations.sum::<Duration>().as_secs_f64()
}

/// The number of collisions and the seconds of all configs, in words.
fn effort(all: &[Judged]) -> String {
    let collisions: u64 = all.iter().map(|judged| judged.collisions).sum();
    let collisions = counted(collisions, "collision", "collisions");
    format!("{collisions} in {:.1} s", seconds(all))
}

#[cfg(test)]
mod samples {
    use super::*;
    use crate::model::Clock;

    /// Text that has everything a format must escape, and wide letters.
    pub const AWKWARD: &str =
        "‖Δ‖² < 1 & μ > 0, \"so: it's 100%\"\r\n\t\u{0}\u{1b}[31m\u{fffe}速度";

    /// A verdict with that text as its reason.
    pub fn row(outcome: Outcome, verdict: &'static str) -> VerdictRow {
        VerdictRow {
            claim: "lemma-1".to_string(),
            clock: Clock::Theorem6,
            particles: Some(2),
            expect: "holds",
            verdict,
            quantity: "decay rate of energy".to_string(),
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
            evidence: "rate",
            reason: AWKWARD.to_string(),
            symbol: "rate".to_string(),
            outcome,
            check: 0,
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
            collisions: 1200,
            duration: Duration::from_millis(1500),
            is_adaptive: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::samples::{judged, row};
    use super::*;

    fn at(path: &str) -> Judged {
        let path = PathBuf::from(path);
        let name = path.file_stem().expect("a name").to_string_lossy();
        Judged {
            path: path.clone(),
            ..judged(&name, vec![row(Outcome::AsExpected, "HOLDS")])
        }
    }

    #[test]
    fn no_two_configs_have_the_same_label() {
        let of = |paths: &[&str]| {
            let all: Vec<Judged> = paths.iter().map(|path| at(path)).collect();
            labels(&all)
        };
        assert_eq!(of(&["x/a.toml", "y/b.toml"]), ["a", "b"]);
        assert_eq!(
            of(&["x/a.toml", "b.toml", "y/a.toml"]),
            ["x/a.toml", "b", "y/a.toml"]
        );
        // A name can also be that of another config's path.
        assert_eq!(
            of(&["a.toml", "y/a.toml", "z/a.toml.toml"]),
            ["a.toml", "y/a.toml", "z/a.toml.toml"]
        );
    }

    #[test]
    fn only_repeated_claims_have_the_number_of_their_check() {
        let mut rows = vec![row(Outcome::AsExpected, "HOLDS"); 6];
        rows[1].claim = "lemma-3".to_string();
        rows[4].claim = "lemma-3".to_string();
        for (row, check) in rows.iter_mut().zip([0, 1, 2].into_iter().cycle()) {
            row.check = check;
        }
        let mut judged = judged("config", rows);
        judged.check_lines = vec![7, 12, 12];
        let claims: Vec<String> = judged.entries().map(|entry| entry.claim).collect();
        let of_one = ["lemma-1 (check 1)", "lemma-3", "lemma-1 (check 3)"];
        assert_eq!(claims, [of_one, of_one].concat());
        let numbers: Vec<_> = judged
            .entries()
            .map(|entry| (entry.check, entry.line))
            .collect();
        assert_eq!(numbers[..3], [(1, 7), (2, 12), (3, 12)]);
        assert_eq!(numbers[3..], numbers[..3]);
    }

    #[test]
    fn a_verdict_on_the_whole_sweep_has_no_particles_in_any_format() {
        let mut rows = vec![row(Outcome::Undecided, "INCONCLUSIVE")];
        rows[0].particles = None;
        let all = [judged("config", rows)];
        let text = text(&all);
        assert!(text.contains("\n  lemma-1  all  INCONCLUSIVE"), "{text}");
        assert!(text.contains("\nconfig lemma-1 all N: "), "{text}");
        let annotations = github(&all, false);
        assert!(
            annotations.contains(",title=lemma-1 all N::"),
            "{annotations}"
        );
        let report = junit(&all);
        assert!(
            report.contains("<testcase name=\"lemma-1 all N\""),
            "{report}"
        );
        let document = json(&all, Outcome::Undecided);
        assert!(document.contains("\"particles\": null"), "{document}");
    }

    #[test]
    fn the_bound_of_adaptive_checks_is_that_of_all_looks() {
        let all = [judged("config", vec![row(Outcome::AsExpected, "HOLDS")])];
        assert!(
            summary(&all).ends_with("at most 3.0e-7"),
            "{}",
            summary(&all)
        );
        let all = all.map(|judged| judged.after(Duration::ZERO, Sampling::Adaptive));
        let end = "at most 3.0e-7, over all looks at the growing data";
        assert!(summary(&all).ends_with(end), "{}", summary(&all));
    }

    #[test]
    fn the_effort_is_that_of_all_configs() {
        assert_eq!(effort(&[at("a"), at("b")]), "2400 collisions in 3.0 s");
        let mut one = at("a");
        (one.collisions, one.duration) = (1, Duration::from_millis(40));
        assert_eq!(effort(&[one]), "1 collision in 0.0 s");
    }
}
