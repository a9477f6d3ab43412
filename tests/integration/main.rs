//! The one integration-test binary: everything that needs a real PostgreSQL. A module a promise.

mod catalogue;
mod fails_closed;
mod scope;
