//! Sums of powers over the particles of both copies.

use super::particles::Particles;
use crate::coupling::{Coupling, Slot};
use crate::vector::{Instructions, vectorised};

/// Number of [`Sums`].
pub const SUMS: usize = 8;

/// Sums over particles: of Δ², Δ⁴, V, V², V⁴, V′, V′², V′⁴.
pub type Sums = [f64; SUMS];

/// Where ΣV² and ΣV′² are among the [`Sums`].
pub const SQUARES: [usize; 2] = [3, 6];

/// Partial sums, which are added together at the end.
const LANES: usize = 8;

/// The most particles that [`sums_of_few`] takes.
pub const FEW: usize = LANES;

/// Sums of powers in parts: particle i goes to part i mod 8, so that the order
/// of additions is fixed and they can be vectorised.
#[derive(Debug, Default)]
pub struct Parts([[f64; LANES]; SUMS]);

impl Parts {
    /// Add the particles in these slots; all calls but the last take whole
    /// multiples of eight.
    pub fn add_slots<C: Coupling>(
        &mut self,
        instructions: Instructions,
        coupling: C,
        slots: &[Slot],
    ) {
        add_slots(instructions, coupling, slots, &mut self.0);
    }

    /// Add some particles; all calls but the last take whole multiples of eight.
    pub fn add(&mut self, particles: &Particles) {
        for index in 0..particles.first().len() {
            let v = (particles.first()[index], particles.second()[index]);
            self.add_one(index % LANES, v, particles.difference()[index]);
        }
    }

    /// Add a particle to a part.
    #[inline(always)]
    fn add_one(&mut self, part: usize, (first, second): (f64, f64), difference: f64) {
        let [s2, s4, f1, f2, f4, h1, h2, h4] = &mut self.0;
        let [dd, ff, hh] = [difference * difference, first * first, second * second];
        s2[part] += dd;
        s4[part] += dd * dd;
        f1[part] += first;
        f2[part] += ff;
        f4[part] += ff * ff;
        h1[part] += second;
        h2[part] += hh;
        h4[part] += hh * hh;
    }

    /// Add a particle to each part.
    #[inline(always)]
    fn add_eight<C: Coupling>(&mut self, coupling: C, slots: &[Slot; LANES]) {
        // Not by an iterator: compilers then take a lane's sums, not a sum's
        // lanes, for a vector.
        #[allow(clippy::needless_range_loop)]
        for lane in 0..LANES {
            let slot = slots[lane];
            self.add_one(lane, coupling.velocities(slot), coupling.difference(slot));
        }
    }

    /// The sums: the parts are added in halves, by short chains of additions.
    #[inline(always)]
    pub fn totals(&self) -> Sums {
        let fours = (self.0).map(|[a, b, c, d, e, f, g, h]| [a + e, b + f, c + g, d + h]);
        let twos = fours.map(|[a, b, c, d]| [a + c, b + d]);
        twos.map(|[a, b]| a + b)
    }
}

/// The sums over at most [`FEW`] particles, given by index as (V, V′, Δ): the
/// bits of [`Parts`] without a detour through memory.
#[inline(always)]
pub fn sums_of_few(count: usize, particle: impl Fn(usize) -> (f64, f64, f64)) -> Sums {
    let mut few = [[0.0; 3]; FEW];
    for (index, velocities) in few[..count].iter_mut().enumerate() {
        let (first, second, difference) = particle(index);
        *velocities = [first, second, difference];
    }
    let [one, other, ..] = &few;
    if count <= 2 {
        // The others would add 0.
        powers(one, other).map(|[one, other]| one + other)
    } else {
        sums_of_eight(&few)
    }
}

/// Two parts of each sum.
type Two = [[f64; 2]; SUMS];

#[inline(never)]
fn sums_of_eight(few: &[[f64; 3]; FEW]) -> Sums {
    let [a, b, c, d, e, f, g, h] = few;
    let low = add(powers(a, b), powers(e, f));
    let high = add(powers(c, d), powers(g, h));
    add(low, high).map(|[one, other]| one + other)
}

#[inline(always)]
fn add(left: Two, right: Two) -> Two {
    std::array::from_fn(|k| [left[k][0] + right[k][0], left[k][1] + right[k][1]])
}

/// The powers of two particles.
#[inline(always)]
fn powers(one: &[f64; 3], other: &[f64; 3]) -> Two {
    let [f, h, d] = std::array::from_fn(|k| [one[k], other[k]]);
    let square = |x: [f64; 2]| [x[0] * x[0], x[1] * x[1]];
    let [ff, hh, dd] = [f, h, d].map(square);
    // Parts start from 0, which matters to -0.
    let from_0 = |x: [f64; 2]| [0.0 + x[0], 0.0 + x[1]];
    [
        dd,
        square(dd),
        from_0(f),
        ff,
        square(ff),
        from_0(h),
        hh,
        square(hh),
    ]
}

vectorised! {
    /// Add the particles in these slots.
    fn add_slots<C: Coupling>(coupling: C, slots: &[Slot], sums: &mut [[f64; LANES]; SUMS]) {
        let mut parts = Parts(*sums);
        let (eights, rest) = slots.as_chunks::<LANES>();
        for eight in eights {
            parts.add_eight(coupling, eight);
        }
        if !rest.is_empty() {
            let mut last = [coupling.slot(0.0, 0.0); LANES];
            last[..rest.len()].copy_from_slice(rest);
            parts.add_eight(coupling, &last);
        }
        *sums = parts.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coupling::Synchronous;
    use crate::simulate::pair::{CoupledPair, Still};

    fn of_slots(pair: &Still, instructions: Instructions) -> Sums {
        let slot = |&(f, _, d): &(f64, f64, f64)| [f, d];
        let slots: Vec<Slot> = pair.0.iter().map(slot).collect();
        let mut parts = Parts::default();
        parts.add_slots(instructions, Synchronous, &slots);
        parts.totals()
    }

    #[test]
    fn every_way_to_sum_gives_the_same_bits() {
        for particles in [1, 2, 5, 8, 9, 255, 256, 257, 600] {
            let mut pair = Still::new(particles);
            for (f, h, d) in &mut pair.0 {
                // What the slots hold.
                *h = *f - *d;
            }
            let mut parts = Parts::default();
            let mut chunk = Particles::default();
            for from in (0..particles).step_by(Particles::MOST) {
                pair.read(from, &mut chunk);
                parts.add(&chunk);
            }
            let expected = parts.totals().map(f64::to_bits);
            assert_eq!(pair.sums().map(f64::to_bits), expected);
            for instructions in Instructions::available() {
                let sums = of_slots(&pair, instructions);
                assert_eq!(sums.map(f64::to_bits), expected, "{}", instructions.name());
            }
        }
    }
}
