//! The memory that drawing takes. These tests are alone in their program: the largest memory of a
//! child includes the memory that its parent had when it started the child.
#![cfg(target_os = "linux")]

use assert_cmd::Command;
use std::path::Path;

/// The limit for the memory of drawing, in bytes.
const LIMIT: i64 = 64 << 20;

/// The largest memory, in bytes, that any child of this process had.
fn peak_of_children() -> i64 {
    // SAFETY: all zeros are a valid `rusage`, and the system fills it.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        assert_eq!(libc::getrusage(libc::RUSAGE_CHILDREN, &mut usage), 0);
        usage
    };
    usage.ru_maxrss * 1024
}

fn assert_small(what: &str) {
    let peak = peak_of_children();
    // Every process takes a megabyte, so the system has counted.
    assert!((1 << 20..LIMIT).contains(&peak), "{what} took {peak} bytes");
}

/// Copies the committed tables of an experiment below a folder of figures.
fn copy_tables(experiment: &str, figures: &Path) {
    let from = Path::new("output/figures/tables").join(experiment);
    let to = figures.join("tables").join(experiment);
    std::fs::create_dir_all(&to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

#[test]
fn the_largest_figures_are_drawn_in_little_memory() {
    // Drawn in one piece, each of them would take more than 70 MB.
    for (name, experiments) in [
        ("scaling", &["scaling", "scaling-rank"][..]),
        ("moments", &["two-baths"]),
    ] {
        let folder = tempfile::tempdir().unwrap();
        for experiment in experiments {
            copy_tables(experiment, folder.path());
        }
        let mut command = Command::cargo_bin("kac").unwrap();
        command.args(["figure", name, "--redraw", "--out"]);
        command.arg(folder.path()).assert().code(0);
        assert_small(name);
        let png = format!("{name}.png");
        let drawn = std::fs::read(folder.path().join(&png)).unwrap();
        let committed = std::fs::read(Path::new("output/figures").join(&png)).unwrap();
        assert!(drawn == committed, "{name}");
    }
}

/// A run with as many figures as a run can have.
const RUN: &str = r#"seed = 7
replicas = 20

[model]
particles = [2, 3]
lambda = 1.0
mu = 1.0
clock = "theorem6"

[bath]
law = "normal"
mean = 0.0
sd = 1.0

[initial]
first = { law = "normal", mean = 0.5, sd = 1.0 }
second = { law = "uniform", low = -3.0, high = 5.0 }

[time]
end = 1.0
points = 5

[wasserstein]
points = 3
sample = 20

[steady_state]
tolerance = 1e-2
"#;

#[test]
fn a_run_draws_its_figures_in_little_memory() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("run.toml");
    std::fs::write(&config, RUN).unwrap();
    let out = folder.path().join("out");
    let mut command = Command::cargo_bin("kac").unwrap();
    command.arg("run").arg(&config).arg("--out").arg(&out);
    command.args(["--threads", "8"]).assert().code(0);
    assert_small("run");
    for figure in [
        "decay",
        "wasserstein",
        "scaling",
        "moments",
        "steady-state",
        "kurtosis",
    ] {
        assert!(out.join(format!("{figure}.png")).is_file(), "{figure}");
    }
}
