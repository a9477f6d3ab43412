//! What the operator may do with a workspace's trail. An export is an act and leaves its record before it is made.

use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use identity::erasing;
use serde_json::{Value, json};
use tenancy::erasure;
use tenancy::policy::{ExportTrail, OrderEpoch, SeeTrail};
use tenancy::trail;
use tenancy::{
    Channel, Credential, Database, ErasureId, Internal, Origin, Permit, ReadOnly, Record, RecordId, Scope, Whole,
    WorkspaceId,
};

use crate::operator::{Commands, operate, words};

/// A workspace whose trail is asked about.
pub(crate) struct Auditing<'a> {
    pub(crate) db: &'a Database,
    pub(crate) platform: WorkspaceId,
    pub(crate) workspace: WorkspaceId,
    pub(crate) exports: &'a Path,
}

impl Auditing<'_> {
    async fn view(&self) -> Result<(Scope<ReadOnly>, Permit<SeeTrail>), String> {
        let operator = Credential::Internal(Internal::Operator);
        let mut scope =
            self.db.view(operator, self.workspace, Origin::internal(Channel::Control)).await.map_err(words)?;
        let permit = scope.permit::<SeeTrail>(Whole).await.map_err(words)?;
        Ok((scope, permit))
    }

    /// Writes the trail into a folder that only the server's user reads, and says which.
    pub(crate) async fn export(&self) -> Result<Value, String> {
        let mut scope = operate(self.db, self.workspace).await?;
        let permit = scope.permit::<ExportTrail>(Whole).await.map_err(words)?;
        let _writer = scope.write(permit, Record::about(self.workspace.uuid())).map_err(words)?;
        let _committed = scope.commit().await.map_err(words)?;
        let out = self.exports.join(uuid::Uuid::now_v7().to_string());
        let mut private = std::fs::DirBuilder::new();
        private.recursive(true).mode(0o700).create(&out).map_err(words)?;
        let (scope, permit) = self.view().await?;
        let made = ledger::export::export(self.db, self.platform, &scope, &permit, &out).await;
        scope.finish();
        match made {
            Ok(made) => Ok(json!({
                "folder": out, "origin": made.origin, "records": made.records, "deployment": made.deployment,
            })),
            Err(error) => {
                drop(std::fs::remove_dir_all(&out));
                Err(error.to_string())
            }
        }
    }

    pub(crate) async fn proof(&self, record: &str) -> Result<Value, String> {
        let record: RecordId = record.parse().map_err(|_| format!("\"{record}\" is no record's id"))?;
        let (scope, permit) = self.view().await?;
        let row = trail::one(&scope, &permit, record).await.map_err(words)?;
        let proof = match &row {
            Some(row) => ledger::proof::prove(&scope, &permit, row).await.map_err(words)?,
            None => None,
        };
        scope.finish();
        let proof = proof.ok_or("there is no such record, or it waits for its leaf; that takes a second")?;
        Ok(json!({"index": proof.index, "entry": proof.entry, "file": proof.file}))
    }

    /// Orders an erasure and carries it out as far as it goes. Of a person the name and address go as well.
    pub(crate) async fn erase(&self, person: Option<&str>, month: Option<&str>) -> Result<Value, String> {
        let mut scope = operate(self.db, self.workspace).await?;
        let ordered = match (person, month) {
            (Some(person), None) => erasing::order_person(&mut scope, person).await.map_err(words)?,
            (None, Some(month)) => vec![erasing::order_month(&mut scope, month).await.map_err(words)?],
            _ => return Err("name a person or a month".to_owned()),
        };
        let _committed = scope.commit().await.map_err(words)?;
        // What fails now is tried again by the server's own eraser.
        let eraser = ledger::Eraser::new(self.db.clone());
        for id in &ordered {
            drop(eraser.carry_out(self.workspace, *id).await);
        }
        let (scope, permit) = self.view().await?;
        let orders = erasure::orders(&scope, &permit).await.map_err(words)?;
        scope.finish();
        let done = |id: &ErasureId| orders.iter().any(|order| order.id == *id && order.erased_at.is_some());
        Ok(ordered.iter().map(|id| json!({"erasure": id.to_string(), "erased": done(id)})).collect())
    }

    pub(crate) async fn keys(&self) -> Result<Value, String> {
        let (scope, permit) = self.view().await?;
        let keys = ledger::export::all_keys(self.db, self.platform, &scope, &permit).await.map_err(words)?;
        scope.finish();
        Ok(json!(keys))
    }

    pub(crate) async fn verify(&self) -> Result<Value, String> {
        let (scope, permit) = self.view().await?;
        let report = ledger::live::verify(self.db, &scope, &permit, |_, _| {}).await.map_err(words)?;
        scope.finish();
        Ok(json!({
            "origin": report.origin,
            "records": report.size,
            "signed": report.signed_size,
            "intact": report.intact,
            "erased": report.erased,
            "under_way": report.under_way,
            "waiting": report.waiting,
            "wrong": report.wrong,
            "findings": report.findings,
        }))
    }
}

/// Most attempts to order an epoch while another tick runs.
const ORDERED_MAX: usize = 40;

/// Begins the logs anew by the operator's order, which leaves its record in the platform's own workspace first.
pub(crate) async fn new_epoch(by: &Commands, epoch: Option<i32>) -> Result<Value, String> {
    let mut scope = operate(&by.db, by.platform).await?;
    let permit = scope.permit::<OrderEpoch>(Whole).await.map_err(words)?;
    let mut record = Record::about(by.platform.uuid());
    if let Some(epoch) = epoch {
        record = record.with("epoch", epoch);
    }
    let _writer = scope.write(permit, record).map_err(words)?;
    let _committed = scope.commit().await.map_err(words)?;
    for _ in 0..ORDERED_MAX {
        match by.integrator.order_epoch(epoch).await {
            Ok(opened) => return Ok(json!({"epoch": opened})),
            Err(tenancy::Error::Busy) => tokio::time::sleep(std::time::Duration::from_millis(250)).await,
            Err(tenancy::Error::Bound { bound, .. }) => {
                return Err(format!("that epoch may have been used; the next one is {bound}"));
            }
            Err(error) => return Err(words(error)),
        }
    }
    Err("another node is at it; try again".to_owned())
}
