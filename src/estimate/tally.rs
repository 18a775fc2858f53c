//! Means, variances and covariances over replicas, in one pass and mergeable.
//!
//! Each tally holds a count, means and sums of centred products; two tallies of
//! disjoint replicas merge exactly (Chan, Golub and LeVeque 1979; Pébay 2008).
//! Rounding depends on the order of merging, so callers merge in a fixed order.

use crate::vector::{Instructions, vectorised};
use std::ops::Range;

/// Numbers that are added together in one instruction.
const LANES: usize = 8;

/// Some replicas' variables: a row for each replica, and the means.
#[derive(Debug)]
pub struct Rows<'a> {
    values: &'a [f64],
    width: usize,
    mean: Vec<f64>,
    instructions: Instructions,
}

vectorised! {
    /// Sums over rows.
    fn add(rows: &[f64], sum: &mut [f64]) {
        for row in rows.chunks_exact(sum.len()) {
            for (sum, x) in sum.iter_mut().zip(row) {
                *sum += x;
            }
        }
    }
}

vectorised! {
    /// Centred sums of squares over rows.
    fn add_squares(rows: &[f64], mean: &[f64], sum: &mut [f64]) {
        for row in rows.chunks_exact(mean.len()) {
            for (sum, (x, m)) in sum.iter_mut().zip(row.iter().zip(mean)) {
                *sum += (x - m) * (x - m);
            }
        }
    }
}

vectorised! {
    /// The centred numbers of some variables of each row, a line each.
    fn centre(rows: &[f64], mean: &[f64], variables: &Range<usize>, lines: &mut [f64]) {
        let mean_here = &mean[variables.clone()];
        let width = lines.len() / (rows.len() / mean.len());
        for (row, line) in rows.chunks_exact(mean.len()).zip(lines.chunks_exact_mut(width)) {
            let row = &row[variables.clone()];
            for (centred, (x, m)) in line.iter_mut().zip(row.iter().zip(mean_here)) {
                *centred = x - m;
            }
        }
    }
}

vectorised! {
    /// Σ x y over lines.
    fn add_products(left: &[[f64; LANES]], right: &[[f64; LANES]], sum: &mut [[f64; LANES]]) {
        let width = sum.len();
        for (left, right) in left.chunks_exact(width).zip(right.chunks_exact(width)) {
            for (sum, (x, y)) in sum.iter_mut().zip(left.iter().zip(right)) {
                for lane in 0..LANES {
                    sum[lane] += x[lane] * y[lane];
                }
            }
        }
    }
}

vectorised! {
    /// Σ x_i x_j over lines, for j ≤ i rounded up to whole lanes.
    fn add_outer(lines: &[[f64; LANES]], width: usize, sum: &mut [[f64; LANES]]) {
        for line in lines.chunks_exact(width) {
            for (i, sums) in sum.chunks_exact_mut(width).enumerate() {
                let x = line[i / LANES][i % LANES];
                for (sum, y) in sums[..=i / LANES].iter_mut().zip(line) {
                    for lane in 0..LANES {
                        sum[lane] += x * y[lane];
                    }
                }
            }
        }
    }
}

vectorised! {
    /// Second, third and fourth powers of centred numbers, summed over lines.
    fn add_powers(lines: &[[f64; LANES]], sums: &mut [Vec<[f64; LANES]>; 3]) {
        let [second, third, fourth] = sums;
        for line in lines.chunks_exact(second.len()) {
            let sums = second.iter_mut().zip(third.iter_mut()).zip(fourth.iter_mut());
            for (x, ((second, third), fourth)) in line.iter().zip(sums) {
                for lane in 0..LANES {
                    let square = x[lane] * x[lane];
                    second[lane] += square;
                    third[lane] += square * x[lane];
                    fourth[lane] += square * square;
                }
            }
        }
    }
}

impl<'a> Rows<'a> {
    /// Rows of `width` variables each.
    pub fn new(values: &'a [f64], width: usize) -> Self {
        let instructions = Instructions::best();
        let mut mean = vec![0.0; width];
        add(instructions, values, &mut mean);
        let count = (values.len() / width) as f64;
        mean.iter_mut().for_each(|sum| *sum /= count);
        Rows {
            values,
            width,
            mean,
            instructions,
        }
    }

    fn count(&self) -> f64 {
        (self.values.len() / self.width) as f64
    }

    /// Some variables of each row, centred: a line for each row, padded with
    /// zeros to whole lanes.
    fn centred(&self, variables: &Range<usize>) -> Vec<[f64; LANES]> {
        let width = variables.len().div_ceil(LANES);
        let mut lines = vec![[0.0; LANES]; width * (self.values.len() / self.width)];
        let flat = lines.as_flattened_mut();
        centre(self.instructions, self.values, &self.mean, variables, flat);
        lines
    }
}

/// How the replicas of another tally weigh in a merger: their share of all, and
/// the weight of the squared gap between the means.
fn merger(mine: f64, theirs: f64) -> Option<(f64, f64)> {
    let total = mine + theirs;
    (total > 0.0).then(|| (theirs / total, mine * theirs / total))
}

/// Zeros for some variables, in whole lanes.
fn lanes(variables: usize) -> Vec<[f64; LANES]> {
    vec![[0.0; LANES]; variables.div_ceil(LANES)]
}

/// Count, means and centred sums of squares of several variables.
#[derive(Debug, Clone)]
pub struct Means {
    count: f64,
    mean: Vec<f64>,
    squares: Vec<f64>,
}

impl Means {
    /// The tally of no replicas.
    pub fn new(variables: usize) -> Self {
        Means {
            count: 0.0,
            mean: vec![0.0; variables],
            squares: vec![0.0; variables],
        }
    }

    /// The tally of all variables of some rows.
    pub fn of(rows: &Rows) -> Self {
        let mut squares = vec![0.0; rows.width];
        add_squares(rows.instructions, rows.values, &rows.mean, &mut squares);
        Means {
            count: rows.count(),
            mean: rows.mean.clone(),
            squares,
        }
    }

    /// Take in the replicas of another tally.
    pub fn merge(&mut self, other: &Means) {
        let Some((share, weight)) = merger(self.count, other.count) else {
            return;
        };
        for k in 0..self.mean.len() {
            let gap = other.mean[k] - self.mean[k];
            self.mean[k] += gap * share;
            self.squares[k] += other.squares[k] + gap * gap * weight;
        }
        self.count += other.count;
    }

    /// Number of replicas.
    pub fn count(&self) -> f64 {
        self.count
    }

    /// The mean of a variable.
    pub fn mean(&self, variable: usize) -> f64 {
        self.mean[variable]
    }

    /// The standard error of a mean; `None` with fewer than two replicas.
    pub fn std_error(&self, variable: usize) -> Option<f64> {
        (self.count >= 2.0)
            .then(|| (self.squares[variable] / (self.count - 1.0) / self.count).sqrt())
    }
}

/// Count, means and centred sums of products of several variables.
#[derive(Debug, Clone)]
pub struct Covariances {
    count: f64,
    mean: Vec<f64>,
    /// Σ (x_i − x̄_i)(x_j − x̄_j) for j ≤ i; rows of whole lanes.
    products: Vec<[f64; LANES]>,
}

impl Covariances {
    /// The tally of no replicas.
    pub fn new(variables: usize) -> Self {
        Covariances {
            count: 0.0,
            mean: vec![0.0; variables],
            products: vec![[0.0; LANES]; variables * variables.div_ceil(LANES)],
        }
    }

    /// The tally of some variables of some rows.
    pub fn of(rows: &Rows, variables: Range<usize>) -> Self {
        let mut tally = Covariances::new(variables.len());
        tally.count = rows.count();
        tally.mean.copy_from_slice(&rows.mean[variables.clone()]);
        let width = variables.len().div_ceil(LANES);
        let lines = rows.centred(&variables);
        add_outer(rows.instructions, &lines, width, &mut tally.products);
        tally
    }

    /// Take in the replicas of another tally.
    pub fn merge(&mut self, other: &Covariances) {
        let Some((share, weight)) = merger(self.count, other.count) else {
            return;
        };
        let gap: Vec<f64> = (self.mean.iter().zip(&other.mean))
            .map(|(a, b)| b - a)
            .collect();
        let width = gap.len().div_ceil(LANES) * LANES;
        let theirs = other.products.as_flattened().chunks_exact(width);
        let mine = self.products.as_flattened_mut().chunks_exact_mut(width);
        for (i, (mine, theirs)) in mine.zip(theirs).enumerate() {
            for ((product, other), gap_j) in mine[..=i].iter_mut().zip(theirs).zip(&gap) {
                *product += other + gap[i] * gap_j * weight;
            }
        }
        for (mean, gap) in self.mean.iter_mut().zip(&gap) {
            *mean += gap * share;
        }
        self.count += other.count;
    }

    /// The means.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// Number of replicas.
    pub fn count(&self) -> f64 {
        self.count
    }

    /// The sample variance of Σ a_i x_i over the first variables, as many as
    /// there are coefficients; `None` with fewer than two replicas.
    pub fn variance_of(&self, coefficients: &[f64]) -> Option<f64> {
        if self.count < 2.0 {
            return None;
        }
        let width = self.mean.len().div_ceil(LANES) * LANES;
        let lines = self.products.as_flattened().chunks_exact(width);
        let mut sum = 0.0;
        for (i, (a, line)) in coefficients.iter().zip(lines).enumerate() {
            for (b, product) in coefficients[..i].iter().zip(line) {
                sum += 2.0 * a * b * product;
            }
            sum += a * a * line[i];
        }
        Some((sum / (self.count - 1.0)).max(0.0))
    }
}

/// How many quantities a [`Cross`] tally holds.
const QUANTITIES: usize = 4;

/// At each of several times, the means and covariances of four quantities.
#[derive(Debug, Clone)]
pub struct Cross {
    count: f64,
    mean: [Vec<f64>; QUANTITIES],
    /// Centred sums of the products of quantities i and j ≤ i, at each time.
    products: Vec<Vec<[f64; LANES]>>,
}

impl Cross {
    /// The tally of no replicas.
    pub fn new(times: usize) -> Self {
        Cross {
            count: 0.0,
            mean: std::array::from_fn(|_| vec![0.0; times]),
            products: vec![lanes(times); QUANTITIES * (QUANTITIES + 1) / 2],
        }
    }

    /// The tally of four runs of variables, each over the times.
    pub fn of(rows: &Rows, variables: &[Range<usize>; QUANTITIES]) -> Self {
        let times = variables[0].len();
        let mut tally = Cross::new(times);
        tally.count = rows.count();
        for (mean, variables) in tally.mean.iter_mut().zip(variables) {
            mean.copy_from_slice(&rows.mean[variables.clone()]);
        }
        let lines: [_; QUANTITIES] = std::array::from_fn(|i| rows.centred(&variables[i]));
        let mut products = tally.products.iter_mut();
        for i in 0..QUANTITIES {
            for (right, product) in lines[..=i].iter().zip(&mut products) {
                add_products(rows.instructions, &lines[i], right, product);
            }
        }
        tally
    }

    /// Take in the replicas of another tally.
    pub fn merge(&mut self, other: &Cross) {
        let Some((share, weight)) = merger(self.count, other.count) else {
            return;
        };
        for time in 0..self.mean[0].len() {
            let gap: [f64; QUANTITIES] =
                std::array::from_fn(|i| other.mean[i][time] - self.mean[i][time]);
            let mut products = self.products.iter_mut().zip(&other.products);
            for i in 0..QUANTITIES {
                for (gap_j, (mine, theirs)) in gap[..=i].iter().zip(&mut products) {
                    mine.as_flattened_mut()[time] +=
                        theirs.as_flattened()[time] + gap[i] * gap_j * weight;
                }
                self.mean[i][time] += gap[i] * share;
            }
        }
        self.count += other.count;
    }

    /// Number of replicas.
    pub fn count(&self) -> f64 {
        self.count
    }

    /// The means at a time.
    pub fn mean(&self, time: usize) -> [f64; QUANTITIES] {
        std::array::from_fn(|i| self.mean[i][time])
    }

    /// The sample variance of Σ a_i x_i at a time; `None` with fewer than two
    /// replicas.
    pub fn variance_of(&self, time: usize, coefficients: &[f64; QUANTITIES]) -> Option<f64> {
        let mut sum = 0.0;
        let mut products = self.products.iter();
        for (i, a) in coefficients.iter().enumerate() {
            for (j, (b, product)) in coefficients[..=i].iter().zip(&mut products).enumerate() {
                let twice = if i == j { 1.0 } else { 2.0 };
                sum += twice * a * b * product.as_flattened()[time];
            }
        }
        (self.count >= 2.0).then(|| (sum / (self.count - 1.0)).max(0.0))
    }
}

/// Count, means and centred power sums up to the fourth of one quantity, at
/// each of several times.
#[derive(Debug, Clone)]
pub struct Powers {
    count: f64,
    mean: Vec<f64>,
    /// Centred sums of the second, third and fourth powers.
    sums: [Vec<[f64; LANES]>; 3],
}

impl Powers {
    /// The tally of no replicas.
    pub fn new(times: usize) -> Self {
        Powers {
            count: 0.0,
            mean: vec![0.0; times],
            sums: std::array::from_fn(|_| lanes(times)),
        }
    }

    /// The tally of a run of variables over the times.
    pub fn of(rows: &Rows, variables: Range<usize>) -> Self {
        let mut tally = Powers::new(variables.len());
        tally.count = rows.count();
        tally.mean.copy_from_slice(&rows.mean[variables.clone()]);
        let lines = rows.centred(&variables);
        add_powers(rows.instructions, &lines, &mut tally.sums);
        tally
    }

    /// Take in the replicas of another tally (Pébay 2008, Eqs. (1.5)–(1.6)).
    pub fn merge(&mut self, other: &Powers) {
        let (a, b) = (self.count, other.count);
        let n = a + b;
        if b == 0.0 {
            return;
        }
        for t in 0..self.mean.len() {
            let gap = other.mean[t] - self.mean[t];
            let gap2 = gap * gap;
            let [mine2, mine3, mine4] = self.at(t);
            let [other2, other3, other4] = other.at(t);
            let second = mine2 + other2 + gap2 * a * b / n;
            let third = mine3
                + other3
                + gap * gap2 * a * b * (a - b) / (n * n)
                + 3.0 * gap * (a * other2 - b * mine2) / n;
            let fourth = mine4
                + other4
                + gap2 * gap2 * a * b * (a * a - a * b + b * b) / (n * n * n)
                + 6.0 * gap2 * (a * a * other2 + b * b * mine2) / (n * n)
                + 4.0 * gap * (a * other3 - b * mine3) / n;
            for (sums, sum) in self.sums.iter_mut().zip([second, third, fourth]) {
                sums.as_flattened_mut()[t] = sum;
            }
            self.mean[t] += gap * b / n;
        }
        self.count = n;
    }

    /// The centred sums of the second, third and fourth powers at a time.
    fn at(&self, time: usize) -> [f64; 3] {
        std::array::from_fn(|power| self.sums[power].as_flattened()[time])
    }

    /// Var/mean² at a time and its standard error by the delta method; `None`
    /// with fewer than two replicas or a mean of 0.
    pub fn relative_variance(&self, time: usize) -> Option<(f64, f64)> {
        let (n, mean) = (self.count, self.mean[time]);
        if n < 2.0 || mean == 0.0 {
            return None;
        }
        let [second, third, fourth] = self.at(time).map(|sum| sum / n);
        let variance = second * n / (n - 1.0);
        let value = variance / (mean * mean);
        // d(s²/m²): s² has variance (μ4 − σ⁴)/n, m has σ²/n, both together μ3/n.
        let by_mean = -2.0 * variance / mean;
        let spread =
            (fourth - variance * variance) + 2.0 * by_mean * third + by_mean * by_mean * variance;
        let error = (spread.max(0.0) / n).sqrt() / (mean * mean);
        Some((value, error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDTH: usize = 13;

    fn table(rows: usize) -> Vec<f64> {
        let entry = |i: usize, j: usize| {
            libm::sin((i * 7 + j * 13) as f64) + (j as f64) * 1e3 + (i % 5) as f64
        };
        (0..rows * WIDTH)
            .map(|index| entry(index / WIDTH, index % WIDTH))
            .collect()
    }

    /// Mean, and the centred sum of powers, of Σ a_i x_i over the rows.
    fn direct(values: &[f64], coefficients: &[f64], power: i32) -> (f64, f64) {
        let combined: Vec<f64> = values
            .chunks_exact(WIDTH)
            .map(|row| row.iter().zip(coefficients).map(|(x, a)| a * x).sum())
            .collect();
        let mean = combined.iter().sum::<f64>() / combined.len() as f64;
        let sum = combined.iter().map(|x| (x - mean).powi(power)).sum();
        (mean, sum)
    }

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() <= 1e-9 * (1.0 + a.abs())
    }

    #[test]
    fn merged_tallies_are_those_of_all_rows() {
        let all = table(50);
        let runs = [0..3, 3..6, 6..9, 9..12];
        let mut means = Means::new(WIDTH);
        let mut covariances = Covariances::new(11);
        let mut cross = Cross::new(3);
        let mut powers = Powers::new(2);
        for (from, to) in [(0, 7), (7, 8), (8, 50)] {
            let rows = Rows::new(&all[from * WIDTH..to * WIDTH], WIDTH);
            means.merge(&Means::of(&rows));
            covariances.merge(&Covariances::of(&rows, 1..12));
            cross.merge(&Cross::of(&rows, &runs));
            powers.merge(&Powers::of(&rows, 4..6));
        }
        let unit =
            |k: usize| -> Vec<f64> { (0..WIDTH).map(|j| f64::from(u8::from(j == k))).collect() };
        for k in 0..WIDTH {
            let (mean, squares) = direct(&all, &unit(k), 2);
            assert!(close(means.mean(k), mean));
            assert!(close(
                means.std_error(k).unwrap(),
                (squares / 49.0 / 50.0).sqrt()
            ));
        }
        let a: Vec<f64> = (0..WIDTH)
            .map(|j| {
                if (1..12).contains(&j) {
                    0.5 - j as f64
                } else {
                    0.0
                }
            })
            .collect();
        let (_, squares) = direct(&all, &a, 2);
        assert!(close(
            covariances.variance_of(&a[1..12]).unwrap(),
            squares / 49.0
        ));
        let (_, squares) = direct(&all, &[0.0, a[1], a[2], a[3]], 2);
        assert!(close(
            covariances.variance_of(&a[1..4]).unwrap(),
            squares / 49.0
        ));
        for time in 0..3 {
            let b = [1.0, -2.0, 0.3, 5.0];
            let mut spread = vec![0.0; WIDTH];
            b.iter()
                .enumerate()
                .for_each(|(i, b)| spread[3 * i + time] = *b);
            let (_, squares) = direct(&all, &spread, 2);
            assert!(close(cross.variance_of(time, &b).unwrap(), squares / 49.0));
            assert!(close(cross.mean(time)[2], means.mean(6 + time)));
        }
        for time in 0..2 {
            let sums = [2, 3, 4].map(|power| direct(&all, &unit(4 + time), power).1);
            for (power, sum) in powers.at(time).into_iter().zip(sums) {
                assert!(close(power, sum));
            }
        }
    }

    #[test]
    fn one_replica_has_no_standard_error() {
        let one = table(1);
        let rows = Rows::new(&one, WIDTH);
        assert_eq!(Means::of(&rows).std_error(0), None);
        assert_eq!(
            Covariances::of(&rows, 0..3).variance_of(&[1.0, 0.0, 0.0]),
            None
        );
        let runs = [0..1, 1..2, 2..3, 3..4];
        assert_eq!(Cross::of(&rows, &runs).variance_of(0, &[1.0; 4]), None);
    }

    #[test]
    fn relative_variance_of_an_exponential_sample() {
        // Exp(1): variance/mean² = 1; its error over √n is √(μ4−σ⁴−4μ3σ²+4σ⁶)
        // = √(9 − 1 − 8 + 4) = 2. Quantiles at midpoints make a fine sample.
        let n = 100_000;
        let values: Vec<f64> = (0..n)
            .map(|k| -libm::log((f64::from(k) + 0.5) / f64::from(n)))
            .collect();
        let powers = Powers::of(&Rows::new(&values, 1), 0..1);
        let (value, error) = powers.relative_variance(0).unwrap();
        assert!((value - 1.0).abs() < 1e-3);
        assert!((error * f64::from(n).sqrt() - 2.0).abs() < 0.02);
    }
}
