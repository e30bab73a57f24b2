//! A run that waits for somebody to see to something.

use std::path::Path;
use std::sync::Arc;

use osferry::database::{FaultKind, open_destination};
use osferry::front::{Home, Ready, carry_out, open};
use osferry::migrate::{Command, Controller, Progress};
use osferry::outsystems::Side;
use osferry::report::Verdict;
use osferry::wizard::jobs::JobId;
use osferry::wizard::keys::Key;
use osferry::wizard::{Effect, Fact, Message, update};
use tokio::runtime::Runtime;
use tokio::sync::watch;

use super::driver::{Driver, LARGE, MEDIUM, SMALL};
use super::road::{go_to, open_sample_plan, start};
use crate::support::breaking::{At, Break, Breaking, Breaks, How, Moment};

/// A run that was started and waits to be carried out.
pub(super) fn held() -> (Driver, JobId) {
    let mut driver = Driver::new(LARGE);
    driver.holds_run = true;
    open_sample_plan(&mut driver);
    go_to(&mut driver, "Review");
    start(&mut driver);
    let Some(Effect::Run { job, .. }) = driver.held else { panic!("no run waits") };
    (driver, job)
}

#[test]
fn a_full_log_waits_for_the_person_who_has_made_room() {
    let (mut driver, job) = held();
    let runtime = Runtime::new().expect("a runtime");
    let full = Break {
        at: At::Of("commit", 2),
        moment: Moment::Before,
        how: How::Answer(FaultKind::Full),
    };
    let breaks = Breaks::new(vec![full], None);
    let ready = runtime.block_on(ready(&driver, &breaks));
    let home = Home::at(driver.home());
    let (controller, control) = Controller::attended();
    let (sender, mut newest) = watch::channel(Progress::new(&ready.plan));
    let running =
        runtime.spawn(async move { carry_out(&home, &ready, control, sender, |_| {}).await });

    let held = runtime.block_on(async {
        newest.wait_for(|progress| progress.held.is_some()).await.expect("it waits").clone()
    });
    assert!(breaks.hit());
    driver.send(Message::Reported { job, fact: Fact::Progressed(held) });
    for size in [LARGE, MEDIUM, SMALL] {
        driver.send(Message::Resized(size));
        driver.shows("Waiting for you: ");
        driver.shows("[ Go on  p ]");
    }
    let effects = update(&mut driver.model, Message::Key(Key::Char('p')));
    assert!(effects.contains(&Effect::Tell(Command::Run)), "{effects:?}");
    driver.shows("[ Pause  p ]");

    controller.say(Command::Run);
    let carried = runtime.block_on(running).expect("no panic").expect("it is carried out");
    let verdict = carried.report.expect("a report").verdict();
    assert!(matches!(verdict, Verdict::Proved | Verdict::ProvedWithRejects), "{verdict:?}");
    assert_eq!(newest.borrow().held, None);
}

/// What the driver's run needs, with a destination that breaks.
pub(super) async fn ready(driver: &Driver, breaks: &Arc<Breaks>) -> Ready {
    let migration = &driver.model.migration;
    let connection = |side| migration.endpoint(side).connection(Path::new(""), None);
    let there = open_destination(&connection(Side::Destination)).await.expect("the destination");
    let (source_model, destination_model) = migration.models().expect("both models");
    Ready {
        plan: migration.built.clone().expect("a plan"),
        source: open::to_read(Side::Source, &connection(Side::Source)).await.expect("the source"),
        destination: Arc::new(Breaking::new(there, breaks)),
        source_model: Arc::clone(source_model),
        destination_model: Arc::clone(destination_model),
        plan_file: "draft".to_owned(),
        plan_text: migration.plan.to_text(),
        folder: driver.pair(),
        confirmed: "dev".to_owned(),
        mask_key: None,
    }
}
