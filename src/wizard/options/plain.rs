//! The step as questions of plain mode: the answers as they are first, then each that is to be
//! changed, the findings, and the plan read out.

use super::super::findings::may_change;
use super::super::form::FieldKind;
use super::super::keys::Command;
use super::super::message::Answer;
use super::super::migration::Migration;
use super::super::secret_field::SecretField;
use super::super::step::{Ask, AskKind, Event};
use super::fields::{
    self, ANY, BATCH, CONNECTIONS, IMAGES, KEEP, MASKS, MOST, PACES, PARALLEL, PERSONAL_WAYS,
    READING, REPLACE,
};
use super::{Options, is_underway, reading};
use crate::outsystems::Side;
use crate::plan::LEAST_KEY_LENGTH;
use crate::report::{counted, number};

/// Entities of the plan that are read out.
const LISTED: usize = 20;

/// Where plain mode is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Plain {
    /// Whether the answers stay as they are.
    #[default]
    All,
    /// What becomes of the destination's rows.
    Rows,
    /// Whether deleted rows are kept.
    Images,
    /// How the source is read.
    Reading,
    /// How gently.
    Pace,
    /// A number.
    Number(&'static str),
    /// Who gives new ids.
    Ids,
    /// What becomes of personal data.
    Personal,
    /// Whether soft keys are looked for.
    Soft,
    /// The key of the masks.
    Key,
    /// The findings, then the plan.
    Rest,
    /// The plan was read out already.
    Told,
    /// On with the next step.
    Done,
}

/// The question that is open.
enum Open {
    Nothing,
    Wait,
    All,
    Rows,
    Images,
    Reading,
    Pace,
    Number(&'static str),
    Ids,
    Personal,
    Soft,
    Key,
    Findings(Ask),
    Plan,
    NoPlan,
}

impl Options {
    fn open(&self, migration: &Migration) -> Open {
        if !migration.may_change() {
            return Open::Nothing;
        }
        if is_underway(migration) || migration.is_probing() {
            return Open::Wait;
        }
        if migration.review.is_some() && migration.plan.scope.replace.is_none() {
            return Open::Rows;
        }
        match self.plain {
            _ if migration.review.is_none() => Open::NoPlan,
            Plain::All => Open::All,
            Plain::Rows => Open::Rows,
            Plain::Images => Open::Images,
            Plain::Reading => Open::Reading,
            Plain::Pace => Open::Pace,
            Plain::Number(name) => Open::Number(name),
            Plain::Ids => Open::Ids,
            Plain::Personal => Open::Personal,
            Plain::Soft => Open::Soft,
            Plain::Key => Open::Key,
            Plain::Rest | Plain::Told | Plain::Done => match self.findings.ask(migration) {
                Some(ask) => Open::Findings(ask),
                None if migration.built.is_none() => Open::NoPlan,
                None if self.plain == Plain::Done => Open::Nothing,
                None => Open::Plan,
            },
        }
    }

    /// The next question.
    pub(super) fn question(&self, migration: &Migration) -> Option<Ask> {
        let name = migration.name_of(Side::Destination);
        let options = &migration.plan.options;
        let explained = |name| fields::explanation(migration, &self.existing, name);
        let choice = |text: Vec<String>, choices: Vec<String>| {
            Some(Ask { text, kind: AskKind::Choice(choices) })
        };
        match self.open(migration) {
            Open::Nothing => None,
            Open::Wait => Some(Ask { text: Vec::new(), kind: AskKind::Wait }),
            Open::Findings(ask) => Some(ask),
            Open::Rows => choice(
                vec![
                    format!("What becomes of the rows that {name} has in the chosen entities?"),
                    format!("Deleting first concerns {}.", self.existing.goes_words()),
                ],
                vec![
                    format!("delete them first. {}", explained(REPLACE)),
                    format!("keep them. {}", explained(KEEP)),
                ],
            ),
            Open::Images => choice(
                vec![
                    format!("Are rows of {name} kept as they were before they are deleted?"),
                    explained(IMAGES),
                ],
                vec![
                    "keep them: an undo brings them back".to_owned(),
                    format!("do not keep them: only a backup of {name} has them"),
                ],
            ),
            Open::All => {
                let rows = if migration.plan.scope.replace == Some(true) {
                    format!("{name}'s rows are deleted first, {}.", self.existing.goes_words())
                } else {
                    format!("{name}'s rows are kept, {}.", self.existing.all_words())
                };
                let mut text = vec![
                    rows,
                    format!(
                        "Reading {}, pace {}, {} at once. Batches of {} rows. {} entities at the \
                         same time. New ids {}. {}",
                        reading::label(migration, options.source_reading),
                        options.source_pace.name(),
                        counted(options.source_connections as u64, "request", "requests"),
                        number(options.batch_rows as u64),
                        number(options.parallel_entities as u64),
                        fields::ids_label(migration, options.identity_ranges),
                        fields::most_words(options)
                    ),
                ];
                if self.form.field(IMAGES).is_some_and(|field| !field.is_hidden) {
                    text.push(explained(IMAGES));
                }
                let fault = fields::fault(&self.form, migration, READING);
                let mut choices = Vec::new();
                match fault {
                    Some(fault) => text.push(format!("Not yet: reading, {fault}.")),
                    None => choices.push("go on with these".to_owned()),
                }
                choices.push(format!("change what becomes of {name}'s rows"));
                choices.push("change how rows are read and written".to_owned());
                choices.push("take the defaults for how rows are read and written".to_owned());
                choices.push("change what is said of personal data and of soft keys".to_owned());
                choice(text, choices)
            }
            Open::Reading => {
                let readings = reading::offered(migration);
                let choices = readings.into_iter().map(|way| reading::explained(migration, way));
                choice(vec!["How is the source read?".to_owned()], choices.collect())
            }
            Open::Pace => {
                let choices = PACES.map(|pace| fields::pace_explained(migration, pace));
                choice(vec!["How gently is the source read?".to_owned()], choices.to_vec())
            }
            Open::Number(field) => {
                let label = self.form.field(field).map_or("", |field| field.label).to_owned();
                let current = match self.form.value(field) {
                    "" => ANY.to_owned(),
                    value => value.to_owned(),
                };
                Some(Ask { text: vec![explained(field)], kind: AskKind::Text { label, current } })
            }
            Open::Ids => {
                let choices = [false, true].map(|way| fields::ids_explained(migration, way));
                choice(vec!["Who gives new ids?".to_owned()], choices.to_vec())
            }
            Open::Personal => {
                let ways = PERSONAL_WAYS.map(|(label, way)| {
                    format!("{label}. {}", fields::personal_explained(migration, way))
                });
                choice(vec!["What becomes of personal data?".to_owned()], ways.to_vec())
            }
            Open::Soft => {
                let ways = [false, true].map(|is_off| fields::soft_explained(migration, is_off));
                let text = "Are plain attributes that hold ids (soft keys) looked for?".to_owned();
                choice(vec![text], ways.to_vec())
            }
            Open::Key => Some(Ask {
                text: vec![explained(MASKS)],
                kind: AskKind::Secret { label: "Key of masks".to_owned() },
            }),
            Open::NoPlan => {
                let mut choices = vec!["compare again".to_owned()];
                if migration.review.is_some() {
                    choices.push("change the answers".to_owned());
                }
                choice(vec![self.no_plan(migration)], choices)
            }
            Open::Plan => {
                let words = self.picture.as_ref().map(|picture| match self.plain {
                    Plain::Told => vec![format!("Plan {}.", picture.report.fingerprint)],
                    _ => picture.words(LISTED),
                });
                let mut choices = vec![
                    "go on",
                    "change the answers",
                    "write the plan file",
                    "try out how fast rows go (probe)",
                ];
                if self.form.field(MASKS).is_some_and(|field| !field.is_hidden) {
                    choices.push("type the key of the masks");
                }
                let choices = choices.into_iter().map(str::to_owned).collect();
                choice(words.unwrap_or_default(), choices)
            }
        }
    }

    /// An answer to it.
    pub(super) fn on_answer(&mut self, answer: Answer, migration: &mut Migration) {
        if !may_change(migration) {
            return;
        }
        match (self.open(migration), answer) {
            (Open::Rows, Answer::Chosen(place)) => {
                self.set_replace(place == 0, migration);
                if self.plain == Plain::Rows {
                    self.plain = if place == 0 { Plain::Images } else { Plain::All };
                }
            }
            (Open::Images, Answer::Chosen(place)) => {
                self.set_images(place == 0, migration);
                self.plain = Plain::All;
            }
            (Open::All, Answer::Chosen(place)) => {
                let is_fit = fields::fault(&self.form, migration, READING).is_none();
                match place + usize::from(!is_fit) {
                    0 => self.plain = Plain::Rest,
                    1 => self.plain = Plain::Rows,
                    2 => self.plain = Plain::Reading,
                    3 => self.set_defaults(migration),
                    _ => self.plain = Plain::Personal,
                }
            }
            (Open::Reading, Answer::Chosen(place)) => {
                self.set_reading(place, migration);
                self.plain = Plain::Pace;
            }
            (Open::Pace, Answer::Chosen(place)) => {
                self.set_pace(place, migration);
                self.plain = Plain::Number(CONNECTIONS);
            }
            (Open::Number(name), Answer::Text(text)) => {
                if let Some(field) = self.form.field_mut(name)
                    && let FieldKind::Text(own) = &mut field.kind
                {
                    own.set(&text);
                }
                self.commit(name, migration);
                match self.form.field(name).and_then(|field| field.error.clone()) {
                    Some(fault) => {
                        // What stood there before is offered again.
                        if let Some(field) = self.form.field_mut(name) {
                            field.error = None;
                        }
                        self.load(migration);
                        migration.say(format!("Not taken: {fault}."));
                    }
                    None if name == CONNECTIONS => self.plain = Plain::Number(BATCH),
                    None if name == BATCH => self.plain = Plain::Number(PARALLEL),
                    None if name == PARALLEL => self.plain = Plain::Ids,
                    None => self.plain = Plain::All,
                }
            }
            (Open::Ids, Answer::Chosen(place)) => {
                self.set_ids(place == 1, migration);
                self.plain = Plain::Number(MOST);
            }
            (Open::Personal, Answer::Chosen(place)) => {
                self.set_personal(place, migration);
                self.plain = Plain::Soft;
            }
            (Open::Soft, Answer::Chosen(place)) => {
                self.set_soft(place == 1, migration);
                self.plain = Plain::All;
            }
            (Open::Plan, Answer::Chosen(0)) => self.plain = Plain::Done,
            (Open::Plan, Answer::Chosen(1)) | (Open::NoPlan, Answer::Chosen(1)) => {
                self.plain = Plain::All;
            }
            (Open::Plan, Answer::Chosen(2)) => {
                self.plain = Plain::Told;
                migration.export();
            }
            (Open::Plan, Answer::Chosen(3)) => {
                // Once that is done the plan is read out again, with what it will take.
                self.plain = Plain::Rest;
                migration.ask_to_probe();
            }
            (Open::Plan, Answer::Chosen(_)) => self.plain = Plain::Key,
            (Open::Key, Answer::Secret(key)) => {
                let mut field = SecretField::default();
                field.set(key, None);
                if (1..LEAST_KEY_LENGTH).contains(&field.characters()) {
                    migration.say(format!("Not taken: {LEAST_KEY_LENGTH} characters at least."));
                } else {
                    migration.set_mask_key(field.secret());
                    self.plain = Plain::Rest;
                }
            }
            (Open::NoPlan, Answer::Chosen(0)) => {
                self.findings.on_finding(migration, None, Command::Recheck);
            }
            (Open::Findings(_), answer) => {
                self.findings.update(migration, &Event::Answered(answer));
            }
            _ => {}
        }
    }
}
