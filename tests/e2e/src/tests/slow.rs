// SPDX-License-Identifier: GPL-2.0

//! The driver on controllers whose bursts take time, and whose DMASTZ is that of upstream QEMU.

use super::{
    faults,
    lessons,
    lists, //
};
use crate::prelude::*;

/// Adds the tests.
pub fn add(suite: &mut Suite) -> Result<()> {
    let boot = || Boot {
        is_slow: true,
        ..Boot::with_driver()
    };

    faults::add(suite, "slow::faults", boot())?;
    lists::cases(suite, "slow::lists", boot());
    engine::soak(suite, "slow", boot(), engine::SHORT);
    suite.boot(
        "slow::lessons",
        boot().with_inspect(),
        script(&["demo"]),
        |tests| {
            tests.add("bursts_take_time", |it| it.is("slow", "5000 1"));
            lessons::add_report(tests);
            tests.add("leave_the_kernel_well", |it| it.clean("dmesg"));
        },
    );
    Ok(())
}
