//! The way through a migration of the practice pair, for whoever wants to see one of its screens.

use std::time::Duration;

use osferry::compare::{Finding, FindingKind, choice};
use osferry::migrate::{Basis, EntityState, Forecast, Phase, Progress};
use osferry::plan::Span;
use osferry::wizard::message::{Effect, Fact, Message, Now};
use osferry::wizard::steps;

use super::driver::{Driver, decided_in, sample};

/// Opens the plan that lies beside the pair: every decision that is nobody's but a person's is
/// made in it.
pub fn open_sample_plan(driver: &mut Driver) {
    let plan = driver.pair().join("practice.toml");
    driver.press("Home Down Down Enter");
    driver.type_in(&plan.display().to_string());
    driver.press("Enter");
    driver.shows("PRACTICE");
}

/// On to a step; what is open on the way is decided as recommended.
pub fn go_to(driver: &mut Driver, name: &str) {
    for _ in 0..20 {
        if driver.step() == name {
            return;
        }
        let before = driver.step();
        driver.press("Ctrl+N");
        if driver.step() == before {
            decide_the_rest(driver);
        }
    }
    panic!("there is no way to {name}:\n{}", driver.screen());
}

/// Decides what is open as recommended, and where that is to stop or wants a key of masks, as the
/// plan beside the pair.
pub fn decide_the_rest(driver: &mut Driver) {
    let migration = &mut driver.model.migration;
    let open: Vec<Finding> =
        migration.findings().iter().filter(|finding| migration.is_open(finding)).cloned().collect();
    let sample = sample(&driver.pair());
    let migration = &mut driver.model.migration;
    for finding in &open {
        let stops = finding.recommended == Some(choice::STOP)
            || finding.key.kind == FindingKind::PersonalData;
        match (decided_in(&sample, finding).filter(|_| stops), finding.recommended) {
            (Some((choice, to)), _) => migration.decide(finding, choice, to),
            (None, Some(choice)) => migration.decide(finding, choice, None),
            (None, None) => {}
        }
    }
    driver.send(time(0));
    driver.settle();
}

/// Accepts the warnings, types the name, presses Start.
pub fn start(driver: &mut Driver) {
    for _ in 0..20 {
        if driver.held.is_some() {
            return;
        }
        driver.press("Ctrl+N");
        if driver.model.in_text() {
            driver.type_in("dev");
            driver.press("Enter Enter");
        } else {
            driver.press("Space");
        }
    }
    panic!("the run does not start:\n{}", driver.screen());
}

/// When the run starts.
const START: u64 = 14 * 3600 + 13 * 60 + 28;

pub fn time(quarters: u64) -> Message {
    let at = START + quarters / 4;
    Message::Time(Now {
        day: "2026-02-03".to_owned(),
        clock: format!("{:02}:{:02}:{:02}", at / 3600, at / 60 % 60, at % 60),
        since_start: Duration::from_secs(700) + Duration::from_millis(250) * quarters as u32,
    })
}

/// A run as a server of some distance would have it, up to a little less than its half.
pub fn course(driver: &mut Driver) {
    let Some(Effect::Run { job, .. }) = driver.held else { panic!("no run waits") };
    let plan = driver.model.migration.built.clone().expect("a plan");
    let mut progress = Progress::new(&plan);
    progress.phase = Phase::Loading;
    for quarter in 0.. {
        let (read, total) = progress.totals();
        if read * 100 >= total * 43 {
            break;
        }
        let mut sessions = 4;
        for (place, entity) in progress.entities.iter_mut().enumerate() {
            if sessions == 0 || entity.state == EntityState::Done {
                continue;
            }
            sessions -= 1;
            entity.state = EntityState::Writing;
            let pace = 90 + place as u64 * 17 % 71 + quarter * 13 % 37;
            entity.read = (entity.read + pace).min(entity.total);
            entity.written = entity.read;
            if entity.read == entity.total {
                entity.state = EntityState::Done;
            }
        }
        driver.send(time(quarter));
        driver.send(Message::Reported { job, fact: Fact::Progressed(progress.clone()) });
    }
}

/// Gives what the run itself has dated times that stay, and places that are nobody's.
pub fn settle_times(driver: &mut Driver) {
    let place = driver.model.place_of("Report").expect("a report");
    driver.press("Ctrl+P");
    let migration = &mut driver.model.migration;
    let reported = migration.report.as_mut().expect("a report");
    reported.report.id = "260203-141328-d67a".to_owned();
    reported.report.started = "2026-02-03 14:13:28+00:00".to_owned();
    let ended = "2026-02-03 14:13:52+00:00".to_owned();
    if let (Some(since), Some(real)) = (&mut reported.report.since_proof, &reported.report.ended) {
        *since = since.replace(real, &ended);
    }
    reported.report.ended = Some(ended);
    reported.report.forecast = reported.report.forecast.take().map(|forecast| Forecast {
        basis: Basis::Bounds,
        writing: Span::new(5_000, 60_000),
        proof: Span::new(1_000, 20_000),
        ..forecast
    });
    if let Some(fact) = &mut reported.report.fact {
        fact.writing = 18;
        fact.proof = fact.proof.map(|(_, rows)| (5, rows));
    }
    reported.folder = format!("/home/dba/.local/share/osferry/runs/{}", reported.report.id).into();
    if let Some(run) = &mut migration.run {
        run.id.clone_from(&reported.report.id);
    }
    driver.model.steps[place] = steps::all().remove(place);
    driver.press("Ctrl+N");
}
