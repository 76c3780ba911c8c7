//! The session map against a naive model: any sequence of operations, one at a time, must give the same answers.

use proptest::prelude::*;
use tenure_core::Status;

#[path = "session_model/run.rs"]
mod run;

use run::{CODES, Op, Run, TTL_MS};

fn op() -> impl Strategy<Value = Op> {
    let code = || 0..CODES;
    let owner = || 0..4_usize;
    prop_oneof![
        2 => Just(Op::Owner),
        2 => owner().prop_map(Op::Kill),
        8 => (code(), proptest::option::weighted(0.8, owner()), any::<u8>())
            .prop_map(|(code, owner, payload)| Op::Create { code, owner, payload }),
        4 => code().prop_map(Op::Get),
        3 => (code(), any::<u8>()).prop_map(|(code, payload)| Op::Set { code, payload }),
        3 => (code(), proptest::sample::select(Status::ALL.to_vec()))
            .prop_map(|(code, to)| Op::Move { code, to }),
        3 => code().prop_map(Op::Claim),
        3 => code().prop_map(Op::Delete),
        3 => (code(), owner()).prop_map(|(code, to)| Op::HandOver { code, to }),
        2 => (0..TTL_MS).prop_map(Op::Advance),
        1 => (1..8_usize).prop_map(Op::Capacity),
        1 => (1..5_usize).prop_map(Op::PerOwner),
        1 => Just(Op::Prune),
        1 => Just(Op::Maintain),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_answer_is_the_models(ops in proptest::collection::vec(op(), 1..80)) {
        let mut run = Run::new();
        for op in &ops {
            run.apply(op);
        }
        run.end();
    }
}
