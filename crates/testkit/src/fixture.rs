//! Two workspaces of equal shape: the same people, groups and processes by other ids.

use std::collections::{BTreeMap, BTreeSet};

use identity::links::{self, Purpose};
use identity::people::{self, InitialState, NewPerson};
use identity::tokens::{self, ApiToken};
use identity::{groups, sessions, workspaces};
use tenancy::policy::{Action, AddGroup, AddPerson, ChangeGroup, IssueLink, IssueToken, Role, TokenScope, UseLink};
use tenancy::{
    Channel, Credential, Database, Error, GroupId, Internal, Origin, Permit, PersonId, PersonTarget, ProcessId,
    ReadOnly, ReadWrite, Scope, Whole, WorkspaceId,
};

use crate::acts;

/// Key, name, role and manager of everybody.
pub const PEOPLE: &[(&str, &str, Role, Option<&str>)] = &[
    ("owner", "Olive Owens", Role::Owner, None),
    ("admin", "Aki Admin", Role::Admin, Some("owner")),
    ("manager", "Mia Chen", Role::Member, Some("owner")),
    ("finance1", "Farid Haddad", Role::Member, Some("owner")),
    ("finance2", "Lee Park", Role::Member, Some("owner")),
    ("member", "Tom Becker", Role::Member, Some("manager")),
    ("system", "Dana Weiss", Role::Member, Some("owner")),
    ("viewer", "Vera Viewer", Role::Viewer, None),
];

/// Name and members of every group that the processes ask.
pub const GROUPS: &[(&str, &[&str])] = &[
    ("finance", &["finance1", "finance2"]),
    ("purchasing", &["finance1", "system"]),
    ("system owners", &["system", "admin"]),
    ("pre-approvers", &["manager"]),
    ("administration", &["system"]),
    ("budget owners", &["finance1"]),
    ("supervisors", &["manager"]),
    ("directors", &["owner"]),
];

/// The sample processes.
pub const PROCESSES: &[(&str, &str)] = &[
    ("purchase", include_str!("../../requests/samples/purchase.json")),
    ("access", include_str!("../../requests/samples/access.json")),
    ("travel", include_str!("../../requests/samples/travel.json")),
];

/// Where a test's acts come from.
#[must_use]
pub fn origin() -> Origin {
    Origin::network(std::net::IpAddr::from([127, 0, 0, 1]), "a test", Channel::Page)
}

/// A workspace with everybody in it.
#[derive(Debug, Clone)]
pub struct Workspace {
    /// The database.
    pub db: Database,
    /// Its id.
    pub id: WorkspaceId,
    /// Its slug.
    pub slug: String,
    /// Everybody, by key.
    pub people: BTreeMap<&'static str, PersonId>,
    /// The groups, by name.
    pub groups: BTreeMap<&'static str, GroupId>,
    /// The processes, by key.
    pub processes: BTreeMap<&'static str, ProcessId>,
    sessions: BTreeMap<&'static str, Credential>,
}

/// Two workspaces, `north` and `south`.
///
/// # Panics
/// When any act of their making fails.
pub async fn two_workspaces(db: &Database) -> [Workspace; 2] {
    [Workspace::make(db, "north").await, Workspace::make(db, "south").await]
}

impl Workspace {
    /// Makes a workspace with people, groups and processes, through the same functions as everybody's.
    ///
    /// # Panics
    /// When any act of its making fails.
    pub async fn make(db: &Database, slug: &str) -> Self {
        let mut made = Self::of(db, slug, PEOPLE).await;
        for (name, members) in GROUPS {
            let members: Vec<PersonId> = members.iter().map(|key| made.people[key]).collect();
            let group = made.add_group(name, &members).await;
            made.groups.insert(name, group);
        }
        for (key, document) in PROCESSES {
            let published = acts::publish(&made, document).await;
            made.processes.insert(key, published.id);
        }
        made
    }

    /// Makes a workspace with these of [`PEOPLE`] and nothing else: each with their manager behind them, or none.
    ///
    /// # Panics
    /// When any act of its making fails.
    pub async fn of(db: &Database, slug: &str, people: &[(&'static str, &str, Role, Option<&str>)]) -> Self {
        let id = workspaces::create(db, slug, &format!("The {slug} house")).await.expect("a workspace").workspace();
        let mut made = Self {
            db: db.clone(),
            id,
            slug: slug.to_owned(),
            people: BTreeMap::new(),
            groups: BTreeMap::new(),
            processes: BTreeMap::new(),
            sessions: BTreeMap::new(),
        };
        for (key, name, role, manager) in people {
            let manager = manager.map(|key| made.people[key]);
            let email = format!("{key}@{slug}.test");
            let person = made.add_person(&email, name, *role, manager).await;
            made.people.insert(key, person);
            let credential = made.sign_in(person).await;
            made.sessions.insert(key, credential);
        }
        made
    }

    /// Somebody's id.
    #[must_use]
    pub fn person(&self, who: &str) -> PersonId {
        self.people[who]
    }

    /// Somebody's session.
    #[must_use]
    pub fn session(&self, who: &str) -> Credential {
        self.sessions[who]
    }

    /// A writing scope of somebody.
    ///
    /// # Panics
    /// When they cannot sign in.
    pub async fn scope(&self, who: &str) -> Scope<ReadWrite> {
        self.db.scope(self.session(who), self.id, origin()).await.expect("somebody signed in opens a scope")
    }

    /// A reading scope of somebody.
    ///
    /// # Panics
    /// When they cannot sign in.
    pub async fn view(&self, who: &str) -> Scope<ReadOnly> {
        self.db.view(self.session(who), self.id, origin()).await.expect("somebody signed in opens a scope")
    }

    /// A writing scope of the operator.
    ///
    /// # Panics
    /// When the database does not answer.
    pub async fn operate(&self) -> Scope<ReadWrite> {
        let operator = Credential::Internal(Internal::Operator);
        self.db.scope(operator, self.id, Origin::internal(Channel::Control)).await.expect("the operator's scope")
    }

    /// A permit of somebody in a scope of their own.
    ///
    /// # Errors
    /// What the policy answers.
    pub async fn permit<A: Action>(
        &self,
        who: &str,
        target: A::Target,
    ) -> Result<(Scope<ReadWrite>, Permit<A>), Error> {
        let mut scope = self.scope(who).await;
        let permit = scope.permit::<A>(target).await?;
        Ok((scope, permit))
    }

    /// Adds somebody, active at once.
    ///
    /// # Panics
    /// When that fails.
    pub async fn add_person(&self, email: &str, name: &str, role: Role, manager: Option<PersonId>) -> PersonId {
        let mut scope = self.operate().await;
        let permit = scope.permit::<AddPerson>(Whole).await.expect("the operator adds people");
        let new =
            NewPerson { email: email.to_owned(), name: name.to_owned(), role, state: InitialState::Active, manager };
        let id = people::add(&mut scope, permit, new).await.expect("a person");
        drop(scope.commit().await.expect("a person"));
        id
    }

    /// Makes a group of these people.
    ///
    /// # Panics
    /// When that fails.
    pub async fn add_group(&self, name: &str, members: &[PersonId]) -> GroupId {
        let mut scope = self.operate().await;
        let permit = scope.permit::<AddGroup>(Whole).await.expect("the operator adds groups");
        let id = groups::add(&mut scope, permit, name).await.expect("a group");
        drop(scope.commit().await.expect("a group"));
        let mut scope = self.operate().await;
        let permit = scope.permit::<ChangeGroup>(id).await.expect("the operator changes groups");
        let members: BTreeSet<PersonId> = members.iter().copied().collect();
        groups::set_members(&mut scope, permit, &members).await.expect("members");
        drop(scope.commit().await.expect("members"));
        id
    }

    /// A one-time sign-in link's secret.
    ///
    /// # Panics
    /// When that fails.
    pub async fn link(&self, person: PersonId) -> String {
        let mut scope = self.operate().await;
        let permit = scope.permit::<IssueLink>(person).await.expect("the operator issues links");
        let secret = links::issue(&mut scope, permit, Purpose::SignIn).await.expect("a link");
        drop(scope.commit().await.expect("a link"));
        secret.to_string()
    }

    /// Signs somebody in by a one-time link.
    ///
    /// # Panics
    /// When that fails.
    pub async fn sign_in(&self, person: PersonId) -> Credential {
        let secret = self.link(person).await;
        self.use_link(&secret).await.expect("a fresh link signs in")
    }

    /// Uses a one-time link.
    ///
    /// # Errors
    /// What the link's use answers.
    ///
    /// # Panics
    /// When the database does not answer.
    pub async fn use_link(&self, secret: &str) -> Result<Credential, identity::Error> {
        let mut scope = self.db.scope(Credential::Visitor, self.id, origin()).await?;
        let permit = scope.permit::<UseLink>(Whole).await?;
        let signed_in = links::use_link(&mut scope, permit, secret).await?;
        drop(scope.commit().await?);
        let keys = self.db.keys(self.id).await?;
        Ok(Credential::Session(sessions::parse_cookie(&keys, &signed_in.cookie).expect("our own cookie")))
    }

    /// Issues an API token to somebody.
    ///
    /// # Panics
    /// When that fails.
    pub async fn token(&self, who: &str, scopes: &[TokenScope]) -> Credential {
        let mut scope = self.operate().await;
        let permit = scope.permit::<IssueToken>(PersonTarget(self.person(who))).await.expect("the operator's right");
        let text = tokens::issue(&mut scope, permit, scopes, "a test", 1).await.expect("a token");
        drop(scope.commit().await.expect("a token"));
        let (workspace, hash) = ApiToken::parse(&text).expect("our own token");
        assert_eq!(workspace, self.id);
        Credential::Token(hash)
    }
}
