//! Simulating all replicas of one N and tallying what is seen.
//!
//! Replicas are cut into *chunks* whose size depends on N and the W₂ plan only.
//! Threads take chunks as they become free; chunk tallies are merged in the
//! order of the chunks. So the result does not depend on the number of threads,
//! and memory on neither the number of replicas nor the number of chunks.

use crate::coupling::{CouplingKind, Synchronous};
use crate::estimate::tally::{Covariances, Means, Powers};
use crate::experiment::Experiment;
use crate::observe::{COLUMNS, DISCREPANCY, column, observe};
use crate::simulate::Gas;
use crate::simulate::block::BlockPath;
use crate::simulate::initial::InitialPairs;
use crate::simulate::pair::{CoupledPair, OwnCollisions, SameCollisions};
use crate::simulate::plain::PlainPath;
use crate::simulate::slabs::Place;
use crate::theory::{Moment, Quantity, System, Theory};
use crate::wasserstein::{Sample, squared_distance};
use ndarray::{Array2, s};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// Replicas whose records are tallied together.
const TALLIED_TOGETHER: usize = 64;
/// Replicas in a chunk where no W₂ batch sets it.
const CHUNK: u64 = 256;

/// Which engine moves the particles. Both give the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// One collision at a time: the reference.
    Plain,
    /// Collisions in blocks: the one to use.
    Block,
}

/// All replicas of one N, to be simulated.
#[derive(Debug, Clone)]
pub struct Job {
    gas: Arc<Gas>,
    initial: Arc<InitialPairs>,
    coupling: CouplingKind,
    seed: u64,
    replicas: u64,
    places: Vec<Place>,
    /// Columns whose covariances over time are tallied, one per [`Quantity`].
    tracked: [usize; 4],
    /// Record times of W₂, and the pooled velocities of a batch.
    distances: Vec<usize>,
    sample: usize,
}

/// What was seen of all replicas of one N.
#[derive(Debug, Clone)]
pub struct Measured {
    /// Number of replicas.
    pub replicas: u64,
    /// Number of collisions simulated.
    pub collisions: u64,
    /// Means of all columns at all record times; see [`Measured::mean`].
    means: Means,
    /// For each [`Quantity`], its column's covariances over the record times.
    pub tracked: [Covariances; 4],
    /// At each record time, m1 and m2 of the first and of the second copy.
    pub low_moments: Vec<Covariances>,
    /// ‖Δ‖² at each record time.
    pub discrepancy: Vec<Powers>,
    /// Over batches: W₂² and Σ_pool Δ²/sample at each record time of W₂.
    pub distances: Means,
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

impl Job {
    /// The replicas of entry `index` of an experiment's sweep.
    pub fn new(experiment: &Experiment, index: usize, theory: &Theory) -> Job {
        let (particles, replicas) = experiment.sweep[index];
        let gas = Gas::new(particles, experiment.rates(), &experiment.bath);
        let places = (experiment.times().iter())
            .map(|&time| gas.place(time))
            .collect();
        let tracked = Quantity::ALL.map(|quantity| {
            let system = theory.judged_copy(quantity).unwrap_or(System::Second);
            tracked_column(quantity, system)
        });
        Job {
            gas: Arc::new(gas),
            initial: Arc::new(InitialPairs::new(
                &experiment.first,
                &experiment.second,
                experiment.pairing,
            )),
            coupling: experiment.coupling,
            seed: experiment.seed,
            replicas,
            places,
            tracked,
            distances: experiment.wasserstein_indices(),
            sample: experiment.wasserstein.map_or(0, |plan| plan.sample),
        }
    }

    /// Whole replicas whose velocities make a W₂ batch, ⌈sample/N⌉.
    fn batch(&self) -> u64 {
        self.sample.div_ceil(self.gas.particles) as u64
    }

    fn chunk(&self) -> u64 {
        if self.distances.is_empty() {
            CHUNK
        } else {
            self.batch()
        }
    }

    /// Simulate everything on the current thread pool. `progress` is told how
    /// many more replicas are done, from any thread.
    pub fn run(&self, engine: Engine, progress: &(dyn Fn(u64) + Sync)) -> Measured {
        let (gas, initial) = (&self.gas, &self.initial);
        let sync = Synchronous;
        match (self.coupling, engine) {
            (CouplingKind::Synchronous, Engine::Block) => self.run_on(progress, || {
                SameCollisions::new(gas, initial, sync, BlockPath::new(gas, sync))
            }),
            (CouplingKind::Synchronous, Engine::Plain) => self.run_on(progress, || {
                SameCollisions::new(gas, initial, sync, PlainPath::new(gas, sync))
            }),
            (CouplingKind::Independent, Engine::Block) => self.run_on(progress, || {
                let paths = [(); 2].map(|()| BlockPath::new(gas, sync));
                OwnCollisions::new(gas, initial, sync, paths)
            }),
            (CouplingKind::Independent, Engine::Plain) => self.run_on(progress, || {
                let paths = [(); 2].map(|()| PlainPath::new(gas, sync));
                OwnCollisions::new(gas, initial, sync, paths)
            }),
        }
    }

    /// Simulate everything with pairs of copies made by `new_pair`, one for
    /// each thread.
    pub fn run_on<P: CoupledPair>(
        &self,
        progress: &(dyn Fn(u64) + Sync),
        new_pair: impl Fn() -> P + Sync,
    ) -> Measured {
        let chunks = self.replicas.div_ceil(self.chunk());
        let next = AtomicU64::new(0);
        let merged = Mutex::new(InOrder::new(Measured::new(self)));
        rayon::broadcast(|_| {
            let mut pair = new_pair();
            let mut pools = Pools::new(self);
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                if index >= chunks {
                    break;
                }
                let from = index * self.chunk();
                let replicas = from..(from + self.chunk()).min(self.replicas);
                let done = replicas.end - replicas.start;
                let measured = self.run_chunk(&mut pair, replicas, &mut pools);
                merged
                    .lock()
                    .expect("no thread panicked")
                    .add(index, measured);
                progress(done);
            }
        });
        merged.into_inner().expect("no thread panicked").total
    }

    fn run_chunk<P: CoupledPair>(
        &self,
        pair: &mut P,
        replicas: Range<u64>,
        pools: &mut Pools,
    ) -> Measured {
        let mut measured = Measured::new(self);
        let whole_batch = replicas.end - replicas.start == self.chunk();
        pools.clear();
        let replicas: Vec<u64> = replicas.collect();
        for together in replicas.chunks(TALLIED_TOGETHER) {
            let mut rows = Array2::zeros((together.len(), self.places.len() * COLUMNS));
            for (&replica, mut row) in together.iter().zip(rows.rows_mut()) {
                let row = row.as_slice_mut().expect("rows are contiguous");
                measured.collisions += self.run_replica(pair, replica, row, pools);
            }
            measured.tally(&rows, &self.tracked);
        }
        measured.replicas = replicas.len() as u64;
        if whole_batch && !self.distances.is_empty() {
            measured.distances.merge(&Means::of(&pools.distances()));
        }
        measured
    }

    /// Simulate one replica; its records go to `row`, its velocities to `pools`.
    fn run_replica<P: CoupledPair>(
        &self,
        pair: &mut P,
        replica: u64,
        row: &mut [f64],
        pools: &mut Pools,
    ) -> u64 {
        let horizon = *self.places.last().expect("there are record times");
        pair.restart(self.seed, replica, horizon);
        let mut pools = self.distances.iter().zip(&mut pools.pools).peekable();
        for (index, (&place, record)) in self
            .places
            .iter()
            .zip(row.chunks_exact_mut(COLUMNS))
            .enumerate()
        {
            pair.advance_to(place);
            record.copy_from_slice(&observe(pair, self.gas.particles));
            if let Some((_, pool)) = pools.next_if(|(at, _)| **at == index) {
                pool.take(pair, self.gas.particles, self.sample);
            }
        }
        pair.collisions()
    }
}

/// Velocities pooled for a W₂ batch at one record time.
#[derive(Debug, Default)]
struct Pool {
    first: Sample,
    second: Sample,
    /// Σ Δ² over the pooled particles.
    squares: f64,
}

impl Pool {
    /// Take particles of a replica until there are `sample`.
    fn take(&mut self, pair: &impl CoupledPair, particles: usize, sample: usize) {
        let wanted = particles.min(sample - self.first.len());
        for index in 0..wanted {
            let particle = pair.particle(index);
            self.first.push(particle.first);
            self.second.push(particle.second);
            self.squares += particle.difference * particle.difference;
        }
    }
}

/// The pools of all record times of W₂.
#[derive(Debug)]
struct Pools {
    pools: Vec<Pool>,
}

impl Pools {
    fn new(job: &Job) -> Self {
        // Fewer replicas than a batch takes fill no pool.
        let velocities = job.replicas.saturating_mul(job.gas.particles as u64);
        let size = velocities.min(job.sample as u64) as usize;
        let pool = || Pool {
            first: Sample::with_capacity(size),
            second: Sample::with_capacity(size),
            squares: 0.0,
        };
        Pools {
            pools: job.distances.iter().map(|_| pool()).collect(),
        }
    }

    fn clear(&mut self) {
        for pool in &mut self.pools {
            pool.first.clear();
            pool.second.clear();
            pool.squares = 0.0;
        }
    }

    /// One row: W₂² and ΣΔ²/sample of each pool.
    fn distances(&mut self) -> Array2<f64> {
        let mut row = Array2::zeros((1, 2 * self.pools.len()));
        for (index, pool) in self.pools.iter_mut().enumerate() {
            let size = pool.first.len() as f64;
            row[[0, 2 * index]] = squared_distance(&mut pool.first, &mut pool.second);
            row[[0, 2 * index + 1]] = pool.squares / size;
        }
        row
    }
}

/// Merges tallies in the order of their chunks, whatever order they come in.
struct InOrder {
    total: Measured,
    next: u64,
    waiting: BTreeMap<u64, Measured>,
}

impl InOrder {
    fn new(total: Measured) -> Self {
        InOrder {
            total,
            next: 0,
            waiting: BTreeMap::new(),
        }
    }

    fn add(&mut self, index: u64, measured: Measured) {
        self.waiting.insert(index, measured);
        while let Some(measured) = self.waiting.remove(&self.next) {
            self.total.merge(&measured);
            self.next += 1;
        }
    }
}

impl Measured {
    fn new(job: &Job) -> Self {
        let times = job.places.len();
        Measured {
            replicas: 0,
            collisions: 0,
            means: Means::new(times * COLUMNS),
            tracked: std::array::from_fn(|_| Covariances::new(times)),
            low_moments: (0..times).map(|_| Covariances::new(4)).collect(),
            discrepancy: vec![Powers::default(); times],
            distances: Means::new(2 * job.distances.len()),
        }
    }

    /// Take in records: a row per replica, columns within record times.
    fn tally(&mut self, rows: &Array2<f64>, tracked: &[usize; 4]) {
        self.means.merge(&Means::of(rows));
        for (covariances, &column) in self.tracked.iter_mut().zip(tracked) {
            let over_time = rows.slice(s![.., column..;COLUMNS]).to_owned();
            covariances.merge(&Covariances::of(&over_time));
        }
        let low = [
            column(System::First, Moment::M1),
            column(System::First, Moment::M2),
            column(System::Second, Moment::M1),
            column(System::Second, Moment::M2),
        ];
        for (time, (covariances, powers)) in self
            .low_moments
            .iter_mut()
            .zip(&mut self.discrepancy)
            .enumerate()
        {
            let start = time * COLUMNS;
            let now = Array2::from_shape_fn((rows.nrows(), 4), |(i, j)| rows[[i, start + low[j]]]);
            covariances.merge(&Covariances::of(&now));
            powers.merge(&Powers::of(
                rows.column(start + DISCREPANCY).iter().copied(),
            ));
        }
    }

    fn merge(&mut self, other: &Measured) {
        self.replicas += other.replicas;
        self.collisions += other.collisions;
        self.means.merge(&other.means);
        for (mine, theirs) in self.tracked.iter_mut().zip(&other.tracked) {
            mine.merge(theirs);
        }
        for (mine, theirs) in self.low_moments.iter_mut().zip(&other.low_moments) {
            mine.merge(theirs);
        }
        for (mine, theirs) in self.discrepancy.iter_mut().zip(&other.discrepancy) {
            mine.merge(theirs);
        }
        self.distances.merge(&other.distances);
    }

    /// The mean over replicas of a column at a record time, and its standard
    /// error.
    pub fn mean(&self, time: usize, column: usize) -> (f64, Option<f64>) {
        let variable = time * COLUMNS + column;
        (self.means.mean(variable), self.means.std_error(variable))
    }
}
