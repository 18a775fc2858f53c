//! Lemma 11: W₂ between products is √N times W₂ between their factors.
//!
//! Exact, without sampling, where W₂ can be computed in ℝ^N: for normal laws and for
//! few values of equal probabilities. What is computed there knows nothing of the
//! factors' comonotone coupling; its lower limit comes from Kantorovich's dual.

use super::Claim;
use crate::estimate::UNIT;
use crate::experiment::{Check, Experiment};
use crate::judge::evidence::{Basis, EvidenceKind};
use crate::judge::forecast::{Forecast, Prospect};
use crate::judge::{Evidence, Judgement, Verdict};
use crate::law::Law;
use crate::law::joint::Joint;
use crate::theory::Theory;
use crate::theory::products::{ProductDistance, obstacle, product_distance};

/// The lemma.
pub struct Lemma11;

/// The largest relative difference between two squared distances that are equal but for rounding.
const EQUAL: f64 = 1e-9;

const NOT_PRODUCTS: &str = "it is about product initial laws";
const EQUAL_LAWS: &str = "the initial laws are equal: both sides are 0, which shows nothing";

/// The squared distance that a verdict shows.
fn basis() -> Basis {
    EvidenceKind::Exact.of("W2 squared of the products, per particle", "W2²")
}

/// W₂² of the factors, or the reason why the lemma shows nothing.
fn factors(theory: &Theory) -> Result<f64, &'static str> {
    match theory.initial_w2() {
        None => Err(NOT_PRODUCTS),
        Some(0.0) => Err(EQUAL_LAWS),
        Some(distance) => Ok(distance),
    }
}

/// The verdict on W₂² of the products, of which the lemma knows the value; `size` is √E V² + √E V′².
/// Rounding of velocities changes W₂ by no more than theirs, and that of probabilities changes its square.
fn compare(products: ProductDistance, factors: f64, size: f64) -> Judgement {
    let root = factors.sqrt();
    let equal = |square: f64| {
        (square.sqrt() - root).abs() <= 0.5 * EQUAL * root + UNIT * size
            || (square - factors).abs() <= products.rounding
    };
    let (verdict, reason) = if equal(products.lower) && equal(products.upper) {
        (
            Verdict::Holds,
            "computed in N dimensions, it is that of the factors to within 1e-9",
        )
    } else {
        (
            Verdict::Void,
            "computed in N dimensions, it is not that of the factors: the program is at fault",
        )
    };
    Judgement {
        estimate: Some(products.upper),
        interval: Some((products.lower, products.upper)),
        printed: Some(factors),
        exact: Some(factors),
        ..Judgement::bare(verdict, basis(), reason)
    }
}

impl Claim for Lemma11 {
    fn id(&self) -> &'static str {
        "lemma-11"
    }

    fn headline(&self) -> &'static str {
        "Lemma 11: W₂ of products = √N W₂ of factors"
    }

    fn statement(&self) -> &'static str {
        "Lemma 11: W₂ of the products f^{⊗N} and h^{⊗N} is √N times W₂(f, h)"
    }

    fn method(&self) -> &'static str {
        "without sampling, to 1e-9 whatever the tolerance: W₂ in N dimensions by the trace formula for normal laws, by \
         an assignment of all points for few values of equal probabilities"
    }

    fn refusal(&self, experiment: &Experiment) -> Option<String> {
        (experiment.joints != [Joint::Product; 2]).then(|| NOT_PRODUCTS.to_string())
    }

    fn judge(&self, evidence: Evidence, _check: &Check) -> Judgement {
        let factors = match factors(&evidence.findings.theory) {
            Ok(factors) => factors,
            Err(why) => return Judgement::bare(Verdict::Inconclusive, basis(), why),
        };
        let Experiment { first, second, .. } = evidence.experiment;
        let size = |law: &Law| libm::hypot(law.mean(), law.variance().sqrt());
        match product_distance(first, second, evidence.findings.particles) {
            Ok(distance) => compare(distance, factors, size(first) + size(second)),
            Err(why) => Judgement::bare(Verdict::Inconclusive, basis(), why),
        }
    }

    fn forecast(&self, prospect: &Prospect, _check: &Check) -> Forecast {
        // Nothing is left to chance.
        let holds = if self.obstacle(prospect).is_none() {
            1.0
        } else {
            0.0
        };
        Forecast {
            holds,
            ..Forecast::undecided(None)
        }
    }

    fn obstacle(&self, prospect: &Prospect) -> Option<String> {
        if let Err(why) = factors(prospect.theory) {
            return Some(why.to_string());
        }
        let Experiment { first, second, .. } = prospect.experiment;
        obstacle(first, second, prospect.particles).map(str::to_string)
    }

    /// Before the first collision there is no clock to be told.
    fn blind_to_clock(&self, _prospect: &Prospect, _check: &Check) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coupling_that_is_not_optimal_is_noticed() {
        let verdict = |lower, upper| {
            let products = ProductDistance {
                lower,
                upper,
                rounding: 0.0,
            };
            compare(products, 2.5, 3.0).verdict
        };
        assert_eq!(verdict(2.5, 2.5 + 1e-12), Verdict::Holds);
        // A worse assignment, without and with the right prices.
        assert_eq!(verdict(2.6, 2.6), Verdict::Void);
        assert_eq!(verdict(2.5, 2.5 + 1e-6), Verdict::Void);
    }

    /// W₂ is 10⁻⁸ between laws of size 1, of which rounding of velocities can take 7·10⁻⁷.
    #[test]
    fn rounding_of_velocities_is_no_contradiction() {
        let verdict = |share: f64| {
            let square = 1e-16 * (1.0 + share) * (1.0 + share);
            let products = ProductDistance {
                lower: square,
                upper: square,
                rounding: 0.0,
            };
            compare(products, 1e-16, 2.0).verdict
        };
        assert_eq!(verdict(1e-7), Verdict::Holds);
        assert_eq!(verdict(-1e-7), Verdict::Holds);
        assert_eq!(verdict(1e-5), Verdict::Void);
    }
}
