//! Forms: what a requester is asked, the values that answer it, and the rules they must meet.
//!
//! What must stay true: a hidden field is neither asked nor stored; an unknown name is refused; each value has one
//! canonical form, so that equal answers have equal hashes.

mod currency;
mod html;
mod validate;
mod value;

use jiff::civil::Date;
use regex::Regex;
use rust_decimal::Decimal;

use crate::condition::Condition;

pub use currency::{CURRENCIES, currency_digits};
pub use html::parse_html_form;
pub use validate::{FieldError, FormContext, validate};
pub use value::{Value, Values};
pub(crate) use value::{parse_date, parse_decimal, read_money};

/// Most fields in a form.
pub const FIELDS_MAX: usize = 300;
/// Most sections in a form.
pub const SECTIONS_MAX: usize = 50;
/// Most options of a choice.
pub const OPTIONS_MAX: usize = 200;
/// Longest a text field may be set to, in characters; 40 if nothing is said.
pub const TEXT_CHARS_MAX: u32 = 500;
/// Longest a long text may be set to, in characters; 512 if nothing is said.
pub const LONG_TEXT_CHARS_MAX: u32 = 20_000;
/// Integers lie within plus or minus this, so that every JSON reader agrees on them.
pub const INTEGER_MAX: i64 = 1 << 53;

/// The questions of a process, in order.
#[derive(Debug, Clone)]
pub struct Form {
    pub(crate) sections: Vec<Section>,
}

/// Fields under one heading.
#[derive(Debug, Clone)]
pub struct Section {
    /// Unique in the form.
    pub key: String,
    /// The heading.
    pub title: String,
    /// The questions, in order.
    pub fields: Vec<Field>,
}

/// One question.
#[derive(Debug, Clone)]
pub struct Field {
    /// Unique in the form: the name in values, conditions and the API.
    pub key: String,
    /// The question as people read it.
    pub label: String,
    /// A sentence below it.
    pub help: Option<String>,
    /// Whether an answer must be there when the field is shown.
    pub required: bool,
    /// Shown only when this holds.
    pub show_when: Option<Condition>,
    /// Its type with the settings of that type.
    pub kind: FieldKind,
}

/// A field's type with its settings.
#[derive(Debug, Clone)]
pub enum FieldKind {
    /// One line.
    Text {
        /// Fewest characters.
        min: u32,
        /// Most characters.
        max: u32,
        /// The whole text must match it.
        pattern: Option<Regex>,
    },
    /// Several lines.
    LongText {
        /// Fewest characters.
        min: u32,
        /// Most characters.
        max: u32,
    },
    /// A whole number.
    Integer {
        /// Smallest.
        min: i64,
        /// Largest.
        max: i64,
    },
    /// An amount in a currency.
    Money {
        /// The ISO 4217 codes to choose from, at least one.
        currencies: Vec<String>,
        /// Smallest amount.
        min: Option<Decimal>,
        /// Largest amount.
        max: Option<Decimal>,
    },
    /// A day.
    Date {
        /// First day.
        min: Option<DateLimit>,
        /// Last day.
        max: Option<DateLimit>,
    },
    /// One of several options.
    Choice {
        /// The options, at least one.
        options: Vec<ChoiceOption>,
    },
    /// Yes or no.
    Checkbox {
        /// Only yes is accepted: consent.
        must_be_true: bool,
    },
    /// A person of the workspace.
    Person,
}

/// One option of a choice.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChoiceOption {
    /// What is stored.
    pub value: String,
    /// What people read.
    pub label: String,
}

/// A day: itself, or counted from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateLimit {
    /// This day.
    On(Date),
    /// So many days from the day of the event (negative: before it).
    DaysFromNow(i32),
    /// So many days from the day the revision was submitted.
    DaysFromSubmit(i32),
}

impl DateLimit {
    /// Most days away from today or from the submission: about a century.
    pub const DAYS_MAX: i32 = 36_600;

    /// The day meant; `None` only past the end of the calendar.
    #[must_use]
    pub fn on(self, today: Date, submitted_on: Date) -> Option<Date> {
        let (from, days) = match self {
            Self::On(date) => return Some(date),
            Self::DaysFromNow(days) => (today, days),
            Self::DaysFromSubmit(days) => (submitted_on, days),
        };
        from.checked_add(jiff::Span::new().days(days)).ok()
    }

    /// Reads `"2026-11-30"`, `{"days_from_now": n}` or `{"days_from_submit": n}`.
    #[must_use]
    pub fn from_json(json: &serde_json::Value) -> Option<Self> {
        if let Some(text) = json.as_str() {
            return value::parse_date(text).map(Self::On);
        }
        let members = json.as_object()?;
        let (key, days) = members.iter().next().filter(|_| members.len() == 1)?;
        let days =
            i32::try_from(days.as_i64()?).ok().filter(|days| days.unsigned_abs() <= Self::DAYS_MAX.unsigned_abs())?;
        match key.as_str() {
            "days_from_now" => Some(Self::DaysFromNow(days)),
            "days_from_submit" => Some(Self::DaysFromSubmit(days)),
            _ => None,
        }
    }
}

impl FieldKind {
    /// The type's name in the document.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Text { .. } => "text",
            Self::LongText { .. } => "long_text",
            Self::Integer { .. } => "integer",
            Self::Money { .. } => "money",
            Self::Date { .. } => "date",
            Self::Choice { .. } => "choice",
            Self::Checkbox { .. } => "checkbox",
            Self::Person => "person",
        }
    }
}

impl Form {
    /// The sections, in order.
    #[must_use]
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// All fields, in order.
    pub fn fields(&self) -> impl Iterator<Item = &Field> {
        self.sections.iter().flat_map(|section| &section.fields)
    }

    /// The field of that key.
    #[must_use]
    pub fn field(&self, key: &str) -> Option<&Field> {
        self.fields().find(|field| field.key == key)
    }

    /// What a request is called in lists: the first text field's value, or nothing if it has none.
    #[must_use]
    pub fn title<'v>(&self, values: &'v Values) -> Option<&'v str> {
        self.fields()
            .filter(|field| matches!(field.kind, FieldKind::Text { .. }))
            .find_map(|field| values.get(&field.key).and_then(Value::as_text))
    }
}
