//! Reading of users' input: files of any kind and size are read right or refused at once, messages quote it shortly and
//! harmlessly, and a run records it.
//!
//! `bad_input.rs` has the messages on wrong configs, `laws.rs` those on lines of data.

use crate::bench::Bench;
use crate::small::Wanted::{Against, AsExpected, Inconclusive};
use crate::small::config;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::ffi::OsStr;

/// A folder with a config in it that runs in milliseconds.
fn bench() -> Bench {
    Bench::with("config.toml", config(&[]))
}

/// The exit code, standard output and standard error of `kac` in a folder.
fn kac<A: AsRef<OsStr>>(folder: &Bench, arguments: &[A]) -> (i32, String, String) {
    let ended = folder.kac(arguments);
    (ended.code.unwrap(), ended.stdout, ended.stderr)
}

/// A config with the first law replaced.
fn with_first(law: &str) -> String {
    let first = "first = { law = \"normal\", mean = 0.5, sd = 1.0 }";
    let text = config(&[]);
    assert!(text.contains(first));
    text.replace(first, &format!("first = {law}"))
}

fn empirical(file: &str, column: &str) -> String {
    with_first(&format!(
        "{{ law = \"empirical\", file = {file:?}, column = {column:?} }}"
    ))
}

/// A file of zeros of that length, which takes no place.
fn sparse(folder: &Bench, name: &str, length: u64) {
    let file = std::fs::File::create(folder.path(name)).unwrap();
    file.set_len(length).unwrap();
}

#[cfg(target_os = "linux")]
fn pipe(folder: &Bench, name: &str) {
    let made = std::process::Command::new("mkfifo")
        .arg(folder.path(name))
        .status();
    assert!(made.unwrap().success());
}

#[test]
fn endless_and_long_configs_are_refused() {
    let folder = bench();
    sparse(&folder, "long.toml", 1_000_001);
    sparse(&folder, "very-long.toml", 1 << 40);
    let long = "it is longer than 1000000 bytes";
    let mut cases = vec![("long.toml", long), ("very-long.toml", long)];
    if cfg!(target_os = "linux") {
        pipe(&folder, "pipe.toml");
        let regular = "it is not a regular file (of at most 1000000 bytes)";
        cases.extend(["pipe.toml", "/dev/zero", "/dev/tty"].map(|name| (name, regular)));
    }
    for (name, problem) in cases {
        for command in ["run", "check", "plan"] {
            let (code, stdout, stderr) = kac(&folder, &[command, name]);
            assert_eq!((code, &*stdout), (4, ""), "{command} {name}: {stderr}");
            let start = format!("error: cannot read the config {name}: {problem}");
            assert!(stderr.starts_with(&start), "{command} {name}: {stderr}");
        }
    }
    // A file of the largest length is read.
    let text = config(&[]);
    let longest = text.clone() + &"#".repeat(1_000_000 - text.len());
    folder.put("longest.toml", longest);
    let (code, _, stderr) = kac(&folder, &["plan", "longest.toml"]);
    assert_eq!(code, 0, "{stderr}");
}

#[test]
fn endless_and_long_files_of_data_are_refused() {
    let folder = bench();
    sparse(&folder, "long.csv", 1_000_000_001);
    sparse(&folder, "zeros.csv", 999_999_999);
    std::fs::create_dir(folder.path("folder.csv")).unwrap();
    let mut cases = vec![
        ("long.csv", "it is longer than 1000000000 bytes"),
        ("zeros.csv", "line 1: it is longer than 1000000 bytes"),
        ("folder.csv", "is a directory"),
    ];
    if cfg!(target_os = "linux") {
        pipe(&folder, "pipe.csv");
        let regular = "it is not a regular file (of at most 1000000000 bytes)";
        cases.extend(["pipe.csv", "/dev/zero", "/dev/random"].map(|name| (name, regular)));
    }
    for (name, problem) in cases {
        folder.put("config.toml", empirical(name, "v"));
        let (code, stdout, stderr) = kac(&folder, &["run", "config.toml"]);
        assert_eq!((code, &*stdout), (2, ""), "{name}: {stderr}");
        let start = format!("error: config.toml:16: `initial.first.file` = {name:?}: ");
        assert!(stderr.starts_with(&start), "{name}: {stderr}");
        assert!(stderr.contains(problem), "{name}: {stderr}");
        assert!(!folder.path("output").exists());
    }
}

#[test]
fn a_byte_order_mark_and_line_ends_of_configs_do_not_count() {
    let folder = bench();
    let text = config(&[]);
    let dialects = [
        format!("\u{feff}{text}"),
        text.replace('\n', "\r\n"),
        text.trim_end().to_string(),
    ];
    for dialect in dialects {
        folder.put("config.toml", &dialect);
        let (code, _, stderr) = kac(&folder, &["plan", "config.toml"]);
        assert_eq!(code, 0, "{dialect:?}: {stderr}");
    }
}

/// Escape codes of terminals, directions of writing, an end of a line.
const OBEYED: &str = "\u{1b}[31m\u{9b}1m\u{7}\u{202e}\u{200b}\r";

/// True if a message is a few lines of at most 500 characters, without characters that control a terminal.
fn is_harmless(message: &str) -> bool {
    let lines: Vec<&str> = message.lines().collect();
    let obeyed = |c: char| c != '\n' && (c.is_control() || OBEYED.contains(c) && !c.is_ascii());
    let is_short = |line: &&str| line.chars().count() <= 500;
    lines.len() <= 6 && lines.iter().all(is_short) && !message.contains(obeyed)
}

/// A name in a TOML string with escapes.
fn escaped(text: &str) -> String {
    let spelt = text.chars().map(|c| match c {
        ' '..='~' => c.to_string(),
        _ => format!("\\u{:04x}", u32::from(c)),
    });
    spelt.collect()
}

#[test]
fn messages_quote_little_and_no_control_characters() {
    let folder = bench();
    let data = format!("v{},w\n1,{OBEYED}\n", OBEYED.trim());
    folder.put("data.csv", data);
    folder.put("columns.csv", format!("v\n{}\n", "1,".repeat(200_000)));
    folder.put(
        "names.csv",
        (0..90_000).map(|k| format!("a{k},")).collect::<String>(),
    );
    let (rude, long) = (escaped(OBEYED), "x".repeat(400_000));
    let mut configs = vec![
        // The quote is not closed, on a line and on many.
        format!("title = \"{long}\n{}", config(&[])),
        format!(
            "title = \"\"\"{}\n{}",
            long.replace("xx", "x\n"),
            config(&[])
        ),
        format!("title = '{OBEYED}\n{}", config(&[])),
        format!("{long} {long}\n{}", config(&[])),
        with_first(&format!(
            "{{ law = \"normal\", mean = \"{long}\", sd = 1.0 }}"
        )),
        with_first(&format!(
            "{{ law = \"discrete\", values = [{}], weights = [1.0] }}",
            "1, ".repeat(99_999)
        )),
        with_first("{ law = \"discrete\", values = [0.0, 1.0], weights = [1.0, 1.0] }")
            .replace("[1.0, 1.0]", &format!("[{}1.0, 1.0]", " ".repeat(400_000))),
    ];
    for name in [&rude, &long] {
        configs.extend([
            format!("\"{name}\" = 1\n{}", config(&[])),
            format!("[\"{name}\"]\nx = 1\n{}", config(&[])),
            format!(
                "seed = \"{name}\"\n{}",
                config(&[]).replace("seed = 2016\n", "")
            ),
            config(&[]).replace("clock = \"theorem6\"", &format!("clock = \"{name}\"")),
            with_first(&format!("{{ law = \"{name}\" }}")),
            with_first(&format!("{{ \"{name}\" = \"normal\" }}")),
            with_first(&format!(
                "{{ law = \"empirical\", file = \"{name}\", column = \"v\" }}"
            )),
            with_first(&format!(
                "{{ law = \"empirical\", file = \"data.csv\", column = \"{name}\" }}"
            )),
            format!("{}[[check]]\nclaim = \"{name}\"\n", config(&[])),
        ]);
    }
    configs.extend(["data.csv", "columns.csv", "names.csv"].map(|name| empirical(name, "w")));
    configs.push(empirical("columns.csv", "v"));
    for text in configs {
        folder.put("config.toml", &text);
        let (code, stdout, stderr) = kac(&folder, &["run", "config.toml"]);
        let beginning: String = text.chars().take(200).collect();
        assert_eq!((code, &*stdout), (2, ""), "{beginning:?}: {stderr:.2000}");
        assert!(is_harmless(&stderr), "{beginning:?}: {stderr:?}");
        assert!(
            stderr.starts_with("error: config.toml:"),
            "{beginning:?}: {stderr}"
        );
    }
    // The bath has many values and no mean of 0: the fix is short too.
    let bath = "law = \"normal\"\nmean = 0.0\nsd = 2.0\n";
    let [values, weights] = ["1.0, ", "0.0001, "].map(|entry| entry.repeat(10_000));
    let discrete = format!("law = \"discrete\"\nvalues = [{values}]\nweights = [{weights}]\n");
    folder.put("config.toml", config(&[]).replace(bath, &discrete));
    let (code, _, stderr) = kac(&folder, &["run", "config.toml"]);
    assert!(code == 2 && is_harmless(&stderr), "{stderr:.2000}");
    assert!(stderr.contains("fix: subtract 0.99"), "{stderr}");
    // Names on the command line.
    for arguments in [
        ["claims", OBEYED],
        ["figure", OBEYED],
        ["run", OBEYED],
        ["check", OBEYED],
    ] {
        let (code, _, stderr) = kac(&folder, &arguments);
        assert!(
            matches!(code, 2 | 4) && is_harmless(&stderr),
            "{arguments:?}: {stderr:?}"
        );
    }
}

#[cfg(unix)]
#[test]
fn names_of_files_are_printed_without_control_characters() {
    let folder = bench();
    let name = format!("{}.toml", OBEYED.trim());
    folder.put(&name, config(&[AsExpected, Against, Inconclusive]));
    for format in ["text", "junit"] {
        let (code, stdout, stderr) = kac(&folder, &["check", &name, "--format", format]);
        assert_eq!(code, 1, "{stderr}");
        assert!(
            !stdout.contains(['\u{1b}', '\u{9b}', '\u{7}']),
            "{format}: {stdout:?}"
        );
    }
    folder.put(&name, "seed = 1");
    let (code, _, stderr) = kac(&folder, &["check", &name]);
    assert!(code == 2 && is_harmless(&stderr), "{stderr:?}");
}

#[test]
fn the_quoted_part_of_a_line_contains_the_fault() {
    let folder = bench();
    let text = with_first(&format!(
        "{{ law = \"normal\",{}\tmean = \"\u{1b}\", sd = 1.0 }}",
        " ".repeat(5000)
    ));
    folder.put("config.toml", text.replace('\u{1b}', "5"));
    let (_, _, stderr) = kac(&folder, &["plan", "config.toml"]);
    let lines: Vec<&str> = stderr.lines().collect();
    let [_, _, shown, marks, ..] = lines[..] else {
        panic!("{stderr}")
    };
    assert!(
        shown.contains("\\tmean = \"5\", sd = 1.0 }") && shown.contains('…'),
        "{stderr}"
    );
    let place = marks.find('^').unwrap();
    let at_fault: String = shown.chars().skip(place).take(3).collect();
    assert_eq!(
        (&*at_fault, marks.trim_end().len()),
        ("\"5\"", place + 3),
        "{stderr}"
    );
}

#[test]
fn a_config_whose_name_gives_no_folder_needs_the_option_out() {
    for name in ["..toml", "...toml", " .toml", ". .toml", "....toml"] {
        let folder = bench();
        folder.put(name, config(&[]));
        let (code, stdout, stderr) = kac(&folder, &["run", name]);
        assert_eq!((code, &*stdout), (2, ""), "{name:?}: {stderr}");
        let start = format!("error: the file name of the config {name} gives no name for a folder");
        assert!(
            stderr.starts_with(&start) && stderr.contains("--out"),
            "{stderr}"
        );
        let left: BTreeSet<_> = std::fs::read_dir(folder.folder())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(left, BTreeSet::from(["config.toml".into(), name.into()]));
    }
    // Another folder can be chosen, and these names give one.
    let cases = [("..toml", "here"), (".toml", ""), ("a..toml", "")];
    for ((name, out), folder) in cases.into_iter().zip([".", "output/.toml", "output/a."]) {
        let bench = bench();
        bench.put(name, config(&[]));
        let mut arguments = vec!["run", name];
        if !out.is_empty() {
            arguments.extend(["--out", out]);
        }
        let (code, _, stderr) = kac(&bench, &arguments);
        assert_eq!(code, 0, "{name:?}: {stderr}");
        let manifest = bench.path(folder).join(out).join("manifest.json");
        assert!(manifest.exists(), "{name}");
    }
}

fn manifest(folder: &Bench, text: &str) -> Value {
    folder.put("config.toml", text);
    let (code, _, stderr) = kac(folder, &["run", "config.toml", "--out", "out"]);
    assert_eq!(code, 0, "{stderr}");
    let text = std::fs::read(folder.path("out/manifest.json")).unwrap();
    serde_json::from_slice(&text).unwrap()
}

#[test]
fn a_manifest_tells_the_files_of_data_and_the_resolved_laws() {
    let folder = bench();
    let found = manifest(
        &folder,
        &with_first("{ law = \"student-t\", df = 5, scale = 1.0 }"),
    );
    assert_eq!(found["data"], json!([]));
    assert_eq!(
        found["config"]["bath"],
        json!({"law": "normal", "mean": 0.0, "sd": 2.0})
    );
    let [first, second] = ["first", "second"].map(|copy| &found["config"]["initial"][copy]);
    let student = json!({"law": "student-t", "df": 5.0, "scale": 1.0, "location": 0.0});
    assert_eq!(*first, student);
    assert_eq!(*second, json!({"law": "uniform", "low": -3.0, "high": 5.0}));

    std::fs::create_dir(folder.path("data")).unwrap();
    folder.put("data/a.csv", "t,v\n0,1\n\n1,2\n2,6\n");
    // The sum is that of `printf 't,v\n0,1\n\n1,2\n2,6\n' | sha256sum`.
    let sha256 = "008fb21c3aa5347f75640a1557be20f3b3aa0add1a753814cb6f412c94da2789";
    let text = empirical("data/a.csv", "v").replace(
        "second = { law = \"uniform\", low = -3.0, high = 5.0 }",
        "second = { law = \"empirical\", file = \"data/../data/a.csv\", column = \"t\", shift = 0.5 }",
    );
    let found = manifest(&folder, &text);
    let file = |file: &str, column: &str| json!({"file": file, "column": column, "bytes": 17, "rows": 3, "sha256": sha256});
    let expected = json!([file("data/a.csv", "v"), file("data/../data/a.csv", "t")]);
    assert_eq!(found["data"], expected);
    let sd = (14f64 / 3.0).sqrt();
    let first = json!({
        "law": "empirical", "file": "data/a.csv", "column": "v", "shift": 0.0, "count": 3,
        "mean": 3.0, "sd": sd,
    });
    assert_eq!(found["config"]["initial"]["first"], first);
    assert_eq!(found["config"]["initial"]["second"]["mean"], json!(1.5));
    assert_eq!(found["config"]["initial"]["second"]["shift"], json!(0.5));
}

#[test]
fn record_times_in_tables_are_written_as_in_configs() {
    let folder = bench();
    let text = config(&[]).replace("end = 1.5\npoints = 7", "end = 0.7\npoints = 8");
    manifest(&folder, &text);
    let table = std::fs::read_to_string(folder.path("out/discrepancy.csv")).unwrap();
    let times: Vec<&str> = table
        .lines()
        .filter_map(|line| line.strip_prefix("2,")?.split(',').next())
        .collect();
    let typed = ["0.0", "0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7"];
    assert_eq!(times, typed);
}
