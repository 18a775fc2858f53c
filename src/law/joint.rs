//! Joint laws of the N velocities of a copy at time 0, made from a law of one.
//!
//! With X_1, …, X_N independent of that law:
//!
//! | joint | velocities | first marginal |
//! | --- | --- | --- |
//! | `product` | V_i = X_i | that of X |
//! | `mirrored-equal` | V_i = s·X_i with one random sign s | that of s·X |
//! | `mirrored-opposite` | V_i = e_i·X_i, e uniform among the sign vectors with as many + as −, N even | that of s·X |
//! | `sphere` | uniform on the sphere of radius √N·σ, where X is N(0, σ²) | of variance σ² |
//!
//! The two mirrored laws are the pair of Lemma 8, printed for two particles: symmetric, of mean 0 and with equal
//! first marginals, whatever the law of X, and unlike unless that law is even. (A random sign in front of e changes
//! nothing: −e has the law of e.)
//!
//! Claimed: all four are exchangeable, and [`Joint::moment`] is exact for every N and degree.

use super::{Discrete, Law, Level, NormalMixture, between_levels};

/// The dependence between the N velocities of a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Joint {
    /// The velocities are independent.
    Product,
    /// The velocities are independent up to one random sign that all share.
    MirroredEqual,
    /// The velocities are independent up to random signs, as many + as −.
    MirroredOpposite,
    /// The vector of velocities is uniform on a sphere.
    Sphere,
}

impl Joint {
    /// All joint laws.
    pub const ALL: [Joint; 4] = [
        Joint::Product,
        Joint::MirroredEqual,
        Joint::MirroredOpposite,
        Joint::Sphere,
    ];

    /// The name used in configs.
    pub fn name(self) -> &'static str {
        match self {
            Joint::Product => "product",
            Joint::MirroredEqual => "mirrored-equal",
            Joint::MirroredOpposite => "mirrored-opposite",
            Joint::Sphere => "sphere",
        }
    }

    /// True if N particles can have this joint law.
    pub fn is_possible_for(self, particles: usize) -> bool {
        self != Joint::MirroredOpposite || particles.is_multiple_of(2)
    }

    /// True if the joint law is chaotic: as N → ∞ any k particles, k fixed, become independent of each other, with one
    /// law.
    ///
    /// Signs drawn from N/2 of either kind are within k²/N of independent ones in total variation (Diaconis and
    /// Freedman 1980); any coordinates of a sphere of radius √N·σ tend to independent normal ones (Borel, Kac 1956). A
    /// sign that all share is shared for every N.
    pub fn is_chaotic(self) -> bool {
        self != Joint::MirroredEqual
    }

    /// The law of one particle of a joint law that is made from `law`: the law of ±X where signs are drawn. `None`
    /// where it is not one of this crate's laws.
    pub fn marginal(self, law: &Law) -> Option<Law> {
        match self {
            Joint::Product => Some(law.clone()),
            Joint::Sphere => None,
            Joint::MirroredEqual | Joint::MirroredOpposite => symmetrised(law),
        }
    }

    /// True if the joint law can be made from this law: the sphere's radius is that of centred normal velocities.
    pub fn can_be_made_from(self, law: &Law) -> bool {
        self != Joint::Sphere || (matches!(law, Law::Normal(_)) && law.mean() == 0.0)
    }

    /// E V_1^{a_1} ⋯ V_k^{a_k} of N particles for the partition a, from the moments of X; 0 where it takes more
    /// particles than there are, `None` where one that it takes is infinite.
    ///
    /// * Mirrored: the product law's moment, times E s^{Σa} (0 or 1) or E e_1 ⋯ e_j with j the number of odd a_i.
    /// * Sphere: ∏ (a_i − 1)!! · ∏_{k<m} Nσ²/(N + 2k) for even a_i with sum 2m (of a normal vector the direction
    ///   and the length are independent), otherwise 0.
    pub fn moment(
        self,
        particles: usize,
        partition: &[u32],
        of_law: impl Fn(u32) -> Option<f64>,
    ) -> Option<f64> {
        if partition.len() > particles {
            return Some(0.0);
        }
        let odd = partition.iter().filter(|&&power| power % 2 == 1).count();
        let product = || partition.iter().map(|&power| of_law(power)).product();
        let sign = match self {
            Joint::Product => return product(),
            Joint::Sphere => return on_sphere(particles, partition, of_law(2)?),
            Joint::MirroredEqual => f64::from(u8::from(odd % 2 == 0)),
            Joint::MirroredOpposite => balanced(particles, odd),
        };
        if sign == 0.0 {
            return Some(0.0);
        }
        product().map(|moment: f64| sign * moment)
    }
}

/// E e_1 ⋯ e_j for e uniform among the sign vectors of length N with as many + as −: 0 for odd j, otherwise
/// (−1)^{j/2} C(N/2, j/2)/C(N, j), the coefficient of x^j in (1 − x²)^{N/2} over the number of its terms.
fn balanced(particles: usize, count: usize) -> f64 {
    if count % 2 == 1 {
        return 0.0;
    }
    // The product over pairs of signs is ∏ −(2k + 1)/(N − 2k − 1) for k = 0, 1, …
    let n = particles as f64;
    (0..count / 2)
        .map(|k| 2.0 * k as f64 + 1.0)
        .fold(1.0, |mean, odd| -mean * odd / (n - odd))
}

fn on_sphere(particles: usize, partition: &[u32], variance: f64) -> Option<f64> {
    if partition.iter().any(|power| power % 2 == 1) {
        return Some(0.0);
    }
    let n = particles as f64;
    let half: u32 = partition.iter().sum::<u32>() / 2;
    let length = (0..half).map(|k| n * variance / (n + 2.0 * f64::from(k)));
    let direction = partition
        .iter()
        .map(|&power| super::standard_normal_moment(power));
    Some(length.chain(direction).product())
}

/// The law of ±X with a fair sign, where it is one of this crate's laws.
fn symmetrised(law: &Law) -> Option<Law> {
    let both = |values: Vec<f64>| [values.iter().map(|value| -value).collect(), values].concat();
    let twice = |values: Vec<f64>| [values.clone(), values].concat();
    let of_components = |components: Vec<(f64, f64, f64)>| {
        let part =
            |of: fn(&(f64, f64, f64)) -> f64| components.iter().map(of).collect::<Vec<f64>>();
        let weights = twice(part(|component| 0.5 * component.0));
        let means = both(part(|component| component.1));
        NormalMixture::new(weights, means, twice(part(|component| component.2)))
    };
    match law {
        Law::Normal(normal) => {
            let parts = vec![(1.0, law.mean(), normal.sd())];
            of_components(parts).ok().map(Law::NormalMixture)
        }
        Law::NormalMixture(mixture) => {
            let parts = mixture.components().collect();
            of_components(parts).ok().map(Law::NormalMixture)
        }
        Law::Uniform(_) | Law::Laplace(_) | Law::StudentT(_) => {
            (law.mean() == 0.0).then(|| law.clone())
        }
        Law::Point(_) | Law::Discrete(_) | Law::Empirical(_) => {
            let (weights, values) = atoms(law).into_iter().unzip();
            let weights = twice(weights).into_iter().map(|weight: f64| 0.5 * weight);
            Discrete::new(both(values), weights.collect())
                .ok()
                .map(Law::Discrete)
        }
    }
}

/// The probabilities and values of a law of finitely many values.
fn atoms(law: &Law) -> Vec<(f64, f64)> {
    let atom = |(probability, level): (f64, Level)| {
        (probability, law.quantile_at(level.lower, level.upper))
    };
    between_levels(law.jump_levels()).map(atom).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::law::{Empirical, Normal, Uniform};

    /// All balanced sign vectors of this length.
    fn balanced_vectors(particles: usize) -> Vec<Vec<f64>> {
        let sign = |mask: usize, i: usize| if mask >> i & 1 == 1 { 1.0 } else { -1.0 };
        (0..1usize << particles)
            .filter(|mask| 2 * mask.count_ones() as usize == particles)
            .map(|mask| (0..particles).map(|i| sign(mask, i)).collect())
            .collect()
    }

    #[test]
    fn products_of_balanced_signs_are_those_of_all_vectors() {
        for particles in [2, 4, 6, 10] {
            let vectors = balanced_vectors(particles);
            for count in 0..=particles {
                let products = vectors
                    .iter()
                    .map(|signs| signs[..count].iter().product::<f64>());
                let mean = products.sum::<f64>() / vectors.len() as f64;
                assert!((balanced(particles, count) - mean).abs() < 1e-14);
            }
        }
    }

    #[test]
    fn moments_agree_with_hand_computation() {
        let law = |order: u32| [1.0, 0.5, 2.0, -3.0, 11.0].get(order as usize).copied();
        let moment = |joint: Joint, n, partition: &[u32]| joint.moment(n, partition, law).unwrap();
        assert_eq!(moment(Joint::Product, 4, &[3, 1]), -1.5);
        assert_eq!(moment(Joint::MirroredEqual, 4, &[3, 1]), -1.5);
        assert_eq!(moment(Joint::MirroredEqual, 4, &[2, 1]), 0.0);
        assert_eq!(moment(Joint::MirroredOpposite, 4, &[3, 1]), 0.5);
        assert_eq!(moment(Joint::MirroredOpposite, 4, &[2, 2]), 4.0);
        // The moment is 3/((N−1)(N−3)) m⁴.
        assert_eq!(moment(Joint::MirroredOpposite, 4, &[1; 4]), 0.0625);
        // The moments are σ⁴N/(N+2) and 3σ⁴N/(N+2).
        assert!((moment(Joint::Sphere, 4, &[2, 2]) - 16.0 / 6.0).abs() < 1e-14);
        assert!((moment(Joint::Sphere, 4, &[4]) - 8.0).abs() < 1e-14);
        // V⁸ = σ⁸ on the sphere of one particle.
        assert!((moment(Joint::Sphere, 1, &[8]) - 16.0).abs() < 1e-13);
        assert_eq!(moment(Joint::Sphere, 1, &[2, 2]), 0.0);
        // An infinite moment matters only where it is taken.
        assert_eq!(Joint::Product.moment(2, &[5, 1], law), None);
        assert_eq!(Joint::MirroredEqual.moment(2, &[5], law), Some(0.0));
    }

    #[test]
    fn marginals_of_mirrored_laws_are_symmetric() {
        let laws: [Law; 4] = [
            Normal::new(1.0, 0.5).unwrap().into(),
            NormalMixture::new(vec![0.25, 0.75], vec![1.0, -2.0], vec![0.5, 1.0])
                .unwrap()
                .into(),
            Discrete::new(vec![1.0, 1.9], vec![0.75, 0.25])
                .unwrap()
                .into(),
            Empirical::new(vec![3.0, -1.0, 1.0, 7.0], 0.0)
                .unwrap()
                .into(),
        ];
        for law in laws {
            let marginal = Joint::MirroredOpposite.marginal(&law).unwrap();
            for x in [-7.5, -2.1, -0.3, 0.4, 1.5, 3.5] {
                // P(±X ≤ x) = ½ P(X ≤ x) + ½ P(X ≥ −x); no x is the negative of an atom.
                let expected = 0.5 * law.cdf(x) + 0.5 * (1.0 - law.cdf(-x));
                assert!((marginal.cdf(x) - expected).abs() < 1e-14, "{law:?} {x}");
            }
        }
        let uniform: Law = Uniform::new(0.0, 1.0).unwrap().into();
        assert_eq!(Joint::MirroredEqual.marginal(&uniform), None);
        assert_eq!(Joint::Product.marginal(&uniform), Some(uniform));
    }
}
