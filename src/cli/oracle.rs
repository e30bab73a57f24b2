//! `osferry oracle`: the scripts of a clone on Oracle.

use super::ending::{Exit, Trouble};
use super::{OracleArguments, show};
use crate::front::oracle::write_scripts;
use crate::procedures::OracleClone;

pub(super) fn oracle(arguments: &OracleArguments) -> Result<Exit, Trouble> {
    let shown = arguments.plan.display();
    let text = std::fs::read_to_string(&arguments.plan)
        .map_err(|error| Trouble::refused(format!("cannot read {shown}: {error}")))?;
    let clone = OracleClone::parse(&text)
        .map_err(|fault| Trouble::refused(format!("{shown} cannot be used: {fault}")))?;
    for file in write_scripts(&clone, &arguments.write)? {
        show::result(&file.display().to_string());
    }
    show::say(
        "Read them before anybody carries them out. `osferry checklist clone-oracle` goes through the \
         steps.",
    );
    Ok(Exit::Done)
}
