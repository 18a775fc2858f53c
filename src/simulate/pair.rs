//! Two coupled copies of the gas, whatever the coupling, seen from outside.

use super::initial::InitialPairs;
use super::slabs::Place;
use super::{Gas, Path};
use crate::coupling::Coupling;
use crate::random::ReplicaKey;
use std::sync::Arc;

/// Some particles of both copies: V, V′ and Δ = V − V′ of each.
///
/// Δ is carried, not subtracted, where the coupling allows it. Arrays are padded
/// with zeros to a multiple of [`Particles::PADDED_TO`].
#[derive(Debug, Clone)]
pub struct Particles {
    count: usize,
    first: [f64; Self::MOST],
    second: [f64; Self::MOST],
    difference: [f64; Self::MOST],
}

impl Default for Particles {
    fn default() -> Self {
        Particles {
            count: 0,
            first: [0.0; Self::MOST],
            second: [0.0; Self::MOST],
            difference: [0.0; Self::MOST],
        }
    }
}

impl Particles {
    /// How many can be read at once.
    pub const MOST: usize = 256;
    /// Arrays are padded to whole multiples of this.
    pub const PADDED_TO: usize = 8;

    /// V of each particle.
    pub fn first(&self) -> &[f64] {
        &self.first[..self.count]
    }

    /// V′ of each particle.
    pub fn second(&self) -> &[f64] {
        &self.second[..self.count]
    }

    /// Δ of each particle.
    pub fn difference(&self) -> &[f64] {
        &self.difference[..self.count]
    }

    /// Δ, V and V′, with zeros up to whole lanes.
    #[inline(always)]
    pub fn padded(&self) -> (&[f64], &[f64], &[f64]) {
        let end = self.count.next_multiple_of(Self::PADDED_TO);
        (
            &self.difference[..end],
            &self.first[..end],
            &self.second[..end],
        )
    }

    /// Set all particles from pairs of slots, as many as there are.
    #[inline(always)]
    fn set(&mut self, slots: impl ExactSizeIterator<Item = (f64, f64, f64)>) {
        self.count = slots.len();
        let end = self.count.next_multiple_of(Self::PADDED_TO);
        for array in [&mut self.first, &mut self.second, &mut self.difference] {
            array[self.count..end].fill(0.0);
        }
        let arrays = (self.first.iter_mut().zip(&mut self.second)).zip(&mut self.difference);
        for ((v, d), ((first, second), difference)) in
            slots.map(|(f, s, d)| ((f, s), d)).zip(arrays)
        {
            (*first, *second) = v;
            *difference = d;
        }
    }
}

/// Two coupled copies, replica after replica.
pub trait CoupledPair {
    /// Begin replica `replica` at time 0.
    fn restart(&mut self, seed: u64, replica: u64, horizon: Place);

    /// Apply all collisions before `place`.
    fn advance_to(&mut self, place: Place);

    /// N.
    fn particles(&self) -> usize;

    /// V, V′ and Δ = V − V′ of a particle.
    fn particle(&self, index: usize) -> (f64, f64, f64);

    /// Read the particles from index `from` on, at most [`Particles::MOST`].
    fn read(&self, from: usize, particles: &mut Particles) {
        let end = self.particles().min(from + Particles::MOST);
        particles.set((from..end).map(|index| self.particle(index)));
    }

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
    ReplicaKey::new(seed, gas.particles as u64, replica, process)
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

    fn particles(&self) -> usize {
        self.gas.particles
    }

    #[inline(always)]
    fn particle(&self, index: usize) -> (f64, f64, f64) {
        let slot = self.path.slots()[index];
        let (first, second) = self.coupling.velocities(slot);
        (first, second, self.coupling.difference(slot))
    }

    // The default would check every index.
    fn read(&self, from: usize, particles: &mut Particles) {
        let end = self.gas.particles.min(from + Particles::MOST);
        particles.set(self.path.slots()[from..end].iter().map(|&slot| {
            let (first, second) = self.coupling.velocities(slot);
            (first, second, self.coupling.difference(slot))
        }));
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

    fn particles(&self) -> usize {
        self.gas.particles
    }

    #[inline(always)]
    fn particle(&self, index: usize) -> (f64, f64, f64) {
        let [one, other] = &self.paths;
        let (first, _) = self.coupling.velocities(one.slots()[index]);
        let (_, second) = self.coupling.velocities(other.slots()[index]);
        (first, second, first - second)
    }

    fn collisions(&self) -> u64 {
        self.paths.iter().map(|path| path.collisions()).sum()
    }
}
