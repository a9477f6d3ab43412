//! Several statements put together as one: what the driver would send, and wait for, one by one.
//!
//! Each statement sent costs an answer of its own, and so a wake-up on both sides. The inserts of an act leave as one
//! statement, and so do readings of one row that are asked for at the same time. Only texts of files are put
//! together, never a caller's text, so a composite is as fixed as its parts; there are at most [`SHAPES_MAX`].

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use crate::sql::Sql;

/// Most statements in one composite.
pub(crate) const PARTS_MAX: usize = 8;
/// Most composites. Each connection keeps its own plan of each, so this bounds memory; what comes later is sent one by
/// one.
pub(crate) const SHAPES_MAX: usize = 256;

/// By the addresses of the parts: statements are statics.
type Shapes = HashMap<Vec<usize>, Arc<str>>;

static SHAPES: LazyLock<Mutex<Shapes>> = LazyLock::new(Mutex::default);

/// A statement's own number: statements are statics.
pub(crate) fn address(sql: &'static Sql) -> usize {
    std::ptr::from_ref(sql).addr()
}

/// The composite of these parts, made at first need; nothing when there are [`SHAPES_MAX`] others.
fn shape(key: Vec<usize>, make: impl FnOnce() -> String) -> Option<Arc<str>> {
    let mut shapes = SHAPES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(text) = shapes.get(&key) {
        return Some(Arc::clone(text));
    }
    if shapes.len() >= SHAPES_MAX {
        return None;
    }
    let text: Arc<str> = make().into();
    shapes.insert(key, Arc::clone(&text));
    Some(text)
}

/// Inserts as one statement. Parameters follow each other in the order of the parts. Nothing reads what another part
/// inserts, foreign keys are checked at its end, and one failing part fails the whole.
pub(crate) fn inserts(parts: &[(&'static Sql, usize)]) -> Option<Arc<str>> {
    let key = parts.iter().map(|(sql, _)| address(sql)).collect();
    shape(key, || {
        let mut before = 0;
        let mut texts = Vec::with_capacity(parts.len());
        for (sql, params) in parts {
            texts.push(renumbered(sql.text().trim_end(), |number| format!("${}", number + before)));
            before += params;
        }
        // The last one stands outside; all of them run to their end either way.
        let last = texts.pop().unwrap_or_default();
        let named: Vec<String> =
            texts.iter().enumerate().map(|(index, text)| format!("p{index} AS ({text})")).collect();
        if named.is_empty() { last } else { format!("WITH {}\n{last}", named.join(",\n")) }
    })
}

/// Readings of several targets of one workspace, each for its own person, in a transaction of their own that cannot
/// write.
///
/// Parameters: the workspace, the people, their targets, as many of both. Columns: those of `epoch`, the reading's
/// number from 1, its person, its target, whether the target is there, then those of `see`, which takes
/// `(workspace, target, actor)`. The settings come first because everything below refers to their row and `OFFSET 0`
/// keeps each level a level; were it otherwise, row security would meet no workspace and refuse.
pub(crate) fn together(epoch: &'static Sql, see: &'static Sql) -> Option<Arc<str>> {
    shape(vec![address(epoch), 0, address(see)], || {
        let current = renumbered(epoch.text(), |_| "c.workspace_id".to_owned());
        let seen = renumbered(see.text(), |number| match number {
            1 => "c.workspace_id".to_owned(),
            2 => "a.target".to_owned(),
            _ => "a.person_id".to_owned(),
        });
        format!(
            "SELECT w.*, a.number, a.person_id, a.target, s.* FROM (SELECT set_config('transaction_read_only', 'on', true), \
             set_config('app.workspace_id', $1::uuid::text, true)::uuid AS workspace_id OFFSET 0) c\n\
             JOIN LATERAL ({current}\nOFFSET 0) w ON true\n\
             CROSS JOIN unnest($2::uuid[], $3::uuid[]) WITH ORDINALITY AS a(person_id, target, number)\n\
             LEFT JOIN LATERAL (SELECT true AS is_there, x.* FROM ({seen}\n) x OFFSET 0) s ON true"
        )
    })
}

/// The text with each parameter `$n` as `name` wants it.
fn renumbered(text: &str, name: impl Fn(usize) -> String) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let digits = rest[at + 1..].bytes().take_while(u8::is_ascii_digit).count();
        let number = rest[at + 1..at + 1 + digits].parse();
        out.push_str(&number.map_or_else(|_| "$".to_owned(), &name));
        rest = &rest[at + 1 + digits..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    static ONE: Sql = Sql::from_file("one.sql", "INSERT INTO a (x, y) VALUES ($1, $2)\n");
    static TWO: Sql = Sql::from_file("two.sql", "INSERT INTO b (x, y, z) VALUES ($1, $2, $10)");

    #[test]
    fn parameters_follow_each_other() {
        let text = inserts(&[(&ONE, 2), (&TWO, 10), (&ONE, 2)]).unwrap();
        assert_eq!(
            &*text,
            "WITH p0 AS (INSERT INTO a (x, y) VALUES ($1, $2)),\np1 AS (INSERT INTO b (x, y, z) VALUES ($3, $4, $12))\n\
             INSERT INTO a (x, y) VALUES ($13, $14)"
        );
        assert_eq!(&*inserts(&[(&ONE, 2)]).unwrap(), "INSERT INTO a (x, y) VALUES ($1, $2)");
    }

    #[test]
    fn a_composite_is_made_once() {
        let parts = [(&ONE, 2), (&ONE, 2)];
        assert!(Arc::ptr_eq(&inserts(&parts).unwrap(), &inserts(&parts).unwrap()));
    }

    #[test]
    fn only_parameters_are_renamed() {
        assert_eq!(renumbered("a $1 $23 $ $$ '$x' $1", |n| format!("<{n}>")), "a <1> <23> $ $$ '$x' <1>");
        assert_eq!(renumbered("", |_| String::new()), "");
    }
}
