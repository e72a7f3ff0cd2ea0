// SPDX-License-Identifier: GPL-2.0

//! The faults of the virtual board's controllers, as a driver sees them: the table in
//! `machine/README.md` is true. No kernel runs.

use crate::{
    board::Bare,
    prelude::*, //
};

/// Properties of a controller that inject faults, in the order of their registers.
const PROPERTIES: [&str; 13] = [
    "x-fail-read",
    "x-fail-write",
    "x-fail-fetch",
    "x-bad-start",
    "x-bad-size",
    "x-fail-go",
    "x-hang",
    "x-lose-interrupts",
    "x-lose-events",
    "x-lose-aborts",
    "x-ignore-kill",
    "x-debug-busy",
    "x-completing",
];

/// dmac2, its registers and its interrupts.
const PATH: &str = "/machine/soc/dmac2";
const REGISTERS: u64 = 0xfed1_0000;
const EVENT_LINE: u32 = 90;
const ABORT_LINE: u32 = 91;

const INTEN: u64 = 0x20;
const RIS: u64 = 0x24;
const INTMIS: u64 = 0x28;
const INTCLR: u64 = 0x2c;
const FSRC: u64 = 0x34;
const FTRD: u64 = 0x38;
const FTR1: u64 = 0x44;
const DSR: u64 = 0x00;
const CSR1: u64 = 0x108;
const CPC1: u64 = 0x10c;
const DBGSTATUS: u64 = 0xd00;
const DBGCMD: u64 = 0xd04;
const DBGINST0: u64 = 0xd08;
const DBGINST1: u64 = 0xd0c;

/// Registers that inject faults, and the number of bytes of each controller's.
const FAULTS: u64 = 0xfea0_1000;
const FAULTS_SIZE: u64 = 0x100;

/// Register of the clock and reset unit that resets the board, and the value that does.
const RESET: (u64, u32) = (0xfd7c_0c08, 0xfdb9);

/// Thread states.
const STOPPED: u32 = 0;
const CACHE_MISS: u32 = 2;
const KILLING: u32 = 8;
const FAULTING_COMPLETING: u32 = 14;
const FAULTING: u32 = 15;

/// FTRD after a DMAGO by the debug port that the manager may not execute.
const REFUSED: u32 = (1 << 4) | (1 << 30);

/// Debug instructions.
const KILL_MANAGER: u32 = 0x0001_0000;
const KILL_CHANNEL_1: u32 = 0x0001_0101;
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

/// State that a driver finds after it has started the program and waited.
#[derive(Debug, PartialEq)]
struct Outcome {
    /// State and fault type of the channel.
    channel: (u32, u32),
    /// State and fault type of the manager.
    manager: (u32, u32),
    /// RIS, INTMIS, and true if the event's line is up.
    event: (u32, u32, bool),
    /// FSRC, and true if the abort line is up.
    abort: (u32, bool),
    /// Number of bytes at the start of the destination that are the source's.
    copied: usize,
}

/// Outcome without a fault.
const GOOD: Outcome = Outcome {
    channel: (STOPPED, 0),
    manager: (STOPPED, 0),
    event: (EVENT, EVENT, true),
    abort: (0, false),
    copied: LEN,
};

/// Outcome if the program does not start.
const NOTHING: Outcome = Outcome {
    event: (0, 0, false),
    copied: 0,
    ..GOOD
};

/// Outcome of a copy that failed in a burst: `kind` is the bit of FTRn.
const fn fault(kind: u32, copied: usize) -> Outcome {
    Outcome {
        channel: (FAULTING, 1 << kind),
        abort: (1 << 1, true),
        copied,
        ..NOTHING
    }
}

type Test = fn(&mut Dmac) -> Result<()>;

const TESTS: [(&str, Test); 14] = [
    ("fails_reads", |it| fails_bursts(it, "x-fail-read", 18, 0)),
    ("fails_writes", |it| {
        fails_bursts(it, "x-fail-write", 17, BURST - BEAT)
    }),
    ("fails_fetches", fails_fetches),
    ("fails_at_addresses", fails_at_addresses),
    ("fails_to_go", fails_to_go),
    ("hangs", hangs),
    ("loses_interrupts", loses_interrupts),
    ("loses_events", loses_events),
    ("loses_aborts", loses_aborts),
    ("ignores_kills", ignores_kills),
    ("stays_busy", stays_busy),
    ("completes_late", completes_late),
    ("is_good_after_a_reset", is_good_after_a_reset),
    ("has_registers_for_faults", has_registers_for_faults),
];

/// Adds the tests, each with a board of its own.
pub fn add(suite: &mut Suite) {
    for (name, test) in TESTS {
        suite.test(&format!("machine::{name}"), move || {
            let bare = Board::get()?.bare()?;
            let mut dmac = Dmac { bare };

            dmac.prepare()?;
            dmac.expect_good()?;
            test(&mut dmac)?;
            dmac.expect_good()
        });
    }
}

/// Fails the first, a middle and the last burst; `kind` is the bit of FTRn, `copied` the number of
/// bytes of the failing burst that reach the destination.
fn fails_bursts(dmac: &mut Dmac, property: &str, kind: u32, copied: usize) -> Result<()> {
    for burst in [1, 3, 8] {
        dmac.provoke(property, burst)?;
        dmac.run_and_expect(fault(kind, (burst as usize - 1) * BURST + copied))?;
        dmac.expect_left(property, 0)?;
        dmac.kill_and_expect_good()?;
    }
    // One that does not come does not fail.
    dmac.provoke(property, 9)?;
    dmac.expect_good()?;
    dmac.expect_left(property, 1)?;
    dmac.provoke(property, 0)
}

fn fails_fetches(dmac: &mut Dmac) -> Result<()> {
    // Three DMAMOV, DMALP, and then DMALD: the first, the fourth and the fifth instruction.
    for (instruction, offset) in [(1, 0), (4, 18), (5, 20)] {
        dmac.provoke("x-fail-fetch", instruction)?;
        dmac.run_and_expect(fault(16, 0))?;
        dmac.expect_register(CPC1, PROGRAM + offset)?;
        dmac.kill_and_expect_good()?;
    }
    // Four, eight times three, and three. They stall, but do not count more often.
    dmac.provoke("x-fail-fetch", 32)?;
    dmac.expect_good()?;
    dmac.expect_left("x-fail-fetch", 1)?;
    dmac.provoke("x-fail-fetch", 0)
}

fn fails_at_addresses(dmac: &mut Dmac) -> Result<()> {
    dmac.provoke("x-bad-size", 1)?;
    for (address, expected) in [
        (SOURCE, fault(18, 0)),
        (DESTINATION + LEN as u32 - 1, fault(17, LEN - BEAT)),
        (PROGRAM + 5, fault(16, 0)),
    ] {
        dmac.provoke("x-bad-start", address)?;
        dmac.run_and_expect(expected)?;
        dmac.debug(KILL_CHANNEL_1, 0)?;
        // Unlike what counts, it happens again.
        expect("state of the second", dmac.run()?.channel.0, FAULTING)?;
        dmac.debug(KILL_CHANNEL_1, 0)?;
    }
    dmac.provoke("x-bad-start", DESTINATION + LEN as u32)?;
    dmac.expect_good()?;
    dmac.provoke("x-bad-start", SOURCE)?;
    dmac.provoke("x-bad-size", 0)
}

fn fails_to_go(dmac: &mut Dmac) -> Result<()> {
    let refused = || Outcome {
        manager: (FAULTING, REFUSED),
        abort: (0, true),
        ..NOTHING
    };

    dmac.provoke("x-fail-go", 2)?;
    dmac.expect_good()?;
    dmac.run_and_expect(refused())?;
    // The manager is faulting, so it starts nothing.
    dmac.run_and_expect(refused())?;
    dmac.provoke("x-ignore-kill", 1 << 8)?;
    dmac.debug(KILL_MANAGER, 0)?;
    dmac.expect_register(FTRD, REFUSED)?;
    dmac.provoke("x-ignore-kill", 0)?;
    dmac.debug(KILL_MANAGER, 0)
}

fn hangs(dmac: &mut Dmac) -> Result<()> {
    dmac.provoke("x-hang", 2)?;
    dmac.expect_good()?;
    dmac.run_and_expect(Outcome {
        channel: (CACHE_MISS, 0),
        ..NOTHING
    })?;
    dmac.bare.wait(Duration::from_secs(100))?;
    dmac.expect_register(CPC1, PROGRAM)?;
    dmac.expect_states(&[CACHE_MISS])?;
    dmac.kill_and_expect_good()
}

fn loses_interrupts(dmac: &mut Dmac) -> Result<()> {
    dmac.provoke("x-lose-interrupts", 2)?;
    for left in [1, 0] {
        dmac.run_and_expect(Outcome {
            event: (EVENT, EVENT, false),
            ..GOOD
        })?;
        dmac.expect_left("x-lose-interrupts", left)?;
    }
    // The next raises the line, although the others were not cleared.
    dmac.expect_good()
}

fn loses_events(dmac: &mut Dmac) -> Result<()> {
    dmac.provoke("x-lose-events", 1)?;
    dmac.run_and_expect(Outcome {
        event: (0, 0, false),
        ..GOOD
    })?;
    dmac.expect_left("x-lose-events", 0)
}

fn loses_aborts(dmac: &mut Dmac) -> Result<()> {
    dmac.provoke("x-lose-aborts", 1)?;
    for raised in [false, true] {
        dmac.provoke("x-fail-read", 1)?;
        dmac.run_and_expect(Outcome {
            abort: (1 << 1, raised),
            ..fault(18, 0)
        })?;
        dmac.kill_and_expect_good()?;
    }
    Ok(())
}

fn ignores_kills(dmac: &mut Dmac) -> Result<()> {
    for (property, state) in [("x-hang", CACHE_MISS), ("x-fail-read", FAULTING)] {
        dmac.provoke("x-ignore-kill", 1 << 1)?;
        dmac.provoke(property, 1)?;
        dmac.run()?;
        dmac.debug(KILL_CHANNEL_1, 0)?;
        dmac.expect_states(&[state])?;
        dmac.expect_register(DBGSTATUS, 0)?;
        dmac.provoke("x-ignore-kill", !(1 << 1))?;
        dmac.kill_and_expect_good()?;
    }
    Ok(())
}

fn stays_busy(dmac: &mut Dmac) -> Result<()> {
    dmac.provoke("x-debug-busy", 1)?;
    dmac.run_and_expect(NOTHING)?;
    dmac.expect_register(DBGSTATUS, 1)?;
    dmac.provoke("x-debug-busy", 0)?;
    dmac.expect_register(DBGSTATUS, 0)
}

fn completes_late(dmac: &mut Dmac) -> Result<()> {
    dmac.provoke("x-completing", 3)?;
    dmac.provoke("x-fail-read", 1)?;
    // The first read of the status is in here.
    dmac.run_and_expect(Outcome {
        channel: (FAULTING_COMPLETING, 1 << 18),
        ..fault(18, 0)
    })?;
    dmac.expect_states(&[FAULTING_COMPLETING])?;
    dmac.debug(KILL_CHANNEL_1, 0)?;
    dmac.expect_register(DBGSTATUS, 0)?;
    dmac.expect_states(&[FAULTING_COMPLETING, FAULTING, FAULTING])?;
    dmac.debug(KILL_CHANNEL_1, 0)?;
    dmac.expect_register(FSRC, 0)?;
    dmac.expect_states(&[KILLING, KILLING])?;
    dmac.debug(KILL_CHANNEL_1, 0)?;
    dmac.debug(GO_CHANNEL_1, PROGRAM)?;
    dmac.expect_states(&[KILLING, STOPPED, STOPPED])?;
    // There is nothing to kill.
    dmac.debug(KILL_CHANNEL_1, 0)?;
    dmac.expect_states(&[STOPPED])?;
    dmac.expect_left("x-completing", 3)?;
    dmac.expect_good()?;
    dmac.provoke("x-completing", 0)
}

fn is_good_after_a_reset(dmac: &mut Dmac) -> Result<()> {
    for property in PROPERTIES {
        dmac.provoke(property, 1)?;
    }
    dmac.bare.write(RESET.0, RESET.1)?;
    for property in PROPERTIES {
        dmac.expect_left(property, 0)?;
    }
    dmac.prepare()
}

fn has_registers_for_faults(dmac: &mut Dmac) -> Result<()> {
    let bare = &mut dmac.bare;
    let mut registers = vec![];

    for controller in 0..3 {
        for (address, property) in (FAULTS + controller * FAULTS_SIZE..)
            .step_by(4)
            .zip(PROPERTIES)
        {
            registers.push((address, format!("/machine/soc/dmac{controller}"), property));
        }
    }
    for (value, (address, ..)) in (1..).zip(&registers) {
        bare.write(*address, value)?;
    }
    for (value, (address, path, property)) in (1..).zip(registers) {
        expect(&path, bare.get(&path, property)?, value.into())?;
        expect(property, bare.read(address)?, value)?;
        bare.write(address, 0)?;
    }
    // Past the properties of a controller, and past the controllers.
    for address in [
        FAULTS + 4 * PROPERTIES.len() as u64,
        FAULTS + FAULTS_SIZE - 4,
        FAULTS + 3 * FAULTS_SIZE,
        FAULTS + 0xffc,
    ] {
        expect(&format!("{address:#x}"), bare.read(address)?, u32::MAX)?;
        bare.write(address, 1)?;
    }
    Ok(())
}

/// A controller with a program in its memory.
struct Dmac {
    bare: Bare,
}

impl Dmac {
    /// Writes source and program to memory, and makes all events interrupts.
    fn prepare(&mut self) -> Result<()> {
        self.bare.store(SOURCE.into(), &source())?;
        self.bare.store(PROGRAM.into(), &program())?;
        self.bare.write(REGISTERS + INTEN, 0xffff)
    }

    fn provoke(&mut self, property: &str, value: u32) -> Result<()> {
        self.bare.set(PATH, property, value)
    }

    fn expect_left(&mut self, property: &str, expected: u32) -> Result<()> {
        expect(property, self.bare.get(PATH, property)?, expected.into())
    }

    fn register(&mut self, offset: u64) -> Result<u32> {
        self.bare.read(REGISTERS + offset)
    }

    fn expect_register(&mut self, offset: u64, expected: u32) -> Result<()> {
        let found = self.register(offset)?;

        expect(&format!("register {offset:#x}"), found, expected)
    }

    /// Returns the state of the thread that has this status register.
    fn state(&mut self, status: u64) -> Result<u32> {
        Ok(self.register(status)? & 0xf)
    }

    /// Reads the status of channel 1 once for each of `expected`.
    fn expect_states(&mut self, expected: &[u32]) -> Result<()> {
        expected
            .iter()
            .try_for_each(|&state| expect("state of channel 1", self.state(CSR1)?, state))
    }

    /// Executes an instruction through the debug port.
    fn debug(&mut self, first: u32, second: u32) -> Result<()> {
        self.bare.write(REGISTERS + DBGINST0, first)?;
        self.bare.write(REGISTERS + DBGINST1, second)?;
        self.bare.write(REGISTERS + DBGCMD, 0)
    }

    /// Starts the program on channel 1 and waits for longer than it needs.
    fn run(&mut self) -> Result<Outcome> {
        self.bare.store(DESTINATION.into(), &[0xaa; LEN])?;
        self.debug(GO_CHANNEL_1, PROGRAM)?;
        self.bare.wait(Duration::from_millis(1))?;

        let copied = self
            .bare
            .load(DESTINATION.into(), LEN)?
            .into_iter()
            .zip(source())
            .take_while(|(found, expected)| found == expected);

        Ok(Outcome {
            channel: (self.state(CSR1)?, self.register(FTR1)?),
            manager: (self.state(DSR)?, self.register(FTRD)?),
            event: (
                self.register(RIS)?,
                self.register(INTMIS)?,
                self.bare.is_raised(EVENT_LINE),
            ),
            abort: (self.register(FSRC)?, self.bare.is_raised(ABORT_LINE)),
            copied: copied.count(),
        })
    }

    fn run_and_expect(&mut self, expected: Outcome) -> Result<()> {
        expect("outcome", self.run()?, expected)
    }

    /// Runs the program, which must work, and clears its interrupt.
    fn expect_good(&mut self) -> Result<()> {
        self.run_and_expect(GOOD)?;
        self.bare.write(REGISTERS + INTCLR, EVENT)?;
        self.expect_register(INTMIS, 0)?;
        expect("line of the event", self.bare.is_raised(EVENT_LINE), false)
    }

    /// Kills the channel, after which it must work.
    fn kill_and_expect_good(&mut self) -> Result<()> {
        self.debug(KILL_CHANNEL_1, 0)?;
        self.expect_good()
    }
}

/// Returns bytes that differ from burst to burst, and from the old bytes of the destination.
fn source() -> Vec<u8> {
    (0..LEN)
        .map(|index| (index ^ (index / BURST)) as u8 & 0x7f)
        .collect()
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
