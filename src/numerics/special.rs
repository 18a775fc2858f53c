//! Special functions, from basic arithmetic and the crate `libm` only, so that results are the same bytes on every
//! machine.
//!
//! Each function states its accuracy; the tests compare with references computed to thirty digits.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// The standard normal distribution function Φ(x) = ½ erfc(−x/√2).
///
/// Relative error below 1e-15·(1 + x²) in the lower tail, where the rounding of x/√2 is amplified; the upper tail
/// is Φ(−x). Φ(NaN) is NaN.
pub fn normal_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x * FRAC_1_SQRT_2)
}

/// The standard normal density e^{−x²/2}/√(2π).
pub fn normal_density(x: f64) -> f64 {
    const INVERSE_ROOT_TWO_PI: f64 = 0.398_942_280_401_432_7;
    INVERSE_ROOT_TWO_PI * libm::exp(-0.5 * x * x)
}

/// The standard normal quantile Φ⁻¹(p) at p = `lower`, with 1 − p = `upper` also given.
///
/// Both must be positive and sum to 1 up to rounding; the smaller one determines the tail, so both tails are
/// accurate down to the smallest normal number. Relative error about 1e-15. Antisymmetric under exchange of the
/// arguments, exactly.
///
/// Source: M. J. Wichura, "Algorithm AS 241: the percentage points of the normal distribution", Applied
/// Statistics 37 (1988) 477–484, routine PPND16.
pub fn normal_quantile(lower: f64, upper: f64) -> f64 {
    const CENTRAL_HALF_WIDTH: f64 = 0.425;
    const CENTRAL_HALF_WIDTH_SQUARE: f64 = 0.180625;
    const FAR_TAIL: f64 = 5.0;
    let offset = 0.5 * (lower - upper);
    if offset.abs() <= CENTRAL_HALF_WIDTH {
        let argument = CENTRAL_HALF_WIDTH_SQUARE - offset * offset;
        return offset * polynomial(&CENTRAL_NUMERATOR, argument)
            / polynomial(&CENTRAL_DENOMINATOR, argument);
    }
    let depth = f64::sqrt(-libm::log(lower.min(upper)));
    let magnitude = if depth <= FAR_TAIL {
        polynomial(&TAIL_NUMERATOR, depth - 1.6) / polynomial(&TAIL_DENOMINATOR, depth - 1.6)
    } else {
        polynomial(&FAR_NUMERATOR, depth - FAR_TAIL)
            / polynomial(&FAR_DENOMINATOR, depth - FAR_TAIL)
    };
    magnitude.copysign(offset)
}

/// Σ_k coefficients\[k\] x^k by Horner's rule.
fn polynomial(coefficients: &[f64], x: f64) -> f64 {
    coefficients
        .iter()
        .rev()
        .fold(0.0, |sum, coefficient| sum * x + coefficient)
}

// The coefficients of AS 241 as printed, more digits than an f64 holds.
#[allow(clippy::excessive_precision)]
const CENTRAL_NUMERATOR: [f64; 8] = [
    3.387_132_872_796_366_608_0,
    1.331_416_678_917_843_774_5e2,
    1.971_590_950_306_551_442_7e3,
    1.373_169_376_550_946_112_5e4,
    4.592_195_393_154_987_145_7e4,
    6.726_577_092_700_870_085_3e4,
    3.343_057_558_358_812_810_5e4,
    2.509_080_928_730_122_672_7e3,
];
#[allow(clippy::excessive_precision)]
const CENTRAL_DENOMINATOR: [f64; 8] = [
    1.0,
    4.231_333_070_160_091_125_2e1,
    6.871_870_074_920_579_083_0e2,
    5.394_196_021_424_751_107_7e3,
    2.121_379_430_158_659_586_7e4,
    3.930_789_580_009_271_061_0e4,
    2.872_908_573_572_194_267_4e4,
    5.226_495_278_852_854_561_0e3,
];
#[allow(clippy::excessive_precision)]
const TAIL_NUMERATOR: [f64; 8] = [
    1.423_437_110_749_683_577_34,
    4.630_337_846_156_545_295_90,
    5.769_497_221_460_691_405_50,
    3.647_848_324_763_204_605_04,
    1.270_458_252_452_368_382_58,
    2.417_807_251_774_506_117_70e-1,
    2.272_384_498_926_918_458_33e-2,
    7.745_450_142_783_414_076_40e-4,
];
#[allow(clippy::excessive_precision)]
const TAIL_DENOMINATOR: [f64; 8] = [
    1.0,
    2.053_191_626_637_758_821_87,
    1.676_384_830_183_803_849_40,
    6.897_673_349_851_000_045_50e-1,
    1.481_039_764_274_800_745_90e-1,
    1.519_866_656_361_645_719_66e-2,
    5.475_938_084_995_344_946_00e-4,
    1.050_750_071_644_416_843_24e-9,
];
#[allow(clippy::excessive_precision)]
const FAR_NUMERATOR: [f64; 8] = [
    6.657_904_643_501_103_777_20,
    5.463_784_911_164_114_369_90,
    1.784_826_539_917_291_335_80,
    2.965_605_718_285_048_912_30e-1,
    2.653_218_952_657_612_309_30e-2,
    1.242_660_947_388_078_438_60e-3,
    2.711_555_568_743_487_578_15e-5,
    2.010_334_399_292_288_132_65e-7,
];
#[allow(clippy::excessive_precision)]
const FAR_DENOMINATOR: [f64; 8] = [
    1.0,
    5.998_322_065_558_879_376_90e-1,
    1.369_298_809_227_358_053_10e-1,
    1.487_536_129_085_061_485_25e-2,
    7.868_691_311_456_132_591_00e-4,
    1.846_318_317_510_054_681_80e-5,
    1.421_511_758_316_445_888_70e-7,
    2.044_263_103_389_939_785_64e-15,
];

/// P(χ² ≥ `value`) for a sum of squares of so many independent standard normal variates, `degrees` ≥ 1 and
/// `value` ≥ 0.
///
/// Q(ν/2, x) with x = value/2, from Q(a + 1, x) = Q(a, x) + x^a e^{−x}/Γ(a + 1), Q(1, x) = e^{−x} and
/// Q(½, x) = erfc(√x): positive terms only. Absolute error about 1e-14 for ν below a thousand; below the smallest
/// normal number it is 0.
/// Source: NIST Digital Library of Mathematical Functions, 8.4.6 and 8.8.6.
pub fn chi_squared_tail(value: f64, degrees: usize) -> f64 {
    let x = 0.5 * value;
    let (mut order, mut tail, mut term) = if degrees.is_multiple_of(2) {
        (1.0, libm::exp(-x), libm::exp(-x) * x)
    } else {
        // Γ(3/2) = √π/2.
        let root = x.sqrt();
        (
            0.5,
            libm::erfc(root),
            2.0 * root * libm::exp(-x) / PI.sqrt(),
        )
    };
    while order < 0.5 * degrees as f64 - 0.25 {
        tail += term;
        order += 1.0;
        term *= x / order;
    }
    tail.min(1.0)
}

/// Γ(x + ½)/Γ(x) for x > 0, relative error a few 1e-15.
///
/// The recurrence raises the argument to at least 20; there the expansion in even powers of 1/(x − ¼) is cut off
/// below rounding (Tricomi and Erdélyi 1951; Fields 1966). The quotient of two gamma functions would lose all
/// digits at large x.
pub fn gamma_ratio(x: f64) -> f64 {
    const SERIES_START: f64 = 20.0;
    const SERIES: [f64; 6] = [
        1.0,
        1.0 / 64.0,
        -19.0 / 8192.0,
        631.0 / 524_288.0,
        -174_317.0 / 134_217_728.0,
        20_491_783.0 / 8_589_934_592.0,
    ];
    let mut raised = x;
    let mut factor = 1.0;
    while raised < SERIES_START {
        factor *= raised / (raised + 0.5);
        raised += 1.0;
    }
    let centered = raised - 0.25;
    factor * f64::sqrt(centered) * polynomial(&SERIES, 1.0 / (centered * centered))
}

/// The continued fraction of the regularised incomplete beta function,
/// I_x(a, b) = x^a (1 − x)^b / (a B(a, b)) · fraction, for a, b > 0 and 0 ≤ x < (a + 1)/(a + b + 2).
///
/// Relative error about 1e-15; the number of terms grows like √max(a, b).
/// Source: NIST Digital Library of Mathematical Functions, 8.17.22, by the method of Lentz (1976) as modified by
/// Thompson and Barnett (1986).
pub fn beta_continued_fraction(a: f64, b: f64, x: f64) -> f64 {
    const TERM_LIMIT: usize = 100_000;
    // Stands in for a vanishing denominator.
    let nonzero = |value: f64| if value.abs() < 1e-300 { 1e-300 } else { value };
    let mut numerator_ratio = 1.0;
    let mut denominator_ratio = 1.0 / nonzero(1.0 - (a + b) * x / (a + 1.0));
    let mut fraction = denominator_ratio;
    for term in 1..TERM_LIMIT {
        let m = term as f64;
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        denominator_ratio = 1.0 / nonzero(1.0 + even * denominator_ratio);
        numerator_ratio = nonzero(1.0 + even / numerator_ratio);
        fraction *= denominator_ratio * numerator_ratio;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        denominator_ratio = 1.0 / nonzero(1.0 + odd * denominator_ratio);
        numerator_ratio = nonzero(1.0 + odd / numerator_ratio);
        let change = denominator_ratio * numerator_ratio;
        fraction *= change;
        if (change - 1.0).abs() <= f64::EPSILON {
            break;
        }
    }
    fraction
}

/// The modified Bessel function of the second kind, scaled to 1 at the origin:
/// x^a K_a(x) / (2^{a−1} Γ(a)) for a fixed order a > ½ and any x.
///
/// With y = a e^v in K_a(x) = ½ (x/2)^a ∫₀^∞ exp(−y − x²/(4y)) y^{−a−1} dy (NIST Digital Library of Mathematical
/// Functions, 10.32.10, and K_{−a} = K_a) this is a quotient of
///
///   J(h) = ∫ exp(−a(e^v − 1 − v) − h e^{−v}) dv,   h = x²/(4a),
///
/// namely J(h)/J(0): no gamma function and no power is left that could overflow or cancel at large a. The
/// integrand is analytic and decays at both ends faster than exponentially in h > 0 and exponentially at h = 0,
/// so the trapezoidal rule converges geometrically. Relative error about 1e-13 (absolute 1e-15) for a up to 1e6.
#[derive(Debug, Clone, PartialEq)]
pub struct ScaledBesselK {
    order: f64,
    integral_at_zero: f64,
}

impl ScaledBesselK {
    /// Prepares the function of the given order a > ½.
    pub fn new(order: f64) -> ScaledBesselK {
        ScaledBesselK {
            order,
            integral_at_zero: gamma_mixture_integral(order, 0.0),
        }
    }

    /// The value at the x with x²/(4a) = `h`, h ≥ 0. Exactly 1 at h = 0, and 0 where it underflows.
    pub fn value_at(&self, h: f64) -> f64 {
        gamma_mixture_integral(self.order, h) / self.integral_at_zero
    }
}

/// J(h) of [`ScaledBesselK`] by the trapezoidal rule centred at the mode of the integrand.
fn gamma_mixture_integral(order: f64, h: f64) -> f64 {
    // With r = e^v the mode solves a r² − a r − h = 0, and the second derivative there is −(a r + h/r).
    let ratio = 0.5 * (1.0 + f64::sqrt(1.0 + 4.0 * h / order));
    let mode = libm::log(ratio);
    let exponent = |v: f64| -order * exponential_remainder(v) - h * libm::exp(-v);
    let peak = exponent(mode);
    // A NaN peak comes from an infinite or NaN h.
    if peak.is_nan() || peak < -800.0 {
        return if h.is_nan() { f64::NAN } else { 0.0 };
    }
    // A Gaussian of width w is summed to 1e-17 with steps of 0.6 w; the strip of analyticity, of half-width π/2,
    // asks for steps of at most 0.25.
    let width = 1.0 / f64::sqrt(order * ratio + h / ratio);
    let step = (0.6 * width).min(0.25);
    let relative = |v: f64| libm::exp(exponent(v) - peak);
    let side = |direction: f64| {
        let mut sum = 0.0;
        let mut index = 1.0;
        loop {
            let term = relative(mode + direction * index * step);
            sum += term;
            // Beyond the mode terms shrink at least geometrically, the slowest by e^{−step/2}. The comparison is
            // written so that NaN ends the loop.
            let goes_on = term > 1e-19;
            if !goes_on {
                return sum;
            }
            index += 1.0;
        }
    };
    step * libm::exp(peak) * (1.0 + side(-1.0) + side(1.0))
}

/// e^v − 1 − v without cancellation near 0.
fn exponential_remainder(v: f64) -> f64 {
    if v.abs() > 0.5 {
        return libm::expm1(v) - v;
    }
    // v²/2! + v³/3! + … + v^16/16!, by Horner's rule in the quotients v/k.
    let tail = (3..=16)
        .rev()
        .fold(1.0, |sum, k| 1.0 + sum * v / f64::from(k));
    0.5 * v * v * tail
}

/// B(a, ½)⁻¹ = Γ(a + ½)/(Γ(a) √π) for a > 0, relative error a few 1e-15.
pub fn inverse_beta_half(a: f64) -> f64 {
    gamma_ratio(a) / f64::sqrt(PI)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relative_error(value: f64, reference: f64) -> f64 {
        ((value - reference) / reference).abs()
    }

    // References by mpmath at 50 or more digits.

    #[test]
    fn chi_squared_tails_match_references() {
        let references = [
            (0.0, 4, 1.0),
            (0.5, 1, 0.479_500_122_186_953_5),
            (10.83, 1, 0.000_998_686_379_180_258_7),
            (3.2, 2, 0.201_896_517_994_655_4),
            (30.0, 3, 1.380_057_031_293_254_7e-6),
            (7.0, 5, 0.220_640_307_936_710_8),
            (9.0, 10, 0.532_103_576_374_715_5),
            (29.6, 10, 0.000_995_620_563_241_887_1),
            (150.0, 10, 3.727_485_055_062_51e-27),
            (1000.0, 1001, 0.502_974_217_268_129_5),
        ];
        for (value, degrees, tail) in references {
            let found = chi_squared_tail(value, degrees);
            assert!(
                relative_error(found, tail) < 1e-13,
                "{value} {degrees}: {found}"
            );
        }
    }

    #[test]
    fn normal_quantile_matches_references_in_both_tails() {
        let references = [
            (0.3, -0.524_400_512_708_040_8),
            (0.075, -1.439_531_470_938_456),
            (0.0749, -1.440_238_267_527_963_6),
            (1e-5, -4.264_890_793_922_825),
            (1e-16, -8.222_082_216_130_436),
            (1e-100, -21.273_453_560_965_324),
            (1e-300, -37.047_096_299_361_2),
        ];
        for (p, quantile) in references {
            assert!(
                relative_error(normal_quantile(p, 1.0 - p), quantile) < 1e-15,
                "p = {p:?}"
            );
            assert!(
                relative_error(normal_quantile(1.0 - p, p), -quantile) < 1e-15,
                "1 − p = {p:?}"
            );
        }
        assert_eq!(normal_quantile(0.5, 0.5), 0.0);
    }

    #[test]
    fn normal_cdf_inverts_the_quantile_deep_into_the_tail() {
        for exponent in 1..300 {
            let p = libm::pow(10.0, -f64::from(exponent));
            let x = normal_quantile(p, 1.0 - p);
            // A rounding error of x is amplified by |x φ(x)/Φ(x)| ≈ x².
            assert!(
                relative_error(normal_cdf(x), p) < 1e-15 * (2.0 + x * x),
                "p = {p:?}"
            );
        }
    }

    #[test]
    fn gamma_ratio_matches_half_integer_values() {
        // Γ(1)/Γ(½) = 1/√π, Γ(3/2)/Γ(1) = √π/2, and Γ(x + 1)/Γ(x) = x in two steps of one half.
        assert!(relative_error(gamma_ratio(0.5), 1.0 / f64::sqrt(PI)) < 1e-14);
        assert!(relative_error(gamma_ratio(1.0), 0.5 * f64::sqrt(PI)) < 1e-14);
        for x in [0.7, 3.3, 19.9, 20.1, 500.0, 5e5] {
            assert!(
                relative_error(gamma_ratio(x) * gamma_ratio(x + 0.5), x) < 1e-14,
                "x = {x}"
            );
        }
    }

    #[test]
    fn scaled_bessel_matches_references() {
        let references = [
            (1.005, 0.001, 0.999_996_376_769_910_7),
            (1.005, 1.0, 0.603_658_474_059_894_5),
            (1.005, 40.0, 3.460_475_336_878_767e-17),
            (2.5, 0.3, 0.985_288_233_506_684_8),
            (2.5, 3.0, 0.348_509_478_575_047_6),
            (15.25, 2.0, 0.932_402_203_805_836_9),
            (15.25, 100.0, 1.406_867_257_082_636e-29),
            (5000.0, 120.0, 0.486_707_400_264_181_85),
            (500_000.0, 1000.0, 0.606_530_204_814_607_1),
            (500_000.0, 3000.0, 0.011_109_121_514_056_564),
        ];
        for (order, x, reference) in references {
            let value = ScaledBesselK::new(order).value_at(x * x / (4.0 * order));
            assert!(
                relative_error(value, reference) < 1e-13,
                "order {order}, x {x}: {value:e} not {reference:e}"
            );
        }
        assert_eq!(ScaledBesselK::new(1.5).value_at(0.0), 1.0);
        assert_eq!(ScaledBesselK::new(1.5).value_at(f64::INFINITY), 0.0);
    }

    #[test]
    fn beta_fraction_matches_closed_forms() {
        // I_x(a, 1) = x^a and I_x(1, b) = 1 − (1 − x)^b; B(a, 1) = 1/a, B(1, b) = 1/b.
        for (a, x) in [(0.5, 0.2), (3.0, 0.3), (40.0, 0.5)] {
            assert!(relative_error((1.0 - x) * beta_continued_fraction(a, 1.0, x), 1.0) < 1e-14);
        }
        for (b, x) in [(0.5, 0.2), (3.0, 0.3), (40.0, 0.01)] {
            let value = b * x * libm::pow(1.0 - x, b) * beta_continued_fraction(1.0, b, x);
            assert!(relative_error(value, 1.0 - libm::pow(1.0 - x, b)) < 1e-13);
        }
    }
}
