//! Simulating all replicas of one N and tallying what is seen.
//!
//! Replicas are cut into *chunks* whose size depends on N and the W₂ plan only, and run by the one
//! [`runner`]. A kind of replica is a [`Stage`](runner::Stage) in a file of its own, and a few lines
//! where it is run: in [`job`] for what belongs to coupled pairs.

pub mod first_collision;
pub mod forest;
pub mod job;
pub mod last_velocities;
pub mod marks;
pub mod pairs;
mod pooled;
pub mod profile;
pub mod records;
pub mod runner;
pub mod small_gas;
pub mod steady;
pub mod tally;

use first_collision::FirstCollisions;
use marks::Probe;
use pairs::Pairs;
use profile::Profile;
use small_gas::SmallGas;

pub use job::{Job, Samples};
pub use pairs::{bracketed, chunk};
pub use pooled::Kept;

/// The engine that moves the particles. Both give the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// One collision at a time: the reference.
    Plain,
    /// Collisions in blocks: the one to use.
    Block,
}

/// The observations of all replicas of one N.
#[derive(Debug, Clone)]
pub struct Measured {
    /// Number of replicas.
    pub replicas: u64,
    /// Statistics of the coupled pairs.
    pub pairs: Pairs,
    /// Replicas with exactly one collision, where a claim is about them.
    pub first_collisions: FirstCollisions,
    /// A small gas with the same rates, watched collision by collision.
    pub small_gas: SmallGas,
    /// The relative change of the energy of copies without a bath, over some
    /// collisions; `None` where nothing collides.
    pub energy_drift: Option<f64>,
    /// Angles and bath velocities, read off one by one.
    pub probe: Probe,
    /// Where the time went; no number depends on it.
    pub profile: Profile,
}

impl Measured {
    /// The mean over replicas of a column at a record time, and its standard
    /// error.
    pub fn mean(&self, time: usize, column: usize) -> (f64, Option<f64>) {
        self.pairs.mean(time, column)
    }
}
