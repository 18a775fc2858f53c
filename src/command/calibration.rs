//! The text that is printed of a calibration.

use crate::judge::calibration::{CalibrationRow, Coverage};
use crate::verify::Results;
use std::fmt::Write;

/// The intervals that cover too seldom, the N without any, and three lines that
/// sum up.
pub fn text(results: &Results) -> String {
    let rows = &results.calibration;
    let mut text = String::new();
    let of = |verdict| rows.iter().filter(move |row| row.verdict == verdict);
    for row in of(Coverage::UnderCovers) {
        let _ = writeln!(text, "under-covers: {row}");
    }
    let _ = writeln!(
        text,
        "intervals: {} calibrated, {} conservative, {} under-covering (not trusted: {})",
        of(Coverage::Calibrated).count(),
        of(Coverage::Conservative).count(),
        of(Coverage::UnderCovers).count(),
        of(Coverage::UnderCovers).filter(|row| !row.trusted).count(),
    );
    for particles in &results.uncalibrated {
        let _ = writeln!(
            text,
            "N = {particles}: nothing is calibrated: no estimate has an error bar and is carried \
             by enough replicas"
        );
    }
    let means = || {
        rows.iter()
            .filter(|row| row.estimate == "mean" && row.trusted)
    };
    let _ = writeln!(
        text,
        "z-scores of trusted means: {} of {} tails outside the limits of a normal variate",
        means().map(CalibrationRow::odd_tails).sum::<usize>(),
        2 * means().count(),
    );
    let _ = writeln!(
        text,
        "A right program is reported as wrong with a probability of at most {:.1e}.",
        results.false_alarm
    );
    text
}
