//! Places in a document: as a JSON Pointer for programs and as words for people.

use serde_json::Value as Json;
use serde_path_to_error::{Path, Segment};

/// The JSON Pointer of a serde path.
pub(super) fn pointer(path: &Path) -> String {
    let mut out = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => out.push_str(&format!("/{index}")),
            Segment::Map { key } | Segment::Enum { variant: key } => out.push_str(&format!("/{}", escape(key))),
            Segment::Unknown => {}
        }
    }
    out
}

fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// The words for a place: `Stage "Finance", approvers` or `Field "Total"`.
pub(super) fn sentence(document: &Json, pointer: &str) -> String {
    let parts: Vec<&str> = pointer.split('/').skip(1).collect();
    let named = |at: &str, word: &str, rest: &[&str]| {
        let item = document.pointer(at);
        let text = |key| item.and_then(|item| item.get(key)).and_then(Json::as_str);
        let name = text("name").or(text("label")).or(text("title")).or(text("key")).unwrap_or("?");
        let rest = if rest.is_empty() { String::new() } else { format!(", {}", rest.join("/")) };
        format!("{word} \"{name}\"{rest}")
    };
    match parts.as_slice() {
        ["stages", n, rest @ ..] => named(&format!("/stages/{n}"), "Stage", rest),
        ["samples", n, rest @ ..] => named(&format!("/samples/{n}"), "Sample", rest),
        ["form", "sections", s, "fields", n, rest @ ..] => {
            named(&format!("/form/sections/{s}/fields/{n}"), "Field", rest)
        }
        ["form", "sections", s, rest @ ..] => named(&format!("/form/sections/{s}"), "Section", rest),
        ["routes", key, rest @ ..] => {
            let rest = if rest.is_empty() { String::new() } else { format!(", {}", rest.join("/")) };
            format!("Routes of \"{key}\"{rest}")
        }
        [] => "The document".to_owned(),
        [first, ..] => format!("The member \"{first}\""),
    }
}
