//! From ids of the destination back to those of the source, by what plan and journal say.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use super::numbers::Numbers;
use super::pairs::Pairs;
use crate::database::{Result, Value};
use crate::migrate::journal::{BatchKind, Journal, Keys};
use crate::outsystems::{DestinationId, SourceId};
use crate::plan::{EntityPlan, Fate, LookupRows, PersonPlan, Plan, Target};

/// An id, equal where the platform's databases find it equal.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum IdKey {
    /// A number.
    Number(i64),
    /// A text without case and without blanks at its end.
    Text(Box<[u8]>),
}

impl fmt::Display for IdKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => f.write_str(&String::from_utf8_lossy(text)),
        }
    }
}

impl From<SourceId> for IdKey {
    fn from(id: SourceId) -> Self {
        Self::Number(id.0)
    }
}

impl From<DestinationId> for IdKey {
    fn from(id: DestinationId) -> Self {
        Self::Number(id.0)
    }
}

impl IdKey {
    /// The id that a value is; `None` for NULL and for values that are no ids.
    pub(super) fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Text(text) => Some(Self::Text(folded(text))),
            Value::Decimal { value, scale } => {
                let one = 10_i128.checked_pow(u32::from(*scale))?;
                (value % one == 0).then(|| i64::try_from(value / one).ok().map(Self::Number))?
            }
            other => other.as_integer().map(Self::Number),
        }
    }
}

impl IdKey {
    fn to_value(&self) -> Value {
        match self {
            Self::Number(number) => Value::Integer(*number),
            Self::Text(text) => Value::Text(text.to_vec()),
        }
    }
}

fn folded(text: &[u8]) -> Box<[u8]> {
    let end = text.iter().rposition(|byte| *byte != b' ').map_or(0, |last| last + 1);
    match std::str::from_utf8(&text[..end]) {
        Ok(text) => text.to_lowercase().into_bytes().into(),
        Err(_) => text[..end].to_ascii_lowercase().into(),
    }
}

/// The way back for the ids of one target.
#[derive(Clone)]
pub(super) enum Inverse {
    /// Ids are the same on both sides.
    Same,
    /// No id of the destination belongs here.
    Nothing,
    /// All ids became this one.
    One(IdKey),
    /// Few ids, of any kind: destination to the sources it stands for, ascending.
    Few(Arc<HashMap<IdKey, Vec<IdKey>>>),
    /// Many numbers.
    Many(Arc<Pairs>),
}

impl Inverse {
    /// The smallest source id that a destination id stands for.
    pub(super) fn source(&self, destination: &IdKey) -> Option<IdKey> {
        match self {
            Self::Same => Some(destination.clone()),
            Self::Nothing => None,
            Self::One(row) => (row == destination).then(|| row.clone()),
            Self::Few(map) => map.get(destination)?.first().cloned(),
            Self::Many(pairs) => {
                let IdKey::Number(number) = destination else { return None };
                pairs.source(DestinationId(*number)).map(IdKey::from)
            }
        }
    }

    /// The numbers of the source that became others, or stayed what they are.
    pub(super) fn sources(&self) -> Numbers {
        match self {
            Self::Same | Self::Nothing | Self::One(_) => Numbers::default(),
            Self::Few(map) => {
                let numbers = map.values().flatten().filter_map(|source| match source {
                    IdKey::Number(number) => Some(*number),
                    IdKey::Text(_) => None,
                });
                numbers.collect()
            }
            Self::Many(pairs) => pairs.iter().map(|(_, source)| source.0).collect(),
        }
    }

    /// Ids of the source that became one with a smaller one, each with the smallest.
    pub(super) fn shared(&self) -> HashMap<IdKey, Value> {
        match self {
            Self::Same | Self::Nothing | Self::One(_) => HashMap::new(),
            Self::Few(map) => {
                let several = map.values().filter_map(|sources| sources.split_first());
                several
                    .flat_map(|(first, others)| {
                        others.iter().map(|other| (other.clone(), first.to_value()))
                    })
                    .collect()
            }
            Self::Many(pairs) => {
                let smallest = pairs.iter().map(|(id, source)| (source, pairs.source(id)));
                smallest
                    .filter_map(|(source, first)| {
                        let first = first.filter(|first| *first != source)?;
                        Some((IdKey::from(source), Value::Integer(first.0)))
                    })
                    .collect()
            }
        }
    }

    /// Whether this source id became this destination id.
    pub(super) fn is_pair(&self, source: &IdKey, destination: &IdKey) -> bool {
        match (self, source, destination) {
            (Self::Same, _, _) => source == destination,
            (Self::Nothing, _, _) => false,
            (Self::One(row), _, _) => row == destination,
            (Self::Few(map), _, _) => {
                map.get(destination).is_some_and(|sources| sources.contains(source))
            }
            (Self::Many(pairs), IdKey::Number(source), IdKey::Number(destination)) => {
                pairs.contains((DestinationId(*destination), SourceId(*source)))
            }
            (Self::Many(_), _, _) => false,
        }
    }

    /// Whether ids of the destination differ from those of the source at all.
    pub(super) fn translates(&self) -> bool {
        !matches!(self, Self::Same)
    }

    /// The way back for a few pairs of source and destination.
    pub(super) fn few(pairs: impl Iterator<Item = (IdKey, IdKey)>) -> Self {
        let mut map: HashMap<IdKey, Vec<IdKey>> = HashMap::new();
        for (source, destination) in pairs {
            map.entry(destination).or_default().push(source);
        }
        for sources in map.values_mut() {
            sources.sort_unstable();
            sources.dedup();
        }
        Self::Few(Arc::new(map))
    }
}

/// The ways back for everything that one entity refers to.
pub(super) struct Maps {
    users: Inverse,
    groups: Inverse,
    tenants: Inverse,
    fixed: BTreeMap<usize, Inverse>,
    lookups: Vec<Inverse>,
    entities: BTreeMap<usize, Inverse>,
}

impl Maps {
    /// What does not depend on the entity: people, tenants, rows that are only looked up.
    pub(super) fn new(plan: &Plan, journal: &Journal) -> Result<Self> {
        let people = journal.all_people()?;
        let of = |planned: &[PersonPlan], is_group: bool| {
            let used =
                planned.iter().filter_map(|person| Some((person.source, person.fate.found()?)));
            let noted = people
                .iter()
                .filter(|person| person.is_group == is_group)
                .map(|person| (person.source, person.destination));
            Inverse::few(
                used.chain(noted).map(|(source, id)| (IdKey::from(source), IdKey::from(id))),
            )
        };
        let fixed = plan.fixed.iter().enumerate().map(|(place, fixed)| {
            let pairs = fixed.fates.iter().filter_map(|(source, fate)| match fate {
                Fate::To(destination) => Some((IdKey::of(source)?, IdKey::of(destination)?)),
                Fate::Empty | Fate::LeaveOut => None,
            });
            (place, Inverse::few(pairs))
        });
        Ok(Self {
            users: of(&plan.users, false),
            groups: of(&plan.groups, true),
            tenants: Inverse::few(
                plan.tenants.iter().map(|(source, id)| (IdKey::from(*source), IdKey::from(*id))),
            ),
            fixed: fixed.collect(),
            lookups: plan.lookups.iter().map(|lookup| looked_up(&lookup.rows)).collect(),
            entities: BTreeMap::new(),
        })
    }

    /// Reads from the journal what this entity refers to, and lets go of what it does not.
    pub(super) fn load(&mut self, entity: &EntityPlan, journal: &Journal) -> Result<()> {
        let wanted: Vec<usize> = entity
            .columns
            .iter()
            .flat_map(|column| column.rule.references())
            .filter_map(|rule| match rule.target {
                Target::Entity(place) => Some(place),
                _ => None,
            })
            .collect();
        self.entities.retain(|place, _| wanted.contains(place));
        for place in wanted {
            if let std::collections::btree_map::Entry::Vacant(e) = self.entities.entry(place) {
                e.insert(rows_of(place, journal, &CARRIED)?);
            }
        }
        Ok(())
    }

    /// The way back for one target.
    pub(super) fn of(&self, target: Target) -> Inverse {
        match target {
            Target::Users => self.users.clone(),
            Target::Groups => self.groups.clone(),
            Target::Tenants => self.tenants.clone(),
            Target::External => Inverse::Same,
            Target::Nothing => Inverse::Nothing,
            Target::Fixed(place) => self.fixed.get(&place).cloned().unwrap_or(Inverse::Nothing),
            Target::Lookup(place) => self.lookups.get(place).cloned().unwrap_or(Inverse::Nothing),
            Target::Entity(place) => self.entities.get(&place).cloned().unwrap_or(Inverse::Nothing),
        }
    }
}

/// The way back to rows that were not chosen.
fn looked_up(rows: &LookupRows) -> Inverse {
    match rows {
        LookupRows::Reject => Inverse::Nothing,
        LookupRows::Replacement { row, .. } => {
            IdKey::of(row).map_or(Inverse::Nothing, Inverse::One)
        }
        LookupRows::ByKey(keys) => {
            Inverse::few(keys.rows.iter().filter_map(|row| match &row.fate {
                Fate::To(id) => Some((IdKey::of(&row.source)?, IdKey::of(id)?)),
                Fate::Empty | Fate::LeaveOut => None,
            }))
        }
    }
}

/// The kinds of batches by which a row of the source became one of the destination.
const CARRIED: [BatchKind; 3] = [BatchKind::Insert, BatchKind::Recognise, BatchKind::Change];

/// The way back for the rows of an entity that batches of these kinds noted.
pub(super) fn rows_of(entity: usize, journal: &Journal, kinds: &[BatchKind]) -> Result<Inverse> {
    let mut texts = Vec::new();
    let mut trouble = Ok(());
    let numbers: Pairs = journal
        .batches_of(entity)
        .map_while(|batch| batch.map_err(|fault| trouble = Err(fault)).ok())
        .filter(|batch| kinds.contains(&batch.kind))
        .flat_map(|batch| match (batch.source_keys, batch.destination_keys) {
            (Keys::Integers(sources), Keys::Integers(destinations)) => {
                let destinations = destinations.into_iter().map(DestinationId);
                destinations.zip(sources.into_iter().map(SourceId)).collect()
            }
            (sources, destinations) => {
                texts.extend((0..sources.len().min(destinations.len())).filter_map(|place| {
                    Some((IdKey::of(&sources.get(place))?, IdKey::of(&destinations.get(place))?))
                }));
                Vec::new()
            }
        })
        .collect();
    trouble?;
    if !texts.is_empty() {
        let numbers = numbers.iter().map(|(id, source)| (IdKey::from(source), IdKey::from(id)));
        return Ok(Inverse::few(texts.into_iter().chain(numbers)));
    }
    Ok(Inverse::Many(Arc::new(numbers)))
}
