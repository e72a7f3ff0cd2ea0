// SPDX-License-Identifier: GPL-2.0

//! Controllers with a fault: the driver refuses each of them with one line that names the fault.

use crate::prelude::*;

const OVERLAY_BAD: &str = "tests/e2e/overlays/bad-controllers.dtso";

/// Overlay that gives the driver all three controllers.
const OVERLAY_ALL: &str = "dts/rk3588-dmac-all.dtbo";

/// Addresses of the controllers.
const CONTROLLERS: [&str; 3] = ["fea10000", "fea30000", "fed10000"];

/// Address of the registers of the first bad controller, see the overlay; each has a page.
const REGISTERS: u64 = 0x3000_0000;
const PAGE: usize = 0x1000;

/// Registers of a controller like those of the RK3588: offsets and values.
const GOOD: [(usize, u32); 12] = [
    (0xe00, 0x001f_f075),
    (0xe04, 0x0000_0073),
    (0xe0c, 0x0000_ffff),
    (0xe14, 0x07ff_7f73),
    (0xfe0, 0x30),
    (0xfe4, 0x13),
    (0xfe8, 0x24),
    (0xfec, 0x00),
    (0xff0, 0x0d),
    (0xff4, 0xf0),
    (0xff8, 0x05),
    (0xffc, 0xb1),
];

/// Bad controllers: the test, which is also the end of the device's name, and the line in the log.
/// Those that have registers come first, in the order of their pages.
const BAD: &str = "\
small_registers: the registers cannot be mapped (EINVAL)
no_clock: no clock `apb_pclk` (ENOENT)
no_interrupts: no event interrupt (ENXIO)
no_abort: no abort interrupt (ENXIO)
other_device: not a PL330: peripheral id 0x00041011, component id 0xb105f00d
bus: unknown data bus width (code 0 in CRD)
secure_event: manager is non-secure, and all events for channels are secure
running: channel 0 is executing and does not stop
busy: self-test failed: debug port busy
silent: self-test failed: stopped without raising its event
manager: manager is executing and does not stop
no_registers: no registers: `reg` is missing
shared: the registers cannot be mapped (EBUSY)
unheard: self-test failed: event interrupt not received";

/// Returns the registers of a bad controller that differ from a good one's.
fn different(name: &str) -> &'static [(usize, u32)] {
    match name {
        "other_device" => &[(0xfe0, 0x11), (0xfe4, 0x10), (0xfe8, 0x04)],
        "bus" => &[(0xe14, 0x07ff_7f70)],
        "secure_event" => &[(0xe0c, 0x0000_ff00)],
        "running" => &[(0x100, 1)],
        "manager" => &[(0x000, 1)],
        "busy" => &[(0xd00, 1)],
        _ => &[],
    }
}

/// Returns the names of the bad controllers, with the lines in the log.
fn bad() -> impl Iterator<Item = (&'static str, &'static str)> {
    BAD.lines().filter_map(|line| line.split_once(": "))
}

/// Adds the tests.
pub fn add(suite: &mut Suite) {
    add_refused(suite);
    add_three(suite);
}

/// Adds the tests of all three controllers at the same time.
fn add_three(suite: &mut Suite) {
    let boot = Boot {
        overlays: vec![OVERLAY_ALL.into()],
        ..Boot::with_driver()
    };

    suite.boot("three", boot, script(&["state", "three"]), |tests| {
        tests.add("controllers_are_bound", |it| {
            let is_bound = |address: &&str| it.has("bound", &format!("{address}.dma-controller"));

            CONTROLLERS.iter().try_for_each(is_bound)
        });
        tests.add("controllers_work_at_the_same_time", |it| {
            it.exits(0)?;
            it.is("failed", "")?;
            for address in CONTROLLERS {
                it.has(address, " transfers ok, 0 failed,")?;
            }
            Ok(())
        });
        // Its driver is a module, which the board does not load.
        tests.add("spi_of_the_pmic_has_no_channels", |it| {
            it.is("channels", "0")
        });
        tests.add("leaves_nothing", |it| {
            it.unchanged("before", "after")?;
            it.clean("dmesg")
        });
    });
}

/// Adds the tests of controllers that are refused, all of one boot.
fn add_refused(suite: &mut Suite) {
    let mut boot = Boot::with_driver();

    boot.overlays.push(OVERLAY_BAD.into());
    boot.contents.push((REGISTERS, registers()));
    suite.boot("refuses", boot, script(&["state", "refuse"]), |tests| {
        for (name, line) in bad() {
            tests.add(name, move |it| expect_refused(it, name, line));
        }
        tests.add("but_takes_the_good_one", |it| {
            it.exits(0)?;
            it.has("bound", "fed10000.dma-controller")?;
            it.lacks("bound", "bad-")
        });
        tests.add("without_a_trace", |it| it.clean("dmesg"));
        tests.add("and_leaves_nothing", |it| {
            it.has("before", "clock 0 0")?;
            it.unchanged("before", "after")
        });
    });
}

/// Checks that the driver logs `expected` of the controller, and nothing else. The driver core logs
/// a line of each failed probe, and the watchdog one of each self-test without an interrupt.
fn expect_refused(it: &Console, name: &str, expected: &str) -> Result<()> {
    let device = format!("bad-{}: ", name.replace('_', "-"));
    let lines = it.section("dmesg")?.lines();
    let lines = lines.filter(|line| !line.contains("probe with driver"));
    let lines = lines.filter(|line| !line.contains("transfer complete"));
    let found: Vec<_> = lines.filter_map(|line| line.split_once(&device)).collect();

    expect(
        name,
        found.iter().map(|(_, line)| *line).collect(),
        vec![expected],
    )
}

/// Returns the registers of all bad controllers.
fn registers() -> Vec<u8> {
    let mut memory = vec![0; PAGE * bad().count()];

    for (page, (name, _)) in memory.chunks_mut(PAGE).zip(bad()) {
        for &(offset, value) in GOOD.iter().chain(different(name)) {
            page[offset..offset + 4].copy_from_slice(&value.to_le_bytes());
        }
    }
    memory
}
