//! The commands, one file each.
//!
//! Standard output carries a command's result, standard error everything on the way. What is
//! decided, written and proved is the library's; here it is opened, asked for and shown.

mod again;
mod check;
mod checklist;
mod cleanup;
mod compare;
mod ending;
mod export;
mod forget;
mod keys;
mod map;
mod oracle;
mod panic;
mod practice;
mod restore;
mod resume;
mod rights;
mod road;
mod run;
mod runs;
mod secrets;
mod show;
mod tasks;
mod undo;
mod verify;
mod wizard;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};

use crate::front::Home;
use crate::terminal::{Begin, Wishes};
use ending::{Exit, Trouble};
pub use panic::install as install_panic_hook;

/// Carries the data of OutSystems 11 applications from Production to Non-Production: every id
/// rewritten, everything reviewed before the first write, every row proved after it.
#[derive(Parser)]
#[command(name = "osferry", version, after_help = AFTER_HELP)]
struct Arguments {
    #[command(flatten)]
    looks: Looks,
    #[command(subcommand)]
    command: Option<Command>,
}

/// How the wizard looks.
#[derive(Args)]
struct Looks {
    /// Ask line by line instead of drawing a screen: for screen readers and plain terminals
    #[arg(long)]
    plain: bool,
    /// Draw with ASCII signs only
    #[arg(long)]
    ascii: bool,
    /// Use colours or not
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    color: When,
}

impl Looks {
    fn wishes(&self) -> Wishes {
        Wishes {
            plain: self.plain,
            ascii: self.ascii,
            color: match self.color {
                When::Auto => None,
                When::Always => Some(true),
                When::Never => Some(false),
            },
        }
    }
}

/// When colours are used.
#[derive(Clone, Copy, ValueEnum)]
enum When {
    /// As the terminal and NO_COLOR say
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

const AFTER_HELP: &str = "\
To see a whole migration without any server: osferry practice --unattended

Passwords are asked for, or taken from OSFERRY_SOURCE_PASSWORD and OSFERRY_DESTINATION_PASSWORD
(OSFERRY_SOURCE_TOKEN and OSFERRY_DESTINATION_TOKEN for Entra tokens).
OSFERRY_HOME is the folder for runs, journals and practice pairs.

Exit codes: 0 done and proved · 1 done and proved, with rows that the server refused (compare:
findings that block) · 2 refused before any write · 3 stopped, can be resumed · 4 failed, or the
proof does not hold · 64 wrong command line";

#[derive(Subcommand)]
enum Command {
    /// Make a practice pair, two environments of an invented insurance company, and migrate it
    Practice(PracticeArguments),
    /// Say where two environments differ and what that touches; writes nothing
    Compare(CompareArguments),
    /// Write which record, user and tenant is which, as CSV to fill in; writes no database
    Map(MapArguments),
    /// Carry out a plan and prove the result
    Run(RunArguments),
    /// Write the scripts that give exactly the rights a plan needs, and take them back
    Rights(RightsArguments),
    /// Go on with a run that did not come to its end
    Resume(ResumeArguments),
    /// Prove an earlier run again
    Verify(VerifyArguments),
    /// Take back what a run wrote, and bring back what it deleted
    Undo(UndoArguments),
    /// Clean up a database cloned from another environment's
    Cleanup(CleanupArguments),
    /// Go through a neighbouring procedure step by step
    Checklist(ChecklistArguments),
    /// Compare a restored platform database with what it was
    Restore(RestoreArguments),
    /// Write the scripts of a clone on Oracle: export, import, clean-up
    Oracle(OracleArguments),
    /// List what is left to do after a run; tick it, note it, read it again
    Tasks(TasksArguments),
    /// Write whose id became whose, or the audit record of a run, to standard output
    Export(ExportArguments),
    /// Delete the rows that a run keeps for its undo
    Forget(ForgetArguments),
    /// List the runs of this machine
    Runs(RunsArguments),
    /// Print the wizard's keys
    Keys,
}

#[derive(Args)]
struct PracticeArguments {
    /// Folder of the pair [default: practice in OSFERRY_HOME]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Rows of each large entity in Production
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=50_000_000))]
    rows: Option<u64>,
    /// Throw an existing practice pair away and make a new one
    #[arg(long, conflicts_with = "sqlserver")]
    fresh: bool,
    /// Make the pair and stop
    #[arg(long, conflicts_with = "unattended")]
    make_only: bool,
    /// Migrate the pair with the recommended decisions and prove it
    #[arg(long)]
    unattended: bool,
    /// Make a clone of the pair's Production as well, to practise its clean-up, and stop; on a server
    /// DB is the empty database that becomes the clone
    #[arg(long, value_name = "DB", num_args = 0..=1, default_missing_value = "",
          conflicts_with_all = ["unattended", "make_only"])]
    clone: Option<String>,
    /// Make the pair in two empty databases of this server, which has to be your own
    #[arg(long, value_name = "SERVER", requires_all = ["source", "destination", "user"])]
    sqlserver: Option<String>,
    /// The empty database that becomes Production
    #[arg(long, value_name = "DB", requires = "sqlserver")]
    source: Option<String>,
    /// The empty database that becomes Non-Production
    #[arg(long, value_name = "DB", requires = "sqlserver")]
    destination: Option<String>,
    /// The SQL login for both databases
    #[arg(long, value_name = "USER", requires = "sqlserver")]
    user: Option<String>,
    /// Accept whatever certificate the server shows
    #[arg(long, requires = "sqlserver", conflicts_with = "ca_file")]
    trust_certificate: bool,
    /// Certificates of the authorities to trust, in PEM
    #[arg(long, value_name = "FILE", requires = "sqlserver")]
    ca_file: Option<PathBuf>,
    #[command(flatten)]
    looks: Looks,
}

#[derive(Args)]
struct CompareArguments {
    /// The plan file
    plan: PathBuf,
    /// Do not count rows: quicker, and says less
    #[arg(long)]
    no_counts: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct MapArguments {
    /// The plan file
    plan: PathBuf,
    /// The folder for records.csv, users.csv and tenants.csv; none of them may be there
    #[arg(long, value_name = "DIR")]
    write: PathBuf,
}

#[derive(Args)]
struct RunArguments {
    /// The plan file
    #[arg(required_unless_present = "rejects_of")]
    plan: Option<PathBuf>,
    /// Try again what this earlier run rejected, by its id or name: with its plan and its ids
    #[arg(long, value_name = "RUN", conflicts_with_all = ["plan", "decide"])]
    rejects_of: Option<String>,
    /// The destination database's name, to confirm that it may be written (on SQLite the file's
    /// name without its ending)
    #[arg(long, value_name = "NAME", required_unless_present = "dry_run")]
    confirm: Option<String>,
    /// Check everything and say what would be done and what it would take; writes nothing
    #[arg(long)]
    dry_run: bool,
    /// With --dry-run: try out how fast rows go. Some rows of each large entity are inserted into the
    /// destination and rolled back; needs --confirm as a run does
    #[arg(long, requires_all = ["dry_run", "confirm"], conflicts_with = "rejects_of")]
    probe: bool,
    /// How findings are decided that the plan leaves open
    #[arg(long, value_name = "HOW")]
    decide: Option<Decide>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Decide {
    /// Take the recommended decision of each; where that is to stop, stop
    Recommended,
}

#[derive(Args)]
struct CleanupArguments {
    /// The plan file: [clone], [original], and what differs from taking every step
    plan: PathBuf,
    /// The clone database's name, to confirm that it may be written (on SQLite the file's name
    /// without its ending)
    #[arg(long, value_name = "NAME", required_unless_present_any = ["dry_run", "scan"])]
    confirm: Option<String>,
    /// The original database's name as well, where it is not wholly proved that this is the copy
    #[arg(long, value_name = "NAME")]
    original: Option<String>,
    /// Show the rows, say what would be done, and write it as scripts; the databases are only read
    #[arg(long)]
    dry_run: bool,
    /// Where --dry-run writes the script [default: beside the plan, PLAN.sql]; those for users lie
    /// beside it
    #[arg(long, value_name = "FILE", requires = "dry_run")]
    script: Option<PathBuf>,
    /// Only look for what still names the original or leads elsewhere; writes nothing
    #[arg(long, conflicts_with_all = ["dry_run", "confirm", "original"])]
    scan: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct ChecklistArguments {
    /// The procedure; without one the procedures are listed
    procedure: Option<String>,
    /// What it is done for: each name has a checklist of its own
    #[arg(long = "for", value_name = "NAME", default_value = "mine")]
    label: String,
    /// Tick a step
    #[arg(long, value_name = "STEP")]
    done: Vec<String>,
    /// Leave a step out; --note says why
    #[arg(long, value_name = "STEP", requires = "note")]
    skip: Vec<String>,
    /// Take back what was said of a step
    #[arg(long, value_name = "STEP")]
    open: Vec<String>,
    /// What is noted beside it
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// An application server, the deployment controller first
    #[arg(long, value_name = "NAME")]
    server: Vec<String>,
    /// Answer what the databases of this plan can tell: the plan of a clean-up, for `restore` that of
    /// a restore. The answers are kept beside the steps
    #[arg(long, value_name = "PLAN", requires = "procedure")]
    check: Option<PathBuf>,
    /// With --check: try whether this login of the platform is let in; its password is asked for, or
    /// taken from OSFERRY_LOGIN_PASSWORD
    #[arg(long, value_name = "NAME", requires = "check")]
    login: Vec<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct RestoreArguments {
    /// The plan file: [old], [new], and further databases that move with them
    plan: PathBuf,
    /// The checklist `restore` that goes with it: an intact comparison is ticked there
    #[arg(long = "for", value_name = "NAME", default_value = "mine")]
    label: String,
    /// Only say which databases and tables would be compared, and write the statements as a script
    #[arg(long)]
    dry_run: bool,
    /// Where --dry-run writes the script [default: beside the plan, PLAN.sql]
    #[arg(long, value_name = "FILE", requires = "dry_run")]
    script: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct OracleArguments {
    /// The file with schemas, tablespaces and the dump's name
    plan: PathBuf,
    /// The folder for the scripts; none of them may be there
    #[arg(long, value_name = "DIR")]
    write: PathBuf,
}

#[derive(Args)]
struct RightsArguments {
    /// The plan file
    plan: PathBuf,
    /// The login that writes the destination [default: the plan's]
    #[arg(long, value_name = "LOGIN")]
    login: Option<String>,
    /// The login that reads the source [default: the plan's]
    #[arg(long, value_name = "LOGIN")]
    source_login: Option<String>,
    /// Ask for ALTER too, where an undo needs it to bring rows back under their own ids
    #[arg(long)]
    exact_undo: bool,
    /// The folder of rights.sql and revoke.sql [default: the plan's]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// How findings are decided that the plan leaves open
    #[arg(long, value_name = "HOW")]
    decide: Option<Decide>,
}

#[derive(Args)]
struct ResumeArguments {
    /// The run, by id or name
    run: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct UndoArguments {
    /// The run, by id or name
    run: String,
    /// The destination database's name, to confirm that it may be written
    #[arg(long, value_name = "NAME", required_unless_present = "dry_run")]
    confirm: Option<String>,
    /// Say what would be done; writes nothing
    #[arg(long)]
    dry_run: bool,
    /// Leave rows of the run where they are that stand in the way
    #[arg(long, value_name = "WHICH", value_delimiter = ',')]
    leave: Vec<LeaveWhat>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LeaveWhat {
    /// Those that rows of others refer to
    Referenced,
    /// Those that have changed since they were written
    Changed,
}

#[derive(Args)]
struct VerifyArguments {
    /// The run, by id or name
    run: String,
    /// Compare about so many rows of each entity only
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    sample: Option<u64>,
    /// Forget what an interrupted proof has found, and start anew
    #[arg(long)]
    afresh: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
#[command(group(ArgGroup::new("said").args(["done", "open"])))]
struct TasksArguments {
    /// The run, by id or name
    run: String,
    /// Tick a task
    #[arg(long, value_name = "TASK")]
    done: Vec<String>,
    /// Take a tick back, or note something of a task that is not done
    #[arg(long, value_name = "TASK")]
    open: Vec<String>,
    /// What is noted beside the tick
    #[arg(long, value_name = "TEXT", requires = "said")]
    note: Option<String>,
    /// Read in the destination again what can be read; writes nothing there
    #[arg(long)]
    check: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct ExportArguments {
    /// The run, by id or name; by id when its journal is damaged
    run: String,
    /// What is written
    what: ExportWhat,
}

#[derive(Clone, Copy, ValueEnum)]
enum ExportWhat {
    /// Whose id became whose, as CSV; of a damaged journal whatever can be read
    Ids,
    /// Who did and decided what, and when, as JSON lines
    Audit,
    /// What the destination refused, and by which rule, as CSV
    Rejects,
    /// The rows that a clean-up deleted or set, as they were, as JSON lines
    Saved,
}

#[derive(Args)]
struct ForgetArguments {
    /// The run, by id or name
    run: String,
    /// The destination database's name, to confirm that an undo need not be exact any more
    #[arg(
        long,
        value_name = "NAME",
        required_unless_present = "dry_run",
        conflicts_with = "dry_run"
    )]
    confirm: Option<String>,
    /// Say what would be deleted; deletes nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(Args)]
struct RunsArguments {
    /// Print a JSON array, newest last
    #[arg(long)]
    json: bool,
}

/// The program: reads the command line, does what it says, returns the exit code.
#[must_use]
pub fn main() -> ExitCode {
    panic::install();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let asked = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            // A closed pipe is nobody's trouble.
            let _ = error.print();
            return if asked { Exit::Done } else { Exit::WrongCommandLine }.into();
        }
    };
    let wishes = arguments.looks.wishes();
    // A panic has told its sentence in the hook; what it left behind is closed like after a crash.
    let ended = std::panic::catch_unwind(|| perform(arguments.command, wishes));
    match ended {
        Ok(Ok(exit)) => exit.into(),
        Ok(Err(trouble)) => {
            show::say(&format!("osferry: {}", trouble.text));
            trouble.exit.into()
        }
        Err(_) => Exit::Failed.into(),
    }
}

fn perform(command: Option<Command>, wishes: Wishes) -> Result<Exit, Trouble> {
    let home = Home::find()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Trouble::refused(format!("cannot start: {error}")))?;
    runtime.block_on(async {
        match command {
            None => wizard::open(&home, Begin::Home, wishes).await,
            Some(Command::Practice(arguments)) => {
                let wishes = wishes.or(arguments.looks.wishes());
                practice::practice(&home, arguments, wishes).await
            }
            Some(Command::Compare(arguments)) => compare::compare(&arguments).await,
            Some(Command::Map(arguments)) => map::map(&arguments).await,
            Some(Command::Run(arguments)) => run::run(&home, &arguments).await,
            Some(Command::Rights(arguments)) => rights::rights(&arguments).await,
            Some(Command::Resume(arguments)) => resume::resume(&home, &arguments).await,
            Some(Command::Verify(arguments)) => verify::verify(&home, &arguments).await,
            Some(Command::Undo(arguments)) => undo::undo(&home, &arguments).await,
            Some(Command::Checklist(arguments)) => checklist::checklist(&home, &arguments).await,
            Some(Command::Restore(arguments)) => restore::restore(&home, &arguments).await,
            Some(Command::Oracle(arguments)) => oracle::oracle(&arguments),
            Some(Command::Cleanup(arguments)) => cleanup::cleanup(&home, &arguments).await,
            Some(Command::Tasks(arguments)) => tasks::tasks(&home, &arguments).await,
            Some(Command::Export(arguments)) => match arguments.what {
                ExportWhat::Saved => cleanup::export(&home, &arguments).await,
                _ => export::export(&home, &arguments),
            },
            Some(Command::Forget(arguments)) => forget::forget(&home, &arguments).await,
            Some(Command::Runs(arguments)) => runs::runs(&home, &arguments),
            Some(Command::Keys) => Ok(keys::keys()),
        }
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Arguments::command().debug_assert();
    }
}
