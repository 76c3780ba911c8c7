//! Keeping a panic of the user's code to itself.

use std::{
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    task::Waker,
    thread,
};

/// Runs code that is or may call the user's; none if it panicked.
///
/// What was thrown may throw again when it is dropped; what that throws is given up.
pub(crate) fn contain<T>(run: impl FnOnce() -> T) -> Option<T> {
    let payload = match catch_unwind(AssertUnwindSafe(run)) {
        Ok(answer) => return Some(answer),
        Err(payload) => payload,
    };
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        mem::forget(again);
    }
    None
}

/// For destructors: runs code that is or may call the user's. What that throws goes on, unless the thread unwinds already:
/// then it is contained, for a second panic that leaves a destructor ends the process.
pub(crate) fn in_destructor(run: impl FnOnce()) {
    if thread::panicking() {
        let _ = contain(run);
    } else {
        run();
    }
}

/// A waker, which is code of the user's runtime: what it throws when it is called or dropped is no reason to leave others
/// asleep, or to unwind through whoever happens to do that.
pub(crate) struct TameWaker(Option<Waker>);

impl TameWaker {
    pub(crate) fn new(waker: &Waker) -> Self {
        Self(Some(waker.clone()))
    }

    pub(crate) fn wake(mut self) {
        if let Some(waker) = self.0.take() {
            let _ = contain(|| waker.wake());
        }
    }
}

impl Drop for TameWaker {
    fn drop(&mut self) {
        let _ = contain(|| drop(self.0.take()));
    }
}

#[cfg(test)]
mod tests {
    use super::contain;
    use std::panic::panic_any;

    struct Bomb;

    impl Drop for Bomb {
        fn drop(&mut self) {
            panic_any(Fuse);
        }
    }

    /// Thrown by a bomb, and no better itself; forgotten, so it never goes off.
    struct Fuse;

    impl Drop for Fuse {
        fn drop(&mut self) {
            panic!("nobody contains this one");
        }
    }

    #[test]
    fn nothing_that_is_thrown_gets_out() {
        assert_eq!(contain(|| 7), Some(7));
        assert_eq!(contain(|| -> i32 { panic!("planted") }), None);
        assert_eq!(contain(|| -> i32 { panic_any(Bomb) }), None);
    }
}
