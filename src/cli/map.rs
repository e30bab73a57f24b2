//! `osferry map`: who and what is which in the destination, as tables for a person to fill in.

use super::ending::{Exit, Trouble};
use super::road::{self, Both, Saved};
use super::{MapArguments, show};
use crate::front;

pub(super) async fn map(arguments: &MapArguments) -> Result<Exit, Trouble> {
    let plan = Saved::read(&arguments.plan)?;
    let both = Both::open(&plan).await?;
    let environments = both.environments();
    let (review, decisions) = road::review_with_counts(environments, &plan, false).await?;
    let written = front::write_maps(
        &arguments.write,
        &review.comparison,
        &decisions,
        environments.source_model,
        environments.destination_model,
    )?;
    for path in written {
        show::result(&path.display().to_string());
    }
    show::say(
        "Fill in \"to\" (or \"choice\") where both are empty, and name the files in the plan: \
         [maps] records = \"records.csv\", users = \"users.csv\", groups = \"groups.csv\", tenants = \
         \"tenants.csv\"",
    );
    Ok(Exit::Done)
}
