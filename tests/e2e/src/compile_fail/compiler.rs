// SPDX-License-Identifier: GPL-2.0

//! The compiler, called as kbuild called it for the module.

use std::{
    env,
    fs,
    path::PathBuf,
    process::{
        Command,
        Stdio, //
    }, //
};

use anyhow::{
    ensure,
    Context,
    Result, //
};
use tempfile::TempDir;

use super::{
    diagnostic::Diagnostic,
    FOLDER, //
};

/// Where kbuild wrote down how it made the crate, and the crate's root in that command.
const RECORD: &str = ".rk3588_dma_demo.o.cmd";
const ROOT: &str = "rk3588_dma_demo.rs";

/// The command that compiled the module, without source and outputs.
pub struct Compiler {
    /// For the shell: the command has variables in front and arguments in quotes.
    command: String,
    /// The declarations of the C helpers, which the crate includes.
    helpers: PathBuf,
    output: TempDir,
}

impl Compiler {
    /// The compiler as it was called last for the module.
    pub fn of_the_module() -> Result<Self> {
        let record = fs::read_to_string(RECORD)
            .with_context(|| format!("cannot read {RECORD}: build the module with `make stock`"))?;

        Ok(Self {
            command: strip(&record)?,
            helpers: env::current_dir()?.join("bindings/helpers.rs"),
            output: TempDir::new()?,
        })
    }

    /// Compiles the case in `file`, with its mistake or without; what the compiler says of it.
    pub fn compile(&self, file: &str, mistake: bool) -> Result<Vec<Diagnostic>> {
        let cfg = match mistake {
            true => "--cfg mistake",
            false => "",
        };
        let output = Command::new("sh")
            .arg("-c")
            .arg(format!(
                // Long names of types stay in the errors: no files for them.
                "{} -Zwrite-long-types-to-disk=no --error-format=json --emit=metadata={} {cfg} \
                 {FOLDER}/root.rs",
                self.command,
                self.output
                    .path()
                    .join(format!("{file}{mistake}"))
                    .display()
            ))
            .env("RUSTC_BOOTSTRAP", "1")
            .env("RK3588_DMA_HELPERS_RS", &self.helpers)
            .env("RK3588_DMA_CASE", file)
            .stdin(Stdio::null())
            .output()
            .context("cannot run sh")?;
        let said = String::from_utf8_lossy(&output.stderr);
        let diagnostics = Diagnostic::read_all(&said)?;

        ensure!(
            output.status.success() != diagnostics.iter().any(Diagnostic::is_error),
            "the compiler ended with {}:\n{said}",
            output.status
        );
        Ok(diagnostics)
    }
}

/// Takes the command out of kbuild's record, and source and outputs out of the command.
fn strip(record: &str) -> Result<String> {
    let (_, command) = record
        .lines()
        .find(|line| line.starts_with("savedcmd_"))
        .and_then(|line| line.split_once(" := "))
        .with_context(|| format!("{RECORD} has no command"))?;
    // As make has to write these two characters.
    let command = command.replace("$(pound)", "#").replace("$$", "$");
    let mut words = command.split_whitespace();
    let mut kept = vec![];
    let mut has_root = false;

    while let Some(word) = words.next() {
        match word {
            "--out-dir" => drop(words.next()),
            ROOT => has_root = true,
            _ if word.starts_with("--emit=") => {}
            _ => kept.push(word),
        }
    }
    ensure!(
        has_root && !command.contains(';'),
        "{RECORD} is not one command that compiles {ROOT}: {command}"
    );
    Ok(kept.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_but_source_and_outputs_is_kept() {
        let record = "savedcmd_rk3588_dma_demo.o := A=b rustc -Zcrate-attr='feature(x,y)' \
            --cfg 'a=\"$$b\"' --out-dir ./ --emit=dep-info=./.x.d --emit=obj=x.o \
            rk3588_dma_demo.rs  \n\nsource_x := x\n";

        assert_eq!(
            strip(record).unwrap(),
            "A=b rustc -Zcrate-attr='feature(x,y)' --cfg 'a=\"$b\"'"
        );
    }

    #[test]
    fn another_command_is_refused() {
        assert!(strip("savedcmd_x := rustc other.rs\n").is_err());
        assert!(strip("savedcmd_x := rustc rk3588_dma_demo.rs ; objtool x\n").is_err());
        assert!(strip("deps_x := y\n").is_err());
    }
}
