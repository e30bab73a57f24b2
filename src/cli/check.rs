//! `osferry checklist --check`: what the databases of a plan can tell of a checklist's steps.

use std::path::Path;

use super::ending::Trouble;
use super::secrets::typed;
use super::{cleanup, restore, show};
use crate::database::{Authentication, ConnectionSpec, Secret, ServerSpec, open_source};
use crate::front::checklists::Checklist;
use crate::front::secrets::from_environment;
use crate::plan::{Endpoint, EndpointEngine};
use crate::procedures::{Answer, Asked, Says, checks};

/// The variable that may hold the password of the logins that are tried.
const PASSWORD: &str = "OSFERRY_LOGIN_PASSWORD";

/// Answers every question of the checklist that these databases can answer.
pub(super) async fn check(
    checklist: &mut Checklist,
    plan: &Path,
    logins: &[String],
) -> Result<(), Trouble> {
    let name = checklist.procedure.name.as_str();
    if checks(name).is_empty() {
        return Err(Trouble::refused(format!(
            "no step of {name} can be answered by a database: osferry does not connect to Oracle"
        )));
    }
    let now = jiff::Zoned::now().strftime("%Y-%m-%d %H:%M:%S").to_string();
    let answers = if name == "restore" {
        let (file, folder) = restore::read(plan)?;
        let restore = restore::with_secrets(&file, &folder)?;
        let (old, new) = restore.open(None).await?;
        let tried = tried(&file.new, &folder, logins).await?;
        let asked = Asked {
            platform: new.as_ref(),
            log: None,
            original: Some(old.as_ref()),
            logins: &[],
            hosts: &[],
            tried: &tried,
            now: &now,
        };
        checklist.ask(&asked).await?
    } else {
        let cleanup = cleanup::opened(plan).await?;
        let tried = tried(&cleanup.file.clone, &cleanup.folder, logins).await?;
        checklist.ask(&cleanup.asked(&tried, &now)).await?
    };
    for (step, Answer { says, text }) in answers {
        let says = match says {
            Says::Yes => "yes",
            Says::No => "NO",
            Says::Unclear => "not clear",
        };
        show::say(&format!("{step}: {says}: {text}"));
    }
    Ok(())
}

/// Whether these logins are let in, each with why not.
async fn tried(
    endpoint: &Endpoint,
    folder: &Path,
    logins: &[String],
) -> Result<Vec<(String, Option<String>)>, Trouble> {
    let mut all = Vec::new();
    for login in logins {
        if !matches!(endpoint.engine, EndpointEngine::SqlServer { .. }) {
            return Err(Trouble::refused("--login: a file lets everybody in".to_owned()));
        }
        let secret: Secret = match from_environment(PASSWORD) {
            Some(secret) => secret,
            None => typed(&format!("password of {login}"), PASSWORD)?,
        };
        let ConnectionSpec::SqlServer(spec) = endpoint.connection(folder, Some(secret)) else {
            continue;
        };
        let spec = ServerSpec { user: login.clone(), authentication: Authentication::Sql, ..spec };
        let opened = open_source(&ConnectionSpec::SqlServer(spec)).await;
        all.push((login.clone(), opened.err().map(|fault| fault.what)));
    }
    Ok(all)
}
