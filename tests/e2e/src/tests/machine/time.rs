// SPDX-License-Identifier: GPL-2.0

//! Bursts, kills and debug instructions that take time, and a state that is lost.

use super::{
    program::{
        Program,
        Side, //
    },
    source,
    Test,
    ABORT_LINE,
    BURST,
    CSR1,
    DBGSTATUS,
    DESTINATION,
    EVENT,
    EVENT_LINE,
    FAULTING,
    FAULTING_COMPLETING,
    FSRC,
    INTCLR,
    INTEN,
    INTMIS,
    KILLING,
    LEN,
    RIS,
    RUN,
    SOURCE,
    STOPPED, //
};
use crate::prelude::*;

/// Channel states.
const AT_BARRIER: u32 = 5;
const COMPLETING: u32 = 9;

/// Number of cycles after which the controller gives the CPU time.
const CYCLES: u32 = 8192;

/// Register with the gate of the clock of dmac2, that bit, and the bit that lets it be written.
const CLKGATE_CON10: u64 = 0xfd7c_0828;
const GATE: u32 = 1 << 7;
const GATE_WRITTEN: u32 = GATE << 16;

const FULL: Side = Side::new(8, 16);

/// Names and tests.
pub const TESTS: [(&str, Test); 9] = [
    ("answers_with_a_clock_only", |dmac| {
        dmac.write(INTEN, 0x5)?;
        dmac.0.write(CLKGATE_CON10, GATE_WRITTEN | GATE)?;
        dmac.expect_register(INTEN, 0)?;
        dmac.write(INTEN, 0xa)?;
        dmac.0.write(CLKGATE_CON10, GATE_WRITTEN)?;
        dmac.expect_register(INTEN, 0x5)?;
        dmac.write(INTEN, 0xffff)
    }),
    ("signals_before_posted_stores", |dmac| {
        dmac.set("x-burst-cycles", 3 * CYCLES)?;
        // The event does not wait, and the end does.
        dmac.begin(&copy(8).send(3).end())?;
        dmac.expect_register(INTMIS, EVENT)?;
        dmac.expect_states(&[COMPLETING])?;
        expect("copied", dmac.copied()?, 0)?;
        dmac.finish(LEN)?;
        dmac.write(INTCLR, EVENT)?;

        // With a barrier, the event waits.
        dmac.begin(&copy(8).write_barrier().send(3).end())?;
        dmac.expect_register(INTMIS, 0)?;
        dmac.expect_states(&[AT_BARRIER])?;
        dmac.finish(LEN)?;
        dmac.expect_register(INTMIS, EVENT)?;
        dmac.set("x-burst-cycles", 0)
    }),
    ("overlaps_loads_and_stores", |dmac| {
        // Eight loads and then eight stores are on the bus at a time.
        dmac.set("x-burst-cycles", 3 * CYCLES)?;
        dmac.begin(&copy(8).end())?;
        dmac.0.wait(4 * RUN)?;
        dmac.expect_states(&[COMPLETING])?;
        expect("copied", dmac.copied()?, 0)?;
        dmac.0.wait(3 * RUN)?;
        dmac.expect_states(&[STOPPED])?;
        expect("copied", dmac.copied()?, LEN)?;

        // One that waits for its data each time takes longer than two would.
        let singly = |it: Program| it.load().store().write_barrier();
        let program = Program::new((SOURCE, FULL), (DESTINATION, FULL));

        dmac.begin(&program.repeat(8, singly).end())?;
        dmac.0.wait(12 * RUN)?;
        dmac.expect_states(&[AT_BARRIER])?;
        dmac.finish(LEN)?;
        dmac.set("x-burst-cycles", 0)
    }),
    ("loads_before_it_has_stored", |dmac| {
        // From the source to a burst further on: what is stored there is too late for the load.
        let bytes = source();
        let program = Program::new((SOURCE, FULL), (SOURCE + BURST as u32, FULL))
            .repeat(2, |it| it.load().store())
            .end();

        dmac.set("x-burst-cycles", CYCLES)?;
        dmac.begin(&program)?;
        dmac.finish(0)?;

        let loaded = dmac.0.load(SOURCE.into(), 3 * BURST)?;
        let expected = [&bytes[..BURST], &bytes[..2 * BURST]].concat();

        dmac.0.store(SOURCE.into(), &bytes)?;
        expect("source", loaded, expected)?;
        dmac.set("x-burst-cycles", 0)
    }),
    ("ends_bursts_before_it_is_killed", |dmac| {
        // The loads have their data after ten runs, when the stores are put on the bus.
        dmac.set("x-burst-cycles", 10 * CYCLES)?;
        dmac.begin(&copy(8).end())?;
        dmac.0.wait(10 * RUN)?;
        dmac.kill()?;
        dmac.expect_states(&[KILLING])?;
        dmac.kill()?;
        dmac.begin(&copy(8).end())?;
        dmac.expect_states(&[KILLING])?;
        dmac.finish(LEN)?;

        // Stores whose data are not there are not begun.
        dmac.begin(&copy(8).end())?;
        dmac.kill()?;
        dmac.expect_states(&[KILLING])?;
        dmac.finish(0)?;
        dmac.set("x-burst-cycles", 0)
    }),
    ("ends_bursts_before_it_has_faulted", |dmac| {
        dmac.set("x-burst-cycles", 3 * CYCLES)?;
        dmac.set("x-fail-read", 2)?;
        dmac.begin(&copy(8).end())?;
        dmac.0.wait(3 * RUN)?;
        dmac.expect_states(&[FAULTING_COMPLETING])?;
        dmac.expect_register(FSRC, 1 << 1)?;
        expect("abort line", dmac.0.is_raised(ABORT_LINE), true)?;
        // DMAKILL needs a complete fault.
        dmac.kill()?;
        dmac.expect_states(&[FAULTING_COMPLETING])?;
        dmac.0.wait(4 * RUN)?;
        dmac.expect_states(&[FAULTING])?;
        expect("copied", dmac.copied()?, BURST)?;
        dmac.kill()?;
        dmac.expect_states(&[STOPPED])?;
        dmac.set("x-burst-cycles", 0)
    }),
    ("zeroes_as_upstream_does", |dmac| {
        let pair = Side::new(8, 2);
        let program = Program::new((SOURCE, pair), (DESTINATION + 3, pair))
            .store_zeroes()
            .store_zeroes()
            .end();
        let hole = [0xaa; 3];

        for (upstream, after) in [(0, [0; 3]), (1, hole)] {
            dmac.set("x-upstream-stz", upstream)?;
            dmac.begin(&program)?;
            dmac.finish(0)?;

            let expected = [&hole[..], &[0; 13], &after, &[0; 13], &[0xaa]].concat();

            expect("zeroes", &dmac.destination()?[..33], &expected)?;
        }
        Ok(())
    }),
    ("loses_its_state", |dmac| {
        // A pending event, a thread that waits and one that has faulted.
        dmac.begin(&copy(8).send(3).end())?;
        dmac.start(2, &Program(vec![]).wait(4).end())?;
        dmac.set("x-fail-fetch", 1)?;
        dmac.begin(&copy(8).end())?;
        dmac.set("x-debug-busy-us", 7)?;
        dmac.set("x-lose-state", 1)?;
        for register in [INTEN, RIS, INTMIS, FSRC, CSR1, CSR1 + 8] {
            dmac.expect_register(register, 0)?;
        }
        for line in [EVENT_LINE, ABORT_LINE] {
            expect("line", dmac.0.is_raised(line), false)?;
        }
        // The properties are no part of the state.
        dmac.expect_left("x-debug-busy-us", 7)?;
        dmac.set("x-debug-busy-us", 0)?;
        dmac.write(INTEN, 0xffff)
    }),
    ("executes_debug_instructions_late", |dmac| {
        let last = Duration::from_nanos(1);
        let program = copy(8).send(3).end();

        dmac.set("x-debug-busy-us", 50)?;
        dmac.begin(&program)?;
        // This is lost, as the port is busy.
        dmac.0.wait(Duration::from_micros(50) - last)?;
        dmac.kill()?;
        dmac.expect_register(DBGSTATUS, 1)?;
        dmac.expect_states(&[STOPPED])?;
        dmac.expect_register(INTMIS, 0)?;
        dmac.0.wait(last)?;
        dmac.expect_register(DBGSTATUS, 0)?;
        // The registers of the instruction that was lost had taken the place of DMAGO.
        expect("copied", dmac.copied()?, 0)?;

        dmac.begin(&program)?;
        dmac.0.wait(Duration::from_micros(50))?;
        expect("copied", dmac.copied()?, LEN)?;
        dmac.expect_register(DBGSTATUS, 0)?;
        dmac.set("x-debug-busy-us", 0)
    }),
];

/// Returns a copy of `bursts` bursts, without DMAEND.
fn copy(bursts: u8) -> Program {
    Program::new((SOURCE, FULL), (DESTINATION, FULL)).repeat(bursts, |it| it.load().store())
}
