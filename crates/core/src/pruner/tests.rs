use super::{Maintain, Next, Pruner};
use crate::patience::{PATIENCE, until};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    time::Duration,
};

/// Tells each step; says what the step is to answer.
struct Told(mpsc::SyncSender<()>, fn(usize) -> Next, AtomicUsize);

impl Maintain for Told {
    fn maintain(&self) -> Next {
        let step = self.2.fetch_add(1, Ordering::Relaxed);
        // The receiver may be gone at the end of the test.
        let _ = self.0.try_send(());
        (self.1)(step)
    }
}

fn told(answer: fn(usize) -> Next) -> (Arc<Told>, mpsc::Receiver<()>) {
    let (sender, receiver) = mpsc::sync_channel(1_000);
    (Arc::new(Told(sender, answer, AtomicUsize::new(0))), receiver)
}

fn attach(pruner: &Pruner, table: &Arc<Told>) {
    let weak: std::sync::Weak<Told> = Arc::downgrade(table);
    pruner.attach(weak);
}

#[test]
fn a_sleeping_thread_is_woken_and_joined() {
    let (table, steps) = told(|_| Next::In(Duration::from_secs(3_600)));
    let pruner = Pruner::spawn("test").unwrap();
    attach(&pruner, &table);
    steps.recv_timeout(PATIENCE).expect("the thread makes a step");
    let signal = pruner.signal();
    for _ in 0..100 {
        let before = table.2.load(Ordering::Relaxed);
        until("who is woken makes a step", || {
            signal.wake();
            table.2.load(Ordering::Relaxed) != before
        });
    }
    drop(pruner);
    assert_eq!(Arc::strong_count(&table), 1, "the thread is gone, and with it its hold on the table");
}

#[test]
fn a_panicking_step_is_counted_and_the_others_go_on() {
    let (bad, bad_steps) = told(|_| panic!("planted"));
    let (good, good_steps) = told(|_| Next::In(Duration::from_millis(1)));
    let pruner = Pruner::spawn("test").unwrap();
    attach(&pruner, &bad);
    attach(&pruner, &good);
    for _ in 0..3 {
        bad_steps.recv_timeout(PATIENCE).expect("the thread calls the one that panics");
        good_steps.recv_timeout(PATIENCE).expect("the thread calls the other one");
    }
    assert!(pruner.panics() >= 2);
}

/// As of a table with an observer or a clock whose destructor panics: that of a table is its user's code, too.
#[test]
fn a_table_that_panics_when_it_ends_in_the_hands_of_the_thread_is_counted_and_the_others_go_on() {
    struct Bad(std::sync::Mutex<Option<Arc<Bad>>>);
    impl Maintain for Bad {
        fn maintain(&self) -> Next {
            // Its user lets go of it in the middle of the step: the thread has the last hold on it.
            drop(self.0.lock().unwrap().take());
            Next::In(Duration::from_secs(1))
        }
    }
    impl Drop for Bad {
        fn drop(&mut self) {
            panic!("planted");
        }
    }
    let bad = Arc::new(Bad(std::sync::Mutex::new(None)));
    let weak: std::sync::Weak<Bad> = Arc::downgrade(&bad);
    let (good, good_steps) = told(|_| Next::In(Duration::from_millis(1)));
    let pruner = Pruner::spawn("test").unwrap();
    let user = Arc::clone(&bad);
    *bad.0.lock().unwrap() = Some(user);
    drop(bad);
    pruner.attach(weak);
    until("the panic is counted", || pruner.panics() == 1);
    attach(&pruner, &good);
    for _ in 0..3 {
        good_steps.recv_timeout(PATIENCE).expect("the thread calls the other one");
    }
}

#[test]
fn the_last_handle_may_go_on_the_thread_itself() {
    struct Last(std::sync::Mutex<Option<Pruner>>, mpsc::SyncSender<()>);
    impl Maintain for Last {
        fn maintain(&self) -> Next {
            drop(self.0.lock().unwrap().take());
            let _ = self.1.try_send(());
            Next::In(Duration::from_secs(1))
        }
    }
    let (sender, receiver) = mpsc::sync_channel(10);
    let table = Arc::new(Last(std::sync::Mutex::new(None), sender));
    let pruner = Pruner::spawn("test").unwrap();
    *table.0.lock().unwrap() = Some(pruner.clone());
    let weak: std::sync::Weak<Last> = Arc::downgrade(&table);
    pruner.attach(weak);
    drop(pruner);
    receiver.recv_timeout(PATIENCE).expect("the thread makes its last step");
}

#[test]
fn a_name_that_no_thread_can_have_is_an_error() {
    assert!(Pruner::spawn("a\0b").unwrap_err().to_string().contains("NUL"));
}
