//! Adaptive Gauss–Kronrod quadrature of two integrands at once.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use crate::law::compensated_sum;

/// Two integrands sharing their evaluations, with a bound of the rounding error of each.
#[derive(Clone, Copy)]
pub(super) struct Integrand {
    pub values: [f64; 2],
    pub rounding: [f64; 2],
}

/// Two integrals and their error estimates (discretisation plus rounding).
#[derive(Clone, Copy)]
pub(super) struct Integral {
    pub values: [f64; 2],
    pub errors: [f64; 2],
}

struct Panel {
    low: f64,
    high: f64,
    values: [f64; 2],
    errors: [f64; 2],
    rounding: [f64; 2],
    /// The largest error in units of the tolerance at the time of evaluation.
    priority: f64,
}

impl PartialEq for Panel {
    fn eq(&self, other: &Panel) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Panel {}

impl PartialOrd for Panel {
    fn partial_cmp(&self, other: &Panel) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Panel {
    fn cmp(&self, other: &Panel) -> Ordering {
        // The left end breaks ties, so that the order of bisections is a function of the integrand only.
        self.priority
            .total_cmp(&other.priority)
            .then(other.low.total_cmp(&self.low))
    }
}

/// Bisections allowed beyond the given panels.
const BISECTION_LIMIT: usize = 20_000;

/// Integrates over consecutive panels with the given ends, bisecting the worst panel until both integrals have
/// the relative `tolerance` or only rounding error is left.
///
/// The rule is the 15-point Kronrod rule with the error estimate of QUADPACK's QK15 (Piessens, de Doncker,
/// Überhuber, Kahaner 1983). The estimate is heuristic but pessimistic for smooth integrands.
pub(super) fn integrate(
    ends: &[f64],
    tolerance: f64,
    integrand: impl Fn(f64) -> Integrand,
) -> Integral {
    let mut panels: Vec<Panel> = ends
        .windows(2)
        .map(|pair| kronrod(pair[0], pair[1], &integrand))
        .collect();
    let scale = total(&panels, |panel| panel.values);
    for panel in &mut panels {
        panel.priority = priority(panel.errors, scale);
    }
    let mut waiting: BinaryHeap<Panel> = panels.into_iter().collect();
    let mut finished: Vec<Panel> = Vec::new();
    let mut remaining = total(waiting.as_slice(), |panel| panel.errors);
    let rounding = total(waiting.as_slice(), |panel| panel.rounding);
    let target = [0, 1].map(|k| (tolerance * scale[k].abs()).max(rounding[k]));
    for _ in 0..BISECTION_LIMIT {
        if (0..2).all(|k| remaining[k] <= target[k]) {
            break;
        }
        let Some(worst) = waiting.pop() else { break };
        let middle = 0.5 * (worst.low + worst.high);
        let too_narrow = (worst.high - worst.low) <= 8.0 * f64::EPSILON * middle.abs().max(1.0);
        if too_narrow {
            finished.push(worst);
            continue;
        }
        for (low, high) in [(worst.low, middle), (middle, worst.high)] {
            let mut half = kronrod(low, high, &integrand);
            half.priority = priority(half.errors, scale);
            for (sum, error) in remaining.iter_mut().zip(half.errors) {
                *sum += error;
            }
            waiting.push(half);
        }
        for (sum, error) in remaining.iter_mut().zip(worst.errors) {
            *sum -= error;
        }
    }
    finished.extend(waiting);
    finished.sort_by(|left, right| left.low.total_cmp(&right.low));
    let errors = total(&finished, |panel| panel.errors);
    let rounding = total(&finished, |panel| panel.rounding);
    Integral {
        values: total(&finished, |panel| panel.values),
        errors: [0, 1].map(|k| errors[k] + rounding[k]),
    }
}

fn total(panels: &[Panel], part: impl Fn(&Panel) -> [f64; 2]) -> [f64; 2] {
    [0, 1].map(|k| compensated_sum(panels.iter().map(|panel| part(panel)[k])))
}

fn priority(errors: [f64; 2], scale: [f64; 2]) -> f64 {
    let relative = |k: usize| {
        if scale[k] > 0.0 {
            errors[k] / scale[k]
        } else {
            errors[k]
        }
    };
    relative(0).max(relative(1))
}

fn kronrod(low: f64, high: f64, integrand: &impl Fn(f64) -> Integrand) -> Panel {
    let center = 0.5 * (low + high);
    let half = 0.5 * (high - low);
    let mut kronrod = [0.0; 2];
    let mut gauss = [0.0; 2];
    let mut rounding = [0.0; 2];
    let mut samples = [[0.0; 2]; 15];
    for (index, sample) in samples.iter_mut().enumerate() {
        let mirrored = index.min(14 - index);
        let side = if index < 7 { -1.0 } else { 1.0 };
        let point = integrand(center + side * half * NODES[mirrored]);
        *sample = point.values;
        for k in 0..2 {
            kronrod[k] += KRONROD_WEIGHTS[mirrored] * point.values[k];
            rounding[k] += KRONROD_WEIGHTS[mirrored] * point.rounding[k];
            if mirrored % 2 == 1 {
                gauss[k] += GAUSS_WEIGHTS[mirrored / 2] * point.values[k];
            }
        }
    }
    let errors = [0, 1].map(|k| {
        let mean = 0.5 * kronrod[k];
        let spread: f64 = samples
            .iter()
            .enumerate()
            .map(|(i, sample)| KRONROD_WEIGHTS[i.min(14 - i)] * (sample[k] - mean).abs())
            .sum();
        let difference = (kronrod[k] - gauss[k]).abs();
        if spread == 0.0 || difference == 0.0 {
            return half * difference;
        }
        let ratio = 200.0 * difference / spread;
        half * spread * (ratio * f64::sqrt(ratio)).min(1.0)
    });
    Panel {
        low,
        high,
        values: kronrod.map(|sum| half * sum),
        errors,
        rounding: rounding.map(|sum| half * sum),
        priority: 0.0,
    }
}

/// Nonnegative nodes of the 15-point Kronrod rule on [−1, 1], from the end to the centre; those of odd index belong
/// to the 7-point Gauss rule.
const NODES: [f64; 8] = [
    0.991_455_371_120_812_6,
    0.949_107_912_342_758_5,
    0.864_864_423_359_769_1,
    0.741_531_185_599_394_4,
    0.586_087_235_467_691_1,
    0.405_845_151_377_397_2,
    0.207_784_955_007_898_47,
    0.0,
];
const KRONROD_WEIGHTS: [f64; 8] = [
    0.022_935_322_010_529_224,
    0.063_092_092_629_978_55,
    0.104_790_010_322_250_18,
    0.140_653_259_715_525_92,
    0.169_004_726_639_267_9,
    0.190_350_578_064_785_4,
    0.204_432_940_075_298_9,
    0.209_482_141_084_727_82,
];
const GAUSS_WEIGHTS: [f64; 4] = [
    0.129_484_966_168_869_7,
    0.279_705_391_489_276_64,
    0.381_830_050_505_118_9,
    0.417_959_183_673_469_4,
];

#[cfg(test)]
mod tests {
    use super::*;

    fn exact(value: f64, other: f64) -> Integrand {
        Integrand {
            values: [value, other],
            rounding: [0.0; 2],
        }
    }

    #[test]
    fn kronrod_rule_is_exact_for_polynomials_of_degree_22() {
        // A wrong digit in a node or weight would show: ∫₋₁¹ x^{2k} = 2/(2k + 1).
        for half_degree in 0..=11_u32 {
            let power = |x: f64| (0..2 * half_degree).fold(1.0, |product, _| product * x);
            let panel = kronrod(-1.0, 1.0, &|x| exact(power(x), 0.0));
            assert!((panel.values[0] - 2.0 / f64::from(2 * half_degree + 1)).abs() < 1e-15);
        }
        // The embedded Gauss rule is exact to degree 13, so it reports no error there.
        let panel = kronrod(-1.0, 1.0, &|x| exact(x * x * x * x, x * x));
        assert!(panel.errors.iter().all(|&error| error < 1e-15));
    }

    #[test]
    fn hidden_kink_is_found_and_error_estimate_covers_it() {
        // ∫₀¹ |x − 1/π| = ((1/π)² + (1 − 1/π)²)/2.
        let kink = std::f64::consts::FRAC_1_PI;
        let result = integrate(&[0.0, 1.0], 1e-13, |x| exact((x - kink).abs(), 1.0));
        let truth = 0.5 * (kink * kink + (1.0 - kink) * (1.0 - kink));
        let error = (result.values[0] - truth).abs();
        assert!(error < 1e-12, "{error:e}");
        assert!(
            error <= result.errors[0] + 1e-15,
            "{error:e} {:e}",
            result.errors[0]
        );
        assert!((result.values[1] - 1.0).abs() < 1e-14);
    }
}
