//! A log as files, and what someone may do to it.

#![expect(clippy::unwrap_used, reason = "a test's log is as it was written")]

use std::collections::BTreeMap;

use tlog::{
    AddCheckpoint, Bundle, Checkpoint, CosignerSigningKey, Edge, ProofFile, Resource, SigningKey, Tile, TileNodes,
    decode_bundle, encode_bundle, leaf_hash, prove_consistency, prove_inclusion,
};

/// The log's name.
pub(crate) const ORIGIN: &str = "log.example/ws/1/e1";
/// The witness's name.
pub(crate) const WITNESS: &str = "witness.example/w1";
/// When the witness cosigns, in seconds since 1970.
const TIME_S: u64 = 1_790_000_000;

/// Files by path.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// The log's key.
pub(crate) fn log_key() -> SigningKey {
    SigningKey::from_seed(ORIGIN, &[1; 32]).unwrap()
}

/// The witness's key.
pub(crate) fn witness_key() -> CosignerSigningKey {
    CosignerSigningKey::from_seed(WITNESS, &[2; 32]).unwrap()
}

/// The keys, one a line, the log's first.
pub(crate) fn verifier_keys() -> String {
    format!("{}\n{}\n", log_key().verifier(), witness_key().verifier())
}

/// Entry of an index, some 130 bytes.
pub(crate) fn entry(index: u64) -> Vec<u8> {
    let time = 1_790_000_000_000_000 + index;
    format!(
        r#"{{"action":"request.approve","class":3,"e":1,"f":[["actor","{index:044}"]],"rec":"{index:032x}","ts_us":{time},"v":1}}"#
    )
    .into_bytes()
}

/// Signed by the log and cosigned by the witness.
fn signed(edge: &Edge, key: &SigningKey) -> String {
    let (size, root) = (edge.frontier().size(), edge.frontier().root());
    let text = Checkpoint { origin: ORIGIN.to_owned(), size, root, extensions: Vec::new() }.to_string();
    key.sign(&text).unwrap() + &witness_key().cosign(&text, TIME_S).unwrap()
}

/// A log of these entries: checkpoint, tiles, bundles, a proof of one entry, and consistency with each earlier size.
pub(crate) fn write(size: u64, key: &SigningKey, entry: impl Fn(u64) -> Vec<u8>, kept: u64) -> (Files, String) {
    let mut files = Files::new();
    let mut edge = Edge::new();
    let mut kept_note = String::new();
    for bundle in Bundle::all(size) {
        let entries: Vec<Vec<u8>> = (bundle.first()..).take(bundle.width.into()).map(&entry).collect();
        for bytes in &entries {
            edge.append(leaf_hash(bytes), |tile, data| {
                files.insert(Resource::Tile(tile).to_string(), data.to_vec());
            });
            if edge.frontier().size() == kept {
                kept_note = signed(&edge, key);
            }
        }
        let bytes = encode_bundle(entries.iter().map(Vec::as_slice)).unwrap();
        files.insert(Resource::Entries(bundle).to_string(), bytes);
    }
    for (tile, data) in edge.partial() {
        files.insert(Resource::Tile(tile).to_string(), data.to_vec());
    }
    let note = signed(&edge, key);
    let nodes = TileNodes::new(size, |tile: Tile| files.get(&Resource::Tile(tile).to_string()).cloned());
    let index = size * 2 / 3;
    let hashes = prove_inclusion(&nodes, index, size).unwrap();
    let proof = ProofFile { extra: None, index, hashes, note: &note }.to_string();
    let consistency = (1..=size).contains(&kept).then(|| prove_consistency(&nodes, kept, size).unwrap());
    if let Some(proof) = consistency {
        // The lines of a request stand in the file as they are sent.
        let request = AddCheckpoint { old: kept, proof, note: &note }.to_string();
        let lines = request.split_once('\n').unwrap().1.split_once("\n\n").unwrap().0;
        files.insert(format!("consistency.{kept}-{size}"), format!("{lines}\n").into_bytes());
    }
    files.insert(format!("proofs/{index}.tlog-proof"), proof.into_bytes());
    files.insert("checkpoint".to_owned(), note.into_bytes());
    (files, kept_note)
}

/// Leaves of the log that is tampered with.
pub(crate) const SIZE: u64 = 70_000;
/// Leaves of the checkpoint that was kept.
pub(crate) const KEPT: u64 = 60_000;
/// The entry that is tampered with: in the middle of bundle 182.
pub(crate) const VICTIM: u64 = 46_666;

/// The untouched log, and the note that was kept of it.
pub(crate) fn untouched() -> (Files, String) {
    write(SIZE, &log_key(), entry, KEPT)
}

/// Something done to the files: its name, what the verdict must name, and the deed.
pub(crate) type Kind = (&'static str, &'static str, fn(&mut Files));

/// Kinds that show in the files.
pub(crate) const KINDS: [Kind; 21] = [
    ("entry-altered", "tile/0/182", |files| alter(files, |entries| entries[74][20] ^= 1)),
    ("entry-deleted", "tile/entries/182", |files| alter(files, |entries| drop(entries.remove(74)))),
    ("entry-duplicated", "tile/entries/182", |files| alter(files, |entries| entries.insert(74, entries[74].clone()))),
    ("entries-swapped", "tile/0/182", |files| alter(files, |entries| entries.swap(74, 75))),
    ("entry-with-byte-more", "tile/0/182", |files| alter(files, |entries| entries[74].push(b' '))),
    ("tail-cut", "tile/entries/273.p/112", |files| {
        let bundle = files.get_mut("tile/entries/273.p/112").unwrap();
        bundle.truncate(bundle.len() - entry(SIZE - 1).len() - 2);
    }),
    ("bundle-cut-in-entry", "tile/entries/182", |files| {
        files.get_mut("tile/entries/182").unwrap().pop();
    }),
    ("bundle-trailing-byte", "tile/entries/182", |files| files.get_mut("tile/entries/182").unwrap().push(0)),
    // What verifiers that read hashes out of tiles have accepted (CVE-2026-56865): this one and the interior node.
    ("entry-altered-leaf-tile-fixed", "tile/1/000", |files| {
        alter(files, |entries| entries[74][20] ^= 1);
        let bytes = files["tile/entries/182"].clone();
        let leaf = leaf_hash(decode_bundle(&bytes, 256).unwrap()[74]);
        files.get_mut("tile/0/182").unwrap()[74 * 32..75 * 32].copy_from_slice(&leaf.0);
    }),
    ("leaf-hash-flipped", "tile/0/182", |files| files.get_mut("tile/0/182").unwrap()[74 * 32] ^= 1),
    ("interior-node-flipped", "tile/1/000", |files| files.get_mut("tile/1/000").unwrap()[182 * 32 + 7] ^= 0x10),
    ("top-node-flipped", "tile/2/000.p/1", |files| files.get_mut("tile/2/000.p/1").unwrap()[31] ^= 0x80),
    ("tile-trailing-byte", "tile/0/182", |files| files.get_mut("tile/0/182").unwrap().push(0)),
    ("tile-missing", "tile/1/001.p/17", |files| drop(files.remove("tile/1/001.p/17"))),
    ("bundle-missing", "tile/entries/182", |files| drop(files.remove("tile/entries/182"))),
    ("size-edited", "signature", |files| edit(files, "\n70000\n", "\n69999\n")),
    ("rebuilt-under-genuine-checkpoint", "checkpoint: the root", |files| {
        let checkpoint = files.remove("checkpoint").unwrap();
        *files = write(SIZE, &log_key(), rewritten, KEPT).0;
        files.insert("checkpoint".to_owned(), checkpoint);
    }),
    ("rebuilt-with-other-key", "did not sign", |files| {
        let other = SigningKey::from_seed(ORIGIN, &[3; 32]).unwrap();
        *files = write(SIZE, &other, rewritten, KEPT).0;
    }),
    ("cosignature-missing", WITNESS, |files| {
        let note = files.get_mut("checkpoint").unwrap();
        note.truncate(note.len() - witness_key().cosign("x\n", TIME_S).unwrap().len());
    }),
    ("cosignature-time-edited", WITNESS, |files| {
        let line = witness_key().cosign("x\n", TIME_S).unwrap();
        let note = files.get_mut("checkpoint").unwrap();
        // The line ends with the base64 of four bytes of id, eight of time and 64 of signature.
        let at = note.len() - line.len() + line.rfind(' ').unwrap() + 1 + 14;
        note[at] = if note[at] == b'A' { b'B' } else { b'A' };
    }),
    ("proof-hash-altered", "proof", |files| {
        let proof = files.get_mut("proofs/46666.tlog-proof").unwrap();
        let at = proof.windows(7).position(|bytes| bytes == b"\nindex ").unwrap() + 20;
        proof[at] = if proof[at] == b'A' { b'B' } else { b'A' };
    }),
];

/// Kinds that only someone with a kept checkpoint sees.
pub(crate) const KEPT_KINDS: [Kind; 2] = [
    ("rewritten-with-real-key", "60000", |files| *files = write(SIZE, &log_key(), rewritten, KEPT).0),
    ("rolled-back", "60000", |files| *files = write(50_000, &log_key(), entry, 0).0),
];

/// Another history.
fn rewritten(index: u64) -> Vec<u8> {
    if index == VICTIM { b"nothing happened here".to_vec() } else { entry(index) }
}

/// Changes the entries of bundle 182, whatever their number is then.
fn alter(files: &mut Files, change: impl FnOnce(&mut Vec<Vec<u8>>)) {
    let bundle = files.get_mut("tile/entries/182").unwrap();
    let mut entries: Vec<Vec<u8>> = decode_bundle(bundle, 256).unwrap().into_iter().map(<[u8]>::to_vec).collect();
    change(&mut entries);
    let prefixed = |entry: &Vec<u8>| [u16::try_from(entry.len()).unwrap().to_be_bytes().as_slice(), entry].concat();
    *bundle = entries.iter().flat_map(prefixed).collect();
}

/// Replaces text in the checkpoint.
fn edit(files: &mut Files, from: &str, to: &str) {
    let note = String::from_utf8(files["checkpoint"].clone()).unwrap();
    assert!(note.contains(from));
    files.insert("checkpoint".to_owned(), note.replace(from, to).into_bytes());
}
