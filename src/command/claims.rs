//! `kac claims`: the ledger.

use super::{CommandError, Exit, print};
use crate::judge::claims::{LEDGER, find};
use crate::quote::quoted;

/// Print the claim of that id, or all.
///
/// # Errors
///
/// If there is no such claim.
pub fn claims(id: Option<&str>) -> Result<Exit, CommandError> {
    let chosen = match id {
        None => LEDGER.to_vec(),
        Some(id) => vec![find(id).ok_or_else(|| {
            let ids: Vec<&str> = LEDGER.iter().map(|claim| claim.id()).collect();
            CommandError::Argument(format!(
                "there is no claim `{}`; choose one of {}",
                quoted(id),
                ids.join(", ")
            ))
        })?],
    };
    for claim in chosen {
        print(&format!(
            "{}\n    {}\n    tested by: {}\n",
            claim.id(),
            claim.statement(),
            claim.method()
        ))?;
    }
    Ok(Exit::AsExpected)
}
