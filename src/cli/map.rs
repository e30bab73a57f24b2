//! `osferry map`: who and what is which in the destination, as tables for a person to fill in.

use super::ending::{Exit, Trouble};
use super::road::{self, Saved};
use super::{MapArguments, show};
use crate::front;
use crate::migrate::{Environments, check_pair};
use crate::plan::Purpose;

pub(super) async fn map(arguments: &MapArguments) -> Result<Exit, Trouble> {
    let plan = Saved::read(&arguments.plan)?;
    let (source, destination) = plan.connections()?;
    let source = road::source(&source).await?;
    let destination = road::destination_to_read(&destination).await?;
    let (source_model, destination_model) =
        road::models(source.as_ref(), destination.as_ref()).await?;
    // No database is written, so what the destination is for does not matter here.
    for warning in check_pair(&source_model, &destination_model, Some(Purpose::NonProduction))? {
        show::say(&format!("note: {warning}"));
    }
    let environments = Environments {
        source: source.as_ref(),
        destination: destination.as_ref(),
        source_model: &source_model,
        destination_model: &destination_model,
    };
    let (review, decisions) = road::review_with_counts(environments, &plan, false).await?;
    let written = front::write_maps(
        &arguments.write,
        &review.comparison,
        &decisions,
        &source_model,
        &destination_model,
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
