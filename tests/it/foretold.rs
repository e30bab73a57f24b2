//! Whether a comparison made before a run said everything that the run then met: every row deleted,
//! recognised, left out or rejected, every reference emptied, everybody created, and everything that
//! the destination refused besides.
//!
//! The run is held against what was decided, or recommended, and against no other choice. A number
//! has to be the comparison's, and lies between two numbers only where the comparison counts by
//! causes and the run by rows: a row that two causes touch counts once, and a row that is left out
//! or recognised is in the way of what else would become of it.

#![expect(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

use std::collections::BTreeMap;

use serde_json::Value;

use crate::estate::generate;
use crate::estate::recipe::{Feature, Recipe};
use crate::program::Bench;
use crate::support::engine::TestEngine;

/// What the comparison of the bench's plan says, with all its counts.
pub fn comparison(bench: &Bench) -> Value {
    let said = bench.osferry(&["compare", "plan.toml", "--json"]);
    serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}\n{}", said.all()))
}

/// The report of the bench's only run; `None` where it never began.
pub fn report(bench: &Bench) -> Option<Value> {
    let runs = std::fs::read_dir(bench.folder.path().join("home/runs")).ok()?;
    let folders: Vec<_> = runs.map(|run| run.expect("a run's folder").path()).collect();
    let folder = match folders.as_slice() {
        [] => return None,
        [folder] => folder,
        several => panic!("several runs in {several:?}"),
    };
    let text = std::fs::read_to_string(folder.join("report.json")).ok()?;
    Some(serde_json::from_str(&text).expect("JSON"))
}

/// What the run met and the comparison does not say, and what it says and the run did not meet, a
/// sentence each.
pub fn not_foretold(comparison: &Value, report: &Value) -> Vec<String> {
    let comparison = at_most(settled(comparison), report);
    let said = Said(&comparison);
    let mut found = Found(Vec::new());
    scope(&said, report, &mut found);
    for entity in list(&report["entities"]) {
        existing(&said, entity, &mut found);
        recognised(&said, entity, &mut found);
        lost(&said, entity, &mut found);
        emptied(&said, entity, &mut found);
    }
    without_counterparts(&said, report, &mut found);
    people(&said, report, &mut found);
    outside(&said, report, &mut found);
    refused(&said, report, &mut found);
    found.0
}

/// The comparison without what another decision settles: what is written in place of nothing, or that
/// rows stay behind which have nothing, goes before what is decided about NULL.
fn settled(comparison: &Value) -> Value {
    let goes_before = |finding: &Value| {
        list(&comparison["findings"]).iter().any(|other| {
            other["kind"] == "mandatory-empty"
                && other["about"] == finding["about"]
                && ["value", "reject"].contains(&decided(other))
        })
    };
    let mut settled = comparison.clone();
    let findings = settled["findings"].as_array_mut().expect("findings");
    findings.retain(|finding| finding["kind"] != "null-not-allowed" || !goes_before(finding));
    settled
}

/// Which rows are alike for an index is counted as if no row were left out for something else: where
/// some were, the first of those alike may be among them, and the second is carried over.
fn at_most(mut comparison: Value, report: &Value) -> Value {
    let loses_more = |name: &str| {
        list(&report["entities"]).iter().filter(|entity| text(&entity["name"]) == name).any(|one| {
            let reasons = list(&one["left_out_reasons"]).iter();
            reasons.chain(list(&one["rejected_reasons"])).any(|group| !group["attribute"].is_null())
        })
    };
    let indexes = ["unique-only-in-destination", "unique-collision"];
    for finding in comparison["findings"].as_array_mut().expect("findings") {
        if !indexes.contains(&text(&finding["kind"])) || !loses_more(text(&finding["about"])) {
            continue;
        }
        for choice in finding["choices"].as_array_mut().expect("choices") {
            if !choice["cost"].is_null() {
                choice["cost"] = format!("at most {}", text(&choice["cost"])).into();
            }
        }
    }
    comparison
}

/// Sentences about what the comparison and the run do not agree in.
struct Found(Vec<String>);

impl Found {
    /// Notes that the run met another number of something than was said.
    fn is(&mut self, what: &str, met: u64, said: u64) {
        self.between(what, met, said, said);
    }

    fn between(&mut self, what: &str, met: u64, least: u64, most: u64) {
        if met < least || met > most {
            let said = match least == most {
                true => least.to_string(),
                false => format!("{least} to {most}"),
            };
            self.0.push(format!("not foretold: {what}: {met} ({said} said)"));
        }
    }
}

/// What a comparison says.
struct Said<'a>(&'a Value);

impl<'a> Said<'a> {
    fn findings(&self, kinds: &'a [&'a str]) -> impl Iterator<Item = &'a Value> + use<'a> {
        list(&self.0["findings"]).iter().filter(|finding| kinds.contains(&text(&finding["kind"])))
    }

    /// Findings that were decided so.
    fn decided(
        &self,
        kinds: &'a [&'a str],
        choice: &'a str,
    ) -> impl Iterator<Item = &'a Value> + use<'a> {
        self.findings(kinds).filter(move |finding| decided(finding) == choice)
    }

    /// The rows of those of these findings that are about this.
    fn rows_about(&self, kinds: &[&str], choice: &str, about: &str) -> u64 {
        let findings = list(&self.0["findings"]).iter();
        findings
            .filter(|finding| kinds.contains(&text(&finding["kind"])))
            .filter(|finding| decided(finding) == choice && text(&finding["about"]) == about)
            .map(rows)
            .sum()
    }

    /// What each decision costs of this, at least and at most: `rows of Core.Thing`, `references of
    /// Core.Thing.ParentId emptied`.
    fn costs(&self, what: &str) -> Vec<(u64, u64)> {
        let findings = list(&self.0["findings"]).iter();
        let cost = |finding| {
            let (least, most) = cost(finding, what)?;
            Some((if self.may_spare(finding, what) { 0 } else { least }, most))
        };
        findings.filter_map(cost).collect()
    }

    /// Whether a finding costs this perhaps not at all: of rows that are alike another one stays where
    /// another decision takes the first, and with it what hangs on that one.
    fn may_spare(&self, finding: &Value, what: &str) -> bool {
        let own = format!(" rows of {}", text(&finding["about"]));
        let is_of_alike = ["unique-only-in-destination", "unique-collision", "unique-taken"]
            .contains(&text(&finding["kind"]));
        let mut others = list(&self.0["findings"]).iter().filter(|other| *other != finding);
        is_of_alike && what != own && others.any(|other| cost(other, &own).is_some())
    }

    fn entity(&self, name: &str) -> Option<&'a Value> {
        list(&self.0["entities"]).iter().find(|entity| text(&entity["name"]) == name)
    }

    fn about(&self, kind: &str, name: &str) -> Option<&'a Value> {
        let mut findings = list(&self.0["findings"]).iter();
        findings.find(|finding| finding["kind"] == kind && text(&finding["about"]) == name)
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("no number: {value}"))
}

fn rows(finding: &Value) -> u64 {
    finding["rows"].as_u64().unwrap_or_default()
}

/// The choice that the run makes.
fn decided(finding: &Value) -> &str {
    finding["decided"]["choice"].as_str().unwrap_or_else(|| text(&finding["recommended"]))
}

/// How many of these a finding says that what was decided costs, at least and at most: `3 rows of
/// Core.Thing`, `at least 3 of 9 rows of Core.Thing`, `3 references of Core.Thing.ParentId emptied`.
fn cost(finding: &Value, what: &str) -> Option<(u64, u64)> {
    let mut choices = list(&finding["choices"]).iter();
    let choice = choices.find(|one| text(&one["name"]) == decided(finding))?;
    let words = text(&choice["cost"]);
    let part = words.split(", ").find_map(|part| part.strip_suffix(what))?;
    let count = part.split_whitespace().find_map(|word| word.parse::<u64>().ok())?;
    Some(match part.starts_with("at least ") {
        true => (count, u64::MAX),
        // It is said once, of all of them.
        false if words.starts_with("at most ") => (0, count),
        false => (count, count),
    })
}

/// What several causes come to together, at least and at most: one thing may have them all.
fn together(causes: &[(u64, u64)]) -> (u64, u64) {
    let least = causes.iter().map(|(least, _)| *least).max().unwrap_or(0);
    (least, causes.iter().fold(0, |sum, (_, most)| sum.saturating_add(*most)))
}

/// The entities of the scope are those that were said, with as many rows.
fn scope(said: &Said<'_>, report: &Value, found: &mut Found) {
    for entity in list(&report["entities"]) {
        let name = text(&entity["name"]);
        let Some(foreseen) = said.entity(name) else {
            found.0.push(format!("not foretold: {name} is in the scope"));
            continue;
        };
        let rows = number(&entity["source_rows"]);
        found.is(&format!("rows of {name}"), rows, number(&foreseen["source_rows"]));
        let accounted: u64 = ["written", "recognised", "left_out", "rejected"]
            .map(|what| number(&entity[what]))
            .into_iter()
            .sum();
        found.is(&format!("rows of {name} of which the report tells"), accounted, rows);
    }
    for entity in list(&said.0["entities"]) {
        let name = text(&entity["name"]);
        let is_left_out = list(&said.0["findings"])
            .iter()
            .any(|finding| text(&finding["about"]) == name && decided(finding) == "leave-out");
        let is_there = list(&report["entities"]).iter().any(|one| text(&one["name"]) == name);
        if !is_there && !is_left_out {
            found.0.push(format!("not foretold: {name} is not carried over"));
        }
    }
}

/// The destination's rows: exactly those go that were said, and the others stay.
fn existing(said: &Said<'_>, entity: &Value, found: &mut Found) {
    let name = text(&entity["name"]);
    let Some(foreseen) = said.entity(name) else { return };
    let (replaced, others) = (&foreseen["destination_rows"], &foreseen["standing"]);
    let (replaced, others) = (number(replaced), number(others));
    let (deleted, stay) = match text(&entity["existing"]) {
        "replaced" => (replaced, others),
        _ => (0, replaced + others),
    };
    found.is(&format!("rows of {name} deleted"), number(&entity["deleted"]), deleted);
    found.is(&format!("rows of {name} that stay"), number(&entity["standing"]), stay);
    let is_told = said.about("destination-rows", name).is_some_and(|f| rows(f) == deleted)
        || said.about("producer-rows", name).is_some_and(|f| decided(f) == "replace");
    if deleted > 0 && !is_told {
        found.0.push(format!("not foretold: that rows of {name} are deleted"));
    }
}

/// Rows that the destination has already. A row of ours that is left out is recognised by nothing.
fn recognised(said: &Said<'_>, entity: &Value, found: &mut Found) {
    let name = text(&entity["name"]);
    let met = number(&entity["recognised"]);
    let what = format!("rows of {name} recognised");
    let finding = said.about("existing-match", name).or_else(|| said.about("producer-rows", name));
    let recognises = text(&entity["existing"]) == "recognised"
        && finding.is_some_and(|one| ["reuse", "update", "keep"].contains(&decided(one)));
    let Some(finding) = finding.filter(|_| recognises) else {
        found.is(&what, met, 0);
        return;
    };
    let (there, again) = (ours_there(finding), ours_again(finding));
    let is_told = text(&finding["what"]).contains("the destination refuses a second row");
    if there.is_none() && finding["kind"] == "producer-rows" && !is_told {
        found.0.push(format!("not foretold: that {what}"));
    }
    // Which these are is known only once ids are rewritten, or nobody counts them as there are too
    // many: the manual says so of `existing-match`.
    let Some(there) = there else { return };
    let lost = gone(entity);
    let (least, is_all) = again;
    let most = if is_all { there + least } else { u64::MAX };
    // One of ours may be like a row that is there and like another one of ours.
    found.between(&what, met, there.max(least).saturating_sub(lost), most);
    found.between(&format!("{what} that take our values"), number(&entity["updated"]), 0, met);
}

/// How many rows of ours are there already, where it is known: `3 of ours have the Code of a row that
/// stays`. The rows of `producer-rows` are the destination's.
fn ours_there(finding: &Value) -> Option<u64> {
    let what = text(&finding["what"]);
    let mut parts = what.split("; ");
    if parts.clone().any(|part| part.starts_with("none of ours has the ")) {
        return Some(0);
    }
    let told = parts.find_map(|part| {
        let (count, rest) = part.split_once(" of ours ha")?;
        rest.ends_with(" of a row that stays").then(|| count.parse::<u64>().ok())?
    });
    told.or_else(|| match text(&finding["kind"]) {
        "existing-match" => finding["rows"].as_u64(),
        _ => None,
    })
}

/// How many rows of ours are one with an earlier one of ours, and whether these are all: `at least 3
/// of ours are the same by it as an earlier one`. Which rows referred to become one is known only
/// once they are looked for.
fn ours_again(finding: &Value) -> (u64, bool) {
    let what = text(&finding["what"]);
    if what.contains("; ours may become one where rows that they refer to do") {
        return (0, false);
    }
    let told = what.split("; ").find_map(|part| {
        let (count, rest) = part.split_once(" of ours ")?;
        let (count, is_all) = match count.strip_prefix("at least ") {
            Some(count) => (count, false),
            None => (count, true),
        };
        let is_it = rest.contains(" the same by it as an earlier one");
        is_it.then(|| count.parse::<u64>().ok()).flatten().map(|count| (count, is_all))
    });
    told.unwrap_or((0, true))
}

/// Rows of an entity that were left out or rejected.
fn gone(entity: &Value) -> u64 {
    number(&entity["left_out"]) + number(&entity["rejected"])
}

/// Rows that stay behind: those of each cause, and of all causes together, of which each says whom
/// it takes along.
fn lost(said: &Said<'_>, entity: &Value, found: &mut Found) {
    let name = text(&entity["name"]);
    let (least, most) = together(&said.costs(&format!(" rows of {name}")));
    found.between(&format!("rows of {name} not carried over"), gone(entity), least, most);
    for group in list(&entity["left_out_reasons"]).iter().chain(list(&entity["rejected_reasons"])) {
        let (attribute, reason) = (group["attribute"].as_str(), text(&group["reason"]));
        let about = attribute.map_or(name.to_owned(), |attribute| format!("{name}.{attribute}"));
        let rows = rows_lost(said, name, &about, reason, group["class"].as_str());
        // A row that two causes touch is told of by the first.
        let what = format!("rows not carried over, {about}: {reason}");
        found.between(&what, number(&group["count"]), 0, rows);
    }
}

/// The rows that findings of a fitting kind say stay behind for this reason.
fn rows_lost(said: &Said<'_>, name: &str, about: &str, reason: &str, class: Option<&str>) -> u64 {
    let of = |kinds: &[&str], about: &str| said.rows_about(kinds, "reject", about);
    // A row that is left out by decision has no class.
    if class == Some("unique") || reason.starts_with("another row has the same values in ") {
        return of(&["unique-only-in-destination", "unique-collision", "unique-taken"], name);
    }
    if reason.ends_with(" is not there") || reason == "there is no id" {
        return of(&["orphan-references"], about);
    }
    if reason.starts_with("the destination has this row already, with the id ") {
        return of(&["existing-match"], name);
    }
    if reason == "there is no tenant" {
        return of(&["rows-without-tenant"], name);
    }
    if let Some(lacking) = reason.strip_suffix(" has no counterpart") {
        let looked_up = of(&["lookup-missing", "lookup-ambiguous"], about);
        let records = said.decided(&["record-missing", "record-recreated"], "reject");
        let records = records.filter(|finding| is_of(finding, lacking));
        let costs: Vec<_> =
            records.filter_map(|one| cost(one, &format!(" rows of {name}"))).collect();
        return looked_up + together(&costs).1;
    }
    if reason.ends_with(" is left out") {
        return together(&said.costs(&format!(" rows of {name}"))).1;
    }
    if reason.contains(" cannot hold") {
        return of(&["value-unreadable"], about);
    }
    if reason.contains(" has no form in ") {
        // What becomes of them goes with the choice to convert.
        return said.rows_about(&["attribute-retyped"], "convert", about);
    }
    if reason.contains(" does not fit") {
        return of(&["text-too-long", "number-too-wide"], about);
    }
    if reason == "there is no value" || reason.starts_with("there is none, and ") {
        return of(&["mandatory-empty", "null-not-allowed"], about);
    }
    if reason.contains("NULL is not allowed") {
        return of(&["null-not-allowed"], about);
    }
    // No finding is known to be about this.
    0
}

/// Whether a record's finding is about one of what a reason names: `its Core.Status`.
fn is_of(finding: &Value, lacking: &str) -> bool {
    let name = lacking.strip_prefix("its ").unwrap_or(lacking);
    let record = text(&finding["about"]).strip_prefix(name);
    record.is_some_and(|rest| rest.starts_with('.'))
}

/// References that were emptied, of each attribute, but for those to records and people that have no
/// counterpart: of these the comparison says whom they are to, and not which attribute's they are.
fn emptied(said: &Said<'_>, entity: &Value, found: &mut Found) {
    let name = text(&entity["name"]);
    let is_lookup = |about: &str| {
        said.findings(&["lookup-missing", "lookup-ambiguous"])
            .any(|one| text(&one["about"]) == about)
    };
    // A row that is not written has no reference.
    let unwritten = gone(entity) + number(&entity["recognised"]);
    let prefix = format!("{name}.");
    let mut all: Vec<String> = list(&entity["emptied"])
        .iter()
        .map(|reference| format!("{prefix}{}", text(&reference["attribute"])))
        .collect();
    for finding in list(&said.0["findings"]) {
        let about = text(&finding["about"]);
        if about.starts_with(&prefix) && empties(finding) {
            all.push(about.to_owned());
        }
    }
    all.sort();
    all.dedup();
    for about in all {
        let groups = list(&entity["emptied"])
            .iter()
            .filter(|reference| about == format!("{prefix}{}", text(&reference["attribute"])))
            .flat_map(|reference| list(&reference["reasons"]));
        let mut met = 0;
        for group in groups {
            let (reason, count) = (text(&group["reason"]), number(&group["count"]));
            if reason.ends_with(" has no counterpart") && !is_lookup(&about) {
                continue;
            }
            met += count;
            let what = format!("references of {about} emptied: {reason}");
            found.between(&what, count, 0, references_emptied(said, &about, reason));
        }
        let own = list(&said.0["findings"]).iter();
        let own = own.filter(|one| empties(one) && text(&one["about"]) == about).map(rows);
        let costs = said.costs(&format!(" references of {about} emptied"));
        let own = own.map(|rows| (rows, rows));
        let causes: Vec<(u64, u64)> = own.chain(costs).collect();
        let (least, most) = together(&causes);
        let least = least.saturating_sub(unwritten);
        let what = format!("references of {about} emptied");
        found.between(&what, met, least, most);
    }
}

/// Whether references are emptied with this.
fn empties(finding: &Value) -> bool {
    let is_of_a_missing_entity =
        finding["kind"] == "reference-leaves-scope" && list(&finding["choices"]).is_empty();
    // `empty` leaves values that are not there as they are.
    let is_chosen = decided(finding) == "empty" && finding["kind"] != "mandatory-empty";
    is_chosen || is_of_a_missing_entity
}

/// The references that findings of a fitting kind say are emptied for this reason.
fn references_emptied(said: &Said<'_>, about: &str, reason: &str) -> u64 {
    let of = |kinds: &[&str]| -> u64 {
        let findings = list(&said.0["findings"]).iter();
        findings
            .filter(|one| kinds.contains(&text(&one["kind"])) && empties(one))
            .filter(|one| text(&one["about"]) == about)
            .map(rows)
            .sum()
    };
    if reason.ends_with(" is not there") {
        return of(&["orphan-references"]);
    }
    if reason.ends_with(" has no counterpart") {
        return of(&["lookup-missing", "lookup-ambiguous"]);
    }
    if reason.ends_with(" is left out") {
        return together(&said.costs(&format!(" references of {about} emptied"))).1;
    }
    if reason == "rows referred to are not carried over" {
        return of(&["reference-leaves-scope"]);
    }
    // No finding is known to be about this.
    0
}

/// References to records, people and tenants without a counterpart, over all entities.
fn without_counterparts(said: &Said<'_>, report: &Value, found: &mut Found) {
    let mut met: BTreeMap<&str, u64> = ["its user", "its group"].map(|name| (name, 0)).into();
    let mut unwritten = 0;
    for entity in list(&report["entities"]) {
        unwritten += gone(entity) + number(&entity["recognised"]);
        for reference in list(&entity["emptied"]) {
            let about = format!("{}.{}", text(&entity["name"]), text(&reference["attribute"]));
            if said
                .findings(&["lookup-missing", "lookup-ambiguous"])
                .any(|one| one["about"] == about)
            {
                continue;
            }
            for group in list(&reference["reasons"]) {
                if let Some(name) = text(&group["reason"]).strip_suffix(" has no counterpart") {
                    *met.entry(name).or_default() += number(&group["count"]);
                }
            }
        }
    }
    for (name, met) in met {
        let is_it = |finding: &&Value| match name {
            "its user" => ["user-missing", "user-ambiguous"].contains(&text(&finding["kind"])),
            "its group" => finding["kind"] == "group-missing",
            _ => {
                let kinds = ["record-missing", "record-recreated", "record-ambiguous"];
                kinds.contains(&text(&finding["kind"])) && is_of(finding, name)
            }
        };
        let findings = list(&said.0["findings"]).iter().filter(is_it);
        let rows: u64 = findings.filter(|one| decided(one) == "empty").map(rows).sum();
        let least = rows.saturating_sub(unwritten);
        found.between(&format!("references emptied: {name} has no counterpart"), met, least, rows);
    }
}

/// Users and groups: exactly those are created, and emptied, of whom it was said.
fn people(said: &Said<'_>, report: &Value, found: &mut Found) {
    let count = |kinds: &'static [&'static str], choice: &'static str| {
        said.decided(kinds, choice).count() as u64
    };
    let people = &report["people"];
    let not_made = |table: &str| -> u64 {
        let persons = list(&report["refused"]).iter().filter(|one| one["what"] == "person");
        persons.filter(|one| one["place"] == table).map(|one| number(&one["count"])).sum()
    };
    let created =
        count(&["user-missing"], "create") + count(&["user-found", "user-inactive"], "recreate");
    let met = number(&people["users_created"]) + not_made("OSSYS_USER");
    found.is("users created", met, created);
    let met = number(&people["groups_created"]) + not_made("OSSYS_GROUP");
    found.is("groups created", met, count(&["group-missing"], "create"));
    let emptied = count(&["user-missing", "user-ambiguous"], "empty");
    found.is("users to whom references are emptied", number(&people["users_emptied"]), emptied);
    // Who is already as the source says is not written.
    let updated = count(&["user-found", "user-inactive"], "update");
    found.between("users updated", number(&people["users_updated"]), 0, updated);
}

/// Rows outside the scope that go with rows that are deleted, or lose their reference.
fn outside(said: &Said<'_>, report: &Value, found: &mut Found) {
    let words: Vec<u64> = text(&report["outside"])
        .split_whitespace()
        .filter_map(|word| word.replace(',', "").parse().ok())
        .collect();
    let [deleted, emptied] = words[..] else {
        assert!(words.is_empty(), "other words than are known: {}", report["outside"]);
        return outside_are(said, found, 0, 0);
    };
    outside_are(said, found, deleted, emptied);
}

fn outside_are(said: &Said<'_>, found: &mut Found, deleted: u64, emptied: u64) {
    let kinds = &["consumer-outside-scope", "foreign-key-outside", "cascade-deletes"];
    let mut going: Vec<u64> = said
        .decided(kinds, "delete-too")
        .map(|finding| {
            let mut choices = list(&finding["choices"]).iter();
            let choice = choices.find(|one| one["name"] == "delete-too").expect("decided so");
            // `delete them too, and 3 rows that hang on them`.
            let along =
                text(&choice["label"]).split_whitespace().find_map(|word| word.parse().ok());
            rows(finding) + along.unwrap_or(0)
        })
        .collect();
    // Users who are created again are deleted first, and their links with them.
    let users = said.decided(&["user-found", "user-inactive"], "recreate").count() as u64;
    going.push(users + said.findings(&["user-cascade"]).map(rows).sum::<u64>());
    // One row may hang on several by several columns.
    let least = going.iter().copied().max().unwrap_or(0);
    let all = going.iter().sum();
    found.between("rows outside the scope deleted too", deleted, least, all);
    let losing: Vec<u64> = said.decided(kinds, "empty").map(rows).collect();
    // A row that goes, for another column, has no reference.
    let least = losing.iter().copied().max().unwrap_or(0).saturating_sub(all);
    found.between("references outside the scope emptied", emptied, least, losing.iter().sum());
}

/// What the destination refused besides rows: only of people is it known who may be refused.
fn refused(said: &Said<'_>, report: &Value, found: &mut Found) {
    for refused in list(&report["refused"]) {
        let (what, place) = (text(&refused["what"]), text(&refused["place"]));
        let people = said.decided(&["user-collision"], "reject").map(rows).sum();
        let most = if what == "person" { people } else { 0 };
        found.between(&format!("refused, {what}, {place}"), number(&refused["count"]), 0, most);
    }
}

/// Nothing in a report can be another number without its being seen.
#[test]
fn whatever_else_a_run_meets_is_found() {
    use Feature as F;
    let features = vec![
        F::ExistingRows,
        F::Orphans,
        F::MissingUsers,
        F::Groups,
        F::ProducerKept,
        F::Extension,
        F::PlatformPeople,
        F::SourceOnlyEntity,
    ];
    let pair = generate::pair(&Recipe { seed: 5, size: 4, features, flaw: None });
    let bench = Bench::on(&TestEngine::sqlite(), &pair, 5);
    bench.plan(&bench.usual_plan().text());
    let said = comparison(&bench);
    let run = bench.run();
    assert_eq!(run.code, Some(0), "{}", run.all());
    let met = report(&bench).expect("a report");
    assert_eq!(not_foretold(&said, &met), Vec::<String>::new());

    let more = |value: &Value| Value::from(number(value) + 1);
    let mut others: Vec<(String, Value)> = Vec::new();
    for name in ["users_created", "groups_created", "users_emptied", "users_updated"] {
        let mut other = met.clone();
        other["people"][name] = more(&met["people"][name]);
        others.push((name.to_owned(), other));
    }
    let mut kinds = BTreeMap::new();
    for (place, entity) in list(&met["entities"]).iter().enumerate() {
        for name in ["source_rows", "deleted", "standing", "recognised", "left_out", "rejected"] {
            let mut other = met.clone();
            other["entities"][place][name] = more(&entity[name]);
            // What is rejected was not written; whether the sums are right is another question.
            if ["recognised", "left_out", "rejected"].contains(&name) {
                if entity["written"] == 0 {
                    continue;
                }
                other["entities"][place]["written"] = Value::from(number(&entity["written"]) - 1);
            }
            others.push((format!("{name} of {}", entity["name"]), other));
        }
        for (at, reference) in list(&entity["emptied"]).iter().enumerate() {
            for (group, reason) in list(&reference["reasons"]).iter().enumerate() {
                let mut other = met.clone();
                let count = &mut other["entities"][place]["emptied"][at]["reasons"][group]["count"];
                // A row that is not written may have held one: of that many there is no doubt.
                *count = Value::from(number(&reason["count"]) + 1000);
                *kinds.entry(text(&reason["reason"]).to_owned()).or_insert(0) += 1;
                others.push((format!("{} of {}", reference["attribute"], entity["name"]), other));
            }
        }
        let mut other = met.clone();
        other["entities"][place]["name"] = Value::from("Core.Nobody");
        others.push((format!("the name of {}", entity["name"]), other));
    }
    let mut other = met.clone();
    let refused = serde_json::json!([{ "what": "link", "place": "OSSYS_USER_ROLE", "count": 1 }]);
    other["refused"] = refused;
    others.push(("a refused link".to_owned(), other));
    let mut other = met.clone();
    other["outside"] = Value::from("Of rows outside the plan 1 deleted too and 0 lost something.");
    others.push(("a row outside the scope".to_owned(), other));

    assert!(kinds.len() > 1, "references are emptied for one reason only: {kinds:?}");
    for (what, other) in others {
        assert!(!not_foretold(&said, &other).is_empty(), "{what} may be anything");
    }
}
