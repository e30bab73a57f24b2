//! Values of several types in one column: texts, some of which are ids (`metamodel.md` §5.2).

use serde::{Deserialize, Serialize};

use super::{Misfit, ReferenceRule};
use crate::database::Value;
use crate::outsystems::AttributeType;

/// How the values of such a column are rewritten. Which of a row's values is an id, and whose, its type
/// says: by name in a column beside it, or by the definition that the value is of.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TypedRule {
    /// What happens to a value that does not fit.
    pub misfit: Misfit,
    /// The column with the type's name, by its place among the plan's columns.
    pub type_column: Option<usize>,
    /// The column with the definition, likewise.
    pub definition_column: Option<usize>,
    /// The types that are ids.
    pub types: Vec<TypedIds>,
}

/// A type of ids.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TypedIds {
    /// Its name, in lower case.
    pub name: String,
    /// The definitions of that type, by their IDs in the source.
    pub definitions: Vec<Value>,
    /// Whether the ids are texts themselves, and not numbers.
    pub of_texts: bool,
    /// Whose ids they are. What stands for none is a text.
    pub reference: ReferenceRule,
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypeOf {
    /// No id.
    Plain,
    /// An id of the type at this place.
    Ids(usize),
    /// An id of a type that the plan does not know.
    Unknown,
}

impl TypedRule {
    /// Of which type the value of a row is, by the type that the row names, if any, and its definition.
    #[must_use]
    pub fn type_of(&self, named: &Value, definition: &Value) -> TypeOf {
        let named = match named {
            Value::Text(_) => named.to_string().trim().to_lowercase(),
            _ => String::new(),
        };
        if named.is_empty() {
            let known = |ids: &TypedIds| ids.definitions.contains(definition);
            return self.types.iter().position(known).map_or(TypeOf::Plain, TypeOf::Ids);
        }
        match self.types.iter().position(|ids| ids.name == named) {
            Some(place) => TypeOf::Ids(place),
            None if AttributeType::parse(&named).is_reference() => TypeOf::Unknown,
            None => TypeOf::Plain,
        }
    }
}
