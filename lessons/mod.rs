// SPDX-License-Identifier: GPL-2.0

//! What the demonstration runs: one small file for each subject, without `unsafe`.
//!
//! - `single`: buffers that the device only reads or only writes;
//! - `bidirectional`: buffers that it reads and writes;
//! - `sync`: buffers that stay mapped while the CPU works on a part of them;
//! - `page`: a part of a page;
//! - `data`: structs and vectors as they are;
//! - `part`: a long buffer that stays mapped, and of which a part is used;
//! - `fill`: a buffer that the device fills;
//! - `rows`: a part of an image;
//! - `pieces`: many pieces in one program;
//! - `list`: several buffers as one side of a transfer;
//! - `split`: a buffer as a list of its pages;
//! - `pages`: from pages to pages;
//! - `segments`: what a table has, and what the device sees of it;
//! - `zero_copy`: a packet of a header and a payload in different memory;
//! - `together`: transfers at the same time;
//! - `order`: transfers in order, with callbacks;
//! - `chain`: transfers that are submitted by the interrupt handler;
//! - `failure`: transfers that fail, and what becomes of buffers and channel.

mod bidirectional;
mod chain;
mod data;
mod failure;
mod fill;
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
mod single;
mod split;
mod sync;
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

/// Bytes after the last copied one that must not change.
const MARGIN: usize = 64;

/// What is copied: lengths and offsets around the sizes at which something changes, which are the
/// bus width (8 bytes), a burst (128), a page (4096), 256 bursts, and a nest of loops.
const SPANS: [CopyRange; 14] = [
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

/// What is copied between pages, with the margin after it.
const IN_A_PAGE: [CopyRange; 4] = [
    range(1, 0, 0),
    range(64, 128, 256),
    range(1500, 66, 64),
    range(PageBuffer::LEN - 2 * MARGIN, 3, 1),
];

/// What is used of a long buffer.
const PART: CopyRange = range(1500, 0, 0);

/// What is filled, and with what.
const FILLS: [(CopyRange, &[u8]); 6] = [
    (range(1, 0, 3), &[0]),
    (range(4096, 0, 0), &[0]),
    (range(100_000, 0, 5), &[0]),
    (range(33, 0, 7), &[0x5a]),
    (range(4096, 0, 2), &[1, 2, 3, 4]),
    (range(100_000, 0, 1), &[8, 7, 6, 5, 4, 3, 2, 1]),
];

/// Patterns with which lists are filled.
const LIST_FILLS: [&[u8]; 3] = [&[0], &[0x5a], &[8, 7, 6, 5, 4, 3, 2, 1]];

/// Which rows are copied: with both strides multiples of the bus width, which makes a loop, and
/// not.
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

/// Number and length of the pieces that are copied. The program for the last does not fit into
/// one slot.
const PIECES: [(usize, usize); 4] = [(2, 1), (16, 100), (256, 256), (1500, 40)];

/// What is copied from a buffer that is cut at its pages.
const SPLIT: [CopyRange; 3] = [
    range(1, 4095, 0),
    range(4098, 4095, 3),
    range(50_000, 100, 8),
];

/// What is copied at the same time.
const TOGETHER: CopyRange = range(30_000, 1, 2);

/// What is copied in order.
const ORDERED: CopyRange = range(30_000, 0, 4);

/// What is copied to and fro.
const CHAINED: CopyRange = range(5000, 0, 0);

/// What is copied after a transfer that failed.
const RECOVERED: CopyRange = range(1500, 0, 0);

const fn range(len: usize, from: usize, to: usize) -> CopyRange {
    CopyRange {
        src_offset: from,
        dst_offset: to,
        len,
    }
}

/// Why a lesson did not end as it should.
enum Failure {
    /// There is no memory for it.
    Memory(Error),
    /// Memory could not be mapped, and came back.
    Mapping(MapFailure),
    /// The transfer failed, and the buffers came back or did not.
    Transfer(TransferError, bool),
    /// A byte is not what it should be.
    Data(Mismatch),
    /// A message is not what was sent.
    Message,
    /// There is no fill with such a pattern.
    Pattern,
    /// A transfer ended out of its turn.
    Order {
        /// So many have ended before it.
        place: usize,
        /// So many should have.
        number: usize,
    },
    /// What should have failed did not.
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

/// Runs all lessons, or those until the controller stops to answer, on `controller`, the controller
/// of `dev`. No other caller may use it meanwhile, or the events will not add up.
///
/// # Errors
///
/// `ENOMEM` if there is no memory for the report. What goes wrong in a lesson stands in the report.
pub(crate) fn run<'bound>(
    dev: &'bound DmaDevice,
    controller: &Arc<Controller<'bound>>,
) -> Result<Report> {
    let mut report = Report::new(controller.events());

    run_into(dev, controller, &mut report)?;
    report.end(controller.events());
    Ok(report)
}

fn run_into<'bound>(
    dev: &'bound DmaDevice,
    controller: &Arc<Controller<'bound>>,
    report: &mut Report,
) -> Result {
    for range in SPANS {
        let outcome = single::copy(dev, controller, range);

        if !report.add(["single"], range, outcome.map(|it| [it]))? {
            return Ok(());
        }
    }
    for range in SPANS {
        let outcome = bidirectional::there_and_back(dev, controller, range);

        if !report.add(["there", "back"], range, outcome)? {
            return Ok(());
        }
    }
    for range in SPANS {
        let outcome = sync::twice(dev, controller, range);

        if !report.add(["mapped", "changed"], range, outcome)? {
            return Ok(());
        }
    }
    for range in IN_A_PAGE {
        let outcome = page::copy(dev, controller, range);

        if !report.add(["page"], range, outcome.map(|it| [it]))? {
            return Ok(());
        }
    }

    let outcome = part::frames(dev, controller, PART);

    if !report.add(["frame", "next frame"], PART, outcome)? {
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

    let outcome = list::there_and_back(dev, controller);

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

    let outcome = match segments::show(dev, controller) {
        Ok((listed, [from, to])) => {
            report.add_segments("from", from)?;
            report.add_segments("to", to)?;
            Ok([listed])
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

    if !report.add(["together"; together::MANY], TOGETHER, outcome)? {
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

    if !report.add(["chain"; chain::MANY], CHAINED, outcome)? {
        return Ok(());
    }
    for (lesson, flaw) in [
        ("after fault", InjectedFault::UndefinedInstruction),
        ("after timeout", InjectedFault::Endless),
    ] {
        let outcome = failure::recover(dev, controller, RECOVERED, flaw);

        if let Ok((error, _)) = &outcome {
            report.add_provoked(*error)?;
        }
        report.add([lesson], RECOVERED, outcome.map(|(_, stats)| [stats]))?;
    }
    Ok(())
}
