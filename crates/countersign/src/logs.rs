//! The application's log: to standard error, and its newest lines kept for the live check that reads them.
//!
//! Fields come from a list: whatever is not on it is counted, and the check turns red.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use claims::probe::{LogCounters, LogTail};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

/// Lines kept in memory.
const KEPT_LINES_MAX: usize = 4000;

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
    "attempts",
    "count",
    "port",
    "restarts",
    "reason",
    "error",
    "outbox",
    "effect",
    "workspace",
    "listener",
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
}

impl LogTail for Tail {
    fn counters(&self) -> LogCounters {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).counters
    }
    fn lines_containing(&self, needle: &str) -> usize {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.lines.iter().filter(|line| line.contains(needle)).count()
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
const ROOMS: &[&str] = &["countersign", "web", "tenancy", "identity", "requests", "channels", "claims", "seal"];

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
