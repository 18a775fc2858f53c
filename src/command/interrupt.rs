//! When a run is interrupted, a message says which of its files have been kept.

use std::sync::{Mutex, PoisonError};

/// The messages about files that have been kept.
#[derive(Debug, Default)]
struct Kept {
    /// A sentence for each run that is finished.
    finished: Vec<String>,
    /// The sentence about the run that is worked on.
    current: String,
}

/// The messages of this process. A signal waits for this lock, so code that holds it is not interrupted.
static KEPT: Mutex<Kept> = Mutex::new(Kept {
    finished: vec![],
    current: String::new(),
});

/// Say from now on what has been kept when a signal (Ctrl-C, SIGTERM, SIGHUP) ends the process.
/// Signals that the process was started to ignore, as by `nohup`, stay ignored.
///
/// # Errors
///
/// If the system does not let signals be caught.
#[cfg(unix)]
pub(super) fn watch() -> std::io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use std::io::Write;
    let ignored = ignored_signals();
    let watched = [SIGHUP, SIGINT, SIGTERM].into_iter();
    let watched = watched.filter(|signal| ignored >> (signal - 1) & 1 == 0);
    let mut signals = signal_hook::iterator::Signals::new(watched)?;
    std::thread::spawn(move || {
        for signal in signals.forever() {
            let kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
            let sentences = kept.finished.iter().chain([&kept.current]);
            let sentences: Vec<&str> = sentences
                .map(String::as_str)
                .filter(|said| !said.is_empty())
                .collect();
            // Nobody may be listening any more.
            let _ = writeln!(std::io::stderr(), "\ninterrupted: {}", sentences.join("; "));
            // The caller sees that the process was ended by this signal.
            let _ = signal_hook::low_level::emulate_default_handler(signal);
        }
    });
    Ok(())
}

/// The signals that this process ignores, a bit each from that of signal 1 on; none where the system does not
/// tell.
#[cfg(unix)]
fn ignored_signals() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0)
}

/// Signals are left to the system where it has others.
#[cfg(not(unix))]
pub(super) fn watch() -> std::io::Result<()> {
    Ok(())
}

/// Say from now on what has been kept of the run that is worked on.
pub(super) fn kept(words: String) {
    KEPT.lock().unwrap_or_else(PoisonError::into_inner).current = words;
}

/// Finish a run, which no signal interrupts, and if that succeeds say so from then on.
pub(super) fn uninterrupted<T, E>(
    finish: impl FnOnce() -> Result<T, E>,
    words: String,
) -> Result<T, E> {
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    let done = finish();
    if done.is_ok() {
        kept.current.clear();
        kept.finished.push(words);
    }
    done
}
