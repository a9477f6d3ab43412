//! The statements that make roles, database and schemas, cut into what runs where.

/// `migrations/bootstrap.sql`: executable by psql as an administrator, and by single-user servers in its sections.
pub const BOOTSTRAP_SQL: &str = include_str!("../../../../migrations/bootstrap.sql");

const DATABASE_MARK: &str = "-- section: create database\n";
const CONNECT_MARK: &str = "\\connect countersign\n";

/// The sections of [`BOOTSTRAP_SQL`].
#[derive(Debug, Clone, Copy)]
pub struct Bootstrap {
    /// Roles, run in any database. Idempotent.
    pub cluster: &'static str,
    /// The one statement that makes the database `countersign`; it fails when there is one, and cannot run in a
    /// transaction.
    pub create_database: &'static str,
    /// Schemas and grants, run in the product's database whatever its name. Idempotent.
    pub database: &'static str,
}

/// Cuts [`BOOTSTRAP_SQL`] at its marks.
#[must_use]
pub fn bootstrap_sections() -> Bootstrap {
    let (cluster, rest) = BOOTSTRAP_SQL.split_once(DATABASE_MARK).expect("bootstrap.sql holds the database mark");
    let (create_database, database) = rest.split_once(CONNECT_MARK).expect("bootstrap.sql holds the connect mark");
    Bootstrap { cluster, create_database, database }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_fit_a_single_user_server() {
        let sections = bootstrap_sections();
        let create: Vec<&str> =
            sections.create_database.split(";\n\n").filter(|part| !part.trim().is_empty()).collect();
        assert_eq!(create.len(), 1, "CREATE DATABASE must stand alone");
        for text in [sections.cluster, sections.database] {
            assert!(!text.lines().any(|line| line.starts_with('\\')), "psql commands mean nothing there");
            // A statement ends at a semicolon before an empty line; a body must not hold such a place.
            for statement in text.split(";\n\n") {
                assert_eq!(statement.matches("$$").count() % 2, 0, "{statement}");
            }
        }
    }
}
