//! The destination's definitions: the source's, as another environment would hold them.

use crate::estate::chance::Chance;
use crate::estate::generate::values::empty_of;
use crate::estate::model::{Attribute, Cell, Entity, Environment, Kind, Record, Rule, Target};
use crate::estate::recipe::{Feature, Flaw, Recipe};

/// The definitions of the destination, with its static records and without people and rows.
pub fn definitions(source: &Environment, recipe: &Recipe) -> Environment {
    let mut chance = Chance::new(recipe.seed).fork("derive");
    let mut environment = Environment {
        espaces: source.espaces.clone(),
        applications: source.applications.clone(),
        entities: source.entities.clone(),
        ..Environment::default()
    };
    let mut ids: Vec<i64> = (31..31 + 2 * environment.espaces.len() as i64).collect();
    chance.shuffle(&mut ids);
    for (espace, id) in environment.espaces.iter_mut().zip(ids) {
        espace.id = id;
    }
    for application in &mut environment.applications {
        application.id += 20;
    }
    if recipe.has(Feature::SourceOnlyEntity) || recipe.flaw == Some(Flaw::SourceOnlyEntityNeeded) {
        let keep_attribute =
            recipe.flaw == Some(Flaw::SourceOnlyEntityNeeded) || chance.percent(50);
        if keep_attribute && chance.percent(50) {
            let fresh = environment.entities.iter_mut().find(|e| e.name == "Fresh" && e.active);
            fresh.expect("made for this").active = false;
        } else {
            let core = environment.espace_named("Core_CS").key.clone();
            environment.entities.retain(|e| e.name != "Fresh" || e.espace != core);
        }
        if !keep_attribute {
            for entity in environment.entities.iter_mut().filter(|e| e.name == "Thing0") {
                entity.attributes.retain(|a| a.name != "FreshId");
            }
        }
    }
    let count = environment.entities.len() as i64;
    for (index, entity) in environment.entities.iter_mut().enumerate() {
        entity.id = 90 + (count - index as i64) * 2;
        if recipe.has(Feature::OtherTables) && chance.percent(60) {
            entity.table = entity.table.replacen("OSUSR_", "OSUSR_z", 1);
            if chance.percent(30) {
                entity.table.push('2');
            }
        }
        if entity.is_static {
            records(entity, recipe, &mut chance);
        } else {
            attributes(entity, recipe, &mut chance);
            if recipe.has(Feature::OtherIdentifiers) {
                resize(entity, chance.fork(&format!("identifier of {}", entity.key)));
            }
        }
        if recipe.has(Feature::ColumnOrder) {
            chance.shuffle(&mut entity.attributes);
        }
    }
    environment
}

/// Makes the identifier that the database gives wider or narrower, now and then.
fn resize(entity: &mut Entity, mut chance: Chance) {
    let own = entity.identifier.clone();
    let mut identifiers = entity.attributes.iter_mut().filter(|a| Some(&a.key) == own.as_ref());
    let Some(identifier) = identifiers.find(|a| a.autonumber) else { return };
    identifier.kind = match identifier.kind {
        Kind::Integer if chance.percent(60) => Kind::LongInteger,
        Kind::LongInteger if chance.percent(40) => Kind::Integer,
        _ => return,
    };
}

fn records(entity: &mut Entity, recipe: &Recipe, chance: &mut Chance) {
    let id = entity.identifier.clone().expect("static entities have one");
    let retired: Option<Cell> =
        entity.records.iter().find(|r| r.name == "Retired").map(|r| r.data_id.clone());
    if let Some(retired) = retired {
        entity.records.retain(|r| r.name != "Retired");
        entity.rows.retain(|r| r.cells[&id] != retired);
    }
    let zero = recipe.has(Feature::Zeroes) && entity.name == "Country";
    let mut numbers: Vec<i64> = (1..=entity.records.len() as i64 + 3).collect();
    chance.shuffle(&mut numbers);
    let text = matches!(entity.identifier().expect("there").kind, Kind::Text(_));
    for (index, record) in entity.records.iter_mut().enumerate() {
        let number = if zero && index == 0 { 0 } else { numbers[index] };
        let there = if text { Cell::text(format!("id{number}")) } else { Cell::Int(number) };
        // Renumbered in two steps, as an old id may be another record's new one.
        let row = &mut entity.rows[index];
        assert_eq!(row.cells[&id], record.data_id, "rows and records lie side by side");
        row.cells.insert(id.clone(), there.clone());
        record.data_id = there;
    }
    if recipe.has(Feature::InactiveRecords) {
        if chance.percent(50) {
            entity.records[0].active = false;
        }
        let stale = Record {
            data_id: if text { Cell::text("long-gone") } else { Cell::Int(99_000) },
            active: false,
            ..entity.records[1].clone()
        };
        entity.records.push(stale);
    }
}

fn attributes(entity: &mut Entity, recipe: &Recipe, chance: &mut Chance) {
    entity.attributes.retain(|a| a.name != "OnlyInSource");
    // Shown on one side only is met too.
    if chance.fork(&entity.key).percent(25) {
        entity.shown_tenant = None;
    }
    let narrower = recipe.has(Feature::NarrowerFitting)
        || recipe.flaw == Some(Flaw::TooManyTooLong) && entity.name == "Thing0";
    for attribute in &mut entity.attributes {
        match attribute.name.as_str() {
            "Remark" if narrower => attribute.kind = Kind::Text(40),
            "Quantity" if narrower => attribute.kind = Kind::Decimal(6, 2),
            "Note" => attribute.kind = Kind::Text(20),
            "FreshId" | "OperatorId" => {}
            _ if attribute.rule == Rule::Ignore
                && attribute.target().is_some()
                && chance.percent(15) =>
            {
                attribute.mandatory = !attribute.mandatory && !attribute.late;
            }
            _ => {}
        }
        if recipe.has(Feature::OtherTables)
            && attribute.name.starts_with("Field")
            && chance.percent(10)
        {
            attribute.column = format!("Y_{}", attribute.column);
        }
    }
    if recipe.has(Feature::DestinationOnlyAttribute) && chance.percent(60) {
        for (name, kind, default) in [
            ("OnlyHere", Kind::Text(50), Some(Cell::text("a default"))),
            ("OnlyHereCount", Kind::Integer, Some(Cell::Int(7))),
            ("OnlyHereUserId", Kind::Reference(Target::User), None),
        ] {
            let nullable = chance.percent(50) || default.is_none();
            entity.attributes.push(extra(chance, name, kind, default, nullable));
        }
    }
    if recipe.has(Feature::Leftovers) && chance.percent(60) {
        leftovers(entity, chance);
    }
}

/// Columns whose attribute is inactive, or of which the metamodel knows nothing at all.
pub fn leftovers(entity: &mut Entity, chance: &mut Chance) {
    for (name, kind) in [
        ("OldName", Kind::Text(30)),
        ("OldNumber", Kind::Integer),
        ("OldWhen", Kind::DateTime),
        ("OldLinkId", Kind::Reference(Target::User)),
    ] {
        if chance.percent(50) {
            continue;
        }
        let default = Some(empty_of(&kind)).filter(|d| d != &Cell::Null);
        let nullable = default.is_none() || chance.percent(50);
        let mut made = extra(chance, name, kind, default, nullable);
        made.active = false;
        made.listed = chance.percent(60);
        entity.attributes.push(made);
    }
}

pub(super) fn extra(
    chance: &mut Chance,
    name: &str,
    kind: Kind,
    default: Option<Cell>,
    nullable: bool,
) -> Attribute {
    Attribute {
        key: chance.key(),
        name: name.to_owned(),
        column: name.to_uppercase(),
        kind,
        mandatory: false,
        nullable,
        rule: Rule::Ignore,
        autonumber: false,
        active: true,
        listed: true,
        default,
        late: false,
        said_default: String::new(),
        damage: None,
    }
}
