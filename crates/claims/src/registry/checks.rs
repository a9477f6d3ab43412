//! The table of checks: how each is run, how old its proof may be, and the fault that must turn it red.

use super::words::words;
use crate::registry::{ClaimRow, claims};
use std::time::Duration;

words! {
    /// A check; one may serve several sentences.
    CheckId, code (/** The stable code used in records, JSON, the command line and the page's anchors. */) {
        /// Old protocol versions and plain requests on the public listener.
        TlsVersions = "tls-versions",
        /// Cipher suites and groups of the TLS listener.
        TlsSuites = "tls-suites",
        /// Every listener that the process holds, against the declared list.
        Listeners = "listeners",
        /// The HSTS header on every kind of answer.
        Hsts = "hsts",
        /// Every role against every route.
        PolicyMatrix = "policy-matrix",
        /// The families of permissions, each apart from the others.
        PermissionFamilies = "permission-families",
        /// Grants on one process, tried in another.
        ProcessLevel = "process-level",
        /// The logs over the records, recomputed.
        TrailTree = "trail-tree",
        /// Fields that every record must hold.
        RecordContext = "record-context",
        /// Attempts to change or remove records.
        RecordAppendOnly = "record-append-only",
        /// The catalogue of row level security.
        RowSecurity = "row-security",
        /// A statement without a workspace.
        UnsetSetting = "unset-setting",
        /// Statements on customer tables outside a scope.
        ScopedStatements = "scoped-statements",
        /// One workspace asking for another's objects.
        CrossWorkspace = "cross-workspace",
        /// The same under every plan.
        PlanIndependence = "plan-independence",
        /// A statement that forgot its filter.
        ForgottenFilter = "forgotten-filter",
        /// Columns that must hold envelopes only.
        SealedColumns = "sealed-columns",
        /// Parameters of stored passwords, and refused passwords.
        PasswordStorage = "password-storage",
        /// Attributes of every cookie, and altered cookies.
        Cookies = "cookies",
        /// Settings of the database that keep what was acknowledged.
        Durability = "durability",
        /// Canary values looked for in the log.
        LogContent = "log-content",
        /// Form and uniqueness of workspace ids.
        WorkspaceIds = "workspace-ids",
    }
}

impl CheckId {
    /// The check with this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|id| id.code() == code)
    }

    /// The row of this check.
    ///
    /// # Panics
    /// Never: a test finds a row for every id.
    #[must_use]
    pub fn row(self) -> &'static CheckRow {
        checks().iter().find(|row| row.id == self).expect("every check id has a row")
    }

    /// The claims that this check serves, in the order of the ledger.
    pub fn claims(self) -> impl Iterator<Item = &'static ClaimRow> {
        claims().iter().filter(move |row| row.status.checks().contains(&self))
    }
}

/// The negative twin of a check: what a scratch instance does so that the check must turn red.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultSwitch {
    /// Statements for the private database's superuser, each sent alone; `repair` undoes `break_`.
    Sql {
        /// What breaks the protection.
        break_: &'static [&'static str],
        /// What repairs it.
        repair: &'static [&'static str],
    },
    /// A switch of [`faults`](crate::faults), by its name; empty in a program without the feature of that name.
    Control(&'static str),
}

/// What a check needs before it can say anything; without it the run is not proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// The TLS listener.
    TlsListener,
    /// The HTTP interface through the public listener, and the two canary workspaces.
    Canaries,
    /// The database, through the application's own role.
    Database,
    /// The catalogue, through the role made for checks.
    Catalogue,
    /// The table of sockets of the running process.
    Sockets,
    /// The log that the process writes.
    Log,
}

/// A check as a row of the table.
#[derive(Clone, Copy, Debug)]
pub struct CheckRow {
    /// Which check.
    pub id: CheckId,
    /// The same as `id.code()`.
    pub code: &'static str,
    /// The public text "how this is proven".
    pub how: &'static str,
    /// How often the scheduler runs it.
    pub cadence: Duration,
    /// The age past which its last pass proves nothing; at most twice the cadence.
    pub max_age: Duration,
    /// What must turn it red.
    pub fault: FaultSwitch,
    /// What it cannot do without.
    pub needs: &'static [Needs],
}

impl CheckRow {
    /// A row whose proof lasts two cadences of `cadence_s` seconds.
    ///
    /// # Panics
    /// During compilation, on an empty text or a cadence outside 1 s to 1 day.
    const fn new(id: CheckId, cadence_s: u64, needs: &'static [Needs], fault: FaultSwitch, how: &'static str) -> Self {
        Self::aged(id, cadence_s, 2 * cadence_s, needs, fault, how)
    }

    /// A row whose proof lasts `max_age_s` seconds.
    const fn aged(
        id: CheckId,
        cadence_s: u64,
        max_age_s: u64,
        needs: &'static [Needs],
        fault: FaultSwitch,
        how: &'static str,
    ) -> Self {
        assert!(cadence_s >= 1 && cadence_s <= 86_400, "a cadence of 1 s to 1 day");
        assert!(max_age_s >= cadence_s && max_age_s <= 2 * cadence_s, "a proof lasts at most two cadences");
        assert!(!how.is_empty() && !needs.is_empty(), "a check says how it proves and what it needs");
        if let FaultSwitch::Sql { break_, repair } = fault {
            assert!(!break_.is_empty() && !repair.is_empty(), "a fault can be made and repaired");
        }
        Self {
            id,
            code: id.code(),
            how,
            cadence: Duration::from_secs(cadence_s),
            max_age: Duration::from_secs(max_age_s),
            fault,
            needs,
        }
    }
}

/// Every check, in the order of [`CheckId::ALL`].
#[must_use]
pub fn checks() -> &'static [CheckRow] {
    CHECKS
}

use FaultSwitch::Sql;
use Needs::{Canaries, Catalogue, Database, Log, Sockets, TlsListener};

/// A switch by its name, which a program without the feature `faults` does not know: there it is empty.
const fn control(name: &'static str) -> FaultSwitch {
    FaultSwitch::Control(if cfg!(feature = "faults") { name } else { "" })
}

/// Turns the first byte of the oldest person's sealed profile over; a second time restores it.
const FLIP_FIRST_BYTE: &str = "UPDATE countersign.person SET profile = set_byte(profile, 0, get_byte(profile, 0) # 255) \
     WHERE person_id = (SELECT person_id FROM countersign.person ORDER BY person_id LIMIT 1)";

/// What only the log shows: a superuser switches the trigger off, rewrites a record and switches it on again.
const REWRITE_A_RECORD: &str = "DO $$BEGIN
  ALTER TABLE audit.record DISABLE TRIGGER no_mod;
  UPDATE audit.record SET action = action || '.rewritten' WHERE id = (SELECT min(r.id) FROM audit.record r
    WHERE r.workspace_id = (SELECT t.workspace_id FROM platform.route t WHERE t.slug = 'probe-a'));
  ALTER TABLE audit.record ENABLE ALWAYS TRIGGER no_mod;
END$$";
const RESTORE_THE_RECORD: &str = "DO $$BEGIN
  ALTER TABLE audit.record DISABLE TRIGGER no_mod;
  UPDATE audit.record SET action = replace(action, '.rewritten', '') WHERE action LIKE '%.rewritten';
  ALTER TABLE audit.record ENABLE ALWAYS TRIGGER no_mod;
END$$";

const CHECKS: &[CheckRow] = &[
    CheckRow::new(
        CheckId::TlsVersions,
        60,
        &[TlsListener],
        control("tls-old-hello"),
        "Opens connections to the public TLS listener with SSL 3.0, TLS 1.0 and TLS 1.1 greetings, which must all be \
         refused, and with TLS 1.2 and 1.3, which must succeed; sends plain HTTP to the same port, which must get no content.",
    ),
    CheckRow::new(
        CheckId::TlsSuites,
        60,
        &[TlsListener],
        control("tls-weak-suite"),
        "Offers the public TLS listener one suite at a time: every suite with CBC, RC4, 3DES, RSA or static key exchange \
         must be refused, and only authenticated encryption with ephemeral elliptic-curve keys accepted.",
    ),
    CheckRow::new(
        CheckId::Listeners,
        30,
        &[Sockets],
        control("open-plain-listener"),
        "Reads the sockets on which the process listens and compares them with the declared list; each must speak TLS or \
         be bound to this machine alone.",
    ),
    CheckRow::new(
        CheckId::Hsts,
        60,
        &[TlsListener],
        control("hsts-off"),
        "Fetches a page, a redirect, an unknown address, a refused request and a malformed one over HTTPS; each answer must \
         carry Strict-Transport-Security of at least one year.",
    ),
    CheckRow::new(
        CheckId::PolicyMatrix,
        300,
        &[Canaries],
        control("policy-allow-all"),
        "Signs in as every built-in role of a canary workspace, and as nobody, and asks every route; each answer must be \
         the one that the declared table of permissions gives.",
    ),
    CheckRow::new(
        CheckId::PermissionFamilies,
        60,
        &[Canaries],
        control("submit-implies-all"),
        "As a canary person who may submit and nothing else, tries to decide, to read reports and to administer; then the \
         same for each of the other families. Each may do exactly its own.",
    ),
    CheckRow::new(
        CheckId::ProcessLevel,
        60,
        &[Canaries],
        control("grants-ignore-process"),
        "A canary person with a right on one process tries to use it in a second process of the same workspace and must be \
         refused, and in the first and must succeed.",
    ),
    CheckRow::new(
        CheckId::TrailTree,
        30,
        &[Canaries, Database],
        Sql { break_: &[REWRITE_A_RECORD], repair: &[RESTORE_THE_RECORD] },
        "Recomputes the logs of both canary workspaces and, in turn, of every other up to 50,000 records: each entry from its \
         record, every hash, tile and root, the signature, every value against its commitment, and what the deployment's \
         log knows of it; a record without a leaf after a minute, and a deployment's log that is silent, count too.",
    ),
    CheckRow::new(
        CheckId::RecordContext,
        60,
        &[Database],
        control("record-without-context"),
        "Acts in a canary workspace, opens the record written for the act and looks for actor, time, address, device, \
         action and target; then counts the records of the last day that lack a mandatory field.",
    ),
    CheckRow::new(
        CheckId::RecordAppendOnly,
        30,
        &[Database, Catalogue],
        Sql {
            break_: &[
                "GRANT UPDATE ON audit.record TO countersign_app",
                "ALTER TABLE audit.record DISABLE TRIGGER no_mod",
            ],
            repair: &[
                "REVOKE UPDATE ON audit.record FROM countersign_app",
                "ALTER TABLE audit.record ENABLE ALWAYS TRIGGER no_mod",
            ],
        },
        "As the application's own database role tries to update, delete, truncate and alter canary records, each of which \
         must be refused; reads the grants and the state of the triggers from the catalogue.",
    ),
    CheckRow::new(
        CheckId::RowSecurity,
        30,
        &[Catalogue],
        Sql {
            break_: &["ALTER TABLE countersign.request NO FORCE ROW LEVEL SECURITY"],
            repair: &["ALTER TABLE countersign.request FORCE ROW LEVEL SECURITY"],
        },
        "Reads the catalogue: every table that the application can reach must carry the workspace in its key, row level \
         security that is forced, exactly the one policy, and foreign keys that include the workspace; the role may own \
         nothing and bypass nothing.",
    ),
    CheckRow::new(
        CheckId::UnsetSetting,
        30,
        &[Database],
        Sql {
            break_: &["CREATE POLICY fault_unset ON countersign.request FOR SELECT TO countersign_app USING (true)"],
            repair: &["DROP POLICY fault_unset ON countersign.request"],
        },
        "Reads every customer table as the application's role without naming a workspace; each must be refused or give \
         no row.",
    ),
    CheckRow::new(
        CheckId::ScopedStatements,
        60,
        &[Database],
        control("statement-without-scope"),
        "Looks through the statements that the application prepares for customer tables: each must carry the workspace in \
         its condition. That no other part can reach the database is checked when the product is built.",
    ),
    CheckRow::new(
        CheckId::CrossWorkspace,
        60,
        &[Canaries],
        control("scope-from-target"),
        "As a person of one canary workspace asks every route for every kind of object of the other: the answer must be \
         the same, byte for byte, as for an id that never existed, and no canary word of the other may appear.",
    ),
    CheckRow::new(
        CheckId::PlanIndependence,
        300,
        &[Canaries, Database],
        control("isolation-reads-plan"),
        "Repeats the attempts of one canary workspace on the other with each plan that a workspace can have; the answers \
         must not differ.",
    ),
    CheckRow::new(
        CheckId::ForgottenFilter,
        30,
        &[Database],
        Sql {
            break_: &[
                "CREATE POLICY fault_forgotten ON countersign.request FOR SELECT TO countersign_app USING (true)",
            ],
            repair: &["DROP POLICY fault_forgotten ON countersign.request"],
        },
        "Runs a statement without any condition on every customer table, inside one canary workspace: no row of another \
         may come back, a row written for another must be refused, and a reused connection must not remember the last one.",
    ),
    CheckRow::new(
        CheckId::SealedColumns,
        30,
        &[Database, Catalogue],
        Sql { break_: &[FLIP_FIRST_BYTE], repair: &[FLIP_FIRST_BYTE] },
        "Takes a sample of every column that is marked sensitive: each value must be an envelope, and those of the canary \
         workspaces must open under their own place and nowhere else; canary words must not be found in them.",
    ),
    CheckRow::new(
        CheckId::PasswordStorage,
        60,
        &[Canaries, Database],
        control("weak-password-hash"),
        "Reads how the canary passwords are stored: Argon2id at or above the floor, with its own salt, the word \
         itself nowhere; then tries common passwords, which must be refused.",
    ),
    CheckRow::new(
        CheckId::Cookies,
        60,
        &[Canaries, TlsListener],
        control("cookie-without-secure"),
        "Signs in and out as a canary person and looks at every cookie that is set: the __Host- prefix, HttpOnly, Secure, \
         SameSite=Strict; then alters one character, which must end in being signed out.",
    ),
    CheckRow::new(
        CheckId::Durability,
        30,
        &[Database, Catalogue],
        Sql {
            break_: &["ALTER ROLE countersign_app SET synchronous_commit = off"],
            repair: &["ALTER ROLE countersign_app RESET synchronous_commit"],
        },
        "Asks the database, and its stored settings per role, whether fsync, synchronous commit, full page writes and data \
         checksums are on.",
    ),
    CheckRow::new(
        CheckId::LogContent,
        300,
        &[Canaries, Log],
        control("log-bodies"),
        "Sends canary words as password, token, e-mail address and form value, then reads what the process has logged \
         since: none of them may appear, and each line may hold known fields only.",
    ),
    CheckRow::new(
        CheckId::WorkspaceIds,
        60,
        &[Database, Catalogue],
        control("workspace-id-short"),
        "Counts the workspaces whose id is not a random UUID (version 4), looks for a unique key on the id, and asks for ids next \
         to a canary's, which must not exist.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_check_has_one_row_in_order_and_serves_a_claim() {
        let rows: Vec<CheckId> = checks().iter().map(|row| row.id).collect();
        assert_eq!(rows, CheckId::ALL);
        for id in CheckId::ALL {
            assert_eq!(id.row().id, *id);
            assert_eq!(CheckId::from_code(id.code()), Some(*id));
            assert!(id.claims().next().is_some(), "{} serves no claim", id.code());
        }
        assert_eq!(CheckId::from_code("no-such-check"), None);
    }

    #[test]
    fn codes_and_switches_are_unlike_each_other() {
        let codes: BTreeSet<&str> = CheckId::ALL.iter().map(|id| id.code()).collect();
        assert_eq!(codes.len(), CheckId::ALL.len());
        let mut controls = BTreeSet::new();
        for row in checks() {
            assert!(row.max_age <= row.cadence * 2, "{}", row.code);
            if let FaultSwitch::Control(name) = row.fault {
                assert_eq!(name.is_empty(), !cfg!(feature = "faults"), "{}", row.code);
                assert!(controls.insert(name) || name.is_empty(), "switch {name} stands twice");
            }
        }
    }
}
