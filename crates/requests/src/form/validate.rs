//! The check of submitted values against a form.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde_json::Value as Json;
use tenancy::PersonId;
use unicode_normalization::UnicodeNormalization;

use super::value::{money, parse_date, parse_decimal};
use super::{DateLimit, Field, FieldKind, Form, INTEGER_MAX, Value, Values, currency_digits};
use crate::condition::Scene;

/// What a value may depend on besides the form.
pub struct FormContext<'a> {
    /// The day of the event (UTC).
    pub today: Date,
    /// The day this revision is submitted: today, or the stored day when values are read again.
    pub submitted_on: Date,
    /// Whether somebody is an active person of the workspace.
    pub person_exists: &'a dyn Fn(PersonId) -> bool,
}

/// One value that is not valid, with a JSON Pointer such as `/values/total/amount`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct FieldError {
    /// JSON Pointer (RFC 6901) into the submitted document.
    pub pointer: String,
    /// A stable word for programs.
    pub code: &'static str,
    /// A sentence for people.
    pub message: String,
}

/// Checks values and brings them into canonical form. Hidden fields are left out, `null` is no answer.
///
/// # Errors
/// Every value that is wrong, in the form's order; unknown names come last.
pub fn validate(form: &Form, input: &Json, cx: &FormContext<'_>) -> Result<Values, Vec<FieldError>> {
    let Some(members) = input.as_object() else {
        return Err(vec![error("/values", "wrong_type", "The values must be an object.".to_owned())]);
    };
    let mut typed = Values::default();
    let mut wrong: BTreeMap<&str, Vec<FieldError>> = BTreeMap::new();
    for field in form.fields() {
        let given = members.get(&field.key).unwrap_or(&Json::Null);
        match read(field, given, cx) {
            Ok(Some(value)) => typed.insert(field.key.clone(), value),
            Ok(None) => {}
            Err(error) => wrong.entry(&field.key).or_default().push(error),
        }
    }
    let shown = shown_fields(form, &typed, cx);
    let mut values = Values::default();
    let mut errors = Vec::new();
    for field in form.fields().filter(|field| shown.get(field.key.as_str()) == Some(&true)) {
        if let Some(found) = wrong.remove(field.key.as_str()) {
            errors.extend(found);
        } else if let Some(value) = typed.get(&field.key) {
            values.insert(field.key.clone(), value.clone());
        } else if field.required {
            errors.push(error(&pointer(field, ""), "required", format!("{} is needed.", field.label)));
        }
    }
    for name in members.keys().filter(|name| form.field(name).is_none()).take(20) {
        let pointer = format!("/values/{}", name.replace('~', "~0").replace('/', "~1"));
        errors.push(error(&pointer, "unknown_field", format!("The form has no field \"{name}\".")));
    }
    if errors.is_empty() { Ok(values) } else { Err(errors) }
}

/// Which fields are shown. A field that is hidden counts as empty for the conditions of others; a cycle, which the
/// publish check refuses, would count as shown.
fn shown_fields<'f>(form: &'f Form, typed: &Values, cx: &FormContext<'_>) -> BTreeMap<&'f str, bool> {
    let mut shown = BTreeMap::new();
    for field in form.fields() {
        decide_shown(form, field, typed, cx, &mut shown);
    }
    shown
}

fn decide_shown<'f>(
    form: &'f Form,
    field: &'f Field,
    typed: &Values,
    cx: &FormContext<'_>,
    shown: &mut BTreeMap<&'f str, bool>,
) -> bool {
    if let Some(known) = shown.get(field.key.as_str()) {
        return *known;
    }
    shown.insert(&field.key, true);
    let Some(condition) = &field.show_when else { return true };
    let mut visible = Values::default();
    for key in condition.fields() {
        let Some(other) = form.field(key) else { continue };
        if decide_shown(form, other, typed, cx, shown)
            && let Some(value) = typed.get(key)
        {
            visible.insert(key.to_owned(), value.clone());
        }
    }
    let scene =
        Scene { value: &|key| visible.get(key), today: cx.today, submitted_on: cx.submitted_on, member: &|_, _| false };
    let holds = condition.holds(&scene);
    shown.insert(&field.key, holds);
    holds
}

fn pointer(field: &Field, below: &str) -> String {
    format!("/values/{}{below}", field.key)
}

fn error(pointer: &str, code: &'static str, message: String) -> FieldError {
    FieldError { pointer: pointer.to_owned(), code, message }
}

fn read(field: &Field, given: &Json, cx: &FormContext<'_>) -> Result<Option<Value>, FieldError> {
    if given.is_null() {
        return Ok(None);
    }
    let label = &field.label;
    let wrong = |code, message: String| Err(error(&pointer(field, ""), code, message));
    let text = || given.as_str().map(|text| text.nfc().collect::<String>());
    match &field.kind {
        FieldKind::Text { .. } | FieldKind::LongText { .. } => read_text(field, text()),
        FieldKind::Integer { min, max } => match given.as_i64() {
            Some(number) if number.unsigned_abs() > INTEGER_MAX.unsigned_abs() => {
                wrong("out_of_range", format!("{label} is too large."))
            }
            Some(number) if number < *min => wrong("below_min", format!("{label} must be at least {min}.")),
            Some(number) if number > *max => wrong("above_max", format!("{label} must be at most {max}.")),
            Some(number) => Ok(Some(Value::Integer(number))),
            None => wrong("wrong_type", format!("{label} must be a whole number.")),
        },
        FieldKind::Money { .. } => read_money(field, given).map(Some),
        FieldKind::Date { min, max } => {
            let Some(date) = given.as_str().and_then(parse_date) else {
                return wrong("wrong_type", format!("{label} must be a real day, written 2026-11-30."));
            };
            let on = |limit: &Option<DateLimit>| limit.and_then(|limit| limit.on(cx.today, cx.submitted_on));
            match (on(min), on(max)) {
                (Some(first), _) if date < first => wrong("below_min", format!("{label} must be {first} or later.")),
                (_, Some(last)) if date > last => wrong("above_max", format!("{label} must be {last} or earlier.")),
                _ => Ok(Some(Value::Date(date))),
            }
        }
        FieldKind::Choice { options } => match text() {
            Some(text) if options.iter().any(|option| option.value == text) => Ok(Some(Value::Choice(text))),
            Some(text) if text.is_empty() => Ok(None),
            _ => {
                let names: Vec<_> = options.iter().map(|option| option.value.as_str()).collect();
                wrong("unknown_option", format!("{label}: pick one of: {}.", names.join(", ")))
            }
        },
        FieldKind::Checkbox { must_be_true } => match given.as_bool() {
            Some(false) if *must_be_true => wrong("must_be_true", format!("{label} must be ticked.")),
            Some(checked) => Ok(Some(Value::Checkbox(checked))),
            None => wrong("wrong_type", format!("{label} must be true or false.")),
        },
        FieldKind::Person => match given.as_str().map(str::parse::<PersonId>) {
            Some(Ok(person)) if (cx.person_exists)(person) => Ok(Some(Value::Person(person))),
            Some(Ok(_)) => wrong("unknown_person", format!("{label}: there is no such person here.")),
            _ => wrong("wrong_type", format!("{label} must be the id of a person.")),
        },
    }
}

/// Text in NFC, trimmed, with `\n` as the only line end. Blank text is no answer.
fn read_text(field: &Field, text: Option<String>) -> Result<Option<Value>, FieldError> {
    let label = &field.label;
    let wrong = |code, message: String| Err(error(&pointer(field, ""), code, message));
    let Some(text) = text else { return wrong("wrong_type", format!("{label} must be text.")) };
    let text = text.replace("\r\n", "\n").replace('\r', "\n").trim().to_owned();
    let (min, max, pattern, several_lines) = match &field.kind {
        FieldKind::Text { min, max, pattern } => (*min, *max, pattern.as_ref(), false),
        FieldKind::LongText { min, max } => (*min, *max, None, true),
        _ => unreachable!("only text fields are read as text"),
    };
    let chars = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
    let control = |c: char| c.is_control() && !(several_lines && matches!(c, '\n' | '\t'));
    if text.is_empty() {
        Ok(None)
    } else if !several_lines && text.contains('\n') {
        wrong("several_lines", format!("{label} must be one line."))
    } else if text.chars().any(control) {
        wrong("control_character", format!("{label} has a character that cannot be shown."))
    } else if chars < min {
        wrong("too_short", format!("{label} must have at least {min} characters."))
    } else if chars > max {
        wrong("too_long", format!("{label} must have at most {max} characters."))
    } else if pattern.is_some_and(|pattern| !pattern.is_match(&text)) {
        wrong("pattern", format!("{label} does not have the form asked for."))
    } else {
        Ok(Some(Value::Text(text)))
    }
}

fn read_money(field: &Field, given: &Json) -> Result<Value, FieldError> {
    let label = &field.label;
    let FieldKind::Money { currencies, min, max } = &field.kind else {
        unreachable!("only money fields are read as money")
    };
    let wrong = |below, code, message: String| Err(error(&pointer(field, below), code, message));
    let member = |name| given.get(name).and_then(Json::as_str);
    let count = given.as_object().map_or(0, serde_json::Map::len);
    let (2, Some(amount), Some(currency)) = (count, member("amount"), member("currency")) else {
        let message = format!("{label} must be an amount and a currency, both as text.");
        return wrong("", "wrong_type", message);
    };
    if !currencies.iter().any(|allowed| allowed == currency) {
        let message = format!("{label}: pick one of these currencies: {}.", currencies.join(", "));
        return wrong("/currency", "unknown_currency", message);
    }
    if parse_decimal(amount).is_none() {
        let message = format!("{label} must be an amount written 1234.50.");
        return wrong("/amount", "wrong_type", message);
    }
    let Some(value) = money(amount, currency) else {
        let digits = currency_digits(currency).unwrap_or_default();
        let message = format!("{label}: {currency} has {digits} digits behind the point.");
        return wrong("/amount", "too_many_digits", message);
    };
    let Value::Money { amount, .. } = &value else { unreachable!("money reads as money") };
    match (min, max) {
        (Some(min), _) if amount < min => wrong("/amount", "below_min", format!("{label} must be at least {min}.")),
        (_, Some(max)) if amount > max => wrong("/amount", "above_max", format!("{label} must be at most {max}.")),
        _ => Ok(value),
    }
}
