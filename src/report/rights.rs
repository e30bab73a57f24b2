//! The scripts with which rights are asked for, as files that a person reads before carrying them
//! out.

use crate::database::GrantScript;

/// The scripts of one side.
#[derive(Clone, Debug)]
pub struct RightsSide {
    /// Where: `server/database`.
    pub place: String,
    /// The login.
    pub login: String,
    /// What it may do afterwards.
    pub what: &'static str,
    /// What is carried out there.
    pub script: GrantScript,
}

/// The script that gives the rights, and the one that takes them back.
#[must_use]
pub fn rights_script(name: &str, fingerprint: &str, sides: &[RightsSide]) -> [String; 2] {
    let mut grant = format!(
        "-- Rights for the plan {}, {fingerprint}, and no others.\n\
         -- Each part is carried out on its own server, by somebody who may give rights there.\n\
         -- revoke.sql takes them back after the run.\n",
        line(name)
    );
    let mut revoke = format!(
        "-- Takes back what rights.sql gave for the plan {}, {fingerprint}.\n\
         -- Rights that the login had before, of the same kind on the same tables, go too. Users that\n\
         -- rights.sql made stay, with no right but to connect.\n",
        line(name)
    );
    for side in sides {
        let head =
            |words: &str| format!("\n-- On {}: {}{words}\n", line(&side.place), line(&side.login));
        grant.push_str(&head(&format!(" {}", side.what)));
        grant.push_str(&side.script.grant);
        revoke.push_str(&head(""));
        revoke.push_str(&side.script.revoke);
    }
    [grant, revoke]
}

/// A text that cannot end the comment that it stands in.
fn line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c })
        .collect()
}
