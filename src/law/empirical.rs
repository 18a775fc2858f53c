//! The empirical law of measured velocities.

use std::path::{Path, PathBuf};

use num_complex::Complex64;

use super::validate::{location, not_empty};
use super::{Distribution, LawError, Level, compensated_sum, polar_minus, power};

/// The empirical measure (1/n) Σ_k δ_{x_k} of n values.
///
/// Moments are those of the measure itself (the variance has divisor n). The characteristic function costs n
/// evaluations of sine and cosine.
#[derive(Debug, Clone, PartialEq)]
pub struct Empirical {
    /// Ascending; repeated values stay.
    values: Vec<f64>,
    mean: f64,
    variance: f64,
    third: f64,
    fourth: f64,
}

/// Why a column of a CSV file is not a law.
#[derive(thiserror::Error, Debug)]
pub enum EmpiricalError {
    /// The file does not exist or cannot be read as CSV.
    #[error("cannot read `{}`: {reason}; check the path and the format", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system or the CSV reader said.
        reason: String,
    },
    /// The header line has no such column.
    #[error("`{}` has no column `{column}`; {}", path.display(), column_advice(nearest, available))]
    NoSuchColumn {
        /// The file.
        path: PathBuf,
        /// The column asked for.
        column: String,
        /// The columns of the header line.
        available: Vec<String>,
        /// The one with the least edit distance, if it is small.
        nearest: Option<String>,
    },
    /// There is a header line but no row.
    #[error("`{}` has no rows below its header line; give at least one value", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// A field is not a number.
    #[error("`{}`, line {line}: `{text}` in column `{column}` is not a number; correct or remove the line", path.display())]
    NotANumber {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// Line in the file, from 1.
        line: u64,
        /// The field; empty if the row is too short.
        text: String,
    },
    /// A field reads as NaN or infinity, or overflows.
    #[error("`{}`, line {line}: `{text}` in column `{column}` is not finite; correct or remove the line", path.display())]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// Line in the file, from 1.
        line: u64,
        /// The field.
        text: String,
    },
    /// The numbers, once shifted, are not a law.
    #[error(transparent)]
    Law(#[from] LawError),
}

fn column_advice(nearest: &Option<String>, available: &[String]) -> String {
    let list = available
        .iter()
        .map(|column| format!("`{column}`"))
        .collect::<Vec<_>>()
        .join(", ");
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
        location("shift", shift)?;
        for value in &mut values {
            location("values", *value)?;
            *value += shift;
            location("values", *value)?;
        }
        values.sort_by(f64::total_cmp);
        let count = values.len() as f64;
        let average = |power: &dyn Fn(f64) -> f64| {
            compensated_sum(values.iter().map(|&value| power(value))) / count
        };
        // Measured from a value in the middle, so that the mean of nearly equal values keeps its digits.
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
            values,
        })
    }

    /// The empirical law of one column of a CSV file, each value increased by `shift`.
    ///
    /// The first line is the header; `column` must equal one of its fields, white space around fields apart (the
    /// first of that name counts). Blank lines are skipped.
    ///
    /// # Errors
    /// See [`EmpiricalError`]; the message names the file, the column, and the line where one is at fault.
    pub fn from_csv(path: &Path, column: &str, shift: f64) -> Result<Empirical, EmpiricalError> {
        Ok(Empirical::new(read_column(path, column)?, shift)?)
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

fn read_column(path: &Path, column: &str) -> Result<Vec<f64>, EmpiricalError> {
    let unreadable = |error: csv::Error| EmpiricalError::Unreadable {
        path: path.to_path_buf(),
        reason: error.to_string(),
    };
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .flexible(true)
        .from_path(path)
        .map_err(unreadable)?;
    let available: Vec<String> = reader
        .byte_headers()
        .map_err(unreadable)?
        .iter()
        .map(|field| String::from_utf8_lossy(field).into_owned())
        .collect();
    let Some(index) = available.iter().position(|name| name == column) else {
        let nearest = nearest_name(column, &available);
        return Err(EmpiricalError::NoSuchColumn {
            path: path.to_path_buf(),
            column: column.to_owned(),
            available,
            nearest,
        });
    };
    let mut values = Vec::new();
    for record in reader.byte_records() {
        let record = record.map_err(unreadable)?;
        let text = String::from_utf8_lossy(record.get(index).unwrap_or_default()).into_owned();
        match text.parse::<f64>() {
            Ok(value) if value.is_finite() => values.push(value),
            parsed => {
                let line = record
                    .position()
                    .map_or(0, |position| line_of_record(path, position));
                let (path, column) = (path.to_path_buf(), column.to_owned());
                return Err(match parsed {
                    Ok(_) => EmpiricalError::NotFinite {
                        path,
                        column,
                        line,
                        text,
                    },
                    Err(_) => EmpiricalError::NotANumber {
                        path,
                        column,
                        line,
                        text,
                    },
                });
            }
        }
    }
    if values.is_empty() {
        return Err(EmpiricalError::Empty {
            path: path.to_path_buf(),
        });
    }
    Ok(values)
}

/// The line on which a record starts. The reader's own number is that of the blank lines before the record, if
/// there are any, so they are skipped here.
fn line_of_record(path: &Path, position: &csv::Position) -> u64 {
    let Ok(bytes) = std::fs::read(path) else {
        return position.line();
    };
    let start = (position.byte() as usize).min(bytes.len());
    let blank = bytes[start..]
        .iter()
        .take_while(|byte| matches!(byte, b'\n' | b'\r'));
    position.line() + blank.filter(|&&byte| byte == b'\n').count() as u64
}

/// The name with the least edit distance, if that is at most a third of the longer name (and at least 1).
fn nearest_name(wanted: &str, available: &[String]) -> Option<String> {
    let lowercase = wanted.to_lowercase();
    available
        .iter()
        .map(|name| {
            (
                strsim::damerau_levenshtein(&lowercase, &name.to_lowercase()),
                name,
            )
        })
        .filter(|(distance, name)| {
            *distance <= (name.chars().count().max(wanted.chars().count()) / 3).max(1)
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name.clone())
}

impl Distribution for Empirical {
    fn name(&self) -> &'static str {
        "empirical"
    }

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

    fn has_density(&self) -> bool {
        false
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
}
