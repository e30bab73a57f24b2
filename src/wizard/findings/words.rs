//! What is said of findings in a few words.

use super::super::migration::Migration;
use crate::compare::{Choice, Finding, FindingKind, PREVIEWED, choice};
use crate::report::{counted, number};

/// A finding's name without its module, for narrow columns.
#[must_use]
pub fn short_about(finding: &Finding) -> &str {
    if finding.key.entity.is_empty() || finding.about.contains(" ↔ ") {
        return &finding.about;
    }
    finding.about.split_once('.').map_or(finding.about.as_str(), |(_, rest)| rest)
}

/// A sentence with its capital and its full stop.
#[must_use]
pub fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    let Some(first) = characters.next() else { return String::new() };
    // Names keep their own first letter: "nvarchar(30) in the source" is no sentence's beginning.
    let is_word = text
        .split(|c: char| !c.is_alphanumeric())
        .next()
        .is_some_and(|word| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase()));
    let followed = text.chars().find(|c| !c.is_alphanumeric());
    let mut out: String = if is_word && followed.is_none_or(|c| c == ' ') {
        first.to_uppercase().chain(characters).collect()
    } else {
        text.to_owned()
    };
    if !out.ends_with(['.', '!', '?', ':']) {
        out.push('.');
    }
    out
}

/// What a decision says in a table's column.
#[must_use]
pub fn short_choice(kind: FindingKind, name: &str, to: Option<&str>) -> String {
    let text = match name {
        // Of these the value is meant, which need not be a reference.
        choice::EMPTY
            if matches!(kind, FindingKind::MandatoryEmpty | FindingKind::ProcessNextRun) =>
        {
            "leave empty"
        }
        choice::STOP => "stop",
        choice::LEAVE_OUT => "leave out",
        choice::REJECT => "leave rows out",
        choice::CUT => "cut the text",
        choice::EMPTY => "no reference",
        choice::CREATE => "create",
        choice::USE => "use as it is",
        choice::MAP
        | choice::MAP_BY_KEY
        | choice::REPLACEMENT
        | choice::REMAP
        | choice::VALUE
        | choice::CONSTANT => {
            return to.map_or_else(|| name.to_owned(), |to| format!("→ {to}"));
        }
        choice::TAKE_IN => "take in",
        choice::KEEP => "keep",
        choice::REPLACE => "delete first",
        choice::DELETE_TOO => "delete too",
        choice::DEFAULT => "default value",
        other => other,
    };
    text.to_owned()
}

/// How many rows a finding touches; `…` while they are counted, nothing where it touches none.
#[must_use]
pub fn rows(finding: &Finding) -> String {
    match finding.rows {
        Some(rows) => crate::report::number(rows),
        None if finding.awaits_rows => "…".to_owned(),
        None => String::new(),
    }
}

/// What is to be done about a finding that was decided to stop, or that nothing can be chosen for.
#[must_use]
pub fn way_out(kind: FindingKind) -> &'static str {
    use FindingKind as Kind;
    match kind {
        Kind::TenantMissing => "make the tenant in the Users application there, then Ctrl+T",
        Kind::UserMissing
        | Kind::UserInactive
        | Kind::UserAmbiguous
        | Kind::UserMapped
        | Kind::UserFound
        | Kind::GroupMissing => "mend it in the Users application there, then Ctrl+T",
        Kind::UserDependants => "use or update the users, or see to the rows; then Ctrl+T",
        Kind::UserProviderDiffers => "set the same user provider on both sides, then Ctrl+T",
        Kind::TriggerInsteadOf
        | Kind::LeftoverNotNull
        | Kind::CycleMandatory
        | Kind::TableMissing => "have a DBA mend the table, then Ctrl+T",
        Kind::ConsumerOutsideScope => {
            "take its entity in, or leave the other one out, on Scope; then Ctrl+T"
        }
        Kind::ProcessSubscriptionLeft => "take its entity in on Scope, then Ctrl+T",
        Kind::CascadeDeletes | Kind::ForeignKeyOutside => {
            "have a DBA see to those rows or to the foreign key, or choose other entities on Scope; \
             then Ctrl+T"
        }
        Kind::ProducerRows => {
            "have the rows deleted first on Options, or leave out on Scope what refers to it"
        }
        Kind::OrphanReferences => "mend the rows in the source, then Ctrl+T",
        Kind::TooManyValues => "leave its entity out on Scope, then Ctrl+T",
        Kind::DestinationRowsUndecided => "say it on Options",
        _ => "publish the module, then Ctrl+T",
    }
}

/// The choice that stands for a name.
#[must_use]
pub fn choice_of<'a>(finding: &'a Finding, name: &str) -> Option<&'a Choice> {
    finding.choices.iter().find(|choice| choice.name == name)
}

/// Some names, and how many more there are.
#[must_use]
pub fn some_of<'a>(names: impl Iterator<Item = &'a str>, most: usize, all: usize) -> String {
    let shown: Vec<&str> = names.take(most).collect();
    let more = all.saturating_sub(shown.len());
    let mut text = shown.join(", ");
    if more > 0 {
        text.push_str(&format!(" and {}", counted(more as u64, "other", "others")));
    }
    text
}

/// How many rows are listed after the first ones, where there are more, and `how` to see them.
#[must_use]
pub fn unlisted(finding: &Finding, how: &str) -> Option<String> {
    let more = finding.preview.len().saturating_sub(PREVIEWED);
    (more > 0).then(|| format!("and {} more: {how}", number(more as u64)))
}

/// A finding as a text to copy.
#[must_use]
pub fn to_text(migration: &Migration, finding: &Finding) -> String {
    let mut lines = vec![
        format!("{} [{}, {}]", finding.about, finding.severity.label(), finding.key.kind),
        sentence(&finding.what),
        finding.why.clone(),
    ];
    let rows = rows(finding);
    if !rows.is_empty() {
        lines.push(format!("Rows: {rows}"));
    }
    if !finding.preview.is_empty() {
        lines.push("Of them:".to_owned());
        lines.extend(finding.preview.iter().map(|row| format!("  {row}")));
    }
    if let Some(decision) = migration.plan.decisions.get(&finding.key) {
        let words = short_choice(finding.key.kind, &decision.choice, decision.to.as_deref());
        lines.push(format!("Decided: {words}"));
    }
    lines.join("\n")
}
