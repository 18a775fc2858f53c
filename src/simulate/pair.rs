//! Two coupled copies of the gas, whatever the coupling, seen from outside.

use super::initial::InitialPairs;
use super::slabs::Place;
use super::{Gas, Path};
use crate::coupling::Coupling;
use crate::random::ReplicaKey;
use std::sync::Arc;

/// Where both copies of a particle are: V, V′ and Δ = V − V′.
///
/// Δ is carried, not subtracted, where the coupling allows it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Particle {
    /// V.
    pub first: f64,
    /// V′.
    pub second: f64,
    /// V − V′.
    pub difference: f64,
}

/// Two coupled copies, replica after replica.
pub trait CoupledPair {
    /// Begin replica `replica` at time 0.
    fn restart(&mut self, seed: u64, replica: u64, horizon: Place);

    /// Apply all collisions before `place`.
    fn advance_to(&mut self, place: Place);

    /// Particle `index` of both copies.
    fn particle(&self, index: usize) -> Particle;

    /// Collisions so far in this replica, of both copies where they differ.
    fn collisions(&self) -> u64;
}

/// Copies that see the same collisions: one path moves both.
#[derive(Debug)]
pub struct SameCollisions<C, P> {
    gas: Arc<Gas>,
    initial: Arc<InitialPairs>,
    coupling: C,
    path: P,
}

impl<C: Coupling, P: Path<C>> SameCollisions<C, P> {
    /// Two copies of that gas on that path.
    pub fn new(gas: &Arc<Gas>, initial: &Arc<InitialPairs>, coupling: C, path: P) -> Self {
        SameCollisions {
            gas: gas.clone(),
            initial: initial.clone(),
            coupling,
            path,
        }
    }
}

fn replica_key(gas: &Gas, seed: u64, replica: u64, process: u64) -> ReplicaKey {
    ReplicaKey {
        seed,
        particles: gas.particles as u64,
        replica,
        process,
    }
}

impl<C: Coupling, P: Path<C>> CoupledPair for SameCollisions<C, P> {
    fn restart(&mut self, seed: u64, replica: u64, horizon: Place) {
        let key = replica_key(&self.gas, seed, replica, 0);
        let slots = self.path.restart(key, horizon);
        self.initial.fill(self.coupling, key, slots);
    }

    fn advance_to(&mut self, place: Place) {
        self.path.advance_to(place);
    }

    #[inline(always)]
    fn particle(&self, index: usize) -> Particle {
        let slot = self.path.slots()[index];
        let (first, second) = self.coupling.velocities(slot);
        Particle {
            first,
            second,
            difference: self.coupling.difference(slot),
        }
    }

    fn collisions(&self) -> u64 {
        self.path.collisions()
    }
}

/// Unrelated copies: two paths, each with Poisson points of its own, start from
/// the same pair of initial velocities; the first copy is read from one path
/// and the second from the other.
#[derive(Debug)]
pub struct OwnCollisions<C, P> {
    gas: Arc<Gas>,
    initial: Arc<InitialPairs>,
    coupling: C,
    paths: [P; 2],
}

impl<C: Coupling, P: Path<C>> OwnCollisions<C, P> {
    /// Two copies of that gas, one on each path.
    pub fn new(gas: &Arc<Gas>, initial: &Arc<InitialPairs>, coupling: C, paths: [P; 2]) -> Self {
        OwnCollisions {
            gas: gas.clone(),
            initial: initial.clone(),
            coupling,
            paths,
        }
    }
}

impl<C: Coupling, P: Path<C>> CoupledPair for OwnCollisions<C, P> {
    fn restart(&mut self, seed: u64, replica: u64, horizon: Place) {
        let start = replica_key(&self.gas, seed, replica, 0);
        for (process, path) in self.paths.iter_mut().enumerate() {
            let key = replica_key(&self.gas, seed, replica, process as u64);
            let slots = path.restart(key, horizon);
            self.initial.fill(self.coupling, start, slots);
        }
    }

    fn advance_to(&mut self, place: Place) {
        for path in &mut self.paths {
            path.advance_to(place);
        }
    }

    #[inline(always)]
    fn particle(&self, index: usize) -> Particle {
        let [one, other] = &self.paths;
        let (first, _) = self.coupling.velocities(one.slots()[index]);
        let (_, second) = self.coupling.velocities(other.slots()[index]);
        Particle {
            first,
            second,
            difference: first - second,
        }
    }

    fn collisions(&self) -> u64 {
        self.paths.iter().map(|path| path.collisions()).sum()
    }
}
