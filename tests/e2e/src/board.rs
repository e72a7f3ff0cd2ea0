// SPDX-License-Identifier: GPL-2.0

//! The virtual Rock 5B+: Debian's kernel image and the board's own device tree in QEMU. For what only
//! another kernel or another machine shows, those.

mod bare;
mod device_tree;
mod initramfs;
mod machine;
mod qmp;
mod requests;

use std::{
    ffi::OsString,
    fs::{
        self,
        File, //
    },
    path::{
        Path,
        PathBuf, //
    },
    process::{
        Command,
        Stdio, //
    },
    thread,
    time::{
        Duration,
        Instant, //
    }, //
};

use anyhow::{
    ensure,
    Context,
    Result, //
};
use tempfile::TempDir;

pub use bare::Bare;
pub use machine::{
    Kernel,
    Machine, //
};

use crate::{
    console::Console,
    process::made_by, //
};
use requests::Requests;

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
    /// Which machine.
    pub machine: Machine,
    /// Which kernel.
    pub kernel: Kernel,
    /// RAM, in QEMU's notation.
    pub memory: String,
    /// More kernel parameters.
    pub append: String,
    /// Device tree overlays, compiled or not, for the Rock 5B+.
    pub overlays: Vec<PathBuf>,
    /// Files for the root folder.
    pub files: Vec<PathBuf>,
    /// Whether the CPUs run in threads of their own. Slower where the host has fewer CPUs than the
    /// board, but they interleave as on a real board.
    pub parallel: bool,
    /// Whether the board's clock goes on by a nanosecond for each instruction.
    pub counts_instructions: bool,
    /// What is in memory at these addresses when the board is switched on.
    pub contents: Vec<(u64, Vec<u8>)>,
    /// More arguments for QEMU.
    pub arguments: Vec<OsString>,
    /// Is shown each line that is printed, while the script runs.
    pub on_line: Option<fn(&str)>,
    /// How long it may take.
    pub timeout: Duration,
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
            parallel: false,
            counts_instructions: false,
            contents: vec![],
            arguments: vec![],
            on_line: None,
            timeout: Duration::from_secs(180),
        }
    }
}

impl Board {
    /// Finds, or has made, what is needed.
    pub fn new() -> Result<Self> {
        let kernel = Kernel::Stock.folder()?;

        Ok(Self {
            image: Kernel::Stock.image(&kernel)?,
            kernel,
            machine: made_by("scripts/machine", &[])?,
            busybox: made_by("scripts/busybox", &[])?,
        })
    }

    /// Whether it boots the image of Debian's package.
    pub fn is_stock(&self) -> bool {
        self.image.starts_with(&self.kernel)
    }

    /// Switches the board on without a kernel.
    pub fn bare(&self) -> Result<Bare> {
        Bare::start(&self.machine)
    }

    /// Boots, runs `script`, does what it asks for and returns what was printed.
    pub fn boot(&self, boot: &Boot, script: &str) -> Result<Console> {
        let work = TempDir::new()?;
        let console = work.path().join("console");
        let complaints = work.path().join("complaints");
        let socket = work.path().join("qmp");
        let start = Instant::now();
        let mut qemu = self
            .command(boot, script, work.path())?
            .arg("-qmp")
            .arg(format!("unix:{},server=on,wait=off", socket.display()))
            .stdin(Stdio::piped())
            .stdout(File::create(&console)?)
            .stderr(File::create(&complaints)?)
            .spawn()
            .with_context(|| format!("cannot start {}", self.qemu(boot.machine).display()))?;
        let keyboard = qemu.stdin.take().context("QEMU has no input")?;
        let mut requests = Requests::new(File::open(&console)?, keyboard, socket, boot.on_line);
        let mut timed_out = false;
        let status = loop {
            if let Some(status) = qemu.try_wait()? {
                break status;
            }
            if start.elapsed() > boot.timeout {
                timed_out = true;
                qemu.kill()?;
            } else if let Err(error) = requests.serve() {
                qemu.kill()?;
                qemu.wait()?;
                return Err(error.context("what the script asks for cannot be done"));
            }
            thread::sleep(Duration::from_millis(20));
        };

        ensure!(
            status.success() || timed_out,
            "QEMU ended with {status}: {}",
            fs::read_to_string(&complaints)?
        );

        Ok(Console::new(
            &String::from_utf8_lossy(&fs::read(&console)?),
            timed_out,
        ))
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

    /// The QEMU that has `machine`.
    fn qemu(&self, machine: Machine) -> &Path {
        match machine {
            Machine::Rock5bPlus => &self.machine,
            Machine::Virt | Machine::VirtSmmu => Path::new("qemu-system-aarch64"),
        }
    }

    /// The image of `kernel`, which is made now if need be.
    fn image(&self, kernel: Kernel) -> Result<PathBuf> {
        match kernel {
            Kernel::Stock => Ok(self.image.clone()),
            Kernel::Debug => kernel.image(&kernel.folder()?),
        }
    }

    /// QEMU with all its arguments; `work` is for files that it reads.
    fn command(&self, boot: &Boot, script: &str, work: &Path) -> Result<Command> {
        let initramfs = work.join("initramfs");
        let mut qemu = Command::new(self.qemu(boot.machine));

        initramfs::write(&self.busybox, script, &boot.files, &initramfs)?;
        qemu.args(boot.machine.options())
            .args(["-m", &boot.memory])
            .args(["-nodefaults", "-display", "none", "-no-reboot"])
            .args([
                "-accel",
                match boot.parallel {
                    true => "tcg,thread=multi",
                    false => "tcg,thread=single",
                },
            ])
            .args(["-serial", "mon:stdio", "-kernel"])
            .arg(self.image(boot.kernel)?)
            .arg("-initrd")
            .arg(initramfs)
            .arg("-append")
            .arg(format!(
                "console={} loglevel=4 panic=-1 cryptomgr.notests {}",
                boot.machine.console(),
                boot.append
            ));
        qemu.args(&boot.arguments);
        if boot.counts_instructions {
            qemu.args(["-icount", "shift=0,sleep=off"]);
        }
        if boot.machine == Machine::Rock5bPlus {
            let tree = self.kernel.join("dtb/rk3588-rock-5b-plus.dtb");

            qemu.arg("-dtb")
                .arg(device_tree::merge(tree, &boot.overlays, work)?);
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
