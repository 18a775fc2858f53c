//! The rows of `exponents.csv`: how what `scaling.csv` holds depends on N.

use super::power_law::{
    Exponent, ExponentBetweenLimits, Limits, Measurement, exponent, exponent_between_limits,
};
use super::scaling::ScalingRow;
use super::{TABLE_CONFIDENCE, normal_half_width, z_score};
use crate::experiment::Experiment;
use serde::Serialize;

/// A row of `exponents.csv`: a in quantity ~ N^a over all N of a sweep, at the end of
/// the run. See [`power_law`](super::power_law) for formulas and for what is claimed.
#[derive(Debug, Clone, Serialize)]
pub struct ExponentRow {
    /// `decay_rate`, `discrepancy_per_particle`, `relative_variance` and `collisions`
    /// are measured; `w2`, `joint_w2` and `joint_excess` lie between confidence limits.
    pub quantity: &'static str,
    /// Number of N that the exponent was fitted to.
    pub sizes: usize,
    /// a; between confidence limits the middle of the interval.
    pub exponent: f64,
    /// Known before sampling. Empty between confidence limits: there is none.
    pub std_error: Option<f64>,
    /// Level of the interval; between confidence limits at least this.
    pub confidence: f64,
    /// Lower end of the interval.
    pub ci_low: f64,
    /// Upper end of the interval.
    pub ci_high: f64,
    /// The exponent of the exact values at the same N with the same weights.
    pub exact: Option<f64>,
    /// (exponent − exact)/std_error.
    pub z: Option<f64>,
    /// The exponent for N → ∞ of distances between chaotic laws. At finite N the
    /// distances themselves are off by some multiple of 1/N.
    pub limit: Option<f64>,
    /// The weighted squares that a power law leaves.
    pub chi_squared: Option<f64>,
    /// sizes − 2.
    pub degrees: Option<usize>,
    /// The probability of at least this χ² under a power law.
    pub p_value: Option<f64>,
    /// Whether a power law fits: p_value ≥ 1 − confidence, or a line through all
    /// confidence limits.
    pub power_law: bool,
}

/// Quantities that are measured with an error known before sampling.
const MEASURED: [&str; 4] = [
    "decay_rate",
    "discrepancy_per_particle",
    "relative_variance",
    "collisions",
];

/// A distance between confidence limits.
struct Distance {
    /// In `exponents.csv`.
    name: &'static str,
    /// In `scaling.csv`, where it is squared and per particle.
    squared: &'static str,
    /// Limits of what it is from those of its square per particle.
    unsquared: fn(Limits) -> Limits,
    /// For N → ∞ between laws of independent particles, or of such in the limit:
    /// W₂² of first marginals and W₂,N²/N of joint laws tend to the same constant.
    limit: Option<f64>,
}

const DISTANCES: [Distance; 3] = [
    Distance {
        name: "w2",
        squared: "w2_squared",
        unsquared: |limits| limits.root_of(1.0),
        limit: Some(0.0),
    },
    Distance {
        name: "joint_w2",
        squared: "joint_w2_squared",
        unsquared: |limits| limits.root_of(limits.size),
        limit: Some(0.5),
    },
    Distance {
        name: "joint_excess",
        squared: "joint_excess",
        unsquared: |limits| limits,
        limit: None,
    },
];

/// The exponents of all quantities that have one, of the rows of three N or more.
pub fn exponent_rows(experiment: &Experiment, scaling: &[ScalingRow]) -> Vec<ExponentRow> {
    let of = |quantity| {
        scaling
            .iter()
            .filter(move |row: &&ScalingRow| row.quantity == quantity)
    };
    let measured = MEASURED.into_iter().filter_map(|quantity| {
        let measurements: Vec<Measurement> = of(quantity).filter_map(measurement).collect();
        Some(measured_row(quantity, exponent(&measurements)?))
    });
    let chaotic = experiment.is_chaotic();
    let between_limits = DISTANCES.iter().filter_map(|distance| {
        let limits: Vec<Limits> = of(distance.squared).filter_map(limits).collect();
        // Those that say nothing count too: it is the data that tell.
        let confidence = together(limits.len())?;
        let limits: Vec<Limits> = limits.into_iter().map(distance.unsquared).collect();
        let limit = distance.limit.filter(|_| chaotic);
        let found = exponent_between_limits(&limits)?;
        Some(row_between_limits(distance.name, found, confidence, limit))
    });
    measured.chain(between_limits).collect()
}

fn measurement(row: &ScalingRow) -> Option<Measurement> {
    row.nearly_normal.then_some(())?;
    Some(Measurement {
        size: row.particles as f64,
        value: row.value?,
        exact: row.exact?,
        exact_std_error: row.exact_std_error?,
    })
}

fn limits(row: &ScalingRow) -> Option<Limits> {
    Some(Limits {
        size: row.particles as f64,
        lower: row.lower_limit?,
        upper: row.upper_limit?,
    })
}

/// The confidence of the limits at so many N together (Bonferroni), if there is any.
fn together(sizes: usize) -> Option<f64> {
    let confidence = 1.0 - sizes as f64 * (1.0 - TABLE_CONFIDENCE);
    (confidence > 0.0).then_some(confidence)
}

fn measured_row(quantity: &'static str, found: Exponent) -> ExponentRow {
    let reach = normal_half_width(TABLE_CONFIDENCE) * found.std_error;
    ExponentRow {
        quantity,
        sizes: found.sizes,
        exponent: found.value,
        std_error: Some(found.std_error),
        confidence: TABLE_CONFIDENCE,
        ci_low: found.value - reach,
        ci_high: found.value + reach,
        exact: Some(found.exact),
        z: z_score(found.value, found.exact, found.std_error),
        limit: None,
        chi_squared: Some(found.chi_squared),
        degrees: Some(found.degrees()),
        p_value: Some(found.p_value()),
        power_law: found.p_value() >= 1.0 - TABLE_CONFIDENCE,
    }
}

fn row_between_limits(
    quantity: &'static str,
    found: ExponentBetweenLimits,
    confidence: f64,
    limit: Option<f64>,
) -> ExponentRow {
    ExponentRow {
        quantity,
        sizes: found.sizes,
        exponent: 0.5 * (found.low + found.high),
        std_error: None,
        confidence,
        ci_low: found.low,
        ci_high: found.high,
        exact: None,
        z: None,
        limit,
        chi_squared: None,
        degrees: None,
        p_value: None,
        power_law: found.is_power_law,
    }
}
