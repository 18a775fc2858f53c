//! The plain engine: one collision at a time, each with its time.
//!
//! This is the reference. It is slow and should be obviously right; the block
//! engine must give the same bits.

use super::bath::{GROUP, ROWS_PER_GROUP};
use super::marks::{MarkLaw, WORDS_PER_COLLISION, direction};
use super::slabs::{Place, Places, count_stream};
use super::{Gas, Path};
use crate::coupling::{Collision, Coupling, Slot, apply};
use crate::random::{LANES, Lanes, Purpose, ReplicaKey, Row};
use crate::vector::Instructions;
use rand_pcg::Pcg64;
use std::sync::Arc;

/// The points of the Poisson process that drives a gas, in the order of time.
#[derive(Debug)]
pub struct PoissonPoints {
    gas: Arc<Gas>,
    key: ReplicaKey,
    count_stream: Pcg64,
    /// Slab of the next point, and the sorted places of the slab's points.
    slab: u64,
    places: Vec<u64>,
    next_in_slab: usize,
    marks: Dealer<WORDS_PER_COLLISION>,
    bath: Dealer<ROWS_PER_GROUP>,
    bath_velocities: Vec<f64>,
}

impl PoissonPoints {
    /// The points that drive the replica of that name.
    pub fn new(gas: &Arc<Gas>, key: ReplicaKey) -> Self {
        let mut points = PoissonPoints {
            gas: gas.clone(),
            key,
            count_stream: count_stream(key),
            slab: 0,
            places: vec![],
            next_in_slab: 0,
            marks: Dealer::new(key, Purpose::Collisions),
            bath: Dealer::new(key, Purpose::BathVelocities),
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
        let law = MarkLaw::new(self.gas.particles, self.gas.rates);
        let [first, second, angle] = self.marks.deal();
        let (particle, partner) = law.particles(first, second);
        let (cos, sin) = direction(angle);
        let [particle, partner] = [particle, partner].map(|index| index as u32);
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
            let rows = [self.bath.next_rows()];
            self.gas.bath.draw(Instructions::best(), &rows, &mut group);
            self.bath_velocities.extend(group[0].iter().rev());
            debug_assert_eq!(self.bath_velocities.len(), GROUP);
        }
        self.bath_velocities.pop().expect("a group is not empty")
    }
}

/// Deals words to collisions: `W` rows serve sixteen collisions, one a lane.
#[derive(Debug)]
struct Dealer<const W: usize> {
    lanes: Lanes,
    rows: [Row; W],
    dealt: usize,
}

impl<const W: usize> Dealer<W> {
    fn new(key: ReplicaKey, purpose: Purpose) -> Self {
        Dealer {
            lanes: Lanes::new(Instructions::best(), key, purpose, 0),
            rows: [[0; LANES]; W],
            dealt: LANES,
        }
    }

    fn next_rows(&mut self) -> [Row; W] {
        std::array::from_fn(|_| self.lanes.next_row())
    }

    fn deal(&mut self) -> [u64; W] {
        if self.dealt == LANES {
            self.rows = self.next_rows();
            self.dealt = 0;
        }
        let lane = self.dealt;
        self.dealt += 1;
        self.rows.map(|row| row[lane])
    }
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
}

impl<C: Coupling> PlainPath<C> {
    /// A path of that gas; [`Path::restart`] before use.
    pub fn new(gas: &Arc<Gas>, coupling: C) -> Self {
        let key = ReplicaKey::new(0, 0, 0, 0);
        PlainPath {
            coupling,
            points: PoissonPoints::new(gas, key),
            slots: vec![[0.0; 2]; gas.particles + 1],
            stops: vec![],
            next: 0,
            collisions: 0,
        }
    }
}

impl<C: Coupling> Path<C> for PlainPath<C> {
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
            apply(self.coupling, &mut self.slots, collision);
            self.collisions += 1;
        }
    }

    fn advance_each(&mut self, mut after: impl FnMut(&mut [Slot], [u32; 2])) {
        let stop = self.stops[self.next];
        self.next += 1;
        while let Some((_, collision)) = self.points.next_before(stop) {
            apply(self.coupling, &mut self.slots, collision);
            self.collisions += 1;
            after(&mut self.slots, [collision.particle, collision.partner]);
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
}
