//! A small directory and a small document to start from.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::{Date, date};
use requests::engine::{FactQuery, Facts};
use requests::form::{Value, Values};
use requests::{Directory, PeopleFacts, PersonFacts, Process, Standing};
use serde_json::{Value as Json, json};
use tenancy::PersonId;

pub(crate) const TODAY: Date = date(2026, 11, 22);

pub(crate) fn now() -> Timestamp {
    "2026-11-22T10:00:00Z".parse().unwrap()
}

pub(crate) fn person(number: u128) -> PersonId {
    PersonId::from_uuid(uuid::Uuid::from_u128(number))
}

/// The workspace of the tests: groups and roles with so many people.
#[derive(Default)]
pub(crate) struct Town;

impl Directory for Town {
    fn group(&self, key: &str) -> Option<PeopleFacts> {
        let active = match key {
            "finance" => 2,
            "empty" => 0,
            "crowd" => 101,
            "hundred" => 100,
            "purchasing" | "research" | "system owners" | "pre-approvers" | "administration" | "budget owners"
            | "supervisors" | "directors" => 1,
            _ => return None,
        };
        Some(PeopleFacts { active })
    }

    fn role(&self, key: &str) -> Option<PeopleFacts> {
        matches!(key, "owner" | "member").then_some(PeopleFacts { active: 1 })
    }

    fn person(&self, key: &str) -> Option<PersonFacts> {
        match key {
            "boss@sample.test" => Some(PersonFacts { standing: Standing::Active }),
            "gone@sample.test" => Some(PersonFacts { standing: Standing::Left }),
            _ => None,
        }
    }

    fn today(&self) -> Date {
        TODAY
    }
}

pub(crate) fn document() -> Json {
    json!({
        "schema": 1, "key": "buy", "name": "Buy",
        "form": { "sections": [ { "key": "what", "title": "What", "fields": [
            { "key": "title", "type": "text", "label": "Title", "required": true },
            { "key": "note", "type": "long_text", "label": "Note" },
            { "key": "count", "type": "integer", "label": "Count", "min": 1, "max": 10 },
            { "key": "total", "type": "money", "label": "Total", "currencies": ["EUR"] },
            { "key": "cost", "type": "money", "label": "Cost", "currencies": ["EUR", "USD"] },
            { "key": "by", "type": "date", "label": "By" },
            { "key": "kind", "type": "choice", "label": "Kind",
              "options": [ { "value": "a", "label": "A" }, { "value": "b", "label": "B" } ] },
            { "key": "urgent", "type": "checkbox", "label": "Urgent" },
            { "key": "owner", "type": "person", "label": "Owner" } ] } ] },
        "stages": [
            { "key": "first", "kind": "approval", "name": "First look", "approvers": [ { "group": "purchasing" } ],
              "fallback": { "role": "owner" } },
            { "key": "finance", "kind": "approval", "name": "Finance", "approvers": [ { "group": "finance" } ],
              "fallback": { "role": "owner" }, "mode": { "quorum": 2 } },
            { "key": "done", "kind": "end", "outcome": "approved" },
            { "key": "refused", "kind": "end", "outcome": "rejected" } ],
        "routes": {
            "start": [ { "to": "first" } ],
            "first": [ { "on": "rejected", "to": "refused" },
                       { "on": "approved", "when": { "cmp": { "field": "total", "op": "ge",
                         "value": { "amount": "100.00", "currency": "EUR" } } }, "to": "finance" },
                       { "on": "approved", "to": "done" } ],
            "finance": [ { "on": "rejected", "to": "refused" }, { "on": "approved", "to": "done" } ] },
        "samples": [ { "name": "small", "values": { "title": "Mouse" }, "expect_path": ["first", "done"] } ]
    })
}

pub(crate) fn process(document: &Json) -> Process {
    Process::parse(document.to_string().as_bytes()).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

/// Answers every question from tables of people and from values.
pub(crate) struct Answers<'a> {
    pub(crate) people: &'a BTreeMap<String, Vec<PersonId>>,
    pub(crate) values: &'a Values,
}

impl Answers<'_> {
    pub(crate) fn facts(&self, queries: &[FactQuery]) -> Facts {
        let mut facts = Facts::default();
        for query in queries {
            match query {
                FactQuery::Field(key) => facts.field(query, self.values.get(key).cloned()),
                FactQuery::Member { asked, group } => {
                    let who = match asked {
                        requests::engine::Asked::Person(person) => Some(*person),
                        requests::engine::Asked::Field(field) => match self.values.get(field) {
                            Some(Value::Person(person)) => Some(*person),
                            _ => None,
                        },
                    };
                    let members = self.people.get(&format!("group:{group}"));
                    facts.member(query, who.is_some_and(|who| members.is_some_and(|all| all.contains(&who))));
                }
                people => {
                    let key = match people {
                        FactQuery::ManagerOf(_) => "manager".to_owned(),
                        other => other.key(),
                    };
                    facts.people(query, self.people.get(&key).cloned().unwrap_or_default());
                }
            }
        }
        facts
    }
}
