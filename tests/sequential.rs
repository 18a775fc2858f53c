//! Checking with looks at growing data: its error level, and its verdicts.

use kac_coupling::config::load;
use kac_coupling::experiment::{Check, Expectation, Experiment};
use kac_coupling::measure::Engine;
use kac_coupling::model::Clock;
use kac_coupling::verify::{Results, Sampling, verify};
use std::path::Path;

fn experiment(particles: usize, replicas: u64) -> Experiment {
    let name = "experiments/clock-theorem6.toml";
    let mut experiment = load(Path::new(name)).unwrap().experiment;
    experiment.sweep = vec![(particles, replicas)];
    experiment.wasserstein = None;
    experiment.points = 11;
    experiment.end = 2.0;
    experiment
}

fn check(claim: &str, expect: Expectation, tolerance: f64, confidence: f64) -> Check {
    Check {
        claim: claim.to_string(),
        expect,
        tolerance,
        confidence,
    }
}

fn run(experiment: &Experiment, sampling: Sampling) -> Results {
    let finished = |_: &Results| Ok::<(), std::convert::Infallible>(());
    verify(experiment, Engine::Block, sampling, &|_| (), finished).unwrap()
}

/// How often each verdict comes out over a thousand seeds.
fn frequencies(mut experiment: Experiment) -> std::collections::BTreeMap<&'static str, u64> {
    let mut counts = std::collections::BTreeMap::new();
    for seed in 0..1000 {
        experiment.seed = seed;
        for row in run(&experiment, Sampling::Adaptive).verdicts {
            *counts.entry(row.verdict).or_default() += 1;
        }
    }
    counts
}

#[test]
fn a_claim_at_the_edge_of_its_tolerance_holds_no_more_often_than_one_look_would_allow() {
    // On the clock of Eq. (1) the rate is half the printed one: at the edge of a
    // tolerance of ½, where one end of a 90 % interval errs once in twenty. Four
    // looks at this level each would err in some 12 % of all runs.
    let mut experiment = experiment(2, 8192);
    experiment.clock = Clock::MasterEquation;
    experiment.checks = vec![check("theorem-6-coupling", Expectation::Holds, 0.5, 0.9)];
    let counts = frequencies(experiment);
    let holds = counts.get("HOLDS").copied().unwrap_or(0);
    // Binomial(1000, 0.05) is above 76 with a probability of 2e-4.
    assert!(holds <= 76, "{counts:?}");
    // The level is used: the last looks' shares are most of it.
    assert!(holds >= 20, "{counts:?}");
    assert_eq!(counts.get("VOID"), None);
}

#[test]
fn a_true_claim_is_never_refuted() {
    let mut experiment = experiment(2, 2048);
    experiment.checks = ["theorem-6-coupling", "theorem-6"]
        .map(|claim| check(claim, Expectation::Holds, 0.1, 0.9))
        .to_vec();
    let counts = frequencies(experiment);
    assert_eq!(counts.get("REFUTED"), None, "{counts:?}");
    assert_eq!(counts.get("VOID"), None, "{counts:?}");
    assert!(counts["HOLDS"] > 500, "{counts:?}");
}

#[test]
fn looks_reach_the_verdicts_of_all_replicas_on_fewer() {
    let name = "experiments/two-baths.toml";
    let experiment = load(Path::new(name)).unwrap().experiment;
    let [full, adaptive] =
        [Sampling::Full, Sampling::Adaptive].map(|sampling| run(&experiment, sampling));
    let verdicts = |results: &Results| -> Vec<_> {
        let rows = results.verdicts.iter();
        rows.map(|row| (row.claim.clone(), row.particles, row.verdict))
            .collect()
    };
    assert_eq!(verdicts(&full), verdicts(&adaptive));
    assert!(2 * adaptive.collisions < full.collisions);
    assert!(adaptive.false_alarm > full.false_alarm && adaptive.false_alarm < 1e-4);
}

#[test]
fn the_last_look_gives_the_numbers_of_all_replicas_at_once() {
    let mut experiment = experiment(3, 1000);
    // Never decided, so that all looks are made.
    experiment.checks = vec![check("theorem-6-coupling", Expectation::Holds, 1e-6, 0.999)];
    let [full, adaptive] =
        [Sampling::Full, Sampling::Adaptive].map(|sampling| run(&experiment, sampling));
    assert_eq!(full.collisions, adaptive.collisions);
    for (one, other) in full
        .tables
        .discrepancy
        .iter()
        .zip(&adaptive.tables.discrepancy)
    {
        assert_eq!(one.mean.to_bits(), other.mean.to_bits());
    }
}
