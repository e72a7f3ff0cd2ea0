// SPDX-License-Identifier: GPL-2.0

//! The virtual Rock 5B+: Debian's kernel image and the board's own device tree in QEMU. Tests of
//! other kernels and machines boot those.
//!
//! The board's clock counts instructions, one per nanosecond, and skips idle time. So what the
//! board does, and each time limit of its software, is independent of the host and its load. All
//! CPUs of a board run in one thread of the host.

mod bare;
pub mod device_tree;
mod initramfs;
mod machine;

use std::{
    fs::File,
    process::ExitStatus, //
};

pub use bare::Bare;
pub use machine::{
    Kernel,
    Machine, //
};

use crate::prelude::*;

/// Silence after which a boot is given up: neither a character on its console nor its end.
pub const SILENCE: Duration = Duration::from_secs(900);

/// Commands that end a script after ten minutes of the board's time. The board skips idle time, so
/// a script that waits in vain ends long before [`SILENCE`] on a slow host too. The shell of the
/// script may `wait`: this is not its child.
const LIMIT: &str = "((sleep 600; echo '@@ limit' >/dev/console; poweroff -f) &)\n";

/// Everything that is needed to boot the board.
pub struct Board {
    /// Directory that `scripts/kernel` made.
    pub kernel: PathBuf,
    image: PathBuf,
    machine: PathBuf,
    busybox: PathBuf,
}

/// Parameters of a boot.
#[derive(Clone)]
pub struct Boot {
    pub machine: Machine,
    pub kernel: Kernel,
    /// Size of the RAM, in QEMU's notation.
    pub memory: String,
    /// More kernel parameters.
    pub append: String,
    /// Device tree overlays, compiled or not, for the Rock 5B+.
    pub overlays: Vec<PathBuf>,
    /// Files for the root directory.
    pub files: Vec<PathBuf>,
    /// Contents of memory at these addresses at power-on.
    pub contents: Vec<(u64, Vec<u8>)>,
    /// More arguments for QEMU.
    pub arguments: Vec<OsString>,
    /// True if bursts take time, and DMASTZ is that of upstream QEMU: see `guest/slow.sh`.
    pub is_slow: bool,
    /// Target of the Makefile that makes these files.
    pub target: Option<&'static str>,
    /// Function that is called with each line of the console while the script runs.
    pub on_line: Option<fn(&str)>,
    /// System that is booted in place of busybox and a script.
    pub system: Option<System>,
}

/// Files and parameters of a system that is installed on a disk.
#[derive(Clone)]
pub struct System {
    pub kernel: PathBuf,
    pub initramfs: PathBuf,
    pub tree: PathBuf,
    pub parameters: String,
}

impl Default for Boot {
    fn default() -> Self {
        Self {
            machine: Machine::Rock5bPlus,
            kernel: Kernel::Stock,
            memory: "1G".into(),
            append: String::new(),
            overlays: vec![],
            files: vec![],
            contents: vec![],
            arguments: vec![],
            is_slow: false,
            target: None,
            on_line: None,
            system: None,
        }
    }
}

impl Boot {
    /// Makes a boot of the board with the driver: with its overlay, and its module in `/`.
    pub fn with_driver() -> Self {
        Self {
            overlays: vec![OVERLAY.into()],
            files: vec![MODULE.into()],
            ..Self::default()
        }
    }

    /// Adds `scripts/inspect` to a boot.
    pub fn with_inspect(mut self) -> Self {
        self.files.push(inspect::SCRIPT.into());
        self
    }
}

/// Overlay that gives the driver its controller.
pub const OVERLAY: &str = "dts/rk3588-dmac2.dtbo";

/// Module for the stock kernel.
pub const MODULE: &str = "rk3588_dma.ko";

impl Board {
    /// Returns the board; the first caller makes what is missing.
    pub fn get() -> Result<&'static Self> {
        static BOARD: LazyLock<Result<Board>> = LazyLock::new(Board::new);

        BOARD.as_ref().map_err(|error| anyhow!("{error:#}"))
    }

    fn new() -> Result<Self> {
        let kernel = Kernel::Stock.folder()?;

        Ok(Self {
            image: Kernel::Stock.image(&kernel)?,
            kernel,
            machine: made_by("scripts/machine", &[])?,
            busybox: made_by("scripts/busybox", &[])?,
        })
    }

    /// Returns whether the board boots the image of Debian's package.
    pub fn is_stock(&self) -> bool {
        self.image.starts_with(&self.kernel)
    }

    /// Switches the board on without a kernel.
    pub fn bare(&self) -> Result<Bare> {
        Bare::start(&self.machine)
    }

    /// Boots, runs `script` and returns what was printed.
    ///
    /// # Errors
    ///
    /// If QEMU fails, or the console stays silent for [`SILENCE`].
    pub fn boot(&self, boot: &Boot, script: &str) -> Result<Console> {
        if let Some(target) = boot.target {
            process::make(target)?;
        }

        let work = TempDir::new()?;
        let first = if boot.is_slow {
            crate::script::script(&["provoke", "slow"])?
        } else {
            String::new()
        };
        let [console, complaints] = ["console", "complaints"].map(|name| work.path().join(name));
        let mut qemu = self
            .command(boot, &format!("{LIMIT}{first}{script}"), work.path())?
            .args(["-icount", "shift=0,sleep=off"])
            .stdin(Stdio::null())
            .stdout(File::create(&console)?)
            .stderr(File::create(&complaints)?)
            .spawn()
            .context("cannot run setpriv")?;
        let status = watch(&mut qemu, &console, boot.on_line)?;
        let text = String::from_utf8_lossy(&fs::read(&console)?).into_owned();

        ensure!(
            status.success(),
            "QEMU ended with {status}: {}{}",
            fs::read_to_string(&complaints)?,
            tail(&text)
        );
        Ok(Console::new(&text))
    }

    /// Boots with the console on this terminal; runs `script`, or a shell whose clock is that of
    /// the host. Returns the exit status.
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

    /// Writes the root file system of a boot to `path`, with `script` and these files.
    pub fn write_initramfs(&self, script: &str, files: &[PathBuf], path: &Path) -> Result<()> {
        initramfs::write(&self.busybox, script, files, path)
    }

    /// Makes the system of busybox that runs `script`.
    fn system(&self, boot: &Boot, script: &str, work: &Path) -> Result<System> {
        let initramfs = work.join("initramfs");

        self.write_initramfs(script, &boot.files, &initramfs)?;
        Ok(System {
            kernel: match boot.kernel {
                Kernel::Stock => self.image.clone(),
                kernel => kernel.image(&kernel.folder()?)?,
            },
            initramfs,
            tree: self.kernel.join("dtb/rk3588-rock-5b-plus.dtb"),
            parameters: format!(
                "console={} loglevel=4 panic=-1 cryptomgr.notests {}",
                boot.machine.console(),
                boot.append
            ),
        })
    }

    /// Returns QEMU with all its arguments; `work` is for files that it reads. QEMU is killed when
    /// this program ends.
    pub fn command(&self, boot: &Boot, script: &str, work: &Path) -> Result<Command> {
        let system = match &boot.system {
            Some(system) => system.clone(),
            None => self.system(boot, script, work)?,
        };
        let mut qemu = Command::new("setpriv");

        qemu.args(["--pdeathsig", "KILL"])
            .arg(match boot.machine {
                Machine::Rock5bPlus => &self.machine,
                Machine::Virt | Machine::VirtSmmu => Path::new("qemu-system-aarch64"),
            })
            .args(boot.machine.options())
            .args(["-m", &boot.memory, "-accel", "tcg,thread=single"])
            .args(["-nodefaults", "-display", "none", "-no-reboot"])
            .args(["-serial", "mon:stdio", "-kernel"])
            .arg(system.kernel)
            .arg("-initrd")
            .arg(system.initramfs)
            .arg("-append")
            .arg(system.parameters)
            .args(&boot.arguments);
        if boot.machine == Machine::Rock5bPlus {
            qemu.arg("-dtb")
                .arg(device_tree::merge(system.tree, &boot.overlays, work)?);
        }
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
}

/// Waits for the end of `qemu`, whose console is written to a file.
///
/// # Errors
///
/// If the console was silent for too long; QEMU has been killed then.
pub fn watch(qemu: &mut Child, console: &Path, on_line: Option<fn(&str)>) -> Result<ExitStatus> {
    let mut len = 0;
    let mut shown = 0;
    let mut changed = Instant::now();

    loop {
        if let Some(status) = qemu.try_wait()? {
            return Ok(status);
        }

        let now = fs::metadata(console)?.len();

        if now != len {
            (len, changed) = (now, Instant::now());
            if let Some(on_line) = on_line {
                let text = fs::read(console)?;
                let text = String::from_utf8_lossy(&text);
                let complete = text.rfind('\n').map_or("", |end| &text[..end]);

                complete.lines().skip(shown).for_each(on_line);
                shown = complete.lines().count();
            }
        } else if changed.elapsed() > SILENCE {
            qemu.kill()?;
            qemu.wait()?;
            bail!(
                "the console was silent for {} s; its last lines are:\n{}",
                SILENCE.as_secs(),
                tail(&String::from_utf8_lossy(&fs::read(console)?))
            );
        }
        thread::sleep(Duration::from_millis(20));
    }
}
