//! The options of `tenure-relay serve`: flags, each also a variable of the environment.

use crate::wire::Secret;
use humantime::{format_duration, parse_duration};
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};

/// Options of `tenure-relay serve`.
#[derive(Clone, Debug, clap::Args)]
pub struct ServeArgs {
    /// Where to listen; port 0 lets the system choose
    #[arg(long, env = "TENURE_RELAY_LISTEN", default_value_t = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 4180))]
    pub listen: SocketAddr,
    /// What people open in their browsers, if a proxy stands in between, such as <https://pair.example.org>
    #[arg(long, env = "TENURE_RELAY_PUBLIC_URL", value_parser = web_address)]
    pub public_url: Option<String>,
    /// Take a client's address from the last entry of X-Forwarded-For: only behind a proxy that writes it
    #[arg(long, env = "TENURE_RELAY_TRUST_PROXY")]
    pub trust_proxy: bool,
    /// Another origin whose pages may open WebSockets here; may be given several times
    #[arg(long = "allow-origin", env = "TENURE_RELAY_ALLOW_ORIGIN", value_delimiter = ',')]
    pub allow_origins: Vec<String>,
    /// Let whoever has this token see /admin and /metrics; without it, only this machine may
    #[arg(long, env = "TENURE_RELAY_ADMIN_TOKEN", hide_env_values = true, value_parser = secret)]
    pub admin_token: Option<Secret>,
    /// How the log on stderr is written
    #[arg(long, env = "TENURE_RELAY_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
    /// What is logged: error, warn, info, debug, trace, or as for `RUST_LOG`
    #[arg(long, env = "TENURE_RELAY_LOG", default_value = "info")]
    pub log: String,
    /// Pairing
    #[command(flatten)]
    pub pairing: PairingArgs,
    /// Limits
    #[command(flatten)]
    pub limits: LimitArgs,
    /// The gateway
    #[command(flatten)]
    pub gateway: GatewayArgs,
    /// How long a shutdown may take to hand over what is under way
    #[arg(long, env = "TENURE_RELAY_DRAIN", default_value = "5s", value_parser = time)]
    pub drain: Duration,
}

impl ServeArgs {
    /// Whether the settings go together.
    ///
    /// # Errors
    /// The two that do not, and what would do.
    pub fn check(&self) -> Result<(), String> {
        let PairingArgs { ping_every, dead_after, .. } = self.pairing;
        // A heart stops after four fifths of it; one answer may be late.
        if dead_after < 3 * ping_every {
            return Err(format!(
                "--dead-after {} is too short for --ping-every {}: who only answers would be taken for dead; it should be \
                 {} or more",
                format_duration(dead_after),
                format_duration(ping_every),
                format_duration(3 * ping_every)
            ));
        }
        Ok(())
    }
}

/// How long things take when two devices are paired.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Pairing")]
pub struct PairingArgs {
    /// A connection that says nothing for so long is asked for a sign of life
    #[arg(long, env = "TENURE_RELAY_PING_EVERY", default_value = "250ms", value_parser = some_time)]
    pub ping_every: Duration,
    /// A connection that says nothing for so long is dead, at the latest; four fifths of it may pass
    #[arg(long, env = "TENURE_RELAY_DEAD_AFTER", default_value = "900ms", value_parser = some_time)]
    pub dead_after: Duration,
    /// A side that does not take a frame for so long is too slow
    #[arg(long, env = "TENURE_RELAY_STALL_AFTER", default_value = "30s", value_parser = some_time)]
    pub stall_after: Duration,
    /// How long a page that is reloaded, or was lost, may take to come back
    #[arg(long, env = "TENURE_RELAY_GRACE", default_value = "8s", value_parser = time)]
    pub grace: Duration,
    /// How long a code is good for
    #[arg(long, env = "TENURE_RELAY_CODE_TTL", default_value = "10min", value_parser = some_time)]
    pub code_ttl: Duration,
    /// How long a new connection may take to say what it wants
    #[arg(long, env = "TENURE_RELAY_HELLO", default_value = "10s", value_parser = some_time)]
    pub hello: Duration,
    /// When a claim that fails is answered, whatever it fails for
    #[arg(long, env = "TENURE_RELAY_REFUSE_AFTER", default_value = "250ms", value_parser = time)]
    pub refuse_after: Duration,
}

/// How much one relay takes.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Limits")]
pub struct LimitArgs {
    /// Sessions
    #[arg(long, env = "TENURE_RELAY_SESSIONS", default_value_t = 50_000, value_parser = positive)]
    pub sessions: usize,
    /// Sessions that one address (of IPv6, one /64) has created
    #[arg(long, env = "TENURE_RELAY_SESSIONS_PER_ADDRESS", default_value_t = 100, value_parser = positive)]
    pub sessions_per_address: usize,
    /// Connections
    #[arg(long, env = "TENURE_RELAY_CONNECTIONS", default_value_t = 110_000, value_parser = positive)]
    pub connections: usize,
    /// Connections of one address; with --trust-proxy, requests and WebSockets of one that the proxy names
    #[arg(long, env = "TENURE_RELAY_CONNECTIONS_PER_ADDRESS", default_value_t = 300, value_parser = positive)]
    pub connections_per_address: usize,
    /// Bytes in a binary frame
    #[arg(long, env = "TENURE_RELAY_MAX_FRAME", default_value_t = 64 * 1024, value_parser = positive)]
    pub max_frame: usize,
    /// Bytes that the kernel may hold for a connection, each way; 0 is what the kernel chooses
    #[arg(long, env = "TENURE_RELAY_SOCKET_BUFFER", default_value_t = 256 * 1024)]
    pub socket_buffer: u32,
    /// Control messages of one connection per second
    #[arg(long, env = "TENURE_RELAY_CONTROL_RATE", default_value_t = 1_000, value_parser = positive_u32)]
    pub control_rate: u32,
    /// Binary frames of one connection per second; what comes faster has to wait
    #[arg(long, env = "TENURE_RELAY_FRAME_RATE", default_value_t = 50_000, value_parser = positive_u32)]
    pub frame_rate: u32,
    /// Claims of one address per minute
    #[arg(long, env = "TENURE_RELAY_CLAIMS_PER_MINUTE", default_value_t = 10, value_parser = positive_u32)]
    pub claims_per_minute: u32,
    /// Claims of all per second
    #[arg(long, env = "TENURE_RELAY_CLAIMS_PER_SECOND", default_value_t = 100, value_parser = positive_u32)]
    pub claims_per_second: u32,
    /// HTTP requests of one address per second
    #[arg(long, env = "TENURE_RELAY_REQUESTS_PER_SECOND", default_value_t = 200, value_parser = positive_u32)]
    pub requests_per_second: u32,
    /// Bytes in the body of a request
    #[arg(long, env = "TENURE_RELAY_MAX_BODY", default_value_t = 64 * 1024, value_parser = positive)]
    pub max_body: usize,
}

/// The gateway's routes and subscribers.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Gateway")]
pub struct GatewayArgs {
    /// How long a route lives after it was set
    #[arg(long, env = "TENURE_RELAY_ROUTE_TTL", default_value = "30min", value_parser = some_time)]
    pub route_ttl: Duration,
    /// Routes in each of the table's partitions
    #[arg(long, env = "TENURE_RELAY_ROUTES_PER_PARTITION", default_value_t = 10_000, value_parser = positive)]
    pub routes_per_partition: usize,
    /// Partitions of the table of routes
    #[arg(long, env = "TENURE_RELAY_PARTITIONS", default_value_t = 16, value_parser = positive)]
    pub partitions: usize,
    /// Subscribers
    #[arg(long, env = "TENURE_RELAY_SUBSCRIBERS", default_value_t = 10_000, value_parser = positive)]
    pub subscribers: usize,
    /// Messages that wait for a slow subscriber before the oldest are lost
    #[arg(long, env = "TENURE_RELAY_BACKLOG", default_value_t = 256, value_parser = positive)]
    pub backlog: usize,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// A line for people.
    Text,
    /// A JSON object on a line.
    Json,
}

#[expect(clippy::unnecessary_wraps, reason = "the form of a value parser")]
fn secret(text: &str) -> Result<Secret, std::convert::Infallible> {
    Ok(Secret(text.to_owned()))
}

/// No time here is longer: that far every clock reaches.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

fn time(text: &str) -> Result<Duration, String> {
    match parse_duration(text) {
        Ok(time) if time > LONGEST => Err("it must be a year or less".to_owned()),
        Ok(time) => Ok(time),
        Err(error) => Err(format!("{error}; it should be a time, such as 250ms, 8s or 10min")),
    }
}

fn some_time(text: &str) -> Result<Duration, String> {
    match time(text)? {
        Duration::ZERO => Err("it must be more than 0, such as 250ms, 8s or 10min".to_owned()),
        time => Ok(time),
    }
}

fn web_address(text: &str) -> Result<String, String> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    match rest {
        Some(rest) if !rest.is_empty() && !rest.starts_with('/') => Ok(text.to_owned()),
        _ => Err("it should begin with http:// or https:// and a name, such as https://pair.example.org"
            .to_owned()),
    }
}

fn positive(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("it must be 1 or more".to_owned()),
        Ok(number) => Ok(number),
        Err(error) => Err(format!("{error}; it should be a number, 1 or more")),
    }
}

fn positive_u32(text: &str) -> Result<u32, String> {
    positive(text)?.try_into().map_err(|_| format!("it must be at most {}", u32::MAX))
}

#[cfg(test)]
mod tests;
