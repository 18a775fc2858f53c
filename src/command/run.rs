//! `kac run`: simulate, write tables, judge, draw figures and write a manifest.

use super::drawing::{draw, figure_files, figures};
use super::format::{Judged, text};
use super::{CommandError, Exit, Overrides, calibration, interrupt, print, simulate};
use crate::config::{Config, load};
use crate::judge::Outcome;
use crate::measure::profile::Watch;
use crate::text::quote::quoted_path;
use crate::text::words::counted;
use crate::verify::{Results, Sampling};
use crate::write::folder::{Claim, OutputFolder};
use crate::write::manifest::{ListedFile, Origin, of_run};
use crate::write::{all_tables, tables};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// The names of all files that a run can write.
fn names() -> Vec<String> {
    let tables = all_tables().into_iter().map(|table| table.file.to_string());
    tables.chain(figures().flat_map(figure_files)).collect()
}

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
/// If the config cannot be used or a file not be written. Then the verdicts of a finished
/// simulation are printed all the same.
pub fn run(
    path: &Path,
    out: Option<&Path>,
    force: bool,
    overrides: Overrides,
) -> Result<Exit, CommandError> {
    let start = Instant::now();
    let config = overrides.apply(load(path)?);
    let out = out.map_or_else(|| default_folder(&config), |out| Ok(out.to_path_buf()))?;
    let origin = Origin::new(&config, &out);
    let claim = Claim {
        origin: Some(&origin),
        names: &names(),
        force,
        sources: &config.sources(),
    };
    let folder = OutputFolder::open(&out, claim)?;
    interrupt::watch()?;
    overrides.on_threads(|| {
        let mut results = simulate(&config.experiment, Sampling::Full, Some(&folder))?;
        let mut watch = Watch::start();
        let tables = tables(&results);
        let written = tables.iter().try_for_each(|table| folder.write(table));
        // Files are there even where nobody reads the verdicts.
        let printed = print(&verdicts(&config, &results));
        written?;
        let mut files: Vec<ListedFile> = tables.iter().map(ListedFile::new).collect();
        // Figures show what this run wrote, whatever becomes of its folder.
        let drawn = draw(&out, tables, |file| {
            folder.write(&file)?;
            files.push(ListedFile::new(&file));
            Ok(())
        });
        results.profile.output += watch.lap();
        let manifest = of_run(&config, &origin, &results, &files, start.elapsed());
        interrupt::uninterrupted(
            || folder.finish(&manifest),
            format!(
                "the run was finished; its files are in {}",
                quoted_path(&out)
            ),
        )?;
        let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
        print(&format!(
            "{} in {:.1} s; wrote {} and manifest.json to {}\n",
            counted(results.collisions, "collision", "collisions"),
            start.elapsed().as_secs_f64(),
            names.join(", "),
            quoted_path(&out)
        ))?;
        printed?;
        drawn?;
        Ok(results.outcome().into())
    })
}

/// The text about the claims of a run, or about its intervals if it was repeated.
fn verdicts(config: &Config, results: &Results) -> String {
    if config.experiment.calibration.is_some() {
        calibration::text(results)
    } else if !results.verdicts.is_empty() || results.outcome() != Outcome::AsExpected {
        text(&[Judged::new(config, results)])
    } else {
        String::new()
    }
}
