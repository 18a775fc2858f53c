//! The quantities measured in a steady state, beside their exact values.

use super::{Findings, ROUNDING, SMALL_SHIFT, discrepancy_rounding};
use crate::experiment::Experiment;
use crate::law::{Law, Normal};
use crate::measure::steady::{CELLS, Steady};
use crate::numerics::trust::{is_carried, is_carried_in_tails};
use crate::table::rows::{DensityRow, KurtosisRow, SteadyRow};
use crate::theory::Theory;
use crate::theory::steady::{MOMENTS, excess_kurtosis, excess_kurtosis_limit};

/// Fewer replicas than this do not show how far off their mean is, far in its tails.
pub const FEWEST_REPLICAS: u64 = 400;

/// A mean whose exact standard error is known is compared with its exact value only where the bath
/// velocities of the run determine the variance of the power concerned to a tenth:
/// E w^{4q}/(E w^{2q})² is at most this share of their number. A power with two values is then
/// the larger one a hundred times, and 5.2 standard errors off with probability 3·10⁻⁹.
const DETERMINED: f64 = 0.01;
/// The level where only the empirical error is known: with 0.01 such a count would be 5.2 of these off
/// with probability 6·10⁻⁶, with this 5·10⁻⁷.
const DETERMINED_EMPIRICALLY: f64 = 0.001;

/// The quantity that bounds W₂² between the two starts.
pub const W2_UPPER: &str = "w2_upper";

/// κ/β at which exact curves are tabled: so many points over these decades.
const CURVE_POINTS: i32 = 61;
const CURVE_DECADES: (f64, f64) = (-1.0, 2.0);

/// A quantity of the steady state.
#[derive(Debug, Clone)]
pub struct SteadyEstimate {
    /// Its name in the tables.
    pub quantity: &'static str,
    /// Its mean over replicas of time averages, or at a time.
    pub value: f64,
    /// From the spread of the replicas.
    pub empirical: Option<f64>,
    /// The exact standard error, where it is known.
    pub known: Option<f64>,
    /// The exact value.
    pub exact: f64,
    /// The size that an error is compared with.
    pub size: f64,
    /// The error that rounding can make, as a share of [`SteadyEstimate::scale`].
    pub rounding: f64,
    /// E w^{4q}/(E w^{2q})² over the number of bath velocities met, q the power of a bath velocity
    /// that it takes; 0 of what does not see the bath.
    pub bath_spread: f64,
    /// The time from which on it was measured.
    pub time: f64,
    /// Number of replicas.
    pub replicas: u64,
}

impl SteadyEstimate {
    /// The larger of the two standard errors; `None` if there is no empirical one.
    pub fn std_error(&self) -> Option<f64> {
        let empirical = self.empirical.filter(|error| error.is_finite())?;
        Some(self.known.map_or(empirical, |known| known.max(empirical)))
    }

    /// (value − exact)/standard error.
    pub fn z(&self) -> Option<f64> {
        super::z_score(self.value, self.exact, self.std_error()?)
    }

    /// Whether the mean is carried by so many replicas, and determined by so many bath
    /// velocities, that it is nearly normal far in its tails.
    pub fn is_trusted(&self) -> bool {
        self.is_determined() && self.is_carried(is_carried_in_tails)
    }

    /// Whether z is nearly normal.
    pub fn has_normal_z(&self) -> bool {
        let is_above_rounding = |error: f64| self.rounding_error() <= SMALL_SHIFT * error;
        self.is_determined()
            && self.is_carried_by_many()
            && self.std_error().is_some_and(is_above_rounding)
    }

    /// The error that rounding can make.
    pub fn rounding_error(&self) -> f64 {
        self.rounding * self.scale()
    }

    /// Whether it is nearly normal at the levels of intervals.
    pub fn is_carried_by_many(&self) -> bool {
        self.is_carried(is_carried)
    }

    /// The size that an error is compared with, or the value if that is larger. A value that is far
    /// from the exact one is no less an average over many if it varies little beside itself.
    pub fn scale(&self) -> f64 {
        self.size.max(self.value.abs())
    }

    /// Whether the bath velocities of the run are known to determine the variance of the mean.
    fn is_determined(&self) -> bool {
        let most = match self.known {
            Some(_) => DETERMINED,
            None => DETERMINED_EMPIRICALLY,
        };
        self.bath_spread <= most
    }

    fn is_carried(&self, rule: fn(f64, f64) -> bool) -> bool {
        let passes = |error: f64| self.scale() > 0.0 && rule(error, self.scale());
        self.replicas >= FEWEST_REPLICAS && self.std_error().is_some_and(passes)
    }
}

/// The exact standard error of ‖Δ‖²/N at a time on the way into the steady state, where copies are
/// always coupled synchronously and never rematched; `None` where it is infinite.
pub fn discrepancy_error(theory: &Theory, time: f64, replicas: f64) -> Option<f64> {
    let variance = theory.synchronous_relative_variance(time)?;
    Some(theory.synchronous_discrepancy(time) * (variance / replicas).sqrt())
}

/// All that is measured of the steady state: [`MOMENTS`], what follows from them, and
/// the bound on W₂² between the two starts. Nothing without a steady state.
pub fn steady_estimates(findings: &Findings) -> Vec<SteadyEstimate> {
    let Some(steady) = &findings.steady else {
        return vec![];
    };
    let theory = &findings.theory;
    let (schedule, replicas) = (&steady.schedule, steady.replicas);
    let base = SteadyEstimate {
        quantity: "",
        value: 0.0,
        empirical: None,
        known: None,
        exact: 0.0,
        size: 0.0,
        rounding: ROUNDING,
        bath_spread: 0.0,
        time: schedule.burn_in,
        replicas,
    };
    let draws = schedule.bath_draws(theory, replicas as f64);
    let bath_spread = |power: u32| theory.bath_power_spread(power) / draws;
    let mut estimates = vec![];
    for (index, (quantity, partition)) in MOMENTS.into_iter().enumerate() {
        let known = theory
            .steady_moment(partition)
            .zip(theory.steady_size(partition));
        let Some((exact, size)) = known else { continue };
        let (value, empirical) = steady.moment(index);
        let power = partition.iter().sum();
        estimates.push(SteadyEstimate {
            quantity,
            value,
            empirical: empirical.filter(|_| theory.has_bath_variance(power)),
            bath_spread: bath_spread(power),
            known: theory.steady_std_error(partition, schedule, replicas as f64),
            exact,
            size,
            ..base
        });
    }
    let of = |name: &str| estimates.iter().find(|estimate| estimate.quantity == name);
    let second = theory.bath_variance();
    let correlation = of("m22").map(|joint| SteadyEstimate {
        quantity: "pair-correlation",
        value: joint.value - second * second,
        exact: joint.exact - second * second,
        ..joint.clone()
    });
    let fourth = of("m4").map_or(f64::NAN, |fourth| fourth.exact);
    estimates.extend(correlation);
    let (value, empirical) = steady.excess_kurtosis();
    let ratio = fourth / (second * second);
    let [by_second, by_fourth] = steady.kurtosis_gradient;
    let weights = [by_second, by_fourth, 0.0];
    estimates.push(SteadyEstimate {
        quantity: "excess-kurtosis",
        value,
        empirical: empirical.filter(|_| theory.has_bath_variance(4)),
        known: theory.steady_even_error(weights, schedule, replicas as f64),
        bath_spread: bath_spread(4),
        exact: ratio - 3.0,
        size: ratio,
        ..base
    });
    let (value, empirical) = steady.discrepancy();
    let exact = theory.synchronous_discrepancy(schedule.coupling);
    let known = discrepancy_error(theory, schedule.coupling, replicas as f64);
    estimates.push(SteadyEstimate {
        quantity: W2_UPPER,
        value,
        // Differences that have all shrunk to 0 do not show that there is no error, and there is no
        // error bar where the variance is infinite.
        empirical: empirical.filter(|_| value > 0.0 && known.is_some()),
        known,
        exact,
        size: exact,
        rounding: discrepancy_rounding(theory),
        time: schedule.coupling,
        ..base
    });
    estimates
}

/// The rows of `steady_state.csv`.
pub fn steady_rows(experiment: &Experiment, findings: &Findings) -> Vec<SteadyRow> {
    let rates = findings.theory.rates();
    let row = |estimate: SteadyEstimate| SteadyRow {
        particles: findings.particles,
        quantity: estimate.quantity,
        value: estimate.value,
        std_error: estimate.empirical,
        exact: estimate.exact,
        exact_std_error: estimate.known,
        z: estimate.z(),
        trusted: estimate.has_normal_z(),
        time: estimate.time,
        replicas: estimate.replicas,
        pair_per_bath: rates.pair / rates.bath,
        bath: experiment.bath.name(),
    };
    steady_estimates(findings).into_iter().map(row).collect()
}

/// The rows of `steady_density.csv`.
pub fn density_rows(experiment: &Experiment, findings: &Findings) -> Vec<DensityRow> {
    let Some(steady) = &findings.steady else {
        return vec![];
    };
    let deviation = experiment.bath.variance().sqrt();
    let maxwellian = Normal::new(0.0, deviation).ok().map(Law::Normal);
    let row = |index| density_row(findings.particles, steady, index, experiment, &maxwellian);
    (0..CELLS).map(row).collect()
}

fn density_row(
    particles: usize,
    steady: &Steady,
    index: usize,
    experiment: &Experiment,
    maxwellian: &Option<Law>,
) -> DensityRow {
    let ([low, high], share, error) = steady.cell(index);
    let width = steady.cell_width;
    let average = |law: &Law| (law.cdf(high) - law.cdf(low)) / width;
    DensityRow {
        particles,
        low,
        high,
        density: share / width,
        // An empty cell does not show that there is no error.
        std_error: error.filter(|_| share > 0.0).map(|error| error / width),
        bath_density: average(&experiment.bath),
        maxwellian: maxwellian.as_ref().map_or(f64::NAN, average),
    }
}

/// The rows of `steady_kurtosis.csv`.
pub fn kurtosis_rows(experiment: &Experiment, findings: &Findings) -> Vec<KurtosisRow> {
    if findings.steady.is_none() {
        return vec![];
    }
    let (first, last) = CURVE_DECADES;
    let row = |index: i32| {
        let share = f64::from(index) / f64::from(CURVE_POINTS - 1);
        let pair_per_bath = libm::pow(10.0, first + share * (last - first));
        KurtosisRow {
            particles: findings.particles,
            pair_per_bath,
            excess_kurtosis: excess_kurtosis(findings.particles, pair_per_bath, &experiment.bath),
            limit: excess_kurtosis_limit(pair_per_bath, &experiment.bath),
        }
    };
    (0..CURVE_POINTS).map(row).collect()
}
