//! A report in a file of its own, whole or not at all.

use super::WriteError;
use super::folder::temporary_file;
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// A file that a report can be written to, and that is replaced if it is there.
#[derive(Debug)]
pub struct ReportFile {
    path: PathBuf,
    /// Whether it is a device or a pipe, which takes what is written and is never replaced.
    is_special: bool,
}

impl ReportFile {
    /// The file at `path`, tried: better to fail before a long simulation than after it. Of a link
    /// it is the file that it leads to.
    ///
    /// # Errors
    ///
    /// If it is a folder or named like one, or its folder is not there or takes no new files.
    pub fn open(path: &Path) -> Result<Self, WriteError> {
        let file = ReportFile {
            path: std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf()),
            is_special: std::fs::metadata(path)
                .is_ok_and(|found| !found.is_file() && !found.is_dir()),
        };
        let is_folder = path.to_string_lossy().ends_with(std::path::is_separator);
        let tried = match is_folder || file.path.is_dir() {
            true => Err(ErrorKind::IsADirectory.into()),
            false if file.is_special => Ok(()),
            false => temporary_file(file.folder()).map(drop),
        };
        tried.map_err(|reason| file.failed(reason))?;
        Ok(file)
    }

    /// Write the report.
    ///
    /// # Errors
    ///
    /// If it cannot be written; then an older file is as it was.
    pub fn write(&self, text: &str) -> Result<(), WriteError> {
        let written = match self.is_special {
            true => File::options()
                .write(true)
                .open(&self.path)
                .and_then(|mut file| file.write_all(text.as_bytes())),
            false => self.replace(text),
        };
        written.map_err(|reason| self.failed(reason))
    }

    /// Write it under a temporary name, which is then changed.
    fn replace(&self, text: &str) -> std::io::Result<()> {
        let mut file = temporary_file(self.folder())?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(&self.path).map_err(|error| error.error)?;
        Ok(())
    }

    fn folder(&self) -> &Path {
        let folder = self.path.parent().filter(|folder| *folder != Path::new(""));
        folder.unwrap_or(Path::new("."))
    }

    fn failed(&self, reason: std::io::Error) -> WriteError {
        WriteError::Report {
            path: self.path.clone(),
            reason,
        }
    }
}
