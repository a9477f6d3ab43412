//! Conditions: total over random trees and values, and the meaning of empty.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use requests::condition::{Condition, DEPTH_MAX, NODES_MAX, Scene, Subject};
use requests::form::{Value, Values};
use serde_json::{Value as Json, json};

use crate::support::{TODAY, document, person, process};

const FIELDS: [&str; 12] = [
    "title",
    "note",
    "count",
    "total",
    "cost",
    "by",
    "kind",
    "urgent",
    "owner",
    "missing",
    "@requester",
    "@decider:first",
];
const OPS: [&str; 12] = ["eq", "ne", "in", "lt", "le", "gt", "ge", "before", "after", "contains", "empty", "member_of"];

fn literal() -> impl Strategy<Value = Json> {
    prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        (-3_i64..3).prop_map(Json::from),
        "[a-zÀ-ÿ]{0,4}".prop_map(Json::from),
        Just(json!("2026-11-30")),
        any::<i64>().prop_map(|days| json!({ "days_from_now": days })),
        (-40_i64..40).prop_map(|days| json!({ "days_from_submit": days })),
        (-3_i64..9).prop_map(|n| json!({ "amount": n.to_string(), "currency": "EUR" })),
        Just(json!({ "amount": "x", "currency": "EUR" })),
        Just(json!({ "group": "finance" })),
        Just(json!(["a", 1, null])),
    ]
}

fn tree() -> impl Strategy<Value = Json> {
    let one = (0..FIELDS.len(), 0..OPS.len(), literal())
        .prop_map(|(field, op, value)| json!({ "cmp": { "field": FIELDS[field], "op": OPS[op], "value": value } }));
    one.prop_recursive(5, 64, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(|parts| json!({ "all": parts })),
            prop::collection::vec(inner.clone(), 0..6).prop_map(|parts| json!({ "any": parts })),
            inner.prop_map(|part| json!({ "not": part })),
        ]
    })
}

fn values() -> impl Strategy<Value = Json> {
    let some = |strategy: BoxedStrategy<Json>| prop::option::of(strategy);
    (
        some("[a-zÀ-ÿ]{0,6}".prop_map(Json::from).boxed()),
        some((-3_i64..3).prop_map(Json::from).boxed()),
        some((0_i64..9).prop_map(|n| json!({ "amount": n.to_string(), "currency": "EUR" })).boxed()),
        some(Just(json!({ "amount": "3", "currency": "USD" })).boxed()),
        some(prop_oneof![Just(json!("2026-11-25")), Just(json!("9999-12-31"))].boxed()),
        some(prop_oneof![Just(json!("a")), Just(json!("b"))].boxed()),
        some(any::<bool>().prop_map(Json::from).boxed()),
        some(Just(json!(person(7).to_string())).boxed()),
    )
        .prop_map(|(title, count, total, cost, by, kind, urgent, owner)| {
            json!({ "title": title, "count": count, "total": total, "cost": cost, "by": by, "kind": kind,
                "urgent": urgent, "owner": owner })
        })
}

fn holds(condition: &Json, values: &Values) -> bool {
    let condition: Condition = serde_json::from_value(condition.clone()).unwrap();
    let (nodes, depth) = condition.size();
    assert!(nodes >= 1 && depth >= 1);
    let member = |subject: Subject<'_>, group: &str| subject != Subject::Requester && group == "finance";
    let scene = Scene { value: &|key| values.get(key), today: TODAY, submitted_on: TODAY, member: &member };
    condition.holds(&scene)
}

/// How many random sequences or trees a property is tried with: few in the suite, many in a campaign.
pub(crate) fn cases(few: u32) -> u32 {
    std::env::var("COUNTERSIGN_SEQUENCES").ok().and_then(|text| text.parse().ok()).unwrap_or(few)
}

#[test]
fn random_trees_neither_fail_nor_contradict_themselves() {
    let form = process(&document());
    let config = Config { cases: cases(4_000), failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&(tree(), values(), 0..FIELDS.len(), literal()), |(tree, values, field, literal)| {
            let values = Values::from_stored(form.form(), &values);
            prop_assert_ne!(holds(&tree, &values), holds(&json!({ "not": tree }), &values));
            let compared =
                |op: &str| holds(&json!({ "cmp": { "field": FIELDS[field], "op": op, "value": literal } }), &values);
            prop_assert_ne!(compared("eq"), compared("ne"));
            prop_assert!(!(compared("lt") && compared("ge")));
            prop_assert!(!(compared("before") && compared("after")));
            if values.get(FIELDS[field]).is_none() {
                for op in ["eq", "in", "lt", "le", "gt", "ge", "before", "after", "contains"] {
                    prop_assert!(!compared(op));
                }
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn operators_mean_what_they_say() {
    let form = process(&document());
    let values = Values::from_stored(
        form.form(),
        &json!({ "title": "Straße Café", "count": 3, "total": { "amount": "5000", "currency": "EUR" },
            "by": "2026-12-02", "kind": "a", "urgent": true, "owner": person(7).to_string() }),
    );
    let eur = |amount: &str| json!({ "amount": amount, "currency": "EUR" });
    let table = [
        ("total", "ge", eur("5000.00"), true),
        ("total", "gt", eur("5000.00"), false),
        ("total", "ge", eur("5000.01"), false),
        ("total", "lt", json!({ "amount": "9000", "currency": "USD" }), false),
        ("total", "ne", json!({ "amount": "5000", "currency": "USD" }), true),
        ("count", "in", json!([1, 3]), true),
        ("by", "before", json!({ "days_from_submit": 10 }), false),
        ("by", "before", json!({ "days_from_submit": 11 }), true),
        ("by", "after", json!("2026-12-01"), true),
        ("title", "contains", json!("CAFÉ"), true),
        ("title", "contains", json!("CAFE\u{301}"), true),
        ("title", "eq", json!("straße café"), false),
        ("kind", "in", json!(["b"]), false),
        ("urgent", "eq", json!(true), true),
        ("note", "empty", Json::Null, true),
        ("note", "ne", json!("x"), true),
        ("kind", "empty", Json::Null, false),
        ("owner", "member_of", json!({ "group": "finance" }), true),
        ("owner", "member_of", json!({ "group": "other" }), false),
        ("@requester", "member_of", json!({ "group": "finance" }), false),
        ("@decider:first", "member_of", json!({ "group": "finance" }), true),
    ];
    for (field, op, value, expected) in table {
        let condition = json!({ "cmp": { "field": field, "op": op, "value": value } });
        assert_eq!(holds(&condition, &values), expected, "{condition}");
    }
    assert_eq!(values.get("kind"), Some(&Value::Choice("a".to_owned())));
}

#[test]
fn the_largest_tree_over_the_longest_text_ends() {
    let form = process(&document());
    let text = "é".repeat(20_000);
    let values = Values::from_stored(form.form(), &json!({ "note": text }));
    let one = json!({ "cmp": { "field": "note", "op": "contains", "value": "y" } });
    let mut tree = json!({ "any": vec![one; NODES_MAX - DEPTH_MAX + 1] });
    for _ in 0..DEPTH_MAX - 2 {
        tree = json!({ "not": tree });
    }
    let size = serde_json::from_value::<Condition>(tree.clone()).unwrap().size();
    assert_eq!(size.1, DEPTH_MAX);
    assert!(size.0 <= NODES_MAX);
    assert!(!holds(&tree, &values));
}
