//! When a run is interrupted, a message says which of its files have been kept.

use std::sync::{Mutex, PoisonError};

/// The message about what has been kept so far. A signal waits for this lock, so code that holds it
/// is not interrupted.
static KEPT: Mutex<String> = Mutex::new(String::new());

/// Say from now on what has been kept when a signal (Ctrl-C, SIGTERM, SIGHUP) ends the process.
///
/// # Errors
///
/// If the system does not let signals be caught.
#[cfg(unix)]
pub(super) fn watch() -> std::io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let mut signals = signal_hook::iterator::Signals::new([SIGHUP, SIGINT, SIGTERM])?;
    std::thread::spawn(move || {
        for signal in signals.forever() {
            let kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
            eprintln!("\ninterrupted: {kept}");
            // The caller sees that the process was ended by this signal.
            let _ = signal_hook::low_level::emulate_default_handler(signal);
        }
    });
    Ok(())
}

/// Signals are left to the system where it has others.
#[cfg(not(unix))]
pub(super) fn watch() -> std::io::Result<()> {
    Ok(())
}

/// Say what has been kept from now on.
pub(super) fn kept(words: String) {
    *KEPT.lock().unwrap_or_else(PoisonError::into_inner) = words;
}

/// Do something that no signal interrupts, and say what has been kept after it.
pub(super) fn uninterrupted<T>(work: impl FnOnce() -> T, words: String) -> T {
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    let done = work();
    *kept = words;
    done
}
