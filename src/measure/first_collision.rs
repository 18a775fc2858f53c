//! Both copies after exactly one collision: one jump of the embedded chain.
//!
//! A replica is stopped at the mean time of one collision and counts if there was
//! exactly one, which happens with the probability 1/e. The number of collisions is independent of
//! who collides and how, so what is seen then has the law that one jump, Φ, makes of
//! the initial one.

use super::forest::Tally;
use super::profile::{Profile, Watch};
use super::runner::Stage;
use super::tally::{LANES, Means};
use crate::simulate::Gas;
use crate::simulate::pair::CoupledPair;
use crate::simulate::powers::SQUARES;
use crate::simulate::slabs::Place;
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::sync::Arc;

/// ΣV/N and ΣV²/N of each copy.
const VARIABLES: usize = 2 * SQUARES.len();

/// Replicas whose averages are tallied together.
const TALLIED_TOGETHER: usize = 4096;

/// Replicas up to the mean time of one collision.
#[derive(Debug)]
pub(super) struct FirstCollisionStage<'a, F> {
    gas: &'a Arc<Gas>,
    seed: u64,
    chunk: u64,
    stop: Place,
    new_pair: &'a F,
}

impl<'a, F> FirstCollisionStage<'a, F> {
    /// The stage of a gas in chunks of so many replicas; `None` if nothing collides.
    pub(super) fn new(gas: &'a Arc<Gas>, seed: u64, chunk: u64, new_pair: &'a F) -> Option<Self> {
        let rate = gas.rates.total(gas.particles);
        (rate > 0.0).then(|| FirstCollisionStage {
            gas,
            seed,
            chunk,
            stop: gas.place(1.0 / rate),
            new_pair,
        })
    }
}

impl<P: CoupledPair, F: Fn(&Arc<Gas>) -> P + Sync> Stage for FirstCollisionStage<'_, F> {
    type Tally = FirstCollisions;
    type Worker = P;

    fn chunk(&self) -> u64 {
        self.chunk
    }

    fn worker(&self) -> P {
        (self.new_pair)(self.gas)
    }

    fn tally(&self, pair: &mut P, replicas: Range<u64>, profile: &mut Profile) -> FirstCollisions {
        let mut watch = Watch::start();
        let n = self.gas.particles as f64;
        let mut tally = FirstCollisions::default();
        let mut lines = vec![];
        for replica in replicas {
            if lines.len() == TALLIED_TOGETHER {
                tally.take_in(&mut lines);
            }
            pair.restart(self.seed, replica, &[self.stop]);
            pair.advance();
            if pair.collisions() == 1 {
                let sums = pair.sums();
                let mut line = [0.0; LANES];
                for (averages, square) in line.chunks_exact_mut(2).zip(SQUARES) {
                    averages.copy_from_slice(&[sums[square - 1] / n, sums[square] / n]);
                }
                lines.push(line);
            }
        }
        tally.take_in(&mut lines);
        profile.collisions += watch.lap();
        tally
    }
}

/// The observations of the replicas with exactly one collision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FirstCollisions {
    averages: Means,
}

impl Default for FirstCollisions {
    fn default() -> Self {
        FirstCollisions {
            averages: Means::new(VARIABLES),
        }
    }
}

impl Tally for FirstCollisions {
    const KIND: &'static str = "first collisions 1";

    fn merge(&mut self, next: Self) {
        self.averages.merge(&next.averages);
    }
}

impl FirstCollisions {
    /// Takes in the averages of some replicas, and leaves no lines.
    fn take_in(&mut self, lines: &mut Vec<[f64; LANES]>) {
        if !lines.is_empty() {
            self.averages.merge(&Means::of(VARIABLES, lines));
            lines.clear();
        }
    }

    /// The number of replicas with exactly one collision.
    pub fn count(&self) -> f64 {
        self.averages.count()
    }

    /// E V and E V² of a copy (0 or 1) as measured, each with its standard error;
    /// `None` where an error is not known, as of fewer than two replicas.
    pub fn moments(&self, copy: usize) -> Option<[(f64, f64); 2]> {
        let moment = |power: usize| {
            let variable = 2 * copy + power;
            Some((
                self.averages.mean(variable),
                self.averages.std_error(variable)?,
            ))
        };
        Some([moment(0)?, moment(1)?])
    }
}
