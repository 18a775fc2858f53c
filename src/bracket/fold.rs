//! Replicas dealt out to folds: quantities are fitted to some folds and evaluated on another.

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

    /// The index of the fold.
    pub(super) fn index(self) -> usize {
        self.index
    }

    /// The fold's replicas, where there are `replicas` in all.
    pub(super) fn own(self, replicas: usize) -> impl Iterator<Item = usize> {
        (self.index..replicas).step_by(self.of)
    }

    /// The stretches of replicas that are in other folds, where there are `replicas` in all.
    pub(super) fn others(self, replicas: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
        let ends = self.own(replicas).chain([replicas]);
        let mut from = 0;
        ends.map(move |end| {
            let stretch = from..end;
            from = (end + 1).min(replicas);
            stretch
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_replica_is_in_one_fold_and_outside_all_others() {
        for replicas in [4, 5, 19, 20, 21, 137] {
            let folds = Fold::number(replicas);
            let mut seen = vec![0; replicas];
            for fold in Fold::all(replicas) {
                let own: Vec<usize> = fold.own(replicas).collect();
                assert!(own.len() >= 2);
                own.iter().for_each(|&replica| seen[replica] += 1);
                let mut all: Vec<usize> = fold.others(replicas).flatten().collect();
                assert!(all.is_sorted() && all.iter().all(|replica| !own.contains(replica)));
                all.extend(own);
                all.sort_unstable();
                assert!(all.into_iter().eq(0..replicas), "{replicas} in {folds}");
            }
            assert!(seen.iter().all(|&count| count == 1));
        }
    }
}
