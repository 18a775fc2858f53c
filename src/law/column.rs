//! One column of a CSV file.
//!
//! The file is text in UTF-8, with or without a byte order mark, with either kind of line ends. The first line is the
//! header, and each other line has as many fields as it. Fields are separated by commas; white space around them does
//! not count, and one that begins with a quote ends with a quote on the same line, `""` inside standing for one. Lines
//! of nothing but white space are skipped, whatever the number of columns. Numbers are written like 1, -2.5 or 3e-4.

use super::EmpiricalError;
use crate::text::input::{LONGEST_DATA, hexadecimal, is_underflow, open, too_long};
use crate::text::quote::{nearest, quoted};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

/// A file of data as it was read, once and in full.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DataFile {
    /// The path of the file as it is written in the config.
    pub file: String,
    /// The column that was read.
    pub column: String,
    /// The length of the file in bytes.
    pub bytes: u64,
    /// The number of lines with values.
    pub rows: u64,
    /// SHA-256 of the bytes that were read, in hexadecimal digits.
    pub sha256: String,
}

/// The largest length of a line, in bytes.
const LONGEST_LINE: u64 = 1_000_000;

const BYTE_ORDER_MARK: &str = "\u{feff}";

/// The lines of a file that are not blank.
struct Lines<R> {
    path: PathBuf,
    reader: BufReader<R>,
    buffer: Vec<u8>,
    hasher: Sha256,
    bytes: u64,
    /// The number of the last line read, from 1.
    number: u64,
}

impl<R: Read> Lines<R> {
    /// Reads the next line that is not blank into the buffer. Returns false if there is none.
    fn advance(&mut self) -> Result<bool, EmpiricalError> {
        loop {
            self.buffer.clear();
            let mut line = (&mut self.reader).take(LONGEST_LINE + 1);
            let read = line.read_until(b'\n', &mut self.buffer);
            let length = read.map_err(|reason| self.unreadable(reason))? as u64;
            if length == 0 {
                return Ok(false);
            }
            self.hasher.update(&self.buffer);
            self.bytes += length;
            self.number += 1;
            if self.bytes > LONGEST_DATA {
                return Err(self.unreadable(too_long(LONGEST_DATA)));
            }
            if length > LONGEST_LINE {
                let problem = format!("it is longer than {LONGEST_LINE} bytes");
                return Err(self.bad(problem, "give each value a line of its own"));
            }
            if !self.text()?.trim().is_empty() {
                return Ok(true);
            }
        }
    }

    /// The last line read.
    fn text(&self) -> Result<&str, EmpiricalError> {
        let text = std::str::from_utf8(&self.buffer)
            .map_err(|_| self.bad("it is not UTF-8", "save the file as UTF-8"))?;
        Ok(match self.number {
            1 => text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text),
            _ => text,
        })
    }

    /// The fields of the last line read.
    fn fields(&self) -> Result<Vec<Cow<'_, str>>, EmpiricalError> {
        let fix = "close each quote at the end of its field, and write a quote inside one twice";
        let problem = "a quote is not closed on this line, or not at the end of its field";
        split(self.text()?).ok_or_else(|| self.bad(problem, fix))
    }

    /// An error of the last line read.
    fn bad(&self, problem: impl Into<String>, fix: &'static str) -> EmpiricalError {
        EmpiricalError::BadLine {
            path: self.path.clone(),
            line: self.number,
            problem: problem.into(),
            fix,
        }
    }

    fn unreadable(&self, reason: std::io::Error) -> EmpiricalError {
        EmpiricalError::Unreadable {
            path: self.path.clone(),
            reason,
        }
    }
}

/// The values of a column of the CSV file of that name in a folder, and the file as it was read.
pub(super) fn read_column(
    folder: &Path,
    file: &str,
    column: &str,
) -> Result<(Vec<f64>, DataFile), EmpiricalError> {
    let path = folder.join(file);
    let opened = open(&path, LONGEST_DATA);
    let mut lines = Lines {
        reader: BufReader::new(opened.map_err(|reason| EmpiricalError::Unreadable {
            path: path.clone(),
            reason,
        })?),
        path,
        buffer: vec![],
        hasher: Sha256::new(),
        bytes: 0,
        number: 0,
    };
    if !lines.advance()? {
        return Err(EmpiricalError::NoHeader { path: lines.path });
    }
    let (position, width) = place_of(column, &lines)?;
    let mut values = vec![];
    while lines.advance()? {
        values.push(value_of(column, position, width, &lines)?);
    }
    if values.is_empty() {
        return Err(EmpiricalError::NoRows { path: lines.path });
    }
    let read = DataFile {
        file: file.to_string(),
        column: column.to_string(),
        bytes: lines.bytes,
        rows: values.len() as u64,
        sha256: hexadecimal(lines.hasher),
    };
    Ok((values, read))
}

/// The place of a column in the header, and the number of columns.
fn place_of<R: Read>(column: &str, lines: &Lines<R>) -> Result<(usize, usize), EmpiricalError> {
    let header = lines.fields()?;
    let mut seen = BTreeSet::new();
    let mut names = header.iter().filter(|name| !name.is_empty());
    if let Some(name) = names.find(|name| !seen.insert(*name)) {
        let name = quoted(name);
        let problem = format!("the column `{name}` is in the header twice");
        return Err(lines.bad(problem, "give each column a name of its own"));
    }
    let position = header.iter().position(|name| name == column);
    let position = position.ok_or_else(|| EmpiricalError::NoSuchColumn {
        path: lines.path.clone(),
        column: column.to_string(),
        nearest: nearest(column, header.iter().map(|name| &**name)).map(String::from),
        available: header.iter().map(|name| name.to_string()).collect(),
    })?;
    Ok((position, header.len()))
}

const WRITE_A_POINT: &str = "write decimals with a point, as in 1.5, if this comma stands for one";

/// The value of a column in the last line read.
fn value_of<R: Read>(
    column: &str,
    position: usize,
    width: usize,
    lines: &Lines<R>,
) -> Result<f64, EmpiricalError> {
    let fields = lines.fields()?;
    if fields.len() != width {
        let [found, wanted] = [fields.len(), width].map(|count| match count {
            1 => "1 field".to_string(),
            count => format!("{count} fields"),
        });
        let problem = format!("it has {found}, and the header has {wanted}");
        let fix = if fields.len() > width && has_decimal_comma(&fields) {
            WRITE_A_POINT
        } else {
            "give each line as many fields as the header"
        };
        return Err(lines.bad(problem, fix));
    }
    let text = &*fields[position];
    let refused = |problem: &str, fix| {
        let (text, column) = (quoted(text), quoted(column));
        lines.bad(format!("`{text}` in column `{column}` {problem}"), fix)
    };
    match text.parse::<f64>() {
        Ok(value) if is_underflow(text, value) => Err(refused(
            "is too small to be represented",
            "write 0 if it is meant, or choose units in which it is of moderate size",
        )),
        Ok(value) if value.is_finite() => Ok(value),
        Ok(_) => Err(refused("is not finite", "correct or remove the line")),
        Err(_) if text.replacen(',', ".", 1).parse::<f64>().is_ok() => {
            Err(refused("is not a number", WRITE_A_POINT))
        }
        Err(_) => Err(refused("is not a number", "correct or remove the line")),
    }
}

/// True if two fields side by side can be the parts of a number before and after a comma.
fn has_decimal_comma(fields: &[Cow<str>]) -> bool {
    let is_whole = |text: &str| text.parse::<i128>().is_ok();
    let is_fraction = |text: &str| {
        text.starts_with(|first: char| first.is_ascii_digit()) && text.parse::<f64>().is_ok()
    };
    fields
        .windows(2)
        .any(|pair| is_whole(&pair[0]) && is_fraction(&pair[1]))
}

/// The fields of a line, without the white space around them; `None` if one has a quote that does not end it.
fn split(line: &str) -> Option<Vec<Cow<'_, str>>> {
    let mut fields = vec![];
    let mut rest = line.trim();
    loop {
        let (field, after) = match rest.strip_prefix('"') {
            Some(inside) => unquoted(inside)?,
            None => {
                let (field, after) = rest.split_at(rest.find(',').unwrap_or(rest.len()));
                (Cow::Borrowed(field.trim_end()), after)
            }
        };
        fields.push(field);
        match after.strip_prefix(',') {
            Some(next) => rest = next.trim_start(),
            None => return after.is_empty().then_some(fields),
        }
    }
}

/// A field, given from behind its opening quote on, and the text after it.
fn unquoted(inside: &str) -> Option<(Cow<'_, str>, &str)> {
    let mut field = String::new();
    let mut rest = inside;
    loop {
        let (part, after) = rest.split_once('"')?;
        field.push_str(part);
        match after.strip_prefix('"') {
            Some(next) => {
                field.push('"');
                rest = next;
            }
            None => return Some((Cow::Owned(field.trim().to_string()), after.trim_start())),
        }
    }
}
