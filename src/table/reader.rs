//! Typed reading of a table.
//!
//! A table is read only if a run can have written it: a cell is a number where its column holds numbers,
//! it is empty only where there may be no value, and a row has the cells that the header says.
//! Anything else is an error that names file, line and column.

use std::path::{Path, PathBuf};

use csv::{ErrorKind, Position, StringRecord};

use super::{Cell, Column, Row, TableSet};

/// The remedy for a table that is not as it was written.
const REPAIR: &str = "put the table back as it was written, or simulate it anew";

/// The reason why a table could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// The table could not be opened, or is not there.
    #[error("{}: cannot be read: {reason}", file.display())]
    Unreadable {
        /// The table.
        file: PathBuf,
        /// The answer of the reader.
        reason: String,
    },
    /// The table lacks a column.
    #[error("{}: line 1: the column `{column}` is missing from the header; {REPAIR}", file.display())]
    MissingColumn {
        /// The table.
        file: PathBuf,
        /// The column.
        column: String,
    },
    /// A cell is not what its column holds, or a row or the header is not what a run writes.
    #[error("{}: line {line}, column `{column}`: {reason}; {REPAIR}", file.display())]
    Malformed {
        /// The table.
        file: PathBuf,
        /// The line, the header being line 1.
        line: u64,
        /// The column.
        column: String,
        /// The fault, in words.
        reason: String,
    },
}

/// The cells of a row, by the names of their columns.
pub struct Cells<'a> {
    file: &'a Path,
    header: &'a StringRecord,
    row: &'a StringRecord,
}

impl Cells<'_> {
    /// The value in the next of the columns of a table; its type says what it must be.
    ///
    /// # Errors
    ///
    /// If the column is missing, or the cell is not what it holds.
    pub fn next<'c, C: Cell>(
        &self,
        columns: &mut impl Iterator<Item = &'c Column>,
    ) -> Result<C, TableError> {
        let column = columns.next().expect("a table has a column for each field");
        let text = match (self.cell(column)?, column.earlier) {
            ("", Some(earlier)) => earlier,
            (cell, _) => cell,
        };
        let value = match text {
            "" if column.empty.is_none() => None,
            _ => C::of(text, column),
        };
        value.ok_or_else(|| {
            let wanted = C::wanted(column);
            let reason = match text {
                "" => format!("the cell is empty, and not {wanted}"),
                _ => format!("`{}` is not {wanted}", excerpt(text)),
            };
            malformed(self.file, self.row.position(), column.name, reason)
        })
    }

    /// The text of a cell; empty where a file of an earlier version lacks the column.
    fn cell(&self, column: &Column) -> Result<&str, TableError> {
        let mut columns = self.header.iter().zip(self.row);
        let cell = columns.find(|(name, _)| *name == column.name);
        match (cell, column.earlier) {
            (Some((_, cell)), _) => Ok(cell),
            (None, Some(_)) => Ok(""),
            (None, None) => Err(TableError::MissingColumn {
                file: self.file.to_owned(),
                column: column.name.to_owned(),
            }),
        }
    }
}

/// A short piece of what a file holds, in which control characters are spelt out.
fn excerpt(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut spelt = text.escape_debug();
    let mut piece: String = spelt.by_ref().take(LONGEST).collect();
    if spelt.next().is_some() {
        piece.push('…');
    }
    piece
}

/// Reads a table, in the order of its rows; it has none if there is only a header.
///
/// # Errors
///
/// If there is no such table, or it is not as a run writes it.
pub fn read<R: Row>(tables: &TableSet) -> Result<Vec<R>, TableError> {
    let file = &tables.path(R::FILE);
    let bytes = tables
        .bytes(R::FILE)
        .ok_or_else(|| TableError::Unreadable {
            file: file.clone(),
            reason: String::from("there is no such table"),
        })?;
    let mut reader = csv::Reader::from_reader(bytes);
    let header = reader.headers().map_err(|error| broken(file, &error))?;
    let header = &header.clone();
    refuse_double_columns(file, header)?;
    let mut rows = vec![];
    for row in reader.records() {
        let row = &row.map_err(|error| broken(file, &error))?;
        rows.push(R::of(&Cells { file, header, row })?);
    }
    Ok(rows)
}

fn refuse_double_columns(file: &Path, header: &StringRecord) -> Result<(), TableError> {
    let earlier = |place: usize, name| header.iter().take(place).any(|other| other == name);
    let mut columns = header.iter().enumerate();
    match columns.find(|&(place, name)| earlier(place, name)) {
        None => Ok(()),
        Some((_, name)) => {
            let reason = String::from("it stands twice in the header");
            Err(malformed(file, header.position(), &excerpt(name), reason))
        }
    }
}

/// The error for a row that the CSV reader cannot read.
fn broken(file: &Path, error: &csv::Error) -> TableError {
    let reason = match error.kind() {
        ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => format!("{len} cells where the header has {expected_len}"),
        ErrorKind::Utf8 { .. } => String::from("a cell is not UTF-8"),
        _ => error.to_string(),
    };
    malformed(file, error.position(), "(whole row)", reason)
}

fn malformed(file: &Path, position: Option<&Position>, column: &str, reason: String) -> TableError {
    TableError::Malformed {
        file: file.to_owned(),
        line: position.map_or(1, Position::line),
        column: column.to_owned(),
        reason,
    }
}
