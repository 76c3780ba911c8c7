//! The example at work, as a user runs it.

mod chat;

#[test]
fn two_talk_in_the_chat_and_who_has_left_leaves_the_name() {
    let room = chat::Chat::start("tenure-std", "chat");
    drop(chat::two_talk(&room));
}
