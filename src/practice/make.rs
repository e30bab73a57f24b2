//! How a value comes about: the words that `entities.toml` uses after `make =`.

use serde::Deserialize;

/// One way to make a value.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "String")]
pub(super) enum Make {
    /// `nothing`: NULL.
    Nothing,
    /// `null date`: 1900-01-01, which OutSystems reads as no date.
    NullDate,
    /// `is TEXT`: exactly this.
    Is(String),
    /// `serial C-####`: the row's number, at least as wide as the signs.
    Serial {
        /// What stands before the number.
        before: String,
        /// The least number of digits.
        width: usize,
        /// What stands after it.
        after: String,
    },
    /// `pick A|B`: one of these.
    Pick(Vec<String>),
    /// `list A|B`: one after the other.
    List(Vec<String>),
    /// `person`: a first and a last name.
    Person,
    /// `email`: of the same person.
    Email,
    /// `company`: a company's name.
    Company,
    /// `shop`: a repair shop's name.
    Shop,
    /// `street`: a street and number.
    Street,
    /// `city`
    City,
    /// `postcode`
    Postcode,
    /// `plate`: a number plate.
    Plate,
    /// `phone`
    Phone,
    /// `prose 30..200`: sentences of so many characters in all.
    Prose(i64, i64),
    /// `worldwide`: a sentence in any script.
    Worldwide,
    /// `number 1..9`
    Number(i64, i64),
    /// `money 1..9`: with cents.
    Money(i64, i64),
    /// `decimal 1..9`: with every digit that the column has.
    Decimal(i64, i64),
    /// `chance 60`: yes in so many of a hundred rows.
    Chance(i64),
    /// `date 2019..2025`: a day of these years.
    Date(i64, i64),
    /// `moment 2019..2025`: with a time.
    Moment(i64, i64),
    /// `time`: a quarter of an hour.
    Time,
    /// `binary 10..20`: so many bytes.
    Binary(i64, i64),
    /// `count 3`: 1, 2, 3, 1, 2, 3 …
    Count(u64),
    /// `any`: a reference to any row of the entity referred to.
    Any,
    /// `row 31`: a reference to the row at 31 times this row's place.
    Row(u64),
    /// `each 3`: three rows in a row refer to the same row.
    Each(u64),
    /// `turn 3`: beside `each 3`, three different rows for each.
    Turn(u64),
    /// `child 2`: the last of the two rows that refer to this one by `each 2`, if there is one.
    Child(u64),
    /// `thread 3`: an earlier row of the same entity; every so many rows start anew.
    Thread(u64),
    /// `record NAME`: a reference to this record of a static entity.
    Record(String),
    /// `user NAME@TENANT`: a reference to this user.
    User {
        /// The username.
        username: String,
        /// The tenant's name.
        tenant: String,
    },
    /// `orphan`: a reference to a row that is not there.
    Orphan,
}

impl TryFrom<String> for Make {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (word, rest) = text.split_once(' ').unwrap_or((&text, ""));
        let unclear = || format!("`{text}` is no way to make a value");
        let range = || -> Result<(i64, i64), String> {
            let (first, last) = rest.split_once("..").ok_or_else(unclear)?;
            let first = first.parse().map_err(|_| unclear())?;
            let last = last.parse().map_err(|_| unclear())?;
            if first <= last { Ok((first, last)) } else { Err(unclear()) }
        };
        let number = || match rest.parse::<u64>() {
            Ok(number) if number > 0 => Ok(number),
            _ => Err(unclear()),
        };
        let choices = || rest.split('|').map(str::to_owned).collect::<Vec<_>>();
        Ok(match (word, rest) {
            ("nothing", "") => Self::Nothing,
            ("null", "date") => Self::NullDate,
            ("is", _) => Self::Is(rest.to_owned()),
            ("serial", _) => {
                let start = rest.find('#').ok_or_else(unclear)?;
                let end = rest.rfind('#').ok_or_else(unclear)? + 1;
                Self::Serial {
                    before: rest[..start].to_owned(),
                    width: end - start,
                    after: rest[end..].to_owned(),
                }
            }
            ("pick", _) => Self::Pick(choices()),
            ("list", _) => Self::List(choices()),
            ("person", "") => Self::Person,
            ("email", "") => Self::Email,
            ("company", "") => Self::Company,
            ("shop", "") => Self::Shop,
            ("street", "") => Self::Street,
            ("city", "") => Self::City,
            ("postcode", "") => Self::Postcode,
            ("plate", "") => Self::Plate,
            ("phone", "") => Self::Phone,
            ("prose", _) => range().map(|(first, last)| Self::Prose(first, last))?,
            ("worldwide", "") => Self::Worldwide,
            ("number", _) => range().map(|(first, last)| Self::Number(first, last))?,
            ("money", _) => range().map(|(first, last)| Self::Money(first, last))?,
            ("decimal", _) => range().map(|(first, last)| Self::Decimal(first, last))?,
            ("chance", _) => Self::Chance(rest.parse().map_err(|_| unclear())?),
            ("date", _) => range().map(|(first, last)| Self::Date(first, last))?,
            ("moment", _) => range().map(|(first, last)| Self::Moment(first, last))?,
            ("time", "") => Self::Time,
            ("binary", _) => range().map(|(first, last)| Self::Binary(first, last))?,
            ("count", _) => Self::Count(number()?),
            ("any", "") => Self::Any,
            ("row", _) => Self::Row(number()?),
            ("each", _) => Self::Each(number()?),
            ("turn", _) => Self::Turn(number()?),
            ("child", _) => Self::Child(number()?),
            ("thread", _) => Self::Thread(number()?),
            ("record", _) => Self::Record(rest.to_owned()),
            ("user", _) => {
                let (username, tenant) = rest.split_once('@').ok_or_else(unclear)?;
                Self::User { username: username.to_owned(), tenant: tenant.to_owned() }
            }
            ("orphan", "") => Self::Orphan,
            _ => return Err(unclear()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_understood_and_others_refused() {
        let make = |text: &str| Make::try_from(text.to_owned());
        assert_eq!(make("prose 3..5"), Ok(Make::Prose(3, 5)));
        assert_eq!(
            make("serial IMG_##.jpg"),
            Ok(Make::Serial { before: "IMG_".into(), width: 2, after: ".jpg".into() })
        );
        assert_eq!(
            make("user a.b@Nordhaven Direct"),
            Ok(Make::User { username: "a.b".into(), tenant: "Nordhaven Direct".into() })
        );
        for wrong in
            ["", "proze 1..2", "number 5..1", "each 0", "serial none", "user a", "person x"]
        {
            assert!(make(wrong).is_err(), "{wrong}");
        }
    }
}
