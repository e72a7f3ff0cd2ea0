// SPDX-License-Identifier: GPL-2.0

//! The MFIFO: lines, byte lanes, the load-lock, and the faults of programs that need too much.
//!
//! The manual's sections are "MFIFO usage overview", "Resource sharing between DMA channels",
//! "Updating DMA channel control registers during a DMA cycle" and "Watchdog abort".

use super::{
    program::{
        Program,
        Side, //
    },
    source,
    Dmac,
    Test,
    Thread,
    ABORT_LINE,
    CPC1,
    CSR1,
    DESTINATION,
    EVENT,
    FAULTING,
    FSRC,
    IDLE,
    INTCLR,
    INTEN,
    KILL_CHANNEL_1,
    LEN,
    PROGRAM,
    RIS,
    SOURCE,
    STOPPED, //
};
use crate::prelude::*;

const WD: u64 = 0xe80;

/// Channel states.
const EXECUTING: u32 = 1;

/// The channel after a fault of the MFIFO, and after a lock-up.
const TOO_SMALL: Thread = (FAULTING, 1 << 12);
const NO_DATA: Thread = (FAULTING, 1 << 13);
const LOCKED_UP: Thread = (FAULTING, 1 << 31);

/// Four and sixteen beats as wide as the bus.
const FOUR: Side = Side::new(8, 4);
const FULL: Side = Side::new(8, 16);

/// Names and tests.
pub const TESTS: [(&str, Test); 9] = [
    ("realigns_data", |dmac| {
        // The manual's examples of unaligned transfers.
        let to_unaligned = Program::new((SOURCE, FOUR), (DESTINATION + 4, FOUR))
            .repeat(16, |it| it.load().store())
            .control(FOUR, Side::new(4, 1))
            .store();
        let from_unaligned = Program::new((SOURCE + 4, FOUR), (DESTINATION, FOUR))
            .load()
            .repeat(15, |it| it.load().store())
            .control(Side::new(4, 1), FOUR)
            .load()
            .store();

        for (program, from, to) in [(to_unaligned, 0, 4), (from_unaligned, 4, 0)] {
            dmac.expect_thread(&program.end(), IDLE)?;

            let mut expected = vec![0xaa; LEN];

            expected[to..to + 512].copy_from_slice(&source()[from..from + 512]);
            expect("destination", dmac.destination()?, expected)?;
        }
        Ok(())
    }),
    ("stores_from_the_lanes_of_the_address", |dmac| {
        let (double, word) = (Side::new(8, 1), Side::new(4, 1));
        let program = Program::new((SOURCE, double), (DESTINATION, word))
            .load()
            .store_zeroes()
            .store()
            .end();

        dmac.expect_thread(&program, IDLE)?;

        // The first four bytes are in lanes 0 to 3, and the store is from 4 to 7.
        let expected = [&[0; 4], &source()[4..8]].concat();

        expect("destination", &dmac.destination()?[..8], &expected)
    }),
    ("counts_lines", |dmac| {
        let word = Side::new(4, 4);
        let shapes = [
            (SOURCE, FULL, DESTINATION, FULL, 16),
            (SOURCE + 3, FULL, DESTINATION + 3, FULL, 16),
            // A line more for the first bytes or the last ones.
            (SOURCE, FULL, DESTINATION + 1, FULL, 17),
            (SOURCE, word, DESTINATION, word, 2),
            (SOURCE, word, DESTINATION + 4, word, 3),
            // A line for each beat at one address.
            (SOURCE, word, DESTINATION, word.fixed(), 4),
            (SOURCE, word.fixed(), DESTINATION, word, 4),
        ];

        for (from, source, to, destination, lines) in shapes {
            let program = Program::new((from, source), (to, destination)).load();
            // The last line of a misaligned burst is not needed for its store.
            let program = program.store().end();

            dmac.set("x-mfifo-lines", lines)?;
            dmac.expect_thread(&program, IDLE)?;
            dmac.set("x-mfifo-lines", lines - 1)?;
            dmac.expect_thread(&program, TOO_SMALL)?;
        }

        // A store of more than there can be, and one of more than there is.
        let program = Program::new((SOURCE, FOUR), (DESTINATION, FULL)).load();
        let program = program.store().end();

        dmac.set("x-mfifo-lines", 15)?;
        dmac.expect_thread(&program, TOO_SMALL)?;
        dmac.set("x-mfifo-lines", 0)?;
        dmac.expect_thread(&program, NO_DATA)
    }),
    ("discards_data_for_another_lane", |dmac| {
        let (pair, one) = (Side::new(8, 2), Side::new(8, 1));
        let begin = || {
            Program::new((SOURCE, pair), (DESTINATION, one))
                .load()
                .store()
        };
        let second = source()[8..16].to_vec();
        let kept = [
            begin().destination(DESTINATION + 16),
            begin().skip(8),
            begin().source(SOURCE + 5),
            begin().control(one.fixed(), one),
            begin().control(pair, Side::new(4, 2)),
        ];
        let discarded = [
            begin().destination(DESTINATION + 12),
            begin().skip(4),
            begin().control(pair, one.fixed()),
        ];

        for program in kept {
            dmac.expect_thread(&program.store().end(), IDLE)?;

            let destination = dmac.destination()?;
            let is_there = destination[8..].chunks(8).any(|it| it == second);

            ensure!(is_there, "the second beat is not stored: {destination:?}");
        }
        for program in discarded {
            let offset = program.len();

            dmac.expect_thread(&program.store().end(), NO_DATA)?;
            dmac.expect_register(CPC1, PROGRAM + 0x1000 + offset)?;
        }
        Ok(())
    }),
    ("locks_the_mfifo_for_a_channel", |dmac| {
        let load = || Program::new((SOURCE, FULL), (DESTINATION, FULL)).load();
        let released = [
            load().store(),
            load().store_zeroes(),
            load().read_barrier(),
            load().write_barrier(),
            load().wait(5),
            load().wait_for_burst(0),
            load().control(FOUR, FULL).end(),
        ];
        let at = DESTINATION + 2048;
        let other = Program::new((SOURCE, FULL), (at, FULL)).load();
        let other = other.store().end();

        // The second channel waits for as long as the first one spins.
        dmac.start(1, &load().spin())?;
        dmac.start(2, &other)?;
        dmac.expect_state(2, EXECUTING)?;
        dmac.expect_state(1, EXECUTING)?;
        dmac.kill()?;
        dmac.expect_state(2, STOPPED)?;
        for program in released {
            dmac.start(1, &program.spin())?;
            dmac.start(2, &other)?;
            dmac.expect_state(2, STOPPED)?;
            dmac.kill()?;
        }
        Ok(())
    }),
    ("locks_up", |dmac| {
        // A channel that waits holds 16 lines, and another one asks for all 128.
        let full = || Program::new((SOURCE, FULL), (DESTINATION, FULL));
        let other = full().load().wait(5).end();

        dmac.expect_thread(&full().repeat(8, Program::load).end(), IDLE)?;
        dmac.start(2, &other)?;
        dmac.expect_thread(&full().repeat(8, Program::load).end(), LOCKED_UP)?;
        // The one that waits does not contribute to it.
        dmac.debug(KILL_CHANNEL_1 + 0x100, 0)?;
        dmac.expect_state(2, STOPPED)
    }),
    ("interrupts_only_on_a_lock_up", |dmac| {
        let program = Program::new((SOURCE, FULL), (DESTINATION, FULL));
        let program = program.repeat(9, Program::load).end();

        dmac.expect_register(WD, 0)?;
        dmac.write(WD, u32::MAX)?;
        dmac.expect_register(WD, 1)?;
        dmac.start(1, &program)?;
        dmac.expect_state(1, EXECUTING)?;
        dmac.expect_register(FSRC, 0)?;
        expect("abort line", dmac.0.is_raised(ABORT_LINE), true)?;
        dmac.kill()?;
        dmac.expect_state(1, STOPPED)?;
        expect("abort line", dmac.0.is_raised(ABORT_LINE), false)?;

        // The thread faults when the register is cleared.
        dmac.start(1, &program)?;
        dmac.write(WD, 0)?;
        expect("thread", dmac.thread()?, LOCKED_UP)?;
        expect("abort line", dmac.0.is_raised(ABORT_LINE), true)?;
        dmac.kill()?;
        dmac.expect_register(FSRC, 0)?;
        expect("abort line", dmac.0.is_raised(ABORT_LINE), false)
    }),
    ("keeps_the_data_of_other_channels", |dmac| {
        // Both hold data, and the first one to store is not the first one to load.
        let hold = |at| {
            Program::new((SOURCE, FULL), (at, FULL))
                .load()
                .read_barrier()
                .wait(5)
                .store()
                .end()
        };

        dmac.write(INTEN, 0xffff & !(1 << 5))?;
        dmac.start(1, &hold(DESTINATION))?;
        dmac.kill()?;
        dmac.start(1, &hold(DESTINATION))?;
        dmac.start(2, &hold(DESTINATION + 128))?;
        dmac.start(3, &Program(vec![]).send(5).end())?;
        dmac.expect_state(1, STOPPED)?;
        dmac.expect_state(2, STOPPED)?;

        let expected = [&source()[..128], &source()[..128]].concat();

        dmac.write(INTEN, 0xffff)?;
        expect("destination", &dmac.destination()?[..256], &expected)
    }),
    ("clears_interrupts_only", |dmac| {
        dmac.write(INTEN, 0)?;
        dmac.start(1, &Program(vec![]).send(3).end())?;
        dmac.expect_register(RIS, EVENT)?;
        dmac.write(INTCLR, u32::MAX)?;
        dmac.expect_register(RIS, EVENT)?;
        dmac.write(INTEN, 0xffff)?;
        dmac.write(INTCLR, u32::MAX)?;
        dmac.expect_register(RIS, 0)
    }),
];

impl Dmac {
    /// Runs a program on channel 1, after which its state and fault type must be `expected`, and
    /// kills it.
    fn expect_thread(&mut self, program: &Program, expected: Thread) -> Result<()> {
        self.0.store(DESTINATION.into(), &[0xaa; LEN])?;
        self.start(1, program)?;
        expect("thread", self.thread()?, expected)?;
        self.kill()
    }

    fn expect_state(&mut self, channel: u32, expected: u32) -> Result<()> {
        let state = self.register(CSR1 + 8 * u64::from(channel - 1))? & 0xf;

        expect(&format!("state of channel {channel}"), state, expected)
    }
}
