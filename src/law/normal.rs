//! The normal law.

use num_complex::Complex64;

use super::validate::{location, scale};
use super::written::{VELOCITY, Written, placed};
use super::{Distribution, LawError, polar_minus, power, standard_normal_moment};
use crate::key::kind::Parameter;
use crate::key::reader::{ConfigError, Table};
use crate::key::{Declared, Key};
use crate::numerics::special::{normal_cdf, normal_quantile};
use std::f64::consts::TAU;

/// The normal law N(m, σ²) with density e^{−(x−m)²/(2σ²)}/(σ√(2π)).
///
/// Accuracy: the quantile function to about 2 units in the last place of σΦ⁻¹, in both tails.
#[derive(Debug, Clone, PartialEq)]
pub struct Normal {
    mean: f64,
    sd: f64,
}

impl Normal {
    /// N(`mean`, `sd`²), `mean` finite and `sd` > 0.
    ///
    /// # Errors
    /// If `mean` is not finite, `sd` is not a positive number, or either leaves the range of accepted magnitudes.
    pub fn new(mean: f64, sd: f64) -> Result<Normal, LawError> {
        location(MEAN.name, mean)?;
        scale(SD.name, sd, "use law = \"point\"")?;
        Ok(Normal { mean, sd })
    }

    /// The standard deviation σ.
    pub fn sd(&self) -> f64 {
        self.sd
    }
}

static MEAN: Key<Normal, Parameter> = Key {
    name: "mean",
    kind: Parameter::LOCATION,
    default: None,
    unit: VELOCITY,
    meaning: "Mean of the law.",
    example: "0.0",
    fix: None,
    of: |law| law.mean,
};

static SD: Key<Normal, Parameter> = Key {
    name: "sd",
    kind: Parameter::SCALE,
    default: None,
    unit: VELOCITY,
    meaning: "Standard deviation of the law.",
    example: "1.0",
    fix: None,
    of: |law| law.sd,
};

impl Written for Normal {
    const NAME: &'static str = "normal";
    const MEANING: &'static str = "The normal law with this mean and standard deviation.";
    const PARAMETERS: &'static [&'static dyn Declared<Normal>] = &[&MEAN, &SD];

    fn read(table: &Table) -> Result<Normal, ConfigError> {
        placed(table, Normal::new(MEAN.read(table)?, SD.read(table)?))
    }
}

impl Distribution for Normal {
    fn quantile_at(&self, lower: f64, upper: f64) -> f64 {
        self.mean + self.sd * normal_quantile(lower, upper)
    }

    fn cdf(&self, x: f64) -> f64 {
        normal_cdf((x - self.mean) / self.sd)
    }

    fn mean(&self) -> f64 {
        self.mean
    }

    fn variance(&self) -> f64 {
        self.sd * self.sd
    }

    fn third_central_moment(&self) -> Option<f64> {
        Some(0.0)
    }

    fn fourth_central_moment(&self) -> Option<f64> {
        Some(3.0 * self.variance() * self.variance())
    }

    fn higher_central_moment(&self, order: u32) -> Option<f64> {
        Some(power(self.sd, order) * standard_normal_moment(order))
    }

    fn characteristic(&self, xi: f64) -> Complex64 {
        let standardized = self.sd * xi;
        polar_minus(
            libm::exp(-0.5 * standardized * standardized),
            self.mean * xi,
        )
    }

    fn highest_density(&self) -> Option<f64> {
        Some(1.0 / (self.sd * TAU.sqrt()))
    }

    fn tail_exponent(&self) -> f64 {
        0.0
    }
}
