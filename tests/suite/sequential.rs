//! Checks with looks at growing data: their error level, and their verdicts.

use kac_coupling::config::load;
use kac_coupling::estimate::Findings;
use kac_coupling::experiment::{Check, Expectation, Experiment};
use kac_coupling::judge::claims::claim_of;
use kac_coupling::judge::forecast::Prospect;
use kac_coupling::judge::{Evidence, judge};
use kac_coupling::measure::runner::Control;
use kac_coupling::measure::{Engine, Job};
use kac_coupling::model::Clock;
use kac_coupling::numerics::binomial::binomial_limits;
use kac_coupling::verify::sequential::{Look, looks};
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

/// The number of times that each verdict is given over a thousand seeds.
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
    // The level is used up to most of the last looks' shares.
    assert!(holds >= 20, "{counts:?}");
    assert_eq!(counts.get("VOID"), None);
}

/// The number of seeds, at each look, for which an interval misses the exact value: for the correct
/// interval, with standard errors a fifth too small, and with a level that is not shared.
fn misses(mut experiment: Experiment, looks: &[Look]) -> [Vec<u64>; 3] {
    let theory = experiment.theory(2);
    let check = experiment.checks[0].clone();
    let mut misses = [(); 3].map(|()| vec![0; looks.len()]);
    for seed in 0..SEEDS_OF_LEVELS {
        experiment.seed = seed;
        let job = Job::new(&experiment, 0, &theory);
        let mut samples = job.nothing();
        for (number, look) in looks.iter().enumerate() {
            let control = Control::new(&|_| ());
            job.extend(&mut samples, 0..look.replicas, Engine::Block, control);
            let measured = job.measured(samples.clone());
            let findings = Findings::new(&experiment, 0, theory.clone(), measured);
            let evidence = Evidence {
                experiment: &experiment,
                findings: &findings,
                self_checks: &[],
            };
            let missed = |check: &Check, factor: f64| {
                let row = judge(check, claim_of(check), evidence);
                let half = 0.5 * (row.ci_high.unwrap() - row.ci_low.unwrap());
                let deviation = (row.estimate.unwrap() - row.exact.unwrap()).abs();
                u64::from(deviation > factor * half)
            };
            misses[0][number] += missed(&look.check(&check), 1.0);
            misses[1][number] += missed(&look.check(&check), 0.8);
            misses[2][number] += missed(&check, 1.0);
        }
    }
    misses
}

const SEEDS_OF_LEVELS: u64 = 1500;

#[test]
fn the_interval_at_each_look_misses_the_exact_value_as_often_as_its_level_says() {
    // Printed and exact rate are the same, and a level of 0.2 is shared.
    let mut experiment = experiment(2, 4096);
    experiment.checks = vec![check("theorem-6-coupling", Expectation::Holds, 0.1, 0.8)];
    let prospect = Prospect {
        experiment: &experiment,
        theory: &experiment.theory(2),
        particles: 2,
        replicas: 4096,
        pilot: None,
    };
    let (last, mut looks) = looks(&prospect, 256);
    looks.push(last);
    assert!(looks.len() >= 3, "{looks:?}");
    // A count above the binomial limit has a probability of 5e-4 at each look.
    let limits = looks.iter().map(|look| {
        let level = 1.0 - look.check(&experiment.checks[0]).confidence;
        *binomial_limits(SEEDS_OF_LEVELS, level, 0.999).end()
    });
    let limits: Vec<u64> = limits.collect();
    let [sound, narrow, unshared] = misses(experiment.clone(), &looks);
    let within = |misses: &[u64]| {
        misses
            .iter()
            .zip(&limits)
            .all(|(count, limit)| count <= limit)
    };
    assert!(within(&sound), "{sound:?} {limits:?}");
    // Wrong intervals would be seen.
    assert!(!within(&narrow), "{narrow:?} {limits:?}");
    assert!(!within(&unshared), "{unshared:?} {limits:?}");
    // A level of 0.13 or more is used, by errors that are the larger of two: a
    // count below 100 of 1500 would be that of 0.067.
    assert!(sound.iter().any(|&count| count >= 100), "{sound:?}");
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
    assert!(adaptive.collisions < full.collisions);
    // At N = 8 far fewer replicas than all suffice for every seed.
    let at_8 = |results: &Results| {
        let row = results.verdicts.iter().find(|row| row.particles == Some(8));
        row.expect("a verdict").replicas
    };
    assert!(2 * at_8(&adaptive) < at_8(&full));
    assert!(adaptive.false_alarm > full.false_alarm && adaptive.false_alarm < 1e-4);
}

#[test]
fn the_last_look_gives_the_numbers_of_all_replicas_at_once() {
    let mut experiment = experiment(3, 1000);
    // The claim is never decided, so all looks are made.
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
