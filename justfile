# List what can be done here
default:
    @just --list --unsorted

# Everything that CI checks, in CI's order; do this before you hand in a change
ready:
    .ci/run

# Rewrite the sources in the house format
fmt:
    cargo fmt --all

# Clippy on every target with every feature; a warning is an error
lint:
    .ci/run lint

# Unit, integration and documentation tests
test:
    .ci/run test

# Build the documentation; a broken link or a missing page is an error
doc:
    .ci/run doc

# Each feature builds alone, and all together pass the tests
features:
    .ci/run features

# Run the loom models: every interleaving up to LOOM_MAX_PREEMPTIONS (3 unless set)
loom:
    .ci/run loom

# Weaken each memory ordering by one step in a scratch copy, and say which model notices (try --help)
weaken *ARGS:
    cargo run --quiet --release -p tenure-proof --bin weaken -- {{ ARGS }}

# Run each loom model without a bound on preemptions for at most SECONDS of processor time, and say which were exhausted
loom-unbounded SECONDS="60" FILTER="loom_":
    .ci/loom-unbounded {{ SECONDS }} {{ FILTER }}

# Run the core's tests under AddressSanitizer; needs a nightly toolchain
asan:
    .ci/run asan

# Run the core's unsafe modules under Miri; needs a nightly toolchain with the component miri
miri:
    .ci/run miri

# Run the core's tests under ThreadSanitizer; needs a nightly toolchain with the component rust-src
tsan:
    .ci/run tsan

# Stop a thread for good in the middle of an operation STOPS times, over all operations, and see the others finish
stopped STOPS="1000" SEED="1":
    cargo test --release -p tenure-proof --test stopped -- --stops {{ STOPS }} --seed {{ SEED }}
# Check a million answers of both tables to real threads
history:
    .ci/run history

# The same with ten million operations, or as many as you say
history-long OPERATIONS="10000000":
    cargo run --release -p tenure-proof --bin history -- --operations {{ OPERATIONS }}

# Histories of a few operations in many interleavings, under AddressSanitizer where there is a nightly toolchain
shuttle:
    .ci/run shuttle

# Memory under load: 10 million sets of one key, 10 million short-lived keys; prints the figures
stress:
    cargo test --release -p tenure-core --test stress -- --ignored --nocapture

# Everything at once on real threads for MINUTES, checked as it goes; prints resident memory at each tenth
soak MINUTES *ARGS:
    cargo run --release -p tenure-proof --bin soak -- {{ MINUTES }} {{ ARGS }}

# Fuzz TARGETS (key_text, operations, ops_line; all unless named) for SECONDS each; needs a nightly toolchain
fuzz SECONDS="30" *TARGETS:
    .ci/fuzz {{ SECONDS }} {{ TARGETS }}

# Replay a chat log through both tables, a generated one without arguments (try --help)
gateway *ARGS:
    cargo run --release -p tenure-core --example gateway -- {{ ARGS }}

# The relay's pages in headless Chromium, which is installed if it is missing (Debian, as root)
browser:
    .ci/run browser

# The same, and take the pictures of the docs anew
pictures:
    TENURE_SCREENSHOTS={{ quote(justfile_directory() / "docs/images") }} .ci/run browser

# Answer the operations of the file TRACE, a line each: how to report a bug or replay one
ops TRACE:
    cargo run --quiet --release -p tenure-core --example ops < {{ quote(TRACE) }}

# Check bans, licenses and sources of the dependencies; needs cargo-deny
deny:
    .ci/run deny

# Plant a mistake for each lane of CI (or for LANES) in a scratch copy and see the lane catch it: some twenty minutes
selftest *LANES:
    .ci/selftest {{ LANES }}

# What must hold before a version is published, beyond `just ready`: packages, sizes, oldest versions, build times
release-check *STEPS:
    .ci/release-check {{ STEPS }}

# Look for misspelled words
typos:
    .ci/run typos

# All benchmarks against all peers, or those named (`just bench w1 w3`); all of them rewrite docs/benchmarks
bench *ARGS:
    cargo bench -p tenure-benches --bench suite -- {{ if ARGS == "" { "--out " + quote(justfile_directory() / "docs/benchmarks") } else { ARGS } }}

# The same in a few minutes, with shorter rounds and fewer lines; all of them write docs/benchmarks/quick.json and its chart
bench-quick *ARGS:
    cargo bench -p tenure-benches --bench suite -- --quick {{ if ARGS == "" { "--out " + quote(justfile_directory() / "docs/benchmarks") } else { ARGS } }}

# Instructions of the hot paths against the committed counts; needs valgrind (RENEW=1 writes them anew)
instructions:
    .ci/run instructions

# How W1, W4, W5 and W6 scale from 1 to 16 threads; the figures and the chart go to docs/benchmarks/scaling
bench-scaling:
    cargo bench -p tenure-benches --bench suite -- --threads 1 --threads 2 --threads 4 --threads 8 --threads 16 --size 1000000 --out {{ quote(justfile_directory() / "docs/benchmarks/scaling") }} w1 w4 w5 w6
