//! Decay rates with exact weights and two standard errors.
//!
//! X is a quantity with E X(t) = e^{−r*t} E X(0) for which M = e^{r*t}X is a
//! martingale. Its increments are uncorrelated, with each other and with X(0),
//! so the best linear estimate of the rate weights each step of time by the
//! exact variance of its increment, and the variance of X(0) drops out. With
//! y_k = log(X̄_k/X̄_0), R replicas and the unconditional moments
//!
//! ```text
//! q_k = (E M_k² − E M_{k−1}²)/(E X(0))²,  w_k = Δt_k/q_k,  I = Σ Δt_k²/q_k
//! r̂   = −(1/I) Σ w_k (Δy_k + ½Δlog(1 + v_k/R)),     standard error 1/√(RI)
//! ```
//!
//! with v_k = E M_k²/(E X(0))² − 1, the relative variance of X(t_k). The second
//! term removes the bias of the logarithm; to first order in 1/R it is the
//! T/(2RI) of textbooks, but it saturates. Steps that end where v_k/R exceeds
//! 0.01 ([`is_carried_by_many`]) are left out: there the mean is carried by a few replicas,
//! and no error bar is right. Which ones is known before sampling.

use crate::experiment::MOST_REPLICAS;
use crate::measure::tally::Covariances;
use thiserror::Error;

use crate::numerics::trust::is_carried_by_many;

/// A decay rate measured over replicas.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateEstimate {
    /// r̂, per unit of time.
    pub rate: f64,
    /// 1/√(R·I), known before anything is simulated.
    pub exact_std_error: f64,
    /// From the spread of the replicas.
    pub empirical_std_error: f64,
}

impl RateEstimate {
    /// The larger of the two standard errors: late in a run, or with few
    /// replicas, the empirical one misses the rare replicas that carry the mean.
    pub fn std_error(&self) -> f64 {
        self.exact_std_error.max(self.empirical_std_error)
    }
}

/// The reason why there is no rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NoRate {
    /// E X(0) = 0.
    #[error("the quantity is 0 from the start")]
    StartsAtZero,
    /// Infinite variance.
    #[error("its variance is infinite or not known, so there is no interval")]
    NoVariance,
    /// Larger than a double holds.
    #[error("its second moment overflows within the run; shorten the run")]
    Overflow,
    /// The rate is 0.
    #[error("nothing changes it, so it has no rate to measure")]
    Frozen,
    /// Increments of the martingale below rounding.
    #[error(
        "its random changes within the run are no larger than rounding, so no error bar is known"
    )]
    Drowned,
    /// N = 1.
    #[error("not applicable at N = 1, where there are no pair collisions")]
    OneParticle,
    /// Few replicas carry the mean at all times after 0, whatever their number.
    #[error(
        "its mean at the first record time after 0 is carried by too few replicas, whatever their number; record earlier times"
    )]
    OutOfReach,
    /// No root, or a mean that is not positive.
    #[error("too few replicas: the means determine no rate")]
    Undetermined,
}

/// Whether any number of replicas would carry a mean of this relative variance.
fn can_be_carried(variance: f64) -> bool {
    is_carried_by_many(variance / MOST_REPLICAS as f64)
}

/// The weights of the steps of time, which are known before sampling.
#[derive(Debug, Clone, PartialEq)]
pub struct RateWeights {
    times: Vec<f64>,
    exact_rate: f64,
    initial_mean: f64,
    /// v_k = relative variance of X(t_k).
    variances: Vec<f64>,
    /// w_k = Δt_k/q_k for k = 1..K.
    weights: Vec<f64>,
    /// I = ΣΔt_k²/q_k.
    information: f64,
    replicas: u64,
}

impl RateWeights {
    /// Weights for R replicas from the exact rate r*, E X(0) and the relative variances v_k =
    /// Var M(t_k)/(E X(0))² at all record times t_0 < … < t_K.
    ///
    /// # Errors
    ///
    /// Where there can be no estimate, why.
    pub fn new(
        times: &[f64],
        exact_rate: f64,
        initial_mean: f64,
        relative_variances: &[Option<f64>],
        replicas: u64,
    ) -> Result<Self, NoRate> {
        if initial_mean == 0.0 {
            return Err(NoRate::StartsAtZero);
        }
        let variances: Option<Vec<f64>> = relative_variances.iter().copied().collect();
        let variances = variances.ok_or(NoRate::NoVariance)?;
        let q: Vec<f64> = variances.windows(2).map(|v| v[1] - v[0]).collect();
        let usable = variances
            .iter()
            .take_while(|&&v| is_carried_by_many(v / replicas as f64));
        let steps = match usable.count() {
            _ if !variances[0].is_finite() => return Err(NoRate::Overflow),
            0 | 1 if variances[..2].iter().any(|&v| !can_be_carried(v)) => {
                return Err(NoRate::OutOfReach);
            }
            0 | 1 => return Err(NoRate::Undetermined),
            usable => usable - 1,
        };
        let (times, q) = (&times[..=steps], &q[..steps]);
        // Increments of pure rounding mean that M is constant.
        let floor = 1e-14 * (1.0 + variances[0]);
        if exact_rate == 0.0 {
            return Err(NoRate::Frozen);
        }
        if q.iter().any(|&q| q <= floor) {
            return Err(NoRate::Drowned);
        }
        let steps = times.windows(2).map(|t| t[1] - t[0]);
        let weights: Vec<f64> = steps.clone().zip(q).map(|(step, q)| step / q).collect();
        let information = steps
            .zip(&weights)
            .map(|(step, weight)| step * weight)
            .sum();
        Ok(RateWeights {
            times: times.to_vec(),
            exact_rate,
            initial_mean,
            variances: variances[..times.len()].to_vec(),
            weights,
            information,
            replicas,
        })
    }

    /// 1/√(R·I): the standard error that the estimate will have.
    pub fn exact_std_error(&self) -> f64 {
        1.0 / (self.replicas as f64 * self.information).sqrt()
    }

    /// v/R at the last time in use, where it is largest.
    pub fn relative_variance(&self) -> f64 {
        let last = self.variances.last().expect("there are two times");
        last / self.replicas as f64
    }

    /// The rate of a positive quantity from its means.
    fn log_rate(&self, means: &[f64]) -> Result<f64, NoRate> {
        if means.iter().any(|&mean| mean <= 0.0 || !mean.is_finite()) {
            return Err(NoRate::Undetermined);
        }
        let unbiased: Vec<f64> = (means.iter().zip(&self.variances))
            .map(|(x, v)| libm::log(*x) + 0.5 * libm::log1p(v / self.replicas as f64))
            .collect();
        let sum: f64 = (unbiased.windows(2).zip(&self.weights))
            .map(|(y, weight)| weight * (y[1] - y[0]))
            .sum();
        Ok(-sum / self.information)
    }

    /// Coefficients a_k of Σ w_k (e^{rt_k}X_k − e^{rt_{k−1}}X_{k−1}) = Σ a_k X_k.
    fn coefficients(&self, rate: f64) -> Vec<f64> {
        let last = self.weights.len();
        (0..=last)
            .map(|k| {
                let before = if k == 0 { 0.0 } else { self.weights[k - 1] };
                let after = if k == last { 0.0 } else { self.weights[k] };
                (before - after) * libm::exp(rate * self.times[k])
            })
            .collect()
    }

    /// The root of Σ w_k (e^{rt_k}X̄_k − e^{rt_{k−1}}X̄_{k−1}) = 0 near the exact
    /// rate, by Newton's method.
    fn signed_rate(&self, means: &[f64]) -> Result<f64, NoRate> {
        let mut rate = self.exact_rate;
        for _ in 0..100 {
            let terms: Vec<f64> = (self.coefficients(rate).iter().zip(means))
                .map(|(a, x)| a * x)
                .collect();
            let value: f64 = terms.iter().sum();
            let slope: f64 = terms
                .iter()
                .zip(&self.times)
                .map(|(term, t)| term * t)
                .sum();
            let step = value / slope;
            rate -= step;
            let typical = self.exact_rate + self.exact_std_error();
            if !rate.is_finite() || rate.abs() > 1e3 * typical {
                return Err(NoRate::Undetermined);
            }
            // Far below any standard error, and above rounding; of a quantity that has not changed the rate is 0.
            // A step within the rounding of the terms counts as none.
            let size: f64 = terms.iter().map(|term| term.abs()).sum();
            let rounding = 8.0 * f64::EPSILON * size / slope.abs();
            if step.abs() <= rounding + 1e-11 * rate.abs().max(self.exact_rate) {
                return Ok(rate);
            }
        }
        Err(NoRate::Undetermined)
    }

    /// The estimate from the means and covariances over time of a variable x
    /// with X = `scale`·x + `shift`; `positive` says that X cannot change sign.
    ///
    /// # Errors
    ///
    /// Fewer than two replicas, or means that determine no rate.
    pub fn estimate(
        &self,
        tally: &Covariances,
        scale: f64,
        shift: f64,
        positive: bool,
    ) -> Result<RateEstimate, NoRate> {
        let used = tally.mean().iter().take(self.times.len());
        let means: Vec<f64> = used.map(|x| scale * x + shift).collect();
        let rate = if positive {
            self.log_rate(&means)?
        } else {
            self.signed_rate(&means)?
        };
        let variance = tally
            .variance_of(&self.coefficients(rate))
            .ok_or(NoRate::Undetermined)?;
        let empirical_std_error = scale.abs() * (variance / self.replicas as f64).sqrt()
            / (self.information * self.initial_mean.abs());
        Ok(RateEstimate {
            rate,
            exact_std_error: self.exact_std_error(),
            empirical_std_error,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Weights for q_k = Δt_k: a martingale whose relative variance is t.
    fn weights(rate: f64, replicas: u64) -> RateWeights {
        let times: Vec<f64> = (0..=20).map(|k| f64::from(k) * 0.1).collect();
        let variances: Vec<Option<f64>> = times.iter().map(|&t| Some(t)).collect();
        RateWeights::new(&times, rate, 2.0, &variances, replicas).unwrap()
    }

    #[test]
    fn noiseless_decay_gives_its_rate() {
        let weights = weights(0.7, 1000);
        assert!((weights.information - 2.0).abs() < 1e-12);
        for truth in [0.7, 0.69, 1.4] {
            let mut line = [[0.0; 8]; 3];
            for (k, x) in line.as_flattened_mut()[..21].iter_mut().enumerate() {
                *x = (2.0 * libm::exp(-truth * 0.1 * k as f64) + 1.0) / 3.0;
            }
            let nothing = [[0.0; 8]; 15];
            let tally = Covariances::about(21, &line, &nothing[..3], &nothing);
            let signed = weights.estimate(&tally, 3.0, -1.0, false).unwrap();
            assert!((signed.rate - truth).abs() < 1e-10);
            assert!(signed.empirical_std_error < 1e-12);
            let positive = weights.estimate(&tally, 3.0, -1.0, true).unwrap();
            // Noise-free means have no bias, so the correction shows:
            // ½ log(1 + T/R)/I with T = I = 2.
            let correction = 0.25 * libm::log1p(0.002);
            assert!((positive.rate - (truth - correction)).abs() < 1e-10);
        }
    }

    #[test]
    fn steps_carried_by_few_replicas_are_left_out() {
        // v(t) = t: with 100 replicas t ≤ 1 is used, with 5 nothing is.
        let weights = weights(0.7, 100);
        assert_eq!(weights.times.len(), 11);
        assert!((weights.information - 1.0).abs() < 1e-12);
        let times = [0.0, 0.1];
        let none = RateWeights::new(&times, 0.7, 2.0, &[Some(0.0), Some(0.1)], 5);
        assert_eq!(none, Err(NoRate::Undetermined));
    }

    #[test]
    fn reasons_for_no_rate() {
        let times = [0.0, 1.0];
        let new =
            |mean, variances: &[Option<f64>]| RateWeights::new(&times, 0.5, mean, variances, 1000);
        assert_eq!(new(0.0, &[Some(0.0), Some(1.0)]), Err(NoRate::StartsAtZero));
        assert_eq!(new(1.0, &[Some(0.0), None]), Err(NoRate::NoVariance));
        assert_eq!(new(1.0, &[Some(0.0), Some(1e-14)]), Err(NoRate::Drowned));
        assert!(new(1.0, &[Some(0.0), Some(1e-13)]).is_ok());
        assert_eq!(
            new(1.0, &[Some(0.0), Some(98.0)]),
            Err(NoRate::Undetermined)
        );
        assert_eq!(new(1.0, &[Some(0.0), Some(1e15)]), Err(NoRate::OutOfReach));
        let still = RateWeights::new(&times, 0.0, 1.0, &[Some(0.0), Some(1.0)], 1000);
        assert_eq!(still, Err(NoRate::Frozen));
        assert_eq!(new(1.0, &[Some(f64::INFINITY); 2]), Err(NoRate::Overflow));
    }
}
