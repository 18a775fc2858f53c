//! Control variates: replica means whose exact means are known.
//!
//! For a statistic with a value Y_ρ of each replica and columns C_ρ of known mean 0, Y_ρ − γ·C_ρ has the same mean for
//! every γ that does not depend on replica ρ. Columns are replica means of V, V² and V⁴ of both copies minus their
//! exact means, as sums and differences over the copies. For coupled copies the differences matter, and would be lost
//! to rounding in a regression on two columns that are nearly the same.

use super::fold::Fold;
use super::{Known, Moments};
use crate::numerics::trust::is_carried_by_many;
use crate::numerics::vector::{Instructions, vectorised};
use crate::theory::unseen::POWERS;

/// A column enters a regression only if it takes off more than this many times 1/m of the variance, the share that an
/// unrelated column takes off m replicas.
const WORTH: f64 = 4.0;
/// A column enters a regression only if more than this part of its variance is left beside the columns that are in
/// already.
///
/// A smaller rest is carried by few replicas: if one copy is 1.2 times the other but for the last draws, their columns
/// differ in those draws only.
const INDEPENDENT: f64 = 1e-4;
/// The largest r₄/R with which V² is a column, see [`Controls::new`].
const TAME_FOURTHS: f64 = 1e-4;
/// Powers of sizes that are below this part of the powers of velocities are rounding.
const ROUNDING: f64 = 1e-12;
/// A column does not enter if its mean over the sample is so many standard errors away from the exact one, 0: the
/// sample lacks a part of the exact mean, and the column would take off more than noise.
const MOST_OFF: f64 = 8.0;
/// The fewest replicas for each column of a regression.
const REPLICAS_PER_COLUMN: usize = 10;

/// The number of columns of a row: up to seven, and a statistic after them.
const COLUMNS: usize = 8;
const STATISTIC: usize = COLUMNS - 1;

/// The columns of a replica; the others are 0.
type Row = [f64; COLUMNS];

/// The sums of the products of all pairs of columns.
type Matrix = [Row; COLUMNS];

/// Columns of mean 0 over replicas.
#[derive(Debug, Clone)]
pub(super) struct Controls {
    /// The columns of each replica, of lower powers first.
    rows: Vec<Row>,
    /// The number of columns up to each power: none, the first, the first two, …
    up_to_power: Vec<usize>,
    /// For each tier, the factor by which the powers in its error bars spread less than their exact moments say; at
    /// least 1.
    shortfalls: Vec<f64>,
    /// For each column, an upper bound on the part of its exact mean that comes from draws which
    /// the sample may lack.
    unseen: Vec<f64>,
    /// For each column, a standard deviation below which it may vary by rounding only.
    rounding: Vec<f64>,
    /// The sums of the columns and of their squares over the replicas of each fold.
    fold_sums: Vec<[Row; 2]>,
}

impl Controls {
    /// The columns that two copies' exact moments allow for so many replicas. After V, V² or V⁴ is taken off, the rest
    /// is of the order of V², V⁴ or V⁸. Where few replicas carry the means of these, the rest gives no error bar. So
    /// the columns, of both copies or of neither, are
    ///
    /// * V where v ≤ [`FEW_REPLICAS`](crate::numerics::trust::FEW_REPLICAS) R, with v the relative variance of a replica's mean of V², and r₂ ≤
    ///   [`FEW_REPLICAS`](crate::numerics::trust::FEW_REPLICAS) R, with r_p the relative variance of the mean of (V − E V)^p. (Powers of velocities that are
    ///   all far from 0 vary little, whatever tails the velocities have.) r₂ and r₄ are known exactly ([`Moments`]);
    /// * V² where also r₄ ≤ 10⁻⁴ R. For copies that are both functions of the same numbers, one with Student's law of
    ///   nine degrees of freedom, upper limits of 97.5 % missed in 14 % of all runs at 5·10⁻⁴ R, and at 10⁻⁴ R as often
    ///   as they may, both without the widening for shortfalls;
    /// * V⁴ where also r₈ ≤ [`FEW_REPLICAS`](crate::numerics::trust::FEW_REPLICAS) R. For r₈ the value 17.1 r₄ (r₄/(5.33 r₂))^2.5 is taken, which is right
    ///   for normal velocities and for those with density e^{−|v|}.
    pub(super) fn new(particles: usize, first: &[f64], second: &[f64], known: &Known) -> Controls {
        let exact = &known.moments;
        let replicas = (first.len() / particles) as f64;
        let shortfall = |power: usize| {
            let of_copy = |(copy, exact)| shortfall(copy, exact, power);
            [(first, &exact[0]), (second, &exact[1])]
                .map(of_copy)
                .into_iter()
                .fold(1.0, f64::max)
        };
        let [of_squares, of_fourths] = [2, 4].map(shortfall);
        let mut controls = Controls {
            rows: vec![[0.0; COLUMNS]; first.len() / particles],
            up_to_power: vec![0],
            shortfalls: vec![of_squares],
            unseen: vec![],
            rounding: vec![],
            fold_sums: vec![],
        };
        let [first_power, second_power] =
            exact.map(|moments| highest_power(&moments, particles, replicas));
        let highest = first_power.min(second_power);
        let copies = [first, second];
        let mut add = |power: u32, moment: fn(&Moments) -> Option<f64>, of: fn(f64) -> f64| {
            if let [Some(f), Some(h)] = exact.each_ref().map(moment)
                && power <= highest
            {
                controls.add(particles, copies, [f, h], of);
                let index = POWERS.iter().position(|&known| known == power as i32);
                let index = index.expect("a power of control variates");
                let unseen: f64 = known.unseen_powers.iter().map(|powers| powers[index]).sum();
                controls.unseen.extend([unseen; 2]);
                let squares = exact.map(|moments| moments.second.unwrap_or(0.0));
                let size = libm::pow(squares[0].max(squares[1]), 0.5 * f64::from(power));
                controls.rounding.extend([ROUNDING * size; 2]);
                let all = of_squares.max(of_fourths);
                controls
                    .shortfalls
                    .push(if power == 1 { of_squares } else { all });
            }
        };
        add(1, |moments| moments.mean, |v| v);
        add(2, |moments| moments.second, |v| v * v);
        add(4, |moments| moments.fourth, |v| (v * v) * (v * v));
        controls.fold_sums = fold_sums(&controls.rows);
        controls
    }

    /// Adds the difference and the sum of the copies' means of a power, minus their exact means.
    fn add(
        &mut self,
        particles: usize,
        copies: [&[f64]; 2],
        [f, h]: [f64; 2],
        power: fn(f64) -> f64,
    ) {
        let column = self.width();
        debug_assert!(
            column + 2 <= STATISTIC,
            "there is room for two more columns"
        );
        let [first, second] = copies.map(|copy| copy.chunks_exact(particles));
        let mean = |(v, u): (&[f64], &[f64]), combined: fn(f64, f64) -> f64| {
            let terms = v.iter().zip(u).map(|(&v, &u)| combined(power(v), power(u)));
            terms.sum::<f64>() / particles as f64 - combined(f, h)
        };
        for (row, replica) in self.rows.iter_mut().zip(first.zip(second)) {
            row[column] = mean(replica, |v, u| v - u);
            row[column + 1] = mean(replica, |v, u| v + u);
        }
        self.up_to_power.push(column + 2);
    }

    /// The number of columns.
    fn width(&self) -> usize {
        self.up_to_power[self.up_to_power.len() - 1]
    }

    /// For each tier, the number of first columns that its regressions use: none, and those up to each power.
    pub(super) fn tiers(&self) -> &[usize] {
        &self.up_to_power
    }

    /// The shortfall of each tier: that of (V − E V)² without columns and with those of V, and also that of (V − E V)⁴
    /// with more columns.
    pub(super) fn shortfalls(&self) -> &[f64] {
        &self.shortfalls
    }

    /// γ·C_ρ.
    pub(super) fn correction(&self, coefficients: &[f64], replica: usize) -> f64 {
        let terms = self.rows[replica].iter().zip(coefficients);
        terms.map(|(column, gamma)| gamma * column).sum()
    }

    /// Σ |γ_k| times the part of the exact mean of column k that comes from draws which the sample may lack.
    pub(super) fn allowance(&self, coefficients: &[f64]) -> f64 {
        let terms = coefficients.iter().zip(&self.unseen);
        terms.map(|(gamma, unseen)| gamma.abs() * unseen).sum()
    }

    /// γ of the columns of each tier by least squares over the replicas that [`Fold::fitted_to`] gives for a fold.
    pub(super) fn fitted(&self, values: &[f64], fold: Fold) -> Vec<Vec<f64>> {
        if self.width() == 0 {
            return vec![vec![]];
        }
        let (all, count) = covariances(&self.rows, values, fold);
        let (means, variances, others) = self.outside(fold);
        let varies = |i: usize| {
            let most = MOST_OFF * MOST_OFF * variances[i] / others as f64;
            let is_chance = means[i] * means[i] <= most;
            variances[i] > self.rounding[i] * self.rounding[i] && is_chance
        };
        let usable: Vec<bool> = (0..self.width()).map(varies).collect();
        (self.tiers().iter())
            .map(|&width| coefficients(&all, &usable[..width], count))
            .collect()
    }

    /// The means and variances of the columns over the replicas outside a fold, and the number of these.
    fn outside(&self, fold: Fold) -> (Row, Row, usize) {
        let replicas = self.rows.len();
        let others = replicas - fold.own(replicas).count();
        let mut means = [Row::default(); 2];
        for (index, sums) in self.fold_sums.iter().enumerate() {
            if index != fold.index() {
                for (mean, sum) in means.as_flattened_mut().iter_mut().zip(sums.as_flattened()) {
                    *mean += sum / others as f64;
                }
            }
        }
        let [mean, square] = means;
        let variance = std::array::from_fn(|i| square[i] - mean[i] * mean[i]);
        (mean, variance, others)
    }
}

/// The sums of the columns and of their squares over the replicas of each fold.
fn fold_sums(rows: &[Row]) -> Vec<[Row; 2]> {
    let mut sums = vec![[Row::default(); 2]; Fold::number(rows.len()).max(1)];
    for replicas in rows.chunks(sums.len()) {
        for ([sums, squares], row) in sums.iter_mut().zip(replicas) {
            for ((sum, square), column) in sums.iter_mut().zip(squares).zip(row) {
                *sum += column;
                *square += column * column;
            }
        }
    }
    sums
}

/// γ of the first columns, from covariances over so many replicas. The usable column that takes off most enters first,
/// then others as long as they are worth it and there are replicas enough; the rest get 0.
fn coefficients(covariances: &Matrix, usable: &[bool], replicas: usize) -> Vec<f64> {
    let width = usable.len();
    let mut matrix = *covariances;
    let scale: Row = std::array::from_fn(|i| matrix[i][i]);
    let mut inside = [false; COLUMNS];
    for _ in 0..width.min(replicas / REPLICAS_PER_COLUMN) {
        let left = matrix[STATISTIC][STATISTIC];
        let gain = |i: usize| matrix[i][STATISTIC] * matrix[i][STATISTIC] / matrix[i][i];
        let has_rest =
            |&i: &usize| usable[i] && !inside[i] && matrix[i][i] > INDEPENDENT * scale[i];
        let best = (0..width)
            .filter(has_rest)
            .max_by(|&i, &j| gain(i).total_cmp(&gain(j)));
        let worth = WORTH / replicas as f64 * left;
        let Some(best) = best.filter(|&i| gain(i) > worth) else {
            break;
        };
        inside[best] = true;
        eliminate(&mut matrix, best);
    }
    (0..width)
        .map(|i| if inside[i] { matrix[i][STATISTIC] } else { 0.0 })
        .collect()
}

/// The highest power of a copy's velocities that is a column: 0, 1, 2 or 4.
fn highest_power(moments: &Moments, particles: usize, replicas: f64) -> u32 {
    let [second, fourth] =
        (moments.about_mean).map(|power| power.map(|power| power.relative_variance()));
    let raw = moments.relative_variance(particles);
    let (Some(raw), Some(second)) = (raw, second) else {
        return 0;
    };
    let is_tame = |variance: f64| is_carried_by_many(variance / replicas);
    if !is_tame(raw) || !is_tame(second) {
        return 0;
    }
    let Some(fourth) = fourth.filter(|&variance| variance <= TAME_FOURTHS * replicas) else {
        return 1;
    };
    // For velocities of one size nothing varies, and 0/0 would be NaN.
    if fourth == 0.0 {
        return 4;
    }
    let eighth = 17.1 * fourth * libm::pow(fourth / (5.33 * second), 2.5);
    if is_tame(eighth) { 4 } else { 2 }
}

/// The root of E (V − E V)^2p over its mean in a sample, the factor by which the sample spreads too little; 1 where it
/// is not known.
fn shortfall(copy: &[f64], exact: &Moments, power: usize) -> f64 {
    let (Some(mean), Some(known)) = (exact.mean, exact.about_mean[usize::from(power != 2)]) else {
        return 1.0;
    };
    let squares = copy.iter().map(|v| (v - mean) * (v - mean));
    let fourths = squares.map(|x| x * x);
    let powers = fourths.map(|x| if power == 2 { x } else { x * x });
    let ratio = known.square / (powers.sum::<f64>() / copy.len() as f64);
    // For velocities that are all the same the ratio is rounding only.
    let size = exact.second.unwrap_or(0.0);
    if known.mean > ROUNDING * libm::pow(size, 0.5 * power as f64) {
        ratio.sqrt()
    } else {
        1.0
    }
}

/// The sums of products of the centred columns, and of the values of a statistic, over the replicas that γ of a fold is
/// fitted to, and the number of these.
fn covariances(rows: &[Row], values: &[f64], fold: Fold) -> (Matrix, usize) {
    let instructions = Instructions::best();
    let stretches = || fold.stretches_to_fit(values.len());
    let count = stretches().map(|stretch| stretch.len()).sum();
    let mut mean = Row::default();
    for stretch in stretches() {
        let (rows, values) = (&rows[stretch.clone()], &values[stretch]);
        add_rows(instructions, rows, values, &mut mean);
    }
    let mean = mean.map(|sum| sum / count as f64);
    let mut sums = Matrix::default();
    for stretch in stretches() {
        let (rows, values) = (&rows[stretch.clone()], &values[stretch]);
        add_products(instructions, rows, values, &mean, &mut sums);
    }
    (sums, count)
}

vectorised! {
    fn add_rows(rows: &[Row], values: &[f64], sums: &mut Row) {
        for (&row, &value) in rows.iter().zip(values) {
            let row = with_statistic(row, value);
            for (sum, column) in sums.iter_mut().zip(row) {
                *sum += column;
            }
        }
    }
}

vectorised! {
    fn add_products(rows: &[Row], values: &[f64], mean: &Row, sums: &mut Matrix) {
        for (&row, &value) in rows.iter().zip(values) {
            let row = with_statistic(row, value);
            let centred: Row = std::array::from_fn(|column| row[column] - mean[column]);
            for (line, one) in sums.iter_mut().zip(centred) {
                for (sum, other) in line.iter_mut().zip(centred) {
                    *sum += one * other;
                }
            }
        }
    }
}

#[inline(always)]
fn with_statistic(mut row: Row, value: f64) -> Row {
    row[STATISTIC] = value;
    row
}

/// Gauss–Jordan elimination of a column by its diagonal element.
fn eliminate(matrix: &mut Matrix, pivot: usize) {
    let scale = matrix[pivot][pivot];
    let row = matrix[pivot].map(|x| x / scale);
    for (i, line) in matrix.iter_mut().enumerate() {
        if i == pivot {
            continue;
        }
        let factor = line[pivot];
        for (x, r) in line.iter_mut().zip(&row) {
            *x -= factor * r;
        }
    }
    matrix[pivot] = row;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theory::CentredPower;

    /// Moments of independent velocities with these moments about 0.
    fn moments(particles: usize, [second, fourth, eighth]: [f64; 3]) -> Moments {
        Moments {
            mean: Some(0.0),
            second: Some(second),
            fourth: Some(fourth),
            square_pair: Some(second * second),
            about_mean: [(second, fourth), (fourth, eighth)].map(|(mean, square)| {
                let variance = (square - mean * mean) / particles as f64;
                Some(CentredPower {
                    mean,
                    square,
                    variance,
                })
            }),
        }
    }

    /// For ten normal velocities r₂, r₄ and the formula for r₈ give 0.2, 1.07 and 18.3; for density e^{−|v|} they give
    /// 0.5, 6.9 and 1273.
    #[test]
    fn columns_need_replicas_that_carry_the_next_power() {
        let normal = [1.0, 3.0, 105.0];
        let laplace = [2.0, 24.0, 40320.0];
        for (law, replicas, power) in [
            (normal, 19, 0),
            (normal, 21, 1),
            (normal, 10_600, 1),
            (normal, 10_700, 4),
            (laplace, 49, 0),
            (laplace, 51, 1),
            (laplace, 68_900, 1),
            (laplace, 69_100, 2),
            (laplace, 120_000, 2),
            (laplace, 130_000, 4),
        ] {
            let found = highest_power(&moments(10, law), 10, f64::from(replicas));
            assert_eq!(found, power, "{law:?}, {replicas} replicas");
        }
        let unknown = Moments {
            about_mean: [moments(10, normal).about_mean[0], None],
            ..moments(10, normal)
        };
        assert_eq!(highest_power(&unknown, 10, 1e9), 1);
        assert_eq!(highest_power(&Moments::default(), 10, 1e9), 0);
    }

    #[test]
    fn covariances_are_over_the_replicas_that_a_fold_is_fitted_to() {
        let replicas = 137;
        let number = |k: usize| libm::sin(k as f64 * 1.7);
        let row = |r: usize| std::array::from_fn(|k| if k < 6 { number(r * (k + 1)) } else { 0.0 });
        let rows: Vec<Row> = (0..replicas).map(row).collect();
        let values: Vec<f64> = (0..replicas).map(|r| number(r * r)).collect();
        for fold in Fold::all(replicas) {
            let others: Vec<usize> = (fold.fitted_to(replicas))
                .flat_map(|other| other.own(replicas))
                .collect();
            let column = |k: usize| -> Vec<f64> {
                let of = |&r: &usize| {
                    if k == STATISTIC {
                        values[r]
                    } else {
                        rows[r][k]
                    }
                };
                let column: Vec<f64> = others.iter().map(of).collect();
                let mean = column.iter().sum::<f64>() / column.len() as f64;
                column.into_iter().map(|x| x - mean).collect()
            };
            let (found, count) = covariances(&rows, &values, fold);
            assert_eq!(count, others.len());
            for (i, line) in found.iter().enumerate() {
                for (j, &sum) in line.iter().enumerate() {
                    let (x, y) = (column(i), column(j));
                    let expected: f64 = x.iter().zip(&y).map(|(x, y)| x * y).sum();
                    assert!((sum - expected).abs() < 1e-11, "{i} {j}: {sum} {expected}");
                }
            }
        }
    }

    /// Controls, and a statistic far from 0 that is made of the first column, of `of_last` times the last one and of a
    /// little noise.
    fn fitted_to(replicas: usize, of_last: f64) -> (Controls, Vec<f64>) {
        let number = |k: usize| libm::sin(1.0 + k as f64 * 1.7);
        let row = |r: usize| {
            let column = |k: usize| number(r * r * (k + 1) + r);
            std::array::from_fn(|k| if k < 6 { 0.2 + column(k) } else { 0.0 })
        };
        let rows: Vec<Row> = (0..replicas).map(row).collect();
        let controls = Controls {
            fold_sums: fold_sums(&rows),
            rows,
            up_to_power: vec![0, 2, 4, 6],
            shortfalls: vec![1.0; 4],
            unseen: vec![0.0; 6],
            rounding: vec![0.0; 6],
        };
        let values = (controls.rows.iter().enumerate())
            .map(|(r, row)| 700.0 + 3.0 * row[0] + of_last * row[5] + 1e-3 * number(r * r * r))
            .collect();
        (controls, values)
    }

    #[test]
    fn coefficients_are_those_of_least_squares_outside_the_fold() {
        let (controls, mut values) = fitted_to(137, 0.0);
        for fold in Fold::all(137) {
            let found = controls.fitted(&values, fold);
            let widths: Vec<usize> = found.iter().map(Vec::len).collect();
            assert_eq!(widths, [0, 2, 4, 6]);
            let others: Vec<usize> = (0..137).filter(|r| r % 10 != fold.index()).collect();
            let (means, variances, count) = controls.outside(fold);
            assert_eq!(count, others.len());
            for column in 0..COLUMNS {
                let numbers = || others.iter().map(|&r| controls.rows[r][column]);
                let mean = numbers().sum::<f64>() / count as f64;
                let squares: f64 = numbers().map(|x| (x - mean) * (x - mean)).sum();
                assert!((means[column] - mean).abs() < 1e-13, "{column}");
                assert!((variances[column] - squares / count as f64).abs() < 1e-13);
            }
            // The γ of a single column follows from covariances about the means.
            let mean = |of: &dyn Fn(usize) -> f64| {
                others.iter().map(|&r| of(r)).sum::<f64>() / others.len() as f64
            };
            let (x, y) = (mean(&|r| controls.rows[r][0]), mean(&|r| values[r]));
            let products = mean(&|r| (controls.rows[r][0] - x) * (values[r] - y));
            let squares = mean(&|r| (controls.rows[r][0] - x) * (controls.rows[r][0] - x));
            for gamma in &found[1..] {
                assert!((gamma[0] - products / squares).abs() < 1e-3, "{gamma:?}");
                assert!(gamma[1..].iter().all(|other| other.abs() < 1e-3));
            }
            // Values inside the fold have no effect.
            for replica in fold.own(137) {
                values[replica] += 1e6;
            }
            assert_eq!(controls.fitted(&values, fold), found);
            for replica in fold.own(137) {
                values[replica] -= 1e6;
            }
        }
    }

    #[test]
    fn tiers_have_no_columns_of_higher_powers() {
        let (controls, values) = fitted_to(137, 50.0);
        let fold = Fold::all(137).next().unwrap();
        let found = controls.fitted(&values, fold);
        assert!((found[3][5] - 50.0).abs() < 1e-2 && (found[3][0] - 3.0).abs() < 1e-2);
        // Without the last column the coefficient of the first is lost in noise.
        assert!((found[1][0] - 3.0).abs() > 0.1 && (found[2][0] - 3.0).abs() > 0.1);
        assert!(
            found[1]
                .iter()
                .chain(&found[2])
                .all(|gamma| gamma.abs() < 20.0)
        );
    }

    #[test]
    fn columns_enter_where_replicas_suffice_and_they_take_off_enough() {
        // Two of 21 replicas are in a fold: the other 19 are enough for one column only, the best.
        let (controls, values) = fitted_to(21, 50.0);
        for fold in Fold::all(21) {
            let found = &controls.fitted(&values, fold)[3];
            let entered = found.iter().filter(|&&gamma| gamma != 0.0);
            assert_eq!(entered.count(), 1, "{found:?}");
            assert!(found[5] != 0.0);
        }
        // A statistic that is noise has no column that is worth it, except by chance.
        let (controls, _) = fitted_to(137, 0.0);
        let noise: Vec<f64> = (0..137)
            .map(|r| libm::sin(f64::from(r * r) * 2.3))
            .collect();
        let entered = |fold| {
            let found = controls.fitted(&noise, fold);
            found[3].iter().filter(|&&gamma| gamma != 0.0).count()
        };
        // By chance one of twenty columns is worth it; there are sixty.
        assert!(Fold::all(137).map(entered).sum::<usize>() <= 12);
    }

    /// The columns of a power are the difference and the sum over both copies, so they need both.
    #[test]
    fn columns_are_of_both_copies() {
        let known = moments(1, [1.0, 1.0, 1.0]);
        let (first, second) = ([1.0, -1.0, 1.0], [-1.0, -1.0, 1.0]);
        let controls = |moments: [Moments; 2]| {
            let known = Known {
                moments,
                ..Known::default()
            };
            Controls::new(1, &first, &second, &known)
        };
        let both = controls([known, known]);
        assert_eq!(both.tiers(), [0, 2, 4, 6]);
        let columns: Vec<[f64; 2]> = both.rows.iter().map(|row| [row[0], row[1]]).collect();
        assert_eq!(columns, [[2.0, 0.0], [0.0, -2.0], [0.0, 2.0]]);
        let others = both.rows.iter().flat_map(|row| &row[2..]);
        assert!(others.into_iter().all(|&x| x == 0.0));
        // Three replicas do not carry the variance of a normal velocity squared.
        for other in [Moments::default(), moments(1, [1.0, 3.0, 105.0])] {
            for exact in [[known, other], [other, known]] {
                assert_eq!(controls(exact).tiers(), [0]);
            }
        }
    }
}
