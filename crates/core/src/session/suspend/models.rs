use super::*;
use crate::{raw::lend::both, session::models::map, sync::model_within};
use std::sync::Arc;

#[test]
fn loom_an_owner_that_is_being_suspended_is_not_struck_out() {
    model_within(Some(2), || {
        let map = map();
        let owner = map.owner();
        let (name, until) = (owner.name().clone(), Tick::from_millis(10));
        let shared = Arc::new(Suspended::none());
        let (ones, others) = (Arc::clone(&shared), Arc::clone(&shared));
        let suspends = move || assert!(ones.suspend(&name, until).is_some());
        let looks = move || {
            let mut lapsed = Vec::new();
            others.step(Tick::from_millis(1_000), &mut lapsed);
            assert!(lapsed.is_empty());
        };
        both(suspends, looks);
        let number = Number(owner.incarnation());
        assert!(shared.table.get(&number, &pin()).is_some(), "nobody would find it");
        assert!(owner.suspended_until().is_some());
    });
}
