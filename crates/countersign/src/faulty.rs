//! The table of checks with what turns each red, for a test that does it. Only in a program with the feature `faults`.

use claims::registry::{FaultSwitch, checks};
use serde_json::{Value, json};

/// A row a check: `check`, and either `break` and `repair` (statements for the superuser) or `switch` (a name).
pub(crate) fn table() -> Value {
    let rows = checks().iter().map(|row| match row.fault {
        FaultSwitch::Sql { break_, repair } => json!({"check": row.code, "break": break_, "repair": repair}),
        FaultSwitch::Control(name) => json!({"check": row.code, "switch": name}),
    });
    Value::Array(rows.collect())
}
