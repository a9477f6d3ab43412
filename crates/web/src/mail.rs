//! The letters that the courier carries: who is told of what, in words.
//!
//! A letter is written inside the effect's own transaction, from the request as it is then. Whoever may no longer see
//! it gets none.

use askama::Template as _;
use channels::{ComposeError, Letter, MailComposer, subject_line};
use identity::people;
use requests::engine::StateWord;
use requests::store::{self, ActError, RequestView};
use serde_json::{Value, json};
use tenancy::policy::{ReplaceApprover, Role};
use tenancy::{PersonId, ReadWrite, RequestId, Scope};

use crate::views::{CheckpointMail, DecidedMail, ReturnedMail, TaskMail};

/// Writes letters with links to this installation.
#[derive(Debug, Clone)]
pub struct Composer {
    /// Where people reach the product, without a slash at the end.
    pub base_url: String,
}

impl MailComposer for Composer {
    async fn compose(
        &self,
        scope: &mut Scope<ReadWrite>,
        kind: &str,
        payload: &Value,
    ) -> Result<Vec<Letter>, ComposeError> {
        let text = |key: &str| payload.get(key).and_then(Value::as_str);
        if kind == people::PERSON_LEFT {
            let person = text("person").and_then(|id| id.parse().ok()).ok_or(ComposeError::Payload)?;
            return ask_others(scope, person).await.map(|()| Vec::new());
        }
        if kind == ledger::held::KIND {
            let person = text("person").and_then(|id| id.parse().ok()).ok_or(ComposeError::Payload)?;
            return self.checkpoint(scope, person, text("checkpoint").ok_or(ComposeError::Payload)?).await;
        }
        let request: RequestId = text("request").and_then(|id| id.parse().ok()).ok_or(ComposeError::Payload)?;
        let view = store::load(scope, request).await?;
        let to = recipients(scope, text("to").ok_or(ComposeError::Payload)?).await?;
        let addresses = people::addresses(scope, &to).await.map_err(below)?;
        let mut ids = to.clone();
        ids.push(view.requester);
        let workspace = identity::workspaces::name(scope).await.map_err(below)?;
        let slug = scope.database().slug_of(scope.workspace()).await?;
        // The canaries of the live checks have no mailbox.
        if claims::canary::SLUGS.contains(&slug.as_str()) {
            return Ok(Vec::new());
        }
        let last = store::last_words(scope, request).await?;
        ids.extend(last.iter().map(|(person, _)| *person));
        let names = people::names(scope, &ids).await.map_err(below)?;
        let by = last.as_ref().and_then(|(person, _)| names.get(person)).cloned().unwrap_or_default();
        let reason = last.and_then(|(_, reason)| reason).unwrap_or_default();
        let link = format!("{}/w/{slug}/requests/{request}", self.base_url);
        let mut letters = Vec::new();
        for person in to {
            let (Some(address), Some(name)) = (addresses.get(&person), names.get(&person)) else { continue };
            let requester = names.get(&view.requester).cloned().unwrap_or_default();
            let about = About {
                view: &view,
                workspace: &workspace,
                requester,
                by: by.clone(),
                reason: reason.clone(),
                link: link.clone(),
            };
            let Some((subject, body)) = words(kind, name, &about)? else { continue };
            letters.push(Letter::new(address, &subject_line(&subject), &body, &person.to_string())?);
        }
        Ok(letters)
    }
}

impl Composer {
    /// The letter with a checkpoint; none to somebody without an address any more.
    async fn checkpoint(
        &self,
        scope: &Scope<ReadWrite>,
        person: PersonId,
        note: &str,
    ) -> Result<Vec<Letter>, ComposeError> {
        let slug = scope.database().slug_of(scope.workspace()).await?;
        let addresses = people::addresses(scope, &[person]).await.map_err(below)?;
        let Some(address) = addresses.get(&person).filter(|address| !address.is_empty()) else { return Ok(Vec::new()) };
        let mut names = people::names(scope, &[person]).await.map_err(below)?;
        let mail = CheckpointMail {
            to_name: names.remove(&person).unwrap_or_default(),
            workspace_name: identity::workspaces::name(scope).await.map_err(below)?,
            note: note.to_owned(),
            link: format!("{}/w/{slug}/audit/log", self.base_url),
        };
        let body = mail.render().map_err(|_| ComposeError::Template)?;
        Ok(vec![Letter::new(address, &subject_line(&mail.subject()), &body, &person.to_string())?])
    }
}

/// Asks others for what was asked of somebody who left; what does not fit into one transaction is the next effect. The
/// letters that follow are effects of their own.
async fn ask_others(scope: &mut Scope<ReadWrite>, person: PersonId) -> Result<(), ComposeError> {
    let (asked, next) = store::asked_of(scope, person).await?;
    for request in asked {
        let permit = scope.permit::<ReplaceApprover>(request).await?;
        store::replace(scope, permit, person).await.map_err(|error| match error {
            ActError::Scope(error) => ComposeError::Tenancy(error),
            ActError::Refused(_) | ActError::Values(_) => ComposeError::Refused,
        })?;
    }
    if let Some(next) = next {
        let key = people::left_key(person, Some(next.uuid()));
        scope.again()?.effect(people::PERSON_LEFT, key, &json!({ "person": person.to_string() }));
    }
    Ok(())
}

fn below(error: identity::Error) -> ComposeError {
    match error {
        identity::Error::Tenancy(error) => ComposeError::Tenancy(error),
        _ => ComposeError::Payload,
    }
}

struct About<'a> {
    view: &'a RequestView,
    workspace: &'a str,
    requester: String,
    by: String,
    reason: String,
    link: String,
}

/// The people that an effect is for.
async fn recipients(scope: &Scope<ReadWrite>, to: &str) -> Result<Vec<PersonId>, ComposeError> {
    if to == "owners" {
        let holders = identity::directory::role_holders(scope, Role::Owner, None).await;
        return holders.map_err(below);
    }
    Ok(vec![to.parse().map_err(|_| ComposeError::Payload)?])
}

fn words(kind: &str, name: &str, about: &About<'_>) -> Result<Option<(String, String)>, ComposeError> {
    let view = about.view;
    let number = requests::request_number(&view.published.prefix, view.id);
    let rendered = |subject: String, body: Result<String, askama::Error>| {
        body.map(|body| Some((subject, body))).map_err(|_| ComposeError::Template)
    };
    match kind {
        "mail.task_opened" | "mail.stuck" => {
            let stage = view.state.stage().and_then(|key| view.published.process.stage(key));
            let mail = TaskMail {
                to_name: name.to_owned(),
                workspace_name: about.workspace.to_owned(),
                requester: about.requester.clone(),
                process: view.published.process.name().to_owned(),
                number,
                title: view.title.clone(),
                stage: stage.map(|stage| stage.name.clone()).unwrap_or_default(),
                revision: u32::try_from(view.revision_no).unwrap_or(0),
                link: about.link.clone(),
            };
            rendered(mail.subject(), mail.render())
        }
        "mail.returned" => {
            let mail = ReturnedMail {
                to_name: name.to_owned(),
                workspace_name: about.workspace.to_owned(),
                number,
                title: view.title.clone(),
                by: about.by.clone(),
                reason: about.reason.clone(),
                link: about.link.clone(),
            };
            rendered(mail.subject(), mail.render())
        }
        "mail.approved" | "mail.rejected" | "mail.cancelled" => {
            let StateWord { word, .. } = requests::engine::state_word(&view.state);
            let mail = DecidedMail {
                to_name: name.to_owned(),
                workspace_name: about.workspace.to_owned(),
                number,
                title: view.title.clone(),
                outcome: word.to_lowercase(),
                by: about.by.clone(),
                reason: about.reason.clone(),
                link: about.link.clone(),
            };
            rendered(mail.subject(), mail.render())
        }
        // Somebody is asked no longer: the task is gone from their list, a letter would only be noise.
        "mail.task_voided" => Ok(None),
        _ => Err(ComposeError::UnknownKind),
    }
}
