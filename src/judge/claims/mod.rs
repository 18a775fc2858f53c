//! The ledger: every claim of the paper that can be judged.
//!
//! A claim is added by adding it to a file here and to [`LEDGER`].

mod bound_by_batches;
mod bound_by_bracket;
mod bound_by_mechanism;
mod bound_by_moments;
mod brackets;
mod comparison;
mod contraction;
mod decay;
mod lemma_11;
mod lemma_12;
mod lemma_3;
mod lemma_8;
mod steady;
#[cfg(test)]
pub(crate) mod toy;

use super::forecast::{Forecast, Prospect};
use super::{Evidence, Judgement};
use crate::estimate::rate::NoRate;
use crate::experiment::{Check, Experiment, MOST_REPLICAS};
use crate::theory::Quantity;

/// A numbered statement of the paper, and how it is tested.
pub trait Claim: Sync {
    /// The id used in configs and tables.
    fn id(&self) -> &'static str;

    /// The statement in a few words, as a line of the figure `ledger`.
    fn headline(&self) -> &'static str;

    /// The statement, as printed.
    fn statement(&self) -> &'static str;

    /// The way in which it is tested.
    fn method(&self) -> &'static str;

    /// The reason why an experiment cannot be used to judge it, if so.
    fn refusal(&self, _experiment: &Experiment) -> Option<String> {
        None
    }

    /// The measurements that it needs beside those that every run makes.
    fn needs(&self) -> &'static [Need] {
        &[]
    }

    /// Whether each N is judged for itself, or the whole sweep after its last N.
    fn scope(&self) -> Scope {
        Scope::EachSize
    }

    /// The verdict on the evidence of one N: a claim about each N has this rule.
    fn judge(&self, _evidence: Evidence, _check: &Check) -> Judgement {
        Judgement::without_rule()
    }

    /// The verdict on the evidence of all N: a claim about the sweep has this rule.
    fn judge_sweep(&self, _sizes: &[Evidence], _check: &Check) -> Judgement {
        Judgement::without_rule()
    }

    /// The probability of each verdict on one N.
    fn forecast(&self, _prospect: &Prospect, _check: &Check) -> Forecast {
        Forecast::undecided(None)
    }

    /// The probability of each verdict on the sweep; none by a claim about each N.
    fn forecast_sweep(&self, _sizes: &[Prospect], _check: &Check) -> Option<Forecast> {
        None
    }

    /// The evidence, in words, by which the check may come out as expected though
    /// [`Claim::forecast`] does not foresee it; `None` if there is none.
    fn unforeseen(&self, _prospect: &Prospect, _check: &Check) -> Option<&'static str> {
        None
    }

    /// The reason why no number of replicas decides, but for the unforeseen, if that is known.
    fn obstacle(&self, _prospect: &Prospect) -> Option<String> {
        None
    }

    /// Whether the other clock would give the same verdict on as many replicas as
    /// one likes.
    fn blind_to_clock(&self, _prospect: &Prospect, _check: &Check) -> bool {
        false
    }
}

/// A measurement that a run makes only where it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Replicas with exactly one collision; a run makes them where a claim needs them.
    FirstCollisions,
    /// The steady state, which a section of the config asks for.
    SteadyState,
}

impl Need {
    /// The part of a config that is missing for this to be measured, if so.
    pub fn missing(self, experiment: &Experiment) -> Option<&'static str> {
        match self {
            Need::FirstCollisions => None,
            Need::SteadyState => {
                (experiment.steady_state.is_none()).then_some("it takes a section [steady_state]")
            }
        }
    }
}

/// Whether a check of an experiment needs this to be measured.
pub fn is_needed(experiment: &Experiment, need: Need) -> bool {
    let needs = |check: &Check| claim_of(check).needs().contains(&need);
    experiment.checks.iter().any(needs)
}

/// The data that one verdict is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// One N.
    EachSize,
    /// All N of the sweep together.
    Sweep,
}

/// The checks of an experiment whose claims have this scope, with their indices.
pub fn checks_of(experiment: &Experiment, scope: Scope) -> impl Iterator<Item = (usize, &Check)> {
    let checks = experiment.checks.iter().enumerate();
    checks.filter(move |(_, check)| claim_of(check).scope() == scope)
}

/// The reason why a quantity has no rate, however many replicas there are.
fn no_rate(prospect: &Prospect, quantity: Quantity) -> Option<NoRate> {
    let prospect = prospect.with_replicas(MOST_REPLICAS);
    prospect.rate_weights(quantity).err()
}

/// The share of a check's error level with which distances measured in one way may say
/// HOLDS: a quarter for the bracket and one for batches. The proof's mechanism has the
/// other half, which is one side of its interval.
const SHARE: f64 = 0.25;

/// All claims, in the order of the paper.
pub static LEDGER: &[&dyn Claim] = &[
    &decay::LEMMA_1,
    &decay::LEMMA_2_FIRST,
    &decay::LEMMA_2_PAIR,
    &steady::THEOREM_1,
    &lemma_3::Lemma3,
    &lemma_8::Lemma8,
    &decay::THEOREM_6_COUPLING,
    &contraction::THEOREM_6,
    &lemma_11::Lemma11,
    &lemma_12::Lemma12,
    &contraction::THEOREM_7,
];

/// Claims beside the ledger, which only tests have.
#[cfg(not(test))]
static TOYS: &[&dyn Claim] = &[];
#[cfg(test)]
use toy::TOYS;

/// The ids of all claims.
pub fn ids() -> Vec<&'static str> {
    LEDGER.iter().map(|claim| claim.id()).collect()
}

/// The claim of that id.
///
/// ```
/// let claim = kac_coupling::judge::claims::find("lemma-1").unwrap();
/// assert!(claim.statement().starts_with("Lemma 1"));
/// ```
pub fn find(id: &str) -> Option<&'static dyn Claim> {
    let mut all = LEDGER.iter().chain(TOYS);
    all.find(|claim| claim.id() == id).copied()
}

/// The claim that a check is about.
///
/// # Panics
///
/// If it names none of the ledger.
pub fn claim_of(check: &Check) -> &'static dyn Claim {
    find(&check.claim).expect("checks name claims of the ledger")
}
