//! Router, REST API and pages: the one place where an error becomes a response.
#![forbid(unsafe_code)]

pub mod assets;
pub mod views;
