//! The fields of the form: what they hold, which values they take, what follows from them.

use super::super::form::{Field, FieldKind, Form};
use super::super::migration::Migration;
use super::super::secret_field::SecretField;
use super::existing::Existing;
use super::reading;
use crate::outsystems::Side;
use crate::plan::{
    LEAST_KEY_LENGTH, MASK_KEY_VARIABLE, PersonalData, RejectPolicy, RunOptions, SourcePace,
    SourceReading,
};
use crate::report::{number, room_advice, room_words};

pub(super) const REPLACE: &str = "replace";
pub(super) const KEEP: &str = "keep";
pub(super) const IMAGES: &str = "images";
pub(super) const READING: &str = "reading";
pub(super) const PACE: &str = "pace";
pub(super) const CONNECTIONS: &str = "connections";
pub(super) const BATCH: &str = "batch";
pub(super) const PARALLEL: &str = "parallel";
pub(super) const IDS: &str = "ids";
pub(super) const MOST: &str = "most-rejects";
pub(super) const PERSONAL: &str = "personal-data";
pub(super) const SOFT: &str = "soft-keys";
pub(super) const MASKS: &str = "mask-key";
pub(super) const FINDINGS: &str = "findings";

/// What is said of refused rows where any number may be.
pub(super) const ANY: &str = "any";

/// The texts that are numbers.
pub(super) const NUMBERS: [&str; 4] = [CONNECTIONS, BATCH, PARALLEL, MOST];

/// Rows of a batch at most: above that SQL Server may lock the whole table.
const MOST_ROWS: usize = 4000;
/// Entities written at the same time at most, and connections to the source, as plan files have it.
const MOST_AT_ONCE: usize = 16;

/// The paces that a run may begin with, the fastest first.
pub(super) const PACES: [SourcePace; 4] =
    [SourcePace::Full, SourcePace::Gentle, SourcePace::Half, SourcePace::Quarter];

/// What may be said of personal data, with the words for it.
pub(super) const PERSONAL_WAYS: [(&str, Option<PersonalData>); 3] = [
    ("decide each", None),
    ("mask", Some(PersonalData::Mask)),
    ("as it is", Some(PersonalData::Real)),
];

/// The form as the migration has it.
pub(super) fn form(migration: &Migration) -> Form {
    let options = &migration.plan.options;
    let text = |name, label, value: usize| Field::text(name, label, "", &value.to_string());
    Form::new(vec![
        Field::new(REPLACE, "delete them first", "", FieldKind::Tick(false)),
        Field::new(KEEP, "keep them", "", FieldKind::Tick(false)),
        Field::new(IMAGES, "keep a copy for undo", "", FieldKind::Tick(false)),
        Field::choice(READING, "Reading", "", &[], 0),
        Field::choice(PACE, "Source's pace", "", &[], 0),
        text(CONNECTIONS, "Reading at once", options.source_connections),
        text(BATCH, "Batch size", options.batch_rows),
        text(PARALLEL, "At the same time", options.parallel_entities),
        Field::choice(IDS, "New ids", "", &[], 0),
        Field::text(MOST, "Refused at most", "", &most_text(options)),
        Field::new(MASKS, "Key of masks", "", FieldKind::Secret(SecretField::default())),
        Field::choice(PERSONAL, "Personal data", "", &PERSONAL_WAYS.map(|(label, _)| label), 0),
        Field::choice(SOFT, "Soft keys", "", &["look for them", "do not look"], 0),
        Field::new(FINDINGS, "Findings", "", FieldKind::Button),
    ])
}

/// Choices show what the migration has; texts stay as they are typed. Where no row is deleted,
/// nothing is asked about deleted rows.
pub(super) fn show(form: &mut Form, migration: &Migration, deletes: bool) {
    let replace = migration.plan.scope.replace;
    if !deletes && form.focused().is_some_and(|field| field.name == IMAGES) {
        form.focus_on(KEEP);
    }
    if let Some(field) = form.field_mut(IMAGES) {
        field.kind = FieldKind::Tick(migration.plan.options.keep_before_images);
        field.is_hidden = !deletes;
    }
    if let Some(field) = form.field_mut(MASKS) {
        // While a plan is being made nobody knows; what was shown stays.
        let needs = migration.built.as_ref().map(|plan| plan.needs_mask_key());
        field.is_hidden = !needs.unwrap_or(!field.is_hidden);
        if let FieldKind::Secret(secret) = &mut field.kind
            && secret.secret() != migration.mask_key
        {
            match &migration.mask_key {
                Some(key) => secret.set(key.clone(), None),
                None => secret.clear(),
            }
        }
    }
    if form.focused().is_some_and(|field| field.name == MASKS && field.is_hidden) {
        form.focus_on(MOST);
    }
    for (name, means) in [(REPLACE, true), (KEEP, false)] {
        if let Some(field) = form.field_mut(name) {
            field.kind = FieldKind::Tick(replace == Some(means));
        }
    }
    let said = migration.plan.scope.personal_data;
    let personal = PERSONAL_WAYS.iter().position(|(_, way)| *way == said).unwrap_or(0);
    let soft = usize::from(migration.plan.scope.no_soft_keys);
    for (name, now) in [(PERSONAL, personal), (SOFT, soft)] {
        if let Some(FieldKind::Choice { selected, .. }) =
            form.field_mut(name).map(|field| &mut field.kind)
        {
            *selected = now;
        }
    }
    let readings = reading::offered(migration);
    if let Some(field) = form.field_mut(READING) {
        let now = migration.plan.options.source_reading;
        let selected = readings.iter().position(|reading| *reading == now).unwrap_or(0);
        let options = readings.into_iter().map(|way| reading::label(migration, way)).collect();
        field.kind = FieldKind::Choice { options, selected };
    }
    if let Some(field) = form.field_mut(PACE) {
        let now = migration.plan.options.source_pace;
        let selected = PACES.iter().position(|pace| *pace == now).unwrap_or(0);
        let options = PACES.into_iter().map(|pace| pace.name().to_owned()).collect();
        field.kind = FieldKind::Choice { options, selected };
    }
    if let Some(field) = form.field_mut(IDS) {
        let selected = usize::from(migration.plan.options.identity_ranges);
        let options = [false, true].map(|reserves| ids_label(migration, reserves)).to_vec();
        field.kind = FieldKind::Choice { options, selected };
    }
}

/// Who gives new ids, the destination first.
pub(super) fn ids_label(migration: &Migration, reserves: bool) -> String {
    match reserves {
        false => format!("given by {}", migration.name_of(Side::Destination)),
        true => "reserved ahead".to_owned(),
    }
}

/// How many rejects a run goes on with, as it is typed: none for the first that stops it, nothing
/// where none does.
fn most_text(options: &RunOptions) -> String {
    match (options.rejects, options.max_rejects) {
        (RejectPolicy::Stop, _) => "0".to_owned(),
        (RejectPolicy::GoOn, Some(most)) => most.to_string(),
        (RejectPolicy::GoOn, None) => String::new(),
    }
}

/// When a run stops for rejects, as a sentence.
pub(super) fn most_words(options: &RunOptions) -> String {
    match (options.rejects, options.max_rejects) {
        (RejectPolicy::Stop, _) => "It stops at the first refused row.".to_owned(),
        (RejectPolicy::GoOn, Some(most)) => {
            format!("It stops when more than {} rows are refused.", number(most))
        }
        (RejectPolicy::GoOn, None) => "It goes on however many rows are refused.".to_owned(),
    }
}

/// What a text says of rejects: the policy, and after how many more a run stops.
pub(super) fn most_in(text: &str) -> Result<(RejectPolicy, Option<u64>), String> {
    let range = "0 or more, or nothing to go on always";
    let digits: String = text.trim().chars().filter(|c| *c != ',').collect();
    if text.trim().is_empty() || text.trim() == ANY {
        return Ok((RejectPolicy::GoOn, None));
    }
    if digits.is_empty() || !digits.chars().all(|c| c.is_ascii_digit()) {
        return Err(format!("digits only, {range}"));
    }
    match digits.parse::<u32>() {
        Ok(0) => Ok((RejectPolicy::Stop, None)),
        Ok(most) => Ok((RejectPolicy::GoOn, Some(u64::from(most)))),
        Err(_) => Err(format!("{} at most", number(u64::from(u32::MAX)))),
    }
}

/// The number that a text is, within the range of its field; else what is wrong with it.
pub(super) fn number_in(name: &str, text: &str) -> Result<usize, String> {
    let most = if name == BATCH { MOST_ROWS } else { MOST_AT_ONCE };
    let range = format!("1 to {}", number(most as u64));
    let text = text.trim();
    if text.is_empty() {
        return Err(format!("missing, {range}"));
    }
    let digits: String = text.chars().filter(|c| *c != ',').collect();
    if !digits.chars().all(|c| c.is_ascii_digit()) || digits.is_empty() {
        return Err(format!("digits only, {range}"));
    }
    let digits = digits.trim_start_matches('0');
    // Thousands may be apart as they are shown elsewhere, and in no other way.
    match digits.parse::<usize>() {
        _ if digits.is_empty() => Err(format!("at least 1, {range}")),
        Ok(typed) if typed <= most && text.contains(',') && number(typed as u64) != text => {
            Err(format!("digits only, {range}"))
        }
        Ok(typed) if typed <= most => Ok(typed),
        _ => Err(format!("{} at most", number(most as u64))),
    }
}

/// What is wrong with a field.
pub(super) fn fault(form: &Form, migration: &Migration, name: &str) -> Option<String> {
    match name {
        CONNECTIONS | BATCH | PARALLEL => number_in(name, form.field(name)?.value()).err(),
        MOST => most_in(form.field(name)?.value()).err(),
        MASKS => match &form.field(name)?.kind {
            FieldKind::Secret(key) if (1..LEAST_KEY_LENGTH).contains(&key.characters()) => {
                Some(format!("{LEAST_KEY_LENGTH} characters at least"))
            }
            _ => None,
        },
        READING => reading::fault(migration),
        _ => None,
    }
}

/// Whether what a field says now is to be thought about twice.
pub(super) fn is_dangerous(migration: &Migration, name: &str) -> bool {
    match name {
        REPLACE => true,
        IMAGES => !migration.plan.options.keep_before_images,
        READING => migration.plan.options.source_reading == SourceReading::Frozen,
        PERSONAL => migration.plan.scope.personal_data == Some(PersonalData::Real),
        _ => false,
    }
}

/// What a field means, which values it takes, what follows.
pub(super) fn explanation(migration: &Migration, existing: &Existing, name: &str) -> String {
    let source = migration.name_of(Side::Source);
    let destination = migration.name_of(Side::Destination);
    match name {
        REPLACE => {
            let kept = if migration.plan.options.keep_before_images {
                "They are kept on this machine as they were; an undo brings them back.".to_owned()
            } else {
                format!("The plan does not keep them: only a backup of {destination} has them.")
            };
            let stay = match existing.stays {
                0 => String::new(),
                1 => " 1 row of other tenants or parents stays.".to_owned(),
                stays => format!(" {} rows of other tenants or parents stay.", number(stays)),
            };
            format!(
                "Deletes {destination}'s rows of the chosen entities first: a fresh copy. {kept}{stay}"
            )
        }
        KEEP => format!(
            "{destination}'s rows stay, {source}'s are added beside them. A row that is there \
             already, as a unique key tells, is taken for ours, unless Findings says otherwise; \
             one that breaks another unique index is refused, and the report lists it."
        ),
        IMAGES if migration.plan.options.keep_before_images => {
            let room = migration.room.as_ref().filter(|room| room.rows > 0);
            let room = room.map_or_else(
                || "How much room they need is being looked for.".to_owned(),
                |room| format!("{}. {}", sentence(&room_words(room)), room_advice(room)),
            );
            format!(
                "A copy of {destination}'s rows as they are before the run deletes or changes \
                 them: an undo brings them back. {}",
                room.trim_end()
            )
        }
        IMAGES => format!(
            "Deleted rows are not kept: an undo takes out what the run wrote and brings none of \
             them back; only a backup of {destination} has them. Space keeps them."
        ),
        READING => reading::explained(migration, migration.plan.options.source_reading),
        PACE => pace_explained(migration, migration.plan.options.source_pace),
        CONNECTIONS => format!(
            "Requests that {source} answers at once, 1 to {MOST_AT_ONCE}, each on a connection of \
             its own; entities that are read at the same time take turns. 1 suits most: the \
             writing takes longer than the reading."
        ),
        BATCH => format!(
            "Rows of one transaction, 1 to {}: above that SQL Server may lock the whole table. \
             More is faster and holds locks for longer. 2,000 suits most.",
            number(MOST_ROWS as u64)
        ),
        PARALLEL => {
            let alone = if writes_alone(migration) {
                format!(" {destination} is a file: it takes one at a time, whatever stands here.")
            } else {
                String::new()
            };
            format!(
                "Entities written at once, 1 to {MOST_AT_ONCE}, each in its own session.{alone} \
                 More is faster and a heavier load on {destination}; 4 suits most."
            )
        }
        IDS => ids_explained(migration, migration.plan.options.identity_ranges),
        MOST => {
            "How many rows may be refused, with those that hang on them, before the run stops: \
                 with 0 it stops at the first, with nothing here it always goes on. They are \
                 listed in rejects.csv and can be tried again."
                .to_owned()
        }
        PERSONAL => personal_explained(migration, migration.plan.scope.personal_data),
        SOFT => soft_explained(migration, migration.plan.scope.no_soft_keys),
        MASKS => format!(
            "Personal data are masked with this key, {LEAST_KEY_LENGTH} characters at least; the same \
             key gives the same masks in every run. It is not stored: resuming and proving ask for \
             it. Where nothing is typed {MASK_KEY_VARIABLE} counts."
        ),
        FINDINGS => format!(
            "What the comparison found about {destination}'s rows. Enter opens the list: Space \
             takes the recommended decision there, Esc leads back."
        ),
        _ => String::new(),
    }
}

/// What it means who gives new ids.
pub(super) fn ids_explained(migration: &Migration, reserves: bool) -> String {
    let destination = migration.name_of(Side::Destination);
    match reserves {
        false => format!(
            "{destination} gives each row its id as it is inserted: that takes the fewest rights. \
             Reserved ahead, rows go straight into large tables; but for the ids the result is the \
             same."
        ),
        true => format!(
            "The run reserves a range of ids for each table and gives them itself: meant for large \
             tables on a server; the same result but for the ids. It takes ALTER on these tables \
             and db_ddladmin in {destination}; ids that are not used stay free."
        ),
    }
}

/// What a pace means.
pub(super) fn pace_explained(migration: &Migration, pace: SourcePace) -> String {
    let source = migration.name_of(Side::Source);
    let change = "+ and - change it while the run goes on.";
    match pace {
        SourcePace::Full => format!(
            "full: {source} is read as fast as it answers, however slow that gets for others. \
             {change}"
        ),
        SourcePace::Gentle => format!(
            "gentle: {source} is read as fast as it answers; slower, or not at all for a while, \
             when its answers take longer than before, and the run says why. {change}"
        ),
        pace => format!(
            "{}: {source} is read {}; less when its answers take longer than before. {change}",
            pace.name(),
            pace.words()
        ),
    }
}

/// What becomes of personal data as a whole.
pub(super) fn personal_explained(migration: &Migration, said: Option<PersonalData>) -> String {
    let before = "What is decided about one attribute goes before it.";
    match said {
        None => {
            "Each attribute of type Email or Phone Number is decided on Mismatches; users that \
                 are created get masked ones."
                .to_owned()
        }
        Some(PersonalData::Mask) => format!(
            "Attributes of type Email or Phone Number, and those of users that are created, are \
             masked with a key. {before}"
        ),
        Some(PersonalData::Real) => format!(
            "E-mail addresses and phone numbers of {} will stand in {}, and no other personal data \
             is looked for. {before}",
            migration.name_of(Side::Source),
            migration.name_of(Side::Destination)
        ),
    }
}

/// Whether plain attributes that may hold ids are looked for.
pub(super) fn soft_explained(migration: &Migration, is_off: bool) -> String {
    match is_off {
        false => format!(
            "Plain attributes whose values may be ids of another entity are looked for, by samples \
             of {}'s rows; Mismatches proposes them.",
            migration.name_of(Side::Source)
        ),
        true => format!(
            "Nobody looks for plain attributes that hold ids: ids of {} stay in them. What is \
             decided about one holds all the same.",
            migration.name_of(Side::Source)
        ),
    }
}

/// With a capital letter.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Whether the destination takes one writer only.
pub(super) fn writes_alone(migration: &Migration) -> bool {
    migration
        .side(Side::Destination)
        .model
        .as_ref()
        .is_some_and(|model| !model.facts.capabilities.parallel_writers)
}
