//! The empirical law of measured velocities.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use num_complex::Complex64;

use super::column::{DataFile, read_column};
use super::validate::{location, not_empty};
use super::written::{VELOCITY, Written};
use super::{Distribution, LawError, Level, compensated_sum, polar_minus, power};
use crate::key::kind::{Parameter, Text};
use crate::key::reader::{ConfigError, Table};
use crate::key::{Declared, Key};
use crate::text::quote::{quoted, quoted_path};
use serde_json::{Value, json};

/// The empirical measure (1/n) Σ_k δ_{x_k} of n values.
///
/// Moments are those of the measure itself (the variance has divisor n). The characteristic function costs n
/// evaluations of sine and cosine. Two empirical laws are equal if their values are equal, whatever files these come
/// from.
#[derive(Debug, Clone)]
pub struct Empirical {
    /// Ascending; repeated values stay. Copies of the law share them.
    values: Arc<[f64]>,
    mean: f64,
    variance: f64,
    third: f64,
    fourth: f64,
    /// The number that was added to each value.
    shift: f64,
    /// The file that the values were read from.
    source: Option<DataFile>,
}

impl PartialEq for Empirical {
    fn eq(&self, other: &Empirical) -> bool {
        self.values == other.values
    }
}

/// The reason why a column of a CSV file is not a law.
#[derive(thiserror::Error, Debug)]
pub enum EmpiricalError {
    /// The file does not exist, cannot be read, or is too long.
    #[error(
        "cannot read `{}`: {reason}; check the path and the format",
        quoted_path(path)
    )]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The reason that the system gives.
        reason: std::io::Error,
    },
    /// The file has no line but blank ones.
    #[error(
        "`{}` is empty; give it a header line and at least one value",
        quoted_path(path)
    )]
    NoHeader {
        /// The file.
        path: PathBuf,
    },
    /// The header line has no such column.
    #[error(
        "`{}` has no column `{}`; {}",
        quoted_path(path),
        quoted(column),
        column_advice(nearest, available)
    )]
    NoSuchColumn {
        /// The file.
        path: PathBuf,
        /// The column asked for.
        column: String,
        /// The columns of the header line.
        available: Vec<String>,
        /// The column with the least edit distance, if it is small.
        nearest: Option<String>,
    },
    /// There is a header line but no row.
    #[error(
        "`{}` has no rows below its header line; give at least one value",
        quoted_path(path)
    )]
    NoRows {
        /// The file.
        path: PathBuf,
    },
    /// A line cannot be used.
    #[error("`{}`, line {line}: {problem}; {fix}", quoted_path(path))]
    BadLine {
        /// The file.
        path: PathBuf,
        /// Line in the file, from 1.
        line: u64,
        /// The problem with the line.
        problem: String,
        /// The way to correct it.
        fix: &'static str,
    },
    /// The numbers, once shifted, are not a law.
    #[error(transparent)]
    Law(#[from] LawError),
}

/// The number of columns that are named where one is missing.
const NAMED: usize = 8;

fn column_advice(nearest: &Option<String>, available: &[String]) -> String {
    let names = available.iter().take(NAMED);
    let names: Vec<String> = names
        .map(|column| format!("`{}`", quoted(column)))
        .collect();
    let more = match available.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let list = names.join(", ") + &more;
    match nearest {
        Some(name) => format!("did you mean `{name}`? Its columns are {list}"),
        None => format!("its first line gives the columns {list}"),
    }
}

impl Empirical {
    /// The empirical law of `values`, each increased by `shift` (minus the mean centres measured data).
    ///
    /// # Errors
    /// If there are no values, or a value, the shift or their sum is not finite or too large.
    pub fn new(mut values: Vec<f64>, shift: f64) -> Result<Empirical, LawError> {
        not_empty("values", &values)?;
        location(SHIFT.name, shift)?;
        for value in &mut values {
            location("values", *value)?;
            *value += shift;
            location("values", *value)?;
        }
        values.sort_unstable_by(f64::total_cmp);
        let count = values.len() as f64;
        let average = |power: &dyn Fn(f64) -> f64| {
            compensated_sum(values.iter().map(|&value| power(value))) / count
        };
        // Deviations are measured from a value in the middle, so that the mean of nearly equal values keeps its digits.
        let origin = values[values.len() / 2];
        let mean = origin + average(&|value| value - origin);
        let variance = average(&|value| (value - mean) * (value - mean));
        let third = average(&|value| (value - mean) * (value - mean) * (value - mean));
        let fourth =
            average(&|value| ((value - mean) * (value - mean)) * ((value - mean) * (value - mean)));
        Ok(Empirical {
            mean,
            variance,
            third,
            fourth,
            shift,
            source: None,
            values: values.into(),
        })
    }

    /// The empirical law of one column of a CSV file in a folder, each value increased by `shift`.
    ///
    /// The file has at most [`LONGEST_DATA`](crate::text::input::LONGEST_DATA) bytes of UTF-8, with or without a byte order
    /// mark. Its first line is the header; `column` must equal one of its fields, white space around fields apart, and
    /// no name may be in it twice. Every other line has as many fields as the header; blank lines are skipped,
    /// whatever the number of columns.
    ///
    /// # Errors
    /// See [`EmpiricalError`]; the message names the file, and the line where one is at fault.
    pub fn from_csv(
        folder: &Path,
        file: &str,
        column: &str,
        shift: f64,
    ) -> Result<Empirical, EmpiricalError> {
        let (values, source) = read_column(folder, file, column)?;
        let law = Empirical::new(values, shift)?;
        Ok(Empirical {
            source: Some(source),
            ..law
        })
    }

    /// The file that the values were read from; `None` if they were not read from a file.
    pub fn source(&self) -> Option<&DataFile> {
        self.source.as_ref()
    }

    /// The number of values n.
    pub fn count(&self) -> usize {
        self.values.len()
    }

    /// P(V ≤ the value of rank `count`), the same expression wherever a level is formed.
    fn level(&self, count: usize) -> f64 {
        count as f64 / self.values.len() as f64
    }
}

static FILE: Key<Empirical, Text> = Key {
    name: "file",
    kind: Text,
    default: None,
    unit: None,
    meaning: "Path of a CSV file, from the folder of the config.",
    example: "\"velocities.csv\"",
    fix: Some("write file = and the path of a CSV file, from this config's folder"),
    of: |law| (law.source.as_ref()).map_or_else(String::new, |source| source.file.clone()),
};

static COLUMN: Key<Empirical, Text> = Key {
    name: "column",
    kind: Text,
    default: None,
    unit: None,
    meaning: "Name of the column that holds the velocities.",
    example: "\"v\"",
    fix: Some("write column = and the name of the column with the velocities"),
    of: |law| (law.source.as_ref()).map_or_else(String::new, |source| source.column.clone()),
};

static SHIFT: Key<Empirical, Parameter> = Key {
    name: "shift",
    kind: Parameter::LOCATION,
    default: Some(0.0),
    unit: VELOCITY,
    meaning: "Number that is added to each velocity.",
    example: "0.0",
    fix: None,
    of: |law| law.shift,
};

impl Written for Empirical {
    const NAME: &'static str = "empirical";
    const MEANING: &'static str =
        "The empirical measure of measured velocities, a column of a CSV file.";
    const PARAMETERS: &'static [&'static dyn Declared<Empirical>] = &[&FILE, &COLUMN, &SHIFT];

    fn read(table: &Table) -> Result<Empirical, ConfigError> {
        let [file, column] = [FILE.read(table)?, COLUMN.read(table)?];
        let law = Empirical::from_csv(table.folder(), &file, &column, SHIFT.read(table)?);
        law.map_err(|error| {
            let (key, fix) = match error {
                EmpiricalError::Law(error) if error.parameter == SHIFT.name => {
                    return table.error(Some(SHIFT.name), error.problem, error.fix);
                }
                EmpiricalError::Unreadable { .. } => {
                    (FILE.name, "name a CSV file that can be read")
                }
                EmpiricalError::NoSuchColumn { .. } => (COLUMN.name, "name a column of that file"),
                _ => (FILE.name, "mend the data, or name another file or column"),
            };
            table.error(Some(key), error.to_string(), fix)
        })
    }

    fn parameters(&self) -> Vec<(&'static str, Value)> {
        // Values that were not read from a file have no place.
        let has_place = self.source.is_some();
        let place = [FILE.name, COLUMN.name];
        let declared = Self::PARAMETERS
            .iter()
            .map(|key| (key.name(), key.json(self)));
        let declared = declared.filter(|(name, _)| has_place || !place.contains(name));
        let derived = [
            ("count", json!(self.values.len())),
            ("mean", json!(self.mean)),
            ("sd", json!(self.variance.sqrt())),
        ];
        declared.chain(derived).collect()
    }
}

impl Distribution for Empirical {
    fn quantile_at(&self, lower: f64, _upper: f64) -> f64 {
        // Steps of 1/n are far wider than the spacing of numbers near 1, so the lower level decides everywhere.
        let count = self.values.len();
        // The smallest k with k/n ≥ p. The product may round across a level, hence the corrections.
        let mut rank = (libm::ceil(lower * count as f64) as usize).clamp(1, count);
        while rank > 1 && self.level(rank - 1) >= lower {
            rank -= 1;
        }
        while rank < count && self.level(rank) < lower {
            rank += 1;
        }
        self.values[rank - 1]
    }

    fn cdf(&self, x: f64) -> f64 {
        self.level(self.values.partition_point(|&value| value <= x))
    }

    fn mean(&self) -> f64 {
        self.mean
    }

    fn variance(&self) -> f64 {
        self.variance
    }

    fn third_central_moment(&self) -> Option<f64> {
        Some(self.third)
    }

    fn fourth_central_moment(&self) -> Option<f64> {
        Some(self.fourth)
    }

    fn higher_central_moment(&self, order: u32) -> Option<f64> {
        let powers = self
            .values
            .iter()
            .map(|value| power(value - self.mean, order));
        Some(compensated_sum(powers) / self.values.len() as f64)
    }

    fn characteristic(&self, xi: f64) -> Complex64 {
        let sum: Complex64 = self
            .values
            .iter()
            .map(|value| polar_minus(1.0, value * xi))
            .sum();
        sum / self.values.len() as f64
    }

    fn jump_levels(&self) -> Vec<Level> {
        let count = self.values.len();
        (1..count)
            .filter(|&rank| self.values[rank - 1] < self.values[rank])
            .map(|rank| Level {
                lower: self.level(rank),
                upper: self.level(count - rank),
            })
            .collect()
    }

    fn highest_density(&self) -> Option<f64> {
        None
    }

    fn tail_exponent(&self) -> f64 {
        0.0
    }
}
