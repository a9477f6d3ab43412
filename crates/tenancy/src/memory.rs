//! What is kept in memory to be asked for less often: so many entries, the longest unused goes first.

use std::hash::Hash;
use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};

use lru::LruCache;

/// A bounded map that is shared by all threads and gives out copies.
pub struct Memory<K: Hash + Eq, V> {
    kept: Mutex<LruCache<K, V>>,
}

impl<K: Hash + Eq, V> std::fmt::Debug for Memory<K, V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Memory")
    }
}

impl<K: Hash + Eq, V: Clone> Memory<K, V> {
    /// An empty one for at most so many entries, and for one at least.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { kept: Mutex::new(LruCache::new(NonZeroUsize::new(most).unwrap_or(NonZeroUsize::MIN))) }
    }

    fn kept(&self) -> MutexGuard<'_, LruCache<K, V>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is kept for a key; it was used now.
    pub fn get(&self, key: &K) -> Option<V> {
        self.kept().get(key).cloned()
    }

    /// Keeps a value in place of what was kept for the key.
    pub fn keep(&self, key: K, value: V) {
        self.kept().put(key, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_the_bound_all_are_kept_and_one_past_it_the_longest_unused_goes() {
        let memory = Memory::new(3);
        (1..=3).for_each(|number| memory.keep(number, number * 10));
        assert_eq!([1, 2, 3].map(|key| memory.get(&key)), [Some(10), Some(20), Some(30)]);
        memory.get(&1);
        memory.keep(4, 40);
        assert_eq!([1, 2, 3, 4].map(|key| memory.get(&key)), [Some(10), None, Some(30), Some(40)]);
        memory.keep(4, 41);
        assert_eq!(memory.get(&4), Some(41));
    }
}
