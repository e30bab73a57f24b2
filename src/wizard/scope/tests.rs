//! The step by its state alone: keys, gates, questions; and it costs the same with ten thousand
//! entities as with thirty.

use std::sync::Arc;

use super::catalogue::Catalogue;
use super::editing::{ALL_OF_THEM, KEEP, ONLY_THIS};
use super::marks::{Mark, Marks, Rows};
use super::request::{Named, Pick};
use super::tree::Node;
use super::{NEEDED, Scope};
use crate::compare::Answers;
use crate::outsystems::invented::{InventedEntity, InventedGroup, environment};
use crate::outsystems::{DataKind, EntityIndex, Environment, Side};
use crate::plan::{ScopeRequest, review};
use crate::wizard::keys::{self, Command};
use crate::wizard::message::{Effect, Fact};
use crate::wizard::migration::Migration;
use crate::wizard::overlay::Overlay;
use crate::wizard::step::{Event, Step as _};
use crate::wizard::viewport::Size;

pub(in crate::wizard::scope) fn entity(
    espace: usize,
    name: &str,
    refers_to: &[usize],
) -> InventedEntity {
    let refers_to = refers_to.to_vec();
    InventedEntity { espace, name: name.to_owned(), kind: DataKind::Entity, refers_to }
}

/// Claims (Claims_CS, Claims_UI), Policies (Policy_CS), a library without an application, the
/// platform; both applications make a solution.
pub(in crate::wizard::scope) fn company() -> Environment {
    let espaces = ["Claims_CS", "Claims_UI", "Policy_CS", "Library", "ServiceCenter"];
    let espaces: Vec<(String, bool)> =
        espaces.iter().map(|name| ((*name).to_owned(), *name == "ServiceCenter")).collect();
    let group = |name: &str, espaces: &[usize]| (name.to_owned(), espaces.to_vec());
    let mut entities = vec![
        entity(2, "Policy", &[]),
        entity(2, "Quote", &[0]),
        entity(0, "Claim", &[0, 4]),
        entity(0, "ClaimLine", &[2]),
        entity(0, "Adjuster", &[]),
        entity(0, "ClaimAudit", &[2]),
        entity(3, "Region", &[]),
        entity(0, "ClaimStatus", &[]),
        entity(4, "Espace", &[]),
    ];
    entities[7].kind = DataKind::Static;
    environment(
        "prod",
        &espaces,
        &[group("Claims", &[0, 1]), group("Policies", &[2])],
        &[group("Insurance", &[0, 1, 2])],
        &entities,
    )
}

pub(in crate::wizard::scope) const POLICY: EntityIndex = EntityIndex(0);
pub(in crate::wizard::scope) const QUOTE: EntityIndex = EntityIndex(1);
pub(in crate::wizard::scope) const CLAIM: EntityIndex = EntityIndex(2);
pub(in crate::wizard::scope) const CLAIM_LINE: EntityIndex = EntityIndex(3);
pub(in crate::wizard::scope) const ADJUSTER: EntityIndex = EntityIndex(4);

pub(in crate::wizard::scope) fn top(catalogue: &Catalogue, name: &str) -> Pick {
    Pick::Top(catalogue.tops.iter().position(|top| top.name == name).expect("a top"))
}

pub(in crate::wizard::scope) fn espace(catalogue: &Catalogue, name: &str) -> Pick {
    Pick::Espace(catalogue.espace(name).expect("an espace"))
}

pub(in crate::wizard::scope) fn chosen(
    catalogue: &Catalogue,
    request: &ScopeRequest,
) -> Vec<EntityIndex> {
    let chosen = Named::new(catalogue, request).chosen(catalogue);
    (0..chosen.len()).filter(|place| chosen[*place]).map(EntityIndex).collect()
}

/// A migration with both models read, and the step on it.
fn step_on(source: Environment, destination: Environment) -> (Scope, Migration) {
    let mut migration = Migration::new(Size { width: 100, height: 30 });
    migration.source.model = Some(Arc::new(source));
    migration.destination.model = Some(Arc::new(destination));
    let mut step = Scope::default();
    step.enter(&mut migration);
    (step, migration)
}

/// The comparison of the scope as it is now comes in.
fn survey(step: &mut Scope, migration: &mut Migration) {
    let (source, destination) = migration.models().expect("both models");
    let scope = &migration.plan.scope;
    let decisions = &migration.plan.decisions;
    let reviewed = review(source, destination, scope, decisions, &Answers::default());
    let fact = match reviewed {
        Ok(review) => {
            let review = Arc::new(review);
            migration.review = Some(Arc::clone(&review));
            Fact::Surveyed(review)
        }
        Err(error) => {
            migration.scope_trouble = Some(error.to_string());
            Fact::ScopeUnknown(error.to_string())
        }
    };
    step.update(migration, Event::Fact(&fact));
}

fn press(step: &mut Scope, migration: &mut Migration, command: Command) {
    step.update(migration, Event::Command(command));
}

fn go_to(step: &mut Scope, migration: &mut Migration, wanted: Node) {
    press(step, migration, Command::First);
    while step.tree.selected() != Some(wanted) {
        let place = step.tree.list.selected;
        press(step, migration, Command::Down);
        assert_ne!(place, step.tree.list.selected, "{wanted:?} is not among the lines");
    }
}

/// All lines unfolded, the cursor on an entity.
fn unfold_to(step: &mut Scope, migration: &mut Migration, index: EntityIndex) {
    let catalogue = step.catalogue.as_ref().expect("a catalogue");
    let espace = catalogue.items[index.0].espace.expect("an espace");
    let top = catalogue.espaces[espace].tops[0];
    for node in [Node::Top(top), Node::Espace(top, espace)] {
        go_to(step, migration, node);
        if !step.tree.is_open(step.tree.list.selected) {
            press(step, migration, Command::Right);
        }
    }
    go_to(step, migration, Node::Entity(top, espace, index));
}

#[test]
fn the_gate_says_what_is_missing() {
    let (mut step, mut migration) = step_on(company(), company());
    assert!(step.gate(&migration)[0].text.contains("nothing is chosen"));
    unfold_to(&mut step, &mut migration, CLAIM);
    press(&mut step, &mut migration, Command::Toggle);
    assert!(step.gate(&migration)[0].text.contains("compared"), "{:?}", step.gate(&migration));
    survey(&mut step, &mut migration);
    assert!(step.gate(&migration).is_empty(), "{:?}", step.gate(&migration));
    migration.plan.scope.applications.push("Klaims".to_owned());
    survey(&mut step, &mut migration);
    assert!(step.gate(&migration)[0].text.contains("Klaims"), "{:?}", step.gate(&migration));
    step.go_to_first_reason(&mut migration);
    press(&mut step, &mut migration, Command::Toggle);
    assert!(migration.plan.scope.applications.is_empty());
}

#[test]
fn an_entity_that_was_added_cannot_be_taken_out_here() {
    let (mut step, mut migration) = step_on(company(), company());
    migration.set_scope(|scope| scope.applications.push("claims".to_owned()));
    survey(&mut step, &mut migration);
    unfold_to(&mut step, &mut migration, POLICY);
    for command in [Command::Toggle, Command::Own(super::OUT)] {
        let before = migration.plan.scope.clone();
        press(&mut step, &mut migration, command);
        let said = migration.said.take().expect("it is said");
        assert!(said.contains("Claims_CS.Claim.PolicyId") && said.contains("Mismatches"), "{said}");
        assert_eq!(migration.plan.scope, before);
    }
    let catalogue = step.catalogue.as_ref().expect("a catalogue");
    assert_eq!(step.marks.of_entity(catalogue, POLICY), Mark::Added);
    assert_eq!(step.marks.of(catalogue, espace(catalogue, "Policy_CS")), Mark::Partly);
    assert_eq!(step.marks.of(catalogue, top(catalogue, "Claims")), Mark::Chosen);
}

#[test]
fn leaving_out_what_others_need_is_asked() {
    for (reply, left) in [
        (KEEP, vec![]),
        (ALL_OF_THEM, vec!["Claims_CS.Claim", "Claims_CS.ClaimAudit", "Claims_CS.ClaimLine"]),
        (ONLY_THIS, vec!["Claims_CS.Claim"]),
    ] {
        let (mut step, mut migration) = step_on(company(), company());
        migration.set_scope(|scope| scope.applications.push("Claims".to_owned()));
        survey(&mut step, &mut migration);
        unfold_to(&mut step, &mut migration, CLAIM);
        press(&mut step, &mut migration, Command::Own(super::OUT));
        let Some(Overlay::Question(question)) = migration.overlays.pop() else {
            panic!("nothing is asked");
        };
        assert!(
            question.lines[0].contains("ClaimAudit and ClaimLine")
                || question.lines[0].contains("ClaimLine and ClaimAudit"),
            "{question:?}"
        );
        step.update(&mut migration, Event::Replied(NEEDED, reply));
        assert_eq!(migration.plan.scope.exclude, left);
    }
}

#[test]
fn all_that_is_shown_is_chosen_and_again_it_is_as_before() {
    let (mut step, mut migration) = step_on(company(), company());
    migration.set_scope(|scope| scope.espaces.push("Library".to_owned()));
    survey(&mut step, &mut migration);
    press(&mut step, &mut migration, Command::Filter);
    assert!(step.in_text(&migration));
    for c in "audit".chars() {
        step.update(&mut migration, Event::Typed(c));
    }
    press(&mut step, &mut migration, Command::Open);
    let before = migration.plan.scope.clone();
    press(&mut step, &mut migration, Command::Own(super::ALL));
    let catalogue = step.catalogue.as_ref().expect("a catalogue");
    let after = chosen(catalogue, &migration.plan.scope);
    assert_eq!(after, [CLAIM, ADJUSTER, EntityIndex(5), EntityIndex(6)]);
    survey(&mut step, &mut migration);
    press(&mut step, &mut migration, Command::Own(super::ALL));
    assert_eq!(migration.plan.scope, before);
    press(&mut step, &mut migration, Command::Close);
    assert!(!step.tree.is_narrowed());
    press(&mut step, &mut migration, Command::Own(super::ALL));
    assert_eq!(chosen(step.catalogue.as_ref().expect("it"), &migration.plan.scope).len(), 7);
}

#[test]
fn rows_are_asked_for_in_one_job_and_only_of_what_is_looked_at() {
    let (mut step, mut migration) = step_on(company(), company());
    // Invented models have no tables: give them some.
    let mut with_tables = company();
    for place in 0..with_tables.entities.len() {
        let table = with_tables.entities[place].table.clone();
        let shape = crate::database::TableShape {
            name: table.clone(),
            kind: crate::database::ObjectKind::Table,
            columns: Vec::new(),
            primary_key: Vec::new(),
            unique_indexes: Vec::new(),
            foreign_keys: Vec::new(),
            checks: Vec::new(),
            triggers: Vec::new(),
        };
        with_tables.shapes.insert(table, shape);
    }
    migration.source.model = Some(Arc::new(with_tables));
    migration.orders.clear();
    let mut counted = Vec::new();
    let mut answer = |step: &mut Scope, migration: &mut Migration| {
        let Some(Effect::Count(job, wanted)) = migration.orders.pop() else {
            panic!("nothing is counted");
        };
        for (side, index) in wanted {
            assert_eq!(side, Side::Source, "there are no tables there");
            counted.push(index.0);
            migration.counts.insert((side, index), 10);
            step.update(migration, Event::Fact(&Fact::Counted(side, index, 10)));
        }
        migration.jobs.end(job);
        step.update(migration, Event::Ticked);
        std::mem::take(&mut counted)
    };
    step.enter(&mut migration);
    let of_first = answer(&mut step, &mut migration);
    assert!(migration.orders.is_empty(), "only what is under the cursor: the rest is folded");
    unfold_to(&mut step, &mut migration, CLAIM);
    let mut all = of_first.clone();
    while !migration.orders.is_empty() {
        all.extend(answer(&mut step, &mut migration));
    }
    assert!(all.len() > of_first.len() || of_first.contains(&CLAIM.0));
    all.sort_unstable();
    let before = all.len();
    all.dedup();
    assert_eq!(all.len(), before, "nothing is counted twice");
    assert!(all.contains(&CLAIM.0) && !step.counting.has_failed());
    let catalogue = step.catalogue.as_ref().expect("a catalogue");
    let place = catalogue.espace("Claims_CS").expect("an espace");
    assert_eq!(step.rows.of_espace(place).complete(), Some(40));
}

#[test]
fn a_run_that_was_started_keeps_the_scope_as_it_is() {
    let (mut step, mut migration) = step_on(company(), company());
    migration.set_scope(|scope| scope.applications.push("Claims".to_owned()));
    survey(&mut step, &mut migration);
    migration.run = Some(crate::wizard::migration::Running::default());
    let before = migration.plan.scope.clone();
    for command in [Command::Toggle, Command::Own(super::ALL), Command::Own(super::OUT)] {
        press(&mut step, &mut migration, command);
    }
    assert_eq!(migration.plan.scope, before);
    assert!(step.notice(&migration).expect("a notice").text.contains("not changed"));
}

#[test]
fn nothing_is_there_before_both_sides_are_connected() {
    let mut migration = Migration::new(Size { width: 60, height: 18 });
    let mut step = Scope::default();
    step.enter(&mut migration);
    for command in [Command::Toggle, Command::Down, Command::Open, Command::Own(super::ALL)] {
        press(&mut step, &mut migration, command);
    }
    assert!(!step.gate(&migration).is_empty());
    assert!(keys::duplicates(super::KEYS).is_empty());
}

#[test]
fn ten_thousand_entities_fold_filter_and_mark() {
    let espaces: Vec<(String, bool)> =
        (0..500).map(|place| (format!("Module{place}"), false)).collect();
    let applications: Vec<InventedGroup> = (0..50)
        .map(|place| (format!("Application{place}"), (place * 10..place * 10 + 10).collect()))
        .collect();
    let entities: Vec<InventedEntity> = (0..10_000)
        .map(|place| entity(place / 20, &format!("Entity{place}"), &[place / 2]))
        .collect();
    let model = environment("prod", &espaces, &applications, &[], &entities);
    let (mut step, mut migration) = step_on(model.clone(), model);
    press(&mut step, &mut migration, Command::Own(super::ALL));
    assert_eq!(migration.plan.scope.applications.len(), 50);
    press(&mut step, &mut migration, Command::Filter);
    for c in "entity99".chars() {
        step.update(&mut migration, Event::Typed(c));
    }
    press(&mut step, &mut migration, Command::Open);
    let fitting = step.tree.lines.iter().filter(|line| matches!(line, Node::Entity(..))).count();
    assert_eq!(fitting, 111);
    let catalogue = step.catalogue.as_ref().expect("a catalogue");
    let rows = Rows::default();
    let marks = Marks::new(catalogue, &migration.plan.scope, None, &rows);
    assert_eq!(marks.chosen_sum.entities, 10_000);
}
