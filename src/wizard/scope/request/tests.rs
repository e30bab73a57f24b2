//! What is chosen is what the person sees, whatever is pressed, and is said as shortly as it can be.

use std::sync::Arc;

use proptest::prelude::*;

use super::super::catalogue::{Catalogue, Cut};
use super::super::tests::{
    ADJUSTER, CLAIM, CLAIM_LINE, POLICY, QUOTE, chosen, company, espace, top,
};
use super::{Named, Pick, choose, entities_of, leave};
use crate::compare::{Answers, FindingKind, Reason as Why, choice};
use crate::outsystems::invented::{InventedEntity, InventedGroup, environment};
use crate::outsystems::{DataKind, EntityIndex, Environment};
use crate::plan::{Decisions, ScopeRequest, resolve, review};

fn scope(applications: &[&str], espaces: &[&str], exclude: &[&str]) -> ScopeRequest {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    ScopeRequest {
        applications: names(applications),
        espaces: names(espaces),
        exclude: names(exclude),
        ..ScopeRequest::default()
    }
}

fn catalogue() -> Catalogue {
    Catalogue::new(&Arc::new(company()))
}

#[test]
fn an_application_is_named_and_takes_the_place_of_its_espaces() {
    let catalogue = catalogue();
    let before = scope(&[], &["claims_cs"], &["CLAIMS_CS.claimaudit"]);
    let claims = top(&catalogue, "Claims");
    let after = choose(&catalogue, &Cut::new(), &before, &[claims]);
    assert_eq!(after, scope(&["Claims"], &[], &[]));
}

#[test]
fn an_espace_less_replaces_the_application_and_back_again_brings_it_back() {
    let catalogue = catalogue();
    let before = scope(&["CLAIMS", "Policies"], &[], &[]);
    let claims_ui = espace(&catalogue, "Claims_UI");
    let after = leave(&catalogue, &before, &[claims_ui], false);
    assert_eq!(after, scope(&["Policies"], &["Claims_CS"], &[]));
    let again = choose(&catalogue, &Cut::new(), &after, &[claims_ui]);
    assert_eq!(again, scope(&["Policies", "Claims"], &[], &[]));
}

#[test]
fn a_solution_less_an_espace_is_its_other_applications_and_espaces() {
    let catalogue = catalogue();
    let before = ScopeRequest { solutions: vec!["insurance".to_owned()], ..Default::default() };
    let after = leave(&catalogue, &before, &[espace(&catalogue, "Claims_UI")], false);
    assert_eq!(after, scope(&["Policies"], &["Claims_CS"], &[]));
}

#[test]
fn a_single_entity_brings_what_it_needs_and_excludes_the_others() {
    let catalogue = catalogue();
    let after = choose(&catalogue, &Cut::new(), &ScopeRequest::default(), &[Pick::Entity(CLAIM)]);
    // Policy is in another espace: the comparison adds it.
    assert_eq!(chosen(&catalogue, &after), [CLAIM, ADJUSTER]);
    assert_eq!(after, scope(&[], &["Claims_CS"], &["Claims_CS.ClaimAudit", "Claims_CS.ClaimLine"]));
    // Its line comes along, the audit stays out.
    let after = choose(&catalogue, &Cut::new(), &after, &[Pick::Entity(CLAIM_LINE)]);
    assert_eq!(after, scope(&[], &["Claims_CS"], &["Claims_CS.ClaimAudit"]));
}

#[test]
fn what_was_left_out_on_purpose_stays_out() {
    let catalogue = catalogue();
    let before = scope(&["Claims"], &[], &[]);
    let barred = leave(&catalogue, &before, &[Pick::Entity(ADJUSTER)], true);
    assert_eq!(barred, scope(&["Claims"], &[], &["Claims_CS.Adjuster"]));
    let after = choose(&catalogue, &Cut::new(), &barred, &[top(&catalogue, "Policies")]);
    assert_eq!(after.exclude, ["Claims_CS.Adjuster"]);
    // Chosen by itself it comes back.
    let after = choose(&catalogue, &Cut::new(), &barred, &[Pick::Entity(ADJUSTER)]);
    assert_eq!(after, before);
}

#[test]
fn choosing_one_entity_excludes_none_that_was_added_before() {
    let catalogue = catalogue();
    let before = scope(&["Claims"], &[], &[]);
    let after = choose(&catalogue, &Cut::new(), &before, &[Pick::Entity(QUOTE)]);
    // Policy was in the scope already, because Claim needs it: nothing is excluded.
    assert_eq!(after, scope(&["Claims"], &["Policy_CS"], &[]));
    assert!(chosen(&catalogue, &after).contains(&POLICY));
}

#[test]
fn the_last_entity_of_an_espace_takes_the_espace_along() {
    let catalogue = catalogue();
    let before = scope(&[], &["Library", "Claims_CS"], &[]);
    let after = leave(&catalogue, &before, &[Pick::Entity(EntityIndex(6))], false);
    assert_eq!(after, scope(&[], &["Claims_CS"], &[]));
}

#[test]
fn an_excluded_producer_is_not_offered_to_be_taken_in() {
    let (source, destination) = (company(), company());
    let finding_of = |request: &ScopeRequest| {
        let selection = resolve(&source, request, &Decisions::default()).expect("resolved");
        selection.barred.contains(&POLICY)
    };
    assert!(finding_of(&scope(&["Claims"], &[], &["Policy_CS.Policy"])));
    assert!(!finding_of(&scope(&["Claims"], &[], &[])));
    let request = scope(&["Claims"], &[], &["Policy_CS.Policy"]);
    let decisions = Decisions::default();
    let reviewed = review(&source, &destination, &request, &decisions, &Answers::default());
    let findings = reviewed.expect("reviewed").comparison.findings;
    let leaving =
        findings.iter().filter(|finding| finding.key.kind == FindingKind::ReferenceLeavesScope);
    for finding in leaving {
        assert!(finding.choices.iter().all(|offered| offered.name != choice::TAKE_IN));
    }
}

/// A model of chance: espaces in applications, solutions over them, references anywhere.
fn any_model() -> impl Strategy<Value = Environment> {
    (2_usize..7, 1_usize..4, 0_usize..3, 1_usize..24).prop_flat_map(
        |(espaces, applications, solutions, entities)| {
            let names = prop::collection::vec(any::<bool>(), espaces);
            let of_application = prop::collection::vec(0..=applications, espaces);
            let of_solution = prop::collection::vec(any::<u8>(), espaces);
            let of_entity = prop::collection::vec(
                (0..espaces, 0_u8..8, prop::collection::vec(0..entities, 0..3)),
                entities,
            );
            (names, of_application, of_solution, of_entity).prop_map(
                move |(upper, of_application, of_solution, of_entity)| {
                    let espaces: Vec<(String, bool)> = upper
                        .iter()
                        .enumerate()
                        .map(|(place, upper)| {
                            let name = format!("Module{place}");
                            (if *upper { name.to_uppercase() } else { name }, place % 6 == 5)
                        })
                        .collect();
                    let groups: Vec<InventedGroup> = (0..applications)
                        .map(|application| {
                            let of =
                                (0..espaces.len()).filter(|e| of_application[*e] == application);
                            (format!("Application{application}"), of.collect())
                        })
                        .collect();
                    let over: Vec<InventedGroup> = (0..solutions)
                        .map(|solution| {
                            let of = (0..espaces.len())
                                .filter(|e| of_solution[*e] & (1 << solution) != 0);
                            (format!("Solution{solution}"), of.collect())
                        })
                        .collect();
                    let entities: Vec<InventedEntity> = of_entity
                        .into_iter()
                        .enumerate()
                        .map(|(place, (espace, kind, refers_to))| InventedEntity {
                            espace,
                            name: format!("Entity{place}"),
                            kind: if kind == 0 { DataKind::Static } else { DataKind::Entity },
                            refers_to,
                        })
                        .collect();
                    environment("prod", &espaces, &groups, &over, &entities)
                },
            )
        },
    )
}

/// What the core takes for chosen.
fn core_chosen(model: &Environment, request: &ScopeRequest) -> Vec<EntityIndex> {
    match resolve(model, request, &Decisions::default()) {
        Ok(selection) => selection
            .entities
            .iter()
            .filter(|selected| selected.reason == Why::Chosen)
            .map(|selected| selected.entity)
            .collect(),
        // Nothing is named.
        Err(_) => Vec::new(),
    }
}

/// What the core takes into the scope.
fn core_scope(model: &Environment, request: &ScopeRequest) -> Vec<EntityIndex> {
    resolve(model, request, &Decisions::default()).map_or_else(
        |_| Vec::new(),
        |selection| selection.entities.iter().map(|selected| selected.entity).collect(),
    )
}

fn pick(catalogue: &Catalogue, kind: u8, place: usize) -> Pick {
    match kind % 3 {
        0 => Pick::Top(place % catalogue.tops.len()),
        1 => Pick::Espace(place % catalogue.espaces.len()),
        _ => Pick::Entity(EntityIndex(place % catalogue.items.len())),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_is_chosen_is_exactly_what_is_seen(
        model in any_model(),
        steps in prop::collection::vec((any::<bool>(), any::<u8>(), any::<u16>(), any::<bool>()), 1..12),
    ) {
        let model = Arc::new(model);
        let catalogue = Catalogue::new(&model);
        let cut = Cut::new();
        let mut request = ScopeRequest { replace: Some(true), ..ScopeRequest::default() };
        for (is_choosing, kind, place, bar) in steps {
            let pick = pick(&catalogue, kind, usize::from(place));
            let before = chosen(&catalogue, &request);
            let meant: Vec<EntityIndex> = entities_of(&catalogue, pick)
                .into_iter()
                .filter(|index| catalogue.items[index.0].never.is_none())
                .collect();
            let after = if is_choosing {
                choose(&catalogue, &cut, &request, &[pick])
            } else {
                leave(&catalogue, &request, &[pick], bar)
            };
            let now = chosen(&catalogue, &after);
            // The core agrees with what is marked.
            prop_assert_eq!(&now, &core_chosen(&model, &after), "{:?}", after);
            if is_choosing {
                let is_kept = before.iter().chain(&meant).all(|index| now.contains(index));
                prop_assert!(is_kept, "{:?} {:?} → {:?}", pick, request, after);
                // What came along is needed: without it, it would be in the scope all the same.
                let mut wanted = vec![false; catalogue.items.len()];
                before.iter().chain(&meant).for_each(|index| wanted[index.0] = true);
                let needed = catalogue.with_needs(&wanted, &cut, |_| false);
                prop_assert!(now.iter().all(|index| needed[index.0]), "{:?} → {:?}", request, after);
                // What was in the scope stays in it.
                let scope = core_scope(&model, &after);
                let is_kept = core_scope(&model, &request).iter().all(|i| scope.contains(i));
                prop_assert!(is_kept, "{:?} {:?} → {:?}", pick, request, after);
            } else {
                let expected: Vec<EntityIndex> =
                    before.iter().copied().filter(|index| !meant.contains(index)).collect();
                prop_assert_eq!(&now, &expected, "{:?} {:?} → {:?}", pick, request, after);
                if bar && let Pick::Entity(index) = pick {
                    prop_assert!(!core_scope(&model, &after).contains(&index));
                }
            }
            prop_assert_eq!(after.replace, Some(true));
            check_short(&catalogue, &after)?;
            request = after;
        }
        // In other letters it is the same.
        let mut shouted = request.clone();
        for list in [
            &mut shouted.applications,
            &mut shouted.espaces,
            &mut shouted.solutions,
            &mut shouted.exclude,
        ] {
            list.iter_mut().for_each(|name| *name = format!(" {} ", name.to_uppercase()));
        }
        prop_assert_eq!(chosen(&catalogue, &shouted), chosen(&catalogue, &request));
    }
}

/// Nothing in it says what something else says already.
fn check_short(catalogue: &Catalogue, request: &ScopeRequest) -> Result<(), TestCaseError> {
    for list in [&request.applications, &request.espaces, &request.solutions, &request.exclude] {
        for place in 0..list.len() {
            prop_assert!(!list[place + 1..].contains(&list[place]), "{request:?}");
        }
    }
    let covered = |espace: usize, espaces: &[String]| {
        let shorter = ScopeRequest { espaces: espaces.to_vec(), ..request.clone() };
        Named::new(catalogue, &shorter).espaces[espace]
    };
    for place in 0..request.espaces.len() {
        let mut others = request.espaces.clone();
        let name = others.remove(place);
        let espace = catalogue.espace(&name).expect("a name of the model");
        prop_assert!(!covered(espace, &others), "{name} in {request:?}");
    }
    Ok(())
}
