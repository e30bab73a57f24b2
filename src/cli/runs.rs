//! `osferry runs`: what this machine has run.

use super::ending::{Exit, Trouble};
use super::{RunsArguments, show};
use crate::front::Home;

pub(super) fn runs(home: &Home, arguments: &RunsArguments) -> std::result::Result<Exit, Trouble> {
    let mut listed = Vec::new();
    for run in home.runs()? {
        match run.listed() {
            Ok(run) => listed.push(run),
            Err(fault) => show::say(&format!("run {}: {fault}", run.id)),
        }
    }
    if arguments.json {
        let json = serde_json::to_string_pretty(&listed)
            .map_err(|error| Trouble::refused(error.to_string()))?;
        show::result(&json);
        return Ok(Exit::Done);
    }
    if listed.is_empty() {
        show::result("No runs yet.");
    }
    for run in &listed {
        show::result(&format!(
            "{}  {}\n    {}\n    started {}, {}: {}",
            run.id,
            run.name,
            run.whose(),
            run.started,
            run.rows_in_words(),
            run.state_in_words()
        ));
        if let Some(earlier) = &run.rejects_of {
            show::result(&format!("    tried again what run {earlier} rejected"));
        }
        if let Some(away) = &run.put_away {
            show::result(&format!("    {}", away.words(&run.id)));
        }
    }
    Ok(Exit::Done)
}
