//! A load generator for HTTP/1.1: the same bytes again and again over keep-alive connections, from
//! one thread and with as little work of its own as it takes to know an answer from another.

use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::Failure;

/// Connections at a time, as `pgbench -c`.
pub(super) const CONNECTIONS: usize = 8;

/// Longest answer.
const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// Operations of a phase, how long they took, and what they cost the server and its database.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Tally {
    pub(super) operations: u64,
    pub(super) elapsed: Duration,
    pub(super) cpu_us: u64,
}

impl Tally {
    pub(super) fn add(&mut self, other: Self) {
        self.operations += other.operations;
        self.elapsed += other.elapsed;
        self.cpu_us += other.cpu_us;
    }

    /// Operations a second.
    pub(super) fn per_s(&self) -> f64 {
        count(self.operations) / self.elapsed.as_secs_f64().max(f64::EPSILON)
    }

    /// Microseconds of CPU an operation.
    pub(super) fn cpu_us_each(&self) -> f64 {
        count(self.cpu_us) / count(self.operations).max(1.0)
    }
}

/// Counts of a bench are far below the 2^53 that a float holds exactly.
pub(super) fn count(value: u64) -> f64 {
    let high = u32::try_from(value >> 32).unwrap_or(u32::MAX);
    let low = u32::try_from(value & 0xffff_ffff).unwrap_or(u32::MAX);
    f64::from(high) * 4_294_967_296.0 + f64::from(low)
}

/// One request, ready to be written, and the status that counts as done.
pub(super) struct Load {
    address: String,
    bytes: Vec<u8>,
    status: u16,
}

impl Load {
    /// GET that must answer 200.
    pub(super) fn get(base: &str, path: &str, token: &str) -> Result<Self, Failure> {
        let address = address(base)?;
        let head = format!(
            "GET {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\naccept: application/json\r\n\r\n"
        );
        Ok(Self { address, bytes: head.into_bytes(), status: 200 })
    }

    /// POST that must answer 201.
    pub(super) fn post(base: &str, path: &str, token: &str, body: &Value) -> Result<Self, Failure> {
        let address = address(base)?;
        let body = body.to_string();
        let length = body.len();
        let message = format!(
            "POST {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        Ok(Self { address, bytes: message.into_bytes(), status: 201 })
    }

    /// Sends it over all connections for `length`; an error on the first other answer.
    #[tokio::main(flavor = "current_thread")]
    pub(super) async fn run(&self, length: Duration) -> Result<Tally, Failure> {
        let mut streams = Vec::new();
        for _ in 0..CONNECTIONS {
            streams.push(connected(&self.address).await?);
        }
        let begin = Instant::now();
        let mut running = JoinSet::new();
        for stream in streams {
            running.spawn(repeat(stream, self.bytes.clone(), self.status, begin + length));
        }
        let mut operations = 0;
        while let Some(done) = running.join_next().await {
            operations += done??;
        }
        Ok(Tally { operations, elapsed: begin.elapsed(), cpu_us: 0 })
    }
}

pub(super) fn address(base: &str) -> Result<String, Failure> {
    Ok(base.strip_prefix("http://").ok_or("load is sent over plain HTTP")?.to_owned())
}

/// Sends on a schedule: message `n` of a connection is due `n` intervals after its start, whether or not the one before was
/// answered in time. Says how many were answered.
pub(super) async fn paced(
    address: &str,
    bytes: &[u8],
    status: u16,
    start: Instant,
    interval: Duration,
    until: Instant,
) -> Result<u64, Failure> {
    let mut stream = connected(address).await?;
    let mut buffer = vec![0; ANSWER_BYTES_MAX];
    let (mut operations, mut due) = (0, start);
    while due < until {
        tokio::time::sleep_until(due.into()).await;
        exchange(&mut stream, bytes, status, &mut buffer).await?;
        operations += 1;
        due += interval;
    }
    Ok(operations)
}

/// Sends each message once, one after the other, and says how long each answer took and how long the longest was.
pub(super) async fn timed(address: &str, messages: &[Vec<u8>], status: u16) -> Result<(Vec<Duration>, usize), Failure> {
    let mut stream = connected(address).await?;
    let mut buffer = vec![0; ANSWER_BYTES_MAX];
    let (mut times, mut longest) = (Vec::with_capacity(messages.len()), 0);
    for message in messages {
        let begin = Instant::now();
        longest = exchange(&mut stream, message, status, &mut buffer).await?.max(longest);
        times.push(begin.elapsed());
    }
    Ok((times, longest))
}

async fn connected(address: &str) -> Result<TcpStream, Failure> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn repeat(mut stream: TcpStream, bytes: Vec<u8>, status: u16, until: Instant) -> Result<u64, Failure> {
    let mut buffer = vec![0; ANSWER_BYTES_MAX];
    let mut operations = 0;
    while Instant::now() < until {
        exchange(&mut stream, &bytes, status, &mut buffer).await?;
        operations += 1;
    }
    Ok(operations)
}

/// Sends a message and reads its answer; how many bytes that had.
async fn exchange(stream: &mut TcpStream, bytes: &[u8], status: u16, buffer: &mut [u8]) -> Result<usize, Failure> {
    stream.write_all(bytes).await?;
    let mut filled = 0;
    let answer = loop {
        // Reading before there is anything would cost a call of the system for nothing.
        stream.readable().await?;
        let read = match stream.try_read(&mut buffer[filled..]) {
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => continue,
            other => other?,
        };
        if read == 0 {
            return Err("the connection ended within an answer".into());
        }
        filled += read;
        if let Some(answer) = whole(&buffer[..filled])? {
            break answer;
        }
    };
    if answer != status {
        let text = String::from_utf8_lossy(&buffer[..filled.min(600)]).into_owned();
        return Err(format!("answered {answer} instead of {status}: {text}").into());
    }
    Ok(filled)
}

/// The status of an answer that is there as a whole; `None` while bytes are missing.
fn whole(bytes: &[u8]) -> Result<Option<u16>, Failure> {
    let Some(head_end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = std::str::from_utf8(&bytes[..head_end])?;
    let mut lines = head.split("\r\n");
    let status: u16 = lines.next().and_then(|line| line.get(9..12)).ok_or("no status line")?.parse()?;
    let length: usize = lines
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .ok_or("an answer without content-length")?
        .1
        .trim()
        .parse()?;
    Ok((bytes.len() >= head_end + 4 + length).then_some(status))
}

#[cfg(test)]
mod tests {
    use super::{Tally, whole};
    use std::time::Duration;

    #[test]
    fn an_answer_is_whole_with_its_last_byte() {
        let answer = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}";
        assert_eq!(whole(answer).expect("well formed"), Some(201));
        assert_eq!(whole(&answer[..answer.len() - 1]).expect("so far"), None);
        assert_eq!(whole(&answer[..10]).expect("so far"), None);
        assert!(whole(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }

    #[test]
    fn a_tally_divides() {
        let tally = Tally { operations: 10, elapsed: Duration::from_secs(2), cpu_us: 1000 };
        assert!((tally.per_s() - 5.0).abs() < 1e-9);
        assert!((tally.cpu_us_each() - 100.0).abs() < 1e-9);
    }
}
