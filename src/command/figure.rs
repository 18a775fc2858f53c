//! `kac figure`: reproduce a named figure from its committed experiments.

use super::{CommandError, Exit, Overrides, print, simulate, write_figure};
use crate::config::load;
use crate::figure::{FIGURES, Figure};
use crate::quote::quoted;
use crate::verify::Sampling;
use crate::write::OutputFolder;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Where figures come from and go to.
#[derive(Debug)]
pub struct Places<'a> {
    /// Folder of the configs.
    pub experiments: &'a Path,
    /// Folder of the figures; the tables are in its subfolder `tables`.
    pub out: &'a Path,
}

/// Print what figures there are.
///
/// # Errors
///
/// If standard output cannot be written.
pub fn list() -> Result<Exit, CommandError> {
    for figure in FIGURES {
        print(&format!(
            "{:12} {} (from {})\n",
            figure.name,
            figure.shows,
            figure.experiments.join(", ")
        ))?;
    }
    Ok(Exit::AsExpected)
}

/// Draw a figure, or `all`. Its experiments are simulated first, unless
/// `redraw` says to draw from the tables that are there.
///
/// # Errors
///
/// If there is no such figure, or a file cannot be read or written.
pub fn figure(
    name: &str,
    redraw: bool,
    places: &Places,
    overrides: Overrides,
) -> Result<Exit, CommandError> {
    let figures: Vec<&Figure> = FIGURES
        .iter()
        .filter(|figure| name == "all" || figure.name == name)
        .collect();
    if figures.is_empty() {
        let names: Vec<&str> = FIGURES.iter().map(|figure| figure.name).collect();
        return Err(CommandError::Argument(format!(
            "there is no figure `{}`; choose one of {}, or all",
            quoted(name),
            names.join(", ")
        )));
    }
    let tables = |experiment: &str| places.out.join("tables").join(experiment);
    if redraw {
        for figure in &figures {
            let folders = figure.experiments.iter().map(|name| tables(name));
            let needed =
                folders.flat_map(|folder| figure.tables.iter().map(move |name| folder.join(name)));
            if let Some(path) = needed.into_iter().find(|path| !path.is_file()) {
                return Err(CommandError::NoTable { path });
            }
        }
    }
    let folder = OutputFolder::open(places.out)?;
    if !redraw {
        let experiments: BTreeSet<&str> = figures
            .iter()
            .flat_map(|figure| figure.experiments.iter().copied())
            .collect();
        let mut configs = vec![];
        for name in experiments {
            let path = places.experiments.join(format!("{name}.toml"));
            configs.push((
                overrides.apply(load(&path)?),
                OutputFolder::open(&tables(name))?,
            ));
        }
        overrides.on_threads(|| {
            for (config, folder) in &configs {
                simulate(&config.experiment, Sampling::Full, Some(folder))?;
            }
            Ok(())
        })?;
    }
    for figure in figures {
        let sources: Vec<PathBuf> = figure.experiments.iter().map(|name| tables(name)).collect();
        let sources: Vec<&Path> = sources.iter().map(PathBuf::as_path).collect();
        let rendered = figure.render(&sources)?;
        let names = write_figure(figure, &rendered, &folder)?;
        print(&format!("{}\n", folder.path().join(&names[0]).display()))?;
    }
    Ok(Exit::AsExpected)
}
