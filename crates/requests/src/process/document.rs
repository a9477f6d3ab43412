//! The process document as it is written: one JSON object whose unknown keys are refused.
//!
//! These types hold what serde can say; [`shape`](super::shape) turns them into the checked types of a
//! [`Process`](super::Process).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value as Json;

use super::{AccessProposal, Approver, EndOutcome, Mode, RejectPolicy, Route, SamePerson, Sample};
use crate::condition::Condition;
use crate::form::ChoiceOption;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    pub(super) schema: u32,
    pub(super) key: String,
    pub(super) name: String,
    #[serde(default)]
    pub(super) summary: String,
    #[serde(default)]
    pub(super) locale: Option<String>,
    #[serde(default)]
    pub(super) prefix: Option<String>,
    pub(super) form: FormPart,
    pub(super) stages: Vec<StagePart>,
    pub(super) routes: BTreeMap<String, Vec<Route>>,
    #[serde(default)]
    pub(super) resubmit: ResubmitPart,
    #[serde(default)]
    pub(super) access: Option<AccessProposal>,
    #[serde(default)]
    pub(super) samples: Vec<Sample>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FormPart {
    pub(super) sections: Vec<SectionPart>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SectionPart {
    pub(super) key: String,
    pub(super) title: String,
    pub(super) fields: Vec<FieldPart>,
}

/// All settings of all types; which of them a type takes is checked afterwards.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FieldPart {
    pub(super) key: String,
    #[serde(rename = "type")]
    pub(super) kind: FieldType,
    pub(super) label: String,
    #[serde(default)]
    pub(super) help: Option<String>,
    #[serde(default)]
    pub(super) required: bool,
    #[serde(default)]
    pub(super) show_when: Option<Condition>,
    #[serde(default)]
    pub(super) min: Option<Json>,
    #[serde(default)]
    pub(super) max: Option<Json>,
    #[serde(default)]
    pub(super) pattern: Option<String>,
    #[serde(default)]
    pub(super) options: Option<Vec<ChoiceOption>>,
    #[serde(default)]
    pub(super) currencies: Option<Vec<String>>,
    #[serde(default)]
    pub(super) must_be_true: Option<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum FieldType {
    Text,
    LongText,
    Integer,
    Money,
    Date,
    Choice,
    Checkbox,
    Person,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StagePart {
    pub(super) key: String,
    pub(super) kind: StageType,
    #[serde(default)]
    pub(super) name: Option<String>,
    #[serde(default)]
    pub(super) approvers: Option<Vec<Approver>>,
    #[serde(default)]
    pub(super) fallback: Option<Approver>,
    #[serde(default)]
    pub(super) mode: Option<Mode>,
    #[serde(default)]
    pub(super) reject: Option<RejectPolicy>,
    #[serde(default)]
    pub(super) requester_may_decide: Option<bool>,
    #[serde(default)]
    pub(super) same_person: Option<SamePerson>,
    #[serde(default)]
    pub(super) undo_seconds: Option<u32>,
    #[serde(default)]
    pub(super) outcome: Option<EndOutcome>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum StageType {
    Approval,
    End,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ResubmitPart {
    #[serde(default)]
    pub(super) answer_without_edit: super::AnswerWithoutEdit,
}
