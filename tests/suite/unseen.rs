//! The allowance of limits of W₂² for parts of the laws that a sample is expected to lack, against
//! hand computation and a separate simulation.

use kac_coupling::law::joint::Joint;
use kac_coupling::law::{Discrete, Law, Normal, NormalMixture, Point};
use kac_coupling::model::Rates;
use kac_coupling::model::coupling::CouplingKind;
use kac_coupling::random::{Purpose, ReplicaKey, next_word, open_uniform, scalar_stream};
use kac_coupling::theory::Theory;
use kac_coupling::theory::pairing::Pairing;
use kac_coupling::theory::unseen::{CUT, CUT_FOR_VOID, Unseen};
use std::f64::consts::TAU;

const BETA: f64 = 2.0;

fn point(value: f64) -> Law {
    Point::new(value).unwrap().into()
}

/// The law of ±1 with equal weights, with two values ±`size` that have this weight together.
fn signs(size: f64, rare: f64) -> Law {
    let (half, bulk) = (0.5 * rare, 0.5 * (1.0 - rare));
    let values = vec![-size, -1.0, 1.0, size];
    Discrete::new(values, vec![half, bulk, bulk, half])
        .unwrap()
        .into()
}

fn theory(particles: usize, bath: &Law, laws: [&Law; 2], pairing: Pairing) -> Theory {
    let rates = Rates {
        pair: 1.0,
        bath: BETA,
    };
    let coupling = CouplingKind::Independent;
    Theory::new(
        particles,
        rates,
        bath,
        (laws[0], laws[1]),
        pairing,
        coupling,
    )
}

fn close(found: f64, expected: f64) -> bool {
    (found - expected).abs() <= 1e-9 * expected.abs()
}

/// Two of 2000 draws are expected at 50, which is beyond twice the size 1 that a hundred draws
/// exceed: ε² is P·48², or 48.5² P for a cut of 1.5, and m is E[X²; X = 50] + P d₂.
#[test]
fn bounds_beyond_the_cut_agree_with_hand_computation() {
    let (rare, time) = (1e-3, 0.7);
    for pairing in Pairing::ALL {
        let (first, second) = (signs(50.0, rare), point(0.0));
        let theory = theory(2, &point(0.0), [&first, &second], pairing);
        let decay = (-0.5 * BETA * time).exp();
        for (cut, clipped) in [(CUT, 48.0), (CUT_FOR_VOID, 48.5f64)] {
            let found = theory.unseen(time, 1000.0, cut);
            let second = 1.0 - rare + 2500.0 * rare;
            assert!(
                close(found.distance, (decay * rare).sqrt() * clipped),
                "{found:?}"
            );
            assert!(
                close(found.square, decay * rare * (2500.0 + second)),
                "{found:?}"
            );
            assert_eq!(found.of_bath, 0.0);
        }
        // A hundred times as many draws are expected to have two hundred there.
        assert_eq!(theory.unseen(time, 1e5, CUT), Unseen::default());
    }
}

/// Where the copies have mirrored particles, each is clipped about its mean 0, with half as many
/// draws.
#[test]
fn copies_that_are_no_products_are_clipped_separately() {
    let (rare, replicas) = (1e-3, 1000.0);
    let (first, second) = (signs(50.0, rare), signs(30.0, rare));
    let joints = [Joint::MirroredEqual, Joint::MirroredOpposite];
    let theory = theory(2, &point(0.0), [&first, &second], Pairing::Independent)
        .with_joints(joints, Pairing::Independent);
    let found = theory.unseen(0.0, replicas, CUT);
    let variances = [50.0f64, 30.0].map(|size| 1.0 - rare + rare * size * size);
    // E Δ(0)² is the sum of both second moments.
    let between = variances[0] + variances[1];
    let square = rare * (2500.0 + variances[1] + between) + rare * (900.0 + variances[0] + between);
    assert!(
        close(found.distance, rare.sqrt() * (48.0 + 28.0)),
        "{found:?}"
    );
    assert!(close(found.square, square), "{found:?}");
}

/// E[‖Δ(t)‖²/N; some bath velocity is rare] for three particles, from a simulation of all
/// collisions.
#[test]
fn the_share_of_rare_bath_velocities_agrees_with_a_simulation() {
    let (particles, time, rare) = (3usize, 1.0, 0.1);
    // A hundred of 600 draws up to t exceed 1, and sixty are at 10.
    let theory = theory(
        particles,
        &signs(10.0, rare),
        [&point(1.0), &point(0.0)],
        Pairing::Optimal,
    );
    let exact = theory.unseen(time, 100.0, CUT).of_bath;
    let replicas = 200_000;
    let mut stream = scalar_stream(ReplicaKey::new(7, 3, 0, 0), Purpose::Initial, 0);
    let mut uniform = || open_uniform(next_word(&mut stream));
    let (bath, pairs) = (BETA * particles as f64, 0.5 * particles as f64);
    let (mut sum, mut squares) = (0.0, 0.0);
    for _ in 0..replicas {
        let mut difference = [1.0; 3];
        let (mut at, mut is_rare) = (0.0, false);
        loop {
            at -= uniform().ln() / (bath + pairs);
            if at > time {
                break;
            }
            let i = (uniform() * 3.0) as usize;
            let (sin, cos) = (TAU * uniform()).sin_cos();
            if uniform() * (bath + pairs) < bath {
                difference[i] *= cos;
                is_rare |= uniform() < rare;
            } else {
                let j = (i + 1 + (uniform() * 2.0) as usize) % 3;
                let (x, y): (f64, f64) = (difference[i], difference[j]);
                (difference[i], difference[j]) = (x * cos + y * sin, y * cos - x * sin);
            }
        }
        let energy: f64 = difference.iter().map(|x| x * x).sum::<f64>() / 3.0;
        let value = if is_rare { energy } else { 0.0 };
        sum += value;
        squares += value * value;
    }
    let mean = sum / f64::from(replicas);
    let error = ((squares / f64::from(replicas) - mean * mean) / f64::from(replicas)).sqrt();
    // A deviation beyond 4.5 standard errors happens by chance once in 150 000 times.
    assert!(
        (mean - exact).abs() < 4.5 * error,
        "{mean} ± {error}, {exact}"
    );
    assert!(error < 0.005 * exact, "{error} {exact}");
}

#[test]
fn limits_are_raised_by_the_smaller_bound_and_lowered_back() {
    let unseen = Unseen {
        distance: 0.1,
        square: 0.5,
        of_bath: 0.01,
    };
    assert!(close(unseen.raised(1.0), 1.21 + 0.01));
    // (10 + 0.1)² is 2.01 more than 100, so the smaller bound is 0.5.
    assert!(close(unseen.raised(100.0), 100.5 + 0.01));
    for limit in [0.0, 1e-3, 1.0, 6.0, 100.0] {
        let back = unseen.lowered(unseen.raised(limit)).unwrap();
        assert!((back - limit).abs() < 1e-9, "{back} {limit}");
    }
    assert_eq!(unseen.lowered(0.019), None);
    assert_eq!(Unseen::default().raised(2.0), 2.0);
}

/// The guard uses the optimal difference under every pairing: between N(0, 1) and a mixture with a
/// part of weight 10⁻⁶, the relative variance is carried by a million draws.
#[test]
fn the_guard_uses_the_optimal_difference_under_every_pairing() {
    let first: Law = NormalMixture::new(vec![1.0 - 1e-6, 1e-6], vec![0.0; 2], vec![1.0, 100.0])
        .unwrap()
        .into();
    let second: Law = Normal::new(0.0, 1.0).unwrap().into();
    let bath = point(0.0);
    let variances = Pairing::ALL.map(|pairing| {
        let theory = theory(4, &bath, [&first, &second], pairing);
        theory.optimal_relative_variance(0.0).unwrap()
    });
    assert_eq!(variances[0], variances[1]);
    // E X⁴/(E X²)² is about 3/10⁻⁶, and a fourth of it for four particles.
    assert!((0.5e6..1e6).contains(&variances[0]), "{variances:?}");
}

/// The guard of mirrored laws also uses their first marginals, ±1 and, rarely, ±1.9: the copies'
/// own signs differ as often as not, and do not show the rare part.
#[test]
fn the_guard_of_mirrored_laws_uses_their_marginals() {
    let one: Law = point(1.0);
    let rare: Law = Discrete::new(vec![1.0, 1.9], vec![0.99999, 1e-5])
        .unwrap()
        .into();
    let joints = [Joint::MirroredOpposite; 2];
    let guard = |second: &Law| {
        let theory = theory(20, &point(0.0), [&one, second], Pairing::Independent);
        let theory = theory.with_joints(joints, Pairing::Independent);
        let own = theory.synchronous_relative_variance(0.0).unwrap();
        (own, theory.optimal_relative_variance(0.0).unwrap())
    };
    let (own, guarded) = guard(&rare);
    assert!(
        own < 1.0 && (guarded / 5000.0 - 1.0).abs() < 1e-3,
        "{guarded}"
    );
    // Equal marginals have no rare difference.
    let (own, guarded) = guard(&one);
    assert_eq!(own, guarded);
}

/// The rarer sign of ten expected draws may be missing; the sign of weight 10⁻⁶ is not expected at
/// all.
#[test]
fn limits_need_many_velocities_of_the_rarer_sign() {
    let law = |rare: f64| -> Law {
        Discrete::new(vec![1.0, -1.0], vec![1.0 - rare, rare])
            .unwrap()
            .into()
    };
    let carried = |rare: f64, joint, replicas| {
        let laws = [&law(rare), &point(1.0)];
        let theory = theory(10, &point(0.0), laws, Pairing::Independent);
        let joints = [joint, Joint::MirroredOpposite];
        let theory = theory.with_joints(joints, Pairing::Independent);
        theory.are_signs_carried(replicas)
    };
    let opposite = Joint::MirroredOpposite;
    assert!(!carried(1e-3, opposite, 1000.0));
    assert!(carried(1e-2, opposite, 1000.0));
    assert!(carried(1e-12, opposite, 1000.0));
    assert!(carried(1e-3, Joint::Product, 1000.0));
    assert!(!carried(0.4, Joint::MirroredEqual, 19.0));
    assert!(carried(0.4, Joint::MirroredEqual, 26.0));
}
