//! Means, variances and covariances over replicas, in one pass and mergeable.
//!
//! Each tally holds a count, means and sums of centred products; two tallies of
//! disjoint replicas merge exactly (Chan, Golub and LeVeque 1979; Pébay 2008).
//! Rounding depends on the order of merging, so callers merge in a fixed order.

use ndarray::{Array2, Axis};

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

    /// The tally of the rows of a table, a replica each.
    pub fn of(rows: &Array2<f64>) -> Self {
        let mean = column_means(rows);
        let mut squares = vec![0.0; rows.ncols()];
        for row in rows.rows() {
            for (square, (x, m)) in squares.iter_mut().zip(row.iter().zip(&mean)) {
                *square += (x - m) * (x - m);
            }
        }
        Means {
            count: rows.nrows() as f64,
            mean,
            squares,
        }
    }

    /// Take in the replicas of another tally.
    pub fn merge(&mut self, other: &Means) {
        let total = self.count + other.count;
        if total == 0.0 {
            return;
        }
        let (share, weight) = (other.count / total, self.count * other.count / total);
        for k in 0..self.mean.len() {
            let gap = other.mean[k] - self.mean[k];
            self.mean[k] += gap * share;
            self.squares[k] += other.squares[k] + gap * gap * weight;
        }
        self.count = total;
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

fn column_means(rows: &Array2<f64>) -> Vec<f64> {
    let mut mean = vec![0.0; rows.ncols()];
    for row in rows.rows() {
        for (mean, x) in mean.iter_mut().zip(row) {
            *mean += x;
        }
    }
    let count = rows.nrows() as f64;
    mean.iter().map(|sum| sum / count).collect()
}

/// Count, means and centred sums of products of several variables.
#[derive(Debug, Clone)]
pub struct Covariances {
    count: f64,
    mean: Vec<f64>,
    /// Σ (x_i − x̄_i)(x_j − x̄_j) for j ≤ i.
    products: Array2<f64>,
}

impl Covariances {
    /// The tally of no replicas.
    pub fn new(variables: usize) -> Self {
        Covariances {
            count: 0.0,
            mean: vec![0.0; variables],
            products: Array2::zeros((variables, variables)),
        }
    }

    /// The tally of the rows of a table, a replica each.
    pub fn of(rows: &Array2<f64>) -> Self {
        let mean = column_means(rows);
        let mut products = Array2::zeros((rows.ncols(), rows.ncols()));
        let mut centred = vec![0.0; rows.ncols()];
        for row in rows.rows() {
            for (centred, (x, m)) in centred.iter_mut().zip(row.iter().zip(&mean)) {
                *centred = x - m;
            }
            for (i, mut line) in products.axis_iter_mut(Axis(0)).enumerate() {
                let line = line.as_slice_mut().expect("rows of a table are contiguous");
                for (product, x) in line[..=i].iter_mut().zip(&centred) {
                    *product += centred[i] * x;
                }
            }
        }
        Covariances {
            count: rows.nrows() as f64,
            mean,
            products,
        }
    }

    /// Take in the replicas of another tally.
    pub fn merge(&mut self, other: &Covariances) {
        let total = self.count + other.count;
        if total == 0.0 {
            return;
        }
        let (share, weight) = (other.count / total, self.count * other.count / total);
        let gap: Vec<f64> = (self.mean.iter().zip(&other.mean))
            .map(|(a, b)| b - a)
            .collect();
        for i in 0..gap.len() {
            for j in 0..=i {
                self.products[[i, j]] += other.products[[i, j]] + gap[i] * gap[j] * weight;
            }
        }
        for (mean, gap) in self.mean.iter_mut().zip(&gap) {
            *mean += gap * share;
        }
        self.count = total;
    }

    /// The means.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// Number of replicas.
    pub fn count(&self) -> f64 {
        self.count
    }

    /// The sample variance of Σ a_i x_i; `None` with fewer than two replicas.
    pub fn variance_of(&self, coefficients: &[f64]) -> Option<f64> {
        if self.count < 2.0 {
            return None;
        }
        let mut sum = 0.0;
        for (i, a) in coefficients.iter().enumerate() {
            for (j, b) in coefficients[..i].iter().enumerate() {
                sum += 2.0 * a * b * self.products[[i, j]];
            }
            sum += a * a * self.products[[i, i]];
        }
        Some((sum / (self.count - 1.0)).max(0.0))
    }
}

/// Count, mean and centred power sums up to the fourth of one variable.
#[derive(Debug, Clone, Copy, Default)]
pub struct Powers {
    count: f64,
    mean: f64,
    second: f64,
    third: f64,
    fourth: f64,
}

impl Powers {
    /// The tally of some values, a replica each.
    pub fn of(values: impl Iterator<Item = f64> + Clone) -> Self {
        let count = values.clone().count() as f64;
        let mean = values.clone().sum::<f64>() / count;
        let mut powers = Powers {
            count,
            mean,
            ..Powers::default()
        };
        for value in values {
            let gap = value - mean;
            let square = gap * gap;
            powers.second += square;
            powers.third += square * gap;
            powers.fourth += square * square;
        }
        powers
    }

    /// Take in the replicas of another tally (Pébay 2008, Eqs. (1.5)–(1.6)).
    pub fn merge(&mut self, other: &Powers) {
        let (a, b) = (self.count, other.count);
        let n = a + b;
        if b == 0.0 {
            return;
        }
        let gap = other.mean - self.mean;
        let gap2 = gap * gap;
        self.fourth += other.fourth
            + gap2 * gap2 * a * b * (a * a - a * b + b * b) / (n * n * n)
            + 6.0 * gap2 * (a * a * other.second + b * b * self.second) / (n * n)
            + 4.0 * gap * (a * other.third - b * self.third) / n;
        self.third += other.third
            + gap * gap2 * a * b * (a - b) / (n * n)
            + 3.0 * gap * (a * other.second - b * self.second) / n;
        self.second += other.second + gap2 * a * b / n;
        self.mean += gap * b / n;
        self.count = n;
    }

    /// Var/mean² and its standard error by the delta method; `None` with fewer
    /// than two replicas or a mean of 0.
    pub fn relative_variance(&self) -> Option<(f64, f64)> {
        let n = self.count;
        if n < 2.0 || self.mean == 0.0 {
            return None;
        }
        let variance = self.second / (n - 1.0);
        let (third, fourth) = (self.third / n, self.fourth / n);
        let value = variance / (self.mean * self.mean);
        // d(s²/m²): s² has variance (μ4 − σ⁴)/n, m has σ²/n, both together μ3/n.
        let by_mean = -2.0 * variance / self.mean;
        let spread =
            (fourth - variance * variance) + 2.0 * by_mean * third + by_mean * by_mean * variance;
        let error = (spread.max(0.0) / n).sqrt() / (self.mean * self.mean);
        Some((value, error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(rows: usize) -> Array2<f64> {
        Array2::from_shape_fn((rows, 3), |(i, j)| {
            libm::sin((i * 7 + j * 13) as f64) + (j as f64) * 1e3 + (i % 5) as f64
        })
    }

    #[test]
    fn merging_is_the_same_as_tallying_at_once() {
        let all = table(50);
        let parts = [(0, 7), (7, 8), (8, 50)];
        let mut means = Means::new(3);
        let mut covariances = Covariances::new(3);
        let mut powers = Powers::default();
        for (from, to) in parts {
            let part = all.slice(ndarray::s![from..to, ..]).to_owned();
            means.merge(&Means::of(&part));
            covariances.merge(&Covariances::of(&part));
            powers.merge(&Powers::of(part.column(0).iter().copied()));
        }
        let whole = Means::of(&all);
        let direct = Powers::of(all.column(0).iter().copied());
        let close = |a: f64, b: f64| (a - b).abs() <= 1e-10 * (1.0 + a.abs());
        for k in 0..3 {
            assert!(close(means.mean(k), whole.mean(k)));
            assert!(close(
                means.std_error(k).unwrap(),
                whole.std_error(k).unwrap()
            ));
        }
        let a = [0.5, -2.0, 1.0];
        let combined: Vec<f64> = all
            .rows()
            .into_iter()
            .map(|row| row.iter().zip(a).map(|(x, a)| a * x).sum())
            .collect();
        let mean = combined.iter().sum::<f64>() / 50.0;
        let variance = combined
            .iter()
            .map(|x| (x - mean) * (x - mean))
            .sum::<f64>()
            / 49.0;
        assert!(close(covariances.variance_of(&a).unwrap(), variance));
        for (a, b) in [
            (powers.mean, direct.mean),
            (powers.second, direct.second),
            (powers.third, direct.third),
            (powers.fourth, direct.fourth),
        ] {
            assert!(close(a, b), "{a} {b}");
        }
    }

    #[test]
    fn one_replica_has_no_standard_error() {
        let one = table(1);
        assert_eq!(Means::of(&one).std_error(0), None);
        assert_eq!(Covariances::of(&one).variance_of(&[1.0, 0.0, 0.0]), None);
    }

    #[test]
    fn relative_variance_of_an_exponential_sample() {
        // Exp(1): variance/mean² = 1; its error over √n is √(μ4−σ⁴−4μ3σ²+4σ⁶)
        // = √(9 − 1 − 8 + 4) = 2. Quantiles at midpoints make a fine sample.
        let n = 100_000;
        let values = (0..n).map(|k| -libm::log((f64::from(k) + 0.5) / f64::from(n)));
        let (value, error) = Powers::of(values).relative_variance().unwrap();
        assert!((value - 1.0).abs() < 1e-3);
        assert!((error * f64::from(n).sqrt() - 2.0).abs() < 0.02);
    }
}
