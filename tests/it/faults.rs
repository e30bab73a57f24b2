//! What becomes of a connection when the other side misbehaves.
