//! What programs outside may rely on: the contract of `/api/v1`, asked of the real binary.

use std::collections::BTreeSet;

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::server::{Answer, Caller, Server, answer, purchase};

/// Requests sent at once with one key.
const AT_ONCE: usize = 100;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_relies_on_the_contract() {
    let server = Server::start();
    a_request_is_made_read_and_decided(&server).await;
    a_decision_counts_for_what_was_seen(&server).await;
    what_was_handed_in_is_taken_back(&server).await;
    comments_are_kept_in_order(&server).await;
    pages_follow_their_cursors(&server).await;
    a_token_does_what_its_scopes_say_until_it_ends(&server).await;
    every_refusal_is_a_problem(&server).await;
    every_route_is_in_the_document(&server).await;
    a_process_is_published_once_it_is_sound(&server).await;
    what_is_asked_of_a_leaver_is_asked_of_others(&server).await;
}

/// Last, for nobody comes back.
async fn what_is_asked_of_a_leaver_is_asked_of_others(server: &Server) {
    let (member, manager, owner) = (server.caller("member"), server.caller("manager"), server.caller("owner"));
    let (alone, _) = member.submit("A lamp", "80.00").await;
    let (two_of_two, etag) = member.submit("A rack", "7000.00").await;
    let task = manager.task_of(&two_of_two).await.unwrap();
    let approval = json!({"task": task, "decision": "approve", "reason": null});
    assert_eq!(manager.decide(&two_of_two, &etag, &approval).await.status, 201);
    assert!(server.caller("finance2").task_of(&two_of_two).await.is_some());
    let people = owner.get("/api/v1/people").await.json();
    let page = server.signed_in("sample", "owner@sample.test").await;
    let handed_over = async |to: &Caller, request: &str| {
        let until = std::time::Instant::now() + std::time::Duration::from_secs(30);
        while to.task_of(request).await.is_none() {
            assert!(std::time::Instant::now() < until, "nobody else was asked");
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    let state = async |id: &str| member.get(&format!("/api/v1/requests/{id}")).await.json()["state"].clone();
    let end = async |leaver: &str| {
        let found = people["items"].as_array().unwrap().iter().find(|person| person["email"] == leaver).unwrap();
        let path = format!("/w/sample/people/{}", found["id"].as_str().unwrap());
        assert_eq!(page.form(&path, "act=end").await.status, 303);
    };
    // The purchasing group stands in for the manager; where one of two who must agree left, the fallback is asked.
    end("manager@sample.test").await;
    handed_over(&server.caller("administration"), &alone).await;
    end("finance1@sample.test").await;
    handed_over(&owner, &two_of_two).await;
    assert_eq!(state(&alone).await, "open");
    assert_eq!(state(&two_of_two).await, "open");
    let until = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while owner.records_about(&alone).await.get("request.replace_approver") != Some(&2) {
        assert!(std::time::Instant::now() < until, "each of the two who left has a record");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

async fn a_request_is_made_read_and_decided(server: &Server) {
    let (member, manager, owner) = (server.caller("member"), server.caller("manager"), server.caller("owner"));
    let made = member.post("/api/v1/requests", &purchase("A desk", "450.00")).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let id = made.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(made.header("location"), format!("/api/v1/requests/{id}"));

    let read = member.get(made.header("location")).await;
    let body = read.json();
    assert_eq!(read.status, 200);
    assert_eq!(read.header("etag"), made.header("etag"));
    assert_eq!(read.header("etag"), format!("\"{}\"", body["revision"]["hash"].as_str().unwrap()));
    assert_eq!(body["revision"]["hash"].as_str().unwrap().len(), 64);
    assert_eq!((&body["state"], &body["stage"]), (&json!("open"), &json!("manager")));
    assert_eq!(body["values"]["total"], json!({"amount": "450.00", "currency": "EUR"}));

    assert_eq!(member.task_of(&id).await, None, "the requester does not decide");
    let tasks = manager.get("/api/v1/tasks").await.json();
    let task = tasks["items"].as_array().unwrap().iter().find(|task| task["request_id"] == id.as_str()).unwrap();
    assert_eq!(task["etag"], read.header("etag"));
    let approval = json!({"task": task["id"], "decision": "approve", "reason": null});
    let decided = manager.decide(&id, read.header("etag"), &approval).await;
    assert_eq!(decided.status, 201, "{}", decided.text());
    assert_eq!(decided.json()["request_state"], "approved");
    assert_eq!(member.get(&format!("/api/v1/requests/{id}")).await.json()["state"], "approved");
    manager.decide(&id, read.header("etag"), &approval).await.problem(409);

    let given = member.get(&format!("/api/v1/requests/{id}/decisions")).await.json();
    assert_eq!(given["items"].as_array().unwrap().len(), 1);
    assert_eq!(given["items"][0]["revision_hash"], body["revision"]["hash"]);
    let records = owner.records_about(&id).await;
    assert_eq!(records.get("request.submit"), Some(&1), "{records:?}");
    assert_eq!(records.values().sum::<usize>(), 2, "a record an act: {records:?}");
}

async fn a_decision_counts_for_what_was_seen(server: &Server) {
    let (member, manager) = (server.caller("member"), server.caller("manager"));
    let (id, seen) = member.submit("A chair", "80.00").await;
    let task = manager.task_of(&id).await.unwrap();
    let path = format!("/api/v1/requests/{id}");
    let approval = json!({"task": task, "decision": "approve"});
    let blind = manager.post(&format!("{path}/decisions"), &approval).await;
    assert_eq!(blind.problem(428), "if-match-needed");

    let values = purchase("Two chairs", "160.00")["values"].clone();
    let edit = json!({"values": values});
    answer(member.ask("PATCH", &path).json(&edit)).await.problem(428);
    let edited = answer(member.ask("PATCH", &path).header("if-match", &seen).json(&edit)).await;
    assert_eq!(edited.status, 200, "{}", edited.text());
    let now = edited.header("etag").to_owned();
    assert_ne!(now, seen);
    let again = answer(member.ask("PATCH", &path).header("if-match", &seen).json(&edit)).await;
    assert_eq!(again.problem(412), "stale-revision");
    let fresh = manager.task_of(&id).await.unwrap();
    let approval = json!({"task": fresh, "decision": "approve"});
    assert_eq!(manager.decide(&id, &seen, &approval).await.problem(412), "stale-revision");
    assert_eq!(member.get(&path).await.json()["state"], "open", "a stale decision changes nothing");
    let wordless = json!({"task": fresh, "decision": "reject", "reason": ""});
    assert_eq!(manager.decide(&id, &now, &wordless).await.problem(422), "invalid-values");
    let back = json!({"task": fresh, "decision": "ask_changes", "reason": "One is enough."});
    assert_eq!(manager.decide(&id, &now, &back).await.json()["request_state"], "returned");
    let answered = member.post(&format!("{path}/answer"), &json!({})).await;
    assert_eq!(answered.status, 200, "{}", answered.text());
    let task = manager.task_of(&id).await.unwrap();
    let refusal = json!({"task": task, "decision": "reject", "reason": "No."});
    assert_eq!(manager.decide(&id, &now, &refusal).await.json()["request_state"], "rejected");
    assert_eq!(member.get(&format!("{path}/revisions")).await.json()["items"].as_array().unwrap().len(), 2);
}

async fn what_was_handed_in_is_taken_back(server: &Server) {
    let (member, manager) = (server.caller("member"), server.caller("manager"));
    let (id, etag) = member.submit("A lamp", "30.00").await;
    let task = manager.task_of(&id).await.unwrap();
    let path = format!("/api/v1/requests/{id}/withdraw");
    manager.post(&path, &json!({})).await.problem(403);
    assert_eq!(member.post(&path, &json!({})).await.json()["state"], "withdrawn");
    member.post(&path, &json!({})).await.problem(409);
    assert_eq!(manager.task_of(&id).await, None);
    manager.decide(&id, &etag, &json!({"task": task, "decision": "approve"})).await.problem(409);

    let mut draft = purchase("A shelf", "90.00");
    draft["submit"] = json!(false);
    let draft = member.post("/api/v1/requests", &draft).await.json();
    assert_eq!(draft["state"], "draft");
    let id = draft["id"].as_str().unwrap();
    assert_eq!(manager.get(&format!("/api/v1/requests/{id}")).await.problem(404), "not-found");
    assert_eq!(member.post(&format!("/api/v1/requests/{id}/submit"), &json!({})).await.json()["state"], "open");
}

async fn comments_are_kept_in_order(server: &Server) {
    let (member, manager) = (server.caller("member"), server.caller("manager"));
    let (id, _) = member.submit("A mat", "12.00").await;
    let path = format!("/api/v1/requests/{id}/comments");
    for (caller, words) in [(&member, "The blue one."), (&manager, "Why blue?")] {
        let made = caller.post(&path, &json!({"body": words})).await;
        assert_eq!(made.status, 201, "{}", made.text());
    }
    assert_eq!(member.post(&path, &json!({"body": " "})).await.problem(422), "invalid-values");
    let kept = manager.get(&path).await.json();
    let words: Vec<&str> = kept["items"].as_array().unwrap().iter().map(|c| c["body"].as_str().unwrap()).collect();
    assert_eq!(words, ["The blue one.", "Why blue?"]);
}

async fn pages_follow_their_cursors(server: &Server) {
    let member = server.caller("finance1");
    let mut ids = BTreeSet::new();
    for number in 0..5 {
        ids.insert(member.submit(&format!("Thing {number}"), "1.00").await.0);
    }
    let (mut seen, mut path) = (BTreeSet::new(), "/api/v1/requests?limit=2".to_owned());
    let mut last = String::new();
    for _page in 0..3 {
        let page = member.get(&path).await.json();
        seen.extend(page["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        last = next.to_owned();
        path = format!("/api/v1/requests?limit=2&cursor={next}");
    }
    assert_eq!(seen, ids);
    let mut altered = last.clone().into_bytes();
    for place in [0, altered.len() / 2] {
        altered[place] = if altered[place] == b'A' { b'B' } else { b'A' };
        let cursor = String::from_utf8(altered.clone()).unwrap();
        member.get(&format!("/api/v1/requests?limit=2&cursor={cursor}")).await.problem(400);
    }
    for foreign in [format!("/api/v1/tasks?cursor={last}"), format!("/api/v1/requests?scope=all&cursor={last}")] {
        member.get(&foreign).await.problem(400);
    }
    server.caller("member").get(&format!("/api/v1/requests?cursor={last}")).await.problem(400);
    for limit in ["0", "201", "-1", "many"] {
        member.get(&format!("/api/v1/requests?limit={limit}")).await.problem(400);
    }
}

async fn a_token_does_what_its_scopes_say_until_it_ends(server: &Server) {
    let as_member = |scopes: &str| server.caller_with("sample", "member@sample.test", scopes);
    let reader = as_member("requests:read");
    reader.post("/api/v1/requests", &purchase("Nothing", "1.00")).await.problem(403);
    let (id, etag) = as_member("requests:write").submit("A rug", "20.00").await;
    let manager = server.caller("manager");
    let task = manager.task_of(&id).await.unwrap();
    let narrow = server.caller_with("sample", "manager@sample.test", "requests:read,requests:write");
    narrow.decide(&id, &etag, &json!({"task": task, "decision": "approve"})).await.problem(403);
    let owner = server.caller_with("sample", "owner@sample.test", "requests:read");
    owner.get("/api/v1/audit-events").await.problem(403);
    owner.get("/api/v1/people").await.problem(403);

    let director = server.signed_in("sample", "director@sample.test").await;
    let made = director.form("/w/sample/tokens", "act=create&label=ending&scope=requests%3Aread&days=1").await;
    assert_eq!(made.status, 200, "{}", made.text());
    let page = made.text();
    let ending = page.split(['<', '>', '"']).find(|part| part.starts_with("csk_")).unwrap();
    let id = page.split("name=\"token\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let with = |token: &str| server.nobody().ask("GET", "/api/v1/tasks").bearer_auth(token);
    assert_eq!(answer(with(ending)).await.status, 200);
    server.caller("director").get("/api/v1/tokens").await.problem(404);
    let stranger = server.signed_in("sample", "member@sample.test").await;
    assert_eq!(stranger.form("/w/sample/tokens", &format!("act=end&token={id}")).await.status, 404);
    assert_eq!(answer(with(ending)).await.status, 200, "nobody ends the token of another");
    assert_eq!(director.form("/w/sample/tokens", &format!("act=end&token={id}")).await.status, 303);
    let after = answer(with(ending)).await;
    let member = server.caller("member");
    assert_eq!(after.problem(401), "unauthenticated");
    assert_eq!(after.header("www-authenticate"), "Bearer realm=\"countersign\"");
    let token = member.token();
    for broken in [&token[..token.len() - 1], &token.replace("csk_", "csk-"), "csk_", ""] {
        answer(with(broken)).await.problem(401);
    }
}

async fn every_refusal_is_a_problem(server: &Server) {
    let member = server.caller("member");
    for path in ["/api/v1/nothing", "/api/v1/requests/nothing", "/api/v2/requests"] {
        assert_eq!(member.get(path).await.problem(404), "not-found", "{path}");
    }
    for (method, path) in [("DELETE", "/api/v1/requests"), ("PUT", "/api/v1/tasks"), ("POST", "/api/v1/claims")] {
        assert_eq!(answer(member.ask(method, path)).await.problem(405), "method", "{method} {path}");
    }
    let post = || member.ask("POST", "/api/v1/requests");
    let large = json!({"process": "purchase", "values": {"title": "x".repeat(1 << 20)}});
    assert_eq!(answer(post().json(&large)).await.problem(413), "too-large");
    for kind in ["text/plain", "application/x-www-form-urlencoded", "application/xml"] {
        assert_eq!(answer(post().header("content-type", kind).body("{}")).await.problem(415), "media-type");
    }
    assert_eq!(answer(post().body("{}")).await.problem(415), "media-type");
    let json = "application/json; charset=utf-8";
    assert_eq!(answer(post().header("content-type", json).body("{")).await.problem(400), "malformed");
    let wrong = member.post("/api/v1/requests", &json!({"process": "purchase", "values": {"title": 7}})).await;
    assert_eq!(wrong.problem(422), "invalid-values");
    let pointers: BTreeSet<String> = pointers(&wrong);
    assert!(pointers.is_superset(&["/values/title", "/values/category", "/values/total"].map(str::to_owned).into()));
    let unknown = member.post("/api/v1/requests", &json!({"process": "none", "values": {}})).await;
    assert_eq!(unknown.problem(404), "not-found");
}

fn pointers(answer: &Answer) -> BTreeSet<String> {
    let body = answer.json();
    body["errors"].as_array().unwrap().iter().map(|error| error["pointer"].as_str().unwrap().to_owned()).collect()
}

async fn every_route_is_in_the_document(server: &Server) {
    let document = server.nobody().get("/api/v1/openapi.json").await.json();
    assert_eq!(document["openapi"], "3.1.0");
    let mut described = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        described.extend(operations.as_object().unwrap().keys().map(|method| (method.to_uppercase(), path.clone())));
    }
    let routes = web::ROUTES.iter().filter(|route| route.path_template.starts_with("/api/"));
    let expected: BTreeSet<_> = routes.map(|route| (route.method.to_owned(), route.path_template.to_owned())).collect();
    assert_eq!(described, expected);
    let claims = server.nobody().get("/api/v1/claims").await;
    assert_eq!(claims.status, 200);
}

async fn a_process_is_published_once_it_is_sound(server: &Server) {
    let owner = server.caller("owner");
    let text = include_str!("../../crates/requests/samples/travel.json");
    let mut document: Value = serde_json::from_str(text).unwrap();
    document["key"] = json!("journey");
    let made = owner.post("/api/v1/processes", &json!({"document": document})).await;
    assert_eq!(made.status, 201, "{}", made.text());
    assert_eq!(made.header("location"), "/api/v1/processes/journey");
    assert_eq!(owner.get("/api/v1/processes/journey").await.json()["version"], 1);
    document["stages"] = json!([]);
    let refused = owner.post("/api/v1/processes", &json!({"document": document})).await;
    assert_eq!(refused.problem(422), "invalid-values");
    assert_eq!(owner.get("/api/v1/processes/journey").await.json()["version"], 1);
    server.caller("member").post("/api/v1/processes", &json!({"document": document})).await.problem(403);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeated_request_takes_effect_once() {
    let server = Server::start();
    let member = server.caller("member");
    let keyed = |caller: &Caller, key: &str, title: &str| {
        caller.ask("POST", "/api/v1/requests").header("idempotency-key", key).json(&purchase(title, "5.00"))
    };
    let first = answer(keyed(&member, "one", "A pen")).await;
    assert_eq!(first.status, 201);
    let again = answer(keyed(&member, "one", "A pen")).await;
    assert_eq!((again.status, &again.json()), (201, &first.json()));
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(answer(keyed(&member, "one", "Two pens")).await.problem(422), "idempotency-key-reused");
    let other = answer(keyed(&server.caller("director"), "one", "A pen")).await;
    assert_ne!(other.json()["id"], first.json()["id"], "a key is its sender's own");
    let comment = |id: &str| {
        let path = format!("/api/v1/requests/{id}/comments");
        member.ask("POST", &path).header("idempotency-key", "same").json(&json!({"body": "Yes."}))
    };
    let (one, two) = (member.submit("A cup", "3.00").await.0, member.submit("A saucer", "2.00").await.0);
    let (here, there) = (answer(comment(&one)).await.json(), answer(comment(&two)).await.json());
    assert_eq!((&here["request_id"], &there["request_id"]), (&json!(one), &json!(two)), "a key belongs to its address");
    for key in ["".to_owned(), "k".repeat(256)] {
        answer(keyed(&member, &key, "A pen")).await.problem(400);
    }
    let (long, longer) = ("k".repeat(254), "k".repeat(255));
    for (key, title) in [(&long, "A pencil"), (&longer, "A brush")] {
        assert_eq!(answer(keyed(&member, key, title)).await.status, 201, "a key counts to its last character");
    }

    let mut asked = tokio::task::JoinSet::new();
    for _ in 0..AT_ONCE {
        asked.spawn(answer(keyed(&member, "many", "One of a hundred")));
    }
    let answers = asked.join_all().await;
    let mut ids = BTreeSet::new();
    for given in &answers {
        match given.status {
            201 => assert!(ids.insert(given.json()["id"].as_str().unwrap().to_owned()) || !ids.is_empty()),
            _ => {
                given.problem(StatusCode::SERVICE_UNAVAILABLE.as_u16());
                assert!(given.headers.contains_key("retry-after"));
            }
        }
    }
    assert_eq!(ids.len(), 1, "one request was made");
    let mine = member.get("/api/v1/requests?limit=200").await.json();
    let made = mine["items"].as_array().unwrap().iter().filter(|row| row["title"] == "One of a hundred").count();
    assert_eq!(made, 1);
    let id = ids.first().unwrap();
    assert_eq!(server.caller("owner").records_about(id).await.get("request.submit"), Some(&1));
}
