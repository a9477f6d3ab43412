//! What can go wrong with people and their credentials, by situation.

/// A refusal or failure of this room. The words of a variant may be shown to whoever asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// A refusal or failure below.
    #[error(transparent)]
    Tenancy(#[from] tenancy::Error),
    /// A field was not as it must be.
    #[error("{field}: {problem}")]
    Invalid {
        /// Name of the field.
        field: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// Somebody of the workspace has this address.
    #[error("somebody here has this e-mail address already")]
    EmailTaken,
    /// A group of the workspace has this name.
    #[error("a group here has this name already")]
    GroupNameTaken,
    /// The act would give or take more than the actor holds, or give to oneself.
    #[error("nobody gives or takes more than they hold, and nobody gives to themselves")]
    MayNotGrant,
    /// The act would leave the workspace without an owner.
    #[error("this is the last owner of the workspace; make somebody else an owner first")]
    LastOwner,
    /// The link was used, is over, or never was.
    #[error("this link does not count any more; ask for a new one")]
    LinkDead,
    /// Too many links for one person within the hour.
    #[error("there were too many links for this person within the hour")]
    TooManyLinks,
    /// The person cannot have this kind of credential as they stand: invited, suspended or ended.
    #[error("this person is not active")]
    NotActive,
    /// The current password was not the one given.
    #[error("the current password is another one")]
    WrongPassword,
    /// The slug belongs to another workspace.
    #[error("this address is taken")]
    SlugTaken,
    /// The answer to keep is too long.
    #[error("an answer of {size_bytes} bytes is too long to keep")]
    AnswerTooLong {
        /// Length of the answer.
        size_bytes: usize,
    },
}

impl Error {
    /// A field was not as it must be.
    pub(crate) fn invalid(field: &'static str, problem: impl Into<String>) -> Self {
        Self::Invalid { field, problem: problem.into() }
    }
}

impl From<seal::Error> for Error {
    fn from(error: seal::Error) -> Self {
        Self::Tenancy(error.into())
    }
}

/// Turns a named constraint into its situation.
pub(crate) fn on_constraint(name: &'static str, situation: Error) -> impl FnOnce(tenancy::Error) -> Error {
    move |error| match error {
        tenancy::Error::Constraint(found) if found == name => situation,
        other => other.into(),
    }
}
