//! The application's log: to standard error, and its newest lines kept for the live check that reads them.
//!
//! Fields come from a list: whatever is not on it is counted, and the check turns red.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use claims::probe::{LogCounters, LogTail, Watch};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

/// Lines kept in memory.
const KEPT_LINES_MAX: usize = 4000;
/// Searches at a time; the oldest ends when another begins.
const WATCHES_MAX: usize = 8;

/// Fields that may stand in a line: names of ours, numbers, codes. Never content.
const FIELDS: &[&str] = &[
    "message",
    "request_id",
    "method",
    "route",
    "status",
    "took_ms",
    "state",
    "kind",
    "code",
    "check",
    "attempt",
    "attempts",
    "delay_s",
    "letters",
    "pid",
    "count",
    "port",
    "restarts",
    "reason",
    "error",
    "outbox",
    "effect",
    "workspace",
    "witness",
    "listener",
    "stream",
    "wait_s",
    "failure",
    "what",
    "erasure",
    "records",
    "epoch",
    "log.target",
    "log.module_path",
    "log.file",
    "log.line",
];

/// The newest lines.
#[derive(Debug, Default)]
pub struct Tail {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    lines: VecDeque<String>,
    counters: LogCounters,
    /// Searches that go on: each with its texts and how often they stood in a line.
    watches: VecDeque<(Watch, Vec<(String, usize)>)>,
    watches_begun: u64,
}

impl LogTail for Tail {
    fn counters(&self) -> LogCounters {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).counters
    }
    fn watch(&self, needles: &[&str]) -> Watch {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let count = |needle: &str| kept.lines.iter().filter(|line| line.contains(needle)).count();
        let found = needles.iter().map(|needle| ((*needle).to_owned(), count(needle))).collect();
        let watch = Watch(kept.watches_begun);
        kept.watches_begun += 1;
        if kept.watches.len() == WATCHES_MAX {
            kept.watches.pop_front();
        }
        kept.watches.push_back((watch, found));
        watch
    }
    fn seen(&self, watch: Watch) -> Vec<usize> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(place) = kept.watches.iter().position(|(known, _)| *known == watch) else { return Vec::new() };
        let found = kept.watches.remove(place).map(|(_, found)| found).unwrap_or_default();
        found.into_iter().map(|(_, count)| count).collect()
    }
}

struct Writer {
    tail: Arc<Tail>,
    shown: Level,
}

struct Line {
    text: String,
    unknown: bool,
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.unknown |= !FIELDS.contains(&field.name());
        let written = if field.name() == "message" {
            write!(self.text, " {value:?}")
        } else {
            write!(self.text, " {}={value:?}", field.name())
        };
        self.unknown |= written.is_err();
    }
}

/// Rooms whose lines are kept. Libraries' own chatter stays out: its fields are nobody's list.
const ROOMS: &[&str] =
    &["countersign", "web", "tenancy", "identity", "requests", "channels", "claims", "ledger", "seal"];

fn is_kept(metadata: &Metadata<'_>) -> bool {
    let room = metadata.target().split("::").next().unwrap_or_default();
    *metadata.level() <= Level::DEBUG && ROOMS.contains(&room)
}

impl<S: Subscriber> Layer<S> for Writer {
    /// Asked once a place in the code: what is not kept costs nothing there afterwards.
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if is_kept(metadata) { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _context: Context<'_, S>) -> bool {
        is_kept(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::DEBUG)
    }

    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let level = *event.metadata().level();
        let target = event.metadata().target();
        let mut line = Line { text: format!("{level} {target}"), unknown: false };
        event.record(&mut line);
        if level <= self.shown {
            eprintln!("{}", line.text);
        }
        let mut kept = self.tail.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.counters.lines += 1;
        kept.counters.lines_with_unknown_fields += u64::from(line.unknown);
        for (needle, count) in kept.watches.iter_mut().flat_map(|(_, found)| found) {
            *count += usize::from(line.text.contains(needle.as_str()));
        }
        if kept.lines.len() == KEPT_LINES_MAX {
            kept.lines.pop_front();
        }
        kept.lines.push_back(line.text);
    }
}

/// Starts logging; `COUNTERSIGN_LOG=debug` shows every line, otherwise warnings and what an operator must know.
#[must_use]
pub fn start(shown: Level) -> Arc<Tail> {
    let tail = Arc::new(Tail::default());
    let writer = Writer { tail: Arc::clone(&tail), shown };
    if tracing_subscriber::registry().with(writer).try_init().is_err() {
        eprintln!("logging was started twice");
    }
    tail
}

/// How much is shown: `COUNTERSIGN_TEST_LOG=debug` in tests, else warnings and errors.
#[must_use]
pub fn level() -> Level {
    match std::env::var("COUNTERSIGN_TEST_LOG").as_deref() {
        Ok("debug") => Level::DEBUG,
        _ => Level::WARN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(tail: &Arc<Tail>, line: &str) {
        let writer = Writer { tail: Arc::clone(tail), shown: Level::ERROR };
        let log = tracing_subscriber::registry().with(writer);
        tracing::subscriber::with_default(log, || tracing::debug!(target: "web", "{line}"));
    }

    #[test]
    fn a_watch_sees_every_line_however_many_follow() {
        let tail = Arc::new(Tail::default());
        write(&tail, "before");
        let watch = tail.watch(&["before", "needle", "nothing"]);
        write(&tail, "a needle");
        for number in 0..=KEPT_LINES_MAX {
            write(&tail, &format!("line {number}"));
        }
        assert_eq!(tail.seen(watch), [1, 1, 0]);
        assert!(tail.seen(watch).is_empty(), "it has ended");
        assert_eq!(tail.seen(tail.watch(&["needle"])), [0], "long gone from what is kept");
    }

    #[test]
    fn the_oldest_watch_makes_room() {
        let tail = Tail::default();
        let first = tail.watch(&["x"]);
        let later: Vec<Watch> = (0..WATCHES_MAX).map(|_| tail.watch(&["x"])).collect();
        assert!(tail.seen(first).is_empty());
        assert_eq!(tail.seen(later[0]), [0]);
    }

    /// The fields that a source file's lines carry: `name = `, `%name,` and `name,` inside the macros of tracing.
    fn fields_in(source: &str) -> Vec<String> {
        let mut found = Vec::new();
        for level in ["error!(", "warn!(", "info!(", "debug!("] {
            for (at, _) in source.match_indices(&format!("tracing::{level}")) {
                let call = source[at..].split(");").next().unwrap_or_default();
                let fields =
                    call.split_once('(').map_or("", |(_, fields)| fields).split('"').next().unwrap_or_default();
                let names = fields.split(',').map(|field| field.split('=').next().unwrap_or_default());
                found.extend(names.map(|name| name.trim().trim_start_matches(['%', '?']).to_owned()));
            }
        }
        found.retain(|name| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'));
        found
    }

    #[test]
    fn every_field_of_our_lines_is_on_the_list() {
        let rooms = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let mut folders: Vec<_> = ROOMS.iter().map(|room| rooms.join(room).join("src")).collect();
        let mut seen = std::collections::BTreeSet::new();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
                if entry.is_dir() {
                    folders.push(entry);
                } else if entry.extension().is_some_and(|extension| extension == "rs") {
                    seen.extend(fields_in(&std::fs::read_to_string(entry).unwrap()));
                }
            }
        }
        assert!(seen.contains("letters") && seen.contains("request_id"), "the lines were found: {seen:?}");
        let unknown: Vec<&String> = seen.iter().filter(|name| !FIELDS.contains(&name.as_str())).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }

    #[test]
    fn libraries_are_not_kept() {
        let tail = Arc::new(Tail::default());
        let writer = Writer { tail: Arc::clone(&tail), shown: Level::ERROR };
        tracing::subscriber::with_default(tracing_subscriber::registry().with(writer), || {
            tracing::error!(target: "tokio_postgres::query", "executing");
            tracing::trace!(target: "web", "too fine");
            tracing::debug!(target: "webinar", "not ours");
            tracing::debug!(target: "web::edge", "ours");
        });
        assert_eq!(tail.counters().lines, 1);
    }
}
