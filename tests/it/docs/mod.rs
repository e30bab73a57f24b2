//! What the documentation shows of the program and the program makes: pictures and the key table.
//!
//! `OSFERRY_UPDATE_DOCS=1 cargo test --test it docs` writes all of it anew.

#![expect(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

mod keys;
mod pictures;
mod svg;

use std::path::Path;

/// Fails unless a file of the repository holds this text, or writes it when that is wished.
fn keep(file: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    if std::env::var_os("OSFERRY_UPDATE_DOCS").is_some() {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(&path, text).expect("written");
        return;
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    if kept == text {
        return;
    }
    let differs = text.lines().zip(kept.lines()).find(|(new, old)| new != old);
    let (new, old) = differs.unwrap_or(("more or fewer lines", ""));
    panic!(
        "{file} is not what the program makes now:\n  there {old}\n  now   {new}\nRefresh it with\n  \
         OSFERRY_UPDATE_DOCS=1 cargo test --test it docs"
    );
}
