//! A small gas watched collision by collision.
//!
//! What a run records are averages over particles, and a fault that leaves them
//! right does not show there: angles on a lattice, a particle that is chosen too
//! often. So a gas of a few particles, in contact with a bath all of whose particles
//! have the same velocity, is stopped every so often, so often that half a collision
//! comes between two stops. Where it is exactly one, who collided is plain from
//! whose velocity has changed, and the angle from how.
//!
//! The angle is seen through E cos(kθ) and E sin(kθ), which are 0 for k ≥ 1 if θ is
//! uniform: of two particles that turn (V_i, V_j) by ±θ, cos(kθ); of one that meets
//! the bath at w, V becomes r cos(θ − φ) with r² = V² + w² and φ the angle of
//! (V, w), which gives cos(k(θ − φ)), weighed with cos(kφ) and with sin(kφ).

use crate::simulate::pair::CoupledPair;
use crate::simulate::slabs::Place;

/// Particles of the small gas.
pub const PARTICLES: usize = 5;

/// Unordered pairs of them.
pub const PAIRS: usize = PARTICLES * (PARTICLES - 1) / 2;

/// Angles are watched through cos(kθ) for k up to this.
pub const HARMONICS: usize = 32;

/// What is seen of each copy of the small gas.
#[derive(Debug, Clone, Default)]
pub struct Pilot {
    /// V and V′.
    pub copies: [Collided; 2],
}

/// The single collisions of one copy.
#[derive(Debug, Clone, Default)]
pub struct Collided {
    /// How often each particle met the bath.
    pub bath: [u64; PARTICLES],
    /// How often each pair collided: (0, 1), (0, 2), (1, 2), (0, 3), …
    pub pairs: [u64; PAIRS],
    /// More than two particles changed, or none of both copies.
    pub others: u64,
    /// Of pairs: Σ cos(kθ).
    pub turned: [Sum; HARMONICS],
    /// Of bath collisions: Σ cos(k(θ − φ)) cos(kφ) and Σ cos(k(θ − φ)) sin(kφ).
    pub met: [[Sum; HARMONICS]; 2],
}

/// A sum of independent terms of mean 0, and its variance.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sum {
    /// Σ x.
    pub value: f64,
    /// Σ E x².
    pub variance: f64,
}

impl Sum {
    /// Add cos x · weight with x uniform on the circle.
    fn add(&mut self, cos: f64, weight: f64) {
        self.value += cos * weight;
        self.variance += 0.5 * weight * weight;
    }
}

impl Pilot {
    /// Watch replicas, named downwards from the last there can be, of a pair that
    /// meets a bath of velocity `bath_velocity`, from stop to stop.
    pub fn watch(
        pair: &mut impl CoupledPair,
        seed: u64,
        replicas: u64,
        stops: &[Place],
        bath_velocity: f64,
    ) -> Pilot {
        let mut pilot = Pilot::default();
        for replica in 0..replicas {
            pair.restart(seed, u64::MAX - 1 - replica, stops);
            pair.advance();
            let mut before = (pair.collisions(), velocities(pair));
            for _ in 1..stops.len() {
                pair.advance();
                let after = (pair.collisions(), velocities(pair));
                if after.0 == before.0 + 1 {
                    pilot.add(&before.1, &after.1, bath_velocity);
                }
                before = after;
            }
        }
        pilot
    }

    /// Take in one collision.
    fn add(&mut self, before: &Velocities, after: &Velocities, bath_velocity: f64) {
        let at_rest = before.as_flattened().contains(&0.0);
        if before == after && !at_rest {
            self.copies[0].others += 1;
        }
        for (collided, (before, after)) in self.copies.iter_mut().zip(before.iter().zip(after)) {
            collided.add(before, after, bath_velocity);
        }
    }
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
    /// Collisions seen, of bath and pairs.
    pub fn total(&self) -> u64 {
        self.bath.iter().chain(&self.pairs).sum()
    }

    /// How often each particle took part in a collision of a pair.
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
        // A particle at rest can collide with another one and stay at rest.
        if before.contains(&0.0) {
            return;
        }
        let changed = |&index: &usize| before[index] != after[index];
        let changed: Vec<usize> = (0..PARTICLES).filter(changed).collect();
        match changed[..] {
            [i] => {
                self.bath[i] += 1;
                let size = libm::hypot(before[i], bath_velocity);
                let phase = (before[i] / size, bath_velocity / size);
                let waves = cosines(after[i] / size).zip(powers(phase));
                let [by_cos, by_sin] = &mut self.met;
                let sums = by_cos.iter_mut().zip(by_sin);
                for ((wave, (cos, sin)), (by_cos, by_sin)) in waves.zip(sums) {
                    by_cos.add(wave, cos);
                    by_sin.add(wave, sin);
                }
            }
            [i, j] => {
                self.pairs[index_of_pair(i, j)] += 1;
                let sizes = libm::hypot(before[i], before[j]) * libm::hypot(after[i], after[j]);
                let cos = (before[i] * after[i] + before[j] * after[j]) / sizes;
                for (wave, sum) in cosines(cos).zip(&mut self.turned) {
                    sum.add(wave, 1.0);
                }
            }
            // Under some couplings only the other copy collides.
            [] => (),
            _ => self.others += 1,
        }
    }
}

/// Where the pair of i < j is among the pairs.
fn index_of_pair(i: usize, j: usize) -> usize {
    j * (j - 1) / 2 + i
}

/// cos(kx) from cos x, for k = 1, 2, …
fn cosines(cos: f64) -> impl Iterator<Item = f64> {
    let cos = cos.clamp(-1.0, 1.0);
    let next = move |(before, last): &(f64, f64)| Some((*last, 2.0 * cos * last - before));
    std::iter::successors(Some((1.0, cos)), next).map(|(_, wave)| wave)
}

/// (cos kx, sin kx) from (cos x, sin x), for k = 1, 2, …
fn powers((cos, sin): (f64, f64)) -> impl Iterator<Item = (f64, f64)> {
    let next = move |&(c, s): &(f64, f64)| Some((c * cos - s * sin, c * sin + s * cos));
    std::iter::successors(Some((cos, sin)), next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waves_are_those_of_multiples_of_the_angle() {
        let angle = 0.7;
        let waves = cosines(libm::cos(angle)).zip(powers((libm::cos(angle), libm::sin(angle))));
        for (k, (wave, (cos, sin))) in waves.take(HARMONICS).enumerate() {
            let multiple = (k + 1) as f64 * angle;
            assert!((wave - libm::cos(multiple)).abs() < 1e-13);
            assert!((cos - libm::cos(multiple)).abs() < 1e-13);
            assert!((sin - libm::sin(multiple)).abs() < 1e-13);
        }
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
        assert!((collided.turned[0].value - cos).abs() < 1e-15);
        assert!((collided.turned[1].value - (2.0 * cos * cos - 1.0)).abs() < 1e-15);
        let mut after = before;
        after[2] = before[2] * cos + 1.5 * sin;
        collided.add(&before, &after, 1.5);
        assert_eq!(collided.bath, [0, 0, 1, 0, 0]);
        let r2 = 0.5 * 0.5 + 1.5 * 1.5;
        let (cos_phi, sin_phi) = (0.5 / f64::sqrt(r2), 1.5 / f64::sqrt(r2));
        let shifted = cos * cos_phi + sin * sin_phi;
        assert!((collided.met[0][0].value - shifted * cos_phi).abs() < 1e-15);
        assert!((collided.met[1][0].value - shifted * sin_phi).abs() < 1e-15);
        collided.add(&before, &before, 1.5);
        collided.add(&before, &[0.1; PARTICLES], 1.5);
        assert_eq!((collided.others, collided.total()), (1, 2));
        let mut pilot = Pilot::default();
        pilot.add(&[before, before], &[before, before], 1.5);
        assert_eq!(pilot.copies[0].others, 1);
        // Two particles at rest may have collided.
        let rest = [0.0, 0.0, 0.5, 3.0, -1.0];
        pilot.add(&[before, rest], &[before, rest], 1.5);
        assert_eq!(pilot.copies[0].others, 1);
    }
}
