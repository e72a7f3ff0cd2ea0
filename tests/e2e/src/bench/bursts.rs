// SPDX-License-Identifier: GPL-2.0

//! How many bursts it takes to copy a page, at all alignments: of programs of ours and of those of
//! the kernel's driver.
//!
//! Theirs run on the virtual board, and QEMU counts. Ours are run by the interpreter of
//! `tests/host`, which also sees that they copy what they should. An aligned copy is counted both
//! ways, for a test to compare.

use anyhow::{
    anyhow,
    ensure,
    Context,
    Result, //
};
use serde::Serialize;

use super::phases::{
    Driver,
    Phase,
    Request, //
};
use insn::{
    Assembler,
    Event, //
};
use model::{
    Access,
    Channel,
    Config,
    Memory,
    Stop, //
};
use program::{
    Bus,
    Copy,
    Plan, //
};

#[allow(
    dead_code,
    unused_imports,
    clippy::precedence,
    reason = "the driver uses all of it"
)]
#[path = "../../../../pl330/insn.rs"]
mod insn;
#[allow(
    dead_code,
    unused_imports,
    clippy::precedence,
    reason = "its tests use all of it"
)]
#[path = "../../../host/src/model/mod.rs"]
mod model;
#[allow(
    dead_code,
    unused_imports,
    clippy::precedence,
    reason = "the driver uses all of it"
)]
#[path = "../../../../pl330/program/mod.rs"]
mod program;

/// What is copied.
const BYTES: u32 = 4096;

/// The bytes of a beat of the RK3588's controllers: alignments differ up to there.
const BEAT: u32 = 8;

/// An RK3588's controller, shared by eight channels.
const RK3588: Bus = Bus {
    bytes: 8,
    lines: 16,
    beats: 16,
    cache_line: 32,
    non_secure: true,
};

/// Bursts for a copy, as they are on the bus.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Bursts {
    pub loads: u64,
    pub stores: u64,
}

/// A copy from and to so many bytes off a page.
#[derive(Debug, Serialize)]
pub struct Row {
    pub from: u32,
    pub to: u32,
    pub theirs: Bursts,
    pub ours: Bursts,
}

impl Bursts {
    /// What was seen of `driver` on the board.
    pub fn seen(phases: &[Phase], driver: Driver, from: u32, to: u32) -> Option<Self> {
        let request = Request::Copy {
            bytes: BYTES.into(),
            from,
            to,
        };
        let phase = phases
            .iter()
            .find(|phase| phase.driver == driver && phase.request == request)?;

        Some(Self {
            loads: phase.loads / phase.count,
            stores: phase.stores / phase.count,
        })
    }

    /// What our planner comes to.
    ///
    /// # Errors
    ///
    /// If its program is refused by the interpreter or does not copy what it should.
    pub fn planned(from: u32, to: u32) -> Result<Self> {
        let copy = Copy {
            source: 0x1000_0000 + from,
            destination: 0x8000_0000 + to,
            len: BYTES,
        };
        let bytes: Vec<_> = (0..BYTES).map(|at| (at % 251) as u8).collect();
        let mut memory = Memory::default()
            .with(copy.source, bytes.clone(), Access::Read)
            .with(copy.destination, vec![0xff; bytes.len()], Access::Write);
        let mut program = [0; 256];
        let mut asm = Assembler::new(&mut program);
        let mut plan = Plan::new(copy).map_err(|refused| anyhow!("{refused:?}"))?;

        plan.write(&mut asm, RK3588, Event::new(0).context("event 0")?)
            .map_err(|error| anyhow!("{error:?}"))?;
        ensure!(plan.is_written(), "it takes another program");

        let len = asm.len();
        let mut channel = Channel::new(Config::RK3588, &program[..len], &mut memory);
        let stop = channel.run();
        let stats = channel.stats().clone();

        ensure!(stop == Ok(Stop::Ended), "{copy:?}: {stop:?}");
        ensure!(memory.region(copy.destination) == bytes, "{copy:?}: wrong");
        Ok(Self {
            loads: stats.loads.on_the_bus,
            stores: stats.stores.on_the_bus,
        })
    }

    fn sum(self) -> u64 {
        self.loads + self.stores
    }
}

/// All alignments.
pub fn rows(phases: &[Phase]) -> Result<Vec<Row>> {
    (0..BEAT * BEAT)
        .map(|both| {
            let (from, to) = (both / BEAT, both % BEAT);

            Ok(Row {
                from,
                to,
                theirs: Bursts::seen(phases, Driver::Theirs, from, to)
                    .with_context(|| format!("no copy by the kernel's driver, {from} to {to}"))?,
                ours: Bursts::planned(from, to)?,
            })
        })
        .collect()
}

/// Checks that there are no more bursts than bytes to copy need.
///
/// # Errors
///
/// With the first row that has more.
pub fn check(rows: &[Row]) -> Result<()> {
    for row in rows {
        // 32 full ones. Where alignments differ, each side has a beat less in a burst, and bytes
        // before and after.
        ensure!(
            row.ours.loads <= 40 && row.ours.stores <= 40,
            "many bursts: {row:?}"
        );
        // Each has to move the page: no more than 128 bytes in a burst, no less than one.
        for bursts in [row.ours, row.theirs] {
            for count in [bursts.loads, bursts.stores] {
                ensure!((32..=4096).contains(&count), "not a page: {row:?}");
            }
        }
    }
    Ok(())
}

pub fn print(rows: &[Row]) {
    println!("\nBursts to copy {BYTES} bytes, read + written:\n");
    println!("{:<28} {:>14} {:>14}", "alignment", "C", "ours");

    let show = |what: &str, which: fn(&Row) -> bool| {
        let worst = |of: fn(&Row) -> Bursts| {
            let bursts = rows.iter().filter(|row| which(row)).map(of);

            bursts
                .max_by_key(|bursts| bursts.sum())
                .map_or("-".into(), |it| format!("{} + {}", it.loads, it.stores))
        };

        println!(
            "{what:<28} {:>14} {:>14}",
            worst(|row| row.theirs),
            worst(|row| row.ours)
        );
    };

    show("to a boundary", |row| row.from == 0 && row.to == 0);
    show("alike, at worst", |row| row.from == row.to);
    show("any of all 64, at worst", |_| true);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_at_a_boundary_takes_as_many_bursts_as_it_has_full_ones() {
        assert_eq!(
            Bursts::planned(0, 0).unwrap(),
            Bursts {
                loads: 32,
                stores: 32
            }
        );
    }

    #[test]
    fn an_alignment_that_was_not_measured_is_an_error() {
        assert!(rows(&[]).is_err());
    }
}
