//! Replicas dealt out to folds: quantities are fitted to some folds and evaluated on another.

/// The fewest replicas to fit γ to, if there are so many outside a fold. A column adds about 1/1000 to the variance by
/// the noise of its γ, and more where few replicas carry it.
const ENOUGH_TO_FIT: usize = 1000;

/// The fewest folds to fit γ to: with one, of 10 000 replicas, limits between laws with long tails were up to 15 % farther
/// apart.
const FEWEST_TO_FIT: usize = 4;

/// The replicas ρ with ρ mod `of` = `index`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fold {
    index: usize,
    of: usize,
}

impl Fold {
    /// The number of folds: ten, or fewer so that each has at least two replicas.
    pub(super) fn number(replicas: usize) -> usize {
        (replicas / 2).min(10)
    }

    /// All folds.
    pub(super) fn all(replicas: usize) -> impl Iterator<Item = Fold> {
        let of = Fold::number(replicas);
        (0..of).map(move |index| Fold { index, of })
    }

    /// The folds whose replicas γ of this fold is fitted to: those that follow it, cyclically, at least
    /// [`FEWEST_TO_FIT`] and as many as have [`ENOUGH_TO_FIT`] replicas, or all others.
    pub(super) fn fitted_to(self, replicas: usize) -> impl Iterator<Item = Fold> {
        let Fold { index, of } = self;
        (1..=self.following(replicas)).map(move |next| Fold {
            index: (index + next) % of,
            of,
        })
    }

    /// The number of folds that γ is fitted to.
    fn following(self, replicas: usize) -> usize {
        let enough = (ENOUGH_TO_FIT * self.of).div_ceil(replicas);
        enough.max(FEWEST_TO_FIT).min(self.of - 1)
    }

    /// The index of the fold.
    pub(super) fn index(self) -> usize {
        self.index
    }

    /// The fold's replicas, where there are `replicas` in all.
    pub(super) fn own(self, replicas: usize) -> impl Iterator<Item = usize> {
        (self.index..replicas).step_by(self.of)
    }

    /// The stretches of replicas that γ is fitted to, in order.
    pub(super) fn stretches_to_fit(
        self,
        replicas: usize,
    ) -> impl Iterator<Item = std::ops::Range<usize>> {
        let following = self.following(replicas);
        // Folds that are numbered from 0 on again begin before this fold does.
        let before = (self.index + following + 1).saturating_sub(self.of);
        let after = self.own(replicas).map(move |own| {
            let end = own + 1 + following;
            own + 1..end.min(replicas)
        });
        std::iter::once(0..before).chain(after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gamma_is_fitted_to_other_folds_with_enough_replicas() {
        for (replicas, folds) in [
            (4, 1),
            (137, 9),
            (1111, 9),
            (1250, 8),
            (9999, 4),
            (100_000, 4),
        ] {
            for fold in Fold::all(replicas) {
                let stretches: Vec<usize> = fold.stretches_to_fit(replicas).flatten().collect();
                assert!(stretches.is_sorted());
                let mut expected: Vec<usize> = (fold.fitted_to(replicas))
                    .flat_map(|other| other.own(replicas))
                    .collect();
                expected.sort_unstable();
                assert_eq!(stretches, expected, "{replicas} {fold:?}");
                assert_eq!(fold.fitted_to(replicas).count(), folds);
                let own = |replica: &usize| replica % fold.of == fold.index;
                assert!(!stretches.iter().any(own));
            }
        }
    }

    #[test]
    fn each_replica_is_in_one_fold() {
        for replicas in [4, 5, 19, 20, 21, 137] {
            let mut seen = vec![0; replicas];
            for fold in Fold::all(replicas) {
                let own: Vec<usize> = fold.own(replicas).collect();
                assert!(own.len() >= 2);
                own.iter().for_each(|&replica| seen[replica] += 1);
            }
            assert!(seen.iter().all(|&count| count == 1));
        }
    }
}
