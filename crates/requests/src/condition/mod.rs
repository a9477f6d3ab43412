//! Conditions: a typed tree, not a text language.
//!
//! Total by construction: a missing or hidden field is empty; every comparison with empty is false except `ne` (the
//! exact negation of `eq`) and `empty`; two currencies are never ordered. Nothing here can fail or recurse without
//! bound: a tree has at most [`NODES_MAX`] nodes and is at most [`DEPTH_MAX`] deep.

mod check;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use tenancy::PersonId;
use unicode_normalization::UnicodeNormalization;

use crate::form::{DateLimit, Value};

pub(crate) use check::{check, check_show_when};

/// Most nodes in one condition.
pub const NODES_MAX: usize = 64;
/// Most levels in one condition.
pub const DEPTH_MAX: usize = 6;

/// A condition on the values of a form and on who is involved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// All of them hold; of none: holds.
    All(Vec<Condition>),
    /// At least one of them holds; of none: does not hold.
    Any(Vec<Condition>),
    /// It does not hold.
    Not(Box<Condition>),
    /// A comparison.
    Cmp(Comparison),
}

/// One comparison of a field, or of somebody involved, with a literal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Comparison {
    /// A field's key, `@requester` or `@decider:<stage>`.
    pub field: String,
    /// How to compare.
    pub op: Op,
    /// With what; nothing for `empty`.
    #[serde(default, skip_serializing_if = "Json::is_null")]
    pub value: Json,
}

/// The operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    /// The same value.
    Eq,
    /// Not the same value: true for an empty field.
    Ne,
    /// One of a list.
    In,
    /// Less.
    Lt,
    /// Less or the same.
    Le,
    /// More.
    Gt,
    /// More or the same.
    Ge,
    /// An earlier day.
    Before,
    /// A later day.
    After,
    /// Text with this part in it, whatever its case.
    Contains,
    /// No answer.
    Empty,
    /// A person in a group.
    MemberOf,
}

/// Whom a `member_of` asks about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject<'a> {
    /// The person who submitted.
    Requester,
    /// Anybody who approved at this stage.
    Decider(&'a str),
    /// The person a person field names.
    Person(PersonId),
}

/// What a condition is asked about.
pub struct Scene<'a> {
    /// The answer to a field, if it has one.
    pub value: &'a dyn Fn(&str) -> Option<&'a Value>,
    /// The day of the event.
    pub today: Date,
    /// The day the revision was submitted.
    pub submitted_on: Date,
    /// Whether somebody is in a group.
    pub member: &'a dyn Fn(Subject<'_>, &str) -> bool,
}

impl Condition {
    /// Whether it holds.
    #[must_use]
    pub fn holds(&self, scene: &Scene<'_>) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(scene)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(scene)),
            Self::Not(part) => !part.holds(scene),
            Self::Cmp(comparison) => comparison.holds(scene),
        }
    }

    /// Nodes and levels.
    #[must_use]
    pub fn size(&self) -> (usize, usize) {
        let parts = match self {
            Self::All(parts) | Self::Any(parts) => parts.as_slice(),
            Self::Not(part) => std::slice::from_ref(&**part),
            Self::Cmp(_) => &[],
        };
        parts.iter().map(Self::size).fold((1, 1), |(nodes, depth), (more, below)| (nodes + more, depth.max(below + 1)))
    }

    /// Every comparison in it.
    #[must_use]
    pub fn comparisons(&self) -> Vec<&Comparison> {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::comparisons).collect(),
            Self::Not(part) => part.comparisons(),
            Self::Cmp(comparison) => vec![comparison],
        }
    }

    /// The form fields it reads.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.comparisons().into_iter().map(|comparison| comparison.field.as_str()).filter(|key| !key.starts_with('@'))
    }
}

impl Comparison {
    /// The group a `member_of` names.
    #[must_use]
    pub fn group(&self) -> Option<&str> {
        let members = self.value.as_object().filter(|members| members.len() == 1)?;
        members.get("group")?.as_str()
    }

    /// The stage an `@decider:<stage>` names.
    #[must_use]
    pub fn decider_stage(&self) -> Option<&str> {
        self.field.strip_prefix("@decider:")
    }

    fn holds(&self, scene: &Scene<'_>) -> bool {
        let value = (scene.value)(&self.field);
        match self.op {
            Op::Empty => value.is_none() && !self.field.starts_with('@'),
            Op::Ne => !value.is_some_and(|value| equal(value, &self.value)),
            Op::MemberOf => self.member(value, scene),
            op => value.is_some_and(|value| compare(op, value, &self.value, scene)),
        }
    }

    fn member(&self, value: Option<&Value>, scene: &Scene<'_>) -> bool {
        let Some(group) = self.group() else { return false };
        match (self.field.as_str(), self.decider_stage(), value) {
            ("@requester", ..) => (scene.member)(Subject::Requester, group),
            (_, Some(stage), _) => (scene.member)(Subject::Decider(stage), group),
            (.., Some(Value::Person(person))) => (scene.member)(Subject::Person(*person), group),
            _ => false,
        }
    }
}

fn compare(op: Op, value: &Value, literal: &Json, scene: &Scene<'_>) -> bool {
    match op {
        Op::Eq => equal(value, literal),
        Op::In => literal.as_array().is_some_and(|list| list.iter().any(|one| equal(value, one))),
        Op::Contains => match (value.as_text(), literal.as_str()) {
            (Some(text), Some(part)) => fold(text).contains(&fold(&part.nfc().collect::<String>())),
            _ => false,
        },
        Op::Before | Op::After => {
            let Value::Date(date) = value else { return false };
            let other = DateLimit::from_json(literal).and_then(|limit| limit.on(scene.today, scene.submitted_on));
            other.is_some_and(|other| if op == Op::Before { *date < other } else { *date > other })
        }
        Op::Lt | Op::Le | Op::Gt | Op::Ge => order(value, literal).is_some_and(|found| match op {
            Op::Lt => found.is_lt(),
            Op::Le => found.is_le(),
            Op::Gt => found.is_gt(),
            _ => found.is_ge(),
        }),
        Op::Ne | Op::Empty | Op::MemberOf => false,
    }
}

fn equal(value: &Value, literal: &Json) -> bool {
    match value {
        Value::Text(text) | Value::Choice(text) => literal.as_str().is_some_and(|other| other.nfc().eq(text.chars())),
        Value::Checkbox(checked) => literal.as_bool() == Some(*checked),
        Value::Person(person) => literal.as_str().and_then(|text| text.parse().ok()) == Some(*person),
        Value::Date(date) => literal.as_str().and_then(crate::form::parse_date) == Some(*date),
        Value::Integer(_) | Value::Money { .. } => order(value, literal).is_some_and(std::cmp::Ordering::is_eq),
    }
}

/// How two amounts or numbers stand; `None` across types and across currencies.
fn order(value: &Value, literal: &Json) -> Option<std::cmp::Ordering> {
    match value {
        Value::Integer(number) => Some(number.cmp(&literal.as_i64()?)),
        Value::Money { amount, currency } => match crate::form::read_money(literal)? {
            Value::Money { amount: other, currency: same } if *currency == same => Some(amount.cmp(&other)),
            _ => None,
        },
        _ => None,
    }
}

/// Text for comparison without case: the small letter of each character. Both sides are in NFC. ASCII takes a short
/// cut, for a condition may look through 64 long texts.
fn fold(text: &str) -> String {
    if text.is_ascii() { text.to_ascii_lowercase() } else { text.chars().flat_map(char::to_lowercase).collect() }
}
