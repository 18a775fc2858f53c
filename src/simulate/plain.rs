//! The plain engine: one collision at a time, each with its time.
//!
//! This is the reference. It is slow and should be obviously right; the block
//! engine must give the same bits.

use super::bath::GROUP;
use super::census::{BLOCK, Census};
use super::marks::{ROWS_PER_GROUP, direction, halves};
use super::slabs::{Place, Places, count_stream};
use super::{Gas, Path};
use crate::model::coupling::{Collision, Coupling, apply};
use crate::model::slot::Slot;
use crate::numerics::vector::Instructions;
use crate::random::{LANES, Lanes, Purpose, ReplicaKey, Row, more_words};
use rand_pcg::Pcg64;
use std::sync::Arc;

/// The points of the Poisson process that drives a gas, in the order of time.
#[derive(Debug)]
pub struct PoissonPoints {
    gas: Arc<Gas>,
    key: ReplicaKey,
    count_stream: Pcg64,
    /// The slab of the next point, and the sorted places of the slab's points.
    slab: u64,
    places: Vec<u64>,
    next_in_slab: usize,
    /// The number of collisions that were drawn.
    collisions: u64,
    marks: Lanes,
    /// The rows of the next collision's group.
    rows: [Row; ROWS_PER_GROUP],
    bath: Lanes,
    /// The number of bath velocities that were drawn.
    bath_drawn: u64,
    bath_velocities: Vec<f64>,
}

impl PoissonPoints {
    /// The points that drive the replica of this name.
    pub fn new(gas: &Arc<Gas>, key: ReplicaKey) -> Self {
        let mut points = PoissonPoints {
            gas: gas.clone(),
            key,
            count_stream: count_stream(key),
            slab: 0,
            places: vec![],
            next_in_slab: 0,
            collisions: 0,
            marks: lanes(key, Purpose::Collisions),
            rows: [[0; LANES]; ROWS_PER_GROUP],
            bath: lanes(key, Purpose::BathVelocities),
            bath_drawn: 0,
            bath_velocities: vec![],
        };
        points.enter(0);
        points
    }

    fn enter(&mut self, slab: u64) {
        let count = self.gas.counts.draw(slab, &mut self.count_stream);
        let mut places = Places::default();
        places.draw(Instructions::best(), self.key, slab, count);
        self.places = places.passed().to_vec();
        self.places.sort_unstable();
        self.slab = slab;
        self.next_in_slab = 0;
    }

    /// The next point if it lies before `place`.
    pub fn next_before(&mut self, place: Place) -> Option<(Place, Collision)> {
        while self.next_in_slab == self.places.len() {
            if self.slab >= place.slab {
                return None;
            }
            self.enter(self.slab + 1);
        }
        let here = Place {
            slab: self.slab,
            passed: self.places[self.next_in_slab],
        };
        if here >= place {
            return None;
        }
        self.next_in_slab += 1;
        Some((here, self.next_collision()))
    }

    fn next_collision(&mut self) -> Collision {
        let law = self.gas.marks;
        let lane = (self.collisions % LANES as u64) as usize;
        if lane == 0 {
            self.rows = next_rows(&mut self.marks);
        }
        let [who, angle] = &self.rows;
        let [first, other] = halves(who, lane);
        let more = more_words(self.key, Purpose::MoreForCollision, self.collisions);
        let (particle, partner) = law.particles(first, other, more);
        let (cos, sin) = direction(angle[lane]);
        self.collisions += 1;
        let bath_velocity = if partner == law.bath_slot() {
            self.next_bath_velocity()
        } else {
            0.0
        };
        Collision {
            particle,
            partner,
            cos,
            sin,
            bath_velocity,
        }
    }

    fn next_bath_velocity(&mut self) -> f64 {
        if self.bath_velocities.is_empty() {
            let mut group = [[0.0; LANES]];
            let rows = self.gas.bath.rows_per_group();
            let rows: Vec<Row> = (0..rows).map(|_| self.bath.next_row()).collect();
            let more = |at| more_words(self.key, Purpose::MoreForBath, self.bath_drawn + at as u64);
            (self.gas.bath).draw(Instructions::best(), &rows, more, &mut group);
            self.bath_drawn += GROUP as u64;
            self.bath_velocities.extend(group[0].iter().rev());
            debug_assert_eq!(self.bath_velocities.len(), GROUP);
        }
        self.bath_velocities.pop().expect("a group is not empty")
    }
}

fn lanes(key: ReplicaKey, purpose: Purpose) -> Lanes {
    Lanes::new(Instructions::best(), key, purpose, 0)
}

fn next_rows<const ROWS: usize>(lanes: &mut Lanes) -> [Row; ROWS] {
    std::array::from_fn(|_| lanes.next_row())
}

/// A path of two coupled copies, moved one collision at a time.
#[derive(Debug)]
pub struct PlainPath<C> {
    coupling: C,
    points: PoissonPoints,
    slots: Vec<Slot>,
    stops: Vec<Place>,
    /// Index of the next stop.
    next: usize,
    collisions: u64,
    census: Census,
}

impl<C: Coupling> PlainPath<C> {
    /// A path of this gas; [`Path::restart`] must be called before use.
    pub fn new(gas: &Arc<Gas>, coupling: C) -> Self {
        let key = ReplicaKey::new(0, 0, 0, 0);
        PlainPath {
            coupling,
            points: PoissonPoints::new(gas, key),
            slots: vec![[0.0; 2]; gas.particles + 1],
            stops: vec![],
            next: 0,
            collisions: 0,
            census: Census::default(),
        }
    }

    fn apply(&mut self, collision: Collision) {
        apply(self.coupling, &mut self.slots, collision);
        self.census.add(
            Instructions::best(),
            (self.points.key, self.collisions / BLOCK as u64),
            (self.slots.len() - 1, 1),
            [&[collision.particle], &[collision.partner]],
        );
        self.collisions += 1;
    }
}

impl<C: Coupling> Path for PlainPath<C> {
    fn restart(&mut self, key: ReplicaKey, stops: &[Place]) -> &mut [Slot] {
        self.points = PoissonPoints::new(&self.points.gas, key);
        self.stops = stops.to_vec();
        (self.next, self.collisions) = (0, 0);
        &mut self.slots
    }

    fn advance(&mut self) {
        let stop = self.stops[self.next];
        self.next += 1;
        while let Some((_, collision)) = self.points.next_before(stop) {
            self.apply(collision);
        }
    }

    fn advance_each(&mut self, mut after: impl FnMut(&mut [Slot], [u32; 2])) {
        let stop = self.stops[self.next];
        self.next += 1;
        while let Some((_, collision)) = self.points.next_before(stop) {
            self.apply(collision);
            after(self.slots_mut(), [collision.particle, collision.partner]);
        }
    }

    fn slots(&self) -> &[Slot] {
        let particles = self.slots.len() - 1;
        &self.slots[..particles]
    }

    fn instructions(&self) -> Instructions {
        Instructions::best()
    }

    fn slots_mut(&mut self) -> &mut [Slot] {
        let particles = self.slots.len() - 1;
        &mut self.slots[..particles]
    }

    fn collisions(&self) -> u64 {
        self.collisions
    }

    fn take_census(&mut self) -> Census {
        std::mem::take(&mut self.census)
    }
}
