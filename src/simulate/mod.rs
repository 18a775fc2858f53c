//! Exact simulation: the Poisson points are drawn and applied to two copies.
//!
//! There is no time step: between collisions nothing changes, and collisions happen at the points of a Poisson process.
//! [`slabs`] draws the number of collisions by a given time; [`marks`] and [`bath`] define what each collision is;
//! [`meetings`] draws the particles in blocks, and [`census`] counts them; [`initial`] draws the starts of the copies
//! ([`joint`], where their particles are not independent). [`plain`] simulates one collision at a time, [`block`]
//! blocks of arrays, with the same bits.
//!
//! Claimed: a replica's velocities at time t are a function of `(seed, particles, replica, process, κ, β, laws,
//! pairing, coupling, rematching, t)` alone. The process is 0, but 1 for the second copy under the independent
//! coupling. The first copy's velocities depend neither on rematching nor on the law of the second copy. Measurements
//! and their times are no part of the function. [`rematch`] may permute the second copy on the way.

pub mod bath;
pub mod block;
pub mod census;
pub mod initial;
pub mod joint;
pub mod marks;
pub mod meetings;
mod normal;
pub mod pair;
pub mod particles;
pub mod plain;
pub mod powers;
pub mod rematch;
pub mod slabs;

use crate::law::Law;
use crate::model::Rates;
use crate::model::slot::Slot;
use crate::numerics::vector::Instructions;
use crate::random::ReplicaKey;
use bath::BathVelocities;
use census::Census;
use marks::MarkLaw;
use slabs::{Place, SlabCounts};

/// A gas of N particles in contact with a bath.
#[derive(Debug, Clone)]
pub struct Gas {
    /// N ≥ 1.
    pub particles: usize,
    /// κ and β; κ is 0 when N = 1.
    pub rates: Rates,
    /// The law of the particles that collide.
    pub marks: MarkLaw,
    /// The sampler of g.
    pub bath: BathVelocities,
    /// The laws of the numbers of collisions in slabs of time.
    pub counts: SlabCounts,
}

impl Gas {
    /// A gas of `particles` with these rates (κ is ignored when N = 1) and this
    /// bath law.
    pub fn new(particles: usize, rates: Rates, bath: &Law) -> Self {
        let rates = rates.for_particles(particles);
        Gas {
            particles,
            rates,
            marks: MarkLaw::new(particles, rates),
            bath: BathVelocities::new(bath),
            counts: SlabCounts::default(),
        }
    }

    /// A gas of another size, with other rates, in contact with the same bath.
    pub fn resized(&self, particles: usize, rates: Rates) -> Self {
        let rates = rates.for_particles(particles);
        Gas {
            particles,
            rates,
            marks: MarkLaw::new(particles, rates),
            bath: self.bath.clone(),
            counts: self.counts.clone(),
        }
    }

    /// The place in the slabs of a time ≥ 0.
    pub fn place(&self, time: f64) -> Place {
        Place::of(time, self.rates.total(self.particles))
    }
}

/// A path of two copies that see the same collisions.
pub trait Path {
    /// Begins the replica of this name at time 0, and returns its N + 1 slots to be filled with initial data. The path
    /// will stop at these places, which are in order; their positions have no effect on the path.
    fn restart(&mut self, key: ReplicaKey, stops: &[Place]) -> &mut [Slot];

    /// Applies all collisions before the next stop.
    ///
    /// # Panics
    ///
    /// If there is no further stop.
    fn advance(&mut self);

    /// Applies the collisions that [`Path::advance`] applies, one at a time. After each, `after` is given the slots of
    /// the N particles, which it may change, and the two particles that collided, with N for the bath.
    fn advance_each(&mut self, after: impl FnMut(&mut [Slot], [u32; 2]));

    /// The slots of the N particles.
    fn slots(&self) -> &[Slot];

    /// The instructions that loops over the slots should use too.
    fn instructions(&self) -> Instructions;

    /// The slots of the N particles, to be changed.
    fn slots_mut(&mut self) -> &mut [Slot];

    /// Collisions applied since the start of the replica.
    fn collisions(&self) -> u64;

    /// The counts of particles that took part in the collisions since the last call.
    fn take_census(&mut self) -> Census;
}
