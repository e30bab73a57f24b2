//! What a migration with the recommended decisions has to make of a pair: slow and obviously
//! right. One row at a time over the rows in memory; no code of the program is used.

mod decided;
mod expected;
mod keys;
mod people;
mod scope;
mod write;

use std::collections::{BTreeMap, BTreeSet};

use super::decided::Wish;
use super::model::{Attribute, Cell, Entity, EntityKey, Kind, Pair, Target};
pub use write::write;

/// The name of a row that has no id yet: the table and the source's id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Symbol {
    pub table: String,
    pub source: Cell,
}

/// What a cell has to hold.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Expect {
    Is(Cell),
    /// The new id of that row.
    Made(Symbol),
    /// The same as a text.
    Written(Symbol),
    OneOf(Vec<Cell>),
    /// Not this at all.
    Secret(Cell),
    Any,
}

/// A row that has to be there.
#[derive(Clone, Debug)]
pub struct ExpectedRow {
    /// Its own name, when it gets a new id.
    pub symbol: Option<Symbol>,
    /// By column in upper case.
    pub cells: BTreeMap<String, Expect>,
    /// The columns by which the judge knows it again, when its key does not tell.
    pub known_by: Vec<String>,
    /// It may be missing.
    pub optional: bool,
}

/// All rows that a table has to hold.
#[derive(Clone, Debug, Default)]
pub struct ExpectedTable {
    /// The identifier's column.
    pub key: Option<String>,
    pub rows: Vec<ExpectedRow>,
    /// Rows of people that go, by a column and what stands in it; perhaps only, where that is not
    /// certain.
    pub gone: Vec<(&'static str, Cell, bool)>,
}

/// What has to come of it. Tables not named keep every row.
#[derive(Clone, Debug)]
pub enum Verdict {
    Refused(Vec<String>),
    Done(BTreeMap<String, ExpectedTable>),
}

/// What becomes of a source row.
#[derive(Clone, Debug, PartialEq)]
enum Fate {
    Moves,
    /// A row of the destination stands for it.
    Reused(Cell),
    /// It becomes one with another row of ours, by its place.
    Same(usize),
    LeftOut,
}

/// What becomes of a reference.
enum Resolved {
    To(Expect),
    /// It points at nothing that is moved.
    Nowhere,
    /// Its row stays behind, whether it may be emptied or not.
    Barred,
    /// The migration has to stop.
    Stop(String),
}

/// How the rows of an entity of the destination are treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// They go first.
    Replace,
    /// They stay, and stand for ours that have the same key.
    Keep,
    /// The same, and they take the values of the first of ours that has it, where the key says in
    /// which tenant a row is.
    Update,
}

struct Oracle<'a> {
    pair: &'a Pair,
    /// What becomes of the destination's rows of chosen entities.
    chosen: Way,
    /// Entities whose rows are moved.
    moved: BTreeMap<EntityKey, Way>,
    /// Entities of the scope that the destination does not have.
    only_in_source: BTreeSet<EntityKey>,
    fates: BTreeMap<EntityKey, Vec<Fate>>,
    refusals: Vec<String>,
    /// The attributes both sides have, once the scope is known.
    shared: BTreeMap<EntityKey, Vec<(Attribute, Attribute)>>,
}

/// The migration of a pair with the recommended decisions, the destination's rows replaced.
pub fn migrate(pair: &Pair) -> Verdict {
    migrate_as(pair, Way::Replace)
}

/// The same with the destination's rows of chosen entities treated in this way.
pub fn migrate_as(pair: &Pair, chosen: Way) -> Verdict {
    let mut oracle = Oracle {
        pair,
        chosen,
        moved: BTreeMap::new(),
        only_in_source: BTreeSet::new(),
        fates: BTreeMap::new(),
        refusals: Vec::new(),
        shared: BTreeMap::new(),
    };
    oracle.find_scope();
    oracle.check_scope();
    oracle.decide_rows();
    oracle.check_ids();
    let tables = oracle.expected();
    oracle.refusals.sort();
    oracle.refusals.dedup();
    if oracle.refusals.is_empty() {
        Verdict::Done(tables)
    } else {
        Verdict::Refused(oracle.refusals)
    }
}

/// Whether a value fits the destination's attribute.
fn fits(cell: &Cell, attribute: &Attribute) -> bool {
    match (&attribute.kind, cell) {
        (Kind::Text(length), Cell::Text(text)) if *length <= 2000 => {
            text.encode_utf16().count() <= usize::from(*length)
        }
        (Kind::Integer, Cell::Int(number)) => i32::try_from(*number).is_ok(),
        (Kind::Decimal(precision, scale), Cell::Int(number)) => {
            number.unsigned_abs() < 10_u64.pow(u32::from(precision - scale))
        }
        (Kind::Decimal(precision, scale), Cell::Text(text)) => {
            let digits = text.trim_start_matches('-');
            let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
            whole.trim_start_matches('0').len() <= usize::from(precision - scale)
                && fraction.trim_end_matches('0').len() <= usize::from(*scale)
        }
        _ => true,
    }
}

/// A value as a unique index sees it: case apart.
fn folded(cell: &Cell) -> Cell {
    match cell {
        Cell::Text(text) => Cell::text(text.to_lowercase()),
        other => other.clone(),
    }
}

impl Oracle<'_> {
    fn stop(&mut self, why: impl Into<String>) {
        self.refusals.push(why.into());
    }

    fn source_entity(&self, key: &EntityKey) -> &Entity {
        self.pair.source.entity(key).expect("an entity of the source")
    }

    fn destination_entity(&self, key: &EntityKey) -> &Entity {
        self.pair.destination.entity(key).expect("an entity of the destination")
    }

    /// The active attributes that both sides have: the source's and the destination's.
    fn common(&self, key: &EntityKey) -> Vec<(Attribute, Attribute)> {
        let there = self.destination_entity(key);
        let active = |a: &&Attribute| a.active && a.listed;
        self.source_entity(key)
            .attributes
            .iter()
            .filter(active)
            .filter_map(|a| {
                let key = match self.wish(a) {
                    Some(Wish::Paired(key)) => key,
                    _ => &a.key,
                };
                let other = there.attributes.iter().filter(active).find(|b| &b.key == key)?;
                // What refers to something else there means nothing of ours.
                (a.target() == other.target()).then(|| (a.clone(), other.clone()))
            })
            .collect()
    }

    /// Which rows move, which stay behind, which are there already.
    fn decide_rows(&mut self) {
        let keys: Vec<EntityKey> = self.moved.keys().cloned().collect();
        self.shared = keys.iter().map(|key| (key.clone(), self.common(key))).collect();
        for key in &keys {
            let rows = self.source_entity(key).rows.len();
            self.fates.insert(key.clone(), vec![Fate::Moves; rows]);
        }
        self.leave_out_what_has_no_tenant(&keys);
        self.leave_out_what_has_no_form(&keys);
        self.leave_out_what_does_not_fit(&keys);
        self.follow(&keys);
        self.leave_out_what_is_alike();
        self.follow(&keys);
    }

    fn leave_out_what_has_no_tenant(&mut self, keys: &[EntityKey]) {
        for key in keys.iter().filter(|key| self.pair.decided.tenantless_behind.contains(*key)) {
            let rows = self.source_entity(key).rows.iter().map(scope::has_no_tenant);
            let gone: Vec<bool> = rows.collect();
            for (fate, gone) in self.fates.get_mut(key).expect("there").iter_mut().zip(gone) {
                if gone {
                    *fate = Fate::LeftOut;
                }
            }
        }
    }

    /// Leaves out what lacks something, and finds the rows that are others.
    fn follow(&mut self, keys: &[EntityKey]) {
        // What a reference becomes depends on the fate of the row it names: again and again until
        // nothing changes.
        loop {
            let mut changed = false;
            for key in keys {
                for (index, own) in self.own_matches(key).into_iter().enumerate() {
                    if self.fates[key][index] == Fate::LeftOut {
                        continue;
                    }
                    let fate = match self.lacks_a_parent(key, index) {
                        true => Fate::LeftOut,
                        false => own,
                    };
                    changed |= self.fates[key][index] != fate;
                    self.fates.get_mut(key).expect("there")[index] = fate;
                }
            }
            if !changed {
                return;
            }
        }
    }

    /// Texts too long and numbers too wide, and all that hangs on their rows.
    fn leave_out_what_does_not_fit(&mut self, keys: &[EntityKey]) {
        let mut closure: BTreeSet<(EntityKey, usize)> = BTreeSet::new();
        for key in keys {
            for (mine, theirs) in self.common(key) {
                // Ids that the destination gives, and what refers to ids, become others.
                if theirs.autonumber || theirs.target().is_some() {
                    continue;
                }
                for (index, row) in self.source_entity(key).rows.iter().enumerate() {
                    if self.fates[key][index] == Fate::Moves
                        && !matches!(self.wish(&mine), Some(Wish::Cut | Wish::Masked(_)))
                        && !fits(&row.cells[&mine.key], &theirs)
                    {
                        closure.insert((key.clone(), index));
                    }
                }
            }
        }
        if closure.is_empty() {
            return;
        }
        for (key, index) in &closure {
            self.fates.get_mut(key).expect("there")[*index] = Fate::LeftOut;
        }
        // Dependants count towards the limit, and are left out with everybody else's below.
        loop {
            let mut more = Vec::new();
            for key in keys {
                for index in 0..self.source_entity(key).rows.len() {
                    if self.fates[key][index] == Fate::Moves
                        && !closure.contains(&(key.clone(), index))
                        && self.hangs_on(key, index, &closure)
                    {
                        more.push((key.clone(), index));
                    }
                }
            }
            if more.is_empty() {
                break;
            }
            closure.extend(more);
        }
        for key in keys {
            let count = closure.iter().filter(|(k, _)| k == key).count();
            if count > 0 && count * 1000 >= self.source_entity(key).rows.len() {
                let name = self.source_entity(key).name.clone();
                self.stop(format!("{count} rows of {name} do not fit"));
            }
        }
    }

    fn hangs_on(&self, key: &EntityKey, index: usize, rows: &BTreeSet<(EntityKey, usize)>) -> bool {
        let row = &self.source_entity(key).rows[index];
        self.shared[key].iter().any(|(mine, theirs)| {
            let Some(Target::Entity(target)) = mine.target() else { return false };
            !theirs.may_be_emptied()
                && self
                    .source_row(target, &row.cells[&mine.key])
                    .is_some_and(|parent| rows.contains(&(target.clone(), parent)))
        })
    }

    /// The place of the source row with that identifier.
    fn source_row(&self, key: &EntityKey, id: &Cell) -> Option<usize> {
        let entity = self.pair.source.entity(key)?;
        entity.rows.iter().position(|r| entity.id_of(r) == Some(id))
    }

    fn lacks_a_parent(&self, key: &EntityKey, index: usize) -> bool {
        let here = self.source_entity(key);
        let row = &here.rows[index];
        self.shared[key].iter().any(|(mine, theirs)| {
            // A row that extends another one is none without it, and 0 may be nobody's id.
            let is_own = here.identifier.as_ref() == Some(&mine.key);
            mine.target().is_some_and(|target| {
                is_own
                    && row.cells[&mine.key].is_no_identifier()
                    && !self.is_a_row(target, &row.cells[&mine.key])
            }) || mine.target().is_some()
                && match self.resolve(mine, theirs, &row.cells[&mine.key]) {
                    Resolved::Nowhere => !theirs.may_be_emptied(),
                    Resolved::Barred => true,
                    Resolved::To(_) | Resolved::Stop(_) => false,
                }
        })
    }

    /// Where a reference of a source row points in the destination.
    fn resolve(&self, mine: &Attribute, theirs: &Attribute, cell: &Cell) -> Resolved {
        let target = mine.target().expect("a reference");
        let none = cell == &Cell::Null || cell.is_no_identifier() && !self.is_a_row(target, cell);
        if none && !theirs.nullable && self.is_a_record_there(target) {
            return Resolved::Stop(format!("no reference would be one in {}", theirs.name));
        }
        if cell == &Cell::Null {
            return Resolved::To(Expect::Is(Cell::Null));
        }
        if cell.is_no_identifier() && !self.is_a_row(target, cell) {
            let empty = if theirs.nullable { Cell::Null } else { cell.clone() };
            return Resolved::To(Expect::Is(empty));
        }
        if self.is_kept_elsewhere(target) {
            return Resolved::To(Expect::Is(cell.clone()));
        }
        if let Some(led) = self.led(mine, cell) {
            return led;
        }
        if self.is_orphan_behind(mine, cell) {
            return Resolved::Barred;
        }
        match target {
            Target::Entity(key) => self.resolve_entity(key, theirs, cell),
            Target::User => self.resolve_user(theirs, cell),
            Target::Group => self.resolve_group(cell),
            Target::Role | Target::Espace | Target::Tenant => self.resolve_definition(target, cell),
        }
    }

    /// Whether another system keeps the rows referred to.
    fn is_kept_elsewhere(&self, target: &Target) -> bool {
        let Target::Entity(key) = target else { return false };
        self.pair.source.entity(key).is_some_and(|entity| entity.external)
    }

    fn is_a_row(&self, target: &Target, cell: &Cell) -> bool {
        matches!(target, Target::Entity(key) if self.source_row(key, cell).is_some())
    }

    /// Whether what stands for "none" is a static record of the destination.
    fn is_a_record_there(&self, target: &Target) -> bool {
        let Target::Entity(key) = target else { return false };
        self.source_entity(key).is_static
            && self.pair.destination.entity(key).is_some_and(|there| {
                there.records.iter().any(|record| record.data_id.is_no_identifier())
            })
    }

    fn resolve_entity(&self, key: &EntityKey, theirs: &Attribute, cell: &Cell) -> Resolved {
        let Some(index) = self.source_row(key, cell) else { return Resolved::Nowhere };
        let entity = self.source_entity(key);
        if entity.is_static && !self.pair.decided.as_rows.contains(key) {
            return self.resolve_record(key, cell);
        }
        if self.only_in_source.contains(key) {
            return if theirs.may_be_emptied() {
                Resolved::To(Expect::Is(Cell::Null))
            } else {
                Resolved::Stop(format!("{} is not in the destination", entity.name))
            };
        }
        self.fate_of(key, index)
    }

    /// Where a reference to that row of ours leads.
    fn fate_of(&self, key: &EntityKey, index: usize) -> Resolved {
        let entity = self.source_entity(key);
        match self.fates.get(key).map(|f| &f[index]) {
            // Of rows that are one, another is the first as soon as the first is left out.
            Some(Fate::Same(other)) if self.fates[key][*other] != Fate::LeftOut => {
                self.fate_of(key, *other)
            }
            Some(Fate::Moves | Fate::Same(_)) => {
                let id = entity.id_of(&entity.rows[index]).expect("identified");
                Resolved::To(self.new_id(key, id))
            }
            Some(Fate::Reused(id)) => Resolved::To(Expect::Is(id.clone())),
            Some(Fate::LeftOut) => Resolved::Nowhere,
            None => Resolved::Stop(format!("{} is outside the scope", entity.name)),
        }
    }

    /// The id that a moved row has in the destination.
    fn new_id(&self, key: &EntityKey, cell: &Cell) -> Expect {
        let there = self.destination_entity(key);
        let identifier = there.identifier().expect("referred to");
        match identifier.target() {
            Some(Target::Entity(parent)) => {
                let theirs = identifier.clone();
                match self.resolve_entity(parent, &theirs, cell) {
                    Resolved::To(expect) => expect,
                    _ => Expect::Is(cell.clone()),
                }
            }
            Some(_) => match self.resolve_user(identifier, cell) {
                Resolved::To(expect) => expect,
                _ => Expect::Is(cell.clone()),
            },
            None if identifier.autonumber => {
                Expect::Made(Symbol { table: there.table.to_uppercase(), source: cell.clone() })
            }
            None => Expect::Is(cell.clone()),
        }
    }

    /// Static records match by key: active first, else inactive where the row is there.
    fn resolve_record(&self, key: &EntityKey, cell: &Cell) -> Resolved {
        let (here, there) = (self.source_entity(key), self.pair.destination.entity(key));
        let missing = || Resolved::Stop(format!("record {cell:?} of {} is missing", here.name));
        let Some(there) = there else { return missing() };
        let mut mine: Vec<_> = here.records.iter().filter(|r| &r.data_id == cell).collect();
        mine.sort_by_key(|r| !r.active);
        let Some(mine) = mine.first() else { return missing() };
        if let Some(id) = self.pair.decided.records.get(&mine.key) {
            return Resolved::To(Expect::Is(id.clone()));
        }
        match self.pair.decided.lost_records.get(&mine.key) {
            Some(true) => return Resolved::Nowhere,
            Some(false) => return Resolved::Barred,
            None => {}
        }
        let mut theirs: Vec<_> = there
            .records
            .iter()
            .filter(|r| r.key == mine.key)
            .filter(|r| r.active || there.rows.iter().any(|x| there.id_of(x) == Some(&r.data_id)))
            .collect();
        theirs.sort_by_key(|r| !r.active);
        match theirs.first() {
            Some(record) => Resolved::To(Expect::Is(record.data_id.clone())),
            None => missing(),
        }
    }
}
