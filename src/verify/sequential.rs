//! Sequential checking: looks at the data while they grow.
//!
//! The replicas that a verdict needs are known beforehand, up to chance: the
//! *deciding* look is where all checks are as expected with probability 0.9.
//! Earlier looks take a fourth of the next one's replicas each, for surprises;
//! one after it takes all that the config allows. A check's error level
//! 1 − confidence is shared among the looks (Bonferroni), so that all together err
//! no more often than one; most of it goes to the deciding look.

use crate::experiment::Check;
use crate::judge::claims::{Scope, checks_of, claim_of};
use crate::judge::forecast::{Prospect, replicas_for};
use crate::judge::self_check;

/// The factor by which each look has more data than the one before.
const GROWTH: u64 = 4;
/// Replicas of the first look, at least.
const FEWEST: u64 = 64;
/// The probability with which the deciding look is to decide.
const LIKELY: f64 = 0.9;
/// Shares of the level for all looks before the deciding one, and for the one
/// after it.
const BEFORE: f64 = 0.05;
const AFTER: f64 = 0.15;

/// A look at the data.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Look {
    /// Replicas seen.
    pub replicas: u64,
    /// Share of the error level.
    pub share: f64,
}

impl Look {
    /// The only look.
    pub fn only(replicas: u64) -> Look {
        Look {
            replicas,
            share: 1.0,
        }
    }

    /// A check at this look's level.
    pub fn check(&self, check: &Check) -> Check {
        Check {
            confidence: 1.0 - (1.0 - check.confidence) * self.share,
            ..check.clone()
        }
    }
}

/// The probability that a right program is reported as wrong at a look, at most:
/// of all verdicts and self-checks together (Bonferroni), as far as estimates are
/// normal.
pub fn false_alarm(prospect: &Prospect, look: Look) -> f64 {
    let prospect = prospect.with_replicas(look.replicas);
    let of_check = |(_, check): (usize, &Check)| {
        let forecast = claim_of(check).forecast(&prospect, &look.check(check));
        forecast.against(check.expect)
    };
    let checks = checks_of(prospect.experiment, Scope::EachSize);
    self_check::LEVEL + checks.map(of_check).sum::<f64>()
}

/// [`false_alarm`] of all verdicts on the whole sweep, which are judged at the last look at every N.
pub fn false_alarm_of_sweep(sizes: &[Prospect]) -> f64 {
    let of_check = |(_, check): (usize, &Check)| {
        let forecast = claim_of(check).forecast_sweep(sizes, check);
        forecast.map_or(0.0, |forecast| forecast.against(check.expect))
    };
    let experiment = sizes.first().map(|prospect| prospect.experiment);
    let checks = experiment
        .into_iter()
        .flat_map(|experiment| checks_of(experiment, Scope::Sweep));
    checks.map(of_check).sum()
}

/// The last look at the replicas of one N, and those before it, up to the replicas of the prospect;
/// they come in whole chunks, but for the last look's. A check on the whole sweep takes all replicas
/// of every N.
pub fn looks(prospect: &Prospect, chunk: u64) -> (Look, Vec<Look>) {
    let most = prospect.replicas;
    if checks_of(prospect.experiment, Scope::Sweep)
        .next()
        .is_some()
    {
        return (Look::only(most), vec![]);
    }
    let needed = |check: &Check, share: f64| {
        let claim = claim_of(check);
        let check = Look {
            replicas: most,
            share,
        }
        .check(check);
        let with = |replicas| claim.forecast(&prospect.with_replicas(replicas), &check);
        replicas_for(LIKELY, &check, with).unwrap_or(most)
    };
    // The number of replicas that are enough depends on the share of the look that has them, and
    // the more other looks there are, the smaller this share is.
    let enough = |share| {
        let checks = prospect.experiment.checks.iter();
        checks
            .map(|check| needed(check, share))
            .max()
            .unwrap_or(most)
    };
    share_out(
        replicas_of_looks(enough(1.0 - BEFORE - AFTER), most, chunk),
        most,
    )
}

/// Numbers of replicas, ascending, up to the deciding look's.
fn replicas_of_looks(enough: u64, most: u64, chunk: u64) -> Vec<u64> {
    let mut replicas = vec![];
    let mut next = enough;
    while replicas.is_empty() || next >= FEWEST {
        let whole = next.next_multiple_of(chunk).min(most);
        if replicas.last().is_none_or(|&last| whole < last) {
            replicas.push(whole);
        }
        next /= GROWTH;
    }
    replicas.reverse();
    replicas
}

/// The last look at these replicas, and at `most` if that is more, and those before it.
fn share_out(replicas: Vec<u64>, most: u64) -> (Look, Vec<Look>) {
    let earlier = replicas.len() - 1;
    let before = if earlier > 0 { BEFORE } else { 0.0 };
    let after = if replicas[earlier] < most { AFTER } else { 0.0 };
    let share = |number| {
        if number < earlier {
            before / earlier as f64
        } else {
            1.0 - before - after
        }
    };
    let looks = replicas.into_iter().enumerate();
    let mut looks: Vec<Look> = looks
        .map(|(number, replicas)| Look {
            replicas,
            share: share(number),
        })
        .collect();
    let surest = Look {
        replicas: most,
        share: after,
    };
    match looks.pop() {
        Some(deciding) if after == 0.0 => (deciding, looks),
        deciding => (surest, looks.into_iter().chain(deciding).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_grow_fourfold_up_to_what_is_needed() {
        assert_eq!(replicas_of_looks(2048, 4000, 1), [128, 512, 2048]);
        assert_eq!(replicas_of_looks(5000, 4000, 1), [78, 312, 1250, 4000]);
        // In whole chunks, but for the last.
        assert_eq!(replicas_of_looks(2048, 4000, 1500), [1500, 3000]);
        assert_eq!(replicas_of_looks(10, 10, 256), [10]);
    }

    #[test]
    fn the_levels_of_all_looks_add_up_to_the_check_s() {
        let check = Check {
            claim: String::new(),
            expect: crate::experiment::Expectation::Holds,
            tolerance: 0.01,
            confidence: 0.99,
        };
        for (replicas, looks) in [
            (vec![128, 512, 2048], 4),
            (vec![512, 4000], 2),
            (vec![10], 2),
            (vec![4000], 1),
        ] {
            let (last, earlier) = share_out(replicas, 4000);
            assert_eq!(earlier.len() + 1, looks);
            assert_eq!(last.replicas, 4000);
            let levels = earlier
                .iter()
                .chain([&last])
                .map(|look| 1.0 - look.check(&check).confidence);
            assert!((levels.sum::<f64>() - 0.01).abs() < 1e-12);
        }
    }
}
