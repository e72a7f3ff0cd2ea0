// SPDX-License-Identifier: GPL-2.0

//! Report of the lessons, as text and as JSON.

use kernel::{
    fmt,
    prelude::*,
    str::CString, //
};

use super::Failure;
use crate::{
    dma::{
        Direction,
        Pair, //
    },
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
#[derive(Clone, Copy)]
pub(super) struct ListStats {
    stats: TransferStats,
    /// Counts of the source and of the destination, if they are lists.
    counts: [Option<ListCounts>; 2],
    /// True if the CPU read bytes while others were copied, if it was to do that.
    is_read_in_transfer: Option<bool>,
}

/// Numbers of entries (`orig_nents`) and segments (`nents`) of a list.
#[derive(Clone, Copy)]
struct ListCounts {
    entries: usize,
    segments: usize,
}

impl ListCounts {
    fn of<M: SgMemory, D: Direction>(list: &MappedSgTable<'_, M, D>) -> Option<Self> {
        Some(Self {
            entries: list.orig_nents(),
            segments: list.nents(),
        })
    }
}

/// Mappings of a transfer from a list to a list.
type Lists<'dev, S, SD, M, D> = Pair<MappedSgTable<'dev, S, SD>, MappedSgTable<'dev, M, D>>;

impl ListStats {
    /// Returns the statistics of a transfer of which the CPU was to read bytes before its end.
    pub(super) fn read_in_transfer(stats: TransferStats, is_read: bool) -> Self {
        Self {
            is_read_in_transfer: Some(is_read),
            ..stats.into()
        }
    }

    /// Returns the statistics of a transfer from a list to a mapping.
    pub(super) fn list_to_mapping<M: SgMemory, D: Direction, T>(
        done: &Completed<Pair<MappedSgTable<'_, M, D>, T>>,
    ) -> Self {
        Self {
            counts: [ListCounts::of(&done.mappings.source), None],
            ..done.stats.into()
        }
    }

    /// Returns the statistics of a transfer from a mapping to a list.
    pub(super) fn mapping_to_list<S, M: SgMemory, D: Direction>(
        done: &Completed<Pair<S, MappedSgTable<'_, M, D>>>,
    ) -> Self {
        Self {
            counts: [None, ListCounts::of(&done.mappings.destination)],
            ..done.stats.into()
        }
    }

    /// Returns the statistics of a transfer from a list to a list.
    pub(super) fn list_to_list<S: SgMemory, SD: Direction, M: SgMemory, D: Direction>(
        done: &Completed<Lists<'_, S, SD, M, D>>,
    ) -> Self {
        Self {
            counts: [
                ListCounts::of(&done.mappings.source),
                ListCounts::of(&done.mappings.destination),
            ],
            ..done.stats.into()
        }
    }
}

impl From<TransferStats> for ListStats {
    fn from(stats: TransferStats) -> Self {
        Self {
            stats,
            counts: [None; 2],
            is_read_in_transfer: None,
        }
    }
}

/// Transfer of a lesson, completed or failed.
struct Entry {
    lesson: &'static str,
    range: CopyRange,
    outcome: Result<ListStats, Failure>,
}

/// Report of the lessons.
pub(crate) struct Report {
    entries: KVec<Entry>,
    /// Errors that lessons provoked.
    provoked: KVec<TransferError>,
    /// Segments of one transfer, as text, after the name of their side.
    segments: KVec<(&'static str, CString)>,
    /// Number of events before the lessons; after [`Report::end`], number of their events.
    events: u64,
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

    /// Adds the transfers of a lesson by their names, or a failure by the first name. Returns false
    /// if the lessons should stop.
    pub(super) fn add<const N: usize>(
        &mut self,
        lessons: [&'static str; N],
        range: CopyRange,
        outcome: Result<[impl Into<ListStats>; N], Failure>,
    ) -> Result<bool> {
        match outcome {
            Ok(done) => {
                for (lesson, done) in lessons.into_iter().zip(done) {
                    self.push(lesson, range, Ok(done.into()))?;
                }
            }
            Err(failure) => self.push(lessons[0], range, Err(failure))?,
        }
        Ok(!self.should_stop())
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

    /// Adds the segments of one side of the next transfer.
    pub(super) fn add_segments(&mut self, side: &'static str, segments: CString) -> Result {
        self.segments.push((side, segments), GFP_KERNEL)?;
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

    /// Returns the report as a JSON object on one line.
    pub(crate) fn as_json(&self) -> impl fmt::Display + '_ {
        Json(self)
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
    fn transfers(&self) -> u64 {
        self.entries.len() as u64 - self.failed()
    }

    /// Returns the number of programs of these transfers, each of which raises an event.
    fn programs(&self) -> u64 {
        self.entries
            .iter()
            .filter_map(|entry| entry.outcome.as_ref().ok())
            .map(|done| u64::from(done.stats.programs))
            .sum()
    }

    fn failed(&self) -> u64 {
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
            Self::Memory(error) => f.write_fmt(fmt!("no memory ({error:?})")),
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

/// Counts of the lists of a transfer, as JSON.
struct JsonCounts<'a>(&'a [Option<ListCounts>; 2]);

impl fmt::Display for JsonCounts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (side, count) in ["source", "destination"].into_iter().zip(self.0) {
            let Some(ListCounts { entries, segments }) = count else {
                continue;
            };

            f.write_fmt(fmt!(
                "\"{side}_entries\":{entries},\"{side}_segments\":{segments},"
            ))?;
        }
        Ok(())
    }
}

/// Report as JSON.
///
/// Its texts are those of the driver, which have no character that JSON escapes.
struct Json<'a>(&'a Report);

impl fmt::Display for Json<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = self.0;
        let mut separator = "";

        f.write_str("{\"transfers\":[")?;
        for Entry {
            lesson,
            range,
            outcome,
        } in &report.entries
        {
            f.write_fmt(fmt!(
                "{separator}{{\"lesson\":\"{lesson}\",\"bytes\":{},\"from_offset\":{},\
                 \"to_offset\":{},",
                range.len,
                range.src_offset,
                range.dst_offset
            ))?;
            separator = ",";
            match outcome {
                Ok(ListStats {
                    stats,
                    counts,
                    is_read_in_transfer,
                }) => f.write_fmt(fmt!(
                    "{}{}\"source\":\"{:#010x}\",\"destination\":\"{:#010x}\",\"program_bytes\":{},\
                     \"nanoseconds\":{},\"result\":\"ok\"}}",
                    JsonCounts(counts),
                    match is_read_in_transfer {
                        Some(true) => "\"read_in_transfer\":true,",
                        Some(false) => "\"read_in_transfer\":false,",
                        None => "",
                    },
                    stats.source,
                    stats.destination,
                    stats.program_len,
                    stats.duration.as_nanos(),
                ))?,
                Err(failure) => f.write_fmt(fmt!("\"result\":\"{failure}\"}}"))?,
            }
        }
        f.write_str("],\"provoked\":[")?;
        separator = "";
        for error in &report.provoked {
            f.write_fmt(fmt!("{separator}\"{error}\""))?;
            separator = ",";
        }
        f.write_fmt(fmt!(
            "],\"ok\":{},\"failed\":{},\"programs\":{},\"events\":{},\"passed\":{}}}",
            report.transfers(),
            report.failed(),
            report.programs(),
            report.events,
            !report.has_failures()
        ))
    }
}
