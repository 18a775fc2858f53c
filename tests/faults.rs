//! Wrong simulators must not pass: each planted fault is run through the same
//! path as the real program and turns verdicts against expectation.

use kac_coupling::coupling::{Coupling, CouplingKind, Slot, Synchronous};
use kac_coupling::estimate::Findings;
use kac_coupling::experiment::{Check, Expectation, Experiment};
use kac_coupling::judge::claims::find;
use kac_coupling::judge::{Evidence, Outcome, judge};
use kac_coupling::law::{Law, Normal, Uniform};
use kac_coupling::measure::{Job, Measured};
use kac_coupling::model::Clock;
use kac_coupling::observe::column;
use kac_coupling::simulate::block::BlockPath;
use kac_coupling::simulate::initial::InitialPairs;
use kac_coupling::simulate::marks::normal_pair;
use kac_coupling::simulate::pair::{CoupledPair, SameCollisions};
use kac_coupling::simulate::slabs::Place;
use kac_coupling::theory::pairing::{Pairing, wasserstein_squared};
use kac_coupling::theory::{Moment, System};
use std::sync::Arc;

fn normal(mean: f64, sd: f64) -> Law {
    Law::Normal(Normal::new(mean, sd).unwrap())
}

/// λ ≠ μ and large means, so that every rate can be told from every other.
/// On the clock of Eq. (1) Lemmas 1 and 2 hold and the proof's rate does not.
fn experiment(particles: usize, replicas: u64) -> Experiment {
    let expected = [
        ("lemma-1", Expectation::Holds),
        ("lemma-2-first", Expectation::Holds),
        ("lemma-2-pair", Expectation::Holds),
        ("theorem-6-coupling", Expectation::Refuted),
    ];
    Experiment {
        name: "faults".to_string(),
        title: None,
        seed: 77,
        sweep: vec![(particles, replicas)],
        lambda: 1.0,
        mu: 2.0,
        clock: Clock::MasterEquation,
        coupling: CouplingKind::Synchronous,
        bath: normal(0.0, 1.0),
        first: normal(3.0, 0.5),
        second: Law::Uniform(Uniform::new(3.0, 5.0).unwrap()),
        pairing: Pairing::Optimal,
        end: 2.0,
        points: 41,
        wasserstein: None,
        calibration: None,
        checks: expected
            .map(|(claim, expect)| Check {
                claim: claim.to_string(),
                expect,
                tolerance: 0.01,
                confidence: 0.999,
            })
            .to_vec(),
    }
}

/// What is wrong with the simulator: its collisions, or its rates.
struct Fault<C> {
    coupling: C,
    /// The pair rate and the bath rate are multiplied by these.
    pair_rate: f64,
    bath_rate: f64,
}

const RIGHT: Fault<Synchronous> = Fault {
    coupling: Synchronous,
    pair_rate: 1.0,
    bath_rate: 1.0,
};

/// Measure `experiment` with a simulator that has this fault.
fn measure<C: Coupling>(experiment: &Experiment, fault: &Fault<C>) -> Measured {
    let mut wrong = experiment.clone();
    wrong.lambda *= fault.pair_rate;
    wrong.mu *= fault.bath_rate;
    let particles = experiment.sweep[0].0;
    let theory = experiment.theory(particles);
    let initial = Arc::new(InitialPairs::new(
        &wrong.first,
        &wrong.second,
        wrong.pairing,
    ));
    Job::new(&wrong, 0, &theory).run_on(&|_| (), |gas| {
        let path = BlockPath::new(gas, fault.coupling);
        SameCollisions::new(gas, &initial, fault.coupling, path)
    })
}

/// The claims whose verdicts are against expectation, and the largest |z| of
/// the moments of order 4 against the hierarchy.
fn verdicts(experiment: &Experiment, measured: Measured) -> (Vec<String>, f64) {
    let theory = experiment.theory(experiment.sweep[0].0);
    let findings = Findings::new(experiment, 0, theory, measured);
    let (initial_w2, _) = wasserstein_squared(&experiment.first, &experiment.second);
    let evidence = Evidence {
        experiment,
        findings: &findings,
        self_checks: &[],
        initial_w2,
    };
    let against = experiment
        .checks
        .iter()
        .map(|check| judge(check, find(&check.claim).unwrap(), evidence))
        .filter(|row| row.outcome == Outcome::Against)
        .map(|row| row.claim)
        .collect();
    let mut worst = 0.0f64;
    for (index, &time) in findings.times.iter().enumerate() {
        for system in System::ALL {
            for moment in [Moment::M4, Moment::M22] {
                let (mean, error) = findings.measured.mean(index, column(system, moment));
                let exact = findings.theory.moment(system, moment, time).unwrap();
                worst = worst.max(((mean - exact) / error.unwrap()).abs());
            }
        }
    }
    (against, worst)
}

fn caught_by<C: Coupling>(particles: usize, replicas: u64, fault: &Fault<C>) -> (Vec<String>, f64) {
    let experiment = experiment(particles, replicas);
    verdicts(&experiment, measure(&experiment, fault))
}

#[test]
fn the_honest_program_is_refuted_by_nothing() {
    for (particles, replicas) in [(2, 400_000), (8, 200_000), (64, 20_000)] {
        let (against, z) = caught_by(particles, replicas, &RIGHT);
        assert!(against.is_empty(), "N = {particles}: {against:?}");
        // 41 times × 2 systems × 2 moments, strongly correlated in time; by
        // Bonferroni P(|z| > 5) < 164 · 5.7e-7 = 1e-4.
        assert!(z < 5.0, "N = {particles}: {z}");
    }
}

#[test]
fn a_bath_rate_two_percent_off_is_caught() {
    let fault = Fault {
        bath_rate: 1.02,
        ..RIGHT
    };
    let (against, _) = caught_by(8, 400_000, &fault);
    assert!(
        against.contains(&"theorem-6-coupling".to_string()),
        "{against:?}"
    );
    assert!(against.contains(&"lemma-1".to_string()), "{against:?}");
}

#[test]
fn no_pair_collisions_are_caught() {
    let fault = Fault {
        pair_rate: 0.0,
        ..RIGHT
    };
    let (against, z) = caught_by(8, 200_000, &fault);
    assert!(
        against.contains(&"lemma-2-first".to_string()),
        "{against:?}"
    );
    assert!(against.contains(&"lemma-2-pair".to_string()), "{against:?}");
    assert!(z > 20.0, "{z}");
}

#[test]
fn a_pair_rate_over_n_for_n_minus_one_is_caught() {
    // κ/N for κ/(N−1): every rate of pairs times (N−1)/N.
    let particles = 8;
    let fault = Fault {
        pair_rate: (particles as f64 - 1.0) / particles as f64,
        ..RIGHT
    };
    let (against, z) = caught_by(particles, 200_000, &fault);
    assert!(
        against.contains(&"lemma-2-first".to_string()),
        "{against:?}"
    );
    assert!(against.contains(&"lemma-2-pair".to_string()), "{against:?}");
    assert!(z > 10.0, "{z}");
}

/// A coupling that changes how the right one collides.
#[derive(Clone, Copy)]
struct Wrong {
    bath: fn(f64) -> Slot,
    collide: fn(f64, f64, Slot, Slot) -> (Slot, Slot),
}

const SAME: Wrong = Wrong {
    bath: |velocity| Synchronous.bath_slot(velocity),
    collide: |cos, sin, one, other| Synchronous.collide(cos, sin, one, other),
};

impl Coupling for Wrong {
    fn slot(self, first: f64, second: f64) -> Slot {
        Synchronous.slot(first, second)
    }
    fn velocities(self, slot: Slot) -> (f64, f64) {
        Synchronous.velocities(slot)
    }
    fn difference(self, slot: Slot) -> f64 {
        Synchronous.difference(slot)
    }
    fn bath_slot(self, velocity: f64) -> Slot {
        (self.bath)(velocity)
    }
    fn collide(self, cos: f64, sin: f64, one: Slot, other: Slot) -> (Slot, Slot) {
        (self.collide)(cos, sin, one, other)
    }
}

fn wrong(coupling: Wrong) -> Fault<Wrong> {
    Fault {
        coupling,
        pair_rate: 1.0,
        bath_rate: 1.0,
    }
}

#[test]
fn the_detour_through_a_function_pointer_is_no_fault() {
    let (against, z) = caught_by(8, 200_000, &wrong(SAME));
    assert!(against.is_empty() && z < 5.0, "{against:?} {z}");
}

#[test]
fn a_bath_velocity_of_its_own_for_one_copy_is_caught() {
    // The second copy's velocity: another standard normal, from w's bits.
    let fault = wrong(Wrong {
        bath: |velocity| {
            let bits = velocity.to_bits().wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let (own, _) = normal_pair(bits, bits.rotate_left(32).wrapping_mul(bits | 1));
            [velocity, velocity - own]
        },
        ..SAME
    });
    let (against, _) = caught_by(8, 100_000, &fault);
    assert_eq!(against, ["theorem-6-coupling"]);
}

#[test]
fn an_angle_on_half_the_circle_is_caught() {
    // θ on [−π/2, π/2): cosθ is never negative, and a velocity keeps 2/π of
    // itself in the mean.
    let fault = wrong(Wrong {
        collide: |cos, sin, one, other| Synchronous.collide(cos.abs(), sin, one, other),
        ..SAME
    });
    let (against, _) = caught_by(8, 100_000, &fault);
    assert!(
        against.contains(&"lemma-2-first".to_string()),
        "{against:?}"
    );
    assert!(against.contains(&"lemma-2-pair".to_string()), "{against:?}");
}

#[test]
fn an_angle_from_zero_to_pi_changes_no_law_here() {
    // θ on [0, π): a pair is drawn in random order, which reflects θ, and a
    // symmetric bath makes w sinθ symmetric; so the process is the same one.
    // The test of the angle's own law catches it (tests/marks.rs).
    let fault = wrong(Wrong {
        collide: |cos, sin, one, other| Synchronous.collide(cos, sin.abs(), one, other),
        ..SAME
    });
    let (against, z) = caught_by(8, 200_000, &fault);
    assert!(against.is_empty() && z < 5.0, "{against:?} {z}");
}

/// Copies that are looked at a little too early: a sixteenth of a slab, which is
/// half a collision in the first slab and more in later ones.
struct Early<P>(P);

impl<P: CoupledPair> CoupledPair for Early<P> {
    fn restart(&mut self, seed: u64, replica: u64, stops: &[Place]) {
        let earlier = |stop: &Place| Place {
            passed: stop.passed.saturating_sub(u64::MAX / 16),
            ..*stop
        };
        let stops: Vec<Place> = stops.iter().map(earlier).collect();
        self.0.restart(seed, replica, &stops);
    }
    fn advance(&mut self) {
        self.0.advance();
    }
    fn particles(&self) -> usize {
        self.0.particles()
    }
    fn particle(&self, index: usize) -> (f64, f64, f64) {
        self.0.particle(index)
    }
    fn collisions(&self) -> u64 {
        self.0.collisions()
    }
}

#[test]
fn records_taken_early_are_caught() {
    let experiment = Experiment {
        sweep: vec![(2, 800_000)],
        ..experiment(2, 0)
    };
    let theory = experiment.theory(2);
    let initial = InitialPairs::new(&experiment.first, &experiment.second, experiment.pairing);
    let initial = Arc::new(initial);
    let measured = Job::new(&experiment, 0, &theory).run_on(&|_| (), |gas| {
        let path = BlockPath::new(gas, Synchronous);
        Early(SameCollisions::new(gas, &initial, Synchronous, path))
    });
    let (against, z) = verdicts(&experiment, measured);
    assert!(!against.is_empty(), "{against:?} {z}");
}

#[test]
fn a_rotation_with_a_wrong_sign_is_caught() {
    let fault = wrong(Wrong {
        collide: |cos, sin, one, other| {
            let ([a, da], _) = Synchronous.collide(cos, sin, one, other);
            let (_, [b, db]) = Synchronous.collide(cos, -sin, one, other);
            ([a, da], [b, db])
        },
        ..SAME
    });
    let (against, z) = caught_by(8, 100_000, &fault);
    assert!(
        against.contains(&"lemma-2-pair".to_string()),
        "{against:?} {z}"
    );
}
