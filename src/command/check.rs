//! `kac check`: simulate and judge, write nothing.

use super::format::{Judged, github, json, junit, text};
use super::{CommandError, Exit, Overrides, print, simulate};
use crate::config::{load, load_with_checks};
use crate::verify::Sampling;
use std::path::{Path, PathBuf};

/// How verdicts are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Aligned columns for people.
    Text,
    /// JSON.
    Json,
    /// JUnit XML.
    Junit,
    /// The text, and annotations for GitHub Actions.
    Github,
}

/// The configs in a folder, by name, but for those that calibrate: they judge
/// no claims.
///
/// # Errors
///
/// If the folder or a config cannot be read.
fn judging_configs_in(folder: &Path) -> Result<Vec<PathBuf>, CommandError> {
    let failed = |reason| CommandError::Folder {
        path: folder.to_path_buf(),
        reason,
    };
    let mut configs = vec![];
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            configs.push(path);
        }
    }
    configs.sort();
    let mut judging = vec![];
    for path in configs {
        if load(&path)?.experiment.calibration.is_none() {
            judging.push(path);
        }
    }
    if judging.is_empty() {
        return Err(failed(std::io::Error::other(
            "there is no .toml file with claims in it",
        )));
    }
    Ok(judging)
}

/// Judge the checks of these configs; of all in `experiments/` that judge if
/// there are none.
///
/// # Errors
///
/// If a config cannot be used, or has no checks.
pub fn check(
    paths: &[PathBuf],
    format: Format,
    sampling: Sampling,
    overrides: Overrides,
) -> Result<Exit, CommandError> {
    let paths = if paths.is_empty() {
        judging_configs_in(Path::new("experiments"))?
    } else {
        paths.to_vec()
    };
    // All configs are read before anything is simulated.
    let mut configs = vec![];
    for path in &paths {
        configs.push(overrides.apply(load_with_checks(path)?));
    }
    overrides.on_threads(|| {
        let mut all = vec![];
        let mut outcome = crate::judge::Outcome::AsExpected;
        for config in &configs {
            let results = simulate(&config.experiment, sampling, None)?;
            outcome = outcome.max(results.outcome());
            all.push(Judged::new(config, &results));
        }
        print(&match format {
            Format::Text => text(&all),
            Format::Json => json(&all, outcome),
            Format::Junit => junit(&all),
            Format::Github => github(&all),
        })?;
        Ok(outcome.into())
    })
}
