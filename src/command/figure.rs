//! `kac figure`: reproduce a named figure from its committed experiments.

use super::{CommandError, Exit, Overrides, print, simulate, write_figure};
use crate::config::load;
use crate::figure::{FIGURES, Figure, TableSet};
use crate::verify::Sampling;
use crate::write::{OutputFolder, csv_tables};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Where figures come from and go to.
#[derive(Debug)]
pub struct Places<'a> {
    /// Folder of the configs.
    pub experiments: &'a Path,
    /// Folder of the figures; the tables are in its subfolder `tables`.
    pub out: &'a Path,
}

impl Places<'_> {
    /// Folder of the tables of an experiment.
    fn tables(&self, experiment: &str) -> PathBuf {
        self.out.join("tables").join(experiment)
    }
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
            "there is no figure `{name}`; choose one of {}, or all",
            names.join(", ")
        )));
    }
    if redraw {
        for figure in &figures {
            let folders = figure.experiments.iter().map(|name| places.tables(name));
            let needed =
                folders.flat_map(|folder| figure.tables.iter().map(move |name| folder.join(name)));
            if let Some(path) = needed.into_iter().find(|path| !path.is_file()) {
                return Err(CommandError::NoTable { path });
            }
        }
    }
    let folder = OutputFolder::open(places.out)?;
    let experiments: BTreeSet<&str> = figures
        .iter()
        .flat_map(|figure| figure.experiments.iter().copied())
        .collect();
    let sets = if redraw {
        let names: BTreeSet<&str> = figures.iter().flat_map(|figure| figure.reads()).collect();
        read_tables(&experiments, &names, places)?
    } else {
        simulate_tables(&experiments, places, overrides)?
    };
    for figure in figures {
        let experiments = figure.experiments.iter();
        let sets: Vec<&TableSet> = experiments.map(|name| &sets[name]).collect();
        let rendered = figure.render(&sets)?;
        let names = write_figure(figure, &rendered, &folder)?;
        print(&format!("{}\n", folder.path().join(&names[0]).display()))?;
    }
    Ok(Exit::AsExpected)
}

/// The tables of each experiment.
type Sets<'a> = BTreeMap<&'a str, TableSet>;

/// Read the named tables of the experiments, as far as they are there.
fn read_tables<'a>(
    experiments: &BTreeSet<&'a str>,
    names: &BTreeSet<&str>,
    places: &Places,
) -> Result<Sets<'a>, CommandError> {
    let read = |&name: &&'a str| {
        let set = TableSet::read(&places.tables(name), names.iter().copied())?;
        Ok((name, set))
    };
    experiments.iter().map(read).collect()
}

/// Simulate the experiments and write their tables.
fn simulate_tables<'a>(
    experiments: &BTreeSet<&'a str>,
    places: &Places,
    overrides: Overrides,
) -> Result<Sets<'a>, CommandError> {
    // All configs are read, and all folders tried, before anything is simulated.
    let mut runs = vec![];
    for &name in experiments {
        let path = places.experiments.join(format!("{name}.toml"));
        let config = overrides.apply(load(&path)?);
        runs.push((name, config, OutputFolder::open(&places.tables(name))?));
    }
    overrides.on_threads(|| {
        let simulated = runs.into_iter().map(|(name, config, folder)| {
            let results = simulate(&config.experiment, Sampling::Full, Some(&folder))?;
            Ok((name, TableSet::new(folder.path(), csv_tables(&results))))
        });
        simulated.collect()
    })
}
