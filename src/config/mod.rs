//! From a TOML file to an [`Experiment`].
//!
//! Everything that can be wrong is found here, before anything is computed.
//! Simulation never sees TOML.

mod laws;
mod reader;

pub use reader::ConfigError;

use crate::coupling::CouplingKind;
use crate::experiment::{Check, Expectation, Experiment, WassersteinPlan};
use crate::judge::claims::{LEDGER, find};
use crate::model::Clock;
use crate::theory::pairing::Pairing;
use laws::{law, thermostat_law};
use reader::{Node, Section, Source};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why there is no experiment.
#[derive(Debug, Error)]
pub enum LoadError {
    /// The file cannot be read.
    #[error("cannot read the config {}: {reason}", path.display())]
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

/// More particles than this have no 32-bit index.
const MOST_PARTICLES: u64 = 1 << 31;
/// Counts stay exact in a float below this.
const MOST_REPLICAS: u64 = 1 << 53;
/// A replica with more collisions than this would take years.
const MOST_COLLISIONS: f64 = 1e15;

/// An experiment, and the text it was made from.
#[derive(Debug, Clone)]
pub struct Config {
    /// What to simulate.
    pub experiment: Experiment,
    /// The TOML text.
    pub text: String,
}

/// Read and check a config.
///
/// # Errors
///
/// If the file cannot be read, or something in it is wrong.
pub fn load(path: &Path) -> Result<Config, LoadError> {
    let text = std::fs::read_to_string(path).map_err(|reason| LoadError::Unreadable {
        path: path.to_path_buf(),
        reason,
    })?;
    let experiment = parse(&Source::new(path, text.clone()))?;
    Ok(Config { experiment, text })
}

fn parse(source: &Source) -> Result<Experiment, ConfigError> {
    let document = source.parse()?;
    let keys = [
        "title",
        "seed",
        "replicas",
        "model",
        "bath",
        "initial",
        "time",
        "wasserstein",
        "check",
    ];
    let top = Section::top(source, &document, &keys)?;
    let model = top
        .get(
            "model",
            "add a section [model] with particles, lambda, mu and clock",
        )?
        .section(&["particles", "lambda", "mu", "clock", "coupling"])?;
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
            "and `model.lambda` are both 0, so nothing ever happens",
            "make one of them positive",
        ));
    }
    let coupling = match model.find("coupling") {
        Some(node) => node.one_of(&CouplingKind::ALL.map(|kind| (kind.name(), kind)))?,
        None => CouplingKind::Synchronous,
    };
    let initial = top
        .get(
            "initial",
            "add a section [initial] with the laws first and second",
        )?
        .section(&["first", "second", "pairing"])?;
    let folder = source.path().parent().unwrap_or(Path::new("."));
    let initial_law = |key: &str| {
        let fix = "write a law, e.g. { law = \"normal\", mean = 0.0, sd = 1.0 }";
        law(&initial.get(key, fix)?, folder)
    };
    let bath_node = top.get("bath", "add a section [bath] with a law of mean 0")?;
    let (end, points) = time(&top)?;
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
        sweep: particles.into_iter().zip(replicas).collect(),
        lambda,
        mu,
        clock,
        coupling,
        bath: thermostat_law(&bath_node, folder)?,
        first: initial_law("first")?,
        second: initial_law("second")?,
        pairing: pairing(&initial)?,
        end,
        points,
        wasserstein: wasserstein(&top, points)?,
        checks: vec![],
    };
    affordable(&experiment, &model)?;
    experiment.checks = checks(&top, &experiment)?;
    Ok(experiment)
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
            "has {} entries, but model.particles has {}",
            replicas.len(),
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
    Ok(rate)
}

fn pairing(initial: &Section) -> Result<Pairing, ConfigError> {
    let choices = Pairing::ALL.map(|pairing| (pairing.name(), pairing));
    initial
        .find("pairing")
        .map_or(Ok(Pairing::Optimal), |node| node.one_of(&choices))
}

fn time(top: &Section) -> Result<(f64, usize), ConfigError> {
    let time = top
        .get("time", "add a section [time] with end and points")?
        .section(&["end", "points"])?;
    let fix = "write a positive time, e.g. end = 4.0";
    let node = time.get("end", fix)?;
    let end = node.number(fix)?;
    if end <= 0.0 {
        return Err(node.error("is not positive", fix));
    }
    let fix = "write at least 2 record times, 0 and the end included, e.g. points = 41";
    let points = time.get("points", fix)?.whole(2, 1_000_000, fix)?;
    Ok((end, points as usize))
}

fn wasserstein(top: &Section, points: usize) -> Result<Option<WassersteinPlan>, ConfigError> {
    let Some(node) = top.find("wasserstein") else {
        return Ok(None);
    };
    let section = node.section(&["points", "sample"])?;
    let fix = format!(
        "its record times are among those of [time]: choose points so that points − 1 divides {}",
        points - 1
    );
    let node = section.get("points", &fix)?;
    let chosen = node.whole(2, points as u64, &fix)? as usize;
    if !(points - 1).is_multiple_of(chosen - 1) {
        return Err(node.error("does not fit the record times", fix));
    }
    let fix = "write how many velocities a batch pools, e.g. sample = 20000";
    let sample = section.get("sample", fix)?.whole(2, 1 << 40, fix)? as usize;
    Ok(Some(WassersteinPlan {
        points: chosen,
        sample,
    }))
}

/// Refuse what could never finish, or whose rates overflow.
fn affordable(experiment: &Experiment, model: &Section) -> Result<(), ConfigError> {
    let rates = experiment.rates();
    for &(particles, _) in &experiment.sweep {
        let collisions = rates.for_particles(particles).total(particles) * experiment.end;
        if collisions.is_nan() || collisions > MOST_COLLISIONS {
            let key = if experiment.lambda > experiment.mu {
                "lambda"
            } else {
                "mu"
            };
            return Err(model.error(
                Some(key),
                format!("makes {collisions:e} collisions in each replica of {particles} particles"),
                "lower the rates, time.end or model.particles",
            ));
        }
    }
    Ok(())
}

fn checks(top: &Section, experiment: &Experiment) -> Result<Vec<Check>, ConfigError> {
    let Some(node) = top.find("check") else {
        return Ok(vec![]);
    };
    node.list("write each check as a section [[check]]")?
        .iter()
        .map(|node| check(node, experiment))
        .collect()
}

fn check(node: &Node, experiment: &Experiment) -> Result<Check, ConfigError> {
    let section = node.section(&["claim", "expect", "tolerance", "confidence"])?;
    let ids: Vec<&str> = LEDGER.iter().map(|claim| claim.id()).collect();
    let fix = format!("choose one of {}", ids.join(", "));
    let claim_node = section.get("claim", &fix)?;
    let id = claim_node.string(&fix)?;
    let Some(claim) = find(id) else {
        return Err(claim_node.error("is not a claim in the ledger", fix));
    };
    if let Some(why) = claim.refusal(experiment) {
        let fix = "change model.coupling, or leave this check out";
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
            "write a level between 0 and 1, e.g. confidence = 0.999",
            |value| value > 0.0 && value < 1.0,
        )?,
    })
}
