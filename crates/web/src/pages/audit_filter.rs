//! The filter over the audit list: what was typed, what it means, and what is wrong with it.

use identity::{Email, people};
use requests::store;
use serde::Deserialize;
use tenancy::policy::SeeHome;
use tenancy::trail::TrailFilter;
use tenancy::{PersonId, ReadOnly, RequestId, Scope, Whole};
use uuid::Uuid;

use super::fail::Fail;
use crate::api::cursor::{self, Page};
use crate::narrowed::{action_of, time_of};
use crate::views::{AuditField, AuditFilter};

/// Most requests that are looked through for a number.
const NUMBERS_MAX: usize = 1_000;
/// Most requests of one look.
const LOOK_ROWS: i64 = 200;
/// Longest answer that is shown again.
const TYPED_CHARS_MAX: usize = 254;

/// The filter of the address.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    action: String,
    who: String,
    request: String,
    from: String,
    until: String,
    cursor: Option<String>,
}

/// The filter, understood as far as it can be.
pub(super) struct Narrowed {
    /// What the rows are narrowed to; nothing where something is wrong.
    pub(super) filter: Option<TrailFilter>,
    /// What the page shows of it.
    pub(super) shown: AuditFilter,
}

impl Asked {
    /// The list's name: a cursor is one of this filter and of no other.
    fn list(&self) -> String {
        format!("audit-page:{:?}:{:?}:{:?}:{:?}:{:?}", self.action, self.who, self.request, self.from, self.until)
    }

    /// Understands it; `actions` are the acts to choose from.
    pub(super) async fn narrowed(
        &self,
        scope: &mut Scope<ReadOnly>,
        actions: Vec<(String, String, bool)>,
    ) -> Result<Narrowed, Fail> {
        let (actor, who) = field(&self.who, person_of(scope, self.who.trim()).await?);
        let (target, request) = field(&self.request, target_of(scope, self.request.trim()).await?);
        let time = |text: &str| {
            time_of(text).ok_or_else(|| "Write a day as 2026-11-27 or a minute as 2026-11-27T16:30.".to_owned())
        };
        let (from, shown_from) = field(&self.from, time(&self.from));
        let (until, shown_until) = field(&self.until, time(&self.until));
        let before = Page { limit: None, cursor: self.cursor.clone() }.last_key(scope.keys(), &self.list())?;
        let before = before.and_then(|key| key.parse().ok());
        let action = action_of(&self.action).map(str::to_owned);
        let shown = AuditFilter { actions, who, request, from: shown_from, until: shown_until };
        let is_clear = !shown.is_wrong();
        let filter = TrailFilter { target, actor, action, from, until, before };
        Ok(Narrowed { filter: is_clear.then_some(filter), shown })
    }

    /// The query of the page behind a record.
    pub(super) fn next(&self, scope: &Scope<ReadOnly>, place: &str) -> String {
        form_urlencoded::Serializer::new(String::new())
            .append_pair("action", &self.action)
            .append_pair("who", &self.who)
            .append_pair("request", &self.request)
            .append_pair("from", &self.from)
            .append_pair("until", &self.until)
            .append_pair("cursor", &cursor::cursor(scope.keys(), &self.list(), place))
            .finish()
    }

    /// The code of the act, as it was asked for.
    pub(super) fn action(&self) -> &str {
        &self.action
    }
}

/// What an answer means, and how its field looks: an empty one means nothing and is never wrong.
fn field<T>(typed: &str, meant: Result<T, String>) -> (Option<T>, AuditField) {
    let value: String = typed.chars().take(TYPED_CHARS_MAX).collect();
    match (typed.trim().is_empty(), meant) {
        (true, _) => (None, AuditField { value: String::new(), error: None }),
        (false, Ok(meant)) => (Some(meant), AuditField { value, error: None }),
        (false, Err(error)) => (None, AuditField { value, error: Some(error) }),
    }
}

/// The person of an id or an address.
async fn person_of(scope: &Scope<ReadOnly>, text: &str) -> Result<Result<PersonId, String>, Fail> {
    if let Ok(id) = text.parse() {
        return Ok(Ok(id));
    }
    let found = match Email::parse(text) {
        Ok(email) => people::by_email(scope, &email).await?,
        Err(_) => None,
    };
    Ok(found
        .ok_or_else(|| "Nobody here has this address. Write a whole e-mail address, or copy a person's id.".to_owned()))
}

/// What an id names, or the request of a number among the newest ones.
async fn target_of(scope: &mut Scope<ReadOnly>, text: &str) -> Result<Result<Uuid, String>, Fail> {
    if let Ok(id) = text.parse() {
        return Ok(Ok(id));
    }
    let none = || {
        Ok(Err(format!(
            "No request has this number among the newest {NUMBERS_MAX}. Copy its id from its address instead."
        )))
    };
    let number = text.to_ascii_uppercase();
    let Some((prefix, _)) = number.split_once('-') else { return none() };
    let permit = scope.permit::<SeeHome>(Whole).await?;
    let mut before: Option<RequestId> = None;
    for _ in 0..NUMBERS_MAX / 200 {
        let found = store::of_processes(scope, &permit, before, LOOK_ROWS).await?;
        if let Some(it) = found.iter().find(|it| requests::request_number(prefix, it.id) == number) {
            return Ok(Ok(it.id.uuid()));
        }
        before = found.last().map(|last| last.id);
        if before.is_none() {
            break;
        }
    }
    none()
}
