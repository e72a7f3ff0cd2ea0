// SPDX-License-Identifier: GPL-2.0

//! Report of the lessons as JSON.

use kernel::{
    fmt,
    prelude::*, //
};

use super::report::{
    Entry,
    ListCounts,
    ListStats,
    Report, //
};

impl Report {
    /// Returns the report as a JSON object on one line.
    pub(crate) fn as_json(&self) -> impl fmt::Display + '_ {
        Json(self)
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
