//! The integrator: gives records their leaves, signs checkpoints, and enters them into the deployment's log.

use std::time::Duration;

use tenancy::epoch::{Published, Why};
use tenancy::log::{Commitments, DEPLOYMENT, DeploymentEntry, Head, Leaf, Tick, TilePart};
use tenancy::{Database, Error, WorkspaceId, faults};
use tlog::{Checkpoint, Frontier, leaf_hash};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::doubt::Doubt;
use crate::growing::Growing;
use crate::marking::{Marking, Signed};
use crate::published::Mark;
use crate::{ender, entry, origin};

/// How often records without a leaf are looked for.
const TICK_EVERY: Duration = Duration::from_millis(250);
/// How often checkpoints are entered into the deployment's log.
const ANCHOR_EVERY: Duration = Duration::from_secs(10);
/// The deployment's log is never silent for longer: silence is otherwise the same as a tail that was cut off.
const HEARTBEAT_EVERY_S: f64 = 600.0;
/// Most epochs that one tick opens.
const OPENED_MAX: usize = 2;

/// Turns records into logs until it is told to stop.
#[derive(Debug, Clone)]
pub struct Integrator {
    pub(crate) database: Database,
    host: String,
    pub(crate) platform: WorkspaceId,
    pub(crate) marking: Marking,
    pub(crate) doubt: Doubt,
}

/// What one tick did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Done {
    /// Leaves appended to workspaces' logs.
    pub leaves: u64,
    /// Entries appended to the deployment's log.
    pub entries: u64,
}

impl Integrator {
    /// An integrator of an installation that is reached under this URL. The URL names logs that begin now; those that
    /// are there keep their names.
    #[must_use]
    pub fn new(database: Database, url: &str, platform: WorkspaceId) -> Self {
        Self { database, host: origin::host_of(url), platform, marking: Marking::default(), doubt: Doubt::default() }
    }

    /// The same, with a mark of what it published outside of the database: a database that was put back is noticed.
    #[must_use]
    pub fn marked(self, mark: Mark) -> Self {
        Self { marking: Marking::by(mark), ..self }
    }

    /// The same, signing nothing while a witness raises this doubt.
    #[must_use]
    pub fn doubting(self, doubt: Doubt) -> Self {
        Self { doubt, ..self }
    }

    /// Ticks until `shutdown` holds `true` or its sender is gone.
    pub async fn run(self, mut shutdown: watch::Receiver<bool>) {
        let mut anchor_at = Instant::now();
        let mut troubled = false;
        while shutdown.has_changed().is_ok() && !*shutdown.borrow() {
            let is_time = Instant::now() >= anchor_at;
            let done = match is_time {
                true => self.tick_and_tell().await,
                false => match self.database.log_is_behind().await {
                    Ok(true) => self.tick(false).await,
                    Ok(false) => Ok(Done::default()),
                    Err(error) => Err(error),
                },
            };
            match done {
                Ok(_) if is_time => anchor_at = Instant::now() + ANCHOR_EVERY,
                // Another node was faster: its tick did what ours would have.
                Ok(_) | Err(Error::Busy) => {}
                Err(ref error) if !troubled => {
                    tracing::warn!(%error, state = error.sql_state(), "records get no leaves; trying again");
                }
                Err(_) => {}
            }
            troubled = done.is_err();
            tokio::select! {
                _ = shutdown.wait_for(|stop| *stop) => {}
                () = tokio::time::sleep(TICK_EVERY) => {}
            }
        }
    }

    /// A tick, and what an opened epoch has not told yet.
    async fn tick_and_tell(&self) -> Result<Done, Error> {
        let done = self.tick(true).await?;
        if !self.doubt.is_raised() {
            self.tell().await?;
        }
        Ok(done)
    }

    /// One tick: every record of the cut gets its leaf, and with `anchors` the deployment's log its entries. Where the
    /// database was put back, the logs begin anew first.
    ///
    /// # Errors
    /// The general failures of a statement; then nothing was changed.
    pub async fn tick(&self, anchors: bool) -> Result<Done, Error> {
        self.marking.settle().await?;
        if self.doubt.is_raised() {
            return Ok(Done::default());
        }
        for _ in 0..OPENED_MAX {
            let Some(tick) = self.begin().await? else { return Ok(Done::default()) };
            let next = match self.marking.judge(&tick.stand)? {
                Some(epoch) => Err((tick, epoch)),
                None => self.integrate(tick, anchors).await?,
            };
            match next {
                Ok(done) => return Ok(done),
                Err((tick, epoch)) => self.open_epoch(tick, epoch, Why::Restored).await?,
            }
            self.tell().await?;
        }
        Err(Error::Integrity("the database is put back again and again"))
    }

    /// A tick as it begins; nothing when another node is at it.
    pub(crate) async fn begin(&self) -> Result<Option<Tick>, Error> {
        self.database.tick(&self.host, self.marking.first_epoch()?).await
    }

    /// The work of a tick. Given back with the epoch that must be opened, when a log is behind what was published of it.
    async fn integrate(&self, tick: Tick, anchors: bool) -> Result<Result<Done, (Tick, i32)>, Error> {
        let mut done = Done::default();
        let mut signed = Vec::new();
        let mut open: Option<Open> = None;
        loop {
            let waiting = tick.waiting().await?;
            if waiting.is_empty() {
                break;
            }
            for record in waiting {
                if open.as_ref().is_none_or(|open| open.workspace != record.workspace) {
                    signed.extend(close(&tick, open.take()).await?);
                    let next = Open::of(&tick, record.workspace).await?;
                    if let Some(epoch) =
                        self.marking.contradicted(&tick.stand, next.workspace, &next.log.tree.frontier)?
                    {
                        tick.leave().await?;
                        let tick = self.begin().await?.ok_or(Error::Busy)?;
                        return Ok(Err((tick, epoch)));
                    }
                    open = Some(next);
                }
                // The switch passes a record over: what a campaign that counts must find.
                if faults::on("record-without-leaf") && record.order % 40 == 0 {
                    continue;
                }
                if let Some(open) = &mut open {
                    open.append(tick.names.epoch, &record);
                    done.leaves += 1;
                }
            }
            if let Some(open) = &mut open {
                open.store(&tick).await?;
            }
        }
        signed.extend(close(&tick, open).await?);
        if anchors {
            done.entries = self.anchor(&tick, &mut signed).await?;
        }
        let stand = tick.commit().await?;
        self.marking.note(stand, signed).await?;
        Ok(Ok(done))
    }

    /// Enters checkpoints into the deployment's log, or a heartbeat where there was nothing for long.
    async fn anchor(&self, tick: &Tick, signed: &mut Vec<Signed>) -> Result<u64, Error> {
        let fresh = tick.unanchored().await?;
        let (silent_s, now_us) = tick.silence().await?;
        let mut log = Log::of(tick, DEPLOYMENT).await?;
        let mut entries = Vec::with_capacity(fresh.len());
        for (workspace, size, note) in fresh {
            let name = origin::of_workspace(&tick.names, workspace);
            let text = note.split_once("\n\n").map_or(String::new(), |(text, _)| format!("{text}\n"));
            let text = entry::of_checkpoint(&name, &text, log.tree.frontier.size());
            entries.push(log.enter(text, Some((workspace, size))));
        }
        let mut certified = Vec::new();
        for (workspace, text) in tick.uncertified().await? {
            let name = ender::origin_of(&text);
            certified.push((workspace, log.tree.frontier.size()));
            entries.push(log.enter(entry::of_end(name, &text, log.tree.frontier.size()), None));
        }
        let is_silent = entries.is_empty() && silent_s.is_none_or(|silent_s| silent_s >= HEARTBEAT_EVERY_S);
        if is_silent {
            entries.push(log.enter(entry::heartbeat(now_us), None));
        }
        if entries.is_empty() {
            return Ok(0);
        }
        tick.store_entries(&entries).await?;
        tick.certified(&certified).await?;
        tick.grow_tiles(DEPLOYMENT, &log.take_tiles()).await?;
        let name = origin::of_deployment(&tick.names, self.platform);
        log.sign(tick, self.platform, &name).await;
        signed.extend(log.store_head(tick, DEPLOYMENT).await?);
        Ok(entries.len() as u64)
    }
}

/// A log that grows within a tick.
pub(crate) struct Log {
    head: Head,
    pub(crate) tree: Growing,
    is_signed: bool,
}

impl Log {
    pub(crate) async fn of(tick: &Tick, log: WorkspaceId) -> Result<Self, Error> {
        let head = tick.head(log).await?;
        let frontier = Frontier::from_bytes(head.size, &head.frontier)
            .map_err(|_| Error::Integrity("the head of a log is not its frontier"))?;
        Ok(Self { head, tree: Growing::from(frontier), is_signed: false })
    }

    pub(crate) fn enter(&mut self, entry: String, of: Option<(WorkspaceId, u64)>) -> DeploymentEntry {
        let (index, hash) = (self.tree.frontier.size(), leaf_hash(entry.as_bytes()));
        self.tree.append(hash);
        DeploymentEntry { index, of, entry, hash: hash.0 }
    }

    pub(crate) fn take_tiles(&mut self) -> Vec<TilePart> {
        let tiles = std::mem::take(&mut self.tree.tiles).into_iter();
        tiles.map(|((level, index), hashes)| TilePart { level, index, hashes }).collect()
    }

    /// Signs how the log stands. A workspace whose keys cannot be read keeps the note it had; the others do not wait.
    pub(crate) async fn sign(&mut self, tick: &Tick, keys_of: WorkspaceId, name: &str) {
        let mut checkpoint = Checkpoint {
            origin: name.to_owned(),
            size: self.tree.frontier.size(),
            root: self.tree.frontier.root(),
            extensions: Vec::new(),
        };
        // The switch signs now and then what is not the tree's: what a campaign that keeps every checkpoint must find.
        if faults::on("checkpoint-of-another-tree") && checkpoint.size.is_multiple_of(5) {
            checkpoint.root.0[0] ^= 1;
        }
        let key = match tick.signing_keys(keys_of).await {
            Ok(keys) => origin::signing_key(&keys, name),
            Err(_) => None,
        };
        match key.and_then(|key| key.sign(&checkpoint.to_string()).ok()) {
            Some(note) => {
                self.head.checkpoint = Some(note);
                self.head.signed_size = self.tree.frontier.size();
                self.is_signed = true;
            }
            None => tracing::error!(workspace = %keys_of, "a checkpoint could not be signed"),
        }
    }

    /// Stores how it stands; what was published by it, once the tick is committed.
    pub(crate) async fn store_head(&mut self, tick: &Tick, log: WorkspaceId) -> Result<Option<Signed>, Error> {
        self.head.size = self.tree.frontier.size();
        self.head.frontier = self.tree.frontier.to_bytes();
        tick.store_head(log, &self.head, self.is_signed).await?;
        let (size, root) = (self.head.size, self.tree.frontier.root().0);
        Ok(self.is_signed.then_some((log, Published { epoch: tick.names.epoch, size, root })))
    }
}

/// A workspace's log while its records are read.
pub(crate) struct Open {
    workspace: WorkspaceId,
    log: Log,
    leaves: Vec<Leaf>,
}

impl Open {
    pub(crate) async fn of(tick: &Tick, workspace: WorkspaceId) -> Result<Self, Error> {
        Ok(Self { workspace, log: Log::of(tick, workspace).await?, leaves: Vec::new() })
    }

    /// Leaves that it has.
    pub(crate) fn size(&self) -> u64 {
        self.log.tree.frontier.size()
    }

    pub(crate) fn append(&mut self, epoch: i32, record: &Commitments) {
        let mut text = entry::of_record(epoch, record);
        if faults::on("leaf-of-another-entry") && record.order % 2 == 0 {
            text.push(' ');
        }
        let hash = leaf_hash(text.as_bytes());
        self.leaves.push(Leaf { index: self.log.tree.frontier.size(), order: record.order, hash: hash.0 });
        self.log.tree.append(hash);
    }

    pub(crate) async fn store(&mut self, tick: &Tick) -> Result<(), Error> {
        tick.store_leaves(self.workspace, &std::mem::take(&mut self.leaves)).await?;
        tick.grow_tiles(self.workspace, &self.log.take_tiles()).await
    }
}

/// Signs and stores a log that was read through.
pub(crate) async fn close(tick: &Tick, open: Option<Open>) -> Result<Option<Signed>, Error> {
    let Some(mut open) = open else { return Ok(None) };
    open.store(tick).await?;
    let name = origin::of_workspace(&tick.names, open.workspace);
    open.log.sign(tick, open.workspace, &name).await;
    open.log.store_head(tick, open.workspace).await
}
