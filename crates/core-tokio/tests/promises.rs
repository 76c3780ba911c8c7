//! Every public type may be shared between threads, and can be shown although what a user stores in it cannot; so a task that
//! holds one may move between threads.

use std::fmt::Debug;
use tenure_tokio::{ChildProcess, EventStream, Monitor, TaskError, TokioClock, Until, Watched, Watcher};

/// A payload that cannot be shown: no `Debug`.
#[derive(Clone)]
struct Opaque;

fn is_shared<T: Send + Sync + Debug>() {}

fn is_sent<T: Send + Debug>() {}

#[test]
fn every_type_is_shared_and_shown_without_what_it_holds() {
    is_shared::<ChildProcess>();
    is_shared::<EventStream<Opaque>>();
    is_shared::<Monitor>();
    is_shared::<TokioClock>();
    is_shared::<Until>();
    is_shared::<Watched<Opaque>>();
    is_shared::<Watcher<Opaque>>();
    // What was thrown need not be `Sync`.
    is_sent::<TaskError>();
}
