//! The key table: nothing means two things, everything has a word.

use osferry::wizard::keys::{Binding, EDITING, EVERYWHERE, MOVING, duplicates};
use osferry::wizard::{home, overlay, steps};

/// Every screen with its own bindings.
fn screens() -> Vec<(&'static str, &'static [Binding])> {
    let mut screens = vec![("Home", home::KEYS), ("an overlay", overlay::KEYS)];
    screens.extend(steps::all().iter().map(|step| (step.name(), step.keys())));
    screens
}

#[test]
fn no_key_means_two_things_on_a_screen() {
    for (name, own) in screens() {
        assert_eq!(duplicates(own), Vec::new(), "on {name}");
    }
}

#[test]
fn every_binding_has_a_key_and_words() {
    let everywhere = [("everywhere", EVERYWHERE), ("moving", MOVING), ("editing", EDITING)];
    for (name, bindings) in screens().into_iter().chain(everywhere) {
        for binding in bindings {
            assert!(!binding.keys.is_empty(), "{name}: {binding:?}");
            assert!(!binding.label.is_empty() && !binding.help.is_empty(), "{name}: {binding:?}");
        }
    }
}

#[test]
fn no_key_needs_a_function_key_alone() {
    use osferry::wizard::keys::Key;
    for (name, bindings) in screens() {
        for binding in bindings.iter().chain(EVERYWHERE) {
            let others = bindings
                .iter()
                .chain(EVERYWHERE)
                .filter(|other| other.command == binding.command)
                .flat_map(|other| other.keys);
            let mut plain = others.filter(|key| !matches!(key, Key::Function(_)));
            assert!(plain.next().is_some(), "{name}: {:?} has function keys only", binding.command);
        }
    }
}
