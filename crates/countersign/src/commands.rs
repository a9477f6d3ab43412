//! The commands beside a running server: each asks at the control socket and prints the answer.

use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::Value;

use crate::cli::{Command, Data, Link, Process, Scratch, Token};
use crate::control::{self, Ask};
use crate::external;
use crate::serve::data_root;

/// Longest process document that is sent.
const DOCUMENT_BYTES_MAX: u64 = 512 * 1024;

/// Runs a command other than `serve`.
#[must_use]
pub fn run(command: Command) -> ExitCode {
    match carry_out(command) {
        Ok(code) => code,
        Err(sentence) => {
            eprintln!("countersign: {sentence}");
            ExitCode::FAILURE
        }
    }
}

fn carry_out(command: Command) -> Result<ExitCode, String> {
    match command {
        Command::Serve(_) => Err("serve runs by itself".to_owned()),
        Command::Version => {
            println!("countersign {}", env!("CARGO_PKG_VERSION"));
            Ok(ExitCode::SUCCESS)
        }
        Command::Check { data, json } => check(data, json),
        Command::Token(Token::Create { data, workspace, person, scopes, days, label }) => {
            print_text(data, &Ask::TokenCreate { workspace, person, scopes, days, label })
        }
        Command::Link(Link::Create { data, workspace, person }) => {
            print_text(data, &Ask::LinkCreate { workspace, person })
        }
        Command::Workspace(workspace) => crate::workspace_commands::run(workspace),
        Command::Process(Process::Publish { data, workspace, file }) => {
            let document = read(&file)?;
            let answer = asked(data, &Ask::ProcessPublish { workspace, document })?;
            println!("published {} version {}", answer["key"].as_str().unwrap_or_default(), answer["version"]);
            Ok(ExitCode::SUCCESS)
        }
        Command::Audit(audit) => crate::audit_commands::run(audit),
        Command::Witness(witness) => crate::witness::run(&witness),
        Command::Scratch(Scratch::OpenPlain { data, listen }) => print_text(data, &Ask::OpenPlain { listen }),
        Command::Scratch(Scratch::ClosePlain(data)) => print_text(data, &Ask::ClosePlain),
        Command::Migrate(data) => migrate(data),
    }
}

pub(crate) fn asked(data: Data, ask: &Ask) -> Result<Value, String> {
    control::ask(&data_root(data.data)?, ask)
}

fn print_text(data: Data, ask: &Ask) -> Result<ExitCode, String> {
    println!("{}", asked(data, ask)?.as_str().unwrap_or_default());
    Ok(ExitCode::SUCCESS)
}

fn read(file: &PathBuf) -> Result<String, String> {
    let size = std::fs::metadata(file).map_err(|error| format!("{}: {error}", file.display()))?.len();
    if size > DOCUMENT_BYTES_MAX {
        return Err(format!(
            "{} has {size} bytes; a process document has at most {DOCUMENT_BYTES_MAX}",
            file.display()
        ));
    }
    std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))
}

fn check(data: Data, json: bool) -> Result<ExitCode, String> {
    let status = asked(data, &Ask::Check)?;
    if json {
        println!("{status}");
    } else {
        for claim in status["claims"].as_array().into_iter().flatten() {
            let text = |key: &str| claim[key].as_str().unwrap_or_default();
            println!("{:<11} {}  {}", text("state"), text("id"), text("reason"));
        }
    }
    let failing = status["counts"]["failing"].as_u64().unwrap_or(1);
    if !json {
        println!(
            "{} proven, {failing} failing, {} not proven",
            status["counts"]["proven"], status["counts"]["not_proven"]
        );
    }
    Ok(if failing == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn migrate(data: Data) -> Result<ExitCode, String> {
    let Some(url) = std::env::var("DATABASE_URL").ok().filter(|url| !url.is_empty()) else {
        return Err(
            "the private PostgreSQL is brought up to date by `countersign serve`; to prepare a server of your \
                    own, name its administrator in DATABASE_URL"
                .to_owned(),
        );
    };
    let root = data_root(data.data)?;
    // The keys that are made here are read by `serve`: both are the same user, also when root types the command.
    crate::privileges::drop_to_owner_of(&root).map_err(|error| error.to_string())?;
    let keys =
        crate::data_dir::DataDir::open(&root).and_then(|dir| dir.private("keys")).map_err(|error| error.to_string())?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
    let ran = runtime.block_on(async {
        let server = external::prepare(&url, &keys).await?;
        tenancy::migrate::migrate(&server).await.map_err(|error| error.to_string())
    })?;
    println!("{ran} migrations ran; the schema is up to date");
    Ok(ExitCode::SUCCESS)
}
