//! Review, Execute and Report on the practice pair and on invented runs.

use osferry::compare::choice;

use super::driver::{Driver, LARGE, MEDIUM, SMALL};
use osferry::wizard::{Message, Size};

/// On Review of the practice pair, every finding decided as recommended, or left out.
fn at_review(size: Size) -> Driver {
    let mut driver = Driver::practice(size);
    driver.settle();
    for _ in 0..5 {
        let open: Vec<_> = driver
            .model
            .migration
            .findings()
            .iter()
            .filter(|finding| finding.needs_decision())
            .filter(|finding| driver.model.migration.choice(finding).is_none())
            .cloned()
            .collect();
        for finding in open {
            let migration = &mut driver.model.migration;
            match finding.recommended {
                Some(name) if name != choice::STOP => migration.decide(&finding, name, None),
                _ => println!("STOP {} {} {:?} {:?}", finding.about, finding.key.kind, finding.choices.iter().map(|c| c.name).collect::<Vec<_>>(), finding.candidates),
            }
        }
        driver.send(Message::Resized(size));
        driver.settle();
    }
    driver.press("Ctrl+N");
    driver
}

#[test]
fn look() {
    for size in [LARGE, MEDIUM, SMALL] {
        let mut driver = at_review(size);
        println!("{}", driver.screen());
        println!("{:?}", driver.model.migration.refusal);
        driver.press("Tab");
        driver.type_in("de");
        println!("{}", driver.screen());
        driver.type_in("v");
        println!("{}", driver.screen());
        driver.press("Tab");
        println!("{}", driver.screen());
        driver.press("Enter");
        println!("{}", driver.screen());
        driver.press("Tab");
        println!("{}", driver.screen());
        driver.press("Enter");
        println!("{}", driver.screen());
        driver.press("Esc Tab");
        println!("{}", driver.screen());
        driver.press("Tab");
        println!("{}", driver.screen());
        driver.press("Tab");
        println!("{}", driver.screen());
        driver.press("Ctrl+P");
        println!("{}", driver.screen());
        driver.press("Enter");
        println!("{}", driver.screen());
        driver.press("l");
        println!("{}", driver.screen());
    }
}
