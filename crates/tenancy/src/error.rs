//! What can go wrong below a handler, by situation.

use std::sync::Arc;

/// A refusal or failure of the trusted base. `web` turns it into a response at exactly one place.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The target is absent, or the actor may not know of it: the same answer on purpose (law 6).
    #[error("there is no such thing here")]
    NotFound,
    /// The actor may see the target but not do this.
    #[error("this is not yours to do")]
    Forbidden,
    /// No credential, or one that no longer counts.
    #[error("sign in first")]
    Unauthenticated,
    /// A named constraint refused the change.
    #[error("the change conflicts with {0}")]
    Constraint(String),
    /// An update touched another number of rows than it must.
    #[error("{statement}: {found} rows changed, {expected} expected")]
    Rows {
        /// File name of the statement.
        statement: &'static str,
        /// Rows that had to change.
        expected: u64,
        /// Rows that changed.
        found: u64,
    },
    /// A row does not read as what it must be.
    #[error("{table}.{column} of row {row} is not readable")]
    Row {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row's id, as text.
        row: String,
    },
    /// Too much waits already, or a lock was not to be had in time; trying again later is right.
    #[error("busy, try again shortly")]
    Busy,
    /// The database cannot be reached.
    #[error("the database cannot be reached")]
    Unavailable,
    /// Keys cannot be read, or a sealed value does not open.
    #[error(transparent)]
    Seal(Arc<seal::Error>),
    /// A bound of ours was passed.
    #[error("{what} is over its bound of {bound}")]
    Bound {
        /// What was counted.
        what: &'static str,
        /// The most there may be.
        bound: u64,
    },
    /// A permit of one scope was used in another, or a scope yielded a writer without a record: a defect of ours.
    #[error("integrity: {0}")]
    Integrity(&'static str),
    /// Anything the database said that has no situation of its own.
    #[error("the database refused {statement}")]
    Database {
        /// File name of the statement.
        statement: &'static str,
        /// The driver's error; it may quote values, so it is never shown and logged by code only.
        #[source]
        source: Arc<tokio_postgres::Error>,
    },
}

impl From<seal::Error> for Error {
    fn from(error: seal::Error) -> Self {
        Self::Seal(Arc::new(error))
    }
}

impl Error {
    /// Sorts a driver's error into a situation.
    pub(crate) fn from_driver(statement: &'static str, error: tokio_postgres::Error) -> Self {
        use tokio_postgres::error::SqlState;
        let Some(refusal) = error.as_db_error() else {
            return Self::Unavailable;
        };
        if let Some(constraint) = refusal.constraint() {
            return Self::Constraint(constraint.to_owned());
        }
        match refusal.code() {
            &SqlState::LOCK_NOT_AVAILABLE
            | &SqlState::QUERY_CANCELED
            | &SqlState::T_R_DEADLOCK_DETECTED
            | &SqlState::T_R_SERIALIZATION_FAILURE
            | &SqlState::TOO_MANY_CONNECTIONS => Self::Busy,
            &SqlState::ADMIN_SHUTDOWN | &SqlState::CRASH_SHUTDOWN | &SqlState::CANNOT_CONNECT_NOW => Self::Unavailable,
            _ => Self::Database { statement, source: Arc::new(error) },
        }
    }

    /// The SQLSTATE, where the database gave one: safe to log.
    #[must_use]
    pub fn sql_state(&self) -> Option<&str> {
        match self {
            Self::Database { source, .. } => source.code().map(tokio_postgres::error::SqlState::code),
            _ => None,
        }
    }
}
