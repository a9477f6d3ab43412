//! The request form as a page: fields with what was typed so far, and who will approve.

use std::collections::{BTreeMap, BTreeSet};

use identity::{directory, people};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use requests::condition::Condition;
use requests::engine::{DryStage, StuckReason, dry_run, dry_run_needs};
use requests::form::{DateLimit, Field, FieldError, FieldKind, Form, Value, Values};
use requests::process::{Process, StageKind};
use requests::store;
use tenancy::policy::Role;
use tenancy::{Mode, PersonId, Scope};

use super::answers::{approver_text, asked_when, condition_text};
use super::caller::name_of;
use super::fail::Fail;
use super::words;
use crate::views;

/// What was typed, by the names that fields have.
pub(super) type Typed = Vec<(String, String)>;

/// Stored answers as a browser would have posted them.
pub(super) fn typed_of(values: &Values) -> Typed {
    let mut typed = Typed::new();
    for (key, value) in values.iter() {
        match value {
            Value::Text(text) | Value::Choice(text) => typed.push((key.to_owned(), text.clone())),
            Value::Integer(number) => typed.push((key.to_owned(), number.to_string())),
            Value::Money { amount, currency } => {
                typed.push((format!("{key}.amount"), amount.to_string()));
                typed.push((format!("{key}.currency"), currency.clone()));
            }
            Value::Date(date) => typed.push((key.to_owned(), date.to_string())),
            Value::Checkbox(true) => typed.push((key.to_owned(), "yes".to_owned())),
            Value::Checkbox(false) => {}
            Value::Person(person) => typed.push((key.to_owned(), person.to_string())),
        }
    }
    typed
}

fn typed_at<'t>(typed: &'t Typed, key: &str) -> &'t str {
    typed.iter().find(|(name, _)| name == key).map_or("", |(_, value)| value)
}

/// The people a field may name: everybody active, by name.
async fn choosable<M: Mode>(scope: &Scope<M>, form: &Form) -> Result<Vec<(PersonId, String)>, Fail> {
    if !form.fields().any(|field| matches!(field.kind, FieldKind::Person)) {
        return Ok(Vec::new());
    }
    let mut ids = BTreeSet::new();
    for role in Role::OF_WORKSPACE {
        ids.extend(directory::role_holders(scope, *role, None).await?);
    }
    let ids: Vec<PersonId> = ids.into_iter().take(people::NAMES_MAX).collect();
    let mut named: Vec<(PersonId, String)> = people::names(scope, &ids).await?.into_iter().collect();
    named.sort_by_key(|(_, name)| name.to_lowercase());
    Ok(named)
}

/// The sections of a form with what was typed and what is wrong with it.
pub(super) async fn sections<M: Mode>(
    scope: &Scope<M>,
    process: &Process,
    typed: &Typed,
    errors: &[FieldError],
) -> Result<Vec<views::Section>, Fail> {
    let people = choosable(scope, process.form()).await?;
    let view = |field: &Field| views::Field {
        key: field.key.clone(),
        label: field.label.clone(),
        help: field.help.clone(),
        required: field.required,
        kind: kind_of(field, typed, &people, scope.now()),
        error: errors.iter().find(|error| key_of(error) == Some(&field.key)).map(|error| error.message.clone()),
        show_when: field.show_when.as_ref().map(|condition| show_when(process, condition)),
    };
    let section = |section: &requests::form::Section| views::Section {
        key: section.key.clone(),
        title: section.title.clone(),
        fields: section.fields.iter().map(view).collect(),
    };
    Ok(process.form().sections().iter().map(section).collect())
}

fn show_when(process: &Process, condition: &Condition) -> views::ShowWhen {
    views::ShowWhen {
        text: format!("Only if {}.", condition_text(process, condition)),
        rule_json: serde_json::to_string(condition).unwrap_or_default(),
    }
}

/// The field that an error is about: the second part of its pointer.
fn key_of(error: &FieldError) -> Option<&str> {
    error.pointer.strip_prefix("/values/")?.split('/').next()
}

/// The lines above the form.
pub(super) fn problems(form: &Form, errors: &[FieldError]) -> Vec<views::FormProblem> {
    let line = |error: &FieldError| views::FormProblem {
        field_key: key_of(error).filter(|key| form.field(key).is_some()).map(str::to_owned),
        text: error.message.clone(),
    };
    errors.iter().map(line).collect()
}

fn kind_of(field: &Field, typed: &Typed, people: &[(PersonId, String)], now: Timestamp) -> views::FieldKind {
    let value = typed_at(typed, &field.key);
    let choice = |value: &str, label: &str, chosen: &str| views::Choice {
        value: value.to_owned(),
        label: label.to_owned(),
        chosen: value == chosen,
    };
    let today = now.to_zoned(TimeZone::UTC).date();
    let limit = |limit: &Option<DateLimit>| limit.and_then(|limit| limit.on(today, today)).map(|day| day.to_string());
    match &field.kind {
        FieldKind::Text { max, .. } => views::FieldKind::Text { value: value.to_owned(), chars_max: Some(*max) },
        FieldKind::LongText { max, .. } => {
            views::FieldKind::LongText { value: value.to_owned(), chars_max: Some(*max) }
        }
        FieldKind::Integer { .. } => views::FieldKind::Integer { value: value.to_owned() },
        FieldKind::Money { currencies, .. } => {
            let chosen = typed_at(typed, &format!("{}.currency", field.key));
            views::FieldKind::Money {
                amount: typed_at(typed, &format!("{}.amount", field.key)).to_owned(),
                currencies: currencies.iter().map(|code| choice(code, code, chosen)).collect(),
            }
        }
        FieldKind::Date { min, max } => {
            views::FieldKind::Date { value: value.to_owned(), min: limit(min), max: limit(max) }
        }
        FieldKind::Choice { options } => views::FieldKind::Choice {
            options: options.iter().map(|option| choice(&option.value, &option.label, value)).collect(),
        },
        FieldKind::Checkbox { .. } => {
            views::FieldKind::Checkbox { ticked: typed.iter().any(|(name, _)| *name == field.key) }
        }
        FieldKind::Person => views::FieldKind::Person {
            options: people.iter().map(|(id, name)| choice(&id.to_string(), name, value)).collect(),
        },
    }
}

/// The stages that a request with these answers passes if everybody approves.
pub(super) async fn foreseen<M: Mode>(
    scope: &Scope<M>,
    process: &Process,
    requester: PersonId,
    values: &Values,
) -> Result<Vec<DryStage>, Fail> {
    let queries = dry_run_needs(process, requester);
    let facts = store::facts_for(scope, &queries, values).await?;
    Ok(dry_run(process, requester, values, &facts, scope.now()))
}

/// Who will approve: the foreseen stages with names, the others with the condition that would bring them in.
pub(super) async fn approvals<M: Mode>(
    scope: &Scope<M>,
    process: &Process,
    requester: PersonId,
    values: &Values,
) -> Result<Vec<views::Approval>, Fail> {
    let stages = foreseen(scope, process, requester, values).await?;
    let ids: BTreeSet<PersonId> = stages.iter().flat_map(|stage| stage.approvers.iter().copied()).collect();
    let ids: Vec<PersonId> = ids.into_iter().take(people::NAMES_MAX).collect();
    let names = people::names(scope, &ids).await?;
    let approval = |stage: &requests::process::Stage| {
        let StageKind::Approval(settings) = &stage.kind else { return None };
        let on_its_way = stages.iter().find(|dry| dry.key == stage.key);
        let who = match on_its_way {
            Some(dry) => asked(dry, &names),
            None => settings.approvers.iter().map(approver_text).collect::<Vec<_>>().join(", "),
        };
        Some(views::Approval { stage: stage.name.clone(), who, condition: asked_when(process, &stage.key) })
    };
    Ok(process.stages().iter().filter_map(approval).collect())
}

fn asked(stage: &DryStage, names: &BTreeMap<PersonId, String>) -> String {
    match stage.stuck {
        Some(StuckReason::Nobody) => return "nobody can be asked as things are".to_owned(),
        Some(StuckReason::TooFew) => return "fewer people can be asked than must approve".to_owned(),
        Some(StuckReason::TooMany) => return "more people would be asked than a stage may have".to_owned(),
        Some(StuckReason::NoRoute) => return "no way leads on from here".to_owned(),
        None => {}
    }
    let listed: Vec<String> = stage.approvers.iter().map(|person| name_of(names, *person)).collect();
    let all = stage.approvers.len();
    match usize::from(stage.needed) {
        _ if all == 1 => words::listed(&listed),
        1 => format!("one of {}", words::listed(&listed)),
        needed if needed == all => format!("each of {}", words::listed(&listed)),
        needed => format!("{needed} of {}", words::listed(&listed)),
    }
}
