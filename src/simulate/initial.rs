//! Initial velocities of both copies.

use crate::coupling::{Coupling, Slot};
use crate::law::Law;
use crate::random::{LANES, Lanes, Purpose, ReplicaKey, Row, level};
use crate::simulate::marks::normal_rows;
use crate::theory::pairing::Pairing;
use crate::vector::{Instructions, vectorised};

/// Particles whose words are drawn together, two rows.
const TOGETHER: usize = 2 * LANES;

/// Draws N independent particles, each with a pair (V(0), V′(0)) of velocities.
#[derive(Debug, Clone)]
pub enum InitialPairs {
    /// Two normal laws, comonotone: the same standard normal variate for both.
    CommonNormal {
        /// (mean, standard deviation) of V(0).
        first: (f64, f64),
        /// (mean, standard deviation) of V′(0).
        second: (f64, f64),
    },
    /// One uniform variate through both quantile functions: comonotone.
    Comonotone {
        /// Law of V(0).
        first: Law,
        /// Law of V′(0).
        second: Law,
    },
    /// A uniform variate for each.
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
        match (pairing, first, second) {
            (Pairing::Optimal, Law::Normal(f), Law::Normal(h)) => InitialPairs::CommonNormal {
                first: (first.mean(), f.sd()),
                second: (second.mean(), h.sd()),
            },
            (Pairing::Optimal, ..) => InitialPairs::Comonotone {
                first: first.clone(),
                second: second.clone(),
            },
            (Pairing::Independent, ..) => InitialPairs::Independent {
                first: first.clone(),
                second: second.clone(),
            },
        }
    }

    /// Fill the first N of the N + 1 slots.
    ///
    /// Words come in chunks: two rows for thirty-two particles, and as many again
    /// for the second copies where they are independent.
    pub fn fill<C: Coupling>(&self, coupling: C, key: ReplicaKey, slots: &mut [Slot]) {
        let particles = slots.len() - 1;
        let instructions = Instructions::best();
        let mut lanes = Lanes::new(instructions, key, Purpose::Initial, 0);
        let mut one = [[0; LANES]; 2];
        let mut other = one;
        let mut variates = [[0.0; LANES]; 2];
        for slots in slots[..particles].chunks_mut(TOGETHER) {
            lanes.fill(instructions, &mut one);
            let words = one.as_flattened();
            match self {
                InitialPairs::CommonNormal { first, second } => {
                    draw_normal(instructions, &one, &mut variates);
                    for (slot, z) in slots.iter_mut().zip(variates.as_flattened()) {
                        *slot = coupling.slot(first.0 + first.1 * z, second.0 + second.1 * z);
                    }
                }
                InitialPairs::Comonotone { first, second } => {
                    for (slot, &word) in slots.iter_mut().zip(words) {
                        let (p, q) = level(word);
                        *slot = coupling.slot(first.quantile_at(p, q), second.quantile_at(p, q));
                    }
                }
                InitialPairs::Independent { first, second } => {
                    lanes.fill(instructions, &mut other);
                    let others = other.as_flattened();
                    for (slot, (&one, &other)) in slots.iter_mut().zip(words.iter().zip(others)) {
                        let [(p, q), (u, v)] = [one, other].map(level);
                        *slot = coupling.slot(first.quantile_at(p, q), second.quantile_at(u, v));
                    }
                }
            }
        }
    }
}

vectorised! {
    /// Standard normal variates.
    fn draw_normal(rows: &[Row; 2], variates: &mut [[f64; LANES]; 2]) {
        *variates = normal_rows(&rows[0], &rows[1]);
    }
}
