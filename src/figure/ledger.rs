//! The ledger: what each claim, as printed, came to on each of the paper's clocks.

use plotters::prelude::{Color, DrawingBackend, RGBColor};

use super::canvas::{
    Align, Canvas, Drawing, GREY, GRID, LABEL_SIZE, LOWER, Stroke, TICK_SIZE, TITLE_SIZE, Type,
    VIOLATION, render,
};
use super::{Figure, FigureError, Rendered, Source, every_run, rows_of};
use crate::judge::VerdictRow;
use crate::judge::claims::LEDGER;
use crate::judge::evidence::EvidenceKind;
use crate::model::Clock;
use crate::table::{Row, TableSet};

pub(super) const FIGURE: Figure = Figure {
    name: "ledger",
    shows: "the verdict on every claim as printed, on each of the paper's two clocks",
    experiments: &[
        "clock-master-equation",
        "clock-theorem6",
        "two-baths-master-equation",
        "two-baths",
        "theorem7",
        "theorem7-duality",
        "bracket-a-master-equation",
        "bracket-a",
        "bracket-b-master-equation",
        "bracket-b",
        "steady-state-mixture-half",
        "steady-state-mixture-two",
        "lemma3",
        "lemma8",
        "lemma11",
        "lemma12",
    ],
    tables: &[VerdictRow::FILE],
    further_tables: &[],
    source: Source::EachOf(ledger),
    suits: every_run,
};

const NOTE: &str = "× n: that many verdicts, on the data of their experiments";

const CLOCKS: [(Clock, &str); 2] = [
    (Clock::MasterEquation, "clock of Eq. (1)"),
    (Clock::Theorem6, "clock of Theorem 6’s proof"),
];

const SIZE: (u32, u32) = (1000, 620);
const LEFT: f64 = 40.0;
const TOP: f64 = 108.0;
const ROW: f64 = 42.0;
/// Left edges of the columns of verdicts, and their width.
const COLUMNS: [f64; 2] = [540.0, 760.0];
const WIDTH: f64 = 205.0;
const OPACITY: f64 = 0.16;

/// Draws the `verdicts.csv` of experiments on both clocks as a table.
///
/// # Errors
///
/// If a table cannot be read, or none holds a verdict on a claim of the ledger.
pub fn ledger(sets: &[&TableSet]) -> Result<Rendered, FigureError> {
    let mut rows = vec![];
    for tables in sets {
        rows.extend(rows_of::<VerdictRow>(tables)?);
    }
    let known = |row: &&VerdictRow| LEDGER.iter().any(|claim| claim.id() == row.claim);
    if rows.iter().find(known).is_none() {
        return Err(FigureError::no_data(sets, VerdictRow::FILE, "verdicts"));
    }
    render(&Picture { rows })
}

struct Picture {
    rows: Vec<VerdictRow>,
}

/// The verdicts on a claim on one clock, each once, with how many there are.
fn verdicts(rows: &[VerdictRow], claim: &str, clock: Clock) -> Vec<(&'static str, usize)> {
    let mut found: Vec<(&'static str, usize)> = vec![];
    let here = |row: &&VerdictRow| row.claim == claim && row.clock == clock;
    for row in rows.iter().filter(here) {
        match found.iter_mut().find(|(word, _)| *word == row.verdict) {
            Some((_, count)) => *count += 1,
            None => found.push((row.verdict, 1)),
        }
    }
    // One particle has no pairs: nothing is said of it.
    found.retain(|(word, _)| *word != "NOT-APPLICABLE");
    found
}

fn colour(word: &str) -> RGBColor {
    match word {
        "HOLDS" => LOWER,
        "REFUTED" => VIOLATION,
        _ => GREY,
    }
}

impl Drawing for Picture {
    fn size(&self) -> (u32, u32) {
        SIZE
    }

    fn draw<B: DrawingBackend>(&self, canvas: &Canvas<'_, B>) -> Result<(), FigureError> {
        canvas.text(
            "The paper's claims, as printed, on its two clocks",
            (LEFT, 40.0),
            Align::Left,
            Type::bold(TITLE_SIZE),
        )?;
        for ((_, clock), left) in CLOCKS.iter().zip(COLUMNS) {
            let place = (left + 0.5 * WIDTH, TOP - 20.0);
            canvas.text(clock, place, Align::Centre, Type::bold(LABEL_SIZE))?;
        }
        for (index, claim) in LEDGER.iter().enumerate() {
            let top = TOP + ROW * index as f64;
            let base_line = top + 0.5 * ROW + 5.0;
            let right = COLUMNS[1] + WIDTH;
            canvas.line(&[(LEFT, top), (right, top)], Stroke::solid(GRID, 1.0))?;
            canvas.text(
                claim.headline(),
                (LEFT, base_line),
                Align::Left,
                Type::plain(LABEL_SIZE),
            )?;
            for ((clock, _), left) in CLOCKS.iter().zip(COLUMNS) {
                let found = verdicts(&self.rows, claim.id(), *clock);
                draw_cell(canvas, &found, (left, top))?;
            }
        }
        let below = TOP + ROW * LEDGER.len() as f64 + 28.0;
        let face = Type::plain(TICK_SIZE).coloured(GREY);
        let note = format!("{NOTE}{}", of_lemma_12(&self.rows));
        canvas.text(&note, (LEFT, below), Align::Left, face)
    }
}

/// The note on lemma 12: the number of its verdicts HOLDS that rest on brackets. The others say
/// that it is consistent with moments.
fn of_lemma_12(rows: &[VerdictRow]) -> String {
    let holds = |row: &&VerdictRow| row.claim == "lemma-12" && row.verdict == "HOLDS";
    let all = rows.iter().filter(holds).count();
    let shown = |row: &&VerdictRow| row.evidence == EvidenceKind::Bracket.name();
    let shown = rows.iter().filter(holds).filter(shown).count();
    match all {
        0 => String::new(),
        _ => format!(
            "; lemma 12 is shown by brackets in {shown} of {all}, and found consistent in the others"
        ),
    }
}

fn draw_cell<B: DrawingBackend>(
    canvas: &Canvas<'_, B>,
    found: &[(&str, usize)],
    (left, top): (f64, f64),
) -> Result<(), FigureError> {
    let base_line = top + 0.5 * ROW + 5.0;
    if found.is_empty() {
        let place = (left + 0.5 * WIDTH, base_line);
        let face = Type::plain(TICK_SIZE).coloured(GREY);
        return canvas.text("not judged", place, Align::Centre, face);
    }
    let width = WIDTH / found.len() as f64;
    for (index, (word, count)) in found.iter().enumerate() {
        let (from, to) = (
            left + width * index as f64,
            left + width * (index + 1) as f64,
        );
        let (above, below) = (top + 5.0, top + ROW - 5.0);
        let corners = [
            (from, above),
            (to - 4.0, above),
            (to - 4.0, below),
            (from, below),
        ];
        canvas.polygon(&corners, colour(word).mix(OPACITY))?;
        let words = match count {
            1 => (*word).to_string(),
            _ => format!("{word} × {count}"),
        };
        let face = Type::bold(TICK_SIZE).coloured(colour(word));
        canvas.text(
            &words,
            (0.5 * (from + to) - 2.0, base_line),
            Align::Centre,
            face,
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::Outcome;

    fn row(claim: &str, verdict: &'static str, evidence: EvidenceKind) -> VerdictRow {
        VerdictRow {
            claim: claim.to_string(),
            clock: Clock::Theorem6,
            particles: Some(8),
            expect: "holds",
            verdict,
            quantity: String::new(),
            estimate: None,
            std_error: None,
            confidence: 0.999,
            ci_low: None,
            ci_high: None,
            tolerance: 0.01,
            printed: None,
            exact: None,
            replicas: 100,
            replicas_needed: None,
            evidence: evidence.name(),
            reason: String::new(),
            symbol: String::new(),
            outcome: Outcome::AsExpected,
            check: 0,
        }
    }

    #[test]
    fn a_verdict_on_the_whole_sweep_counts_like_one_on_one_size() {
        let of_one = row("lemma-1", "HOLDS", EvidenceKind::Rate);
        let of_all = VerdictRow {
            particles: None,
            ..of_one.clone()
        };
        let counted = verdicts(&[of_one, of_all], "lemma-1", Clock::Theorem6);
        assert_eq!(counted, [("HOLDS", 2)]);
    }

    #[test]
    fn the_note_tells_what_is_shown_from_what_is_consistent() {
        let (shown, consistent) = (EvidenceKind::Bracket, EvidenceKind::Moments);
        let mut rows = vec![row("lemma-1", "HOLDS", EvidenceKind::Rate)];
        assert_eq!(of_lemma_12(&rows), "");
        rows.push(row("lemma-12", "INCONCLUSIVE", shown));
        assert_eq!(of_lemma_12(&rows), "");
        rows.push(row("lemma-12", "HOLDS", shown));
        rows.push(row("lemma-12", "HOLDS", consistent));
        rows.push(row("lemma-12", "HOLDS", consistent));
        assert!(of_lemma_12(&rows).contains("in 1 of 3,"));
    }
}
