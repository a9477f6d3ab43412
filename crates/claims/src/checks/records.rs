//! Records: that each holds who, when, from where and with what; and that none can be changed.

use seal::{Sealed, columns};
use serde_json::Value;
use tenancy::attempts::{Answer, Attempt};

use super::{Found, Tally};
use crate::canary::{Part, add_comment};
use crate::probe::{ProbeCtx, ProbeError};
use crate::registry::Outcome;
use crate::statements;

/// The act that is done so that its record can be looked at; at most once an hour.
const ACT: &str = "request.comment";

pub(super) async fn context(cx: &ProbeCtx) -> Result<Outcome, ProbeError> {
    let (side, objects) = cx.side_a()?;
    let mut act = record_of_act(cx).await?;
    if !act.as_ref().is_some_and(|act| act.is_fresh) {
        add_comment(cx, side, objects.requests[0]).await?;
        act = record_of_act(cx).await?;
    }
    let act = act.ok_or(ProbeError::Missing("the canary act left no record"))?;
    let mut tally = Tally::default();
    let person = act.person.as_ref().ok_or(ProbeError::Unreadable("the record of the canary act"))?;
    let period = act.period.as_ref().ok_or(ProbeError::Unreadable("the record of the canary act"))?;
    let actor = side.person(Part::Member)?.to_string();
    tally
        .count("the actor of the act", Found::right_if(text(person, "actor", "id") == Some(&actor) && act.names_actor));
    let address = value(person, "ip").and_then(Value::as_str);
    tally.count("its address", Found::right_if(address.is_some_and(|ip| ip.parse::<std::net::IpAddr>().is_ok())));
    let device = value(person, "device").and_then(Value::as_str);
    tally.count("its device", Found::right_if(device.is_some_and(|device| !device.trim().is_empty())));
    tally.count("its channel", Found::right_if(text(period, "context", "channel") == Some("api")));
    tally.count("its target", Found::right_if(value(period, "target").is_some_and(Value::is_string)));
    let mut workspaces = vec![("probe-a", cx.canary.a.workspace), ("probe-b", cx.canary.b.workspace)];
    if let Ok(platform) = cx.db.workspace_of("platform").await {
        workspaces.push(("platform", platform));
    }
    let mut seen = 0;
    for (name, workspace) in workspaces {
        let scope = cx.view(workspace).await?;
        let row = scope.one(&statements::RECORDS_OF_DAY, &[&workspace.uuid()]).await?;
        scope.finish();
        let (records, whole): (i64, i64) = (row.get(0), row.get(1));
        seen += records;
        for n in 0..records.min(RECORDS_COUNTED_MAX) {
            tally.count(format!("{name}, record {n}"), Found::right_if(n < whole));
        }
    }
    Ok(tally.outcome(&format!("fields of an act, and records of the last day ({seen} looked at), hold actor, time, address, device and context")))
}

/// Most records of a workspace that stand in the population one by one.
const RECORDS_COUNTED_MAX: i64 = 100_000;

struct ActRecord {
    is_fresh: bool,
    names_actor: bool,
    person: Option<Value>,
    period: Option<Value>,
}

async fn record_of_act(cx: &ProbeCtx) -> Result<Option<ActRecord>, ProbeError> {
    let workspace = cx.canary.a.workspace;
    let member = cx.canary.a.person(Part::Member)?.uuid();
    let scope = cx.view(workspace).await?;
    let Some(row) = scope.maybe(&statements::RECORD_OF_ACT, &[&workspace.uuid(), &ACT, &member]).await? else {
        return Ok(None);
    };
    let rec: [u8; 16] = *row.get::<_, uuid::Uuid>(0).as_bytes();
    let actor: Option<uuid::Uuid> = row.get(3);
    let person: Option<Vec<u8>> = row.get(5);
    let period: Option<Vec<u8>> = row.get(6);
    let keys = scope.keys();
    let person = person
        .and_then(|bytes| keys.open(rec, &Sealed::<columns::AuditPersonPart>::from_envelope(bytes)).ok())
        .and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let period = period
        .and_then(|bytes| keys.open(rec, &Sealed::<columns::AuditPeriodPart>::from_envelope(bytes)).ok())
        .and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let record = ActRecord { is_fresh: row.get(7), names_actor: actor.is_some(), person, period };
    scope.finish();
    Ok(Some(record))
}

/// The value of a field in an opened part: `{field: {"salt": .., "value": ..}}`.
fn value<'a>(part: &'a Value, field: &str) -> Option<&'a Value> {
    part.get(field)?.get("value")
}

fn text<'a>(part: &'a Value, field: &str, member: &str) -> Option<&'a str> {
    value(part, field)?.get(member)?.as_str()
}

pub(super) async fn append_only(cx: &ProbeCtx) -> Result<Outcome, ProbeError> {
    let (a, b) = (cx.canary.a.workspace, cx.canary.b.workspace);
    let mut tally = Tally::default();
    for attempt in Attempt::ON_THE_TRAIL {
        let answer = cx.db.attempt(*attempt, a, b).await?;
        tally.count(attempt.words(), Found::right_if(answer == Answer::Refused));
    }
    let findings = cx.db.catalogue().await?.findings;
    let of_the_trail: Vec<_> = findings.iter().filter(|finding| finding.object.contains("audit.")).collect();
    tally.count("grants and triggers of the trail", Found::right_if(of_the_trail.is_empty()));
    for finding in of_the_trail {
        tally.count(format!("{}: {}", finding.object, finding.why), Found::Wrong);
    }
    Ok(tally.outcome("ways to change or remove a record are closed"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_of_a_part_are_read() {
        let part = json!({"actor": {"salt": "x", "value": {"kind": "person", "id": "7"}}, "ip": {"value": "::1"}});
        assert_eq!(text(&part, "actor", "id"), Some("7"));
        assert_eq!(value(&part, "ip").and_then(Value::as_str), Some("::1"));
        assert_eq!(value(&part, "device"), None);
    }
}
