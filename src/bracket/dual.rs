//! Statistics with a value for each replica: dual lower bounds under potentials that are fitted to
//! other replicas, and the influence function of W₂² of the pooled samples.

use super::control::Controls;
use super::controlled::TierCorrections;
use super::fold::Fold;
use super::transport::Transport;
use crate::numerics::sorting::Ranks;
use crate::numerics::vector::{Instructions, vectorised};

/// Sorted numbers, each with its replica and the fold of that replica. The value is kept between uses for its memory.
#[derive(Debug, Default)]
pub(super) struct Sorted {
    value: Vec<f64>,
    replica: Vec<u32>,
    fold: Vec<u8>,
}

impl Sorted {
    /// Sorts the numbers of replicas, which have `particles` numbers each, one after the other, in place of those that
    /// it had.
    pub(super) fn sort(&mut self, particles: usize, numbers: &[f64], ranks: &mut Ranks) {
        // −0 becomes 0, so that both are one atom.
        ranks.sort(numbers.iter().map(|number| number + 0.0), |_| ());
        // Fewer than four replicas are not dealt out to folds.
        let folds = Fold::number(numbers.len() / particles).max(1);
        let order = ranks.order();
        self.value.clear();
        (self.value).extend(order.iter().map(|&index| numbers[index as usize]));
        self.replica.resize(order.len(), 0);
        self.fold.resize(order.len(), 0);
        let (replicas, own) = (&mut self.replica, &mut self.fold);
        find_folds(
            Instructions::best(),
            particles as f64,
            folds as f64,
            order,
            replicas,
            own,
        );
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

    /// Writes the numbers of the replicas outside a fold, in order.
    fn outside(&self, fold: Fold, outside: &mut Vec<f64>) {
        // Each number is written, whether it stays or not: the numbers to leave out come as if at
        // random, and a branch would be mispredicted.
        outside.resize(self.value.len() + 1, 0.0);
        let mut count = 0;
        for (&value, &own) in self.value.iter().zip(&self.fold) {
            outside[count] = value;
            count += usize::from(usize::from(own) != fold.index());
        }
        outside.truncate(count);
    }
}

vectorised! {
    /// The replicas of numbers with these indices, and the folds of the replicas. Quotients of integers below 2³² that
    /// are no integers are farther from the next one than rounding.
    fn find_folds(particles: f64, folds: f64, order: &[u32], replicas: &mut [u32], own: &mut [u8]) {
        for ((&index, replica), own) in order.iter().zip(replicas).zip(own) {
            *replica = (f64::from(index) / particles) as u32;
            let turn = (f64::from(*replica) / folds) as u32;
            *own = (*replica - turn * folds as u32) as u8;
        }
    }
}

/// Sorted numbers fold after fold. The value is kept between uses for its memory.
#[derive(Debug, Default)]
struct ByFold {
    /// The first index of each fold, and the number of all.
    from: Vec<usize>,
    value: Vec<f64>,
    replica: Vec<u32>,
}

impl ByFold {
    fn deal(&mut self, sorted: &Sorted, replicas: usize) {
        let size = sorted.value.len();
        let particles = size / replicas;
        self.from.clear();
        self.from.push(0);
        for fold in Fold::all(replicas) {
            let last = self.from[fold.index()];
            self.from
                .push(last + particles * fold.own(replicas).count());
        }
        self.value.resize(size, 0.0);
        self.replica.resize(size, 0);
        let mut next = self.from.clone();
        let numbers = sorted.value.iter().zip(&sorted.replica).zip(&sorted.fold);
        for ((&value, &replica), &fold) in numbers {
            let next = &mut next[usize::from(fold)];
            (self.value[*next], self.replica[*next]) = (value, replica);
            *next += 1;
        }
    }

    /// The numbers of a fold, in order, and their replicas.
    fn of(&self, fold: Fold) -> (&[f64], &[u32]) {
        let range = self.from[fold.index()]..self.from[fold.index() + 1];
        (&self.value[range.clone()], &self.replica[range])
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

impl Statistic {
    /// Each replica's value with the fit of its own fold, which does not use the fold's replicas, where `of` gives Y_ρ
    /// with the fit of a fold: of its own replicas, and of those that its γ is fitted to.
    pub(super) fn cross_fitted<'a>(
        replicas: usize,
        of: impl Fn(Fold) -> &'a [f64],
        controls: &Controls,
    ) -> Statistic {
        let tiers = controls.tiers().len();
        let mut statistic = Statistic {
            values: vec![0.0; replicas],
            corrections: vec![vec![0.0; replicas]; tiers],
            allowances: vec![0.0; tiers],
        };
        for fold in Fold::all(replicas) {
            let values = of(fold);
            for replica in fold.own(replicas) {
                statistic.values[replica] = values[replica];
            }
            let gammas = controls.fitted(values, fold);
            let tiers = statistic
                .corrections
                .iter_mut()
                .zip(&mut statistic.allowances);
            for (gamma, (corrections, allowance)) in gammas.iter().zip(tiers) {
                for replica in fold.own(replicas) {
                    corrections[replica] = controls.correction(gamma, replica);
                }
                let share = fold.own(replicas).count() as f64 / replicas as f64;
                *allowance += share * controls.allowance(gamma);
            }
        }
        statistic
    }
}

/// Sums of dual terms of each replica with the fits of each fold: of the fold's own replicas, and of those that its γ is
/// fitted to; 0 of others.
#[derive(Debug)]
pub(super) struct DualSums {
    replicas: usize,
    of_fold: Vec<Vec<f64>>,
    // The rest is memory that is used again.
    by_fold: [ByFold; 2],
    outside: [Vec<f64>; 2],
    terms: Vec<f64>,
}

impl DualSums {
    /// Zeros, to which terms are added.
    pub(super) fn new(replicas: usize) -> DualSums {
        DualSums {
            replicas,
            of_fold: Fold::all(replicas).map(|_| vec![0.0; replicas]).collect(),
            by_fold: Default::default(),
            outside: Default::default(),
            terms: vec![],
        }
    }

    /// Adds `scale` · Σ [x² − 2φ(x) + y² − 2φ*(y)] over the numbers x and y of each replica, where φ is the potential of
    /// the transport that `fit` gives for the sorted numbers outside the fold.
    pub(super) fn add(
        &mut self,
        scale: f64,
        copies: [&Sorted; 2],
        fit: impl Fn(&[f64], &[f64]) -> Transport,
    ) {
        for (by_fold, copy) in self.by_fold.iter_mut().zip(copies) {
            by_fold.deal(copy, self.replicas);
        }
        for (fold, sums) in Fold::all(self.replicas).zip(&mut self.of_fold) {
            for (outside, copy) in self.outside.iter_mut().zip(copies) {
                copy.outside(fold, outside);
            }
            let transport = fit(&self.outside[0], &self.outside[1]);
            for evaluated in fold.fitted_to(self.replicas).chain([fold]) {
                let [first, second] = self.by_fold.each_ref().map(|copy| copy.of(evaluated));
                self.terms.resize(first.0.len(), 0.0);
                let mut add = |terms: &[f64], replicas: &[u32]| {
                    for (term, &replica) in terms.iter().zip(replicas) {
                        sums[replica as usize] += scale * term;
                    }
                };
                transport.first_terms(first.0, &mut self.terms);
                add(&self.terms, first.1);
                transport.second_terms(second.0, &mut self.terms);
                add(&self.terms, second.1);
            }
        }
    }

    /// The statistic whose value for a replica is its sum with the fit of its own fold.
    pub(super) fn statistic(&self, controls: &Controls) -> Statistic {
        let of = |fold: Fold| &self.of_fold[fold.index()][..];
        Statistic::cross_fitted(self.replicas, of, controls)
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
        let mut sorted = Sorted::default();
        let numbers = [0.0, -0.0, 1.0, 0.0, -0.0, -1.0];
        sorted.sort(1, &numbers, &mut Ranks::default());
        assert_eq!(sorted.replica, [5, 0, 1, 3, 4, 2]);
    }

    const PARTICLES: usize = 2;
    /// With so many replicas each γ is fitted to four of the nine other folds.
    const REPLICAS: usize = 4000;

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

    /// With ten folds replica 3 shares its fold with 13, 23, … Asserts that
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
            let costs: Vec<f64> = (first.chunks(PARTICLES).zip(second.chunks(PARTICLES)))
                .map(|(v, u)| (v[0] - u[0]) * (v[0] - u[0]) + 3.0 * v[0] + v[1])
                .collect();
            let statistic = Statistic::cross_fitted(REPLICAS, |_| &costs, &controls);
            let last = statistic.corrections.last().unwrap().clone();
            assert!(last.iter().any(|&correction| correction != 0.0));
            [dual, last]
        };
        let (before, after) = (made(None), made(Some((3, 5.0))));
        assert_no_fold_sees_itself(&before[0], &after[0], "dual values");
        assert_no_fold_sees_itself(&before[1], &after[1], "corrections");
    }
}
