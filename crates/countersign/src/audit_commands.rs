//! `countersign audit`: exports, proofs, keys, and verifying them.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::{Value, json};

use crate::cli::{Audit, Data};
use crate::commands::asked;
use crate::control::Ask;

/// Longest file of keys or kept checkpoint that is read.
const TEXT_BYTES_MAX: u64 = 1024 * 1024;
/// Exit code of a verdict that holds, where records that somebody kept a checkpoint of are lost, as the log itself says.
const LOST: u8 = 3;

pub(crate) fn run(command: Audit) -> Result<ExitCode, String> {
    match command {
        Audit::Verify { live: true, data, workspace, json, .. } => verify_live(data, workspace, json),
        Audit::Verify { dir, vkey, kept, witness, require_witnesses, json, .. } => {
            let dir = dir.ok_or("name the folder of an export, or --live")?;
            let text = |path: Option<PathBuf>| path.as_deref().map(read).transpose();
            let (keys, witnesses) = (text(vkey)?, text(witness)?);
            let kept = kept.iter().map(|path| read(path)).collect::<Result<Vec<_>, _>>()?;
            let (keys, witnesses) = (keys.as_deref(), witnesses.as_deref());
            let known = ledger::verify::Known { keys, kept: &kept, witnesses, required: require_witnesses };
            Ok(verify(&dir, &known, json))
        }
        Audit::Export { data, workspace, out, kept } => export(data, workspace, &out, &kept),
        Audit::Proof { data, workspace, record, out } => {
            let proof = asked(data, &Ask::AuditProof { workspace, record })?;
            let text = |name: &str| proof[name].as_str().unwrap_or_default();
            std::fs::write(&out, text("file")).map_err(|error| format!("{}: {error}", out.display()))?;
            println!("{}", text("entry"));
            Ok(ExitCode::SUCCESS)
        }
        Audit::Erase { data, workspace, person, month } => {
            let orders = asked(data, &Ask::AuditErase { workspace, person, month })?;
            for order in orders.as_array().into_iter().flatten() {
                let state = if order["erased"] == true { "erased" } else { "ordered; it is being carried out" };
                println!("{}: {state}", order["erasure"].as_str().unwrap_or_default());
            }
            Ok(ExitCode::SUCCESS)
        }
        Audit::VerifyEnd(asked) => crate::workspace_commands::verify_end(&asked),
        Audit::NewEpoch { data, epoch } => {
            let opened = asked(data, &Ask::AuditNewEpoch { epoch })?;
            println!("epoch {} of the logs is open; witnesses and whoever verifies need its keys", opened["epoch"]);
            println!("print them with: countersign audit keys");
            Ok(ExitCode::SUCCESS)
        }
        Audit::Keys { data, workspace } => {
            let keys = asked(data, &Ask::AuditKeys { workspace })?;
            keys.as_array().into_iter().flatten().filter_map(Value::as_str).for_each(|key| println!("{key}"));
            Ok(ExitCode::SUCCESS)
        }
    }
}

pub(crate) fn read(path: &Path) -> Result<String, String> {
    let named = |error: std::io::Error| format!("{}: {error}", path.display());
    let size = std::fs::metadata(path).map_err(named)?.len();
    if size > TEXT_BYTES_MAX {
        return Err(format!("{} has {size} bytes; at most {TEXT_BYTES_MAX} are read", path.display()));
    }
    std::fs::read_to_string(path).map_err(named)
}

fn verify(dir: &Path, known: &ledger::verify::Known<'_>, is_json: bool) -> ExitCode {
    let verdict = ledger::verify::export_known(dir, known);
    match (&verdict, is_json) {
        (Ok(verdict), false) => println!("{}", verdict.words()),
        (Ok(verdict), true) => println!("{}", verdict.to_json()),
        (Err(wrong), false) => eprintln!("NOT what was signed: {wrong}"),
        (Err(wrong), true) => println!("{}", json!({"holds": false, "wrong": wrong.to_string()})),
    }
    match verdict {
        Ok(verdict) if verdict.kept_earlier.iter().any(|kept| kept.lost > 0) => ExitCode::from(LOST),
        Ok(_) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn verify_live(data: Data, workspace: String, is_json: bool) -> Result<ExitCode, String> {
    let report = asked(data, &Ask::AuditVerify { workspace })?;
    if is_json {
        println!("{report}");
    } else {
        let origin = report["origin"].as_str().unwrap_or("no log yet");
        println!("{origin}\n{} records recomputed from the database, {} intact", report["records"], report["intact"]);
        println!(
            "{} parts were erased as records say, {} erasures are under way",
            report["erased"], report["under_way"]
        );
        println!("{} wait for their leaf; the checkpoint is of {}", report["waiting"], report["signed"]);
        for finding in report["findings"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            println!("WRONG: {finding}");
        }
        println!(
            "trust: the running server judged itself with its own key; an export with keys and checkpoints of yours does \
             without it"
        );
    }
    Ok(if report["wrong"] == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn export(data: Data, workspace: String, out: &Path, kept: &[PathBuf]) -> Result<ExitCode, String> {
    let notes = kept.iter().map(|path| read(path)).collect::<Result<Vec<_>, _>>()?;
    if out.exists() {
        return Err(format!("{} is there already; name a folder that is not", out.display()));
    }
    let made = asked(data, &Ask::AuditExport { workspace })?;
    let folder = PathBuf::from(made["folder"].as_str().unwrap_or_default());
    let moved = copy(&folder, out);
    drop(std::fs::remove_dir_all(&folder));
    moved.map_err(|error| format!("{}: {error}", out.display()))?;
    println!("{} records of {} in {}", made["records"], made["origin"].as_str().unwrap_or_default(), out.display());
    println!("verify it with: countersign audit verify {}", out.display());
    println!("or in a browser, with a verify.html that you trust; one lies in the folder");
    let mut code = ExitCode::SUCCESS;
    for (path, note) in kept.iter().zip(&notes) {
        match ledger::consistency::prove(out, path, note) {
            Ok(grown) if grown.holds => {
                let file = grown.file.map(|name| format!(": the proof is {name}")).unwrap_or_default();
                println!("it goes on from the {} records that you kept{file}", grown.kept);
            }
            Ok(grown) => {
                eprintln!(
                    "NOT what you kept: its first {} records are others than those of {}",
                    grown.kept,
                    path.display()
                );
                code = ExitCode::FAILURE;
            }
            Err(wrong) => {
                eprintln!("NOT what you kept: {wrong}");
                code = ExitCode::FAILURE;
            }
        }
    }
    Ok(code)
}

/// Copies a folder: it may go to another file system, and belongs to whoever asked.
fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true => copy(&entry.path(), &target)?,
            false => drop(std::fs::copy(entry.path(), target)?),
        }
    }
    Ok(())
}
