//! The ledger: every claim of the paper that can be judged.
//!
//! A claim is added by adding it to a file here and to [`LEDGER`].

mod contraction;
mod decay;

use super::{Evidence, Judgement};
use crate::experiment::{Check, Experiment};

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
}

/// All claims, in the order of the paper.
pub static LEDGER: &[&dyn Claim] = &[
    &decay::Lemma1,
    &decay::Lemma2First,
    &decay::Lemma2Pair,
    &decay::Theorem6Coupling,
    &contraction::THEOREM_6,
    &contraction::THEOREM_7,
];

/// The claim of that id.
pub fn find(id: &str) -> Option<&'static dyn Claim> {
    LEDGER.iter().copied().find(|claim| claim.id() == id)
}
