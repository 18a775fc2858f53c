//! One run at a time in an output folder.

use crate::text::quote::quoted_path;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

/// The name of the file that is locked while a run works in a folder.
const NAME: &str = ".kac-lock";

/// The lock on an output folder. The system releases it when the process ends, however it ends, so
/// that a lock file which a dead process left is in nobody's way.
#[derive(Debug)]
pub(super) struct Lock {
    path: PathBuf,
    /// The open file holds the lock.
    _file: File,
}

/// The reason why a folder could not be locked.
pub(super) enum LockError {
    /// Another process has the lock; it says this of itself.
    Held(String),
    /// The system refused.
    System(std::io::Error),
}

impl From<std::io::Error> for LockError {
    fn from(error: std::io::Error) -> Self {
        LockError::System(error)
    }
}

impl Lock {
    /// Lock a folder, or say who has locked it.
    pub(super) fn acquire(folder: &Path) -> Result<Self, LockError> {
        let path = folder.join(NAME);
        // A file that is no lock of this program is a user's, and a link may lead to one.
        if std::fs::symlink_metadata(&path).is_ok_and(|found| !found.is_file()) {
            return Err(not_a_lock(&path).into());
        }
        loop {
            let mut file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .open(&path)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    let mut holder = String::new();
                    // The holder may not have written its name yet.
                    let _ = file.read_to_string(&mut holder);
                    let holder = holder.trim().to_string();
                    return Err(LockError::Held(if holder.is_empty() {
                        "another process".to_string()
                    } else {
                        holder
                    }));
                }
                Err(TryLockError::Error(error)) => return Err(error.into()),
            }
            // The process that held the lock may have removed the file in between.
            if is_same_file(&file, &path) {
                let mut before = String::new();
                let is_text = (&mut file)
                    .take(LONGEST)
                    .read_to_string(&mut before)
                    .is_ok();
                if !is_text || !(before.is_empty() || before.starts_with(PROCESS)) {
                    return Err(not_a_lock(&path).into());
                }
                file.rewind()?;
                file.set_len(0)?;
                file.write_all(this_process().as_bytes())?;
                file.flush()?;
                return Ok(Lock { path, _file: file });
            }
        }
    }
}

impl Drop for Lock {
    /// Remove the file while it is still locked.
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// The first characters of a lock file.
const PROCESS: &str = "process ";

/// A lock file is not longer than this.
const LONGEST: u64 = 1000;

fn not_a_lock(path: &Path) -> std::io::Error {
    std::io::Error::other(format!(
        "{} is not a lock of this program; move it",
        quoted_path(path)
    ))
}

/// This process, in words.
fn this_process() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let on_host = match host.trim() {
        "" => String::new(),
        host => format!(" on {host}"),
    };
    format!("{PROCESS}{}{on_host}\n", std::process::id())
}

/// Whether an open file is the one that now has this name.
#[cfg(unix)]
fn is_same_file(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let identity = |metadata: std::fs::Metadata| (metadata.dev(), metadata.ino());
    let own = file.metadata().map(identity);
    let named = std::fs::metadata(path).map(identity);
    own.ok()
        .zip(named.ok())
        .is_some_and(|(own, named)| own == named)
}

/// Whether an open file is the one that now has this name: elsewhere an open file keeps its name.
#[cfg(not(unix))]
fn is_same_file(_file: &File, path: &Path) -> bool {
    path.exists()
}
