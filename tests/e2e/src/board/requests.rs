// SPDX-License-Identifier: GPL-2.0

//! What a script asks for while it runs, in lines on its console:
//!
//! ```text
//! @@ set CONTROLLER PROPERTY VALUE
//! @@ get CONTROLLER PROPERTY
//! ```
//!
//! It is done to the board's controller of that name, `dmac2` say, and answered with one line:
//! `done`, or the value. The functions of `guest/provoke.sh` print the one and wait for the other.

use std::{
    fs::File,
    io::{
        Read,
        Write, //
    },
    path::PathBuf,
    process::ChildStdin, //
};

use anyhow::{
    bail,
    Context,
    Result, //
};

use super::qmp::Qmp;

/// The requests of one boot.
pub struct Requests {
    /// What the board prints.
    console: File,
    /// The beginning of a line whose end has not been printed yet.
    begun: Vec<u8>,
    /// What the board reads.
    keyboard: ChildStdin,
    socket: PathBuf,
    /// Connected at the first request: most scripts have none.
    qmp: Option<Qmp>,
    /// Is shown each line.
    on_line: Option<fn(&str)>,
}

impl Requests {
    /// Those on the console that is written to `console`, answered by `keyboard`, of the QEMU that
    /// listens at `socket`. All lines are shown to `on_line`.
    pub fn new(
        console: File,
        keyboard: ChildStdin,
        socket: PathBuf,
        on_line: Option<fn(&str)>,
    ) -> Self {
        Self {
            console,
            begun: vec![],
            keyboard,
            socket,
            qmp: None,
            on_line,
        }
    }

    /// Does what has been asked for since the last time.
    ///
    /// # Errors
    ///
    /// If it cannot be done: then the script waits for ever.
    pub fn serve(&mut self) -> Result<()> {
        self.console.read_to_end(&mut self.begun)?;

        let Some(end) = self.begun.iter().rposition(|&byte| byte == b'\n') else {
            return Ok(());
        };
        let rest = self.begun.split_off(end + 1);
        let lines = std::mem::replace(&mut self.begun, rest);

        for line in String::from_utf8_lossy(&lines).lines() {
            if let Some(show) = self.on_line {
                show(line);
            }
            if let Some(request) = Request::parse(line)? {
                let answer = self.answer(&request)?;

                writeln!(self.keyboard, "{answer}").context("the board takes no answer")?;
            }
        }
        Ok(())
    }

    fn answer(&mut self, request: &Request<'_>) -> Result<String> {
        let qmp = match &mut self.qmp {
            Some(qmp) => qmp,
            none => none.insert(Qmp::connect(&self.socket)?),
        };
        let path = format!("/machine/soc/{}", request.controller);

        Ok(match request.value {
            Some(value) => {
                qmp.set(&path, request.property, value)?;
                "done".into()
            }
            None => qmp.get(&path, request.property)?.to_string(),
        })
    }
}

/// What a line asks for.
#[derive(Debug, PartialEq)]
struct Request<'a> {
    controller: &'a str,
    property: &'a str,
    /// What to set it to, or to read it.
    value: Option<u32>,
}

impl<'a> Request<'a> {
    /// The request that `line` is, if it is one.
    fn parse(line: &'a str) -> Result<Option<Self>> {
        let words: Vec<_> = line.split_ascii_whitespace().collect();
        let (controller, property, value) = match words[..] {
            ["@@", "set", controller, property, value] => (
                controller,
                property,
                Some(value.parse().with_context(|| format!("no value: {line}"))?),
            ),
            ["@@", "get", controller, property] => (controller, property, None),
            ["@@", "set" | "get", ..] => bail!("no request: {line}"),
            _ => return Ok(None),
        };

        Ok(Some(Self {
            controller,
            property,
            value,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_requests() {
        assert_eq!(
            Request::parse("@@ set dmac2 x-fail-read 3\r").unwrap(),
            Some(Request {
                controller: "dmac2",
                property: "x-fail-read",
                value: Some(3),
            })
        );
        assert_eq!(
            Request::parse("@@ get dmac0 x-hang").unwrap(),
            Some(Request {
                controller: "dmac0",
                property: "x-hang",
                value: None,
            })
        );
    }

    #[test]
    fn leaves_other_lines() {
        for line in [
            "",
            "@@",
            "@@ begin set",
            "@@ exit 0",
            "set dmac2 x-hang 1",
            "# @@ set dmac2 x-hang 1",
        ] {
            assert_eq!(Request::parse(line).unwrap(), None, "{line}");
        }
    }

    #[test]
    fn refuses_half_requests() {
        for line in [
            "@@ set dmac2 x-hang",
            "@@ set dmac2 x-hang -1",
            "@@ set dmac2 x-hang 4294967296",
            "@@ set dmac2 x-hang 1 2",
            "@@ get dmac2",
        ] {
            let error = Request::parse(line).unwrap_err();

            assert!(format!("{error:#}").contains(line), "{error:#}");
        }
    }
}
