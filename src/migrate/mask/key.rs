//! The key of the masks, and what it makes of a message.

use secrecy::ExposeSecret as _;

use crate::database::{Fault, FaultKind, Result, Secret};
use crate::plan::LEAST_KEY_LENGTH;

/// What this program's masks are told from other uses of the same secret by.
const CONTEXT: &str = "osferry 2026-11 masks of personal data v1";

/// A key of masks, made from a secret text. It is never written down.
#[derive(Clone)]
pub struct MaskKey(blake3::Hasher);

/// The key that a secret text makes.
///
/// Errors when the text is short enough to be guessed.
pub fn mask_key(secret: &Secret) -> Result<MaskKey> {
    let text = secret.expose_secret().trim();
    if text.chars().count() < LEAST_KEY_LENGTH {
        return Err(Fault::new(
            FaultKind::NotApplicable,
            format!(
                "the key of the masks is too short: whoever guesses it finds out whose e-mail \
                 address is behind a mask; it takes at least {LEAST_KEY_LENGTH} characters"
            ),
        ));
    }
    let key = blake3::derive_key(CONTEXT, text.as_bytes());
    Ok(MaskKey(blake3::Hasher::new_keyed(&key)))
}

impl MaskKey {
    /// Bytes without end that depend on the key, on what they are for, and on a message.
    pub(super) fn stream(&self, label: &str, message: &[u8]) -> blake3::OutputReader {
        let mut hasher = self.0.clone();
        hasher.update(label.as_bytes());
        hasher.update(&[0]);
        hasher.update(message);
        hasher.finalize_xof()
    }

    /// What tells this key from another without giving it away: sixteen hexadecimal digits.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let mut bytes = [0; 8];
        self.stream("fingerprint", &[]).fill(&mut bytes);
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
