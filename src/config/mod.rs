//! From a TOML file to an [`Experiment`].
//!
//! Everything that can be wrong is found here, before anything is computed.
//! Simulation never sees TOML.

mod laws;
mod reader;
mod steady;

pub use reader::ConfigError;

use crate::coupling::{CouplingKind, Rematch};
use crate::experiment::{
    CalibrationPlan, Check, Expectation, Experiment, MOST_REPLICAS, WassersteinPlan,
};
use crate::input::{LONGEST_CONFIG, contents};
use crate::judge::calibration::fewest_seeds;
use crate::judge::claims::{LEDGER, find};
use crate::law::joint::Joint;
use crate::law::{DataFile, Law};
use crate::model::Clock;
use crate::quote::quoted_path;
use crate::theory::pairing::Pairing;
use crate::words::counted;
use laws::{WRITE_A_LAW, initial_law, thermostat_law};
use reader::{Node, Section, Source};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why there is no experiment.
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
        /// What the system said.
        reason: std::io::Error,
    },
    /// The file can be read but not used.
    #[error(transparent)]
    Invalid(#[from] ConfigError),
}

/// The keys of the top level.
const TOP_KEYS: [&str; 11] = [
    "title",
    "seed",
    "replicas",
    "model",
    "bath",
    "initial",
    "time",
    "wasserstein",
    "calibration",
    "steady_state",
    "check",
];
/// Two copies of this many particles take 1.6 GB in each thread, independent
/// ones 3.2 GB.
const MOST_PARTICLES: u64 = 100_000_000;
/// Covariances over this many record times take 64 MB, and twice that in each
/// thread where chunks have several replicas.
const MOST_POINTS: u64 = 2001;
/// Rates and times outside of these would overflow when squared.
const SCALES: std::ops::RangeInclusive<f64> = 1e-60..=1e60;
/// A batch of this many velocities fits in memory, with room to sort it.
const MOST_SAMPLE: u64 = 100_000_000;
/// Of each copy a thread pools a batch at each record time of W₂: this many
/// velocities take 3.2 GB.
const MOST_POOLED: u64 = 2 * MOST_SAMPLE;
/// Binomial limits of this many seeds are summed in 8 MB.
const MOST_SEEDS: u64 = 1_000_000;
/// Rematching at every collision moves as many numbers.
const MOST_SORTED: usize = 4096;
/// A grid of this many times takes 24 MB in each thread.
const MOST_REMATCHINGS: f64 = 1e6;
/// A replica with more collisions than this would take months.
const MOST_COLLISIONS: f64 = 1e15;

/// An experiment, and the file it was made from.
#[derive(Debug, Clone)]
pub struct Config {
    /// What to simulate.
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
        let folder = folder_of_data(&self.path);
        let data = self.data.iter().map(|data| folder.join(&data.file));
        [self.path.clone()].into_iter().chain(data).collect()
    }
}

/// The folder from which the config at `path` names its files of data.
fn folder_of_data(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("."))
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
    let top = Section::top(&source, &document, &TOP_KEYS)?;
    let (key, problem, fix) = match config.experiment.calibration {
        Some(_) => (
            "calibration",
            "repeats a run, and claims are judged on one",
            "calibrate with `kac run`",
        ),
        None => (
            "check",
            "is missing: there is nothing to judge",
            "add a section [[check]] with a claim and what to expect",
        ),
    };
    Err(top.error(Some(key), problem, fix).into())
}

/// The experiment, and the line of each of its checks.
fn parse(source: &Source) -> Result<(Experiment, Vec<usize>), ConfigError> {
    let document = source.parse()?;
    let top = Section::top(source, &document, &TOP_KEYS)?;
    let fix = "add a section [model] with particles, lambda, mu and clock";
    let keys = ["particles", "lambda", "mu", "clock", "coupling", "rematch"];
    let model = top.get("model", fix)?.section(&keys, fix)?;
    let particles = particles(&model)?;
    let replicas = replicas(&top, &particles)?;
    let clock = model
        .get(
            "clock",
            "the paper has two: write clock = \"theorem6\" (λ for a particle's pairs, 2μ for its \
             bath) or clock = \"master-equation\" (2λ and μ)",
        )?
        .one_of(&Clock::ALL.map(|clock| (clock.name(), clock)))?;
    let (lambda, mu) = (rate(&model, "lambda")?, rate(&model, "mu")?);
    if lambda == 0.0 && mu == 0.0 {
        return Err(model.error(
            Some("mu"),
            "is 0 like `model.lambda`, so nothing ever happens",
            "make one of them positive",
        ));
    }
    let coupling = match model.find("coupling") {
        Some(node) => node.one_of(&CouplingKind::ALL.map(|kind| (kind.name(), kind)))?,
        None => CouplingKind::Synchronous,
    };
    let fix = "add a section [initial] with the laws first and second";
    let initial = top
        .get("initial", fix)?
        .section(&["first", "second", "pairing"], fix)?;
    let folder = folder_of_data(source.path());
    let law_of = |key: &str| initial_law(&initial.get(key, WRITE_A_LAW)?, folder, &particles);
    let bath_node = top.get("bath", "add a section [bath] with a law of mean 0")?;
    let fix = "add a section [time] with end and points";
    let time = top.get("time", fix)?.section(&["end", "points"], fix)?;
    let (end, points) = times(&time)?;
    let bath = thermostat_law(&bath_node, folder)?;
    let ((first, first_joint), (second, second_joint)) = (law_of("first")?, law_of("second")?);
    let joints = [first_joint, second_joint];
    let mut experiment = Experiment {
        name: source
            .path()
            .file_stem()
            .map_or_else(|| "run".into(), |stem| stem.to_string_lossy().into_owned()),
        title: (top.find("title"))
            .map(|node| {
                node.string("write a line of text in quotes")
                    .map(String::from)
            })
            .transpose()?,
        seed: top
            .get("seed", "write seed = 1, or any other whole number")?
            .whole(0, i64::MAX as u64, "write a whole number, e.g. seed = 2016")?,
        sweep: particles.iter().copied().zip(replicas).collect(),
        lambda,
        mu,
        clock,
        coupling,
        rematch: rematch(&model, coupling, &particles, end)?,
        bath,
        first,
        second,
        joints,
        pairing: pairing(&initial, joints)?,
        end,
        points,
        wasserstein: wasserstein(&top, points)?,
        calibration: calibration(&top, points)?,
        steady_state: steady::plan(&top)?,
        checks: vec![],
    };
    affordable(&experiment, &model, &time)?;
    steady::reachable(&experiment, &top)?;
    let checks = checks(&top)?;
    experiment.checks = (checks.iter())
        .map(|node| check(node, &experiment))
        .collect::<Result<_, _>>()?;
    Ok((experiment, checks.iter().map(Node::line).collect()))
}

/// One number or a list of them.
fn one_or_more<'a>(node: &Node<'a>, fix: &str) -> Result<Vec<Node<'a>>, ConfigError> {
    if node.is_list() {
        node.list(fix)
    } else {
        Ok(vec![node.clone()])
    }
}

fn particles(model: &Section) -> Result<Vec<usize>, ConfigError> {
    let fix = "write one number of particles or a list, e.g. particles = [2, 8, 32]";
    let node = model.get("particles", fix)?;
    let mut particles = vec![];
    for entry in one_or_more(&node, fix)? {
        let number = entry.whole(1, MOST_PARTICLES, fix)? as usize;
        if particles.contains(&number) {
            return Err(entry.error("is in the list already", "write each number once"));
        }
        particles.push(number);
    }
    if particles.is_empty() {
        return Err(node.error("is empty", fix));
    }
    Ok(particles)
}

fn replicas(top: &Section, particles: &[usize]) -> Result<Vec<u64>, ConfigError> {
    let fix = "write one number of at least 2 for all N, or a list as long as model.particles";
    let node = top.get("replicas", fix)?;
    let replicas: Vec<u64> = one_or_more(&node, fix)?
        .iter()
        .map(|entry| entry.whole(2, MOST_REPLICAS, fix))
        .collect::<Result<_, _>>()?;
    if !node.is_list() {
        return Ok(vec![replicas[0]; particles.len()]);
    }
    if replicas.len() != particles.len() {
        let problem = format!(
            "has {}, but model.particles has {}",
            counted(replicas.len(), "entry", "entries"),
            particles.len()
        );
        return Err(node.error(problem, fix));
    }
    Ok(replicas)
}

fn rate(model: &Section, key: &str) -> Result<f64, ConfigError> {
    let fix = format!("write a rate of at least 0, e.g. {key} = 1.0");
    let node = model.get(key, &fix)?;
    let rate = node.number(&fix)?;
    if rate < 0.0 {
        return Err(node.error("is negative", fix));
    }
    if rate != 0.0 && !SCALES.contains(&rate) {
        return Err(node.error("is not between 1e-60 and 1e60", fix));
    }
    Ok(rate)
}

fn rematch(
    model: &Section,
    coupling: CouplingKind,
    particles: &[usize],
    end: f64,
) -> Result<Rematch, ConfigError> {
    let Some(node) = model.find("rematch") else {
        return Ok(Rematch::Never);
    };
    let fix = "write \"never\", \"output\", \"event\", or an interval in time, e.g. rematch = 0.1";
    if !node.is_string() {
        let interval = node.number(fix)?;
        if interval <= 0.0 {
            return Err(node.error("is not positive", fix));
        }
        if !SCALES.contains(&interval) {
            return Err(node.error("is not between 1e-60 and 1e60", fix));
        }
        if end / interval > MOST_REMATCHINGS {
            return Err(node.error(
                format!("rematches each replica {:e} times", end / interval),
                "write a longer interval, or rematch = \"event\"",
            ));
        }
        return Ok(Rematch::Every(interval));
    }
    let word = node.string(fix)?;
    let choice = Rematch::WORDS.iter().find(|(name, _)| *name == word);
    let &(_, rematch) = choice.ok_or_else(|| node.error("is not one of the choices", fix))?;
    if rematch != Rematch::Event {
        return Ok(rematch);
    }
    if coupling == CouplingKind::Independent {
        return Err(node.error(
            "needs collisions that both copies see, and independent copies see none",
            "write rematch = \"output\": unrelated copies gain nothing by more",
        ));
    }
    if let Some(&most) = particles.iter().find(|&&n| n > MOST_SORTED) {
        return Err(node.error(
            format!("takes a time per collision that grows like N, and N = {most} is above {MOST_SORTED}"),
            "write an interval in time instead, e.g. rematch = 0.1",
        ));
    }
    Ok(rematch)
}

/// Particle by particle, comonotone pairs are optimal for product laws (Lemma 11), and common rays for spheres;
/// of other joint laws no optimal coupling is known.
fn pairing(initial: &Section, joints: [Joint; 2]) -> Result<Pairing, ConfigError> {
    let choices = Pairing::ALL.map(|pairing| (pairing.name(), pairing));
    let pairing = initial
        .find("pairing")
        .map_or(Ok(Pairing::Optimal), |node| node.one_of(&choices))?;
    let alike = joints == [Joint::Product; 2] || joints == [Joint::Sphere; 2];
    if pairing == Pairing::Independent || alike {
        return Ok(pairing);
    }
    let [first, second] = joints.map(Joint::name);
    Err(initial.error(
        Some("pairing"),
        format!(
            "an optimal pairing is known of two product laws or two spheres only, and these are \"{first}\" and \
             \"{second}\""
        ),
        "write pairing = \"independent\"",
    ))
}

fn times(time: &Section) -> Result<(f64, usize), ConfigError> {
    let fix = "write a positive time, e.g. end = 4.0";
    let node = time.get("end", fix)?;
    let end = node.number(fix)?;
    if end <= 0.0 {
        return Err(node.error("is not positive", fix));
    }
    if !SCALES.contains(&end) {
        return Err(node.error("is not between 1e-60 and 1e60", fix));
    }
    let fix = "write at least 2 record times, 0 and the end included, e.g. points = 41";
    let points = time.get("points", fix)?.whole(2, MOST_POINTS, fix)?;
    Ok((end, points as usize))
}

fn wasserstein(top: &Section, points: usize) -> Result<Option<WassersteinPlan>, ConfigError> {
    let Some(node) = top.find("wasserstein") else {
        return Ok(None);
    };
    let fix = "write a section [wasserstein] with points and sample, or leave it out";
    let section = node.section(&["points", "sample", "bracket"], fix)?;
    let chosen = chosen_points(&section, points)?;
    let fix = "write how many velocities a batch pools, e.g. sample = 20000";
    let sample_node = section.get("sample", fix)?;
    let sample = sample_node.whole(2, MOST_SAMPLE, fix)?;
    // Whether replicas fill a batch or not: `--replicas` may ask for more.
    if sample * chosen as u64 > MOST_POOLED {
        return Err(sample_node.error(
            format!("is too much to hold at {chosen} record times"),
            format!(
                "lower it to at most {}, or lower wasserstein.points",
                MOST_POOLED / chosen as u64
            ),
        ));
    }
    let fix = "write how many velocities of each copy the bracket of W2 is made of, e.g. bracket = 200000, or 0 for none";
    let bracket = match section.find("bracket") {
        None => 0,
        Some(node) => node.whole(0, MOST_POOLED / chosen as u64, fix)?,
    };
    Ok(Some(WassersteinPlan {
        points: chosen,
        sample: sample as usize,
        bracket: bracket as usize,
    }))
}

/// The points of a section, whose record times are among all.
fn chosen_points(section: &Section, points: usize) -> Result<usize, ConfigError> {
    let fix = format!(
        "its record times are among those of [time]: choose points so that points − 1 divides {}",
        points - 1
    );
    let node = section.get("points", &fix)?;
    let chosen = node.whole(2, points as u64, &fix)? as usize;
    if (points - 1).is_multiple_of(chosen - 1) {
        Ok(chosen)
    } else {
        Err(node.error("does not fit the record times", fix))
    }
}

fn calibration(top: &Section, points: usize) -> Result<Option<CalibrationPlan>, ConfigError> {
    let Some(node) = top.find("calibration") else {
        return Ok(None);
    };
    let fix = "write a section [calibration] with seeds and points, or leave it out";
    let section = node.section(&["seeds", "points"], fix)?;
    for other in ["wasserstein", "steady_state", "check"] {
        if top.find(other).is_some() {
            return Err(section.error(
                None,
                format!("repeats a run for its intervals alone, so `{other}` has no meaning here"),
                format!("leave out `{other}`, or move it to a config of its own"),
            ));
        }
    }
    let fix = "write over how many seeds the run is repeated, e.g. seeds = 2000";
    Ok(Some(CalibrationPlan {
        seeds: section
            .get("seeds", fix)?
            .whole(fewest_seeds(), MOST_SEEDS, fix)?,
        points: chosen_points(&section, points)?,
    }))
}

/// Refuse what could never finish, or whose rates overflow.
fn affordable(experiment: &Experiment, model: &Section, time: &Section) -> Result<(), ConfigError> {
    let rates = experiment.rates();
    for &(particles, _) in &experiment.sweep {
        let collisions = rates.for_particles(particles).total(particles) * experiment.end;
        if collisions.is_nan() || collisions > MOST_COLLISIONS {
            let factors = [
                (experiment.lambda, model, "lambda"),
                (experiment.mu, model, "mu"),
                (experiment.end, time, "end"),
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

fn checks<'a>(top: &Section<'a>) -> Result<Vec<Node<'a>>, ConfigError> {
    top.find("check").map_or(Ok(vec![]), |node| {
        node.list("write each check as a section [[check]]")
    })
}

fn check(node: &Node, experiment: &Experiment) -> Result<Check, ConfigError> {
    let section = node.section(
        &["claim", "expect", "tolerance", "confidence"],
        "write each check as a section [[check]]",
    )?;
    let ids: Vec<&str> = LEDGER.iter().map(|claim| claim.id()).collect();
    let fix = format!("choose one of {}", ids.join(", "));
    let claim_node = section.get("claim", &fix)?;
    let id = claim_node.string(&fix)?;
    let Some(claim) = find(id) else {
        return Err(claim_node.error("is not a claim in the ledger", fix));
    };
    if let Some(why) = claim.refusal(experiment) {
        let fix = "change the model, or leave this check out";
        return Err(claim_node.error(format!("cannot be judged here: {why}"), fix));
    }
    let expect = section
        .get("expect", "write expect = \"holds\" or expect = \"refuted\"")?
        .one_of(&Expectation::ALL.map(|expect| (expect.name(), expect)))?;
    let fraction = |key: &str, default: f64, fix: &str, allowed: fn(f64) -> bool| {
        let Some(node) = section.find(key) else {
            return Ok(default);
        };
        let value = node.number(fix)?;
        if allowed(value) {
            Ok(value)
        } else {
            Err(node.error("is out of range", fix))
        }
    };
    Ok(Check {
        claim: id.to_string(),
        expect,
        tolerance: fraction(
            "tolerance",
            0.01,
            "write a positive relative tolerance below 1, e.g. tolerance = 0.01",
            |value| value > 0.0 && value < 1.0,
        )?,
        confidence: fraction(
            "confidence",
            0.999,
            "write a level of at least 0.5 and at most 1 - 1e-9, e.g. confidence = 0.999",
            // Nearer to 1, what looks and times share of it is lost to rounding.
            |value| (0.5..=1.0 - 1e-9).contains(&value),
        )?,
    })
}
