//! The uniform law on an interval.

use num_complex::Complex64;

use super::validate::{location, refuse, scale};
use super::written::{VELOCITY, Written, placed};
use super::{Distribution, LawError, polar_minus, power};
use crate::key::kind::Parameter;
use crate::key::reader::{ConfigError, Table};
use crate::key::{Declared, Key};

/// The uniform law on [low, high], density 1/(high − low) there.
///
/// Accuracy: everything to a few units in the last place of the larger end.
#[derive(Debug, Clone, PartialEq)]
pub struct Uniform {
    low: f64,
    high: f64,
}

impl Uniform {
    /// The uniform law on [`low`, `high`], both finite and `low` < `high`.
    ///
    /// # Errors
    /// If an end is not finite or too large, or `low` ≥ `high`.
    pub fn new(low: f64, high: f64) -> Result<Uniform, LawError> {
        location(LOW.name, low)?;
        location(HIGH.name, high)?;
        if low > high {
            return Err(refuse(
                LOW.name,
                format!("{low:?}"),
                format!("it exceeds `high` = {high:?}"),
                "exchange `low` and `high`",
            ));
        }
        scale(HIGH.name, high - low, "use law = \"point\"").map_err(|_| {
            refuse(
                HIGH.name,
                format!("{high:?}"),
                format!("the interval from `low` = {low:?} has no usable length"),
                "use law = \"point\" for a single value, or raise `high`",
            )
        })?;
        Ok(Uniform { low, high })
    }

    /// Half the length of the interval.
    pub fn half_width(&self) -> f64 {
        0.5 * (self.high - self.low)
    }
}

static LOW: Key<Uniform, Parameter> = Key {
    name: "low",
    kind: Parameter::LOCATION,
    default: None,
    unit: VELOCITY,
    meaning: "Lower end of the interval.",
    example: "-1.0",
    fix: None,
    of: |law| law.low,
};

static HIGH: Key<Uniform, Parameter> = Key {
    name: "high",
    kind: Parameter::LOCATION,
    default: None,
    unit: VELOCITY,
    meaning: "Upper end of the interval, above the lower one.",
    example: "1.0",
    fix: None,
    of: |law| law.high,
};

impl Written for Uniform {
    const NAME: &'static str = "uniform";
    const MEANING: &'static str = "The uniform law on an interval.";
    const PARAMETERS: &'static [&'static dyn Declared<Uniform>] = &[&LOW, &HIGH];

    fn read(table: &Table) -> Result<Uniform, ConfigError> {
        placed(table, Uniform::new(LOW.read(table)?, HIGH.read(table)?))
    }
}

impl Distribution for Uniform {
    fn quantile_at(&self, lower: f64, upper: f64) -> f64 {
        // Levels are measured from the nearer end, so that both tails keep their digits.
        let width = self.high - self.low;
        if lower <= upper {
            self.low + width * lower
        } else {
            self.high - width * upper
        }
    }

    fn cdf(&self, x: f64) -> f64 {
        ((x - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }

    fn mean(&self) -> f64 {
        0.5 * (self.low + self.high)
    }

    fn variance(&self) -> f64 {
        self.half_width() * self.half_width() / 3.0
    }

    fn third_central_moment(&self) -> Option<f64> {
        Some(0.0)
    }

    fn fourth_central_moment(&self) -> Option<f64> {
        let square = self.half_width() * self.half_width();
        Some(square * square / 5.0)
    }

    fn higher_central_moment(&self, order: u32) -> Option<f64> {
        let even = order.is_multiple_of(2);
        Some(if even {
            power(self.half_width(), order) / f64::from(order + 1)
        } else {
            0.0
        })
    }

    fn characteristic(&self, xi: f64) -> Complex64 {
        let phase = self.half_width() * xi;
        let modulus = if phase == 0.0 {
            1.0
        } else {
            libm::sin(phase) / phase
        };
        polar_minus(modulus, self.mean() * xi)
    }

    fn highest_density(&self) -> Option<f64> {
        Some(0.5 / self.half_width())
    }

    fn tail_exponent(&self) -> f64 {
        0.0
    }
}
