//! Statistics that have a value of each replica: dual lower bounds under
//! potentials fitted to other replicas, and the influence function of W₂² of the
//! pooled samples.

use super::control::Controls;
use super::fold::Fold;
use super::transport::Transport;
use crate::sorting::Ranks;

/// Numbers, sorted, each with its replica and the fold of that.
#[derive(Debug)]
pub(super) struct Sorted {
    value: Vec<f64>,
    replica: Vec<u32>,
    fold: Vec<u8>,
}

impl Sorted {
    /// Of replicas of so many numbers, one after the other.
    pub(super) fn new(particles: usize, numbers: &[f64]) -> Sorted {
        let mut ranks = Ranks::default();
        // −0 is 0: one atom, not two.
        ranks.sort(numbers.iter().map(|number| number + 0.0), |_| ());
        let order = ranks.order();
        let value = order.iter().map(|&index| numbers[index as usize]);
        let replica: Vec<u32> = (order.iter())
            .map(|&index| index / particles as u32)
            .collect();
        // Fewer than four replicas are not dealt out to folds.
        let folds = Fold::number(numbers.len() / particles).max(1) as u32;
        Sorted {
            value: value.collect(),
            fold: replica.iter().map(|r| (r % folds) as u8).collect(),
            replica,
        }
    }

    /// The numbers of so many batches of consecutive replicas, in order. All have the same
    /// number of replicas, for their quantiles to be compared; what is left over at the end is
    /// in none.
    pub(super) fn batches(&self, particles: usize, batches: usize) -> Vec<Vec<f64>> {
        let replicas = self.value.len() / particles / batches;
        let mut numbers = vec![Vec::with_capacity(replicas * particles); batches];
        for (&value, &replica) in self.value.iter().zip(&self.replica) {
            if let Some(batch) = numbers.get_mut(replica as usize / replicas) {
                batch.push(value);
            }
        }
        numbers
    }

    /// The numbers of the replicas outside a fold, in order.
    pub(super) fn outside(&self, fold: Fold) -> Vec<f64> {
        // Written whether it stays or not: which numbers are left out is as good as
        // random, and a branch would be mispredicted.
        let mut outside = vec![0.0; self.value.len() + 1];
        let mut count = 0;
        for (&value, &own) in self.value.iter().zip(&self.fold) {
            outside[count] = value;
            count += usize::from(usize::from(own) != fold.index());
        }
        outside.truncate(count);
        outside
    }
}

/// A statistic of each replica, and what [`Controls`] take off it.
#[derive(Debug)]
pub(super) struct Statistic {
    /// Y_ρ.
    pub(super) values: Vec<f64>,
    /// γ·C_ρ, γ fitted outside the fold of ρ, for each of the tiers of columns.
    pub(super) corrections: Vec<Vec<f64>>,
}

/// Y_ρ of all replicas under what was fitted outside each fold.
#[derive(Debug)]
pub(super) struct FoldedValues {
    replicas: usize,
    values: Vec<Vec<f64>>,
}

impl FoldedValues {
    /// The same values for all folds: nothing was fitted.
    pub(super) fn common(values: Vec<f64>) -> FoldedValues {
        FoldedValues {
            replicas: values.len(),
            values: Fold::all(values.len()).map(|_| values.clone()).collect(),
        }
    }

    /// Zeros, to add to.
    pub(super) fn zeros(replicas: usize) -> FoldedValues {
        FoldedValues::common(vec![0.0; replicas])
    }

    /// Add `scale` · Σ [x² − 2φ(x) + y² − 2φ*(y)] over the numbers x and y of each
    /// replica, φ the potential of the transport that `fit` makes for each fold.
    pub(super) fn add(
        &mut self,
        scale: f64,
        first: &Sorted,
        second: &Sorted,
        fit: impl Fn(Fold) -> Transport,
    ) {
        let mut terms = vec![0.0; first.value.len()];
        for (fold, values) in Fold::all(self.replicas).zip(&mut self.values) {
            let transport = fit(fold);
            let mut add = |terms: &[f64], replicas: &[u32]| {
                for (term, &replica) in terms.iter().zip(replicas) {
                    values[replica as usize] += scale * term;
                }
            };
            transport.first_terms(&first.value, &mut terms);
            add(&terms, &first.replica);
            transport.second_terms(&second.value, &mut terms);
            add(&terms, &second.replica);
        }
    }

    /// Each replica's value under what its fold did not see.
    pub(super) fn cross_fitted(&self, controls: &Controls) -> Statistic {
        let tiers = controls.tiers().len();
        let mut statistic = Statistic {
            values: vec![0.0; self.replicas],
            corrections: vec![vec![0.0; self.replicas]; tiers],
        };
        for (fold, values) in Fold::all(self.replicas).zip(&self.values) {
            for replica in fold.own(self.replicas) {
                statistic.values[replica] = values[replica];
            }
            let gammas = controls.fitted(values, fold);
            for (gamma, corrections) in gammas.iter().zip(&mut statistic.corrections) {
                for replica in fold.own(self.replicas) {
                    corrections[replica] = controls.correction(gamma, replica);
                }
            }
        }
        statistic
    }
}

/// W₂² of the pooled samples, and its influence function: each replica's mean of
/// the two terms under potentials of the pooled plan, the transport through all
/// pairs of equal rank. Their mean over replicas is W₂² itself.
pub(super) fn pooled_distance(
    first: &Sorted,
    second: &Sorted,
    particles: usize,
) -> (f64, Vec<f64>) {
    let mut influence = vec![0.0; first.value.len() / particles];
    let scale = 1.0 / particles as f64;
    let mut partial = [0.0; 8];
    let (mut integral, mut before, mut at) = (0.0, 0.0, first.value[0]);
    for index in 0..first.value.len() {
        let x = first.value[index];
        let gap = second.value[index] - x;
        integral += 0.5 * (before + gap) * (x - at);
        (before, at) = (gap, x);
        influence[first.replica[index] as usize] -= scale * 2.0 * integral;
        influence[second.replica[index] as usize] += scale * (gap * gap + 2.0 * integral);
        partial[index % 8] += gap * gap;
    }
    let distance = partial.iter().sum::<f64>() / first.value.len() as f64;
    (distance, influence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_of_both_signs_are_one_atom() {
        let sorted = Sorted::new(1, &[0.0, -0.0, 1.0, 0.0, -0.0, -1.0]);
        assert_eq!(sorted.replica, [5, 0, 1, 3, 4, 2]);
    }
}
