//! Passwords and tokens: from the environment, or typed (`design.md` decision 21).

use std::io::IsTerminal;

use super::ending::Trouble;
use crate::database::{Authentication, Secret};
use crate::outsystems::Side;
use crate::plan::{Endpoint, EndpointEngine};

/// What the endpoint's sign-in needs.
pub(super) fn secret(side: Side, endpoint: &Endpoint) -> Result<Option<Secret>, Trouble> {
    let EndpointEngine::SqlServer { server, database, user, authentication, .. } = &endpoint.engine
    else {
        return Ok(None);
    };
    let (what, variable) = match authentication {
        Authentication::Integrated => return Ok(None),
        Authentication::EntraToken => ("token", variable(side, "TOKEN")),
        Authentication::Sql | Authentication::Windows => ("password", variable(side, "PASSWORD")),
    };
    if let Some(secret) = from_environment(&variable) {
        return Ok(Some(secret));
    }
    let whose = if user.is_empty() { String::new() } else { format!(" of {user}") };
    typed(&format!("{what}{whose} for {server}/{database}"), &variable).map(Some)
}

/// The variable that may hold it.
pub(super) fn variable(side: Side, what: &str) -> String {
    format!("OSFERRY_{}_{what}", side.to_string().to_uppercase())
}

/// The variable's value, if it is set.
pub(super) fn from_environment(variable: &str) -> Option<Secret> {
    std::env::var(variable).ok().filter(|value| !value.is_empty()).map(Secret::from)
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
