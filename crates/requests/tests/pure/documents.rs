//! Documents: the three samples publish, and a corpus of broken ones is refused with sentences that name the place.

use requests::{Process, publish_check};
use serde_json::{Value as Json, json};

use crate::support::{Town, document, process};

const SAMPLES: [(&str, &str); 3] = [
    ("purchase", include_str!("../../samples/purchase.json")),
    ("access", include_str!("../../samples/access.json")),
    ("travel", include_str!("../../samples/travel.json")),
];

#[test]
fn the_three_samples_publish() {
    for (key, text) in SAMPLES {
        let process = Process::parse(text.as_bytes()).unwrap_or_else(|problems| panic!("{key}: {problems:#?}"));
        assert_eq!(process.key(), key);
        assert_eq!(publish_check(&process, &Town), [], "{key}");
        assert!(!process.samples().is_empty());
    }
}

#[test]
fn the_hash_covers_the_meaning_and_not_the_writing_nor_the_proposed_grants() {
    let first = process(&document());
    let pretty = serde_json::to_vec_pretty(&document()).unwrap();
    assert_eq!(first.version_hash(), Process::parse(&pretty).unwrap().version_hash());
    let mut granted = document();
    granted["access"] = json!({ "submit": [ { "role": "member" } ] });
    let granted = process(&granted);
    assert_eq!(first.version_hash(), granted.version_hash());
    assert!(granted.access().is_some());
    let again = Process::parse(granted.to_canonical().as_bytes()).unwrap();
    assert_eq!(again.version_hash(), first.version_hash());
    assert!(again.access().is_none());
    let mut renamed = document();
    renamed["name"] = json!("Buy more");
    assert_ne!(first.version_hash(), process(&renamed).version_hash());
}

#[test]
fn text_is_compared_and_shown_in_the_form_that_is_hashed() {
    let mut composed = document();
    composed["name"] = json!("Caf\u{e9}");
    let mut decomposed = document();
    decomposed["name"] = json!("Cafe\u{301}");
    let (composed, decomposed) = (process(&composed), process(&decomposed));
    assert_eq!(composed.version_hash(), decomposed.version_hash());
    assert_eq!(decomposed.name(), "Caf\u{e9}");
}

#[test]
fn a_prefix_is_given_or_derived() {
    assert_eq!(process(&document()).prefix(), "BUY");
    let mut short = document();
    short["key"] = json!("q");
    assert_eq!(process(&short).prefix(), "QXX");
    short["prefix"] = json!("QQ");
    assert_eq!(process(&short).prefix(), "QQ");
}

#[test]
fn size_and_depth_have_bounds() {
    let padded = |bytes: usize| {
        let mut text = document().to_string();
        text.push_str(&" ".repeat(bytes - text.len()));
        text
    };
    assert!(Process::parse(padded(512 * 1024).as_bytes()).is_ok());
    assert_eq!(Process::parse(padded(512 * 1024 + 1).as_bytes()).unwrap_err()[0].code, "too_large");
    let deep = "[".repeat(200_000);
    assert_eq!(Process::parse(deep.as_bytes()).unwrap_err()[0].code, "not_json");
    for bytes in [&b""[..], b"{", b"null", b"[]", b"\xff\xfe", b"{\"a\":1,\"a\":1}", b"{\"a\":1.5}"] {
        assert_eq!(Process::parse(bytes).unwrap_err().len(), 1);
    }
}

/// Everything wrong with a document, from its shape or from the publish check.
fn problems(document: &Json) -> Vec<requests::Problem> {
    match Process::parse(document.to_string().as_bytes()) {
        Err(problems) => problems,
        Ok(process) => publish_check(&process, &Town),
    }
}

type Break = fn(&mut Json);

/// How the document is broken, the code expected, and a part of the sentence expected.
const BROKEN: &[(Break, &str, &str)] = &[
    (|d| d["colour"] = json!("red"), "wrong_shape", "unknown field `colour`"),
    (|d| d["stages"][1]["sla"] = json!({}), "wrong_shape", "Stage \"Finance\", sla: unknown field `sla`"),
    (
        |d| d["form"]["sections"][0]["fields"][3]["maximum"] = json!(1),
        "wrong_shape",
        "Field \"Total\", maximum: unknown field",
    ),
    (|d| d["routes"]["first"][0]["via"] = json!("x"), "wrong_shape", "Routes of \"first\", 0/via: unknown field"),
    (|d| d["schema"] = json!(2), "unknown_schema", "must be 1"),
    (|d| d["key"] = json!("Buy It"), "bad_key", "has the key \"Buy It\""),
    (|d| d["name"] = json!(" "), "missing_name", "The name of the process is empty"),
    (|d| d["prefix"] = json!("Pu"), "bad_prefix", "2 to 4 capital letters"),
    (|d| d["locale"] = json!("e"), "bad_locale", "language tag"),
    (
        |d| d["form"]["sections"][0]["fields"][1]["key"] = json!("title"),
        "duplicate_key",
        "The field key \"title\" stands twice",
    ),
    (|d| d["stages"][1]["key"] = json!("first"), "duplicate_key", "The stage key \"first\" stands twice"),
    (
        |d| d["form"]["sections"][0]["fields"][6]["options"][1]["value"] = json!("a"),
        "duplicate_option",
        "Field \"Kind\": its option \"a\" stands twice",
    ),
    (|d| d["stages"][0]["key"] = json!("start"), "reserved_key", "Stage \"First look\" has the key \"start\""),
    (
        |d| d["form"]["sections"][0]["fields"][0]["key"] = json!("@title"),
        "bad_key",
        "Field \"Title\" has the key \"@title\"",
    ),
    (
        |d| d["form"]["sections"][0]["fields"][0]["label"] = json!(""),
        "missing_name",
        "The label of field \"title\" is empty",
    ),
    (
        |d| d["form"]["sections"][0]["fields"][6]["options"] = json!([]),
        "no_options",
        "Field \"Kind\": it has no options",
    ),
    (
        |d| d["form"]["sections"][0]["fields"][2]["min"] = json!(11),
        "min_over_max",
        "Field \"Count\": its min is larger",
    ),
    (
        |d| d["form"]["sections"][0]["fields"][0]["max"] = json!(501),
        "bad_limit",
        "Field \"Title\": its max must be a whole number from 0 to 500",
    ),
    (
        |d| d["form"]["sections"][0]["fields"][3]["currencies"] = json!(["EURO"]),
        "bad_currency",
        "Field \"Total\": \"EURO\" is no currency",
    ),
    (
        |d| d["form"]["sections"][0]["fields"][3]["currencies"] = json!([]),
        "no_currency",
        "Field \"Total\": it names no currency",
    ),
    (|d| d["form"]["sections"][0]["fields"][0]["pattern"] = json!("("), "bad_pattern", "Field \"Title\": its pattern"),
    (
        |d| d["form"]["sections"][0]["fields"][0]["pattern"] = json!("a)|(b"),
        "bad_pattern",
        "Field \"Title\": its pattern",
    ),
    (
        |d| d["form"]["sections"][0]["fields"][5]["min"] = json!("2026-02-30"),
        "bad_limit",
        "Field \"By\": its min must be a day",
    ),
    (
        |d| d["form"]["sections"][0]["fields"][7]["max"] = json!(3),
        "setting_not_here",
        "Field \"Urgent\": its type has no setting \"max\"",
    ),
    (|d| d["form"]["sections"][0]["fields"] = json!([]), "no_fields", "The form asks nothing"),
    (
        |d| d["form"]["sections"][0]["fields"][0]["type"] = json!("texte"),
        "wrong_shape",
        "Field \"Title\", type: unknown variant",
    ),
    (
        |d| d["stages"][0]["outcome"] = json!("approved"),
        "setting_not_here",
        "Stage \"First look\" asks for approval: only an end",
    ),
    (|d| d["stages"][2]["mode"] = json!("any"), "setting_not_here", "Stage \"done\" is an end and asks nobody"),
    (
        |d| {
            d["stages"][2].as_object_mut().unwrap().remove("outcome");
        },
        "missing_outcome",
        "Stage \"done\" is an end and needs",
    ),
    (|d| d["stages"][0]["approvers"] = json!([]), "no_approvers", "Stage \"First look\" names nobody to ask"),
    (
        |d| d["stages"][0]["undo_seconds"] = json!(10),
        "undo_not_available",
        "Stage \"First look\": \"undo_seconds\" must be 0",
    ),
    (|d| d["stages"][1]["mode"] = json!({ "quorum": 0 }), "over_bound", "Stage \"Finance\": a quorum must be 1 to 100"),
    (|d| d["stages"][1]["mode"] = json!({ "quorum": 101 }), "over_bound", "not 101"),
    (|d| d["stages"][1]["mode"] = json!({ "percent": 50 }), "wrong_shape", "Stage \"Finance\", mode"),
    (
        |d| d["routes"]["first"][2]["to"] = json!("nowhere"),
        "unknown_stage",
        "Stage \"First look\", route 3, leads to \"nowhere\"",
    ),
    (
        |d| d["routes"]["ghost"] = json!([ { "on": "approved", "to": "done" } ]),
        "unknown_stage",
        "There are routes of \"ghost\"",
    ),
    (
        |d| d["routes"]["first"][1]["when"]["cmp"]["field"] = json!("sum"),
        "unknown_field",
        "Stage \"First look\", route 2, reads the field \"sum\"",
    ),
    (
        |d| d["stages"][1]["approvers"] = json!([ { "group": "nobodies" } ]),
        "unknown_group",
        "Stage \"Finance\" asks the group \"nobodies\"",
    ),
    (
        |d| d["stages"][1]["fallback"] = json!({ "role": "king" }),
        "unknown_role",
        "Stage \"Finance\", fallback, asks the role \"king\"",
    ),
    (
        |d| d["stages"][1]["approvers"] = json!([ { "person": "who@sample.test" } ]),
        "unknown_person",
        "Stage \"Finance\" asks \"who@sample.test\"",
    ),
    (
        |d| d["stages"][1]["approvers"] = json!([ { "person": "gone@sample.test" } ]),
        "person_left",
        "Stage \"Finance\" asks \"gone@sample.test\", who is deactivated",
    ),
    (
        |d| d["routes"]["first"][1]["when"]["cmp"]["value"] = json!("5000"),
        "wrong_value",
        "Stage \"First look\", route 2, compares \"Total\" (money) with a text value. Give an amount and a currency.",
    ),
    (
        |d| d["routes"]["first"][1]["when"]["cmp"]["value"]["currency"] = json!("USD"),
        "wrong_value",
        "Give a currency that the field permits",
    ),
    (
        |d| d["routes"]["first"][1]["when"]["cmp"]["field"] = json!("cost"),
        "currencies_not_ordered",
        "orders \"Cost\" (money)",
    ),
    (
        |d| d["routes"]["first"][1]["when"] = json!({ "cmp": { "field": "title", "op": "gt", "value": "a" } }),
        "wrong_operator",
        "compares \"Title\" (text) by gt",
    ),
    (
        |d| d["routes"]["first"][1]["when"] = json!({ "cmp": { "field": "kind", "op": "in", "value": ["a", "c"] } }),
        "wrong_value",
        "compares \"Kind\" (choice) with a text value. Give one of its options.",
    ),
    (
        |d| d["routes"]["first"][1]["when"] = json!({ "cmp": { "field": "by", "op": "before", "value": "soon" } }),
        "wrong_value",
        "compares \"By\" (date) with a text value",
    ),
    (
        |d| d["routes"]["first"][1]["when"] = json!({ "cmp": { "field": "urgent", "op": "eq", "value": "yes" } }),
        "wrong_value",
        "Give true or false",
    ),
    (
        |d| d["routes"]["first"][1]["when"] = json!({ "cmp": { "field": "count", "op": "empty", "value": 1 } }),
        "wrong_value",
        "gives a value to empty",
    ),
    (
        |d| d["routes"]["first"][1]["when"] = json!({ "cmp": { "field": "@requester", "op": "eq", "value": "x" } }),
        "wrong_operator",
        "only with member_of",
    ),
    (
        |d| {
            d["routes"]["first"][1]["when"] =
                json!({ "cmp": { "field": "@requester", "op": "member_of", "value": { "group": "elves" } } })
        },
        "unknown_group",
        "asks about the group \"elves\"",
    ),
    (
        |d| {
            d["routes"]["first"][1]["when"] =
                json!({ "cmp": { "field": "@decider:finance", "op": "member_of", "value": { "group": "finance" } } })
        },
        "unknown_stage",
        "who decided at \"finance\", which is no earlier stage",
    ),
    (
        |d| {
            d["form"]["sections"][0]["fields"][1]["show_when"] =
                json!({ "cmp": { "field": "@requester", "op": "member_of", "value": { "group": "finance" } } })
        },
        "people_in_show_when",
        "Field \"Note\", show_when, asks about people",
    ),
    (
        |d| d["form"]["sections"][0]["fields"][1]["show_when"] = json!({ "cmp": { "field": "note", "op": "empty" } }),
        "show_when_cycle",
        "Field \"Note\" is shown depending on itself",
    ),
    (
        |d| {
            d["routes"].as_object_mut().unwrap().remove("start");
        },
        "no_start",
        "no route from \"start\"",
    ),
    (|d| d["routes"]["start"] = json!([ { "to": "done" } ]), "approved_unasked", "nobody would have been asked"),
    (
        |d| d["routes"]["first"][0]["to"] = json!("done"),
        "approved_unasked",
        "Stage \"First look\" leads to an approved end when it is rejected",
    ),
    (
        |d| {
            d["routes"]["first"].as_array_mut().unwrap().remove(1);
        },
        "unreachable",
        "Stage \"Finance\" is never reached",
    ),
    (|d| d["routes"]["finance"][1]["to"] = json!("first"), "cycle", "leads back to itself"),
    (
        |d| {
            d["routes"]["first"].as_array_mut().unwrap().remove(0);
        },
        "no_way_out",
        "Stage \"First look\" has no way out when rejected",
    ),
    (
        |d| {
            d["routes"]["first"].as_array_mut().unwrap().remove(2);
        },
        "no_default_route",
        "Stage \"First look\" has no default route when approved",
    ),
    (
        |d| d["routes"]["first"].as_array_mut().unwrap().swap(1, 2),
        "route_after_default",
        "a route after the default route when approved",
    ),
    (
        |d| d["routes"]["done"] = json!([ { "on": "approved", "to": "refused" } ]),
        "route_from_end",
        "Stage \"done\" is an end and cannot lead anywhere",
    ),
    (
        |d| {
            d["routes"]["first"][2].as_object_mut().unwrap().remove("on");
        },
        "missing_on",
        "Stage \"First look\", route 3, does not say \"on\"",
    ),
    (|d| d["stages"][2]["outcome"] = json!("rejected"), "no_end", "No stage ends the request as approved"),
    (
        |d| {
            d["stages"][1].as_object_mut().unwrap().remove("fallback");
        },
        "no_fallback",
        "Stage \"Finance\" has no fallback",
    ),
    (
        |d| d["stages"][1]["mode"] = json!({ "quorum": 4 }),
        "quorum_too_large",
        "Stage \"Finance\" needs 4 approvals, but only 3",
    ),
    (
        |d| {
            d["stages"][0]["approvers"] = json!([ { "group": "empty" } ]);
            d["stages"][0]["fallback"] = json!({ "group": "empty" });
        },
        "nobody",
        "Stage \"First look\" has nobody who could decide",
    ),
    (
        |d| d["stages"][0]["approvers"] = json!([ { "group": "crowd" } ]),
        "over_bound",
        "would ask 101 people; 100 is the most",
    ),
    (
        |d| {
            d["stages"][0]["approvers"] = json!([ { "group": "empty" } ]);
            d["stages"][0]["same_person"] = json!("other");
        },
        "only_one_person",
        "demands somebody else",
    ),
    (|d| d["access"] = json!({ "view": [ { "role": "member" } ] }), "nobody_may_submit", "lets nobody submit"),
    (|d| d["access"] = json!({ "submit": [ { "group": "elves" } ] }), "unknown_principal", "names the group \"elves\""),
    (
        |d| d["samples"][0]["values"] = json!({}),
        "sample_invalid",
        "Sample \"small\" is not valid any more: Title is needed",
    ),
    (
        |d| d["samples"][0]["expect_path"] = json!(["first", "finance", "done"]),
        "sample_path",
        "Sample \"small\" goes first, done, but was expected to go first, finance, done",
    ),
    (|d| d["samples"][0]["values"] = json!([]), "wrong_shape", "\"values\" must be an object"),
];

#[test]
fn broken_documents_are_refused_with_a_sentence() {
    assert!(BROKEN.len() >= 40);
    assert_eq!(problems(&document()), []);
    for (number, (change, code, sentence)) in BROKEN.iter().enumerate() {
        let mut broken = document();
        change(&mut broken);
        let found = problems(&broken);
        let hit = found.iter().any(|problem| problem.code == *code && problem.message.contains(sentence));
        assert!(hit, "broken document {number} ({code}: {sentence}) gave {found:#?}");
    }
}

fn many(count: usize, one: impl Fn(usize) -> Json) -> Json {
    (0..count).map(one).collect()
}

/// A change that brings a document to a bound (for `0`) or one past it (for `1`).
type Stretch = fn(&mut Json, usize);

#[test]
fn counts_hold_at_their_bounds_and_are_refused_one_past() {
    let stretches: [(&str, Stretch); 9] = [
        ("fields", |d, over| {
            let field = |n| json!({ "key": format!("f{n}"), "type": "text", "label": "F" });
            d["form"]["sections"]
                .as_array_mut()
                .unwrap()
                .push(json!({ "key": "more", "title": "More", "fields": many(291 + over, field) }));
        }),
        ("sections", |d, over| {
            let section = |n| json!({ "key": format!("s{n}"), "title": "S", "fields": [] });
            let more = many(49 + over, section);
            d["form"]["sections"].as_array_mut().unwrap().extend(more.as_array().unwrap().clone());
        }),
        ("options", |d, over| {
            let option = |n| json!({ "value": format!("v{n}"), "label": "V" });
            d["form"]["sections"][0]["fields"][6]["options"] = many(200 + over, option);
        }),
        ("stages", |d, over| {
            let more = many(46 + over, |n| json!({ "key": format!("e{n}"), "kind": "end", "outcome": "rejected" }));
            d["stages"].as_array_mut().unwrap().extend(more.as_array().unwrap().clone());
        }),
        ("routes", |d, over| {
            let when = json!({ "cmp": { "field": "urgent", "op": "eq", "value": true } });
            let mut routes = vec![json!({ "to": "first", "when": when }); 15 + over];
            routes.push(json!({ "to": "first" }));
            d["routes"]["start"] = json!(routes);
        }),
        ("approvers", |d, over| {
            d["stages"][0]["approvers"] = json!(vec![json!({ "group": "purchasing" }); 20 + over]);
        }),
        ("samples", |d, over| {
            let one = d["samples"][0].clone();
            d["samples"] = json!(vec![one; 50 + over]);
        }),
        ("nodes", |d, over| {
            let one = json!({ "cmp": { "field": "urgent", "op": "eq", "value": true } });
            d["routes"]["first"][1]["when"] = json!({ "all": vec![one; 63 + over] });
        }),
        ("depth", |d, over| {
            let mut when = json!({ "cmp": { "field": "urgent", "op": "eq", "value": true } });
            for _ in 0..5 + over {
                when = json!({ "not": when });
            }
            d["routes"]["first"][1]["when"] = when;
        }),
    ];
    for (name, stretch) in stretches {
        for over in [0, 1] {
            let mut stretched = document();
            stretch(&mut stretched, over);
            let parsed = Process::parse(stretched.to_string().as_bytes());
            let refused = parsed.is_err_and(|problems| problems.iter().any(|problem| problem.code == "over_bound"));
            assert_eq!(refused, over == 1, "{name}");
        }
    }
    let mut hundred = document();
    hundred["stages"][0]["approvers"] = json!([ { "group": "hundred" } ]);
    assert_eq!(problems(&hundred), []);
}
