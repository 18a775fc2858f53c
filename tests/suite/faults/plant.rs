//! Ways of planting a fault without changing the simulator: the wrong part is a coupling, a path or
//! a pair of copies of the test's own, or an experiment other than the one that is judged. The rest
//! is the real program.

use kac_coupling::experiment::Experiment;
use kac_coupling::measure::marks::Reveal;
use kac_coupling::measure::records::DISCREPANCY;
use kac_coupling::measure::{Engine, Job, Measured};
use kac_coupling::model::coupling::{Collision, Coupling, Synchronous, apply};
use kac_coupling::model::slot::Slot;
use kac_coupling::numerics::vector::Instructions;
use kac_coupling::random::{Purpose, ReplicaKey, scalar_stream};
use kac_coupling::simulate::block::BlockPath;
use kac_coupling::simulate::census::{BLOCK, Census};
use kac_coupling::simulate::initial::InitialPairs;
use kac_coupling::simulate::pair::{CoupledPair, SameCollisions, Seen};
use kac_coupling::simulate::plain::PoissonPoints;
use kac_coupling::simulate::powers::Sums;
use kac_coupling::simulate::slabs::Place;
use kac_coupling::simulate::{Gas, Path};
use rand_pcg::Pcg64;
use std::sync::Arc;

/// The kind of the fault, and its place.
pub enum Plant {
    /// Another experiment is simulated than is judged.
    Experiment(fn(&mut Experiment)),
    /// The map of a collision is wrong.
    Coupling(Wrong),
    /// The collisions or their times are wrong.
    Events(Tamper),
    /// Another replica is simulated than the one with this number.
    Renamed(fn(u64) -> u64),
    /// ‖Δ‖ is averaged over replicas, and the mean squared.
    RootsAveraged,
}

/// Measures `experiment` with a simulator in which this is planted.
pub fn measure(experiment: &Experiment, plant: &Plant) -> Measured {
    match *plant {
        Plant::Experiment(change) => {
            let mut other = experiment.clone();
            change(&mut other);
            job(experiment, &other).run(Engine::Block, &|_| ())
        }
        Plant::Coupling(wrong) => run(
            experiment,
            |gas, initial| SameCollisions::new(gas, initial, BlockPath::new(gas, wrong)),
            |gas| BlockPath::new(gas, Reveal),
        ),
        Plant::Events(tamper) => run(
            experiment,
            |gas, initial| {
                SameCollisions::new(gas, initial, Tampered::new(gas, tamper, Synchronous))
            },
            |gas| Tampered::new(gas, tamper, Reveal),
        ),
        Plant::Renamed(name) => misread(experiment, name, &|_, square| square),
        Plant::RootsAveraged => {
            // Each replica contributes its term of the delta method: the mean is the squared mean
            // of the roots, and the spread is right.
            let roots = misread(experiment, |replica| replica, &|_, square| square.sqrt());
            let mean = |record| roots.mean(record, DISCREPANCY).0;
            let means: Vec<f64> = (0..experiment.points).map(mean).collect();
            misread(experiment, |replica| replica, &move |record, square| {
                means[record] * (2.0 * square.sqrt() - means[record])
            })
        }
    }
}

/// The job of simulating one experiment for the sake of another.
fn job(judged: &Experiment, simulated: &Experiment) -> Job {
    let theory = judged.theory(judged.sweep[0].0);
    kac_coupling::verify::job(simulated, 0, &theory)
}

fn run<P: CoupledPair, Q: Path>(
    experiment: &Experiment,
    new_pair: impl Fn(&Arc<Gas>, &Arc<InitialPairs>) -> P + Sync,
    new_path: impl Fn(&Arc<Gas>) -> Q,
) -> Measured {
    let Experiment {
        first,
        second,
        pairing,
        ..
    } = experiment;
    let initial = Arc::new(InitialPairs::new(first, second, *pairing));
    let job = job(experiment, experiment);
    job.run_on(&|_| (), |gas| new_pair(gas, &initial), new_path)
}

fn misread(experiment: &Experiment, name: fn(u64) -> u64, read: &Reading) -> Measured {
    let new_pair = |gas: &Arc<Gas>, initial: &Arc<InitialPairs>| Misread {
        pair: SameCollisions::new(gas, initial, BlockPath::new(gas, Synchronous)),
        name,
        read,
        next: 0,
    };
    run(experiment, new_pair, |gas| BlockPath::new(gas, Reveal))
}

/// A coupling that changes how the right one collides.
#[derive(Clone, Copy)]
pub struct Wrong {
    pub bath: fn(f64) -> Slot,
    pub collide: fn(f64, f64, Slot, Slot) -> (Slot, Slot),
}

/// The right coupling, before a fault is set.
pub const SAME: Wrong = Wrong {
    bath: |velocity| Synchronous.bath_slot(velocity),
    collide: |cos, sin, one, other| Synchronous.collide(cos, sin, one, other),
};

impl Coupling for Wrong {
    fn bath_slot(self, velocity: f64) -> Slot {
        (self.bath)(velocity)
    }
    fn collide(self, cos: f64, sin: f64, one: Slot, other: Slot) -> (Slot, Slot) {
        (self.collide)(cos, sin, one, other)
    }
}

/// The collisions of a replica in the order of time, up to the first one after
/// its end.
pub struct History {
    pub particles: u32,
    pub events: Vec<(Place, Collision)>,
    /// Random numbers that nothing else uses.
    pub stream: Pcg64,
}

impl History {
    /// The true history of a replica before `end`.
    pub fn new(gas: &Arc<Gas>, key: ReplicaKey, end: Place) -> Self {
        let mut points = PoissonPoints::new(gas, key);
        let mut events = vec![];
        while events.last().is_none_or(|&(place, _)| place < end) {
            events.extend(points.next_before(Place {
                slab: u64::MAX,
                passed: 0,
            }));
        }
        History {
            particles: gas.particles as u32,
            events,
            stream: scalar_stream(key, Purpose::Counts, 1),
        }
    }

    /// All collisions.
    pub fn collisions(&mut self) -> impl Iterator<Item = &mut Collision> {
        self.events.iter_mut().map(|(_, collision)| collision)
    }
}

/// Changes a replica's history, and leaves it in order.
pub type Tamper = fn(&mut History);

/// A path along a history that was falsified.
struct Tampered<C> {
    gas: Arc<Gas>,
    tamper: Tamper,
    coupling: C,
    key: ReplicaKey,
    census: Census,
    slots: Vec<Slot>,
    events: Vec<(Place, Collision)>,
    applied: usize,
    stops: Vec<Place>,
    /// Index of the next stop.
    next: usize,
}

impl<C: Coupling> Tampered<C> {
    fn new(gas: &Arc<Gas>, tamper: Tamper, coupling: C) -> Self {
        Tampered {
            gas: gas.clone(),
            tamper,
            coupling,
            key: ReplicaKey::new(0, 0, 0, 0),
            census: Census::default(),
            slots: vec![[0.0; 2]; gas.particles + 1],
            events: vec![],
            applied: 0,
            stops: vec![],
            next: 0,
        }
    }
}

impl<C: Coupling> Path for Tampered<C> {
    fn restart(&mut self, key: ReplicaKey, stops: &[Place]) -> &mut [Slot] {
        let end = stops[stops.len() - 1];
        let mut history = History::new(&self.gas, key, end);
        (self.tamper)(&mut history);
        self.events = history.events;
        self.stops = stops.to_vec();
        (self.next, self.applied, self.key) = (0, 0, key);
        &mut self.slots
    }

    fn advance(&mut self) {
        self.advance_each(|_, _| ());
    }

    fn advance_each(&mut self, mut after: impl FnMut(&mut [Slot], [u32; 2])) {
        let stop = self.stops[self.next];
        self.next += 1;
        while let Some(&(place, collision)) = self.events.get(self.applied)
            && place < stop
        {
            apply(self.coupling, &mut self.slots, collision);
            let (one, other) = (collision.particle, collision.partner);
            self.census.add(
                Instructions::best(),
                (self.key, (self.applied / BLOCK) as u64),
                (self.gas.particles, 1),
                [&[one], &[other]],
            );
            self.applied += 1;
            after(&mut self.slots[..self.gas.particles], [one, other]);
        }
    }

    fn take_census(&mut self) -> Census {
        std::mem::take(&mut self.census)
    }

    fn slots(&self) -> &[Slot] {
        &self.slots[..self.gas.particles]
    }

    fn slots_mut(&mut self) -> &mut [Slot] {
        &mut self.slots[..self.gas.particles]
    }

    fn collisions(&self) -> u64 {
        self.applied as u64
    }

    fn instructions(&self) -> Instructions {
        Instructions::best()
    }
}

/// The value that is recorded for ‖Δ‖² at a record time.
type Reading = dyn Fn(usize, f64) -> f64 + Sync;

/// Copies that are moved rightly and recorded wrongly.
struct Misread<'a, P> {
    pair: P,
    /// The number of the replica that is simulated in the place of another.
    name: fn(u64) -> u64,
    read: &'a Reading,
    /// Index of the next record.
    next: usize,
}

impl<P: CoupledPair> CoupledPair for Misread<'_, P> {
    fn restart(&mut self, seed: u64, replica: u64, stops: &[Place]) {
        self.next = 0;
        self.pair.restart(seed, (self.name)(replica), stops);
    }
    fn advance(&mut self) {
        self.next += 1;
        self.pair.advance();
    }
    fn particles(&self) -> usize {
        self.pair.particles()
    }
    fn particle(&self, index: usize) -> (f64, f64, f64) {
        self.pair.particle(index)
    }
    fn sums(&self) -> Sums {
        let mut sums = self.pair.sums();
        sums[0] = (self.read)(self.next - 1, sums[0]);
        sums
    }
    fn collisions(&self) -> u64 {
        self.pair.collisions()
    }
    fn take_seen(&mut self) -> Seen {
        self.pair.take_seen()
    }
}
