//! What the operator may do with the end of workspaces.

use serde_json::{Map, Value, json};
use tenancy::ending;
use tenancy::policy::{CancelEnd, OrderEnd};
use tenancy::{Whole, WorkspaceId};

use crate::operator::{Commands, operate, words};

impl Commands {
    /// Orders the end of a workspace.
    pub(crate) async fn end(&self, slug: &str, days: u8) -> Result<Value, String> {
        let workspace = self.workspace(slug).await?;
        let mut scope = operate(&self.db, workspace).await?;
        let permit = scope.permit::<OrderEnd>(Whole).await.map_err(words)?;
        let ordered = ending::order(&mut scope, permit, self.platform, days).await.map_err(words)?;
        let _committed = scope.commit().await.map_err(words)?;
        let due = ordered.due_at.strftime("%Y-%m-%d %H:%M UTC").to_string();
        Ok(json!({"workspace": workspace.to_string(), "due": due}))
    }

    /// Takes the order back.
    pub(crate) async fn keep(&self, slug: &str) -> Result<Value, String> {
        let mut scope = operate(&self.db, self.workspace(slug).await?).await?;
        let permit = scope.permit::<CancelEnd>(Whole).await.map_err(words)?;
        ending::cancel(&mut scope, permit).await.map_err(words)?;
        scope.commit().await.map(|_committed| json!(slug)).map_err(words)
    }

    /// Workspaces that ended.
    pub(crate) async fn ended(&self) -> Result<Value, String> {
        let ended = self.db.all_ended().await.map_err(words)?;
        let one = |ended: &ending::Ended| json!({"workspace": ended.workspace.to_string(), "erased": ended.erased_at.to_string()});
        Ok(ended.iter().map(one).collect())
    }

    /// The files of a certificate.
    pub(crate) async fn certificate(&self, id: &str) -> Result<Value, String> {
        let workspace: WorkspaceId = id.parse().map_err(|_| format!("\"{id}\" is no workspace's id"))?;
        let evidence =
            ledger::ended::evidence(&self.db, self.platform, workspace).await.map_err(|error| match error {
                tenancy::Error::NotFound => "no workspace with this id ended here".to_owned(),
                other => words(other),
            })?;
        let evidence = evidence.ok_or("the deployment's log does not hold it yet; that takes some seconds")?;
        Ok(evidence.files.into_iter().map(|(name, text)| (name.to_owned(), json!(text))).collect::<Map<_, _>>().into())
    }
}
