//! What the person sees when the program itself is wrong: a sentence, never a backtrace.

use std::panic::PanicHookInfo;

use crate::terminal::life;

/// Replaces the panic message by a sentence, said once the terminal is what it was.
/// `RUST_BACKTRACE` asks for the details.
pub fn install() {
    let default = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if life::on_panic() == life::Panicked::KeepQuiet {
            return;
        }
        super::show::say(&sentence(info));
        if std::env::var_os("RUST_BACKTRACE").is_some_and(|value| value != "0") {
            default(info);
        }
    }));
}

fn sentence(info: &PanicHookInfo<'_>) -> String {
    // The message of a panic could hold a row's values; the place in the code cannot.
    let place = info
        .location()
        .map_or_else(String::new, |place| format!(" ({}, line {})", place.file(), place.line()));
    format!(
        "osferry: this is a mistake in osferry itself{place}. What was committed is in the run's \
         journal; `osferry runs` shows how far it came.\n  Please report it with what you did; \
         RUST_BACKTRACE=1 shows more."
    )
}
