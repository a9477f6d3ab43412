//! Before anything is served: whether the database was put back, and what follows from it.
//!
//! The logs begin anew and what destroyed keys sealed is cleared again (`ledger`); people whose keys are destroyed were
//! erased, so their access ends and their names go again.

use std::path::Path;

use identity::people;
use ledger::published::Mark;
use tenancy::policy::{EndPerson, OrderErasure};
use tenancy::{Database, PersonId, Record, Whole, WorkspaceId};

use crate::config::Config;
use crate::operator::{operate, words};

/// Looks, and does what follows. Hands on the mark of what is published.
pub(crate) async fn begin_again(db: &Database, platform: WorkspaceId, mark: &Path) -> Result<Mark, String> {
    let mark = Mark::open(mark).map_err(words)?;
    let integrator = ledger::Integrator::new(db.clone(), "", platform).marked(mark.clone());
    if !integrator.prepare().await.map_err(words)? {
        return Ok(mark);
    }
    // What fails now is tried again by the server's own eraser.
    drop(ledger::Eraser::new(db.clone()).look(true).await);
    for (_, workspace, _) in db.routes().await.map_err(words)? {
        let Ok(gone) = db.erased_people(workspace).await else { continue };
        for person in gone {
            if let Err(error) = forget_again(db, workspace, person).await {
                tracing::warn!(%workspace, error, "somebody who was erased is back and was not forgotten again");
            }
        }
    }
    Ok(mark)
}

/// Who gives records their leaves, and who asks witnesses; these are asked once first, for one of them may know more of
/// the log than is here.
pub(crate) async fn workers(
    db: &Database,
    config: &Config,
    base_url: &str,
    platform: WorkspaceId,
    mark: Mark,
) -> Result<(ledger::Integrator, ledger::Cosigning), String> {
    let doubt = ledger::Doubt::default();
    let cosigning = ledger::Cosigning::new(db.clone(), config.witnesses.clone()).map_err(words)?;
    let cosigning = cosigning.doubting(platform, doubt.clone());
    cosigning.look_first().await;
    Ok((ledger::Integrator::new(db.clone(), base_url, platform).marked(mark).doubting(doubt), cosigning))
}

/// Ends the access of somebody who was erased and is back, and forgets what they are called.
async fn forget_again(db: &Database, workspace: WorkspaceId, person: PersonId) -> Result<(), String> {
    let mut scope = operate(db, workspace).await?;
    let found = match people::get(&scope, person).await {
        Ok(found) => found,
        Err(identity::Error::Tenancy(tenancy::Error::NotFound)) => return Ok(()),
        Err(error) => return Err(words(error)),
    };
    let is_here = found.state != "ended";
    if !is_here && found.name == people::FORGOTTEN {
        return Ok(());
    }
    if is_here {
        let permit = scope.permit::<EndPerson>(person).await.map_err(words)?;
        people::end(&mut scope, permit).await.map_err(words)?;
    }
    let permit = scope.permit::<OrderErasure>(Whole).await.map_err(words)?;
    let record = Record::about(person.uuid()).with("part", "profile").with("again", "after a restore: erased before");
    let _writer = scope.write(permit, record).map_err(words)?;
    people::forget(&mut scope, person).await.map_err(words)?;
    scope.commit().await.map_err(words).map(|_committed| ())
}
