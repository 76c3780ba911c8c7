//! The example at work, as a user runs it.

#[path = "../../core-std/tests/chat/mod.rs"]
mod chat;

#[test]
fn two_talk_in_the_chat_and_who_has_left_leaves_the_name() {
    let room = chat::Chat::start("tenure-tokio", "chat_async");
    let ann = chat::two_talk(&room);
    #[cfg(unix)]
    assert_eq!(room.interrupt(), "1 were still here");
    drop(ann);
}
