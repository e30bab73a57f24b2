//! `osferry run --rejects-of`: what an earlier run rejected, tried again.

use super::ending::{Exit, Trouble};
use super::road::{self, Saved};
use super::secrets::key_of_masks;
use super::{RunArguments, run, show};
use crate::database::same_name;
use crate::front::{self, Home, Ready, Rejects};
use crate::migrate::again::{AgainCount, check_fits};
use crate::migrate::{Progress, check_pair, check_purpose};
use crate::report::counted;

pub(super) async fn again(
    home: &Home,
    arguments: &RunArguments,
    of: &str,
) -> Result<Exit, Trouble> {
    home.check()?;
    let known = home.known(of)?;
    let Rejects { header, plan, count } = Rejects::read(&known)?;
    let saved = Saved::of_run(&header)?;
    check_purpose(saved.file.destination.purpose)?;
    let name = &header.destination_database;
    if let Some(confirm) = arguments.confirm.as_deref().filter(|given| !same_name(given, name)) {
        return Err(Trouble::refused(format!(
            "--confirm {confirm:?} is not the destination's name\n  The run wrote to {name:?} ({}). \
             Nothing was written.",
            header.destination
        )));
    }
    let (source, destination) = saved.connections()?;
    let source = road::source(&source).await?;
    let destination = road::destination(&destination).await?;
    let (source_model, destination_model) =
        road::models(source.as_ref(), destination.as_source()).await?;
    check_pair(&source_model, &destination_model, saved.file.destination.purpose)?;
    let models = [source_model.as_ref(), destination_model.as_ref()];
    check_fits(&known.folder, models, destination.as_ref()).await?;
    say(&known.id, count);
    let mask_key = key_of_masks(&plan)?;
    let models = [source_model, destination_model];
    let ready = Ready {
        mask_key,
        confirmed: arguments.confirm.clone().unwrap_or_default(),
        ..Ready::of_run(&header, (*plan).clone(), source, destination, models)
    };
    run::checked(home, &saved, &ready).await?;
    if arguments.dry_run {
        return run::foretell(home, &ready, None, arguments.json).await.map(|()| Exit::Done);
    }
    let progress = Progress::new(&ready.plan);
    run::watched(&ready, progress, arguments.json, async |control, sender, events| {
        front::carry_out(home, &ready, control, sender, events).await
    })
    .await
}

/// Says what is tried again before anything is written.
fn say(run: &str, count: AgainCount) {
    let mut words = format!("trying again what run {run} rejected: ");
    words.push_str(&counted(count.rows, "row", "rows"));
    if count.people > 0 {
        words.push_str(&format!(", {}", counted(count.people, "user or group", "users or groups")));
    }
    if count.links > 0 {
        words.push_str(&format!(", {}", counted(count.links, "link", "links")));
    }
    show::say(&words);
    if count.nameless > 0 {
        show::say(&format!(
            "{} without an identifier cannot be told apart and stay out",
            counted(count.nameless, "rejected row", "rejected rows")
        ));
    }
}
