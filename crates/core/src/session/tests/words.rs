//! Codes and states.

use super::super::*;
use std::{
    collections::{HashMap, HashSet},
    hash::{BuildHasher, RandomState},
};

#[test]
fn a_status_moves_as_the_table_says_and_no_other_way() {
    use Status::{Completed, Connected, Failed, Pending};
    let moves = [(Pending, Connected), (Pending, Failed), (Connected, Completed), (Connected, Failed)];
    for from in Status::ALL {
        for to in Status::ALL {
            let expected = if from == to || moves.contains(&(from, to)) {
                Ok(to)
            } else {
                Err(InvalidTransition { from, to })
            };
            assert_eq!(from.to(to), expected, "{from} to {to}");
            if let Err(refused) = from.to(to) {
                let text = refused.to_string();
                assert!(text.contains(from.as_str()) && text.contains(to.as_str()), "{text}");
            }
        }
    }
}

#[test]
fn codes_of_every_length_keep_their_text() {
    for len in 0..100 {
        let text = "ä€x".chars().cycle().take(len).collect::<String>();
        let code = Code::new(&text);
        assert_eq!(code.as_str(), text);
        assert_eq!(code, code.clone());
        assert_eq!(Code::from(text.clone()), Code::from(Arc::<str>::from(&*text)));
        assert_eq!(format!("{code:?}"), format!("{text:?}"));
    }
    assert_eq!(size_of::<Code>(), 24);
}

#[test]
fn codes_hash_and_sort_as_their_texts() {
    let state = RandomState::new();
    let texts = ["", "a", "ab", "b", "a code that does not fit into the code itself", "é"];
    for a in texts {
        assert_eq!(state.hash_one(Code::new(a)), state.hash_one(a));
        for b in texts {
            assert_eq!(Code::new(a).cmp(&Code::new(b)), a.cmp(b));
        }
    }
    let map: HashMap<Code, u8> = [(Code::new("K7QX"), 1)].into();
    assert_eq!(map.get("K7QX"), Some(&1));
}

#[test]
fn drawn_codes_use_every_sign_in_every_place() {
    let mut seen = vec![HashSet::new(); 8];
    for _ in 0..4_000 {
        let code = code::draw(code::from_the_system).unwrap();
        for (place, sign) in code.chars().enumerate() {
            assert!(!"01IO".contains(sign) && (sign.is_ascii_uppercase() || sign.is_ascii_digit()));
            seen[place].insert(sign);
        }
    }
    // Missing one of 256 by chance has a probability below 10^-50.
    assert!(seen.iter().all(|signs| signs.len() == 32));
}

#[test]
fn each_of_the_forty_bits_counts() {
    let mut codes = HashSet::new();
    // A function cannot capture, so each bit is drawn by its own.
    macro_rules! bit {
        ($($at:literal)*) => { $(
            codes.insert(code::draw(|bytes| { bytes[$at / 8] = 1 << ($at % 8); Ok(()) }).unwrap().to_string());
        )* };
    }
    bit!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39);
    assert_eq!(codes.len(), 40);
}
