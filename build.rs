//! Tells the program which commit it is built from, where git knows, and gives it the committed
//! experiments.

use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    commit();
    experiments();
}

/// The variable `KAC_COMMIT`.
fn commit() {
    println!("cargo::rerun-if-changed=.git/HEAD");
    println!("cargo::rerun-if-changed=.git/refs/heads");
    let output = Command::new("git")
        .args(["describe", "--always", "--dirty", "--abbrev=12"])
        .output();
    if let Ok(output) = output
        && output.status.success()
    {
        let commit = String::from_utf8_lossy(&output.stdout);
        println!("cargo::rustc-env=KAC_COMMIT={}", commit.trim());
    }
}

/// The file `experiments.rs`: a list of the name and the text of each config in `experiments/`.
fn experiments() {
    println!("cargo::rerun-if-changed=experiments");
    // A compiled build script can serve several checkouts.
    let package = std::env::var("CARGO_MANIFEST_DIR").expect("cargo names the package's folder");
    let folder = Path::new(&package).join("experiments");
    let entries = std::fs::read_dir(folder).expect("the folder of the experiments");
    let paths = entries.map(|entry| entry.expect("an entry of the folder").path());
    let is_config = |path: &PathBuf| path.extension().is_some_and(|end| end == "toml");
    let mut paths: Vec<PathBuf> = paths.filter(is_config).collect();
    paths.sort();
    let row = |path: &PathBuf| {
        let name = path.file_stem().expect("the name of a config");
        format!("({name:?}, include_str!({path:?})),\n")
    };
    let rows: String = paths.iter().map(row).collect();
    let folder = std::env::var("OUT_DIR").expect("cargo names the folder");
    let file = Path::new(&folder).join("experiments.rs");
    std::fs::write(file, format!("&[\n{rows}]")).expect("the list can be written");
}
