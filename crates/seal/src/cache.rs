//! Opened keys of recently used workspaces: bounded in number and in age.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::WorkspaceKeys;

/// Holds at most `limit` data keys over all workspaces, or one workspace that alone has more.
pub(crate) struct Cache {
    entries: HashMap<[u8; 16], Entry>,
    key_count: usize,
    limit: usize,
    tick: u64,
}

struct Entry {
    keys: Arc<WorkspaceKeys>,
    expires_at: Duration,
    last_used: u64,
}

impl Cache {
    pub(crate) fn new(limit: usize) -> Self {
        Self { entries: HashMap::new(), key_count: 0, limit, tick: 0 }
    }

    /// The keys of a workspace, unless their time is over at `now`.
    pub(crate) fn find(&mut self, workspace: &[u8; 16], now: Duration) -> Option<Arc<WorkspaceKeys>> {
        self.tick += 1;
        let entry = self.entries.get_mut(workspace)?;
        if entry.expires_at <= now {
            self.remove(workspace);
            return None;
        }
        entry.last_used = self.tick;
        Some(Arc::clone(&entry.keys))
    }

    /// When the entry of a workspace ends, if it has one.
    pub(crate) fn expires_at(&self, workspace: &[u8; 16]) -> Option<Duration> {
        self.entries.get(workspace).map(|entry| entry.expires_at)
    }

    /// Puts keys in until `expires_at`, dropping the expired and then the longest unused entries.
    pub(crate) fn put(&mut self, keys: Arc<WorkspaceKeys>, now: Duration, expires_at: Duration) {
        let workspace = keys.workspace();
        self.remove(&workspace);
        self.drop_expired(now);
        self.tick += 1;
        self.key_count += keys.key_count();
        while self.key_count > self.limit && !self.entries.is_empty() {
            self.remove_longest_unused();
        }
        let entry = Entry { keys, expires_at, last_used: self.tick };
        self.entries.insert(workspace, entry);
    }

    pub(crate) fn remove(&mut self, workspace: &[u8; 16]) {
        if let Some(entry) = self.entries.remove(workspace) {
            self.key_count -= entry.keys.key_count();
        }
    }

    pub(crate) fn drop_expired(&mut self, now: Duration) {
        let key_count = &mut self.key_count;
        self.entries.retain(|_, entry| {
            let stays = entry.expires_at > now;
            if !stays {
                *key_count -= entry.keys.key_count();
            }
            stays
        });
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.key_count = 0;
    }

    pub(crate) fn key_count(&self) -> usize {
        self.key_count
    }

    fn remove_longest_unused(&mut self) {
        let oldest = self.entries.iter().min_by_key(|(_, entry)| entry.last_used).map(|(workspace, _)| *workspace);
        if let Some(workspace) = oldest {
            self.remove(&workspace);
        }
    }
}
