//! The notes of succession in an export: by them a key that is known leads to the one that signs now.

use std::fs;
use std::path::{Path, PathBuf};

use tlog::VerifierKey;

use crate::earlier::{EPOCHS_MAX, Opened};
use crate::folder;
use crate::succession::{self, Succession, log_of};
use crate::verify::{Wrong, read_text, wrong};

/// Begin of the names of such files: `succession.<epoch>`.
pub(crate) const PREFIX: &str = "succession.";

/// Accepts the keys that follow, by notes in the folder, from keys that are known; says which were accepted.
pub(crate) fn accept(root: &Path, keys: &mut Vec<VerifierKey>) -> Result<Vec<String>, Wrong> {
    let mut accepted = Vec::new();
    for place in [root.to_owned(), root.join(folder::DEPLOYMENT)] {
        for (epoch, _, note) in notes(&place)? {
            // A note of another log's key, or of one that nobody here knows, leads nowhere.
            let Ok((_, Succession { key, .. })) = succession::open(&note, keys) else { continue };
            let is_named = log_of(key.name()).is_some_and(|(_, of)| of == epoch);
            if is_named && !keys.contains(&key) {
                accepted.push(key.to_string());
                keys.push(key);
            }
        }
    }
    Ok(accepted)
}

/// Whether the newest note of the workspace's log says what the record that opened its epoch says.
pub(crate) fn judge(root: &Path, opened: Option<&Opened>) -> Result<(), Wrong> {
    let Some((epoch, path, note)) = notes(root)?.pop() else { return Ok(()) };
    let differs = |why: &str| Err(wrong(&path, why));
    let Some(opened) = opened.filter(|opened| opened.epoch == epoch) else {
        return differs("the log was not opened in this epoch");
    };
    let lines: Vec<&str> = note.lines().collect();
    let published = opened.published.map_or("unknown".to_owned(), |(_, size, _)| size.to_string());
    let expected = [format!("published {published}"), format!("restored {}", opened.restored.1)];
    match lines.get(2..4) {
        Some(said) if said == expected => Ok(()),
        _ => differs("it does not say what the record says that opened the epoch"),
    }
}

/// The notes of a folder in the order of their epochs: epoch, file, note.
fn notes(place: &Path) -> Result<Vec<(i64, PathBuf, String)>, Wrong> {
    let mut found = Vec::new();
    for file in fs::read_dir(place).map_err(|why| wrong(place, why))? {
        let path = file.map_err(|why| wrong(place, why))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_prefix(PREFIX));
        let Some(name) = name else { continue };
        if found.len() == EPOCHS_MAX {
            return Err(wrong(&path, format!("{EPOCHS_MAX} notes of succession are the most")));
        }
        let epoch = name.parse().ok().filter(|epoch: &i64| *epoch > 1 && epoch.to_string() == name);
        let epoch = epoch.ok_or_else(|| wrong(&path, "its name is not that of a note of succession"))?;
        let note = read_text(&path)?;
        found.push((epoch, path, note));
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_are_no_notes_are_refused_by_their_name() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["1", "02", "x", ""] {
            let path = folder.path().join(format!("{PREFIX}{name}"));
            fs::write(&path, "").unwrap();
            assert!(notes(folder.path()).unwrap_err().to_string().contains(PREFIX), "{name}");
            fs::remove_file(path).unwrap();
        }
        for epoch in 0..EPOCHS_MAX {
            fs::write(folder.path().join(format!("{PREFIX}{}", epoch + 2)), "x").unwrap();
        }
        assert_eq!(notes(folder.path()).unwrap().len(), EPOCHS_MAX);
        fs::write(folder.path().join(format!("{PREFIX}{}", EPOCHS_MAX + 2)), "x").unwrap();
        assert!(notes(folder.path()).unwrap_err().to_string().contains("are the most"), "one past the bound");
    }
}
