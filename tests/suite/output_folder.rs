//! An output folder is one run's: the files under final names always belong to one finished run,
//! and no file of another program or another config is lost.

use crate::bench::Bench;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

const CONFIG: &str = "seed = 1\nreplicas = 40\n[model]\nparticles = [2, 3]\nlambda = 1.0\nmu = 1.0\n\
     clock = \"theorem6\"\n[bath]\nlaw = \"normal\"\nmean = 0.0\nsd = 1.0\n\
     [initial]\nfirst = { law = \"normal\", mean = 0.0, sd = 1.0 }\n\
     second = { law = \"normal\", mean = 2.0, sd = 1.0 }\n[time]\nend = 1.0\npoints = 5\n";

/// A run that draws more figures and writes more tables than the other one.
const LARGER: &str = "[wasserstein]\npoints = 3\nsample = 20\n";

/// A folder with a config in it.
fn place() -> Bench {
    Bench::with("a.toml", CONFIG)
}

/// The files in a folder, but for locks, by name.
fn files(bench: &Bench, folder: &str) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(bench.path(folder)).unwrap().flatten();
    let files = entries.filter(|entry| entry.path().is_file());
    let named = files.map(|entry| {
        let name = entry.file_name().into_string().unwrap();
        (name, std::fs::read(entry.path()).unwrap())
    });
    named.filter(|(name, _)| name != ".kac-lock").collect()
}

/// The files of a run except its manifest, which has the duration.
fn without_manifest(mut files: BTreeMap<String, Vec<u8>>) -> BTreeMap<String, Vec<u8>> {
    files.remove("manifest.json");
    files
}

/// Asserts that the manifest lists exactly the other files of a folder, with their lengths.
fn assert_vouched_for(files: &BTreeMap<String, Vec<u8>>) {
    let manifest: serde_json::Value = serde_json::from_slice(&files["manifest.json"]).unwrap();
    let listed: BTreeMap<&str, u64> = (manifest["files"].as_array().unwrap().iter())
        .map(|file| {
            (
                file["name"].as_str().unwrap(),
                file["bytes"].as_u64().unwrap(),
            )
        })
        .collect();
    let found: BTreeMap<&str, u64> = (files.iter())
        .filter(|(name, _)| *name != "manifest.json")
        .map(|(name, bytes)| (name.as_str(), bytes.len() as u64))
        .collect();
    assert_eq!(listed, found);
}

#[test]
fn files_of_the_user_are_refused_and_left_alone() {
    for name in [
        "calibration.csv",
        "steady_state.csv",
        "wasserstein.png",
        "discrepancy.csv",
        "decay.svg",
        "manifest.json",
        "unfinished/notes.txt",
    ] {
        let place = place();
        place.put(format!("d/{name}"), "mine");
        let first = Path::new(name).components().next().unwrap();
        let first = first.as_os_str().to_str().unwrap();
        place.kac_refuses(
            &["run", "a.toml", "--out", "d"],
            &[first, "--force", "--out"],
        );
        assert_eq!(place.read(&format!("d/{name}")), "mine");
        assert!(!place.path("d/.kac-lock").exists());
    }
}

#[test]
fn files_that_no_run_writes_stay_where_they_are() {
    let place = place();
    for name in ["notes.txt", "my.csv", "sub/discrepancy.csv", ".kac-mine"] {
        place.put(format!("d/{name}"), "mine");
    }
    for _ in 0..2 {
        place.kac_succeeds(&["run", "a.toml", "--out", "d"]);
    }
    for name in ["notes.txt", "my.csv", "sub/discrepancy.csv", ".kac-mine"] {
        assert_eq!(place.read(&format!("d/{name}")), "mine", "{name}");
    }
}

#[test]
fn a_manifest_of_another_program_is_not_replaced() {
    let place = place();
    let manifests = [
        "{\"name\": \"a web app\", \"files\": []}",
        "{\"program\": \"kac\"}",
        "{\"program\": \"kac\", \"files\": [{\"name\": \"../a.toml\", \"bytes\": 1, \"sha256\": \"\"}]}",
    ];
    for manifest in manifests {
        place.put("d/manifest.json", manifest);
        place.kac_refuses(&["run", "a.toml", "--out", "d"], &["manifest.json"]);
        assert_eq!(place.read("d/manifest.json"), manifest);
    }
}

#[test]
fn a_manifest_with_notes_is_not_replaced() {
    let place = place();
    place.kac_succeeds(&["run", "a.toml", "--out", "d"]);
    let written = place.read("d/manifest.json");
    for edited in [
        written.replacen('{', "{\n  \"notes\": \"mine\",", 1),
        written.replacen("\"law\"", "\"note\": \"mine\", \"law\"", 1),
        written.clone() + "\n\n",
        written.replacen("\"wall_seconds\": ", "\"wall_seconds\": 1", 1),
    ] {
        assert_ne!(edited, written);
        place.put("d/manifest.json", &edited);
        place.kac_refuses(&["run", "a.toml", "--out", "d"], &["manifest.json"]);
        assert_eq!(place.read("d/manifest.json"), edited);
    }
    place.put("d/manifest.json", &written);
    place.kac_succeeds(&["run", "a.toml", "--out", "d"]);
}

#[test]
fn force_does_not_replace_what_the_config_was_read_from() {
    let config = CONFIG.replacen(
        "first = { law = \"normal\", mean = 0.0, sd = 1.0 }",
        "first = { law = \"empirical\", file = \"scaling.csv\", column = \"v\" }",
        1,
    );
    assert_ne!(config, CONFIG);
    let place = place();
    for name in ["d/a.toml", "d/manifest.json"] {
        place.put(name, &config);
        place.put("d/scaling.csv", "v\n1\n-1\n2\n-2\n");
        for folder in ["d", "d/../d"] {
            let arguments = ["run", name, "--out", folder, "--force"];
            place.kac_refuses(&arguments, &["the config was read from it", "--out"]);
        }
        place.kac_succeeds(&["run", name, "--out", "e", "--force"]);
        assert_eq!(place.read(name), config);
    }
}

#[test]
fn a_table_that_was_edited_is_not_replaced() {
    let place = place();
    place.kac_succeeds(&["run", "a.toml", "--out", "d"]);
    place.put("d/rates.csv", "my notes");
    place.kac_refuses(&["run", "a.toml", "--out", "d"], &["rates.csv"]);
    assert_eq!(place.read("d/rates.csv"), "my notes");
    place.kac_succeeds(&["run", "a.toml", "--out", "d", "--force"]);
    assert_vouched_for(&files(&place, "d"));
}

#[test]
fn force_replaces_only_the_files_that_the_run_writes() {
    let place = place();
    for name in [
        "calibration.csv",
        "discrepancy.csv",
        "manifest.json",
        "notes.txt",
    ] {
        place.put(format!("d/{name}"), "mine");
    }
    place.kac_succeeds(&["run", "a.toml", "--out", "d", "--force"]);
    let mut files = files(&place, "d");
    // This run writes no calibration.
    for name in ["notes.txt", "calibration.csv"] {
        assert_eq!(files.remove(name).unwrap(), b"mine");
    }
    assert_vouched_for(&files);
}

#[test]
fn a_folder_is_for_one_config() {
    let place = place();
    place.put("a/x.toml", CONFIG);
    place.put("b/x.toml", CONFIG.replace("end = 1.0", "end = 2.0"));
    place.kac_succeeds(&["run", "a/x.toml"]);
    let before = files(&place, "output/x");
    place.kac_refuses(
        &["run", "b/x.toml"],
        &["output/x", "a/x.toml", "--out", "--force"],
    );
    assert_eq!(files(&place, "output/x"), before);
    // The config is still the same where its file is edited, where its text has another path, and
    // where the command line gives a seed.
    place.put("a/x.toml", CONFIG.replace("end = 1.0", "end = 0.5"));
    place.kac_succeeds(&["run", "a/x.toml", "--seed", "5"]);
    place.put("c/x.toml", place.read("a/x.toml"));
    place.kac_succeeds(&["run", "c/x.toml"]);
    place.kac_succeeds(&["run", "b/x.toml", "--force"]);
    assert_vouched_for(&files(&place, "output/x"));
}

#[test]
fn a_folder_that_moves_with_its_config_knows_it() {
    let place = place();
    place.put("p/x.toml", CONFIG);
    place.kac_succeeds(&["run", "p/x.toml", "--out", "p/out"]);
    std::fs::rename(place.path("p"), place.path("q")).unwrap();
    place.put("q/x.toml", CONFIG.replace("end = 1.0", "end = 0.5"));
    place.kac_succeeds(&["run", "q/x.toml", "--out", "q/out"]);
}

#[test]
fn tables_that_the_new_run_does_not_have_are_gone() {
    let place = place();
    place.put("a.toml", format!("{CONFIG}{LARGER}"));
    place.kac_succeeds(&["run", "a.toml", "--out", "d"]);
    assert!(place.path("d/wasserstein.csv").exists());
    place.put("a.toml", CONFIG);
    place.kac_succeeds(&["run", "a.toml", "--out", "d"]);
    let files = files(&place, "d");
    assert!(!files.contains_key("wasserstein.csv") && !files.contains_key("wasserstein.png"));
    assert_vouched_for(&files);
}

#[test]
fn only_one_of_many_simultaneous_runs_gets_the_folder() {
    let place = place();
    let mut alone = vec![];
    for seed in 0..20 {
        let (seed, folder) = (seed.to_string(), format!("alone{seed}"));
        place.kac_succeeds(&[
            "run",
            "a.toml",
            "--out",
            &folder,
            "--seed",
            &seed,
            "--threads",
            "1",
        ]);
        alone.push(without_manifest(files(&place, &folder)));
    }
    let start = |seed: usize| {
        let seed = seed.to_string();
        let arguments = [
            "run",
            "a.toml",
            "--out",
            "d",
            "--seed",
            &seed,
            "--threads",
            "1",
        ];
        place.command(&arguments).spawn().unwrap()
    };
    let runs: Vec<_> = (0..20).map(start).collect();
    let ended = runs.into_iter().map(|run| run.wait_with_output().unwrap());
    let mut done = 0;
    for output in ended {
        match output.status.code() {
            Some(0) => done += 1,
            Some(4) => {
                let said = String::from_utf8(output.stderr).unwrap();
                assert!(said.contains("is in use by"), "{said}");
            }
            code => panic!("{code:?}"),
        }
    }
    assert!(done >= 1);
    let files = files(&place, "d");
    assert_vouched_for(&files);
    assert!(alone.contains(&without_manifest(files)));
}

/// A lock that is held by this process.
#[test]
fn the_second_run_says_who_has_the_folder() {
    let place = place();
    place.put("d/.kac-lock", "process 4711 on node7\n");
    let lock = std::fs::File::open(place.path("d/.kac-lock")).unwrap();
    lock.lock().unwrap();
    place.kac_refuses(
        &["run", "a.toml", "--out", "d"],
        &["process 4711 on node7", "--out"],
    );
    // A lock file that a dead process left is not locked.
    drop(lock);
    place.kac_succeeds(&["run", "a.toml", "--out", "d"]);
    assert!(!place.path("d/.kac-lock").exists());
}

/// Numbers between 0 and 1 that look random.
fn turns() -> impl Iterator<Item = f64> {
    (1..).map(|k: u32| (f64::from(k) * 0.618_033_988_75).fract())
}

#[test]
fn a_killed_run_leaves_the_files_of_one_run() {
    let place = place();
    let text = |end: &str, more: &str| format!("{}{more}", CONFIG.replace("end = 1.0", end));
    // The two take turns, under one name; they differ in all their tables.
    let configs = [text("end = 1.0", LARGER), text("end = 0.5", "")];
    let mut whole = vec![];
    let mut longest = Duration::ZERO;
    for config in &configs {
        place.put("a.toml", config);
        let start = std::time::Instant::now();
        place.kac_succeeds(&["run", "a.toml", "--out", "whole", "--threads", "1"]);
        longest = longest.max(start.elapsed());
        whole.push(without_manifest(files(&place, "whole")));
    }
    place.kac_succeeds(&["run", "a.toml", "--out", "d", "--threads", "1"]);
    let mut killed = 0;
    // `KAC_KILLS=200` kills as many.
    let kills = std::env::var("KAC_KILLS").map_or(40, |kills| kills.parse().unwrap());
    for (number, turn) in (0..kills).zip(turns()) {
        place.put("a.toml", &configs[number % 2]);
        let arguments = ["run", "a.toml", "--out", "d", "--threads", "1"];
        let mut run = place.command(&arguments).spawn().unwrap();
        std::thread::sleep(longest.mul_f64(1.2 * turn));
        killed += usize::from(run.try_wait().unwrap().is_none());
        let _ = run.kill();
        run.wait().unwrap();
        let files = files(&place, "d");
        let named = files
            .clone()
            .into_iter()
            .filter(|(name, _)| !name.starts_with(".kac-"));
        let named: BTreeMap<_, _> = without_manifest(named.collect());
        let of_one = |whole: &BTreeMap<String, Vec<u8>>| {
            named
                .iter()
                .all(|(name, bytes)| whole.get(name) == Some(bytes))
        };
        assert!(whole.iter().any(of_one), "{number}: {:?}", named.keys());
        if files.contains_key("manifest.json") {
            assert!(whole.contains(&named), "{number}: {:?}", named.keys());
        }
    }
    assert!(4 * killed > kills, "{killed}");
    place.kac_succeeds(&["run", "a.toml", "--out", "d"]);
    assert_vouched_for(&files(&place, "d"));
    assert!(!place.path("d/unfinished").exists());
}

/// A finished run is moved in steps. After whichever step the process was killed, the next one goes
/// on, even if it has nothing else to do there.
#[test]
fn a_run_that_was_killed_while_its_files_moved_is_completed() {
    let place = place();
    place.kac_succeeds(&["run", "a.toml", "--out", "old"]);
    place.put("a.toml", format!("{CONFIG}{LARGER}"));
    place.kac_succeeds(&["run", "a.toml", "--out", "new"]);
    place.put("other.toml", CONFIG.replace("end = 1.0", "end = 0.7"));
    let (old, new) = (files(&place, "old"), files(&place, "new"));
    let write = |name: String, bytes: &Vec<u8>| {
        std::fs::create_dir_all(place.path(&name).parent().unwrap()).unwrap();
        std::fs::write(place.path(&name), bytes).unwrap();
    };
    // The old manifest is put aside, then the old files are removed; then the new ones are moved,
    // their manifest last.
    let manifest_at = |end: bool, files: &BTreeMap<String, Vec<u8>>| {
        let mut files: Vec<(String, Vec<u8>)> = files.clone().into_iter().collect();
        files.sort_by_key(|(name, _)| (name == "manifest.json") == end);
        files
    };
    let (removals, moves) = (manifest_at(false, &old), manifest_at(true, &new));
    for step in 0..=removals.len() + moves.len() {
        let _ = std::fs::remove_dir_all(place.path("d"));
        for (name, bytes) in removals.iter().skip(step) {
            write(format!("d/{name}"), bytes);
        }
        if step > 0 {
            write("d/unfinished/replaced.json".to_string(), &removals[0].1);
        }
        let moved = step.saturating_sub(removals.len());
        for (number, (name, bytes)) in moves.iter().enumerate() {
            match number < moved {
                true => write(format!("d/{name}"), bytes),
                false => write(format!("d/unfinished/{name}"), bytes),
            }
        }
        place.kac_refuses(&["run", "other.toml", "--out", "d"], &["a.toml"]);
        assert_eq!(files(&place, "d"), new, "{step}");
        assert!(!place.path("d/unfinished").exists(), "{step}");
    }
}

/// A run that takes long enough to be interrupted in its last N.
#[cfg(unix)]
fn interrupted(place: &Bench, signal: i32) -> Output {
    use std::os::unix::process::ExitStatusExt;
    place.put(
        "a.toml",
        CONFIG.replace("replicas = 40", "replicas = [40, 500000000]"),
    );
    let run = place
        .command(&["run", "a.toml", "--out", "d"])
        .spawn()
        .unwrap();
    while !place.path("d/unfinished/discrepancy.csv").exists() {
        std::thread::sleep(Duration::from_millis(5));
    }
    // The tables are written one after the other, this one first.
    std::thread::sleep(Duration::from_millis(300));
    let output = stopped(run, signal);
    assert_eq!(output.status.signal(), Some(signal));
    output
}

/// The output of a process that is sent a signal.
#[cfg(unix)]
fn stopped(process: Child, signal: i32) -> Output {
    let sent = Command::new("kill")
        .args([format!("-{signal}"), process.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
    process.wait_with_output().unwrap()
}

/// The signals that this process ignores and its children would, a bit each from that of signal 1
/// on, as those of a shell's background jobs; none where the system does not tell.
#[cfg(unix)]
fn ignored_signals() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0)
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_names_the_files_that_it_kept() {
    let ignored = |signal: &i32| ignored_signals() >> (signal - 1) & 1 == 1;
    for signal in [1, 2, 15].into_iter().filter(|signal| !ignored(signal)) {
        let place = place();
        place.kac_succeeds(&["run", "a.toml", "--out", "d"]);
        let before = files(&place, "d");
        let said = String::from_utf8(interrupted(&place, signal).stderr).unwrap();
        assert!(
            said.contains("1 of 2") && said.contains("d/unfinished"),
            "{said}"
        );
        assert_eq!(files(&place, "d"), before);
        let kept = place.read("d/unfinished/discrepancy.csv");
        assert!(
            kept.lines().skip(1).all(|line| line.starts_with("2,")),
            "{kept}"
        );
        assert!(kept.lines().count() == 6, "{kept}");
    }
}

/// A run that is killed before it has tables takes nothing from the run that was killed before it.
#[cfg(unix)]
#[test]
fn tables_of_a_killed_run_stay_until_another_has_tables() {
    let place = place();
    let changed = || {
        std::fs::metadata(place.path("d/unfinished"))
            .unwrap()
            .modified()
            .unwrap()
    };
    interrupted(&place, 9);
    let kept = files(&place, "d/unfinished");
    assert!(kept.contains_key("discrepancy.csv") && kept.contains_key("manifest.json"));
    for signal in [9, 15] {
        let before = changed();
        let mut run = place
            .command(&["run", "a.toml", "--out", "d", "--replicas", "500000000"])
            .spawn()
            .unwrap();
        while changed() == before {
            assert!(run.try_wait().unwrap().is_none(), "the run ended");
            std::thread::sleep(Duration::from_millis(5));
        }
        std::thread::sleep(Duration::from_millis(100));
        stopped(run, signal);
        assert_eq!(files(&place, "d/unfinished"), kept, "signal {signal}");
    }
    place.kac_succeeds(&["run", "a.toml", "--out", "d", "--replicas", "40"]);
    assert!(!place.path("d/unfinished").exists());
}

/// A folder is never replaced.
#[test]
fn a_folder_in_the_way_is_refused_even_by_force() {
    let place = place();
    place.put("d/decay.png/notes.txt", "mine");
    place.kac_refuses(&["run", "a.toml", "--out", "d"], &["decay.png"]);
    place.kac_refuses(&["run", "a.toml", "--out", "d", "--force"], &["decay.png"]);
    assert_eq!(place.read("d/decay.png/notes.txt"), "mine");
}

/// The disk is full for files of more than so many blocks of 512 bytes.
#[cfg(unix)]
#[test]
fn verdicts_are_printed_where_the_disk_is_full() {
    let place = place();
    let check = "[[check]]\nclaim = \"theorem-6-coupling\"\nexpect = \"holds\"\ntolerance = 0.5\n\
                 confidence = 0.9\n";
    place.put(
        "a.toml",
        format!("{CONFIG}{check}").replace("replicas = 40", "replicas = 4000"),
    );
    place.kac_succeeds(&["run", "a.toml", "--out", "d"]);
    let before = files(&place, "d");
    // SIGXFSZ is ignored, so that a write fails as on a full disk.
    for blocks in [1, 2, 40] {
        let script = format!(
            "trap '' XFSZ; ulimit -f {blocks}; exec '{}' run a.toml --out d",
            env!("CARGO_BIN_EXE_kac")
        );
        let output = Command::new("sh")
            .args(["-c", &script])
            .current_dir(place.folder())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(4), "{blocks}: {output:?}");
        let printed = String::from_utf8(output.stdout).unwrap();
        assert!(printed.contains("HOLDS"), "{blocks}: {printed}");
        let files = files(&place, "d");
        if blocks < 40 {
            assert_eq!(files, before, "{blocks}");
        } else {
            // All tables are small enough, and no bitmap is.
            assert!(files.contains_key("verdicts.csv") && !files.contains_key("decay.png"));
            assert_vouched_for(&files);
        }
    }
}

#[test]
fn a_folder_of_figures_keeps_what_is_not_drawn() {
    let place = place();
    let experiments = std::env::current_dir().unwrap().join("experiments");
    let experiments = experiments.to_str().unwrap();
    let draw = |name: &str, force: bool| {
        let tables = std::env::current_dir().unwrap();
        let mut command =
            place.command(&["figure", name, "--redraw", "--experiments", experiments]);
        command
            .arg("--out")
            .arg(place.path("f"))
            .current_dir(tables);
        if force {
            command.arg("--force");
        }
        command.output().unwrap()
    };
    assert_eq!(draw("decay", false).status.code(), Some(0));
    assert_eq!(draw("moments", false).status.code(), Some(0));
    assert_eq!(files(&place, "f").len(), 5);
    assert_vouched_for(&files(&place, "f"));
    place.put("f/decay.svg", "mine");
    place.put("f/kurtosis.png", "mine");
    let refused = draw("decay", false);
    assert_eq!(refused.status.code(), Some(4), "{refused:?}");
    assert_eq!(draw("kurtosis", false).status.code(), Some(4));
    assert_eq!(place.read("f/decay.svg"), "mine");
    assert_eq!(draw("moments", false).status.code(), Some(0));
    assert_eq!(place.read("f/kurtosis.png"), "mine");
    assert_eq!(draw("decay", true).status.code(), Some(0));
    assert_ne!(place.read("f/decay.svg"), "mine");
}

#[test]
fn a_table_that_was_cut_or_changed_is_not_redrawn() {
    let place = place();
    let folder = "f/tables/theorem6";
    let committed = Path::new("output/figures/tables/theorem6");
    for entry in std::fs::read_dir(committed).unwrap().flatten() {
        let name = entry.file_name().into_string().unwrap();
        place.put(
            format!("{folder}/{name}"),
            std::fs::read_to_string(entry.path()).unwrap(),
        );
    }
    let table = place.read(&format!("{folder}/discrepancy.csv"));
    place.kac_succeeds(&["figure", "decay", "--redraw", "--out", "f"]);
    let cut: String = table
        .lines()
        .take(20)
        .map(|line| format!("{line}\n"))
        .collect();
    let changed = table.replacen("1", "2", 1);
    let not_a_number = table.replacen(",0.", ",NaN,0.", 1);
    for bad in [&cut, &changed, &not_a_number] {
        place.put(format!("{folder}/discrepancy.csv"), bad);
        place.kac_refuses(
            &["figure", "decay", "--redraw", "--out", "f"],
            &["discrepancy.csv"],
        );
    }
    std::fs::remove_file(place.path(format!("{folder}/discrepancy.csv"))).unwrap();
    place.kac_refuses(
        &["figure", "decay", "--redraw", "--out", "f"],
        &["discrepancy.csv"],
    );
    place.put(format!("{folder}/discrepancy.csv"), &table);
    std::fs::remove_file(place.path(format!("{folder}/manifest.json"))).unwrap();
    place.kac_refuses(&["figure", "decay", "--redraw", "--out", "f"], &[folder]);
}

/// A copy of the committed figures and tables in a folder.
fn copy_figures(place: &Bench, folder: &str) {
    let copied = Command::new("cp")
        .args(["-r", "output/figures"])
        .arg(place.path(folder))
        .status();
    assert!(copied.unwrap().success());
}

#[test]
fn folders_of_figures_and_of_runs_are_refused_to_each_other() {
    let place = place();
    copy_figures(&place, "f");
    let before = files(&place, "f");
    place.kac_refuses(&["run", "a.toml", "--out", "f"], &["figures", "--force"]);
    assert_eq!(files(&place, "f"), before);
    place.kac_succeeds(&["run", "a.toml", "--out", "d"]);
    copy_figures(&place, "output");
    std::fs::rename(place.path("f/tables"), place.path("d/tables")).unwrap();
    let before = files(&place, "d");
    place.kac_refuses(
        &["figure", "moments", "--redraw", "--out", "d"],
        &["a.toml", "--force"],
    );
    assert_eq!(files(&place, "d"), before);
}

#[test]
fn the_subfolder_of_an_unfinished_run_is_no_folder_for_another() {
    let place = place();
    place.put("b.toml", CONFIG.replace("end = 1.0", "end = 2.0"));
    place.kac_succeeds(&["run", "a.toml", "--out", "d"]);
    let before = files(&place, "d");
    place.kac_refuses(&["run", "b.toml", "--out", "d/unfinished"], &["unfinished"]);
    // A link leads to a folder of somebody else.
    place.kac_succeeds(&["run", "b.toml", "--out", "other"]);
    let other = files(&place, "other");
    #[cfg(unix)]
    std::os::unix::fs::symlink("../other", place.path("d/unfinished")).unwrap();
    #[cfg(unix)]
    place.kac_refuses(&["run", "a.toml", "--out", "d"], &["unfinished"]);
    assert_eq!(files(&place, "other"), other);
    assert_eq!(files(&place, "d"), before);
}

#[test]
fn the_same_text_with_other_data_is_another_config() {
    let place = place();
    let law = "first = { law = \"empirical\", file = \"v.csv\", column = \"v\" }";
    let config = CONFIG.replace("first = { law = \"normal\", mean = 0.0, sd = 1.0 }", law);
    for (folder, values) in [("a", "v\n1\n2\n"), ("b", "v\n1\n3\n"), ("c", "v\n1\n2\n")] {
        place.put(format!("{folder}/gas.toml"), &config);
        place.put(format!("{folder}/v.csv"), values);
    }
    place.kac_succeeds(&["run", "a/gas.toml"]);
    let before = files(&place, "output/gas");
    place.kac_refuses(&["run", "b/gas.toml"], &["a/gas.toml"]);
    assert_eq!(files(&place, "output/gas"), before);
    place.kac_succeeds(&["run", "c/gas.toml"]);
    // A config may read other data than before.
    place.put("c/v.csv", "v\n7\n8\n");
    place.kac_succeeds(&["run", "c/gas.toml"]);
}

#[cfg(unix)]
#[test]
fn a_file_with_the_name_of_a_lock_is_not_written_to() {
    let place = place();
    place.put("precious.txt", "mine");
    std::fs::create_dir(place.path("d")).unwrap();
    std::os::unix::fs::symlink("../precious.txt", place.path("d/.kac-lock")).unwrap();
    place.kac_refuses(&["run", "a.toml", "--out", "d"], &[".kac-lock"]);
    assert_eq!(place.read("precious.txt"), "mine");
    place.put("e/.kac-lock", "mine");
    place.put("f/.kac-notes.tmp", "mine");
    place.kac_refuses(&["run", "a.toml", "--out", "e"], &[".kac-lock"]);
    assert_eq!(place.read("e/.kac-lock"), "mine");
    // A file that a killed process left is taken over.
    place.put("f/.kac-lock", "process 1 on host\n");
    place.kac_succeeds(&["run", "a.toml", "--out", "f"]);
    assert_eq!(place.read("f/.kac-notes.tmp"), "mine");
}

#[cfg(unix)]
#[test]
fn a_pipe_with_the_name_of_a_manifest_is_not_waited_for() {
    let place = place();
    std::fs::create_dir(place.path("d")).unwrap();
    let made = Command::new("mkfifo")
        .arg(place.path("d/manifest.json"))
        .status();
    assert!(made.unwrap().success());
    place.kac_refuses(&["run", "a.toml", "--out", "d"], &["manifest.json"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_run_whose_verdicts_cannot_be_printed_is_finished_all_the_same() {
    let place = place();
    let check = "[[check]]\nclaim = \"lemma-12\"\nexpect = \"holds\"\n";
    place.put("a.toml", format!("{CONFIG}{check}"));
    let full = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let mut command = place.command(&["run", "a.toml", "--out", "d"]);
    let output = command.stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    let files = files(&place, "d");
    assert!(files.contains_key("decay.png") && files.contains_key("verdicts.csv"));
    assert_vouched_for(&files);
    assert!(!place.path("d/unfinished").exists());
}

/// A run that takes a second or so, started by a shell after some words, sent a signal, and awaited.
#[cfg(unix)]
fn signalled(words: &str, signal: i32) -> Output {
    let place = place();
    let long = CONFIG.replace("replicas = 40", "replicas = [40, 300000]");
    place.put("a.toml", &long);
    let script = format!(
        "{words} exec {} run a.toml --out d",
        env!("CARGO_BIN_EXE_kac")
    );
    let run = Command::new("sh")
        .args(["-c", &script])
        .current_dir(place.folder())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while !place.path("d/unfinished/discrepancy.csv").exists() {
        std::thread::sleep(Duration::from_millis(2));
    }
    stopped(run, signal)
}

#[cfg(unix)]
#[test]
fn signals_that_are_ignored_stay_ignored() {
    for (name, signal) in [("HUP", 1), ("INT", 2)] {
        let output = signalled(&format!("trap '' {name};"), signal);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_run_can_be_stopped_where_nobody_listens() {
    use std::os::unix::process::ExitStatusExt;
    let output = signalled("exec 2>/dev/full;", 15);
    assert_eq!(output.status.signal(), Some(15), "{output:?}");
}

#[test]
fn tables_of_another_experiment_are_not_redrawn() {
    let place = place();
    copy_figures(&place, "f");
    let tables = |name: &str| place.path(format!("f/tables/{name}"));
    std::fs::remove_dir_all(tables("clock-theorem6")).unwrap();
    std::fs::rename(tables("clock-master-equation"), tables("clock-theorem6")).unwrap();
    std::fs::create_dir(tables("clock-master-equation")).unwrap();
    let draw = ["figure", "clocks", "--redraw", "--out", "f"];
    place.kac_refuses(&draw, &["clock"]);
    // A table that the manifest does not list is not read.
    copy_figures(&place, "g");
    let manifest = place.read("g/tables/theorem6/manifest.json");
    let mut value: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    value["files"] = serde_json::json!([]);
    place.put("g/tables/theorem6/manifest.json", value.to_string());
    let ended = place.kac(&["figure", "decay", "--redraw", "--out", "g"]);
    assert_eq!(ended.code, Some(4), "{ended:?}");
}

#[test]
fn tables_have_numbers_only() {
    let place = place();
    let shifted = (CONFIG.replace("mu = 1.0", "mu = 0.0"))
        .replace("mean = 2.0", "mean = 1.0")
        .replace("[2, 3]", "[3, 7]");
    let first = "first = { law = \"normal\", mean = 0.0, sd = 1.0 }";
    let wide = "first = { law = \"student-t\", df = 2.1, scale = 1e13 }";
    for config in [shifted, CONFIG.replace(first, wide)] {
        place.put("a.toml", &config);
        place.kac_succeeds(&["run", "a.toml", "--out", "d"]);
        for (name, bytes) in files(&place, "d") {
            let text = String::from_utf8_lossy(&bytes);
            let is_table = name.ends_with("csv");
            assert!(!is_table || !text.contains("NaN"), "{name}: {text}");
        }
    }
}
