//! From the names and values of an HTML form to the JSON the API takes, so that one validation serves both.

use serde_json::{Map, Value as Json, json};

use super::{Field, FieldKind, Form};

/// The values of a posted page. Names the form does not have are left out (the page's own hidden inputs); of two
/// equal names the first counts. Nothing is checked here: what is wrong stays as typed for
/// [`validate`](super::validate) to name.
///
/// Money is `key.amount` and `key.currency`; a checkbox is true when its name is there, whatever its value.
#[must_use]
pub fn parse_html_form(form: &Form, pairs: &[(String, String)]) -> Json {
    let read = |field: &Field| Some((field.key.clone(), read_field(field, pairs)?));
    Json::Object(form.fields().filter_map(read).collect::<Map<_, _>>())
}

fn read_field(field: &Field, pairs: &[(String, String)]) -> Option<Json> {
    match &field.kind {
        FieldKind::Checkbox { .. } => Some(json!(pairs.iter().any(|(name, _)| *name == field.key))),
        FieldKind::Money { currencies, .. } => {
            let amount = typed(pairs, &format!("{}.amount", field.key))?;
            let only = currencies.first().filter(|_| currencies.len() == 1);
            let currency = typed(pairs, &format!("{}.currency", field.key)).or(only.map(String::as_str));
            Some(json!({ "amount": amount, "currency": currency.unwrap_or_default() }))
        }
        FieldKind::Integer { .. } => {
            let text = typed(pairs, &field.key)?;
            Some(text.parse::<i64>().map_or_else(|_| json!(text), |number| json!(number)))
        }
        FieldKind::Text { .. } | FieldKind::LongText { .. } => find(pairs, &field.key).map(|text| json!(text)),
        FieldKind::Date { .. } | FieldKind::Choice { .. } | FieldKind::Person => {
            typed(pairs, &field.key).map(|text| json!(text))
        }
    }
}

fn find<'p>(pairs: &'p [(String, String)], name: &str) -> Option<&'p str> {
    pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

/// The trimmed value, if anything was typed at all.
fn typed<'p>(pairs: &'p [(String, String)], name: &str) -> Option<&'p str> {
    find(pairs, name).map(str::trim).filter(|text| !text.is_empty())
}
