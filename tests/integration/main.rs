//! The one integration-test binary: everything that needs a real PostgreSQL. A module a promise.

mod api;
mod catalogue;
mod fails_closed;
mod isolation;
mod outbox;
mod policy;
mod records;
mod scope;
mod sealed;
mod server;
mod statements;
mod support;
mod the_main_job;
