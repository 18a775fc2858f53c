//! The rows of `scaling.csv`: one for each quantity at the end of a run, to be compared between
//! numbers of particles.

use super::{ExactDiscrepancy, Findings, TABLE_CONFIDENCE};
use crate::bracket::Excess;
use crate::experiment::Experiment;
use crate::model::coupling::CouplingKind;
use crate::model::pairing::Pairing;
use crate::table::rows::ScalingRow;
use crate::theory::Quantity;

impl ScalingRow {
    /// A quantity of which nothing is known.
    fn unknown(particles: usize, quantity: &'static str) -> Self {
        ScalingRow {
            particles,
            quantity,
            value: None,
            std_error: None,
            exact: None,
            exact_std_error: None,
            lower_limit: None,
            upper_limit: None,
            meaning: meaning(quantity),
            nearly_normal: true,
        }
    }

    /// Whether there is anything to show.
    fn is_known(&self) -> bool {
        self.value.or(self.upper_limit).is_some()
    }
}

/// The meaning of a quantity of `scaling.csv`.
fn meaning(quantity: &str) -> &'static str {
    match quantity {
        "decay_rate" => "rate per unit of time at which the mean of |Delta|^2 decays",
        "discrepancy_per_particle" => "mean of |Delta|^2/N over all replicas; error over replicas",
        "relative_variance" => "variance of |Delta|^2 over replicas, over its squared mean",
        "gelbrich_lower" => "exact lower bound on W2^2 of the first marginals",
        "w2_squared" => {
            "W2^2 of the first marginals: the value is a mean over batches of pooled velocities, \
             too large by their noise; the limits are those of the law"
        }
        "coupling_upper" => {
            "mean of |Delta|^2/N over the same batches as w2_squared, whose W2^2 it bounds from \
             above; replicas that fill no batch are left out; error over batches"
        }
        "joint_w2_squared" => "W2^2 of the joint laws per particle",
        "joint_excess" => "joint_w2_squared less w2_squared",
        "collisions" => "rate per unit of time at which a replica collides",
        _ => "",
    }
}

/// The collisions of a replica per unit of time: (κ/2 + β)N, or twice that if each copy has
/// collisions of its own, with the standard error of a Poisson variate. A run without a collision
/// does not show that there is no error.
fn collision_row(experiment: &Experiment, findings: &Findings) -> ScalingRow {
    let rates = findings.theory.rates().for_particles(findings.particles);
    let paths = match experiment.coupling {
        CouplingKind::Synchronous | CouplingKind::Aligned => 1.0,
        CouplingKind::Independent => 2.0,
    };
    let exact = paths * rates.total(findings.particles);
    let watched = findings.measured.replicas as f64 * experiment.end;
    let value = findings.measured.pairs.collisions as f64 / watched;
    ScalingRow {
        value: Some(value),
        std_error: (value > 0.0).then(|| (value / watched).sqrt()),
        exact: Some(exact),
        exact_std_error: Some((exact / watched).sqrt()),
        ..ScalingRow::unknown(findings.particles, "collisions")
    }
}

/// ‖Δ‖² at the end: its decay rate, its mean per particle and its relative variance.
fn discrepancy_scaling(findings: &Findings) -> [ScalingRow; 3] {
    let (n, theory) = (findings.particles as f64, &findings.theory);
    let replicas = findings.measured.replicas;
    let last = findings.times.len() - 1;
    let end = findings.times[last];
    let exact = ExactDiscrepancy::new(theory, end, replicas);
    let row = |quantity| ScalingRow {
        nearly_normal: exact.has_spread_of_many(),
        ..ScalingRow::unknown(findings.particles, quantity)
    };
    let rate = findings.rate(Quantity::Discrepancy).ok();
    let (mean, error) = findings.discrepancy(last);
    let spread = findings.measured.pairs.discrepancy.relative_variance(last);
    let exact_spread = theory.discrepancy_relative_variance(end);
    let relative_error = theory.discrepancy_relative_variance_error(end, replicas as f64);
    [
        ScalingRow {
            value: rate.map(|rate| rate.rate),
            std_error: rate.map(|rate| rate.std_error()),
            exact: Some(theory.decay_rate(Quantity::Discrepancy)),
            exact_std_error: rate.map(|rate| rate.exact_std_error),
            ..row("decay_rate")
        },
        ScalingRow {
            value: Some(mean / n),
            std_error: error.map(|error| error / n),
            exact: exact.mean.map(|mean| mean / n),
            exact_std_error: exact.std_error().map(|error| error / n),
            ..row("discrepancy_per_particle")
        },
        ScalingRow {
            value: spread.map(|(value, _)| value),
            std_error: spread.map(|(_, error)| error),
            exact: exact_spread,
            exact_std_error: exact_spread.zip(relative_error).map(|(v, error)| v * error),
            ..row("relative_variance")
        },
    ]
}

/// Distances at the end, squared and per particle. The excess of the joint laws is that of a coupling,
/// and what its limits allow for is known where copies start optimally paired and meet the same bath
/// velocities; there are none elsewhere.
fn distance_scaling(experiment: &Experiment, findings: &Findings) -> Vec<ScalingRow> {
    let last = findings.times.len() - 1;
    let Some(index) = findings.distance_times.iter().position(|&at| at == last) else {
        return vec![];
    };
    let row = |quantity| ScalingRow::unknown(findings.particles, quantity);
    let distances = &findings.measured.pairs.distances;
    let pooled = |variable| (distances.count() >= 2.0).then(|| distances.mean(variable));
    let mean = findings.theory.discrepancy_mean(findings.times[last]);
    let (first, joint) = findings
        .trusted_brackets(index)
        .map(|(f, j)| (f, j))
        .unzip();
    let is_priced =
        experiment.pairing == Pairing::Optimal && experiment.coupling != CouplingKind::Independent;
    let excess = first
        .zip(joint)
        .filter(|_| is_priced)
        .and_then(|(first, joint)| Excess::between(first, joint, TABLE_CONFIDENCE));
    vec![
        ScalingRow {
            value: pooled(2 * index),
            std_error: distances.std_error(2 * index),
            lower_limit: first.and_then(|bracket| bracket.lower_limit),
            upper_limit: first.and_then(|bracket| bracket.upper_limit),
            ..row("w2_squared")
        },
        ScalingRow {
            value: pooled(2 * index + 1),
            std_error: distances.std_error(2 * index + 1),
            exact: mean.map(|mean| mean / findings.particles as f64),
            ..row("coupling_upper")
        },
        ScalingRow {
            lower_limit: joint.and_then(|bracket| bracket.lower_limit),
            upper_limit: joint.and_then(|bracket| bracket.upper_limit),
            ..row("joint_w2_squared")
        },
        ScalingRow {
            lower_limit: excess.map(|excess| excess.lower_limit),
            upper_limit: excess.map(|excess| excess.upper_limit),
            ..row("joint_excess")
        },
    ]
}

/// The rows that one N gives.
pub fn scaling_rows(experiment: &Experiment, findings: &Findings) -> Vec<ScalingRow> {
    let end = findings.times[findings.times.len() - 1];
    let gelbrich = Some(findings.theory.gelbrich_squared(end));
    let gelbrich = ScalingRow {
        value: gelbrich,
        exact: gelbrich,
        ..ScalingRow::unknown(findings.particles, "gelbrich_lower")
    };
    let rows = discrepancy_scaling(findings).into_iter();
    rows.chain([gelbrich])
        .chain(distance_scaling(experiment, findings))
        .chain([collision_row(experiment, findings)])
        .filter(ScalingRow::is_known)
        .collect()
}
