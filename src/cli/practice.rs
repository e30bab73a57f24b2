//! `osferry practice`: the practice pair, made and migrated.

use std::path::Path;

use super::ending::{Exit, Trouble};
use super::road::Saved;
use super::{PracticeArguments, run, secrets, show, wizard};
use crate::front::Home;
use crate::front::practice::{self, Making, OnServer};
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
    let opens_wizard =
        !arguments.unattended && !arguments.make_only && (wishes.plain || terminal::has_terminal());
    if opens_wizard && arguments.sqlserver.is_none() {
        let begin =
            Begin::Practice { folder: arguments.dir, rows: arguments.rows, fresh: arguments.fresh };
        return wizard::open(home, begin, wishes).await;
    }
    let folder = arguments.dir.clone().unwrap_or_else(|| home.practice());
    let folder = practice::make_folder(&folder)?;
    let options = PracticeOptions { rows: arguments.rows };
    let pair = if let Some(server) = &arguments.sqlserver {
        let there = on_server(server, &arguments)?;
        practice::make_on_server(&there, &folder, options, told(true)).await?
    } else {
        practice::make_files(&folder, options, arguments.fresh, told(false)).await?
    };
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
