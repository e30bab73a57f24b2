//! Whether a comparison made before a run said everything that the run then met: every row left
//! out or rejected and every reference emptied, with at least as many rows.

#![expect(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

use serde_json::Value;

use crate::program::Bench;

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

/// Rows or references that did not come along, of one entity and for one reason.
struct Met<'a> {
    /// `Espace.Entity`.
    entity: &'a str,
    attribute: Option<&'a str>,
    reason: &'a str,
    class: Option<&'a str>,
    count: u64,
    emptied: bool,
}

/// What the run met and the comparison does not say, a sentence each.
pub fn not_foretold(comparison: &Value, report: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for met in all_met(report) {
        let said = rows_said(comparison, &met);
        if said < met.count {
            let Met { entity, attribute, reason, count, emptied, .. } = met;
            let what = if emptied { "references emptied" } else { "rows not carried over" };
            let attribute = attribute.unwrap_or_default();
            found.push(format!(
                "not foretold: {count} {what}, {entity}.{attribute}: {reason} ({said} said)"
            ));
        }
    }
    found
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn all_met(report: &Value) -> Vec<Met<'_>> {
    let mut all = Vec::new();
    for entity in list(&report["entities"]) {
        let name = text(&entity["name"]);
        for group in
            list(&entity["left_out_reasons"]).iter().chain(list(&entity["rejected_reasons"]))
        {
            all.push(Met {
                entity: name,
                attribute: group["attribute"].as_str(),
                reason: text(&group["reason"]),
                class: group["class"].as_str(),
                count: group["count"].as_u64().expect("a count"),
                emptied: false,
            });
        }
        for reference in list(&entity["emptied"]) {
            for group in list(&reference["reasons"]) {
                all.push(Met {
                    entity: name,
                    attribute: reference["attribute"].as_str(),
                    reason: text(&group["reason"]),
                    class: None,
                    count: group["count"].as_u64().expect("a count"),
                    emptied: true,
                });
            }
        }
    }
    all
}

/// The rows that findings of a fitting kind name.
fn rows_said(comparison: &Value, met: &Met<'_>) -> u64 {
    let findings = list(&comparison["findings"]);
    let about = match met.attribute {
        Some(attribute) => format!("{}.{attribute}", met.entity),
        None => met.entity.to_owned(),
    };
    let of_kinds = |kinds: &[&str], about: Option<&str>| -> u64 {
        findings
            .iter()
            .filter(|finding| kinds.contains(&text(&finding["kind"])))
            .filter(|finding| about.is_none_or(|about| text(&finding["about"]) == about))
            .map(|finding| finding["rows"].as_u64().unwrap_or_default())
            .sum()
    };
    let reason = met.reason;
    // A row that is left out by decision has no class.
    if met.class == Some("unique") || reason.starts_with("another row has the same values in ") {
        let kinds = ["unique-only-in-destination", "unique-collision", "unique-taken"];
        return of_kinds(&kinds, Some(met.entity));
    }
    if reason.ends_with(" is not there") {
        return of_kinds(&["orphan-references"], Some(&about));
    }
    if reason.ends_with(" has no counterpart") {
        // These are about a user, a group or a record, whoever refers to it.
        let kinds = [
            "user-missing",
            "group-missing",
            "record-missing",
            "lookup-missing",
            "lookup-ambiguous",
        ];
        return of_kinds(&kinds, None);
    }
    if reason.ends_with(" is left out") {
        let what =
            if met.emptied { format!("references of {about} emptied") } else { about_rows(met) };
        return findings.iter().map(|finding| cost(finding, &what)).sum();
    }
    if reason.contains(" cannot hold") {
        return of_kinds(&["value-unreadable"], Some(&about));
    }
    if reason.contains(" has no form in ") {
        return of_kinds(&["attribute-retyped"], Some(&about));
    }
    if reason.contains(" does not fit") {
        return of_kinds(&["text-too-long", "number-too-wide"], Some(&about));
    }
    if reason == "there is no value" || reason.starts_with("there is none, and ") {
        return of_kinds(&["mandatory-empty", "null-not-allowed"], Some(&about));
    }
    if reason.contains("NULL is not allowed") {
        return of_kinds(&["null-not-allowed"], Some(&about));
    }
    if reason == "rows referred to are not carried over" {
        return of_kinds(&["reference-leaves-scope"], Some(&about));
    }
    // No finding is known to be about this.
    0
}

fn about_rows(met: &Met<'_>) -> String {
    format!("rows of {}", met.entity)
}

/// How many of these a finding says that a choice costs: `3 rows of Core.Thing`, `3 of 9 rows of
/// Core.Thing`, `3 references of Core.Thing.ParentId emptied`.
fn cost(finding: &Value, what: &str) -> u64 {
    let of_choice = |choice: &Value| -> u64 {
        let parts = text(&choice["cost"]).split(", ");
        let counts = parts.filter_map(|part| {
            let words = part.strip_suffix(what)?.split_whitespace();
            words.filter_map(|word| word.parse::<u64>().ok()).next()
        });
        counts.sum()
    };
    list(&finding["choices"]).iter().map(of_choice).max().unwrap_or_default()
}
