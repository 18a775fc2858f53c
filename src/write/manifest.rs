//! `manifest.json`: what was run, by what, and what came out.

use super::File;
use crate::config::Config;
use crate::numerics::vector::Instructions;
use crate::text::input::{contents, hexadecimal};
use crate::verify::Results;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

/// The name of the manifest in its folder.
pub const MANIFEST: &str = "manifest.json";

/// A manifest has at most so many bytes.
const LONGEST_MANIFEST: u64 = 100_000_000;

/// The commit that the program was built from, where known.
pub const COMMIT: Option<&str> = option_env!("KAC_COMMIT");

/// The SHA-256 of some bytes, in hexadecimal digits.
fn sha256(bytes: &[u8]) -> String {
    hexadecimal(Sha256::new_with_prefix(bytes))
}

/// The config that a folder is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Its file, relative to the folder.
    pub path: PathBuf,
    /// The SHA-256 of its text and, if it reads files of data, their SHA-256.
    pub sha256: String,
}

impl Origin {
    /// The origin of a folder that is for this config.
    pub fn new(config: &Config, folder: &Path) -> Self {
        let data = config.data.iter().map(|file| file.sha256.as_str());
        let text = config.text.clone() + &data.collect::<String>();
        Origin {
            path: relative(&absolute(&config.path), &absolute(folder)),
            sha256: sha256(text.as_bytes()),
        }
    }

    /// Whether it is the same file, perhaps edited, or the same text elsewhere.
    pub(super) fn is_same_config(&self, other: &Origin) -> bool {
        // A manifest has no bytes but those of text.
        self.path.to_string_lossy() == other.path.to_string_lossy() || self.sha256 == other.sha256
    }

    fn json(&self) -> Value {
        json!({ "path": self.path.to_string_lossy(), "sha256": self.sha256 })
    }
}

/// A path from the root, without links as far as it exists.
fn absolute(path: &Path) -> PathBuf {
    let from_root = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let existing = from_root.ancestors().find_map(|ancestor| {
        let real = ancestor.canonicalize().ok()?;
        let rest = from_root.strip_prefix(ancestor).ok()?;
        Some(real.join(rest))
    });
    existing.unwrap_or(from_root)
}

/// The way to a path from a folder, both from the root.
fn relative(path: &Path, folder: &Path) -> PathBuf {
    let (to, from): (Vec<Component>, Vec<Component>) =
        (path.components().collect(), folder.components().collect());
    let common = to
        .iter()
        .zip(&from)
        .take_while(|(to, from)| to == from)
        .count();
    if common == 0 {
        return path.to_path_buf();
    }
    let up = from[common..].iter().map(|_| Component::ParentDir);
    up.chain(to[common..].iter().copied()).collect()
}

/// A file that a manifest lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedFile {
    /// Its name.
    pub name: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// The SHA-256 of what it holds.
    pub sha256: String,
}

impl ListedFile {
    /// The entry of a file in a manifest.
    pub fn new(file: &File) -> Self {
        ListedFile {
            name: file.name.clone(),
            bytes: file.bytes.len() as u64,
            sha256: sha256(&file.bytes),
        }
    }

    /// Whether a folder holds the file as it is listed.
    pub fn is_in(&self, folder: &Path) -> bool {
        let path = folder.join(&self.name);
        let has_length =
            std::fs::metadata(&path).is_ok_and(|file| file.is_file() && file.len() == self.bytes);
        has_length && std::fs::read(&path).is_ok_and(|bytes| sha256(&bytes) == self.sha256)
    }

    fn json(&self) -> Value {
        json!({ "name": self.name, "bytes": self.bytes, "sha256": self.sha256 })
    }

    fn of_json(value: &Value) -> Option<Self> {
        let name = value["name"].as_str()?;
        // A name that leads out of the folder is none of ours.
        let is_plain = Path::new(name)
            .components()
            .eq([Component::Normal(name.as_ref())]);
        is_plain.then_some(ListedFile {
            name: name.to_string(),
            bytes: value["bytes"].as_u64()?,
            sha256: value["sha256"].as_str()?.to_string(),
        })
    }
}

/// The statements of a manifest in a folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listed {
    /// The config that the folder is for, if the manifest names one.
    pub origin: Option<Origin>,
    /// Whether the run is finished.
    pub finished: bool,
    /// Its files.
    pub files: Vec<ListedFile>,
    /// Whether the manifest is as this program wrote it: nobody's notes are in it.
    pub is_unedited: bool,
}

impl Listed {
    /// The statements of the manifest in a folder; `None` if there is none, or it is not one of this program.
    pub fn read(folder: &Path) -> Option<Self> {
        Self::read_file(&folder.join(MANIFEST))
    }

    /// The statements of the manifest in this file; `None` if it is not one of this program.
    pub(super) fn read_file(path: &Path) -> Option<Self> {
        let text = contents(path, LONGEST_MANIFEST).ok()?;
        let manifest: Value = serde_json::from_slice(&text).ok()?;
        if manifest["program"] != PROGRAM {
            return None;
        }
        let files = manifest["files"]
            .as_array()?
            .iter()
            .map(ListedFile::of_json);
        let origin = || {
            let origin = &manifest["origin"];
            Some(Origin {
                path: PathBuf::from(origin["path"].as_str()?),
                sha256: origin["sha256"].as_str()?.to_string(),
            })
        };
        Some(Listed {
            origin: origin(),
            finished: manifest["finished"] != false,
            files: files.collect::<Option<_>>()?,
            is_unedited: is_sealed(&manifest, &text),
        })
    }
}

/// The name of this program in manifests.
const PROGRAM: &str = "kac";

/// The key of a manifest's own checksum: that of its text with [`UNSEALED`] in its place.
const SEAL: &str = "sha256";

/// As many zeros as a checksum has digits.
const UNSEALED: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The text of a manifest, with its own checksum.
pub(super) fn sealed(mut manifest: Value) -> Vec<u8> {
    manifest[SEAL] = json!(UNSEALED);
    let mut text = serde_json::to_string_pretty(&manifest).expect("JSON values can be printed");
    text.push('\n');
    text.replace(UNSEALED, &sha256(text.as_bytes()))
        .into_bytes()
}

/// Whether a manifest's text has the checksum that it says.
fn is_sealed(manifest: &Value, text: &[u8]) -> bool {
    let (Some(seal), Ok(text)) = (manifest[SEAL].as_str(), std::str::from_utf8(text)) else {
        return false;
    };
    !seal.is_empty() && sha256(text.replace(seal, UNSEALED).as_bytes()) == seal
}

fn listed(files: &[ListedFile]) -> Value {
    files.iter().map(ListedFile::json).collect()
}

/// The manifest of a run that is not finished.
pub(super) fn unfinished(origin: Option<&Origin>) -> Value {
    json!({
        "program": PROGRAM,
        "version": env!("CARGO_PKG_VERSION"),
        "finished": false,
        "origin": origin.map(Origin::json),
        "files": [],
    })
}

/// The manifest of figures.
pub fn of_figures(files: &[ListedFile]) -> Value {
    json!({
        "program": PROGRAM,
        "version": env!("CARGO_PKG_VERSION"),
        "files": listed(files),
    })
}

/// The manifest of a finished run, as far as the config and the seed determine it.
pub fn of_tables(
    config: &Config,
    origin: &Origin,
    results: &Results,
    files: &[ListedFile],
) -> Value {
    json!({
        "program": PROGRAM,
        "version": env!("CARGO_PKG_VERSION"),
        "origin": origin.json(),
        "config": config.resolved(),
        "data": config.data,
        "seed": config.experiment.seed,
        "replicas": results.replicas,
        "collisions": results.collisions,
        "files": listed(files),
    })
}

/// The manifest of a finished run, with how it was done.
pub fn of_run(
    config: &Config,
    origin: &Origin,
    results: &Results,
    files: &[ListedFile],
    elapsed: Duration,
) -> Value {
    let mut manifest = of_tables(config, origin, results, files);
    manifest["commit"] = json!(COMMIT);
    manifest["wall_seconds"] = json!(elapsed.as_secs_f64());
    manifest["threads"] = json!(rayon::current_num_threads());
    manifest["instructions"] = json!(Instructions::best().name());
    manifest["thread_seconds"] = json!(results.profile);
    manifest
}
