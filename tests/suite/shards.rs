//! Replicas give the same bits, however they are cut into parts.

use kac_coupling::config::load;
use kac_coupling::experiment::{Experiment, WassersteinPlan};
use kac_coupling::measure::first_collision::FirstCollisions;
use kac_coupling::measure::forest::{Forest, Tally, TallyError};
use kac_coupling::measure::pairs::Pairs;
use kac_coupling::measure::runner::Control;
use kac_coupling::measure::steady::{SteadyStage, SteadyTally};
use kac_coupling::measure::{Engine, Job, Samples};
use kac_coupling::verify::job;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::TestCaseError;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt::Debug;
use std::ops::Range;
use std::path::Path;
use std::sync::LazyLock;

/// Nobody is told of the progress.
const SILENT: Control = Control::new(&|_| ());

/// Replicas of the runs: sixteen chunks and a part of one.
const REPLICAS: u64 = 16 * 34 + 5;

/// A committed experiment with one small N.
fn experiment(name: &str) -> Experiment {
    let path = format!("experiments/{name}.toml");
    let mut experiment = load(Path::new(&path)).unwrap().experiment;
    experiment.sweep = vec![(3, REPLICAS)];
    // ⌈100/3⌉ replicas make a batch, and so a chunk.
    let plan = WassersteinPlan {
        points: 3,
        sample: 100,
        bracket: 900,
    };
    experiment.wasserstein = Some(plan);
    experiment
}

/// A run of coupled pairs, with batches of W₂, kept velocities and first collisions.
static PAIRS: LazyLock<(Job, Samples)> = LazyLock::new(|| {
    let mut experiment = experiment("lemma3");
    // So many collisions have several chunks of small gases.
    experiment.lambda = 2000.0;
    experiment.end = 0.5;
    let job = job(&experiment, 0, &experiment.theory(3));
    let mut samples = job.nothing();
    job.extend(&mut samples, 0..REPLICAS, Engine::Block, SILENT);
    assert_eq!(samples.first_collisions.replicas(), REPLICAS);
    let first_collisions = samples.first_collisions.clone().total().unwrap().unwrap().1;
    assert!(first_collisions.count() > 100.0);
    assert!(samples.small_gas.replicas() > 2 * samples.small_gas.chunk());
    (job, samples)
});

/// A run into the steady state.
static STEADY: LazyLock<(SteadyStage, Forest<SteadyTally>)> = LazyLock::new(|| {
    let experiment = experiment("steady-state-uniform-two");
    let stage = SteadyStage::new(&experiment, 0, &experiment.theory(3)).unwrap();
    let mut forest = stage.forest();
    stage.extend(&mut forest, 0..REPLICAS, SILENT);
    (stage, forest)
});

/// All kinds of a run, as bytes.
fn bytes(samples: &Samples) -> [Vec<u8>; 3] {
    [
        samples.pairs.to_bytes(),
        samples.first_collisions.to_bytes(),
        samples.small_gas.to_bytes(),
    ]
}

/// The ranges of replicas between cuts, which are moved to the beginning of a chunk.
fn ranges(chunk: u64, cuts: &[u64]) -> Vec<Range<u64>> {
    let mut cuts: Vec<u64> = cuts.iter().map(|cut| cut / chunk * chunk).collect();
    cuts.extend([0, REPLICAS]);
    cuts.sort_unstable();
    cuts.windows(2).map(|cut| cut[0]..cut[1]).collect()
}

/// A tally whose merging is not associative, as sums of floats are not, and which shows its order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Order(String, f64);

impl Tally for Order {
    const KIND: &'static str = "order 1";

    fn merge(&mut self, next: Self) {
        *self = Order(format!("({}{})", self.0, next.0), 1.1 * self.1 + next.1);
    }
}

/// A chunk of ten replicas, or of `replicas` if that is less, of the stage of [`Order`].
fn order(chunk: u64, replicas: u64) -> Order {
    Order(format!("{chunk}/{replicas} "), 1.0 / (chunk + 3) as f64)
}

/// The forest of `replicas` replicas in chunks of ten, tallied in the order of the keys.
fn ordered(replicas: u64, keys: &[u64]) -> Forest<Order> {
    let mut chunks: Vec<u64> = (0..replicas.div_ceil(10)).collect();
    chunks.sort_by_key(|&chunk| keys[chunk as usize % keys.len()].wrapping_mul(chunk + 1));
    let mut forest = Forest::new(10);
    for chunk in chunks {
        let count = (replicas - 10 * chunk).min(10);
        forest.add(chunk, count, order(chunk, count)).unwrap();
    }
    forest
}

/// Asserts that parts, once they are merged, give the same bytes as the whole.
fn assert_parts_give<T: Tally + Debug>(
    whole: &Forest<T>,
    parts: Vec<Forest<T>>,
) -> Result<(), TestCaseError> {
    let mut merged = Forest::<T>::new(whole.chunk());
    for part in parts {
        let read = Forest::from_bytes(&part.to_bytes()).unwrap();
        merged.merge(read).unwrap();
    }
    prop_assert_eq!(merged.to_bytes(), whole.to_bytes());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_order_in_which_chunks_come_changes_no_bit(
        replicas in 1_u64..1000,
        keys in vec(any::<u64>(), 1..20),
    ) {
        let forest = ordered(replicas, &keys);
        let whole = ordered(replicas, &[0]);
        prop_assert_eq!(forest.to_bytes(), whole.to_bytes());
        let (count, total) = forest.total().unwrap().unwrap();
        prop_assert_eq!(count, replicas);
        prop_assert_eq!(total, whole.total().unwrap().unwrap().1);
    }

    #[test]
    fn shards_of_any_size_in_any_order_are_one_run(
        owners in vec(0_usize..5, 1..60),
        order_of_parts in Just([0_usize, 1, 2, 3, 4]).prop_shuffle(),
        repeated in any::<Index>(),
        missing in any::<Index>(),
    ) {
        let replicas = 10 * owners.len() as u64 - 3;
        let whole = ordered(replicas, &[0]);
        let mut parts = vec![Forest::new(10); 5];
        for (chunk, &owner) in owners.iter().enumerate() {
            let chunk = chunk as u64;
            let count = (replicas - 10 * chunk).min(10);
            parts[owner].add(chunk, count, order(chunk, count)).unwrap();
        }
        let parts: Vec<_> = order_of_parts.iter().map(|&part| parts[part].clone()).collect();
        assert_parts_give(&whole, parts)?;
        // A replica that is there twice is refused, and nothing is taken in.
        let chunk = repeated.index(owners.len()) as u64;
        let mut again = Forest::new(10);
        again.add(chunk, 1, order(chunk, 1)).unwrap();
        let mut merged = whole.clone();
        let twice = TallyError::Repeated(10 * chunk..10 * chunk + 1);
        prop_assert_eq!(merged.merge(again).unwrap_err(), twice);
        prop_assert_eq!(merged.to_bytes(), whole.to_bytes());
        // A chunk that is missing before others leaves no total.
        let missing = missing.index(owners.len()) as u64;
        let mut gap = Forest::new(10);
        for chunk in (0..owners.len() as u64).filter(|&chunk| chunk != missing) {
            let count = (replicas - 10 * chunk).min(10);
            gap.add(chunk, count, order(chunk, count)).unwrap();
        }
        let is_last = missing + 1 == owners.len() as u64;
        prop_assert_eq!(gap.total().is_ok(), is_last);
    }

    #[test]
    fn bytes_that_were_changed_are_refused(at in any::<Index>(), bit in 0_u32..8) {
        let whole = ordered(95, &[0]);
        let mut bytes = whole.to_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        prop_assert!(Forest::<Order>::from_bytes(&bytes).is_err());
        prop_assert!(Forest::<Order>::from_bytes(&whole.to_bytes()[..at]).is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn a_run_extended_in_random_steps_is_one_run(steps in vec(1..REPLICAS, 0..6)) {
        let (job, whole) = &*PAIRS;
        let (stage, steady) = &*STEADY;
        let mut samples = job.nothing();
        let mut forest = stage.forest();
        for upto in steps.into_iter().chain([REPLICAS]) {
            job.extend(&mut samples, 0..upto, Engine::Block, SILENT);
            stage.extend(&mut forest, 0..upto, SILENT);
        }
        prop_assert_eq!(bytes(&samples), bytes(whole));
        prop_assert_eq!(forest.to_bytes(), steady.to_bytes());
    }

    #[test]
    fn shards_of_a_run_that_are_written_and_read_are_one_run(
        (cuts, keys) in (vec(1..REPLICAS, 0..6), vec(any::<u64>(), 7)),
    ) {
        let (job, whole) = &*PAIRS;
        let (stage, steady) = &*STEADY;
        let mut shards: Vec<_> = ranges(job.chunk(), &cuts).into_iter().zip(keys).collect();
        shards.sort_by_key(|(_, key)| *key);
        let mut pairs = Forest::<Pairs>::new(job.chunk());
        let mut first = Forest::<FirstCollisions>::new(job.chunk());
        let mut forest = stage.forest();
        for (replicas, _) in shards {
            let mut samples = job.nothing();
            job.extend(&mut samples, replicas.clone(), Engine::Block, SILENT);
            pairs.merge(Forest::from_bytes(&samples.pairs.to_bytes()).unwrap()).unwrap();
            let read = Forest::from_bytes(&samples.first_collisions.to_bytes()).unwrap();
            first.merge(read).unwrap();
            prop_assert_eq!(samples.small_gas.to_bytes(), whole.small_gas.to_bytes());
            let mut part = stage.forest();
            stage.extend(&mut part, replicas, SILENT);
            forest.merge(Forest::from_bytes(&part.to_bytes()).unwrap()).unwrap();
        }
        prop_assert_eq!(pairs.to_bytes(), whole.pairs.to_bytes());
        prop_assert_eq!(first.to_bytes(), whole.first_collisions.to_bytes());
        prop_assert_eq!(forest.to_bytes(), steady.to_bytes());
        // A shard that comes twice is refused.
        let again = Forest::from_bytes(&whole.pairs.to_bytes()).unwrap();
        prop_assert!(pairs.merge(again).is_err());
        // The bytes of one kind are not read as those of another.
        let other = Forest::<Order>::from_bytes(&forest.to_bytes());
        prop_assert_eq!(other.unwrap_err(), TallyError::OtherKind(Order::KIND));
    }
}

#[test]
fn threads_change_no_bit() {
    let (job, whole) = &*PAIRS;
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let mut samples = job.nothing();
        pool.build().unwrap().install(|| {
            job.extend(&mut samples, 0..REPLICAS, Engine::Block, SILENT);
        });
        assert_eq!(bytes(&samples), bytes(whole), "{threads} threads");
    }
}

#[test]
fn a_range_after_a_part_of_a_chunk_leaves_that_part() {
    let (job, whole) = &*PAIRS;
    let chunk = job.chunk();
    let mut samples = job.nothing();
    job.extend(&mut samples, 0..chunk + 3, Engine::Block, SILENT);
    job.extend(&mut samples, 2 * chunk..4 * chunk, Engine::Block, SILENT);
    assert_eq!(samples.pairs.replicas(), 3 * chunk + 3);
    job.extend(&mut samples, 0..REPLICAS, Engine::Block, SILENT);
    assert_eq!(bytes(&samples), bytes(whole));
}

#[test]
fn nodes_that_no_run_has_are_damage() {
    let whole = ordered(95, &[0]).to_bytes();
    let header = whole.iter().position(|&byte| byte == b'\n').unwrap() + 1;
    // Chunks of 10; a list of one node: its first chunk, its level, its replicas, the text and the number.
    let sealed = |first: u64, level: u32, replicas: u64, rest: &[u8]| {
        let node = (first, level, replicas, order(0, 1));
        let mut body = postcard::to_stdvec(&(10_u64, vec![node])).unwrap();
        body.extend_from_slice(rest);
        let mut bytes = whole[..header].to_vec();
        bytes.extend_from_slice(&Sha256::digest(&body));
        bytes.extend_from_slice(&body);
        Forest::<Order>::from_bytes(&bytes).map(|forest| forest.replicas())
    };
    for (first, level, replicas) in [(3, 0, 10), (3, 0, 1), (4, 2, 40)] {
        assert_eq!(sealed(first, level, replicas, &[]), Ok(replicas));
    }
    for (first, level, replicas, rest) in [
        (3, 0, 0, &[][..]),
        (3, 0, 11, &[]),
        (3, 1, 20, &[]),
        (4, 2, 39, &[]),
        (0, 63, 10, &[]),
        (0, 64, 10, &[]),
        (0, u32::MAX, 10, &[]),
        (u64::MAX, 0, 10, &[]),
        (u64::MAX / 10, 0, 10, &[]),
        (3, 0, 10, &[0]),
    ] {
        let found = sealed(first, level, replicas, rest);
        assert!(matches!(found, Err(TallyError::Damaged(_))), "{found:?}");
    }
}
