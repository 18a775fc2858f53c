//! A small gas watched collision by collision.
//!
//! The records of a run are averages over particles, and a fault that leaves them right does not
//! show there: angles on a lattice, a particle that is chosen too often. So a gas of a few
//! particles, in contact with a bath all of whose particles have the same velocity, is stopped
//! every so often, so often that half a collision comes between two stops. Where it is exactly one,
//! who collided is plain from whose velocity has changed, and the angle from how.
//!
//! The angle is seen through E cos(kθ) and E sin(kθ), which are 0 for k ≥ 1 if θ is
//! uniform: of two particles that turn (V_i, V_j) by ±θ, cos(kθ); of one that meets
//! the bath at w, V becomes r cos(θ − φ) with r² = V² + w² and φ the angle of
//! (V, w), which gives cos(k(θ − φ)), weighed with cos(kφ) and with sin(kφ).
//!
//! Copies that see the same collisions are also compared with each other: who collides in
//! one must collide in the other, and at the same angle.

use super::forest::Tally;
use super::profile::{Profile, Watch};
use super::runner::Stage;
use crate::model::coupling::CouplingKind;
use crate::numerics::vector::{Instructions, vectorised};
use crate::simulate::Gas;
use crate::simulate::pair::CoupledPair;
use crate::simulate::slabs::Place;
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::sync::Arc;

/// Particles of the small gas.
pub const PARTICLES: usize = 5;

/// Unordered pairs of them.
pub const PAIRS: usize = PARTICLES * (PARTICLES - 1) / 2;

/// Angles are watched through cos(kθ) for k up to this, a power of two.
pub const HARMONICS: usize = 32;

/// The observations of the small gas.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SmallGas {
    /// V and V′.
    pub copies: [Collided; 2],
    /// The two compared with each other.
    pub together: Together,
}

/// The features of a collision that two copies have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Common {
    /// Nothing.
    Nothing,
    /// The collisions; particles of the second copy have changed places since.
    Collisions,
    /// The collisions and who takes part, at the same angle, by this coupling.
    Angles(CouplingKind),
}

/// The agreement of the collisions of two copies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Together {
    /// Collisions that were compared.
    pub compared: u64,
    /// Collisions in which other particles collided in the second copy, or another number of
    /// them.
    pub others: u64,
    /// The probability of one of these by chance, at most: a velocity can change by less
    /// than is compared.
    pub chance: f64,
    /// The largest difference of the angles, in units of cosθ and sinθ; `None` without any.
    pub angle: Option<f64>,
}

/// A velocity that is smaller than the largest by this factor can be what rounding leaves
/// of V − Δ, and tells nothing.
const READABLE: f64 = 1e-5;
/// Velocities of both copies are compared where none is smaller than the largest by this
/// factor; where who is who is lost, by the second one.
const COMPARABLE: [f64; 2] = [1e-5, 1e-2];
/// Velocities that differ by less, relative to the largest, are taken for the same where
/// who is who is lost.
const ALIKE: f64 = 1e-9;

/// The single collisions of one copy.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Collided {
    /// The number of times that each particle met the bath.
    pub bath: [u64; PARTICLES],
    /// The number of times that each pair collided: (0, 1), (0, 2), (1, 2), (0, 3), …
    pub pairs: [u64; PAIRS],
    /// More than two particles changed, or none of both copies.
    pub others: u64,
    /// Σ cos(kθ) over collisions of pairs.
    pub turned: Sums,
    /// Sums over bath collisions: Σ cos(k(θ − φ)) cos(kφ) and Σ cos(k(θ − φ)) sin(kφ).
    pub met: [Sums; 2],
}

/// A number for each harmonic k = 1, 2, …
type Waves = [f64; HARMONICS];

/// Sums of independent terms of mean 0, and their variances.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Sums {
    /// Σ x.
    pub values: Waves,
    /// Σ E x².
    pub variances: Waves,
}

impl Sums {
    /// Add cos(kx) · weight with x uniform on the circle.
    #[inline(always)]
    fn add(&mut self, cosines: &Waves, weights: &Waves) {
        for k in 0..HARMONICS {
            self.values[k] += cosines[k] * weights[k];
            self.variances[k] += 0.5 * weights[k] * weights[k];
        }
    }

    fn merge(&mut self, other: &Sums) {
        let mine = self.values.iter_mut().chain(&mut self.variances);
        for (sum, more) in mine.zip(other.values.iter().chain(&other.variances)) {
            *sum += more;
        }
    }
}

impl Tally for SmallGas {
    const KIND: &'static str = "small gas 1";

    fn merge(&mut self, next: Self) {
        for (mine, theirs) in self.copies.iter_mut().zip(&next.copies) {
            mine.merge(theirs);
        }
        self.together.merge(&next.together);
    }
}

/// Replicas of a small gas that are tallied together.
pub(super) const CHUNK: u64 = 32;

/// Replicas of a small gas, named downwards from the last there can be.
#[derive(Debug)]
pub(super) struct SmallGasStage<'a, F> {
    /// The gas, whose bath particles all have the same velocity.
    pub(super) gas: Arc<Gas>,
    pub(super) seed: u64,
    /// Where it is looked at.
    pub(super) stops: Vec<Place>,
    pub(super) bath_velocity: f64,
    pub(super) common: Common,
    pub(super) new_pair: &'a F,
}

impl<P: CoupledPair, F: Fn(&Arc<Gas>) -> P + Sync> Stage for SmallGasStage<'_, F> {
    type Tally = SmallGas;
    type Worker = P;

    fn chunk(&self) -> u64 {
        CHUNK
    }

    fn worker(&self) -> P {
        (self.new_pair)(&self.gas)
    }

    fn tally(&self, pair: &mut P, replicas: Range<u64>, profile: &mut Profile) -> SmallGas {
        let mut watch = Watch::start();
        let mut seen = SmallGas::default();
        for replica in replicas {
            pair.restart(self.seed, u64::MAX - 1 - replica, &self.stops);
            pair.advance();
            let mut before = (pair.collisions(), velocities(pair));
            for _ in 1..self.stops.len() {
                pair.advance();
                let after = (pair.collisions(), velocities(pair));
                if after.0 == before.0 + 1 {
                    let velocities = [&before.1, &after.1];
                    seen.add(velocities[0], velocities[1], self.bath_velocity);
                    (seen.together).add(velocities, self.bath_velocity, self.common);
                }
                before = after;
            }
        }
        profile.collisions += watch.lap();
        seen
    }
}

impl SmallGas {
    /// Take in one collision.
    fn add(&mut self, before: &Velocities, after: &Velocities, bath_velocity: f64) {
        let readable = READABLE * largest(before).max(bath_velocity.abs());
        let both = before.as_flattened();
        if before == after && both.iter().all(|velocity| velocity.abs() > readable) {
            self.copies[0].others += 1;
        }
        for (collided, (before, after)) in self.copies.iter_mut().zip(before.iter().zip(after)) {
            // A particle at rest can collide with another one and stay at rest.
            if before.iter().all(|velocity| velocity.abs() > readable) {
                collided.add(before, after, bath_velocity);
            }
        }
    }
}

impl Together {
    /// Compare one collision of both copies, by their velocities before and after.
    fn add(&mut self, seen: [&Velocities; 2], bath_velocity: f64, common: Common) {
        let largest = largest(seen[0]).max(bath_velocity.abs());
        let sizes = seen[0].as_flattened().iter().map(|v| v.abs());
        let smallest = sizes.fold(f64::INFINITY, f64::min);
        let [by_label, by_value] = COMPARABLE;
        match common {
            Common::Nothing => (),
            Common::Collisions if smallest > by_value * largest => {
                // A velocity within δ of an extreme one, at least 0.01, is as probable as
                // δ/0.01: 1e-7, for each of some.
                self.chance = 1e-6;
                let [first, second] =
                    [0, 1].map(|copy| lost(seen.map(|v| &v[copy]), ALIKE * largest));
                self.count(first != second);
            }
            Common::Angles(coupling) if smallest > by_label * largest => {
                // The probability is found as above, with rounding for δ: 1e-16/1e-5.
                self.chance = 1e-10;
                let [first, second] = [0, 1].map(|copy| changed(seen.map(|v| &v[copy])));
                self.count(first != second);
                if first == second {
                    let velocities = (bath_velocity, largest);
                    if let Some(angle) = angle_between(seen, first, velocities, coupling) {
                        self.see_angle(angle);
                    }
                }
            }
            _ => (),
        }
    }

    fn count(&mut self, others: bool) {
        self.compared += 1;
        self.others += u64::from(others);
    }

    fn see_angle(&mut self, angle: f64) {
        self.angle = Some(self.angle.map_or(angle, |worst| worst.max(angle)));
    }

    fn merge(&mut self, other: &Together) {
        self.compared += other.compared;
        self.others += other.others;
        self.chance = self.chance.max(other.chance);
        if let Some(angle) = other.angle {
            self.see_angle(angle);
        }
    }
}

/// The first two particles of a copy whose velocities have changed, and the third.
fn changed([before, after]: [&[f64; PARTICLES]; 2]) -> [Option<usize>; 3] {
    let mut changed = (0..PARTICLES).filter(|&index| before[index] != after[index]);
    [(); 3].map(|()| changed.next())
}

/// The number of velocities of a copy that are gone; those that differ by no more than `alike`
/// count as equal.
fn lost(seen: [&[f64; PARTICLES]; 2], alike: f64) -> usize {
    let [before, after] = seen.map(|velocities| {
        let mut sorted = *velocities;
        sorted.sort_by(f64::total_cmp);
        sorted
    });
    let (mut found, mut left) = (0, &after[..]);
    for velocity in before {
        let lower = left
            .iter()
            .take_while(|&&other| other < velocity - alike)
            .count();
        left = &left[lower..];
        if left.first().is_some_and(|&other| other <= velocity + alike) {
            (found, left) = (found + 1, &left[1..]);
        }
    }
    PARTICLES - found
}

/// The distance between the angles at which both copies collide, in units of cosθ and sinθ; `None`
/// where these particles do not tell.
fn angle_between(
    [before, after]: [&Velocities; 2],
    collided: [Option<usize>; 3],
    (bath_velocity, largest): (f64, f64),
    coupling: CouplingKind,
) -> Option<f64> {
    match (collided, coupling) {
        ([Some(i), Some(j), None], CouplingKind::Synchronous) => {
            let turned = |copy: usize| {
                let [b, a] = [before, after].map(|v| [v[copy][i], v[copy][j]]);
                let squares = length(b[0], b[1]) * length(a[0], a[1]);
                [
                    (b[0] * a[0] + b[1] * a[1]) / squares,
                    (b[1] * a[0] - b[0] * a[1]) / squares,
                ]
            };
            Some(apart(turned(0), turned(1)))
        }
        ([Some(i), Some(j), None], _) => {
            let direction = |copy: usize| {
                let [x, y] = [after[copy][i], after[copy][j]];
                [x, y].map(|v| v / length(x, y))
            };
            Some(apart(direction(0), direction(1)))
        }
        ([Some(i), None, _], CouplingKind::Synchronous) => {
            let [v, w] = [before, after].map(|v| v[0][i] - v[1][i]);
            let cos = w / v;
            let sin = (after[0][i] - before[0][i] * cos) / bath_velocity;
            // Otherwise little is left of Δ and w.
            let enough = (v * bath_velocity).abs() > COMPARABLE[0] * largest * largest;
            enough.then(|| (cos * cos + sin * sin - 1.0).abs())
        }
        ([Some(i), None, _], _) => {
            let cos = |copy: usize| after[copy][i] / length(before[copy][i], bath_velocity);
            Some((cos(0) - cos(1)).abs())
        }
        _ => None,
    }
}

/// The larger of two differences.
fn apart(one: [f64; 2], other: [f64; 2]) -> f64 {
    (one[0] - other[0]).abs().max((one[1] - other[1]).abs())
}

/// The largest velocity of both copies.
fn largest(velocities: &Velocities) -> f64 {
    let sizes = velocities.as_flattened().iter().map(|v| v.abs());
    sizes.fold(0.0, f64::max)
}

/// V and V′ of each particle.
type Velocities = [[f64; PARTICLES]; 2];

fn velocities(pair: &impl CoupledPair) -> Velocities {
    let particles: [_; PARTICLES] = std::array::from_fn(|index| pair.particle(index));
    [
        particles.map(|(first, ..)| first),
        particles.map(|(_, second, _)| second),
    ]
}

impl Collided {
    fn merge(&mut self, other: &Collided) {
        let mine = self.bath.iter_mut().chain(&mut self.pairs);
        for (count, more) in mine.zip(other.bath.iter().chain(&other.pairs)) {
            *count += more;
        }
        self.others += other.others;
        self.turned.merge(&other.turned);
        for (mine, theirs) in self.met.iter_mut().zip(&other.met) {
            mine.merge(theirs);
        }
    }

    /// Collisions seen, of bath and pairs.
    pub fn total(&self) -> u64 {
        self.bath.iter().chain(&self.pairs).sum()
    }

    /// The number of times that each particle took part in a collision of a pair.
    pub fn in_pairs(&self) -> [u64; PARTICLES] {
        let mut counts = [0; PARTICLES];
        for j in 1..PARTICLES {
            for i in 0..j {
                let count = self.pairs[index_of_pair(i, j)];
                counts[i] += count;
                counts[j] += count;
            }
        }
        counts
    }

    fn add(&mut self, before: &[f64; PARTICLES], after: &[f64; PARTICLES], bath_velocity: f64) {
        match changed([before, after]) {
            [Some(i), None, _] => {
                self.bath[i] += 1;
                let size = length(before[i], bath_velocity);
                let phase = [before[i] / size, bath_velocity / size];
                add_met(Instructions::best(), after[i] / size, phase, &mut self.met);
            }
            [Some(i), Some(j), None] => {
                self.pairs[index_of_pair(i, j)] += 1;
                let sizes = length(before[i], before[j]) * length(after[i], after[j]);
                let cos = (before[i] * after[i] + before[j] * after[j]) / sizes;
                add_turned(Instructions::best(), cos, &mut self.turned);
            }
            // Under some couplings only the other copy collides.
            [None, ..] => (),
            _ => self.others += 1,
        }
    }
}

/// √(x² + y²) of two velocities.
fn length(x: f64, y: f64) -> f64 {
    (x * x + y * y).sqrt()
}

vectorised! {
    /// Add cos(kx) from cos x, weighed with cos(kφ) and with sin(kφ) from cosφ and sinφ.
    fn add_met(cos: f64, phase: [f64; 2], sums: &mut [Sums; 2]) {
        let seen = cosines(cos);
        for (sums, weights) in sums.iter_mut().zip(powers(phase)) {
            sums.add(&seen, &weights);
        }
    }
}

vectorised! {
    /// Add cos(kx) from cos x.
    fn add_turned(cos: f64, sums: &mut Sums) {
        sums.add(&cosines(cos), &[1.0; HARMONICS]);
    }
}

/// Where the pair of i < j is among the pairs.
fn index_of_pair(i: usize, j: usize) -> usize {
    j * (j - 1) / 2 + i
}

/// cos(kx) from cos x. Twice as many from those up to m, all at once, by
/// cos((m + j)x) = 2 cos(mx) cos(jx) − cos((m − j)x).
#[inline(always)]
fn cosines(cos: f64) -> Waves {
    let mut waves = [cos.clamp(-1.0, 1.0); HARMONICS];
    let mut known = 1;
    while known < HARMONICS {
        let (low, high) = waves.split_at_mut(known);
        let twice = 2.0 * low[known - 1];
        for j in 0..known - 1 {
            high[j] = twice * low[j] - low[known - 2 - j];
        }
        high[known - 1] = twice * low[known - 1] - 1.0;
        known *= 2;
    }
    waves
}

/// cos(kx) and sin(kx) from cos x and sin x, by the sums of angles.
#[inline(always)]
fn powers([cos, sin]: [f64; 2]) -> [Waves; 2] {
    let (mut cosines, mut sines) = ([cos; HARMONICS], [sin; HARMONICS]);
    let mut known = 1;
    while known < HARMONICS {
        let (c, s) = (cosines[known - 1], sines[known - 1]);
        for j in 0..known {
            cosines[known + j] = c * cosines[j] - s * sines[j];
            sines[known + j] = c * sines[j] + s * cosines[j];
        }
        known *= 2;
    }
    [cosines, sines]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::coupling::{Aligned, Coupling, Synchronous};
    use crate::model::slot;

    #[test]
    fn waves_are_those_of_multiples_of_the_angle() {
        let angle = 0.7;
        let waves = cosines(libm::cos(angle));
        let [cosines, sines] = powers([libm::cos(angle), libm::sin(angle)]);
        for k in 0..HARMONICS {
            let multiple = (k + 1) as f64 * angle;
            assert!((waves[k] - libm::cos(multiple)).abs() < 1e-13);
            assert!((cosines[k] - libm::cos(multiple)).abs() < 1e-13);
            assert!((sines[k] - libm::sin(multiple)).abs() < 1e-13);
        }
    }

    /// Velocities after a collision of the first particles of both copies, or of particle
    /// 2 with the bath of velocity 1.5, by a coupling.
    fn collided<C: Coupling>(coupling: C, before: &Velocities, bath: bool) -> Velocities {
        let [first, second] = before;
        let slot = |i: usize| slot::of(first[i], second[i]);
        let (i, j) = if bath { (2, 2) } else { (0, 1) };
        let other = if bath {
            coupling.bath_slot(1.5)
        } else {
            slot(j)
        };
        let (one, other) = coupling.collide(0.28, -0.96, slot(i), other);
        let mut after = *before;
        (after[0][i], after[1][i]) = slot::velocities(one);
        if !bath {
            (after[0][j], after[1][j]) = slot::velocities(other);
        }
        after
    }

    const BEFORE: Velocities = [[1.0, -2.0, 0.5, 3.0, -1.0], [0.7, 1.2, -0.6, 2.0, -4.0]];

    fn compared(after: &Velocities, common: Common) -> Together {
        let mut together = Together::default();
        together.add([&BEFORE, after], 1.5, common);
        together
    }

    #[test]
    fn copies_that_collide_alike_agree() {
        for bath in [false, true] {
            for (kind, after) in [
                (
                    CouplingKind::Synchronous,
                    collided(Synchronous, &BEFORE, bath),
                ),
                (CouplingKind::Aligned, collided(Aligned, &BEFORE, bath)),
            ] {
                let together = compared(&after, Common::Angles(kind));
                assert_eq!((together.compared, together.others), (1, 0));
                assert!(together.angle.unwrap() < 1e-14);
                // The second copy is permuted.
                let mut permuted = after;
                permuted[1].reverse();
                let together = compared(&permuted, Common::Collisions);
                assert_eq!((together.compared, together.others), (1, 0));
                assert_eq!(compared(&after, Common::Nothing).compared, 0);
            }
        }
    }

    #[test]
    fn copies_that_collide_otherwise_are_seen() {
        let after = collided(Synchronous, &BEFORE, false);
        let alone = [after[0], BEFORE[1]];
        for common in [
            Common::Collisions,
            Common::Angles(CouplingKind::Synchronous),
        ] {
            assert_eq!(compared(&alone, common).others, 1);
        }
        for bath in [false, true] {
            let aligned = collided(Aligned, &BEFORE, bath);
            let synchronous = collided(Synchronous, &BEFORE, bath);
            let mixed = [synchronous[0], aligned[1]];
            for kind in [CouplingKind::Synchronous, CouplingKind::Aligned] {
                let together = compared(&mixed, Common::Angles(kind));
                assert!(together.angle.unwrap() > 0.01, "{kind:?}");
            }
        }
    }

    #[test]
    fn velocities_that_are_gone_are_counted() {
        let before = [1.0, 1.0, 2.0, 3.0, 3.0];
        assert_eq!(lost([&before, &[3.0, 1.0, 2.0, 3.0, 1.0]], 1e-9), 0);
        assert_eq!(lost([&before, &[3.0, 1.0, 2.0, 0.5, 1.0]], 1e-9), 1);
        assert_eq!(lost([&before, &[1.0, 1.0, 1.0, 3.0, 3.0 + 1e-12]], 1e-9), 1);
        assert_eq!(lost([&before, &[-1.0, 1.0, 2.0, 3.0, 7.0]], 1e-9), 2);
    }

    #[test]
    fn a_collision_is_read_off_the_velocities() {
        let before = [1.0, -2.0, 0.5, 3.0, -1.0];
        let (cos, sin) = (0.6, 0.8);
        let mut collided = Collided::default();
        let mut after = before;
        after[1] = before[1] * cos + before[3] * sin;
        after[3] = before[3] * cos - before[1] * sin;
        collided.add(&before, &after, 1.5);
        assert_eq!(collided.pairs, [0, 0, 0, 0, 1, 0, 0, 0, 0, 0]);
        assert_eq!(collided.in_pairs(), [0, 1, 0, 1, 0]);
        assert!((collided.turned.values[0] - cos).abs() < 1e-15);
        // E cos²kθ = ½.
        assert_eq!(collided.turned.variances, [0.5; HARMONICS]);
        assert!((collided.turned.values[1] - (2.0 * cos * cos - 1.0)).abs() < 1e-15);
        let mut after = before;
        after[2] = before[2] * cos + 1.5 * sin;
        collided.add(&before, &after, 1.5);
        assert_eq!(collided.bath, [0, 0, 1, 0, 0]);
        let r2 = 0.5 * 0.5 + 1.5 * 1.5;
        let (cos_phi, sin_phi) = (0.5 / f64::sqrt(r2), 1.5 / f64::sqrt(r2));
        let shifted = cos * cos_phi + sin * sin_phi;
        assert!((collided.met[0].values[0] - shifted * cos_phi).abs() < 1e-15);
        assert!((collided.met[1].values[0] - shifted * sin_phi).abs() < 1e-15);
        let squares = [cos_phi * cos_phi, sin_phi * sin_phi];
        for (sums, square) in collided.met.iter().zip(squares) {
            assert!((sums.variances[0] - 0.5 * square).abs() < 1e-15);
        }
        collided.add(&before, &before, 1.5);
        collided.add(&before, &[0.1; PARTICLES], 1.5);
        assert_eq!((collided.others, collided.total()), (1, 2));
        let mut gas = SmallGas::default();
        gas.add(&[before, before], &[before, before], 1.5);
        assert_eq!(gas.copies[0].others, 1);
        // Two particles at rest may have collided.
        let rest = [0.0, 0.0, 0.5, 3.0, -1.0];
        gas.add(&[before, rest], &[before, rest], 1.5);
        assert_eq!(gas.copies[0].others, 1);
    }
}
