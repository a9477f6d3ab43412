//! Tests of the pure part: documents, forms, conditions and the engine.

mod campaign;
mod conditions;
mod documents;
mod forms;
mod rules;
mod support;
