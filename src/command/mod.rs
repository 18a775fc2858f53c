//! The commands. No other module prints, but `cli` the error that ends a command.

mod calibration;
pub mod check;
pub mod claims;
mod columns;
mod committed;
mod drawing;
pub mod figure;
pub mod format;
mod interrupt;
mod names;
pub mod plan;
mod progress;
pub mod run;
pub mod threads;

use crate::config::{Config, LoadError};
use crate::experiment::Experiment;
use crate::figure::FigureError;
use crate::judge::Outcome;
use crate::measure::Engine;
use crate::text::quote::quoted_path;
use crate::verify::calibrate::calibrate;
use crate::verify::{Results, Sampling, Step, verify};
use crate::write::folder::OutputFolder;
use crate::write::{WriteError, tables};
use progress::Progress;
use std::collections::TryReserveError;
use std::convert::Infallible;
use std::io::Write;
use std::path::PathBuf;
use thiserror::Error;

/// Bytes of a thread's stack.
const STACK_BYTES: usize = 2 << 20;

/// Bytes that a thread maps beside its stack, at least.
const BYTES_BESIDE_STACK: usize = 64 << 10;

/// The outcome of a command; its number is the program's exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Every verdict as expected.
    AsExpected = 0,
    /// A verdict against expectation.
    Against = 1,
    /// Bad arguments or config.
    BadInput = 2,
    /// Undecided, and none against.
    Undecided = 3,
    /// A file could not be read or written.
    Files = 4,
}

impl From<Outcome> for Exit {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::AsExpected => Exit::AsExpected,
            Outcome::Undecided => Exit::Undecided,
            Outcome::Against => Exit::Against,
        }
    }
}

/// The reason why a command could not do its work.
#[derive(Debug, Error)]
pub enum CommandError {
    /// The config.
    #[error(transparent)]
    Config(#[from] LoadError),
    /// An output file.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A figure.
    #[error(transparent)]
    Figure(#[from] FigureError),
    /// Tables to draw from.
    #[error(
        "there are no tables of a finished run in {}; leave out --redraw to simulate them",
        quoted_path(folder)
    )]
    NoTables {
        /// Their folder.
        folder: PathBuf,
    },
    /// Tables of another experiment.
    #[error(
        "{} holds tables of another config; leave out --redraw to simulate them",
        quoted_path(folder)
    )]
    OtherTables {
        /// Their folder.
        folder: PathBuf,
    },
    /// A table that is not as it was written.
    #[error(
        "{} is missing or was changed since its run wrote it; leave out --redraw to simulate it",
        quoted_path(path)
    )]
    ChangedTable {
        /// The table.
        path: PathBuf,
    },
    /// A folder of configs.
    #[error(
        "cannot read the folder {}: {reason}; name a config, or run this where it is",
        quoted_path(path)
    )]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The answer of the system.
        reason: std::io::Error,
    },
    /// Standard output.
    #[error("cannot write to standard output: {0}")]
    Output(#[from] std::io::Error),
    /// An argument that clap cannot check.
    #[error("{0}")]
    Argument(String),
    /// Threads.
    #[error("cannot start {threads} threads: {reason}; ask for fewer with --threads")]
    Threads {
        /// Their number.
        threads: usize,
        /// The answer of the system.
        reason: String,
    },
}

impl CommandError {
    /// The exit code of this error.
    pub fn exit(&self) -> Exit {
        match self {
            CommandError::Config(LoadError::Invalid(_))
            | CommandError::Argument(_)
            | CommandError::Threads { .. } => Exit::BadInput,
            _ => Exit::Files,
        }
    }
}

/// The settings of a run that the command line can change.
#[derive(Debug, Clone, Copy)]
pub struct Overrides {
    /// Replicas for every N.
    pub replicas: Option<u64>,
    /// Seed.
    pub seed: Option<u64>,
    /// Threads, at least one.
    pub threads: usize,
}

impl Overrides {
    /// A config with these changes.
    fn apply(self, mut config: Config) -> Config {
        let experiment = &mut config.experiment;
        experiment.seed = self.seed.unwrap_or(experiment.seed);
        for (_, replicas) in &mut experiment.sweep {
            *replicas = self.replicas.unwrap_or(*replicas);
        }
        config
    }

    /// Do something on a thread pool of the size asked for, of which this thread is
    /// one: a single thread has nobody to wait for. Once in a thread's life.
    fn on_threads<T: Send>(
        self,
        work: impl FnOnce() -> Result<T, CommandError> + Send,
    ) -> Result<T, CommandError> {
        let failed = |reason| CommandError::Threads {
            threads: self.threads,
            reason,
        };
        has_room_for(self.threads).map_err(|reason| failed(reason.to_string()))?;
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(self.threads)
            .stack_size(STACK_BYTES)
            .use_current_thread()
            .build()
            .map_err(|reason| failed(reason.to_string()))?;
        pool.install(work)
    }
}

/// Tries whether there are addresses for the stacks of so many threads. The process aborts where a thread
/// that has a stack finds no memory for anything else, so this is tried beforehand.
fn has_room_for(threads: usize) -> Result<(), TryReserveError> {
    let bytes = threads.saturating_mul(STACK_BYTES + BYTES_BESIDE_STACK);
    Vec::<u8>::new().try_reserve_exact(bytes)
}

/// Simulate an experiment, or calibrate it, and say how far it is. After each N the tables are
/// written to the unfinished run of `folder`, so that a killed run keeps what it finished; if that
/// fails, the simulation goes on, and its end is what must be written.
fn simulate(
    experiment: &Experiment,
    sampling: Sampling,
    folder: Option<&OutputFolder>,
) -> Result<Results, CommandError> {
    simulate_with(experiment, sampling, folder, Progress::new(experiment))
}

/// Does what [`simulate`] does, and tells `progress` how far it is.
fn simulate_with(
    experiment: &Experiment,
    sampling: Sampling,
    folder: Option<&OutputFolder>,
    progress: Progress,
) -> Result<Results, CommandError> {
    interrupt::kept("nothing was kept, no number of particles being done".to_string());
    let keep = |results: &Results| -> Result<(), Infallible> {
        progress.next_size();
        let Some(folder) = folder else { return Ok(()) };
        let written = (tables(results).iter()).try_for_each(|table| folder.write(table));
        match written {
            Ok(()) => interrupt::kept(format!(
                "the tables of {} of {} numbers of particles are in {}; they stay until another run in this folder has tables",
                results.sizes,
                experiment.sweep.len(),
                quoted_path(folder.unfinished())
            )),
            Err(error) => progress.warn(&format!("warning: {error}; the simulation goes on")),
        }
        Ok(())
    };
    let step = |step| progress.step(step);
    let replicas = |done| progress.step(Step::Replicas(done));
    let results = match experiment.calibration {
        Some(plan) => calibrate(experiment, plan, &replicas, keep),
        None => verify(experiment, Engine::Block, sampling, &step, keep),
    };
    progress.finish();
    let Ok(results) = results;
    Ok(results)
}

/// Print to standard output; a closed pipe is no error.
fn print(text: &str) -> Result<(), CommandError> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}
