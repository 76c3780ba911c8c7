//! Memory in use and memory resident, and whether they stay flat.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicUsize, Ordering},
};

/// Bytes that are allocated, where [`Counting`] is the allocator.
static IN_USE: AtomicUsize = AtomicUsize::new(0);

/// The system's allocator, with a count of the bytes in use.
#[derive(Clone, Copy, Debug)]
pub struct Counting;

#[expect(unsafe_code, reason = "a global allocator is unsafe to write")]
// SAFETY: every call is passed on to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // Relaxed, here and below: a count.
        IN_USE.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's contract is the system allocator's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        IN_USE.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: as above. Not left to the default, which would touch every page.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        IN_USE.fetch_add(size, Ordering::Relaxed);
        IN_USE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.realloc(memory, layout, size) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(memory, layout) }
    }
}

/// Memory at one moment, in KiB.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// Allocated; 0 where the allocator does not count.
    pub(crate) in_use: u64,
    /// Pages that the process has; 0 where the system does not tell.
    pub(crate) resident: u64,
}

impl Sample {
    pub(crate) fn take() -> Self {
        let in_use = IN_USE.load(Ordering::Relaxed) as u64 / 1024;
        Self { in_use, resident: resident().unwrap_or(0) }
    }
}

fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}

/// How much more may be in use at the end than in the early tenths, in KiB.
const SLACK: u64 = 1024;
/// How much more may be resident. The allocator keeps the pages of the highest peak, scattered; and a peak is what is
/// removed while the machine has set a thread aside that holds a guard.
const RESIDENT_SLACK: u64 = 64 * 1024;

/// Whether the last three tenths are no higher than the second to fifth were, but for the slack. The first is left
/// out: tables and the allocator grow to their size in it.
pub(crate) fn growth(tenths: &[Sample]) -> Result<(), String> {
    let of = |part: fn(&Sample) -> u64| tenths.iter().map(part).collect::<Vec<_>>();
    grown("memory in use", &of(|sample| sample.in_use), SLACK)?;
    grown("resident memory", &of(|sample| sample.resident), RESIDENT_SLACK)
}

fn grown(what: &str, tenths: &[u64], slack: u64) -> Result<(), String> {
    // Fewer if the run was cut short.
    let [_, early @ .., _, _, eighth, ninth, last] = tenths else { return Ok(()) };
    let (Some(early), late) = (early.iter().max(), eighth.max(ninth).max(last)) else { return Ok(()) };
    if *late > early + slack {
        let more = late - early;
        return Err(format!(
            "{what} grew: {early} KiB at most in the early tenths, {late} KiB in the last three: {more} KiB more, \
             of {slack} KiB that it may"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::grown;

    #[test]
    fn a_flat_line_is_flat_and_a_steady_climb_is_not() {
        assert!(grown("it", &[10, 50, 50, 50, 50, 50, 50, 50, 50, 50], 0).is_ok());
        let climb: Vec<u64> = (0..10).map(|tenth| 1_000 + tenth * 30).collect();
        assert!(grown("it", &climb, 100).is_err());
        assert!(grown("it", &climb, 1_000).is_ok());
    }

    #[test]
    fn growing_in_the_first_tenths_is_no_matter() {
        assert!(grown("it", &[0, 90, 90, 9, 9, 9, 9, 9, 9, 100], 10).is_ok());
    }
}
