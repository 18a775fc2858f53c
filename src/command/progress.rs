//! A progress bar on standard error, on terminals only.

use crate::experiment::Experiment;
use crate::quote::printable;
use indicatif::{ProgressBar, ProgressStyle};

/// Shows how many of an experiment's replicas are done.
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// A bar over all replicas of an experiment.
    pub fn new(experiment: &Experiment) -> Self {
        let replicas: u64 = experiment.sweep.iter().map(|(_, replicas)| replicas).sum();
        let style =
            ProgressStyle::with_template("{msg} [{bar:40}] {percent}% of the replicas, {eta} left")
                .expect("the template is well-formed")
                .progress_chars("=> ");
        // Hidden by itself where standard error is no terminal.
        let bar = ProgressBar::new(
            replicas.saturating_mul(experiment.repetitions() * experiment.passes()),
        )
        .with_style(style);
        bar.set_message(printable(&experiment.name));
        Progress { bar }
    }

    /// More replicas are done.
    pub fn add(&self, replicas: u64) {
        self.bar.inc(replicas);
    }

    /// Say something on a line of its own.
    pub fn warn(&self, text: &str) {
        self.bar.suspend(|| eprintln!("{text}"));
    }

    /// All are done: leave nothing behind.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
