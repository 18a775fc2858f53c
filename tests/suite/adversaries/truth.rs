//! Rigorous bounds of W₂² of the first marginals, M, without a sample.

use crate::adversaries::generate::Adversary;
use kac_coupling::law::{Law, Point};
use kac_coupling::theory::sizes::Sizes;
use kac_coupling::theory::{Moment, System, Theory};

/// Bounds of M at a time: M is at least `least` and at most `most`.
pub struct Bounds {
    pub least: f64,
    pub most: f64,
}

/// The truth about one adversary.
pub struct Truth<'a> {
    pub adversary: &'a Adversary,
    theory: &'a Theory,
    initial: f64,
    sizes: [Sizes; 2],
}

impl<'a> Truth<'a> {
    pub fn new(adversary: &'a Adversary, theory: &'a Theory) -> Truth<'a> {
        let experiment = &adversary.experiment;
        let at_zero: Law = Point::new(0.0).unwrap().into();
        let laws = [&experiment.first, &experiment.second];
        Truth {
            adversary,
            theory,
            initial: (adversary.marginal_w2)
                .unwrap_or_else(|| experiment.initial_w2().expect("of product laws")),
            sizes: laws.map(|law| Sizes::of_difference(law, &at_zero)),
        }
    }

    /// W₂² of the first marginals at time 0.
    pub fn initial(&self) -> f64 {
        self.initial
    }

    /// e^{−μt} W₂²(0).
    pub fn printed(&self, time: f64) -> f64 {
        (-self.adversary.experiment.mu * time).exp() * self.initial
    }

    pub fn bounds(&self, time: f64) -> Bounds {
        // The synchronous coupling bounds the joint laws, and so the marginals.
        let most = self.theory.contraction_bound(time);
        // Velocities of both copies are then equal up to the factor, at all times.
        if let Some(factor) = self.adversary.factor {
            let second = self.theory.second_moment(System::First, time);
            let exact = (1.0 - factor) * (1.0 - factor) * second;
            return Bounds {
                least: exact,
                most: exact,
            };
        }
        if time == 0.0 {
            return Bounds {
                least: self.initial,
                most: self.initial,
            };
        }
        let rare = self.by_rare_velocities(time, System::First, System::Second);
        let other = self.by_rare_velocities(time, System::Second, System::First);
        let gelbrich = self.theory.gelbrich_squared(time);
        Bounds {
            least: gelbrich.max(rare).max(other),
            most,
        }
    }

    /// A bound on M from velocities that are rare in one copy.
    ///
    /// v ↦ (|v| − a)₊ moves no two velocities apart, so W₂ is at least the difference of the roots of E(|V| − a)₊² of
    /// both copies. For one copy this is at least the part of the particles that have not collided, e^{−(κ+β)t}
    /// E(|V(0)| − a)₊²; for the other it is at most E U⁴/(16a²), since (x − a)² ≤ x⁴/(16a²).
    fn by_rare_velocities(&self, time: f64, rare: System, other: System) -> f64 {
        let Some(fourth) = self.theory.moment(other, Moment::M4, time) else {
            return 0.0;
        };
        let rates = self.theory.rates();
        let uncollided = (-(rates.pair + rates.bath) * time).exp();
        let sizes = &self.sizes[rare as usize];
        let bound = |a: f64| {
            let rare = uncollided * sizes.beyond(a).clipped(a);
            let other = fourth / (16.0 * a * a);
            let root = rare.sqrt() - other.sqrt();
            root.max(0.0) * root.max(0.0)
        };
        let unit = sizes.square().sqrt();
        let places = (-20..60).map(|k| unit * (f64::from(k) * 0.25).exp());
        // The bound is lowered by the error of sizes.
        0.97 * places.map(bound).fold(0.0, f64::max)
    }
}
