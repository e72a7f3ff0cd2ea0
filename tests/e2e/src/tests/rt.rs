// SPDX-License-Identifier: GPL-2.0

//! The driver on kernels with `PREEMPT_RT`.
//!
//! Debian's kernel reports "scheduling while atomic", but not that a lock which may sleep is taken
//! where nothing may: where the lock is free, nothing happens. The debug kernel reports that, also
//! of a raw spinlock that is held meanwhile.

use super::{
    faults,
    lessons,
    lists,
    power, //
};
use crate::prelude::*;

/// Number of times that the system sleeps with transfers under way.
const SLEEPS: u64 = 20;

/// Adds the tests.
pub fn add(suite: &mut Suite) -> Result<()> {
    let debug = || Boot {
        kernel: Kernel::DebugRt,
        files: vec!["out/debug-rt/rk3588_dma.ko".into()],
        target: Some("debug-rt"),
        ..Boot::with_driver()
    };
    let debian = || Boot {
        kernel: Kernel::Rt,
        files: vec!["out/rt/rk3588_dma.ko".into()],
        target: Some("rt"),
        ..Boot::with_driver()
    };

    faults::add(suite, "rt::debug_faults", debug())?;
    lessons(suite, "rt::debug_lessons", debug());
    engine::soak(suite, "rt", debian(), engine::SHORT);
    lists::cases(suite, "rt::lists", debian());
    lessons(suite, "rt::lessons", debian());
    power::cases(suite, "rt::power", debian(), SLEEPS);
    Ok(())
}

/// Adds the tests of the lessons on a kernel with `PREEMPT_RT`.
fn lessons(suite: &mut Suite, group: &str, boot: Boot) {
    let kernel = boot.kernel;

    suite.boot(group, boot.with_inspect(), script(&["demo"]), |tests| {
        lessons::add_report(tests);
        tests.add("leave_the_kernel_well", |it| {
            it.clean("dmesg-boot")?;
            it.clean("dmesg")
        });
        tests.add("run_on_the_kernel", move |it| kernel.expect_in(it));
    });
}
