//! Aligned columns of text.

/// Lines of cells in aligned columns, two blanks apart; `right` says which
/// columns hold numbers.
pub fn aligned<const COLUMNS: usize>(rows: &[[String; COLUMNS]], right: [bool; COLUMNS]) -> String {
    let widths: [usize; COLUMNS] = std::array::from_fn(|column| {
        let widths = rows.iter().map(|row| row[column].chars().count());
        widths.max().unwrap_or(0)
    });
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for ((cell, width), right) in row.iter().zip(widths).zip(right) {
            let padding = " ".repeat(width - cell.chars().count());
            line += &if right {
                padding + cell
            } else {
                cell.clone() + &padding
            };
            line += "  ";
        }
        text += line.trim_end();
        text.push('\n');
    }
    text
}
