//! Simulating all replicas of one N and tallying what is seen.
//!
//! Replicas are cut into *chunks* whose size depends on N and the W₂ plan only.
//! Threads take chunks as they become free; chunk tallies are merged in the
//! order of the chunks. So the result does not depend on the number of threads,
//! and as no thread runs far ahead of the others, memory does not grow with the
//! number of replicas.

use crate::coupling::{Aligned, Coupling, CouplingKind, Rematch, Synchronous};
use crate::estimate::tally::{Centred, Covariances, Cross, LANES, Means, Powers, QUANTITIES};
use crate::experiment::Experiment;
use crate::judge::claims::{Need, is_needed};
use crate::jump::{self, Jump};
use crate::law::Point;
use crate::model::Rates;
use crate::observe::{COLUMNS, DISCREPANCY, Records, column};
use crate::pilot::{self, Common, Pilot};
use crate::probe::{Drawn, Probe, Reveal};
use crate::profile::{Profile, Watch};
use crate::random::{ReplicaKey, mix};
use crate::simulate::bath::BathVelocities;
use crate::simulate::block::BlockPath;
use crate::simulate::initial::InitialPairs;
use crate::simulate::pair::{CoupledPair, OwnCollisions, SameCollisions, Seen};
use crate::simulate::particles::Particles;
use crate::simulate::plain::PlainPath;
use crate::simulate::powers::SQUARES;
use crate::simulate::rematch::{Permutable, Rematched, RematchedAtEvents};
use crate::simulate::slabs::Place;
use crate::simulate::{Gas, Path};
use crate::theory::{Moment, Quantity, System, Theory};
use crate::wasserstein::{Sample, squared_distance};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

/// Replicas whose records are tallied together; one amid them is timed, as the first finds
/// colder caches and takes new memory.
pub const TALLIED_TOGETHER: u64 = 64;
/// Particles of all replicas in a chunk, about, where no W₂ batch sets it.
const CHUNK_PARTICLES: u64 = 1 << 14;
/// Replicas in such a chunk, at most.
const MOST_IN_CHUNK: u64 = 256;
/// Chunks that are simulated or wait to be merged, at most, for each thread.
pub const CHUNKS_AHEAD: u64 = 2;

/// Replicas of which a thread looks at single collisions in one go, at most, and how many
/// such parts are looked at before all are taken in, in order.
const JUMPS_IN_PART: u64 = 4096;
const JUMP_PARTS: u64 = 32;

/// A small gas is watched at so many times, half a collision apart, in a replica for
/// each so many collisions of the run, but in so many at least and at most: it takes
/// about a hundredth of the time.
const PILOT_STOPS: u32 = 33;
const COLLISIONS_PER_PILOT: u64 = 8192;
const PILOTS: [u64; 2] = [32, 4096];

/// The marks of one collision are read off for every 256 of the run, and of between 512
/// and 32 768 in all: it takes less than a hundredth of the time.
const COLLISIONS_PER_PROBED: u64 = 256;
const PROBED: [u64; 2] = [512, 1 << 15];

/// About 65 536 last velocities of replicas are kept, up to twice as many.
const LAST_VELOCITIES: u64 = 1 << 16;
/// Velocities below this have lost digits.
const LEAST_VELOCITY: f64 = 1e-290;

/// Particles, at most, and collisions for which copies without a bath are
/// watched.
const DRIFT_PARTICLES: usize = 64;
const DRIFT_COLLISIONS: f64 = 4096.0;

/// m1 and m2 of the first and of the second copy.
const LOW_MOMENTS: [(System, Moment); QUANTITIES] = [
    (System::First, Moment::M1),
    (System::First, Moment::M2),
    (System::Second, Moment::M1),
    (System::Second, Moment::M2),
];

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
    rematch: Rematch,
    /// Times at which paths are rematched.
    rematch_times: Vec<f64>,
    seed: u64,
    replicas: u64,
    /// Whether one thread does everything.
    alone: bool,
    places: Vec<Place>,
    /// E‖Δ‖² at each record time: how large what is tallied will be.
    sizes: Vec<f64>,
    /// Columns whose covariances over time are tallied, one per [`Quantity`].
    tracked: [usize; 4],
    /// Record times of W₂, and the pooled velocities of a batch.
    distances: Vec<usize>,
    sample: usize,
    /// The first replicas, whose velocities are kept for the bracket.
    bracketed: u64,
    /// The velocity of all bath particles of the small gas: that of a typical
    /// particle.
    pilot_velocity: f64,
    /// Whether replicas are also looked at after exactly one collision.
    jumps: bool,
}

/// What was seen of the first replicas, how many shall be seen, and who is told.
type Extension<'a> = (Measured, u64, &'a (dyn Fn(u64) + Sync));

/// What was seen of all replicas of one N.
#[derive(Debug, Clone)]
pub struct Measured {
    /// Number of replicas.
    pub replicas: u64,
    /// Number of collisions simulated.
    pub collisions: u64,
    /// Where the time went; no number depends on it.
    pub profile: Profile,
    /// The relative change of the energy of copies without a bath, over some
    /// collisions; `None` where nothing collides.
    pub energy_drift: Option<f64>,
    /// A small gas with the same rates, watched collision by collision.
    pub pilot: Pilot,
    /// Angles and bath velocities, read off one by one.
    pub probe: Probe,
    /// What was seen of the paths of the run itself.
    pub seen: Seen,
    /// Bits of the last velocity of particle 0 in the first copy, of some replicas in which
    /// it collided, chosen by these bits: replicas that are equal are chosen together.
    pub last_velocities: Vec<u64>,
    /// Replicas with exactly one collision, where a claim is about them.
    pub jump: Jump,
    /// Means of all columns over the record times; see [`Measured::mean`].
    means: [Means; COLUMNS],
    /// For each [`Quantity`], its column's covariances over the record times.
    pub tracked: [Covariances; 4],
    /// At each record time, m1 and m2 of the first and of the second copy.
    pub low_moments: Cross,
    /// ‖Δ‖² at each record time.
    pub discrepancy: Powers,
    /// Over batches: W₂² and Σ_pool Δ²/sample at each record time of W₂.
    pub distances: Means,
    /// Velocities of the first replicas at each record time of W₂.
    pub kept: Vec<Kept>,
}

/// Replicas that a thread simulates at a time: the whole replicas whose
/// velocities make a W₂ batch of `sample`, ⌈sample/N⌉, if that is not 0.
pub fn chunk(particles: usize, sample: usize) -> u64 {
    if sample == 0 {
        (CHUNK_PARTICLES / particles as u64).clamp(1, MOST_IN_CHUNK)
    } else {
        sample.div_ceil(particles) as u64
    }
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
        Job {
            gas: Arc::new(gas),
            initial: Arc::new(InitialPairs::of_joints(
                &experiment.first,
                &experiment.second,
                experiment.joints,
                experiment.pairing,
            )),
            coupling: experiment.coupling,
            rematch: experiment.rematch,
            rematch_times: experiment.rematch_times(),
            seed: experiment.seed,
            replicas,
            alone: false,
            places,
            sizes,
            tracked,
            distances: experiment.wasserstein_indices(),
            sample: experiment.wasserstein.map_or(0, |plan| plan.sample),
            bracketed: bracketed(experiment, particles, replicas),
            pilot_velocity: theory.second_moment(System::First, 0.0).sqrt(),
            jumps: is_needed(experiment, Need::FirstCollisions),
        }
    }

    /// The same job under another seed, to be run on the current thread alone:
    /// small jobs are better done side by side than one after the other. It
    /// gives the same bits as on a thread pool.
    pub fn alone(&self, seed: u64) -> Job {
        Job {
            seed,
            alone: true,
            ..self.clone()
        }
    }

    /// Replicas that a thread simulates at a time.
    pub fn chunk(&self) -> u64 {
        chunk(self.gas.particles, self.sample)
    }

    /// Simulate everything, on the current thread pool unless the job is
    /// [`alone`](Job::alone). `progress` is told how many more replicas are done,
    /// from any thread.
    pub fn run(&self, engine: Engine, progress: &(dyn Fn(u64) + Sync)) -> Measured {
        self.extend(Measured::new(self), self.replicas, engine, progress)
    }

    /// Go on from what was measured of the first replicas, a whole number of
    /// chunks, up to `upto`: the same numbers as all at once.
    pub fn extend(
        &self,
        measured: Measured,
        upto: u64,
        engine: Engine,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Measured {
        let seen = (measured, upto, progress);
        let measured = match (self.coupling, engine) {
            (CouplingKind::Synchronous, Engine::Block) => {
                self.extend_same(seen, Synchronous, BlockPath::new)
            }
            (CouplingKind::Synchronous, Engine::Plain) => {
                self.extend_same(seen, Synchronous, PlainPath::new)
            }
            (CouplingKind::Aligned, Engine::Block) => {
                self.extend_same(seen, Aligned, BlockPath::new)
            }
            (CouplingKind::Aligned, Engine::Plain) => {
                self.extend_same(seen, Aligned, PlainPath::new)
            }
            (CouplingKind::Independent, Engine::Block) => self.extend_own(seen, BlockPath::new),
            (CouplingKind::Independent, Engine::Plain) => self.extend_own(seen, PlainPath::new),
        };
        match engine {
            Engine::Block => self.probed(measured, |gas| BlockPath::new(gas, Reveal)),
            Engine::Plain => self.probed(measured, |gas| PlainPath::new(gas, Reveal)),
        }
    }

    /// What was measured, with what a path made by `new_path`, which [`Reveal`] moves,
    /// shows of the marks.
    pub fn probed<P: Path>(
        &self,
        measured: Measured,
        new_path: impl Fn(&Arc<Gas>) -> P,
    ) -> Measured {
        let has_bath = self.gas.rates.bath > 0.0;
        let particles = if has_bath {
            1
        } else {
            self.gas.particles.min(2)
        };
        let gas = Arc::new(self.gas.resized(particles, self.gas.rates));
        let rate = gas.rates.total(particles);
        if rate == 0.0 {
            return measured;
        }
        let [least, most] = PROBED;
        let wanted = (measured.collisions / COLLISIONS_PER_PROBED).clamp(least, most);
        let name = ReplicaKey::new(self.seed, particles as u64, u64::MAX, 0);
        let stop = gas.place(wanted as f64 / rate);
        Measured {
            probe: Probe::watch(&mut new_path(&gas), name, stop, has_bath),
            ..measured
        }
    }

    /// Extend with copies that see the same collisions, on paths of this kind.
    fn extend_same<C: Coupling, P: Path>(
        &self,
        (measured, upto, progress): Extension,
        coupling: C,
        path: impl Fn(&Arc<Gas>, C) -> P + Sync,
    ) -> Measured {
        let initial = &self.initial;
        let pair = |gas: &Arc<Gas>| SameCollisions::new(gas, initial, path(gas, coupling));
        match self.rematch {
            Rematch::Never => self.extend_on(measured, upto, progress, pair),
            Rematch::Output | Rematch::Every(_) => {
                self.extend_on(measured, upto, progress, |gas| {
                    self.rematched(gas, pair(gas))
                })
            }
            Rematch::Event => self.extend_on(measured, upto, progress, |gas| {
                RematchedAtEvents::new(gas, initial, path(gas, coupling))
            }),
        }
    }

    /// Extend with unrelated copies, on paths of this kind.
    ///
    /// They have no collisions in common; a permutation on the way does not change
    /// the law of what is recorded, whatever its times.
    fn extend_own<P: Path>(
        &self,
        (measured, upto, progress): Extension,
        path: impl Fn(&Arc<Gas>, Synchronous) -> P + Sync,
    ) -> Measured {
        let pair = |gas: &Arc<Gas>| {
            let paths = [(); 2].map(|()| path(gas, Synchronous));
            OwnCollisions::new(gas, &self.initial, paths)
        };
        match self.rematch {
            Rematch::Never => self.extend_on(measured, upto, progress, pair),
            // Configs refuse to rematch these at every event; then it is in records only.
            _ => self.extend_on(measured, upto, progress, |gas| {
                self.rematched(gas, pair(gas))
            }),
        }
    }

    fn rematched<P: Permutable>(&self, gas: &Gas, pair: P) -> Rematched<P> {
        let times = self.rematch_times.iter();
        Rematched::new(pair, times.map(|&time| gas.place(time)).collect())
    }

    /// Simulate everything with pairs of copies made by `new_pair` for a gas, one
    /// for each thread.
    pub fn run_on<P: CoupledPair>(
        &self,
        progress: &(dyn Fn(u64) + Sync),
        new_pair: impl Fn(&Arc<Gas>) -> P + Sync,
    ) -> Measured {
        self.extend_on(Measured::new(self), self.replicas, progress, new_pair)
    }

    fn extend_on<P: CoupledPair>(
        &self,
        measured: Measured,
        upto: u64,
        progress: &(dyn Fn(u64) + Sync),
        new_pair: impl Fn(&Arc<Gas>) -> P + Sync,
    ) -> Measured {
        let first = measured.replicas / self.chunk();
        debug_assert_eq!(measured.replicas, first * self.chunk(), "whole chunks");
        let chunks = first..upto.div_ceil(self.chunk());
        let threads = if self.alone {
            1
        } else {
            rayon::current_num_threads() as u64
        };
        let fresh = measured.replicas == 0;
        let in_order = InOrder::new(measured, chunks, CHUNKS_AHEAD * threads);
        let work = || {
            let _guard = StopOnPanic(&in_order);
            let mut pair = new_pair(&self.gas);
            let mut scratch = Scratch::new(self);
            while let Some(index) = in_order.take() {
                let from = index * self.chunk();
                let replicas = from..(from + self.chunk()).min(upto);
                let done = replicas.end - replicas.start;
                let measured = self.run_chunk(&mut pair, replicas, &mut scratch);
                in_order.add(index, measured);
                progress(done);
            }
        };
        if self.alone {
            work();
        } else {
            rayon::broadcast(|_| work());
        }
        let mut measured = in_order.total();
        if fresh {
            measured.energy_drift = self.energy_drift(&new_pair);
        }
        measured.pilot = self.pilot(measured.collisions, &new_pair);
        let (jump, seconds) = self.jump(measured.replicas, &new_pair);
        measured.jump = jump;
        measured.profile.collisions += seconds;
        measured
    }

    /// Look at so many replicas after one collision, if that is asked for. Returns also the
    /// seconds of all threads.
    fn jump<P: CoupledPair>(
        &self,
        replicas: u64,
        new_pair: impl Fn(&Arc<Gas>) -> P + Sync,
    ) -> (Jump, f64) {
        let (mut jump, mut seconds) = (Jump::default(), 0.0);
        let rate = self.gas.rates.total(self.gas.particles);
        if !self.jumps || rate == 0.0 {
            return (jump, seconds);
        }
        let stop = self.gas.place(1.0 / rate);
        let part = replicas.div_ceil(JUMP_PARTS).clamp(1, JUMPS_IN_PART);
        let watched = |from: u64| {
            let mut watch = Watch::start();
            let replicas = from..(from + part).min(replicas);
            let sums = jump::watch(&mut new_pair(&self.gas), self.seed, replicas, stop);
            (sums, watch.lap())
        };
        for from in (0..replicas).step_by((JUMP_PARTS * part) as usize) {
            let parts = (0..JUMP_PARTS).map(|number| from + number * part);
            let parts: Vec<u64> = parts.take_while(|&from| from < replicas).collect();
            let watched: Vec<_> = if self.alone {
                parts.into_iter().map(watched).collect()
            } else {
                parts.into_par_iter().map(watched).collect()
            };
            for (sums, more) in watched {
                seconds += more;
                for sums in sums {
                    jump.add(self.gas.particles, sums);
                }
            }
        }
        (jump, seconds)
    }

    /// Watch a small gas, for a run of so many collisions.
    fn pilot<P: CoupledPair>(&self, collisions: u64, new_pair: impl Fn(&Arc<Gas>) -> P) -> Pilot {
        let rate = self.gas.rates.total(pilot::PARTICLES);
        let Ok(bath) = Point::new(self.pilot_velocity) else {
            return Pilot::default();
        };
        if rate == 0.0 {
            return Pilot::default();
        }
        let small = self.gas.resized(pilot::PARTICLES, self.gas.rates);
        let gas = Arc::new(Gas {
            bath: BathVelocities::new(&bath.into()),
            ..small
        });
        let stop = |index: u32| gas.place(0.5 * f64::from(index) / rate);
        let stops: Vec<Place> = (0..PILOT_STOPS).map(stop).collect();
        let [least, most] = PILOTS;
        let replicas = (collisions / COLLISIONS_PER_PILOT).clamp(least, most);
        let mut pair = new_pair(&gas);
        let common = match (self.coupling, self.rematch) {
            (CouplingKind::Independent, _) => Common::Nothing,
            (coupling, Rematch::Never) => Common::Angles(coupling),
            _ => Common::Collisions,
        };
        let watched = (self.pilot_velocity, common);
        Pilot::watch(&mut pair, self.seed, replicas, &stops, watched)
    }

    /// How much the energies of two copies without a bath change over some
    /// collisions, relatively: the larger one. `None` where nothing collides.
    fn energy_drift<P: CoupledPair>(&self, new_pair: impl Fn(&Arc<Gas>) -> P) -> Option<f64> {
        let rates = Rates {
            bath: 0.0,
            ..self.gas.rates
        };
        let particles = self.gas.particles.min(DRIFT_PARTICLES);
        let closed = self.gas.resized(particles, rates);
        let rate = closed.rates.total(closed.particles);
        if rate == 0.0 {
            return None;
        }
        let gas = Arc::new(closed);
        let mut pair = new_pair(&gas);
        pair.restart(
            self.seed,
            u64::MAX,
            &[0.0, DRIFT_COLLISIONS / rate].map(|time| gas.place(time)),
        );
        let [before, after] = [(); 2].map(|()| {
            pair.advance();
            let sums = pair.sums();
            [sums[SQUARES[0]], sums[SQUARES[1]]]
        });
        let changes = before.iter().zip(&after);
        let change = changes.map(|(before, after)| (after - before).abs());
        let change = change.fold(0.0, f64::max);
        // Of both copies: what one is rounded to can depend on the other.
        let energy = before.into_iter().fold(0.0, f64::max);
        Some(if energy > 0.0 {
            change / energy
        } else {
            change
        })
    }

    fn run_chunk<P: CoupledPair>(
        &self,
        pair: &mut P,
        replicas: Range<u64>,
        scratch: &mut Scratch,
    ) -> Measured {
        let mut measured = Measured::new(self);
        measured.replicas = replicas.end - replicas.start;
        for pool in &mut scratch.pools {
            pool.clear();
        }
        let mut from = replicas.start;
        while from < replicas.end {
            let together = (replicas.end - from).min(TALLIED_TOGETHER) as usize;
            for index in 0..together {
                let mut timed = (index == together / 2).then(Profile::default);
                measured.collisions += self.run_replica(pair, from, index, scratch, timed.as_mut());
                measured.last_velocities.extend(scratch.last_velocity);
                if let Some(profile) = timed {
                    measured.profile.collisions += profile.collisions * together as f64;
                    measured.profile.records += profile.records * together as f64;
                }
            }
            let mut watch = Watch::start();
            measured.tally(self, scratch.records.columns(together));
            measured.profile.tallies += watch.lap();
            from += together as u64;
        }
        if measured.replicas == self.chunk() && !self.distances.is_empty() {
            let mut watch = Watch::start();
            let mut batch = scratch.distances();
            measured.profile.sorting += watch.lap();
            let batch = Centred::new(2 * self.distances.len(), &mut batch);
            measured.distances.add(&batch);
        }
        for (kept, pool) in measured.kept.iter_mut().zip(&mut scratch.pools) {
            *kept = std::mem::take(&mut pool.kept);
        }
        measured.seen = pair.take_seen();
        measured
    }

    /// The bits of a velocity if it has changed from what it was, and if it is one of the
    /// share of [`LAST_VELOCITIES`] that are kept.
    fn last_velocity(&self, first: f64, last: f64) -> Option<u64> {
        let changed = last != first && last.abs() > LEAST_VELOCITY;
        let every = (self.replicas / LAST_VELOCITIES).max(1);
        (changed && mix(last.to_bits()).is_multiple_of(every)).then_some(last.to_bits())
    }

    /// Simulate the `index`-th replica from `from` on; its records go to the
    /// records of that index, its velocities to the pools.
    fn run_replica<P: CoupledPair>(
        &self,
        pair: &mut P,
        from: u64,
        index: usize,
        scratch: &mut Scratch,
        mut profile: Option<&mut Profile>,
    ) -> u64 {
        let mut watch = profile.is_some().then(Watch::start);
        pair.restart(self.seed, from + index as u64, &self.places);
        let mut pools = self.distances.iter().zip(&mut scratch.pools).peekable();
        let mut start = 0.0;
        for time in 0..self.places.len() {
            pair.advance();
            if let (Some(profile), Some(watch)) = (&mut profile, &mut watch) {
                profile.collisions += watch.lap();
            }
            scratch.records.set(index, time, pair.sums());
            if time == 0 {
                start = pair.particle(0).0;
            }
            if let Some((_, pool)) = pools.next_if(|(at, _)| **at == time) {
                pool.fill(pair, &mut scratch.particles, self.sample);
                if from + (index as u64) < self.bracketed {
                    pool.kept.add(pair, &mut scratch.particles);
                }
            }
            if let (Some(profile), Some(watch)) = (&mut profile, &mut watch) {
                profile.records += watch.lap();
            }
        }
        scratch.last_velocity = self.last_velocity(start, pair.particle(0).0);
        pair.collisions()
    }
}

/// Velocities of both copies at one time, replica after replica.
#[derive(Debug, Clone, Default)]
pub struct Kept {
    /// V.
    pub first: Vec<f64>,
    /// V′.
    pub second: Vec<f64>,
}

impl Kept {
    fn add(&mut self, pair: &impl CoupledPair, particles: &mut Particles) {
        for from in (0..pair.particles()).step_by(Particles::MOST) {
            pair.read(from, particles);
            self.first.extend_from_slice(particles.first());
            self.second.extend_from_slice(particles.second());
        }
    }
}

/// How many replicas of N particles the bracket of an experiment is made of.
pub fn bracketed(experiment: &Experiment, particles: usize, replicas: u64) -> u64 {
    let velocities = experiment.wasserstein.map_or(0, |plan| plan.bracket);
    replicas.min((velocities / particles) as u64)
}

/// Velocities pooled for a W₂ batch at one record time.
#[derive(Debug, Default)]
struct Pool {
    first: Sample,
    second: Sample,
    /// Σ Δ² over the pooled particles.
    squares: f64,
    /// Velocities of whole replicas.
    kept: Kept,
}

impl Pool {
    fn clear(&mut self) {
        self.first.clear();
        self.second.clear();
        self.squares = 0.0;
    }

    /// Take particles of a replica until there are `sample`.
    fn fill(&mut self, pair: &impl CoupledPair, particles: &mut Particles, sample: usize) {
        for from in (0..pair.particles()).step_by(Particles::MOST) {
            let wanted = sample - self.first.len();
            if wanted == 0 {
                return;
            }
            pair.read(from, particles);
            let wanted = wanted.min(particles.first().len());
            self.first.extend(&particles.first()[..wanted]);
            self.second.extend(&particles.second()[..wanted]);
            for difference in &particles.difference()[..wanted] {
                self.squares += difference * difference;
            }
        }
    }
}

/// What a thread needs beside the particles, kept from chunk to chunk.
#[derive(Debug)]
struct Scratch {
    particles: Particles,
    /// Records of the replicas that are tallied together.
    records: Records,
    /// A pool for each record time of W₂.
    pools: Vec<Pool>,
    /// What [`Measured::last_velocities`] has of the last replica.
    last_velocity: Option<u64>,
}

impl Scratch {
    fn new(job: &Job) -> Self {
        // Fewer replicas than a batch takes fill no pool.
        let velocities = job.replicas.saturating_mul(job.gas.particles as u64);
        let size = velocities.min(job.sample as u64) as usize;
        let pool = || Pool {
            first: Sample::with_capacity(size),
            second: Sample::with_capacity(size),
            squares: 0.0,
            kept: Kept::default(),
        };
        let together = job.chunk().min(job.replicas).min(TALLIED_TOGETHER) as usize;
        Scratch {
            particles: Particles::default(),
            records: Records::new(job.gas.particles, job.places.len(), together),
            pools: job.distances.iter().map(|_| pool()).collect(),
            last_velocity: None,
        }
    }

    /// W₂² and ΣΔ²/sample of each pool, in turn, in whole lanes.
    fn distances(&mut self) -> Vec<[f64; LANES]> {
        let mut line = vec![[0.0; LANES]; (2 * self.pools.len()).div_ceil(LANES)];
        let cells = line.as_flattened_mut().chunks_exact_mut(2);
        for (cells, pool) in cells.zip(&mut self.pools) {
            let size = pool.first.len() as f64;
            let distance = squared_distance(&mut pool.first, &mut pool.second);
            cells.copy_from_slice(&[distance, pool.squares / size]);
        }
        line
    }
}

/// Hands out chunks, and merges their tallies in order, whatever order they come
/// in.
///
/// A thread that would get too far ahead of the first chunk that is not merged
/// waits. The thread that has that chunk never does, so all get on.
struct InOrder {
    progress: Mutex<InOrderProgress>,
    /// Told when chunks were merged.
    merged: Condvar,
    end: u64,
    ahead: u64,
}

/// How far an [`InOrder`] is.
struct InOrderProgress {
    total: Measured,
    /// The first chunk that nobody has.
    untaken: u64,
    /// The first chunk that is not merged.
    next: u64,
    waiting: BTreeMap<u64, Measured>,
    /// Whether a thread panicked: its chunk will never come.
    stopped: bool,
}

impl InOrder {
    /// Of these chunks, on top of what was measured before; no chunk is handed
    /// out while one that is `ahead` earlier is not merged.
    fn new(total: Measured, chunks: Range<u64>, ahead: u64) -> Self {
        InOrder {
            progress: Mutex::new(InOrderProgress {
                total,
                untaken: chunks.start,
                next: chunks.start,
                waiting: BTreeMap::new(),
                stopped: false,
            }),
            merged: Condvar::new(),
            end: chunks.end,
            ahead,
        }
    }

    fn progress(&self) -> MutexGuard<'_, InOrderProgress> {
        self.progress.lock().expect("nothing panics in merging")
    }

    /// The next chunk, when its turn has come; `None` if there are no more.
    fn take(&self) -> Option<u64> {
        let too_far = |progress: &mut InOrderProgress| {
            progress.untaken < self.end
                && progress.untaken >= progress.next + self.ahead
                && !progress.stopped
        };
        let mut progress = (self.merged)
            .wait_while(self.progress(), too_far)
            .expect("nothing panics in merging");
        if progress.stopped || progress.untaken == self.end {
            return None;
        }
        progress.untaken += 1;
        Some(progress.untaken - 1)
    }

    fn add(&self, index: u64, measured: Measured) {
        let mut progress = self.progress();
        let mut watch = Watch::start();
        progress.waiting.insert(index, measured);
        let mut next = progress.next;
        while let Some(measured) = progress.waiting.remove(&next) {
            progress.total.merge(&measured);
            next += 1;
        }
        progress.next = next;
        progress.total.profile.tallies += watch.lap();
        drop(progress);
        self.merged.notify_all();
    }

    /// What was measured, when all chunks are merged.
    fn total(self) -> Measured {
        let progress = self.progress.into_inner();
        progress.expect("nothing panics in merging").total
    }
}

/// Lets no other thread wait for the chunk of one that panics.
struct StopOnPanic<'a>(&'a InOrder);

impl Drop for StopOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking()
            && let Ok(mut progress) = self.0.progress.lock()
        {
            progress.stopped = true;
            self.0.merged.notify_all();
        }
    }
}

impl Measured {
    /// Of no replicas.
    pub fn new(job: &Job) -> Self {
        let times = job.places.len();
        Measured {
            replicas: 0,
            collisions: 0,
            profile: Profile::default(),
            energy_drift: None,
            pilot: Pilot::default(),
            probe: Probe::default(),
            seen: Seen::default(),
            last_velocities: vec![],
            jump: Jump::default(),
            means: std::array::from_fn(|_| Means::new(times)),
            tracked: std::array::from_fn(|_| Covariances::new(times)),
            low_moments: Cross::new(times),
            discrepancy: Powers::new(&job.sizes),
            distances: Means::new(2 * job.distances.len()),
            kept: vec![Kept::default(); job.distances.len()],
        }
    }

    /// Take in records: the columns of some replicas.
    fn tally(&mut self, job: &Job, columns: [&mut [[f64; LANES]]; COLUMNS]) {
        let columns = columns.map(|lines| Centred::new(job.places.len(), lines));
        for (means, column) in self.means.iter_mut().zip(&columns) {
            means.add(column);
        }
        for (covariances, &column) in self.tracked.iter_mut().zip(&job.tracked) {
            covariances.add(&columns[column]);
        }
        self.low_moments
            .add(LOW_MOMENTS.map(|(system, moment)| &columns[column(system, moment)]));
        self.discrepancy.add(&columns[DISCREPANCY]);
    }

    fn merge(&mut self, other: &Measured) {
        self.replicas += other.replicas;
        self.collisions += other.collisions;
        for (mine, theirs) in self.means.iter_mut().zip(&other.means) {
            mine.merge(theirs);
        }
        for (mine, theirs) in self.tracked.iter_mut().zip(&other.tracked) {
            mine.merge(theirs);
        }
        self.low_moments.merge(&other.low_moments);
        self.discrepancy.merge(&other.discrepancy);
        self.distances.merge(&other.distances);
        for (mine, theirs) in self.kept.iter_mut().zip(&other.kept) {
            mine.first.extend_from_slice(&theirs.first);
            mine.second.extend_from_slice(&theirs.second);
        }
        self.seen.merge(&other.seen);
        self.last_velocities
            .extend_from_slice(&other.last_velocities);
        self.profile.merge(&other.profile);
    }

    /// The number of replicas whose last velocity was kept, and of those that repeat one.
    pub fn repeated_replicas(&self) -> Drawn {
        let mut sorted = self.last_velocities.clone();
        sorted.sort_unstable();
        Drawn::new(&sorted)
    }

    /// The mean over replicas of a column at a record time, and its standard
    /// error.
    pub fn mean(&self, time: usize, column: usize) -> (f64, Option<f64>) {
        let means = &self.means[column];
        (means.mean(time), means.std_error(time))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::path::Path;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    /// Twenty chunks of a committed experiment.
    fn job() -> Job {
        let path = Path::new("experiments/theorem6.toml");
        let mut experiment = load(path).unwrap().experiment;
        experiment.sweep = vec![(3, 20 * MOST_IN_CHUNK)];
        experiment.wasserstein = None;
        Job::new(&experiment, 0, &experiment.theory(3))
    }

    /// A pair that does something beside at the start of each replica.
    struct Beside<'a, P> {
        pair: P,
        start: &'a (dyn Fn(u64) + Sync),
    }

    impl<P: CoupledPair> CoupledPair for Beside<'_, P> {
        fn restart(&mut self, seed: u64, replica: u64, stops: &[Place]) {
            (self.start)(replica);
            self.pair.restart(seed, replica, stops);
        }
        fn advance(&mut self) {
            self.pair.advance();
        }
        fn particles(&self) -> usize {
            self.pair.particles()
        }
        fn particle(&self, index: usize) -> (f64, f64, f64) {
            self.pair.particle(index)
        }
        fn collisions(&self) -> u64 {
            self.pair.collisions()
        }
    }

    fn run(job: &Job, threads: usize, start: &(dyn Fn(u64) + Sync)) -> Measured {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build().unwrap().install(|| {
            job.run_on(&|_| (), |gas| Beside {
                pair: SameCollisions::new(gas, &job.initial, BlockPath::new(gas, Synchronous)),
                start,
            })
        })
    }

    #[test]
    fn threads_wait_for_one_that_stalls() {
        let (job, threads) = (job(), 3);
        let furthest = AtomicU64::new(0);
        let during_stall = AtomicU64::new(0);
        let measured = run(&job, threads, &|replica| {
            if replica == 0 {
                std::thread::sleep(Duration::from_millis(300));
                during_stall.store(furthest.load(Ordering::SeqCst), Ordering::SeqCst);
            } else if replica < job.replicas {
                furthest.fetch_max(replica / job.chunk(), Ordering::SeqCst);
            }
        });
        let reached = during_stall.into_inner();
        assert!(reached < CHUNKS_AHEAD * threads as u64, "{reached}");
        assert_eq!(furthest.into_inner(), 19);
        assert_eq!(measured.replicas, job.replicas);
        let alone = job.alone(job.seed).run(Engine::Block, &|_| ());
        for time in 0..job.places.len() {
            assert_eq!(alone.mean(time, 0), measured.mean(time, 0));
        }
    }

    #[test]
    fn single_collisions_are_taken_in_in_order() {
        let mut job = job();
        job.jumps = true;
        let new_pair = |gas: &Arc<Gas>| {
            SameCollisions::new(gas, &job.initial, BlockPath::new(gas, Synchronous))
        };
        let stop = job.gas.place(1.0 / job.gas.rates.total(3));
        let most = JUMP_PARTS * JUMPS_IN_PART;
        for replicas in [0, 1, 40, 5000, most + 1] {
            let mut expected = Jump::default();
            for sums in jump::watch(&mut new_pair(&job.gas), job.seed, 0..replicas, stop) {
                expected.add(3, sums);
            }
            let alone = job.alone(job.seed);
            for job in [&job, &alone] {
                let (found, _) = job.jump(replicas, new_pair);
                assert_eq!(found.replicas, expected.replicas, "{replicas}");
                assert_eq!(found.moments(1), expected.moments(1), "{replicas}");
            }
        }
    }

    #[test]
    fn replicas_are_compared_whatever_their_number() {
        let mut job = job();
        assert_eq!(job.last_velocity(1.0, 1.0), None);
        assert_eq!(job.last_velocity(1.0, 0.0), None);
        assert_eq!(job.last_velocity(1.0, 0.5), Some(0.5f64.to_bits()));
        // A fifteenth of a million replicas is kept.
        job.replicas = 1_000_000;
        let velocities = (1..=100_000).map(f64::from);
        let kept = velocities.filter(|&v| job.last_velocity(0.0, v).is_some());
        assert!(kept.count().abs_diff(100_000 / 15) < 400);
        let job = self::job();
        let kept = |threads| {
            let measured = run(&job, threads, &|_| ());
            assert_eq!(measured.repeated_replicas().repeated, 0);
            measured.last_velocities
        };
        assert_eq!(kept(1), kept(3));
    }

    #[test]
    fn a_panic_ends_the_run() {
        let job = job();
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            run(&job, 2, &|replica| assert_ne!(replica, 700, "planted"));
        }));
        assert!(panicked.is_err());
    }

    #[test]
    fn energy_drift_is_found_once() {
        let job = job();
        let started = AtomicU64::new(0);
        let count = |replica| {
            started.fetch_add(u64::from(replica == u64::MAX), Ordering::SeqCst);
        };
        let new_pair = |gas: &Arc<Gas>| Beside {
            pair: SameCollisions::new(gas, &job.initial, BlockPath::new(gas, Synchronous)),
            start: &count,
        };
        let first = job.extend_on(Measured::new(&job), 2 * job.chunk(), &|_| (), new_pair);
        let drift = first.energy_drift;
        assert!(drift.is_some_and(|drift| drift < 1e-12));
        let all = job.extend_on(first, job.replicas, &|_| (), new_pair);
        assert_eq!(all.energy_drift, drift);
        assert_eq!(started.into_inner(), 1);
    }
}
