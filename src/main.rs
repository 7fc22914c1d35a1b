//! The command: collects the process and hands it to the library.
fn main() {}
