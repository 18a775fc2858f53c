//! Figures: PNG and SVG pictures of the CSV tables.
//!
//! A figure reads tables and nothing else, so a plot never needs a second simulation. It returns
//! bytes and writes nothing. The same tables give the same bytes on every machine.
//!
//! Claimed: a figure shows what its tables hold. Not claimed: that the tables are right. Empty
//! cells, zeros on a logarithmic axis, a single N or a single time are shown as far as they can
//! be; a table without anything to show is an error, not an empty picture.
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
mod tables;
mod wasserstein;

use std::path::{Path, PathBuf};

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
    /// The same picture as a complete SVG file.
    pub svg: String,
}

/// Why a figure could not be drawn.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FigureError {
    /// The table could not be opened or is not CSV.
    #[error("{}: cannot be read: {reason}", file.display())]
    Unreadable {
        /// The table.
        file: PathBuf,
        /// What the reader said.
        reason: String,
    },
    /// The table lacks a column.
    #[error("{}: line 1: the column `{column}` is missing from the header", file.display())]
    MissingColumn {
        /// The table.
        file: PathBuf,
        /// The column.
        column: String,
    },
    /// A cell is not what its column holds.
    #[error("{}: line {line}, column `{column}`: {reason}", file.display())]
    Malformed {
        /// The table.
        file: PathBuf,
        /// The line, the header being line 1.
        line: u64,
        /// The column.
        column: String,
        /// What is wrong.
        reason: String,
    },
    /// The table is well-formed but holds nothing that the figure can show.
    #[error("{}: no {what} to draw", file.display())]
    NoData {
        /// The table.
        file: PathBuf,
        /// What would be needed.
        what: String,
    },
    /// The figure was given the wrong number of folders.
    #[error("the figure `{figure}` reads {expected} folder(s) of tables, but {given} were given")]
    Folders {
        /// The figure.
        figure: &'static str,
        /// How many folders it reads.
        expected: usize,
        /// How many were given.
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
    fn no_data(file: &Path, what: &str) -> Self {
        Self::NoData {
            file: file.to_owned(),
            what: what.to_owned(),
        }
    }
}

/// How a figure is drawn from the folders that it reads.
#[derive(Clone, Copy, Debug)]
pub enum Source {
    /// From one folder of tables.
    OneFolder(fn(&Path) -> Result<Rendered, FigureError>),
    /// From the folders of the `master-equation` and the `theorem6` clock, in this order.
    TwoClocks(fn(&Path, &Path) -> Result<Rendered, FigureError>),
    /// From a folder for each clock, or for one of them.
    EachClock(fn(&[&Path]) -> Result<Rendered, FigureError>),
    /// From the folders of all its experiments, in their order.
    EachOf(fn(&[&Path]) -> Result<Rendered, FigureError>),
    /// From a folder for each of its experiments, or for some of them.
    EachExperiment(fn(&[&Path]) -> Result<Rendered, FigureError>),
}

/// A figure by name.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    /// Its name, also the stem of its files.
    pub name: &'static str,
    /// What it shows, in one line.
    pub shows: &'static str,
    /// The committed experiments it is drawn from, in the order of the folders.
    pub experiments: &'static [&'static str],
    /// The tables that it reads from each folder.
    pub tables: &'static [&'static str],
    /// How it is drawn.
    pub source: Source,
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

impl Figure {
    /// The figure of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        FIGURES.iter().find(|figure| figure.name == name)
    }

    /// How many folders [`Figure::render`] reads, at most.
    pub fn folders(&self) -> usize {
        match self.source {
            Source::OneFolder(_) => 1,
            Source::TwoClocks(_) | Source::EachClock(_) => 2,
            Source::EachOf(_) => self.experiments.len(),
            Source::EachExperiment(_) => self.experiments.len(),
        }
    }

    /// Whether one folder is enough.
    pub fn shows_one_run(&self) -> bool {
        !matches!(self.source, Source::TwoClocks(_) | Source::EachOf(_))
    }

    /// Draws the figure from its folders of tables.
    ///
    /// # Errors
    ///
    /// [`FigureError::Folders`] unless there are as many folders as [`Source`] says;
    /// otherwise whatever the figure reports.
    pub fn render(&self, folders: &[&Path]) -> Result<Rendered, FigureError> {
        match (self.source, folders) {
            (Source::OneFolder(draw), [tables]) => draw(tables),
            (Source::TwoClocks(draw), [master_equation, theorem6]) => {
                draw(master_equation, theorem6)
            }
            (Source::EachClock(draw), [_] | [_, _]) => draw(folders),
            (Source::EachOf(draw), _) if folders.len() == self.folders() => draw(folders),
            (Source::EachExperiment(draw), [_, ..]) if folders.len() <= self.folders() => {
                draw(folders)
            }
            _ => Err(FigureError::Folders {
                figure: self.name,
                expected: self.folders(),
                given: folders.len(),
            }),
        }
    }
}
