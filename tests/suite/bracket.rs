//! Confidence brackets of W₂² against exactly known distances.
//!
//! Without a bath's noise (g the point law at 0) velocities are multiplied by
//! random rotations only, so a gas that starts from h = 1.5 f stays 1.5 times the
//! other *in law*: W₂²(f_t, h_t) = W₂,N²/N = 0.25 E V(t)² = 0.25 E V(0)² e^{−βt/2},
//! since the map v → 1.5v is the gradient of a convex function. Copies are drawn
//! and moved independently, so nothing in the samples knows this map.

use crate::coverage::{CONFIDENCE, Coverage, NOMINAL, SURE, mean_and_error};
use kac_coupling::bracket::{
    Bracket, Excess, JointBracket, Known, Moments, Rule, Transport, Velocities, first_marginals,
    joint_laws,
};
use kac_coupling::law::{Law, Normal, NormalMixture, Point, Uniform};
use kac_coupling::model::Rates;
use kac_coupling::model::coupling::{Aligned, CouplingKind, Synchronous};
use kac_coupling::numerics::binomial::binomial_limits;
use kac_coupling::random::{Purpose, ReplicaKey, next_word, open_uniform, scalar_stream};
use kac_coupling::simulate::Gas;
use kac_coupling::simulate::block::BlockPath;
use kac_coupling::simulate::initial::InitialPairs;
use kac_coupling::simulate::pair::{CoupledPair, OwnCollisions, SameCollisions};
use kac_coupling::simulate::particles::Particles;
use kac_coupling::theory::pairing::Pairing;
use kac_coupling::theory::{CentredPower, System, Theory};
use rayon::prelude::*;
use std::sync::Arc;

const RATES: Rates = Rates {
    pair: 1.0,
    bath: 2.0,
};

/// An experiment at one N.
struct Setting {
    particles: usize,
    bath: Law,
    first: Law,
    second: Law,
    pairing: Pairing,
    coupling: CouplingKind,
}

impl Setting {
    fn theory(&self) -> Theory {
        Theory::new(
            self.particles,
            RATES,
            &self.bath,
            (&self.first, &self.second),
            self.pairing,
            self.coupling,
        )
    }

    /// Velocities of both copies at a time.
    fn simulate(&self, seed: u64, replicas: u64, time: f64) -> [Vec<f64>; 2] {
        let gas = Arc::new(Gas::new(self.particles, RATES, &self.bath));
        let initial = InitialPairs::new(&self.first, &self.second, self.pairing);
        let initial = Arc::new(initial);
        let path = || BlockPath::new(&gas, Synchronous);
        match self.coupling {
            CouplingKind::Synchronous => {
                let pair = SameCollisions::new(&gas, &initial, path());
                velocities_at(&gas, pair, seed, replicas, time)
            }
            CouplingKind::Aligned => {
                let path = BlockPath::new(&gas, Aligned);
                let pair = SameCollisions::new(&gas, &initial, path);
                velocities_at(&gas, pair, seed, replicas, time)
            }
            CouplingKind::Independent => {
                let paths = [path(), path()];
                let pair = OwnCollisions::new(&gas, &initial, paths);
                velocities_at(&gas, pair, seed, replicas, time)
            }
        }
    }
}

fn velocities_at<P: CoupledPair>(
    gas: &Gas,
    mut pair: P,
    seed: u64,
    replicas: u64,
    time: f64,
) -> [Vec<f64>; 2] {
    let mut copies = [vec![], vec![]];
    let mut particles = Particles::default();
    for replica in 0..replicas {
        pair.restart(seed, replica, &[gas.place(time)]);
        pair.advance();
        for from in (0..gas.particles).step_by(Particles::MOST) {
            pair.read(from, &mut particles);
            copies[0].extend_from_slice(particles.first());
            copies[1].extend_from_slice(particles.second());
        }
    }
    copies
}

/// A uniform law on [−1, 2] against 1.5 times that law; the copies are unrelated, the bath is at rest.
fn scaled(particles: usize) -> Setting {
    let uniform = |scale: f64| Law::Uniform(Uniform::new(-scale, 2.0 * scale).unwrap());
    Setting {
        particles,
        bath: Law::Point(Point::new(0.0).unwrap()),
        first: uniform(1.0),
        second: uniform(1.5),
        pairing: Pairing::Independent,
        coupling: CouplingKind::Independent,
    }
}

/// N(1,1) against a uniform law on [−√12, √12], with synchronous copies and a bath that is not Gaussian.
fn headline(particles: usize) -> Setting {
    let edge = 12f64.sqrt();
    let bath = NormalMixture::new(vec![0.5, 0.5], vec![0.0, 0.0], vec![0.5, 1.5]).unwrap();
    Setting {
        particles,
        bath: Law::NormalMixture(bath),
        first: Law::Normal(Normal::new(1.0, 1.0).unwrap()),
        second: Law::Uniform(Uniform::new(-edge, edge).unwrap()),
        pairing: Pairing::Optimal,
        coupling: CouplingKind::Synchronous,
    }
}

/// Independent uniforms on (0, 1), from a stream of their own for each seed.
fn uniforms(seed: u64) -> impl FnMut() -> f64 {
    let key = ReplicaKey::new(seed, 0, 0, 0);
    let mut stream = scalar_stream(key, Purpose::Initial, 0);
    move || open_uniform(next_word(&mut stream))
}

/// Independent normal velocities of both copies, the second copy 1.5 times as wide: W₂² = 0.25.
fn normal_copies(seed: u64, count: usize) -> [Vec<f64>; 2] {
    let mut uniform = uniforms(seed);
    let law = Law::Normal(Normal::new(0.0, 1.0).unwrap());
    [1.0, 1.5].map(|sd| (0..count).map(|_| sd * law.quantile(uniform())).collect())
}

/// W₂² of the scaled copies at a time, and the exact knowledge without bounds that would clamp limits.
fn scaled_truth(setting: &Setting, time: f64, with_moments: bool) -> (f64, Known) {
    let theory = setting.theory();
    let mut known = Known::at(&theory, time, u64::MAX);
    (known.lower, known.upper) = (None, None);
    if !with_moments {
        known.moments = [Moments::default(); 2];
    }
    (0.25 * theory.second_moment(System::First, time), known)
}

#[test]
fn limits_cover_an_exactly_known_distance() {
    let setting = scaled(8);
    for (time, with_moments) in [(0.5, false), (0.5, true), (2.0, false), (2.0, true)] {
        let (truth, known) = scaled_truth(&setting, time, with_moments);
        let mut coverage = Coverage::of(truth..=truth);
        for seed in 0..400 {
            let [first, second] = setting.simulate(seed, 500, time);
            let velocities = Velocities::new(8, &first, &second);
            let found = first_marginals(&velocities, &known, CONFIDENCE);
            coverage.add(
                [found.dual_lower, found.upper],
                [found.lower_limit, found.upper_limit],
            );
        }
        let fault = coverage.fault();
        assert_eq!(fault, None, "t = {time}, moments {with_moments}");
        if !with_moments && time == 0.5 {
            // The duality gap is a fraction of the standard error here, so each side misses about as often as its level
            // says (.02 measured over 1000 seeds): limits that never miss would be too wide. No miss in 400 seeds has a
            // probability of 3e-4.
            assert!(coverage.lower_misses > 0 && coverage.upper_misses > 0);
        }
        // The duality gap and the bias of pooled samples decrease with the size of the sample: they are some percent at
        // 4000 velocities of independent copies.
        let means = [&coverage.lower, &coverage.upper].map(|values| mean_and_error(values).0);
        assert!(
            means[0] > 0.93 * truth && means[1] < 1.07 * truth,
            "{means:?}, {truth}"
        );
    }
}

#[test]
fn joint_limits_cover_an_exactly_known_distance() {
    let setting = scaled(4);
    for with_moments in [false, true] {
        let (truth, known) = scaled_truth(&setting, 1.0, with_moments);
        let mut coverage = Coverage::of(truth..=truth);
        for seed in 0..400 {
            let [first, second] = setting.simulate(seed, 200, 1.0);
            let velocities = Velocities::new(4, &first, &second);
            let found = joint_laws(&velocities, &known, CONFIDENCE);
            coverage.add(
                [found.joint_lower, found.joint_upper],
                [found.lower_limit, found.upper_limit],
            );
        }
        assert_eq!(coverage.fault(), None, "joint, moments {with_moments}");
        // The scaling is affine for each order statistic too.
        assert!(mean_and_error(&coverage.lower).0 > 0.8 * truth);
    }
    // From 1000 replicas on, the potential goes through stretches of ranks. The standard error is about 3 % of the
    // truth: the tolerance is six of them, and the gap.
    let (truth, known) = scaled_truth(&setting, 1.0, false);
    let [first, second] = setting.simulate(1, 4000, 1.0);
    let found = joint_laws(&Velocities::new(4, &first, &second), &known, CONFIDENCE);
    let lower = found.joint_lower.unwrap();
    assert!((lower - truth).abs() < 0.2 * truth, "{found:?}, {truth}");
    assert!(found.lower_limit.unwrap() < truth && found.upper_limit.unwrap() > truth);
}

/// Independent uniforms on (0, 1) against others on (1, 2): W₂² = 1.
fn shifted_uniforms(seed: u64, particles: usize, replicas: usize) -> (Bracket, JointBracket) {
    let mut uniform = uniforms(seed);
    let mut copy = |shift: f64| -> Vec<f64> {
        let count = replicas * particles;
        (0..count).map(|_| shift + uniform()).collect()
    };
    let (first, second) = (copy(0.0), copy(1.0));
    let velocities = Velocities::new(particles, &first, &second);
    (
        first_marginals(&velocities, &Known::default(), CONFIDENCE),
        joint_laws(&velocities, &Known::default(), CONFIDENCE),
    )
}

/// The k-th order statistics are 1 apart with variances k(N+1−k)/((N+1)²(N+2)) each,
/// on average 1/(6(N+1)).
fn excess_of_uniforms(particles: usize) -> f64 {
    1.0 / (3.0 * (particles as f64 + 1.0))
}

#[test]
fn limits_of_the_excess_cover_the_exact_excess_of_order_statistics() {
    let truth = excess_of_uniforms(8);
    let mut coverage = Coverage::of(truth..=truth);
    for seed in 0..400 {
        let (marginal, joint) = shifted_uniforms(seed, 8, 200);
        let found = Excess::between(&marginal, &joint, CONFIDENCE).unwrap();
        coverage.add(
            [Some(found.lower), Some(found.upper)],
            [Some(found.lower_limit), Some(found.upper_limit)],
        );
        // The two laws are 1 apart, with limits to some 2 %, which is half of the excess: this error drops out in the
        // difference.
        let width = found.upper_limit - found.lower_limit;
        let apart = marginal.upper_limit.unwrap() - marginal.lower_limit.unwrap();
        assert!(width < 0.5 * apart, "{width} {apart}");
    }
    assert_eq!(coverage.fault(), None);
    let [lower, upper] = [&coverage.lower, &coverage.upper].map(|v| mean_and_error(v).0);
    assert!(
        lower > 0.9 * truth && upper < 1.1 * truth,
        "{lower} {truth} {upper}"
    );
}

#[test]
fn the_lower_estimate_of_the_excess_is_below_and_the_upper_above_it() {
    let truth = excess_of_uniforms(2);
    let (mut lower, mut upper) = (vec![], vec![]);
    for seed in 0..10_000 {
        let (marginal, joint) = shifted_uniforms(seed, 2, Excess::FEWEST_REPLICAS);
        let found = Excess::between(&marginal, &joint, CONFIDENCE).unwrap();
        lower.push(found.lower);
        upper.push(found.upper);
    }
    let scores = [lower, upper].map(|values| {
        let (mean, error) = mean_and_error(&values);
        (mean - truth) / error
    });
    // The loss by cross-fitting and the gain by pooling are some standard errors with so many seeds. With the sides
    // swapped, or one statistic on both sides, a sign would be wrong.
    assert!(scores[0] < -5.0 && scores[1] > 5.0, "{scores:?}");
}

/// Between equal laws the cost of a coupling is a quadratic form of noise, and so skewed, however tame the velocities
/// are.
#[test]
fn upper_limits_of_joint_laws_cover_the_cost_of_coupling_equal_laws() {
    let (particles, seeds) = (8, 10_000);
    // The exact cost is twice the mean variance of the order statistics.
    let cost = excess_of_uniforms(particles);
    // Velocities are uniform on (9.5, 10.5), so energies hardly vary.
    let law = Law::Uniform(Uniform::new(9.5, 10.5).unwrap());
    let second = law.moment(2);
    let moments = Moments {
        mean: law.moment(1),
        second,
        fourth: law.moment(4),
        square_pair: second.map(|second| second * second),
        // These are moments of a velocity that is uniform on an interval of length 1 about its mean.
        about_mean: [(1.0 / 12.0, 1.0 / 80.0), (1.0 / 80.0, 1.0 / 2304.0)].map(|(mean, square)| {
            let variance = (square - mean * mean) / 8.0;
            Some(CentredPower {
                mean,
                square,
                variance,
            })
        }),
    };
    let known = Known {
        moments: [moments; 2],
        ..Known::default()
    };
    // One of a thousand limits may miss; t-intervals of replicas alone would miss four.
    let most = *binomial_limits(seeds, 1e-3, SURE).end();
    for replicas in [200, 400] {
        let tame = moments.relative_variance(particles).unwrap() / replicas as f64;
        assert!(tame < 1e-5, "{tame}");
        let misses = |seed: &u64| {
            let mut uniform = uniforms(*seed);
            let mut copy = || -> Vec<f64> {
                let count = replicas * particles;
                (0..count).map(|_| 9.5 + uniform()).collect()
            };
            let (first, second) = (copy(), copy());
            let velocities = Velocities::new(particles, &first, &second);
            let found = joint_laws(&velocities, &known, 0.998);
            found.upper_limit.unwrap() < cost
        };
        let misses = (0..seeds).into_par_iter().filter(misses).count();
        assert!(misses as u64 <= most, "{misses} with {replicas} replicas");
    }
}

/// The copies are the same except for a few velocities, some of which are drawn anew.
#[test]
fn an_excess_carried_by_few_replicas_has_no_limits() {
    let of = |seed: u64, replicas: usize, differ: f64| {
        let mut uniform = uniforms(seed);
        let draw = |_| {
            let (u, anew) = (uniform(), uniform());
            (u, if anew < differ { uniform() } else { u })
        };
        let (first, second): (Vec<f64>, Vec<f64>) = (0..replicas).map(draw).unzip();
        let velocities = Velocities::new(1, &first, &second);
        let known = Known::default();
        let marginal = first_marginals(&velocities, &known, CONFIDENCE);
        Excess::between(
            &marginal,
            &joint_laws(&velocities, &known, CONFIDENCE),
            CONFIDENCE,
        )
    };
    for seed in 0..20 {
        assert_eq!(of(seed, 200, 0.1), None);
        assert!(of(seed, 2000, 0.5).is_some());
    }
}

#[test]
fn few_replicas_give_no_limits_of_the_excess() {
    for replicas in [3, 4, Excess::FEWEST_REPLICAS - 1] {
        let (marginal, joint) = shifted_uniforms(9, 8, replicas);
        assert_eq!(Excess::between(&marginal, &joint, CONFIDENCE), None);
    }
    let (marginal, joint) = shifted_uniforms(9, 8, Excess::FEWEST_REPLICAS);
    assert!(Excess::between(&marginal, &joint, CONFIDENCE).is_some());
}

#[test]
fn joint_laws_with_the_same_marginals_are_told_apart() {
    // N particles of one common velocity are compared with N independent ones. The k-th order statistic of the first
    // copy is N(0,1) for every k, so the joint laws are far apart: Σ_k W₂²(N(0,1), U_(k))/N with E U_(1) = −1.42 for N
    // = 8.
    let (replicas, particles) = (500, 8);
    let mut uniform = uniforms(4);
    let law = Law::Normal(Normal::new(0.0, 1.0).unwrap());
    let common: Vec<f64> = (0..replicas).map(|_| law.quantile(uniform())).collect();
    let first: Vec<f64> = (common.iter())
        .flat_map(|&v| std::iter::repeat_n(v, particles))
        .collect();
    let second: Vec<f64> = (0..replicas * particles)
        .map(|_| law.quantile(uniform()))
        .collect();
    let velocities = Velocities::new(particles, &first, &second);
    let joint = joint_laws(&velocities, &Known::default(), CONFIDENCE);
    let marginal = first_marginals(&velocities, &Known::default(), CONFIDENCE);
    // The distance is (1/N) Σ (E U_(k))² = 0.64, and more from the spreads.
    assert!(joint.lower_limit.unwrap() > 0.6, "{joint:?}");
    assert!(joint.lower_limit < joint.upper_limit);
    assert_eq!(marginal.lower_limit, Some(0.0));
}

/// A particle's V² − 2φ(V) + U² − 2φ*(U) for the exact map v → 1.5 v.
fn exact_values(first: &[f64], second: &[f64]) -> Vec<f64> {
    let map = Transport::new(vec![-40.0, 40.0], vec![-60.0, 60.0]);
    let pairs = first.iter().zip(second);
    pairs
        .map(|(&v, &u)| map.first_term(v) + map.second_term(u))
        .collect()
}

#[test]
fn limits_from_errors_over_particles_miss_too_often_when_copies_are_paired_by_rank() {
    // V² − 2φ(V) = −V²/2 and U² − 2φ*(U) = U²/3 with U ~ 1.5 V. For independent copies the variance of the sum is N(½ +
    // 9/8). Paired by rank, U ≈ 1.5 V_i, and a particle's value is about V²/4 with variance ⅛. So an error over
    // particles is √(1/13) of the true one, and its one-sided 0.975 limit misses with probability Φ(−1.96/√13) = 0.29.
    let (particles, replicas, seeds) = (1000, 10, 400);
    let (mut over_particles, mut over_replicas) = (0, 0);
    for seed in 0..seeds {
        let mut copies = normal_copies(seed, particles * replicas);
        for copy in &mut copies {
            for replica in copy.chunks_exact_mut(particles) {
                replica.sort_unstable_by(f64::total_cmp);
            }
        }
        let values = exact_values(&copies[0], &copies[1]);
        let means: Vec<f64> = (values.chunks_exact(particles))
            .map(|replica| replica.iter().sum::<f64>() / particles as f64)
            .collect();
        let (mean, error) = mean_and_error(&values);
        over_particles += u64::from(mean - 1.96 * error > 0.25);
        // 2.2622 is the 0.975 quantile of t_9.
        let (mean, error) = mean_and_error(&means);
        over_replicas += u64::from(mean - 2.2622 * error > 0.25);
    }
    let most = *binomial_limits(seeds, NOMINAL, SURE).end();
    assert!(over_replicas <= most, "{over_replicas} > {most}");
    // This is far beyond the number that may miss: 0.29 of 400 is 116 ± 9.
    assert!(over_particles > 80, "{over_particles}");
}

#[test]
fn potentials_fitted_where_they_are_evaluated_overestimate() {
    // There are 80 velocities in a copy. In-sample potentials through all pairs of ranks give W₂² of the samples, whose
    // mean is above the truth; cross-fitted potentials have means below it.
    let (particles, replicas, seeds) = (8, 10, 200);
    let (mut planted, mut honest) = (vec![], vec![]);
    for seed in 0..seeds {
        let [first, second] = normal_copies(seed, particles * replicas);
        let sorted = |copy: &[f64]| {
            let mut copy = copy.to_vec();
            copy.sort_unstable_by(f64::total_cmp);
            copy
        };
        let (f, h) = (sorted(&first), sorted(&second));
        let map = Transport::fitted(&f, &h, 80);
        let terms: f64 = (first.iter().map(|&v| map.first_term(v)))
            .chain(second.iter().map(|&u| map.second_term(u)))
            .sum();
        planted.push(terms / 80.0);
        let velocities = Velocities::new(particles, &first, &second);
        let found = first_marginals(&velocities, &Known::default(), CONFIDENCE);
        honest.push(found.dual_lower.unwrap());
    }
    let (mean, error) = mean_and_error(&planted);
    assert!(mean > 0.25 + 3.0 * error, "{mean} ± {error}");
    let (mean, error) = mean_and_error(&honest);
    assert!(mean < 0.25 + 5.0 * error, "{mean} ± {error}");
}

#[test]
fn potentials_and_their_conjugates_satisfy_young_s_inequality() {
    let mut uniform = uniforms(11);
    for _ in 0..300 {
        let knots = 1 + (8.0 * uniform()) as usize;
        // A third of the steps are 0, so there are jumps, flats, and knots that coincide.
        let mut walk = |start: f64| -> Vec<f64> {
            let mut at = start;
            let mut step = || {
                at += (3.0 * uniform() - 1.0).max(0.0);
                at
            };
            (0..knots).map(|_| step()).collect()
        };
        let (source, target) = (walk(-3.0), walk(-4.0));
        let map = Transport::new(source.clone(), target.clone());
        let phi = |x: f64| 0.5 * (x * x - map.first_term(x));
        let conjugate = |y: f64| 0.5 * (y * y - map.second_term(y));
        // The numbers are below 400 in magnitude, and rounded some tens of times.
        let tolerance = 1e-12;
        let grid = |k: i32| f64::from(k) * 0.37 - 9.0;
        for x in (0..60).map(grid).chain(source.iter().copied()) {
            for y in (0..60).map(grid).chain(target.iter().copied()) {
                assert!(phi(x) + conjugate(y) - x * y > -tolerance);
            }
            let y = map.map(x);
            assert!(
                (phi(x) + conjugate(y) - x * y).abs() < tolerance,
                "{map:?} at {x}"
            );
        }
        // Equality holds on the whole of a jump, and on the whole of a flat.
        for j in 1..knots {
            let between = |ends: &[f64]| ends[j - 1] + 0.3 * (ends[j] - ends[j - 1]);
            if source[j] == source[j - 1] || target[j] == target[j - 1] {
                let (x, y) = (between(&source), between(&target));
                assert!((phi(x) + conjugate(y) - x * y).abs() < tolerance);
            }
        }
    }
}

#[test]
fn a_map_that_is_not_monotone_is_made_monotone() {
    let map = Transport::new(vec![0.0, -1.0, 2.0], vec![1.0, 0.5, 0.7]);
    let knots: Vec<(f64, f64)> = map.knots().collect();
    assert_eq!(knots, [(0.0, 1.0), (0.0, 1.0), (2.0, 1.0)]);
}

#[test]
fn brackets_cover_the_distance_between_discrete_laws() {
    // ±1 is compared with thirds at −1, 0, 2: W₂² = 0/3 + 1/6 + 1/6 + 1/3 = 2/3.
    let (particles, replicas) = (5, 400);
    let mut uniform = uniforms(21);
    let mut draw = |atoms: &[f64]| -> Vec<f64> {
        (0..particles * replicas)
            .map(|_| atoms[(uniform() * atoms.len() as f64) as usize])
            .collect()
    };
    let (first, second) = (draw(&[-1.0, 1.0]), draw(&[-1.0, 0.0, 2.0]));
    let velocities = Velocities::new(particles, &first, &second);
    let found = first_marginals(&velocities, &Known::default(), CONFIDENCE);
    let (lower, upper) = (found.lower_limit.unwrap(), found.upper_limit.unwrap());
    assert!(lower < 2.0 / 3.0 && upper > 2.0 / 3.0, "{found:?}");
    // Jumps and flats are exact, so little is lost beside the standard error of 0.02; the tolerance is six of them on
    // either side.
    assert!(lower > 0.667 - 0.12 && upper < 0.667 + 0.12, "{found:?}");
    // Two points are at distance 1.
    let (zeros, ones) = (vec![0.0; 20], vec![1.0; 20]);
    let velocities = Velocities::new(5, &zeros, &ones);
    let found = first_marginals(&velocities, &Known::default(), CONFIDENCE);
    assert_eq!(
        (found.lower_limit, found.upper_limit),
        (Some(1.0), Some(1.0))
    );
    let found = joint_laws(&velocities, &Known::default(), CONFIDENCE);
    assert_eq!(
        (found.lower_limit, found.upper_limit),
        (Some(1.0), Some(1.0))
    );
}

#[test]
fn identical_copies_have_distance_0_and_shifted_ones_their_shift() {
    let [first, _] = normal_copies(3, 400);
    let known = Known::default();
    for shift in [0.0, 0.75, 1e-6] {
        let second: Vec<f64> = first.iter().map(|v| v + shift).collect();
        let velocities = Velocities::new(8, &first, &second);
        let found = first_marginals(&velocities, &known, CONFIDENCE);
        let joint = joint_laws(&velocities, &known, CONFIDENCE);
        // Velocities below 4 are rounded to 2⁻⁵², and so are differences. Each value is at most such a difference times
        // some velocities and the shift.
        let tolerance = 1e-13 * shift;
        for value in [
            found.dual_lower,
            Some(found.pooled),
            found.upper,
            found.lower_limit,
            found.upper_limit,
            joint.joint_lower,
            joint.joint_upper,
            joint.lower_limit,
            joint.upper_limit,
        ] {
            let error = (value.unwrap() - shift * shift).abs();
            assert!(error <= tolerance, "{shift}: {error:e} {found:?} {joint:?}");
        }
    }
}

#[test]
fn each_limit_lies_its_own_error_times_the_quantile_from_its_estimate() {
    // With fewer than 20 replicas limits are t_9 standard errors over replicas away, 2.2622 at 0.975.
    let [first, mut second] = headline(8).simulate(7, 10, 1.0);
    // The copies are so far apart that no limit is clamped at 0.
    for v in &mut second {
        *v += 5.0;
    }
    let velocities = Velocities::new(8, &first, &second);
    let found = joint_laws(&velocities, &Known::default(), CONFIDENCE);
    for none in [-0.5, 1.0, 1.5, f64::NAN] {
        assert_eq!(found.measured_limits(none), None, "{none}");
    }
    let (lower, upper) = found.measured_limits(CONFIDENCE).unwrap();
    let errors = [found.lower_std_error, found.upper_std_error].map(Option::unwrap);
    assert!((errors[0] / errors[1] - 1.0).abs() > 0.01, "{errors:?}");
    // The skewness of a mean of ten has a size of at most 8/√90. Skewness s that makes the mean too near adds
    // s·(2·1.96² + 1)/6 standard errors.
    let sorted = |copy: &[f64]| {
        let mut copy = copy.to_vec();
        copy.sort_by(f64::total_cmp);
        copy
    };
    let cost = |(first, second): (&[f64], &[f64])| -> f64 {
        let (first, second) = (sorted(first), sorted(second));
        let gaps = first.iter().zip(&second).map(|(v, u)| v - u);
        gaps.map(|gap| gap * gap / 8.0).sum()
    };
    let costs: Vec<f64> = first.chunks(8).zip(second.chunks(8)).map(cost).collect();
    let mean = costs.iter().sum::<f64>() / 10.0;
    let power = |p: i32| costs.iter().map(|cost| (cost - mean).powi(p)).sum::<f64>();
    let skewness = power(3) / power(2).powf(1.5);
    let per_skewness = (2.0 * 1.959_964f64.powi(2) + 1.0) / 6.0;
    let below = (found.joint_lower.unwrap() - lower) / errors[0];
    let above = (upper - found.joint_upper.unwrap()) / errors[1];
    let expected = 2.2622 + per_skewness * skewness.max(0.0);
    assert!((above - expected).abs() < 1e-4, "{above} {expected}");
    assert!(skewness.abs() > 0.01, "{skewness}");
    let most = 2.2622 + per_skewness * 8.0 / 90f64.sqrt();
    assert!((2.2621..most).contains(&below), "{below}");
    assert_eq!(found.replicas, 10);
}

#[test]
fn few_replicas_give_no_limits() {
    let [first, second] = normal_copies(5, 24);
    let known = Known::default();
    let of = |replicas: usize| {
        let velocities = Velocities::new(6, &first[..6 * replicas], &second[..6 * replicas]);
        (
            first_marginals(&velocities, &known, CONFIDENCE),
            joint_laws(&velocities, &known, CONFIDENCE),
        )
    };
    for replicas in 1..=3 {
        let (found, joint) = of(replicas);
        assert!(found.pooled > 0.0 && joint.paired > 0.0);
        assert_eq!(
            (found.lower_limit, found.upper_limit, found.rule),
            (None, None, None)
        );
        assert_eq!(
            (found.dual_lower, found.dual_std_error, found.upper),
            (None, None, None)
        );
        assert_eq!(
            (joint.lower_limit, joint.upper_limit, joint.rule),
            (None, None, None)
        );
    }
    let (found, joint) = of(4);
    assert_eq!(
        (found.rule, joint.rule),
        (Some(Rule::Replicas), Some(Rule::Replicas))
    );
    assert!(found.lower_limit < found.upper_limit && joint.lower_limit < joint.upper_limit);
}

#[test]
fn exact_bounds_clamp_limits() {
    let [first, second] = normal_copies(5, 80);
    let velocities = Velocities::new(8, &first, &second);
    let known = Known {
        lower: Some(0.2),
        upper: Some(0.3),
        ..Known::default()
    };
    // Ten replicas leave limits that are much wider than these bounds.
    let found = first_marginals(&velocities, &known, CONFIDENCE);
    assert_eq!(
        (found.lower_limit, found.upper_limit),
        (Some(0.2), Some(0.3))
    );
    let found = joint_laws(&velocities, &known, CONFIDENCE);
    assert_eq!(
        (found.lower_limit, found.upper_limit),
        (Some(0.2), Some(0.3))
    );
}

/// Exact moments of powers about the mean agree with those of a simulation.
#[test]
fn exact_powers_about_the_mean_agree_with_a_simulation() {
    let (setting, replicas, time) = (headline(8), 40_000, 0.4);
    let known = Known::at(&setting.theory(), time, replicas);
    let copies = setting.simulate(11, replicas, time);
    for (copy, exact) in copies.iter().zip(&known.moments) {
        for (power, about) in [2, 4].iter().zip(exact.about_mean) {
            let about = about.unwrap();
            let centred = |v: &f64| (v - exact.mean.unwrap()).powi(*power);
            let means: Vec<f64> = (copy.chunks(8))
                .map(|gas| gas.iter().map(centred).sum::<f64>() / 8.0)
                .collect();
            let squares: Vec<f64> = (copy.chunks(8))
                .map(|gas| gas.iter().map(|v| centred(v).powi(2)).sum::<f64>() / 8.0)
                .collect();
            let deviations: Vec<f64> = means.iter().map(|x| (x - about.mean).powi(2)).collect();
            for (name, values, expected) in [
                ("mean", means, about.mean),
                ("square", squares, about.square),
                ("variance", deviations, about.variance),
            ] {
                let mean = values.iter().sum::<f64>() / replicas as f64;
                let spread: f64 = values.iter().map(|x| (x - mean).powi(2)).sum();
                let z = (mean - expected) / (spread.sqrt() / replicas as f64);
                assert!(
                    z.abs() < 4.5,
                    "{name} of power {power}: {mean} {expected}, z = {z}"
                );
            }
        }
    }
}

/// The bracket of the headline figures' data A.
fn headline_bracket(with_moments: bool, shuffled: bool) -> Bracket {
    let setting = headline(8);
    let [first, mut second] = setting.simulate(1, 25_000, 1.0);
    if shuffled {
        second.chunks_exact_mut(8).for_each(<[f64]>::reverse);
    }
    let mut known = Known::at(&setting.theory(), 1.0, 25_000);
    if !with_moments {
        known.moments = [Moments::default(); 2];
    }
    first_marginals(&Velocities::new(8, &first, &second), &known, CONFIDENCE)
}

#[test]
fn exact_moments_shorten_error_bars() {
    let (with, without) = (
        headline_bracket(true, false),
        headline_bracket(false, false),
    );
    // With a million velocities errors are fourteen times shorter or more; half of that is far from no effect.
    let shorter = without.dual_std_error.unwrap() / with.dual_std_error.unwrap();
    assert!(shorter > 7.0, "{shorter}");
    // The estimates agree to within the longer errors.
    for (a, b) in [
        (with.dual_lower, without.dual_lower),
        (with.upper, without.upper),
    ] {
        assert!((a.unwrap() - b.unwrap()).abs() < 4.0 * without.dual_std_error.unwrap());
    }
    // The ratio is 1.0018 at a million velocities. With two hundred thousand, errors are √5 times as long, 1 +
    // 4·1.96·3.1e-5·√5/0.0793, and the gap is five times as wide.
    let ratio = with.upper_limit.unwrap() / with.lower_limit.unwrap();
    assert!(ratio > 1.0 && ratio < 1.009, "{ratio}");
    // Gelbrich's bound is 0.0752, and W₂² is 0.0793.
    assert!(with.lower_limit.unwrap() > 0.078);
    // Without moments v is not known, so nothing shows that errors are normal.
    assert_eq!(without.rule, Some(Rule::ReplicasOrBatches));
    assert_eq!(Rule::of(1000, Some(0.009)), Rule::Replicas);
    assert_eq!(Rule::of(1000, Some(0.011)), Rule::ReplicasOrBatches);
}

#[test]
fn the_pairing_of_particles_has_no_effect_on_brackets() {
    let (paired, shuffled) = (headline_bracket(true, false), headline_bracket(true, true));
    // The numbers are the same in another order, so results differ by rounding only.
    for (a, b) in [
        (paired.dual_lower, shuffled.dual_lower),
        (paired.upper, shuffled.upper),
        (paired.lower_limit, shuffled.lower_limit),
        (paired.upper_limit, shuffled.upper_limit),
    ] {
        assert!((a.unwrap() - b.unwrap()).abs() < 1e-9);
    }
}
