//! Coupled pairs at the record times of a run: how they are simulated, and what is tallied.

use super::forest::Tally;
use super::last_velocities::LastVelocities;
use super::pooled::{Kept, Pool, distances};
use super::profile::{Profile, Watch};
use super::records::{COLUMNS, DISCREPANCY, Records, TRACKED, column};
use super::runner::Stage;
use super::tally::{Covariances, Cross, Means, Powers};
use crate::experiment::Experiment;
use crate::simulate::Gas;
use crate::simulate::pair::{CoupledPair, Seen};
use crate::simulate::particles::Particles;
use crate::simulate::slabs::Place;
use crate::theory::{Moment, Quantity, System, Theory};
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::sync::Arc;

/// Particles of all replicas in a chunk, about, where no W₂ batch sets it.
const CHUNK_PARTICLES: u64 = 1 << 14;
/// Replicas in such a chunk, at most.
pub(super) const MOST_IN_CHUNK: u64 = 256;

/// Replicas whose records are tallied together; one amid them is timed, as the first finds
/// colder caches and takes new memory.
pub const TALLIED_TOGETHER: u64 = 64;

/// Replicas of a chunk: the whole replicas whose
/// velocities make a W₂ batch of `sample`, ⌈sample/N⌉, if that is not 0.
pub fn chunk(particles: usize, sample: usize) -> u64 {
    if sample == 0 {
        (CHUNK_PARTICLES / particles as u64).clamp(1, MOST_IN_CHUNK)
    } else {
        sample.div_ceil(particles) as u64
    }
}

/// The number of replicas of N particles that the bracket of an experiment is made of.
pub fn bracketed(experiment: &Experiment, particles: usize, replicas: u64) -> u64 {
    let velocities = experiment.wasserstein.map_or(0, |plan| plan.bracket);
    replicas.min((velocities / particles) as u64)
}

/// The column that carries a quantity, up to scale and shift.
fn tracked_column(quantity: Quantity, system: System) -> usize {
    match quantity {
        Quantity::Discrepancy => DISCREPANCY,
        Quantity::Energy => column(system, Moment::M2),
        Quantity::FirstMoment => column(system, Moment::M1),
        Quantity::PairMoment => column(system, Moment::M11),
    }
}

/// The coupled pairs of one N, and what is tallied of them.
#[derive(Debug, Clone)]
pub(super) struct PairPlan {
    pub(super) gas: Arc<Gas>,
    pub(super) seed: u64,
    pub(super) replicas: u64,
    pub(super) places: Vec<Place>,
    /// E‖Δ‖² at each record time: how large what is tallied will be.
    pub(super) sizes: Vec<f64>,
    /// Columns whose covariances over time are tallied, one per [`Quantity`].
    pub(super) tracked: [usize; TRACKED],
    /// Record times of W₂, and the pooled velocities of a batch.
    pub(super) distances: Vec<usize>,
    pub(super) sample: usize,
    /// The first replicas, whose velocities are kept for the bracket.
    pub(super) bracketed: u64,
}

impl PairPlan {
    /// The pairs of entry `index` of an experiment's sweep.
    pub(super) fn new(experiment: &Experiment, index: usize, theory: &Theory) -> Self {
        let (particles, replicas) = experiment.sweep[index];
        let gas = Gas::new(particles, experiment.rates(), &experiment.bath);
        let times = experiment.times();
        let places = times.iter().map(|&time| gas.place(time)).collect();
        // Where the mean is not known, that at the start is near enough.
        let start = theory.initial_mean(Quantity::Discrepancy, System::First);
        let sizes = (times.iter())
            .map(|&time| theory.discrepancy_mean(time).unwrap_or(start))
            .collect();
        let tracked = Quantity::ALL.map(|quantity| {
            let system = theory.judged_copy(quantity).unwrap_or(System::Second);
            tracked_column(quantity, system)
        });
        PairPlan {
            gas: Arc::new(gas),
            seed: experiment.seed,
            replicas,
            places,
            sizes,
            tracked,
            distances: experiment.wasserstein_indices(),
            sample: experiment.wasserstein.map_or(0, |plan| plan.sample),
            bracketed: bracketed(experiment, particles, replicas),
        }
    }

    /// Replicas of a chunk.
    pub(super) fn chunk(&self) -> u64 {
        chunk(self.gas.particles, self.sample)
    }
}

/// Statistics of coupled pairs at the record times.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pairs {
    /// Number of collisions simulated.
    pub collisions: u64,
    /// The observations of the paths of the run itself.
    pub seen: Seen,
    /// Last velocities, by which replicas that are equal are found.
    pub last_velocities: LastVelocities,
    /// Means of all columns over the record times; see [`Pairs::mean`].
    means: [Means; COLUMNS],
    /// For each [`Quantity`], its column's covariances over the record
    /// times.
    pub tracked: [Covariances; TRACKED],
    /// At each record time, m1 and m2 of the first and of the second copy.
    pub low_moments: Cross,
    /// ‖Δ‖² at each record time.
    pub discrepancy: Powers,
    /// Over batches: W₂² and Σ_pool Δ²/sample at each record time of W₂.
    pub distances: Means,
    /// Velocities of the first replicas at each record time of W₂.
    pub kept: Vec<Kept>,
}

impl Tally for Pairs {
    const KIND: &'static str = "pairs 1";

    fn merge(&mut self, next: Self) {
        self.collisions += next.collisions;
        self.seen.merge(&next.seen);
        self.last_velocities.merge(next.last_velocities);
        for (mine, theirs) in self.means.iter_mut().zip(&next.means) {
            mine.merge(theirs);
        }
        for (mine, theirs) in self.tracked.iter_mut().zip(&next.tracked) {
            mine.merge(theirs);
        }
        self.low_moments.merge(&next.low_moments);
        self.discrepancy.merge(&next.discrepancy);
        self.distances.merge(&next.distances);
        for (mine, theirs) in self.kept.iter_mut().zip(next.kept) {
            mine.merge(theirs);
        }
    }
}

impl Pairs {
    /// The tally of no replicas of a plan.
    pub(super) fn new(plan: &PairPlan) -> Self {
        let times = plan.places.len();
        Pairs {
            collisions: 0,
            seen: Seen::default(),
            last_velocities: LastVelocities::default(),
            means: std::array::from_fn(|_| Means::new(times)),
            tracked: std::array::from_fn(|_| Covariances::new(times)),
            low_moments: Cross::new(times),
            discrepancy: Powers::new(&plan.sizes),
            distances: Means::new(2 * plan.distances.len()),
            kept: vec![Kept::default(); plan.distances.len()],
        }
    }

    /// Takes in the records of some replicas.
    fn add(&mut self, plan: &PairPlan, records: &mut Records, replicas: usize) {
        let summed = records.summed(
            plan.places.len(),
            replicas,
            self.discrepancy.scale(),
            plan.tracked,
        );
        for (column, means) in self.means.iter_mut().enumerate() {
            means.merge(&summed.means(column));
        }
        for (place, covariances) in self.tracked.iter_mut().enumerate() {
            covariances.merge(&summed.covariances(place));
        }
        self.low_moments.merge(&summed.low_moments());
        let powers = summed.powers(&self.discrepancy);
        self.discrepancy.merge(&powers);
    }

    /// The mean over replicas of a column at a record time, and its standard
    /// error.
    pub fn mean(&self, time: usize, column: usize) -> (f64, Option<f64>) {
        let means = &self.means[column];
        (means.mean(time), means.std_error(time))
    }
}

/// Coupled pairs that `new_pair` makes for a gas.
#[derive(Debug)]
pub(super) struct PairStage<'a, F> {
    pub(super) plan: &'a PairPlan,
    pub(super) new_pair: &'a F,
}

/// The memory that a thread needs, kept from chunk to chunk.
#[derive(Debug)]
pub(super) struct Worker<P> {
    pair: P,
    particles: Particles,
    /// Records of the replicas that are tallied together.
    records: Records,
    /// A pool for each record time of W₂.
    pools: Vec<Pool>,
}

impl<P: CoupledPair, F: Fn(&Arc<Gas>) -> P + Sync> Stage for PairStage<'_, F> {
    type Tally = Pairs;
    type Worker = Worker<P>;

    fn chunk(&self) -> u64 {
        self.plan.chunk()
    }

    fn worker(&self) -> Worker<P> {
        let plan = self.plan;
        // Fewer replicas than a batch takes fill no pool.
        let velocities = plan.replicas.saturating_mul(plan.gas.particles as u64);
        let size = velocities.min(plan.sample as u64) as usize;
        let pools = plan.distances.iter().map(|_| Pool::with_capacity(size));
        let together = plan.chunk().min(TALLIED_TOGETHER) as usize;
        Worker {
            pair: (self.new_pair)(&plan.gas),
            particles: Particles::default(),
            records: Records::new(plan.gas.particles, plan.places.len(), together),
            pools: pools.collect(),
        }
    }

    fn tally(&self, worker: &mut Worker<P>, replicas: Range<u64>, profile: &mut Profile) -> Pairs {
        let plan = self.plan;
        let mut pairs = Pairs::new(plan);
        for pool in &mut worker.pools {
            pool.clear();
        }
        for from in replicas.clone().step_by(TALLIED_TOGETHER as usize) {
            let together = (replicas.end - from).min(TALLIED_TOGETHER) as usize;
            let mut watch = Watch::start();
            let mut timed = Profile::default();
            for index in 0..together {
                let timed = (index == together / 2).then_some(&mut timed);
                run_replica(plan, worker, (from, index), &mut pairs, timed);
            }
            profile.add_like(watch.lap(), &timed);
            pairs.add(plan, &mut worker.records, together);
            profile.tallies += watch.lap();
        }
        let is_batch = replicas.end - replicas.start == plan.chunk();
        if is_batch && !plan.distances.is_empty() {
            let mut watch = Watch::start();
            let batch = distances(&mut worker.pools);
            profile.sorting += watch.lap();
            pairs.distances = Means::of(2 * plan.distances.len(), &batch);
        }
        for (kept, pool) in pairs.kept.iter_mut().zip(&mut worker.pools) {
            *kept = std::mem::take(&mut pool.kept);
        }
        pairs.seen = worker.pair.take_seen();
        pairs
    }
}

/// Simulate the `index`-th replica from `from` on; its records go to the
/// records of that index, its velocities to the pools.
fn run_replica<P: CoupledPair>(
    plan: &PairPlan,
    worker: &mut Worker<P>,
    (from, index): (u64, usize),
    pairs: &mut Pairs,
    mut profile: Option<&mut Profile>,
) {
    let Worker {
        pair,
        particles,
        records,
        pools,
    } = worker;
    let replica = from + index as u64;
    let mut watch = profile.is_some().then(Watch::start);
    pair.restart(plan.seed, replica, &plan.places);
    let mut pools = plan.distances.iter().zip(pools).peekable();
    let mut start = 0.0;
    for time in 0..plan.places.len() {
        pair.advance();
        if let (Some(profile), Some(watch)) = (&mut profile, &mut watch) {
            profile.collisions += watch.lap();
        }
        records.set(index, time, pair.sums());
        if time == 0 {
            start = pair.particle(0).0;
        }
        if let Some((_, pool)) = pools.next_if(|(at, _)| **at == time) {
            pool.fill(pair, particles, plan.sample);
            if replica < plan.bracketed {
                pool.keep(pair, particles);
            }
        }
        if let (Some(profile), Some(watch)) = (&mut profile, &mut watch) {
            profile.records += watch.lap();
        }
    }
    pairs.last_velocities.add(start, pair.particle(0).0);
    pairs.collisions += pair.collisions();
}
