//! Figures: PNG and SVG pictures of the CSV tables.
//!
//! A figure reads tables in memory ([`TableSet`]) and nothing else, so a plot never needs a second
//! simulation. It returns bytes and writes nothing. The same tables give the same bytes on every
//! machine. A picture is drawn strip by strip, so that it takes little memory.
//!
//! Claimed: a figure shows what its tables hold. Not claimed: that the tables are right. Cells that
//! no run writes are errors. Empty cells, zeros on a logarithmic axis, a single N or a single time
//! are shown as far as they can be; a table without anything to show is an error, not an empty
//! picture.
//!
//! All error bands and bars reach ±3.29 standard errors (99.9 % under the normal approximation).
//!
//! A figure is added by adding one file and one line in [`FIGURES`].

mod axis;
mod bracket;
mod calibration;
mod canvas;
mod clocks;
mod couplings;
mod decay;
mod kurtosis;
mod ledger;
mod legend;
mod lettering;
mod moments;
mod panel;
mod scaling;
mod scores;
mod steady_state;
mod strip;
mod wasserstein;

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::table::{self, Row, TableError, TableSet};

pub use bracket::bracket;
pub use calibration::calibration;
pub use clocks::clocks;
pub use couplings::couplings;
pub use decay::decay;
pub use kurtosis::kurtosis;
pub use ledger::ledger;
pub use moments::moments;
pub use scaling::scaling;
pub use steady_state::steady_state;
pub use wasserstein::wasserstein;

/// A finished picture, as bytes to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// The bitmap, a complete PNG file.
    pub png: Vec<u8>,
    /// The picture as a complete SVG file.
    pub svg: String,
}

/// The reason why a figure could not be drawn.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FigureError {
    /// A table could not be read, or is not as a run writes it.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The table is well-formed but holds nothing that the figure can show.
    #[error("{}: no {what} to draw", file.display())]
    NoData {
        /// The table.
        file: PathBuf,
        /// The name of the data that are missing, such as "positive means".
        what: String,
    },
    /// The figure was given the wrong number of runs.
    #[error("the figure `{figure}` shows {expected} run(s), but {given} were given")]
    Runs {
        /// The figure.
        figure: &'static str,
        /// The number of runs that it shows.
        expected: usize,
        /// The number of runs that were given.
        given: usize,
    },
    /// The picture could not be drawn.
    #[error("drawing failed: {0}")]
    Drawing(String),
    /// The picture could not be encoded.
    #[error("encoding the PNG failed: {0}")]
    Encoding(#[from] png::EncodingError),
}

impl FigureError {
    /// Says that a table of the first of these runs holds nothing to draw.
    fn no_data(runs: &[&TableSet], table: &str, what: &str) -> Self {
        Self::NoData {
            file: (runs.first()).map_or_else(|| PathBuf::from(table), |run| run.path(table)),
            what: what.to_owned(),
        }
    }
}

/// The function that draws a figure, and the runs whose tables it takes.
#[derive(Clone, Copy, Debug)]
pub enum Source {
    /// From one run.
    OneRun(fn(&TableSet) -> Result<Rendered, FigureError>),
    /// From the runs on the `master-equation` and the `theorem6` clock, in this order.
    TwoClocks(fn(&TableSet, &TableSet) -> Result<Rendered, FigureError>),
    /// From a run on each clock, or on one of them.
    EachClock(fn(&[&TableSet]) -> Result<Rendered, FigureError>),
    /// From the runs of all its experiments, in their order.
    EachOf(fn(&[&TableSet]) -> Result<Rendered, FigureError>),
    /// From a run of each of its experiments, or of some of them.
    EachExperiment(fn(&[&TableSet]) -> Result<Rendered, FigureError>),
}

/// A figure by name.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    /// Its name, also the stem of its files.
    pub name: &'static str,
    /// Its content, in one line.
    pub shows: &'static str,
    /// The committed experiments it is drawn from, in the order of the runs.
    pub experiments: &'static [&'static str],
    /// The tables that it reads of each run.
    pub tables: &'static [&'static str],
    /// Tables that it reads too, of the runs that have them.
    pub further_tables: &'static [&'static str],
    /// The function that draws it, with the runs that this takes.
    pub source: Source,
    /// Whether it is for a run that has all its tables: one that depends on N is not for a single N.
    pub suits: fn(&TableSet) -> Result<bool, TableError>,
}

/// For every run that has the tables of a figure.
fn every_run(_: &TableSet) -> Result<bool, TableError> {
    Ok(true)
}

/// All figures.
pub const FIGURES: &[Figure] = &[
    decay::FIGURE,
    wasserstein::FIGURE,
    scaling::FIGURE,
    clocks::FIGURE,
    moments::FIGURE,
    calibration::FIGURE,
    couplings::FIGURE,
    bracket::FIGURE,
    ledger::FIGURE,
    steady_state::FIGURE,
    kurtosis::FIGURE,
];

/// The names of all figures.
pub fn figure_names() -> Vec<&'static str> {
    FIGURES.iter().map(|figure| figure.name).collect()
}

impl Figure {
    /// The figure of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        FIGURES.iter().find(|figure| figure.name == name)
    }

    /// The largest number of runs that [`Figure::render`] takes.
    pub fn runs(&self) -> usize {
        match self.source {
            Source::OneRun(_) => 1,
            Source::TwoClocks(_) | Source::EachClock(_) => 2,
            Source::EachOf(_) => self.experiments.len(),
            Source::EachExperiment(_) => self.experiments.len(),
        }
    }

    /// Whether one run is enough.
    pub fn shows_one_run(&self) -> bool {
        !matches!(self.source, Source::TwoClocks(_) | Source::EachOf(_))
    }

    /// Whether a run with these tables has what the figure shows.
    ///
    /// # Errors
    ///
    /// If a table that tells is not as a run writes it.
    pub fn is_for(&self, tables: &TableSet) -> Result<bool, FigureError> {
        let has_all = self.tables.iter().all(|name| tables.bytes(name).is_some());
        Ok(has_all && (self.suits)(tables)?)
    }

    /// The names of all tables that it reads of a run, if they are there.
    pub fn reads(&self) -> impl Iterator<Item = &'static str> {
        self.tables.iter().chain(self.further_tables).copied()
    }

    /// Draws the figure from the tables of its runs.
    ///
    /// # Errors
    ///
    /// [`FigureError::Runs`] unless there are as many runs as [`Source`] says; otherwise whatever
    /// the figure reports.
    pub fn render(&self, runs: &[&TableSet]) -> Result<Rendered, FigureError> {
        match (self.source, runs) {
            (Source::OneRun(draw), [tables]) => draw(tables),
            (Source::TwoClocks(draw), [master_equation, theorem6]) => {
                draw(master_equation, theorem6)
            }
            (Source::EachClock(draw), [_] | [_, _]) => draw(runs),
            (Source::EachOf(draw), _) if runs.len() == self.runs() => draw(runs),
            (Source::EachExperiment(draw), [_, ..]) if runs.len() <= self.runs() => draw(runs),
            _ => Err(FigureError::Runs {
                figure: self.name,
                expected: self.runs(),
                given: runs.len(),
            }),
        }
    }
}

/// The rows of a table, in their order.
fn rows_of<R: Row>(tables: &TableSet) -> Result<Vec<R>, FigureError> {
    let rows = table::read(tables)?;
    if rows.is_empty() {
        return Err(FigureError::no_data(&[tables], R::FILE, "rows"));
    }
    Ok(rows)
}

/// A cell as a number to be drawn. An empty one becomes NaN, which no drawing function draws: neither a missing standard
/// error nor a missing exact value can be mistaken for 0.
fn nan_if_empty(cell: Option<f64>) -> f64 {
    cell.unwrap_or(f64::NAN)
}

/// Groups rows by their number of particles, ascending, and keeps their order within a group.
fn by_particles<'a, R>(
    rows: impl IntoIterator<Item = &'a R>,
    particles: impl Fn(&R) -> usize,
) -> BTreeMap<usize, Vec<&'a R>> {
    let mut groups = BTreeMap::<usize, Vec<&R>>::new();
    for row in rows {
        groups.entry(particles(row)).or_default().push(row);
    }
    groups
}
