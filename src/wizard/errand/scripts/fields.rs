//! The fields, and the names that they spell.

use super::super::super::form::{Field, FieldKind, Form};
use crate::procedures::{OracleClone, Remap};

pub(super) const NAME: &str = "name";
const DUMP: &str = "dump";
const DIRECTORY: &str = "directory";
const SAME: &str = "same";
const SCHEMAS: &str = "schemas";
const TABLESPACES: &str = "tablespaces";
const ADMIN: &str = "admin";

/// The fields that plain mode asks for, in their order.
pub(super) const TEXTS: [&str; 7] = [NAME, DUMP, DIRECTORY, SAME, SCHEMAS, TABLESPACES, ADMIN];

pub(super) fn form(name: &str, clone: &OracleClone) -> Form {
    let mut form = Form::new(vec![
        Field::text(NAME, "Name", "What this clone is called: its scripts and its record.", name),
        Field::text(DUMP, "Dump", "The dump file's name, without its ending.", &clone.dump),
        Field::text(
            DIRECTORY,
            "Directory",
            "The directory object in Oracle that the dump lies in; empty for DATA_PUMP_DIR.",
            clone.directory.as_deref().unwrap_or_default(),
        ),
        Field::new(
            SAME,
            "Same instance",
            "Whether the clone is in the same instance as its original: then no name may stay (yes, no).",
            FieldKind::Tick(clone.same_instance),
        ),
        Field::text(
            SCHEMAS,
            "Schemas",
            "Each schema with its new name: OSADMIN=OSADMIN_TST, OSLOG=OSLOG_TST",
            &pairs_text(&clone.schema),
        ),
        Field::text(
            TABLESPACES,
            "Tablespaces",
            "Each tablespace with its new name: OSUSR=OSUSR_TST, OSSYS=OSSYS_TST",
            &pairs_text(&clone.tablespace),
        ),
        Field::text(ADMIN, "Admin schema", "The new Platform admin schema.", &clone.admin),
        Field::new("write", "Write scripts", "They are written, never run.", FieldKind::Button),
    ]);
    form.has_focus = false;
    form
}

/// The clone that the form spells.
pub(super) fn clone(form: &Form) -> OracleClone {
    let text = |name| form.value(name).to_owned();
    OracleClone {
        version: 1,
        dump: text(DUMP),
        directory: Some(text(DIRECTORY)).filter(|directory| !directory.is_empty()),
        same_instance: form.field(SAME).is_some_and(Field::is_ticked),
        schema: pairs(form.value(SCHEMAS)),
        tablespace: pairs(form.value(TABLESPACES)),
        admin: text(ADMIN),
    }
}

/// What stands in a field, as text.
pub(super) fn text(form: &Form, name: &str) -> String {
    match form.field(name) {
        Some(field) if matches!(field.kind, FieldKind::Tick(_)) => {
            if field.is_ticked() { "yes" } else { "no" }.to_owned()
        }
        Some(field) => field.value().to_owned(),
        None => String::new(),
    }
}

/// Sets the field of a question of plain mode.
pub(super) fn set(form: &mut Form, asked: usize, text: &str) {
    let Some(field) = TEXTS.get(asked).and_then(|name| form.field_mut(name)) else { return };
    match &mut field.kind {
        FieldKind::Text(held) => held.set(text),
        FieldKind::Tick(held) => *held = text.trim().to_lowercase().starts_with('y'),
        _ => {}
    }
}

fn pairs(text: &str) -> Vec<Remap> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let (from, to) = part.split_once('=').unwrap_or((part, ""));
            Remap { from: from.trim().to_owned(), to: to.trim().to_owned() }
        })
        .collect()
}

fn pairs_text(pairs: &[Remap]) -> String {
    let parts: Vec<String> =
        pairs.iter().map(|pair| format!("{}={}", pair.from, pair.to)).collect();
    parts.join(", ")
}
