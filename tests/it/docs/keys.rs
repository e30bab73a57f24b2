//! The README's key table is the program's.

use std::path::Path;

use osferry::wizard::help;

use super::keep;

const START: &str = "<!-- keys that work everywhere: written by the tests -->\n";
const END: &str = "<!-- end of the keys -->";

/// The keys that work everywhere, as a table.
fn table() -> String {
    let everywhere = help::general().into_iter().next().expect("the first section");
    let mut table = "\n| Key | |\n|---|---|\n".to_owned();
    for binding in everywhere.bindings {
        let keys = binding.keys_text().replace(", ", "`, `").replace(" to ", "` to `");
        table.push_str(&format!("| `{keys}` | {} |\n", binding.help));
    }
    table.push('\n');
    table
}

#[test]
fn the_readme_has_the_keys_that_work_everywhere() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let text = std::fs::read_to_string(path).expect("the README").replace("\r\n", "\n");
    let start = text.find(START).expect("where the keys start") + START.len();
    let end = start + text[start..].find(END).expect("where they end");
    keep("README.md", &format!("{}{}{}", &text[..start], table(), &text[end..]));
}
