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

use super::forecast::{Forecast, Prospect};
use super::{Evidence, Judgement};
use crate::estimate::rate::NoRate;
use crate::experiment::{Check, Experiment, MOST_REPLICAS};
use crate::theory::Quantity;

/// A numbered statement of the paper, and how it is tested.
pub trait Claim: Sync {
    /// The id used in configs and tables.
    fn id(&self) -> &'static str;

    /// The statement, as printed.
    fn statement(&self) -> &'static str;

    /// How it is tested.
    fn method(&self) -> &'static str;

    /// Why an experiment cannot be used to judge it, if so.
    fn refusal(&self, _experiment: &Experiment) -> Option<String> {
        None
    }

    /// The verdict on the evidence of one N.
    fn judge(&self, evidence: Evidence, check: &Check) -> Judgement;

    /// How probable each verdict is.
    fn forecast(&self, prospect: &Prospect, check: &Check) -> Forecast;

    /// What may come out as the check expects though [`Claim::forecast`] does not foresee
    /// it, if so.
    fn unforeseen(&self, _prospect: &Prospect, _check: &Check) -> Option<&'static str> {
        None
    }

    /// Why no number of replicas decides, but for the unforeseen, if that is known.
    fn obstacle(&self, prospect: &Prospect) -> Option<String>;

    /// Whether the other clock would give the same verdict on as many replicas as
    /// one likes.
    fn blind_to_clock(&self, prospect: &Prospect, check: &Check) -> bool;
}

/// Why a quantity has no rate, however many replicas there are.
fn no_rate(prospect: &Prospect, quantity: Quantity) -> Option<NoRate> {
    let prospect = Prospect {
        replicas: MOST_REPLICAS,
        ..*prospect
    };
    prospect.rate_weights(quantity).err()
}

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

/// The claim of that id.
pub fn find(id: &str) -> Option<&'static dyn Claim> {
    LEDGER.iter().copied().find(|claim| claim.id() == id)
}

/// The claim that a check is about.
///
/// # Panics
///
/// If it names none of the ledger.
pub fn claim_of(check: &Check) -> &'static dyn Claim {
    find(&check.claim).expect("checks name claims of the ledger")
}
