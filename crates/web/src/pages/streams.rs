//! Streams of the trail: where they go, how far they are, and every change of them.

use axum::extract::Path;
use axum::http::StatusCode;
use jiff::Timestamp;
use ledger::origin;
use ledger::stream::{Draft, Format, Outgoing, Settings, send_test};
use tenancy::policy::{
    AddStream, Atom, PauseStream, RemoveStream, ResumeStream, RotateStream, SeeStreams, SeeTrail, SkipBatch, TestStream,
};
use tenancy::streams::{self, NewStream, StreamRow, StreamState};
use tenancy::{Mode, Scope, StreamId, Whole, leaves};

use super::body::Pairs;
use super::caller::{PageCaller, id_of};
use super::fail::{Answer, Fail, of_values, sentence};
use super::look::{Done, page, see_other_with};
use super::words;
use crate::problem::Problem;
use crate::views::{DeadLine, Nav, Pill, StreamLine, StreamPage, StreamTyped, Streams, Tested, Tone};

/// `GET /w/{slug}/streams`.
pub(super) async fn list(caller: PageCaller) -> Answer {
    show_list(&caller, StatusCode::OK, StreamTyped::default(), None).await
}

async fn show_list(caller: &PageCaller, status: StatusCode, typed: StreamTyped, error: Option<String>) -> Answer {
    let mut scope = caller.view().await?;
    let permit = scope.permit::<SeeStreams>(Whole).await?;
    let now = scope.now();
    let line = |row: &StreamRow| StreamLine {
        href: caller.path(&format!("/streams/{}", row.id)),
        name: row.name.clone(),
        to: settings_of(row).map_or_else(|| "its settings do not open".to_owned(), |settings| settings.words()),
        state: pill(row.state),
        lag: lag(row),
        last_sent: row.last_sent_at.map(|at| words::when(now, at)),
        dead: row.dead,
    };
    let shown = Streams {
        streams: streams::list(&scope, &permit).await?.iter().map(line).collect(),
        frame: caller.frame(&scope, "Streams", Nav::Audit).await?,
        may_add: scope.atoms().has(Atom::StreamManage),
        typed,
        error,
    };
    scope.finish();
    Ok(page(status, &shown))
}

/// `POST /w/{slug}/streams`. The secret of a webhook stands on the answer, this once.
pub(super) async fn list_post(caller: PageCaller, form: Pairs) -> Answer {
    let mut scope = caller.scope().await?;
    let permit = scope.permit::<AddStream>(Whole).await?;
    let typed = typed(&form);
    let refused =
        async |error: String| show_list(&caller, StatusCode::UNPROCESSABLE_ENTITY, typed.clone(), Some(error)).await;
    let name = form.get("name").trim();
    if name.is_empty() || name.chars().count() > streams::NAME_CHARS_MAX || name.chars().any(char::is_control) {
        drop(scope);
        return refused(format!("The name needs 1 to {} characters.", streams::NAME_CHARS_MAX)).await;
    }
    let made = Format::of(form.get("format")).ok_or_else(|| "Choose a format.".to_owned()).and_then(|format| {
        let settings = Settings::new(&draft(&form), format, caller.app.private_receivers);
        settings.map(|settings| (format, settings)).map_err(|why| sentence(&why.to_string()))
    });
    let (format, settings) = match made {
        Ok(made) => made,
        Err(error) => {
            drop(scope);
            return refused(error).await;
        }
    };
    let trail = scope.permit::<SeeTrail>(Whole).await?;
    let head = leaves::head(&scope, &trail).await?;
    let (epoch, size) = head.map_or((1, 0), |head| (head.epoch, head.size));
    let first = if form.get("begin") == "now" { size } else { 0 };
    let bytes = settings.to_bytes().map_err(|_| Problem::internal())?;
    let new = NewStream {
        name,
        settings: bytes,
        format: format.word(),
        receiver: settings.receiver.word(),
        from: (epoch, first),
    };
    match streams::add(&mut scope, permit, &new).await {
        Ok(id) => {
            drop(scope.commit().await?);
            match settings.secret() {
                Some(secret) => show(&caller, id, Extra { fresh: Some(secret.to_owned()), tested: None }).await,
                None => Ok(see_other_with(&caller.path(&format!("/streams/{id}")), Done::StreamMade)),
            }
        }
        Err(error) => {
            drop(scope);
            refused(of_values(error.into())?).await
        }
    }
}

fn draft(form: &Pairs) -> Draft<'_> {
    Draft {
        receiver: form.get("receiver"),
        url: form.get("url"),
        endpoint: form.get("endpoint"),
        bucket: form.get("bucket"),
        region: form.get("region"),
        prefix: form.get("prefix"),
        access_key: form.get("access_key"),
        secret_key: form.get("secret_key"),
        host: form.get("host"),
        port: form.get("port"),
        ca_pem: form.get("ca_pem"),
    }
}

/// What goes back into the form: everything but the secret.
fn typed(form: &Pairs) -> StreamTyped {
    let text = |name: &str| form.get(name).to_owned();
    StreamTyped {
        receiver: text("receiver"),
        name: text("name"),
        format: text("format"),
        begin: text("begin"),
        url: text("url"),
        endpoint: text("endpoint"),
        bucket: text("bucket"),
        region: text("region"),
        prefix: text("prefix"),
        access_key: text("access_key"),
        host: text("host"),
        port: text("port"),
        ca_pem: text("ca_pem"),
    }
}

/// What is shown on a stream's page this once.
#[derive(Default)]
struct Extra {
    fresh: Option<String>,
    tested: Option<Tested>,
}

/// `GET /w/{slug}/streams/{id}`.
pub(super) async fn stream(caller: PageCaller, Path((_slug, id)): Path<(String, String)>) -> Answer {
    show(&caller, id_of(&id)?, Extra::default()).await
}

async fn show(caller: &PageCaller, id: StreamId, extra: Extra) -> Answer {
    let mut scope = caller.view().await?;
    let permit = scope.permit::<SeeStreams>(Whole).await?;
    let row = row_of(&mut scope, id).await?;
    let now = scope.now();
    let dead = streams::dead(&scope, &permit, id).await?;
    let letter = |dead: &streams::DeadRow| DeadLine {
        when: words::when(now, dead.died_at),
        records: records(dead.first, dead.last),
        why: failure(&dead.failure),
        state: match dead.state.as_str() {
            "sent" => Pill::new(Tone::Ok, "sent after all"),
            "skipped" => Pill::new(Tone::Idle, "left out"),
            _ => Pill::new(Tone::No, "waits"),
        },
    };
    let settings = settings_of(&row);
    let shown = StreamPage {
        frame: caller.frame(&scope, &row.name, Nav::Audit).await?,
        action: caller.path(&format!("/streams/{id}")),
        name: row.name.clone(),
        state: pill(row.state),
        state_text: state_text(&row),
        facts: facts(&row, settings.as_ref()),
        last_sent: row.last_sent_at.map(|at| words::when(now, at)),
        next_try: Some(row.due_at)
            .filter(|_| row.state == StreamState::Active && row.attempts > 0)
            .map(|at| words::when(now, at)),
        vkey: origin_of(&mut scope)
            .await?
            .and_then(|origin| origin::signing_key(scope.keys(), &origin).map(|key| key.verifier().to_string())),
        may_change: scope.atoms().has(Atom::StreamManage),
        can_pause: row.state == StreamState::Active,
        can_resume: row.state != StreamState::Active,
        can_skip: row.cut_last.filter(|_| row.state == StreamState::Error).map(|last| records(row.next, last)),
        can_rotate: settings.is_some_and(|settings| settings.secret().is_some()),
        dead: dead.iter().map(letter).collect(),
        fresh: extra.fresh,
        tested: extra.tested,
    };
    scope.finish();
    Ok(page(StatusCode::OK, &shown))
}

async fn row_of<M: Mode>(scope: &mut Scope<M>, id: StreamId) -> Result<StreamRow, Fail> {
    let permit = scope.permit::<SeeStreams>(Whole).await?;
    let found = streams::list(scope, &permit).await?.into_iter().find(|row| row.id == id);
    found.ok_or_else(Fail::not_found)
}

/// The name of the workspace's log, once it has one.
async fn origin_of<M: Mode>(scope: &mut Scope<M>) -> Result<Option<String>, Fail> {
    let permit = scope.permit::<SeeTrail>(Whole).await?;
    let note = leaves::head(scope, &permit).await?.and_then(|head| head.checkpoint);
    Ok(note.and_then(|note| note.lines().next().map(str::to_owned)))
}

fn settings_of(row: &StreamRow) -> Option<Settings> {
    row.settings.as_ref().and_then(|bytes| Settings::parse(bytes).ok())
}

/// `POST /w/{slug}/streams/{id}`.
pub(super) async fn stream_post(caller: PageCaller, Path((_slug, id)): Path<(String, String)>, form: Pairs) -> Answer {
    let id = id_of::<StreamId>(&id)?;
    let mut scope = caller.scope().await?;
    let done = match form.get("act") {
        "pause" => {
            let permit = scope.permit::<PauseStream>(id).await?;
            streams::pause(&mut scope, permit).await?;
            Done::StreamPaused
        }
        "resume" => {
            let permit = scope.permit::<ResumeStream>(id).await?;
            let trail = scope.permit::<SeeTrail>(Whole).await?;
            let newest = leaves::head(&scope, &trail).await?.map_or(1, |head| head.epoch);
            streams::resume(&mut scope, permit, newest).await?;
            Done::StreamResumed
        }
        "skip" => {
            let permit = scope.permit::<SkipBatch>(id).await?;
            let row = row_of(&mut scope, id).await?;
            if row.state != StreamState::Error || row.cut_last.is_none() {
                return Ok(see_other_with(&caller.path(&format!("/streams/{id}")), Done::StreamUnchanged));
            }
            streams::skip(&mut scope, permit).await?;
            Done::StreamSkipped
        }
        "remove" => {
            let permit = scope.permit::<RemoveStream>(id).await?;
            streams::remove(&mut scope, permit).await?;
            drop(scope.commit().await?);
            return Ok(see_other_with(&caller.path("/streams"), Done::StreamRemoved));
        }
        "rotate" => return rotate(&caller, scope, id).await,
        "test" => return test(&caller, scope, id).await,
        _ => return Err(Problem::malformed("The form does not say what to do.").into()),
    };
    drop(scope.commit().await?);
    Ok(see_other_with(&caller.path(&format!("/streams/{id}")), done))
}

async fn rotate(caller: &PageCaller, mut scope: Scope<tenancy::ReadWrite>, id: StreamId) -> Answer {
    let permit = scope.permit::<RotateStream>(id).await?;
    let row = row_of(&mut scope, id).await?;
    let rotated = settings_of(&row).and_then(|settings| settings.rotated(scope.now()));
    let Some(rotated) = rotated else {
        return Err(Problem::malformed("This receiver has no secret of ours.").into());
    };
    let bytes = rotated.to_bytes().map_err(|_| Problem::internal())?;
    streams::rotate(&mut scope, permit, &bytes, row.settings_version).await?;
    drop(scope.commit().await?);
    show(caller, id, Extra { fresh: rotated.secret().map(str::to_owned), tested: None }).await
}

/// The record is written before anything leaves, and the transaction has ended by then.
async fn test(caller: &PageCaller, mut scope: Scope<tenancy::ReadWrite>, id: StreamId) -> Answer {
    let permit = scope.permit::<TestStream>(id).await?;
    let row = row_of(&mut scope, id).await?;
    let origin = origin_of(&mut scope).await?.unwrap_or_else(|| "countersign".to_owned());
    let (workspace, at) = (scope.workspace(), scope.now());
    streams::tested(&mut scope, permit)?;
    drop(scope.commit().await?);
    let (Some(settings), Some(format)) = (settings_of(&row), Format::of(&row.format)) else {
        let text = "Its settings do not open: remove it and make it again.".to_owned();
        let tested = Tested { is_taken: false, text, said: String::new() };
        return show(caller, id, Extra { fresh: None, tested: Some(tested) }).await;
    };
    let outgoing = Outgoing { settings: &settings, private: caller.app.private_receivers, at };
    let sent = send_test(&outgoing, format, id, (&origin, workspace)).await;
    let tested = match sent {
        Ok(said) => Tested { is_taken: true, text: format!("The test event arrived: {}.", said.what), said: said.text },
        Err(why) => {
            let text = format!("The test event did not arrive: {why}.");
            Tested { is_taken: false, text, said: String::new() }
        }
    };
    show(caller, id, Extra { fresh: None, tested: Some(tested) }).await
}

fn pill(state: StreamState) -> Pill {
    match state {
        StreamState::Active => Pill::new(Tone::Ok, "active"),
        StreamState::Paused => Pill::new(Tone::Idle, "paused"),
        StreamState::Error => Pill::new(Tone::No, "stands still"),
        StreamState::Invalid => Pill::new(Tone::No, "cannot be used"),
    }
}

fn lag(row: &StreamRow) -> String {
    match (row.lag_leaves, row.lag_s) {
        (0, _) => "nothing".to_owned(),
        (leaves, Some(age_s)) => format!("{}, {}", words::count(leaf_count(leaves), "record", "records"), age(age_s)),
        (leaves, None) => words::count(leaf_count(leaves), "record", "records"),
    }
}

fn leaf_count(leaves: u64) -> i64 {
    i64::try_from(leaves).unwrap_or(i64::MAX)
}

fn age(age_s: f64) -> String {
    match age_s {
        s if s < 90.0 => format!("{s:.0} s"),
        s if s < 5_400.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.0} h", s / 3_600.0),
    }
}

/// Records by their numbers in the log, which begin with 1.
fn records(first: u64, last: u64) -> String {
    if first == last { format!("record {}", first + 1) } else { format!("records {} to {}", first + 1, last + 1) }
}

fn state_text(row: &StreamRow) -> String {
    let why = row.failure.as_deref().map(failure).unwrap_or_default();
    match row.state {
        StreamState::Active if row.attempts > 0 => {
            format!("{why} It is tried again; nothing is lost. Attempts so far: {}.", row.attempts)
        }
        StreamState::Active => "Records leave within seconds after they are signed.".to_owned(),
        StreamState::Paused => "Somebody paused it. It goes on where it stands; nothing is lost.".to_owned(),
        StreamState::Error => format!("{why} It stands still until somebody lets it go on; nothing is lost."),
        StreamState::Invalid => format!("{why} Let it go on once that is mended, or remove it."),
    }
}

/// A code of why, in words.
fn failure(code: &str) -> String {
    match code {
        "settings" => "Its settings do not open.",
        "address_inside" => "The receiver's address lies inside, where streams may not go.",
        "unresolved" => "The receiver's name has no address.",
        "unreachable" => "The receiver cannot be reached.",
        "tls" => "The receiver's certificate is not trusted, or TLS failed otherwise.",
        "too_slow" => "The receiver did not answer in time.",
        "broken_off" => "The receiver broke off.",
        "new_epoch" => "The log began anew under another name; going on begins with its first record.",
        "log_damaged" => "The log is not what was signed. Tell whoever answers for security.",
        "ourselves" => "We could not prepare the batch.",
        other => match other.strip_prefix("http_") {
            Some(status) => return format!("The receiver answered HTTP {status}."),
            None => "It failed.",
        },
    }
    .to_owned()
}

fn facts(row: &StreamRow, settings: Option<&Settings>) -> Vec<(String, String)> {
    let fact = |label: &str, value: String| (label.to_owned(), value);
    let format = match row.format.as_str() {
        "ocsf" => format!("OCSF {}", ledger::stream::OCSF_VERSION),
        "rfc5424" => "RFC 5424".to_owned(),
        _ => "lines of an export, with proof".to_owned(),
    };
    let made = |at: Timestamp| words::day(at);
    vec![
        fact("Goes to", settings.map_or_else(String::new, Settings::words)),
        fact("Format", format),
        fact("Made", made(row.created_at)),
        fact("Next record", (row.next + 1).to_string()),
        fact("Behind", lag(row)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_words() {
        assert_eq!(failure("http_503"), "The receiver answered HTTP 503.");
        for code in ["settings", "address_inside", "unresolved", "unreachable", "tls", "too_slow", "broken_off"] {
            assert_ne!(failure(code), "It failed.", "{code}");
        }
        assert_eq!(records(0, 0), "record 1");
        assert_eq!(records(0, 499), "records 1 to 500");
        assert_eq!([age(4.4), age(600.0), age(90_000.0)], ["4 s", "10 min", "25 h"]);
    }
}
