//! Marks of a collision from random words.
//!
//! Here every mark is defined. The plain engine takes them for one collision, the block engine for
//! whole arrays, in loops that a compiler turns into vector code. For the particles it takes a
//! shortcut ([`meetings`](super::meetings)), and uses the whole law ([`MarkLaw::particles`]) only
//! where a further word is needed. All use only + − × ÷ √ and bit operations, so both give the same
//! bits on every machine.

// The published coefficients, with more digits than a double holds.
#![allow(clippy::excessive_precision)]

use crate::model::Rates;
use crate::random::{LANES, Row, one_to_two};
use std::hint::black_box;

/// The number of rows of [`Lanes`](crate::random::Lanes) words that sixteen collisions take: one
/// row for the particles, then one for the angles.
///
/// A row of words is a row of twice as many half words, the lower half of each before the higher
/// one. In the first row the first sixteen half words are for the particles and the kinds of
/// sixteen collisions, the others for their partners. The second row has a word for each
/// [direction](Coefficients::direction).
pub const ROWS_PER_GROUP: usize = 2;

/// The half words of a row for the particle and kind, and for the partner, of the
/// collision in a lane.
#[inline(always)]
pub fn halves(row: &Row, lane: usize) -> [u32; 2] {
    let half = |index: usize| (row[index / 2] >> (32 * (index % 2))) as u32;
    [half(lane), half(LANES + lane)]
}

/// An index uniform on `0..bound`, from a half word.
///
/// The high half of the product of 32 random bits and the bound is an index. The low half tells
/// which of the ⌈2³²/bound⌉ or ⌊2³²/bound⌋ half words that give this index it was: the `rank`-th if
/// it is in `bound·rank + (0..bound) + (2³² mod bound)`, and one too many if it is below 2³² mod
/// bound. If these last ones are drawn anew, indices are uniform (Lemire 2019, "Fast random integer
/// generation in an interval"), and so are ranks, given the index.
#[derive(Debug, Clone, Copy)]
pub(super) struct Index {
    pub(super) bound: u32,
    /// 2³² mod bound.
    too_many: u32,
}

impl Index {
    /// The drawing of an index below a bound; a bound of 0 gives 0.
    fn new(bound: u32) -> Self {
        let too_many = if bound == 0 {
            0
        } else {
            bound.wrapping_neg() % bound
        };
        Index { bound, too_many }
    }

    /// The number of ranks that an index has.
    fn ranks(self) -> u64 {
        ((1 << 32) - u64::from(self.too_many)) / u64::from(self.bound)
    }

    /// The high and the low half of the product.
    #[inline(always)]
    pub(super) fn of(self, half: u32) -> (u32, u32) {
        let product = u64::from(half) * u64::from(self.bound);
        ((product >> 32) as u32, product as u32)
    }

    /// The index and its rank, from as many `more` words as it takes to have a rank.
    fn ranked(self, half: u32, more: &mut impl FnMut() -> u64) -> (u32, u32) {
        let (mut index, mut rest) = self.of(half);
        while rest < self.too_many {
            (index, rest) = self.of((more() >> 32) as u32);
        }
        (index, rest)
    }
}

/// The law of the discrete marks of one gas.
///
/// The halves of a word decide nearly always: at most 3N/2³² of all collisions need further words.
/// So all probabilities are exact, except that the probability of a pair is right to 2⁻⁵².
#[derive(Debug, Clone, Copy)]
pub struct MarkLaw {
    /// The particle, whose rank gives the kind: rank 0 needs a further word, then come the ranks of
    /// pairs, and those of bath collisions.
    pub(super) first: Index,
    /// The partner among those other than the particle.
    pub(super) other: Index,
    /// A low half below this needs further words.
    open_below: u32,
    /// The low half of the last rank of pairs, at most.
    pub(super) last_pair: u32,
    /// The probability that rank 0 is a pair's, plus one.
    pair_at_rank_0: f64,
}

impl MarkLaw {
    /// Marks for a gas of `particles` (1 ≤ N < 2³¹) with these rates.
    ///
    /// # Panics
    ///
    /// If N is outside this range, or a single particle has pair collisions.
    pub fn new(particles: usize, rates: Rates) -> Self {
        assert!(
            particles > 1 || rates.pair == 0.0,
            "no pairs of one particle"
        );
        let below = i32::try_from(particles).expect("the number of particles is below 2^31");
        let particles = below as u32;
        let first = Index::new(particles);
        // The whole part of this number of ranks, from rank 1 on, belongs to pairs; rank 0 gets the
        // rest.
        let pairs = rates.pair_probability() * first.ranks() as f64;
        let whole = (pairs as u64).min(first.ranks() - 1);
        let open_below = u64::from(first.too_many) + u64::from(particles);
        MarkLaw {
            first,
            other: Index::new(particles - 1),
            open_below: open_below as u32,
            last_pair: (open_below + u64::from(particles) * whole - 1) as u32,
            pair_at_rank_0: 1.0 + (pairs - whole as f64),
        }
    }

    /// The slot that stands for the bath particle: the one after the last.
    pub fn bath_slot(self) -> u32 {
        self.first.bound
    }

    /// The particle that collides, uniform on `0..N`, and its partner: the bath slot, or one of the
    /// other N − 1 particles, uniformly. `more` words are taken only if these half words do not
    /// decide.
    ///
    /// If the first of a pair is uniform and the second is uniform among the others, every
    /// unordered pair is equally likely.
    pub fn particles(self, first: u32, other: u32, mut more: impl FnMut() -> u64) -> (u32, u32) {
        let (particle, rest) = self.first.ranked(first, &mut more);
        let (other, _) = self.other.ranked(other, &mut more);
        let pair = if rest < self.open_below {
            one_to_two(more()) < self.pair_at_rank_0
        } else {
            rest <= self.last_pair
        };
        let partner = if pair {
            other + u32::from(other >= particle)
        } else {
            self.bath_slot()
        };
        (particle, partner)
    }

    /// True if a collision with these low halves needs further words; or if any of several
    /// collisions does, when these are the lowest of their low halves.
    #[inline(always)]
    pub fn needs_more_words(self, rest: u32, other_rest: u32) -> bool {
        (rest < self.open_below) | (other_rest < self.other.too_many)
    }
}

/// The number of lanes of the widest vector registers.
const WIDTH: usize = 8;

/// A number that is repeated for each lane of a vector.
type Spread = [f64; WIDTH];

/// The coefficients of [`direction`] and [`Coefficients::normal_row`], spread over lanes.
///
/// Literals would do, but with AVX2 compilers spread each of them anew at each use, which takes as
/// long as the arithmetic. So they are read from memory.
#[derive(Debug)]
#[repr(align(64))]
pub struct Coefficients {
    sin: [Spread; 7],
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

/// The coefficients of sin(πy/2)/y and of (cos(πy/2) − 1)/y² in powers of y², |y| ≤ ½: the
/// polynomials nearest to sine and cosine in the largest error (Remez's exchange with 60 digits),
/// 1.5e-17 and 6.3e-17 before rounding. The second and third number are moved by 2 and 20 units in
/// the last place, which makes the mean of cos² + sin² right to 2e-20. The coefficients of the
/// logarithm are those of FreeBSD's msun (`e_log.c`; Sun Microsystems 1993).
static COEFFICIENTS: Coefficients = Coefficients {
    sin: spread([
        std::f64::consts::FRAC_PI_2,
        -0.645_964_097_506_244_1,
        0.079_692_626_246_043_35,
        -0.004_681_754_132_342_262,
        0.000_160_441_150_752_110_03,
        -3.598_643_388_248_772e-6,
        5.633_938_483_569_299e-8,
    ]),
    cos: spread([
        -1.233_700_550_136_157,
        0.253_669_507_900_052_94,
        -0.020_863_480_737_573_895,
        0.000_919_259_967_759_461_6,
        -2.520_019_241_859_588_8e-5,
        4.656_003_823_697_567e-7,
    ]),
    // These coefficients are multiplied by −2, which is exact.
    log: spread([
        -2.0 * 6.666_666_666_666_735_130e-1,
        -2.0 * 3.999_999_999_940_941_908e-1,
        -2.0 * 2.857_142_874_366_239_149e-1,
        -2.0 * 2.222_219_843_214_978_396e-1,
        -2.0 * 1.818_357_216_161_805_012e-1,
        -2.0 * 1.531_383_769_920_937_332e-1,
        -2.0 * 1.479_819_860_511_658_591e-1,
    ]),
};

impl Coefficients {
    /// The coefficients, as numbers that a compiler does not know.
    pub fn get() -> &'static Coefficients {
        black_box(&COEFFICIENTS)
    }

    /// (cosθ, sinθ) of an angle uniform on [0, 2π), in a lane.
    ///
    /// The lowest 52 bits of the word choose a point of the arc |θ| ≤ π/4; the highest
    /// bit reflects it to the opposite arc, the next one swaps sine and cosine.
    /// These four arcs make up the circle: their points, 2⁵⁴ in all, are evenly spaced,
    /// but that one seam has two points for one, and the opposite one none. Sine and
    /// cosine on the arc are polynomials right to about one unit in the last place.
    #[inline(always)]
    pub fn direction(&self, lane: usize, word: u64) -> (f64, f64) {
        let s = |k: usize| self.sin[k][lane];
        let c = |k: usize| self.cos[k][lane];
        let one_to_two = f64::from_bits(0x3ff0_0000_0000_0000 | (word & 0x000f_ffff_ffff_ffff));
        let y = one_to_two - 1.5;
        let z = y * y;
        let z2 = z * z;
        // The smallest terms are added first.
        let odd = z * (s(1) + z2 * (s(3) + z2 * s(5)));
        let even = z2 * (s(2) + z2 * (s(4) + z2 * s(6)));
        let sin = (y * (s(0) + (odd + even))).to_bits();
        let odd = z * (c(0) + z2 * (c(2) + z2 * c(4)));
        let even = z2 * (c(1) + z2 * (c(3) + z2 * c(5)));
        let cos = (1.0 + (odd + even)).to_bits() ^ (word & (1 << 63));
        let swap = (sin ^ cos) & 0u64.wrapping_sub((word >> 62) & 1);
        (f64::from_bits(cos ^ swap), f64::from_bits(sin ^ swap))
    }

    /// −2 ln u for a normal positive u, in a lane: the method of msun without its special cases.
    /// The relative error is below 6e-16.
    #[inline(always)]
    fn minus_twice_log(&self, lane: usize, u: f64) -> f64 {
        const SQRT_HALF: u64 = 0x3fe6_a09e_667f_3bcd;
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
        exponent * (-2.0 * std::f64::consts::LN_2) + s * ((even + odd) - 4.0)
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

    /// Squares of the lengths of pairs of standard normal variates, −2 ln u with u uniform on (0,
    /// 1] in steps of 2⁻⁵²: the words of lanes 0 to 7 go to lanes 8 to 15.
    #[inline(always)]
    pub fn lengths_row(words: &Row, row: &mut [f64; LANES]) {
        // The coefficients are loaded anew for each row: kept over many rows, they are too many for
        // the registers.
        let coefficients = Self::get();
        for lane in 0..WIDTH {
            let u = 2.0 - one_to_two(words[lane]);
            row[lane + WIDTH] = coefficients.minus_twice_log(lane, u);
        }
    }

    /// Standard normal variates (Box and Muller 1958), from the squares of their
    /// lengths and the words of lanes 8 to 15: the two of a pair go to lanes k and k + 8.
    #[inline(always)]
    pub fn normal_row(words: &Row, row: &mut [f64; LANES]) {
        let coefficients = Self::get();
        for lane in 0..WIDTH {
            let length = row[lane + WIDTH].sqrt();
            let (cos, sin) = coefficients.direction(lane, words[lane + WIDTH]);
            (row[lane], row[lane + WIDTH]) = (length * cos, length * sin);
        }
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
            let theta = angle_of(word);
            // θ itself is rounded, by 4 · 2⁻⁵³.
            assert!((cos - libm::cos(theta)).abs() < 1e-15);
            assert!((sin - libm::sin(theta)).abs() < 1e-15);
            assert!((cos * cos + sin * sin - 1.0).abs() < 5e-16);
        }
    }

    /// The angle of a word, in [−π, π].
    fn angle_of(word: u64) -> f64 {
        use std::f64::consts::{FRAC_PI_2, PI};
        let arc = FRAC_PI_2 * ((word & ((1 << 52) - 1)) as f64 / 2f64.powi(52) - 0.5);
        let reflected = if word >> 63 == 1 { PI - arc } else { arc };
        if word >> 62 & 1 == 1 {
            FRAC_PI_2 - reflected
        } else {
            reflected
        }
    }

    #[test]
    fn rotations_keep_the_length_in_the_mean() {
        // c² + s² is off by about 1e-16 each time. Its mean over 10⁶ directions is off by 1e-19,
        // and by the error of the polynomials. A last bit of a coefficient would show (1e-17), and
        // add up over a long run's rotations.
        let mut stream = rand_pcg::Pcg64::seed_from_u64(3);
        let mut sum = 0.0;
        for _ in 0..1_000_000 {
            let (cos, sin) = direction(next_word(&mut stream));
            // The squares are exact: c² = h + l.
            let square = |x: f64| {
                let high = x * x;
                (high, x.mul_add(x, -high))
            };
            let ((c, c_low), (s, s_low)) = (square(cos), square(sin));
            let (larger, smaller) = (c.max(s), c.min(s));
            sum += (larger - 1.0) + smaller + c_low + s_low;
        }
        assert!((sum / 1e6).abs() < 1e-18, "{}", sum / 1e6);
    }

    #[test]
    fn logarithm_matches_libm() {
        let mut stream = rand_pcg::Pcg64::seed_from_u64(2);
        for step in 0..100_000 {
            let u = 2.0 - one_to_two(next_word(&mut stream) >> (step % 50));
            let exact = -2.0 * libm::log(u);
            assert!((COEFFICIENTS.minus_twice_log(0, u) - exact).abs() <= 6e-16 * exact);
        }
        assert_eq!(COEFFICIENTS.minus_twice_log(0, 1.0), 0.0);
    }

    fn law(particles: usize, pair: f64, bath: f64) -> MarkLaw {
        MarkLaw::new(particles, Rates { pair, bath })
    }

    #[test]
    fn half_words_come_lower_half_first() {
        let row = std::array::from_fn(|lane| (2 * lane as u64 + 1) << 32 | (2 * lane as u64));
        for lane in 0..LANES {
            assert_eq!(halves(&row, lane), [lane as u32, 16 + lane as u32]);
        }
    }

    #[test]
    fn indices_and_ranks_are_uniform() {
        // An index has a half word for each rank, and perhaps one too many.
        for bound in [1000, 65_537, (1 << 31) - 1] {
            let index = Index::new(bound);
            for cell in [0, 1, u64::from(bound / 2), u64::from(bound - 1)] {
                let first = (cell << 32).div_ceil(u64::from(bound));
                let last = (((cell + 1) << 32) - 1) / u64::from(bound);
                let mut rank = 0;
                for half in first..=last {
                    let (found, rest) = index.of(half as u32);
                    assert_eq!(u64::from(found), cell);
                    if let Some(ranked) = rest.checked_sub(index.too_many) {
                        assert_eq!(u64::from(ranked / bound), rank);
                        rank += 1;
                    }
                }
                assert_eq!(rank, index.ranks());
            }
        }
    }

    #[test]
    fn pairs_have_their_share_of_ranks() {
        for (particles, pair, bath) in [
            (2, 1.0, 1.0),
            (1000, 2.0, 1.0),
            (1 << 20, 0.3, 1.7),
            ((1 << 31) - 1, 1.0, 1.0),
            (1000, 1.0, 0.0),
            (1000, 0.0, 1.0),
            (1, 0.0, 1.0),
        ] {
            let law = law(particles, pair, bath);
            let ranks = law.first.ranks() as f64;
            let whole =
                (u64::from(law.last_pair) + 1 - u64::from(law.open_below)) / particles as u64;
            let share = (whole as f64 + (law.pair_at_rank_0 - 1.0)) / ranks;
            let expected = 0.5 * pair / (0.5 * pair + bath);
            assert!((share - expected).abs() < 2f64.powi(-52), "{particles}");
            assert!((1.0..=2.0).contains(&law.pair_at_rank_0));
        }
    }

    #[test]
    fn pair_probability_0_or_1_gives_one_kind() {
        let mut words = (0..).map(|k: u64| k.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        for first in (0..1000).map(|k| k * (u32::MAX / 999)) {
            for other in [0, 1 << 31, u32::MAX] {
                let mut more = || words.next().unwrap();
                assert!(law(4, 1.0, 0.0).particles(first, other, &mut more).1 < 4);
                assert_eq!(law(4, 0.0, 1.0).particles(first, other, &mut more).1, 4);
            }
        }
    }

    #[test]
    fn a_partner_is_another_particle() {
        let law = law(5, 1.0, 0.0);
        // 2³² = 5·858993459 + 1: the third half word of an index, or its second, has
        // rank 1.
        for particle in 0..5 {
            let found = (0..4).map(|other| {
                let first = particle * 858_993_459 + 2;
                law.particles(first, other << 30, || panic!("the half words decide"))
            });
            let partners = (0..5).filter(|&partner| partner != particle);
            let expected = partners.map(|partner| (particle, partner));
            assert!(found.eq(expected));
        }
    }

    #[test]
    fn further_words_decide_where_half_words_do_not() {
        let drawn = |law: MarkLaw, first, other, words: &[u64]| {
            let mut more = words.iter();
            let found = law.particles(first, other, || *more.next().expect("one more word"));
            assert_eq!(more.len(), 0, "all are taken");
            found
        };
        // P(pair) = ½ is 2³¹ − ½ ranks of 2³² − 1; each of the three particles has 2³²/3 =
        // 1431655765⅓ half words.
        let three = law(3, 2.0, 1.0);
        assert_eq!((three.first.too_many, three.open_below), (1, 4));
        // Half word 0 is one too many; half word 1 has rank 0, whose kind takes a word.
        assert_eq!(drawn(three, 0, 0, &[1 << 32, 0]), (0, 1));
        let half = 1 << 63;
        assert_eq!(drawn(three, 1, 0, &[half - (1 << 20)]), (0, 1));
        assert_eq!(drawn(three, 1, 0, &[half]), (0, 3));
        assert_eq!(drawn(three, 2, 0, &[]), (0, 1));
        // These are the last rank of pairs and the first of the bath.
        let last = 1 + (three.last_pair - 3) / 3;
        assert_eq!(drawn(three, last, 0, &[]), (0, 1));
        assert_eq!(drawn(three, last + 1, 0, &[]), (0, 3));
        // The partner's half word 0 is one too many for three other particles.
        assert_eq!(drawn(law(4, 2.0, 1.0), 2, 0, &[u64::MAX]), (0, 3));
    }
}
