//! Processes: the published document that says what is asked, who decides and where a request goes.
//!
//! What must stay true: a document is read strictly, each of its problems is a sentence that names the stage or the
//! field; two documents with the same meaning byte for byte after canonical JSON have the same hash; rights are not
//! part of it.

mod document;
mod flow;
mod people;
mod place;
mod publish;
mod samples;
mod shape;
mod shape_field;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use tenancy::canonical;

use crate::condition::Condition;
use crate::form::Form;
use crate::revision::sha256;
use crate::strict;

pub(crate) use flow::leads_to;
pub use publish::{Directory, PeopleFacts, PersonFacts, Standing, publish_check};

/// Most bytes of a document.
pub const DOCUMENT_BYTES_MAX: usize = 512 * 1024;
/// Most nested lists and objects in a document.
pub const DOCUMENT_DEPTH_MAX: usize = 32;
/// Most stages.
pub const STAGES_MAX: usize = 50;
/// Most routes out of one stage.
pub const ROUTES_MAX: usize = 16;
/// Most entries in one stage's list of approvers.
pub const APPROVERS_MAX: usize = 20;
/// Most samples.
pub const SAMPLES_MAX: usize = 50;
/// The key of the routes by which a request enters; no stage may have it.
pub const START: &str = "start";

/// One thing wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// JSON Pointer (RFC 6901) into the document.
    pub pointer: String,
    /// A stable word for programs.
    pub code: &'static str,
    /// A sentence for people that names the stage or the field.
    pub message: String,
}

/// A process document whose shape is right. Whether it may be published is asked of [`publish_check`].
#[derive(Debug, Clone)]
pub struct Process {
    pub(crate) key: String,
    pub(crate) name: String,
    pub(crate) summary: String,
    pub(crate) locale: String,
    pub(crate) prefix: String,
    pub(crate) form: Form,
    pub(crate) stages: Vec<Stage>,
    pub(crate) routes: BTreeMap<String, Vec<Route>>,
    pub(crate) answer_without_edit: AnswerWithoutEdit,
    pub(crate) access: Option<AccessProposal>,
    pub(crate) samples: Vec<Sample>,
    canonical: String,
}

/// A station of a request.
#[derive(Debug, Clone)]
pub struct Stage {
    /// Unique in the process.
    pub key: String,
    /// As people read it.
    pub name: String,
    /// What happens there.
    pub kind: StageKind,
}

/// What happens at a stage.
#[derive(Debug, Clone)]
pub enum StageKind {
    /// People are asked for a decision.
    Approval(Approval),
    /// The request ends.
    End(EndOutcome),
}

/// Whom an approval stage asks, and when it is decided.
#[derive(Debug, Clone)]
pub struct Approval {
    /// Everybody these resolve to is asked.
    pub approvers: Vec<Approver>,
    /// Asked besides, when the approvers are too few.
    pub fallback: Option<Approver>,
    /// How many must approve.
    pub mode: Mode,
    /// When rejections end the stage.
    pub reject: RejectPolicy,
    /// Whether the requester may be one of the approvers.
    pub requester_may_decide: bool,
    /// What holds for somebody who approved this revision at an earlier stage; `None`: is asked again.
    pub same_person: Option<SamePerson>,
    /// Seconds until a decision counts: 0 until decisions can be taken back.
    pub undo_seconds: u32,
}

/// Somebody to ask. Keys of groups and roles and addresses of persons stand as the document writes them: a
/// readable key or an id; the directory resolves both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Approver {
    /// One person.
    Person(String),
    /// Every member of a group.
    Group(String),
    /// Everybody who holds a role.
    Role(String),
    /// Somebody's manager.
    ManagerOf(ManagerOf),
}

/// Whose manager.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ManagerOf {
    /// The requester's.
    Requester,
}

/// How many must approve.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// One of them.
    #[default]
    Any,
    /// Each of them.
    All,
    /// So many of them.
    Quorum(u16),
}

/// When rejections end a stage.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RejectPolicy {
    /// The first one does.
    #[default]
    Any,
    /// When more than half of the seats reject, or enough approvals can no longer come together.
    Majority,
}

/// What holds for somebody who approved the same revision at an earlier stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SamePerson {
    /// The earlier approval is carried over, and the record says which one.
    Skip,
    /// Somebody else is demanded.
    Other,
}

/// How a request ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndOutcome {
    /// Yes.
    Approved,
    /// No.
    Rejected,
}

/// Where an answer without an edit leads after "ask for changes".
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerWithoutEdit {
    /// Back to the first stage.
    #[default]
    FirstStage,
    /// Back to the stage that asked.
    SameStage,
}

/// One way out of a stage. Ways are tried in order; the first that fits is taken.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// For which outcome; from `start` there is none.
    #[serde(default)]
    pub on: Option<EndOutcome>,
    /// Only if this holds.
    #[serde(default)]
    pub when: Option<Condition>,
    /// The stage it leads to.
    pub to: String,
}

/// The grants that publishing proposes. They are no part of the version: rights live in grants.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessProposal {
    /// Who may submit.
    #[serde(default)]
    pub submit: Vec<Principal>,
    /// Who may read all its requests.
    #[serde(default)]
    pub view: Vec<Principal>,
    /// Who may see its reports.
    #[serde(default)]
    pub report: Vec<Principal>,
    /// Who may change it.
    #[serde(default)]
    pub administer: Vec<Principal>,
}

/// Somebody to grant a right to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Principal {
    /// One person.
    Person(String),
    /// A group.
    Group(String),
    /// Everybody who holds a role.
    Role(String),
}

/// An example that must take the expected way at every publish, when everybody asked approves.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// What the example is called.
    pub name: String,
    /// Values as the API takes them; a day may be written `{"days_from_now": n}` so that it stays in reach.
    pub values: Json,
    /// Groups the requester is in, for conditions that ask.
    #[serde(default)]
    pub requester_groups: Vec<String>,
    /// The stages in order, the end among them.
    pub expect_path: Vec<String>,
}

impl Process {
    /// Reads a document.
    ///
    /// # Errors
    /// Every problem of its shape: too large or too deep, not JSON, a repeated or unknown key, a wrong type, a bound
    /// passed, a setting that its type does not have.
    pub fn parse(json: &[u8]) -> Result<Self, Vec<Problem>> {
        if json.len() > DOCUMENT_BYTES_MAX {
            let message = "The document is larger than 512 KiB.".to_owned();
            return Err(vec![Problem { pointer: String::new(), code: "too_large", message }]);
        }
        let value = strict::parse(json, DOCUMENT_DEPTH_MAX).map_err(|error| {
            let message = format!("The document is not JSON as it should be: {error}.");
            vec![Problem { pointer: String::new(), code: "not_json", message }]
        })?;
        let canonical = canonical_text(&value).map_err(|message| {
            let message = format!("The document has no canonical form: {message}.");
            vec![Problem { pointer: String::new(), code: "not_canonical", message }]
        })?;
        let value = as_hashed(&canonical, &value);
        let document: document::Document = serde_path_to_error::deserialize(&value).map_err(|error| {
            let pointer = place::pointer(error.path());
            let place = place::sentence(&value, &pointer);
            vec![Problem { message: format!("{place}: {}.", error.inner()), code: "wrong_shape", pointer }]
        })?;
        shape::build(document, canonical)
    }

    /// SHA-256 of `"countersign/process/v1\0"` and [`Self::to_canonical`].
    #[must_use]
    pub fn version_hash(&self) -> [u8; 32] {
        sha256(&[b"countersign/process/v1\0", self.canonical.as_bytes()])
    }

    /// The document in canonical JSON, without `access`: exactly the text the hash covers and a version stores.
    #[must_use]
    pub fn to_canonical(&self) -> String {
        self.canonical.clone()
    }

    /// Unique in the workspace.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// As people read it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// One sentence for the catalogue; may be empty.
    #[must_use]
    pub fn summary(&self) -> &str {
        &self.summary
    }

    /// The language its labels are written in.
    #[must_use]
    pub fn locale(&self) -> &str {
        &self.locale
    }

    /// 2 to 4 capital letters that begin its requests' numbers.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// What is asked.
    #[must_use]
    pub fn form(&self) -> &Form {
        &self.form
    }

    /// The stages, in the document's order.
    #[must_use]
    pub fn stages(&self) -> &[Stage] {
        &self.stages
    }

    /// The stage of that key.
    #[must_use]
    pub fn stage(&self, key: &str) -> Option<&Stage> {
        self.stages.iter().find(|stage| stage.key == key)
    }

    /// The ways out of a stage, or out of [`START`], in order.
    #[must_use]
    pub fn routes(&self, from: &str) -> &[Route] {
        self.routes.get(from).map_or(&[], Vec::as_slice)
    }

    /// The grants that publishing proposes; `None` for a document read back from its version.
    #[must_use]
    pub fn access(&self) -> Option<&AccessProposal> {
        self.access.as_ref()
    }

    /// The examples.
    #[must_use]
    pub fn samples(&self) -> &[Sample] {
        &self.samples
    }

    /// Where an answer without an edit leads.
    #[must_use]
    pub const fn answer_without_edit(&self) -> AnswerWithoutEdit {
        self.answer_without_edit
    }

    /// The approval settings of a stage; `None` for an end or an unknown key.
    #[must_use]
    pub fn approval(&self, key: &str) -> Option<&Approval> {
        match &self.stage(key)?.kind {
            StageKind::Approval(approval) => Some(approval),
            StageKind::End(_) => None,
        }
    }
}

/// The document as its hash sees it (text in NFC), with `access` beside it.
fn as_hashed(canonical: &str, given: &Json) -> Json {
    let mut value: Json = serde_json::from_str(canonical).expect("canonical JSON is JSON");
    if let (Some(members), Some(access)) = (value.as_object_mut(), given.get("access")) {
        members.insert("access".to_owned(), access.clone());
    }
    value
}

fn canonical_text(value: &Json) -> Result<String, canonical::CanonicalError> {
    let Some(members) = value.as_object().filter(|members| members.contains_key("access")) else {
        return canonical::to_string(value);
    };
    let mut members = members.clone();
    members.remove("access");
    canonical::to_string(&Json::Object(members))
}
