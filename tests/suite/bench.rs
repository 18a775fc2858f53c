//! The program in a folder of a test.

use assert_cmd::assert::OutputAssertExt;
use serde_json::Value;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// A folder in which `kac` works.
pub struct Bench {
    folder: TempDir,
}

/// The end of a command.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Ended {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

impl Bench {
    /// An empty folder.
    pub fn empty() -> Self {
        Bench {
            folder: tempfile::tempdir().expect("a temporary folder"),
        }
    }

    /// A folder with a file in it.
    pub fn with(name: &str, contents: impl AsRef<[u8]>) -> Self {
        let bench = Bench::empty();
        bench.put(name, contents);
        bench
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The path of a file of this name.
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder().join(name)
    }

    /// Writes a file, with the folders above it.
    pub fn put(&self, name: impl AsRef<Path>, contents: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, contents).expect("a file of the test");
    }

    /// The text of a file.
    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).expect("a file")
    }

    /// The names of all that is in a folder.
    pub fn names(&self, folder: &str) -> BTreeSet<String> {
        let entries = std::fs::read_dir(self.path(folder)).expect("a folder");
        entries
            .map(|entry| entry.expect("an entry").file_name())
            .map(|name| name.into_string().expect("a UTF-8 name"))
            .collect()
    }

    /// `kac` with these arguments, on as many threads as the machine has.
    pub fn command<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kac"));
        command
            .current_dir(self.folder())
            .args(arguments)
            .env_remove("SLURM_CPUS_PER_TASK")
            .env_remove("RAYON_NUM_THREADS")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// The end of `kac` with these arguments.
    pub fn kac<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Ended {
        self.kac_in(&[], arguments)
    }

    /// The end of `kac` with these variables of the environment and these arguments.
    pub fn kac_in<A: AsRef<OsStr>>(&self, environment: &[(&str, &str)], arguments: &[A]) -> Ended {
        let mut command = assert_cmd::Command::from_std(self.command(arguments));
        command.envs(environment.iter().copied());
        // A command that waits for something fails its test instead of stopping all.
        let output = command.timeout(Duration::from_secs(120)).output();
        output.expect("the program runs").into()
    }

    /// Asserts that `kac` exits with code 0.
    pub fn kac_succeeds(&self, arguments: &[&str]) {
        self.command(arguments).assert().code(0);
    }

    /// Asserts that `kac` exits with code 4 and names these on standard error.
    pub fn kac_refuses(&self, arguments: &[&str], named: &[&str]) {
        let ended = self.kac(arguments);
        assert_eq!(ended.code, Some(4), "{arguments:?}: {ended:?}");
        for name in named {
            assert!(ended.stderr.contains(name), "{arguments:?}: {ended:?}");
        }
    }

    /// The files that `kac check` judges, given these arguments.
    pub fn judged(&self, arguments: &[&str]) -> Vec<String> {
        let ended = self.kac(&[&["check", "--format", "json"], arguments].concat());
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        let document: Value = serde_json::from_str(&ended.stdout).expect("JSON");
        let configs = document["configs"].as_array().expect("a list");
        let file = |config: &Value| config["file"].as_str().expect("a path").to_string();
        configs.iter().map(file).collect()
    }
}
