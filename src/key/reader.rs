//! Reading TOML values with errors that say where, what and how to mend it.

use crate::text::input::is_underflow;
use crate::text::quote::{LONGEST_QUOTE, nearest, printable, quoted, quoted_path};
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A config that cannot be used: where it is wrong, why, and the fix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError(Box<Fault>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Fault {
    path: PathBuf,
    /// Counted from 1.
    line: usize,
    /// The dotted key, such as `model.particles`; empty for a syntax error.
    key: String,
    /// The fault in words, with the value.
    problem: String,
    /// The advice on what to write instead.
    fix: String,
    excerpt: Excerpt,
}

/// The part of a line that is shown, and the columns of it to point at.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Excerpt {
    text: String,
    column: usize,
    width: usize,
}

/// The largest number of characters of a line that is shown before a fault, and from there on.
const SHOWN: usize = LONGEST_QUOTE;

impl Excerpt {
    /// The part of a line that is shown where `width` characters from `column` on are at fault.
    fn new(line: &str, column: usize, width: usize) -> Self {
        let characters = || line.chars().skip(column.saturating_sub(SHOWN));
        let before: String = characters().take(column.min(SHOWN)).collect();
        let shown: String = characters().skip(column.min(SHOWN)).take(SHOWN).collect();
        let at_fault: String = shown.chars().take(width).collect();
        let is_cut = line.chars().nth(column + SHOWN).is_some();
        let [start, end] = [column > SHOWN, is_cut].map(|cut| if cut { "…" } else { "" });
        let before = format!("{start}{}", printable(&before));
        Excerpt {
            text: format!("{before}{}{end}", printable(&shown)),
            column: before.chars().count(),
            width: printable(&at_fault).chars().count().max(1),
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Fault {
            path,
            line,
            key,
            problem,
            fix,
            excerpt,
        } = &*self.0;
        let subject = if key.is_empty() {
            String::new()
        } else {
            format!("`{key}` ")
        };
        let number = line.to_string();
        let margin = " ".repeat(number.len());
        writeln!(f, "{}:{line}: {subject}{problem}", quoted_path(path))?;
        writeln!(f, " {margin} |")?;
        writeln!(f, " {number} | {}", excerpt.text)?;
        let indent = " ".repeat(excerpt.column);
        writeln!(f, " {margin} | {indent}{}", "^".repeat(excerpt.width))?;
        write!(f, " {margin} = fix: {fix}")
    }
}

impl std::error::Error for ConfigError {}

/// A config file's name and text.
#[derive(Debug)]
pub struct Source {
    path: PathBuf,
    text: String,
}

impl Source {
    /// The contents of the file of that name.
    ///
    /// # Errors
    ///
    /// If they are not UTF-8.
    pub fn new(path: &Path, contents: Vec<u8>) -> Result<Self, ConfigError> {
        let path = path.to_path_buf();
        match String::from_utf8(contents) {
            Ok(text) => Ok(Source { path, text }),
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
                let source = Source { path, text };
                Err(source.error(at..at, "", "this is not UTF-8", "save the file as UTF-8"))
            }
        }
    }

    /// The file's name.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The text.
    pub fn into_text(self) -> String {
        self.text
    }

    /// The top-level table.
    ///
    /// # Errors
    ///
    /// If the text is not TOML.
    pub fn parse(&self) -> Result<Spanned<DeTable<'_>>, ConfigError> {
        DeTable::parse(&self.text).map_err(|error| {
            let span = error.span().unwrap_or(0..0);
            let written = self.text.get(span.clone()).unwrap_or("");
            if error.message() == "duplicate key" && !written.is_empty() {
                return self.error(span, written, "is here twice", "write each key once");
            }
            let problem = format!("this is not TOML: {}", error.message());
            self.error(span, "", problem, "mend the syntax; see https://toml.io")
        })
    }

    /// The line of a byte, from 1.
    fn line(&self, at: usize) -> usize {
        self.text[..at].matches('\n').count() + 1
    }

    fn error(
        &self,
        span: Range<usize>,
        key: &str,
        problem: impl Into<String>,
        fix: impl Into<String>,
    ) -> ConfigError {
        // A fault at the end of the text is shown on its last line.
        let last = self.text.strip_suffix('\n').unwrap_or(&self.text).len();
        let start = (0..=span.start.min(last))
            .rfind(|&at| self.text.is_char_boundary(at))
            .unwrap_or(0);
        let before = &self.text[..start];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let text = self.text[line_start..].lines().next().unwrap_or("");
        let column = self.text[line_start..start].chars().count();
        let at_fault = self.text.get(span).unwrap_or("").lines().next();
        let width = at_fault.unwrap_or("").chars().count();
        ConfigError(Box::new(Fault {
            path: self.path.clone(),
            line: self.line(start),
            key: quoted(key),
            problem: printable(&problem.into()),
            fix: printable(&fix.into()),
            excerpt: Excerpt::new(text, column, width),
        }))
    }
}

/// A value with its dotted key.
#[derive(Debug, Clone)]
pub struct Node<'a> {
    source: &'a Source,
    key: String,
    value: &'a Spanned<DeValue<'a>>,
}

/// A table with its dotted key.
#[derive(Debug, Clone)]
pub struct Table<'a> {
    source: &'a Source,
    key: String,
    span: Range<usize>,
    table: &'a DeTable<'a>,
}

/// The folder from which the config at `path` names files.
pub fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("."))
}

fn dotted(prefix: &str, key: &str) -> String {
    if prefix.is_empty() {
        key.to_string()
    } else {
        format!("{prefix}.{key}")
    }
}

impl<'a> Table<'a> {
    /// The top-level table.
    pub fn top(source: &'a Source, table: &'a Spanned<DeTable<'a>>) -> Self {
        Table {
            source,
            key: String::new(),
            span: 0..0,
            table: table.get_ref(),
        }
    }

    /// The folder of the config, from which it names files.
    pub fn folder(&self) -> &'a Path {
        folder_of(&self.source.path)
    }

    /// The line on which the table begins, from 1.
    pub fn line(&self) -> usize {
        self.source.line(self.span.start)
    }

    /// Refuse keys other than these.
    ///
    /// # Errors
    ///
    /// If there is one; the nearest of these is suggested.
    pub fn only(&self, known: &[&str]) -> Result<(), ConfigError> {
        for key in self.table.keys() {
            let name = key.get_ref().as_ref();
            if !known.contains(&name) {
                return Err(self.unknown(key.span(), name, known));
            }
        }
        Ok(())
    }

    fn unknown(&self, span: Range<usize>, name: &str, known: &[&str]) -> ConfigError {
        let fix = match nearest(name, known.iter().copied()) {
            Some(candidate) => format!("did you mean `{candidate}`?"),
            None => format!("the keys here are {}", known.join(", ")),
        };
        self.source.error(
            span,
            &dotted(&self.key, name),
            "is not a key of this config",
            fix,
        )
    }

    /// The value of a key, if it is there.
    pub fn find(&self, key: &str) -> Option<Node<'a>> {
        let value = self.table.get(key)?;
        Some(Node {
            source: self.source,
            key: dotted(&self.key, key),
            value,
        })
    }

    /// The value of a key that must be there.
    ///
    /// # Errors
    ///
    /// If it is missing; `fix` says what to write.
    pub fn get(&self, key: &str, fix: &str) -> Result<Node<'a>, ConfigError> {
        self.find(key).ok_or_else(|| {
            let key = dotted(&self.key, key);
            self.source
                .error(self.span.clone(), &key, "is missing", fix)
        })
    }

    /// An error about this table as a whole, or one of its keys if given and
    /// there.
    pub fn error(
        &self,
        key: Option<&str>,
        problem: impl Into<String>,
        fix: impl Into<String>,
    ) -> ConfigError {
        match key.and_then(|key| self.find(key)) {
            Some(node) => node.error(problem, fix),
            None => {
                let name = key.map_or(self.key.clone(), |key| dotted(&self.key, key));
                self.source.error(self.span.clone(), &name, problem, fix)
            }
        }
    }
}

impl<'a> Node<'a> {
    /// The value as written.
    pub fn text(&self) -> &'a str {
        self.source.text.get(self.value.span()).unwrap_or("")
    }

    /// "= value: problem" with the place of this value.
    pub fn error(&self, problem: impl Into<String>, fix: impl Into<String>) -> ConfigError {
        let written: Vec<&str> = self.text().split_whitespace().collect();
        let written = written.join(" ");
        // The text of a section is its header.
        let header = [format!("[{}]", self.key), format!("[[{}]]", self.key)].contains(&written);
        let problem = if header {
            problem.into()
        } else {
            format!("= {}: {}", quoted(&written), problem.into())
        };
        self.source
            .error(self.value.span(), &self.key, problem, fix)
    }

    /// A table, whatever its keys.
    ///
    /// # Errors
    ///
    /// If it is no table; `fix` says what to write.
    pub fn table(&self, fix: &str) -> Result<Table<'a>, ConfigError> {
        let Some(table) = self.value.get_ref().as_table() else {
            return Err(self.error("must be a table", fix));
        };
        Ok(Table {
            source: self.source,
            key: self.key.clone(),
            span: self.value.span(),
            table,
        })
    }

    /// Whether it is a list.
    pub fn is_list(&self) -> bool {
        self.value.get_ref().is_array()
    }

    /// The elements of a list.
    ///
    /// # Errors
    ///
    /// If it is no list.
    pub fn list(&self, fix: &str) -> Result<Vec<Node<'a>>, ConfigError> {
        let Some(array) = self.value.get_ref().as_array() else {
            return Err(self.error("must be a list", fix));
        };
        let node = |(index, value)| Node {
            source: self.source,
            key: format!("{}[{index}]", self.key),
            value,
        };
        Ok(array.iter().enumerate().map(node).collect())
    }

    /// Whether it is a string.
    pub fn is_string(&self) -> bool {
        self.value.get_ref().is_str()
    }

    /// A string.
    ///
    /// # Errors
    ///
    /// If it is none.
    pub fn string(&self, fix: &str) -> Result<&'a str, ConfigError> {
        self.value
            .get_ref()
            .as_str()
            .ok_or_else(|| self.error("must be a string in quotes", fix))
    }

    /// One of some words.
    ///
    /// # Errors
    ///
    /// If it is none of them.
    pub fn one_of<T: Copy>(&self, choices: &[(&str, T)]) -> Result<T, ConfigError> {
        let words: Vec<String> = choices
            .iter()
            .map(|(word, _)| format!("\"{word}\""))
            .collect();
        let fix = format!("choose one of {}", words.join(", "));
        let written = self.string(&fix)?;
        choices
            .iter()
            .find(|(word, _)| *word == written)
            .map(|(_, choice)| *choice)
            .ok_or_else(|| self.error("is not one of the choices", fix))
    }

    /// A finite number; whole numbers count.
    ///
    /// # Errors
    ///
    /// If it is no number, NaN, infinite, or too small to be represented without being 0.
    pub fn number(&self, fix: &str) -> Result<f64, ConfigError> {
        let parsed = match self.value.get_ref() {
            DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str().parse().ok(),
            DeValue::Float(float) => float.as_str().parse().ok(),
            _ => None,
        };
        let number: f64 = parsed.ok_or_else(|| self.error("must be a number", fix))?;
        if is_underflow(self.text(), number) {
            let fix = "write 0 if it is meant, or choose units in which it is of moderate size";
            return Err(self.error("it is too small to be represented", fix));
        }
        if number.is_finite() {
            Ok(number)
        } else {
            Err(self.error("must be a finite number", fix))
        }
    }

    /// A list of finite numbers.
    ///
    /// # Errors
    ///
    /// If it is none.
    pub fn numbers(&self, fix: &str) -> Result<Vec<f64>, ConfigError> {
        self.list(fix)?
            .iter()
            .map(|node| node.number(fix))
            .collect()
    }

    /// A whole number from `least` to `most`.
    ///
    /// # Errors
    ///
    /// If it is none.
    pub fn whole(&self, least: u64, most: u64, fix: &str) -> Result<u64, ConfigError> {
        let parsed: Option<i128> = match self.value.get_ref() {
            DeValue::Integer(integer) => {
                i128::from_str_radix(integer.as_str(), integer.radix()).ok()
            }
            _ => None,
        };
        let wanted = format!("must be a whole number from {least} to {most}");
        parsed
            .and_then(|number| u64::try_from(number).ok())
            .filter(|number| (least..=most).contains(number))
            .ok_or_else(|| self.error(wanted, fix))
    }
}
