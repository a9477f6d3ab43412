//! The checks themselves: one attack each, in a file of its own.
//!
//! What must stay true: a check goes in by the doors that strangers use, says how many things it looked at, and passes
//! only when each was as it should be. Whatever hinders it is not proven, never a pass.

mod catalogue;
mod cookies;
mod durability;
mod families;
mod foreign;
mod forgotten;
mod hsts;
mod listeners;
mod log_content;
mod matrix;
mod passwords;
mod process_level;
mod records;
mod scoped;
mod sealed;
mod targets;
mod tls;
mod trail_tree;
mod workspace_ids;

use crate::probe::{ProbeCtx, ProbeError};
use crate::registry::{Check, CheckFuture, CheckId, Outcome};

macro_rules! probes {
    ($($name:ident => $run:path;)*) => {
        $(
            struct $name;
            impl Check<ProbeCtx> for $name {
                fn id(&self) -> CheckId {
                    CheckId::$name
                }
                fn run<'a>(&'a self, cx: &'a ProbeCtx) -> CheckFuture<'a> {
                    Box::pin(async move { $run(cx).await.unwrap_or_else(ProbeError::into_outcome) })
                }
            }
        )*
        static PROBES: &[&'static dyn Check<ProbeCtx>] = &[$(&$name),*];
    };
}

probes! {
    TlsVersions => tls::versions;
    TlsSuites => tls::suites;
    Listeners => listeners::run;
    Hsts => hsts::run;
    PolicyMatrix => matrix::run;
    PermissionFamilies => families::run;
    ProcessLevel => process_level::run;
    TrailTree => trail_tree::run;
    RecordContext => records::context;
    RecordAppendOnly => records::append_only;
    RowSecurity => catalogue::row_security;
    UnsetSetting => catalogue::unset_setting;
    ScopedStatements => scoped::run;
    CrossWorkspace => foreign::cross_workspace;
    PlanIndependence => foreign::plan_independence;
    ForgottenFilter => forgotten::run;
    SealedColumns => sealed::run;
    PasswordStorage => passwords::run;
    Cookies => cookies::run;
    Durability => durability::run;
    LogContent => log_content::run;
    WorkspaceIds => workspace_ids::run;
}

/// Every probe, in the order of the table of checks.
pub(crate) fn probes() -> &'static [&'static dyn Check<ProbeCtx>] {
    PROBES
}

/// Members of a population, each as it should be or not: what every check counts with.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    members: Vec<String>,
    wrong: Vec<String>,
}

/// Most wrong members that an observation names.
const NAMED_MAX: usize = 5;

impl Tally {
    /// Counts a member by its name, which must hold no id, address or secret.
    pub(crate) fn count(&mut self, member: impl Into<String>, found: Found) {
        let member = member.into();
        if found == Found::Wrong {
            self.wrong.push(member.clone());
        }
        self.members.push(member);
    }

    /// Says how many of them, and names the first few that are not as they should be.
    pub(crate) fn outcome(self, what: &str) -> Outcome {
        let of = self.members.len() as u64;
        let n = of.saturating_sub(self.wrong.len() as u64);
        let mut text = format!("{n} of {of} {what}");
        if !self.wrong.is_empty() {
            let named: Vec<&str> = self.wrong.iter().take(NAMED_MAX).map(String::as_str).collect();
            text.push_str("; not so: ");
            text.push_str(&named.join(", "));
        }
        let mut members = self.members;
        members.sort_unstable();
        Outcome::judge(n, of, members.join("\n").as_bytes(), text)
    }
}

/// How a member of a population was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// As it should be.
    Right,
    /// Otherwise.
    Wrong,
}

impl Found {
    /// Right exactly if the condition holds.
    pub(crate) const fn right_if(condition: bool) -> Self {
        if condition { Self::Right } else { Self::Wrong }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_of_the_table_has_its_probe_in_order() {
        let ids: Vec<CheckId> = probes().iter().map(|probe| probe.id()).collect();
        assert_eq!(ids, CheckId::ALL);
    }

    #[test]
    fn a_tally_names_what_is_wrong_and_an_empty_one_proves_nothing() {
        assert!(matches!(Tally::default().outcome("things"), Outcome::NotProven(_)));
        let mut tally = Tally::default();
        tally.count("a", Found::Right);
        tally.count("b", Found::Wrong);
        let Outcome::Fail(seen) = tally.outcome("things") else { panic!("one of two fails") };
        assert_eq!(seen.text(), "1 of 2 things; not so: b");
    }
}
