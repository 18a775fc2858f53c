//! Every command and config in the README and in `docs/` is run, and must end as the text says.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The texts that users read.
fn texts() -> Vec<(PathBuf, String)> {
    let docs = std::fs::read_dir("docs").unwrap().flatten();
    let pages = docs.map(|entry| entry.path());
    let pages = pages.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    let all = pages.chain([PathBuf::from("README.md")]);
    all.map(|path| (path.clone(), std::fs::read_to_string(path).unwrap()))
        .collect()
}

/// The code blocks of a language.
fn blocks<'a>(text: &'a str, language: &str) -> Vec<&'a str> {
    let start = format!("```{language}\n");
    let parts = text.split(start.as_str()).skip(1);
    parts
        .map(|part| part.split("```").next().unwrap())
        .collect()
}

/// The texts between single backticks outside of code blocks, each on one line.
fn spans(text: &str) -> Vec<&str> {
    let outside = text.split("```").step_by(2);
    let lines = outside.flat_map(str::lines);
    lines
        .flat_map(|line| line.split('`').skip(1).step_by(2))
        .collect()
}

/// A folder in which a committed command takes seconds: some of the committed experiments with
/// their figures' tables.
fn small_checkout() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("experiments")).unwrap();
    for name in ["theorem6", "clock-theorem6", "clock-master-equation"] {
        let path = Path::new("experiments").join(format!("{name}.toml"));
        std::fs::copy(&path, folder.path().join(&path)).unwrap();
    }
    folder
}

/// The exit code of a line of a shell.
fn exit_of(line: &str, folder: &Path) -> Option<i32> {
    let program = Path::new(env!("CARGO_BIN_EXE_kac"));
    let path = format!(
        "{}:{}",
        program.parent().unwrap().display(),
        std::env::var("PATH").unwrap()
    );
    let output = Command::new("sh")
        .args(["-c", line])
        .current_dir(folder)
        .env("PATH", path)
        .output()
        .unwrap();
    if !output.status.success() {
        eprintln!("{line}: {output:?}");
    }
    output.status.code()
}

#[test]
fn commands_in_shell_blocks_end_with_0() {
    let folder = small_checkout();
    let mut run = vec![];
    for (path, text) in texts() {
        let lines = blocks(&text, "sh").into_iter().flat_map(str::lines);
        for line in lines.filter(|line| !line.is_empty()) {
            // Tests cannot be run from a test.
            if line.starts_with("cargo test --release") {
                continue;
            }
            let line = line.replacen("cargo run --release --", "kac", 1);
            assert!(line.starts_with("kac "), "{}: {line}", path.display());
            assert_eq!(exit_of(&line, folder.path()), Some(0), "{line}");
            run.push(line);
        }
    }
    assert!(run.len() >= 3, "{run:?}");
    assert!(folder.path().join("output/theorem6/verdicts.csv").is_file());
}

#[test]
fn commands_of_workflows_are_commands() {
    let mut run = 0;
    for (_, text) in texts() {
        let lines = blocks(&text, "yaml").into_iter().flat_map(str::lines);
        let commands = lines.filter_map(|line| line.split("- run: ").nth(1));
        for line in commands.filter(|line| line.starts_with("kac ")) {
            assert_eq!(exit_of(line, small_checkout().path()), Some(0), "{line}");
            run += 1;
        }
    }
    assert!(run > 0);
}

/// Where a text names a command, each of its words must be one of the command line, or a word in
/// capitals or brackets that stands for something.
#[test]
fn commands_in_sentences_are_commands() {
    let mut seen = 0;
    for (path, text) in texts() {
        for span in spans(&text)
            .into_iter()
            .filter(|span| span.starts_with("kac "))
        {
            let stands_for_something =
                |word: &str| word.starts_with('[') || word.contains(char::is_uppercase);
            let words = span.split([' ', '|', '\\']).skip(1);
            let mut words = words.take_while(|word| !stands_for_something(word));
            let command = words.next().unwrap_or("help");
            let named: Vec<&str> = words.collect();
            let place = format!("{}: `{span}`", path.display());
            let help = Command::new(env!("CARGO_BIN_EXE_kac"))
                .args([command, "--help"])
                .output()
                .unwrap();
            assert!(help.status.success(), "{place}");
            let help = String::from_utf8(help.stdout).unwrap();
            for word in named {
                let is_known = match command {
                    _ if word.starts_with("--") => help.contains(word),
                    "figure" => kac_coupling::figure::Figure::named(word).is_some(),
                    _ => false,
                };
                assert!(is_known, "{place}: {word}");
            }
            seen += 1;
        }
    }
    assert!(seen > 10, "{seen}");
}

/// The config with every section is run, and the one that calibrates in its place.
#[test]
fn the_configs_of_the_readme_run_as_it_says() {
    let readme = std::fs::read_to_string("README.md").unwrap();
    let [whole, calibration] = blocks(&readme, "toml")[..] else {
        panic!("there are two configs in the README");
    };
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.toml"), whole).unwrap();
    assert!(readme.contains("Its check HOLDS for every N, and `kac run` exits with 0."));
    assert_eq!(exit_of("kac run a.toml", folder.path()), Some(0));
    let verdicts = std::fs::read_to_string(folder.path().join("output/a/verdicts.csv")).unwrap();
    assert_eq!(verdicts.matches("HOLDS").count(), 3, "{verdicts}");
    // The run has fewer repetitions of smaller runs.
    let (model, _) = whole.split_once("[wasserstein]").unwrap();
    let text = format!("{model}{calibration}")
        .replace("replicas = [100000, 25000, 6000]", "replicas = 100")
        .replace("seeds = 4000", "seeds = 20");
    std::fs::write(folder.path().join("b.toml"), text).unwrap();
    assert_eq!(exit_of("kac run b.toml", folder.path()), Some(0));
    assert!(folder.path().join("output/b/calibration.csv").is_file());
}
