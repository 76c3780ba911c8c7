//! Every public type may be shared between threads, and can be shown although what a user stores in it cannot.

use std::fmt::Debug;
use tenure_std::{EventIter, Heartbeat, Hearts, Keep, Monitor, MonitorError, Watched, Watcher};

/// A payload that cannot be shown: no `Debug`.
#[derive(Clone)]
struct Opaque;

fn is_shared<T: Send + Sync + Debug>() {}

fn is_sent<T: Send + Debug>() {}

#[test]
fn every_type_is_shared_and_shown_without_what_it_holds() {
    is_shared::<EventIter<Opaque>>();
    is_shared::<Heartbeat>();
    is_shared::<Hearts>();
    is_shared::<Keep<Opaque>>();
    is_shared::<Monitor>();
    is_shared::<MonitorError>();
    is_shared::<Watcher<Opaque>>();
    // It waits like the receiving end of a channel, which one thread has.
    is_sent::<Watched<Opaque>>();
    #[cfg(target_os = "linux")]
    is_shared::<tenure_std::Attached>();
    #[cfg(target_os = "linux")]
    is_shared::<tenure_std::ChildProcess>();
}
