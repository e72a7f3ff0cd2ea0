// SPDX-License-Identifier: GPL-2.0

//! A made-up root directory, with a copy of what an install needs beside it.

use std::os::unix::fs::PermissionsExt;

use crate::{
    prelude::*,
    tests::install::Tree, //
};

/// Directory of the programs that stand in for those of a board.
const PROGRAMS: &str = "tests/e2e/install";

/// Path of the board's device tree in the directory of a kernel.
const TREE: &str = "dtb/rockchip/rk3588-rock-5b-plus.dtb";

/// User who runs the script, for whom directories can be write-protected.
const USER: &str = "65534";

/// Boot method of a root directory.
#[derive(Clone, Copy, PartialEq)]
pub enum Method {
    UBootMenu,
    Armbian,
    Extlinux,
    Other,
}

/// The root directory is `root`, the copy of the project `project`. `programs` is first in PATH.
pub struct Sandbox {
    work: TempDir,
    /// Release of the stock kernel, which the module was built for.
    pub release: String,
}

impl Sandbox {
    /// Makes a root directory with the stock kernel and the files of a boot method.
    pub fn new(method: Method) -> Result<Self> {
        let kernel = Kernel::Stock.folder()?;
        let release = fs::read_to_string(kernel.join("release"))?;
        let it = Self {
            work: TempDir::new()?,
            release: release.trim().into(),
        };

        for directory in [
            "etc/u-boot-menu/conf.d",
            "etc/default",
            "usr/sbin",
            "boot",
            "var/lib",
        ] {
            fs::create_dir_all(it.root().join(directory))?;
        }
        for (link, target) in [("lib", "usr/lib"), ("sbin", "usr/sbin")] {
            std::os::unix::fs::symlink(target, it.root().join(link))?;
        }
        it.add_kernel(&it.release)?;
        it.add_project()?;
        it.add_program("uname", "#!/bin/sh\necho 6.1.0-fake\n")?;
        it.add_program("chroot", &fs::read_to_string(format!("{PROGRAMS}/chroot"))?)?;
        match method {
            Method::UBootMenu => {
                let program = it.root().join("usr/sbin/u-boot-update");

                fs::copy(format!("{PROGRAMS}/u-boot-update"), program)?;
                it.update_boot_menu()?;
            }
            Method::Armbian => it.write("boot/armbianEnv.txt", "verbosity=1\n")?,
            Method::Extlinux => it.write("boot/extlinux/extlinux.conf", "label l0\n")?,
            Method::Other => (),
        }
        Ok(it)
    }

    /// Copies the script, the module and the overlays.
    fn add_project(&self) -> Result<()> {
        for directory in ["scripts", "dts"] {
            fs::create_dir_all(self.project().join(directory))?;
        }
        for file in ["scripts/install", MODULE] {
            fs::copy(file, self.project().join(file))?;
        }
        for controllers in ["0", "1", "2", "-all"] {
            let file = format!("dts/rk3588-dmac{controllers}.dtbo");

            fs::copy(&file, self.project().join(&file))?;
        }
        Ok(())
    }

    /// Adds a kernel with the board's device tree, without modules.
    pub fn add_kernel(&self, release: &str) -> Result<()> {
        let stock = Kernel::Stock.folder()?;
        let modules = self.root().join("usr/lib/modules").join(release);
        let tree = modules.join(TREE);

        fs::create_dir_all(modules.join("kernel"))?;
        fs::create_dir_all(tree.parent().context("no parent")?)?;
        fs::copy(stock.join("dtb/rk3588-rock-5b-plus.dtb"), tree)?;
        for name in ["order", "builtin", "builtin.modinfo"] {
            fs::write(modules.join(format!("modules.{name}")), "")?;
        }
        succeeds(
            Command::new("depmod")
                .arg("-b")
                .arg(self.root())
                .arg(release),
        )
    }

    pub fn root(&self) -> PathBuf {
        self.work.path().join("root")
    }

    pub fn project(&self) -> PathBuf {
        self.work.path().join("project")
    }

    /// Returns the directory of the stock kernel's modules.
    pub fn modules(&self) -> String {
        format!("lib/modules/{}", self.release)
    }

    /// Returns the path of the stock kernel's device tree of the board.
    pub fn dtb(&self) -> PathBuf {
        self.root().join(self.modules()).join(TREE)
    }

    /// Compiles the source of a device tree, with labels, in place of the board's.
    pub fn write_tree(&self, source: &str) -> Result<()> {
        let file = self.work.path().join("tree.dts");

        fs::write(&file, format!("/dts-v1/;\n{source}"))?;
        succeeds(
            Command::new("dtc")
                .args(["-@", "-q", "-O", "dtb", "-o"])
                .arg(self.dtb())
                .arg(file),
        )
    }

    /// Replaces the module by one that was built for another kernel.
    ///
    /// The release in the module's file is overwritten, so both have the same length.
    pub fn write_module(&self, release: &str) -> Result<()> {
        expect("length", release.len(), self.release.len())?;

        let module = fs::read(MODULE)?;
        let old = format!("vermagic={} ", self.release);
        let at = module
            .windows(old.len())
            .position(|it| it == old.as_bytes());
        let at = at.context("no vermagic")? + "vermagic=".len();
        let mut changed = module;

        changed[at..at + release.len()].copy_from_slice(release.as_bytes());
        Ok(fs::write(self.project().join(MODULE), changed)?)
    }

    /// Writes a file of the root directory, and makes the directories above it.
    pub fn write(&self, path: &str, text: &str) -> Result<()> {
        let path = self.root().join(path);

        fs::create_dir_all(path.parent().context("no parent")?)?;
        Ok(fs::write(path, text)?)
    }

    pub fn read(&self, path: &str) -> Result<Vec<u8>> {
        fs::read(self.root().join(path)).with_context(|| path.to_string())
    }

    pub fn text(&self, path: &str) -> Result<String> {
        Ok(String::from_utf8(self.read(path)?)?)
    }

    /// Adds a program that is found before those of the system.
    pub fn add_program(&self, name: &str, text: &str) -> Result<()> {
        let programs = self.work.path().join("programs");
        let program = programs.join(name);

        fs::create_dir_all(programs)?;
        fs::write(&program, text)?;
        Ok(fs::set_permissions(
            program,
            PermissionsExt::from_mode(0o755),
        )?)
    }

    /// Removes the permission to write to a directory.
    pub fn write_protect(&self, path: &str) -> Result<()> {
        let path = self.root().join(path);

        Ok(fs::set_permissions(path, PermissionsExt::from_mode(0o555))?)
    }

    /// Runs `u-boot-update` of the root directory, as after a change of its configuration.
    pub fn update_boot_menu(&self) -> Result<()> {
        succeeds(&mut Command::new(
            self.root().join("usr/sbin/u-boot-update"),
        ))?;
        Ok(fs::remove_file(self.work.path().join("calls"))?)
    }

    /// Returns the number of times that the script has run `u-boot-update`.
    pub fn calls(&self) -> Result<usize> {
        let calls = fs::read_to_string(self.work.path().join("calls"))?;

        Ok(calls.lines().count())
    }

    /// Runs the script with variables. Its kernel is the stock kernel unless RELEASE is set.
    fn run(&self, task: &str, variables: &[(&str, &str)]) -> Result<(bool, String)> {
        let owner = format!("{USER}:{USER}");
        let programs = self.work.path().join("programs");
        let path = format!("{}:{}", programs.display(), env::var("PATH")?);
        let mut script = Command::new("setsid");

        succeeds(
            Command::new("chown")
                .args(["-Rh", &owner])
                .arg(self.work.path()),
        )?;
        script.args(["--wait", "setpriv", "--clear-groups"]);
        script.args([format!("--reuid={USER}"), format!("--regid={USER}")]);
        script.arg(self.project().join("scripts/install"));
        script.args(Some(task).filter(|it| !it.is_empty()));
        script.env_remove("OVERLAY").env("RELEASE", &self.release);
        script.env("PATH", path).env("DESTDIR", self.root());
        script.envs(variables.iter().copied()).stdin(Stdio::null());

        let (output, said) = process::run(&mut script)?;

        Ok((output.status.success(), said))
    }

    /// Runs the script, which must succeed, and returns its output.
    pub fn succeeds(&self, task: &str, variables: &[(&str, &str)]) -> Result<String> {
        let (succeeded, said) = self.run(task, variables)?;

        ensure!(succeeded, "{task} failed: {said}");
        Ok(said)
    }

    /// Runs the script, which must fail with an error like `pattern` and change nothing.
    pub fn refuses(&self, task: &str, variables: &[(&str, &str)], pattern: &str) -> Result<()> {
        let before = self.tree()?;
        let (succeeded, said) = self.run(task, variables)?;

        ensure!(!succeeded, "{task} succeeded: {said}");
        expect_like(&said, pattern)?;
        before.expect_same(&self.tree()?)
    }

    /// Returns the content of the root directory.
    pub fn tree(&self) -> Result<Tree> {
        Tree::of(&self.root())
    }
}
