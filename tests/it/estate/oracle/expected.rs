//! The rows that the destination has to hold afterwards.

use std::collections::{BTreeMap, BTreeSet};

use super::decided::{converted, id_in, is_nothing, says_nothing, shortened};
use super::people::user_symbol;
use super::scope::has_no_tenant;
use super::{Expect, ExpectedRow, ExpectedTable, Fate, Oracle, Resolved, Symbol, Way, folded};
use crate::estate::content::plain;
use crate::estate::decided::Wish;
use crate::estate::model::{Attribute, Cell, Entity, EntityKey, Kind, Row, Target, User};

/// A value in the form the judge reads.
fn read(attribute: &Attribute, cell: &Cell) -> Cell {
    let declared = match attribute.kind {
        Kind::Decimal(..) | Kind::Currency => "decimal",
        Kind::Date | Kind::Time | Kind::DateTime => "datetime",
        _ => "",
    };
    plain(cell.clone(), declared)
}

/// People that a run has to do with.
#[derive(Default)]
struct Run {
    users: BTreeSet<i64>,
    /// Those that only rows refer to which are not inserted.
    maybe: BTreeSet<i64>,
    groups: BTreeSet<i64>,
}

impl Oracle<'_> {
    /// All tables that change, with all their rows.
    pub(super) fn expected(&mut self) -> BTreeMap<String, ExpectedTable> {
        let mut tables = BTreeMap::new();
        let keys: Vec<EntityKey> = self.moved.keys().cloned().collect();
        for key in &keys {
            let table = self.destination_entity(key).table.to_uppercase();
            let made = self.entity_table(key);
            tables.insert(table, made);
        }
        for (key, rows) in self.outside() {
            let there = self.destination_entity(&key);
            let made = ExpectedTable {
                key: there.identifier().map(|a| a.column.to_uppercase()),
                rows: rows.iter().map(|row| standing(there, row)).collect(),
                ..ExpectedTable::default()
            };
            tables.insert(there.table.to_uppercase(), made);
        }
        let run = self.run_people(&keys);
        self.people_tables(&run, &mut tables);
        tables
    }

    fn entity_table(&mut self, key: &EntityKey) -> ExpectedTable {
        let there = self.destination_entity(key).clone();
        let mut made = ExpectedTable {
            key: there.identifier().map(|a| a.column.to_uppercase()),
            ..ExpectedTable::default()
        };
        let here = self.source_entity(key).clone();
        let common = self.common(key);
        for row in &there.rows {
            if !self.stands(key, row) {
                continue;
            }
            let mut stays = standing(&there, row);
            if let Some(ours) = self.updates(key, there.id_of(row)) {
                let ours = self.moved_row(&here, &there, &common, &here.rows[ours]);
                let unique = self.own_key(key).expect("recognised by it");
                for (_, theirs) in &common {
                    let column = theirs.column.to_uppercase();
                    let is_key = unique.attributes.contains(&theirs.key);
                    if is_key
                        || there.identifier == Some(theirs.key.clone())
                        || column == "TENANT_ID"
                    {
                        continue;
                    }
                    let expect = ours.cells[&column].clone();
                    stays.cells.insert(column, expect);
                }
            }
            made.rows.push(stays);
        }
        // Without an identifier as many are added of each content as are not there yet.
        let columns: Vec<String> =
            common.iter().map(|(_, theirs)| theirs.column.to_uppercase()).collect();
        let content = |row: &ExpectedRow| -> Vec<Expect> {
            let folded = |column: &String| match &row.cells[column] {
                Expect::Is(cell) => Expect::Is(folded(cell)),
                other => other.clone(),
            };
            columns.iter().map(folded).collect()
        };
        let is_told_by_all = there.identifier.is_none() && self.moved[key] != Way::Replace;
        let mut standing: Vec<Vec<Expect>> = match is_told_by_all {
            true => made.rows.iter().map(content).collect(),
            false => Vec::new(),
        };
        for (index, row) in here.rows.iter().enumerate() {
            if self.fates[key][index] != Fate::Moves {
                continue;
            }
            let row = self.moved_row(&here, &there, &common, row);
            let own = content(&row);
            match standing.iter().position(|other| *other == own) {
                Some(at) => drop(standing.swap_remove(at)),
                None => made.rows.push(row),
            }
        }
        made
    }

    /// The row of ours whose values a row of the destination takes, by its place: the first of
    /// those that are that row.
    fn updates(&self, key: &EntityKey, id: Option<&Cell>) -> Option<usize> {
        if self.moved[key] != Way::Update {
            return None;
        }
        let unique = self.own_key(key)?;
        if self.destination_entity(key).multitenant && !unique.tenant {
            return None;
        }
        let here = self.source_entity(key);
        let is_it = |place: &usize| match &self.fates[key][*place] {
            Fate::Reused(there) => Some(there) == id,
            Fate::Moves | Fate::Same(_) | Fate::LeftOut => false,
        };
        (0..here.rows.len()).filter(is_it).min_by_key(|place| here.id_of(&here.rows[*place]))
    }

    fn moved_row(
        &mut self,
        here: &Entity,
        there: &Entity,
        common: &[(Attribute, Attribute)],
        row: &Row,
    ) -> ExpectedRow {
        let mut cells = BTreeMap::new();
        for theirs in &there.attributes {
            let pair = common.iter().find(|(_, other)| other.key == theirs.key);
            let expect = match pair {
                None => {
                    let cell = self.not_carried(here, theirs);
                    Expect::Is(read(theirs, &cell))
                }
                Some((mine, theirs)) => {
                    let cell = &row.cells[&mine.key];
                    let own_key = here.identifier.as_ref() == Some(&mine.key);
                    if mine.target().is_some() {
                        self.reference(here, mine, theirs, cell)
                    } else if own_key {
                        self.new_id(&here.full_key(), cell)
                    } else {
                        self.plain_value(mine, theirs, cell)
                    }
                }
            };
            cells.insert(theirs.column.to_uppercase(), expect);
        }
        if there.multitenant {
            let expect = match self.tenant_of(&here.full_key(), row) {
                Some(tenant) => Expect::Is(Cell::Int(tenant)),
                // Whichever the column takes.
                None if here.multitenant && has_no_tenant(row) => {
                    Expect::OneOf(vec![Cell::Int(0), Cell::Null])
                }
                None => {
                    self.stop(format!("rows of {} lie in a missing tenant", here.name));
                    Expect::Any
                }
            };
            cells.insert("TENANT_ID".into(), expect);
        }
        let key = there.identifier();
        let symbol = key.filter(|k| k.autonumber).map(|_| Symbol {
            table: there.table.to_uppercase(),
            source: here.id_of(row).expect("identified").clone(),
        });
        let tag = there.tag().filter(|t| common.iter().any(|(_, theirs)| theirs.key == t.key));
        ExpectedRow {
            symbol,
            cells,
            known_by: tag.map(|t| t.column.to_uppercase()).into_iter().collect(),
            optional: false,
        }
    }

    /// What has to stand in an attribute that is no reference.
    fn plain_value(&self, mine: &Attribute, theirs: &Attribute, cell: &Cell) -> Expect {
        match self.wish(mine) {
            Some(Wish::Remapped(target)) => self.remapped(target, theirs, cell),
            Some(Wish::Converted) => {
                let cell = converted(mine, theirs, cell).expect("left out otherwise");
                Expect::Is(read(theirs, &cell))
            }
            Some(Wish::Instead { of_empty, value: Some(value) }) if is_nothing(cell, *of_empty) => {
                Expect::Is(read(theirs, value))
            }
            Some(Wish::Cut) => Expect::Is(shortened(theirs, cell)),
            Some(Wish::Masked(_)) if says_nothing(mine, cell) => Expect::Is(read(theirs, cell)),
            Some(Wish::Masked(Some(constant))) => Expect::Is(read(theirs, constant)),
            Some(Wish::Masked(None)) => Expect::Secret(read(theirs, cell)),
            _ => self.personal(mine, Expect::Is(read(theirs, cell))),
        }
    }

    /// What has to become of an attribute's value where personal data is masked.
    fn personal(&self, attribute: &Attribute, expect: Expect) -> Expect {
        match (expect, &attribute.kind) {
            (Expect::Is(Cell::Text(text)), Kind::Email | Kind::Phone)
                if self.pair.masked && !text.trim().is_empty() =>
            {
                Expect::Secret(Cell::Text(text))
            }
            (expect, _) => expect,
        }
    }

    fn reference(
        &mut self,
        here: &Entity,
        mine: &Attribute,
        theirs: &Attribute,
        cell: &Cell,
    ) -> Expect {
        match self.resolve(mine, theirs, cell) {
            Resolved::To(expect) => expect,
            Resolved::Nowhere | Resolved::Barred => Expect::Is(Cell::Null),
            Resolved::Stop(why) => {
                self.stop(format!("{}.{}: {why}", here.name, mine.name));
                Expect::Any
            }
        }
    }

    /// Whom the rows refer to, and who holds a role of the scope.
    fn run_people(&self, keys: &[EntityKey]) -> Run {
        let source = &self.pair.source;
        let mut run = Run::default();
        for key in keys {
            let entity = self.source_entity(key);
            for (mine, _) in self.common(key) {
                for (index, row) in entity.rows.iter().enumerate() {
                    let cell = &row.cells[&mine.key];
                    let (target, id) = match (mine.target(), self.wish(&mine), cell) {
                        (Some(target), _, Cell::Int(id)) => (target, *id),
                        (None, Some(Wish::Remapped(target)), cell) => match id_in(cell) {
                            Some(id) => (target, id),
                            None => continue,
                        },
                        _ => continue,
                    };
                    let moves = match &self.fates[key][index] {
                        Fate::Moves => true,
                        Fate::Reused(id) => self.updates(key, Some(id)) == Some(index),
                        Fate::Same(_) | Fate::LeftOut => false,
                    };
                    match target {
                        Target::User if moves => run.users.insert(id),
                        Target::User => run.maybe.insert(id),
                        Target::Group => run.groups.insert(id),
                        _ => false,
                    };
                }
            }
        }
        let espaces = self.espaces();
        let roles: Vec<i64> =
            source.roles.iter().filter(|r| espaces.contains(&r.espace)).map(|r| r.id).collect();
        for (user, role) in &source.user_roles {
            if roles.contains(role) {
                run.users.insert(*user);
            }
        }
        for (group, role) in &source.group_roles {
            if roles.contains(role) && !self.is_unwanted(*group) {
                run.groups.insert(*group);
                run.users.extend(
                    source.group_users.iter().filter(|(g, _)| g == group).map(|(_, user)| *user),
                );
            }
        }
        let is_there = |id: &i64| source.groups.iter().any(|g| g.id == *id);
        run.groups.retain(|id| is_there(id) && !self.is_unwanted(*id));
        run
    }

    fn people_tables(&mut self, run: &Run, tables: &mut BTreeMap<String, ExpectedTable>) {
        let (source, there) = (&self.pair.source, &self.pair.destination);
        let empty = || ExpectedTable { key: Some("ID".into()), ..ExpectedTable::default() };
        let mut found: BTreeMap<&str, ExpectedTable> = BTreeMap::new();
        let mut stops = Vec::new();
        let service_center = source.service_center_tenant();
        let mut images: BTreeMap<i64, Expect> = BTreeMap::new();
        for user in &source.users {
            let certain = run.users.contains(&user.id);
            if !certain && !run.maybe.contains(&user.id) {
                continue;
            }
            let expect = match (self.tenant(user.tenant), &self.matches(user)[..]) {
                (Some(tenant), [one]) if self.pair.decided.recreated.contains(&user.id) => {
                    stops.extend(self.depends_on(one));
                    for (table, column) in [
                        ("OSSYS_USER", "ID"),
                        ("OSSYS_USER_ROLE", "USER_ID"),
                        ("OSSYS_GROUP_USER", "USER_ID"),
                    ] {
                        let table = found.entry(table).or_insert_with(empty);
                        table.gone.push((column, Cell::Int(one.id), certain));
                    }
                    let row = self.made_anew(user, tenant, certain);
                    found.entry("OSSYS_USER").or_insert_with(empty).rows.push(row);
                    Expect::Made(user_symbol(user.id))
                }
                (Some(_), [one]) => {
                    let decided = &self.pair.decided;
                    let is_found = !decided.users.contains_key(&user.id);
                    if decided.updates_users && is_found && user.tenant != service_center {
                        let row = self.updated(user, one, certain);
                        found.entry("OSSYS_USER").or_insert_with(empty).rows.push(row);
                    }
                    Expect::Is(Cell::Int(one.id))
                }
                (Some(_), []) if user.tenant == service_center => continue,
                (Some(tenant), []) => {
                    let row = self.made_anew(user, tenant, certain);
                    found.entry("OSSYS_USER").or_insert_with(empty).rows.push(row);
                    Expect::Made(user_symbol(user.id))
                }
                (None, _) if certain => {
                    stops.push(format!("the tenant of {} is missing", user.username));
                    continue;
                }
                _ if certain => {
                    stops.push(format!("{} is ambiguous", user.username));
                    continue;
                }
                _ => continue,
            };
            images.insert(user.id, expect);
        }
        let mut groups: BTreeMap<i64, Expect> = BTreeMap::new();
        for group in source.groups.iter().filter(|g| run.groups.contains(&g.id)) {
            match self.group(group) {
                Err(why) => stops.push(why),
                Ok(expect) => {
                    if let Expect::Made(symbol) = &expect {
                        let tenant = self.tenant(group.tenant).expect("mapped");
                        let row = created_group(symbol, &group.name, tenant);
                        found.entry("OSSYS_GROUP").or_insert_with(empty).rows.push(row);
                    }
                    groups.insert(group.id, expect);
                }
            }
        }
        let espaces = self.espaces();
        let roles: BTreeMap<i64, Expect> = source
            .roles
            .iter()
            .filter(|r| espaces.contains(&r.espace))
            .filter_map(|r| match self.resolve_definition(&Target::Role, &Cell::Int(r.id)) {
                Resolved::To(expect) => Some((r.id, expect)),
                _ => None,
            })
            .collect();
        let in_scope = |group: i64| {
            source.group_roles.iter().any(|(g, r)| *g == group && roles.contains_key(r))
        };
        let members: Vec<(i64, i64)> =
            source.group_users.iter().copied().filter(|(g, _)| in_scope(*g)).collect();
        for (table, columns, wanted, left, right, existing) in [
            (
                "OSSYS_USER_ROLE",
                ["USER_ID", "ROLE_ID"],
                &source.user_roles,
                &images,
                &roles,
                &there.user_roles,
            ),
            (
                "OSSYS_GROUP_ROLE",
                ["GROUP_ID", "ROLE_ID"],
                &source.group_roles,
                &groups,
                &roles,
                &there.group_roles,
            ),
            (
                "OSSYS_GROUP_USER",
                ["GROUP_ID", "USER_ID"],
                &members,
                &groups,
                &images,
                &there.group_users,
            ),
        ] {
            let mut made = BTreeSet::new();
            for (left_id, right_id) in wanted {
                let (Some(a), Some(b)) = (left.get(left_id), right.get(right_id)) else {
                    continue;
                };
                let tenant = if table == "OSSYS_USER_ROLE" {
                    source.user(*left_id).map(|u| u.tenant)
                } else {
                    source.groups.iter().find(|g| g.id == *left_id).map(|g| g.tenant)
                };
                let tenant = tenant.and_then(|t| self.tenant(t)).map_or(Cell::Null, Cell::Int);
                let known = existing.iter().any(|(x, y)| {
                    a == &Expect::Is(Cell::Int(*x)) && b == &Expect::Is(Cell::Int(*y))
                });
                // Two groups may have become one, or two people.
                if known || !made.insert((a, b)) {
                    continue;
                }
                let cells = [
                    ("ID".to_owned(), Expect::Any),
                    (columns[0].to_owned(), a.clone()),
                    (columns[1].to_owned(), b.clone()),
                    ("TENANT_ID".to_owned(), Expect::Is(tenant)),
                ];
                found.entry(table).or_insert_with(empty).rows.push(ExpectedRow {
                    symbol: None,
                    cells: cells.into_iter().collect(),
                    known_by: Vec::new(),
                    optional: false,
                });
            }
        }
        tables.extend(found.into_iter().map(|(name, table)| (name.to_owned(), table)));
        self.refusals.extend(stops);
    }
}

impl Oracle<'_> {
    /// A person who is made in the destination; perhaps, where that is not certain.
    fn made_anew(&self, user: &User, tenant: i64, certain: bool) -> ExpectedRow {
        let mut row = created(user, tenant);
        for column in ["EMAIL", "MOBILEPHONE"] {
            let cell = row.cells.get_mut(column).expect("just made");
            if let Expect::Is(Cell::Text(text)) = cell
                && self.pair.masked
                && !text.is_empty()
            {
                *cell = Expect::Secret(Cell::text(std::mem::take(text)));
            }
        }
        row.optional = !certain;
        row
    }

    /// Rows of the destination that stay and refer to a person who would have to go.
    fn depends_on(&self, user: &User) -> Option<String> {
        let refers = |entity: &Entity, row: &Row| {
            let key = entity.full_key();
            let stays = !self.moved.contains_key(&key) || self.stands(&key, row);
            let is_it = |a: &Attribute| {
                let is_link = a.active && a.target() == Some(&Target::User);
                is_link && row.cells.get(&a.key) == Some(&Cell::Int(user.id))
            };
            stays && entity.attributes.iter().any(is_it)
        };
        let mut entities = self.pair.destination.entities.iter().filter(|e| e.active);
        let found = entities.find(|entity| entity.rows.iter().any(|row| refers(entity, row)))?;
        Some(format!("rows of {} refer to {}", found.name, user.username))
    }

    /// A person of the destination who takes what the source says; perhaps, where that is not
    /// certain.
    fn updated(&self, user: &User, there: &User, certain: bool) -> ExpectedRow {
        let taken = |old: &str, new: &str, is_secret: bool| match (is_secret, certain) {
            (true, _) if self.pair.masked && !new.is_empty() => Expect::Secret(Cell::text(new)),
            (_, true) => Expect::Is(Cell::text(new)),
            (_, false) => Expect::OneOf(vec![Cell::text(new), Cell::text(old)]),
        };
        let is = |text: &str| Expect::Is(Cell::text(text));
        let bit = |value: bool| Cell::Int(i64::from(value));
        let active = match certain {
            true => Expect::Is(bit(user.active)),
            false => Expect::OneOf(vec![bit(user.active), bit(there.active)]),
        };
        let cells = [
            ("ID", Expect::Is(Cell::Int(there.id))),
            ("TENANT_ID", Expect::Is(Cell::Int(there.tenant))),
            ("NAME", taken(&there.name, &user.name, false)),
            ("USERNAME", is(&there.username)),
            ("PASSWORD", is(&there.password)),
            // What users are known by stays.
            (
                "EMAIL",
                match self.pair.decided.users_by_email {
                    true => is(&there.email),
                    false => taken(&there.email, &user.email, true),
                },
            ),
            ("MOBILEPHONE", taken(&there.phone, &user.phone, true)),
            ("EXTERNAL_ID", taken(&there.external, &user.external, false)),
            ("CREATION_DATE", is("2020-02-02 02:02:02")),
            ("LAST_LOGIN", is("1900-01-01 00:00:00")),
            ("IS_ACTIVE", active),
        ];
        ExpectedRow {
            symbol: None,
            cells: cells.into_iter().map(|(name, e)| (name.to_owned(), e)).collect(),
            known_by: Vec::new(),
            optional: false,
        }
    }
}

/// A row that is there before and after.
fn standing(entity: &Entity, row: &Row) -> ExpectedRow {
    let mut cells: BTreeMap<String, Expect> = entity
        .attributes
        .iter()
        .map(|a| (a.column.to_uppercase(), Expect::Is(read(a, &row.cells[&a.key]))))
        .collect();
    if entity.multitenant {
        cells.insert("TENANT_ID".into(), Expect::Is(row.tenant.map_or(Cell::Null, Cell::Int)));
    }
    ExpectedRow { symbol: None, cells, known_by: Vec::new(), optional: false }
}

/// A person made in the destination, e-mail and phone as they are: no way in.
fn created(user: &User, tenant: i64) -> ExpectedRow {
    let is = |text: &str| Expect::Is(Cell::text(text));
    let cells = [
        ("ID", Expect::Made(user_symbol(user.id))),
        ("TENANT_ID", Expect::Is(Cell::Int(tenant))),
        ("NAME", is(&user.name)),
        ("USERNAME", is(&user.username)),
        ("PASSWORD", Expect::Secret(Cell::text(&user.password))),
        ("EMAIL", is(&user.email)),
        ("MOBILEPHONE", is(&user.phone)),
        (
            "EXTERNAL_ID",
            Expect::OneOf(vec![Cell::text(&user.external), Cell::text(""), Cell::Null]),
        ),
        ("CREATION_DATE", Expect::Any),
        ("LAST_LOGIN", Expect::Any),
        ("IS_ACTIVE", Expect::Is(Cell::Int(i64::from(user.active)))),
    ];
    ExpectedRow {
        symbol: Some(user_symbol(user.id)),
        cells: cells.into_iter().map(|(name, e)| (name.to_owned(), e)).collect(),
        known_by: vec!["TENANT_ID".into(), "USERNAME".into()],
        optional: false,
    }
}

fn created_group(symbol: &Symbol, name: &str, tenant: i64) -> ExpectedRow {
    let cells = [
        ("ID", Expect::Made(symbol.clone())),
        ("NAME", Expect::Is(Cell::text(name))),
        ("TENANT_ID", Expect::Is(Cell::Int(tenant))),
        ("HAS_CUSTOM_MANAGEMENT", Expect::Is(Cell::Int(0))),
        ("DESCRIPTION", Expect::Is(Cell::text(""))),
        ("CREATED_BY", Expect::Any),
        ("CREATED", Expect::Any),
    ];
    ExpectedRow {
        symbol: Some(symbol.clone()),
        cells: cells.into_iter().map(|(name, e)| (name.to_owned(), e)).collect(),
        known_by: vec!["TENANT_ID".into(), "NAME".into()],
        optional: false,
    }
}
