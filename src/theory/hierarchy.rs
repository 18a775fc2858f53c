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
//! with δF the change of F in one collision. The squares of means, which make up nearly all of E F_a² where velocities
//! vary little, are not in it: nothing cancels.

use ndarray::{Array1, Array2};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// Powers of distinct particles, largest first; empty for the constant 1.
pub type Partition = Vec<u32>;

/// The kinds of equations of a system.
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

/// The closed linear system for some moments or covariances and for all that feed them.
#[derive(Debug, Clone)]
pub struct MomentSystem {
    index: BTreeMap<Entry, usize>,
    /// The degree of each entry.
    degrees: Vec<usize>,
    /// A.
    generator: Array2<f64>,
    /// e^{At} of the times that were asked for before, by the bits of t.
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

    /// d/dt of an entry, as entries with coefficients.
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
            // A constant has no covariance.
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
    /// Some particles of both averages can be the same. Each such pattern has its share of all pairs of tuples, and in
    /// it each collision changes both monomials. The terms by which energy or particles are conserved cancel in
    /// integers and dyadic fractions, to the bit: they are summed before they are multiplied by rates.
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

/// All patterns in which tuples of particles with the powers a and b can share particles: for each pattern, the powers
/// of each particle in both.
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

/// Adds the collisions of particle `pair.0` with `pair.1`, or with a particle that is not in the monomial.
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
    /// The system for the `wanted` moments, of even degree, of `particles` particles with pair rate κ (0 for one
    /// particle) and bath rate β; `bath_moment(k)` is E w^k for even k up to the highest power. Moments of more
    /// particles than there are do not enter.
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

    /// The system for the covariances of all averages F_a with a among `averages`; other arguments as in
    /// [`MomentSystem::new`].
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

    /// The closed system for these entries.
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
        MomentSystem {
            degrees: index.keys().map(|entry| entry.degree() as usize).collect(),
            index,
            generator,
            flows: Arc::default(),
        }
    }

    /// The flow of some moments among each other in a time: the rows and columns of e^{At} that belong to these
    /// partitions. `None` if one of them is not in the system.
    pub fn flow_among(&self, partitions: &[&[u32]], time: f64) -> Option<Array2<f64>> {
        let positions = partitions.iter().map(|partition| self.position(partition));
        let positions: Vec<usize> = positions.collect::<Option<_>>()?;
        let (size, flow) = (positions.len(), self.flow(time));
        let share = |(i, j): (usize, usize)| flow[[positions[i], positions[j]]];
        Some(Array2::from_shape_fn((size, size), share))
    }

    /// The position of a partition among the moments; `None` if it has more parts than the gas has particles, or is not
    /// in the system.
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
        // The values of the index are in the order of positions.
        self.index.keys().map(value).collect()
    }

    /// d/dt of the moments.
    pub fn derivative(&self, moments: &Array1<f64>) -> Array1<f64> {
        apply(&self.generator, moments)
    }

    /// The moments at time `time`, from those at time 0.
    pub fn at(&self, initial: &Array1<f64>, time: f64) -> Array1<f64> {
        apply(&self.flow(time), initial)
    }

    /// e^{At}.
    fn flow(&self, time: f64) -> Arc<Array2<f64>> {
        let mut flows = self.flows.lock().expect("no thread panicked");
        let flow = flows.entry(time.to_bits()).or_insert_with(|| {
            let units = self.units();
            let in_units = rescaled(&self.generator, |i, j| units[j] / units[i]);
            let flow = exponential(&(in_units * time));
            Arc::new(rescaled(&flow, |i, j| units[i] / units[j]))
        });
        flow.clone()
    }

    /// Units of moments in which no moment is fed by one of a lower degree at a higher rate than moments of one degree
    /// feed each other: powers of two u_d ≥ |A_ij| u_e/rate over i of degree d and j of a lower degree e.
    ///
    /// Moments of the bath are such rates. Where they come from a rare part, g₈/g₂⁴ can be 10¹⁷ or more, and scaling by
    /// so much would round the rates themselves away.
    fn units(&self) -> Vec<f64> {
        let entries = || (self.generator.indexed_iter()).map(|(at, rate)| (at, rate.abs()));
        let degrees = &self.degrees;
        let of_one_degree = entries().filter(|((i, j), _)| degrees[*i] == degrees[*j]);
        let highest = of_one_degree.map(|(_, rate)| rate).fold(0.0, f64::max);
        let mut units = vec![1.0; 1 + degrees.iter().max().copied().unwrap_or(0)];
        for degree in 1..units.len() {
            let fed = entries().filter(|((i, j), _)| degrees[*i] == degree && degrees[*j] < degree);
            let shares = fed.map(|((_, j), rate)| rate / highest * units[degrees[j]]);
            units[degree] = power_of_two_above(shares.fold(0.0, f64::max));
        }
        degrees.iter().map(|&degree| units[degree]).collect()
    }

    /// The moments that no longer change: A y = 0 with y_∅ = 1, by Gaussian elimination of one
    /// degree after the other; `None` if there is no bath to set them.
    pub fn steady(&self) -> Option<Array1<f64>> {
        let mut moments = Array1::zeros(self.index.len());
        moments[self.position(&[])?] = 1.0;
        for degree in 1..=self.degrees.iter().max().copied()? {
            let among = (0..moments.len()).filter(|&i| self.degrees[i] == degree);
            let among: Vec<usize> = among.collect();
            // Moments of higher degrees and of this one are not known yet: they are 0 here.
            let fed = apply(&self.generator, &moments);
            let rate = |(i, j): (usize, usize)| self.generator[[among[i], among[j]]];
            let rates = Array2::from_shape_fn((among.len(), among.len()), rate);
            let right = among.iter().map(|&i| -fed[i]).collect();
            for (&i, moment) in among.iter().zip(solved(rates, right)?) {
                moments[i] = moment;
            }
        }
        Some(moments)
    }
}

/// The matrix with each entry that is not 0 times a factor.
fn rescaled(matrix: &Array2<f64>, factor: impl Fn(usize, usize) -> f64) -> Array2<f64> {
    let entry = |(i, j)| match matrix[[i, j]] {
        0.0 => 0.0,
        entry => entry * factor(i, j),
    };
    Array2::from_shape_fn(matrix.raw_dim(), entry)
}

/// The least power of two above a positive number, up to 2^±1000; 1 for 0.
fn power_of_two_above(number: f64) -> f64 {
    let exponent = libm::frexp(number).1;
    libm::ldexp(1.0, exponent.clamp(-1000, 1000))
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

/// The product of square matrices, each entry summed in the order of the rows of `right`. `ndarray`'s own product uses
/// the vector instructions of the machine, and its last bits vary with them. Entries of `left` that are 0, most of a
/// generator's, are passed over.
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

/// e^A by scaling, a Taylor sum and squaring (Moler and Van Loan 2003). The sum is written in powers of A⁴, which takes
/// the fewest products (Paterson and Stockmeyer 1973). Each squaring doubles the rounding errors, so no entry may be
/// much larger than the rates.
fn exponential(matrix: &Array2<f64>) -> Array2<f64> {
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

/// The first row of e^{At} − 1 of A = ((0, a), (b, c)), a and b not negative, whatever the ratios
/// of these rates.
///
/// With the eigenvalues l ≤ 0 ≤ h, l h = −ab, and r = (e^{ht} − e^{lt})/(h − l) it is
/// (e^{lt} − 1 − l r, a r). Where little has happened, e^{lt} − 1 and l r cancel, and a Taylor sum
/// of terms that are nearly all positive takes their place.
pub(super) fn first_row_of_two([a, b, c]: [f64; 3], time: f64) -> [f64; 2] {
    const TERMS: i32 = 24; // 1/24! < 2⁻⁷⁹
    let apart = libm::hypot(c, 2.0 * (a * b).sqrt());
    if apart * time < 1.0 {
        let (mut sum, mut term) = ([0.0; 2], [1.0, 0.0]);
        for order in 1..TERMS {
            let step = time / f64::from(order);
            term = [step * b * term[1], step * (a * term[0] + c * term[1])];
            sum = [sum[0] + term[0], sum[1] + term[1]];
        }
        return sum;
    }
    let larger = 0.5 * (c.abs() + apart);
    let smaller = a * b / larger;
    let (low, high) = if c < 0.0 {
        (-larger, smaller)
    } else {
        (-smaller, larger)
    };
    let rise = -libm::expm1(-apart * time) / apart * libm::exp(high * time);
    [libm::expm1(low * time) - low * rise, a * rise]
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
    fn the_exponential_of_a_rotation_turns_by_its_angle() {
        let matrix = ndarray::array![[0.0, 20.0], [-20.0, 0.0]];
        let result = exponential(&matrix);
        assert!((result[[0, 0]] - libm::cos(20.0)).abs() < 1e-12);
        assert!((result[[0, 1]] - libm::sin(20.0)).abs() < 1e-12);
    }

    /// Moments of V and of w where w is ±1/√p with probability p, else 0: g_{2k} = p^{1−k}.
    fn with_rare_bath(rare: f64, order: u32) -> f64 {
        libm::pow(rare, 1.0 - 0.5 * f64::from(order))
    }

    /// The moment of order 2k of one particle that starts at S and meets the bath at rate 1, for each k:
    /// d m/dt = Σ_j C(2k, 2j) ⟨cos^2j sin^{2k−2j}⟩ g_{2k−2j} m_{2j} − m, a triangular system, so
    /// m_{2k} = Σ_j c_kj e^{−r_j t} with r_j = 1 − ⟨cos^2j⟩.
    fn moments_of_one_particle(bath: impl Fn(u32) -> f64, start: f64, time: f64) -> [f64; 5] {
        let on_circle = |p: u32, q: u32| {
            let angles = (0..16).map(|k| 0.125 * std::f64::consts::PI * f64::from(k));
            let power = |x: f64, n: u32| (0..n).fold(1.0, |product, _| product * x);
            let values = angles.map(|x| power(libm::cos(x), p) * power(libm::sin(x), q));
            values.sum::<f64>() / 16.0
        };
        let rates = [0, 2, 4, 6, 8].map(|order| 1.0 - on_circle(order, 0));
        let mut shares = [[0.0; 5]; 5];
        for k in 0..5 {
            let order = 2 * k as u32;
            let fed = |j: usize| {
                let from = 2 * j as u32;
                binomial(order, from) * on_circle(from, order - from) * bath(order - from)
            };
            for j in 0..k {
                let source: f64 = (j..k).map(|i| fed(i) * shares[i][j]).sum();
                shares[k][j] = source / (rates[k] - rates[j]);
            }
            let others: f64 = shares[k][..k].iter().sum();
            shares[k][k] = libm::pow(start, f64::from(order)) - others;
        }
        shares.map(|shares| {
            let terms = shares.iter().zip(rates);
            terms
                .map(|(share, rate)| share * libm::exp(-rate * time))
                .sum()
        })
    }

    /// The rates are right however rare the part is that makes up the moments of the bath, for one particle and for
    /// four that do not meet each other, so that their moments are products.
    #[test]
    fn rare_parts_of_a_bath_do_not_change_rates() {
        for rare in [1e-2, 1e-5, 1e-9, 1e-15, 1e-18, 1e-30] {
            let bath = |order| with_rare_bath(rare, order);
            let one = MomentSystem::new(1, 0.0, 1.0, &[&[8]], bath);
            let wanted: [&[u32]; 3] = [&[8], &[4, 4], &[4, 2, 2]];
            let four = MomentSystem::new(4, 0.0, 1.0, &wanted, bath);
            for (time, size) in [
                (0.5, 1e-2),
                (0.5, 30.0),
                (1.0, 1e4),
                (7.0, 1.0),
                (20.0, 1e4),
            ] {
                let start = size / rare.sqrt();
                let power = |order: u32| libm::pow(start, f64::from(order));
                let [_, m2, m4, m6, m8] = moments_of_one_particle(bath, start, time);
                let near = |system: &MomentSystem, partition: &[u32], expected: f64| {
                    let moments = system.at(&system.product(power), time);
                    let found = moments[system.position(partition).unwrap()];
                    let right = (found / expected - 1.0).abs() < 1e-9;
                    assert!(
                        right,
                        "{rare} {time} {size} {partition:?}: {found} {expected}"
                    );
                };
                for (order, expected) in [(2, m2), (4, m4), (6, m6), (8, m8)] {
                    near(&one, &[order], expected);
                    near(&four, &[order], expected);
                }
                near(&four, &[4, 4], m4 * m4);
                near(&four, &[4, 2, 2], m4 * m2 * m2);
            }
            let steady = four.steady().unwrap();
            let late = moments_of_one_particle(bath, 0.0, 1e3);
            for (partition, expected) in [
                (&[8][..], late[4]),
                (&[4, 4], late[2] * late[2]),
                (&[2, 2], late[1] * late[1]),
                (&[4, 2, 2], late[2] * late[1] * late[1]),
            ] {
                let found = steady[four.position(partition).unwrap()];
                let right = (found / expected - 1.0).abs() < 1e-12;
                assert!(right, "{rare} {partition:?}: {found} {expected}");
            }
        }
    }

    /// The moments are the same to the last bit in units that are powers of two.
    #[test]
    fn units_of_velocity_have_no_effect() {
        let wanted: [&[u32]; 3] = [&[8], &[7, 1], &[4, 2, 2]];
        let scaled = |unit: f64| {
            let scale = |order: u32| (0..order).fold(1.0, |product, _| product * unit);
            let bath = |order| with_rare_bath(1e-3, order) * scale(order);
            let system = MomentSystem::new(5, 1.7, 0.9, &wanted, bath);
            let start = |order| (1.0 + f64::from(order)) * scale(order);
            let moments = [
                system.at(&system.product(start), 1.3),
                system.steady().unwrap(),
            ];
            let units = system.degrees.iter().map(|&degree| scale(degree as u32));
            let units: Array1<f64> = units.collect();
            moments.map(|moments| moments / &units)
        };
        let expected = scaled(1.0);
        for exponent in [-110, -37, -1, 1, 20, 90, 110] {
            assert_eq!(scaled(libm::ldexp(1.0, exponent)), expected, "2^{exponent}");
        }
    }

    /// First rows agree with the sum of powers of A.
    #[test]
    fn first_rows_are_those_of_the_exponential() {
        for (rates, time) in [
            ([0.375, 0.25, -0.2], 1.3),
            ([0.375, 0.25, 0.375], 2.0),
            ([0.7, 0.0, 0.7], 1.0),
            ([0.0, 0.3, -0.4], 2.5),
            ([0.0; 3], 1.0),
            ([0.375, 0.25, -0.2], 0.0),
        ] {
            let [a, b, c] = rates;
            let matrix = ndarray::array![[0.0, a], [b, c]];
            let expected = exponential(&(matrix * time));
            let [growth, other] = first_row_of_two(rates, time);
            for (found, expected) in [1.0 + growth, other].into_iter().zip(expected.row(0)) {
                assert!(close(found, *expected), "{rates:?}: {found} {expected}");
            }
        }
        // Fast rates b and −c leave one slow rate, ab/|c|.
        for fast in [1e3, 1e9, 1e15, 1e17, 1e30, 1e300] {
            let [growth, other] = first_row_of_two([0.375, 0.75 * fast, -fast], 2.0);
            let same = 1.0 + growth;
            let slow = libm::exp(0.75 * 0.375 * 2.0);
            assert!(
                (same / slow - 1.0).abs() < 2.0 / fast + 1e-14,
                "{fast}: {same}"
            );
            assert!((other * fast / (0.375 * slow) - 1.0).abs() < 2.0 / fast + 1e-14);
        }
        // After a short time the entry is abt²/2 · (1 + ct/3 + …).
        for time in [1e-3, 1e-9, 1e-100] {
            let [growth, _] = first_row_of_two([0.7, 0.2, -0.3], time);
            let expected = 0.07 * time * time * (1.0 - 0.1 * time);
            assert!(
                (growth / expected - 1.0).abs() < time * time + 1e-14,
                "{time}: {growth}"
            );
        }
    }

    #[test]
    fn one_particle_has_no_joint_moments() {
        let system = MomentSystem::new(1, 0.0, 1.0, &[&[4], &[2, 2]], |_| 1.0);
        assert_eq!(system.position(&[2, 2]), None);
        assert!(system.position(&[4]).is_some());
    }
}
