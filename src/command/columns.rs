//! Aligned columns of text.

use console::{Alignment, measure_text_width, pad_str};
use std::fmt::Write;

/// Lines of cells, two blanks apart and as wide as they look on a terminal;
/// `sides` says where each column's cells stand.
pub fn aligned<const COLUMNS: usize>(
    rows: &[[String; COLUMNS]],
    sides: [Alignment; COLUMNS],
) -> String {
    let widths: [usize; COLUMNS] = std::array::from_fn(|column| {
        let widths = rows.iter().map(|cells| measure_text_width(&cells[column]));
        widths.max().unwrap_or(0)
    });
    let mut text = String::new();
    for cells in rows {
        let columns = cells.iter().zip(widths).zip(sides);
        let padded = columns.map(|((cell, width), side)| pad_str(cell, width, side, None));
        let line = padded.collect::<Vec<_>>().join("  ");
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}
