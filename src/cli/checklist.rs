//! `osferry checklist`: a procedure gone through step by step.

use super::ending::{Exit, Trouble};
use super::{ChecklistArguments, check, show};
use crate::front::Home;
use crate::front::checklists::Checklist;
use crate::procedures::{ALL, Said, procedure};

pub(super) async fn checklist(
    home: &Home,
    arguments: &ChecklistArguments,
) -> Result<Exit, Trouble> {
    let Some(name) = &arguments.procedure else {
        for name in ALL {
            let procedure = procedure(name)?;
            show::result(&format!("{name}\n    {}. {}", procedure.title, procedure.about));
        }
        return Ok(Exit::Done);
    };
    let mut checklist = Checklist::open(home, name, &arguments.label)?;
    let note = arguments.note.as_deref().unwrap_or_default();
    let mut is_changed = !arguments.server.is_empty();
    checklist.walk.add_servers(&arguments.server)?;
    for (steps, said) in [
        (&arguments.done, Said::Done),
        (&arguments.skip, Said::Skipped),
        (&arguments.open, Said::Open),
    ] {
        for step in steps {
            checklist.say(step, said, note)?;
            is_changed = true;
        }
    }
    if let Some(plan) = &arguments.check {
        check::check(&mut checklist, plan, &arguments.login).await?;
        is_changed = true;
    }
    let report = match is_changed {
        true => Some(checklist.save()?),
        false => None,
    };
    if arguments.json {
        let json = serde_json::to_string_pretty(&checklist.walk)
            .map_err(|error| Trouble::refused(error.to_string()))?;
        show::result(&json);
    } else {
        show::result(&checklist.walk.lines(checklist.procedure));
    }
    if let Some(report) = report {
        show::say(&format!("kept, with {}", report.display()));
    }
    Ok(Exit::Done)
}
