//! Only wires.

fn main() {}
