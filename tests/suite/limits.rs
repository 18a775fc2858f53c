//! Counts of limits of W₂² that miss, for laws with exact moments where limits are hard to get
//! right. Some laws are as near each other as their samples, so that only noise of the second order
//! is left, or noise moves mass across a gap. Others have tails, so that few replicas carry the
//! rest that control variates leave.

use kac_coupling::bracket::{Known, Moments, Rule, Velocities, first_marginals, joint_laws};
use kac_coupling::law::{Law, Normal, NormalMixture, StudentT};
use kac_coupling::numerics::binomial::binomial_limits;
use kac_coupling::random::{Purpose, ReplicaKey, next_word, open_uniform, scalar_stream};
use kac_coupling::theory::CentredPower;
use rayon::prelude::*;
use std::f64::consts::PI;

/// The two-sided confidences of limits that are counted; at the highest, hardly any limit may miss.
const CONFIDENCES: [f64; 3] = [0.95, 0.998, 0.999_99];

/// The level of the binomial limits on numbers of misses.
const SURE: f64 = 0.999;

/// Independent uniforms on (0, 1), from a stream of their own for each seed.
fn uniforms(seed: u64) -> impl FnMut() -> f64 {
    let key = ReplicaKey::new(seed, 0, 0, 0);
    let mut stream = scalar_stream(key, Purpose::Initial, 0);
    move || open_uniform(next_word(&mut stream))
}

/// The mean of a function over (0, 1).
fn integral(function: impl Fn(f64) -> f64) -> f64 {
    let cells = 400_000;
    let middle = |cell: i32| (f64::from(cell) + 0.5) / f64::from(cells);
    (0..cells).map(|cell| function(middle(cell))).sum::<f64>() / f64::from(cells)
}

/// The moments about the mean of a replica's means, for independent velocities with these moments
/// of one velocity.
fn about_mean(particles: usize, moment: impl Fn(u32) -> Option<f64>) -> [Option<CentredPower>; 2] {
    [2, 4].map(|power| {
        let (mean, square) = (moment(power)?, moment(2 * power)?);
        let variance = (square - mean * mean) / particles as f64;
        Some(CentredPower {
            mean,
            square,
            variance,
        })
    })
}

/// A moment about the mean, from the moments about 0.
fn centred(moment: &impl Fn(u32) -> Option<f64>, order: u32) -> Option<f64> {
    let mean = moment(1)?;
    (0..=order).try_fold(0.0, |sum, k| {
        let of_order = if k == 0 { 1.0 } else { moment(k)? };
        Some(sum + binomial(order, k) * (-mean).powi((order - k) as i32) * of_order)
    })
}

fn binomial(n: u32, k: u32) -> f64 {
    (0..k)
        .map(|j| f64::from(n - j) / f64::from(j + 1))
        .product()
}

/// Moments of one velocity as a function of a uniform number.
fn moments(velocity: impl Fn(f64) -> f64) -> Moments {
    let mean = |power: i32| Some(integral(|u| velocity(u).powi(power)));
    Moments {
        mean: mean(1),
        second: mean(2),
        fourth: mean(4),
        square_pair: None,
        about_mean: about_mean(1, |power| {
            let centre = integral(&velocity);
            Some(integral(|u| (velocity(u) - centre).powi(power as i32)))
        }),
    }
}

/// Moments of N independent velocities with exact moments.
fn independent(particles: usize, moment: impl Fn(u32) -> Option<f64>) -> Moments {
    Moments {
        mean: moment(1),
        second: moment(2),
        fourth: moment(4),
        square_pair: moment(2).map(|second| second * second),
        about_mean: about_mean(particles, |power| centred(&moment, power)),
    }
}

/// The velocity a z + b z³ of a normal z.
#[derive(Clone, Copy)]
struct Cubic(f64, f64);

impl Cubic {
    fn of(self, z: f64) -> f64 {
        let Cubic(a, b) = self;
        a * z + b * z * z * z
    }

    /// Σ_k C(p,k) a^(p−k) b^k E z^(p+2k).
    fn moment(self, order: u32) -> Option<f64> {
        let (Cubic(a, b), p) = (self, order as i32);
        let normal = |order: i32| -> f64 {
            let factors = (1..order).step_by(2).map(f64::from);
            if order % 2 == 0 {
                factors.product()
            } else {
                0.0
            }
        };
        let term =
            |k: i32| binomial(order, k as u32) * a.powi(p - k) * b.powi(k) * normal(p + 2 * k);
        Some((0..=p).map(term).sum())
    }
}

/// A law whose velocities are a function of a uniform number.
struct Through {
    quantile: Box<dyn Fn(f64) -> f64 + Sync>,
    moment: Box<dyn Fn(u32) -> Option<f64> + Sync>,
}

impl Through {
    fn law(law: Law) -> Through {
        let of_moments = law.clone();
        Through {
            quantile: Box::new(move |u| law.quantile(u)),
            moment: Box::new(move |order| of_moments.moment(order)),
        }
    }

    /// The quantile function: a table of the middles of a million cells, except in the outer
    /// thousandths, since the exact function is slow.
    fn tabulated(&self) -> impl Fn(f64) -> f64 {
        let cells = 1_000_000;
        let level = |cell: i32| (f64::from(cell) + 0.5) / f64::from(cells);
        let table: Vec<f64> = (0..cells)
            .map(|cell| (self.quantile)(level(cell)))
            .collect();
        move |u| {
            if (0.001..0.999).contains(&u) {
                table[(u * f64::from(cells)) as usize]
            } else {
                (self.quantile)(u)
            }
        }
    }
}

/// Student's law.
fn student(freedom: f64) -> Through {
    Through::law(Law::StudentT(StudentT::new(freedom, 1.0, 0.0).unwrap()))
}

/// Two laws, and the way in which their samples are drawn.
struct Setting<D> {
    place: String,
    particles: usize,
    replicas: usize,
    moments: [Moments; 2],
    /// W₂² of the first marginals.
    truth: f64,
    /// Draws both copies' velocities of one replica.
    draw: D,
    seeds: u64,
    rule: Rule,
    /// True if W₂,N²/N of the joint laws is equal to W₂², so that their limits are counted too.
    of_joint: bool,
}

impl<D: Fn(&mut dyn FnMut() -> f64, [&mut Vec<f64>; 2]) + Sync> Setting<D> {
    /// Counts of the limits of a seed that miss: for each confidence, the lower and the upper one
    /// of the first marginals and of the joint laws.
    fn misses(&self, seed: u64) -> [[u64; 4]; 3] {
        let mut uniform = uniforms(seed);
        let (mut first, mut second) = (vec![], vec![]);
        for _ in 0..self.replicas {
            (self.draw)(&mut uniform, [&mut first, &mut second]);
        }
        let velocities = Velocities::new(self.particles, &first, &second);
        let known = Known {
            moments: self.moments,
            ..Known::default()
        };
        let found = first_marginals(&velocities, &known, CONFIDENCES[0]);
        assert_eq!(found.rule, Some(self.rule), "{}", self.place);
        let joint = (self.of_joint).then(|| joint_laws(&velocities, &known, CONFIDENCES[0]));
        CONFIDENCES.map(|confidence| {
            let (lower, upper) = found.measured_limits(confidence).unwrap();
            assert!(upper >= 0.0, "{}: {upper}", self.place);
            let of_joint = joint.as_ref();
            let of_joint = of_joint.map(|joint| joint.measured_limits(confidence).unwrap());
            let (joint_lower, joint_upper) = of_joint.unwrap_or((self.truth, self.truth));
            // A limit that is exact but for rounding does not miss.
            let (most, least) = (self.truth * (1.0 + 1e-9), self.truth * (1.0 - 1e-9));
            [
                lower > most,
                upper < least,
                joint_lower > most,
                joint_upper < least,
            ]
            .map(u64::from)
        })
    }

    /// Asserts that no side misses more often than it may.
    fn holds(&self) {
        let all: Vec<_> = (0..self.seeds)
            .into_par_iter()
            .map(|seed| self.misses(seed))
            .collect();
        for (index, confidence) in CONFIDENCES.iter().enumerate() {
            let most = *binomial_limits(self.seeds, 0.5 * (1.0 - confidence), SURE).end();
            for (side, name) in ["lower", "upper", "joint lower", "joint upper"]
                .iter()
                .enumerate()
            {
                let misses: u64 = all.iter().map(|missed| missed[index][side]).sum();
                let place = &self.place;
                assert!(
                    misses <= most,
                    "{place}, {confidence}: {misses} {name} limits miss"
                );
            }
        }
    }
}

/// All velocities are far from 0, so energies hardly vary.
#[test]
fn limits_hold_between_smooth_laws() {
    let x = |u: f64| 2.0 * u - 1.0;
    // The three fields are orthogonal and of length 1 on (0, 1): a shift, a change of scale, and
    // one of skewness.
    let shift = |_: f64| 1.0;
    let scale = move |u: f64| 3f64.sqrt() * x(u);
    let skew = move |u: f64| 5f64.sqrt() * 0.5 * (3.0 * x(u) * x(u) - 1.0);
    let fields: [(&str, &(dyn Fn(f64) -> f64 + Sync)); 3] =
        [("shift", &shift), ("scale", &scale), ("skew", &skew)];
    // With so many replicas energies are control variates too.
    let many = 18_000;
    for (field, errors, replicas, seeds) in [
        (0, 2.0, 2000, 1000),
        (0, 8.0, 2000, 1000),
        (0, 20.0, 2000, 1000),
        (1, 4.0, many, 80),
        (2, 4.0, many, 80),
        (2, 8.0, many, 80),
    ] {
        let (name, field) = fields[field];
        // The distance is this number of standard errors of the difference of two means.
        let apart = errors * (2.0 / 12.0 / f64::from(replicas)).sqrt();
        let quantile = |copy: usize, u: f64| 9.5 + u + (copy as f64 - 0.5) * apart * field(u);
        Setting {
            place: format!("{name} by {errors} standard errors"),
            particles: 1,
            replicas: replicas as usize,
            moments: [0, 1].map(|copy| moments(|u| quantile(copy, u))),
            truth: apart * apart,
            draw: |uniform: &mut dyn FnMut() -> f64, copies: [&mut Vec<f64>; 2]| {
                for (copy, velocities) in copies.into_iter().enumerate() {
                    velocities.push(quantile(copy, uniform()));
                }
            },
            seeds,
            rule: Rule::Replicas,
            of_joint: true,
        }
        .holds();
    }
}

/// The copies are equal except for a tenth of the velocities, which are drawn anew, and a bump of a
/// third of those: no power of velocities sees this noise.
#[test]
fn limits_hold_where_copies_differ_in_few_velocities() {
    let (width, replicas) = (0.03, 2000);
    let bump = |u: f64| (-0.5 * ((u - 0.5) / width).powi(2)).exp();
    let length = integral(|u| bump(u) * bump(u)).sqrt();
    for errors in [0.5, 1.0] {
        // W₂ is a multiple of the standard error of the difference of the means of a velocity that
        // the bump moves.
        let primitive = |u: f64| width * libm::erf((u - 0.5) / width / 2f64.sqrt());
        let variance = 0.5 * PI * integral(|u| primitive(u) * primitive(u));
        let apart = errors * (2.0 * variance / f64::from(replicas)).sqrt() / length;
        let second = |u: f64| 9.5 + u + apart / length * bump(u);
        Setting {
            place: format!("bump of {errors} standard errors"),
            particles: 1,
            replicas: replicas as usize,
            moments: [moments(|u| 9.5 + u), moments(second)],
            truth: apart * apart,
            draw: |uniform: &mut dyn FnMut() -> f64, [f, h]: [&mut Vec<f64>; 2]| {
                let (u, anew) = (uniform(), 0.45 + 0.1 * uniform());
                f.push(9.5 + u);
                h.push(second(if (u - 0.5).abs() < 0.05 { anew } else { u }));
            },
            seeds: 2000,
            rule: Rule::Replicas,
            of_joint: false,
        }
        .holds();
    }
}

/// ±1 has weights that differ by 0.25 to 2 standard errors. W₂² of the samples is proportional to
/// |ε + n|, and control variates do not know the sign.
#[test]
fn limits_hold_between_atoms() {
    for (particles, replicas, shared) in [(1, 2000, 0.0), (1, 2000, 0.5), (8, 1000, 0.0)] {
        for errors in [0.25, 1.0, 1.5, 2.0] {
            let excess = errors * (0.5 / (particles * replicas) as f64).sqrt();
            let sign = |below: f64, u: f64| if u < below { -1.0 } else { 1.0 };
            let exactly = |mean: f64| Moments {
                mean: Some(mean),
                second: Some(1.0),
                fourth: Some(1.0),
                square_pair: Some(1.0),
                about_mean: about_mean(particles, |power| {
                    let sizes = [1.0 - mean, 1.0 + mean].map(|size| size.powi(power as i32));
                    Some(0.5 * ((1.0 + mean) * sizes[0] + (1.0 - mean) * sizes[1]))
                }),
            };
            Setting {
                place: format!("N = {particles}, {shared} shared, {errors} standard errors"),
                particles,
                replicas,
                moments: [exactly(0.0), exactly(2.0 * excess)],
                truth: 4.0 * excess,
                draw: |uniform: &mut dyn FnMut() -> f64, [f, h]: [&mut Vec<f64>; 2]| {
                    for _ in 0..particles {
                        let (u, other) = (uniform(), uniform());
                        let of_second = if uniform() < shared { u } else { other };
                        f.push(sign(0.5, u));
                        h.push(sign(0.5 - excess, of_second));
                    }
                },
                seeds: 1000,
                rule: Rule::Replicas,
                of_joint: false,
            }
            .holds();
        }
    }
}

/// Each law has two peaks at ±1 with a dip between them; the weights differ by some standard
/// errors.
#[test]
fn limits_hold_between_laws_of_two_peaks() {
    let replicas = 20_000;
    let normal = Law::Normal(Normal::new(0.0, 1.0).unwrap());
    for (sd, rule) in [(0.15, Rule::Replicas), (0.3, Rule::ReplicasOrBatches)] {
        for errors in [1.0, 3.0] {
            let excess = errors * (0.5 / f64::from(replicas)).sqrt();
            let below = [0.5, 0.5 - excess];
            let laws = below.map(|w| {
                let mixture = NormalMixture::new(vec![w, 1.0 - w], vec![-1.0, 1.0], vec![sd; 2]);
                Law::NormalMixture(mixture.unwrap())
            });
            let gap = |u: f64| laws[0].quantile(u) - laws[1].quantile(u);
            Setting {
                place: format!("peaks of width {sd}, {errors} standard errors"),
                particles: 1,
                replicas: replicas as usize,
                moments: [0, 1].map(|copy: usize| independent(1, |order| laws[copy].moment(order))),
                truth: integral(|u| gap(u) * gap(u)),
                draw: |uniform: &mut dyn FnMut() -> f64, copies: [&mut Vec<f64>; 2]| {
                    for (velocities, below) in copies.into_iter().zip(below) {
                        let peak = if uniform() < below { -1.0 } else { 1.0 };
                        velocities.push(peak + sd * normal.quantile(uniform()));
                    }
                },
                seeds: 120,
                rule,
                of_joint: false,
            }
            .holds();
        }
    }
}

/// A replica is (cos θ, sin θ, −cos θ, −sin θ), and θ has density 1 + ε cos 4θ in one copy. The
/// means of V and V² have no noise at all; the mean of V⁴ and others have.
#[test]
fn limits_hold_where_energies_have_no_noise() {
    let replicas = 2000;
    for errors in [1.0, 2.0, 4.0] {
        let epsilon = errors * 2.0 / f64::from(replicas).sqrt();
        // θ at a level u of (0, π), decreasing in cos θ.
        let angle = |epsilon: f64, u: f64| {
            let beyond = |a: f64| a + 0.25 * epsilon * (4.0 * a).sin() - PI * u;
            let halve = |(from, to): (f64, f64), _: i32| {
                let middle = 0.5 * (from + to);
                if beyond(middle) < 0.0 {
                    (middle, to)
                } else {
                    (from, middle)
                }
            };
            (0..50).fold((0.0, PI), halve).0
        };
        let gap = |u: f64| (PI * u).cos() - angle(epsilon, u).cos();
        let exactly = |epsilon: f64| Moments {
            mean: Some(0.0),
            second: Some(0.5),
            fourth: Some(3.0 / 8.0 + epsilon / 16.0),
            // (Σ V²)² is 4.
            square_pair: Some((1.0 - 3.0 / 8.0 - epsilon / 16.0) / 3.0),
            // (cos⁴ θ + sin⁴ θ)/2 is 3/8 + cos(4θ)/8; the second moment of cos(4θ) is ½.
            // The mean of cos(4θ) is ε/2, that of its square ½; cos⁸ θ has 28/128 of it.
            about_mean: [
                (0.5, 3.0 / 8.0 + epsilon / 16.0, 0.0),
                (
                    3.0 / 8.0 + epsilon / 16.0,
                    35.0 / 128.0 + epsilon * 14.0 / 128.0,
                    (0.5 - epsilon * epsilon / 4.0) / 64.0,
                ),
            ]
            .map(|(mean, square, variance)| {
                Some(CentredPower {
                    mean,
                    square,
                    variance,
                })
            }),
        };
        let turned = |velocities: &mut Vec<f64>, angle: f64| {
            let (sin, cos) = angle.sin_cos();
            velocities.extend([cos, sin, -cos, -sin]);
        };
        Setting {
            place: format!("angles, {errors} standard errors"),
            particles: 4,
            replicas: replicas as usize,
            moments: [exactly(0.0), exactly(epsilon)],
            truth: integral(|u| gap(u) * gap(u)),
            draw: |uniform: &mut dyn FnMut() -> f64, [f, h]: [&mut Vec<f64>; 2]| {
                turned(f, 2.0 * PI * uniform());
                let accepted = loop {
                    let angle = 2.0 * PI * uniform();
                    if (1.0 + epsilon) * uniform() < 1.0 + epsilon * (4.0 * angle).cos() {
                        break angle;
                    }
                };
                turned(h, accepted);
            },
            seeds: 1000,
            rule: Rule::Replicas,
            of_joint: false,
        }
        .holds();
    }
}

/// Both copies are functions of the same random numbers, so their samples are as near as the laws,
/// and nothing hides misses: z + z³/20 and 1.3 z + z³/50 of a normal z.
#[test]
fn limits_hold_between_copies_with_long_tails() {
    let normal = Law::Normal(Normal::new(0.0, 1.0).unwrap());
    let maps = [Cubic(1.0, 0.05), Cubic(1.3, 0.02)];
    let apart = Cubic(maps[0].0 - maps[1].0, maps[0].1 - maps[1].1);
    for (particles, replicas, seeds) in [
        (24, 25, 2000),
        (24, 50, 1000),
        (24, 120, 1000),
        (8, 80, 1000),
    ] {
        Setting {
            place: format!("cubes, N = {particles}, {replicas} replicas"),
            particles,
            replicas,
            moments: maps.map(|map| independent(particles, |order| map.moment(order))),
            truth: apart.moment(2).unwrap(),
            draw: |uniform: &mut dyn FnMut() -> f64, copies: [&mut Vec<f64>; 2]| {
                let z: Vec<f64> = (0..particles).map(|_| normal.quantile(uniform())).collect();
                for (velocities, map) in copies.into_iter().zip(maps) {
                    velocities.extend(z.iter().map(|&z| map.of(z)));
                }
            },
            seeds,
            rule: Rule::ReplicasOrBatches,
            of_joint: true,
        }
        .holds();
    }
}

/// The laws are Student's with nine and twelve degrees of freedom, whose eighth moments are large,
/// normal ones and cubes of these, all functions of the same numbers. With the largest numbers of
/// replicas, powers of velocities up to the second are control variates.
#[test]
fn limits_hold_where_high_moments_are_large() {
    let standard = Law::Normal(Normal::new(0.0, 1.0).unwrap());
    let (nine, twelve) = (student(9.0), student(12.0));
    let shifted = Through::law(Law::Normal(Normal::new(1.0, 1.0).unwrap()));
    let cubic = Through {
        quantile: Box::new(move |u| Cubic(1.0, 0.05).of(standard.quantile(u))),
        moment: Box::new(|order| Cubic(1.0, 0.05).moment(order)),
    };
    let (wide, tame) = (Rule::ReplicasOrBatches, Rule::Replicas);
    for (name, laws, particles, replicas, rule, seeds) in [
        ("9 and normal", [&nine, &shifted], 24, 100, wide, 1000),
        ("9 and normal", [&nine, &shifted], 24, 1000, wide, 100),
        ("9 and 12", [&nine, &twelve], 50, 1000, wide, 100),
        ("9 and cubes", [&nine, &cubic], 50, 5500, wide, 200),
        ("12 and cubes", [&twelve, &cubic], 50, 12_500, tame, 30),
    ] {
        let gap = |u: f64| (laws[0].quantile)(u) - (laws[1].quantile)(u);
        let drawn = laws.map(Through::tabulated);
        Setting {
            place: format!("{name}, N = {particles}, {replicas} replicas"),
            particles,
            replicas,
            moments: laws.map(|law| independent(particles, &law.moment)),
            truth: integral(|u| gap(u) * gap(u)),
            draw: |uniform: &mut dyn FnMut() -> f64, copies: [&mut Vec<f64>; 2]| {
                let levels: Vec<f64> = (0..particles).map(|_| uniform()).collect();
                for (velocities, law) in copies.into_iter().zip(&drawn) {
                    velocities.extend(levels.iter().map(|&level| law(level)));
                }
            },
            seeds,
            rule,
            of_joint: true,
        }
        .holds();
    }
}

/// The second copy is 1.3 times the first, except for so few velocities that some samples have
/// none. Then limits rest on the exact spread of velocities.
#[test]
fn limits_hold_where_velocities_are_rare() {
    let normal = Law::Normal(Normal::new(0.0, 1.0).unwrap());
    let of_normal = |order: u32| Cubic(1.0, 0.0).moment(order).unwrap();
    // Rare velocities have this size in each copy; W₂² = E (V − U)², as they are the outermost
    // ones.
    for (rare, sizes, particles, replicas, rule, seeds) in [
        (
            3.0,
            [19.0, 1.3 * 19.0],
            20,
            500,
            Rule::ReplicasOrBatches,
            400,
        ),
        (1.5, [6.0, 8.8], 50, 4000, Rule::ReplicasOrBatches, 40),
    ] {
        let share = rare / (particles * replicas) as f64;
        let copies = [(1.0, sizes[0]), (1.3, sizes[1])];
        let gap = sizes[1] - sizes[0];
        Setting {
            place: format!("{rare} velocities of {sizes:?}, N = {particles}"),
            particles,
            replicas,
            moments: copies.map(|(scale, size): (f64, f64)| {
                independent(particles, |order| {
                    let most = scale.powi(order as i32) * of_normal(order);
                    let even = f64::from(1 - order % 2);
                    Some((1.0 - share) * most + share * even * size.powi(order as i32))
                })
            }),
            truth: (1.0 - share) * 0.09 + share * gap * gap,
            draw: |uniform: &mut dyn FnMut() -> f64, drawn: [&mut Vec<f64>; 2]| {
                let is_rare: Vec<bool> = (0..particles).map(|_| uniform() < share).collect();
                let z: Vec<f64> = (0..particles).map(|_| normal.quantile(uniform())).collect();
                for (velocities, (scale, size)) in drawn.into_iter().zip(copies) {
                    let velocity = |(&z, &rare): (&f64, &bool)| {
                        if rare { size.copysign(z) } else { scale * z }
                    };
                    velocities.extend(z.iter().zip(&is_rare).map(velocity));
                }
            },
            seeds,
            rule,
            of_joint: true,
        }
        .holds();
    }
}

/// The velocities e^{σz} and e^{1.1σz} of a normal z are all far from 0, so their powers vary
/// little and do not show tails.
#[test]
fn limits_hold_far_from_zero() {
    let normal = Law::Normal(Normal::new(0.0, 1.0).unwrap());
    let particles = 50;
    for (sigma, replicas, seeds) in [(0.1f64, 60, 600), (0.15, 150, 300)] {
        let sigmas = [sigma, 1.1 * sigma];
        let mean = |s: f64| (0.5 * s * s).exp();
        Setting {
            place: format!("sigma {sigma}, {replicas} replicas"),
            particles,
            replicas,
            moments: sigmas
                .map(|s| independent(particles, |order| Some(mean(s * f64::from(order))))),
            truth: mean(2.0 * sigmas[0]) + mean(2.0 * sigmas[1])
                - 2.0 * mean(sigmas[0] + sigmas[1]),
            draw: |uniform: &mut dyn FnMut() -> f64, copies: [&mut Vec<f64>; 2]| {
                let z: Vec<f64> = (0..particles).map(|_| normal.quantile(uniform())).collect();
                for (velocities, s) in copies.into_iter().zip(sigmas) {
                    velocities.extend(z.iter().map(|z| (s * z).exp()));
                }
            },
            seeds,
            rule: Rule::ReplicasOrBatches,
            of_joint: true,
        }
        .holds();
    }
}
