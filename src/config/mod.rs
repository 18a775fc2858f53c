//! From a TOML file to an [`Experiment`].
//!
//! Everything that can be wrong is found here, before anything is computed.
//! Simulation never sees TOML.
//!
//! Each section has a file with the declarations of its [keys](crate::key), and with what takes several keys to see.
//! A key is added by its declaration, which the section lists, and its field in [`Experiment`]; a section by its
//! file and its line in `KEYS` here.

mod calibration;
mod check;
mod initial;
mod laws;
mod model;
mod section;
mod steady_state;
mod time;
mod wasserstein;

pub use crate::key::reader::ConfigError;

use crate::experiment::{Experiment, MOST_REPLICAS};
use crate::key::kind::{Counts, OneOrMore, Optional, Text, Whole};
use crate::key::reader::{Source, Table, folder_of};
use crate::key::{About, Declared, Key, about, names};
use crate::law::joint::Joint;
use crate::law::{DataFile, Law};
use crate::text::input::{LONGEST_CONFIG, contents};
use crate::text::quote::quoted_path;
use crate::text::words::counted;
use laws::BathLaw;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// The reason why there is no experiment.
#[derive(Debug, Error)]
pub enum LoadError {
    /// The file cannot be read.
    #[error(
        "cannot read the config {}: {reason}; check the path",
        quoted_path(path)
    )]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The answer of the system.
        reason: std::io::Error,
    },
    /// The file can be read but not used.
    #[error(transparent)]
    Invalid(#[from] ConfigError),
}

/// A replica with more collisions than this would take months.
const MOST_COLLISIONS: f64 = 1e15;

/// The keys and sections of a config.
static KEYS: &[&dyn Declared<Experiment>] = &[
    &TITLE,
    &SEED,
    &REPLICAS,
    &model::SECTION,
    &BATH,
    &initial::SECTION,
    &time::SECTION,
    &wasserstein::SECTION,
    &calibration::SECTION,
    &steady_state::SECTION,
    &check::SECTION,
];

static TITLE: Key<Experiment, Optional<Text>> = Key {
    name: "title",
    kind: Optional(Text),
    default: Some(None),
    unit: None,
    meaning: "A line for people, which the manifest keeps.",
    example: "\"Theorem 6, two gases\"",
    fix: None,
    of: |experiment| experiment.title.clone(),
};

static SEED: Key<Experiment, Whole> = Key {
    name: "seed",
    kind: Whole(0..=i64::MAX as u64),
    default: None,
    unit: None,
    meaning: "Seed of all randomness: the same one gives the same bytes.",
    example: "2016",
    fix: Some("write seed = 1, or any other whole number, e.g. seed = 2016"),
    of: |experiment| experiment.seed,
};

static REPLICAS: Key<Experiment, OneOrMore> = Key {
    name: "replicas",
    kind: OneOrMore {
        each: Whole(2..=MOST_REPLICAS),
        are_distinct: false,
    },
    default: None,
    unit: None,
    meaning: "Number of independent coupled pairs, one for all N or a list as long as model.particles.",
    example: "[100000, 25000, 6000]",
    fix: Some("write one number of at least 2 for all N, or a list as long as model.particles"),
    of: |experiment| Counts::List(experiment.sweep.iter().map(|sweep| sweep.1).collect()),
};

static BATH: Key<Experiment, BathLaw> = Key {
    name: "bath",
    kind: BathLaw,
    default: None,
    unit: None,
    meaning: "g, the law of the bath's velocities, of mean 0.",
    example: "{ law = \"normal\", mean = 0.0, sd = 1.0 }",
    fix: Some("add a section [bath] with a law of mean 0"),
    of: |experiment| experiment.bath.clone(),
};

/// All that is known of the keys and sections of a config.
pub fn keys() -> Vec<About> {
    about(KEYS)
}

/// An experiment, and the file it was made from.
#[derive(Debug, Clone)]
pub struct Config {
    /// The experiment to simulate.
    pub experiment: Experiment,
    /// The file.
    pub path: PathBuf,
    /// The TOML text.
    pub text: String,
    /// The line of the file, from 1, on which each check of the experiment begins.
    pub check_lines: Vec<usize>,
    /// The files of data that were read: those of the bath and of both initial laws.
    pub data: Vec<DataFile>,
}

impl Config {
    /// The paths of all files that it was read from: its own, and those of data.
    pub fn sources(&self) -> Vec<PathBuf> {
        let folder = folder_of(&self.path);
        let data = self.data.iter().map(|data| folder.join(&data.file));
        [self.path.clone()].into_iter().chain(data).collect()
    }

    /// The config with every default filled in, laws with the parameters that they have, and what follows from it:
    /// its name, the rates and the joint initial laws.
    pub fn resolved(&self) -> Value {
        let experiment = &self.experiment;
        let mut resolved = json!({ "name": experiment.name });
        for key in KEYS {
            resolved[key.name()] = key.json(experiment);
        }
        let rates = experiment.rates();
        resolved[model::SECTION.name]["pair_rate"] = json!(rates.pair);
        resolved[model::SECTION.name]["bath_rate"] = json!(rates.bath);
        resolved[initial::SECTION.name]["joints"] = json!(experiment.joints.map(Joint::name));
        resolved
    }
}

/// Read and check a config.
///
/// # Errors
///
/// If the file cannot be read or is longer than [`LONGEST_CONFIG`], or something in it is wrong.
pub fn load(path: &Path) -> Result<Config, LoadError> {
    let contents = contents(path, LONGEST_CONFIG).map_err(|reason| LoadError::Unreadable {
        path: path.to_path_buf(),
        reason,
    })?;
    let source = Source::new(path, contents)?;
    let (experiment, check_lines) = parse(&source)?;
    let laws = [&experiment.bath, &experiment.first, &experiment.second];
    Ok(Config {
        data: laws.into_iter().filter_map(Law::source).cloned().collect(),
        experiment,
        path: path.to_path_buf(),
        text: source.into_text(),
        check_lines,
    })
}

/// Read and check a config that must have something to judge.
///
/// # Errors
///
/// Those of [`load`], and if there are no checks.
pub fn load_with_checks(path: &Path) -> Result<Config, LoadError> {
    let config = load(path)?;
    if !config.experiment.checks.is_empty() {
        return Ok(config);
    }
    let source = Source::new(path, config.text.into_bytes())?;
    let document = source.parse()?;
    let (key, problem, fix) = match config.experiment.calibration {
        Some(_) => (
            calibration::SECTION.name,
            "repeats a run, and claims are judged on one",
            "calibrate with `kac run`",
        ),
        None => (
            check::SECTION.name,
            "is missing: there is nothing to judge",
            "add a section [[check]] with a claim and what to expect",
        ),
    };
    let top = Table::top(&source, &document);
    Err(top.error(Some(key), problem, fix).into())
}

/// The experiment, and the line of each of its checks.
fn parse(source: &Source) -> Result<(Experiment, Vec<usize>), ConfigError> {
    let document = source.parse()?;
    let top = Table::top(source, &document);
    top.only(&names(KEYS))?;
    let model_table = model::SECTION.required(&top)?;
    let model = model::read(&model_table)?;
    let replicas = replicas(&top, model.particles.len())?;
    let time_table = time::SECTION.required(&top)?;
    let (end, points) = time::read(&time_table)?;
    model::can_rematch(&model, end, &model_table)?;
    let bath = BATH.read(&top)?;
    let initial = initial::read(&initial::SECTION.required(&top)?, &model.particles)?;
    let [first, second] = initial.laws;
    let name = source.path().file_stem();
    let mut experiment = Experiment {
        name: name.map_or_else(|| "run".into(), |stem| stem.to_string_lossy().into_owned()),
        title: TITLE.read(&top)?,
        seed: SEED.read(&top)?,
        sweep: model.particles.into_iter().zip(replicas).collect(),
        lambda: model.lambda,
        mu: model.mu,
        clock: model.clock,
        coupling: model.coupling,
        rematch: model.rematch,
        bath,
        first,
        second,
        joints: initial.joints,
        pairing: initial.pairing,
        end,
        points,
        wasserstein: wasserstein::read(&top, points)?,
        calibration: calibration::read(&top, points)?,
        steady_state: steady_state::read(&top)?,
        checks: vec![],
    };
    affordable(&experiment, &model_table, &time_table)?;
    steady_state::reachable(&experiment, &top)?;
    let checks = check::SECTION.all(&top)?;
    experiment.checks = (checks.iter())
        .map(|section| check::read(section, &experiment))
        .collect::<Result<_, _>>()?;
    Ok((experiment, checks.iter().map(Table::line).collect()))
}

/// The number of replicas for each of so many numbers of particles.
fn replicas(top: &Table, sizes: usize) -> Result<Vec<u64>, ConfigError> {
    match REPLICAS.read(top)? {
        Counts::One(replicas) => Ok(vec![replicas; sizes]),
        Counts::List(replicas) if replicas.len() == sizes => Ok(replicas),
        Counts::List(replicas) => {
            let found = counted(replicas.len(), "entry", "entries");
            let problem = format!("has {found}, but model.particles has {sizes}");
            Err(top.error(Some(REPLICAS.name), problem, REPLICAS.fix()))
        }
    }
}

/// Refuse what could never finish, or whose rates overflow.
fn affordable(experiment: &Experiment, model: &Table, time: &Table) -> Result<(), ConfigError> {
    let rates = experiment.rates();
    for &(particles, _) in &experiment.sweep {
        let collisions = rates.for_particles(particles).total(particles) * experiment.end;
        if collisions.is_nan() || collisions > MOST_COLLISIONS {
            let factors = [
                (experiment.lambda, model, model::LAMBDA.name),
                (experiment.mu, model, model::MU.name),
                (experiment.end, time, time::END.name),
            ];
            let largest = factors.iter().max_by(|a, b| a.0.total_cmp(&b.0));
            let (_, section, key) = largest.expect("there are three");
            return Err(section.error(
                Some(key),
                format!(
                    "makes {collisions:e} collisions in each replica of {}",
                    counted(particles, "particle", "particles")
                ),
                "lower the rates, time.end or model.particles",
            ));
        }
    }
    Ok(())
}
