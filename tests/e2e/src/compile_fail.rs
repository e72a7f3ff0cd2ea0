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
    record, //
};
use outcomes::Outcomes;

/// Folder of the cases.
const FOLDER: &str = "tests/compile_fail";

const MISTAKE: &str = "mistake";
const CORRECTED: &str = "corrected";

/// Adds the tests, all of one job.
pub fn add(suite: &mut Suite) -> Result<()> {
    let mut cases = vec![];

    for entry in fs::read_dir(FOLDER).with_context(|| format!("cannot read {FOLDER}"))? {
        cases.extend(case_name(&entry?.path()));
    }
    ensure!(!cases.is_empty(), "{FOLDER} has no cases");
    cases.sort();

    let mut names: Vec<_> = cases.iter().flat_map(|case| test_names(case)).collect();
    let tests = names
        .clone()
        .into_iter()
        .map(|name| Test::new(name.clone(), move |outcomes: &Outcomes| outcomes.of(&name)));

    names.retain(|name| suite.selects(name));
    suite.add("compile_fail", tests, move || run(&names));
    Ok(())
}

/// Compiles both revisions of each case with a `selected` test.
fn run(selected: &[String]) -> Result<Outcomes> {
    let output = TempDir::new()?;
    let outcomes = Outcomes::default();
    let is_selected = |path: &Path, _: &Config| {
        let tests = test_names(&case_name(path)?);

        Some(tests.iter().any(|test| selected.contains(test)))
    };
    let configs = vec![config(output.path())?];
    let end = ui_test::run_tests_generic(configs, is_selected, |_, _| {}, outcomes.clone());

    for test in selected {
        ensure!(outcomes.has(test), "{test} was not compiled: {end:?}");
    }
    Ok(outcomes)
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
fn config(output: &Path) -> Result<Config> {
    // A shell, because the recorded command sets variables and quotes arguments. Its arguments are
    // the file of the case and the flags of the revision. The compiler checks the module once: the
    // cases have it in common, and the name of the output, which the compiler replaces by a rename.
    // Only the cases that name the engine are compiled with it, because it is half of the module.
    let script = format!(
        "engine=; if grep -q pl330 \"$1\"; then engine=--cfg=engine; fi; \
         export RK3588_DMA_CASE=${{1##*/}}; shift; {command} -Zwrite-long-types-to-disk=no \
         --error-format=json --emit=metadata={output}/case \
         -Cincremental={output}/incremental$engine $engine \"$@\" {FOLDER}/root.rs",
        command = record::command()?,
        output = output.display()
    );
    let mut config = Config::dummy();

    config.host = Some("any".into());
    config.root_dir = FOLDER.into();
    config.threads = Some(cores());
    config.program = CommandBuilder::cmd("sh");
    config.program.args = vec!["-c".into(), script.into(), "sh".into()];
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
        let codes = messages.iter_mut().filter_map(|message| {
            Some(Message {
                code: Some(message.code.take()?),
                message: String::new(),
                span: message.span.clone(),
                ..*message
            })
        });
        let codes: Vec<_> = codes.collect();

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
