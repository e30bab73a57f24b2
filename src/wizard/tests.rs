//! What holds for all steps together: a key costs the same however long the lists are.

use std::sync::Arc;

use super::keys::Key;
use super::look::{Area, Canvas};
use super::message::{Fact, Message};
use super::step::Event;
use super::viewport::Size;
use super::{Model, Screen, draw, update};
use crate::compare::{Answers, Choice, Finding, FindingKey, FindingKind, choice};
use crate::outsystems::invented::{InventedEntity, environment};
use crate::outsystems::{DataKind, Key as SsKey};
use crate::plan::{Decision, Decisions, ScopeRequest, review};

const SIZE: Size = Size { width: 100, height: 30 };

/// On Mismatches, with so many findings there and as many on Users.
fn on_mismatches(findings: usize) -> Model {
    let entity = InventedEntity {
        espace: 0,
        name: "Claim".to_owned(),
        kind: DataKind::Entity,
        refers_to: Vec::new(),
    };
    let espaces = [("Claims_CS".to_owned(), false)];
    let side = environment("prod", &espaces, &[], &[], &[entity]);
    let scope = ScopeRequest { espaces: vec!["Claims_CS".to_owned()], ..ScopeRequest::default() };
    let reviewed = review(&side, &side, &scope, &Decisions::default(), &Answers::default());
    let mut reviewed = reviewed.expect("a review");
    for kind in [FindingKind::TextTooLong, FindingKind::UserMissing] {
        for place in 0..findings {
            let name = SsKey::new(&format!("key{place}"));
            let key = FindingKey { attribute: name.clone(), user: name, ..FindingKey::new(kind) };
            reviewed.comparison.findings.push(Finding::decide(
                key,
                format!("Claims_CS.Claim.Attribute{place}"),
                "what is so",
                "why",
                vec![Choice::new(choice::REJECT, "leave out"), Choice::new(choice::STOP, "stop")],
                choice::REJECT,
            ));
        }
    }
    let mut model = Model::new(SIZE);
    model.migration.source.model = Some(Arc::new(side.clone()));
    model.migration.destination.model = Some(Arc::new(side));
    model.migration.plan.scope = scope;
    let reviewed = Arc::new(reviewed);
    model.migration.review = Some(Arc::clone(&reviewed));
    for step in &mut model.steps {
        step.update(&mut model.migration, Event::Fact(&Fact::Surveyed(Arc::clone(&reviewed))));
    }
    model.reached = 6;
    model.screen = Screen::Step(0);
    press(&mut model, Key::Char('3'));
    model
}

fn press(model: &mut Model, key: Key) {
    update(model, Message::Key(key));
    let mut canvas = Canvas::empty(Area::new(0, 0, SIZE.width, SIZE.height));
    draw(model, &mut canvas);
}

/// While the comparison that a decision orders is under way, no step may read all findings anew
/// for every key and every frame: each answers from what it worked out once.
#[test]
fn after_a_decision_keys_do_not_read_all_findings_again() {
    let mut model = on_mismatches(3);
    press(&mut model, Key::Char(' '));
    assert_eq!(model.migration.plan.decisions.all().len(), 1);
    let open = |model: &Model| {
        let users = &model.steps[model.place_of("Users").expect("a step")];
        users.gate(&model.migration).first().map(ToString::to_string).unwrap_or_default()
    };
    assert!(open(&model).contains("3 findings"), "{}", open(&model));
    // Put there behind the steps' backs: who reads the decisions anew sees them.
    let review = model.migration.review.clone().expect("a review");
    for finding in &review.comparison.findings {
        model.migration.plan.decisions.put(Decision {
            key: finding.key.clone(),
            about: finding.about.clone(),
            choice: choice::REJECT.to_owned(),
            to: None,
        });
    }
    press(&mut model, Key::Down);
    assert!(open(&model).contains("3 findings"), "{}", open(&model));
}

#[test]
fn what_a_step_is_for_fits_the_line() {
    let model = on_mismatches(1);
    for size in [Size { width: 80, height: 24 }, SIZE] {
        for step in &model.steps {
            let purpose = step.purpose(&model.migration);
            let room = usize::from(size.body(1).width);
            assert!(super::look::text_width(&purpose) <= room, "{room}: {purpose}");
        }
    }
}
