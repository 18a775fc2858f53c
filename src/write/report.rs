//! A report in a file of its own, whole or not at all.

use super::WriteError;
use super::folder::temporary_file;
use std::fs::{File, Metadata};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// The system follows at most so many links from a path.
const MOST_LINKS: usize = 40;

/// A file that a report can be written to.
#[derive(Debug)]
pub struct ReportFile {
    path: PathBuf,
    way: Way,
}

/// The way that a report takes into its file.
#[derive(Debug)]
enum Way {
    /// Through standard output or standard error, which leads to the file: each then writes behind
    /// what the other wrote.
    Stream(File),
    /// By appending: to a device, a pipe or a descriptor, which are never replaced.
    Append,
    /// By replacing the file, if it is there.
    Replace,
}

impl Way {
    fn to(path: &Path) -> Self {
        let is_special =
            || std::fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir());
        match stream_to(path) {
            Some(stream) => Way::Stream(stream),
            None if is_special() || is_descriptor(path) => Way::Append,
            None => Way::Replace,
        }
    }
}

impl ReportFile {
    /// The file at `path`, tried: better to fail before a long simulation than after it. Of a link
    /// it is the file that it leads to. Standard output, standard error, other descriptors, devices
    /// and pipes are written to; any other file is replaced if it is there.
    ///
    /// # Errors
    ///
    /// If it is a folder or named like one, or its folder is not there or takes no new files.
    pub fn open(path: &Path) -> Result<Self, WriteError> {
        let way = Way::to(path);
        let file = ReportFile {
            path: match way {
                Way::Replace => destination(path),
                _ => path.to_path_buf(),
            },
            way,
        };
        file.attempt(path).map_err(|reason| file.failed(reason))?;
        Ok(file)
    }

    /// Try what can be tried of the file at `given` without a change to it.
    fn attempt(&self, given: &Path) -> std::io::Result<()> {
        let is_folder = given.to_string_lossy().ends_with(std::path::is_separator);
        if is_folder || given.is_dir() {
            return Err(ErrorKind::IsADirectory.into());
        }
        let found = std::fs::metadata(given);
        match (&self.way, found) {
            (Way::Stream(_), _) => Ok(()),
            // To open a pipe would wait for its reader.
            (Way::Append, Ok(found)) if !found.is_file() => Ok(()),
            (Way::Append, _) => self.appended().map(drop),
            (Way::Replace, Err(reason)) if reason.kind() != ErrorKind::NotFound => Err(reason),
            (Way::Replace, _) => temporary_file(folder_of(&self.path)).map(drop),
        }
    }

    /// Write the report.
    ///
    /// # Errors
    ///
    /// If it cannot be written; then an older file is as it was.
    pub fn write(&self, text: &str) -> Result<(), WriteError> {
        let bytes = text.as_bytes();
        let written = match &self.way {
            Way::Stream(stream) => (&*stream).write_all(bytes),
            Way::Append => self.appended().and_then(|mut file| file.write_all(bytes)),
            Way::Replace => self.replace(bytes),
        };
        written.map_err(|reason| self.failed(reason))
    }

    fn appended(&self) -> std::io::Result<File> {
        File::options().append(true).open(&self.path)
    }

    /// Writes it under a temporary name, which is then changed.
    fn replace(&self, bytes: &[u8]) -> std::io::Result<()> {
        let mut file = temporary_file(folder_of(&self.path))?;
        if let Ok(older) = std::fs::metadata(&self.path) {
            make_alike(file.as_file(), &self.path, &older)?;
        }
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(&self.path).map_err(|error| error.error)?;
        Ok(())
    }

    fn failed(&self, reason: std::io::Error) -> WriteError {
        WriteError::Report {
            path: self.path.clone(),
            reason,
        }
    }
}

/// Gives a new file the permissions of the file that it replaces. Its owner, its group and its extended
/// attributes, such as lists of access, are given to the new file too if the system allows it.
fn make_alike(file: &File, path: &Path, older: &Metadata) -> std::io::Result<()> {
    file.set_permissions(older.permissions())?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, fchown};
        use xattr::FileExt;
        let _ = fchown(file, None, Some(older.gid()));
        let _ = fchown(file, Some(older.uid()), None);
        for name in xattr::list(path).into_iter().flatten() {
            if let Ok(Some(value)) = xattr::get(path, &name) {
                let _ = file.set_xattr(&name, &value);
            }
        }
    }
    #[cfg(not(unix))]
    let _ = path;
    // To give a file away takes some permissions off; another's can no longer be changed by all.
    let _ = file.set_permissions(older.permissions());
    Ok(())
}

/// The file that a path leads to through links, whether it is there or not.
pub fn destination(path: &Path) -> PathBuf {
    let last = || steps(path).last().unwrap_or_else(|| path.to_path_buf());
    std::fs::canonicalize(path).unwrap_or_else(|_| last())
}

/// The path, and each that a link leads to from there.
fn steps(path: &Path) -> impl Iterator<Item = PathBuf> {
    let next = |at: &PathBuf| Some(folder_of(at).join(std::fs::read_link(at).ok()?));
    std::iter::successors(Some(path.to_path_buf()), next).take(MOST_LINKS)
}

/// The folder that a file is in.
pub fn folder_of(path: &Path) -> &Path {
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    folder.unwrap_or(Path::new("."))
}

/// Whether a path leads over a name that the system gives to a descriptor, such as /dev/stdout,
/// /dev/fd/3 or /proc/self/fd/3. The file behind it is open elsewhere and has to stay.
fn is_descriptor(path: &Path) -> bool {
    steps(path).any(|at| {
        std::fs::canonicalize(folder_of(&at)).is_ok_and(|folder| {
            ["/dev", "/dev/fd"].map(Path::new).contains(&&*folder) || folder.starts_with("/proc")
        })
    })
}

/// Standard output or standard error, if it leads to the same file as the path.
#[cfg(unix)]
fn stream_to(path: &Path) -> Option<File> {
    use std::os::fd::AsFd;
    use std::os::unix::fs::MetadataExt;
    let wanted = std::fs::metadata(path).ok()?;
    let is_wanted = |stream: &File| {
        let found = stream.metadata();
        found.is_ok_and(|found| (found.dev(), found.ino()) == (wanted.dev(), wanted.ino()))
    };
    let streams = [
        std::io::stdout().as_fd().try_clone_to_owned(),
        std::io::stderr().as_fd().try_clone_to_owned(),
    ];
    let mut streams = streams.into_iter().flatten().map(File::from);
    streams.find(is_wanted)
}

/// Systems other than Unix give standard streams no path: none leads to the file.
#[cfg(not(unix))]
fn stream_to(_path: &Path) -> Option<File> {
    None
}
