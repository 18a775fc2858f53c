//! Initial velocities of both copies.

use crate::coupling::{Coupling, Slot};
use crate::law::Law;
use crate::random::{LANES, Lanes, Purpose, ReplicaKey, open_uniform};
use crate::simulate::marks::normal_rows;
use crate::theory::pairing::Pairing;

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
    pub fn fill<C: Coupling>(&self, coupling: C, key: ReplicaKey, slots: &mut [Slot]) {
        let particles = slots.len() - 1;
        let mut lanes = Lanes::new(key, Purpose::Initial);
        for group in slots[..particles].chunks_mut(2 * LANES) {
            let pairs = self.group(&mut lanes);
            for (slot, (first, second)) in group.iter_mut().zip(pairs) {
                *slot = coupling.slot(first, second);
            }
        }
    }

    /// Sixteen pairs from the next two or four rows.
    #[inline(always)]
    fn group(&self, lanes: &mut Lanes) -> [(f64, f64); 2 * LANES] {
        let rows = [lanes.next_row(), lanes.next_row()];
        let mut pairs = [(0.0, 0.0); 2 * LANES];
        match self {
            InitialPairs::CommonNormal { first, second } => {
                let variates = normal_rows(&rows[0], &rows[1]);
                for (pair, z) in pairs.iter_mut().zip(variates.as_flattened()) {
                    *pair = (first.0 + first.1 * z, second.0 + second.1 * z);
                }
            }
            InitialPairs::Comonotone { first, second } => {
                for (pair, &word) in pairs.iter_mut().zip(rows.as_flattened()) {
                    let uniform = open_uniform(word);
                    *pair = (first.quantile(uniform), second.quantile(uniform));
                }
            }
            InitialPairs::Independent { first, second } => {
                let more = [lanes.next_row(), lanes.next_row()];
                let words = rows.as_flattened().iter().zip(more.as_flattened());
                for (pair, (&one, &other)) in pairs.iter_mut().zip(words) {
                    *pair = (
                        first.quantile(open_uniform(one)),
                        second.quantile(open_uniform(other)),
                    );
                }
            }
        }
        pairs
    }
}
