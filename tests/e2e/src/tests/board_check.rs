// SPDX-License-Identifier: GPL-2.0

//! `scripts/board-check` in made-up root directories and on the virtual board.

use std::os::unix::fs::symlink;

use super::install::Tree;
use crate::prelude::*;

const SCRIPT: &str = "scripts/board-check";

/// A change of a made-up root directory.
type Change = fn(&Path) -> Result<()>;

const DMAC0: &str = "proc/device-tree/dma-controller@fea10000";
const DMAC2: &str = "proc/device-tree/dma-controller@fed10000";
const DRIVER: &str = "sys/bus/platform/drivers/rk3588_dma";

/// Changes of a root directory where all is in place, and the output for each.
const CASES: [(Change, &str); 9] = [
    (
        |_| Ok(()),
        "Board    Radxa ROCK 5B+\nKernel   *\nOverlay  ok: dmac2 (fed10000) is for rk3588_dma\n\
         Module   ok: loaded\nDevice   ok: fed10000.dma-controller is bound to rk3588_dma\n\
         Before   dmac2 served HDMI audio (I2S 5), fddf0000.i2s, which now fails (no driver)\n\
         Before   dmac2 served HDMI audio (I2S 6), fddf4000.i2s, which now fails (a driver is \
         bound)\nNext     cd /sys/kernel/debug/rk3588_dma-fed10000.dma-controller && *",
    ),
    (
        |root| write(root, DMAC0, "compatible", "rk3588-dma,pl330\0"),
        "*Overlay  ok: dmac0 (fea10000) *Overlay  ok: dmac2 *\
         Device   NO: there is no */devices/fea10000.dma-controller\n*\
         Before   dmac0 served analog audio (I2S 0), fe470000.i2s, which now fails *\
         Before   dmac0 served the console (UART 2), feb50000.serial, which now works *\
         Next     reboot: *",
    ),
    (
        |root| write(root, DMAC2, "compatible", "arm,pl330\0arm,primecell\0"),
        "*Overlay  NO: not applied: dmac2 (fed10000): arm,pl330 arm,primecell\n*\
         Next     install the overlay with `make install`, then reboot\n",
    ),
    (
        |root| {
            write(root, DMAC2, "compatible", "arm,pl330\0arm,primecell\0")?;
            write(
                root,
                "var/lib/rk3588_dma",
                "record",
                "kernel x\nboot armbian\n",
            )
        },
        "*Overlay  NO: not applied, but installed: armbian\n*Next     reboot; if this line *",
    ),
    (
        |root| {
            write(root, DMAC2, "compatible", "arm,pl330\0arm,primecell\0")?;
            write(
                root,
                "var/lib/rk3588_dma",
                "record",
                "kernel x\nboot other\n",
            )
        },
        "*, but installed: the boot loader is to be configured by hand\n*",
    ),
    (
        |root| Ok(fs::remove_dir_all(root.join("proc/device-tree"))?),
        "Board    unknown\n*Tree     NO: *Overlay  NO: the device tree has no *\
         Next     in the setup of EDK2, *",
    ),
    (
        |root| Ok(fs::remove_dir_all(root.join("sys/module"))?),
        "*Module   NO: not loaded, but installed\n*Next     as root, `modprobe rk3588_dma`\n",
    ),
    (
        |root| {
            fs::remove_dir_all(root.join("sys/module"))?;
            Ok(fs::remove_dir_all(root.join("lib"))?)
        },
        "*Module   NO: not loaded, and not installed for this kernel\n*\
         Next     as root, `make install`, then `modprobe rk3588_dma`\n",
    ),
    (
        |root| {
            Ok(fs::remove_file(
                root.join(DRIVER).join("fed10000.dma-controller"),
            )?)
        },
        "*Device   NO: fed10000.dma-controller is not bound to rk3588_dma\n*\
         Next     as root, `dmesg | grep rk3588_dma`; see docs/messages.md\n",
    ),
];

/// Adds the tests.
pub fn add(suite: &mut Suite) {
    for shell in ["dash", "bash"] {
        suite.test(
            &format!("board_check::finds_what_is_missing_under_{shell}"),
            move || {
                CASES.into_iter().try_for_each(|(change, expected)| {
                    check(shell, change, expected).with_context(|| expected)
                })
            },
        );
    }
    suite.test("board_check::explains_its_arguments", || {
        let (output, said) = process::run(Command::new(SCRIPT).arg("-x"))?;

        expect("exit status", output.status.code(), Some(2))?;
        expect_like(&said, "*\nUsage: board-check *")
    });

    let mut boot = Boot::with_driver();

    boot.files.push(SCRIPT.into());
    suite.boot("board_check", boot, script(&["board-check"]), |tests| {
        tests.add("board_is_in_place", |it| {
            // Debian's kernel has the drivers of audio as modules, which are not on the board.
            let expected = CASES[0].1.replace("a driver is bound", "no driver");

            expect_like(it.section("loaded")?, &format!("{expected}exit 0"))
        });
        tests.add("board_without_the_module", |it| {
            expect_like(
                it.section("without")?,
                "*Overlay  ok: dmac2 (fed10000) is for rk3588_dma\n\
                 Module   NO: not loaded, and not installed for this kernel\n\
                 Device   NO: fed10000.dma-controller is not bound *exit 1",
            )
        });
        tests.add("board_without_the_device", |it| {
            expect_like(
                it.section("unbound")?,
                "*Module   ok: loaded\nDevice   NO: fed10000.dma-controller is not bound *exit 1",
            )
        });
    });
}

/// Writes a file in a directory of a root directory.
fn write(root: &Path, directory: &str, name: &str, text: &str) -> Result<()> {
    let directory = root.join(directory);

    fs::create_dir_all(&directory)?;
    Ok(fs::write(directory.join(name), text)?)
}

/// Makes a root directory where all is in place, for this machine's kernel.
fn make(root: &Path) -> Result<()> {
    let release = output(Command::new("uname").arg("-r"))?;
    let updates = format!("lib/modules/{}/updates", release.trim());
    let devices = "sys/bus/platform/devices";

    write(root, "proc/device-tree", "model", "Radxa ROCK 5B+\0")?;
    write(root, DMAC0, "compatible", "arm,pl330\0arm,primecell\0")?;
    write(root, DMAC2, "compatible", "rk3588-dma,pl330\0")?;
    write(root, "sys/module/rk3588_dma", "refcnt", "0\n")?;
    write(root, &updates, "rk3588_dma.ko", "")?;
    for device in ["fed10000.dma-controller", "fddf0000.i2s", "fddf4000.i2s"] {
        write(root, &format!("{devices}/{device}"), "uevent", "")?;
    }
    write(
        root,
        &format!("{devices}/fddf4000.i2s/driver"),
        "uevent",
        "",
    )?;
    fs::create_dir_all(root.join(DRIVER))?;
    Ok(symlink(
        "../../devices/fed10000.dma-controller",
        root.join(DRIVER).join("fed10000.dma-controller"),
    )?)
}

/// Runs the script with a changed root directory, which it must not change.
fn check(shell: &str, change: Change, expected: &str) -> Result<()> {
    let work = TempDir::new()?;
    let root = work.path();

    make(root)?;

    let in_place = Tree::of(root)?;

    change(root)?;

    let before = Tree::of(root)?;
    let mut script = Command::new(shell);
    let (output, said) = process::run(script.arg(SCRIPT).env("RK3588_DMA_ROOT", root))?;
    let is_in_place = in_place.expect_same(&before).is_ok();

    expect_like(&said, expected)?;
    expect(
        "exit status",
        output.status.code(),
        Some(i32::from(!is_in_place)),
    )?;
    before.expect_same(&Tree::of(root)?)
}
