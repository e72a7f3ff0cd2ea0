// SPDX-License-Identifier: GPL-2.0

//! Commands for a running Debian, by ssh.

use std::{
    fs::File,
    net::TcpListener, //
};

use super::Disk;
use crate::{
    board::{
        watch,
        SILENCE, //
    },
    prelude::*,
    process::{
        run,
        Process, //
    },
};

impl Disk {
    /// Boots, copies these files of the project to the directory `rk3588_dma` of the root user,
    /// runs `script`, and switches the system off. Returns what the script printed.
    ///
    /// The board's clock does not skip idle time: what is outside of the board takes time, too.
    pub fn run_script(&self, script: &str, files: &[PathBuf]) -> Result<Console> {
        let work = TempDir::new()?;
        let console = work.path().join("console");
        let port = free_port()?;
        let mut qemu = Process(
            Board::get()?
                .command(&self.boot(port)?, "", work.path())?
                .args(["-icount", "shift=0,sleep=on"])
                .stdin(Stdio::null())
                .stdout(File::create(&console)?)
                .spawn()
                .context("cannot run setpriv")?,
        );
        let printed = self
            .run_by_ssh(&mut qemu.0, port, script, files, work.path())
            .with_context(|| tail(&fs::read_to_string(&console).unwrap_or_default()))?;

        watch(&mut qemu.0, &console, None)?;
        Ok(Console::new(&printed))
    }

    /// Copies the files, runs the script, and begins to switch the system off; `work` is for files.
    fn run_by_ssh(
        &self,
        qemu: &mut Child,
        port: u16,
        script: &str,
        files: &[PathBuf],
        work: &Path,
    ) -> Result<String> {
        let [archive, commands] = ["archive", "commands"].map(|name| work.join(name));

        fs::write(&commands, script)?;
        self.wait_for_ssh(qemu, port)?;
        if !files.is_empty() {
            let unpack = "mkdir -p rk3588_dma && tar -xmf - -C rk3588_dma";

            succeeds(Command::new("tar").arg("-cf").arg(&archive).args(files))?;
            succeeds(self.ssh(port, unpack).stdin(File::open(&archive)?))?;
        }

        let printed = output(
            self.ssh(port, "timeout 600 sh -s 2>&1; echo \"@@ exit $?\"")
                .stdin(File::open(&commands)?),
        )?;

        // The connection may end before the command does.
        run(&mut self.ssh(port, "systemctl poweroff"))?;
        Ok(printed)
    }

    /// Returns ssh with a command line for the board.
    fn ssh(&self, port: u16, command: &str) -> Command {
        let mut ssh = Command::new("ssh");

        ssh.args([
            "-F",
            "none",
            "-o",
            "BatchMode=yes",
            "-o",
            "ConnectTimeout=60",
        ])
        .args(["-o", "StrictHostKeyChecking=no", "-o", "LogLevel=ERROR"])
        .args(["-o", "UserKnownHostsFile=/dev/null", "-i"])
        .arg(self.path("key"))
        .args(["-p", &port.to_string(), "root@127.0.0.1", command])
        .stdin(Stdio::null());
        ssh
    }

    /// Waits until the board answers.
    fn wait_for_ssh(&self, qemu: &mut Child, port: u16) -> Result<()> {
        let start = Instant::now();

        loop {
            let (answer, said) = run(&mut self.ssh(port, "true"))?;

            if answer.status.success() {
                return Ok(());
            }
            if let Some(status) = qemu.try_wait()? {
                bail!("QEMU ended with {status}");
            }
            ensure!(start.elapsed() < SILENCE, "no answer by ssh: {said}");
            thread::sleep(Duration::from_secs(1));
        }
    }
}

/// Returns a TCP port that nothing uses.
fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
