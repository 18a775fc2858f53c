//! The replicas of one N, to be simulated, and what is simulated beside them.

use super::first_collision::{FirstCollisionStage, FirstCollisions};
use super::forest::Forest;
use super::marks::{Probe, Reveal};
use super::pairs::{PairPlan, PairStage, Pairs};
use super::profile::Profile;
use super::runner::{Control, extend};
use super::small_gas::{self, Common, SmallGas, SmallGasStage};
use super::{Engine, Measured};
use crate::experiment::Experiment;
use crate::law::Point;
use crate::model::Rates;
use crate::model::coupling::{Aligned, Coupling, CouplingKind, Rematch, Synchronous};
use crate::random::ReplicaKey;
use crate::simulate::bath::BathVelocities;
use crate::simulate::block::BlockPath;
use crate::simulate::initial::InitialPairs;
use crate::simulate::pair::{CoupledPair, OwnCollisions, SameCollisions};
use crate::simulate::plain::PlainPath;
use crate::simulate::powers::SQUARES;
use crate::simulate::rematch::{Permutable, Rematched, RematchedAtEvents};
use crate::simulate::{Gas, Path};
use crate::theory::{System, Theory};
use std::ops::Range;
use std::sync::Arc;

/// The small gas is looked at 33 times, half a collision apart. There is one replica of it per 8192
/// collisions of the run, and between 32 and 4096 of them: about 1 % of the run.
const SMALL_GAS_STOPS: u32 = 33;
const COLLISIONS_PER_SMALL_GAS: f64 = 8192.0;
const SMALL_GASES: [u64; 2] = [32, 4096];

/// The marks of one collision are read off per 256 collisions of the run, and of between 512
/// and 32 768 in all: less than 1 % of the run.
const COLLISIONS_PER_PROBED: f64 = 256.0;
const PROBED: [u64; 2] = [512, 1 << 15];

/// Particles, at most, and collisions for which copies without a bath are
/// watched.
const DRIFT_PARTICLES: usize = 64;
const DRIFT_COLLISIONS: f64 = 4096.0;

/// All replicas of one N, to be simulated.
#[derive(Debug, Clone)]
pub struct Job {
    /// The replicas, and what is tallied of them.
    plan: PairPlan,
    initial: Arc<InitialPairs>,
    coupling: CouplingKind,
    rematch: Rematch,
    /// Times at which paths are rematched.
    rematch_times: Vec<f64>,
    /// Expected collisions of all replicas.
    collisions: f64,
    /// If true, one thread does everything, and nothing is simulated beside the replicas.
    single_threaded: bool,
    /// The velocity of all bath particles of the small gas: that of a typical
    /// particle.
    typical_velocity: f64,
    /// Whether replicas are also looked at after exactly one collision.
    has_first_collisions: bool,
}

/// The tallies of the replicas of a job so far, and of the simulations beside them.
#[derive(Debug, Clone)]
pub struct Samples {
    /// The coupled pairs.
    pub pairs: Forest<Pairs>,
    /// Their first collisions.
    pub first_collisions: Forest<FirstCollisions>,
    /// The small gas.
    pub small_gas: Forest<SmallGas>,
    /// The relative change of the energy of copies without a bath, over some
    /// collisions; `None` where nothing collides.
    energy_drift: Option<f64>,
    /// Angles and bath velocities, read off one by one.
    probe: Option<Probe>,
    /// The seconds of all threads.
    profile: Profile,
}

/// Expected collisions of a replica, of both copies where they differ.
fn expected_collisions(experiment: &Experiment, particles: usize) -> f64 {
    let rate = experiment.rates().for_particles(particles).total(particles);
    let paths = match experiment.coupling {
        CouplingKind::Synchronous | CouplingKind::Aligned => 1.0,
        CouplingKind::Independent => 2.0,
    };
    paths * rate * experiment.end
}

impl Job {
    /// The replicas of entry `index` of an experiment's sweep.
    pub fn new(experiment: &Experiment, index: usize, theory: &Theory) -> Job {
        let (particles, replicas) = experiment.sweep[index];
        Job {
            plan: PairPlan::new(experiment, index, theory),
            initial: Arc::new(InitialPairs::of_joints(
                &experiment.first,
                &experiment.second,
                experiment.joints,
                experiment.pairing,
            )),
            coupling: experiment.coupling,
            rematch: experiment.rematch,
            rematch_times: experiment.rematch_times(),
            collisions: expected_collisions(experiment, particles) * replicas as f64,
            single_threaded: false,
            typical_velocity: theory.second_moment(System::First, 0.0).sqrt(),
            has_first_collisions: false,
        }
    }

    /// This job, which also looks at replicas after exactly one collision if that is wanted.
    pub fn with_first_collisions(self, wanted: bool) -> Job {
        Job {
            has_first_collisions: wanted,
            ..self
        }
    }

    /// This job under another seed, to be run on the current thread, with nothing beside its
    /// replicas. Their numbers are those of a thread pool, to the bit.
    pub fn single_threaded(&self, seed: u64) -> Job {
        Job {
            plan: PairPlan {
                seed,
                ..self.plan.clone()
            },
            single_threaded: true,
            ..self.clone()
        }
    }

    /// Replicas of a chunk.
    pub fn chunk(&self) -> u64 {
        self.plan.chunk()
    }

    /// The tally of no replicas.
    pub fn nothing(&self) -> Samples {
        Samples {
            pairs: Forest::new(self.chunk()),
            first_collisions: Forest::new(self.chunk()),
            small_gas: Forest::new(small_gas::CHUNK),
            energy_drift: None,
            probe: None,
            profile: Profile::default(),
        }
    }

    /// Simulate all replicas, on the current thread pool unless the job is
    /// [single-threaded](Job::single_threaded). `progress` is told how many more replicas are done,
    /// from any thread.
    pub fn run(&self, engine: Engine, progress: &(dyn Fn(u64) + Sync)) -> Measured {
        let mut samples = self.nothing();
        self.extend(
            &mut samples,
            0..self.plan.replicas,
            engine,
            Control::new(progress),
        );
        self.measured(samples)
    }

    /// Simulate all replicas with pairs of copies made by `new_pair` for a gas, and read marks off
    /// a path made by `new_path`, which [`Reveal`] moves.
    pub fn run_on<P: CoupledPair, Q: Path>(
        &self,
        progress: &(dyn Fn(u64) + Sync),
        new_pair: impl Fn(&Arc<Gas>) -> P + Sync,
        new_path: impl Fn(&Arc<Gas>) -> Q,
    ) -> Measured {
        let mut samples = self.nothing();
        let control = Control::new(progress);
        self.extend_on(&mut samples, 0..self.plan.replicas, control, new_pair);
        self.read_marks(&mut samples, new_path);
        self.measured(samples)
    }

    /// Simulate the replicas of a range that begins with a chunk, as far as the samples do not have
    /// them, and what is simulated beside them if that has not been done: it depends on the job
    /// alone.
    pub fn extend(
        &self,
        samples: &mut Samples,
        replicas: Range<u64>,
        engine: Engine,
        control: Control,
    ) {
        match engine {
            Engine::Block => {
                self.extend_coupled(samples, replicas, control, BlockPath::new, BlockPath::new);
                self.read_marks(samples, |gas| BlockPath::new(gas, Reveal));
            }
            Engine::Plain => {
                self.extend_coupled(samples, replicas, control, PlainPath::new, PlainPath::new);
                self.read_marks(samples, |gas| PlainPath::new(gas, Reveal));
            }
        }
    }

    /// The measurements, of samples without a gap.
    ///
    /// # Panics
    ///
    /// If replicas before others are missing.
    pub fn measured(&self, samples: Samples) -> Measured {
        const NO_GAP: &str = "replicas follow each other";
        let pairs = samples.pairs.total().expect(NO_GAP);
        let first_collisions = samples.first_collisions.total().expect(NO_GAP);
        let small_gas = samples.small_gas.total().expect(NO_GAP);
        let (replicas, pairs) = pairs.unwrap_or_else(|| (0, Pairs::new(&self.plan)));
        Measured {
            replicas,
            pairs,
            first_collisions: first_collisions.map(|(_, tally)| tally).unwrap_or_default(),
            small_gas: small_gas.map(|(_, tally)| tally).unwrap_or_default(),
            energy_drift: samples.energy_drift,
            probe: samples.probe.unwrap_or_default(),
            profile: samples.profile,
        }
    }

    /// Extend on the paths of an engine under the coupling of the job.
    fn extend_coupled<S: Path, A: Path>(
        &self,
        samples: &mut Samples,
        replicas: Range<u64>,
        control: Control,
        synchronous: impl Fn(&Arc<Gas>, Synchronous) -> S + Sync,
        aligned: impl Fn(&Arc<Gas>, Aligned) -> A + Sync,
    ) {
        match self.coupling {
            CouplingKind::Synchronous => {
                self.extend_same(samples, replicas, control, Synchronous, synchronous)
            }
            CouplingKind::Aligned => self.extend_same(samples, replicas, control, Aligned, aligned),
            CouplingKind::Independent => self.extend_own(samples, replicas, control, synchronous),
        }
    }

    /// Extend with copies that see the same collisions, on paths of this kind.
    fn extend_same<C: Coupling, P: Path>(
        &self,
        samples: &mut Samples,
        replicas: Range<u64>,
        control: Control,
        coupling: C,
        path: impl Fn(&Arc<Gas>, C) -> P + Sync,
    ) {
        let initial = &self.initial;
        let pair = |gas: &Arc<Gas>| SameCollisions::new(gas, initial, path(gas, coupling));
        match self.rematch {
            Rematch::Never => self.extend_on(samples, replicas, control, pair),
            Rematch::Output | Rematch::Every(_) => {
                self.extend_on(samples, replicas, control, |gas| {
                    self.rematched(gas, pair(gas))
                })
            }
            Rematch::Event => self.extend_on(samples, replicas, control, |gas| {
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
        samples: &mut Samples,
        replicas: Range<u64>,
        control: Control,
        path: impl Fn(&Arc<Gas>, Synchronous) -> P + Sync,
    ) {
        let pair = |gas: &Arc<Gas>| {
            let paths = [(); 2].map(|()| path(gas, Synchronous));
            OwnCollisions::new(gas, &self.initial, paths)
        };
        match self.rematch {
            Rematch::Never => self.extend_on(samples, replicas, control, pair),
            // Configs refuse to rematch these at every event; then it is in records only.
            _ => self.extend_on(samples, replicas, control, |gas| {
                self.rematched(gas, pair(gas))
            }),
        }
    }

    fn rematched<P: Permutable>(&self, gas: &Gas, pair: P) -> Rematched<P> {
        let times = self.rematch_times.iter();
        Rematched::new(pair, times.map(|&time| gas.place(time)).collect())
    }

    /// Extend with pairs of copies made by `new_pair` for a gas. Here each kind of replica that
    /// belongs to coupled pairs is run.
    fn extend_on<P: CoupledPair>(
        &self,
        samples: &mut Samples,
        replicas: Range<u64>,
        control: Control,
        new_pair: impl Fn(&Arc<Gas>) -> P + Sync,
    ) {
        let control = Control {
            single_threaded: self.single_threaded || control.single_threaded,
            ..control
        };
        let silent = Control {
            progress: &|_| (),
            ..control
        };
        let new_pair = &new_pair;
        let stage = PairStage {
            plan: &self.plan,
            new_pair,
        };
        let profile = &mut samples.profile;
        extend(
            &stage,
            &mut samples.pairs,
            replicas.clone(),
            control,
            profile,
        );
        let first =
            FirstCollisionStage::new(&self.plan.gas, self.plan.seed, self.chunk(), new_pair);
        if let Some(stage) = first.filter(|_| self.has_first_collisions) {
            extend(
                &stage,
                &mut samples.first_collisions,
                replicas,
                silent,
                profile,
            );
        }
        if self.single_threaded {
            return;
        }
        if let Some(stage) = self.small_gas(new_pair) {
            let [least, most] = SMALL_GASES;
            let gases = (self.collisions / COLLISIONS_PER_SMALL_GAS) as u64;
            let gases = 0..gases.clamp(least, most);
            extend(&stage, &mut samples.small_gas, gases, silent, profile);
        }
        if samples.energy_drift.is_none() {
            samples.energy_drift = self.energy_drift(new_pair);
        }
    }

    /// A small gas with the rates of the job; `None` if nothing collides.
    fn small_gas<'a, F>(&self, new_pair: &'a F) -> Option<SmallGasStage<'a, F>> {
        let rate = self.plan.gas.rates.total(small_gas::PARTICLES);
        let bath = Point::new(self.typical_velocity).ok()?;
        if rate == 0.0 {
            return None;
        }
        let gas = Gas {
            bath: BathVelocities::new(&bath.into()),
            ..self
                .plan
                .gas
                .resized(small_gas::PARTICLES, self.plan.gas.rates)
        };
        let stops = (0..SMALL_GAS_STOPS).map(|index| gas.place(0.5 * f64::from(index) / rate));
        Some(SmallGasStage {
            stops: stops.collect(),
            gas: Arc::new(gas),
            seed: self.plan.seed,
            bath_velocity: self.typical_velocity,
            common: match (self.coupling, self.rematch) {
                (CouplingKind::Independent, _) => Common::Nothing,
                (coupling, Rematch::Never) => Common::Angles(coupling),
                _ => Common::Collisions,
            },
            new_pair,
        })
    }

    /// Read marks off a path made by `new_path`, unless that has been done.
    fn read_marks<P: Path>(&self, samples: &mut Samples, new_path: impl Fn(&Arc<Gas>) -> P) {
        if samples.probe.is_some() || self.single_threaded {
            return;
        }
        let has_bath = self.plan.gas.rates.bath > 0.0;
        let particles = if has_bath {
            1
        } else {
            self.plan.gas.particles.min(2)
        };
        let gas = Arc::new(self.plan.gas.resized(particles, self.plan.gas.rates));
        let rate = gas.rates.total(particles);
        if rate == 0.0 {
            return;
        }
        let [least, most] = PROBED;
        let wanted = ((self.collisions / COLLISIONS_PER_PROBED) as u64).clamp(least, most);
        let name = ReplicaKey::new(self.plan.seed, particles as u64, u64::MAX, 0);
        let stop = gas.place(wanted as f64 / rate);
        samples.probe = Some(Probe::watch(&mut new_path(&gas), name, stop, has_bath));
    }

    /// The larger change of the energies of two copies without a bath over some collisions,
    /// relative to the larger energy; `None` where nothing collides.
    fn energy_drift<P: CoupledPair>(&self, new_pair: &impl Fn(&Arc<Gas>) -> P) -> Option<f64> {
        let rates = Rates {
            bath: 0.0,
            ..self.plan.gas.rates
        };
        let particles = self.plan.gas.particles.min(DRIFT_PARTICLES);
        let closed = self.plan.gas.resized(particles, rates);
        let rate = closed.rates.total(closed.particles);
        if rate == 0.0 {
            return None;
        }
        let gas = Arc::new(closed);
        let mut pair = new_pair(&gas);
        pair.restart(
            self.plan.seed,
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
        // It is the larger energy, for the rounding of one copy can depend on the other.
        let energy = before.into_iter().fold(0.0, f64::max);
        Some(if energy > 0.0 {
            change / energy
        } else {
            change
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::pairs::MOST_IN_CHUNK;
    use super::*;
    use crate::config::load;
    use crate::simulate::slabs::Place;
    use std::collections::BTreeMap;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

    /// Twenty chunks and a half of a committed experiment.
    fn job() -> Job {
        let path = std::path::Path::new("experiments/lemma3.toml");
        let mut experiment = load(path).unwrap().experiment;
        experiment.sweep = vec![(3, 20 * MOST_IN_CHUNK + MOST_IN_CHUNK / 2)];
        Job::new(&experiment, 0, &experiment.theory(3)).with_first_collisions(true)
    }

    /// A pair that tells of the start of each replica: its number, and the number of its stops.
    struct Watched<'a, P> {
        pair: P,
        start: &'a (dyn Fn(u64, usize) + Sync),
    }

    impl<P: CoupledPair> CoupledPair for Watched<'_, P> {
        fn restart(&mut self, seed: u64, replica: u64, stops: &[Place]) {
            (self.start)(replica, stops.len());
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

    fn extend(
        job: &Job,
        samples: &mut Samples,
        replicas: Range<u64>,
        control: Control,
        start: &(dyn Fn(u64, usize) + Sync),
    ) {
        job.extend_on(samples, replicas, control, |gas| Watched {
            pair: SameCollisions::new(gas, &job.initial, BlockPath::new(gas, Synchronous)),
            start,
        });
    }

    /// The tally of all replicas, simulated at once.
    fn whole(job: &Job) -> Pairs {
        let (mut samples, control) = (job.nothing(), Control::new(&|_| ()));
        extend(job, &mut samples, 0..job.plan.replicas, control, &|_, _| ());
        job.measured(samples).pairs
    }

    #[test]
    fn looks_simulate_nothing_twice() {
        let job = job();
        let started = Mutex::new(BTreeMap::new());
        let count = |replica: u64, stops: usize| {
            *started.lock().unwrap().entry((replica, stops)).or_insert(0) += 1;
        };
        let mut samples = job.nothing();
        for chunks in [1, 4, 16, 20] {
            let control = Control::new(&|_| ());
            extend(&job, &mut samples, 0..chunks * job.chunk(), control, &count);
        }
        let started = started.into_inner().unwrap();
        assert!(started.values().all(|&times| times == 1));
        // Replicas, their first collisions, small gases, and a gas without a bath.
        let kinds = [job.plan.places.len(), 1, SMALL_GAS_STOPS as usize, 2];
        let of = |kind| started.keys().filter(|(_, stops)| *stops == kind).count() as u64;
        let gases = samples.small_gas.replicas();
        assert!(gases >= SMALL_GASES[0]);
        let expected = [20 * job.chunk(), 20 * job.chunk(), gases, 1];
        assert_eq!(kinds.map(of), expected);
    }

    #[test]
    fn a_run_stops_when_it_is_asked_to_and_goes_on_from_there() {
        let job = job();
        let stop = AtomicBool::new(false);
        let done = AtomicU64::new(0);
        let progress = |replicas| {
            if done.fetch_add(replicas, Ordering::Relaxed) >= 5 * job.chunk() {
                stop.store(true, Ordering::Relaxed);
            }
        };
        let control = Control {
            stop: &stop,
            ..Control::new(&progress)
        };
        let mut samples = job.nothing();
        extend(
            &job,
            &mut samples,
            0..job.plan.replicas,
            control,
            &|_, _| (),
        );
        let kept = samples.pairs.replicas();
        assert_eq!(kept, done.into_inner());
        let threads = rayon::current_num_threads() as u64;
        assert!(kept <= (6 + threads) * job.chunk(), "{kept}");
        extend(
            &job,
            &mut samples,
            0..job.plan.replicas,
            Control::new(&|_| ()),
            &|_, _| (),
        );
        assert!(job.measured(samples).pairs == whole(&job));
    }

    #[test]
    fn a_panic_ends_the_run_and_leaves_what_was_tallied() {
        let job = job();
        let mut samples = job.nothing();
        let planted = |replica: u64, _| assert_ne!(replica, 700, "planted");
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let control = Control::new(&|_| ());
            extend(&job, &mut samples, 0..job.plan.replicas, control, &planted);
        }));
        assert!(panicked.is_err());
        let kept = samples.pairs.replicas();
        // The chunks before that of the panic were begun before it, and are always finished.
        assert!(
            (2 * job.chunk()..job.plan.replicas).contains(&kept),
            "{kept}"
        );
        extend(
            &job,
            &mut samples,
            0..job.plan.replicas,
            Control::new(&|_| ()),
            &|_, _| (),
        );
        assert!(job.measured(samples).pairs == whole(&job));
    }
}
