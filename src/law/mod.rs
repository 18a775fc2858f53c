//! One-dimensional probability laws of velocities.
//!
//! Each law has its quantile function, its distribution function, its moments up to order eight, its characteristic
//! function and a map from two independent uniforms to one exact draw. Nothing here holds a random generator, so every
//! statement can be tested with prescribed numbers.
//!
//! Claimed: constructors refuse every parameter outside a law's domain, and nothing after construction panics.
//! Results use only IEEE basic operations, square roots and the crate `libm`, so that they are the same bytes on
//! every machine. Not claimed: correct rounding. Each law states its accuracy.
//!
//! Parameters that carry the unit of a velocity are limited to magnitudes of at most [`LARGEST_MAGNITUDE`], and scales
//! to at least [`SMALLEST_SCALE`], so that fourth powers neither overflow nor vanish; higher moments can be absent, or
//! 0.
//!
//! A law is added by one file, its `mod` and its lines in `laws!`. The file declares the parameters, as keys of
//! configs.

mod column;
mod discrete;
mod empirical;
pub mod joint;
mod laplace;
mod normal;
mod normal_mixture;
mod point;
mod student_t;
mod uniform;
mod validate;
mod written;

use num_complex::Complex64;
use serde_json::Value;

pub use column::DataFile;
pub use discrete::Discrete;
pub use empirical::{Empirical, EmpiricalError};
pub use laplace::Laplace;
pub use normal::Normal;
pub use normal_mixture::NormalMixture;
pub use point::Point;
pub use student_t::{StudentT, student_one_sided};
pub use uniform::Uniform;
pub use validate::{LARGEST_MAGNITUDE, SMALLEST_SCALE, WEIGHT_SUM_TOLERANCE};
pub use written::Declaration;

use written::Written;

/// A parameter that a law cannot have.
///
/// The message names the parameter and the correction; the caller that read the parameter from a file adds the file,
/// the line and the key.
#[derive(thiserror::Error, Debug, Clone, PartialEq)]
#[error("`{parameter}` = {value}: {problem}; {fix}")]
pub struct LawError {
    /// Name of the parameter as written in a config.
    pub parameter: &'static str,
    /// The refused value, printed.
    pub value: String,
    /// The problem with the value.
    pub problem: String,
    /// The value to write instead.
    pub fix: String,
}

/// The highest order of the moments that laws give.
pub const HIGHEST_ORDER: u32 = 8;

/// The enum of all laws, with what is done in the same way for each.
macro_rules! laws {
    ($($(#[$doc:meta])* $law:ident,)*) => {
        /// The law of one velocity V.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Law {
            $($(#[$doc])* $law($law),)*
        }

        /// All laws, in the order in which they are told to users.
        pub static LAWS: &[Declaration] = &[$(Declaration::of::<$law>(),)*];

        impl Law {
            fn distribution(&self) -> &dyn Distribution {
                match self {
                    $(Law::$law(law) => law,)*
                }
            }

            /// The name of the law as written in a config.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Law::$law(_) => $law::NAME,)*
                }
            }

            /// The parameters of the law by their names in a config, with the values that the law has: defaults
            /// filled in, weights divided by their sum, equal values together and without those of weight 0. Of an
            /// empirical law these are its file and column, where it was read, the shift, and the count, the mean
            /// and the standard deviation of the shifted values.
            pub fn parameters(&self) -> Vec<(&'static str, Value)> {
                match self {
                    $(Law::$law(law) => law.parameters(),)*
                }
            }
        }

        $(impl From<$law> for Law {
            fn from(law: $law) -> Law {
                Law::$law(law)
            }
        })*
    };
}

laws! {
    /// N(mean, sd²).
    Normal,
    /// A finite mixture of normal laws.
    NormalMixture,
    /// Uniform on an interval.
    Uniform,
    /// The two-sided exponential law.
    Laplace,
    /// Student's t with a location and a scale.
    StudentT,
    /// Finitely many values with weights.
    Discrete,
    /// One value with probability one.
    Point,
    /// The empirical measure of measured velocities.
    Empirical,
}

/// A level of a distribution function and its complement, each accurate to rounding also where it is tiny.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Level {
    /// P(V ≤ x).
    pub lower: f64,
    /// P(V > x).
    pub upper: f64,
}

/// The intervals between ascending levels, from 0 to 1, that are not empty: their probabilities and middles.
pub(crate) fn between_levels(levels: Vec<Level>) -> impl Iterator<Item = (f64, Level)> {
    let last = Level {
        lower: 1.0,
        upper: 0.0,
    };
    let mut start = Level {
        lower: 0.0,
        upper: 1.0,
    };
    let interval = move |end: Level| {
        // Both expressions are equal, and the one between smaller numbers loses less.
        let probability = if start.lower < 0.5 {
            end.lower - start.lower
        } else {
            start.upper - end.upper
        };
        let middle = Level {
            lower: 0.5 * (start.lower + end.lower),
            upper: 0.5 * (start.upper + end.upper),
        };
        start = end;
        (probability, middle)
    };
    let intervals = levels.into_iter().chain([last]).map(interval);
    intervals.filter(|(probability, _)| *probability > 0.0)
}

/// The functions that each law implements. [`Law`] documents the methods.
pub(crate) trait Distribution {
    fn quantile_at(&self, lower: f64, upper: f64) -> f64;
    fn cdf(&self, x: f64) -> f64;
    fn mean(&self) -> f64;
    fn variance(&self) -> f64;
    fn third_central_moment(&self) -> Option<f64>;
    fn fourth_central_moment(&self) -> Option<f64>;
    /// The central moment of an order above 4.
    fn higher_central_moment(&self, order: u32) -> Option<f64>;
    fn characteristic(&self, xi: f64) -> Complex64;
    /// The largest value of the density, at most; `None` without a density.
    fn highest_density(&self) -> Option<f64>;
    /// The γ with |Q(u)| ~ u^{−γ} at the ends, Q the quantile function; 0 where tails are no power.
    fn tail_exponent(&self) -> f64;

    /// Inversion of the distribution function: exact for every law.
    fn sample(&self, _selector: f64, uniform: f64) -> f64 {
        self.quantile_at(uniform, 1.0 - uniform)
    }

    /// Levels in (0, 1), ascending, at which the quantile function jumps.
    fn jump_levels(&self) -> Vec<Level> {
        Vec::new()
    }
}

impl Law {
    /// The file of data that the law was read from, if it was.
    pub fn source(&self) -> Option<&DataFile> {
        match self {
            Law::Empirical(law) => law.source(),
            _ => None,
        }
    }

    /// The quantile function inf{x : P(V ≤ x) ≥ p} for p in (0, 1).
    ///
    /// `p` outside (0, 1), NaN included, is read as the nearest end of [2⁻¹⁰²², 1 − 2⁻¹⁰²²]. Where the upper tail
    /// matters beyond 2⁻⁵³ use [`Law::quantile_at`].
    pub fn quantile(&self, p: f64) -> f64 {
        self.quantile_at(p, 1.0 - p)
    }

    /// The quantile function at p = `lower`, with 1 − p = `upper` also given.
    ///
    /// Giving both keeps either tail accurate down to about 1e-300; the two must sum to 1 up to rounding. Values
    /// below the smallest normal number 2⁻¹⁰²², NaN included, are read as that number, so the result is finite.
    pub fn quantile_at(&self, lower: f64, upper: f64) -> f64 {
        let inside = |level| within(level, f64::MIN_POSITIVE, 1.0);
        self.distribution()
            .quantile_at(inside(lower), inside(upper))
    }

    /// The distribution function P(V ≤ x). Accurate in the lower tail relative to its own size.
    pub fn cdf(&self, x: f64) -> f64 {
        self.distribution().cdf(x)
    }

    /// The raw moment E V^order for `order` 1 to [`HIGHEST_ORDER`].
    ///
    /// `None` where V^order is not integrable (Student's t with df ≤ order), where its mean leaves the range of
    /// numbers, and for other orders.
    ///
    /// ```
    /// use kac_coupling::law::{Law, StudentT};
    ///
    /// let law: Law = StudentT::new(5.0, 1.0, 0.0)?.into();
    /// assert!((law.moment(2).unwrap() - 5.0 / 3.0).abs() < 1e-14);
    /// assert_eq!(law.moment(6), None);
    /// # Ok::<(), kac_coupling::law::LawError>(())
    /// ```
    pub fn moment(&self, order: u32) -> Option<f64> {
        match order {
            1 => Some(self.mean()),
            2..=HIGHEST_ORDER => self.moment_about(0.0, order),
            _ => None,
        }
    }

    /// The mean E V. Every law has one.
    pub fn mean(&self) -> f64 {
        self.distribution().mean()
    }

    /// The variance E (V − E V)², computed without subtracting large numbers. Every law has one.
    pub fn variance(&self) -> f64 {
        self.distribution().variance()
    }

    /// The central moment E (V − E V)^order for `order` 2 to [`HIGHEST_ORDER`].
    ///
    /// `None` where it is infinite or undefined (Student's t with df ≤ order), where it leaves the range of numbers,
    /// and for other orders.
    pub fn central_moment(&self, order: u32) -> Option<f64> {
        match order {
            2 => Some(self.variance()),
            3 => self.distribution().third_central_moment(),
            4 => self.distribution().fourth_central_moment(),
            5..=HIGHEST_ORDER => (self.distribution().higher_central_moment(order))
                .filter(|moment| moment.is_finite()),
            _ => None,
        }
    }

    /// E (V − center)^order for `order` 1 to [`HIGHEST_ORDER`], by the binomial theorem around the mean; `None` as for
    /// [`Law::moment`].
    pub(crate) fn moment_about(&self, center: f64, order: u32) -> Option<f64> {
        let offset = self.mean() - center;
        let square = offset * offset;
        match order {
            1 => Some(offset),
            2 => Some(self.variance() + square),
            3 => Some(self.central_moment(3)? + offset * (3.0 * self.variance() + square)),
            4 => Some(
                self.central_moment(4)?
                    + 4.0 * offset * self.central_moment(3)?
                    + square * (6.0 * self.variance() + square),
            ),
            _ => shifted_moment(offset, order, |order| match order {
                0 => Some(1.0),
                1 => Some(0.0),
                _ => self.central_moment(order),
            })
            .filter(|moment| moment.is_finite()),
        }
    }

    /// The characteristic function E e^{−iξV}, with the minus sign of the paper.
    pub fn characteristic(&self, xi: f64) -> Complex64 {
        self.distribution().characteristic(xi)
    }

    /// One exact draw from two independent uniforms on (0, 1): a deterministic map.
    ///
    /// * normal, uniform, Laplace, discrete, empirical: the quantile function at `uniform`; `selector` is unused.
    /// * normal mixture: `selector` chooses the component, `uniform` the value in it.
    /// * Student's t: Bailey's polar method from both.
    /// * point: neither is used.
    pub fn sample(&self, selector: f64, uniform: f64) -> f64 {
        let inside = |level| within(level, f64::MIN_POSITIVE, 1.0 - f64::EPSILON / 2.0);
        self.distribution()
            .sample(inside(selector), inside(uniform))
    }

    /// True if the law has a density; false for point, discrete and empirical laws, which do not satisfy the paper's
    /// hypothesis of densities in L².
    pub fn has_density(&self) -> bool {
        self.highest_density().is_some()
    }

    /// The probability levels in (0, 1), ascending, at which the quantile function jumps; empty for laws with a
    /// density and for a point. A level closer to 1 than 2⁻⁵⁴ rounds to 1.
    pub fn jumps(&self) -> Vec<f64> {
        self.jump_levels().iter().map(|level| level.lower).collect()
    }

    /// The largest value of the density, at most; `None` without a density.
    pub(crate) fn highest_density(&self) -> Option<f64> {
        self.distribution().highest_density()
    }

    /// The γ with |Q(u)| ~ u^{−γ} at the ends of the quantile function: 1/df for Student's t, 0 for laws whose tails
    /// are no power.
    pub(crate) fn tail_exponent(&self) -> f64 {
        self.distribution().tail_exponent()
    }

    pub(crate) fn jump_levels(&self) -> Vec<Level> {
        self.distribution().jump_levels()
    }
}

/// x^exponent by multiplication: the same bits on every machine.
pub(crate) fn power(x: f64, exponent: u32) -> f64 {
    (0..exponent).fold(1.0, |product, _| product * x)
}

/// E Z^order of a standard normal Z: (order − 1)!! for even orders.
fn standard_normal_moment(order: u32) -> f64 {
    if order.is_multiple_of(2) {
        (1..order).step_by(2).map(f64::from).product()
    } else {
        0.0
    }
}

/// E (X + offset)^order from the moments of X, by the binomial theorem; `None` if one that is needed is missing.
pub(crate) fn shifted_moment(
    offset: f64,
    order: u32,
    moment: impl Fn(u32) -> Option<f64>,
) -> Option<f64> {
    let mut binomial = 1.0;
    let mut sum = 0.0;
    for k in 0..=order {
        let weight = binomial * power(offset, k);
        if weight != 0.0 {
            sum += weight * moment(order - k)?;
        }
        binomial *= f64::from(order - k) / f64::from(k + 1);
    }
    Some(sum)
}

/// The nearest number of [low, high]; `low` for NaN, unlike `f64::clamp`.
fn within(value: f64, low: f64, high: f64) -> f64 {
    if value > low { value.min(high) } else { low }
}

/// modulus · e^{−iφ}: a characteristic function in the sign convention of the paper.
fn polar_minus(modulus: f64, phase: f64) -> Complex64 {
    let (sine, cosine) = libm::sincos(phase);
    Complex64::new(modulus * cosine, -modulus * sine)
}

/// A sum with Neumaier's compensation (Neumaier 1974): the error does not grow with the number of terms.
pub(crate) fn compensated_sum(terms: impl IntoIterator<Item = f64>) -> f64 {
    let mut sum = 0.0;
    let mut compensation = 0.0;
    for term in terms {
        let next: f64 = sum + term;
        compensation += if sum.abs() >= term.abs() {
            (sum - next) + term
        } else {
            (term - next) + sum
        };
        sum = next;
    }
    sum + compensation
}
