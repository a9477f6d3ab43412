//! The command line. Each command has an example; each failure says what to do and ends with a code other than 0.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Hand in requests, and have the right people countersign them.
#[derive(Debug, Parser)]
#[command(name = "countersign", disable_version_flag = true, arg_required_else_help = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start the server, and a private PostgreSQL if DATABASE_URL names no other.
    #[command(after_help = "Example:\n  countersign serve --data /var/lib/countersign --listen 127.0.0.1:8080")]
    Serve(Serve),
    /// Run every live check of the running server and print the state of every claim. Ends with 1 if anything fails.
    #[command(after_help = "Example:\n  countersign check --data /var/lib/countersign --json")]
    Check {
        /// Where the running server keeps its data.
        #[command(flatten)]
        data: Data,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// API tokens.
    #[command(subcommand)]
    Token(Token),
    /// One-time links.
    #[command(subcommand)]
    Link(Link),
    /// Workspaces.
    #[command(subcommand)]
    Workspace(Workspace),
    /// Processes.
    #[command(subcommand)]
    Process(Process),
    /// The audit trail's log: export it, prove a record, verify.
    #[command(subcommand)]
    Audit(Audit),
    /// Be a witness: cosign how the logs of others stand, and never two histories of one log (C2SP tlog-witness).
    #[command(
        after_help = "Example:\n  countersign audit keys --workspace sample > their.vkey\n  countersign witness --data /var/lib/countersign-witness --name witness.example.org --log their.vkey --listen 127.0.0.1:8091"
    )]
    Witness(Witness),
    /// Scratch instances only: do what must turn a check red.
    #[command(subcommand)]
    Scratch(Scratch),
    /// Bring the schema of DATABASE_URL up to date, as an administrator of it.
    #[command(after_help = "Example:\n  DATABASE_URL=postgres://admin@localhost/countersign countersign migrate")]
    Migrate(Data),
    /// Print the version.
    #[command(after_help = "Example:\n  countersign version")]
    Version,
}

/// Where the data is.
#[derive(Debug, Clone, Args)]
pub struct Data {
    /// Data directory; by default /var/lib/countersign as root, else $XDG_DATA_HOME/countersign.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
}

/// `countersign serve`.
#[derive(Debug, Clone, Args)]
pub struct Serve {
    /// Where to keep the data.
    #[command(flatten)]
    pub data: Data,
    /// Address of the plain listener: loopback, unless a certificate or a TLS proxy is stated.
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
    /// Address of the TLS listener.
    #[arg(long, value_name = "ADDR")]
    pub listen_https: Option<SocketAddr>,
    /// Configuration file; by default countersign.toml in the data directory, if there is one.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Make no sample workspace on the first start.
    #[arg(long)]
    pub no_sample: bool,
    /// A throw-away instance in a new directory, whose database a visitor may break as a superuser.
    #[arg(long)]
    pub scratch: bool,
}

/// `countersign token`.
#[derive(Debug, Subcommand)]
pub enum Token {
    /// Issue a token to a person and print it, once.
    #[command(
        after_help = "Example:\n  countersign token create --workspace sample --as member@sample.test --scopes requests:write,requests:read"
    )]
    Create {
        /// Where the running server keeps its data.
        #[command(flatten)]
        data: Data,
        /// Slug of the workspace.
        #[arg(long, value_name = "SLUG")]
        workspace: String,
        /// Address of the person.
        #[arg(long = "as", value_name = "EMAIL")]
        person: String,
        /// Scopes, separated by commas: requests:read, requests:write, tasks:decide, processes:admin, people:admin,
        /// audit:read.
        #[arg(long, value_name = "SCOPES", value_delimiter = ',', required = true)]
        scopes: Vec<String>,
        /// Days until it ends, at most 365.
        #[arg(long, default_value_t = 90)]
        days: i32,
        /// What to call it.
        #[arg(long, default_value = "command line")]
        label: String,
    },
}

/// `countersign link`.
#[derive(Debug, Subcommand)]
pub enum Link {
    /// Print a one-time sign-in link for a person.
    #[command(after_help = "Example:\n  countersign link create --workspace sample --as manager@sample.test")]
    Create {
        /// Where the running server keeps its data.
        #[command(flatten)]
        data: Data,
        /// Slug of the workspace.
        #[arg(long, value_name = "SLUG", default_value = "sample")]
        workspace: String,
        /// Address of the person.
        #[arg(long = "as", value_name = "EMAIL")]
        person: String,
    },
}

/// `countersign workspace`.
#[derive(Debug, Subcommand)]
pub enum Workspace {
    /// Make a workspace with its first owner, and print the owner's sign-in link.
    #[command(after_help = "Example:\n  countersign workspace create northwind --owner ana@northwind.example")]
    Create {
        /// Where the running server keeps its data.
        #[command(flatten)]
        data: Data,
        /// Its slug, as in addresses: 3 to 40 of a-z, 0-9 and hyphens.
        name: String,
        /// What people call it; by default the slug.
        #[arg(long)]
        title: Option<String>,
        /// Address of its first owner.
        #[arg(long, value_name = "EMAIL")]
        owner: Option<String>,
    },
    /// Order the end of a workspace: on the day all its keys are destroyed and all its rows deleted, for good. Until then
    /// everything goes on, and the order can be taken back.
    #[command(
        after_help = "Examples:\n  countersign workspace end northwind --days 14\n  countersign workspace end northwind --cancel"
    )]
    End {
        /// Where the running server keeps its data.
        #[command(flatten)]
        data: Data,
        /// Its slug.
        name: String,
        /// In how many days, 0 to 30.
        #[arg(long, default_value_t = 14, value_parser = clap::value_parser!(u8).range(..=30))]
        days: u8,
        /// Take the order back.
        #[arg(long, conflicts_with = "days")]
        cancel: bool,
    },
    /// List workspaces that ended: the id of each, and when its last row was deleted.
    #[command(after_help = "Example:\n  countersign workspace ended")]
    Ended(Data),
    /// Write the certificate of a workspace's end, with the proof that the deployment's log holds it, into a new folder.
    #[command(
        after_help = "Example:\n  countersign workspace certificate 6f9619ff-8b86-4d01-b42d-00c04fc964ff --out ./end"
    )]
    Certificate {
        /// Where the running server keeps its data.
        #[command(flatten)]
        data: Data,
        /// Its id, as `countersign workspace ended` lists it.
        id: String,
        /// The folder; must not be there yet.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
}

/// `countersign process`.
#[derive(Debug, Subcommand)]
pub enum Process {
    /// Publish a process document; prints its key and version, or every sentence of the publish check.
    #[command(after_help = "Example:\n  countersign process publish --workspace sample purchase.json")]
    Publish {
        /// Where the running server keeps its data.
        #[command(flatten)]
        data: Data,
        /// Slug of the workspace.
        #[arg(long, value_name = "SLUG", default_value = "sample")]
        workspace: String,
        /// The document, as JSON.
        file: PathBuf,
    },
}

/// `countersign audit`.
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Verify an export, without database, configuration or network; with --live the log of a running server.
    #[command(
        after_help = "Examples:\n  countersign audit verify ./trail --vkey sample.vkey --kept last-month/checkpoint\n  countersign audit verify --live --data /var/lib/countersign --workspace sample"
    )]
    Verify {
        /// The export's folder.
        #[arg(value_name = "DIR", required_unless_present = "live", conflicts_with = "live")]
        dir: Option<PathBuf>,
        /// File with the keys that you know from elsewhere: the log's, and the deployment's behind it.
        #[arg(long, value_name = "FILE", conflicts_with = "live")]
        vkey: Option<PathBuf>,
        /// A checkpoint that you kept; may be given several times.
        #[arg(long, value_name = "FILE", conflicts_with = "live")]
        kept: Vec<PathBuf>,
        /// File with keys of witnesses, one a line: the verdict says which of them cosigned, and when.
        #[arg(long, value_name = "FILE", conflicts_with = "live")]
        witness: Option<PathBuf>,
        /// So many of the witnesses must have cosigned.
        #[arg(long, value_name = "N", requires = "witness", conflicts_with = "live", default_value_t = 0)]
        require_witnesses: usize,
        /// Recompute the log in the database of the running server.
        #[arg(long)]
        live: bool,
        /// Where the running server keeps its data.
        #[command(flatten)]
        data: Data,
        /// Slug of the workspace.
        #[arg(long, value_name = "SLUG", default_value = "sample")]
        workspace: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Write a workspace's trail with its log into a folder that anybody can verify. It holds the records in clear.
    #[command(
        after_help = "Example:\n  countersign audit export --workspace sample --out ./trail --kept last-month/checkpoint"
    )]
    Export {
        /// Where the running server keeps its data.
        #[command(flatten)]
        data: Data,
        /// Slug of the workspace.
        #[arg(long, value_name = "SLUG", default_value = "sample")]
        workspace: String,
        /// The folder; must not be there yet.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// A checkpoint that you kept: a file `consistency.<its size>-<size>` then proves that the log goes on from it.
        /// May be given more than once.
        #[arg(long, value_name = "FILE")]
        kept: Vec<PathBuf>,
    },
    /// Write the proof that a record stands in the log (C2SP tlog-proof), and print the record's entry.
    #[command(
        after_help = "Example:\n  countersign audit proof 0198f0c4-... --workspace sample --out record.tlog-proof"
    )]
    Proof {
        /// Where the running server keeps its data.
        #[command(flatten)]
        data: Data,
        /// Slug of the workspace.
        #[arg(long, value_name = "SLUG", default_value = "sample")]
        workspace: String,
        /// The record's id.
        record: String,
        /// The file.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Erase what the records of a workspace hold of a person who left, or of a month that is over. The keys are destroyed,
    /// so it cannot be undone, and no backup of the database brings it back. Every proof made before still holds.
    #[command(
        after_help = "Examples:\n  countersign audit erase --workspace sample --person gone@sample.test\n  countersign audit erase --workspace sample --month 2026-01"
    )]
    Erase {
        /// Where the running server keeps its data.
        #[command(flatten)]
        data: Data,
        /// Slug of the workspace.
        #[arg(long, value_name = "SLUG", default_value = "sample")]
        workspace: String,
        /// Address or id of somebody whose access was ended: who acted, from which address and device.
        #[arg(long, value_name = "PERSON", required_unless_present = "month", conflicts_with = "month")]
        person: Option<String>,
        /// The month: what acts were about, their facts, before and after.
        #[arg(long, value_name = "YYYY-MM")]
        month: Option<String>,
    },
    /// Verify the certificate of a workspace's end, without database, configuration or network.
    #[command(after_help = "Example:\n  countersign audit verify-end ./end --vkey deployment.vkey")]
    VerifyEnd(VerifyEnd),
    /// Begin all logs anew in another epoch: when the data directory was put back and only a witness knows.
    #[command(after_help = "Example:\n  countersign audit new-epoch")]
    NewEpoch {
        /// Where the running server keeps its data.
        #[command(flatten)]
        data: Data,
        /// The epoch's number, when the next ones were used before the data directory was put back.
        #[arg(long, value_name = "NUMBER")]
        epoch: Option<i32>,
    },
    /// Print the keys of a workspace's log and of the deployment's, to be kept where exports are verified.
    #[command(after_help = "Example:\n  countersign audit keys --workspace sample > sample.vkey")]
    Keys {
        /// Where the running server keeps its data.
        #[command(flatten)]
        data: Data,
        /// Slug of the workspace.
        #[arg(long, value_name = "SLUG", default_value = "sample")]
        workspace: String,
    },
}

/// `countersign audit verify-end`.
#[derive(Debug, Clone, Args)]
pub struct VerifyEnd {
    /// The folder that `countersign workspace certificate` wrote.
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// File with the deployment's key that you know from elsewhere.
    #[arg(long, value_name = "FILE")]
    pub vkey: Option<PathBuf>,
    /// File with keys of witnesses, one a line: the verdict says which of them cosigned, and when.
    #[arg(long, value_name = "FILE")]
    pub witness: Option<PathBuf>,
    /// So many of the witnesses must have cosigned.
    #[arg(long, value_name = "N", requires = "witness", default_value_t = 0)]
    pub require_witnesses: usize,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// `countersign witness`.
#[derive(Debug, Clone, Args)]
pub struct Witness {
    /// The witness's own folder: its secret, and what it cosigned. It is never put back from a copy.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Its name, for good: a host of yours, or a path below one.
    #[arg(long)]
    pub name: String,
    /// Address of the plain listener: loopback, unless a TLS proxy is stated.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8091")]
    pub listen: SocketAddr,
    /// File with keys of logs, one a line, as `countersign audit keys` prints them; may be given several times.
    #[arg(long = "log", value_name = "VKEYFILE", required_unless_present = "print_key")]
    pub logs: Vec<PathBuf>,
    /// States that a TLS proxy stands in front of an address that is not loopback.
    #[arg(long, value_enum, default_value_t = Stated::No)]
    pub behind_tls_proxy: Stated,
    /// Print the witness's key and end, also while it runs.
    #[arg(long)]
    pub print_key: bool,
}

/// What an operator states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Stated {
    /// It is not so.
    No,
    /// It is so.
    Yes,
}

/// `countersign scratch`.
#[derive(Debug, Subcommand)]
pub enum Scratch {
    /// Open a plain, undeclared listener that serves the product, until it is closed.
    #[command(after_help = "Example:\n  countersign scratch open-plain --data DIR --listen 127.0.0.1:8099")]
    OpenPlain {
        /// Where the running server keeps its data.
        #[command(flatten)]
        data: Data,
        /// Its address.
        #[arg(long, value_name = "ADDR")]
        listen: SocketAddr,
    },
    /// Close it again.
    #[command(after_help = "Example:\n  countersign scratch close-plain --data DIR")]
    ClosePlain(Data),
}
