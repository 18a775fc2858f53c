//! The work of a run in that of a collision, which is known before anything is measured.

use crate::experiment::Experiment;
use crate::measure::bracketed;

/// The work of a particle's start and of each of its records, and that of a velocity that a
/// bracket is made of, at a record time of W₂.
pub(super) const WORK_OF_RECORD: f64 = 1.0;
pub(super) const WORK_OF_START: f64 = 4.0;
const WORK_OF_BRACKET: f64 = 8.0;
/// The work of a replica beside that of its particles: its streams, its tallies.
const WORK_OF_REPLICA: f64 = 300.0;

/// The work of a replica of entry `index`: of its simulation and its part in the brackets.
pub(super) fn work_of_replica(experiment: &Experiment, index: usize) -> f64 {
    let (_, replicas) = experiment.sweep[index];
    let part = work_of_brackets(experiment, index) / replicas as f64;
    work_of_simulation(experiment, index) + part
}

/// The work of simulating a replica of entry `index`, in that of a collision: of its
/// collisions, which are known beforehand, of its start and its records.
pub fn work_of_simulation(experiment: &Experiment, index: usize) -> f64 {
    let (particles, _) = experiment.sweep[index];
    let rate = experiment.rates().for_particles(particles).total(particles);
    let of_particle = WORK_OF_START + WORK_OF_RECORD * experiment.points as f64;
    WORK_OF_REPLICA + rate * experiment.end + of_particle * particles as f64
}

/// The work of all brackets of W₂ of entry `index`, in that of a collision.
pub fn work_of_brackets(experiment: &Experiment, index: usize) -> f64 {
    let times = experiment.wasserstein.map_or(0, |plan| plan.points) as f64;
    WORK_OF_BRACKET * velocities_in_brackets(experiment, index) * times
}

/// Velocities of a copy that the brackets of entry `index` are made of.
pub(super) fn velocities_in_brackets(experiment: &Experiment, index: usize) -> f64 {
    let (particles, replicas) = experiment.sweep[index];
    bracketed(experiment, particles, replicas) as f64 * particles as f64
}
