//! A scope that takes its workspace from its target: the fault that the checks of isolation must see.
//!
//! Only in a program with the feature `faults`, and only while a switch is on; reads alone, so that nothing is changed.

use crate::policy::Action;
use crate::scope::{Locks, Mode, Scope};
use crate::{Error, PersonId, Target as _, WorkspaceId, faults};

impl<M: Mode> Scope<M> {
    /// Moves to the workspace that holds the target, if that is another one and a switch says so.
    pub(crate) async fn go_astray<A: Action>(&mut self, target: A::Target) -> Result<(), Error> {
        let is_led =
            faults::on("scope-from-target") || faults::on("isolation-reads-plan") && self.is_enterprise().await?;
        if M::LOCKS == Locks::Target || !is_led {
            return Ok(());
        }
        let home = self.workspace;
        let actor = self.who.actor.person().map(PersonId::uuid);
        let others = self.database.routes().await?.into_iter().map(|(_, id, _)| id).filter(|id| *id != home);
        for workspace in std::iter::once(home).chain(others) {
            self.enter(workspace).await?;
            if self.maybe(A::Target::LOOK, &[&workspace.uuid(), &target.id(), &actor]).await?.is_some() {
                self.workspace = workspace;
                self.keys = self.database.keys(workspace).await?;
                return Ok(());
            }
        }
        self.enter(home).await
    }

    async fn enter(&self, workspace: WorkspaceId) -> Result<(), Error> {
        let setting = format!("SET LOCAL app.workspace_id = '{workspace}'");
        self.client().batch_execute(&setting).await.map_err(|error| Error::from_driver("astray", error))
    }

    async fn is_enterprise(&self) -> Result<bool, Error> {
        let plan = "SELECT w.plan = 'enterprise' FROM countersign.workspace w WHERE w.workspace_id = $1";
        let row = self.client().query_opt(plan, &[&self.workspace.uuid()]).await;
        row.map(|row| row.is_some_and(|row| row.get(0))).map_err(|error| Error::from_driver("astray", error))
    }
}
