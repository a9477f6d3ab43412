//! The OpenAPI 3.1 document: schemas derived from the types, paths from the table of routes.

use claims::probe::RouteAccess;
use serde_json::{Map, Value, json};
use utoipa::OpenApi;

use super::{processes, requests, tasks};
use crate::problem::{FieldProblem, ProblemBody};
use crate::routes::ROUTES;

/// The types that the document names.
#[derive(OpenApi)]
#[openapi(components(schemas(
    requests::NewRequest,
    requests::RequestBody,
    requests::RevisionMark,
    requests::EditedRequest,
    requests::NewDecision,
    requests::NewComment,
    processes::NewProcess,
    tasks::TaskPage,
    tasks::TaskItem,
    ProblemBody,
    FieldProblem
)))]
struct Schemas;

/// The document, as `/api/v1/openapi.json` answers it.
#[must_use]
pub(crate) fn document() -> Value {
    let components = serde_json::to_value(Schemas::openapi()).unwrap_or(Value::Null);
    let mut paths: Map<String, Value> = Map::new();
    for route in ROUTES.iter().filter(|route| route.path_template.starts_with("/api/v1/")) {
        let path = paths.entry(route.path_template.to_owned()).or_insert_with(|| json!({}));
        path[route.method.to_ascii_lowercase()] = operation(route.method, route.path_template, route.access);
    }
    let mut schemas = components["components"]["schemas"].clone();
    if schemas.is_null() {
        schemas = json!({});
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Countersign",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Hand in requests and countersign them. Every refusal is an RFC 9457 problem.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "csk_ API token"}},
        },
    })
}

fn operation(method: &str, path: &str, access: RouteAccess) -> Value {
    let creates =
        method == "POST" && !path.ends_with("/submit") && !path.ends_with("/answer") && !path.ends_with("/withdraw");
    let success = match (method, creates) {
        ("POST", true) => "201",
        ("DELETE", _) => "204",
        _ => "200",
    };
    let problem = json!({
        "description": "A problem.",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemBody"}}},
    });
    let mut responses = json!({"default": problem});
    responses[success] = match response_schema(method, path) {
        _ if success == "204" => json!({"description": "Done."}),
        Some(name) => {
            json!({"description": "Done.", "content": {"application/json": {"schema": {"$ref": format!("#/components/schemas/{name}")}}}})
        }
        None => json!({"description": "Done.", "content": {"application/json": {"schema": {"type": "object"}}}}),
    };
    for status in refusals(method, path, access) {
        responses[*status] = problem.clone();
    }
    if path == "/api/v1/audit-events" {
        responses["422"] = problem.clone();
    }
    let mut operation = json!({
        "operationId": operation_id(method, path),
        "summary": summary(method, path),
        "tags": [path.split('/').nth(3).unwrap_or("api")],
        "parameters": parameters(method, path),
        "responses": responses,
    });
    if let Some(name) = request_schema(method, path) {
        operation["requestBody"] = json!({
            "required": true,
            "content": {"application/json": {"schema": {"$ref": format!("#/components/schemas/{name}")}}},
        });
    }
    if access == RouteAccess::Open {
        operation["security"] = json!([]);
    }
    operation
}

fn refusals(method: &str, path: &str, access: RouteAccess) -> &'static [&'static str] {
    match (access, method) {
        (RouteAccess::Open, _) => &[],
        (_, "PATCH") => &["400", "401", "403", "404", "409", "412", "413", "415", "422", "428"],
        (_, "POST") if path.ends_with("/decisions") => {
            &["400", "401", "403", "404", "409", "412", "413", "415", "422", "428"]
        }
        (_, "POST") => &["400", "401", "403", "404", "409", "413", "415", "422"],
        _ => &["400", "401", "403", "404"],
    }
}

fn request_schema(method: &str, path: &str) -> Option<&'static str> {
    match (method, path) {
        ("POST", "/api/v1/requests") => Some("NewRequest"),
        ("PATCH", "/api/v1/requests/{id}") => Some("EditedRequest"),
        ("POST", "/api/v1/requests/{id}/decisions") => Some("NewDecision"),
        ("POST", "/api/v1/requests/{id}/comments") => Some("NewComment"),
        ("POST", "/api/v1/processes") => Some("NewProcess"),
        _ => None,
    }
}

fn response_schema(method: &str, path: &str) -> Option<&'static str> {
    match (method, path) {
        ("GET", "/api/v1/requests/{id}") => Some("RequestBody"),
        ("GET", "/api/v1/tasks") => Some("TaskPage"),
        _ => None,
    }
}

fn parameters(method: &str, path: &str) -> Value {
    let text = json!({"type": "string"});
    let mut all = Vec::new();
    for name in path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
        all.push(json!({"name": name, "in": "path", "required": true, "schema": text}));
    }
    if method == "PATCH" || path.ends_with("/decisions") && method == "POST" {
        all.push(json!({"name": "If-Match", "in": "header", "required": true, "schema": text,
                        "description": "The tag of the revision that was seen."}));
    }
    if request_schema(method, path).is_some() && method == "POST" && path != "/api/v1/processes" {
        all.push(json!({"name": "Idempotency-Key", "in": "header", "required": false,
                        "schema": {"type": "string", "minLength": 1, "maxLength": 255}}));
    }
    if method == "GET" && matches!(path, "/api/v1/requests" | "/api/v1/tasks" | "/api/v1/audit-events") {
        all.push(json!({"name": "limit", "in": "query", "required": false,
                        "schema": {"type": "integer", "minimum": 1, "maximum": 200, "default": 50}}));
        all.push(json!({"name": "cursor", "in": "query", "required": false, "schema": text}));
    }
    if matches!(path, "/api/v1/tasks" | "/api/v1/audit-events") {
        all.push(json!({"name": "request", "in": "query", "required": false, "schema": {"type": "string", "format": "uuid"}}));
    }
    if path == "/api/v1/audit-events" {
        for (name, format) in
            [("target", "uuid"), ("actor", "uuid"), ("action", ""), ("from", "date-time"), ("until", "date-time")]
        {
            let schema = if format.is_empty() { text.clone() } else { json!({"type": "string", "format": format}) };
            all.push(json!({"name": name, "in": "query", "required": false, "schema": schema}));
        }
    }
    Value::Array(all)
}

fn operation_id(method: &str, path: &str) -> String {
    let mut id = method.to_ascii_lowercase();
    for part in path.trim_start_matches("/api/v1/").split(['/', '-', '.']) {
        let part = part.trim_matches(['{', '}']);
        let mut chars = part.chars();
        id.extend(chars.next().map(|first| first.to_ascii_uppercase()));
        id.push_str(chars.as_str());
    }
    id
}

fn summary(method: &str, path: &str) -> String {
    let resource = path.trim_start_matches("/api/v1/");
    let verb = match method {
        "GET" => "Read",
        "PATCH" => "Change",
        "DELETE" => "End",
        _ => "Send",
    };
    format!("{verb} {resource}.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_of_the_api_is_in_the_document_with_a_name_of_its_own() {
        let document = document();
        let mut ids = std::collections::BTreeSet::new();
        for route in ROUTES.iter().filter(|route| route.path_template.starts_with("/api/")) {
            let operation = &document["paths"][route.path_template][route.method.to_ascii_lowercase()];
            let id = operation["operationId"].as_str().unwrap().to_owned();
            assert!(ids.insert(id), "{} {}", route.method, route.path_template);
        }
        for name in ["NewRequest", "RequestBody", "ProblemBody"] {
            assert!(document["components"]["schemas"][name].is_object(), "{name}");
        }
    }
}
