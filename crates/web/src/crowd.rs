//! A crowd: how many of something each address has at a time.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

/// Counts by address, and refuses the one past the bound.
///
/// An IPv6 address counts with its /64, which is what one subscriber is given (RFC 6177): otherwise whoever has a network
/// has a bound of 2^64. An IPv4 address mapped into IPv6 counts as IPv4. What is kept is as large as what is counted.
#[derive(Debug, Clone)]
pub struct Crowd {
    counts: Arc<Mutex<HashMap<IpAddr, usize>>>,
    each_max: usize,
}

/// One of the crowd, until it is dropped.
#[derive(Debug)]
pub struct Place {
    counts: Arc<Mutex<HashMap<IpAddr, usize>>>,
    who: IpAddr,
}

impl Crowd {
    /// A crowd in which each address has at most so many at a time.
    #[must_use]
    pub fn of_at_most(each_max: usize) -> Self {
        Self { counts: Arc::default(), each_max }
    }

    /// Counts one more; nothing where the address has its most.
    #[must_use]
    pub fn enter(&self, address: IpAddr) -> Option<Place> {
        let who = subscriber(address);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(who).or_insert(0);
        if *count >= self.each_max {
            return None;
        }
        *count += 1;
        Some(Place { counts: Arc::clone(&self.counts), who })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.who) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.who);
            }
        }
    }
}

fn subscriber(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(address: &str) -> IpAddr {
        address.parse().unwrap()
    }

    #[test]
    fn each_address_has_its_bound_and_what_ends_makes_room() {
        let crowd = Crowd::of_at_most(2);
        let first = crowd.enter(at("192.0.2.1")).unwrap();
        let _second = crowd.enter(at("::ffff:192.0.2.1")).unwrap();
        assert!(crowd.enter(at("192.0.2.1")).is_none(), "one past the bound");
        assert!(crowd.enter(at("192.0.2.2")).is_some(), "another address is not asked to wait");
        drop(first);
        assert!(crowd.enter(at("192.0.2.1")).is_some());
    }

    #[test]
    fn a_network_of_ipv6_addresses_counts_as_one() {
        let crowd = Crowd::of_at_most(1);
        let _one = crowd.enter(at("2001:db8:0:7::1")).unwrap();
        assert!(crowd.enter(at("2001:db8:0:7:ffff::2")).is_none());
        assert!(crowd.enter(at("2001:db8:0:8::1")).is_some());
    }

    #[test]
    fn nothing_is_kept_of_those_who_left() {
        let crowd = Crowd::of_at_most(1);
        drop(crowd.enter(at("192.0.2.1")).unwrap());
        assert!(crowd.counts.lock().unwrap().is_empty());
    }
}
