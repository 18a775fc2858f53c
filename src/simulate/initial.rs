//! Initial velocities of both copies.

use super::joint::JointPairs;
use super::normal::{ROWS, draw_normal};
use crate::law::Law;
use crate::law::joint::Joint;
use crate::model::pairing::Pairing;
use crate::model::slot::{self, Slot};
use crate::numerics::vector::Instructions;
use crate::random::{LANES, Purpose, ReplicaKey, Rows, level};

/// Draws the velocities (V(0), V′(0)) of N particles in both copies.
#[derive(Debug, Clone)]
pub enum InitialPairs {
    /// Independent particles.
    Product(ProductPairs),
    /// Copies whose particles are not independent.
    Joint(JointPairs),
}

/// The joint law of the pair (V(0), V′(0)) of one of the independent particles.
#[derive(Debug, Clone)]
pub enum ProductPairs {
    /// Two normal laws, comonotone: both copies use the same standard normal variate.
    CommonNormal {
        /// (mean, standard deviation) of V(0).
        first: (f64, f64),
        /// (mean, standard deviation) of V′(0).
        second: (f64, f64),
    },
    /// Two laws, comonotone: one uniform variate through both quantile functions.
    Comonotone {
        /// Law of V(0).
        first: Law,
        /// Law of V′(0).
        second: Law,
    },
    /// Two laws, independent: a uniform variate for each.
    Independent {
        /// Law of V(0).
        first: Law,
        /// Law of V′(0).
        second: Law,
    },
}

impl InitialPairs {
    /// Pairs with these marginal laws.
    pub fn new(first: &Law, second: &Law, pairing: Pairing) -> Self {
        InitialPairs::Product(ProductPairs::new(first, second, pairing))
    }

    /// Pairs whose copies have these joint laws, made from these laws of one particle.
    ///
    /// # Panics
    ///
    /// As [`JointPairs::new`], where they are not both product laws.
    pub fn of_joints(first: &Law, second: &Law, joints: [Joint; 2], pairing: Pairing) -> Self {
        if joints == [Joint::Product; 2] {
            return InitialPairs::new(first, second, pairing);
        }
        let laws = [first.clone(), second.clone()];
        InitialPairs::Joint(JointPairs::new(laws, joints, pairing))
    }

    /// Fills the first N of the N + 1 slots.
    pub fn fill(&self, instructions: Instructions, key: ReplicaKey, slots: &mut [Slot]) {
        match self {
            InitialPairs::Product(pairs) => pairs.fill(instructions, key, slots),
            InitialPairs::Joint(pairs) => pairs.fill(instructions, key, slots),
        }
    }
}

impl ProductPairs {
    fn new(first: &Law, second: &Law, pairing: Pairing) -> Self {
        match (pairing, first, second) {
            (Pairing::Optimal, Law::Normal(f), Law::Normal(h)) => ProductPairs::CommonNormal {
                first: (first.mean(), f.sd()),
                second: (second.mean(), h.sd()),
            },
            (Pairing::Optimal, ..) => ProductPairs::Comonotone {
                first: first.clone(),
                second: second.clone(),
            },
            (Pairing::Independent, ..) => ProductPairs::Independent {
                first: first.clone(),
                second: second.clone(),
            },
        }
    }

    /// Fills the first N of the N + 1 slots.
    ///
    /// Each particle takes a lane of a row; where the second copies are
    /// independent, they take one of a stream of their own.
    fn fill(&self, instructions: Instructions, key: ReplicaKey, slots: &mut [Slot]) {
        let particles = slots.len() - 1;
        let slots = &mut slots[..particles];
        if particles <= LANES {
            self.fill_by::<1>(instructions, key, slots);
        } else {
            self.fill_by::<ROWS>(instructions, key, slots);
        }
    }

    /// [`ProductPairs::fill`] with `ROWS` rows at a time.
    fn fill_by<const ROWS: usize>(
        &self,
        instructions: Instructions,
        key: ReplicaKey,
        slots: &mut [Slot],
    ) {
        let all = slots.len().div_ceil(LANES);
        let stream = |part| Rows::new(instructions, key, Purpose::Initial, part, all);
        let mut first_stream = stream(0);
        let mut second_stream = match self {
            ProductPairs::Independent { .. } => stream(1),
            _ => Rows::default(),
        };
        let mut words = [[0; LANES]; ROWS];
        let mut variates = [[0.0; LANES]; ROWS];
        for slots in slots.chunks_mut(ROWS * LANES) {
            let rows = slots.len().div_ceil(LANES);
            let words = &mut words[..rows];
            first_stream.fill(instructions, words);
            match self {
                ProductPairs::CommonNormal { first, second } => {
                    let variates = &mut variates[..rows];
                    draw_normal(instructions, words.as_chunks::<1>().0, variates);
                    // Δ is computed as a normal variate itself, so the laws may be arbitrarily near
                    // each other.
                    let apart = (first.0 - second.0, first.1 - second.1);
                    for (slot, z) in slots.iter_mut().zip(variates.as_flattened()) {
                        *slot = [first.0 + first.1 * z, apart.0 + apart.1 * z];
                    }
                }
                ProductPairs::Comonotone { first, second } => {
                    for (slot, &word) in slots.iter_mut().zip(words.as_flattened()) {
                        let (p, q) = level(word);
                        *slot = slot::of(first.quantile_at(p, q), second.quantile_at(p, q));
                    }
                }
                ProductPairs::Independent { first, second } => {
                    let mut others = [[0; LANES]; ROWS];
                    second_stream.fill(instructions, &mut others[..rows]);
                    let words = words.as_flattened().iter().zip(others.as_flattened());
                    for (slot, (&one, &other)) in slots.iter_mut().zip(words) {
                        let [(p, q), (u, v)] = [one, other].map(level);
                        *slot = slot::of(first.quantile_at(p, q), second.quantile_at(u, v));
                    }
                }
            }
        }
    }
}
