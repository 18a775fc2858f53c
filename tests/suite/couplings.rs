//! Under every coupling and rematching each copy has the law of the gas, Δ is as small as claimed,
//! and Δ stays accurate; wrong programs do not pass.

use kac_coupling::experiment::Experiment;
use kac_coupling::law::joint::Joint;
use kac_coupling::law::{Discrete, Law, Normal, NormalMixture, Point, Uniform};
use kac_coupling::measure::marks::Reveal;
use kac_coupling::measure::records::{DISCREPANCY, column};
use kac_coupling::measure::{Engine, Job, Measured};
use kac_coupling::model::coupling::{
    Aligned, Collision, Coupling, CouplingKind, Rematch, Synchronous, apply,
};
use kac_coupling::model::slot::{self, Slot};
use kac_coupling::model::{Clock, Rates};
use kac_coupling::numerics::vector::Instructions;
use kac_coupling::random::ReplicaKey;
use kac_coupling::simulate::Gas;
use kac_coupling::simulate::block::BlockPath;
use kac_coupling::simulate::initial::InitialPairs;
use kac_coupling::simulate::pair::{CoupledPair, OwnCollisions, SameCollisions};
use kac_coupling::simulate::plain::{PlainPath, PoissonPoints};
use kac_coupling::simulate::rematch::{Rematched, RematchedAtEvents};
use kac_coupling::simulate::slabs::Place;
use kac_coupling::theory::pairing::Pairing;
use kac_coupling::theory::{Moment, System};
use std::ops::{Add, Mul, Neg, Sub};
use std::sync::Arc;

const REMATCHINGS: [Rematch; 4] = [
    Rematch::Never,
    Rematch::Output,
    Rematch::Event,
    Rematch::Every(0.3),
];

fn normal(mean: f64, sd: f64) -> Law {
    Law::Normal(Normal::new(mean, sd).unwrap())
}

fn uniform(low: f64, high: f64) -> Law {
    Law::Uniform(Uniform::new(low, high).unwrap())
}

fn two_temperatures() -> Law {
    let law = NormalMixture::new(vec![0.5, 0.5], vec![0.0, 0.0], vec![0.5, 1.5]);
    Law::NormalMixture(law.unwrap())
}

/// The copies have unlike means, energies and shapes, and are paired at random, so that there is
/// much to rematch.
fn experiment(particles: usize, replicas: u64) -> Experiment {
    Experiment {
        name: "couplings".to_string(),
        title: None,
        seed: 12,
        sweep: vec![(particles, replicas)],
        lambda: 1.0,
        mu: 0.5,
        clock: Clock::Theorem6,
        coupling: CouplingKind::Synchronous,
        rematch: Rematch::Never,
        bath: two_temperatures(),
        first: normal(1.0, 0.5),
        second: uniform(-3.0, 2.0),
        pairing: Pairing::Independent,
        end: 2.0,
        points: 5,
        wasserstein: None,
        calibration: None,
        steady_state: None,
        joints: [Joint::Product; 2],
        checks: vec![],
    }
}

fn job(experiment: &Experiment) -> Job {
    Job::new(experiment, 0, &experiment.theory(experiment.sweep[0].0))
}

fn measure(experiment: &Experiment) -> Measured {
    job(experiment).run(Engine::Block, &|_| ())
}

/// The largest |z| of all moments of both copies at all times.
fn largest_z(experiment: &Experiment, measured: &Measured) -> f64 {
    let theory = experiment.theory(experiment.sweep[0].0);
    let mut largest = 0.0f64;
    for (index, time) in experiment.times().into_iter().enumerate() {
        for system in System::ALL {
            for moment in Moment::ALL {
                let exact = theory.moment(system, moment, time).unwrap();
                let (mean, error) = measured.mean(index, column(system, moment));
                largest = largest.max(((mean - exact) / error.unwrap()).abs());
            }
        }
    }
    largest
}

/// 5 times × 10 moments × 22 runs are 1100 comparisons of means over 40 000 replicas:
/// P(some |z| > 5.5) < 1100 · 3.8e-8 < 1e-4.
const Z_LIMIT: f64 = 5.5;

#[test]
fn each_copy_keeps_its_law_under_every_coupling_and_rematching() {
    for particles in [2, 5] {
        for coupling in CouplingKind::ALL {
            let mut first_copies = vec![];
            for rematch in REMATCHINGS {
                let experiment = Experiment {
                    coupling,
                    rematch,
                    ..experiment(particles, 40_000)
                };
                let measured = measure(&experiment);
                let z = largest_z(&experiment, &measured);
                assert!(z < Z_LIMIT, "{coupling:?} {rematch}: {z}");
                let moments = Moment::ALL.map(|moment| {
                    let column = column(System::First, moment);
                    (0..5)
                        .map(|time| measured.mean(time, column).0.to_bits())
                        .collect::<Vec<_>>()
                });
                first_copies.push(moments);
            }
            // The first copy is not changed, whatever its partners are.
            assert!(
                first_copies.windows(2).all(|two| two[0] == two[1]),
                "{coupling:?}"
            );
        }
    }
}

/// Copies that are moved by a program of the test's own, one collision at a time.
struct Moved<C> {
    gas: Arc<Gas>,
    initial: InitialPairs,
    coupling: C,
    /// A change of the particles' slots before each collision, which it may look at.
    before: fn(&mut [Slot], Collision),
    points: Option<PoissonPoints>,
    stops: Vec<Place>,
    next: usize,
    slots: Vec<Slot>,
    collisions: u64,
}

impl<C: Coupling> Moved<C> {
    fn new(
        gas: &Arc<Gas>,
        initial: InitialPairs,
        coupling: C,
        before: fn(&mut [Slot], Collision),
    ) -> Self {
        Moved {
            gas: gas.clone(),
            initial,
            coupling,
            before,
            points: None,
            stops: vec![],
            next: 0,
            slots: vec![[0.0; 2]; gas.particles + 1],
            collisions: 0,
        }
    }
}

impl<C: Coupling> CoupledPair for Moved<C> {
    fn restart(&mut self, seed: u64, replica: u64, stops: &[Place]) {
        let key = ReplicaKey::new(seed, self.gas.particles as u64, replica, 0);
        self.points = Some(PoissonPoints::new(&self.gas, key));
        self.initial
            .fill(Instructions::best(), key, &mut self.slots);
        (self.stops, self.next, self.collisions) = (stops.to_vec(), 0, 0);
    }
    fn advance(&mut self) {
        let stop = self.stops[self.next];
        self.next += 1;
        while let Some((_, collision)) = self.points.as_mut().unwrap().next_before(stop) {
            (self.before)(&mut self.slots[..self.gas.particles], collision);
            apply(self.coupling, &mut self.slots, collision);
            self.collisions += 1;
        }
    }
    fn particles(&self) -> usize {
        self.gas.particles
    }
    fn particle(&self, index: usize) -> (f64, f64, f64) {
        let (first, second) = slot::velocities(self.slots[index]);
        (first, second, slot::difference(self.slots[index]))
    }
    fn collisions(&self) -> u64 {
        self.collisions
    }
}

/// The index of the largest |V′|.
fn fastest(slots: &[Slot]) -> usize {
    let speed = |&i: &usize| slot::velocities(slots[i]).1.abs();
    (0..slots.len())
        .max_by(|a, b| speed(a).total_cmp(&speed(b)))
        .unwrap()
}

/// Swap V′ of two particles.
fn swap_seconds(slots: &mut [Slot], one: usize, other: usize) {
    let (a, b) = (slots[one], slots[other]);
    slots[one] = slot::paired(a, b);
    slots[other] = slot::paired(b, a);
}

/// The new values of two slots, from cosψ and sinψ.
type Collide = fn(f64, f64, Slot, Slot) -> (Slot, Slot);

/// The aligned coupling with an error in its collisions.
#[derive(Clone, Copy)]
struct WrongAligned(Collide);

impl Coupling for WrongAligned {
    fn bath_slot(self, velocity: f64) -> Slot {
        Aligned.bath_slot(velocity)
    }
    fn collide(self, cos: f64, sin: f64, one: Slot, other: Slot) -> (Slot, Slot) {
        (self.0)(cos, sin, one, other)
    }
}

#[test]
fn wrong_couplings_and_permutations_that_look_ahead_do_not_keep_the_law() {
    let experiment = experiment(5, 40_000);
    let initial = InitialPairs::new(&experiment.first, &experiment.second, experiment.pairing);
    let z = |coupling: WrongAligned, before: fn(&mut [Slot], Collision)| {
        let measured = job(&experiment).run_on(
            &|_| (),
            |gas| Moved::new(gas, initial.clone(), coupling, before),
            |gas| BlockPath::new(gas, Reveal),
        );
        largest_z(&experiment, &measured)
    };
    let right = WrongAligned(|cos, sin, one, other| Aligned.collide(cos, sin, one, other));
    let rotate = WrongAligned(|cos, sin, one, other| Synchronous.collide(cos, sin, one, other));
    // The right program with this frame passes, and so does any permutation that looks only at the
    // past: here the fastest particle of the second copy becomes number 0.
    assert!(z(right, |_, _| ()) < Z_LIMIT);
    let blind = |slots: &mut [Slot], _| swap_seconds(slots, 0, fastest(slots));
    assert!(z(right, blind) < Z_LIMIT);
    assert!(z(rotate, blind) < Z_LIMIT);
    // A permutation that sees who collides next is caught, and so is one that sees the angle too.
    let sees_particle = |slots: &mut [Slot], next: Collision| {
        swap_seconds(slots, next.particle as usize, fastest(slots));
    };
    let sees_angle = |slots: &mut [Slot], next: Collision| {
        if next.cos.abs() < 0.5 {
            let ranked = fastest(slots);
            swap_seconds(slots, next.particle as usize, ranked);
        }
    };
    for looks_ahead in [sees_particle, sees_angle] {
        assert!(z(right, looks_ahead) > 10.0);
        assert!(z(rotate, looks_ahead) > 10.0);
    }
    // The first copy's velocities are permuted, but Δ is not.
    let stale = |slots: &mut [Slot], _| {
        let last = slots.len() - 1;
        let velocity = slots[0][0];
        slots[0][0] = slots[last][0];
        slots[last][0] = velocity;
    };
    assert!(z(right, stale) > 10.0);
    // Only half the circle is used, or the sign of the old velocity is kept.
    let wrong: [Collide; 3] = [
        |cos, sin, one, other| Aligned.collide(cos.abs(), sin, one, other),
        |cos, sin, one, other| {
            let ([v, dv], other_after) = Aligned.collide(cos, sin, one, other);
            ([v.abs() * one[0].signum(), dv], other_after)
        },
        // Both copies get the radius of the first one.
        |cos, sin, one, other| {
            let ([v, _], [w, _]) = Aligned.collide(cos, sin, one, other);
            ([v, 0.0], [w, 0.0])
        },
    ];
    for collide in wrong {
        assert!(z(WrongAligned(collide), |_, _| ()) > 10.0);
    }
}

fn gas(particles: usize, pair: f64, bath: f64) -> Arc<Gas> {
    Arc::new(Gas::new(
        particles,
        Rates { pair, bath },
        &two_temperatures(),
    ))
}

fn start(pairing: Pairing) -> Arc<InitialPairs> {
    Arc::new(InitialPairs::new(
        &normal(1.0, 0.5),
        &uniform(-3.0, 2.0),
        pairing,
    ))
}

fn grid(gas: &Gas, interval: f64, end: f64) -> Vec<Place> {
    let steps = (end / interval) as u32;
    (0..=steps)
        .map(|k| gas.place(interval * f64::from(k)))
        .collect()
}

/// All rematchings that a config can ask for where both copies see the same collisions: never, at
/// events, on a grid, in records.
fn pairs<C: Coupling + 'static>(
    gas: &Arc<Gas>,
    start: &Arc<InitialPairs>,
    coupling: C,
) -> Vec<Box<dyn CoupledPair>> {
    let path = || BlockPath::new(gas, coupling);
    let plain = SameCollisions::new(gas, start, path());
    let output = SameCollisions::new(gas, start, path());
    let every = SameCollisions::new(gas, start, path());
    vec![
        Box::new(plain),
        Box::new(RematchedAtEvents::new(gas, start, path())),
        Box::new(Rematched::new(every, grid(gas, 0.3, 10.0))),
        Box::new(Rematched::new(output, vec![])),
    ]
}

#[test]
fn discrepancies_never_grow_and_rematched_ones_are_distances_of_empirical_measures() {
    let mut checked = 0;
    for (particles, pairing) in [
        (2, Pairing::Optimal),
        (7, Pairing::Independent),
        (40, Pairing::Independent),
    ] {
        let (gas, start) = (gas(particles, 1.0, 2.0), start(pairing));
        let stops: Vec<Place> = (0..=40).map(|k| gas.place(0.05 * f64::from(k))).collect();
        let synchronous = pairs(&gas, &start, Synchronous);
        let all = synchronous.into_iter().chain(pairs(&gas, &start, Aligned));
        for (index, mut pair) in all.enumerate() {
            let kind = index % 4;
            for replica in 0..60 {
                pair.restart(4, replica, &stops);
                let mut last = f64::INFINITY;
                for _ in &stops {
                    pair.advance();
                    let square = pair.sums()[0];
                    // At one time records may be paired better than the path, but not at the next.
                    assert!(kind >= 2 || square <= last * (1.0 + 1e-12), "{kind}");
                    last = square;
                    let mut all: [Vec<f64>; 2] = Default::default();
                    for index in 0..particles {
                        let (first, second, difference) = pair.particle(index);
                        assert!((first - second - difference).abs() < 1e-14);
                        all[0].push(first);
                        all[1].push(second);
                    }
                    for copy in &mut all {
                        copy.sort_by(f64::total_cmp);
                    }
                    let gaps = all[0].iter().zip(&all[1]).map(|(v, u)| (v - u) * (v - u));
                    let distance: f64 = gaps.sum();
                    if kind == 0 {
                        assert!(square >= distance * (1.0 - 1e-13) - 1e-13);
                        checked += usize::from(square > 1.01 * distance);
                    } else {
                        assert!(
                            (square - distance).abs() < 1e-13 * (1.0 + distance),
                            "{kind}: {square} {distance}"
                        );
                    }
                }
            }
        }
    }
    // There were many velocities to rematch.
    assert!(checked > 1000, "{checked}");
}

#[test]
fn a_path_is_shorter_from_where_it_is_rematched() {
    // There is one time of rematching, 0.5: before it nothing differs, at it Δ is shorter.
    let (gas, start) = (gas(30, 1.0, 2.0), start(Pairing::Independent));
    let stops = [0.5, 0.5, 1.0].map(|time| gas.place(time));
    let new = || SameCollisions::new(&gas, &start, BlockPath::new(&gas, Synchronous));
    let (mut never, mut output) = (new(), Rematched::new(new(), vec![]));
    let mut once = Rematched::new(new(), vec![stops[0]]);
    let mut sums = [0.0; 3];
    for replica in 0..300 {
        let pairs: [&mut dyn CoupledPair; 3] = [&mut never, &mut output, &mut once];
        let mut at = [[0.0; 3]; 3];
        for (pair, at) in pairs.into_iter().zip(&mut at) {
            pair.restart(9, replica, &stops);
            for square in at.iter_mut() {
                pair.advance();
                *square = pair.sums()[0];
            }
        }
        let [never, output, once] = at;
        assert!(output[0] <= never[0] && output[2] <= never[2]);
        // The record is the same but for rounding of Δ; from there on the path is another one.
        assert!((once[0] - output[0]).abs() <= 1e-12 * never[0]);
        assert_eq!(output[0], output[1], "records change nothing");
        for (sum, pair) in sums.iter_mut().zip([never, output, once]) {
            *sum += pair[2];
        }
    }
    // On average, rematching early leaves less to rematch late.
    assert!(sums[2] < sums[1] && sums[1] < sums[0], "{sums:?}");
}

#[test]
fn couplings_have_their_measured_distances() {
    // For data A of the measurements the means of ‖Δ‖²/N at t = 1 are about 1.36, 0.58, 0.31 and
    // 0.29 of the start 5 at N = 8. Each must be well below the one before.
    let mut means = vec![];
    for (coupling, rematch) in [
        (CouplingKind::Independent, Rematch::Never),
        (CouplingKind::Synchronous, Rematch::Never),
        (CouplingKind::Aligned, Rematch::Never),
        (CouplingKind::Synchronous, Rematch::Every(0.1)),
    ] {
        let side = 12f64.sqrt();
        let experiment = Experiment {
            coupling,
            rematch,
            mu: 1.0,
            first: normal(1.0, 1.0),
            second: uniform(-side, side),
            pairing: Pairing::Optimal,
            end: 1.0,
            points: 2,
            ..experiment(8, 20_000)
        };
        means.push(measure(&experiment).mean(1, DISCREPANCY).0 / 8.0);
    }
    assert!(
        means.windows(2).all(|two| two[1] < 0.7 * two[0]),
        "{means:?}"
    );
}

/// Means over replicas of V, V², V′, V′² of particle 0 in the records of a pair.
fn of_particle_0(pair: &mut dyn CoupledPair, stop: Place, replicas: u64) -> [(f64, f64); 4] {
    let mut sums = [[0.0; 2]; 4];
    for replica in 0..replicas {
        pair.restart(21, replica, &[stop]);
        pair.advance();
        let (first, second, _) = pair.particle(0);
        for (sum, x) in sums
            .iter_mut()
            .zip([first, first * first, second, second * second])
        {
            sum[0] += x;
            sum[1] += x * x;
        }
    }
    let n = replicas as f64;
    sums.map(|[sum, square]| {
        let mean = sum / n;
        (mean, ((square / n - mean * mean) / n).sqrt())
    })
}

#[test]
fn particles_of_a_record_are_exchangeable() {
    // A batch of W₂ takes some particles of a replica, so labels must be independent of ranks. If
    // copies were kept sorted, particle 0 would be the slowest.
    let mut experiment = experiment(5, 1);
    experiment.points = 2;
    experiment.end = 0.7;
    is_any_particle(&experiment, Pairing::Independent);
    // Particles of the same velocity have no rank of their own.
    experiment.first = Law::Point(Point::new(0.5).unwrap());
    is_any_particle(&experiment, Pairing::Optimal);
    experiment.first = Law::Discrete(Discrete::new(vec![-1.0, 1.0], vec![0.4, 0.6]).unwrap());
    experiment.end = 0.1;
    is_any_particle(&experiment, Pairing::Independent);
}

/// Asserts that the means of V, V², V′, V′² of particle 0 of five are the exact ones at the end.
fn is_any_particle(experiment: &Experiment, pairing: Pairing) {
    let gas = Arc::new(Gas::new(5, experiment.rates(), &experiment.bath));
    let start = Arc::new(InitialPairs::new(
        &experiment.first,
        &experiment.second,
        pairing,
    ));
    let theory = experiment.theory(5);
    let end = experiment.end;
    let exact: Vec<f64> = System::ALL
        .into_iter()
        .flat_map(|system| {
            [Moment::M1, Moment::M2].map(|moment| theory.moment(system, moment, end).unwrap())
        })
        .collect();
    let own = OwnCollisions::new(
        &gas,
        &start,
        [(); 2].map(|()| BlockPath::new(&gas, Synchronous)),
    );
    let mut all = pairs(&gas, &start, Synchronous);
    all.extend(pairs(&gas, &start, Aligned));
    all.push(Box::new(Rematched::new(own, grid(&gas, 0.3, 1.0))));
    for (index, pair) in all.iter_mut().enumerate() {
        // There are 9 × 4 means over 40 000 replicas: P(some |z| > 5) < 36 · 6e-7.
        let found = of_particle_0(pair.as_mut(), gas.place(end), 40_000);
        for ((mean, error), exact) in found.into_iter().zip(&exact) {
            assert!(
                ((mean - exact) / error).abs() < 5.0,
                "{index}: {mean} ± {error}, {exact}"
            );
        }
    }
}

/// An unevaluated sum of two doubles: some 32 digits.
#[derive(Clone, Copy, Debug)]
struct Long(f64, f64);

fn two_sum(a: f64, b: f64) -> Long {
    let sum = a + b;
    let part = sum - a;
    Long(sum, (a - (sum - part)) + (b - part))
}

impl Add for Long {
    type Output = Long;
    fn add(self, other: Long) -> Long {
        let Long(high, low) = two_sum(self.0, other.0);
        let Long(tail, rest) = two_sum(self.1, other.1);
        let Long(high, low) = two_sum(high, low + tail);
        two_sum(high, low + rest)
    }
}

impl Neg for Long {
    type Output = Long;
    fn neg(self) -> Long {
        Long(-self.0, -self.1)
    }
}

impl Sub for Long {
    type Output = Long;
    fn sub(self, other: Long) -> Long {
        self + -other
    }
}

impl Mul for Long {
    type Output = Long;
    fn mul(self, other: Long) -> Long {
        let high = self.0 * other.0;
        let low = self.0.mul_add(other.0, -high);
        two_sum(high, low + (self.0 * other.1 + self.1 * other.0))
    }
}

impl Long {
    /// One step of Newton from the rounded root.
    fn sqrt(self) -> Long {
        let root = self.0.sqrt();
        let rest = self - Long(root, 0.0) * Long(root, 0.0);
        two_sum(root, rest.0 / (2.0 * root))
    }

    fn is_less(self, other: Long) -> bool {
        (self - other).0 < 0.0
    }
}

/// Both copies moved on their own in long arithmetic by the printed formulas.
fn in_long_arithmetic(
    gas: &Arc<Gas>,
    key: ReplicaKey,
    slots: &[Slot],
    stop: Place,
    aligned: bool,
    rematch: bool,
) -> [Vec<Long>; 2] {
    let long = |x: f64| Long(x, 0.0);
    let n = gas.particles;
    let mut copies = [vec![], vec![]];
    for &[first, difference] in &slots[..n] {
        copies[0].push(long(first));
        copies[1].push(two_sum(first, -difference));
    }
    let mut points = PoissonPoints::new(gas, key);
    let sort_second = |copies: &mut [Vec<Long>; 2]| {
        let order = |copy: &[Long]| {
            let mut order: Vec<usize> = (0..n).collect();
            order.sort_by(|&i, &j| match copy[i].is_less(copy[j]) {
                true => std::cmp::Ordering::Less,
                false => std::cmp::Ordering::Greater,
            });
            order
        };
        let [one, other] = [order(&copies[0]), order(&copies[1])];
        let old = copies[1].clone();
        for (particle, partner) in one.into_iter().zip(other) {
            copies[1][particle] = old[partner];
        }
    };
    if rematch {
        sort_second(&mut copies);
    }
    while let Some((_, collision)) = points.next_before(stop) {
        let (cos, sin) = (long(collision.cos), long(collision.sin));
        let (i, j) = (collision.particle as usize, collision.partner as usize);
        for copy in &mut copies {
            let v = copy[i];
            let w = copy
                .get(j)
                .copied()
                .unwrap_or(long(collision.bath_velocity));
            let after = if aligned {
                let radius = (v * v + w * w).sqrt();
                [radius * cos, radius * sin]
            } else {
                [v * cos + w * sin, w * cos - v * sin]
            };
            copy[i] = after[0];
            if j < n {
                copy[j] = after[1];
            }
        }
        if rematch {
            sort_second(&mut copies);
        }
    }
    copies
}

#[test]
fn differences_keep_their_relative_accuracy() {
    // There are some 800 to 1300 collisions, each with errors of a few units in the last place of
    // Δ's length and as much of V's. With random signs they add up to some 1e-14 of it; 1e-12 would
    // take 10⁴ errors of one sign. V − V′ by subtraction has no right digit left.
    let gas = gas(8, 1.0, 2.0);
    let start = start(Pairing::Independent);
    let mut smallest = f64::INFINITY;
    /// Rounding of velocities in long arithmetic is 1e-32 of them at each collision.
    const FLOOR: f64 = 1e-31;
    for (aligned, rematch, end) in [
        (false, false, 46.0),
        (false, true, 46.0),
        (true, false, 32.0),
        (true, true, 32.0),
    ] {
        for replica in 0..4 {
            let key = ReplicaKey::new(31, 8, replica, 0);
            let stop = gas.place(end);
            let mut slots = vec![[0.0; 2]; 9];
            start.fill(Instructions::best(), key, &mut slots);
            let [first, second] = in_long_arithmetic(&gas, key, &slots, stop, aligned, rematch);
            let mut pair: Box<dyn CoupledPair> = match (aligned, rematch) {
                (false, false) => Box::new(SameCollisions::new(
                    &gas,
                    &start,
                    PlainPath::new(&gas, Synchronous),
                )),
                (false, true) => Box::new(RematchedAtEvents::new(
                    &gas,
                    &start,
                    PlainPath::new(&gas, Synchronous),
                )),
                (true, false) => Box::new(SameCollisions::new(
                    &gas,
                    &start,
                    PlainPath::new(&gas, Aligned),
                )),
                (true, true) => Box::new(RematchedAtEvents::new(
                    &gas,
                    &start,
                    PlainPath::new(&gas, Aligned),
                )),
            };
            pair.restart(31, replica, &[stop]);
            pair.advance();
            let (mut square, mut error) = (0.0, 0.0);
            for index in 0..8 {
                let exact = (first[index] - second[index]).0;
                let found = pair.particle(index).2;
                square += exact * exact;
                error += (found - exact) * (found - exact);
            }
            assert!(
                error.sqrt() <= 1e-12 * square.sqrt() + FLOOR,
                "{aligned} {rematch}: {square:e} {error:e}"
            );
            smallest = smallest.min(square);
        }
    }
    // This is below the accuracy of subtraction, and above that of long arithmetic.
    assert!(smallest < 1e-40 && smallest > 1e-50, "{smallest:e}");
}
