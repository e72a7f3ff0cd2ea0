// SPDX-License-Identifier: GPL-2.0

//! Clients of the DMA engine framework, unmodified: tests and drivers of Debian's kernel on the
//! peripherals of the virtual board.
//!
//! With the kernel's own driver of the PL330, they judge the model: what works on a board works
//! here, and what fails there fails here.

use crate::prelude::*;

/// Overlay that turns the peripherals on.
const OVERLAY: &str = "tests/e2e/overlays/clients.dtso";

/// Modules of `scripts/clients`.
const MODULES: [&str; 17] = [
    "pl330.ko",
    "dmatest.ko",
    "spi-rockchip.ko",
    "spi-loopback-test.ko",
    "soundcore.ko",
    "snd.ko",
    "snd-timer.ko",
    "snd-pcm.ko",
    "snd-pcm-dmaengine.ko",
    "snd-compress.ko",
    "snd-mixer-oss.ko",
    "snd-pcm-oss.ko",
    "snd-soc-core.ko",
    "snd-soc-spdif-tx.ko",
    "snd-soc-simple-card-utils.ko",
    "snd-soc-simple-card.ko",
    "snd-soc-rockchip-i2s-tdm.ko",
];

/// Threads of dmatest: two on each hardware channel of dmac2 that SPI4 does not hold.
const DMATEST_THREADS: usize = 12;

/// Adds the tests.
pub fn add(suite: &mut Suite) {
    suite.boot_with("clients", prepare, |tests| {
        tests.add("c_driver_serves_peripherals", |it| {
            for (section, client) in [
                ("spi_channels", "dma2chan13   | fecb0000.spi:tx\n"),
                ("spi_channels", "dma2chan14   | fecb0000.spi:rx\n"),
                ("uart_channels", "dma2chan7    | feba0000.serial:tx\n"),
                ("uart_channels", "dma2chan8    | feba0000.serial:rx\n"),
                ("sound_channels", "dma2chan2    | fddf0000.i2s:tx\n"),
            ] {
                it.has(section, client)?;
            }
            it.exits(0)
        });
        tests.add("c_driver_passes_spi_loopback_test", |it| {
            for words in [64, 97, 1024] {
                let passed = "Finished spi-loopback-tests with return: 0\n77 iterations";

                it.is(&format!("spi_{words}"), passed)?;
            }
            Ok(())
        });
        // A burst is as long as divides the length, but a segment ends within a burst. Its rest is
        // a burst that the FIFO does not request, because it is below the FIFO's level.
        tests.add("c_driver_loses_the_end_of_vmalloc_memory", |it| {
            it.has("spi_vmalloc", "starts at offset: 1020\n")?;
            it.has("spi_vmalloc", "with return: -110\n")
        });
        tests.add("c_driver_passes_dmatest", |it| {
            it.occurs("dmatest", "25 tests, 0 failures", DMATEST_THREADS)?;
            it.only("dmatest", &["25 tests, 0 failures\n"])
        });
        tests.add("c_driver_passes_uart_loopback", |it| {
            it.is("uart", "65536 bytes are equal")
        });
        tests.add("c_driver_plays_a_ramp", |it| {
            let sound = it.counters("sound")?;

            // Buffers are played to their ends.
            ensure!((8000..10000).contains(&sound["words"]), "{sound:?}");
            expect("underruns", sound["underruns"], 0)?;
            expect("played", numbers(it.section("played")?), ramp(600))
        });
        tests.add("c_driver_leaves_the_kernel_well", |it| {
            it.clean_if_any("dmesg")
        });
    });
}

/// Returns the first words of the ramp: two signed samples of 16 bits, of an unsigned one of 8.
fn ramp(len: u64) -> Vec<u64> {
    let sample = |index| (1 + index % 127 + 0x80) << 8;

    (0..len)
        .map(|index| (sample(index) << 16) | sample(index))
        .collect()
}

/// Makes the boot, and the modules that it needs.
fn prepare() -> Result<(Boot, String)> {
    let folder = made_by("scripts/clients", &[])?;
    let boot = Boot {
        overlays: vec![OVERLAY.into()],
        files: MODULES.map(|module| folder.join(module)).into(),
        ..Boot::default()
    };

    Ok((boot, script(&["clients"])?))
}
