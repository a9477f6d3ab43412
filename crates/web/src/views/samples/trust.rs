//! Samples of the security page. The sentences here are made up for the look; the served page reads the registry.

use super::{at, idle, no, ok, outside};
use crate::views::*;

fn runs(last: &[Run]) -> Vec<Run> {
    let mut runs = vec![Run::Passed; 30 - last.len()];
    runs.extend_from_slice(last);
    runs
}

fn claim(id: &str, sentence: &str, observation: &str, runs: Vec<Run>, state: Pill) -> ClaimRow {
    ClaimRow {
        id: id.to_owned(),
        sentence: sentence.to_owned(),
        observation: observation.to_owned(),
        how: "A probe signs in to one canary workspace and asks for everything of the other, through the public listener, once a minute.".to_owned(),
        enforced_by: vec!["tenancy::Scope".to_owned(), "row level security".to_owned()],
        runs,
        state,
    }
}

fn tally() -> Tally {
    Tally {
        proven: 131,
        proven_note: "oldest 4 min ago".to_owned(),
        failing: 1,
        failing_note: "since 10:42".to_owned(),
        not_proven: 42,
    }
}

/// This installation, with every state.
#[must_use]
pub fn trust(theme: Theme) -> Trust {
    let group = |key: &str, name: &str, claims| ClaimGroup { key: key.to_owned(), name: name.to_owned(), claims };
    Trust {
        frame: outside(theme, "Security", Nav::Trust),
        tally: tally(),
        checked: at("10:43", "at 10:43"),
        anchors: vec![
            Anchor {
                name: "The deployment's log".to_owned(),
                text: "It holds the checkpoints of every workspace: 7 entries are signed. The newest one came"
                    .to_owned(),
                when: Some(at("10:42", "1 min ago")),
                state: ok("alive"),
            },
            Anchor {
                name: "Witnesses".to_owned(),
                text: "None is named in the configuration.".to_owned(),
                when: None,
                state: idle("none"),
            },
        ],
        groups: vec![
            group(
                "isolation",
                "Isolation",
                vec![
                    claim(
                        "PIQ-02",
                        "One workspace never reads another’s data.",
                        "10,412 attempts through 9 channels in the last hour, 0 answered. Held by row level security on 41 of 41 tables and by types.",
                        runs(&[]),
                        ok("proven 40 s ago"),
                    ),
                    claim(
                        "PIQ-03",
                        "A forgotten filter still returns nothing.",
                        "A query without any condition, run as the application: 0 foreign rows.",
                        runs(&[]),
                        ok("proven 40 s ago"),
                    ),
                ],
            ),
            group(
                "keys",
                "Keys and backups",
                vec![
                    claim(
                        "PIQ-20",
                        "Backups are restored, not only made.",
                        "Last drill could not read the archive: permission denied. The operator was told at 10:43.",
                        runs(&[Run::NoResult, Run::Passed, Run::Failed]),
                        no("failing"),
                    ),
                    claim(
                        "PIQ-18",
                        "Root keys live in a key management service.",
                        "This installation keeps its root key in a file on the same machine. Connect a key management service to prove this row.",
                        vec![Run::NoResult; 30],
                        idle("not proven"),
                    ),
                    claim(
                        "PIQ-19",
                        "Keys are rotated on a schedule.",
                        "No run yet.",
                        Vec::new(),
                        idle("not proven, 3 days old"),
                    ),
                ],
            ),
        ],
    }
}

/// The ledger at its full length: 210 rows under five sources.
#[must_use]
pub fn trust_ledger(theme: Theme) -> TrustLedger {
    let sources: [(&str, &str, usize); 5] = [
        ("PIQ", "Request workflows", 71),
        ("PLN", "Forms, export, SFTP", 30),
        ("PLX", "Documents, search, assistant, widgets", 46),
        ("EMH", "Mail handling", 37),
        ("PSA", "Automation actions", 26),
    ];
    let row = |key: &str, number: usize| LedgerRow {
        id: format!("{key}-{number:02}"),
        sentence: "Every workspace has keys of its own, and what it stores is sealed before it reaches the database."
            .to_owned(),
        state: match number % 9 {
            0 => no("failing"),
            1 | 2 => ok("proven"),
            _ => idle("not proven"),
        },
        answer: "Awaits the room library: nothing of it exists yet.".to_owned(),
    };
    TrustLedger {
        frame: outside(theme, "Ledger of claims", Nav::TrustLedger),
        tally: tally(),
        query: String::new(),
        shown: sources.iter().map(|(_, _, count)| count).sum(),
        sources: sources
            .iter()
            .map(|(key, name, count)| LedgerSource {
                key: (*key).to_owned(),
                name: (*name).to_owned(),
                rows: (1..=*count).map(|number| row(key, number)).collect(),
            })
            .collect(),
    }
}
