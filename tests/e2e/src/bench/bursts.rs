// SPDX-License-Identifier: GPL-2.0

//! Bursts to copy a page, at all alignments, of this driver's programs and of the kernel driver's.
//!
//! QEMU counts those of the kernel's driver, which serves copies on the board. The programs of this
//! driver are run by the interpreter of `tests/host`, which also checks the bytes that they copy.
//! Both count the aligned copy of this driver, and [`check_model`] compares the two counts.

use super::*;
use model::*;
use planner::*;

const BYTES: u32 = 4096;

/// Size in bytes of a beat of the RK3588's controllers; alignment matters modulo this.
const BEAT: u32 = 8;

/// Limits of an RK3588's controller, shared by eight channels.
const RK3588: program::ProgramLimits = program::ProgramLimits {
    bytes: 8,
    lines: 17,
    beats: 16,
    cache_line: 32,
    non_secure: true,
    loads: 8,
};

/// Controller with the lines of these limits for the channel.
const CONFIG: Config = Config {
    share: RK3588.lines as u32,
    ..Config::RK3588
};

/// Bursts of both drivers to copy between two offsets in pages.
#[derive(Debug, Serialize)]
struct Row {
    from: u32,
    to: u32,
    theirs: Bursts,
    ours: Bursts,
}

/// Returns the bursts of the planner's program for a copy, whose result the interpreter checks.
fn planned(from: u32, to: u32) -> Result<Bursts> {
    let copy = program::Copy {
        source: 0x1000_0000 + from,
        destination: 0x8000_0000 + to,
        len: BYTES,
    };
    let bytes: Vec<_> = (0..BYTES).map(|at| (at % 251) as u8).collect();
    let memory = Memory::default().with(copy.source, bytes.clone(), Access::Read);
    let mut memory = memory.with(copy.destination, vec![0xff; bytes.len()], Access::Write);
    let mut buffer = [0; 256];
    let mut asm = program::insn::Assembler::new(&mut buffer);
    let mut plan = program::ProgramWriter::new(copy).map_err(|error| anyhow!("{error:?}"))?;

    plan.write(
        &mut asm,
        RK3588,
        program::insn::Event::new(0).context("event 0")?,
    )
    .map_err(|error| anyhow!("{error:?}"))?;
    ensure!(plan.is_written(), "the copy takes a second program");

    let len = asm.len();
    let mut channel = Channel::new(CONFIG, &buffer[..len], &mut memory);
    let stop = channel.run();
    let [loads, stores] = [channel.stats().loads, channel.stats().stores].map(|it| it.on_the_bus);

    ensure!(stop == Ok(Stop::Ended), "{copy:?}: {stop:?}");
    ensure!(memory.region(copy.destination) == bytes, "{copy:?}: wrong");
    Ok(Bursts { loads, stores })
}

/// Returns a row for each pair of alignments.
fn rows(requests: &Requests) -> Result<Vec<Row>> {
    let row = |both| {
        let (from, to) = (both / BEAT, both % BEAT);

        Ok(Row {
            from,
            to,
            theirs: requests.find(THEIRS, &format!("copy {from} {to}"))?.bursts,
            ours: planned(from, to)?,
        })
    };

    (0..BEAT * BEAT).map(row).collect()
}

/// Checks that the planner's programs have at most the bursts that a page needs.
pub fn check(requests: &Requests) -> Result<()> {
    for row in rows(requests)? {
        // A burst has 1 to 128 bytes. With different alignments there are bytes at the end. Those
        // of the destination may cross a multiple of 4 KiB.
        for (bursts, range) in [(row.theirs, 32..=4096), (row.ours, 32..=34)] {
            ensure!(range.contains(&bursts.loads), "not in {range:?}: {row:?}");
            ensure!(range.contains(&bursts.stores), "not in {range:?}: {row:?}");
        }
    }
    Ok(())
}

/// Checks that QEMU and the interpreter count the same bursts for this driver's aligned copy.
pub fn check_model(requests: &Requests) -> Result<()> {
    let counted = requests.find(OURS, "copy")?.bursts;

    expect("bursts", counted, planned(0, 0)?)
}

/// Returns the rows; the text has the most bursts of three groups of alignments.
pub fn report(requests: &Requests) -> Result<Report> {
    type Group = (&'static str, fn(&&Row) -> bool);

    const GROUPS: [Group; 3] = [
        ("to a boundary", |row| [row.from, row.to] == [0, 0]),
        ("alike, at worst", |row| row.from == row.to),
        ("any of all 64, at worst", |_| true),
    ];
    let rows = rows(requests)?;
    let cells = GROUPS.iter().map(|(name, is_member)| {
        let worst = |bursts: fn(&Row) -> Bursts| {
            let bursts = rows.iter().filter(is_member).map(bursts);
            let worst = bursts.max_by_key(|it| it.loads + it.stores);
            let Bursts { loads, stores } = worst.unwrap_or_default();

            format!("{loads} + {stores}")
        };

        let [theirs, ours] = [worst(|row| row.theirs), worst(|row| row.ours)];

        vec![name.to_string(), theirs, ours]
    });
    let title = format!("Bursts to copy {BYTES} bytes, read + written:");

    Ok(Report {
        text: table(&title, &["alignment", "C", "ours"], cells),
        json: json!(rows),
        limits: vec![],
    })
}
