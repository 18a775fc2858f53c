//! Both copies after exactly one collision: one jump of the embedded chain.
//!
//! A replica is stopped at the mean time of one collision and counts if there was
//! exactly one, which happens with the probability 1/e. How many there were says nothing
//! of who collides and how, so what is seen then has the law that one jump, Φ, makes of
//! the initial one.

use crate::simulate::pair::CoupledPair;
use crate::simulate::powers::{SQUARES, Sums};
use crate::simulate::slabs::Place;
use std::ops::Range;

/// What was seen of the replicas with exactly one collision.
#[derive(Debug, Clone, Copy, Default)]
pub struct Jump {
    /// Their number.
    pub replicas: u64,
    /// Of each copy, ΣV/N and ΣV²/N.
    averages: [[Average; 2]; 2],
}

/// Mean and sum of squared deviations (Welford 1962).
#[derive(Debug, Clone, Copy, Default)]
struct Average {
    mean: f64,
    squares: f64,
}

/// Some replicas' sums after one collision, of those that had one, by `stop`, the mean time of
/// one.
pub fn watch(
    pair: &mut impl CoupledPair,
    seed: u64,
    replicas: Range<u64>,
    stop: Place,
) -> Vec<Sums> {
    let sums = replicas.filter_map(|replica| {
        pair.restart(seed, replica, &[stop]);
        pair.advance();
        (pair.collisions() == 1).then(|| pair.sums())
    });
    sums.collect()
}

impl Jump {
    /// Take in the sums over the particles of one more replica.
    pub fn add(&mut self, particles: usize, sums: Sums) {
        self.replicas += 1;
        let count = self.replicas as f64;
        for (averages, square) in self.averages.iter_mut().zip(SQUARES) {
            let values = [sums[square - 1], sums[square]].map(|sum| sum / particles as f64);
            for (average, value) in averages.iter_mut().zip(values) {
                let deviation = value - average.mean;
                average.mean += deviation / count;
                average.squares += deviation * (value - average.mean);
            }
        }
    }

    /// E V and E V² of a copy (0 or 1) as measured, each with its standard error;
    /// `None` of fewer than two replicas.
    pub fn moments(&self, copy: usize) -> Option<[(f64, f64); 2]> {
        let count = self.replicas as f64;
        let estimate = |average: Average| {
            let variance = average.squares / (count - 1.0);
            (average.mean, (variance / count).sqrt())
        };
        (self.replicas >= 2).then(|| self.averages[copy].map(estimate))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn averages_over_replicas() {
        let mut jump = Jump::default();
        assert_eq!(jump.moments(0), None);
        for (v, w) in [(1.0, 5.0), (3.0, 5.0)] {
            // ΣV, ΣV² of two particles in both copies.
            jump.add(2, [0.0, 0.0, 2.0 * v, 8.0, 0.0, 2.0 * w, 6.0 * v, 0.0]);
        }
        assert_eq!(jump.moments(0), Some([(2.0, 1.0), (4.0, 0.0)]));
        assert_eq!(jump.moments(1), Some([(5.0, 0.0), (6.0, 3.0)]));
    }
}
