// SPDX-License-Identifier: GPL-2.0

//! QEMU's trace: what went over the bus to and from the DMA controllers.
//!
//! Each line is an event:
//!
//! ```text
//! memory_region_ops_write cpu 0 mr 0x5596 addr 0xd04 value 0x0 size 4 name 'dma'
//! pl330_dmald channel:0 address:0x0567a000 size:0x8 num:16Y
//! ```
//!
//! The first kind is an access by a CPU. What there is an alias of, as of the controllers' registers,
//! it names by an offset and by where QEMU has its description; all else by the address. The second
//! is a load that a channel has begun; which controller's is not said, so only one may be at work at
//! a time.

use std::{
    collections::BTreeMap,
    io::BufRead,
    str::FromStr, //
};

use anyhow::{
    bail,
    ensure,
    Context,
    Result, //
};

/// The events that are needed, by QEMU's names.
pub const EVENTS: [&str; 4] = [
    "memory_region_ops_read",
    "memory_region_ops_write",
    "pl330_dmald",
    "pl330_dmast",
];

/// Where the board's script marks the phases.
const MARK: u64 = 0xfea0_0000;

/// What QEMU calls the registers of a controller.
const REGISTERS: &str = "name 'dma'";

/// Writing this register of a controller has it execute the instruction in two others: for a driver
/// that is nearly always DMAGO.
const DBGCMD: u64 = 0xd04;

/// No burst crosses a multiple of this: of one that would, the controller makes two.
const BOUNDARY: u64 = 4096;

/// Accesses to the registers of a controller.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Accesses {
    /// Registers read.
    pub reads: u64,
    /// Registers written.
    pub writes: u64,
    /// Of these, to DBGCMD.
    pub commands: u64,
}

/// What happened between two marks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Phase {
    /// By controller: by where QEMU has the description of its registers.
    pub accesses: BTreeMap<u64, Accesses>,
    /// Bursts read, of all controllers.
    pub loads: u64,
    /// Bursts written, of all controllers.
    pub stores: u64,
}

/// Reads a trace; returns its phases by their numbers.
///
/// # Errors
///
/// If a line of a known event is not as expected, or phases do not begin and end in turn, each with
/// a number of its own.
pub fn read(trace: impl BufRead) -> Result<BTreeMap<u64, Phase>> {
    let mut phases = BTreeMap::new();
    let mut current: Option<(u64, Phase)> = None;

    for line in trace.lines() {
        let line = line?;
        let event = parse(&line).with_context(|| format!("QEMU traced: {line}"))?;

        match (event, &mut current) {
            (Some(Event::Mark(0)), open) => {
                let (number, phase) = open.take().context("a phase ends that did not begin")?;

                ensure!(
                    phases.insert(number, phase).is_none(),
                    "two phases {number}"
                );
            }
            (Some(Event::Mark(number)), None) => current = Some((number, Phase::default())),
            (Some(Event::Mark(number)), Some((other, _))) => {
                bail!("phase {number} begins in phase {other}")
            }
            (Some(event), Some((_, phase))) => phase.add(&event),
            (Some(_), None) | (None, _) => (),
        }
    }
    ensure!(current.is_none(), "the trace ends within a phase");
    Ok(phases)
}

impl Phase {
    fn add(&mut self, event: &Event) {
        match *event {
            Event::Mark(_) => (),
            Event::Read { controller } => self.accesses.entry(controller).or_default().reads += 1,
            Event::Write { controller, offset } => {
                let accesses = self.accesses.entry(controller).or_default();

                accesses.writes += 1;
                accesses.commands += u64::from(offset == DBGCMD);
            }
            Event::Load(bursts) => self.loads += bursts,
            Event::Store(bursts) => self.stores += bursts,
        }
    }
}

/// An event that counts.
#[derive(Debug, PartialEq)]
enum Event {
    Mark(u64),
    Read { controller: u64 },
    Write { controller: u64, offset: u64 },
    Load(u64),
    Store(u64),
}

/// What a line says, if that is of interest.
fn parse(line: &str) -> Result<Option<Event>> {
    let Some((event, fields)) = line.split_once(' ') else {
        return Ok(None);
    };

    Ok(match event {
        "memory_region_ops_read" if fields.ends_with(REGISTERS) => Some(Event::Read {
            controller: word(fields, "mr ")?,
        }),
        "memory_region_ops_write" => match word(fields, "addr ")? {
            MARK => Some(Event::Mark(word(fields, "value ")?)),
            offset if fields.ends_with(REGISTERS) => Some(Event::Write {
                controller: word(fields, "mr ")?,
                offset,
            }),
            _ => None,
        },
        "pl330_dmald" => Some(Event::Load(bursts(fields)?)),
        "pl330_dmast" => Some(Event::Store(bursts(fields)?)),
        _ => None,
    })
}

/// How many bursts the controller makes of one that a program asks for.
fn bursts(fields: &str) -> Result<u64> {
    let address = word(fields, "address:")?;
    let beat = word(fields, "size:")?;
    let beats = after(fields, "num:")?;
    // Whether the address counts up; from where it does not, all beats go to one place.
    let (beats, counts_up) = match (beats.strip_suffix('Y'), beats.strip_suffix('N')) {
        (Some(beats), _) => (beats, true),
        (_, Some(beats)) => (beats, false),
        // QEMU writes it apart from the number for stores.
        _ => (beats, fields.ends_with('Y')),
    };
    let beats = u64::from_str(beats)?;

    ensure!(beat != 0 && beats != 0, "an empty burst");
    if !counts_up {
        return Ok(1);
    }

    let last = address - address % beat + beat * beats - 1;

    Ok(last / BOUNDARY - address / BOUNDARY + 1)
}

/// The hexadecimal number that follows `name`.
fn word(fields: &str, name: &str) -> Result<u64> {
    let digits = after(fields, name)?;
    let digits = digits.strip_prefix("0x").context("not hexadecimal")?;

    Ok(u64::from_str_radix(digits, 16)?)
}

/// What stands behind `name`, up to the next blank.
fn after<'a>(fields: &'a str, name: &str) -> Result<&'a str> {
    let (_, rest) = fields
        .split_once(name)
        .with_context(|| format!("no {name}"))?;

    Ok(rest.split(' ').next().unwrap_or(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PHASE: &str = "\
        memory_region_ops_read cpu 0 mr 0x5 addr 0x24 value 0x0 size 4 name 'dma'\n\
        memory_region_ops_write cpu 0 mr 0x1 addr 0xfea00000 value 0x7 size 4 name 'mmio'\n\
        memory_region_ops_write cpu 3 mr 0x2 addr 0xfeb50000 value 0x40 size 1 name 'serial'\n\
        memory_region_ops_read cpu 0 mr 0x3 addr 0xfe600000 value 0x40 size 4 name 'gicv3_dist'\n\
        memory_region_ops_read cpu 0 mr 0x5 addr 0x24 value 0x0 size 4 name 'dma'\n\
        memory_region_ops_read cpu 0 mr 0x5 addr 0xfe0 value 0x30 size 4 name 'dma'\n\
        memory_region_ops_write cpu 0 mr 0x5 addr 0xd04 value 0x0 size 4 name 'dma'\n\
        memory_region_ops_write cpu 0 mr 0x6 addr 0x20 value 0x1 size 4 name 'dma'\n\
        pl330_dmald channel:0 address:0x0567a000 size:0x8 num:16Y\n\
        pl330_dmast channel:0 address:0x0567a000 size:0x8 num:16 Y\n\
        memory_region_ops_write cpu 0 mr 0x1 addr 0xfea00000 value 0x0 size 4 name 'mmio'\n\
        memory_region_ops_read cpu 0 mr 0x5 addr 0x24 value 0x0 size 4 name 'dma'\n";

    #[test]
    fn counts_by_controller_within_a_phase() {
        let accesses = |reads, writes, commands| Accesses {
            reads,
            writes,
            commands,
        };
        let expected = Phase {
            accesses: BTreeMap::from([(5, accesses(2, 1, 1)), (6, accesses(0, 1, 0))]),
            loads: 1,
            stores: 1,
        };

        assert_eq!(
            read(PHASE.as_bytes()).unwrap(),
            BTreeMap::from([(7, expected)])
        );
    }

    #[test]
    fn a_burst_across_4_kib_is_two() {
        let bursts = |line| bursts(line).unwrap();

        assert_eq!(bursts("channel:0 address:0x1f80 size:0x8 num:16Y"), 1);
        assert_eq!(bursts("channel:0 address:0x1f88 size:0x8 num:16Y"), 2);
        // The first beat is short: the burst ends where one of whole beats would.
        assert_eq!(bursts("channel:0 address:0x1f81 size:0x8 num:16 Y"), 1);
        assert_eq!(bursts("channel:0 address:0x1f88 size:0x8 num:16 N"), 1);
        assert_eq!(bursts("channel:0 address:0x1f88 size:0x8 num:16N"), 1);
    }

    #[test]
    fn phases_must_begin_and_end_in_turn() {
        let mark = |value: u32| {
            format!(
                "memory_region_ops_write cpu 0 mr 0x6 addr 0xfea00000 value {value:#x} size 4\n"
            )
        };

        for (marks, ok) in [
            (vec![1, 0, 2, 0], true),
            (vec![0], false),
            (vec![1], false),
            (vec![1, 2, 0], false),
            (vec![1, 0, 1, 0], false),
        ] {
            let trace = marks.iter().copied().map(mark).collect::<Vec<_>>().concat();

            assert_eq!(read(trace.as_bytes()).is_ok(), ok, "{marks:?}");
        }
    }

    #[test]
    fn a_line_that_is_cut_is_an_error() {
        for line in [
            "memory_region_ops_read cpu 0 name 'dma'",
            "memory_region_ops_write cpu 0 mr 0x5 addr 0x",
            "pl330_dmald channel:0 address:0x0567a000 size:0x8",
            "pl330_dmast channel:0 address:0x0567a000 size:0x0 num:16 Y",
        ] {
            assert!(read(line.as_bytes()).is_err(), "{line}");
        }
    }
}
