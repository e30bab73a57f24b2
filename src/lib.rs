//! Carries the data of OutSystems 11 applications from a Production database to a Non-Production
//! one: every id rewritten, everything reviewed before the first write, every row proved after it.
//!
//! # The road the data takes
//!
//! ```text
//!  two databases      what is there    how it pairs     what will be done    doing it     was it right
//!   database/   ──►   outsystems/ ──►   compare/   ──►       plan/     ──►   migrate/ ──►    proof/
//!      ▲                                findings ▲           │ decisions        │ read → remap → write
//!      └─────────────────────────────────────────┼───────────┼──────────────────┘
//!                                            ┌───┴───────────▼───┐
//!                                            │      wizard/      │  or a plan file and `osferry run`
//!                                            └───────────────────┘
//! ```
//!
//! One way, left to right. The wizard is an editor of a scope and *decisions*; a plan file holds the
//! same, and `osferry run` carries it out without the wizard. What a review shows and what a run
//! does come from the same functions ([`plan::review`], [`plan::build`]), never from two that
//! must agree.
//!
//! - [`database`] is the port: operations on tables, never SQL, given by two engines. A
//!   [`database::Source`] has no method that writes.
//! - [`outsystems`] is what an environment is: plain data, and its reading through the port.
//! - [`compare`] takes two environments and returns pairs, findings and *questions* about rows. It
//!   is pure; [`migrate::survey`] has the questions answered and compares again.
//! - [`plan`] is pure as well: scope, decisions, order, a rule per column. A [`plan::Plan`] is
//!   complete; the run and the proof need nothing else to know what to do.
//! - [`migrate`] does it: preflight, then batch by batch, journaled before each commit. A run that
//!   goes on ([`migrate::resume`]) is the same run with a journal that says what is done; an undo
//!   ([`migrate::undo`]) is batches like those of a run, in the other direction.
//! - [`proof`] reads plan, journal and both databases, and shares nothing with the code that
//!   rewrote and wrote the rows. [`migrate`] notes three things for it: the digest of what it reads,
//!   a picture of the destination before the first write ([`proof::Surroundings`]), and what waits
//!   in its queues then ([`proof::Queues`]).
//! - [`report`] turns a journal, a plan or a review into Markdown, JSON or lines.
//! - [`practice`] writes a pair of invented environments that hold every trap once.
//! - [`procedures`] are the neighbouring ones, as data: what a clone's clean-up would change, that a
//!   database is the copy, checklists, scripts for Oracle. It writes nothing; [`migrate::changes`]
//!   does, as a run of its own.
//! - [`front`] is what the commands and the wizard's shell share: folders, drafts, secrets from the
//!   environment, carrying a plan out with its proof and report. It prints nothing and asks nobody.
//! - [`wizard`] is the wizard as state: [`wizard::update`] takes a message and returns effects,
//!   [`wizard::draw`] is a function of the state. A [`wizard::step::Step`] holds where its cursor is;
//!   what was answered is the [`wizard::migration::Migration`] that all steps share. One key table
//!   ([`wizard::keys`], [`wizard::help`]) is what dispatch, footer, help and `osferry keys` use.
//! - [`terminal`] is the shells around that state, a full screen and plain mode: keys, signals and
//!   the reports of jobs become messages, and its worker carries effects out.
//! - [`cli`] has the commands, one file each; `main.rs` only starts it.
//!
//! # Who may use whom
//!
//! `outsystems ← compare ← plan ← migrate`; `proof` uses the plan, the journal and the port;
//! `report` uses their results; `practice` and `procedures` use `outsystems` and the port; `database` knows none of
//! them. `front` uses all of these, and only the shells use `front`: `cli` and `terminal`, never
//! the wizard's state. `compare`, `plan` and the wizard's state do no I/O, no async, and ask no
//! clock. `ratatui` is used where something is drawn (`wizard/**/view.rs`, `wizard/look/`) and in
//! `terminal/`, `crossterm` in `terminal/` only; `tiberius` in `database/sqlserver/` only, `rusqlite`
//! in `database/sqlite/` and the journal only. A test (`tests/it/architecture.rs`) reads the imports
//! and fails when a wall is crossed.
//!
//! # Where things go
//!
//! - *A finding*: a kind in `compare/finding.rs`, the place in `compare/` that notices it, its line
//!   in `docs/manual.md` (a test asks for it), a lesson in `assets/practice/` if it teaches.
//! - *A step of the wizard*: a folder in `wizard/` (`mod.rs` its state, `view.rs` its drawing) and a
//!   line in `wizard/steps.rs`; the step on which a kind of finding is decided is said in
//!   `wizard/findings/kinds.rs`. Its line in `docs/manual.md` (a test asks for it).
//! - *Something to read with fields below it, over a step*: a `Sheet` of `wizard/sheet/`, laid out by
//!   `Migration::lay_out`; the step is told `Event::Filled` once all that is wanted is there.
//! - *What works on every step*: a general key in `wizard/dispatch.rs`, Next and Back in
//!   `wizard/going.rs`, what is begun or opened in `wizard/opening.rs`, the questions before the
//!   end in `wizard/leaving.rs`. An answer, a fact or an order that steps share has its room in
//!   `wizard/migration/`.
//! - *A key*: a binding in the table of its step, or in `wizard/keys.rs` for all of them. What a
//!   screen looks like in `docs/pictures/` is written anew by
//!   `OSFERRY_UPDATE_DOCS=1 cargo test --test it docs`.
//! - *A decision's effect*: `plan/build/`, which turns decisions into rules; the run and the proof
//!   follow the rules. Whether the target that somebody names for one can be, `plan/target.rs`: the wizard
//!   asks it while that is typed.
//! - *A column of a map beside a plan*: `plan/maps/`, which reads the tables, turns their lines into
//!   decisions and writes them to be filled in; `front/maps.rs` has the files, and
//!   what they decide for the wizard's steps Static records and Users, which take them in
//!   (`wizard/map_path/`).
//! - *A key of a plan*: `plan/file/read.rs`, where the keys of each table are listed and read, and
//!   `plan/file/write.rs`; its line in `docs/manual.md` (a test asks for it).
//! - *How gently the source is read*: a pace in `plan/file/pace.rs`, what is made of the source's answers
//!   in `migrate/gently/governor.rs`. Whatever a run or a proof asks its source goes through the gate
//!   of `migrate/gently/`.
//! - *A statement for SQL Server*: `database/sqlserver/statements/`, with its place in the pinned
//!   dump beside it.
//! - *Something that is written to a destination*: an `Operation` of `migrate/operation.rs`, in a
//!   `WriteSession`; nothing is committed another way. What became of it when nobody has said so is
//!   found out in `migrate/settle.rs`, for a run and for one that goes on alike.
//! - *What comes back into an event table*, added to or withheld from what was put away:
//!   `migrate/events/along.rs`; which tables are put away, `plan/build/events.rs`; the proof's own view,
//!   `proof/events/`.
//! - *A table of process instances, or a column of one*: what it means in `outsystems/instances.rs`,
//!   which describes it as an entity like any other; which of its rows count in
//!   `compare/processes/instances.rs`; what is its own about values in `compare/processes/values.rs`,
//!   `migrate/remap/typed.rs` and, by itself, `proof/typed.rs`.
//! - *What a run will take*: what the plan alone tells in `plan/forecast.rs`, which also decides how a
//!   source is read; what was measured, room and log in `migrate/forecast/`; trying it out in
//!   `migrate/probe/`; what this machine knows of it in `front/forecast.rs`, its words in
//!   `report/forecast.rs`.
//! - *A check before a run*: a kind in `plan/preflight.rs`, and the place in `migrate/preflight/` that
//!   makes it: Review and `osferry run` show the same list. Its line in `docs/manual.md`.
//! - *A mask*: the definition in `docs/manual.md` first, then `migrate/mask/`, and by itself
//!   `proof/mask/`. Values are masked as they are read, before anything else sees them.
//! - *Whose ids a plain attribute may hold*: `compare/soft_keys/`, which proposes them and says what a
//!   decision may name; which of its values count as uses, `compare/records/holder.rs`; what becomes
//!   of them, `migrate/remap/` and, by itself, `proof/soft.rs`.
//! - *A value that changes its type*: `database/convert.rs` for the run, `proof/turn.rs` for the proof.
//! - *A step of a neighbouring procedure*: `assets/procedures/`, with the number of its fact in
//!   `numbers.txt` (a test holds one against the other). Which of them somebody sets out to do is
//!   [`procedures::Errand`]; the wizard's screens of it are in `wizard/errand/`, what it knows in
//!   `wizard/migration/errand.rs`, what is kept in `front/errands.rs`.
//! - *What of a checklist the databases can tell*: a step and its question in `procedures/checks.rs`.
//! - *A database*: an engine is a folder in `database/` that gives the port's traits; the scenarios
//!   of `tests/it/port.rs` say what is expected of it.
//! - *A command*: a file in `cli/` and a variant in `cli/mod.rs`. What it does beyond asking and
//!   showing belongs to `front/` as soon as the wizard does it too.
//!
//! # What must stay true
//!
//! A wrong id silently written is the worst thing this program can do. So keys match and names
//! never do; ambiguity is a finding and never a silent pick; an id is rewritten only by a map that
//! was filled from what the destination answered; an [`outsystems::SourceId`] is not accepted where
//! an [`outsystems::DestinationId`] is wanted; a commit needs a [`database::JournalToken`], which
//! only a synced journal hands out; and an unknown [`database::Outcome`] cannot be taken for a
//! success.

pub mod cli;
pub mod compare;
pub mod database;
pub mod front;
pub mod migrate;
pub mod outsystems;
pub mod plan;
pub mod practice;
pub mod procedures;
pub mod proof;
pub mod report;
pub mod terminal;
pub mod wizard;
