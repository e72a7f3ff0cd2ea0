// SPDX-License-Identifier: GPL-2.0

//! Request lines: `machine/README.md`, "Request lines". The test is the peripheral.

use super::{
    program::{
        Program,
        Side, //
    },
    Dmac,
    Test,
    BEAT,
    BURST,
    CSR1,
    DESTINATION,
    LEN,
    PATH,
    SOURCE,
    STOPPED, //
};
use crate::prelude::*;

/// Peripheral whose line is wired: the transmitter of SPI4, which requests nothing while it is off.
const PERIPHERAL: u8 = 13;

/// Status of a channel that waits for the peripheral: state 7, its number, the kind of the DMAWFP.
const WAITS: u32 = 7 | ((PERIPHERAL as u32) << 4);
const FOR_BURST: u32 = 1 << 14;

/// Bits of the status that do not belong to that.
const NON_SECURE: u32 = 1 << 21;

const FULL: Side = Side::new(8, 16);

/// Names and tests.
pub const TESTS: [(&str, Test); 5] = [
    ("waits_for_a_request", |dmac| {
        dmac.begin(&copies(1, answered))?;
        dmac.expect_register(CSR1, NON_SECURE | WAITS | FOR_BURST)?;
        dmac.request(true)?;
        dmac.finish(BURST)?;
        // A request that was answered comes again, because the line is high.
        dmac.begin(&copies(8, answered))?;
        dmac.finish(LEN)?;
        dmac.request(false)
    }),
    ("keeps_a_request_until_it_is_flushed", |dmac| {
        dmac.request(true)?;
        dmac.request(false)?;
        dmac.begin(&copies(1, answered))?;
        dmac.finish(BURST)?;

        dmac.request(true)?;
        dmac.request(false)?;
        dmac.begin(&flushed(1, answered))?;
        dmac.expect_register(CSR1, NON_SECURE | WAITS | FOR_BURST)?;
        dmac.kill()
    }),
    ("needs_an_answer_to_a_request", |dmac| {
        let unanswered: Body = |it| it.wait_for_burst(PERIPHERAL).load().store();

        dmac.request(true)?;
        dmac.begin(&flushed(8, unanswered))?;
        dmac.expect_register(CSR1, NON_SECURE | WAITS | FOR_BURST)?;
        expect("copied", dmac.copied()?, BURST)?;
        dmac.kill()?;

        // A new program does not help, DMAFLUSHP does.
        dmac.begin(&copies(1, answered))?;
        dmac.expect_register(CSR1, NON_SECURE | WAITS | FOR_BURST)?;
        dmac.kill()?;
        dmac.begin(&flushed(8, answered))?;
        dmac.finish(LEN)?;
        dmac.request(false)
    }),
    ("does_not_answer_bursts_by_single_transfers", |dmac| {
        let single: Body = |it| {
            it.wait_for_single(PERIPHERAL)
                .load()
                .store_single(PERIPHERAL)
        };

        dmac.request(true)?;
        dmac.begin(&flushed(8, single))?;
        dmac.expect_register(CSR1, NON_SECURE | WAITS)?;
        expect("copied", dmac.copied()?, BEAT)?;
        dmac.kill()?;
        dmac.request(false)?;
        dmac.begin(&Program(vec![]).flush(PERIPHERAL).end())?;
        dmac.expect_states(&[STOPPED])
    }),
    ("takes_a_request_at_the_end_of_the_burst", |dmac| {
        // The burst is on the bus for a while, in which the thread waits.
        dmac.set("x-burst-cycles", 3 * 8192)?;
        dmac.request(true)?;
        dmac.begin(&flushed(2, answered))?;
        dmac.expect_register(CSR1, NON_SECURE | WAITS | FOR_BURST)?;
        dmac.request(false)?;
        dmac.0.wait(Duration::from_millis(10))?;
        dmac.expect_register(CSR1, NON_SECURE | WAITS | FOR_BURST)?;
        expect("copied", dmac.copied()?, BURST)?;
        dmac.request(true)?;
        dmac.finish(2 * BURST)?;
        dmac.request(false)?;
        dmac.set("x-burst-cycles", 0)
    }),
];

type Body = fn(Program) -> Program;

/// Appends the copy of a burst that answers a request.
fn answered(program: Program) -> Program {
    program
        .wait_for_burst(PERIPHERAL)
        .load()
        .store_burst(PERIPHERAL)
}

/// Returns a program that copies `bursts` bursts, each by `body`.
fn copies(bursts: u8, body: Body) -> Program {
    Program::new((SOURCE, FULL), (DESTINATION, FULL))
        .repeat(bursts, body)
        .end()
}

/// Returns the same program, which forgets earlier requests first.
fn flushed(bursts: u8, body: Body) -> Program {
    Program::new((SOURCE, FULL), (DESTINATION, FULL))
        .flush(PERIPHERAL)
        .repeat(bursts, body)
        .end()
}

impl Dmac {
    /// Sets the line of the peripheral, and waits until the controller has seen it.
    fn request(&mut self, level: bool) -> Result<()> {
        self.0
            .set_input(PATH, "request", PERIPHERAL.into(), level)?;
        self.0.wait(Duration::from_micros(1))
    }
}
