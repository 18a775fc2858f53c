//! Verdicts as a table for people.

use super::{Entry, Judged, effort, labels, sentence, summary};
use crate::command::columns::aligned;
use crate::judge::{Outcome, VerdictRow};
use crate::text::quote::printable;
use console::Alignment::{self, Left, Right};
use console::Style;
use std::fmt::Write;
use std::io::IsTerminal;

/// Words stand to the left, numbers to the right.
const COLUMNS: [(&str, Alignment); 8] = [
    ("claim", Left),
    ("N", Right),
    ("verdict", Left),
    ("quantity", Left),
    ("estimate", Right),
    ("interval", Right),
    ("printed", Right),
    ("exact", Right),
];

type Cells = [String; COLUMNS.len()];

/// A table with aligned columns, a row per check and N below a line per config; after it the
/// self-checks that failed, the reasons of all verdicts that are not as expected, and a line that
/// sums up; no table where nothing is judged. The verdicts have colours if [`is_coloured`].
pub fn text(all: &[Judged]) -> String {
    render(all, is_coloured())
}

/// The table of [`text`], and a line with the number of collisions and the seconds.
pub fn text_with_effort(all: &[Judged], coloured: bool) -> String {
    format!("{}{}\n", render(all, coloured), effort(all))
}

/// True if standard output is a terminal and nothing forbids colours.
pub fn is_coloured() -> bool {
    std::io::stdout().is_terminal() && !are_colours_forbidden()
}

/// True if `NO_COLOR` is set, or `TERM` names no terminal or one without colours.
pub fn are_colours_forbidden() -> bool {
    console::is_dumb() || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}

fn render(all: &[Judged], coloured: bool) -> String {
    let labels = labels(all);
    let mut rows = vec![COLUMNS.map(|(title, _)| title.to_string())];
    let mut reasons = String::new();
    for (judged, label) in all.iter().zip(&labels) {
        for failed in judged.failed_self_checks() {
            let _ = writeln!(reasons, "{label} {failed}");
        }
        for entry in judged.entries() {
            let row = entry.row;
            if row.outcome != Outcome::AsExpected {
                let (claim, sizes) = (&entry.claim, row.sizes());
                let reason = printable(&sentence(row));
                let _ = writeln!(reasons, "{label} {claim} {sizes}: {reason}");
            }
            rows.push(cells(entry, coloured));
        }
    }
    let table = match rows.len() {
        1 => String::new(),
        _ => grouped(&aligned(&rows, COLUMNS.map(|(_, side)| side)), all, &labels) + "\n",
    };
    format!("{table}{reasons}{}\n", summary(all))
}

/// The lines of a table, those of each config below its name and clock.
fn grouped(table: &str, all: &[Judged], labels: &[String]) -> String {
    let mut lines = table.lines();
    let mut text = String::new();
    let mut indent = |text: &mut String, count: usize| {
        for line in lines.by_ref().take(count) {
            let _ = writeln!(text, "  {line}");
        }
    };
    indent(&mut text, 1);
    for (judged, label) in all.iter().zip(labels) {
        if let Some(row) = judged.verdicts.first() {
            let _ = writeln!(text, "{label} (clock {})", row.clock.name());
            indent(&mut text, judged.verdicts.len());
        }
    }
    text
}

fn cells(entry: Entry, coloured: bool) -> Cells {
    let row = entry.row;
    let interval = row.ci_low.zip(row.ci_high);
    [
        entry.claim,
        row.particles
            .map_or("all".to_string(), |particles| particles.to_string()),
        painted(row, coloured),
        row.symbol.clone(),
        number(row.estimate),
        interval.map_or_else(String::new, |(low, high)| {
            format!("[{}, {}]", number(Some(low)), number(Some(high)))
        }),
        number(row.printed),
        number(row.exact),
    ]
}

/// The verdict, and whether it is against expectation; the colour says the same.
fn painted(row: &VerdictRow, coloured: bool) -> String {
    let style = match row.outcome {
        Outcome::AsExpected => Style::new().green(),
        Outcome::Undecided => Style::new().yellow(),
        Outcome::Against => Style::new().red(),
    };
    let against = match row.outcome {
        Outcome::Against => ", against",
        _ => "",
    };
    let verdict = format!("{}{against}", row.verdict);
    style.force_styling(coloured).apply_to(verdict).to_string()
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

#[cfg(test)]
mod tests {
    use super::super::samples::{judged, row};
    use super::*;
    use crate::judge::self_check::SelfCheckRow;

    #[test]
    fn ordinary_rows_fit_in_100_columns() {
        let mut rows = vec![row(Outcome::AsExpected, "HOLDS"); 2];
        for row in &mut rows {
            row.claim = "theorem-6-coupling".to_string();
            row.particles = Some(4096);
            (row.ci_low, row.ci_high) = (Some(0.99786), Some(1.00033));
            (row.printed, row.exact) = (Some(1.0), Some(1.0));
        }
        (rows[1].verdict, rows[1].outcome) = ("INCONCLUSIVE", Outcome::Undecided);
        rows[1].symbol = "W2²(2.5)".to_string();
        let text = render(&[judged("couplings-synchronous", rows)], false);
        let table = text.lines().take_while(|line| !line.is_empty());
        let widths: Vec<usize> = table.map(console::measure_text_width).collect();
        assert_eq!(widths.len(), 4, "{text}");
        assert!(widths.iter().all(|&width| width <= 100), "{text}");
    }

    #[test]
    fn checks_and_configs_of_the_same_name_are_told_apart() {
        let mut twice = judged("same", vec![row(Outcome::Against, "REFUTED"); 4]);
        twice.check_lines = vec![7, 12];
        for (row, check) in twice.verdicts.iter_mut().zip([0, 1].into_iter().cycle()) {
            row.check = check;
        }
        let mut other = judged("same", vec![row(Outcome::Against, "REFUTED")]);
        other.path = "folder/same.toml".into();
        let text = render(&[twice, other, judged("third", vec![])], false);
        for said in [
            "\nsame.toml (clock theorem6)\n",
            "\nfolder/same.toml (clock theorem6)\n  lemma-1  ",
            "\nsame.toml lemma-1 (check 1) N = 2: ",
            "\nsame.toml lemma-1 (check 2) N = 2: ",
            "\nfolder/same.toml lemma-1 N = 2: ",
        ] {
            assert!(text.contains(said), "{said:?} in {text}");
        }
    }

    fn three_kinds(name: &str) -> Judged {
        let mut rows = vec![
            row(Outcome::AsExpected, "HOLDS"),
            row(Outcome::Undecided, "INCONCLUSIVE"),
            row(Outcome::Against, "REFUTED"),
        ];
        rows[0].particles = Some(1024);
        rows[1].ci_low = None;
        rows[2].estimate = None;
        judged(name, rows)
    }

    #[test]
    fn columns_are_aligned_for_the_eye() {
        // 速 and 度 take two columns each, the accent of the second name none.
        let text = render(
            &[three_kinds("速度 Δμ₂"), three_kinds("cafe\u{301}")],
            false,
        );
        let expected = "  \
  claim       N  verdict           quantity  estimate                interval  printed    exact
速度 Δμ₂ (clock theorem6)
  lemma-1  1024  HOLDS             rate       0.50000  [-1.0000e-7, 12.50000]           0.00000
  lemma-1     2  INCONCLUSIVE      rate       0.50000                                   0.00000
  lemma-1     2  REFUTED, against  rate                [-1.0000e-7, 12.50000]           0.00000
cafe\u{301} (clock theorem6)
  lemma-1  1024  HOLDS             rate       0.50000  [-1.0000e-7, 12.50000]           0.00000
  lemma-1     2  INCONCLUSIVE      rate       0.50000                                   0.00000
  lemma-1     2  REFUTED, against  rate                [-1.0000e-7, 12.50000]           0.00000

";
        assert!(text.starts_with(expected), "{text}\n{expected}");
        let end = "\n2 as expected, 2 against, 2 inconclusive; a right program is \
                   reported as wrong with a probability of at most 6.0e-7\n";
        assert!(text.ends_with(end), "{text}");
    }

    #[test]
    fn a_failed_self_check_is_named_and_counted_where_nothing_is_judged() {
        let mut judged = judged("config", vec![]);
        judged.self_checks = vec![SelfCheckRow {
            particles: 8,
            self_check: "discrepancy",
            comparisons: 4,
            worst: Some(9.0),
            limit: 5.5,
            passed: false,
            place: "t = 1".to_string(),
        }];
        let text = render(&[judged], false);
        let said = "config the self-check discrepancy fails at N = 8: ";
        assert!(text.starts_with(said), "{text}");
        let sum = "\n1 self-check failed; 0 as expected, 0 against, 0 inconclusive; ";
        assert!(text.contains(sum), "{text}");
    }

    #[test]
    fn colours_change_nothing_else() {
        let all = [three_kinds("config")];
        let (plain, coloured) = (render(&all, false), render(&all, true));
        for verdict in [
            "\u{1b}[32mHOLDS\u{1b}[0m",
            "\u{1b}[33mINCONCLUSIVE\u{1b}[0m",
            "\u{1b}[31mREFUTED, against\u{1b}[0m",
        ] {
            assert!(coloured.contains(verdict), "{coloured:?}");
        }
        assert_eq!(console::strip_ansi_codes(&coloured), plain);
    }

    #[test]
    fn control_characters_are_spelt_out() {
        let text = render(&[three_kinds("a\n\u{1b}[2Jb")], false);
        // Header, config, three rows, an empty line, two reasons, the sum.
        assert_eq!(text.lines().count(), 9, "{text}");
        assert!(text.contains(r"a\n\u{1b}[2Jb lemma-1 N = 2: REFUTED where holds is expected"));
        assert!(text.contains(r"\r\n\t\u{0}\u{1b}[31m\u{fffe}速度"));
        assert!(!text.contains(|c: char| c.is_control() && c != '\n'));
    }
}
