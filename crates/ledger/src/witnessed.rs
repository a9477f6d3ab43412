//! What witnesses said of a checkpoint, judged by whoever has their keys.

use std::path::Path;

use serde_json::{Value, json};
use tlog::{CosignerVerifierKey, Note, NoteError};

use crate::verify::{Wrong, wrong};

/// Most witnesses whose keys are given.
pub const KEYS_MAX: usize = 64;

/// What a witness said of the deployment's checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witnessed {
    /// Its name.
    pub name: String,
    /// When it cosigned, by its own clock, in seconds since 1970; nothing where it did not.
    pub cosigned_at_s: Option<u64>,
}

impl Witnessed {
    /// The time as people read it; the number itself where no calendar reaches.
    fn time(&self) -> Option<String> {
        let seconds = self.cosigned_at_s?;
        let time = i64::try_from(seconds).ok().and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
        Some(time.map_or_else(|| format!("{seconds} s after 1970"), |time| time.to_string()))
    }
}

/// Keys of witnesses, one a line; a key that stands twice would count as two witnesses and is refused.
pub(crate) fn keys_of(text: &str) -> Result<Vec<CosignerVerifierKey>, Wrong> {
    let at = |line: usize, why: &dyn std::fmt::Display| wrong(Path::new("--witness"), format!("line {line}: {why}"));
    let mut keys: Vec<(String, CosignerVerifierKey)> = Vec::new();
    for (line, text) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let key = CosignerVerifierKey::parse(text).map_err(|why| at(line + 1, &why))?;
        let name = format!("{}+", key.name());
        // What is cosigned does not hold the name: one secret under two names is one witness.
        let public =
            key.to_string().trim_start_matches(&name).split_once('+').map_or(String::new(), |(_, key)| key.to_owned());
        if keys.iter().any(|(known, other)| *known == public || other.name() == key.name()) {
            return Err(at(line + 1, &"this witness stands there already"));
        }
        if keys.len() == KEYS_MAX {
            return Err(at(line + 1, &format!("{KEYS_MAX} witnesses are the most")));
        }
        keys.push((public, key));
    }
    Ok(keys.into_iter().map(|(_, key)| key).collect())
}

/// Which of the witnesses cosigned a note, and when. A cosignature that does not hold is a failure, one that is missing
/// only where it is required.
pub(crate) fn judge(
    path: &Path,
    note: &str,
    witnesses: &[CosignerVerifierKey],
    required: usize,
) -> Result<Vec<Witnessed>, Wrong> {
    let note = Note::parse(note.as_bytes()).map_err(|why| wrong(path, why))?;
    let said = |key: &CosignerVerifierKey| {
        let cosigned_at_s = match note.verify_cosignature(key) {
            Ok(time_s) => Some(time_s),
            Err(NoteError::Unsigned(_)) => None,
            Err(why) => return Err(wrong(path, format!("the cosignature of {} does not hold: {why}", key.name()))),
        };
        Ok(Witnessed { name: key.name().to_owned(), cosigned_at_s })
    };
    let witnessed = witnesses.iter().map(said).collect::<Result<Vec<_>, _>>()?;
    let found = witnessed.iter().filter(|one| one.cosigned_at_s.is_some()).count();
    if found < required {
        return Err(wrong(
            path,
            format!("{found} of the witnesses that you gave cosigned it, and {required} are required"),
        ));
    }
    Ok(witnessed)
}

/// For programs.
pub(crate) fn to_json(witnessed: &[Witnessed]) -> Value {
    witnessed.iter().map(|one| json!({"name": one.name, "cosigned_at": one.time()})).collect()
}

/// In sentences.
pub(crate) fn words(witnessed: &[Witnessed], size: u64) -> Vec<String> {
    if witnessed.is_empty() {
        let none = "not checked: no witness's key was given (--witness), so nobody outside vouches for this checkpoint";
        return vec![none.to_owned()];
    }
    let words = |one: &Witnessed| match one.time() {
        Some(time) => {
            format!("trust: {} cosigned the deployment's log of {size} entries at {time}, by its clock", one.name)
        }
        None => format!("NOT cosigned: {} did not cosign this checkpoint of the deployment's log", one.name),
    };
    witnessed.iter().map(words).collect()
}

#[cfg(test)]
mod tests {
    use tlog::{Checkpoint, CosignerSigningKey, Frontier, SigningKey};

    use super::*;

    fn witness(name: &str, seed: u8) -> CosignerSigningKey {
        CosignerSigningKey::from_seed(name, &[seed; 32]).unwrap()
    }

    fn note(by: &[&CosignerSigningKey]) -> String {
        let (origin, root) = ("log.example/e1".to_owned(), Frontier::new().root());
        let text = Checkpoint { origin: origin.clone(), size: 0, root, extensions: Vec::new() }.to_string();
        let signed = SigningKey::from_seed(&origin, &[1; 32]).unwrap().sign(&text).unwrap();
        signed + &by.iter().map(|key| key.cosign(&text, 1_800_000_000).unwrap()).collect::<String>()
    }

    #[test]
    fn who_cosigned_is_said_with_the_time_and_who_did_not_as_well() {
        let (one, two) = (witness("one.example", 2), witness("two.example", 3));
        let keys = [one.verifier().clone(), two.verifier().clone()];
        let judge = |note: &str, required| super::judge(Path::new("x"), note, &keys, required);
        let said = judge(&note(&[&one]), 1).unwrap();
        let words = words(&said, 7).join("\n");
        assert!(
            words.contains("one.example cosigned the deployment's log of 7 entries at 2027-01-15T08:00:00Z"),
            "{words}"
        );
        assert!(words.contains("NOT cosigned: two.example"), "{words}");
        assert_eq!(to_json(&said)[1], json!({"name": "two.example", "cosigned_at": null}));
        let refused = judge(&note(&[&one]), 2).unwrap_err().to_string();
        assert!(refused.contains("1 of the witnesses that you gave cosigned it, and 2 are required"), "{refused}");
        assert_eq!(judge(&note(&[&one, &two]), 2).unwrap().len(), 2);
        let cosigned = note(&[&one]);
        let at = cosigned.len() - 30;
        let other = if cosigned[at..].starts_with('A') { "B" } else { "A" };
        let bad = format!("{}{other}{}", &cosigned[..at], &cosigned[at + 1..]);
        let refused = judge(&bad, 0).unwrap_err().to_string();
        assert!(refused.contains("the cosignature of one.example does not hold"), "{refused}");
    }

    #[test]
    fn a_witness_counts_once() {
        let key = |name: &str, seed| witness(name, seed).verifier().to_string();
        let (one, two) = (key("one.example", 2), key("two.example", 3));
        assert_eq!(keys_of(&format!("{one}\n\n{two}\n")).unwrap().len(), 2);
        for again in [&one, &key("another.example", 2), &key("one.example", 4)] {
            let refused = keys_of(&format!("{one}\n{two}\n{again}")).unwrap_err().to_string();
            assert!(refused.contains("line 3: this witness stands there already"), "{refused}");
        }
        let many = |count: u8| (0..count).map(|at| key(&format!("{at}.example"), at) + "\n").collect::<String>();
        assert_eq!(keys_of(&many(64)).unwrap().len(), KEYS_MAX);
        assert!(keys_of(&many(65)).unwrap_err().to_string().contains("line 65: 64 witnesses"), "one past the bound");
        assert!(keys_of("x").unwrap_err().to_string().contains("line 1"));
    }
}
