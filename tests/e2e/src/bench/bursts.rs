// SPDX-License-Identifier: GPL-2.0

//! Bursts to copy a page, at all alignments, of this driver's programs and of the kernel driver's.
//!
//! QEMU counts those of the kernel's driver, which serves copies on the board. The programs of this
//! driver are run by the interpreter of `tests/host`, which also checks the bytes that they copy.
//! Both count the aligned copy of this driver, and [`check_model`] compares the two counts.

use super::{
    planner::{
        insn::Assembler,
        insn::Event,
        model::*,
        program, //
    },
    *, //
};

const BYTES: u32 = 4096;

/// Size in bytes of a beat of the RK3588's controllers; alignment matters modulo this.
const BEAT: u32 = 8;

/// Limits of an RK3588's controller, shared by eight channels.
const RK3588: program::Bus = program::Bus {
    bytes: 8,
    lines: 16,
    beats: 16,
    cache_line: 32,
    non_secure: true,
};

/// Offsets in a page from and to which it is copied; bursts of the kernel's driver and of this one.
pub type Row = ([u32; 2], [Bursts; 2]);

/// Returns the bursts of a request on the board.
fn seen(phases: &[Phase], request: &str) -> Result<Bursts> {
    Ok(find(phases, request)?.bursts)
}

/// Returns the bursts of the planner's program for a copy, whose result the interpreter checks.
fn planned(from: u32, to: u32) -> Result<Bursts> {
    let copy = program::Copy {
        source: 0x1000_0000 + from,
        destination: 0x8000_0000 + to,
        len: BYTES,
    };
    let bytes: Vec<_> = (0..BYTES).map(|at| (at % 251) as u8).collect();
    let mut memory = Memory::default()
        .with(copy.source, bytes.clone(), Access::Read)
        .with(copy.destination, vec![0xff; bytes.len()], Access::Write);
    let mut buffer = [0; 256];
    let mut asm = Assembler::new(&mut buffer);
    let mut plan = program::Plan::new(copy).map_err(|error| anyhow!("{error:?}"))?;

    plan.write(&mut asm, RK3588, Event::new(0).context("event 0")?)
        .map_err(|error| anyhow!("{error:?}"))?;
    ensure!(plan.is_written(), "the copy takes a second program");

    let len = asm.len();
    let mut channel = Channel::new(Config::RK3588, &buffer[..len], &mut memory);
    let stop = channel.run();
    let stats = channel.stats().clone();

    ensure!(stop == Ok(Stop::Ended), "{copy:?}: {stop:?}");
    ensure!(memory.region(copy.destination) == bytes, "{copy:?}: wrong");
    Ok((stats.loads.on_the_bus, stats.stores.on_the_bus))
}

/// Returns a row for each pair of alignments.
pub fn rows(phases: &[Phase]) -> Result<Vec<Row>> {
    let offsets = (0..BEAT * BEAT).map(|both| (both / BEAT, both % BEAT));
    let rows = offsets.map(|(from, to)| {
        let theirs = seen(phases, &format!("theirs copy {BYTES} {from} {to}"))?;

        Ok(([from, to], [theirs, planned(from, to)?]))
    });

    rows.collect()
}

/// Returns the rows as JSON.
pub fn json(rows: &[Row]) -> Value {
    rows.iter()
        .map(|([from, to], bursts)| {
            let [theirs, ours] =
                bursts.map(|(loads, stores)| json!({"loads": loads, "stores": stores}));

            json!({"from": from, "to": to, "theirs": theirs, "ours": ours})
        })
        .collect()
}

/// Checks that the planner's programs have at most the bursts that a page needs.
pub fn check(rows: &[Row]) -> Result<()> {
    for (offsets, bursts) in rows {
        // A burst has 1 to 128 bytes. With different alignments each side has one beat less per
        // burst, and bytes before and after.
        for ((loads, stores), range) in bursts.iter().zip([32..=4096, 32..=40]) {
            ensure!(
                range.contains(loads) && range.contains(stores),
                "{offsets:?}: {loads} + {stores}, not in {range:?}"
            );
        }
    }
    Ok(())
}

/// Checks that QEMU and the interpreter count the same bursts for this driver's aligned copy.
pub fn check_model(phases: &[Phase]) -> Result<()> {
    let (seen, planned) = (seen(phases, "ours copy 4096")?, planned(0, 0)?);

    ensure!(seen == planned, "{seen:?}, but {planned:?}");
    Ok(())
}

/// Formats the most bursts of three groups of alignments.
pub fn text(rows: &[Row]) -> String {
    type Group = (&'static str, fn(&&Row) -> bool);

    const GROUPS: [Group; 3] = [
        ("to a boundary", |row| row.0 == [0, 0]),
        ("alike, at worst", |row| row.0[0] == row.0[1]),
        ("any of all 64, at worst", |_| true),
    ];
    let rows = GROUPS.iter().map(|(name, is_member)| {
        let worst = [0, 1].map(|driver| {
            let bursts = rows.iter().filter(is_member).map(|row| row.1[driver]);
            let worst = bursts.max_by_key(|(loads, stores)| loads + stores);

            worst.map_or("-".into(), |(loads, stores)| format!("{loads} + {stores}"))
        });

        [vec![name.to_string()], worst.into()].concat()
    });

    table(
        &format!("Bursts to copy {BYTES} bytes, read + written:"),
        &["alignment", "C", "ours"],
        rows,
    )
}
