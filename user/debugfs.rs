// SPDX-License-Identifier: GPL-2.0

//! The demonstration, on request:
//!
//! ```sh
//! cd /sys/kernel/debug/rk3588_dma-*
//! echo all > run        # fails with an I/O error if any lesson does
//! cat report            # what happened, to read
//! cat report.json       # the same for programs
//! cat limits            # the limits by which the kernel maps memory for the device
//! cat channels          # what the channels are doing, and their last programs
//! ```
//!
//! and, for measurements and endurance, [`repeat`], [`scatter`] and [`soak`].

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
    repeat,
    scatter,
    soak, //
};
use crate::{
    bindings::debugfs,
    dma::DmaDevice,
    lessons::{
        self,
        Report, //
    },
    pl330::Controller, //
};

/// The folder of a device in debugfs.
pub(crate) struct Debugfs<'bound> {
    _dir: debugfs::Dir<Demo<'bound>>,
}

impl<'bound> Debugfs<'bound> {
    /// Creates `rk3588_dma-` and the name of the device, with the files.
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

        // SAFETY: The folder goes into our result, which the caller does not leak.
        let dir = unsafe {
            debugfs::Dir::new(
                &name,
                pin_init!(Demo {
                    dev,
                    controller,
                    report <- new_mutex!(None),
                }? Error),
            )?
        };

        dir.add_command::<RunFile>();
        dir.add_show::<ReportFile>();
        dir.add_show::<JsonFile>();
        dir.add_show::<LimitsFile>();
        dir.add_show::<ChannelsFile>();
        dir.add_command::<RepeatFile>();
        dir.add_command::<ScatterFile>();
        dir.add_command::<SoakFile>();
        Ok(Self { _dir: dir })
    }
}

/// What the files work on.
#[pin_data]
struct Demo<'bound> {
    dev: &'bound DmaDevice,
    controller: Arc<Controller<'bound>>,
    /// The last report. Held while the lessons run, so that they do once at a time: the events of
    /// the controller are counted, also those of `repeat` and `soak`, if these run meanwhile.
    #[pin]
    report: Mutex<Option<Report>>,
}

struct RunFile;

impl debugfs::Command<Demo<'_>> for RunFile {
    const NAME: &'static CStr = c"run";

    fn run(demo: &Demo<'_>, word: &str) -> Result {
        if word != "all" {
            return Err(EINVAL);
        }

        let mut last = demo.report.lock();
        let report = last.insert(lessons::run(demo.dev, &demo.controller)?);

        if report.has_failures() {
            return Err(EIO);
        }
        Ok(())
    }
}

struct ReportFile;

impl debugfs::Show<Demo<'_>> for ReportFile {
    const NAME: &'static CStr = c"report";

    fn show(demo: &Demo<'_>, out: &SeqFile) {
        let Some(report) = demo.report.try_lock() else {
            return seq_print!(out, "the lessons are running\n");
        };

        match &*report {
            Some(report) => seq_print!(out, "{}", report),
            None => seq_print!(out, "nothing has run yet: write \"all\" to \"run\"\n"),
        }
    }
}

struct JsonFile;

impl debugfs::Show<Demo<'_>> for JsonFile {
    const NAME: &'static CStr = c"report.json";

    fn show(demo: &Demo<'_>, out: &SeqFile) {
        match demo.report.try_lock().as_deref() {
            Some(Some(report)) => seq_print!(out, "{}\n", report.as_json()),
            Some(None) | None => seq_print!(out, "null\n"),
        }
    }
}

struct LimitsFile;

impl debugfs::Show<Demo<'_>> for LimitsFile {
    const NAME: &'static CStr = c"limits";

    fn show(demo: &Demo<'_>, out: &SeqFile) {
        seq_print!(out, "{}", demo.dev.limits());
    }
}

struct ChannelsFile;

impl debugfs::Show<Demo<'_>> for ChannelsFile {
    const NAME: &'static CStr = c"channels";

    fn show(demo: &Demo<'_>, out: &SeqFile) {
        seq_print!(out, "{}", demo.controller.channels());
    }
}

struct RepeatFile;

impl debugfs::Command<Demo<'_>> for RepeatFile {
    const NAME: &'static CStr = c"repeat";

    fn run(demo: &Demo<'_>, word: &str) -> Result {
        repeat::run(demo.dev, &demo.controller, word)
    }
}

struct ScatterFile;

impl debugfs::Command<Demo<'_>> for ScatterFile {
    const NAME: &'static CStr = c"scatter";

    fn run(demo: &Demo<'_>, word: &str) -> Result {
        scatter::run(demo.dev, &demo.controller, word)
    }
}

struct SoakFile;

impl debugfs::Command<Demo<'_>> for SoakFile {
    const NAME: &'static CStr = c"soak";

    fn run(demo: &Demo<'_>, word: &str) -> Result {
        soak::run(demo.dev, &demo.controller, word)
    }
}
