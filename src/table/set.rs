//! The tables of one run, as the bytes that were written.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::TableError;

/// The CSV bytes of the tables of one run, by file name.
///
/// Reading takes these bytes alone: it does not matter what becomes of the folder meanwhile.
#[derive(Clone, Debug)]
pub struct TableSet {
    /// The folder of the run, which messages and headings name.
    folder: PathBuf,
    files: BTreeMap<String, Vec<u8>>,
}

impl TableSet {
    /// The tables that a run writes to a folder, by file name. Those without bytes have no rows and
    /// are left out, as they are in the folder.
    pub fn new<N: Into<String>>(
        folder: &Path,
        tables: impl IntoIterator<Item = (N, Vec<u8>)>,
    ) -> Self {
        let tables = tables.into_iter().filter(|(_, bytes)| !bytes.is_empty());
        Self {
            folder: folder.to_owned(),
            files: tables.map(|(name, bytes)| (name.into(), bytes)).collect(),
        }
    }

    /// Reads those of the named tables that are in a folder.
    ///
    /// # Errors
    ///
    /// [`TableError::Unreadable`] if one is there and cannot be read.
    pub fn read<'a>(
        folder: &Path,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, TableError> {
        let mut files = BTreeMap::new();
        for name in names {
            let file = folder.join(name);
            match std::fs::read(&file) {
                Ok(bytes) => {
                    files.insert(name.to_owned(), bytes);
                }
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => {
                    let reason = error.to_string();
                    return Err(TableError::Unreadable { file, reason });
                }
            }
        }
        Ok(Self {
            folder: folder.to_owned(),
            files,
        })
    }

    /// The folder of the run.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where a table is, or would be.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The bytes of a table; `None` if there is no such table.
    pub fn bytes(&self, name: &str) -> Option<&[u8]> {
        self.files.get(name).map(Vec::as_slice)
    }
}
