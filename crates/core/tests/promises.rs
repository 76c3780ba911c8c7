//! What every public type promises: it may be shared between threads, unless it is a look under a guard; and it can be shown
//! although what a user stores in it cannot, so it never shows that.

use std::{any::type_name, collections::BTreeSet, error::Error, fmt::Debug, fs, path::Path};
use tenure_core::*;

/// A route and a payload that cannot be shown: no `Debug`.
#[derive(Clone, PartialEq)]
struct Opaque;

impl Destination for Opaque {}

fn is_shared<T: Send + Sync + Debug>() -> &'static str {
    type_name::<T>()
}

/// A look under a guard stays on its thread.
fn is_shown<T: Debug>() -> &'static str {
    type_name::<T>()
}

/// May be returned with `?` where errors of all kinds are, also by a thread or a task.
fn is_passed_on<T: Into<Box<dyn Error + Send + Sync>>>() {}

fn keys_and_routes() -> [&'static str; 29] {
    [
        is_shared::<KeyRef<'_>>(),
        is_shared::<KeyHashes>(),
        is_shared::<MessageContext<'_>>(),
        is_shared::<ParseKeyError>(),
        is_shared::<ParseKeyErrorKind>(),
        is_shared::<SessionKey>(),
        is_shared::<BuildRouteTableError>(),
        is_shared::<EmptyExternalRoom>(),
        is_shared::<GetError>(),
        is_shared::<InvalidRoute>(),
        is_shared::<PartitionUnavailable>(),
        is_shared::<PartitionView<'_, Opaque>>(),
        is_shared::<Reason>(),
        is_shared::<Record<Opaque>>(),
        is_shared::<Resolution<Opaque>>(),
        is_shared::<ResolveError>(),
        is_shared::<Route>(),
        is_shared::<RouteAttributes<'_>>(),
        is_shared::<RouteBuilder<'_>>(),
        is_shared::<RouteStats>(),
        is_shared::<RouteTable<Opaque>>(),
        is_shared::<RouteTableBuilder<Opaque>>(),
        is_shared::<SetError<Opaque>>(),
        is_shared::<SetErrorKind>(),
        is_shared::<SettingError>(),
        is_shared::<Source>(),
        is_shown::<Guard>(),
        is_shown::<RecordView<'_, Opaque>>(),
        is_shown::<ResolutionView<'_, Opaque>>(),
    ]
}

fn sessions_and_owners() -> [&'static str; 36] {
    [
        is_shared::<Appears<Opaque>>(),
        is_shared::<BuildSessionMapError>(),
        is_shared::<ClaimError>(),
        is_shared::<Code>(),
        is_shared::<CreateError<Opaque>>(),
        is_shared::<CreateErrorKind>(),
        is_shared::<Direction>(),
        is_shared::<Drain<Opaque>>(),
        is_shared::<Drained>(),
        is_shared::<Edit<Opaque>>(),
        is_shared::<Events<Opaque>>(),
        is_shared::<Gone<Opaque>>(),
        is_shared::<HandOverError>(),
        is_shared::<Incarnation>(),
        is_shared::<InvalidTransition>(),
        is_shared::<Moment>(),
        is_shared::<NoToken>(),
        is_shared::<NothingCame>(),
        is_shared::<Owner>(),
        is_shared::<OwnerRef>(),
        is_shared::<Pairing>(),
        is_shared::<ParseTokenError>(),
        is_shared::<ResumeError>(),
        is_shared::<Session<Opaque>>(),
        is_shared::<SessionMap<Opaque>>(),
        is_shared::<SessionMapBuilder<Opaque>>(),
        is_shared::<SessionStats>(),
        is_shared::<Status>(),
        is_shared::<SuspendError>(),
        is_shared::<SuspendErrorKind>(),
        is_shared::<Token>(),
        is_shared::<Until<Opaque, fn()>>(),
        is_shared::<UpdateError>(),
        is_shared::<WaitError>(),
        is_shown::<Sessions<'_, Opaque>>(),
        is_shown::<View<'_, Opaque>>(),
    ]
}

fn time_and_events() -> [&'static str; 20] {
    [
        is_shared::<DeathReason>(),
        is_shared::<EndCause>(),
        is_shared::<Event<'_>>(),
        is_shared::<EventQueue>(),
        is_shared::<ManualClock>(),
        is_shared::<Outcome>(),
        is_shared::<OwnedEvent>(),
        is_shared::<OwnedWhat>(),
        is_shared::<Pruner>(),
        is_shared::<Received>(),
        is_shared::<RecentRemovals>(),
        is_shared::<Removal>(),
        is_shared::<RemovalCause>(),
        is_shared::<RouteEvent>(),
        is_shared::<SessionEvent>(),
        is_shared::<SystemClock>(),
        is_shared::<Tick>(),
        is_shared::<TickingClock>(),
        is_shared::<TimeGoesBackwards>(),
        is_shared::<What<'_>>(),
    ]
}

/// `tenure_core::route::Route<X>` is `Route`.
fn bare(name: &str) -> String {
    let path = name.split('<').next().unwrap_or(name);
    path.rsplit("::").next().unwrap_or(path).to_owned()
}

/// The names after `pub struct` and `pub enum` in all sources, which a lint keeps to what can be reached from outside.
fn in_the_sources(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            in_the_sources(&path, names);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("a source");
            let declared = text.lines().filter_map(|line| {
                line.strip_prefix("pub struct ").or_else(|| line.strip_prefix("pub enum "))
            });
            names.extend(
                declared.map(|rest| {
                    rest.chars().take_while(|letter| letter.is_alphanumeric()).collect::<String>()
                }),
            );
        }
    }
}

#[test]
fn every_public_type_is_listed_here() {
    let mut names = BTreeSet::new();
    in_the_sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut names);
    // Only the sealed supertrait of `AsKey` names them: no path leads to them.
    names.remove("KeyParts");
    names.remove("Asker");
    // Behind features; asserted below.
    names.remove("TracingObserver");
    names.remove("MetricsObserver");
    let listed: Vec<_> =
        keys_and_routes().into_iter().chain(sessions_and_owners()).chain(time_and_events()).collect();
    assert_eq!(
        listed.into_iter().map(bare).collect::<BTreeSet<_>>(),
        names,
        "a public type must be listed in tests/promises.rs"
    );
}

#[test]
fn every_error_can_be_passed_on() {
    is_passed_on::<BuildRouteTableError>();
    is_passed_on::<BuildSessionMapError>();
    is_passed_on::<ClaimError>();
    is_passed_on::<CreateError<Opaque>>();
    is_passed_on::<CreateErrorKind>();
    is_passed_on::<EmptyExternalRoom>();
    is_passed_on::<GetError>();
    is_passed_on::<HandOverError>();
    is_passed_on::<InvalidRoute>();
    is_passed_on::<InvalidTransition>();
    is_passed_on::<NoToken>();
    is_passed_on::<NothingCame>();
    is_passed_on::<ParseKeyError>();
    is_passed_on::<ParseTokenError>();
    is_passed_on::<PartitionUnavailable>();
    is_passed_on::<ResolveError>();
    is_passed_on::<ResumeError>();
    is_passed_on::<SetError<Opaque>>();
    is_passed_on::<SetErrorKind>();
    is_passed_on::<SettingError>();
    is_passed_on::<SuspendError>();
    is_passed_on::<TimeGoesBackwards>();
    is_passed_on::<UpdateError>();
    is_passed_on::<WaitError>();
}

#[cfg(feature = "tracing")]
#[test]
fn the_observer_for_tracing_is_shared() {
    is_shared::<TracingObserver>();
}

#[cfg(feature = "metrics")]
#[test]
fn the_observer_for_metrics_is_shared() {
    is_shared::<MetricsObserver>();
}

#[test]
fn neither_payloads_nor_tokens_are_shown() {
    let map = SessionMap::new();
    let owner = map.owner();
    let mut payload = Pairing::sending();
    payload.sender_info = Some(Pairing::info([("phone", "555-0100")]));
    map.create("K7QX", payload, &owner).expect("free");
    let session = map.get("K7QX").expect("created");
    let token = owner.token().expect("random numbers");
    let all = format!("{session:?} {map:?} {owner:?} {token:?}");
    assert!(!all.contains("555"), "{all}");
    assert!(!all.contains(&token.to_string()), "a token is a secret: {all}");
}
