//! The sections `[[check]]`.

use super::section::{Occurs, Section};
use crate::experiment::{Check, Expectation, Experiment};
use crate::judge::claims::{find, ids};
use crate::key::kind::{Kind, Number, OneOf};
use crate::key::reader::{ConfigError, Node, Table};
use crate::key::{Key, Range, Values};
use serde_json::{Value, json};

pub(super) static SECTION: Section<Check> = Section {
    name: "check",
    occurs: Occurs::AnyNumber(|experiment| &experiment.checks),
    meaning: "A claim to be judged, and what is expected of it.",
    keys: &[&CLAIM, &EXPECT, &TOLERANCE, &CONFIDENCE],
};

static CLAIM: Key<Check, ClaimId> = Key {
    name: "claim",
    kind: ClaimId,
    default: None,
    unit: None,
    meaning: "Id of a claim, one of those that `kac claims` lists.",
    example: "\"theorem-6-coupling\"",
    fix: None,
    of: |check| check.claim.clone(),
};

static EXPECT: Key<Check, OneOf<Expectation>> = Key {
    name: "expect",
    kind: OneOf {
        all: &Expectation::ALL,
        word: Expectation::name,
    },
    default: None,
    unit: None,
    meaning: "Verdict that is expected for each N.",
    example: "\"holds\"",
    fix: None,
    of: |check| check.expect,
};

static TOLERANCE: Key<Check, Number> = Key {
    name: "tolerance",
    kind: Number(Range::Between(0.0, 1.0)),
    default: Some(0.01),
    unit: None,
    meaning: "τ, the relative deviation from the printed value that still counts as equal to it.",
    example: "0.02",
    fix: Some("write a positive relative tolerance below 1, e.g. tolerance = 0.01"),
    of: |check| check.tolerance,
};

static CONFIDENCE: Key<Check, Number> = Key {
    name: "confidence",
    // Nearer to 1, what looks and times share of it is lost to rounding.
    kind: Number(Range::FromTo(0.5, 1.0 - 1e-9)),
    default: Some(0.999),
    unit: None,
    meaning: "Level of the intervals that decide.",
    example: "0.99",
    fix: Some("write a level of at least 0.5 and at most 1 - 1e-9, e.g. confidence = 0.999"),
    of: |check| check.confidence,
};

/// The id of a claim in the ledger.
struct ClaimId;

impl Kind for ClaimId {
    type Value = String;

    fn values(&self) -> Values {
        Values::Words(ids())
    }

    fn read(&self, node: &Node, fix: &str) -> Result<String, ConfigError> {
        let id = node.string(fix)?;
        match find(id) {
            Some(_) => Ok(id.to_string()),
            None => Err(node.error("is not a claim in the ledger", fix)),
        }
    }

    fn json(&self, value: &String) -> Value {
        json!(value)
    }

    fn fix(&self, _name: &str, _example: &str) -> String {
        format!("choose one of {}", ids().join(", "))
    }
}

/// A check of an experiment.
pub(super) fn read(section: &Table, experiment: &Experiment) -> Result<Check, ConfigError> {
    let claim = CLAIM.read(section)?;
    if let Some(why) = find(&claim).and_then(|claim| claim.refusal(experiment)) {
        return Err(section.error(
            Some(CLAIM.name),
            format!("cannot be judged here: {why}"),
            "change the model, or leave this check out",
        ));
    }
    Ok(Check {
        claim,
        expect: EXPECT.read(section)?,
        tolerance: TOLERANCE.read(section)?,
        confidence: CONFIDENCE.read(section)?,
    })
}
