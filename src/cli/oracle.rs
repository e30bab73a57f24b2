//! `osferry oracle`: the scripts of a clone on Oracle.

use super::ending::{Exit, Trouble};
use super::{OracleArguments, show};
use crate::procedures::OracleClone;

pub(super) fn oracle(arguments: &OracleArguments) -> Result<Exit, Trouble> {
    let shown = arguments.plan.display();
    let text = std::fs::read_to_string(&arguments.plan)
        .map_err(|error| Trouble::refused(format!("cannot read {shown}: {error}")))?;
    let clone = OracleClone::parse(&text)
        .map_err(|fault| Trouble::refused(format!("{shown} cannot be used: {fault}")))?;
    let scripts = clone.scripts()?;
    let folder = &arguments.write;
    let cannot = |error: std::io::Error| {
        Trouble::refused(format!("cannot write to {}: {error}", folder.display()))
    };
    std::fs::create_dir_all(folder).map_err(cannot)?;
    // Somebody may have filled them in.
    if let Some(there) = scripts.iter().find(|script| folder.join(script.name).exists()) {
        return Err(Trouble::refused(format!(
            "{} is there already\n  Nothing was written. Name another folder.",
            folder.join(there.name).display()
        )));
    }
    for script in &scripts {
        let file = folder.join(script.name);
        std::fs::write(&file, &script.text).map_err(cannot)?;
        show::result(&file.display().to_string());
    }
    show::say(
        "Read them before anybody carries them out. `osferry checklist clone-oracle` goes through the \
         steps.",
    );
    Ok(Exit::Done)
}
