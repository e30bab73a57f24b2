//! What lies around the scope: producers, outsiders that refer into it, a cloned espace.

use super::structure::Maker;
use crate::estate::model::{Attribute, Entity, Kind, Rule, Target, Unique};
use crate::estate::recipe::{Feature, Flaw, Recipe};

impl Maker<'_> {
    /// Static entities, before everything else.
    pub fn statics(&mut self) {
        self.static_entity("Base_CS", "Country", false, 4);
        self.static_entity("Core_CS", "Status", false, 5);
        if self.recipe.has(Feature::TextRecords) {
            self.static_entity("Core", "Channel", true, 3);
        }
    }

    /// Entities of another application that the scope will refer to.
    pub fn producers(&mut self) {
        if self.recipe.has(Feature::ProducerKept) {
            let mut kind = self.entity("Base_CS", "PartyKind");
            self.natural_key(&mut kind, false);
            let kind = self.add(kind);
            let mut party = self.entity("Base_CS", "Party");
            party.multitenant = self.recipe.has(Feature::MultiTenant) && self.chance.percent(50);
            let tenant = party.multitenant;
            self.natural_key(&mut party, tenant);
            let link = self.reference("PartyKindId", Target::Entity(kind));
            let user = self.reference("CreatedBy", Target::User);
            party.attributes.extend([link, user]);
            self.add(party);
        }
        if self.recipe.has(Feature::ProducerReplaced) {
            let mut ledger = self.entity("Base_CS", "Ledger");
            let country = self.environment.named("Country").expect("made").full_key();
            let link = self.reference("CountryId", Target::Entity(country));
            let amount = self.attribute("Amount", Kind::Currency);
            ledger.attributes.extend([link, amount]);
            self.add(ledger);
        }
    }

    fn natural_key(&mut self, entity: &mut Entity, tenant: bool) {
        let mut code = self.attribute("Code", Kind::Text(30));
        code.nullable = false;
        code.mandatory = true;
        entity.uniques.push(Unique { attributes: vec![code.key.clone()], tenant });
        entity.attributes.push(code);
    }

    /// References that leave the scope, and those that every flaw needs.
    pub fn leaving(&mut self) {
        let first = self.environment.named("Thing0").expect("made").full_key();
        let mut added: Vec<Attribute> = Vec::new();
        for name in ["Party", "Ledger"] {
            if let Some(entity) = self.environment.named(name) {
                let target = Target::Entity(entity.full_key());
                let mut link = self.reference(&format!("{name}Id"), target);
                link.mandatory = self.chance.percent(50);
                added.push(link);
            }
        }
        if self.recipe.has(Feature::PlatformPeople) {
            added.push(self.reference("OperatorId", Target::User));
        }
        let status = self.environment.named("Status").expect("made").full_key();
        let mut link = self.reference("StatusId", Target::Entity(status));
        link.mandatory = true;
        added.push(link);
        let mut owner = self.reference("OwnerId", Target::User);
        owner.mandatory = true;
        added.push(owner);
        if self.recipe.flaw == Some(Flaw::PlatformPersonNeeded) {
            let mut needed = self.reference("PlatformPersonId", Target::User);
            (needed.mandatory, needed.nullable, needed.default) = (true, false, None);
            added.push(needed);
        }
        let (text, number) = (Kind::Text(60), Kind::Decimal(12, 2));
        let remark = self.attribute("Remark", text);
        let quantity = self.attribute("Quantity", number);
        let gone = self.attribute("OnlyInSource", Kind::Text(50));
        added.extend([remark, quantity]);
        if self.recipe.has(Feature::SourceOnlyAttribute) {
            added.push(gone);
        }
        if self.recipe.has(Feature::SourceOnlyEntity)
            || self.recipe.flaw == Some(Flaw::SourceOnlyEntityNeeded)
        {
            let fresh = self.entity("Core_CS", "Fresh");
            let fresh = self.add(fresh);
            let mut link = self.reference("FreshId", Target::Entity(fresh.clone()));
            if self.recipe.flaw == Some(Flaw::SourceOnlyEntityNeeded) {
                (link.mandatory, link.nullable, link.default) = (true, false, None);
                link.rule = Rule::Ignore;
            }
            link.late = true;
            added.push(link);
        }
        let thing = self.environment.entity_mut(&first).expect("made");
        // Owners of every tenant occur, and no tenant's absence can hide a row.
        thing.multitenant = false;
        thing.uniques.retain(|u| !u.tenant);
        thing.attributes.extend(added);
        if self.recipe.has(Feature::Events) {
            thing.events = Some(0);
        }
    }

    /// Entities outside the scope that refer into it.
    pub fn outsiders(&mut self) {
        let flaw = self.recipe.flaw;
        if self.recipe.has(Feature::Outsiders)
            || matches!(flaw, Some(Flaw::ProducerInUse | Flaw::ChosenInUse))
        {
            let mut watcher = self.entity("Outer", "Watcher");
            for name in ["Thing0", "Thing1", "Ledger", "Party"] {
                if let Some(entity) = self.environment.named(name) {
                    let target = Target::Entity(entity.full_key());
                    let mut link = self.reference(&format!("{name}Id"), target);
                    link.default = None;
                    watcher.attributes.push(link);
                }
            }
            self.add(watcher);
        }
        if self.recipe.has(Feature::Clone) {
            self.cloned();
        }
        if self.recipe.has(Feature::InactiveDuplicate) {
            let mut old = self.environment.named("Thing0").expect("made").clone();
            old.active = false;
            old.id += 5000;
            old.table = format!("{}4", old.table);
            old.events = None;
            old.attributes.retain(|a| a.target().is_none());
            old.uniques.clear();
            self.environment.entities.push(old);
        }
    }

    /// The clone of an espace: other espace key, same inner keys, tables of its own.
    fn cloned(&mut self) {
        let from = self.environment.espace_named("Core_CS").key.clone();
        let to = self.environment.espace_named("Core_CS_Copy").key.clone();
        let originals: Vec<Entity> =
            self.environment.entities.iter().filter(|e| e.espace == from).cloned().collect();
        for mut copy in originals.into_iter().filter(|e| e.extends().is_none()) {
            if copy.name == "Wide" {
                continue;
            }
            copy.id += 2000;
            copy.espace.clone_from(&to);
            copy.table = format!("OSUSR_cpy_{}", copy.name);
            copy.events = None;
            // The clone's references point at the clone, or at static entities.
            copy.attributes.retain_mut(|a| match &mut a.kind {
                Kind::Reference(Target::Entity(key)) if key.0 == from => {
                    key.0.clone_from(&to);
                    a.nullable = true;
                    a.late = true;
                    true
                }
                Kind::Reference(Target::Entity(_)) => false,
                _ => true,
            });
            copy.uniques.clear();
            self.environment.entities.push(copy);
        }
    }
}

/// A recipe with the features that its flaw needs.
pub fn completed(recipe: &Recipe) -> Recipe {
    let mut recipe = recipe.clone();
    let needed: &[Feature] = match recipe.flaw {
        Some(Flaw::MissingTenant) => &[Feature::MultiTenant],
        Some(Flaw::ProducerInUse) => &[Feature::ProducerReplaced],
        Some(Flaw::ChosenInUse) => &[Feature::ExistingRows],
        Some(Flaw::HardCircle) => &[Feature::TwoCycle],
        _ => &[],
    };
    for feature in needed {
        if !recipe.has(*feature) {
            recipe.features.push(*feature);
        }
    }
    recipe
}
