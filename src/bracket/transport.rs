//! Increasing piecewise linear maps of the line, as gradients of convex
//! potentials whose conjugates are exact.
//!
//! A map T goes through knots (a_j, b_j), both non-decreasing, linearly between
//! them and with slope 1 beyond the first and the last. It is the derivative of
//! a convex φ; where two a_j coincide T jumps and φ has a kink, where two b_j
//! coincide T is flat and the conjugate φ* has one. With the displacement
//! d = T − id and D(x) = ∫ d from a_0 to x,
//!
//! ```text
//! x² − 2φ(x)  = −2 D(x)                             + const
//! y² − 2φ*(y) = (y − x)² + 2 D(x)   for y ∈ ∂φ(x)   − const
//! ```
//!
//! for Young's inequality is an equality there. Both are of the order of the
//! displacement, so nothing cancels where the two laws are close. Slope 1 in the
//! tails makes both terms grow no faster than linearly: their variances are
//! finite where second moments are.
//!
//! Claimed: xy ≤ φ(x) + φ*(y) for all x, y, up to rounding, with equality where y = T(x). Not
//! claimed: T need not be the optimal map between two laws.

use crate::numerics::vector::{Instructions, vectorised};
use std::ops::Range;

/// An increasing map T = φ′ through knots (a_j, b_j), of slope 1 beyond them, with
/// an exact conjugate φ*: xy ≤ φ(x) + φ*(y), with equality where y = T(x).
#[derive(Debug, Clone, PartialEq)]
pub struct Transport {
    /// a_j.
    source: Vec<f64>,
    /// b_j.
    target: Vec<f64>,
    /// D(a_j).
    integral: Vec<f64>,
}

impl Transport {
    /// The map through the points (`source[j]`, `target[j]`), finite and one at
    /// least. A number below an earlier one of its sequence is raised to it, so
    /// that T is increasing whatever it was fitted to.
    ///
    /// # Panics
    ///
    /// If there is no knot, or the lengths differ.
    pub fn new(mut source: Vec<f64>, mut target: Vec<f64>) -> Transport {
        assert!(!source.is_empty(), "there is at least one knot");
        assert_eq!(source.len(), target.len(), "each source has a target");
        for knots in [&mut source, &mut target] {
            for j in 1..knots.len() {
                knots[j] = knots[j].max(knots[j - 1]);
            }
        }
        let mut integral = vec![0.0; source.len()];
        for j in 1..source.len() {
            let sides = (target[j - 1] - source[j - 1]) + (target[j] - source[j]);
            integral[j] = integral[j - 1] + 0.5 * sides * (source[j] - source[j - 1]);
        }
        Transport {
            source,
            target,
            integral,
        }
    }

    /// T fitted to two sorted samples of the same size n ≥ 1: knots are the means of
    /// both samples over the same `bins` stretches of ranks, with ends at
    /// ½(1 − cos(πj/bins))·n, which are finer in the tails. Empty
    /// stretches have no knot. Where numbers repeat as often as an eighth of a
    /// stretch's mean length they are an atom, and stretches end with it: T is to
    /// jump there, or be flat, not to smear it out.
    pub fn fitted(first: &[f64], second: &[f64], bins: usize) -> Transport {
        let size = first.len();
        let mut ends = bin_ends(size, bins);
        let atom = (size / (8 * bins)).max(2);
        add_atom_ends(first, atom, &mut ends);
        add_atom_ends(second, atom, &mut ends);
        ends.sort_unstable();
        ends.dedup();
        let [source, target] = bin_means([first, second], &ends);
        Transport::new(source, target)
    }

    /// T fitted to the means and standard deviations of two samples: affine
    /// within three standard deviations of the mean.
    pub fn nearly_affine(first: &[f64], second: &[f64]) -> Transport {
        Transport::new(spread(first), spread(second))
    }

    /// Knots (a_j, b_j).
    pub fn knots(&self) -> impl Iterator<Item = (f64, f64)> {
        self.source.iter().copied().zip(self.target.iter().copied())
    }

    fn displacement(&self, knot: usize) -> f64 {
        self.target[knot] - self.source[knot]
    }

    /// The piece of T with this many knots at or before it.
    fn piece(&self, after: usize) -> Piece {
        let left = after.max(1) - 1;
        let start = self.displacement(left);
        let (widths, rise) = if after == 0 || after == self.source.len() {
            ([1.0; 2], 0.0)
        } else {
            let width = |knots: &[f64]| knots[after] - knots[left];
            let rise = self.displacement(after) - start;
            ([width(&self.source), width(&self.target)], rise)
        };
        Piece {
            source: self.source[left],
            target: self.target[left],
            integral: self.integral[left],
            start,
            widths,
            rise,
        }
    }

    /// T(x) of a finite x; where T jumps, the upper end of the jump.
    pub fn map(&self, x: f64) -> f64 {
        x + self.piece(at_or_before(&self.source, x)).displaced(x).0
    }

    /// x² − 2φ(x) of a finite x.
    pub fn first_term(&self, x: f64) -> f64 {
        self.piece(at_or_before(&self.source, x)).first_term(x)
    }

    /// y² − 2φ*(y) of a finite y.
    pub fn second_term(&self, y: f64) -> f64 {
        self.piece(at_or_before(&self.target, y)).second_term(y)
    }

    /// x² − 2φ(x) of each number of a sorted sequence.
    pub(super) fn first_terms(&self, sorted: &[f64], terms: &mut [f64]) {
        let instructions = Instructions::best();
        for (after, range) in stretches(&self.source, sorted) {
            let (numbers, terms) = (&sorted[range.clone()], &mut terms[range]);
            first_terms(instructions, self.piece(after), numbers, terms);
        }
    }

    /// y² − 2φ*(y) of each number of a sorted sequence.
    pub(super) fn second_terms(&self, sorted: &[f64], terms: &mut [f64]) {
        let instructions = Instructions::best();
        for (after, range) in stretches(&self.target, sorted) {
            let (numbers, terms) = (&sorted[range.clone()], &mut terms[range]);
            second_terms(instructions, self.piece(after), numbers, terms);
        }
    }
}

/// The number of knots at or before a number.
fn at_or_before(knots: &[f64], number: f64) -> usize {
    knots.partition_point(|&knot| knot <= number)
}

/// The non-empty ranges of a sorted sequence whose numbers have equally many knots at or before
/// them, with the number of knots.
fn stretches(knots: &[f64], sorted: &[f64]) -> impl Iterator<Item = (usize, Range<usize>)> {
    let mut from = 0;
    let ends = (knots.iter()).map(|&knot| sorted.partition_point(|&number| number < knot));
    let ranges = ends.chain([sorted.len()]).map(move |end| {
        let range = from..end;
        from = end;
        range
    });
    ranges.enumerate().filter(|(_, range)| !range.is_empty())
}

/// T between two neighbouring knots; or before the first or after the last knot, where d is
/// constant and the widths are set to 1.
#[derive(Debug, Clone, Copy)]
struct Piece {
    /// The source a_j of the left knot, or of the only one.
    source: f64,
    target: f64,
    /// D at this knot.
    integral: f64,
    /// d at this knot.
    start: f64,
    /// The distances to the other knot, in the source and in the target.
    widths: [f64; 2],
    /// The increase of d up to the other knot.
    rise: f64,
}

impl Piece {
    /// (d(x), D(x)).
    #[inline(always)]
    fn displaced(&self, x: f64) -> (f64, f64) {
        let from = x - self.source;
        self.at(from, self.rise * (from / self.widths[0]))
    }

    /// (d, D) at the distance `from` from the left knot, where d has risen by `rise`.
    #[inline(always)]
    fn at(&self, from: f64, rise: f64) -> (f64, f64) {
        (
            self.start + rise,
            self.integral + from * (self.start + 0.5 * rise),
        )
    }

    /// x² − 2φ(x).
    #[inline(always)]
    fn first_term(&self, x: f64) -> f64 {
        -2.0 * self.displaced(x).1
    }

    /// y² − 2φ*(y).
    #[inline(always)]
    fn second_term(&self, y: f64) -> f64 {
        let part = (y - self.target) / self.widths[1];
        let (gap, integral) = self.at(part * self.widths[0], part * self.rise);
        gap * gap + 2.0 * integral
    }
}

vectorised! {
    fn first_terms(piece: Piece, numbers: &[f64], terms: &mut [f64]) {
        for (term, &x) in terms.iter_mut().zip(numbers) {
            *term = piece.first_term(x);
        }
    }
}

vectorised! {
    fn second_terms(piece: Piece, numbers: &[f64], terms: &mut [f64]) {
        for (term, &y) in terms.iter_mut().zip(numbers) {
            *term = piece.second_term(y);
        }
    }
}

/// Adds the ranks at which runs of at least `least` equal numbers begin and end. Such a run holds a
/// rank that is a multiple of `least`, so only these ranks are looked at.
fn add_atom_ends(sorted: &[f64], least: usize, ends: &mut Vec<usize>) {
    let mut rank = 0;
    while rank < sorted.len() {
        let value = sorted[rank];
        let is_equal = |other: Option<&f64>| other == Some(&value);
        let before = rank.checked_sub(1).and_then(|before| sorted.get(before));
        if !is_equal(before) && !is_equal(sorted.get(rank + 1)) {
            rank = (rank + 1).next_multiple_of(least);
            continue;
        }
        let begin = sorted[..rank].partition_point(|&x| x < value);
        let end = rank + sorted[rank..].partition_point(|&x| x <= value);
        if end - begin >= least {
            ends.extend([begin, end].iter().filter(|&&end| end > 0));
        }
        rank = end.next_multiple_of(least);
    }
}

/// The ends of stretches of ranks, in order; some may be equal.
fn bin_ends(size: usize, bins: usize) -> Vec<usize> {
    let end = |j: usize| {
        let angle = std::f64::consts::PI * j as f64 / bins as f64;
        let part = 0.5 * (1.0 - libm::cos(angle)) * size as f64;
        (libm::round(part) as usize).min(size)
    };
    let mut ends: Vec<usize> = (1..bins).map(end).filter(|&end| end > 0).collect();
    ends.push(size);
    ends
}

/// Means over stretches of two sorted samples. Each mean is computed from its least number on, so
/// equal numbers have exactly themselves as a mean.
///
/// Both samples are summed at once, since either sum alone would wait for its last addition.
fn bin_means(sorted: [&[f64]; 2], ends: &[usize]) -> [Vec<f64>; 2] {
    let mut means = [(); 2].map(|()| Vec::with_capacity(ends.len()));
    let mut begin = 0;
    for &end in ends {
        let [first, second] = sorted.map(|sample| &sample[begin..end]);
        let least = [first[0], second[0]];
        let mut more = [0.0; 2];
        for (x, y) in first[1..].iter().zip(&second[1..]) {
            more[0] += x - least[0];
            more[1] += y - least[1];
        }
        let count = (end - begin) as f64;
        for ((means, least), more) in means.iter_mut().zip(least).zip(more) {
            means.push(least + more / count);
        }
        begin = end;
    }
    means
}

/// The mean minus and plus three standard deviations.
fn spread(sample: &[f64]) -> Vec<f64> {
    let count = sample.len() as f64;
    let mean = sample.iter().fold(0.0, |sum, x| sum + x) / count;
    let squares: f64 = sample.iter().map(|x| (x - mean) * (x - mean)).sum();
    let reach = 3.0 * (squares / count).sqrt();
    vec![mean - reach, mean + reach]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The maps have jumps and flat stretches; the numbers are at knots, between them and beyond.
    #[test]
    fn terms_of_a_sequence_are_those_of_its_numbers() {
        let maps = [
            (vec![0.5], vec![2.0]),
            (vec![-1.0, 0.0, 0.0, 2.0], vec![-3.0, -1.0, 1.0, 1.5]),
            (vec![-1.0, 0.0, 1.0, 1.0], vec![0.0, 0.0, 0.0, 0.0]),
        ];
        let number = |k: i32| f64::from(k) / 8.0;
        for (source, target) in maps {
            let transport = Transport::new(source, target);
            for sorted in [vec![], vec![0.5], (-40..40).map(number).collect()] {
                let mut terms = vec![f64::NAN; sorted.len()];
                transport.first_terms(&sorted, &mut terms);
                let single = sorted.iter().map(|&x| transport.first_term(x));
                assert!(terms.iter().copied().eq(single), "{transport:?}");
                transport.second_terms(&sorted, &mut terms);
                let single = sorted.iter().map(|&y| transport.second_term(y));
                assert!(terms.iter().copied().eq(single), "{transport:?}");
            }
        }
    }

    #[test]
    fn stretches_have_the_means_of_their_numbers() {
        let (first, second) = ([1.0, 1.0, 2.0, 5.0, 7.0], [-4.0, -2.0, 0.0, 0.0, 0.0]);
        let means = bin_means([&first, &second], &[2, 3, 5]);
        assert_eq!(means, [[1.0, 2.0, 6.0], [-3.0, 0.0, 0.0]]);
    }

    #[test]
    fn atoms_are_the_runs_of_a_plain_scan() {
        let samples: [fn(usize) -> f64; 4] = [
            |k| k as f64,
            |k| (k / 3) as f64,
            |k| (k * k / 200) as f64,
            |k| (k / 40).min(1) as f64,
        ];
        for (sample, least) in samples
            .into_iter()
            .flat_map(|s| [2, 3, 8].map(|least| (s, least)))
        {
            for size in [1, 2, 7, 100] {
                let sorted: Vec<f64> = (0..size).map(sample).collect();
                let mut found = vec![];
                add_atom_ends(&sorted, least, &mut found);
                let mut expected = vec![];
                let mut begin = 0;
                for run in sorted.chunk_by(|one, other| one == other) {
                    let end = begin + run.len();
                    if run.len() >= least {
                        expected.extend([begin, end].into_iter().filter(|&end| end > 0));
                    }
                    begin = end;
                }
                assert_eq!(found, expected, "{size} numbers, {least} at least");
            }
        }
    }
}
