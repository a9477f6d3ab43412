//! Drives one permit over the API, act by act, and looks at how it ended.

use std::path::Path;
use std::sync::Arc;

use reqwest::Method;
use serde_json::{Value, json};

use crate::Failure;
use crate::api::{Answer, Api, Call, Retry};
use crate::server::token;
use crate::travel::{self, PROCESS, ROLES, Role, WORKSPACE};
use crate::xes::Trace;

use super::Outcome;
use super::plan::{End, Step, plan};

/// A token for each person who takes part.
pub(crate) struct Tokens {
    employee: String,
    auditor: String,
    roles: Vec<(Role, String)>,
}

impl Tokens {
    /// Asks the server on `data` for them.
    pub(crate) fn create(binary: &Path, data: &Path) -> Result<Self, Failure> {
        let make = |name: &str, scopes: &str| token(binary, data, WORKSPACE, &format!("{name}@sample.test"), scopes);
        let mut roles = Vec::new();
        for role in ROLES {
            roles.push((role, make(role.key(), "requests:read,tasks:decide")?));
        }
        Ok(Self {
            employee: make("member", "requests:read,requests:write")?,
            auditor: make("owner", "requests:read,audit:read")?,
            roles,
        })
    }

    fn of(&self, role: Role) -> &str {
        let found = self.roles.iter().find(|(other, _)| *other == role);
        &found.expect("create made one for every role").1
    }
}

/// Everything a permit needs.
pub(crate) struct Driver {
    api: Arc<Api>,
    tokens: Tokens,
}

/// A permit under way.
struct Case<'a> {
    name: &'a str,
    /// Submissions so far: part of the form, so that every edit is one.
    round: u32,
    id: Option<String>,
    acts: u64,
}

impl Driver {
    pub(crate) fn new(api: Arc<Api>, tokens: Tokens) -> Self {
        Self { api, tokens }
    }

    /// Drives a permit to its end. What goes wrong is its outcome, never the end of the run.
    pub(crate) async fn permit(&self, trace: &Trace) -> Outcome {
        let plan = plan(&trace.events);
        let mut case = Case { name: &trace.name, round: 0, id: None, acts: 0 };
        let mut miss = None;
        for step in &plan.steps {
            if let Err(error) = self.step(&mut case, step).await {
                miss = Some(format!("{}: {error}", verb(step)));
                break;
            }
        }
        if miss.is_none() {
            miss = match plan.end {
                Err(reason) => Some(reason.to_string()),
                Ok(end) => self.compare(&case, end).await.err().map(|error| error.to_string()),
            };
        }
        let records = match self.records(&case).await {
            Ok(records) => records,
            Err(error) => {
                miss = miss.or(Some(format!("reading its records: {error}")));
                0
            }
        };
        Outcome { variant: variant(&trace.events), acts: case.acts, records, miss }
    }

    async fn step(&self, case: &mut Case<'_>, step: &Step) -> Result<(), Failure> {
        match step {
            Step::Save { roles } => self.create(case, roles, false).await?,
            Step::Submit { roles } if case.id.is_none() => self.create(case, roles, true).await?,
            Step::Submit { roles } => self.edit(case, roles).await?,
            Step::Approve(role) => self.decide(case, *role, "approve", None).await?,
            Step::AskChanges(role) => {
                self.decide(case, *role, "ask_changes", Some("Sent back in the log")).await?;
            }
            Step::Reject(role) => {
                self.decide(case, *role, "reject", Some("Rejected in the log")).await?;
            }
            Step::Withdraw => self.withdraw(case).await?,
        }
        case.acts += 1;
        Ok(())
    }

    async fn create(&self, case: &mut Case<'_>, roles: &[Role], submit: bool) -> Result<(), Failure> {
        case.round += 1;
        let body =
            json!({ "process": PROCESS, "values": travel::values(case.name, case.round, roles), "submit": submit });
        let answer = self
            .call(Method::POST, "/api/v1/requests".to_owned(), &self.tokens.employee, None, Some(body))
            .await?
            .expect(&[201])?;
        case.id = Some(answer.member("id")?.to_owned());
        Ok(())
    }

    async fn edit(&self, case: &mut Case<'_>, roles: &[Role]) -> Result<(), Failure> {
        case.round += 1;
        let token = &self.tokens.employee;
        let path = request_path(case, "")?;
        let tag = self.tag(&path, token).await?;
        let body = json!({ "values": travel::values(case.name, case.round, roles) });
        self.call(Method::PATCH, path, token, Some(&tag), Some(body)).await?.expect(&[200])?;
        Ok(())
    }

    async fn withdraw(&self, case: &Case<'_>) -> Result<(), Failure> {
        let token = &self.tokens.employee;
        let tag = self.tag(&request_path(case, "")?, token).await?;
        let path = request_path(case, "/withdraw")?;
        self.call(Method::POST, path, token, Some(&tag), Some(json!({}))).await?.expect(&[200, 201])?;
        Ok(())
    }

    async fn decide(&self, case: &Case<'_>, role: Role, decision: &str, reason: Option<&str>) -> Result<(), Failure> {
        let token = self.tokens.of(role);
        let task = self.task(case, role).await?.ok_or_else(|| format!("nothing waits for {}", role.key()))?;
        let tag = self.tag(&request_path(case, "")?, token).await?;
        let path = request_path(case, "/decisions")?;
        let body = json!({ "task": task, "decision": decision, "reason": reason });
        self.call(Method::POST, path, token, Some(&tag), Some(body)).await?.expect(&[201])?;
        Ok(())
    }

    /// The task of this request that waits for the person of a role.
    async fn task(&self, case: &Case<'_>, role: Role) -> Result<Option<String>, Failure> {
        let id = case.id.as_deref().ok_or("nothing was submitted")?;
        let path = format!("/api/v1/tasks?request={id}");
        let answer = self.api.get(&path, self.tokens.of(role)).await?.expect(&[200])?;
        let task = answer.items().iter().find(|task| task["request_id"].as_str() == Some(id));
        Ok(task.and_then(|task| task["id"].as_str()).map(str::to_owned))
    }

    async fn tag(&self, path: &str, token: &str) -> Result<String, Failure> {
        let answer = self.api.get(path, token).await?.expect(&[200])?;
        answer.etag.ok_or_else(|| "the request has no ETag".into())
    }

    async fn call(
        &self,
        method: Method,
        path: String,
        token: &str,
        if_match: Option<&str>,
        body: Option<Value>,
    ) -> Result<Answer, Failure> {
        self.api.send(&Call { method, path, token, if_match, body, retry: Retry::Bounded }).await
    }

    /// An error that says how the request stands when it is not how the log left it.
    async fn compare(&self, case: &Case<'_>, end: End) -> Result<(), Failure> {
        if case.id.is_none() && end == End::Draft {
            return Ok(());
        }
        let path = request_path(case, "")?;
        let answer = self.api.get(&path, &self.tokens.employee).await?.expect(&[200])?;
        let state = answer.member("state")?;
        let expected = match end {
            End::Draft => "draft",
            End::Open(_) => "open",
            End::Returned => "returned",
            End::Approved => "approved",
            End::Rejected => "rejected",
            End::Withdrawn => "withdrawn",
        };
        if state != expected {
            return Err(format!("ended {state}, in the log {expected}").into());
        }
        match end {
            End::Open(role) if self.task(case, role).await?.is_none() => {
                Err(format!("open, and nothing waits for {}", role.key()).into())
            }
            _ => Ok(()),
        }
    }

    /// Records of acts on this request, as the audit list shows them.
    async fn records(&self, case: &Case<'_>) -> Result<u64, Failure> {
        let Some(id) = &case.id else { return Ok(0) };
        let path = format!("/api/v1/audit-events?request={id}&limit=200");
        let answer = self.api.get(&path, &self.tokens.auditor).await?.expect(&[200])?;
        Ok(u64::try_from(answer.items().len())?)
    }
}

fn request_path(case: &Case<'_>, below: &str) -> Result<String, Failure> {
    let id = case.id.as_deref().ok_or("nothing was submitted")?;
    Ok(format!("/api/v1/requests/{id}{below}"))
}

/// The permit events on one line.
pub(crate) fn variant(events: &[String]) -> String {
    let own: Vec<&str> = events.iter().filter_map(|event| event.strip_prefix("Permit ")).collect();
    own.join(" > ")
}

fn verb(step: &Step) -> String {
    match step {
        Step::Save { .. } => "saving a draft".to_owned(),
        Step::Submit { .. } => "submitting".to_owned(),
        Step::Approve(role) => format!("approving as {}", role.key()),
        Step::AskChanges(role) => format!("asking for changes as {}", role.key()),
        Step::Reject(role) => format!("rejecting as {}", role.key()),
        Step::Withdraw => "withdrawing".to_owned(),
    }
}
