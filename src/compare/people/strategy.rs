//! What a plan says of all users at once; what is decided about one of them goes before it.

use crate::compare::{Choice, Selection, choice};
use crate::outsystems::{Key, User};

/// How the users of a run are matched, and what becomes of those that are missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserStrategy {
    /// What says that two users are the same person.
    pub match_by: MatchBy,
    /// What becomes of users that the destination has.
    pub existing: WhenFound,
    /// What becomes of users that the destination does not have; `None` leaves each to be decided.
    pub missing: Option<WhenMissing>,
    /// Whom [`WhenMissing::Map`] maps them to: a user name of the destination, or an id.
    pub map_to: Option<String>,
    /// Whether created users, and updated ones, keep the password hashes that they have in the source; else they get
    /// a value that no password fits.
    pub copies_passwords: bool,
}

/// What says that two users are the same person, within their tenant (`metamodel.md` §6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MatchBy {
    /// OSSYS_USER.USERNAME
    #[default]
    UserName,
    /// OSSYS_USER.EMAIL
    Email,
    /// OSSYS_USER.EXTERNAL_ID
    ExternalId,
}

impl MatchBy {
    /// The ways with their names in plan files; the first is the default.
    pub const ALL: [(&'static str, Self); 3] =
        [("username", Self::UserName), ("email", Self::Email), ("external-id", Self::ExternalId)];

    /// As sentences name it.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::UserName => "name",
            Self::Email => "e-mail address",
            Self::ExternalId => "external id",
        }
    }

    /// What a user is known by; empty where the user has none.
    #[must_use]
    pub fn key(self, user: &User) -> &Key {
        match self {
            Self::UserName => &user.username,
            Self::Email => &user.email,
            Self::ExternalId => &user.external_id,
        }
    }
}

/// What becomes of users that the destination has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenFound {
    /// They are used as they are.
    #[default]
    Use,
    /// They take what the source says of them.
    Update,
    /// They are deleted, and created again as the source has them.
    Recreate,
}

impl WhenFound {
    /// The ways with their names in plan files; the first is the default.
    pub const ALL: [(&'static str, Self); 3] = [
        (choice::USE, Self::Use),
        (choice::UPDATE, Self::Update),
        (choice::RECREATE, Self::Recreate),
    ];

    /// The choice that it stands for.
    #[must_use]
    pub const fn choice(self) -> &'static str {
        match self {
            Self::Use => choice::USE,
            Self::Update => choice::UPDATE,
            Self::Recreate => choice::RECREATE,
        }
    }
}

/// What becomes of users that the destination does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenMissing {
    /// They are created.
    Create,
    /// One user of the destination stands for all of them.
    Map,
    /// References to them are emptied where they may be.
    Empty,
    /// The run does not start.
    Stop,
}

impl WhenMissing {
    /// All with their names in plan files.
    pub const ALL: [(&'static str, Self); 4] = [
        (choice::CREATE, Self::Create),
        (choice::MAP, Self::Map),
        (choice::EMPTY, Self::Empty),
        (choice::STOP, Self::Stop),
    ];

    /// The choice that it stands for.
    #[must_use]
    pub const fn choice(self) -> &'static str {
        match self {
            Self::Create => choice::CREATE,
            Self::Map => choice::MAP,
            Self::Empty => choice::EMPTY,
            Self::Stop => choice::STOP,
        }
    }
}

impl Selection {
    /// What may become of a user that the destination has, the user's own row there first;
    /// `may_be_written` where that is not one of Service Center.
    #[must_use]
    pub fn ways_with_found(&self, may_be_written: bool) -> Vec<Choice> {
        let mut choices = vec![Choice::new(choice::USE, "use it as it is")];
        if may_be_written {
            choices.extend(self.ways_to_write());
        }
        choices.push(Choice::new(choice::MAP, "use another user").to_a_target());
        choices
    }

    /// What may become of the row of a user that was found.
    pub(super) fn ways_to_write(&self) -> [Choice; 2] {
        let (kept, made) = match self.strategy.copies_passwords {
            true => ("password as in the source", "the password as in the source"),
            false => ("password as it is", "no password"),
        };
        let masked = match self.masks_personal_data {
            Some(false) => "",
            _ => ", e-mail and phone masked",
        };
        [
            Choice::new(
                choice::UPDATE,
                format!("update it: what the source says of it{masked}, {kept}"),
            ),
            Choice::new(choice::RECREATE, format!("delete it and create it again{masked}, {made}"))
                .costing("roles and groups outside the scope go with it"),
        ]
    }
}
