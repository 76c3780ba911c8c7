//! A queue of keys from which any key can be taken, in a few steps each.

/// No key.
const NONE: u32 = u32::MAX;

/// Keys in order; each is a number below the one that the list was made for.
#[derive(Debug)]
pub(super) struct List {
    /// For each key, the one that came after it and the one that came before it.
    links: Vec<Option<Link>>,
    newest: u32,
    oldest: u32,
    len: usize,
}

#[derive(Clone, Copy, Debug)]
struct Link {
    newer: u32,
    older: u32,
}

impl List {
    pub(super) fn new(keys: usize) -> Self {
        Self { links: vec![None; keys], newest: NONE, oldest: NONE, len: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn has(&self, key: u32) -> bool {
        self.links[key as usize].is_some()
    }

    pub(super) fn oldest(&self) -> Option<u32> {
        some(self.oldest)
    }

    /// The key that was put in next after this one, if it is here.
    pub(super) fn newer(&self, key: u32) -> Option<u32> {
        self.links[key as usize].and_then(|link| some(link.newer))
    }

    /// Puts in a key that is not here, as the newest.
    pub(super) fn push(&mut self, key: u32) {
        self.links[key as usize] = Some(Link { newer: NONE, older: self.newest });
        match some(self.newest) {
            Some(before) => self.link(before).newer = key,
            None => self.oldest = key,
        }
        self.newest = key;
        self.len += 1;
    }

    /// Takes a key out; says whether it was here.
    pub(super) fn take(&mut self, key: u32) -> bool {
        let Some(link) = self.links[key as usize].take() else { return false };
        match some(link.newer) {
            Some(newer) => self.link(newer).older = link.older,
            None => self.newest = link.older,
        }
        match some(link.older) {
            Some(older) => self.link(older).newer = link.newer,
            None => self.oldest = link.newer,
        }
        self.len -= 1;
        true
    }

    pub(super) fn pop(&mut self) -> Option<u32> {
        let oldest = self.oldest()?;
        self.take(oldest);
        Some(oldest)
    }

    fn link(&mut self, key: u32) -> &mut Link {
        self.links[key as usize].as_mut().expect("who is a neighbor is in the list")
    }
}

fn some(key: u32) -> Option<u32> {
    (key != NONE).then_some(key)
}
