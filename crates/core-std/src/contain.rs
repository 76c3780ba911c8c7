//! Keeping a panic of the user's code to itself.

use std::{
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
};

/// Runs code that may call the user's, as destructors are; none if it panicked.
///
/// The panic was reported when it happened. What it has thrown may throw again when it is dropped, so it is not dropped.
pub(crate) fn contain<T>(run: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(run)).map_err(mem::forget).ok()
}
