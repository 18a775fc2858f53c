//! Experiments on which the program once gave a false verdict in most runs.

use crate::adversaries::generate::Adversary;
use kac_coupling::experiment::{Check, Expectation, Experiment, SteadyStatePlan, WassersteinPlan};
use kac_coupling::law::joint::Joint;
use kac_coupling::law::{Discrete, Law, Normal, NormalMixture, Point, StudentT, Uniform};
use kac_coupling::model::Clock;
use kac_coupling::model::coupling::{CouplingKind, Rematch};
use kac_coupling::theory::pairing::Pairing;

fn normal(sd: f64) -> Law {
    Normal::new(0.0, sd).unwrap().into()
}

fn mixture(parts: &[(f64, f64, f64)]) -> Law {
    let [weights, means, sds] = [0, 1, 2].map(|k| {
        let part = |&(weight, mean, sd): &(f64, f64, f64)| [weight, mean, sd][k];
        parts.iter().map(part).collect()
    });
    NormalMixture::new(weights, means, sds).unwrap().into()
}

fn student(freedom: f64) -> Law {
    StudentT::new(freedom, 1.0, 0.0).unwrap().into()
}

fn base(laws: [Law; 2], particles: usize, replicas: u64, claims: &[&str]) -> Experiment {
    let [first, second] = laws;
    let check = |claim: &&str| Check {
        claim: claim.to_string(),
        expect: Expectation::Holds,
        tolerance: 0.01,
        confidence: 0.999,
    };
    Experiment {
        name: "reviewed".to_string(),
        title: None,
        seed: 0,
        sweep: vec![(particles, replicas)],
        lambda: 1.0,
        mu: 1.0,
        clock: Clock::Theorem6,
        coupling: CouplingKind::Synchronous,
        rematch: Rematch::Never,
        bath: normal(1.0),
        first,
        second,
        joints: [Joint::Product; 2],
        pairing: Pairing::Independent,
        end: 1.0,
        points: 3,
        wasserstein: None,
        calibration: None,
        steady_state: None,
        checks: claims.iter().map(check).collect(),
    }
}

/// Upper limits missed, and HOLDS was false, where a component is so rare that the sample has none.
fn of_brackets() -> Vec<Experiment> {
    let plan = |sample, bracket| {
        Some(WassersteinPlan {
            points: 3,
            sample,
            bracket,
        })
    };
    let far = mixture(&[
        (0.999999, 0.0, 1.0),
        (5e-7, 200.0, 0.1),
        (5e-7, -200.0, 0.1),
    ]);
    let wide = mixture(&[(0.99999, 0.0, 1.0), (1e-5, 0.0, 30.0)]);
    vec![
        Experiment {
            lambda: 0.2,
            clock: Clock::MasterEquation,
            wasserstein: plan(10_000, 200_000),
            ..base([far, normal(1.0198039)], 2, 100_000, &["theorem-7"])
        },
        Experiment {
            wasserstein: plan(4000, 40_000),
            ..base([wide, normal(1.00449)], 4, 10_000, &["theorem-7"])
        },
    ]
}

/// Batches gave HOLDS and VOID where few velocities carry the difference of the laws.
fn of_batches() -> Vec<Experiment> {
    let rare = || mixture(&[(0.9999999, 0.0, 1.0), (1e-7, 0.0, 3162.28)]);
    let plan = |sample| {
        Some(WassersteinPlan {
            points: 2,
            sample,
            bracket: 0,
        })
    };
    let couplings = [
        (CouplingKind::Independent, Rematch::Output),
        (CouplingKind::Synchronous, Rematch::Output),
        (CouplingKind::Aligned, Rematch::Never),
    ];
    let holds = couplings.map(|(coupling, rematch)| Experiment {
        lambda: 0.0,
        clock: Clock::MasterEquation,
        coupling,
        rematch,
        points: 2,
        wasserstein: plan(5000),
        ..base([rare(), normal(2f64.sqrt())], 1, 100_000, &["theorem-7"])
    });
    let void = Experiment {
        coupling: CouplingKind::Independent,
        rematch: Rematch::Output,
        points: 2,
        wasserstein: plan(1000),
        ..base([rare(), normal(1.0)], 2, 10_000, &["theorem-7"])
    };
    holds.into_iter().chain([void]).collect()
}

/// A law and its mirror image become equal by a first collision: M decays at the rate κ + β. Almost no velocity has
/// collided, and lower limits that show time 0 gave REFUTED.
fn of_few_collisions() -> Vec<Experiment> {
    let sides = |sign: f64| {
        let part = |mean: f64, sd: f64| (0.5, sign * mean, sd);
        mixture(&[part(0.9, 0.1), part(1.1, 0.1018)])
    };
    let cases = [(1, 0.0, 5e-5), (4, 0.2, 1.2e-5)];
    let of = |(particles, lambda, end)| Experiment {
        lambda,
        clock: Clock::MasterEquation,
        pairing: Pairing::Optimal,
        end,
        points: 2,
        wasserstein: Some(WassersteinPlan {
            points: 2,
            sample: 1000,
            bracket: 20_000,
        }),
        ..base(
            [sides(1.0), sides(-1.0)],
            particles,
            20_000,
            &["theorem-6", "theorem-7"],
        )
    };
    cases.into_iter().map(of).collect()
}

/// An atom is no larger than the others, and one velocity of it is expected in all: the scatter of groups gave VOID, as
/// control variates leave no noise, and so did batches without it.
fn of_rare_atoms() -> Vec<Experiment> {
    let atoms = |values: [f64; 3]| -> Law {
        let weights = vec![0.499975, 5e-5, 0.499975];
        Discrete::new(values.to_vec(), weights).unwrap().into()
    };
    let of = |last: f64, coupling, bracket| Experiment {
        coupling,
        pairing: Pairing::Optimal,
        points: 2,
        wasserstein: Some(WassersteinPlan {
            points: 2,
            sample: 1000,
            bracket,
        }),
        ..base(
            [atoms([-1.0, 0.0, 1.0]), atoms([0.0, 1.4, last])],
            1,
            20_000,
            &["theorem-7", "lemma-12"],
        )
    };
    vec![
        of(3.0, CouplingKind::Synchronous, 20_000),
        of(2.0001, CouplingKind::Synchronous, 20_000),
        of(2.0001, CouplingKind::Aligned, 0),
    ]
}

/// The steady-state self-check gave VOID where the bath velocities do not determine a variance.
fn of_steady_states() -> Vec<Experiment> {
    let point = |value| Point::new(value).unwrap().into();
    let rare = mixture(&[(0.9999, 0.0, 1.0), (0.0001, 0.0, 10.0)]);
    let cases = [
        (rare, 1, 1000),
        (student(8.05), 1, 20_000),
        (student(8.1), 2, 3000),
    ];
    let of = |(bath, particles, replicas)| Experiment {
        bath,
        pairing: Pairing::Optimal,
        points: 2,
        steady_state: Some(SteadyStatePlan { tolerance: 1e-2 }),
        ..base(
            [point(1.0), point(-1.0)],
            particles,
            replicas,
            &["theorem-1"],
        )
    };
    cases.into_iter().map(of).collect()
}

/// Lower limits were too high, and gave VOID, where control variates were held against moments with a part that the
/// sample lacks.
fn of_control_variates() -> Vec<Experiment> {
    let plan = Some(WassersteinPlan {
        points: 3,
        sample: 1000,
        bracket: 100_000,
    });
    let atoms = |rare: f64, at: f64| {
        let laws = [
            discrete(&[-1.0, 1.0], &[0.5, 0.5]),
            discrete(
                &[-1.5, -1.0, 1.0, 1.5, at],
                &[0.25, 0.25, 0.25, 0.25 - rare, rare],
            ),
        ];
        (laws, 100_000)
    };
    let bump = |at: f64, replicas| {
        let laws = [
            normal(1.0),
            mixture(&[(1.0 - 1e-6, 0.0, 1.2), (1e-6, at, 0.05)]),
        ];
        (laws, replicas)
    };
    let cases = [
        atoms(1e-7, 6.0),
        atoms(1e-8, 8.0),
        bump(8.0, 100_000),
        bump(8.0, 30_000),
        bump(12.0, 30_000),
    ];
    let of = |(laws, replicas)| Experiment {
        lambda: 0.05,
        bath: Point::new(0.0).unwrap().into(),
        pairing: Pairing::Optimal,
        end: 0.1,
        wasserstein: plan,
        ..base(laws, 1, replicas, &["theorem-6", "theorem-7"])
    };
    cases.into_iter().map(of).collect()
}

fn discrete(values: &[f64], weights: &[f64]) -> Law {
    Discrete::new(values.to_vec(), weights.to_vec())
        .unwrap()
        .into()
}

/// The scatter of groups gave VOID at t = 0: control variates remove all noise of the first order, also for copies that
/// are not paired optimally, and error bars contain no other noise.
fn of_noise_of_the_second_order() -> Vec<Experiment> {
    let uniform = |low, high| Uniform::new(low, high).unwrap().into();
    let parts = |by: f64| mixture(&[(0.5, -1.0 + by, 0.1), (0.5, 1.0 + by, 0.1)]);
    let plan = |bracket| {
        Some(WassersteinPlan {
            points: 2,
            sample: 1000,
            bracket,
        })
    };
    let spheres = |particles, replicas, pairing| Experiment {
        joints: [Joint::Sphere; 2],
        pairing,
        points: 2,
        wasserstein: plan(40_000),
        ..base(
            [normal(1.0), normal(1.5)],
            particles,
            replicas,
            &["theorem-6"],
        )
    };
    let of_products = |laws, particles, replicas, bracket| Experiment {
        end: 0.5,
        points: 2,
        wasserstein: plan(bracket),
        ..base(laws, particles, replicas, &["theorem-7"])
    };
    vec![
        of_products([uniform(-1.0, 1.0), uniform(2.0, 4.0)], 8, 8000, 64_000),
        of_products([parts(0.0), parts(3.0)], 1, 40_000, 40_000),
        spheres(2, 20_000, Pairing::Optimal),
        spheres(2, 20_000, Pairing::Independent),
        spheres(4, 10_000, Pairing::Independent),
    ]
}

/// Lower limits of 10⁸ gave VOID: without a bath ΣV² is constant, a rare part that is smaller than the others is not in
/// the sample, and a control variate that varies by rounding was held against a mean that includes it.
fn of_constant_energies() -> Vec<Experiment> {
    let atoms = || {
        discrete(
            &[-1.0, -0.375, 0.375, 1.0],
            &[0.499999, 1e-6, 1e-6, 0.499999],
        )
    };
    let of = |second: Law, pairing, particles, replicas| Experiment {
        mu: 0.0,
        pairing,
        end: 0.5,
        wasserstein: Some(WassersteinPlan {
            points: 3,
            sample: 1000,
            bracket: 100_000,
        }),
        ..base([atoms(), second], particles, replicas, &["theorem-7"])
    };
    let far = || discrete(&[-3.0, 3.0], &[0.5, 0.5]);
    vec![
        of(Point::new(3.0).unwrap().into(), Pairing::Optimal, 8, 12_500),
        of(far(), Pairing::Independent, 8, 12_500),
        of(far(), Pairing::Independent, 20, 5000),
    ]
}

/// Experiments of two or three replicas, with seeds under which each replica happened to hold one rare particle or
/// collision: the empirical error was 0, and z = 6.4 gave VOID.
pub fn reviewed_seeds() -> Vec<(Adversary, u64)> {
    let rare = |weight: f64| discrete(&[1.0, 3.0], &[1.0 - weight, weight]);
    let point = |value| -> Law { Point::new(value).unwrap().into() };
    let of = |first, replicas, end, points| Experiment {
        pairing: Pairing::Optimal,
        end,
        points,
        ..base([first, point(0.0)], 1000, replicas, &["lemma-12"])
    };
    let few_collisions = || Experiment {
        lambda: 0.0,
        ..of(point(1.0), 2, 5e-5, 2)
    };
    let all = [
        (of(rare(4.5e-5), 2, 1e-3, 3), 486),
        (of(rare(4.5e-5), 2, 1e-3, 3), 1487),
        (few_collisions(), 1472),
        (few_collisions(), 1688),
        (of(rare(7e-5), 3, 1e-3, 3), 1054),
    ];
    let adversary = |(experiment, seed)| {
        let adversary = Adversary {
            experiment,
            factor: None,
            marginal_w2: None,
            is_contracting: false,
        };
        (adversary, seed)
    };
    all.into_iter().map(adversary).collect()
}

/// All reviewed adversaries.
pub fn reviewed() -> Vec<Adversary> {
    let all = [
        of_brackets(),
        of_batches(),
        of_steady_states(),
        of_control_variates(),
        of_rare_atoms(),
        of_noise_of_the_second_order(),
        of_constant_energies(),
    ];
    let adversary = |is_contracting: bool| {
        move |experiment| Adversary {
            experiment,
            factor: None,
            marginal_w2: None,
            is_contracting,
        }
    };
    let others = all.into_iter().flatten().map(adversary(false));
    let contracting = of_few_collisions().into_iter().map(adversary(true));
    others.chain(contracting).collect()
}
