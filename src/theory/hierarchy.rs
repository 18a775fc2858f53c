//! Exact moments of the gas, of any even degree, from one generator.
//!
//! For an exchangeable law of N particles let
//! `E[V_1^{a_1} ⋯ V_k^{a_k}]` be the moment of the *partition*
//! (a_1 ≥ … ≥ a_k ≥ 1). A pair collision turns a moment into moments of the
//! same degree, a bath collision into moments of the same or a lower degree, so
//! a moment and those that feed it solve a closed linear system d/dt y = A y.
//! The system is built here from the collision rule itself, through
//!
//! ```text
//! ⟨cos^p sin^q⟩ = (p−1)!! (q−1)!! / (p+q)!!   for even p and q, otherwise 0.
//! ```
//!
//! Moments of odd degree of the bath never enter: a bath collision of a
//! particle with an odd power averages to 0.
//!
//! Let F_a be the average of V_{i_1}^{a_1} ⋯ V_{i_k}^{a_k} over all k distinct
//! particles of a copy. The generator 𝓛 of the gas turns F_a into Σ_b A_ab F_b, so
//! covariances of averages over replicas can be joined to the system:
//!
//! ```text
//! d/dt Cov(F_a, F_b) = Σ_c A_ac Cov(F_c, F_b) + Σ_c A_bc Cov(F_a, F_c) + E Γ(F_a, F_b)
//! Γ(F, G) = 𝓛(FG) − F𝓛G − G𝓛F = Σ over collisions of their rate times ⟨δF δG⟩
//! ```
//!
//! with δF what one collision changes of F. The squares of means, which are nearly
//! all of E F_a² where velocities vary little, are not in it: nothing cancels.

use ndarray::{Array1, Array2};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// Powers of distinct particles, largest first; empty for the constant 1.
pub type Partition = Vec<u32>;

/// What a system has an equation for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Entry {
    /// E V_1^{a_1} ⋯ V_k^{a_k}.
    Moment(Partition),
    /// Cov(F_a, F_b).
    Covariance(Partition, Partition),
}

impl Entry {
    /// Covariances are symmetric, and one of each two is kept.
    fn covariance(a: &[u32], b: &[u32]) -> Entry {
        Entry::Covariance(a.max(b).to_vec(), a.min(b).to_vec())
    }

    fn degree(&self) -> u32 {
        match self {
            Entry::Moment(partition) => partition.iter().sum(),
            Entry::Covariance(a, b) => a.iter().chain(b).sum(),
        }
    }
}

/// The closed linear system for some moments, or covariances: they and all that feed them.
#[derive(Debug, Clone)]
pub struct MomentSystem {
    index: BTreeMap<Entry, usize>,
    generator: Array2<f64>,
    /// Of each moment its unit: u^d for degree d, with u about the bath's standard deviation.
    units: Array1<f64>,
    /// e^{At}, in these units, of times that were asked for before, by the bits of t.
    flows: Arc<Mutex<BTreeMap<u64, Arc<Array2<f64>>>>>,
}

pub(super) fn binomial(n: u32, k: u32) -> f64 {
    (0..k).fold(1.0, |value, i| value * f64::from(n - i) / f64::from(i + 1))
}

/// n!! with (−1)!! = 0!! = 1.
fn double_factorial(n: i64) -> f64 {
    (1..=n)
        .rev()
        .step_by(2)
        .fold(1.0, |product, factor| product * factor as f64)
}

/// The mean of cos^p θ · sin^q θ over the circle.
fn circle_mean(p: u32, q: u32) -> f64 {
    if p % 2 == 1 || q % 2 == 1 {
        return 0.0;
    }
    let (p, q) = (i64::from(p), i64::from(q));
    double_factorial(p - 1) * double_factorial(q - 1) / double_factorial(p + q)
}

/// ⟨(x cosθ + y sinθ)^a (−x sinθ + y cosθ)^b⟩ as (power of x, power of y,
/// coefficient).
fn rotated(a: u32, b: u32) -> Vec<(u32, u32, f64)> {
    let mut terms = vec![];
    for k in 0..=a {
        for l in 0..=b {
            let sign = if l % 2 == 0 { 1.0 } else { -1.0 };
            let coefficient =
                sign * binomial(a, k) * binomial(b, l) * circle_mean(k + b - l, a - k + l);
            if coefficient != 0.0 {
                terms.push((k + l, a - k + b - l, coefficient));
            }
        }
    }
    terms
}

/// The partition with these powers, zeros dropped.
fn normalised(mut powers: Partition) -> Partition {
    powers.retain(|&power| power > 0);
    powers.sort_unstable_by(|a, b| b.cmp(a));
    powers
}

/// Rates of a gas, and the moments of its bath, for one row of a generator.
struct Collisions<'a> {
    particles: usize,
    one_pair: f64,
    bath: f64,
    bath_moment: &'a dyn Fn(u32) -> f64,
}

impl Collisions<'_> {
    /// d/dt of a moment, as moments with coefficients.
    fn derivative(&self, partition: &Partition) -> Vec<(Partition, f64)> {
        let outside = (self.particles - partition.len()) as f64;
        let mut terms = vec![];
        for i in 0..partition.len() {
            for j in i + 1..partition.len() {
                add_pair(&mut terms, partition, (i, Some(j)), self.one_pair);
            }
            add_pair(&mut terms, partition, (i, None), self.one_pair * outside);
            self.add_bath(&mut terms, partition, i);
        }
        terms
    }

    fn add_bath(&self, terms: &mut Vec<(Partition, f64)>, partition: &Partition, particle: usize) {
        if self.bath == 0.0 {
            return;
        }
        let mut rest = partition.clone();
        let power = rest.remove(particle);
        for (left, bath_power, [ways, mean]) in bathed(power) {
            let left = normalised([rest.clone(), vec![left]].concat());
            let moment = self.moment_of_bath(bath_power);
            terms.push((left, self.bath * ways * mean * moment));
        }
        terms.push((partition.clone(), -self.bath));
    }

    fn moment_of_bath(&self, power: u32) -> f64 {
        match power {
            0 => 1.0,
            _ => (self.bath_moment)(power),
        }
    }

    /// d/dt of what a system has an equation for.
    fn derivative_of(&self, entry: &Entry) -> Vec<(Entry, f64)> {
        let (a, b) = match entry {
            Entry::Moment(partition) => {
                let terms = self.derivative(partition).into_iter();
                return terms
                    .map(|(term, rate)| (Entry::Moment(term), rate))
                    .collect();
            }
            Entry::Covariance(a, b) => (a, b),
        };
        let mut terms = vec![];
        for (changed, kept) in [(a, b), (b, a)] {
            // What is constant has no covariance.
            let of_changed = self.derivative(changed).into_iter();
            let of_changed = of_changed.filter(|(term, _)| !term.is_empty());
            terms.extend(of_changed.map(|(term, rate)| (Entry::covariance(&term, kept), rate)));
        }
        let products = self.products_of_changes(a, b).into_iter();
        terms.extend(products.map(|(term, rate)| (Entry::Moment(term), rate)));
        terms
    }

    /// E Γ(F_a, F_b), as moments with coefficients.
    ///
    /// Of the particles of both averages some can be the same; each such pattern has its share of all pairs of
    /// tuples, and in it each collision changes both monomials. What energy or particles are conserved by cancels
    /// in integers and dyadic fractions, to the bit: these are summed before they are multiplied by rates.
    fn products_of_changes(&self, a: &[u32], b: &[u32]) -> Vec<(Partition, f64)> {
        let mut sums: BTreeMap<(Partition, usize, Option<u32>), f64> = BTreeMap::new();
        for pattern in patterns(a, b) {
            let count = pattern.len();
            for (i, &one) in pattern.iter().enumerate() {
                let others = |j: usize| {
                    let rest = pattern.iter().enumerate();
                    let rest = rest.filter(move |&(k, _)| k != i && k != j);
                    rest.map(|(_, (p, q))| p + q).collect::<Partition>()
                };
                for (x, bath_power, coefficient) in change_by_bath(one) {
                    let moment = normalised([others(i), vec![x]].concat());
                    *sums.entry((moment, count, Some(bath_power))).or_default() += coefficient;
                }
                let partners = (i + 1..count).map(|j| (others(j), pattern[j], count));
                for (rest, other, particles) in partners.chain([(others(i), (0, 0), count + 1)]) {
                    for (x, y, coefficient) in change_by_pair(one, other) {
                        let moment = normalised([rest.clone(), vec![x, y]].concat());
                        *sums.entry((moment, particles, None)).or_default() += coefficient;
                    }
                }
            }
        }
        let [of_a, of_b] = [a, b].map(|partition| tuples(self.particles, partition.len()));
        let terms = sums
            .into_iter()
            .map(|((moment, particles, bath_power), sum)| {
                let rate = match bath_power {
                    Some(power) => self.bath * self.moment_of_bath(power),
                    None => self.one_pair,
                };
                (
                    moment,
                    tuples(self.particles, particles) * sum / of_a / of_b * rate,
                )
            });
        terms.filter(|(_, rate)| *rate != 0.0).collect()
    }
}

/// N(N−1) ⋯ (N−k+1), the number of tuples of `length` distinct particles.
pub(super) fn tuples(particles: usize, length: usize) -> f64 {
    (0..length).map(|k| particles as f64 - k as f64).product()
}

/// All ways in which tuples of particles with the powers a and b can share particles: of each way the powers of each
/// particle in both.
pub(super) fn patterns(a: &[u32], b: &[u32]) -> Vec<Vec<(u32, u32)>> {
    let apart: Vec<(u32, u32)> = a.iter().map(|&power| (power, 0)).collect();
    b.iter().fold(vec![apart], |patterns, &power| {
        let place = |pattern: Vec<(u32, u32)>| {
            let shared = (0..a.len()).filter(|&i| pattern[i].1 == 0);
            let shared = shared.map(|i| {
                let mut pattern = pattern.clone();
                pattern[i].1 = power;
                pattern
            });
            let own = [pattern.clone(), vec![(0, power)]].concat();
            shared.chain([own]).collect::<Vec<_>>()
        };
        patterns.into_iter().flat_map(place).collect()
    })
}

/// ⟨(x cosθ + w sinθ)^power⟩ as (power of x, power of w, the two factors of the coefficient).
fn bathed(power: u32) -> Vec<(u32, u32, [f64; 2])> {
    let terms = (0..=power).step_by(2).map(|of_bath| {
        let mean = circle_mean(power - of_bath, of_bath);
        (power - of_bath, of_bath, [binomial(power, of_bath), mean])
    });
    terms.filter(|(_, _, [_, mean])| *mean != 0.0).collect()
}

/// ⟨(x′^p − x^p)(x′^q − x^q)⟩ in a collision of x with the bath, as (power of x, power of w, coefficient).
fn change_by_bath((p, q): (u32, u32)) -> Vec<(u32, u32, f64)> {
    let times = |terms: Vec<(u32, u32, [f64; 2])>, sign: f64, more: u32| {
        let terms = terms.into_iter();
        terms.map(move |(x, w, [ways, mean])| (x + more, w, sign * ways * mean))
    };
    if p == 0 || q == 0 {
        return vec![];
    }
    times(bathed(p + q), 1.0, 0)
        .chain(times(bathed(p), -1.0, q))
        .chain(times(bathed(q), -1.0, p))
        .chain([(p + q, 0, 1.0)])
        .collect()
}

/// ⟨(x′^p y′^r − x^p y^r)(x′^q y′^s − x^q y^s)⟩ in a collision of x with y, as (power of x, power of y, coefficient).
fn change_by_pair((p, q): (u32, u32), (r, s): (u32, u32)) -> Vec<(u32, u32, f64)> {
    let times = |terms: Vec<(u32, u32, f64)>, sign: f64, [more_x, more_y]: [u32; 2]| {
        let terms = terms.into_iter();
        terms.map(move |(x, y, coefficient)| (x + more_x, y + more_y, sign * coefficient))
    };
    if p + r == 0 || q + s == 0 {
        return vec![];
    }
    times(rotated(p + q, r + s), 1.0, [0, 0])
        .chain(times(rotated(p, r), -1.0, [q, s]))
        .chain(times(rotated(q, s), -1.0, [p, r]))
        .chain([(p + q, r + s, 1.0)])
        .collect()
}

/// Collisions of particle `pair.0` with `pair.1`, or with one that is not in the
/// monomial.
fn add_pair(
    terms: &mut Vec<(Partition, f64)>,
    partition: &Partition,
    pair: (usize, Option<usize>),
    rate: f64,
) {
    if rate == 0.0 {
        return;
    }
    let mut rest = partition.clone();
    let partner_power = pair.1.map_or(0, |j| rest.remove(j));
    let power = rest.remove(pair.0);
    for (x, y, coefficient) in rotated(power, partner_power) {
        let moment = normalised([rest.clone(), vec![x, y]].concat());
        terms.push((moment, rate * coefficient));
    }
    terms.push((partition.clone(), -rate));
}

impl MomentSystem {
    /// The system for the `wanted` moments, of even degree, of `particles`
    /// particles with pair rate κ (0 for one particle) and bath rate β;
    /// `bath_moment(k)` is E w^k for even k up to the highest power. Moments that
    /// take more particles than there are are left out.
    pub fn new(
        particles: usize,
        pair_rate: f64,
        bath_rate: f64,
        wanted: &[&[u32]],
        bath_moment: impl Fn(u32) -> f64,
    ) -> Self {
        let possible = wanted.iter().filter(|moment| moment.len() <= particles);
        let wanted = possible.map(|moment| Entry::Moment(moment.to_vec()));
        Self::closed(
            particles,
            [pair_rate, bath_rate],
            wanted.collect(),
            &bath_moment,
        )
    }

    /// The same system for the covariances of all averages F_a with a among `averages`.
    pub fn of_covariances(
        particles: usize,
        pair_rate: f64,
        bath_rate: f64,
        averages: &[&[u32]],
        bath_moment: impl Fn(u32) -> f64,
    ) -> Self {
        let possible = averages.iter().filter(|powers| powers.len() <= particles);
        let possible: Vec<_> = possible.collect();
        let pairs = possible
            .iter()
            .flat_map(|a| possible.iter().map(move |b| (a, b)));
        let wanted = pairs.map(|(a, b)| Entry::covariance(a, b)).collect();
        Self::closed(particles, [pair_rate, bath_rate], wanted, &bath_moment)
    }

    /// The system for these entries and all that feed them.
    fn closed(
        particles: usize,
        [pair_rate, bath_rate]: [f64; 2],
        mut waiting: Vec<Entry>,
        bath_moment: &dyn Fn(u32) -> f64,
    ) -> Self {
        let collisions = Collisions {
            particles,
            one_pair: match particles {
                1 => 0.0,
                _ => pair_rate / (particles - 1) as f64,
            },
            bath: bath_rate,
            bath_moment,
        };
        let mut derivatives = BTreeMap::new();
        while let Some(entry) = waiting.pop() {
            if derivatives.contains_key(&entry) {
                continue;
            }
            let terms = collisions.derivative_of(&entry);
            waiting.extend(terms.iter().map(|(term, _)| term.clone()));
            derivatives.insert(entry, terms);
        }
        let entries = derivatives.keys().cloned();
        let index: BTreeMap<Entry, usize> = entries.zip(0..).collect();
        let mut generator = Array2::zeros((index.len(), index.len()));
        for (row, terms) in derivatives.values().enumerate() {
            for (entry, coefficient) in terms {
                generator[[row, index[entry]]] += coefficient;
            }
        }
        let unit = match bath_rate {
            0.0 => 1.0,
            _ => {
                let degree = index.keys().map(Entry::degree).max();
                near_root(
                    bath_moment(2),
                    960.0 / f64::from(degree.unwrap_or(0).max(4)),
                )
            }
        };
        let units = index.keys().map(|entry| unit.powi(entry.degree() as i32));
        MomentSystem {
            units: units.collect(),
            index,
            generator,
            flows: Arc::default(),
        }
    }

    /// The rates at which some moments feed each other: the rows and columns of the generator
    /// that belong to these partitions. `None` if one of them is not in the system.
    pub fn rates_among(&self, partitions: &[&[u32]]) -> Option<Array2<f64>> {
        let positions = partitions.iter().map(|partition| self.position(partition));
        let positions: Vec<usize> = positions.collect::<Option<_>>()?;
        let size = positions.len();
        let rate = |(i, j): (usize, usize)| self.generator[[positions[i], positions[j]]];
        Some(Array2::from_shape_fn((size, size), rate))
    }

    /// The position of a partition among the moments; `None` if the gas has
    /// fewer particles than it has parts, or it is not in the system.
    pub fn position(&self, partition: &[u32]) -> Option<usize> {
        self.index.get(&Entry::Moment(partition.to_vec())).copied()
    }

    /// The position of Cov(F_a, F_b), as [`MomentSystem::position`] of a moment.
    pub fn position_of_covariance(&self, a: &[u32], b: &[u32]) -> Option<usize> {
        self.index.get(&Entry::covariance(a, b)).copied()
    }

    /// Moments of a product law with the one-particle moments `moment(k)`.
    pub fn product(&self, moment: impl Fn(u32) -> f64) -> Array1<f64> {
        self.start(|partition| partition.iter().map(|&power| moment(power)).product())
    }

    /// Moments of an exchangeable law with the moments `moment(partition)`; covariances are 0.
    pub fn start(&self, moment: impl Fn(&[u32]) -> f64) -> Array1<f64> {
        self.start_with(moment, |_, _| 0.0)
    }

    /// Moments of an exchangeable law, and the covariances `covariance(a, b)` of the averages F_a and F_b.
    pub fn start_with(
        &self,
        moment: impl Fn(&[u32]) -> f64,
        covariance: impl Fn(&[u32], &[u32]) -> f64,
    ) -> Array1<f64> {
        let value = |entry: &Entry| match entry {
            Entry::Moment(partition) => moment(partition),
            Entry::Covariance(a, b) => covariance(a, b),
        };
        // The index is in the order of positions.
        self.index.keys().map(value).collect()
    }

    /// d/dt of the moments.
    pub fn derivative(&self, moments: &Array1<f64>) -> Array1<f64> {
        apply(&self.generator, moments)
    }

    /// The moments at time `time`, from those at time 0.
    pub fn at(&self, initial: &Array1<f64>, time: f64) -> Array1<f64> {
        let mut flows = self.flows.lock().expect("no thread panicked");
        let flow = flows
            .entry(time.to_bits())
            .or_insert_with(|| Arc::new(exponential(&(self.generator_in_units() * time))))
            .clone();
        drop(flows);
        apply(&flow, &(initial / &self.units)) * &self.units
    }

    /// A of moments in their units: velocities of any size then make entries of about 1, as
    /// scaling by powers of two needs where some entries are moments of the bath.
    fn generator_in_units(&self) -> Array2<f64> {
        let mut scaled = &self.generator * &self.units;
        for (mut row, unit) in scaled.rows_mut().into_iter().zip(&self.units) {
            row /= *unit;
        }
        scaled
    }

    /// The moments that no longer change, by Gaussian elimination of A y = 0 with
    /// y_∅ = 1; `None` if there is no bath to set them.
    pub fn steady(&self) -> Option<Array1<f64>> {
        let constant = self.position(&[])?;
        let mut system = self.generator.clone();
        let mut right = Array1::zeros(self.index.len());
        system.row_mut(constant).fill(0.0);
        (system[[constant, constant]], right[constant]) = (1.0, 1.0);
        solved(system, right)
    }
}

/// The power of two next to the root of a positive number, up to 2^±`most`; 1 for others.
fn near_root(square: f64, most: f64) -> f64 {
    if square > 0.0 {
        let exponent = (0.5 * libm::log2(square)).round().clamp(-most, most);
        libm::ldexp(1.0, exponent as i32)
    } else {
        1.0
    }
}

/// The solution of a linear system, by elimination with row pivoting; `None` if the
/// matrix is singular.
fn solved(mut matrix: Array2<f64>, mut right: Array1<f64>) -> Option<Array1<f64>> {
    let size = right.len();
    for column in 0..size {
        let larger = |&a: &usize, &b: &usize| {
            let [a, b] = [a, b].map(|row| matrix[[row, column]].abs());
            a.total_cmp(&b)
        };
        let pivot = (column..size).max_by(larger)?;
        if matrix[[pivot, column]] == 0.0 {
            return None;
        }
        for k in 0..size {
            matrix.swap([pivot, k], [column, k]);
        }
        right.swap(pivot, column);
        for row in column + 1..size {
            let factor = matrix[[row, column]] / matrix[[column, column]];
            if factor != 0.0 {
                for k in column..size {
                    matrix[[row, k]] -= factor * matrix[[column, k]];
                }
                right[row] -= factor * right[column];
            }
        }
    }
    for row in (0..size).rev() {
        let known: f64 = (row + 1..size).map(|k| matrix[[row, k]] * right[k]).sum();
        right[row] = (right[row] - known) / matrix[[row, row]];
    }
    Some(right)
}

/// The matrix–vector product, summed in the order of the columns.
pub(super) fn apply(matrix: &Array2<f64>, vector: &Array1<f64>) -> Array1<f64> {
    let entry = |row: ndarray::ArrayView1<f64>| row.iter().zip(vector).map(|(a, x)| a * x).sum();
    matrix.rows().into_iter().map(entry).collect()
}

/// The product of square matrices, each entry summed in the order of the rows of `right`:
/// `ndarray`'s own uses whatever vector instructions the machine has, and its last
/// bits vary with them. Entries of `left` that are 0, most of a generator's, are
/// passed over.
pub(super) fn product(left: &Array2<f64>, right: &Array2<f64>) -> Array2<f64> {
    let size = left.nrows();
    debug_assert_eq!([left.dim(), right.dim()], [(size, size); 2]);
    let mut product = Array2::zeros((size, size));
    let rows = [left, right].map(|matrix| matrix.as_slice().expect("row after row"));
    let [left, right] = rows.map(|entries| entries.chunks_exact(size));
    let sums = product.as_slice_mut().expect("row after row");
    for (sums, factors) in sums.chunks_exact_mut(size).zip(left) {
        for (&factor, terms) in factors.iter().zip(right.clone()) {
            if factor != 0.0 {
                for (sum, term) in sums.iter_mut().zip(terms) {
                    *sum += factor * term;
                }
            }
        }
    }
    product
}

/// e^A by scaling, a Taylor sum and squaring (Moler and Van Loan 2003). The sum is one
/// in powers of A⁴, which takes the fewest products (Paterson and Stockmeyer 1973).
pub fn exponential(matrix: &Array2<f64>) -> Array2<f64> {
    const BLOCKS: usize = 5; // of 4 terms: 0.5²⁰/20! < 2⁻⁸⁰
    let norm = matrix
        .rows()
        .into_iter()
        .map(|row| row.iter().map(|entry| entry.abs()).sum::<f64>())
        .fold(0.0, f64::max);
    let mut squarings = 0;
    let mut scale = 1.0;
    while norm * scale > 0.5 {
        scale *= 0.5;
        squarings += 1;
    }
    let first = matrix * scale;
    let second = product(&first, &first);
    let third = product(&second, &first);
    let fourth = product(&second, &second);
    let powers = [Array2::eye(matrix.nrows()), first, second, third];
    let mut factorials = [1.0; 4 * BLOCKS];
    for order in 1..factorials.len() {
        factorials[order] = factorials[order - 1] * order as f64;
    }
    let block = |factorials: &[f64; 4], mut sum: Array2<f64>| {
        for (power, &factorial) in powers.iter().zip(factorials) {
            sum.scaled_add(1.0 / factorial, power);
        }
        sum
    };
    let blocks = factorials.as_chunks::<4>().0;
    let (last, others) = blocks.split_last().expect("there are some");
    let last = block(last, Array2::zeros(matrix.raw_dim()));
    let mut sum = others.iter().rev().fold(last, |sum, factorials| {
        block(factorials, product(&sum, &fourth))
    });
    for _ in 0..squarings {
        sum = product(&sum, &sum);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() <= 1e-12 * (a.abs() + b.abs())
    }

    #[test]
    fn the_generator_is_that_of_the_printed_equations() {
        // d/dt m4 and d/dt m22 by hand, and Lemma 2's rate for m11.
        let (n, kappa, beta) = (5, 1.3, 0.7);
        let p = kappa / (n as f64 - 1.0);
        let (g2, g4) = (1.1, 2.9);
        let bath = |k| if k == 2 { g2 } else { g4 };
        let system = MomentSystem::new(n, kappa, beta, &[&[4], &[1, 1]], bath);
        let at = |row: &[u32], column: &[u32]| {
            system.generator[[
                system.position(row).unwrap(),
                system.position(column).unwrap(),
            ]]
        };
        assert!(close(at(&[4], &[4]), -(kappa / 4.0 + 5.0 * beta / 8.0)));
        assert!(close(at(&[4], &[2, 2]), 0.75 * kappa));
        assert!(close(at(&[4], &[2]), 0.75 * beta * g2));
        assert!(close(at(&[4], &[]), 0.375 * beta * g4));
        assert!(close(at(&[2, 2], &[4]), p / 4.0));
        assert!(close(at(&[2, 2], &[2, 2]), -0.75 * p - beta));
        assert!(close(at(&[2, 2], &[2]), beta * g2));
        assert!(close(at(&[2], &[2]), -beta / 2.0));
        assert!(close(at(&[1, 1], &[1, 1]), -(2.0 * kappa - p + 2.0 * beta)));
    }

    #[test]
    fn pair_collisions_keep_every_power_of_the_energy() {
        // d/dt E(ΣV²)² = 0 when only pairs collide: n m4 + n(n−1) m22.
        let n = 4;
        let system = MomentSystem::new(n, 1.0, 0.0, &[&[4]], |_| 0.0);
        let start = system.product(|k| [1.0, 0.3, 1.7, 0.2, 5.0][k as usize]);
        let end = system.at(&start, 3.0);
        let energy = |y: &Array1<f64>| {
            let n = n as f64;
            n * y[system.position(&[4]).unwrap()]
                + n * (n - 1.0) * y[system.position(&[2, 2]).unwrap()]
        };
        assert!(close(energy(&start), energy(&end)));
        assert!(
            (start[system.position(&[4]).unwrap()] - end[system.position(&[4]).unwrap()]).abs()
                > 0.5
        );
    }

    #[test]
    fn a_maxwellian_is_stationary_with_its_own_bath() {
        let moment =
            |k: u32| double_factorial(i64::from(k) - 1) * f64::from(u8::from(k.is_multiple_of(2)));
        let system = MomentSystem::new(7, 0.8, 1.1, &[&[8], &[7, 1], &[2, 1, 1]], moment);
        let start = system.product(moment);
        let end = system.at(&start, 2.0);
        for (a, b) in start.iter().zip(&end) {
            assert!((a - b).abs() < 1e-11 * (1.0 + a.abs()));
        }
    }

    #[test]
    fn exponential_of_a_rotation() {
        let matrix = ndarray::array![[0.0, 20.0], [-20.0, 0.0]];
        let result = exponential(&matrix);
        assert!((result[[0, 0]] - libm::cos(20.0)).abs() < 1e-12);
        assert!((result[[0, 1]] - libm::sin(20.0)).abs() < 1e-12);
    }

    #[test]
    fn one_particle_has_no_joint_moments() {
        let system = MomentSystem::new(1, 0.0, 1.0, &[&[4], &[2, 2]], |_| 1.0);
        assert_eq!(system.position(&[2, 2]), None);
        assert!(system.position(&[4]).is_some());
    }
}
