//! What the parameters of a route stand for, and how a route's template becomes an address.

use crate::ask::{Content, form_value};
use crate::canary::{Objects, Part, Side};
use crate::probe::{ProbeError, RouteInfo};

/// A kind of thing that an address can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// The workspace itself, by its slug.
    Slug,
    /// A request.
    Request,
    /// A task.
    Task,
    /// A person.
    Person,
    /// A group.
    Group,
    /// A comment.
    Comment,
    /// A process, by its key.
    ProcessKey,
    /// A process, by its id.
    ProcessId,
    /// A record of the trail.
    Record,
    /// A stream of the trail.
    Stream,
    /// A number of a version.
    Version,
    /// An id that only its own owner sees: a token, a session, a link.
    Private,
}

/// What a parameter names, from the word before it and its own: `/requests/{id}`.
pub(super) fn kind_of(before: &str, name: &str) -> Option<Kind> {
    let by_name = match name {
        "slug" | "workspace" => Some(Kind::Slug),
        "request" | "request_id" => Some(Kind::Request),
        "task" | "task_id" => Some(Kind::Task),
        "person" | "person_id" => Some(Kind::Person),
        "group" | "group_id" => Some(Kind::Group),
        "comment" | "comment_id" => Some(Kind::Comment),
        "key" | "process" | "process_key" => Some(Kind::ProcessKey),
        "process_id" => Some(Kind::ProcessId),
        "version" | "number" => Some(Kind::Version),
        "token_id" | "session_id" => Some(Kind::Private),
        _ => None,
    };
    by_name.or(match before {
        "w" => Some(Kind::Slug),
        "requests" => Some(Kind::Request),
        "tasks" => Some(Kind::Task),
        "people" => Some(Kind::Person),
        "groups" => Some(Kind::Group),
        "comments" => Some(Kind::Comment),
        "processes" | "reports" | "catalogue" => Some(Kind::ProcessKey),
        "audit" | "audit-events" => Some(Kind::Record),
        "streams" => Some(Kind::Stream),
        "versions" => Some(Kind::Version),
        "tokens" | "sessions" => Some(Kind::Private),
        _ => None,
    })
}

/// The parameters of a template with what they name; an unknown one has no kind.
pub(super) fn parameters(template: &str) -> Vec<Option<Kind>> {
    let mut before = "";
    let mut found = Vec::new();
    for segment in template.split('/') {
        match parameter(segment) {
            Some(name) => found.push(kind_of(before, name)),
            None => before = segment,
        }
    }
    found
}

/// The first thing of customers that a route names, if any.
pub(super) fn object_of(template: &str) -> Option<Kind> {
    parameters(template).into_iter().flatten().find(|kind| !matches!(kind, Kind::Slug | Kind::Version))
}

fn parameter(segment: &str) -> Option<&str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

/// Fills a template's parameters.
pub(super) fn fill(template: &str, value: impl Fn(Kind) -> Option<String>) -> Option<String> {
    let mut before = "";
    let mut parts = Vec::new();
    for segment in template.split('/') {
        match parameter(segment) {
            Some(name) => parts.push(value(kind_of(before, name)?)?),
            None => {
                before = segment;
                parts.push(segment.to_owned());
            }
        }
    }
    Some(parts.join("/"))
}

/// The canary thing of a kind in a workspace. `Private` things are ids nobody has.
pub(super) fn canary_value(side: &Side, objects: &Objects, kind: Kind) -> Option<String> {
    Some(match kind {
        Kind::Slug => side.slug.to_owned(),
        Kind::Request => objects.requests[0].to_string(),
        Kind::Task => objects.tasks[0].to_string(),
        Kind::Person => side.person(Part::Viewer).ok()?.to_string(),
        Kind::Group => objects.group.to_string(),
        Kind::Comment => objects.comment.to_string(),
        Kind::ProcessKey => side.process_keys[0].clone(),
        Kind::ProcessId => objects.processes[0].to_string(),
        Kind::Record => objects.record.to_string(),
        Kind::Stream => objects.stream.to_string(),
        Kind::Version => "1".to_owned(),
        Kind::Private => uuid::Uuid::now_v7().to_string(),
    })
}

/// A value of the kind that never existed, as long as a real one.
pub(super) fn unknown_value(kind: Kind, like: &str) -> String {
    match kind {
        Kind::Slug => "probe-x".to_owned(),
        Kind::Version => "1".to_owned(),
        Kind::ProcessKey => {
            let random = uuid::Uuid::new_v4().simple().to_string();
            let head: String = like.chars().take(6).collect();
            let tail = like.len().saturating_sub(head.len());
            format!("{head}{}", &random[..tail.min(random.len())])
        }
        _ => uuid::Uuid::now_v7().to_string(),
    }
}

/// The body that a route declares, with canary values in their places.
pub(super) fn body(route: &RouteInfo, side: &Side, objects: &Objects) -> Result<Content, ProbeError> {
    if route.body.is_empty() {
        return Ok(Content::Nothing);
    }
    let is_json = route.path_template.starts_with("/api/");
    let mut text = route.body.to_owned();
    let password = side.password(Part::Member)?.to_owned();
    let values = [
        ("{{process}}", side.process_keys[0].clone()),
        ("{{request}}", objects.requests[0].to_string()),
        ("{{task}}", objects.tasks[0].to_string()),
        ("{{person}}", side.person(Part::Viewer)?.to_string()),
        ("{{group}}", objects.group.to_string()),
        ("{{password}}", password.clone()),
        ("{{new_password}}", password),
    ];
    for (word, value) in values {
        let value = if is_json { value } else { form_value(&value) };
        text = text.replace(word, &value);
    }
    Ok(if is_json { Content::Json(text) } else { Content::Form(text) })
}

/// Headers that writing routes want: a revision nobody has, so that a write that is let through changes nothing.
pub(super) const STALE: &[(&str, &str)] =
    &[("if-match", "\"0000000000000000000000000000000000000000000000000000000000000000\"")];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_known_by_the_word_before_them_or_their_own() {
        assert_eq!(parameters("/api/v1/requests/{id}"), [Some(Kind::Request)]);
        assert_eq!(parameters("/w/{slug}/tasks/{task}"), [Some(Kind::Slug), Some(Kind::Task)]);
        assert_eq!(parameters("/api/v1/reports/{key}"), [Some(Kind::ProcessKey)]);
        assert_eq!(parameters("/assets/{file}"), [None]);
        assert_eq!(object_of("/w/{slug}/people"), None);
        assert_eq!(object_of("/w/{slug}/people/{id}"), Some(Kind::Person));
    }

    #[test]
    fn a_template_is_filled_or_refused_whole() {
        let value = |kind| (kind == Kind::Request).then(|| "7".to_owned());
        assert_eq!(fill("/api/v1/requests/{id}/comments", value).unwrap(), "/api/v1/requests/7/comments");
        assert_eq!(fill("/assets/{file}", value), None);
        assert_eq!(fill("/tasks/{id}", value), None);
    }

    #[test]
    fn an_unknown_key_is_as_long_as_the_real_one() {
        let like = "probe_abcdefgh";
        let unknown = unknown_value(Kind::ProcessKey, like);
        assert_eq!(unknown.len(), like.len());
        assert_ne!(unknown, like);
    }
}
