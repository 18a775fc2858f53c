//! The Laplace law.

use num_complex::Complex64;

use super::validate::{location, scale};
use super::written::{VELOCITY, Written, placed};
use super::{Distribution, LawError, polar_minus, power};
use crate::key::kind::Parameter;
use crate::key::reader::{ConfigError, Table};
use crate::key::{Declared, Key};

/// The Laplace law with density e^{−|x−m|/b}/(2b): m + b times the difference of two unit exponentials.
///
/// Accuracy: quantiles to a few units in the last place of the distance to m, in both tails.
#[derive(Debug, Clone, PartialEq)]
pub struct Laplace {
    mean: f64,
    scale: f64,
}

impl Laplace {
    /// The Laplace law with `mean` m and `scale` b > 0 (variance 2b²).
    ///
    /// # Errors
    /// If `mean` is not finite, `scale` is not a positive number, or either leaves the range of accepted magnitudes.
    pub fn new(mean: f64, scale_parameter: f64) -> Result<Laplace, LawError> {
        location(MEAN.name, mean)?;
        scale(SCALE.name, scale_parameter, "use law = \"point\"")?;
        Ok(Laplace {
            mean,
            scale: scale_parameter,
        })
    }

    /// The scale b.
    pub fn scale(&self) -> f64 {
        self.scale
    }
}

/// ln(2·`tail`) for `tail` ≤ ½ with complement `other`; near ½ by log1p, where the logarithm would cancel.
fn log_twice(tail: f64, other: f64) -> f64 {
    if tail > 0.25 {
        libm::log1p(tail - other)
    } else {
        libm::log(2.0 * tail)
    }
}

static MEAN: Key<Laplace, Parameter> = Key {
    name: "mean",
    kind: Parameter::LOCATION,
    default: None,
    unit: VELOCITY,
    meaning: "Mean of the law.",
    example: "0.0",
    fix: None,
    of: |law| law.mean,
};

static SCALE: Key<Laplace, Parameter> = Key {
    name: "scale",
    kind: Parameter::SCALE,
    default: None,
    unit: VELOCITY,
    meaning: "Mean distance of the velocity from its mean.",
    example: "1.0",
    fix: None,
    of: |law| law.scale,
};

impl Written for Laplace {
    const NAME: &'static str = "laplace";
    const MEANING: &'static str =
        "The two-sided exponential law with density proportional to exp(−|v − mean|/scale).";
    const PARAMETERS: &'static [&'static dyn Declared<Laplace>] = &[&MEAN, &SCALE];

    fn read(table: &Table) -> Result<Laplace, ConfigError> {
        placed(table, Laplace::new(MEAN.read(table)?, SCALE.read(table)?))
    }
}

impl Distribution for Laplace {
    fn quantile_at(&self, lower: f64, upper: f64) -> f64 {
        if lower <= upper {
            self.mean + self.scale * log_twice(lower, upper)
        } else {
            self.mean - self.scale * log_twice(upper, lower)
        }
    }

    fn cdf(&self, x: f64) -> f64 {
        let standardized = (x - self.mean) / self.scale;
        if standardized < 0.0 {
            0.5 * libm::exp(standardized)
        } else {
            1.0 - 0.5 * libm::exp(-standardized)
        }
    }

    fn mean(&self) -> f64 {
        self.mean
    }

    fn variance(&self) -> f64 {
        2.0 * self.scale * self.scale
    }

    fn third_central_moment(&self) -> Option<f64> {
        Some(0.0)
    }

    fn fourth_central_moment(&self) -> Option<f64> {
        Some(6.0 * self.variance() * self.variance())
    }

    fn higher_central_moment(&self, order: u32) -> Option<f64> {
        let factorial: f64 = (1..=order).map(f64::from).product();
        let even = order.is_multiple_of(2);
        Some(if even {
            factorial * power(self.scale, order)
        } else {
            0.0
        })
    }

    fn characteristic(&self, xi: f64) -> Complex64 {
        let standardized = self.scale * xi;
        polar_minus(1.0 / (1.0 + standardized * standardized), self.mean * xi)
    }

    fn highest_density(&self) -> Option<f64> {
        Some(0.5 / self.scale)
    }

    fn tail_exponent(&self) -> f64 {
        0.0
    }
}
