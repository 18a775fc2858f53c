//! The law of one value.

use num_complex::Complex64;

use super::validate::location;
use super::written::{VELOCITY, Written, placed};
use super::{Distribution, LawError, polar_minus};
use crate::key::kind::Parameter;
use crate::key::reader::{ConfigError, Table};
use crate::key::{Declared, Key};

/// The law of a velocity that equals one value with probability one. All answers are exact.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    value: f64,
}

impl Point {
    /// The law concentrated at `value`.
    ///
    /// # Errors
    /// If `value` is not finite or too large.
    pub fn new(value: f64) -> Result<Point, LawError> {
        location(VALUE.name, value)?;
        Ok(Point { value })
    }
}

static VALUE: Key<Point, Parameter> = Key {
    name: "value",
    kind: Parameter::LOCATION,
    default: None,
    unit: VELOCITY,
    meaning: "Value of the velocity.",
    example: "0.0",
    fix: None,
    of: |law| law.value,
};

impl Written for Point {
    const NAME: &'static str = "point";
    const MEANING: &'static str = "The law of one value.";
    const PARAMETERS: &'static [&'static dyn Declared<Point>] = &[&VALUE];

    fn read(table: &Table) -> Result<Point, ConfigError> {
        placed(table, Point::new(VALUE.read(table)?))
    }
}

impl Distribution for Point {
    fn quantile_at(&self, _lower: f64, _upper: f64) -> f64 {
        self.value
    }

    fn cdf(&self, x: f64) -> f64 {
        if x >= self.value { 1.0 } else { 0.0 }
    }

    fn mean(&self) -> f64 {
        self.value
    }

    fn variance(&self) -> f64 {
        0.0
    }

    fn third_central_moment(&self) -> Option<f64> {
        Some(0.0)
    }

    fn fourth_central_moment(&self) -> Option<f64> {
        Some(0.0)
    }

    fn higher_central_moment(&self, _order: u32) -> Option<f64> {
        Some(0.0)
    }

    fn characteristic(&self, xi: f64) -> Complex64 {
        polar_minus(1.0, self.value * xi)
    }

    fn highest_density(&self) -> Option<f64> {
        None
    }

    fn tail_exponent(&self) -> f64 {
        0.0
    }
}
