//! The one integration-test binary: everything that needs a real PostgreSQL. A module a promise.
#![expect(clippy::unwrap_used, reason = "what a test does not expect is a panic, in its helpers too")]

mod api;
mod askers;
mod bad_input;
mod break_it;
mod browser;
mod catalogue;
mod database_url;
mod fails_closed;
mod faults;
mod isolation;
mod judges;
mod leaving;
mod ledger;
mod lifecycle;
mod limits;
mod outbox;
mod policy;
mod receiver;
mod records;
mod remembered;
mod scope;
mod scratch;
mod sealed;
mod server;
mod siem;
mod statements;
mod streaming;
mod streams;
mod support;
mod the_main_job;
mod witness;
mod witnessed;
