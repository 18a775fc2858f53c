//! `kac run`: simulate, write tables, figures and a manifest, judge.

use super::format::{Judged, text};
use super::{CommandError, Exit, Overrides, calibration, has_data, print, simulate, write_figure};
use crate::config::load;
use crate::figure::{FIGURES, FigureError, TableSet};
use crate::judge::Outcome;
use crate::profile::Watch;
use crate::verify::Sampling;
use crate::write::manifest::write_manifest;
use crate::write::{OutputFolder, csv_tables};
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
        let mut results = simulate(experiment, Sampling::Full, Some(&folder))?;
        let mut watch = Watch::start();
        let tables = csv_tables(&results);
        let written = folder.write_tables(&tables)?;
        let mut files: Vec<String> = written.into_iter().map(String::from).collect();
        // Figures show what this run wrote, whatever has become of its folder.
        let tables = TableSet::new(folder.path(), tables);
        // One after the other: a picture takes more memory than its tables.
        for figure in FIGURES.iter().filter(|figure| figure.shows_one_run()) {
            let drawn = has_data(figure, &results, experiment.sweep.len())
                .then(|| figure.render(&[&tables]));
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
