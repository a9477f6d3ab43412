//! The sockets on which this process listens, as the kernel lists them (proc(5), `/proc/net/tcp`).

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::probe::ProbeError;

/// Most lines of a table that are read.
const LINES_MAX: usize = 200_000;
/// State LISTEN in the kernel's tables.
const LISTEN: &str = "0A";

/// Addresses on which this process listens, each once, in order.
pub(crate) fn listening() -> Result<Vec<SocketAddr>, ProbeError> {
    let own = own_inodes()?;
    let mut found = BTreeSet::new();
    for table in ["/proc/self/net/tcp", "/proc/self/net/tcp6"] {
        match std::fs::read_to_string(table) {
            Ok(text) => found.extend(listeners_in(&text, &own)),
            // A kernel without IPv6 has no such table.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && table.ends_with('6') => {}
            Err(_) => return Err(ProbeError::Unreadable("the table of sockets")),
        }
    }
    Ok(found.into_iter().collect())
}

fn own_inodes() -> Result<BTreeSet<u64>, ProbeError> {
    let unreadable = |_| ProbeError::Unreadable("the list of open files");
    let mut inodes = BTreeSet::new();
    for entry in std::fs::read_dir("/proc/self/fd").map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        // A file may be closed between listing and reading.
        if let Ok(target) = std::fs::read_link(path)
            && let Some(inode) = target.to_str().and_then(socket_inode)
        {
            inodes.insert(inode);
        }
    }
    Ok(inodes)
}

/// `socket:[123]` to 123.
fn socket_inode(target: &str) -> Option<u64> {
    target.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

/// The listening sockets of a table that are among these inodes.
fn listeners_in(table: &str, own: &BTreeSet<u64>) -> Vec<SocketAddr> {
    table.lines().skip(1).take(LINES_MAX).filter_map(|line| listener_of(line, own)).collect()
}

fn listener_of(line: &str, own: &BTreeSet<u64>) -> Option<SocketAddr> {
    let columns: Vec<&str> = line.split_ascii_whitespace().collect();
    let (local, state, inode) = (columns.get(1)?, columns.get(3)?, columns.get(9)?);
    if *state != LISTEN || !own.contains(&inode.parse().ok()?) {
        return None;
    }
    let (address, port) = local.split_once(':')?;
    Some(SocketAddr::new(address_of(address)?, u16::from_str_radix(port, 16).ok()?))
}

/// The kernel prints each 32-bit word of an address as the machine stores it.
fn address_of(hex: &str) -> Option<IpAddr> {
    let words: Option<Vec<[u8; 4]>> = hex
        .as_bytes()
        .chunks(8)
        .map(|chunk| u32::from_str_radix(std::str::from_utf8(chunk).ok()?, 16).ok().map(u32::to_ne_bytes))
        .collect();
    match words?.as_slice() {
        [word] if hex.len() == 8 => Some(IpAddr::V4(Ipv4Addr::from(*word))),
        [a, b, c, d] if hex.len() == 32 => {
            let mut bytes = [0; 16];
            for (place, word) in bytes.chunks_mut(4).zip([a, b, c, d]) {
                place.copy_from_slice(word);
            }
            Some(IpAddr::V6(Ipv6Addr::from(bytes)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   \
        0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 555 1 0 100 0 0 10 0\n   \
        1: 00000000:20FB 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 556 1 0 100 0 0 10 0\n   \
        2: 0100007F:1F91 0100007F:9999 01 00000000:00000000 00:00000000 00000000  1000        0 557 1 0 100 0 0 10 0\n";

    #[test]
    #[cfg(target_endian = "little")]
    fn only_own_listening_sockets_are_found() {
        let own: BTreeSet<u64> = [555, 557].into();
        assert_eq!(listeners_in(TABLE, &own), ["127.0.0.1:8080".parse().unwrap()]);
        let all: BTreeSet<u64> = [555, 556, 557].into();
        assert_eq!(listeners_in(TABLE, &all).len(), 2);
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn addresses_of_both_families_are_read() {
        assert_eq!(address_of("0100007F"), Some("127.0.0.1".parse().unwrap()));
        assert_eq!(address_of("00000000000000000000000001000000"), Some("::1".parse().unwrap()));
        assert_eq!(address_of("0100"), None);
        assert_eq!(address_of("0100007F0100007F"), None);
        assert_eq!(address_of("XX00007F"), None);
    }

    #[test]
    fn links_of_sockets_are_told_from_others() {
        assert_eq!(socket_inode("socket:[12]"), Some(12));
        assert_eq!(socket_inode("pipe:[12]"), None);
        assert_eq!(socket_inode("socket:[x]"), None);
    }

    #[test]
    fn a_listener_of_this_process_is_seen_and_goes_away() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        assert!(listening().unwrap().contains(&address));
        drop(listener);
        assert!(!listening().unwrap().contains(&address));
    }
}
