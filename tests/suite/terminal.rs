//! The command line, and its output for scripts and terminals: folders of configs, reports in
//! files, quiet runs, the number of threads, names that are spelt another way, and notes of a plan
//! on empty cells.

use crate::bench::Bench;
use crate::small::Wanted;
use assert_cmd::Command;
use kac_coupling::config::load;
use kac_coupling::measure::Engine;
use kac_coupling::verify::{Sampling, Step, verify};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Mutex;

/// A folder with configs of these names, whose verdicts are as expected.
fn with_configs(configs: &[&str]) -> Bench {
    let bench = Bench::empty();
    for name in configs {
        bench.put(name, crate::small::config(&[Wanted::AsExpected]));
    }
    bench
}

/// So many replicas would take hours: a command with them has to fail before it simulates.
const HOURS: [&str; 2] = ["--replicas", "100000000000"];

#[test]
fn a_folder_stands_for_its_configs_with_checks() {
    let bench = with_configs(&["folder/b.toml", "folder/a.toml", "folder/below/c.toml"]);
    bench.put("folder/nothing.toml", crate::small::config(&[]));
    bench.put("folder/notes.txt", "no config");
    assert_eq!(
        bench.judged(&["folder"]),
        ["folder/a.toml", "folder/b.toml"]
    );
    assert_eq!(bench.judged(&["folder/below/"]), ["folder/below/c.toml"]);
    // A folder can have the name of a config.
    bench.put("d.toml/e.toml", crate::small::config(&[Wanted::AsExpected]));
    assert_eq!(bench.judged(&["d.toml"]), ["d.toml/e.toml"]);
}

#[test]
fn files_and_folders_can_be_mixed_and_count_once() {
    let bench = with_configs(&["z.toml", "folder/b.toml", "folder/a.toml"]);
    let all = ["z.toml", "folder/a.toml", "folder/b.toml"];
    assert_eq!(bench.judged(&["z.toml", "folder"]), all);
    assert_eq!(
        bench.judged(&["z.toml", "folder", "./z.toml", "folder/a.toml"]),
        all
    );
    assert_eq!(
        bench.judged(&["folder/b.toml", "folder/../folder"]),
        ["folder/b.toml", "folder/../folder/a.toml"]
    );
}

#[test]
fn a_folder_without_checks_is_an_error() {
    let bench = with_configs(&["nested/below/c.toml"]);
    bench.put("unjudged/a.toml", crate::small::config(&[]));
    std::fs::create_dir(bench.path("empty")).expect("a folder");
    for folder in ["empty", "nested", "unjudged"] {
        let ended = bench.kac(&["check", folder]);
        assert_eq!((ended.code, &*ended.stdout), (Some(4), ""), "{folder}");
        let start = format!("error: cannot read the folder {folder}: there is no .toml file with");
        assert!(ended.stderr.starts_with(&start), "{}", ended.stderr);
        assert!(ended.stderr.contains("folders in it are not searched"));
    }
    // The error comes among other configs too, and before anything is simulated.
    let ended = bench.kac(&[&["check", "nested/below", "empty"][..], &HOURS].concat());
    assert_eq!((ended.code, &*ended.stdout), (Some(4), ""));
    let help = bench.kac(&["check", "--help"]).stdout;
    assert!(help.contains("folders in it are not searched"), "{help}");
}

#[test]
fn a_report_goes_to_its_file_and_the_table_to_standard_output() {
    let bench = with_configs(&["a.toml"]);
    bench.put("kac.xml", "an older report");
    let ended = bench.kac(&["check", "a.toml", "--format", "junit", "-o", "kac.xml"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let report = junit_parser::from_reader(bench.read("kac.xml").as_bytes()).expect("JUnit");
    assert_eq!(report.tests, 2);
    assert!(
        ended.stdout.contains("\na (clock theorem6)\n"),
        "{}",
        ended.stdout
    );
    assert!(ended.stdout.contains(" collisions in "), "{}", ended.stdout);
    // Only the report is new.
    let left = ["a.toml", "kac.xml"].map(String::from);
    assert_eq!(bench.names("."), left.into());

    let ended = bench.kac(&["check", "a.toml", "--output", "kac.txt"]);
    assert_eq!(
        bench.read("kac.txt").lines().count(),
        ended.stdout.lines().count()
    );
}

#[test]
fn the_exit_code_does_not_depend_on_where_the_report_goes() {
    let bench = with_configs(&[]);
    for (wanted, code) in [
        (Wanted::AsExpected, 0),
        (Wanted::Against, 1),
        (Wanted::Inconclusive, 3),
    ] {
        bench.put("a.toml", crate::small::config(&[wanted]));
        for arguments in [
            &["--quiet"][..],
            &["--quiet", "-o", "report"],
            &["-o", "report"],
        ] {
            let ended = bench.kac(&[&["check", "a.toml"], arguments].concat());
            assert_eq!(ended.code, Some(code), "{arguments:?}");
            let is_quiet = arguments.contains(&"--quiet");
            assert_eq!(ended.stdout.is_empty(), is_quiet, "{arguments:?}");
            assert_eq!(ended.stderr, "");
        }
        let report = bench.read("report");
        assert!(report.contains(" (clock theorem6)\n"), "{report}");
    }
    let ended = bench.kac(&["check", "none.toml", "--quiet"]);
    assert_eq!(ended.code, Some(4));
    assert!(
        ended
            .stderr
            .starts_with("error: cannot read the config none.toml")
    );
}

#[test]
fn a_report_that_cannot_be_written_is_refused_before_the_simulation() {
    let bench = with_configs(&["a.toml"]);
    std::fs::create_dir(bench.path("folder")).expect("a folder");
    let mut cases = vec!["folder", "missing/kac.xml", "a.toml/kac.xml", "missing/"];
    if cfg!(target_os = "linux") {
        cases.push("/proc/kac.xml");
    }
    for output in cases {
        let arguments = [&["check", "a.toml", "-o", output][..], &HOURS].concat();
        let ended = bench.kac(&arguments);
        assert_eq!(
            (ended.code, &*ended.stdout),
            (Some(4), ""),
            "{output}: {ended:?}"
        );
        assert!(
            ended.stderr.starts_with("error: cannot write the report "),
            "{ended:?}"
        );
        assert!(
            ended.stderr.contains("choose another file with --output"),
            "{ended:?}"
        );
    }
}

#[test]
fn a_report_does_not_replace_a_config() {
    let bench = with_configs(&["a.toml", "b.toml"]);
    let before = bench.read("a.toml");
    for output in ["a.toml", "new.toml"] {
        let ended = bench.kac(&[&["check", "-o", output, "b.toml"][..], &HOURS].concat());
        assert_eq!((ended.code, &*ended.stdout), (Some(2), ""), "{ended:?}");
        let start = format!("error: --output {output} has the name of a config");
        assert!(ended.stderr.starts_with(&start), "{ended:?}");
    }
    assert_eq!(bench.read("a.toml"), before);
    assert!(!bench.path("new.toml").exists());
}

/// The device is full, which is only noticed when the report is written.
#[cfg(target_os = "linux")]
#[test]
fn verdicts_are_printed_if_the_report_cannot_be_written_after_all() {
    let bench = with_configs(&["a.toml"]);
    for arguments in [&["--format", "json"][..], &["--quiet"]] {
        let all = [&["check", "a.toml", "-o", "/dev/full"], arguments].concat();
        let ended = bench.kac(&all);
        assert_eq!(ended.code, Some(4), "{ended:?}");
        assert!(ended.stdout.contains("\na (clock theorem6)\n"), "{ended:?}");
        let start = "error: cannot write the report /dev/full: ";
        assert!(ended.stderr.starts_with(start), "{ended:?}");
    }
}

/// Devices and pipes take a report, and stay as they are; a link passes it on to its file.
#[cfg(unix)]
#[test]
fn devices_are_written_to_and_links_followed() {
    use std::os::unix::fs::FileTypeExt;
    let bench = with_configs(&["a.toml"]);
    let ended = bench.kac(&["check", "a.toml", "--quiet", "-o", "/dev/null"]);
    assert_eq!((ended.code, &*ended.stdout), (Some(0), ""), "{ended:?}");
    let device = std::fs::metadata("/dev/null").expect("the device");
    assert!(device.file_type().is_char_device());
    if cfg!(target_os = "linux") {
        let arguments = [
            "check",
            "a.toml",
            "--quiet",
            "--format",
            "json",
            "-o",
            "/dev/stdout",
        ];
        let ended = bench.kac(&arguments);
        let document: Value = serde_json::from_str(&ended.stdout).expect("JSON");
        assert_eq!(document["outcome"], "as-expected");
    }
    bench.put("reports/kac.txt", "an older report");
    std::os::unix::fs::symlink("reports/kac.txt", bench.path("link")).expect("a link");
    assert_eq!(bench.kac(&["check", "a.toml", "-o", "link"]).code, Some(0));
    assert!(bench.path("link").is_symlink());
    let report = bench.read("reports/kac.txt");
    assert!(report.contains("2 as expected"), "{report}");
}

/// Earlier output of a shell to a file stays there, under every name of the descriptor that a
/// report is given.
#[cfg(target_os = "linux")]
#[test]
fn a_report_to_a_descriptor_replaces_no_file() {
    let bench = with_configs(&["a.toml"]);
    std::os::unix::fs::symlink("/dev/stdout", bench.path("out")).expect("a link");
    for (output, redirected) in [
        ("/dev/stdout", ">> log.txt"),
        ("/dev/stdout", "> log.txt"),
        ("/dev/stderr", "2>> log.txt"),
        ("/dev/stderr", "2> log.txt"),
        ("/dev/fd/1", ">> log.txt"),
        ("/dev/fd/3", "3>> log.txt"),
        ("/proc/self/fd/1", ">> log.txt"),
        ("/proc/self/fd/3", "3>> log.txt"),
        ("out", ">> log.txt"),
        ("log.txt", ">> log.txt"),
    ] {
        let case = format!("-o {output} {redirected}");
        bench.put("log.txt", "a line of before\n");
        let kept = std::fs::File::open(bench.path("log.txt")).expect("the log");
        let program = assert_cmd::cargo::cargo_bin("kac");
        let line = format!("\"$0\" check a.toml -o {output} {redirected}");
        let mut shell = Command::new("sh");
        shell.current_dir(bench.folder()).arg("-c").arg(line);
        shell.arg(program).assert().code(0);
        let text = std::io::read_to_string(kept).expect("text");
        assert_eq!(text, bench.read("log.txt"), "{case}: it was replaced");
        let was_kept = text.starts_with("a line of before\n");
        assert_eq!(was_kept, redirected.contains(">>"), "{case}: {text}");
        // The table also goes to standard output, behind the report.
        let is_standard = !redirected.starts_with(['2', '3']);
        let reports = text.matches("a (clock theorem6)\n").count();
        assert_eq!(reports, 1 + usize::from(is_standard), "{case}: {text}");
    }
}

#[cfg(unix)]
#[test]
fn a_report_replaces_nothing_that_its_check_was_read_from() {
    let bench = with_configs(&["folder/a.toml"]);
    let first = "first = { law = \"normal\", mean = 0.5, sd = 1.0 }";
    let empirical = "first = { law = \"empirical\", file = \"../v.csv\", column = \"v\" }";
    let text = bench.read("folder/a.toml");
    assert!(text.contains(first));
    bench.put("conf.txt", &text);
    bench.put("X.TOML", &text);
    bench.put("folder/b.toml", text.replace(first, empirical));
    bench.put("v.csv", "v\n1\n2\n3\n");
    for (link, to) in [
        ("latest.json", "folder/a.toml"),
        ("data.json", "v.csv"),
        ("new.json", "new.toml"),
    ] {
        std::os::unix::fs::symlink(to, bench.path(link)).expect("a link");
    }
    let texts = ["conf.txt", "X.TOML", "folder/a.toml", "v.csv"].map(|name| bench.read(name));
    for (output, problem) in [
        ("conf.txt", "is a config of this check or data of one"),
        (
            "folder/../conf.txt",
            "is a config of this check or data of one",
        ),
        ("X.TOML", "has the name of a config"),
        ("new.Toml", "has the name of a config"),
        ("new.json", "has the name of a config"),
        ("latest.json", "has the name of a config"),
        ("v.csv", "is a config of this check or data of one"),
        ("data.json", "is a config of this check or data of one"),
    ] {
        let arguments = ["check", "conf.txt", "folder", "-o", output];
        let ended = bench.kac(&[&arguments[..], &HOURS].concat());
        assert_eq!((ended.code, &*ended.stdout), (Some(2), ""), "{ended:?}");
        let start = format!("error: --output {output} {problem}, which it would replace; choose");
        assert!(ended.stderr.starts_with(&start), "{ended:?}");
    }
    let after = ["conf.txt", "X.TOML", "folder/a.toml", "v.csv"].map(|name| bench.read(name));
    assert_eq!(texts, after);
    assert!(!bench.path("new.toml").exists() && !bench.path("new.Toml").exists());
    // Data of other configs are files like any other.
    let ended = bench.kac(&["check", "conf.txt", "-o", "v.csv"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[cfg(unix)]
#[test]
fn a_report_makes_the_file_that_a_link_leads_to() {
    use std::os::unix::fs::symlink;
    let bench = with_configs(&["reports/a.toml"]);
    symlink("reports/new.txt", bench.path("link")).expect("a link");
    symlink("link", bench.path("second")).expect("a link");
    for link in ["link", "second"] {
        let ended = bench.kac(&["check", "reports/a.toml", "-o", link]);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(bench.path("link").is_symlink() && bench.path("second").is_symlink());
        let report = bench.read("reports/new.txt");
        assert!(report.contains("2 as expected"), "{report}");
        std::fs::remove_file(bench.path("reports/new.txt")).expect("the report");
    }
    // Such links lead nowhere.
    symlink("missing/new.txt", bench.path("nowhere")).expect("a link");
    symlink("round", bench.path("round")).expect("a link");
    for link in ["nowhere", "round"] {
        let ended = bench.kac(&[&["check", "reports/a.toml", "-o", link][..], &HOURS].concat());
        assert_eq!((ended.code, &*ended.stdout), (Some(4), ""), "{ended:?}");
        assert!(bench.path(link).is_symlink(), "{link}");
    }
}

#[cfg(unix)]
#[test]
fn a_report_keeps_the_permissions_of_the_file_it_replaces() {
    use std::os::unix::fs::PermissionsExt;
    let bench = with_configs(&["a.toml"]);
    for mode in [0o600, 0o640, 0o664] {
        bench.put("kac.txt", "an older report");
        let permissions = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(bench.path("kac.txt"), permissions).expect("permissions");
        let ended = bench.kac(&["check", "a.toml", "-o", "kac.txt"]);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(bench.read("kac.txt").contains("2 as expected"));
        let after = std::fs::metadata(bench.path("kac.txt")).expect("the report");
        assert_eq!(after.permissions().mode() & 0o777, mode);
    }
}

/// Only some users can give a file away, and only some file systems take attributes.
#[cfg(unix)]
#[test]
fn a_report_keeps_the_owner_and_the_attributes_of_the_file_it_replaces() {
    use std::os::unix::fs::{MetadataExt, chown};
    let bench = with_configs(&["a.toml"]);
    bench.put("kac.txt", "an older report");
    let path = bench.path("kac.txt");
    let is_given_away = chown(&path, Some(1), Some(2)).is_ok();
    let has_attribute = xattr::set(&path, "user.kept", b"yes").is_ok();
    let owner = || {
        let found = std::fs::metadata(&path).expect("the report");
        (found.uid(), found.gid())
    };
    let before = owner();
    assert!(!is_given_away || before == (1, 2));
    let ended = bench.kac(&["check", "a.toml", "-o", "kac.txt"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(bench.read("kac.txt").contains("2 as expected"));
    assert_eq!(owner(), before);
    if has_attribute {
        let kept = xattr::get(&path, "user.kept").expect("attributes");
        assert_eq!(kept.as_deref(), Some(&b"yes"[..]));
    }
}

#[test]
fn names_in_folders_that_begin_with_a_dot_are_passed_over() {
    let bench = with_configs(&["folder/a.toml", "folder/.b.toml"]);
    bench.put("folder/._a.toml", "\0\u{5}\u{16}\u{7}");
    bench.put("folder/.toml", "no config");
    #[cfg(unix)]
    std::os::unix::fs::symlink("user@host.1234", bench.path("folder/.#a.toml")).expect("a link");
    assert_eq!(bench.judged(&["folder"]), ["folder/a.toml"]);
    // A name on the command line is taken even if it begins with a dot.
    assert_eq!(bench.judged(&["folder/.b.toml"]), ["folder/.b.toml"]);
}

/// A limit of the memory that addresses can name leaves no room for the stacks of many threads.
#[cfg(target_os = "linux")]
#[test]
fn threads_that_cannot_be_started_are_a_bad_argument() {
    let bench = with_configs(&["a.toml"]);
    let mut shell = Command::new("sh");
    shell.current_dir(bench.folder());
    shell.args([
        "-c",
        "ulimit -v 500000; exec \"$0\" check a.toml --threads 1000",
    ]);
    let ended = shell.arg(assert_cmd::cargo::cargo_bin("kac")).assert();
    let output = ended.code(2).get_output().clone();
    let stderr = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(stderr.starts_with("error: cannot start 1000 threads: "));
    assert!(
        stderr.ends_with("; ask for fewer with --threads\n"),
        "{stderr}"
    );
}

/// The number of replicas that each verdict of a config asks for.
fn needed(bench: &Bench, config: &str) -> Vec<Option<u64>> {
    let ended = bench.kac(&["check", config, "--format", "json"]);
    assert_eq!(ended.code, Some(3), "{ended:?}");
    let document: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    let verdicts = document["configs"][0]["verdicts"]
        .as_array()
        .expect("a list");
    let needed = |row: &Value| row["replicas_needed"].as_u64();
    verdicts.iter().map(needed).collect()
}

#[test]
fn a_check_of_the_steady_state_asks_for_as_many_replicas_as_its_plan() {
    let path = "experiments/steady-state-uniform-two.toml";
    let text = std::fs::read_to_string(path).expect("an experiment");
    let bench = with_configs(&[]);
    for (particles, replicas) in [("1", 100), ("2", 200), ("2", 500), ("8", 50)] {
        let mut lines = vec![];
        for line in text.lines() {
            lines.push(match line.split(" = ").next() {
                Some("replicas") => format!("replicas = {replicas}"),
                Some("particles") => format!("particles = {particles}"),
                _ => line.to_string(),
            });
        }
        bench.put("s.toml", lines.join("\n"));
        let planned = bench.kac(&["plan", "s.toml"]).stdout;
        let [Some(needed)] = needed(&bench, "s.toml")[..] else {
            panic!("the check of {particles} particles is decided");
        };
        let mut words = planned
            .lines()
            .filter(|line| line.contains("theorem-1"))
            .flat_map(str::split_whitespace);
        assert!(
            words.any(|word| word == needed.to_string()),
            "{needed}: {planned}"
        );
    }
}

#[test]
fn no_verdict_asks_for_more_replicas_than_a_run_can_have() {
    let bench = with_configs(&[]);
    bench.put("a.toml", crate::small::config(&[Wanted::Inconclusive]));
    assert_eq!(needed(&bench, "a.toml"), [None, None]);
    let text = crate::small::config(&[Wanted::Inconclusive]).replace("1e-9", "1e-5");
    bench.put("a.toml", &text);
    assert!(needed(&bench, "a.toml").iter().all(Option::is_some));
}

#[test]
fn a_check_prints_its_duration() {
    let bench = with_configs(&["a.toml", "b.toml"]);
    let text = bench.kac(&["check", "a.toml"]).stdout;
    let last = text.lines().last().expect("a line");
    let (collisions, seconds) = last.split_once(" collisions in ").expect("two numbers");
    let collisions: u64 = collisions.parse().expect("a number");
    assert!(collisions > 0 && seconds.ends_with(" s"), "{last}");

    let json = bench
        .kac(&["check", "a.toml", "b.toml", "--format", "json"])
        .stdout;
    let document: Value = serde_json::from_str(&json).expect("JSON");
    let configs = document["configs"].as_array().expect("a list");
    let of = |key: &'static str| {
        configs
            .iter()
            .map(move |config| config[key].as_f64().expect("a number"))
    };
    assert_eq!(of("collisions").collect::<Vec<_>>(), [collisions as f64; 2]);
    assert!(of("seconds").all(|seconds| seconds > 0.0));
    let all = document["seconds"].as_f64().expect("a number");
    assert!((all - of("seconds").sum::<f64>()).abs() < 1e-6);

    let xml = bench
        .kac(&["check", "a.toml", "b.toml", "--format", "junit"])
        .stdout;
    let document = roxmltree::Document::parse(&xml).expect("XML");
    let of = |tag: &'static str| {
        let nodes = document
            .descendants()
            .filter(move |node| node.has_tag_name(tag));
        let time = |node: roxmltree::Node| node.attribute("time").expect("a time").to_string();
        let times: Vec<f64> = nodes
            .map(|node| time(node).parse().expect("seconds"))
            .collect();
        times
    };
    let (suites, root) = (of("testsuite"), of("testsuites"));
    assert_eq!((suites.len(), root.len()), (2, 1));
    // Each is rounded to milliseconds.
    assert!((suites.iter().sum::<f64>() - root[0]).abs() < 2e-3, "{xml}");
}

#[test]
fn adaptive_checks_say_the_bound_of_all_their_looks() {
    let bench = with_configs(&["a.toml"]);
    let said = "with a probability of at most ";
    let full = bench.kac(&["check", "a.toml"]).stdout;
    let adaptive = bench.kac(&["check", "a.toml", "--adaptive"]).stdout;
    assert!(full.contains(said) && !full.contains("looks"), "{full}");
    let (_, bound) = adaptive.split_once(said).expect("a bound");
    assert!(
        bound.contains(", over all looks at the growing data\n"),
        "{adaptive}"
    );
}

/// The number of threads in the manifest of a run.
fn threads(environment: &[(&str, &str)], arguments: &[&str]) -> u64 {
    let bench = with_configs(&["a.toml"]);
    let ended = bench.kac_in(environment, &[&["run", "a.toml"], arguments].concat());
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let manifest = bench.read("output/a/manifest.json");
    let manifest: Value = serde_json::from_str(&manifest).expect("JSON");
    manifest["threads"].as_u64().expect("a number")
}

#[test]
fn threads_are_the_least_of_what_is_allowed() {
    let (slurm, rayon) = ("SLURM_CPUS_PER_TASK", "RAYON_NUM_THREADS");
    let allowed = std::thread::available_parallelism()
        .expect("a number")
        .get() as u64;
    assert_eq!(threads(&[], &[]), allowed);
    assert_eq!(threads(&[(slurm, "1")], &[]), 1);
    assert_eq!(threads(&[(rayon, "1")], &[]), 1);
    assert_eq!(threads(&[(slurm, "4096"), (rayon, "")], &[]), allowed);
    assert_eq!(threads(&[(slurm, "4096"), (rayon, "1")], &[]), 1);
    // The number on the command line has precedence, whatever the variables say.
    assert_eq!(
        threads(&[(slurm, "1"), (rayon, "many")], &["--threads", "3"]),
        3
    );
}

#[test]
fn a_variable_that_is_no_number_of_threads_is_named() {
    let bench = with_configs(&["a.toml"]);
    for (variable, value) in [
        ("SLURM_CPUS_PER_TASK", "many"),
        ("SLURM_CPUS_PER_TASK", "0"),
        ("SLURM_CPUS_PER_TASK", "-1"),
        ("RAYON_NUM_THREADS", "1.5"),
        ("RAYON_NUM_THREADS", "99999999999999999999999"),
        ("RAYON_NUM_THREADS", " 2"),
    ] {
        for arguments in [
            &["run", "a.toml"][..],
            &["check", "a.toml"],
            &["plan", "a.toml"],
            &["figure", "decay"],
        ] {
            let ended = bench.kac_in(&[(variable, value)], arguments);
            assert_eq!((ended.code, &*ended.stdout), (Some(2), ""), "{ended:?}");
            let start = format!("error: {variable} = {value:?} is no number of threads; set it to");
            assert!(ended.stderr.starts_with(&start), "{ended:?}");
        }
        // A command that takes no threads ignores the variable.
        assert_eq!(
            bench.kac_in(&[(variable, value)], &["claims"]).code,
            Some(0)
        );
    }
    assert_eq!(bench.names("."), BTreeSet::from(["a.toml".to_string()]));
    let help = bench.kac(&["run", "--help"]).stdout;
    assert!(help.contains("SLURM_CPUS_PER_TASK") && help.contains("RAYON_NUM_THREADS"));
}

#[test]
fn claims_are_found_however_they_are_spelt() {
    let bench = with_configs(&[]);
    let expected = bench.kac(&["claims", "theorem-7"]);
    assert_eq!(expected.code, Some(0));
    assert!(expected.stdout.starts_with("theorem-7\n    Theorem 7: "));
    for written in ["theorem7", "Theorem 7", "THEOREM_7", "Theorem-7"] {
        let ended = bench.kac(&["claims", written]);
        assert_eq!(
            (ended.code, ended.stdout),
            (Some(0), expected.stdout.clone()),
            "{written}"
        );
    }
}

#[test]
fn unknown_names_are_answered_with_the_nearest_names() {
    let bench = with_configs(&[]);
    for (arguments, says) in [
        (
            ["claims", "lema-12"],
            "there is no claim `lema-12`; the nearest name is lemma-12\n",
        ),
        (["claims", "lemma-2"], "lemma-2-first, lemma-2-pair"),
        (
            ["claims", "kurtosis"],
            "claims that the figure kurtosis is about: theorem-1\n",
        ),
        (
            ["claims", ""],
            "there is no claim ``; choose one of lemma-1, ",
        ),
        (
            ["figure", "theorem-7"],
            "figures about the claim theorem-7: decay, wasserstein, ",
        ),
        (
            ["figure", "Lemma 2 pair"],
            "figures about the claim lemma-2-pair: moments, ledger\n",
        ),
        (
            ["figure", "wassertein"],
            "the nearest name is wasserstein\n",
        ),
        (
            ["figure", "stedy state"],
            "the nearest name is steady-state\n",
        ),
    ] {
        let ended = bench.kac(&arguments);
        assert_eq!((ended.code, &*ended.stdout), (Some(2), ""), "{ended:?}");
        assert!(ended.stderr.contains(says), "{says:?} in {}", ended.stderr);
    }
    assert_eq!(bench.names("."), BTreeSet::new());
}

#[test]
fn figures_are_found_however_they_are_spelt() {
    let bench = with_configs(&[]);
    for written in ["Steady State", "steadystate"] {
        // The figure is found, and then there are no configs here.
        let ended = bench.kac(&["figure", written]);
        assert_eq!(ended.code, Some(4), "{ended:?}");
        let start = "error: cannot read the config experiments/steady-state-";
        assert!(ended.stderr.starts_with(start), "{ended:?}");
    }
}

#[test]
fn claims_experiments_and_figures_name_each_other() {
    let bench = with_configs(&[]);
    let claim = bench.kac(&["claims", "lemma-2-pair"]).stdout;
    for line in [
        "\n    checked in experiments: two-baths-master-equation, two-baths\n",
        "\n    shown in figures: moments, ledger\n",
    ] {
        assert!(claim.contains(line), "{line:?} in {claim}");
    }
    let list = bench.kac(&["figure", "--list"]).stdout;
    let moments = "\n    drawn from experiments: two-baths\n    about claims: lemma-1, lemma-2-first, \
                   lemma-2-pair, theorem-6-coupling\n";
    assert!(list.contains(moments), "{list}");
    assert!(
        list.contains("\n    about claims: none\n"),
        "a calibration judges nothing: {list}"
    );
    // The figures of each claim are those that name it.
    for entry in bench
        .kac(&["claims"])
        .stdout
        .split_inclusive("shown in figures: ")
        .skip(1)
    {
        assert!(!entry.starts_with("none"), "{entry}");
    }
}

#[test]
fn help_help_prints_the_help() {
    let bench = with_configs(&[]);
    let pages = [
        (&["help"][..], &["help", "--help"][..]),
        (&["help"], &["help", "-h"]),
        (&["help", "check"], &["help", "check", "--help"]),
    ];
    for (one, other) in pages {
        let (one, other) = (bench.kac(one), bench.kac(other));
        assert_eq!((one.code, one.stdout), (other.code, other.stdout));
        assert_eq!(one.code, Some(0));
    }
    assert_eq!(bench.kac(&["helpp", "--help"]).code, Some(2));
}

#[test]
fn numbers_out_of_range_are_answered_with_the_range() {
    let bench = with_configs(&["a.toml"]);
    for (option, value, says) in [
        (
            "--seed",
            "-1",
            "a seed is a whole number from 0 to 9223372036854775807",
        ),
        ("--seed", "1.5", "a seed is a whole number from 0 to "),
        ("--seed", "-1e3", "a seed is a whole number from 0 to "),
        (
            "--replicas",
            "-5",
            "a number of replicas is a whole number from 2 to 9007199254740992",
        ),
        (
            "--threads",
            "-2",
            "a number of threads is a whole number from 1 to 1024",
        ),
    ] {
        for command in ["run", "check", "plan"] {
            let ended = bench.kac(&[command, "a.toml", option, value]);
            assert_eq!((ended.code, &*ended.stdout), (Some(2), ""), "{ended:?}");
            let start = format!("error: invalid value '{value}' for '{option} <");
            assert!(ended.stderr.starts_with(&start), "{ended:?}");
            assert!(ended.stderr.contains(says), "{says:?} in {}", ended.stderr);
        }
    }
}

#[test]
fn one_is_singular_in_messages() {
    let bench = with_configs(&[]);
    let one = crate::small::config(&[]).replace("[2, 3]", "1");
    bench.put("a.toml", one.replace("mu = 0.75", "mu = 1e30"));
    let ended = bench.kac(&["plan", "a.toml"]);
    assert!(
        ended.stderr.contains(" in each replica of 1 particle\n"),
        "{ended:?}"
    );
    // On this clock the energy relaxes at rate μ, and Lemma 1 prints μ/2.
    let check = crate::small::config(&[Wanted::AsExpected]).replace("[2, 3]", "2");
    let check = check
        .replace("theorem-6-coupling", "lemma-1")
        .replace("0.99", "0.1");
    bench.put("a.toml", &check);
    let said = "The exact values contradict what 1 check expects: even a right program";
    let ended = bench.kac(&["plan", "a.toml"]);
    assert!(ended.stdout.contains(said), "{ended:?}");
}

#[test]
fn a_run_tells_when_it_judges() {
    let bench = with_configs(&["a.toml"]);
    let config = load(&bench.path("a.toml")).expect("a config");
    let replicas = config.experiment.sweep[0].1;
    for sampling in [Sampling::Full, Sampling::Adaptive] {
        let steps = Mutex::new(vec![]);
        let note = |step| steps.lock().expect("no panic").push(step);
        let finished = |_: &_| Ok::<(), std::convert::Infallible>(());
        let Ok(results) = verify(&config.experiment, Engine::Block, sampling, &note, finished);
        let steps = steps.into_inner().expect("no panic");
        assert_eq!(steps.last(), Some(&Step::Judging));
        let judged = steps.iter().filter(|&&step| step == Step::Judging).count();
        let done = |step: &Step| match step {
            Step::Replicas(done) => *done,
            Step::Judging => 0,
        };
        let all: u64 = steps.iter().map(done).sum();
        assert_eq!(all, results.replicas, "{steps:?}");
        if sampling == Sampling::Full {
            // There is a judgement for each of two N, after its replicas.
            assert_eq!(judged, 2, "{steps:?}");
            let first = steps.iter().take_while(|&&step| step != Step::Judging);
            assert_eq!(first.map(done).sum::<u64>(), replicas, "{steps:?}");
        } else {
            assert!(judged >= 2, "{steps:?}");
        }
    }
}

/// The notes of `kac plan` on the small config with these passages replaced.
fn notes(edits: &[(&str, &str)]) -> Vec<String> {
    let bench = with_configs(&[]);
    let mut config = crate::small::config(&[]).replace("replicas = 100", "replicas = 100000");
    for (from, to) in edits {
        assert!(config.contains(from), "{from:?} in {config}");
        config = config.replacen(from, to, 1);
    }
    bench.put("a.toml", &config);
    let ended = bench.kac(&["plan", "a.toml"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let lines = ended
        .stdout
        .lines()
        .filter_map(|line| line.strip_prefix("note: "));
    lines.map(String::from).collect()
}

/// A section on W₂ at the end of the small config.
const WASSERSTEIN: (&str, &str) = (
    "points = 7\n",
    "points = 7\n[wasserstein]\npoints = 4\nsample = SAMPLE\nbracket = BRACKET\n",
);

#[test]
fn a_plan_says_where_batches_and_limits_are_missing() {
    let with = |sample: &str, bracket: &str| {
        notes(&[WASSERSTEIN, ("SAMPLE", sample), ("BRACKET", bracket)])
    };
    let no_figure = "no figure wasserstein will be drawn: no N has the two batches it shows";
    let batches = |sample: &str| {
        format!(
            "wasserstein.csv has no w2_squared and coupling_upper: the velocities pooled from all \
             replicas make fewer than 2 batches of wasserstein.sample = {sample}"
        )
    };
    // There are a hundred thousand replicas of 2 and 3 particles.
    assert_eq!(with("100000", "0"), [""; 0]);
    assert_eq!(
        with("100001", "0"),
        [format!("N = 2: {}", batches("100001"))]
    );
    assert_eq!(
        with("200000", "0"),
        [batches("200000"), no_figure.to_string()]
    );
    let said = with("1000", "11");
    let limits = "N = 3: wasserstein.csv has no limits of W₂: they take 4 whole replicas, and \
                  wasserstein.bracket = 11 velocities or the replicas of the run are fewer";
    assert!(said.contains(&limits.to_string()), "{said:#?}");
    // Ten replicas do not carry the means.
    let said = with("1000", "20");
    let limits = "wasserstein.csv has no limits of W₂ at 4 of 4 record times, t = 0 the first: ";
    assert!(
        said.iter().any(|line| line.starts_with(limits)),
        "{said:#?}"
    );
}

#[test]
fn a_plan_says_where_there_is_no_closed_form() {
    let clock = "clock = \"theorem6\"\n";
    let with = |more: &str| notes(&[(clock, &format!("{clock}{more}"))]);
    let said = |mean: &str, rematch: &str| {
        format!(
            "rates.csv has no rate of discrepancy, and discrepancy.csv no {mean}exact_std_error and \
             z: closed forms of them are known for coupling = \"synchronous\"{rematch} only"
        )
    };
    assert_eq!(with(""), [""; 0]);
    assert_eq!(with("coupling = \"aligned\"\n"), [said("exact_mean, ", "")]);
    assert_eq!(with("coupling = \"independent\"\n"), [said("", "")]);
    let rematch = " and rematch = \"never\"";
    assert_eq!(with("rematch = 0.1\n"), [said("exact_mean, ", rematch)]);
    assert_eq!(
        with("rematch = \"output\"\n"),
        [said("exact_mean, ", rematch)]
    );
}

#[test]
fn a_plan_says_which_rates_and_moments_are_missing() {
    let said = notes(&[("[2, 3]", "[1, 2, 3]")]);
    let alone = ["first-moment", "pair-moment"].map(|name| {
        format!(
            "N = 1: rates.csv has no rate of {name}: not applicable at N = 1, where there are no \
             pair collisions"
        )
    });
    assert_eq!(said, alone);
    let law = "law = \"normal\"\nmean = 0.0\nsd = 2.0";
    let said = notes(&[(law, "law = \"student-t\"\ndf = 6\nscale = 1.0")]);
    let moments =
        "moments.csv lacks error bars of m4, m22: their variance is infinite or not known";
    assert_eq!(said, [moments]);
    // Where there are many N, not all are listed.
    let sizes: Vec<usize> = (1..=12).collect();
    let said = notes(&[
        ("[2, 3]", &format!("{sizes:?}")),
        WASSERSTEIN,
        ("SAMPLE", "500000"),
        ("BRACKET", "0"),
    ]);
    let start = "N = 1, 2, 3, 4, 5, 6 and 3 more: wasserstein.csv has no w2_squared ";
    assert!(said.iter().any(|line| line.starts_with(start)), "{said:#?}");
}
