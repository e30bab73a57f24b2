//! Whether the before-images of a run will find room on this machine.

use super::Home;
use crate::database::{Result, Source};
use crate::migrate::{Room, images_needed};
use crate::plan::Plan;

/// What a plan's before-images will take, and what is free where they will lie.
pub async fn room(home: &Home, plan: &Plan, destination: &dyn Source) -> Result<Room> {
    let room = images_needed(plan, destination).await?;
    Ok(Room { free: home.free(), ..room })
}
