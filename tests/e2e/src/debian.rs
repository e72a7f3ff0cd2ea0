// SPDX-License-Identifier: GPL-2.0

//! A Debian 13 for arm64 on a disk of the virtual board.

mod ssh;

use std::{
    hash::{
        DefaultHasher,
        Hash,
        Hasher, //
    },
    path::Component, //
};

use crate::{
    board::System,
    prelude::*, //
};

/// Overlay with the differences between the virtual board and the real one.
const VIRTUAL_BOARD: &str = "tests/e2e/overlays/debian.dtso";

/// Port of the host for ssh to a board that a user runs.
const PORT: u16 = 2222;

/// Name by which U-Boot finds the board's device tree in a directory.
const TREE: &str = "rockchip/rk3588-rock-5b-plus.dtb";

/// Modules that the kernel needs for the disk, in the order in which they are loaded.
const MODULES: [&str; 7] = [
    "drivers/virtio/virtio_mmio",
    "drivers/block/virtio_blk",
    "lib/crc/crc16",
    "crypto/crc32c-cryptoapi",
    "fs/mbcache",
    "fs/jbd2/jbd2",
    "fs/ext4/ext4",
];

/// Returns the image of a disk with a Debian whose packages are configured; the first caller makes
/// it, which takes minutes. It is not to be changed. The private key of its root user is beside it.
fn image() -> Result<PathBuf> {
    let unpacked = made_by("scripts/debian", &[])?;
    let script = script(&["debian/configure"])?;
    let mut hasher = DefaultHasher::new();

    (&script, MODULES).hash(&mut hasher);

    let image = unpacked.with_file_name(format!("configured-{:016x}.img", hasher.finish()));

    if !image.exists() {
        eprintln!("Configuring an arm64 Debian on the virtual board ...");
        configure(&unpacked, &image, &script)?;
    }
    Ok(image)
}

fn configure(unpacked: &Path, image: &Path, script: &str) -> Result<()> {
    let work = TempDir::new()?;
    let partial = image.with_extension("partial");
    let key = work.path().join("key");
    let mut modules = vec![];
    let mut boot = Boot {
        memory: "2G".into(),
        overlays: vec![VIRTUAL_BOARD.into()],
        arguments: devices(&partial),
        on_line: Some(|line| {
            if let Some(what) = line.strip_prefix("@@ progress ") {
                eprintln!("{what} ...");
            }
        }),
        ..Boot::default()
    };

    copy(unpacked, &partial)?;
    succeeds(
        Command::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-C", "", "-f"])
            .arg(&key),
    )?;
    boot.files.push(key.with_extension("pub"));
    for path in MODULES {
        let file = Kernel::Stock.unpack_module(path, work.path())?;

        modules.push(
            file.file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
        );
        boot.files.push(file);
    }

    let modules = modules.join(" ");
    let console = Board::get()?.boot(&boot, &format!("modules='{modules}'\n{script}"))?;
    let states = console.section("states")?;

    console.exits(0)?;
    ensure!(
        states.lines().count() > 50 && states.lines().all(|it| it.starts_with("ii ")),
        "packages are not configured:\n{}",
        console.text()
    );
    fs::copy(&key, image.with_extension("key"))?;
    Ok(fs::rename(partial, image)?)
}

/// Copies the image of a disk, which has holes.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let mut cp = Command::new("cp");

    succeeds(
        cp.args(["--sparse=always", "--reflink=auto"])
            .arg(from)
            .arg(to),
    )
}

/// Returns QEMU's arguments for the disk and for random numbers, at transports that
/// [`VIRTUAL_BOARD`] names.
fn devices(image: &Path) -> Vec<OsString> {
    let image = image.display();
    let options = format!(
        "-global virtio-mmio.force-legacy=false \
         -drive if=none,id=disk,format=raw,cache=unsafe,file={image} \
         -device virtio-blk-device,drive=disk,bus=virtio-mmio-bus.0 \
         -device virtio-rng-device,bus=virtio-mmio-bus.1"
    );

    options.split(' ').map(OsString::from).collect()
}

/// A disk with a Debian that may be changed.
pub struct Disk {
    directory: PathBuf,
}

impl Disk {
    /// Opens the disk in this directory; if there is none, it is made.
    pub fn open(directory: &Path) -> Result<Self> {
        let disk = Self {
            directory: directory.into(),
        };

        if !disk.path("disk.img").exists() {
            let image = image()?;

            fs::create_dir_all(directory)?;
            fs::copy(image.with_extension("key"), disk.path("key"))?;
            copy(&image, &disk.path("partial"))?;
            fs::rename(disk.path("partial"), disk.path("disk.img"))?;
        }
        Ok(disk)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// Returns a boot by U-Boot's rules, with a network in which `port` of the host is the board's
    /// port for ssh.
    fn boot(&self, port: u16) -> Result<Boot> {
        let (system, overlays) = self.system()?;
        let network = format!(
            "-netdev user,id=network,hostfwd=tcp:127.0.0.1:{port}-:22 \
             -device virtio-net-device,netdev=network,bus=virtio-mmio-bus.2"
        );
        let mut arguments = devices(&self.path("disk.img"));

        arguments.extend(network.split(' ').map(OsString::from));
        Ok(Boot {
            memory: "2G".into(),
            overlays: overlays.into_iter().chain([VIRTUAL_BOARD.into()]).collect(),
            arguments,
            system: Some(system),
            ..Boot::default()
        })
    }

    /// Boots with the console on this terminal.
    pub fn run(&self) -> Result<()> {
        let boot = self.boot(PORT)?;

        println!(
            "The system starts; its console follows. Log in as root without a password, or by\n    \
             ssh -i {} -p {PORT} root@127.0.0.1\n\
             `poweroff` ends it, and its disk is kept.",
            self.path("key").display()
        );
        Board::get()?.run(&boot, None).map(drop)
    }

    /// Returns the system that the default entry of `extlinux.conf` names, and its overlays.
    fn system(&self) -> Result<(System, Vec<PathBuf>)> {
        let text = String::from_utf8(fs::read(self.read("/boot/extlinux/extlinux.conf")?)?)?;
        let entry = Entry::parse(&text)?;
        let overlays = entry.overlays.iter().map(|it| self.read(it));
        let overlays = overlays.collect::<Result<_>>()?;

        Ok((
            System {
                kernel: self.read(&entry.kernel)?,
                initramfs: self.read(&entry.initramfs)?,
                tree: self.read(&entry.tree)?,
                parameters: entry.parameters,
            },
            overlays,
        ))
    }

    /// Returns what debugfs prints for a request.
    fn debugfs(&self, request: &str) -> Result<String> {
        output(
            Command::new("debugfs")
                .args(["-R", request])
                .arg(self.path("disk.img")),
        )
    }

    /// Returns the path of a file on the disk without symbolic links, which debugfs does not
    /// follow.
    fn resolve(&self, file: &Path) -> Result<PathBuf> {
        static LINK: LazyLock<Regex> =
            LazyLock::new(|| Regex::new(r#"Fast link dest: "([^"]*)""#).unwrap());

        let mut path = PathBuf::from("/");

        for part in file.components() {
            match part {
                Component::Normal(name) => path.push(name),
                Component::ParentDir => drop(path.pop()),
                _ => continue,
            }

            let stat = self.debugfs(&format!("stat {}", path.display()))?;

            if let Some(link) = LINK.captures(&stat) {
                path.pop();
                path = self.resolve(&path.join(&link[1]))?;
            }
        }
        Ok(path)
    }

    /// Copies a file of the disk to the directory of this `Disk`, and returns its path there.
    fn read(&self, file: &str) -> Result<PathBuf> {
        let name = Path::new(file).file_name().context("no name")?;
        let copy = self.path(&name.to_string_lossy());
        let path = self.resolve(Path::new(file))?;

        let _ = fs::remove_file(&copy);
        self.debugfs(&format!("dump {} {}", path.display(), copy.display()))?;
        ensure!(copy.exists(), "there is no {file} on the disk");
        Ok(copy)
    }
}

/// Entry of `extlinux.conf`.
#[derive(Debug, Default, PartialEq)]
struct Entry {
    kernel: String,
    initramfs: String,
    tree: String,
    overlays: Vec<String>,
    parameters: String,
}

impl Entry {
    /// Returns the default entry.
    fn parse(text: &str) -> Result<Self> {
        let lines = || {
            text.lines()
                .filter_map(|it| it.trim().split_once([' ', '\t']))
        };
        let default = lines().find(|(key, _)| *key == "default");
        let (_, default) = default.context("extlinux.conf has no default")?;
        let entry = lines().skip_while(|it| *it != ("label", default)).skip(1);
        let mut found = Self::default();

        for (key, value) in entry.take_while(|(key, _)| *key != "label") {
            let value = value.trim();

            match key {
                "linux" => found.kernel = value.into(),
                "initrd" => found.initramfs = value.into(),
                "fdt" => found.tree = value.into(),
                "fdtdir" => found.tree = format!("{value}/{TREE}"),
                "fdtoverlays" => {
                    found.overlays = value.split_whitespace().map(String::from).collect();
                }
                "append" => found.parameters = value.into(),
                _ => (),
            }
        }
        ensure!(
            !found.kernel.is_empty(),
            "extlinux.conf has no entry {default}"
        );
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_entry_is_found() {
        let text = "default l0\nlabel l1\n\tlinux /b\n\nlabel l0\n\tmenu label Debian\n\
                    \tlinux /a\n\tinitrd /i\n\tfdtdir /t\n\tfdtoverlays  /x /y\n\
                    \tappend root=/dev/vda ro\nlabel l2\n\tlinux /c\n";
        let expected = Entry {
            kernel: "/a".into(),
            initramfs: "/i".into(),
            tree: format!("/t/{TREE}"),
            overlays: vec!["/x".into(), "/y".into()],
            parameters: "root=/dev/vda ro".into(),
        };

        assert_eq!(Entry::parse(text).unwrap(), expected);
        assert!(Entry::parse("default l0\nlabel l1\n").is_err());
    }
}
