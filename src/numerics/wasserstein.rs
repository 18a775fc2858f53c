//! The Wasserstein distance W₂ of two samples of real numbers.
//!
//! On the line the sorted pairing is optimal, so for samples of equal size n
//! W₂² = (1/n) Σ (x_(k) − y_(k))² exactly.

use crate::numerics::sorting::{key, value};

/// A sample being collected, as integers that sort like the numbers.
#[derive(Debug, Clone, Default)]
pub struct Sample {
    keys: Vec<u64>,
}

impl Sample {
    /// An empty sample with room for `size` numbers.
    pub fn with_capacity(size: usize) -> Self {
        Sample {
            keys: Vec::with_capacity(size),
        }
    }

    /// Add numbers.
    pub fn extend(&mut self, numbers: &[f64]) {
        self.keys.extend(numbers.iter().map(|&number| key(number)));
    }

    /// The number of numbers in the sample.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Forget all numbers, keep the room.
    pub fn clear(&mut self) {
        self.keys.clear();
    }
}

/// W₂² of the empirical measures of two samples of equal size; both end sorted.
///
/// The sum runs over eight interleaved partial sums.
///
/// ```
/// use kac_coupling::numerics::wasserstein::{Sample, squared_distance};
///
/// let [mut first, mut second] = [Sample::default(), Sample::default()];
/// first.extend(&[3.0, 0.0]);
/// second.extend(&[1.0, 2.0]);
/// assert_eq!(squared_distance(&mut first, &mut second), 1.0);
/// ```
///
/// # Panics
///
/// If the sizes differ.
pub fn squared_distance(first: &mut Sample, second: &mut Sample) -> f64 {
    assert_eq!(first.len(), second.len(), "samples of equal size");
    if first.is_empty() {
        return 0.0;
    }
    first.keys.sort_unstable();
    second.keys.sort_unstable();
    let mut partial = [0.0; 8];
    for (index, (&x, &y)) in first.keys.iter().zip(&second.keys).enumerate() {
        let gap = value(x) - value(y);
        partial[index % 8] += gap * gap;
    }
    partial.iter().sum::<f64>() / first.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_of_shifted_samples() {
        let (mut x, mut y) = (Sample::default(), Sample::default());
        for k in 0..100 {
            x.extend(&[f64::from(k * 37 % 100)]);
            y.extend(&[f64::from(k * 71 % 100) + 2.0]);
        }
        assert_eq!(squared_distance(&mut x, &mut y), 4.0);
    }
}
