//! Closed forms are compared with each other and with simulations.

use kac_coupling::config::load;
use kac_coupling::experiment::Experiment;
use kac_coupling::law::joint::Joint;
use kac_coupling::law::{Laplace, Law, Normal, Point, StudentT, Uniform};
use kac_coupling::measure::{Engine, Job};
use kac_coupling::model::coupling::CouplingKind;
use kac_coupling::model::{Clock, Rates};
use kac_coupling::table::rows::Tables;
use kac_coupling::theory::hierarchy::MomentSystem;
use kac_coupling::theory::pairing::{Pairing, difference_moments};
use kac_coupling::theory::{Moment, Quantity, System, Theory};
use kac_coupling::verify::{Sampling, verify};
use std::convert::Infallible;
use std::path::Path;

fn normal(mean: f64, sd: f64) -> Law {
    Law::Normal(Normal::new(mean, sd).unwrap())
}

fn run(experiment: &Experiment) -> Tables {
    let finished = |_: &_| Ok::<(), Infallible>(());
    verify(experiment, Engine::Block, Sampling::Full, &|_| (), finished)
        .unwrap()
        .tables
}

#[test]
fn the_exact_upper_bound_is_that_of_an_optimal_start_where_it_is_known() {
    // For N(0,1) against N(1,4) W₂² = 1 + 1, and E (V − V′)² of independent velocities is 1 + 1 +
    // 4.
    let base = load(Path::new("experiments/theorem6.toml"))
        .unwrap()
        .experiment;
    let bound = |joints: [Joint; 2], pairing: Pairing, second: Law| {
        let experiment = Experiment {
            first: normal(0.0, 1.0),
            second,
            joints,
            pairing,
            ..base.clone()
        };
        let theory = experiment.theory(8);
        let decay = (-0.5 * experiment.rates().bath * 0.7).exp();
        [
            theory.contraction_bound(0.7),
            theory.synchronous_discrepancy(0.7),
        ]
        .map(|x| x / decay)
    };
    let near = |found: [f64; 2], expected: [f64; 2]| {
        let off = |(a, b): (f64, f64)| (a - b).abs() < 1e-9;
        assert!(
            found.into_iter().zip(expected).all(off),
            "{found:?} {expected:?}"
        );
    };
    let (product, sphere) = ([Joint::Product; 2], [Joint::Sphere; 2]);
    near(
        bound(product, Pairing::Optimal, normal(1.0, 2.0)),
        [2.0, 2.0],
    );
    near(
        bound(product, Pairing::Independent, normal(1.0, 2.0)),
        [2.0, 6.0],
    );
    // The spheres have radius √N and 2√N.
    near(
        bound(sphere, Pairing::Optimal, normal(0.0, 2.0)),
        [1.0, 1.0],
    );
    near(
        bound(sphere, Pairing::Independent, normal(0.0, 2.0)),
        [1.0, 5.0],
    );
    // The distance of a product and a sphere is not known.
    let mixed = [Joint::Product, Joint::Sphere];
    near(
        bound(mixed, Pairing::Independent, normal(0.0, 2.0)),
        [5.0, 5.0],
    );
}

#[test]
fn the_variance_of_the_discrepancy_is_that_of_a_gas_with_its_bath_at_rest() {
    // Δ is a gas of its own with w = 0: the generic hierarchy must give the
    // printed 2 × 2 system of E S² and E A.
    let (f, h) = (
        normal(0.0, 1.0),
        Law::Uniform(Uniform::new(-3.0, 5.0).unwrap()),
    );
    let difference = difference_moments(&f, &h, Pairing::Optimal);
    for particles in [1, 2, 5, 8, 300] {
        for clock in Clock::ALL {
            let rates = clock.rates(0.7, 1.9);
            let theory = Theory::new(
                particles,
                rates,
                &normal(0.0, 1.0),
                (&f, &h),
                Pairing::Optimal,
                CouplingKind::Synchronous,
            );
            let own = rates.for_particles(particles);
            let system =
                MomentSystem::new(particles, own.pair, own.bath, &[&[4], &[2, 2]], |_| 0.0);
            let start = system.product(|order| match order {
                2 => difference.second,
                4 => difference.fourth.unwrap(),
                _ => 0.0,
            });
            for time in [0.0, 0.4, 3.0] {
                let moments = system.at(&start, time);
                let n = particles as f64;
                let mut square = n * moments[system.position(&[4]).unwrap()];
                if let Some(position) = system.position(&[2, 2]) {
                    square += n * (n - 1.0) * moments[position];
                }
                let scaled = square * libm::exp(rates.bath * time);
                let variance = theory.discrepancy_relative_variance(time).unwrap();
                let closed = (1.0 + variance) * (n * difference.second).powi(2);
                assert!(
                    (scaled / closed - 1.0).abs() < 1e-11,
                    "N = {particles}, t = {time}"
                );
            }
        }
    }
}

#[test]
fn martingales_have_growing_variances_and_start_from_the_initial_law() {
    let (f, h) = (
        normal(1.5, 0.5),
        Law::Laplace(Laplace::new(-2.0, 0.7).unwrap()),
    );
    let bath = Law::Uniform(Uniform::new(-2.0, 2.0).unwrap());
    for particles in [2, 3, 4, 50] {
        let theory = Theory::new(
            particles,
            Rates {
                pair: 1.2,
                bath: 0.8,
            },
            &bath,
            (&f, &h),
            Pairing::Independent,
            CouplingKind::Synchronous,
        );
        for quantity in Quantity::ALL {
            let variance = |time| {
                theory
                    .relative_variance(quantity, System::Second, time)
                    .unwrap()
            };
            assert!(variance(0.0) > 0.0);
            for step in 0..20 {
                let time = 0.2 * f64::from(step);
                assert!(variance(time + 0.2) > variance(time));
            }
        }
        // Σ_{k≠l}V_kV_l at t = 0 by hand: E X² with E V = m and E V² = s.
        let (n, m, s) = (particles as f64, -2.0, 4.0 + 2.0 * 0.49);
        let pairs = n * (n - 1.0);
        let by_hand = 2.0 * pairs * s * s
            + 4.0 * pairs * (n - 2.0) * s * m * m
            + pairs * (n - 2.0) * (n - 3.0) * m * m * m * m;
        let variance = theory.relative_variance(Quantity::PairMoment, System::Second, 0.0);
        let at_start = (1.0 + variance.unwrap()) * (pairs * m * m).powi(2);
        assert!((at_start / by_hand - 1.0).abs() < 1e-12);
    }
}

#[test]
fn the_steady_state_is_neither_the_bath_nor_a_maxwellian() {
    // (m_4 − 3g_2²)/(g_4 − 3g_2²) → 3β/(2κ + 5β) as N → ∞.
    let bath = Law::Uniform(Uniform::new(-3.0, 3.0).unwrap());
    let (kappa, beta) = (1.7, 0.6);
    let excess = |particles| {
        let rates = Rates {
            pair: kappa,
            bath: beta,
        };
        let zero = Law::Point(Point::new(0.0).unwrap());
        let pairing = Pairing::Optimal;
        let theory = Theory::new(
            particles,
            rates,
            &bath,
            (&zero, &zero),
            pairing,
            CouplingKind::Synchronous,
        );
        let (g2, g4) = (3.0, 81.0 / 5.0);
        let m4 = theory.moment(System::First, Moment::M4, 200.0).unwrap();
        (m4 - 3.0 * g2 * g2) / (g4 - 3.0 * g2 * g2)
    };
    let limit = 3.0 * beta / (2.0 * kappa + 5.0 * beta);
    assert!((excess(1_000_000) - limit).abs() < 1e-5);
    assert!((excess(2) - limit).abs() > 1e-3);
}

#[test]
fn infinite_moments_are_absent() {
    let heavy = Law::StudentT(StudentT::new(3.5, 1.0, 0.0).unwrap());
    let theory = Theory::new(
        4,
        Rates {
            pair: 1.0,
            bath: 1.0,
        },
        &normal(0.0, 1.0),
        (&normal(1.0, 1.0), &heavy),
        Pairing::Optimal,
        CouplingKind::Synchronous,
    );
    assert_eq!(theory.moment(System::Second, Moment::M4, 1.0), None);
    assert!(theory.moment(System::Second, Moment::M2, 1.0).is_some());
    assert!(theory.moment(System::First, Moment::M4, 1.0).is_some());
    assert_eq!(theory.discrepancy_relative_variance(1.0), None);
    assert_eq!(
        theory.relative_variance(Quantity::Energy, System::Second, 1.0),
        None
    );
}

#[test]
fn simulated_moments_agree_with_the_hierarchy_on_both_clocks() {
    // Non-zero means and a bath that is neither normal nor symmetric in its
    // components, so that m1 and m11 are tested too. 2 clocks × 3 N × 41 times
    // × 10 moments, strongly correlated in time: P(|z| > 5.5) < 2460 · 4e-8.
    for name in ["two-baths", "two-baths-master-equation"] {
        let path = format!("experiments/{name}.toml");
        let mut experiment = load(Path::new(&path)).unwrap().experiment;
        for (_, replicas) in &mut experiment.sweep {
            *replicas /= 10;
        }
        let tables = run(&experiment);
        assert_eq!(tables.moments.len(), 3 * 41 * 10);
        for row in &tables.moments {
            assert!(row.exact.is_some());
            assert!(row.z.is_none_or(|z| z.abs() < 5.5), "{row:?}");
        }
    }
}

#[test]
fn exact_and_empirical_errors_agree_and_scores_are_small() {
    let mut experiment = load(Path::new("experiments/theorem6.toml"))
        .unwrap()
        .experiment;
    for (_, replicas) in &mut experiment.sweep {
        *replicas = (*replicas / 3).max(1000);
    }
    let tables = run(&experiment);
    let mut compared = 0;
    for row in &tables.discrepancy {
        let exact = row.exact_std_error.unwrap();
        let variance = (exact / row.exact_mean.unwrap()).powi(2);
        if variance < 0.01 {
            assert!(row.z.unwrap().abs() < 5.0, "{row:?}");
        }
        // Both errors agree while the mean is carried by many replicas.
        if variance <= 3e-4 {
            assert!(
                (row.std_error.unwrap() / exact - 1.0).abs() < 0.1,
                "{row:?}"
            );
            compared += 1;
        }
    }
    assert!(compared > 200, "{compared}");
    // The moments have errors too: √((k − 1)/4R) of their own kurtosis k, which is below 200.
    let mut compared = 0;
    for row in &tables.moments {
        let (exact, mean) = (row.exact_std_error.unwrap(), row.exact.unwrap());
        if exact > 0.0 && exact <= 1e-2 * mean.abs() {
            let ratio = row.std_error.unwrap() / exact;
            assert!((ratio - 1.0).abs() < 0.15, "{row:?}");
            compared += 1;
        }
    }
    assert!(compared > 1000, "{compared}");
}

#[test]
fn the_kurtosis_of_the_discrepancy_is_that_of_many_replicas() {
    // The sample's kurtosis is read off the error of its variance. Its own
    // relative error is some √(E(S−ES)⁸/(E(S−ES)⁴)²/R), below 3 % early on.
    let mut experiment = load(Path::new("experiments/theorem6.toml"))
        .unwrap()
        .experiment;
    experiment.sweep = vec![(1, 400_000), (2, 400_000), (8, 200_000), (100, 20_000)];
    (experiment.end, experiment.points) = (0.2, 3);
    experiment.wasserstein = None;
    for (index, &(particles, replicas)) in experiment.sweep.iter().enumerate() {
        let theory = experiment.theory(particles);
        let measured = Job::new(&experiment, index, &theory).run(Engine::Block, &|_| ());
        for (at, time) in experiment.times().into_iter().enumerate() {
            let (_, error) = measured.pairs.discrepancy.variance(at).unwrap();
            let sampled = 1.0 + error * error * replicas as f64;
            let exact = theory.discrepancy_kurtosis(time).unwrap();
            assert!(
                (sampled / exact - 1.0).abs() < 0.1,
                "N = {particles}, t = {time}: {sampled}, exactly {exact}"
            );
        }
    }
}

#[test]
fn the_error_of_a_relative_variance_is_that_of_gamma_variates() {
    // N(0, 1) against N(0, 2²), comonotone: Δ_i(0) is normal and S a gamma variate of
    // shape N/2, v = 2/N, c₃ = 8/N², k = 3 + 12/N: for many replicas
    // √((2 + 4/N)/R).
    for particles in [1, 2, 7, 300] {
        let n = particles as f64;
        let theory = Theory::new(
            particles,
            Clock::Theorem6.rates(1.0, 1.0),
            &normal(0.0, 1.0),
            (&normal(0.0, 1.0), &normal(0.0, 2.0)),
            Pairing::Optimal,
            CouplingKind::Synchronous,
        );
        let error = theory
            .discrepancy_relative_variance_error(0.0, 1e8)
            .unwrap();
        let exact = ((2.0 + 4.0 / n) / 1e8).sqrt();
        assert!(
            (error / exact - 1.0).abs() < 1e-6,
            "N = {particles}: {error}, {exact}"
        );
    }
}

#[test]
fn the_error_of_a_relative_variance_is_that_of_many_replicas() {
    // The error that is estimated from replicas is off by some ½√(E(S−ES)⁸/(E(S−ES)⁴)²/R), below 2
    // % early on.
    let mut experiment = load(Path::new("experiments/theorem6.toml"))
        .unwrap()
        .experiment;
    experiment.sweep = vec![(1, 400_000), (2, 400_000), (8, 200_000), (100, 20_000)];
    (experiment.end, experiment.points) = (0.2, 3);
    experiment.wasserstein = None;
    for (index, &(particles, replicas)) in experiment.sweep.iter().enumerate() {
        let theory = experiment.theory(particles);
        let measured = Job::new(&experiment, index, &theory).run(Engine::Block, &|_| ());
        for (at, time) in experiment.times().into_iter().enumerate() {
            let (value, sampled) = measured.pairs.discrepancy.relative_variance(at).unwrap();
            let exact = theory.discrepancy_relative_variance_error(time, replicas as f64);
            let ratio = sampled / value / exact.unwrap();
            assert!(
                (ratio - 1.0).abs() < 0.06,
                "N = {particles}, t = {time}: {ratio}"
            );
        }
    }
}

#[test]
fn the_discrepancy_keeps_its_relative_accuracy_for_two_hundred_relaxation_times() {
    // κ = 8 > 3β/2: the relative second moment grows at the slow rate
    // 9βκ/(4N(2κ−3β)) = 1.4e-3, to a relative variance of 0.3 at the end, so that
    // a hundred replicas show E‖Δ‖² = e^{−100}·E‖Δ(0)‖² ≈ 1e-40 to 6 %; V − V′ by
    // subtraction would have stopped at 1e-29.
    let mut experiment = load(Path::new("experiments/theorem6.toml"))
        .unwrap()
        .experiment;
    experiment.sweep = vec![(1000, 100)];
    (experiment.lambda, experiment.mu) = (8.0, 0.5);
    (experiment.end, experiment.points) = (200.0, 3);
    experiment.wasserstein = None;
    for row in run(&experiment).discrepancy {
        assert!(row.trusted);
        assert!(row.z.unwrap().abs() < 4.0, "{row:?}");
        assert!(row.exact_std_error.unwrap() < 0.07 * row.exact_mean.unwrap());
    }
}

#[test]
fn errors_in_tables_are_exact_where_means_are_large() {
    // For 16 000 replicas of three velocities of N(10⁸, 2²) the error of the mean is 2/√48000, and
    // that of the mean square 2·10⁸ times this.
    let mut experiment = load(Path::new("experiments/theorem6.toml"))
        .unwrap()
        .experiment;
    (experiment.first, experiment.second) = (normal(1e8, 2.0), normal(-1e7, 1.0));
    experiment.sweep = vec![(3, 16_000)];
    (experiment.end, experiment.points) = (0.5, 6);
    experiment.wasserstein = None;
    let tables = run(&experiment);
    let error = |moment: &str| {
        let mut rows = tables.moments.iter();
        let row = rows.find(|row| row.system == "first" && row.moment == moment);
        row.unwrap().exact_std_error.unwrap()
    };
    let expected = 2.0 / 48_000f64.sqrt();
    assert!((error("m1") / expected - 1.0).abs() < 1e-12);
    assert!((error("m2") / (2e8 * expected) - 1.0).abs() < 1e-12);
    for row in &tables.moments {
        assert!(row.trusted, "{row:?}");
        assert!(row.z.unwrap().abs() < 5.5, "{row:?}");
        let ratio = row.std_error.unwrap() / row.exact_std_error.unwrap();
        assert!((ratio - 1.0).abs() < 0.1, "{row:?}");
    }
    for row in &tables.discrepancy {
        assert!(row.z.unwrap().abs() < 5.5, "{row:?}");
    }
}

#[test]
fn means_that_have_underflowed_are_not_trusted() {
    let mut experiment = load(Path::new("experiments/theorem6.toml"))
        .unwrap()
        .experiment;
    (experiment.first, experiment.second) = (normal(1.0, 1.0), normal(0.0, 2.0));
    experiment.bath = Law::Point(Point::new(0.0).unwrap());
    experiment.sweep = vec![(2, 20)];
    (experiment.end, experiment.points) = (5000.0, 11);
    experiment.wasserstein = None;
    let at_rest = run(&experiment);
    experiment.bath = normal(0.0, 1.0);
    let moving = run(&experiment);
    for row in at_rest.discrepancy.iter().chain(&moving.discrepancy) {
        // e^(−t) is no normal number from t = 708.4 on.
        let is_lost = row.time > 708.0;
        assert_eq!(is_lost, !row.exact_mean.unwrap().is_normal(), "{row:?}");
        if is_lost {
            assert_eq!((row.z, row.trusted), (None, false), "{row:?}");
        }
    }
    for row in at_rest.moments.iter().filter(|row| row.time > 1500.0) {
        assert_eq!((row.z, row.trusted), (None, false), "{row:?}");
    }
    // With a bath that moves no moment is lost: a mean of 0 has an error.
    for row in moving.moments.iter().filter(|row| row.time > 0.0) {
        assert!(
            row.z.is_some() && row.exact_std_error.unwrap() > 0.0,
            "{row:?}"
        );
    }
    // A gas at rest from the start has not underflowed, nor has a rare law.
    let rest = Law::Point(Point::new(0.0).unwrap());
    (experiment.first, experiment.second, experiment.bath) = (rest.clone(), rest.clone(), rest);
    for row in run(&experiment).moments {
        assert!(row.trusted, "{row:?}");
    }
}
