//! Any sequence of operations on either table, against the plain models that the property tests use: what differs from
//! those is that coverage leads to the sequences.
#![no_main]

use libfuzzer_sys::{
    arbitrary::{Result, Unstructured},
    fuzz_target,
};
use tenure_core::Status;

#[path = "../../crates/core/tests/route_model/run.rs"]
mod routes;
#[path = "../../crates/core/tests/session_model/run.rs"]
mod sessions;

/// Small, so that few bytes fill partitions, expire records and meet the same key again.
const SIZE: routes::Size = routes::Size { rooms: 2, keys: 5, bound: 6, ttl: 12, every: 8 };
const PARTITIONS: usize = 4;

fn settings(bytes: &mut Unstructured<'_>) -> Result<routes::Settings> {
    Ok(routes::Settings {
        size: SIZE,
        partitions: bytes.int_in_range(1..=PARTITIONS)?,
        bound: bytes.int_in_range(1..=SIZE.bound)?,
        ttl: bytes.int_in_range(1..=SIZE.ttl)?,
        write_back: bytes.arbitrary()?,
    })
}

fn maybe<T>(
    bytes: &mut Unstructured<'_>,
    some: impl FnOnce(&mut Unstructured<'_>) -> Result<T>,
) -> Result<Option<T>> {
    if bytes.arbitrary()? { some(bytes).map(Some) } else { Ok(None) }
}

fn route_op(bytes: &mut Unstructured<'_>) -> Result<routes::Op> {
    use routes::Op;
    let key = |bytes: &mut Unstructured<'_>| bytes.int_in_range(0..=SIZE.rooms * SIZE.keys - 1);
    let ttl = |bytes: &mut Unstructured<'_>| maybe(bytes, |bytes| bytes.int_in_range(0..=2 * SIZE.ttl));
    Ok(match bytes.int_in_range(0..=11)? {
        0 => Op::Set { key: key(bytes)?, route: bytes.choose(&["a", "b", "c", ""])?, ttl: ttl(bytes)? },
        1 => Op::Get { key: key(bytes)? },
        2 => Op::Peek { key: key(bytes)? },
        3 => {
            let number = bytes.int_in_range(0..=2)?;
            let fallbacks =
                (0..number).map(|_| bytes.choose(&["", "x", "y"]).copied()).collect::<Result<_>>()?;
            Op::Resolve { key: key(bytes)?, fallbacks, peek: bytes.arbitrary()? }
        }
        4 => Op::Touch { key: key(bytes)?, ttl: ttl(bytes)? },
        5 => Op::Remove { key: key(bytes)? },
        6 => Op::Prune,
        7 => Op::Advance { millis: bytes.int_in_range(0..=SIZE.ttl)? },
        8 => Op::SetTtl { millis: bytes.int_in_range(0..=SIZE.ttl)? },
        9 => Op::SetBound { bound: bytes.int_in_range(0..=SIZE.bound)? },
        10 => Op::Fail { partition: bytes.int_in_range(0..=PARTITIONS)? },
        _ => Op::Maintain,
    })
}

fn session_op(bytes: &mut Unstructured<'_>) -> Result<sessions::Op> {
    use sessions::{CODES, Op, TTL_MS};
    let code = |bytes: &mut Unstructured<'_>| bytes.int_in_range(0..=CODES - 1);
    let owner = |bytes: &mut Unstructured<'_>| bytes.int_in_range(0..=3_usize);
    Ok(match bytes.int_in_range(0..=13)? {
        0 => Op::Owner,
        1 => Op::Kill(owner(bytes)?),
        2 => Op::Create { code: code(bytes)?, owner: maybe(bytes, owner)?, payload: bytes.arbitrary()? },
        3 => Op::Get(code(bytes)?),
        4 => Op::Set { code: code(bytes)?, payload: bytes.arbitrary()? },
        5 => Op::Move { code: code(bytes)?, to: *bytes.choose(&Status::ALL)? },
        6 => Op::Claim(code(bytes)?),
        7 => Op::Delete(code(bytes)?),
        8 => Op::HandOver { code: code(bytes)?, to: owner(bytes)? },
        9 => Op::Advance(bytes.int_in_range(0..=TTL_MS)?),
        10 => Op::Capacity(bytes.int_in_range(1..=8)?),
        11 => Op::PerOwner(bytes.int_in_range(1..=5)?),
        12 => Op::Prune,
        _ => Op::Maintain,
    })
}

/// As many operations as the bytes make.
fn all<T>(bytes: &mut Unstructured<'_>, one: fn(&mut Unstructured<'_>) -> Result<T>) -> Vec<T> {
    let mut ops = Vec::new();
    while !bytes.is_empty() {
        let Ok(op) = one(bytes) else { break };
        ops.push(op);
    }
    ops
}

fuzz_target!(|data: &[u8]| {
    let mut bytes = Unstructured::new(data);
    match bytes.arbitrary() {
        Ok(true) => {
            if let Ok(settings) = settings(&mut bytes) {
                routes::run(settings, &all(&mut bytes, route_op));
            }
        }
        Ok(false) => {
            let mut run = sessions::Run::new();
            for op in all(&mut bytes, session_op) {
                run.apply(&op);
            }
            run.end();
        }
        Err(_) => {}
    }
});
