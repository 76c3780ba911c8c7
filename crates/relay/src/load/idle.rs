//! Many idle pairs: how fast they are made, what they cost, and how soon they are gone when all are dropped at once.

use std::time::{Duration, Instant};

use tokio::time;

use super::{
    LoadArgs,
    child::Process,
    figures::{Figures, Idle},
    parts, system,
};
use crate::exit::Ending;

/// How often the relays are asked whether sessions are left.
const ASK_EVERY: Duration = Duration::from_millis(20);
/// After so long without a change, what is left will stay.
const PATIENCE: Duration = Duration::from_secs(60);

/// Holds all pairs, then kills the processes that hold them.
pub(super) async fn hold_and_drop(
    args: &LoadArgs,
    relays: usize,
    figures: &mut Figures,
) -> Result<(), Ending> {
    let ping = format!("{}ms", args.ping_every.as_millis());
    // As the defaults are to each other, 900 ms to 250 ms.
    let dead = format!("{}ms", 18 * args.ping_every.as_millis() / 5);
    let mut held = Vec::new();
    let (mut seconds, mut before, mut after) = (0.0, 0, 0);
    for pairs in parts(args.pairs, relays) {
        eprintln!("holding {pairs} pairs…");
        let relay = Process::relay(&["--ping-every", &ping, "--dead-after", &dead]).await?;
        before += system::resident(relay.number()?)?;
        let pairs = pairs.to_string();
        let mut holder = Process::start(&["load", "--hold", &relay.address, "--pairs", &pairs]).await?;
        let took = holder.line().await?;
        seconds += took.parse::<f64>().map_err(|why| Ending::Local(format!("{took:?} is no time: {why}")))?;
        held.push((relay, holder));
    }
    let mut sessions = 0.0;
    for (relay, _) in &held {
        after += system::resident(relay.number()?)?;
        sessions += relay.gauge(SESSIONS).await?;
    }
    let share = processor_share(args.idle, &held).await?;
    eprintln!("dropping {} connections…", 2 * args.pairs);
    let begun = Instant::now();
    for (_, holder) in &mut held {
        holder.kill().await?;
    }
    let killed = begun.elapsed();
    let mut gone = Duration::ZERO;
    for (relay, _) in &held {
        gone = gone.max(all_gone(relay, begun).await?);
    }
    figures.idle = Some(Idle {
        pairs: args.pairs,
        sessions_seen: sessions as usize,
        pairs_per_second: args.pairs as f64 / seconds,
        bytes_before: before,
        processor_share: share,
        bytes_per_pair: after.saturating_sub(before) as f64 / args.pairs as f64,
        dropped_connections: 2 * args.pairs,
        seconds_to_kill: killed.as_secs_f64(),
        seconds_until_gone: gone.as_secs_f64(),
    });
    Ok(())
}

/// How much of a processor the relays need while nothing happens for so long; none if no time is given.
async fn processor_share(idle: Duration, held: &[(Process, Process)]) -> Result<Option<f64>, Ending> {
    if idle.is_zero() {
        return Ok(None);
    }
    let used = || {
        held.iter().try_fold(Duration::ZERO, |sum, (relay, _)| {
            system::processor_time(relay.number()?).map(|time| sum + time)
        })
    };
    eprintln!("idle for {idle:?}…");
    let (begun, before) = (Instant::now(), used()?);
    time::sleep(idle).await;
    Ok(Some(used()?.saturating_sub(before).as_secs_f64() / begun.elapsed().as_secs_f64()))
}

const SESSIONS: &str = "tenure_session_active{table=\"creators\"} ";

/// When the last session was gone, counted from `begun`.
async fn all_gone(relay: &Process, begun: Instant) -> Result<Duration, Ending> {
    let mut every = time::interval(ASK_EVERY);
    loop {
        every.tick().await;
        let left = relay.gauge(SESSIONS).await?;
        let took = begun.elapsed();
        if left == 0.0 {
            return Ok(took);
        }
        if took > PATIENCE {
            return Err(Ending::RelayGone(format!("{left} sessions are left after {} s", took.as_secs())));
        }
    }
}
