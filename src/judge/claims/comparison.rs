//! Some measured numbers, each against its exact value and a tolerance, judged together.

use crate::estimate::normal_half_width;
use crate::experiment::Check;
use crate::judge::evidence::Basis;
use crate::judge::forecast::{Forecast, probability};
use crate::judge::{Judgement, VOID_LEVEL, Verdict};
use crate::numerics::interval::one_sided;
use crate::numerics::trust::is_carried_in_tails;

/// Deviations up to this part of the size can be rounding of exact errors that are roots of
/// differences of squares.
const LOST: f64 = 1e-6;

/// A measured number.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// The measured number, and the kind of evidence that it is.
    pub basis: Basis,
    /// Its value; before sampling, the exact one.
    pub value: f64,
    /// Its standard error.
    pub std_error: f64,
    /// Its exact value.
    pub exact: f64,
    /// The size that errors are compared with; 0 of what is 0 for certain.
    pub size: f64,
    /// The error that rounding of velocities can make.
    pub rounding: f64,
    /// Whether it is to be shown different from 0, else to be within τ of its exact value.
    pub differs: bool,
}

impl Comparison {
    /// The distance from the end of an interval of so many standard errors to the place that it
    /// must not pass; negative beyond it.
    fn room(&self, tolerance: f64, half_width: f64) -> f64 {
        let room = if self.differs {
            self.value * self.exact.signum()
        } else {
            self.most(tolerance) - (self.value - self.exact).abs()
        };
        room - half_width * self.std_error
    }

    /// The largest distance from its exact value at which it counts as equal to it: τ of its size,
    /// but for rounding.
    fn most(&self, tolerance: f64) -> f64 {
        match self.size {
            0.0 => self.rounding,
            size => tolerance * size - self.rounding,
        }
    }

    /// Whether it is where it is to be, with such an interval. What is not a number is not known.
    fn is_known(&self, tolerance: f64, half_width: f64) -> bool {
        self.room(tolerance, half_width) >= 0.0
    }

    /// Whether an average over many replicas is farther from its exact value than these and rounding
    /// can put it.
    fn contradicts(&self, half_width: f64) -> bool {
        let trusted =
            is_carried_in_tails(self.std_error + self.rounding, self.size) || self.size == 0.0;
        let most = half_width * self.std_error + LOST * self.size + self.rounding;
        trusted && (self.value - self.exact).abs() > most
    }

    /// Before sampling.
    fn expected(&self) -> Comparison {
        Comparison {
            value: self.exact,
            ..self.clone()
        }
    }
}

/// Half-widths of so many intervals that hold all at once with the confidence.
fn half_width(confidence: f64, count: usize) -> f64 {
    normal_half_width(1.0 - (1.0 - confidence) / count as f64)
}

/// VOID if one contradicts its exact value, HOLDS if all are where they are to be, for
/// the reason given; the one that matters most is shown, in a draw the last.
///
/// # Panics
///
/// If there is none.
pub fn judge_together(
    comparisons: &[Comparison],
    replicas: u64,
    check: &Check,
    holds: &str,
) -> Judgement {
    let half = half_width(check.confidence, comparisons.len());
    let void = half_width(1.0 - VOID_LEVEL, comparisons.len());
    let wrong = comparisons.iter().find(|at| at.contradicts(void));
    let room = |at: &Comparison| at.room(check.tolerance, half) / at.size;
    let undecided = comparisons
        .iter()
        .filter(|at| !at.is_known(check.tolerance, half))
        .min_by(|a, b| room(a).total_cmp(&room(b)));
    let (verdict, shown, reason) = match (wrong, undecided) {
        (Some(at), _) => (
            Verdict::Void,
            at,
            format!(
                "the {} contradicts its exact value {}: the program is at fault",
                at.basis.quantity, at.exact
            ),
        ),
        (None, Some(at)) if at.differs => (
            Verdict::Inconclusive,
            at,
            format!("the interval of the {} contains 0", at.basis.quantity),
        ),
        (None, Some(at)) => (
            Verdict::Inconclusive,
            at,
            format!(
                "the {} is not yet known to within the tolerance",
                at.basis.quantity
            ),
        ),
        (None, None) => {
            let last = comparisons.last().expect("there are comparisons");
            (Verdict::Holds, last, holds.to_string())
        }
    };
    let likely = one_sided(0.05 / comparisons.len() as f64);
    let factor = |at: &Comparison| match at.expected().room(check.tolerance, 0.0) {
        room if room > 0.0 => (half + likely) * at.std_error / room,
        _ if at.is_known(check.tolerance, half) => 0.0,
        // Rounding, which no replicas make up for.
        _ => f64::INFINITY,
    };
    let factor = comparisons.iter().map(factor).fold(0.0, f64::max);
    let reach = half * shown.std_error;
    Judgement {
        estimate: Some(shown.value),
        std_error: Some(shown.std_error),
        interval: Some((shown.value - reach, shown.value + reach)),
        exact: Some(shown.exact),
        replicas_needed: (verdict == Verdict::Inconclusive && factor.is_finite())
            .then(|| (replicas as f64 * factor * factor).ceil() as u64),
        ..Judgement::bare(verdict, shown.basis.clone(), reason)
    }
}

/// The probabilities of the verdicts of [`judge_together`]; the comparisons have their exact values
/// and errors.
pub fn forecast_together(comparisons: &[Comparison], check: &Check) -> Forecast {
    let half = half_width(check.confidence, comparisons.len());
    let fails = comparisons.iter().map(|at| {
        let reach = half * at.std_error;
        let most = at.most(check.tolerance) - reach;
        match at.differs {
            // Known before sampling, or never.
            _ if at.std_error == 0.0 => f64::from(!at.expected().is_known(check.tolerance, half)),
            true => 1.0 - probability(at.exact.abs(), at.std_error, reach, f64::INFINITY),
            false => 1.0 - probability(0.0, at.std_error, -most, most),
        }
    });
    Forecast {
        // At least, whatever the correlations.
        holds: (1.0 - fails.sum::<f64>()).max(0.0),
        void: VOID_LEVEL,
        ..Forecast::undecided(comparisons.last().map(|at| half * at.std_error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::Expectation;
    use crate::judge::evidence::EvidenceKind;

    /// Some numbers with one standard error of a tenth of a percent of their size, one of
    /// which is off by this many of them.
    fn judged(count: usize, off: f64, tolerance: f64) -> Verdict {
        let comparison = |index: usize| Comparison {
            basis: EvidenceKind::Moments.of("", ""),
            value: 2.0 + 0.002 * if index == 0 { off } else { 0.0 },
            std_error: 0.002,
            exact: 2.0,
            size: 2.0,
            rounding: 0.0,
            differs: false,
        };
        let check = Check {
            claim: String::new(),
            expect: Expectation::Holds,
            tolerance,
            confidence: 0.99,
        };
        let comparisons: Vec<Comparison> = (0..count).map(comparison).collect();
        judge_together(&comparisons, 1000, &check, "").verdict
    }

    /// Two-sided quantiles of the normal law, from a table: of 1 %, of 1 %/4, of 2·10⁻⁷ and
    /// of 5·10⁻⁸.
    const OF_ONE: f64 = 2.575_829;
    const OF_FOUR: f64 = 3.023_341;
    const VOID_OF_ONE: f64 = 5.199_338;
    const VOID_OF_FOUR: f64 = 5.451_310;

    #[test]
    fn numbers_hold_together_up_to_the_tolerance() {
        for (count, half) in [(1, OF_ONE), (4, OF_FOUR)] {
            for off in [0.0, 1.5] {
                // In standard errors, a thousandth of the size each.
                let edge = 1e-3 * (off + half);
                assert_eq!(judged(count, off, edge * (1.0 + 1e-5)), Verdict::Holds);
                assert_eq!(
                    judged(count, off, edge * (1.0 - 1e-5)),
                    Verdict::Inconclusive
                );
            }
        }
    }

    #[test]
    fn a_contradiction_is_as_rare_however_many_numbers_there_are() {
        for (count, half) in [(1, VOID_OF_ONE), (4, VOID_OF_FOUR)] {
            // The error that rounding can make is a thousandth of a standard error.
            let edge = half + 1e-3;
            assert_eq!(judged(count, edge * (1.0 + 1e-5), 0.9), Verdict::Void);
            assert_eq!(judged(count, edge * (1.0 - 1e-5), 0.9), Verdict::Holds);
        }
    }
}
