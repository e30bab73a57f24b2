//! The clean-up of a clone: looked at, carried out as a run, taken back.

use std::path::PathBuf;
use std::sync::Arc;

use super::carry::{clock, operator};
use super::home::{Home, KnownRun};
use super::one_writer::one_writer;
use super::{open, refused};
use crate::database::{
    ConnectionSpec, Destination, Fault, FaultKind, Filter, Result, Source, TableName, same_name,
};
use crate::migrate::changes::{self, ChangesRequest, SavedTable, Undone};
use crate::migrate::journal::{Journal, RunHeader, RunState};
use crate::migrate::{Control, check_purpose};
use crate::outsystems::Side;
use crate::plan::{CleanupFile, EndpointEngine, Plan};
use crate::procedures::{
    self, Asked, Copy, ForeseenStep, Origin, Record, Scan, SecurityContext, Step, StepKind,
    StepRecord, StepState, foresee, hosts_of, look_at_copy, look_at_log, platform_at_work,
    procedure, security_context,
};
use crate::report::counted;

/// The procedure whose statements a clean-up carries out.
pub const CLEANUP: &str = "clone-sqlserver";

/// A clean-up with both databases open.
pub struct Cleanup {
    /// Its plan.
    pub file: CleanupFile,
    /// The plan's file.
    pub plan_file: PathBuf,
    /// The text of the plan.
    pub plan_text: String,
    /// The folder that relative paths in it start from.
    pub folder: PathBuf,
    clone: Arc<dyn Destination>,
    original: Result<Arc<dyn Source>>,
    log: Option<Arc<dyn Source>>,
    chosen: Vec<&'static Step>,
}

/// What a clean-up would do.
pub struct Looked {
    /// Whether this is the copy.
    pub copy: Copy,
    /// Step by step.
    pub steps: Vec<ForeseenStep>,
    /// The users of its databases.
    pub users: Vec<SecurityContext>,
}

/// What a clean-up has done.
pub struct CleanedUp {
    /// Step by step.
    pub record: Record,
    /// The report's files.
    pub files: Vec<PathBuf>,
    /// Why they could not be written; what was done is not undone by that.
    pub unsaved: Option<Fault>,
}

/// The steps that a plan takes: every statement of the procedure that it does not leave out, and
/// the optional ones that it names.
pub fn chosen(file: &CleanupFile) -> Result<Vec<&'static Step>> {
    let procedure = procedure(CLEANUP)?;
    let statements = || procedure.steps().filter(|step| step.kind() == StepKind::Statement);
    let known = |name: &str, of: &str| match statements().find(|step| step.name == name) {
        Some(step) => Ok(step),
        None => {
            let names: Vec<&str> = statements().map(|step| step.name.as_str()).collect();
            Err(refused(format!("[cleanup] {of}: there is no statement \"{name}\""))
                .advise(format!("There are {}.", names.join(", "))))
        }
    };
    for name in &file.with {
        if !known(name, "with")?.optional {
            return Err(refused(format!("[cleanup] with: \"{name}\" is not optional"))
                .advise("It is taken without being named."));
        }
    }
    for (name, _) in &file.skip {
        known(name, "skip")?;
    }
    let is_chosen = |step: &&'static Step| {
        let is_left_out = file.skip.iter().any(|(name, _)| *name == step.name);
        let is_wanted = !step.optional || file.with.contains(&step.name);
        is_wanted && !is_left_out
    };
    Ok(statements().filter(is_chosen).collect())
}

impl Cleanup {
    /// Opens both databases. That the original cannot be reached is no error here: then a fact is
    /// missing that says that the clone is the copy.
    pub async fn open(
        file: CleanupFile,
        plan: (PathBuf, String, PathBuf),
        clone: &ConnectionSpec,
        original: Result<ConnectionSpec>,
    ) -> Result<Self> {
        check_may_be_written(&file)?;
        let clone = open::to_write(clone).await?;
        let original = match original {
            Ok(original) => open::to_read(Side::Source, &original).await,
            Err(fault) => Err(fault),
        };
        Self::of(file, plan, clone, original)
    }

    /// With both databases open already.
    pub fn of(
        file: CleanupFile,
        plan: (PathBuf, String, PathBuf),
        clone: Arc<dyn Destination>,
        original: Result<Arc<dyn Source>>,
    ) -> Result<Self> {
        check_may_be_written(&file)?;
        let chosen = chosen(&file)?;
        let (plan_file, plan_text, folder) = plan;
        Ok(Self { file, plan_file, plan_text, folder, clone, original, log: None, chosen })
    }

    /// Opens the clone's Log database, which is only read. Errs where it is another database of the
    /// plan.
    pub async fn open_log(&mut self, log: &ConnectionSpec) -> Result<()> {
        let opened = open::to_read(Side::Destination, log).await?;
        let identity = &opened.facts().identity;
        let is = |other: &dyn Source| identity.is_same(&other.facts().identity);
        if is(self.clone_source()) {
            return Err(refused("[log] is the clone itself")
                .advise("Leave [log] out where Platform and Log data lie in one database."));
        }
        if self.original.as_ref().is_ok_and(|original| is(original.as_ref())) {
            return Err(refused("[log] is the declared original")
                .advise("Name the clone's Log database. Nothing was written."));
        }
        self.log = Some(opened);
        Ok(())
    }

    /// The clone's Log database, where it is declared and open.
    #[must_use]
    pub fn log(&self) -> Option<&dyn Source> {
        self.log.as_deref()
    }

    /// What a checklist's questions are asked of. `tried` are logins of the platform that were
    /// tried, each with why it was not let in; `now` is as front-ends write it.
    #[must_use]
    pub fn asked<'a>(&'a self, tried: &'a [(String, Option<String>)], now: &'a str) -> Asked<'a> {
        Asked {
            platform: self.clone_source(),
            log: self.log(),
            original: self.original.as_ref().ok().map(AsRef::as_ref),
            logins: &self.file.logins,
            hosts: &self.file.hosts,
            tried,
            now,
        }
    }

    /// The clone, to be written.
    pub(super) fn destination(&self) -> &dyn Destination {
        self.clone.as_ref()
    }

    /// The users of the clone's databases. It only reads.
    async fn users(&self) -> Result<Vec<SecurityContext>> {
        let logins = &self.file.logins;
        let platform = security_context(self.clone_source(), "Platform", logins).await?;
        let log = match self.log() {
            Some(log) => security_context(log, "Log", logins).await?,
            None => SecurityContext::not_declared(
                "Log",
                "not declared ([log]): where the clone has a Log database of its own, its users \
                 were not looked for",
            ),
        };
        Ok(vec![platform, log])
    }

    /// The clone.
    #[must_use]
    pub fn clone_source(&self) -> &dyn Source {
        self.clone.as_source()
    }

    /// The clone's name, by which a clean-up is confirmed.
    #[must_use]
    pub fn confirm(&self) -> &str {
        &self.clone.facts().database
    }

    /// The declared original's database.
    fn original_name(&self) -> String {
        match &self.file.original.engine {
            EndpointEngine::SqlServer { database, .. } => database.clone(),
            EndpointEngine::Sqlite { path } => {
                path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
            }
        }
    }

    /// What it would do. It only reads.
    pub async fn look(&self) -> Result<Looked> {
        let original = match &self.original {
            Ok(original) => Ok(original.as_ref()),
            Err(fault) => Err(fault),
        };
        let name = self.original_name();
        let source = self.clone_source();
        let mut copy = look_at_copy(source, original, &name, &self.file.logins).await?;
        if let Some(log) = self.log() {
            copy.evidence.extend(look_at_log(source, log, &self.file.logins).await?);
        }
        let steps = foresee(source, &self.chosen).await?;
        Ok(Looked { copy, steps, users: self.users().await? })
    }

    /// What in the clone still names its original or leads elsewhere. It only reads.
    pub async fn scan(&self) -> Result<Scan> {
        let mut hosts = self.file.hosts.clone();
        if let EndpointEngine::SqlServer { server, .. } = &self.file.original.engine {
            hosts.push(server.split([',', '\\']).next().unwrap_or(server).to_owned());
        }
        // The clone's own list is empty once it is cleaned: the original knows its front-ends.
        let from = match &self.original {
            Ok(original) => original.as_ref(),
            Err(_) => self.clone_source(),
        };
        let hosts = hosts_of(from, &hosts).await?;
        procedures::scan(self.clone_source(), &hosts).await
    }

    /// Carries the chosen steps out in one transaction, looks again, and writes the report.
    ///
    /// `confirm` is what was typed as the clone's name, `original` as its original's where that was
    /// asked for. An error means that nothing was written, unless it is [`FaultKind::InDoubt`].
    pub async fn carry_out(
        &self,
        home: &Home,
        confirm: &str,
        original: Option<&str>,
        control: Control,
    ) -> Result<CleanedUp> {
        if !same_name(confirm, self.confirm()) {
            let what = format!("--confirm {confirm:?} is not the clone's name");
            let (name, place) = (self.confirm(), &self.clone.facts().place);
            return Err(refused(what)
                .advise(format!("The clone is {name:?} ({place}). Nothing was written.")));
        }
        home.check()?;
        let Looked { copy, steps, users } = self.look().await?;
        copy.check(original)?;
        let scanned_before = self.scan().await?;
        let changes = procedures::changes(&steps)?;
        if changes.is_empty() {
            return Err(refused("there is nothing left to clean up by the chosen steps")
                .advise("Nothing was written."));
        }
        let (id, folder) = home.new_run(&jiff::Zoned::now());
        let header = self.header(&id, confirm);
        let started = header.started.clone();
        let who = header.operator.clone();
        let alone = one_writer(&folder, self.clone.as_ref())?;
        let request = ChangesRequest {
            header,
            folder: folder.clone(),
            destination: Arc::clone(&self.clone),
            control,
            clock: Arc::new(clock),
        };
        changes::apply(&request, changes).await?;
        drop(alone);
        // From here on everything is written, whatever fails.
        let looked_again = async {
            let after = foresee(self.clone_source(), &self.chosen).await?;
            Ok((self.told(&steps, Some(&after))?, self.scan().await?))
        };
        let (told, scanned) = looked_again.await.map_err(|fault: Fault| {
            changes::written_but(fault).advise(format!("`osferry undo {id}` takes run {id} back."))
        })?;
        let record = Record {
            procedure: CLEANUP.to_owned(),
            run: id,
            name: self.file.name.clone(),
            clone: self.clone.facts().place.clone(),
            original: request.header.source.clone(),
            operator: [who.system_user, who.sign_in],
            confirmed: confirm.to_owned(),
            started,
            ended: clock(),
            evidence: copy.evidence,
            users,
            steps: told,
            scans: [scanned_before, scanned],
        };
        let proved = changes::proved(&folder, record.is_clean(), clock()).await;
        let mut done = CleanedUp { record, files: Vec::new(), unsaved: proved.err() };
        for (name, text) in
            [("report.md", done.record.to_markdown()), ("report.json", done.record.to_json())]
        {
            let file = folder.join(name);
            match std::fs::write(&file, text) {
                Ok(()) => done.files.push(file),
                Err(error) => done.unsaved = Some(super::home::cannot_write(&file, &error)),
            }
        }
        Ok(done)
    }

    /// Every statement of the procedure, with what was found and what became of it.
    fn told(
        &self,
        before: &[ForeseenStep],
        after: Option<&[ForeseenStep]>,
    ) -> Result<Vec<StepRecord>> {
        let statements = procedure(CLEANUP)?.steps().filter(|s| s.kind() == StepKind::Statement);
        Ok(statements
            .map(|step| {
                let found = before.iter().find(|found| found.step == step.name);
                let left = after.and_then(|after| after.iter().find(|f| f.step == step.name));
                let why = self.file.skip.iter().find(|(name, _)| *name == step.name);
                let state = match (found, why) {
                    (_, Some((_, why))) => StepState::Skipped(why.clone()),
                    (None, None) => StepState::Skipped("it is optional".to_owned()),
                    (Some(found), None) if found.rows() == 0 => StepState::Nothing,
                    (Some(_), None) if after.is_none() => StepState::Foreseen,
                    (Some(_), None) => StepState::Done,
                };
                StepRecord {
                    name: step.name.clone(),
                    numbers: step.numbers.clone(),
                    origin: Origin::label(step.origin).to_owned(),
                    title: step.title.clone(),
                    state,
                    before: found.map(|found| found.tables.clone()).unwrap_or_default(),
                    rows_after: left.map(ForeseenStep::rows),
                }
            })
            .collect())
    }

    fn header(&self, id: &str, confirm: &str) -> RunHeader {
        let facts = self.clone.facts();
        let original = match &self.original {
            Ok(original) => original.facts().place.clone(),
            Err(_) => self.original_name(),
        };
        RunHeader {
            id: id.to_owned(),
            name: self.file.name.clone(),
            started: clock(),
            source: original,
            destination: facts.place.clone(),
            destination_database: facts.database.clone(),
            plan_file: self.plan_file.display().to_string(),
            plan_text: self.plan_text.clone(),
            folder: self.folder.clone(),
            plan_fingerprint: Plan::nothing(&self.file.name).fingerprint,
            source_fingerprint: String::new(),
            destination_fingerprint: String::new(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            operator: operator(self.clone.as_ref(), confirm),
            mask_key: None,
            rejects_of: None,
            forecast: None,
            procedure: Some(CLEANUP.to_owned()),
        }
    }
}

/// Production is never written, whatever it is called.
fn check_may_be_written(file: &CleanupFile) -> Result<()> {
    check_purpose(file.clone.purpose).map_err(|fault| {
        let what = fault.what.replace("the destination", "the clone");
        let next = fault.next.replace("[destination]", "[clone]");
        Fault { what, next, ..fault }
    })
}

/// Refuses what only a migration has, for a run of a procedure.
pub fn check_migration(journal: &Journal, what: &str) -> Result<()> {
    let header = journal.header()?;
    match header.procedure {
        None => Ok(()),
        Some(_) => Err(refused(format!("run {} is a clean-up, which {what}", header.id))
            .advise("Its report is in its folder; `osferry undo` takes it back.")),
    }
}

/// Takes a clean-up back, or with `only_look` says what that would do.
///
/// Refused once the clone has started on its own: when it has front-ends again, or a session of the
/// platform is signed in. An error means that nothing was written.
pub async fn undo(
    known: &KnownRun,
    mut header: RunHeader,
    clone: Arc<dyn Destination>,
    control: Control,
    only_look: bool,
) -> Result<Undone> {
    let name = known.id.clone();
    let journal = Journal::open(&known.folder)?;
    journal.check()?;
    let state = journal.state()?;
    drop(journal);
    let saved = changes::saved(&known.folder).await?;
    check_not_started(clone.as_source(), &saved, &header, state).await.map_err(|fault| {
        fault.advise(format!(
            "Nothing was written. `osferry export {name} saved` shows the rows as they were."
        ))
    })?;
    header.operator = operator(clone.as_ref(), &header.operator.confirmed);
    let alone = one_writer(&known.folder, clone.as_ref())?;
    let request = ChangesRequest {
        header,
        folder: known.folder.clone(),
        destination: clone,
        control,
        clock: Arc::new(clock),
    };
    let undone = changes::put_back(&request, only_look).await;
    drop(alone);
    undone
}

/// What taking a clean-up back has done, or with `only_look` would do, line by line.
#[must_use]
pub fn undone_in_words(undone: &Undone, only_look: bool) -> Vec<String> {
    let rows = counted(undone.tables.iter().map(|(_, rows)| rows).sum(), "row", "rows");
    let mut lines = vec![match (only_look, &undone.differs) {
        (true, _) => format!("{rows} would be put back, in one transaction."),
        (false, None) => format!("Undone: {rows} put back; every row is as it was before."),
        (false, Some(what)) => format!("Undone in part: {rows} put back, but {what}."),
    }];
    let of_table =
        |(table, rows): &(String, u64)| format!("  {table}: {}", counted(*rows, "row", "rows"));
    lines.extend(undone.tables.iter().map(of_table));
    lines
}

async fn check_not_started(
    clone: &dyn Source,
    saved: &[SavedTable],
    header: &RunHeader,
    state: RunState,
) -> Result<()> {
    const SERVERS: &str = "OSSYS_SERVER";
    let servers = saved
        .iter()
        .find(|table| table.table.rsplit('.').next().is_some_and(|name| same_name(name, SERVERS)));
    let mut hosts = Vec::new();
    if let Some(table) = servers {
        let at = table.columns.iter().position(|column| same_name(&column.name, "NAME"));
        let names = at.map(|at| table.rows.column(at));
        hosts.extend(names.iter().flat_map(|names| (0..names.len()).filter_map(|r| names.text(r))));
        let rows = match clone.shape(&TableName::new(SERVERS)).await? {
            Some(shape) => clone.count(&shape.name, &Filter::All).await?,
            None => 0,
        };
        // An undo that was interrupted may have put them back itself.
        if rows > 0 && state != RunState::Undoing {
            let what = format!("the clone has front-ends again: {rows} rows in {SERVERS}");
            return Err(Fault::new(FaultKind::Changed, what));
        }
    }
    let file = CleanupFile::parse(&header.plan_text, &header.name);
    let logins = file.map(|file| file.logins).unwrap_or_default();
    match platform_at_work(clone, &hosts, &logins).await? {
        Some(session) => {
            let what = format!("the clone's platform is at work: {session}");
            Err(Fault::new(FaultKind::Changed, what))
        }
        None => Ok(()),
    }
}
