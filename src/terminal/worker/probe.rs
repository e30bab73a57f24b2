//! Rows tried out, and what the plan will take by that.

use std::sync::Arc;

use super::Reporter;
use super::desk::Desk;
use super::survey::foretell;
use crate::database::Result;
use crate::front::{Home, Ready, probe as front_probe};
use crate::migrate::Control;
use crate::plan::Purpose;
use crate::wizard::message::Fact;

pub(super) async fn probe(
    home: &Home,
    desk: &Desk,
    fingerprint: &str,
    purpose: Option<Purpose>,
    control: Control,
    to: &Reporter,
) -> Result<()> {
    let plan = desk.plan(fingerprint).await?;
    let sides = desk.sides().await?;
    let ready = Ready {
        plan: Arc::clone(&plan),
        source: Arc::clone(&sides.source),
        destination: Arc::clone(&sides.destination),
        source_model: Arc::clone(&sides.source_model),
        destination_model: Arc::clone(&sides.destination_model),
        plan_file: String::new(),
        plan_text: String::new(),
        folder: std::path::PathBuf::new(),
        confirmed: String::new(),
        mask_key: desk.mask_key(),
    };
    let told = |now| to.tell(Fact::Probing(now));
    let made = front_probe(home, &ready, purpose, control, told).await?;
    to.tell(Fact::Probed(Box::new(made)));
    foretell(home, &plan, &sides, to).await;
    Ok(())
}
