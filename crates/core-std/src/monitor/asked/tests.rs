//! What other systems do, as far as it can be seen on this one.

use super::*;
use crate::Monitor;
use std::{
    process::{Command, Stdio},
    sync::mpsc::channel,
    thread,
    time::Duration,
};
use tenure_core::{DeathReason, SessionMap};

/// A child that ends when its input does, and its owner's name.
fn child(monitor: &Monitor, act: &str) -> (Arc<Kept>, tenure_core::OwnerRef, std::process::ChildStdin) {
    let map = SessionMap::<()>::new();
    let owner = map.owner();
    let name = owner.name().clone();
    let mut child =
        Command::new("sh").args(["-c", &format!("read line; {act}")]).stdin(Stdio::piped()).spawn().unwrap();
    let input = child.stdin.take().unwrap();
    let kept = Arc::new(Kept::new(child));
    monitor.ask(of_child(owner, Arc::clone(&kept)));
    (kept, name, input)
}

/// How it has ended; panics where that would be waited for for ever.
fn ended(kept: &Arc<Kept>) -> std::process::ExitStatus {
    let (kept, (tell, told)) = (Arc::clone(kept), channel());
    thread::spawn(move || tell.send(kept.wait()));
    let ended =
        told.recv_timeout(Duration::from_secs(120)).expect("the child's end is noticed within two minutes");
    ended.expect("nobody else takes its status")
}

#[test]
fn a_child_that_is_asked_ends_its_owner_with_its_status() {
    let monitor = Monitor::new().unwrap();
    let (kept, name, input) = child(&monitor, "exit 7");
    assert!(name.is_alive());
    drop(input);
    assert_eq!(ended(&kept).code(), Some(7));
    assert_eq!(name.reason(), Some(DeathReason::Exited { status: 7 }));
}

#[cfg(unix)]
#[test]
fn a_child_that_is_asked_and_was_killed_says_by_which_signal() {
    let monitor = Monitor::new().unwrap();
    let (kept, name, _input) = child(&monitor, "exit 7");
    kept.kill().unwrap();
    assert!(!ended(&kept).success());
    assert_eq!(name.reason(), Some(DeathReason::Killed { signal: 9 }));
}

#[cfg(unix)]
#[test]
fn a_number_is_asked_about_until_nobody_has_it() {
    let map = SessionMap::<()>::new();
    let owner = map.owner();
    let name = owner.name().clone();
    let mut child = Command::new("sleep").arg("1000").spawn().unwrap();
    let id = rustix::process::Pid::from_child(&child);
    let mut look = unix::of_process(owner, id);
    assert!(!look() && name.is_alive());
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(look());
    assert_eq!(name.reason(), Some(DeathReason::Finished));
}
