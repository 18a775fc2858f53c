//! Plans are compared with the committed tables.

use assert_cmd::Command;
use kac_coupling::config::load;
use kac_coupling::theory::pairing::Pairing;
use kac_coupling::verify::plan::plan;
use std::path::Path;
use std::time::Duration;

/// (claim, particles, half the width of the interval) of committed verdicts.
fn realised(experiment: &str) -> Vec<(String, usize, f64)> {
    let path = format!("output/figures/tables/{experiment}/verdicts.csv");
    let mut reader = csv::Reader::from_path(path).unwrap();
    let header = reader.headers().unwrap().clone();
    let column = |name: &str| header.iter().position(|found| found == name).unwrap();
    let columns = ["claim", "particles", "ci_low", "ci_high"].map(column);
    let row = |record: csv::StringRecord| {
        let [claim, particles, low, high] = columns.map(|column| record[column].to_string());
        let ends: [f64; 2] = [low, high].map(|end| end.parse().unwrap());
        (claim, particles.parse().unwrap(), 0.5 * (ends[1] - ends[0]))
    };
    reader
        .records()
        .map(|record| row(record.unwrap()))
        .collect()
}

#[test]
fn half_widths_are_those_realised_to_a_tenth() {
    let mut compared = 0;
    for name in [
        "theorem6",
        "theorem7",
        "scaling",
        "clock-theorem6",
        "clock-master-equation",
        "two-baths",
    ] {
        let config = load(Path::new(&format!("experiments/{name}.toml"))).unwrap();
        let sizes = plan(&config.experiment).sizes;
        for (claim, particles, realised) in realised(name) {
            let size = sizes.iter().find(|size| size.particles == particles);
            let mut checks = size.unwrap().checks.iter();
            let planned = checks.find(|planned| planned.check.claim == claim).unwrap();
            let Some(planned) = planned.forecast.half_width else {
                // Pooled distances decide it, which for one particle are those of the joint law
                // too; or the bracket of joint laws.
                let by_bracket = (name, claim.as_str()) == ("theorem7", "theorem-6");
                let alone = claim == "theorem-6" && particles == 1;
                assert!(
                    claim == "theorem-7" || by_bracket || alone,
                    "{name} {claim}"
                );
                continue;
            };
            assert!(
                (planned / realised - 1.0).abs() < 0.1,
                "{name} {claim} N = {particles}: {planned} planned, {realised} realised"
            );
            compared += 1;
        }
    }
    assert!(compared > 60, "{compared}");
}

/// The output of `kac plan` for a gas with these numbers of particles and this λ, μ = 1, over four
/// units of time in a thousand replicas.
///
/// A plan that simulated everything would take hours for some of these. The plan takes a second or
/// a few; the limit is for a busy machine.
fn printed(particles: &str, lambda: &str, claim: &str) -> String {
    let text = format!(
        "seed = 1\nreplicas = 1000\n\
         [model]\nparticles = {particles}\nlambda = {lambda}\nmu = 1.0\nclock = \"theorem6\"\n\
         [bath]\nlaw = \"normal\"\nmean = 0.0\nsd = 1.0\n\
         [initial]\nfirst = {{ law = \"normal\", mean = 1.0, sd = 1.0 }}\n\
         second = {{ law = \"uniform\", low = -3.0, high = 5.0 }}\n\
         [time]\nend = 4.0\npoints = 31\n\
         [[check]]\nclaim = \"{claim}\"\nexpect = \"holds\"\n"
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("planned.toml");
    std::fs::write(&path, text).unwrap();
    let mut command = Command::cargo_bin("kac").unwrap();
    let command = command.arg("plan").arg(path);
    let output = command.timeout(Duration::from_secs(40)).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Collisions, seconds and MB of each N.
fn costs(printed: &str) -> Vec<[f64; 3]> {
    let rows = printed.lines();
    let rows = rows.take_while(|line| !line.trim_start().starts_with("figures"));
    let rows = rows.filter(|line| line.trim_start().starts_with(|c: char| c.is_ascii_digit()));
    let cells = rows.map(|line| line.split_whitespace().map(|cell| cell.parse().unwrap()));
    let cells = cells.map(|cells| cells.collect::<Vec<f64>>());
    cells.map(|cells| [cells[2], cells[3], cells[4]]).collect()
}

/// A collision takes some ten nanoseconds of one of up to a thousand threads. On a busy
/// machine, and in large gases, it can be a hundred times as long.
fn assert_plausible([collisions, seconds, megabytes]: [f64; 3], expected: f64) {
    // Four digits are printed.
    assert!(
        (collisions / expected - 1.0).abs() < 1e-3,
        "{collisions} {expected}"
    );
    let per_collision = seconds / collisions;
    assert!(
        (5e-12..2e-6).contains(&per_collision),
        "{seconds} {collisions}"
    );
    assert!((1.0..1e6).contains(&megabytes), "{megabytes}");
}

#[test]
fn replicas_that_take_hours_are_planned_in_seconds() {
    let rows = costs(&printed("[8, 64]", "1e9", "theorem-6-coupling"));
    for (row, particles) in rows.into_iter().zip([8.0, 64.0]) {
        // κ/2 + β = 5·10⁸ + 2 per particle and unit of time.
        assert_plausible(row, (5e8 + 2.0) * particles * 4.0 * 1000.0);
    }
}

#[test]
fn gases_that_fill_the_memory_are_planned_in_seconds() {
    let [row] = costs(&printed("100000000", "1.0", "theorem-6-coupling"))[..] else {
        panic!("one N")
    };
    assert_plausible(row, 2.5 * 1e8 * 4.0 * 1000.0);
    // Both copies' velocities take eight bytes each.
    assert!(row[2] > 1600.0, "{row:?}");
}

#[test]
fn three_thousand_sizes_are_planned_in_seconds() {
    let particles: Vec<usize> = (1..=3000).collect();
    let rows = costs(&printed(
        &format!("{particles:?}"),
        "1.0",
        "theorem-6-coupling",
    ));
    assert_eq!(rows.len(), 3000);
    for (row, particles) in rows.into_iter().zip(particles) {
        // A single particle meets no other particle.
        let rate = if particles == 1 { 2.0 } else { 2.5 };
        let [collisions, seconds, _] = row;
        let expected = rate * particles as f64 * 4000.0;
        assert!((collisions / expected - 1.0).abs() < 1e-3, "{row:?}");
        assert!(
            seconds.is_finite() && seconds < 2e-3 * 4000.0 * particles as f64,
            "{row:?}"
        );
    }
}

#[test]
fn expectations_that_exact_values_contradict_are_named() {
    // On this clock the energy relaxes at rate μ, and Lemma 1 prints μ/2.
    let said = printed("[2, 2000]", "1.0", "lemma-1");
    assert!(
        said.contains("with a probability of at most 1.0e0."),
        "{said}"
    );
    assert!(
        said.contains("The exact values contradict what 2 checks expect: "),
        "{said}"
    );
    for particles in [2, 2000] {
        let warning = format!(
            "N = {particles}: lemma-1 is expected \"holds\", which the exact values contradict"
        );
        assert!(said.contains(&warning), "{said}");
    }
    let said = printed("[2, 2000]", "1.0", "theorem-6-coupling");
    assert!(!said.contains("contradict"), "{said}");
}

#[test]
fn batches_of_an_ordinary_run_are_still_foreseen() {
    // From pairs that are not optimal only batches can decide Theorem 7, and these are foreseen
    // from a burst of whole replicas only.
    let mut experiment = load(Path::new("experiments/theorem7.toml"))
        .unwrap()
        .experiment;
    experiment.pairing = Pairing::Independent;
    for size in plan(&experiment).sizes {
        let mut checks = size.checks.iter();
        let planned = checks
            .find(|planned| planned.check.claim == "theorem-7")
            .unwrap();
        assert!(
            planned.forecast.holds > 0.9,
            "N = {}: {planned:?}",
            size.particles
        );
    }
}
