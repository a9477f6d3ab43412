//! Leaky buckets of failed sign-ins, so that guessing does not pay.
//!
//! Two buckets take each failure: the account's and the address's (a /32 of IPv4, a /64 of IPv6). Both leak one
//! failure in 10 seconds. An address may fail 5 times, an account 20: were they equal, anybody could lock the owner
//! of an account out from a single address; as it is, one address fills its own bucket and never the account's,
//! while guesses on one account from everywhere together leak just as slowly.

use std::net::IpAddr;

use seal::{WorkspaceKeys, columns};

/// Failures that an address may have at once.
pub const ADDRESS_FAILURES: f64 = 5.0;
/// Failures that an account may have at once.
pub const ACCOUNT_FAILURES: f64 = 20.0;
/// Failures that leak in a second.
pub const LEAK_PER_S: f64 = 0.1;

/// One bucket: what its failures are counted under, and how many it holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bucket {
    pub(crate) key: [u8; 16],
    pub(crate) capacity: f64,
}

impl Bucket {
    /// The bucket of an account, by the normalised address somebody typed, whether there is one or not.
    pub(crate) fn of_account(keys: &WorkspaceKeys, typed: &str) -> Self {
        Self { key: blind(keys, b"account\0", typed.as_bytes()), capacity: ACCOUNT_FAILURES }
    }

    /// The bucket of a client's address.
    pub(crate) fn of_address(keys: &WorkspaceKeys, ip: Option<IpAddr>) -> Self {
        Self { key: blind(keys, b"address\0", &network(ip)), capacity: ADDRESS_FAILURES }
    }

    /// The number under which sign-ins of this bucket wait for each other.
    pub(crate) fn lock_number(&self) -> i64 {
        let mut first = [0; 8];
        first.copy_from_slice(&self.key[..8]);
        i64::from_be_bytes(first)
    }
}

fn blind(keys: &WorkspaceKeys, kind: &[u8], value: &[u8]) -> [u8; 16] {
    keys.blind::<columns::LoginBucketKey>(&[kind, value].concat())
}

/// What counts as one address: an IPv4 address, the /64 of an IPv6 address, or this process.
fn network(ip: Option<IpAddr>) -> Vec<u8> {
    match ip.map(|ip| ip.to_canonical()) {
        Some(IpAddr::V4(ip)) => ip.octets().to_vec(),
        Some(IpAddr::V6(ip)) => ip.octets()[..8].to_vec(),
        None => Vec::new(),
    }
}

/// Whole seconds until one more failure fits; 0 when it does now.
#[must_use]
pub fn wait_s(level: f64, capacity: f64) -> u64 {
    let over = level - (capacity - 1.0);
    if over <= 0.0 {
        return 0;
    }
    // Levels never exceed their capacity by more than a few: the product is a small positive number.
    let seconds = (over / LEAK_PER_S).ceil().clamp(1.0, 86_400.0);
    format!("{seconds:.0}").parse().unwrap_or(86_400)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fifth_failure_fits_and_the_sixth_waits() {
        for failures in 0..5 {
            assert_eq!(wait_s(f64::from(failures), ADDRESS_FAILURES), 0);
        }
        assert_eq!(wait_s(5.0, ADDRESS_FAILURES), 10);
        assert_eq!(wait_s(4.99, ADDRESS_FAILURES), 10);
        assert_eq!(wait_s(4.01, ADDRESS_FAILURES), 1);
        assert_eq!(wait_s(1e12, ADDRESS_FAILURES), 86_400);
    }

    #[test]
    fn a_thousand_guesses_from_one_address_are_5_and_what_leaks() {
        let (mut level, mut evaluated) = (0.0_f64, 0);
        for _ in 0..1_000 {
            if wait_s(level, ADDRESS_FAILURES) == 0 {
                evaluated += 1;
                level += 1.0;
            }
            level = (level - LEAK_PER_S * 0.1).max(0.0); // ten guesses a second, for 100 seconds
        }
        assert!((5..=15).contains(&evaluated), "{evaluated}");
    }

    #[test]
    fn one_address_never_fills_the_bucket_of_an_account() {
        let (mut address, mut account, mut highest) = (0.0_f64, 0.0_f64, 0.0_f64);
        for _ in 0..100_000 {
            if wait_s(address, ADDRESS_FAILURES) == 0 {
                address += 1.0;
                account += 1.0;
            }
            highest = highest.max(account);
            address = (address - LEAK_PER_S).max(0.0);
            account = (account - LEAK_PER_S).max(0.0);
        }
        assert_eq!(wait_s(highest, ACCOUNT_FAILURES), 0);
    }

    #[test]
    fn an_address_is_a_network_of_one_customer() {
        let of = |text: &str| network(Some(text.parse().unwrap()));
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
