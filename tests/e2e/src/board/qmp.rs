// SPDX-License-Identifier: GPL-2.0

//! QEMU's control socket: properties of the machine's objects, while the machine runs.

use std::{
    io::{
        BufRead,
        BufReader,
        Write, //
    },
    os::unix::net::UnixStream,
    path::Path,
    time::Duration, //
};

use anyhow::{
    bail,
    ensure,
    Context,
    Result, //
};
use serde_json::{
    json,
    Value, //
};

/// How long QEMU may take to start, or to answer. It does so at once, unless the host is busy.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A connection to a QEMU that was started with `-qmp`.
pub struct Qmp(BufReader<UnixStream>);

impl Qmp {
    /// Connects, and leaves the mode in which QEMU takes no other command.
    pub fn connect(socket: &Path) -> Result<Self> {
        let stream = UnixStream::connect(socket).context("cannot connect to QEMU")?;

        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;

        let mut qmp = Self(BufReader::new(stream));
        let greeting = qmp.receive()?;

        ensure!(greeting.get("QMP").is_some(), "QEMU greets with {greeting}");
        qmp.execute("qmp_capabilities", json!({}))?;
        Ok(qmp)
    }

    /// Sets a property of the object that has this path.
    pub fn set(&mut self, path: &str, property: &str, value: u32) -> Result<()> {
        self.execute(
            "qom-set",
            json!({ "path": path, "property": property, "value": value }),
        )
        .with_context(|| format!("cannot set {property} of {path}"))?;
        Ok(())
    }

    /// Reads a property of the object that has this path.
    pub fn get(&mut self, path: &str, property: &str) -> Result<Value> {
        self.execute("qom-get", json!({ "path": path, "property": property }))
            .with_context(|| format!("cannot read {property} of {path}"))
    }

    /// Executes a command and returns what QEMU returns.
    fn execute(&mut self, command: &str, arguments: Value) -> Result<Value> {
        let request = json!({ "execute": command, "arguments": arguments });

        writeln!(self.0.get_mut(), "{request}").context("QEMU does not take commands")?;
        loop {
            let mut message = self.receive()?;

            if let Some(error) = message.get("error") {
                bail!("{}", error["desc"].as_str().unwrap_or("error"));
            }
            // What is neither is an event.
            if let Some(value) = message.get_mut("return") {
                return Ok(value.take());
            }
        }
    }

    fn receive(&mut self) -> Result<Value> {
        let mut line = String::new();

        self.0
            .read_line(&mut line)
            .context("QEMU does not answer")?;
        serde_json::from_str(&line).with_context(|| format!("QEMU says: {line}"))
    }
}

#[cfg(test)]
mod tests {
    use std::{
        os::unix::net::UnixListener,
        thread, //
    };

    use super::*;

    /// Connects to one that says `lines`, whatever it is asked.
    fn connect(lines: &'static str) -> Result<Qmp> {
        let folder = tempfile::TempDir::new()?;
        let socket = folder.path().join("qmp");
        let listener = UnixListener::bind(&socket)?;

        thread::spawn(move || -> Result<()> {
            let (mut stream, _) = listener.accept()?;

            stream.write_all(lines.as_bytes())?;
            // Stays connected until the other side is not.
            std::io::copy(&mut stream, &mut std::io::sink())?;
            Ok(())
        });
        Qmp::connect(&socket)
    }

    #[test]
    fn passes_over_events() {
        let mut qmp = connect(concat!(
            "{\"QMP\": {}}\n{\"return\": {}}\n",
            "{\"event\": \"RESET\"}\n{\"return\": 7}\n",
        ))
        .unwrap();

        assert_eq!(qmp.get("/machine", "x").unwrap(), 7);
    }

    #[test]
    fn names_what_cannot_be_set() {
        let mut qmp = connect(concat!(
            "{\"QMP\": {}}\n{\"return\": {}}\n",
            "{\"error\": {\"class\": \"GenericError\", \"desc\": \"no such thing\"}}\n",
        ))
        .unwrap();
        let error = qmp.set("/machine/soc/dmac2", "x-none", 1).unwrap_err();

        assert_eq!(
            format!("{error:#}"),
            "cannot set x-none of /machine/soc/dmac2: no such thing"
        );
    }

    #[test]
    fn expects_the_greeting() {
        assert!(connect("{\"return\": {}}\n").is_err());
    }
}
