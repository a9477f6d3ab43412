//! The settings each field type takes, and their bounds.

use std::collections::BTreeSet;

use regex::RegexBuilder;
use rust_decimal::Decimal;
use serde_json::Value as Json;

use super::document::{FieldPart, FieldType};
use super::shape::Problems;
use crate::form::{
    DateLimit, Field, FieldKind, INTEGER_MAX, LONG_TEXT_CHARS_MAX, OPTIONS_MAX, TEXT_CHARS_MAX, currency_digits,
    parse_decimal,
};

/// Longest pattern, in bytes, and largest compiled pattern.
const PATTERN_BYTES_MAX: usize = 500;
const PATTERN_COMPILED_BYTES_MAX: usize = 256 * 1024;
/// Most currencies of one field.
const CURRENCIES_MAX: usize = 20;

/// One field being read: where it stands, what it is called, what is wrong so far.
struct Reader<'a> {
    part: &'a FieldPart,
    at: &'a str,
    what: String,
    problems: &'a mut Problems,
}

/// The checked field; `None` if a problem was added that leaves it without a type.
pub(super) fn field(part: FieldPart, at: &str, problems: &mut Problems) -> Option<Field> {
    let what = format!("Field \"{}\"", if part.label.trim().is_empty() { &part.key } else { &part.label });
    problems.key(at, &what, &part.key);
    problems.name(&format!("{at}/label"), &format!("The label of field \"{}\"", part.key), &part.label);
    if let Some(help) = &part.help {
        problems.name(&format!("{at}/help"), &format!("The help of field \"{}\"", part.key), help);
    }
    problems.condition(&format!("{at}/show_when"), &what, part.show_when.as_ref());
    let mut reader = Reader { part: &part, at, what, problems };
    reader.foreign_settings();
    let kind = reader.kind()?;
    let consent = matches!(kind, FieldKind::Checkbox { must_be_true: true });
    Some(Field {
        required: part.required || consent,
        key: part.key,
        label: part.label,
        help: part.help,
        show_when: part.show_when,
        kind,
    })
}

impl Reader<'_> {
    fn wrong(&mut self, setting: &str, code: &'static str, message: &str) {
        let message = format!("{}: {message}", self.what);
        self.problems.add(format!("{}/{setting}", self.at), code, message);
    }

    fn foreign_settings(&mut self) {
        use FieldType::{Checkbox, Choice, Date, Integer, LongText, Money, Text};
        let kind = self.part.kind;
        let limited = [Text, LongText, Integer, Money, Date].contains(&kind);
        let settings = [
            ("min", self.part.min.is_some(), limited),
            ("max", self.part.max.is_some(), limited),
            ("pattern", self.part.pattern.is_some(), kind == Text),
            ("options", self.part.options.is_some(), kind == Choice),
            ("currencies", self.part.currencies.is_some(), kind == Money),
            ("must_be_true", self.part.must_be_true.is_some(), kind == Checkbox),
        ];
        for (name, given, taken) in settings {
            if given && !taken {
                self.wrong(name, "setting_not_here", &format!("its type has no setting \"{name}\"."));
            }
        }
    }

    fn kind(&mut self) -> Option<FieldKind> {
        match self.part.kind {
            FieldType::Text => {
                let (min, max) = self.chars(40, TEXT_CHARS_MAX)?;
                let pattern = match &self.part.pattern {
                    Some(pattern) => Some(self.pattern(pattern)?),
                    None => None,
                };
                Some(FieldKind::Text { min, max, pattern })
            }
            FieldType::LongText => {
                let (min, max) = self.chars(512, LONG_TEXT_CHARS_MAX)?;
                Some(FieldKind::LongText { min, max })
            }
            FieldType::Integer => self.integer(),
            FieldType::Money => self.money(),
            FieldType::Date => self.date(),
            FieldType::Choice => self.choice(),
            FieldType::Checkbox => Some(FieldKind::Checkbox { must_be_true: self.part.must_be_true.unwrap_or(false) }),
            FieldType::Person => Some(FieldKind::Person),
        }
    }

    /// Reads `min` and `max` by one rule and demands that they stand in order.
    fn limits<T: Copy + PartialOrd>(
        &mut self,
        hint: &str,
        read: impl Fn(&Json) -> Option<T>,
    ) -> Option<[Option<T>; 2]> {
        let mut out = [None, None];
        let given = [("min", self.part.min.clone()), ("max", self.part.max.clone())];
        for (slot, (name, json)) in out.iter_mut().zip(given) {
            let Some(json) = json else { continue };
            *slot = read(&json);
            if slot.is_none() {
                self.wrong(name, "bad_limit", &format!("its {name} must be {hint}."));
                return None;
            }
        }
        if let [Some(min), Some(max)] = out
            && min > max
        {
            self.wrong("min", "min_over_max", "its min is larger than its max.");
            return None;
        }
        Some(out)
    }

    fn chars(&mut self, default: u32, most: u32) -> Option<(u32, u32)> {
        let hint = format!("a whole number from 0 to {most}");
        let read = |json: &Json| json.as_u64().and_then(|n| u32::try_from(n).ok()).filter(|n| *n <= most);
        let [min, max] = self.limits(&hint, read)?;
        let max = max.unwrap_or_else(|| default.max(min.unwrap_or(0)));
        if max == 0 {
            self.wrong("max", "bad_limit", "its max must be at least 1.");
            return None;
        }
        Some((min.unwrap_or(0), max))
    }

    fn pattern(&mut self, pattern: &str) -> Option<regex::Regex> {
        // Alone first: "a)|(b" would be a pattern only within our brackets, and escape them.
        let build = |text: &str| RegexBuilder::new(text).size_limit(PATTERN_COMPILED_BYTES_MAX).build();
        let built = build(pattern).and_then(|_| build(&format!("^(?:{pattern})$")));
        match built {
            Ok(regex) if pattern.len() <= PATTERN_BYTES_MAX => Some(regex),
            _ => {
                self.wrong("pattern", "bad_pattern", "its pattern is no regular expression, or too large.");
                None
            }
        }
    }

    fn integer(&mut self) -> Option<FieldKind> {
        let hint = "a whole number between -2^53 and 2^53";
        let read = |json: &Json| json.as_i64().filter(|n| n.unsigned_abs() <= INTEGER_MAX.unsigned_abs());
        let [min, max] = self.limits(hint, read)?;
        Some(FieldKind::Integer { min: min.unwrap_or(-INTEGER_MAX), max: max.unwrap_or(INTEGER_MAX) })
    }

    fn money(&mut self) -> Option<FieldKind> {
        let currencies = self.part.currencies.clone().unwrap_or_default();
        if currencies.is_empty() {
            self.wrong("currencies", "no_currency", "it names no currency in \"currencies\".");
            return None;
        }
        let doubles = currencies.iter().collect::<BTreeSet<_>>().len() != currencies.len();
        if doubles || currencies.len() > CURRENCIES_MAX {
            self.wrong("currencies", "bad_currency", "its currencies must differ and be at most 20.");
            return None;
        }
        if let Some(bad) = currencies.iter().find(|code| currency_digits(code).is_none()) {
            self.wrong("currencies", "bad_currency", &format!("\"{bad}\" is no currency of ISO 4217."));
            return None;
        }
        let read = |json: &Json| json.as_str().and_then(parse_decimal);
        let [min, max]: [Option<Decimal>; 2] = self.limits("an amount as text, such as \"0.00\"", read)?;
        Some(FieldKind::Money { currencies, min, max })
    }

    fn date(&mut self) -> Option<FieldKind> {
        let mut out = [None, None];
        let given = [("min", self.part.min.clone()), ("max", self.part.max.clone())];
        for (slot, (name, json)) in out.iter_mut().zip(given) {
            let Some(json) = json else { continue };
            *slot = DateLimit::from_json(&json);
            if slot.is_none() {
                let message = format!("its {name} must be a day (\"2026-11-30\"), days_from_now or days_from_submit.");
                self.wrong(name, "bad_limit", &message);
                return None;
            }
        }
        let [min, max] = out;
        let crossed = match (min, max) {
            (Some(DateLimit::On(min)), Some(DateLimit::On(max))) => min > max,
            (Some(DateLimit::DaysFromNow(min)), Some(DateLimit::DaysFromNow(max)))
            | (Some(DateLimit::DaysFromSubmit(min)), Some(DateLimit::DaysFromSubmit(max))) => min > max,
            _ => false,
        };
        if crossed {
            self.wrong("min", "min_over_max", "its min is later than its max.");
            return None;
        }
        Some(FieldKind::Date { min, max })
    }

    fn choice(&mut self) -> Option<FieldKind> {
        let options = self.part.options.clone().unwrap_or_default();
        if options.is_empty() {
            self.wrong("options", "no_options", "it has no options to choose from.");
            return None;
        }
        self.problems.at_most(&format!("{}/options", self.at), &self.what, options.len(), OPTIONS_MAX);
        let mut seen = BTreeSet::new();
        for (n, option) in options.iter().enumerate() {
            if !seen.insert(option.value.as_str()) {
                self.wrong("options", "duplicate_option", &format!("its option \"{}\" stands twice.", option.value));
            }
            let at = format!("{}/options/{n}", self.at);
            self.problems.name(
                &format!("{at}/value"),
                &format!("{}, the value of option {}", self.what, n + 1),
                &option.value,
            );
            self.problems.name(
                &format!("{at}/label"),
                &format!("{}, the label of option {}", self.what, n + 1),
                &option.label,
            );
        }
        Some(FieldKind::Choice { options })
    }
}
