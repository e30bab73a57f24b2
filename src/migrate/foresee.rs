//! Looking ahead around circles of references.
//!
//! A reference that waits for the second pass is written empty. Where the destination's attribute
//! is mandatory it must not stay so: a row that refers to one that is not carried over is left
//! out itself, and this has to be known before it is written. So the tables of such a circle are
//! read and remapped without writing, again and again until no further row is left out. Rows that a
//! unique index of the destination will refuse, as was decided, count as left out too.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::{Arc, OnceLock};

use super::control::Control;
use super::past::Past;
use super::reader::{KEYS_NAMED, Wanted, key_of, request, rows_below};
use super::remap::{Carried, Maps, came_twice, fold, remap};
use super::unreadable::{Unreadable, keys};
use crate::database::{Filter, Result, Source, Value};
use crate::outsystems::SourceId;
use crate::plan::{Circle, ExistingPlan, Plan};

/// The keys of rows that are left out, by the place of their entity.
type Gone = BTreeMap<usize, Vec<Value>>;

/// The same of rows that a unique index will refuse, to look them up.
type Repeated = BTreeMap<usize, HashSet<String>>;

/// What looking ahead needs.
pub(super) struct Foresight<'a> {
    pub(super) plan: &'a Plan,
    pub(super) source: &'a dyn Source,
    pub(super) marks: &'a [Option<SourceId>],
    pub(super) control: Control,
    /// What was done before.
    pub(super) past: &'a Past,
}

impl Foresight<'_> {
    /// Finds out which rows of a circle will be carried over, and has the maps know it. Returns
    /// the number of rows that are left out.
    pub(super) async fn look(&mut self, circle: &Circle, maps: &mut Maps) -> Result<u64> {
        let tables = self.with_parents(circle, maps);
        let (mut known, mut repeated): (_, Option<Repeated>) = (None, None);
        loop {
            let mut ahead = maps.clone();
            let (mut left_out, mut gone) = (0, Gone::new());
            for place in &tables {
                let refused = repeated.as_ref().and_then(|all| all.get(place));
                let (carried, keys) = self.read(*place, &ahead, refused).await?;
                left_out += carried.left_out.len() as u64;
                ahead.entities[*place] = OnceLock::from(Arc::new(carried));
                gone.insert(*place, keys);
            }
            for place in circle {
                maps.foreseen[*place] = ahead.entities[*place].get().cloned();
            }
            // The first pass knows nothing of references that wait; each later one can only
            // leave out more.
            if known.replace(left_out) != Some(left_out) {
                continue;
            }
            // Only once it is known which rows go anyway can be told which an index refuses.
            repeated = match repeated {
                Some(_) => return Ok(left_out),
                None => Some(self.repeated(&gone).await?).filter(|found| !found.is_empty()),
            };
            if repeated.is_none() {
                return Ok(left_out);
            }
        }
    }

    /// The rows that a unique index of the destination will refuse because an earlier one has the
    /// same values, where it was decided that they are left out. Those that are gone anyway are
    /// nobody's first, as far as they can be named in a request.
    async fn repeated(&self, gone: &Gone) -> Result<Repeated> {
        let mut repeated = Repeated::new();
        for (place, gone) in gone {
            let entity = &self.plan.entities[*place];
            let Some(key) = entity.key_column() else { continue };
            // What the destination has already is not added, so nothing refuses it.
            if matches!(entity.existing, ExistingPlan::Recognise { .. }) {
                continue;
            }
            for unique in &entity.uniques {
                let Some(Filter::Repeated { columns, key: by, among }) = &unique.repeated else {
                    continue;
                };
                let named = Some(gone).filter(|gone| (1..=KEYS_NAMED).contains(&gone.len()));
                let stays = named.map_or(Filter::All, |gone| {
                    Filter::AnyOf(key.name.clone(), gone.clone()).negated()
                });
                let rows = rows_below(entity, self.marks[*place]).and(stays);
                let filter = Filter::Repeated {
                    columns: columns.clone(),
                    key: by.clone(),
                    among: Box::new(rows.and((**among).clone())),
                };
                let found = keys(self.source, entity, key, filter).await?;
                if !found.is_empty() {
                    repeated.entry(*place).or_default().extend(found.iter().map(fold));
                }
            }
        }
        Ok(repeated)
    }

    /// The circle with all tables it refers to that are not carried over yet, parents first.
    fn with_parents(&self, circle: &Circle, maps: &Maps) -> BTreeSet<usize> {
        let mut tables = circle.clone();
        let mut open: Vec<usize> = circle.iter().copied().collect();
        while let Some(entity) = open.pop() {
            for (_, target) in self.plan.entities[entity].references() {
                if maps.entities[target].get().is_none() && tables.insert(target) {
                    open.push(target);
                }
            }
        }
        tables
    }

    /// Reads and remaps a table without writing; rows keep their ids, but for those that will be
    /// refused. The keys of all that are left out go along.
    async fn read(
        &mut self,
        place: usize,
        maps: &Maps,
        refused: Option<&HashSet<String>>,
    ) -> Result<(Carried, Vec<Value>)> {
        let entity = &self.plan.entities[place];
        let doing = || format!("looking ahead in {}", entity.name);
        // Where rows are tried again, the others are there.
        let past = self.plan.rejects_of.as_ref().map(|_| self.past.entity(place));
        let mut carried =
            past.as_ref().map_or_else(Carried::default, |past| (*past.carried).clone());
        let wanted = Wanted::new(entity);
        let mut request = request(self.plan, place, self.marks[place], None)?;
        let unreadable = Unreadable::find(self.source, entity, place, &request.filter).await?;
        request.filter = unreadable.others(request.filter);
        let mut gone = Vec::new();
        for row in unreadable.rows {
            carried.left_out.insert(fold(&row.key), false);
            gone.push(row.key);
        }
        let mut scan = self.source.scan(request).await?;
        while let Some(batch) = scan.next().await.map_err(|fault| fault.while_doing(doing()))? {
            self.control.between_batches().await?;
            let new: Vec<usize> = (0..batch.len())
                .filter(|row| {
                    let key = key_of(entity, &batch, *row);
                    wanted.has(&key) && past.as_ref().is_none_or(|past| !past.knows(&key))
                })
                .collect();
            let batch = if new.len() == batch.len() { batch } else { batch.select(&new)? };
            let remapped = remap(self.plan, place, &batch, maps)?;
            for row in remapped.left_out {
                carried.left_out.insert(fold(&row.key), row.planned);
                gone.push(row.key);
            }
            for row in &remapped.kept {
                let key = key_of(entity, &batch, *row);
                if refused.is_some_and(|refused| refused.contains(&fold(&key))) {
                    carried.left_out.insert(fold(&key), true);
                    gone.push(key);
                    continue;
                }
                if !carried.keep(&key, &key) {
                    return Err(came_twice(entity));
                }
            }
        }
        Ok((carried, gone))
    }
}
