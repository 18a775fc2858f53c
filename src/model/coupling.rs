//! One collision, applied to two copies of the gas at once.
//!
//! A [`Collision`] has nothing random left in it: it names the particle and its partner, the angle,
//! and the velocity of the bath particle. A [`Coupling`] says how two copies move that see the same
//! collision. Particles live in *slots*, two numbers each, so that both copies of a particle are
//! moved together; a bath particle has a slot behind them, which makes a bath collision a pair
//! collision like any other. [`apply`] is the definition; the block engine does the same to
//! collisions that it has drawn as arrays.
//!
//! Claimed: each copy on its own undergoes a collision whose law is that of the given one: under
//! [`Synchronous`] it is the given collision, under [`Aligned`] one with another uniform angle.
//! This module has no generator in it.
//!
//! A new coupling is an implementation of [`Coupling`] and a kind in [`CouplingKind`],
//! which names it in configs; `measure` makes its paths, and [`theory`](crate::theory)
//! says what is known of its ‖Δ‖².

use crate::model::rotate;
use crate::model::slot::Slot;
use serde::Serialize;
use std::fmt;

/// The couplings a config can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CouplingKind {
    /// Both copies share Poisson points, angles and bath velocities: [`Synchronous`].
    Synchronous,
    /// Both copies share Poisson points, directions after a collision and bath velocities:
    /// [`Aligned`].
    Aligned,
    /// Two unrelated copies, each with Poisson points of its own: the control.
    Independent,
}

impl CouplingKind {
    /// All couplings.
    pub const ALL: [CouplingKind; 3] = [
        CouplingKind::Synchronous,
        CouplingKind::Aligned,
        CouplingKind::Independent,
    ];

    /// The name used in configs.
    pub fn name(self) -> &'static str {
        match self {
            CouplingKind::Synchronous => "synchronous",
            CouplingKind::Aligned => "aligned",
            CouplingKind::Independent => "independent",
        }
    }
}

/// The times at which the second copy is permuted so that particles of equal rank are paired; see
/// [`rematch`](crate::simulate::rematch).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rematch {
    /// Each particle keeps its partner of time 0.
    Never,
    /// The second copy is permuted only in records; the path is not changed.
    Output,
    /// The second copy is permuted at time 0 and after every collision.
    Event,
    /// The second copy is permuted at time 0, at the multiples of this time, and in records.
    Every(f64),
}

impl Rematch {
    /// The rematchings that are words in configs.
    pub const WORDS: [(&'static str, Rematch); 3] = [
        ("never", Rematch::Never),
        ("output", Rematch::Output),
        ("event", Rematch::Event),
    ];
}

impl fmt::Display for Rematch {
    /// Writes the rematching as configs do.
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        if let Rematch::Every(interval) = self {
            return write!(f, "{interval:?}");
        }
        let word = Rematch::WORDS.iter().find(|(_, rematch)| rematch == self);
        write!(f, "\"{}\"", word.expect("all others are words").0)
    }
}

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
    /// w, the bath particle's velocity; it has no effect in a pair collision.
    pub bath_velocity: f64,
}

/// The map of a collision that two copies of the gas see together.
///
/// The new V must not depend on Δ, since the first copy is a gas on its own. Given the past, V′
/// must have the law that it would have alone. Δ must be computed from numbers of its own size, not
/// as a difference of velocities.
pub trait Coupling: Copy + Send + Sync {
    /// The slot of a bath particle of velocity w, for both copies: Δ is 0.
    fn bath_slot(self, velocity: f64) -> Slot;

    /// The slots of two particles after their collision.
    fn collide(self, cos: f64, sin: f64, one: Slot, other: Slot) -> (Slot, Slot);
}

/// The synchronous coupling of Theorem 6: the same angle and the same bath
/// velocity for both copies.
///
/// The collision map is linear, so Δ = V − V′ moves by the same map with w = 0, and keeps its
/// relative accuracy for ever.
#[derive(Debug, Clone, Copy, Default)]
pub struct Synchronous;

impl Coupling for Synchronous {
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

/// The aligned coupling, Tanaka's idea (for Kac's gas: Hauray 2016): the pair that
/// collides leaves in the same direction in both copies, each at its own radius.
///
/// With ψ uniform and r² = V_i² + V_j², the first copy's pair goes to r(cosψ, sinψ) and the
/// second's to r′(cosψ, sinψ). Given the past, each is uniform on its circle, as after a rotation
/// by a uniform angle. So each copy on its own has the law of the gas, although its path is not the
/// one that [`Synchronous`] copies take with the same angles. A bath collision is the same with w for
/// V_j and V′_j.
///
/// |r − r′| is at most the length of (Δ_i, Δ_j): ‖Δ‖² never grows, up to rounding.
///
/// The map is not linear, and yet a slot holds (V, Δ): with
///
/// ```text
/// r − r′ = (r² − r′²)/(r + r′) = [Δ_i(V_i + V′_i) + Δ_j(V_j + V′_j)]/(r + r′)
/// ```
///
/// no difference of close numbers is taken. The error of a step is a few units in
/// the last place of the length of (Δ_i, Δ_j), whatever that of V is; later steps
/// shrink it as they shrink Δ. Products of velocities, or of these and of Δ, underflow
/// below 1e-308: with a bath at rest, after a very long time.
#[derive(Debug, Clone, Copy, Default)]
pub struct Aligned;

impl Coupling for Aligned {
    #[inline(always)]
    fn bath_slot(self, velocity: f64) -> Slot {
        [velocity, 0.0]
    }

    #[inline(always)]
    fn collide(self, cos: f64, sin: f64, one: Slot, other: Slot) -> (Slot, Slot) {
        let ([v, dv], [w, dw]) = (one, other);
        let (v2, w2) = (v - dv, w - dw);
        let radius = (v * v + w * w).sqrt();
        let sum = radius + (v2 * v2 + w2 * w2).sqrt();
        let squares = dv * (v + v2) + dw * (w + w2);
        // Copies at rest stay at rest.
        let difference = if sum > 0.0 { squares / sum } else { 0.0 };
        (
            [radius * cos, difference * cos],
            [radius * sin, difference * sin],
        )
    }
}

/// Applies a collision to N particles; `slots` has N + 1 entries.
///
/// ```
/// use kac_coupling::model::coupling::{Collision, Synchronous, apply};
/// use kac_coupling::model::slot;
///
/// // A particle at 2 in the first copy and at 1 in the second, and the place of the bath.
/// let mut slots = [slot::of(2.0, 1.0), [0.0; 2]];
/// let (cos, sin) = (0.6, 0.8);
/// let collision = Collision { particle: 0, partner: 1, cos, sin, bath_velocity: 0.5 };
/// apply(Synchronous, &mut slots, collision);
/// // Both copies meet the same bath particle at the same angle, so Δ is multiplied by cos θ.
/// assert!((slot::difference(slots[0]) - 0.6).abs() < 1e-15);
/// ```
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
    use crate::model::slot;

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
        let mut slots: Vec<Slot> = (0..3).map(|i| slot::of(first[i], second[i])).collect();
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
            let (v, u) = slot::velocities(slots[i]);
            assert!((v - first[i]).abs() < 1e-14 && (u - second[i]).abs() < 1e-14);
            assert!((slot::difference(slots[i]) - (first[i] - second[i])).abs() < 1e-14);
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

    #[test]
    fn aligned_pairs_leave_in_the_same_direction_at_their_own_radii() {
        // (3, 4) and (−12, 5) have radii 5 and 13.
        let one = slot::of(3.0, -12.0);
        let other = slot::of(4.0, 5.0);
        let (a, b) = Aligned.collide(0.6, -0.8, one, other);
        let near = |x: f64, y: f64| assert!((x - y).abs() < 1e-14, "{x} {y}");
        for (slot, direction) in [(a, 0.6), (b, -0.8)] {
            let (first, second) = slot::velocities(slot);
            near(first, 5.0 * direction);
            near(second, 13.0 * direction);
            near(slot::difference(slot), -8.0 * direction);
        }
        // Both particles are at rest, and so is the bath.
        let (a, b) = Aligned.collide(0.6, 0.8, [0.0; 2], Aligned.bath_slot(0.0));
        assert_eq!([a, b], [[0.0; 2]; 2]);
    }

    #[test]
    fn aligned_differences_never_grow_and_stay_accurate_however_small() {
        // The gradient of the radius along (Δ_i, Δ_j), which is short.
        let (one, other) = ([1.5, 3e-200], [-2.0, 1e-200]);
        let (a, b) = Aligned.collide(0.28, 0.96, one, other);
        let length = (1.5 * 3e-200 - 2.0 * 1e-200) / 2.5;
        assert!((a[1] / (0.28 * length) - 1.0).abs() < 1e-15);
        assert!((b[1] / (0.96 * length) - 1.0).abs() < 1e-15);
        for step in 0..1000 {
            let turn = libm::sin(f64::from(step));
            let one = [turn, libm::cos(3.0 * f64::from(step))];
            let other = [libm::cos(f64::from(step * step)), turn * turn - 0.3];
            let (a, b) = Aligned.collide(0.6, 0.8, one, other);
            let square = |one: Slot, other: Slot| one[1] * one[1] + other[1] * other[1];
            assert!(square(a, b) <= square(one, other) * (1.0 + 1e-14));
        }
    }
}
