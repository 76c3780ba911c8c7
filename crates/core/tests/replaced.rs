//! The content of a partition that was replaced is dropped by the maintenance that has replaced it. A process of its own:
//! elsewhere the guards of other tests are in the way, or their maintenance helps.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use tenure_core::{Destination, KeyRef, RouteTable};

#[derive(Clone)]
struct Counted(Arc<AtomicUsize>);

impl PartialEq for Counted {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Destination for Counted {}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_replaced_content_is_dropped_although_nobody_calls_again() {
    let drops = Arc::new(AtomicUsize::new(0));
    let table = RouteTable::builder().partitions(1).build().expect("valid");
    for room in ["a", "b"] {
        table.set(KeyRef::new("irc", "net", room, None), Counted(Arc::clone(&drops))).expect("available");
    }
    assert!(table.fail_partition(0));
    table.maintain();
    assert_eq!(drops.load(Ordering::Relaxed), 2);
}
