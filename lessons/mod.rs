// SPDX-License-Identifier: GPL-2.0

//! What the demonstration runs: one small file for each subject, without `unsafe`.
//!
//! - `single`: buffers that the device only reads or only writes;
//! - `bidirectional`: buffers that it reads and writes;
//! - `sync`: buffers that stay mapped while the CPU works on a part of them;
//! - `page`: a part of a page;
//! - `data`: structs and vectors as they are;
//! - `part`: a long buffer that stays mapped, and of which a part is used;
//! - `failure`: transfers that fail, and what becomes of buffers and channel.

mod bidirectional;
mod data;
mod failure;
mod page;
mod part;
mod pattern;
mod report;
mod single;
mod sync;

pub(crate) use report::Report;

use kernel::{
    alloc::AllocError,
    prelude::*, //
};

use crate::{
    dma::{
        DmaDevice,
        MapError,
        MapFailure,
        Memory,
        PageBuffer,
        SharedPage, //
    },
    pl330::{
        Controller,
        CopyError,
        Flaw,
        Span,
        TransferError, //
    }, //
};
use pattern::Mismatch;

/// Bytes after the last copied one that must not change.
const MARGIN: usize = 64;

/// What is copied: lengths and offsets around the sizes at which something changes, which are the
/// bus width (8 bytes), a burst (128), a page (4096), 256 bursts, and a nest of loops.
const SPANS: [Span; 14] = [
    span(1, 0, 0),
    span(1, 3, 6),
    span(7, 1, 1),
    span(8, 0, 0),
    span(64, 0, 0),
    span(127, 5, 5),
    span(128, 8, 16),
    span(1000, 2, 4),
    span(4096, 0, 0),
    span(4096, 0, 1),
    span(4097, 7, 7),
    span(65536, 4, 12),
    span(1 << 20, 0, 0),
    span(1 << 20, 3, 6),
];

/// What is copied between pages, with the margin after it.
const IN_A_PAGE: [Span; 4] = [
    span(1, 0, 0),
    span(64, 128, 256),
    span(1500, 66, 64),
    span(PageBuffer::LEN - 2 * MARGIN, 3, 1),
];

/// What is used of a long buffer.
const PART: Span = span(1500, 0, 0);

/// What is copied after a transfer that failed.
const RECOVERED: Span = span(1500, 0, 0);

const fn span(len: usize, from: usize, to: usize) -> Span {
    Span { from, to, len }
}

/// Why a lesson did not end as it should.
enum Failure {
    /// There is no memory for it.
    Memory(Error),
    /// A buffer could not be mapped; this many bytes came back.
    Mapping(MapFailure, usize),
    /// The transfer failed, and the buffers came back or did not.
    Transfer(TransferError, bool),
    /// A byte is not what it should be.
    Data(Mismatch),
    /// A message is not what was sent.
    Message,
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

impl<M: Memory> From<MapError<M>> for Failure {
    fn from(error: MapError<M>) -> Self {
        Self::Mapping(error.failure, error.memory.len())
    }
}

impl<S, D> From<CopyError<S, D>> for Failure {
    fn from(failed: CopyError<S, D>) -> Self {
        Self::Transfer(failed.error, failed.mappings.is_some())
    }
}

impl From<Mismatch> for Failure {
    fn from(mismatch: Mismatch) -> Self {
        Self::Data(mismatch)
    }
}

/// Runs all lessons, or those until the controller stops to answer, on `controller`, the controller of
/// `dev`. Nobody else may use it meanwhile, or the interrupts will not add up.
///
/// # Errors
///
/// `ENOMEM` if there is no memory for the report. What goes wrong in a lesson stands in the report.
pub(crate) fn run<'bound>(
    dev: &'bound DmaDevice,
    controller: &Controller<'bound>,
) -> Result<Report> {
    let mut report = Report::new(controller.interrupts());

    run_into(dev, controller, &mut report)?;
    report.end(controller.interrupts());
    Ok(report)
}

fn run_into<'bound>(
    dev: &'bound DmaDevice,
    controller: &Controller<'bound>,
    report: &mut Report,
) -> Result {
    for span in SPANS {
        let outcome = single::copy(dev, controller, span);

        if !report.add(["single"], span, outcome.map(|it| [it]))? {
            return Ok(());
        }
    }
    for span in SPANS {
        let outcome = bidirectional::there_and_back(dev, controller, span);

        if !report.add(["there", "back"], span, outcome)? {
            return Ok(());
        }
    }
    for span in SPANS {
        let outcome = sync::twice(dev, controller, span);

        if !report.add(["mapped", "changed"], span, outcome)? {
            return Ok(());
        }
    }
    for span in IN_A_PAGE {
        let outcome = page::copy(dev, controller, span);

        if !report.add(["page"], span, outcome.map(|it| [it]))? {
            return Ok(());
        }
    }

    let outcome = part::frames(dev, controller, PART);

    if !report.add(["frame", "next frame"], PART, outcome)? {
        return Ok(());
    }

    let outcome = data::send_twice(dev, controller);

    if !report.add(["message", "again"], data::SPAN, outcome)? {
        return Ok(());
    }
    for (lesson, flaw) in [
        ("after fault", Flaw::UndefinedInstruction),
        ("after timeout", Flaw::Endless),
    ] {
        let outcome = failure::recover(dev, controller, RECOVERED, flaw);

        if let Ok((error, _)) = &outcome {
            report.add_provoked(*error)?;
        }
        report.add([lesson], RECOVERED, outcome.map(|(_, receipt)| [receipt]))?;
    }
    Ok(())
}
