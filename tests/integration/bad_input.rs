//! Input that nobody should send: it gets its documented answer and changes nothing. Over the API, the forms, the
//! command line and the configuration.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::process::Output;
use std::time::Duration;

use serde_json::{Value, json};

use crate::server::{Answer, Caller, Place, Server, answer, command, purchase, run};

/// Deepest nesting of a JSON body.
const DEPTH_MAX: usize = 32;

/// How much there is: requests that somebody sees, and records of the workspace's first pages.
async fn amount(owner: &Caller) -> (usize, Value) {
    let count = |answer: Answer| answer.json()["items"].as_array().unwrap().len();
    let requests = count(owner.get("/api/v1/requests?scope=all&limit=200").await);
    // The courier delivers in its own time; what people do is counted.
    let records = owner.get("/api/v1/audit-events?limit=200").await.json();
    let acts = records["items"].as_array().unwrap().iter();
    let newest = acts.map(|act| &act["action"]).find(|action| action.as_str().unwrap().starts_with("request."));
    (requests, newest.cloned().unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_input_is_answered_and_changes_nothing() {
    let server = Server::start();
    let (member, owner) = (server.caller("member"), server.caller("owner"));
    let (id, _) = member.submit("The one that stays", "10.00").await;
    let before = (amount(&owner).await, owner.records_about(&id).await);
    bodies_of_the_api(&member, &id).await;
    values_of_a_form(&member).await;
    things_of_another_workspace(&server, &member).await;
    forms(&server, &id).await;
    half_sent(&server, &member);
    assert_eq!((amount(&owner).await, owner.records_about(&id).await), before, "nothing was changed");
    decisions_at_once(&server, &owner).await;
    command_lines(&server);
}

async fn bodies_of_the_api(member: &Caller, id: &str) {
    let paths = ["/api/v1/requests".to_owned(), format!("/api/v1/requests/{id}/comments")];
    for path in &paths {
        let send =
            |body: Vec<u8>| answer(member.ask("POST", path).header("content-type", "application/json").body(body));
        for malformed in [
            &b""[..],
            b"{",
            b"[]",
            b"null",
            b"7",
            b"\"text\"",
            b"{\"body\": \"a\", \"body\": \"b\"}",
            b"{\"process\": \"purchase\", \"process\": \"purchase\", \"values\": {}}",
            b"{\"body\": \"a\"} {}",
            b"{\"body\": \"\xff\xfe\"}",
            b"{\"body\": \"\\ud800\"}",
            b"{\"body\": \"a\", \"unknown\": 1}",
            b"{\"body\": 7, \"values\": 7}",
            b"{\"process\": \"purchase\", \"values\": {}, \"submit\": \"yes\"}",
            b"{\"body\": NaN}",
        ] {
            let refused = send(malformed.to_vec()).await;
            assert_eq!(refused.problem(400), "malformed", "{path} {}", String::from_utf8_lossy(malformed));
        }
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth)).into_bytes();
        let too_deep = send(nested(DEPTH_MAX + 1)).await;
        assert_eq!(too_deep.problem(400), "malformed");
        assert!(too_deep.text().contains("nested too deeply"), "{}", too_deep.text());
        let at_the_bound = send(nested(DEPTH_MAX)).await.text();
        assert!(!at_the_bound.contains("nested"), "only its type is wrong: {at_the_bound}");
        send(nested(100_000)).await.problem(400);
        send(vec![b' '; (1 << 20) + 1]).await.problem(413);
        send(vec![b' '; 1 << 20]).await.problem(400);
    }
    let long = json!({"body": "é".repeat(20_001)});
    member.post(&paths[1], &long).await.problem(422);
}

async fn values_of_a_form(member: &Caller) {
    let good = purchase("Good", "1.00");
    for (field, value) in [
        ("title", json!(["a"])),
        ("title", json!({"a": 1})),
        ("title", json!("x".repeat(81))),
        ("title", json!("\u{0}")),
        ("category", json!("weapons")),
        ("total", json!(5)),
        ("total", json!({"amount": "1e9", "currency": "EUR"})),
        ("total", json!({"amount": "-0.01", "currency": "EUR"})),
        ("total", json!({"amount": "1.005", "currency": "EUR"})),
        ("total", json!({"amount": "1.00", "currency": "XXX"})),
        ("total", json!({"amount": "9".repeat(60), "currency": "EUR"})),
        ("needed_by", json!("2026-02-30")),
        ("needed_by", json!("0000-00-00")),
        ("needed_by", json!(20_261_130)),
        ("unknown_field", json!("x")),
    ] {
        let mut bad = good.clone();
        bad["values"][field] = value;
        let refused = member.post("/api/v1/requests", &bad).await;
        assert_eq!(refused.problem(422), "invalid-values", "{bad}");
        let body = refused.json();
        let pointer = body["errors"][0]["pointer"].as_str().unwrap();
        assert!(pointer.starts_with(&format!("/values/{field}")), "{bad}: {body}");
    }
    for key in ["\u{0}", "", "Purchase", "purchase ", "../purchase", "' OR true --"] {
        let refused = member.post("/api/v1/requests", &json!({"process": key, "values": {}})).await;
        assert_eq!(refused.problem(404), "not-found", "{key:?}");
    }
    for path in ["/api/v1/processes/%00", "/api/v1/reports/a%00", "/api/v1/audit-events?action=%00"] {
        assert_eq!(member.get(path).await.problem(404), "not-found", "{path}");
    }
    let number = json!({"process": "purchase", "values": {"title": 1.5}});
    let refused = member.post("/api/v1/requests", &number).await;
    assert!([400, 422].contains(&refused.status), "{}", refused.text());
}

async fn things_of_another_workspace(server: &Server, member: &Caller) {
    server.workspace("northwind", "ana@northwind.test");
    let ana = server.caller_with("northwind", "ana@northwind.test", crate::server::ALL_SCOPES);
    let text = include_str!("../../crates/requests/samples/travel.json");
    let mut document: Value = serde_json::from_str(text).unwrap();
    document["key"] = json!("trip");
    for stage in document["stages"].as_array_mut().unwrap() {
        if stage["kind"] == "approval" {
            stage["approvers"] = json!([{"role": "owner"}]);
            stage["fallback"] = json!({"role": "owner"});
        }
    }
    document["access"] = json!({});
    let published = ana.post("/api/v1/processes", &json!({"document": document})).await;
    let person = ana.get("/api/v1/people").await.json()["items"][0]["id"].as_str().unwrap().to_owned();
    if published.status == 201 {
        assert_eq!(
            member.post("/api/v1/requests", &json!({"process": "trip", "values": {}})).await.problem(404),
            "not-found"
        );
    }
    let unknown = uuid::Uuid::now_v7();
    let foreign = server.caller("owner").get(&format!("/api/v1/people/{person}")).await;
    let absent = server.caller("owner").get(&format!("/api/v1/people/{unknown}")).await;
    assert_eq!(
        (foreign.problem(404), foreign.json()["title"].clone()),
        (absent.problem(404), absent.json()["title"].clone())
    );
}

async fn forms(server: &Server, id: &str) {
    let member = server.signed_in("sample", "member@sample.test").await;
    let new = "/w/sample/new/purchase";
    let comment = format!("/w/sample/requests/{id}/comment");
    for path in [new, comment.as_str()] {
        let pairs = "a=1&".repeat(2_000);
        assert_eq!(member.form(path, &pairs).await.status, 400, "{path}: more pairs than a form has");
        assert_eq!(member.form(path, &format!("text={}", "x".repeat(1 << 20))).await.status, 413, "{path}");
        for kind in ["application/json", "text/plain", "multipart/form-data; boundary=x"] {
            let asked = member.ask("POST", path).header("origin", &server.base).header("content-type", kind);
            assert_eq!(answer(asked.body("text=x")).await.status, 415, "{path} {kind}");
        }
        let form = "application/x-www-form-urlencoded";
        for (header, value) in [("origin", "https://evil.test"), ("sec-fetch-site", "cross-site"), ("x-none", "none")] {
            let asked = member.ask("POST", path).header("content-type", form).header(header, value);
            answer(asked.body("text=x")).await.problem(403);
        }
    }
    let key = "submission_key=aaaaaaaaaaaaaaaaaaaaaa";
    for bad in [
        key.to_owned(),
        format!("{key}&f.title=%FF%FE&f.category=weapons&f.total.amount=much&f.total.currency=EUR"),
        format!("{key}&f.title=A&f.category=hardware&f.total.amount=1.00&f.total.currency=XXX"),
        format!("{key}&f.title={}&f.category=hardware&f.total.amount=1&f.total.currency=EUR", "x".repeat(81)),
    ] {
        let refused = member.form(new, &bad).await;
        assert_eq!(refused.status, 422, "{bad}: {}", refused.text());
        assert!(refused.text().contains("aria-invalid=\"true\""), "{bad}");
    }
    assert_eq!(member.form(&comment, &format!("{key}&text=+")).await.status, 422);
    assert_eq!(member.form(&comment, &format!("{key}&text={}", "x".repeat(20_001))).await.status, 422);
    let decide = format!("/w/sample/requests/{id}/decide");
    let unknown = uuid::Uuid::now_v7();
    for bad in ["", "decision=approve", "task=x&decision=approve", &format!("task={unknown}&decision=maybe")] {
        let status = member.form(&decide, bad).await.status;
        assert!([400, 404].contains(&status), "{bad}: {status}");
    }
    for path in ["/w/sample/requests/x", "/w/none/", "/w/sample/people?after=x&after=y", "/w/%00/", "/w/../etc/passwd"]
    {
        let status = member.get(path).await.status;
        assert!((400..500).contains(&status), "{path}: {status}");
    }
}

/// Connections that end in the middle of a body, of a header and of a line.
fn half_sent(server: &Server, member: &Caller) {
    let address = server.base.strip_prefix("http://").unwrap();
    let body = purchase("Half", "1.00").to_string();
    let head = format!(
        "POST /api/v1/requests HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        member.token(),
        body.len()
    );
    let whole = format!("{head}{body}");
    for sent in [whole.len() - 1, head.len() + 1, head.len(), head.len() - 2, 10] {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream.write_all(&whole.as_bytes()[..sent]).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut given = Vec::new();
        // A reset is an answer as well.
        drop(stream.read_to_end(&mut given));
        let given = String::from_utf8_lossy(&given).into_owned();
        assert!(given.is_empty() || given.starts_with("HTTP/1.1 4"), "{sent} bytes: {given}");
    }
    for nonsense in ["\0\0\0\0\r\n\r\n", "GET\r\n\r\n", "POST / HTTP/9.9\r\n\r\n", "\u{16}\u{3}\u{1}\u{2}"] {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream.write_all(nonsense.as_bytes()).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut given = Vec::new();
        drop(stream.read_to_end(&mut given));
        assert!(given.is_empty() || given.starts_with(b"HTTP/1.1 4"), "{:?}", String::from_utf8_lossy(&given));
    }
}

/// Ten decisions on one task at once: one counts, and has one record.
async fn decisions_at_once(server: &Server, owner: &Caller) {
    let (member, manager) = (server.caller("member"), server.caller("manager"));
    let (id, etag) = member.submit("Raced for", "20.00").await;
    let task = manager.task_of(&id).await.unwrap();
    let mut asked = tokio::task::JoinSet::new();
    for turn in 0..10 {
        let decision = if turn % 2 == 0 { "approve" } else { "reject" };
        let (manager, id, etag) = (manager.clone(), id.clone(), etag.clone());
        let body = json!({"task": task, "decision": decision, "reason": "First come."});
        asked.spawn(async move { manager.decide(&id, &etag, &body).await });
    }
    let answers = asked.join_all().await;
    assert_eq!(answers.iter().filter(|given| given.status == 201).count(), 1);
    for refused in answers.iter().filter(|given| given.status != 201) {
        refused.problem(409);
    }
    assert_eq!(owner.records_about(&id).await.values().sum::<usize>(), 2);
}

/// Holds a refused command against what a command owes: a code other than 0, nothing printed, and a sentence.
fn refused(output: &Output, words: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{words}");
    assert!(output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(said.contains(words), "\"{words}\" is not in: {said}");
    assert!(!said.contains("panicked"), "{said}");
}

fn command_lines(server: &Server) {
    let token = |workspace: &str, person: &str, scopes: &str, days: &str| {
        server.run(&["token", "create", "--workspace", workspace, "--as", person, "--scopes", scopes, "--days", days])
    };
    let who = "member@sample.test";
    refused(&server.run(&["token", "create", "--nonsense"]), "--nonsense");
    refused(&server.run(&["nonsense"]), "nonsense");
    refused(&token("sample", who, "requests:all", "1"), "\"requests:all\" is no scope");
    refused(&token("nowhere", who, "requests:read", "1"), "there is no workspace \"nowhere\"");
    refused(&token("sample", "nobody@sample.test", "requests:read", "1"), "nobody with this address");
    for days in ["0", "366", "many"] {
        refused(&token("sample", who, "requests:read", days), "days");
    }
    refused(&server.run(&["link", "create", "--as", "no address"]), "email");
    for slug in ["x", "Sample", "sam ple", "sample"] {
        refused(&server.run(&["workspace", "create", slug]), "");
    }
    let file = server.place().path("bad.json");
    let publish = |text: &[u8]| {
        std::fs::write(&file, text).unwrap();
        server.run(&["process", "publish", file.to_str().unwrap()])
    };
    for text in [&b""[..], b"{", b"{}", b"[]", b"\xff", b"{\"schema\": 1, \"schema\": 1}"] {
        refused(&publish(text), "countersign: ");
    }
    refused(&publish(&vec![b' '; 512 * 1024 + 1]), "at most 524288");
    refused(&publish(format!("{}{}", "[".repeat(1_000), "]".repeat(1_000)).as_bytes()), "countersign: ");
    refused(&server.run(&["process", "publish", "/nowhere/at/all.json"]), "/nowhere/at/all.json");
    let nowhere = server.place().path("elsewhere");
    refused(&run(&nowhere, &["check", "--json"]), "no server answers");
}

#[test]
fn a_configuration_with_an_unknown_key_is_refused_by_its_name() {
    let place = Place::new();
    let file = place.path("countersign.toml");
    for (text, named) in [
        ("listne = \"127.0.0.1:0\"\n", "listne"),
        ("[limits]\nbody_max = 5\n", "body_max"),
        ("[limits]\nbody_max_bytes = \"many\"\n", "body_max_bytes"),
        ("[sail]\n", "sail"),
    ] {
        std::fs::write(&file, text).unwrap();
        let output =
            command().arg("serve").arg("--data").arg(place.data()).arg("--config").arg(&file).output().unwrap();
        refused(&output, named);
    }
    let mut plain = command();
    plain.arg("serve").arg("--data").arg(place.data()).args(["--listen", "0.0.0.0:0"]);
    refused(&plain.output().unwrap(), "listen");
}
