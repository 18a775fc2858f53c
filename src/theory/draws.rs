//! The laws of a run, their differences, and the sizes of what is drawn from them.

use super::System;
use super::pairing::{DifferenceMoments, Pairing, difference_moments, higher_difference_moments};
use super::sizes::Sizes;
use crate::law::joint::Joint;
use crate::law::{Law, Point};
use std::sync::OnceLock;

/// The laws of a run, and the quantities that follow from them alone; these are computed when they are first asked for.
#[derive(Debug)]
pub struct Draws {
    laws: [Law; 2],
    bath: Law,
    pairing: Pairing,
    optimal: OnceLock<DifferenceMoments>,
    difference: OnceLock<DifferenceMoments>,
    higher_difference: OnceLock<[Option<f64>; 2]>,
    of_marginals: OnceLock<DifferenceMoments>,
    difference_sizes: OnceLock<Sizes>,
    copies: [OnceLock<Sizes>; 2],
    about_zero: [OnceLock<Sizes>; 2],
    of_bath: OnceLock<Sizes>,
}

impl Draws {
    /// The laws f and h of one velocity of either copy, the law g of the bath, and the pairing of initial velocities.
    pub fn new(laws: [Law; 2], bath: Law, pairing: Pairing) -> Draws {
        Draws {
            laws,
            bath,
            pairing,
            optimal: OnceLock::new(),
            difference: OnceLock::new(),
            higher_difference: OnceLock::new(),
            of_marginals: OnceLock::new(),
            difference_sizes: OnceLock::new(),
            copies: Default::default(),
            about_zero: Default::default(),
            of_bath: OnceLock::new(),
        }
    }

    /// Computes the quantities of closed forms, and also sizes where limits of W₂ need them, so that later calls take
    /// no time.
    pub(crate) fn make(&self, sizes: bool) {
        self.difference();
        self.higher_difference();
        self.optimal();
        if sizes {
            self.difference_sizes();
            self.bath_sizes();
            for copy in System::ALL {
                self.about_zero(copy);
            }
        }
    }

    /// The laws f and h.
    pub(super) fn laws(&self) -> &[Law; 2] {
        &self.laws
    }

    /// The law g.
    pub(super) fn bath(&self) -> &Law {
        &self.bath
    }

    /// d₂ and d₄ of an optimally paired initial difference Δ₀; d₂ is W₂² by Lemma 11.
    pub(super) fn optimal(&self) -> &DifferenceMoments {
        let [first, second] = &self.laws;
        (self.optimal).get_or_init(|| difference_moments(first, second, Pairing::Optimal))
    }

    /// d₂ and d₄ of the initial difference.
    pub(super) fn difference(&self) -> &DifferenceMoments {
        let [first, second] = &self.laws;
        match self.pairing {
            Pairing::Optimal => self.optimal(),
            pairing => (self.difference).get_or_init(|| difference_moments(first, second, pairing)),
        }
    }

    /// d₆ and d₈ of the initial difference.
    pub(super) fn higher_difference(&self) -> [Option<f64>; 2] {
        let [first, second] = &self.laws;
        *(self.higher_difference)
            .get_or_init(|| higher_difference_moments(first, second, self.pairing))
    }

    /// d₂ and d₄ of optimally paired draws from the first marginals of these joint laws, which must be the same at each
    /// call. Where a marginal is no law of this crate, the laws that the joint laws are made from take its place.
    pub(super) fn of_marginals(&self, joints: [Joint; 2]) -> &DifferenceMoments {
        self.of_marginals.get_or_init(|| {
            let marginals = [0, 1].map(|copy| joints[copy].marginal(&self.laws[copy]));
            match marginals {
                [Some(one), Some(other)] => difference_moments(&one, &other, Pairing::Optimal),
                _ => *self.optimal(),
            }
        })
    }

    /// Sizes of an optimally paired Δ₀.
    pub(super) fn difference_sizes(&self) -> &Sizes {
        let [first, second] = &self.laws;
        (self.difference_sizes).get_or_init(|| Sizes::of_difference(first, second))
    }

    /// Sizes of V about a centre, which must be the same at each call for a copy.
    pub(super) fn about(&self, copy: System, centre: f64) -> &Sizes {
        self.copies[copy as usize].get_or_init(|| sizes_about(&self.laws[copy as usize], centre))
    }

    /// Sizes of V about 0.
    pub(super) fn about_zero(&self, copy: System) -> &Sizes {
        self.about_zero[copy as usize].get_or_init(|| sizes_about(&self.laws[copy as usize], 0.0))
    }

    /// Sizes of bath velocities.
    pub(super) fn bath_sizes(&self) -> &Sizes {
        self.of_bath.get_or_init(|| sizes_about(&self.bath, 0.0))
    }

    /// True if E |w|^order is finite.
    pub(super) fn has_bath_moment(&self, order: u32) -> bool {
        f64::from(order) * self.bath.tail_exponent() < 1.0
    }
}

fn sizes_about(law: &Law, centre: f64) -> Sizes {
    let centre = Point::new(centre).expect("a centre between accepted velocities");
    Sizes::of_difference(law, &Law::Point(centre))
}
