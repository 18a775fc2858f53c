//! W₂ between product laws on ℝ^N, computed in ℝ^N and not through Lemma 11.
//!
//! * Normal laws: Gelbrich's formula is an equality, |m − m′|² + tr(A + B − 2(A^{1/2}BA^{1/2})^{1/2}).
//! * Laws of finitely many values whose probabilities are multiples of one 1/L: f^{⊗N} and h^{⊗N} are uniform on L^N
//!   points each, repeated ones counted, and an optimal coupling is an assignment of one to the other
//!   (Birkhoff's theorem).

use super::assignment::assign;
use crate::law::{Distribution, Law, Normal, compensated_sum};

/// The largest number of points that are assigned: 512³ steps take a tenth of a second.
const MOST_POINTS: usize = 512;

/// Bounds between which W₂²(f^{⊗N}, h^{⊗N})/N lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ProductDistance {
    /// The lower bound.
    pub lower: f64,
    /// The upper bound.
    pub upper: f64,
    /// The largest change of the distance when probabilities are rounded to multiples of one 1/L.
    pub rounding: f64,
}

/// A pair of laws whose products' distance can be computed.
enum Solvable<'a> {
    Normal([&'a Normal; 2]),
    Points([Vec<f64>; 2]),
}

fn solvable<'a>(
    first: &'a Law,
    second: &'a Law,
    particles: usize,
) -> Result<Solvable<'a>, &'static str> {
    if let (Law::Normal(one), Law::Normal(other)) = (first, second) {
        return Ok(Solvable::Normal([one, other]));
    }
    let points = (1..=MOST_POINTS)
        .find_map(|count| Some([points(first, count)?, points(second, count)?]))
        .ok_or(
            "the distance of products is computed for two normal laws, or for few values of equal probabilities only",
        )?;
    let exponent = u32::try_from(particles).ok();
    exponent
        .and_then(|exponent| points[0].len().checked_pow(exponent))
        .filter(|&count| count <= MOST_POINTS)
        .map(|_| Solvable::Points(points))
        .ok_or(
            "the products have too many points to be assigned; choose a smaller N or fewer values",
        )
}

/// The reason why [`product_distance`] of these laws is not known; `None` if it is known.
pub fn obstacle(first: &Law, second: &Law, particles: usize) -> Option<&'static str> {
    solvable(first, second, particles).err()
}

/// W₂²(f^{⊗N}, h^{⊗N})/N.
///
/// # Errors
///
/// The reason, where it cannot be computed.
pub fn product_distance(
    first: &Law,
    second: &Law,
    particles: usize,
) -> Result<ProductDistance, &'static str> {
    Ok(match solvable(first, second, particles)? {
        Solvable::Normal(laws) => {
            let distance = of_normal_products(laws, particles);
            ProductDistance {
                lower: distance,
                upper: distance,
                rounding: 0.0,
            }
        }
        Solvable::Points([one, other]) => ProductDistance {
            rounding: rounded_away([first, second], [&one, &other]),
            ..of_points(&one, &other, particles)
        },
    })
}

/// The trace formula. A and B are diagonal, and so are their roots; the trace is a sum over coordinates.
fn of_normal_products([first, second]: [&Normal; 2], particles: usize) -> f64 {
    let means = first.mean() - second.mean();
    // a + b − 2 root(ab) of a coordinate is the square of this difference, in which nothing cancels.
    let roots = first.sd() - second.sd();
    let coordinate = |_| means * means + roots * roots;
    compensated_sum((0..particles).map(coordinate)) / particles as f64
}

/// `count` values of equal probability that make up the law, ascending; `None` if it is not made of so many.
fn points(law: &Law, count: usize) -> Option<Vec<f64>> {
    if law.has_density() {
        return None;
    }
    let scale = count as f64;
    let jumps = law.jumps();
    let rounding = 16.0 * f64::EPSILON * scale;
    let whole = |jump: &f64| (jump * scale - (jump * scale).round()).abs() <= rounding;
    if !jumps.iter().all(whole) {
        return None;
    }
    let middle = |index: usize| law.quantile((index as f64 + 0.5) / scale);
    Some((0..count).map(middle).collect())
}

/// A mass δ that is moved changes W₂² by at most twice δ times the square of the range of all values: W₂² is a
/// greatest value over potentials, which vary by no more.
fn rounded_away(laws: [&Law; 2], points: [&[f64]; 2]) -> f64 {
    let count = points[0].len() as f64;
    let moved = |jump: f64| (jump - (jump * count).round() / count).abs() + f64::EPSILON;
    let mass: f64 = laws.iter().flat_map(|law| law.jumps()).map(moved).sum();
    let all = points.iter().flat_map(|values| values.iter().copied());
    let least = all.clone().fold(f64::INFINITY, f64::min);
    let range = all.fold(f64::NEG_INFINITY, f64::max) - least;
    2.0 * mass * range * range
}

fn of_points(one: &[f64], other: &[f64], particles: usize) -> ProductDistance {
    let count = one.len().pow(particles as u32);
    // Coordinates of a point are the digits of its number.
    let coordinate = |point: usize, axis: usize| point / one.len().pow(axis as u32) % one.len();
    let mut costs = Vec::with_capacity(count * count);
    for from in 0..count {
        for to in 0..count {
            let squares = (0..particles).map(|axis| {
                let difference = one[coordinate(from, axis)] - other[coordinate(to, axis)];
                difference * difference
            });
            costs.push(squares.sum::<f64>());
        }
    }
    let assignment = assign(count, &costs);
    let scale = (count * particles) as f64;
    ProductDistance {
        lower: assignment.least / scale,
        upper: assignment.cost / scale,
        rounding: 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::law::{Discrete, Normal, Uniform};
    use crate::theory::pairing::wasserstein_squared;

    fn discrete(values: &[f64], weights: &[f64]) -> Law {
        Law::Discrete(Discrete::new(values.to_vec(), weights.to_vec()).unwrap())
    }

    /// The distance is right to the last bit where standard deviations differ by a power of two: rounding of variances
    /// would leave a relative error of ε/2⁻ᵏ.
    #[test]
    fn nearly_equal_normal_laws_have_the_distance_of_their_deviations() {
        let normal = |mean, sd| Law::Normal(Normal::new(mean, sd).unwrap());
        for exponent in [-1, -10, -26, -27, -40, -52] {
            let gap = libm::ldexp(1.0, exponent);
            for (first, second) in [
                (normal(0.0, 1.0), normal(0.0, 1.0 + gap)),
                (normal(7.0, 1.5 + gap), normal(7.0, 1.5)),
                (normal(1.0, 3.0), normal(1.0 + gap, 3.0)),
            ] {
                let distance = product_distance(&first, &second, 4).unwrap();
                assert_eq!(
                    [distance.lower, distance.upper],
                    [gap * gap; 2],
                    "{exponent}"
                );
            }
        }
    }

    #[test]
    fn an_assignment_in_the_plane_agrees_with_hand_computation() {
        // {−1, 1}² to {0, 3}²: (−1 → 0 and 1 → 3 on each axis), (1 + 4)/2 on each.
        let one = discrete(&[-1.0, 1.0], &[0.5, 0.5]);
        let other = discrete(&[0.0, 3.0], &[0.5, 0.5]);
        let distance = product_distance(&one, &other, 2).unwrap();
        assert!((distance.lower - 2.5).abs() < 1e-12 && (distance.upper - 2.5).abs() < 1e-12);
        // Assigned in the other order, each axis would cost (16 + 1)/2.
        let costs = [5.0, 20.0, 20.0, 5.0];
        assert_eq!(assign(2, &costs).cost, 10.0);
    }

    #[test]
    fn unequal_probabilities_become_repeated_points() {
        let law = discrete(&[2.0, 5.0], &[0.25, 0.75]);
        assert_eq!(points(&law, 4).unwrap(), [2.0, 5.0, 5.0, 5.0]);
        assert_eq!(points(&law, 2), None);
        let thirds = discrete(&[1.0, 2.0, 4.0], &[1.0 / 3.0; 3]);
        assert_eq!(points(&thirds, 3).unwrap(), [1.0, 2.0, 4.0]);
    }

    /// Weights that are thirds to fourteen digits make a distance of 10⁻¹⁵.
    #[test]
    fn probabilities_that_are_rounded_count_as_rounding() {
        let values = [-1.0, 0.0, 1.0];
        let third = 0.333333333333333;
        let one = discrete(&values, &[third, third, 0.333333333333334]);
        let other = discrete(&values, &[1.0 / 3.0; 3]);
        let (exact, _) = wasserstein_squared(&one, &other);
        let found = product_distance(&one, &other, 2).unwrap();
        assert!(exact > 5e-16 && found.upper == 0.0);
        assert!((exact..1e-13).contains(&found.rounding), "{found:?}");
    }

    #[test]
    fn the_distance_per_coordinate_does_not_depend_on_their_number() {
        let normal = |mean| Law::Normal(Normal::new(mean, 1.0).unwrap());
        let found = product_distance(&normal(0.0), &normal(1.1), 100_000_000).unwrap();
        assert!((found.upper / 1.21 - 1.0).abs() < 1e-14, "{found:?}");
    }

    #[test]
    fn distances_that_cannot_be_computed_give_their_reason() {
        let uniform = Law::Uniform(Uniform::new(0.0, 1.0).unwrap());
        let normal = Law::Normal(Normal::new(0.0, 1.0).unwrap());
        let coin = discrete(&[-1.0, 1.0], &[0.5, 0.5]);
        assert!(obstacle(&uniform, &coin, 1).is_some_and(|why| why.contains("normal")));
        assert!(obstacle(&normal, &coin, 1).is_some());
        assert_eq!(obstacle(&normal, &normal, 1_000_000), None);
        assert_eq!(obstacle(&coin, &coin, 9), None);
        assert!(obstacle(&coin, &coin, 10).is_some_and(|why| why.contains("too many")));
        assert!(obstacle(&coin, &coin, 1 << 40).is_some());
    }
}
