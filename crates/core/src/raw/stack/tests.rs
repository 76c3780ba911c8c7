use super::Stack;
use crate::raw::lend::{Tracked, both};
use crate::sync::{Arc, model};

fn take(stack: &Stack<Tracked>) -> Vec<u64> {
    stack.take_all().map(|value| value.read()).collect()
}

#[test]
fn loom_what_is_pushed_is_taken_once_and_whole() {
    model(|| {
        let stack = Arc::new(Stack::new());
        let (ones, others) = (Arc::clone(&stack), Arc::clone(&stack));
        let ((), mut seen) = both(
            move || {
                ones.push(Tracked::new(1));
                ones.push(Tracked::new(2));
            },
            move || {
                others.push(Tracked::new(3));
                take(&others)
            },
        );
        let rest = take(&stack);
        assert!(stack.is_empty());
        for taken in [&seen, &rest] {
            let theirs: Vec<u64> = taken.iter().copied().filter(|&value| value != 3).collect();
            assert!(theirs.is_sorted_by(|a, b| a > b), "the last one first: {taken:?}");
        }
        seen.extend(rest);
        seen.sort_unstable();
        assert_eq!(seen, [1, 2, 3]);
    });
}

#[test]
fn loom_of_two_takers_each_gets_its_own() {
    model(|| {
        let stack = Arc::new(Stack::new());
        stack.push(Tracked::new(1));
        let (ones, others) = (Arc::clone(&stack), Arc::clone(&stack));
        let (mut seen, theirs) = both(
            move || {
                ones.push(Tracked::new(2));
                take(&ones)
            },
            move || take(&others),
        );
        assert!(theirs.len() <= 2);
        seen.extend(theirs);
        seen.extend(take(&stack));
        seen.sort_unstable();
        assert_eq!(seen, [1, 2]);
    });
}

#[cfg(not(tenure_loom))]
#[test]
fn the_rest_is_dropped_with_the_taken() {
    let counted = std::sync::Arc::new(());
    let stack = Stack::new();
    for _ in 0..4 {
        stack.push(std::sync::Arc::clone(&counted));
    }
    let mut taken = stack.take_all();
    drop(taken.next());
    stack.push(std::sync::Arc::clone(&counted));
    drop(taken);
    assert_eq!(std::sync::Arc::strong_count(&counted), 2);
    drop(stack);
    assert_eq!(std::sync::Arc::strong_count(&counted), 1);
}
