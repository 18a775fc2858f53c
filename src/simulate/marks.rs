//! From random words to the marks of a collision.
//!
//! Each function here is the whole definition of one mark. The plain engine
//! calls them for one collision, the block engine for whole arrays, where they
//! are inlined into loops that a compiler turns into vector code; they use
//! only + − × ÷ √ and bit operations, so both give the same bits on every
//! machine.

// The published coefficients, with more digits than a double holds.
#![allow(clippy::excessive_precision)]

use crate::model::Rates;
use crate::random::{LANES, Row, index_and_rest, one_to_two};
use std::hint::black_box;

/// Words of [`Lanes`](crate::random::Lanes) rows that one collision takes:
/// particle and kind, partner, direction, in this order.
pub const WORDS_PER_COLLISION: usize = 3;

/// How the discrete marks are drawn for one gas.
#[derive(Debug, Clone, Copy)]
pub struct MarkLaw {
    particles: u32,
    /// 1 + P(pair), to be compared with a number in [1, 2): 0 and 1 are exact.
    pair_threshold: f64,
}

impl MarkLaw {
    /// Marks for a gas of `particles` (below 2³²) with these rates.
    pub fn new(particles: usize, rates: Rates) -> Self {
        MarkLaw {
            particles: u32::try_from(particles).expect("the number of particles is below 2^32"),
            pair_threshold: 1.0 + rates.pair_probability(),
        }
    }

    /// The slot that stands for the bath particle: the one after the last.
    pub fn bath_slot(self) -> u32 {
        self.particles
    }

    /// The particle that collides, uniform on `0..N`, and its partner: the bath
    /// slot, or one of the other N − 1 particles, uniformly.
    ///
    /// Drawing the first of a pair uniformly and the second uniformly among the
    /// others makes every unordered pair equally likely. The kind is read off
    /// the low half of the product that gives the first; P(pair) is right to
    /// 2⁻⁵² or N/2⁶⁴, whichever is larger.
    #[inline(always)]
    pub fn particles(self, first: u64, second: u64) -> (u64, u64) {
        let (particle, rest) = index_and_rest(first, self.particles);
        let (other, _) = index_and_rest(second, self.particles.wrapping_sub(1));
        // Signs of differences instead of comparisons: vector code everywhere.
        // One more if other ≥ particle; both are below 2³².
        let other = other + 1 - (other.wrapping_sub(particle) >> 63);
        let pair = one_to_two(rest) < self.pair_threshold;
        let bath = u64::from(self.particles);
        (particle, if pair { other } else { bath })
    }
}

/// Lanes that the widest vector registers hold.
const WIDTH: usize = 8;

/// A number, once for each lane of a vector.
type Spread = [f64; WIDTH];

/// The coefficients of [`direction`] and [`Coefficients::normal_row`], spread over lanes.
///
/// Literals would do, but for AVX2 compilers then spread each one anew at each use,
/// which takes as long as the arithmetic. So they are read from memory.
#[derive(Debug)]
#[repr(align(64))]
pub struct Coefficients {
    sin: [Spread; 6],
    cos: [Spread; 6],
    log: [Spread; 7],
}

const fn spread<const COUNT: usize>(numbers: [f64; COUNT]) -> [Spread; COUNT] {
    let mut spread = [[0.0; WIDTH]; COUNT];
    let mut index = 0;
    while index < COUNT {
        spread[index] = [numbers[index]; WIDTH];
        index += 1;
    }
    spread
}

/// The kernel polynomials of FreeBSD's msun (`k_sin.c`, `k_cos.c`, `e_log.c`; Sun
/// Microsystems 1993).
static COEFFICIENTS: Coefficients = Coefficients {
    sin: spread([
        -1.666_666_666_666_663_243_48e-1,
        8.333_333_333_322_489_461_24e-3,
        -1.984_126_982_985_794_931_34e-4,
        2.755_731_370_707_006_767_89e-6,
        -2.505_076_025_340_686_341_95e-8,
        1.589_690_995_211_550_102_21e-10,
    ]),
    cos: spread([
        4.166_666_666_666_660_190_37e-2,
        -1.388_888_888_887_410_957_49e-3,
        2.480_158_728_947_672_941_78e-5,
        -2.755_731_435_139_066_330_35e-7,
        2.087_572_321_298_174_827_90e-9,
        -1.135_964_755_778_819_482_65e-11,
    ]),
    log: spread([
        6.666_666_666_666_735_130e-1,
        3.999_999_999_940_941_908e-1,
        2.857_142_874_366_239_149e-1,
        2.222_219_843_214_978_396e-1,
        1.818_357_216_161_805_012e-1,
        1.531_383_769_920_937_332e-1,
        1.479_819_860_511_658_591e-1,
    ]),
};

impl Coefficients {
    /// The coefficients, as numbers that a compiler does not know.
    pub fn get() -> &'static Coefficients {
        black_box(&COEFFICIENTS)
    }

    /// (cosθ, sinθ) of an angle uniform on [0, 2π), in a lane.
    ///
    /// The top two bits choose the quadrant, the next 52 an angle x in
    /// [−π/4, π/4); sine and cosine of x are polynomials right to about one unit in
    /// the last place.
    #[inline(always)]
    pub fn direction(&self, lane: usize, word: u64) -> (f64, f64) {
        let s = |k: usize| self.sin[k][lane];
        let c = |k: usize| self.cos[k][lane];
        let quadrant = word >> 62;
        let x = (one_to_two(word << 2) - 1.5) * std::f64::consts::FRAC_PI_2;
        let z = x * x;
        let z2 = z * z;
        let z4 = z2 * z2;
        let sin_tail = (s(0) + z * s(1)) + z2 * (s(2) + z * s(3)) + z4 * (s(4) + z * s(5));
        let cos_tail = (c(0) + z * c(1)) + z2 * (c(2) + z * c(3)) + z4 * (c(4) + z * c(5));
        let sin = (x + x * (z * sin_tail)).to_bits();
        let cos = (1.0 - (0.5 * z - z2 * cos_tail)).to_bits();
        // Odd quadrants swap sine and cosine; then the signs.
        let swap = (sin ^ cos) & 0u64.wrapping_sub(quadrant & 1);
        let cos_sign = ((quadrant + 1) & 2) << 62;
        let sin_sign = (quadrant & 2) << 62;
        (
            f64::from_bits(cos ^ swap ^ cos_sign),
            f64::from_bits(sin ^ swap ^ sin_sign),
        )
    }

    /// ln u for a normal positive u, in a lane: the method of msun, without its
    /// special cases. The error is below one unit in the last place.
    #[inline(always)]
    fn natural_log(&self, lane: usize, u: f64) -> f64 {
        const SQRT_HALF: u64 = 0x3fe6_a09e_667f_3bcd;
        const LN2_HIGH: f64 = 6.931_471_803_691_238_164_90e-1;
        const LN2_LOW: f64 = 1.908_214_929_270_587_700_02e-10;
        let c = |k: usize| self.log[k][lane];
        // u = 2^exponent · (1 + f) with 1 + f in [√½, √2).
        let shifted = u.to_bits() + (0x3ff0_0000_0000_0000 - SQRT_HALF);
        let biased = f64::from_bits(0x4330_0000_0000_0000 | (shifted >> 52));
        let exponent = biased - (4_503_599_627_370_496.0 + 1023.0);
        let f = f64::from_bits((shifted & 0x000f_ffff_ffff_ffff) + SQRT_HALF) - 1.0;
        let s = f / (2.0 + f);
        let z = s * s;
        let w = z * z;
        let even = w * (c(1) + w * (c(3) + w * c(5)));
        let odd = z * (c(0) + w * (c(2) + w * (c(4) + w * c(6))));
        let half_square = 0.5 * f * f;
        let tail = s * (half_square + (even + odd)) + exponent * LN2_LOW;
        exponent * LN2_HIGH - ((half_square - tail) - f)
    }

    /// Two independent standard normal variates (Box and Muller 1958), in a lane:
    /// √(−2 ln u)·(cosφ, sinφ) with u uniform on (0, 1] in steps of 2⁻⁵².
    #[inline(always)]
    fn normal_pair(&self, lane: usize, radius: u64, angle: u64) -> (f64, f64) {
        let u = 2.0 - one_to_two(radius);
        let length = (-2.0 * self.natural_log(lane, u)).sqrt();
        let (cos, sin) = self.direction(lane, angle);
        (length * cos, length * sin)
    }

    /// [`Coefficients::direction`] of each lane of a row.
    #[inline(always)]
    pub fn direction_row(&self, words: &Row, cos: &mut [f64; LANES], sin: &mut [f64; LANES]) {
        for first in (0..LANES).step_by(WIDTH) {
            for lane in 0..WIDTH {
                (cos[first + lane], sin[first + lane]) = self.direction(lane, words[first + lane]);
            }
        }
    }

    /// Standard normal variates: those of the words of lanes k and k + 8, for k
    /// below 8, go to the same lanes.
    #[inline(always)]
    pub fn normal_row(words: &Row) -> [f64; LANES] {
        // Anew for each row: kept over many, there are too many for the registers.
        let coefficients = Self::get();
        let mut row = [0.0; LANES];
        for lane in 0..WIDTH {
            (row[lane], row[lane + WIDTH]) =
                coefficients.normal_pair(lane, words[lane], words[lane + WIDTH]);
        }
        row
    }
}

/// (cosθ, sinθ) of an angle uniform on [0, 2π): [`Coefficients::direction`].
pub fn direction(word: u64) -> (f64, f64) {
    COEFFICIENTS.direction(0, word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::next_word;
    use rand::SeedableRng;

    #[test]
    fn direction_is_the_angle_of_its_word() {
        let mut stream = rand_pcg::Pcg64::seed_from_u64(1);
        for _ in 0..100_000 {
            let word = next_word(&mut stream);
            let (cos, sin) = direction(word);
            // Quadrant 0 is centred at angle 0: θ = 2π·word/2⁶⁴ − π/4.
            let theta = std::f64::consts::TAU * (word as f64 / 2f64.powi(64) - 0.125);
            // θ itself is rounded: 8 · 2⁻⁵³.
            assert!((cos - libm::cos(theta)).abs() < 1e-15);
            assert!((sin - libm::sin(theta)).abs() < 1e-15);
            assert!((cos * cos + sin * sin - 1.0).abs() < 5e-16);
        }
    }

    #[test]
    fn natural_log_matches_libm() {
        let mut stream = rand_pcg::Pcg64::seed_from_u64(2);
        for step in 0..100_000 {
            let u = 2.0 - one_to_two(next_word(&mut stream) >> (step % 50));
            let exact = libm::log(u);
            assert!((COEFFICIENTS.natural_log(0, u) - exact).abs() <= 2e-16 * exact.abs());
        }
        assert_eq!(COEFFICIENTS.natural_log(0, 1.0), 0.0);
    }

    #[test]
    fn certain_kinds_are_certain() {
        let pairs_only = MarkLaw::new(
            5,
            Rates {
                pair: 1.0,
                bath: 0.0,
            },
        );
        let bath_only = MarkLaw::new(
            5,
            Rates {
                pair: 0.0,
                bath: 1.0,
            },
        );
        for word in (0..1000).map(|k| k * (u64::MAX / 999)) {
            for other in [0, 1, u64::MAX] {
                assert!(pairs_only.particles(word, other).1 < 5);
                assert_eq!(bath_only.particles(word, other).1, 5);
            }
        }
    }

    #[test]
    fn a_partner_is_another_particle() {
        let law = MarkLaw::new(
            3,
            Rates {
                pair: 1.0,
                bath: 0.0,
            },
        );
        for word in [0, 1 << 63, u64::MAX] {
            let (particle, least) = law.particles(word, 0);
            let (_, most) = law.particles(word, u64::MAX);
            let others: Vec<u64> = (0..3).filter(|&other| other != particle).collect();
            assert_eq!(vec![least, most], others);
        }
    }
}
