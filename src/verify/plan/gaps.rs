//! The cells that a run will leave empty in its tables, and the reasons, as far as they are known
//! before the run is made.
//!
//! Only what a config asks for is considered: a table that no section asks for is not missing.

use crate::bracket::FEWEST_REPLICAS;
use crate::estimate::{is_bracket_trusted, rate_weights};
use crate::experiment::{Experiment, WassersteinPlan};
use crate::measure::{bracketed, chunk};
use crate::model::coupling::Rematch;
use crate::theory::{Moment, Quantity, System, Theory};

/// The fewest batches that pooled W₂² needs: a single batch has no standard error.
const FEWEST_BATCHES: u64 = 2;

/// The cells that will be empty at entry `index` of the sweep, and why: a line for each reason.
pub fn gaps(experiment: &Experiment, index: usize, theory: &Theory) -> Vec<String> {
    if experiment.calibration.is_some() {
        return vec![];
    }
    let of_plan = |plan| distance_gaps(experiment, plan, index, theory);
    let mut gaps = experiment.wasserstein.map_or(vec![], of_plan);
    gaps.extend(rate_gaps(experiment, index, theory));
    gaps.extend(moment_gaps(experiment, index, theory));
    gaps
}

/// True if a section `[wasserstein]` will give no figure, since no N has the batches for it.
pub fn lacks_wasserstein_figure(experiment: &Experiment) -> bool {
    let Some(plan) = experiment.wasserstein else {
        return false;
    };
    let lacks = |&(particles, replicas)| !has_batches(plan, particles, replicas);
    experiment.calibration.is_none() && experiment.sweep.iter().all(lacks)
}

/// True if the replicas fill the batches that pooled W₂² needs.
fn has_batches(plan: WassersteinPlan, particles: usize, replicas: u64) -> bool {
    replicas / chunk(particles, plan.sample) >= FEWEST_BATCHES
}

/// The gaps of `wasserstein.csv`.
fn distance_gaps(
    experiment: &Experiment,
    plan: WassersteinPlan,
    index: usize,
    theory: &Theory,
) -> Vec<String> {
    let (particles, replicas) = experiment.sweep[index];
    let mut gaps = vec![];
    if !has_batches(plan, particles, replicas) {
        gaps.push(format!(
            "wasserstein.csv has no w2_squared and coupling_upper: the velocities pooled from all \
             replicas make fewer than {FEWEST_BATCHES} batches of wasserstein.sample = {}",
            plan.sample
        ));
    }
    if !experiment.knows_initial_w2() {
        gaps.push(
            "wasserstein.csv has no bound: W₂ of these initial laws is not known".to_string(),
        );
    }
    let kept = bracketed(experiment, particles, replicas);
    if plan.bracket > 0 && kept < FEWEST_REPLICAS as u64 {
        gaps.push(format!(
            "wasserstein.csv has no limits of W₂: they take {FEWEST_REPLICAS} whole replicas, and \
             wasserstein.bracket = {} velocities or the replicas of the run are fewer",
            plan.bracket
        ));
    } else if plan.bracket > 0 {
        let times = experiment.times();
        let indices = experiment.wasserstein_indices();
        let is_missing = |&&at: &&usize| !is_bracket_trusted(theory, particles, times[at], kept);
        let missing: Vec<usize> = indices.iter().filter(is_missing).copied().collect();
        if let Some(&first) = missing.first() {
            gaps.push(format!(
                "wasserstein.csv has no limits of W₂ at {} of {} record times, t = {} the first: \
                 too few replicas or collisions carry the difference of the laws",
                missing.len(),
                indices.len(),
                times[first]
            ));
        }
    }
    gaps
}

/// The gaps of `rates.csv`, and the gaps of `discrepancy.csv` that have the same reason.
fn rate_gaps(experiment: &Experiment, index: usize, theory: &Theory) -> Vec<String> {
    let (particles, replicas) = experiment.sweep[index];
    let times = experiment.times();
    let gap = |quantity: Quantity| {
        let why = rate_weights(theory, quantity, particles, &times, replicas).err()?;
        if quantity == Quantity::Discrepancy && !theory.is_of_theorem_6() {
            return Some(no_closed_form(experiment, theory));
        }
        Some(format!(
            "rates.csv has no rate of {}: {why}",
            quantity.name()
        ))
    };
    Quantity::ALL.into_iter().filter_map(gap).collect()
}

/// The cells that are missing where ‖Δ‖² does not have the law of Theorem 6's proof.
fn no_closed_form(experiment: &Experiment, theory: &Theory) -> String {
    let mean = match theory.discrepancy_mean(experiment.end) {
        Some(_) => "",
        None => "exact_mean, ",
    };
    let rematch = match experiment.rematch {
        Rematch::Never => "",
        _ => " and rematch = \"never\"",
    };
    format!(
        "rates.csv has no rate of discrepancy, and discrepancy.csv no {mean}exact_std_error and z: \
         closed forms of them are known for coupling = \"synchronous\"{rematch} only"
    )
}

/// The gaps of `moments.csv`.
fn moment_gaps(experiment: &Experiment, index: usize, theory: &Theory) -> Vec<String> {
    let (particles, _) = experiment.sweep[index];
    let is_missing = |moment: &Moment| {
        let applies = particles > 1 || !moment.is_joint();
        let lacks = |copy| {
            theory
                .moment_deviation(copy, *moment, experiment.end)
                .is_none()
        };
        applies && System::ALL.into_iter().any(lacks)
    };
    let missing = Moment::ALL.into_iter().filter(is_missing);
    let names: Vec<&str> = missing.map(Moment::name).collect();
    match names[..] {
        [] => vec![],
        _ => vec![format!(
            "moments.csv lacks error bars of {}: their variance is infinite or not known",
            names.join(", ")
        )],
    }
}
