//! Seconds and memory in `kac plan` are compared with those of `kac run`, over odd configs.
//!
//! On a machine that does nothing else
//! `KAC_PLANS=1 cargo test --release --test plan_costs -- --nocapture` prints the table, and asks
//! for a factor of 2 in seconds, which may be off by much more on a busy one.
#![cfg(target_os = "linux")]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

/// A config: each field replaces a part of the plain one.
#[derive(Clone, Copy)]
struct Case {
    name: &'static str,
    /// Lines of `[model]`, without λ and μ.
    particles: &'static str,
    model: &'static str,
    rates: &'static str,
    replicas: &'static str,
    bath: &'static str,
    first: &'static str,
    second: &'static str,
    end: &'static str,
    points: &'static str,
    /// Further sections.
    sections: &'static str,
}

const NORMAL: &str = r#"{ law = "normal", mean = 0.0, sd = 1.0 }"#;
const STUDENT: &str = r#"{ law = "student-t", df = 5.0, scale = 1.0 }"#;
const MIXTURE: &str =
    r#"{ law = "normal-mixture", weights = [0.5, 0.5], means = [-2.0, 2.0], sds = [0.5, 1.0] }"#;
const MEASURED: &str = r#"{ law = "empirical", file = "measured.csv", column = "v" }"#;
const SHIFTED: &str = r#"{ law = "empirical", file = "measured.csv", column = "v", shift = 1.0 }"#;

const PLAIN: Case = Case {
    name: "plain",
    particles: "8",
    model: "",
    rates: "lambda = 1.0\nmu = 1.0",
    replicas: "2000",
    bath: NORMAL,
    first: NORMAL,
    second: r#"{ law = "normal", mean = 2.0, sd = 1.0 }"#,
    end: "1.0",
    points: "11",
    sections: "",
};

/// `[wasserstein]` with six record times.
macro_rules! wasserstein {
    ($sample:literal, $bracket:literal) => {
        concat!(
            "[wasserstein]\npoints = 6\nsample = ",
            $sample,
            "\nbracket = ",
            $bracket,
            "\n"
        )
    };
}

const STEADY: &str = "[steady_state]\ntolerance = 0.001\n";
const CHECKS: &str = concat!(
    wasserstein!("2000", "100000"),
    "[[check]]\nclaim = \"theorem-7\"\nexpect = \"holds\"\n",
    "[[check]]\nclaim = \"theorem-6\"\nexpect = \"holds\"\n",
    "[[check]]\nclaim = \"lemma-12\"\nexpect = \"holds\"\n",
    "[[check]]\nclaim = \"lemma-2-pair\"\nexpect = \"holds\"\n",
);

/// The plain config with some of its parts replaced.
macro_rules! case {
    ($name:literal $(, $part:ident = $text:expr)*) => {
        Case { name: $name, $($part: $text,)* ..PLAIN }
    };
}

const CASES: [Case; 32] = [
    PLAIN,
    case!("one particle", particles = "1", replicas = "200000"),
    case!("N = 1e5", particles = "100000", replicas = "20"),
    case!("N = 1e6", particles = "1000000", replicas = "4"),
    case!(
        "N = 3e6",
        particles = "3000000",
        replicas = "2",
        end = "0.1",
        points = "6"
    ),
    case!("1001 times", points = "1001"),
    case!("2001 times", points = "2001", replicas = "500"),
    case!("long", end = "200.0"),
    case!("many replicas", replicas = "1000000"),
    case!("two replicas", replicas = "2"),
    case!(
        "eight sizes",
        particles = "[1, 2, 4, 8, 16, 32, 64, 128]",
        replicas = "4000"
    ),
    case!(
        "fifty sizes",
        particles = "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,33,34,35,36,37,38,39,40,41,42,43,44,45,46,47,48,49,50]"
    ),
    case!(
        "batches",
        replicas = "100000",
        sections = wasserstein!("2000", "0")
    ),
    case!(
        "large batches",
        replicas = "100000",
        sections = wasserstein!("20000", "0")
    ),
    case!(
        "bracket",
        replicas = "100000",
        sections = wasserstein!("2000", "200000")
    ),
    case!(
        "large bracket",
        replicas = "50000",
        sections = wasserstein!("2000", "400000")
    ),
    case!(
        "bracket, N = 1000",
        particles = "1000",
        replicas = "500",
        sections = wasserstein!("2000", "500000")
    ),
    case!(
        "bracket, N = 2",
        particles = "2",
        replicas = "50000",
        sections = wasserstein!("2000", "100000")
    ),
    case!(
        "bracket of a mixture",
        replicas = "100000",
        first = MIXTURE,
        sections = wasserstein!("2000", "200000")
    ),
    case!(
        "bracket, Student",
        replicas = "50000",
        first = STUDENT,
        sections = wasserstein!("2000", "100000")
    ),
    case!("checks", replicas = "50000", sections = CHECKS),
    case!("steady state", replicas = "10000", sections = STEADY),
    case!(
        "steady state, N = 1000",
        particles = "1000",
        replicas = "100",
        sections = STEADY
    ),
    case!("measured laws", first = MEASURED, second = SHIFTED),
    case!(
        "measured laws, bracket",
        first = MEASURED,
        second = r#"{ law = "uniform", low = -1.0, high = 1.0 }"#,
        sections = wasserstein!("2000", "20000")
    ),
    case!(
        "aligned",
        model = "coupling = \"aligned\"",
        replicas = "50000"
    ),
    case!(
        "independent",
        model = "coupling = \"independent\"",
        replicas = "50000"
    ),
    case!(
        "rematched at outputs",
        model = "rematch = \"output\"",
        replicas = "50000"
    ),
    case!(
        "rematched at collisions",
        model = "rematch = \"event\"",
        replicas = "3000",
        particles = "64"
    ),
    case!(
        "rematched often",
        model = "rematch = 0.1",
        replicas = "10000",
        particles = "64"
    ),
    case!(
        "fast",
        rates = "lambda = 100.0\nmu = 100.0",
        replicas = "5000"
    ),
    case!(
        "calibration",
        replicas = "100",
        sections = "[calibration]\nseeds = 2000\npoints = 3\n"
    ),
];

impl Case {
    fn write(&self, folder: &Path) -> PathBuf {
        let Case {
            particles,
            model,
            rates,
            replicas,
            bath,
            first,
            second,
            end,
            points,
            sections,
            ..
        } = self;
        let bath = bath.trim_matches(['{', '}', ' ']).replace(", ", "\n");
        let text = format!(
            "seed = 1\nreplicas = {replicas}\n\
             [model]\nparticles = {particles}\nclock = \"theorem6\"\n{rates}\n{model}\n\
             [bath]\n{bath}\n[initial]\nfirst = {first}\nsecond = {second}\n\
             [time]\nend = {end}\npoints = {points}\n{sections}"
        );
        let path = folder.join("run.toml");
        std::fs::write(&path, text).unwrap();
        path
    }
}

/// The seconds that a child takes and the most bytes that it holds.
fn usage(child: Child, start: Instant) -> (f64, f64) {
    let mut status = 0;
    // SAFETY: all zeros are a valid `rusage`, and the system fills it and the status.
    let bytes = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        let process = child.id() as libc::pid_t;
        assert_eq!(libc::wait4(process, &mut status, 0, &mut usage), process);
        usage.ru_maxrss as f64 * 1024.0
    };
    // The test does not judge verdicts against expectation.
    assert!(libc::WIFEXITED(status) && [0, 1, 3].contains(&libc::WEXITSTATUS(status)));
    (start.elapsed().as_secs_f64(), bytes)
}

/// The last row of costs of a plan: seconds and MB.
fn planned(config: &Path) -> (f64, f64) {
    let output = Command::new(env!("CARGO_BIN_EXE_kac"))
        .arg("plan")
        .arg(config)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let all = text
        .lines()
        .find(|line| line.trim_start().starts_with("all"));
    let cells: Vec<&str> = all.unwrap().split_whitespace().collect();
    let [.., seconds, megabytes] = cells[..] else {
        panic!("{text}")
    };
    (seconds.parse().unwrap(), megabytes.parse().unwrap())
}

/// Plans a case, runs it, and compares both.
fn compare(case: &Case, folder: &Path, is_idle: bool) {
    // A busy machine takes many times as long, for the plan or for the run.
    let (factor, spare) = if is_idle { (2.0, 0.1) } else { (5.0, 2.0) };
    let config = case.write(folder);
    let (seconds, megabytes) = planned(&config);
    let start = Instant::now();
    let child = Command::new(env!("CARGO_BIN_EXE_kac"))
        .arg("run")
        .arg(&config)
        .args(["--force", "--out"])
        .arg(folder.join("out"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let (taken, bytes) = usage(child, start);
    let held = bytes / 1e6;
    let line = format!(
        "{:24} {seconds:7.2} {taken:7.2}  {megabytes:7.0} {held:7.0}",
        case.name
    );
    println!("{line}");
    assert!(
        taken < factor * seconds + spare && seconds < factor * taken + spare,
        "seconds: {line}"
    );
    assert!(
        held < 2.0 * megabytes && megabytes < 2.0 * held,
        "MB: {line}"
    );
}

#[test]
fn a_run_takes_the_planned_time_and_memory() {
    let is_idle = std::env::var_os("KAC_PLANS").is_some();
    let values = (0..200_000).map(|k| format!("{}\n", ((k * 7919) % 200_000) as f64 / 1e5 - 1.0));
    let csv = String::from("v\n") + &values.collect::<String>();
    println!("{:24} {:>16} {:>16}", "", "seconds", "MB");
    let compare_some = |first: usize, step: usize| {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("measured.csv"), &csv).unwrap();
        for case in CASES.iter().skip(first).step_by(step) {
            compare(case, folder.path(), is_idle);
        }
    };
    // Half of a run is one thread's; figures are only exact where nothing else runs.
    match is_idle {
        true => compare_some(0, 1),
        false => std::thread::scope(|scope| {
            scope.spawn(|| compare_some(1, 2));
            compare_some(0, 2);
        }),
    }
}
