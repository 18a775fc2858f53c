//! Sums of powers over the particles of both copies.

use super::particles::Particles;
use crate::model::slot::{self, Slot};
use crate::numerics::vector::{Instructions, Level};

/// The number of [`Sums`].
pub const SUMS: usize = 8;

/// Sums over particles: of Δ², Δ⁴, V, V², V⁴, V′, V′², V′⁴.
pub type Sums = [f64; SUMS];

/// The places of ΣV² and ΣV′² among the [`Sums`].
pub const SQUARES: [usize; 2] = [3, 6];

/// The number of partial sums, which are added together at the end.
const PARTS: usize = 8;

/// The largest number of particles that [`sums_of_few`] takes.
pub const FEW: usize = PARTS;

/// Sums of powers in parts: particle i goes to part i mod 8, so that the order
/// of additions is fixed and they can be vectorised.
#[derive(Debug, Default)]
pub struct Parts([[f64; PARTS]; SUMS]);

impl Parts {
    /// The parts of the sums over the particles in these slots.
    pub fn of_slots(instructions: Instructions, slots: &[Slot]) -> Parts {
        let mut in_turn = Parts::default();
        let (eights, rest) = slots.as_chunks::<PARTS>();
        in_turn.add_in_turn(instructions, eights);
        if !rest.is_empty() {
            let mut last = [[0.0; 2]; PARTS];
            last[..rest.len()].copy_from_slice(rest);
            in_turn.add_in_turn(instructions, &[last]);
        }
        let mut parts = Parts::default();
        for (lane, part) in IN_TURN.into_iter().enumerate() {
            for (sum, in_turn) in parts.0.iter_mut().zip(&in_turn.0) {
                sum[part] = in_turn[lane];
            }
        }
        parts
    }

    /// Adds particles to the parts [`IN_TURN`].
    fn add_in_turn(&mut self, instructions: Instructions, eights: &[Eight]) {
        match instructions.level() {
            #[cfg(not(target_arch = "x86_64"))]
            Level::Portable => self.add_one_by_one(eights),
            // SAFETY: every x86-64 processor has SSE2.
            #[cfg(target_arch = "x86_64")]
            Level::Portable => unsafe { sse2::add_in_turn(&mut self.0, eights) },
            // SAFETY: `Instructions` only has levels that were detected.
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => unsafe { avx2::add_in_turn(&mut self.0, eights) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => unsafe { avx512::add_in_turn(&mut self.0, eights) },
        }
    }

    /// The definition of `add_in_turn`, without vector registers.
    #[cfg(any(test, not(target_arch = "x86_64")))]
    fn add_one_by_one(&mut self, eights: &[Eight]) {
        for eight in eights {
            for (lane, slot) in IN_TURN.map(|part| eight[part]).into_iter().enumerate() {
                self.add_one(lane, slot::velocities(slot), slot::difference(slot));
            }
        }
    }

    /// Adds some particles; all calls but the last take whole multiples of eight.
    pub fn add(&mut self, particles: &Particles) {
        for index in 0..particles.first().len() {
            let v = (particles.first()[index], particles.second()[index]);
            self.add_one(index % PARTS, v, particles.difference()[index]);
        }
    }

    /// Adds a particle to a part.
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

    /// The sums: the parts are added in halves, by short chains of additions.
    #[inline(always)]
    pub fn totals(&self) -> Sums {
        let fours = (self.0).map(|[a, b, c, d, e, f, g, h]| [a + e, b + f, c + g, d + h]);
        let twos = fours.map(|[a, b, c, d]| [a + c, b + d]);
        twos.map(|[a, b]| a + b)
    }
}

/// The sums over the particles in these slots.
pub fn sums_of_slots(instructions: Instructions, slots: &[Slot]) -> Sums {
    if slots.len() > FEW {
        return Parts::of_slots(instructions, slots).totals();
    }
    match instructions.level() {
        // SAFETY: `Instructions` only has levels that were detected.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { avx512_few::sums(slots) },
        _ => sums_of_few(slots.len(), |index| {
            let (first, second) = slot::velocities(slots[index]);
            (first, second, slot::difference(slots[index]))
        }),
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
        // All other parts would add 0.
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
    // Parts start from 0: so −0 becomes 0.
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

/// The sums over at most eight particles with all powers of a particle in one register, so that
/// nothing is added across.
#[cfg(target_arch = "x86_64")]
mod avx512_few {
    use super::{FEW, Slot, Sums};
    use core::arch::x86_64::*;

    /// The lanes of the [`Sums`] of powers of Δ, and of V′.
    const OF_DIFFERENCE: __mmask8 = 0b0000_0011;
    const OF_SECOND: __mmask8 = 0b1110_0000;
    /// The lanes of the sums of first powers and of fourth powers.
    const FIRST_POWERS: __mmask8 = 0b0010_0100;
    const FOURTH_POWERS: __mmask8 = 0b1001_0010;

    /// The particles that are not there would add 0, which changes no sum.
    #[target_feature(enable = "avx512f")]
    pub fn sums(slots: &[Slot]) -> Sums {
        let add = |x, y| _mm512_add_pd(x, y);
        let sums = match *slots {
            [a] => powers(a),
            [a, b] => add(powers(a), powers(b)),
            _ => {
                let mut few = [[0.0; 2]; FEW];
                for (few, &slot) in few.iter_mut().zip(slots) {
                    *few = slot;
                }
                let [a, b, c, d, e, f, g, h] = few;
                if slots.len() <= 4 {
                    let [a, b, c, d] = [powers(a), powers(b), powers(c), powers(d)];
                    add(add(a, c), add(b, d))
                } else {
                    let [a, b, c, d] = [
                        add(powers(a), powers(e)),
                        add(powers(b), powers(f)),
                        add(powers(c), powers(g)),
                        add(powers(d), powers(h)),
                    ];
                    add(add(a, c), add(b, d))
                }
            }
        };
        // Parts start from 0: so −0 becomes 0.
        let sums = add(_mm512_setzero_pd(), sums);
        let mut totals = Sums::default();
        // SAFETY: these are as many bytes as a register has.
        unsafe { _mm512_storeu_pd(totals.as_mut_ptr(), sums) };
        totals
    }

    #[target_feature(enable = "avx512f")]
    fn powers([first, difference]: Slot) -> __m512d {
        let (v, difference) = (_mm512_set1_pd(first), _mm512_set1_pd(difference));
        let v = _mm512_mask_sub_pd(v, OF_SECOND, v, difference);
        let v = _mm512_mask_mov_pd(v, OF_DIFFERENCE, difference);
        let square = _mm512_mul_pd(v, v);
        let powers = _mm512_mask_mul_pd(square, FOURTH_POWERS, square, square);
        _mm512_mask_mov_pd(powers, FIRST_POWERS, v)
    }
}

/// Slots of a particle of each part.
type Eight = [Slot; PARTS];

/// The halves of the parts in turn: registers of any width are filled in this order by
/// the fewest shuffles, from rows of slots of both halves.
const IN_TURN: [usize; PARTS] = [0, 4, 1, 5, 2, 6, 3, 7];

/// `add_in_turn` with its numbers in vector registers: compilers do not find by themselves how few
/// shuffles are needed. From two rows of slots `$low` takes the V in turn, `$high` the Δ.
#[cfg(target_arch = "x86_64")]
macro_rules! powers_in_registers {
    ($module:ident, $feature:literal, $vector:ident, $load:ident, $store:ident, $low:ident,
     $high:ident, $add:ident, $subtract:ident, $multiply:ident) => {
        mod $module {
            use super::{Eight, PARTS, SUMS};
            use core::arch::x86_64::*;

            const WIDTH: usize = size_of::<$vector>() / size_of::<f64>();
            const VECTORS: usize = PARTS / WIDTH;

            #[target_feature(enable = $feature)]
            pub fn add_in_turn(parts: &mut [[f64; PARTS]; SUMS], eights: &[Eight]) {
                // SAFETY: here and below a vector is WIDTH numbers of PARTS.
                let load = |numbers: &[f64; PARTS], vector: usize| unsafe {
                    $load(numbers.as_ptr().add(vector * WIDTH))
                };
                let mut sums: [[$vector; VECTORS]; SUMS] = parts
                    .each_ref()
                    .map(|part| std::array::from_fn(|vector| load(part, vector)));
                for eight in eights {
                    let (numbers, _) = eight.as_flattened().as_chunks::<PARTS>();
                    for vector in 0..VECTORS {
                        let row = load(&numbers[0], vector);
                        let other = load(&numbers[1], vector);
                        let (first, difference) = ($low(row, other), $high(row, other));
                        let second = $subtract(first, difference);
                        let [dd, ff, hh] = [difference, first, second].map(|v| $multiply(v, v));
                        let [dddd, ffff, hhhh] = [dd, ff, hh].map(|v| $multiply(v, v));
                        let powers = [dd, dddd, first, ff, ffff, second, hh, hhhh];
                        for (sum, power) in sums.iter_mut().zip(powers) {
                            sum[vector] = $add(sum[vector], power);
                        }
                    }
                }
                for (part, sum) in parts.iter_mut().zip(sums) {
                    for (vector, sum) in sum.into_iter().enumerate() {
                        // SAFETY: as above.
                        unsafe { $store(part.as_mut_ptr().add(vector * WIDTH), sum) };
                    }
                }
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
powers_in_registers!(
    sse2,
    "sse2",
    __m128d,
    _mm_loadu_pd,
    _mm_storeu_pd,
    _mm_unpacklo_pd,
    _mm_unpackhi_pd,
    _mm_add_pd,
    _mm_sub_pd,
    _mm_mul_pd
);
#[cfg(target_arch = "x86_64")]
powers_in_registers!(
    avx2,
    "avx2",
    __m256d,
    _mm256_loadu_pd,
    _mm256_storeu_pd,
    _mm256_unpacklo_pd,
    _mm256_unpackhi_pd,
    _mm256_add_pd,
    _mm256_sub_pd,
    _mm256_mul_pd
);
#[cfg(target_arch = "x86_64")]
powers_in_registers!(
    avx512,
    "avx512f",
    __m512d,
    _mm512_loadu_pd,
    _mm512_storeu_pd,
    _mm512_unpacklo_pd,
    _mm512_unpackhi_pd,
    _mm512_add_pd,
    _mm512_sub_pd,
    _mm512_mul_pd
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::pair::{CoupledPair, Still};

    #[test]
    fn sums_of_minus_0_are_0() {
        for instructions in Instructions::available() {
            for count in 1..=9 {
                let sums = sums_of_slots(instructions, &vec![[-0.0, 0.0]; count]);
                assert!(sums.iter().all(|sum| sum.to_bits() == 0), "{sums:?}");
            }
        }
    }

    #[test]
    fn every_way_to_sum_gives_the_same_bits() {
        for particles in (1..=9).chain([255, 256, 257, 600]) {
            let mut pair = Still::new(particles);
            for (f, h, d) in &mut pair.0 {
                // V′ is computed from the V and Δ that the slots hold.
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
            let slot = |&(f, _, d): &(f64, f64, f64)| [f, d];
            let slots: Vec<Slot> = pair.0.iter().map(slot).collect();
            for instructions in Instructions::available() {
                let sums = sums_of_slots(instructions, &slots);
                assert_eq!(sums.map(f64::to_bits), expected, "{}", instructions.name());
            }
            let (eights, _) = slots.as_chunks();
            let [mut one, mut all] = [Parts::default(), Parts::default()];
            one.add_one_by_one(eights);
            all.add_in_turn(Instructions::best(), eights);
            assert_eq!(one.0, all.0);
        }
    }
}
