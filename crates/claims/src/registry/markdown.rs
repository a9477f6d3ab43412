//! The README's table of claims, made from the registry.

use super::{Group, Half, Status, claims, claims_of};
use std::fmt::Write as _;

/// The claims as Markdown: one table a chapter, then the counts. The same registry gives the same bytes.
///
/// # Panics
/// Never: writing to a string cannot fail.
#[must_use]
pub fn markdown_table() -> String {
    let mut out = String::new();
    let live = claims().iter().filter(|row| row.status.is_live()).count();
    let awaits = claims().len() - live;
    let total = claims().len();
    writeln!(out, "{total} claims: {live} with live checks, {awaits} await the part that will make them true.")
        .expect("a string takes everything");
    for group in Group::ALL {
        write!(
            out,
            "\n### {}\n\n| claim | kind | sentence | state | behind it |\n|---|---|---|---|---|\n",
            group.word()
        )
        .expect("a string takes everything");
        for row in claims_of(*group) {
            let (state, behind) = match row.status {
                Status::Live(checks) => {
                    let codes: Vec<String> = checks.iter().map(|id| format!("`{}`", id.code())).collect();
                    ("Live", codes.join(", "))
                }
                Status::Awaits(room, reason) => ("Awaits", format!("`{}`: {reason}", room.word())),
            };
            let stated = row.halves().find_map(|half| match half {
                Half::Statement(register) if row.status.is_live() => {
                    Some(format!("; to be stated in the register of {}", register.word()))
                }
                _ => None,
            });
            writeln!(
                out,
                "| {} | {} | {} | {state} | {}{} |",
                row.id,
                row.kind.word(),
                cell(row.sentence),
                cell(&behind),
                stated.unwrap_or_default()
            )
            .expect("a string takes everything");
        }
    }
    out
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// What visitors type to see claims turn red.
const TRY_TO_BREAK_IT: &str = include_str!("../../../../docs/try-to-break-it.md");

/// The README with the table of claims and the section to try it between their marks; nothing when a mark is missing.
#[must_use]
pub fn in_readme(readme: &str) -> Option<String> {
    let table = format!("<details>\n<summary>All claims</summary>\n\n{}\n</details>", markdown_table().trim_end());
    let with_table = between(readme, "claims", &table)?;
    between(&with_table, "try", TRY_TO_BREAK_IT.trim_end())
}

fn between(text: &str, name: &str, content: &str) -> Option<String> {
    let (begin, end) = (format!("<!-- {name}:begin -->"), format!("<!-- {name}:end -->"));
    let (before, rest) = text.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{begin}\n\n{content}\n\n{end}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_claim_stands_in_the_table_once() {
        let table = markdown_table();
        for row in claims() {
            assert_eq!(table.matches(&format!("\n| {} |", row.id)).count(), 1, "{}", row.id);
        }
        for line in table.lines().filter(|line| line.starts_with("| P") || line.starts_with("| E")) {
            assert_eq!(line.matches(" | ").count(), 4, "five cells: {line}");
        }
    }

    #[test]
    fn the_readme_holds_the_table_of_this_registry() {
        let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md")).unwrap();
        let fresh = in_readme(&readme).unwrap();
        assert!(fresh == readme, "run: cargo run -p claims --example readme");
    }
}
