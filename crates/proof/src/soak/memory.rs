//! Resident memory, and whether it stays flat.

/// How much it may be above the early tenths at the end, in KiB.
pub(crate) const SLACK: u64 = 8 * 1024;

/// Resident memory of the process in KiB, where the system tells.
pub(crate) fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}

/// Whether the last three tenths are no higher than the second to fifth were, but for the slack. The first is left
/// out: tables and the allocator grow to their size in it.
pub(crate) fn growth(tenths: &[u64]) -> Result<(), String> {
    // Fewer if the run was cut short.
    let [_, early @ .., _, _, eighth, ninth, last] = tenths else { return Ok(()) };
    let (Some(early), late) = (early.iter().max(), eighth.max(ninth).max(last)) else { return Ok(()) };
    if *late > early + SLACK {
        let more = late - early;
        return Err(format!(
            "resident memory grew: {early} KiB at most in the early tenths, {late} KiB in the last three: {more} KiB more, of {SLACK} KiB that may be"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{SLACK, growth};

    #[test]
    fn a_flat_line_is_flat_and_a_steady_climb_is_not() {
        assert!(growth(&[10, 50, 50, 50, 50, 50, 50, 50, 50, 50]).is_ok());
        let climb: Vec<u64> = (0..10).map(|tenth| 1_000 + tenth * SLACK / 4).collect();
        assert!(growth(&climb).is_err());
    }

    #[test]
    fn growing_in_the_first_tenth_is_no_matter() {
        assert!(growth(&[0, SLACK * 9, SLACK * 9, 9, 9, 9, 9, 9, 9, SLACK * 10]).is_ok());
    }
}
