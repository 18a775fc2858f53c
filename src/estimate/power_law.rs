//! Exponents: how a quantity Q grows with the number of particles, Q ~ N^a.
//!
//! # Measured values
//!
//! Q is measured at sizes N_i by independent runs, and the standard error of each
//! is known before sampling. With y_i = log Q_i, x_i = log N_i, s_i the relative
//! standard error of Q_i, w_i = 1/s_i² and bars for means with these weights,
//!
//! ```text
//! a  = Σ w_i (x_i − x̄)(y_i − ȳ) / Sxx,      Sxx = Σ w_i (x_i − x̄)²
//! se = 1/√Sxx
//! χ² = Σ w_i (y_i − ȳ − a(x_i − x̄))²,       n − 2 degrees of freedom
//! ```
//!
//! the least squares of Gauss and Markov (Aitken 1935; Bevington and Robinson,
//! *Data Reduction*, chapter 6). y_i has s_i²/2 added: E log Q̂ is lower than log Q
//! by as much, to second order.
//!
//! a estimates the same combination of the *exact* y_i, whether these lie on a line
//! or not: its error bar needs no power law, and it is compared with the exponent
//! fitted to the exact curve. Only χ² is about the power law.
//!
//! Intervals are those of normal variates, which y_i nearly is for s_i < 0.1:
//! (a − exact)/se of relative variances had root mean squares from 0.87 to 1.05 over
//! some hundred seeds each, with kurtoses of ‖Δ‖² of up to 200.
//!
//! Not claimed: anything where errors are estimated from the same data. Weights that
//! depend on the data bias a, and make 1/√Sxx too small.
//!
//! # Confidence limits
//!
//! For a distance only limits are known: l_i ≤ Q_i ≤ u_i, for all sizes together with
//! some confidence. With weights w_i = 1/(log u_i − log l_i)² the same combination
//! a = Σ c_i log Q_i, c_i = w_i (x_i − x̄)/Sxx, lies between
//!
//! ```text
//! Σ c_i log (c_i > 0 ? l_i : u_i)   and   Σ c_i log (c_i > 0 ? u_i : l_i)
//! ```
//!
//! with at least that confidence: for *any* weights, chosen after the data were seen
//! or not, and whether there is a power law or not. If there is one, a is its
//! exponent. This range is no interval of ± some standard errors; there is no
//! standard error and no most probable exponent in it. A power law goes through all
//! limits if and only if
//!
//! ```text
//! (log l_j − log u_i)/(x_j − x_i) ≤ (log u_m − log l_k)/(x_m − x_k)   for all i < j, k < m
//! ```
//!
//! (a line meets vertical segments that meet it two by two: Helly's theorem on the
//! line for each slope).

use crate::numerics::special::chi_squared_tail;
use crate::numerics::trust::is_carried_by_many;

/// Fewer sizes have no exponent: two points say nothing of a power law.
pub const FEWEST_SIZES: usize = 3;
/// Limits nearer than this, relatively, weigh as if they were so far apart.
const NEAREST: f64 = 1e-6;

/// A quantity measured at one N, with what is known of it before sampling.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measurement {
    /// N.
    pub size: f64,
    /// Measured.
    pub value: f64,
    /// The exact value.
    pub exact: f64,
    /// The exact standard error of `value`.
    pub exact_std_error: f64,
}

impl Measurement {
    /// s: the relative standard error.
    fn relative_error(&self) -> f64 {
        self.exact_std_error / self.exact
    }

    /// Whether the logarithm is nearly normal: s² ≤ 0.01 and positive.
    fn is_trusted(&self) -> bool {
        let square = self.relative_error() * self.relative_error();
        self.value > 0.0 && self.exact > 0.0 && square.is_normal() && is_carried_by_many(square)
    }
}

/// An exponent with its standard error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exponent {
    /// a.
    pub value: f64,
    /// 1/√Sxx.
    pub std_error: f64,
    /// This combination of the exact values.
    pub exact: f64,
    /// Number of sizes that it was fitted to.
    pub sizes: usize,
    /// The weighted sum of squares that is left.
    pub chi_squared: f64,
}

impl Exponent {
    /// n − 2.
    pub fn degrees(&self) -> usize {
        self.sizes - 2
    }

    /// The probability of at least this χ² if there is a power law.
    pub fn p_value(&self) -> f64 {
        chi_squared_tail(self.chi_squared, self.degrees())
    }
}

/// A weighted straight line over log N, the origin at the first size.
struct Line {
    /// x_i − x̄.
    offsets: Vec<f64>,
    weights: Vec<f64>,
    /// Sxx.
    spread: f64,
}

impl Line {
    /// `None` for fewer than [`FEWEST_SIZES`], or sizes that are all alike.
    fn new(sizes: &[f64], weights: Vec<f64>) -> Option<Line> {
        if sizes.len() < FEWEST_SIZES {
            return None;
        }
        let logs: Vec<f64> = (sizes.iter())
            .map(|size| libm::log(size / sizes[0]))
            .collect();
        let centre = weighted_mean(&weights, &logs);
        let offsets: Vec<f64> = logs.iter().map(|x| x - centre).collect();
        let terms = weights.iter().zip(&offsets);
        let spread = terms.map(|(w, x)| w * x * x).sum::<f64>();
        let known = spread.is_normal() && spread > 0.0;
        known.then_some(Line {
            offsets,
            weights,
            spread,
        })
    }

    /// c_i: what the slope is made of.
    fn coefficients(&self) -> impl Iterator<Item = f64> {
        let terms = self.weights.iter().zip(&self.offsets);
        terms.map(|(w, x)| w * x / self.spread)
    }

    /// The slope, and the weighted squares that are left.
    fn fit(&self, heights: &[f64]) -> (f64, f64) {
        let centre = weighted_mean(&self.weights, heights);
        let points = || {
            let heights = heights.iter().map(move |y| y - centre);
            self.weights.iter().zip(&self.offsets).zip(heights)
        };
        let product: f64 = points().map(|((w, x), y)| w * x * y).sum();
        let slope = product / self.spread;
        let squares = points().map(|((w, x), y)| w * (y - slope * x) * (y - slope * x));
        (slope, squares.sum())
    }
}

fn weighted_mean(weights: &[f64], values: &[f64]) -> f64 {
    let sum: f64 = weights.iter().zip(values).map(|(w, y)| w * y).sum();
    sum / weights.iter().sum::<f64>()
}

/// The exponent of measured values. Sizes with a relative standard error above 0.1,
/// or without any, are left out; `None` if fewer than three are left.
pub fn exponent(measurements: &[Measurement]) -> Option<Exponent> {
    let trusted: Vec<&Measurement> = measurements.iter().filter(|m| m.is_trusted()).collect();
    let of = |quantity: fn(&Measurement) -> f64| -> Vec<f64> {
        trusted.iter().map(|m| quantity(m)).collect()
    };
    let errors = of(Measurement::relative_error);
    let line = Line::new(
        &of(|m| m.size),
        errors.iter().map(|s| 1.0 / (s * s)).collect(),
    )?;
    // Over the first one, so that a constant and N itself have exponents 0 and 1 to
    // the last digit.
    let logs = |values: Vec<f64>| -> Vec<f64> {
        values.iter().map(|v| libm::log(v / values[0])).collect()
    };
    let unbiased: Vec<f64> = (logs(of(|m| m.value)).iter().zip(&errors))
        .map(|(y, s)| y + 0.5 * s * s)
        .collect();
    let (value, chi_squared) = line.fit(&unbiased);
    let (exact, _) = line.fit(&logs(of(|m| m.exact)));
    Some(Exponent {
        value,
        std_error: 1.0 / line.spread.sqrt(),
        exact,
        sizes: trusted.len(),
        chi_squared,
    })
}

/// Limits of a quantity at one N.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// N.
    pub size: f64,
    /// At most the quantity.
    pub lower: f64,
    /// At least the quantity.
    pub upper: f64,
}

impl Limits {
    /// The limits of the square root of so many times the quantity.
    pub fn root_of(self, times: f64) -> Limits {
        Limits {
            size: self.size,
            lower: (times * self.lower).sqrt(),
            upper: (times * self.upper).sqrt(),
        }
    }

    /// The logarithms; `None` where a limit says nothing of them, and for limits that
    /// contradict each other.
    fn logs(&self) -> Option<(f64, f64)> {
        let known = self.lower > 0.0 && self.lower <= self.upper && self.upper.is_finite();
        known.then(|| (libm::log(self.lower), libm::log(self.upper)))
    }
}

/// The exponents that limits allow.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExponentBetweenLimits {
    /// The least.
    pub low: f64,
    /// The largest.
    pub high: f64,
    /// Number of sizes that say anything.
    pub sizes: usize,
    /// Whether a power law goes through all limits.
    pub is_power_law: bool,
}

/// The range of the exponent of a quantity within limits that hold together. Sizes
/// whose lower limit is not positive say nothing; `None` if fewer than three do.
pub fn exponent_between_limits(limits: &[Limits]) -> Option<ExponentBetweenLimits> {
    let (sizes, logs): (Vec<f64>, Vec<(f64, f64)>) = (limits.iter())
        .filter_map(|limits| Some((limits.size, limits.logs()?)))
        .unzip();
    let weight = |&(low, high): &(f64, f64)| {
        let width = (high - low).max(NEAREST);
        1.0 / (width * width)
    };
    let line = Line::new(&sizes, logs.iter().map(weight).collect())?;
    let (mut least, mut largest) = (0.0, 0.0);
    for (c, &(low, high)) in line.coefficients().zip(&logs) {
        least += c * if c > 0.0 { low } else { high };
        largest += c * if c > 0.0 { high } else { low };
    }
    Some(ExponentBetweenLimits {
        low: least,
        high: largest,
        sizes: sizes.len(),
        is_power_law: is_met_by_a_line(&line.offsets, &logs),
    })
}

/// Whether one straight line goes through all segments from `low` to `high`.
fn is_met_by_a_line(places: &[f64], segments: &[(f64, f64)]) -> bool {
    let (mut least, mut largest) = (f64::NEG_INFINITY, f64::INFINITY);
    for (i, (x, first)) in places.iter().zip(segments).enumerate() {
        for (y, second) in places.iter().zip(segments).skip(i + 1) {
            // From the lower of the two sizes to the higher one.
            let (gap, from, to) = if x < y {
                (y - x, first, second)
            } else {
                (x - y, second, first)
            };
            least = least.max((to.0 - from.1) / gap);
            largest = largest.min((to.1 - from.0) / gap);
        }
    }
    least <= largest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::normal_half_width;
    use crate::numerics::binomial::binomial_limits;
    use crate::numerics::special::normal_quantile;
    use crate::random::{Purpose, ReplicaKey, next_word, open_uniform, scalar_stream};

    const SEEDS: u64 = 2000;
    /// A right program leaves limits of counts with a probability of 10⁻⁶.
    const SURE: f64 = 1.0 - 1e-6;
    const SIZES: [f64; 7] = [2.0, 5.0, 16.0, 40.0, 128.0, 1000.0, 4096.0];
    /// Relative standard errors, far from equal.
    const ERRORS: [f64; 7] = [0.002, 0.09, 0.004, 0.03, 0.01, 0.05, 0.003];

    /// Independent uniform numbers in (0, 1), from a stream of their own for each seed.
    fn uniforms(seed: u64) -> impl FnMut() -> f64 {
        let key = ReplicaKey::new(seed, 0, 0, 0);
        let mut stream = scalar_stream(key, Purpose::Initial, 0);
        move || open_uniform(next_word(&mut stream))
    }

    fn normals(seed: u64) -> impl FnMut() -> f64 {
        let mut uniform = uniforms(seed);
        move || {
            let u = uniform();
            normal_quantile(u, 1.0 - u)
        }
    }

    /// W² = 3 N^1.4 measured at all sizes: W ~ N^0.7.
    fn squares(seed: u64) -> Vec<Measurement> {
        let mut normal = normals(seed);
        let measure = |(&size, &error): (&f64, &f64)| {
            let exact = 3.0 * libm::pow(size, 1.4);
            Measurement {
                size,
                value: exact * (1.0 + error * normal()),
                exact,
                exact_std_error: error * exact,
            }
        };
        SIZES.iter().zip(&ERRORS).map(measure).collect()
    }

    /// W from W²: d√x = dx/(2√x).
    fn root(square: Measurement) -> Measurement {
        Measurement {
            value: square.value.sqrt(),
            exact: square.exact.sqrt(),
            exact_std_error: square.exact_std_error / (2.0 * square.exact.sqrt()),
            ..square
        }
    }

    /// The numbers of seeds whose interval at this level contains the exponent 0.7 of W, and whose
    /// p-value is below one minus the level; `tell` is the program under test.
    fn counts(tell: impl Fn(Measurement) -> Measurement, level: f64) -> (u64, u64) {
        let reach = normal_half_width(level);
        let (mut covered, mut rejected) = (0, 0);
        for seed in 0..SEEDS {
            let told: Vec<Measurement> = squares(seed).into_iter().map(&tell).collect();
            let found = exponent(&told).unwrap();
            covered += u64::from((found.value - 0.7).abs() <= reach * found.std_error);
            rejected += u64::from(found.p_value() < 1.0 - level);
        }
        (covered, rejected)
    }

    #[test]
    fn intervals_and_p_values_are_right_as_often_as_they_say() {
        for level in [0.5, 0.9, 0.99, 0.999] {
            let (covered, rejected) = counts(root, level);
            let limits = binomial_limits(SEEDS, level, SURE);
            assert!(limits.contains(&covered), "{level}: {covered}, {limits:?}");
            let limits = binomial_limits(SEEDS, 1.0 - level, SURE);
            assert!(
                limits.contains(&rejected),
                "{level}: {rejected}, {limits:?}"
            );
        }
    }

    /// Wrong programs: none is right as often as it says.
    #[test]
    fn wrong_errors_and_wrong_quantities_do_not_pass() {
        // All sizes weigh the same, with an error that is right on average.
        let alike = |square: Measurement| {
            let mean = ERRORS.iter().sum::<f64>() / ERRORS.len() as f64;
            let told = root(square);
            Measurement {
                exact_std_error: 0.5 * mean * told.exact,
                ..told
            }
        };
        // The error of W² for that of W, and its root.
        let of_the_square = |square: Measurement| Measurement {
            exact_std_error: square.exact_std_error / square.exact * root(square).exact,
            ..root(square)
        };
        let its_root = |square: Measurement| Measurement {
            exact_std_error: square.exact_std_error.sqrt(),
            ..root(square)
        };
        // log W² for log W.
        let squared = |square: Measurement| square;
        let faults: [(&str, &dyn Fn(Measurement) -> Measurement); 4] = [
            ("weights", &alike),
            ("error of the square", &of_the_square),
            ("root of the error", &its_root),
            ("squared", &squared),
        ];
        for (name, fault) in faults {
            let limits = binomial_limits(SEEDS, 0.9, SURE);
            let told = squares(0).into_iter().map(fault);
            // Errors so wrong that nothing is trusted give no exponent at all.
            let wrong = exponent(&told.collect::<Vec<_>>())
                .is_none_or(|_| !limits.contains(&counts(fault, 0.9).0));
            assert!(wrong, "{name}");
        }
    }

    #[test]
    fn what_is_measured_without_an_error_has_its_exponent_to_the_last_digit() {
        for (power, exact) in [(0, 0.0), (1, 1.0)] {
            let of = |&size: &f64| Measurement {
                size,
                value: 0.3 * f64::powi(size, power),
                exact: 0.3 * f64::powi(size, power),
                exact_std_error: 1e-9 * f64::powi(size, power),
            };
            let sizes = [2.0, 4.0, 64.0, 1024.0];
            let found = exponent(&sizes.iter().map(of).collect::<Vec<_>>()).unwrap();
            assert_eq!(found.exact, exact);
            assert!((found.value - exact).abs() < 1e-15);
            assert_eq!((found.sizes, found.degrees()), (4, 2));
        }
    }

    /// log Q̂ is too low by s²/2. With s = 0.01 at one size and 0.09 at two the mean of z
    /// is −0.06 if nothing is added, −0.12 if that is subtracted, and 0.00 if it is right,
    /// with a standard error of 0.005.
    #[test]
    fn logarithms_are_as_much_too_low_as_is_added() {
        let seeds = 40_000;
        let score = |seed: u64| {
            let mut normal = normals(seed);
            let measure = |(size, error): (f64, f64)| Measurement {
                size,
                value: 1.0 + error * normal(),
                exact: 1.0,
                exact_std_error: error,
            };
            let found = exponent(&[(1.0, 0.01), (4.0, 0.09), (4.1, 0.09)].map(measure)).unwrap();
            (found.value - found.exact) / found.std_error
        };
        let mean = (0..seeds).map(score).sum::<f64>() / seeds as f64;
        assert!(mean.abs() < 0.03, "{mean}");
    }

    #[test]
    fn a_curve_is_compared_with_the_same_combination_of_its_exact_values() {
        // 1/N + 1/N²: no power law, yet value − exact is noise of the stated size.
        let curve = |seed: u64| {
            let mut normal = normals(seed);
            let mut measure = |&size: &f64| {
                let exact = 1.0 / size + 1.0 / (size * size);
                Measurement {
                    size,
                    value: exact * (1.0 + 0.01 * normal()),
                    exact,
                    exact_std_error: 0.01 * exact,
                }
            };
            exponent(&SIZES.map(|size| measure(&size))).unwrap()
        };
        let covered = (0..SEEDS).filter(|&seed| {
            let found = curve(seed);
            assert!(found.p_value() < 1e-3);
            (found.value - found.exact).abs() <= normal_half_width(0.9) * found.std_error
        });
        let (covered, limits) = (covered.count() as u64, binomial_limits(SEEDS, 0.9, SURE));
        assert!(limits.contains(&covered), "{covered}, {limits:?}");
    }

    #[test]
    fn too_few_sizes_and_values_that_are_not_trusted_have_no_exponent() {
        let all = squares(1);
        assert!(exponent(&all[..2]).is_none());
        assert_eq!(exponent(&all[..3]).unwrap().sizes, 3);
        let mut told = all[..3].to_vec();
        told[1].exact_std_error = 0.11 * told[1].exact;
        assert!(exponent(&told).is_none());
        for value in [0.0, -1.0, f64::NAN] {
            let mut told = all[..3].to_vec();
            told[2].value = value;
            assert!(exponent(&told).is_none());
        }
        let same = [all[0]; 3];
        assert!(exponent(&same).is_none());
    }

    /// Limits around 3 N^1.4 that are wide apart by random factors.
    fn segments(seed: u64, widest: f64) -> Vec<Limits> {
        let mut uniform = uniforms(seed);
        let limits = |&size: &f64| {
            let exact = 3.0 * libm::pow(size, 1.4);
            Limits {
                size,
                lower: exact * libm::exp(-widest * uniform()),
                upper: exact * libm::exp(widest * uniform()),
            }
        };
        SIZES.iter().map(limits).collect()
    }

    /// The slope of a line through logarithms by normal equations.
    fn slope(weights: &[f64], heights: &[f64]) -> f64 {
        let mut sums = [0.0; 5];
        for ((w, size), y) in weights.iter().zip(&SIZES).zip(heights) {
            let x = libm::log(*size);
            for (sum, term) in sums.iter_mut().zip([1.0, x, x * x, *y, x * y]) {
                *sum += w * term;
            }
        }
        let [s, x, xx, y, xy] = sums;
        (s * xy - x * y) / (s * xx - x * x)
    }

    #[test]
    fn exponents_between_limits_are_those_of_the_corners() {
        for seed in 0..20 {
            let limits = segments(seed, 0.3);
            let logs: Vec<[f64; 2]> = (limits.iter())
                .map(|l| [libm::log(l.lower), libm::log(l.upper)])
                .collect();
            let weights: Vec<f64> = (logs.iter())
                .map(|[low, high]| 1.0 / ((high - low) * (high - low)))
                .collect();
            let corners = (0..1 << SIZES.len()).map(|corner: usize| {
                let heights = logs.iter().enumerate().map(|(k, log)| log[corner >> k & 1]);
                slope(&weights, &heights.collect::<Vec<_>>())
            });
            let (least, largest) = corners.fold((f64::MAX, f64::MIN), |(least, largest), a| {
                (least.min(a), largest.max(a))
            });
            let found = exponent_between_limits(&limits).unwrap();
            assert!((found.low - least).abs() < 1e-12 && (found.high - largest).abs() < 1e-12);
            assert!(found.low < 1.4 && 1.4 < found.high && found.is_power_law);
            // The exponent of W = √(N W²/N) is half that of W²/N, and ½ more.
            let roots = limits.iter().map(|l| l.root_of(l.size));
            let root = exponent_between_limits(&roots.collect::<Vec<_>>()).unwrap();
            assert!((root.low - 0.5 * (1.0 + found.low)).abs() < 1e-12);
            assert!((root.high - 0.5 * (1.0 + found.high)).abs() < 1e-12);
        }
    }

    #[test]
    fn a_power_law_is_denied_only_where_no_line_goes_through_all_limits() {
        let mut met = 0;
        for seed in 0..400 {
            // The law bends: N^1.4 is no longer inside everywhere.
            let mut limits = segments(seed, 0.1);
            let mut uniform = uniforms(seed + 1000);
            for limits in &mut limits {
                let shift = libm::exp(0.15 * (uniform() - 0.5));
                (limits.lower, limits.upper) = (limits.lower * shift, limits.upper * shift);
            }
            // If any line does, one through two of the ends does.
            let ends: Vec<[f64; 2]> = (limits.iter())
                .flat_map(|l| [l.lower, l.upper].map(|end| [l.size, end].map(libm::log)))
                .collect();
            let meets = |a: &[f64; 2], b: &[f64; 2]| {
                let slope = (b[1] - a[1]) / (b[0] - a[0]);
                limits.iter().all(|l| {
                    let y = a[1] + slope * (libm::log(l.size) - a[0]);
                    libm::log(l.lower) - 1e-12 <= y && y <= libm::log(l.upper) + 1e-12
                })
            };
            let expected = ends
                .iter()
                .any(|a| ends.iter().any(|b| b[0] > a[0] && meets(a, b)));
            let found = exponent_between_limits(&limits).unwrap().is_power_law;
            assert_eq!(found, expected, "seed {seed}");
            met += u32::from(found);
        }
        assert!((50..350).contains(&met), "{met}");
    }

    #[test]
    fn exponents_between_limits_cover_whatever_the_curve() {
        // Limits of 90 % each way at seven sizes around a curve that bends: all hold at
        // once with a probability of 0.3 at least, and then the range covers.
        let curve = |size: f64| 1.0 / size + 2.0 / (size * size);
        let reach = normal_half_width(0.8);
        let mut covered = 0;
        let mut all_hold = 0;
        for seed in 0..SEEDS {
            let mut normal = normals(seed);
            let limits: Vec<Limits> = (SIZES.iter().zip(&ERRORS))
                .map(|(&size, error)| {
                    let log = libm::log(curve(size));
                    let [low, high] = [normal(), normal()].map(|z| error * z);
                    Limits {
                        size,
                        lower: libm::exp(log + low.min(high) - reach * error),
                        upper: libm::exp(log + low.max(high) + reach * error),
                    }
                })
                .collect();
            let weights: Vec<f64> = (limits.iter())
                .map(|l| libm::log(l.upper / l.lower))
                .map(|width| 1.0 / (width * width))
                .collect();
            let truth = slope(&weights, &SIZES.map(|size| libm::log(curve(size))));
            let found = exponent_between_limits(&limits).unwrap();
            let covers = found.low - 1e-12 <= truth && truth <= found.high + 1e-12;
            let hold = limits
                .iter()
                .all(|l| (l.lower..=l.upper).contains(&curve(l.size)));
            assert!(covers || !hold, "seed {seed}");
            covered += u64::from(covers);
            all_hold += u64::from(hold);
        }
        assert!(
            all_hold < SEEDS && covered >= all_hold,
            "{all_hold} {covered}"
        );
    }

    #[test]
    fn sizes_whose_limits_say_nothing_are_left_out() {
        let mut limits = segments(3, 0.2);
        limits[1].lower = 0.0;
        limits[2].upper = f64::INFINITY;
        limits[3].upper = 0.5 * limits[3].lower;
        assert_eq!(exponent_between_limits(&limits).unwrap().sizes, 4);
        assert!(exponent_between_limits(&limits[..5]).is_none());
        // Limits that meet are an exact value, of great weight.
        let exact = SIZES.map(|size| Limits {
            size,
            lower: size,
            upper: size,
        });
        let found = exponent_between_limits(&exact).unwrap();
        assert!((found.low - 1.0).abs() < 1e-12 && (found.high - 1.0).abs() < 1e-12);
    }
}
