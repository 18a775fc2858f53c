//! The section `[time]`.

use super::section::{Occurs, Section};
use crate::experiment::Experiment;
use crate::key::kind::{Number, Whole};
use crate::key::reader::{ConfigError, Table};
use crate::key::{Key, Range, Signs};

/// Covariances of four quantities over this many record times take 128 MB: in each thread, and in
/// each level of the tree along which tallies are merged.
const MOST_POINTS: u64 = 2001;

/// A number of record times, 0 and the end included.
pub(super) const RECORD_TIMES: Whole = Whole(2..=MOST_POINTS);

pub(super) static SECTION: Section<Experiment> = Section {
    name: "time",
    occurs: Occurs::Once(|experiment| experiment),
    meaning: "The length of a replica and its record times.",
    keys: &[&END, &POINTS],
};

pub(super) static END: Key<Experiment, Number> = Key {
    name: "end",
    kind: Number(Range::Moderate(Signs::Positive)),
    default: None,
    unit: Some("time"),
    meaning: "Time at which a replica ends.",
    example: "4.0",
    fix: Some("write a positive time, e.g. end = 4.0"),
    of: |experiment| experiment.end,
};

static POINTS: Key<Experiment, Whole> = Key {
    name: "points",
    kind: RECORD_TIMES,
    default: None,
    unit: None,
    meaning: "Number of record times, evenly spaced, 0 and the end included.",
    example: "41",
    fix: Some("write at least 2 record times, 0 and the end included, e.g. points = 41"),
    of: |experiment| experiment.points as u64,
};

/// The end, and the number of record times.
pub(super) fn read(time: &Table) -> Result<(f64, usize), ConfigError> {
    Ok((END.read(time)?, POINTS.read(time)? as usize))
}

/// A number of record times that are among `points` of the whole run.
pub(super) fn chosen<S>(
    key: &Key<S, Whole>,
    section: &Table,
    points: usize,
) -> Result<usize, ConfigError> {
    let fix = format!(
        "its record times are among those of [time]: choose points so that points − 1 divides {}",
        points - 1
    );
    let node = section.get(key.name, &fix)?;
    let chosen = node.whole(*key.kind.0.start(), points as u64, &fix)? as usize;
    if (points - 1).is_multiple_of(chosen - 1) {
        Ok(chosen)
    } else {
        Err(node.error("does not fit the record times", fix))
    }
}
