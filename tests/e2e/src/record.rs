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
    let directory = env::current_dir()?;
    let variables = rust_project::VARIABLES
        .map(|(name, path)| format!("{name}='{}' ", directory.join(path).display()));

    Ok(format!(
        "RUSTC_BOOTSTRAP=1 {}{}",
        variables.concat(),
        strip(&record)?
    ))
}

/// Outcome of a compilation.
pub struct Compiled {
    pub succeeded: bool,
    /// All messages except for those that count others.
    pub messages: Vec<Message>,
}

/// Message of the compiler.
#[derive(Deserialize)]
pub struct Message {
    pub level: String,
    pub message: String,
    pub code: Option<Code>,
    spans: Vec<Span>,
    /// Notes and suggestions, which are rendered as a part of the message.
    pub children: Vec<Message>,
    #[serde(deserialize_with = "or_empty")]
    pub rendered: String,
}

#[derive(Deserialize)]
pub struct Code {
    pub code: String,
}

/// Place that a message is about, which may be an expansion of a macro.
#[derive(Deserialize)]
struct Span {
    file_name: PathBuf,
    line_start: usize,
    is_primary: bool,
    expansion: Option<Box<Expansion>>,
}

#[derive(Deserialize)]
struct Expansion {
    span: Span,
}

fn or_empty<'de, D: serde::Deserializer<'de>>(text: D) -> Result<String, D::Error> {
    Ok(Option::deserialize(text)?.unwrap_or_default())
}

/// Compiles with these options, in the syntax of the shell, which include source and outputs.
///
/// # Errors
///
/// If the compiler fails without a message.
pub fn compile(options: &str) -> Result<Compiled> {
    let script = format!(
        "{} --error-format=json -Zwrite-long-types-to-disk=no {options}",
        command()?
    );
    let (output, text) = process::run(Command::new("sh").args(["-c", &script]))?;
    let lines = text.lines().filter(|line| line.starts_with('{'));
    let messages = lines.map(serde_json::from_str::<Message>);
    let mut messages = messages.collect::<Result<Vec<_>, _>>()?;
    let succeeded = output.status.success();

    messages.retain(|it| !it.spans.is_empty() || it.code.is_some());
    ensure!(succeeded || !messages.is_empty(), "{text}");
    Ok(Compiled {
        succeeded,
        messages,
    })
}

impl Message {
    /// Returns the line that the message is about in the file that ends with `path`.
    pub fn line_in(&self, path: &str) -> Option<usize> {
        let line_of = |is_primary: bool| {
            let mut spans = self.spans.iter().filter(|it| it.is_primary || !is_primary);

            spans.find_map(|span| span.line_in(path))
        };

        line_of(true).or_else(|| line_of(false))
    }
}

impl Span {
    /// Returns the line of the outermost place in the file: where a macro is used.
    fn line_in(&self, path: &str) -> Option<usize> {
        let outer = self.expansion.as_ref().and_then(|it| it.span.line_in(path));

        outer.or_else(|| self.file_name.ends_with(path).then_some(self.line_start))
    }
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

        let good = format!("savedcmd_x := {COMMAND}  \n\nsource_x := x\n");
        let stripped = "A=b rustc -Zcrate-attr='feature(x,y)' --cfg 'a=\"$b\"'";

        assert_eq!(strip(&good).unwrap(), stripped);
        assert!(strip("savedcmd_x := rustc other.rs\n").is_err());
        assert!(strip(&format!("savedcmd_x := {COMMAND} ; objtool x\n")).is_err());
        assert!(strip(&format!("deps_x := {COMMAND}\n")).is_err());
    }
}
