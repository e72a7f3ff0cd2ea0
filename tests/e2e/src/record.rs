// SPDX-License-Identifier: GPL-2.0

//! Reads kbuild's record of how it compiled the module, to run the same compiler with the same
//! flags and metadata on other sources.

use crate::prelude::*;

/// Crate roots with the directories of the module: the driver and the sample.
pub const ROOTS: [&str; 2] = [ROOT, "samples/edu.rs"];

/// Record of the module's compilation, and the crate root in that command.
const RECORD: &str = ".rk3588_dma_demo.o.cmd";
const ROOT: &str = "rk3588_dma_demo.rs";

/// Returns the command in the syntax of the shell, without source and outputs.
pub fn command() -> Result<String> {
    let record = fs::read_to_string(RECORD)
        .with_context(|| format!("cannot read {RECORD}: build the module with `make stock`"))?;
    let helpers = env::current_dir()?.join("bindings/helpers.rs");

    // kbuild exports these variables.
    Ok(format!(
        "RUSTC_BOOTSTRAP=1 RK3588_DMA_HELPERS_RS='{}' {}",
        helpers.display(),
        strip(&record)?
    ))
}

/// Returns the command of kbuild's record without source and outputs.
fn strip(record: &str) -> Result<String> {
    let mut lines = record.lines().filter(|line| line.starts_with("savedcmd_"));
    let command = lines.next().and_then(|line| line.split_once(" := "));
    let (_, command) = command.with_context(|| format!("{RECORD} has no command"))?;
    // make's notation of these two characters.
    let command = command.replace("$(pound)", "#").replace("$$", "$");
    let mut words: Vec<_> = command.split_whitespace().collect();

    ensure!(
        words.contains(&ROOT) && !command.contains(';'),
        "{RECORD} is not one command that compiles {ROOT}: {command}"
    );
    if let Some(at) = words.iter().position(|word| *word == "--out-dir") {
        words.drain(at..at + 2);
    }
    words.retain(|word| *word != ROOT && !word.starts_with("--emit="));
    Ok(words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn source_and_outputs_are_stripped_from_one_command() {
        const COMMAND: &str = "A=b rustc -Zcrate-attr='feature(x,y)' --cfg 'a=\"$$b\"' \
            --out-dir ./ --emit=dep-info=./.x.d --emit=obj=x.o rk3588_dma_demo.rs";

        let stripped = "A=b rustc -Zcrate-attr='feature(x,y)' --cfg 'a=\"$b\"'";

        for (record, stripped) in [
            (
                format!("savedcmd_x := {COMMAND}  \n\nsource_x := x\n"),
                Some(stripped),
            ),
            ("savedcmd_x := rustc other.rs\n".into(), None),
            (format!("savedcmd_x := {COMMAND} ; objtool x\n"), None),
            (format!("deps_x := {COMMAND}\n"), None),
        ] {
            assert_eq!(strip(&record).ok().as_deref(), stripped, "{record}");
        }
    }
}
