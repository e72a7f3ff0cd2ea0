// SPDX-License-Identifier: GPL-2.0

//! What requests cost with our driver, and with the kernel's own, drivers/dma/pl330.c: register
//! accesses and interrupts.
//!
//! A register access stops the CPU until the bus answers, and an interrupt takes it from what it was
//! doing; both are counted rather than timed, since the virtual board's time is not that of a real
//! one.

use anyhow::{
    ensure,
    Context,
    Result, //
};
use serde::Serialize;

use super::{
    phases::{
        Driver,
        Phase,
        Request, //
    },
    Limit, //
};

/// Lengths of lists in segments; of each, and of single copies, the bytes.
const LISTS: [u64; 3] = [1, 16, 256];
const BYTES: u64 = 4096;
const LONGEST: u64 = LISTS[LISTS.len() - 1];

/// What the program from a list to a list may take for each segment, in bytes.
const PROGRAM_EACH: f64 = 21.0;

/// What one request comes to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Cost {
    pub accesses: f64,
    pub reads: f64,
    pub writes: f64,
    /// Instructions that the driver had the controller execute: programs started or killed.
    pub commands: f64,
    pub interrupts: f64,
    /// Bursts read and written: what was moved, whatever the driver says.
    pub bursts: f64,
}

/// A request and what it costs, where it was served.
#[derive(Debug, Serialize)]
pub struct Row {
    pub request: String,
    /// With their driver: the list goes from memory to a device.
    pub theirs_to_device: Option<Cost>,
    /// With their driver: copies from memory to memory.
    pub theirs_copies: Option<Cost>,
    /// With ours: copies from memory to memory.
    pub ours: Option<Cost>,
}

/// A copy, lists, and what another segment adds.
#[derive(Debug, Serialize)]
pub struct Table {
    pub copy: Row,
    pub lists: Vec<Row>,
    /// From the shortest list to the longest.
    pub per_further_segment: Row,
    /// The longest, from scattered pages to others.
    pub scattered: Row,
    /// The bytes of our program for that, by its segments.
    pub program_per_segment: Option<f64>,
}

impl Cost {
    fn of(phase: &Phase) -> Self {
        let each = |sum: u64| sum as f64 / phase.count as f64;

        Self {
            accesses: each(phase.accesses.reads + phase.accesses.writes),
            reads: each(phase.accesses.reads),
            writes: each(phase.accesses.writes),
            commands: each(phase.accesses.commands),
            interrupts: each(phase.interrupts),
            bursts: each(phase.loads + phase.stores),
        }
    }

    /// What each of `segments` costs that `longer` has more than `self`.
    fn each_more(self, longer: Self, segments: u64) -> Self {
        let each = |of: fn(&Self) -> f64| (of(&longer) - of(&self)) / segments as f64;

        Self {
            accesses: each(|cost| cost.accesses),
            reads: each(|cost| cost.reads),
            writes: each(|cost| cost.writes),
            commands: each(|cost| cost.commands),
            interrupts: each(|cost| cost.interrupts),
            bursts: each(|cost| cost.bursts),
        }
    }
}

impl Table {
    pub fn new(phases: &[Phase]) -> Self {
        let cost = |driver, request| {
            phases
                .iter()
                .find(|phase| phase.driver == driver && phase.request == request)
                .map(Cost::of)
        };
        let copy = Request::Copy {
            bytes: BYTES,
            from: 0,
            to: 0,
        };
        let scattered = Request::Scattered { segments: LONGEST };
        let lists: Vec<_> = LISTS
            .map(|segments| Row {
                request: format!("list of {segments}"),
                theirs_to_device: cost(Driver::Theirs, Request::List { segments }),
                theirs_copies: cost(Driver::Theirs, Request::Chain { segments }),
                ours: cost(Driver::Ours, Request::List { segments }),
            })
            .into();
        let [shortest, .., longest] = &lists[..] else {
            unreachable!("there are more than two");
        };
        let more = |of: fn(&Row) -> Option<Cost>| {
            Some(of(shortest)?.each_more(of(longest)?, LONGEST - LISTS[0]))
        };

        Self {
            per_further_segment: Row {
                request: "each further".into(),
                theirs_to_device: more(|row| row.theirs_to_device),
                theirs_copies: more(|row| row.theirs_copies),
                ours: more(|row| row.ours),
            },
            copy: Row {
                request: "copy".into(),
                theirs_to_device: None,
                theirs_copies: cost(Driver::Theirs, copy),
                ours: cost(Driver::Ours, copy),
            },
            scattered: Row {
                request: format!("scattered {LONGEST}"),
                theirs_to_device: None,
                theirs_copies: cost(Driver::Theirs, scattered),
                ours: cost(Driver::Ours, scattered),
            },
            program_per_segment: phases
                .iter()
                .find(|phase| phase.driver == Driver::Ours && phase.request == scattered)
                .and_then(|phase| phase.program)
                .map(|bytes| bytes as f64 / LONGEST as f64),
            lists,
        }
    }

    /// What our driver is to keep to.
    pub fn limits(&self) -> Vec<Limit> {
        let copy = self.copy.ours;
        let list = self.lists.last().and_then(|row| row.ours);
        let further = self.per_further_segment.ours;
        let scattered = self.scattered.ours;

        vec![
            Limit::new(
                "register accesses for a copy",
                copy.map(|cost| cost.accesses),
                7.0,
            ),
            Limit::new(
                "register accesses for each further segment",
                further.map(|cost| cost.accesses),
                0.0,
            ),
            Limit::new(
                "interrupts for a copy",
                copy.map(|cost| cost.interrupts),
                1.0,
            ),
            Limit::new(
                "interrupts for the longest list",
                list.map(|cost| cost.interrupts),
                1.0,
            ),
            Limit::new(
                "register accesses from the longest list to another",
                scattered.map(|cost| cost.accesses),
                7.0,
            ),
            Limit::new(
                "interrupts from the longest list to another",
                scattered.map(|cost| cost.interrupts),
                1.0,
            ),
            Limit::new(
                "bytes of program for each of its segments",
                self.program_per_segment,
                PROGRAM_EACH,
            ),
        ]
    }

    /// Checks that the kernel's driver was measured: what it does for a request, it cannot do with
    /// less.
    ///
    /// # Errors
    ///
    /// With the request that was not served, or cost less.
    pub fn check_theirs(&self) -> Result<()> {
        let copies = LISTS.iter().zip(&self.lists).flat_map(|(segments, row)| {
            [
                (*segments, row.theirs_copies),
                (*segments, row.theirs_to_device),
            ]
        });

        let others = [
            (1, self.copy.theirs_copies),
            (LONGEST, self.scattered.theirs_copies),
        ];

        for (segments, cost) in others.into_iter().chain(copies) {
            let cost = cost.context("a request was not served")?;
            let segments = segments as f64;

            // A program and an interrupt for each piece, which it started with three registers.
            ensure!(
                cost.commands == segments && cost.interrupts == segments,
                "{segments} pieces: {cost:?}"
            );
            ensure!(cost.writes >= 3.0 * segments, "{segments} pieces: {cost:?}");
        }
        Ok(())
    }

    /// Checks what our driver takes for a copy.
    ///
    /// # Errors
    ///
    /// If it is more than it should be, or less than it can be.
    pub fn check_copies(&self) -> Result<()> {
        let cost = self.copy.ours.context("no copy was made")?;

        ensure!(cost.accesses <= 7.0, "{cost:?}");
        ensure!(cost.commands == 1.0 && cost.interrupts == 1.0, "{cost:?}");
        ensure!(cost.bursts >= 64.0, "not a page: {cost:?}");
        // Three registers start it, one withdraws the interrupt.
        ensure!(cost.writes >= 4.0, "{cost:?}");
        Ok(())
    }

    /// Checks that our driver takes no more for a list than for a copy, and moves all of it.
    ///
    /// # Errors
    ///
    /// If it takes more, or moves less.
    pub fn check_lists(&self) -> Result<()> {
        let copy = self.copy.ours.context("no copy was made")?;

        let rows = LISTS
            .iter()
            .zip(&self.lists)
            .chain([(&LONGEST, &self.scattered)]);

        for (segments, row) in rows {
            let cost = row.ours.with_context(|| format!("no {}", row.request))?;
            let same = Cost {
                bursts: copy.bursts * *segments as f64,
                ..copy
            };

            ensure!(cost == same, "{}: {cost:?}, not {same:?}", row.request);
        }

        let program = self.program_per_segment.context("no one program")?;

        // An address takes 6 bytes, and each segment has two.
        ensure!(
            (12.0..=PROGRAM_EACH).contains(&program),
            "{program} bytes of program for each segment"
        );
        Ok(())
    }

    pub fn print(&self) {
        println!(
            "\nRegister accesses (interrupts) per request, of {BYTES} bytes for each segment:\n"
        );
        println!(
            "{:<14} {:>20} {:>20} {:>20}",
            "request", "C, to a device", "C, copies", "ours"
        );
        for row in [&self.copy]
            .into_iter()
            .chain(&self.lists)
            .chain([&self.per_further_segment, &self.scattered])
        {
            println!(
                "{:<14} {:>20} {:>20} {:>20}",
                row.request,
                shown(row.theirs_to_device),
                shown(row.theirs_copies),
                shown(row.ours)
            );
        }
        if let Some(bytes) = self.program_per_segment {
            println!("\nThe program of the last takes {bytes:.1} bytes for each segment.");
        }
    }
}

fn shown(cost: Option<Cost>) -> String {
    cost.map_or("-".into(), |cost| {
        format!("{:.1} ({:.2})", cost.accesses, cost.interrupts)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::trace::Accesses;

    fn phase(request: Request, reads: u64, interrupts: u64) -> Phase {
        Phase {
            driver: Driver::Ours,
            request,
            count: 2,
            accesses: Accesses {
                reads,
                writes: 2,
                commands: 2,
            },
            interrupts,
            loads: 0,
            stores: 0,
            program: None,
        }
    }

    #[test]
    fn what_a_segment_adds_is_the_slope() {
        let table = Table::new(&[
            phase(Request::List { segments: 1 }, 10, 2),
            phase(Request::List { segments: 256 }, 10 + 255 * 4, 2 + 255 * 2),
        ]);
        let further = table.per_further_segment.ours.unwrap();

        assert_eq!(further.accesses, 2.0);
        assert_eq!(further.interrupts, 1.0);
        assert_eq!(table.lists[0].ours.unwrap().accesses, 6.0);
        assert!(table.lists[1].ours.is_none());
        assert!(table.lists[0].theirs_copies.is_none());
    }

    /// Lists of all lengths, a copy, and the longest to another: each with `reads` and `program`.
    fn served(reads: u64, program: u64) -> Table {
        let copy = Request::Copy {
            bytes: BYTES,
            from: 0,
            to: 0,
        };
        let lists = LISTS.map(|segments| (Request::List { segments }, segments));
        let phases: Vec<_> = [
            (copy, 1),
            (Request::Scattered { segments: LONGEST }, LONGEST),
        ]
        .into_iter()
        .chain(lists)
        .map(|(request, segments)| Phase {
            loads: 64 * segments,
            program: Some(program),
            ..phase(
                request,
                match request {
                    Request::Scattered { .. } => reads,
                    _ => 6,
                },
                2,
            )
        })
        .collect();

        Table::new(&phases)
    }

    #[test]
    fn a_scattered_list_takes_what_a_copy_takes() {
        let kept = |table: &Table| table.limits().iter().all(Limit::is_kept);
        let table = served(6, 18 * LONGEST);

        assert_eq!(table.program_per_segment, Some(18.0));
        assert!(kept(&table));
        assert!(table.check_lists().is_ok());
        for (reads, program) in [(14, 18), (6, 22)] {
            let table = served(reads, program * LONGEST);

            assert!(!kept(&table));
            assert!(table.check_lists().is_err());
        }
    }

    #[test]
    fn what_was_not_measured_keeps_no_limit() {
        for limit in Table::new(&[]).limits() {
            assert!(!limit.is_kept());
        }
    }
}
