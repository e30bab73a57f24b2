//! Compares two heaps of rows that refer to each other, ids apart.
//!
//! Every row gets a colour: at first by what it holds itself, then again and again by its own
//! colour, those of the rows that it refers to and those of the rows that refer to it. As long
//! as both sides have the same colours equally often, nothing tells them apart; the first round
//! in which they do not names the rows where the difference is.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};

/// A row.
pub struct Node {
    /// Which entity, by its place among the names.
    pub entity: usize,
    /// For people.
    pub id: String,
    /// Made of what it holds.
    pub colour: u64,
    /// The rows that it refers to: which attribute, which row.
    pub links: Vec<(usize, usize)>,
}

pub fn hash(what: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}

/// What tells both sides apart; empty when nothing does.
pub fn compare(names: &[&str], source: &[Node], destination: &[Node]) -> Vec<String> {
    let start = |nodes: &[Node]| -> Vec<u64> {
        nodes.iter().map(|node| hash(&(node.entity, node.colour))).collect()
    };
    let (mut ours, mut theirs) = (start(source), start(destination));
    let mut kinds = 0;
    for round in 0.. {
        let apart = apart(names, (source, &ours), (destination, &theirs), round);
        let seen = ours.iter().collect::<BTreeSet<_>>().len();
        // Colours only ever part: once none has, none will.
        if !apart.is_empty() || seen == kinds {
            return apart;
        }
        kinds = seen;
        ours = again(source, &ours);
        theirs = again(destination, &theirs);
    }
    Vec::new()
}

/// The next colours.
fn again(nodes: &[Node], colours: &[u64]) -> Vec<u64> {
    // A sum does not depend on the order of the rows that refer to a row.
    let mut referring = vec![0_u64; nodes.len()];
    for (node, colour) in nodes.iter().zip(colours) {
        for (attribute, to) in &node.links {
            let one = hash(&(node.entity, attribute, colour));
            referring[*to] = referring[*to].wrapping_add(one);
        }
    }
    let next = |(place, node): (usize, &Node)| {
        let links: Vec<(usize, u64)> =
            node.links.iter().map(|(attribute, to)| (*attribute, colours[*to])).collect();
        hash(&(colours[place], links, referring[place]))
    };
    nodes.iter().enumerate().map(next).collect()
}

fn apart(
    names: &[&str],
    (source, ours): (&[Node], &[u64]),
    (destination, theirs): (&[Node], &[u64]),
    round: usize,
) -> Vec<String> {
    let (ours, theirs) = (sorted(source, ours), sorted(destination, theirs));
    let mut only: Vec<(Vec<&str>, Vec<&str>)> = vec![Default::default(); names.len()];
    let (mut left, mut right) = (ours.iter().peekable(), theirs.iter().peekable());
    loop {
        match (left.peek(), right.peek()) {
            (Some(a), Some(b)) if (a.0, a.1) == (b.0, b.1) => {
                left.next();
                right.next();
            }
            (Some(a), b) if b.is_none_or(|b| (a.0, a.1) < (b.0, b.1)) => {
                only[a.0].0.push(a.2);
                left.next();
            }
            (_, Some(b)) => {
                only[b.0].1.push(b.2);
                right.next();
            }
            _ => break,
        }
    }
    let how = match round {
        0 => "by what they hold".to_owned(),
        rounds => format!("by what they refer to, {rounds} steps far"),
    };
    let mut found = Vec::new();
    for (name, (source, destination)) in names.iter().zip(only) {
        if !source.is_empty() || !destination.is_empty() {
            found.push(format!(
                "{name}: {} rows of the source ({}) and {} of the destination ({}) have no equal \
                 {how}",
                source.len(),
                some(&source),
                destination.len(),
                some(&destination)
            ));
        }
    }
    found
}

/// Entity, colour, id.
fn sorted<'a>(nodes: &'a [Node], colours: &[u64]) -> Vec<(usize, u64, &'a str)> {
    let mut rows: Vec<(usize, u64, &str)> = nodes
        .iter()
        .zip(colours)
        .map(|(node, colour)| (node.entity, *colour, node.id.as_str()))
        .collect();
    rows.sort_unstable();
    rows
}

fn some(ids: &[&str]) -> String {
    let more = if ids.len() > 4 { ", …" } else { "" };
    format!("{}{more}", ids[..ids.len().min(4)].join(", "))
}
