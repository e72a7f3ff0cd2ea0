// SPDX-License-Identifier: GPL-2.0

//! What the demonstration runs: one small file for each subject, without `unsafe`.
//!
//! - `single`: buffers that the device only reads or only writes;
//! - `bidirectional`: buffers that it reads and writes;
//! - `failure`: transfers that fail, and what becomes of buffers and channel.

mod bidirectional;
mod failure;
mod pattern;
mod report;
mod single;

pub(crate) use report::Report;

use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*, //
};

use crate::{
    dma::{
        Buffer,
        MapError, //
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
    Mapping(Error, usize),
    /// The transfer failed, and the buffers came back or did not.
    Transfer(TransferError, bool),
    /// A byte is not what it should be.
    Data(Mismatch),
    /// What should have failed did not.
    NoError,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Memory(error)
    }
}

impl From<MapError<Buffer>> for Failure {
    fn from(failed: MapError<Buffer>) -> Self {
        Self::Mapping(failed.error, failed.memory.len())
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
    dev: &'bound Device<Bound>,
    controller: &Controller<'bound>,
) -> Result<Report> {
    let mut report = Report::new(controller.interrupts());

    run_into(dev, controller, &mut report)?;
    report.end(controller.interrupts());
    Ok(report)
}

fn run_into<'bound>(
    dev: &'bound Device<Bound>,
    controller: &Controller<'bound>,
    report: &mut Report,
) -> Result {
    for span in SPANS {
        report.add("single", span, single::copy(dev, controller, span))?;
        if report.is_hopeless() {
            return Ok(());
        }
    }
    for span in SPANS {
        match bidirectional::there_and_back(dev, controller, span) {
            Ok([there, back]) => {
                report.add("there", span, Ok(there))?;
                report.add("back", span, Ok(back))?;
            }
            Err(failure) => report.add("there and back", span, Err(failure))?,
        }
        if report.is_hopeless() {
            return Ok(());
        }
    }
    for (lesson, flaw) in [
        ("after fault", Flaw::UndefinedInstruction),
        ("after timeout", Flaw::Endless),
    ] {
        match failure::recover(dev, controller, RECOVERED, flaw) {
            Ok((error, receipt)) => {
                report.add_provoked(error)?;
                report.add(lesson, RECOVERED, Ok(receipt))?;
            }
            Err(failure) => report.add(lesson, RECOVERED, Err(failure))?,
        }
    }
    Ok(())
}
