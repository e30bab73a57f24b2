//! The step by its state alone: gate, fields, plan, plain mode; and it costs the same with ten
//! thousand entities as with three.

use std::sync::Arc;

use super::super::keys::Command;
use super::super::look::{Area, Canvas};
use super::super::message::{Answer, Effect, Fact};
use super::super::migration::Migration;
use super::super::running::Running;
use super::super::step::{AskKind, Event, Step as _};
use super::super::viewport::Size;
use super::fields::{
    BATCH, CONNECTIONS, FINDINGS, IDS, IMAGES, KEEP, MOST, PACE, PARALLEL, PERSONAL, READING,
    REPLACE, SOFT, number_in,
};
use super::{DEFAULTS, EXPORT, Options, Pane, reading};
use crate::compare::{Answers, Comparison, Finding, FindingKey, FindingKind, choice};
use crate::database::{Filter, OneInstant, TableName};
use crate::outsystems::invented::{InventedEntity, environment};
use crate::outsystems::{DataKind, Environment, Key, Side};
use crate::plan::{
    EntityPlan, ExistingPlan, IdentifierPlan, LinksPlan, Order, Plan, Refusal, RejectPolicy,
    Review, RunOptions, SourcePace, SourceReading, UserMask, review,
};
use crate::wizard::jobs::Purpose;

fn company() -> Environment {
    let entity = |name: &str, refers_to: &[usize]| InventedEntity {
        espace: 0,
        name: name.to_owned(),
        kind: DataKind::Entity,
        refers_to: refers_to.to_vec(),
    };
    environment(
        "prod",
        &[("Claims_CS".to_owned(), false)],
        &[("Claims".to_owned(), vec![0])],
        &[],
        &[entity("Policy", &[]), entity("Claim", &[0]), entity("ClaimLine", &[1])],
    )
}

/// A plan of so many entities, a hundred to a group.
fn plan_of(entities: usize) -> Arc<Plan> {
    let entity = |place: usize| EntityPlan {
        espace: Key::default(),
        entity: Key::new(&format!("entity-{place}")),
        name: format!("Claims_CS.Entity{place}"),
        reason: None,
        source_table: TableName::new("OSUSR_1"),
        destination_table: TableName::new("OSUSR_2"),
        identifier: IdentifierPlan::None,
        columns: Vec::new(),
        constants: Vec::new(),
        existing: ExistingPlan::Replace { filter: Filter::All, rows: 2, standing: 0 },
        uniques: Vec::new(),
        rows: crate::database::Filter::All,
        source_rows: 10,
        again: None,
    };
    let places: Vec<usize> = (0..entities).collect();
    Arc::new(Plan {
        name: "claims".to_owned(),
        espaces: Vec::new(),
        entities: places.iter().map(|place| entity(*place)).collect(),
        levels: places.chunks(100).map(<[usize]>::to_vec).collect(),
        outside: Vec::new(),
        deletions: places.clone(),
        cleared: Vec::new(),
        leaf_first: Vec::new(),
        lookups: Vec::new(),
        fixed: Vec::new(),
        tenants: Vec::new(),
        users: Vec::new(),
        groups: Vec::new(),
        links: LinksPlan::default(),
        user_columns: Vec::new(),
        user_mask: UserMask::ById,
        rejects_of: None,
        copies_passwords: false,
        events: Vec::new(),
        options: RunOptions::default(),
        decisions: Vec::new(),
        left_out: Vec::new(),
        fingerprint: "7c1f-09ab-0000-0000".to_owned(),
    })
}

/// What follows from the answers as they are comes in: a comparison without questions, then this.
fn survey(step: &mut Options, migration: &mut Migration, planned: Result<Arc<Plan>, Arc<Refusal>>) {
    migration.settle();
    let compared = Arc::new(Review {
        selection: review(
            &company(),
            &company(),
            &migration.plan.scope,
            &migration.plan.decisions,
            &Answers::default(),
        )
        .expect("a scope")
        .selection,
        comparison: Comparison::default(),
        order: Order::default(),
    });
    let job = migration.jobs.start(Purpose::Survey);
    for fact in [Fact::Surveyed(compared), Fact::Planned(planned)] {
        migration.learn(job, &fact);
        step.update(migration, Event::Fact(&fact));
    }
    migration.jobs.end(job);
    step.update(migration, Event::Ticked);
}

/// At the step, both sides read and compared, nothing chosen; the plan is refused.
fn at_options() -> (Options, Migration) {
    let mut migration = Migration::new(Size { width: 100, height: 30 });
    migration.plan.name = "claims".to_owned();
    migration.source.model = Some(Arc::new(company()));
    migration.destination.model = Some(Arc::new(company()));
    migration.plan.scope.applications.push("Claims".to_owned());
    migration.step_names = vec!["Connect", "Scope", "Mismatches", "Static", "Users", "Options"];
    let mut step = Options::default();
    step.enter(&mut migration);
    survey(&mut step, &mut migration, Err(Arc::new(Refusal::default())));
    (step, migration)
}

/// The same with rows chosen to be deleted and a plan made.
fn ready(entities: usize) -> (Options, Migration) {
    let (mut step, mut migration) = at_options();
    press(&mut step, &mut migration, Command::Toggle);
    survey(&mut step, &mut migration, Ok(plan_of(entities)));
    assert_eq!(reasons(&step, &migration), Vec::<String>::new());
    (step, migration)
}

fn press(step: &mut Options, migration: &mut Migration, command: Command) {
    step.update(migration, Event::Command(command));
}

/// Replaces what stands in a text field, the focus in it.
fn fill(step: &mut Options, migration: &mut Migration, name: &str, text: &str) {
    step.go_to_field(name);
    press(step, migration, Command::Last);
    press(step, migration, Command::EraseToStart);
    step.update(migration, Event::Pasted(text));
}

fn reasons(step: &Options, migration: &Migration) -> Vec<String> {
    step.gate(migration).into_iter().map(|reason| reason.text).collect()
}

fn focused(step: &Options) -> &'static str {
    step.form.focused().map_or("", |field| field.name)
}

fn screen(step: &Options, migration: &Migration, width: u16, height: u16) -> String {
    let area = Area::new(0, 0, width, height);
    let mut canvas = Canvas::empty(area);
    step.draw(migration, area, &mut canvas);
    let mut text = String::new();
    for y in 0..height {
        for x in 0..width {
            text.push_str(canvas[(x, y)].symbol());
        }
        text.push('\n');
    }
    text
}

#[test]
fn nothing_is_chosen_for_the_person() {
    let (mut step, mut migration) = at_options();
    assert_eq!(focused(&step), REPLACE);
    assert!(reasons(&step, &migration)[0].contains("deleted or kept"));
    assert_eq!(step.count(&migration), "1");
    press(&mut step, &mut migration, Command::Last);
    press(&mut step, &mut migration, Command::Down);
    assert_eq!((focused(&step), migration.plan.scope.replace), (KEEP, None), "arrows only move");
    step.go_to_first_reason(&mut migration);
    assert_eq!(focused(&step), REPLACE);
    press(&mut step, &mut migration, Command::Down);
    press(&mut step, &mut migration, Command::Toggle);
    assert_eq!(migration.plan.scope.replace, Some(false));
    press(&mut step, &mut migration, Command::Toggle);
    assert_eq!(migration.plan.scope.replace, Some(false), "a second time changes nothing");
    press(&mut step, &mut migration, Command::Up);
    press(&mut step, &mut migration, Command::Open);
    assert_eq!(migration.plan.scope.replace, Some(true));
}

#[test]
fn numbers_are_read_and_refused_with_a_reason() {
    for (name, most, best) in [(BATCH, "4,000", 4000), (PARALLEL, "16", 16)] {
        assert_eq!(number_in(name, &best.to_string()), Ok(best));
        assert_eq!(number_in(name, " 1 "), Ok(1));
        assert_eq!(number_in(name, "007"), Ok(7));
        let wrong = |text: &str| number_in(name, text).expect_err(text);
        assert_eq!(wrong(""), format!("missing, 1 to {most}"));
        assert_eq!(wrong("   "), format!("missing, 1 to {most}"));
        for text in ["0", "000"] {
            assert_eq!(wrong(text), format!("at least 1, 1 to {most}"));
        }
        for text in ["-1", "+2", "1.5", "2 0", "two", "²", "１２", ",", "1,2", ",1", "1e3"] {
            assert_eq!(wrong(text), format!("digits only, 1 to {most}"), "{text}");
        }
        for text in [(best + 1).to_string(), "9".repeat(10_000), u64::MAX.to_string()] {
            assert_eq!(wrong(&text), format!("{most} at most"));
        }
    }
    assert_eq!(number_in(BATCH, "2,000"), Ok(2000), "as numbers are shown elsewhere");
    assert!(number_in(BATCH, "20,00").is_err());
}

#[test]
fn a_number_counts_once_its_field_is_left() {
    let (mut step, mut migration) = ready(3);
    let options = |migration: &Migration| {
        (migration.plan.options.batch_rows, migration.plan.options.parallel_entities)
    };
    fill(&mut step, &mut migration, BATCH, "0500\n");
    assert_eq!(options(&migration), (2000, 4));
    press(&mut step, &mut migration, Command::NextField);
    assert_eq!(options(&migration), (500, 4));
    assert_eq!(step.form.value(BATCH), "500");
    fill(&mut step, &mut migration, PARALLEL, "8");
    // Ctrl+N without leaving the field first.
    step.leave(&mut migration);
    assert_eq!(options(&migration), (500, 8));
}

#[test]
fn a_wrong_number_is_named_kept_and_mended() {
    for text in ["", "0", "4001", "many", "5\n00", &"9".repeat(10_000)] {
        let (mut step, mut migration) = ready(3);
        fill(&mut step, &mut migration, BATCH, text);
        assert!(step.form.field(BATCH).expect("a field").error.is_none(), "not while it is typed");
        press(&mut step, &mut migration, Command::NextField);
        assert_eq!(focused(&step), PARALLEL);
        assert!(step.form.field(BATCH).expect("a field").error.is_some(), "{text:.10}");
        assert_eq!(migration.plan.options.batch_rows, 2000, "{text:.10}");
        let said = reasons(&step, &migration);
        assert!(said.len() == 1 && said[0].starts_with("batch size: "), "{said:?}");
        assert!(said[0].len() < 100, "what was typed is not repeated");
        screen(&step, &migration, 78, 20);
        // Back is never refused, and what was typed is there again.
        step.leave(&mut migration);
        step.enter(&mut migration);
        assert_eq!(reasons(&step, &migration), said);
        step.go_to_first_reason(&mut migration);
        assert_eq!(focused(&step), BATCH);
        fill(&mut step, &mut migration, BATCH, "12");
        assert!(step.form.field(BATCH).expect("a field").error.is_none(), "it goes at once");
        press(&mut step, &mut migration, Command::Open);
        assert_eq!(migration.plan.options.batch_rows, 12);
    }
}

#[test]
fn only_what_runs_is_offered_for_reading() {
    let (mut step, mut migration) = ready(3);
    step.go_to_field(READING);
    let mut seen = Vec::new();
    for _ in 0..3 {
        press(&mut step, &mut migration, Command::Toggle);
        seen.push(migration.plan.options.source_reading);
    }
    assert_eq!(seen, [SourceReading::HighWater, SourceReading::Frozen, SourceReading::Auto]);
    // A plan file may bring what does not run.
    migration.set_options(|options| options.source_reading = SourceReading::Snapshot);
    step.enter(&mut migration);
    assert!(reasons(&step, &migration)[0].contains("does not allow snapshot isolation"));
    step.go_to_first_reason(&mut migration);
    assert_eq!(focused(&step), READING);
    press(&mut step, &mut migration, Command::Right);
    assert_ne!(migration.plan.options.source_reading, SourceReading::Snapshot);
    assert!(!reasons(&step, &migration)[0].contains("reading"), "{:?}", reasons(&step, &migration));
}

#[test]
fn what_auto_comes_to_follows_from_the_source() {
    let (mut step, mut migration) = ready(3);
    for (instant, label) in [
        (OneInstant::Denied, "auto: high-water"),
        (OneInstant::Blocking, "auto: high-water"),
        (OneInstant::Allowed, "auto: snapshot"),
        (OneInstant::Standing, "auto: snapshot"),
    ] {
        let model = migration.side_mut(Side::Source).model.as_mut().expect("a model");
        Arc::make_mut(model).facts.capabilities.instant = instant;
        step.enter(&mut migration);
        assert!(screen(&step, &migration, 120, 40).contains(label), "{instant:?}");
        let is_offered = reading::offered(&migration).contains(&SourceReading::Snapshot);
        assert_eq!(is_offered, instant != OneInstant::Denied, "{instant:?}");
        let why = reading::explained(&migration, SourceReading::Auto);
        assert!(why.starts_with(label) && why.contains("because"), "{why}");
    }
    migration.set_options(|options| options.source_reading = SourceReading::Snapshot);
    step.enter(&mut migration);
    assert!(reasons(&step, &migration).iter().all(|reason| !reason.contains("reading")));
}

#[test]
fn defaults_leave_the_choice_about_rows_alone() {
    let (mut step, mut migration) = ready(3);
    fill(&mut step, &mut migration, BATCH, "7");
    fill(&mut step, &mut migration, PARALLEL, "x");
    step.leave(&mut migration);
    step.go_to_field(READING);
    press(&mut step, &mut migration, Command::Toggle);
    press(&mut step, &mut migration, Command::Own(DEFAULTS));
    assert_eq!(migration.plan.options, RunOptions::default());
    assert_eq!((step.form.value(BATCH), step.form.value(PARALLEL)), ("2000", "4"));
    assert!(step.form.fields.iter().all(|field| field.error.is_none()));
    assert_eq!(migration.plan.scope.replace, Some(true));
}

#[test]
fn the_plan_file_is_exported() {
    let (mut step, mut migration) = ready(3);
    migration.orders.clear();
    press(&mut step, &mut migration, Command::Own(EXPORT));
    assert!(matches!(&migration.orders[..], [Effect::Export(_, plan)] if *plan == migration.plan));
}

#[test]
fn once_a_run_was_started_it_is_read_only() {
    let (mut step, mut migration) = ready(3);
    migration.run = Some(Running::new(migration.now.clone()));
    let before = migration.plan.clone();
    step.enter(&mut migration);
    for name in [REPLACE, KEEP, READING, BATCH, PARALLEL] {
        step.go_to_field(name);
        assert!(!step.in_text(&migration));
        step.update(&mut migration, Event::Typed('1'));
        step.update(&mut migration, Event::Pasted("1"));
        for command in [Command::Toggle, Command::Open, Command::Right, Command::Own(DEFAULTS)] {
            press(&mut step, &mut migration, command);
        }
    }
    step.update(&mut migration, Event::Answered(Answer::Chosen(1)));
    step.leave(&mut migration);
    assert_eq!(migration.plan, before);
    assert!(migration.said.clone().expect("a sentence").contains("not changed"));
    assert!(step.notice(&migration).expect("a notice").text.contains("not changed"));
    assert_eq!(reasons(&step, &migration), Vec::<String>::new());
    assert!(step.ask(&migration).is_none());
    // The plan can still be looked at.
    step.go_to_field(FINDINGS);
    press(&mut step, &mut migration, Command::NextField);
    press(&mut step, &mut migration, Command::Open);
    assert_eq!(step.pane, Pane::WholePlan);
}

#[test]
fn the_old_plan_stays_while_the_new_one_is_made() {
    let (mut step, mut migration) = ready(3);
    step.go_to_field(READING);
    press(&mut step, &mut migration, Command::Toggle);
    assert!(migration.built.is_none());
    let shown = screen(&step, &migration, 78, 20);
    assert!(shown.contains("updating") && shown.contains("Entity2"), "{shown}");
    assert_eq!(reasons(&step, &migration), ["the plan is still being made"]);
    survey(&mut step, &mut migration, Ok(plan_of(4)));
    let shown = screen(&step, &migration, 78, 20);
    assert!(!shown.contains("updating") && shown.contains("Entity3"), "{shown}");
    survey(&mut step, &mut migration, Err(Arc::new(Refusal::default())));
    assert!(step.picture.is_none(), "a plan that was refused is not the old one");
}

#[test]
fn why_there_is_no_plan_is_said_with_the_way() {
    let (mut step, mut migration) = ready(3);
    let finding =
        |kind| Finding::decide(FindingKey::new(kind), "a", "b", "c", Vec::new(), choice::STOP);
    let undecided = [FindingKind::TextTooLong, FindingKind::TextTooLong, FindingKind::UserMissing];
    let refusal = Refusal { undecided: undecided.map(finding).to_vec(), ..Refusal::default() };
    survey(&mut step, &mut migration, Err(Arc::new(refusal)));
    let wanted = "2 findings on Mismatches (press 3) and 1 on Users (press 5)";
    assert!(step.no_plan(&migration).contains(wanted), "{}", step.no_plan(&migration));
    assert_eq!(reasons(&step, &migration), [format!("the plan waits for {wanted}")]);
    step.go_to_first_reason(&mut migration);
    assert_eq!(step.pane, Pane::Plan);
    let wrong = Refusal { wrong: vec!["nobody fits".to_owned()], ..Refusal::default() };
    survey(&mut step, &mut migration, Err(Arc::new(wrong)));
    assert_eq!(step.no_plan(&migration), "There is no plan: nobody fits.");
    assert_eq!(reasons(&step, &migration), ["there is no plan: nobody fits"]);
    // Nothing compared: says that, not more.
    migration.review = None;
    migration.source.model = None;
    step.enter(&mut migration);
    assert_eq!(reasons(&step, &migration).len(), 1);
    assert!(step.no_plan(&migration).contains("press 1"), "{}", step.no_plan(&migration));
}

#[test]
fn how_gently_the_source_is_read_is_chosen_and_explained() {
    let (mut step, mut migration) = ready(3);
    step.go_to_field(PACE);
    assert!(screen(&step, &migration, 78, 30).contains("gentle: "), "no word");
    for (command, pace) in [
        (Command::Right, SourcePace::Half),
        (Command::Right, SourcePace::Quarter),
        (Command::Left, SourcePace::Half),
        (Command::Left, SourcePace::Gentle),
        (Command::Left, SourcePace::Full),
    ] {
        press(&mut step, &mut migration, command);
        assert_eq!(migration.plan.options.source_pace, pace);
    }
    assert!(screen(&step, &migration, 78, 30).contains("however slow"), "no word");
    step.go_to_field(CONNECTIONS);
    fill(&mut step, &mut migration, CONNECTIONS, "3");
    press(&mut step, &mut migration, Command::NextField);
    assert_eq!(migration.plan.options.source_connections, 3);
    let summary = step.summary(&migration);
    assert!(summary[0].1.contains("pace full, 3 at once"), "{summary:?}");
    press(&mut step, &mut migration, Command::Own(super::DEFAULTS));
    assert_eq!(migration.plan.options.source_pace, SourcePace::Gentle);
    assert_eq!(migration.plan.options.source_connections, 1);
}

#[test]
fn who_gives_new_ids_is_chosen_and_explained() {
    let (mut step, mut migration) = ready(3);
    step.go_to_field(IDS);
    assert!(screen(&step, &migration, 78, 30).contains("gives each row its id"), "no word");
    assert!(!step.summary(&migration)[0].1.contains("new ids"));
    press(&mut step, &mut migration, Command::Right);
    assert!(migration.plan.options.identity_ranges);
    let shown = screen(&step, &migration, 78, 30);
    assert!(shown.contains("reserved ahead") && shown.contains("db_ddladmin"), "{shown}");
    let summary = step.summary(&migration);
    assert!(summary[0].1.contains("new ids reserved ahead"), "{summary:?}");
    press(&mut step, &mut migration, Command::Own(super::DEFAULTS));
    assert!(!migration.plan.options.identity_ranges);
}

#[test]
fn tab_goes_through_fields_and_plan_and_round() {
    let (mut step, mut migration) = ready(3);
    let mut seen = Vec::new();
    step.go_to_field(REPLACE);
    for _ in 0..14 {
        seen.push(if step.pane == Pane::Plan { "plan" } else { focused(&step) });
        press(&mut step, &mut migration, Command::NextField);
    }
    let fields = [
        REPLACE,
        KEEP,
        IMAGES,
        READING,
        PACE,
        CONNECTIONS,
        BATCH,
        PARALLEL,
        IDS,
        MOST,
        PERSONAL,
        SOFT,
    ];
    assert_eq!(seen, [&fields[..], &[FINDINGS, "plan"]].concat());
    assert_eq!(focused(&step), REPLACE);
    press(&mut step, &mut migration, Command::PreviousField);
    assert_eq!(step.pane, Pane::Plan);
    press(&mut step, &mut migration, Command::PreviousField);
    assert_eq!(focused(&step), FINDINGS);
    press(&mut step, &mut migration, Command::Open);
    assert_eq!(step.pane, Pane::Findings);
    press(&mut step, &mut migration, Command::Close);
    assert_eq!((step.pane, focused(&step)), (Pane::Form, FINDINGS));
    // Away from the fields digits lead to steps.
    step.go_to_field(BATCH);
    assert!(step.in_text(&migration));
    press(&mut step, &mut migration, Command::Close);
    assert!(!step.in_text(&migration));
}

#[test]
fn ten_thousand_entities_are_drawn_as_three_are() {
    let (mut step, mut migration) = ready(10_000);
    step.form.has_focus = false;
    step.pane = Pane::Plan;
    let shown = screen(&step, &migration, 78, 20);
    assert!(shown.contains("100 groups") && shown.contains("Entity0 "), "{shown}");
    assert!(shown.contains("100,000") && shown.contains("20,000"), "{shown}");
    press(&mut step, &mut migration, Command::Last);
    assert_eq!(step.plan_list.selected, 9_999);
    let shown = screen(&step, &migration, 78, 20);
    assert!(shown.contains("Entity9999") && shown.contains(" above"), "{shown}");
    press(&mut step, &mut migration, Command::Open);
    let shown = screen(&step, &migration, 78, 20);
    assert!(shown.contains("Entity9999") && !shown.contains("Entity9900"), "{shown}");
    let picture = step.picture.as_ref().expect("a plan");
    assert_eq!(picture.rows_from(9_998), 20);
    assert_eq!(picture.rows_from(20_000), 0);
    assert!(picture.line(10_000, true).is_none());
    assert!(picture.words(20).len() < 30, "plain mode reads a few out");
}

#[test]
fn it_is_drawn_in_whatever_room_there_is() {
    for entities in [0, 1, 200] {
        let (mut step, mut migration) = ready(entities);
        fill(&mut step, &mut migration, BATCH, &"9".repeat(10_000));
        press(&mut step, &mut migration, Command::NextField);
        for window in [(60, 18), (80, 24), (100, 30), (300, 100)] {
            migration.size = Size { width: window.0, height: window.1 };
            for pane in [Pane::Form, Pane::Plan, Pane::WholePlan, Pane::Findings] {
                step.pane = pane;
                for (width, height) in [(0, 0), (1, 1), (19, 3), (20, 1), (30, 2), (58, 9), (78, 5)]
                {
                    screen(&step, &migration, width, height);
                }
                for command in [Command::PageDown, Command::Last, Command::PageUp] {
                    step.pane = pane;
                    press(&mut step, &mut migration, command);
                }
            }
        }
    }
}

#[test]
fn plain_mode_asks_for_everything() {
    let (mut step, mut migration) = at_options();
    let answer = |step: &mut Options, migration: &mut Migration, answer| {
        step.update(migration, Event::Answered(answer));
        survey(step, migration, Ok(plan_of(30)));
    };
    let text = |step: &Options, migration: &Migration| {
        let ask = step.ask(migration).expect("a question");
        let kind = match ask.kind {
            AskKind::Choice(choices) => choices.join(" | "),
            AskKind::Text { label, current } => format!("{label}: {current}"),
            other => format!("{other:?}"),
        };
        format!("{} {kind}", ask.text.join(" "))
    };
    assert!(text(&step, &migration).contains("What becomes of the rows"));
    answer(&mut step, &mut migration, Answer::Chosen(1));
    assert_eq!(migration.plan.scope.replace, Some(false));
    assert!(text(&step, &migration).contains("go on with these"));
    answer(&mut step, &mut migration, Answer::Chosen(1));
    answer(&mut step, &mut migration, Answer::Chosen(0));
    assert_eq!(migration.plan.scope.replace, Some(true));
    assert!(text(&step, &migration).contains("kept as they were before they are deleted?"));
    answer(&mut step, &mut migration, Answer::Chosen(1));
    assert!(!migration.plan.options.keep_before_images);
    assert!(text(&step, &migration).contains("Deleted rows are not kept"));
    answer(&mut step, &mut migration, Answer::Chosen(2));
    assert!(text(&step, &migration).contains("How is the source read?"));
    answer(&mut step, &mut migration, Answer::Chosen(2));
    assert_eq!(migration.plan.options.source_reading, SourceReading::Frozen);
    assert!(text(&step, &migration).contains("How gently is the source read?"));
    answer(&mut step, &mut migration, Answer::Chosen(2));
    assert_eq!(migration.plan.options.source_pace, SourcePace::Half);
    assert!(text(&step, &migration).ends_with("Reading at once: 1"));
    answer(&mut step, &mut migration, Answer::Text("17".to_owned()));
    assert!(migration.said.clone().expect("why").contains("16 at most"));
    answer(&mut step, &mut migration, Answer::Text("2".to_owned()));
    assert_eq!(migration.plan.options.source_connections, 2);
    assert!(text(&step, &migration).ends_with("Batch size: 2000"));
    answer(&mut step, &mut migration, Answer::Text("4001".to_owned()));
    assert!(migration.said.clone().expect("why").contains("4,000 at most"));
    assert!(text(&step, &migration).ends_with("Batch size: 2000"), "asked again");
    answer(&mut step, &mut migration, Answer::Text("100".to_owned()));
    answer(&mut step, &mut migration, Answer::Text("2".to_owned()));
    assert_eq!(migration.plan.options.batch_rows, 100);
    assert_eq!(migration.plan.options.parallel_entities, 2);
    assert!(text(&step, &migration).contains("Who gives new ids?"));
    answer(&mut step, &mut migration, Answer::Chosen(1));
    assert!(migration.plan.options.identity_ranges);
    assert!(text(&step, &migration).ends_with("Refused at most: any"));
    answer(&mut step, &mut migration, Answer::Text("0".to_owned()));
    assert_eq!(migration.plan.options.rejects, RejectPolicy::Stop);
    assert!(text(&step, &migration).contains("It stops at the first refused row."));
    assert!(text(&step, &migration).contains("New ids reserved ahead."));
    answer(&mut step, &mut migration, Answer::Chosen(0));
    let plan = text(&step, &migration);
    assert!(
        plan.contains("Group 1, with rows: Claims_CS.Entity0 10, ") && plan.contains("10 more")
    );
    migration.orders.clear();
    step.update(&mut migration, Event::Answered(Answer::Chosen(2)));
    assert!(matches!(&migration.orders[..], [Effect::Export(..)]));
    answer(&mut step, &mut migration, Answer::Chosen(0));
    assert!(step.ask(&migration).is_none());
    assert_eq!(reasons(&step, &migration), Vec::<String>::new());
}

#[test]
fn plain_mode_says_why_there_is_no_plan() {
    let (mut step, mut migration) = at_options();
    step.update(&mut migration, Event::Answered(Answer::Chosen(0)));
    assert!(matches!(step.ask(&migration).expect("it waits").kind, AskKind::Wait));
    survey(&mut step, &mut migration, Err(Arc::new(Refusal::default())));
    step.update(&mut migration, Event::Answered(Answer::Chosen(0)));
    let ask = step.ask(&migration).expect("a question");
    assert!(ask.text[0].contains("no plan"), "{ask:?}");
    step.update(&mut migration, Event::Answered(Answer::Chosen(1)));
    assert!(step.ask(&migration).expect("a question").text[0].contains("deleted first"));
}
