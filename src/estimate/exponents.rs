//! The rows of `exponents.csv`: how what `scaling.csv` holds depends on N. See
//! [`power_law`](super::power_law) for formulas and for what is claimed.

use super::power_law::{
    Exponent, ExponentBetweenLimits, Limits, Measurement, exponent, exponent_between_limits,
};
use super::{TABLE_CONFIDENCE, normal_half_width, z_score};
use crate::experiment::Experiment;
use crate::table::rows::{ExponentRow, ScalingRow};

/// Quantities that are measured with an error known before sampling.
const MEASURED: [&str; 4] = [
    "decay_rate",
    "discrepancy_per_particle",
    "relative_variance",
    "collisions",
];

/// A distance between confidence limits.
struct Distance {
    /// The name of the distance in `exponents.csv`.
    name: &'static str,
    /// The name of its square per particle in `scaling.csv`.
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
