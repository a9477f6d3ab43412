//! Where the logs are anchored, in words: one row a level, with its age, on the log's page and on the security page.

use jiff::{SignedDuration, Timestamp};
use ledger::anchors::Anchors;

use crate::views::{Anchor, Pill, Tone, When};

/// Oldest entry of the deployment's log that is a sign of life; it has one every ten minutes.
const SILENCE_MAX_S: f64 = 1_200.0;
/// Oldest cosignature of a witness that answers; it is asked every ten minutes at least.
const COSIGNED_MAX: SignedDuration = SignedDuration::from_mins(30);

/// When a checkpoint of the reader's own workspace was taken out of the installation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Held {
    pub(crate) now: Timestamp,
    pub(crate) taken: Option<Timestamp>,
}

/// The levels, from the weakest; `held` is known of one workspace and not of an installation.
pub(crate) fn rows(anchors: &Anchors, now: Timestamp, held: Option<Held>) -> Vec<Anchor> {
    let mut rows = vec![match held {
        Some(held) => kept(held),
        None => Anchor {
            name: "Checkpoints that customers keep".to_owned(),
            text: "Each workspace sees on its own page when one of its checkpoints was last taken out.".to_owned(),
            when: None,
            state: Pill::new(Tone::Idle, "each for itself"),
        },
    }];
    rows.push(deployment(anchors, now));
    if anchors.witnesses.is_empty() {
        rows.push(Anchor {
            name: "Witnesses".to_owned(),
            text: "None is named in the configuration, so nobody outside would see that two histories are shown."
                .to_owned(),
            when: None,
            state: Pill::new(Tone::Idle, "none"),
        });
    }
    rows.extend(anchors.witnesses.iter().map(|one| match one.cosigned {
        None => Anchor {
            name: format!("Witness {}", one.name),
            text: "It has cosigned nothing yet.".to_owned(),
            when: None,
            state: Pill::new(Tone::Wait, "silent"),
        },
        Some((size, at)) => {
            let is_fresh = now.duration_since(at) <= COSIGNED_MAX;
            Anchor {
                name: format!("Witness {}", one.name),
                text: format!("It cosigned the deployment's log of {size} entries."),
                when: Some(when(now, at)),
                state: if is_fresh { Pill::new(Tone::Ok, "cosigned") } else { Pill::new(Tone::Wait, "not of late") },
            }
        }
    }));
    rows
}

fn kept(held: Held) -> Anchor {
    let name = "A checkpoint that you keep".to_owned();
    match held.taken {
        None => Anchor {
            name,
            text: "None was taken out of this workspace yet. Whoever keeps one elsewhere sees whether an older state is put \
                   back or history is rewritten."
                .to_owned(),
            when: None,
            state: Pill::new(Tone::Idle, "none"),
        },
        Some(at) => Anchor {
            name,
            text: "Last taken out, by itself or with an export. What it is worth depends on who kept it.".to_owned(),
            when: Some(when(held.now, at)),
            state: Pill::new(Tone::Ok, "taken out"),
        },
    }
}

fn deployment(anchors: &Anchors, now: Timestamp) -> Anchor {
    let name = "The deployment's log".to_owned();
    let Some(log) = anchors.deployment else {
        return Anchor {
            name,
            text: "It has no entry yet; the first comes within seconds after the first act.".to_owned(),
            when: None,
            state: Pill::new(Tone::Wait, "empty"),
        };
    };
    let age = SignedDuration::try_from_secs_f64(log.age_s.clamp(0.0, 1e9)).unwrap_or_default();
    Anchor {
        name,
        text: format!(
            "It holds the checkpoints of every workspace: {} entries are signed. The newest one came",
            log.size
        ),
        when: Some(when(now, now.checked_sub(age).unwrap_or(now))),
        state: match log.age_s <= SILENCE_MAX_S {
            true => Pill::new(Tone::Ok, "alive"),
            false => Pill::new(Tone::No, "silent"),
        },
    }
}

fn when(now: Timestamp, at: Timestamp) -> When {
    crate::pages::when(now, at)
}

#[cfg(test)]
mod tests {
    use ledger::anchors::{Deployment, Witness};

    use super::*;

    #[test]
    fn every_level_says_how_old_it_is_or_that_there_is_none() {
        let now: Timestamp = "2026-11-27T12:00:00Z".parse().unwrap();
        let held = |taken| Some(Held { now, taken });
        let none = rows(&Anchors::default(), now, held(None));
        let states: Vec<&str> = none.iter().map(|row| row.state.word.as_str()).collect();
        assert_eq!(states, ["none", "empty", "none"]);
        let ago = |minutes| now - SignedDuration::from_mins(minutes);
        let witness = |name: &str, cosigned| Witness { name: name.to_owned(), cosigned };
        let anchors = Anchors {
            deployment: Some(Deployment { size: 7, age_s: 1_199.0 }),
            witnesses: vec![
                witness("one.example", Some((7, ago(29)))),
                witness("two.example", Some((5, ago(31)))),
                witness("three.example", None),
            ],
        };
        let all = rows(&anchors, now, held(Some(ago(5))));
        let states: Vec<&str> = all.iter().map(|row| row.state.word.as_str()).collect();
        assert_eq!(states, ["taken out", "alive", "cosigned", "not of late", "silent"]);
        assert_eq!(all[1].when.as_ref().unwrap().text, "19 min ago");
        assert!(all[2].name.contains("one.example") && all[2].text.contains("7 entries"));
        let silent = Anchors { deployment: Some(Deployment { size: 7, age_s: 1_201.0 }), ..Anchors::default() };
        assert_eq!(rows(&silent, now, None)[1].state.word, "silent");
    }
}
