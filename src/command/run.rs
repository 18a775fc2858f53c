//! `kac run`: simulate, write tables, figures and a manifest, judge.

use super::format::{Judged, text};
use super::{CommandError, Exit, Overrides, draw, has_data, print, simulate};
use crate::config::load;
use crate::figure::{FIGURES, FigureError};
use crate::write::OutputFolder;
use crate::write::manifest::write_manifest;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Run the config at `path`; files go to `out`, or `output/<file stem>`.
///
/// # Errors
///
/// If the config cannot be used or a file not be written.
pub fn run(path: &Path, out: Option<&Path>, overrides: Overrides) -> Result<Exit, CommandError> {
    let start = Instant::now();
    let config = overrides.apply(load(path)?);
    let experiment = &config.experiment;
    let out = out.map_or_else(
        || PathBuf::from("output").join(&experiment.name),
        PathBuf::from,
    );
    let folder = OutputFolder::open(&out)?;
    // A manifest vouches for the files beside it; these are about to change.
    folder.remove("manifest.json")?;
    overrides.on_threads(|| {
        let results = simulate(experiment, Some(&folder))?;
        let tables = folder.write_tables(&results.tables, &results.verdicts)?;
        let mut files: Vec<String> = tables.into_iter().map(String::from).collect();
        for figure in FIGURES.iter().filter(|figure| figure.folders() == 1) {
            if has_data(figure, &results.tables, experiment.sweep.len()) {
                match draw(figure, &[folder.path()], &folder) {
                    Ok(names) => {
                        files.extend(names);
                        continue;
                    }
                    // Two equal copies, say: nothing to see on a log axis.
                    Err(CommandError::Figure(FigureError::NoData { .. })) => {}
                    Err(error) => return Err(error),
                }
            }
            for extension in ["png", "svg"] {
                folder.remove(&format!("{}.{extension}", figure.name))?;
            }
        }
        write_manifest(&folder, &config, &results, &files, start.elapsed())?;
        let outcome = results.outcome();
        let judged = Judged {
            name: experiment.name.clone(),
            verdicts: results.verdicts,
        };
        if !judged.verdicts.is_empty() {
            print(&text(&[judged]))?;
        }
        print(&format!(
            "{} collisions in {:.1} s; wrote {} and manifest.json to {}\n",
            results.collisions,
            start.elapsed().as_secs_f64(),
            files.join(", "),
            folder.path().display()
        ))?;
        Ok(outcome.into())
    })
}
