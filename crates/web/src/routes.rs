//! Every route with its rule: the live checks walk this table, the OpenAPI document is made from it, and a test holds
//! it against the router.

use claims::probe::{RouteAccess, RouteInfo};

macro_rules! routes {
    ($($method:ident $path:literal $access:expr $(, $body:literal)?;)*) => {
        &[$(RouteInfo { method: stringify!($method), path_template: $path, access: $access, body: concat!($($body)?) }),*]
    };
}

use RouteAccess::{Act, Open, Visitor};

/// The routes, API first.
pub static ROUTES: &[RouteInfo] = routes! {
    POST "/api/v1/requests" Act("request.submit"), r#"{"process":"{{process}}","values":{"title":"Canary"},"submit":true}"#;
    GET "/api/v1/requests" Act("home.see");
    GET "/api/v1/requests/{id}" Act("request.see");
    PATCH "/api/v1/requests/{id}" Act("request.edit"), r#"{"values":{"title":"Canary, edited"}}"#;
    POST "/api/v1/requests/{id}/submit" Act("request.submit_draft");
    POST "/api/v1/requests/{id}/answer" Act("request.answer");
    POST "/api/v1/requests/{id}/withdraw" Act("request.withdraw");
    POST "/api/v1/requests/{id}/decisions" Act("request.approve"), r#"{"task":"{{task}}","decision":"approve"}"#;
    GET "/api/v1/requests/{id}/decisions" Act("request.see");
    POST "/api/v1/requests/{id}/comments" Act("request.comment"), r#"{"body":"Canary"}"#;
    GET "/api/v1/requests/{id}/comments" Act("request.see");
    GET "/api/v1/requests/{id}/revisions" Act("request.see");
    GET "/api/v1/tasks" Act("home.see");
    GET "/api/v1/processes" Act("home.see");
    POST "/api/v1/processes" Act("process.publish"), r#"{"document":{}}"#;
    GET "/api/v1/processes/{key}" Act("process.see");
    GET "/api/v1/reports/{key}" Act("report.see");
    GET "/api/v1/people" Act("people.see");
    GET "/api/v1/people/{id}" Act("people.see");
    GET "/api/v1/groups" Act("people.see");
    GET "/api/v1/groups/{id}" Act("people.see");
    GET "/api/v1/audit-events" Act("audit.see");
    GET "/api/v1/audit-events/{id}/proof" Act("audit.see");
    GET "/api/v1/claims" Open;
    GET "/api/v1/openapi.json" Open;
    GET "/health/live" Open;
    GET "/health/ready" Open;
    GET "/trust" Open;
    GET "/trust/ledger" Open;
    GET "/trust/status.json" Open;
    GET "/assets/{hash}/{name}" Open;
    GET "/" Open;
    POST "/" Visitor, "workspace=nowhere";
    POST "/appearance" Open, "theme=system";
    GET "/link/{slug}/{secret}" Visitor;
    POST "/link/{slug}/{secret}" Visitor;
    GET "/w/{slug}/sign-in" Visitor;
    POST "/w/{slug}/sign-in" Visitor, "email=nobody%40canary.test&password=not+the+password";
    POST "/w/{slug}/sign-out" Act("session.end");
    GET "/w/{slug}" Visitor;
    GET "/w/{slug}/welcome" Act("password.set");
    POST "/w/{slug}/welcome" Act("password.set"), "name=&password=one+of+them&password_again=another";
    GET "/w/{slug}/" Act("home.see");
    GET "/w/{slug}/catalogue" Act("home.see");
    GET "/w/{slug}/new/{key}" Act("request.submit");
    POST "/w/{slug}/new/{key}" Act("request.submit"), "f.title=Canary";
    GET "/w/{slug}/requests/{id}" Act("request.see");
    GET "/w/{slug}/requests/{id}/edit" Act("request.edit");
    POST "/w/{slug}/requests/{id}/edit" Act("request.edit"), "f.title=Canary";
    POST "/w/{slug}/requests/{id}/decide" Act("request.approve"), "task={{task}}&decision=approve";
    POST "/w/{slug}/requests/{id}/comment" Act("request.comment"), "text=Canary";
    POST "/w/{slug}/requests/{id}/withdraw" Act("request.withdraw");
    POST "/w/{slug}/requests/{id}/resubmit" Act("request.answer");
    GET "/w/{slug}/people" Act("people.see");
    POST "/w/{slug}/people" Act("person.add"), "email=new%40canary.test&name=New&role=viewer";
    GET "/w/{slug}/people/{id}" Act("people.see");
    POST "/w/{slug}/people/{id}" Act("person.change"), "act=save";
    GET "/w/{slug}/groups" Act("people.see");
    POST "/w/{slug}/groups" Act("group.add"), "name=Canaries";
    GET "/w/{slug}/groups/{id}" Act("people.see");
    POST "/w/{slug}/groups/{id}" Act("group.change"), "act=add&person={{person}}";
    GET "/w/{slug}/processes" Act("process.versions");
    GET "/w/{slug}/processes/{key}" Act("process.versions");
    POST "/w/{slug}/processes/{key}" Act("process.publish"), "document=%7B%7D";
    GET "/w/{slug}/audit" Act("audit.see");
    GET "/w/{slug}/audit/log" Act("audit.see");
    POST "/w/{slug}/audit/log" Act("audit.verify"), "act=verify";
    GET "/w/{slug}/audit/{id}" Act("audit.see");
    GET "/w/{slug}/audit/{id}/proof" Act("audit.see");
    GET "/ended/{id}" Open;
    GET "/ended/{id}/{file}" Open;
    GET "/w/{slug}/erasure" Act("audit.erase_ordered");
    POST "/w/{slug}/erasure" Act("audit.erase_ordered"), "act=month&month=2020-01";
    GET "/w/{slug}/streams" Act("stream.see");
    POST "/w/{slug}/streams" Act("stream.add"), "receiver=syslog&format=rfc5424&name=Canary&host=syslog.canary.invalid";
    GET "/w/{slug}/streams/{id}" Act("stream.see");
    POST "/w/{slug}/streams/{id}" Act("stream.pause"), "act=pause";
    GET "/w/{slug}/tokens" Act("token.see");
    POST "/w/{slug}/tokens" Act("token.issue"), "act=create&label=Canary&scope=requests%3Aread&days=1";
    GET "/w/{slug}/workspaces" Act("workspace.see");
    POST "/w/{slug}/workspaces" Act("workspace.add"), "slug=canary&name=Canary";
};
