//! How gently the source is read, chosen while a run goes on.

use osferry::front::{Home, carry_out};
use osferry::migrate::{Controller, Progress};
use osferry::plan::SourcePace;
use osferry::wizard::keys::Key;
use osferry::wizard::{Effect, Fact, Message, update};
use tokio::runtime::Runtime;
use tokio::sync::watch;

use super::driver::{Driver, LARGE, MEDIUM, SMALL};
use super::hold::{held, ready};
use crate::support::breaking::Breaks;

fn paces(driver: &mut Driver, key: char) -> Vec<SourcePace> {
    let effects = update(&mut driver.model, Message::Key(Key::Char(key)));
    let pace = |effect| match effect {
        Effect::Pace(pace) => Some(pace),
        _ => None,
    };
    effects.into_iter().filter_map(pace).collect()
}

fn shows_everywhere(driver: &mut Driver, wanted: &str) {
    for size in [LARGE, MEDIUM, SMALL] {
        driver.send(Message::Resized(size));
        driver.shows(wanted);
    }
}

#[test]
fn two_keys_go_through_the_paces_and_the_screen_says_which() {
    let (mut driver, job) = held();
    let plan = driver.model.migration.built.clone().expect("a plan");
    let mut progress = Progress::new(&plan);
    driver.send(Message::Reported { job, fact: Fact::Progressed(progress.clone()) });
    driver.send(Message::Resized(LARGE));
    driver.shows("- gentler  + faster");
    assert!(!driver.screen().contains("he source is read"), "{}", driver.screen());

    assert_eq!(paces(&mut driver, '-'), [SourcePace::Half]);
    shows_everywhere(&mut driver, "The source is read at most half of the time");
    // The run has not said so yet; the next step is from what was chosen all the same.
    assert_eq!(paces(&mut driver, '-'), [SourcePace::Quarter]);
    assert_eq!(paces(&mut driver, '-'), [SourcePace::Rest]);
    assert_eq!(paces(&mut driver, '-'), [], "it cannot be read less than not at all");
    shows_everywhere(&mut driver, "The source rests: nothing is read until you say so");
    for pace in [SourcePace::Quarter, SourcePace::Half, SourcePace::Gentle, SourcePace::Full] {
        assert_eq!(paces(&mut driver, '+'), [pace]);
    }
    assert_eq!(paces(&mut driver, '+'), []);
    shows_everywhere(&mut driver, "The source is read as fast as it answers");
    assert_eq!(paces(&mut driver, '-'), [SourcePace::Gentle]);

    // What the governor has made of the source's answers, with its reason.
    let line = "reading half of the time: the source takes 840 ms a page, 120 ms before";
    progress.pacing.hindered = Some(line.to_owned());
    progress.pacing.said = "reading slower: the source answers in 840 ms".to_owned();
    driver.send(Message::Reported { job, fact: Fact::Progressed(progress.clone()) });
    shows_everywhere(&mut driver, "Reading half of the time: the source takes 840 ms a page");
    driver.send(Message::Resized(LARGE));
    driver.shows("120 ms before");
    driver.shows("reading slower: the source answers in 840 ms");
    progress.pacing.hindered = None;
    driver.send(Message::Reported { job, fact: Fact::Progressed(progress) });
    assert!(!driver.screen().contains("Reading half of the time"), "{}", driver.screen());
}

#[test]
fn what_is_chosen_counts_for_the_run_and_its_proof_and_is_in_the_report() {
    let (driver, _) = held();
    let runtime = Runtime::new().expect("a runtime");
    let ready = runtime.block_on(ready(&driver, &Breaks::new(Vec::new(), None)));
    let home = Home::at(driver.home());
    let (controller, control) = Controller::attended();
    controller.choose(SourcePace::Rest);
    let (sender, mut newest) = watch::channel(Progress::new(&ready.plan));
    let running =
        runtime.spawn(async move { carry_out(&home, &ready, control, sender, |_| {}).await });
    runtime.block_on(async {
        let rests = |progress: &Progress| progress.pacing.pace == SourcePace::Rest;
        newest.wait_for(rests).await.expect("it rests");
        controller.choose(SourcePace::Quarter);
    });
    let carried = runtime.block_on(running).expect("no panic").expect("it is carried out");
    assert_eq!(newest.borrow().pacing.pace, SourcePace::Quarter, "the proof reads so as well");
    assert!(carried.trouble.is_none(), "{:?}", carried.trouble);
    let report = carried.report.expect("a report");
    let story: Vec<&str> = report.events.iter().map(|event| event.text.as_str()).collect();
    for words in ["not at all", "at most a quarter of the time"] {
        let start = format!("the source is to be read {words}");
        assert_eq!(story.iter().filter(|line| line.starts_with(&start)).count(), 1, "{story:#?}");
    }
    assert!(report.to_markdown().contains("at most a quarter of the time"));
}
