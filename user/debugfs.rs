// SPDX-License-Identifier: GPL-2.0

//! Files in debugfs that run the lessons and print the driver's state:
//!
//! ```sh
//! cd /sys/kernel/debug/rk3588_dma-*
//! echo all > run        # fails with an I/O error if any lesson does
//! cat report            # the report, as text
//! cat report.json       # the report, as JSON
//! cat limits            # the limits of mappings for the device
//! cat channels          # the states of the channels, and their last programs
//! ```
//!
//! The others, for measurements and tests, are [`kinds`], [`repeat`], [`scatter`], [`soak`] and
//! [`stream`].

use kernel::{
    new_mutex,
    prelude::*,
    seq_file::{
        seq_print,
        SeqFile, //
    },
    str::CString,
    sync::{
        Arc,
        Mutex, //
    }, //
};

use super::{
    kinds,
    repeat,
    scatter,
    soak,
    stream::{
        self,
        Stream, //
    }, //
};
use crate::{
    bindings::debugfs,
    demo::{
        self,
        Report, //
    },
    dma::DmaDevice,
    pl330::Controller, //
};

/// Directory of a device in debugfs.
pub(crate) struct Debugfs<'bound> {
    _dir: debugfs::Dir<FileData<'bound>>,
}

impl<'bound> Debugfs<'bound> {
    /// Creates the directory, `rk3588_dma-` and the name of the device, with the files.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    ///
    /// # Safety
    ///
    /// The result must not be leaked; see [`debugfs::Dir::new`].
    pub(crate) unsafe fn new(
        dev: &'bound DmaDevice,
        controller: Arc<Controller<'bound>>,
    ) -> Result<Self> {
        let name = CString::try_from_fmt(fmt!("rk3588_dma-{}", dev.as_device().name()))?;

        // SAFETY: The directory becomes part of the result, which the caller does not leak.
        let dir = unsafe {
            debugfs::Dir::new(
                &name,
                pin_init!(FileData {
                    dev,
                    controller,
                    report <- new_mutex!(None),
                    stream <- new_mutex!(None),
                }? Error),
            )?
        };

        dir.add_command::<RunFile>();
        dir.add_show::<ReportFile>();
        dir.add_show::<JsonFile>();
        dir.add_show::<LimitsFile>();
        dir.add_show::<ChannelsFile>();
        dir.add_command::<KindsFile>();
        dir.add_command::<RepeatFile>();
        dir.add_command::<ScatterFile>();
        dir.add_command::<SoakFile>();
        dir.add_command::<StreamFile>();
        dir.add_show::<StreamResultFile>();
        Ok(Self { _dir: dir })
    }
}

/// Data of the files.
#[pin_data]
struct FileData<'bound> {
    dev: &'bound DmaDevice,
    controller: Arc<Controller<'bound>>,
    /// Last report. Locked while the lessons run, so that only one task runs them: a report counts
    /// all events of the controller, including those of the other files.
    #[pin]
    report: Mutex<Option<Report>>,
    /// Stream that was started last.
    #[pin]
    stream: Mutex<Option<Arc<Stream<'bound>>>>,
}

struct RunFile;

impl debugfs::Command<FileData<'_>> for RunFile {
    const NAME: &'static CStr = c"run";

    fn run(data: &FileData<'_>, word: &str) -> Result {
        if word != "all" {
            return Err(EINVAL);
        }

        let mut last = data.report.lock();
        let report = last.insert(demo::run(data.dev, &data.controller)?);

        if report.has_failures() {
            return Err(EIO);
        }
        Ok(())
    }
}

struct ReportFile;

impl debugfs::Show<FileData<'_>> for ReportFile {
    const NAME: &'static CStr = c"report";

    fn show(data: &FileData<'_>, out: &SeqFile) {
        let Some(report) = data.report.try_lock() else {
            return seq_print!(out, "the lessons are running\n");
        };

        match &*report {
            Some(report) => seq_print!(out, "{}", report),
            None => seq_print!(out, "nothing has run yet: write \"all\" to \"run\"\n"),
        }
    }
}

struct JsonFile;

impl debugfs::Show<FileData<'_>> for JsonFile {
    const NAME: &'static CStr = c"report.json";

    fn show(data: &FileData<'_>, out: &SeqFile) {
        match data.report.try_lock().as_deref() {
            Some(Some(report)) => seq_print!(out, "{}\n", report.as_json()),
            Some(None) | None => seq_print!(out, "null\n"),
        }
    }
}

struct LimitsFile;

impl debugfs::Show<FileData<'_>> for LimitsFile {
    const NAME: &'static CStr = c"limits";

    fn show(data: &FileData<'_>, out: &SeqFile) {
        seq_print!(out, "{}", data.dev.limits());
    }
}

struct ChannelsFile;

impl debugfs::Show<FileData<'_>> for ChannelsFile {
    const NAME: &'static CStr = c"channels";

    fn show(data: &FileData<'_>, out: &SeqFile) {
        seq_print!(out, "{}", data.controller.channels());
    }
}

struct KindsFile;

impl debugfs::Command<FileData<'_>> for KindsFile {
    const NAME: &'static CStr = c"kinds";

    fn run(data: &FileData<'_>, word: &str) -> Result {
        kinds::run(data.dev, &data.controller, word)
    }
}

struct RepeatFile;

impl debugfs::Command<FileData<'_>> for RepeatFile {
    const NAME: &'static CStr = c"repeat";

    fn run(data: &FileData<'_>, word: &str) -> Result {
        repeat::run(data.dev, &data.controller, word)
    }
}

struct ScatterFile;

impl debugfs::Command<FileData<'_>> for ScatterFile {
    const NAME: &'static CStr = c"scatter";

    fn run(data: &FileData<'_>, word: &str) -> Result {
        scatter::run(data.dev, &data.controller, word)
    }
}

struct SoakFile;

impl debugfs::Command<FileData<'_>> for SoakFile {
    const NAME: &'static CStr = c"soak";

    fn run(data: &FileData<'_>, word: &str) -> Result {
        soak::run(data.dev, &data.controller, word)
    }
}

struct StreamFile;

impl debugfs::Command<FileData<'_>> for StreamFile {
    const NAME: &'static CStr = c"stream";

    fn run(data: &FileData<'_>, word: &str) -> Result {
        let mut last = data.stream.lock();

        if word == "stop" {
            last.as_ref().ok_or(EINVAL)?.stop();
            return Ok(());
        }
        *last = Some(stream::start(data.dev, &data.controller, word)?);
        Ok(())
    }
}

struct StreamResultFile;

impl debugfs::Show<FileData<'_>> for StreamResultFile {
    const NAME: &'static CStr = c"stream-result";

    fn show(data: &FileData<'_>, out: &SeqFile) {
        match &*data.stream.lock() {
            Some(stream) => seq_print!(out, "{}", **stream),
            None => seq_print!(out, "no stream was started: write to \"stream\"\n"),
        }
    }
}
