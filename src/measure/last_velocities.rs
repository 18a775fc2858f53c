//! Last velocities of replicas, by which replicas that are equal are found.

use super::marks::Drawn;
use crate::random::mix;
use serde::{Deserialize, Serialize};

/// More velocities than this are thinned out, to half as many.
const MOST: usize = 1 << 17;

/// Velocities below this have lost digits.
const LEAST_VELOCITY: f64 = 1e-290;

/// Bits of the last velocity of particle 0 in the first copy, of replicas in which it collided.
///
/// If there are more than 131 072, only those are kept whose mixed bits begin with the least number
/// of zeros that leaves no more: replicas that are equal are kept together, and what is kept
/// depends on the replicas only, not on the order in which they came.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastVelocities {
    bits: Vec<u64>,
    /// The number of zeros.
    zeros: u32,
}

impl LastVelocities {
    /// Take in a velocity, if it has changed from what it was.
    pub(super) fn add(&mut self, first: f64, last: f64) {
        let has_changed = last != first && last.abs() > LEAST_VELOCITY;
        if has_changed && self.keeps(last.to_bits()) {
            self.bits.push(last.to_bits());
            self.thin();
        }
    }

    /// Take in those of the replicas that follow.
    pub(super) fn merge(&mut self, mut next: LastVelocities) {
        self.bits.append(&mut next.bits);
        if next.zeros != self.zeros {
            self.zeros = next.zeros.max(self.zeros);
            self.drop_others();
        }
        self.thin();
    }

    fn thin(&mut self) {
        if self.bits.len() > MOST {
            self.drop_third_copies();
        }
        while self.bits.len() > MOST {
            self.zeros += 1;
            self.drop_others();
        }
    }

    /// Keeps two of all velocities that are equal: they show a repetition, and however many there
    /// are, they are not thinned out.
    fn drop_third_copies(&mut self) {
        self.bits.sort_unstable();
        let mut kept = 0;
        for index in 0..self.bits.len() {
            let bits = self.bits[index];
            if kept < 2 || self.bits[kept - 2] != bits {
                self.bits[kept] = bits;
                kept += 1;
            }
        }
        self.bits.truncate(kept);
    }

    /// Whether these bits are among those that are kept.
    fn keeps(&self, bits: u64) -> bool {
        mix(bits).leading_zeros() >= self.zeros
    }

    fn drop_others(&mut self) {
        let mut bits = std::mem::take(&mut self.bits);
        bits.retain(|&bits| self.keeps(bits));
        self.bits = bits;
    }

    /// The number of velocities that are kept, and of those that repeat one.
    pub fn repeated(&self) -> Drawn {
        let mut sorted = self.bits.clone();
        sorted.sort_unstable();
        Drawn::new(&sorted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_velocities_that_changed_are_kept() {
        let mut last = LastVelocities::default();
        last.add(1.0, 1.0);
        last.add(1.0, 0.0);
        assert_eq!(last.repeated().count, 0);
        last.add(1.0, 0.5);
        last.add(2.0, 0.5);
        assert_eq!((last.repeated().count, last.repeated().repeated), (2, 1));
    }

    /// The bits in ascending order, and how far they are thinned out.
    fn sorted(mut last: LastVelocities) -> (Vec<u64>, u32) {
        last.bits.sort_unstable();
        (last.bits, last.zeros)
    }

    #[test]
    fn a_velocity_that_all_replicas_have_is_not_thinned_out() {
        let mut last = LastVelocities::default();
        for _ in 0..3 * MOST {
            last.add(0.0, 1.5);
        }
        assert!(last.repeated().repeated > 0);
    }

    #[test]
    fn what_is_kept_depends_on_the_replicas_only() {
        let velocities: Vec<f64> = (1..=400_000).map(f64::from).collect();
        let of = |velocities: &[f64]| {
            let mut last = LastVelocities::default();
            for &velocity in velocities {
                last.add(0.0, velocity);
            }
            last
        };
        let all = of(&velocities);
        assert!(all.repeated().count.abs_diff(100_000) < 1000);
        for parts in [2, 3, 50_000] {
            let mut merged = LastVelocities::default();
            for part in velocities.chunks(velocities.len().div_ceil(parts)) {
                merged.merge(of(part));
            }
            assert!(sorted(merged) == sorted(all.clone()), "{parts} parts");
        }
    }
}
