//! The checks that constructors of laws share.

use super::{LawError, compensated_sum};
use crate::key::{LARGEST, SMALLEST};
use crate::text::quote::quoted;
use crate::text::words::counted;

/// Largest accepted magnitude of a location, a scale or a value: its fourth power stays finite.
pub const LARGEST_MAGNITUDE: f64 = LARGEST;

/// Smallest accepted scale: its fourth power stays a normal number.
pub const SMALLEST_SCALE: f64 = SMALLEST;

/// The largest distance from 1 of the sum of given weights; weights are then divided by their sum.
pub const WEIGHT_SUM_TOLERANCE: f64 = 1e-9;

pub(super) fn refuse(
    parameter: &'static str,
    value: impl AsRef<str>,
    problem: impl Into<String>,
    fix: impl Into<String>,
) -> LawError {
    LawError {
        parameter,
        value: quoted(value.as_ref()),
        problem: problem.into(),
        fix: fix.into(),
    }
}

/// Refuses a location or value that is not finite, beyond [`LARGEST_MAGNITUDE`], or nearer to 0 than
/// [`SMALLEST_SCALE`] without being 0.
pub(super) fn location(parameter: &'static str, value: f64) -> Result<(), LawError> {
    if !value.is_finite() {
        return Err(refuse(
            parameter,
            format!("{value:?}"),
            "it is not a finite number",
            "use a finite number",
        ));
    }
    if value.abs() > LARGEST_MAGNITUDE {
        return Err(refuse(
            parameter,
            format!("{value:?}"),
            format!("its magnitude exceeds {LARGEST_MAGNITUDE:?}"),
            "choose units in which velocities are of moderate size",
        ));
    }
    if value != 0.0 && value.abs() < SMALLEST_SCALE {
        return Err(refuse(
            parameter,
            format!("{value:?}"),
            format!("it is not 0, and its magnitude is below {SMALLEST_SCALE:?}"),
            "use 0, or choose units in which velocities are of moderate size",
        ));
    }
    Ok(())
}

/// Refuses a scale that is not positive or outside [[`SMALLEST_SCALE`], [`LARGEST_MAGNITUDE`]]. `zero_fix` tells
/// what to do about a scale of zero.
pub(super) fn scale(parameter: &'static str, value: f64, zero_fix: &str) -> Result<(), LawError> {
    location(parameter, value)?;
    if value == 0.0 {
        return Err(refuse(
            parameter,
            format!("{value:?}"),
            "it must be positive",
            zero_fix,
        ));
    }
    if value < 0.0 {
        return Err(refuse(
            parameter,
            format!("{value:?}"),
            "it must be positive",
            "use a positive number",
        ));
    }
    if value < SMALLEST_SCALE {
        return Err(refuse(
            parameter,
            format!("{value:?}"),
            format!("it is below {SMALLEST_SCALE:?}"),
            "choose units in which velocities are of moderate size",
        ));
    }
    Ok(())
}

/// Refuses an empty list.
pub(super) fn not_empty(parameter: &'static str, list: &[f64]) -> Result<(), LawError> {
    if list.is_empty() {
        return Err(refuse(
            parameter,
            "[]",
            "the list is empty",
            "give at least one number",
        ));
    }
    Ok(())
}

/// Refuses a list whose length differs from that of another.
pub(super) fn same_length(
    parameter: &'static str,
    list: &[f64],
    other_parameter: &str,
    other_length: usize,
) -> Result<(), LawError> {
    if list.len() != other_length {
        return Err(refuse(
            parameter,
            format!("{list:?}"),
            format!(
                "it has {} but `{other_parameter}` has {other_length}",
                counted(list.len(), "entry", "entries")
            ),
            format!("give `{parameter}` and `{other_parameter}` equally many entries"),
        ));
    }
    Ok(())
}

/// Checks weights (finite, at least 0, sum 1 within [`WEIGHT_SUM_TOLERANCE`]) and returns them divided by their sum.
pub(super) fn weights(parameter: &'static str, weights: &[f64]) -> Result<Vec<f64>, LawError> {
    for &weight in weights {
        if !weight.is_finite() {
            return Err(refuse(
                parameter,
                format!("{weights:?}"),
                format!("{weight:?} is not a finite number"),
                "use finite weights",
            ));
        }
        if weight < 0.0 {
            return Err(refuse(
                parameter,
                format!("{weights:?}"),
                format!("{weight:?} is negative"),
                "use weights of at least 0",
            ));
        }
    }
    let sum = compensated_sum(weights.iter().copied());
    if (sum - 1.0).abs() > WEIGHT_SUM_TOLERANCE {
        return Err(refuse(
            parameter,
            format!("{weights:?}"),
            format!("the weights sum to {sum:?}"),
            "make them sum to 1",
        ));
    }
    Ok(weights.iter().map(|weight| weight / sum).collect())
}
