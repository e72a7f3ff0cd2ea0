// SPDX-License-Identifier: GPL-2.0

//! Report of the demonstration.

use kernel::{
    fmt,
    prelude::*,
    str::CString, //
};

/// Lines of text.
pub(crate) struct Report(KVec<CString>);

impl Report {
    /// Returns an empty report.
    pub(crate) const fn new() -> Self {
        Self(KVec::new())
    }

    /// Adds a line. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn line(&mut self, text: fmt::Arguments<'_>) -> Result {
        self.0.push(CString::try_from_fmt(text)?, GFP_KERNEL)?;
        Ok(())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.0 {
            f.write_fmt(fmt!("{}\n", &**line))?;
        }
        Ok(())
    }
}
