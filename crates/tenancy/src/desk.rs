//! Desks: reads of one workspace that travel together.
//!
//! A read of one row costs the database more in coming and going than in reading. Those that are asked for while others
//! are on their way wait for each other at a desk, one a workspace and statement, and leave as one statement: with the
//! workspace set as ever, so that row security sees no other, and each for its own person. Nobody waits for company: a
//! read that finds the way free leaves alone.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::oneshot;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::composite;
use crate::database::{self, Database};
use crate::sql::Sql;
use crate::{Error, PersonId, WorkspaceId, statements};

/// Most reads in one statement.
const TOGETHER_MAX: usize = 32;
/// Most statements of one desk on their way. One was faster than two (decision 0012): more leave together.
const FLIGHTS_MAX: usize = 1;
/// Most reads that wait at one desk; more take the way of a scope.
const WAITING_MAX: usize = 1024;

/// Longest that a statement is waited for: longer than the database lets it run, so only what hangs is given up. Nobody of
/// a workspace waits for a connection that went dead under another's read.
const FLIGHT_TIME_MAX: Duration = Duration::from_secs(6);

/// Which desk: the workspace, and the statement by its address.
type Place = (WorkspaceId, usize);

/// All desks with somebody at them.
#[derive(Default)]
pub(crate) struct Desks {
    open: Mutex<HashMap<Place, Desk>>,
}

#[derive(Default)]
struct Desk {
    waiting: VecDeque<Waiting>,
    flights: usize,
}

struct Waiting {
    person: PersonId,
    target: Uuid,
    answer: oneshot::Sender<Seen>,
}

/// A row that came back, and what the database said of the workspace in the same moment.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) epoch: i64,
    pub(crate) now: Timestamp,
    /// The row; its columns from [`SEEN_FROM`] on say whether the target is there, then what was asked of it.
    pub(crate) row: Row,
}

/// Columns before what was asked of a target: epoch, time, number, person, target.
pub(crate) const SEEN_FROM: usize = 5;

impl Desks {
    /// Puts a read at its desk; says whether somebody has to go for it. Nothing when too many wait already.
    fn put(&self, place: Place, waiting: Waiting) -> Option<bool> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let desk = open.entry(place).or_default();
        if desk.waiting.len() >= WAITING_MAX {
            return None;
        }
        desk.waiting.push_back(waiting);
        let goes = desk.flights < FLIGHTS_MAX;
        desk.flights += usize::from(goes);
        Some(goes)
    }

    /// Takes those that leave together; with nobody left the flight ends, and with the last flight the desk.
    fn take(&self, place: Place) -> Vec<Waiting> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(desk) = open.get_mut(&place) else { return Vec::new() };
        let together = desk.waiting.len().min(TOGETHER_MAX);
        let taken: Vec<Waiting> = desk.waiting.drain(..together).collect();
        if taken.is_empty() {
            desk.flights -= 1;
            if desk.flights == 0 {
                open.remove(&place);
            }
        }
        taken
    }
}

impl Database {
    /// Reads one target for one person, together with others of the workspace. Nothing when that failed in any way: the
    /// caller opens a scope, which says why.
    pub(crate) async fn read_together(
        &self,
        workspace: WorkspaceId,
        person: PersonId,
        target: Uuid,
        see: &'static Sql,
    ) -> Option<Seen> {
        let place = (workspace, composite::address(see));
        let (answer, answered) = oneshot::channel();
        if self.inner.desks.put(place, Waiting { person, target, answer })? {
            let database = self.clone();
            // A task of its own: a reader that goes away does not take the others' read with it.
            tokio::spawn(async move {
                loop {
                    let together = database.inner.desks.take(place);
                    if together.is_empty() {
                        return;
                    }
                    if let Err(error) = database.fly(workspace, see, together).await {
                        tracing::debug!(state = error.sql_state(), "reads did not come back together");
                    }
                }
            });
        }
        answered.await.ok()
    }

    async fn fly(&self, workspace: WorkspaceId, see: &'static Sql, together: Vec<Waiting>) -> Result<(), Error> {
        let text = composite::together(&statements::EPOCH_OF, see).ok_or(Error::Busy)?;
        let people: Vec<Uuid> = together.iter().map(|waiting| waiting.person.uuid()).collect();
        let targets: Vec<Uuid> = together.iter().map(|waiting| waiting.target).collect();
        let client = self.app().await?;
        let statement = database::prepare_text(&client, see.name(), &text).await?;
        let params: database::Params<'_> = &[&workspace.uuid(), &people, &targets];
        let Ok(rows) = tokio::time::timeout(FLIGHT_TIME_MAX, client.query(&statement, params)).await else {
            // Whoever is asked next must not wait behind it.
            database::discard(client);
            return Err(Error::Unavailable);
        };
        drop(client);
        let mut waiting: Vec<Option<Waiting>> = together.into_iter().map(Some).collect();
        for row in rows.map_err(|error| Error::from_driver(see.name(), error))? {
            let place = usize::try_from(row.get::<_, i64>(2)).ok().and_then(|number| number.checked_sub(1));
            let one = place.and_then(|place| waiting.get_mut(place)).and_then(Option::take);
            let one = one.ok_or(Error::Integrity("a row that nobody waits for"))?;
            // What a row is for stands in the row: nobody is handed another's.
            if row.get::<_, Uuid>(3) != one.person.uuid() || row.get::<_, Uuid>(4) != one.target {
                return Err(Error::Integrity("a row of another reader"));
            }
            let seen = Seen { epoch: row.get(0), now: row.get(1), row };
            // A reader that went away wants nothing any more.
            drop(one.answer.send(seen));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting() -> (Waiting, oneshot::Receiver<Seen>) {
        let (answer, answered) = oneshot::channel();
        (Waiting { person: PersonId::random(), target: Uuid::nil(), answer }, answered)
    }

    #[test]
    fn one_goes_and_the_others_wait_for_it() {
        let desks = Desks::default();
        let place = (WorkspaceId::random(), 1);
        let goes: Vec<Option<bool>> = (0..4).map(|_| desks.put(place, waiting().0)).collect();
        assert_eq!(goes, [Some(true), Some(false), Some(false), Some(false)]);
        assert_eq!(desks.take(place).len(), 4);
        assert!(desks.take(place).is_empty());
        assert!(desks.open.lock().unwrap().is_empty(), "nobody is left, and no desk");
        assert_eq!(desks.put(place, waiting().0), Some(true));
    }

    #[test]
    fn as_many_as_fit_leave_together_and_one_more_waits() {
        let desks = Desks::default();
        let place = (WorkspaceId::random(), 1);
        for _ in 0..=TOGETHER_MAX {
            desks.put(place, waiting().0);
        }
        assert_eq!(desks.take(place).len(), TOGETHER_MAX);
        assert_eq!(desks.take(place).len(), 1);
    }

    #[test]
    fn past_the_bound_nobody_waits() {
        let desks = Desks::default();
        let place = (WorkspaceId::random(), 1);
        for _ in 0..WAITING_MAX {
            assert!(desks.put(place, waiting().0).is_some());
        }
        assert_eq!(desks.put(place, waiting().0), None);
        assert!(desks.put((WorkspaceId::random(), 1), waiting().0).is_some(), "another workspace has its own desk");
    }
}
