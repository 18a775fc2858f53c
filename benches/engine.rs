//! Nanoseconds per collision of two coupled copies, by number of particles.
//!
//! `cargo bench --bench engine`; the column `items/s` is collisions per second.

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use kac_coupling::coupling::{Collision, Synchronous, apply};
use kac_coupling::law::{Law, Normal, NormalMixture};
use kac_coupling::model::Rates;
use kac_coupling::random::{LANES, Lanes, Purpose, ReplicaKey};
use kac_coupling::simulate::block::BlockPath;
use kac_coupling::simulate::initial::InitialPairs;
use kac_coupling::simulate::plain::{PlainPath, PoissonPoints};
use kac_coupling::simulate::{Gas, Path};
use kac_coupling::theory::pairing::Pairing;
use kac_coupling::vector::Instructions;
use std::sync::Arc;

fn main() {
    divan::main();
}

const SIZES: [usize; 5] = [8, 128, 1000, 10_000, 1_000_000];
const RATES: Rates = Rates {
    pair: 2.0,
    bath: 1.0,
};

fn gas(particles: usize) -> Arc<Gas> {
    let bath =
        NormalMixture::new(vec![0.5, 0.5], vec![0.0, 0.0], vec![0.5, 1.5]).expect("a valid law");
    Arc::new(Gas::new(particles, RATES, &Law::NormalMixture(bath)))
}

fn initial() -> InitialPairs {
    let normal = |sd| Law::Normal(Normal::new(0.0, sd).expect("a valid law"));
    InitialPairs::new(&normal(1.0), &normal(2.0), Pairing::Optimal)
}

/// Run one replica after another for some two million collisions in all.
fn bench<P: Path<Synchronous>>(bencher: Bencher, gas: &Gas, path: &mut P) {
    let particles = gas.particles as f64;
    // At least ten replicas of up to t = 5 where N is small; a stretch of one
    // where it is large.
    let end = (2e6 / (2.0 * particles)).min(5.0);
    let replicas = (2e6 / (2.0 * particles * end)).max(1.0) as u64;
    let initial = initial();
    bencher
        .counter(ItemsCount::new(
            (2.0 * particles * end * replicas as f64) as u64,
        ))
        .bench_local(|| {
            for replica in 0..replicas {
                let key = ReplicaKey::new(1, gas.particles as u64, replica, 0);
                let slots = path.restart(key, &[gas.place(end)]);
                initial.fill(Synchronous, key, slots);
                path.advance();
                black_box(path.slots());
            }
        });
}

/// The block engine with the instructions of that name, if the machine has them.
fn block(bencher: Bencher, particles: usize, name: &str) {
    let available = Instructions::available();
    let Some(&instructions) = available.iter().find(|found| found.name() == name) else {
        return;
    };
    let gas = gas(particles);
    let mut path = BlockPath::with_instructions(&gas, Synchronous, instructions);
    bench(bencher, &gas, &mut path);
}

#[divan::bench(args = SIZES, sample_count = 20)]
fn block_avx512(bencher: Bencher, particles: usize) {
    block(bencher, particles, "avx512");
}

#[divan::bench(args = SIZES, sample_count = 20)]
fn block_avx2(bencher: Bencher, particles: usize) {
    block(bencher, particles, "avx2");
}

#[divan::bench(args = SIZES, sample_count = 20)]
fn block_sse2(bencher: Bencher, particles: usize) {
    block(bencher, particles, "sse2");
}

/// What no engine of this kind can beat: four raw words a collision, and the
/// application of collisions that are drawn already.
#[divan::bench(args = SIZES, sample_count = 20)]
fn floor(bencher: Bencher, particles: usize) {
    const COLLISIONS: usize = 512;
    const ROUNDS: usize = 2000;
    // Collisions that stay in a cache, unless the particles do not.
    let distinct = if particles > 100_000 { ROUNDS } else { 100 };
    let instructions = Instructions::best();
    let gas = gas(particles);
    let drawn: Vec<Collision> = (0..distinct as u64)
        .flat_map(|replica| {
            let mut points = PoissonPoints::new(&gas, ReplicaKey::new(1, 8, replica, 0));
            let end = gas.place(1e9);
            let next = move || points.next_before(end).map(|(_, collision)| collision);
            std::iter::from_fn(next).take(COLLISIONS)
        })
        .collect();
    let mut slots = vec![[1.0, 0.5]; particles + 1];
    let mut lanes = Lanes::new(
        instructions,
        ReplicaKey::new(1, 2, 3, 4),
        Purpose::Collisions,
        0,
    );
    let mut words = [[0; LANES]; 4 * COLLISIONS / LANES];
    bencher
        .counter(ItemsCount::new(COLLISIONS * ROUNDS))
        .bench_local(|| {
            for collisions in drawn.chunks_exact(COLLISIONS).cycle().take(ROUNDS) {
                lanes.fill(instructions, &mut words);
                black_box(&words);
                for &collision in collisions {
                    apply(Synchronous, &mut slots, collision);
                }
            }
            black_box(&slots);
        });
}

#[divan::bench(args = SIZES, sample_count = 5)]
fn plain(bencher: Bencher, particles: usize) {
    let gas = gas(particles);
    let mut path = PlainPath::new(&gas, Synchronous);
    bench(bencher, &gas, &mut path);
}
