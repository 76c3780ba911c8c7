//! Two ends with something between them, a relay, a bare pipe or nothing: how much goes through, and how late.

use std::time::Instant;

use futures_util::{SinkExt as _, StreamExt as _};
use hdrhistogram::Histogram;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tokio_tungstenite::tungstenite::{Bytes, Message};

use super::{
    LoadArgs,
    child::Process,
    figures::{Figures, Latency, Throughput},
    hold::{self, Socket},
};
use crate::exit::Ending;

/// Bytes in a frame, and in a write to a bare pipe.
const FRAME: usize = 64 * 1024;
/// Bytes in a message whose time is taken.
const MESSAGE: usize = 64;
/// Messages before those.
const WARM_UP: usize = 200;

/// Both comparisons, in rounds, so that what else the machine does hits all ways alike.
pub(super) async fn compare(args: &LoadArgs, figures: &mut Figures) -> Result<(), Ending> {
    let relay = Process::relay(&[]).await?;
    let pipe = Process::start(&["load", "--pipe"]).await?;
    let frames = args.mebibytes * 1024 * 1024 / FRAME;
    let mut through = Throughput::default();
    let mut late = Latencies::new()?;
    for round in 1..=args.rounds {
        eprintln!("comparing, round {round} of {}…", args.rounds);
        let (one, other) = through_pipe(&pipe).await?;
        through.pipe.push(rate(frames, plain(one, other, frames).await?));
        let (one, other) = hold::pair(&relay.address, 0).await?;
        through.relay.push(rate(frames, framed(one, other, frames).await?));

        let (one, other) = direct().await?;
        echo_plain(one, other, args.messages, &mut late.direct).await?;
        let (one, other) = through_pipe(&pipe).await?;
        echo_plain(one, other, args.messages, &mut late.pipe).await?;
        let (one, other) = hold::pair(&relay.address, 0).await?;
        echo_framed(one, other, args.messages, &mut late.relay).await?;
    }
    figures.throughput = through;
    figures.latency = late.figures();
    Ok(())
}

/// Megabytes (of a million) in a second.
fn rate(frames: usize, seconds: f64) -> f64 {
    (frames * FRAME) as f64 / 1e6 / seconds
}

/// Nanoseconds of one way, by what is between the ends.
struct Latencies {
    direct: Histogram<u64>,
    pipe: Histogram<u64>,
    relay: Histogram<u64>,
}

impl Latencies {
    fn new() -> Result<Self, Ending> {
        let histogram =
            || Histogram::new(3).map_err(|why| Ending::Local(format!("times cannot be counted: {why}")));
        Ok(Self { direct: histogram()?, pipe: histogram()?, relay: histogram()? })
    }

    fn figures(&self) -> Latency {
        let of = |histogram: &Histogram<u64>| {
            [0.5, 0.99].map(|quantile| histogram.value_at_quantile(quantile) as f64 / 1e3)
        };
        Latency { direct: of(&self.direct), pipe: of(&self.pipe), relay: of(&self.relay) }
    }
}

fn broken(why: impl std::fmt::Display) -> Ending {
    Ending::RelayGone(format!("while it was measured: {why}"))
}

async fn direct() -> Result<(TcpStream, TcpStream), Ending> {
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(broken)?;
    let one = connect(&listener.local_addr().map_err(broken)?.to_string()).await?;
    let (other, _) = listener.accept().await.map_err(broken)?;
    other.set_nodelay(true).map_err(broken)?;
    Ok((one, other))
}

async fn through_pipe(pipe: &Process) -> Result<(TcpStream, TcpStream), Ending> {
    Ok((connect(&pipe.address).await?, connect(&pipe.address).await?))
}

async fn connect(address: &str) -> Result<TcpStream, Ending> {
    let stream = TcpStream::connect(address).await.map_err(broken)?;
    stream.set_nodelay(true).map_err(broken)?;
    Ok(stream)
}

/// Seconds until everything has come out at the other end.
async fn plain(mut one: TcpStream, mut other: TcpStream, frames: usize) -> Result<f64, Ending> {
    let begun = Instant::now();
    let sends = tokio::spawn(async move {
        let frame = vec![7; FRAME];
        for _ in 0..frames {
            one.write_all(&frame).await?;
        }
        Ok::<_, std::io::Error>(one)
    });
    let mut left = frames * FRAME;
    let mut buffer = vec![0; FRAME];
    while left > 0 {
        match other.read(&mut buffer).await.map_err(broken)? {
            0 => return Err(broken("the bare pipe closed")),
            read => left -= read,
        }
    }
    let took = begun.elapsed().as_secs_f64();
    sends.await.map_err(broken)?.map_err(broken)?;
    Ok(took)
}

/// The same through a relay.
async fn framed(mut one: Socket, mut other: Socket, frames: usize) -> Result<f64, Ending> {
    let begun = Instant::now();
    let sends = tokio::spawn(async move {
        let frame = Bytes::from(vec![7; FRAME]);
        for _ in 0..frames {
            one.send(Message::Binary(frame.clone())).await?;
        }
        Ok::<_, tokio_tungstenite::tungstenite::Error>(one)
    });
    let mut left = frames * FRAME;
    while left > 0 {
        left -= next_frame(&mut other).await?.len();
    }
    let took = begun.elapsed().as_secs_f64();
    sends.await.map_err(broken)?.map_err(broken)?;
    Ok(took)
}

async fn next_frame(socket: &mut Socket) -> Result<Bytes, Ending> {
    loop {
        match socket.next().await.ok_or_else(|| broken("it closed"))?.map_err(broken)? {
            Message::Binary(frame) => return Ok(frame),
            Message::Text(text) => return Err(broken(text)),
            _ => {}
        }
    }
}

/// Messages there and back, one after the other; half of each time is one way's.
async fn echo_plain(
    mut one: TcpStream,
    mut other: TcpStream,
    messages: usize,
    late: &mut Histogram<u64>,
) -> Result<(), Ending> {
    let echo = tokio::spawn(async move {
        let mut message = [0; MESSAGE];
        while other.read_exact(&mut message).await.is_ok() && other.write_all(&message).await.is_ok() {}
    });
    let mut message = [7; MESSAGE];
    for number in 0..WARM_UP + messages {
        let begun = Instant::now();
        one.write_all(&message).await.map_err(broken)?;
        one.read_exact(&mut message).await.map_err(broken)?;
        count(late, number, begun)?;
    }
    echo.abort();
    Ok(())
}

/// The same through a relay.
async fn echo_framed(
    mut one: Socket,
    mut other: Socket,
    messages: usize,
    late: &mut Histogram<u64>,
) -> Result<(), Ending> {
    let echo = tokio::spawn(async move {
        while let Ok(frame) = next_frame(&mut other).await {
            if other.send(Message::Binary(frame)).await.is_err() {
                return;
            }
        }
    });
    let message = Bytes::from_static(&[7; MESSAGE]);
    for number in 0..WARM_UP + messages {
        let begun = Instant::now();
        one.send(Message::Binary(message.clone())).await.map_err(broken)?;
        next_frame(&mut one).await?;
        count(late, number, begun)?;
    }
    echo.abort();
    Ok(())
}

fn count(late: &mut Histogram<u64>, number: usize, begun: Instant) -> Result<(), Ending> {
    if number < WARM_UP {
        return Ok(());
    }
    let nanos = u64::try_from(begun.elapsed().as_nanos() / 2).unwrap_or(u64::MAX);
    late.record(nanos).map_err(|why| Ending::Local(format!("a time cannot be counted: {why}")))
}
