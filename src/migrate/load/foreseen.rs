//! Which refusals of the destination a decision has foreseen.

use super::super::journal::LeftOutRow;
use crate::database::{Fault, TableName, Value};
use crate::plan::{EntityPlan, Plan, UniquePlan};

/// A row that the destination refused, as it is noted: left out by decision, or a reject.
pub(super) fn refused_row(plan: &Plan, place: usize, key: Value, fault: Fault) -> LeftOutRow {
    match foreseen(&plan.entities[place], &fault) {
        Some(unique) => {
            let reason = in_words(unique);
            LeftOutRow { entity: place, key, reason, planned: true, code: None, refusal: None }
        }
        None => {
            let Fault { what: reason, code, refusal, .. } = fault;
            LeftOutRow { entity: place, key, reason, planned: false, code, refusal }
        }
    }
}

/// The index for which the destination refused a row that has the values of another one, where it
/// was decided to leave such rows out.
fn foreseen<'e>(entity: &'e EntityPlan, fault: &Fault) -> Option<&'e UniquePlan> {
    if !fault.is_collision() {
        return None;
    }
    let table = &entity.destination_table;
    let named = entity.uniques.iter().find(|unique| is_named(unique, table, &fault.what));
    // A refusal by the key names no index that is known.
    let by = named.or_else(|| entity.uniques.iter().find(|unique| unique.name.is_empty()));
    by.filter(|unique| unique.leaves_out)
}

fn in_words(unique: &UniquePlan) -> String {
    let columns = unique.columns.join(", ");
    match unique.name.as_str() {
        "" => format!("another row has the same values in the key ({columns})"),
        name => format!("another row has the same values in the unique index {name} ({columns})"),
    }
}

/// Whether a database's words name an index: a server by its name, in the quotes of its language,
/// SQLite at the end by its columns, or by its name where it is made of something else.
fn is_named(unique: &UniquePlan, table: &TableName, what: &str) -> bool {
    if unique.name.is_empty() {
        return false;
    }
    let what = what.to_lowercase();
    let columns: Vec<String> =
        unique.columns.iter().map(|column| format!("{}.{column}", table.name)).collect();
    is_quoted(&unique.name.to_lowercase(), &what)
        || what.ends_with(&format!(": {}", columns.join(", ").to_lowercase()))
}

/// Whether a name stands between quotes of any kind: servers speak the language of the login.
fn is_quoted(name: &str, what: &str) -> bool {
    let is_quote =
        |c: char| matches!(c, '\'' | '"' | '\u{ab}' | '\u{bb}' | '\u{2018}'..='\u{201f}');
    what.match_indices(name).any(|(at, _)| {
        let (before, after) = (&what[..at], &what[at + name.len()..]);
        before.ends_with(is_quote) && after.starts_with(is_quote)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_is_told_by_its_name_or_its_columns() {
        let unique = |name: &str, columns: &[&str]| UniquePlan {
            name: name.to_owned(),
            columns: columns.iter().map(|column| (*column).to_owned()).collect(),
            leaves_out: true,
            repeated: None,
        };
        let table = TableName::new("OSUSR_ABC_THING");
        let server = "Cannot insert duplicate key row in object 'dbo.OSUSR_ABC_THING' with unique \
                      index 'OSIDX_1'. The duplicate key value is (A).";
        assert!(is_named(&unique("OSIDX_1", &["CODE"]), &table, server));
        assert!(!is_named(&unique("OSIDX_11", &["CODE"]), &table, server));
        assert!(!is_named(&unique("OSIDX", &["CODE"]), &table, server));
        let spoken = "Zeile mit doppeltem Schlüssel, eindeutiger Index \"osidx_1\".";
        assert!(is_named(&unique("OSIDX_1", &["CODE"]), &table, spoken));
        assert!(!is_named(&unique("IDX_1", &["CODE"]), &table, spoken));
        let file = "UNIQUE constraint failed: OSUSR_ABC_THING.CODE, OSUSR_ABC_THING.KIND";
        assert!(is_named(&unique("x", &["Code", "Kind"]), &table, file));
        assert!(!is_named(&unique("x", &["Code"]), &table, file));
        assert!(!is_named(&unique("x", &["Kind"]), &table, file));
        assert!(!is_named(&unique("", &[]), &table, file));
    }
}
