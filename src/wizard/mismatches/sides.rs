//! How what a finding is about looks on each side, in a few words.

use super::super::migration::Migration;
use crate::compare::{Finding, FindingKind};
use crate::database::ColumnShape;
use crate::outsystems::{
    Attribute, AttributeType, BasicType, Entity, EntityIndex, Environment, Resolution,
};
use crate::report::counted;

/// What stands in the source's column and in the destination's; `None` where the two cannot be
/// set beside each other, and a sentence has to do.
#[must_use]
pub fn sides(migration: &Migration, finding: &Finding) -> Option<(String, String)> {
    use FindingKind as Kind;
    let (source, destination) = migration.models()?;
    let source = OneSide::new(source, finding);
    let destination = OneSide::new(destination, finding);
    let both =
        |of: &dyn Fn(&OneSide<'_>) -> Option<String>| Some((of(&source)?, of(&destination)?));
    match finding.key.kind {
        Kind::PlatformVersionDiffers => both(&|side| {
            Some(side.model.platform_version.clone().unwrap_or_else(|| "unknown".to_owned()))
        }),
        Kind::CollationDiffers => both(&|side| Some(side.model.facts.collation.clone())),
        Kind::EntityMissing => {
            let attributes = source.entity?.active_attributes().count() as u64;
            let there = if destination.any { "inactive" } else { "no such entity" };
            Some((counted(attributes, "attribute", "attributes"), there.to_owned()))
        }
        Kind::EntityKindChanged => both(&|side| Some(side.entity?.kind.to_string())),
        Kind::PhysicalNameDiffers => both(&|side| Some(side.entity?.table.name.clone())),
        Kind::EntityNew => {
            let attributes = destination.entity?.active_attributes().count() as u64;
            Some(("no such entity".to_owned(), counted(attributes, "attribute", "attributes")))
        }
        Kind::AttributeMissing => Some((source.data_type()?, MISSING.to_owned())),
        Kind::AttributeInactive => Some((source.data_type()?, "inactive".to_owned())),
        Kind::AttributeRemade => Some((source.data_type()?, "another key".to_owned())),
        Kind::AttributeNew => {
            let attribute = destination.attribute()?;
            let mut there = destination.data_type()?;
            if !attribute.default_value.is_empty() {
                there.push_str(&format!(", default {}", attribute.default_value));
            }
            Some((MISSING.to_owned(), there))
        }
        Kind::AttributeRenamed => {
            let names = both(&|side| Some(side.attribute()?.name.clone()))?;
            if names.0.eq_ignore_ascii_case(&names.1) {
                return both(&|side| Some(format!("column {}", side.attribute()?.column)));
            }
            Some(names)
        }
        Kind::AttributeRetyped
        | Kind::TextTooLong
        | Kind::NumberTooWide
        | Kind::ValueUnreadable => {
            let types = both(&|side| side.data_type())?;
            // The model may say the same where the columns differ.
            if types.0 == types.1 {
                return both(&|side| Some(side.column()?.data_type.to_string()));
            }
            Some(types)
        }
        Kind::MandatoryEmpty => Some(("may be empty".to_owned(), "mandatory".to_owned())),
        Kind::NullNotAllowed => both(&|side| {
            let nullable = side.column()?.nullable;
            Some(if nullable { "may be NULL" } else { "refuses NULL" }.to_owned())
        }),
        Kind::LeftoverColumn | Kind::LeftoverNotNull => {
            // The column's name stands where an attribute's key would.
            let column = destination.shape_column(finding.key.attribute.as_str())?;
            Some(("-".to_owned(), column.data_type.to_string()))
        }
        Kind::IdentifierChanged => both(&|side| {
            let identifier = side.entity?.identifier();
            Some(identifier.map_or_else(|| "none".to_owned(), |one| one.name.clone()))
        }),
        Kind::ColumnMissing => both(&|side| {
            side.attribute()?;
            let column = side.column().map(|column| column.data_type.to_string());
            Some(column.unwrap_or_else(|| MISSING.to_owned()))
        }),
        Kind::ReferenceRetargeted | Kind::TypeUnknown | Kind::PersonalData => {
            both(&|side| side.data_type())
        }
        Kind::MultitenancyChanged => both(&|side| {
            let of_tenants = side.entity?.is_multitenant;
            Some(if of_tenants { "of tenants" } else { "not of tenants" }.to_owned())
        }),
        Kind::EntityAmbiguous
        | Kind::EntityKindUnknown
        | Kind::TableMissing
        | Kind::ExternalEntity
        | Kind::InactiveDuplicate
        | Kind::ClonedEspace
        | Kind::NoIdentifier
        | Kind::KeptIdentifier
        | Kind::ExtensionEntity
        | Kind::MultiTenant
        | Kind::RowsWithoutTenant
        | Kind::ManyToManyUnique
        | Kind::PersonalDataLikely
        | Kind::PersonalDataKey
        | Kind::SoftKeyLikely
        | Kind::UniqueOnlyInDestination
        | Kind::UniqueOnlyInSource
        | Kind::UniqueCollision
        | Kind::LargeValues
        | Kind::TriggerInsteadOf
        | Kind::ReferenceUnresolved
        | Kind::ReferenceLeavesScope
        | Kind::LookupMissing
        | Kind::LookupAmbiguous
        | Kind::LookupRefused
        | Kind::ProducerUndeclared
        | Kind::ProducerUnused
        | Kind::ReferenceToPlatform
        | Kind::ReferenceNarrower
        | Kind::OrphanReferences
        | Kind::TooManyValues
        | Kind::SelfReference
        | Kind::Cycle
        | Kind::CycleMandatory => None,
        // Of other steps.
        Kind::RecordIdDiffers
        | Kind::RecordMissing
        | Kind::RecordRecreated
        | Kind::RecordInactive
        | Kind::RecordIdUnreadable
        | Kind::RecordAmbiguous
        | Kind::TenantMissing
        | Kind::UserProviderDiffers
        | Kind::UserMissing
        | Kind::UserInactive
        | Kind::UserAmbiguous
        | Kind::UserMapped
        | Kind::UserFound
        | Kind::UserCascade
        | Kind::UserDependants
        | Kind::PasswordsCopied
        | Kind::UserCollision
        | Kind::UserIdDiffers
        | Kind::GroupMissing
        | Kind::RoleMissing
        | Kind::ProcessMissing
        | Kind::ProcessInactive
        | Kind::ProcessInstances
        | Kind::ProcessStatus
        | Kind::ProcessFollowed
        | Kind::ProcessTreeLeftOut
        | Kind::ProcessNextRun
        | Kind::ProcessValueLeavesScope
        | Kind::ProcessSubscriptionLeft
        | Kind::ProcessValueNoId
        | Kind::ProcessEntityView
        | Kind::ProcessPartMissing
        | Kind::ProcessPartNew
        | Kind::ProcessValueRetyped
        | Kind::ProcessStatusMissing
        | Kind::ProcessStatusIdDiffers
        | Kind::UniqueTaken
        | Kind::IdentifierCollision
        | Kind::DestinationRowsUndecided
        | Kind::DestinationRows
        | Kind::ExistingMatch
        | Kind::ExistingUnknown
        | Kind::ProducerRows
        | Kind::ConsumerOutsideScope
        | Kind::ConsumerInDestination
        | Kind::CascadeDeletes
        | Kind::ForeignKeyOutside
        | Kind::EventTableNotEmpty => None,
    }
}

const MISSING: &str = "(missing)";

/// What a finding is about, on one side.
struct OneSide<'a> {
    model: &'a Environment,
    /// Whether any entity has its keys, active or not.
    any: bool,
    index: Option<EntityIndex>,
    entity: Option<&'a Entity>,
    finding: &'a Finding,
}

impl<'a> OneSide<'a> {
    fn new(model: &'a Environment, finding: &'a Finding) -> Self {
        let all = model.entities_by_key(&finding.key.espace, &finding.key.entity);
        let index = all.iter().copied().find(|index| model.entity(*index).is_active);
        let entity = index.map(|index| model.entity(index));
        Self { model, any: !all.is_empty(), index, entity, finding }
    }

    fn attribute(&self) -> Option<&'a Attribute> {
        self.entity?.attribute(&self.finding.key.attribute)
    }

    fn column(&self) -> Option<&'a ColumnShape> {
        self.shape_column(&self.attribute()?.column)
    }

    fn shape_column(&self, name: &str) -> Option<&'a ColumnShape> {
        self.model.shape_of(self.index?)?.column(name)
    }

    /// The attribute's type in OutSystems' words.
    fn data_type(&self) -> Option<String> {
        let attribute = self.attribute()?;
        Some(match &attribute.data_type {
            AttributeType::Basic(basic) => basic_type(*basic, attribute),
            AttributeType::Unknown(text) => text.clone(),
            AttributeType::Reference { .. } => {
                match self.model.resolve(self.entity?, &attribute.data_type) {
                    Some(Resolution::Entity(index)) => {
                        format!("→ {}", self.model.entity(index).name)
                    }
                    _ => "→ ?".to_owned(),
                }
            }
        })
    }
}

fn basic_type(basic: BasicType, attribute: &Attribute) -> String {
    let (length, decimals) = (attribute.length, attribute.decimals);
    let sized = |name: &str| {
        if length > 0 { format!("{name}({length})") } else { name.to_owned() }
    };
    match basic {
        BasicType::Text => sized("Text"),
        BasicType::Decimal if length > 0 => format!("Decimal({length},{decimals})"),
        BasicType::Decimal => "Decimal".to_owned(),
        BasicType::Integer => "Integer".to_owned(),
        BasicType::LongInteger => "Long Integer".to_owned(),
        BasicType::Currency => "Currency".to_owned(),
        BasicType::Boolean => "Boolean".to_owned(),
        BasicType::Date => "Date".to_owned(),
        BasicType::Time => "Time".to_owned(),
        BasicType::DateTime => "Date Time".to_owned(),
        BasicType::PhoneNumber => sized("Phone Number"),
        BasicType::Email => sized("Email"),
        BasicType::BinaryData => "Binary Data".to_owned(),
        BasicType::EntityReference => "Entity Reference".to_owned(),
    }
}
