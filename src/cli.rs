//! The command line.

use crate::command::check::{Format, Report};
use crate::command::figure::Places;
use crate::command::format::are_colours_forbidden;
use crate::command::threads::number_of_threads;
use crate::command::{CommandError, Exit, Overrides, check, claims, figure, plan, run};
use crate::experiment::MOST_REPLICAS;
use crate::numerics::vector::Instructions;
use crate::verify::Sampling;
use clap::{Args, ColorChoice, CommandFactory, FromArgMatches, Parser, Subcommand};
use std::ffi::OsString;
use std::io::Write;
use std::ops::RangeInclusive;
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
    /// Simulate configs and judge their checks
    Check {
        /// The TOML files, or folders of them: of a folder all that have checks are taken, by name;
        /// folders in it are not searched [default: experiments/]
        #[arg(value_name = "CONFIG|DIR")]
        configs: Vec<PathBuf>,
        /// The format of the report
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
        /// File for the report, which replaces an older one; the verdicts are printed as text
        /// besides
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Print nothing but errors
        #[arg(long)]
        quiet: bool,
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
        #[command(flatten)]
        threads: ThreadArguments,
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
    #[arg(long, value_name = "R", value_parser = replicas, allow_negative_numbers = true)]
    replicas: Option<u64>,
    /// Seed, instead of the config's
    #[arg(long, value_name = "S", value_parser = seed, allow_negative_numbers = true)]
    seed: Option<u64>,
    #[command(flatten)]
    threads: ThreadArguments,
}

#[derive(Debug, Args)]
struct ThreadArguments {
    /// Threads [default: the least of the processors that this process may use,
    /// SLURM_CPUS_PER_TASK and RAYON_NUM_THREADS]
    #[arg(long, value_name = "T", value_parser = threads, allow_negative_numbers = true)]
    threads: Option<usize>,
}

/// A whole number in a range; the message says what it is.
fn whole(what: &str, text: &str, range: RangeInclusive<u64>) -> Result<u64, String> {
    let number = text.parse().ok().filter(|number| range.contains(number));
    let (least, most) = range.into_inner();
    number.ok_or_else(|| format!("{what} is a whole number from {least} to {most}"))
}

fn replicas(text: &str) -> Result<u64, String> {
    whole("a number of replicas", text, 2..=MOST_REPLICAS)
}

fn seed(text: &str) -> Result<u64, String> {
    whole("a seed", text, 0..=i64::MAX as u64)
}

/// A number of threads that a machine can start.
fn threads(text: &str) -> Result<usize, String> {
    whole("a number of threads", text, 1..=1024).map(|number| number as usize)
}

impl OverrideArguments {
    fn overrides(&self) -> Result<Overrides, CommandError> {
        Ok(Overrides {
            replicas: self.replicas,
            seed: self.seed,
            ..self.threads.overrides()?
        })
    }
}

impl ThreadArguments {
    /// Nothing of a run is changed but its threads.
    fn overrides(&self) -> Result<Overrides, CommandError> {
        Ok(Overrides {
            replicas: None,
            seed: None,
            threads: number_of_threads(self.threads)?,
        })
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
        } => run::run(config, out.as_deref(), *force, overrides.overrides()?),
        Command::Check {
            configs,
            format,
            output,
            quiet,
            adaptive,
            overrides,
        } => {
            let sampling = if *adaptive {
                Sampling::Adaptive
            } else {
                Sampling::Full
            };
            let report = Report {
                format: *format,
                output: output.as_deref(),
                quiet: *quiet,
            };
            check::check(configs, report, sampling, overrides.overrides()?)
        }
        Command::Plan { config, overrides } => plan::run(config, overrides.overrides()?),
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
                let places = Places {
                    experiments,
                    out,
                    force: *force,
                };
                figure::figure(name, *redraw, &places, threads.overrides()?)
            }
            _ => figure::list(),
        },
        Command::Claims { id } => claims::claims(id.as_deref()),
    }
}

/// The arguments, without those that ask for help on help: `kac help --help` is `kac help`.
fn asked(mut arguments: Vec<OsString>) -> Vec<OsString> {
    if arguments.get(1).is_some_and(|command| command == "help") {
        arguments.retain(|argument| argument != "--help" && argument != "-h");
    }
    arguments
}

/// The command line, parsed. A wrong one ends the process with a message; that message and the
/// help have colours by the rule of the verdicts: clap alone would colour them on a terminal
/// without colours where the variable `CI` is set.
fn parsed(arguments: Vec<OsString>) -> Cli {
    let colours = match are_colours_forbidden() {
        true => ColorChoice::Never,
        false => ColorChoice::Auto,
    };
    let matches = Cli::command()
        .color(colours)
        .get_matches_from(asked(arguments));
    Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
}

/// Parse the command line, do what it says, and give the exit code.
///
/// Bad arguments end the process with code 2, `--help` and `--version` with 0.
pub fn main() -> std::process::ExitCode {
    let cli = parsed(std::env::args_os().collect());
    let exit = execute(&cli.command).unwrap_or_else(|error| {
        // Nobody may be listening any more: that is no reason to panic.
        let _ = writeln!(std::io::stderr(), "error: {error}");
        error.exit()
    });
    std::process::ExitCode::from(exit as u8)
}
