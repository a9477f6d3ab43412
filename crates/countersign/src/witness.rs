//! `countersign witness`: a witness's listener (C2SP tlog-witness). It shares nothing with a server but the program.
//!
//! One line a request is logged: status and duration, never what was sent.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Path, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use axum_server::Handle;
use ledger::witness::{self, BODY_BYTES_MAX, Witness, WitnessError};
use web::{InFlight, Limits};

use crate::admitted::Admitted;
use crate::cli::{self, Stated};
use crate::data_dir::{EXIT_IN_USE, LOCK_FILE};
use crate::serve::Signals;
use crate::{audit_commands, listeners, logs, privileges};

/// Requests worked on at a time; one address has a quarter of them, and so has a proxy that stands in front.
const REQUESTS_IN_FLIGHT_MAX: usize = 128;
/// Open connections of one address.
const CONNECTIONS_MAX: usize = 256;
/// Longest that the headers of a request may take.
const HEADER_TIME_MAX: Duration = Duration::from_secs(5);
/// Longest that an answer may take, its request's body included.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);

const PLAIN_TEXT: &str = "text/plain; charset=utf-8";

pub(crate) fn run(flags: &cli::Witness) -> Result<ExitCode, String> {
    // Read as whoever typed the command; the folder's user may not see them.
    let mut logs = Vec::new();
    for path in &flags.logs {
        let keys = witness::keys_of(&audit_commands::read(path)?);
        logs.extend(keys.map_err(|why| format!("{}: {why}", path.display()))?);
    }
    let listen = flags.listen;
    if !listen.ip().to_canonical().is_loopback() && flags.behind_tls_proxy == Stated::No {
        return Err(format!(
            "{listen} is not loopback, and plain HTTP is served on loopback only; listen there and put a TLS proxy in \
             front, or state that one is there with --behind-tls-proxy yes"
        ));
    }
    if flags.data.join(LOCK_FILE).exists() {
        return Err(format!("{} is a server's; a witness has a folder of its own", flags.data.display()));
    }
    privileges::drop_to_owner_of(&flags.data).map_err(|error| error.to_string())?;
    if flags.print_key {
        println!("{}", witness::key(&flags.data, &flags.name).map_err(|error| error.to_string())?);
        return Ok(ExitCode::SUCCESS);
    }
    if logs.is_empty() {
        return Err("no key of a log was given; `countersign audit keys` prints those of an installation".to_owned());
    }
    let witness = match Witness::open(&flags.data, &flags.name, logs) {
        Ok(witness) => Arc::new(witness),
        Err(error @ WitnessError::InUse(_)) => {
            eprintln!("countersign: {error}");
            return Ok(ExitCode::from(EXIT_IN_USE));
        }
        Err(error) => return Err(error.to_string()),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let ended = runtime.block_on(serve(listen, witness));
    // What is being stored is stored before the end: the lock goes with the process.
    runtime.shutdown_timeout(ANSWER_TIME_MAX);
    ended.map(|()| ExitCode::SUCCESS)
}

async fn serve(listen: SocketAddr, witness: Arc<Witness>) -> Result<(), String> {
    let mut signals = Signals::heard()?;
    let _tail = logs::start(logs::level());
    let listener = listeners::bind(listen, "--listen")?;
    let address = listeners::address(&listener)?;
    let handle = Handle::new();
    let mut server = axum_server::from_tcp(listener)
        .map_err(|error| error.to_string())?
        .acceptor(Admitted::of_at_most(CONNECTIONS_MAX, &[]))
        .handle(handle.clone());
    listeners::bounded(server.http_builder(), HEADER_TIME_MAX);
    let key = witness.key().to_string();
    let serving = tokio::spawn(server.serve(router(witness).into_make_service_with_connect_info::<SocketAddr>()));
    say(&format!("ready http://{address}\nvkey {key}\n"));
    signals.any().await;
    handle.graceful_shutdown(Some(Duration::from_secs(3)));
    match tokio::time::timeout(ANSWER_TIME_MAX, serving).await {
        Ok(Ok(Err(error))) => Err(format!("the listener ended: {error}")),
        _ => Ok(()),
    }
}

/// Whoever started us may have read `ready` and closed the pipe: no reason to end.
fn say(lines: &str) {
    let mut stdout = std::io::stdout().lock();
    let said = std::io::Write::write_all(&mut stdout, lines.as_bytes());
    if said.and_then(|()| std::io::Write::flush(&mut stdout)).is_err() {
        tracing::warn!("nobody reads what is said at the start");
    }
}

fn router(witness: Arc<Witness>) -> Router {
    let limits = Limits::new(BODY_BYTES_MAX, REQUESTS_IN_FLIGHT_MAX, ANSWER_TIME_MAX);
    Router::new()
        .route("/add-checkpoint", post(add_checkpoint))
        .route("/{origin}/checkpoint", get(checkpoint))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn(guard))
        .layer(Extension(limits))
        .with_state(witness)
}

fn text(status: StatusCode, kind: &'static str, body: String) -> Response {
    let kept = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (status, kept, body).into_response()
}

/// Bounds requests in number and time, and logs a line for each.
async fn guard(
    Extension(limits): Extension<Limits>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    mut request: Request,
    next: Next,
) -> Response {
    let begun = Instant::now();
    let answer = match limits.enter(peer.ip()) {
        Ok(in_flight) => {
            request.extensions_mut().insert(Arc::new(in_flight));
            let answered = tokio::time::timeout(ANSWER_TIME_MAX, next.run(request)).await;
            answered.unwrap_or_else(|_| {
                text(StatusCode::SERVICE_UNAVAILABLE, PLAIN_TEXT, "This took too long and was given up.\n".to_owned())
            })
        }
        Err(crowded) => {
            let mut refused = text(crowded.status(), PLAIN_TEXT, format!("{}\n", crowded.sentence()));
            refused.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("1"));
            refused
        }
    };
    let took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::debug!(status = answer.status().as_u16(), took_ms, "answered");
    answer
}

async fn add_checkpoint(
    State(witness): State<Arc<Witness>>,
    Extension(in_flight): Extension<Arc<InFlight>>,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let body = match body {
        Ok(body) => body,
        Err(refused) if refused.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            let words = format!("the request has more than {BODY_BYTES_MAX} bytes\n");
            return text(StatusCode::PAYLOAD_TOO_LARGE, PLAIN_TEXT, words);
        }
        Err(_) => return text(StatusCode::BAD_REQUEST, PLAIN_TEXT, "the request breaks off\n".to_owned()),
    };
    // A clock before 1970 or none at all is said by the witness itself.
    let now_s = u64::try_from(jiff::Timestamp::now().as_second()).unwrap_or(0);
    // A request counts until the disk has answered, also when nobody waits for it any more.
    let answer = move || {
        let answer = witness.answer(&body, now_s);
        drop(in_flight);
        answer
    };
    let answered = tokio::task::spawn_blocking(answer).await;
    match answered {
        Ok(Ok(answer)) => {
            let status = StatusCode::from_u16(answer.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            text(status, answer.content_type(), answer.body())
        }
        Ok(Err(error)) => {
            tracing::error!(%error, "nothing is cosigned");
            failed()
        }
        Err(_) => {
            tracing::error!("an answer panicked");
            failed()
        }
    }
}

fn failed() -> Response {
    text(StatusCode::INTERNAL_SERVER_ERROR, PLAIN_TEXT, format!("{}\n", WitnessError::InDoubt))
}

async fn checkpoint(State(witness): State<Arc<Witness>>, Path(origin): Path<String>) -> Response {
    match witness.cosigned(&origin) {
        Some(note) => text(StatusCode::OK, PLAIN_TEXT, note.to_string()),
        None => text(StatusCode::NOT_FOUND, PLAIN_TEXT, "nothing of this log was cosigned\n".to_owned()),
    }
}
