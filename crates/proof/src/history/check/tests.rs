use super::*;
use proptest::prelude::*;

/// Two numbers. Reading both is two steps, so two numbers that never stood there together may be read.
struct Two;

#[derive(Clone, Debug)]
enum Operation {
    Write(usize, u8),
    Read(usize),
    ReadBoth,
}

#[derive(Clone, Debug, PartialEq)]
enum Answer {
    Written,
    Read(u8),
    Both(u8, u8),
}

/// The first of the two numbers, once it has been read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Seen(Option<u8>);

type Event = Record<Operation, Answer>;

impl Specification for Two {
    type State = [u8; 2];
    type Operation = Operation;
    type Answer = Answer;
    type Progress = Seen;

    fn initial(&self) -> [u8; 2] {
        [0; 2]
    }

    fn step(&self, at: &Around<'_, Self>, outcomes: &mut Outcomes<Self>) {
        let mut state = *at.state;
        match (at.operation, at.answer, *at.progress) {
            (Operation::Write(place, value), Answer::Written, _) => {
                state[*place] = *value;
                outcomes.done(state);
            }
            (Operation::Read(place), Answer::Read(value), _) if state[*place] == *value => {
                outcomes.done(state);
            }
            (Operation::ReadBoth, _, Seen(None)) => outcomes.goes_on(state, Seen(Some(state[0]))),
            (Operation::ReadBoth, Answer::Both(first, second), Seen(Some(seen)))
                if (seen, state[1]) == (*first, *second) =>
            {
                outcomes.done(state);
            }
            _ => {}
        }
    }
}

/// The definition, tried out in every order: steps one after the other, none before its operation began, nor before all
/// that had ended by then have taken their last step.
fn exists_an_order(history: &[Event], state: [u8; 2], stages: &[Option<Seen>]) -> bool {
    if stages.iter().all(Option::is_none) {
        return true;
    }
    let open = |index: usize| stages[index].is_some();
    let may_step = |index: usize| {
        (0..history.len()).all(|other| !open(other) || history[other].ended >= history[index].began)
    };
    (0..history.len()).filter(|&index| open(index) && may_step(index)).any(|index| {
        let Record { operation, answer, .. } = &history[index];
        let progress = stages[index].expect("it is open");
        let mut outcomes = Outcomes::default();
        let at =
            Around { state: &state, progress: &progress, operation, answer, under_way: &[], unreturned: &[] };
        Two.step(&at, &mut outcomes);
        outcomes.drain().any(|(state, progress)| {
            let mut stages = stages.to_vec();
            stages[index] = progress;
            exists_an_order(history, state, &stages)
        })
    })
}

/// One thread's operations: how long each waits, how long it takes, what it is.
fn thread() -> impl Strategy<Value = Vec<(u64, u64, Operation, Answer)>> {
    let value = 0..3_u8;
    let operation = prop_oneof![
        3 => (0..2_usize, value.clone()).prop_map(|(place, value)| (Operation::Write(place, value), Answer::Written)),
        2 => (0..2_usize, value.clone()).prop_map(|(place, value)| (Operation::Read(place), Answer::Read(value))),
        2 => (value.clone(), value).prop_map(|(one, two)| (Operation::ReadBoth, Answer::Both(one, two))),
    ];
    let timed = (1..6_u64, 1..12_u64, operation);
    prop::collection::vec(timed.prop_map(|(wait, takes, (o, a))| (wait, takes, o, a)), 0..=2)
}

/// At most six operations of three threads, all stamps different.
fn history() -> impl Strategy<Value = Vec<Event>> {
    prop::array::uniform3(thread()).prop_map(|threads| {
        let mut history = Vec::new();
        for (thread, operations) in threads.into_iter().enumerate() {
            let mut clock = 0;
            for (wait, takes, operation, answer) in operations {
                let began = clock + wait;
                clock = began + takes;
                let stamp = |time: u64| time * 3 + thread as u64;
                let (began, ended) = (stamp(began), stamp(clock));
                history.push(Record { thread, began, ended, operation, answer });
            }
        }
        history
    })
}

/// With answers that some order gave, so that about as many histories are right as wrong.
fn answered(mut history: Vec<Event>, picks: &[prop::sample::Index]) -> Vec<Event> {
    let (mut state, mut seen) = ([0; 2], vec![None; history.len()]);
    let mut open: Vec<usize> = (0..history.len()).collect();
    for pick in picks.iter().cycle() {
        let first_end = open.iter().map(|&index| history[index].ended).min();
        let Some(first_end) = first_end else { break };
        let can: Vec<usize> =
            open.iter().copied().filter(|&index| history[index].began <= first_end).collect();
        let index = can[pick.index(can.len())];
        let answer = match (&history[index].operation, seen[index]) {
            (Operation::Write(place, value), _) => {
                state[*place] = *value;
                Some(Answer::Written)
            }
            (Operation::Read(place), _) => Some(Answer::Read(state[*place])),
            (Operation::ReadBoth, None) => {
                seen[index] = Some(state[0]);
                None
            }
            (Operation::ReadBoth, Some(first)) => Some(Answer::Both(first, state[1])),
        };
        if let Some(answer) = answer {
            history[index].answer = answer;
            open.retain(|&other| other != index);
        }
    }
    history
}

proptest! {
    #[test]
    fn it_agrees_with_trying_every_order(history in history()) {
        let stages = vec![Some(Seen(None)); history.len()];
        prop_assert_eq!(check(&Two, &history).is_ok(), exists_an_order(&history, [0; 2], &stages));
    }

    #[test]
    fn it_accepts_what_some_order_gave_and_agrees_on_it_with_one_answer_changed(
        history in history(),
        picks in prop::collection::vec(any::<prop::sample::Index>(), 12),
        place in any::<prop::sample::Index>(),
        value in 0..3_u8,
    ) {
        let mut history = answered(history, &picks);
        prop_assert!(check(&Two, &history).is_ok());
        if !history.is_empty() {
            let changed = place.index(history.len());
            match &mut history[changed].answer {
                Answer::Written => {}
                Answer::Read(read) | Answer::Both(_, read) => *read = value,
            }
        }
        let stages = vec![Some(Seen(None)); history.len()];
        prop_assert_eq!(check(&Two, &history).is_ok(), exists_an_order(&history, [0; 2], &stages));
    }
}

#[test]
fn a_violation_names_the_operation_and_what_came_before() {
    let write =
        Record { thread: 0, began: 0, ended: 1, operation: Operation::Write(0, 7), answer: Answer::Written };
    let read =
        Record { thread: 1, began: 2, ended: 3, operation: Operation::Read(0), answer: Answer::Read(6) };
    let violation = check(&Two, &[write, read]).unwrap_err().to_string();
    assert!(violation.contains("thread 1: Read(0) -> Read(6)"), "{violation}");
    assert!(violation.contains("thread 0: Write(0, 7) -> Written"), "{violation}");
    assert!(violation.contains("[7, 0]"), "{violation}");
}
