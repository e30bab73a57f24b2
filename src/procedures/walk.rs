//! A procedure gone through step by step: what was ticked, what was left out and why, by whom.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::checks::{Says, check_of};
use super::model::{Procedure, Section, Step, StepKind};
use super::record::plain;
use crate::database::{Fault, FaultKind, Result};

/// What somebody said of a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Whether it was left out instead of done.
    pub is_skipped: bool,
    /// A note; the reason where it was left out.
    pub note: String,
    /// When.
    pub at: String,
    /// The user of this machine.
    pub who: String,
}

/// What is said of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// It is done.
    Done,
    /// It is left out; the note says why.
    Skipped,
    /// Neither any more.
    Open,
}

/// What the databases said of a step: evidence, and no tick.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// Whether it is as it should be.
    pub says: Says,
    /// What was found.
    pub text: String,
    /// When.
    pub at: String,
    /// The user of this machine.
    pub who: String,
}

impl Answered {
    /// In words: when it was asked, what the databases said.
    #[must_use]
    pub fn words(&self) -> String {
        let Self { says, text, at, who } = self;
        let says = match says {
            Says::Yes => "as it should be",
            Says::No => "NOT as it should be",
            Says::Unclear => "not clear",
        };
        let by = if who.is_empty() { String::new() } else { format!(" by {who}") };
        format!("checked {at}{by}: {says}: {text}")
    }
}

/// How far somebody is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Walk {
    /// The procedure's name.
    pub procedure: String,
    /// What it is done for, in the person's words.
    pub label: String,
    /// The application servers, the deployment controller first.
    pub servers: Vec<String>,
    /// The runs by which its statements were carried out, the newest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub runs: Vec<String>,
    /// What was said, by step; `step@server` of those that are done on each.
    pub marks: BTreeMap<String, Mark>,
    /// What the databases said, by step.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub answers: BTreeMap<String, Answered>,
}

/// One thing to do: a step, on a server where it is done on each.
pub struct Place<'a> {
    /// Its name: `step` or `step@server`.
    pub name: String,
    /// The section.
    pub section: &'a Section,
    /// The step.
    pub step: &'a Step,
    /// The server.
    pub server: Option<&'a str>,
}

impl Walk {
    /// Nothing done yet.
    #[must_use]
    pub fn new(procedure: &str, label: &str) -> Self {
        Self {
            procedure: procedure.to_owned(),
            label: label.to_owned(),
            servers: Vec::new(),
            runs: Vec::new(),
            marks: BTreeMap::new(),
            answers: BTreeMap::new(),
        }
    }

    /// Everything that is to be done, in order. Steps that are done on each server go server by
    /// server, as long as they follow each other: the controller is ready before the first
    /// front-end begins.
    #[must_use]
    pub fn places<'a>(&'a self, procedure: &'a Procedure) -> Vec<Place<'a>> {
        let mut all = Vec::new();
        for section in &procedure.sections {
            for group in section.steps.chunk_by(|a, b| a.each_server && b.each_server) {
                let each = group.first().is_some_and(|step| step.each_server);
                let servers: Vec<Option<&str>> = match each && !self.servers.is_empty() {
                    true => self.servers.iter().map(|server| Some(server.as_str())).collect(),
                    false => vec![None],
                };
                for server in servers {
                    all.extend(group.iter().map(|step| Place {
                        name: server.map_or_else(
                            || step.name.clone(),
                            |server| format!("{}@{server}", step.name),
                        ),
                        section,
                        step,
                        server,
                    }));
                }
            }
        }
        all
    }

    /// Says something of a step, or takes it back with `None`. A step that is left out needs a
    /// reason.
    pub fn say(&mut self, procedure: &Procedure, name: &str, mark: Option<Mark>) -> Result<()> {
        if !self.places(procedure).iter().any(|place| place.name == name) {
            let names: Vec<String> =
                self.places(procedure).into_iter().map(|place| place.name).collect();
            let what = format!("{} has no step \"{name}\"", self.procedure);
            return Err(Fault::new(FaultKind::Invalid, what)
                .advise(format!("There are {}.", names.join(", "))));
        }
        match mark {
            Some(mark) if mark.is_skipped && mark.note.trim().is_empty() => {
                let what = format!("\"{name}\" is left out without a reason");
                return Err(Fault::new(FaultKind::Invalid, what).advise("Say why (--note)."));
            }
            Some(mark) => self.marks.insert(name.to_owned(), mark),
            None => self.marks.remove(name),
        };
        Ok(())
    }

    /// Takes servers in, each once, in the order given.
    pub fn add_servers(&mut self, servers: &[String]) -> Result<()> {
        for server in servers {
            if server.trim().is_empty() || server.contains('@') || server.contains(char::is_control)
            {
                let what = format!("{server:?} is no server's name");
                return Err(Fault::new(FaultKind::Invalid, what));
            }
            if !self.servers.contains(server) {
                self.servers.push(server.clone());
            }
        }
        Ok(())
    }

    /// The servers in this order, in place of those that were named before. One of which something
    /// is said already stays.
    pub fn set_servers(&mut self, servers: &[String]) -> Result<()> {
        let said_of = |server: &&String| {
            let ending = format!("@{server}");
            self.marks.keys().any(|name| name.ends_with(&ending))
        };
        let is_gone = |server: &&String| !servers.contains(server);
        if let Some(server) = self.servers.iter().filter(is_gone).find(said_of) {
            let what = format!("steps on {server} are done or left out already");
            return Err(Fault::new(FaultKind::Invalid, what)
                .advise("Open them again first, or keep the server in the list."));
        }
        let mut new = Self { servers: Vec::new(), ..self.clone() };
        new.add_servers(servers)?;
        self.servers = new.servers;
        Ok(())
    }

    /// How many of how many are done or left out.
    #[must_use]
    pub fn done(&self, procedure: &Procedure) -> (usize, usize) {
        let places = self.places(procedure);
        let done = places.iter().filter(|place| self.marks.contains_key(&place.name)).count();
        (done, places.len())
    }

    /// Step by step, for the person.
    #[must_use]
    pub fn lines(&self, procedure: &Procedure) -> String {
        let (done, of) = self.done(procedure);
        let mut text = format!("{}: {done} of {of} steps", procedure.title);
        let mut section = "";
        for place in self.places(procedure) {
            if section != place.section.name {
                section = &place.section.name;
                let _ = write!(text, "\n\n{}\n  {}", place.section.title, place.section.why);
                if !place.section.without.is_empty() {
                    let _ = write!(text, "\n  Without it: {}", place.section.without);
                }
            }
            let mark = self.marks.get(&place.name);
            let sign = match mark {
                None => "[ ]",
                Some(mark) if mark.is_skipped => "[-]",
                Some(_) => "[x]",
            };
            let on = place.server.map_or_else(String::new, |server| format!(" on {server}"));
            let _ = write!(text, "\n{sign} {}{on}  ({})", place.step.title, marks_of(&place));
            let answered = self.answers.get(&place.step.name);
            if let Some(answered) = answered {
                let _ = write!(text, "\n      {}", answered.words());
            }
            if let Some(mark) = mark {
                let _ = write!(text, "\n      {}", mark.words());
                continue;
            }
            let check = check_of(&procedure.name, &place.step.name);
            if let Some(check) = check.filter(|_| answered.is_none()) {
                let _ = write!(text, "\n      {} (--check PLAN)", check.question());
            }
            for line in what_to_do(place.step) {
                let _ = write!(text, "\n      {line}");
            }
        }
        text
    }

    /// As Markdown, for a change ticket.
    #[must_use]
    pub fn to_markdown(&self, procedure: &Procedure) -> String {
        let (done, of) = self.done(procedure);
        let mut text = format!("# {}\n\n", plain(&procedure.title));
        let _ = writeln!(text, "{} — {done} of {of} steps\n", plain(&self.label));
        let mut section = "";
        for place in self.places(procedure) {
            if section != place.section.name {
                section = &place.section.name;
                let _ = writeln!(
                    text,
                    "\n## {}\n\n{}\n",
                    plain(&place.section.title),
                    plain(&place.section.why)
                );
            }
            let mark = self.marks.get(&place.name);
            let sign = if mark.is_some_and(|mark| !mark.is_skipped) { 'x' } else { ' ' };
            let on = place.server.map_or_else(String::new, |server| format!(" on {server}"));
            let title = plain(&format!("{}{on} ({})", place.step.title, marks_of(&place)));
            let _ = writeln!(text, "- [{sign}] {title}");
            for line in what_to_do(place.step) {
                let _ = writeln!(text, "  - {}", plain(&line));
            }
            if let Some(answered) = self.answers.get(&place.step.name) {
                let _ = writeln!(text, "  - **{}**", plain(&answered.words()));
            }
            if let Some(mark) = mark {
                let _ = writeln!(text, "  - **{}**", plain(&mark.words()));
            }
        }
        text
    }
}

impl Mark {
    /// In words: what was said, when, by whom.
    #[must_use]
    pub fn words(&self) -> String {
        let what = if self.is_skipped { "left out" } else { "done" };
        let note = if self.note.is_empty() { String::new() } else { format!(": {}", self.note) };
        let who = if self.who.is_empty() { String::new() } else { format!(" by {}", self.who) };
        format!("{what} {}{who}{note}", self.at)
    }
}

impl Place<'_> {
    /// What tells it apart: the facts' numbers, that the guide has it not, that it is optional.
    #[must_use]
    pub fn marks(&self) -> String {
        let mut marks = self.step.numbers.clone();
        let origin = self.step.origin.label();
        marks.extend((!origin.is_empty()).then(|| origin.to_owned()));
        marks.extend(self.step.optional.then(|| "optional".to_owned()));
        marks.join(", ")
    }
}

fn marks_of(place: &Place<'_>) -> String {
    format!("{}, {}", place.name, place.marks())
}

/// What is to be known and done, line by line.
#[must_use]
pub fn what_to_do(step: &Step) -> Vec<String> {
    let mut lines = Vec::new();
    lines.extend((!step.text.is_empty()).then(|| step.text.clone()));
    lines.extend((!step.without.is_empty()).then(|| format!("Without it: {}", step.without)));
    if step.kind() == StepKind::Statement {
        lines.push("`osferry cleanup` does it.".to_owned());
    }
    lines.extend(step.tasks.iter().cloned());
    lines.extend(step.command.clone());
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::procedures::procedure;

    fn mark(is_skipped: bool, note: &str) -> Option<Mark> {
        let (at, who) = ("2025-05-01 10:00".to_owned(), "anna".to_owned());
        Some(Mark { is_skipped, note: note.to_owned(), at, who })
    }

    #[test]
    fn steps_of_each_server_go_server_by_server_the_controller_first() {
        let restore = procedure("restore").expect("the file");
        let mut walk = Walk::new("restore", "may");
        walk.add_servers(&["CTRL".to_owned(), "FE1".to_owned(), "CTRL".to_owned()]).expect("names");
        let names: Vec<String> = walk.places(restore).into_iter().map(|place| place.name).collect();
        let at = |name: &str| names.iter().position(|known| known == name).expect(name);
        assert!(at("services-run@CTRL") < at("open-tool@FE1"), "{names:?}");
        assert!(at("open-tool@FE1") < at("tabs@FE1"));
        assert!(at("services-run@FE1") < at("solution"));
        assert!(walk.add_servers(&["a@b".to_owned()]).is_err());
        walk.say(restore, "tabs@FE1", mark(false, "")).expect("done");
        assert!(walk.set_servers(&["CTRL".to_owned()]).is_err(), "FE1 has something done");
        walk.set_servers(&["FE1".to_owned(), "FE2".to_owned()]).expect("others");
        assert_eq!(walk.servers, ["FE1", "FE2"]);
    }

    #[test]
    fn what_is_left_out_has_a_reason_and_what_is_not_there_is_refused() {
        let fresh = procedure("installation-fresh").expect("the file");
        let mut walk = Walk::new("installation-fresh", "may");
        assert!(walk.say(fresh, "licence", mark(true, " ")).is_err());
        assert!(walk.say(fresh, "license", mark(false, "")).is_err());
        assert!(walk.marks.is_empty());
        walk.say(fresh, "licence", mark(true, "the old one holds")).expect("left out");
        walk.say(fresh, "platform", mark(false, "*as OSADMIN_TST*")).expect("done");
        let all = fresh.steps().count();
        assert_eq!(walk.done(fresh), (2, all));
        let text = walk.to_markdown(fresh);
        assert!(text.contains("- [x] Platform tab"), "{text}");
        assert!(text.contains("left out 2025-05-01 10:00 by anna: the old one holds"), "{text}");
        assert!(text.contains("\\*as OSADMIN\\_TST\\*"), "{text}");
        let answered = Answered {
            says: Says::No,
            text: "no version".to_owned(),
            at: "2025-05-01 11:00".to_owned(),
            who: "anna".to_owned(),
        };
        // Whatever the person says, the evidence stays beside it.
        walk.answers.insert("platform".to_owned(), answered);
        let told = "checked 2025-05-01 11:00 by anna: NOT as it should be: no version";
        assert!(walk.to_markdown(fresh).contains(told), "{}", walk.to_markdown(fresh));
        assert!(walk.lines(fresh).contains(told), "{}", walk.lines(fresh));
        walk.say(fresh, "platform", None).expect("taken back");
        assert_eq!(walk.done(fresh), (1, all));
    }
}
