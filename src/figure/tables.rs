//! Typed reading of the CSV tables that the figures show.
//!
//! An empty cell means "no value" and becomes NaN, which no drawing function draws: neither a
//! missing standard error nor a missing exact value can be mistaken for 0.

use std::collections::BTreeMap;
use std::path::Path;

use csv::{ErrorKind, StringRecord};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use super::FigureError;

/// A row of one of the tables.
pub(super) trait Row: DeserializeOwned {
    /// The table's file name.
    const FILE: &'static str;
    /// The columns that must be there; further ones are ignored.
    const COLUMNS: &'static [&'static str];
}

/// A row about one number of particles.
pub(super) trait AtParticles: Row {
    /// The number of particles N.
    fn particles(&self) -> u64;
}

/// E‖Δ‖² against time, summed over particles.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Discrepancy {
    pub(super) particles: u64,
    #[serde(deserialize_with = "number")]
    pub(super) time: f64,
    #[serde(deserialize_with = "number")]
    pub(super) mean: f64,
    #[serde(deserialize_with = "number")]
    pub(super) std_error: f64,
    #[serde(deserialize_with = "number")]
    pub(super) exact_mean: f64,
    #[serde(deserialize_with = "number")]
    pub(super) z: f64,
    #[serde(deserialize_with = "number")]
    pub(super) bound: f64,
    /// Whether the normal approximation behind z is trusted here; empty or absent: nothing is said.
    #[serde(default)]
    pub(super) trusted: Option<bool>,
}

impl Row for Discrepancy {
    const FILE: &'static str = "discrepancy.csv";
    const COLUMNS: &'static [&'static str] = &[
        "particles",
        "time",
        "mean",
        "std_error",
        "exact_mean",
        "z",
        "bound",
    ];
}

impl AtParticles for Discrepancy {
    fn particles(&self) -> u64 {
        self.particles
    }
}

/// The bracket of W₂² against time, squared and per particle.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Wasserstein {
    pub(super) particles: u64,
    #[serde(deserialize_with = "number")]
    pub(super) time: f64,
    #[serde(deserialize_with = "number")]
    pub(super) gelbrich_lower: f64,
    #[serde(deserialize_with = "number")]
    pub(super) w2_squared: f64,
    #[serde(deserialize_with = "number")]
    pub(super) std_error: f64,
    #[serde(deserialize_with = "number")]
    pub(super) coupling_upper: f64,
    #[serde(deserialize_with = "number")]
    pub(super) bound: f64,
    #[serde(deserialize_with = "number")]
    pub(super) coupling_std_error: f64,
    #[serde(deserialize_with = "number")]
    pub(super) lower_limit: f64,
    #[serde(deserialize_with = "number")]
    pub(super) upper_limit: f64,
}

impl Row for Wasserstein {
    const FILE: &'static str = "wasserstein.csv";
    const COLUMNS: &'static [&'static str] = &[
        "particles",
        "time",
        "gelbrich_lower",
        "w2_squared",
        "std_error",
        "coupling_upper",
        "bound",
        "coupling_std_error",
        "lower_limit",
        "upper_limit",
    ];
}

impl AtParticles for Wasserstein {
    fn particles(&self) -> u64 {
        self.particles
    }
}

/// All that bounds W₂² at a time, squared and per particle.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Bounds {
    pub(super) particles: u64,
    #[serde(deserialize_with = "number")]
    pub(super) time: f64,
    #[serde(deserialize_with = "number")]
    pub(super) gelbrich_lower: f64,
    #[serde(deserialize_with = "number")]
    pub(super) coupling_upper: f64,
    #[serde(deserialize_with = "number")]
    pub(super) coupling_std_error: f64,
    #[serde(deserialize_with = "number")]
    pub(super) bound: f64,
    #[serde(deserialize_with = "number")]
    pub(super) dual_lower: f64,
    #[serde(deserialize_with = "number")]
    pub(super) pooled_upper: f64,
    #[serde(deserialize_with = "number")]
    pub(super) lower_limit: f64,
    #[serde(deserialize_with = "number")]
    pub(super) upper_limit: f64,
}

impl Row for Bounds {
    const FILE: &'static str = "wasserstein.csv";
    const COLUMNS: &'static [&'static str] = &[
        "particles",
        "time",
        "gelbrich_lower",
        "coupling_upper",
        "coupling_std_error",
        "bound",
        "dual_lower",
        "pooled_upper",
        "lower_limit",
        "upper_limit",
    ];
}

impl AtParticles for Bounds {
    fn particles(&self) -> u64 {
        self.particles
    }
}

/// Moments of either system against time.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Moment {
    pub(super) particles: u64,
    #[serde(deserialize_with = "number")]
    pub(super) time: f64,
    pub(super) system: String,
    pub(super) moment: String,
    #[serde(deserialize_with = "number")]
    pub(super) mean: f64,
    #[serde(deserialize_with = "number")]
    pub(super) std_error: f64,
    #[serde(deserialize_with = "number")]
    pub(super) exact: f64,
    #[serde(deserialize_with = "number")]
    pub(super) z: f64,
}

impl Row for Moment {
    const FILE: &'static str = "moments.csv";
    const COLUMNS: &'static [&'static str] = &[
        "particles",
        "time",
        "system",
        "moment",
        "mean",
        "std_error",
        "exact",
        "z",
    ];
}

impl AtParticles for Moment {
    fn particles(&self) -> u64 {
        self.particles
    }
}

/// What a column that is not there says.
fn unknown() -> f64 {
    f64::NAN
}

/// A quantity against the number of particles.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Scaling {
    pub(super) particles: u64,
    pub(super) quantity: String,
    #[serde(deserialize_with = "number")]
    pub(super) value: f64,
    #[serde(deserialize_with = "number")]
    pub(super) std_error: f64,
    #[serde(deserialize_with = "number")]
    pub(super) exact: f64,
    #[serde(default = "unknown", deserialize_with = "number")]
    pub(super) exact_std_error: f64,
    #[serde(deserialize_with = "number")]
    pub(super) lower_limit: f64,
    #[serde(deserialize_with = "number")]
    pub(super) upper_limit: f64,
}

impl Row for Scaling {
    const FILE: &'static str = "scaling.csv";
    const COLUMNS: &'static [&'static str] = &[
        "particles",
        "quantity",
        "value",
        "std_error",
        "exact",
        "lower_limit",
        "upper_limit",
    ];
}

impl AtParticles for Scaling {
    fn particles(&self) -> u64 {
        self.particles
    }
}

/// How a quantity grows with the number of particles.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Exponent {
    pub(super) quantity: String,
    #[serde(deserialize_with = "number")]
    pub(super) exponent: f64,
    #[serde(deserialize_with = "number")]
    pub(super) std_error: f64,
    #[serde(deserialize_with = "number")]
    pub(super) ci_low: f64,
    #[serde(deserialize_with = "number")]
    pub(super) ci_high: f64,
    #[serde(deserialize_with = "number")]
    pub(super) exact: f64,
    #[serde(deserialize_with = "number")]
    pub(super) limit: f64,
    pub(super) power_law: bool,
}

impl Row for Exponent {
    const FILE: &'static str = "exponents.csv";
    const COLUMNS: &'static [&'static str] = &[
        "quantity",
        "exponent",
        "std_error",
        "ci_low",
        "ci_high",
        "exact",
        "limit",
        "power_law",
    ];
}

/// A verdict on a claim.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Verdict {
    pub(super) claim: String,
    pub(super) clock: String,
    pub(super) particles: u64,
    pub(super) verdict: String,
    pub(super) quantity: String,
}

impl Row for Verdict {
    const FILE: &'static str = "verdicts.csv";
    const COLUMNS: &'static [&'static str] =
        &["claim", "clock", "particles", "verdict", "quantity"];
}

impl AtParticles for Verdict {
    fn particles(&self) -> u64 {
        self.particles
    }
}

/// How many seeds' intervals cover the exact value.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Calibration {
    pub(super) particles: u64,
    pub(super) clock: String,
    pub(super) quantity: String,
    pub(super) estimate: String,
    #[serde(deserialize_with = "number")]
    pub(super) seeds: f64,
    #[serde(deserialize_with = "number")]
    pub(super) confidence: f64,
    #[serde(deserialize_with = "number")]
    pub(super) coverage: f64,
    #[serde(deserialize_with = "number")]
    pub(super) limit_low: f64,
    #[serde(deserialize_with = "number")]
    pub(super) limit_high: f64,
    #[serde(deserialize_with = "number")]
    pub(super) below: f64,
    #[serde(deserialize_with = "number")]
    pub(super) above: f64,
    #[serde(deserialize_with = "number")]
    pub(super) tail_limit_low: f64,
    #[serde(deserialize_with = "number")]
    pub(super) tail_limit_high: f64,
    #[serde(deserialize_with = "number")]
    pub(super) relative_variance: f64,
    pub(super) trusted: bool,
}

impl Calibration {
    /// Whether the exact value is covered more seldom than by chance.
    pub(super) fn under_covers(&self) -> bool {
        self.coverage * self.seeds < self.limit_low - 0.5
    }
}

impl Row for Calibration {
    const FILE: &'static str = "calibration.csv";
    const COLUMNS: &'static [&'static str] = &[
        "particles",
        "clock",
        "quantity",
        "estimate",
        "seeds",
        "confidence",
        "coverage",
        "limit_low",
        "limit_high",
        "below",
        "above",
        "tail_limit_low",
        "tail_limit_high",
        "relative_variance",
        "trusted",
    ];
}

impl AtParticles for Calibration {
    fn particles(&self) -> u64 {
        self.particles
    }
}

/// A quantity of the steady state.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct SteadyState {
    pub(super) particles: u64,
    pub(super) quantity: String,
    #[serde(deserialize_with = "number")]
    pub(super) value: f64,
    #[serde(deserialize_with = "number")]
    pub(super) std_error: f64,
    #[serde(deserialize_with = "number")]
    pub(super) exact: f64,
    #[serde(deserialize_with = "number")]
    pub(super) z: f64,
    #[serde(deserialize_with = "number")]
    pub(super) pair_per_bath: f64,
    pub(super) bath: String,
}

impl Row for SteadyState {
    const FILE: &'static str = "steady_state.csv";
    const COLUMNS: &'static [&'static str] = &[
        "particles",
        "quantity",
        "value",
        "std_error",
        "exact",
        "z",
        "pair_per_bath",
        "bath",
    ];
}

impl AtParticles for SteadyState {
    fn particles(&self) -> u64 {
        self.particles
    }
}

/// The density of one velocity in the steady state.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct SteadyDensity {
    pub(super) particles: u64,
    #[serde(deserialize_with = "number")]
    pub(super) low: f64,
    #[serde(deserialize_with = "number")]
    pub(super) high: f64,
    #[serde(deserialize_with = "number")]
    pub(super) density: f64,
    #[serde(deserialize_with = "number")]
    pub(super) std_error: f64,
    #[serde(deserialize_with = "number")]
    pub(super) bath_density: f64,
    #[serde(deserialize_with = "number")]
    pub(super) maxwellian: f64,
}

impl Row for SteadyDensity {
    const FILE: &'static str = "steady_density.csv";
    const COLUMNS: &'static [&'static str] = &[
        "particles",
        "low",
        "high",
        "density",
        "std_error",
        "bath_density",
        "maxwellian",
    ];
}

impl AtParticles for SteadyDensity {
    fn particles(&self) -> u64 {
        self.particles
    }
}

/// The exact excess kurtosis of the steady state along κ/β.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct SteadyKurtosis {
    pub(super) particles: u64,
    #[serde(deserialize_with = "number")]
    pub(super) pair_per_bath: f64,
    #[serde(deserialize_with = "number")]
    pub(super) excess_kurtosis: f64,
    #[serde(deserialize_with = "number")]
    pub(super) limit: f64,
}

impl Row for SteadyKurtosis {
    const FILE: &'static str = "steady_kurtosis.csv";
    const COLUMNS: &'static [&'static str] =
        &["particles", "pair_per_bath", "excess_kurtosis", "limit"];
}

impl AtParticles for SteadyKurtosis {
    fn particles(&self) -> u64 {
        self.particles
    }
}

fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::<f64>::deserialize(deserializer)?.unwrap_or(f64::NAN))
}

/// Reads a table from a folder, in the order of the file.
pub(super) fn read<R: Row>(folder: &Path) -> Result<Vec<R>, FigureError> {
    let path = folder.join(R::FILE);
    let mut reader = csv::Reader::from_path(&path).map_err(|error| unreadable(&path, &error))?;
    let headers = reader
        .headers()
        .map_err(|error| unreadable(&path, &error))?
        .clone();
    require_columns::<R>(&path, &headers)?;
    let rows = reader
        .deserialize()
        .map(|row| row.map_err(|error| malformed(&path, &headers, &error)))
        .collect::<Result<Vec<R>, _>>()?;
    if rows.is_empty() {
        return Err(FigureError::no_data(&path, "rows"));
    }
    Ok(rows)
}

/// As [`read`], of a table that need not be there: then it has no rows.
pub(super) fn read_if_there<R: Row>(folder: &Path) -> Result<Vec<R>, FigureError> {
    match folder.join(R::FILE).is_file() {
        true => read(folder),
        false => Ok(vec![]),
    }
}

fn require_columns<R: Row>(path: &Path, headers: &StringRecord) -> Result<(), FigureError> {
    let missing = |column: &&&str| !headers.iter().any(|header| header == **column);
    match R::COLUMNS.iter().find(missing) {
        None => Ok(()),
        Some(column) => Err(FigureError::MissingColumn {
            file: path.to_owned(),
            column: (*column).to_owned(),
        }),
    }
}

fn unreadable(path: &Path, error: &csv::Error) -> FigureError {
    FigureError::Unreadable {
        file: path.to_owned(),
        reason: error.to_string(),
    }
}

fn malformed(path: &Path, headers: &StringRecord, error: &csv::Error) -> FigureError {
    let (column, reason) = match error.kind() {
        ErrorKind::Deserialize { err, .. } => (
            err.field()
                .and_then(|field| headers.get(usize::try_from(field).ok()?)),
            err.kind().to_string(),
        ),
        ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => (
            None,
            format!("{len} cells where the header has {expected_len}"),
        ),
        _ => (None, error.to_string()),
    };
    FigureError::Malformed {
        file: path.to_owned(),
        line: error.position().map_or(0, csv::Position::line),
        column: column.unwrap_or("(whole row)").to_owned(),
        reason,
    }
}

/// Groups rows by the number of particles, ascending, keeping their order within a group.
pub(super) fn by_particles<'a, R: AtParticles>(
    rows: impl IntoIterator<Item = &'a R>,
) -> BTreeMap<u64, Vec<&'a R>> {
    let mut groups = BTreeMap::<u64, Vec<&R>>::new();
    for row in rows {
        groups.entry(row.particles()).or_default().push(row);
    }
    groups
}
