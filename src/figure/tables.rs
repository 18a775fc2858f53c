//! Typed reading of the CSV tables that the figures show.
//!
//! What is read is what a run can have written: a cell is a number where its column holds numbers,
//! it is empty only where there may be no value, and a row has the cells that the header says.
//! Anything else is an error that names file, line and column.
//!
//! An empty cell becomes NaN, which no drawing function draws: neither a missing standard error nor
//! a missing exact value can be mistaken for 0. A cell that says NaN is an error.

use std::collections::BTreeMap;
use std::path::Path;

use csv::{ErrorKind, Position, StringRecord};

use super::{FigureError, TableSet};
use crate::model::Clock;

/// A row of one of the tables.
pub(super) trait Row: Sized {
    /// The table's file name.
    const FILE: &'static str;

    /// The row with these cells. Columns that it does not ask for are ignored.
    fn of(cells: &Cells) -> Result<Self, FigureError>;
}

/// A row about one number of particles.
pub(super) trait AtParticles: Row {
    /// The number of particles N.
    fn particles(&self) -> u64;
}

/// E‖Δ‖² against time, summed over particles.
#[derive(Clone, Debug)]
pub(super) struct Discrepancy {
    pub(super) particles: u64,
    pub(super) time: f64,
    pub(super) mean: f64,
    pub(super) std_error: f64,
    pub(super) exact_mean: f64,
    pub(super) z: f64,
    pub(super) bound: f64,
    /// Whether the normal approximation behind z is trusted here; empty or absent: nothing is said.
    pub(super) trusted: Option<bool>,
}

impl Row for Discrepancy {
    const FILE: &'static str = "discrepancy.csv";

    fn of(cells: &Cells) -> Result<Self, FigureError> {
        Ok(Self {
            particles: cells.count("particles")?,
            time: cells.number("time")?,
            mean: cells.number("mean")?,
            std_error: cells.number_or_empty("std_error")?,
            exact_mean: cells.number_or_empty("exact_mean")?,
            z: cells.score("z")?,
            bound: cells.number("bound")?,
            trusted: cells.flag_if_there("trusted")?,
        })
    }
}

impl AtParticles for Discrepancy {
    fn particles(&self) -> u64 {
        self.particles
    }
}

/// The bracket of W₂² against time, squared and per particle.
#[derive(Clone, Debug)]
pub(super) struct Wasserstein {
    pub(super) particles: u64,
    pub(super) time: f64,
    pub(super) gelbrich_lower: f64,
    pub(super) w2_squared: f64,
    pub(super) std_error: f64,
    pub(super) coupling_upper: f64,
    pub(super) bound: f64,
    pub(super) coupling_std_error: f64,
    pub(super) lower_limit: f64,
    pub(super) upper_limit: f64,
}

impl Row for Wasserstein {
    const FILE: &'static str = "wasserstein.csv";

    fn of(cells: &Cells) -> Result<Self, FigureError> {
        Ok(Self {
            particles: cells.count("particles")?,
            time: cells.number("time")?,
            gelbrich_lower: cells.number("gelbrich_lower")?,
            w2_squared: cells.number_or_empty("w2_squared")?,
            std_error: cells.number_or_empty("std_error")?,
            coupling_upper: cells.number_or_empty("coupling_upper")?,
            bound: cells.number_or_empty("bound")?,
            coupling_std_error: cells.number_or_empty("coupling_std_error")?,
            lower_limit: cells.number_or_empty("lower_limit")?,
            upper_limit: cells.number_or_empty("upper_limit")?,
        })
    }
}

impl AtParticles for Wasserstein {
    fn particles(&self) -> u64 {
        self.particles
    }
}

/// All that bounds W₂² at a time, squared and per particle.
#[derive(Clone, Debug)]
pub(super) struct Bounds {
    pub(super) particles: u64,
    pub(super) time: f64,
    pub(super) gelbrich_lower: f64,
    pub(super) coupling_upper: f64,
    pub(super) coupling_std_error: f64,
    pub(super) bound: f64,
    pub(super) dual_lower: f64,
    pub(super) pooled_upper: f64,
    pub(super) lower_limit: f64,
    pub(super) upper_limit: f64,
}

impl Row for Bounds {
    const FILE: &'static str = "wasserstein.csv";

    fn of(cells: &Cells) -> Result<Self, FigureError> {
        Ok(Self {
            particles: cells.count("particles")?,
            time: cells.number("time")?,
            gelbrich_lower: cells.number("gelbrich_lower")?,
            coupling_upper: cells.number_or_empty("coupling_upper")?,
            coupling_std_error: cells.number_or_empty("coupling_std_error")?,
            bound: cells.number_or_empty("bound")?,
            dual_lower: cells.number_or_empty("dual_lower")?,
            pooled_upper: cells.number_or_empty("pooled_upper")?,
            lower_limit: cells.number_or_empty("lower_limit")?,
            upper_limit: cells.number_or_empty("upper_limit")?,
        })
    }
}

impl AtParticles for Bounds {
    fn particles(&self) -> u64 {
        self.particles
    }
}

/// Moments of either system against time.
#[derive(Clone, Debug)]
pub(super) struct Moment {
    pub(super) particles: u64,
    pub(super) time: f64,
    pub(super) system: String,
    pub(super) moment: String,
    pub(super) mean: f64,
    pub(super) std_error: f64,
    pub(super) exact: f64,
    pub(super) z: f64,
}

impl Row for Moment {
    const FILE: &'static str = "moments.csv";

    fn of(cells: &Cells) -> Result<Self, FigureError> {
        Ok(Self {
            particles: cells.count("particles")?,
            time: cells.number("time")?,
            system: cells.text("system")?,
            moment: cells.text("moment")?,
            mean: cells.number("mean")?,
            std_error: cells.number_or_empty("std_error")?,
            exact: cells.number_or_empty("exact")?,
            z: cells.score("z")?,
        })
    }
}

impl AtParticles for Moment {
    fn particles(&self) -> u64 {
        self.particles
    }
}

/// A quantity against the number of particles.
#[derive(Clone, Debug)]
pub(super) struct Scaling {
    pub(super) particles: u64,
    pub(super) quantity: String,
    pub(super) value: f64,
    pub(super) std_error: f64,
    pub(super) exact: f64,
    pub(super) exact_std_error: f64,
    pub(super) lower_limit: f64,
    pub(super) upper_limit: f64,
}

impl Row for Scaling {
    const FILE: &'static str = "scaling.csv";

    fn of(cells: &Cells) -> Result<Self, FigureError> {
        Ok(Self {
            particles: cells.count("particles")?,
            quantity: cells.text("quantity")?,
            value: cells.number_or_empty("value")?,
            std_error: cells.number_or_empty("std_error")?,
            exact: cells.number_or_empty("exact")?,
            exact_std_error: cells.number_if_there("exact_std_error")?,
            lower_limit: cells.number_or_empty("lower_limit")?,
            upper_limit: cells.number_or_empty("upper_limit")?,
        })
    }
}

impl AtParticles for Scaling {
    fn particles(&self) -> u64 {
        self.particles
    }
}

/// How a quantity grows with the number of particles.
#[derive(Clone, Debug)]
pub(super) struct Exponent {
    pub(super) quantity: String,
    pub(super) exponent: f64,
    pub(super) std_error: f64,
    pub(super) ci_low: f64,
    pub(super) ci_high: f64,
    pub(super) exact: f64,
    pub(super) limit: f64,
    pub(super) power_law: bool,
}

impl Row for Exponent {
    const FILE: &'static str = "exponents.csv";

    fn of(cells: &Cells) -> Result<Self, FigureError> {
        Ok(Self {
            quantity: cells.text("quantity")?,
            exponent: cells.number("exponent")?,
            std_error: cells.number_or_empty("std_error")?,
            ci_low: cells.number("ci_low")?,
            ci_high: cells.number("ci_high")?,
            exact: cells.number_or_empty("exact")?,
            limit: cells.number_or_empty("limit")?,
            power_law: cells.flag("power_law")?,
        })
    }
}

/// A verdict on a claim.
#[derive(Clone, Debug)]
pub(super) struct Verdict {
    pub(super) claim: String,
    pub(super) clock: Clock,
    pub(super) verdict: String,
    pub(super) evidence: String,
}

impl Row for Verdict {
    const FILE: &'static str = "verdicts.csv";

    fn of(cells: &Cells) -> Result<Self, FigureError> {
        cells.count_or_empty("particles")?;
        Ok(Self {
            claim: cells.text("claim")?,
            clock: cells.clock("clock")?,
            verdict: cells.text("verdict")?,
            evidence: cells.text("evidence")?,
        })
    }
}

/// How many seeds' intervals cover the exact value.
#[derive(Clone, Debug)]
pub(super) struct Calibration {
    pub(super) particles: u64,
    pub(super) clock: Clock,
    pub(super) quantity: String,
    pub(super) estimate: String,
    pub(super) seeds: f64,
    pub(super) confidence: f64,
    pub(super) coverage: f64,
    pub(super) limit_low: f64,
    pub(super) limit_high: f64,
    pub(super) below: f64,
    pub(super) above: f64,
    pub(super) tail_limit_low: f64,
    pub(super) tail_limit_high: f64,
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

    fn of(cells: &Cells) -> Result<Self, FigureError> {
        Ok(Self {
            particles: cells.count("particles")?,
            clock: cells.clock("clock")?,
            quantity: cells.text("quantity")?,
            estimate: cells.text("estimate")?,
            seeds: cells.number("seeds")?,
            confidence: cells.number("confidence")?,
            coverage: cells.number("coverage")?,
            limit_low: cells.number("limit_low")?,
            limit_high: cells.number("limit_high")?,
            below: cells.number("below")?,
            above: cells.number("above")?,
            tail_limit_low: cells.number("tail_limit_low")?,
            tail_limit_high: cells.number("tail_limit_high")?,
            relative_variance: cells.number("relative_variance")?,
            trusted: cells.flag("trusted")?,
        })
    }
}

impl AtParticles for Calibration {
    fn particles(&self) -> u64 {
        self.particles
    }
}

/// A quantity of the steady state.
#[derive(Clone, Debug)]
pub(super) struct SteadyState {
    pub(super) particles: u64,
    pub(super) quantity: String,
    pub(super) value: f64,
    pub(super) std_error: f64,
    pub(super) exact: f64,
    pub(super) z: f64,
    pub(super) pair_per_bath: f64,
    pub(super) bath: String,
}

impl Row for SteadyState {
    const FILE: &'static str = "steady_state.csv";

    fn of(cells: &Cells) -> Result<Self, FigureError> {
        Ok(Self {
            particles: cells.count("particles")?,
            quantity: cells.text("quantity")?,
            value: cells.number("value")?,
            std_error: cells.number_or_empty("std_error")?,
            exact: cells.number("exact")?,
            z: cells.score("z")?,
            pair_per_bath: cells.number("pair_per_bath")?,
            bath: cells.text("bath")?,
        })
    }
}

impl AtParticles for SteadyState {
    fn particles(&self) -> u64 {
        self.particles
    }
}

/// The density of one velocity in the steady state.
#[derive(Clone, Debug)]
pub(super) struct SteadyDensity {
    pub(super) particles: u64,
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) density: f64,
    pub(super) std_error: f64,
    pub(super) bath_density: f64,
    pub(super) maxwellian: f64,
}

impl Row for SteadyDensity {
    const FILE: &'static str = "steady_density.csv";

    fn of(cells: &Cells) -> Result<Self, FigureError> {
        Ok(Self {
            particles: cells.count("particles")?,
            low: cells.number("low")?,
            high: cells.number("high")?,
            density: cells.number("density")?,
            std_error: cells.number_or_empty("std_error")?,
            bath_density: cells.number("bath_density")?,
            maxwellian: cells.number("maxwellian")?,
        })
    }
}

impl AtParticles for SteadyDensity {
    fn particles(&self) -> u64 {
        self.particles
    }
}

/// The exact excess kurtosis of the steady state along κ/β.
#[derive(Clone, Debug)]
pub(super) struct SteadyKurtosis {
    pub(super) particles: u64,
    pub(super) pair_per_bath: f64,
    pub(super) excess_kurtosis: f64,
    pub(super) limit: f64,
}

impl Row for SteadyKurtosis {
    const FILE: &'static str = "steady_kurtosis.csv";

    fn of(cells: &Cells) -> Result<Self, FigureError> {
        Ok(Self {
            particles: cells.count("particles")?,
            pair_per_bath: cells.number("pair_per_bath")?,
            excess_kurtosis: cells.number_or_empty("excess_kurtosis")?,
            limit: cells.number_or_empty("limit")?,
        })
    }
}

impl AtParticles for SteadyKurtosis {
    fn particles(&self) -> u64 {
        self.particles
    }
}

/// The cells of a row, by the names of their columns.
pub(super) struct Cells<'a> {
    file: &'a Path,
    header: &'a StringRecord,
    row: &'a StringRecord,
}

impl Cells<'_> {
    fn has(&self, column: &str) -> bool {
        self.header.iter().any(|name| name == column)
    }

    fn cell(&self, column: &str) -> Result<&str, FigureError> {
        let mut columns = self.header.iter().zip(self.row);
        let cell = columns.find(|(name, _)| *name == column);
        cell.map(|(_, cell)| cell)
            .ok_or_else(|| FigureError::MissingColumn {
                file: self.file.to_owned(),
                column: column.to_owned(),
            })
    }

    /// What `read` makes of a cell; it makes nothing of a cell that is not what `wanted` says.
    fn parsed<T>(
        &self,
        column: &str,
        wanted: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<T, FigureError> {
        let cell = self.cell(column)?;
        read(cell).ok_or_else(|| {
            let reason = match cell {
                "" => format!("the cell is empty, and not {wanted}"),
                _ => format!("`{}` is not {wanted}", excerpt(cell)),
            };
            malformed(self.file, self.row.position(), column, reason)
        })
    }

    /// A number of particles.
    fn count(&self, column: &str) -> Result<u64, FigureError> {
        self.parsed(column, "a whole number", |cell| cell.parse().ok())
    }

    /// A whole number, or an empty cell.
    fn count_or_empty(&self, column: &str) -> Result<Option<u64>, FigureError> {
        self.parsed(column, "a whole number", |cell| match cell {
            "" => Some(None),
            cell => cell.parse().ok().map(Some),
        })
    }

    /// A finite number.
    fn number(&self, column: &str) -> Result<f64, FigureError> {
        self.parsed(column, "a finite number", finite)
    }

    /// A finite number; NaN if the cell is empty.
    fn number_or_empty(&self, column: &str) -> Result<f64, FigureError> {
        self.parsed(column, "a finite number", |cell| or_nan(cell, finite))
    }

    /// As [`Cells::number_or_empty`]; NaN too if there is no such column.
    fn number_if_there(&self, column: &str) -> Result<f64, FigureError> {
        match self.has(column) {
            true => self.number_or_empty(column),
            false => Ok(f64::NAN),
        }
    }

    /// A z-score, which is infinite where a standard error is too small to be divided by; NaN if
    /// the cell is empty.
    fn score(&self, column: &str) -> Result<f64, FigureError> {
        let number = |cell: &str| cell.parse().ok().filter(|z: &f64| !z.is_nan());
        self.parsed(column, "a number", |cell| or_nan(cell, number))
    }

    /// Words.
    fn text(&self, column: &str) -> Result<String, FigureError> {
        self.parsed(column, "a word", |cell| {
            (!cell.is_empty()).then(|| cell.to_owned())
        })
    }

    /// One of the paper's clocks.
    fn clock(&self, column: &str) -> Result<Clock, FigureError> {
        self.parsed(column, "the name of a clock", |cell| {
            Clock::ALL.into_iter().find(|clock| clock.name() == cell)
        })
    }

    /// `true` or `false`.
    fn flag(&self, column: &str) -> Result<bool, FigureError> {
        self.parsed(column, "true or false", |cell| cell.parse().ok())
    }

    /// `true`, `false`, or nothing if the cell is empty or there is no such column.
    fn flag_if_there(&self, column: &str) -> Result<Option<bool>, FigureError> {
        match self.has(column) && !self.cell(column)?.is_empty() {
            true => self.flag(column).map(Some),
            false => Ok(None),
        }
    }
}

fn finite(cell: &str) -> Option<f64> {
    cell.parse().ok().filter(|number: &f64| number.is_finite())
}

fn or_nan(cell: &str, number: impl Fn(&str) -> Option<f64>) -> Option<f64> {
    match cell {
        "" => Some(f64::NAN),
        _ => number(cell),
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

/// Reads a table, in the order of its rows.
pub(super) fn read<R: Row>(tables: &TableSet) -> Result<Vec<R>, FigureError> {
    let file = &tables.path(R::FILE);
    let bytes = tables
        .bytes(R::FILE)
        .ok_or_else(|| FigureError::Unreadable {
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
    if rows.is_empty() {
        return Err(FigureError::no_data(&[tables], R::FILE, "rows"));
    }
    Ok(rows)
}

/// As [`read`], of a table that need not be there: then it has no rows.
pub(super) fn read_if_there<R: Row>(tables: &TableSet) -> Result<Vec<R>, FigureError> {
    match tables.bytes(R::FILE) {
        Some(_) => read(tables),
        None => Ok(vec![]),
    }
}

fn refuse_double_columns(file: &Path, header: &StringRecord) -> Result<(), FigureError> {
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

/// What the CSV reader says of a row that it cannot read.
fn broken(file: &Path, error: &csv::Error) -> FigureError {
    let reason = match error.kind() {
        ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => format!("{len} cells where the header has {expected_len}"),
        ErrorKind::Utf8 { .. } => String::from("a cell is not UTF-8"),
        _ => error.to_string(),
    };
    malformed(file, error.position(), "(whole row)", reason)
}

fn malformed(
    file: &Path,
    position: Option<&Position>,
    column: &str,
    reason: String,
) -> FigureError {
    FigureError::Malformed {
        file: file.to_owned(),
        line: position.map_or(1, Position::line),
        column: column.to_owned(),
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
