//! How fast an export is verified, beside how fast this machine's SHA-256 is, in one process and on one core: the figures of
//! `cargo xtask bench ledger`. Also how large the proof of a record is in a log of a million.
//!
//! `verify_rate FOLDER SECONDS` prints one line of JSON.

use std::collections::HashMap;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tlog::{
    Checkpoint, CosignerSigningKey, Edge, Note, ProofFile, SigningKey, Tile, TileNodes, leaf_hash, prove_inclusion,
    tiles_of_inclusion,
};

/// Leaves of the log whose proof is measured.
const LEAVES: u64 = 1_000_000;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args_os().skip(1);
    let usage = "verify_rate FOLDER SECONDS";
    let folder = arguments.next().ok_or(usage)?;
    let seconds: u64 = arguments.next().and_then(|text| text.to_str()?.parse().ok()).ok_or(usage)?;
    let folder = Path::new(&folder);
    let about = About::of(folder)?;
    let origin = ledger::verify::export(folder, None, &[])?.origin;

    // Turns of a second, so that a slow moment meets both.
    let (mut verified, mut verify_s, mut hashed, mut hash_s) = (0_u64, 0.0, 0_u64, 0.0);
    let message = vec![7; about.payload_bytes];
    for _ in 0..seconds {
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_secs(1) {
            verified += ledger::verify::export(folder, None, &[])?.records;
        }
        verify_s += begin.elapsed().as_secs_f64();
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_secs(1) {
            for _ in 0..1000 {
                black_box(seal::sha256(black_box(&message)));
            }
            hashed += 1000;
        }
        hash_s += begin.elapsed().as_secs_f64();
    }
    let (per_s, sha_per_s) = (float(verified) / verify_s, float(hashed) / hash_s);
    let least_s = about.hashing_alone_s();
    let thousandths = |value: f64| (value * 1000.0).round() / 1000.0;
    let payload = float(about.payload_bytes as u64);
    println!(
        "{}",
        json!({
            "verify_share": thousandths(per_s / sha_per_s),
            "verify_records_per_s": per_s.round(),
            "verify_records": about.records,
            "verify_payload_bytes": about.payload_bytes,
            "verify_export_bytes_a_record": about.line_bytes + about.entry_bytes,
            "sha256_of_payload_per_s": sha_per_s.round(),
            "sha256_mib_per_s": (sha_per_s * payload / 1_048_576.0).round(),
            "verify_time_that_is_hashing": thousandths(least_s * per_s / float(about.records)),
            "proof_bytes": proof_bytes(&origin)?,
            "proof_leaves": LEAVES,
        })
    );
    Ok(())
}

/// What an export holds.
struct About {
    records: u64,
    /// Bytes of the shown values of a record, in the mean.
    payload_bytes: usize,
    entry_bytes: usize,
    line_bytes: usize,
    /// Lengths of everything that verifying hashes of the records: entries, and salted fields.
    messages: Vec<usize>,
}

impl About {
    fn of(folder: &Path) -> Result<Self, Failure> {
        let text = std::fs::read_to_string(folder.join("records.ndjson"))?;
        let mut about =
            Self { records: 0, payload_bytes: 0, entry_bytes: 0, line_bytes: text.len(), messages: Vec::new() };
        for line in text.lines() {
            let line: Value = serde_json::from_str(line)?;
            let entry = line["entry"].as_str().ok_or("a line without its entry")?.len();
            about.entry_bytes += entry;
            about.messages.push(1 + entry);
            // A node for each leaf.
            about.messages.push(65);
            for (name, field) in line["shown"].as_object().into_iter().flatten() {
                let value = field["value"].as_str().unwrap_or_default().len();
                about.payload_bytes += value;
                about.messages.push("countersign/audit/v1".len() + 1 + name.len() + 1 + 32 + value);
            }
            about.records += 1;
        }
        let records = usize::try_from(about.records)?.max(1);
        about.payload_bytes /= records;
        about.entry_bytes /= records;
        about.line_bytes /= records;
        Ok(about)
    }

    /// Seconds that hashing takes of what one verification must hash, and nothing else.
    fn hashing_alone_s(&self) -> f64 {
        let bytes = vec![7; self.messages.iter().copied().max().unwrap_or(0)];
        let begin = Instant::now();
        for length in &self.messages {
            black_box(seal::sha256(black_box(&bytes[..*length])));
        }
        begin.elapsed().as_secs_f64()
    }
}

/// The longest proof file of a record in a log of a million, with its checkpoint and one cosignature.
fn proof_bytes(origin: &str) -> Result<usize, Failure> {
    let mut edge = Edge::new();
    let mut tiles: HashMap<Tile, Vec<u8>> = HashMap::new();
    for index in 0..LEAVES {
        edge.append(leaf_hash(&index.to_be_bytes()), |tile, data| drop(tiles.insert(tile, data.to_vec())));
    }
    for (tile, data) in edge.partial() {
        tiles.insert(tile, data.to_vec());
    }
    let root = edge.frontier().root();
    let checkpoint = Checkpoint { origin: origin.to_owned(), size: LEAVES, root, extensions: Vec::new() };
    let key = SigningKey::from_seed(origin, &[1; 32])?;
    let witness = CosignerSigningKey::from_seed("witness.example.org", &[2; 32])?;
    let mut note = key.sign(&checkpoint.to_string())?;
    let cosigned = witness.cosign(Note::parse(note.as_bytes())?.text, 1_800_000_000)?;
    note.push_str(&cosigned);
    let nodes = TileNodes::new(LEAVES, |tile| tiles.get(&tile).cloned());
    let mut longest = 0;
    for index in [0, 1, LEAVES / 2, LEAVES - 1] {
        if tiles_of_inclusion(index, LEAVES)?.iter().any(|tile| !tiles.contains_key(tile)) {
            return Err("a tile is missing".into());
        }
        let hashes = prove_inclusion(&nodes, index, LEAVES)?;
        let file = ProofFile { extra: None, index, hashes, note: &note };
        file.verify(&index.to_be_bytes(), &[key.verifier().clone()], &[])?;
        longest = longest.max(file.to_string().len());
    }
    Ok(longest)
}

/// Counts here are far below the 2^53 that a float holds exactly.
fn float(value: u64) -> f64 {
    let high = u32::try_from(value >> 32).unwrap_or(u32::MAX);
    let low = u32::try_from(value & 0xffff_ffff).unwrap_or(u32::MAX);
    f64::from(high) * 4_294_967_296.0 + f64::from(low)
}
