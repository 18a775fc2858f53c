//! `kac claims`: the ledger.

use super::names::{joined, meant, suggestion};
use super::{CommandError, Exit, committed, print};
use crate::figure::{Figure, figure_names};
use crate::judge::claims::{Claim, LEDGER, find, ids};
use crate::text::quote::quoted;

/// Print the claim of that id, or all.
///
/// # Errors
///
/// If there is no such claim.
pub fn claims(id: Option<&str>) -> Result<Exit, CommandError> {
    let chosen = match id {
        None => LEDGER.to_vec(),
        Some(id) => vec![named(id)?],
    };
    let entries: String = chosen.into_iter().map(entry).collect();
    print(&entries)?;
    Ok(Exit::AsExpected)
}

/// The claim that is meant.
fn named(id: &str) -> Result<&'static dyn Claim, CommandError> {
    let ids = ids();
    let missing = || {
        let fix = match meant(id, &figure_names()).and_then(Figure::named) {
            Some(figure) => {
                let claims = joined(&committed::claims_of(figure));
                format!("claims that the figure {} is about: {claims}", figure.name)
            }
            None => suggestion(id, &ids),
        };
        CommandError::Argument(format!("there is no claim `{}`; {fix}", quoted(id)))
    };
    meant(id, &ids).and_then(find).ok_or_else(missing)
}

/// The ledger's text about a claim, the experiments that judge it, and the figures about it.
fn entry(claim: &dyn Claim) -> String {
    let id = claim.id();
    format!(
        "{id}\n    {}\n    tested by: {}\n    checked in experiments: {}\n    shown in figures: {}\n",
        claim.statement(),
        claim.method(),
        joined(&committed::experiments_that_judge(id)),
        joined(&committed::figures_of(id)),
    )
}
