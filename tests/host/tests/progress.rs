// SPDX-License-Identifier: GPL-2.0

//! Tests of programs that report progress, run by the model: at each point, and at no other time,
//! the bytes that the program counter tells of are in memory.

use crate::copy_tests::{
    buses,
    pattern,
    proptest_config,
    RK3588, //
};
use crate::model::{
    Channel,
    Memory, //
};
use crate::plan_tests::{
    config,
    memory_of_lists,
    of_same_len,
    parts,
    segments,
    BASE,
    ENOUGH, //
};
use crate::program::insn::{
    Assembler,
    Event, //
};
use crate::program::{
    Copy,
    Operation,
    PlanError,
    Points,
    ProgramLimits,
    ProgramWriter,
    Reporting,
    Segment,
    SegmentIndices,
    SgCopy, //
};
use proptest::prelude::*;

/// Event of the channel, and that of progress.
const END: u8 = 5;
const PROGRESS: u8 = 8;

/// First byte of DMASEV.
const SEV: u8 = 0x34;

/// Returns `job` with reports of its progress.
macro_rules! reporting {
    ($job:expr, $every:expr) => {
        ProgramWriter::new(Reporting::new($job, $every, Event::new(PROGRESS).unwrap()).unwrap())
            .unwrap()
    };
}

/// Runs all programs of `plan` and checks their points. Returns the number of points that were
/// reported before the ends of programs.
fn run<J: Operation>(
    mut plan: ProgramWriter<J>,
    points_of: impl Fn(&ProgramWriter<J>) -> Points,
    every: u64,
    bus: ProgramLimits,
    memory: &mut Memory,
    room: usize,
) -> usize {
    let mut count = 0;

    while !plan.is_written() {
        let before = plan.done();
        let mut bytes = vec![0xee; room];
        let mut asm = Assembler::at(&mut bytes, BASE);

        plan.write(&mut asm, bus, Event::new(END).unwrap()).unwrap();

        let code = asm.len();
        let points = points_of(&plan);

        assert_eq!(points.done_at_end(), plan.done());
        memory.replace(BASE, bytes.clone());

        let mut channel = Channel::new(config(bus), &bytes[..code], memory);
        let mut passed = None;
        let mut stopped = false;

        while !stopped {
            let at = channel.pc();

            // Also while the instruction at `at` is executed.
            assert_eq!(points.done_at(at), passed, "at {at}");
            stopped = channel.step().unwrap().is_some();
            if bytes[at] == SEV && bytes[at + 1] == PROGRESS << 3 {
                let raised = channel.stats().raised.last().unwrap();
                let next = (before / every + 1) * every;

                passed = Some(passed.map_or(next, |it| it + every));
                // All of these bytes are in memory, and no others.
                assert_eq!(raised.event, PROGRESS);
                assert_eq!(Some(before + raised.stored), passed);
                count += 1;
            }
        }

        let raised = &channel.stats().raised;
        let (last, others) = raised.split_last().unwrap();

        assert_eq!(last.event, END);
        assert_eq!(before + last.stored, plan.done());
        assert!(others.iter().all(|it| it.event == PROGRESS));
        if plan.is_written() {
            let least = (plan.done() - 1) / every - before / every;

            assert_eq!(others.len() as u64, least);
        }
    }
    count
}

/// Checks the destination segments, in their order.
fn expect_copied(memory: &Memory, to: &[Segment], data: &[u8]) {
    let mut at = 0;

    for segment in to.iter().filter(|it| it.len != 0) {
        let end = at + segment.len as usize;

        assert!(memory.region(segment.address) == &data[at..end]);
        at = end;
    }
}

proptest! {
    #![proptest_config(proptest_config())]

    #[test]
    fn points_of_any_copy(
        bus in buses(), from in 0..=40u32, to in 0..=40u32, len in 1..=9000u32,
        every in prop_oneof![1..=300u64, 1..=10_000u64], room in ENOUGH..700,
    ) {
        // Not more programs than the test has time for.
        let every = every.max(u64::from(len) / 100 + 1);
        let data = pattern(len);
        let from = Segment { address: 0x1000_0000 + from, len };
        let to = Segment { address: 0x8000_0000 + to, len };
        let mut memory = memory_of_lists(&[from], &[to], &data);
        let job = Copy { source: from.address, destination: to.address, len };

        run(reporting!(job, every), |it| it.points(), every, bus, &mut memory, room);
        expect_copied(&memory, &[to], &data);
    }

    #[test]
    fn points_of_any_lists(
        bus in buses(), from in parts(), to in parts(),
        every in prop_oneof![1..=300u64, 1..=10_000u64], room in ENOUGH..900,
    ) {
        let from = segments(0x1000_0003, &from);
        let to = of_same_len(&from, segments(0x8000_0001, &to));
        let total: u32 = from.iter().map(|segment| segment.len).sum();
        let every = every.max(u64::from(total) / 100 + 1);

        if total != 0 {
            let data = pattern(total);
            let mut memory = memory_of_lists(&from, &to, &data);
            let job = SgCopy::new(from.iter().copied(), to.iter().copied());

            run(reporting!(job, every), |it| it.points(), every, bus, &mut memory, room);
            expect_copied(&memory, &to, &data);
        }
    }
}

#[test]
fn half_a_copy_is_one_point_of_one_program() {
    let len = 1 << 20;
    let data = pattern(len);
    let [from, to] = [0x1000_0000, 0x8000_0000].map(|address| Segment { address, len });
    let mut memory = memory_of_lists(&[from], &[to], &data);
    let job = Copy {
        source: from.address,
        destination: to.address,
        len,
    };
    let plan = reporting!(job, u64::from(len) / 2);

    assert_eq!(
        run(
            plan,
            |it| it.points(),
            u64::from(len) / 2,
            RK3588,
            &mut memory,
            256
        ),
        1
    );
}

#[test]
fn a_copy_that_is_not_longer_has_no_points() {
    for every in [100, 101, u64::MAX] {
        let data = pattern(100);
        let [from, to] = [0x1000_0000, 0x8000_0000].map(|address| Segment { address, len: 100 });
        let mut memory = memory_of_lists(&[from], &[to], &data);
        let job = Copy {
            source: from.address,
            destination: to.address,
            len: 100,
        };
        let plan = reporting!(job, every);

        assert_eq!(
            run(plan, |it| it.points(), every, RK3588, &mut memory, 256),
            0
        );
    }
}

#[test]
fn no_interval_is_refused() {
    let job = Copy {
        source: 0,
        destination: 0x1000,
        len: 1,
    };

    assert_eq!(
        Reporting::new(job, 0, Event::new(PROGRESS).unwrap()).err(),
        Some(PlanError::Empty)
    );
}

/// A fault after a point is of the segment that was copied then.
#[test]
fn segments_are_located_in_a_program_with_points() {
    let segment = |address| Segment { address, len: 64 };
    let (from, to) = ([0x1000, 0x2000].map(segment), [0x8000, 0x9000].map(segment));
    let plan = reporting!(SgCopy::new(from, to), 32);
    let mut written = plan.clone();
    let mut bytes = vec![0; 256];
    let mut asm = Assembler::at(&mut bytes, BASE);

    written
        .write(&mut asm, RK3588, Event::new(END).unwrap())
        .unwrap();
    assert!(written.is_written());

    let code = asm.len();
    let mut again = vec![0; 256];
    let last = plan.locate(&mut Assembler::at(&mut again, BASE), RK3588, code - 5);

    assert_eq!(
        last,
        Some(SegmentIndices {
            source: 1,
            destination: 1
        })
    );
}
