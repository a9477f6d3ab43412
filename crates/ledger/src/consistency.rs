//! Proofs that a log goes on from an earlier checkpoint of it, in files of an export: `consistency.<earlier>-<later>`,
//! hashes in base64, one a line.
//!
//! Our own verifier recomputes the earlier tree and needs none; whoever does not hold all entries, or uses another program,
//! does.

use std::fs;
use std::path::{Path, PathBuf};

use data_encoding::BASE64;
use tlog::{Checkpoint, Hash, PROOF_HASHES_MAX, TileNodes, prove_consistency, verify_consistency};

use crate::folder;
use crate::succession::log_of;
use crate::verify::{Wrong, open, open_text, own_keys, read_resource, read_text, wrong};

/// Most proofs of an export that are looked at.
pub const PROOFS_MAX: usize = 64;

const PREFIX: &str = "consistency.";

/// What an export says of a checkpoint that was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grown {
    /// Leaves of the kept checkpoint.
    pub kept: u64,
    /// Leaves of the export's.
    pub size: u64,
    /// Name of the file with the proof; nothing where both have one size.
    pub file: Option<String>,
    /// Whether the log goes on from what was kept.
    pub holds: bool,
}

/// Proves that an export's log goes on from a checkpoint that was kept: writes the proof beside the checkpoint and says
/// whether it holds. One that does not is written as well, for it shows that the log was rewritten.
///
/// # Errors
/// [`Wrong`], where the note is of another log or older than nothing, the log is smaller, or a file cannot be read or
/// written.
pub fn prove(export: &Path, kept: &Path, note: &str) -> Result<Grown, Wrong> {
    let keys = own_keys(export)?;
    let path = export.join(folder::CHECKPOINT);
    let stands = open(&path, &keys)?;
    let kept_at = open_text(kept, note, &keys)?;
    if kept_at.origin != stands.origin {
        let is_earlier =
            log_of(&kept_at.origin).zip(log_of(&stands.origin)).is_some_and(|(a, b)| a.0 == b.0 && a.1 < b.1);
        let hint = if is_earlier {
            "; the log began anew since, and countersign audit verify --kept says what of it is there"
        } else {
            ""
        };
        return Err(wrong(kept, format!("it is of {} and not of {}{hint}", kept_at.origin, stands.origin)));
    }
    let grown = |file, holds| Grown { kept: kept_at.size, size: stands.size, file, holds };
    match kept_at.size {
        0 => Err(wrong(kept, "it is of no records, from which everything goes on")),
        size if size > stands.size => {
            Err(wrong(&path, format!("a checkpoint of {size} records was kept, and the log has {}", stands.size)))
        }
        size if size == stands.size => Ok(grown(None, kept_at.root == stands.root)),
        size => {
            let nodes = TileNodes::new(stands.size, |tile| read_resource(export, tlog::Resource::Tile(tile)));
            let hashes = prove_consistency(&nodes, size, stands.size).map_err(|why| wrong(export, why))?;
            let name = format!("{PREFIX}{size}-{}", stands.size);
            let lines: String = hashes.iter().map(|hash| BASE64.encode(&hash.0) + "\n").collect();
            folder::write(export, &name, lines.as_bytes()).map_err(|why| wrong(&export.join(&name), why))?;
            let holds = verify_consistency(&hashes, size, stands.size, &kept_at.root, &stands.root).is_ok();
            Ok(grown(Some(name), holds))
        }
    }
}

/// A proof of an export, read and not judged.
#[derive(Debug)]
pub(crate) struct Proof {
    path: PathBuf,
    pub(crate) earlier: u64,
    hashes: Vec<Hash>,
}

/// The proofs of an export of so many records, by their names.
pub(crate) fn read(root: &Path, size: u64) -> Result<Vec<Proof>, Wrong> {
    let mut proofs = Vec::new();
    for file in fs::read_dir(root).map_err(|why| wrong(root, why))? {
        let path = file.map_err(|why| wrong(root, why))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_prefix(PREFIX));
        let Some(name) = name else { continue };
        if proofs.len() == PROOFS_MAX {
            return Err(wrong(&path, format!("{PROOFS_MAX} proofs of consistency are the most")));
        }
        let sizes = name.split_once('-').and_then(|(earlier, later)| Some((number(earlier)?, number(later)?)));
        let earlier = match sizes {
            Some((earlier, later)) if later == size && (1..size).contains(&earlier) => earlier,
            _ => {
                return Err(wrong(
                    &path,
                    format!("its name is not of an earlier size and of the {size} records of this log"),
                ));
            }
        };
        let text = read_text(&path)?;
        let hashes: Option<Vec<Hash>> = text.ends_with('\n').then(|| text.lines().map(hash).collect()).flatten();
        let hashes = hashes.filter(|hashes| hashes.len() <= PROOF_HASHES_MAX);
        let hashes = hashes.ok_or_else(|| wrong(&path, "it is not hashes in base64, one a line"))?;
        proofs.push(Proof { path, earlier, hashes });
    }
    Ok(proofs)
}

/// Whether each proof leads from the recomputed root of its earlier size to the checkpoint.
pub(crate) fn judge(
    proofs: &[Proof],
    checkpoint: &Checkpoint,
    root_at: impl Fn(u64) -> Option<Hash>,
) -> Result<(), Wrong> {
    for proof in proofs {
        let earlier = root_at(proof.earlier).expect("a size within the log was passed");
        verify_consistency(&proof.hashes, proof.earlier, checkpoint.size, &earlier, &checkpoint.root)
            .map_err(|why| wrong(&proof.path, why))?;
    }
    Ok(())
}

fn number(text: &str) -> Option<u64> {
    text.parse().ok().filter(|number: &u64| number.to_string() == text)
}

fn hash(line: &str) -> Option<Hash> {
    tlog::decode_base64(line)?.try_into().ok().map(Hash)
}

#[cfg(test)]
mod tests {
    use tlog::SigningKey;

    use super::*;
    use crate::folder::Folder;

    const ORIGIN: &str = "log.example/ws/1/e1";

    /// A log of so many entries in a folder, whose entries from the second one on are others if it was rewritten.
    fn log(size: u64, history: &str) -> (tempfile::TempDir, String) {
        let dir = tempfile::tempdir().unwrap();
        let mut folder = Folder::create(dir.path()).unwrap();
        let mut tree = tlog::Frontier::new();
        for index in 0..size {
            let entry = if index == 0 { "first".to_owned() } else { format!("{history} {index}") };
            folder.append(entry.as_bytes()).unwrap();
            tree.append(tlog::leaf_hash(entry.as_bytes()), |_, _, _| {});
        }
        let key = SigningKey::from_seed(ORIGIN, &[7; 32]).unwrap();
        let stands = Checkpoint { origin: ORIGIN.to_owned(), size, root: tree.root(), extensions: Vec::new() };
        let note = key.sign(&stands.to_string()).unwrap();
        folder.finish(&note).unwrap();
        folder::write(dir.path(), folder::VKEY, format!("{}\n", key.verifier()).as_bytes()).unwrap();
        (dir, note)
    }

    fn prove_from(export: &Path, note: &str) -> Result<Grown, String> {
        prove(export, Path::new("kept"), note).map_err(|why| why.to_string())
    }

    #[test]
    fn a_log_that_has_grown_proves_it_and_a_rewritten_one_shows_it() {
        for (kept, size) in [(1, 2), (6, 7), (255, 256), (256, 257), (256, 700), (300, 700), (699, 700)] {
            let (_dir, note) = log(kept, "one");
            let (later, _) = log(size, "one");
            let grown = prove_from(later.path(), &note).unwrap();
            let file = format!("consistency.{kept}-{size}");
            assert_eq!(grown, Grown { kept, size, file: Some(file), holds: true });
            assert_eq!(read(later.path(), size).unwrap().len(), 1);
            if kept > 1 {
                let (rewritten, _) = log(size, "another");
                assert!(!prove_from(rewritten.path(), &note).unwrap().holds, "{kept} {size}");
            }
        }
    }

    #[test]
    fn what_no_proof_leads_from_is_said() {
        let (export, own) = log(5, "one");
        let (_dir, larger) = log(6, "one");
        let (_dir, other) = log(5, "another");
        assert!(prove_from(export.path(), &larger).unwrap_err().contains("6 records was kept, and the log has 5"));
        let same = |note: &str| prove_from(export.path(), note).unwrap();
        assert_eq!((same(&own).file, same(&own).holds, same(&other).holds), (None, true, false));
        let (_dir, empty) = log(0, "one");
        assert!(prove_from(export.path(), &empty).unwrap_err().contains("of no records"));
        assert!(prove_from(export.path(), &own.replace("\n5\n", "\n4\n")).unwrap_err().contains("kept: "));
    }

    #[test]
    fn files_that_are_no_proofs_of_the_log_are_refused_by_their_name() {
        let (export, _) = log(5, "one");
        let refused = |name: &str, text: &str| {
            folder::write(export.path(), name, text.as_bytes()).unwrap();
            let refused = read(export.path(), 5).unwrap_err().to_string();
            fs::remove_file(export.path().join(name)).unwrap();
            assert!(refused.contains(name), "{refused}");
            refused
        };
        for name in ["consistency.1-6", "consistency.5-5", "consistency.0-5", "consistency.01-5", "consistency.x"] {
            assert!(refused(name, "").contains("its name"), "{name}");
        }
        let line = BASE64.encode(&[1; 32]) + "\n";
        for text in ["x\n".to_owned(), line.trim_end().to_owned(), String::new(), line.repeat(PROOF_HASHES_MAX + 1)] {
            assert!(refused("consistency.3-5", &text).contains("hashes in base64"));
        }
        for earlier in 1..=PROOFS_MAX {
            let name = format!("consistency.{earlier}-100");
            folder::write(export.path(), &name, line.repeat(PROOF_HASHES_MAX).as_bytes()).unwrap();
        }
        assert_eq!(read(export.path(), 100).unwrap().len(), PROOFS_MAX);
        folder::write(export.path(), "consistency.99-100", line.as_bytes()).unwrap();
        assert!(read(export.path(), 100).unwrap_err().to_string().contains("64 proofs"), "one past the bound");
    }
}
