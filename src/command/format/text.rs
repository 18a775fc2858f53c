//! Verdicts as a table for people.

use super::{Judged, sentence, summary};
use crate::command::columns::aligned;
use crate::judge::{Outcome, VerdictRow};
use crate::quote::printable;
use console::Alignment::{self, Left, Right};
use console::Style;
use std::fmt::Write;
use std::io::IsTerminal;

/// Words stand to the left, numbers to the right.
const COLUMNS: [(&str, Alignment); 11] = [
    ("config", Left),
    ("claim", Left),
    ("clock", Left),
    ("N", Right),
    ("expect", Left),
    ("verdict", Left),
    ("estimate", Right),
    ("std error", Right),
    ("interval", Right),
    ("printed", Right),
    ("exact", Right),
];

type Cells = [String; COLUMNS.len()];

/// A table with aligned columns, a row per claim and N; below it the self-checks
/// that failed, the reasons of all verdicts that are not as expected, and lines
/// that sum up; no table where nothing is judged. The verdicts have colours on a terminal, unless `NO_COLOR` is set.
pub fn text(all: &[Judged]) -> String {
    let forbidden = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    render(all, std::io::stdout().is_terminal() && !forbidden)
}

fn render(all: &[Judged], coloured: bool) -> String {
    let mut rows = vec![COLUMNS.map(|(title, _)| title.to_string())];
    let mut reasons = String::new();
    for judged in all {
        let name = printable(&judged.name);
        for failed in judged.failed_self_checks() {
            let _ = writeln!(reasons, "{name} {failed}");
        }
        for row in &judged.verdicts {
            rows.push(cells(&name, row, coloured));
            if row.outcome != Outcome::AsExpected {
                let (claim, particles) = (&row.claim, row.particles);
                let reason = printable(&sentence(row));
                let _ = writeln!(reasons, "{name} {claim} N = {particles}: {reason}");
            }
        }
    }
    let table = if rows.len() == 1 {
        String::new()
    } else {
        aligned(&rows, COLUMNS.map(|(_, side)| side)) + "\n"
    };
    format!("{table}{reasons}{}\n", summary(all))
}

fn cells(name: &str, row: &VerdictRow, coloured: bool) -> Cells {
    let interval = row.ci_low.zip(row.ci_high);
    [
        name.to_string(),
        row.claim.clone(),
        row.clock.to_string(),
        row.particles.to_string(),
        row.expect.to_string(),
        painted(row, coloured),
        number(row.estimate),
        number(row.std_error),
        interval.map_or_else(String::new, |(low, high)| {
            format!("[{}, {}]", number(Some(low)), number(Some(high)))
        }),
        number(row.printed),
        number(row.exact),
    ]
}

fn painted(row: &VerdictRow, coloured: bool) -> String {
    let style = match row.outcome {
        Outcome::AsExpected => Style::new().green(),
        Outcome::Undecided => Style::new().yellow(),
        Outcome::Against => Style::new().red(),
    };
    let verdict = style.force_styling(coloured).apply_to(row.verdict);
    verdict.to_string()
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

    fn three_kinds(name: &str) -> Judged {
        let mut rows = vec![
            row(Outcome::AsExpected, "HOLDS"),
            row(Outcome::Undecided, "INCONCLUSIVE"),
            row(Outcome::Against, "REFUTED"),
        ];
        rows[0].particles = 1024;
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
        let expected = "\
config    claim    clock        N  expect  verdict       estimate  std error                interval  printed    exact
速度 Δμ₂  lemma-1  theorem6  1024  holds   HOLDS          0.50000             [-1.0000e-7, 12.50000]           0.00000
速度 Δμ₂  lemma-1  theorem6     2  holds   INCONCLUSIVE   0.50000                                              0.00000
速度 Δμ₂  lemma-1  theorem6     2  holds   REFUTED                            [-1.0000e-7, 12.50000]           0.00000
cafe\u{301}      lemma-1  theorem6  1024  holds   HOLDS          0.50000             [-1.0000e-7, 12.50000]           0.00000
cafe\u{301}      lemma-1  theorem6     2  holds   INCONCLUSIVE   0.50000                                              0.00000
cafe\u{301}      lemma-1  theorem6     2  holds   REFUTED                            [-1.0000e-7, 12.50000]           0.00000

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
            "\u{1b}[31mREFUTED\u{1b}[0m",
        ] {
            assert!(coloured.contains(verdict), "{coloured:?}");
        }
        assert_eq!(console::strip_ansi_codes(&coloured), plain);
    }

    #[test]
    fn control_characters_are_spelt_out() {
        let text = render(&[three_kinds("a\n\u{1b}[2Jb")], false);
        // Header, three rows, an empty line, two reasons, the sum.
        assert_eq!(text.lines().count(), 8, "{text}");
        assert!(text.contains(r"a\n\u{1b}[2Jb lemma-1 N = 2: REFUTED where holds is expected"));
        assert!(text.contains(r"\r\n\t\u{0}\u{1b}[31m\u{fffe}速度"));
        assert!(!text.contains(|c: char| c.is_control() && c != '\n'));
    }
}
