//! What processes cost, from `/proc` (Linux).

use crate::Failure;

/// `/proc` counts in ticks of 10 ms on every architecture of Linux (`USER_HZ`).
const TICK_US: u64 = 10_000;

/// CPU of one process, user and system, in microseconds.
pub(super) fn process_us(pid: i32) -> Result<u64, Failure> {
    Ok(Stat::read(pid)?.own_ticks * TICK_US)
}

/// CPU of a process, of its living children and of those that ended, in microseconds.
pub(super) fn family_us(parent: i32) -> Result<u64, Failure> {
    let head = Stat::read(parent)?;
    let mut ticks = head.own_ticks + head.ended_children_ticks;
    for entry in std::fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse::<i32>().ok()) else { continue };
        // A process that ended between the listing and this line counts with its parent.
        if let Ok(stat) = Stat::read(pid)
            && stat.parent == parent
        {
            ticks += stat.own_ticks;
        }
    }
    Ok(ticks * TICK_US)
}

/// Resident memory of a process in MiB.
pub(super) fn resident_mb(pid: i32) -> Result<f64, Failure> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    let kib: u32 = line.trim().trim_end_matches(" kB").trim().parse()?;
    Ok(f64::from(kib) / 1024.0)
}

/// The fields of `/proc/<pid>/stat` that matter here.
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    parent: i32,
    own_ticks: u64,
    ended_children_ticks: u64,
}

impl Stat {
    fn read(pid: i32) -> Result<Self, Failure> {
        Self::parse(&std::fs::read_to_string(format!("/proc/{pid}/stat"))?)
    }

    /// The name in parentheses may hold spaces and parentheses; fields are counted after it.
    fn parse(text: &str) -> Result<Self, Failure> {
        let (_, rest) = text.rsplit_once(") ").ok_or("stat without a name")?;
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        // proc(5) numbers from 1 and the state is field 3, which stands at 0 here.
        let field = |number: usize| fields.get(number - 3).ok_or("stat is short");
        let ticks = |number: usize| -> Result<u64, Failure> { Ok(field(number)?.parse()?) };
        Ok(Self {
            parent: field(4)?.parse()?,
            own_ticks: ticks(14)? + ticks(15)?,
            ended_children_ticks: ticks(16)? + ticks(17)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Stat;

    #[test]
    fn fields_are_counted_after_the_name() {
        let text = "7 (a) b) S 1 7 7 0 -1 4 0 0 0 0 11 12 13 14 20 0 1 0 5 6 7";
        let found = Stat::parse(text).expect("well formed");
        assert_eq!(found, Stat { parent: 1, own_ticks: 23, ended_children_ticks: 27 });
    }
}
