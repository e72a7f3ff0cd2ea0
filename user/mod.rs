// SPDX-License-Identifier: GPL-2.0

//! How a person asks the driver for something.

mod debugfs;

pub(crate) use debugfs::Debugfs;
