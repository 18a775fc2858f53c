//! `kac figure`: reproduce a named figure from its committed experiments.

use super::drawing::{figure_files, rendered_files, table_set};
use super::names::{joined, meant, suggestion};
use super::{CommandError, Exit, Overrides, committed, interrupt, print, simulate};
use crate::config::{Config, load};
use crate::figure::{FIGURES, Figure, FigureError, figure_names};
use crate::judge::claims::ids;
use crate::table::TableSet;
use crate::text::quote::{quoted, quoted_path};
use crate::verify::Sampling;
use crate::write::folder::{Claim, OutputFolder};
use crate::write::manifest::{Listed, ListedFile, Origin, of_figures, of_tables};
use crate::write::{all_tables, tables};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The folder of the committed figures.
pub const COMMITTED: &str = "output/figures";

/// Where figures come from and go to.
#[derive(Debug)]
pub struct Places<'a> {
    /// Folder of the configs.
    pub experiments: &'a Path,
    /// Folder of the figures; the tables are in its subfolder `tables`.
    pub out: &'a Path,
    /// If true, files that another program put there are replaced.
    pub force: bool,
}

/// The folder of an experiment's tables below that of the figures.
fn tables_of(experiment: &str, figures: &Path) -> PathBuf {
    figures.join("tables").join(experiment)
}

/// Print what figures there are.
///
/// # Errors
///
/// If standard output cannot be written.
pub fn list() -> Result<Exit, CommandError> {
    let entry = |figure: &Figure| {
        format!(
            "{}\n    {}\n    drawn from experiments: {}\n    about claims: {}\n",
            figure.name,
            figure.shows,
            figure.experiments.join(", "),
            joined(&committed::claims_of(figure)),
        )
    };
    let entries: String = FIGURES.iter().map(entry).collect();
    print(&entries)?;
    Ok(Exit::AsExpected)
}

/// The figures that are meant by a name, which can be `all`.
fn named(name: &str) -> Result<Vec<&'static Figure>, CommandError> {
    let names = [&figure_names()[..], &["all"]].concat();
    if let Some(found) = meant(name, &names) {
        let is_meant = |figure: &&Figure| found == "all" || figure.name == found;
        return Ok(FIGURES.iter().filter(is_meant).collect());
    }
    let fix = match meant(name, &ids()) {
        Some(claim) => {
            let figures = joined(&committed::figures_of(claim));
            format!("figures about the claim {claim}: {figures}")
        }
        None => suggestion(name, &names),
    };
    Err(CommandError::Argument(format!(
        "there is no figure `{}`; {fix}",
        quoted(name)
    )))
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
    let figures = named(name)?;
    let experiments: BTreeSet<&'static str> = figures
        .iter()
        .flat_map(|figure| figure.experiments.iter().copied())
        .collect();
    let names: Vec<String> = figures.iter().copied().flat_map(figure_files).collect();
    let claim = Claim {
        origin: None,
        names: &names,
        force: places.force,
        sources: &[],
    };
    let source = match redraw {
        true => tables_to_redraw(&experiments, places.out)?,
        false => places.out,
    };
    let folder = OutputFolder::open(places.out, claim)?;
    let sets = if redraw {
        let names: BTreeSet<&str> = figures.iter().flat_map(|figure| figure.reads()).collect();
        read_tables(&experiments, &names, source)?
    } else {
        simulate_tables(&experiments, places, overrides)?
    };
    let mut files: Vec<ListedFile> = Listed::read(places.out).unwrap_or_default().files;
    files.retain(|file| !names.contains(&file.name) && file.is_in(places.out));
    for figure in figures {
        let experiments = figure.experiments.iter();
        let sets: Vec<&TableSet> = experiments.map(|name| &sets[name]).collect();
        for file in rendered_files(figure, figure.render(&sets)?) {
            folder.write(&file)?;
            files.push(ListedFile::new(&file));
        }
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    folder.finish(&of_figures(&files))?;
    for name in names.iter().filter(|name| name.ends_with("png")) {
        print(&format!("{}\n", quoted_path(&places.out.join(name))))?;
    }
    Ok(Exit::AsExpected)
}

/// The folder of figures whose tables are drawn again: that of the new figures, or the committed
/// one if it has no tables. All tables must be as their runs left them.
fn tables_to_redraw<'a>(
    experiments: &BTreeSet<&'static str>,
    out: &'a Path,
) -> Result<&'a Path, CommandError> {
    let has_some = experiments.iter().any(|name| tables_of(name, out).exists());
    let figures = if has_some { out } else { Path::new(COMMITTED) };
    for name in experiments {
        let folder = tables_of(name, figures);
        let Some(listed) = Listed::read(&folder) else {
            return Err(CommandError::NoTables { folder });
        };
        let config = listed
            .origin
            .and_then(|origin| Some(origin.path.file_stem()?.to_owned()));
        if config.is_none_or(|config| config != **name) {
            return Err(CommandError::OtherTables { folder });
        }
        if let Some(file) = listed.files.iter().find(|file| !file.is_in(&folder)) {
            let path = folder.join(&file.name);
            return Err(CommandError::ChangedTable { path });
        }
    }
    Ok(figures)
}

/// The tables of each experiment.
type Sets = BTreeMap<&'static str, TableSet>;

/// Read the named tables of the experiments, as far as they are there.
fn read_tables(
    experiments: &BTreeSet<&'static str>,
    names: &BTreeSet<&str>,
    source: &Path,
) -> Result<Sets, CommandError> {
    let read = |&name: &&'static str| {
        let folder = tables_of(name, source);
        let listed = Listed::read(&folder).unwrap_or_default().files;
        let is_listed = |name: &&str| listed.iter().any(|file| file.name == *name);
        let set = TableSet::read(&folder, names.iter().copied().filter(is_listed))
            .map_err(FigureError::from)?;
        Ok((name, set))
    };
    experiments.iter().map(read).collect()
}

/// Simulate the experiments and write their tables below the folder of the figures.
fn simulate_tables(
    experiments: &BTreeSet<&'static str>,
    places: &Places,
    overrides: Overrides,
) -> Result<Sets, CommandError> {
    let names = all_tables().into_iter();
    let names: Vec<String> = names.map(|table| table.file.to_string()).collect();
    let mut runs: Vec<(&'static str, Config, Origin, OutputFolder)> = vec![];
    for name in experiments {
        let config = overrides.apply(load(&places.experiments.join(format!("{name}.toml")))?);
        let path = tables_of(name, places.out);
        let origin = Origin::new(&config, &path);
        let claim = Claim {
            origin: Some(&origin),
            names: &names,
            force: places.force,
            sources: &config.sources(),
        };
        let folder = OutputFolder::open(&path, claim)?;
        runs.push((name, config, origin, folder));
    }
    interrupt::watch()?;
    overrides.on_threads(|| {
        let mut sets = Sets::new();
        for (name, config, origin, folder) in &runs {
            let results = simulate(&config.experiment, Sampling::Full, Some(folder))?;
            let tables = tables(&results);
            tables.iter().try_for_each(|table| folder.write(table))?;
            let files: Vec<ListedFile> = tables.iter().map(ListedFile::new).collect();
            let manifest = of_tables(config, origin, &results, &files);
            let kept = format!("the tables of {} are finished", config.experiment.name);
            interrupt::uninterrupted(|| folder.finish(&manifest), kept)?;
            sets.insert(name, table_set(folder.path(), tables));
        }
        Ok(sets)
    })
}
