//! Values: the answers of a form, typed and in their one canonical form.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tenancy::PersonId;

use super::{FieldKind, Form, INTEGER_MAX, currency_digits};

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// One line or several.
    Text(String),
    /// Within plus or minus 2^53.
    Integer(i64),
    /// An amount with exactly the currency's own digits.
    Money {
        /// The amount.
        #[serde(with = "decimal_text")]
        amount: Decimal,
        /// ISO 4217.
        currency: String,
    },
    /// A day.
    Date(Date),
    /// An option's value.
    Choice(String),
    /// Yes or no.
    Checkbox(bool),
    /// A person.
    Person(PersonId),
}

impl Value {
    /// The text of a text, long text or choice.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Choice(text) => Some(text),
            _ => None,
        }
    }

    /// As it stands in the API and in a revision.
    #[must_use]
    pub fn to_json(&self) -> Json {
        match self {
            Self::Text(text) | Self::Choice(text) => json!(text),
            Self::Integer(number) => json!(number),
            Self::Money { amount, currency } => json!({ "amount": amount.to_string(), "currency": currency }),
            Self::Date(date) => json!(date.to_string()),
            Self::Checkbox(checked) => json!(checked),
            Self::Person(person) => json!(person.to_string()),
        }
    }

    /// Reads a value of a field's type, without the field's limits: what was stored stays readable.
    #[must_use]
    pub fn read(kind: &FieldKind, json: &Json) -> Option<Self> {
        match kind {
            FieldKind::Text { .. } | FieldKind::LongText { .. } => Some(Self::Text(json.as_str()?.to_owned())),
            FieldKind::Integer { .. } => {
                json.as_i64().filter(|number| number.unsigned_abs() <= INTEGER_MAX.unsigned_abs()).map(Self::Integer)
            }
            FieldKind::Money { .. } => read_money(json),
            FieldKind::Date { .. } => parse_date(json.as_str()?).map(Self::Date),
            FieldKind::Choice { .. } => Some(Self::Choice(json.as_str()?.to_owned())),
            FieldKind::Checkbox { .. } => json.as_bool().map(Self::Checkbox),
            FieldKind::Person => json.as_str()?.parse().ok().map(Self::Person),
        }
    }
}

/// The answers of a form by field key. A field without an answer has no entry.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Values(BTreeMap<String, Value>);

impl Values {
    /// The answer to a field.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    /// The answers in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// Sets one answer.
    pub fn insert(&mut self, key: String, value: Value) {
        self.0.insert(key, value);
    }

    /// As they stand in the API and in a revision.
    #[must_use]
    pub fn to_json(&self) -> Json {
        self.0.iter().map(|(key, value)| (key.clone(), value.to_json())).collect()
    }

    /// Reads stored values back. What the form does not know is left out; limits are not applied again, for a
    /// request keeps the values it was submitted with.
    #[must_use]
    pub fn from_stored(form: &Form, json: &Json) -> Self {
        let read = |field: &super::Field| {
            let value = Value::read(&field.kind, json.get(&field.key)?)?;
            Some((field.key.clone(), value))
        };
        Self(form.fields().filter_map(read).collect())
    }
}

/// A real day written `YYYY-MM-DD`, nothing else.
pub(crate) fn parse_date(text: &str) -> Option<Date> {
    let shape = text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    shape.then(|| text.parse().ok()).flatten()
}

/// A decimal as people write it to programs: sign, 1 to 18 digits, and at most 10 behind a point.
pub(crate) fn parse_decimal(text: &str) -> Option<Decimal> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(whole, part)| (whole, Some(part)));
    let all_digits =
        |part: &str, most: usize| (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    let good = all_digits(whole, 18) && fraction.is_none_or(|part| all_digits(part, 10));
    good.then(|| Decimal::from_str_exact(text).ok()).flatten()
}

/// An amount with the currency's own digits; `None` if it has more, or the currency is not known.
pub(crate) fn money(amount: &str, currency: &str) -> Option<Value> {
    let digits = currency_digits(currency)?;
    let mut amount = parse_decimal(amount)?;
    if amount.normalize().scale() > digits {
        return None;
    }
    amount.rescale(digits);
    if amount.is_zero() {
        amount.set_sign_positive(true);
    }
    Some(Value::Money { amount, currency: currency.to_owned() })
}

/// `{"amount": "12.50", "currency": "EUR"}` and no other member.
pub(crate) fn read_money(json: &Json) -> Option<Value> {
    let members = json.as_object().filter(|members| members.len() == 2)?;
    money(members.get("amount")?.as_str()?, members.get("currency")?.as_str()?)
}

mod decimal_text {
    use rust_decimal::Decimal;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(value: &Decimal, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
        let text = String::deserialize(deserializer)?;
        Decimal::from_str_exact(&text).map_err(serde::de::Error::custom)
    }
}
