use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use super::{AsKey, KeyHashes, KeyRef, MessageContext, SessionKey};

mod parse;
mod props;

fn assert_send_sync<T: Send + Sync + 'static>() {}

#[test]
fn a_key_is_small_and_crosses_threads() {
    assert_send_sync::<SessionKey>();
    assert_send_sync::<KeyRef<'static>>();
    #[cfg(target_pointer_width = "64")]
    assert_eq!(size_of::<SessionKey>(), 80);
}

#[test]
fn accessors_give_back_the_parts_inline_and_on_the_heap() {
    let long = "ö".repeat(40);
    let huge = "é".repeat(1 << 19);
    for part in ["", "x", "naïve", "聊天室", "🦀🦀", &long, &huge] {
        for thread in [None, Some(""), Some("t"), Some(part)] {
            let key = SessionKey::new(part, "bridge", part, thread);
            assert_eq!((key.channel(), key.bridge()), (part, "bridge"));
            assert_eq!((key.room(), key.thread()), (part, thread));
            assert_eq!(key.is_room_scope(), thread.is_none());
            assert_eq!(key.key_ref(), KeyRef::new(part, "bridge", part, thread));
        }
    }
}

#[test]
fn all_four_parts_may_be_a_mebibyte() {
    let part = "a:\\🦀".repeat((1 << 20) / 7);
    let key = SessionKey::new(&part, &part, &part, Some(&part));
    assert!(KeyRef::new(&part, &part, &part, Some(&part)).is(&key));
    assert_eq!(key.to_string().parse().as_ref(), Ok(&key));
    assert!(key.room_scope_is(&SessionKey::for_room(&part, &part, &part)));
}

#[test]
fn every_split_of_one_run_is_another_key_with_other_hashes() {
    for run in ["abcdef", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEF"] {
        let mut keys = HashSet::new();
        let mut full = HashSet::new();
        let mut made = 0;
        for a in 0..=run.len() {
            for b in a..=run.len() {
                for c in b..=run.len() {
                    let thread = (c < run.len()).then_some(&run[c..]);
                    let key = SessionKey::new(&run[..a], &run[a..b], &run[b..c], thread);
                    full.insert(key.hashes().full);
                    keys.insert(key);
                    made += 1;
                }
            }
        }
        assert_eq!((keys.len(), full.len()), (made, made), "splits of {run:?}");
    }
}

/// The same with hashes that all collide, borrowed against owned: only the parts tell them apart.
#[test]
fn every_split_of_one_run_is_told_apart_without_the_hashes() {
    let run = "::aa::";
    let mut keys = Vec::new();
    for (a, b, c) in (0..7).flat_map(|a| (a..7).flat_map(move |b| (b..7).map(move |c| (a, b, c)))) {
        for thread in [Some(&run[c..]), None] {
            let key = SessionKey::new(&run[..a], &run[a..b], &run[b..c], thread);
            keys.push(SessionKey { hashes: KeyHashes { full: 0, room: 0 }, ..key });
        }
    }
    for (i, a) in keys.iter().enumerate() {
        for (j, b) in keys.iter().enumerate() {
            let scope = b.is_room_scope() && i / 2 == j / 2;
            assert_eq!((a == b, a.key_ref().is(b)), (i == j, i == j), "{a:?} and {b:?}");
            assert_eq!((a.room_scope_is(b), a.key_ref().room_scope_is(b)), (scope, scope), "{a:?} and {b:?}");
            assert_eq!(a.same_room(b), i / 2 == j / 2, "{a:?} and {b:?}");
        }
    }
}

#[test]
fn no_thread_and_an_empty_thread_are_different_keys_in_one_room() {
    for room in ["r", &"r".repeat(60)] {
        let none = SessionKey::for_room("c", "b", room);
        let empty = SessionKey::new("c", "b", room, Some(""));
        assert_ne!(none, empty);
        assert_ne!(none.hashes().full, empty.hashes().full);
        assert_eq!(none.hashes().room, empty.hashes().room);
        assert!(none.same_room(&empty));
        assert!(none < empty);
        assert!(!empty.key_ref().is(&none) && empty.key_ref().room_scope_is(&none));
        assert!(!none.key_ref().room_scope_is(&empty));
    }
}

#[test]
fn the_room_scope_of_a_long_key_is_equal_to_one_made_afresh() {
    // The key is on the heap, its room scope inline.
    let key = SessionKey::new("c", "b", "r", Some(&"t".repeat(100)));
    assert_eq!(key.room_scope(), SessionKey::for_room("c", "b", "r"));
    assert_eq!(key.room_scope().room_scope(), key.room_scope());
    assert_eq!(AsKey::room_scope(&&key), key.room_scope());
}

#[test]
fn a_lookup_takes_either_form_of_key() {
    fn answers(asked: impl AsKey, stored: &SessionKey) -> [bool; 3] {
        [asked.is(stored), asked.room_scope_is(stored), asked.is_room_scope()]
    }
    let thread = SessionKey::new("c", "b", "r", Some("t"));
    let room = thread.room_scope();
    assert_eq!(answers(&thread, &thread), [true, false, false]);
    assert_eq!(answers(thread.key_ref(), &room), [false, true, false]);
    let by_reference: &KeyRef<'_> = &thread.key_ref();
    assert_eq!(answers(by_reference, &room), [false, true, false]);
    assert_eq!(answers(&room, &room), [true, true, true]);
    assert_eq!(answers(KeyRef::from(&room), &thread), [false, false, true]);
}

#[test]
fn keys_work_in_the_standard_maps() {
    let names = ["telegram", "irc", "a much longer name of a channel than fits inline"];
    let mut map = HashMap::new();
    for (i, name) in names.into_iter().enumerate() {
        map.insert(SessionKey::for_room(name, "b", "r"), i);
    }
    for (i, name) in names.into_iter().enumerate() {
        assert_eq!(map.get(&KeyRef::for_room(name, "b", "r").to_session_key()), Some(&i));
    }
    let sorted: BTreeSet<_> = map.into_keys().collect();
    let channels: Vec<_> = sorted.iter().map(SessionKey::channel).collect();
    assert_eq!(channels, [names[2], names[1], names[0]]);
}

#[test]
fn equal_keys_hash_alike_whichever_form_they_have() {
    let build = BuildHasherDefault::<DefaultHasher>::default();
    let key = SessionKey::new("c", "b", "r", Some("t"));
    assert_eq!(build.hash_one(&key), build.hash_one(key.key_ref()));
}

#[test]
fn the_seed_is_one_for_all_threads() {
    let here = KeyRef::for_room("c", "b", "r").hashes();
    let there = std::thread::spawn(|| KeyRef::for_room("c", "b", "r").hashes()).join().unwrap();
    assert_eq!(here, there);
}

/// Each of the 64 bits must split similar keys about evenly, and any 16 neighboring bits must spread them as chance
/// does. The bounds lie more than ten deviations from the mean, so that no seed fails them by bad luck.
#[test]
fn all_64_bits_of_the_hashes_are_good() {
    const KEYS: u64 = 1 << 16;
    let mut ones = [[0_u32; 64]; 2];
    let mut seen = vec![HashSet::new(); 7];
    for i in 0..KEYS {
        let thread = i.to_string();
        let room = format!("chat_{i}");
        let by_thread = KeyRef::new("telegram", "bot_1", "chat_123", Some(&thread)).hashes().full;
        let by_room = KeyRef::new("telegram", "bot_1", &room, Some("t")).hashes().room;
        for (ones, hash) in ones.iter_mut().zip([by_thread, by_room]) {
            for (bit, count) in ones.iter_mut().enumerate() {
                *count += (hash >> bit & 1) as u32;
            }
        }
        for (window, seen) in seen.iter_mut().enumerate() {
            seen.insert((by_thread >> (window * 8)) as u16);
        }
    }
    for count in ones.into_iter().flatten() {
        // Mean 32,768, deviation 128.
        assert!((31_400..34_200).contains(&count), "a bit was set {count} times of {KEYS}");
    }
    for seen in seen {
        // As many keys as values: 63.2 % of the values are met, deviation about 80.
        assert!((40_400..42_500).contains(&seen.len()), "16 bits took {} values", seen.len());
    }
}

#[test]
fn a_message_goes_to_its_internal_room_where_there_is_one() {
    let message = MessageContext {
        channel: "c",
        bridge: "b",
        internal_room: Some("in"),
        external_room: "out",
        thread: Some("t"),
    };
    assert_eq!(message.key_ref(), KeyRef::new("c", "b", "in", Some("t")));
    for unresolved in [None, Some("")] {
        let message = MessageContext { internal_room: unresolved, ..message };
        assert_eq!(SessionKey::from(message), SessionKey::new("c", "b", "out", Some("t")));
    }
    let message = MessageContext { thread: None, ..message };
    assert_eq!(KeyRef::from(message), KeyRef::for_room("c", "b", "in"));
}

#[test]
fn debug_shows_the_text_form_with_controls_escaped() {
    let key = SessionKey::new("c", "b\n", "r:", Some("t"));
    assert_eq!(format!("{key:?}"), r#"SessionKey("c:b\n:r\\::t")"#);
    assert_eq!(format!("{:?}", key.key_ref()), r#"KeyRef("c:b\n:r\\::t")"#);
    assert_eq!(format!("{key}"), "c:b\n:r\\::t");
}

/// Parts are compared and hashed by their first and last bytes, in as many ways as there are classes of lengths.
#[test]
fn each_byte_of_each_part_decides_over_equality_and_over_the_hash() {
    let others = ["telegram", "bot_1", "-1001234567890", "4711"];
    let key = |parts: &[String; 4]| SessionKey::new(&parts[0], &parts[1], &parts[2], Some(&parts[3]));
    let asked = |parts: &[String; 4], stored: &SessionKey| {
        let asked = KeyRef::new(&parts[0], &parts[1], &parts[2], Some(&parts[3]));
        (asked.is(stored), asked.hashes().full == stored.hashes().full)
    };
    for place in 0..4 {
        for len in 0..=70 {
            let mut parts = others.map(str::to_owned);
            parts[place] = (0..len).map(|byte| char::from(b'a' + byte % 26)).collect();
            let stored = key(&parts);
            assert_eq!(asked(&parts, &stored), (true, true), "{parts:?}");
            let whole = parts[place].clone();
            for at in 0..whole.len() {
                parts[place] = whole.clone();
                parts[place].replace_range(at..=at, "~");
                assert_eq!(asked(&parts, &stored), (false, false), "{parts:?} and {stored}");
                let room = KeyRef::for_room(&parts[0], &parts[1], &parts[2]);
                assert_eq!(room.is(&stored.room_scope()), place == 3, "{parts:?} and {stored}");
            }
            // The same run, cut elsewhere.
            let next = (place + 1) % 4;
            if place < 3 && !whole.is_empty() {
                let (kept, moved) = whole.split_at(whole.len() - 1);
                parts[place] = kept.to_owned();
                parts[next].insert_str(0, moved);
                assert_eq!(asked(&parts, &stored), (false, false), "{parts:?} and {stored}");
            }
        }
    }
}
