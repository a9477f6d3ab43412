//! `countersign workspace`: made, ended, and what is handed out of one that ended.

use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};

use crate::audit_commands::read;
use crate::cli::{VerifyEnd, Workspace};
use crate::commands::asked;
use crate::control::Ask;

pub(crate) fn run(command: Workspace) -> Result<ExitCode, String> {
    match command {
        Workspace::Create { data, name, title, owner } => {
            let title = title.unwrap_or_else(|| name.clone());
            let answer = asked(data, &Ask::WorkspaceCreate { slug: name, title, owner })?;
            println!("made {}", text(&answer, "workspace"));
            if let Some(link) = answer["link"].as_str() {
                println!("{link}");
            }
        }
        Workspace::End { data, name, cancel: true, .. } => {
            asked(data, &Ask::WorkspaceKeep { workspace: name.clone() })?;
            println!("{name} goes on: the order is taken back");
        }
        Workspace::End { data, name, days, cancel: false } => {
            let answer = asked(data, &Ask::WorkspaceEnd { workspace: name.clone(), days })?;
            let id = text(&answer, "workspace");
            println!(
                "{name} ends on {}; until then everything goes on, and the order can be taken back",
                text(&answer, "due")
            );
            println!("export its trail before: countersign audit export --workspace {name} --out ./trail");
            println!("its certificate, once it ended: countersign workspace certificate {id} --out ./end");
        }
        Workspace::Ended(data) => {
            let answer = asked(data, &Ask::WorkspaceEnded)?;
            for one in answer.as_array().into_iter().flatten() {
                println!("{}  {}", text(one, "workspace"), text(one, "erased"));
            }
        }
        Workspace::Certificate { data, id, out } => {
            let answer = asked(data, &Ask::WorkspaceCertificate { workspace: id })?;
            write(&out, &answer).map_err(|error| format!("{}: {error}", out.display()))?;
            println!("the certificate and its proof are in {}", out.display());
            println!("verify them with: countersign audit verify-end {}", out.display());
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// `countersign audit verify-end`.
pub(crate) fn verify_end(asked: &VerifyEnd) -> Result<ExitCode, String> {
    let text = |path: &Option<std::path::PathBuf>| path.as_deref().map(read).transpose();
    let (keys, witnesses) = (text(&asked.vkey)?, text(&asked.witness)?);
    let verdict = ledger::ended::verify(&asked.dir, keys.as_deref(), witnesses.as_deref(), asked.require_witnesses);
    match (&verdict, asked.json) {
        (Ok(verdict), false) => println!("{}", verdict.words()),
        (Ok(verdict), true) => println!("{}", verdict.to_json()),
        (Err(wrong), false) => eprintln!("NOT what was signed: {wrong}"),
        (Err(wrong), true) => println!("{}", json!({"holds": false, "wrong": wrong.to_string()})),
    }
    Ok(if verdict.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn text<'a>(answer: &'a Value, name: &str) -> &'a str {
    answer[name].as_str().unwrap_or_default()
}

/// Writes the files that the server answered with into a new folder.
fn write(out: &Path, files: &Value) -> std::io::Result<()> {
    std::fs::create_dir(out)?;
    for (name, content) in files.as_object().into_iter().flatten() {
        // The names are ours; one that led out of the folder would be somebody else's answer.
        if name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.')) && !name.starts_with('.') {
            std::fs::write(out.join(name), content.as_str().unwrap_or_default())?;
        }
    }
    Ok(())
}
