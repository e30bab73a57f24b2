//! `osferry practice`: the practice pair, made and migrated.

use std::path::Path;

use super::ending::{Exit, Trouble};
use super::road::Saved;
use super::{PracticeArguments, run, secrets, show, wizard};
use crate::front::Home;
use crate::front::practice::{self, Making, OnServer, PracticeClone};
use crate::front::secrets::{from_environment, variable};
use crate::outsystems::Side;
use crate::practice::PracticeOptions;
use crate::report::counted;
use crate::terminal::{self, Begin, Wishes};

pub(super) async fn practice(
    home: &Home,
    arguments: PracticeArguments,
    wishes: Wishes,
) -> Result<Exit, Trouble> {
    if arguments.unattended {
        home.check()?;
    }
    let opens_wizard = !arguments.unattended
        && !arguments.make_only
        && arguments.clone.is_none()
        && (wishes.plain || terminal::has_terminal());
    if opens_wizard && arguments.sqlserver.is_none() {
        let begin =
            Begin::Practice { folder: arguments.dir, rows: arguments.rows, fresh: arguments.fresh };
        return wizard::open(home, begin, wishes).await;
    }
    let folder = arguments.dir.clone().unwrap_or_else(|| home.practice());
    let folder = practice::make_folder(&folder)?;
    let options = PracticeOptions { rows: arguments.rows };
    let pair = if let Some(server) = &arguments.sqlserver {
        check_clone(arguments.clone.as_deref(), true)?;
        let there = on_server(server, &arguments)?;
        let pair = practice::make_on_server(&there, &folder, options, told(true)).await?;
        if let Some(database) = arguments.clone.as_deref() {
            let told = told_of_clone();
            let clone =
                practice::make_clone_on_server(&pair, &there, database, &folder, options, told);
            return Ok(offer_clone(&clone.await?));
        }
        pair
    } else {
        check_clone(arguments.clone.as_deref(), false)?;
        practice::make_files(&folder, options, arguments.fresh, told(false)).await?
    };
    if arguments.clone.is_some() {
        let told = told_of_clone();
        return Ok(offer_clone(&practice::make_clone_file(&pair, &folder, options, told).await?));
    }
    let (plan, confirm) = (pair.plan.display(), &pair.confirm);
    if arguments.unattended {
        let mut saved = Saved::read(&pair.plan)?;
        pair.check(&saved.file, &saved.folder)?;
        saved.secret.clone_from(&pair.secret);
        return run::carry_out(home, &saved, confirm, true, false).await;
    }
    if opens_wizard {
        let begin = Begin::PracticePair { plan: pair.plan, secret: pair.secret };
        return wizard::open(home, begin, wishes).await;
    }
    show::result(&format!(
        "The practice pair is there:\n  Production      {}\n  Non-Production  {}\n  plan            \
         {plan}",
        pair.source.place(),
        pair.destination.place(),
    ));
    if !arguments.make_only {
        show::result(&format!(
            "\nWhere they differ:  osferry compare {plan}\nThe migration:     osferry run {plan} \
             --confirm {confirm} --decide recommended"
        ));
    }
    Ok(Exit::Done)
}

/// A clone on a server needs a database, and a file's name is its own.
fn check_clone(database: Option<&str>, is_server: bool) -> Result<(), Trouble> {
    match (database, is_server) {
        (Some(""), true) => Err(Trouble::refused(
            "--clone needs the empty database that becomes the clone\n  Write --clone DB.",
        )),
        (Some(name), false) if !name.is_empty() => Err(Trouble::refused(format!(
            "--clone {name}: without --sqlserver the clone is clone.sqlite beside the pair\n  Write \
             --clone."
        ))),
        _ => Ok(()),
    }
}

/// Says what can be done with the clone.
fn offer_clone(made: &PracticeClone) -> Exit {
    let (plan, confirm) = (made.plan.display(), &made.confirm);
    show::result(&format!(
        "The practice clone is there:\n  clone  {}\n  plan   {plan}\n\n\
         What would be cleaned up:  osferry cleanup {plan} --dry-run\n\
         The clean-up:              osferry cleanup {plan} --confirm {confirm}",
        made.clone.place(),
    ));
    Exit::Done
}

fn told_of_clone() -> impl FnMut(&str) + Send {
    |place| show::say(&format!("making the practice clone in {place}"))
}

fn on_server(server: &str, arguments: &PracticeArguments) -> Result<OnServer, Trouble> {
    let user = arguments.user.clone().unwrap_or_default();
    let absolute = |file: &Path| {
        std::path::absolute(file)
            .map_err(|error| Trouble::refused(format!("{}: {error}", file.display())))
    };
    let ca_file = arguments.ca_file.as_deref().map(absolute).transpose()?;
    // One login for both: either variable will do.
    let wanted = variable(Side::Destination, "PASSWORD");
    let known =
        from_environment(&wanted).or_else(|| from_environment(&variable(Side::Source, "PASSWORD")));
    let secret = match known {
        Some(secret) => secret,
        None => secrets::typed(&format!("password of {user} on {server}"), &wanted)?,
    };
    Ok(OnServer {
        server: server.to_owned(),
        source: arguments.source.clone().unwrap_or_default(),
        destination: arguments.destination.clone().unwrap_or_default(),
        user,
        secret,
        trust_certificate: arguments.trust_certificate,
        ca_file,
    })
}

/// Says how the making goes on.
fn told(is_server: bool) -> impl FnMut(Making<'_>) + Send {
    let mut waiting = None;
    move |making| match making {
        Making::UsedAgain { folder } => {
            show::say(&format!("the practice pair in {} is used again", folder.display()));
        }
        Making::Begun { side, place } => {
            let what = if is_server {
                format!("making the practice pair's {side} in {place}")
            } else {
                format!("making {place}")
            };
            show::say(&what);
            waiting = Some(show::Waiting::new("writing rows"));
        }
        Making::Made { rows, .. } => {
            drop(waiting.take());
            let rows = counted(rows, "row", "rows");
            show::say(&format!("  {rows} in the applications' tables"));
        }
    }
}
