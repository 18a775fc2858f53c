//! Student's t law with a location and a scale.

use std::f64::consts::PI;

use num_complex::Complex64;

use super::validate::{location, refuse, scale};
use super::written::{VELOCITY, Written, placed};
use super::{Distribution, LawError, polar_minus, power};
use crate::key::kind::Parameter;
use crate::key::reader::{ConfigError, Table};
use crate::key::{Declared, Key, Range};
use crate::numerics::interval::one_sided;
use crate::numerics::special::{
    ScaledBesselK, beta_continued_fraction, inverse_beta_half, normal_quantile,
};
use std::f64::consts::TAU;

/// The law of location + scale·T, T Student's t with ν = df degrees of freedom:
/// density ∝ (1 + t²/ν)^{−(ν+1)/2}.
///
/// E |V|^q is finite for q < ν only, so moments of order ≥ ν are absent; ν > 2 is required.
///
/// Accuracy: quantiles of T to about 1e-14 relative for levels from 1e-300 to ½ in either tail and ν from 2.01
/// to 1e6 (some microseconds each); the characteristic function to 1e-14 absolute.
#[derive(Debug, Clone, PartialEq)]
pub struct StudentT {
    df: f64,
    scale: f64,
    location: f64,
    /// 1/B(ν/2, ½).
    inverse_beta: f64,
    /// P(T > √3), where the two ways of computing a quantile meet.
    tail_at_switch: f64,
    bessel: ScaledBesselK,
}

/// Beyond √3 the continued fraction of the tail converges fast, below it the series around 0 does.
const SWITCH: f64 = 1.732_050_807_568_877_2;

/// Largest accepted number of degrees of freedom. The law then differs from a normal one by less than 1e-6.
const LARGEST_DF: f64 = 1e6;

/// Third-order iterations stop once a step is this small relative to the root: the next would be below rounding.
const CUBIC_STEP: f64 = 1e-6;

/// Iterations end long before; the bound only makes termination evident.
const ITERATION_LIMIT: usize = 60;

impl StudentT {
    /// Student's t with `df` > 2 degrees of freedom, times `scale` > 0, plus `location`.
    ///
    /// # Errors
    /// If `df` is not in (2, 10⁶], `scale` is not a positive number or `location` is not finite.
    pub fn new(
        df: f64,
        scale_parameter: f64,
        location_parameter: f64,
    ) -> Result<StudentT, LawError> {
        if !df.is_finite() {
            return Err(refuse(
                DF.name,
                format!("{df:?}"),
                "it is not a finite number",
                "use law = \"normal\" for df = ∞",
            ));
        }
        if df <= 2.0 {
            return Err(refuse(
                DF.name,
                format!("{df:?}"),
                "the variance is infinite unless df > 2",
                "use df > 2, or df > 4 where fourth moments are needed",
            ));
        }
        if df > LARGEST_DF {
            return Err(refuse(
                DF.name,
                format!("{df:?}"),
                format!("it exceeds {LARGEST_DF:?}"),
                "use law = \"normal\", which is closer than 1e-6",
            ));
        }
        scale(SCALE.name, scale_parameter, "use law = \"point\"")?;
        location(LOCATION.name, location_parameter)?;
        let mut law = StudentT {
            df,
            scale: scale_parameter,
            location: location_parameter,
            inverse_beta: inverse_beta_half(0.5 * df),
            tail_at_switch: 0.0,
            bessel: ScaledBesselK::new(0.5 * df),
        };
        law.tail_at_switch = law.tail(SWITCH).probability;
        Ok(law)
    }

    /// The degrees of freedom ν.
    pub fn df(&self) -> f64 {
        self.df
    }

    /// The scale.
    pub fn scale(&self) -> f64 {
        self.scale
    }

    /// E T² = ν/(ν − 2).
    pub(crate) fn standard_second_moment(&self) -> f64 {
        self.df / (self.df - 2.0)
    }

    /// E T⁴ = 3ν²/((ν − 2)(ν − 4)), if ν > 4.
    pub(crate) fn standard_fourth_moment(&self) -> Option<f64> {
        (self.df > 4.0).then(|| 3.0 * self.df * self.df / ((self.df - 2.0) * (self.df - 4.0)))
    }

    /// (1 + t²/ν)^{−ν/2}, by whichever of power and logarithm loses less.
    fn power(&self, square: f64) -> f64 {
        const POWER_LIMIT: f64 = 20.0;
        if self.df <= POWER_LIMIT {
            libm::pow(self.df / (self.df + square), 0.5 * self.df)
        } else {
            libm::exp(-0.5 * self.df * libm::log1p(square / self.df))
        }
    }

    /// P(T > t) for t ≥ √3.
    ///
    /// ½ I_x(ν/2, ½) with x = ν/(ν + t²), by its continued fraction, which depends on 1 − x and so loses digits
    /// like ν times rounding; for large ν the density times Mills' ratio instead.
    fn tail(&self, t: f64) -> TailValue {
        const FRACTION_LIMIT: f64 = 100.0;
        let square = t * t;
        let complement = 1.0 / (1.0 + self.df / square);
        if self.df > FRACTION_LIMIT {
            let mills = self.mills_ratio(t);
            return TailValue {
                probability: mills * self.density(t),
                hazard: t / mills,
                complement,
            };
        }
        let x = self.df / (self.df + square);
        let fraction = beta_continued_fraction(0.5 * self.df, 0.5, x);
        TailValue {
            probability: self.power(square) * f64::sqrt(complement) * fraction * self.inverse_beta
                / self.df,
            hazard: self.df / fraction,
            complement,
        }
    }

    /// P(T > t)/density(t) = ∫₀^∞ (1 + (2ts + s²)/(ν + t²))^{−(ν+1)/2} ds, t > 0 and ν large.
    ///
    /// The trapezoidal rule after s = L exp(w − e^{−w}), the double-exponential transformation for integrands that
    /// decay exponentially (Takahasi and Mori 1974), L being the length over which this one decays at s = 0.
    fn mills_ratio(&self, t: f64) -> f64 {
        const STEP: f64 = 0.09375;
        const FIRST: i32 = -40;
        const LAST: i32 = 80;
        let denominator = self.df + t * t;
        let length = denominator / ((self.df + 1.0) * t);
        let mut sum = 0.0;
        for index in FIRST..=LAST {
            let w = STEP * f64::from(index);
            let shrinking = libm::exp(-w);
            let s = length * libm::exp(w - shrinking);
            let logarithm = libm::log1p(s * (2.0 * t + s) / denominator);
            let term = s * (1.0 + shrinking) * libm::exp(-0.5 * (self.df + 1.0) * logarithm);
            sum += term;
            // Past the maximum near w = 1 terms fall ever faster.
            if index > 10 && term < 1e-18 * sum {
                break;
            }
        }
        STEP * sum
    }

    fn density(&self, t: f64) -> f64 {
        self.power(t * t) / f64::sqrt(self.df + t * t) * self.inverse_beta
    }

    /// P(0 < T < t) for 0 ≤ t ≤ √3, relative accuracy also at small t: t times the density times
    /// Σ_n ((ν+1)/2)_n/(3/2)_n y^n, y = t²/(ν + t²) (NIST Digital Library of Mathematical Functions, 8.17.8).
    /// All terms are positive.
    fn center(&self, t: f64) -> f64 {
        let y = t * t / (self.df + t * t);
        let mut term = 1.0;
        let mut sum = 1.0;
        let mut n = 0.0;
        while term > 0.1 * f64::EPSILON * sum {
            term *= (0.5 * (self.df + 1.0) + n) / (1.5 + n) * y;
            sum += term;
            n += 1.0;
        }
        t * self.density(t) * sum
    }

    /// The root t of P(T > t) = `probability` ≤ P(T > √3).
    ///
    /// Halley's method for ln P(T > e^s), which is concave in s = ln t and close to a straight line in heavy tails.
    fn tail_quantile(&self, probability: f64, start: f64) -> f64 {
        let asymptote = f64::sqrt(self.df)
            * libm::pow(self.inverse_beta / (self.df * probability), 1.0 / self.df);
        let mut t = start.min(asymptote).max(SWITCH);
        for _ in 0..ITERATION_LIMIT {
            let value = self.tail(t);
            let log_ratio = libm::log1p((value.probability - probability) / probability);
            let newton = log_ratio / value.hazard;
            let curvature = 1.0 - (self.df + 1.0) * value.complement + value.hazard;
            // Far from the root the correction may not be small; half and double Newton's step bound it.
            let step = newton / (1.0 + 0.5 * newton * curvature).clamp(0.5, 2.0);
            t = (t * libm::exp(step)).max(SWITCH);
            if step.abs() <= CUBIC_STEP {
                break;
            }
        }
        t
    }

    /// The root t of P(0 < T < t) = `probability`, which is at most √3, by Halley's method.
    fn center_quantile(&self, probability: f64, start: f64) -> f64 {
        if probability == 0.0 {
            return 0.0;
        }
        let mut t = start.min(SWITCH);
        for _ in 0..ITERATION_LIMIT {
            let newton = (probability - self.center(t)) / self.density(t);
            let bend = -(self.df + 1.0) * t / (self.df + t * t);
            let step = newton / (1.0 + 0.5 * newton * bend).clamp(0.5, 2.0);
            t += step;
            if step.abs() <= CUBIC_STEP * t {
                break;
            }
        }
        t
    }

    fn standard_quantile(&self, lower: f64, upper: f64) -> f64 {
        // Starting value: Wallace (1959), z ≈ (8ν+1)/(8ν+3) √(ν ln(1 + t²/ν)), solved for t. The exponent is kept
        // from overflowing; far tails start from their power law instead.
        let normal = normal_quantile(lower, upper) * (8.0 * self.df + 3.0) / (8.0 * self.df + 1.0);
        let start = f64::sqrt(self.df * libm::expm1((normal * normal / self.df).min(700.0)));
        let tail = lower.min(upper);
        let magnitude = if tail < self.tail_at_switch {
            self.tail_quantile(tail, start)
        } else {
            self.center_quantile(0.5 * (lower - upper).abs(), start)
        };
        magnitude.copysign(lower - upper)
    }
}

/// A tail probability, and the quantities that Halley's method needs.
struct TailValue {
    /// P(T > t).
    probability: f64,
    /// −d ln P(T > t)/d ln t.
    hazard: f64,
    /// t²/(ν + t²).
    complement: f64,
}

static DF: Key<StudentT, Parameter> = Key {
    name: "df",
    kind: Parameter(Range::AboveTo(2.0, LARGEST_DF)),
    default: None,
    unit: None,
    meaning: "Degrees of freedom; moments of this order and higher ones are infinite.",
    example: "5.0",
    fix: None,
    of: |law| law.df,
};

static SCALE: Key<StudentT, Parameter> = Key {
    name: "scale",
    kind: Parameter::SCALE,
    default: None,
    unit: VELOCITY,
    meaning: "Factor by which the standard t law is stretched.",
    example: "1.0",
    fix: None,
    of: |law| law.scale,
};

static LOCATION: Key<StudentT, Parameter> = Key {
    name: "location",
    kind: Parameter::LOCATION,
    default: Some(0.0),
    unit: VELOCITY,
    meaning: "Mean of the law.",
    example: "0.0",
    fix: None,
    of: |law| law.location,
};

impl Written for StudentT {
    const NAME: &'static str = "student-t";
    const MEANING: &'static str = "Student's t law times a scale, plus a location.";
    const PARAMETERS: &'static [&'static dyn Declared<StudentT>] = &[&DF, &SCALE, &LOCATION];

    fn read(table: &Table) -> Result<StudentT, ConfigError> {
        placed(
            table,
            StudentT::new(DF.read(table)?, SCALE.read(table)?, LOCATION.read(table)?),
        )
    }
}

impl Distribution for StudentT {
    fn quantile_at(&self, lower: f64, upper: f64) -> f64 {
        self.location + self.scale * self.standard_quantile(lower, upper)
    }

    fn cdf(&self, x: f64) -> f64 {
        let t = (x - self.location) / self.scale;
        let magnitude = t.abs();
        if magnitude < SWITCH {
            0.5 + self.center(magnitude).copysign(t)
        } else if t < 0.0 {
            self.tail(magnitude).probability
        } else {
            1.0 - self.tail(magnitude).probability
        }
    }

    fn mean(&self) -> f64 {
        self.location
    }

    fn variance(&self) -> f64 {
        self.scale * self.scale * self.standard_second_moment()
    }

    fn third_central_moment(&self) -> Option<f64> {
        (self.df > 3.0).then_some(0.0)
    }

    fn fourth_central_moment(&self) -> Option<f64> {
        let square = self.scale * self.scale;
        self.standard_fourth_moment()
            .map(|standard| square * square * standard)
    }

    /// E T^{2k} = ν^k ∏_{i ≤ k} (2i − 1)/(ν − 2i).
    fn higher_central_moment(&self, order: u32) -> Option<f64> {
        if self.df <= f64::from(order) {
            return None;
        }
        if !order.is_multiple_of(2) {
            return Some(0.0);
        }
        let factor = |i: u32| {
            let twice = f64::from(2 * i);
            self.df * (twice - 1.0) / (self.df - twice)
        };
        let standard: f64 = (1..=order / 2).map(factor).product();
        Some(power(self.scale, order) * standard)
    }

    /// E e^{−iξT} = x^{ν/2} K_{ν/2}(x)/(2^{ν/2−1} Γ(ν/2)) at x = √ν |ξ| (Hurst 1995).
    fn characteristic(&self, xi: f64) -> Complex64 {
        // x²/(4·ν/2) = ξ²/2.
        let standardized = self.scale * xi;
        polar_minus(
            self.bessel.value_at(0.5 * standardized * standardized),
            self.location * xi,
        )
    }

    /// Bailey (1994): √(ν(u^{−2/ν} − 1)) cos(2πv) is exactly Student's t for independent uniforms u and v. Many
    /// times faster than inversion.
    fn sample(&self, selector: f64, uniform: f64) -> f64 {
        let square = self.df * libm::expm1(-2.0 / self.df * libm::log(selector));
        self.location + self.scale * f64::sqrt(square) * libm::cos(2.0 * PI * uniform)
    }

    fn highest_density(&self) -> Option<f64> {
        // With any number of degrees of freedom it is below the normal one.
        Some(1.0 / (self.scale * TAU.sqrt()))
    }

    fn tail_exponent(&self) -> f64 {
        1.0 / self.df
    }
}

/// The distance, in standard errors, that a variate of Student's law with `df` = 1, 2, 3, …
/// degrees of freedom exceeds with probability `level`.
pub fn student_one_sided(df: f64, level: f64) -> f64 {
    if df < 1.5 {
        return 1.0 / libm::tan(std::f64::consts::PI * level);
    }
    if df < 2.5 {
        return (1.0 - 2.0 * level) / (2.0 * level * (1.0 - level)).sqrt();
    }
    match StudentT::new(df, 1.0, 0.0) {
        Ok(law) => -law.quantile_at(level, 1.0 - level),
        // Beyond 10⁶ degrees of freedom: the normal law, to six digits.
        Err(_) => one_sided(level),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn student_quantiles_are_those_of_the_tables() {
        for (df, printed) in [(1.0, 318.309), (2.0, 22.327), (3.0, 10.215), (30.0, 3.385)] {
            assert!((student_one_sided(df, 0.001) - printed).abs() < 6e-4);
        }
        assert!((student_one_sided(3e6, 0.001) - 3.0902).abs() < 1e-4);
    }

    /// The reference is the root t of P(T > t) = p, by mpmath with 50 digits.
    #[test]
    fn quantile_matches_references_in_both_tails() {
        let references = [
            (2.01, 0.49, 0.028_273_908_908_144_966),
            (2.01, 0.2, 1.059_359_349_739_453),
            (2.01, 0.05, 2.910_102_559_865_643_5),
            (2.01, 0.01, 6.917_610_208_603_69),
            (2.01, 1e-16, 64_840_768.502_964_97),
            (2.01, 1e-300, 1.274_619_304_867_251e149),
            (3.0, 0.49, 0.027_211_467_049_117_996),
            (3.0, 0.2, 0.978_472_312_363_304_4),
            (3.0, 0.05, 2.353_363_434_801_823_9),
            (3.0, 1e-16, 222_576.982_376_852_8),
            (3.0, 1e-300, 1.033_110_836_044_653e100),
            (5.0, 0.49, 0.026_346_712_342_273_24),
            (5.0, 0.05, 2.015_048_373_333_024),
            (5.0, 1e-16, 2_485.733_827_961_205),
            (5.0, 1e-300, 1.568_392_559_099_337_8e60),
            (30.5, 0.2, 0.853_565_481_640_654_7),
            (30.5, 0.01, 2.455_004_641_497_562),
            (30.5, 1e-16, 16.057_307_466_979_51),
            (30.5, 1e-300, 34_728_106_106.015_53),
            (200.0, 0.04, 1.759_626_840_149_145),
            (200.0, 0.01, 2.345_137_082_259_468_4),
            (200.0, 1e-16, 8.981_227_305_565_09),
            (200.0, 1e-300, 439.076_526_583_153_4),
            (1e6, 0.04, 1.750_687_850_345_681),
            (1e6, 0.01, 2.326_351_603_120_805_4),
            (1e6, 1e-16, 8.222_223_232_308_725),
            (1e6, 1e-300, 37.059_820_872_774_09),
            (1000.0, 0.49, 0.025_075_180_209_466_42),
            (1000.0, 0.05, 1.646_378_817_285_464_7),
            (1000.0, 1e-16, 8.365_168_216_386_525),
            (1000.0, 1e-300, 54.291_388_553_051_74),
        ];
        let mut worst: f64 = 0.0;
        for (df, p, reference) in references {
            let law = StudentT::new(df, 1.0, 0.0).unwrap();
            for quantile in [law.quantile_at(1.0 - p, p), -law.quantile_at(p, 1.0 - p)] {
                let error = ((quantile - reference) / reference).abs();
                // The levels 0.49 and 0.51 = 1 − 0.49 carry their distance 0.01 to ½ only to a relative 1e-14.
                let tolerance = if p == 0.49 { 2e-14 } else { 1e-14 };
                assert!(
                    error < tolerance,
                    "df {df}, p {p:e}: {quantile:e} not {reference:e}"
                );
                worst = worst.max(error);
            }
        }
        println!("worst relative error {worst:e}");
    }
}
