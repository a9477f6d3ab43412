//! What the operator may do at the control socket. Every act goes through a scope as `Actor::Operator` and leaves its
//! record; there is no other power here.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;

use identity::people::{InitialState, NewPerson};
use identity::roles::Principal;
use identity::{Email, groups, links, people, roles, tokens, workspaces};
use requests::process::AccessProposal;
use requests::store::{self, PublishError};
use serde_json::{Value, json};
use tenancy::policy::{
    AddPerson, AddWorkspace, ChangeGroup, GrantAtProcess, IssueLink, IssueToken, PublishProcess, Role, TokenScope,
};
use tenancy::{
    Channel, Credential, Database, Internal, Origin, PersonId, PersonTarget, ReadWrite, Record, Scope, Whole,
    WorkspaceId,
};

use crate::auditing::Auditing;
use crate::control::{Ask, Operator};
use crate::scratch::PlainDoor;

/// Carries out the commands.
pub struct Commands {
    /// The database.
    pub db: Database,
    /// The platform's own workspace.
    pub platform: WorkspaceId,
    /// Where people reach the product.
    pub base_url: String,
    /// Where exports are written until whoever asked takes them.
    pub exports: std::path::PathBuf,
    /// Gives records their leaves; opens another epoch when that is ordered.
    pub integrator: ledger::Integrator,
    /// Runs the checks.
    pub checks: Arc<dyn Checks>,
    /// The door of a scratch instance; none in a real one.
    pub door: Option<PlainDoor>,
}

/// Runs every check now.
pub trait Checks: Send + Sync {
    /// Answers with the status of every claim.
    fn run_all(&self) -> std::pin::Pin<Box<dyn std::future::Future<Output = Value> + Send + '_>>;
    /// Runs one and answers with how it ended and what it saw.
    #[cfg(feature = "faults")]
    fn run_one(
        &self,
        check: claims::registry::CheckId,
    ) -> std::pin::Pin<Box<dyn std::future::Future<Output = Value> + Send + '_>>;
}

impl Operator for Commands {
    async fn carry_out(&self, ask: Ask) -> Result<Value, String> {
        match ask {
            Ask::TokenCreate { workspace, person, scopes, days, label } => {
                self.token(&workspace, &person, &scopes, days, &label).await
            }
            Ask::LinkCreate { workspace, person } => {
                let workspace_id = self.workspace(&workspace).await?;
                let secret = sign_in_link(&self.db, workspace_id, &person).await?;
                Ok(json!(format!("{}/link/{workspace}/{secret}", self.base_url)))
            }
            Ask::WorkspaceCreate { slug, title, owner } => self.create(&slug, &title, owner.as_deref()).await,
            Ask::WorkspaceEnd { workspace, days } => self.end(&workspace, days).await,
            Ask::WorkspaceKeep { workspace } => self.keep(&workspace).await,
            Ask::WorkspaceEnded => self.ended().await,
            Ask::WorkspaceCertificate { workspace } => self.certificate(&workspace).await,
            Ask::ProcessPublish { workspace, document } => {
                let workspace = self.workspace(&workspace).await?;
                publish(&self.db, workspace, document.as_bytes()).await
            }
            Ask::AuditExport { workspace } => self.auditing(&workspace).await?.export().await,
            Ask::AuditProof { workspace, record } => self.auditing(&workspace).await?.proof(&record).await,
            Ask::AuditKeys { workspace } => self.auditing(&workspace).await?.keys().await,
            Ask::AuditVerify { workspace } => self.auditing(&workspace).await?.verify().await,
            Ask::AuditNewEpoch { epoch } => crate::auditing::new_epoch(self, epoch).await,
            Ask::AuditErase { workspace, person, month } => {
                self.auditing(&workspace).await?.erase(person.as_deref(), month.as_deref()).await
            }
            Ask::Check => Ok(self.checks.run_all().await),
            Ask::OpenPlain { listen } => self.open_plain(listen).await,
            Ask::ClosePlain => self.close_plain().await,
            #[cfg(feature = "faults")]
            Ask::Faults => Ok(crate::faulty::table()),
            #[cfg(feature = "faults")]
            Ask::FaultOn { name } => claims::faults::switch_on(&name).map(|()| json!(name)).map_err(words),
            #[cfg(feature = "faults")]
            Ask::FaultOff { name } => {
                claims::faults::switch_off(&name);
                Ok(json!(name))
            }
            #[cfg(feature = "faults")]
            Ask::CheckOne { check } => {
                let id = claims::registry::CheckId::from_code(&check).ok_or("there is no such check")?;
                Ok(self.checks.run_one(id).await)
            }
        }
    }
}

impl Commands {
    pub(crate) async fn workspace(&self, slug: &str) -> Result<WorkspaceId, String> {
        self.db.workspace_of(slug).await.map_err(|error| match error {
            tenancy::Error::NotFound => {
                format!("there is no workspace \"{slug}\"; make one with `countersign workspace create {slug}`")
            }
            other => other.to_string(),
        })
    }

    async fn auditing(&self, slug: &str) -> Result<Auditing<'_>, String> {
        let workspace = self.workspace(slug).await?;
        Ok(Auditing { db: &self.db, platform: self.platform, workspace, exports: &self.exports })
    }

    async fn token(&self, slug: &str, email: &str, scopes: &[String], days: i32, label: &str) -> Result<Value, String> {
        let known = || TokenScope::ALL.iter().map(|scope| scope.text()).collect::<Vec<_>>().join(", ");
        let scopes = scopes
            .iter()
            .map(|text| {
                TokenScope::from_text(text).ok_or_else(|| format!("\"{text}\" is no scope; the scopes are {}", known()))
            })
            .collect::<Result<Vec<_>, _>>()?;
        let workspace = self.workspace(slug).await?;
        let mut scope = operate(&self.db, workspace).await?;
        let person = person_of(&scope, email).await?;
        let permit = scope.permit::<IssueToken>(PersonTarget(person)).await.map_err(words)?;
        let token = tokens::issue(&mut scope, permit, &scopes, label, days).await.map_err(words)?;
        let _committed = scope.commit().await.map_err(words)?;
        Ok(json!(token.as_str()))
    }

    async fn create(&self, slug: &str, title: &str, owner: Option<&str>) -> Result<Value, String> {
        let made = workspaces::create(&self.db, slug, title).await.map_err(words)?;
        let workspaces::Made::Now(id) = made else {
            return Err(format!("there is a workspace \"{slug}\" already"));
        };
        let mut scope = operate(&self.db, self.platform).await?;
        let permit = scope.permit::<AddWorkspace>(Whole).await.map_err(words)?;
        let _writer = scope.write(permit, Record::about(id.uuid()).with("slug", slug)).map_err(words)?;
        let _committed = scope.commit().await.map_err(words)?;
        let Some(owner) = owner else { return Ok(json!({"workspace": slug, "link": Value::Null})) };
        let name = owner.split('@').next().unwrap_or(owner).to_owned();
        let mut scope = operate(&self.db, id).await?;
        add(&mut scope, owner, &name, Role::Owner, None).await?;
        let _committed = scope.commit().await.map_err(words)?;
        let secret = sign_in_link(&self.db, id, owner).await?;
        Ok(json!({"workspace": slug, "link": format!("{}/link/{slug}/{secret}", self.base_url)}))
    }

    async fn open_plain(&self, listen: SocketAddr) -> Result<Value, String> {
        let door = self.door.as_ref().ok_or("only a scratch instance opens plain listeners (serve --scratch)")?;
        door.open(listen).await.map(|addr| json!(addr.to_string())).map_err(|error| error.to_string())
    }

    async fn close_plain(&self) -> Result<Value, String> {
        let door = self.door.as_ref().ok_or("only a scratch instance has such a listener (serve --scratch)")?;
        door.close().await;
        Ok(json!("closed"))
    }
}

/// A scope of the operator's.
pub(crate) async fn operate(db: &Database, workspace: WorkspaceId) -> Result<Scope<ReadWrite>, String> {
    let operator = Credential::Internal(Internal::Operator);
    db.scope(operator, workspace, Origin::internal(Channel::Control)).await.map_err(words)
}

/// An error as a sentence.
pub(crate) fn words(error: impl std::fmt::Display) -> String {
    error.to_string()
}

async fn person_of(scope: &Scope<ReadWrite>, email: &str) -> Result<PersonId, String> {
    let address = Email::parse(email).map_err(words)?;
    let found = people::by_email(scope, &address).await.map_err(words)?;
    found.ok_or_else(|| "there is nobody with this address in the workspace".to_owned())
}

/// A one-time sign-in link's secret.
pub(crate) async fn sign_in_link(db: &Database, workspace: WorkspaceId, email: &str) -> Result<String, String> {
    let mut scope = operate(db, workspace).await?;
    let person = person_of(&scope, email).await?;
    let permit = scope.permit::<IssueLink>(person).await.map_err(words)?;
    let secret = links::issue(&mut scope, permit, links::Purpose::SignIn).await.map_err(words)?;
    let _committed = scope.commit().await.map_err(words)?;
    Ok(secret.as_str().to_owned())
}

/// Adds an active person.
pub(crate) async fn add(
    scope: &mut Scope<ReadWrite>,
    email: &str,
    name: &str,
    role: Role,
    manager: Option<PersonId>,
) -> Result<PersonId, String> {
    let permit = scope.permit::<AddPerson>(Whole).await.map_err(words)?;
    let new = NewPerson { email: email.to_owned(), name: name.to_owned(), role, state: InitialState::Active, manager };
    people::add(scope, permit, new).await.map_err(words)
}

/// Makes a group of people.
pub(crate) async fn group(
    db: &Database,
    workspace: WorkspaceId,
    name: &str,
    members: &[PersonId],
) -> Result<(), String> {
    let mut scope = operate(db, workspace).await?;
    let permit = scope.permit::<tenancy::policy::AddGroup>(Whole).await.map_err(words)?;
    let id = groups::add(&mut scope, permit, name).await.map_err(words)?;
    let permit = scope.permit::<ChangeGroup>(id).await.map_err(words)?;
    let members: BTreeSet<PersonId> = members.iter().copied().collect();
    groups::set_members(&mut scope, permit, &members).await.map_err(words)?;
    scope.commit().await.map(drop).map_err(words)
}

/// Publishes a document and grants what it proposes.
pub(crate) async fn publish(db: &Database, workspace: WorkspaceId, document: &[u8]) -> Result<Value, String> {
    let mut scope = operate(db, workspace).await?;
    let permit = scope.permit::<PublishProcess>(Whole).await.map_err(words)?;
    let published = store::publish(&mut scope, permit, document).await.map_err(|error| match error {
        PublishError::Scope(error) => words(error),
        PublishError::Problems(problems) => problems
            .iter()
            .map(|problem| format!("{}: {}", problem.pointer, problem.message))
            .collect::<Vec<_>>()
            .join("\n"),
    })?;
    let _committed = scope.commit().await.map_err(words)?;
    if let Some(access) = published.process.access() {
        grant_proposals(db, workspace, published.id, access).await?;
    }
    Ok(json!({
        "key": published.key,
        "version": published.version,
        "version_hash": data_encoding::HEXLOWER.encode(&published.hash),
    }))
}

/// Grants to groups and people what a document proposes for them; roles of the workspace hold theirs already.
async fn grant_proposals(
    db: &Database,
    workspace: WorkspaceId,
    process: tenancy::ProcessId,
    access: &AccessProposal,
) -> Result<(), String> {
    let families = [
        (&access.submit, Role::Submitter),
        (&access.view, Role::Watcher),
        (&access.report, Role::Reporter),
        (&access.administer, Role::ProcessAdmin),
    ];
    for (principals, role) in families {
        for principal in principals {
            let mut scope = operate(db, workspace).await?;
            let principal = match principal {
                requests::process::Principal::Role(_) => continue,
                requests::process::Principal::Person(key) => Principal::Person(person_of(&scope, key).await?),
                requests::process::Principal::Group(key) => {
                    let group = groups::by_name(&scope, key).await.map_err(words)?;
                    Principal::Group(group.ok_or_else(|| format!("there is no group \"{key}\""))?)
                }
            };
            let permit = scope.permit::<GrantAtProcess>(process).await.map_err(words)?;
            match roles::grant_at_process(&mut scope, permit, principal, role).await {
                // Granted by an earlier version of the document.
                Err(identity::Error::Tenancy(tenancy::Error::Constraint(name))) if name == "access_grant_once" => {}
                Err(error) => return Err(words(error)),
                Ok(()) => {
                    let _committed = scope.commit().await.map_err(words)?;
                }
            }
        }
    }
    Ok(())
}
