//! Output files: the only module that writes any.
//!
//! A file appears whole or not at all: it is written under a temporary name in
//! its folder and renamed. The files of one run appear together: see [`folder`].

pub mod folder;
mod lock;
pub mod manifest;
pub mod report;

use crate::table::{Table, written};
use crate::text::quote::quoted_path;
use crate::verify::Results;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// The reason why files could not be written.
#[derive(Debug, Error)]
pub enum WriteError {
    /// The system refused.
    #[error(
        "cannot write {}: {reason}; choose another folder with --out",
        quoted_path(path)
    )]
    System {
        /// The file or folder.
        path: PathBuf,
        /// The answer of the system.
        reason: std::io::Error,
    },
    /// The system refused a report.
    #[error(
        "cannot write the report {}: {reason}; choose another file with --output",
        quoted_path(path)
    )]
    Report {
        /// The file.
        path: PathBuf,
        /// The answer of the system.
        reason: std::io::Error,
    },
    /// Another process writes to the folder.
    #[error(
        "{} is in use by {holder}; wait for it, or choose another folder with --out",
        quoted_path(path)
    )]
    Locked {
        /// The folder.
        path: PathBuf,
        /// The process.
        holder: String,
    },
    /// The folder is another config's.
    #[error(
        "{} holds the run of another config, {}; choose another folder with --out, or replace that run with --force",
        quoted_path(path),
        quoted_path(owner)
    )]
    OtherConfig {
        /// The folder.
        path: PathBuf,
        /// The config whose run it holds.
        owner: PathBuf,
    },
    /// The folder is for figures, and a run is to have it.
    #[error(
        "{} holds figures of `kac figure`; choose another folder with --out, or replace them with --force",
        quoted_path(path)
    )]
    HoldsFigures {
        /// The folder.
        path: PathBuf,
    },
    /// The folder has the name of the subfolder of a run that is not finished.
    #[error(
        "{} has the name of the subfolder where a run keeps its files until it is finished; choose another name with --out",
        quoted_path(path)
    )]
    ReservedName {
        /// The folder.
        path: PathBuf,
    },
    /// A folder has the name of a file.
    #[error(
        "{} is a folder, and a file is to have this name; move it, or choose another folder with --out",
        quoted_path(path)
    )]
    IsFolder {
        /// The folder.
        path: PathBuf,
    },
    /// The config was read from a file that would be replaced.
    #[error(
        "{} would be replaced, and the config was read from it; choose another folder with --out",
        quoted_path(path)
    )]
    IsSource {
        /// The file.
        path: PathBuf,
    },
    /// A file that would be replaced is not as a run left it.
    #[error(
        "{} is in the way: no manifest says that kac wrote it as it is; move it, choose another folder with --out, or replace it with --force",
        quoted_path(path)
    )]
    InTheWay {
        /// The file.
        path: PathBuf,
    },
}

impl WriteError {
    fn system(path: &Path, reason: std::io::Error) -> Self {
        WriteError::System {
            path: path.to_path_buf(),
            reason,
        }
    }
}

/// A file to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its name in the folder.
    pub name: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// Every table that a run can write, in the order in which it writes them, with the bytes of its file; nothing for
/// a table without rows.
fn written_tables(results: &Results) -> Vec<(Table, Vec<u8>)> {
    let mut tables = results.tables.written();
    tables.extend([
        written(&results.calibration),
        written(&results.self_checks),
        written(&results.verdicts),
    ]);
    tables
}

/// Every table that a run can write, in the order in which it writes them.
pub fn all_tables() -> Vec<Table> {
    let nothing = written_tables(&Results::default()).into_iter();
    nothing.map(|(table, _)| table).collect()
}

/// The files of the tables of a run that have rows.
pub fn tables(results: &Results) -> Vec<File> {
    let with_rows = |(_, bytes): &(Table, Vec<u8>)| !bytes.is_empty();
    let file = |(table, bytes): (Table, _)| File {
        name: table.file.to_string(),
        bytes,
    };
    let tables = written_tables(results).into_iter();
    tables.filter(with_rows).map(file).collect()
}
