//! Nanoseconds per velocity of the brackets of W₂, by what they are made of.
//!
//! `cargo bench --bench bracket`

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use kac_coupling::bracket::{Known, Velocities, first_marginals, joint_laws};
use kac_coupling::config::load;
use kac_coupling::measure::{Engine, Job};
use std::path::Path;

fn main() {
    divan::main();
}

/// N of experiment `bracket-a`, each with about as many velocities of each copy.
const SIZES: [usize; 3] = [8, 50, 3000];
const VELOCITIES: usize = 200_000;
/// The last record time.
const AT: usize = 3;

/// Both copies' velocities and what is known of them.
fn velocities(particles: usize) -> ([Vec<f64>; 2], Known) {
    let path = Path::new("experiments/bracket-a.toml");
    let mut experiment = load(path).expect("a valid experiment").experiment;
    experiment.sweep = vec![(particles, (VELOCITIES / particles) as u64)];
    let theory = experiment.theory(particles);
    let job = Job::new(&experiment, 0, &theory);
    let kept = job
        .single_threaded(1)
        .run(Engine::Block, &|_| ())
        .pairs
        .kept
        .swap_remove(AT);
    let time = experiment.times()[experiment.wasserstein_indices()[AT]];
    (
        [kept.first, kept.second],
        Known::at(&theory, time, experiment.sweep[0].1),
    )
}

fn bracket<T>(bencher: Bencher, particles: usize, of: fn(&Velocities, &Known, f64) -> T) {
    let ([first, second], known) = velocities(particles);
    let velocities = Velocities::new(particles, &first, &second);
    bencher
        .counter(ItemsCount::new(first.len()))
        .bench_local(|| black_box(of(black_box(&velocities), &known, 0.95)));
}

#[divan::bench(args = SIZES)]
fn of_first_marginals(bencher: Bencher, particles: usize) {
    bracket(bencher, particles, first_marginals);
}

#[divan::bench(args = SIZES)]
fn of_joint_laws(bencher: Bencher, particles: usize) {
    bracket(bencher, particles, joint_laws);
}
