//! Why rows and references did not come along, grouped: without the values that made each reason
//! another text.
//!
//! The journal keeps every reason as it was said, ids and values included. A report shows neither
//! the values of rows nor a thousand reasons that differ by a number only.

use serde::Serialize;

use crate::database::{Refusal, Value};
use crate::plan::{EntityPlan, Plan};

/// Identifiers that are shown of each group.
const SHOWN_KEYS: usize = 10;

/// Longest identifier that is shown whole.
const LONGEST_KEY: usize = 60;

/// Rows or cells with the same reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReasonGroup {
    /// The attribute it is about, where it is about one.
    pub attribute: Option<String>,
    /// Why, without values.
    pub reason: String,
    /// The database's error number, where it refused.
    pub code: Option<i64>,
    /// The kind of rule that was broken, where it is known: `foreign-key`, `check`, `unique`,
    /// `not-null`, `too-long`, `value`, `trigger`, or `dependant` of a row that is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<&'static str>,
    /// The constraint, the index or the column, as the database names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub constraint: Option<String>,
    /// How many.
    pub count: u64,
    /// Source identifiers of the first ten; none where the entity has no identifier.
    pub keys: Vec<String>,
}

/// Reasons of one entity, in words that hold no value of a row.
pub(super) struct Reasons<'a> {
    plan: &'a Plan,
    entity: &'a EntityPlan,
}

impl<'a> Reasons<'a> {
    pub(super) fn new(plan: &'a Plan, entity: &'a EntityPlan) -> Self {
        Self { plan, entity }
    }

    /// The attribute that a reason is about, and the reason.
    fn taken_apart(&self, reason: &str, code: Option<i64>) -> (Option<String>, String) {
        let (attribute, rest) = self.attribute_of(reason);
        let reason = match lookup(self.plan, rest) {
            Some(reason) => reason,
            None => without_values(rest, code),
        };
        (attribute, reason)
    }

    /// A reason in one piece.
    pub(super) fn whole(&self, reason: &str, code: Option<i64>) -> String {
        match self.taken_apart(reason, code) {
            (Some(attribute), reason) => format!("{attribute}: {reason}"),
            (None, reason) => reason,
        }
    }

    /// Splits `Attribute: why`; what the database says starts with the column's name.
    fn attribute_of<'r>(&self, reason: &'r str) -> (Option<String>, &'r str) {
        let Some((first, rest)) = reason.split_once(": ") else { return (None, reason) };
        let column = self
            .entity
            .columns
            .iter()
            .find(|column| column.attribute == first || column.destination.name == first);
        match column {
            Some(column) => (Some(column.attribute.clone()), rest),
            None => (None, reason),
        }
    }
}

/// Collects reasons of one entity.
pub(super) struct Groups<'a> {
    reasons: Reasons<'a>,
    groups: Vec<ReasonGroup>,
}

/// Adds one thing to its group, by a reason that holds no value.
pub(super) fn add(
    groups: &mut Vec<ReasonGroup>,
    attribute: Option<String>,
    reason: String,
    key: &Value,
    code: Option<i64>,
    refusal: Option<&Refusal>,
) {
    let class = refusal.map(|refusal| refusal.class.name());
    let constraint = refusal.and_then(|refusal| refusal.by.clone());
    let place = groups.iter().position(|group| {
        group.attribute == attribute
            && group.reason == reason
            && group.code == code
            && group.constraint == constraint
    });
    let place = place.unwrap_or_else(|| {
        let (count, keys) = (0, Vec::new());
        groups.push(ReasonGroup { attribute, reason, code, class, constraint, count, keys });
        groups.len() - 1
    });
    let group = &mut groups[place];
    group.count += 1;
    if group.keys.len() < SHOWN_KEYS && !key.is_null() {
        group.keys.push(shown_key(key));
    }
}

impl<'a> Groups<'a> {
    pub(super) fn new(plan: &'a Plan, entity: &'a EntityPlan) -> Self {
        Self { reasons: Reasons::new(plan, entity), groups: Vec::new() }
    }

    /// Adds one row or cell.
    pub(super) fn add(
        &mut self,
        key: &Value,
        reason: &str,
        code: Option<i64>,
        refusal: Option<&Refusal>,
    ) {
        let (attribute, reason) = self.reasons.taken_apart(reason, code);
        add(&mut self.groups, attribute, reason, key, code, refusal);
    }

    /// The groups, largest first.
    pub(super) fn finish(mut self) -> Vec<ReasonGroup> {
        self.groups.sort_by_key(|group| std::cmp::Reverse(group.count));
        self.groups
    }
}

fn shown_key(key: &Value) -> String {
    let key = super::text::plain(&key.to_string());
    if key.chars().count() <= LONGEST_KEY {
        return key;
    }
    key.chars().take(LONGEST_KEY - 1).chain(['…']).collect()
}

/// A reference that led nowhere: `user 12 is not there`, `Core.Country PT has no counterpart`.
fn lookup(plan: &Plan, reason: &str) -> Option<String> {
    let names = plan
        .entities
        .iter()
        .map(|entity| entity.name.as_str())
        .chain(plan.fixed.iter().map(|fixed| fixed.name.as_str()))
        .chain(plan.lookups.iter().map(|lookup| lookup.name.as_str()))
        .chain(["user", "group", "tenant"]);
    let (head, end) = [" is not there", " is left out", " has no counterpart"]
        .into_iter()
        .find_map(|end| Some((reason.strip_suffix(end)?, end)))?;
    // One name may be the beginning of another.
    names
        .filter(|name| head.strip_prefix(name).is_some_and(|rest| rest.starts_with(' ')))
        .max_by_key(|name| name.len())
        .map(|name| format!("its {name}{end}"))
}

/// A reason without the values of rows. `code` is the database's error number.
pub(super) fn without_values(text: &str, code: Option<i64>) -> String {
    if let Some((value, to)) = text.rsplit_once(" does not fit") {
        let what = if value.starts_with("a text of ") {
            "a text"
        } else if value.starts_with("a binary of ") {
            "a binary"
        } else {
            "a value"
        };
        return format!("{what} does not fit{to}");
    }
    without_numbers(&server_text(text, code))
}

/// What the database said, without what it quotes of a row.
pub(super) fn server_text(text: &str, code: Option<i64>) -> String {
    match code {
        // The texts of these are made by whoever wrote the trigger: nobody knows what they say.
        Some(50_000.. | SQLITE_TRIGGER) => {
            "a rule of the database refused it; its words are in the journal".to_owned()
        }
        // Cannot insert duplicate key …: the key stands in brackets at the end.
        Some(2601 | 2627) => between(text, text.find(" ("), text.rfind(')'), 2),
        // Truncated value: the third text in quotes.
        Some(2628) => between(text, nth_quote(text, 5), text.rfind('\''), 1),
        // Conversions name the value they failed at.
        Some(241 | 242 | 245 | 248 | 8114 | 8169) => {
            between(text, text.find('\''), text.rfind('\''), 1)
        }
        _ => text.to_owned(),
    }
}

/// A line of the run's story, without what the database quotes of a row in its last words.
pub(super) fn event_text(text: &str) -> String {
    let parts = ["failed: ", "undo failed: "].into_iter().find_map(|head| {
        let (what, end) = text.strip_prefix(head)?.rsplit_once(" (error ")?;
        let code = end.split_once(')')?.0.parse().ok()?;
        Some((head, what, end, code))
    });
    let Some((head, what, end, code)) = parts else { return text.to_owned() };
    // What was being done is ours and stays.
    let (doing, said) = match what.split_once(": ") {
        Some((doing, said)) if doing.contains("ing ") => (format!("{doing}: "), said),
        _ => (String::new(), what),
    };
    format!("{head}{doing}{} (error {end}", server_text(said, Some(code)))
}

/// What SQLite calls a refusal by a trigger.
const SQLITE_TRIGGER: i64 = 1811;

/// The text with `…` in place of what lies between two characters; `skip` bytes of the opening stay.
fn between(text: &str, open: Option<usize>, close: Option<usize>, skip: usize) -> String {
    match (open, close) {
        (Some(open), Some(close)) if open + skip <= close => {
            format!("{}…{}", &text[..open + skip], &text[close..])
        }
        _ => text.to_owned(),
    }
}

fn nth_quote(text: &str, wanted: usize) -> Option<usize> {
    text.match_indices('\'').nth(wanted - 1).map(|(place, _)| place)
}

/// The text with `…` for every number or moment that stands alone.
fn without_numbers(text: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let core = word.trim_end_matches([',', '.', ';', ':']);
        let is_number = core.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '+')
            && core.contains(|c: char| c.is_ascii_digit())
            && core.chars().all(|c| c.is_ascii_digit() || "+-.,:eE".contains(c));
        let word = if is_number { format!("…{}", &word[core.len()..]) } else { word.to_owned() };
        if word == "…" && words.last().is_some_and(|last| last == "…") {
            continue;
        }
        words.push(word);
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str, code: i64) -> String {
        without_values(text, (code != 0).then_some(code))
    }

    #[test]
    fn values_that_do_not_fit_are_not_shown() {
        assert_eq!(said("12 does not fit INT", 0), "a value does not fit INT");
        assert_eq!(said("a text of 44 characters does not fit NVARCHAR(30)", 0), {
            "a text does not fit NVARCHAR(30)"
        });
        assert_eq!(said("44 characters do not fit NVARCHAR(30)", 0), {
            "… characters do not fit NVARCHAR(30)"
        });
        assert_eq!(said("2024-05-06 07:08:09.003 does not fit DATE", 0), {
            "a value does not fit DATE"
        });
        assert_eq!(said("7 does not fit", 0), "a value does not fit");
    }

    #[test]
    fn what_the_server_quotes_of_a_row_is_not_shown() {
        assert_eq!(
            said(
                "Violation of UNIQUE KEY constraint 'UQ_1'. Cannot insert duplicate key in object \
                 'dbo.T'. The duplicate key value is (o'neil (senior), 12).",
                2627
            ),
            "Violation of UNIQUE KEY constraint 'UQ_1'. Cannot insert duplicate key in object \
             'dbo.T'. The duplicate key value is (…)."
        );
        assert_eq!(
            said(
                "String or binary data would be truncated in table 'd.dbo.T', column 'NAME'. \
                 Truncated value: 'it's secret'.",
                2628
            ),
            "String or binary data would be truncated in table 'd.dbo.T', column 'NAME'. \
             Truncated value: '…'."
        );
        assert_eq!(
            said(
                "Conversion failed when converting the nvarchar value 'abc' to data type int.",
                245
            ),
            "Conversion failed when converting the nvarchar value '…' to data type int."
        );
        assert_eq!(
            said("Arithmetic overflow error for data type tinyint, value = 300.", 220),
            "Arithmetic overflow error for data type tinyint, value = …."
        );
        assert!(!said("Customer Anna is blocked", 50_000).contains("Anna"));
        assert!(!said("Customer Anna is blocked", 1811).contains("Anna"));
    }

    #[test]
    fn the_last_words_of_a_run_show_no_row() {
        let text = "failed: writing OSSYS_USER: Cannot insert duplicate key row in object 'dbo.U' \
                    with unique index 'I'. The duplicate key value is (anna, 3). (error 2601)";
        assert_eq!(
            event_text(text),
            "failed: writing OSSYS_USER: Cannot insert duplicate key row in object 'dbo.U' with \
             unique index 'I'. The duplicate key value is (…). (error 2601)"
        );
        assert_eq!(
            event_text("failed: writing OSSYS_USER: Anna is barred (error 51000)\n  Ask."),
            "failed: writing OSSYS_USER: a rule of the database refused it; its words are in the \
             journal (error 51000)\n  Ask."
        );
        assert_eq!(event_text("started, plan 12ab"), "started, plan 12ab");
    }

    #[test]
    fn names_stay() {
        let text = "The INSERT statement conflicted with the FOREIGN KEY constraint \"FK_2\". The \
                    conflict occurred in database \"DEV\", table \"dbo.OSUSR_8KD_X1\", column 'ID'.";
        assert_eq!(said(text, 547), text);
        assert_eq!(said("UNIQUE constraint failed: OSUSR_1.NAME", 2067), {
            "UNIQUE constraint failed: OSUSR_1.NAME"
        });
    }
}
