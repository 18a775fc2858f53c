//! Exponents of sweeps over N, in the committed experiments and in small runs.

use kac_coupling::config::load;
use kac_coupling::estimate::exponents::exponent_rows;
use kac_coupling::estimate::normal_half_width;
use kac_coupling::estimate::power_law::{
    Limits, Measurement, exponent as fitted, exponent_between_limits,
};
use kac_coupling::experiment::Experiment;
use kac_coupling::law::joint::Joint;
use kac_coupling::measure::Engine;
use kac_coupling::model::coupling::{CouplingKind, Rematch};
use kac_coupling::table::rows::{ExponentRow, ScalingRow, Tables};
use kac_coupling::theory::pairing::Pairing;
use kac_coupling::verify::{Results, Sampling, verify};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::Path;

/// The largest |z|. A right program exceeds it with a probability of 3·10⁻⁶; one of the five
/// committed exponents exceeds it with 2·10⁻⁵ at most.
const Z_LIMIT: f64 = 4.7;

/// All quantities that can have an exponent.
const QUANTITIES: [&str; 7] = [
    "decay_rate",
    "discrepancy_per_particle",
    "relative_variance",
    "collisions",
    "w2",
    "joint_w2",
    "joint_excess",
];

/// A row of a table, by column.
type Cells = BTreeMap<String, String>;

fn table(path: &Path) -> Vec<Cells> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    reader.deserialize().map(Result::unwrap).collect()
}

/// The rows of a committed `exponents.csv`, by quantity.
fn committed(name: &str) -> BTreeMap<String, Cells> {
    let path = format!("output/figures/tables/{name}/exponents.csv");
    let rows = table(Path::new(&path)).into_iter();
    rows.map(|row| (row["quantity"].clone(), row)).collect()
}

fn number(row: &Cells, column: &str) -> f64 {
    let cell = &row[column];
    cell.parse()
        .unwrap_or_else(|_| panic!("{column}: {cell:?}"))
}

/// Asserts that the exponent is the exact one within [`Z_LIMIT`] and known to `reach`, and that χ²
/// agrees with a power law, as in all but one of a million right programs.
fn check_measured(row: &Cells, exact: f64, reach: f64) {
    assert!((number(row, "exact") - exact).abs() < 0.002, "{row:?}");
    let z = (number(row, "exponent") - number(row, "exact")) / number(row, "std_error");
    assert!(
        z.abs() < Z_LIMIT && (z - number(row, "z")).abs() < 1e-6,
        "{row:?}"
    );
    assert!(number(row, "p_value") > 1e-6, "{row:?}");
    let width = number(row, "ci_high") - number(row, "ci_low");
    assert!(0.0 < width && width < 2.0 * reach, "{row:?}");
}

#[test]
fn committed_exponents_are_the_exact_ones_within_their_errors() {
    let rows = committed("scaling");
    check_measured(&rows["decay_rate"], 0.0, 0.001);
    check_measured(&rows["discrepancy_per_particle"], 0.0, 0.001);
    // The variance is 1/N and a little 1/N², with the exponent −0.9985 at these N.
    check_measured(&rows["relative_variance"], -0.9985, 0.008);
    check_measured(&rows["collisions"], 1.0, 0.0005);
    assert_eq!(rows.len(), 4);
}

#[test]
fn committed_ranges_hold_what_is_expected_of_distances() {
    let rows = committed("scaling-rank");
    check_measured(&rows["collisions"], 1.0, 0.001);
    // Confidence is 0.991, and limits are some standard errors wide in addition. The values for N →
    // ∞ are off by less than 0.001 at these N, so they are inside but for a chance far below 10⁻⁶.
    for (quantity, limit, reach) in [("w2", 0.0, 0.002), ("joint_w2", 0.5, 0.01)] {
        let row = &rows[quantity];
        let (low, high) = (number(row, "ci_low"), number(row, "ci_high"));
        assert!(low - 0.001 < limit && limit < high + 0.001, "{row:?}");
        assert!(high - low < 2.0 * reach, "{row:?}");
        assert_eq!(number(row, "limit"), limit);
        assert_eq!(row["std_error"], "");
    }
    // The excess falls about as 1/N, neither as 1/√N nor as 1/N².
    let row = &rows["joint_excess"];
    assert!(
        number(row, "ci_low") > -1.05 && number(row, "ci_high") < -0.8,
        "{row:?}"
    );
    assert_eq!((row["limit"].as_str(), row["exact"].as_str()), ("", ""));
    assert_eq!(rows.len(), 4);
}

/// Some cells of a row as numbers, if none is empty.
fn numbers<const COUNT: usize>(row: &Cells, columns: [&str; COUNT]) -> Option<[f64; COUNT]> {
    let full = columns.iter().all(|&column| !row[column].is_empty());
    full.then(|| columns.map(|column| number(row, column)))
}

/// The columns of `exponents.csv` that a fit to the rows of a quantity gives.
type Fit = Option<Vec<(&'static str, f64)>>;

fn measured_fit(rows: &[&Cells]) -> Fit {
    let measurement = |row: &&Cells| {
        let columns = ["particles", "value", "exact", "exact_std_error"];
        let [size, value, exact, exact_std_error] = numbers(row, columns)?;
        Some(Measurement {
            size,
            value,
            exact,
            exact_std_error,
        })
    };
    let found = fitted(&rows.iter().filter_map(measurement).collect::<Vec<_>>())?;
    Some(vec![
        ("sizes", found.sizes as f64),
        ("exponent", found.value),
        ("std_error", found.std_error),
        ("exact", found.exact),
        ("chi_squared", found.chi_squared),
        ("p_value", found.p_value()),
    ])
}

fn fit_between_limits(rows: &[&Cells], unsquared: fn(Limits) -> Limits) -> Fit {
    let limits = |row: &&Cells| {
        let columns = ["particles", "lower_limit", "upper_limit"];
        let [size, lower, upper] = numbers(row, columns)?;
        Some(Limits { size, lower, upper })
    };
    let limits: Vec<Limits> = rows.iter().filter_map(limits).collect();
    let confidence = 1.0 - 0.001 * limits.len() as f64;
    let limits: Vec<Limits> = limits.into_iter().map(unsquared).collect();
    let found = exponent_between_limits(&limits)?;
    Some(vec![
        ("sizes", found.sizes as f64),
        ("exponent", 0.5 * (found.low + found.high)),
        ("confidence", confidence),
        ("ci_low", found.low),
        ("ci_high", found.high),
    ])
}

/// The fit to the rows of `scaling.csv` that an exponent is named after.
fn fit(scaling: &[Cells], quantity: &str) -> Fit {
    let of = |name: &str| -> Vec<&Cells> {
        let rows = scaling.iter();
        rows.filter(|row| row["quantity"] == name).collect()
    };
    match quantity {
        "w2" => fit_between_limits(&of("w2_squared"), |limits| limits.root_of(1.0)),
        "joint_w2" => {
            let root = |limits: Limits| limits.root_of(limits.size);
            fit_between_limits(&of("joint_w2_squared"), root)
        }
        "joint_excess" => fit_between_limits(&of("joint_excess"), |limits| limits),
        _ => measured_fit(&of(quantity)),
    }
}

/// Tables of different runs cannot be joined.
#[test]
fn committed_exponents_are_those_of_the_rows_beside_them() {
    let mut checked = 0;
    for folder in std::fs::read_dir("output/figures/tables").unwrap() {
        let folder = folder.unwrap().path();
        let path = folder.join("scaling.csv");
        if !path.exists() {
            continue;
        }
        let scaling = table(&path);
        let path = folder.join("exponents.csv");
        let exponents = if path.exists() { table(&path) } else { vec![] };
        for quantity in QUANTITIES {
            let row = exponents.iter().find(|row| row["quantity"] == quantity);
            let place = format!("{}: {quantity}", folder.display());
            let found = fit(&scaling, quantity);
            assert_eq!(row.is_some(), found.is_some(), "{place}");
            for (column, found) in found.into_iter().flatten() {
                let written = number(row.unwrap(), column);
                // The tables hold numbers to the last digit, so the two differ by some roundings.
                let close = (written - found).abs() <= 1e-9 * (1.0 + found.abs());
                assert!(close, "{place}: {column} {written}, fitted {found}");
            }
            checked += usize::from(row.is_some());
        }
        assert!(exponents.len() <= QUANTITIES.len());
    }
    assert!(checked > 50, "{checked}");
}

fn experiment(sweep: &[(usize, u64)]) -> Experiment {
    let path = Path::new("experiments/scaling.toml");
    let mut experiment = load(path).unwrap().experiment;
    experiment.sweep = sweep.to_vec();
    experiment.checks.clear();
    experiment.wasserstein = None;
    experiment
}

fn run(experiment: &Experiment) -> Tables {
    let finished = |_: &Results| Ok::<(), Infallible>(());
    verify(experiment, Engine::Block, Sampling::Full, &|_| (), finished)
        .unwrap()
        .tables
}

const SWEEP: [(usize, u64); 4] = [(2, 4000), (8, 1000), (32, 600), (128, 400)];

#[test]
fn three_sizes_have_exponents_and_two_have_none() {
    let mut experiment = experiment(&SWEEP[..2]);
    assert!(run(&experiment).exponents.is_empty());
    experiment.sweep = SWEEP[..3].to_vec();
    let found: Vec<&str> = run(&experiment)
        .exponents
        .iter()
        .map(|r| r.quantity)
        .collect();
    let all = [
        "decay_rate",
        "discrepancy_per_particle",
        "relative_variance",
        "collisions",
    ];
    assert_eq!(found, all);
    // Where ‖Δ‖² has no closed form, only collisions are left.
    (experiment.coupling, experiment.rematch) = (CouplingKind::Aligned, Rematch::Output);
    let rows = run(&experiment).exponents;
    assert_eq!(
        rows.iter().map(|r| r.quantity).collect::<Vec<_>>(),
        ["collisions"]
    );
}

#[test]
fn intervals_are_as_wide_as_their_confidence_says() {
    let rows = run(&experiment(&SWEEP)).exponents;
    assert_eq!(rows.len(), 4);
    for row in rows {
        let reach = normal_half_width(row.confidence) * row.std_error.unwrap();
        let ends = [row.ci_low - row.exponent, row.ci_high - row.exponent];
        for (end, expected) in ends.iter().zip([-reach, reach]) {
            assert!((end / expected - 1.0).abs() < 1e-6, "{row:?}");
        }
        // The quantile of 99.9 %, from a table.
        assert_eq!(row.confidence, 0.999);
        assert!((reach / row.std_error.unwrap() - 3.290_527).abs() < 1e-6);
    }
}

/// The row of limits that the distance of the joint laws has at one N.
fn limits_of_joint_laws(particles: usize, lower: f64, upper: f64) -> ScalingRow {
    ScalingRow {
        particles,
        quantity: "joint_w2_squared",
        value: None,
        std_error: None,
        exact: None,
        exact_std_error: None,
        lower_limit: Some(lower),
        upper_limit: Some(upper),
        meaning: "",
        nearly_normal: true,
    }
}

#[test]
fn a_size_without_limits_counts_in_the_confidence() {
    let row = |lower: f64| {
        let rows: Vec<ScalingRow> = ([(4, lower), (8, 0.30), (16, 0.31), (32, 0.32)].iter())
            .map(|&(particles, lower)| limits_of_joint_laws(particles, lower, 0.4))
            .collect();
        let rows = exponent_rows(&experiment(&SWEEP), &rows);
        (rows.len(), rows[0].sizes, rows[0].confidence)
    };
    let (rows, sizes, confidence) = row(0.29);
    assert_eq!((rows, sizes), (1, 4));
    assert!((confidence - 0.996).abs() < 1e-12);
    // These data gave no lower limit.
    assert_eq!(row(0.0), (1, 3, confidence));
}

#[test]
fn a_single_particle_is_off_the_line_and_so_is_its_exact_value() {
    // N = 1 has no pairs: the collisions are β, and (κ/2 + β)N from two particles on.
    let rows = run(&experiment(&[(1, 20_000), (2, 20_000), (4, 20_000)])).exponents;
    let row = rows
        .iter()
        .find(|row| row.quantity == "collisions")
        .unwrap();
    assert!((row.exact.unwrap() - 1.0).abs() > 0.05, "{row:?}");
    assert!(row.z.unwrap().abs() < Z_LIMIT, "{row:?}");
    assert!(!row.power_law && row.p_value.unwrap() < 1e-9, "{row:?}");
}

#[test]
fn no_collisions_have_no_error_of_their_own() {
    let mut short = experiment(&[(2, 1)]);
    short.end = 1e-9;
    let tables = run(&short);
    let mut rows = tables.scaling.iter();
    let row = rows.find(|row| row.quantity == "collisions").unwrap();
    assert_eq!((row.value, row.std_error), (Some(0.0), None));
    assert!(row.exact_std_error.unwrap() > 0.0, "{row:?}");
}

#[test]
fn copies_apart_collide_twice_as_often() {
    let mut apart = experiment(&SWEEP);
    apart.coupling = CouplingKind::Independent;
    let tables = run(&apart);
    for row in tables
        .scaling
        .iter()
        .filter(|row| row.quantity == "collisions")
    {
        // The collisions of both copies are 2(κ/2 + β)N with κ = 1 and β = 2.
        assert_eq!(row.exact, Some(5.0 * row.particles as f64));
        let z = (row.value.unwrap() - row.exact.unwrap()) / row.exact_std_error.unwrap();
        assert!(z.abs() < Z_LIMIT, "{row:?}");
    }
}

/// The z-scores of the exponents of some quantities over seeds.
fn scores(sweep: &[(usize, u64)], seeds: u64) -> Vec<ExponentRow> {
    let mut experiment = experiment(sweep);
    let mut rows = vec![];
    for seed in 0..seeds {
        experiment.seed = seed;
        rows.extend(run(&experiment).exponents);
    }
    rows
}

#[test]
fn scores_of_many_seeds_are_standard_normal() {
    let seeds = 60;
    let rows = scores(&SWEEP, seeds);
    for quantity in [
        "decay_rate",
        "discrepancy_per_particle",
        "relative_variance",
        "collisions",
    ] {
        let z: Vec<f64> = (rows.iter().filter(|row| row.quantity == quantity))
            .map(|row| row.z.unwrap())
            .collect();
        assert_eq!(z.len() as u64, seeds, "{quantity}");
        let count = seeds as f64;
        let mean = z.iter().sum::<f64>() / count;
        // The mean of 60 is beyond 4.9/√60 with a probability of 10⁻⁶.
        assert!(mean.abs() < 4.9 / count.sqrt(), "{quantity}: {mean}");
        // χ² of 60 degrees is below 20 or above 126 with a probability of 2·10⁻⁶.
        let squares: f64 = z.iter().map(|z| z * z).sum();
        assert!((20.0..126.0).contains(&squares), "{quantity}: {squares}");
    }
}

#[test]
fn distances_of_laws_that_are_not_chaotic_have_no_limit() {
    let mut bracketed = experiment(&[(4, 600), (8, 400), (16, 300)]);
    let plan = load(Path::new("experiments/scaling-rank.toml")).unwrap();
    bracketed.wasserstein = plan.experiment.wasserstein;
    let limit = |rows: &[ExponentRow], quantity: &str| {
        let row = rows.iter().find(|row| row.quantity == quantity);
        row.unwrap_or_else(|| panic!("{quantity}: {rows:?}")).limit
    };
    let rows = run(&bracketed).exponents;
    assert_eq!(limit(&rows, "w2"), Some(0.0));
    assert_eq!(limit(&rows, "joint_w2"), Some(0.5));
    // Few particles leave the joint laws a wide range, around ½ and not around 0 or 1.
    for (quantity, middle, off) in [("w2", 0.0, 0.05), ("joint_w2", 0.5, 0.25)] {
        let row = rows.iter().find(|row| row.quantity == quantity).unwrap();
        assert!((row.exponent - middle).abs() < off, "{row:?}");
        assert!(
            row.ci_low < middle + off && middle - off < row.ci_high,
            "{row:?}"
        );
    }
    // The confidence is Bonferroni's over three N.
    let row = rows.iter().find(|row| row.quantity == "w2").unwrap();
    assert!((row.confidence - 0.997).abs() < 1e-12);
    bracketed.joints = [Joint::MirroredEqual, Joint::Product];
    bracketed.pairing = Pairing::Independent;
    let rows = run(&bracketed).exponents;
    assert_eq!(limit(&rows, "joint_w2"), None);
    // W₂ of these laws is not known at time 0; but their particles become independent.
    bracketed.joints = [Joint::MirroredOpposite, Joint::Product];
    let rows = run(&bracketed).exponents;
    assert_eq!(limit(&rows, "joint_w2"), Some(0.5));
}

#[test]
fn sizes_of_few_replicas_have_no_excess() {
    let mut bracketed = experiment(&[(2, 2000), (4, 600), (8, 400), (16, 149)]);
    let plan = load(Path::new("experiments/scaling-rank.toml")).unwrap();
    bracketed.wasserstein = plan.experiment.wasserstein;
    let tables = run(&bracketed);
    let sizes = |quantity: &str| -> Vec<usize> {
        let rows = tables.scaling.iter();
        let rows = rows.filter(|row| row.quantity == quantity);
        rows.map(|row| row.particles).collect()
    };
    assert_eq!(sizes("joint_w2_squared"), [2, 4, 8, 16]);
    assert_eq!(sizes("joint_excess"), [2, 4, 8]);
    let mut rows = tables.exponents.iter();
    let row = rows.find(|row| row.quantity == "joint_excess");
    let row = row.unwrap();
    assert!(row.sizes == 3 && (row.confidence - 0.997).abs() < 1e-12);
}

#[test]
fn exponents_follow_from_the_rows_of_scaling() {
    let tables = run(&experiment(&SWEEP));
    let of = |quantity: &'static str| {
        let rows = tables.scaling.iter();
        rows.filter(move |row: &&ScalingRow| row.quantity == quantity)
    };
    // The exponent is computed by the normal equations from the table alone.
    for quantity in ["relative_variance", "collisions"] {
        let mut sums = [0.0; 5];
        for row in of(quantity) {
            let (exact, error) = (row.exact.unwrap(), row.exact_std_error.unwrap());
            let s = error / exact;
            let x = libm::log(row.particles as f64);
            let y = libm::log(row.value.unwrap()) + 0.5 * s * s;
            for (sum, term) in sums.iter_mut().zip([1.0, x, x * x, y, x * y]) {
                *sum += term / (s * s);
            }
        }
        let [s, x, xx, y, xy] = sums;
        let slope = (s * xy - x * y) / (s * xx - x * x);
        let error = (s / (s * xx - x * x)).sqrt();
        let row = tables.exponents.iter().find(|row| row.quantity == quantity);
        let row = row.unwrap();
        assert!((row.exponent - slope).abs() < 1e-9, "{row:?}");
        assert!(
            (row.std_error.unwrap() / error - 1.0).abs() < 1e-9,
            "{row:?}"
        );
    }
}
