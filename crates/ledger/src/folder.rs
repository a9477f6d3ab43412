//! A log in a folder: tiles, bundles and checkpoint by C2SP tlog-tiles, written as the entries come.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tlog::{Bundle, Edge, Resource, TILE_WIDTH, encode_bundle, leaf_hash};

/// Name of the file with a log's newest note.
pub(crate) const CHECKPOINT: &str = "checkpoint";
/// Name of the file with the keys: the workspace's log, then the deployment's.
pub(crate) const VKEY: &str = "vkey";
/// Name of the file with the records.
pub(crate) const RECORDS: &str = "records.ndjson";
/// Name of the page that verifies the export in a browser.
pub(crate) const PAGE: &str = "verify.html";
/// Name of the folder of the deployment's log.
pub(crate) const DEPLOYMENT: &str = "deployment";
/// Name of the file in it that says which entries are the workspace's own: index and leaves a line.
pub(crate) const OWN: &str = "own";

/// A folder that a log is written into.
#[derive(Debug)]
pub(crate) struct Folder {
    root: PathBuf,
    edge: Edge,
    entries: Vec<Vec<u8>>,
    bundle: u64,
}

impl Folder {
    /// Begins a log in a folder, which is made and must be empty.
    ///
    /// # Errors
    /// What the file system says.
    pub(crate) fn create(root: &Path) -> io::Result<Self> {
        fs::create_dir_all(root)?;
        Ok(Self { root: root.to_owned(), edge: Edge::new(), entries: Vec::new(), bundle: 0 })
    }

    /// Appends an entry.
    ///
    /// # Errors
    /// What the file system says; an entry that no bundle holds.
    pub(crate) fn append(&mut self, entry: &[u8]) -> io::Result<()> {
        let (root, mut written) = (&self.root, Ok(()));
        self.edge.append(leaf_hash(entry), |tile, data| {
            if written.is_ok() {
                written = write(root, &Resource::Tile(tile).to_string(), data);
            }
        });
        written?;
        self.entries.push(entry.to_vec());
        if self.entries.len() == usize::from(TILE_WIDTH) { self.write_bundle() } else { Ok(()) }
    }

    /// Writes what is not full yet, and the note.
    ///
    /// # Errors
    /// What the file system says.
    pub(crate) fn finish(mut self, note: &str) -> io::Result<()> {
        if !self.entries.is_empty() {
            self.write_bundle()?;
        }
        for (tile, data) in self.edge.partial() {
            write(&self.root, &Resource::Tile(tile).to_string(), data)?;
        }
        write(&self.root, CHECKPOINT, note.as_bytes())
    }

    fn write_bundle(&mut self) -> io::Result<()> {
        let bytes = encode_bundle(self.entries.iter().map(Vec::as_slice)).map_err(io::Error::other)?;
        let width = u16::try_from(self.entries.len()).map_err(io::Error::other)?;
        write(&self.root, &Resource::Entries(Bundle { index: self.bundle, width }).to_string(), &bytes)?;
        self.bundle += 1;
        self.entries.clear();
        Ok(())
    }
}

/// Writes a file below a folder, and the folders on the way.
///
/// # Errors
/// What the file system says.
pub(crate) fn write(root: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let path = root.join(name);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::write(path, bytes)
}

/// A file of lines below a folder.
#[derive(Debug)]
pub(crate) struct Lines(BufWriter<File>);

impl Lines {
    /// Begins it.
    ///
    /// # Errors
    /// What the file system says.
    pub(crate) fn create(root: &Path, name: &str) -> io::Result<Self> {
        fs::create_dir_all(root)?;
        Ok(Self(BufWriter::new(File::create(root.join(name))?)))
    }
    /// Writes a line.
    ///
    /// # Errors
    /// What the file system says.
    pub(crate) fn line(&mut self, line: &str) -> io::Result<()> {
        writeln!(self.0, "{line}")
    }
    /// Ends it.
    ///
    /// # Errors
    /// What the file system says.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.0.flush()
    }
}
