//! How rows get their identifier.

use crate::compare::{
    Choice, EntityPair, Finding, FindingKey, FindingKind, IdentifierKind, Work, choice,
};
use crate::database::{ColumnType, ValueKind};
use crate::outsystems::{Attribute, DataKind, Entity};

impl Work<'_> {
    /// Finds out how rows get their identifier; `false` when the two sides do it differently.
    pub(super) fn identifier(
        &mut self,
        entity: &Entity,
        other: &Entity,
        pair: &mut EntityPair,
    ) -> bool {
        let differs = |what: String| {
            Finding::decide(
                FindingKey::entity(FindingKind::IdentifierChanged, entity),
                entity.full_name(),
                what,
                "Ids could not be carried over. Publish the same version of the module on both sides.",
                vec![
                    Choice::stop("do not run until the module is published"),
                    Choice::new(choice::LEAVE_OUT, "leave the entity out"),
                ],
                choice::STOP,
            )
        };
        match (entity.identifier(), other.identifier()) {
            (None, None) => {
                self.find(Finding::note(
                    FindingKey::entity(FindingKind::NoIdentifier, entity),
                    entity.full_name(),
                    "it has no identifier",
                    "Its rows are inserted and proved as a whole; nothing can refer to them, and a \
                     second run would add them again.",
                ));
                return true;
            }
            (Some(ours), Some(theirs)) if ours.key == theirs.key => {
                pair.identifier = pair
                    .attributes
                    .iter()
                    .position(|attribute| attribute.attribute.key == ours.key);
            }
            (ours, theirs) => {
                let shown = |identifier: Option<&Attribute>| {
                    identifier.map_or("none".to_owned(), |attribute| attribute.name.clone())
                };
                let what = format!(
                    "the identifier is {} in the source, {} in the destination",
                    shown(ours),
                    shown(theirs)
                );
                self.find(differs(what));
                return false;
            }
        }
        let Some(identifier) = pair.identifier().cloned() else {
            self.find(differs("the identifier's column is missing on one side".to_owned()));
            return false;
        };
        let (ours, theirs) = (&identifier.source_column, &identifier.destination_column);
        let kind = ours.data_type.kind();
        if !matches!(kind, Some(ValueKind::Integer | ValueKind::Text)) {
            self.find(of_another_type(entity, &ours.data_type));
            return false;
        }
        let is_reference = identifier.attribute.data_type.is_reference();
        if theirs.identity {
            if is_reference {
                self.find(differs(
                    "the identifier refers to another entity, yet the \
                    destination makes its values"
                        .to_owned(),
                ));
                return false;
            }
            if ours.data_type.kind() != Some(ValueKind::Integer) {
                self.find(differs(format!(
                    "the identifier is {} in the source, and made by the destination",
                    ours.data_type
                )));
                return false;
            }
            if !ours.identity && entity.kind == DataKind::Entity {
                self.find(numbered_anew(entity));
            }
            pair.identifier_kind = IdentifierKind::Generated;
            return true;
        }
        if ours.identity && !is_reference {
            let finding = no_longer_numbered(entity);
            let is_kept = self.selection.is_remade(&finding.key, choice::KEEP);
            self.find(finding);
            if !is_kept {
                return false;
            }
        }
        if is_reference {
            pair.identifier_kind = IdentifierKind::Extension;
            self.find(Finding::note(
                FindingKey::entity(FindingKind::ExtensionEntity, entity),
                entity.full_name(),
                "its identifier is another row's id",
                "Each row follows the row it extends and gets that row's new id.",
            ));
        } else {
            pair.identifier_kind = IdentifierKind::Kept;
            self.find(Finding::note(
                FindingKey::entity(FindingKind::KeptIdentifier, entity),
                entity.full_name(),
                format!("its identifier ({}) is given by the application", ours.data_type),
                "Rows keep their identifiers; a row of the destination with the same one would collide.",
            ));
        }
        true
    }
}

/// Ids that are neither whole numbers nor texts.
fn of_another_type(entity: &Entity, data_type: &ColumnType) -> Finding {
    Finding::decide(
        FindingKey::entity(FindingKind::IdentifierChanged, entity),
        entity.full_name(),
        format!("the identifier is of the type {data_type}"),
        "The platform makes identifiers that are whole numbers or texts, and only those are carried \
         over: a GUID as a text. Somebody changed the column. Leave the entity out, or have the \
         column's type set back.",
        vec![
            Choice::stop("do not run with this entity"),
            Choice::new(choice::LEAVE_OUT, "leave the entity out"),
        ],
        choice::STOP,
    )
}

/// The application gives the identifier in the source, the database in the destination.
fn numbered_anew(entity: &Entity) -> Finding {
    Finding::decide(
        FindingKey::entity(FindingKind::IdentifierChanged, entity),
        entity.full_name(),
        "the application gives the identifier in the source, the database in the destination",
        "Rows get new ids, and references follow. Where an id means something to the application by \
         itself, in its code or in a site property, it will mean another row.",
        vec![
            Choice::new(choice::CREATE, "give the rows new ids")
                .costing("an id that the application's code names means another row"),
            Choice::stop("do not run until the module is published"),
            Choice::new(choice::LEAVE_OUT, "leave the entity out"),
        ],
        choice::CREATE,
    )
}

/// The database gives the identifier in the source, the application in the destination.
fn no_longer_numbered(entity: &Entity) -> Finding {
    Finding::decide(
        FindingKey::entity(FindingKind::IdentifierChanged, entity),
        entity.full_name(),
        "the database gives the identifier in the source, the application in the destination",
        "The destination makes no ids for these rows. They can keep those of the source, as if the \
         application had given them; a row of the destination with the same one would collide.",
        vec![
            Choice::stop("do not run until the module is published"),
            Choice::new(choice::KEEP, "let the rows keep their ids"),
            Choice::new(choice::LEAVE_OUT, "leave the entity out"),
        ],
        choice::STOP,
    )
}
