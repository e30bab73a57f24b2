//! Lessons: what to learn from each trap, shown with the finding it belongs to.

use serde::Deserialize;

use super::company::{Company, parse, wrong};
use crate::database::Result;

/// What to learn from one trap. Keys are those of the source; compare them without case.
#[derive(Clone, Debug)]
pub struct Lesson {
    /// The trap's own name, unique among lessons.
    pub trap: String,
    /// The kind of the finding it is shown with.
    pub finding: String,
    /// SS key of the espace, where the finding is about one.
    pub espace: Option<String>,
    /// SS key of the entity.
    pub entity: Option<String>,
    /// SS key of the attribute.
    pub attribute: Option<String>,
    /// SS key of the record.
    pub record: Option<String>,
    /// The username, or the group's name.
    pub user: Option<String>,
    /// The name of the tenant of either.
    pub tenant: Option<String>,
    /// A few words.
    pub title: String,
    /// Two or three sentences.
    pub text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    lesson: Vec<Entry>,
    step: Vec<StepEntry>,
}

/// What to learn on a step of the wizard.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StepEntry {
    name: String,
    text: String,
}

/// A lesson as the file has it: by names, which people can read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    trap: String,
    finding: String,
    espace: Option<String>,
    entity: Option<String>,
    attribute: Option<String>,
    record: Option<String>,
    user: Option<String>,
    group: Option<String>,
    tenant: Option<String>,
    title: String,
    text: String,
}

/// All lessons, in the order of the file.
pub fn lessons() -> Result<Vec<Lesson>> {
    let company = Company::load()?;
    let file: File = parse("lessons.toml", include_str!("../../assets/practice/lessons.toml"))?;
    file.lesson.iter().map(|entry| resolved(&company, entry)).collect()
}

/// The lessons of the wizard's steps: the step's name and two or three sentences.
pub fn step_lessons() -> Result<Vec<(String, String)>> {
    let file: File = parse("lessons.toml", include_str!("../../assets/practice/lessons.toml"))?;
    let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    Ok(file.step.into_iter().map(|step| (step.name, one_line(&step.text))).collect())
}

fn resolved(company: &Company, entry: &Entry) -> Result<Lesson> {
    let missing =
        |what: &str, name: &str| wrong(format!("lesson {}: there is no {what} {name}", entry.trap));
    let mut lesson = Lesson {
        trap: entry.trap.clone(),
        finding: entry.finding.clone(),
        espace: None,
        entity: None,
        attribute: None,
        record: None,
        user: entry.user.clone().or_else(|| entry.group.clone()),
        tenant: entry.tenant.clone(),
        title: entry.title.clone(),
        text: entry.text.split_whitespace().collect::<Vec<_>>().join(" "),
    };
    if let Some(user) = &entry.user {
        let here = |u: &super::company::User| {
            u.username == *user && entry.tenant.as_ref().is_none_or(|tenant| u.tenant == *tenant)
        };
        if !company.users.iter().any(here) {
            return Err(missing("user", user));
        }
    }
    if let Some(group) = &entry.group
        && !company.factory.groups.iter().any(|other| other.name == *group)
    {
        return Err(missing("group", group));
    }
    let Some(espace) = &entry.espace else { return Ok(lesson) };
    let extensions = &company.factory.extensions;
    if let Some(extension) = extensions.iter().find(|other| other.name == *espace) {
        let own = extension.entities.iter().find(|own| entry.entity.as_ref() == Some(&own.name));
        let own = own.ok_or_else(|| missing("entity of", espace))?;
        lesson.espace = Some(extension.key());
        lesson.entity = Some(extension.entity_key(own));
        return Ok(lesson);
    }
    company.espace(espace)?;
    lesson.espace = Some(Company::espace_key(espace));
    let Some(name) = &entry.entity else { return Ok(lesson) };
    let full_name = format!("{espace}.{name}");
    let entity = company.entity(&full_name)?;
    lesson.entity = Some(company.entity_key(&full_name)?);
    if let Some(attribute) = &entry.attribute {
        let named = entity.attributes.iter().find(|candidate| candidate.name == *attribute);
        let named = named.ok_or_else(|| missing("attribute", attribute))?;
        // Of a deleted attribute only the column is left, and stands in the finding's key.
        lesson.attribute = Some(match named.leftover {
            true => attribute.to_uppercase(),
            false => company.attribute_key(&full_name, attribute)?,
        });
    }
    if let Some(record) = &entry.record {
        if !entity.records.iter().any(|candidate| candidate.name == *record) {
            return Err(missing("record", record));
        }
        lesson.record = Some(company.record_key(&full_name, record, false)?);
    }
    Ok(lesson)
}

/// What a finding is about, for looking up its lesson; keys that it has not are empty.
#[derive(Clone, Copy, Debug, Default)]
pub struct About<'a> {
    /// The kind's name.
    pub finding: &'a str,
    /// SS key of the espace.
    pub espace: &'a str,
    /// SS key of the entity.
    pub entity: &'a str,
    /// SS key of the attribute.
    pub attribute: &'a str,
    /// SS key of the record.
    pub record: &'a str,
    /// The name of a user, group or role.
    pub user: &'a str,
    /// The name of the tenant of either.
    pub tenant: &'a str,
}

impl Lesson {
    /// Whether the lesson belongs to a finding. What the lesson leaves open fits everything.
    #[must_use]
    pub fn belongs_to(&self, about: &About<'_>) -> bool {
        let fits = |own: &Option<String>, given: &str| {
            own.as_ref().is_none_or(|own| own.to_lowercase() == given.to_lowercase())
        };
        self.finding == about.finding
            && fits(&self.espace, about.espace)
            && fits(&self.entity, about.entity)
            && fits(&self.attribute, about.attribute)
            && fits(&self.record, about.record)
            && fits(&self.user, about.user)
            && fits(&self.tenant, about.tenant)
    }
}
