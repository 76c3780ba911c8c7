//! Comparing runs of bytes without the call that comparing slices costs.

/// Bytes that are compared at once.
pub(crate) const WIDE: usize = 16;

/// Compares in a few wide loads, the last of which overlaps with the one before it. There must be so many bytes.
#[expect(clippy::needless_bitwise_bool, reason = "one branch for all loads instead of one for each")]
#[inline(always)]
pub(crate) fn same<const N: usize>(a: &[u8; N], b: &[u8; N]) -> bool {
    const { assert!(N >= WIDE, "too few for one load") };
    let chunks = a.as_chunks::<WIDE>().0.iter().zip(b.as_chunks::<WIDE>().0);
    chunks.fold(a.last_chunk::<WIDE>() == b.last_chunk(), |alike, (a, b)| alike & (a == b))
}

#[cfg(test)]
mod tests {
    use super::same;

    #[test]
    fn each_byte_decides() {
        fn holds<const N: usize>() {
            let ours = std::array::from_fn::<_, N, _>(|at| at as u8);
            assert!(same(&ours, &ours.clone()), "{N}");
            for at in 0..N {
                let mut theirs = ours;
                theirs[at] ^= 0x80;
                assert!(!same(&ours, &theirs), "{at} of {N}");
            }
        }
        holds::<16>();
        holds::<17>();
        holds::<63>();
        holds::<64>();
        holds::<79>();
    }
}
