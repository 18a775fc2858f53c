//! Means, variances and covariances over replicas, in one pass and mergeable.
//!
//! Each tally is of one or a few quantities at several times; it holds a count,
//! means and sums of centred products. Those of some replicas are made from sums about a number
//! near them, such as the first replica's, and merged with others by the
//! formulas of Chan, Golub and LeVeque (1979) and Pébay (2008). Rounding depends
//! on the order in which that is done, so callers do it in a fixed order.

use crate::numerics::vector::{Instructions, vectorised};
use serde::{Deserialize, Serialize};

/// Numbers that are added together in one instruction. Times are padded with
/// zeros to whole multiples of it.
pub const LANES: usize = 8;

/// Some numbers over time, in whole lanes.
pub type Line = Vec<[f64; LANES]>;

/// Zeros for some times.
fn zeros(times: usize) -> Line {
    vec![[0.0; LANES]; times.div_ceil(LANES)]
}

/// The line of a function of the numbers of other lines at the same time.
fn line_of<const K: usize>(lines: [&[[f64; LANES]]; K], of: impl Fn([f64; K]) -> f64) -> Line {
    let at =
        |j: usize| std::array::from_fn(|lane| of(std::array::from_fn(|line| lines[line][j][lane])));
    (0..lines[0].len()).map(at).collect()
}

/// The means of replicas from their sums Σ (x − s) about a number s.
fn means_about(count: f64, shift: &[[f64; LANES]], sums: &[[f64; LANES]]) -> Line {
    line_of([shift, sums], |[s, sum]| s + sum / count)
}

/// The centred sum of products from Σ (x − s)(y − u) and the sums Σ (x − s), Σ (y − u).
fn centred(count: f64, products: &[[f64; LANES]], sums: [&[[f64; LANES]]; 2]) -> Line {
    line_of([products, sums[0], sums[1]], |[product, x, y]| {
        product - x * y / count
    })
}

vectorised! {
    /// Σ (x − s) and Σ (x − s)² over lines, s the first of them.
    fn add_about_first(lines: &[[f64; LANES]], sums: &mut [[f64; LANES]], squares: &mut [[f64; LANES]]) {
        let (first, lines) = lines.split_at(sums.len());
        for line in lines.chunks_exact(first.len()) {
            let sums = sums.iter_mut().zip(squares.iter_mut());
            for ((x, s), (sum, square)) in line.iter().zip(first).zip(sums) {
                for lane in 0..LANES {
                    let gap = x[lane] - s[lane];
                    sum[lane] += gap;
                    square[lane] += gap * gap;
                }
            }
        }
    }
}

/// Rows of a matrix whose sums are kept in registers together.
const TILE: usize = 4;

vectorised! {
    /// Σ x_i x_j over lines, for j ≤ i rounded up to whole lanes.
    fn add_outer(lines: &[[f64; LANES]], width: usize, sum: &mut [[f64; LANES]]) {
        for (block, rows) in sum.chunks_exact_mut(TILE * width).enumerate() {
            let (lane_of_row, from) = (block * TILE / LANES, block * TILE % LANES);
            for j in 0..=lane_of_row {
                let mut tile = [[0.0; LANES]; TILE];
                for line in lines.chunks_exact(width) {
                    for (sum, x) in tile.iter_mut().zip(&line[lane_of_row][from..from + TILE]) {
                        for lane in 0..LANES {
                            sum[lane] += x * line[j][lane];
                        }
                    }
                }
                for (row, tile) in rows.chunks_exact_mut(width).zip(tile) {
                    for lane in 0..LANES {
                        row[j][lane] += tile[lane];
                    }
                }
            }
        }
    }
}

/// The weights of more replicas beside those at hand: their share of all, and the weight of the
/// squared gap between the means; `None` if there are no more.
fn merger(mine: f64, theirs: f64) -> Option<(f64, f64)> {
    let total = mine + theirs;
    (theirs > 0.0).then(|| (theirs / total, mine * theirs / total))
}

/// The sample variance of a centred sum of squares, in which rounding can leave
/// less than 0; `None` if it is infinite or no number.
fn variance(squares: f64, count: f64) -> Option<f64> {
    (count >= 2.0 && squares.is_finite()).then(|| (squares / (count - 1.0)).max(0.0))
}

/// Count, means and centred sums of squares of one quantity over time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Means {
    count: f64,
    mean: Line,
    squares: Line,
}

impl Means {
    /// The tally of no replicas.
    pub fn new(times: usize) -> Self {
        Means {
            count: 0.0,
            mean: zeros(times),
            squares: zeros(times),
        }
    }

    /// The tally of some replicas: a line for each, padded to whole lanes.
    pub fn of(times: usize, lines: &[[f64; LANES]]) -> Self {
        let (mut sums, mut squares) = (zeros(times), zeros(times));
        let count = (lines.len() / sums.len()) as f64;
        add_about_first(Instructions::best(), lines, &mut sums, &mut squares);
        Means::about(count, lines, &sums, &squares)
    }

    /// The tally of replicas from Σ (x − s) and Σ (x − s)² about numbers s.
    pub fn about(
        count: f64,
        shift: &[[f64; LANES]],
        sums: &[[f64; LANES]],
        squares: &[[f64; LANES]],
    ) -> Self {
        Means {
            count,
            mean: means_about(count, &shift[..sums.len()], sums),
            squares: centred(count, squares, [sums; 2]),
        }
    }

    /// Take in the replicas of another tally.
    pub fn merge(&mut self, other: &Means) {
        let squares = self.squares.as_flattened_mut().iter_mut();
        for (square, more) in squares.zip(other.squares.as_flattened()) {
            *square += more;
        }
        self.shift(other.count, &other.mean);
    }

    /// Move to the common means; sums about the separate ones are in already.
    fn shift(&mut self, count: f64, mean: &Line) {
        if self.count == 0.0 {
            // The square of the gap may overflow, and here it has no weight.
            self.mean.clone_from(mean);
            self.count = count;
            return;
        }
        let Some((share, weight)) = merger(self.count, count) else {
            return;
        };
        let mine = self.mean.as_flattened_mut().iter_mut();
        let squares = self.squares.as_flattened_mut();
        for ((mine, theirs), square) in mine.zip(mean.as_flattened()).zip(squares) {
            let gap = theirs - *mine;
            *mine += gap * share;
            *square += gap * gap * weight;
        }
        self.count += count;
    }

    /// Number of replicas.
    pub fn count(&self) -> f64 {
        self.count
    }

    /// The mean at a time.
    pub fn mean(&self, time: usize) -> f64 {
        self.mean.as_flattened()[time]
    }

    /// The standard error of the mean at a time; `None` with fewer than two
    /// replicas, and where squares overflow or vanish: a 0 is a claim that all
    /// replicas agree, and only made where their difference would be seen.
    pub fn std_error(&self, time: usize) -> Option<f64> {
        let (mean, square) = (self.mean(time), self.squares.as_flattened()[time]);
        let agree = square == 0.0 && (mean == 0.0 || (mean * mean).is_normal());
        (self.count >= 2.0 && (agree || square.is_normal()))
            .then(|| (square / (self.count - 1.0) / self.count).sqrt())
    }
}

/// Count, means and centred sums of products between times of one quantity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Covariances {
    count: f64,
    times: usize,
    mean: Line,
    /// The lower triangle of Σ (x_i − x̄_i)(x_j − x̄_j): a row for each time, padding included. It is
    /// made with the second replica: before, all entries are 0, and over many times the matrix is
    /// larger than a replica.
    products: Line,
}

impl Covariances {
    /// The tally of no replicas.
    pub fn new(times: usize) -> Self {
        Covariances {
            count: 0.0,
            times,
            mean: zeros(times),
            products: Line::new(),
        }
    }

    /// Have the products, if they are not there yet.
    fn make_products(&mut self) {
        let size = self.mean.len() * self.mean.as_flattened().len();
        self.products.resize(size, [0.0; LANES]);
    }

    /// The tally of replicas from a line x − s for each, and from the sums of these.
    pub fn about(
        times: usize,
        shift: &[[f64; LANES]],
        sums: &[[f64; LANES]],
        lines: &[[f64; LANES]],
    ) -> Self {
        let width = sums.len();
        let count = (lines.len() / width) as f64;
        let mut tally = Covariances {
            count,
            times,
            mean: means_about(count, shift, sums),
            products: Line::new(),
        };
        if count > 1.0 {
            tally.make_products();
            add_outer(Instructions::best(), lines, width, &mut tally.products);
            let sums = sums.as_flattened();
            let rows = (tally.products.as_flattened_mut()).chunks_exact_mut(sums.len());
            for (i, (row, x)) in rows.zip(sums).enumerate() {
                for (product, y) in row[..=i].iter_mut().zip(sums) {
                    *product -= x * y / count;
                }
            }
        }
        tally
    }

    /// Take in the replicas of another tally.
    pub fn merge(&mut self, other: &Covariances) {
        if other.count > 1.0 {
            self.make_products();
            let width = self.mean.as_flattened().len();
            let rows = self.products.as_flattened_mut().chunks_exact_mut(width);
            let others = other.products.as_flattened().chunks_exact(width);
            for (i, (row, others)) in rows.zip(others).enumerate() {
                for (product, more) in row[..=i].iter_mut().zip(others) {
                    *product += more;
                }
            }
        }
        self.shift(other.count, &other.mean);
    }

    /// Move to the common means; sums about the separate ones are in already.
    fn shift(&mut self, count: f64, mean: &Line) {
        if self.count == 0.0 {
            // As for Means.
            self.mean.clone_from(mean);
            self.count = count;
            return;
        }
        let Some((share, weight)) = merger(self.count, count) else {
            return;
        };
        self.make_products();
        let mut gaps = mean.clone();
        let mine = self.mean.as_flattened_mut().iter_mut();
        for (gap, mine) in gaps.as_flattened_mut().iter_mut().zip(mine) {
            *gap -= *mine;
            *mine += *gap * share;
        }
        let gaps = gaps.as_flattened();
        let rows = self
            .products
            .as_flattened_mut()
            .chunks_exact_mut(gaps.len());
        for (i, (row, gap_i)) in rows.zip(gaps).enumerate() {
            for (product, gap_j) in row[..=i].iter_mut().zip(gaps) {
                *product += gap_i * gap_j * weight;
            }
        }
        self.count += count;
    }

    /// The means.
    pub fn mean(&self) -> &[f64] {
        &self.mean.as_flattened()[..self.times]
    }

    /// Number of replicas.
    pub fn count(&self) -> f64 {
        self.count
    }

    /// The sample variance of Σ a_i x_i over the first times, as many as there
    /// are coefficients; `None` with fewer than two replicas, or if it overflows.
    pub fn variance_of(&self, coefficients: &[f64]) -> Option<f64> {
        if self.count < 2.0 {
            return None;
        }
        let width = self.mean.as_flattened().len();
        let lines = self.products.as_flattened().chunks_exact(width);
        let mut sum = 0.0;
        for (i, (a, line)) in coefficients.iter().zip(lines).enumerate() {
            for (b, product) in coefficients[..i].iter().zip(line) {
                sum += 2.0 * a * b * product;
            }
            sum += a * a * line[i];
        }
        variance(sum, self.count)
    }
}

/// The number of quantities that a [`Cross`] tally holds.
pub const QUANTITIES: usize = 4;

/// The number of pairs of them, each with itself too.
pub const PRODUCTS: usize = QUANTITIES * (QUANTITIES + 1) / 2;

/// At each of several times, the means and covariances of four quantities.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cross {
    count: f64,
    mean: [Line; QUANTITIES],
    /// Centred sums of the products of quantities i and j ≤ i, over time.
    products: [Line; PRODUCTS],
}

impl Cross {
    /// The tally of no replicas.
    pub fn new(times: usize) -> Self {
        Cross {
            count: 0.0,
            mean: std::array::from_fn(|_| zeros(times)),
            products: std::array::from_fn(|_| zeros(times)),
        }
    }

    /// The tally of replicas from the sums of x_i − s_i, and of their products for i and j ≤ i.
    pub fn about(
        count: f64,
        shift: [&[[f64; LANES]]; QUANTITIES],
        sums: [&[[f64; LANES]]; QUANTITIES],
        products: [&[[f64; LANES]]; PRODUCTS],
    ) -> Self {
        let pairs = (0..QUANTITIES).flat_map(|i| (0..=i).map(move |j| [sums[i], sums[j]]));
        let mut lines = pairs.zip(products);
        Cross {
            count,
            mean: std::array::from_fn(|i| means_about(count, shift[i], sums[i])),
            products: std::array::from_fn(|_| {
                let (sums, products) = lines.next().expect("a sum of each pair");
                centred(count, products, sums)
            }),
        }
    }

    /// Take in the replicas of another tally.
    pub fn merge(&mut self, other: &Cross) {
        for (mine, theirs) in self.products.iter_mut().zip(&other.products) {
            let products = mine.as_flattened_mut().iter_mut();
            for (product, more) in products.zip(theirs.as_flattened()) {
                *product += more;
            }
        }
        self.shift(other.count, other.mean.each_ref());
    }

    /// Move to the common means; sums about the separate ones are in already.
    fn shift(&mut self, count: f64, mean: [&Line; QUANTITIES]) {
        if self.count == 0.0 {
            // As for Means.
            self.mean = mean.map(Line::clone);
            self.count = count;
            return;
        }
        let Some((share, weight)) = merger(self.count, count) else {
            return;
        };
        for time in 0..mean[0].as_flattened().len() {
            let gap: [f64; QUANTITIES] = std::array::from_fn(|i| {
                mean[i].as_flattened()[time] - self.mean[i].as_flattened()[time]
            });
            let mut products = self.products.iter_mut();
            for i in 0..QUANTITIES {
                for (gap_j, product) in gap[..=i].iter().zip(&mut products) {
                    product.as_flattened_mut()[time] += gap[i] * gap_j * weight;
                }
                self.mean[i].as_flattened_mut()[time] += gap[i] * share;
            }
        }
        self.count += count;
    }

    /// Number of replicas.
    pub fn count(&self) -> f64 {
        self.count
    }

    /// The means at a time.
    pub fn mean(&self, time: usize) -> [f64; QUANTITIES] {
        std::array::from_fn(|i| self.mean[i].as_flattened()[time])
    }

    /// The sample variance of Σ a_i x_i at a time; `None` with fewer than two
    /// replicas, or if it overflows.
    pub fn variance_of(&self, time: usize, coefficients: &[f64; QUANTITIES]) -> Option<f64> {
        let mut sum = 0.0;
        let mut products = self.products.iter();
        for (i, a) in coefficients.iter().enumerate() {
            for (j, (b, product)) in coefficients[..=i].iter().zip(&mut products).enumerate() {
                let twice = if i == j { 1.0 } else { 2.0 };
                sum += twice * a * b * product.as_flattened()[time];
            }
        }
        variance(sum, self.count)
    }
}

/// Count, means and centred power sums up to the fourth of one quantity over
/// time, divided by a power of two near the quantity's size.
///
/// Fourth powers of a quantity of size 1e-80 or 1e80 are no floats any more.
/// Division by a power of two is exact: where they are, no bit depends on it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Powers {
    count: f64,
    /// One over the power of two.
    scale: Line,
    mean: Line,
    /// Centred sums of the second, third and fourth powers.
    sums: [Line; 3],
}

/// One over the power of two next below a positive size; 1 for what is none.
fn scale_for(size: f64) -> f64 {
    if size.is_normal() {
        // The fraction of the bits away, what is left is a power of two. Its
        // inverse is a normal number, but for the two largest.
        let power = f64::from_bits(size.abs().to_bits() >> 52 << 52);
        1.0 / power.min(2f64.powi(1000))
    } else {
        1.0
    }
}

impl Powers {
    /// The tally of no replicas of a quantity that is about as large as this at
    /// each time. All that are merged have the same sizes.
    pub fn new(sizes: &[f64]) -> Self {
        let mut scale = zeros(sizes.len());
        for (scale, &size) in scale.as_flattened_mut().iter_mut().zip(sizes) {
            *scale = scale_for(size);
        }
        Powers {
            count: 0.0,
            scale,
            mean: zeros(sizes.len()),
            sums: std::array::from_fn(|_| zeros(sizes.len())),
        }
    }

    /// One over the power of two that each time's numbers are divided by.
    pub fn scale(&self) -> &[[f64; LANES]] {
        &self.scale
    }

    /// The tally of replicas with the same sizes from the sums of the first four powers of (x − s)·[`scale`](Self::scale).
    pub fn about(
        &self,
        count: f64,
        shift: &[[f64; LANES]],
        [first, second, third, fourth]: [&[[f64; LANES]]; 4],
    ) -> Self {
        let lines = [first, second, third, fourth];
        // δ is the mean of x − s.
        let of_third = |[first, second, third, _]: [f64; 4]| {
            let delta = first / count;
            third - delta * (3.0 * second - 2.0 * delta * first)
        };
        let of_fourth = |[first, second, third, fourth]: [f64; 4]| {
            let delta = first / count;
            fourth - delta * (4.0 * third - delta * (6.0 * second - 3.0 * delta * first))
        };
        Powers {
            count,
            scale: self.scale.clone(),
            mean: line_of([shift, first, &self.scale], |[s, sum, scale]| {
                s * scale + sum / count
            }),
            sums: [
                centred(count, second, [first; 2]),
                line_of(lines, of_third),
                line_of(lines, of_fourth),
            ],
        }
    }

    /// Take in the replicas of another tally (Pébay 2008, Eqs. (1.5)–(1.6)).
    pub fn merge(&mut self, other: &Powers) {
        let (a, b) = (self.count, other.count);
        let n = a + b;
        if b == 0.0 {
            return;
        }
        if a == 0.0 {
            // As for Means.
            *self = other.clone();
            return;
        }
        for t in 0..self.mean.as_flattened().len() {
            let mine = &mut self.mean.as_flattened_mut()[t];
            let gap = other.mean.as_flattened()[t] - *mine;
            *mine += gap * b / n;
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
        }
        self.count = n;
    }

    /// The scaled centred sums of the second, third and fourth powers at a time.
    fn at(&self, time: usize) -> [f64; 3] {
        std::array::from_fn(|power| self.sums[power].as_flattened()[time])
    }

    /// The sample variance at a time and its relative standard error,
    /// √((μ₄/σ⁴ − 1)/n); `None` with fewer than two replicas, a variance of 0, or
    /// one that is no normal number.
    pub fn variance(&self, time: usize) -> Option<(f64, f64)> {
        let (n, scale) = (self.count, self.scale.as_flattened()[time]);
        let [second, _, fourth] = self.at(time).map(|sum| sum / n);
        let square = second * second;
        let variance = second * n / (n - 1.0) / scale / scale;
        let relative = (fourth / square - 1.0).max(0.0) / n;
        let known = [square, fourth, variance].iter().all(|x| x.is_normal());
        (n >= 2.0 && known).then(|| (variance, relative.sqrt()))
    }

    /// Var/mean² at a time and its standard error by the delta method; `None`
    /// with fewer than two replicas or a mean of 0, and where powers of what the
    /// mean is beside its size are no normal numbers.
    pub fn relative_variance(&self, time: usize) -> Option<(f64, f64)> {
        let (n, mean) = (self.count, self.mean.as_flattened()[time]);
        let [second, third, fourth] = self.at(time).map(|sum| sum / n);
        let constant = second == 0.0;
        if n < 2.0 || !(mean * mean).is_normal() || !(constant || fourth.is_normal()) {
            return None;
        }
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

    const NOTHING: &[[f64; LANES]] = &[[0.0; LANES]; 2];

    /// Columns `from..to` of a row, padded to whole lanes.
    fn line(row: &[f64], from: usize, to: usize) -> Line {
        let mut line = zeros(to - from);
        line.as_flattened_mut()[..to - from].copy_from_slice(&row[from..to]);
        line
    }

    /// Takes a replica's number at one time into powers.
    fn add_power(powers: &mut Powers, line: &[[f64; LANES]]) {
        let nothing = &NOTHING[..line.len()];
        let replica = powers.about(1.0, line, [nothing; 4]);
        powers.merge(&replica);
    }

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

    struct Tallies {
        means: Means,
        covariances: Covariances,
        cross: Cross,
        powers: Powers,
    }

    impl Tallies {
        fn new() -> Self {
            Tallies {
                means: Means::new(WIDTH),
                covariances: Covariances::new(11),
                cross: Cross::new(3),
                powers: Powers::new(&[1.0; 2]),
            }
        }

        fn add(&mut self, rows: &[f64]) {
            for row in rows.chunks_exact(WIDTH) {
                self.means.merge(&Means::of(WIDTH, &line(row, 0, WIDTH)));
                let eleven = Covariances::about(11, &line(row, 1, 12), NOTHING, NOTHING);
                self.covariances.merge(&eleven);
                add_power(&mut self.powers, &line(row, 4, 6));
                let runs = [0, 3, 6, 9].map(|first| line(row, first, first + 3));
                let runs = runs.each_ref().map(|run| &run[..]);
                let nothing = &NOTHING[..1];
                let replica = Cross::about(1.0, runs, [nothing; QUANTITIES], [nothing; PRODUCTS]);
                self.cross.merge(&replica);
            }
        }

        fn merge(&mut self, other: &Tallies) {
            self.means.merge(&other.means);
            self.covariances.merge(&other.covariances);
            self.cross.merge(&other.cross);
            self.powers.merge(&other.powers);
        }

        fn check(&self, all: &[f64]) {
            let unit = |k: usize| -> Vec<f64> {
                (0..WIDTH).map(|j| f64::from(u8::from(j == k))).collect()
            };
            for k in 0..WIDTH {
                let (mean, squares) = direct(all, &unit(k), 2);
                assert!(close(self.means.mean(k), mean));
                let error = self.means.std_error(k).unwrap();
                assert!(close(error, (squares / 49.0 / 50.0).sqrt()));
            }
            let a: Vec<f64> = (0..WIDTH)
                .map(|j| f64::from(u8::from((1..12).contains(&j))) * (0.5 - j as f64))
                .collect();
            let (_, squares) = direct(all, &a, 2);
            let variance = self.covariances.variance_of(&a[1..12]).unwrap();
            assert!(close(variance, squares / 49.0));
            let (_, squares) = direct(all, &[0.0, a[1], a[2], a[3]], 2);
            let variance = self.covariances.variance_of(&a[1..4]).unwrap();
            assert!(close(variance, squares / 49.0));
            for time in 0..3 {
                let b = [1.0, -2.0, 0.3, 5.0];
                let mut spread = vec![0.0; WIDTH];
                b.iter()
                    .enumerate()
                    .for_each(|(i, b)| spread[3 * i + time] = *b);
                let (_, squares) = direct(all, &spread, 2);
                let variance = self.cross.variance_of(time, &b).unwrap();
                assert!(close(variance, squares / 49.0));
                let mean = self.cross.mean(time)[2];
                assert!(close(mean, self.means.mean(6 + time)));
            }
            for time in 0..2 {
                let sums = [2, 3, 4].map(|power| direct(all, &unit(4 + time), power).1);
                for (power, sum) in self.powers.at(time).into_iter().zip(sums) {
                    assert!(close(power, sum));
                }
            }
        }
    }

    #[test]
    fn tallies_added_to_and_merged_are_those_of_all_rows() {
        let all = table(50);
        let (mut added, mut merged) = (Tallies::new(), Tallies::new());
        for (from, to) in [(0, 7), (7, 8), (8, 50)] {
            let rows = &all[from * WIDTH..to * WIDTH];
            added.add(rows);
            let mut apart = Tallies::new();
            apart.add(rows);
            merged.merge(&apart);
        }
        added.check(&all);
        merged.check(&all);
        merged.merge(&Tallies::new());
        merged.check(&all);
    }

    #[test]
    fn one_replica_has_no_standard_error() {
        let mut one = Tallies::new();
        one.add(&table(1));
        assert_eq!(one.means.std_error(0), None);
        assert_eq!(one.covariances.variance_of(&[1.0, 0.0, 0.0]), None);
        assert_eq!(one.cross.variance_of(0, &[1.0; 4]), None);
    }

    #[test]
    fn relative_variance_of_an_exponential_sample() {
        // Exp(1): variance/mean² = 1; its error over √n is √(μ4−σ⁴−4μ3σ²+4σ⁶)
        // = √(9 − 1 − 8 + 4) = 2. Quantiles at midpoints make a fine sample.
        let n = 100_000;
        let mut powers = Powers::new(&[1.0]);
        for k in 0..n {
            let value = -libm::log((f64::from(k) + 0.5) / f64::from(n));
            add_power(&mut powers, &[[value; LANES]]);
        }
        let (value, error) = powers.relative_variance(0).unwrap();
        assert!((value - 1.0).abs() < 1e-3);
        assert!((error * f64::from(n).sqrt() - 2.0).abs() < 0.02);
    }

    /// Replicas of one quantity, `unit` large, in a tally for that size.
    fn powers_of(unit: f64, size: f64) -> Powers {
        let mut powers = Powers::new(&[size]);
        for value in [1.0, 2.5, 0.25, 3.0, 1.75, 9.0] {
            add_power(&mut powers, &[[value * unit; LANES]]);
        }
        powers
    }

    #[test]
    fn powers_do_not_leave_the_range_of_floats() {
        let plain = powers_of(1.0, 1.0);
        for exponent in [-1000, -400, -300, 0, 3, 300, 400, 1000] {
            let unit = 2f64.powi(exponent);
            // The size is only about right.
            let powers = powers_of(unit, 1.9 * unit);
            assert_eq!(powers.relative_variance(0), plain.relative_variance(0));
            let (variance, error) = plain.variance(0).unwrap();
            // 2^±800 and its square are floats, 2^±2000 is none.
            let expected = (exponent.abs() < 500).then_some((variance * unit * unit, error));
            assert_eq!(powers.variance(0), expected);
        }
        // Without the size, fourth powers vanish or overflow: no error, not 0.
        for unit in [1e-90, 1e90] {
            assert_eq!(powers_of(unit, 1.0).variance(0), None);
            assert_eq!(powers_of(unit, 1.0).relative_variance(0), None);
        }
    }

    #[test]
    fn errors_that_cannot_be_told_are_none() {
        let means_of = |values: [f64; 3]| {
            let mut means = Means::new(1);
            for value in values {
                means.merge(&Means::of(1, &[[value; LANES]]));
            }
            (means.mean(0), means.std_error(0))
        };
        // Squares vanish or overflow, the mean is right.
        for unit in [1e-207, 1e200] {
            let (mean, error) = means_of([unit, 2.0 * unit, 3.0 * unit]);
            assert!((mean / unit - 2.0).abs() < 1e-15);
            assert_eq!(error, None);
        }
        assert_eq!(means_of([1e-207; 3]).1, None);
        // All agree.
        assert_eq!(means_of([3.0; 3]), (3.0, Some(0.0)));
        assert_eq!(means_of([0.0; 3]), (0.0, Some(0.0)));
    }

    #[test]
    fn a_first_mean_of_any_size_is_taken_as_it_is() {
        let row = [1e200; WIDTH];
        let mut tallies = Tallies::new();
        tallies.add(&row);
        let mut merged = Tallies::new();
        merged.merge(&tallies);
        for tallies in [tallies, merged] {
            assert_eq!(tallies.means.mean(0), 1e200);
            assert_eq!(tallies.means.std_error(0), None);
            assert_eq!(tallies.covariances.mean(), [1e200; 11]);
            assert_eq!(tallies.cross.mean(0), [1e200; QUANTITIES]);
        }
    }

    #[test]
    fn variances_that_overflow_are_none() {
        let mut tallies = Tallies::new();
        tallies.add(&[1e200; WIDTH]);
        tallies.add(&[-1e200; WIDTH]);
        assert_eq!(tallies.covariances.variance_of(&[1.0]), None);
        assert_eq!(tallies.cross.variance_of(0, &[1.0; 4]), None);
    }
}
