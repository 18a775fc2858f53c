//! The result of every check on every fault.

use crate::common::{KOLMOGOROV_LIMIT, Z_LIMIT, angle_statistic, partner_statistic};
use crate::faults::catalogue::{BATH, Fault};
use crate::faults::plant::{History, Plant, Tamper, measure};
use kac_coupling::estimate::Findings;
use kac_coupling::experiment::{Check, Expectation, Experiment, WassersteinPlan};
use kac_coupling::judge::claims::find;
use kac_coupling::judge::self_check::{RELATIVE, SelfCheckRow, self_checks};
use kac_coupling::judge::{Evidence, Outcome, VerdictRow, judge};
use kac_coupling::law::joint::Joint;
use kac_coupling::law::{Law, Normal, Uniform};
use kac_coupling::model::Clock;
use kac_coupling::model::coupling::{Collision, CouplingKind, Rematch};
use kac_coupling::random::ReplicaKey;
use kac_coupling::simulate::Gas;
use kac_coupling::theory::pairing::Pairing;
use std::sync::Arc;

/// All claims, and the expected verdicts on the clock of Eq. (1) and on that of Theorem 6.
const EXPECTED: [(&str, [Expectation; 2]); 6] = {
    use Expectation::{Holds, Refuted};
    [
        ("lemma-1", [Holds, Refuted]),
        ("lemma-2-first", [Holds, Refuted]),
        ("lemma-2-pair", [Holds, Refuted]),
        ("theorem-6-coupling", [Refuted, Holds]),
        ("theorem-6", [Refuted, Holds]),
        ("theorem-7", [Refuted, Holds]),
    ]
};

/// The experiment of the table.
///
/// λ ≠ μ, large means and a bath colder than the copies: every rate differs from every other, and
/// every claim is true on one clock and false on the other.
pub fn experiment(clock: Clock, sweep: &[(usize, u64)]) -> Experiment {
    let check = |(claim, expect): (&str, [Expectation; 2])| Check {
        claim: claim.to_string(),
        expect: expect[clock as usize],
        tolerance: 0.1,
        confidence: 0.999,
    };
    Experiment {
        name: "faults".to_string(),
        title: None,
        seed: 77,
        sweep: sweep.to_vec(),
        lambda: 1.0,
        mu: 2.0,
        clock,
        coupling: CouplingKind::Synchronous,
        rematch: Rematch::Never,
        bath: BATH.clone(),
        first: Law::Normal(Normal::new(3.0, 0.5).unwrap()),
        second: Law::Uniform(Uniform::new(3.0, 5.0).unwrap()),
        joints: [Joint::Product; 2],
        pairing: Pairing::Optimal,
        end: 2.0,
        points: 41,
        wasserstein: Some(WassersteinPlan {
            points: 5,
            sample: 1000,
            bracket: 0,
        }),
        calibration: None,
        steady_state: None,
        checks: EXPECTED.map(check).to_vec(),
    }
}

/// The N of the table.
pub const PARTICLES: usize = 8;

/// The kind of check.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Claim,
    SelfCheck,
    /// A test of the laws of marks in `tests/suite/marks.rs`.
    Marks,
}

/// The result of one check on one fault.
pub struct Cell {
    pub kind: Kind,
    pub check: String,
    /// Its verdict.
    pub says: &'static str,
    /// The distance of the measured value from the exact one.
    pub deviation: Option<f64>,
    pub outcome: Outcome,
}

impl Cell {
    /// The result of a claim as if all self-checks had passed.
    fn of_claim(row: VerdictRow) -> Self {
        let known = row.estimate.zip(row.exact).zip(row.std_error);
        Cell {
            kind: Kind::Claim,
            says: row.verdict,
            deviation: known.map(|((estimate, exact), error)| ((estimate - exact) / error).abs()),
            outcome: row.outcome,
            check: row.claim,
        }
    }

    fn of_self_check(row: &SelfCheckRow) -> Self {
        Cell {
            kind: Kind::SelfCheck,
            check: row.self_check.to_string(),
            says: if row.passed { "passes" } else { "fails" },
            deviation: row.worst,
            outcome: row.outcome(),
        }
    }

    fn of_marks(check: &str, deviation: Option<f64>, limit: f64) -> Self {
        let passes = deviation.is_none_or(|deviation| deviation <= limit);
        Cell {
            kind: Kind::Marks,
            check: check.to_string(),
            says: if passes { "passes" } else { "fails" },
            deviation,
            outcome: match passes {
                true => Outcome::AsExpected,
                false => Outcome::Against,
            },
        }
    }

    pub fn is_caught(&self) -> bool {
        self.outcome == Outcome::Against
    }

    /// True if the deviation is not in standard errors.
    pub fn is_relative(&self) -> bool {
        RELATIVE.contains(&self.check.as_str())
    }

    /// The deviation, if it is in standard errors; infinite for an impossible value.
    fn z(&self) -> Option<f64> {
        let counted = self.kind != Kind::Marks && !self.is_relative();
        self.deviation.filter(|_| counted)
    }
}

/// Tests of the collisions of some replicas, for faults in the collisions.
fn marks(experiment: &Experiment, plant: &Plant) -> [Cell; 2] {
    let rates = experiment.rates();
    let marks = match *plant {
        Plant::Events(tamper) => Some(tampered(experiment, tamper)),
        _ => None,
    };
    let marks = marks.as_deref();
    let partners = marks.map(|marks| partner_statistic(marks, PARTICLES as u32, rates));
    [
        Cell::of_marks("angles", marks.map(angle_statistic), KOLMOGOROV_LIMIT),
        Cell::of_marks("partners", partners, Z_LIMIT),
    ]
}

/// The collisions of a thousand replicas, falsified.
fn tampered(experiment: &Experiment, tamper: Tamper) -> Vec<Collision> {
    let gas = Arc::new(Gas::new(PARTICLES, experiment.rates(), &experiment.bath));
    let mut all = vec![];
    for replica in 0..1000 {
        let key = ReplicaKey::new(experiment.seed, PARTICLES as u64, replica, 0);
        let mut history = History::new(&gas, key, gas.place(experiment.end));
        tamper(&mut history);
        all.extend(history.collisions().map(|collision| *collision));
    }
    all
}

/// The results of all checks on one fault.
pub struct Row {
    pub fault: &'static Fault,
    pub cells: Vec<Cell>,
}

impl Row {
    /// Measures, estimates, checks and judges as the program does.
    pub fn of(fault: &'static Fault) -> Row {
        let experiment = experiment(Clock::MasterEquation, &[(PARTICLES, fault.replicas)]);
        let measured = measure(&experiment, &fault.plant);
        let findings = Findings::new(&experiment, 0, experiment.theory(PARTICLES), measured);
        let evidence = Evidence {
            experiment: &experiment,
            findings: &findings,
            self_checks: &[],
        };
        let verdict = |check: &Check| judge(check, find(&check.claim).unwrap(), evidence);
        let claims = experiment.checks.iter().map(verdict).map(Cell::of_claim);
        let self_checks = self_checks(&findings);
        let self_checks = self_checks.iter().map(Cell::of_self_check);
        let marks = marks(&experiment, &fault.plant);
        Row {
            fault,
            cells: claims.chain(self_checks).chain(marks).collect(),
        }
    }

    /// True if any check catches the fault.
    pub fn is_caught(&self) -> bool {
        self.cells.iter().any(Cell::is_caught)
    }

    /// The largest |z| of claims and self-checks.
    pub fn strongest(&self) -> f64 {
        self.cells.iter().filter_map(Cell::z).fold(0.0, f64::max)
    }

    /// The largest |z| for one replica: the deviation by the fault grows with the root of their
    /// number.
    pub fn strength(&self) -> f64 {
        self.strongest() / (self.fault.replicas as f64).sqrt()
    }
}
