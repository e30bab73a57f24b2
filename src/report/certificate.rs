//! What a proof certifies: in one block, what was compared, against what, when and by whom.

use serde::Serialize;

use super::text::{counted, number, rows};
use crate::migrate::journal::RunHeader;
use crate::proof::{Proof, SurroundingsProof};

/// A proof, with everything that somebody needs who signs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Certificate {
    /// Whether everything was found as it should be, in a sentence.
    pub verdict: String,
    /// Whether everything was found as it should be.
    pub holds: bool,
    /// The run that was proved.
    pub run: String,
    /// The plan's name.
    pub plan: String,
    /// The plan's fingerprint.
    pub plan_fingerprint: String,
    /// Where the source's rows were read.
    pub source: String,
    /// Where the destination's rows were read.
    pub destination: String,
    /// The source model's fingerprint at the run.
    pub source_fingerprint: String,
    /// The destination model's fingerprint at the run.
    pub destination_fingerprint: String,
    /// Which models were other ones at the proof than at the run: a sentence, or empty.
    pub models_since: String,
    /// When the proof began.
    pub begun: String,
    /// When it ended.
    pub ended: String,
    /// Who was signed in to the machine that made it.
    pub system_user: String,
    /// Who was signed in to the source.
    pub source_sign_in: String,
    /// Who was signed in to the destination.
    pub destination_sign_in: String,
    /// The version of osferry that made it.
    pub version: String,
    /// Rows compared.
    pub compared: u64,
    /// Rows carried over.
    pub carried: u64,
    /// The one of the other, as `100 %`; below that it is never rounded up to it.
    pub share: String,
    /// Entities and kinds of people proved.
    pub entities: u64,
    /// References looked up.
    pub references: u64,
    /// Tables outside the plan found untouched, row by row and by their number.
    pub untouched: u64,
    /// What was taken over from a proof that was interrupted: a sentence, or empty.
    pub taken_over: String,
    /// Everything that is not as it should be.
    pub differences: u64,
}

impl Certificate {
    /// The certificate of a proof; `None` for one of an earlier version, which does not say when it
    /// was made.
    pub(super) fn new(header: &RunHeader, proof: &Proof) -> Option<Self> {
        let made = proof.made.clone()?;
        let other: Vec<&str> = [
            (&made.source_fingerprint, &header.source_fingerprint, "the source's"),
            (&made.destination_fingerprint, &header.destination_fingerprint, "the destination's"),
        ]
        .into_iter()
        .filter_map(|(now, then, side)| (now != then).then_some(side))
        .collect();
        let models_since = match other.as_slice() {
            [] => String::new(),
            [side] => format!("{side} model has changed since the run"),
            _ => "both models have changed since the run".to_owned(),
        };
        let taken_over = proof.taken_over.as_ref().map(|taken| {
            let entities = counted(taken.entities, "entity", "entities");
            format!("{entities} from the proof that began at {} and was interrupted", taken.begun)
        });
        let around = proof.surroundings.as_ref();
        Some(Self {
            verdict: verdict(proof),
            holds: proof.holds(),
            run: header.id.clone(),
            plan: header.name.clone(),
            plan_fingerprint: header.plan_fingerprint.clone(),
            source: made.source,
            destination: made.destination,
            source_fingerprint: header.source_fingerprint.clone(),
            destination_fingerprint: header.destination_fingerprint.clone(),
            models_since,
            begun: made.begun,
            ended: made.ended,
            system_user: made.system_user,
            source_sign_in: made.source_sign_in,
            destination_sign_in: made.destination_sign_in,
            version: made.version,
            compared: proof.compared(),
            carried: proof.carried(),
            share: share(proof.compared(), proof.carried()),
            entities: proof.entities.len() as u64,
            references: proof.entities.iter().map(|entity| entity.references.len() as u64).sum(),
            untouched: around.map_or(0, |around| around.untouched + around.untouched_by_count),
            taken_over: taken_over.unwrap_or_default(),
            differences: proof.differences(),
        })
    }

    /// Who made it, as far as the machine and the databases say.
    fn by(&self) -> String {
        let signed_in =
            [("source", &self.source_sign_in), ("destination", &self.destination_sign_in)]
                .into_iter()
                .filter(|(_, who)| !who.is_empty())
                .map(|(side, who)| format!("signed in to the {side} as {who}"));
        let machine = if self.system_user.is_empty() {
            "a user whom the machine does not name".to_owned()
        } else {
            self.system_user.clone()
        };
        std::iter::once(machine).chain(signed_in).collect::<Vec<_>>().join(", ")
    }

    /// The lines of the block: a name and what is to be said.
    pub(super) fn lines(&self, proof: &Proof) -> Vec<(&'static str, String)> {
        let mut lines = vec![
            ("Verdict", self.verdict.clone()),
            (
                "Compared",
                format!(
                    "{} of {} carried over ({}), {}, {}",
                    number(self.compared),
                    rows(self.carried),
                    self.share,
                    counted(self.entities, "entity", "entities"),
                    counted(self.references, "reference", "references"),
                ),
            ),
            ("Around them", around_words(proof.surroundings.as_ref())),
            ("Plan", format!("{} ({}), run {}", self.plan, self.plan_fingerprint, self.run)),
            ("Source", format!("{} (model {})", self.source, self.source_fingerprint)),
            (
                "Destination",
                format!("{} (model {})", self.destination, self.destination_fingerprint),
            ),
            ("Made", format!("from {} to {}", self.begun, self.ended)),
            ("By", self.by()),
            ("With", format!("osferry {}", self.version)),
        ];
        if !self.models_since.is_empty() {
            lines.push(("Since the run", self.models_since.clone()));
        }
        if !self.taken_over.is_empty() {
            lines.push(("Taken over", self.taken_over.clone()));
        }
        lines
    }
}

fn verdict(proof: &Proof) -> String {
    match (proof.holds(), proof.sample) {
        (true, None) => "everything is as it should be".to_owned(),
        (true, Some(_)) => format!(
            "in the sample everything is as it should be; {} of the rows were compared",
            share(proof.compared(), proof.carried())
        ),
        (false, _) => {
            format!("it fails: {}", counted(proof.differences(), "difference", "differences"))
        }
    }
}

/// How many of how many, in a percentage that says 100 only when it is all, and 0 only when it is
/// none.
pub(super) fn share(part: u64, whole: u64) -> String {
    if part >= whole {
        return "100 %".to_owned();
    }
    let tenths = u128::from(part) * 1000 / u128::from(whole);
    match tenths {
        0 if part > 0 => "less than 0.1 %".to_owned(),
        tenths => format!("{}.{} %", tenths / 10, tenths % 10),
    }
}

/// What is to be said of everything around the rows carried over.
pub(super) fn around_words(around: Option<&SurroundingsProof>) -> String {
    let Some(around) = around else {
        return "not looked at: there is no picture of the destination from before the run"
            .to_owned();
    };
    let mut words =
        format!("{} untouched row by row", counted(around.untouched, "table", "tables"));
    if around.untouched_by_count > 0 {
        words.push_str(&format!(", {} by number", number(around.untouched_by_count)));
    }
    if around.subscriptions > 0 {
        words.push_str(&format!(
            "; {} of {} looked at",
            counted(around.subscriptions, "subscription", "subscriptions"),
            counted(around.event_tables, "event table", "event tables")
        ));
    }
    words.push_str(&format!(
        "; {} and {} as before: {}",
        counted(around.constraints, "constraint", "constraints"),
        counted(around.triggers, "trigger", "triggers"),
        match around.differences {
            0 => "nothing has changed that should not".to_owned(),
            found => counted(found, "difference", "differences"),
        }
    ));
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_never_rounded_up_to_all() {
        assert_eq!(share(0, 0), "100 %");
        assert_eq!(share(5, 5), "100 %");
        assert_eq!(share(999_999, 1_000_000), "99.9 %");
        assert_eq!(share(1, 1_000_000), "less than 0.1 %");
        assert_eq!(share(0, 7), "0.0 %");
        assert_eq!(share(1, 3), "33.3 %");
    }
}
