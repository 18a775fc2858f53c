//! Lemma 8: symmetric laws of mean 0 with equal first marginals need not be
//! equal.
//!
//! The witness is the printed pair at time 0: one copy mirrored-equal, the other
//! mirrored-opposite, of one law of X with E X ≠ 0. E V₁V₂ is (E X)² in the one and
//! −(E X)²/(N−1) in the other.
//!
//! Shown by measurement: m1, m2 and m4 of the copies are equal to within τ, and E V₁V₂
//! is not. Not shown by it: that all of the marginals is equal, which is how the pair
//! is made. Laws of X that have mean 0 and are not even will do too, but differ first
//! in E V₁³V₂³, which is not measured.

use super::Claim;
use super::comparison::{Comparison, forecast_together, judge_together};
use crate::estimate::error_about_exact;
use crate::experiment::{Check, Experiment};
use crate::judge::evidence::{Basis, EvidenceKind};
use crate::judge::forecast::{Forecast, Prospect};
use crate::judge::{Evidence, Judgement, Verdict};
use crate::law::joint::Joint;
use crate::measure::records::column;
use crate::theory::{Moment, System, Theory};

/// The lemma.
pub struct Lemma8;

/// Three moments of the first marginal, and one of two particles.
const COMPARED: [Moment; 4] = [Moment::M1, Moment::M2, Moment::M4, Moment::M11];

const NO_VARIANCE: &str = "a moment that it compares has an infinite variance";

/// The difference of a moment that a verdict shows.
fn basis(moment: Moment) -> Basis {
    let name = moment.name();
    let quantity = format!("difference of {name} at t = 0");
    EvidenceKind::Moments.of(quantity, format!("{name} − {name}′"))
}

/// Moments of the first copy minus those of the second at time 0, of so many replicas;
/// `None` where a variance is infinite.
fn expected(theory: &Theory, replicas: f64) -> Option<Vec<Comparison>> {
    let difference = |&moment: &Moment| {
        let [first, second] = System::ALL.map(|system| theory.moment(system, moment, 0.0));
        let deviation = |system| theory.moment_deviation(system, moment, 0.0);
        let [one, other] = System::ALL.map(deviation);
        let differs = moment == Moment::M11;
        // Marginals are equal by the making of the pair.
        let exact = if differs { first? - second? } else { 0.0 };
        Some(Comparison {
            basis: basis(moment),
            value: exact,
            // The copies are independent.
            std_error: libm::hypot(one?, other?) / replicas.sqrt(),
            exact,
            size: match moment {
                Moment::M1 => theory.second_moment(System::First, 0.0).sqrt(),
                Moment::M11 => exact.abs(),
                _ => first?,
            },
            // Both copies are of one size.
            rounding: 0.0,
            differs,
        })
    };
    COMPARED.iter().map(difference).collect()
}

/// These comparisons as measured, with the larger of the exact and the empirical error.
fn measured(evidence: Evidence) -> Option<Vec<Comparison>> {
    let measured = &evidence.findings.measured;
    let difference = |(expected, moment): (Comparison, Moment)| {
        let mean = |system| measured.mean(0, column(system, moment));
        let [(first, one), (second, other)] = System::ALL.map(mean);
        let error = expected.std_error.max(libm::hypot(one?, other?));
        let deviation = first - second - expected.exact;
        Some(Comparison {
            value: first - second,
            std_error: error_about_exact(error, deviation, measured.replicas as f64),
            ..expected
        })
    };
    let expected = expected(&evidence.findings.theory, measured.replicas as f64)?;
    expected.into_iter().zip(COMPARED).map(difference).collect()
}

impl Claim for Lemma8 {
    fn id(&self) -> &'static str {
        "lemma-8"
    }

    fn headline(&self) -> &'static str {
        "Lemma 8: equal marginals, unlike joint laws"
    }

    fn statement(&self) -> &'static str {
        "Lemma 8: there are symmetric laws of mean 0 with equal first marginals that are not equal"
    }

    fn method(&self) -> &'static str {
        "on the printed pair at t = 0 (joint = \"mirrored-equal\" against \"mirrored-opposite\" of one law): m1, m2 \
         and m4 equal within the tolerance, E V₁V₂ different; that all of the marginals is equal is how the pair is made"
    }

    fn refusal(&self, experiment: &Experiment) -> Option<String> {
        use Joint::{MirroredEqual, MirroredOpposite};
        let pair = [MirroredEqual, MirroredOpposite];
        let is_pair = experiment.joints == pair || experiment.joints == [pair[1], pair[0]];
        if !is_pair || experiment.first != experiment.second {
            return Some(
                "it is about one copy with joint = \"mirrored-equal\" and one with \"mirrored-opposite\", of one law"
                    .to_string(),
            );
        }
        let mean = experiment.first.mean();
        // Rounding of the mean of a list, say.
        (mean.abs() <= 1e-12 * experiment.first.variance().sqrt()).then(|| {
            "the law has mean 0, so that E V₁V₂, by which it tells the copies apart, is 0 in both".to_string()
        })
    }

    fn judge(&self, evidence: Evidence, check: &Check) -> Judgement {
        let Some(comparisons) = measured(evidence) else {
            return Judgement::bare(Verdict::Inconclusive, basis(Moment::M11), NO_VARIANCE);
        };
        let holds = "m1, m2 and m4 are equal within the tolerance, and m11 is not";
        let replicas = evidence.findings.measured.replicas;
        judge_together(&comparisons, replicas, check, holds)
    }

    fn forecast(&self, prospect: &Prospect, check: &Check) -> Forecast {
        match expected(prospect.theory, prospect.replicas as f64) {
            Some(comparisons) => forecast_together(&comparisons, check),
            None => Forecast::undecided(None),
        }
    }

    fn obstacle(&self, prospect: &Prospect) -> Option<String> {
        let known = expected(prospect.theory, prospect.replicas as f64).is_some();
        (!known).then(|| NO_VARIANCE.to_string())
    }

    /// Before the first collision there is no clock to be told.
    fn blind_to_clock(&self, _prospect: &Prospect, _check: &Check) -> bool {
        false
    }
}
