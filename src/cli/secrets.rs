//! Passwords and tokens: from the environment, or typed (`design.md` decision 21).

use std::io::IsTerminal;

use super::ending::Trouble;
use crate::database::Secret;
use crate::front::secrets::{from_environment, needed};
use crate::outsystems::Side;
use crate::plan::Endpoint;

/// What the endpoint's sign-in needs.
pub(super) fn secret(side: Side, endpoint: &Endpoint) -> Result<Option<Secret>, Trouble> {
    let Some(needed) = needed(side, endpoint) else { return Ok(None) };
    if let Some(secret) = from_environment(&needed.variable) {
        return Ok(Some(secret));
    }
    typed(&needed.what, &needed.variable).map(Some)
}

/// Asks for it, without showing what is typed.
pub(super) fn typed(what: &str, variable: &str) -> Result<Secret, Trouble> {
    let missing = || {
        Trouble::refused(format!(
            "the {what} is missing, and there is no terminal to ask for it\n  Set {variable}."
        ))
    };
    if !std::io::stdin().is_terminal() {
        return Err(missing());
    }
    rpassword::prompt_password(format!("The {what}: ")).map(Secret::from).map_err(|_| missing())
}
