//! New requests and edits of one that was handed in.

use std::collections::BTreeSet;

use axum::extract::Path;
use axum::http::StatusCode;
use identity::people;
use requests::engine::{Phase, Refusal};
use requests::form::{FieldError, Values, parse_html_form};
use requests::store::{self, ActError, Published, RequestView};
use tenancy::policy::{EditRequest, SeeRequest, SubmitRequest};
use tenancy::{Mode, Permit, PersonId, RequestId, Scope};

use super::body::Pairs;
use super::caller::{PageCaller, id_of, name_of};
use super::fail::{Answer, Fail, sentence};
use super::fill::{self, Typed};
use super::home::stage_name;
use super::look::{Done, page, see_other_with};
use super::{once, words};
use crate::problem::Problem;
use crate::views::{FormMode, FormProblem, Nav, RequestForm};

/// What was sent and what is wrong with it.
struct Sent {
    typed: Typed,
    errors: Vec<FieldError>,
    submission_key: String,
}

impl Sent {
    fn nothing() -> Self {
        Self { typed: Typed::new(), errors: Vec::new(), submission_key: once::draw_key() }
    }

    fn again(form: &Pairs, errors: Vec<FieldError>) -> Self {
        Self { typed: form.answers(), errors, submission_key: form.get("submission_key").to_owned() }
    }
}

/// `GET /w/{slug}/new/{key}`.
pub(super) async fn new(caller: PageCaller, Path((_slug, key)): Path<(String, String)>) -> Answer {
    let mut scope = caller.view().await?;
    let published = store::published(&scope, &key).await?;
    drop(scope.permit::<SubmitRequest>(published.id).await?);
    let shown = new_page(&caller, &scope, &published, Sent::nothing()).await?;
    scope.finish();
    Ok(page(StatusCode::OK, &shown))
}

/// `POST /w/{slug}/new/{key}`.
pub(super) async fn new_post(caller: PageCaller, Path((_slug, key)): Path<(String, String)>, form: Pairs) -> Answer {
    let mut scope = caller.scope().await?;
    let published = store::published(&scope, &key).await?;
    let permit = scope.permit::<SubmitRequest>(published.id).await?;
    if let Some(answer) = once::begin(&mut scope, &form).await? {
        return Ok(answer);
    }
    let input = parse_html_form(published.process.form(), &form.answers());
    let drafted = match store::submit(&mut scope, permit, &published, &input).await {
        Ok(drafted) => drafted,
        Err(ActError::Values(errors)) => {
            let shown = new_page(&caller, &scope, &published, Sent::again(&form, errors)).await?;
            return Ok(page(StatusCode::UNPROCESSABLE_ENTITY, &shown));
        }
        Err(other) => return Err(other.into()),
    };
    let path = caller.path(&format!("/requests/{}", drafted.id));
    once::keep(&mut scope, &form, &path).await?;
    drop(scope.commit().await?);
    Ok(see_other_with(&path, Done::HandedIn))
}

async fn new_page<M: Mode>(
    caller: &PageCaller,
    scope: &Scope<M>,
    published: &Published,
    sent: Sent,
) -> Result<RequestForm, Fail> {
    let process = &published.process;
    let values = Values::from_stored(process.form(), &parse_html_form(process.form(), &sent.typed));
    Ok(RequestForm {
        frame: caller.frame(scope, process.name(), Nav::Catalogue).await?,
        headline: process.name().to_owned(),
        summary: process.summary().to_owned(),
        action: caller.path(&format!("/new/{}", published.key)),
        cancel: caller.path("/catalogue"),
        submission_key: sent.submission_key,
        mode: FormMode::New,
        sections: fill::sections(scope, process, &sent.typed, &sent.errors).await?,
        problems: fill::problems(process.form(), &sent.errors),
        approvals: fill::approvals(scope, process, scope.person()?, &values).await?,
    })
}

/// Whether a request in this state may be edited.
pub(super) fn is_editable(phase: &Phase) -> bool {
    !matches!(phase, Phase::Ended { .. })
}

/// `GET /w/{slug}/requests/{id}/edit`.
pub(super) async fn edit(caller: PageCaller, Path((_slug, id)): Path<(String, String)>) -> Answer {
    let mut scope = caller.view().await?;
    let (seen, view) = store::see(&mut scope, id_of::<RequestId>(&id)?).await?;
    drop(scope.permit::<EditRequest>(view.id).await?);
    if !is_editable(&view.state.phase) {
        let problem = Problem::new(StatusCode::CONFLICT, "ended", "This request has ended");
        return Err(problem.detail("What was decided stays as it is. Hand in a new request instead.").into());
    }
    let sent = Sent { typed: fill::typed_of(&view.values), ..Sent::nothing() };
    let shown = edit_page(&caller, &scope, &seen, &view, sent, None).await?;
    scope.finish();
    Ok(page(StatusCode::OK, &shown))
}

/// `POST /w/{slug}/requests/{id}/edit`.
pub(super) async fn edit_post(caller: PageCaller, Path((_slug, id)): Path<(String, String)>, form: Pairs) -> Answer {
    let id = id_of::<RequestId>(&id)?;
    let mut scope = caller.scope().await?;
    let permit = scope.permit::<EditRequest>(id).await?;
    if let Some(answer) = once::begin(&mut scope, &form).await? {
        return Ok(answer);
    }
    let (seen, view) = store::see(&mut scope, id).await?;
    let input = parse_html_form(view.published.process.form(), &form.answers());
    let expected = super::request::hash_of(form.get("revision_hash"))?;
    let path = caller.path(&format!("/requests/{id}"));
    let (status, errors, line) = match store::edit(&mut scope, permit, expected, &input).await {
        Ok(_) => {
            once::keep(&mut scope, &form, &path).await?;
            drop(scope.commit().await?);
            return Ok(see_other_with(&path, Done::Saved));
        }
        Err(ActError::Values(errors)) => (StatusCode::UNPROCESSABLE_ENTITY, errors, None),
        Err(ActError::Refused(Refusal::StaleRevision)) => {
            let line = "The request was saved from somewhere else meanwhile. Below is what you typed; compare it with \
                        the request before you save it.";
            (StatusCode::PRECONDITION_FAILED, Vec::new(), Some(line.to_owned()))
        }
        Err(ActError::Refused(other)) => (StatusCode::CONFLICT, Vec::new(), Some(sentence(&other.to_string()))),
        Err(other) => return Err(other.into()),
    };
    let shown = edit_page(&caller, &scope, &seen, &view, Sent::again(&form, errors), line).await?;
    Ok(page(status, &shown))
}

async fn edit_page<M: Mode>(
    caller: &PageCaller,
    scope: &Scope<M>,
    seen: &Permit<SeeRequest>,
    view: &RequestView,
    sent: Sent,
    line: Option<String>,
) -> Result<RequestForm, Fail> {
    let process = &view.published.process;
    let values = Values::from_stored(process.form(), &parse_html_form(process.form(), &sent.typed));
    let mut problems = fill::problems(process.form(), &sent.errors);
    problems.extend(line.map(|text| FormProblem { field_key: None, text }));
    let headline = format!("Edit {}", view.title);
    let path = caller.path(&format!("/requests/{}", view.id));
    Ok(RequestForm {
        frame: caller.frame(scope, &headline, Nav::Home).await?,
        headline,
        summary: process.summary().to_owned(),
        action: format!("{path}/edit"),
        cancel: path,
        submission_key: sent.submission_key,
        mode: FormMode::Edit {
            revision_hash: data_encoding::HEXLOWER.encode(&view.revision_hash),
            next_revision: u32::try_from(view.revision_no).unwrap_or(0) + 1,
            voids: voids(scope, seen, view).await?,
        },
        sections: fill::sections(scope, process, &sent.typed, &sent.errors).await?,
        problems,
        approvals: fill::approvals(scope, process, view.requester, &values).await?,
    })
}

/// The decisions that an edit makes void, in words.
async fn voids<M: Mode>(scope: &Scope<M>, seen: &Permit<SeeRequest>, view: &RequestView) -> Result<Vec<String>, Fail> {
    let decisions = store::decisions(scope, seen).await?;
    let counting: Vec<_> =
        decisions.iter().filter(|decision| decision.voided_at.is_none() && decision.verdict == "approve").collect();
    let ids: BTreeSet<PersonId> = counting.iter().map(|decision| decision.person).collect();
    let names = people::names(scope, &ids.into_iter().take(people::NAMES_MAX).collect::<Vec<_>>()).await?;
    let line = |decision: &&store::DecisionRow| {
        format!(
            "{} approved as {}, {}",
            name_of(&names, decision.person),
            stage_name(&view.published.process, &decision.stage),
            words::when(scope.now(), decision.given_at).text
        )
    };
    Ok(counting.iter().map(line).collect())
}
