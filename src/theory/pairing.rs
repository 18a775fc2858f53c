//! The initial difference V_i(0) − V′_i(0) of two coupled copies.
//!
//! For laws f and h of one velocity in either copy this gives
//!
//!   d_p = E (V − V′)^p,  p = 2, 4, 6, 8,
//!
//! under the two ways of drawing the pair. Comonotone pairs, one uniform through both quantile functions, have
//! d_p = ∫₀¹ (Q_f(u) − Q_h(u))^p du, and d_2 is then W₂²(f, h), the least value over all couplings (Villani 2003,
//! Theorem 2.18; the paper's Lemma 11).
//!
//! Claimed: closed forms where there are any, exact to rounding; elsewhere quadrature to about 1e-12 relative
//! with an error estimate. Not claimed: that the estimate is a bound. It is heuristic, if pessimistic.

mod quadrature;

use super::levels::{LAST_LOGIT, jumps, level_at, steep_ends};
use crate::law::{Law, Level, between_levels, compensated_sum, power, shifted_moment};
pub use crate::model::pairing::Pairing;
use quadrature::{Integral, Integrand, integrate};

/// Second and fourth moments of one initial difference.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DifferenceMoments {
    /// d_2 = E (V − V′)².
    pub second: f64,
    /// d_4 = E (V − V′)⁴; `None` where infinite.
    pub fourth: Option<f64>,
    /// Estimated error of `second`; 0 for closed forms, which carry rounding error only.
    pub second_error: f64,
    /// Estimated error of `fourth`; 0 for closed forms and where `fourth` is absent.
    pub fourth_error: f64,
    /// Var (V − V′)² = d_4 − d_2², from moments about the mean; `None` where infinite.
    pub variance_of_square: Option<f64>,
}

impl DifferenceMoments {
    /// The moments from d_2 and d_4, and from the mean of V − V′ with its moments of order 2 to 4 about that.
    fn closed_form(
        second: f64,
        fourth: Option<f64>,
        [mean, about_2]: [f64; 2],
        about_3_and_4: Option<[f64; 2]>,
    ) -> DifferenceMoments {
        DifferenceMoments {
            second,
            fourth,
            second_error: 0.0,
            fourth_error: 0.0,
            variance_of_square: about_3_and_4
                .map(|[about_3, about_4]| variance_of_square(mean, [about_2, about_3, about_4])),
        }
    }
}

/// Var X² = 4m²σ² + 4mμ₃ + μ₄ − σ⁴ from the mean m and the moments σ², μ₃, μ₄ about it.
fn variance_of_square(mean: f64, [about_2, about_3, about_4]: [f64; 3]) -> f64 {
    let own = about_4 - about_2 * about_2;
    (4.0 * mean * (mean * about_2 + about_3) + own).max(0.0)
}

/// d_2 and d_4 for V of law `first` and V′ of law `second`.
///
/// * `Independent`: from central moments.
/// * `Optimal`: equal laws give exactly 0. There are closed forms for a point against any law, for two laws of one
///   location–scale family (normal, uniform, Laplace, Student's t of equal df), and for two laws of finitely many
///   values; other laws are integrated by quadrature.
///
/// `fourth` is absent iff one of the laws is a Student's t with df ≤ 4, unless under `Optimal` the other law is the
/// same up to location, so that the tails cancel.
pub fn difference_moments(first: &Law, second: &Law, pairing: Pairing) -> DifferenceMoments {
    match pairing {
        Pairing::Independent => independent(first, second),
        Pairing::Optimal => optimal(first, second),
    }
}

/// d_6 and d_8, as [`difference_moments`] gives d_2 and d_4; `None` where infinite.
pub fn higher_difference_moments(first: &Law, second: &Law, pairing: Pairing) -> [Option<f64>; 2] {
    [6, 8].map(|order| {
        let moment = match pairing {
            Pairing::Independent => independent_of_order(first, second, order),
            Pairing::Optimal => optimal_of_order(first, second, order),
        };
        moment.filter(|moment| moment.is_finite())
    })
}

/// E (V − V′)^order of independent V and V′, from their central moments.
fn independent_of_order(first: &Law, second: &Law, order: u32) -> Option<f64> {
    let central = |law: &Law, order: u32| match order {
        0 => Some(1.0),
        1 => Some(0.0),
        _ => law.central_moment(order),
    };
    // E (X − Y)^k = Σ_j C(k, j) E X^{k−j} (−1)^j E Y^j.
    let of_difference = |k: u32| {
        let mut binomial = 1.0;
        let mut sum = 0.0;
        for j in 0..=k {
            sum += binomial * central(first, k - j)? * central(second, j)?;
            binomial *= -f64::from(k - j) / f64::from(j + 1);
        }
        Some(sum)
    };
    shifted_moment(first.mean() - second.mean(), order, of_difference)
}

fn optimal_of_order(first: &Law, second: &Law, order: u32) -> Option<f64> {
    if first == second {
        return Some(0.0);
    }
    if let (Law::Point(point), other) | (other, Law::Point(point)) = (first, second) {
        return other.moment_about(Law::Point(point.clone()).mean(), order);
    }
    if let Some(scales) = scales_of_one_family(first, second) {
        let ratio = (scales[0] - scales[1]) / scales[0];
        return shifted_moment(first.mean() - second.mean(), order, |k| match k {
            0 => Some(1.0),
            1 => Some(0.0),
            _ if ratio == 0.0 => Some(0.0),
            _ => Some(power(ratio, k) * first.central_moment(k)?),
        });
    }
    match values_of_finitely_many(first, second) {
        Some(values) => {
            let terms = values.into_iter();
            Some(compensated_sum(terms.map(|(probability, value)| {
                probability * power(value, order)
            })))
        }
        None => by_quadrature(first, second, [order, order])[0].0,
    }
}

/// W₂²(f, h), the squared Wasserstein distance of order two, and its estimated error (0 for closed forms).
///
/// ```
/// use kac_coupling::law::{Laplace, Uniform};
/// use kac_coupling::theory::pairing::wasserstein_squared;
///
/// let uniform = Uniform::new(-1.0, 1.0)?.into();
/// let (w2, error) = wasserstein_squared(&uniform, &Laplace::new(0.0, 1.0)?.into());
/// // ∫ (2u − 1 − Q(u))² du with Laplace's Q: 1/3 + 2 − 3/2.
/// assert!((w2 - 5.0 / 6.0).abs() < 1e-9 && error < 1e-9);
/// # Ok::<(), kac_coupling::law::LawError>(())
/// ```
pub fn wasserstein_squared(first: &Law, second: &Law) -> (f64, f64) {
    let moments = optimal(first, second);
    (moments.second, moments.second_error)
}

/// The moments of V − V′ about its mean are m₂ + m₂′, m₄ + 6 m₂ m₂′ + m₄′ and m₃ − m₃′.
fn independent(first: &Law, second: &Law) -> DifferenceMoments {
    let offset = first.mean() - second.mean();
    let square = offset * offset;
    let (first_variance, second_variance) = (first.variance(), second.variance());
    let variance = first_variance + second_variance;
    let third_and_fourth = || {
        let third = first.central_moment(3)? - second.central_moment(3)?;
        let fourth = first.central_moment(4)?
            + 6.0 * first_variance * second_variance
            + second.central_moment(4)?;
        Some([third, fourth])
    };
    let about_mean = third_and_fourth();
    let fourth = about_mean
        .map(|[third, fourth]| fourth + 4.0 * offset * third + square * (6.0 * variance + square));
    DifferenceMoments::closed_form(variance + square, fourth, [offset, variance], about_mean)
}

fn optimal(first: &Law, second: &Law) -> DifferenceMoments {
    if first == second {
        return DifferenceMoments::closed_form(0.0, Some(0.0), [0.0; 2], Some([0.0; 2]));
    }
    match (first, second) {
        (Law::Point(point), other) | (other, Law::Point(point)) => {
            let center = Law::Point(point.clone()).mean();
            let (offset, variance) = (other.mean() - center, other.variance());
            let about_mean = || Some([other.central_moment(3)?, other.central_moment(4)?]);
            DifferenceMoments::closed_form(
                variance + offset * offset,
                other.moment_about(center, 4),
                [offset, variance],
                about_mean(),
            )
        }
        _ => location_scale(first, second)
            .or_else(|| finitely_many_values(first, second))
            .unwrap_or_else(|| moments_by_quadrature(first, second)),
    }
}

fn moments_by_quadrature(first: &Law, second: &Law) -> DifferenceMoments {
    let [(d2, second_error), (fourth, fourth_error)] = by_quadrature(first, second, [2, 4]);
    let d2 = d2.expect("every law has a finite second moment");
    let variance_of_square = fourth.map(|d4| match d4 - d2 * d2 {
        cancelled if cancelled < CANCELLED * d4 => square_by_quadrature(first, second),
        variance => variance,
    });
    DifferenceMoments {
        second: d2,
        fourth,
        second_error,
        fourth_error,
        variance_of_square,
    }
}

/// The scales of two laws of one symmetric location–scale family.
fn scales_of_one_family(first: &Law, second: &Law) -> Option<[f64; 2]> {
    match (first, second) {
        (Law::Normal(f), Law::Normal(h)) => Some([f.sd(), h.sd()]),
        (Law::Uniform(f), Law::Uniform(h)) => Some([f.half_width(), h.half_width()]),
        (Law::Laplace(f), Law::Laplace(h)) => Some([f.scale(), h.scale()]),
        (Law::StudentT(f), Law::StudentT(h)) if f.df() == h.df() => Some([f.scale(), h.scale()]),
        _ => None,
    }
}

/// Two laws of one symmetric family: Q_f − Q_h = a + bZ with Z the standard member, whose second and fourth
/// moments are known.
fn location_scale(first: &Law, second: &Law) -> Option<DifferenceMoments> {
    let [one, other] = scales_of_one_family(first, second)?;
    let scale = one - other;
    let (standard_second, standard_fourth) = match first {
        Law::Normal(_) => (1.0, Some(3.0)),
        Law::Uniform(_) => (1.0 / 3.0, Some(0.2)),
        Law::Laplace(_) => (2.0, Some(24.0)),
        Law::StudentT(f) => (f.standard_second_moment(), f.standard_fourth_moment()),
        _ => return None,
    };
    let shift = first.mean() - second.mean();
    let shift_square = shift * shift;
    let scale_square = scale * scale;
    let variance = scale_square * standard_second;
    let fourth_of_scale = if scale == 0.0 {
        Some(0.0)
    } else {
        standard_fourth.map(|moment| scale_square * scale_square * moment)
    };
    Some(DifferenceMoments::closed_form(
        shift_square + variance,
        fourth_of_scale.map(|moment| shift_square * (shift_square + 6.0 * variance) + moment),
        [shift, variance],
        fourth_of_scale.map(|moment| [0.0, moment]),
    ))
}

/// Two laws of finitely many values: a sum over the merged levels of both.
fn finitely_many_values(first: &Law, second: &Law) -> Option<DifferenceMoments> {
    let values = values_of_finitely_many(first, second)?;
    let square = |value: f64| value * value;
    let terms = || values.iter().copied();
    let squares = terms().map(|(probability, value)| probability * square(value));
    let fourths = terms().map(|(probability, value)| probability * square(value) * square(value));
    let mean = first.mean() - second.mean();
    let about_mean = |order: u32| {
        compensated_sum(
            terms().map(|(probability, value)| probability * power(value - mean, order)),
        )
    };
    Some(DifferenceMoments::closed_form(
        compensated_sum(squares),
        Some(compensated_sum(fourths)),
        [mean, about_mean(2)],
        Some([about_mean(3), about_mean(4)]),
    ))
}

/// The values of Q_f − Q_h and their probabilities, of two laws of finitely many values.
pub(super) fn values_of_finitely_many(first: &Law, second: &Law) -> Option<Vec<(f64, f64)>> {
    if first.has_density() || second.has_density() {
        return None;
    }
    let mut levels = first.jump_levels();
    levels.extend(second.jump_levels());
    levels.sort_by(ascending);
    let difference = |(probability, level): (f64, Level)| {
        let at = |law: &Law| law.quantile_at(level.lower, level.upper);
        (probability, at(first) - at(second))
    };
    Some(between_levels(levels).map(difference).collect())
}

fn ascending(left: &Level, right: &Level) -> std::cmp::Ordering {
    left.lower
        .total_cmp(&right.lower)
        .then(right.upper.total_cmp(&left.upper))
}

/// The first panels, in the logit; the levels of jumps are added to them.
const FIRST_PANELS: [f64; 13] = [
    -LAST_LOGIT,
    -250.0,
    -90.0,
    -35.0,
    -12.0,
    -4.0,
    0.0,
    4.0,
    12.0,
    35.0,
    90.0,
    250.0,
    LAST_LOGIT,
];

/// Relative tolerance of the quadrature, below the 1e-12 that is promised because estimates add up.
const TOLERANCE: f64 = 1e-13;

/// The relative error of quantile functions that is assumed where their difference cancels.
const QUANTILE_ROUNDING: f64 = 4.0 * f64::EPSILON;

/// A variance below this share of the second moment comes from moments about the mean.
const CANCELLED: f64 = 0.01;

/// d_p of two even orders, each with its estimated error; `None` where infinite.
fn by_quadrature(first: &Law, second: &Law, orders: [u32; 2]) -> [(Option<f64>, f64); 2] {
    let heaviest = first.tail_exponent().max(second.tail_exponent());
    let finite = orders.map(|order| f64::from(order) * heaviest < 1.0);
    let integral = over_levels(first, second, |weight, difference, rounding| {
        let square = difference * difference;
        let mut values = [0.0; 2];
        let mut roundings = [0.0; 2];
        for (k, order) in orders.into_iter().enumerate().filter(|&(k, _)| finite[k]) {
            let all_but_one = (1..order / 2).fold(weight, |product, _| product * square);
            let value = all_but_one * square;
            // Far out in a tail the square may overflow where the probability makes up for it.
            let scaled = || libm::pow(weight, 1.0 / f64::from(order)) * difference;
            values[k] = if value.is_finite() {
                value
            } else {
                power(scaled(), order)
            };
            let order = f64::from(order);
            let slope = order * difference.abs() + 0.5 * order * (order - 1.0) * rounding;
            roundings[k] = all_but_one * rounding * slope;
        }
        Integrand {
            values,
            rounding: roundings,
        }
    });
    std::array::from_fn(|k| {
        let value = || integral.values[k] + ends_beyond(first, second, orders[k]);
        (finite[k].then(value), integral.errors[k])
    })
}

/// Var (V − V′)² of comonotone pairs, which is finite: E (X² − m²)² − (Var X)² for X = V − V′ of mean m, with
/// X² − m² = (X − m)(X + m).
fn square_by_quadrature(first: &Law, second: &Law) -> f64 {
    let mean = first.mean() - second.mean();
    let integral = over_levels(first, second, |weight, difference, rounding| {
        let (offset, sum) = (difference - mean, difference + mean);
        let product = offset * sum;
        let slope = 2.0 * (offset.abs() + sum.abs()) + rounding;
        Integrand {
            values: [weight * offset * offset, weight * product * product],
            rounding: [
                weight * rounding * (2.0 * offset.abs() + rounding),
                weight * rounding * slope * (product.abs() + rounding * slope),
            ],
        }
    });
    let beyond = |order| ends_beyond(first, second, order);
    let variance = integral.values[0] + beyond(2);
    let square = integral.values[1] + beyond(4) - 2.0 * mean * mean * beyond(2);
    (square - variance * variance).max(0.0)
}

/// ∫ of a function of the weight u(1 − u), the difference Q_f − Q_h and its rounding over the logit
/// z = ln(u/(1 − u)), in which u and 1 − u are both accurate and every quantile function of this crate is smooth
/// between the jumps; up to the last logit.
fn over_levels(
    first: &Law,
    second: &Law,
    integrand: impl Fn(f64, f64, f64) -> Integrand,
) -> Integral {
    integrate(&panel_ends(first, second), TOLERANCE, |logit| {
        let level = level_at(logit);
        let (quantile, other) = (
            first.quantile_at(level.lower, level.upper),
            second.quantile_at(level.lower, level.upper),
        );
        let rounding = QUANTILE_ROUNDING * (quantile.abs() + other.abs());
        integrand(level.lower * level.upper, quantile - other, rounding)
    })
}

/// The part of d_p beyond the last logits.
fn ends_beyond(first: &Law, second: &Law, order: u32) -> f64 {
    end_beyond(first, second, order, level_at(-LAST_LOGIT))
        + end_beyond(first, second, order, level_at(LAST_LOGIT))
}

fn panel_ends(first: &Law, second: &Law) -> Vec<f64> {
    let mut ends: Vec<f64> = jumps(first, second)
        .chain(steep_ends(first, second))
        .chain(FIRST_PANELS)
        .collect();
    ends.sort_by(f64::total_cmp);
    ends.dedup();
    ends
}

/// The integral of (Q_f − Q_h)^power from the level u₀ = min(u, 1 − u) ≈ 1e-300 to the end of (0, 1).
///
/// There a quantile function equals its power law Q(u₀)(u/u₀)^{−γ} to a relative u₀^{2γ}. For a df hardly above 2 or 4
/// a visible part of the moment lies here, and it is known exactly. Expanding the power, it is Σ_j C(power, j)
/// Q_f^{power−j} (−Q_h)^j u₀/(1 − (power − j)γ_f − jγ_h). For lighter tails, taken constant, the term is below 1e-290
/// times a power of Q and does not matter.
fn end_beyond(first: &Law, second: &Law, power: u32, level: Level) -> f64 {
    let probability = level.lower.min(level.upper);
    let (quantile, other) = (
        first.quantile_at(level.lower, level.upper),
        second.quantile_at(level.lower, level.upper),
    );
    let (exponent, other_exponent) = (first.tail_exponent(), second.tail_exponent());
    let times =
        |base: f64, count: u32, start: f64| (0..count).fold(start, |product, _| product * base);
    let mut binomial = 1.0;
    let mut sum = 0.0;
    for j in 0..=power {
        let remaining = f64::from(power - j);
        let integrable = 1.0 - remaining * exponent - f64::from(j) * other_exponent;
        sum += binomial * times(-other, j, times(quantile, power - j, probability)) / integrable;
        binomial *= remaining / f64::from(j + 1);
    }
    sum
}
