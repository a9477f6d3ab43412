//! Requests: forms, processes, and the pure engine that moves a request from its draft to its end.
//!
//! What must stay true: nothing here reads a clock, draws a random number or does I/O; every rule about a request
//! lives here and every rule about who may do it in `tenancy`; each size, depth and loop has a bound.
#![forbid(unsafe_code)]

pub mod condition;
pub mod engine;
pub mod form;
mod number;
pub mod process;
pub mod revision;
pub mod statements;
pub mod store;
mod strict;

pub use number::request_number;
pub use process::{Directory, PeopleFacts, PersonFacts, Problem, Process, Standing, publish_check};
pub use strict::{StrictError, parse as parse_strict_json};
