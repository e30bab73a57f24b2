//! Passwords and tokens from the environment (`design.md` decision 21).

use crate::database::{Authentication, Secret};
use crate::outsystems::Side;
use crate::plan::{Endpoint, EndpointEngine, MASK_KEY_VARIABLE};

/// What a sign-in cannot do without.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needed {
    /// For the person: `password of anna for server/database`.
    pub what: String,
    /// The variable of the environment that may hold it.
    pub variable: String,
}

/// The password or token that an endpoint's sign-in needs, if it needs one.
#[must_use]
pub fn needed(side: Side, endpoint: &Endpoint) -> Option<Needed> {
    let EndpointEngine::SqlServer { server, database, user, authentication, .. } = &endpoint.engine
    else {
        return None;
    };
    let (what, variable) = match authentication {
        Authentication::Integrated => return None,
        Authentication::EntraToken => ("token", variable(side, "TOKEN")),
        Authentication::Sql | Authentication::Windows => ("password", variable(side, "PASSWORD")),
    };
    let whose = if user.is_empty() { String::new() } else { format!(" of {user}") };
    Some(Needed { what: format!("{what}{whose} for {server}/{database}"), variable })
}

/// The variable that may hold a side's secret; `what` is `PASSWORD` or `TOKEN`.
#[must_use]
pub fn variable(side: Side, what: &str) -> String {
    format!("OSFERRY_{}_{what}", side.to_string().to_uppercase())
}

/// The variable's value, if it is set.
#[must_use]
pub fn from_environment(variable: &str) -> Option<Secret> {
    std::env::var(variable).ok().filter(|value| !value.is_empty()).map(Secret::from)
}

/// The key of the masks of personal data, if the environment has it.
#[must_use]
pub fn mask_key() -> Option<Secret> {
    from_environment(MASK_KEY_VARIABLE)
}
