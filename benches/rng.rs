//! Random numbers that are the same in every run: `SplitMix64`, and Zipf's law over it.

/// A small generator with a fixed seed (Steele, Lea and Flood 2014).
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.0)
    }

    /// A number below `bound`. The bias of the multiplication is far below what a benchmark could see.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.next()) * bound as u128) >> 64) as usize
    }

    fn unit(&mut self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
        let whole = (self.next() >> 11) as f64;
        whole / 9_007_199_254_740_992.0
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

/// Scrambles a number; different numbers give different numbers.
pub(crate) fn mix(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^ (number >> 31)
}

/// Numbers below a bound: all alike, or a few of them nearly always.
pub(crate) enum Draw {
    Uniform(usize),
    /// The sums of the ranks' shares, and which number has which rank.
    Zipf {
        sums: Vec<f64>,
        ranks: Vec<u32>,
    },
}

impl Draw {
    /// The share of rank k is in proportion to 1 / k^0.99; ranks are strewn over the numbers.
    pub(crate) fn zipf(bound: usize, rng: &mut Rng) -> Self {
        let mut sum = 0.0;
        let mut sums = Vec::with_capacity(bound);
        for rank in 1..=u32::try_from(bound).expect("a bound that fits 32 bits") {
            sum += f64::from(rank).powf(-0.99);
            sums.push(sum);
        }
        let mut ranks: Vec<u32> = (0..bound as u32).collect();
        rng.shuffle(&mut ranks);
        Self::Zipf { sums, ranks }
    }

    pub(crate) fn draw(&self, rng: &mut Rng) -> usize {
        match self {
            Self::Uniform(bound) => rng.below(*bound),
            Self::Zipf { sums, ranks } => {
                let point = rng.unit() * sums.last().copied().unwrap_or(0.0);
                let rank = sums.partition_point(|sum| *sum <= point).min(ranks.len() - 1);
                ranks[rank] as usize
            }
        }
    }
}

#[cfg(test)]
mod tests;
