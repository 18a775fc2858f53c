//! The second copy permuted so that particles of equal rank are paired.
//!
//! *Why this is a coupling.* Both initial laws are exchangeable. A permutation of the particles of
//! a gas that does not look ahead (it is decided by the past, so that the collisions to come are
//! independent of it) leaves the law of its later states the same up to labels, since pairs,
//! particles and marks are drawn without regard to labels. So at any stopping time the second copy
//! may be permuted, by any such permutation. With one random relabelling of both copies at the end,
//! which changes no distance and need not be simulated, the states are a coupling of the two
//! N-particle laws. Records are symmetric in the particles, or, where only some particles are read,
//! exchangeable without the relabelling: the first copy keeps its labels, and these are independent
//! of ranks. Particles of equal V are ranked in an order that is drawn for each replica; by label,
//! the first of them would have the lowest V′.
//!
//! On the line, pairing by rank is the best of all pairings: it never lengthens Δ, and ‖Δ‖²/N of
//! the paired velocities is W₂² of the two empirical measures.
//!
//! Claimed: the first copy's path does not depend on the rematching, to the bit; the second copy
//! has the law of the gas; record times change neither. Slots are taken as exact numbers (V, Δ),
//! and ranks are those of V and V − Δ without any rounding, so rematching keeps Δ as accurate as it
//! is.

use super::initial::InitialPairs;
use super::pair::{CoupledPair, OwnCollisions, SameCollisions, Seen};
use super::particles::Particles;
use super::powers::{SQUARES, Sums, sums_of_slots};
use super::slabs::Place;
use super::{Gas, Path};
use crate::model::slot::{self, Slot};
use crate::numerics::sorting::{Ranks, key};
use crate::random::{Purpose, ReplicaKey, more_words};
use std::cmp::Ordering;
use std::sync::Arc;

/// A rematching is looked at if the number of collisions before it is a multiple of this.
const LOOKED_AT: u64 = 4;
/// The multiple for copies that are rematched after each collision.
const EVENTS_LOOKED_AT: u64 = 64;
/// Smaller energies lose digits.
const LEAST_ENERGY: f64 = 1e-290;

/// The change of ΣV′² and ΣV′ relative to E and √(N·E), where E is the larger one of ΣV² and ΣV′².
/// Permuting the V′ of N particles changes these sums by rounding only.
fn change(particles: usize, before: &Sums, after: &Sums) -> f64 {
    let energy = before[SQUARES[0]].max(before[SQUARES[1]]);
    if energy < LEAST_ENERGY {
        return 0.0;
    }
    let of = |sum: usize| (after[sum] - before[sum]).abs();
    of(SQUARES[1]) / energy + of(SQUARES[1] - 1) / (energy * particles as f64).sqrt()
}

/// The particles of both copies by rank.
#[derive(Debug)]
pub struct Ranking {
    /// The key of the replica, which decides the order in which particles of equal V are ranked.
    key: ReplicaKey,
    /// The particles in the order of V, and in that of V′.
    first: Ranks,
    second: Ranks,
    partners: Vec<u32>,
    slots: Vec<Slot>,
}

impl Default for Ranking {
    fn default() -> Self {
        Ranking {
            key: ReplicaKey::new(0, 0, 0, 0),
            first: Ranks::default(),
            second: Ranks::default(),
            partners: vec![],
            slots: vec![],
        }
    }
}

impl Ranking {
    /// Sets the replica whose particles are ranked from now on.
    fn restart(&mut self, seed: u64, particles: usize, replica: u64) {
        self.key = ReplicaKey::new(seed, particles as u64, replica, 0);
    }

    /// Ranks `count` particles by V, with ties in an order that belongs to the replica, and by V′
    /// as a rounded number and its rounding error. Particles of equal V′ can be ranked in any
    /// order.
    fn rank(
        &mut self,
        count: usize,
        first: impl Fn(usize) -> f64,
        second: impl Fn(usize) -> [f64; 2],
    ) {
        let word = |i: u32| more_words(self.key, Purpose::Ties, u64::from(i))();
        (self.first).sort((0..count).map(first), |tied| {
            tied.sort_by_cached_key(|&i| word(i));
        });
        (self.second).sort((0..count).map(|i| second(i)[0]), |tied| {
            tied.sort_by_key(|&i| key(second(i as usize)[1]));
        });
        self.partners.resize(count, 0);
        for (&particle, &partner) in self.first.order().iter().zip(self.second.order()) {
            self.partners[particle as usize] = partner;
        }
    }

    /// For each particle of the first copy, the particle of equal rank in the second copy.
    pub fn partners(&self) -> &[u32] {
        &self.partners
    }

    /// Replaces each of these slots by the value of `paired` for it and its partner's slot.
    fn permute(&mut self, slots: &mut [Slot], paired: impl Fn(Slot, Slot) -> Slot) {
        self.slots.clear();
        self.slots.extend_from_slice(slots);
        for (particle, &partner) in self.partners.iter().enumerate() {
            let partner = partner as usize;
            if partner != particle {
                slots[particle] = paired(self.slots[particle], self.slots[partner]);
            }
        }
    }
}

/// Copies of which the second can be permuted.
pub trait Permutable: CoupledPair {
    /// Ranks the particles of both copies.
    fn rank(&self, ranking: &mut Ranking);

    /// V of one particle, V′ of another, and their difference.
    fn paired(&self, first: usize, second: usize) -> (f64, f64, f64);

    /// Permutes the second copy so that particles of equal rank are paired.
    fn rematch(&mut self, ranking: &mut Ranking);
}

impl<P: Path> Permutable for SameCollisions<P> {
    fn rank(&self, ranking: &mut Ranking) {
        let slots = self.path.slots();
        ranking.rank(
            slots.len(),
            |i| slot::velocities(slots[i]).0,
            |i| slot::exact_second(slots[i]),
        );
    }

    fn paired(&self, first: usize, second: usize) -> (f64, f64, f64) {
        if first == second {
            return self.particle(first);
        }
        let slots = self.path.slots();
        let slot = slot::paired(slots[first], slots[second]);
        let (first, second) = slot::velocities(slot);
        (first, second, slot::difference(slot))
    }

    fn rematch(&mut self, ranking: &mut Ranking) {
        self.rank(ranking);
        ranking.permute(self.path.slots_mut(), |first, second| {
            slot::paired(first, second)
        });
    }
}

impl<P: Path> Permutable for OwnCollisions<P> {
    fn rank(&self, ranking: &mut Ranking) {
        let particle = |i| self.particle(i);
        let count = self.particles();
        ranking.rank(count, |i| particle(i).0, |i| [particle(i).1, 0.0]);
    }

    fn paired(&self, first: usize, second: usize) -> (f64, f64, f64) {
        let (first, second) = (self.particle(first).0, self.particle(second).1);
        (first, second, first - second)
    }

    fn rematch(&mut self, ranking: &mut Ranking) {
        self.rank(ranking);
        // The whole slot is replaced: only V′ of this path is read.
        ranking.permute(self.paths[1].slots_mut(), |_, second| second);
    }
}

/// Copies that are rematched where they are recorded, and on a grid of times.
///
/// The grid is part of the model. Records are rematched whatever the grid, without
/// changing the path.
#[derive(Debug)]
pub struct Rematched<P> {
    pair: P,
    /// The places at which the path is rematched, in order.
    grid: Vec<Place>,
    /// The stops of the path, each with a flag that is true for a record.
    stops: Vec<(Place, bool)>,
    /// Index of the next stop.
    next: usize,
    /// The number of collisions before the last rematching of the path.
    rematched: Option<u64>,
    ranking: Ranking,
    /// V, V′ and Δ of particles of equal rank, at the last record.
    records: Vec<(f64, f64, f64)>,
    seen: Seen,
}

impl<P: Permutable> Rematched<P> {
    /// These copies, rematched in records and at these places, which are in order.
    pub fn new(pair: P, grid: Vec<Place>) -> Self {
        Rematched {
            pair,
            grid,
            stops: vec![],
            next: 0,
            rematched: None,
            ranking: Ranking::default(),
            records: vec![],
            seen: Seen::default(),
        }
    }

    /// The sums before a rematching that is looked at.
    fn before(&self) -> Option<Sums> {
        let looked_at = self.pair.collisions().is_multiple_of(LOOKED_AT);
        looked_at.then(|| self.pair.sums())
    }

    fn compare(&mut self, before: &Sums, after: &Sums) {
        let change = change(self.pair.particles(), before, after);
        self.seen.add_rematching(change);
    }

    fn rematch(&mut self) {
        let collisions = self.pair.collisions();
        // Where no collision has happened since, ranks are equal already.
        if self.rematched != Some(collisions) {
            let before = self.before();
            self.pair.rematch(&mut self.ranking);
            self.rematched = Some(collisions);
            if let Some(before) = before {
                self.compare(&before, &self.pair.sums());
            }
        }
    }

    fn record(&mut self) {
        let pair = &self.pair;
        self.records.clear();
        if self.rematched == Some(pair.collisions()) {
            self.records
                .extend((0..pair.particles()).map(|i| pair.particle(i)));
            return;
        }
        pair.rank(&mut self.ranking);
        let partners = self.ranking.partners().iter().enumerate();
        self.records
            .extend(partners.map(|(one, &other)| pair.paired(one, other as usize)));
        if let Some(before) = self.before() {
            self.compare(&before, &self.sums());
        }
    }
}

impl<P: Permutable> CoupledPair for Rematched<P> {
    fn restart(&mut self, seed: u64, replica: u64, stops: &[Place]) {
        self.stops.clear();
        let mut grid = self.grid.iter().copied().peekable();
        for &record in stops {
            while let Some(place) = grid.next_if(|&place| place <= record) {
                self.stops.push((place, false));
            }
            self.stops.push((record, true));
        }
        let places: Vec<Place> = self.stops.iter().map(|&(place, _)| place).collect();
        self.pair.restart(seed, replica, &places);
        (self.ranking).restart(seed, self.pair.particles(), replica);
        (self.next, self.rematched) = (0, None);
    }

    fn advance(&mut self) {
        loop {
            let (_, record) = self.stops[self.next];
            self.next += 1;
            self.pair.advance();
            if record {
                return self.record();
            }
            self.rematch();
        }
    }

    fn particles(&self) -> usize {
        self.pair.particles()
    }

    #[inline(always)]
    fn particle(&self, index: usize) -> (f64, f64, f64) {
        self.records[index]
    }

    fn collisions(&self) -> u64 {
        self.pair.collisions()
    }

    fn take_seen(&mut self) -> Seen {
        let mut seen = std::mem::take(&mut self.seen);
        seen.merge(&self.pair.take_seen());
        seen
    }
}

/// Copies that see the same collisions and are rematched after each.
///
/// Both copies are kept sorted: a collision takes its particles out of the order and
/// inserts them anew, which takes a time that grows like N.
#[derive(Debug)]
pub struct RematchedAtEvents<P> {
    pair: SameCollisions<P>,
    order: Order,
    ranking: Ranking,
    seen: Seen,
}

impl<P: Path> RematchedAtEvents<P> {
    /// Two copies of this gas on this path.
    pub fn new(gas: &Arc<Gas>, initial: &Arc<InitialPairs>, path: P) -> Self {
        RematchedAtEvents {
            pair: SameCollisions::new(gas, initial, path),
            order: Order::default(),
            ranking: Ranking::default(),
            seen: Seen::default(),
        }
    }
}

impl<P: Path> CoupledPair for RematchedAtEvents<P> {
    fn restart(&mut self, seed: u64, replica: u64, stops: &[Place]) {
        self.pair.restart(seed, replica, stops);
        (self.ranking).restart(seed, self.pair.particles(), replica);
        self.pair.rematch(&mut self.ranking);
        let slots = self.pair.path.slots();
        self.order.begin(slots, &self.ranking);
    }

    fn advance(&mut self) {
        let (order, seen) = (&mut self.order, &mut self.seen);
        let instructions = self.pair.path.instructions();
        let mut collisions = self.pair.collisions();
        self.pair.path.advance_each(|slots, collided| {
            collisions += 1;
            if !collisions.is_multiple_of(EVENTS_LOOKED_AT) {
                return order.update(slots, collided);
            }
            let before = sums_of_slots(instructions, slots);
            order.update(slots, collided);
            let after = sums_of_slots(instructions, slots);
            seen.add_rematching(change(slots.len(), &before, &after));
        });
    }

    fn particles(&self) -> usize {
        self.pair.particles()
    }

    #[inline(always)]
    fn particle(&self, index: usize) -> (f64, f64, f64) {
        self.pair.particle(index)
    }

    fn read(&self, from: usize, particles: &mut Particles) {
        self.pair.read(from, particles);
    }

    fn sums(&self) -> Sums {
        self.pair.sums()
    }

    fn collisions(&self) -> u64 {
        self.pair.collisions()
    }

    fn take_seen(&mut self) -> Seen {
        let mut seen = std::mem::take(&mut self.seen);
        seen.merge(&self.pair.take_seen());
        seen
    }
}

/// Particles in the order of V, which is that of V′ too.
#[derive(Debug, Default)]
struct Order {
    /// V and the particle of each rank.
    velocities: Vec<f64>,
    particles: Vec<u32>,
    /// V of each particle, as it stands in the order.
    of: Vec<f64>,
}

impl Order {
    /// Takes the order of slots that have just been rematched.
    fn begin(&mut self, slots: &[Slot], ranking: &Ranking) {
        let velocity = |slot: &Slot| slot::velocities(*slot).0;
        self.of.clear();
        self.of.extend(slots.iter().map(velocity));
        self.particles.clear();
        self.particles.extend_from_slice(ranking.first.order());
        self.velocities.clear();
        let ranked = self.particles.iter().map(|&i| self.of[i as usize]);
        self.velocities.extend(ranked);
    }

    /// The number of particles with lower velocity.
    fn below(&self, velocity: f64) -> usize {
        self.velocities.partition_point(|&other| other < velocity)
    }

    fn remove(&mut self, particle: u32) {
        let below = self.below(self.of[particle as usize]);
        let among = self.particles[below..].iter();
        let rank = below + among.take_while(|&&other| other != particle).count();
        self.velocities.remove(rank);
        self.particles.remove(rank);
    }

    /// Inserts a particle at its rank, and rematches the particles between its ranks in the first
    /// and in the second copy: each takes the V′ of the next one.
    fn insert(&mut self, slots: &mut [Slot], particle: u32) {
        let slot = slots[particle as usize];
        let velocity = slot::velocities(slot).0;
        let rank = self.below(velocity);
        let second = slot::exact_second(slot);
        let mut receiver = particle as usize;
        let (lower, higher) = self.particles.split_at(rank);
        let mut passed = |giver: &&u32, wrong: Ordering| {
            let giver = **giver as usize;
            let theirs = slot::exact_second(slots[giver]);
            let found = theirs.partial_cmp(&second) == Some(wrong);
            if found {
                slots[receiver] = slot::paired(slots[receiver], slots[giver]);
                receiver = giver;
            }
            found
        };
        // At most one of the two loops has any steps.
        let _ = (higher.iter())
            .take_while(|giver| passed(giver, Ordering::Less))
            .count();
        let _ = (lower.iter().rev())
            .take_while(|giver| passed(giver, Ordering::Greater))
            .count();
        if receiver != particle as usize {
            slots[receiver] = slot::paired(slots[receiver], slot);
        }
        self.velocities.insert(rank, velocity);
        self.particles.insert(rank, particle);
        self.of[particle as usize] = velocity;
    }

    /// Updates the order after two particles, or one particle and the bath, have collided.
    fn update(&mut self, slots: &mut [Slot], collided: [u32; 2]) {
        let bath = slots.len() as u32;
        let moved = collided.into_iter().filter(|&slot| slot != bath);
        for particle in moved.clone() {
            self.remove(particle);
        }
        for particle in moved {
            self.insert(slots, particle);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slots(count: usize, seed: f64) -> Vec<Slot> {
        // Velocities are coarse, so that they tie; there is one more slot for the bath.
        let coarse = |x: f64| (4.0 * x).round() / 4.0;
        let slot = |i| {
            [
                coarse(libm::sin(seed + 3.7 * i as f64)),
                libm::cos(seed * i as f64),
            ]
        };
        (0..=count).map(slot).collect()
    }

    fn sorted(slots: &[Slot]) -> [Vec<f64>; 2] {
        let mut copies = [vec![], vec![]];
        for &slot in slots {
            let (first, second) = slot::velocities(slot);
            copies[0].push(first);
            copies[1].push(second);
        }
        for copy in &mut copies {
            copy.sort_by(f64::total_cmp);
        }
        copies
    }

    /// True if pairs are in the order of V and, where these tie, of V′.
    fn is_matched(slots: &[Slot]) -> bool {
        let mut pairs: Vec<(f64, f64)> =
            (slots.iter()).map(|&slot| slot::velocities(slot)).collect();
        pairs.sort_by(|a, b| a.partial_cmp(b).expect("numbers"));
        pairs.windows(2).all(|two| two[0].1 <= two[1].1 + 1e-15)
    }

    fn rematch(slots: &mut [Slot], ranking: &mut Ranking) {
        let ranked = slots.to_vec();
        ranking.rank(
            slots.len(),
            |i| ranked[i][0],
            |i| slot::exact_second(ranked[i]),
        );
        ranking.permute(slots, slot::paired);
    }

    #[test]
    fn equal_ranks_are_paired_and_each_copy_keeps_its_velocities() {
        let mut ranking = Ranking::default();
        for count in [1, 2, 3, 50] {
            let mut slots = slots(count, 0.7);
            let slots = &mut slots[..count];
            let before = (sorted(slots), slots.to_vec());
            rematch(slots, &mut ranking);
            assert!(is_matched(slots));
            assert!(
                slots
                    .iter()
                    .zip(&before.1)
                    .all(|(new, old)| new[0] == old[0])
            );
            for (new, old) in sorted(slots)[1].iter().zip(&before.0[1]) {
                assert!((new - old).abs() < 1e-15);
            }
            let twice = slots.to_vec();
            rematch(slots, &mut ranking);
            assert_eq!(twice, slots);
        }
    }

    #[test]
    fn velocities_are_ranked_by_their_unrounded_values() {
        // V′ is 1 − 1e-20, 1 − 2e-20 and 1 − 3e-20, all rounded to 1, in each order of labels.
        let mut ranking = Ranking::default();
        for turn in 0..3 {
            let left = [0, 1, 2].map(|i| [1e-20, 2e-20, 3e-20][(i + turn) % 3]);
            ranking.rank(3, |i| i as f64, |i| [1.0, -left[i]]);
            let ranked = ranking.partners().iter().map(|&i| left[i as usize]);
            assert_eq!(ranked.collect::<Vec<f64>>(), [3e-20, 2e-20, 1e-20]);
        }
    }

    #[test]
    fn particles_of_equal_velocity_are_ranked_in_random_order() {
        // Eight particles have the same V, and V′ = 0, …, 7; particle 0 is given each V′ equally
        // often.
        let mut ranking = Ranking::default();
        let mut counts = [0u32; 8];
        for replica in 0..8000 {
            ranking.restart(1, 8, replica);
            ranking.rank(8, |_| 1.0, |i| [i as f64, 0.0]);
            counts[ranking.partners()[0] as usize] += 1;
            let once = ranking.partners().to_vec();
            ranking.rank(8, |_| 1.0, |i| [i as f64, 0.0]);
            assert_eq!(once, ranking.partners());
        }
        // χ² of seven degrees of freedom is above 40 with a probability of 1e-6.
        let squares = counts.map(|count| (f64::from(count) - 1000.0).powi(2) / 1000.0);
        assert!(squares.iter().sum::<f64>() < 40.0, "{counts:?}");
    }

    #[test]
    fn insertion_and_sorting_give_the_same_order() {
        for count in [1, 2, 3, 30] {
            let mut slots = slots(count, 1.3);
            let mut ranking = Ranking::default();
            rematch(&mut slots[..count], &mut ranking);
            let mut order = Order::default();
            order.begin(&slots[..count], &ranking);
            for step in 0..2000usize {
                let one = step * 7 % count;
                let other = (one + 1 + step * step % count.max(1)) % (count + 1);
                if other == one {
                    continue;
                }
                // Two particles get arbitrary velocities, ties included.
                for (index, particle) in [one, other].into_iter().enumerate() {
                    let x = step as f64 + 0.3 * index as f64;
                    slots[particle] = [(8.0 * libm::sin(x)).round() / 8.0, libm::cos(x * x)];
                }
                let expected = sorted(&slots[..count]);
                let first: Vec<f64> = slots[..count].iter().map(|slot| slot[0]).collect();
                order.update(&mut slots[..count], [one as u32, other as u32]);
                assert!(is_matched(&slots[..count]), "{step}");
                let found: Vec<f64> = slots[..count].iter().map(|slot| slot[0]).collect();
                assert_eq!(first, found);
                assert_eq!(order.velocities, expected[0]);
                for (new, old) in sorted(&slots[..count])[1].iter().zip(&expected[1]) {
                    assert!((new - old).abs() < 1e-13);
                }
            }
        }
    }
}
