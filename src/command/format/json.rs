//! Verdicts as JSON: `docs/check-format.md` says what the fields mean,
//! `docs/check.schema.json` is their schema.

use super::{Judged, false_alarm, seconds};
use crate::judge::self_check::SelfCheckRow;
use crate::judge::{Outcome, VerdictRow};
use serde::Serialize;

/// Raised when a field goes, or changes its type or meaning, or a word joins a
/// closed list; not when a field is added.
const FORMAT: u32 = 2;

#[derive(Serialize)]
struct Document<'a> {
    format: u32,
    outcome: &'static str,
    false_alarm: f64,
    seconds: f64,
    configs: Vec<Config<'a>>,
}

#[derive(Serialize)]
struct Config<'a> {
    name: &'a str,
    file: String,
    collisions: u64,
    seconds: f64,
    self_checks: &'a [SelfCheckRow],
    verdicts: Vec<Verdict<'a>>,
}

/// The columns of `verdicts.csv`, and more.
#[derive(Serialize)]
struct Verdict<'a> {
    #[serde(flatten)]
    row: &'a VerdictRow,
    outcome: &'static str,
    check: usize,
    line: usize,
}

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::AsExpected => "as-expected",
        Outcome::Undecided => "inconclusive",
        Outcome::Against => "against",
    }
}

fn config(judged: &Judged) -> Config<'_> {
    let verdicts = judged.entries().map(|entry| Verdict {
        row: entry.row,
        outcome: word(entry.row.outcome),
        check: entry.check,
        line: entry.line,
    });
    Config {
        name: &judged.name,
        file: judged.path.to_string_lossy().into_owned(),
        collisions: judged.collisions,
        seconds: judged.duration.as_secs_f64(),
        self_checks: &judged.self_checks,
        verdicts: verdicts.collect(),
    }
}

/// One document, with the worst of all outcomes.
pub fn json(all: &[Judged], outcome: Outcome) -> String {
    let document = Document {
        format: FORMAT,
        outcome: word(outcome),
        false_alarm: false_alarm(all),
        seconds: seconds(all),
        configs: all.iter().map(config).collect(),
    };
    let text = serde_json::to_string_pretty(&document);
    text.expect("plain data can be printed") + "\n"
}
