//! The exit codes of `kac check` and `kac run`: 0, 1, 3 here; 2 and 4 are in
//! `bad_input.rs`.

use assert_cmd::Command;
use std::path::Path;

/// A committed experiment with `from` replaced by `to`, in a folder of its own.
fn changed(name: &str, from: &str, to: &str) -> (tempfile::TempDir, std::path::PathBuf) {
    let text = std::fs::read_to_string(Path::new("experiments").join(name)).unwrap();
    assert!(text.contains(from), "{name} has no {from}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, text.replace(from, to)).unwrap();
    (folder, path)
}

fn check(path: &Path, arguments: &[&str]) -> i32 {
    let output = Command::cargo_bin("kac")
        .unwrap()
        .arg("check")
        .arg(path)
        .args(arguments)
        .output()
        .unwrap();
    output.status.code().unwrap()
}

const CLOCKS: [&str; 2] = ["clock-theorem6.toml", "clock-master-equation.toml"];

#[test]
fn verdicts_as_expected_exit_with_0() {
    for name in CLOCKS {
        assert_eq!(
            check(&Path::new("experiments").join(name), &[]),
            0,
            "{name}"
        );
    }
}

#[test]
fn swapped_expectations_exit_with_1() {
    for name in CLOCKS {
        let (_folder, path) = changed(name, "expect = \"holds\"", "expect = \"refuted\"");
        assert_eq!(check(&path, &[]), 1, "{name}");
        let (_folder, path) = changed(name, "expect = \"refuted\"", "expect = \"holds\"");
        assert_eq!(check(&path, &[]), 1, "{name}");
    }
}

#[test]
fn too_few_replicas_exit_with_3() {
    for name in CLOCKS
        .into_iter()
        .chain(["two-baths.toml", "theorem6.toml"])
    {
        let path = Path::new("experiments").join(name);
        assert_eq!(check(&path, &["--replicas", "20"]), 3, "{name}");
    }
}

#[test]
fn run_exits_by_the_same_rule() {
    let (folder, path) = changed(CLOCKS[0], "seed = ", "seed = 1");
    let run = |arguments: &[&str]| {
        let out = folder.path().join("out");
        let mut command = Command::cargo_bin("kac").unwrap();
        command.arg("run").arg(&path).arg("--out").arg(out);
        command.args(arguments).output().unwrap().status.code()
    };
    assert_eq!(run(&["--replicas", "20"]), Some(3));
    assert_eq!(run(&[]), Some(0));
}
