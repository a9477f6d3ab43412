//! The bounds that the configuration sets, each at the bound and past it, against the real binary.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use tokio::net::TcpSocket;

use crate::server::{Place, Server, answer};

/// Where these tests ask from.
const ELSEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

/// Another place.
const THIRD: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 3));

fn limited(limits: &str) -> Server {
    let place = Place::new();
    std::fs::create_dir_all(place.data()).unwrap();
    std::fs::write(place.data().join("countersign.toml"), format!("[limits]\n{limits}")).unwrap();
    Server::start_at(place)
}

/// A connection on the plain listener from [`ELSEWHERE`], with a time after which a read gives up.
async fn connect(server: &Server) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::new(ELSEWHERE, 0)).unwrap();
    let listener = server.base.strip_prefix("http://").unwrap().parse().unwrap();
    let stream = socket.connect(listener).await.unwrap().into_std().unwrap();
    stream.set_nonblocking(false).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

/// The status of an answer; nothing where the connection was closed instead.
fn status(stream: &mut TcpStream) -> Option<u16> {
    let mut head = [0; 12];
    stream.read_exact(&mut head).ok()?;
    std::str::from_utf8(&head[9..]).unwrap().parse().ok()
}

/// Begins a request and does not end it: its body is announced and never comes.
async fn half_a_request(server: &Server, token: &str) -> TcpStream {
    let mut stream = connect(server).await;
    let head = format!(
        "POST /api/v1/requests HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream
}

#[tokio::test]
async fn bodies_are_read_to_the_configured_bound_and_no_further() {
    let server = limited("body_max_bytes = 2048");
    let member = server.caller("member");
    let send = |bytes: usize| {
        let asked = member.ask("POST", "/api/v1/requests").header("content-type", "application/json");
        answer(asked.body(vec![b' '; bytes]))
    };
    assert_eq!(send(2048).await.problem(400), "malformed", "read, and nothing but spaces");
    let refused = send(2049).await;
    assert_eq!(refused.problem(413), "too-large");
    assert!(refused.text().contains("At most 2048 bytes."), "{}", refused.text());
    let person = server.signed_in("sample", "member@sample.test").await;
    let form = |bytes: usize| format!("x={}", "x".repeat(bytes - 2));
    assert_eq!(person.form("/w/sample/new/purchase", &form(2049)).await.status, 413);
    assert_ne!(person.form("/w/sample/new/purchase", &form(2048)).await.status, 413);
}

#[tokio::test]
async fn a_request_that_does_not_end_is_given_up_in_its_time() {
    let server = limited("request_timeout_ms = 1000");
    let member = server.caller("member");
    let begun = Instant::now();
    let mut stream = half_a_request(&server, member.token()).await;
    assert_eq!(status(&mut stream), Some(503));
    assert!(begun.elapsed() >= Duration::from_millis(1_000), "not before its time");
}

#[tokio::test]
async fn one_address_is_answered_to_its_share_and_no_further() {
    // A quarter of eight is two.
    let server = limited("requests_in_flight_max = 8\nrequest_timeout_ms = 8000");
    let member = server.caller("member").at(ELSEWHERE);
    let mut first = half_a_request(&server, member.token()).await;
    let tasks = || member.get("/api/v1/tasks");
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(tasks().await.status, 200, "the second of two");
    let mut second = half_a_request(&server, member.token()).await;
    // A question that overtakes it would take the second place, and it would be refused instead.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let begun = Instant::now();
    let refused = loop {
        match tasks().await {
            answer if answer.status == 200 && begun.elapsed() < Duration::from_secs(5) => {}
            answer => break answer,
        }
    };
    assert_eq!((refused.problem(429).as_str(), refused.header("retry-after")), ("too-many-at-once", "1"));
    assert_eq!(member.get("/health/live").await.status, 200, "whoever balances is answered");
    let elsewhere = server.caller("member").at(THIRD);
    assert_eq!(elsewhere.get("/api/v1/tasks").await.status, 200, "another address has its own share");
    for stream in [&mut first, &mut second] {
        assert_eq!(status(stream), Some(503), "given up in its time");
    }
    assert_eq!(tasks().await.status, 200, "what ended makes room");
}

#[tokio::test]
async fn one_address_has_its_connections_and_not_one_more() {
    let server = limited("connections_per_address_max = 4");
    let ask = |stream: &mut TcpStream| {
        let sent = stream.write_all(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n");
        sent.ok().and_then(|()| status(stream))
    };
    let mut open = Vec::new();
    for _ in 0..4 {
        let mut stream = connect(&server).await;
        assert_eq!(ask(&mut stream), Some(200));
        open.push(stream);
    }
    assert_eq!(ask(&mut connect(&server).await), None, "closed before a byte of it was read");
    assert_eq!(server.nobody().at(THIRD).get("/health/live").await.status, 200, "another address has its own");
    open.pop();
    let begun = Instant::now();
    while ask(&mut connect(&server).await) != Some(200) {
        assert!(begun.elapsed() < Duration::from_secs(20), "what was closed makes room");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
