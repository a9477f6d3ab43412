//! Forms: every type at its bound and one past, hidden fields, HTML names.

use requests::form::{FormContext, Values, parse_html_form, validate};
use serde_json::{Value as Json, json};
use tenancy::PersonId;

use crate::support::{TODAY, document, person, process};

fn form(fields: Json) -> requests::Process {
    let mut document = document();
    document["form"]["sections"][0]["fields"] = fields;
    process(&document)
}

fn check(process: &requests::Process, input: &Json) -> Result<Values, Vec<(String, &'static str)>> {
    let exists = |who: PersonId| who == person(7);
    let cx = FormContext { today: TODAY, submitted_on: TODAY, person_exists: &exists };
    validate(process.form(), input, &cx)
        .map_err(|errors| errors.into_iter().map(|error| (error.pointer, error.code)).collect())
}

/// A form with every type, each with limits.
fn every_type() -> requests::Process {
    form(json!([
        { "key": "text", "type": "text", "label": "Text", "min": 2, "max": 4, "pattern": "[a-z]*" },
        { "key": "plain", "type": "text", "label": "Plain" },
        { "key": "long", "type": "long_text", "label": "Long" },
        { "key": "int", "type": "integer", "label": "Int", "min": -3, "max": 5 },
        { "key": "any_int", "type": "integer", "label": "Any int" },
        { "key": "money", "type": "money", "label": "Money", "currencies": ["EUR", "JPY"], "min": "1.00", "max": "9.99" },
        { "key": "day", "type": "date", "label": "Day", "min": { "days_from_now": 1 }, "max": "2026-12-31" },
        { "key": "choice", "type": "choice", "label": "Choice", "options": [ { "value": "a", "label": "A" } ] },
        { "key": "yes", "type": "checkbox", "label": "Yes", "must_be_true": true },
        { "key": "who", "type": "person", "label": "Who" } ]))
}

fn eur(amount: &str) -> Json {
    json!({ "amount": amount, "currency": "EUR" })
}

#[test]
fn every_type_holds_at_its_bound() {
    let process = every_type();
    let good: Vec<(&str, Json, Json)> = vec![
        ("text", json!("ab"), json!("ab")),
        ("text", json!(" abcd "), json!("abcd")),
        ("plain", json!("é".repeat(40)), json!("é".repeat(40))),
        ("plain", json!("e\u{301}".repeat(40)), json!("é".repeat(40))),
        ("long", json!("x\r\ny"), json!("x\ny")),
        ("long", json!("x".repeat(512)), json!("x".repeat(512))),
        ("int", json!(-3), json!(-3)),
        ("int", json!(5), json!(5)),
        ("any_int", json!(1_i64 << 53), json!(1_i64 << 53)),
        ("money", eur("1.00"), eur("1.00")),
        ("money", eur("9.99"), eur("9.99")),
        ("money", eur("2"), eur("2.00")),
        ("money", eur("2.500"), eur("2.50")),
        ("money", json!({ "amount": "9", "currency": "JPY" }), json!({ "amount": "9", "currency": "JPY" })),
        ("day", json!("2026-11-23"), json!("2026-11-23")),
        ("day", json!("2026-12-31"), json!("2026-12-31")),
        ("choice", json!("a"), json!("a")),
        ("who", json!(person(7).to_string()), json!(person(7).to_string())),
    ];
    for (key, given, stored) in good {
        let values = check(&process, &json!({ "yes": true, key: given })).unwrap();
        assert_eq!(values.to_json()[key], stored, "{key}");
        assert_eq!(Values::from_stored(process.form(), &values.to_json()), values);
    }
}

#[test]
fn every_type_refuses_one_past_its_bound() {
    let process = every_type();
    let bad: Vec<(&str, Json, &str, &str)> = vec![
        ("text", json!("a"), "", "too_short"),
        ("text", json!("abcde"), "", "too_long"),
        ("text", json!("AB"), "", "pattern"),
        ("text", json!("a\nb"), "", "several_lines"),
        ("text", json!("a\u{7}b"), "", "control_character"),
        ("text", json!(3), "", "wrong_type"),
        ("plain", json!("é".repeat(41)), "", "too_long"),
        ("long", json!("x".repeat(513)), "", "too_long"),
        ("long", json!("x\u{0}"), "", "control_character"),
        ("int", json!(-4), "", "below_min"),
        ("int", json!(6), "", "above_max"),
        ("int", json!("5"), "", "wrong_type"),
        ("int", json!(1.5), "", "wrong_type"),
        ("any_int", json!((1_i64 << 53) + 1), "", "out_of_range"),
        ("any_int", json!(u64::MAX), "", "wrong_type"),
        ("any_int", json!(i64::MIN), "", "out_of_range"),
        ("money", eur("0.99"), "/amount", "below_min"),
        ("money", eur("10.00"), "/amount", "above_max"),
        ("money", eur("2.505"), "/amount", "too_many_digits"),
        ("money", eur("1e2"), "/amount", "wrong_type"),
        ("money", eur("1_0"), "/amount", "wrong_type"),
        ("money", eur("+2"), "/amount", "wrong_type"),
        ("money", json!({ "amount": "2.5", "currency": "JPY" }), "/amount", "too_many_digits"),
        ("money", json!({ "amount": "2", "currency": "USD" }), "/currency", "unknown_currency"),
        ("money", json!({ "amount": 2, "currency": "EUR" }), "", "wrong_type"),
        ("money", json!({ "amount": "2", "currency": "EUR", "x": 1 }), "", "wrong_type"),
        ("day", json!("2026-11-22"), "", "below_min"),
        ("day", json!("2027-01-01"), "", "above_max"),
        ("day", json!("2026-11-31"), "", "wrong_type"),
        ("day", json!("2026-12-1"), "", "wrong_type"),
        ("choice", json!("b"), "", "unknown_option"),
        ("yes", json!("true"), "", "wrong_type"),
        ("yes", json!(false), "", "must_be_true"),
        ("yes", json!(null), "", "required"),
        ("who", json!(person(8).to_string()), "", "unknown_person"),
        ("who", json!("somebody"), "", "wrong_type"),
    ];
    for (key, given, below, code) in bad {
        let mut input = json!({ "yes": true });
        input[key] = given.clone();
        let errors = check(&process, &input).unwrap_err();
        assert_eq!(errors, [(format!("/values/{key}{below}"), code)], "{key} {given}");
    }
}

#[test]
fn hidden_fields_are_neither_asked_nor_stored() {
    let shown_if = |field: &str| json!({ "cmp": { "field": field, "op": "eq", "value": true } });
    let process = form(json!([
        { "key": "b", "type": "checkbox", "label": "B", "show_when": shown_if("a") },
        { "key": "a", "type": "checkbox", "label": "A" },
        { "key": "title", "type": "text", "label": "Title", "required": true, "show_when": shown_if("b") } ]));
    let stored = |input: Json| check(&process, &input).map(|values| values.to_json());
    assert_eq!(stored(json!({})), Ok(json!({})));
    assert_eq!(stored(json!({ "a": false, "b": true, "title": 4 })), Ok(json!({ "a": false })));
    let all = json!({ "a": true, "b": true, "title": "t" });
    assert_eq!(stored(all.clone()), Ok(all));
    let missing = stored(json!({ "a": true, "b": true })).unwrap_err();
    assert_eq!(missing, [("/values/title".to_owned(), "required")]);
}

#[test]
fn unknown_names_and_other_shapes_are_refused() {
    let process = process(&document());
    let errors = check(&process, &json!({ "title": "t", "a/b": 1 })).unwrap_err();
    assert_eq!(errors, [("/values/a~1b".to_owned(), "unknown_field")]);
    for other in [json!([]), json!("x"), json!(null)] {
        assert_eq!(check(&process, &other).unwrap_err(), [("/values".to_owned(), "wrong_type")]);
    }
}

#[test]
fn a_circle_of_show_when_ends() {
    let empty = |field: &str| json!({ "cmp": { "field": field, "op": "empty" } });
    let process = form(json!([
        { "key": "a", "type": "text", "label": "A", "show_when": empty("b") },
        { "key": "b", "type": "text", "label": "B", "show_when": empty("a") } ]));
    assert!(check(&process, &json!({ "a": "x", "b": "y" })).is_ok());
}

#[test]
fn html_names_become_the_values_of_the_api() {
    let process = process(&document());
    let pairs: Vec<(String, String)> = [
        ("csrf", "x"),
        ("title", "Mouse"),
        ("note", ""),
        ("count", " 3 "),
        ("total.amount", "25"),
        ("cost.amount", "1"),
        ("cost.currency", "USD"),
        ("by", "2026-12-01"),
        ("kind", ""),
        ("urgent", "on"),
        ("urgent", "on"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec();
    let input = parse_html_form(process.form(), &pairs);
    let values = check(&process, &input).unwrap().to_json();
    let expected = json!({ "title": "Mouse", "count": 3, "total": { "amount": "25.00", "currency": "EUR" },
        "cost": { "amount": "1.00", "currency": "USD" }, "by": "2026-12-01", "urgent": true });
    assert_eq!(values, expected);
    let wrong = parse_html_form(process.form(), &[("count".to_owned(), "three".to_owned())]);
    assert_eq!(wrong["count"], json!("three"));
    assert_eq!(wrong["urgent"], json!(false));
}
