//! What an estate is made from: a seed, a size and the features it shows.

use super::chance::Chance;

/// Something that environments do, and that a migration has to get right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Feature {
    /// Other physical table names in the destination.
    OtherTables,
    /// Other column order in the destination.
    ColumnOrder,
    /// Columns that no active attribute uses.
    Leftovers,
    /// An inactive entity with the same keys, its table and rows.
    InactiveDuplicate,
    /// A cloned espace: another espace key, the same inner keys.
    Clone,
    /// An attribute only in the source.
    SourceOnlyAttribute,
    /// Attributes only in the destination.
    DestinationOnlyAttribute,
    /// A text narrower in the destination, every row fitting.
    NarrowerFitting,
    /// The same with one row in more than a thousand that does not fit.
    NarrowerExceeding,
    /// References that point at no row.
    Orphans,
    /// 0 and '' in reference columns, and rows whose id is 0.
    Zeroes,
    SelfReference,
    TwoCycle,
    ThreeCycle,
    /// An entity whose identifier refers to another entity, and one more on top.
    Extension,
    /// An entity whose identifier refers to User.
    UserExtension,
    TextIdentifier,
    /// An identifier that the application gives.
    PlainIdentifier,
    NoIdentifier,
    MultiTenant,
    /// A tenant of the destination that the source does not know, with rows.
    ExtraTenant,
    ManyToMany,
    /// Records inactive on one side or both, and old metadata of the same keys.
    InactiveRecords,
    /// A record missing in the destination that no row uses.
    UnusedMissingRecord,
    /// Static entities with text identifiers.
    TextRecords,
    MissingUsers,
    InactiveUsers,
    /// References to the platform's own people, one of them missing.
    PlatformPeople,
    /// Groups, role links, memberships.
    Groups,
    /// A producer with a unique natural key and rows in the destination.
    ProducerKept,
    /// A producer without one, which nobody else's rows point at.
    ProducerReplaced,
    /// Entities outside the scope that refer to entities in it, without rows that do.
    Outsiders,
    NegativeIds,
    /// Rows in the destination that have to go.
    ExistingRows,
    /// An entity the destination does not have, with the attribute that refers to it.
    SourceOnlyEntity,
    /// Process events: an empty event table with its trigger.
    Events,
    /// The same with subscriptions in the destination: to new rows and to changes, normal and light,
    /// some twice; to rows in scope, outside it, and to users.
    Subscriptions,
    /// Texts and binaries of more than 64 KB.
    BigValues,
    /// The destination's DBA has granted a table in which each batch is marked.
    Markers,
    /// Multi-tenant entities whose tenant is shown as an attribute, as a number or a reference.
    VisibleTenant,
    /// Extensions of rows that stay, of tenants that only the destination has.
    ExtensionStays,
    /// Identifiers that are int on one side and bigint on the other, and references to them.
    OtherIdentifiers,
    /// Text identifiers that look like GUIDs, in whichever case.
    GuidIdentifiers,
    /// The plan masks personal data.
    Masked,
    /// Tables of some espaces in further databases, each side's own.
    Catalogs,
    /// Links without a unique key, some of them there twice.
    LooseLinks,
    /// Attributes of another type in the destination.
    Retyped,
    /// Entities that are static on one side only.
    KindChanged,
    /// Entities whose rows belong to tenants on one side only.
    TenancyChanged,
    /// References that leave the scope and are led by a key, or all to one row.
    LeavingByKey,
    /// The same, led by a key of several attributes, and within tenants.
    LeavingBySeveral,
    /// Plain attributes that hold ids.
    SoftKeys,
    /// Users that are found take what the source says of them.
    UsersUpdated,
    /// Users are known by their e-mail addresses.
    UsersByEmail,
    /// Users who are others in the destination.
    UsersMapped,
    /// A tenant of another name in the destination.
    TenantMapped,
    /// A record that rows use, and that was made anew in the destination.
    RecordMapped,
    /// Attributes only in the destination whose columns demand a value.
    NewMandatory,
    /// Attributes that are active on one side only.
    InactiveOneSide,
    /// A unique index that only one side has, over values that some rows have in common.
    UniqueOneSide,
    /// References to another entity in the destination.
    Retargeted,
    /// Attributes deleted and made again in the destination, under another key.
    Remade,
    /// References whose type names an espace that is not there.
    Unresolved,
    /// Identifiers that the database gives on one side and the application on the other.
    IdentifierGiven,
    /// Texts that are too long in the destination, and are cut.
    TextsCut,
    /// Groups of other names in the destination, and groups that nobody wants there.
    GroupsMapped,
    /// What is decided about records, people, groups and tenants stands in tables beside the plan.
    InTables,
    /// Users who are deleted in the destination and created again.
    UsersRecreated,
    /// References that leave the scope: their rows stay behind, or they are emptied.
    LeavingDropped,
    /// A record that rows use and that is not there: the same.
    RecordLost,
    /// Rows with references to rows that are gone stay behind.
    OrphansRejected,
    /// Values that only the destination demands.
    ValuesDemanded,
    /// Attributes of which each is masked in its own way: by nothing, by one value, by a key.
    MasksDecided,
    /// Texts and numbers that have no room in the destination: their rows stay behind.
    MisfitsRejected,
    /// Columns of deleted attributes in the destination that demand a value.
    LeftoversDemand,
    /// References to an entity that another system keeps.
    AnotherSystem,
    /// An entity of the chosen application that the plan leaves out.
    EntityExcluded,
    /// Rows of ours that the destination has are left out where its rows stay.
    ExistingLeftOut,
    /// Rows of multi-tenant entities that belong to no tenant, on both sides.
    RowsWithoutTenant,
    /// Entities outside the scope with rows that refer to rows which go, and more that hang on these:
    /// they go too, or lose their reference.
    OutsidersDecided,
}

/// Features of which only a whole migration by the program says whether they come out right.
pub const FURTHER: &[Feature] = {
    use Feature::*;
    &[Masked, Catalogs, LooseLinks]
};

/// Features about which a person has to decide, and of which the same is true.
pub const DECIDED: &[Feature] = {
    use Feature::*;
    &[
        Retyped,
        KindChanged,
        TenancyChanged,
        LeavingByKey,
        SoftKeys,
        UsersUpdated,
        UsersByEmail,
        UsersMapped,
        TenantMapped,
        RecordMapped,
        NewMandatory,
        InactiveOneSide,
        UniqueOneSide,
        Retargeted,
        Remade,
        Unresolved,
        IdentifierGiven,
        LeavingBySeveral,
        TextsCut,
        GroupsMapped,
        InTables,
        UsersRecreated,
        LeavingDropped,
        RecordLost,
        OrphansRejected,
        ValuesDemanded,
        MasksDecided,
        MisfitsRejected,
        LeftoversDemand,
        AnotherSystem,
        RowsWithoutTenant,
        EntityExcluded,
        OutsidersDecided,
        ExistingLeftOut,
    ]
};

/// Every feature but these.
pub const FEATURES: &[Feature] = {
    use Feature::*;
    &[
        OtherTables,
        ColumnOrder,
        Leftovers,
        InactiveDuplicate,
        Clone,
        SourceOnlyAttribute,
        DestinationOnlyAttribute,
        NarrowerFitting,
        NarrowerExceeding,
        Orphans,
        Zeroes,
        SelfReference,
        TwoCycle,
        ThreeCycle,
        Extension,
        UserExtension,
        TextIdentifier,
        PlainIdentifier,
        NoIdentifier,
        MultiTenant,
        ExtraTenant,
        ManyToMany,
        InactiveRecords,
        UnusedMissingRecord,
        TextRecords,
        MissingUsers,
        InactiveUsers,
        PlatformPeople,
        Groups,
        ProducerKept,
        ProducerReplaced,
        Outsiders,
        NegativeIds,
        ExistingRows,
        SourceOnlyEntity,
        Events,
        Subscriptions,
        BigValues,
        Markers,
        VisibleTenant,
        ExtensionStays,
        OtherIdentifiers,
        GuidIdentifiers,
    ]
};

/// A reason to refuse a migration whose decisions are the recommended ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// Two active people of one name in one tenant.
    AmbiguousUser,
    /// Rows use a record that the destination lacks.
    MissingRecord,
    /// Rows lie in a tenant that the destination lacks.
    MissingTenant,
    /// Too many texts exceed the destination's column.
    TooManyTooLong,
    /// A producer without a natural key that rows outside the scope point at.
    ProducerInUse,
    /// Rows outside the scope point at rows that would be replaced.
    ChosenInUse,
    /// A circle of references none of which can be empty.
    HardCircle,
    /// A mandatory reference to an entity the destination does not have.
    SourceOnlyEntityNeeded,
    /// A missing person of the platform's tenant in a column that cannot be empty.
    PlatformPersonNeeded,
    /// Two active entities with the same keys.
    TwoActiveEntities,
    /// No reference in a column that refuses NULL, where 0 is a record's id.
    NoneIsARecord,
    /// An attribute whose type says nothing.
    UnknownType,
    /// An attribute without its column.
    ColumnGone,
    /// A static record in use whose id is no number, where ids are numbers.
    UnreadableRecord,
    /// The tenant's column of an entity that has no tenants any more, demanding a value.
    LeftoverTenant,
}

/// Every flaw.
pub const FLAWS: &[Flaw] = {
    use Flaw::*;
    &[
        AmbiguousUser,
        MissingRecord,
        MissingTenant,
        TooManyTooLong,
        ProducerInUse,
        ChosenInUse,
        HardCircle,
        SourceOnlyEntityNeeded,
        PlatformPersonNeeded,
        TwoActiveEntities,
        NoneIsARecord,
        UnknownType,
        ColumnGone,
        UnreadableRecord,
        LeftoverTenant,
    ]
};

/// What a pair of environments is made from.
#[derive(Clone, Debug, PartialEq)]
pub struct Recipe {
    pub seed: u64,
    /// Roughly how many entities and rows.
    pub size: usize,
    pub features: Vec<Feature>,
    pub flaw: Option<Flaw>,
}

impl Recipe {
    /// A random recipe: about two thirds of all features; seldom one that stands in another's
    /// place.
    pub fn random(seed: u64) -> Self {
        let mut chance = Chance::new(seed).fork("recipe");
        let mut apart = chance.fork("identifiers");
        let mut is_in = |feature: &Feature| match feature {
            Feature::OtherIdentifiers | Feature::GuidIdentifiers => apart.percent(50),
            Feature::Markers => chance.percent(30),
            _ => chance.percent(65),
        };
        let features = FEATURES.iter().copied().filter(|feature| is_in(feature)).collect();
        Self { seed, size: 2 + chance.below(10), features, flaw: None }
    }

    /// A random recipe with some of the further features.
    pub fn mixed(seed: u64) -> Self {
        let mut recipe = Self::random(seed);
        let mut chance = Chance::new(seed).fork("further");
        recipe.features.extend(FURTHER.iter().filter(|_| chance.percent(60)));
        recipe.features.extend(DECIDED.iter().filter(|_| chance.percent(50)));
        recipe
    }

    /// Every feature at once.
    pub fn full(seed: u64, size: usize) -> Self {
        Self { seed, size, features: FEATURES.to_vec(), flaw: None }
    }

    /// A random recipe that has to be refused.
    pub fn flawed(seed: u64, flaw: Flaw) -> Self {
        let mut recipe = Self::random(seed);
        use Feature::{NarrowerExceeding, Orphans, Zeroes};
        recipe.features.retain(|f| ![NarrowerExceeding, Orphans, Zeroes].contains(f));
        recipe.flaw = Some(flaw);
        recipe
    }

    pub fn has(&self, feature: Feature) -> bool {
        self.features.contains(&feature)
    }

    /// Smaller recipes, the boldest cut first.
    fn smaller(&self) -> Vec<Self> {
        let mut found = Vec::new();
        let half = self.features.len() / 2;
        if half > 1 {
            for kept in [&self.features[..half], &self.features[half..]] {
                found.push(Self { features: kept.to_vec(), ..self.clone() });
            }
        }
        if self.size > 1 {
            found.push(Self { size: self.size / 2, ..self.clone() });
            found.push(Self { size: self.size - 1, ..self.clone() });
        }
        for index in 0..self.features.len() {
            let mut features = self.features.clone();
            features.remove(index);
            found.push(Self { features, ..self.clone() });
        }
        found
    }

    /// The smallest recipe found that still fails, with its failure; `fails` says why, or `None`.
    pub fn shrink(
        self,
        first: String,
        mut fails: impl FnMut(&Self) -> Option<String>,
        mut patience: usize,
    ) -> (Self, String) {
        let (mut smallest, mut why) = (self, first);
        'again: loop {
            for candidate in smallest.smaller() {
                if patience == 0 {
                    return (smallest, why);
                }
                patience -= 1;
                if let Some(failure) = fails(&candidate) {
                    (smallest, why) = (candidate, failure);
                    continue 'again;
                }
            }
            return (smallest, why);
        }
    }
}

#[test]
fn shrinking_finds_the_one_feature_that_matters() {
    let fails = |recipe: &Recipe| {
        recipe.has(Feature::ThreeCycle).then(|| format!("fails at size {}", recipe.size))
    };
    let recipe = Recipe::full(1, 9);
    let (smallest, why) = recipe.shrink("fails".into(), fails, 1000);
    assert_eq!(smallest.features, vec![Feature::ThreeCycle]);
    assert_eq!((smallest.size, why.as_str()), (1, "fails at size 1"));
}
