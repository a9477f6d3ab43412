//! Samples of erasure and of the end of a workspace.

use super::{at, ok, signed_in, wait};
use crate::views::*;

/// Two erasures, a refusal, and a workspace that may end.
#[must_use]
pub fn erasure(theme: Theme) -> Erasure {
    let line =
        |of: &str, part, when: &str, state| ErasureLine { of: of.to_owned(), part, ordered: at("10:40", when), state };
    Erasure {
        frame: signed_in(theme, "Erasure", Nav::Audit),
        slug: "northwind".to_owned(),
        orders: vec![
            line("A person who left", "who acted, from where", "1 min ago", wait("key destroyed")),
            line("2026-01", "what acts were about", "3 November 2026, 10:40", ok("erased")),
        ],
        person: "tom@northwind.example".to_owned(),
        month: String::new(),
        days: "14".to_owned(),
        error: Some(("person", "This person still has access; end it first.".to_owned())),
        ends: None,
        may_end: true,
        days_max: 30,
    }
}

/// A workspace whose end is ordered.
#[must_use]
pub fn erasure_ending(theme: Theme) -> Erasure {
    let certificate = "https://countersign.example/ended/0198f0c4-7a51-7d3b-9a44-3f1c2b5d6e70".to_owned();
    Erasure {
        orders: Vec::new(),
        error: Some(("end", "No end is ordered, or the workspace is closed already.".to_owned())),
        ends: Some((at("2026-12-11", "11 December 2026, 09:00 UTC"), certificate)),
        ..erasure(theme)
    }
}

/// What is left of a workspace.
#[must_use]
pub fn ended(theme: Theme) -> Ended {
    let id = "0198f0c4-7a51-7d3b-9a44-3f1c2b5d6e70";
    let mut frame = signed_in(theme, "This workspace ended", Nav::Elsewhere);
    frame.workspace = None;
    Ended {
        frame,
        id: id.to_owned(),
        erased: at("2026-12-11", "11 December 2026, 09:01 UTC"),
        certificate: format!(
            "countersign/end-of-workspace/v1\norigin countersign.example/ws/{id}/e1\nsize 70000\nroot \
             IWqDtqKrQwmZFMZVXN4M9DQAmlt2SWzvbgQrAAkUXpE=\nordered 2026-11-27T09:00:00Z\nclosed 2026-12-11T09:00:00Z\n\
             shredded 2026-12-11T09:00:31Z\nerased 2026-12-11T09:01:02Z\nkeys 214 \
             9DQAmlt2SWzvbgQrAAkUXpEIWqDtqKrQwmZFMZVXN4M=\nrows 412006\n"
        ),
        files: vec!["entry", "proof.tlog-proof", "vkey", "certificate", "checkpoint"],
    }
}
