//! Every public type may be shared between threads, and can be shown although what a user stores in it cannot; so a task that
//! holds one may move between threads.

use std::{error::Error, fmt::Debug};
use tenure_tokio::{
    ChildProcess, EventStream, Heartbeat, Keep, Monitor, MonitorError, Monitored, OwnedUntil, TaskError,
    Thrown, TokioClock, Watcher,
};

/// A payload that cannot be shown: no `Debug`.
#[derive(Clone)]
struct Opaque;

fn is_shared<T: Send + Sync + Debug>() {}

/// May be returned with `?` where errors of all kinds are, also by a task.
fn is_passed_on<T: Into<Box<dyn Error + Send + Sync>> + Debug>() {}

#[test]
fn every_type_is_shared_and_shown_without_what_it_holds() {
    is_shared::<ChildProcess>();
    is_shared::<EventStream<Opaque>>();
    is_shared::<Monitor>();
    is_shared::<TokioClock>();
    is_shared::<OwnedUntil>();
    is_shared::<Monitored<Opaque>>();
    is_shared::<Watcher<Opaque>>();
    is_shared::<Heartbeat>();
    is_shared::<Keep<Opaque>>();
    is_shared::<Thrown>();
}

#[test]
fn every_error_can_be_passed_on() {
    is_passed_on::<MonitorError>();
    is_passed_on::<TaskError>();
}
