//! Every byte that the program writes, searched for the passwords it was given.

use std::path::{Path, PathBuf};

use osferry::outsystems::Side;

use crate::estate::generate;
use crate::estate::recipe::{Feature, Recipe};
use crate::program::Bench;
use crate::support::engine::TestEngine;

crate::on_both_engines!(no_password_is_written_anywhere);

/// Base64 of some bytes, without padding.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let at = |place: usize| u32::from(three.get(place).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for letter in 0..=three.len() {
            text.push(char::from(LETTERS[(bits >> (18 - 6 * letter) & 63) as usize]));
        }
    }
    text
}

/// A secret in every spelling in which it may hide: what does not change whatever stands around.
fn spellings(secret: &str) -> Vec<(&'static str, Vec<u8>)> {
    let wide: Vec<u8> = secret.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let mut all = vec![
        ("as it is", secret.as_bytes().to_vec()),
        ("in UTF-16", wide.clone()),
        ("in hexadecimal", hex(secret.as_bytes()).into_bytes()),
        ("in hexadecimal", hex(secret.as_bytes()).to_uppercase().into_bytes()),
        ("in hexadecimal UTF-16", hex(&wide).into_bytes()),
        ("in hexadecimal UTF-16", hex(&wide).to_uppercase().into_bytes()),
        ("as JSON", serde_json::to_vec(secret).expect("a text")[1..].to_vec()),
    ];
    for bytes in [secret.as_bytes(), &wide] {
        for before in 0..3 {
            // What stands before and after shares letters with the first and the last byte.
            let padded: Vec<u8> = std::iter::repeat_n(b'x', before).chain(bytes.to_vec()).collect();
            let text = base64(&padded);
            let (start, end) = ((before * 8).div_ceil(6), padded.len() * 8 / 6);
            all.push(("in base64", text.as_bytes()[start..end].to_vec()));
        }
    }
    all
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

/// Where a secret stands, in whichever spelling.
fn places(folder: &Path, secrets: &[String]) -> Vec<String> {
    let mut all = Vec::new();
    files(folder, &mut all);
    let mut found = Vec::new();
    for file in all {
        let bytes = std::fs::read(&file).expect("a file");
        for (how, needle) in secrets.iter().flat_map(|secret| spellings(secret)) {
            if bytes.windows(needle.len()).any(|part| part == needle) {
                found.push(format!("{} {how}", file.display()));
            }
        }
    }
    found
}

async fn no_password_is_written_anywhere(engine: &TestEngine) {
    let features = vec![Feature::ExistingRows, Feature::MissingUsers, Feature::TwoCycle];
    let pair = generate::pair(&Recipe { seed: 12, size: 2, features, flaw: None });
    let bench = Bench::on(engine, &pair, 12);
    bench.plan(&bench.usual_plan().text());
    let name = bench.databases.name(Side::Destination);
    // Nobody can sign in with these; on files nobody has to.
    let wrong: Vec<(String, String)> =
        ["SOURCE_PASSWORD", "DESTINATION_PASSWORD", "SOURCE_TOKEN", "DESTINATION_TOKEN"]
            .iter()
            .map(|name| (format!("OSFERRY_{name}"), format!("Wr0ng \"{name}\" §ß\\&{{}}")))
            .collect();
    let right = bench.databases.secrets();
    let run = ["run", "plan.toml", "--confirm", &name, "--decide", "recommended"];
    let mut said = vec![bench.osferry_with(&run, &wrong)];
    said.extend([
        bench.run(),
        bench.osferry(&["runs", "--json"]),
        bench.osferry(&["verify", "estate"]),
        bench.osferry(&["compare", "plan.toml", "--json"]),
        bench.osferry_with(&["compare", "plan.toml"], &wrong),
    ]);
    let codes: Vec<Option<i32>> = said.iter().map(|said| said.code).collect();
    assert!(codes[1] == Some(0) || codes[0] == Some(0), "{}", said[1].all());
    for (number, said) in said.iter().enumerate() {
        std::fs::write(bench.folder.path().join(format!("said{number}.txt")), said.all())
            .expect("a file");
    }
    let secrets: Vec<String> = wrong.into_iter().chain(right).map(|(_, secret)| secret).collect();
    let found = places(bench.folder.path(), &secrets);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_secret_is_found_in_every_spelling() {
    let secret = "Geheim-7§ \"x\"".to_owned();
    let wide: Vec<u8> = secret.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut around = b"user=ab;password=".to_vec();
    around.extend(secret.as_bytes());
    around.extend(b";more");
    let hidden: Vec<Vec<u8>> = vec![
        around.clone(),
        [b"..".to_vec(), wide.clone(), b"..".to_vec()].concat(),
        base64(&around).into_bytes(),
        base64(&around[1..]).into_bytes(),
        base64(&around[2..]).into_bytes(),
        base64(&wide).into_bytes(),
        secret.bytes().map(|byte| format!("{byte:02X}")).collect::<String>().into_bytes(),
        serde_json::to_vec(&secret).expect("a text"),
    ];
    for (number, bytes) in hidden.into_iter().enumerate() {
        let folder = tempfile::tempdir().expect("a folder");
        let deep = folder.path().join("a/b");
        std::fs::create_dir_all(&deep).expect("a folder");
        std::fs::write(deep.join("file"), [b"before ".to_vec(), bytes].concat()).expect("a file");
        let found = places(folder.path(), std::slice::from_ref(&secret));
        assert!(!found.is_empty(), "spelling {number}");
    }
}
