//! The sample's process `travel` as a program outside meets it: its roles and its form.

use serde_json::{Value, json};

/// The workspace and the process of the sample that stand for a university's travel permits.
pub(crate) const WORKSPACE: &str = "sample";
pub(crate) const PROCESS: &str = "travel";

/// Who may take part, in the order in which the process asks them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    PreApprover,
    Administration,
    BudgetOwner,
    Supervisor,
    Director,
}

/// All of them.
pub(crate) const ROLES: [Role; 5] =
    [Role::PreApprover, Role::Administration, Role::BudgetOwner, Role::Supervisor, Role::Director];

impl Role {
    /// The field of the form and the name before the @.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::PreApprover => "pre_approver",
            Self::Administration => "administration",
            Self::BudgetOwner => "budget_owner",
            Self::Supervisor => "supervisor",
            Self::Director => "director",
        }
    }
}

/// The form, filled in: which roles take part is a value of it. `round` counts submissions, so that
/// every edit is one.
pub(crate) fn values(destination: &str, round: u32, roles: &[Role]) -> Value {
    let mut values = json!({
        "destination": destination, "purpose": format!("Submission {round}"),
        "depart": "2027-03-01", "return": "2027-03-05",
        "estimate": { "amount": "420.00", "currency": "EUR" },
    });
    for role in ROLES {
        values[role.key()] = Value::Bool(roles.contains(&role));
    }
    values
}
