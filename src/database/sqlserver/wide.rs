//! Text between WTF-8, as it travels, and UTF-16, as the server keeps it.
//!
//! A column of `nvarchar` can hold halves of surrogate pairs; WTF-8 keeps them as three bytes.

use crate::database::{Fault, FaultKind, Result};

/// Number of UTF-16 units of a WTF-8 text.
pub(super) fn units(text: &[u8]) -> usize {
    text.iter().map(|byte| usize::from(byte & 0xC0 != 0x80) + usize::from(*byte >= 0xF0)).sum()
}

/// Appends UTF-16LE as WTF-8. An odd last byte is an error.
pub(super) fn from_utf16le(bytes: &[u8], text: &mut Vec<u8>) -> Result<()> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(Fault::new(FaultKind::Data, "a text has an odd number of bytes"));
    }
    let units = pairs.iter().map(|pair| u16::from_le_bytes(*pair));
    for unit in char::decode_utf16(units) {
        match unit {
            Ok(character) => {
                text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            }
            Err(lone) => {
                let unit = lone.unpaired_surrogate();
                text.extend_from_slice(&[
                    0xE0 | (unit >> 12) as u8,
                    0x80 | (unit >> 6 & 0x3F) as u8,
                    0x80 | (unit & 0x3F) as u8,
                ]);
            }
        }
    }
    Ok(())
}

/// A WTF-8 text as UTF-16LE.
pub(super) fn to_utf16le(text: &[u8]) -> Result<Vec<u8>> {
    let broken = || Fault::new(FaultKind::Data, "a text is not in the form texts travel in");
    let mut bytes = Vec::with_capacity(text.len() * 2);
    let mut rest = text;
    while let Some(&lead) = rest.first() {
        let length = match lead {
            0..=0x7F => 1,
            0xC0..=0xDF => 2,
            0xE0..=0xEF => 3,
            0xF0..=0xF7 => 4,
            _ => return Err(broken()),
        };
        let (sequence, after) = rest.split_at_checked(length).ok_or_else(broken)?;
        let mut point = match length {
            1 => u32::from(lead),
            2 => u32::from(lead & 0x1F),
            3 => u32::from(lead & 0x0F),
            _ => u32::from(lead & 0x07),
        };
        for byte in &sequence[1..] {
            if byte & 0xC0 != 0x80 {
                return Err(broken());
            }
            point = point << 6 | u32::from(byte & 0x3F);
        }
        if point < 0x1_0000 {
            bytes.extend_from_slice(&(point as u16).to_le_bytes());
        } else {
            let above = point - 0x1_0000;
            bytes.extend_from_slice(&(0xD800 + (above >> 10) as u16).to_le_bytes());
            bytes.extend_from_slice(&(0xDC00 + (above & 0x3FF) as u16).to_le_bytes());
        }
        rest = after;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_sequence_of_units_comes_back() {
        let units: Vec<u16> =
            vec![0, 0x41, 0xE9, 0xD800, 0xD800, 0xDC00, 0xDBFF, 0x20AC, 0xDC00, 0xFFFF];
        let bytes: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        let mut text = Vec::new();
        from_utf16le(&bytes, &mut text).expect("even");
        assert_eq!(to_utf16le(&text).expect("travels"), bytes);
        assert_eq!(super::units(&text), units.len());
        assert!(std::str::from_utf8(&text).is_err(), "lone halves are not Unicode");
    }

    #[test]
    fn what_is_not_text_is_refused() {
        for wrong in [&[0x80][..], &[0xC3], &[0xE2, 0x41, 0x41], &[0xFF]] {
            assert!(to_utf16le(wrong).is_err(), "{wrong:?}");
        }
        assert!(from_utf16le(&[1], &mut Vec::new()).is_err());
    }
}
