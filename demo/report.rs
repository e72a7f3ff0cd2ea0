// SPDX-License-Identifier: GPL-2.0

//! Report of the lessons, and its text.

use kernel::{
    fmt,
    prelude::*,
    str::CString, //
};

use super::Stop;
use crate::{
    dma::{
        Direction,
        Mapping,
        Memory,
        Pair, //
    },
    lessons::Failure,
    pl330::{
        Completed,
        CopyRange,
        TransferError,
        TransferStats, //
    },
    sg::{
        MappedSgTable,
        SgMemory, //
    }, //
};

/// Statistics of a transfer, and of its lists.
pub(super) struct ListStats {
    pub(super) stats: TransferStats,
    /// Counts of the source and of the destination, if they are lists.
    pub(super) counts: [Option<ListCounts>; 2],
    /// True if the CPU read bytes while others were copied, if it was to do that.
    pub(super) is_read_in_transfer: Option<bool>,
}

/// Numbers of entries (`orig_nents`) and segments (`nents`) of a list.
pub(super) struct ListCounts {
    pub(super) entries: usize,
    pub(super) segments: usize,
}

/// Side of a transfer.
pub(super) trait Side {
    /// Returns the counts of a list; `None` for a single mapping.
    fn counts(&self) -> Option<ListCounts> {
        None
    }
}

/// Side of which no counts are reported.
impl Side for () {}

impl<M: Memory, D: Direction> Side for Mapping<'_, M, D> {}

impl<M: SgMemory, D: Direction> Side for MappedSgTable<'_, M, D> {
    fn counts(&self) -> Option<ListCounts> {
        Some(ListCounts {
            entries: self.orig_nents(),
            segments: self.nents(),
        })
    }
}

impl ListStats {
    /// Returns the statistics of a transfer from `source` to `destination`.
    pub(super) fn new(stats: TransferStats, source: &impl Side, destination: &impl Side) -> Self {
        Self {
            counts: [source.counts(), destination.counts()],
            ..stats.into()
        }
    }

    /// Returns the statistics of a transfer of which the CPU was to read bytes before its end.
    pub(super) fn read_in_transfer(stats: TransferStats, is_read: bool) -> Self {
        Self {
            is_read_in_transfer: Some(is_read),
            ..stats.into()
        }
    }
}

impl From<TransferStats> for ListStats {
    fn from(stats: TransferStats) -> Self {
        Self {
            stats,
            counts: [None, None],
            is_read_in_transfer: None,
        }
    }
}

impl<S: Side, D: Side> From<Completed<Pair<S, D>>> for ListStats {
    fn from(done: Completed<Pair<S, D>>) -> Self {
        Self::new(
            done.stats,
            &done.mappings.source,
            &done.mappings.destination,
        )
    }
}

/// Transfer of a lesson, completed or failed.
pub(super) struct Entry {
    pub(super) lesson: &'static str,
    pub(super) range: CopyRange,
    pub(super) outcome: Result<ListStats, Failure>,
}

/// Report of the lessons.
pub(crate) struct Report {
    pub(super) entries: KVec<Entry>,
    /// Errors that lessons provoked.
    pub(super) provoked: KVec<TransferError>,
    /// Segments of one transfer, as text, after the name of their side.
    segments: KVec<(&'static str, CString)>,
    /// Number of events before the lessons; after [`Report::end`], number of their events.
    pub(super) events: u64,
}

impl Report {
    /// Creates an empty report, when the controller has raised `events` events.
    pub(super) fn new(events: u64) -> Self {
        Self {
            entries: KVec::new(),
            provoked: KVec::new(),
            segments: KVec::new(),
            events,
        }
    }

    /// Adds the transfer of a lesson.
    ///
    /// # Errors
    ///
    /// [`Stop`] if the lessons should stop.
    pub(super) fn add(
        &mut self,
        lesson: &'static str,
        range: CopyRange,
        outcome: Result<impl Into<ListStats>, Failure>,
    ) -> Result<(), Stop> {
        self.add_all([lesson], range, outcome.map(|done| [done]))
    }

    /// Adds the transfers of a lesson by their names, or a failure by the first name.
    ///
    /// # Errors
    ///
    /// [`Stop`] if the lessons should stop.
    pub(super) fn add_all<const N: usize>(
        &mut self,
        lessons: [&'static str; N],
        range: CopyRange,
        outcome: Result<[impl Into<ListStats>; N], Failure>,
    ) -> Result<(), Stop> {
        match outcome {
            Ok(done) => {
                for (lesson, done) in lessons.into_iter().zip(done) {
                    self.push(lesson, range, Ok(done.into()))?;
                }
            }
            Err(failure) => self.push(lessons[0], range, Err(failure))?,
        }
        if self.should_stop() {
            Err(Stop::NoResponse)
        } else {
            Ok(())
        }
    }

    fn push(
        &mut self,
        lesson: &'static str,
        range: CopyRange,
        outcome: Result<ListStats, Failure>,
    ) -> Result {
        self.entries.push(
            Entry {
                lesson,
                range,
                outcome,
            },
            GFP_KERNEL,
        )?;
        Ok(())
    }

    /// Adds an error that a lesson provoked.
    pub(super) fn add_provoked(&mut self, error: TransferError) -> Result {
        self.provoked.push(error, GFP_KERNEL)?;
        Ok(())
    }

    /// Adds the lengths of the entries of `list`, and its segments, on one side of the next
    /// transfer.
    pub(super) fn add_segments<M: SgMemory, D: Direction>(
        &mut self,
        side: &'static str,
        lengths: &[usize],
        list: &MappedSgTable<'_, M, D>,
    ) -> Result {
        let text = CString::try_from_fmt(fmt!(
            "{} bytes, {} entries {lengths:?} -> {} segments {}",
            list.len(),
            list.orig_nents(),
            list.nents(),
            list.display_segments()
        ))?;

        self.segments.push((side, text), GFP_KERNEL)?;
        Ok(())
    }

    /// Ends the report, when the controller has raised `events` events.
    pub(super) fn end(&mut self, events: u64) {
        self.events = events - self.events;
    }

    /// Returns true if a transfer failed, or the numbers of programs and events differ.
    pub(crate) fn has_failures(&self) -> bool {
        self.failed() != 0 || self.events != self.programs()
    }

    /// Returns true if further transfers would fail as the last one did, and take long.
    fn should_stop(&self) -> bool {
        self.entries.last().is_some_and(|entry| {
            matches!(
                entry.outcome,
                Err(Failure::Transfer(
                    TransferError::DebugPortBusy
                        | TransferError::Timeout(_)
                        | TransferError::NoEvent
                        | TransferError::ShuttingDown
                        | TransferError::Stuck
                        | TransferError::Retired,
                    _
                ))
            )
        })
    }

    /// Returns the number of completed transfers. One with a wrong byte counts as failed.
    pub(super) fn transfers(&self) -> u64 {
        self.entries.len() as u64 - self.failed()
    }

    /// Returns the number of programs of these transfers, each of which raises an event.
    pub(super) fn programs(&self) -> u64 {
        self.entries
            .iter()
            .filter_map(|entry| entry.outcome.as_ref().ok())
            .map(|done| u64::from(done.stats.programs))
            .sum()
    }

    /// Returns the number of transfers that failed.
    pub(super) fn failed(&self) -> u64 {
        self.entries
            .iter()
            .filter(|entry| entry.outcome.is_err())
            .count() as u64
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_fmt(fmt!(
            "{:<14} {:>8}  {:<10}  {:<10} {:>7} {:>9}  {}\n",
            "lesson",
            "bytes",
            "from",
            "to",
            "program",
            "time",
            "result"
        ))?;
        for Entry {
            lesson,
            range,
            outcome,
        } in &self.entries
        {
            f.write_fmt(fmt!("{lesson:<14} {:>8}  ", range.len))?;
            match outcome {
                Ok(ListStats {
                    stats,
                    counts,
                    is_read_in_transfer,
                }) => f.write_fmt(fmt!(
                    "{:#010x}  {:#010x} {:>5} B {:>6} us  ok{}{}\n",
                    stats.source,
                    stats.destination,
                    stats.program_len,
                    stats.duration.as_micros_ceil(),
                    TextCounts(counts),
                    match is_read_in_transfer {
                        Some(true) => ": first half read meanwhile",
                        Some(false) => ": ended before the first half was read",
                        None => "",
                    },
                ))?,
                Err(failure) => f.write_fmt(fmt!(
                    "+{:<9}  +{:<9} {:19} {failure}\n",
                    range.src_offset,
                    range.dst_offset,
                    ""
                ))?,
            }
        }
        for (side, segments) in &self.segments {
            f.write_fmt(fmt!("segments {side}: {}\n", &**segments))?;
        }
        for error in &self.provoked {
            f.write_fmt(fmt!("provoked: {error}\n"))?;
        }
        f.write_fmt(fmt!(
            "{} transfers ok, {} failed, {} programs, {} events\n",
            self.transfers(),
            self.failed(),
            self.programs(),
            self.events
        ))
    }
}

/// Counts of the lists of a transfer, as text.
struct TextCounts<'a>(&'a [Option<ListCounts>; 2]);

impl fmt::Display for TextCounts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = ": ";

        for (side, count) in ["from", "to"].into_iter().zip(self.0) {
            let Some(ListCounts { entries, segments }) = count else {
                continue;
            };

            f.write_fmt(fmt!(
                "{separator}{side} {entries} entries, {segments} segments"
            ))?;
            separator = "; ";
        }
        Ok(())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kernel(error) => f.write_fmt(fmt!("error {error:?}")),
            Self::Mapping(failure) => {
                f.write_fmt(fmt!("not mapped: {failure}; the memory came back"))
            }
            Self::Transfer(error, true) => f.write_fmt(fmt!("{error}, buffers handed back")),
            Self::Transfer(error, false) => f.write_fmt(fmt!("{error}")),
            Self::Data(mismatch) => f.write_fmt(fmt!("{mismatch}")),
            Self::Message => f.write_str("the message is not what was sent"),
            Self::Pattern => f.write_str("no such pattern"),
            Self::Order { place, number } => {
                f.write_fmt(fmt!("transfer {number} ended as number {place}"))
            }
            Self::NoError => f.write_str("should have failed"),
        }
    }
}
