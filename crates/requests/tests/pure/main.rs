//! Tests of the pure part: documents, forms, conditions and the engine.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop with its place")]

mod campaign;
mod conditions;
mod documents;
mod forms;
mod havoc;
mod rules;
mod support;
