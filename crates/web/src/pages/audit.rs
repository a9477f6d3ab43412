//! The audit list.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::Query;
use axum::http::StatusCode;
use identity::people;
use requests::store;
use tenancy::policy::{ACTIONS, Atom, SeeTrail};
use tenancy::trail::{self, TrailRow};
use tenancy::{PersonId, ReadOnly, RequestId, Scope, Whole, leaves};

use super::audit_filter::Asked;
use super::caller::{PageCaller, name_of};
use super::fail::{Answer, Fail};
use super::look::page;
use super::words;
use crate::views::{Audit, AuditRow, Nav, Pill, Stands, Tone};

/// Records of one page.
const PAGE_ROWS: usize = 50;
/// `GET /w/{slug}/audit`.
pub(super) async fn audit(caller: PageCaller, Query(asked): Query<Asked>) -> Answer {
    let mut scope = caller.view().await?;
    let permit = scope.permit::<SeeTrail>(Whole).await?;
    let narrowed = asked.narrowed(&mut scope, actions(asked.action())).await?;
    let mut rows = match &narrowed.filter {
        Some(filter) => trail::list(&scope, &permit, filter, PAGE_ROWS as i64 + 1).await?,
        None => Vec::new(),
    };
    let is_more = rows.len() > PAGE_ROWS;
    rows.truncate(PAGE_ROWS);
    let next = rows.last().filter(|_| is_more).map(|last| asked.next(&scope, &last.place().to_string()));
    let named = Named::of(&scope, &rows).await?;
    let now = scope.now();
    let shown = Audit {
        frame: caller.frame(&scope, "Audit", Nav::Audit).await?,
        filter: narrowed.shown,
        rows: rows.iter().map(|row| named.row(&caller, row, now)).collect(),
        next: next.map(|query| caller.path(&format!("/audit?{query}"))),
        stands: leaves::head(&scope, &permit).await?.and_then(|head| Stands::of(&head.checkpoint?)),
        may_erase: scope.atoms().has(Atom::WorkspaceOwn),
    };
    scope.finish();
    Ok(page(StatusCode::OK, &shown))
}

/// Every act there is, as (code, words, chosen), with "all" first.
fn actions(chosen: &str) -> Vec<(String, String, bool)> {
    let all = (String::new(), "Everything".to_owned(), chosen.is_empty());
    let mut acts: Vec<(String, String, bool)> = ACTIONS
        .iter()
        .filter(|row| !row.code.ends_with(".see") && row.code != "process.versions")
        .map(|row| (row.code.to_owned(), words::capital(&action_text(row.code)), row.code == chosen))
        .collect();
    acts.sort_by(|left, right| left.1.cmp(&right.1));
    std::iter::once(all).chain(acts).collect()
}

/// An act in words.
fn action_text(code: &str) -> String {
    match code {
        "session.sign_in" => "signed in",
        "session.sign_in_refused" => "was refused at sign-in",
        "link.use" => "used a one-time link",
        "session.end" => "signed out",
        "password.set" => "set a password",
        "request.submit" | "request.submit_draft" => "handed in",
        "request.draft" => "saved a draft",
        "request.comment" => "commented",
        "request.edit" => "edited",
        "request.answer" => "handed in again",
        "request.withdraw" => "withdrew",
        "request.replace_approver" => "asked others in place of somebody who left",
        "request.approve" => "approved",
        "request.reject" => "rejected",
        "request.ask_changes" => "asked for changes",
        "process.publish" => "published a process",
        "person.add" => "added a person",
        "person.change" => "changed a person",
        "person.end" => "ended a membership",
        "link.issue" => "issued a one-time link",
        "group.add" => "made a group",
        "group.change" => "changed a group",
        "access.grant" => "gave a role",
        "access.grant_process" => "gave a role at a process",
        "token.issue" => "made an API token",
        "token.revoke" => "ended an API token",
        "workspace.add" => "made a workspace",
        "workspace.open" => "opened the workspace",
        "workspace.end_ordered" => "ordered the end of the workspace",
        "workspace.end_cancelled" => "took the end of the workspace back",
        "workspace.closed" => "closed the workspace",
        "workspace.shredded" => "destroyed the keys of a workspace",
        "workspace.erased" => "deleted the rows of a workspace",
        "effect.deliver" => "delivered a message",
        "audit.export" => "took the audit trail out",
        "audit.erase_ordered" => "ordered an erasure",
        "audit.shredded" => "destroyed the keys of an erasure",
        "audit.erased" => "erased what had been ordered",
        "log.epoch_opened" => "began the log anew",
        "log.epoch_ordered" => "ordered that the logs begin anew",
        "stream.follow" => "followed the log that began anew",
        "audit.verify" => "had the log recomputed",
        "audit.verified" => "noted what recomputing the log came to",
        "audit.checkpoint" => "took a checkpoint of the log out",
        "audit.checkpoint_mail" => "changed whether checkpoints are mailed to them",
        "audit.checkpoint_sent" => "had the newest checkpoint mailed",
        "stream.add" => "made a stream of the trail",
        "stream.test" => "sent a test to a stream's receiver",
        "stream.pause" => "paused a stream",
        "stream.resume" => "let a stream go on",
        "stream.skip" => "left records out of a stream",
        "stream.rotate" => "changed a stream's secret",
        "stream.remove" => "removed a stream",
        "stream.stop" => "stopped a stream",
        "claim.verdict" => "noted a check",
        "canary.prepare" => "prepared the checks",
        other => return other.replace(['.', '_'], " "),
    }
    .to_owned()
}

/// What the rows name.
pub(super) struct Named {
    people: BTreeMap<PersonId, String>,
    /// Number prefixes by the key of the process.
    prefixes: BTreeMap<String, String>,
}

impl Named {
    pub(super) async fn of(scope: &Scope<ReadOnly>, rows: &[TrailRow]) -> Result<Self, Fail> {
        let actors = rows.iter().filter_map(|row| row.actor);
        let targets = rows.iter().filter_map(|row| row.target).map(PersonId::from_uuid);
        let ids: BTreeSet<PersonId> = actors.chain(targets).take(people::NAMES_MAX).collect();
        let people = people::names(scope, &ids.into_iter().collect::<Vec<_>>()).await?;
        let catalogue = store::catalogue(scope).await?;
        let prefixes = catalogue.into_iter().map(|entry| (entry.published.key, entry.published.prefix)).collect();
        Ok(Self { people, prefixes })
    }

    pub(super) fn row(&self, caller: &PageCaller, row: &TrailRow, now: jiff::Timestamp) -> AuditRow {
        let who = match row.actor {
            Some(person) => name_of(&self.people, person),
            None => actor_text(&row.actor_kind),
        };
        let request = row.target.filter(|_| row.action.starts_with("request."));
        let (target, target_href) = match (request, row.target) {
            (Some(id), _) => {
                let prefix = row.context["process"].as_str().and_then(|key| self.prefixes.get(key));
                let number =
                    requests::request_number(prefix.map_or("request", String::as_str), RequestId::from_uuid(id));
                (number, Some(caller.path(&format!("/requests/{id}"))))
            }
            (None, Some(id)) => match self.people.get(&PersonId::from_uuid(id)) {
                Some(name) => (name.clone(), Some(caller.path(&format!("/people/{id}")))),
                None => self.other(caller, row, id),
            },
            (None, None) => (String::new(), None),
        };
        AuditRow {
            when: words::when(now, row.at),
            who,
            on_behalf: String::new(),
            action: action_text(&row.action),
            target,
            target_href,
            detail: detail(row),
            href: caller.path(&format!("/audit/{}", row.id)),
            mark: mark(row),
        }
    }

    fn other(&self, caller: &PageCaller, row: &TrailRow, id: uuid::Uuid) -> (String, Option<String>) {
        match (row.action.split('.').next(), row.context["process"].as_str()) {
            (Some("process"), Some(key)) => (format!("process {key}"), Some(caller.path(&format!("/processes/{key}")))),
            (Some("stream"), _) => ("a stream".to_owned(), Some(caller.path(&format!("/streams/{id}")))),
            (Some("group"), _) => ("a group".to_owned(), Some(caller.path(&format!("/groups/{id}")))),
            (Some("workspace"), _) => ("the workspace".to_owned(), None),
            _ => (id.to_string(), None),
        }
    }
}

/// Where a record stands, in words.
fn mark(row: &TrailRow) -> Pill {
    match ledger::Mark::of(row) {
        ledger::Mark::Signed { .. } => Pill::new(Tone::Ok, "in the signed log"),
        ledger::Mark::Waiting => Pill::new(Tone::Idle, "waits for the log"),
        ledger::Mark::Differs { .. } => Pill::new(Tone::No, "not as signed"),
    }
}

fn actor_text(kind: &str) -> String {
    match kind {
        "visitor" => "Somebody not signed in",
        "operator" => "The operator",
        "courier" => "The courier of messages",
        "prober" => "The live checks",
        "custodian" => "The custodian",
        "streamer" => "The sender of streams",
        "integrator" => "The log",
        other => return words::capital(other),
    }
    .to_owned()
}

/// Facts of the act that people look for, and where it came from.
fn detail(row: &TrailRow) -> String {
    let mut parts: Vec<String> = Vec::new();
    for (key, label) in [
        ("stage", "stage"),
        ("revision", "revision"),
        ("version", "version"),
        ("role", "role"),
        ("method", "by"),
        ("slug", ""),
    ] {
        let text = match &row.context[key] {
            serde_json::Value::String(text) => text.clone(),
            serde_json::Value::Number(number) => number.to_string(),
            _ => continue,
        };
        parts.push(format!("{label} {text}").trim_start().to_owned());
    }
    let changed = |part: &str| row.diff.as_ref().and_then(|diff| diff[part].as_str());
    if let (Some(before), Some(after)) = (changed("before"), changed("after")) {
        parts.push(format!("from {before} to {after}"));
    }
    if row.ip != "internal" {
        parts.push(row.ip.clone());
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_act_that_leaves_a_record_has_words() {
        for row in ACTIONS.iter().filter(|row| !row.code.ends_with(".see") && row.code != "process.versions") {
            assert_ne!(action_text(row.code), row.code.replace(['.', '_'], " "), "{}", row.code);
        }
    }
}
