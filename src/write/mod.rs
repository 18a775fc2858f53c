//! Output files: the only module that writes any.
//!
//! A file appears whole or not at all: it is written under a temporary name in
//! its folder and renamed.

pub mod manifest;

use crate::verify::Results;
use serde::Serialize;
use std::io::Write;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// A file that could not be written.
#[derive(Debug, Error)]
#[error("cannot write {}: {reason}; choose another folder with --out", path.display())]
pub struct WriteError {
    path: PathBuf,
    reason: std::io::Error,
}

/// A folder for the files of one run.
#[derive(Debug, Clone)]
pub struct OutputFolder {
    path: PathBuf,
}

/// How the names of temporary files begin.
const TEMPORARY_PREFIX: &str = ".kac-";
/// How they end.
const TEMPORARY_SUFFIX: &str = ".tmp";

/// The file name of a table and its CSV bytes, none if it has no rows.
pub type NamedTable = (&'static str, Vec<u8>);

/// All tables of a run, as they are to be written.
pub fn csv_tables(results: &Results) -> Vec<NamedTable> {
    let tables = &results.tables;
    vec![
        ("discrepancy.csv", csv_bytes(&tables.discrepancy)),
        ("wasserstein.csv", csv_bytes(&tables.wasserstein)),
        ("rates.csv", csv_bytes(&tables.rates)),
        ("moments.csv", csv_bytes(&tables.moments)),
        ("scaling.csv", csv_bytes(&tables.scaling)),
        ("exponents.csv", csv_bytes(&tables.exponents)),
        ("steady_state.csv", csv_bytes(&tables.steady_state)),
        ("steady_density.csv", csv_bytes(&tables.steady_density)),
        ("steady_kurtosis.csv", csv_bytes(&tables.steady_kurtosis)),
        ("calibration.csv", csv_bytes(&results.calibration)),
        ("self_checks.csv", csv_bytes(&results.self_checks)),
        ("verdicts.csv", csv_bytes(&results.verdicts)),
    ]
}

impl OutputFolder {
    /// The folder at `path`, made if need be, and tried: better to fail before
    /// a long run than after it. What a killed run left half-written goes.
    ///
    /// # Errors
    ///
    /// If it cannot be made or written to.
    pub fn open(path: &Path) -> Result<Self, WriteError> {
        let failed = |reason| WriteError {
            path: path.to_path_buf(),
            reason,
        };
        std::fs::create_dir_all(path).map_err(failed)?;
        remove_temporary_files(path);
        temporary_file(path).map_err(failed)?;
        Ok(OutputFolder {
            path: path.to_path_buf(),
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Write a file of this folder, whole.
    ///
    /// # Errors
    ///
    /// If it cannot be written; then there is no new file.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), WriteError> {
        let path = self.path.join(name);
        let write = || {
            let mut file = temporary_file(&self.path)?;
            file.write_all(bytes)?;
            file.as_file().sync_all()?;
            file.persist(&path).map_err(|error| error.error)?;
            Ok(())
        };
        // Another run that opens the folder just now takes the temporary file for
        // one left behind.
        let again = |reason: std::io::Error| match reason.kind() {
            std::io::ErrorKind::NotFound => write(),
            _ => Err(reason),
        };
        write().or_else(again).map_err(|reason| WriteError {
            path: path.clone(),
            reason,
        })
    }

    /// Remove a file of this folder that an earlier run may have left.
    ///
    /// # Errors
    ///
    /// If it is there and cannot be removed.
    pub fn remove(&self, name: &str) -> Result<(), WriteError> {
        let path = self.path.join(name);
        match std::fs::remove_file(&path) {
            Err(reason) if reason.kind() != std::io::ErrorKind::NotFound => {
                Err(WriteError { path, reason })
            }
            _ => Ok(()),
        }
    }

    /// Write the tables that have bytes, and remove those that have none; give the names of
    /// those written.
    ///
    /// # Errors
    ///
    /// If one cannot be written.
    pub fn write_tables(&self, tables: &[NamedTable]) -> Result<Vec<&'static str>, WriteError> {
        let mut written = vec![];
        for (name, bytes) in tables {
            if bytes.is_empty() {
                self.remove(name)?;
            } else {
                self.write(name, bytes)?;
                written.push(*name);
            }
        }
        Ok(written)
    }
}

/// Remove the temporary files of runs that were killed. What cannot be removed
/// stays: it is in nobody's way.
fn remove_temporary_files(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(TEMPORARY_PREFIX) && name.ends_with(TEMPORARY_SUFFIX) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// A temporary file with the permissions of an ordinary one.
fn temporary_file(folder: &Path) -> std::io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(TEMPORARY_PREFIX).suffix(TEMPORARY_SUFFIX);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

/// A header row and a row per record; nothing for no records.
fn csv_bytes<T: Serialize>(rows: &[T]) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(vec![]);
    for row in rows {
        writer.serialize(row).expect("rows are flat records");
    }
    writer
        .into_inner()
        .expect("a vector can always be written to")
}
