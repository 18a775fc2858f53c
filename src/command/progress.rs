//! The progress of a run, on standard error: a bar on a terminal, elsewhere a line a minute.

use crate::experiment::Experiment;
use crate::text::quote::printable;
use crate::verify::Step;
use crate::verify::plan::{work_of_brackets, work_of_simulation};
use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use std::fmt;
use std::io::Write;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Length of the bar in units of its own.
const UNITS: f64 = 1000.0;
/// The time after which the bar is drawn anew while nothing is counted.
const TICK: Duration = Duration::from_millis(500);
/// The least time between two lines.
const MINUTE: Duration = Duration::from_secs(60);

/// The time at which this process wrote its last line about progress, or made its first run; so runs that
/// follow each other write no more lines than one long run.
static LAST_LINE: Mutex<Option<Instant>> = Mutex::new(None);

/// The work for one N, in units of a collision.
#[derive(Debug)]
struct Size {
    particles: usize,
    /// Replicas of all repetitions, and twice as many if each goes on into the steady state.
    replicas: u64,
    simulation: f64,
    brackets: f64,
}

/// The progress of a run.
#[derive(Debug)]
struct State {
    sizes: Vec<Size>,
    /// The entry of the sweep that is worked on.
    at: usize,
    /// Its replicas that are done.
    done: u64,
    /// Whether its verdicts are made.
    is_judging: bool,
    /// The work of all entries before it.
    finished: f64,
    start: Instant,
    /// The time at which the last replicas were done.
    last: Instant,
}

impl State {
    fn new(experiment: &Experiment, start: Instant) -> Self {
        let times = experiment.repetitions() * experiment.passes();
        let size = |(index, &(particles, replicas)): (usize, &(usize, u64))| {
            let replicas = replicas.saturating_mul(times);
            Size {
                particles,
                replicas,
                simulation: work_of_simulation(experiment, index) * replicas as f64,
                brackets: work_of_brackets(experiment, index),
            }
        };
        State {
            sizes: experiment.sweep.iter().enumerate().map(size).collect(),
            at: 0,
            done: 0,
            is_judging: false,
            finished: 0.0,
            start,
            last: start,
        }
    }

    fn step(&mut self, step: Step, now: Instant) {
        self.is_judging = step == Step::Judging;
        if let Step::Replicas(done) = step {
            self.done += done;
            self.last = now;
        }
    }

    fn next_size(&mut self, now: Instant) {
        let size = self.sizes.get(self.at);
        self.finished += size.map_or(0.0, |size| size.simulation + size.brackets);
        self.at += 1;
        self.done = 0;
        self.is_judging = false;
        self.last = now;
    }

    /// The share of the work that is done.
    fn share(&self) -> f64 {
        let all = self
            .sizes
            .iter()
            .map(|size| size.simulation + size.brackets);
        let here = self.sizes.get(self.at).map_or(0.0, |size| {
            size.simulation * (self.done as f64 / size.replicas as f64).min(1.0)
        });
        ((self.finished + here) / all.sum::<f64>()).min(1.0)
    }

    /// The time that is left if the rest goes on like what was done; `None` where that is not known
    /// or less than a second.
    fn left(&self, now: Instant) -> Option<Duration> {
        let needed = (self.last - self.start).as_secs_f64() / self.share();
        let left = Duration::try_from_secs_f64(needed - (now - self.start).as_secs_f64()).ok()?;
        (left >= Duration::from_secs(1)).then_some(left)
    }

    /// The share, what is being done, and the time left.
    fn words(&self, now: Instant) -> String {
        let percent = (100.0 * self.share()).floor();
        let Some(size) = self.sizes.get(self.at) else {
            return format!("{percent} %");
        };
        let doing = match size.brackets > 0.0 {
            _ if !self.is_judging => "",
            true => "brackets and verdicts of ",
            false => "verdicts of ",
        };
        let left = (self.left(now)).map_or_else(String::new, |left| {
            format!(", {} left", HumanDuration(left))
        });
        format!("{percent} %, {doing}N = {}{left}", size.particles)
    }
}

/// A state that threads share.
type Shared = Arc<Mutex<State>>;

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Shows how far an experiment is.
pub struct Progress {
    state: Shared,
    view: View,
}

enum View {
    Bar(ProgressBar),
    Lines(Lines),
    Hidden,
}

impl Progress {
    /// A bar where standard error is a terminal that can move its cursor, else a line a minute.
    pub fn new(experiment: &Experiment) -> Self {
        let mut progress = Progress::hidden(experiment);
        let target = ProgressDrawTarget::stderr();
        progress.view = match target.is_hidden() {
            true => {
                let name = printable(&experiment.name);
                let say = move |words| say(&format!("{name}: {words}"));
                View::Lines(Lines::start(MINUTE, progress.state.clone(), say))
            }
            false => View::Bar(bar(target, experiment, progress.state.clone())),
        };
        progress
    }

    /// Nothing is shown but warnings.
    pub fn hidden(experiment: &Experiment) -> Self {
        let state = State::new(experiment, Instant::now());
        Progress {
            state: Arc::new(Mutex::new(state)),
            view: View::Hidden,
        }
    }

    /// The run got on.
    pub fn step(&self, step: Step) {
        self.change(|state, now| state.step(step, now));
    }

    /// All is done for the N that was worked on.
    pub fn next_size(&self) {
        self.change(State::next_size);
    }

    fn change(&self, change: impl FnOnce(&mut State, Instant)) {
        let mut state = locked(&self.state);
        change(&mut state, Instant::now());
        let position = (UNITS * state.share()) as u64;
        // The bar locks the state when it is drawn.
        drop(state);
        if let View::Bar(bar) = &self.view {
            bar.set_position(position);
        }
    }

    /// Say something on a line of its own.
    pub fn warn(&self, text: &str) {
        match &self.view {
            View::Bar(bar) => bar.suspend(|| say(text)),
            View::Lines(_) | View::Hidden => say(text),
        }
    }

    /// The run has ended: leave nothing behind.
    pub fn finish(self) {
        match self.view {
            View::Bar(bar) => bar.finish_and_clear(),
            View::Lines(lines) => lines.stop(),
            View::Hidden => {}
        }
    }
}

/// Write a line to standard error; nobody may be listening any more.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

fn bar(target: ProgressDrawTarget, experiment: &Experiment, state: Shared) -> ProgressBar {
    let words = move |_: &ProgressState, out: &mut dyn fmt::Write| {
        let words = locked(&state).words(Instant::now());
        let _ = out.write_str(&words);
    };
    let style = ProgressStyle::with_template("{msg} [{bar:20}] {words}")
        .expect("the template is well-formed")
        .with_key("words", words)
        .progress_chars("=> ");
    let bar = ProgressBar::with_draw_target(Some(UNITS as u64), target)
        .with_style(style)
        .with_message(printable(&experiment.name));
    bar.enable_steady_tick(TICK);
    bar
}

/// A thread that says from time to time how far a run is.
struct Lines {
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

impl Lines {
    /// Say it with `say`, and never sooner than `pause` after the last line.
    fn start(pause: Duration, state: Shared, say: impl Fn(String) + Send + 'static) -> Self {
        let (stop, stopped) = channel();
        locked(&LAST_LINE).get_or_insert_with(Instant::now);
        let speak = move || {
            loop {
                let last = locked(&LAST_LINE).unwrap_or_else(Instant::now);
                let wait = (last + pause).saturating_duration_since(Instant::now());
                match stopped.recv_timeout(wait) {
                    Err(RecvTimeoutError::Timeout) => {}
                    _ => return,
                }
                say(locked(&state).words(Instant::now()));
                *locked(&LAST_LINE) = Some(Instant::now());
            }
        };
        Lines {
            stop,
            thread: std::thread::spawn(speak),
        }
    }

    fn stop(self) {
        drop(self.stop);
        // It only panics if standard error does, and then nothing can be said.
        let _ = self.thread.join();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load;
    use std::path::Path;

    /// The committed experiment of that name.
    fn committed(name: &str) -> Experiment {
        let path = format!("experiments/{name}.toml");
        load(Path::new(&path)).unwrap().experiment
    }

    /// A state after so many seconds, with what happened in them.
    fn after(experiment: &Experiment, seconds: f64, steps: &[Step]) -> (State, Instant) {
        let start = Instant::now();
        let now = start + Duration::from_secs_f64(seconds);
        let mut state = State::new(experiment, start);
        for &step in steps {
            state.step(step, now);
        }
        (state, now)
    }

    #[test]
    fn simulated_replicas_with_brackets_to_come_are_not_all_of_the_run() {
        let mut experiment = committed("bracket-a");
        experiment.sweep.truncate(1);
        let (particles, replicas) = experiment.sweep[0];
        let all = Step::Replicas(replicas);
        let (mut state, now) = after(&experiment, 100.0, &[all, Step::Judging]);
        assert!(
            state.share() > 0.05 && state.share() < 0.95,
            "{}",
            state.share()
        );
        let said = state.words(now);
        let doing = format!(" %, brackets and verdicts of N = {particles}, ");
        assert!(said.contains(&doing) && said.ends_with(" left"), "{said}");
        // Later than foreseen, no time is said rather than none at all.
        let late = now + Duration::from_secs(100_000);
        assert!(!state.words(late).contains("left"), "{}", state.words(late));
        state.next_size(now);
        assert_eq!(state.words(now), "100 %");
    }

    #[test]
    fn the_time_left_is_in_proportion_to_the_work() {
        let mut experiment = committed("scaling");
        experiment.wasserstein = None;
        let work = |index: usize| {
            work_of_simulation(&experiment, index) * experiment.sweep[index].1 as f64
        };
        let all: f64 = (0..experiment.sweep.len()).map(work).sum();
        let (mut state, now) = after(&experiment, 10.0, &[]);
        assert_eq!(
            state.words(now),
            format!("0 %, N = {}", experiment.sweep[0].0)
        );
        state.next_size(now);
        let (particles, replicas) = experiment.sweep[1];
        state.step(Step::Replicas(replicas / 2), now);
        let share = (work(0) + 0.5 * work(1)) / all;
        assert!(
            (state.share() - share).abs() < 1e-3,
            "{} {share}",
            state.share()
        );
        let left = HumanDuration(Duration::from_secs_f64(10.0 / state.share() - 10.0));
        let percent = (100.0 * share).floor();
        assert_eq!(
            state.words(now),
            format!("{percent} %, N = {particles}, {left} left")
        );
    }

    #[test]
    fn verdicts_without_brackets_are_named() {
        let mut experiment = committed("clock-theorem6");
        experiment.wasserstein = None;
        let (particles, replicas) = experiment.sweep[0];
        let steps = [Step::Replicas(replicas), Step::Judging];
        let (mut state, now) = after(&experiment, 10.0, &steps);
        let said = state.words(now);
        assert!(
            said.contains(&format!(" %, verdicts of N = {particles}")),
            "{said}"
        );
        // A look that did not decide is followed by more replicas.
        state.step(Step::Replicas(1), now);
        assert!(
            !state.words(now).contains("verdicts"),
            "{}",
            state.words(now)
        );
    }

    #[test]
    fn away_from_a_terminal_lines_come_until_the_run_ends() {
        let experiment = committed("clock-theorem6");
        let (state, _) = after(&experiment, 0.0, &[]);
        let (sender, receiver) = channel();
        let say = move |words| sender.send(words).expect("the test listens");
        let state = Arc::new(Mutex::new(state));
        let lines = Lines::start(Duration::from_millis(1), state, say);
        for _ in 0..2 {
            let line = receiver.recv().expect("a line");
            assert_eq!(line, format!("0 %, N = {}", experiment.sweep[0].0));
        }
        lines.stop();
        while receiver.try_recv().is_ok() {}
        assert!(receiver.recv().is_err(), "the thread has ended");
    }
}
