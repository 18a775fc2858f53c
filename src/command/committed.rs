//! The committed experiments, as the program was built with them, and the claims and figures that
//! they tie together.

use crate::figure::{FIGURES, Figure};
use crate::judge::claims::LEDGER;
use serde::Deserialize;
use std::sync::LazyLock;

/// The names and texts of the configs in `experiments/`.
const CONFIGS: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/experiments.rs"));

/// The part of a committed config that is read.
#[derive(Deserialize)]
struct Config {
    #[serde(default)]
    check: Vec<Check>,
}

#[derive(Deserialize)]
struct Check {
    claim: String,
}

/// A committed experiment.
struct Experiment {
    name: &'static str,
    checks: Vec<Check>,
}

impl Experiment {
    fn judges(&self, claim: &str) -> bool {
        self.checks.iter().any(|check| check.claim == claim)
    }
}

static EXPERIMENTS: LazyLock<Vec<Experiment>> = LazyLock::new(|| {
    let read = |&(name, text): &(&'static str, &str)| {
        let config: Config = toml::from_str(text).expect("committed configs can be read");
        let checks = config.check;
        Experiment { name, checks }
    };
    CONFIGS.iter().map(read).collect()
});

/// The names of the committed experiments that judge a claim.
pub fn experiments_that_judge(claim: &str) -> Vec<&'static str> {
    let judging = EXPERIMENTS.iter().filter(|found| found.judges(claim));
    judging.map(|experiment| experiment.name).collect()
}

/// The claims that are judged on what a figure shows, in the order of the ledger.
pub fn claims_of(figure: &Figure) -> Vec<&'static str> {
    let shown = |name: &str| figure.experiments.contains(&name);
    let is_judged = |claim: &&str| {
        let mut shown = EXPERIMENTS.iter().filter(|found| shown(found.name));
        shown.any(|experiment| experiment.judges(claim))
    };
    let ids = LEDGER.iter().map(|claim| claim.id());
    ids.filter(is_judged).collect()
}

/// The names of the figures that show what a claim is judged on.
pub fn figures_of(claim: &str) -> Vec<&'static str> {
    let showing = FIGURES
        .iter()
        .filter(|figure| claims_of(figure).contains(&claim));
    showing.map(|figure| figure.name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load;
    use std::path::PathBuf;

    #[test]
    fn checks_are_those_of_the_committed_configs() {
        let entries = std::fs::read_dir("experiments").unwrap();
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.retain(|path| path.extension().is_some_and(|end| end == "toml"));
        paths.sort();
        assert_eq!(paths.len(), EXPERIMENTS.len());
        for (path, experiment) in paths.iter().zip(&*EXPERIMENTS) {
            let loaded = load(path).unwrap().experiment;
            assert_eq!(loaded.name, experiment.name);
            let claims = |check: &Check| check.claim.clone();
            let found: Vec<String> = experiment.checks.iter().map(claims).collect();
            let expected: Vec<String> =
                loaded.checks.into_iter().map(|check| check.claim).collect();
            assert_eq!(found, expected, "{}", experiment.name);
        }
    }

    #[test]
    fn every_claim_is_judged_and_figures_name_committed_experiments() {
        for claim in LEDGER {
            assert!(
                !experiments_that_judge(claim.id()).is_empty(),
                "{}",
                claim.id()
            );
        }
        let names = FIGURES.iter().flat_map(|figure| figure.experiments);
        for name in names {
            assert!(
                EXPERIMENTS.iter().any(|found| found.name == *name),
                "{name}"
            );
        }
    }
}
