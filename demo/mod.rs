// SPDX-License-Identifier: GPL-2.0

//! The demonstration: runs all lessons on a controller, and reports their transfers.
//!
//! A lesson in [`lessons`](crate::lessons) is the code of a driver, and returns what a driver has
//! after a transfer. This directory has what else is needed to run it: the ranges to copy, in this
//! file, and the report, as text in `report` and as JSON in `json`. It does not verify bytes: each
//! lesson does.

mod json;
mod report;

pub(crate) use report::Report;

use kernel::{
    alloc::AllocError,
    prelude::*,
    sync::Arc, //
};

use crate::{
    dma::{
        DmaDevice,
        PageBuffer, //
    },
    lessons::{
        bidirectional,
        chain,
        change,
        data,
        deferred,
        failure,
        fill,
        fragments,
        list,
        order,
        page,
        pages,
        part,
        pieces,
        rows,
        segments,
        shared,
        single,
        split,
        sync,
        table,
        together,
        zero_copy,
        MARGIN, //
    },
    pl330::{
        Controller,
        Copy2d,
        CopyRange,
        InjectedFault,
        TransferStats, //
    }, //
};
use report::ListStats;

/// Ranges to copy. Their lengths and offsets are near the sizes at which programs or mappings
/// change: the bus width (8 bytes), a burst (128), a page (4096), 256 bursts, and nested loops.
const RANGES: [CopyRange; 14] = [
    range(1, 0, 0),
    range(1, 3, 6),
    range(7, 1, 1),
    range(8, 0, 0),
    range(64, 0, 0),
    range(127, 5, 5),
    range(128, 8, 16),
    range(1000, 2, 4),
    range(4096, 0, 0),
    range(4096, 0, 1),
    range(4097, 7, 7),
    range(65536, 4, 12),
    range(1 << 20, 0, 0),
    range(1 << 20, 3, 6),
];

/// Ranges to copy between pages. Each fits into a page with the margin.
const PAGE_RANGES: [CopyRange; 4] = [
    range(1, 0, 0),
    range(64, 128, 256),
    range(1500, 66, 64),
    range(PageBuffer::LEN - 2 * MARGIN, 3, 1),
];

/// Ranges of which the CPU reads the first half while the second half is copied. On hardware, a
/// short copy may end before the CPU reads.
const HALVES: [CopyRange; 2] = [range(192 << 10, 3, 64), range(3 << 20, 0, 0)];

/// Range to copy between long buffers.
const PART_RANGE: CopyRange = range(1500, 0, 0);

/// Ranges to fill, and their patterns.
const FILLS: [(CopyRange, &[u8]); 6] = [
    (range(1, 0, 3), &[0]),
    (range(4096, 0, 0), &[0]),
    (range(100_000, 0, 5), &[0]),
    (range(33, 0, 7), &[0x5a]),
    (range(4096, 0, 2), &[1, 2, 3, 4]),
    (range(100_000, 0, 1), &[8, 7, 6, 5, 4, 3, 2, 1]),
];

/// Patterns to fill lists with.
const LIST_FILLS: [&[u8]; 3] = [&[0], &[0x5a], &[8, 7, 6, 5, 4, 3, 2, 1]];

/// Rows to copy. Their program is a loop if both strides are multiples of the bus width.
const ROWS: [Copy2d; 3] = [
    Copy2d {
        first: range(128, 64, 32),
        rows: 48,
        src_stride: 1024,
        dst_stride: 256,
    },
    Copy2d {
        first: range(101, 3, 6),
        rows: 300,
        src_stride: 128,
        dst_stride: 104,
    },
    Copy2d {
        first: range(30, 1, 0),
        rows: 20,
        src_stride: 77,
        dst_stride: 31,
    },
];

/// Numbers and lengths of chunks to copy. The last copy does not fit into one program.
const PIECES: [(usize, usize); 4] = [(2, 1), (16, 100), (256, 256), (1500, 40)];

/// Ranges to copy from a buffer that is split at its pages.
const SPLIT: [CopyRange; 3] = [
    range(1, 4095, 0),
    range(4098, 4095, 3),
    range(50_000, 100, 8),
];

/// Range of each transfer that runs together with others.
const TOGETHER: CopyRange = range(30_000, 1, 2);

/// Range of the first transfer in a queue.
const ORDERED: CopyRange = range(30_000, 0, 4);

/// Range of each transfer of a chain.
const CHAINED: CopyRange = range(5000, 0, 0);

/// Range of a transfer that fails, and of the next one.
const RECOVERED: CopyRange = range(1500, 0, 0);

const fn range(len: usize, from: usize, to: usize) -> CopyRange {
    CopyRange {
        src_offset: from,
        dst_offset: to,
        len,
    }
}

/// Reason to stop before the last lesson.
enum Stop {
    /// An allocation for the report failed.
    NoMemory(Error),
    /// The controller does not respond: further transfers would fail as the last one did, and take
    /// long.
    NoResponse,
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::NoMemory(error)
    }
}

impl From<AllocError> for Stop {
    fn from(error: AllocError) -> Self {
        Self::NoMemory(error.into())
    }
}

/// Runs all lessons on `controller`, the controller of `dev`. Stops if it does not respond. Other
/// callers must not use it meanwhile: the report compares its number of events with the programs.
///
/// # Errors
///
/// `ENOMEM` if there is no memory for the report. Errors of lessons are in the report.
pub(crate) fn run<'bound>(
    dev: &'bound DmaDevice,
    controller: &Arc<Controller<'bound>>,
) -> Result<Report> {
    let mut demo = Demo {
        dev,
        controller,
        report: Report::new(controller.events()),
    };

    match demo.run() {
        Ok(()) | Err(Stop::NoResponse) => (),
        Err(Stop::NoMemory(error)) => return Err(error),
    }
    demo.report.end(controller.events());
    Ok(demo.report)
}

/// Demonstration that runs.
struct Demo<'a, 'bound> {
    dev: &'bound DmaDevice,
    controller: &'a Arc<Controller<'bound>>,
    report: Report,
}

impl Demo<'_, '_> {
    /// Runs the lessons in the order of the report.
    fn run(&mut self) -> Result<(), Stop> {
        self.run_buffers()?;
        self.run_other_memory()?;
        self.run_operations()?;
        self.run_lists()?;
        self.run_queues()?;
        self.run_failures()
    }

    /// Runs the lessons of buffers.
    fn run_buffers(&mut self) -> Result<(), Stop> {
        let (dev, controller, report) = (self.dev, self.controller, &mut self.report);

        for range in RANGES {
            report.add("single", range, single::copy(dev, controller, range))?;
        }
        for range in RANGES {
            let copies = bidirectional::there_and_back(dev, controller, range);

            report.add_all(["there", "back"], range, copies)?;
        }
        for range in RANGES {
            let copies = change::twice(dev, controller, range);

            report.add_all(["mapped", "changed"], range, copies)?;
        }
        for range in HALVES {
            let copy = sync::halves(dev, controller, range);
            let copy = copy.map(|(stats, is_read)| ListStats::read_in_transfer(stats, is_read));

            report.add("sync", range, copy)?;
        }
        Ok(())
    }

    /// Runs the lessons of pages and other memory.
    fn run_other_memory(&mut self) -> Result<(), Stop> {
        let (dev, controller, report) = (self.dev, self.controller, &mut self.report);

        for range in PAGE_RANGES {
            report.add("page", range, page::copy(dev, controller, range))?;
        }

        let copies = fragments::receive(dev, controller);

        report.add_all(["fragment"; 2], fragments::FRAME, copies)?;

        let copies = shared::copy_twice(dev, controller, TOGETHER);

        report.add_all(["shared"; 2], TOGETHER, copies)?;
        report.add("table", table::RANGE, table::update(dev, controller))?;

        let copy = deferred::check(dev, controller, PART_RANGE);

        report.add("deferred", PART_RANGE, copy)?;

        let copies = part::frames(dev, controller, PART_RANGE);

        report.add_all(["frame", "next frame"], PART_RANGE, copies)?;

        let copies = data::send_twice(dev, controller);

        report.add_all(["message", "again"], data::RANGE, copies)
    }

    /// Runs the lessons of transfers other than a copy of one range.
    fn run_operations(&mut self) -> Result<(), Stop> {
        let (dev, controller, report) = (self.dev, self.controller, &mut self.report);

        for (range, bytes) in FILLS {
            report.add("fill", range, fill::fill(dev, controller, range, bytes))?;
        }
        for bytes in LIST_FILLS {
            let fill = fill::fill_list(dev, controller, bytes);

            report.add("fill", list::RANGE, fill)?;
        }
        for rows in ROWS {
            let range = CopyRange {
                len: rows.rows * rows.first.len,
                ..rows.first
            };

            report.add("rows", range, rows::copy(dev, controller, rows))?;
        }
        for (count, len) in PIECES {
            let copy = pieces::gather(dev, controller, count, len);

            report.add("pieces", range(count * len, 0, 0), copy)?;
        }
        Ok(())
    }

    /// Runs the lessons of lists.
    fn run_lists(&mut self) -> Result<(), Stop> {
        let (dev, controller, report) = (self.dev, self.controller, &mut self.report);

        let copies = list::gather_and_scatter(dev, controller);
        let copies = copies.map(|([gather, scatter], lists)| {
            [
                ListStats::new(gather, &lists.source, &()),
                ListStats::new(scatter, &(), &lists.destination),
            ]
        });

        report.add_all(["gather", "scatter"], list::RANGE, copies)?;
        for range in SPLIT {
            report.add("split", range, split::copy(dev, controller, range))?;
        }

        let copies = pages::twice(dev, controller);
        let copies = copies.map(|(stats, lists)| {
            stats.map(|stats| ListStats::new(stats, &lists.source, &lists.destination))
        });

        report.add_all(["pages", "changed pages"], pages::RANGE, copies)?;

        let copy = match segments::copy(dev, controller) {
            Ok((copy, [source, destination])) => {
                report.add_segments("from", &source, &copy.mappings.source)?;
                report.add_segments("to", &destination, &copy.mappings.destination)?;
                Ok(copy)
            }
            Err(failure) => Err(failure),
        };

        report.add("segments", segments::RANGE, copy)?;

        let copy = zero_copy::send(dev, controller);

        report.add("zero copy", zero_copy::RANGE, copy)
    }

    /// Runs the lessons of transfers in parallel and in order.
    fn run_queues(&mut self) -> Result<(), Stop> {
        let (dev, controller, report) = (self.dev, self.controller, &mut self.report);

        let copies = together::copy(dev, controller, TOGETHER);

        report.add_all(["together"; together::COUNT], TOGETHER, copies)?;
        match order::copy(dev, controller, ORDERED) {
            Ok(stats) => {
                for (number, stats) in stats.into_iter().enumerate() {
                    report.add("in order", order::part(ORDERED, number), Ok(stats))?;
                }
            }
            Err(failure) => report.add("in order", ORDERED, Err::<TransferStats, _>(failure))?,
        }

        let copies = chain::copy(dev, controller, CHAINED);

        report.add_all(["chain"; chain::COUNT], CHAINED, copies)
    }

    /// Runs the lessons of transfers that fail.
    fn run_failures(&mut self) -> Result<(), Stop> {
        let (dev, controller, report) = (self.dev, self.controller, &mut self.report);

        for (name, fault) in [
            ("after fault", InjectedFault::UndefinedInstruction),
            ("after timeout", InjectedFault::Endless),
        ] {
            let copy = failure::recover(dev, controller, RECOVERED, fault);

            if let Ok((error, _)) = &copy {
                report.add_provoked(*error)?;
            }
            report.add(name, RECOVERED, copy.map(|(_, stats)| stats))?;
        }
        Ok(())
    }
}
