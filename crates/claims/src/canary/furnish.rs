//! Objects of the canary workspaces, made over the public listener as anybody's are.

use serde_json::{Value, json};
use tenancy::policy::{SeeStreams, SeeTrail};
use tenancy::streams;
use tenancy::trail::{self, TrailFilter};
use tenancy::{
    Channel, CommentId, Credential, GroupId, Internal, Origin, ProcessId, ReadOnly, RecordId, RequestId, Scope,
    StreamId, TaskId, Whole,
};

use super::{Objects, Part, Side, people};
use crate::ask::{Answer, Content, Who, form_value};
use crate::probe::{ProbeCtx, ProbeError};
use crate::statements;

impl ProbeCtx {
    /// Makes what the canary workspaces lack; once they have it, nothing.
    ///
    /// # Errors
    /// When the listener or the database does not answer as it must.
    pub async fn furnish(&self) -> Result<(), ProbeError> {
        for side in [&self.canary.a, &self.canary.b] {
            if side.objects.get().is_none() {
                let objects = furnish(self, side).await?;
                // Another run may have been first; both found the same objects.
                side.objects.get_or_init(|| objects);
            }
        }
        Ok(())
    }

    /// A reading scope of the live checks in a workspace.
    pub(crate) async fn view(&self, workspace: tenancy::WorkspaceId) -> Result<Scope<ReadOnly>, ProbeError> {
        let credential = Credential::Internal(Internal::Prober);
        Ok(self.db.view(credential, workspace, Origin::internal(Channel::Worker)).await?)
    }
}

async fn furnish(cx: &ProbeCtx, side: &Side) -> Result<Objects, ProbeError> {
    let deciders = [Part::Approver, Part::Admin];
    let mut processes = Vec::with_capacity(2);
    for (key, decider) in side.process_keys.iter().zip(deciders) {
        processes.push(process(cx, side, key, decider).await?);
    }
    let processes = [processes[0], processes[1]];
    people::grant_at_process(&cx.db, side, processes[0]).await?;
    let mut open = Vec::with_capacity(2);
    for (id, key) in processes.into_iter().zip(&side.process_keys) {
        open.push(request(cx, side, id, key).await?);
    }
    let (requests, tasks) = ([open[0].0, open[1].0], [open[0].1, open[1].1]);
    let comment = comment(cx, side, requests[0]).await?;
    let group = match group(cx, side).await? {
        Some(group) => group,
        None => people::add_group(&cx.db, side).await?,
    };
    let record = record_of(cx, side, requests[0]).await?;
    let stream = stream(cx, side).await?;
    Ok(Objects { processes, requests, tasks, comment, group, record, stream })
}

/// A stream that is paused at once, to a receiver that cannot be: nothing of a canary leaves.
async fn stream(cx: &ProbeCtx, side: &Side) -> Result<StreamId, ProbeError> {
    if let Some(id) = stream_of(cx, side).await? {
        return Ok(id);
    }
    let session = side.session(cx, Part::Owner).await?;
    let path = format!("/w/{}/streams", side.slug);
    let name = form_value(&format!("Probe {}", side.marker));
    let form = format!("receiver=syslog&format=rfc5424&host=syslog.canary.invalid&begin=now&name={name}");
    let made = cx.ask("POST", &path, Who::Session(&session), Content::Form(form), &[]).await?;
    let id = stream_of(cx, side).await?;
    let id = id.ok_or_else(|| ProbeError::Canary(format!("making a stream answered {}", made.status)))?;
    let (path, pause) = (format!("{path}/{id}"), Content::Form("act=pause".to_owned()));
    cx.ask("POST", &path, Who::Session(&session), pause, &[]).await?;
    Ok(id)
}

async fn stream_of(cx: &ProbeCtx, side: &Side) -> Result<Option<StreamId>, ProbeError> {
    let mut scope = cx.view(side.workspace).await?;
    let permit = scope.permit::<SeeStreams>(Whole).await?;
    let found = streams::list(&scope, &permit).await?;
    scope.finish();
    Ok(found.first().map(|row| row.id))
}

async fn record_of(cx: &ProbeCtx, side: &Side, request: RequestId) -> Result<RecordId, ProbeError> {
    let mut scope = cx.view(side.workspace).await?;
    let permit = scope.permit::<SeeTrail>(Whole).await?;
    let about = TrailFilter { target: Some(request.uuid()), ..TrailFilter::default() };
    let found = trail::list(&scope, &permit, &about, 1).await?;
    scope.finish();
    found.first().map(|row| row.id).ok_or_else(|| ProbeError::Canary("a record is not there".to_owned()))
}

async fn process(cx: &ProbeCtx, side: &Side, key: &str, decider: Part) -> Result<ProcessId, ProbeError> {
    if let Some(id) = process_of(cx, side, key).await? {
        return Ok(id);
    }
    let document = document(side, key, &side.person(decider)?.to_string(), &side.person(Part::Owner)?.to_string());
    let answer = post(cx, side, Part::Owner, "/api/v1/processes", &json!({ "document": document })).await?;
    expect_created(&answer, "publishing a process")?;
    process_of(cx, side, key).await?.ok_or_else(|| ProbeError::Canary("a published process is not there".to_owned()))
}

async fn process_of(cx: &ProbeCtx, side: &Side, key: &str) -> Result<Option<ProcessId>, ProbeError> {
    let scope = cx.view(side.workspace).await?;
    let row = scope.maybe(&statements::CANARY_PROCESS, &[&side.workspace.uuid(), &key]).await?;
    scope.finish();
    Ok(row.map(|row| ProcessId::from_uuid(row.get(0))))
}

async fn request(cx: &ProbeCtx, side: &Side, id: ProcessId, key: &str) -> Result<(RequestId, TaskId), ProbeError> {
    if let Some(found) = open_request(cx, side, id).await? {
        return Ok(found);
    }
    let body = json!({"process": key, "values": {"title": format!("Probe {}", side.marker)}, "submit": true});
    let answer = post(cx, side, Part::Member, "/api/v1/requests", &body).await?;
    expect_created(&answer, "handing in a request")?;
    open_request(cx, side, id).await?.ok_or_else(|| ProbeError::Canary("a request handed in asks nobody".to_owned()))
}

async fn open_request(
    cx: &ProbeCtx,
    side: &Side,
    process: ProcessId,
) -> Result<Option<(RequestId, TaskId)>, ProbeError> {
    let scope = cx.view(side.workspace).await?;
    let row = scope.maybe(&statements::CANARY_REQUEST, &[&side.workspace.uuid(), &process.uuid()]).await?;
    scope.finish();
    Ok(row.map(|row| (RequestId::from_uuid(row.get(0)), TaskId::from_uuid(row.get(1)))))
}

async fn comment(cx: &ProbeCtx, side: &Side, request: RequestId) -> Result<CommentId, ProbeError> {
    if let Some(id) = comment_of(cx, side, request).await? {
        return Ok(id);
    }
    add_comment(cx, side, request).await?;
    comment_of(cx, side, request).await?.ok_or_else(|| ProbeError::Canary("a comment is not there".to_owned()))
}

/// Comments on a canary request over the API, as the member who handed it in.
pub(crate) async fn add_comment(cx: &ProbeCtx, side: &Side, request: RequestId) -> Result<(), ProbeError> {
    let body = json!({"body": format!("Probe {}", side.marker)});
    let answer = post(cx, side, Part::Member, &format!("/api/v1/requests/{request}/comments"), &body).await?;
    expect_created(&answer, "commenting")
}

async fn comment_of(cx: &ProbeCtx, side: &Side, request: RequestId) -> Result<Option<CommentId>, ProbeError> {
    let scope = cx.view(side.workspace).await?;
    let row = scope.maybe(&statements::CANARY_COMMENT, &[&side.workspace.uuid(), &request.uuid()]).await?;
    scope.finish();
    Ok(row.map(|row| CommentId::from_uuid(row.get(0))))
}

async fn group(cx: &ProbeCtx, side: &Side) -> Result<Option<GroupId>, ProbeError> {
    let scope = cx.view(side.workspace).await?;
    let row = scope.maybe(&statements::CANARY_GROUP, &[&side.workspace.uuid()]).await?;
    scope.finish();
    Ok(row.map(|row| GroupId::from_uuid(row.get(0))))
}

async fn post(cx: &ProbeCtx, side: &Side, part: Part, path: &str, body: &Value) -> Result<Answer, ProbeError> {
    let token = side.token(part)?;
    cx.post_json(path, Who::Token(&token), body).await
}

fn expect_created(answer: &Answer, what: &str) -> Result<(), ProbeError> {
    if matches!(answer.status, 200..=299) {
        return Ok(());
    }
    // The answer's own sentence helps whoever reads the log; the page gets the status only.
    tracing::warn!(status = answer.status, "preparing the canary workspaces: {what} was refused");
    Err(ProbeError::Canary(format!("{what} answered {}", answer.status)))
}

/// The smallest process there is: one field, one person asked.
fn document(side: &Side, key: &str, decider: &str, fallback: &str) -> Value {
    json!({
        "schema": 1,
        "key": key,
        "name": format!("Probe {}", side.marker),
        "prefix": "PRB",
        "form": {"sections": [{"key": "main", "title": "Probe", "fields": [
            {"key": "title", "type": "text", "label": "Title", "required": true}
        ]}]},
        "stages": [
            {"key": "decide", "kind": "approval", "name": "Decide",
             "approvers": [{"person": decider}], "fallback": {"person": fallback}, "mode": "any"},
            {"key": "done", "kind": "end", "name": "Done", "outcome": "approved"},
            {"key": "refused", "kind": "end", "name": "Refused", "outcome": "rejected"}
        ],
        "routes": {
            "start": [{"to": "decide"}],
            "decide": [{"on": "approved", "to": "done"}, {"on": "rejected", "to": "refused"}]
        }
    })
}
