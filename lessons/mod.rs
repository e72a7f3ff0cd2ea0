// SPDX-License-Identifier: GPL-2.0

//! Lessons, which the demonstration runs: one small file for each subject, without `unsafe`.
//!
//! - `single`: buffers that the device only reads or only writes;
//! - `bidirectional`: buffers that it reads and writes;
//! - `change`: buffers that stay mapped while the CPU accesses a part of them;
//! - `sync`: a buffer whose first half the CPU reads while the device writes the second half;
//! - `page`: a part of a page;
//! - `fragments`: two frames in one page;
//! - `shared`: memory that two transfers and the CPU read at the same time;
//! - `table`: a part of a vector;
//! - `deferred`: a mapping in a work item;
//! - `data`: structs and vectors;
//! - `part`: a long buffer that stays mapped, with a part used at a time;
//! - `fill`: a buffer that the device fills;
//! - `rows`: a part of an image;
//! - `pieces`: many chunks of a buffer in one program;
//! - `list`: several buffers as one side of a transfer;
//! - `split`: a buffer as a list of its pages;
//! - `pages`: from pages to pages;
//! - `segments`: entries of a table, and segments that the device gets;
//! - `zero_copy`: a packet of a header and a payload in different memory;
//! - `together`: transfers at the same time;
//! - `order`: transfers in order, with callbacks;
//! - `chain`: transfers that callbacks submit;
//! - `failure`: transfers that fail, and the next ones in the same buffers.

mod bidirectional;
mod chain;
mod change;
mod data;
mod deferred;
mod failure;
mod fill;
mod fragments;
mod list;
mod order;
mod page;
mod pages;
mod part;
mod pattern;
mod pieces;
mod report;
mod rows;
mod segments;
mod shared;
mod single;
mod split;
mod sync;
mod table;
mod together;
mod zero_copy;

pub(crate) use report::Report;

use kernel::{
    alloc::AllocError,
    prelude::*,
    sync::Arc, //
};

use crate::{
    dma::{
        DmaDevice,
        MapError,
        MapFailure,
        PageBuffer,
        SharedPage, //
    },
    pl330::{
        Controller,
        Copy2d,
        CopyRange,
        Failed,
        InjectedFault,
        TransferError,
        TransferStats, //
    }, //
};
use pattern::Mismatch;

/// Number of bytes after the last copied one that must not change.
const MARGIN: usize = 64;

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

/// Error of a lesson.
enum Failure {
    /// An allocation failed.
    Memory(Error),
    /// The kernel could not map the memory, which came back.
    Mapping(MapFailure),
    /// The transfer failed; true if its buffers came back.
    Transfer(TransferError, bool),
    /// A byte is wrong.
    Data(Mismatch),
    /// A received message differs from the sent one.
    Message,
    /// The pattern is invalid.
    Pattern,
    /// A transfer ended out of order.
    Order {
        /// Number of transfers that ended before.
        place: usize,
        /// Number of transfers that were submitted before.
        number: usize,
    },
    /// An expected error did not occur.
    NoError,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Memory(error)
    }
}

impl From<AllocError> for Failure {
    fn from(error: AllocError) -> Self {
        Self::Memory(error.into())
    }
}

impl From<SharedPage> for Failure {
    fn from(shared: SharedPage) -> Self {
        Self::Memory(shared.into())
    }
}

impl<M> From<MapError<M>> for Failure {
    fn from(error: MapError<M>) -> Self {
        Self::Mapping(error.failure)
    }
}

impl<M> From<Failed<M>> for Failure {
    fn from(failed: Failed<M>) -> Self {
        Self::Transfer(failed.error, failed.mappings.is_some())
    }
}

impl From<Mismatch> for Failure {
    fn from(mismatch: Mismatch) -> Self {
        Self::Data(mismatch)
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
    let mut report = Report::new(controller.events());

    add_lessons(dev, controller, &mut report)?;
    report.end(controller.events());
    Ok(report)
}

fn add_lessons<'bound>(
    dev: &'bound DmaDevice,
    controller: &Arc<Controller<'bound>>,
    report: &mut Report,
) -> Result {
    for range in RANGES {
        let outcome = single::copy(dev, controller, range);

        if !report.add(["single"], range, outcome.map(|it| [it]))? {
            return Ok(());
        }
    }
    for range in RANGES {
        let outcome = bidirectional::there_and_back(dev, controller, range);

        if !report.add(["there", "back"], range, outcome)? {
            return Ok(());
        }
    }
    for range in RANGES {
        let outcome = change::twice(dev, controller, range);

        if !report.add(["mapped", "changed"], range, outcome)? {
            return Ok(());
        }
    }
    for range in HALVES {
        let outcome = sync::halves(dev, controller, range);

        if !report.add(["sync"], range, outcome.map(|it| [it]))? {
            return Ok(());
        }
    }
    for range in PAGE_RANGES {
        let outcome = page::copy(dev, controller, range);

        if !report.add(["page"], range, outcome.map(|it| [it]))? {
            return Ok(());
        }
    }

    let outcome = fragments::receive(dev, controller);

    if !report.add(["fragment", "fragment"], fragments::FRAME, outcome)? {
        return Ok(());
    }

    let outcome = shared::copy_twice(dev, controller, TOGETHER);

    if !report.add(["shared", "shared"], TOGETHER, outcome)? {
        return Ok(());
    }

    let outcome = table::update(dev, controller);

    if !report.add(["table"], table::RANGE, outcome.map(|it| [it]))? {
        return Ok(());
    }

    let outcome = deferred::check(dev, controller, PART_RANGE);

    if !report.add(["deferred"], PART_RANGE, outcome.map(|it| [it]))? {
        return Ok(());
    }

    let outcome = part::frames(dev, controller, PART_RANGE);

    if !report.add(["frame", "next frame"], PART_RANGE, outcome)? {
        return Ok(());
    }

    let outcome = data::send_twice(dev, controller);

    if !report.add(["message", "again"], data::RANGE, outcome)? {
        return Ok(());
    }
    for (range, bytes) in FILLS {
        let outcome = fill::fill(dev, controller, range, bytes);

        if !report.add(["fill"], range, outcome.map(|it| [it]))? {
            return Ok(());
        }
    }
    for bytes in LIST_FILLS {
        let outcome = fill::fill_list(dev, controller, bytes);

        if !report.add(["fill"], list::RANGE, outcome.map(|it| [it]))? {
            return Ok(());
        }
    }
    for rows in ROWS {
        let outcome = rows::copy(dev, controller, rows);
        let range = CopyRange {
            len: rows.rows * rows.first.len,
            ..rows.first
        };

        if !report.add(["rows"], range, outcome.map(|it| [it]))? {
            return Ok(());
        }
    }
    for (count, len) in PIECES {
        let outcome = pieces::gather(dev, controller, count, len);
        let range = range(count * len, 0, 0);

        if !report.add(["pieces"], range, outcome.map(|it| [it]))? {
            return Ok(());
        }
    }

    let outcome = list::gather_and_scatter(dev, controller);

    if !report.add(["gather", "scatter"], list::RANGE, outcome)? {
        return Ok(());
    }
    for range in SPLIT {
        let outcome = split::copy(dev, controller, range);

        if !report.add(["split"], range, outcome.map(|it| [it]))? {
            return Ok(());
        }
    }

    let outcome = pages::twice(dev, controller);

    if !report.add(["pages", "changed pages"], pages::RANGE, outcome)? {
        return Ok(());
    }

    let outcome = match segments::copy(dev, controller) {
        Ok((stats, [from, to])) => {
            report.add_segments("from", from)?;
            report.add_segments("to", to)?;
            Ok([stats])
        }
        Err(failure) => Err(failure),
    };

    if !report.add(["segments"], segments::RANGE, outcome)? {
        return Ok(());
    }

    let outcome = zero_copy::send(dev, controller);

    if !report.add(["zero copy"], zero_copy::RANGE, outcome.map(|it| [it]))? {
        return Ok(());
    }

    let outcome = together::copy(dev, controller, TOGETHER);

    if !report.add(["together"; together::COUNT], TOGETHER, outcome)? {
        return Ok(());
    }

    match order::copy(dev, controller, ORDERED) {
        Ok(stats) => {
            for (number, stats) in stats.into_iter().enumerate() {
                report.add(["in order"], order::part(ORDERED, number), Ok([stats]))?;
            }
        }
        Err(failure) => {
            if !report.add(["in order"], ORDERED, Err::<[TransferStats; 1], _>(failure))? {
                return Ok(());
            }
        }
    }

    let outcome = chain::copy(dev, controller, CHAINED);

    if !report.add(["chain"; chain::COUNT], CHAINED, outcome)? {
        return Ok(());
    }
    for (lesson, fault) in [
        ("after fault", InjectedFault::UndefinedInstruction),
        ("after timeout", InjectedFault::Endless),
    ] {
        let outcome = failure::recover(dev, controller, RECOVERED, fault);

        if let Ok((error, _)) = &outcome {
            report.add_provoked(*error)?;
        }
        report.add([lesson], RECOVERED, outcome.map(|(_, stats)| [stats]))?;
    }
    Ok(())
}
