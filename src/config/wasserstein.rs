//! The section `[wasserstein]`.

use super::section::{Occurs, Section};
use super::time::{RECORD_TIMES, chosen};
use crate::experiment::WassersteinPlan;
use crate::key::Key;
use crate::key::kind::Whole;
use crate::key::reader::{ConfigError, Table};

/// A batch of this many velocities fits in memory, with room to sort it.
const MOST_SAMPLE: u64 = 100_000_000;
/// A thread pools a batch of each copy at each record time of W₂: this many
/// velocities take 3.2 GB.
const MOST_POOLED: u64 = 2 * MOST_SAMPLE;

pub(super) static SECTION: Section<WassersteinPlan> = Section {
    name: "wasserstein",
    occurs: Occurs::AtMostOnce(|experiment| experiment.wasserstein.as_ref()),
    meaning: "The measurement of W₂ of the first marginals.",
    keys: &[&POINTS, &SAMPLE, &BRACKET],
};

static POINTS: Key<WassersteinPlan, Whole> = Key {
    name: "points",
    kind: RECORD_TIMES,
    default: None,
    unit: None,
    meaning: "Number of record times at which W₂ is measured, 0 and the end included; points − 1 divides \
              time.points − 1.",
    example: "9",
    fix: None,
    of: |plan| plan.points as u64,
};

static SAMPLE: Key<WassersteinPlan, Whole> = Key {
    name: "sample",
    kind: Whole(2..=MOST_SAMPLE),
    default: None,
    unit: None,
    meaning: "Number of velocities of each copy that a batch pools.",
    example: "20000",
    fix: Some("write how many velocities a batch pools, e.g. sample = 20000"),
    of: |plan| plan.sample as u64,
};

static BRACKET: Key<WassersteinPlan, Whole> = Key {
    name: "bracket",
    kind: Whole(0..=MOST_POOLED / 2),
    default: Some(0),
    unit: None,
    meaning: "Number of velocities of each copy that confidence limits of W₂ are made of, at most; 0 for no limits.",
    example: "200000",
    fix: Some(
        "write how many velocities of each copy the bracket of W2 is made of, e.g. bracket = 200000, or 0 for none",
    ),
    of: |plan| plan.bracket as u64,
};

/// The plan, if there is one, for a run with so many record times.
pub(super) fn read(top: &Table, points: usize) -> Result<Option<WassersteinPlan>, ConfigError> {
    let Some(section) = SECTION.optional(top)? else {
        return Ok(None);
    };
    let points = chosen(&POINTS, &section, points)?;
    let most = MOST_POOLED / points as u64;
    let sample = SAMPLE.read(&section)?;
    // Whether replicas fill a batch or not: `--replicas` may ask for more.
    if sample > most {
        return Err(section.error(
            Some(SAMPLE.name),
            format!("is too much to hold at {points} record times"),
            format!("lower it to at most {most}, or lower wasserstein.points"),
        ));
    }
    let affordable = Key {
        kind: Whole(0..=most),
        ..BRACKET
    };
    Ok(Some(WassersteinPlan {
        points,
        sample: sample as usize,
        bracket: affordable.read(&section)? as usize,
    }))
}
