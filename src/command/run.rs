//! `kac run`: simulate, write tables, figures and a manifest, judge.

use super::format::{Judged, text};
use super::{CommandError, Exit, Overrides, calibration, has_data, print, simulate, write_figure};
use crate::config::{Config, load};
use crate::figure::{FIGURES, Figure, FigureError};
use crate::judge::Outcome;
use crate::profile::Watch;
use crate::quote::quoted_path;
use crate::verify::Sampling;
use crate::write::OutputFolder;
use crate::write::manifest::write_manifest;
use rayon::prelude::*;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// `output/<file stem>`. A stem of nothing but dots and white space would name `output` itself, or the folder above.
fn default_folder(config: &Config) -> Result<PathBuf, CommandError> {
    let name = &config.experiment.name;
    if name.chars().all(|c| c == '.' || c.is_whitespace()) {
        return Err(CommandError::Argument(format!(
            "the file name of the config {} gives no name for a folder of results; rename it, or \
             choose a folder with --out",
            quoted_path(&config.path)
        )));
    }
    Ok(Path::new("output").join(name))
}

/// Run the config at `path`; files go to `out`, or `output/<file stem>`.
///
/// # Errors
///
/// If the config cannot be used or a file not be written.
pub fn run(path: &Path, out: Option<&Path>, overrides: Overrides) -> Result<Exit, CommandError> {
    let start = Instant::now();
    let config = overrides.apply(load(path)?);
    let experiment = &config.experiment;
    let out = out.map_or_else(|| default_folder(&config), |out| Ok(out.to_path_buf()))?;
    let folder = OutputFolder::open(&out)?;
    // A manifest vouches for the files beside it; these are about to change.
    folder.remove("manifest.json")?;
    overrides.on_threads(|| {
        let mut results = simulate(experiment, Sampling::Full, Some(&folder))?;
        let mut watch = Watch::start();
        let tables = folder.write_tables(&results)?;
        let mut files: Vec<String> = tables.into_iter().map(String::from).collect();
        let figures: Vec<&Figure> = FIGURES
            .iter()
            .filter(|figure| figure.shows_one_run())
            .collect();
        let drawn: Vec<_> = figures
            .par_iter()
            .map(|figure| {
                has_data(figure, &results, experiment.sweep.len())
                    .then(|| figure.render(&[folder.path()]))
            })
            .collect();
        for (figure, drawn) in figures.into_iter().zip(drawn) {
            match drawn {
                Some(Ok(rendered)) => files.extend(write_figure(figure, &rendered, &folder)?),
                // Two equal copies, say: nothing to see on a log axis.
                None | Some(Err(FigureError::NoData { .. })) => {
                    for extension in ["png", "svg"] {
                        folder.remove(&format!("{}.{extension}", figure.name))?;
                    }
                }
                Some(Err(error)) => return Err(error.into()),
            }
        }
        results.profile.output += watch.lap();
        write_manifest(&folder, &config, &results, &files, start.elapsed())?;
        let (outcome, collisions) = (results.outcome(), results.collisions);
        if experiment.calibration.is_some() {
            print(&calibration::text(&results))?;
        } else if !results.verdicts.is_empty() || outcome != Outcome::AsExpected {
            print(&text(&[Judged::new(&config, results)]))?;
        }
        print(&format!(
            "{collisions} collisions in {:.1} s; wrote {} and manifest.json to {}\n",
            start.elapsed().as_secs_f64(),
            files.join(", "),
            folder.path().display()
        ))?;
        Ok(outcome.into())
    })
}
