// SPDX-License-Identifier: GPL-2.0

//! The driver as a provider of the DMA engine framework: `dmatest`, unmodified, on its memory
//! channels.

use crate::prelude::*;

/// Number of memory channels.
const CHANNELS: usize = 8;

/// Sections with a thread on each channel, and the number of its tests.
const RUNS: [(&str, usize); 11] = [
    ("random", 40),
    ("aligned", 40),
    ("unaligned", 40),
    ("norandom", 10),
    ("size_1", 10),
    ("size_3", 10),
    ("size_63", 10),
    ("size_64", 10),
    ("size_4096", 10),
    ("polled", 10),
    ("memset", 10),
];

/// Adds the tests of `boot`, of the board with the driver.
pub fn add(suite: &mut Suite, group: &str, boot: Boot) {
    suite.boot_with(
        group,
        || prepare(boot),
        |tests| {
            tests.add("eight_channels_are_registered", |it| {
                it.has("summary", "number of channels: 8")
            });
            for (section, count) in RUNS {
                tests.add(format!("dmatest_passes_{section}"), move |it| {
                    passes(it, section, count, CHANNELS)
                });
            }
            tests.add("dmatest_passes_with_four_threads_per_channel", |it| {
                passes(it, "threads", 10, 4 * CHANNELS)
            });
            // A channel with a fault keeps its data in the MFIFO until it is killed, so others may
            // lock up meanwhile.
            for section in ["failed_read", "failed_write"] {
                tests.add(
                    format!("{section}_is_an_error_of_its_transfer"),
                    move |it| {
                        let texts = ["'completion error status'\n", "failures\n", "0 remain\n"];

                        it.only(section, &texts)?;
                        it.has(section, texts[0])?;
                        it.has(section, " 1 failures\n")
                    },
                );
            }
            tests.add("channels_work_after_faults", |it| {
                passes(it, "after_faults", 10, CHANNELS)
            });
            tests.add("module_with_a_client_is_not_removed", |it| {
                it.has("rmmod", "Resource temporarily unavailable")
            });
            tests.add("unbind_names_the_client_it_waits_for", |it| {
                it.has("unbind", "channel 3: waiting for the client")?;
                it.lacks("unbind", "unbind ended")
            });
            tests.add("device_that_is_to_go_prepares_nothing", |it| {
                it.has("refused", "result #1: 'prep error'")?;
                it.only("refused", &["dma0chan3-copy0: "])
            });
            tests.add("unbind_ends_with_its_clients", |it| {
                it.has("unbound", "unbind ended")?;
                it.is("driver", "")?;
                it.is("rmmod_later", "")
            });
            tests.add("kernel_is_well", |it| it.clean_if_any("dmesg"));
        },
    );
}

/// Checks that all threads have passed `count` tests.
fn passes(console: &Console, section: &str, count: usize, threads: usize) -> Result<()> {
    let passed = format!("summary {count} tests, 0 failures");

    console.occurs(section, &passed, threads)?;
    console.only(section, &[&format!("{passed}\n")])
}

/// Adds dmatest to a boot.
fn prepare(mut boot: Boot) -> Result<(Boot, String)> {
    let dmatest = match boot.kernel {
        Kernel::Stock => made_by("scripts/clients", &[])?.join("dmatest.ko"),
        kernel => kernel.module("drivers/dma/dmatest.ko")?,
    };

    boot.files.push(dmatest);
    Ok((boot, script(&["provoke", "provider"])?))
}
