//! Nanoseconds per word, collision or bath velocity of each stage of the block
//! engine that draws, by instruction set; and of whole jobs, records and tallies
//! included.
//!
//! `cargo bench --bench stages`

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use kac_coupling::experiment::Experiment;
use kac_coupling::law::joint::Joint;
use kac_coupling::law::{Law, Normal, NormalMixture};
use kac_coupling::measure::{Engine, Job};
use kac_coupling::model::coupling::{CouplingKind, Rematch};
use kac_coupling::model::{Clock, Rates};
use kac_coupling::numerics::vector::Instructions;
use kac_coupling::random::{LANES, Lanes, Purpose, ReplicaKey, Row};
use kac_coupling::simulate::bath::BathVelocities;
use kac_coupling::simulate::block::draw_directions;
use kac_coupling::simulate::marks::{self, MarkLaw};
use kac_coupling::simulate::meetings::Meetings;
use kac_coupling::theory::pairing::Pairing;

fn main() {
    divan::main();
}

const LEVELS: [&str; 3] = ["sse2", "avx2", "avx512"];
/// Groups that are drawn together.
const GROUPS: usize = 32;

fn instructions(name: &str) -> Option<Instructions> {
    let mut available = Instructions::available().into_iter();
    available.find(|found| found.name() == name)
}

fn two_temperatures() -> Law {
    let law = NormalMixture::new(vec![0.5, 0.5], vec![0.0, 0.0], vec![0.5, 1.5]);
    Law::NormalMixture(law.expect("a valid law"))
}

/// Words for `rows` rows of each of the groups.
fn words<const ROWS: usize>() -> [[Row; ROWS]; GROUPS] {
    let key = ReplicaKey::new(1, 2, 3, 4);
    let mut lanes = Lanes::new(Instructions::best(), key, Purpose::Collisions, 0);
    let mut words = [[[0; LANES]; ROWS]; GROUPS];
    lanes.fill(Instructions::best(), words.as_flattened_mut());
    words
}

/// Time a stage; it is given the instructions and draws `items`.
fn bench(bencher: Bencher, level: &str, items: usize, mut stage: impl FnMut(Instructions)) {
    if let Some(instructions) = instructions(level) {
        bencher
            .counter(ItemsCount::new(items))
            .bench_local(|| stage(instructions));
    }
}

#[divan::bench(args = LEVELS)]
fn raw_words(bencher: Bencher, level: &str) {
    let key = ReplicaKey::new(1, 2, 3, 4);
    let mut lanes = Lanes::new(Instructions::best(), key, Purpose::Collisions, 0);
    let mut rows = [[0; LANES]; GROUPS * marks::ROWS_PER_GROUP];
    bench(bencher, level, rows.len() * LANES, |instructions| {
        lanes.fill(instructions, &mut rows);
        black_box(&rows);
    });
}

#[divan::bench(args = LEVELS)]
fn particles(bencher: Bencher, level: &str) {
    let rates = Rates {
        pair: 2.0,
        bath: 1.0,
    };
    let law = MarkLaw::new(1000, rates);
    let words = words();
    let mut meetings = Meetings::<GROUPS>::default();
    let more = |_| || unreachable!("these words decide");
    bench(bencher, level, GROUPS * LANES, |instructions| {
        let met = meetings.draw(instructions, law, black_box(&words), more, 0);
        black_box((&mut meetings, met));
    });
}

#[divan::bench(args = LEVELS)]
fn directions(bencher: Bencher, level: &str) {
    let words = words();
    let mut directions = [[[0.0; LANES]; GROUPS]; 2];
    bench(bencher, level, GROUPS * LANES, |instructions| {
        let [cos, sin] = &mut directions;
        draw_directions(instructions, black_box(&words), cos, sin);
        black_box(&directions);
    });
}

#[divan::bench(args = LEVELS)]
fn bath_velocities(bencher: Bencher, level: &str) {
    let bath = BathVelocities::new(&two_temperatures());
    let words = words::<1>();
    let mut velocities = [[0.0; LANES]; GROUPS];
    bench(bencher, level, GROUPS * LANES, |instructions| {
        let more = |_| || unreachable!("half words decide");
        let words = black_box(words.as_flattened());
        bath.draw(instructions, words, more, &mut velocities);
        black_box(&velocities);
    });
}

/// A job on one thread, some two million collisions, with six record times or
/// forty-one: from initial data to tallies.
fn job(bencher: Bencher, particles: usize, points: usize) {
    let normal = |sd| Law::Normal(Normal::new(0.0, sd).expect("a valid law"));
    let collisions_of_a_replica = 10 * particles as u64;
    let replicas = 2_000_000u64.div_ceil(collisions_of_a_replica);
    let experiment = Experiment {
        name: "bench".to_string(),
        title: None,
        seed: 1,
        sweep: vec![(particles, replicas)],
        lambda: 1.0,
        mu: 1.0,
        clock: Clock::MasterEquation,
        coupling: CouplingKind::Synchronous,
        rematch: Rematch::Never,
        bath: two_temperatures(),
        first: normal(1.0),
        second: normal(2.0),
        joints: [Joint::Product; 2],
        pairing: Pairing::Optimal,
        end: 5.0,
        points,
        wasserstein: None,
        calibration: None,
        steady_state: None,
        checks: vec![],
    };
    let theory = experiment.theory(particles);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    let pool = pool.expect("a thread can be had");
    bencher
        .counter(ItemsCount::new(replicas * collisions_of_a_replica))
        .bench_local(|| {
            let job = Job::new(&experiment, 0, &theory);
            pool.install(|| black_box(job.run(Engine::Block, &|_| ())))
        });
}

#[divan::bench(args = [1, 8, 128, 1000, 10_000], sample_count = 10)]
fn job_with_6_records(bencher: Bencher, particles: usize) {
    job(bencher, particles, 6);
}

#[divan::bench(args = [1, 8, 128, 1000, 10_000], sample_count = 10)]
fn job_with_41_records(bencher: Bencher, particles: usize) {
    job(bencher, particles, 41);
}
