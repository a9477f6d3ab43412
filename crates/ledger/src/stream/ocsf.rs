//! Records as events of the Open Cybersecurity Schema Framework. What the schema has no place for, and all that proves
//! the record, stands in `unmapped`. The version is pinned: a later one moves members about.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::batch::{About, Item};

/// The schema's version.
pub const VERSION: &str = "1.5.0";

/// Class, activity and the activity's name of an act.
type Kind = (u32, u32, &'static str);

const BASE: u32 = 0;
const ACCOUNT_CHANGE: u32 = 3001;
const AUTHENTICATION: u32 = 3002;
const ENTITY: u32 = 3004;
const USER_ACCESS: u32 = 3005;
const WEB_RESOURCE: u32 = 6001;
const API: u32 = 6003;

/// The kind of an act. An act of another code is an operation of ours (6003), whatever it is.
fn kind(action: &str) -> Kind {
    match action {
        "session.sign_in" | "session.sign_in_refused" | "link.use" => (AUTHENTICATION, 1, "Logon"),
        "session.end" => (AUTHENTICATION, 2, "Logoff"),
        "password.set" => (ACCOUNT_CHANGE, 3, "Password Change"),
        "person.add" => (ACCOUNT_CHANGE, 1, "Create"),
        "person.end" => (ACCOUNT_CHANGE, 5, "Disable"),
        "person.change" | "link.issue" => (ACCOUNT_CHANGE, 99, "Other"),
        "access.grant" | "access.grant_process" => (USER_ACCESS, 1, "Assign Privileges"),
        "request.submit" | "request.draft" => (WEB_RESOURCE, 1, "Create"),
        _ => match action.split_once('.') {
            Some(("request", _)) => (WEB_RESOURCE, 3, "Update"),
            Some(("group" | "process" | "workspace" | "token" | "stream", act)) => match act {
                "add" | "issue" | "open" => (ENTITY, 1, "Create"),
                "revoke" | "remove" => (ENTITY, 4, "Delete"),
                "pause" => (ENTITY, 12, "Suspend"),
                "resume" => (ENTITY, 13, "Resume"),
                _ => (ENTITY, 3, "Update"),
            },
            _ => (API, 99, "Other"),
        },
    }
}

/// A record's event.
pub(super) fn event(item: &Item, about: &About<'_>) -> Value {
    let entry = &item.entry;
    let (class, activity, name) = kind(&entry.action);
    let is_refused = entry.action.ends_with("_refused");
    let mut event = frame((class, activity, name), &entry.rec, entry.at_us, about);
    event.insert("message".to_owned(), json!(entry.action));
    event.insert("status_id".to_owned(), json!(if is_refused { 2 } else { 1 }));
    event.insert("severity_id".to_owned(), json!(if is_refused { 2 } else { 1 }));
    let target = item.value("target").and_then(|value| value.as_str().map(str::to_owned));
    let actor = item.value("actor").unwrap_or(Value::Null);
    let user = match (actor["id"].as_str(), actor["kind"].as_str()) {
        (Some(id), _) => json!({"uid": id, "type_id": 1}),
        (None, Some(kind)) => json!({"name": kind, "type_id": 3}),
        (None, None) => json!({"name": "erased", "type_id": 0}),
    };
    let ip = item.value("ip").and_then(|value| value.as_str().map(str::to_owned));
    let endpoint = match ip.filter(|ip| ip.parse::<std::net::IpAddr>().is_ok()) {
        Some(ip) => json!({"ip": ip}),
        None => json!({"svc_name": "countersign"}),
    };
    let subject = || target.clone().unwrap_or_else(|| about.workspace.to_string());
    let member = match class {
        AUTHENTICATION => {
            event.insert("service".to_owned(), json!({"name": "countersign"}));
            // Who signs in is the target: nobody had signed in yet.
            let person = if actor["id"].is_null() { target.as_ref() } else { None };
            ("user", person.map_or_else(|| user.clone(), |id| json!({"uid": id, "type_id": 1})))
        }
        ACCOUNT_CHANGE => ("user", json!({"uid": subject(), "type_id": 1})),
        USER_ACCESS => {
            let role = item.value("context").and_then(|context| context["role"].as_str().map(str::to_owned));
            event.insert("privileges".to_owned(), json!([role.unwrap_or_else(|| "unknown".to_owned())]));
            ("user", json!({"uid": subject(), "type_id": 1}))
        }
        ENTITY => ("entity", json!({"uid": subject(), "type": entry.action.split('.').next()})),
        WEB_RESOURCE => ("web_resources", json!([{"uid": subject(), "type": "request"}])),
        _ => ("api", json!({"operation": entry.action, "service": {"name": "countersign"}})),
    };
    event.insert(member.0.to_owned(), member.1);
    if class != WEB_RESOURCE {
        event.insert("actor".to_owned(), json!({ "user": user }));
    }
    event.insert("src_endpoint".to_owned(), endpoint);
    let line: Value = serde_json::from_str(&item.line).unwrap_or(Value::Null);
    event.insert("unmapped".to_owned(), json!({"countersign": line}));
    Value::Object(event)
}

/// The event before those of a batch.
pub(super) fn batch(envelope: &Value, id: &Uuid, at_us: i64, about: &About<'_>) -> Value {
    ours("batch", envelope, id, at_us, about)
}

/// A test's event.
pub(super) fn test(what: &Value, id: &Uuid, at_us: i64, about: &About<'_>) -> Value {
    ours("test", what, id, at_us, about)
}

fn ours(what: &str, value: &Value, id: &Uuid, at_us: i64, about: &About<'_>) -> Value {
    let mut event = frame((BASE, 99, "Other"), &id.to_string(), at_us, about);
    event.insert("message".to_owned(), json!(what));
    event.insert("severity_id".to_owned(), json!(1));
    event.insert("unmapped".to_owned(), json!({ what: value }));
    Value::Object(event)
}

fn frame((class, activity, name): Kind, id: &str, at_us: i64, about: &About<'_>) -> Map<String, Value> {
    let frame = json!({
        "class_uid": class,
        "category_uid": class / 1000,
        "activity_id": activity,
        "activity_name": name,
        "type_uid": class * 100 + activity,
        "time": at_us.div_euclid(1000),
        "metadata": {
            "version": VERSION,
            "uid": id,
            "tenant_uid": about.workspace.to_string(),
            "log_name": about.origin,
            "product": {"name": "Countersign", "vendor_name": "Countersign"},
        },
    });
    match frame {
        Value::Object(frame) => frame,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tenancy::policy::ACTIONS;

    #[test]
    fn every_act_has_the_class_that_fits_it() {
        for (action, class, activity) in [
            ("session.sign_in_refused", 3002, 1),
            ("session.end", 3002, 2),
            ("password.set", 3001, 3),
            ("access.grant", 3005, 1),
            ("group.add", 3004, 1),
            ("token.revoke", 3004, 4),
            ("stream.pause", 3004, 12),
            ("request.approve", 6001, 3),
            ("effect.deliver", 6003, 99),
            ("some.act_to_come", 6003, 99),
        ] {
            let (found, act, _) = kind(action);
            assert_eq!((found, act), (class, activity), "{action}");
        }
        for row in ACTIONS {
            let (class, activity, _) = kind(row.code);
            assert!(class > 0 && activity > 0, "{}", row.code);
        }
    }
}
