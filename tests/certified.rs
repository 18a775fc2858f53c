//! What certified brackets decide: Theorem 6 by that of the joint laws, Lemma 12 by both,
//! and brackets that cannot be.

use kac_coupling::bracket::{Known, Velocities, first_marginals, joint_laws};
use kac_coupling::config::load;
use kac_coupling::coupling::{CouplingKind, Rematch};
use kac_coupling::estimate::{Findings, TABLE_CONFIDENCE};
use kac_coupling::experiment::{Check, Expectation, Experiment, WassersteinPlan};
use kac_coupling::judge::claims::find;
use kac_coupling::judge::forecast::{Forecast, Prospect};
use kac_coupling::judge::self_check::self_checks;
use kac_coupling::judge::{Evidence, VerdictRow, judge};
use kac_coupling::law::{Discrete, Law, Normal, Point, Uniform};
use kac_coupling::measure::{Engine, Job};
use kac_coupling::model::Clock;
use kac_coupling::theory::pairing::Pairing;
use std::path::Path;

const TOLERANCE: f64 = 0.01;
const CONFIDENCE: f64 = 0.999;

fn normal(mean: f64, sd: f64) -> Law {
    Law::Normal(Normal::new(mean, sd).unwrap())
}

fn discrete(values: &[f64], weights: &[f64]) -> Law {
    Law::Discrete(Discrete::new(values.to_vec(), weights.to_vec()).unwrap())
}

/// N(0,1) against a uniform law with a bath of two temperatures, on the clock of Theorem
/// 6's proof; limits of five times, all velocities kept.
fn base(particles: usize, replicas: u64) -> Experiment {
    let path = Path::new("experiments/theorem6.toml");
    Experiment {
        sweep: vec![(particles, replicas)],
        end: 2.0,
        points: 9,
        wasserstein: Some(WassersteinPlan {
            points: 5,
            sample: 2000,
            bracket: particles * replicas as usize,
        }),
        ..load(path).unwrap().experiment
    }
}

fn findings(experiment: &Experiment) -> Findings {
    let theory = experiment.theory(experiment.sweep[0].0);
    let measured = Job::new(experiment, 0, &theory).run(Engine::Block, &|_| ());
    Findings::new(experiment, 0, theory, measured)
}

fn check(claim: &str) -> Check {
    Check {
        claim: claim.to_string(),
        expect: Expectation::Holds,
        tolerance: TOLERANCE,
        confidence: CONFIDENCE,
    }
}

fn verdict(experiment: &Experiment, findings: &Findings, claim: &str) -> VerdictRow {
    let evidence = Evidence {
        experiment,
        findings,
        self_checks: &self_checks(findings),
        initial_w2: experiment.initial_w2().unwrap_or(f64::NAN),
    };
    judge(&check(claim), find(claim).unwrap(), evidence)
}

fn forecast(experiment: &Experiment, claim: &str) -> Forecast {
    let (particles, replicas) = experiment.sweep[0];
    let prospect = Prospect {
        experiment,
        theory: &experiment.theory(particles),
        particles,
        replicas,
        initial_w2: experiment.initial_w2().unwrap_or(f64::NAN),
        pilot: None,
    };
    find(claim).unwrap().forecast(&prospect, &check(claim))
}

#[test]
fn joint_brackets_certify_theorem_6_where_its_mechanism_cannot() {
    let aligned: fn(&mut Experiment) = |experiment| experiment.coupling = CouplingKind::Aligned;
    let rematched: fn(&mut Experiment) = |experiment| experiment.rematch = Rematch::Event;
    let unmatched: fn(&mut Experiment) = |experiment| {
        experiment.pairing = Pairing::Independent;
        experiment.rematch = Rematch::Output;
    };
    for change in [aligned, rematched, unmatched] {
        let mut experiment = base(16, 4000);
        change(&mut experiment);
        let row = verdict(&experiment, &findings(&experiment), "theorem-6");
        assert_eq!(row.verdict, "HOLDS", "{}", row.reason);
        assert!(row.quantity.contains("joint"), "{}", row.quantity);
        // Nothing else certifies it.
        experiment.wasserstein = None;
        let row = verdict(&experiment, &findings(&experiment), "theorem-6");
        assert_eq!(row.verdict, "INCONCLUSIVE", "{}", row.reason);
    }
}

/// Two velocities ±1 against two that are mostly 0, mixed by many pair collisions: the
/// first marginals come near each other, the energies of the pairs do not. On the clock
/// of Eq. (1) both theorems print a rate that is too large.
fn energies_apart(end: f64) -> Experiment {
    let edge = 10f64.sqrt();
    Experiment {
        clock: Clock::MasterEquation,
        rematch: Rematch::Event,
        lambda: 10.0,
        bath: normal(0.0, 0.01),
        first: discrete(&[-1.0, 1.0], &[0.5, 0.5]),
        second: discrete(&[-edge, 0.0, edge], &[0.05, 0.9, 0.05]),
        end,
        ..base(2, 100_000)
    }
}

#[test]
fn theorem_6_is_judged_by_the_joint_laws_where_the_marginals_say_otherwise() {
    let judged = |end: f64| {
        let experiment = energies_apart(end);
        let findings = findings(&experiment);
        ["theorem-6", "theorem-7"].map(|claim| verdict(&experiment, &findings, claim))
    };
    // At t = 1.3 W₂² of the marginals is at most 0.99 of the bound, and that of the joint
    // laws at least 1.01 of it.
    let [joint, marginal] = judged(1.3);
    assert_eq!(marginal.verdict, "HOLDS", "{}", marginal.reason);
    assert_eq!(joint.verdict, "REFUTED", "{}", joint.reason);
    assert!(joint.reason.contains("joint laws"), "{}", joint.reason);
    // At t = 1 that is 0.93, and at most 1.4 of it.
    let [joint, marginal] = judged(1.0);
    assert_eq!(marginal.verdict, "HOLDS", "{}", marginal.reason);
    assert_eq!(joint.verdict, "INCONCLUSIVE", "{}", joint.reason);
}

#[test]
fn limits_of_all_times_share_the_level() {
    let mut experiment = base(16, 4000);
    experiment.rematch = Rematch::Output;
    let findings = findings(&experiment);
    let [joint, marginal] =
        ["theorem-6", "theorem-7"].map(|claim| verdict(&experiment, &findings, claim));
    // Of four times after 0 the first comes nearest. A one-sided level α is that of a
    // two-sided confidence 1 − 2α.
    let (first, all) = findings.brackets[1].as_ref().unwrap();
    let level = (1.0 - CONFIDENCE) / 4.0;
    let of_first = |level: f64| first.measured_limits(1.0 - 2.0 * level).unwrap();
    let of_all = |level: f64| all.measured_limits(1.0 - 2.0 * level).unwrap();
    let interval = |row: &VerdictRow| (row.ci_low.unwrap(), row.ci_high.unwrap());
    assert_eq!(interval(&marginal), of_first(level));
    // Of two lower limits each has half of it.
    let lower = of_first(0.5 * level).0.max(of_all(0.5 * level).0);
    assert_eq!(interval(&joint), (lower, of_all(level).1));
    // Lemma 12 takes four limits of five times.
    let level = (1.0 - CONFIDENCE) / 20.0;
    let row = verdict(&experiment, &findings, "lemma-12");
    let low = |bracket: &Option<_>| {
        let (first, all): &(
            kac_coupling::bracket::Bracket,
            kac_coupling::bracket::JointBracket,
        ) = bracket.as_ref().unwrap();
        let of = |limits: Option<(f64, f64)>| limits.unwrap();
        of(all.measured_limits(1.0 - 2.0 * level)).0
            / of(first.measured_limits(1.0 - 2.0 * level)).1
    };
    let least = findings
        .brackets
        .iter()
        .map(low)
        .fold(f64::INFINITY, f64::min);
    if row.quantity.contains("joint") {
        assert_eq!(row.ci_low, Some(least));
    } else {
        let said = format!("[{least:.4}, ");
        assert!(row.reason.contains(&said), "{} {said}", row.reason);
    }
}

#[test]
fn few_replicas_have_no_joint_limits_that_decide() {
    let mut experiment = base(256, 149);
    experiment.coupling = CouplingKind::Aligned;
    let judged =
        |experiment: &Experiment| verdict(experiment, &findings(experiment), "theorem-6").verdict;
    let unforeseen = |experiment: &Experiment| forecast(experiment, "theorem-6").holds_unforeseen;
    assert_eq!(judged(&experiment), "INCONCLUSIVE");
    assert_eq!(unforeseen(&experiment), 0.0);
    experiment.sweep = vec![(256, 150)];
    experiment.wasserstein = experiment.wasserstein.map(|plan| WassersteinPlan {
        bracket: 256 * 150,
        ..plan
    });
    assert_eq!(judged(&experiment), "HOLDS");
    // Were the claim false, this is how often it would be certified, at most.
    assert!((unforeseen(&experiment) - (1.0 - CONFIDENCE)).abs() < 1e-12);
}

#[test]
fn brackets_that_are_not_trusted_certify_nothing() {
    // Almost half of W₂² is made by a velocity of probability 10⁻⁷, which most runs never
    // draw: what they see is below the printed bound, and the truth is above. Energies do
    // not tell.
    let rare: f64 = 1e-7;
    let variance = rare * 9.0 * 9.0;
    let sd = variance.sqrt();
    let mut experiment = Experiment {
        clock: Clock::MasterEquation,
        bath: normal(0.0, 1.0),
        first: discrete(&[1.0, 10.0], &[1.0 - rare, rare]),
        second: discrete(&[1.001 - sd, 1.001 + sd], &[0.5, 0.5]),
        end: 0.1,
        points: 3,
        wasserstein: Some(WassersteinPlan {
            points: 3,
            sample: 2000,
            bracket: 50_000,
        }),
        ..base(1, 50_000)
    };
    for seed in 0..5 {
        experiment.seed = seed;
        let findings = findings(&experiment);
        let joint = &findings.brackets[2].as_ref().unwrap().1;
        let bound = (-0.1f64).exp() * experiment.initial_w2().unwrap();
        let upper = joint.measured_limits(CONFIDENCE).unwrap().1;
        assert!(upper < bound, "{upper} {bound}");
        for claim in ["theorem-6", "theorem-7", "lemma-12"] {
            let row = verdict(&experiment, &findings, claim);
            assert_eq!(row.verdict, "INCONCLUSIVE", "{claim}: {}", row.reason);
        }
    }
}

/// Make the brackets of the first marginals or of the joint laws after time 0 of copies
/// the second of which is stretched. At time 0 limits can be exact but for rounding.
fn plant(findings: &mut Findings, of_joint: bool, stretch: f64) {
    let times = findings.distance_times.iter().map(|&at| findings.times[at]);
    let kept = findings.measured.kept.iter().zip(times);
    for (bracket, (kept, time)) in findings.brackets.iter_mut().zip(kept).skip(1) {
        let second: Vec<f64> = kept.second.iter().map(|v| stretch * v).collect();
        let velocities = Velocities::new(findings.particles, &kept.first, &second);
        // Moments of the stretched copy are not those that are known.
        let mut known = Known::at(&findings.theory, time);
        let moments = &mut known.moments[1];
        let power = |moment: Option<f64>, power| moment.map(|m| m * stretch.powi(power));
        moments.mean = power(moments.mean, 1);
        moments.second = power(moments.second, 2);
        moments.fourth = power(moments.fourth, 4);
        moments.square_pair = power(moments.square_pair, 4);
        let bracket = bracket.as_mut().unwrap();
        if of_joint {
            bracket.1 = joint_laws(&velocities, &known, TABLE_CONFIDENCE);
        } else {
            bracket.0 = first_marginals(&velocities, &known, TABLE_CONFIDENCE);
        }
    }
}

const ABOUT_BRACKETS: [&str; 3] = ["theorem-6", "theorem-7", "lemma-12"];

#[test]
fn brackets_that_cannot_be_are_void() {
    let mut experiment = base(16, 4000);
    // One mean and one variance: Gelbrich's bound is 0.
    let alike = |experiment: &Experiment| Experiment {
        first: normal(1.0, 4.0 / 3f64.sqrt()),
        ..experiment.clone()
    };
    experiment.rematch = Rematch::Event;
    for (name, experiment, of_joint, stretch, said) in [
        ("nothing", &experiment, true, 1.0, ""),
        ("nothing", &experiment, false, 1.0, ""),
        (
            "joint laws too far apart",
            &experiment,
            true,
            2.0,
            "the lower limit of the joint laws of W2²",
        ),
        (
            "marginals too far apart",
            &experiment,
            false,
            2.0,
            "the lower limit of the first marginals of W2²",
        ),
        (
            "joint laws too near each other",
            &experiment,
            true,
            0.6,
            "is above the upper limit of the joint laws",
        ),
        (
            "marginals too near each other",
            &experiment,
            false,
            0.6,
            "is above the upper limit of the first marginals",
        ),
        (
            "marginals farther apart than joint laws",
            &alike(&experiment),
            false,
            1.3,
            "the lower limit of the first marginals of W2²",
        ),
    ] {
        let mut findings = findings(experiment);
        plant(&mut findings, of_joint, stretch);
        for claim in ABOUT_BRACKETS {
            let row = verdict(experiment, &findings, claim);
            let void = row.verdict == "VOID";
            assert_eq!(void, !said.is_empty(), "{name}: {claim}: {}", row.reason);
            assert!(!void || row.reason.contains(said), "{name}: {}", row.reason);
        }
    }
}

#[test]
fn a_right_program_is_not_void_where_all_bounds_are_the_same() {
    // A bath at rest, and a second law 1.5 times the first: the distances of the marginals
    // and of the joint laws, Gelbrich's bound and the exact upper one are all 0.25 E V²,
    // and control variates leave hardly more than rounding.
    let uniform = |scale: f64| Law::Uniform(Uniform::new(-scale, 2.0 * scale).unwrap());
    for coupling in [CouplingKind::Synchronous, CouplingKind::Independent] {
        let mut experiment = Experiment {
            bath: Law::Point(Point::new(0.0).unwrap()),
            first: uniform(1.0),
            second: uniform(1.5),
            pairing: Pairing::Independent,
            coupling,
            ..base(8, 2500)
        };
        for seed in 0..20 {
            experiment.seed = seed;
            let findings = findings(&experiment);
            for claim in ABOUT_BRACKETS {
                let row = verdict(&experiment, &findings, claim);
                let right = ["HOLDS", "INCONCLUSIVE"].contains(&row.verdict);
                assert!(right, "{claim}, seed {seed}: {}", row.reason);
            }
        }
    }
}

#[test]
fn limits_above_the_exact_bound_refute_nothing() {
    // On this clock the printed bound is the exact one: it cannot be refuted by a right
    // program, and a lower limit above it is noise until it is void. One particle cannot
    // be rematched: the upper limit is about the exact bound too.
    let experiment = base(1, 20_000);
    let honest = findings(&experiment);
    // Two lower limits at each of four times.
    let level = 1.0 - 2.0 * (1.0 - CONFIDENCE) / 8.0;
    for of_joint in [false, true] {
        let mut above = 0;
        for permille in 110..=118 {
            let mut findings = Findings::new(
                &experiment,
                0,
                honest.theory.clone(),
                honest.measured.clone(),
            );
            plant(&mut findings, of_joint, 1.0 + f64::from(permille) / 1000.0);
            let exceeds = (1..5).any(|index| {
                let (first, joint) = findings.brackets[index].as_ref().unwrap();
                let lower = match of_joint {
                    true => joint.measured_limits(level),
                    false => first.measured_limits(level),
                };
                let time = findings.times[findings.distance_times[index]];
                lower.unwrap().0 > findings.theory.contraction_bound(time)
            });
            let row = verdict(&experiment, &findings, "theorem-6");
            assert_ne!(row.verdict, "REFUTED", "{permille}: {}", row.reason);
            above += usize::from(exceeds && row.verdict != "VOID");
        }
        // Some were put to the test.
        assert!(above > 0, "{of_joint}");
    }
}

#[test]
fn lemma_12_is_shown_by_brackets_where_moments_show_nothing() {
    // Equal means and variances, and no closed form of the variance of ‖Δ‖².
    let mut experiment = energies_apart(1.0);
    let honest = findings(&experiment);
    let row = verdict(&experiment, &honest, "lemma-12");
    assert_eq!(row.verdict, "HOLDS", "{}", row.reason);
    assert!(row.ci_low.unwrap() > 1.0 - TOLERANCE && row.ci_high.unwrap() > 1.0);
    // Joint laws that are as little apart as this are not, and may be all the same: the
    // coupling costs more.
    let mut nearer = findings(&experiment);
    plant(&mut nearer, true, 0.9);
    let row = verdict(&experiment, &nearer, "lemma-12");
    assert_eq!(row.verdict, "INCONCLUSIVE", "{}", row.reason);
    assert!(
        row.ci_low.unwrap() < 1.0 - TOLERANCE && row.ci_high.unwrap() > 1.0,
        "{row:?}"
    );
    // So are brackets that are wide.
    experiment.sweep = vec![(2, 10_000)];
    let row = verdict(&experiment, &findings(&experiment), "lemma-12");
    assert_eq!(row.verdict, "INCONCLUSIVE", "{}", row.reason);
    // And no brackets.
    experiment.wasserstein = None;
    let row = verdict(&experiment, &findings(&experiment), "lemma-12");
    assert_eq!(row.verdict, "INCONCLUSIVE", "{}", row.reason);
    assert!(row.reason.contains("variance"), "{}", row.reason);
}
