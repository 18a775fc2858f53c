//! Nanoseconds per collision of two coupled copies, by number of particles.
//!
//! `cargo bench --bench engine`; the column `items/s` is collisions per second.

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use kac_coupling::coupling::{Collision, Coupling, Synchronous};
use kac_coupling::law::{Law, Normal, NormalMixture};
use kac_coupling::model::Rates;
use kac_coupling::random::{LANES, Lanes, Purpose, ReplicaKey};
use kac_coupling::simulate::block::{BlockPath, ask_for_large_pages};
use kac_coupling::simulate::initial::InitialPairs;
use kac_coupling::simulate::plain::{PlainPath, PoissonPoints};
use kac_coupling::simulate::{Gas, Path};
use kac_coupling::slot::Slot;
use kac_coupling::theory::pairing::Pairing;
use kac_coupling::vector::Instructions;
use std::hint::select_unpredictable;
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
fn bench<P: Path>(bencher: Bencher, gas: &Gas, path: &mut P) {
    let particles = gas.particles as f64;
    // At least ten replicas of up to t = 5 where N is small; a stretch of one
    // where it is large.
    let end = (2e6 / (2.0 * particles)).min(5.0);
    let replicas = (2e6 / (2.0 * particles * end)).max(1.0) as u64;
    let initial = initial();
    let instructions = path.instructions();
    bencher
        .counter(ItemsCount::new(
            (2.0 * particles * end * replicas as f64) as u64,
        ))
        .bench_local(|| {
            for replica in 0..replicas {
                let key = ReplicaKey::new(1, gas.particles as u64, replica, 0);
                let slots = path.restart(key, &[gas.place(end)]);
                initial.fill(instructions, key, slots);
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

/// Collisions that are applied one after the other.
const COLLISIONS: usize = 512;

/// Collisions whose marks are there already, with a slot for each bath particle.
struct Drawn {
    collisions: Vec<Collision>,
    bath: Vec<Slot>,
}

impl Drawn {
    /// Some of those that drive a gas.
    fn new(points: &mut PoissonPoints, gas: &Gas) -> Self {
        let end = gas.place(1e9);
        let next = || points.next_before(end).map(|(_, collision)| collision);
        let mut collisions: Vec<Collision> = std::iter::from_fn(next).take(COLLISIONS).collect();
        let bath_slot = gas.particles as u32;
        let bath = |collision: &Collision| Synchronous.bath_slot(collision.bath_velocity);
        let bath = collisions.iter().map(bath).collect();
        for (index, collision) in (0..).zip(&mut collisions) {
            if collision.partner == bath_slot {
                collision.partner = bath_slot + index;
            }
        }
        Drawn { collisions, bath }
    }
}

/// Rotate both copies of the two that collide.
#[inline(always)]
fn collide(slots: &mut [Slot], collision: Collision) {
    let Collision { cos, sin, .. } = collision;
    let (one, other) = (collision.particle as usize, collision.partner as usize);
    let (after_one, after_other) = Synchronous.collide(cos, sin, slots[one], slots[other]);
    slots[one] = after_one;
    slots[other] = after_other;
}

/// What is left of the engine without all that makes marks of words: its raw words, two a
/// collision and one for each with the bath, which half of them are; and the application of
/// collisions whose marks are there already. Where the particles do not fit the caches, who
/// collides is read off the words, as marks made beforehand would have to come from memory
/// too; the particles are in large pages and fetched ahead, as the engine's are.
#[divan::bench(args = SIZES, sample_count = 50)]
fn floor(bencher: Bencher, particles: usize) {
    const ROUNDS: usize = 2000;
    const AHEAD: usize = 40;
    let instructions = Instructions::best();
    let large = particles > 100_000;
    let gas = gas(particles);
    let mut points = PoissonPoints::new(&gas, ReplicaKey::new(1, 8, 0, 0));
    let drawn: Vec<Drawn> = (0..100).map(|_| Drawn::new(&mut points, &gas)).collect();
    let start = [1.0, 0.5];
    // Who collides now and in the next round.
    let (mut now, mut later) = ([[0, 1]; COLLISIONS], [[0, 1]; COLLISIONS]);
    let mut slots = vec![[0.0; 2]; particles + COLLISIONS];
    ask_for_large_pages(&mut slots);
    slots.fill(start);
    let key = ReplicaKey::new(1, 2, 3, 4);
    let mut lanes = Lanes::new(instructions, key, Purpose::Collisions, 0);
    let mut words = [[0; LANES]; 5 * COLLISIONS / 2 / LANES];
    bencher
        .counter(ItemsCount::new(COLLISIONS * ROUNDS))
        .bench_local(|| {
            for round in 0..ROUNDS {
                if round % 10 == 0 && particles < 2000 {
                    // Else Δ, which the bath contracts, would become subnormal.
                    slots.fill(start);
                }
                let Drawn { collisions, bath } = &drawn[round % 100];
                // In small parts: copies of many bytes at once start slowly.
                let parts = slots[particles..].chunks_mut(32).zip(bath.chunks(32));
                parts.for_each(|(slots, bath)| slots.copy_from_slice(bath));
                lanes.fill(instructions, &mut words);
                if !large {
                    black_box(&words);
                    for &collision in collisions {
                        collide(&mut slots, collision);
                    }
                    continue;
                }
                let next = &drawn[(round + 1) % 100].collisions;
                let pairs = words.as_flattened().as_chunks::<2>().0;
                for ((who, &[one, other]), next) in later.iter_mut().zip(pairs).zip(next) {
                    let index = |word: u64| (((word >> 32) * particles as u64) >> 32) as u32;
                    let with_bath = next.partner >= particles as u32;
                    let partner = select_unpredictable(with_bath, next.partner, index(other));
                    *who = [index(one), partner];
                }
                for (at, &collision) in collisions.iter().enumerate() {
                    let ahead = now
                        .get(at + AHEAD)
                        .unwrap_or_else(|| &later[at + AHEAD - COLLISIONS]);
                    for &index in ahead {
                        fetch(&slots, index);
                    }
                    let [particle, partner] = now[at];
                    let collision = Collision {
                        particle,
                        partner,
                        ..collision
                    };
                    collide(&mut slots, collision);
                }
                std::mem::swap(&mut now, &mut later);
            }
            black_box(&slots);
        });
}

/// Ask for a slot's cache line.
fn fetch(slots: &[Slot], index: u32) {
    #[cfg(target_arch = "x86_64")]
    if let Some(slot) = slots.get(index as usize) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a prefetch of a valid address only warms a cache.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(slot).cast()) };
    }
}

#[divan::bench(args = SIZES, sample_count = 5)]
fn plain(bencher: Bencher, particles: usize) {
    let gas = gas(particles);
    let mut path = PlainPath::new(&gas, Synchronous);
    bench(bencher, &gas, &mut path);
}
