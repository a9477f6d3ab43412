//! The statements of every room: each that touches customer rows names the workspace.

use tenancy::Sql;
use tenancy::attempts::{Answer, Attempt};

use super::{Found, Tally};
use crate::probe::{ProbeCtx, ProbeError};
use crate::registry::Outcome;

/// Whether the application's role runs a statement. The courier's sees due effects of all workspaces, the streamer's which
/// streams have something to send, the integrator's commitments of all records and what is left of workspaces that ended, the
/// custodian's that something is to be erased, none anything of their content; grants refuse the application what is theirs. What erases finds its workspace by the
/// setting, inside the database.
fn is_of_the_application(name: &str) -> bool {
    let is_of_the_integrator = name.starts_with("log_") || name.starts_with("deployment_");
    let is_of_a_worker = matches!(
        name,
        "courier_take.sql"
            | "streamer_take.sql"
            | "streamer_checkpoints.sql"
            | "custody_open.sql"
            | "custody_erase.sql"
            | "custody_endings.sql"
            | "custody_end_rows.sql"
            | "ended_list.sql"
    );
    !is_of_a_worker && !is_of_the_integrator
}

pub(super) async fn run(cx: &ProbeCtx) -> Result<Outcome, ProbeError> {
    // A move that finds no row would be let through without having moved anything.
    let [(a, _), (b, _)] = cx.sides()?;
    let mut tally = Tally::default();
    for (room, statements) in rooms() {
        for sql in statements.iter().filter(|sql| is_of_the_application(sql.name())) {
            tally.count(format!("{room}/{}", sql.name()), Found::right_if(names_workspace(sql.text())));
        }
    }
    if crate::faults::on("statement-without-scope") {
        let sql = "SELECT r.title FROM countersign.request r";
        tally.count("a statement without a scope", Found::right_if(names_workspace(sql)));
    }
    for attempt in Attempt::ACROSS {
        let answer = cx.db.attempt(*attempt, a.workspace, b.workspace).await?;
        tally.count(attempt.words(), Found::right_if(answer == Answer::Refused));
    }
    Ok(tally.outcome("statements carry the workspace, and none reaches past it"))
}

/// Every statement that the application can prepare, by room.
fn rooms() -> [(&'static str, &'static [&'static Sql]); 4] {
    [
        ("tenancy", tenancy::statements::ALL),
        ("identity", identity::statements::ALL),
        ("requests", requests::statements::ALL),
        ("claims", crate::statements::ALL),
    ]
}

/// A statement on customer rows binds or inserts the workspace; one that touches none has nothing to name.
fn names_workspace(text: &str) -> bool {
    let text: String =
        text.lines().filter(|line| !line.trim_start().starts_with("--")).collect::<Vec<_>>().join(" ").to_lowercase();
    let touches = text.contains("countersign.") || text.contains("audit.");
    let binds = text.contains("workspace_id = $1");
    let inserts = text.trim_start().starts_with("insert ") && text.contains("(workspace_id,");
    !touches || binds || inserts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_names_its_workspace_or_touches_no_row_of_one() {
        assert!(names_workspace("SELECT 1 FROM countersign.task t WHERE t.workspace_id = $1"));
        assert!(names_workspace("INSERT INTO countersign.task (workspace_id, task_id) VALUES ($1, $2)"));
        assert!(names_workspace("SELECT slug FROM platform.route"));
        assert!(!names_workspace("SELECT 1 FROM countersign.task"));
        assert!(!names_workspace("-- workspace_id = $1\nSELECT 1 FROM countersign.task"));
        assert!(!names_workspace("INSERT INTO countersign.task (task_id) VALUES ($1)"));
    }

    #[test]
    fn every_statement_of_every_room_does() {
        for (room, statements) in rooms() {
            assert!(!statements.is_empty(), "{room}");
            for sql in statements.iter().filter(|sql| is_of_the_application(sql.name())) {
                assert!(names_workspace(sql.text()), "{room}/{}", sql.name());
            }
        }
    }
}
