//! Makes pairs of environments from recipes.

mod circles;
mod decided;
mod derive;
mod likeness;
mod neighbours;
mod people;
mod rows;
mod structure;
pub mod values;

use std::collections::BTreeSet;

use super::chance::Chance;
use super::decided::Decided;
use super::model::{Attribute, Cell, Damage, Entity, Environment, Kind, Pair, Refusal, Rule, User};
use super::recipe::{Feature, Flaw, Recipe};
pub use likeness::liken;
use rows::{Filler, Side};
use structure::{CHOSEN, Maker};

/// The pair of environments of a recipe.
pub fn pair(recipe: &Recipe) -> Pair {
    let recipe = &neighbours::completed(recipe);
    let chance = Chance::new(recipe.seed);
    let mut maker = Maker::new(recipe);
    maker.statics();
    maker.producers();
    maker.chosen();
    maker.leaving();
    maker.outsiders();
    if recipe.has(Feature::VisibleTenant) {
        maker.show_tenants();
    }
    let mut source = maker.environment;
    people::source(&mut source, recipe);
    let mut destination = derive::definitions(&source, recipe);
    people::destination(&source, &mut destination, recipe);
    if recipe.has(Feature::Leftovers) {
        let mut chance = chance.fork("leftovers");
        for entity in source.entities.iter_mut().filter(|e| !e.is_static) {
            if chance.percent(40) {
                derive::leftovers(entity, &mut chance);
            }
        }
    }
    if recipe.has(Feature::InactiveRecords) {
        let status = source.named("Status").expect("made").full_key();
        let records = &mut source.entity_mut(&status).expect("made").records;
        records[2].active = false;
    }
    let filler =
        Filler { recipe, chance: chance.fork("rows"), environment: source, side: Side::Source };
    let source = filler.fill();
    let tenants: BTreeSet<i64> =
        source.tenants.iter().map(|t| if t.id == 1 { 1 } else { 100 - t.id }).collect();
    let profiles = profile_owners(&source, &destination);
    let filler = Filler {
        recipe,
        chance: chance.fork("rows there"),
        environment: destination,
        side: Side::Destination { tenants: &tenants, profiles: &profiles },
    };
    let destination = filler.fill();
    let mut pair = Pair {
        source,
        destination,
        applications: vec![CHOSEN.to_owned()],
        masked: recipe.has(Feature::Masked),
        decided: Decided::default(),
        refused: None,
    };
    decided::decide(&mut pair, recipe);
    if recipe.has(Feature::Catalogs) {
        let mut chance = chance.fork("catalogs");
        for (environment, names) in
            [(&mut pair.source, ["ProdA", "ProdB"]), (&mut pair.destination, ["DevA", "DevB"])]
        {
            // A trigger of a file cannot write into another one, where the queue of events is.
            let entities = &environment.entities;
            let has_events = |key: &str| {
                entities.iter().any(|entity| entity.espace == key && entity.events.is_some())
            };
            for espace in environment.espaces.iter_mut().filter(|e| !e.system) {
                if chance.percent(50) && !has_events(&espace.key) {
                    espace.catalog = Some((*chance.pick(&names)).to_owned());
                }
            }
        }
    }
    pair.destination.markers = recipe.has(Feature::Markers);
    if recipe.has(Feature::Subscriptions) {
        subscribe(&mut pair.destination);
    }
    if let Some(flaw) = recipe.flaw {
        pair.refused = spoil(&mut pair, flaw);
    }
    pair
}

/// Processes wait for rows of every entity that they can wait for, and for users.
fn subscribe(destination: &mut Environment) {
    let elsewhere: BTreeSet<String> = destination
        .espaces
        .iter()
        .filter(|espace| espace.catalog.is_some())
        .map(|espace| espace.key.clone())
        .collect();
    for (place, entity) in destination.entities.iter_mut().enumerate() {
        let can_be_waited_for = entity.active
            && !entity.is_static
            && entity.identifier().is_some()
            && !elsewhere.contains(&entity.espace);
        if can_be_waited_for {
            entity.events = Some(place % 6);
        }
    }
    if let Some(thing) = destination.entities.iter_mut().find(|e| e.active && e.name == "Thing0") {
        thing.events = thing.events.map(|_| 5);
    }
    destination.user_events = Some(3);
}

/// People of the destination that may have a row in `Profile` without any doubt about what
/// becomes of it: those whose namesakes have one in the source, and those only there.
fn profile_owners(source: &Environment, destination: &Environment) -> Vec<i64> {
    let Some(profile) = source.named("Profile") else { return Vec::new() };
    let namesake = |one: &&User, other: &User| {
        one.username.eq_ignore_ascii_case(&other.username)
            && (one.tenant == 1 && other.tenant == 1 || one.tenant == 100 - other.tenant)
    };
    let owners: Vec<&User> = source
        .users
        .iter()
        .filter(|u| profile.rows.iter().any(|r| profile.id_of(r) == Some(&Cell::Int(u.id))))
        .collect();
    destination
        .users
        .iter()
        .filter(|there| {
            there.active
                && (owners.iter().any(|one| namesake(one, there))
                    || !source.users.iter().any(|one| namesake(&one, there)))
        })
        .map(|there| there.id)
        .collect()
}

/// Puts the flaw in; `None` when this pair cannot show it.
fn spoil(pair: &mut Pair, flaw: Flaw) -> Option<Refusal> {
    let thing = pair.source.named("Thing0")?.clone();
    let attribute = |name: &str| thing.attributes.iter().find(|a| a.name == name).cloned();
    let refuse = |why: &'static str, names: &[&str]| {
        Some(Refusal { why, names: names.iter().map(|n| (*n).to_owned()).collect() })
    };
    match flaw {
        Flaw::AmbiguousUser => {
            let owner = attribute("OwnerId")?.key;
            let owner = thing.rows.iter().find_map(|r| match r.cells.get(&owner) {
                Some(Cell::Int(id)) => pair.source.user(*id).cloned(),
                _ => None,
            })?;
            let people = &mut pair.destination.users;
            let tenant = 100 - owner.tenant;
            for id in [8001, 8002] {
                people.push(User { id, tenant, active: true, ..owner.clone() });
            }
            refuse("ambiguous user", &[&owner.username])
        }
        Flaw::MissingRecord => {
            let status = pair.source.named("Status")?.clone();
            let link = attribute("StatusId")?.key;
            let used = thing.rows.iter().find_map(|r| {
                let row = status.rows.iter().find(|s| status.id_of(s) == r.cells.get(&link))?;
                status.records.iter().find(|rec| Some(&rec.data_id) == status.id_of(row))
            })?;
            let there = pair.destination.entity_mut(&status.full_key())?;
            let id = there.identifier.clone()?;
            let gone: Vec<Cell> = there
                .records
                .iter()
                .filter(|r| r.key == used.key)
                .map(|r| r.data_id.clone())
                .collect();
            there.records.retain(|r| r.key != used.key);
            there.rows.retain(|r| !gone.contains(&r.cells[&id]));
            drop_rows_pointing_nowhere(&mut pair.destination);
            refuse("missing static record", &["Status"])
        }
        Flaw::MissingTenant => {
            let owner = attribute("OwnerId")?.key;
            let in_tenant = pair.source.users.iter().find(|u| u.tenant == 12)?.id;
            let key = thing.full_key();
            let row = pair.source.entity_mut(&key)?.rows.first_mut()?;
            row.cells.insert(owner, Cell::Int(in_tenant));
            pair.destination.tenants.iter_mut().find(|t| t.name == "Acme")?.name =
                "Acme closed".into();
            refuse("missing tenant", &["Acme"])
        }
        Flaw::TooManyTooLong => (!thing.rows.is_empty())
            .then(|| refuse("too many texts too long", &["Thing0", "Remark"]))?,
        Flaw::ProducerInUse => {
            point(&mut pair.destination, "Ledger")?;
            refuse("producer in use outside the scope", &["Ledger"])
        }
        Flaw::ChosenInUse => {
            let name = ["Thing0", "Thing1"]
                .into_iter()
                .find(|name| point(&mut pair.destination, name).is_some())?;
            refuse("rows outside the scope refer to chosen rows", &[name, "Watcher"])
        }
        Flaw::HardCircle => {
            let rows = |name| pair.source.named(name).is_some_and(|e| !e.rows.is_empty());
            (rows("Alpha") && rows("Beta"))
                .then(|| refuse("a circle that cannot be broken", &["Alpha", "Beta"]))?
        }
        Flaw::SourceOnlyEntityNeeded => (!thing.rows.is_empty())
            .then(|| refuse("an entity only in the source is needed", &["Fresh"]))?,
        Flaw::PlatformPersonNeeded => (!thing.rows.is_empty())
            .then(|| refuse("a missing person of the platform", &["gone.operator"]))?,
        Flaw::TwoActiveEntities => {
            let mut twin: Entity = pair.destination.named("Thing0")?.clone();
            twin.id += 4000;
            twin.table.push_str("_twin");
            twin.uniques.clear();
            twin.events = None;
            pair.destination.entities.push(twin);
            refuse("two active entities of one key", &["Thing0"])
        }
        Flaw::NoneIsARecord => {
            let link = attribute("StatusId")?.key;
            for side in [&mut pair.source, &mut pair.destination] {
                let entity = side.entity_mut(&thing.full_key())?;
                let link = entity.attributes.iter_mut().find(|a| a.key == link)?;
                (link.nullable, link.default, link.rule) = (false, None, Rule::Ignore);
            }
            let row = pair.source.entity_mut(&thing.full_key())?.rows.first_mut()?;
            row.cells.insert(link, Cell::Int(0));
            let status = pair.source.named("Status")?.full_key();
            let there = pair.destination.entity_mut(&status)?;
            let id = there.identifier.clone()?;
            let record = there.records.iter_mut().find(|record| record.active)?;
            let row = there.rows.iter_mut().find(|row| row.cells[&id] == record.data_id)?;
            row.cells.insert(id, Cell::Int(0));
            record.data_id = Cell::Int(0);
            drop_rows_pointing_nowhere(&mut pair.destination);
            refuse("no reference would be one", &["Thing0", "StatusId"])
        }
        Flaw::UnknownType | Flaw::ColumnGone => {
            let (name, damage) = match flaw {
                Flaw::ColumnGone => ("Remark", Damage::NoColumn),
                _ => ("OwnerId", Damage::Type("rtEntityReference".into())),
            };
            let side = match thing.id % 2 {
                0 => &mut pair.source,
                _ => &mut pair.destination,
            };
            let entity = side.entity_mut(&thing.full_key())?;
            entity.attributes.iter_mut().find(|a| a.name == name)?.damage = Some(damage);
            refuse("the model's word about an attribute is wrong", &[name])
        }
        Flaw::UnreadableRecord => {
            let link = attribute("StatusId")?.key;
            let used = thing.rows.iter().map(|row| row.cells[&link].clone());
            let used = used.filter(|cell| !cell.is_no_identifier()).min()?;
            let status = pair.source.named("Status")?.full_key();
            let records = &mut pair.source.entity_mut(&status)?.records;
            records.iter_mut().find(|r| r.data_id == used)?.data_id = Cell::text("7, or so");
            refuse("a record's id is none", &["Status"])
        }
        Flaw::LeftoverTenant => {
            let there = pair.destination.entity_mut(&thing.full_key())?;
            leave_tenant(there);
            refuse("a leftover column demands a value", &["Thing0", "TENANT_ID"])
        }
    }
}

/// Leaves an entity without tenants the column of its tenants, demanding a value.
pub fn leave_tenant(entity: &mut Entity) {
    let key = Chance::new(98).key();
    for row in &mut entity.rows {
        row.cells.insert(key.clone(), Cell::Int(1));
    }
    entity.attributes.push(Attribute {
        key,
        name: "TENANT_ID".into(),
        column: "TENANT_ID".into(),
        kind: Kind::Integer,
        mandatory: false,
        nullable: false,
        rule: Rule::Ignore,
        autonumber: false,
        active: false,
        listed: false,
        default: None,
        late: false,
        said_default: String::new(),
        damage: None,
    });
}

/// Makes the first outsider's row point at the first row of the named entity.
fn point(environment: &mut Environment, name: &str) -> Option<()> {
    let entity = environment.named(name)?;
    let id = entity.id_of(entity.rows.first()?)?.clone();
    let watcher = environment.named("Watcher")?.full_key();
    let watcher = environment.entity_mut(&watcher)?;
    let key = watcher.attributes.iter().find(|a| a.name == format!("{name}Id"))?.key.clone();
    watcher.rows.first_mut()?.cells.insert(key, id);
    Some(())
}

/// After a record was taken away: rows that used it go, again and again until none points nowhere.
fn drop_rows_pointing_nowhere(environment: &mut Environment) {
    loop {
        let before = environment.clone();
        let mut dropped = false;
        for entity in environment.entities.iter_mut().filter(|e| !e.is_static) {
            for attribute in entity.attributes.clone() {
                let Some(super::model::Target::Entity(key)) = attribute.target() else { continue };
                let Some(target) = before.entity(key) else { continue };
                let ids: BTreeSet<&Cell> =
                    target.rows.iter().filter_map(|r| target.id_of(r)).collect();
                let count = entity.rows.len();
                entity.rows.retain(|r| {
                    let cell = &r.cells[&attribute.key];
                    cell.is_no_identifier() || ids.contains(cell)
                });
                dropped |= entity.rows.len() != count;
            }
        }
        if !dropped {
            return;
        }
    }
}
