//! Every route, asked by nobody, by a member without the right, and by the owner of another workspace.

use std::collections::BTreeMap;

use claims::probe::RouteInfo;
use serde_json::json;

use crate::server::{ALL_SCOPES, Answer, Caller, Server, answer};

/// What each of the three is answered: nobody, a stranger of the same workspace, an owner of another one.
///
/// A page that is asked for without a session leads to the sign-in (303). Absent and hidden are both 404; 403 is for
/// what somebody may see and not do; 422 is for the probe's own values, after the right was found.
const EXPECTED: &[(&str, [u16; 3])] = &[
    ("POST /api/v1/requests", [401, 422, 404]),
    ("GET /api/v1/requests", [401, 200, 200]),
    ("GET /api/v1/requests/{id}", [401, 404, 404]),
    ("PATCH /api/v1/requests/{id}", [401, 404, 404]),
    ("POST /api/v1/requests/{id}/submit", [401, 404, 404]),
    ("POST /api/v1/requests/{id}/answer", [401, 404, 404]),
    ("POST /api/v1/requests/{id}/withdraw", [401, 404, 404]),
    ("POST /api/v1/requests/{id}/decisions", [401, 404, 404]),
    ("GET /api/v1/requests/{id}/decisions", [401, 404, 404]),
    ("POST /api/v1/requests/{id}/comments", [401, 404, 404]),
    ("GET /api/v1/requests/{id}/comments", [401, 404, 404]),
    ("GET /api/v1/requests/{id}/revisions", [401, 404, 404]),
    ("GET /api/v1/tasks", [401, 200, 200]),
    ("GET /api/v1/processes", [401, 200, 200]),
    ("POST /api/v1/processes", [401, 403, 422]),
    ("GET /api/v1/processes/{key}", [401, 200, 404]),
    ("GET /api/v1/reports/{key}", [401, 403, 404]),
    ("GET /api/v1/people", [401, 403, 200]),
    ("GET /api/v1/people/{id}", [401, 403, 404]),
    ("GET /api/v1/groups", [401, 403, 200]),
    ("GET /api/v1/groups/{id}", [401, 403, 404]),
    ("GET /api/v1/audit-events", [401, 403, 200]),
    ("GET /api/v1/audit-events/{id}/proof", [401, 403, 404]),
    ("GET /api/v1/claims", [200, 200, 200]),
    ("GET /api/v1/openapi.json", [200, 200, 200]),
    ("GET /health/live", [200, 200, 200]),
    ("GET /health/ready", [200, 200, 200]),
    ("GET /trust", [200, 200, 200]),
    ("GET /trust/ledger", [200, 200, 200]),
    ("GET /trust/status.json", [200, 200, 200]),
    ("GET /assets/{hash}/{name}", [200, 200, 200]),
    ("GET /", [200, 200, 200]),
    ("POST /", [422, 422, 422]),
    ("POST /appearance", [303, 303, 303]),
    ("GET /link/{slug}/{secret}", [404, 404, 404]),
    ("POST /link/{slug}/{secret}", [404, 404, 404]),
    ("GET /w/{slug}/sign-in", [200, 200, 200]),
    ("POST /w/{slug}/sign-in", [422, 422, 422]),
    ("GET /w/{slug}/welcome", [303, 200, 303]),
    ("POST /w/{slug}/welcome", [303, 422, 303]),
    ("GET /w/{slug}", [303, 303, 303]),
    ("GET /w/{slug}/", [303, 200, 303]),
    ("GET /w/{slug}/catalogue", [303, 200, 303]),
    ("GET /w/{slug}/new/{key}", [303, 200, 303]),
    ("POST /w/{slug}/new/{key}", [303, 422, 303]),
    ("GET /w/{slug}/requests/{id}", [303, 404, 303]),
    ("GET /w/{slug}/requests/{id}/edit", [303, 404, 303]),
    ("POST /w/{slug}/requests/{id}/edit", [303, 404, 303]),
    ("POST /w/{slug}/requests/{id}/decide", [303, 404, 303]),
    ("POST /w/{slug}/requests/{id}/comment", [303, 404, 303]),
    ("POST /w/{slug}/requests/{id}/withdraw", [303, 404, 303]),
    ("POST /w/{slug}/requests/{id}/resubmit", [303, 404, 303]),
    ("GET /w/{slug}/people", [303, 403, 303]),
    ("POST /w/{slug}/people", [303, 403, 303]),
    ("GET /w/{slug}/people/{id}", [303, 403, 303]),
    ("POST /w/{slug}/people/{id}", [303, 403, 303]),
    ("GET /w/{slug}/groups", [303, 403, 303]),
    ("POST /w/{slug}/groups", [303, 403, 303]),
    ("GET /w/{slug}/groups/{id}", [303, 403, 303]),
    ("POST /w/{slug}/groups/{id}", [303, 403, 303]),
    ("GET /w/{slug}/processes", [303, 403, 303]),
    ("GET /w/{slug}/processes/{key}", [303, 403, 303]),
    ("POST /w/{slug}/processes/{key}", [303, 403, 303]),
    ("GET /w/{slug}/audit", [303, 403, 303]),
    ("GET /w/{slug}/audit/log", [303, 403, 303]),
    ("POST /w/{slug}/audit/log", [303, 403, 303]),
    ("GET /w/{slug}/audit/{id}", [303, 403, 303]),
    ("GET /w/{slug}/audit/{id}/proof", [303, 403, 303]),
    ("GET /ended/{id}", [404, 404, 404]),
    ("GET /ended/{id}/{file}", [404, 404, 404]),
    ("GET /w/{slug}/erasure", [303, 403, 303]),
    ("POST /w/{slug}/erasure", [303, 403, 303]),
    ("GET /w/{slug}/streams", [303, 403, 303]),
    ("POST /w/{slug}/streams", [303, 403, 303]),
    ("GET /w/{slug}/streams/{id}", [303, 403, 303]),
    ("POST /w/{slug}/streams/{id}", [303, 403, 303]),
    ("GET /w/{slug}/tokens", [303, 200, 303]),
    ("POST /w/{slug}/tokens", [303, 200, 303]),
    ("GET /w/{slug}/workspaces", [303, 404, 303]),
    ("POST /w/{slug}/workspaces", [303, 404, 303]),
    ("POST /w/{slug}/sign-out", [303, 303, 303]),
];

/// What the routes are filled with.
struct Things {
    etag: String,
    words: BTreeMap<&'static str, String>,
}

impl Things {
    fn fill(&self, text: &str) -> String {
        self.words.iter().fold(text.to_owned(), |text, (word, value)| text.replace(word, value))
    }

    fn path(&self, template: &str) -> String {
        let kind = ["requests", "people", "groups", "streams", "tokens", "audit", "audit-events"]
            .into_iter()
            .find(|kind| template.contains(&format!("/{kind}/")));
        let id = kind.map_or("", |kind| &self.words[format!("id of {kind}").as_str()]);
        self.fill(&template.replace("{id}", id))
    }

    async fn ask(&self, caller: &Caller, route: &RouteInfo, base: &str) -> Answer {
        self.ask_at(caller, route, base, &self.path(route.path_template)).await
    }

    async fn ask_at(&self, caller: &Caller, route: &RouteInfo, base: &str, path: &str) -> Answer {
        let asked = caller.ask(route.method, path).header("if-match", &self.etag).header("origin", base);
        let is_api = path.starts_with("/api/");
        if route.method == "GET" {
            return answer(asked).await;
        }
        let kind = if is_api { "application/json" } else { "application/x-www-form-urlencoded" };
        let body = if is_api && route.body.is_empty() { "{}".to_owned() } else { self.fill(route.body) };
        answer(asked.header("content-type", kind).body(body)).await
    }
}

async fn things(server: &Server) -> Things {
    let (member, manager, owner) = (server.caller("member"), server.caller("manager"), server.caller("owner"));
    let (request, etag) = member.submit("Nobody else's", "10.00").await;
    let task = manager.task_of(&request).await.unwrap();
    let people = owner.get("/api/v1/people").await.json();
    let tom = people["items"].as_array().unwrap().iter().find(|one| one["email"] == "member@sample.test").unwrap();
    let groups = owner.get("/api/v1/groups").await.json();
    let page = server.signed_in("sample", "member@sample.test").await.get("/w/sample/tokens").await.text();
    let token = page.split("name=\"token\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let stream = server.a_stream().await;
    let style = page.split("/assets/").nth(1).unwrap().split('"').next().unwrap();
    let (hash, name) = style.split_once('/').unwrap();
    let person = tom["id"].as_str().unwrap();
    let trail = owner.get("/api/v1/audit-events").await.json();
    let record = trail["items"][0]["id"].as_str().unwrap();
    let group = groups["items"][0]["id"].as_str().unwrap();
    let words = [
        ("id of requests", request.as_str()),
        ("id of people", person),
        ("id of groups", group),
        ("id of streams", stream.as_str()),
        ("id of tokens", token),
        ("id of audit", record),
        ("id of audit-events", record),
        ("{slug}", "sample"),
        ("{key}", "purchase"),
        ("{hash}", hash),
        ("{name}", name),
        ("{secret}", "none"),
        ("{{process}}", "purchase"),
        ("{{task}}", task.as_str()),
        ("{{person}}", person),
        ("{{group}}", group),
    ];
    Things { etag, words: words.map(|(word, value)| (word, value.to_owned())).into() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_answers_the_three_askers() {
    let server = Server::start();
    server.workspace("northwind", "ana@northwind.test");
    let things = things(&server).await;
    let tokens =
        [server.nobody(), server.caller("director"), server.caller_with("northwind", "ana@northwind.test", ALL_SCOPES)];
    let pages = [
        server.nobody(),
        server.signed_in("sample", "director@sample.test").await,
        server.signed_in("northwind", "ana@northwind.test").await,
    ];
    let owner = server.caller("owner");
    let before = owner.records_about(&things.words["id of requests"]).await;
    let expected: BTreeMap<&str, [u16; 3]> = EXPECTED.iter().copied().collect();
    let mut wrong = Vec::new();
    // Signing out ends the session that the others are asked with.
    let (last, routes): (Vec<&RouteInfo>, Vec<&RouteInfo>) =
        web::ROUTES.iter().partition(|route| route.path_template.ends_with("/sign-out"));
    for route in routes.into_iter().chain(last) {
        let name = format!("{} {}", route.method, route.path_template);
        let askers = if route.path_template.starts_with("/api/") { &tokens } else { &pages };
        let mut given = [0; 3];
        for (status, asker) in given.iter_mut().zip(askers) {
            *status = things.ask(asker, route, &server.base).await.status;
        }
        if expected.get(name.as_str()) != Some(&given) {
            wrong.push(format!("{name}: {given:?}, expected {:?}", expected.get(name.as_str())));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(owner.records_about(&things.words["id of requests"]).await, before, "none of them did anything");
}

/// An answer without what is drawn anew for each one, and without the id that was asked for.
fn plain(given: &Answer, id: &str) -> String {
    let mut text = given.text().replace(id, "ID").replace(given.header("x-request-id"), "REQUEST");
    let policy = given.header("content-security-policy");
    if let Some(nonce) = policy.split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next()) {
        text = text.replace(nonce, "NONCE");
    }
    let mut headers: Vec<String> = given.headers.keys().map(ToString::to_string).collect();
    headers.sort();
    format!("{} {headers:?} {text}", given.status)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_foreign_id_answers_like_an_unknown_one() {
    let server = Server::start();
    server.workspace("northwind", "ana@northwind.test");
    let mut things = things(&server).await;
    things.words.insert("{slug}", "northwind".to_owned());
    let token = server.caller_with("northwind", "ana@northwind.test", ALL_SCOPES);
    let page = server.signed_in("northwind", "ana@northwind.test").await;
    let unknown = uuid::Uuid::now_v7().to_string();
    let mut asked = 0;
    // What is open to everybody names workspaces that are no more, and is asked for in `ending`.
    let is_of_a_row = |route: &&claims::probe::RouteInfo| {
        route.path_template.contains("{id}") && !matches!(route.access, claims::probe::RouteAccess::Open)
    };
    for route in web::ROUTES.iter().filter(is_of_a_row) {
        let caller = if route.path_template.starts_with("/api/") { &token } else { &page };
        let path = things.path(route.path_template);
        let foreign = things.words.values().find(|id| id.len() == 36 && path.contains(id.as_str())).unwrap().clone();
        let here = things.ask_at(caller, route, &server.base, &path).await;
        let there = things.ask_at(caller, route, &server.base, &path.replace(&foreign, &unknown)).await;
        let name = format!("{} {path}", route.method);
        assert!([403, 404].contains(&here.status), "{name}: {} {}", here.status, here.text());
        assert_eq!(plain(&here, &foreign), plain(&there, &unknown), "{name}");
        asked += 1;
    }
    assert!(asked >= 20, "{asked} routes take an id");
    // An id in a body or a query, too.
    let request = things.words["id of requests"].clone();
    let mine = token.get(&format!("/api/v1/tasks?request={request}")).await;
    assert_eq!(plain(&mine, &request), plain(&token.get(&format!("/api/v1/tasks?request={unknown}")).await, &unknown));
    let trail = token.get(&format!("/api/v1/audit-events?request={request}")).await;
    assert_eq!(trail.json()["items"], json!([]));
}
