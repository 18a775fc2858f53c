//! Exact errors keep their digits where means are large: they are compared with raw moments in twice as many digits,
//! and with closed forms.

use kac_coupling::law::joint::Joint;
use kac_coupling::law::{Discrete, Laplace, Law, Normal, Point, StudentT, Uniform};
use kac_coupling::model::Rates;
use kac_coupling::model::coupling::CouplingKind;
use kac_coupling::theory::hierarchy::MomentSystem;
use kac_coupling::theory::pairing::{Pairing, difference_moments};
use kac_coupling::theory::{Moment, Quantity, System, Theory};
use std::ops::{Add, Mul, Sub};

/// A number of some 32 digits, the unevaluated sum of two (Dekker 1971).
#[derive(Debug, Clone, Copy)]
struct Long(f64, f64);

impl Long {
    /// The sum of two numbers, the first one not smaller.
    fn of(large: f64, small: f64) -> Long {
        let sum = large + small;
        Long(sum, small - (sum - large))
    }

    fn over(self, divisor: f64) -> Long {
        let quotient = self.0 / divisor;
        let rest = self - Long(quotient, 0.0) * divisor;
        Long::of(quotient, rest.0 / divisor)
    }
}

impl Add for Long {
    type Output = Long;
    fn add(self, other: Long) -> Long {
        let sum = self.0 + other.0;
        let part = sum - self.0;
        let error = (self.0 - (sum - part)) + (other.0 - part);
        Long::of(sum, error + self.1 + other.1)
    }
}

impl Sub for Long {
    type Output = Long;
    fn sub(self, other: Long) -> Long {
        self + Long(-other.0, -other.1)
    }
}

impl Mul for Long {
    type Output = Long;
    fn mul(self, other: Long) -> Long {
        let product = self.0 * other.0;
        let error = self.0.mul_add(other.0, -product);
        Long::of(product, error + self.0 * other.1 + self.1 * other.0)
    }
}

impl Mul<f64> for Long {
    type Output = Long;
    fn mul(self, other: f64) -> Long {
        self * Long(other, 0.0)
    }
}

fn total(terms: impl IntoIterator<Item = Long>) -> Long {
    terms.into_iter().fold(Long(0.0, 0.0), Add::add)
}

/// e^{At}y by its series.
fn flow(generator: &ndarray::Array2<f64>, start: Vec<Long>, time: f64) -> Vec<Long> {
    let mut term = start.clone();
    let mut sum = start;
    for order in 1..80 {
        term = (generator.rows().into_iter())
            .map(|row| total(row.iter().zip(&term).map(|(&a, &y)| y * a)))
            .map(|change| change.over(f64::from(order)) * time)
            .collect();
        sum = sum
            .iter()
            .zip(&term)
            .map(|(&sum, &term)| sum + term)
            .collect();
    }
    sum
}

/// Rates for which the generators of 1, 2, 3, 5 and 9 particles are exact numbers.
const RATES: Rates = Rates {
    pair: 1.5,
    bath: 0.75,
};

/// A law, with its moments about the mean up to order 8.
struct Shape {
    law: fn(f64) -> Law,
    about_mean: [f64; 9],
}

const NORMAL: Shape = Shape {
    law: |mean| Normal::new(mean, 1.0).unwrap().into(),
    about_mean: [1.0, 0.0, 1.0, 0.0, 3.0, 0.0, 15.0, 0.0, 105.0],
};
const LAPLACE: Shape = Shape {
    law: |mean| Laplace::new(mean, 1.0).unwrap().into(),
    about_mean: [1.0, 0.0, 2.0, 0.0, 24.0, 0.0, 720.0, 0.0, 40320.0],
};
/// The law of −1 and 3 about the mean, with probabilities ¾ and ¼.
const SKEWED: Shape = Shape {
    law: |mean| {
        let values = vec![mean - 1.0, mean + 3.0];
        Discrete::new(values, vec![0.75, 0.25]).unwrap().into()
    },
    about_mean: [1.0, 0.0, 3.0, 6.0, 21.0, 60.0, 183.0, 546.0, 1641.0],
};

impl Shape {
    /// E V^k.
    fn moment(&self, mean: f64, order: usize) -> Long {
        let mut binomial = 1.0;
        let mut sum = Long(0.0, 0.0);
        for k in 0..=order {
            let power = (0..k).fold(Long(1.0, 0.0), |product, _| product * mean);
            sum = sum + power * (binomial * self.about_mean[order - k]);
            binomial *= (order - k) as f64 / (k + 1) as f64;
        }
        sum
    }

    fn theory(&self, particles: usize, mean: f64) -> Theory {
        let law = (self.law)(mean);
        let bath = (NORMAL.law)(0.0);
        let (pairing, coupling) = (Pairing::Independent, CouplingKind::Synchronous);
        Theory::new(particles, RATES, &bath, (&law, &law), pairing, coupling)
    }
}

/// The moments that enter variances, by degree.
const MOMENTS: [&[&[u32]]; 2] = [
    &[
        &[],
        &[2],
        &[1, 1],
        &[4],
        &[2, 2],
        &[2, 1, 1],
        &[1, 1, 1, 1],
        &[3, 1],
    ],
    &[
        &[],
        &[2],
        &[4],
        &[2, 2],
        &[6],
        &[4, 2],
        &[2, 2, 2],
        &[8],
        &[6, 2],
        &[4, 4],
        &[4, 2, 2],
        &[2, 2, 2, 2],
    ],
];

/// The rates at which some moments feed each other: d/dt of each where one of them is 1 and all others are 0.
fn rates_among(system: &MomentSystem, moments: &[&[u32]]) -> ndarray::Array2<f64> {
    let at = |powers: &[u32]| system.position(powers).unwrap();
    let columns = moments.iter().map(|powers| {
        let mut one = system.product(|_| 0.0);
        one.fill(0.0);
        one[at(powers)] = 1.0;
        system.derivative(&one)
    });
    let columns: Vec<_> = columns.collect();
    let size = (moments.len(), moments.len());
    ndarray::Array2::from_shape_fn(size, |(i, j)| columns[j][at(moments[i])])
}

/// Raw moments of independent particles of this shape at a time.
fn raw(shape: &Shape, particles: usize, mean: f64, time: f64) -> impl Fn(&[u32]) -> Long {
    let bath = |order: u32| NORMAL.about_mean[order as usize];
    let own = RATES.for_particles(particles);
    let tables = MOMENTS.map(|moments| {
        let fits = moments
            .iter()
            .copied()
            .filter(|powers| powers.len() <= particles);
        let moments: Vec<&[u32]> = fits.collect();
        let system = MomentSystem::new(particles, own.pair, own.bath, &moments, bath);
        let start = moments.iter().map(|powers| {
            let factors = powers
                .iter()
                .map(|&power| shape.moment(mean, power as usize));
            factors.fold(Long(1.0, 0.0), Mul::mul)
        });
        let ends = flow(&rates_among(&system, &moments), start.collect(), time);
        moments.into_iter().zip(ends).collect::<Vec<_>>()
    });
    // ΣV decays at κ + β.
    let decay = ndarray::array![[-(own.pair + own.bath)]];
    let first = flow(&decay, vec![Long(mean, 0.0)], time)[0];
    move |powers| {
        let found = tables.iter().flatten().find(|(known, _)| *known == powers);
        match powers {
            [1] => first,
            // This moment is of more particles than there are, and its weight is 0.
            _ => found.map_or(Long(0.0, 0.0), |(_, value)| *value),
        }
    }
}

/// The variance of a moment's average over particles, as E F² − (E F)².
fn variance(moment: Moment, particles: usize, at: impl Fn(&[u32]) -> Long) -> f64 {
    let n = particles as f64;
    let (pairs, others, rest) = (n * (n - 1.0), n - 2.0, (n - 2.0) * (n - 3.0));
    let (square, mean) = match moment {
        Moment::M1 => ((at(&[2]) + at(&[1, 1]) * (n - 1.0)).over(n), at(&[1])),
        Moment::M2 => ((at(&[4]) + at(&[2, 2]) * (n - 1.0)).over(n), at(&[2])),
        Moment::M4 => ((at(&[8]) + at(&[4, 4]) * (n - 1.0)).over(n), at(&[4])),
        Moment::M11 => {
            let sum = at(&[2, 2]) * 2.0 + at(&[2, 1, 1]) * (4.0 * others) + at(&[1; 4]) * rest;
            (sum.over(pairs), at(&[1, 1]))
        }
        Moment::M22 => {
            let sum = at(&[4, 4]) * 2.0 + at(&[4, 2, 2]) * (4.0 * others) + at(&[2; 4]) * rest;
            (sum.over(pairs), at(&[2, 2]))
        }
    };
    (square - mean * mean).0
}

fn moments(particles: usize) -> impl Iterator<Item = Moment> {
    let all = Moment::ALL.into_iter();
    all.filter(move |moment| particles > 1 || !moment.is_joint())
}

#[test]
fn variances_of_moments_are_those_of_raw_moments_in_more_digits() {
    let mut worst: f64 = 0.0;
    for shape in [NORMAL, LAPLACE, SKEWED] {
        for particles in [1, 2, 3, 5, 9] {
            for mean in [0.0, 1.0, -10.0, 1e3, -1e5, 1e7, 1e8, 1e10] {
                let theory = shape.theory(particles, mean);
                for time in [0.0, 0.0078125, 0.5, 2.0] {
                    let at = raw(&shape, particles, mean, time);
                    for moment in moments(particles) {
                        let exact = variance(moment, particles, &at);
                        let found = theory.moment_deviation(System::First, moment, time);
                        let ratio = found.unwrap().powi(2) / exact;
                        let place = format!("N = {particles}, m = {mean}, t = {time}");
                        assert!(
                            (ratio - 1.0).abs() < 1e-9,
                            "{} {place}: {ratio}",
                            moment.name()
                        );
                        worst = worst.max((ratio - 1.0).abs());
                    }
                }
            }
        }
    }
    println!("worst relative error {worst:e}");
}

#[test]
fn variances_at_the_start_are_closed_forms() {
    // For N(m, σ²) Var V = 4, Var V² = 4m²σ² + 2σ⁴ and Var V⁴ = 16m⁶σ² + 168m⁴σ⁴ + 384m²σ⁶ + 96σ⁸.
    for particles in [1, 2, 1000, 100_000_000] {
        for mean in [2.0, 2e3, 1e7, 1e8, 2e10] {
            let law = Normal::new(mean, 2.0).unwrap().into();
            let bath = Normal::new(0.0, 1.0).unwrap().into();
            let (pairing, coupling) = (Pairing::Optimal, CouplingKind::Synchronous);
            let theory = Theory::new(particles, RATES, &bath, (&law, &law), pairing, coupling);
            let (n, square) = (particles as f64, mean * mean);
            let fourth = 64.0 * square * (square * (square + 42.0) + 384.0) + 24576.0;
            for (moment, variance) in [
                (Moment::M1, 4.0),
                (Moment::M2, 16.0 * square + 32.0),
                (Moment::M4, fourth),
            ] {
                let found = theory.moment_deviation(System::First, moment, 0.0).unwrap();
                let ratio = found * found * n / variance;
                assert!((ratio - 1.0).abs() < 1e-13, "{moment:?} {mean}: {ratio}");
            }
        }
    }
}

/// The particles of the copies are not independent; means are no larger than spreads.
#[test]
fn variances_of_joint_laws_are_those_of_raw_moments() {
    let bath = |order: u32| NORMAL.about_mean[order as usize];
    for (joint, mean) in [
        (Joint::MirroredEqual, 2.0),
        (Joint::MirroredOpposite, 2.0),
        (Joint::MirroredOpposite, 0.0),
        (Joint::Sphere, 0.0),
    ] {
        for particles in [2, 4, 6] {
            let shape = if joint == Joint::Sphere {
                NORMAL
            } else {
                SKEWED
            };
            let theory = shape.theory(particles, mean);
            let theory = theory.with_joints([joint; 2], Pairing::Independent);
            for time in [0.0, 0.25, 1.0] {
                let tables = MOMENTS.map(|moments| {
                    let system =
                        MomentSystem::new(particles, RATES.pair, RATES.bath, moments, bath);
                    let of_law = |order: u32| Some(shape.moment(mean, order as usize).0);
                    let start =
                        system.start(|powers| joint.moment(particles, powers, of_law).unwrap());
                    (system.at(&start, time), system)
                });
                let at = |powers: &[u32]| {
                    let values = tables.iter().find_map(|(values, system)| {
                        system.position(powers).map(|position| values[position])
                    });
                    // For all these laws the mean of the first power is 0.
                    Long(values.unwrap_or(0.0), 0.0)
                };
                for moment in Moment::ALL {
                    let exact = variance(moment, particles, at);
                    let found = theory
                        .moment_deviation(System::First, moment, time)
                        .unwrap();
                    let size = exact + theory.moment(System::First, moment, time).unwrap().powi(2);
                    let gap = (found * found - exact).abs() / size;
                    assert!(
                        gap < 1e-11,
                        "{joint:?} {particles} {time} {moment:?}: {gap}"
                    );
                }
            }
        }
    }
}

#[test]
fn variances_of_joint_laws_at_the_start_keep_their_digits() {
    let law = (NORMAL.law)(1e9);
    let bath = (NORMAL.law)(0.0);
    let deviation = |particles: usize, joint: Joint, moment: Moment| {
        let (pairing, coupling) = (Pairing::Independent, CouplingKind::Synchronous);
        let theory = Theory::new(particles, RATES, &bath, (&law, &law), pairing, coupling);
        let theory = theory.with_joints([joint; 2], pairing);
        theory.moment_deviation(System::First, moment, 0.0).unwrap()
    };
    for particles in [2, 10, 1000] {
        let n = particles as f64;
        let opposite = |moment| deviation(particles, Joint::MirroredOpposite, moment);
        let equal = |moment| deviation(particles, Joint::MirroredEqual, moment);
        for (found, variance) in [
            // ΣV is a sum of N independent variates of variance 1, or of one sign.
            (opposite(Moment::M1), 1.0 / n),
            (equal(Moment::M1), 1e18),
            (opposite(Moment::M2), 4e18 / n),
            (equal(Moment::M2), 4e18 / n),
            // 4m²Nσ², and (N−1)² times this, over the number of pairs.
            (opposite(Moment::M11), 4e18 * n / (n * (n - 1.0)).powi(2)),
            (equal(Moment::M11), 4e18 / n),
        ] {
            let ratio = found * found / variance;
            assert!((ratio - 1.0).abs() < 1e-9, "N = {particles}: {ratio}");
        }
    }
    // The energy of a sphere is constant, and without a bath it stays so, however many particles collide.
    let law: Law = Normal::new(0.0, 3.0).unwrap().into();
    for (bath, time) in [(0.75, 0.0), (0.0, 0.0), (0.0, 3.0)] {
        let (pairing, coupling) = (Pairing::Independent, CouplingKind::Synchronous);
        let rates = Rates { bath, ..RATES };
        for particles in [2, 7, 1_000_000] {
            let theory = Theory::new(particles, rates, &law, (&law, &law), pairing, coupling);
            let theory = theory.with_joints([Joint::Sphere; 2], pairing);
            let spread = theory.moment_deviation(System::First, Moment::M2, time);
            assert_eq!(spread, Some(0.0), "N = {particles}");
        }
    }
}

#[test]
fn the_energy_of_a_gas_without_a_bath_keeps_its_variance() {
    let rates = Rates { bath: 0.0, ..RATES };
    for mean in [1.0, 1e8, 1e11] {
        let law = (LAPLACE.law)(mean);
        for particles in [2, 3, 7, 1000, 123_457] {
            let (pairing, coupling) = (Pairing::Optimal, CouplingKind::Synchronous);
            let theory = Theory::new(particles, rates, &law, (&law, &law), pairing, coupling);
            let deviation = |time| theory.moment_deviation(System::First, Moment::M2, time);
            let start = deviation(0.0).unwrap();
            for time in [0.1, 1.0, 30.0] {
                let ratio = deviation(time).unwrap() / start;
                assert!(
                    (ratio - 1.0).abs() < 1e-12,
                    "{mean} {particles} {time}: {ratio}"
                );
            }
        }
    }
}

/// v of ‖Δ‖² by the raw system of E S² and E ΣΔ⁴, in more digits.
fn raw_relative_variance(particles: usize, second: Long, fourth: Long, time: f64) -> f64 {
    let n = particles as f64;
    let own = RATES.for_particles(particles);
    let p = if particles == 1 {
        0.0
    } else {
        own.pair / (n - 1.0)
    };
    let generator = ndarray::array![
        [-own.bath, 0.375 * own.bath],
        [0.75 * p, -0.625 * own.bath - 0.25 * own.pair - 0.75 * p]
    ];
    let square = fourth * n + second * second * (n * (n - 1.0));
    let square = flow(&generator, vec![square, fourth * n], time)[0];
    let mean = flow(&ndarray::array![[-0.5 * own.bath]], vec![second * n], time)[0];
    let excess = square - mean * mean;
    excess.0 / (mean * mean).0
}

#[test]
fn the_relative_variance_of_the_discrepancy_keeps_its_digits() {
    let bath = (NORMAL.law)(0.0);
    for particles in [1, 2, 3, 9] {
        for apart in [0.0, 1.0, 1e3, -1e6, 1e8, 1e10] {
            // X of N(apart, 1) and Y of the Laplace law are independent: these are E (X − Y)^k about `apart`.
            let law = (NORMAL.law)(apart);
            let other = (LAPLACE.law)(0.0);
            let mut about_mean = [0.0; 9];
            (about_mean[0], about_mean[2], about_mean[4]) = (1.0, 3.0, 3.0 + 12.0 + 24.0);
            let difference = Shape {
                law: NORMAL.law,
                about_mean,
            };
            let [second, fourth] = [2, 4].map(|order| difference.moment(apart, order));
            let (pairing, coupling) = (Pairing::Independent, CouplingKind::Synchronous);
            let theory = Theory::new(particles, RATES, &bath, (&law, &other), pairing, coupling);
            for time in [0.0, 0.0078125, 0.5, 2.0] {
                let exact = raw_relative_variance(particles, second, fourth, time);
                for found in [
                    theory.discrepancy_relative_variance(time).unwrap(),
                    theory
                        .relative_variance(Quantity::Discrepancy, System::First, time)
                        .unwrap(),
                ] {
                    let ratio = found / exact;
                    assert!(
                        (ratio - 1.0).abs() < 1e-9,
                        "{particles} {apart} {time}: {ratio}"
                    );
                }
            }
        }
    }
}

#[test]
fn squares_of_initial_differences_have_their_exact_variances() {
    let law = |mean: f64, sd: f64| -> Law { Normal::new(mean, sd).unwrap().into() };
    let student = |location: f64| -> Law { StudentT::new(5.0, 1.0, location).unwrap().into() };
    let uniform = |middle: f64| -> Law { Uniform::new(middle - 1.0, middle + 1.0).unwrap().into() };
    let coin = |mean: f64| -> Law {
        Discrete::new(vec![mean - 1.0, mean + 1.0], vec![0.5; 2])
            .unwrap()
            .into()
    };
    let point: Law = Point::new(0.0).unwrap().into();
    let found = |first: &Law, second: &Law, pairing| {
        difference_moments(first, second, pairing)
            .variance_of_square
            .unwrap()
    };
    for mean in [0.0, 1.0, 1e4, 1e8, 1e10] {
        let square = mean * mean;
        for (variance, exact) in [
            // For symmetric laws this is 4m²σ² + μ₄ − σ⁴.
            (
                found(&law(mean, 3.0), &law(0.0, 1.0), Pairing::Optimal),
                16.0 * square + 32.0,
            ),
            (
                found(&law(0.0, 3.0), &law(mean, 1.0), Pairing::Independent),
                40.0 * square + 200.0,
            ),
            (
                found(&point, &law(mean, 1.0), Pairing::Optimal),
                4.0 * square + 2.0,
            ),
            (
                found(&student(mean), &point, Pairing::Optimal),
                20.0 / 3.0 * square + 25.0 - 25.0 / 9.0,
            ),
            (
                found(&coin(mean), &point, Pairing::Independent),
                4.0 * square,
            ),
            (found(&coin(mean), &coin(0.0), Pairing::Optimal), 0.0),
        ] {
            let gap = (variance - exact).abs();
            assert!(gap <= 1e-13 * exact, "{mean}: {variance}, exactly {exact}");
        }
        // The two laws have no common family, so their quantile functions are right to rounding of the mean.
        let laws = [law(0.0, 1.0), uniform(0.0)];
        let centred = difference_moments(&laws[0], &laws[1], Pairing::Optimal);
        let (s2, s4) = (centred.second, centred.fourth.unwrap());
        let exact = 4.0 * square * s2 + s4 - s2 * s2;
        for [first, second] in [
            [law(mean, 1.0), uniform(0.0)],
            [law(0.0, 1.0), uniform(mean)],
        ] {
            let ratio = found(&first, &second, Pairing::Optimal) / exact;
            let rounding = 1e-11 + 1e-15 * mean;
            assert!((ratio - 1.0).abs() < rounding, "{mean}: {ratio}");
        }
    }
    let heavy: Law = StudentT::new(3.5, 1.0, 1e8).unwrap().into();
    for pairing in Pairing::ALL {
        assert_eq!(
            difference_moments(&heavy, &point, pairing).variance_of_square,
            None
        );
    }
}

/// One of the copies is a mirrored law or a sphere.
#[test]
fn squares_of_differences_of_joint_laws_have_their_exact_variances() {
    let bath = (NORMAL.law)(0.0);
    let at_start = |particles, laws: [&Law; 2], joints| {
        let (pairing, coupling) = (Pairing::Independent, CouplingKind::Synchronous);
        let theory = Theory::new(
            particles,
            RATES,
            &bath,
            (laws[0], laws[1]),
            pairing,
            coupling,
        );
        let theory = theory.with_joints(joints, pairing);
        (
            theory.discrepancy_relative_variance(0.0).unwrap(),
            theory.discrepancy_mean(0.0).unwrap(),
        )
    };
    for particles in [2, 6, 100] {
        let n = particles as f64;
        // N(m, 1) and a sphere of radius √N are independent: Var Σ(m + X − U)² is that of 2mΣ(X − U) + ΣX² − 2ΣXU,
        // which is 4m²·2N + 2N + 4N.
        for mean in [0.0, 3.0, 1e6, 1e9] {
            let (law, sphere) = ((NORMAL.law)(mean), (NORMAL.law)(0.0));
            let exact = 8.0 * n * mean * mean + 6.0 * n;
            for (laws, joints) in [
                ([&law, &sphere], [Joint::Product, Joint::Sphere]),
                ([&sphere, &law], [Joint::Sphere, Joint::Product]),
            ] {
                let (variance, mean) = at_start(particles, laws, joints);
                let ratio = variance * mean * mean / exact;
                assert!((ratio - 1.0).abs() < 1e-12, "{particles} {mean}: {ratio}");
            }
        }
        // The difference of N(a, 1) and s·a is (1 − s)a + X; the variance of Σ of its square is Var(N(1 − s)²a²) + Var
        // ΣX² + E(2(1 − s)a)² N.
        let a = 5.0;
        let (law, point) = ((NORMAL.law)(a), Point::new(a).unwrap().into());
        let exact = 4.0 * (n * a * a).powi(2) + 2.0 * n + 8.0 * a * a * n;
        let joints = [Joint::Product, Joint::MirroredEqual];
        let (variance, mean) = at_start(particles, [&law, &point], joints);
        let ratio = variance * mean * mean / exact;
        assert!((ratio - 1.0).abs() < 1e-12, "{particles}: {ratio}");
    }
    // The two spheres are on common rays.
    let laws = ((NORMAL.law)(0.0), Normal::new(0.0, 3.0).unwrap().into());
    let coupling = CouplingKind::Synchronous;
    let theory = Theory::new(
        7,
        RATES,
        &bath,
        (&laws.0, &laws.1),
        Pairing::Optimal,
        coupling,
    );
    let theory = theory.with_joints([Joint::Sphere; 2], Pairing::Optimal);
    assert_eq!(theory.discrepancy_relative_variance(0.0), Some(0.0));
    assert!(theory.discrepancy_relative_variance(0.5).unwrap() > 0.0);
}

#[test]
fn one_velocity_has_its_exact_variance() {
    for shape in [NORMAL, LAPLACE, SKEWED] {
        for mean in [0.0, 1.0, -1e4, 1e8, 1e10] {
            let theory = shape.theory(3, mean);
            for time in [0.0, 0.0078125, 2.0] {
                let at = raw(&shape, 3, mean, time);
                let exact = (at(&[2]) - at(&[1]) * at(&[1])).0;
                let (_, found) = theory.mean_and_variance(System::First, time);
                let ratio = found / exact;
                assert!((ratio - 1.0).abs() < 1e-12, "{mean} {time}: {ratio}");
            }
        }
    }
}

#[test]
fn unrelated_copies_have_their_exact_mean_discrepancy() {
    // From N(m, 1) and N(m, 4) E(V − V′)² is 1 + 4, and later 2(g₂(1 − E) + m²(E − D)) + 5E − 2DC, where E and D are
    // the shares that are left of energy and of squares of means, and C is the initial covariance: 0, or 2.
    let bath = (NORMAL.law)(0.0);
    for mean in [0.0, 1e4, 1e8, 1e10] {
        let laws = ((NORMAL.law)(mean), Normal::new(mean, 2.0).unwrap().into());
        for (pairing, covariance) in [(Pairing::Independent, 0.0), (Pairing::Optimal, 2.0)] {
            let coupling = CouplingKind::Independent;
            let theory = Theory::new(4, RATES, &bath, (&laws.0, &laws.1), pairing, coupling);
            for time in [0.0, 0.25, 3.0] {
                let energy = libm::exp(-0.375 * time);
                let shared = libm::exp(-4.5 * time);
                let of_mean = mean * mean * energy * -libm::expm1(-4.125 * time);
                let exact =
                    2.0 * (1.0 - energy + of_mean) + 5.0 * energy - 2.0 * shared * covariance;
                let ratio = theory.discrepancy_mean(time).unwrap() / 4.0 / exact;
                assert!((ratio - 1.0).abs() < 1e-13, "{mean} {time}: {ratio}");
            }
        }
    }
}
