//! The exit codes of `kac check` and `kac run`. The causes of codes 2 and 4 are in `bad_input.rs`.

use crate::small::Wanted;
use assert_cmd::Command;
use std::path::Path;

const FORMATS: [&str; 4] = ["text", "json", "junit", "github"];

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

/// `kac check` in a folder with a config that gives these verdicts.
fn checking(checks: &[Wanted], arguments: &[&str]) -> (tempfile::TempDir, Command) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("config.toml"),
        crate::small::config(checks),
    )
    .unwrap();
    let mut command = Command::cargo_bin("kac").unwrap();
    command.current_dir(&folder).arg("check").args(arguments);
    (folder, command)
}

#[test]
fn the_code_is_the_same_in_every_format() {
    use Wanted::{Against, AsExpected, Inconclusive};
    for format in FORMATS {
        let code = |checks: &[Wanted], config: &str| {
            let (_folder, mut command) = checking(checks, &[config, "--format", format]);
            let output = command.output().unwrap();
            (output.status.code(), output.stdout.is_empty())
        };
        let printed = |code| (Some(code), false);
        assert_eq!(code(&[AsExpected], "config.toml"), printed(0), "{format}");
        assert_eq!(code(&[AsExpected, Against], "config.toml"), printed(1));
        assert_eq!(code(&[Inconclusive, Against], "config.toml"), printed(1));
        assert_eq!(code(&[Inconclusive, AsExpected], "config.toml"), printed(3));
        let silent = |code| (Some(code), true);
        assert_eq!(code(&[], "config.toml"), silent(2), "{format}");
        assert_eq!(code(&[AsExpected], "none.toml"), silent(4), "{format}");
    }
}

/// A disk that is full.
#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_exits_with_4() {
    for format in FORMATS {
        let (folder, _) = checking(&[Wanted::AsExpected], &[]);
        let full = std::fs::File::create("/dev/full").unwrap();
        let output = std::process::Command::new(assert_cmd::cargo::cargo_bin!("kac"))
            .current_dir(&folder)
            .args(["check", "config.toml", "--format", format])
            .stdout(full)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(4), "{format}");
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(message.starts_with("error: cannot write to standard output: "));
    }
}

#[test]
fn a_folder_below_a_file_exits_with_4() {
    let (folder, path) = changed(CLOCKS[0], "seed = ", "seed = 1");
    let output = Command::cargo_bin("kac")
        .unwrap()
        .current_dir(&folder)
        .arg("run")
        .arg(&path)
        .args(["--out", &format!("{}/out", CLOCKS[0])])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(4));
    assert!(output.stdout.is_empty());
}
