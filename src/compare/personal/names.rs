//! What the names of attributes make likely, in English and in Portuguese.

use crate::outsystems::BasicType;

/// What an attribute's name ends in, and what it is masked as where it is a text.
const NAMES: &[(&[&str], &str)] = &[
    (&["email"], "email"),
    (&["email", "address"], "email"),
    (&["e", "mail", "address"], "email"),
    (&["e", "mail"], "email"),
    (&["phone"], "phone"),
    (&["telephone"], "phone"),
    (&["mobile"], "phone"),
    (&["fax"], "phone"),
    (&["telefone"], "phone"),
    (&["telemovel"], "phone"),
    (&["celular"], "phone"),
    (&["first", "name"], "text"),
    (&["last", "name"], "text"),
    (&["middle", "name"], "text"),
    (&["full", "name"], "text"),
    (&["surname"], "text"),
    (&["apelido"], "text"),
    (&["address"], "text"),
    (&["street"], "text"),
    (&["morada"], "text"),
    (&["tax"], "text"),
    (&["tax", "id"], "text"),
    (&["nif"], "text"),
    (&["cpf"], "text"),
    (&["ssn"], "text"),
    (&["social", "security"], "text"),
    (&["passport"], "text"),
    (&["identity", "card"], "text"),
    (&["iban"], "text"),
    (&["credit", "card"], "text"),
];

/// Words that may follow.
const FOLLOWING: &[&str] = &["number", "no", "nr", "address", "line", "1", "2"];

/// Dates of people.
const DATES: &[&[&str]] =
    &[&["birth", "date"], &["date", "of", "birth"], &["birthday"], &["birthdate"], &["nascimento"]];

/// Entities whose names are people's.
const PEOPLE: &[&str] = &[
    "person",
    "people",
    "customer",
    "client",
    "employee",
    "contact",
    "patient",
    "member",
    "pessoa",
    "cliente",
    "colaborador",
];

/// How an attribute would be masked if it holds what its name says; `None` for most names.
pub(super) fn likely(entity: &str, attribute: &str, basic: BasicType) -> Option<&'static str> {
    let mut words = words(attribute);
    if matches!(basic, BasicType::Date | BasicType::DateTime) {
        return DATES.iter().any(|date| ends_in(&words, date)).then_some("date");
    }
    let is_text = basic == BasicType::Text;
    let is_number =
        matches!(basic, BasicType::Integer | BasicType::LongInteger | BasicType::Decimal);
    if !is_text && !is_number {
        return None;
    }
    let found = loop {
        let found = NAMES.iter().find(|(name, _)| ends_in(&words, name));
        if let Some((_, mask)) = found {
            break *mask;
        }
        match words.last() {
            Some(last) if FOLLOWING.contains(&last.as_str()) => drop(words.pop()),
            Some(last) if last == "name" && words.len() == 1 => {
                let whose = self::words(entity);
                let whose = whose.last()?;
                if !PEOPLE.iter().any(|one| whose.trim_end_matches('s') == *one || whose == one) {
                    return None;
                }
                break "text";
            }
            _ => return None,
        }
    };
    Some(if is_text { found } else { "number" })
}

fn ends_in(words: &[String], name: &[&str]) -> bool {
    words.len() >= name.len()
        && words[words.len() - name.len()..].iter().zip(name).all(|(word, part)| word == part)
}

/// `BirthDate`, `birth_date` and `BIRTHDate2` in words: small letters and digits.
fn words(name: &str) -> Vec<String> {
    let signs: Vec<char> = name.chars().collect();
    let mut words: Vec<String> = Vec::new();
    let mut begins = true;
    for (place, sign) in signs.iter().enumerate() {
        if !sign.is_alphanumeric() {
            begins = true;
            continue;
        }
        let before = place.checked_sub(1).map(|before| signs[before]);
        let after = signs.get(place + 1);
        let is_new = before.is_some_and(|before| {
            (sign.is_uppercase() && before.is_lowercase())
                || sign.is_ascii_digit() != before.is_ascii_digit()
                || (sign.is_uppercase() && after.is_some_and(|after| after.is_lowercase()))
        });
        if begins || is_new {
            words.push(String::new());
        }
        begins = false;
        if let Some(word) = words.last_mut() {
            word.extend(sign.to_lowercase());
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_is_likely() {
        let text = |entity, attribute| likely(entity, attribute, BasicType::Text);
        assert_eq!(text("Order", "ContactEmail"), Some("email"));
        assert_eq!(text("Order", "EMailAddress"), Some("email"));
        assert_eq!(text("Order", "Home_Phone_Number2"), Some("phone"));
        assert_eq!(text("Order", "TaxNumber"), Some("text"));
        assert_eq!(text("Order", "NIF"), Some("text"));
        assert_eq!(text("Order", "ShippingAddressLine1"), Some("text"));
        assert_eq!(text("Customer", "Name"), Some("text"));
        assert_eq!(text("Product", "Name"), None);
        assert_eq!(text("Order", "EmailTemplate"), None);
        assert_eq!(text("Order", "Syntax"), None);
        assert_eq!(likely("Order", "Fax", BasicType::Boolean), None);
        assert_eq!(likely("Order", "TaxNumber", BasicType::LongInteger), Some("number"));
        assert_eq!(likely("Person", "BirthDate", BasicType::Date), Some("date"));
        assert_eq!(likely("Person", "CreatedOn", BasicType::DateTime), None);
    }
}
