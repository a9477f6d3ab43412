//! The publish check of a condition against the form it reads.

use serde_json::Value as Json;

use super::{Comparison, Condition, Op};
use crate::form::{DateLimit, Field, FieldKind, Form, parse_date, read_money};

/// What is wrong with a condition: a stable code and the end of a sentence that begins with its place.
pub(crate) struct Finding {
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

fn found(code: &'static str, message: String) -> Finding {
    Finding { code, message }
}

/// Everything wrong with a route's condition. `stages` are the approval stages whose deciders may be asked about.
pub(crate) fn check(condition: &Condition, form: &Form, stages: &[&str]) -> Vec<Finding> {
    condition.comparisons().into_iter().filter_map(|comparison| one(comparison, form, stages).err()).collect()
}

/// Everything wrong with a field's `show_when`: as [`check`], and it may ask about values only, since a form is
/// shown before anybody's groups are looked up.
pub(crate) fn check_show_when(condition: &Condition, form: &Form) -> Vec<Finding> {
    let about_people = |comparison: &&Comparison| comparison.op == Op::MemberOf || comparison.field.starts_with('@');
    let mut findings: Vec<_> = condition
        .comparisons()
        .into_iter()
        .filter(about_people)
        .map(|_| found("people_in_show_when", "asks about people; a field can be shown by values only.".to_owned()))
        .collect();
    if findings.is_empty() {
        findings = check(condition, form, &[]);
    }
    findings
}

fn one(comparison: &Comparison, form: &Form, stages: &[&str]) -> Result<(), Finding> {
    let key = comparison.field.as_str();
    if let Some(stage) = comparison.decider_stage() {
        if !stages.contains(&stage) {
            return Err(found("unknown_stage", format!("asks who decided at \"{stage}\", which is no earlier stage.")));
        }
        return people(comparison, key);
    }
    if key == "@requester" {
        return people(comparison, key);
    }
    let Some(field) = form.field(key) else {
        return Err(found("unknown_field", format!("reads the field \"{key}\", which the form does not have.")));
    };
    operator(comparison, field)?;
    literal(comparison, field)
}

fn people(comparison: &Comparison, key: &str) -> Result<(), Finding> {
    if comparison.op != Op::MemberOf {
        return Err(found("wrong_operator", format!("can ask about \"{key}\" only with member_of.")));
    }
    group(comparison)
}

fn group(comparison: &Comparison) -> Result<(), Finding> {
    match comparison.group() {
        Some(_) => Ok(()),
        None => Err(found("wrong_value", "needs a group for member_of: {\"group\": \"...\"}.".to_owned())),
    }
}

fn operator(comparison: &Comparison, field: &Field) -> Result<(), Finding> {
    let (label, kind) = (&field.label, field.kind.name());
    let op = comparison.op;
    let accepted = match &field.kind {
        FieldKind::Text { .. } | FieldKind::LongText { .. } => {
            matches!(op, Op::Eq | Op::Ne | Op::In | Op::Contains | Op::Empty)
        }
        FieldKind::Integer { .. } | FieldKind::Money { .. } => {
            matches!(op, Op::Eq | Op::Ne | Op::In | Op::Lt | Op::Le | Op::Gt | Op::Ge | Op::Empty)
        }
        FieldKind::Date { .. } => matches!(op, Op::Before | Op::After | Op::Empty),
        FieldKind::Choice { .. } | FieldKind::Checkbox { .. } => {
            matches!(op, Op::Eq | Op::Ne | Op::In | Op::Empty)
        }
        FieldKind::Person => matches!(op, Op::Eq | Op::Ne | Op::In | Op::Empty | Op::MemberOf),
    };
    if !accepted {
        let name = serde_json::to_value(op).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default();
        return Err(found("wrong_operator", format!("compares \"{label}\" ({kind}) by {name}, which it cannot.")));
    }
    if let FieldKind::Money { currencies, .. } = &field.kind
        && matches!(op, Op::Lt | Op::Le | Op::Gt | Op::Ge)
        && currencies.len() > 1
    {
        let names = currencies.join(", ");
        let message = format!("orders \"{label}\" (money), which may be in {names}: two currencies have no order.");
        return Err(found("currencies_not_ordered", message));
    }
    Ok(())
}

fn literal(comparison: &Comparison, field: &Field) -> Result<(), Finding> {
    match comparison.op {
        Op::Empty if comparison.value.is_null() => Ok(()),
        Op::Empty => Err(found("wrong_value", "gives a value to empty, which takes none.".to_owned())),
        Op::MemberOf => group(comparison),
        Op::In => match comparison.value.as_array() {
            Some(list) if !list.is_empty() => list.iter().try_for_each(|one| same_type(one, field)),
            _ => Err(found("wrong_value", format!("needs a list of values for \"{}\".", field.label))),
        },
        _ => same_type(&comparison.value, field),
    }
}

/// The literal must be a value the field could have.
fn same_type(literal: &Json, field: &Field) -> Result<(), Finding> {
    let wanted = match &field.kind {
        FieldKind::Text { .. } | FieldKind::LongText { .. } if literal.is_string() => return Ok(()),
        FieldKind::Text { .. } | FieldKind::LongText { .. } => "Give a text.",
        FieldKind::Integer { .. } if literal.is_i64() => return Ok(()),
        FieldKind::Integer { .. } => "Give a whole number.",
        FieldKind::Money { currencies, .. } => match (read_money(literal), literal.get("currency")) {
            (Some(_), Some(currency)) if currencies.iter().any(|one| currency == one.as_str()) => return Ok(()),
            (Some(_), _) => "Give a currency that the field permits.",
            _ => "Give an amount and a currency.",
        },
        FieldKind::Date { .. } if DateLimit::from_json(literal).is_some() => return Ok(()),
        FieldKind::Date { .. } => "Give a day, days_from_now or days_from_submit.",
        FieldKind::Choice { options } => {
            if options.iter().any(|option| literal == option.value.as_str()) {
                return Ok(());
            }
            "Give one of its options."
        }
        FieldKind::Checkbox { .. } if literal.is_boolean() => return Ok(()),
        FieldKind::Checkbox { .. } => "Give true or false.",
        FieldKind::Person => match literal.as_str().map(str::parse::<tenancy::PersonId>) {
            Some(Ok(_)) => return Ok(()),
            _ => "Give the id of a person.",
        },
    };
    let (label, kind, given) = (&field.label, field.kind.name(), given_type(literal));
    Err(found("wrong_value", format!("compares \"{label}\" ({kind}) with {given}. {wanted}")))
}

fn given_type(literal: &Json) -> &'static str {
    match literal {
        Json::Null => "nothing",
        Json::Bool(_) => "true or false",
        Json::Number(_) => "a number",
        Json::String(text) if parse_date(text).is_some() => "a day",
        Json::String(_) => "a text value",
        Json::Array(_) => "a list",
        Json::Object(members) if members.contains_key("amount") => "an amount",
        Json::Object(_) => "an object",
    }
}
