//! Gelbrich's lower bound on W₂ from means and variances.

/// (m_f − m_h)² + (σ_f − σ_h)² ≤ W₂²(f, h), with equality for normal laws
/// (Gelbrich 1990), from means and variances; a variance that rounding
/// has made negative counts as 0.
///
/// ```
/// let bound = kac_coupling::theory::gelbrich::gelbrich_squared((2.0, 1.0), (-1.0, 4.0));
/// assert_eq!(bound, 10.0);
/// ```
pub fn gelbrich_squared(first: (f64, f64), second: (f64, f64)) -> f64 {
    let mean = first.0 - second.0;
    let spread = deviation(first) - deviation(second);
    mean * mean + spread * spread
}

fn deviation((_, variance): (f64, f64)) -> f64 {
    variance.max(0.0).sqrt()
}

/// Gelbrich's bound, less the largest effect of rounding of means and variances where this is more
/// than 10⁻⁹ of the bound: nearly equal means or deviations leave little of their digits.
pub fn gelbrich_lower(first: (f64, f64), second: (f64, f64)) -> f64 {
    const UNIT: f64 = 4.0 * f64::EPSILON;
    // A lower bound on the difference of two numbers that are right to rounding.
    let apart = |one: f64, other: f64| {
        let certain = (one - other).abs() - UNIT * (one.abs() + other.abs());
        certain.max(0.0)
    };
    let mean = apart(first.0, second.0);
    let spread = apart(deviation(first), deviation(second));
    let certain = mean * mean + spread * spread;
    let plain = gelbrich_squared(first, second);
    if certain < plain * (1.0 - 1e-9) {
        certain
    } else {
        plain
    }
}

/// The derivatives of [`gelbrich_squared`] by (E V, E V²) of f and of h; `None`
/// where a law has no spread, for there is no derivative.
pub fn gelbrich_gradient(first: (f64, f64), second: (f64, f64)) -> Option<[f64; 4]> {
    let (sf, sh) = (deviation(first), deviation(second));
    if sf == 0.0 || sh == 0.0 {
        return None;
    }
    let mean = 2.0 * (first.0 - second.0);
    let spread = 2.0 * (sf - sh);
    // dσ/dm = −m/σ and dσ/dm2 = 1/(2σ).
    Some([
        mean - spread * first.0 / sf,
        spread / (2.0 * sf),
        -mean + spread * second.0 / sh,
        -spread / (2.0 * sh),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gelbrich_s_bound_exceeds_that_of_theorem_6_on_the_clock_of_eq_1() {
        // N(0,1) and N(0,4) with a bath N(0, 0.01) on the clock of Eq. (1) at
        // μ = t = 1 : 0.6046, where Theorem 6 would allow 0.3679.
        let decay = libm::exp(-0.5);
        let energy = |start: f64| 0.01 + (start - 0.01) * decay;
        let bound = gelbrich_squared((0.0, energy(1.0)), (0.0, energy(4.0)));
        assert!((bound - 0.6046).abs() < 5e-5);
    }

    #[test]
    fn rounding_gives_no_distance() {
        let (f, h) = ((0.1, 0.0), (0.100_000_000_1, 0.0));
        assert!(gelbrich_lower(f, h) <= 1e-20 && gelbrich_lower(f, h) > 0.99e-20);
        assert_eq!(gelbrich_lower(f, f), 0.0);
        let (f, h) = ((1e8, 1.0), (1e8 * (1.0 + f64::EPSILON), 1.0 - f64::EPSILON));
        assert_eq!(gelbrich_lower(f, h), 0.0);
        // However large the means are, deviations tell laws apart.
        assert_eq!(gelbrich_lower((1e8, 1.0), (1e8, 4.0)), 1.0);
        let (f, h) = ((0.4, 1.14), (-0.7, 2.41));
        assert_eq!(gelbrich_lower(f, h), gelbrich_squared(f, h));
    }

    #[test]
    fn the_gradient_is_that_of_the_bound() {
        let about_mean = |(mean, second): (f64, f64)| (mean, second - mean * mean);
        let (f, h) = ((0.4, 1.3), (-0.7, 2.9));
        let gradient = gelbrich_gradient(about_mean(f), about_mean(h)).unwrap();
        let step = 1e-6;
        let at = |d: [f64; 4]| {
            let moved = [(f.0 + d[0], f.1 + d[1]), (h.0 + d[2], h.1 + d[3])];
            gelbrich_squared(about_mean(moved[0]), about_mean(moved[1]))
        };
        for (k, derivative) in gradient.iter().enumerate() {
            let (mut up, mut down) = ([0.0; 4], [0.0; 4]);
            up[k] = step;
            down[k] = -step;
            let numeric = (at(up) - at(down)) / (2.0 * step);
            assert!((numeric - derivative).abs() < 1e-8);
        }
    }
}
