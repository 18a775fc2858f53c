//! The steady state: measurements of it agree with the hierarchy, and for a program that reaches
//! another one Theorem 1 does not hold.

use kac_coupling::config::load;
use kac_coupling::estimate::Findings;
use kac_coupling::estimate::steady::{density_rows, steady_estimates};
use kac_coupling::experiment::{Expectation, Experiment};
use kac_coupling::judge::claims::claim_of;
use kac_coupling::judge::forecast::Prospect;
use kac_coupling::judge::self_check::self_checks;
use kac_coupling::judge::{Evidence, judge};
use kac_coupling::law::{Law, NormalMixture, StudentT};
use kac_coupling::measure::runner::Control;
use kac_coupling::measure::steady::{CELLS, Steady, SteadyStage};
use kac_coupling::measure::{Engine, Job};
use kac_coupling::model::coupling::{Coupling, Synchronous};
use kac_coupling::model::slot::Slot;
use kac_coupling::numerics::binomial::binomial_limits;
use kac_coupling::simulate::block::BlockPath;
use kac_coupling::simulate::initial::InitialPairs;
use kac_coupling::simulate::pair::SameCollisions;
use kac_coupling::verify::{Results, Sampling, verify};
use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;

const BATHS: [&str; 3] = ["mixture", "two-point", "uniform"];
const RATIOS: [&str; 3] = ["half", "two", "twenty"];

/// A committed experiment, with another sweep.
fn experiment(bath: &str, ratio: &str, sweep: &[(usize, u64)]) -> Experiment {
    let path = format!("experiments/steady-state-{bath}-{ratio}.toml");
    let mut experiment = load(Path::new(&path)).unwrap().experiment;
    experiment.sweep = sweep.to_vec();
    (experiment.end, experiment.points) = (0.5, 2);
    experiment
}

fn run(experiment: &Experiment, sampling: Sampling) -> Results {
    let finished = |_: &Results| Ok::<(), Infallible>(());
    verify(experiment, Engine::Block, sampling, &|_| (), finished).unwrap()
}

#[test]
fn moments_are_those_of_the_hierarchy() {
    // There are 36 gases and some 12 quantities, most of them closely correlated. A right program
    // exceeds 4 in m4, m22 or m6 with a probability of 108 · 6e-5, and in any of them with one of
    // less than 0.03.
    let mut compared = 0;
    for bath in BATHS {
        for ratio in RATIOS {
            let sweep = [(2, 6000), (8, 2000), (64, 600), (512, 400)];
            let results = run(&experiment(bath, ratio, &sweep), Sampling::Full);
            for row in &results.tables.steady_state {
                let z = row.z.unwrap();
                assert!(z.abs() < 4.0, "{bath} {ratio}: {row:?}");
                compared += usize::from(["m4", "m22", "m6"].contains(&row.quantity));
            }
            for row in &results.self_checks {
                assert!(row.passed, "{bath} {ratio}: {row}");
            }
            for row in &results.verdicts {
                assert_ne!(row.verdict, "VOID", "{bath} {ratio}: {row:?}");
            }
        }
    }
    assert_eq!(compared, 108);
}

/// The findings of an experiment's first N when the steady state is that of another one.
fn findings(judged: &Experiment, simulated: &Experiment) -> Findings {
    let (particles, replicas) = judged.sweep[0];
    let theory = judged.theory(particles);
    let stage = SteadyStage::new(simulated, 0, &theory).unwrap();
    found(judged, stage.run(replicas))
}

/// The findings of an experiment's first N, with this steady state and nothing else.
fn found(experiment: &Experiment, steady: Steady) -> Findings {
    let theory = experiment.theory(experiment.sweep[0].0);
    let job = Job::new(experiment, 0, &theory);
    let measured = job.measured(job.nothing());
    Findings::new(experiment, 0, theory, measured).with_steady(Some(steady))
}

/// The verdict on Theorem 1, and its quantity.
fn verdict(experiment: &Experiment, findings: &Findings) -> (&'static str, String) {
    let evidence = Evidence {
        experiment,
        findings,
        self_checks: &[],
    };
    let check = &experiment.checks[0];
    let row = judge(check, claim_of(check), evidence);
    (row.verdict, row.quantity)
}

fn steady_check_passes(findings: &Findings) -> bool {
    let rows = self_checks(findings);
    let row = rows.iter().find(|row| row.self_check == "steady-state");
    row.unwrap().passed
}

#[test]
fn the_right_steady_state_holds_and_wrong_ones_do_not() {
    let right = experiment("mixture", "two", &[(8, 20_000)]);
    let honest = findings(&right, &right);
    assert_eq!(verdict(&right, &honest).0, "HOLDS");
    assert!(steady_check_passes(&honest));

    type Change = fn(&mut Experiment);
    let faults: [(&str, Change); 3] = [
        // K_g is 2 % off, and m2 is off by 20 standard errors.
        ("a bath too hot", |experiment| {
            experiment.bath = mixture(0.5, 1.517)
        }),
        // K_g is the same and g4 is 3 % off: no moment up to order 2 shows this.
        ("a bath with another kurtosis", |experiment| {
            experiment.bath = mixture(0.45, libm::sqrt(2.5 - 0.45 * 0.45));
        }),
        // κ/β is that of the other clock.
        ("pairs four times as often", |experiment| {
            experiment.lambda *= 4.0
        }),
    ];
    for (name, change) in faults {
        let mut wrong = right.clone();
        change(&mut wrong);
        let findings = findings(&right, &wrong);
        assert_eq!(verdict(&right, &findings).0, "VOID", "{name}");
        assert!(!steady_check_passes(&findings), "{name}");
    }
}

/// A bath of two temperatures.
fn mixture(cold: f64, hot: f64) -> Law {
    let law = NormalMixture::new(vec![0.5; 2], vec![0.0; 2], vec![cold, hot]);
    law.unwrap().into()
}

/// The second copy meets a bath of its own, `1 + OWN` times as fast.
#[derive(Clone, Copy)]
struct OwnBath;

const OWN: f64 = 0.1;

impl Coupling for OwnBath {
    fn bath_slot(self, velocity: f64) -> Slot {
        [velocity, -OWN * velocity]
    }
    fn collide(self, cos: f64, sin: f64, one: Slot, other: Slot) -> (Slot, Slot) {
        Synchronous.collide(cos, sin, one, other)
    }
}

#[test]
fn copies_that_do_not_meet_make_theorem_1_void() {
    // The first copy is right, and so are all moments. But the second copy's steady state is
    // another one, at W2² = OWN² K_g.
    let experiment = experiment("uniform", "half", &[(8, 40_000)]);
    let theory = experiment.theory(8);
    let stage = SteadyStage::new(&experiment, 0, &theory).unwrap();
    let initial = Arc::new(InitialPairs::new(
        &experiment.first,
        &experiment.second,
        experiment.pairing,
    ));
    let mut forest = stage.forest();
    stage.extend_on(&mut forest, 0..40_000, Control::new(&|_| ()), |gas| {
        SameCollisions::new(gas, &initial, BlockPath::new(gas, OwnBath))
    });
    let findings = found(&experiment, stage.seen(forest));
    let (says, about) = verdict(&experiment, &findings);
    assert_eq!(says, "VOID");
    assert!(about.starts_with("E||V - V'||^2/N"), "{about}");
    assert!(!steady_check_passes(&findings));
    for estimate in steady_estimates(&findings) {
        let apart = estimate.z().unwrap().abs();
        let right = estimate.quantity != "w2_upper";
        assert_eq!(apart < 4.0, right, "{estimate:?}");
    }
}

#[test]
fn a_steady_state_with_too_few_data_does_not_hold() {
    let small = experiment("uniform", "two", &[(2, 500)]);
    // The coupling's bound takes more replicas at N = 2.
    let few = findings(&small, &small);
    let (says, about) = verdict(&small, &few);
    assert_eq!(says, "INCONCLUSIVE", "{about}");
    // The tolerance is too small for the error of m1.
    let mut strict = experiment("uniform", "two", &[(64, 2000)]);
    strict.checks[0].tolerance = 1e-3;
    let (says, about) = verdict(&strict, &findings(&strict, &strict));
    assert_eq!(says, "INCONCLUSIVE");
    assert!(about.ends_with("in the steady state"), "{about}");
    // There are no data at all.
    let theory = small.theory(2);
    let stage = SteadyStage::new(&small, 0, &theory).unwrap();
    let nothing = found(&small, stage.seen(stage.forest()));
    assert_eq!(verdict(&small, &nothing).0, "INCONCLUSIVE");
}

#[test]
fn the_forecast_is_the_frequency_of_holds() {
    const SEEDS: u64 = 150;
    let mut experiment = experiment("uniform", "two", &[(16, 2000)]);
    // The interval of m2 takes more than three quarters of this tolerance, the others less.
    experiment.checks[0].tolerance = 0.007;
    let theory = experiment.theory(16);
    let prospect = Prospect {
        experiment: &experiment,
        theory: &theory,
        particles: 16,
        replicas: 2000,
        pilot: None,
    };
    let check = &experiment.checks[0];
    let forecast = claim_of(check).forecast(&prospect, check);
    assert!((0.2..0.95).contains(&forecast.holds), "{forecast:?}");
    let counted = |experiment: &Experiment| {
        let mut experiment = experiment.clone();
        let mut holds = 0;
        for seed in 0..SEEDS {
            experiment.seed = seed;
            let findings = findings(&experiment, &experiment);
            holds += u64::from(verdict(&experiment, &findings).0 == "HOLDS");
        }
        holds
    };
    // The forecast adds up ways to fail, so it may be below the frequency; where the larger of two
    // errors is used the frequency is smaller.
    let limits = binomial_limits(SEEDS, forecast.holds, 0.9999);
    let holds = counted(&experiment);
    assert!(limits.contains(&holds), "{holds} of {SEEDS}, {limits:?}");
    assert_eq!(check.expect, Expectation::Holds);
}

#[test]
fn threads_and_looks_change_no_bit() {
    let experiment = experiment("two-point", "two", &[(3, 2000)]);
    let theory = experiment.theory(3);
    let stage = SteadyStage::new(&experiment, 0, &theory).unwrap();
    let bits = |steady: &Steady| {
        let cells = (0..CELLS).map(|index| steady.cell(index).1.to_bits());
        let moments = (0..9).map(|index| steady.moment(index));
        let moments = moments.map(|(mean, error)| mean.to_bits() ^ error.unwrap().to_bits());
        let bits: Vec<u64> = moments.chain(cells).collect();
        (bits, steady.collisions, steady.discrepancy().0.to_bits())
    };
    let on = |threads: usize, looks: &[u64]| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.unwrap().install(|| {
            let mut forest = stage.forest();
            for &upto in looks {
                stage.extend(&mut forest, 0..upto, Control::new(&|_| ()));
            }
            stage.seen(forest)
        })
    };
    let expected = bits(&on(1, &[2000]));
    assert_eq!(bits(&on(3, &[2000])), expected);
    // Chunks are of 256 replicas.
    assert_eq!(bits(&on(2, &[512, 700, 701, 2000])), expected);
    let mut other = experiment.clone();
    other.seed += 1;
    let other = SteadyStage::new(&other, 0, &theory).unwrap();
    assert_ne!(bits(&other.run(2000)), expected);
}

#[test]
fn densities_have_the_moments_that_were_measured() {
    let experiment = experiment("two-point", "half", &[(8, 1000)]);
    let findings = findings(&experiment, &experiment);
    let rows = density_rows(&experiment, &findings);
    assert_eq!(rows.len(), CELLS);
    let sum = |of: &dyn Fn(&kac_coupling::table::rows::DensityRow) -> f64| {
        rows.iter().map(of).sum::<f64>()
    };
    let width = rows[0].high - rows[0].low;
    // Almost no velocity is beyond four standard deviations.
    assert!((sum(&|row| row.density) * width - 1.0).abs() < 1e-3);
    assert!((sum(&|row| row.maxwellian) * width - 1.0).abs() < 1e-4);
    assert!((sum(&|row| row.bath_density) * width - 1.0).abs() < 1e-12);
    let middle = |low: f64, high: f64| 0.5 * (low + high);
    let energy = sum(&|row| middle(row.low, row.high) * middle(row.low, row.high) * row.density);
    let measured = findings.steady.as_ref().unwrap().moment(1).0;
    // Sheppard's correction is width²/12 = 0.0013.
    assert!((energy * width - width * width / 12.0 - measured).abs() < 1e-3);
    // The atoms are in the middle of their cells.
    let atoms: Vec<_> = rows.iter().filter(|row| row.bath_density > 0.0).collect();
    assert_eq!(atoms.len(), 2);
    assert!((middle(atoms[1].low, atoms[1].high) - 1.0).abs() < 1e-12);
}

#[test]
fn an_adaptive_check_holds_on_fewer_replicas() {
    let experiment = experiment("uniform", "half", &[(64, 20_000)]);
    let results = run(&experiment, Sampling::Adaptive);
    let row = &results.verdicts[0];
    assert_eq!(row.verdict, "HOLDS", "{row:?}");
    assert!(row.replicas < 10_000, "{row:?}");
    let steady = &results.tables.steady_state;
    assert!(steady.iter().all(|steady| steady.replicas == row.replicas));
}

/// The exact standard errors of m4, m22 and the kurtosis agree with the scatter of replicas.
#[test]
fn exact_errors_of_fourth_moments_are_those_of_replicas() {
    for (bath, ratio) in [
        ("mixture", "half"),
        ("two-point", "two"),
        ("uniform", "twenty"),
    ] {
        for particles in [1, 2, 8] {
            let experiment = experiment(bath, ratio, &[(particles, 20_000)]);
            let findings = findings(&experiment, &experiment);
            let mut compared = 0;
            for estimate in steady_estimates(&findings) {
                let wanted = ["m2", "m4", "m22", "excess-kurtosis"].contains(&estimate.quantity);
                if let Some(known) = estimate.known.filter(|_| wanted) {
                    let ratio = estimate.empirical.unwrap() / known;
                    // A sample deviation of 20 000 averages is off by √((k − 1)/80 000), 0.01 for
                    // a kurtosis k of 9.
                    assert!(
                        (ratio - 1.0).abs() < 0.05,
                        "{bath} {particles}: {estimate:?}"
                    );
                    compared += 1;
                }
            }
            assert_eq!(compared, if particles == 1 { 3 } else { 4 });
        }
    }
}

/// So few bath velocities are met that they do not determine the variance of the mean of w⁸.
#[test]
fn moments_that_the_bath_velocities_do_not_determine_are_not_trusted() {
    let mut experiment = experiment("mixture", "half", &[(1, 1000)]);
    let rare = NormalMixture::new(vec![0.9999, 0.0001], vec![0.0; 2], vec![1.0, 10.0]);
    experiment.bath = Law::NormalMixture(rare.unwrap());
    let results = run(&experiment, Sampling::Full);
    let trusted = |quantity: &str| {
        let mut rows = results.tables.steady_state.iter();
        rows.find(|row| row.quantity == quantity).unwrap().trusted
    };
    assert!(trusted("m1"));
    assert!(!trusted("m4") && !trusted("m6") && !trusted("m8"));
    // Student's law of eight degrees of freedom and a little more has an infinite E w¹².
    let student = StudentT::new(8.05, 1.0, 0.0).unwrap();
    experiment.bath = Law::StudentT(student);
    experiment.sweep = vec![(1, 1000)];
    let results = run(&experiment, Sampling::Full);
    for row in &results.tables.steady_state {
        let is_infinite = ["m6", "m8"].contains(&row.quantity);
        assert_eq!(row.std_error.is_none(), is_infinite, "{row:?}");
        assert!(
            !row.trusted || ["m1", "m2", "w2_upper"].contains(&row.quantity),
            "{row:?}"
        );
    }
}
