//! Which settings a log needs: replays it over a grid of times to live and capacities, and against other ways to choose
//! what goes.

use std::time::Duration;

use tenure_core::RouteStats;

use crate::log::Log;
use crate::options::{Grid, Options};
use crate::replay::Gateway;
use crate::run;
use crate::tally::{Resolved, Tally};

mod chart;
mod clairvoyant;
mod fifos;
mod list;
pub(crate) mod policy;
mod report;
mod requests;
mod sieve;

pub(crate) use chart::heat_map;
pub(crate) use policy::{Arm, hits};
pub(crate) use report::SweepReport;
pub(crate) use requests::Requests;

/// The part of the best share of exact hits that a setting must keep to be good enough, in thousandths.
const GOOD_ENOUGH: u64 = 990;

/// What came of one setting.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Cell {
    pub(crate) ttl_seconds: u64,
    /// The most records in all partitions together.
    pub(crate) capacity: usize,
    #[serde(flatten)]
    pub(crate) resolved: Resolved,
    /// Of the messages in a conversation, those that found their own record.
    pub(crate) exact_in_threads: u64,
    pub(crate) evicted: u64,
    pub(crate) pruned: u64,
    pub(crate) peak_records: usize,
}

/// Exact hits with another choice of what goes, at one setting.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Rival {
    pub(crate) policy: &'static str,
    pub(crate) ttl_seconds: u64,
    pub(crate) capacity: usize,
    pub(crate) exact: u64,
}

/// What the sweep has come to.
#[derive(Debug)]
pub(crate) struct Sweep {
    pub(crate) messages: u64,
    pub(crate) thread_messages: u64,
    /// By time to live, then by capacity.
    pub(crate) cells: Vec<Cell>,
    /// Of the settings with which anything had to go.
    pub(crate) rivals: Vec<Rival>,
}

/// Replays the log once for each setting; `progress` is told how many are done.
///
/// # Errors
/// A setting that the table refuses.
pub(crate) fn sweep(
    log: &Log,
    options: &Options,
    grid: &Grid,
    progress: &mut dyn FnMut(usize),
) -> Result<Sweep, String> {
    let requests = Requests::of(log);
    let mut sweep =
        Sweep { messages: 0, thread_messages: requests.in_threads, cells: Vec::new(), rivals: Vec::new() };
    for (done, (ttl_seconds, capacity)) in grid.settings().enumerate() {
        progress(done);
        let max_entries = (capacity / options.partitions).max(1);
        let capacity = max_entries.saturating_mul(options.partitions);
        let ttl = Duration::from_secs(ttl_seconds);
        // Where nothing had to go, more room changes nothing.
        let roomy =
            |cell: &&Cell| cell.ttl_seconds == ttl_seconds && cell.capacity <= capacity && cell.evicted == 0;
        let cell = if let Some(same) = sweep.cells.iter().find(roomy) {
            Cell { capacity, ..same.clone() }
        } else {
            let options = Options { ttl, max_entries, ..options.clone() };
            let gateway = Gateway::new(log, &options).map_err(|error| error.to_string())?;
            let tally = run::run(&gateway, log, &options, &mut |_| {}).tally;
            sweep.messages = tally.messages;
            Cell::new(ttl_seconds, capacity, &tally, gateway.routes.stats())
        };
        if cell.evicted > 0 {
            for arm in Arm::ALL {
                let exact = hits(&requests, ttl, arm.policy(&requests, capacity).as_mut());
                sweep.rivals.push(Rival { policy: arm.name(), ttl_seconds, capacity, exact });
            }
        }
        sweep.cells.push(cell);
    }
    Ok(sweep)
}

impl Cell {
    fn new(ttl_seconds: u64, capacity: usize, tally: &Tally, stats: RouteStats) -> Self {
        Self {
            ttl_seconds,
            capacity,
            resolved: tally.resolved,
            exact_in_threads: tally.exact_in_threads,
            evicted: stats.evicted,
            pruned: stats.pruned,
            peak_records: tally.peak_records,
        }
    }
}

impl Sweep {
    /// The setting with the most exact hits; of equals the smallest.
    pub(crate) fn best(&self) -> Option<&Cell> {
        let most = self.cells.iter().map(|cell| cell.resolved.exact).max()?;
        smallest(self.cells.iter().filter(|cell| cell.resolved.exact == most))
    }

    /// The smallest setting that keeps 99 % of the best one's exact hits: the lowest capacity with which any time to
    /// live does, and the shortest such time.
    pub(crate) fn good_enough(&self) -> Option<&Cell> {
        let most = u128::from(self.best()?.resolved.exact);
        let keeps = |cell: &&Cell| u128::from(cell.resolved.exact) * 1_000 >= most * u128::from(GOOD_ENOUGH);
        smallest(self.cells.iter().filter(keeps))
    }
}

fn smallest<'a>(cells: impl Iterator<Item = &'a Cell>) -> Option<&'a Cell> {
    cells.min_by_key(|cell| (cell.capacity, cell.ttl_seconds))
}
