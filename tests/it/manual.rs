//! The manual names everything: findings, choices, keys of the plan, commands and their options.

#![expect(clippy::expect_used, reason = "a test says what is wrong by panicking")]

use std::path::Path;

use osferry::compare::{FindingKind, choice};

fn read(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    std::fs::read_to_string(&path).expect("a file of the repository").replace("\r\n", "\n")
}

fn manual() -> String {
    read("docs/manual.md")
}

/// A chapter of the manual, up to the next of the same rank.
fn chapter(title: &str) -> String {
    let text = manual();
    let start = text.find(&format!("\n## {title}\n")).expect("a chapter") + 1;
    let end = text[start..].find("\n## ").map_or(text.len(), |end| start + end);
    text[start..end].to_owned()
}

#[test]
fn every_finding_has_a_line_with_its_choices() {
    let chapter = chapter("Findings and decisions");
    for kind in FindingKind::ALL {
        let line = chapter.lines().find(|line| line.starts_with(&format!("| `{kind}` |")));
        assert!(line.is_some(), "the manual has no line for {kind}");
    }
    for name in [
        choice::STOP,
        choice::LEAVE_OUT,
        choice::REJECT,
        choice::CUT,
        choice::EMPTY,
        choice::CREATE,
        choice::USE,
        choice::MAP,
        choice::MAP_BY_KEY,
        choice::REPLACEMENT,
        choice::TAKE_IN,
        choice::KEEP,
        choice::REPLACE,
        choice::DEFAULT,
    ] {
        assert!(chapter.contains(&format!("\n| `{name}` |")), "the choice {name} is not explained");
    }
}

#[test]
fn the_manual_explains_no_finding_that_is_not_there() {
    for line in chapter("Findings and decisions").lines() {
        let Some(name) = line.strip_prefix("| `").and_then(|rest| rest.split('`').next()) else {
            continue;
        };
        let is_choice = line.matches('|').count() == 3;
        assert!(is_choice || FindingKind::parse(name).is_some(), "there is no finding {name}");
    }
}

#[test]
fn every_key_of_a_plan_is_explained() {
    let chapter = chapter("The plan file");
    let tables = osferry::plan::plan_keys();
    for key in tables.iter().flat_map(|(_, keys)| *keys) {
        let is_table =
            ["source", "destination", "scope", "options", "preflight", "users", "maps", "wizard"];
        let form = match *key {
            "decision" => "`[[decision]]`".to_owned(),
            table if is_table.contains(&table) => format!("`[{table}]`"),
            key => format!("\n| `{key}` |"),
        };
        assert!(chapter.contains(&form), "the manual does not explain {key}");
    }
}

#[test]
fn every_key_of_a_clean_up_is_explained_and_its_plans_can_be_read() {
    let chapter = chapter("The neighbouring procedures");
    for key in osferry::plan::cleanup_keys().iter().flat_map(|(_, keys)| *keys) {
        let is_told = ["version", "name", "clone", "original", "cleanup"].contains(key)
            || chapter.contains(&format!("\n| `{key}` |"));
        assert!(is_told, "the manual does not explain {key}");
    }
    let plans: Vec<&str> =
        chapter.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    let [cleanup, restore, oracle] = plans.as_slice() else { panic!("{} plans", plans.len()) };
    let file = osferry::plan::CleanupFile::parse(cleanup, "x").expect("a plan");
    let chosen = osferry::front::cleanup::chosen(&file).expect("steps");
    assert!(chosen.iter().any(|step| step.name == "cut-connections"));
    osferry::plan::RestoreFile::parse(restore, "x").expect("a restore");
    assert!(osferry::plan::restore_keys().contains(&"databases"));
    osferry::procedures::OracleClone::parse(oracle).expect("a clone on Oracle");
    for name in osferry::procedures::ALL {
        assert!(chapter.contains(&format!("`{name}`")), "the manual does not name {name}");
    }
}

#[test]
fn the_plan_of_the_manual_can_be_read() {
    let chapter = chapter("The plan file");
    let start = chapter.find("```toml\n").expect("a plan") + 8;
    let end = start + chapter[start..].find("```").expect("its end");
    let plan = osferry::plan::PlanFile::parse(&chapter[start..end], "x").expect("a plan");
    assert_eq!(plan.decisions.all().len(), 1);
}

#[test]
fn the_plan_of_the_readme_can_be_read() {
    let text = read("README.md");
    let start = text.find("```toml\n").expect("a plan") + 8;
    let end = start + text[start..].find("```").expect("its end");
    osferry::plan::PlanFile::parse(&text[start..end], "x").expect("a plan");
}

fn help(arguments: &[&str]) -> String {
    let output = assert_cmd::Command::new(env!("CARGO_BIN_EXE_osferry"))
        .args(arguments)
        .output()
        .expect("the program starts");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn every_command_and_option_is_explained() {
    let chapter = chapter("Commands");
    let text = help(&["--help"]);
    let commands: Vec<&str> = text
        .lines()
        .skip_while(|line| !line.starts_with("Commands:"))
        .skip(1)
        .take_while(|line| line.starts_with("  "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    assert!(commands.len() >= 5, "the commands are not where they are looked for:\n{text}");
    for command in commands {
        let heading = format!("\n### `osferry {command}");
        let start = chapter.find(&heading);
        assert!(start.is_some(), "the manual does not explain osferry {command}");
        let section = &chapter[start.unwrap_or_default() + 1..];
        let section = &section[..section.find("\n### ").unwrap_or(section.len())];
        for word in help(&[command, "--help"]).split_whitespace() {
            let word = word.trim_matches(|c: char| !c.is_ascii_alphanumeric() && c != '-');
            if word.starts_with("--") && word != "--help" {
                assert!(section.contains(&format!("`{word}")), "osferry {command}: {word}");
            }
        }
    }
}

#[test]
fn every_step_of_the_wizard_is_explained_in_their_order() {
    let chapter = chapter("The wizard");
    let mut from = 0;
    for step in osferry::wizard::steps::all() {
        let line = format!("\n| **{}** |", step.name());
        let at = chapter[from..].find(&line);
        assert!(
            at.is_some(),
            "the manual does not say what {} is for, or not in its place",
            step.name()
        );
        from += at.unwrap_or_default() + 1;
    }
    for sign in ["✓", "!", "▸", "~", "·"] {
        assert!(chapter.contains(&format!("\n| `{sign}` |")), "the sign {sign}");
    }
}

/// Every picture of the documentation is there, and every one there is used.
#[test]
fn every_picture_is_there_and_used() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut used = Vec::new();
    for (folder, text) in [("docs", manual()), ("", read("README.md"))] {
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if link.ends_with(".svg") {
                let picture = root.join(folder).join(link);
                assert!(picture.is_file(), "there is no {link}");
                used.push(picture);
            }
        }
    }
    for file in std::fs::read_dir(root.join("docs/pictures")).expect("pictures") {
        let file = file.expect("a file").path();
        assert!(used.contains(&file), "nothing shows {}", file.display());
    }
}

#[test]
fn every_exit_code_is_explained() {
    let chapter = chapter("Exit codes");
    for code in [0, 1, 2, 3, 4, 64] {
        assert!(chapter.contains(&format!("\n| {code} |")), "exit code {code}");
    }
}

/// Links to headings, within the manual and from the README.
#[test]
fn every_link_leads_to_a_heading() {
    let text = manual();
    let headings: Vec<String> = text
        .lines()
        .filter_map(|line| line.strip_prefix('#'))
        .map(|line| {
            line.trim_start_matches('#')
                .trim()
                .to_lowercase()
                .chars()
                .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
                .map(|c| if c == ' ' { '-' } else { c })
                .collect()
        })
        .collect();
    for (file, text) in [("docs/manual.md", text.clone()), ("README.md", read("README.md"))] {
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let Some((page, heading)) = link.split_once('#') else { continue };
            if page.is_empty() || page == "docs/manual.md" {
                assert!(headings.iter().any(|known| known == heading), "{file}: {link}");
            }
        }
    }
}
