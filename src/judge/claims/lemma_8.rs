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
use crate::estimate::normal_half_width;
use crate::experiment::{Check, Experiment};
use crate::judge::forecast::{Forecast, Prospect, probability};
use crate::judge::{Evidence, Judgement, VOID_LEVEL, Verdict};
use crate::law::joint::Joint;
use crate::observe::column;
use crate::special::normal_quantile;
use crate::theory::{Moment, System, Theory};

/// The lemma.
pub struct Lemma8;

/// Three moments of the first marginal, and one of two particles.
const COMPARED: [Moment; 4] = [Moment::M1, Moment::M2, Moment::M4, Moment::M11];

/// Relative standard errors up to this are those of averages over many replicas, far in
/// their tails too.
const TRUSTED: f64 = 0.01;

const NO_VARIANCE: &str = "a moment that it compares has an infinite variance";

/// A moment of the first copy minus that of the second, at time 0.
#[derive(Debug, Clone, Copy)]
struct Difference {
    moment: Moment,
    value: f64,
    std_error: f64,
    exact: f64,
    /// What errors are compared with.
    size: f64,
}

impl Difference {
    /// How far the end of an interval of so many standard errors is from where it must
    /// not be: the edge of the tolerance, or 0 for the one that is to differ.
    fn room(&self, tolerance: f64, half_width: f64) -> f64 {
        let room = match self.moment {
            Moment::M11 => self.value * self.exact.signum(),
            _ => tolerance * self.size - self.value.abs(),
        };
        room - half_width * self.std_error
    }

    fn contradicts(&self, half_width: f64) -> bool {
        self.std_error <= TRUSTED * self.size
            && (self.value - self.exact).abs() > half_width * self.std_error
    }
}

/// Half-widths of intervals that hold all at once with the confidence.
fn half_width(confidence: f64) -> f64 {
    normal_half_width(1.0 - (1.0 - confidence) / COMPARED.len() as f64)
}

/// What the differences of so many replicas are like; `None` where a variance is
/// infinite.
fn expected(theory: &Theory, replicas: f64) -> Option<Vec<Difference>> {
    let difference = |&moment: &Moment| {
        let of = |system| theory.moment(system, moment, 0.0);
        let [first, second] = System::ALL.map(of);
        let deviation = |system| theory.moment_deviation(system, moment, 0.0);
        let [one, other] = System::ALL.map(deviation);
        let exact = match moment {
            Moment::M11 => first? - second?,
            // By the making of the pair.
            _ => 0.0,
        };
        Some(Difference {
            moment,
            value: exact,
            // The copies are independent.
            std_error: libm::hypot(one?, other?) / replicas.sqrt(),
            exact,
            size: match moment {
                Moment::M1 => theory.second_moment(System::First, 0.0).sqrt(),
                Moment::M11 => exact.abs(),
                _ => first?,
            },
        })
    };
    COMPARED.iter().map(difference).collect()
}

/// What was measured: with the larger of the exact and the empirical error.
fn measured(evidence: Evidence) -> Option<Vec<Difference>> {
    let findings = evidence.findings;
    let replicas = findings.measured.replicas as f64;
    let difference = |expected: Difference| {
        let mean = |system| findings.measured.mean(0, column(system, expected.moment));
        let [(first, one), (second, other)] = System::ALL.map(mean);
        Some(Difference {
            value: first - second,
            std_error: expected.std_error.max(libm::hypot(one?, other?)),
            ..expected
        })
    };
    let expected = expected(&findings.theory, replicas)?;
    expected.into_iter().map(difference).collect()
}

impl Claim for Lemma8 {
    fn id(&self) -> &'static str {
        "lemma-8"
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
        let quantity = "difference of m11 at t = 0";
        let Some(differences) = measured(evidence) else {
            return Judgement::bare(Verdict::Inconclusive, quantity, NO_VARIANCE);
        };
        let half = half_width(check.confidence);
        let wrong = half_width(1.0 - VOID_LEVEL);
        let wrong = differences.iter().find(|at| at.contradicts(wrong));
        let room = |at: &&Difference| at.room(check.tolerance, half);
        let undecided = differences
            .iter()
            .filter(|at| !(room(at) >= 0.0))
            .min_by(|a, b| (room(a) / a.size).total_cmp(&(room(b) / b.size)));
        let (verdict, reason) = match (wrong, undecided) {
            (Some(at), _) => (
                Verdict::Void,
                format!(
                    "the difference of {} contradicts its exact value {}: the program is at fault",
                    at.moment.name(),
                    at.exact
                ),
            ),
            (None, Some(at)) => (
                Verdict::Inconclusive,
                match at.moment {
                    Moment::M11 => "the interval of the difference of m11 contains 0".to_string(),
                    _ => format!(
                        "the difference of {} is not yet known to be within the tolerance",
                        at.moment.name()
                    ),
                },
            ),
            (None, None) => (
                Verdict::Holds,
                "m1, m2 and m4 are equal within the tolerance, and m11 is not".to_string(),
            ),
        };
        let shown = wrong.or(undecided).unwrap_or(&differences[3]);
        let replicas = evidence.findings.measured.replicas as f64;
        let missed = 0.05 / COMPARED.len() as f64;
        let likely = -normal_quantile(missed, 1.0 - missed);
        let factor = |at: &Difference| {
            let exact = Difference {
                value: at.exact,
                ..*at
            };
            (half + likely) * at.std_error / exact.room(check.tolerance, 0.0)
        };
        let factor = differences.iter().map(factor).fold(0.0, f64::max);
        Judgement {
            verdict,
            quantity: format!("difference of {} at t = 0", shown.moment.name()),
            estimate: Some(shown.value),
            std_error: Some(shown.std_error),
            interval: Some((
                shown.value - half * shown.std_error,
                shown.value + half * shown.std_error,
            )),
            printed: None,
            exact: Some(shown.exact),
            replicas_needed: (verdict == Verdict::Inconclusive)
                .then(|| (replicas * factor * factor).ceil() as u64),
            reason,
        }
    }

    fn forecast(&self, prospect: &Prospect, check: &Check) -> Forecast {
        let Some(differences) = expected(prospect.theory, prospect.replicas as f64) else {
            return Forecast::undecided(None);
        };
        let half = half_width(check.confidence);
        let fails = differences.iter().map(|at| {
            let reach = half * at.std_error;
            1.0 - match at.moment {
                Moment::M11 => probability(at.exact.abs(), at.std_error, reach, f64::INFINITY),
                _ => {
                    let most = check.tolerance * at.size - reach;
                    probability(0.0, at.std_error, -most, most)
                }
            }
        });
        Forecast {
            // At least, whatever the correlations.
            holds: (1.0 - fails.sum::<f64>()).max(0.0),
            void: VOID_LEVEL,
            ..Forecast::undecided(Some(half * differences[3].std_error))
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
