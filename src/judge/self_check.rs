//! What a run checks of itself, whatever claims are judged on it.
//!
//! Each copy is compared with closed forms that know nothing of the coupling,
//! error bars with exact variances from both sides, and pair collisions with the
//! conservation of energy. If one of these fails the program is at fault, and no
//! verdict of that N means anything.
//!
//! Comparisons are made where a normal approximation can be trusted far in its
//! tails: where the squared relative standard error is below `TRUSTED`, and
//! where the laws have moments of all orders. Each N may fail by chance with a
//! probability of about [`LEVEL`], shared by all its comparisons.

use crate::estimate::{Findings, normal_half_width};
use crate::experiment::Experiment;
use crate::judge::Outcome;
use crate::observe::{DISCREPANCY, column};
use crate::theory::{Moment, System};
use serde::Serialize;
use std::fmt;

/// The probability that some self-check of one N fails by chance.
pub const LEVEL: f64 = 2e-7;

/// Squared relative standard errors up to this are those of averages over many
/// replicas.
const TRUSTED: f64 = 1e-4;

/// The same for a variance, compared on a logarithmic scale.
const TRUSTED_SPREAD: f64 = 2e-3;

/// Relative drift of the energy that rounding can cause.
const DRIFT: f64 = 1e-11;

/// A row of `self_checks.csv`.
#[derive(Debug, Clone, Serialize)]
pub struct SelfCheckRow {
    /// N.
    pub particles: usize,
    /// What was compared.
    pub self_check: &'static str,
    /// How many comparisons were made.
    pub comparisons: usize,
    /// The largest deviation: in standard errors, or relative for the energy.
    pub worst: Option<f64>,
    /// The largest that passes.
    pub limit: f64,
    /// Whether all passed.
    pub passed: bool,
    /// Where the largest deviation was seen.
    pub place: String,
}

impl SelfCheckRow {
    /// A failed one is against expectation.
    pub fn outcome(&self) -> Outcome {
        if self.passed {
            Outcome::AsExpected
        } else {
            Outcome::Against
        }
    }
}

impl fmt::Display for SelfCheckRow {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let SelfCheckRow {
            particles,
            self_check,
            limit,
            place,
            ..
        } = self;
        let worst = self.worst.unwrap_or(f64::NAN);
        let says = if self.passed { "passes" } else { "fails" };
        write!(
            f,
            "the self-check {self_check} {says} at N = {particles}: {worst:.3e} at most {limit:.3e} allowed ({place})"
        )
    }
}

/// A comparison: its deviation in standard errors, and where it was made.
struct Comparison {
    deviation: f64,
    place: String,
}

/// All self-checks of one N.
pub fn self_checks(experiment: &Experiment, findings: &Findings) -> Vec<SelfCheckRow> {
    let light = [&experiment.bath, &experiment.first, &experiment.second]
        .iter()
        .all(|law| law.has_all_moments());
    let statistical: Vec<(&'static str, Vec<Comparison>)> = if light {
        vec![
            ("first-copy-moments", moments(findings, System::First)),
            ("second-copy-moments", moments(findings, System::Second)),
            ("discrepancy", discrepancy(findings)),
            ("variances", variances(findings)),
        ]
    } else {
        vec![]
    };
    let all: usize = statistical.iter().map(|(_, made)| made.len()).sum();
    let limit = normal_half_width(1.0 - LEVEL / all.max(1) as f64);
    let row = |name, limit, made: &[Comparison]| {
        let worst = made
            .iter()
            .max_by(|a, b| a.deviation.total_cmp(&b.deviation));
        SelfCheckRow {
            particles: findings.particles,
            self_check: name,
            comparisons: made.len(),
            worst: worst.map(|worst| worst.deviation),
            limit,
            // A deviation that is not a number does not pass.
            passed: made.iter().all(|made| made.deviation <= limit),
            place: worst.map_or(String::new(), |worst| worst.place.clone()),
        }
    };
    let conserved = findings.measured.energy_drift.map(|deviation| Comparison {
        deviation,
        place: "copies without a bath".to_string(),
    });
    let mut rows: Vec<SelfCheckRow> = statistical
        .iter()
        .map(|(name, made)| row(name, limit, made))
        .collect();
    rows.push(row("energy-conservation", DRIFT, conserved.as_slice()));
    rows
}

/// The moments of a copy against the hierarchy, which knows nothing of the
/// other copy.
fn moments(findings: &Findings, system: System) -> Vec<Comparison> {
    let theory = &findings.theory;
    let particles = findings.particles as f64;
    let compare = |(index, &time): (usize, &f64), moment: Moment| {
        let exact = theory.moment(system, moment, time)?;
        let energy = theory.moment(system, Moment::M2, time)?;
        let size = match moment {
            Moment::M1 => energy.sqrt(),
            // About the spread of (ΣV)²/N² where the mean of V is 0.
            Moment::M11 => energy / particles + exact.abs(),
            _ => exact,
        };
        let (mean, error) = findings.measured.mean(index, column(system, moment));
        let error = match exact_error(findings, system, moment, time) {
            Some(exact) => error?.max(exact),
            None => error.filter(|_| trusts_fourth_order(findings, time))?,
        };
        let place = format!("{} at t = {time}", moment.name());
        compare(mean - exact, error, size, place)
    };
    let times = || findings.times.iter().enumerate();
    Moment::ALL
        .into_iter()
        .flat_map(|moment| times().filter_map(move |at| compare(at, moment)))
        .collect()
}

/// The standard error of a moment's mean, where its variance is known.
fn exact_error(findings: &Findings, system: System, moment: Moment, time: f64) -> Option<f64> {
    let theory = &findings.theory;
    let low = || theory.low_moment_deviations(system, time);
    let deviation = match moment {
        Moment::M1 => low()?.0,
        Moment::M2 => low()?.1,
        Moment::M11 => theory.pair_moment_deviation(system, time)?,
        Moment::M4 | Moment::M22 => return None,
    };
    Some(deviation / (findings.measured.replicas as f64).sqrt())
}

/// Whether many replicas carry the means of fourth moments, whose variances are
/// not known exactly.
///
/// What is left of a start shrinks by cos²θ at each bath collision. With
/// ⟨cos²⟩ = 1/2, ⟨cos⁴⟩ = 3/8 and ⟨cos⁸⟩ = 35/128 the relative variance of its
/// square grows like e^{0.38βt}, that of its fourth power like e^{0.52βt}: about
/// the 3/2-th power. The first is that of one particle's Δ², N times the known one
/// of ‖Δ‖²; the relative variance of V⁴ at a normal start is some 12.
fn trusts_fourth_order(findings: &Findings, time: f64) -> bool {
    let particles = findings.particles as f64;
    let spread = findings.theory.discrepancy_relative_variance(time);
    spread.is_some_and(|spread| {
        let of_one = 12.0 * libm::pow(1.0 + particles * spread, 1.5);
        of_one / (particles * findings.measured.replicas as f64) <= TRUSTED
    })
}

/// The mean of ‖Δ‖² against its closed form.
fn discrepancy(findings: &Findings) -> Vec<Comparison> {
    let theory = &findings.theory;
    let replicas = findings.measured.replicas as f64;
    let compare = |(index, &time): (usize, &f64)| {
        let exact = theory.discrepancy_mean(time)?;
        let (mean, error) = findings.measured.mean(index, DISCREPANCY);
        let known = theory
            .discrepancy_relative_variance(time)
            .map(|variance| (variance / replicas).sqrt() * exact);
        let place = format!("t = {time}");
        compare(mean - exact, known.or(error)?, exact, place)
    };
    findings
        .times
        .iter()
        .enumerate()
        .filter_map(compare)
        .collect()
}

/// The variance of ‖Δ‖² over replicas against the exact one, from both sides.
fn variances(findings: &Findings) -> Vec<Comparison> {
    let theory = &findings.theory;
    let compare = |(index, &time): (usize, &f64)| {
        let relative = theory.discrepancy_relative_variance(time)?;
        if relative < 1e-20 {
            // A constant: what varies is rounding.
            return None;
        }
        let mean = theory.discrepancy_mean(time)?;
        let exact = relative * mean * mean;
        let (variance, error) = findings.measured.discrepancy.variance(index)?;
        // Rare replicas carry this mean, hence even more this variance.
        if relative / findings.measured.replicas as f64 > TRUSTED {
            return None;
        }
        // The logarithm of a variance is nearer to a normal variate.
        let place = format!("discrepancy at t = {time}");
        let comparison = Comparison {
            deviation: (libm::log(variance / exact) / error).abs(),
            place,
        };
        (error * error <= TRUSTED_SPREAD).then_some(comparison)
    };
    findings
        .times
        .iter()
        .enumerate()
        .filter_map(compare)
        .collect()
}

/// A deviation in standard errors; `None` where it cannot be trusted.
fn compare(deviation: f64, error: f64, size: f64, place: String) -> Option<Comparison> {
    // Rounding, of sums of as many terms as there may be.
    let error = error.max(1e-12 * size.abs());
    let relative = error / size;
    (relative * relative <= TRUSTED).then(|| Comparison {
        deviation: (deviation / error).abs(),
        place,
    })
}
