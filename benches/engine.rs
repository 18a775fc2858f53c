//! Nanoseconds per collision of two coupled copies, by number of particles.
//!
//! `cargo bench --bench engine`; the column `items/s` is collisions per second.

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use kac_coupling::law::{Law, Normal, NormalMixture};
use kac_coupling::model::Rates;
use kac_coupling::model::coupling::{Collision, Coupling, Synchronous};
use kac_coupling::model::slot::Slot;
use kac_coupling::numerics::vector::Instructions;
use kac_coupling::random::{LANES, Lanes, Purpose, ReplicaKey};
use kac_coupling::simulate::block::{BlockPath, ask_for_large_pages};
use kac_coupling::simulate::initial::InitialPairs;
use kac_coupling::simulate::plain::{PlainPath, PoissonPoints};
use kac_coupling::simulate::{Gas, Path};
use kac_coupling::theory::pairing::Pairing;
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

/// Run one replica after another up to t = 5, for some two million collisions in all, or one
/// of more.
fn bench<P: Path>(bencher: Bencher, gas: &Gas, path: &mut P) {
    let particles = gas.particles as f64;
    let end = 5.0;
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
/// Rounds of them that are drawn beforehand: few enough to stay in a cache, as the marks of
/// an engine do.
const DRAWN: usize = 4;

/// Collisions whose marks are there already, with a slot for each bath particle.
struct Drawn {
    particles: Vec<u32>,
    partners: Vec<u32>,
    cos: Vec<f64>,
    sin: Vec<f64>,
    bath: Vec<Slot>,
}

impl Drawn {
    /// Some of those that drive a gas.
    fn new(points: &mut PoissonPoints, gas: &Gas) -> Self {
        let end = gas.place(1e9);
        let next = || points.next_before(end).map(|(_, collision)| collision);
        let collisions: Vec<Collision> = std::iter::from_fn(next).take(COLLISIONS).collect();
        let first_bath = gas.particles as u32;
        let mut bath = vec![];
        let mut partner = |collision: &Collision| {
            if collision.partner < first_bath {
                return collision.partner;
            }
            bath.push(Synchronous.bath_slot(collision.bath_velocity));
            first_bath + bath.len() as u32 - 1
        };
        let partners = collisions.iter().map(&mut partner).collect();
        let all = || collisions.iter();
        Drawn {
            particles: all().map(|collision| collision.particle).collect(),
            partners,
            cos: all().map(|collision| collision.cos).collect(),
            sin: all().map(|collision| collision.sin).collect(),
            bath,
        }
    }
}

/// Who collides in the large gas, in this round and in the next.
#[derive(Clone, Copy)]
struct Meetings<'a> {
    particles: &'a [u32],
    partners: &'a [u32],
    ahead: Option<[&'a [u32]; 2]>,
}

/// Rotate both copies of the two that collide, one collision after the other; with
/// `ahead` particles are fetched before.
///
/// # Safety
///
/// All particles and partners must be indices of slots, and there be as many of each as
/// there are angles.
#[inline(always)]
unsafe fn collide(slots: &mut [Slot], drawn: &Drawn, met: Meetings) {
    const AHEAD: usize = 40;
    let first = slots.as_mut_ptr();
    for at in 0..COLLISIONS {
        if let Some(later) = met.ahead {
            for (now, later) in [met.particles, met.partners].into_iter().zip(later) {
                let index = now
                    .get(at + AHEAD)
                    .unwrap_or_else(|| &later[at + AHEAD - COLLISIONS]);
                fetch(slots, *index);
            }
        }
        // SAFETY: by the contract.
        unsafe {
            let one = first.add(*met.particles.get_unchecked(at) as usize);
            let other = first.add(*met.partners.get_unchecked(at) as usize);
            let (cos, sin) = (*drawn.cos.get_unchecked(at), *drawn.sin.get_unchecked(at));
            (*one, *other) = Synchronous.collide(cos, sin, *one, *other);
        }
    }
}

/// Does what [`collide`] does, with the instructions that the engine applies collisions with.
///
/// # Safety
///
/// As [`collide`].
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn collide_avx2(slots: &mut [Slot], drawn: &Drawn, met: Meetings) {
    // SAFETY: by the contract.
    unsafe { collide(slots, drawn, met) }
}

/// Measures the part of the engine that is left without all that makes marks of words: raw words,
/// `HALVES` for two collisions; and the application of collisions whose marks are there already,
/// each bath particle in a slot of its own. Where the particles do not fit the caches, who collides
/// is read off the words, as other particles would be in the caches; they are in large pages and
/// fetched ahead, as the engine's are.
fn floor_of<const HALVES: usize>(bencher: Bencher, particles: usize) {
    const ROUNDS: usize = 2000;
    let instructions = Instructions::best();
    let large = particles > 100_000;
    let gas = gas(particles);
    let mut points = PoissonPoints::new(&gas, ReplicaKey::new(1, 8, 0, 0));
    let drawn: Vec<Drawn> = (0..DRAWN).map(|_| Drawn::new(&mut points, &gas)).collect();
    let start = [1.0, 0.5];
    let mut now = [(); 2].map(|()| vec![0; COLLISIONS]);
    let mut later = now.clone();
    let mut slots = vec![[0.0; 2]; particles + COLLISIONS];
    ask_for_large_pages(&mut slots);
    // Rounds in which a particle has some 500 collisions: Δ, which the bath contracts, would
    // become subnormal, and slow.
    let fresh = (particles.min(DRAWN * COLLISIONS) * 500 / COLLISIONS).max(1);
    let key = ReplicaKey::new(1, 2, 3, 4);
    let mut lanes = Lanes::new(instructions, key, Purpose::Collisions, 0);
    let mut words = vec![[0; LANES]; HALVES * COLLISIONS / 2 / LANES];
    bencher
        .counter(ItemsCount::new(COLLISIONS * ROUNDS))
        .bench_local(|| {
            for round in 0..ROUNDS {
                if !large && round % fresh == 0 {
                    slots.fill(start);
                }
                let marks = &drawn[round % DRAWN];
                // In small parts: copies of many bytes at once start slowly.
                let parts = slots[particles..].chunks_mut(32).zip(marks.bath.chunks(32));
                parts.for_each(|(slots, bath)| slots[..bath.len()].copy_from_slice(bath));
                lanes.fill(instructions, &mut words);
                let met = if large {
                    let next = &drawn[(round + 1) % DRAWN];
                    read_off(words.as_flattened(), particles, next, &mut later);
                    Meetings {
                        particles: &now[0],
                        partners: &now[1],
                        ahead: Some([&later[0], &later[1]]),
                    }
                } else {
                    black_box(&words);
                    Meetings {
                        particles: &marks.particles,
                        partners: &marks.partners,
                        ahead: None,
                    }
                };
                // SAFETY: indices below N, or of bath slots, of which there are COLLISIONS; and
                // instructions that were detected.
                unsafe {
                    #[cfg(target_arch = "x86_64")]
                    if instructions.name() != "sse2" {
                        collide_avx2(&mut slots, marks, met);
                    } else {
                        collide(&mut slots, marks, met);
                    }
                    #[cfg(not(target_arch = "x86_64"))]
                    collide(&mut slots, marks, met);
                }
                std::mem::swap(&mut now, &mut later);
            }
            black_box(&slots);
        });
}

/// Who collides in a round, by the words; collisions with the bath are those of the marks.
fn read_off(words: &[u64], particles: usize, marks: &Drawn, met: &mut [Vec<u32>; 2]) {
    let index = |word: u64| (((word >> 32) * particles as u64) >> 32) as u32;
    let pairs = words.as_chunks::<2>().0.iter().zip(&marks.partners);
    let [ones, others] = met;
    for ((one, other), (&[word, other_word], &partner)) in ones.iter_mut().zip(others).zip(pairs) {
        let with_bath = partner >= particles as u32;
        *one = index(word);
        *other = select_unpredictable(with_bath, partner, index(other_word));
    }
}

/// As many words as the engine takes: two a collision, and one for each with the bath,
/// which half of them are.
#[divan::bench(args = SIZES, sample_count = 50)]
fn floor(bencher: Bencher, particles: usize) {
    floor_of::<5>(bencher, particles);
}

/// As many as an engine takes that draws particle, partner, angle and bath velocity from a
/// word each.
#[divan::bench(args = SIZES, sample_count = 50)]
fn floor_of_four_words(bencher: Bencher, particles: usize) {
    floor_of::<8>(bencher, particles);
}

/// Ask for a slot's cache line.
fn fetch(slots: &[Slot], index: u32) {
    #[cfg(target_arch = "x86_64")]
    if let Some(slot) = slots.get(index as usize) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a prefetch of a valid address only warms a cache.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(slot).cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (slots, index);
}

#[divan::bench(args = SIZES, sample_count = 5)]
fn plain(bencher: Bencher, particles: usize) {
    let gas = gas(particles);
    let mut path = PlainPath::new(&gas, Synchronous);
    bench(bencher, &gas, &mut path);
}
