//! Exact counts of the particles that take part in the collisions of a run.
//!
//! Collisions are counted as they are drawn for the particles, up to the last stop of a replica.
//! Their number depends on the times of collisions only; so, given this number, every count here is
//! binomial.

use crate::numerics::vector::{Instructions, vectorised};
use crate::random::ReplicaKey;
use serde::{Deserialize, Serialize};

/// The largest number of groups of neighbouring particles that are told apart.
pub const GROUPS: usize = 16;

/// The number of collisions in a full block. With the fifteen bath particles that the block before
/// can leave, this is as many as a byte counts.
pub const BLOCK: usize = 240;

/// One block in this many is counted group by group. Counting a collision takes a quarter of the
/// time of the collision itself, so all the counting takes about a fiftieth.
const GROUPED_ONCE_IN: u64 = 16;

/// Counts of collisions by who took part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Census {
    /// All collisions.
    pub collisions: u64,
    /// Collisions with the bath, with particle 0, and with particle N − 1.
    pub with: [u64; 3],
    /// Collisions in the blocks that were counted group by group.
    pub grouped: u64,
    /// The number of times that the particle which is drawn first is in each group, and the number
    /// of times that the other particle of a pair is.
    pub groups: [[u64; GROUPS]; 2],
}

/// The group of a particle is its index without this many of its lowest bits.
fn dropped_bits(particles: usize) -> u32 {
    let bits = usize::BITS - (particles - 1).leading_zeros();
    bits.saturating_sub(GROUPS.ilog2())
}

/// The number of the N particles that are in a group.
pub fn group_size(particles: usize, group: usize) -> usize {
    let from = |group: usize| (group << dropped_bits(particles)).min(particles);
    from(group + 1) - from(group)
}

/// True if a block of a replica is counted group by group.
fn is_grouped(key: ReplicaKey, block: u64) -> bool {
    key.lot()
        .wrapping_add(block)
        .is_multiple_of(GROUPED_ONCE_IN)
}

vectorised! {
    /// Counts the collisions whose partner is from `bath` on, those with particle 0, and those with
    /// `last`.
    fn count(particles: &[u32], partners: &[u32], bath: u32, last: u32, counts: &mut [u32; 3]) {
        let [mut with_bath, mut with_first, mut with_last] = [0; 3];
        for (&one, &other) in particles.iter().zip(partners) {
            with_bath += u32::from(other >= bath);
            with_first += u32::from((one == 0) | (other == 0));
            with_last += u32::from((one == last) | (other == last));
        }
        *counts = [with_bath, with_first, with_last];
    }
}

impl Census {
    /// Adds the collisions of one block of a replica among N particles; `particles` and `partners`
    /// are indices times `unit`, at least N · `unit` for bath particles.
    pub fn add(
        &mut self,
        instructions: Instructions,
        (key, block): (ReplicaKey, u64),
        (number, unit): (usize, u32),
        [particles, partners]: [&[u32]; 2],
    ) {
        let bath = number as u32 * unit;
        let mut counts = [0; 3];
        count(
            instructions,
            particles,
            partners,
            bath,
            bath - unit,
            &mut counts,
        );
        self.collisions += particles.len() as u64;
        for (sum, count) in self.with.iter_mut().zip(counts) {
            *sum += u64::from(count);
        }
        if !is_grouped(key, block) {
            return;
        }
        self.grouped += particles.len() as u64;
        let bits = dropped_bits(number) + unit.ilog2();
        let [ones, others] = &mut self.groups;
        for (&one, &other) in particles.iter().zip(partners) {
            ones[(one >> bits) as usize] += 1;
            if other < bath {
                others[(other >> bits) as usize] += 1;
            }
        }
    }

    /// Adds the counts of other collisions.
    pub fn merge(&mut self, other: &Census) {
        self.collisions += other.collisions;
        self.grouped += other.grouped;
        let mine = self.with.iter_mut().chain(self.groups.as_flattened_mut());
        for (sum, count) in mine.zip(other.with.iter().chain(other.groups.as_flattened())) {
            *sum += count;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_particle_is_in_one_group() {
        for particles in [1, 2, 15, 16, 17, 64, 65, 1000] {
            let sizes = (0..GROUPS).map(|group| group_size(particles, group));
            assert_eq!(sizes.sum::<usize>(), particles);
            assert!((particles - 1) >> dropped_bits(particles) < GROUPS);
        }
        assert_eq!(group_size(16, 15), 1);
        assert_eq!([0, 8, 9].map(|group| group_size(17, group)), [2, 1, 0]);
    }

    #[test]
    fn collisions_are_counted_by_who_took_part() {
        let particles = [0, 8, 2, 4, 8];
        let partners = [8, 10, 4, 0, 14];
        let mut census = Census::default();
        // There are five particles, with indices doubled; the bath's are from 10 on.
        let key = ReplicaKey::new(1, 5, 0, 0);
        for block in 0..GROUPED_ONCE_IN {
            for instructions in Instructions::available() {
                let marks = [&particles[..], &partners[..]];
                census.add(instructions, (key, block), (5, 2), marks);
            }
        }
        let sets = Instructions::available().len() as u64;
        assert_eq!(census.collisions, 80 * sets);
        assert_eq!(census.with, [2, 2, 3].map(|count| 16 * count * sets));
        assert_eq!(census.grouped, 5 * sets);
        assert_eq!(
            census.groups[0][..5],
            [1, 1, 1, 0, 2].map(|count| count * sets)
        );
        assert_eq!(
            census.groups[1][..5],
            [1, 0, 1, 0, 1].map(|count| count * sets)
        );
    }
}
