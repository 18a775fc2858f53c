//! One collision, applied to two copies of the gas at once.
//!
//! A [`Collision`] has nothing random left in it: it says who meets whom, at
//! which angle, and how fast the bath particle is. A [`Coupling`] says what two
//! copies that see the same collision do. Particles live in *slots*, two
//! numbers each, so that both copies of a particle are moved together; one more
//! slot at the end stands for the bath particle, which makes a bath collision a
//! pair collision like any other.
//!
//! Claimed: each copy on its own undergoes exactly the collision it is given.
//! This module has no generator in it.

use crate::model::rotate;
use serde::Serialize;

/// The couplings a config can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CouplingKind {
    /// The same Poisson points, angles and bath velocities: [`Synchronous`].
    Synchronous,
    /// Two unrelated copies, each with Poisson points of its own: the control.
    Independent,
}

impl CouplingKind {
    /// All couplings.
    pub const ALL: [CouplingKind; 2] = [CouplingKind::Synchronous, CouplingKind::Independent];

    /// The name used in configs.
    pub fn name(self) -> &'static str {
        match self {
            CouplingKind::Synchronous => "synchronous",
            CouplingKind::Independent => "independent",
        }
    }
}

/// What is stored of the two copies of one particle.
pub type Slot = [f64; 2];

/// A collision with its marks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Collision {
    /// The particle that collides.
    pub particle: u32,
    /// Its partner: another particle, or N for the bath.
    pub partner: u32,
    /// cosθ.
    pub cos: f64,
    /// sinθ.
    pub sin: f64,
    /// w, the bath particle's velocity; of no effect in a pair collision.
    pub bath_velocity: f64,
}

/// What two copies of the gas do when they see the same collision.
pub trait Coupling: Copy + Send + Sync {
    /// The slot of a particle with velocities V and V′.
    fn slot(self, first: f64, second: f64) -> Slot;

    /// (V, V′) of a slot.
    fn velocities(self, slot: Slot) -> (f64, f64);

    /// Δ = V − V′ of a slot.
    fn difference(self, slot: Slot) -> f64;

    /// The slot of a bath particle of velocity w, for both copies.
    fn bath_slot(self, velocity: f64) -> Slot;

    /// The slots of two particles after their collision.
    fn collide(self, cos: f64, sin: f64, one: Slot, other: Slot) -> (Slot, Slot);
}

/// The synchronous coupling of Theorem 6: the same angle and the same bath
/// velocity for both copies.
///
/// The collision map is linear, so Δ = V − V′ moves by the same map with w = 0.
/// A slot holds (V, Δ): Δ keeps its relative accuracy for ever, where V − V′ by
/// subtraction would drown in the rounding of V.
#[derive(Debug, Clone, Copy, Default)]
pub struct Synchronous;

impl Coupling for Synchronous {
    #[inline(always)]
    fn slot(self, first: f64, second: f64) -> Slot {
        [first, first - second]
    }

    #[inline(always)]
    fn velocities(self, slot: Slot) -> (f64, f64) {
        (slot[0], slot[0] - slot[1])
    }

    #[inline(always)]
    fn difference(self, slot: Slot) -> f64 {
        slot[1]
    }

    #[inline(always)]
    fn bath_slot(self, velocity: f64) -> Slot {
        [velocity, 0.0]
    }

    #[inline(always)]
    fn collide(self, cos: f64, sin: f64, one: Slot, other: Slot) -> (Slot, Slot) {
        let (a, b) = rotate(cos, sin, one[0], other[0]);
        let (da, db) = rotate(cos, sin, one[1], other[1]);
        ([a, da], [b, db])
    }
}

/// Apply a collision to N particles; `slots` has N + 1 entries.
///
/// # Panics
///
/// If the collision names a slot that is not there.
#[inline(always)]
pub fn apply<C: Coupling>(coupling: C, slots: &mut [Slot], collision: Collision) {
    let bath = slots.len() - 1;
    slots[bath] = coupling.bath_slot(collision.bath_velocity);
    let (one, other) = (collision.particle as usize, collision.partner as usize);
    let (after_one, after_other) =
        coupling.collide(collision.cos, collision.sin, slots[one], slots[other]);
    slots[one] = after_one;
    slots[other] = after_other;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both copies moved by hand, one at a time, with the printed formulas.
    fn by_hand(velocities: &mut [f64], collision: Collision) {
        let (i, j) = (collision.particle as usize, collision.partner as usize);
        let v = velocities[i];
        if j == velocities.len() {
            velocities[i] = v * collision.cos + collision.bath_velocity * collision.sin;
        } else {
            let w = velocities[j];
            velocities[i] = v * collision.cos + w * collision.sin;
            velocities[j] = -v * collision.sin + w * collision.cos;
        }
    }

    #[test]
    fn synchronous_copies_follow_the_printed_collisions() {
        let mut first = [1.0, -0.5, 2.0];
        let mut second = [0.3, 0.7, -1.1];
        let mut slots: Vec<Slot> = (0..3)
            .map(|i| Synchronous.slot(first[i], second[i]))
            .collect();
        slots.push([9.0, 9.0]);
        let events = [
            (0, 2, 0.6, 0.8, 5.0),
            (1, 3, -0.8, 0.6, 1.5),
            (2, 1, 0.28, -0.96, 0.0),
        ];
        for (particle, partner, cos, sin, bath_velocity) in events {
            let collision = Collision {
                particle,
                partner,
                cos,
                sin,
                bath_velocity,
            };
            apply(Synchronous, &mut slots, collision);
            by_hand(&mut first, collision);
            by_hand(&mut second, collision);
        }
        for i in 0..3 {
            let (v, u) = Synchronous.velocities(slots[i]);
            assert!((v - first[i]).abs() < 1e-14 && (u - second[i]).abs() < 1e-14);
            assert!((Synchronous.difference(slots[i]) - (first[i] - second[i])).abs() < 1e-14);
        }
    }

    #[test]
    fn a_bath_collision_contracts_the_difference_by_its_cosine() {
        let mut slots = [[4.0, 3.0], [0.0, 0.0]];
        let collision = Collision {
            particle: 0,
            partner: 1,
            cos: 0.6,
            sin: 0.8,
            bath_velocity: -2.0,
        };
        apply(Synchronous, &mut slots, collision);
        assert!((slots[0][0] - 0.8).abs() < 1e-15);
        assert!((slots[0][1] - 1.8).abs() < 1e-15);
    }
}
