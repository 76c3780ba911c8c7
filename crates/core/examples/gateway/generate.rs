//! A chat log made up from a seed: some people talk much and most little, conversations come and go, connections too.

use crate::log::{Kind, Line, Log, LogBuilder};

const BRIDGES: [&str; 3] = ["irc.harbor", "irc.meadow", "irc.summit"];
const ROOMS_PER_BRIDGE: usize = 12;
const PEOPLE: usize = 6_000;
/// Conversations that go on in one room at the same time, at most.
const GOING_ON: usize = 12;
/// 1 January 2025, 00:00 UTC.
const START: u64 = 1_735_689_600;

/// A log of `events` events; the same seed makes the same log.
///
/// # Panics
///
/// Never: its times only grow, and span days.
pub(crate) fn generate(seed: u64, events: usize) -> Log {
    let mut random = Random(seed);
    let mut world = World::new(&mut random);
    let mut log = LogBuilder::new();
    let mut time = START;
    let mut thread = String::new();
    while log.len() < events {
        // About an event a second; every few hours a pause in which conversations are forgotten.
        time += if random.one_in(15_000) { 3_600 + random.below(4 * 3_600) } else { random.below(3) };
        let (person, kind, room, conversation) = world.next(&mut random);
        let person = &world.people[person];
        let thread = conversation.map(|id| {
            thread.clear();
            thread.push_str(&id.to_string());
            &*thread
        });
        let line = Line {
            time,
            bridge: BRIDGES[person.bridge],
            room: &world.rooms[person.bridge][room].name,
            nick: &person.nick,
            kind,
            thread,
        };
        log.push(line).expect("its time is not before the last, and days after the first");
    }
    log.finish()
}

struct Person {
    nick: String,
    bridge: usize,
    rooms: [usize; 3],
    online: bool,
}

struct Room {
    name: String,
    /// The latest first.
    conversations: Vec<u32>,
}

struct World {
    people: Vec<Person>,
    activity: Zipf,
    rooms: Vec<Vec<Room>>,
    conversations: u32,
}

impl World {
    fn new(random: &mut Random) -> Self {
        let popularity = Zipf::new(ROOMS_PER_BRIDGE, 0.8);
        let people = (0..PEOPLE)
            .map(|number| Person {
                nick: nick(number, random),
                bridge: random.below(BRIDGES.len() as u64) as usize,
                rooms: std::array::from_fn(|_| popularity.pick(random)),
                online: false,
            })
            .collect();
        let room = |number| Room { name: format!("#room-{number}"), conversations: Vec::new() };
        let rooms = BRIDGES.map(|_| (0..ROOMS_PER_BRIDGE).map(room).collect()).into();
        Self { people, activity: Zipf::new(PEOPLE, 0.9), rooms, conversations: 0 }
    }

    /// Who does what in which room, and the conversation if it is a message in one.
    fn next(&mut self, random: &mut Random) -> (usize, Kind, usize, Option<u32>) {
        let index = self.activity.pick(random);
        let person = &mut self.people[index];
        let room = person.rooms[random.below(3) as usize];
        let kind = match random.below(1_000) {
            // Some are first seen when they speak, and some quit without having been seen.
            _ if !person.online && !random.one_in(8) => Kind::Join,
            0..35 => Kind::Quit,
            35..40 => Kind::Join,
            40..55 => Kind::Rename,
            _ => Kind::Message,
        };
        person.online = kind != Kind::Quit;
        let conversation = (kind == Kind::Message).then(|| self.conversation(index, room, random)).flatten();
        (index, kind, room, conversation)
    }

    /// The conversation of a message: none, a new one, or one that goes on, the latest most often.
    fn conversation(&mut self, person: usize, room: usize, random: &mut Random) -> Option<u32> {
        let going_on = &mut self.rooms[self.people[person].bridge][room].conversations;
        if random.one_in(3) {
            return None;
        }
        if going_on.is_empty() || random.one_in(14) {
            self.conversations += 1;
            going_on.insert(0, self.conversations);
            going_on.truncate(GOING_ON);
            return Some(self.conversations);
        }
        let depth = random.next().trailing_zeros() as usize;
        let chosen = going_on.remove(depth.min(going_on.len() - 1));
        going_on.insert(0, chosen);
        Some(chosen)
    }
}

/// A nick with the marks that chat networks allow; the number keeps it apart from all others.
fn nick(number: usize, random: &mut Random) -> String {
    const SYLLABLES: [&str; 12] = ["ka", "lo", "mi", "ren", "to", "zu", "é", "ny", "bar", "qui", "sol", "ö"];
    const MARKS: [&str; 8] = ["", "", "", "_", "|away", "[m]", "^", "\\o"];
    let mut syllable = || SYLLABLES[random.below(SYLLABLES.len() as u64) as usize];
    let (first, second) = (syllable(), syllable());
    format!("{first}{second}{number}{}", MARKS[random.below(MARKS.len() as u64) as usize])
}

/// Numbers of which the first are picked most: number n as often as 1 / (n + 1)^exponent says.
struct Zipf {
    sums: Vec<f64>,
}

impl Zipf {
    fn new(numbers: usize, exponent: f64) -> Self {
        let mut sum = 0.0;
        let weight = |number: u32| f64::from(number).powf(-exponent);
        let sums = (1..).take(numbers).map(|number| {
            sum += weight(number);
            sum
        });
        Self { sums: sums.collect() }
    }

    fn pick(&self, random: &mut Random) -> usize {
        let total = self.sums.last().copied().unwrap_or_default();
        let drawn = random.fraction() * total;
        self.sums.partition_point(|sum| *sum <= drawn).min(self.sums.len() - 1)
    }
}

/// `SplitMix64`: small, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`; what is lost to rounding is less than one in 2^32.
    fn below(&mut self, bound: u64) -> u64 {
        ((self.next() >> 32) * bound) >> 32
    }

    fn one_in(&mut self, chances: u64) -> bool {
        self.below(chances) == 0
    }

    /// From 0 to 1, without 1.
    fn fraction(&mut self) -> f64 {
        f64::from((self.next() >> 32) as u32) / 4_294_967_296.0
    }
}
