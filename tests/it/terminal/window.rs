//! A terminal's window with a program in it: keys go in, the screen is what comes out.
//!
//! Nothing here sleeps for a fixed time. A test waits until the screen shows what it wants, looks
//! only at whole frames, and prints the screen when it waits in vain.

use std::io::{Read as _, Write as _};
use std::num::NonZeroU16;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, SlavePty, native_pty_system};
use vt100::{Callbacks, Parser, Screen};

/// How long anything may take; what takes longer hangs. Generous, as every core may be busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// Width and height.
pub type Size = (u16, u16);

pub const LARGE: Size = (100, 30);
pub const MEDIUM: Size = (80, 24);
pub const SMALL: Size = (60, 18);

/// What a terminal does besides drawing: it answers questions and remembers titles.
#[derive(Default)]
struct Manners {
    /// Answers that the program waits for.
    answers: Vec<u8>,
    /// Whether a frame has begun and not ended.
    in_frame: bool,
    /// Frames that have ended.
    frames: usize,
    titles: Vec<String>,
    copied: Vec<Vec<u8>>,
    /// Sequences that no terminal of ours knows.
    unknown: Vec<String>,
}

impl Callbacks for Manners {
    fn set_window_title(&mut self, _: &mut Screen, title: &[u8]) {
        self.titles.push(String::from_utf8_lossy(title).into_owned());
    }

    fn copy_to_clipboard(&mut self, _: &mut Screen, _: &[u8], data: &[u8]) {
        self.copied.push(data.to_vec());
    }

    fn unhandled_csi(
        &mut self,
        screen: &mut Screen,
        first: Option<u8>,
        _: Option<u8>,
        parameters: &[&[u16]],
        last: char,
    ) {
        match (first, parameters, last) {
            // Where the cursor is: a program that asks waits seconds for the answer.
            (None, [[6]], 'n') => {
                let (row, column) = screen.cursor_position();
                let answer = format!("\x1b[{};{}R", row + 1, column + 1);
                self.answers.extend(answer.as_bytes());
            }
            (Some(b'?'), [[2026]], 'h') => self.in_frame = true,
            (Some(b'?'), [[2026]], 'l') => {
                self.in_frame = false;
                self.frames += 1;
            }
            // The colour of a line below letters, as it always is: what does not know it has none.
            (None, [[59]], 'm') => {}
            (first, parameters, last) => {
                self.unknown.push(format!("{first:?} {parameters:?} {last}"));
            }
        }
    }
}

/// What is known of the window so far.
struct Seen {
    parser: Parser<Manners>,
    /// Everything the program has written.
    bytes: Vec<u8>,
    /// Whether nothing more can come.
    is_over: bool,
    /// Whether the reader is to let go of the terminal.
    lets_go: bool,
}

struct Shared {
    seen: Mutex<Seen>,
    changed: Condvar,
    keys: Mutex<Option<Box<dyn std::io::Write + Send>>>,
}

impl Shared {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().expect("no test has died with it")
    }

    fn write(&self, bytes: &[u8]) {
        let mut keys = self.keys.lock().expect("no test has died with it");
        if let Some(keys) = keys.as_mut() {
            // A program that has ended reads nothing any more; the screen tells so.
            let _ = keys.write_all(bytes);
            let _ = keys.flush();
        }
    }

    /// Takes in what the program writes until it has ended.
    fn listen(&self, mut reader: Box<dyn std::io::Read + Send>) {
        let mut buffer = [0; 8192];
        loop {
            let read = reader.read(&mut buffer).unwrap_or(0);
            let mut seen = self.seen();
            seen.bytes.extend_from_slice(&buffer[..read]);
            seen.parser.process(&buffer[..read]);
            let answers = std::mem::take(&mut seen.parser.callbacks_mut().answers);
            let ends = read == 0 || seen.lets_go;
            seen.is_over = ends;
            drop(seen);
            if !answers.is_empty() {
                self.write(&answers);
            }
            if ends {
                drop(reader);
                self.changed.notify_all();
                return;
            }
            self.changed.notify_all();
        }
    }
}

/// How a program ended, and what its terminal was like then.
pub struct Ended {
    pub code: u32,
    /// The signal that killed it.
    pub signal: Option<String>,
    /// Everything it wrote.
    pub bytes: Vec<u8>,
    /// What the screen shows.
    pub screen: String,
    /// Whether the terminal is as it was.
    pub troubles: Vec<String>,
}

impl Ended {
    /// Fails unless the program ended in order, with this code, and left the terminal as it was.
    pub fn well(&self, code: u32) -> &Self {
        let how = (self.code, self.signal.as_deref());
        assert_eq!(how, (code, None), "it ended otherwise:\n{}", self.screen);
        self.restored()
    }

    /// Fails unless the terminal is as it was.
    pub fn restored(&self) -> &Self {
        assert!(self.troubles.is_empty(), "{}\n{}", self.troubles.join("\n"), self.screen);
        self
    }
}

/// A program in a terminal.
pub struct Window {
    shared: Arc<Shared>,
    master: Option<Box<dyn MasterPty + Send>>,
    /// Kept, so that the terminal's modes can be asked for once the program has ended.
    slave: Option<Box<dyn SlavePty + Send>>,
    child: Box<dyn Child + Send + Sync>,
    modes: Option<String>,
}

fn sized((width, height): Size) -> PtySize {
    PtySize { rows: height, cols: width, pixel_width: 0, pixel_height: 0 }
}

fn cells(size: u16) -> NonZeroU16 {
    NonZeroU16::new(size).expect("a window has cells")
}

/// The modes of a terminal: raw or not, echo or not, and all the others.
fn modes(master: &dyn MasterPty) -> Option<String> {
    let modes = master.get_termios()?;
    Some(format!(
        "{:?} {:?} {:?} {:?}",
        modes.input_flags, modes.output_flags, modes.control_flags, modes.local_flags
    ))
}

impl Window {
    /// Starts a program in a window of that size.
    pub fn open(command: CommandBuilder, size: Size) -> Self {
        let pair = native_pty_system().openpty(sized(size)).expect("a pseudo-terminal");
        let modes = modes(pair.master.as_ref());
        let child = pair.slave.spawn_command(command).expect("the program starts");
        let reader = pair.master.try_clone_reader().expect("a reader");
        let keys = pair.master.take_writer().expect("a writer");
        let parser =
            Parser::new_with_callbacks(cells(size.1), cells(size.0), 1000, Manners::default());
        let shared = Arc::new(Shared {
            seen: Mutex::new(Seen { parser, bytes: Vec::new(), is_over: false, lets_go: false }),
            changed: Condvar::new(),
            keys: Mutex::new(Some(keys)),
        });
        let listener = Arc::clone(&shared);
        std::thread::spawn(move || listener.listen(reader));
        Self { shared, master: Some(pair.master), slave: Some(pair.slave), child, modes }
    }

    /// Waits until a whole frame is as it should be, and gives what was found there.
    fn wait<T>(&self, what: &str, mut found: impl FnMut(&Seen) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        let mut seen = self.shared.seen();
        loop {
            if !seen.parser.callbacks().in_frame
                && let Some(found) = found(&seen)
            {
                return found;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || seen.is_over {
                let screen = text(seen.parser.screen());
                let state = if seen.is_over { "the program has ended" } else { "it hangs" };
                // The lock must not be poisoned for those who still want to look.
                drop(seen);
                panic!("waiting for {what}, {state}:\n{screen}");
            }
            seen = self.shared.changed.wait_timeout(seen, left).expect("no test died with it").0;
        }
    }

    /// Waits until the screen is as it should be.
    pub fn until(&self, what: &str, mut is_so: impl FnMut(&str) -> bool) {
        self.wait(what, |seen| is_so(&text(seen.parser.screen())).then_some(()));
    }

    /// Waits until the screen shows a text.
    pub fn shows(&self, wanted: &str) -> &Self {
        self.until(&format!("{wanted:?}"), |screen| screen.contains(wanted));
        self
    }

    /// Waits until the screen no longer shows a text.
    pub fn hides(&self, unwanted: &str) -> &Self {
        self.until(&format!("{unwanted:?} to go"), |screen| !screen.contains(unwanted));
        self
    }

    /// Waits until a title was set that has this in it.
    pub fn titled(&self, wanted: &str) {
        self.wait(&format!("the title {wanted:?}"), |seen| {
            seen.parser.callbacks().titles.iter().any(|title| title.contains(wanted)).then_some(())
        });
    }

    /// What was put on the clipboard, last last.
    pub fn copied(&self) -> Vec<Vec<u8>> {
        self.shared.seen().parser.callbacks().copied.clone()
    }

    /// The screen as it is.
    pub fn screen(&self) -> String {
        self.wait("a whole frame", |seen| Some(text(seen.parser.screen())))
    }

    /// What is known of each cell.
    pub fn look<T>(&self, look: impl Fn(&Screen) -> T) -> T {
        self.wait("a whole frame", |seen| Some(look(seen.parser.screen())))
    }

    /// Waits until all keys pressed so far have been obeyed: what follows them is obeyed after them,
    /// and drawing the screen again is to be seen among the bytes.
    pub fn obeyed(&self) -> &Self {
        let clears = |seen: &Seen| {
            let clear = b"\x1b[2J";
            seen.bytes.windows(clear.len()).filter(|part| part == clear).count()
        };
        let before = clears(&self.shared.seen());
        self.press("Ctrl+L");
        self.wait("the keys to be obeyed", |seen| (clears(seen) > before).then_some(()));
        self
    }

    /// Everything written so far.
    pub fn bytes(&self) -> Vec<u8> {
        self.shared.seen().bytes.clone()
    }

    /// Sequences that a terminal may not know.
    pub fn unknown(&self) -> Vec<String> {
        self.shared.seen().parser.callbacks().unknown.clone()
    }

    /// Presses keys, by their names, one after the other: `Ctrl+N Space Down x`.
    pub fn press(&self, keys: &str) -> &Self {
        for name in keys.split_whitespace() {
            self.shared.write(&key(name));
        }
        self
    }

    /// Writes bytes as they are, as a terminal would for what the names of keys do not cover.
    pub fn write(&self, bytes: &[u8]) -> &Self {
        self.shared.write(bytes);
        self
    }

    /// Pastes a text, as a terminal does that was asked to say so.
    pub fn paste(&self, text: &str) -> &Self {
        self.wait("bracketed paste", |seen| seen.parser.screen().bracketed_paste().then_some(()));
        self.shared.write(format!("\x1b[200~{text}\x1b[201~").as_bytes());
        self
    }

    /// Makes the window another size; what is on the screen stays until the program draws.
    pub fn resize(&self, size: Size) -> &Self {
        // Before the program hears of it, so that nothing is drawn into the old window.
        let mut seen = self.shared.seen();
        seen.parser.set_size(cells(size.1), cells(size.0));
        drop(seen);
        let master = self.master.as_ref().expect("the window is open");
        master.resize(sized(size)).expect("another size");
        self
    }

    /// The program's number.
    pub fn process(&self) -> u32 {
        self.child.process_id().expect("it has one")
    }

    /// Sends a signal: `TERM`, `HUP`.
    pub fn signal(&self, name: &str) -> &Self {
        let command = format!("kill -{name} {}", self.process());
        let sent = std::process::Command::new("sh").args(["-c", &command]).status();
        assert!(sent.expect("a shell").success(), "{command}");
        self
    }

    /// Closes the window, as a person does with the mouse: the program loses its terminal.
    pub fn close(mut self) -> u32 {
        self.shared.seen().lets_go = true;
        // The reader lets go after the next frame, and the clock brings one at once.
        let seen = self.shared.seen();
        let over = self.shared.changed.wait_timeout_while(seen, PATIENCE, |seen| !seen.is_over);
        let (seen, _) = over.expect("no test died with it");
        assert!(seen.is_over, "nothing is drawn any more:\n{}", text(seen.parser.screen()));
        drop(seen);
        *self.shared.keys.lock().expect("no test died with it") = None;
        self.master = None;
        self.slave = None;
        self.wait_for_the_end().exit_code()
    }

    fn wait_for_the_end(&mut self) -> portable_pty::ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                return status;
            }
            if Instant::now() > deadline {
                let screen = text(self.shared.seen().parser.screen());
                panic!("the program does not end:\n{screen}");
            }
            // The system has no way to wait for a child for a limited time; this is no wait for
            // something to have happened, only a pause between two looks.
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits for the program's end and looks what it left behind.
    pub fn ends(mut self) -> Ended {
        let status = self.wait_for_the_end();
        let after = self.master.as_ref().and_then(|master| modes(master.as_ref()));
        // Without it the reader meets the end of what was written.
        self.slave = None;
        let seen = self.shared.seen();
        let over = self.shared.changed.wait_timeout_while(seen, PATIENCE, |seen| !seen.is_over);
        let (seen, _) = over.expect("no test died with it");
        let screen = seen.parser.screen();
        let mut troubles = Vec::new();
        for (is_left, what) in [
            (screen.alternate_screen(), "the alternate screen was not left"),
            (screen.hide_cursor(), "the cursor is hidden"),
            (screen.bracketed_paste(), "bracketed paste is on"),
            (screen.application_cursor(), "the arrow keys mean something else"),
            (
                screen.mouse_protocol_mode() != vt100::MouseProtocolMode::None,
                "the mouse is captured",
            ),
            (seen.parser.callbacks().in_frame, "a frame has no end"),
            (screen.fgcolor() != vt100::Color::Default, "letters are coloured"),
            (screen.bgcolor() != vt100::Color::Default, "the ground is coloured"),
            (screen.inverse() || screen.bold() || screen.underline(), "letters are not plain"),
            (after != self.modes, "the terminal's modes are not as they were"),
            (
                seen.parser.callbacks().titles.last().is_some_and(|title| !title.is_empty()),
                "the title stays",
            ),
        ] {
            if is_left {
                troubles.push(what.to_owned());
            }
        }
        if after != self.modes {
            troubles.push(format!("before: {:?}\nafter: {after:?}", self.modes));
        }
        Ended {
            code: status.exit_code(),
            signal: status.signal().map(ToOwned::to_owned),
            bytes: seen.bytes.clone(),
            screen: text(screen),
            troubles,
        }
    }
}

impl Drop for Window {
    /// A test that failed leaves no program behind.
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// The screen as lines of text.
pub fn text(screen: &Screen) -> String {
    let (_, width) = screen.size();
    let mut text = String::new();
    for row in screen.rows(0, width.get()) {
        text.push_str(row.trim_end());
        text.push('\n');
    }
    text
}

/// What a terminal sends for a key.
fn key(name: &str) -> Vec<u8> {
    let sent: &[u8] = match name {
        "Space" => b" ",
        "Enter" => b"\r",
        // In the form that cannot be taken for the beginning of the next key, which some terminals
        // send; `life` presses the bare one.
        "Esc" => b"\x1b[27u",
        "Tab" => b"\t",
        "Shift+Tab" => b"\x1b[Z",
        "Backspace" => b"\x7f",
        "Del" => b"\x1b[3~",
        "Up" => b"\x1b[A",
        "Down" => b"\x1b[B",
        "Right" => b"\x1b[C",
        "Left" => b"\x1b[D",
        "Home" => b"\x1b[H",
        "End" => b"\x1b[F",
        "PgUp" => b"\x1b[5~",
        "PgDn" => b"\x1b[6~",
        "F1" => b"\x1bOP",
        "F7" => b"\x1b[18~",
        "F8" => b"\x1b[19~",
        name => {
            let mut letters = name.strip_prefix("Ctrl+").unwrap_or(name).chars();
            let letter = letters.next().expect("a key");
            assert!(letters.next().is_none(), "there is no key {name}");
            if name.starts_with("Ctrl+") {
                return vec![u8::try_from(letter.to_ascii_uppercase()).expect("a letter") - 0x40];
            }
            return letter.to_string().into_bytes();
        }
    };
    sent.to_vec()
}
