use super::{Name, Names, PER_ROOM};
use std::collections::HashSet;

#[test]
fn no_two_names_are_alike() {
    let names = Names::collect((0..50_000).map(Name::numbered));
    let all: HashSet<String> = (0..names.len()).map(|index| format!("{:?}", names.get(index))).collect();
    assert_eq!(all.len(), names.len());
}

#[test]
fn an_unknown_thread_is_of_the_same_room_and_has_no_number() {
    let (known, unknown) = (Name::numbered(35), Name::unknown_thread(35, 0));
    assert_eq!(known.owned().parts().to_room(), unknown.owned().parts().to_room());
    let room = 35 / PER_ROOM * PER_ROOM;
    assert!((room..room + PER_ROOM).all(|number| Name::numbered(number) != unknown));
    assert_eq!(unknown.room(), Name::numbered(room));
}

#[test]
fn what_was_collected_is_what_was_named() {
    let names = Names::collect([0, 3, 16].into_iter().map(Name::numbered));
    assert_eq!(names.get(1), Name::numbered(3).owned().parts());
    assert_eq!(names.get(2).thread, None);
}

#[test]
fn keys_have_the_length_that_the_page_says() {
    let length = |number| {
        let owned = Name::numbered(number).owned();
        let parts = owned.parts();
        parts.channel.len() + parts.bridge.len() + parts.room.len() + parts.thread.map_or(0, str::len)
    };
    let threads = (0..50_000).filter(|number| number % PER_ROOM != 0).map(length);
    let (least, most) =
        threads.fold((usize::MAX, 0), |(least, most), length| (least.min(length), most.max(length)));
    assert!(least >= 25 && most <= 60, "{least} to {most}");
}
