//! Keys that are destroyed stay so: after a restore, what they sealed is cleared again.
//!
//! The key store knows which keys are destroyed, and is no part of the database or of its backups. A database that was put
//! back may hold parts that they sealed, and not the records of their erasure. Nothing of these parts opens; they are
//! cleared all the same, with a record that says so, or they would pass for damage.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use crate::database::Params;
use crate::erasure::{self, PartName};
use crate::record::Record;
use crate::{Channel, Credential, Database, ErasureId, Error, Internal, Origin, PersonId, WorkspaceId, statements};

/// Most keys of one order, as of one that was ordered.
const KEYS_MAX: usize = 64;

impl Database {
    /// Clears what the destroyed keys of a workspace sealed and is still there, where no open order does. Says how many
    /// parts were cleared. It can be repeated.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a workspace that is not there; the general failures.
    pub async fn erase_again(&self, workspace: WorkspaceId) -> Result<u64, Error> {
        let find = move |vault: &seal::Vault| vault.destroyed_keys(workspace.bytes());
        let destroyed = self.with_vault(find).await?;
        if destroyed.is_empty() {
            return Ok(0);
        }
        let back = self.back(workspace, &destroyed).await?;
        let mut by_subject: BTreeMap<(PartName, Uuid), Vec<i32>> = BTreeMap::new();
        for (part, key_no) in back {
            let key =
                destroyed.iter().find(|key| i32::try_from(key.key_no) == Ok(key_no) && key.purpose == part.purpose());
            if let Some(key) = key {
                by_subject.entry((part, Uuid::from_bytes(key.subject))).or_default().push(key_no);
            }
        }
        let mut cleared = 0;
        for ((part, subject), keys) in by_subject {
            for keys in keys.chunks(KEYS_MAX) {
                cleared += self.clear_again(workspace, part, subject, keys).await?;
            }
        }
        Ok(cleared)
    }

    /// People of a workspace whose keys are destroyed: they were erased.
    ///
    /// # Errors
    /// [`Error::Seal`] when the key store cannot be read.
    pub async fn erased_people(&self, workspace: WorkspaceId) -> Result<Vec<PersonId>, Error> {
        let find = move |vault: &seal::Vault| vault.destroyed_keys(workspace.bytes());
        let destroyed = self.with_vault(find).await?.into_iter();
        let people = destroyed.filter(|key| key.purpose == seal::Purpose::AuditPerson);
        let people: BTreeSet<[u8; 16]> = people.map(|key| key.subject).collect();
        Ok(people.into_iter().map(|subject| PersonId::from_uuid(Uuid::from_bytes(subject))).collect())
    }

    /// Which of these keys sealed a part that is there.
    async fn back(&self, workspace: WorkspaceId, destroyed: &[seal::Gone]) -> Result<Vec<(PartName, i32)>, Error> {
        let numbers: Vec<i32> = destroyed.iter().filter_map(|key| i32::try_from(key.key_no).ok()).collect();
        let custodian = Credential::Internal(Internal::Custodian);
        let scope = self.view(custodian, workspace, Origin::internal(Channel::Worker)).await?;
        let rows = scope.rows(&statements::CUSTODY_BACK, &[&workspace.uuid(), &numbers]).await?;
        scope.finish();
        Ok(rows.iter().filter_map(|row| Some((PartName::from_word(row.get(0))?, row.get(1)))).collect())
    }

    async fn clear_again(
        &self,
        workspace: WorkspaceId,
        part: PartName,
        subject: Uuid,
        keys: &[i32],
    ) -> Result<u64, Error> {
        let scope = self.custodian(workspace).await?;
        let place = workspace.uuid();
        let open = scope.one(&statements::CUSTODY_IS_OPEN, &[&place, &part.word(), &subject]).await?;
        if open.get(0) {
            return Ok(0);
        }
        let id = ErasureId::random();
        let params: Params<'_> = &[&place, &id.uuid(), &part.word(), &subject, &keys];
        // Its record follows, when it is known what was cleared; both leave with this transaction or neither does.
        scope.one(&statements::CUSTODY_AGAIN, params).await?;
        let record = Record::default().with("again", "after a restore: the keys were destroyed before");
        erasure::clear(scope, id, part, keys, record).await
    }
}
