use super::*;
use crate::{
    raw::lend::{Tracked, both},
    sync::model,
};
use std::sync::Arc;

#[test]
fn loom_who_has_a_stripe_sees_what_its_last_owner_has_counted() {
    model(|| {
        let shared = Arc::new((Taken(AtomicU64::new(0)), [Tracked::new(0), Tracked::new(0)]));
        let count = |shared: Arc<(Taken, [Tracked; 2])>| {
            move || {
                let stripe = shared.0.take().expect("fewer threads than stripes");
                let counter = &shared.1[stripe];
                counter.write(counter.read() + 1);
                shared.0.give_back(stripe);
            }
        };
        both(count(Arc::clone(&shared)), count(Arc::clone(&shared)));
        assert_eq!(shared.1[0].read() + shared.1[1].read(), 2);
    });
}
