//! Statistics with a value for each replica: dual lower bounds under potentials that are fitted to
//! other replicas, and the influence function of W₂² of the pooled samples.

use super::control::Controls;
use super::controlled::TierCorrections;
use super::fold::Fold;
use super::transport::Transport;
use crate::numerics::sorting::Ranks;

/// Sorted numbers, each with its replica and the fold of that replica.
#[derive(Debug)]
pub(super) struct Sorted {
    value: Vec<f64>,
    replica: Vec<u32>,
    fold: Vec<u8>,
}

impl Sorted {
    /// Sorts the numbers of replicas, which have `particles` numbers each, one after the other.
    pub(super) fn new(particles: usize, numbers: &[f64]) -> Sorted {
        let mut ranks = Ranks::default();
        // −0 becomes 0, so that both are one atom.
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

    /// The numbers of so many batches of consecutive replicas, in order. All batches have the same
    /// number of replicas, so that their quantiles can be compared; replicas that are left over at
    /// the end are in none.
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
        // Each number is written, whether it stays or not: the numbers to leave out come as if at
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

/// A statistic of each replica, and the corrections by [`Controls`].
#[derive(Debug)]
pub(super) struct Statistic {
    /// Y_ρ.
    pub(super) values: Vec<f64>,
    /// γ·C_ρ, γ fitted outside the fold of ρ, for each of the tiers of columns.
    pub(super) corrections: Vec<Vec<f64>>,
    /// For each tier, the amount by which draws that the sample may lack can change the mean.
    pub(super) allowances: Vec<f64>,
}

impl Statistic {
    /// The corrections with everything else that limits need to know of them.
    pub(super) fn corrections_of<'a>(&'a self, controls: &'a Controls) -> TierCorrections<'a> {
        TierCorrections {
            corrections: &self.corrections,
            shortfalls: controls.shortfalls(),
            allowances: &self.allowances,
        }
    }
}

/// Y_ρ of all replicas with the fits of each fold.
#[derive(Debug)]
pub(super) struct FoldedValues {
    replicas: usize,
    values: Vec<Vec<f64>>,
}

impl FoldedValues {
    /// Values that all folds share, where nothing is fitted.
    pub(super) fn common(values: Vec<f64>) -> FoldedValues {
        FoldedValues {
            replicas: values.len(),
            values: Fold::all(values.len()).map(|_| values.clone()).collect(),
        }
    }

    /// Zeros, to which values are added.
    pub(super) fn zeros(replicas: usize) -> FoldedValues {
        FoldedValues::common(vec![0.0; replicas])
    }

    /// Adds `scale` · Σ [x² − 2φ(x) + y² − 2φ*(y)] over the numbers x and y of each replica, where
    /// φ is the potential of the transport that `fit` gives for each fold.
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

    /// Each replica's value with the fit of its own fold, which does not use the fold's replicas.
    pub(super) fn cross_fitted(&self, controls: &Controls) -> Statistic {
        let tiers = controls.tiers().len();
        let mut statistic = Statistic {
            values: vec![0.0; self.replicas],
            corrections: vec![vec![0.0; self.replicas]; tiers],
            allowances: vec![0.0; tiers],
        };
        for (fold, values) in Fold::all(self.replicas).zip(&self.values) {
            for replica in fold.own(self.replicas) {
                statistic.values[replica] = values[replica];
            }
            let gammas = controls.fitted(values, fold);
            let tiers = statistic
                .corrections
                .iter_mut()
                .zip(&mut statistic.allowances);
            for (gamma, (corrections, allowance)) in gammas.iter().zip(tiers) {
                for replica in fold.own(self.replicas) {
                    corrections[replica] = controls.correction(gamma, replica);
                }
                let share = fold.own(self.replicas).count() as f64 / self.replicas as f64;
                *allowance += share * controls.allowance(gamma);
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

    const PARTICLES: usize = 2;
    const REPLICAS: usize = 400;

    /// Two copies of unrelated velocities; in both, the velocities of one replica are replaced.
    fn copies(replaced: Option<(usize, f64)>) -> [Vec<f64>; 2] {
        [1.7, 2.9].map(|step| {
            let number = |index: usize| match replaced {
                Some((replica, by)) if index / PARTICLES == replica => by + index as f64,
                _ => libm::sin(1.0 + step * (index * index) as f64),
            };
            (0..PARTICLES * REPLICAS).map(number).collect()
        })
    }

    /// The replicas whose numbers differ.
    fn changed(before: &[f64], after: &[f64]) -> Vec<usize> {
        let pairs = before.iter().zip(after).enumerate();
        let changed = pairs.filter(|(_, (before, after))| before != after);
        changed.map(|(replica, _)| replica).collect()
    }

    /// With ten folds of 400 replicas, replica 3 shares its fold with 13, 23, …, 393. Asserts that
    /// a change of replica 3 does not move these, since they are evaluated with the fits of other
    /// folds, and that it moves some of the rest.
    fn assert_no_fold_sees_itself(before: &[f64], after: &[f64], what: &str) {
        let changed = changed(before, after);
        let in_fold = |&&replica: &&usize| replica % 10 == 3 && replica != 3;
        assert_eq!(changed.iter().find(in_fold), None, "{what}: {changed:?}");
        // A potential is local, so a change need not move all the others.
        assert!(changed.len() > 10, "{what}: {changed:?}");
    }

    #[test]
    fn no_replica_is_evaluated_with_what_its_fold_was_fitted_to() {
        use super::super::{Known, Moments, Velocities, first_marginals};
        use crate::theory::CentredPower;
        // The mean of both copies is known, and V² varies little enough for V to be a control
        // variate: the moments are those of the sine of a uniform angle.
        let square = CentredPower {
            mean: 0.5,
            square: 0.375,
            variance: 0.0625,
        };
        let moments = Moments {
            mean: Some(0.0),
            second: Some(0.5),
            fourth: Some(0.375),
            square_pair: Some(0.25),
            about_mean: [Some(square), None],
        };
        let known = Known {
            moments: [moments; 2],
            ..Known::default()
        };
        let made = |replaced: Option<(usize, f64)>| {
            let [first, second] = copies(replaced);
            let velocities = Velocities::new(PARTICLES, &first, &second);
            let [dual, _] = first_marginals(&velocities, &known, 0.9).values.unwrap();
            let controls = Controls::new(PARTICLES, &first, &second, &known);
            // Each cost depends on the velocities of its own replica alone.
            let costs = (first.chunks(PARTICLES).zip(second.chunks(PARTICLES)))
                .map(|(v, u)| (v[0] - u[0]) * (v[0] - u[0]) + 3.0 * v[0] + v[1])
                .collect();
            let statistic = FoldedValues::common(costs).cross_fitted(&controls);
            let last = statistic.corrections.last().unwrap().clone();
            assert!(last.iter().any(|&correction| correction != 0.0));
            [dual, last]
        };
        let (before, after) = (made(None), made(Some((3, 5.0))));
        assert_no_fold_sees_itself(&before[0], &after[0], "dual values");
        assert_no_fold_sees_itself(&before[1], &after[1], "corrections");
    }
}
