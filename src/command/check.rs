//! `kac check`: simulate, judge, and report the verdicts.

use super::format::{Judged, github, is_coloured, json, junit, text_with_effort};
use super::progress::Progress;
use super::{CommandError, Exit, Overrides, print, simulate_with};
use crate::config::{Config, load, load_with_checks};
use crate::judge::Outcome;
use crate::text::quote::quoted_path;
use crate::verify::Sampling;
use crate::write::report::{ReportFile, destination, folder_of};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// The format in which verdicts are printed.
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

/// The form and the destination of the verdicts.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    /// The format of the report.
    pub format: Format,
    /// The file that it is written to; standard output if not given.
    pub output: Option<&'a Path>,
    /// True if nothing but errors is printed.
    pub quiet: bool,
}

impl Report<'_> {
    /// The file of the report, tried: better to fail before a long simulation than after it. A
    /// file that these configs or their data were read from is refused.
    fn file(&self, configs: &[Config]) -> Result<Option<ReportFile>, CommandError> {
        let Some(path) = self.output else {
            return Ok(None);
        };
        let target = destination(path);
        let problem = if [path, &target].into_iter().any(is_config_name) {
            "has the name of a config"
        } else if configs.iter().any(|config| is_source(config, &target)) {
            "is a config of this check or data of one"
        } else {
            return Ok(Some(ReportFile::open(path)?));
        };
        Err(CommandError::Argument(format!(
            "--output {} {problem}, which it would replace; choose another name, e.g. kac.xml or \
             kac.json",
            quoted_path(path)
        )))
    }

    /// The text of the report.
    fn text(&self, all: &[Judged], outcome: Outcome, coloured: bool) -> String {
        match self.format {
            Format::Text => text_with_effort(all, coloured),
            Format::Json => json(all, outcome),
            Format::Junit => junit(all),
            Format::Github => github(all, coloured),
        }
    }

    /// Write the report to its file, and print the verdicts unless that is unwanted; if the file
    /// cannot be written, they are printed in any case.
    fn deliver(
        &self,
        file: Option<&ReportFile>,
        all: &[Judged],
        outcome: Outcome,
    ) -> Result<(), CommandError> {
        let Some(file) = file else {
            return match self.quiet {
                true => Ok(()),
                false => print(&self.text(all, outcome, is_coloured())),
            };
        };
        let written = file.write(&self.text(all, outcome, false));
        if !self.quiet || written.is_err() {
            print(&text_with_effort(all, is_coloured()))?;
        }
        Ok(written?)
    }
}

/// True if a name ends in `.toml`, in capitals or not, as names of configs do.
fn is_config_name(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("toml"))
}

/// True if a name begins with a dot: editors and systems leave such files behind.
fn is_hidden(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    name.as_encoded_bytes().starts_with(b".")
}

/// True if a config or its data were read from this file.
fn is_source(config: &Config, file: &Path) -> bool {
    let mut sources = config.sources().into_iter();
    sources.any(|path| std::fs::canonicalize(path).is_ok_and(|path| path == file))
}

/// The configs in a folder that have checks, by name. Folders in it are not searched, and names
/// that begin with a dot are passed over.
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
        if is_config_name(&path) && !is_hidden(&path) && !path.is_dir() {
            configs.push(path);
        }
    }
    configs.sort();
    let mut judging = vec![];
    for path in configs {
        if !load(&path)?.experiment.checks.is_empty() {
            judging.push(path);
        }
    }
    if judging.is_empty() {
        return Err(failed(std::io::Error::other(
            "there is no .toml file with a section [[check]] in it, and folders in it are not \
             searched",
        )));
    }
    Ok(judging)
}

/// The configs at these paths: files, and those in folders; those in `experiments/` if there are
/// no paths. A file that is met again, say by its name and in its folder, counts once.
///
/// # Errors
///
/// If a config cannot be used or has no checks, or a folder has none with checks.
fn configs_at(paths: &[PathBuf]) -> Result<Vec<Config>, CommandError> {
    let mut files = match paths {
        [] => judging_configs_in(Path::new("experiments"))?,
        _ => vec![],
    };
    for path in paths {
        match path.is_dir() {
            true => files.extend(judging_configs_in(path)?),
            false => files.push(path.clone()),
        }
    }
    let mut met = BTreeSet::new();
    files.retain(|path| met.insert(place(path)));
    let load = |path: &PathBuf| Ok(load_with_checks(path)?);
    files.iter().map(load).collect()
}

/// A file's name in its folder, which is the same however one gets there.
fn place(path: &Path) -> PathBuf {
    let folder = std::fs::canonicalize(folder_of(path));
    match (folder, path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => path.to_path_buf(),
    }
}

/// Judge the checks of the configs at these paths, which can be folders; of those in
/// `experiments/` if there are none.
///
/// # Errors
///
/// If a config cannot be used, or has no checks, or the report cannot be written.
pub fn check(
    paths: &[PathBuf],
    report: Report,
    sampling: Sampling,
    overrides: Overrides,
) -> Result<Exit, CommandError> {
    // All that can be wrong is found before anything is simulated.
    let configs = configs_at(paths)?;
    let file = report.file(&configs)?;
    overrides.on_threads(|| {
        let mut all = vec![];
        let mut outcome = Outcome::AsExpected;
        for config in configs {
            let start = Instant::now();
            let config = overrides.apply(config);
            let experiment = &config.experiment;
            let progress = match report.quiet {
                true => Progress::hidden(experiment),
                false => Progress::new(experiment),
            };
            let results = simulate_with(experiment, sampling, None, progress)?;
            outcome = outcome.max(results.outcome());
            all.push(Judged::new(&config, &results).after(start.elapsed(), sampling));
        }
        report.deliver(file.as_ref(), &all, outcome)?;
        Ok(outcome.into())
    })
}
