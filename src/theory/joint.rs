//! Moments of the initial differences of two copies that are not both product laws.
//!
//! For product laws the differences Δ_i(0) are independent, and [`pairing`](super::pairing) has their moments. Else
//! E Δ_1^{a_1} ⋯ Δ_k^{a_k} follows from the moments of both copies:
//!
//! * independent copies: Σ_b ∏ C(a_i, b_i)(−1)^{b_i} · E ∏ V_i^{a_i − b_i} · E ∏ V′_i^{b_i};
//! * two spheres, on common rays: Δ is uniform on the sphere of radius √N·|σ − σ′|. That is optimal: both
//!   norms are constant, and ‖V − V′‖ ≥ |‖V‖ − ‖V′‖|.

use super::RawMoments;
use super::pairing::Pairing;
use crate::law::joint::Joint;

/// Both copies at time 0.
#[derive(Debug, Clone)]
pub(super) struct JointDifference {
    pub particles: usize,
    pub joints: [Joint; 2],
    /// Moments of the laws that both are made from.
    pub laws: [RawMoments; 2],
    /// Moments of these about their means.
    pub about_mean: [RawMoments; 2],
    pub pairing: Pairing,
}

impl JointDifference {
    /// E Δ_1^{a_1} ⋯ Δ_k^{a_k} for the partition a; 0 where it takes more particles than there are, `None` where
    /// infinite.
    pub fn moment(&self, partition: &[u32]) -> Option<f64> {
        if self.pairing == Pairing::Optimal {
            let [one, other] = self.laws.map(|law| law[2].map(f64::sqrt));
            let sd = one? - other?;
            return Joint::Sphere.moment(self.particles, partition, |_| Some(sd * sd));
        }
        let mut powers = vec![0; partition.len()];
        let mut sum = 0.0;
        loop {
            sum += self.term(partition, &powers)?;
            // The next b ≤ a, as one counts.
            let Some(place) = (0..powers.len()).find(|&i| powers[i] < partition[i]) else {
                return Some(sum);
            };
            powers[..place].fill(0);
            powers[place] += 1;
        }
    }

    /// Var ‖Δ‖²/N of the sum over particles; `None` where infinite.
    ///
    /// With Δ_i = m + δ_i, E δ_i = 0, it is Var Σ(2mδ_i + δ_i²)/N. For spheres on common rays ‖Δ‖² is constant.
    pub fn variance_of_square(&self) -> Option<f64> {
        if self.pairing == Pairing::Optimal {
            return Some(0.0);
        }
        // Only independent particles of one law can have another mean than 0.
        let is_product = self.joints.map(|joint| joint == Joint::Product);
        let about = |copy: usize| {
            if is_product[copy] {
                (self.laws[copy][1], self.about_mean[copy])
            } else {
                (Some(0.0), self.laws[copy])
            }
        };
        let [(first_mean, first), (second_mean, second)] = [about(0), about(1)];
        let centred = JointDifference {
            laws: [first, second],
            ..self.clone()
        };
        let n = self.particles as f64;
        let summed = |alone: &[u32], with_another: &[u32]| {
            Some(centred.moment(alone)? + (n - 1.0) * centred.moment(with_another)?)
        };
        let (mean, square) = (first_mean? - second_mean?, centred.moment(&[2])?);
        let squares = summed(&[4], &[2, 2])? - n * square * square;
        let linear = mean * summed(&[2], &[1, 1])? + summed(&[3], &[2, 1])?;
        Some((4.0 * mean * linear + squares).max(0.0))
    }

    fn term(&self, partition: &[u32], of_second: &[u32]) -> Option<f64> {
        let of_first: Vec<u32> = partition
            .iter()
            .zip(of_second)
            .map(|(a, b)| a - b)
            .collect();
        let [first, second] = [self.of(0, &of_first), self.of(1, of_second)];
        if [first, second].contains(&Some(0.0)) {
            return Some(0.0);
        }
        let coefficient: f64 = partition
            .iter()
            .zip(of_second)
            .map(|(&a, &b)| {
                let choose = (0..b).fold(1.0, |c, i| c * f64::from(a - i) / f64::from(i + 1));
                if b % 2 == 0 { choose } else { -choose }
            })
            .product();
        Some(coefficient * first? * second?)
    }

    /// A moment of one copy; powers may be 0.
    fn of(&self, copy: usize, powers: &[u32]) -> Option<f64> {
        let partition: Vec<u32> = powers.iter().copied().filter(|&power| power > 0).collect();
        let law = &self.laws[copy];
        self.joints[copy].moment(self.particles, &partition, |order| law[order as usize])
    }
}
