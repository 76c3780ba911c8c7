//! Three defects of the systems that Tenure replaces, through this crate's own interface.

use tenure_core::{DeathReason, SessionMap};
use tenure_std::{Keep, own_current_thread, spawn_owned};

/// An old owner's death deleted the successor's session under the same code.
#[test]
fn what_an_old_connection_leaves_behind_is_not_its_successors() {
    let map = SessionMap::<&str>::new();
    let old = Keep::new(map.owner(), "the old connection, which is about to be noticed dead");
    map.create("K7QX", "old", old.name()).unwrap();
    map.delete("K7QX");
    let new = Keep::new(map.owner(), "the new connection");
    map.create("K7QX", "new", new.name()).unwrap();
    old.release(DeathReason::PeerClosed);
    assert_eq!(map.get("K7QX").unwrap().payload, "new");
}

/// A session whose owner was changed was not watched.
#[test]
fn a_session_that_was_handed_over_ends_with_its_new_owner() {
    let map = SessionMap::<()>::new();
    let old = map.owner();
    map.create("K7QX", (), &old).unwrap();
    let sessions = map.clone();
    let new = spawn_owned(map.owner(), move |new| {
        sessions.hand_over("K7QX", new).unwrap();
        drop(old);
        assert!(sessions.contains("K7QX"), "it is the new one's now");
    });
    new.unwrap().join().unwrap();
    assert!(!map.contains("K7QX"));
}

/// Deleted sessions left their monitors behind.
#[test]
fn a_hundred_thousand_sessions_that_were_deleted_leave_nothing() {
    let map = SessionMap::<()>::new();
    let owner = map.owner();
    let sessions = map.clone();
    let thread = std::thread::spawn(move || {
        let name = own_current_thread(owner);
        for number in 0..100_000 {
            let code = format!("{number}");
            sessions.create(&code, (), &name).unwrap();
            sessions.delete(&code);
        }
        assert!(name.note_count() < 100, "{} notes of no session", name.note_count());
        name
    });
    let name = thread.join().unwrap();
    assert_eq!((map.occupied(), name.session_count()), (0, 0));
}
