//! The printed bound B(t) = e^{−μt} W₂²(0) against Gelbrich's lower bound on W₂² of the first
//! marginals, at their exact and their measured means and variances.

use crate::estimate::{gelbrich_error, normal_half_width};
use crate::experiment::{Check, MOST_REPLICAS, PrintedBound};
use crate::judge::evidence::{Basis, EvidenceKind};
use crate::judge::forecast::{Forecast, Prospect, probability};
use crate::judge::{Evidence, Judgement, Measurement, Verdict};
use crate::numerics::interval::one_sided;
use crate::theory::Theory;

/// A record time after 0 at which Gelbrich's bound exceeds the printed one.
#[derive(Debug, Clone, Copy)]
struct Violation {
    /// Index of the record time.
    index: usize,
    time: f64,
    /// Gelbrich's bound, exactly.
    exact: f64,
    /// The printed bound.
    printed: f64,
}

/// All violations, in the order of time.
fn violations<'a>(
    theory: &'a Theory,
    times: &'a [f64],
    bound: PrintedBound,
) -> impl Iterator<Item = Violation> + 'a {
    let at = move |(index, &time): (usize, &f64)| {
        let (exact, printed) = (theory.gelbrich_squared(time), bound.at(time));
        // Rounding is not a refutation.
        (exact > printed * (1.0 + 1e-9)).then_some(Violation {
            index,
            time,
            exact,
            printed,
        })
    };
    times.iter().enumerate().skip(1).filter_map(at)
}

impl Violation {
    /// The distance between the bounds in standard errors.
    fn strength(&self, std_error: f64) -> f64 {
        (self.exact - self.printed) / std_error
    }
}

/// The violation that measured moments show best, with its standard error.
fn clearest<T>(shown: impl Iterator<Item = (Violation, f64, T)>) -> Option<(Violation, f64, T)> {
    let strength = |(at, error, _): &(Violation, f64, T)| at.strength(*error);
    shown.max_by(|a, b| strength(a).total_cmp(&strength(b)))
}

/// Whether Gelbrich's bound exceeds the printed one, exactly, at some record time.
pub(super) fn is_false(prospect: &Prospect, bound: PrintedBound) -> bool {
    let times = prospect.experiment.times();
    violations(prospect.theory, &times, bound).next().is_some()
}

/// The reason why measured moments never show what [`is_false`] knows, if so.
pub(super) fn obstacle(prospect: &Prospect, bound: PrintedBound) -> Option<String> {
    let times = prospect.experiment.times();
    let no_error = violations(prospect.theory, &times, bound)
        .all(|at| gelbrich_error(prospect.theory, at.time, 2.0).is_none());
    no_error.then(|| "the measured moments have infinite variances".to_string())
}

/// Gelbrich's bound above B(t) at some record time, exactly and as measured.
///
/// The time is the one at which the measured moments show it best.
pub(super) fn judge(evidence: Evidence, check: &Check, bound: PrintedBound) -> Option<Judgement> {
    let findings = evidence.findings;
    let half_width = normal_half_width(check.confidence);
    let violations = || violations(&findings.theory, &findings.times, bound);
    let first = violations().next()?;
    let shown = violations().filter_map(|at| {
        let (value, error) = findings.measured_gelbrich(at.index);
        Some((at, error?, value))
    });
    let Some((at, error, value)) = clearest(shown) else {
        return Some(Judgement::bare(
            Verdict::Inconclusive,
            EvidenceKind::Moments.of("Gelbrich bound, per particle", "W2²"),
            format!(
                "at t = {}, Gelbrich's bound {:.6} exceeds the printed {:.6}, but the measured moments have infinite variances and cannot confirm it",
                first.time, first.exact, first.printed
            ),
        ));
    };
    let Violation {
        time,
        exact,
        printed,
        ..
    } = at;
    let measurement = Measurement::new(value, error, findings.measured.replicas, check.confidence);
    let shown = measurement.half_width() <= check.tolerance * exact
        && measurement.interval.0 > printed
        && measurement.meets(exact);
    let (verdict, reason) = if measurement.contradicts(exact) {
        (
            Verdict::Void,
            format!(
                "at t = {time}, Gelbrich's bound at the measured moments contradicts its exact value {exact}: the program is at fault"
            ),
        )
    } else if shown {
        (
            Verdict::Refuted,
            format!(
                "at t = {time}, W2² of the first marginals is at least {exact:.6} (Gelbrich, exact); the printed bound is {printed:.6}"
            ),
        )
    } else {
        (
            Verdict::Inconclusive,
            format!(
                "at t = {time}, Gelbrich's bound {exact:.6} exceeds the printed {printed:.6}, but the measured moments do not show it to the tolerance yet"
            ),
        )
    };
    let needed = [
        half_width * error / (check.tolerance * exact),
        (half_width + one_sided(0.1)) * error / (exact - printed),
    ];
    let factor = needed[0].max(needed[1]);
    let replicas = findings.measured.replicas as f64;
    let basis = EvidenceKind::Moments.at("Gelbrich bound", "W2²", time);
    Some(Judgement {
        verdict,
        basis: Basis {
            quantity: format!("{}, per particle", basis.quantity),
            ..basis
        },
        estimate: Some(value),
        std_error: Some(error),
        interval: Some(measurement.interval),
        printed: Some(printed),
        exact: Some(exact),
        replicas_needed: (verdict == Verdict::Inconclusive)
            .then(|| (replicas * factor * factor).ceil())
            .filter(|&needed| needed <= MOST_REPLICAS as f64)
            .map(|needed| needed as u64),
        reason,
    })
}

/// The forecast of [`judge`]: P(REFUTED) and the half-width it will show; `None` if the
/// exact lower bound does not exceed the printed one.
pub(super) fn forecast(
    prospect: &Prospect,
    check: &Check,
    bound: PrintedBound,
) -> Option<Forecast> {
    let times = prospect.experiment.times();
    let violations = || violations(prospect.theory, &times, bound);
    violations().next()?;
    let shown = violations().filter_map(|at| {
        let error = gelbrich_error(prospect.theory, at.time, prospect.replicas as f64)?;
        Some((at, error, ()))
    });
    let Some((at, error, ())) = clearest(shown) else {
        return Some(Forecast::undecided(None));
    };
    let Violation { exact, printed, .. } = at;
    let half = normal_half_width(check.confidence) * error;
    let refuted = probability(
        exact,
        error,
        (exact - half).max(printed + half),
        exact + half,
    );
    Some(Forecast {
        half_width: Some(half),
        refuted: if half <= check.tolerance * exact {
            refuted
        } else {
            0.0
        },
        ..Forecast::undecided(None)
    })
}
