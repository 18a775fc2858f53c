//! Verdicts as text, JSON and JUnit XML.

use crate::judge::self_check::SelfCheckRow;
use crate::judge::{Outcome, Verdict, VerdictRow};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use serde_json::{Value, json};
use std::fmt::Write;
use std::io::IsTerminal;

/// The verdicts on one config.
#[derive(Debug)]
pub struct Judged {
    /// The config's name.
    pub name: String,
    /// What the program found of itself.
    pub self_checks: Vec<SelfCheckRow>,
    /// Its verdicts.
    pub verdicts: Vec<VerdictRow>,
}

/// Whether to colour standard output.
fn coloured() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
        && std::io::stdout().is_terminal()
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(String::new, |value| {
        if value == 0.0 || (1e-3..1e5).contains(&value.abs()) {
            format!("{value:.5}")
        } else {
            format!("{value:.4e}")
        }
    })
}

fn paint(text: &str, outcome: Outcome, colour: bool) -> String {
    let code = match outcome {
        Outcome::AsExpected => 32,
        Outcome::Undecided => 33,
        Outcome::Against => 31,
    };
    if colour {
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    } else {
        text.to_string()
    }
}

/// A table with aligned columns, a row per claim and N; below it the reasons of
/// all verdicts that are not as expected, and a line that sums up.
pub fn text(all: &[Judged]) -> String {
    let header = [
        "config",
        "claim",
        "clock",
        "N",
        "expect",
        "verdict",
        "estimate",
        "std error",
        "interval",
        "printed",
        "exact",
    ]
    .map(String::from);
    let mut rows: Vec<([String; 11], Outcome)> = vec![(header, Outcome::AsExpected)];
    let mut reasons = String::new();
    for judged in all {
        for failed in judged.self_checks.iter().filter(|row| !row.passed) {
            let _ = writeln!(reasons, "{} {failed}", judged.name);
        }
        for row in &judged.verdicts {
            let interval = match (row.ci_low, row.ci_high) {
                (Some(low), Some(high)) => {
                    format!("[{}, {}]", number(Some(low)), number(Some(high)))
                }
                _ => String::new(),
            };
            rows.push((
                [
                    judged.name.clone(),
                    row.claim.clone(),
                    row.clock.to_string(),
                    row.particles.to_string(),
                    row.expect.to_string(),
                    row.verdict.to_string(),
                    number(row.estimate),
                    number(row.std_error),
                    interval,
                    number(row.printed),
                    number(row.exact),
                ],
                row.outcome,
            ));
            if row.outcome != Outcome::AsExpected {
                let needed = row.replicas_needed.map_or_else(String::new, |needed| {
                    format!(" ({} replicas; about {needed} would decide)", row.replicas)
                });
                let _ = writeln!(
                    reasons,
                    "{} {} N = {}: {} where {} is expected: {}{needed}",
                    judged.name, row.claim, row.particles, row.verdict, row.expect, row.reason
                );
            }
        }
    }
    let widths: [usize; 11] = std::array::from_fn(|column| {
        let cells = rows.iter().map(|(cells, _)| cells[column].chars().count());
        cells.max().unwrap_or(0)
    });
    let colour = coloured();
    let mut text = String::new();
    for (index, (cells, outcome)) in rows.iter().enumerate() {
        let mut line = String::new();
        for (column, cell) in cells.iter().enumerate() {
            let padding = " ".repeat(widths[column] - cell.chars().count());
            let verdict = column == 5 && index > 0;
            let shown = if verdict {
                paint(cell, *outcome, colour)
            } else {
                cell.clone()
            };
            // Numbers to the right, words to the left.
            let right = column == 3 || column >= 6;
            let cell = if right {
                padding + &shown
            } else {
                shown + &padding
            };
            line.push_str(&cell);
            line.push_str("  ");
        }
        let _ = writeln!(text, "{}", line.trim_end());
    }
    let count = |wanted| {
        let rows = all.iter().flat_map(|judged| &judged.verdicts);
        rows.filter(|row| row.outcome == wanted).count()
    };
    let _ = write!(text, "\n{reasons}");
    let _ = writeln!(
        text,
        "{} as expected, {} against, {} inconclusive",
        count(Outcome::AsExpected),
        count(Outcome::Against),
        count(Outcome::Undecided)
    );
    text
}

fn outcome_name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::AsExpected => "as-expected",
        Outcome::Undecided => "inconclusive",
        Outcome::Against => "against",
    }
}

/// `{"format": 1, "outcome": …, "configs": [{"name": …, "verdicts": […]}]}`;
/// a verdict has the columns of `verdicts.csv` and its `outcome`.
pub fn json_text(all: &[Judged], outcome: Outcome) -> String {
    let verdict = |row: &VerdictRow| {
        let mut value = serde_json::to_value(row).expect("a row is plain data");
        value["outcome"] = json!(outcome_name(row.outcome));
        value
    };
    let configs: Vec<Value> = (all.iter())
        .map(|judged| {
            let verdicts: Vec<Value> = judged.verdicts.iter().map(verdict).collect();
            json!({ "name": judged.name, "verdicts": verdicts })
        })
        .collect();
    let document = json!({ "format": 1, "outcome": outcome_name(outcome), "configs": configs });
    let mut text = serde_json::to_string_pretty(&document).expect("JSON values can be printed");
    text.push('\n');
    text
}

/// A test suite per config, a test case per claim and N; an undecided verdict
/// is an error, one against expectation a failure.
pub fn junit(all: &[Judged]) -> String {
    let mut report = Report::new("kac check");
    for judged in all {
        let mut suite = TestSuite::new(judged.name.as_str());
        for row in &judged.verdicts {
            let mut status = match row.outcome {
                Outcome::AsExpected if row.verdict == Verdict::NotApplicable.name() => {
                    TestCaseStatus::skipped()
                }
                Outcome::AsExpected => TestCaseStatus::success(),
                Outcome::Undecided => TestCaseStatus::non_success(NonSuccessKind::Error),
                Outcome::Against => TestCaseStatus::non_success(NonSuccessKind::Failure),
            };
            if row.outcome != Outcome::AsExpected {
                status.set_type(row.verdict);
                status.set_message(format!(
                    "{} where {} is expected: {}",
                    row.verdict, row.expect, row.reason
                ));
            }
            let name = format!("{} N={}", row.claim, row.particles);
            let mut case = TestCase::new(name, status);
            case.set_classname(judged.name.as_str());
            suite.add_test_case(case);
        }
        report.add_test_suite(suite);
    }
    let text = report.to_string();
    text.expect("a report of plain strings can be serialised")
}
