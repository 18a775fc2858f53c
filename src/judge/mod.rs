//! Verdicts: the only place that says HOLDS.
//!
//! A claim is tested *as printed*, in λ and μ, on the clock that the config
//! chooses. What the process of that clock really does is known in closed form,
//! and a refutation counts only if the measurement agrees with it: otherwise a
//! wrong program would pass wherever a refutation is expected. A verdict is
//! about the data of its experiment.

pub mod calibration;
pub mod claims;
pub mod evidence;
pub mod forecast;
pub mod self_check;

use crate::estimate::rate::RateEstimate;
use crate::estimate::{Findings, normal_half_width};
use crate::experiment::{Check, Expectation, Experiment, MOST_REPLICAS};
use crate::model::Clock;
use crate::numerics::interval::one_sided;
use crate::numerics::trust::{LARGEST_RELATIVE_ERROR, largest_relative_error};
use crate::table;
use claims::Claim;
use evidence::{Basis, EvidenceKind};
use self_check::SelfCheckRow;
use serde::Serialize;

/// The verdict of the evidence on a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING-KEBAB-CASE")]
pub enum Verdict {
    /// True within the tolerance, at the confidence asked for.
    Holds,
    /// False beyond the tolerance, and the measurement agrees with theory.
    Refuted,
    /// Not enough data to say.
    Inconclusive,
    /// The measurement contradicts what is exactly known: the program is wrong.
    Void,
    /// The claim says nothing about this N or these data.
    NotApplicable,
}

impl Verdict {
    /// All verdicts.
    pub const ALL: [Verdict; 5] = [
        Verdict::Holds,
        Verdict::Refuted,
        Verdict::Inconclusive,
        Verdict::Void,
        Verdict::NotApplicable,
    ];

    /// The word used in tables.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Holds => "HOLDS",
            Verdict::Refuted => "REFUTED",
            Verdict::Inconclusive => "INCONCLUSIVE",
            Verdict::Void => "VOID",
            Verdict::NotApplicable => "NOT-APPLICABLE",
        }
    }
}

/// A verdict on one claim at one N, with the numbers behind it.
#[derive(Debug, Clone)]
pub struct Judgement {
    /// The verdict of the evidence.
    pub verdict: Verdict,
    /// The quantity that was measured, and the kind of evidence that it is.
    pub basis: Basis,
    /// Its value.
    pub estimate: Option<f64>,
    /// Its standard error.
    pub std_error: Option<f64>,
    /// Its interval at the check's confidence.
    pub interval: Option<(f64, f64)>,
    /// The printed value or bound.
    pub printed: Option<f64>,
    /// The exact value on this clock.
    pub exact: Option<f64>,
    /// Replicas that would decide with probability 0.9, where more would.
    pub replicas_needed: Option<u64>,
    /// The verdict in words.
    pub reason: String,
}

impl Judgement {
    /// A verdict without numbers.
    fn bare(verdict: Verdict, basis: Basis, reason: impl Into<String>) -> Self {
        Judgement {
            verdict,
            basis,
            estimate: None,
            std_error: None,
            interval: None,
            printed: None,
            exact: None,
            replicas_needed: None,
            reason: reason.into(),
        }
    }
}

impl Judgement {
    /// The verdict of a claim on data that it has no rule for: nothing is decided.
    fn without_rule() -> Self {
        let basis = EvidenceKind::Exact.of("nothing", "");
        let reason = "the claim has no rule for these data";
        Judgement::bare(Verdict::Inconclusive, basis, reason)
    }
}

/// The evidence that a claim is judged on, for one N.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// The experiment.
    pub experiment: &'a Experiment,
    /// The measurements and the closed forms.
    pub findings: &'a Findings,
    /// The checks that the program makes of itself.
    pub self_checks: &'a [SelfCheckRow],
}

table! {
    /// Verdicts on claims, with the numbers behind them.
    #[file("verdicts.csv")]
    #[one_row_per("`[[check]]` and N")]
    #[written("by runs with a `[[check]]`")]
    pub struct VerdictRow {
        /// Id of the claim.
        #[unit("-")]
        pub claim: String,
        /// The clock that the claim was judged on.
        #[unit("-")]
        pub clock: Clock,
        /// Number of particles N.
        #[unit("-")]
        #[empty("the verdict is on the whole sweep over N")]
        pub particles: Option<usize>,
        /// The verdict that the config expects: `holds` or `refuted`.
        #[unit("-")]
        pub expect: &'static str,
        /// The verdict: HOLDS, REFUTED, INCONCLUSIVE, VOID or NOT-APPLICABLE.
        #[unit("-")]
        pub verdict: &'static str,
        /// The measured quantity in words.
        #[unit("-")]
        pub quantity: String,
        /// The measured value.
        #[unit("of the quantity")]
        #[empty("nothing was measured, or a self-check has failed")]
        #[infinite("the value has overflowed")]
        pub estimate: Option<f64>,
        /// Standard error of `estimate`.
        #[unit("of the quantity")]
        #[empty("there is no estimate, or it has no standard error")]
        #[infinite("the value has overflowed")]
        pub std_error: Option<f64>,
        /// Level of the interval.
        #[unit("-")]
        pub confidence: f64,
        /// Lower end of the interval of `estimate`.
        #[unit("of the quantity")]
        #[empty("there is no interval")]
        #[infinite("the interval has no lower end")]
        pub ci_low: Option<f64>,
        /// Upper end of the interval of `estimate`.
        #[unit("of the quantity")]
        #[empty("there is no interval")]
        #[infinite("the interval has no upper end")]
        pub ci_high: Option<f64>,
        /// The tolerance τ, relative to the printed value.
        #[unit("-")]
        pub tolerance: f64,
        /// The printed value or bound.
        #[unit("of the quantity")]
        #[empty("the verdict rests on no printed number")]
        #[infinite("the value has overflowed")]
        pub printed: Option<f64>,
        /// The exact value on this clock.
        #[unit("of the quantity")]
        #[empty("it is not known")]
        #[infinite("the value has overflowed")]
        pub exact: Option<f64>,
        /// Number of replicas simulated, of all N that the verdict is about.
        #[unit("-")]
        pub replicas: u64,
        /// Number of replicas that would decide with probability 0.9.
        #[unit("-")]
        #[empty("more replicas would not help, or a run cannot have so many")]
        pub replicas_needed: Option<u64>,
        /// The kind of evidence that the verdict rests on: `exact`, `rate`, `moments`, `steady-state`, `batches`,
        /// `bracket`, `mechanism` or `self-check`.
        #[unit("-")]
        #[earlier("unknown")]
        pub evidence: &'static str,
        /// The verdict in words.
        #[unit("-")]
        pub reason: String,
        #[not_in_file(String::new())]
        /// A short name of the quantity.
        pub symbol: String,
        #[not_in_file(Outcome::of_names(verdict, expect))]
        /// How the verdict stands to the expectation.
        pub outcome: Outcome,
        #[not_in_file(0)]
        /// The index of the check in its config.
        pub check: usize,
    }
}

impl VerdictRow {
    /// The data that the verdict is about, in words: one N or all.
    pub fn sizes(&self) -> String {
        match self.particles {
            Some(particles) => format!("N = {particles}"),
            None => "all N".to_string(),
        }
    }
}

/// The relation of a verdict to the one that was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// As expected, or not applicable.
    AsExpected,
    /// Undecided.
    Undecided,
    /// Another verdict than expected, or a void one.
    Against,
}

impl Outcome {
    fn of(verdict: Verdict, expect: Expectation) -> Self {
        match (verdict, expect) {
            (Verdict::NotApplicable, _)
            | (Verdict::Holds, Expectation::Holds)
            | (Verdict::Refuted, Expectation::Refuted) => Outcome::AsExpected,
            (Verdict::Inconclusive, _) => Outcome::Undecided,
            _ => Outcome::Against,
        }
    }

    /// The relation of a verdict to an expectation, by the names of both; an unknown name is not as
    /// expected.
    fn of_names(verdict: &str, expect: &str) -> Self {
        let verdict = Verdict::ALL
            .into_iter()
            .find(|known| known.name() == verdict);
        let expect = Expectation::ALL
            .into_iter()
            .find(|known| known.name() == expect);
        match verdict.zip(expect) {
            Some((verdict, expect)) => Outcome::of(verdict, expect),
            None => Outcome::Against,
        }
    }
}

/// Judge one check on one N.
pub fn judge(check: &Check, claim: &dyn Claim, evidence: Evidence) -> VerdictRow {
    let judgement = failed_self_check(evidence).unwrap_or_else(|| claim.judge(evidence, check));
    VerdictRow {
        particles: Some(evidence.findings.particles),
        ..row(check, &[evidence], judgement)
    }
}

/// Judge one check on all N of a sweep; `None` of no N.
pub fn judge_sweep(check: &Check, claim: &dyn Claim, sizes: &[Evidence]) -> Option<VerdictRow> {
    let failed = sizes
        .iter()
        .find_map(|&evidence| failed_self_check(evidence));
    let judgement = failed.unwrap_or_else(|| claim.judge_sweep(sizes, check));
    (!sizes.is_empty()).then(|| row(check, sizes, judgement))
}

/// The row of a verdict on all these N, of which there is one at least.
fn row(check: &Check, sizes: &[Evidence], judgement: Judgement) -> VerdictRow {
    let experiment = sizes[0].experiment;
    let Judgement {
        verdict,
        basis,
        estimate,
        std_error,
        interval,
        printed,
        exact,
        replicas_needed,
        mut reason,
    } = judgement;
    if !experiment.bath.has_density() {
        reason.push_str("; the bath has no density, which is outside the paper's hypotheses");
    }
    VerdictRow {
        claim: check.claim.clone(),
        clock: experiment.clock,
        particles: None,
        expect: check.expect.name(),
        verdict: verdict.name(),
        quantity: basis.quantity,
        estimate,
        std_error,
        confidence: check.confidence,
        ci_low: interval.map(|interval| interval.0),
        ci_high: interval.map(|interval| interval.1),
        tolerance: check.tolerance,
        printed,
        exact,
        replicas: sizes
            .iter()
            .map(|evidence| evidence.findings.measured.replicas)
            .sum(),
        replicas_needed: replicas_needed.filter(|&needed| needed <= MOST_REPLICAS),
        evidence: basis.evidence.name(),
        reason,
        symbol: basis.symbol,
        outcome: Outcome::of(verdict, check.expect),
        check: 0,
    }
}

/// A program that fails a check of itself proves nothing.
fn failed_self_check(evidence: Evidence) -> Option<Judgement> {
    let failed = evidence.self_checks.iter().find(|row| !row.passed)?;
    Some(Judgement::bare(
        Verdict::Void,
        EvidenceKind::SelfCheck.of(format!("self-check {}", failed.self_check), "self-check"),
        failed.to_string(),
    ))
}

/// The probability, for both signs together, below which a deviation from an exact value is taken
/// as a fault of the program.
const VOID_LEVEL: f64 = 2e-7;

fn void_half_width() -> f64 {
    normal_half_width(1.0 - VOID_LEVEL)
}

/// An estimate to be held against a printed value.
#[derive(Debug, Clone, Copy)]
struct Measurement {
    value: f64,
    std_error: f64,
    interval: (f64, f64),
    confidence: f64,
    replicas: u64,
}

impl Measurement {
    /// A decay rate with the larger of its two standard errors.
    fn of_rate(estimate: RateEstimate, replicas: u64, confidence: f64) -> Self {
        Measurement::new(estimate.rate, estimate.std_error(), replicas, confidence)
    }

    fn new(value: f64, std_error: f64, replicas: u64, confidence: f64) -> Self {
        let half = normal_half_width(confidence) * std_error;
        Measurement {
            value,
            std_error,
            interval: (value - half, value + half),
            confidence,
            replicas,
        }
    }

    fn half_width(&self) -> f64 {
        0.5 * (self.interval.1 - self.interval.0)
    }

    fn meets(&self, exact: f64) -> bool {
        self.interval.0 <= exact && exact <= self.interval.1
    }

    /// Whether enough happened for the estimate to be nearly normal far in its tails.
    fn is_carried_by_many(&self, exact: f64) -> bool {
        self.std_error <= LARGEST_RELATIVE_ERROR * exact.abs()
    }

    /// Whether it is nearly normal as far out as its interval reaches.
    fn is_nearly_normal(&self, exact: f64) -> bool {
        self.std_error <= largest_relative_error(self.confidence) * exact.abs()
    }

    /// Replicas for [`Measurement::is_nearly_normal`], about.
    fn replicas_to_be_nearly_normal(&self, exact: f64) -> Option<u64> {
        let ratio = self.std_error / (largest_relative_error(self.confidence) * exact.abs());
        (!self.is_nearly_normal(exact))
            .then(|| (self.replicas as f64 * ratio * ratio).ceil() as u64)
    }

    /// Whether the measurement contradicts an exact value: farther from it than
    /// chance would put it with the probability [`VOID_LEVEL`]. A true verdict must not be lost
    /// to the level of its own interval, which can be as low as ½.
    fn contradicts(&self, exact: f64) -> bool {
        self.is_carried_by_many(exact)
            && (self.value - exact).abs() > void_half_width() * self.std_error
    }

    /// A remark where the interval misses the exact value and that may be chance.
    fn surprise(&self, exact: f64) -> String {
        if self.meets(exact) {
            return String::new();
        }
        let often = (1.0 / (1.0 - self.confidence)).round();
        format!(
            "; the interval does not contain the exact value {exact}, which happens once in {often} times"
        )
    }

    /// Replicas for which, if the truth is `exact`, the interval clears `room`
    /// with probability 0.9; `quantile` is that of the ways it can fail.
    fn replicas_to_clear(&self, room: f64, quantile: f64) -> Option<u64> {
        if room <= 0.0 || self.std_error == 0.0 {
            return None;
        }
        let widths = self.half_width() / self.std_error + quantile;
        let ratio = widths * self.std_error / room;
        Some((self.replicas as f64 * ratio * ratio).ceil() as u64)
    }
}

/// The verdict on "the value is `printed`", an equivalence test: VOID if the
/// measurement contradicts the exact value; else HOLDS if the interval lies
/// inside (1 ± τ)·printed, REFUTED if it lies outside and meets the exact value
/// with a half-width of at most τ·exact.
fn judge_equality(
    basis: Basis,
    measurement: Measurement,
    printed: f64,
    exact: f64,
    tolerance: f64,
) -> Judgement {
    let (low, high) = measurement.interval;
    let band = ((1.0 - tolerance) * printed, (1.0 + tolerance) * printed);
    let inside = band.0 <= low && high <= band.1;
    // Then holding is true, and its level does not matter.
    let is_near = band.0 <= exact && exact <= band.1;
    let outside = high < band.0 || band.1 < low;
    let precise = measurement.half_width() <= tolerance * exact.abs();
    let (verdict, reason) = if measurement.contradicts(exact) {
        let reason = format!(
            "the measurement contradicts the exact value {exact} of this clock: the program is at fault"
        );
        (Verdict::Void, reason)
    } else if inside && !is_near && !measurement.is_nearly_normal(exact) {
        let reason = "the interval lies within the tolerance of the printed value, but too few collisions made the rate for its level to be known";
        (Verdict::Inconclusive, reason.to_string())
    } else if inside {
        let reason = "the interval lies within the tolerance of the printed value";
        (
            Verdict::Holds,
            reason.to_string() + &measurement.surprise(exact),
        )
    } else if outside && precise && measurement.meets(exact) {
        let reason =
            "the interval excludes the printed value and meets the exact one of this clock";
        (Verdict::Refuted, reason.to_string())
    } else if outside {
        let reason = "the interval excludes the printed value, but does not meet the exact one to within the tolerance";
        (Verdict::Inconclusive, reason.to_string())
    } else {
        let reason = "the interval is not clear of the tolerance's edge";
        (Verdict::Inconclusive, reason.to_string())
    };
    // Two ends can stick out of the band, one can reach into it.
    let two_sided = one_sided(0.05);
    let one_sided = one_sided(0.1);
    let replicas_needed = (verdict == Verdict::Inconclusive)
        .then(|| {
            let room = (exact - band.0).min(band.1 - exact);
            if room >= 0.0 {
                measurement.replicas_to_clear(room, two_sided)
            } else {
                let precision = measurement.replicas_to_clear(tolerance * exact.abs(), 0.0);
                measurement
                    .replicas_to_clear(-room, one_sided)
                    .max(precision)
            }
        })
        .flatten();
    Judgement {
        verdict,
        basis,
        estimate: Some(measurement.value),
        std_error: Some(measurement.std_error),
        interval: Some(measurement.interval),
        printed: Some(printed),
        exact: Some(exact),
        replicas_needed,
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate() -> Basis {
        EvidenceKind::Rate.of("decay rate", "rate")
    }

    fn verdict(value: f64, std_error: f64, printed: f64, exact: f64) -> Verdict {
        let measurement = Measurement::new(value, std_error, 1000, 0.999);
        judge_equality(rate(), measurement, printed, exact, 0.01).verdict
    }

    #[test]
    fn equality_needs_enough_data_to_hold() {
        assert_eq!(verdict(1.0, 0.001, 1.0, 1.0), Verdict::Holds);
        assert_eq!(verdict(1.0, 0.01, 1.0, 1.0), Verdict::Inconclusive);
        // Half-width 3.29·0.001: from 0.0067 off the centre it leaves the band.
        assert_eq!(verdict(1.0070, 0.001, 1.0, 1.0065), Verdict::Inconclusive);
    }

    #[test]
    fn a_refutation_must_meet_the_exact_value() {
        assert_eq!(verdict(0.5, 0.001, 1.0, 0.5), Verdict::Refuted);
        assert_eq!(verdict(0.55, 0.001, 1.0, 0.5), Verdict::Void);
        assert_eq!(verdict(0.5, 0.01, 1.0, 0.5), Verdict::Inconclusive);
        // Off by seven standard errors that are too large to be normal.
        assert_eq!(verdict(1.0, 0.07, 0.5, 0.5), Verdict::Inconclusive);
        // Between the interval's level and that of a contradiction.
        assert_eq!(verdict(0.504, 0.001, 1.0, 0.5), Verdict::Inconclusive);
        // Both: a true verdict is kept, and says so.
        assert_eq!(verdict(1.0, 0.001, 1.0, 1.004), Verdict::Holds);
        // Within the tolerance of the printed value, and still wrong.
        assert_eq!(verdict(1.0, 0.001, 1.0, 1.006), Verdict::Void);
    }

    /// A rate of 0.5 that some twenty collisions make came out above 0.5001 three times as often as
    /// its level says.
    #[test]
    fn few_collisions_and_high_confidence_hold_nothing() {
        let verdict = |value: f64, std_error: f64, confidence: f64, exact: f64| {
            let measurement = Measurement::new(value, std_error, 1000, confidence);
            judge_equality(rate(), measurement, 1.0, exact, 0.3).verdict
        };
        assert_eq!(verdict(1.0, 0.06, 0.999, 0.69), Verdict::Holds);
        assert_eq!(verdict(1.0, 0.06, 0.9999, 0.69), Verdict::Inconclusive);
        assert_eq!(verdict(0.87, 0.04, 0.9999, 0.69), Verdict::Holds);
        assert_eq!(verdict(1.0, 0.08, 0.9, 0.69), Verdict::Inconclusive);
        // Within the tolerance of the printed value holding is true.
        assert_eq!(verdict(1.0, 0.08, 0.9, 0.71), Verdict::Holds);
    }

    #[test]
    fn an_interval_that_misses_the_exact_value_is_mentioned() {
        let reason = |exact| {
            let measurement = Measurement::new(1.0, 0.001, 1000, 0.999);
            judge_equality(rate(), measurement, 1.0, exact, 0.01).reason
        };
        assert!(!reason(1.003).contains("exact"), "{}", reason(1.003));
        let said = "does not contain the exact value 1.004, which happens once in 1000 times";
        assert!(reason(1.004).ends_with(said), "{}", reason(1.004));
    }

    #[test]
    fn replicas_needed_are_those_of_the_normal_approximation() {
        // Half-width 1 % at 99.9 %: 2.25 times as many hold with probability 0.9.
        let std_error = 0.01 / 3.290_526_731_491_9;
        let measurement = Measurement::new(1.0, std_error * 1.001, 1000, 0.999);
        let needed = judge_equality(rate(), measurement, 1.0, 1.0, 0.01).replicas_needed;
        assert!((2245..2260).contains(&needed.unwrap()), "{needed:?}");
    }

    #[test]
    fn outcomes() {
        use Expectation::{Holds, Refuted};
        assert_eq!(Outcome::of(Verdict::Holds, Holds), Outcome::AsExpected);
        assert_eq!(Outcome::of(Verdict::Holds, Refuted), Outcome::Against);
        assert_eq!(Outcome::of(Verdict::Refuted, Holds), Outcome::Against);
        assert_eq!(Outcome::of(Verdict::Void, Refuted), Outcome::Against);
        assert_eq!(Outcome::of(Verdict::Void, Holds), Outcome::Against);
        assert_eq!(
            Outcome::of(Verdict::Inconclusive, Holds),
            Outcome::Undecided
        );
        assert_eq!(
            Outcome::of(Verdict::NotApplicable, Refuted),
            Outcome::AsExpected
        );
    }
}
