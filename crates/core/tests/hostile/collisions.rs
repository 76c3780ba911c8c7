//! Keys that somebody has chosen so that they collide.
//!
//! A table's bucket and partition come from a hash that is seeded at random when the process starts; no option sets
//! the seed, and none replaces the hasher. Who cannot see the seed cannot choose keys that collide. That keys of one
//! hash are kept apart all the same, at the cost of one chain, is what `raw/table/tests/laws.rs` holds.

use std::hash::{BuildHasher, Hasher};
use tenure_core::{KeyRef, RouteTable, SessionMap};

const MILLION: usize = 1_000_000;

/// A seed whose third word cancels these eight bytes, for the hasher that stands in where the processor's AES is not
/// compiled in: a block of 16 bytes that begins with them adds nothing to the hash, whatever its other half is.
const CHOSEN: &[u8; 8] = b"!roomid-";
/// What `ahash` adds to the third word of a seed.
const ADDED: u64 = 0xc0ac_29b7_c97c_50dd;

/// A room whose hash is the same for each `n`, under the chosen seed.
fn room(n: usize) -> String {
    format!("!roomid-{n:08}")
}

fn under(seed: &ahash::RandomState, text: &str) -> u64 {
    let mut hasher = seed.build_hasher();
    hasher.write(text.as_bytes());
    hasher.finish()
}

fn distinct(mut hashes: Vec<u64>) -> usize {
    hashes.sort_unstable();
    hashes.dedup();
    hashes.len()
}

#[test]
fn a_million_keys_that_collide_under_one_seed_do_not_under_the_tables() {
    let chosen = ahash::RandomState::with_seeds(1, 2, u64::from_le_bytes(*CHOSEN) ^ ADDED, 4);
    if cfg!(not(target_feature = "aes")) && cfg!(target_endian = "little") {
        let colliding = distinct((0..MILLION).step_by(10).map(|n| under(&chosen, &room(n))).collect());
        assert_eq!(colliding, 1, "they are built to collide, all of them");
    }
    let other = ahash::RandomState::with_seeds(1, 2, 3, 4);
    let apart = distinct((0..MILLION).step_by(10).map(|n| under(&other, &room(n))).collect());
    assert_eq!(apart, MILLION / 10, "under another seed they do not");

    let hashes = (0..MILLION).map(|n| KeyRef::for_room("", "", &room(n)).hashes().full);
    let (mut low, mut high) = (vec![0_u32; 1 << 16], vec![0_u32; 1 << 16]);
    let mut all = Vec::with_capacity(MILLION);
    for hash in hashes {
        all.push(hash);
        low[hash as usize & 0xFFFF] += 1;
        high[(hash >> 48) as usize] += 1;
    }
    // Two of a million random numbers of 64 bits are equal once in 37 million processes.
    assert_eq!(distinct(all), MILLION, "under the table's seed they do not either");
    // A bucket's index is the low bits and a partition's the high ones. 15.3 a place on average; the fullest of 65,536
    // has 60 with a chance below 10^-13.
    let fullest = low.iter().chain(&high).max();
    assert!(fullest < Some(&60), "{fullest:?} keys in one place");
}

/// What an attacker hopes for is that each look-up walks past all of them.
#[test]
fn such_keys_are_spread_over_partitions_and_are_all_found() {
    const KEYS: usize = 20_000;
    let table = RouteTable::<&'static str>::builder().partitions(16).max_entries_per_partition(KEYS);
    let table = table.build().expect("valid");
    let map = SessionMap::<usize>::new();
    for n in 0..KEYS {
        table.set(KeyRef::for_room("", "", &room(n)), "!room").expect("available");
        map.create(room(n), n, None).expect("free");
    }
    for n in 0..KEYS {
        assert!(table.peek(KeyRef::for_room("", "", &room(n))).is_ok());
        assert_eq!(map.get(&room(n)).expect("there").payload, n);
    }
    assert_eq!((table.len(), map.count_active()), (KEYS, KEYS));
    for index in 0..16 {
        let held = table.partition(index).expect("one of 16").len();
        // 1,250 on average, with a standard deviation of 34.
        assert!((950..1_550).contains(&held), "{held} of {KEYS} in partition {index}");
    }
}

/// The seed is the process's own: what was written down in another one says nothing.
#[test]
fn another_process_has_another_seed() {
    const ASKED: &str = "TENURE_TEST_SAY_A_HASH";
    let hash = KeyRef::for_room("", "", "#rust").hashes().full;
    if std::env::var_os(ASKED).is_some() {
        println!("hash={hash}");
        return;
    }
    let said = || {
        let test = std::env::current_exe().expect("a test is a program");
        let mut again = std::process::Command::new(test);
        again
            .args(["--exact", "collisions::another_process_has_another_seed", "--nocapture"])
            .env(ASKED, "1");
        let output = again.output().expect("it runs");
        let output = String::from_utf8(output.stdout).expect("text");
        let hash = output.split("hash=").nth(1).and_then(|rest| rest.split_whitespace().next());
        hash.expect("it says one").parse::<u64>().expect("a number")
    };
    let (one, two) = (said(), said());
    assert!(one != two && one != hash, "three processes: {one}, {two} and {hash}");
}
