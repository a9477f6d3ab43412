//! Mail as files, for development: a letter a file, to be opened with any mail reader.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use crate::letter::Post;
use crate::transport::TransportError;

/// A folder of letters, readable by its owner only. A file is named by the part of the `Message-ID` before the `@`, so
/// a second delivery of an effect replaces its file.
#[derive(Debug, Clone)]
pub struct FileOutbox {
    dir: PathBuf,
}

impl FileOutbox {
    /// Opens the folder and makes it where it is missing (mode 0700).
    ///
    /// # Errors
    /// [`TransportError::File`] when it cannot be made.
    pub fn open(dir: impl Into<PathBuf>) -> Result<Self, TransportError> {
        let dir = dir.into();
        DirBuilder::new().recursive(true).mode(0o700).create(&dir)?;
        Ok(Self { dir })
    }

    /// The folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    pub(crate) async fn send(&self, posts: &[Post]) -> Result<(), TransportError> {
        let files: Vec<(String, Vec<u8>)> =
            posts.iter().map(|post| (post.local_part().to_owned(), post.bytes())).collect();
        let dir = self.dir.clone();
        let written = tokio::task::spawn_blocking(move || {
            files.iter().try_for_each(|(name, bytes)| put(&dir, name, bytes))?;
            File::open(&dir)?.sync_all()
        });
        written.await.map_err(|_| io::Error::other("the writer ended"))??;
        Ok(())
    }
}

/// Whole or not at all: a temporary file, fsync, rename. Only one worker delivers an effect at a time, so the temporary
/// name is its own; what a crash left of it is replaced.
fn put(dir: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let temporary = dir.join(format!(".{name}.tmp"));
    let mut file = OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&temporary, dir.join(format!("{name}.eml")))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use jiff::Timestamp;
    use tenancy::OutboxId;

    use super::*;
    use crate::letter::{Letter, Sender};
    use crate::transport::Transport;

    fn post(subject: &str, effect: OutboxId) -> Post {
        let letter = Letter::new("ann@example.test", subject, "text", "0199").unwrap();
        Post::new(&letter, &Sender::new("no-reply@example.test").unwrap(), effect, Timestamp::UNIX_EPOCH).unwrap()
    }

    fn names(dir: &Path) -> Vec<String> {
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[tokio::test]
    async fn an_effect_delivered_twice_is_one_file() {
        let folder = tempfile::tempdir().unwrap();
        let outbox = FileOutbox::open(folder.path().join("a/outbox")).unwrap();
        let transport = Transport::File(outbox.clone());
        let effect = OutboxId::random();
        transport.send(&[post("First", effect)]).await.unwrap();
        transport.send(&[post("Second", effect)]).await.unwrap();
        let name = format!("r.0199.{effect}.eml");
        let file = outbox.dir().join(&name);
        assert_eq!(names(outbox.dir()), [name]);
        assert!(fs::read_to_string(&file).unwrap().contains("Subject: Second\r\n"));
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(outbox.dir()).unwrap().permissions().mode() & 0o777, 0o700);
        transport.send(&[post("Third", OutboxId::random())]).await.unwrap();
        assert_eq!(names(outbox.dir()).len(), 2);
    }

    #[tokio::test]
    async fn what_a_crash_left_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let outbox = FileOutbox::open(folder.path()).unwrap();
        let effect = OutboxId::random();
        fs::write(
            folder.path().join(format!(".r.0199.{effect}.tmp")),
            "half a letter that is longer than it".repeat(99),
        )
        .unwrap();
        outbox.send(&[post("Whole", effect)]).await.unwrap();
        let names = names(folder.path());
        assert_eq!(names, [format!("r.0199.{effect}.eml")]);
        assert_eq!(fs::read(folder.path().join(&names[0])).unwrap(), post("Whole", effect).bytes());
    }

    #[tokio::test]
    async fn a_folder_that_went_away_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let outbox = FileOutbox::open(folder.path().join("gone")).unwrap();
        fs::remove_dir(outbox.dir()).unwrap();
        let error = outbox.send(&[post("s", OutboxId::random())]).await.unwrap_err();
        assert_eq!(error.code(), "mail_file");
    }
}
