//! A new epoch after a restore: the logs begin anew under another name, and every surviving record is told again.
//!
//! First one transaction raises the epoch and notes what is known of each log; from then on nothing is signed under the
//! names of before. Then each workspace is told by itself: a record opens its log, what keys that are destroyed sealed is
//! cleared again, and its records get leaves in the order they had (decision 0018). Each step can be repeated.

use std::time::Duration;

use data_encoding::BASE64;
use tenancy::epoch::{Found, Opening, Why};
use tenancy::log::{DEPLOYMENT, Names, Tick};
use tenancy::{Error, WorkspaceId};
use tlog::{Frontier, Hash, SigningKey, leaf_hash};

use crate::integrator::{Integrator, Log, Open, close};
use crate::{entry, origin, succession};

/// Rounds of telling at once: each reads the logs that are not told, in their order.
const ROUNDS_MAX: usize = 10_000;
/// How often a start tries to look while another node ticks.
const LOOKED_MAX: u32 = 40;
/// How long it waits between.
const LOOKED_EVERY: Duration = Duration::from_millis(250);

impl Integrator {
    /// Looks whether the database was put back, before anything is served; if so, the logs begin anew and are told. What
    /// an earlier process left untold is told as well. Says whether an epoch was opened or told.
    ///
    /// # Errors
    /// The general failures of a statement.
    pub async fn prepare(&self) -> Result<bool, Error> {
        if !self.database.logs_begun().await? {
            return Ok(false);
        }
        // Another node's tick may be under way; ours looks again at each of its own.
        let mut begun = self.begin().await?;
        for _ in 0..LOOKED_MAX {
            if begun.is_some() {
                break;
            }
            tokio::time::sleep(LOOKED_EVERY).await;
            begun = self.begin().await?;
        }
        let Some(tick) = begun else { return Ok(false) };
        let next = match self.marking.judge(&tick.stand)? {
            None => self.behind(&tick).await?,
            some => some,
        };
        match next {
            Some(epoch) => self.open_epoch(tick, epoch, Why::Restored).await?,
            None => tick.leave().await?,
        }
        Ok(self.tell().await? > 0 || next.is_some())
    }

    /// Opens another epoch because the operator says so: where only a witness knows that the database was put back.
    /// `epoch` is its number, if the next one may have been used. Says which was opened.
    ///
    /// # Errors
    /// [`Error::Busy`] while another node ticks; [`Error::Bound`] for an epoch that was used; the general failures of a
    /// statement.
    pub async fn order_epoch(&self, epoch: Option<i32>) -> Result<i32, Error> {
        let tick = self.begin().await?.ok_or(Error::Busy)?;
        let next = self.marking.next_epoch(&tick.stand)?;
        let epoch = epoch.unwrap_or(next);
        if epoch < next {
            tick.leave().await?;
            return Err(Error::Bound { what: "an epoch that may be opened", bound: next.unsigned_abs().into() });
        }
        self.open_epoch(tick, epoch, Why::Ordered).await?;
        self.doubt.end();
        self.tell().await?;
        Ok(epoch)
    }

    /// The epoch to open where a single log is behind what was published of it.
    async fn behind(&self, tick: &Tick) -> Result<Option<i32>, Error> {
        let mut after: Option<WorkspaceId> = None;
        loop {
            let heads = tick.heads(after).await?;
            let Some((last, ..)) = heads.last() else { return Ok(None) };
            after = Some(*last);
            for (log, size, frontier) in heads {
                let stands = Frontier::from_bytes(size, &frontier)
                    .map_err(|_| Error::Integrity("the head of a log is not its frontier"))?;
                if let Some(epoch) = self.marking.contradicted(&tick.stand, log, &stands)? {
                    return Ok(Some(epoch));
                }
            }
        }
    }

    /// Raises the epoch, notes what is known of every log, and begins the deployment's log anew, in one transaction.
    pub(crate) async fn open_epoch(&self, mut tick: Tick, epoch: i32, why: Why) -> Result<(), Error> {
        let before = tick.names.clone();
        tick.open_epoch(epoch, why, &self.marking.logs()?).await?;
        let opening = tick.untold_deployment().await?.ok_or(Error::NotFound)?;
        let mut log = Log::of(&tick, DEPLOYMENT).await?;
        let earlier = Names { epoch: opening.previous.unwrap_or(before.epoch), ..before };
        let entry = log.enter(entry::opening(&origin::of_deployment(&earlier, self.platform), &opening), None);
        tick.store_entries(&[entry]).await?;
        tick.grow_tiles(DEPLOYMENT, &log.take_tiles()).await?;
        let name = origin::of_deployment(&tick.names, self.platform);
        log.sign(&tick, self.platform, &name).await;
        let signed = log.store_head(&tick, DEPLOYMENT).await?;
        let note = self.succession(&tick, self.platform, &opening, origin::of_deployment).await;
        tick.told(DEPLOYMENT, note.as_deref()).await?;
        let stand = tick.commit().await?;
        tracing::error!(epoch, reason = why.word(), "a new epoch of the logs was opened");
        self.marking.note(stand, signed.into_iter().collect()).await
    }

    /// Tells every log that is not told in this epoch. One that cannot be told, since its workspace is not active or its
    /// keys cannot be read, holds up no other and is tried again. Says how many were told.
    pub(crate) async fn tell(&self) -> Result<u64, Error> {
        let (mut after, mut told) = (None, 0);
        for _ in 0..ROUNDS_MAX {
            let Some(tick) = self.begin().await? else { return Ok(told) };
            let untold = tick.untold(after).await?;
            tick.leave().await?;
            let Some(last) = untold.last() else { return Ok(told) };
            after = Some(last.workspace);
            for opening in untold {
                let workspace = opening.workspace;
                match self.tell_one(workspace).await {
                    Ok(()) => told += 1,
                    Err(error) => {
                        tracing::warn!(%workspace, %error, state = error.sql_state(), "a log was not told again; it waits");
                    }
                }
            }
        }
        Ok(told)
    }

    /// Tells one log: its opening record, what destroyed keys sealed, and its leaves.
    async fn tell_one(&self, workspace: WorkspaceId) -> Result<(), Error> {
        let tick = self.begin().await?.ok_or(Error::Busy)?;
        let Some(opening) = tick.untold_of(workspace).await? else { return tick.leave().await };
        if tick.record(workspace, opening.record_id()).await?.is_none() {
            let found = found(&tick, &opening).await?;
            tick.leave().await?;
            self.database.write_opening(&opening, found).await?;
        } else {
            tick.leave().await?;
        }
        self.database.erase_again(workspace).await?;
        let tick = self.begin().await?.ok_or(Error::Busy)?;
        let Some(opening) = tick.untold_of(workspace).await? else { return tick.leave().await };
        self.leaves(tick, &opening).await
    }

    /// The leaves of a log in the new epoch, in one transaction: its opening, what had a leaf before, what had none.
    async fn leaves(&self, tick: Tick, opening: &Opening) -> Result<(), Error> {
        let (workspace, epoch, first) = (opening.workspace, opening.epoch, opening.record_id());
        let record = tick.record(workspace, first).await?.ok_or(Error::NotFound)?;
        let mut open = Open::of(&tick, workspace).await?;
        if open.size() > 0 {
            return Err(Error::Integrity("a log has leaves in an epoch in which it is not told"));
        }
        open.append(epoch, &record);
        let previous = opening.previous.unwrap_or(0);
        let mut from = 0;
        loop {
            let page = tick.surviving(workspace, previous, from).await?;
            let Some(last) = page.last() else { break };
            from = last.index + 1;
            page.iter().filter_map(|survivor| survivor.record.as_ref()).for_each(|record| open.append(epoch, record));
            open.store(&tick).await?;
        }
        let mut after = i64::MIN;
        loop {
            let page = tick.leafless(workspace, previous, after, first).await?;
            let Some(last) = page.last() else { break };
            after = last.order;
            page.iter().for_each(|record| open.append(epoch, record));
            open.store(&tick).await?;
        }
        let signed = close(&tick, Some(open)).await?;
        let note = self.succession(&tick, workspace, opening, origin::of_workspace).await;
        tick.told(workspace, note.as_deref()).await?;
        let stand = tick.keep().await?;
        self.marking.note(stand, signed.into_iter().collect()).await
    }

    /// The note by which the keys of earlier epochs name the new one; nothing where there was none, or without keys.
    async fn succession(
        &self,
        tick: &Tick,
        keys_of: WorkspaceId,
        opening: &Opening,
        name: fn(&Names, WorkspaceId) -> String,
    ) -> Option<String> {
        let newest = opening.previous.max(opening.published.map(|known| known.epoch))?;
        let keys = tick.signing_keys(keys_of).await.ok()?;
        let of = |epoch: i32| {
            let names = Names { epoch, ..tick.names.clone() };
            origin::signing_key(&keys, &name(&names, keys_of))
        };
        let successor = of(opening.epoch)?;
        let first = newest.saturating_sub(succession::KEYS_MAX - 1).max(1);
        let before: Vec<SigningKey> = (first..=newest).rev().filter_map(of).collect();
        succession::note(&successor, opening, &before)
    }
}

/// How the leaves of the epoch before are found: their root, and how many do not commit to the record that is there.
async fn found(tick: &Tick, opening: &Opening) -> Result<Option<Found>, Error> {
    let Some(previous) = opening.previous else { return Ok(None) };
    let (mut tree, mut differ, mut from) = (Frontier::new(), 0, 0);
    loop {
        let page = tick.surviving(opening.workspace, previous, from).await?;
        let Some(last) = page.last() else { break };
        let next = last.index + 1;
        for survivor in page {
            let hash = <[u8; 32]>::try_from(survivor.hash).map_or(leaf_hash(b""), Hash);
            let record = survivor.record.map(|record| leaf_hash(entry::of_record(previous, &record).as_bytes()));
            differ += u64::from(record != Some(hash));
            tree.append(hash, |_, _, _| {});
        }
        from = next;
    }
    differ += opening.restored.abs_diff(tree.size());
    if differ > 0 {
        let workspace = opening.workspace;
        tracing::error!(%workspace, count = differ, "records are not what their leaves say; the log's opening says so");
    }
    Ok(Some(Found { root: tree.root().0, differ }))
}

/// The checkpoint that was published last of the deployment's log, as the new one's first entry names it.
pub(crate) fn published_text(origin: &str, opening: &Opening) -> Option<(u64, String)> {
    let known = opening.published?;
    let log = origin.rsplit_once("/e").map_or(origin, |(log, _)| log);
    Some((known.size, format!("{log}/e{}\n{}\n{}\n", known.epoch, known.size, BASE64.encode(&known.root))))
}
