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
            Some(of(shortest)?.each_more(of(longest)?, LISTS[LISTS.len() - 1] - LISTS[0]))
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
            lists,
        }
    }

    /// What our driver is to keep to.
    pub fn limits(&self) -> Vec<Limit> {
        let copy = self.copy.ours;
        let list = self.lists.last().and_then(|row| row.ours);
        let further = self.per_further_segment.ours;

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

        for (segments, cost) in [(1, self.copy.theirs_copies)].into_iter().chain(copies) {
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

        for (segments, row) in LISTS.iter().zip(&self.lists) {
            let cost = row.ours.with_context(|| format!("no {}", row.request))?;
            let same = Cost {
                bursts: copy.bursts * *segments as f64,
                ..copy
            };

            ensure!(cost == same, "{}: {cost:?}, not {same:?}", row.request);
        }
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
            .chain([&self.per_further_segment])
        {
            println!(
                "{:<14} {:>20} {:>20} {:>20}",
                row.request,
                shown(row.theirs_to_device),
                shown(row.theirs_copies),
                shown(row.ours)
            );
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

    #[test]
    fn what_was_not_measured_keeps_no_limit() {
        for limit in Table::new(&[]).limits() {
            assert!(!limit.is_kept());
        }
    }
}
