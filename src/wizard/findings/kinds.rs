//! Which finding is decided where.

use crate::compare::{Finding, FindingKind};

/// The step on which a finding is shown and decided.
#[must_use]
pub fn belongs_to(finding: &Finding) -> &'static str {
    use FindingKind as Kind;
    match finding.key.kind {
        _ if finding.of_processes => "Processes",
        Kind::PlatformVersionDiffers
        | Kind::CollationDiffers
        | Kind::EntityMissing
        | Kind::EntityAmbiguous
        | Kind::EntityNew
        | Kind::EntityKindChanged
        | Kind::EntityKindUnknown
        | Kind::TableMissing
        | Kind::ExternalEntity
        | Kind::PhysicalNameDiffers
        | Kind::InactiveDuplicate
        | Kind::ClonedEspace
        | Kind::AttributeMissing
        | Kind::AttributeInactive
        | Kind::AttributeRemade
        | Kind::AttributeNew
        | Kind::AttributeRenamed
        | Kind::AttributeRetyped
        | Kind::TypeUnknown
        | Kind::ColumnMissing
        | Kind::TextTooLong
        | Kind::NumberTooWide
        | Kind::ValueUnreadable
        | Kind::NullNotAllowed
        | Kind::MandatoryEmpty
        | Kind::PersonalData
        | Kind::PersonalDataLikely
        | Kind::PersonalDataKey
        | Kind::SoftKeyLikely
        | Kind::UniqueOnlyInDestination
        | Kind::UniqueOnlyInSource
        | Kind::UniqueCollision
        | Kind::LeftoverColumn
        | Kind::LeftoverNotNull
        | Kind::IdentifierChanged
        | Kind::NoIdentifier
        | Kind::KeptIdentifier
        | Kind::ExtensionEntity
        | Kind::MultiTenant
        | Kind::ManyToManyUnique
        | Kind::LargeValues
        | Kind::MultitenancyChanged
        | Kind::RowsWithoutTenant
        | Kind::TriggerInsteadOf
        | Kind::ReferenceUnresolved
        | Kind::ReferenceRetargeted
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
        | Kind::CycleMandatory => "Mismatches",
        Kind::RecordIdDiffers
        | Kind::RecordMissing
        | Kind::RecordRecreated
        | Kind::RecordInactive
        | Kind::RecordIdUnreadable
        | Kind::RecordAmbiguous => "Static records",
        Kind::TenantMissing
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
        | Kind::RoleMissing => "Users",
        Kind::ProcessMissing
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
        | Kind::ProcessStatusIdDiffers => "Processes",
        Kind::UniqueTaken
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
        | Kind::EventTableNotEmpty => "Options",
    }
}
