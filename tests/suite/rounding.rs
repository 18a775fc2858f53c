//! Rounding in a right program decides nothing: parts of a bath that are so rare that its moments are huge, units of
//! velocity, copies of very unlike size, copies at rest, and laws that differ by little more than rounding.

use kac_coupling::config::load;
use kac_coupling::experiment::Experiment;
use kac_coupling::law::{Discrete, Law, Normal, NormalMixture, Point, Uniform};
use kac_coupling::measure::Engine;
use kac_coupling::model::Rates;
use kac_coupling::model::coupling::CouplingKind;
use kac_coupling::theory::pairing::Pairing;
use kac_coupling::theory::{Moment, System, Theory};
use kac_coupling::verify::calibrate::Repetition;
use kac_coupling::verify::plan::plan;
use kac_coupling::verify::{Results, Sampling, verify};
use std::convert::Infallible;

/// The lines of a config that matter here.
struct Config {
    particles: usize,
    replicas: u64,
    /// λ, μ and the coupling.
    model: &'static str,
    bath: String,
    first: String,
    second: String,
    end: &'static str,
    /// Checks, or a section `[steady_state]`.
    rest: String,
}

const SYNCHRONOUS: &str = "lambda = 1.0\nmu = 1.0\ncoupling = \"synchronous\"";

fn normal(mean: f64, sd: f64) -> String {
    format!("{{ law = \"normal\", mean = {mean:?}, sd = {sd:?} }}")
}

fn uniform(low: f64, high: f64) -> String {
    format!("{{ law = \"uniform\", low = {low:?}, high = {high:?} }}")
}

/// The law of ±`size` with equal probabilities; a law at rest for 0.
fn coin(size: f64) -> String {
    match size {
        0.0 => "{ law = \"point\", value = 0.0 }".to_string(),
        _ => format!(
            "{{ law = \"discrete\", values = [{:?}, {size:?}], weights = [0.5, 0.5] }}",
            -size
        ),
    }
}

fn check(claim: &str, tolerance: f64) -> String {
    format!(
        "[[check]]\nclaim = \"{claim}\"\nexpect = \"holds\"\ntolerance = {tolerance:?}\nconfidence = 0.99\n"
    )
}

impl Config {
    fn plain(rest: String) -> Config {
        Config {
            particles: 2,
            replicas: 20_000,
            model: SYNCHRONOUS,
            bath: normal(0.0, 0.1),
            first: normal(0.0, 1.0),
            second: normal(1.0, 1.0),
            end: "1.0",
            rest,
        }
    }

    fn experiment(&self) -> Experiment {
        let Config {
            particles,
            replicas,
            model,
            bath,
            first,
            second,
            end,
            rest,
        } = self;
        let text = format!(
            "seed = 5\nreplicas = {replicas}\nbath = {bath}\n[model]\nparticles = {particles}\n\
             clock = \"master-equation\"\n{model}\n[initial]\nfirst = {first}\nsecond = {second}\n\
             [time]\nend = {end}\npoints = 3\n{rest}"
        );
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rounding.toml");
        std::fs::write(&path, text).unwrap();
        load(&path).unwrap().experiment
    }

    /// The results of a run; asserts that no self-check fails and no verdict is VOID.
    fn run(&self) -> Results {
        let experiment = self.experiment();
        let finished = |_: &_| Ok::<(), Infallible>(());
        let Ok(results) = verify(
            &experiment,
            Engine::Block,
            Sampling::Full,
            &|_| (),
            finished,
        );
        let laws = [&self.bath, &self.first, &self.second];
        for row in &results.self_checks {
            assert!(row.passed, "{laws:?}: {row}");
        }
        for row in &results.verdicts {
            assert_ne!(row.verdict, "VOID", "{laws:?}: {row:?}");
        }
        results
    }
}

/// Empirical errors of m4 and m22, which are independent of the hierarchy, agree with the exact ones to within their
/// own scatter of √(k/4R), with k about 10.
#[test]
fn errors_of_fourth_moments_are_right_for_rare_parts_of_the_bath() {
    let mixture = |rare: f64| {
        let sd = 1.0 / rare.sqrt();
        format!(
            "{{ law = \"normal-mixture\", weights = [{:?}, {rare:?}], means = [0.0, 0.0], sds = [1.0, {sd:?}] }}",
            1.0 - rare
        )
    };
    let atoms = |rare: f64| {
        let (far, half) = (1.0 / rare.sqrt(), 0.5 * rare);
        let near = 0.5 - half;
        format!(
            "{{ law = \"discrete\", values = [{:?}, -1.0, 1.0, {far:?}], weights = [{half:?}, {near:?}, {near:?}, {half:?}] }}",
            -far
        )
    };
    let student = "{ law = \"student-t\", df = 4.000000000000001, scale = 1.0 }".to_string();
    let cases = [
        (4, 1e-5, mixture(1e-5)),
        (2, 1e-6, atoms(1e-6)),
        (1, 1e-15, mixture(1e-15)),
        (3, 1e-18, mixture(1e-18)),
        (3, 1e-30, atoms(1e-30)),
        (3, 1e-14, student),
    ];
    for (particles, rare, bath) in cases {
        let size = 1e3 / f64::sqrt(rare);
        let results = Config {
            particles,
            bath,
            first: uniform(-size, size),
            second: normal(0.5 * size, size),
            ..Config::plain(check("lemma-1", 0.3))
        }
        .run();
        let mut compared = 0;
        for row in &results.tables.moments {
            let fourth = row.moment == "m4" || row.moment == "m22";
            if fourth && row.exact_std_error.is_some_and(|error| error > 0.0) {
                let ratio = row.std_error.unwrap() / row.exact_std_error.unwrap();
                assert!((ratio - 1.0).abs() < 0.15, "{rare}: {row:?}");
                compared += 1;
            }
        }
        let infinite = rare == 1e-14;
        assert!(compared >= 6 || infinite, "{rare}: {compared}");
        let energy = results
            .tables
            .rates
            .iter()
            .find(|row| row.quantity == "energy");
        let energy = energy.unwrap();
        let ratio = energy.empirical_std_error.unwrap() / energy.exact_std_error.unwrap();
        assert!((ratio - 1.0).abs() < 0.1, "{rare}: {energy:?}");
    }
}

/// For one particle, and a bath that is small beside the start S except for its rare part, E V⁸ = e^{−93βt/128} E V(0)⁸
/// and E V⁴ = e^{−5βt/8} E V(0)⁴.
#[test]
fn one_particle_forgets_its_fourth_power_at_the_rates_of_one_collision() {
    for rare in [1e-3, 1e-5, 1e-7, 1e-9, 1e-20] {
        let sd = 1.0 / f64::sqrt(rare);
        let bath = NormalMixture::new(vec![1.0 - rare, rare], vec![0.0; 2], vec![1.0, sd]);
        let size = 1e6 * sd;
        let [point, uniform]: [Law; 2] = [
            Point::new(size).unwrap().into(),
            Uniform::new(-size, size).unwrap().into(),
        ];
        let theory = Theory::new(
            1,
            Rates {
                pair: 0.0,
                bath: 1.0,
            },
            &bath.unwrap().into(),
            (&point, &uniform),
            Pairing::Optimal,
            CouplingKind::Synchronous,
        );
        for (copy, fourth, eighth) in [(System::First, 1.0, 1.0), (System::Second, 0.2, 1.0 / 9.0)]
        {
            for time in [0.1, 0.5, 1.0, 8.0] {
                let mean = fourth * libm::exp(-0.625 * time);
                let square = eighth * libm::exp(-93.0 / 128.0 * time);
                let power = size * size * size * size;
                let found = theory.moment(copy, Moment::M4, time).unwrap() / power;
                assert!((found / mean - 1.0).abs() < 1e-9, "{rare} {time}: {found}");
                let found = theory.moment_deviation(copy, Moment::M4, time).unwrap() / power;
                let exact = (square - mean * mean).sqrt();
                assert!(
                    (found / exact - 1.0).abs() < 1e-9,
                    "{rare} {time}: {found} {exact}"
                );
            }
        }
    }
}

/// Particles all start 1 apart: E M² = N² e^{ht} except for the fast rate, with h = (3/8)β · 3/(N+2) to first order in
/// β/κ.
#[test]
fn fast_pair_collisions_do_not_change_the_variance_of_the_discrepancy() {
    let [zero, one]: [Law; 2] = [0.0, 1.0].map(|value| Point::new(value).unwrap().into());
    let bath: Law = Normal::new(0.0, 1.0).unwrap().into();
    for particles in [2, 3, 10] {
        for (pair, bath_rate) in [
            (1e4, 1e-3),
            (1e12, 0.5),
            (1e15, 1.0),
            (1e17, 0.3),
            (1e7, 1e-8),
        ] {
            let rates = Rates {
                pair,
                bath: bath_rate,
            };
            let coupling = CouplingKind::Synchronous;
            let pairing = Pairing::Optimal;
            let theory = Theory::new(particles, rates, &bath, (&zero, &one), pairing, coupling);
            let time = 2.0;
            let high = 1.125 * bath_rate / (particles as f64 + 2.0);
            let expected = libm::expm1(high * time);
            let found = theory.discrepancy_relative_variance(time).unwrap();
            // A time 1/κ passes first, and v is known to some 10⁻¹⁵.
            let near = 2.0 * (bath_rate + 1.0 / time) / pair + 1e-15 / expected + 1e-12;
            assert!(
                (found / expected - 1.0).abs() < near,
                "N = {particles}, {rates:?}: {found} {expected}"
            );
        }
    }
}

/// Pair collisions keep ‖Δ‖², a sum of N squares with two values: its kurtosis stays 3 − 2/N, or it is not given.
#[test]
fn the_kurtosis_of_the_discrepancy_is_exact_or_not_given() {
    let zero: Law = Point::new(0.0).unwrap().into();
    let bath: Law = Normal::new(0.0, 1.0).unwrap().into();
    for gap in [1e-3, 3e-3, 3e-2, 0.3] {
        let law: Law = Discrete::new(vec![1.0 - gap, 1.0 + gap], vec![0.5; 2])
            .unwrap()
            .into();
        for particles in [2, 8, 100] {
            let mut known = 0;
            for pair in [0.1, 10.0, 1e3, 1e4, 1e5, 1e6, 1e9, 1e12] {
                let rates = Rates { pair, bath: 1e-18 };
                let coupling = CouplingKind::Synchronous;
                let pairing = Pairing::Optimal;
                let theory = Theory::new(particles, rates, &bath, (&zero, &law), pairing, coupling);
                let Some(found) = theory.discrepancy_kurtosis(1.0) else {
                    continue;
                };
                let exact = 3.0 - 2.0 / particles as f64;
                assert!(
                    (found / exact - 1.0).abs() < 0.05,
                    "{gap} {particles} {pair}: {found}"
                );
                known += 1;
            }
            assert!(known >= 3 || gap < 0.1, "{gap} {particles}: {known}");
        }
    }
}

/// The tables of a steady state agree in units of 2²⁷, 2⁹⁰ and 2⁻⁹⁰.
#[test]
fn steady_states_do_not_depend_on_the_unit_of_velocity() {
    let run = |particles: usize, exponent: i32| {
        let unit = libm::ldexp(1.0, exponent);
        let results = Config {
            particles,
            replicas: 400,
            bath: coin(unit),
            first: coin(2.0 * unit),
            second: uniform(0.0, 4.0 * unit),
            end: "0.1",
            ..Config::plain(format!("[steady_state]\ntolerance = {:?}\n", unit * unit))
        }
        .run();
        let rows = results.tables.steady_state.into_iter().map(|row| {
            let order = match row.quantity {
                "m4" | "m22" | "pair-correlation" => 4,
                "m1" => 1,
                "m2" | "m11" | "w2_upper" => 2,
                "excess-kurtosis" => 0,
                _ => return None,
            };
            let power = libm::ldexp(1.0, order * exponent);
            let errors = [row.std_error, row.exact_std_error].map(|error| error.unwrap() / power);
            Some((row.quantity, errors, row.trusted))
        });
        rows.flatten().collect::<Vec<_>>()
    };
    for particles in [1, 3] {
        let expected = run(particles, 0);
        for exponent in [27, 90, -90] {
            assert_eq!(
                run(particles, exponent),
                expected,
                "N = {particles}, 2^{exponent}"
            );
        }
    }
}

/// Little is left of the second copy, which is carried as V − Δ.
#[test]
fn copies_of_very_unlike_size_do_not_void_lemma_3() {
    let pairs_only = "lambda = 1.0\nmu = 0.0\ncoupling = \"synchronous\"\nrematch = \"output\"";
    let cases = [
        (200, 4e9, 1e-3, SYNCHRONOUS, "HOLDS"),
        (200, 4e5, 3e-7, SYNCHRONOUS, "HOLDS"),
        (20, 1.0, 1.0255e-11, pairs_only, "HOLDS"),
        (2, 1.0, 3e-14, pairs_only, "INCONCLUSIVE"),
        (2, 1.0, 1e-20, pairs_only, "INCONCLUSIVE"),
        (200, 1e11, 1e-3, SYNCHRONOUS, "INCONCLUSIVE"),
    ];
    for (particles, first, second, model, expected) in cases {
        let config = Config {
            particles,
            replicas: 2000,
            model,
            bath: coin(0.0),
            first: coin(first),
            second: coin(second),
            end: "0.001",
            ..Config::plain(check("lemma-3", 0.05))
        };
        let results = config.run();
        for row in &results.tables.moments {
            let normal = row.z.is_none_or(|z| z.abs() < 6.0) || !row.trusted;
            assert!(normal, "{first} {second}: {row:?}");
        }
        let row = &results.verdicts[0];
        assert_eq!(row.verdict, expected, "{first} {second}: {row:?}");
        let planned = &plan(&config.experiment()).sizes[0].checks[0];
        let holds = planned.forecast.holds;
        assert_eq!(
            holds > 0.99,
            expected == "HOLDS",
            "{first} {second}: {planned:?}"
        );
        assert_eq!(
            holds < 0.01,
            expected != "HOLDS",
            "{first} {second}: {planned:?}"
        );
    }
}

#[test]
fn copies_at_rest_are_planned_as_they_are_judged() {
    let aligned = "lambda = 1.0\nmu = 1.0\ncoupling = \"aligned\"";
    let still = "lambda = 0.0\nmu = 1.0\ncoupling = \"synchronous\"";
    let moving = || normal(0.0, 1.0);
    for (model, first, second) in [
        (SYNCHRONOUS, coin(0.0), moving()),
        (SYNCHRONOUS, moving(), coin(0.0)),
        (aligned, moving(), coin(0.0)),
        (aligned, coin(0.0), moving()),
        (still, coin(0.0), coin(0.0)),
    ] {
        let config = Config {
            model,
            bath: coin(0.0),
            first,
            second,
            ..Config::plain(check("lemma-3", 0.1))
        };
        let planned = &plan(&config.experiment()).sizes[0].checks[0];
        assert!(planned.forecast.holds > 0.99, "{planned:?}");
        let row = &config.run().verdicts[0];
        assert_eq!(row.verdict, "HOLDS", "{model}: {row:?}");
    }
}

#[test]
fn laws_that_differ_by_little_more_than_rounding_void_nothing() {
    let mixture = |sd: f64| {
        format!(
            "{{ law = \"normal-mixture\", weights = [0.5, 0.5], means = [-1.0, 1.0], sds = [0.5, {sd:?}] }}"
        )
    };
    let laplace = |mean: f64| format!("{{ law = \"laplace\", mean = {mean:?}, scale = 1.0 }}");
    let pairs = [
        (uniform(-1.0, 1.0), uniform(-1.0, 1.0000000000000002)),
        (uniform(-1.0, 1.0), uniform(-1.0, 1.000000000000001)),
        (
            uniform(1e8, 1e8 + 1.0),
            uniform(1e8, 100_000_001.000_000_06),
        ),
        (normal(1e8, 1.0), normal(1e8, 1.000_000_02)),
        (mixture(1.0), mixture(1.0 + 1e-13)),
        (laplace(1e6), laplace(1e6 + 1e-9)),
    ];
    for (index, (first, second)) in pairs.into_iter().enumerate() {
        let checks = check("theorem-6-coupling", 0.3) + &check("lemma-12", 0.05);
        let results = Config {
            first: first.clone(),
            second: second.clone(),
            ..Config::plain(checks)
        }
        .run();
        for row in &results.tables.discrepancy {
            let normal = row.z.is_none_or(|z| z.abs() < 5.0) || !row.trusted;
            assert!(normal, "{first} {second}: {row:?}");
        }
        // Nothing is decided about a ‖Δ‖² that may be rounding.
        let row = &results.verdicts[1];
        assert!(index > 2 || row.verdict == "INCONCLUSIVE", "{row:?}");
    }
    // Rounding is negligible beside chance for laws 10⁻⁹ apart.
    let results = Config {
        second: normal(1e-9, 1.0),
        ..Config::plain(check("theorem-6-coupling", 0.3))
    }
    .run();
    for row in &results.tables.discrepancy {
        assert!(row.trusted, "{row:?}");
    }
}

#[test]
fn means_that_are_rounding_are_not_calibrated() {
    for (second, trusted) in [
        (uniform(-1.0, 1.0000000000000002), false),
        (uniform(-1.0, 1.1), true),
    ] {
        let config = Config {
            first: uniform(-1.0, 1.0),
            second,
            ..Config::plain(String::new())
        };
        let experiment = config.experiment();
        let estimates = Repetition::new(&experiment, 0, &[1, 2]).estimates();
        let means = estimates
            .iter()
            .filter(|estimate| estimate.estimate == "mean");
        let means: Vec<bool> = means.map(|estimate| estimate.trusted).collect();
        assert_eq!(means, [trusted; 2]);
    }
}

/// The two starts of a steady state differ by rounding, and so does their distance at the time of coupling.
#[test]
fn starts_that_differ_by_rounding_do_not_void_theorem_1() {
    for (first, second, tolerance) in [
        (uniform(-1.0, 1.0), uniform(-1.0, 1.0000000000000002), 1e-33),
        (
            uniform(1e6, 1e6 + 1.0),
            uniform(1e6, 1_000_001.000_000_000_1),
            1e-21,
        ),
    ] {
        let steady = format!("[steady_state]\ntolerance = {tolerance:?}\n");
        let results = Config {
            replicas: 4000,
            first,
            second,
            end: "0.1",
            ..Config::plain(steady + &check("theorem-1", 0.2))
        }
        .run();
        let mut rows = results.tables.steady_state.iter();
        let distance = rows.find(|row| row.quantity == "w2_upper").unwrap();
        assert!(!distance.trusted, "{distance:?}");
    }
}

#[test]
fn distances_of_nearly_equal_laws_agree_with_lemma_11() {
    let points = |far: f64| {
        format!(
            "{{ law = \"discrete\", values = [-1.3, 0.1, {far:?}], weights = [0.3333333333333333, 0.3333333333333333, 0.3333333333333333] }}"
        )
    };
    for gap in [1e-4, 1e-8, 1e-12, 1e-14] {
        for (first, second) in [
            (normal(0.0, 1.0), normal(0.0, 1.0 + gap)),
            (normal(1e6, 1.7 + gap), normal(1e6, 1.7)),
            (normal(3.0, 1.0), normal(3.0 + gap, 1.0)),
            (points(1.7), points(1.7 + gap)),
        ] {
            let row = &Config {
                replicas: 2,
                first,
                second,
                end: "0.01",
                ..Config::plain(check("lemma-11", 0.01))
            }
            .run()
            .verdicts[0];
            assert_eq!(row.verdict, "HOLDS", "{gap}: {row:?}");
        }
    }
}
