//! Checks, benches and campaigns.

fn main() {}
