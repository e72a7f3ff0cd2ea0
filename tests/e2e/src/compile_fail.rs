// SPDX-License-Identifier: GPL-2.0

//! Compiles code that the types must reject, with the crate `ui_test`.
//!
//! Each file of `tests/compile_fail` except `root.rs` is a case, and has two revisions. With
//! `--cfg mistake` the compiler must report the annotated errors and no others. Without, the
//! revision `corrected`, it must report nothing, not even a warning. The command is the one that
//! kbuild recorded for the module: the same compiler, flags and metadata of the kernel's crates.
//!
//! An error needs two annotations: `//~[mistake]^ CODE` and `//~[mistake]| ERROR: words`. A note
//! may have one.
//!
//! There are no `.stderr` snapshots: the compiler's output lists implementations and quotes lines
//! of the kernel and of `dma/`, so that unrelated changes would alter most of the snapshots.
//!
//! Limit: the compiler stops before code generation, where `build_assert!` fails.

mod outcomes;

use std::{
    collections::BTreeMap,
    env,
    fs,
    num::NonZero,
    path::Path, //
};

use tempfile::TempDir;
use ui_test::{
    diagnostics::{
        rustc::rustc_diagnostics_extractor,
        Diagnostics,
        Level,
        Message, //
    },
    error_on_output_conflict,
    spanned::Spanned,
    CommandBuilder,
    Config, //
};

use crate::{
    prelude::*,
    suite::cores, //
};
use outcomes::Outcomes;

/// Folder of the cases.
const FOLDER: &str = "tests/compile_fail";

/// kbuild's record of how it compiled the module, and the crate root in that command.
const RECORD: &str = ".rk3588_dma_demo.o.cmd";
const ROOT: &str = "rk3588_dma_demo.rs";

const MISTAKE: &str = "mistake";
const CORRECTED: &str = "corrected";

/// Adds the tests, all of one job.
pub fn add(suite: &mut Suite) -> Result<()> {
    let names: Vec<_> = names()?.iter().flat_map(|name| test_names(name)).collect();
    let selected: Vec<_> = names
        .iter()
        .filter(|name| suite.selects(name))
        .cloned()
        .collect();
    let tests = names.into_iter().map(|name| {
        Test::new(
            name.clone(),
            move |outcomes: &BTreeMap<String, Result<()>>| {
                outcomes[&name]
                    .as_ref()
                    .map(|()| ())
                    .map_err(|error| anyhow!("{error:#}"))
            },
        )
    });

    suite.add("compile_fail", tests, move || {
        run(cores(), &|name| selected.iter().any(|it| it == name))
    });
    Ok(())
}

/// Returns the names of all cases, sorted.
fn names() -> Result<Vec<String>> {
    let mut names = vec![];

    for entry in fs::read_dir(FOLDER).with_context(|| format!("cannot read {FOLDER}"))? {
        names.extend(case_name(&entry?.path()));
    }
    ensure!(!names.is_empty(), "{FOLDER} has no cases");
    names.sort();
    Ok(names)
}

/// Compiles the cases that have a `wanted` test on `threads` threads.
///
/// Returns an outcome for each wanted test, `compile_fail::CASE::REVISION`.
fn run(
    threads: NonZero<usize>,
    wanted: &(dyn Fn(&str) -> bool + Sync),
) -> Result<BTreeMap<String, Result<()>>> {
    let names = names()?;
    let tests: Vec<_> = names
        .iter()
        .flat_map(|name| test_names(name))
        .filter(|test| wanted(test))
        .collect();

    if tests.is_empty() {
        return Ok(BTreeMap::new());
    }

    let output = TempDir::new()?;
    let outcomes = Outcomes::default();
    let is_wanted = |path: &Path| {
        let of_case = test_names(&case_name(path)?);

        Some(of_case.iter().any(|test| tests.contains(test)))
    };
    let end = ui_test::run_tests_generic(
        vec![config(threads, output.path())?],
        |path, _| is_wanted(path),
        |_, _| {},
        outcomes.clone(),
    );
    let outcome = |test: &String| match outcomes.of(test) {
        Some(outcome) => outcome,
        None => Err(anyhow!("not compiled: {end:?}")),
    };

    Ok(tests.iter().map(|it| (it.clone(), outcome(it))).collect())
}

/// Returns the name of the case in the file `path`; none for the root and other files.
fn case_name(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?.strip_suffix(".rs")?;

    (name != "root").then(|| name.into())
}

/// Returns the names of the two tests of a case.
fn test_names(name: &str) -> [String; 2] {
    [MISTAKE, CORRECTED].map(|revision| format!("compile_fail::{name}::{revision}"))
}

/// Configures `ui_test`: the compiler's command, and the two revisions of every case.
fn config(threads: NonZero<usize>, output: &Path) -> Result<Config> {
    let record = fs::read_to_string(RECORD)
        .with_context(|| format!("cannot read {RECORD}: build the module with `make stock`"))?;
    // A shell, because the recorded command sets variables and quotes arguments. Its arguments are
    // the file of the case and the flags of the revision.
    let script = format!(
        "export RK3588_DMA_CASE=${{1##*/}}; shift; {} -Zwrite-long-types-to-disk=no \
         --error-format=json --emit=metadata={}/$RK3588_DMA_CASE \"$@\" {FOLDER}/root.rs",
        strip(&record)?,
        output.display()
    );
    let helpers = env::current_dir()?.join("bindings/helpers.rs");
    let mut config = Config::dummy();

    config.host = Some("any".into());
    config.root_dir = FOLDER.into();
    config.threads = Some(threads);
    config.program = CommandBuilder::cmd("sh");
    config.program.args = vec!["-c".into(), script.into(), "sh".into()];
    config.program.envs = vec![
        ("RUSTC_BOOTSTRAP".into(), Some("1".into())),
        ("RK3588_DMA_HELPERS_RS".into(), Some(helpers.into())),
    ];
    config.diagnostic_extractor = diagnostics;
    config.output_conflict_handling = |path, output, errors, test| {
        if test.status.revision() == CORRECTED {
            error_on_output_conflict(path, output, errors, test);
        }
    };

    let comments = &mut config.comment_defaults;

    comments.revisions = Some(vec![MISTAKE.into(), CORRECTED.into()]);
    // A note with an annotation does not require one for all notes.
    comments.base().require_annotations_for_level = Spanned::dummy(Level::Error).into();
    for (name, status) in [(MISTAKE, 1), (CORRECTED, 0)] {
        let revision = comments.revisioned.entry(vec![name.into()]).or_default();

        revision.compile_flags = vec![format!("--cfg={name}")];
        revision.exit_status = Spanned::dummy(status).into();
        revision.require_annotations = Spanned::dummy(name == MISTAKE).into();
    }
    Ok(config)
}

/// Reads the compiler's messages, and splits those with a code in two: the code, and the words.
///
/// `ui_test` lets an annotation match one message. Split, an error requires both annotations. Equal
/// messages on a line count once: the compiler repeats an unmet bound for each use of the type.
fn diagnostics(file: &Path, stderr: &[u8]) -> Diagnostics {
    let mut all = rustc_diagnostics_extractor(file, stderr);

    for messages in &mut all.messages {
        let codes: Vec<_> = messages
            .iter_mut()
            .filter_map(|message| {
                Some(Message {
                    code: Some(message.code.take()?),
                    message: String::new(),
                    span: message.span.clone(),
                    ..*message
                })
            })
            .collect();

        messages.extend(codes);
        messages.sort_by(|a, b| key(a).cmp(&key(b)));
        messages.dedup_by(|a, b| key(a) == key(b));
    }
    all
}

/// Returns the parts of a message that an annotation matches.
fn key(message: &Message) -> (Level, Option<&str>, &str) {
    (message.level, message.code.as_deref(), &message.message)
}

/// Returns the command of kbuild's record without source and outputs.
fn strip(record: &str) -> Result<String> {
    let (_, command) = record
        .lines()
        .find(|line| line.starts_with("savedcmd_"))
        .and_then(|line| line.split_once(" := "))
        .with_context(|| format!("{RECORD} has no command"))?;
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
    fn source_and_outputs_are_stripped() {
        let record = "savedcmd_rk3588_dma_demo.o := A=b rustc -Zcrate-attr='feature(x,y)' \
            --cfg 'a=\"$$b\"' --out-dir ./ --emit=dep-info=./.x.d --emit=obj=x.o \
            rk3588_dma_demo.rs  \n\nsource_x := x\n";

        assert_eq!(
            strip(record).unwrap(),
            "A=b rustc -Zcrate-attr='feature(x,y)' --cfg 'a=\"$b\"'"
        );
    }

    #[test]
    fn another_command_is_rejected() {
        assert!(strip("savedcmd_x := rustc other.rs\n").is_err());
        assert!(strip("savedcmd_x := rustc rk3588_dma_demo.rs ; objtool x\n").is_err());
        assert!(strip("deps_x := y\n").is_err());
    }
}
