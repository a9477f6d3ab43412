//! The request page and the acts on it.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use requests::engine::{Phase, Refusal};
use requests::store::{self, ActError, Ask, COMMENT_CHARS_MAX};
use tenancy::policy::{
    AnswerReturn, ApproveTask, AskForChanges, CommentOnRequest, RejectTask, SubmitDraft, WithdrawRequest,
};
use tenancy::{ReadWrite, RequestId, Scope, TaskId};

use super::body::Pairs;
use super::caller::{PageCaller, id_of};
use super::fail::{Answer, Fail};
use super::look::{Done, page, see_other_with};
use super::once;
use super::sheet::{self, Said};
use crate::problem::Problem;

/// `GET /w/{slug}/requests/{id}`.
pub(super) async fn request(caller: PageCaller, Path((_slug, id)): Path<(String, String)>) -> Answer {
    show(&caller, id_of(&id)?, StatusCode::OK, Said::default()).await
}

/// The request's page, with what was said about the form that was just sent.
async fn show(caller: &PageCaller, id: RequestId, status: StatusCode, said: Said) -> Answer {
    let mut scope = caller.view().await?;
    let shown = sheet::sheet(caller, &mut scope, id, said).await?;
    scope.finish();
    Ok(page(status, &shown))
}

/// The 32 bytes of a hash written in hexadecimal.
pub(super) fn hash_of(text: &str) -> Result<[u8; 32], Fail> {
    let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok();
    let hash = bytes.and_then(|bytes| bytes.try_into().ok());
    hash.ok_or_else(|| Problem::malformed("The form does not say which revision it is about.").into())
}

/// `POST /w/{slug}/requests/{id}/decide`.
pub(super) async fn decide(caller: PageCaller, Path((_slug, id)): Path<(String, String)>, form: Pairs) -> Answer {
    let (id, task) = (id_of::<RequestId>(&id)?, id_of::<TaskId>(form.get("task"))?);
    let mut scope = caller.scope().await?;
    match decided(&mut scope, id, task, &form).await {
        Ok(done) => {
            drop(scope.commit().await?);
            Ok(see_other_with(&caller.path("/"), done))
        }
        Err(Undecided::Fail(fail)) => Err(fail),
        Err(Undecided::Refused(refusal)) => {
            drop(scope);
            not_taken(&caller, id, &form, refusal).await
        }
    }
}

/// Why a decision was not taken.
enum Undecided {
    Fail(Fail),
    Refused(Refusal),
}

impl<E: Into<Fail>> From<E> for Undecided {
    fn from(error: E) -> Self {
        Self::Fail(error.into())
    }
}

async fn decided(scope: &mut Scope<ReadWrite>, id: RequestId, task: TaskId, form: &Pairs) -> Result<Done, Undecided> {
    let ask =
        || Ok::<_, Fail>(Ask { revision_hash: hash_of(form.get("revision_hash"))?, reason: Some(form.get("reason")) });
    let (done, came) = match form.get("decision") {
        "reject" => {
            let permit = scope.permit::<RejectTask>(task).await?;
            (Done::Rejected, store::reject(scope, permit, ask()?).await)
        }
        "ask_changes" => {
            let permit = scope.permit::<AskForChanges>(task).await?;
            (Done::Returned, store::ask_changes(scope, permit, ask()?).await)
        }
        "approve" => {
            let permit = scope.permit::<ApproveTask>(task).await?;
            (Done::Approved, store::approve(scope, permit, ask()?).await)
        }
        _ => return Err(Problem::malformed("The form does not say what is decided.").into()),
    };
    match came {
        Ok(decision) if decision.request == id => Ok(done),
        Ok(_) => Err(Fail::not_found().into()),
        Err(ActError::Refused(refusal)) => Err(Undecided::Refused(refusal)),
        Err(other) => Err(other.into()),
    }
}

/// The page after a decision that was not taken: what changed, or what is missing.
async fn not_taken(caller: &PageCaller, id: RequestId, form: &Pairs, refusal: Refusal) -> Answer {
    let reason = form.get("reason").to_owned();
    match refusal {
        Refusal::ReasonRequired => {
            let error = "Say why: a reason is needed when you ask for changes or reject.".to_owned();
            let said = Said { reason, reason_error: Some(error), ..Said::default() };
            show(caller, id, StatusCode::UNPROCESSABLE_ENTITY, said).await
        }
        Refusal::StaleRevision | Refusal::TaskClosed => {
            let shown = hash_of(form.get("revision_hash"))?;
            let mut scope = caller.view().await?;
            let (_seen, view) = store::see(&mut scope, id).await?;
            let is_stale = view.revision_hash != shown;
            scope.finish();
            if is_stale {
                let said = Said { reason, stale: Some(shown), ..Said::default() };
                return show(caller, id, StatusCode::PRECONDITION_FAILED, said).await;
            }
            Ok(to_request(caller, id, Done::NotAsked))
        }
        Refusal::NotYourTask | Refusal::WrongState { .. } => Ok(to_request(caller, id, Done::NotAsked)),
        other => Err(ActError::Refused(other).into()),
    }
}

fn to_request(caller: &PageCaller, id: RequestId, done: Done) -> Response {
    see_other_with(&caller.path(&format!("/requests/{id}")), done)
}

/// `POST /w/{slug}/requests/{id}/comment`.
pub(super) async fn comment(caller: PageCaller, Path((_slug, id)): Path<(String, String)>, form: Pairs) -> Answer {
    let id = id_of::<RequestId>(&id)?;
    let mut scope = caller.scope().await?;
    let permit = scope.permit::<CommentOnRequest>(id).await?;
    let text = form.get("text").trim();
    let chars = text.chars().count();
    let error = match chars {
        0 => Some("Write something first.".to_owned()),
        1..=COMMENT_CHARS_MAX => None,
        _ => Some(format!("A comment has at most {COMMENT_CHARS_MAX} characters; this one has {chars}.")),
    };
    if error.is_some() {
        drop(scope);
        let said = Said { comment: text.to_owned(), comment_error: error, ..Said::default() };
        return show(&caller, id, StatusCode::UNPROCESSABLE_ENTITY, said).await;
    }
    if let Some(answer) = once::begin(&mut scope, &form).await? {
        return Ok(answer);
    }
    store::comment(&mut scope, permit, text).await?;
    once::keep(&mut scope, &form, &caller.path(&format!("/requests/{id}"))).await?;
    drop(scope.commit().await?);
    Ok(to_request(&caller, id, Done::Commented))
}

/// `POST /w/{slug}/requests/{id}/withdraw`.
pub(super) async fn withdraw(caller: PageCaller, Path((_slug, id)): Path<(String, String)>) -> Answer {
    let id = id_of::<RequestId>(&id)?;
    let mut scope = caller.scope().await?;
    let permit = scope.permit::<WithdrawRequest>(id).await?;
    store::withdraw(&mut scope, permit).await?;
    drop(scope.commit().await?);
    Ok(to_request(&caller, id, Done::Withdrawn))
}

/// `POST /w/{slug}/requests/{id}/resubmit`: hands in again what was returned, or for the first time what was saved.
pub(super) async fn resubmit(caller: PageCaller, Path((_slug, id)): Path<(String, String)>) -> Answer {
    let id = id_of::<RequestId>(&id)?;
    let mut scope = caller.scope().await?;
    let permit = scope.permit::<AnswerReturn>(id).await?;
    let done = match store::load(&scope, id).await?.state.phase {
        Phase::Draft => {
            let permit = scope.permit::<SubmitDraft>(id).await?;
            store::submit_draft(&mut scope, permit).await?;
            Done::HandedIn
        }
        _ => {
            store::answer(&mut scope, permit).await?;
            Done::Answered
        }
    };
    drop(scope.commit().await?);
    Ok(to_request(&caller, id, done))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_has_64_digits() {
        assert_eq!(hash_of(&"0f".repeat(32)).unwrap(), [15; 32]);
        for wrong in ["", "0f", &"0f".repeat(33), &"0g".repeat(32)] {
            assert!(hash_of(wrong).is_err(), "{wrong}");
        }
    }
}
