//! A server that speaks just enough of the protocol to be wrong in a chosen way.
