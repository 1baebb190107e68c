//! The `qalam` binary: parses the role, and runs it.

fn main() {}
