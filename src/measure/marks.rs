//! The angles and bath velocities that an engine draws, read off one by one.
//!
//! [`Reveal`] is a coupling that writes the marks of a collision into the slot of its
//! particle. A path that is moved by it, of a single particle that meets the bath, is
//! stopped after each collision, so w and θ are known to the bit, whatever the coupling
//! of the run. Two of 2⁵³ values are hardly ever equal, and no arc of the circle stays
//! empty for long: what repeats, and what is never drawn, shows at once.

use crate::law::Law;
use crate::model::coupling::Coupling;
use crate::model::slot::Slot;
use crate::numerics::sorting::{key, value};
use crate::random::ReplicaKey;
use crate::simulate::Path;
use crate::simulate::slabs::Place;
use std::f64::consts::{PI, TAU};

/// The marks of a collision in the slot of its particle: w, or V of the partner, and θ.
#[derive(Debug, Clone, Copy)]
pub struct Reveal;

impl Coupling for Reveal {
    fn bath_slot(self, velocity: f64) -> Slot {
        [velocity, 0.0]
    }

    fn collide(self, cos: f64, sin: f64, _one: Slot, other: Slot) -> (Slot, Slot) {
        ([other[0], libm::atan2(sin, cos)], other)
    }
}

/// The observations of the marks of some collisions.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Probe {
    /// Angles.
    pub angles: Drawn,
    /// The longest arc without an angle, as a share of the circle.
    pub widest_gap: f64,
    /// Bath velocities.
    pub velocities: Drawn,
}

/// Numbers that were drawn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Drawn {
    /// Their number.
    pub count: u64,
    /// The number of those that are equal to one that is counted before.
    pub repeated: u64,
}

impl Drawn {
    /// The count of these numbers, as sorted keys.
    pub(crate) fn new(sorted: &[u64]) -> Self {
        let pairs = sorted.windows(2);
        Drawn {
            count: sorted.len() as u64,
            repeated: pairs.filter(|pair| pair[0] == pair[1]).count() as u64,
        }
    }
}

impl Probe {
    /// Follow a path of one or two particles that is moved by [`Reveal`] up to `stop`;
    /// `has_bath` says whether each collision is with the bath, or none is.
    pub fn watch(path: &mut impl Path, name: ReplicaKey, stop: Place, has_bath: bool) -> Probe {
        let (mut angles, mut velocities) = (vec![], vec![]);
        path.restart(name, &[stop]);
        path.advance_each(|slots, [particle, _]| {
            let [velocity, angle] = slots[particle as usize];
            angles.push(key(angle));
            if has_bath {
                velocities.push(key(velocity));
            }
        });
        angles.sort_unstable();
        velocities.sort_unstable();
        Probe {
            angles: Drawn::new(&angles),
            widest_gap: widest_gap(&angles),
            velocities: Drawn::new(&velocities),
        }
    }
}

/// The longest arc between neighbours of these angles in [−π, π], as a share of the
/// circle; 0 without any.
fn widest_gap(sorted: &[u64]) -> f64 {
    let [Some(&first), Some(&last)] = [sorted.first(), sorted.last()] else {
        return 0.0;
    };
    let gap = |from, to| (value(to) - value(from)) / TAU;
    let gaps = sorted.windows(2).map(|pair| gap(pair[0], pair[1]));
    gaps.fold(1.0 - gap(first, last), f64::max)
}

/// The probability that two angles are equal, at most: two numbers in [−π, π] are, if they
/// are rounded to the same one.
pub const EQUAL_ANGLES: f64 = 0.5 * f64::EPSILON * 4.0 / PI;

/// The probability that two draws from a law are equal, at most; `None` for a law without
/// a density, where they often are.
///
/// With a density f, ∫ f(x)² ε|x| dx ≤ ε·E|w|·max f ≤ ε·√(E w²)·max f: that is for numbers
/// rounded to one in [x, x + ε|x|]. It is taken four times, for what quantile functions
/// round on the way, with 4ε for their levels.
pub fn equal_velocities(law: &Law) -> Option<f64> {
    let size = law.moment(2)?.sqrt();
    let highest = law.highest_density()?;
    Some(4.0 * f64::EPSILON * (1.0 + size * highest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::law::{NormalMixture, Point, Uniform};

    #[test]
    fn gaps_and_repetitions_are_those_of_the_circle() {
        let mut angles = [-3.0, 1.0, 1.0, 2.5, 3.1].map(key);
        angles.sort_unstable();
        assert_eq!(widest_gap(&angles), 4.0 / TAU);
        let drawn = Drawn::new(&angles);
        assert_eq!((drawn.count, drawn.repeated), (5, 1));
        assert!((widest_gap(&[key(3.0)]) - 1.0).abs() < 1e-15);
        assert!((widest_gap(&[-1.0, 1.0].map(key)) - (1.0 - 2.0 / TAU)).abs() < 1e-15);
        assert_eq!(widest_gap(&[]), 0.0);
    }

    #[test]
    fn narrow_laws_repeat_themselves_more_often() {
        let uniform = Law::Uniform(Uniform::new(-2.0, 2.0).unwrap());
        let expected = 4.0 * f64::EPSILON * (1.0 + (4.0_f64 / 3.0).sqrt() / 4.0);
        assert!((equal_velocities(&uniform).unwrap() / expected - 1.0).abs() < 1e-12);
        let narrow = NormalMixture::new(vec![0.5, 0.5], vec![-1.0, 1.0], vec![1e-9; 2]).unwrap();
        assert!(equal_velocities(&Law::NormalMixture(narrow)).unwrap() > 1e-7);
        assert_eq!(
            equal_velocities(&Law::Point(Point::new(0.0).unwrap())),
            None
        );
    }
}
