//! Nanoseconds per particle of everything around the collisions: initial data,
//! records, W₂.
//!
//! `cargo bench --bench records`

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use kac_coupling::law::{Law, Normal, Uniform};
use kac_coupling::model::Rates;
use kac_coupling::model::coupling::Synchronous;
use kac_coupling::numerics::vector::Instructions;
use kac_coupling::numerics::wasserstein::{Sample, squared_distance};
use kac_coupling::random::ReplicaKey;
use kac_coupling::simulate::Gas;
use kac_coupling::simulate::block::BlockPath;
use kac_coupling::simulate::initial::InitialPairs;
use kac_coupling::simulate::pair::{CoupledPair, SameCollisions};
use kac_coupling::theory::pairing::Pairing;
use std::sync::Arc;

fn main() {
    divan::main();
}

const SIZES: [usize; 4] = [8, 128, 1000, 10_000];

fn normal(sd: f64) -> Law {
    Law::Normal(Normal::new(0.0, sd).expect("a valid law"))
}

fn comonotone() -> InitialPairs {
    let uniform = Law::Uniform(Uniform::new(-3.0, 5.0).expect("a valid law"));
    InitialPairs::new(&normal(1.0), &uniform, Pairing::Optimal)
}

fn pair(particles: usize) -> impl CoupledPair {
    let rates = Rates {
        pair: 2.0,
        bath: 1.0,
    };
    let gas = Arc::new(Gas::new(particles, rates, &normal(1.0)));
    let path = BlockPath::new(&gas, Synchronous);
    let mut pair = SameCollisions::new(&gas, &Arc::new(comonotone()), path);
    pair.restart(1, 0, &[gas.place(0.0)]);
    pair
}

#[divan::bench(args = SIZES)]
fn record(bencher: Bencher, particles: usize) {
    let pair = pair(particles);
    bencher
        .counter(ItemsCount::new(particles))
        .bench_local(|| black_box(black_box(&pair).sums()));
}

fn initial(bencher: Bencher, particles: usize, pairs: &InitialPairs) {
    let mut slots = vec![[0.0; 2]; particles + 1];
    let mut replica = 0;
    bencher.counter(ItemsCount::new(particles)).bench_local(|| {
        replica += 1;
        let key = ReplicaKey::new(1, 2, replica, 0);
        pairs.fill(Instructions::best(), key, &mut slots);
        black_box(&slots);
    });
}

#[divan::bench(args = SIZES)]
fn initial_normal(bencher: Bencher, particles: usize) {
    let pairs = InitialPairs::new(&normal(1.0), &normal(2.0), Pairing::Optimal);
    initial(bencher, particles, &pairs);
}

#[divan::bench(args = SIZES)]
fn initial_quantiles(bencher: Bencher, particles: usize) {
    initial(bencher, particles, &comonotone());
}

#[divan::bench(args = [2000, 20_000, 200_000])]
fn wasserstein(bencher: Bencher, size: usize) {
    let mut slots = vec![[0.0; 2]; size + 1];
    let key = ReplicaKey::new(1, 2, 3, 4);
    comonotone().fill(Instructions::best(), key, &mut slots);
    let first: Vec<f64> = slots[..size].iter().map(|slot| slot[0]).collect();
    let second: Vec<f64> = slots[..size].iter().map(|slot| slot[0] - slot[1]).collect();
    let (mut x, mut y) = (Sample::with_capacity(size), Sample::with_capacity(size));
    bencher.counter(ItemsCount::new(2 * size)).bench_local(|| {
        x.clear();
        y.clear();
        x.extend(&first);
        y.extend(&second);
        black_box(squared_distance(&mut x, &mut y))
    });
}
