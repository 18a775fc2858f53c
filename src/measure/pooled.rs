//! Velocities of many replicas at one record time: pooled for batches of W₂, or kept for its bracket.

use super::tally::LANES;
use crate::numerics::wasserstein::{Sample, squared_distance};
use crate::simulate::pair::CoupledPair;
use crate::simulate::particles::Particles;
use serde::{Deserialize, Serialize};

/// Velocities of both copies at one time, replica after replica.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// V.
    pub first: Vec<f64>,
    /// V′.
    pub second: Vec<f64>,
}

impl Kept {
    fn add(&mut self, pair: &impl CoupledPair, particles: &mut Particles) {
        for from in (0..pair.particles()).step_by(Particles::MOST) {
            pair.read(from, particles);
            self.first.extend_from_slice(particles.first());
            self.second.extend_from_slice(particles.second());
        }
    }

    /// Append the velocities of the replicas that follow.
    pub(super) fn merge(&mut self, mut next: Kept) {
        self.first.append(&mut next.first);
        self.second.append(&mut next.second);
    }
}

/// Velocities pooled for a W₂ batch at one record time.
#[derive(Debug, Default)]
pub(super) struct Pool {
    first: Sample,
    second: Sample,
    /// Σ Δ² over the pooled particles.
    squares: f64,
    /// Velocities of whole replicas.
    pub(super) kept: Kept,
}

impl Pool {
    /// An empty pool with room for so many velocities of each copy.
    pub(super) fn with_capacity(velocities: usize) -> Self {
        Pool {
            first: Sample::with_capacity(velocities),
            second: Sample::with_capacity(velocities),
            ..Pool::default()
        }
    }

    /// Begin another batch.
    pub(super) fn clear(&mut self) {
        self.first.clear();
        self.second.clear();
        self.squares = 0.0;
    }

    /// Take particles of a replica until there are `sample`.
    pub(super) fn fill(
        &mut self,
        pair: &impl CoupledPair,
        particles: &mut Particles,
        sample: usize,
    ) {
        for from in (0..pair.particles()).step_by(Particles::MOST) {
            let wanted = sample - self.first.len();
            if wanted == 0 {
                return;
            }
            pair.read(from, particles);
            let wanted = wanted.min(particles.first().len());
            self.first.extend(&particles.first()[..wanted]);
            self.second.extend(&particles.second()[..wanted]);
            for difference in &particles.difference()[..wanted] {
                self.squares += difference * difference;
            }
        }
    }

    /// Keep all velocities of a replica.
    pub(super) fn keep(&mut self, pair: &impl CoupledPair, particles: &mut Particles) {
        self.kept.add(pair, particles);
    }
}

/// W₂² and ΣΔ²/sample of each pool, in turn, in whole lanes.
pub(super) fn distances(pools: &mut [Pool]) -> Vec<[f64; LANES]> {
    let mut line = vec![[0.0; LANES]; (2 * pools.len()).div_ceil(LANES)];
    let cells = line.as_flattened_mut().chunks_exact_mut(2);
    for (cells, pool) in cells.zip(pools) {
        let size = pool.first.len() as f64;
        let distance = squared_distance(&mut pool.first, &mut pool.second);
        cells.copy_from_slice(&[distance, pool.squares / size]);
    }
    line
}
