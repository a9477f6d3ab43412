//! Where the logs are anchored outside of themselves, and since when: the deployment's log and its witnesses. Looked up at
//! most every few seconds, for the security page shows it to everybody.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tenancy::{Database, Error};
use tokio::sync::Mutex;
use tokio::time::Instant;

/// How old an answer may be.
const AGE_MAX: Duration = Duration::from_secs(5);

/// The anchors of an installation.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Anchors {
    /// The deployment's log; nothing before its first entry.
    pub deployment: Option<Deployment>,
    /// The witnesses of the configuration, in its order.
    pub witnesses: Vec<Witness>,
}

/// The deployment's log.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Deployment {
    /// Entries that its newest checkpoint covers.
    pub size: u64,
    /// Seconds since its newest entry.
    pub age_s: f64,
}

/// A witness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// Its name.
    pub name: String,
    /// Entries of the checkpoint that it cosigned last, and when that came; nothing before its first cosignature.
    pub cosigned: Option<(u64, Timestamp)>,
}

/// Looks anchors up, and remembers them for a few seconds.
#[derive(Debug, Clone)]
pub struct AnchorsSeen {
    /// Keys of the witnesses, in their text form.
    witnesses: Arc<[String]>,
    seen: Arc<Mutex<Option<(Instant, Anchors)>>>,
}

impl AnchorsSeen {
    /// Of an installation with these witnesses, by the text of their keys.
    #[must_use]
    pub fn new(witnesses: impl IntoIterator<Item = String>) -> Self {
        Self { witnesses: witnesses.into_iter().collect(), seen: Arc::default() }
    }

    /// The anchors as they were within the last five seconds. Whoever asks while they are looked up waits for that look.
    ///
    /// # Errors
    /// The general failures of a query.
    pub async fn look(&self, database: &Database) -> Result<Anchors, Error> {
        let mut seen = self.seen.lock().await;
        if let Some((_, anchors)) = seen.as_ref().filter(|(at, _)| at.elapsed() < AGE_MAX) {
            return Ok(anchors.clone());
        }
        let anchors = self.of(database).await?;
        *seen = Some((Instant::now(), anchors.clone()));
        Ok(anchors)
    }

    async fn of(&self, database: &Database) -> Result<Anchors, Error> {
        let head = database.deployment_head().await?;
        let age_s = database.deployment_age_s().await?;
        let cosigned = match &head {
            Some(head) => database.cosignatures(head.epoch).await?,
            None => Vec::new(),
        };
        let witness = |vkey: &String| Witness {
            name: vkey.split('+').next().unwrap_or_default().to_owned(),
            cosigned: cosigned
                .iter()
                .find(|one| one.vkey == *vkey)
                .and_then(|one| one.cosigned_at.map(|at| (one.size, at))),
        };
        Ok(Anchors {
            deployment: head.zip(age_s).map(|(head, age_s)| Deployment { size: head.size, age_s }),
            witnesses: self.witnesses.iter().map(witness).collect(),
        })
    }
}
