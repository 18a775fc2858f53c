//! Samples of every law against its moments, distribution function, quantile function and characteristic function;
//! refusals; and moments of the initial difference against independent references.
//!
//! Seeds are fixed, so each test gives the same answer every time. Where a statistical limit is used, its α is
//! stated: the chance that a correct program would have failed for a randomly chosen seed.

use std::f64::consts::PI;
use std::io::Write;
use std::path::Path;

use kac_coupling::law::{
    Discrete, Empirical, EmpiricalError, HIGHEST_ORDER, Laplace, Law, LawError, Normal,
    NormalMixture, Point, StudentT, Uniform,
};
use kac_coupling::theory::pairing::{
    DifferenceMoments, Pairing, difference_moments, higher_difference_moments, wasserstein_squared,
};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

fn normal(mean: f64, sd: f64) -> Law {
    Normal::new(mean, sd).unwrap().into()
}

fn mixture(weights: &[f64], means: &[f64], sds: &[f64]) -> Law {
    NormalMixture::new(weights.to_vec(), means.to_vec(), sds.to_vec())
        .unwrap()
        .into()
}

fn uniform(low: f64, high: f64) -> Law {
    Uniform::new(low, high).unwrap().into()
}

fn laplace(mean: f64, scale: f64) -> Law {
    Laplace::new(mean, scale).unwrap().into()
}

fn student(df: f64, scale: f64, location: f64) -> Law {
    StudentT::new(df, scale, location).unwrap().into()
}

fn discrete(values: &[f64], weights: &[f64]) -> Law {
    Discrete::new(values.to_vec(), weights.to_vec())
        .unwrap()
        .into()
}

fn point(value: f64) -> Law {
    Point::new(value).unwrap().into()
}

fn empirical(values: &[f64], shift: f64) -> Law {
    Empirical::new(values.to_vec(), shift).unwrap().into()
}

/// Laws with a density, none of them concentrated on a scale far below its mean.
fn smooth_laws() -> Vec<Law> {
    vec![
        normal(0.0, 1.0),
        normal(1.5, 0.3),
        normal(-2e40, 1e40),
        mixture(&[0.5, 0.5], &[0.0, 0.0], &[0.5, 1.5]),
        mixture(&[0.2, 0.5, 0.3], &[-3.0, 0.5, 2.0], &[0.4, 1.0, 0.2]),
        mixture(&[0.001, 0.0, 0.999], &[2.0, 0.0, 0.0], &[5.0, 1.0, 1.0]),
        mixture(&[1.0], &[2e-40], &[1e-40]),
        uniform(-3.0, 5.0),
        uniform(1.0, 1.5),
        laplace(0.0, 1.0),
        laplace(-1.0, 0.25),
        student(2.5, 1.0, 0.0),
        student(3.5, 0.5, 1.0),
        student(5.0, 1.0, -0.5),
        student(7.0, 2.0, 1.0),
        student(30.5, 1.0, 0.0),
        student(1e6, 1.0, 0.5),
    ]
}

/// Laws of finitely many values.
fn stepped_laws() -> Vec<Law> {
    vec![
        discrete(&[-1.0, 1.0], &[0.5, 0.5]),
        discrete(&[3.0, -1.0, 0.5, 3.0, 9.0], &[0.1, 0.2, 0.5, 0.2, 0.0]),
        discrete(
            &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0],
            &[0.1; 10],
        ),
        point(1.25),
        point(0.0),
        empirical(&[2.0, -1.0, 0.25, 0.25, 7.0, 3.0, -2.5], -1.0),
        empirical(
            &(0..1000)
                .map(|k| f64::from(k * k % 997) / 300.0)
                .collect::<Vec<_>>(),
            0.5,
        ),
    ]
}

fn all_laws() -> Vec<Law> {
    smooth_laws().into_iter().chain(stepped_laws()).collect()
}

/// A uniform on the open interval (0, 1).
fn open_uniform(generator: &mut Pcg64) -> f64 {
    ((generator.random::<u64>() >> 11) as f64 + 0.5) / 9_007_199_254_740_992.0
}

fn draws(law: &Law, count: usize, seed: u64) -> Vec<f64> {
    let mut generator = Pcg64::seed_from_u64(seed);
    (0..count)
        .map(|_| law.sample(open_uniform(&mut generator), open_uniform(&mut generator)))
        .collect()
}

fn power(base: f64, exponent: u32) -> f64 {
    (0..exponent).fold(1.0, |product, _| product * base)
}

fn level_at(logit: f64) -> (f64, f64) {
    (
        1.0 / (1.0 + libm::exp(-logit)),
        1.0 / (1.0 + libm::exp(logit)),
    )
}

/// ∫₀¹ integrand(lower, upper) du by the three-point Gauss rule on narrow panels of the logit: 0.004 wide around the
/// median, which is an end of a panel because the Laplace law has a kink there, and growing in the tails. The error
/// is (width)⁶/2016000 times a sixth derivative.
fn integral_over_levels(integrand: impl Fn(f64, f64) -> f64) -> f64 {
    let node = f64::sqrt(0.6);
    let mut sum = 0.0;
    let mut start: f64 = 0.0;
    while start < 690.0 {
        let half = (0.002 * (start / 10.0).max(1.0)).min(0.5 * (690.0 - start));
        for (offset, weight) in [(-node, 5.0 / 9.0), (0.0, 8.0 / 9.0), (node, 5.0 / 9.0)] {
            let (lower, upper) = level_at(start + half + half * offset);
            sum +=
                weight * half * lower * upper * (integrand(lower, upper) + integrand(upper, lower));
        }
        start += 2.0 * half;
    }
    sum
}

/// E V^order from the quantile function alone.
fn moment_by_quantiles(law: &Law, order: u32) -> f64 {
    if law.has_density() {
        return integral_over_levels(|lower, upper| power(law.quantile_at(lower, upper), order));
    }
    let mut ends = vec![0.0];
    ends.extend(law.jumps());
    ends.push(1.0);
    ends.windows(2)
        .map(|ends| (ends[1] - ends[0]) * power(law.quantile(0.5 * (ends[0] + ends[1])), order))
        .sum()
}

// Tests of sampling.

#[test]
fn sampled_moments_match_exact_ones() {
    // A mean of n draws of V^k deviates from m_k by more than 5 standard errors with α = 6e-7 if normal. For k = 1
    // the exact standard error is used (also k = 2 where m₄ is finite), for k = 3, 4 the sample's own, and the limit
    // is raised to 6 because V⁴ is skewed. Student's t takes part only where V^{2k} is integrable.
    let count = 200_000;
    for (index, law) in all_laws().iter().enumerate() {
        let sample = draws(law, count, 100 + index as u64);
        for order in 1..=4 {
            let tail_allows = match law {
                Law::StudentT(student) => student.df() > 2.0 * f64::from(order) + 0.3,
                _ => true,
            };
            let Some(exact) = law.moment(order).filter(|_| tail_allows) else {
                continue;
            };
            let powers: Vec<f64> = sample.iter().map(|&v| power(v, order)).collect();
            let mean = powers.iter().sum::<f64>() / count as f64;
            let own_variance =
                powers.iter().map(|p| (p - mean) * (p - mean)).sum::<f64>() / count as f64;
            let (variance, limit) = match order {
                1 => (law.variance(), 5.0),
                2 => (law.moment(4).unwrap() - exact * exact, 5.0),
                _ => (own_variance, 6.0),
            };
            let allowed = limit * f64::sqrt(variance.max(0.0) / count as f64) + 1e-11 * exact.abs();
            assert!(
                (mean - exact).abs() <= allowed,
                "{law:?}, order {order}: {mean:e} not {exact:e} ± {allowed:e}"
            );
        }
    }
}

/// sup_x |F_n(x) − F(x)|, also correct where F jumps: both functions are compared at and just below each draw.
fn kolmogorov_distance(law: &Law, mut sample: Vec<f64>) -> f64 {
    sample.sort_by(f64::total_cmp);
    let count = sample.len() as f64;
    let mut distance: f64 = 0.0;
    let mut index = 0;
    while index < sample.len() {
        let value = sample[index];
        let below = index as f64 / count;
        while index < sample.len() && sample[index] == value {
            index += 1;
        }
        let at = index as f64 / count;
        distance = distance
            .max((below - law.cdf(value.next_down())).abs())
            .max((at - law.cdf(value)).abs());
    }
    distance
}

#[test]
fn draws_follow_the_distribution_function() {
    // Two-sided Kolmogorov–Smirnov: P(√n D > c) ≈ 2e^{−2c²} = 1e-4 at c = 2.225 (less for laws with jumps). With 48
    // tests a correct program fails for one seed in 200.
    let count = 100_000;
    let limit = 2.225 / f64::sqrt(count as f64);
    for (index, law) in all_laws().iter().enumerate() {
        let sampled = kolmogorov_distance(law, draws(law, count, 300 + index as u64));
        assert!(sampled < limit, "sample of {law:?}: {sampled}");
        let mut generator = Pcg64::seed_from_u64(400 + index as u64);
        let inverted = (0..count)
            .map(|_| law.quantile(open_uniform(&mut generator)))
            .collect();
        let distance = kolmogorov_distance(law, inverted);
        assert!(distance < limit, "quantile of {law:?}: {distance}");
    }
}

#[test]
fn kolmogorov_test_detects_a_scale_five_percent_off() {
    // sup |Φ(x) − Φ(x/1.05)| ≈ 0.05·0.242 = 0.0118, well above the limit 0.0070 even less the noise of 1/√n.
    let sample = draws(&normal(0.0, 1.05), 100_000, 7);
    assert!(kolmogorov_distance(&normal(0.0, 1.0), sample) > 2.225 / f64::sqrt(100_000.0));
}

#[test]
fn sampled_characteristic_function_matches_the_exact_one() {
    // The mean of cos ξV has variance ((1 + Re φ(2ξ))/2 − (Re φ)²)/n, that of sin ξV ((1 − Re φ(2ξ))/2 − (Im φ)²)/n.
    // Five standard errors: α = 6e-7 each. e^{−iξV} = cos ξV − i sin ξV is the sign convention.
    let count = 100_000;
    for (index, law) in all_laws().iter().enumerate() {
        let sample = draws(law, count, 500 + index as u64);
        let unit = f64::sqrt(law.moment(2).unwrap()).max(1e-50);
        for frequency in [-2.5, 0.1, 0.7, 2.0, 6.0].map(|multiple| multiple / unit) {
            let exact = law.characteristic(frequency);
            let doubled = law.characteristic(2.0 * frequency);
            let cosine =
                sample.iter().map(|v| libm::cos(frequency * v)).sum::<f64>() / count as f64;
            let sine = sample.iter().map(|v| libm::sin(frequency * v)).sum::<f64>() / count as f64;
            let allowed = |second: f64, mean: f64| {
                5.0 * f64::sqrt((second - mean * mean).max(0.0) / count as f64) + 1e-11
            };
            let real_allowed = allowed(0.5 * (1.0 + doubled.re), exact.re);
            let imaginary_allowed = allowed(0.5 * (1.0 - doubled.re), exact.im);
            assert!(
                (cosine - exact.re).abs() <= real_allowed,
                "{law:?}, ξ = {frequency}: {cosine} not {}",
                exact.re
            );
            assert!(
                (sine + exact.im).abs() <= imaginary_allowed,
                "{law:?}, ξ = {frequency}: {sine} not −({})",
                exact.im
            );
        }
    }
}

// Tests of exact moments.

#[test]
fn moments_match_the_quadrature_of_the_quantile_function() {
    // The panels are exact to 1e-13; quantiles carry 1e-14. Student's t needs df > order + ½ for the cut
    // at the logit 680 to be invisible.
    for law in all_laws() {
        for order in 1..=HIGHEST_ORDER {
            let tail_allows = match &law {
                Law::StudentT(student) => student.df() >= f64::from(order) + 0.5,
                _ => true,
            };
            // Eighth powers of the largest and smallest laws leave the range of numbers.
            let in_range = (1e-37..1e37).contains(&f64::sqrt(law.moment(2).unwrap()));
            let Some(exact) = law
                .moment(order)
                .filter(|_| tail_allows && (order <= 4 || in_range))
            else {
                continue;
            };
            let integral = moment_by_quantiles(&law, order);
            let size = power(f64::sqrt(law.moment(2).unwrap()), order).max(exact.abs());
            assert!(
                (integral - exact).abs() <= 1e-11 * size,
                "{law:?}, order {order}: {integral:e} not {exact:e}"
            );
        }
    }
}

#[test]
fn central_moments_are_raw_moments_about_the_mean() {
    for law in all_laws() {
        let mean = law.mean();
        let size = f64::sqrt(law.moment(2).unwrap());
        assert_eq!(law.moment(1), Some(mean));
        assert_eq!(law.central_moment(2), Some(law.variance()));
        // The expected value is expanded from raw moments, which loses digits but is another way.
        let second = law.moment(2).unwrap() - mean * mean;
        assert!(
            (second - law.variance()).abs() <= 1e-12 * size * size,
            "{law:?}"
        );
        if let Some(third) = law.central_moment(3) {
            let raw =
                law.moment(3).unwrap() - 3.0 * mean * law.moment(2).unwrap() + 2.0 * power(mean, 3);
            assert!((third - raw).abs() <= 1e-11 * power(size, 3), "{law:?}");
        }
        if let Some(fourth) = law.central_moment(4) {
            let raw = law.moment(4).unwrap() - 4.0 * mean * law.moment(3).unwrap()
                + 6.0 * mean * mean * law.moment(2).unwrap()
                - 3.0 * power(mean, 4);
            assert!(
                (fourth - raw).abs() <= 1e-11 * law.moment(4).unwrap(),
                "{law:?}"
            );
        }
    }
}

#[test]
fn moments_are_absent_exactly_where_infinite() {
    let finite = |law: &Law| {
        (1..=4)
            .map(|order| law.moment(order).is_some())
            .collect::<Vec<_>>()
    };
    assert_eq!(finite(&student(3.0, 1.0, 0.0)), [true, true, false, false]);
    assert_eq!(finite(&student(3.01, 1.0, 0.0)), [true, true, true, false]);
    assert_eq!(finite(&student(4.0, 1.0, 0.0)), [true, true, true, false]);
    assert_eq!(finite(&student(4.01, 1.0, 0.0)), [true, true, true, true]);
    assert_eq!(student(4.0, 1.0, 0.0).central_moment(4), None);
    let eighth = |df: f64| student(df, 1.0, 0.0).moment(8).is_some();
    assert!(eighth(8.01) && !eighth(8.0));
    assert_eq!(normal(0.0, 1.0).moment(HIGHEST_ORDER + 1), None);
    assert_eq!(normal(0.0, 1.0).central_moment(1), None);
    // 3ν²/((ν−2)(ν−4)) = 25 at ν = 5, times scale⁴.
    assert!((student(5.0, 2.0, 0.0).moment(4).unwrap() - 400.0).abs() < 1e-12);
}

#[test]
fn variance_survives_a_large_mean() {
    // m₂ − m₁² would have lost every digit.
    assert_eq!(normal(1e12, 1e-3).variance(), 1e-6);
    assert!((discrete(&[1e9, 1e9 + 1.0], &[0.5, 0.5]).variance() - 0.25).abs() < 1e-15);
    assert!((empirical(&[1e9, 1e9 + 1.0, 1e9 + 2.0], 0.0).variance() - 2.0 / 3.0).abs() < 1e-15);
    assert!((mixture(&[0.5, 0.5], &[1e9, 1e9], &[1.0, 3.0]).variance() - 5.0).abs() < 1e-14);
}

#[test]
fn derivatives_of_the_characteristic_function_are_moments() {
    // φ^{(k)}(0) = (−i)^k m_k, by central differences of step h; their leading errors are h² times m₃/6, m₄/12,
    // |m₅|/4, m₆/6, bounded here with M = m₆^{1/6} ≥ |m_k|^{1/k}; rounding is ε·2^k/h^k. With h = 0.004/M both stay
    // below 1e-4·M^k. Needs m₆: Student's t with df ≤ 6.5 is left to the references of the Bessel function.
    for law in all_laws() {
        if matches!(&law, Law::StudentT(student) if student.df() < 6.5) {
            continue;
        }
        let sixth_root = libm::pow(moment_by_quantiles(&law, 6), 1.0 / 6.0).max(1e-50);
        let h = 0.004 / sixth_root;
        let phi = |multiple: f64| law.characteristic(multiple * h);
        let derivatives = [
            -(phi(1.0) - phi(-1.0)).im / (2.0 * h),
            -(phi(1.0) - 2.0 * phi(0.0) + phi(-1.0)).re / (h * h),
            (phi(2.0) - 2.0 * phi(1.0) + 2.0 * phi(-1.0) - phi(-2.0)).im / (2.0 * h * h * h),
            (phi(2.0) - 4.0 * phi(1.0) + 6.0 * phi(0.0) - 4.0 * phi(-1.0) + phi(-2.0)).re
                / power(h, 4),
        ];
        for (order, derivative) in (1..=4).zip(derivatives) {
            let exact = law.moment(order).unwrap();
            let allowed = 1e-4 * power(sixth_root, order);
            assert!(
                (derivative - exact).abs() <= allowed,
                "{law:?}, order {order}: {derivative:e} not {exact:e}"
            );
        }
    }
}

#[test]
fn characteristic_function_is_hermitian_bounded_and_one_at_zero() {
    for law in all_laws() {
        assert!((law.characteristic(0.0) - 1.0).norm() < 1e-14, "{law:?}");
        for frequency in [1e-3, 0.5, 3.0, 40.0, 1e5] {
            let value = law.characteristic(frequency);
            assert!(value.norm() <= 1.0 + 1e-13, "{law:?}");
            assert!(
                (value.conj() - law.characteristic(-frequency)).norm() < 1e-14,
                "{law:?}"
            );
        }
    }
}

#[test]
fn student_characteristic_function_equals_closed_forms_for_odd_df() {
    // K of half-integer order: at df = 3, (1 + x)e^{−x} with x = √3|ξ|; at df = 5, (1 + x + x²/3)e^{−x}, x = √5|ξ|.
    for frequency in [1e-4, 0.1, 1.0, 3.0, 10.0, 100.0] {
        let x = f64::sqrt(3.0) * frequency;
        let exact = (1.0 + x) * libm::exp(-x);
        assert!((student(3.0, 1.0, 0.0).characteristic(frequency).re / exact - 1.0).abs() < 1e-13);
        let x = f64::sqrt(5.0) * frequency;
        let exact = (1.0 + x + x * x / 3.0) * libm::exp(-x);
        assert!((student(5.0, 1.0, 0.0).characteristic(frequency).re / exact - 1.0).abs() < 1e-13);
    }
}

// Quantile and distribution functions

/// Level pairs p = 10^{−depth} in the lower tail, or the mirror image.
fn level(depth: f64, mirrored: bool) -> (f64, f64) {
    let small = 0.5 * libm::pow(10.0, -depth);
    if mirrored {
        (1.0 - small, small)
    } else {
        (small, 1.0 - small)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: proptest::test_runner::RngSeed::Fixed(2016), cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn cdf_inverts_the_quantile_down_to_1e_300(depth in 0.0..299.0_f64, shallow in 0.0..3.0_f64) {
        // The answer is a rounded number: the level must lie between those of its neighbours four steps away, up to
        // the relative error 1e-12 of the distribution function (x² times rounding, x ≤ 38).
        for law in smooth_laws() {
            for depth in [depth, shallow] {
                let (p, complement) = level(depth, false);
                let x = law.quantile_at(p, complement);
                let (mut below, mut above) = (x, x);
                for _ in 0..4 {
                    below = below.next_down();
                    above = above.next_up();
                }
                prop_assert!(law.cdf(below) <= p * (1.0 + 1e-12), "{law:?} at {p:e}: x = {x:e}");
                prop_assert!(law.cdf(above) >= p * (1.0 - 1e-12), "{law:?} at {p:e}: x = {x:e}");
            }
        }
    }

    #[test]
    fn quantiles_of_random_mixtures_and_student_laws_solve_the_equation(
        parts in prop::collection::vec((0.001..1.0_f64, -20.0..20.0_f64, -3.0..3.0_f64), 1..5),
        log_df in 0.0..12.7_f64,
        depth in 0.0..299.0_f64,
        shallow in 0.0..3.0_f64,
    ) {
        // The tolerance is as above. Spread components leave plateaus of the distribution function, where x is
        // ill-determined but the level is not; a sum of terms rounds to a relative 1e-12 at worst.
        let sum: f64 = parts.iter().map(|part| part.0).sum();
        let weights: Vec<f64> = parts.iter().map(|part| part.0 / sum).collect();
        let means: Vec<f64> = parts.iter().map(|part| part.1).collect();
        let sds: Vec<f64> = parts.iter().map(|part| libm::exp(part.2)).collect();
        for law in [mixture(&weights, &means, &sds), student(2.0 + libm::exp(log_df), 1.0, 0.0)] {
            for depth in [depth, shallow] {
                let (p, complement) = level(depth, false);
                let x = law.quantile_at(p, complement);
                let (mut below, mut above) = (x, x);
                for _ in 0..4 {
                    below = below.next_down();
                    above = above.next_up();
                }
                prop_assert!(law.cdf(below) <= p * (1.0 + 1e-12), "{law:?} at {p:e}: x = {x:e}");
                prop_assert!(law.cdf(above) >= p * (1.0 - 1e-12), "{law:?} at {p:e}: x = {x:e}");
            }
        }
    }

    #[test]
    fn quantile_is_the_least_value_reaching_the_level(p in 1e-9..1.0_f64) {
        // The definition inf{x : F(x) ≥ p} holds without tolerance for laws of finitely many values.
        for law in stepped_laws() {
            let x = law.quantile(p);
            prop_assert!(law.cdf(x) >= p, "{law:?} at {p}: {x}");
            prop_assert!(law.cdf(x.next_down()) < p, "{law:?} at {p}: {x}");
        }
    }

    #[test]
    fn quantile_is_monotone(depth in 0.0..299.0_f64, gap in 0.0..1.0_f64, exponent in -13.0..2.0_f64, mirrored: bool) {
        // Up to rounding of the answer, also for close levels.
        let deeper = depth + gap * libm::pow(10.0, exponent);
        for law in all_laws() {
            let (lower, upper) = level(depth, mirrored);
            let (outer_lower, outer_upper) = level(deeper.min(300.0), mirrored);
            let inner = law.quantile_at(lower, upper);
            let outer = law.quantile_at(outer_lower, outer_upper);
            let slack = 4e-15 * inner.abs().max(f64::sqrt(law.variance()));
            let ordered = if mirrored { inner <= outer + slack } else { outer <= inner + slack };
            prop_assert!(ordered, "{law:?}: {inner:e} at depth {depth}, {outer:e} at {deeper}");
        }
    }

    #[test]
    fn upper_tail_mirrors_the_lower_tail(depth in 0.0..299.0_f64) {
        let mirrored_pairs = [
            (normal(1.0, 0.5), normal(-1.0, 0.5)),
            (mixture(&[0.2, 0.8], &[-3.0, 0.5], &[0.4, 1.0]), mixture(&[0.2, 0.8], &[3.0, -0.5], &[0.4, 1.0])),
            (uniform(-3.0, 5.0), uniform(-5.0, 3.0)),
            (laplace(1.0, 2.0), laplace(-1.0, 2.0)),
            (student(2.5, 1.0, 0.3), student(2.5, 1.0, -0.3)),
            (student(40.0, 1.0, 0.3), student(40.0, 1.0, -0.3)),
        ];
        for (law, mirror) in mirrored_pairs {
            let (lower, upper) = level(depth, false);
            let (x, y) = (law.quantile_at(lower, upper), mirror.quantile_at(upper, lower));
            prop_assert!((x + y).abs() <= 4e-15 * x.abs().max(1.0), "{law:?} at {lower:e}: {x:e} and {y:e}");
        }
    }
}

#[test]
fn quantiles_of_stepped_laws_return_every_value_at_its_own_level() {
    // The float level F(x) must lead back to x, never to its successor, however k/n and 1 − k/n were rounded.
    for count in [3, 7, 10, 25, 29, 49, 1000] {
        let values: Vec<f64> = (0..count).map(f64::from).collect();
        for law in [
            empirical(&values, 0.0),
            discrete(&values, &vec![1.0 / f64::from(count); values.len()]),
        ] {
            for &value in &values {
                assert_eq!(
                    law.quantile(law.cdf(value)),
                    value,
                    "{} of {count} values",
                    law.name()
                );
            }
            assert_eq!(law.jumps().len(), values.len() - 1);
        }
    }
}

#[test]
fn tiny_weights_at_the_top_are_reached_by_the_upper_level() {
    let law = discrete(&[0.0, 5.0], &[1.0, 1e-20]);
    assert_eq!(law.quantile_at(1.0, 1e-25), 5.0);
    assert_eq!(law.quantile_at(1.0 - 1e-10, 1e-10), 0.0);
}

#[test]
fn mixture_quantile_finds_the_gap_between_far_components() {
    let law = mixture(&[0.3, 0.7], &[-1000.0, 1000.0], &[1.0, 2.0]);
    // A quarter of the weight 0.3 below: Φ⁻¹(0.25) from the lower mean; and the mirror image above.
    assert!((law.quantile(0.075) - (-1_000.674_489_750_196_1)).abs() < 1e-12);
    assert!((law.quantile(0.825) - (1000.0 + 2.0 * 0.674_489_750_196_081_7)).abs() < 1e-12);
    assert!(law.quantile(0.3 - 1e-12) < -990.0 && law.quantile(0.3 + 1e-12) > 980.0);
}

#[test]
fn mixture_quantile_copes_with_scales_a_hundred_orders_apart() {
    // Half the mass within 1e-50 of 0, half spread over 1e50: the median's neighbourhood belongs to the narrow part,
    // where the wide one adds ¼ to the level: p = ¼ + ½Φ(x/1e-50).
    let law = mixture(&[0.5, 0.5], &[0.0, 0.0], &[1e-50, 1e50]);
    let expected = 1e-50 * normal(0.0, 1.0).quantile(0.6);
    assert!((law.quantile(0.25 + 0.5 * 0.6) / expected - 1.0).abs() < 1e-12);
    let expected = 1e50 * normal(0.0, 1.0).quantile(0.2);
    assert!((law.quantile(0.1) / expected - 1.0).abs() < 1e-12);
}

#[test]
fn levels_outside_the_open_interval_stay_finite() {
    for law in all_laws() {
        for p in [
            0.0,
            1.0,
            -1.0,
            2.0,
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            5e-324,
        ] {
            assert!(law.quantile(p).is_finite(), "{law:?} at {p}");
            assert!(law.sample(p, p).is_finite(), "{law:?} at {p}");
            let _ = (law.cdf(p), law.characteristic(p));
        }
    }
}

// Tests of refusals.

fn assert_refused<T: std::fmt::Debug>(result: Result<T, LawError>, parameter: &str, words: &str) {
    let error = result.unwrap_err();
    assert_eq!(error.parameter, parameter, "{error}");
    let message = error.to_string();
    assert!(
        message.starts_with(&format!("`{parameter}` = ")),
        "{message}"
    );
    assert!(message.contains(words), "{message} lacks {words}");
    assert!(!error.fix.is_empty());
}

#[test]
fn constructors_refuse_every_bad_parameter() {
    let nan = f64::NAN;
    let infinity = f64::INFINITY;
    assert_refused(Normal::new(nan, 1.0), "mean", "not a finite number");
    assert_refused(Normal::new(1e61, 1.0), "mean", "magnitude");
    assert_refused(Normal::new(0.0, 0.0), "sd", "use law = \"point\"");
    assert_refused(Normal::new(0.0, -1.0), "sd", "positive");
    assert_refused(Normal::new(0.0, 1e-70), "sd", "below");
    assert_refused(Normal::new(0.0, infinity), "sd", "not a finite number");

    let new_mixture =
        |w: &[f64], m: &[f64], s: &[f64]| NormalMixture::new(w.to_vec(), m.to_vec(), s.to_vec());
    assert_refused(new_mixture(&[], &[], &[]), "weights", "empty");
    assert_refused(
        new_mixture(&[1.0], &[0.0, 1.0], &[1.0]),
        "means",
        "has 2 entries but `weights` has 1",
    );
    assert_refused(
        new_mixture(&[1.0], &[0.0], &[]),
        "sds",
        "has 0 entries but `weights` has 1",
    );
    assert_refused(
        new_mixture(&[0.5, 0.4], &[0.0, 1.0], &[1.0, 1.0]),
        "weights",
        "the weights sum to 0.9",
    );
    assert_refused(
        new_mixture(&[1.5, -0.5], &[0.0, 1.0], &[1.0, 1.0]),
        "weights",
        "-0.5 is negative",
    );
    assert_refused(
        new_mixture(&[nan, 0.5], &[0.0, 1.0], &[1.0, 1.0]),
        "weights",
        "finite",
    );
    assert_refused(
        new_mixture(&[0.5, 0.5], &[0.0, infinity], &[1.0, 1.0]),
        "means",
        "finite",
    );
    assert_refused(
        new_mixture(&[0.5, 0.5], &[0.0, 0.0], &[1.0, 0.0]),
        "sds",
        "positive",
    );

    assert_refused(Uniform::new(nan, 1.0), "low", "finite");
    assert_refused(Uniform::new(0.0, infinity), "high", "finite");
    assert_refused(Uniform::new(2.0, 1.0), "low", "exchange");
    assert_refused(Uniform::new(1.0, 1.0), "high", "law = \"point\"");

    assert_refused(Laplace::new(infinity, 1.0), "mean", "finite");
    assert_refused(Laplace::new(0.0, 0.0), "scale", "law = \"point\"");
    assert_refused(Laplace::new(0.0, -2.0), "scale", "positive");

    assert_refused(StudentT::new(2.0, 1.0, 0.0), "df", "df > 2");
    assert_refused(StudentT::new(nan, 1.0, 0.0), "df", "normal");
    assert_refused(StudentT::new(2e6, 1.0, 0.0), "df", "normal");
    assert_refused(StudentT::new(3.0, 0.0, 0.0), "scale", "law = \"point\"");
    assert_refused(StudentT::new(3.0, 1.0, nan), "location", "finite");

    assert_refused(Discrete::new(vec![], vec![]), "values", "empty");
    assert_refused(
        Discrete::new(vec![1.0], vec![0.5, 0.5]),
        "weights",
        "has 2 entries",
    );
    assert_refused(Discrete::new(vec![nan], vec![1.0]), "values", "finite");
    assert_refused(
        Discrete::new(vec![1.0, 2.0], vec![0.5, 0.500_001]),
        "weights",
        "sum to 1.000001",
    );
    assert!(Discrete::new(vec![1.0, 2.0], vec![0.5, 0.500_000_000_1]).is_ok());

    assert_refused(Point::new(nan), "value", "finite");
    assert_refused(Empirical::new(vec![], 0.0), "values", "empty");
    assert_refused(Empirical::new(vec![1.0, infinity], 0.0), "values", "finite");
    assert_refused(Empirical::new(vec![1.0], nan), "shift", "finite");
}

fn csv_file(content: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(content).unwrap();
    file
}

/// The law of a column of a file with these bytes.
fn read(content: &[u8], column: &str, shift: f64) -> Result<Law, EmpiricalError> {
    let file = csv_file(content);
    let (folder, name) = (
        file.path().parent().unwrap(),
        file.path().file_name().unwrap(),
    );
    Empirical::from_csv(folder, name.to_str().unwrap(), column, shift).map(Law::from)
}

#[test]
fn empirical_law_reads_a_column_and_shifts_it() {
    let content = b"time, velocity\n0,1.5\n\n1, -2.5e0\n2,4\n";
    let law = read(content, "velocity", -1.0).unwrap();
    assert_eq!(law, empirical(&[0.5, -3.5, 3.0], 0.0));
    assert_eq!(law.mean(), 0.0);
    assert_eq!(law.name(), "empirical");
}

/// Files of different programs and editors give the same two values.
#[test]
fn dialects_of_csv_are_read_alike() {
    let expected = empirical(&[1.5, -2.0], 0.0);
    let files: [&[u8]; 16] = [
        b"v\n1.5\n-2\n",
        b"v\n1.5\n-2",
        b"v\r\n1.5\r\n-2\r\n",
        b"\xef\xbb\xbfv\n1.5\n-2\n",
        b"\xef\xbb\xbf\"v\"\r\n1.5\r\n-2",
        b"\"v\"\n\"1.5\"\n\" -2 \"\n",
        b" v \n 1.5\n\t-2 \n",
        b"v\n\n1.5\n \t\n-2\n\n\n",
        b"\n\nv\n1.5\n-2\n",
        b"u,v\n0,1.5\n0,-2\n",
        b"u,v\n\n0,1.5\n \t\n0,-2\n\n\n",
        b"u,v,\n0,1.5,\n0,-2,\n",
        b"v,,\n1.5,,\n-2,,\n",
        b"note,v\n\"a, b\",1.5\n\"say \"\"c\"\"\",-2\n",
        b"u , v\n\"0\" , 1.5\n,-2e0\n",
        "größe,v\nμ,+1.5\n‖,-0.2E1\n".as_bytes(),
    ];
    for file in files {
        let text = String::from_utf8_lossy(file).into_owned();
        assert_eq!(read(file, "v", 0.0).expect(&text), expected, "{text:?}");
    }
}

#[test]
fn empirical_errors_say_what_is_wrong_and_where() {
    let missing = Empirical::from_csv(Path::new("no/such"), "file.csv", "v", 0.0).unwrap_err();
    assert!(
        matches!(missing, EmpiricalError::Unreadable { .. })
            && missing.to_string().contains("no/such/file.csv")
    );

    let error = read(b"time,velocity\n0,1\n", "velocty", 0.0).unwrap_err();
    assert!(
        error.to_string().contains("did you mean `velocity`?"),
        "{error}"
    );
    assert!(error.to_string().contains("`time`, `velocity`"), "{error}");
    let error = read(b"time,velocity\n0,1\n", "pressure", 0.0).unwrap_err();
    assert!(
        matches!(&error, EmpiricalError::NoSuchColumn { nearest: None, .. }),
        "{error}"
    );
    for content in ["v\n", "v", "v\n\n \n", "\u{feff}v\r\n"] {
        let error = read(content.as_bytes(), "v", 0.0).unwrap_err();
        assert!(
            matches!(error, EmpiricalError::NoRows { .. }),
            "{content:?}: {error}"
        );
    }
    for content in ["", "\n", "\u{feff}", " \n\r\n"] {
        let error = read(content.as_bytes(), "v", 0.0).unwrap_err();
        assert!(
            matches!(error, EmpiricalError::NoHeader { .. }),
            "{content:?}: {error}"
        );
    }
    let error = read(b"v\n1e70\n", "v", 0.0).unwrap_err();
    assert!(matches!(error, EmpiricalError::Law(_)), "{error}");
}

#[test]
fn lines_that_cannot_be_read_are_named() {
    const POINT: &str = "write decimals with a point";
    const FIELDS: &str = "as many fields as the header";
    const CORRECT: &str = "correct or remove the line";
    const QUOTE: &str = "close each quote";
    let long = format!("v\n1\n{}\n", "1".repeat(1_000_001));
    let cases: [(&[u8], u64, &str, &str); 35] = [
        (
            b"v\n1,5\n-1,5\n",
            2,
            "it has 2 fields, and the header has 1 field",
            POINT,
        ),
        (b"v\n1\n-1,5\n", 3, "it has 2 fields", POINT),
        (b"u,v\n0,1,5\n", 2, "it has 3 fields", POINT),
        (b"v\n2,5e-3\n", 2, "it has 2 fields", POINT),
        (
            b"v\n\"1,5\"\n",
            2,
            "`1,5` in column `v` is not a number",
            POINT,
        ),
        (b"v\n1,\n", 2, "it has 2 fields", FIELDS),
        (b"v\n1,fast\n", 2, "it has 2 fields", FIELDS),
        (
            b"u,v\n1,2\n\n3\n",
            4,
            "it has 1 field, and the header has 2 fields",
            FIELDS,
        ),
        (b"u,v\n1,2\n3,x,note\n", 3, "it has 3 fields", FIELDS),
        (
            b"v,u,v\n1,2,3\n",
            1,
            "the column `v` is in the header twice",
            "a name of its own",
        ),
        (
            b"v,u,u\n1,2,3\n",
            1,
            "the column `u` is in the header twice",
            "a name of its own",
        ),
        (
            b"\nv, \"v\"\n1,2\n",
            2,
            "the column `v` is in the header twice",
            "a name of its own",
        ),
        (
            b"t,v\n0,1\n1,fast\n",
            3,
            "`fast` in column `v` is not a number",
            CORRECT,
        ),
        (
            b"t,v\r\n0,1\r\n\r\n1,\r\n",
            4,
            "`` in column `v` is not a number",
            CORRECT,
        ),
        (
            b"v\n1\n\"\"\n",
            3,
            "`` in column `v` is not a number",
            CORRECT,
        ),
        (
            b"v\n0x1F\n",
            2,
            "`0x1F` in column `v` is not a number",
            CORRECT,
        ),
        (
            b"v\n1_000\n",
            2,
            "`1_000` in column `v` is not a number",
            CORRECT,
        ),
        (
            b"v\n1 000\n",
            2,
            "`1 000` in column `v` is not a number",
            CORRECT,
        ),
        (
            b"v\n1.5 m/s\n",
            2,
            "`1.5 m/s` in column `v` is not a number",
            CORRECT,
        ),
        (
            b"v\n1d5\n",
            2,
            "`1d5` in column `v` is not a number",
            CORRECT,
        ),
        (
            b"v\n1\n\nnan\n",
            4,
            "`nan` in column `v` is not finite",
            CORRECT,
        ),
        (
            b"v\n1\n\nNaN\n",
            4,
            "`NaN` in column `v` is not finite",
            CORRECT,
        ),
        (
            b"v\n1\n\ninf\n",
            4,
            "`inf` in column `v` is not finite",
            CORRECT,
        ),
        (
            b"v\n1\n\n-Infinity\n",
            4,
            "`-Infinity` in column `v` is not finite",
            CORRECT,
        ),
        (
            b"v\n1\n\n1e400\n",
            4,
            "`1e400` in column `v` is not finite",
            CORRECT,
        ),
        (
            b"v\n1\n\xff\xfe\n",
            3,
            "it is not UTF-8",
            "save the file as UTF-8",
        ),
        (
            b"gr\xf6\xdfe,v\n1,1\n",
            1,
            "it is not UTF-8",
            "save the file as UTF-8",
        ),
        (
            b"\xff\xfev\0\n\0",
            1,
            "it is not UTF-8",
            "save the file as UTF-8",
        ),
        (
            b"v\n\"1\n2\n",
            2,
            "a quote is not closed on this line",
            QUOTE,
        ),
        (
            b"\"v\n1\n2\n",
            1,
            "a quote is not closed on this line",
            QUOTE,
        ),
        (
            b"u,v\n\"a\nb\",1\n",
            2,
            "a quote is not closed on this line",
            QUOTE,
        ),
        (
            b"v\n\"1\"5\n",
            2,
            "a quote is not closed on this line",
            QUOTE,
        ),
        (
            b"v\n1\0\n",
            2,
            "`1\\u{0}` in column `v` is not a number",
            CORRECT,
        ),
        (
            b"v\n\x1b[31m1\n",
            2,
            "`\\u{1b}[31m1` in column `v` is not a number",
            CORRECT,
        ),
        (
            long.as_bytes(),
            3,
            "it is longer than 1000000 bytes",
            "a line of its own",
        ),
    ];
    for (content, line, problem, advice) in cases {
        let text: String = String::from_utf8_lossy(content).chars().take(99).collect();
        let error = read(content, "v", 0.0).expect_err(&text);
        let EmpiricalError::BadLine { line: found, .. } = error else {
            panic!("{text:?}: {error}");
        };
        let message = error.to_string();
        assert_eq!(found, line, "{text:?}: {message}");
        let told = message.contains(&format!("`, line {line}: ")) && message.contains(problem);
        assert!(told && message.contains(advice), "{text:?}: {message}");
        assert!(message.len() < 400, "{text:?}: {message}");
    }
}

#[test]
fn a_manifest_describes_a_file_of_data_as_it_was_read() {
    let file = csv_file(b"\xef\xbb\xbft,v\r\n0,1.5\r\n\r\n1,-2\r\n");
    let name = file.path().to_str().unwrap();
    let law = Law::from(Empirical::from_csv(Path::new(""), name, "v", 0.5).unwrap());
    let source = law.source().unwrap();
    let told = (&*source.file, &*source.column, source.bytes, source.rows);
    assert_eq!(told, (name, "v", 23, 2));
    // The sum is that of `printf '\xef\xbb\xbft,v\r\n0,1.5\r\n\r\n1,-2\r\n' | sha256sum`.
    assert_eq!(
        source.sha256,
        "03ad5b756ab0db6d6e16468837d292288afb2aaa3fd737ee45adb349eb4290b4"
    );
}

/// The parameters of a law as JSON.
fn parameters(law: impl Into<Law>) -> serde_json::Value {
    let parameters = law.into().parameters().into_iter();
    parameters
        .map(|(name, value)| (name.to_string(), serde_json::to_value(value).unwrap()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

#[test]
fn laws_give_their_parameters_by_name() {
    use serde_json::json;
    let mixture = NormalMixture::new(
        vec![0.25, 0.0, 0.75],
        vec![1.0, 5.0, -1.0],
        vec![0.5, 1.0, 2.0],
    );
    let discrete = Discrete::new(vec![3.0, 1.0, 3.0], vec![0.25, 0.5, 0.25]);
    let cases = [
        (
            parameters(Normal::new(0.5, 2.0).unwrap()),
            json!({"mean": 0.5, "sd": 2.0}),
        ),
        (
            parameters(mixture.unwrap()),
            json!({"weights": [0.25, 0.75], "means": [1.0, -1.0], "sds": [0.5, 2.0]}),
        ),
        (
            parameters(Uniform::new(-1.0, 3.0).unwrap()),
            json!({"low": -1.0, "high": 3.0}),
        ),
        (
            parameters(Laplace::new(1.0, 2.0).unwrap()),
            json!({"mean": 1.0, "scale": 2.0}),
        ),
        (
            parameters(StudentT::new(5.0, 2.0, 0.0).unwrap()),
            json!({"df": 5.0, "scale": 2.0, "location": 0.0}),
        ),
        (
            parameters(discrete.unwrap()),
            json!({"values": [1.0, 3.0], "weights": [0.5, 0.5]}),
        ),
        (parameters(Point::new(2.0).unwrap()), json!({"value": 2.0})),
        (
            parameters(Empirical::new(vec![1.0, 3.0], 0.5).unwrap()),
            json!({"shift": 0.5, "count": 2, "mean": 2.5, "sd": 1.0}),
        ),
    ];
    for (found, expected) in cases {
        assert_eq!(found, expected);
    }
}

// Tests of moments of the initial difference.

fn assert_close(value: f64, reference: f64, tolerance: f64) {
    assert!(
        (value - reference).abs() <= tolerance * reference.abs(),
        "{value:e} not {reference:e}"
    );
}

fn optimal(first: &Law, second: &Law) -> DifferenceMoments {
    difference_moments(first, second, Pairing::Optimal)
}

#[test]
fn optimal_pairing_matches_references() {
    // The references have thirty digits, by mpmath's quadrature in the variable of one law.
    let references = [
        (
            normal(0.0, 1.0),
            uniform(-3.0, 5.0),
            2.819_816_664_951_283,
            17.093_775_141_439_33,
        ),
        (
            normal(1.0, 1.0),
            uniform(-f64::sqrt(12.0), f64::sqrt(12.0)),
            2.091_179_904_776_640_6,
            9.379_167_137_089_11,
        ),
        (
            discrete(&[-1.0, 0.5, 3.0], &[0.2, 0.5, 0.3]),
            normal(0.3, 1.2),
            0.890_981_401_331_447_5,
            2.176_053_393_545_059,
        ),
        (
            mixture(&[0.3, 0.7], &[-1.0, 1.5], &[0.5, 1.2]),
            laplace(0.2, 0.8),
            0.674_202_872_153_601_5,
            0.958_567_779_632_548_1,
        ),
        (
            student(5.0, 1.0, 0.0),
            normal(0.0, 1.0),
            0.127_663_013_843_178_56,
            4.533_963_703_684_794,
        ),
        (
            student(4.5, 0.5, 1.0),
            normal(0.0, 1.0),
            1.138_893_692_348_858_8,
            2.624_856_544_694_881,
        ),
    ];
    for (first, second, expected_second, expected_fourth) in references {
        for (left, right) in [(&first, &second), (&second, &first)] {
            let moments = optimal(left, right);
            assert_close(moments.second, expected_second, 1e-12);
            assert_close(moments.fourth.unwrap(), expected_fourth, 1e-12);
            assert!(
                moments.second_error <= 1e-12 * moments.second,
                "{:e}",
                moments.second_error
            );
            assert!(
                moments.fourth_error <= 1e-12 * expected_fourth,
                "{:e}",
                moments.fourth_error
            );
            assert_eq!(
                wasserstein_squared(left, right),
                (moments.second, moments.second_error)
            );
        }
    }
}

#[test]
fn optimal_pairing_matches_cross_moments_by_another_quadrature() {
    // d₂ = E X² − 2E XY + E Y² and d₄ = Σ (−1)^j C(4, j) E X^{4−j} Y^j, with pure moments from closed forms. Heavy
    // tails just inside the finite range have a good part of the moment beyond any level that f64 can hold.
    let cross = |first: &Law, second: &Law, a: u32, b: u32| {
        integral_over_levels(|lower, upper| {
            power(first.quantile_at(lower, upper), a) * power(second.quantile_at(lower, upper), b)
        })
    };
    let heavy = student(2.03, 1.0, 0.5);
    let light = mixture(&[0.4, 0.6], &[-1.0, 0.5], &[0.5, 1.0]);
    let second =
        heavy.moment(2).unwrap() - 2.0 * cross(&heavy, &light, 1, 1) + light.moment(2).unwrap();
    let moments = optimal(&heavy, &light);
    assert_close(moments.second, second, 1e-11);
    assert_eq!(moments.fourth, None);
    for (first, second) in [
        (student(4.05, 1.0, 0.5), light.clone()),
        (laplace(0.3, 1.0), uniform(-1.0, 2.0)),
        (student(9.0, 1.0, 0.0), student(11.0, 0.8, 0.0)),
    ] {
        let fourth = first.moment(4).unwrap() - 4.0 * cross(&first, &second, 3, 1)
            + 6.0 * cross(&first, &second, 2, 2)
            - 4.0 * cross(&first, &second, 1, 3)
            + second.moment(4).unwrap();
        // The alternating sum loses the ratio of its largest term to the result.
        let largest = first.moment(4).unwrap() / fourth;
        assert_close(
            optimal(&first, &second).fourth.unwrap(),
            fourth,
            1e-12 * (10.0 + largest),
        );
    }
}

#[test]
fn higher_difference_moments_match_a_plain_quadrature() {
    let pairs = [
        (normal(0.0, 1.0), normal(0.7, 2.5)),
        (normal(0.0, 1.0), uniform(-3.0, 5.0)),
        (laplace(0.3, 1.0), laplace(-1.0, 0.4)),
        (student(11.0, 1.0, 0.0), student(11.0, 2.0, 1.0)),
        (student(12.0, 1.0, 0.0), uniform(-1.0, 1.0)),
        (
            mixture(&[0.4, 0.6], &[-1.0, 0.5], &[0.5, 1.0]),
            normal(0.0, 1.0),
        ),
    ];
    for (first, second) in &pairs {
        let by_order = higher_difference_moments(first, second, Pairing::Optimal);
        let apart = higher_difference_moments(first, second, Pairing::Independent);
        for (k, order) in [6, 8].into_iter().enumerate() {
            let plain = integral_over_levels(|lower, upper| {
                let difference = first.quantile_at(lower, upper) - second.quantile_at(lower, upper);
                power(difference, order)
            });
            assert_close(by_order[k].unwrap(), plain, 1e-9);
            // E (V − V′)^order of independent V and V′ by raw moments.
            let raw = |law: &Law, order: u32| {
                if order == 0 {
                    1.0
                } else {
                    law.moment(order).unwrap()
                }
            };
            let mut binomial = 1.0;
            let mut expanded = 0.0;
            for j in 0..=order {
                expanded += binomial * raw(first, order - j) * raw(second, j);
                binomial *= -f64::from(order - j) / f64::from(j + 1);
            }
            assert_close(apart[k].unwrap(), expanded, 1e-9);
        }
    }
    let atoms = discrete(&[0.0, 1.0], &[0.5, 0.5]);
    let others = discrete(&[0.0, 3.0], &[0.5, 0.5]);
    assert_eq!(
        higher_difference_moments(&atoms, &others, Pairing::Optimal),
        [Some(32.0), Some(128.0)]
    );
    assert_eq!(
        higher_difference_moments(&student(7.0, 1.0, 0.0), &atoms, Pairing::Optimal)[1],
        None
    );
    let (one, other) = (student(3.0, 1.0, 0.0), student(3.0, 1.0, 2.0));
    assert_eq!(
        higher_difference_moments(&one, &other, Pairing::Optimal),
        [Some(64.0), Some(256.0)]
    );
}

#[test]
fn optimal_pairing_of_two_heavy_tails_keeps_the_part_beyond_the_last_level() {
    // E XY of the pair still has a percent of itself beyond the levels e^{−690}, where both quantile functions are
    // power laws u^{−1/df}: that part is Q_f Q_h u/(1 − 1/df − 1/df′) at either end. The moments cancel to a tenth.
    let (first, second) = (student(2.01, 1.0, 0.0), student(2.015, 0.8, 0.0));
    let product =
        |lower: f64, upper: f64| first.quantile_at(lower, upper) * second.quantile_at(lower, upper);
    let end = libm::exp(-690.0);
    let beyond = 2.0 * product(end, 1.0) * end / (1.0 - 1.0 / 2.01 - 1.0 / 2.015);
    let cross = integral_over_levels(product) + beyond;
    assert!(beyond > 0.005 * cross);
    let expected = first.moment(2).unwrap() - 2.0 * cross + second.moment(2).unwrap();
    assert_close(optimal(&first, &second).second, expected, 1e-10);
}

#[test]
fn closed_forms_of_location_scale_families() {
    // N(1, 1) − N(0, 0.5²) = 1 + Z/2: 1 + ¼ and 1 + 6/4 + 3/16.
    let moments = optimal(&normal(1.0, 1.0), &normal(0.0, 0.5));
    assert_close(moments.second, 1.25, 1e-15);
    assert_close(moments.fourth.unwrap(), 2.6875, 1e-15);
    assert_eq!((moments.second_error, moments.fourth_error), (0.0, 0.0));
    // The closed forms against the quadrature of both quantile functions.
    for (first, second) in [
        (uniform(-3.0, 5.0), uniform(0.0, 1.0)),
        (laplace(1.0, 2.0), laplace(-0.5, 0.3)),
        (student(7.0, 2.0, 0.5), student(7.0, 0.5, 0.0)),
        (point(0.7), mixture(&[0.2, 0.8], &[-3.0, 0.5], &[0.4, 1.0])),
        (laplace(1.0, 2.0), point(-3.0)),
    ] {
        let difference = |lower: f64, upper: f64| {
            first.quantile_at(lower, upper) - second.quantile_at(lower, upper)
        };
        let moments = optimal(&first, &second);
        assert_close(
            moments.second,
            integral_over_levels(|l, u| power(difference(l, u), 2)),
            1e-12,
        );
        assert_close(
            moments.fourth.unwrap(),
            integral_over_levels(|l, u| power(difference(l, u), 4)),
            1e-12,
        );
    }
}

#[test]
fn fourth_moment_is_absent_unless_heavy_tails_cancel() {
    let heavy = student(3.5, 1.0, 0.0);
    let fourth = |second: &Law| optimal(&heavy, second).fourth;
    assert_eq!(fourth(&student(3.5, 1.0, 2.0)), Some(16.0));
    assert_eq!(fourth(&student(3.5, 1.1, 2.0)), None);
    assert_eq!(fourth(&student(3.6, 1.0, 0.0)), None);
    assert_eq!(fourth(&normal(0.0, 1.0)), None);
    assert_eq!(fourth(&point(0.0)), None);
    assert_eq!(fourth(&discrete(&[-1.0, 1.0], &[0.5, 0.5])), None);
    assert_eq!(
        difference_moments(&heavy, &heavy, Pairing::Independent).fourth,
        None
    );
}

#[test]
fn equal_laws_have_difference_moments_of_exactly_zero() {
    for law in all_laws() {
        let moments = optimal(&law, &law);
        assert_eq!(
            (moments.second, moments.fourth),
            (0.0, Some(0.0)),
            "{law:?}"
        );
    }
    // One law is written in two families.
    let moments = optimal(&mixture(&[1.0], &[0.5], &[2.0]), &normal(0.5, 2.0));
    assert!(moments.second < 1e-28);
    assert_eq!(
        optimal(
            &discrete(&[1.0, 2.0], &[0.5, 0.5]),
            &empirical(&[2.0, 1.0], 0.0)
        )
        .second,
        0.0
    );
}

#[test]
fn sums_over_merged_levels_are_exact() {
    // The levels are 0.5 and 0.25: differences −1 − 0, −1 − 4, 1 − 4 have probabilities ¼, ¼, ½.
    let moments = optimal(
        &discrete(&[-1.0, 1.0], &[0.5, 0.5]),
        &discrete(&[0.0, 4.0], &[0.25, 0.75]),
    );
    assert_close(moments.second, 0.25 + 0.25 * 25.0 + 0.5 * 9.0, 1e-15);
    assert_close(
        moments.fourth.unwrap(),
        0.25 + 0.25 * 625.0 + 0.5 * 81.0,
        1e-15,
    );
    // Sorted samples of equal size pair by rank.
    let (first, second) = (
        draws(&normal(0.0, 1.0), 999, 1),
        draws(&laplace(0.5, 1.0), 999, 2),
    );
    let sorted = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values
    };
    let by_rank = sorted(first.clone())
        .iter()
        .zip(&sorted(second.clone()))
        .map(|(a, b)| (a - b) * (a - b))
        .sum::<f64>();
    assert_close(
        optimal(&empirical(&first, 0.0), &empirical(&second, 0.0)).second,
        by_rank / 999.0,
        1e-12,
    );
}

#[test]
fn large_empirical_law_against_a_normal_matches_its_closed_form() {
    // d₂ = Σ x_k²/n + 1 − 2 Σ x_k (φ(a_{k−1}) − φ(a_k)), a_k = Φ⁻¹(k/n).
    let count = 100_000;
    let mut values = draws(&laplace(0.2, 0.7), count, 77);
    values.sort_by(f64::total_cmp);
    let standard = normal(0.0, 1.0);
    let density = |k: usize| {
        if k == 0 || k == count {
            return 0.0;
        }
        let a = standard.quantile_at(k as f64 / count as f64, (count - k) as f64 / count as f64);
        libm::exp(-0.5 * a * a) / f64::sqrt(2.0 * PI)
    };
    let cross: f64 = values
        .iter()
        .enumerate()
        .map(|(k, x)| x * (density(k) - density(k + 1)))
        .sum();
    let squares = values.iter().map(|x| x * x).sum::<f64>() / count as f64;
    let moments = optimal(&empirical(&values, 0.0), &standard);
    assert_close(moments.second, squares + 1.0 - 2.0 * cross, 1e-11);
    assert!(moments.second_error < 1e-11 * moments.second);
}

#[test]
fn independent_pairing_matches_sampled_differences_and_hand_computation() {
    // U(−1, 1) − {±1 with ½}: variance ⅓ + 1; fourth 1/5 + 6·⅓ + 1.
    let moments = difference_moments(
        &uniform(-1.0, 1.0),
        &discrete(&[-1.0, 1.0], &[0.5, 0.5]),
        Pairing::Independent,
    );
    assert_close(moments.second, 4.0 / 3.0, 1e-15);
    assert_close(moments.fourth.unwrap(), 3.2, 1e-15);
    // The laws are skewed and have different means; the tolerance is five exact or own standard errors, α = 6e-7.
    let first = mixture(&[0.2, 0.8], &[-3.0, 0.5], &[0.4, 1.0]);
    let second = discrete(&[3.0, -1.0, 0.5], &[0.3, 0.2, 0.5]);
    let count = 400_000;
    let differences: Vec<f64> = draws(&first, count, 11)
        .iter()
        .zip(draws(&second, count, 12))
        .map(|(a, b)| a - b)
        .collect();
    let moments = difference_moments(&first, &second, Pairing::Independent);
    for (order, exact) in [(2, moments.second), (4, moments.fourth.unwrap())] {
        let mean = differences.iter().map(|&d| power(d, order)).sum::<f64>() / count as f64;
        let square = differences
            .iter()
            .map(|&d| power(d, 2 * order))
            .sum::<f64>()
            / count as f64;
        assert!(
            (mean - exact).abs() < 5.0 * f64::sqrt((square - mean * mean) / count as f64),
            "{mean} not {exact}"
        );
    }
}

#[test]
fn optimal_distance_lies_between_gelbrich_and_independent() {
    // (m_f − m_h)² + (σ_f − σ_h)² ≤ W₂² ≤ E (V − V′)² of independent pairs, for every pair of laws.
    let moderate = |law: &Law| (1e-6..1e6).contains(&law.moment(4).unwrap_or(1.0).max(1e-6));
    let laws: Vec<Law> = all_laws().into_iter().filter(moderate).collect();
    for first in &laws {
        for second in &laws {
            let (value, error) = wasserstein_squared(first, second);
            let shift = first.mean() - second.mean();
            let spread = f64::sqrt(first.variance()) - f64::sqrt(second.variance());
            let upper = difference_moments(first, second, Pairing::Independent).second;
            let rounding = error + 1e-13 * upper;
            assert!(
                value >= shift * shift + spread * spread - rounding,
                "{first:?} {second:?}: {value}"
            );
            assert!(value <= upper + rounding, "{first:?} {second:?}: {value}");
            assert!(error <= 1e-11 * upper, "{first:?} {second:?}: {error:e}");
        }
    }
}
