//! The scripts of a plan's rights, written for the person.

use super::Reporter;
use super::desk::Desk;
use crate::database::Result;
use crate::front::Home;
use crate::front::rights::{Logins, save, scripts};
use crate::wizard::message::Fact;

/// Writes them into a folder of their own, so that none takes another's place.
pub(super) async fn write(
    home: &Home,
    desk: &Desk,
    name: &str,
    fingerprint: &str,
    logins: &Logins,
    to: &Reporter,
) -> Result<()> {
    let plan = desk.plan(fingerprint).await?;
    let sides = desk.sides().await?;
    let (source, destination) = (sides.source.as_ref(), sides.destination.as_source());
    let scripts = scripts(&plan, source, destination, logins).await?;
    let files = save(&scripts, &home.free_rights_folder(name))?;
    to.tell(Fact::RightsWritten(files));
    Ok(())
}
