//! A folder that holds the files of one run.
//!
//! While a run works, its files are in the subfolder [`UNFINISHED`]. If a run was killed, its files stay
//! there until the next run writes a file of its own. When all files of a run are there, a manifest
//! that lists them with their checksums is written beside them: then the run is finished, and its
//! files are moved to their final names. Before that the manifest of the run before is put aside and
//! the files that it lists are removed; the new manifest is moved last. So files of two runs never
//! stand side by side, and a manifest has all its files beside it. What a process that was killed in
//! between has left is moved by the next one.
//!
//! Nothing is deleted or overwritten but what a manifest of this program lists with the checksum
//! that it still has. A folder is for the runs of one config, or for figures.

use super::lock::{Lock, LockError};
use super::manifest::{Listed, MANIFEST, Origin, sealed};
use super::{File, WriteError};
use serde_json::Value;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The subfolder of a run that is not finished.
pub const UNFINISHED: &str = "unfinished";

/// The manifest of the run before, put aside while its files are replaced.
const REPLACED: &str = "replaced.json";

/// The beginning of the names of temporary files.
const TEMPORARY_PREFIX: &str = ".kac-";
/// The end of their names.
const TEMPORARY_SUFFIX: &str = ".tmp";

/// A folder that is locked for the files of one run.
#[derive(Debug)]
pub struct OutputFolder {
    path: PathBuf,
    unfinished: PathBuf,
    /// The names that the run may write.
    names: Vec<String>,
    /// If true, files that another config or another program put there are replaced.
    force: bool,
    /// Files that are never replaced.
    sources: Vec<PathBuf>,
    /// The manifest of the unfinished run, until the first of its files is written.
    first: Mutex<Option<Value>>,
    _lock: Lock,
}

/// The files that a run claims in a folder, the config that they are made from, and whether others
/// may be replaced.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'a> {
    /// The config that the folder is for; `None` for a folder of figures.
    pub origin: Option<&'a Origin>,
    /// The names of the files that may be written.
    pub names: &'a [String],
    /// If true, files that another config or another program put there are replaced.
    pub force: bool,
    /// The files that the config was read from, which are never replaced.
    pub sources: &'a [PathBuf],
}

impl OutputFolder {
    /// The folder at `path`, made if need be, locked, and tried: better to fail before a long run
    /// than after it.
    ///
    /// # Errors
    ///
    /// If it cannot be made or written to; if another process works in it; if the config was read
    /// from a file in the way; and unless `force`, if it holds the run of another config, or a file
    /// in the way that no manifest vouches for.
    pub fn open(path: &Path, claim: Claim) -> Result<Self, WriteError> {
        let failed = |reason| WriteError::system(path, reason);
        let unfinished = path.join(UNFINISHED);
        refuse_reserved_name(path)?;
        std::fs::create_dir_all(path).map_err(failed)?;
        if std::fs::symlink_metadata(&unfinished).is_ok_and(|found| !found.is_dir()) {
            return Err(WriteError::InTheWay { path: unfinished });
        }
        let lock = Lock::acquire(path).map_err(|error| match error {
            LockError::Held(holder) => WriteError::Locked {
                path: path.to_path_buf(),
                holder,
            },
            LockError::System(reason) => failed(reason),
        })?;
        let folder = OutputFolder {
            path: path.to_path_buf(),
            unfinished,
            names: claim.names.to_vec(),
            force: claim.force,
            sources: claim.sources.to_vec(),
            first: Mutex::new(Some(super::manifest::unfinished(claim.origin))),
            _lock: lock,
        };
        folder.remove_temporary_files();
        folder.complete()?;
        folder.refuse_other_owners(claim.origin)?;
        folder.refuse_foreign_files()?;
        folder.attempt()?;
        Ok(folder)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the files are until the run is finished.
    pub fn unfinished(&self) -> &Path {
        &self.unfinished
    }

    /// Write a file of the unfinished run, whole.
    ///
    /// # Errors
    ///
    /// If it cannot be written; then there is no new file.
    pub fn write(&self, file: &File) -> Result<(), WriteError> {
        self.begin()?;
        write_whole(&self.unfinished, &file.name, &file.bytes)
    }

    /// The run is finished: everything that the manifest lists is written. The unfinished files
    /// get their final names, in place of those of the run before. What the manifest lists and is
    /// not among the unfinished files stays as it is.
    ///
    /// # Errors
    ///
    /// If a file cannot be written, moved or removed.
    pub fn finish(&self, manifest: &Value) -> Result<(), WriteError> {
        self.begin()?;
        write_whole(&self.unfinished, MANIFEST, &sealed(manifest.clone()))?;
        self.publish()
    }

    /// Go on where a process was killed while the files of a finished run moved.
    fn complete(&self) -> Result<(), WriteError> {
        match Listed::read(&self.unfinished) {
            Some(listed) if listed.finished => self.publish(),
            Some(_) => Ok(()),
            None if Listed::read_file(&self.unfinished.join(REPLACED)).is_some() => {
                self.remove_unfinished()
            }
            None => Ok(()),
        }
    }

    /// Give the files of a finished run their final names.
    fn publish(&self) -> Result<(), WriteError> {
        let new = Listed::read(&self.unfinished).unwrap_or_default();
        let old = Listed::read(&self.path)
            .or_else(|| Listed::read_file(&self.unfinished.join(REPLACED)))
            .unwrap_or_default();
        let is_ours = |name: &str| {
            let files = old.files.iter().chain(&new.files);
            name == MANIFEST
                || files
                    .into_iter()
                    .any(|file| file.name == name && file.is_in(&self.path))
        };
        let new_names = || new.files.iter().map(|file| file.name.as_str());
        let moved = || new_names().filter(|name| self.unfinished.join(name).exists());
        self.refuse_in_the_way(moved(), is_ours)?;
        let [aside, manifest] = [self.unfinished.join(REPLACED), self.path.join(MANIFEST)];
        move_if_there(&manifest, &aside)?;
        synchronise(&self.path)?;
        let gone = old.files.iter().filter(|file| !new.files.contains(file));
        // A manifest that was edited may list what no run writes.
        let gone = gone.filter(|file| self.names.contains(&file.name));
        for file in gone.filter(|file| file.is_in(&self.path)) {
            remove(&self.path, &file.name)?;
        }
        for name in new_names() {
            move_if_there(&self.unfinished.join(name), &self.path.join(name))?;
        }
        synchronise(&self.path)?;
        move_if_there(&self.unfinished.join(MANIFEST), &manifest)?;
        synchronise(&self.path)?;
        self.remove_unfinished()
    }

    /// Refuse a folder that is another config's, or for figures, or a run's if it is to be for figures.
    fn refuse_other_owners(&self, origin: Option<&Origin>) -> Result<(), WriteError> {
        if self.force {
            return Ok(());
        }
        for folder in [&self.path, &self.unfinished] {
            let Some(listed) = Listed::read(folder) else {
                continue;
            };
            let path = folder.clone();
            match (listed.origin, origin) {
                (Some(owner), Some(origin)) if owner.is_same_config(origin) => {}
                (Some(owner), _) => {
                    let owner = owner.path;
                    return Err(WriteError::OtherConfig { path, owner });
                }
                (None, Some(_)) => return Err(WriteError::HoldsFigures { path }),
                (None, None) => {}
            }
        }
        Ok(())
    }

    /// Refuse to replace files that no manifest lists, or that were changed since.
    fn refuse_foreign_files(&self) -> Result<(), WriteError> {
        let listed = Listed::read(&self.path);
        let is_ours = |name: &str| {
            listed.as_ref().is_some_and(|listed| {
                let mut files = listed.files.iter();
                match name {
                    MANIFEST => listed.is_unedited,
                    _ => files.any(|file| file.name == name && file.is_in(&self.path)),
                }
            })
        };
        let names = self.names.iter().map(String::as_str);
        self.refuse_in_the_way(names.chain([MANIFEST]), is_ours)?;
        let has_files =
            std::fs::read_dir(&self.unfinished).is_ok_and(|mut entries| entries.next().is_some());
        if has_files && !self.force && Listed::read(&self.unfinished).is_none() {
            let path = self.unfinished.clone();
            return Err(WriteError::InTheWay { path });
        }
        Ok(())
    }

    /// Refuses a name that a folder has, or a file that the config was read from; and, without
    /// `force`, a file that is not ours.
    fn refuse_in_the_way<'a>(
        &self,
        names: impl IntoIterator<Item = &'a str>,
        is_ours: impl Fn(&str) -> bool,
    ) -> Result<(), WriteError> {
        for name in names {
            let path = self.path.join(name);
            match std::fs::symlink_metadata(&path) {
                Ok(found) if found.is_dir() => return Err(WriteError::IsFolder { path }),
                Ok(_) if self.is_source(&path) => return Err(WriteError::IsSource { path }),
                Ok(_) if !self.force && !is_ours(name) => {
                    return Err(WriteError::InTheWay { path });
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Whether the config was read from this file, perhaps by another path.
    fn is_source(&self, path: &Path) -> bool {
        let mut sources = self.sources.iter();
        path.canonicalize()
            .is_ok_and(|path| sources.any(|source| source.canonicalize().is_ok_and(|s| s == path)))
    }

    /// Makes the subfolder of the unfinished run, and tries whether it takes files. A folder there
    /// that has the name of a file could not be removed.
    fn attempt(&self) -> Result<(), WriteError> {
        let in_the_way = (self.names.iter()).map(|name| self.unfinished.join(name));
        if let Some(path) = in_the_way.into_iter().find(|path| path.is_dir()) {
            return Err(WriteError::IsFolder { path });
        }
        std::fs::create_dir_all(&self.unfinished)
            .and_then(|()| temporary_file(&self.unfinished).map(drop))
            .map_err(|reason| WriteError::system(&self.unfinished, reason))
    }

    /// Before the first file of this run, removes those of a run that was killed.
    fn begin(&self) -> Result<(), WriteError> {
        let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(manifest) = &*first {
            self.remove_unfinished()?;
            self.attempt()?;
            write_whole(&self.unfinished, MANIFEST, &sealed(manifest.clone()))?;
            *first = None;
        }
        Ok(())
    }

    /// Removes the subfolder of an unfinished run with all that a run writes there, and with the files
    /// that would take the place of those which this run leaves as they are; other files stay, and so
    /// does the subfolder then.
    fn remove_unfinished(&self) -> Result<(), WriteError> {
        let folders = [&self.unfinished, &self.path];
        let listed = folders.map(|folder| Listed::read(folder).unwrap_or_default());
        let listed = (listed.into_iter()).flat_map(|listed| listed.files);
        let listed = listed.map(|file| file.name);
        for name in listed.chain(self.names.iter().cloned()) {
            remove(&self.unfinished, &name)?;
        }
        remove(&self.unfinished, REPLACED)?;
        remove(&self.unfinished, MANIFEST)?;
        let _ = std::fs::remove_dir(&self.unfinished);
        Ok(())
    }

    /// Remove the temporary files of runs that were killed. What cannot be removed
    /// stays: it is in nobody's way.
    fn remove_temporary_files(&self) {
        let entries = std::fs::read_dir(&self.unfinished);
        for entry in entries.into_iter().flatten().flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with(TEMPORARY_PREFIX) && name.ends_with(TEMPORARY_SUFFIX) {
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }
}

impl Drop for OutputFolder {
    /// A run that failed before it wrote anything leaves nothing behind. The manifest of a finished run,
    /// whose files have moved, stays for the next run to move.
    fn drop(&mut self) {
        if Listed::read(&self.unfinished).is_some_and(|listed| listed.finished) {
            return;
        }
        let is_empty = std::fs::read_dir(&self.unfinished)
            .is_ok_and(|entries| entries.flatten().all(|entry| entry.file_name() == MANIFEST));
        if is_empty {
            let _ = self.remove_unfinished();
        }
    }
}

/// Refuse the name that the subfolder of an unfinished run has.
fn refuse_reserved_name(path: &Path) -> Result<(), WriteError> {
    let real = path.canonicalize();
    let names = [Some(path), real.as_deref().ok()].map(|path| path.and_then(Path::file_name));
    match names.contains(&Some(UNFINISHED.as_ref())) {
        true => Err(WriteError::ReservedName {
            path: path.to_path_buf(),
        }),
        false => Ok(()),
    }
}

/// Write a file whole, to the disk: under a temporary name in its folder, which is then changed.
fn write_whole(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), WriteError> {
    let path = folder.join(name);
    let write = || {
        let mut file = temporary_file(folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(&path).map_err(|error| error.error)?;
        Ok(())
    };
    write().map_err(|reason| WriteError::system(&path, reason))?;
    synchronise(folder)
}

/// Bring the names of a folder's files to the disk.
fn synchronise(folder: &Path) -> Result<(), WriteError> {
    // Elsewhere a folder cannot be opened.
    if cfg!(unix) {
        std::fs::File::open(folder)
            .and_then(|opened| opened.sync_all())
            .map_err(|reason| WriteError::system(folder, reason))?;
    }
    Ok(())
}

/// Give a file another name, if it is there.
fn move_if_there(from: &Path, to: &Path) -> Result<(), WriteError> {
    match std::fs::rename(from, to) {
        Err(reason) if !is_absence(&reason) => Err(WriteError::system(to, reason)),
        _ => Ok(()),
    }
}

/// Remove a file of a folder, if it is there.
fn remove(folder: &Path, name: &str) -> Result<(), WriteError> {
    let path = folder.join(name);
    match std::fs::remove_file(&path) {
        Err(reason) if !is_absence(&reason) => Err(WriteError::system(&path, reason)),
        _ => Ok(()),
    }
}

/// Whether a file is not there; nor is it where its folder is a file.
fn is_absence(reason: &std::io::Error) -> bool {
    matches!(
        reason.kind(),
        ErrorKind::NotFound | ErrorKind::NotADirectory
    )
}

/// A temporary file with the permissions of an ordinary one.
pub(super) fn temporary_file(folder: &Path) -> std::io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(TEMPORARY_PREFIX).suffix(TEMPORARY_SUFFIX);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}
