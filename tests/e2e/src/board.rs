// SPDX-License-Identifier: GPL-2.0

//! The virtual Rock 5B+: Debian's kernel image and the board's own device tree in QEMU.

use std::{
    env,
    fs::{
        self,
        File, //
    },
    io::{
        Read,
        Write, //
    },
    path::{
        Path,
        PathBuf, //
    },
    process::{
        Command,
        ExitStatus,
        Stdio, //
    },
    thread,
    time::{
        Duration,
        Instant, //
    }, //
};

use anyhow::{
    bail,
    ensure,
    Context,
    Result, //
};
use cpio::newc::{
    self,
    ModeFileType, //
};
use tempfile::TempDir;

use crate::console::Console;

/// The init script of all boots.
const INIT: &str = include_str!("../guest/init");

/// How long a boot may take.
const TIMEOUT: Duration = Duration::from_secs(180);

/// What is needed to boot the board.
pub struct Board {
    /// The folder that `scripts/kernel` made.
    pub kernel: PathBuf,
    image: PathBuf,
    machine: PathBuf,
    busybox: PathBuf,
}

/// What differs from one boot to the next.
#[derive(Clone)]
pub struct Boot {
    /// RAM, in QEMU's notation.
    pub memory: String,
    /// More kernel parameters.
    pub append: String,
    /// Device tree overlays, compiled or not.
    pub overlays: Vec<PathBuf>,
    /// Files for the root folder.
    pub files: Vec<PathBuf>,
    /// Whether the CPUs run in threads of their own. Slower where the host has fewer CPUs than the
    /// board, but they interleave as on a real board.
    pub parallel: bool,
    /// What is in memory at these addresses when the board is switched on.
    pub contents: Vec<(u64, Vec<u8>)>,
}

impl Default for Boot {
    fn default() -> Self {
        Self {
            memory: "1G".into(),
            append: String::new(),
            overlays: vec![],
            files: vec![],
            parallel: false,
            contents: vec![],
        }
    }
}

impl Board {
    /// Finds, or has made, what is needed.
    pub fn new() -> Result<Self> {
        let kernel = made_by("scripts/kernel", &[])?;

        Ok(Self {
            image: match env::var_os("KERNEL") {
                Some(image) => image.into(),
                None => kernel.join("vmlinuz"),
            },
            kernel,
            machine: made_by("scripts/machine", &[])?,
            busybox: made_by("scripts/busybox", &[])?,
        })
    }

    /// Whether it boots the image of Debian's package.
    pub fn is_stock(&self) -> bool {
        self.image.starts_with(&self.kernel)
    }

    /// Boots, runs `script` and returns what was printed.
    pub fn boot(&self, boot: &Boot, script: &str) -> Result<Console> {
        let work = TempDir::new()?;
        let console = work.path().join("console");
        let complaints = work.path().join("complaints");
        let start = Instant::now();
        let mut qemu = self
            .command(boot, script, work.path())?
            .stdin(Stdio::null())
            .stdout(File::create(&console)?)
            .stderr(File::create(&complaints)?)
            .spawn()
            .with_context(|| format!("cannot start {}", self.machine.display()))?;
        let mut timed_out = false;
        let status = loop {
            if let Some(status) = qemu.try_wait()? {
                break status;
            }
            if start.elapsed() > TIMEOUT {
                timed_out = true;
                qemu.kill()?;
            }
            thread::sleep(Duration::from_millis(20));
        };

        ensure!(
            status.success() || timed_out,
            "QEMU ended with {status}: {}",
            fs::read_to_string(&complaints)?
        );

        let mut text = vec![];

        File::open(&console)?.read_to_end(&mut text)?;
        Ok(Console::new(&String::from_utf8_lossy(&text), timed_out))
    }

    /// Boots with the console on this terminal; runs `script`, or a shell. Returns the exit code.
    pub fn run(&self, boot: &Boot, script: Option<&Path>) -> Result<u8> {
        let Some(script) = script else {
            let work = TempDir::new()?;
            let status = self
                .command(boot, "setsid -c sh -l", work.path())?
                .status()?;

            ensure!(status.success(), "QEMU ended with {status}");
            return Ok(0);
        };
        let text = fs::read_to_string(script)
            .with_context(|| format!("cannot read {}", script.display()))?;
        let console = self.boot(boot, &text)?;

        print!("{}", console.text());
        console.exit()
    }

    /// QEMU with all its arguments; `work` is for files that it reads.
    fn command(&self, boot: &Boot, script: &str, work: &Path) -> Result<Command> {
        let initramfs = work.join("initramfs");
        let mut qemu = Command::new(&self.machine);

        self.write_initramfs(boot, script, &initramfs)?;
        qemu.args(["-M", "rock-5b-plus", "-smp", "8", "-m", &boot.memory])
            .args(["-nodefaults", "-display", "none", "-no-reboot"])
            .args([
                "-accel",
                match boot.parallel {
                    true => "tcg,thread=multi",
                    false => "tcg,thread=single",
                },
            ])
            .args(["-serial", "mon:stdio", "-kernel"])
            .arg(&self.image)
            .arg("-dtb")
            .arg(self.device_tree(boot, work)?)
            .arg("-initrd")
            .arg(initramfs)
            .arg("-append")
            .arg(format!(
                "console=ttyS2,1500000n8 loglevel=4 panic=-1 cryptomgr.notests {}",
                boot.append
            ));
        for (index, (address, bytes)) in boot.contents.iter().enumerate() {
            let file = work.join(format!("contents-{index}"));

            fs::write(&file, bytes)?;
            qemu.arg("-device").arg(format!(
                "loader,file={},addr={address:#x},force-raw=on",
                file.display()
            ));
        }
        Ok(qemu)
    }

    /// The board's device tree with the overlays applied.
    fn device_tree(&self, boot: &Boot, work: &Path) -> Result<PathBuf> {
        let board = self.kernel.join("dtb/rk3588-rock-5b-plus.dtb");
        let merged = work.join("board.dtb");
        let mut overlays = vec![];

        if boot.overlays.is_empty() {
            return Ok(board);
        }
        for (index, overlay) in boot.overlays.iter().enumerate() {
            if overlay.extension().is_some_and(|it| it == "dtbo") {
                overlays.push(overlay.clone());
                continue;
            }

            let compiled = work.join(format!("{index}.dtbo"));

            succeeds(
                Command::new("dtc")
                    .args(["-@", "-q", "-I", "dts", "-O", "dtb", "-o"])
                    .arg(&compiled)
                    .arg(overlay),
            )?;
            overlays.push(compiled);
        }
        succeeds(
            Command::new("fdtoverlay")
                .arg("-i")
                .arg(board)
                .arg("-o")
                .arg(&merged)
                .args(overlays),
        )?;
        Ok(merged)
    }

    /// Writes the root file system: busybox, init, the script and the files.
    fn write_initramfs(&self, boot: &Boot, script: &str, path: &Path) -> Result<()> {
        let mut archive = vec![];

        for folder in ["bin", "dev", "proc", "sys", "tmp"] {
            add(&mut archive, folder, ModeFileType::Directory, &[])?;
        }
        add(
            &mut archive,
            "bin/busybox",
            ModeFileType::Regular,
            &fs::read(&self.busybox)?,
        )?;
        add(&mut archive, "init", ModeFileType::Regular, INIT.as_bytes())?;
        add(
            &mut archive,
            "script",
            ModeFileType::Regular,
            script.as_bytes(),
        )?;
        for file in &boot.files {
            let name = file
                .file_name()
                .and_then(|name| name.to_str())
                .with_context(|| format!("{} has no name", file.display()))?;
            let bytes =
                fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;

            add(&mut archive, name, ModeFileType::Regular, &bytes)?;
        }
        newc::trailer(&mut archive)?;
        fs::write(path, archive)?;
        Ok(())
    }
}

/// Adds an executable file or a folder to a cpio archive.
fn add(archive: &mut Vec<u8>, name: &str, kind: ModeFileType, bytes: &[u8]) -> Result<()> {
    let mut entry = newc::Builder::new(name)
        .mode(0o755)
        .set_mode_file_type(kind)
        .write(&mut *archive, u32::try_from(bytes.len())?);

    entry.write_all(bytes)?;
    entry.finish()?;
    Ok(())
}

/// The path that one of the project's scripts prints.
pub fn made_by(script: &str, arguments: &[&str]) -> Result<PathBuf> {
    let output = Command::new(script)
        .args(arguments)
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot run {script} (from the folder of the project?)"))?;

    if !output.status.success() {
        bail!("{script} failed");
    }
    Ok(PathBuf::from(String::from_utf8(output.stdout)?.trim_end()))
}

/// Runs a command whose output matters only when it fails.
pub fn succeeds(command: &mut Command) -> Result<()> {
    let output = command
        .output()
        .with_context(|| format!("cannot run {}", command.get_program().to_string_lossy()))?;

    explain(command, output.status, &[&output.stdout, &output.stderr])
}

fn explain(command: &Command, status: ExitStatus, output: &[&[u8]]) -> Result<()> {
    ensure!(
        status.success(),
        "{} ended with {status}:\n{}",
        command.get_program().to_string_lossy(),
        output
            .iter()
            .map(|bytes| String::from_utf8_lossy(bytes))
            .collect::<String>()
    );
    Ok(())
}
