//! The other workspace: filled with what can be recognised, and read before and after.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::Failure;
use crate::api::{Api, Call, Retry};
use crate::server::Server;
use crate::travel;

use super::ALL_SCOPES;
use super::routes::Route;

/// Requests that the other workspace holds.
const REQUESTS: usize = 12;

/// Stands in its content and nowhere else.
const CANARY: &str = "Kanarienvogel-7c1e";

/// What everybody may read alike: ids in it are nobody's.
pub(super) const PUBLIC: [&str; 2] = ["/api/v1/claims", "/api/v1/openapi.json"];

/// Tokens of people of the other workspace.
pub(super) struct Tokens {
    member: String,
    owner: String,
    supervisor: String,
}

impl Tokens {
    pub(super) fn of(server: &Server) -> Result<Self, Failure> {
        let of = |name: &str| server.token("sample", &format!("{name}@sample.test"), ALL_SCOPES);
        Ok(Self { member: of("member")?, owner: of("owner")?, supervisor: of("supervisor")? })
    }
}

/// What the asker must not see.
pub(super) struct Victim {
    /// Ids of every kind.
    pub(super) ids: Vec<String>,
}

impl Victim {
    /// Hands in requests, decides some, and collects every id that the workspace's people see.
    pub(super) async fn prepare(api: &Api, tokens: &Tokens, routes: &[Route]) -> Result<Self, Failure> {
        let mut requests = Vec::new();
        for number in 0..REQUESTS {
            let title = format!("{CANARY} {number}");
            let body = json!({
                "process": travel::PROCESS, "submit": true,
                "values": travel::values(&title, 1, &[travel::Role::Supervisor]),
            });
            let made = post(api, "/api/v1/requests", &tokens.member, None, body).await?;
            requests.push(made.member("id")?.to_owned());
        }
        for id in requests.iter().take(REQUESTS / 2) {
            decide(api, &tokens.supervisor, id).await?;
        }
        let mut ids: BTreeSet<String> = requests.iter().cloned().collect();
        for token in [&tokens.owner, &tokens.member, &tokens.supervisor] {
            for route in
                routes.iter().filter(|route| route.method == Method::GET && !PUBLIC.contains(&route.path.as_str()))
            {
                for path in readable(route, &requests) {
                    let answer = api.get(&path, token).await?;
                    // A refusal names its own trace, which belongs to nobody's workspace.
                    if answer.status == 200 {
                        collect(&answer.body, &mut ids);
                    }
                }
            }
        }
        Ok(Self { ids: ids.into_iter().collect() })
    }

    /// What of this workspace stands in `text`, besides the id that the asker named.
    pub(super) fn leak(&self, text: &str, asked: &str) -> Option<String> {
        if text.contains(CANARY) {
            return Some("content".to_owned());
        }
        let found = self.ids.iter().find(|id| *id != asked && text.contains(id.as_str()))?;
        Some(format!("the id {found}"))
    }

    /// Requests and records as the owner sees them: equal before and after.
    pub(super) async fn state(&self, api: &Api, tokens: &Tokens) -> Result<Vec<Value>, Failure> {
        let mut state = Vec::new();
        for id in &self.ids {
            let request = api.get(&format!("/api/v1/requests/{id}"), &tokens.member).await?;
            if request.status == 200 {
                let path = format!("/api/v1/audit-events?request={id}&limit=200");
                let records = api.get(&path, &tokens.owner).await?.expect(&[200])?;
                let count = records.items().len();
                state.push(json!({ "id": id, "body": request.body, "records": count }));
            }
        }
        Ok(state)
    }
}

/// Paths of a route that the workspace's own people can read.
fn readable(route: &Route, requests: &[String]) -> Vec<String> {
    if route.parameters().is_empty() {
        return vec![route.path.clone()];
    }
    if !route.path.starts_with("/api/v1/requests/{") || route.parameters().len() != 1 {
        return Vec::new();
    }
    let name = format!("{{{}}}", route.parameters()[0]);
    requests.iter().map(|id| route.path.replace(&name, id)).collect()
}

/// Every string that is a UUID, at any depth that the parser let through.
fn collect(value: &Value, ids: &mut BTreeSet<String>) {
    let mut waiting = vec![value];
    while let Some(value) = waiting.pop() {
        match value {
            Value::String(text) if Uuid::parse_str(text).is_ok() => {
                ids.insert(text.clone());
            }
            Value::Array(items) => waiting.extend(items),
            Value::Object(members) => {
                waiting.extend(members.values());
            }
            _ => {}
        }
    }
}

async fn decide(api: &Api, token: &str, id: &str) -> Result<(), Failure> {
    let tasks = api.get(&format!("/api/v1/tasks?request={id}"), token).await?.expect(&[200])?;
    let task = tasks.items().first().and_then(|task| task["id"].as_str()).ok_or("no task")?;
    let tag = api.get(&format!("/api/v1/requests/{id}"), token).await?.etag.ok_or("no ETag")?;
    let body = json!({ "task": task, "decision": "approve", "reason": null });
    post(api, &format!("/api/v1/requests/{id}/decisions"), token, Some(&tag), body).await?;
    Ok(())
}

async fn post(
    api: &Api,
    path: &str,
    token: &str,
    if_match: Option<&str>,
    body: Value,
) -> Result<crate::api::Answer, Failure> {
    let call =
        Call { method: Method::POST, path: path.to_owned(), token, if_match, body: Some(body), retry: Retry::Bounded };
    api.send(&call).await?.expect(&[201])
}
