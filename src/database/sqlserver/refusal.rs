//! Which rule refused a row, from the server's words. They are English: every session asks for it
//! (`SET LANGUAGE`), whatever the language of the login.

use crate::database::{Refusal, RefusalClass};

/// The rule behind an error number; `None` for numbers that are no refusal of a row. In words that
/// are not as expected nothing is looked for: a value of a row must not be taken for a name.
pub(super) fn of(code: u32, message: &str) -> Option<Refusal> {
    let after = |head: &str, quote: char| named(message, head, quote);
    let (class, by) = match code {
        547 => {
            let class = match message.to_lowercase().contains("check constraint ") {
                true => RefusalClass::Check,
                false => RefusalClass::ForeignKey,
            };
            // … conflicted with the FOREIGN KEY | CHECK | (SAME TABLE) REFERENCE constraint "…".
            (class, after(" constraint ", '"').or_else(|| after(" constraint ", '\'')))
        }
        // Violation of PRIMARY KEY | UNIQUE KEY constraint '…'. The key's values come later.
        2627 => (RefusalClass::Unique, after(" constraint ", '\'')),
        2601 => (RefusalClass::Unique, after(" with unique index ", '\'')),
        515 => (RefusalClass::NotNull, after("NULL into column ", '\'')),
        // The value that would be cut comes after the column.
        2628 => (RefusalClass::TooLong, after(", column ", '\'')),
        8152 => (RefusalClass::TooLong, None),
        220 | 232 | 241 | 242 | 245 | 248 | 296 | 517 | 8114 | 8115 | 8169 | 8170 | 4815 | 4816 => {
            (RefusalClass::Value, None)
        }
        // RAISERROR and THROW of whoever wrote the trigger.
        50_000.. => (RefusalClass::Trigger, None),
        _ => return None,
    };
    Some(Refusal { class, by })
}

/// What stands in quotes right after some words.
fn named(message: &str, head: &str, quote: char) -> Option<String> {
    let (_, rest) = message.split_once(head)?;
    let (name, _) = rest.strip_prefix(quote)?.split_once(quote)?;
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_names_its_rules() {
        for (code, message, class, by) in [
            (
                547,
                "The INSERT statement conflicted with the FOREIGN KEY constraint \"FK_1\". The \
                 conflict occurred in database \"DEV\", table \"dbo.T\", column 'ID'.",
                RefusalClass::ForeignKey,
                Some("FK_1"),
            ),
            (
                547,
                "The DELETE statement conflicted with the SAME TABLE REFERENCE constraint \
                 \"FK_SELF\". The conflict occurred in database \"DEV\", table \"dbo.T\".",
                RefusalClass::ForeignKey,
                Some("FK_SELF"),
            ),
            (
                547,
                "The UPDATE statement conflicted with the CHECK constraint \"CK_1\". The conflict \
                 occurred in database \"DEV\", table \"dbo.T\", column 'A'.",
                RefusalClass::Check,
                Some("CK_1"),
            ),
            (
                2627,
                "Violation of UNIQUE KEY constraint 'UQ_1'. Cannot insert duplicate key in object \
                 'dbo.T'. The duplicate key value is ( constraint 'Anna').",
                RefusalClass::Unique,
                Some("UQ_1"),
            ),
            (
                2601,
                "Cannot insert duplicate key row in object 'dbo.T' with unique index 'IX_1'. The \
                 duplicate key value is (Anna).",
                RefusalClass::Unique,
                Some("IX_1"),
            ),
            (
                515,
                "Cannot insert the value NULL into column 'NAME', table 'DEV.dbo.T'; column does \
                 not allow nulls. INSERT fails.",
                RefusalClass::NotNull,
                Some("NAME"),
            ),
            (
                2628,
                "String or binary data would be truncated in table 'DEV.dbo.T', column 'NAME'. \
                 Truncated value: ', column 'Anna''.",
                RefusalClass::TooLong,
                Some("NAME"),
            ),
            (8152, "String or binary data would be truncated.", RefusalClass::TooLong, None),
            (
                245,
                "Conversion failed when converting the nvarchar value 'Anna' to data type int.",
                RefusalClass::Value,
                None,
            ),
            (51_000, "The constraint 'Anna' is blocked", RefusalClass::Trigger, None),
        ] {
            let said = of(code, message);
            assert_eq!(said, Some(Refusal { class, by: by.map(str::to_owned) }), "{message}");
        }
        assert_eq!(of(1205, "deadlock"), None);
    }

    #[test]
    fn other_words_name_nothing() {
        let german = "Verletzung der UNIQUE KEY-Einschränkung \"UQ_1\". Der Wert ist (Anna).";
        assert_eq!(of(2627, german), Some(Refusal::unnamed(RefusalClass::Unique)));
    }
}
