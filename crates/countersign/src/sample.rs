//! The sample workspace of a first start: people, groups and three processes to try.

use std::collections::BTreeMap;

use identity::workspaces;
use tenancy::policy::Role;
use tenancy::{Database, PersonId, WorkspaceId};

use crate::operator::{add, group, operate, publish, words};

/// Slug of the sample workspace.
pub const SLUG: &str = "sample";
/// Address of its owner.
pub const OWNER: &str = "owner@sample.test";

/// Address of the owner of the platform's own workspace, who makes workspaces on a page.
pub const OPERATOR: &str = "operator@platform.test";

const PEOPLE: &[(&str, &str, Role, Option<&str>)] = &[
    ("owner", "Olive Owens", Role::Owner, None),
    ("manager", "Mia Chen", Role::Member, Some("owner")),
    ("finance1", "Farid Haddad", Role::Member, Some("owner")),
    ("finance2", "Lee Park", Role::Member, Some("owner")),
    ("member", "Tom Becker", Role::Member, Some("manager")),
    ("pre_approver", "Petra Novak", Role::Member, Some("owner")),
    ("administration", "Ada Moreau", Role::Member, Some("owner")),
    ("budget_owner", "Bruno Costa", Role::Member, Some("owner")),
    ("supervisor", "Sam Okoro", Role::Member, Some("owner")),
    ("director", "Dana Weiss", Role::Member, Some("owner")),
];

const GROUPS: &[(&str, &[&str])] = &[
    ("finance", &["finance1", "finance2"]),
    ("purchasing", &["finance1", "administration"]),
    ("system owners", &["administration", "director"]),
    ("pre-approvers", &["pre_approver"]),
    ("administration", &["administration"]),
    ("budget owners", &["budget_owner"]),
    ("supervisors", &["supervisor"]),
    ("directors", &["director"]),
];

const PROCESSES: &[&str] = &[
    include_str!("../../requests/samples/purchase.json"),
    include_str!("../../requests/samples/access.json"),
    include_str!("../../requests/samples/travel.json"),
];

/// Adds the operator to the platform's own workspace.
///
/// # Errors
/// A sentence.
pub async fn add_operator(db: &Database, platform: WorkspaceId) -> Result<(), String> {
    let mut scope = operate(db, platform).await?;
    add(&mut scope, OPERATOR, "Operator", Role::Owner, None).await?;
    scope.commit().await.map(drop).map_err(words)
}

/// Makes the sample workspace, completing what an interrupted start left undone.
///
/// # Errors
/// A sentence.
pub async fn make(db: &Database) -> Result<WorkspaceId, String> {
    let workspace = match workspaces::create(db, SLUG, "Sample").await.map_err(words)? {
        workspaces::Made::Now(id) => id,
        workspaces::Made::Before(id) => return Ok(id),
    };
    let mut ids: BTreeMap<&str, PersonId> = BTreeMap::new();
    for (key, name, role, manager) in PEOPLE {
        let mut scope = operate(db, workspace).await?;
        let manager = manager.and_then(|key| ids.get(key).copied());
        let id = add(&mut scope, &format!("{key}@sample.test"), name, *role, manager).await?;
        let _committed = scope.commit().await.map_err(words)?;
        ids.insert(key, id);
    }
    for (name, members) in GROUPS {
        let members: Vec<PersonId> = members.iter().filter_map(|key| ids.get(key).copied()).collect();
        group(db, workspace, name, &members).await?;
    }
    for document in PROCESSES {
        publish(db, workspace, document.as_bytes()).await?;
    }
    Ok(workspace)
}
