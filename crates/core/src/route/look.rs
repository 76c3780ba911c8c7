//! Looking at a table as a whole: its partitions, its size, all its records.

use super::{
    RouteTable,
    answer::RecordView,
    destination::Destination,
    stats::{PartitionView, RouteStats},
};
use crate::{
    key::AsKey,
    raw::{Cursor, Guard, pin},
};

impl<R: Destination> RouteTable<R> {
    /// The partition that a key belongs to. It follows from the whole key, so the threads of one room are spread over
    /// all partitions.
    ///
    /// ```
    /// use tenure_core::{RouteTable, SessionKey};
    ///
    /// let table = RouteTable::<String>::builder().partitions(4).build()?;
    /// assert!(table.partition_of(&SessionKey::for_room("irc", "libera", "#rust")) < table.partition_count());
    /// # Ok::<(), tenure_core::BuildRouteTableError>(())
    /// ```
    pub fn partition_of(&self, key: impl AsKey) -> usize {
        self.own(&key).index()
    }

    /// How many partitions there are.
    pub fn partition_count(&self) -> usize {
        self.inner.partitions.len()
    }

    /// One partition and its state, or none if there are not that many.
    pub fn partition(&self, index: usize) -> Option<PartitionView<'_, R>> {
        self.inner.partitions.get(index).map(|partition| PartitionView::new(partition, &self.inner.shared))
    }

    /// How many records are held: the fresh ones, the expired ones that nobody has met or pruned yet, and those that
    /// other threads are about to store. Blocks nobody; never more than the bounds of all partitions together.
    ///
    /// ```
    /// use tenure_core::{RouteTable, SessionKey};
    ///
    /// let table = RouteTable::<&'static str>::default();
    /// assert_eq!((table.len(), table.is_empty()), (0, true));
    /// table.set(SessionKey::for_room("irc", "libera", "#rust"), "!rust")?;
    /// assert_eq!((table.len(), table.stats().set), (1, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn len(&self) -> usize {
        let (guard, bound) = (pin(), self.inner.shared.bound());
        self.inner.partitions.iter().map(|partition| partition.store(&guard).len(bound)).sum()
    }

    /// Whether no record is held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All fresh records, in no particular order. Blocks no writer.
    ///
    /// A record that is fresh during the whole walk comes once; one that is set, removed or expires meanwhile may or
    /// may not come, and one whose route is replaced meanwhile may come as it was, as it is, or both.
    ///
    /// ```
    /// use tenure_core::{RouteTable, SessionKey};
    ///
    /// let table: RouteTable<&'static str> = RouteTable::default();
    /// table.set(SessionKey::for_room("irc", "libera", "#rust"), "!rust")?;
    /// let guard = tenure_core::pin();
    /// assert_eq!(table.iter(&guard).map(|record| *record.route()).collect::<Vec<_>>(), ["!rust"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn iter<'g>(&'g self, guard: &'g Guard) -> impl Iterator<Item = RecordView<'g, R>> {
        self.inner.partitions.iter().flat_map(move |partition| {
            let (mut cursor, mut complete, mut batch) = (Cursor::default(), false, Vec::new());
            std::iter::from_fn(move || {
                while batch.is_empty() && !complete {
                    let store = partition.available(guard).ok()?;
                    let now = self.inner.shared.now();
                    complete = store.table.scan(&mut cursor, 64, guard, |entry| {
                        loop {
                            let life = entry.value().life();
                            if !life.is_fresh(now) {
                                break;
                            }
                            if let Some(view) = RecordView::new(entry, life) {
                                batch.push(view);
                                break;
                            }
                        }
                    });
                }
                batch.pop()
            })
        })
    }

    /// All fresh records of a key's room: the room-scope record and those of its threads. Walks the whole table, as
    /// [`iter`](Self::iter) does.
    ///
    /// ```
    /// use tenure_core::{RouteTable, SessionKey};
    ///
    /// let table: RouteTable<&'static str> = RouteTable::default();
    /// let thread = SessionKey::new("irc", "libera", "#rust", Some("t_9"));
    /// table.set(&thread, "!t9")?;
    /// table.set(SessionKey::for_room("irc", "libera", "#rust"), "!rust")?;
    /// table.set(SessionKey::for_room("irc", "libera", "#go"), "!go")?;
    /// assert_eq!(table.iter_room(&thread, &tenure_core::pin()).count(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn iter_room<'g>(
        &'g self,
        key: impl AsKey + 'g,
        guard: &'g Guard,
    ) -> impl Iterator<Item = RecordView<'g, R>> {
        let room = key.room_scope();
        self.iter(guard).filter(move |record| room.is_room_of(record.parts()))
    }

    /// What has happened so far, in all partitions together.
    pub fn stats(&self) -> RouteStats {
        let parts = (0..self.partition_count()).filter_map(|index| self.partition(index));
        let mut stats = parts.fold(RouteStats::default(), |sum, partition| sum + partition.stats());
        stats.observer_panics = self.inner.shared.observers.panics();
        stats
    }
}
