//! Reads a log of events in XES (IEEE 1849), gzipped or plain: traces, each a name and its events'
//! names in order. Streamed, and bounded in every direction.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use flate2::read::GzDecoder;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::Failure;

/// Most bytes of XML, unpacked.
const XML_BYTES_MAX: u64 = 512 * 1024 * 1024;
/// Most traces of a log.
const TRACES_MAX: usize = 200_000;
/// Most events of a trace.
const EVENTS_MAX: usize = 10_000;
/// Deepest nesting of elements.
const DEPTH_MAX: usize = 32;

/// One case of the log.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Trace {
    pub(crate) name: String,
    /// `concept:name` of each event, in the log's order.
    pub(crate) events: Vec<String>,
}

/// Reads a file; a name that ends in `.gz` is unpacked.
pub(crate) fn read(path: &Path) -> Result<Vec<Trace>, Failure> {
    let file = File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let plain: Box<dyn Read> = if path.extension().is_some_and(|ending| ending == "gz") {
        Box::new(GzDecoder::new(BufReader::new(file)))
    } else {
        Box::new(file)
    };
    // One byte more than allowed shows as the end of a document that is not closed.
    parse(BufReader::new(plain.take(XML_BYTES_MAX)))
}

/// Where the reader stands.
#[derive(Default)]
struct Position {
    depth: usize,
    trace: Option<Trace>,
    /// Depth of the open `event` element.
    event_depth: Option<usize>,
    trace_depth: usize,
    event_name: Option<String>,
}

fn parse(input: impl BufRead) -> Result<Vec<Trace>, Failure> {
    let mut reader = Reader::from_reader(input);
    let mut buffer = Vec::new();
    let mut traces = Vec::new();
    let mut at = Position::default();
    loop {
        match reader.read_event_into(&mut buffer)? {
            Event::Start(element) => {
                at.depth += 1;
                if at.depth > DEPTH_MAX {
                    return Err(format!("elements nest deeper than {DEPTH_MAX}").into());
                }
                at.open(&element)?;
            }
            Event::Empty(element) => at.attribute(&element, at.depth + 1)?,
            Event::End(element) => {
                if let Some(trace) = at.close(element.name().as_ref())? {
                    traces.push(trace);
                    if traces.len() > TRACES_MAX {
                        return Err(format!("more than {TRACES_MAX} traces").into());
                    }
                }
                at.depth = at.depth.checked_sub(1).ok_or("an element ends that never began")?;
            }
            Event::Eof if at.depth == 0 => return Ok(traces),
            Event::Eof => return Err("the log ends within an element".into()),
            _ => {}
        }
        buffer.clear();
    }
}

impl Position {
    fn open(&mut self, element: &BytesStart<'_>) -> Result<(), Failure> {
        match element.name().as_ref() {
            "trace" if self.trace.is_none() => {
                self.trace = Some(Trace { name: String::new(), events: Vec::new() });
                self.trace_depth = self.depth;
            }
            "event" if self.trace.is_some() && self.event_depth.is_none() => {
                self.event_depth = Some(self.depth);
                self.event_name = None;
            }
            _ => self.attribute(element, self.depth)?,
        }
        Ok(())
    }

    /// Takes `<string key="concept:name" value="..."/>` right below a trace or an event.
    fn attribute(&mut self, element: &BytesStart<'_>, depth: usize) -> Result<(), Failure> {
        let Some(trace) = &mut self.trace else { return Ok(()) };
        if element.name().as_ref() != "string" {
            return Ok(());
        }
        let mut is_name = false;
        let mut value = None;
        for attribute in element.attributes() {
            let attribute = attribute?;
            match attribute.key.as_ref() {
                "key" => is_name = attribute.value.as_ref() == "concept:name",
                "value" => value = Some(attribute.value.into_owned()),
                _ => {}
            }
        }
        if let (true, Some(value)) = (is_name, value) {
            let value = quick_xml::escape::unescape(&value)?.into_owned();
            if self.event_depth.is_some_and(|event| depth == event + 1) {
                self.event_name = Some(value);
            } else if self.event_depth.is_none() && depth == self.trace_depth + 1 {
                trace.name = value;
            }
        }
        Ok(())
    }

    /// Ends an element; a finished trace comes back.
    fn close(&mut self, name: &str) -> Result<Option<Trace>, Failure> {
        if self.event_depth == Some(self.depth) && name == "event" {
            self.event_depth = None;
            if let (Some(trace), Some(event)) = (&mut self.trace, self.event_name.take()) {
                if trace.events.len() == EVENTS_MAX {
                    return Err(format!("{}: more than {EVENTS_MAX} events", trace.name).into());
                }
                trace.events.push(event);
            }
        }
        let ends = self.trace.is_some() && self.depth == self.trace_depth && name == "trace";
        Ok(if ends { self.trace.take() } else { None })
    }
}

#[cfg(test)]
mod tests {
    use super::{DEPTH_MAX, parse};

    const LOG: &str = r#"<?xml version="1.0"?><log><string key="concept:name" value="the log"/>
        <trace><string key="concept:name" value="permit 1"/>
          <event><date key="time:timestamp" value="2017-01-01T00:00:00+01:00"/>
            <string key="concept:name" value="A &amp; B"/></event>
          <event><string key="org:role" value="x"/><string key="concept:name" value="C"/></event>
        </trace><trace></trace></log>"#;

    #[test]
    fn traces_and_their_events_are_read_in_order() {
        let traces = parse(LOG.as_bytes()).expect("a good log");
        assert_eq!(traces.len(), 2);
        assert_eq!(traces[0].name, "permit 1");
        assert_eq!(traces[0].events, ["A & B", "C"]);
        assert!(traces[1].events.is_empty());
    }

    #[test]
    fn half_a_log_and_a_deep_one_are_refused() {
        assert!(parse(&LOG.as_bytes()[..LOG.len() - 20]).is_err());
        let nested = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
        assert!(parse(nested(DEPTH_MAX).as_bytes()).is_ok());
        assert!(parse(nested(DEPTH_MAX + 1).as_bytes()).is_err());
    }
}
