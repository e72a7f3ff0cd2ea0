// SPDX-License-Identifier: GPL-2.0

//! `scripts/install` in made-up root directories: what it installs for each boot method, what it
//! refuses, and that a failure or an uninstall leaves the directory as it was.

mod sandbox;
mod tree;

pub use tree::Tree;

use crate::prelude::*;
use sandbox::{
    Method,
    Sandbox, //
};

/// Paths that an install adds, for the stock kernel.
const RECORD: &str = "var/lib/rk3588_dma/record";
const BOOT_OVERLAY: &str = "boot/dtbo/rk3588-dma.dtbo";
const USER_OVERLAY: &str = "boot/overlay-user/rk3588-dma.dtbo";
const FRAGMENT: &str = "etc/u-boot-menu/conf.d/rk3588_dma.conf";

const EXTLINUX: &str = "boot/extlinux/extlinux.conf";
const ARMBIAN: &str = "boot/armbianEnv.txt";

/// Programs that fail, or end the script by a signal. The shell may report the signal.
const FAILS: &str = "#!/bin/sh\necho broken >&2\nexit 3\n";
const INTERRUPTS: &str = "#!/bin/sh\nkill -s TERM 0\nsleep 5\n";

/// Adds the tests.
pub fn add(suite: &mut Suite) {
    suite.test("install::u_boot_menu_gets_the_overlay", for_u_boot_menu);
    suite.test("install::armbian_gets_the_overlay", for_armbian);
    suite.test("install::line_for_extlinux_is_printed", for_extlinux);
    suite.test("install::steps_for_others_are_printed", for_others);
    suite.test("install::each_overlay_can_be_chosen", each_overlay);
    suite.test("install::twice_replaces_the_first", twice);
    suite.test("install::another_kernel_replaces_the_first", another_kernel);
    suite.test("install::what_does_not_fit_is_refused", refusals);
    suite.test("install::failures_leave_no_change", failures);
    suite.test("install::failures_leave_the_first_install", later_failures);
    suite.test("install::uninstall_keeps_later_changes", later_changes);
    suite.test(
        "install::failed_uninstall_leaves_the_install",
        failed_uninstall,
    );
}

/// Installs, compares the paths that are new with `expected`, uninstalls, and compares the whole
/// tree with that before.
fn round_trip(it: &Sandbox, expected: &[&str]) -> Result<String> {
    let before = it.tree()?;
    let said = it.succeeds("install", &[])?;
    let module = format!("{}/updates/rk3588_dma.ko", it.modules());
    let new: BTreeSet<_> = it.tree()?.new_files(&before);
    let mut files: BTreeSet<_> = expected.iter().map(|it| it.to_string()).collect();

    files.extend([module.clone(), RECORD.into()]);
    expect("new files", new, files)?;
    ensure!(said.contains(&module), "no {module} in: {said}");
    expect("module", it.read(&module)?, fs::read(MODULE)?)?;
    // The index of the modules has it, so udev loads it.
    expect_like(
        &it.text(&format!("{}/modules.alias", it.modules()))?,
        "*rk3588-dma,pl330*",
    )?;
    uninstall(it, &before)?;
    Ok(said)
}

/// Uninstalls, and compares the tree with that before the install.
fn uninstall(it: &Sandbox, before: &Tree) -> Result<()> {
    let said = it.succeeds("uninstall", &[])?;

    expect_like(&said, "Removed. After a reboot, *")?;
    before.expect_same(&it.tree()?)?;

    let again = it.succeeds("uninstall", &[])?;

    expect_like(&again, "Nothing to remove: *")?;
    before.expect_same(&it.tree()?)
}

fn for_u_boot_menu() -> Result<()> {
    let it = Sandbox::new(Method::UBootMenu)?;
    let said = round_trip(&it, &[BOOT_OVERLAY, FRAGMENT])?;

    expect_like(&said, "*Reboot, then run scripts/board-check.\n")?;
    expect("calls", it.calls()?, 2)?;

    it.succeeds("install", &[])?;
    expect(BOOT_OVERLAY, it.read(BOOT_OVERLAY)?, fs::read(OVERLAY)?)?;
    expect_like(
        &it.text(EXTLINUX)?,
        "*\tfdt /usr/lib/linux-image-*/rockchip/rk3588-rock-5b-plus.dtb\n\
         \tfdtoverlays  /boot/dtbo/rk3588-dma.dtbo\nlabel l1\n*",
    )?;
    it.succeeds("uninstall", &[])?;

    // The user's list of overlays, and the directory of the release.
    it.write(
        "etc/u-boot-menu/conf.d/my.conf",
        "U_BOOT_FDT_OVERLAYS=my.dtbo\n",
    )?;
    it.write("boot/dtbo/my.dtbo", "")?;
    it.update_boot_menu()?;
    round_trip(&it, &[BOOT_OVERLAY, FRAGMENT])?;

    let of_release = format!("boot/dtbo{}", it.release);

    it.write(&format!("{of_release}/my.dtbo"), "")?;
    it.update_boot_menu()?;
    round_trip(&it, &[&format!("{of_release}/rk3588-dma.dtbo"), FRAGMENT])?;

    it.succeeds("install", &[])?;
    expect_like(
        &it.text(EXTLINUX)?,
        &format!("*/{of_release}/rk3588-dma.dtbo\n"),
    )
}

fn for_armbian() -> Result<()> {
    let it = Sandbox::new(Method::Armbian)?;

    for (before, after) in [
        ("", "user_overlays=rk3588-dma\n"),
        ("a=b\nc=d\n", "user_overlays=rk3588-dma\na=b\nc=d\n"),
        ("a=b", "user_overlays=rk3588-dma\na=b"),
        ("user_overlays=\na=b\n", "user_overlays=rk3588-dma\na=b\n"),
        ("user_overlays=x y", "user_overlays=x y rk3588-dma"),
        (
            "user_overlays=rk3588-dmac\n",
            "user_overlays=rk3588-dmac rk3588-dma\n",
        ),
        // The word is the user's, and stays.
        (
            "user_overlays=rk3588-dma x\n",
            "user_overlays=rk3588-dma x\n",
        ),
    ] {
        it.write(ARMBIAN, before)?;

        let said = round_trip(&it, &[USER_OVERLAY])?;

        expect_like(&said, "*Reboot, then run scripts/board-check.\n")?;
        it.succeeds("install", &[])?;
        expect(ARMBIAN, it.text(ARMBIAN)?.as_str(), after)?;
        it.succeeds("uninstall", &[])?;
    }
    Ok(())
}

fn for_extlinux() -> Result<()> {
    let it = Sandbox::new(Method::Extlinux)?;
    let said = round_trip(&it, &[BOOT_OVERLAY])?;
    let line = "fdtoverlays /boot/dtbo/rk3588-dma.dtbo\n";

    expect_like(
        &said,
        &format!("*below the `fdt` or `fdtdir` line*\n  {line}*"),
    )?;

    // The line is to be removed before the file that it names.
    it.succeeds("install", &[])?;
    it.write(EXTLINUX, &format!("label l0\n\tfdt /x.dtb\n\t{line}"))?;
    it.refuses(
        "uninstall",
        &[],
        "*extlinux.conf names rk3588-dma.dtbo, *: remove it from there*",
    )
}

fn for_others() -> Result<()> {
    let it = Sandbox::new(Method::Other)?;
    let said = round_trip(&it, &[])?;

    expect_like(
        &said,
        "*, so the overlay */dts/rk3588-dmac2.dtbo is not applied yet. To do:\n  EDK2 *\n  GRUB  \
         fdtoverlay -i */dtb/rockchip/rk3588-rock-5b-plus.dtb -o /boot/rk3588-dma.dtb */dts/*",
    )
}

fn each_overlay() -> Result<()> {
    let it = Sandbox::new(Method::Extlinux)?;

    for (name, file) in [
        ("dmac0", "dts/rk3588-dmac0.dtbo"),
        ("dmac1", "dts/rk3588-dmac1.dtbo"),
        ("dmac2", "dts/rk3588-dmac2.dtbo"),
        ("all", "dts/rk3588-dmac-all.dtbo"),
    ] {
        let said = it.succeeds("install", &[("OVERLAY", name)])?;

        expect_like(&said, &format!("*, with controllers {name}:\n*"))?;
        expect(name, it.read(BOOT_OVERLAY)?, fs::read(file)?)?;
    }
    Ok(())
}

fn twice() -> Result<()> {
    for method in [
        Method::UBootMenu,
        Method::Armbian,
        Method::Extlinux,
        Method::Other,
    ] {
        let it = Sandbox::new(method)?;
        let before = it.tree()?;

        it.succeeds("install", &[])?;

        let first = it.tree()?;

        it.succeeds("install", &[])?;
        first.expect_same(&it.tree()?)?;
        uninstall(&it, &before)?;
    }
    Ok(())
}

fn another_kernel() -> Result<()> {
    let it = Sandbox::new(Method::Extlinux)?;
    let (before, first) = (it.tree()?, "7.3.3+other-arm64");

    it.add_kernel(first)?;

    let with_two = it.tree()?;

    it.write_module(first)?;
    it.succeeds("install", &[("RELEASE", first)])?;
    it.write(&format!("usr/lib/modules/{first}/updates/other"), "")?;
    fs::copy(MODULE, it.project().join(MODULE))?;
    it.succeeds("install", &[])?;

    // A directory with a file of another module stays.
    let updates = it.root().join(format!("usr/lib/modules/{first}/updates"));

    ensure!(
        !updates.join("rk3588_dma.ko").exists(),
        "the first one is still there"
    );
    fs::remove_dir_all(updates)?;
    uninstall(&it, &with_two)?;

    // Without the kernel that it was installed for, whose package took the rest.
    it.write_module(first)?;
    it.succeeds("install", &[("RELEASE", first)])?;
    fs::remove_dir_all(it.root().join(format!("usr/lib/modules/{first}")))?;
    uninstall(&it, &before)
}

fn refusals() -> Result<()> {
    let it = Sandbox::new(Method::UBootMenu)?;
    let refuses = |variables: &[(&str, &str)], error| it.refuses("install", variables, error);

    // The running kernel is that of another machine.
    refuses(
        &[("RELEASE", "")],
        "*the module was built for kernel 7.3.*, but this is kernel 6.1.0-fake: boot *",
    )?;
    refuses(
        &[("RELEASE", "7.3.3+other-arm64")],
        "*, but this is kernel 7.3.3+other-arm64: *",
    )?;
    refuses(
        &[("OVERLAY", "dmac3")],
        "*OVERLAY=dmac3: must be dmac0, dmac1, dmac2 or all*",
    )?;

    // The module for PREEMPT_RT is in a directory of its own.
    refuses(
        &[("RELEASE", "7.3.4+deb13-rt-arm64")],
        "*there is no */out/rt/rk3588_dma.ko: build it with `make rt`*",
    )?;

    let dtb = it.dtb();
    let tree = fs::read(&dtb)?;

    for (source, error) in [
        ("/ { };", "*.dtb has no __symbols__, *"),
        (
            "/ { a: b { }; };",
            "*dmac2.dtbo cannot be applied to *, which is not a Rock 5B+'s: *",
        ),
    ] {
        it.write_tree(source)?;
        refuses(&[], error)?;
    }
    fs::remove_file(&dtb)?;
    refuses(
        &[],
        "*rk3588-rock-5b-plus.dtb of kernel * is in none of its directories: *",
    )?;
    fs::write(&dtb, tree)?;

    // Files of others are neither replaced nor removed.
    for path in [BOOT_OVERLAY, FRAGMENT] {
        it.write(path, "")?;
        let error = format!("*/{path} is not from scripts/install: remove or rename it*");

        it.refuses("install", &[], &error)?;
        fs::remove_file(it.root().join(path))?;
    }

    for (file, hint) in [(OVERLAY, "make overlays"), (MODULE, "make stock")] {
        fs::remove_file(it.project().join(file))?;
        let error = format!("*there is no */{file}: *`{hint}`*");

        it.refuses("install", &[], &error)?;
    }
    it.refuses("", &[], "*Usage: scripts/install install|uninstall*")
}

/// Sandboxes in which an install fails in the middle, with the error.
fn broken() -> Result<Vec<(Sandbox, String)>> {
    let mut all = vec![];
    let mut add = |method, error: &str, break_it: &dyn Fn(&Sandbox) -> Result<()>| {
        let it = Sandbox::new(method)?;

        break_it(&it)?;
        all.push((it, error.to_string()));
        Ok::<_, Error>(())
    };

    for directory in ["var/lib", "boot", "etc/u-boot-menu/conf.d"] {
        let error = format!("*/{directory}/*: Permission denied: mend this (as root?), then *");

        add(Method::UBootMenu, &error, &|it| it.write_protect(directory))?;
    }
    add(
        Method::UBootMenu,
        "*/updates*: Permission denied: *",
        &|it| it.write_protect(&it.modules()),
    )?;
    add(
        Method::Armbian,
        "*armbianEnv.txt.new*: Permission denied: *",
        &|it| {
            fs::create_dir(it.root().join("boot/overlay-user"))?;
            it.write_protect("boot")
        },
    )?;
    add(Method::Armbian, "*broken: mend this *", &|it| {
        it.add_program("mv", FAILS)
    })?;
    add(Method::Extlinux, "*/boot/dtbo*: *", &|it| {
        it.write("boot/dtbo", "a file")
    })?;
    add(Method::Extlinux, "*broken: mend this *", &|it| {
        it.add_program("depmod", FAILS)
    })?;
    add(Method::Extlinux, "*", &|it| {
        it.add_program("depmod", INTERRUPTS)
    })?;
    add(Method::UBootMenu, "*broken: mend this *", &|it| {
        it.add_program("chroot", FAILS)
    })?;
    add(Method::UBootMenu, "*", &|it| {
        it.add_program("chroot", INTERRUPTS)
    })?;
    add(
        Method::UBootMenu,
        "*u-boot-update has not added the overlay to *",
        &|it| it.write("etc/default/u-boot", "U_BOOT_UPDATE=false\n"),
    )?;
    add(
        Method::UBootMenu,
        "*u-boot-update has found no device tree *",
        &|it| it.write("etc/u-boot-menu/conf.d/zz.conf", "U_BOOT_FDT=\n"),
    )?;
    Ok(all)
}

fn failures() -> Result<()> {
    for (it, error) in broken()? {
        it.refuses(
            "install",
            &[],
            &format!("{error}The system is as it was before.\n"),
        )
        .with_context(|| error)?;
    }
    Ok(())
}

fn later_failures() -> Result<()> {
    let it = Sandbox::new(Method::UBootMenu)?;

    it.succeeds("install", &[])?;
    for program in [FAILS, INTERRUPTS] {
        it.add_program("chroot", program)?;
        it.refuses(
            "install",
            &[("OVERLAY", "all")],
            "*The system is as it was before.\n",
        )?;
    }
    Ok(())
}

fn later_changes() -> Result<()> {
    let it = Sandbox::new(Method::Armbian)?;

    for (installed, changed, expected) in [
        ("a=b\n", "a=c\nuser_overlays=rk3588-dma\n", "a=c\n"),
        (
            "a=b\n",
            "user_overlays=rk3588-dma x\na=b\n",
            "user_overlays=x\na=b\n",
        ),
        (
            "user_overlays=x\n",
            "user_overlays=rk3588-dma\n",
            "user_overlays=\n",
        ),
        (
            "user_overlays=x\n",
            "user_overlays=y rk3588-dma x\n",
            "user_overlays=y x\n",
        ),
    ] {
        it.write(ARMBIAN, installed)?;
        it.succeeds("install", &[])?;
        it.write(ARMBIAN, changed)?;
        it.write("boot/overlay-user/my.dtbo", "")?;
        it.succeeds("uninstall", &[])?;
        expect(ARMBIAN, it.text(ARMBIAN)?.as_str(), expected)?;
        it.read("boot/overlay-user/my.dtbo")?;
    }
    Ok(())
}

fn failed_uninstall() -> Result<()> {
    let it = Sandbox::new(Method::UBootMenu)?;

    it.succeeds("install", &[])?;
    for program in [FAILS, INTERRUPTS] {
        it.add_program("chroot", program)?;
        it.refuses("uninstall", &[], "*The system is as it was before.\n")?;
    }
    it.write_protect("boot/dtbo")?;
    it.refuses(
        "uninstall",
        &[],
        "*Permission denied: *The system is as it was before.\n",
    )
}
