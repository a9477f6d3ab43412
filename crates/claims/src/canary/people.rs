//! People of the canary workspaces, through the same functions as everybody's.

use std::collections::BTreeMap;
use std::sync::{OnceLock, PoisonError, RwLock};

use identity::links::{self, Purpose};
use identity::people::{self, InitialState, NewPerson};
use identity::roles::{self, Principal};
use identity::{Email, groups, passwords, sessions, tokens, workspaces};
use seal::WorkspaceKeys;
use tenancy::policy::{
    AddGroup, AddPerson, GrantAtProcess, IssueLink, IssueToken, PrepareCanary, SetPassword, TokenScope, UseLink,
};
use tenancy::{
    Channel, Credential, Database, GroupId, Internal, Origin, PersonId, PersonTarget, ProcessId, ReadWrite, Record,
    Scope, Whole, WorkspaceId,
};
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use super::{Canary, Part, Side, derived};
use crate::probe::ProbeError;
use crate::statements;

/// Slugs and plans of the two workspaces: one plan each, so that every plan there is takes part.
const SIDES: [(&str, &str); 2] = [(super::SLUGS[0], "standard"), (super::SLUGS[1], "enterprise")];
/// How long a canary token lives; [`Canary::renew`] makes new ones well before.
const TOKEN_DAYS: i32 = 1;
/// What the tokens are called.
const TOKEN_LABEL: &str = "live checks";

impl From<identity::Error> for ProbeError {
    fn from(error: identity::Error) -> Self {
        match error {
            identity::Error::Tenancy(error) => Self::Database(error),
            other => Self::Canary(other.to_string()),
        }
    }
}

/// Makes what is missing of the two workspaces and their people, and gives everybody a fresh token. The objects that
/// need the public listener come with [`ProbeCtx::furnish`](crate::probe::ProbeCtx::furnish).
///
/// # Errors
/// When the database or the keys do not answer as they must.
pub async fn prepare(db: &Database) -> Result<Canary, ProbeError> {
    let [a, b] = SIDES;
    Ok(Canary { a: side(db, a).await?, b: side(db, b).await? })
}

impl Canary {
    /// Gives everybody a fresh token and ends the old ones. Due at least every 12 hours.
    ///
    /// # Errors
    /// As [`prepare`].
    pub async fn renew(&self, db: &Database) -> Result<(), ProbeError> {
        for (side, (_, plan)) in [&self.a, &self.b].into_iter().zip(SIDES) {
            settle(db, side.workspace, plan).await?;
            let fresh = issue_tokens(db, side.workspace, &side.people).await?;
            *side.tokens.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        }
        Ok(())
    }
}

async fn side(db: &Database, (slug, plan): (&'static str, &str)) -> Result<Side, ProbeError> {
    let workspace = workspaces::create(db, slug, slug).await?.workspace();
    let keys = db.keys(workspace).await?;
    let mut found = BTreeMap::new();
    for part in Part::ALL {
        found.insert(*part, person(db, workspace, slug, *part).await?);
    }
    settle(db, workspace, plan).await?;
    let mut words = BTreeMap::new();
    for part in Part::WITH_PASSWORD {
        let word = derived(&keys, &format!("password of the {}", part.word()));
        if let Some(id) = found.get(part) {
            set_password(db, workspace, slug, *id, &word).await?;
        }
        words.insert(*part, word);
    }
    let tokens = issue_tokens(db, workspace, &found).await?;
    Ok(Side {
        slug,
        workspace,
        marker: format!("canary{}", derived(&keys, "marker")),
        process_keys: process_keys(&keys),
        people: found,
        passwords: words,
        tokens: RwLock::new(tokens),
        sessions: Mutex::default(),
        objects: OnceLock::new(),
    })
}

fn process_keys(keys: &WorkspaceKeys) -> [String; 2] {
    ["first process", "second process"].map(|what| format!("probe_{}", derived(keys, what)))
}

async fn as_operator(db: &Database, workspace: WorkspaceId) -> Result<Scope<ReadWrite>, ProbeError> {
    let operator = Credential::Internal(Internal::Operator);
    Ok(db.scope(operator, workspace, Origin::internal(Channel::Worker)).await?)
}

async fn person(db: &Database, workspace: WorkspaceId, slug: &str, part: Part) -> Result<PersonId, ProbeError> {
    let address = email(slug, part);
    let mut scope = as_operator(db, workspace).await?;
    if let Some(found) = people::by_email(&scope, &Email::parse(&address)?).await? {
        return Ok(found);
    }
    let permit = scope.permit::<AddPerson>(Whole).await?;
    // What somebody may do at one process only is granted there; in the workspace they are no more than a viewer.
    let role = if part.is_at_process() { Part::Viewer.role() } else { part.role() };
    let name = format!("Probe {}", part.word().replace('_', " "));
    let new = NewPerson { email: address, name, role, state: InitialState::Active, manager: None };
    let id = people::add(&mut scope, permit, new).await?;
    drop(scope.commit().await?);
    Ok(id)
}

pub(super) fn email(slug: &str, part: Part) -> String {
    format!("{}@{slug}.probe.invalid", part.word().replace('_', "-"))
}

/// Sets the plan, marks the people as probes and ends tokens of an earlier start.
async fn settle(db: &Database, workspace: WorkspaceId, plan: &str) -> Result<(), ProbeError> {
    let prober = Credential::Internal(Internal::Prober);
    let mut scope = db.scope(prober, workspace, Origin::internal(Channel::Worker)).await?;
    let permit = scope.permit::<PrepareCanary>(Whole).await?;
    let writer = scope.write(permit, Record::about(workspace.uuid()).with("plan", plan))?;
    writer.execute_one(&statements::CANARY_PLAN_SET, &[&workspace.uuid(), &plan]).await?;
    writer.execute(&statements::CANARY_PEOPLE_MARK, &[&workspace.uuid()]).await?;
    writer.execute(&statements::CANARY_TOKENS_END, &[&workspace.uuid()]).await?;
    drop(scope.commit().await?);
    Ok(())
}

async fn issue_tokens(
    db: &Database,
    workspace: WorkspaceId,
    people: &BTreeMap<Part, PersonId>,
) -> Result<BTreeMap<Part, String>, ProbeError> {
    let mut issued = BTreeMap::new();
    for (part, person) in people {
        let mut scope = as_operator(db, workspace).await?;
        let permit = scope.permit::<IssueToken>(PersonTarget(*person)).await?;
        let text = tokens::issue(&mut scope, permit, TokenScope::ALL, TOKEN_LABEL, TOKEN_DAYS).await?;
        drop(scope.commit().await?);
        issued.insert(*part, text.to_string());
    }
    Ok(issued)
}

/// Sets somebody's password unless they have one: signed in by a one-time link, as everybody is at first.
async fn set_password(
    db: &Database,
    workspace: WorkspaceId,
    slug: &str,
    person: PersonId,
    word: &str,
) -> Result<(), ProbeError> {
    let prober = Credential::Internal(Internal::Prober);
    let view = db.view(prober, workspace, Origin::internal(Channel::Worker)).await?;
    let row = view.maybe(&statements::CANARY_HAS_PASSWORD, &[&workspace.uuid(), &person.uuid()]).await?;
    view.finish();
    if row.is_some() {
        return Ok(());
    }
    let secret = link(db, workspace, person).await?;
    let mut scope = db.scope(Credential::Visitor, workspace, Origin::internal(Channel::Worker)).await?;
    let permit = scope.permit::<UseLink>(Whole).await?;
    let signed_in = links::use_link(&mut scope, permit, &secret).await?;
    drop(scope.commit().await?);
    let keys = db.keys(workspace).await?;
    let hash = sessions::parse_cookie(&keys, &signed_in.cookie)
        .ok_or_else(|| ProbeError::Canary("a new session is not readable".to_owned()))?;
    let session = Credential::Session(hash);
    let view = db.view(session, workspace, Origin::internal(Channel::Worker)).await?;
    let choosing = passwords::choosing(&view, slug).await?;
    view.finish();
    let new = choosing.choose(None, Zeroizing::new(word.to_owned())).await?;
    let mut scope = db.scope(session, workspace, Origin::internal(Channel::Worker)).await?;
    let permit = scope.permit::<SetPassword>(PersonTarget(person)).await?;
    passwords::set(&mut scope, permit, new).await?;
    drop(scope.commit().await?);
    Ok(())
}

/// A one-time link that signs a canary person in.
pub(super) async fn link(
    db: &Database,
    workspace: WorkspaceId,
    person: PersonId,
) -> Result<Zeroizing<String>, ProbeError> {
    let mut scope = as_operator(db, workspace).await?;
    let permit = scope.permit::<IssueLink>(person).await?;
    let secret = links::issue(&mut scope, permit, Purpose::SignIn).await?;
    drop(scope.commit().await?);
    Ok(secret)
}

/// Grants the roles that are held at the first process.
pub(super) async fn grant_at_process(db: &Database, side: &Side, process: ProcessId) -> Result<(), ProbeError> {
    for part in Part::ALL.iter().filter(|part| part.is_at_process()) {
        let person = side.person(*part)?;
        let mut scope = as_operator(db, side.workspace).await?;
        let held = scope.held_by(person).await?;
        if held.grants.iter().any(|grant| grant.process == Some(process) && grant.role == part.role()) {
            continue;
        }
        let permit = scope.permit::<GrantAtProcess>(process).await?;
        roles::grant_at_process(&mut scope, permit, Principal::Person(person), part.role()).await?;
        drop(scope.commit().await?);
    }
    Ok(())
}

/// Makes the group.
pub(super) async fn add_group(db: &Database, side: &Side) -> Result<GroupId, ProbeError> {
    let mut scope = as_operator(db, side.workspace).await?;
    let permit = scope.permit::<AddGroup>(Whole).await?;
    let id = groups::add(&mut scope, permit, &format!("Probe {}", side.marker)).await?;
    drop(scope.commit().await?);
    Ok(id)
}
