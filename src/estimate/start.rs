//! Brackets of groups of replicas at time 0, where W₂²(0) is known.
//!
//! The bracket of a run is one number with an error bar, which nothing else tells to be right. At
//! time 0 there is more: W₂² of product laws is known exactly, and so many small brackets, of groups of
//! replicas, scatter as much as their error bars say. [`StartGroups`] compares both, for the
//! self-check `bracket-start`.

use super::{few_velocities, is_bracket_trusted};
use crate::bracket::{Bracket, Known, Velocities, first_marginals};
use crate::measure::Kept;
use crate::theory::Theory;
use crate::theory::unseen::{CUT_FOR_VOID, Unseen};
use crate::threads;

/// Groups, at most and at least.
const MOST_GROUPS: usize = 32;
const FEWEST_GROUPS: usize = 8;
/// Replicas of a group, at least.
const FEWEST_REPLICAS: usize = 40;
/// Velocities of all groups, about, where groups have more replicas than they must, and at most.
const VELOCITIES: usize = 100_000;
const MOST_VELOCITIES: usize = 200_000;
/// Brackets are compared where their relative standard errors are at most this: nearer laws have noise
/// of the second order, which error bars leave to limits.
const PRECISE: f64 = 0.1;

/// An estimate of each group, with its standard error.
#[derive(Debug, Clone)]
pub struct StartGroups {
    /// W₂²(0).
    pub exact: f64,
    /// The amounts by which upper limits are raised for draws that all groups together are expected
    /// to lack.
    pub unseen: Unseen,
    /// The change of W₂² that a few of the velocities of all groups can make.
    pub few: f64,
    /// The noise of the second order of a group, on average. Control variates can take all noise of the
    /// first order off; what is left then is not in error bars.
    pub second_order: f64,
    /// The dual lower estimates, in the mean at most W₂²(0).
    pub lower: Vec<(f64, f64)>,
    /// The upper estimates, in the mean at least W₂²(0).
    pub upper: Vec<(f64, f64)>,
}

/// The mean and the scatter of estimates of independent groups.
#[derive(Debug, Clone, Copy)]
pub struct Scatter {
    /// Their mean.
    pub mean: f64,
    /// Its standard error: the larger one of what error bars say and of what scatter shows.
    pub std_error: f64,
    /// The logarithm of the variance between groups over the mean square of error bars, in
    /// standard deviations of a sample variance of as many normal variates, √(2/(G−1)).
    pub excess: f64,
}

impl Scatter {
    /// The scatter of the estimates of two groups or more, with their standard errors.
    pub fn of(groups: &[(f64, f64)]) -> Scatter {
        let count = groups.len() as f64;
        let mean = groups.iter().map(|(value, _)| value).sum::<f64>() / count;
        let said = groups.iter().map(|(_, error)| error * error).sum::<f64>() / count;
        let squares = groups
            .iter()
            .map(|(value, _)| (value - mean) * (value - mean));
        let seen = squares.sum::<f64>() / (count - 1.0);
        Scatter {
            mean,
            std_error: (said.max(seen) / count).sqrt(),
            excess: libm::log(seen / said) / (2.0 / (count - 1.0)).sqrt(),
        }
    }
}

impl StartGroups {
    /// The groups of the velocities kept at time 0; `None` where W₂²(0) is not known or 0, where there are too few
    /// replicas for eight groups that carry their brackets, or these are not precise.
    pub fn new(particles: usize, kept: &Kept, theory: &Theory) -> Option<StartGroups> {
        let exact = theory.initial_w2().filter(|&w2| w2 > 0.0)?;
        let all = kept.first.len() / particles;
        let groups = (all / FEWEST_REPLICAS).min(MOST_GROUPS);
        if groups < FEWEST_GROUPS || groups * FEWEST_REPLICAS * particles > MOST_VELOCITIES {
            return None;
        }
        let wanted = (VELOCITIES / (groups * particles)).max(FEWEST_REPLICAS);
        let replicas = wanted.min(all / groups);
        if !is_bracket_trusted(theory, particles, 0.0, replicas as u64) {
            return None;
        }
        let known = Known::at(theory, 0.0, replicas as u64);
        let size = replicas * particles;
        let of_group = |group: usize| {
            let part = group * size..(group + 1) * size;
            let (first, second) = (&kept.first[part.clone()], &kept.second[part]);
            first_marginals(&Velocities::new(particles, first, second), &known, 0.0)
        };
        let brackets: Vec<Bracket> = threads::map(groups, of_group);
        let side = |of: fn(&Bracket) -> Option<(f64, f64)>| -> Option<Vec<(f64, f64)>> {
            brackets.iter().map(of).collect()
        };
        let second_order: Option<f64> = brackets.iter().map(|bracket| bracket.second_order).sum();
        let found = StartGroups {
            exact,
            unseen: theory.unseen(0.0, (groups * replicas) as f64, CUT_FOR_VOID),
            few: few_velocities(theory, 0.0, (groups * size) as f64),
            second_order: second_order? / groups as f64,
            lower: side(|bracket| bracket.dual_lower.zip(bracket.dual_std_error))?,
            upper: side(|bracket| bracket.upper.zip(bracket.upper_std_error))?,
        };
        let mut errors = found
            .lower
            .iter()
            .chain(&found.upper)
            .map(|(_, error)| *error);
        errors
            .all(|error| error <= PRECISE * exact)
            .then_some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values ±1 of 32 groups have the variance 32/31; the logarithm of its ratio to error bars is
    /// in units of √(2/31).
    #[test]
    fn groups_that_scatter_more_than_they_say_are_seen() {
        let groups = |error: f64| -> Vec<(f64, f64)> {
            let sign = |k: i32| if k % 2 == 0 { 6.0 } else { 4.0 };
            (0..32).map(|k| (sign(k), error)).collect()
        };
        let variance = 32.0 / 31.0f64;
        let unit = (2.0 / 31.0f64).sqrt();
        for error in [0.3, 1.0, 2.0] {
            let found = Scatter::of(&groups(error));
            assert!((found.mean - 5.0).abs() < 1e-12);
            let largest = variance.max(error * error);
            assert!((found.std_error - (largest / 32.0).sqrt()).abs() < 1e-12);
            let ratio = libm::log(variance / (error * error));
            assert!((found.excess - ratio / unit).abs() < 1e-9);
        }
        // Error bars that are a third of the right ones.
        assert!(Scatter::of(&groups(0.3)).excess > 9.0);
    }
}
