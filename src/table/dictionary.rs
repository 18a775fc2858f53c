//! The data dictionary: every column of every table in words.

use super::{Column, Table};

/// A section of Markdown about a table: what it is about, when it is written, and its columns.
pub fn section(table: &Table) -> String {
    let columns: String = table.columns.iter().map(line).collect();
    format!(
        "## `{}`\n\n{}\n\nOne row per {}. It is written {}.\n\n\
         | column | unit | meaning | empty |\n| --- | --- | --- | --- |\n{columns}",
        table.file, table.about, table.one_row_per, table.written
    )
}

fn line(column: &Column) -> String {
    let infinite = column
        .infinite
        .map(|when| format!(" It is infinite where {when}."));
    let empty = match column.empty {
        None => String::from("never"),
        Some(when) => format!("where {when}"),
    };
    format!(
        "| `{}` | {} | {}{} | {empty} |\n",
        column.name,
        column.unit,
        column.meaning,
        infinite.unwrap_or_default(),
    )
}
