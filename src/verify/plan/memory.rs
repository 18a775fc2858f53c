//! Bytes that a run holds at a time, about.

use crate::experiment::Experiment;
use crate::law::Law;
use crate::measure::pairs::TALLIED_TOGETHER;
use crate::measure::records::TRACKED;
use crate::measure::{bracketed, chunk};
use crate::model::coupling::{CouplingKind, Rematch};
use crate::simulate::powers::SUMS;

/// Bytes of the program, of the values of empirical laws and of what is computed of them.
pub(super) fn of_laws(experiment: &Experiment) -> usize {
    const PROGRAM: usize = 5 << 20;
    const VALUE: usize = 8;
    /// Bytes for each value of an empirical law: the levels of two step quantile functions, and the
    /// difference at each.
    const LEVEL: usize = 32;
    /// Bytes for each value: the panels of a quadrature between the steps.
    const PANEL: usize = 120;
    /// Bytes for each value: the sizes of differences and of draws in order, which limits of W₂ are made with.
    const SIZES: usize = 3 * 32;
    let values = |law: &Law| match law {
        Law::Empirical(law) => law.count(),
        _ => 0,
    };
    let copies = [&experiment.first, &experiment.second];
    let moments = match copies.iter().any(|law| law.has_density()) {
        true => PANEL,
        false => LEVEL,
    };
    let has_brackets = experiment.wasserstein.is_some_and(|plan| plan.bracket > 0);
    let sizes = if has_brackets { SIZES } else { 0 };
    let of_copies: usize = copies.into_iter().map(values).sum();
    PROGRAM + VALUE * values(&experiment.bath) + (VALUE + moments + sizes) * of_copies
}

/// Bytes of the states, records, pools and tallies of all threads.
pub(super) fn of_simulation(experiment: &Experiment, particles: usize, replicas: u64) -> usize {
    /// Bytes of a path's block of collisions, with its random words and marks.
    const BLOCK: usize = 100 << 10;
    /// Numbers that are kept of a replica at a record time.
    const RECORDED: usize = SUMS + TRACKED;
    /// Numbers of a replica that a bracket is made with, on each thread.
    const COLUMNS_OF_BRACKET: usize = 40;
    let paths = match experiment.coupling {
        CouplingKind::Synchronous | CouplingKind::Aligned => 1,
        CouplingKind::Independent => 2,
    };
    let velocities = replicas.saturating_mul(particles as u64);
    let sample = experiment.wasserstein.map_or(0, |plan| plan.sample);
    let distances = experiment.wasserstein.map_or(0, |plan| {
        plan.points * velocities.min(plan.sample as u64) as usize
    });
    let chunk = chunk(particles, sample).min(replicas);
    let points = experiment.points;
    // Both copies by rank, and pairs to come.
    let ranked = match experiment.rematch {
        Rematch::Never => 0,
        _ => 84 * particles + 40 * experiment.rematch_times().len(),
    };
    let thread = paths * (16 * particles + BLOCK)
        + ranked
        + 8 * RECORDED * points * chunk.min(TALLIED_TOGETHER) as usize
        + 2 * 8 * distances;
    // Covariances of four quantities, of which half is used.
    let tally = 4 * 8 * points * points / 2;
    let threads = rayon::current_num_threads();
    // Those of chunks that are simulated, and a node of each level of the tree along which they
    // are merged; a single replica has no covariances.
    let chunks = replicas.div_ceil(chunk);
    let levels = chunks.checked_ilog2().unwrap_or(0) as usize + usize::from(chunk > 1);
    let tallies = levels.max(1) + threads.min(chunks as usize);
    // Velocities for the bracket, in the total and while it is made.
    let whole = bracketed(experiment, particles, replicas) as usize;
    let kept = whole * particles;
    let times = experiment.wasserstein.map_or(0, |plan| plan.points);
    let brackets = 2 * 8 * kept * (times + 5 * threads) + 8 * COLUMNS_OF_BRACKET * whole * threads;
    // Exact covariances over record times, which rates are weighted with.
    let covariances = 4 * 8 * points * points;
    threads * thread + tallies * tally + brackets + covariances
}
