//! The facts a step is decided with: read by the caller, stored with the event.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tenancy::PersonId;

use crate::form::Value;
use crate::process::Approver;

/// A question to the directory or to the content of the revision in force (for `Submitted` and `Edited`: of the
/// revision that the event names).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum FactQuery {
    /// The active person of that address or id; answer with [`Facts::people`], at most one.
    Person(String),
    /// The active people of a group.
    Group(String),
    /// The active people who hold a role.
    Role(String),
    /// Somebody's active manager, if there is one.
    ManagerOf(PersonId),
    /// The answer to a form field; answer with [`Facts::field`].
    Field(String),
    /// Whether a person is in a group; answer with [`Facts::member`].
    Member {
        /// About whom.
        asked: Asked,
        /// The group's key or id.
        group: String,
    },
}

/// Whose membership is asked about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Asked {
    /// A known person.
    Person(PersonId),
    /// The person a form field names; an empty field is in no group.
    Field(String),
}

impl FactQuery {
    /// The key under which [`Facts`] hold the answer.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Self::Person(key) => format!("person:{key}"),
            Self::Group(key) => format!("group:{key}"),
            Self::Role(key) => format!("role:{key}"),
            Self::ManagerOf(person) => format!("manager_of:{person}"),
            Self::Field(key) => format!("field:{key}"),
            Self::Member { asked: Asked::Person(person), group } => format!("member:{person}:{group}"),
            Self::Member { asked: Asked::Field(field), group } => format!("member:@{field}:{group}"),
        }
    }

    /// The question behind an entry of a stage's approvers.
    #[must_use]
    pub fn of_approver(approver: &Approver, requester: PersonId) -> Self {
        match approver {
            Approver::Person(key) => Self::Person(key.clone()),
            Approver::Group(key) => Self::Group(key.clone()),
            Approver::Role(key) => Self::Role(key.clone()),
            Approver::ManagerOf(_) => Self::ManagerOf(requester),
        }
    }
}

/// Answers by the key of their question.
///
/// `fields` holds values of the form (only those that conditions read), so facts are sealed like the form itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    people: BTreeMap<String, Vec<PersonId>>,
    fields: BTreeMap<String, Option<Value>>,
    members: BTreeMap<String, bool>,
}

impl Facts {
    /// Answers a question for people. Only active people belong in the answer; their order does not matter.
    pub fn people(&mut self, query: &FactQuery, mut people: Vec<PersonId>) {
        people.sort_unstable();
        people.dedup();
        self.people.insert(query.key(), people);
    }

    /// Answers a question for a field.
    pub fn field(&mut self, query: &FactQuery, value: Option<Value>) {
        self.fields.insert(query.key(), value);
    }

    /// Answers a question for membership.
    pub fn member(&mut self, query: &FactQuery, is_member: bool) {
        self.members.insert(query.key(), is_member);
    }

    /// Whether a question is answered.
    #[must_use]
    pub fn answers(&self, query: &FactQuery) -> bool {
        let key = query.key();
        match query {
            FactQuery::Field(_) => self.fields.contains_key(&key),
            FactQuery::Member { .. } => self.members.contains_key(&key),
            _ => self.people.contains_key(&key),
        }
    }

    pub(crate) fn people_of(&self, query: &FactQuery) -> &[PersonId] {
        self.people.get(&query.key()).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn value(&self, field: &str) -> Option<&Value> {
        self.fields.get(&format!("field:{field}"))?.as_ref()
    }

    /// The fields that hold a person.
    pub(crate) fn person_fields(&self) -> impl Iterator<Item = &str> {
        let person = |value: &Option<Value>| matches!(value, Some(Value::Person(_)));
        self.fields.iter().filter(move |(_, value)| person(value)).filter_map(|(key, _)| key.strip_prefix("field:"))
    }

    pub(crate) fn is_member(&self, query: &FactQuery) -> bool {
        self.members.get(&query.key()).copied().unwrap_or(false)
    }
}
