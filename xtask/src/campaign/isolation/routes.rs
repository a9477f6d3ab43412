//! The routes of an OpenAPI document: where an id can stand in each.

use reqwest::Method;
use serde_json::Value;

use crate::Failure;

/// One operation.
#[derive(Debug, Clone)]
pub(super) struct Route {
    pub(super) method: Method,
    /// The path with `{name}` for its parameters.
    pub(super) path: String,
    /// Names of query parameters.
    pub(super) queries: Vec<String>,
    /// Names of body members that may hold an id; empty for an operation without a body.
    pub(super) members: Vec<String>,
    pub(super) takes_body: bool,
}

impl Route {
    /// Names of the path's parameters.
    pub(super) fn parameters(&self) -> Vec<&str> {
        self.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect()
    }
}

/// All operations of the document.
pub(super) fn routes(document: &Value) -> Result<Vec<Route>, Failure> {
    let paths = document["paths"].as_object().ok_or("the OpenAPI document has no paths")?;
    let mut routes = Vec::new();
    for (path, operations) in paths {
        let operations = operations.as_object().ok_or("a path without operations")?;
        for (name, operation) in operations {
            let method = match name.as_str() {
                "get" => Method::GET,
                "post" => Method::POST,
                "put" => Method::PUT,
                "patch" => Method::PATCH,
                "delete" => Method::DELETE,
                _ => continue,
            };
            let content = &operation["requestBody"]["content"];
            let schema = content.as_object().and_then(|kinds| kinds.values().next());
            routes.push(Route {
                method: method.clone(),
                path: path.clone(),
                queries: if method == Method::GET { queries(operation) } else { Vec::new() },
                members: schema.map_or_else(Vec::new, |kind| members(document, &kind["schema"])),
                takes_body: content.is_object(),
            });
        }
    }
    if routes.is_empty() { Err("the OpenAPI document has no operations".into()) } else { Ok(routes) }
}

/// Query parameters that are tried everywhere, documented or not: an undocumented one must not leak.
const QUERIES: [&str; 4] = ["request", "actor", "process", "cursor"];

fn queries(operation: &Value) -> Vec<String> {
    let parameters = operation["parameters"].as_array();
    let documented = parameters
        .into_iter()
        .flatten()
        .filter(|parameter| parameter["in"] == "query")
        .filter_map(|parameter| parameter["name"].as_str());
    let mut names: Vec<String> = documented.chain(QUERIES).map(str::to_owned).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Top-level members of a body's schema, a reference followed once.
fn members(document: &Value, schema: &Value) -> Vec<String> {
    let followed =
        schema["$ref"].as_str().and_then(|reference| document.pointer(reference.strip_prefix('#')?)).unwrap_or(schema);
    let properties = followed["properties"].as_object();
    properties.map_or_else(Vec::new, |properties| properties.keys().cloned().collect())
}

#[cfg(test)]
mod tests {
    use super::routes;
    use serde_json::json;

    #[test]
    fn parameters_queries_and_members_are_found() {
        let document = json!({
            "paths": { "/api/v1/requests/{id}/decisions": { "post": {
                "parameters": [ { "in": "path", "name": "id" } ],
                "requestBody": { "content": { "application/json": {
                    "schema": { "$ref": "#/components/schemas/Decide" } } } } } } },
            "components": { "schemas": { "Decide": { "properties": { "task": {} } } } },
        });
        let found = routes(&document).expect("well formed");
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].parameters(), ["id"]);
        assert!(found[0].queries.is_empty());
        assert_eq!(found[0].members, ["task"]);
        assert!(routes(&json!({ "paths": {} })).is_err());

        let parameters = json!([ { "in": "query", "name": "limit" } ]);
        let list = json!({ "paths": { "/api/v1/tasks": { "get": { "parameters": parameters } } } });
        let found = routes(&list).expect("well formed");
        assert_eq!(found[0].queries, ["actor", "cursor", "limit", "process", "request"]);
    }
}
