//! Two coupled copies of the gas, under any coupling, as measurements see them.

use super::census::Census;
use super::initial::InitialPairs;
use super::particles::Particles;
use super::powers::{FEW, Parts, Sums, sums_of_few, sums_of_slots};
use super::slabs::Place;
use super::{Gas, Path};
use crate::model::slot::{self, Slot};
use crate::numerics::vector::vectorised;
use crate::random::ReplicaKey;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

vectorised! {
    /// V, V′ and Δ of each slot.
    fn split(slots: &[Slot], arrays: [&mut [f64]; 3]) {
        let [first, second, difference] = arrays;
        let particles = first.iter_mut().zip(second).zip(difference);
        for (((first, second), difference), &slot) in particles.zip(slots) {
            (*first, *second) = slot::velocities(slot);
            *difference = slot::difference(slot);
        }
    }
}

/// Two coupled copies, replica after replica.
pub trait CoupledPair {
    /// Begins replica `replica` at time 0, with these stops, in order.
    fn restart(&mut self, seed: u64, replica: u64, stops: &[Place]);

    /// Applies all collisions before the next stop.
    fn advance(&mut self);

    /// N.
    fn particles(&self) -> usize;

    /// V, V′ and Δ = V − V′ of a particle.
    fn particle(&self, index: usize) -> (f64, f64, f64);

    /// Reads the particles from index `from` on, at most [`Particles::MOST`].
    fn read(&self, from: usize, particles: &mut Particles) {
        let end = self.particles().min(from + Particles::MOST);
        let [first, second, difference] = particles.hold(end - from);
        for index in from..end {
            let at = index - from;
            (first[at], second[at], difference[at]) = self.particle(index);
        }
    }

    /// Sums of powers over all particles.
    fn sums(&self) -> Sums {
        if self.particles() <= FEW {
            return sums_of_few(self.particles(), |index| self.particle(index));
        }
        let mut parts = Parts::default();
        let mut particles = Particles::default();
        for from in (0..self.particles()).step_by(Particles::MOST) {
            self.read(from, &mut particles);
            parts.add(&particles);
        }
        parts.totals()
    }

    /// The number of collisions so far in this replica, counted for each copy where the copies
    /// differ.
    fn collisions(&self) -> u64;

    /// The observations on the way since the last call.
    fn take_seen(&mut self) -> Seen {
        Seen::default()
    }
}

/// Observations of a run's own paths on the way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    /// The particles that collided, counted for each copy where the copies differ.
    pub census: Census,
    /// The largest relative change of ΣV′ and ΣV′² by a rematching, among those that were looked
    /// at; `None` if there were none.
    pub rematching: Option<f64>,
}

impl Seen {
    /// Adds the change by one rematching. A change that is not a number counts as infinite.
    pub fn add_rematching(&mut self, change: f64) {
        let change = if change.is_nan() {
            f64::INFINITY
        } else {
            change
        };
        self.rematching = Some(self.rematching.map_or(change, |worst| worst.max(change)));
    }

    /// Adds the observations of other replicas.
    pub fn merge(&mut self, other: &Seen) {
        self.census.merge(&other.census);
        if let Some(change) = other.rematching {
            self.add_rematching(change);
        }
    }
}

/// Copies that see the same collisions: one path moves both.
#[derive(Debug)]
pub struct SameCollisions<P> {
    gas: Arc<Gas>,
    initial: Arc<InitialPairs>,
    pub(super) path: P,
}

impl<P: Path> SameCollisions<P> {
    /// Two copies of this gas on this path.
    pub fn new(gas: &Arc<Gas>, initial: &Arc<InitialPairs>, path: P) -> Self {
        SameCollisions {
            gas: gas.clone(),
            initial: initial.clone(),
            path,
        }
    }
}

fn replica_key(gas: &Gas, seed: u64, replica: u64, process: u64) -> ReplicaKey {
    ReplicaKey::new(seed, gas.particles as u64, replica, process)
}

impl<P: Path> CoupledPair for SameCollisions<P> {
    fn restart(&mut self, seed: u64, replica: u64, stops: &[Place]) {
        let key = replica_key(&self.gas, seed, replica, 0);
        let instructions = self.path.instructions();
        let slots = self.path.restart(key, stops);
        self.initial.fill(instructions, key, slots);
    }

    fn advance(&mut self) {
        self.path.advance();
    }

    fn particles(&self) -> usize {
        self.gas.particles
    }

    #[inline(always)]
    fn particle(&self, index: usize) -> (f64, f64, f64) {
        let slot = self.path.slots()[index];
        let (first, second) = slot::velocities(slot);
        (first, second, slot::difference(slot))
    }

    // The loop has no check of every index.
    fn read(&self, from: usize, particles: &mut Particles) {
        let end = self.gas.particles.min(from + Particles::MOST);
        let arrays = particles.hold(end - from);
        let slots = &self.path.slots()[from..end];
        split(self.path.instructions(), slots, arrays);
    }

    // The sums are taken from the slots directly, without separate arrays.
    fn sums(&self) -> Sums {
        sums_of_slots(self.path.instructions(), self.path.slots())
    }

    fn collisions(&self) -> u64 {
        self.path.collisions()
    }

    fn take_seen(&mut self) -> Seen {
        let census = self.path.take_census();
        Seen {
            census,
            rematching: None,
        }
    }
}

/// Unrelated copies: two paths, each with Poisson points of its own, start from
/// the same pair of initial velocities; the first copy is read from one path
/// and the second from the other.
#[derive(Debug)]
pub struct OwnCollisions<P> {
    gas: Arc<Gas>,
    initial: Arc<InitialPairs>,
    pub(super) paths: [P; 2],
}

impl<P: Path> OwnCollisions<P> {
    /// Two copies of this gas, one on each path.
    pub fn new(gas: &Arc<Gas>, initial: &Arc<InitialPairs>, paths: [P; 2]) -> Self {
        OwnCollisions {
            gas: gas.clone(),
            initial: initial.clone(),
            paths,
        }
    }
}

impl<P: Path> CoupledPair for OwnCollisions<P> {
    fn restart(&mut self, seed: u64, replica: u64, stops: &[Place]) {
        let start = replica_key(&self.gas, seed, replica, 0);
        for (process, path) in self.paths.iter_mut().enumerate() {
            let key = replica_key(&self.gas, seed, replica, process as u64);
            let instructions = path.instructions();
            let slots = path.restart(key, stops);
            self.initial.fill(instructions, start, slots);
        }
    }

    fn advance(&mut self) {
        for path in &mut self.paths {
            path.advance();
        }
    }

    fn particles(&self) -> usize {
        self.gas.particles
    }

    #[inline(always)]
    fn particle(&self, index: usize) -> (f64, f64, f64) {
        let [one, other] = &self.paths;
        let (first, _) = slot::velocities(one.slots()[index]);
        let (_, second) = slot::velocities(other.slots()[index]);
        (first, second, first - second)
    }

    fn collisions(&self) -> u64 {
        self.paths.iter().map(|path| path.collisions()).sum()
    }

    fn take_seen(&mut self) -> Seen {
        let mut seen = Seen::default();
        for path in &mut self.paths {
            seen.census.merge(&path.take_census());
        }
        seen
    }
}

/// Velocities that do not move, for tests.
#[cfg(test)]
pub(crate) struct Still(pub(crate) Vec<(f64, f64, f64)>);

#[cfg(test)]
impl Still {
    pub(crate) fn new(particles: usize) -> Self {
        let velocity = |i: usize| (libm::sin(i as f64 * 3.7), libm::cos(i as f64 * 1.9));
        let pair = |(f, h): (f64, f64)| (f, h, f - h);
        Still((0..particles).map(|i| pair(velocity(i))).collect())
    }
}

#[cfg(test)]
impl CoupledPair for Still {
    fn restart(&mut self, _seed: u64, _replica: u64, _stops: &[Place]) {}
    fn advance(&mut self) {}
    fn particles(&self) -> usize {
        self.0.len()
    }
    fn particle(&self, index: usize) -> (f64, f64, f64) {
        self.0[index]
    }
    fn collisions(&self) -> u64 {
        0
    }
}
