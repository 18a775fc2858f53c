//! The rows that the findings of one N give to the tables.

use super::exponents::exponent_rows;
use super::scaling::scaling_rows;
use super::steady::{density_rows, kurtosis_rows, steady_rows};
use super::{
    ExactDiscrepancy, Findings, SMALL_SHIFT, SPREAD_OF_FEW, TABLE_CONFIDENCE, UNKNOWN_SPREAD,
    normal_half_width, velocity_rounding, z_score,
};
use crate::experiment::{Experiment, PrintedBound};
use crate::measure::records::column;
use crate::numerics::trust::is_carried;
use crate::table::rows::{DiscrepancyRow, MomentRow, RateRow, Tables, WassersteinRow};
use crate::theory::{Moment, Quantity, System};

impl Tables {
    /// The rows that one N gives; it has no exponents.
    pub fn of(experiment: &Experiment, findings: &Findings) -> Tables {
        Tables {
            discrepancy: discrepancy_rows(experiment, findings),
            wasserstein: wasserstein_rows(experiment, findings),
            rates: rate_rows(findings),
            moments: moment_rows(findings),
            scaling: scaling_rows(experiment, findings),
            exponents: vec![],
            steady_state: steady_rows(experiment, findings),
            steady_density: density_rows(experiment, findings),
            steady_kurtosis: kurtosis_rows(experiment, findings),
        }
    }

    /// Append the rows of another N of an experiment, and fit exponents to all.
    pub fn extend(&mut self, experiment: &Experiment, other: Tables) {
        self.append(other);
        self.exponents = exponent_rows(experiment, &self.scaling);
    }
}

/// A mean below this may be that of squares, or fourth powers, of which each has underflowed.
const TINY: f64 = 1e-100;

/// Whether a mean of this exact size, or all that it is the mean of, has underflowed since the start; what is at rest
/// from the start has not.
fn has_underflowed(mean: f64, size: f64, size_at_start: f64) -> bool {
    let is_lost = size < TINY && !mean.is_normal();
    size_at_start > 0.0 && (is_lost || !size.is_normal())
}

fn discrepancy_rows(experiment: &Experiment, findings: &Findings) -> Vec<DiscrepancyRow> {
    let theory = &findings.theory;
    let replicas = findings.measured.replicas;
    let start = theory.initial_mean(Quantity::Discrepancy, System::First);
    let bound = PrintedBound::new(experiment, start);
    let row = |(index, &time): (usize, &f64)| {
        let (mean, std_error) = findings.discrepancy(index);
        let exact = ExactDiscrepancy::new(theory, time, replicas);
        let underflowed = exact
            .mean
            .is_some_and(|exact| has_underflowed(mean, exact, start));
        // Where no exact error is known the measured one tells.
        let is_carried =
            theory.has_finite_spread() && std_error.is_some_and(|error| is_carried(error, mean));
        DiscrepancyRow {
            particles: findings.particles,
            time,
            replicas,
            mean,
            std_error: std_error.filter(|_| theory.has_finite_spread()),
            exact_mean: exact.mean,
            exact_std_error: exact.std_error(),
            z: exact.z(mean).filter(|_| !underflowed),
            bound: bound.at(time),
            trusted: !underflowed && exact.trusted().unwrap_or(is_carried),
        }
    };
    findings.times.iter().enumerate().map(row).collect()
}

fn moment_rows(findings: &Findings) -> Vec<MomentRow> {
    let mut rows = vec![];
    for (index, &time) in findings.times.iter().enumerate() {
        for system in System::ALL {
            for moment in Moment::ALL {
                if moment.is_joint() && findings.particles == 1 {
                    continue;
                }
                rows.push(moment_row(findings, (index, time), system, moment));
            }
        }
    }
    rows
}

fn moment_row(
    findings: &Findings,
    (index, time): (usize, f64),
    system: System,
    moment: Moment,
) -> MomentRow {
    let theory = &findings.theory;
    let (mean, std_error) = findings.measured.mean(index, column(system, moment));
    // Fourth moments overflow where the bath is very much slower than the start.
    let finite = |value: Option<f64>| value.filter(|value| value.is_finite());
    let exact = finite(theory.moment(system, moment, time));
    let exact_std_error = finite(findings.exact_moment_error(system, moment, time));
    let size = |time| theory.moment_size(system, moment, time);
    let rounding = velocity_rounding(theory) / theory.second_moment(system, 0.0).sqrt();
    let is_normal = |(error, size): (f64, f64)| {
        let small = error == 0.0 || rounding * size <= SMALL_SHIFT * error;
        is_carried(error, size) && small
    };
    let trusted = match exact_std_error.zip(size(time)) {
        Some((0.0, size)) => is_normal((0.0, size)),
        Some(known) => is_normal(known) && has_spread_of_many(findings, system, moment, time),
        // A mean without a known error, as at rest, must be the exact value.
        None => exact == Some(mean),
    };
    let sizes = size(time).zip(size(0.0));
    let underflowed = sizes.is_some_and(|(size, start)| has_underflowed(mean, size, start));
    MomentRow {
        particles: findings.particles,
        time,
        system: system.name(),
        moment: moment.name(),
        mean,
        // No error bar where the variance is infinite.
        std_error: std_error.filter(|error| error.is_finite() && exact_std_error.is_some()),
        exact,
        z: exact
            .zip(exact_std_error)
            .and_then(|(exact, error)| z_score(mean, exact, error))
            .filter(|_| !underflowed),
        exact_std_error,
        trusted: !underflowed && trusted,
    }
}

/// Whether many replicas carry the variance of a moment, as far as powers of velocities about their
/// mean are known: first moments vary with the second power, others with the fourth too.
fn has_spread_of_many(findings: &Findings, system: System, moment: Moment, time: f64) -> bool {
    let powers: &[u32] = match moment {
        Moment::M1 => &[2],
        _ => &[2, 4],
    };
    let replicas = findings.measured.replicas as f64;
    // Draws that are rare beside a constant carry the squares: ten of them are to be expected.
    let of_squares = findings.theory.kurtosis_of_squares(system);
    let draws = replicas * findings.particles as f64;
    if moment != Moment::M1 && of_squares.is_some_and(|spread| spread > SPREAD_OF_FEW * draws) {
        return false;
    }
    powers.iter().all(|&power| {
        let known = findings.theory.centred_power(system, power, time);
        let spread = known.map_or(UNKNOWN_SPREAD, |known| known.relative_variance());
        spread <= SPREAD_OF_FEW * replicas
    })
}

fn wasserstein_rows(experiment: &Experiment, findings: &Findings) -> Vec<WassersteinRow> {
    let start = findings.theory.initial_w2();
    let bound = start.map(|start| PrintedBound::new(experiment, start));
    let distances = &findings.measured.pairs.distances;
    let batches = distances.count() as u64;
    let batch = findings.sample.div_ceil(findings.particles) as u64;
    let enough = batches >= 2;
    // No error bar where the variance is infinite.
    let finite = |error: Option<f64>| error.filter(|_| findings.theory.has_finite_spread());
    let row = |(index, &at): (usize, &usize)| {
        let time = findings.times[at];
        let brackets = findings.trusted_brackets(index);
        let (bracket, joint) = brackets.map(|(bracket, joint)| (bracket, joint)).unzip();
        WassersteinRow {
            particles: findings.particles,
            time,
            replicas: batches * batch,
            sample: findings.sample,
            batches,
            gelbrich_lower: findings.theory.gelbrich_squared(time),
            w2_squared: enough.then(|| distances.mean(2 * index)),
            std_error: finite(distances.std_error(2 * index)),
            coupling_upper: enough.then(|| distances.mean(2 * index + 1)),
            bound: bound.map(|bound| bound.at(time)),
            coupling_std_error: finite(distances.std_error(2 * index + 1)),
            dual_lower: bracket.and_then(|bracket| bracket.dual_lower),
            pooled_upper: bracket.and_then(|bracket| bracket.upper),
            lower_limit: bracket.and_then(|bracket| bracket.lower_limit),
            upper_limit: bracket.and_then(|bracket| bracket.upper_limit),
            joint_lower: joint.and_then(|joint| joint.lower_limit),
            joint_upper: joint.and_then(|joint| joint.upper_limit),
            bracket_replicas: bracket.map(|bracket| bracket.replicas),
            dual_std_error: bracket.and_then(|bracket| bracket.dual_std_error),
            pooled_std_error: bracket.and_then(|bracket| bracket.upper_std_error),
        }
    };
    findings
        .distance_times
        .iter()
        .enumerate()
        .map(row)
        .collect()
}

fn rate_rows(findings: &Findings) -> Vec<RateRow> {
    let half_width = normal_half_width(TABLE_CONFIDENCE);
    let row = |quantity: Quantity| {
        let estimate = findings.rate(quantity).ok();
        let decays = quantity != Quantity::Discrepancy || findings.theory.is_of_theorem_6();
        let predicted = decays.then(|| findings.theory.decay_rate(quantity));
        let std_error = estimate.map(|estimate| estimate.std_error());
        let rate = estimate.map(|estimate| estimate.rate);
        let end = |sign: f64| Some(rate? + sign * half_width * std_error?);
        RateRow {
            particles: findings.particles,
            quantity: quantity.name(),
            replicas: findings.measured.replicas,
            rate,
            std_error,
            exact_std_error: estimate.map(|estimate| estimate.exact_std_error),
            empirical_std_error: estimate.map(|estimate| estimate.empirical_std_error),
            confidence: TABLE_CONFIDENCE,
            ci_low: end(-1.0),
            ci_high: end(1.0),
            predicted,
            z: rate
                .zip(std_error)
                .and_then(|(rate, error)| z_score(rate, predicted?, error)),
        }
    };
    Quantity::ALL.into_iter().map(row).collect()
}
