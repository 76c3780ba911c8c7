use std::path::Path;

use proptest::prelude::*;

use super::{NAME_BYTES, Target};
use crate::{envelope::safe_name, exit::Ending};

fn names_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_file_has_its_name_only_when_it_is_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut sink = Target::Folder(folder.path().to_owned()).open("a.txt", false).expect("opened");
    sink.write(b"hello").await.expect("written");
    assert!(!names_in(folder.path()).contains(&"a.txt".to_owned()));
    let named = sink.finish().await.expect("finished").expect("a file");
    assert_eq!(std::fs::read(&named).expect("readable"), b"hello");
    assert_eq!(names_in(folder.path()), ["a.txt"]);
}

#[tokio::test]
async fn what_is_given_up_leaves_nothing_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut sink = Target::Folder(folder.path().to_owned()).open("a.txt", false).expect("opened");
    sink.write(&vec![0; 1 << 20]).await.expect("written");
    drop(sink);
    assert!(names_in(folder.path()).is_empty());
}

#[tokio::test]
async fn nothing_is_overwritten_unless_forced() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.txt");
    let target = Target::File(path.clone());
    let early = target.open("ignored", false).expect("nothing is there yet");
    std::fs::write(&path, "mine").expect("written");
    assert!(matches!(target.open("ignored", false), Err(Ending::Local(why)) if why.contains("--force")));
    assert!(matches!(early.finish().await, Err(Ending::Local(why)) if why.contains("--force")));
    assert_eq!(std::fs::read(&path).expect("readable"), b"mine");
    assert_eq!(names_in(folder.path()), ["a.txt"]);

    let mut forced = target.open("ignored", true).expect("forced");
    forced.write(b"theirs").await.expect("written");
    forced.finish().await.expect("finished");
    assert_eq!(std::fs::read(&path).expect("readable"), b"theirs");
}

#[test]
fn the_option_says_where() {
    assert!(matches!(Target::from_option(None), Target::Folder(_)));
    assert!(matches!(Target::from_option(Some(Path::new("-"))), Target::Stdout));
    assert!(matches!(Target::from_option(Some(&std::env::temp_dir())), Target::Folder(_)));
    assert!(matches!(Target::from_option(Some(Path::new("no/such"))), Target::File(_)));
}

proptest! {
    #[test]
    fn no_name_leaves_the_folder_or_hides(name in r"[. /\\\t]{0,6}[ab]?|[./\\ a\x00é\n:~-]{0,40}|\PC{0,300}") {
        let safe = safe_name(&name);
        prop_assert!(!safe.is_empty() && safe.len() <= NAME_BYTES);
        prop_assert!(!safe.starts_with('.') && !safe.contains(['/', '\\']));
        prop_assert!(!safe.chars().any(char::is_control));
        prop_assert_eq!(Path::new(&safe).file_name(), Some(safe.as_ref()));
        prop_assert_eq!(safe_name(&safe), safe);
    }
}
