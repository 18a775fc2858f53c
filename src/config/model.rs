//! The section `[model]`.

use super::section::{Occurs, Section};
use crate::experiment::Experiment;
use crate::key::kind::{Counts, Kind, Number, OneOf, OneOrMore, Whole};
use crate::key::reader::{ConfigError, Node, Table};
use crate::key::{Key, Range, Signs, Values};
use crate::model::Clock;
use crate::model::coupling::{CouplingKind, Rematch};
use serde_json::{Value, json};

/// Two copies of this many particles take 1.6 GB in each thread, independent
/// ones 3.2 GB.
const MOST_PARTICLES: u64 = 100_000_000;
/// Rematching at every collision moves as many numbers.
const MOST_SORTED: usize = 4096;
/// A grid of this many times takes 24 MB in each thread.
const MOST_REMATCHINGS: f64 = 1e6;

pub(super) static SECTION: Section<Experiment> = Section {
    name: "model",
    occurs: Occurs::Once(|experiment| experiment),
    meaning: "The gas, and how its two copies are coupled.",
    keys: &[&PARTICLES, &LAMBDA, &MU, &CLOCK, &COUPLING, &REMATCH],
};

pub(super) static PARTICLES: Key<Experiment, OneOrMore> = Key {
    name: "particles",
    kind: OneOrMore {
        each: Whole(1..=MOST_PARTICLES),
        are_distinct: true,
    },
    default: None,
    unit: None,
    meaning: "Number N of particles of a copy, or a list of such numbers, each of which is run.",
    example: "[2, 8, 32]",
    fix: Some("write one number of particles or a list, e.g. particles = [2, 8, 32]"),
    of: |experiment| {
        Counts::List(
            experiment
                .sweep
                .iter()
                .map(|sweep| sweep.0 as u64)
                .collect(),
        )
    },
};

pub(super) static LAMBDA: Key<Experiment, Number> = Key {
    name: "lambda",
    kind: Number(Range::Moderate(Signs::NotNegative)),
    default: None,
    unit: Some("1/time"),
    meaning: "λ, the paper's rate of collisions between particles, which the clock makes a rate of the process.",
    example: "1.0",
    fix: Some("write a rate of at least 0, e.g. lambda = 1.0"),
    of: |experiment| experiment.lambda,
};

pub(super) static MU: Key<Experiment, Number> = Key {
    name: "mu",
    kind: Number(Range::Moderate(Signs::NotNegative)),
    default: None,
    unit: Some("1/time"),
    meaning: "μ, the paper's rate of collisions with the bath, which the clock makes a rate of the process.",
    example: "1.0",
    fix: Some("write a rate of at least 0, e.g. mu = 1.0"),
    of: |experiment| experiment.mu,
};

static CLOCK: Key<Experiment, OneOf<Clock>> = Key {
    name: "clock",
    kind: OneOf {
        all: &Clock::ALL,
        word: Clock::name,
    },
    default: None,
    unit: None,
    meaning: "The reading of λ and μ, of which the paper has two: one particle meets others and the bath at the \
              rates 2λ and μ (\"master-equation\", Eq. (1)) or λ and 2μ (\"theorem6\", the proof of Theorem 6).",
    example: "\"theorem6\"",
    fix: Some(
        "the paper has two: write clock = \"theorem6\" (λ for a particle's pairs, 2μ for its \
         bath) or clock = \"master-equation\" (2λ and μ)",
    ),
    of: |experiment| experiment.clock,
};

static COUPLING: Key<Experiment, OneOf<CouplingKind>> = Key {
    name: "coupling",
    kind: OneOf {
        all: &CouplingKind::ALL,
        word: CouplingKind::name,
    },
    default: Some(CouplingKind::Synchronous),
    unit: None,
    meaning: "The two copies share collisions and their angles (\"synchronous\"), collisions and the directions \
              in which pairs leave (\"aligned\"), or nothing (\"independent\").",
    example: "\"aligned\"",
    fix: None,
    of: |experiment| experiment.coupling,
};

static REMATCH: Key<Experiment, Rematching> = Key {
    name: "rematch",
    kind: Rematching,
    default: Some(Rematch::Never),
    unit: Some("time"),
    meaning: "The second copy is permuted to pair particles of equal rank: never, in records only (\"output\"), \
              after every collision (\"event\"), or at the multiples of a time.",
    example: "0.1",
    fix: Some("write \"never\", \"output\", \"event\", or an interval in time, e.g. rematch = 0.1"),
    of: |experiment| experiment.rematch,
};

/// The kind of `rematch`: a word, or an interval in time.
struct Rematching;

impl Rematching {
    const INTERVAL: Number = Number(Range::Moderate(Signs::Positive));
}

impl Kind for Rematching {
    type Value = Rematch;

    fn values(&self) -> Values {
        let words = Rematch::WORDS.iter().map(|(word, _)| *word);
        let words = Values::Words(words.collect());
        Values::Either(Box::new([words, Self::INTERVAL.values()]))
    }

    fn read(&self, node: &Node, fix: &str) -> Result<Rematch, ConfigError> {
        if !node.is_string() {
            return Self::INTERVAL.read(node, fix).map(Rematch::Every);
        }
        let written = node.string(fix)?;
        let choice = Rematch::WORDS.iter().find(|(word, _)| *word == written);
        let choice = choice.ok_or_else(|| node.error("is not one of the choices", fix))?;
        Ok(choice.1)
    }

    fn json(&self, value: &Rematch) -> Value {
        match value {
            Rematch::Every(interval) => json!(interval),
            word => json!(word.to_string().trim_matches('"')),
        }
    }
}

/// The values of the section.
pub(super) struct Model {
    pub particles: Vec<usize>,
    pub lambda: f64,
    pub mu: f64,
    pub clock: Clock,
    pub coupling: CouplingKind,
    pub rematch: Rematch,
}

pub(super) fn read(model: &Table) -> Result<Model, ConfigError> {
    let particles = match PARTICLES.read(model)? {
        Counts::One(number) => vec![number],
        Counts::List(list) if list.is_empty() => {
            return Err(model.error(Some(PARTICLES.name), "is empty", PARTICLES.fix()));
        }
        Counts::List(list) => list,
    };
    let clock = CLOCK.read(model)?;
    let (lambda, mu) = (LAMBDA.read(model)?, MU.read(model)?);
    if lambda == 0.0 && mu == 0.0 {
        return Err(model.error(
            Some(MU.name),
            "is 0 like `model.lambda`, so nothing ever happens",
            "make one of them positive",
        ));
    }
    Ok(Model {
        particles: particles
            .into_iter()
            .map(|number| number as usize)
            .collect(),
        lambda,
        mu,
        clock,
        coupling: COUPLING.read(model)?,
        rematch: REMATCH.read(model)?,
    })
}

/// Refuse to rematch where it means nothing, or takes for ever until time `end`.
pub(super) fn can_rematch(
    Model {
        particles,
        coupling,
        rematch,
        ..
    }: &Model,
    end: f64,
    model: &Table,
) -> Result<(), ConfigError> {
    let refused = |problem: String, fix: &str| Err(model.error(Some(REMATCH.name), problem, fix));
    let too_large = particles.iter().find(|&&n| n > MOST_SORTED);
    match (*rematch, too_large) {
        (Rematch::Every(interval), _) if end / interval > MOST_REMATCHINGS => refused(
            format!("rematches each replica {:e} times", end / interval),
            "write a longer interval, or rematch = \"event\"",
        ),
        (Rematch::Event, _) if *coupling == CouplingKind::Independent => refused(
            "needs collisions that both copies see, and independent copies see none".to_string(),
            "write rematch = \"output\": unrelated copies gain nothing by more",
        ),
        (Rematch::Event, Some(most)) => refused(
            format!(
                "takes a time per collision that grows like N, and N = {most} is above {MOST_SORTED}"
            ),
            "write an interval in time instead, e.g. rematch = 0.1",
        ),
        _ => Ok(()),
    }
}
