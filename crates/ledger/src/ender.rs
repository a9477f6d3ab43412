//! The end of workspaces: what was ordered is carried out, and a certificate of it stands in the deployment's log.
//!
//! A certificate is a text of lines, of which the deployment's log holds the SHA-256 under the workspace's label; so nobody
//! else learns whose it is, and whoever has the text proves with a tlog-proof file that it was written when it says:
//!
//! ```text
//! countersign/end-of-workspace/v1
//! origin <origin of the workspace's log>
//! size <records of its last checkpoint>
//! root <base64 of that one's root>
//! ordered <RFC 3339>
//! closed <RFC 3339>
//! shredded <RFC 3339>
//! erased <RFC 3339>
//! keys <how many were destroyed> <base64 of SHA-256 over their commitments>
//! rows <how many were deleted>
//! ```

use std::time::Duration;

use data_encoding::BASE64;
use tenancy::ending::{Stage, Told};
use tenancy::{Database, Error, WorkspaceId};
use tlog::{Checkpoint, Note};
use tokio::sync::watch;

use crate::looking::{Looks, keep_looking};
use crate::origin;

/// The first line of a certificate.
pub const HEADER: &str = "countersign/end-of-workspace/v1";
/// How often ends that are due are looked for.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Most transactions of deleted rows at one look; the rest is for the next.
const DELETIONS_MAX: usize = 1000;

/// Carries out the ends of workspaces until it is told to stop. Several nodes may each have one: every step can be repeated.
#[derive(Debug, Clone)]
pub struct Ender {
    database: Database,
    platform: WorkspaceId,
}

impl Ender {
    /// An ender of an installation with this workspace of its own.
    #[must_use]
    pub const fn new(database: Database, platform: WorkspaceId) -> Self {
        Self { database, platform }
    }

    /// Looks for ends until `shutdown` holds `true` or its sender is gone.
    pub async fn run(self, shutdown: watch::Receiver<bool>) {
        keep_looking(Looking { ender: self, has_looked_back: false }, shutdown).await;
    }

    /// Closes again what a restored database holds of workspaces whose keys were destroyed: at the start, since nothing of them opens.
    ///
    /// # Errors
    /// The general failures.
    pub async fn look_back(&self) -> Result<(), Error> {
        for id in self.database.with_vault(seal::Vault::destroyed_workspaces).await? {
            let workspace = WorkspaceId::from_uuid(uuid::Uuid::from_bytes(id));
            match self.database.ended(workspace).await {
                Ok(_) => {}
                Err(Error::NotFound) => self.database.close_again(workspace).await?,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// One look: every end that is due is carried out as far as it goes. Says how many steps were made. One that fails does not
    /// hold up the others.
    ///
    /// # Errors
    /// The first failure, after the others were tried.
    pub async fn look(&self, late: bool) -> Result<u64, Error> {
        let (mut steps, mut failed) = (0, Ok(()));
        for (workspace, mut stage) in self.database.endings(late).await? {
            loop {
                match self.step(workspace, stage).await {
                    Ok(next) if next > stage => {
                        steps += 1;
                        stage = next;
                    }
                    Ok(_) => break,
                    Err(error) => {
                        failed = failed.and(Err(error));
                        break;
                    }
                }
            }
        }
        failed.map(|()| steps)
    }

    /// One step; the stage is the same when nothing can be done yet.
    async fn step(&self, workspace: WorkspaceId, stage: Stage) -> Result<Stage, Error> {
        let db = &self.database;
        match stage {
            Stage::Due => match db.close_workspace(workspace).await {
                Ok(()) => Ok(Stage::Closed),
                // It was taken back, or another node was faster.
                Err(Error::Rows { .. }) => Ok(Stage::Due),
                Err(error) => Err(error),
            },
            Stage::Closed => self.keep_last(workspace).await,
            Stage::Kept => match db.shred_workspace(self.platform, workspace).await {
                Ok(()) => Ok(Stage::Shredded),
                Err(Error::Rows { .. }) => Ok(Stage::Kept),
                Err(error) => Err(error),
            },
            Stage::Shredded => {
                if !self.delete_rows(workspace).await? {
                    return Ok(Stage::Shredded);
                }
                match db.certify_end(self.platform, workspace, certificate).await {
                    Ok(()) => tracing::info!(%workspace, "a workspace ended: its keys are destroyed, its rows deleted"),
                    Err(Error::NotFound) => {}
                    Err(error) => return Err(error),
                }
                Ok(Stage::Erased)
            }
            Stage::Erased => self.delete_rows(workspace).await.map(|_| Stage::Erased),
        }
    }

    async fn keep_last(&self, workspace: WorkspaceId) -> Result<Stage, Error> {
        let last = self.database.last_checkpoint(workspace).await?;
        // Destroyed before: this is a restored database, and nothing that it holds is signed any more.
        let keys = match self.database.has_keys(workspace).await? {
            true => Some(self.database.keys(workspace).await?),
            false => None,
        };
        let is_final = last.as_ref().is_some_and(|last| last.is_final);
        if keys.is_some() && !is_final {
            return Ok(Stage::Closed);
        }
        let checkpoint = last.map_or_else(String::new, |last| last.checkpoint);
        let name = checkpoint.lines().next().unwrap_or_default();
        let key = keys.and_then(|keys| origin::signing_key(&keys, name));
        let vkey = key.map_or_else(String::new, |key| key.verifier().to_string());
        self.database.keep_last(workspace, &checkpoint, &vkey).await?;
        Ok(Stage::Kept)
    }

    /// Deletes rows; says whether none is left.
    async fn delete_rows(&self, workspace: WorkspaceId) -> Result<bool, Error> {
        for _ in 0..DELETIONS_MAX {
            if self.database.delete_rows(workspace).await? == 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// An ender at work.
struct Looking {
    ender: Ender,
    has_looked_back: bool,
}

impl Looks for Looking {
    const EVERY: Duration = LOOK_EVERY;
    const IN_TROUBLE: &'static str = "the end of a workspace was not carried out";
    async fn look_once(&mut self, late: bool) -> Result<(), Error> {
        if !self.has_looked_back {
            self.ender.look_back().await?;
            self.has_looked_back = true;
        }
        self.ender.look(late).await.map(drop)
    }
}

/// The log's name that a certificate carries; empty when it carries none.
#[must_use]
pub fn origin_of(certificate: &str) -> &str {
    certificate.lines().nth(1).and_then(|line| line.strip_prefix("origin ")).unwrap_or_default()
}

/// The text of a certificate.
fn certificate(told: &Told) -> String {
    let note = Note::parse(told.checkpoint.as_bytes()).ok();
    let last = note.and_then(|note| Checkpoint::parse(note.text).ok());
    let (origin, size, root) = last.map_or_else(
        || ("unknown".to_owned(), 0, tlog::Frontier::default().root()),
        |last| (last.origin, last.size, last.root),
    );
    let [ordered, closed, shredded, erased] = told.times;
    let (root, digest) = (BASE64.encode(&root.0), BASE64.encode(&told.digest));
    format!(
        "{HEADER}\norigin {origin}\nsize {size}\nroot {root}\nordered {ordered}\nclosed {closed}\nshredded {shredded}\n\
         erased {erased}\nkeys {} {digest}\nrows {}\n",
        told.keys, told.rows
    )
}
