//! Addresses that a stream may go to: those of the outside. A workspace's admin is not the operator, and must not reach
//! what only this machine or its network should.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

/// Most addresses of a name that are looked at.
const ADDRESSES_MAX: usize = 16;
/// Longest that resolving a name takes.
const RESOLVE_MAX: Duration = Duration::from_secs(5);

/// Whether receivers inside are let through: the operator's word, never a workspace's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Private {
    /// They are refused.
    #[default]
    Refused,
    /// They are let through.
    Allowed,
}

/// Why nothing is sent there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Inside {
    /// The name has no address.
    #[error("the name has no address")]
    Unresolved,
    /// An address is one of this machine or its network.
    #[error("this is an address inside, which the operator of this installation does not let streams reach")]
    Refused,
}

/// The address that a host is, if it is one and no name.
#[must_use]
pub fn literal(host: &str) -> Option<IpAddr> {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host).parse().ok()
}

/// Lets an address of the outside through.
///
/// # Errors
/// [`Inside::Refused`].
pub fn check(address: IpAddr, private: Private) -> Result<(), Inside> {
    if private == Private::Allowed || is_outside(address) { Ok(()) } else { Err(Inside::Refused) }
}

/// Resolves a host once, and only to where one may go: one address inside among others refuses the name. The connection
/// is then made to these addresses and to no other, so a name that changes meanwhile changes nothing.
///
/// # Errors
/// [`Inside`].
pub async fn resolve(host: &str, port: u16, private: Private) -> Result<Vec<SocketAddr>, Inside> {
    let found: Vec<SocketAddr> = match literal(host) {
        Some(address) => vec![SocketAddr::new(address, port)],
        None => {
            let looked = tokio::time::timeout(RESOLVE_MAX, tokio::net::lookup_host((host, port))).await;
            looked.ok().and_then(Result::ok).ok_or(Inside::Unresolved)?.take(ADDRESSES_MAX).collect()
        }
    };
    if found.is_empty() {
        return Err(Inside::Unresolved);
    }
    found.iter().try_for_each(|address| check(address.ip(), private))?;
    Ok(found)
}

/// Whether an address is one of the public internet. IPv4 inside IPv6, in each of its forms, counts as IPv4.
#[must_use]
pub fn is_outside(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_outside_v4(address),
        IpAddr::V6(address) => is_outside_v6(address),
    }
}

/// IANA's registry of special-purpose IPv4 addresses, and multicast.
fn is_outside_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_special = matches!(a, 0 | 10 | 127)
        || (a == 100 && b & 0b1100_0000 == 64)
        || (a == 169 && b == 254)
        || (a == 172 && b & 0b1111_0000 == 16)
        || (a == 192 && b == 168)
        || (a == 192 && b == 0 && (c == 0 || c == 2))
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && b & 0b1111_1110 == 18)
        || (a == 198 && b == 51 && c == 100)
        || (a == 203 && b == 0 && c == 113)
        || a >= 224;
    !is_special
}

/// Global unicast (2000::/3) without what is special in it; NAT64 counts by the address behind it.
fn is_outside_v6(address: Ipv6Addr) -> bool {
    if let Some(v4) = address.to_ipv4_mapped() {
        return is_outside_v4(v4);
    }
    let [a, b, c, d, e, f, g, h] = address.segments();
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_outside_v4(Ipv4Addr::new(a, b, c, d))
    };
    match (a, b) {
        (0x64, 0xff9b) => [c, d, e, f] == [0; 4] && v4(g, h),
        // 6to4.
        (0x2002, _) => v4(b, c),
        // IETF protocols with Teredo and ORCHID; documentation.
        (0x2001, 0..=0x1ff | 0xdb8) | (0x3fff, 0..=0xfff) => false,
        _ => a & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INSIDE: &str = "0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.127.255.255 127.0.0.1 127.255.0.1
        169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.8 192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1
        198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1 239.1.1.1 240.0.0.1 255.255.255.255 :: ::1
        ::ffff:127.0.0.1 ::ffff:192.168.0.1 ::127.0.0.1 64:ff9b::7f00:1 64:ff9b::a00:1 64:ff9b:1::1 100::1
        2001::1 2001:db8::1 2002:7f00:1:: 2002:a00:1::1 3fff::1 fc00::1 fd12:3456::1 fe80::1 fec0::1 ff02::1";
    const OUTSIDE: &str =
        "1.1.1.1 9.255.255.255 11.0.0.1 100.63.255.255 100.128.0.1 126.1.1.1 128.0.0.1 169.253.1.1 172.15.0.1
        172.32.0.1 192.0.1.1 192.167.1.1 192.169.1.1 198.17.1.1 198.20.1.1 223.255.255.255 ::ffff:1.1.1.1
        64:ff9b::101:101 2001:200::1 2001:500:2::c 2002:101:101::1 2606:4700::1111 2a00::1";

    #[test]
    fn only_the_public_internet_is_outside() {
        for inside in INSIDE.split_whitespace() {
            let address: IpAddr = inside.parse().unwrap();
            assert!(!is_outside(address), "{inside}");
            assert_eq!(check(address, Private::Refused), Err(Inside::Refused));
            assert_eq!(check(address, Private::Allowed), Ok(()));
        }
        for outside in OUTSIDE.split_whitespace() {
            assert!(is_outside(outside.parse().unwrap()), "{outside}");
        }
    }

    #[tokio::test]
    async fn a_name_of_this_machine_is_refused_after_it_was_resolved() {
        assert_eq!(resolve("localhost", 443, Private::Refused).await, Err(Inside::Refused));
        assert!(resolve("localhost", 443, Private::Allowed).await.is_ok());
        assert_eq!(resolve("[::1]", 443, Private::Refused).await, Err(Inside::Refused));
        assert_eq!(resolve("name.invalid", 443, Private::Allowed).await, Err(Inside::Unresolved));
    }
}
