//! Lemma 11: W₂ between products is √N times W₂ between their factors.
//!
//! Exact, without sampling, where W₂ can be computed in ℝ^N: for normal laws and for
//! few values of equal probabilities. What is computed there knows nothing of the
//! factors' comonotone coupling; its lower limit comes from Kantorovich's dual.

use super::Claim;
use crate::experiment::{Check, Experiment};
use crate::judge::forecast::{Forecast, Prospect};
use crate::judge::{Evidence, Judgement, Verdict};
use crate::law::joint::Joint;
use crate::theory::products::{ProductDistance, obstacle, product_distance};

/// The lemma.
pub struct Lemma11;

/// How nearly equal two numbers are that are equal but for rounding.
const ROUNDING: f64 = 1e-9;

const QUANTITY: &str = "W2 squared of the products, per particle";
const EQUAL_LAWS: &str = "the initial laws are equal: both sides are 0, which shows nothing";

/// The verdict on W₂² of the products, of which the lemma knows the value.
fn compare(products: ProductDistance, factors: f64) -> Judgement {
    let equal = |value: f64| (value - factors).abs() <= ROUNDING * factors;
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
        ..Judgement::bare(verdict, QUANTITY, reason)
    }
}

impl Claim for Lemma11 {
    fn id(&self) -> &'static str {
        "lemma-11"
    }

    fn statement(&self) -> &'static str {
        "Lemma 11: W₂ of the products f^{⊗N} and h^{⊗N} is √N times W₂(f, h)"
    }

    fn method(&self) -> &'static str {
        "without sampling, to 1e-9 whatever the tolerance: W₂ in N dimensions by the trace formula for normal laws, by \
         an assignment of all points for few values of equal probabilities"
    }

    fn refusal(&self, experiment: &Experiment) -> Option<String> {
        (experiment.joints != [Joint::Product; 2])
            .then(|| "it is about product initial laws".to_string())
    }

    fn judge(&self, evidence: Evidence, _check: &Check) -> Judgement {
        if evidence.initial_w2 == 0.0 {
            return Judgement::bare(Verdict::Inconclusive, QUANTITY, EQUAL_LAWS);
        }
        let Experiment { first, second, .. } = evidence.experiment;
        match product_distance(first, second, evidence.findings.particles) {
            Ok(distance) => compare(distance, evidence.initial_w2),
            Err(why) => Judgement::bare(Verdict::Inconclusive, QUANTITY, why),
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
        if prospect.initial_w2 == 0.0 {
            return Some(EQUAL_LAWS.to_string());
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
        let verdict = |lower, upper| compare(ProductDistance { lower, upper }, 2.5).verdict;
        assert_eq!(verdict(2.5, 2.5 + 1e-12), Verdict::Holds);
        // A worse assignment, without and with the right prices.
        assert_eq!(verdict(2.6, 2.6), Verdict::Void);
        assert_eq!(verdict(2.5, 2.5 + 1e-6), Verdict::Void);
    }
}
