//! ‖Δ(t)‖² of the two copies: its mean, its relative variance and its kurtosis.

use super::hierarchy::first_row_of_two;
use super::{Theory, moment_of};
use crate::model::Rates;
use crate::model::coupling::{CouplingKind, Rematch};
use crate::model::quantity::System;
use crate::theory::pairing::DifferenceMoments;

impl Theory {
    /// E‖Δ(t)‖²; `None` under the aligned coupling and with rematching, where there is no closed form.
    ///
    /// Synchronous copies: e^{−βt/2} E‖Δ(0)‖² (the equality in Theorem 6's proof). Independent copies: N(E(V_1 − V′_1)²
    /// of independent velocities − 2e^{−2(κ+β)t} Cov(V_1(0), V′_1(0))), since each velocity has mean e^{−(κ+β)t}V_i(0)
    /// given its start.
    pub fn discrepancy_mean(&self, time: f64) -> Option<f64> {
        if self.rematch != Rematch::Never {
            return None;
        }
        match self.coupling {
            CouplingKind::Synchronous => {
                let decay = libm::exp(-0.5 * self.rates.bath * time);
                Some(self.count() * self.difference().second * decay)
            }
            CouplingKind::Aligned => None,
            CouplingKind::Independent => {
                let [first, second] = System::ALL.map(|copy| self.variance(copy, time));
                let apart = self.first_moment(System::First, time)
                    - self.first_moment(System::Second, time);
                let decay = libm::exp(-2.0 * (self.rates.pair + self.rates.bath) * time);
                let shared = 2.0 * decay * self.initial_covariance();
                Some(self.count() * (first + second + apart * apart - shared))
            }
        }
    }

    /// d_2 e^{−βt/2}: E‖Δ(t)‖²/N under the synchronous coupling from this start without rematching (Theorem 6's proof).
    pub fn synchronous_discrepancy(&self, time: f64) -> f64 {
        self.difference().second * libm::exp(-0.5 * self.rates.bath * time)
    }

    /// An upper bound on W₂,N²/N of the joint laws, and so on W₂² of the first marginals, for every simulated coupling:
    /// W₂,N²(0)/N · e^{−βt/2}, which is [`Theory::synchronous_discrepancy`] from an optimal start, where W₂,N(0) is
    /// known; else [`Theory::synchronous_discrepancy`] from this start.
    pub fn contraction_bound(&self, time: f64) -> f64 {
        let from_here = self.synchronous_discrepancy(time);
        let optimal = self
            .initial_w2()
            .map(|w2| w2 * libm::exp(-0.5 * self.rates.bath * time));
        optimal.map_or(from_here, |optimal| optimal.min(from_here))
    }

    /// v(t) = Var M(t) / (E M)²: the relative variance of ‖Δ(t)‖² under the
    /// synchronous coupling, exactly. `None` where infinite or 0/0, under another
    /// coupling, and with rematching.
    pub fn discrepancy_relative_variance(&self, time: f64) -> Option<f64> {
        self.is_of_theorem_6()
            .then(|| self.synchronous_relative_variance(time))?
    }

    /// The relative variance v that S = ‖Δ(t)‖² has under the synchronous coupling without rematching, for copies of
    /// any coupling and rematching. `None` where infinite or 0/0.
    ///
    /// With a = E ΣΔ_i⁴/(E S)² and p = κ/(N−1):
    ///
    /// ```text
    /// d/dt v = (3/8)β a
    /// d/dt a = (3/4)p (1 + v) + (3β/8 − κ/4 − 3p/4) a
    /// ```
    ///
    /// from v = Var Δ_1²/(N·d2²) for product laws, and a = d4/(N·d2²).
    pub fn synchronous_relative_variance(&self, time: f64) -> Option<f64> {
        let variance = self.synchronous_variance(time)?;
        (self.difference().second != 0.0 && variance.is_finite()).then_some(variance)
    }

    /// The relative variance v of [`Theory::synchronous_relative_variance`], which may have overflowed.
    pub(super) fn synchronous_variance(&self, time: f64) -> Option<f64> {
        self.variance_from(&self.difference(), time)
    }

    /// v(t) from the moments of the initial difference; `None` where they are infinite.
    fn variance_from(&self, difference: &DifferenceMoments, time: f64) -> Option<f64> {
        let scale = 1.0 / (self.count() * difference.second * difference.second);
        let start = scale * difference.variance_of_square?;
        let fourth = scale * difference.fourth?;
        let Rates { pair, bath } = self.rates;
        let p = self.rate_of_one_pair();
        let own = 0.375 * bath - (0.25 * pair + 0.75 * p);
        let [growth, from_fourth] = first_row_of_two([0.375 * bath, 0.75 * p, own], time);
        // Between constants this is a difference of numbers that are equal but for rounding.
        Some((start + growth * (1.0 + start) + from_fourth * fourth).max(0.0))
    }

    /// The relative variance of ‖Δ(t)‖² under the synchronous coupling from an optimal start; it does not depend on the
    /// pairing, coupling and rematching of the copies. The two laws differ by Δ₀ = Q_f(u) − Q_h(u); a sample that lacks
    /// the large values of Δ₀ shows laws nearer to each other than they are, however it was drawn. The value is 0 for
    /// equal laws. Where the copies are not both product laws, it is the largest of two: the value from the copies' own
    /// start; and the value from optimally paired draws of their first marginals (or of the laws that these are made
    /// from), where they differ. `None` where infinite.
    pub fn optimal_relative_variance(&self, time: f64) -> Option<f64> {
        if self.joint_difference.is_some() {
            let own = self.synchronous_relative_variance(time)?;
            let apart = self.draws.of_marginals(self.joints);
            if apart.second == 0.0 {
                return Some(own);
            }
            let variance = self.variance_from(apart, time)?;
            return variance.is_finite().then(|| variance.max(own));
        }
        if self.draws.optimal().second == 0.0 {
            return Some(0.0);
        }
        let variance = self.variance_from(self.draws.optimal(), time)?;
        variance.is_finite().then_some(variance)
    }

    /// E (S − E S)⁴/(Var S)² of S = ‖Δ(t)‖² under the synchronous coupling, the
    /// kurtosis; `None` where infinite, 0/0 or lost to cancellation.
    pub fn discrepancy_kurtosis(&self, time: f64) -> Option<f64> {
        let variance = self.discrepancy_relative_variance(time)?;
        let (_, fourth) = self.central_discrepancy(time)?;
        let kurtosis = fourth / (variance * variance);
        (kurtosis >= 1.0 && kurtosis.is_finite()).then_some(kurtosis)
    }

    /// The relative standard error of the relative variance of ‖Δ(t)‖² over so many
    /// replicas, s²/S̄², to first order (the delta method): with v = Var S/(E S)², the
    /// kurtosis k and c₃ = E (S/E S − 1)³
    ///
    /// ```text
    /// √((k − (R−3)/(R−1) − 4c₃/v + 4v)/R)
    /// ```
    ///
    /// `None` where the kurtosis is `None`.
    pub fn discrepancy_relative_variance_error(&self, time: f64, replicas: f64) -> Option<f64> {
        let variance = self.discrepancy_relative_variance(time)?;
        let (third, fourth) = self.central_discrepancy(time)?;
        let kurtosis = fourth / (variance * variance);
        let of_variance = kurtosis - (replicas - 3.0) / (replicas - 1.0);
        let square = (of_variance - 4.0 * third / variance + 4.0 * variance) / replicas;
        let known = kurtosis >= 1.0 && square.is_normal() && square > 0.0;
        (replicas > 1.0 && known).then(|| square.sqrt())
    }

    /// E (S/E S − 1)^k, k = 3 and 4, of S = ‖Δ(t)‖² under the synchronous coupling;
    /// `None` where infinite, 0/0 or lost to cancellation.
    fn central_discrepancy(&self, time: f64) -> Option<(f64, f64)> {
        // E S⁴ is known to some 10⁻¹⁵ for each collision of a particle, and the fourth moment that is left of it is of
        // order v².
        let collisions = (self.rates.pair + self.rates.bath) * time;
        let variance = self.discrepancy_relative_variance(time)?;
        if variance * variance < 2e-13 * collisions.max(5.0) {
            return None;
        }
        let [sixth, eighth] = self.higher_difference();
        let moments = [
            1.0,
            self.difference().second,
            self.difference().fourth?,
            sixth?,
            eighth?,
        ];
        let system = &self.difference_system;
        let start = match &self.joint_difference {
            None => system.product(|order| moments[order as usize / 2]),
            // All these moments are finite where the eighth is.
            Some(difference) => {
                system.start(|partition| difference.moment(partition).unwrap_or(f64::NAN))
            }
        };
        let moments = system.at(&start, time);
        let at = |partition: &[u32]| moment_of(system, &moments, partition);
        let n = self.count();
        let (two, three) = (n - 1.0, (n - 1.0) * (n - 2.0));
        let mean = at(&[2]);
        // E S^k/N, divided by powers of N E Δ² as soon as can be.
        let second = (at(&[4]) + two * at(&[2, 2])) / (n * mean * mean);
        let third = (at(&[6]) + 3.0 * two * at(&[4, 2]) + three * at(&[2, 2, 2]))
            / (n * n * mean * mean * mean);
        let fourth = (at(&[8])
            + two * (4.0 * at(&[6, 2]) + 3.0 * at(&[4, 4]))
            + three * (6.0 * at(&[4, 2, 2]) + (n - 3.0) * at(&[2, 2, 2, 2])))
            / (n * n * n * mean * mean * mean * mean);
        let central = fourth - 4.0 * third + 6.0 * second - 3.0;
        Some((third - 3.0 * second + 2.0, central))
    }

    /// True if ‖Δ‖² has a finite variance at all times.
    pub fn has_finite_spread(&self) -> bool {
        match self.coupling {
            CouplingKind::Synchronous | CouplingKind::Aligned => self.difference().fourth.is_some(),
            CouplingKind::Independent => System::ALL
                .into_iter()
                .all(|copy| self.has_fourth_moment(copy)),
        }
    }
}
