//! `manifest.json`: what was run, by what, and what came out.

use super::{OutputFolder, WriteError};
use crate::config::Config;
use crate::coupling::Rematch;
use crate::input::hexadecimal;
use crate::law::Law;
use crate::vector::Instructions;
use crate::verify::Results;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::time::Duration;

/// The commit that the program was built from, where known.
pub const COMMIT: Option<&str> = option_env!("KAC_COMMIT");

/// A law's name and parameters.
fn law(law: &Law) -> Value {
    let mut resolved = json!({ "law": law.name() });
    for (name, parameter) in law.parameters() {
        resolved[name] = json!(parameter);
    }
    resolved
}

/// The config with every default filled in; laws with the parameters that they have.
fn resolved(config: &Config) -> Value {
    let experiment = &config.experiment;
    let (particles, replicas): (Vec<usize>, Vec<u64>) = experiment.sweep.iter().copied().unzip();
    let rates = experiment.rates();
    let checks: Vec<Value> = (experiment.checks.iter())
        .map(|check| {
            json!({
                "claim": check.claim,
                "expect": check.expect.name(),
                "tolerance": check.tolerance,
                "confidence": check.confidence,
            })
        })
        .collect();
    json!({
        "name": experiment.name,
        "title": experiment.title,
        "seed": experiment.seed,
        "replicas": replicas,
        "model": {
            "particles": particles,
            "lambda": experiment.lambda,
            "mu": experiment.mu,
            "clock": experiment.clock.name(),
            "coupling": experiment.coupling.name(),
            "rematch": rematch(experiment.rematch),
            "pair_rate": rates.pair,
            "bath_rate": rates.bath,
        },
        "bath": law(&experiment.bath),
        "initial": {
            "first": law(&experiment.first),
            "second": law(&experiment.second),
            "pairing": experiment.pairing.name(),
            "joints": experiment.joints.map(|joint| joint.name()),
        },
        "time": { "end": experiment.end, "points": experiment.points },
        "wasserstein": experiment.wasserstein.map(|plan| {
            json!({ "points": plan.points, "sample": plan.sample, "bracket": plan.bracket })
        }),
        "calibration": experiment.calibration.map(|plan| {
            json!({ "seeds": plan.seeds, "points": plan.points })
        }),
        "steady_state": experiment.steady_state.map(|plan| {
            json!({ "tolerance": plan.tolerance })
        }),
        "check": checks,
    })
}

/// As in configs: a word, or a number.
fn rematch(rematch: Rematch) -> Value {
    match rematch {
        Rematch::Every(interval) => json!(interval),
        word => json!(word.to_string().trim_matches('"')),
    }
}

/// Write the manifest of a finished run.
///
/// # Errors
///
/// If it cannot be written, or a file it lists cannot be read.
pub fn write_manifest(
    folder: &OutputFolder,
    config: &Config,
    results: &Results,
    files: &[String],
    elapsed: Duration,
) -> Result<(), WriteError> {
    let checksum = |name: &String| {
        let path = folder.path().join(name);
        let bytes = std::fs::read(&path).map_err(|reason| WriteError { path, reason })?;
        Ok(
            json!({ "name": name, "bytes": bytes.len(), "sha256": hexadecimal(Sha256::new_with_prefix(&bytes)) }),
        )
    };
    let files: Vec<Value> = files.iter().map(checksum).collect::<Result<_, _>>()?;
    let manifest = json!({
        "program": "kac",
        "version": env!("CARGO_PKG_VERSION"),
        "commit": COMMIT,
        "config": resolved(config),
        "data": config.data,
        "seed": config.experiment.seed,
        "replicas": results.replicas,
        "collisions": results.collisions,
        "wall_seconds": elapsed.as_secs_f64(),
        "threads": rayon::current_num_threads(),
        "instructions": Instructions::best().name(),
        "thread_seconds": results.profile,
        "files": files,
    });
    let mut text = serde_json::to_string_pretty(&manifest).expect("JSON values can be printed");
    text.push('\n');
    folder.write("manifest.json", text.as_bytes())
}
