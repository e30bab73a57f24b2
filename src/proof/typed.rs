//! Values of several types in one column: texts, some of which are ids.

use std::collections::HashMap;

use super::canonical::{IdForm, Plain};
use super::form::put_none;
use super::maps::IdKey;
use crate::database::{Batch, Column, Value};
use crate::plan::{EntityPlan, Fate, Plan, Rule, Target, TypedRule};

/// The row of which a cell is: the plan's columns begin at `first`.
#[derive(Clone, Copy)]
pub(super) struct Beside<'a> {
    pub(super) batch: &'a Batch,
    pub(super) first: usize,
}

/// How the values of such a column are brought into form.
pub(super) struct TypedForm {
    /// How those are that are no ids.
    plain: Plain,
    type_column: Option<usize>,
    definition_column: Option<usize>,
    by_name: HashMap<String, usize>,
    by_definition: HashMap<IdKey, usize>,
    /// By type, how ids are, and whether they are texts.
    types: Vec<(IdForm, bool)>,
}

impl TypedForm {
    /// In the source's terms, where definitions have the source's ids.
    pub(super) fn of_source(rule: &TypedRule, plain: Plain, ids: Vec<IdForm>) -> Self {
        Self::new(rule, plain, ids, |definition| IdKey::of(definition).into_iter().collect())
    }

    /// The same for rows of the destination: definitions have become others.
    pub(super) fn of_destination(
        plan: &Plan,
        entity: &EntityPlan,
        rule: &TypedRule,
        plain: Plain,
        ids: Vec<IdForm>,
    ) -> Self {
        let column = rule.definition_column.and_then(|at| entity.columns.get(at));
        let fates = match column.map(|column| &column.rule) {
            Some(Rule::Reference(reference)) => match reference.target {
                Target::Fixed(place) => plan.fixed[place].fates.as_slice(),
                _ => &[],
            },
            _ => &[],
        };
        Self::new(rule, plain, ids, |definition| {
            let became =
                fates.iter().filter(|(source, _)| IdKey::of(source) == IdKey::of(definition));
            became
                .filter_map(|(_, fate)| match fate {
                    Fate::To(id) => IdKey::of(id),
                    Fate::Empty | Fate::LeaveOut => None,
                })
                .collect()
        })
    }

    fn new(
        rule: &TypedRule,
        plain: Plain,
        ids: Vec<IdForm>,
        known_as: impl Fn(&Value) -> Vec<IdKey>,
    ) -> Self {
        let mut by_definition = HashMap::new();
        for (place, one) in rule.types.iter().enumerate() {
            let keys = one.definitions.iter().flat_map(&known_as);
            by_definition.extend(keys.map(|key| (key, place)));
        }
        let names = rule.types.iter().enumerate();
        let of_texts = rule.types.iter().map(|one| one.of_texts);
        Self {
            plain,
            type_column: rule.type_column,
            definition_column: rule.definition_column,
            by_name: names.map(|(place, one)| (one.name.clone(), place)).collect(),
            by_definition,
            types: ids.into_iter().zip(of_texts).collect(),
        }
    }

    pub(super) fn plain(&self) -> &Plain {
        &self.plain
    }

    /// The type of ids that a row's value is, if it is one, by its place.
    pub(super) fn place(&self, beside: Beside<'_>, row: usize) -> Option<usize> {
        let cell = |at: usize| beside.batch.column(beside.first + at).value(row);
        let named = self.type_column.map(cell).filter(|name| !name.is_null());
        let named = named.map(|name| name.to_string().trim().to_lowercase());
        let place = match named.filter(|name| !name.is_empty()) {
            Some(name) => self.by_name.get(&name),
            None => {
                let definition = self.definition_column.and_then(|at| IdKey::of(&cell(at)));
                definition.and_then(|key| self.by_definition.get(&key))
            }
        };
        place.copied()
    }

    pub(super) fn put(
        &self,
        column: &Column,
        row: usize,
        beside: Option<Beside<'_>>,
        to: &mut Vec<u8>,
    ) {
        match beside.and_then(|beside| self.place(beside, row)) {
            Some(place) => self.put_id(place, &column.value(row), to),
            None => self.plain.put(column, row, to),
        }
    }

    /// The form of a value of that type.
    pub(super) fn put_as(&self, place: Option<usize>, value: &Value, to: &mut Vec<u8>) {
        match place {
            Some(place) => self.put_id(place, value, to),
            None => self.plain.put_value(value, to),
        }
    }

    /// An id, by what its text says. One that says none is any other text.
    fn put_id(&self, place: usize, value: &Value, to: &mut Vec<u8>) {
        let (form, of_texts) = &self.types[place];
        let text = value.to_string();
        match (of_texts, text.trim().parse::<i64>()) {
            _ if value.is_null() || text.trim().is_empty() => put_none(to),
            (false, Ok(id)) => form.put(&Value::Integer(id), to),
            (false, Err(_)) => self.plain.put_value(value, to),
            (true, _) => form.put(value, to),
        }
    }

    /// Whether a cell holds what stands for no reference.
    pub(super) fn is_none(value: &Value) -> bool {
        value.is_null() || matches!(value.to_string().trim(), "" | "0")
    }
}

#[cfg(test)]
mod tests {
    use super::super::maps::Inverse;
    use super::*;
    use crate::database::ColumnType;
    use crate::plan::{Misfit, Orphan, ReferenceRule, TypedIds};

    fn rule() -> TypedRule {
        let reference = ReferenceRule {
            target: Target::Users,
            may_be_emptied: true,
            none: Value::text("0"),
            none_is_row: false,
            zero_is_row: false,
            is_deferred: false,
            orphan: Orphan::Empty,
            soft: None,
        };
        let ids = |name: &str, definition| TypedIds {
            name: name.to_owned(),
            definitions: vec![Value::Integer(definition)],
            of_texts: false,
            reference: reference.clone(),
        };
        TypedRule {
            misfit: Misfit::Refuse,
            type_column: Some(1),
            definition_column: Some(2),
            types: vec![ids("bta*claim", 7), ids("bta*person", 8)],
        }
    }

    /// The forms of values of one row each: value, type, definition.
    fn forms(form: &TypedForm, rows: &[(&str, &str, i64)]) -> Vec<Vec<u8>> {
        let mut columns = [ColumnType::NVarChar(None), ColumnType::NVarChar(None), ColumnType::Int]
            .map(|one| Column::for_type(&one).expect("a column"));
        for (value, named, definition) in rows {
            let cells = [Value::text(value), Value::text(named), Value::Integer(*definition)];
            for (column, cell) in columns.iter_mut().zip(cells) {
                column.push(&cell).expect("a value");
            }
        }
        let batch = Batch::new(columns.into()).expect("a batch");
        let beside = Beside { batch: &batch, first: 0 };
        (0..rows.len())
            .map(|row| {
                let mut bytes = Vec::new();
                form.put(batch.column(0), row, Some(beside), &mut bytes);
                bytes
            })
            .collect()
    }

    #[test]
    fn an_id_is_as_in_the_source_by_the_type_that_its_row_names_or_else_its_definition() {
        let here = || IdForm::with(None);
        let there = |id: i64| {
            let pairs = [(IdKey::Number(5), IdKey::Number(id))];
            IdForm::with(Some(Inverse::few(pairs.into_iter())))
        };
        let source = TypedForm::of_source(&rule(), Plain::default(), vec![here(), here()]);
        let destination =
            TypedForm::of_source(&rule(), Plain::default(), vec![there(105), there(205)]);
        let read = [("5", "btA*Claim", 8), ("5", "", 8), ("5", "rtText", 7), ("", "bta*claim", 7)];
        let right =
            [("105", "btA*Claim", 8), ("205", "", 8), ("5", "rtText", 7), ("0", "bta*claim", 7)];
        assert_eq!(forms(&source, &read), forms(&destination, &right));
        let wrong =
            [("205", "btA*Claim", 8), ("105", "", 8), ("105", "rtText", 7), ("5", "bta*claim", 7)];
        for (ours, theirs) in forms(&source, &read).iter().zip(forms(&destination, &wrong)) {
            assert_ne!(*ours, theirs);
        }
    }
}
