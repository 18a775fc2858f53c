//! The command line.

use crate::command::check::Format;
use crate::command::figure::Places;
use crate::command::{CommandError, Exit, Overrides, check, claims, figure, plan, run};
use crate::vector::Instructions;
use crate::verify::Sampling;
use clap::{Args, Parser, Subcommand};
use std::io::Write;
use std::path::PathBuf;

/// Simulates Kac's gas with a thermostat exactly, two coupled copies at a time,
/// and judges how fast they contract.
#[derive(Debug, Parser)]
#[command(name = "kac", version, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 every verdict as expected; 1 a verdict against \
expectation; 2 bad arguments or config; 3 inconclusive, and none against; 4 a file could not be \
read or written.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Simulate a config; write tables, figures and a manifest; judge its checks
    Run {
        /// The TOML file that says what to simulate
        config: PathBuf,
        /// Folder for the files [default: output/<config's file stem>]
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
        /// Replace what another config or another program put into that folder
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        overrides: OverrideArguments,
    },
    /// Simulate configs and judge their checks; write nothing
    Check {
        /// The TOML files [default: all in experiments/]
        #[arg(value_name = "CONFIG")]
        configs: Vec<PathBuf>,
        /// How to print the verdicts
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
        /// Simulate only as many replicas as decide
        #[arg(long)]
        adaptive: bool,
        #[command(flatten)]
        overrides: OverrideArguments,
    },
    /// Say what a config will cost and decide, before running it
    Plan {
        /// The TOML file that says what to simulate
        config: PathBuf,
        #[command(flatten)]
        overrides: OverrideArguments,
    },
    /// Reproduce a figure from its committed experiments
    Figure {
        /// The figure's name, or all
        #[arg(required_unless_present = "list")]
        name: Option<String>,
        /// Say what figures there are
        #[arg(long)]
        list: bool,
        /// Draw from the tables that are there, without simulating: those of the folder of the
        /// figures, or the committed ones if it has none
        #[arg(long)]
        redraw: bool,
        /// Folder for the figures; tables go to its subfolder tables
        #[arg(long, value_name = "DIR", default_value = figure::COMMITTED)]
        out: PathBuf,
        /// Replace what another program put into that folder
        #[arg(long)]
        force: bool,
        /// Folder of the configs
        #[arg(long, value_name = "DIR", default_value = "experiments")]
        experiments: PathBuf,
        /// Threads [default: one per processor]
        #[arg(long, value_name = "T", value_parser = threads)]
        threads: Option<usize>,
    },
    /// The ledger: what is claimed, where, and how it is tested
    Claims {
        /// One claim's id [default: all]
        id: Option<String>,
    },
}

#[derive(Debug, Args)]
struct OverrideArguments {
    /// Replicas for every N, instead of the config's
    #[arg(long, value_name = "R", value_parser = clap::value_parser!(u64).range(2..=1 << 53))]
    replicas: Option<u64>,
    /// Seed, instead of the config's
    #[arg(long, value_name = "S", value_parser = clap::value_parser!(u64).range(0..=i64::MAX as u64))]
    seed: Option<u64>,
    /// Threads [default: one per processor]
    #[arg(long, value_name = "T", value_parser = threads)]
    threads: Option<usize>,
}

/// A number of threads that a machine can start.
fn threads(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number @ 1..=1024) => Ok(number),
        _ => Err("write a whole number from 1 to 1024".to_string()),
    }
}

impl OverrideArguments {
    fn overrides(&self) -> Overrides {
        Overrides {
            replicas: self.replicas,
            seed: self.seed,
            threads: self.threads,
        }
    }
}

fn execute(command: &Command) -> Result<Exit, CommandError> {
    Instructions::wanted().map_err(|error| CommandError::Argument(error.to_string()))?;
    match command {
        Command::Run {
            config,
            out,
            force,
            overrides,
        } => run::run(config, out.as_deref(), *force, overrides.overrides()),
        Command::Check {
            configs,
            format,
            adaptive,
            overrides,
        } => {
            let sampling = if *adaptive {
                Sampling::Adaptive
            } else {
                Sampling::Full
            };
            check::check(configs, *format, sampling, overrides.overrides())
        }
        Command::Plan { config, overrides } => plan::run(config, overrides.overrides()),
        Command::Figure {
            name,
            list,
            redraw,
            out,
            force,
            experiments,
            threads,
        } => match name {
            Some(name) if !list => {
                let overrides = Overrides {
                    threads: *threads,
                    ..Overrides::default()
                };
                let places = Places {
                    experiments,
                    out,
                    force: *force,
                };
                figure::figure(name, *redraw, &places, overrides)
            }
            _ => figure::list(),
        },
        Command::Claims { id } => claims::claims(id.as_deref()),
    }
}

/// Parse the command line, do what it says, and give the exit code.
///
/// Bad arguments end the process with code 2, `--help` and `--version` with 0.
pub fn main() -> std::process::ExitCode {
    let cli = Cli::parse();
    let exit = execute(&cli.command).unwrap_or_else(|error| {
        // Nobody may be listening any more: that is no reason to panic.
        let _ = writeln!(std::io::stderr(), "error: {error}");
        error.exit()
    });
    std::process::ExitCode::from(exit as u8)
}
