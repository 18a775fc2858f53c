//! Runs of one seed give the same bytes for any number of threads, engine, record times, end of the
//! run, and name of the clock.

use kac_coupling::config::load;
use kac_coupling::experiment::{Experiment, WassersteinPlan};
use kac_coupling::measure::Engine;
use kac_coupling::model::Clock;
use kac_coupling::model::coupling::{CouplingKind, Rematch};
use kac_coupling::numerics::vector::Instructions;
use kac_coupling::table::rows::Tables;
use kac_coupling::verify::{Results, Sampling, verify};
use kac_coupling::write::File;
use std::convert::Infallible;
use std::path::Path;

/// A committed experiment, made small: N = 1, 3 and 40, a non-Gaussian start, and batches of W₂
/// that end inside replicas.
fn small() -> Experiment {
    let mut experiment = load(Path::new("experiments/theorem6.toml"))
        .unwrap()
        .experiment;
    experiment.sweep = vec![(1, 900), (3, 700), (40, 130)];
    experiment.wasserstein = Some(WassersteinPlan {
        points: 9,
        sample: 250,
        bracket: 0,
    });
    experiment.mu = 1.25;
    experiment
}

fn tables(experiment: &Experiment, engine: Engine, threads: usize) -> Tables {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .unwrap();
    pool.install(|| {
        let finished = |_: &_| Ok::<(), Infallible>(());
        verify(experiment, engine, Sampling::Full, &|_| (), finished)
            .unwrap()
            .tables
    })
}

/// The bytes of all tables, as they are written.
fn bytes(tables: &Tables) -> Vec<File> {
    let results = Results {
        tables: tables.clone(),
        ..Results::default()
    };
    let files = kac_coupling::write::tables(&results);
    assert!(files.len() == 6, "{files:?}");
    files
}

#[test]
fn threads_and_engines_change_no_byte() {
    let rematchings = [
        Rematch::Never,
        Rematch::Output,
        Rematch::Event,
        Rematch::Every(0.3),
    ];
    let models = CouplingKind::ALL
        .into_iter()
        .flat_map(|coupling| rematchings.map(|rematch| (coupling, rematch)));
    for (coupling, rematch) in models {
        let experiment = Experiment {
            coupling,
            rematch,
            ..small()
        };
        let one = bytes(&tables(&experiment, Engine::Block, 1));
        assert_eq!(one, bytes(&tables(&experiment, Engine::Block, 2)));
        assert_eq!(one, bytes(&tables(&experiment, Engine::Block, 7)));
        assert_eq!(one, bytes(&tables(&experiment, Engine::Plain, 3)));
        let other_seed = Experiment {
            seed: 1,
            ..experiment
        };
        assert_ne!(one, bytes(&tables(&other_seed, Engine::Block, 1)));
    }
}

/// Rows of all measured quantities at some times.
fn measured_at(tables: &Tables, times: &[f64]) -> Vec<String> {
    let common = |time: f64| times.contains(&time);
    let discrepancies = tables.discrepancy.iter().filter(|row| common(row.time));
    let moments = tables.moments.iter().filter(|row| common(row.time));
    let distances = tables.wasserstein.iter().filter(|row| common(row.time));
    let mut rows: Vec<String> = discrepancies.map(|row| format!("{row:?}")).collect();
    rows.extend(moments.map(|row| format!("{row:?}")));
    rows.extend(distances.map(|row| format!("{row:?}")));
    rows
}

#[test]
fn record_times_and_the_end_change_no_bit_at_common_times() {
    // An interval of 0.3 is no multiple of the record times'.
    for rematch in [Rematch::Never, Rematch::Event, Rematch::Every(0.3)] {
        record_times_and_the_end_change_no_bit_of(Experiment { rematch, ..small() });
    }
}

fn record_times_and_the_end_change_no_bit_of(base: Experiment) {
    let (reference, times) = (tables(&base, Engine::Block, 2), base.times());
    let finer = Experiment {
        points: 81,
        ..base.clone()
    };
    let longer = Experiment {
        end: 8.0,
        points: 81,
        wasserstein: Some(WassersteinPlan {
            points: 17,
            sample: 250,
            bracket: 0,
        }),
        ..base
    };
    let expected = measured_at(&reference, &times);
    // For each of 3 N there are 41 times with one row of ‖Δ‖², ten rows of moments (six at N = 1),
    // and nine times with W₂.
    assert_eq!(expected.len(), 3 * 41 + 41 * (10 + 10 + 6) + 3 * 9);
    assert_eq!(
        expected,
        measured_at(&tables(&finer, Engine::Block, 2), &times)
    );
    assert_eq!(
        expected,
        measured_at(&tables(&longer, Engine::Block, 2), &times)
    );
}

#[test]
fn the_clocks_are_one_family_to_the_bit() {
    let theorem6 = small();
    let master = Experiment {
        clock: Clock::MasterEquation,
        lambda: theorem6.lambda / 2.0,
        mu: 2.0 * theorem6.mu,
        ..theorem6.clone()
    };
    let (mut one, mut other) = (
        tables(&theorem6, Engine::Block, 2),
        tables(&master, Engine::Block, 2),
    );
    // Only the printed bound e^(−μt) depends on μ itself, not on β.
    for tables in [&mut one, &mut other] {
        for row in &mut tables.discrepancy {
            row.bound = 0.0;
        }
        for row in &mut tables.wasserstein {
            row.bound = None;
        }
    }
    assert_eq!(bytes(&one), bytes(&other));
}

/// The checksums of all files of a run of the binary, except the manifest.
fn checksums(instructions: &str, threads: &str) -> Vec<(String, Vec<u8>)> {
    let folder = tempfile::tempdir().unwrap();
    let output = assert_cmd::Command::cargo_bin("kac")
        .unwrap()
        .env("KAC_INSTRUCTIONS", instructions)
        .args([
            "run",
            "experiments/theorem7.toml",
            "--replicas",
            "700",
            "--threads",
            threads,
        ])
        .arg("--out")
        .arg(folder.path())
        .output()
        .unwrap();
    assert!(output.stderr.is_empty(), "{output:?}");
    let manifest = std::fs::read_to_string(folder.path().join("manifest.json")).unwrap();
    let known = ["sse2", "avx2", "avx512", "portable"];
    assert!(
        known
            .iter()
            .any(|name| manifest.contains(&format!("\"instructions\": \"{name}\"")))
    );
    let mut files: Vec<(String, Vec<u8>)> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| !path.ends_with("manifest.json"))
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read(&path).unwrap())
        })
        .collect();
    files.sort();
    files
}

#[test]
fn instruction_sets_change_no_byte_of_a_run() {
    let reference = checksums("", "1");
    assert!(reference.len() > 10);
    for instructions in Instructions::available() {
        let name = instructions.name();
        for threads in ["1", "2"] {
            assert!(checksums(name, threads) == reference, "{name} {threads}");
        }
    }
}
