// SPDX-License-Identifier: GPL-2.0

//! What happened, for people and for programs.

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

/// How a transfer with lists went.
#[derive(Clone, Copy)]
pub(super) struct Listed {
    stats: TransferStats,
    /// In how many entries and segments each side was, if it was a list.
    cuts: [Option<Cut>; 2],
}

/// A list in numbers.
#[derive(Clone, Copy)]
struct Cut {
    entries: usize,
    segments: usize,
}

impl Cut {
    fn of<M: SgMemory, D: Direction>(list: &MappedSgTable<'_, M, D>) -> Option<Self> {
        Some(Self {
            entries: list.orig_nents(),
            segments: list.nents(),
        })
    }
}

/// A list and another one.
type Lists<'dev, S, SD, M, D> = Pair<MappedSgTable<'dev, S, SD>, MappedSgTable<'dev, M, D>>;

impl Listed {
    /// From a list to a mapping.
    pub(super) fn gathered<M: SgMemory, D: Direction, T>(
        done: &Completed<Pair<MappedSgTable<'_, M, D>, T>>,
    ) -> Self {
        Self {
            stats: done.stats,
            cuts: [Cut::of(&done.mappings.source), None],
        }
    }

    /// From a mapping to a list.
    pub(super) fn scattered<S, M: SgMemory, D: Direction>(
        done: &Completed<Pair<S, MappedSgTable<'_, M, D>>>,
    ) -> Self {
        Self {
            stats: done.stats,
            cuts: [None, Cut::of(&done.mappings.destination)],
        }
    }

    /// From a list to a list.
    pub(super) fn list_to_list<S: SgMemory, SD: Direction, M: SgMemory, D: Direction>(
        done: &Completed<Lists<'_, S, SD, M, D>>,
    ) -> Self {
        Self {
            stats: done.stats,
            cuts: [
                Cut::of(&done.mappings.source),
                Cut::of(&done.mappings.destination),
            ],
        }
    }
}

impl From<TransferStats> for Listed {
    fn from(stats: TransferStats) -> Self {
        Self {
            stats,
            cuts: [None; 2],
        }
    }
}

/// A transfer, or an attempt at one.
struct Entry {
    lesson: &'static str,
    range: CopyRange,
    outcome: Result<Listed, Failure>,
}

/// All that the lessons did.
pub(crate) struct Report {
    entries: KVec<Entry>,
    /// The errors that were asked for.
    provoked: KVec<TransferError>,
    /// The segments of one transfer: of which side, and their text.
    segments: KVec<(&'static str, CString)>,
    /// Events when the lessons began, then those that came since.
    events: u64,
}

impl Report {
    /// An empty report, when the controller has raised `events` events.
    pub(super) fn new(events: u64) -> Self {
        Self {
            entries: KVec::new(),
            provoked: KVec::new(),
            segments: KVec::new(),
            events,
        }
    }

    /// Takes down the transfers of a lesson, each under its name; where they failed, once. False if
    /// it is no use to go on.
    pub(super) fn add<const N: usize>(
        &mut self,
        lessons: [&'static str; N],
        range: CopyRange,
        outcome: Result<[impl Into<Listed>; N], Failure>,
    ) -> Result<bool> {
        match outcome {
            Ok(done) => {
                for (lesson, done) in lessons.into_iter().zip(done) {
                    self.push(lesson, range, Ok(done.into()))?;
                }
            }
            Err(failure) => self.push(lessons[0], range, Err(failure))?,
        }
        Ok(!self.is_hopeless())
    }

    fn push(
        &mut self,
        lesson: &'static str,
        range: CopyRange,
        outcome: Result<Listed, Failure>,
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

    /// Takes down an error that was asked for.
    pub(super) fn add_provoked(&mut self, error: TransferError) -> Result {
        self.provoked.push(error, GFP_KERNEL)?;
        Ok(())
    }

    /// Takes down the segments of one side of the next transfer.
    pub(super) fn add_segments(&mut self, side: &'static str, segments: CString) -> Result {
        self.segments.push((side, segments), GFP_KERNEL)?;
        Ok(())
    }

    /// Ends the report, when the controller has raised `events` events.
    pub(super) fn end(&mut self, events: u64) {
        self.events = events - self.events;
    }

    /// Whether anything did not go as it should.
    pub(crate) fn has_failures(&self) -> bool {
        self.failed() != 0 || self.events != self.programs()
    }

    /// The report as a JSON object on one line.
    pub(crate) fn as_json(&self) -> impl fmt::Display + '_ {
        Json(self)
    }

    /// Whether the last transfer failed in a way that others would, and take long to.
    fn is_hopeless(&self) -> bool {
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

    /// Transfers that were done. One whose bytes were wrong counts as failed.
    fn transfers(&self) -> u64 {
        self.entries.len() as u64 - self.failed()
    }

    /// The programs that these took, each of which raises an interrupt.
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
                Ok(Listed { stats, cuts }) => f.write_fmt(fmt!(
                    "{:#010x}  {:#010x} {:>5} B {:>6} us  ok{}\n",
                    stats.source,
                    stats.destination,
                    stats.program_len,
                    stats.duration.as_micros_ceil(),
                    Cuts(cuts),
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

/// How the sides of a transfer were cut, for those that were.
struct Cuts<'a>(&'a [Option<Cut>; 2]);

impl fmt::Display for Cuts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = ": ";

        for (side, cut) in ["from", "to"].into_iter().zip(self.0) {
            let Some(Cut { entries, segments }) = cut else {
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

/// The same as JSON.
struct JsonCuts<'a>(&'a [Option<Cut>; 2]);

impl fmt::Display for JsonCuts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (side, cut) in ["source", "destination"].into_iter().zip(self.0) {
            let Some(Cut { entries, segments }) = cut else {
                continue;
            };

            f.write_fmt(fmt!(
                "\"{side}_entries\":{entries},\"{side}_segments\":{segments},"
            ))?;
        }
        Ok(())
    }
}

/// A report as JSON.
///
/// The texts in it are ours and have no character that JSON would have escaped.
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
                Ok(Listed { stats, cuts }) => f.write_fmt(fmt!(
                    "{}\"source\":\"{:#010x}\",\"destination\":\"{:#010x}\",\"program_bytes\":{},\
                     \"nanoseconds\":{},\"result\":\"ok\"}}",
                    JsonCuts(cuts),
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
