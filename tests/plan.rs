//! Plans against what was realised: the committed tables.

use kac_coupling::config::load;
use kac_coupling::plan::plan;
use std::path::Path;

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
        let sizes = plan(&config.experiment);
        for (claim, particles, realised) in realised(name) {
            let size = sizes.iter().find(|size| size.particles == particles);
            let mut checks = size.unwrap().checks.iter();
            let planned = checks.find(|planned| planned.check.claim == claim).unwrap();
            let Some(planned) = planned.forecast.half_width else {
                // Pooled distances, of one particle those of the joint law too; and the
                // bracket of joint laws.
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
