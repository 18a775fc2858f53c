//! The process: Kac's gas of N one-dimensional velocities in contact with a
//! thermostat (Evans, Eq. (1) and Eqs. (2)–(3)).
//!
//! Two kinds of collision happen at the points of Poisson processes:
//!
//! * *pair*: an unordered pair {i, j}, uniform among all, is rotated by a
//!   uniform angle θ;
//! * *bath*: a uniform particle i is rotated by a uniform θ together with a
//!   bath particle of velocity w ~ g, which is then forgotten.
//!
//! The process is fixed by two rates, κ and β: how often *one given particle*
//! takes part in pair collisions and in bath collisions. All pairs together
//! collide at rate κN/2, all particles meet the bath at rate βN. A single
//! particle has no partner: at N = 1, κ = 0.
//!
//! This module has no randomness.

pub mod coupling;
pub mod pairing;
pub mod quantity;
pub mod slot;

use serde::Serialize;

/// The reading of (λ, μ) that sets the rates, one of the paper's two.
///
/// The paper puts a factor two on the pair term in one place and on the bath
/// term in the other; the two are different processes, and its Theorem 6 is
/// true on one of them only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Clock {
    /// Eq. (1): rate λN for "some pair", μ for each particle's bath.
    MasterEquation,
    /// Eqs. (2)–(3) as the proof of Theorem 6 uses them: λ for a particle's
    /// pairs, 2μ for its bath.
    Theorem6,
}

impl Clock {
    /// All clocks.
    pub const ALL: [Clock; 2] = [Clock::MasterEquation, Clock::Theorem6];

    /// The name used in configs and tables.
    pub fn name(self) -> &'static str {
        match self {
            Clock::MasterEquation => "master-equation",
            Clock::Theorem6 => "theorem6",
        }
    }

    /// The rates (κ, β) that this clock makes of λ and μ, for two or more
    /// particles.
    ///
    /// | clock | κ | β |
    /// | --- | --- | --- |
    /// | `master-equation` | 2λ | μ |
    /// | `theorem6` | λ | 2μ |
    ///
    /// ```
    /// use kac_coupling::model::Clock;
    ///
    /// let [equation, theorem] = Clock::ALL.map(|clock| clock.rates(1.0, 0.5));
    /// assert_eq!((equation.pair, equation.bath), (2.0, 0.5));
    /// assert_eq!((theorem.pair, theorem.bath), (1.0, 1.0));
    /// ```
    pub fn rates(self, lambda: f64, mu: f64) -> Rates {
        let (pair, bath) = match self {
            Clock::MasterEquation => (2.0 * lambda, mu),
            Clock::Theorem6 => (lambda, 2.0 * mu),
        };
        Rates { pair, bath }
    }
}

/// Collision rates of one given particle, per unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Rates {
    /// κ ≥ 0: the rate at which one particle takes part in pair collisions.
    pub pair: f64,
    /// β ≥ 0: the rate at which one particle meets the bath.
    pub bath: f64,
}

impl Rates {
    /// The rates of a gas of `particles`: a single particle has no pairs.
    pub fn for_particles(self, particles: usize) -> Rates {
        let pair = if particles == 1 { 0.0 } else { self.pair };
        Rates { pair, ..self }
    }

    /// The rate of all collisions together, (κ/2 + β)·N.
    pub fn total(self, particles: usize) -> f64 {
        (0.5 * self.pair + self.bath) * particles as f64
    }

    /// The probability that a collision is a pair's, (κ/2)/(κ/2 + β); 0 when
    /// there are no collisions at all.
    pub fn pair_probability(self) -> f64 {
        if self.pair == 0.0 {
            0.0
        } else {
            0.5 * self.pair / (0.5 * self.pair + self.bath)
        }
    }
}

/// The rotation of a collision, (x, y) → (x cosθ + y sinθ, −x sinθ + y cosθ).
///
/// A bath collision is the same map with the bath's velocity as `y`. It keeps
/// x² + y² and is linear.
///
/// ```
/// let (x, y) = kac_coupling::model::rotate(0.6, 0.8, 3.0, 4.0);
/// assert!((x * x + y * y - 25.0).abs() < 1e-12);
/// ```
#[inline(always)]
pub fn rotate(cos: f64, sin: f64, x: f64, y: f64) -> (f64, f64) {
    (x * cos + y * sin, y * cos - x * sin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clocks_are_one_family() {
        let (lambda, mu) = (0.7, 1.3);
        assert_eq!(
            Clock::Theorem6.rates(lambda, mu),
            Clock::MasterEquation.rates(lambda / 2.0, 2.0 * mu)
        );
    }

    #[test]
    fn a_rotation_keeps_energy_and_turns_the_right_way() {
        let (x, y) = rotate(0.6, 0.8, 1.0, 2.0);
        assert!((x - 2.2).abs() < 1e-15 && (y - 0.4).abs() < 1e-15);
        assert!((x * x + y * y - 5.0).abs() < 1e-14);
    }
}
