
/// Added by `weaken`: every ordering is asked for here, and one may be weaker than it is written.
#[allow(dead_code, missing_docs)]
pub(crate) mod weaken {
    use super::Ordering;
    use std::{
        env, fs,
        io::Write,
        sync::{Mutex, OnceLock, atomic::AtomicBool},
    };

    /// The site that is weakened, and to what; a relaxed fence is none.
    fn mutant() -> Option<(usize, Ordering)> {
        static MUTANT: OnceLock<Option<(usize, Ordering)>> = OnceLock::new();
        *MUTANT.get_or_init(|| {
            let text = env::var("WEAKEN").ok()?;
            let (site, to) = text.split_once(' ')?;
            let to = match to {
                "Relaxed" => Ordering::Relaxed,
                "Acquire" => Ordering::Acquire,
                "Release" => Ordering::Release,
                "AcqRel" => Ordering::AcqRel,
                _ => panic!("no ordering is called {to}"),
            };
            Some((site.parse().expect("a number"), to))
        })
    }

    /// Notes once that a site was executed, where `WEAKEN_RECORD` names a file.
    fn record(site: usize) {
        static SEEN: [AtomicBool; 1024] = [const { AtomicBool::new(false) }; 1024];
        static FILE: OnceLock<Option<Mutex<fs::File>>> = OnceLock::new();
        let file = FILE.get_or_init(|| {
            let path = env::var_os("WEAKEN_RECORD")?;
            Some(Mutex::new(fs::OpenOptions::new().append(true).create(true).open(path).expect("a file to write")))
        });
        let Some(file) = file else { return };
        if !SEEN[site].swap(true, Ordering::Relaxed) {
            let mut file = file.lock().expect("nobody panics here");
            writeln!(file, "{site}").expect("room to write");
        }
    }

    pub(crate) fn ord(site: usize, written: Ordering) -> Ordering {
        record(site);
        match mutant() {
            Some((weak, to)) if weak == site => to,
            _ => written,
        }
    }

    pub(crate) fn fence(site: usize, written: Ordering) {
        match ord(site, written) {
            Ordering::Relaxed => {}
            order => super::fence(order),
        }
    }
}
