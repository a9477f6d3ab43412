//! The request form: new requests and edits of one that was handed in.
//!
//! Names of the inputs: a field `total` is posted as `f.total`; money as `f.total.amount` and `f.total.currency`; a
//! ticked checkbox as `f.agree=yes`, an empty one not at all. The form also posts `submission_key` (idempotency) and,
//! for an edit, `revision_hash`.

use super::Frame;
use askama::Template;

/// Choices up to this many are shown as radio buttons, more as a select.
const RADIO_CHOICES_MAX: usize = 5;

/// `/w/{slug}/new/{process_key}` and `/w/{slug}/requests/{id}/edit`.
#[derive(Debug, Clone, Template)]
#[template(path = "request_form.html")]
pub struct RequestForm {
    /// What every page has.
    pub frame: Frame,
    /// Headline: name of the process, or "Edit ..." with the title of the request.
    pub headline: String,
    /// What the process is for, one line.
    pub summary: String,
    /// The path to post to.
    pub action: String,
    /// Where "Cancel" leads.
    pub cancel: String,
    /// Drawn once when the form is first shown and posted again with it: the same key never makes two requests.
    pub submission_key: String,
    /// New or edit.
    pub mode: FormMode,
    /// The form's sections in order.
    pub sections: Vec<Section>,
    /// What has to be put right, in order of the fields.
    pub problems: Vec<FormProblem>,
    /// Who will be asked, in order.
    pub approvals: Vec<Approval>,
}

/// What sending the form does.
#[derive(Debug, Clone)]
pub enum FormMode {
    /// A new request.
    New,
    /// A new revision of a request.
    Edit {
        /// Hash of the revision being edited, hexadecimal.
        revision_hash: String,
        /// Number the new revision will have.
        next_revision: u32,
        /// Decisions that no longer count afterwards: "Mia Chen approved as line manager, Tuesday 10:31".
        voids: Vec<String>,
    },
}

/// A headed part of the form.
#[derive(Debug, Clone)]
pub struct Section {
    /// Key within the form.
    pub key: String,
    /// Its heading.
    pub title: String,
    /// Its fields in order.
    pub fields: Vec<Field>,
}

/// One field.
#[derive(Debug, Clone, Template)]
#[template(path = "field.html")]
pub struct Field {
    /// Key within the form, ASCII letters, digits and `_`.
    pub key: String,
    /// What is asked.
    pub label: String,
    /// How to answer.
    pub help: Option<String>,
    /// Must be answered (where shown).
    pub required: bool,
    /// Type and present value.
    pub kind: FieldKind,
    /// What is wrong with the value and what to do.
    pub error: Option<String>,
    /// The condition under which it is asked at all.
    pub show_when: Option<ShowWhen>,
}

// Its own template has escaped what it shows.
impl askama::filters::HtmlSafe for Field {}

impl Field {
    /// The ids that describe the input: help, condition, error; empty where none is shown.
    #[must_use]
    pub fn described_by(&self) -> String {
        let parts =
            [("when", self.show_when.is_some()), ("help", self.help.is_some()), ("error", self.error.is_some())];
        parts
            .iter()
            .filter(|(_, shown)| *shown)
            .map(|(part, _)| format!("{part}-{}", self.key))
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// Whether the field is a group of inputs and so a `fieldset` with a `legend`.
    #[must_use]
    pub fn is_group(&self) -> bool {
        match &self.kind {
            FieldKind::Choice { options } => options.len() <= RADIO_CHOICES_MAX,
            _ => false,
        }
    }
}

/// The condition of a field, for people and for the script.
#[derive(Debug, Clone)]
pub struct ShowWhen {
    /// The sentence without JavaScript: "Only if Needed by is within 10 days."
    pub text: String,
    /// The condition tree as JSON; the script hides the field while it is false. What it cannot know (who the
    /// requester is) counts as true, and the server decides in any case.
    pub rule_json: String,
}

/// The types of fields, with what was typed or chosen so far.
#[derive(Debug, Clone)]
pub enum FieldKind {
    /// One line.
    Text {
        /// As typed.
        value: String,
        /// Most characters.
        chars_max: Option<u32>,
    },
    /// Several lines.
    LongText {
        /// As typed.
        value: String,
        /// Most characters.
        chars_max: Option<u32>,
    },
    /// A whole number.
    Integer {
        /// As typed.
        value: String,
    },
    /// An amount with its currency.
    Money {
        /// As typed, e.g. `1499.00`.
        amount: String,
        /// ISO 4217 codes offered, at least one.
        currencies: Vec<Choice>,
    },
    /// A day.
    Date {
        /// ISO 8601, e.g. `2026-11-30`; empty where none is chosen.
        value: String,
        /// First day offered.
        min: Option<String>,
        /// Last day offered.
        max: Option<String>,
    },
    /// One of a list.
    Choice {
        /// What may be chosen.
        options: Vec<Choice>,
    },
    /// Yes or not.
    Checkbox {
        /// Ticked so far.
        ticked: bool,
    },
    /// A person of the workspace.
    Person {
        /// Who may be chosen, by name.
        options: Vec<Choice>,
    },
}

/// Something to choose.
#[derive(Debug, Clone)]
pub struct Choice {
    /// What is posted.
    pub value: String,
    /// What is read.
    pub label: String,
    /// Chosen so far.
    pub chosen: bool,
}

/// A line of the summary above the form.
#[derive(Debug, Clone)]
pub struct FormProblem {
    /// Key of the field; `None` where the form as a whole is meant.
    pub field_key: Option<String>,
    /// What is wrong and what to do.
    pub text: String,
}

/// A stage that will decide.
#[derive(Debug, Clone)]
pub struct Approval {
    /// Name of the stage.
    pub stage: String,
    /// Who: names, or how they are found.
    pub who: String,
    /// When it takes part: "from 5,000.00 EUR"; empty for always.
    pub condition: String,
}

/// Attributes of an input, ready to be written.
struct Attributes(String);

impl std::fmt::Display for Attributes {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.0)
    }
}

// Made of fixed words and of field keys, which hold letters, digits and `_` only; `safe_in_id` drops anything else.
impl askama::filters::HtmlSafe for Attributes {}

impl Field {
    /// `required` and the ties to help and error.
    fn attributes(&self) -> Attributes {
        let required = if self.required && self.show_when.is_none() { " required" } else { "" };
        Attributes(format!("{required}{}", self.ties()))
    }

    /// The same for a group, where `required` belongs to its parts.
    fn group_attributes(&self) -> Attributes {
        Attributes(self.ties())
    }

    fn ties(&self) -> String {
        let mut ties = String::new();
        let described = self.described_by();
        if !described.is_empty() {
            ties.push_str(" aria-describedby=\"");
            ties.extend(described.chars().filter(|c| safe_in_id(*c)));
            ties.push('"');
        }
        if self.error.is_some() && !self.is_group() {
            ties.push_str(" aria-invalid=\"true\"");
        }
        ties
    }
}

/// Whether the character may stand in our ids: a key from a damaged document must not leave its attribute.
fn safe_in_id(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | ' ')
}
