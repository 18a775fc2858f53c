//! The assignment problem: rows are assigned to columns at the least total cost.
//!
//! The method is the Hungarian one with shortest augmenting paths (Jonker and Volgenant 1987), n³ steps. Optimality
//! need not be believed: the result has dual prices, whose sum is a lower bound on every assignment's cost by weak
//! duality, whatever way they were found.

/// An assignment, and a proof of its optimality.
#[derive(Debug, Clone, PartialEq)]
pub struct Assignment {
    /// The column of each row.
    pub columns: Vec<usize>,
    /// The cost of the assignment.
    pub cost: f64,
    /// Σu + Σv of prices with u_i + v_j ≤ c_ij everywhere: no assignment costs less.
    pub least: f64,
}

/// Assigns rows to columns of a square matrix of finite costs, given row by row.
///
/// # Panics
///
/// If there are not `size`² costs.
pub fn assign(size: usize, costs: &[f64]) -> Assignment {
    assert_eq!(costs.len(), size * size, "a square matrix");
    let cost = |row: usize, column: usize| costs[row * size + column];
    // Column `size` holds the row that is to be assigned.
    let mut row_prices = vec![0.0; size];
    let mut column_prices = vec![0.0; size + 1];
    let mut row_of: Vec<Option<usize>> = vec![None; size + 1];
    for row in 0..size {
        row_of[size] = Some(row);
        let mut column = size;
        let mut nearest = vec![f64::INFINITY; size];
        let mut before = vec![size; size];
        let mut reached = vec![false; size + 1];
        while let Some(at) = row_of[column] {
            reached[column] = true;
            let mut step = f64::INFINITY;
            let mut next = size;
            for other in (0..size).filter(|&other| !reached[other]) {
                let reduced = cost(at, other) - row_prices[at] - column_prices[other];
                if reduced < nearest[other] {
                    (nearest[other], before[other]) = (reduced, column);
                }
                if nearest[other] < step {
                    (step, next) = (nearest[other], other);
                }
            }
            for other in 0..=size {
                if reached[other] {
                    column_prices[other] -= step;
                    if let Some(of) = row_of[other] {
                        row_prices[of] += step;
                    }
                } else {
                    nearest[other] -= step;
                }
            }
            column = next;
        }
        while column != size {
            let from = before[column];
            row_of[column] = row_of[from];
            column = from;
        }
    }
    let mut columns = vec![0; size];
    for (column, row) in row_of[..size].iter().enumerate() {
        columns[row.expect("every column has a row")] = column;
    }
    let pairs = || (0..size).flat_map(|row| (0..size).map(move |column| (row, column)));
    let excess = pairs()
        .map(|(row, column)| row_prices[row] + column_prices[column] - cost(row, column))
        .fold(0.0, f64::max);
    let prices = row_prices.iter().chain(&column_prices[..size]);
    Assignment {
        cost: (0..size).map(|row| cost(row, columns[row])).sum(),
        // Prices that are too high somewhere, by rounding, are lowered everywhere.
        least: prices.sum::<f64>() - size as f64 * excess,
        columns,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The least cost over all permutations, by trying each.
    fn by_trying(size: usize, costs: &[f64]) -> f64 {
        fn go(row: usize, size: usize, costs: &[f64], free: &mut Vec<usize>) -> f64 {
            if row == size {
                return 0.0;
            }
            let mut least = f64::INFINITY;
            for index in 0..free.len() {
                let column = free.swap_remove(index);
                let cost = costs[row * size + column] + go(row + 1, size, costs, free);
                least = least.min(cost);
                free.push(column);
                let last = free.len() - 1;
                free.swap(index, last);
            }
            least
        }
        go(0, size, costs, &mut (0..size).collect())
    }

    #[test]
    fn no_permutation_costs_less() {
        for size in 0..8 {
            for matrix in 0..20u32 {
                let entry = |k: usize| libm::sin(f64::from(matrix * 71) + (k * k) as f64 * 0.37);
                let costs: Vec<f64> = (0..size * size).map(entry).collect();
                let Assignment {
                    columns,
                    cost,
                    least,
                } = assign(size, &costs);
                assert!((cost - by_trying(size, &costs)).abs() < 1e-12);
                assert!((cost - least).abs() < 1e-12);
                let mut sorted = columns;
                sorted.sort_unstable();
                assert_eq!(sorted, (0..size).collect::<Vec<_>>());
            }
        }
    }
}
