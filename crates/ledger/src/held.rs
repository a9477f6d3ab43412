//! The held checkpoint: once a day the newest note goes out to whoever wants it, to be kept elsewhere. Only what is kept
//! elsewhere, or a witness, shows that a history was rewritten with the right key.

use std::time::Duration;

use serde_json::json;
use tenancy::policy::{Atom, SeeTrail, SendCheckpoint};
use tenancy::{Channel, Credential, Database, Error, Internal, Origin, Record, Whole, WorkspaceId, held, leaves};
use tokio::sync::watch;

use crate::looking::{Looks, keep_looking};

/// The effect of a letter: its payload names the person and holds the checkpoint, which is no secret and names nobody.
pub const KIND: &str = "mail.checkpoint";
/// How often letters that are due are looked for.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Domain separation of an effect's key.
const KEY_LABEL: &[u8] = b"countersign/checkpoint-mail/v1\0";

/// Has checkpoints mailed until it is told to stop. Several nodes may each have one: what is due is locked.
#[derive(Debug, Clone)]
pub struct Keeper {
    database: Database,
}

impl Keeper {
    /// A keeper.
    #[must_use]
    pub const fn new(database: Database) -> Self {
        Self { database }
    }

    /// Looks for what is due until `shutdown` holds `true` or its sender is gone.
    pub async fn run(self, shutdown: watch::Receiver<bool>) {
        keep_looking(self, shutdown).await;
    }

    /// One look: whatever is due is handed to the courier. Says how many letters. A workspace that fails does not hold up the
    /// others.
    ///
    /// # Errors
    /// The first failure, after the others were tried.
    pub async fn look(&self) -> Result<u64, Error> {
        let (mut letters, mut failed) = (0, Ok(()));
        for workspace in self.database.checkpoints_due().await? {
            match self.write(workspace).await {
                Ok(written) => letters += written,
                Err(error) => failed = failed.and(Err(error)),
            }
        }
        failed.map(|()| letters)
    }

    async fn write(&self, workspace: WorkspaceId) -> Result<u64, Error> {
        let streamer = Credential::Internal(Internal::Streamer);
        let mut scope = self.database.scope(streamer, workspace, Origin::internal(Channel::Worker)).await?;
        let see = scope.permit::<SeeTrail>(Whole).await?;
        let head = leaves::head(&scope, &see).await?;
        let Some((size, note)) = head.and_then(|head| Some((head.signed_size, head.checkpoint?))) else { return Ok(0) };
        let (mut to, mut forgotten) = (Vec::new(), Vec::new());
        for person in held::due(&scope, &see).await? {
            let may_read = scope.held_by(person).await?.in_workspace(scope.now()).has(Atom::AuditRead);
            if may_read { to.push(person) } else { forgotten.push(person) }
        }
        if to.is_empty() && forgotten.is_empty() {
            return Ok(0);
        }
        let permit = scope.permit::<SendCheckpoint>(Whole).await?;
        let record = Record::about(workspace.uuid()).with("records", size).with("letters", to.len());
        let now = scope.now();
        let mut writer = scope.write(permit, record)?;
        for person in &to {
            let key = [KEY_LABEL, &person.bytes(), &now.as_microsecond().to_be_bytes()].concat();
            let payload = json!({"person": person.to_string(), "checkpoint": note});
            writer.effect(KIND, seal::sha256(&key), &payload);
        }
        held::written(&mut scope, &to, &forgotten).await?;
        drop(scope.commit().await?);
        Ok(to.len() as u64)
    }
}

impl Looks for Keeper {
    const EVERY: Duration = LOOK_EVERY;
    const IN_TROUBLE: &'static str = "checkpoints were not mailed";
    async fn look_once(&mut self, _late: bool) -> Result<(), Error> {
        self.look().await.map(drop)
    }
}
