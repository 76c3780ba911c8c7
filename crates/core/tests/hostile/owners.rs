//! More owners than anybody has.

use tenure_core::{CreateErrorKind, DeathReason, SessionMap};

const MILLION: u32 = 1_000_000;

/// One after the other, a session with each hundredth: nothing is left, and no number comes twice.
#[test]
fn a_million_owners_leave_nothing_behind() {
    let map = SessionMap::<u32>::new();
    let mut before = map.owner().incarnation();
    for n in 0..MILLION {
        let owner = map.owner();
        assert!(owner.incarnation() > before, "numbers grow, and are never given again");
        before = owner.incarnation();
        if n % 100 == 0 {
            map.create("one code for all", n, &owner).expect("the last owner is dead, and its session gone");
            assert_eq!(map.get("one code for all").expect("there").payload, n);
        }
    }
    assert_eq!((map.count_active(), map.occupied(), map.stats().missed), (0, 0, 0));
    assert_eq!(map.stats().owner_died, u64::from(MILLION / 100));
}

/// All at once, in one map; their names outlive them and know how each ended.
#[test]
fn a_hundred_thousand_owners_live_side_by_side() {
    let map = SessionMap::<usize>::new();
    let mut owners: Vec<_> = (0..100_000).map(|_| map.owner()).collect();
    for (n, owner) in owners.iter().enumerate().step_by(50) {
        map.create(n.to_string(), n, owner).expect("free");
    }
    assert_eq!(map.count_active(), 2_000);
    let later = owners.split_off(50_000);
    let names: Vec<_> = owners.iter().map(|owner| owner.name().clone()).collect();
    drop(owners);
    assert!(
        names.iter().all(|name| name.reason() == Some(DeathReason::Dropped) && name.session_count() == 0)
    );
    assert_eq!(map.count_active(), 1_000, "those of the others are there");
    assert!(map.iter().all(|session| session.payload >= 50_000));
    let refused = map.create("late", 0, &names[0]).expect_err("its owner is dead");
    assert!(matches!(refused.kind(), CreateErrorKind::OwnerDead { .. }));
    drop(later);
    assert_eq!((map.count_active(), map.occupied()), (0, 0));
}

/// An owner that outlives its map owns nothing, and is no harm.
#[test]
fn an_owner_may_outlive_its_map() {
    let map = SessionMap::<()>::new();
    let owner = map.owner();
    map.create("C", (), &owner).expect("free");
    drop(map);
    assert!(owner.is_alive());
    let other = SessionMap::<()>::new();
    let refused = other.create("C", (), &owner).expect_err("made by another map");
    assert!(matches!(refused.kind(), CreateErrorKind::ForeignOwner { .. }));
    owner.release(DeathReason::Released);
}
