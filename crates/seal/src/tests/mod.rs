//! Tests of the whole crate, by topic.

mod crowds;
mod envelopes;
mod golden;
mod keyrings;
mod registry;
mod stores;
mod support;
mod vaults;
mod vectors;
