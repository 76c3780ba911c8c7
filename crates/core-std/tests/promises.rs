//! Every public type may be shared between threads, and can be shown although what a user stores in it cannot.

use std::{error::Error, fmt::Debug};
use tenure_std::{
    EventIter, Heartbeat, Hearts, Keep, Monitor, MonitorError, Monitored, Pulse, ThreadError, Thrown, Watcher,
};

/// A payload that cannot be shown: no `Debug`.
#[derive(Clone)]
struct Opaque;

fn is_shared<T: Send + Sync + Debug>() {}

fn is_sent<T: Send + Debug>() {}

/// May be returned with `?` where errors of all kinds are, also by a thread.
fn is_passed_on<T: Into<Box<dyn Error + Send + Sync>> + Debug>() {}

#[test]
fn every_type_is_shared_and_shown_without_what_it_holds() {
    is_shared::<EventIter<Opaque>>();
    is_shared::<Heartbeat>();
    is_shared::<Hearts>();
    is_shared::<Pulse>();
    is_shared::<Keep<Opaque>>();
    is_shared::<Monitor>();
    is_shared::<Thrown>();
    is_shared::<Watcher<Opaque>>();
    // It waits like the receiving end of a channel, which one thread has.
    is_sent::<Monitored<Opaque>>();
    #[cfg(target_os = "linux")]
    is_shared::<tenure_std::Attached>();
    #[cfg(target_os = "linux")]
    is_shared::<tenure_std::ChildProcess>();
}

#[test]
fn every_error_can_be_passed_on() {
    is_passed_on::<MonitorError>();
    is_passed_on::<ThreadError>();
}
