//! Succession of keys: a log's key follows from its name, so another epoch has another. The keys of before sign a note that
//! names it, and whoever knows one of them accepts the new one, and says so.
//!
//! ```text
//! countersign/succession/v1
//! <the new key>
//! published <leaves of the epoch before, or unknown>
//! restored <leaves>
//! ```

use tenancy::epoch::Opening;
use tlog::{Note, SigningKey, VerifierKey};

/// Most keys of earlier epochs that sign a note.
pub const KEYS_MAX: i32 = 8;
const FIRST_LINE: &str = "countersign/succession/v1";

/// What a note of succession says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Succession {
    /// The key that follows.
    pub key: VerifierKey,
    /// Leaves that were published before, where that is known.
    pub published: Option<u64>,
    /// Leaves that the log had after the restore.
    pub restored: u64,
}

/// The note by which these keys name a log's new one.
pub(crate) fn note(successor: &SigningKey, opening: &Opening, before: &[SigningKey]) -> Option<String> {
    let published = opening.published.map_or("unknown".to_owned(), |known| known.size.to_string());
    let text =
        format!("{FIRST_LINE}\n{}\npublished {published}\nrestored {}\n", successor.verifier(), opening.restored);
    let (first, rest) = before.split_first()?;
    let mut note = first.sign(&text).ok()?;
    for key in rest {
        let signed = key.sign(&text).ok()?;
        note.push_str(signed.strip_prefix(&text)?.strip_prefix('\n')?);
    }
    Some(note)
}

/// Reads a note of succession that one of these keys signed, for a log of the same name in another epoch; the key that
/// did, and what it says.
///
/// # Errors
/// In words.
pub fn open<'a>(note: &str, keys: &'a [VerifierKey]) -> Result<(&'a VerifierKey, Succession), String> {
    let note = Note::parse(note.as_bytes()).map_err(|why| why.to_string())?;
    let signer = keys.iter().find(|key| note.verify(key).is_ok()).ok_or("no key that is known signed it")?;
    let lines: Vec<&str> = note.text.lines().collect();
    let [FIRST_LINE, key, published, restored] = lines.as_slice() else { return Err("it is no succession".to_owned()) };
    let key = VerifierKey::parse(key).map_err(|why| why.to_string())?;
    let published = published.strip_prefix("published ").ok_or("it does not say what was published")?;
    let published = match published {
        "unknown" => None,
        size => Some(size.parse().map_err(|_| "it does not say what was published")?),
    };
    let restored = restored.strip_prefix("restored ").and_then(|size| size.parse().ok());
    let restored = restored.ok_or("it does not say what was restored")?;
    match (log_of(signer.name()), log_of(key.name())) {
        (Some((log, before)), Some((same, after))) if log == same && before < after => {}
        _ => return Err(format!("{} does not follow {}", key.name(), signer.name())),
    }
    Ok((signer, Succession { key, published, restored }))
}

/// A log's name without its epoch, and the epoch.
pub(crate) fn log_of(origin: &str) -> Option<(&str, i64)> {
    let (log, epoch) = origin.rsplit_once("/e")?;
    Some((log, epoch.parse().ok().filter(|number: &i64| *number > 0 && number.to_string() == epoch)?))
}

#[cfg(test)]
mod tests {
    use tenancy::WorkspaceId;
    use tenancy::epoch::{Published, Why};

    use super::*;

    fn key(name: &str) -> SigningKey {
        let mut seed = [0; 32];
        seed.iter_mut().zip(name.bytes()).for_each(|(to, byte)| *to = byte);
        SigningKey::from_seed(name, &seed).unwrap()
    }

    fn opening(published: Option<u64>) -> Opening {
        Opening {
            workspace: WorkspaceId::random(),
            epoch: 3,
            why: Why::Restored,
            previous: Some(1),
            restored: 10,
            published: published.map(|size| Published { epoch: 2, size, root: [7; 32] }),
        }
    }

    #[test]
    fn every_key_of_before_names_the_next() {
        let [one, two, three] = ["h/ws/1/e1", "h/ws/1/e2", "h/ws/1/e3"].map(key);
        let signed = note(&three, &opening(Some(12)), &[two, one]).unwrap();
        for name in ["h/ws/1/e1", "h/ws/1/e2"] {
            let known = [key("h/ws/2/e1").verifier().clone(), key(name).verifier().clone()];
            let (signer, says) = open(&signed, &known).unwrap();
            assert_eq!(signer.name(), name);
            let expected = Succession { key: key("h/ws/1/e3").verifier().clone(), published: Some(12), restored: 10 };
            assert_eq!(says, expected);
        }
        let unknown = note(&three, &opening(None), &[key("h/ws/1/e2")]).unwrap();
        assert_eq!(open(&unknown, &[key("h/ws/1/e2").verifier().clone()]).unwrap().1.published, None);
        assert_eq!(note(&three, &opening(None), &[]), None);
    }

    #[test]
    fn a_note_that_is_no_succession_is_refused() {
        let [two, three] = ["h/ws/1/e2", "h/ws/1/e3"].map(key);
        let known = [two.verifier().clone()];
        let good = note(&three, &opening(Some(12)), &[key("h/ws/1/e2")]).unwrap();
        assert!(open(&good, &[three.verifier().clone()]).unwrap_err().contains("no key that is known"));
        assert!(open(&good.replace("published 12", "published 11"), &known).is_err());
        let text = |text: &str| open(&two.sign(text).unwrap(), &known).unwrap_err();
        let key_line = three.verifier().to_string();
        for bad in [
            format!("h/ws/1/e2\n10\n{key_line}\n"),
            format!("{FIRST_LINE}\n{key_line}\npublished 12\n"),
            format!("{FIRST_LINE}\n{key_line}\npublished x\nrestored 1\n"),
            format!("{FIRST_LINE}\n{key_line}\npublished 1\nrestored x\n"),
            format!("{FIRST_LINE}\nx\npublished 1\nrestored 1\n"),
        ] {
            text(&bad);
        }
        for other in ["h/ws/2/e3", "h/ws/1/e2", "h/ws/1/e1", "h/ws/1/e03"] {
            let line = key(other).verifier().to_string();
            let refused = text(&format!("{FIRST_LINE}\n{line}\npublished 1\nrestored 1\n"));
            assert!(refused.contains("does not follow"), "{refused}");
        }
    }
}
