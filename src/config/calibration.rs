//! The section `[calibration]`.

use super::section::{Occurs, Section};
use super::time::{RECORD_TIMES, chosen};
use super::{check, steady_state, wasserstein};
use crate::experiment::CalibrationPlan;
use crate::judge::calibration::fewest_seeds;
use crate::key::Key;
use crate::key::kind::{Computed, Whole};
use crate::key::reader::{ConfigError, Table};

/// Binomial limits of this many seeds are summed in 8 MB.
const MOST_SEEDS: u64 = 1_000_000;

pub(super) static SECTION: Section<CalibrationPlan> = Section {
    name: "calibration",
    occurs: Occurs::AtMostOnce(|experiment| experiment.calibration.as_ref()),
    meaning: "The run is repeated to count how often its intervals cover the exact values. A config with this \
              section has no `[wasserstein]`, `[steady_state]` or `[[check]]`.",
    keys: &[&SEEDS, &POINTS],
};

static SEEDS: Key<CalibrationPlan, Computed<Whole>> = Key {
    name: "seeds",
    kind: Computed(|| Whole(fewest_seeds()..=MOST_SEEDS)),
    default: None,
    unit: None,
    meaning: "Number of repetitions, each under a seed of its own.",
    example: "2000",
    fix: Some("write over how many seeds the run is repeated, e.g. seeds = 2000"),
    of: |plan| plan.seeds,
};

static POINTS: Key<CalibrationPlan, Whole> = Key {
    name: "points",
    kind: RECORD_TIMES,
    default: None,
    unit: None,
    meaning: "Number of record times of the means of ‖Δ‖², 0 and the end included; points − 1 divides \
              time.points − 1.",
    example: "9",
    fix: None,
    of: |plan| plan.points as u64,
};

/// The plan, if there is one, for a run with so many record times.
pub(super) fn read(top: &Table, points: usize) -> Result<Option<CalibrationPlan>, ConfigError> {
    let Some(section) = SECTION.optional(top)? else {
        return Ok(None);
    };
    let others = [
        wasserstein::SECTION.name,
        steady_state::SECTION.name,
        check::SECTION.name,
    ];
    if let Some(other) = others.into_iter().find(|name| top.find(name).is_some()) {
        return Err(section.error(
            None,
            format!("repeats a run for its intervals alone, so `{other}` has no meaning here"),
            format!("leave out `{other}`, or move it to a config of its own"),
        ));
    }
    Ok(Some(CalibrationPlan {
        seeds: SEEDS.read(&section)?,
        points: chosen(&POINTS, &section, points)?,
    }))
}
