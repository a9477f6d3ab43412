//! Answers, fields and conditions in words.

use std::collections::BTreeMap;

use requests::condition::{Comparison, Condition, Op};
use requests::form::{FieldKind, Form, Value, Values};
use requests::process::{Approver, Process, START};
use serde_json::Value as Json;
use tenancy::PersonId;

use super::caller::name_of;
use super::words;

/// An answer as people read it.
pub(super) fn value_text(kind: &FieldKind, value: &Value, names: &BTreeMap<PersonId, String>) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Integer(number) => words::grouped(&number.to_string()),
        Value::Money { amount, currency } => words::money(amount, currency),
        Value::Date(date) => date.strftime("%-d %B %Y").to_string(),
        Value::Choice(chosen) => label_of(kind, chosen),
        Value::Checkbox(true) => "Yes".to_owned(),
        Value::Checkbox(false) => "No".to_owned(),
        Value::Person(person) => name_of(names, *person),
    }
}

fn label_of(kind: &FieldKind, chosen: &str) -> String {
    let FieldKind::Choice { options } = kind else { return chosen.to_owned() };
    options
        .iter()
        .find(|option| option.value == chosen)
        .map_or_else(|| chosen.to_owned(), |option| option.label.clone())
}

/// The sum of a request: the first amount of its form.
pub(super) fn sum_of(form: &Form, values: &Values) -> Option<String> {
    let key = sum_key(form)?;
    match values.get(key)? {
        Value::Money { amount, currency } => Some(words::money(amount, currency)),
        _ => None,
    }
}

/// The key of the first field that holds an amount.
pub(super) fn sum_key(form: &Form) -> Option<&str> {
    form.fields().find(|field| matches!(field.kind, FieldKind::Money { .. })).map(|field| field.key.as_str())
}

/// When a stage takes part, from the condition of the route to it; empty for always.
pub(super) fn asked_when(process: &Process, stage: &str) -> String {
    let keys = process.stages().iter().map(|stage| stage.key.as_str()).chain([START]);
    let mut found: Vec<String> = Vec::new();
    for route in keys.flat_map(|key| process.routes(key)).filter(|route| route.to == stage) {
        match &route.when {
            None => return String::new(),
            Some(condition) => found.push(condition_text(process, condition)),
        }
    }
    found.dedup();
    if found.is_empty() { String::new() } else { format!("if {}", found.join(" or ")) }
}

/// A condition in words.
pub(super) fn condition_text(process: &Process, condition: &Condition) -> String {
    let joined = |parts: &[Condition], word: &str| {
        let texts: Vec<String> = parts.iter().map(|part| condition_text(process, part)).collect();
        if texts.len() > 1 { format!("({})", texts.join(word)) } else { texts.join(word) }
    };
    match condition {
        Condition::All(parts) if parts.is_empty() => "always".to_owned(),
        Condition::Any(parts) if parts.is_empty() => "never".to_owned(),
        Condition::All(parts) => joined(parts, " and "),
        Condition::Any(parts) => joined(parts, " or "),
        Condition::Not(part) => format!("not {}", condition_text(process, part)),
        Condition::Cmp(comparison) => comparison_text(process, comparison),
    }
}

fn comparison_text(process: &Process, comparison: &Comparison) -> String {
    let field = process.form().field(&comparison.field);
    let subject = match (field, comparison.decider_stage()) {
        (Some(field), _) => field.label.clone(),
        (None, Some(stage)) => format!("whoever decided as {}", super::home::stage_name(process, stage)),
        (None, None) if comparison.field == "@requester" => "the requester".to_owned(),
        (None, None) => comparison.field.clone(),
    };
    let literal = |json: &Json| literal_text(field.map(|field| &field.kind), json);
    let relation = match comparison.op {
        Op::Empty => return format!("{subject} is not answered"),
        Op::MemberOf => return format!("{subject} is in the group {}", comparison.group().unwrap_or("named")),
        Op::In => {
            let all: Vec<String> = comparison.value.as_array().into_iter().flatten().map(literal).collect();
            return format!("{subject} is one of {}", all.join(", "));
        }
        Op::Eq => "is",
        Op::Ne => "is not",
        Op::Lt => "is less than",
        Op::Le => "is at most",
        Op::Gt => "is more than",
        Op::Ge => "is at least",
        Op::Before => "is before",
        Op::After => "is after",
        Op::Contains => "contains",
    };
    format!("{subject} {relation} {}", literal(&comparison.value))
}

fn literal_text(kind: Option<&FieldKind>, json: &Json) -> String {
    if let (Some(amount), Some(currency)) = (json["amount"].as_str(), json["currency"].as_str()) {
        return format!("{} {currency}", words::grouped(amount));
    }
    for (key, from) in [("days_from_now", "today"), ("days_from_submit", "the day it is handed in")] {
        if let Some(days) = json[key].as_i64() {
            let count = words::count(days.abs(), "day", "days");
            return if days < 0 { format!("{count} before {from}") } else { format!("{count} from {from}") };
        }
    }
    match json {
        Json::String(text) => kind.map_or_else(|| text.clone(), |kind| label_of(kind, text)),
        Json::Bool(true) => "ticked".to_owned(),
        Json::Bool(false) => "not ticked".to_owned(),
        other => words::grouped(&other.to_string()),
    }
}

/// Whom an entry of a stage's list asks, in words.
pub(super) fn approver_text(approver: &Approver) -> String {
    match approver {
        Approver::Person(key) => key.clone(),
        Approver::Group(key) => format!("the group {key}"),
        Approver::Role(key) => format!("everybody who is {key}"),
        Approver::ManagerOf(_) => "the requester's manager".to_owned(),
    }
}
