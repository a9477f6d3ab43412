//! The evidence of a workspace's end: what is handed out of it, and its verification by itself.
//!
//! A folder of five files: `certificate` (the text, see [`crate::ender`]), `entry` (what the deployment's log holds of it),
//! `proof.tlog-proof` (C2SP tlog-proof: that it holds it), `checkpoint` (the last of the workspace's own log) and `vkey` (the
//! deployment's key, and the key of that checkpoint).

use std::collections::HashMap;
use std::path::Path;

use data_encoding::BASE64;
use jiff::Timestamp;
use serde_json::{Value, json};
use tenancy::{Database, Error, WorkspaceId};
use tlog::{ProofFile, Tile, TileNodes, VerifierKey, prove_inclusion, tiles_of_inclusion};

use crate::export::{checkpoint_of, cosigned};
use crate::proof::deployment_tile;
use crate::verify::{Wrong, keys_of, open_text, read_text, wrong};
use crate::{ender, entry, origin, witnessed};

/// File of the certificate.
pub const CERTIFICATE: &str = "certificate";
/// File of the entry.
pub const ENTRY: &str = "entry";
/// File of the proof.
pub const PROOF: &str = "proof.tlog-proof";
/// File of the last checkpoint.
pub const CHECKPOINT: &str = "checkpoint";
/// File of the keys.
pub const VKEY: &str = "vkey";

/// What is handed out of a workspace that ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// Name and content of each file.
    pub files: [(&'static str, String); 5],
}

/// The evidence of a workspace's end; nothing while the deployment's newest checkpoint does not cover it.
///
/// # Errors
/// [`Error::NotFound`] when no such workspace ended; [`Error::Integrity`] when the log does not hold what the proof needs; the
/// general failures of a query.
pub async fn evidence(
    database: &Database,
    platform: WorkspaceId,
    workspace: WorkspaceId,
) -> Result<Option<Evidence>, Error> {
    let damaged = || Error::Integrity("the deployment's log does not hold what the proof needs");
    let ended = database.ended(workspace).await?;
    let (Some((epoch, index)), Some(head)) = (ended.entry, database.deployment_head().await?) else { return Ok(None) };
    if epoch != head.epoch || index >= head.size {
        return Ok(None);
    }
    let seen: Vec<_> = database.cosignatures(epoch).await?.into_iter().filter(|one| one.size > index).collect();
    let note = cosigned(seen, head.size).unwrap_or(head.checkpoint);
    let common = checkpoint_of(&note).map_err(|_| damaged())?;
    let mut tiles: HashMap<Tile, Vec<u8>> = HashMap::new();
    for tile in tiles_of_inclusion(index, common.size).map_err(|_| damaged())? {
        tiles.insert(tile, deployment_tile(database, epoch, tile).await?);
    }
    let nodes = TileNodes::new(common.size, |tile| tiles.get(&tile).cloned());
    let hashes = prove_inclusion(&nodes, index, common.size).map_err(|_| damaged())?;
    let proof = ProofFile { extra: None, index, hashes, note: &note };
    let keys = database.keys(platform).await?;
    let key = origin::signing_key(&keys, &common.origin).ok_or_else(damaged)?;
    let entry = entry::of_end(ender::origin_of(&ended.certificate), &ended.certificate, index);
    Ok(Some(Evidence {
        files: [
            (ENTRY, entry),
            (PROOF, proof.to_string()),
            (VKEY, format!("{}\n{}\n", key.verifier(), ended.vkey)),
            (CERTIFICATE, ended.certificate),
            (CHECKPOINT, ended.checkpoint),
        ],
    }))
}

/// A certificate, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Name of the workspace's log; `unknown` when there never was a checkpoint.
    pub origin: String,
    /// Records of its last checkpoint.
    pub size: u64,
    /// That one's root, in base64.
    pub root: String,
    /// When the end was ordered, the workspace closed, its keys destroyed, its rows deleted.
    pub times: [Timestamp; 4],
    /// Keys that were destroyed.
    pub keys: u64,
    /// SHA-256 over their commitments, in base64.
    pub digest: String,
    /// Rows that were deleted.
    pub rows: u64,
}

impl Certificate {
    /// Reads a certificate; nothing when it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        if lines.next()? != ender::HEADER {
            return None;
        }
        let mut value = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(' ');
        let hash =
            |text: &str| BASE64.decode(text.as_bytes()).ok().filter(|bytes| bytes.len() == 32).map(|_| text.to_owned());
        let origin = value("origin")?.to_owned();
        let size = value("size")?.parse().ok()?;
        let root = hash(value("root")?)?;
        let mut time = |name: &str| value(name)?.parse::<Timestamp>().ok();
        let times = [time("ordered")?, time("closed")?, time("shredded")?, time("erased")?];
        let (keys, digest) = value("keys")?.split_once(' ')?;
        let certificate = Self {
            origin,
            size,
            root,
            times,
            keys: keys.parse().ok()?,
            digest: hash(digest)?,
            rows: value("rows")?.parse().ok()?,
        };
        lines.next().is_none().then_some(certificate)
    }
}

/// What the evidence of an end shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndVerdict {
    /// The certificate.
    pub certificate: Certificate,
    /// Entries of the deployment's log under the proof's checkpoint.
    pub deployment: u64,
    /// Whether the deployment's key is one that was given.
    pub is_pinned: bool,
    /// Whether the last checkpoint is there, signed by its log's key, and what the certificate says.
    pub has_checkpoint: bool,
    /// What each witness whose key was given said of the deployment's log.
    pub witnesses: Vec<witnessed::Witnessed>,
}

impl EndVerdict {
    /// The verdict for programs.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let Certificate { origin, size, root, times, keys, digest, rows } = &self.certificate;
        json!({
            "holds": true, "origin": origin, "records": size, "root": root, "erased_at": times[3].to_string(), "keys": keys,
            "commitments": digest, "rows": rows, "deployment": self.deployment, "checkpoint": self.has_checkpoint,
            "trust": {"deployment_key_given": self.is_pinned, "witnesses": witnessed::to_json(&self.witnesses)},
        })
    }

    /// The verdict in sentences.
    #[must_use]
    pub fn words(&self) -> String {
        let Certificate { origin, size, times, keys, rows, .. } = &self.certificate;
        let mut lines = vec![
            origin.clone(),
            format!("ordered {}, closed {}: {size} records in the log's last checkpoint", times[0], times[1]),
            format!("{keys} keys were destroyed at {}, {rows} rows were deleted until {}", times[2], times[3]),
            format!("the deployment's log ({} entries) holds this certificate", self.deployment),
            match self.has_checkpoint {
                true => "the last checkpoint is signed by the key beside it, and is the one of the certificate".to_owned(),
                false => "there is no checkpoint whose signature could be verified".to_owned(),
            },
            "that nobody kept a copy of a key or a row, no certificate can show".to_owned(),
            match self.is_pinned {
                true => "trust: the deployment's key is the one you gave".to_owned(),
                false => "trust: the deployment's key came with the certificate, so this shows no more than that the files agree \
                     with each other; give the key you know with --vkey"
                    .to_owned(),
            },
        ];
        lines.extend(witnessed::words(&self.witnesses, self.deployment));
        lines.join("\n")
    }
}

/// Verifies the evidence of a workspace's end by itself. `keys` and `witnesses` are known from elsewhere, one a line;
/// `required` of the witnesses must have cosigned.
///
/// # Errors
/// The first [`Wrong`].
pub fn verify(root: &Path, keys: Option<&str>, witnesses: Option<&str>, required: usize) -> Result<EndVerdict, Wrong> {
    let at = |name: &str| root.join(name);
    let text = read_text(&at(CERTIFICATE))?;
    let certificate = Certificate::parse(&text)
        .ok_or_else(|| wrong(&at(CERTIFICATE), "it is no certificate of a workspace's end"))?;
    let own_keys = keys_of(&at(VKEY), &read_text(&at(VKEY))?)?;
    let given = keys.map(|text| keys_of(Path::new("--vkey"), text)).transpose()?;
    let keys: &[VerifierKey] = given.as_deref().unwrap_or(&own_keys);
    let witness_keys = witnesses.map(witnessed::keys_of).transpose()?.unwrap_or_default();
    let entry = read_text(&at(ENTRY))?;
    let proof_text = read_text(&at(PROOF))?;
    let proof = ProofFile::parse(proof_text.as_bytes()).map_err(|why| wrong(&at(PROOF), why))?;
    if entry != entry::of_end(&certificate.origin, &text, proof.index) {
        return Err(wrong(&at(ENTRY), "it is not the entry of this certificate"));
    }
    let proven = proof.verify(entry.as_bytes(), keys, &witness_keys).map_err(|why| wrong(&at(PROOF), why))?;
    let witnesses = witnessed::judge(&at(PROOF), proof.note, &witness_keys, required)?;
    let last = read_text(&at(CHECKPOINT))?;
    let has_checkpoint = own_keys.len() > 1 && !last.is_empty();
    if has_checkpoint {
        let last = open_text(&at(CHECKPOINT), &last, &own_keys)?;
        let said = (&*certificate.origin, certificate.size, &*certificate.root);
        if said != (&*last.origin, last.size, &*BASE64.encode(&last.root.0)) {
            return Err(wrong(&at(CHECKPOINT), "it is not the one that the certificate names"));
        }
    }
    let deployment = proven.checkpoint.size;
    Ok(EndVerdict { certificate, deployment, is_pinned: given.is_some(), has_checkpoint, witnesses })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text() -> String {
        let hash = BASE64.encode(&[7; 32]);
        format!(
            "{}\norigin h/ws/1/e1\nsize 9\nroot {hash}\nordered 2026-11-01T00:00:00Z\nclosed 2026-11-15T00:00:00Z\n\
             shredded 2026-11-15T00:01:00Z\nerased 2026-11-15T00:02:00Z\nkeys 5 {hash}\nrows 120\n",
            ender::HEADER
        )
    }

    #[test]
    fn a_certificate_is_read_and_nothing_else_is() {
        let read = Certificate::parse(&text()).unwrap();
        assert_eq!((read.size, read.keys, read.rows, &*read.origin), (9, 5, 120, "h/ws/1/e1"));
        for (from, to) in [
            ("v1\n", "v2\n"),
            ("size 9", "size -9"),
            ("size 9", "size 9 "),
            ("root ", "root"),
            ("keys 5 ", "keys 5"),
            ("BwcH", "BwcH="),
            ("2026-11-01T00:00:00Z", "yesterday"),
            ("rows 120\n", "rows 120"),
            ("rows 120\n", "rows 120\nmore\n"),
            ("closed", "opened"),
        ] {
            let changed = text().replacen(from, to, 1);
            assert_ne!(changed, text(), "{from}");
            assert!(Certificate::parse(&changed).is_none(), "{from} -> {to}");
        }
        assert!(Certificate::parse("").is_none());
    }
}
