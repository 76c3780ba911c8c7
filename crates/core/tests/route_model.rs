//! Long random sequences of operations, each answered by a route table and by a naive model of it.
//!
//! After every operation all that can be seen of the table is compared: each key's record, what an iteration shows,
//! what the partitions hold and what was counted.

use proptest::{collection::vec, prelude::*, sample::select, test_runner::Config};
use tenure_core::GetError;

#[path = "route_model/run.rs"]
mod run;

use run::{Op, Run, Settings, Size, run};

fn settings(size: Size) -> impl Strategy<Value = Settings> {
    let parts = (1..5_usize, 1..=size.bound, 1..=size.ttl, any::<bool>());
    parts.prop_map(move |(partitions, bound, ttl, write_back)| Settings {
        size,
        partitions,
        bound,
        ttl,
        write_back,
    })
}

fn op(size: Size) -> impl Strategy<Value = Op> {
    let key = || 0..size.rooms * size.keys;
    let route = || select(&["a", "a", "a", "b", "c", ""][..]);
    let ttl = || prop_oneof![4 => Just(None), 1 => (0..=2 * size.ttl).prop_map(Some)];
    let fallbacks = || vec(select(&["", "x", "y"][..]), 0..3);
    prop_oneof![
        30 => (key(), route(), ttl()).prop_map(|(key, route, ttl)| Op::Set { key, route, ttl }),
        6 => key().prop_map(|key| Op::Get { key }),
        2 => key().prop_map(|key| Op::Peek { key }),
        15 => (key(), fallbacks(), prop::bool::weighted(0.2))
            .prop_map(|(key, fallbacks, peek)| Op::Resolve { key, fallbacks, peek }),
        8 => (key(), ttl()).prop_map(|(key, ttl)| Op::Touch { key, ttl }),
        3 => key().prop_map(|key| Op::Remove { key }),
        1 => Just(Op::Prune),
        15 => (0..=size.ttl / 3 + 1).prop_map(|millis| Op::Advance { millis }),
        1 => (0..=size.ttl).prop_map(|millis| Op::SetTtl { millis }),
        1 => (0..=size.bound).prop_map(|bound| Op::SetBound { bound }),
        1 => (0..5_usize).prop_map(|partition| Op::Fail { partition }),
        2 => Just(Op::Maintain),
    ]
}

/// Keys are hashed with a seed of the process, so a stored failure would not come again: what is printed is enough.
fn config(cases: u32) -> Config {
    Config { cases, failure_persistence: None, ..Config::default() }
}

const SMALL: Size = Size { rooms: 2, keys: 5, bound: 6, ttl: 12, every: 1 };
/// Larger than one survey of the oldest records, so that surveys are used up, prepared and renewed.
const LARGE: Size = Size { rooms: 5, keys: 60, bound: 150, ttl: 300, every: 40 };

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn a_small_table_answers_like_the_model(
        settings in settings(SMALL),
        ops in vec(op(SMALL), 1..200),
    ) {
        run(settings, &ops);
    }
}

proptest! {
    #![proptest_config(config(12))]

    #[test]
    fn a_large_table_answers_like_the_model(
        settings in settings(LARGE),
        ops in vec(op(LARGE), 1..4_000),
    ) {
        run(settings, &ops);
    }
}

/// One partition, nothing but sets of which many hit what is there, and time standing still: pure set order.
#[test]
fn eviction_follows_the_set_order_exactly() {
    let settings = Settings { size: LARGE, partitions: 1, bound: 100, ttl: 300, write_back: true };
    let mut run = Run::new(settings);
    let mut state = 1_u64;
    for _ in 0..20_000 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let draw = usize::try_from(state >> 33).expect("31 bits");
        let route = if draw % 7 == 0 { "b" } else { "a" };
        run.step(&Op::Set { key: draw % 300, route, ttl: None });
        run.compare_sizes_and_counts();
    }
    run.compare_records();
}

#[test]
fn an_expired_answer_is_given_once() {
    let settings = Settings { size: SMALL, partitions: 2, bound: 6, ttl: 5, write_back: true };
    let mut run = Run::new(settings);
    run.step(&Op::Set { key: 1, route: "a", ttl: None });
    run.step(&Op::Advance { millis: 5 });
    assert_eq!(run.table.peek(&run.model.keys[1]), Err(GetError::Expired));
    assert_eq!(run.table.peek(&run.model.keys[1]), Err(GetError::Expired), "a peek removes nothing");
    assert_eq!(run.table.get(&run.model.keys[1]), Err(GetError::Expired));
    assert_eq!(run.table.get(&run.model.keys[1]), Err(GetError::NotFound));
}
