//! The section `[initial]`.

use super::laws::{InitialLaw, possible};
use super::section::{Occurs, Section};
use crate::experiment::Experiment;
use crate::key::Key;
use crate::key::kind::OneOf;
use crate::key::reader::{ConfigError, Table};
use crate::law::Law;
use crate::law::joint::Joint;
use crate::model::pairing::Pairing;

pub(super) static SECTION: Section<Experiment> = Section {
    name: "initial",
    occurs: Occurs::Once(|experiment| experiment),
    meaning: "The laws of both copies at time 0.",
    keys: &[&FIRST, &SECOND, &PAIRING],
};

static FIRST: Key<Experiment, InitialLaw> = Key {
    name: "first",
    kind: InitialLaw,
    default: None,
    unit: None,
    meaning: "Law of one velocity of the first copy.",
    example: "{ law = \"normal\", mean = 0.0, sd = 1.0 }",
    fix: None,
    of: |experiment| (experiment.first.clone(), experiment.joints[0]),
};

static SECOND: Key<Experiment, InitialLaw> = Key {
    name: "second",
    kind: InitialLaw,
    default: None,
    unit: None,
    meaning: "Law of one velocity of the second copy.",
    example: "{ law = \"uniform\", low = -3.0, high = 5.0 }",
    fix: None,
    of: |experiment| (experiment.second.clone(), experiment.joints[1]),
};

static PAIRING: Key<Experiment, OneOf<Pairing>> = Key {
    name: "pairing",
    kind: OneOf {
        all: &Pairing::ALL,
        word: Pairing::name,
    },
    default: Some(Pairing::Optimal),
    unit: None,
    meaning: "At time 0 the particles of both copies are paired as near to each other as their laws allow \
              (\"optimal\"), or independently (\"independent\").",
    example: "\"independent\"",
    fix: None,
    of: |experiment| experiment.pairing,
};

/// The values of the section.
pub(super) struct Initial {
    pub laws: [Law; 2],
    pub joints: [Joint; 2],
    pub pairing: Pairing,
}

pub(super) fn read(initial: &Table, particles: &[usize]) -> Result<Initial, ConfigError> {
    let ((first, first_joint), (second, second_joint)) =
        (FIRST.read(initial)?, SECOND.read(initial)?);
    let joints = [first_joint, second_joint];
    for (key, joint) in [FIRST.name, SECOND.name].into_iter().zip(joints) {
        possible(joint, particles, initial, key)?;
    }
    Ok(Initial {
        laws: [first, second],
        joints,
        pairing: pairing(initial, joints)?,
    })
}

/// Particle by particle, comonotone pairs are optimal for product laws (Lemma 11), and common rays for spheres;
/// of other joint laws no optimal coupling is known.
fn pairing(initial: &Table, joints: [Joint; 2]) -> Result<Pairing, ConfigError> {
    let pairing = PAIRING.read(initial)?;
    let alike = joints == [Joint::Product; 2] || joints == [Joint::Sphere; 2];
    if pairing == Pairing::Independent || alike {
        return Ok(pairing);
    }
    let [first, second] = joints.map(Joint::name);
    Err(initial.error(
        Some(PAIRING.name),
        format!(
            "an optimal pairing is known of two product laws or two spheres only, and these are \"{first}\" and \
             \"{second}\""
        ),
        "write pairing = \"independent\"",
    ))
}
