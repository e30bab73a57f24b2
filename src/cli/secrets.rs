//! Passwords and tokens: from the environment, or typed (`design.md` decision 21).

use std::io::IsTerminal;

use super::ending::Trouble;
use crate::database::Secret;
use crate::front::secrets::{from_environment, mask_key, needed};
use crate::outsystems::Side;
use crate::plan::{Endpoint, MASK_KEY_VARIABLE, Plan};

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

/// The key of the masks that a plan needs: from the environment, or typed. `None` where the plan
/// needs none, or where there is nobody to ask: then whoever needs it says how to give it.
pub(super) fn key_of_masks(plan: &Plan) -> Result<Option<Secret>, Trouble> {
    if !plan.needs_mask_key() || mask_key().is_some() || !std::io::stdin().is_terminal() {
        return Ok(mask_key());
    }
    typed("key of the masks of personal data", MASK_KEY_VARIABLE).map(Some)
}
