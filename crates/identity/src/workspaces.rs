//! Workspaces: made by the operator, in steps that can each be done again.

use seal::{Sealed, columns};
use tenancy::policy::OpenWorkspace;
use tenancy::{Channel, Credential, Database, Internal, Mode, Origin, Record, Scope, Unopened, WorkspaceId};

use crate::{Error, people, statements};

/// What came of making a workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Made {
    /// It is there now.
    Now(WorkspaceId),
    /// The slug had one already; it was left as it is.
    Before(WorkspaceId),
}

impl Made {
    /// The workspace.
    #[must_use]
    pub const fn workspace(self) -> WorkspaceId {
        match self {
            Self::Now(id) | Self::Before(id) => id,
        }
    }

    /// The workspace, if it was made just now.
    ///
    /// # Errors
    /// [`Error::SlugTaken`] when the slug had one already.
    pub const fn now(self) -> Result<WorkspaceId, Error> {
        match self {
            Self::Now(id) => Ok(id),
            Self::Before(_) => Err(Error::SlugTaken),
        }
    }
}

/// Makes the workspace of a slug: reserves the slug, makes the keys, writes the row with its first record. Done again
/// after a crash at any point it completes what is missing. Its first owner is added with
/// [`people::add`] by the operator.
///
/// # Errors
/// [`Error::Invalid`] for slug and name; the general failures of keys and statements.
pub async fn create(database: &Database, slug: &str, name: &str) -> Result<Made, Error> {
    check_slug(slug)?;
    let name = people::name_of(name)?;
    let id = database.reserve_slug(slug, WorkspaceId::random()).await?;
    database.with_vault(move |vault| vault.create_workspace(id.bytes()).map(drop)).await?;
    let operator = Credential::Internal(Internal::Operator);
    let mut scope = database.scope(operator, id, Origin::internal(Channel::Control)).await?;
    let permit = match scope.permit::<OpenWorkspace>(Unopened).await {
        Ok(permit) => permit,
        Err(tenancy::Error::NotFound) => return Ok(Made::Before(id)),
        Err(other) => return Err(other.into()),
    };
    let sealed = scope.keys().seal::<columns::WorkspaceName>(id.bytes(), &name)?.into_bytes();
    let writer = scope.write(permit, Record::about(id.uuid()).with("slug", slug))?;
    match writer.execute_one(&statements::WORKSPACE_INSERT, &[&id.uuid(), &sealed]).await {
        Ok(()) => {}
        // Somebody else opened it between our look and our insert.
        Err(tenancy::Error::Constraint(name)) if name == "workspace_pk" => return Ok(Made::Before(id)),
        Err(other) => return Err(other.into()),
    }
    scope.commit().await.map(|_committed| Made::Now(id)).map_err(Error::from)
}

/// What the workspace is called.
///
/// # Errors
/// [`tenancy::Error::NotFound`] for a workspace that has not been opened.
pub async fn name<M: Mode>(scope: &Scope<M>) -> Result<String, Error> {
    let id = scope.workspace();
    let row = scope.one(&statements::WORKSPACE_NAME, &[&id.uuid()]).await?;
    Ok(scope.keys().open(id.bytes(), &Sealed::<columns::WorkspaceName>::from_envelope(row.get(0)))?)
}

/// A slug: 3 to 40 characters, lower-case letters, digits and hyphens, a letter first, no hyphen last.
fn check_slug(slug: &str) -> Result<(), Error> {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let fits = (3..=40).contains(&slug.len())
        && slug.chars().all(inner)
        && slug.starts_with(|c: char| c.is_ascii_lowercase())
        && !slug.ends_with('-');
    if fits {
        Ok(())
    } else {
        Err(Error::invalid("slug", "needs 3 to 40 lower-case letters, digits and hyphens, a letter first"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_held_at_their_bounds_and_refused_past_them() {
        for fits in ["abc", "a-1", &"a".repeat(40)] {
            assert!(check_slug(fits).is_ok(), "{fits}");
        }
        for wrong in ["ab", &"a".repeat(41), "1ab", "-ab", "ab-", "aBc", "a_c", "a/c", "\u{e9}bc", ""] {
            assert!(check_slug(wrong).is_err(), "{wrong}");
        }
    }
}
