//! Wires the parts of `moodring_host` together.

fn main() {}
