//! Initial velocities of copies whose particles are not independent.
//!
//! The variates X_1, …, X_N come from the streams of initial velocities; the signs of mirrored laws come from a stream
//! of their own for each copy. Nothing here is used where both copies are product laws.
//!
//! Claimed: the draws are exact, up to the rounding of a norm on the sphere. For an odd number of particles,
//! mirrored-opposite signs have one more − than +: configs refuse this, and only the small gases that a run watches
//! beside have it.

use super::normal::{ROWS, draw_normal};
use crate::law::Law;
use crate::law::joint::Joint;
use crate::model::pairing::Pairing;
use crate::model::slot::{self, Slot};
use crate::numerics::vector::Instructions;
use crate::random::{
    LANES, Purpose, ReplicaKey, Rows, index_below, level, next_word, scalar_stream,
};

/// Draws both copies of N particles.
#[derive(Debug, Clone)]
pub struct JointPairs {
    /// The laws that V and V′ are made from.
    laws: [Law; 2],
    joints: [Joint; 2],
    pairing: Pairing,
}

impl JointPairs {
    /// Copies with these laws. Optimal pairing is for two spheres: the copies differ by a factor, so that the second
    /// copy is on the ray of the first.
    ///
    /// # Panics
    ///
    /// If they are to be paired optimally and are not both on spheres.
    pub fn new(laws: [Law; 2], joints: [Joint; 2], pairing: Pairing) -> Self {
        assert!(
            pairing == Pairing::Independent || joints == [Joint::Sphere; 2],
            "an optimal pairing of {joints:?} is not known"
        );
        JointPairs {
            laws,
            joints,
            pairing,
        }
    }

    /// Fills the first N of the N + 1 slots.
    pub fn fill(&self, instructions: Instructions, key: ReplicaKey, slots: &mut [Slot]) {
        let particles = slots.len() - 1;
        let draw = |copy: usize| {
            let source = Source {
                instructions,
                key,
                part: copy as u64,
            };
            source.velocities(&self.laws[copy], self.joints[copy], particles)
        };
        let first = draw(0);
        match self.pairing {
            Pairing::Independent => {
                for (slot, (first, second)) in slots.iter_mut().zip(first.into_iter().zip(draw(1)))
                {
                    *slot = slot::of(first, second);
                }
            }
            Pairing::Optimal => {
                // Both copies are on one ray, so Δ is a multiple of V.
                let [one, other] = self.laws.each_ref().map(|law| law.variance().sqrt());
                let part = (one - other) / one;
                for (slot, velocity) in slots.iter_mut().zip(first) {
                    *slot = [velocity, part * velocity];
                }
            }
        }
    }
}

/// The source of the random numbers of one copy.
#[derive(Clone, Copy)]
struct Source {
    instructions: Instructions,
    key: ReplicaKey,
    part: u64,
}

impl Source {
    fn velocities(self, law: &Law, joint: Joint, particles: usize) -> Vec<f64> {
        match joint {
            Joint::Product => self.independent(law, particles),
            Joint::MirroredEqual => {
                let mut stream = scalar_stream(self.key, Purpose::InitialSigns, self.part);
                let sign = sign(next_word(&mut stream) >> 63 == 0);
                let mut velocities = self.independent(law, particles);
                velocities.iter_mut().for_each(|velocity| *velocity *= sign);
                velocities
            }
            Joint::MirroredOpposite => {
                let mut velocities = self.independent(law, particles);
                self.balance(&mut velocities);
                velocities
            }
            Joint::Sphere => self.on_sphere(law.variance().sqrt(), particles),
        }
    }

    /// Independent velocities, by the quantile function.
    fn independent(self, law: &Law, particles: usize) -> Vec<f64> {
        let mut velocities = Vec::with_capacity(particles);
        self.rows(particles, |words| {
            let levels = words.as_flattened().iter().map(|&word| level(word));
            velocities.extend(levels.map(|(p, q)| law.quantile_at(p, q)));
        });
        velocities.truncate(particles);
        velocities
    }

    /// Gives each velocity a sign, half of all −. The signs are drawn one after the other; + has the probability of the
    /// share of + among the signs that are left.
    fn balance(self, velocities: &mut [f64]) {
        let mut stream = scalar_stream(self.key, Purpose::InitialSigns, self.part);
        let mut left = velocities.len() as u32;
        let mut plus = left / 2;
        for velocity in velocities {
            let index = index_below(next_word(&mut stream), left);
            let is_plus = index < u64::from(plus);
            *velocity *= sign(is_plus);
            plus -= u32::from(is_plus);
            left -= 1;
        }
    }

    /// Uniform on the sphere of radius √N·sd: the direction of independent normal variates.
    fn on_sphere(self, sd: f64, particles: usize) -> Vec<f64> {
        let mut velocities = Vec::with_capacity(particles);
        self.rows(particles, |words| {
            let mut variates = [[0.0; LANES]; ROWS];
            let variates = &mut variates[..words.len()];
            draw_normal(self.instructions, words.as_chunks::<1>().0, variates);
            velocities.extend_from_slice(variates.as_flattened());
        });
        velocities.truncate(particles);
        let square: f64 = velocities.iter().map(|velocity| velocity * velocity).sum();
        if square == 0.0 {
            // All variates are 0 at most once in 2⁶⁴ times; any direction will do.
            velocities[0] = (particles as f64).sqrt() * sd;
            return velocities;
        }
        let scale = sd * (particles as f64 / square).sqrt();
        velocities
            .iter_mut()
            .for_each(|velocity| *velocity *= scale);
        velocities
    }

    /// Words for so many particles, a few rows at a time.
    fn rows(self, particles: usize, mut take: impl FnMut(&[[u64; LANES]])) {
        let all = particles.div_ceil(LANES);
        let mut stream = Rows::new(
            self.instructions,
            self.key,
            Purpose::Initial,
            self.part,
            all,
        );
        let mut words = [[0; LANES]; ROWS];
        for from in (0..particles).step_by(ROWS * LANES) {
            let rows = (particles - from).min(ROWS * LANES).div_ceil(LANES);
            stream.fill(self.instructions, &mut words[..rows]);
            take(&words[..rows]);
        }
    }
}

fn sign(is_plus: bool) -> f64 {
    if is_plus { 1.0 } else { -1.0 }
}
