//! Exact simulation: the Poisson points are drawn and applied to two copies.
//!
//! There is no time step: between collisions nothing changes, and collisions
//! happen at the points of a Poisson process. [`slabs`] says how many by a
//! given time, [`marks`] and [`bath`] what each one is ([`meetings`] who collides, in
//! blocks, [`census`] counts it), [`initial`] where the copies start ([`joint`] where their particles are not
//! independent). [`plain`] does it one collision at a time, [`block`] in blocks of arrays,
//! with the same bits.
//!
//! Claimed: a replica's velocities at time t are a function of
//! `(seed, particles, replica, process, κ, β, laws, pairing, coupling, rematching, t)`
//! alone, and the first copy's know nothing of rematching, nor of the law of the second
//! copy; the process is 0, but 1 for the second copy under the independent coupling. What is measured,
//! and when, is no part of it. [`rematch`] may permute the second copy on the way.

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
use crate::random::ReplicaKey;
use crate::slot::Slot;
use crate::vector::Instructions;
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
    /// How it is drawn who collides.
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
    /// Begin the replica of that name at time 0, and give its N + 1 slots to be
    /// filled with initial data. The path will stop at these places, which are
    /// in order; where they are has no effect on the path.
    fn restart(&mut self, key: ReplicaKey, stops: &[Place]) -> &mut [Slot];

    /// Apply all collisions before the next stop.
    ///
    /// # Panics
    ///
    /// If there is none.
    fn advance(&mut self);

    /// [`Path::advance`] one collision at a time; `after` each is given the slots of the
    /// N particles, to be changed, and the two that collided, with N for the bath.
    fn advance_each(&mut self, after: impl FnMut(&mut [Slot], [u32; 2]));

    /// The slots of the N particles.
    fn slots(&self) -> &[Slot];

    /// The instructions that what is done to the slots should use too.
    fn instructions(&self) -> Instructions;

    /// The same, to be changed.
    fn slots_mut(&mut self) -> &mut [Slot];

    /// Collisions applied since the start of the replica.
    fn collisions(&self) -> u64;

    /// Who took part in the collisions since this was last asked for.
    fn take_census(&mut self) -> Census;
}
