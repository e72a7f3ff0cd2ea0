// SPDX-License-Identifier: GPL-2.0

//! The faults of the virtual board's controllers, as a driver sees them: the table in
//! `machine/README.md` is true. No kernel runs.

mod data;
mod program;
mod requests;
mod time;

use crate::prelude::*;
use program::Program;

/// Properties of a controller that inject faults, in the order of their registers.
const PROPERTIES: &str = "x-fail-read x-fail-write x-fail-fetch x-bad-start x-bad-size x-fail-go \
                          x-hang x-lose-interrupts x-lose-events x-lose-aborts x-ignore-kill \
                          x-debug-busy x-completing x-late-events x-mfifo-lines x-burst-cycles \
                          x-upstream-stz x-lose-state x-debug-busy-us";

/// Property that reads 0, because nothing is left to happen after a write.
const IMMEDIATE: &str = "x-lose-state";

/// Registers that inject faults, and the number of bytes of each controller's.
const FAULTS: u64 = 0xfea0_1000;
const FAULTS_SIZE: u64 = 0x100;

/// Register of the clock and reset unit that resets the board, and the value that does.
const RESET: (u64, u32) = (0xfd7c_0c08, 0xfdb9);

/// dmac2, its interrupts and its registers.
const PATH: &str = "/machine/soc/dmac2";
const EVENT_LINE: u32 = 90;
const ABORT_LINE: u32 = 91;
const REGISTERS: u64 = 0xfed1_0000;

const DSR: u64 = 0x00;
const INTEN: u64 = 0x20;
const RIS: u64 = 0x24;
const INTMIS: u64 = 0x28;
const INTCLR: u64 = 0x2c;
const FSRC: u64 = 0x34;
const FTRD: u64 = 0x38;
const FTR1: u64 = 0x44;
const CSR1: u64 = 0x108;
const CPC1: u64 = 0x10c;
const DBGSTATUS: u64 = 0xd00;
const DBGCMD: u64 = 0xd04;
const DBGINST0: u64 = 0xd08;
const DBGINST1: u64 = 0xd0c;

/// Thread states.
const STOPPED: u32 = 0;
const CACHE_MISS: u32 = 2;
const KILLING: u32 = 8;
const FAULTING_COMPLETING: u32 = 14;
const FAULTING: u32 = 15;

/// Debug instructions.
const KILL_MANAGER: u32 = 0x0001_0000;
const KILL_CHANNEL_1: u32 = 0x0001_0101;
const GO_CHANNEL_0: u32 = 0x00a2_0000;
const GO_CHANNEL_1: u32 = 0x01a2_0000;

const SOURCE: u32 = 0x0100_0000;
const DESTINATION: u32 = 0x0300_0000;
const PROGRAM: u32 = 0x0200_0000;

/// Length of the copy: eight bursts of sixteen beats of eight bytes.
const LEN: usize = 1024;
const BURST: usize = 128;
const BEAT: usize = 8;

/// Event that the program signals at its end, as a bit.
const EVENT: u32 = 1 << 3;

/// State that a driver finds after it has started the program and waited:
/// - state and fault type of the channel, and of the manager,
/// - RIS, INTMIS, and true if the event's line is up,
/// - FSRC, and true if the abort line is up,
/// - number of bytes at the start of the destination that are the source's.
type Outcome = (Thread, Thread, (u32, u32, bool), (u32, bool), usize);
type Thread = (u32, u32);

const IDLE: Thread = (STOPPED, 0);
const NO_EVENT: (u32, u32, bool) = (0, 0, false);
const NO_ABORT: (u32, bool) = (0, false);

/// Outcome without a fault.
const GOOD: Outcome = (IDLE, IDLE, (EVENT, EVENT, true), NO_ABORT, LEN);

/// Outcome if the program does not start.
const NOTHING: Outcome = (IDLE, IDLE, NO_EVENT, NO_ABORT, 0);

/// The manager after a DMAGO by the debug port that it may not execute.
const REFUSED: Thread = (FAULTING, (1 << 4) | (1 << 30));

/// The channel after a bus error: on a fetch, a write or a read.
const BAD_FETCH: Thread = (FAULTING, 1 << 16);
const BAD_WRITE: Thread = (FAULTING, 1 << 17);
const BAD_READ: Thread = (FAULTING, 1 << 18);

/// Returns the outcome of a copy after whose first `copied` bytes the channel faulted.
const fn fault(channel: Thread, copied: usize) -> Outcome {
    (channel, IDLE, NO_EVENT, (1 << 1, true), copied)
}

/// Time that the controller gives the CPU while a program goes on.
const RUN: Duration = Duration::from_micros(100);

type Test = fn(&mut Dmac) -> Result<()>;

/// Names and tests. Before and after each of them, the controller works.
const TESTS: [(&str, Test); 15] = [
    ("fails_reads", |dmac| {
        fails_bursts(dmac, "x-fail-read", BAD_READ, 0)
    }),
    ("fails_writes", |dmac| {
        fails_bursts(dmac, "x-fail-write", BAD_WRITE, BURST - BEAT)
    }),
    ("fails_fetches", |dmac| {
        // Three DMAMOV, DMALP, and then DMALD: the first, the fourth and the fifth instruction.
        for (instruction, offset) in [(1, 0), (4, 18), (5, 20)] {
            dmac.set("x-fail-fetch", instruction)?;
            dmac.expect_run(fault(BAD_FETCH, 0))?;
            dmac.expect_register(CPC1, PROGRAM + offset)?;
            dmac.kill_and_expect_good()?;
        }
        // Four, eight times three, and three. They stall, but do not count more often.
        dmac.set("x-fail-fetch", 32)?;
        dmac.expect_good()?;
        dmac.expect_left("x-fail-fetch", 1)?;
        dmac.set("x-fail-fetch", 0)
    }),
    ("fails_at_addresses", |dmac| {
        dmac.set("x-bad-size", 1)?;
        for (address, channel, copied) in [
            (SOURCE, BAD_READ, 0),
            (DESTINATION + LEN as u32 - 1, BAD_WRITE, LEN - BEAT),
            (PROGRAM + 5, BAD_FETCH, 0),
        ] {
            dmac.set("x-bad-start", address)?;
            // Unlike what counts, it happens again.
            for _ in 0..2 {
                dmac.expect_run(fault(channel, copied))?;
                dmac.kill()?;
            }
        }
        dmac.set("x-bad-start", DESTINATION + LEN as u32)?;
        dmac.expect_good()?;
        dmac.set("x-bad-start", SOURCE)?;
        dmac.set("x-bad-size", 0)
    }),
    ("fails_to_go", |dmac| {
        dmac.set("x-fail-go", 2)?;
        dmac.expect_good()?;
        // After the first, the manager is faulting, so it starts nothing.
        for _ in 0..2 {
            dmac.expect_run((IDLE, REFUSED, NO_EVENT, (0, true), 0))?;
        }
        dmac.set("x-ignore-kill", 1 << 8)?;
        dmac.debug(KILL_MANAGER, 0)?;
        dmac.expect_register(FTRD, REFUSED.1)?;
        dmac.set("x-ignore-kill", 0)?;
        dmac.debug(KILL_MANAGER, 0)
    }),
    ("hangs", |dmac| {
        dmac.set("x-hang", 2)?;
        dmac.expect_good()?;
        dmac.expect_run(((CACHE_MISS, 0), IDLE, NO_EVENT, NO_ABORT, 0))?;
        dmac.0.wait(Duration::from_secs(100))?;
        dmac.expect_register(CPC1, PROGRAM)?;
        dmac.expect_states(&[CACHE_MISS])?;
        dmac.kill_and_expect_good()
    }),
    ("loses_interrupts", |dmac| {
        dmac.set("x-lose-interrupts", 2)?;
        for left in [1, 0] {
            dmac.expect_run((IDLE, IDLE, (EVENT, EVENT, false), NO_ABORT, LEN))?;
            dmac.expect_left("x-lose-interrupts", left)?;
        }
        // The next raises the line, although the others were not cleared.
        dmac.expect_good()
    }),
    ("loses_events", |dmac| {
        dmac.set("x-lose-events", 1)?;
        dmac.expect_run((IDLE, IDLE, NO_EVENT, NO_ABORT, LEN))?;
        dmac.expect_left("x-lose-events", 0)
    }),
    ("loses_aborts", |dmac| {
        dmac.set("x-lose-aborts", 1)?;
        for raised in [false, true] {
            dmac.set("x-fail-read", 1)?;
            dmac.expect_run((BAD_READ, IDLE, NO_EVENT, (1 << 1, raised), 0))?;
            dmac.kill_and_expect_good()?;
        }
        Ok(())
    }),
    ("delays_events", |dmac| {
        dmac.set("x-late-events", 1)?;
        dmac.expect_run((IDLE, IDLE, NO_EVENT, NO_ABORT, LEN))?;
        dmac.expect_left("x-late-events", 0)?;
        // The event came after `expect_run` had read INTMIS.
        expect("line of the event", dmac.0.is_raised(EVENT_LINE), true)?;
        dmac.expect_register(RIS, EVENT)?;
        dmac.expect_register(INTMIS, EVENT)
    }),
    ("ignores_kills", |dmac| {
        for (property, state) in [("x-hang", CACHE_MISS), ("x-fail-read", FAULTING)] {
            dmac.set("x-ignore-kill", 1 << 1)?;
            dmac.set(property, 1)?;
            dmac.run()?;
            dmac.kill()?;
            dmac.expect_states(&[state])?;
            dmac.expect_register(DBGSTATUS, 0)?;
            dmac.set("x-ignore-kill", !(1 << 1))?;
            dmac.kill_and_expect_good()?;
        }
        Ok(())
    }),
    ("stays_busy", |dmac| {
        dmac.set("x-debug-busy", 1000)?;
        dmac.expect_run(NOTHING)?;
        dmac.set("x-debug-busy", 2)?;
        dmac.expect_register(DBGSTATUS, 1)?;
        dmac.expect_register(DBGSTATUS, 1)?;
        dmac.expect_register(DBGSTATUS, 0)
    }),
    ("completes_late", |dmac| {
        let completing = (FAULTING_COMPLETING, 1 << 18);

        dmac.set("x-completing", 3)?;
        dmac.set("x-fail-read", 1)?;
        // This reads the status for the first time.
        dmac.expect_run((completing, IDLE, NO_EVENT, (1 << 1, true), 0))?;
        dmac.expect_states(&[FAULTING_COMPLETING])?;
        dmac.kill()?;
        dmac.expect_register(DBGSTATUS, 0)?;
        dmac.expect_states(&[FAULTING_COMPLETING, FAULTING, FAULTING])?;
        dmac.kill()?;
        dmac.expect_register(FSRC, 0)?;
        dmac.expect_states(&[KILLING, KILLING])?;
        dmac.kill()?;
        dmac.debug(GO_CHANNEL_1, PROGRAM)?;
        dmac.expect_states(&[KILLING, STOPPED, STOPPED])?;
        // There is nothing to kill.
        dmac.kill()?;
        dmac.expect_states(&[STOPPED])?;
        dmac.expect_left("x-completing", 3)?;
        dmac.expect_good()?;
        dmac.set("x-completing", 0)
    }),
    ("is_good_after_a_reset", |dmac| {
        for property in PROPERTIES.split(' ') {
            dmac.set(property, 1)?;
        }
        dmac.0.write(RESET.0, RESET.1)?;
        for property in PROPERTIES.split(' ') {
            dmac.expect_left(property, 0)?;
        }
        dmac.prepare()
    }),
    ("has_registers_for_faults", |Dmac(bare)| {
        let mut registers = vec![];

        for controller in 0..3 {
            let addresses = (FAULTS + controller * FAULTS_SIZE..).step_by(4);
            let path = format!("/machine/soc/dmac{controller}");
            let properties = PROPERTIES
                .split(' ')
                .map(|property| (path.clone(), property));

            registers.extend(addresses.zip(properties));
        }
        for (value, (address, _)) in (1..).zip(&registers) {
            bare.write(*address, value)?;
        }
        for (value, (address, (path, property))) in (1..).zip(&registers) {
            let value = if *property == IMMEDIATE { 0 } else { value };

            expect(path, bare.get(path, property)?, value.into())?;
            expect(property, bare.read(*address)?, value)?;
            bare.write(*address, 0)?;
        }

        let properties = 4 * PROPERTIES.split(' ').count() as u64;

        // Past the properties of a controller, and past the controllers.
        for offset in [properties, FAULTS_SIZE - 4, 3 * FAULTS_SIZE, 0xffc] {
            expect("no register", bare.read(FAULTS + offset)?, u32::MAX)?;
            bare.write(FAULTS + offset, 1)?;
        }
        // The state was lost.
        bare.write(REGISTERS + INTEN, 0xffff)
    }),
];

/// Adds the tests, each with a board of its own.
pub fn add(suite: &mut Suite) {
    let tests = TESTS.iter().chain(&data::TESTS);
    let tests = tests.chain(&time::TESTS).chain(&requests::TESTS);

    for &(name, test) in tests {
        suite.test(&format!("machine::{name}"), move || {
            let mut dmac = Dmac(Board::get()?.bare()?);

            dmac.prepare()?;
            dmac.expect_good()?;
            test(&mut dmac)?;
            dmac.expect_good()
        });
    }
}

/// Fails the first, a middle and the last burst, of which `copied` bytes reach the destination.
fn fails_bursts(dmac: &mut Dmac, property: &str, channel: Thread, copied: usize) -> Result<()> {
    for burst in [1, 3, 8] {
        dmac.set(property, burst as u32)?;
        dmac.expect_run(fault(channel, (burst - 1) * BURST + copied))?;
        dmac.expect_left(property, 0)?;
        dmac.kill_and_expect_good()?;
    }
    // One that does not come does not fail.
    dmac.set(property, 9)?;
    dmac.expect_good()?;
    dmac.expect_left(property, 1)?;
    dmac.set(property, 0)
}

/// A controller with a program in its memory.
struct Dmac(Bare);

impl Dmac {
    /// Writes source and program to memory, and makes all events interrupts.
    fn prepare(&mut self) -> Result<()> {
        self.0.store(SOURCE.into(), &source())?;
        self.0.store(PROGRAM.into(), &program())?;
        self.0.write(REGISTERS + INTEN, 0xffff)
    }

    fn set(&mut self, property: &str, value: u32) -> Result<()> {
        self.0.set(PATH, property, value)
    }

    fn expect_left(&mut self, property: &str, expected: u32) -> Result<()> {
        expect(property, self.0.get(PATH, property)?, expected.into())
    }

    fn register(&mut self, offset: u64) -> Result<u32> {
        self.0.read(REGISTERS + offset)
    }

    fn write(&mut self, offset: u64, value: u32) -> Result<()> {
        self.0.write(REGISTERS + offset, value)
    }

    fn expect_register(&mut self, offset: u64, expected: u32) -> Result<()> {
        let name = format!("register {offset:#x}");

        expect(&name, self.register(offset)?, expected)
    }

    /// Reads the status of channel 1 once for each of `expected`.
    fn expect_states(&mut self, expected: &[u32]) -> Result<()> {
        expected
            .iter()
            .try_for_each(|&state| expect("state of channel 1", self.register(CSR1)? & 0xf, state))
    }

    /// Executes an instruction through the debug port.
    fn debug(&mut self, first: u32, second: u32) -> Result<()> {
        self.0.write(REGISTERS + DBGINST0, first)?;
        self.0.write(REGISTERS + DBGINST1, second)?;
        self.0.write(REGISTERS + DBGCMD, 0)
    }

    fn kill(&mut self) -> Result<()> {
        self.debug(KILL_CHANNEL_1, 0)
    }

    /// Starts `program`, which is stored at `address`, on a channel.
    fn start_at(&mut self, channel: u32, program: &Program, address: u32) -> Result<()> {
        self.0.store(address.into(), &program.0)?;
        self.debug(GO_CHANNEL_0 | (channel << 24), address)
    }

    /// Starts a program on a channel and waits for longer than it needs.
    fn start(&mut self, channel: u32, program: &Program) -> Result<()> {
        self.start_at(channel, program, PROGRAM + 0x1000 * channel)?;
        self.0.wait(Duration::from_millis(1))
    }

    /// Starts a program on channel 1, with another destination than it is to have.
    fn begin(&mut self, program: &Program) -> Result<()> {
        self.0.store(DESTINATION.into(), &[0xaa; LEN])?;
        self.start_at(1, program, PROGRAM + 0x1000)
    }

    /// Waits until channel 1 has stopped. The first `copied` bytes must be copied then.
    fn finish(&mut self, copied: usize) -> Result<()> {
        self.0.wait(100 * RUN)?;
        self.expect_states(&[STOPPED])?;
        expect("copied", self.copied()?, copied)
    }

    /// Returns the bytes at the destination.
    fn destination(&mut self) -> Result<Vec<u8>> {
        self.0.load(DESTINATION.into(), LEN)
    }

    /// Returns the number of bytes at the start of the destination that are the source's.
    fn copied(&mut self) -> Result<usize> {
        let destination = self.destination()?;
        let pairs = destination.iter().zip(source());

        Ok(pairs.take_while(|(found, sent)| *found == sent).count())
    }

    /// Returns state and fault type of channel 1.
    fn thread(&mut self) -> Result<Thread> {
        Ok((self.register(CSR1)? & 0xf, self.register(FTR1)?))
    }

    /// Starts the program on channel 1 and waits for longer than it needs.
    fn run(&mut self) -> Result<Outcome> {
        self.0.store(DESTINATION.into(), &[0xaa; LEN])?;
        self.debug(GO_CHANNEL_1, PROGRAM)?;
        self.0.wait(Duration::from_millis(1))?;

        let copied = self.copied()?;
        let raised = [EVENT_LINE, ABORT_LINE].map(|line| self.0.is_raised(line));

        Ok((
            self.thread()?,
            (self.register(DSR)? & 0xf, self.register(FTRD)?),
            (self.register(RIS)?, self.register(INTMIS)?, raised[0]),
            (self.register(FSRC)?, raised[1]),
            copied,
        ))
    }

    fn expect_run(&mut self, expected: Outcome) -> Result<()> {
        expect("outcome", self.run()?, expected)
    }

    /// Runs the program, which must work, and clears its interrupt.
    fn expect_good(&mut self) -> Result<()> {
        self.expect_run(GOOD)?;
        self.0.write(REGISTERS + INTCLR, EVENT)?;
        self.expect_register(INTMIS, 0)?;
        expect("line of the event", self.0.is_raised(EVENT_LINE), false)
    }

    /// Kills the channel, after which it must work.
    fn kill_and_expect_good(&mut self) -> Result<()> {
        self.kill()?;
        self.expect_good()
    }
}

/// Returns bytes that differ from burst to burst, and from the old bytes of the destination.
fn source() -> Vec<u8> {
    let byte = |index| (index ^ (index / BURST)) as u8 & 0x7f;

    (0..LEN).map(byte).collect()
}

/// Returns a program that copies in bursts, signals the event and ends.
fn program() -> Vec<u8> {
    // Sixteen beats of eight bytes on both sides, non-secure.
    let control: u32 = 0x00bd_c2f7;
    let mut program = vec![];

    for (register, value) in [(1, control), (0, SOURCE), (2, DESTINATION)] {
        program.extend([0xbc, register]);
        program.extend(value.to_le_bytes());
    }
    // LP 8; LD; ST; LPEND; WMB; SEV 3; END
    program.extend([0x20, 7, 0x04, 0x08, 0x38, 2, 0x13, 0x34, 3 << 3, 0x00]);
    program
}
