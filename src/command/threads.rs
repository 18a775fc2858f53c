//! The number of threads that a command works on.

use super::CommandError;
use std::num::NonZero;

/// The environment variables that can lower the number of threads.
const VARIABLES: [&str; 2] = ["SLURM_CPUS_PER_TASK", "RAYON_NUM_THREADS"];

/// The number of threads that `--threads` asks for; without it the least of the number of
/// processors that the system lets this process use and the numbers in the environment.
///
/// # Errors
///
/// If an environment variable that counts holds no number of threads.
pub fn number_of_threads(wanted: Option<usize>) -> Result<usize, CommandError> {
    if let Some(threads) = wanted {
        return Ok(threads);
    }
    let mut threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    for variable in VARIABLES {
        threads = threads.min(limit(variable)?.unwrap_or(threads));
    }
    Ok(threads)
}

/// The number in an environment variable; `None` if it is empty or not set.
fn limit(variable: &str) -> Result<Option<usize>, CommandError> {
    let Some(value) = std::env::var_os(variable).filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    let value = value.to_string_lossy();
    match value.parse() {
        Ok(number @ 1..) => Ok(Some(number)),
        _ => Err(CommandError::Argument(format!(
            "{variable} = {value:?} is no number of threads; set it to a whole number of at least \
             1, unset it, or choose with --threads"
        ))),
    }
}
