//! What becomes of the rows the destination has.

use std::collections::BTreeMap;

use super::references::Target;
use super::selection::Reason;
use super::{
    Choice, EntityPair, Finding, FindingKey, FindingKind, IdentifierKind, TenantMatch, Work, choice,
};
use crate::database::{Filter, Value, same_name};
use crate::outsystems::{EntityIndex, Resolution, Side, SystemTarget};

/// What may be done with the rows the destination has of an entity.
#[derive(Clone, Debug)]
pub struct ExistingRows {
    /// The rows that replacing would delete: only rows of mapped tenants and mapped parents
    /// (`design.md` decision 11).
    pub filter: Filter,
    /// How many these are.
    pub replaced: Option<u64>,
    /// How many others there are, which stay.
    pub standing: Option<u64>,
    /// A unique key by which rows can be recognised on both sides.
    pub natural_key: Option<NaturalKey>,
    /// The finding that decides for an entity taken in by reference.
    pub finding: Option<FindingKey>,
}

impl Default for ExistingRows {
    fn default() -> Self {
        Self {
            filter: Filter::All,
            replaced: None,
            standing: None,
            natural_key: None,
            finding: None,
        }
    }
}

/// A unique index of the destination whose columns are all carried over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NaturalKey {
    /// Places in [`EntityPair::attributes`].
    pub attributes: Vec<usize>,
    /// Whether the tenant is part of it.
    pub with_tenant: bool,
}

impl Work<'_> {
    pub(super) fn existing_rows(&mut self) {
        if self.selection.replace.is_none() {
            self.find(Finding::decide(
                FindingKey::new(FindingKind::DestinationRowsUndecided),
                "Rows of the destination",
                "the plan does not say whether they are replaced or kept: set destination_rows = \
                 \"replace\" or \"keep\" under [options]",
                "Replacing deletes the destination's rows of the chosen entities first.",
                vec![Choice::stop("do not run until the plan says it")],
                choice::STOP,
            ));
        }
        for place in 0..self.out.pairs.len() {
            let pair = self.out.pairs[place].clone();
            let filter = self.replaced_rows(&pair);
            let table = &self.destination.entity(pair.destination).table;
            let all = self.inquiry.count(Side::Destination, table, Filter::All);
            let replaced = self.inquiry.count(Side::Destination, table, filter.clone());
            let standing = all.zip(replaced).map(|(all, replaced)| all.saturating_sub(replaced));
            let natural_key = self.natural_key(&pair);
            let finding = match pair.reason {
                Reason::Producer(_) => {
                    self.producer_rows(place, natural_key.as_ref(), all, &filter)
                }
                Reason::Chosen => {
                    self.chosen_rows(place, all, replaced, &filter);
                    None
                }
            };
            self.out.pairs[place].existing =
                ExistingRows { filter, replaced, standing, natural_key, finding };
            self.event_table(&pair);
        }
        self.people_events();
    }

    /// Which rows replacing would delete.
    pub(super) fn replaced_rows(&self, pair: &EntityPair) -> Filter {
        self.replaced_along(pair, &mut Vec::new())
    }

    /// The same, with the entities whose rows lead here: identifiers may refer to each other in a
    /// circle in a damaged model.
    fn replaced_along(&self, pair: &EntityPair, extended: &mut Vec<EntityIndex>) -> Filter {
        let mut filter = Filter::All;
        if let Some((_, column)) = &pair.tenant {
            let tenants = self
                .out
                .tenants
                .iter()
                .filter_map(TenantMatch::destination)
                .map(Value::from)
                .collect();
            filter = filter.and(Filter::AnyOf(column.name.clone(), tenants));
        }
        if pair.identifier_kind == IdentifierKind::Extension
            && let Some(identifier) = pair.identifier()
        {
            let column = identifier.destination_column.name.clone();
            let mapped = match identifier.reference.as_ref().map(|reference| reference.target) {
                Some(Target::System(SystemTarget::User, _)) => Some(
                    self.out
                        .users
                        .iter()
                        .filter_map(|user| user.matched.found())
                        .map(Value::from)
                        .collect::<Vec<_>>(),
                ),
                Some(Target::System(SystemTarget::Group, _)) => Some(
                    self.out
                        .groups
                        .iter()
                        .filter_map(|group| group.matched.found())
                        .map(Value::from)
                        .collect(),
                ),
                Some(Target::Static(index) | Target::System(_, index)) => {
                    self.out.fixed.get(&index).map(|map| {
                        map.records.iter().filter_map(|r| r.destination.clone()).collect()
                    })
                }
                _ => None,
            };
            if let Some(mapped) = mapped {
                filter = filter.and(Filter::AnyOf(column, mapped));
            } else if let Some(stays) = self.extended_that_stay(pair, extended) {
                filter = filter.and(stays.negated());
            }
        }
        filter
    }

    /// Which rows of an extension extend rows that stay; `None` where none can. Where the other
    /// entity keeps all its rows, ours are to extend those of them that are recognised, so there
    /// all go.
    fn extended_that_stay(
        &self,
        pair: &EntityPair,
        extended: &mut Vec<EntityIndex>,
    ) -> Option<Filter> {
        let identifier = pair.identifier()?;
        let parent = identifier.reference.as_ref()?.target.entity()?;
        let parent = self.out.pair(parent)?;
        if !self.is_replaced(parent) || extended.contains(&pair.source) {
            return None;
        }
        extended.push(pair.source);
        match self.replaced_along(parent, extended) {
            Filter::All => None,
            goes => Some(Filter::Refers {
                column: identifier.destination_column.name.clone(),
                parent: self.destination.entity(parent.destination).table.clone(),
                key: parent.identifier()?.destination_column.name.clone(),
                among: Box::new(goes.negated()),
            }),
        }
    }

    /// A unique index on both sides whose columns are all plain or mapped attributes.
    fn natural_key(&self, pair: &EntityPair) -> Option<NaturalKey> {
        if pair.identifier_kind == IdentifierKind::Kept {
            return pair
                .identifier
                .map(|place| NaturalKey { attributes: vec![place], with_tenant: false });
        }
        let ours = self.source.shape(&self.source.entity(pair.source).table)?;
        let theirs = self.destination.shape(&self.destination.entity(pair.destination).table)?;
        let places = |columns: &[String], side: Side| -> Option<(Vec<usize>, bool)> {
            let mut places = Vec::new();
            let mut with_tenant = false;
            for column in columns {
                let of_tenant = pair.tenant.as_ref().is_some_and(|(source, destination)| {
                    let own = if side == Side::Source { source } else { destination };
                    same_name(&own.name, column)
                });
                if of_tenant {
                    with_tenant = true;
                    continue;
                }
                let place = pair.attributes.iter().position(|attribute| {
                    let own = match side {
                        Side::Source => &attribute.source_column,
                        Side::Destination => &attribute.destination_column,
                    };
                    same_name(&own.name, column)
                })?;
                if pair.identifier == Some(place) || pair.attributes[place].source_column.nullable {
                    // A key that may be NULL does not tell every row from every other.
                    let plain = pair.attributes[place].reference.is_none();
                    if pair.identifier == Some(place) || !plain {
                        return None;
                    }
                }
                places.push(place);
            }
            places.sort_unstable();
            Some((places, with_tenant))
        };
        theirs
            .unique_indexes
            .iter()
            .filter(|index| !index.filtered && !index.columns.is_empty())
            .filter_map(|index| places(&index.columns, Side::Destination))
            .filter(|(attributes, _)| !attributes.is_empty())
            .find(|found| {
                ours.unique_indexes
                    .iter()
                    .filter(|index| !index.filtered)
                    .filter_map(|index| places(&index.columns, Side::Source))
                    .any(|own| own == *found)
            })
            .map(|(attributes, with_tenant)| NaturalKey { attributes, with_tenant })
    }

    /// Whether the destination's rows of an entity are deleted first, as far as that is allowed.
    pub(super) fn is_replaced(&self, pair: &EntityPair) -> bool {
        match pair.reason {
            Reason::Chosen => self.selection.replace == Some(true),
            Reason::Producer(_) => self.natural_key(pair).is_none(),
        }
    }

    /// Rows of the destination that stay and point to rows which replacing this entity would
    /// delete; `None` while a question is open.
    fn outside_references(&mut self, place: usize, filter: &Filter) -> Option<Vec<Outside>> {
        let pair = self.out.pairs[place].clone();
        let parent = self.destination.entity(pair.destination);
        let key = pair.identifier()?.destination_column.name.clone();
        // What stays of each entity of the scope; `None` for one that goes with all its rows.
        let staying: BTreeMap<EntityIndex, Option<Filter>> = self
            .out
            .pairs
            .iter()
            .map(|other| {
                let stays = if other.source == pair.source || self.is_replaced(other) {
                    match self.replaced_rows(other) {
                        Filter::All => None,
                        goes => Some(goes.negated()),
                    }
                } else {
                    Some(Filter::All)
                };
                (other.destination, stays)
            })
            .collect();
        let mut found = Vec::new();
        let mut complete = true;
        for (index, entity) in self.destination.entities.iter().enumerate() {
            let stays = match staying.get(&EntityIndex(index)) {
                Some(None) => continue,
                Some(Some(stays)) => stays.clone(),
                None => Filter::All,
            };
            if !entity.is_active || entity.is_external {
                continue;
            }
            let Some(shape) = self.destination.shape(&entity.table) else { continue };
            for attribute in entity.active_attributes() {
                if self.destination.resolve(entity, &attribute.data_type)
                    != Some(Resolution::Entity(pair.destination))
                {
                    continue;
                }
                let Some(column) = shape.column(&attribute.column) else { continue };
                let refers = Filter::Refers {
                    column: column.name.clone(),
                    parent: parent.table.clone(),
                    key: key.clone(),
                    among: Box::new(filter.clone()),
                }
                .and(stays.clone());
                match self.inquiry.count(Side::Destination, &entity.table, refers) {
                    Some(0) => {}
                    Some(rows) => found.push(Outside {
                        key: FindingKey::attribute(
                            FindingKind::ConsumerOutsideScope,
                            entity,
                            attribute,
                        ),
                        name: format!("{}.{}", entity.full_name(), attribute.name),
                        rows,
                    }),
                    None => complete = false,
                }
            }
        }
        complete.then_some(found)
    }

    /// Everything that forbids deleting rows of an entity taken in by reference; `None` while a
    /// question is open.
    fn in_the_way(&mut self, place: usize, filter: &Filter) -> Option<Vec<Outside>> {
        let pair = self.out.pairs[place].clone();
        let references = self.outside_references(place, filter);
        let hanging = self.hanging(&pair, filter);
        let mut all = references?;
        all.extend(hanging?.into_iter().map(|hanging| Outside {
            key: FindingKey::new(FindingKind::ForeignKeyOutside),
            name: format!("{}, column {}", hanging.name, hanging.referrer.key.column),
            rows: hanging.rows,
        }));
        Some(all)
    }

    /// The rule for an entity taken in by reference (`design.md` decision 11).
    fn producer_rows(
        &mut self,
        place: usize,
        natural_key: Option<&NaturalKey>,
        all: Option<u64>,
        filter: &Filter,
    ) -> Option<FindingKey> {
        let outside = if natural_key.is_none() && all != Some(0) {
            self.in_the_way(place, filter)
        } else {
            Some(Vec::new())
        };
        let pair = &self.out.pairs[place];
        let key = FindingKey::entity(FindingKind::ProducerRows, self.source.entity(pair.source));
        let mut choices = Vec::new();
        if let Some(natural) = natural_key {
            let mut names: Vec<&str> = natural
                .attributes
                .iter()
                .map(|place| pair.attributes[*place].attribute.name.as_str())
                .collect();
            if natural.with_tenant {
                names.push("the tenant");
            }
            choices.push(Choice::new(
                choice::KEEP,
                format!("keep them and recognise rows by {}", names.join(" and ")),
            ));
        }
        let clear = outside.as_ref().is_some_and(Vec::is_empty);
        if clear {
            choices.push(Choice::new(choice::REPLACE, "delete them first"));
        }
        choices.push(Choice::stop("do not run"));
        let recommended = match (natural_key, clear) {
            (Some(_), _) => choice::KEEP,
            (None, true) => choice::REPLACE,
            (None, false) => choice::STOP,
        };
        let why = match outside.iter().flatten().next() {
            Some(first) => format!(
                "The entity was taken in because rows refer to it. Its rows cannot be deleted: {} of \
                 {} stay and point to them.",
                first.rows, first.name
            ),
            None => "The entity was taken in because rows refer to it.".to_owned(),
        };
        let name = pair.name.clone();
        let mut finding = Finding::decide(
            key.clone(),
            name,
            "the destination may have rows of this entity, which was not chosen",
            why,
            choices,
            recommended,
        )
        .touching(all);
        if outside.is_none() {
            finding.recommended = None;
        }
        self.find(finding);
        Some(key)
    }

    /// What replacing the rows of a chosen entity means.
    fn chosen_rows(
        &mut self,
        place: usize,
        all: Option<u64>,
        replaced: Option<u64>,
        filter: &Filter,
    ) {
        if self.selection.replace != Some(true) || all == Some(0) {
            return;
        }
        let pair = self.out.pairs[place].clone();
        let entity = self.source.entity(pair.source);
        let standing = match (all, replaced) {
            (Some(all), Some(replaced)) if all > replaced => match all - replaced {
                1 => "; 1 other stays".to_owned(),
                others => format!("; {others} others stay"),
            },
            _ => String::new(),
        };
        self.find(
            Finding::note(
                FindingKey::entity(FindingKind::DestinationRows, entity),
                &pair.name,
                format!("the destination's rows are deleted first{standing}"),
                "The plan says destination_rows = \"replace\".",
            )
            .touching(replaced),
        );
        for hanging in self.hanging(&pair, filter).unwrap_or_default() {
            let finding = self.hanging_finding(&pair, &hanging);
            self.find(finding);
        }
        for outside in self.outside_references(place, filter).unwrap_or_default() {
            let what = format!("it points to rows of {} that would be deleted", pair.name);
            self.find(
                Finding::decide(
                    outside.key,
                    outside.name,
                    what,
                    "These rows stay, and would lose what they refer to. Take their entity into the \
                     scope with all its rows, or leave the other one out.",
                    vec![Choice::stop("do not run")],
                    choice::STOP,
                )
                .touching(Some(outside.rows)),
            );
        }
    }

    /// An event table with rows would start processes for every row inserted
    /// (`metamodel.md` §5.5).
    fn event_table(&mut self, pair: &EntityPair) {
        let entity = self.destination.entity(pair.destination).clone();
        self.blocking_events(&entity);
    }

    fn people_events(&mut self) {
        let creates = |kind: FindingKind| self.out.findings.iter().any(|f| f.key.kind == kind);
        let mut targets = Vec::new();
        if creates(FindingKind::UserMissing) {
            targets.push(SystemTarget::User);
        }
        if creates(FindingKind::GroupMissing) {
            targets.push(SystemTarget::Group);
        }
        let entities: Vec<_> = self
            .destination
            .entities
            .iter()
            .filter(|entity| {
                entity.is_active
                    && entity.system_target().is_some_and(|target| targets.contains(&target))
            })
            .cloned()
            .collect();
        for entity in entities {
            self.blocking_events(&entity);
        }
    }

    fn blocking_events(&mut self, entity: &crate::outsystems::Entity) {
        let Some(table) = &entity.event_table else { return };
        if self.destination.shape(table).is_none() {
            return;
        }
        let rows = self.inquiry.count(Side::Destination, table, Filter::All);
        if rows == Some(0) {
            return;
        }
        let mut finding = Finding::note(
            FindingKey::entity(FindingKind::EventTableNotEmpty, entity),
            entity.full_name(),
            format!("the event table {table} holds subscriptions"),
            "Every row inserted would start the processes that are subscribed. This version cannot \
             mute them yet, so the run is refused.",
        )
        .touching(rows);
        finding.severity = super::Severity::Block;
        self.find(finding);
    }
}

struct Outside {
    key: FindingKey,
    name: String,
    rows: u64,
}
