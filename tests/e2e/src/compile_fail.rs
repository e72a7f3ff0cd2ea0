// SPDX-License-Identifier: GPL-2.0

//! Compiles code that the types must reject.
//!
//! Each file of `tests/compile_fail` except `root.rs` is a case, and has two revisions. With
//! `--cfg mistake` the compiler must report the annotated errors and no others. Without, the
//! revision `corrected`, it must report nothing, not even a warning. The command is the one that
//! kbuild recorded for the module: the same compiler, flags and metadata of the kernel's crates.
//!
//! An error needs two annotations: `//~[mistake]^ CODE` and `//~[mistake]| ERROR: words`. A note
//! may have one.
//!
//! The cases are modules of one crate. Where its messages are not those of a case, the case is
//! compiled alone, because errors may keep the compiler from finding those of other cases.
//!
//! Limit: the compiler stops before code generation, where `build_assert!` fails.

use crate::prelude::*;

/// Folder of the cases.
const FOLDER: &str = "tests/compile_fail";

const MISTAKE: &str = "mistake";
const CORRECTED: &str = "corrected";

/// Part of a message: line in the case, `CODE` or the level, and the code or the words.
type Part = (usize, String, String);

/// Adds the tests, all of one job.
pub fn add(suite: &mut Suite) -> Result<()> {
    let cases = cases()?;
    let revisions = [CORRECTED, MISTAKE].into_iter();
    let names = revisions.flat_map(|it| cases.iter().map(move |case| name_of(case, it)));
    let names: BTreeSet<_> = names.collect();
    let selected: BTreeSet<_> = names
        .iter()
        .filter(|it| suite.selects(it))
        .cloned()
        .collect();

    suite.add_each("compile_fail", names, move || {
        let (work, mut failures) = (TempDir::new()?, Failures::new());

        for revision in [CORRECTED, MISTAKE] {
            let mut cases = cases.clone();

            cases.retain(|case| selected.contains(&name_of(case, revision)));
            while !cases.is_empty() {
                let suspects = compile(work.path(), revision, &cases)?;
                let is_suspect = |case: &String| suspects.contains_key(&name_of(case, revision));

                for case in cases.iter().filter(|it| is_suspect(it)) {
                    failures.extend(compile(work.path(), revision, std::slice::from_ref(case))?);
                }
                if suspects.is_empty() {
                    break;
                }
                cases.retain(|case| !is_suspect(case));
            }
        }
        Ok(failures)
    });
    Ok(())
}

/// Returns the names of all cases.
fn cases() -> Result<Vec<String>> {
    let mut cases: Vec<String> = vec![];

    for entry in fs::read_dir(FOLDER).with_context(|| format!("cannot read {FOLDER}"))? {
        let name = entry?.file_name().to_string_lossy().into_owned();

        cases.extend(name.strip_suffix(".rs").map(String::from));
    }
    cases.retain(|case| case != "root");
    ensure!(!cases.is_empty(), "{FOLDER} has no cases");
    Ok(cases)
}

fn name_of(case: &str, revision: &str) -> String {
    format!("compile_fail::{case}::{revision}")
}

fn file_of(case: &str) -> String {
    format!("{FOLDER}/{case}.rs")
}

/// Compiles a revision of cases at once; returns those with other messages than they must have.
fn compile(work: &Path, revision: &str, cases: &[String]) -> Result<Failures> {
    let (found, mut failures) = (messages_of(work, revision, cases)?, Failures::new());

    for case in cases {
        let messages = &found[case][..];
        let wrong = match revision {
            CORRECTED if messages.is_empty() => String::new(),
            CORRECTED => "the compiler must not report anything\n".into(),
            _ => compare(case, messages)?,
        };

        if !wrong.is_empty() {
            let text = rendered(messages);

            failures.insert(
                name_of(case, revision),
                format!("{text}Not as annotated:\n{wrong}"),
            );
        }
    }
    Ok(failures)
}

/// Compiles a revision of cases at once; returns the messages about each.
fn messages_of(
    work: &Path,
    revision: &str,
    cases: &[String],
) -> Result<BTreeMap<String, Vec<Message>>> {
    let (mut modules, mut others) = (String::new(), String::new());
    let mut found: BTreeMap<_, _> = cases.iter().map(|case| (case.clone(), vec![])).collect();

    for case in cases {
        let path = absolute(file_of(case))?;

        modules += &format!("#[path = \"{}\"]\nmod case_{case};\n", path.display());
    }
    fs::write(work.join("cases"), modules)?;

    // With the state of the last compilation, the compiler checks the module once.
    let compiled = record::compile(&format!(
        "--cfg={revision} --emit=metadata={work}/metadata -Cincremental={work}/incremental \
         --env-set=RK3588_DMA_CASES={work}/cases {FOLDER}/root.rs",
        work = work.display()
    ))?;

    for message in compiled.messages {
        let is_about = |case: &&String| message.line_in(&file_of(case)).is_some();

        match cases.iter().find(is_about) {
            Some(case) => found.entry(case.clone()).or_default().push(message),
            None => others += &message.rendered,
        }
    }
    ensure!(others.is_empty(), "not of a case:\n{others}");
    Ok(found)
}

fn rendered(messages: &[Message]) -> String {
    messages.iter().map(|it| &*it.rendered).collect()
}

/// Returns the compiler's words about each case with its mistake.
///
/// Paths of the project and of the kernel's source are relative to their directories.
pub fn messages() -> Result<BTreeMap<String, String>> {
    static SOURCE: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"/\S*/kernel-[0-9a-f]+/(source|build)/").unwrap());

    let (work, cases) = (TempDir::new()?, cases()?);
    let root = format!("{}/", env::current_dir()?.display());
    let mut texts = BTreeMap::new();
    let mut found = messages_of(work.path(), MISTAKE, &cases)?;

    for case in cases {
        let mut messages = found.remove(&case).unwrap_or_default();

        // Errors of other cases may keep the compiler from finding this one.
        if !compare(&case, &messages)?.is_empty() {
            messages = messages_of(work.path(), MISTAKE, std::slice::from_ref(&case))?
                .remove(&case)
                .unwrap_or_default();

            let wrong = compare(&case, &messages)?;

            ensure!(wrong.is_empty(), "{case}: not as annotated:\n{wrong}");
        }

        let text = rendered(&messages).replace(&root, "");

        texts.insert(case, SOURCE.replace_all(&text, "").into_owned());
    }
    Ok(texts)
}

/// Compares the messages about a case with its annotations; returns a line for each difference.
fn compare(case: &str, messages: &[Message]) -> Result<String> {
    static ANNOTATION: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^ *//~\[mistake\](\^+|\|) (?:(E\d{4})|(ERROR|NOTE): (.+))$").unwrap()
    });

    let text = fs::read_to_string(file_of(case))?;
    let (mut parts, mut wrong) = (BTreeSet::new(), String::new());
    let mut annotated = 0;

    for message in messages {
        add_parts(case, message, 0, &mut parts);
    }
    for (number, line) in (1..).zip(text.lines()).filter(|(_, it)| it.contains("//~")) {
        let words = ANNOTATION.captures(line);
        let words = words.with_context(|| format!("{case}: not an annotation: {line}"))?;
        let word = |at| words.get(at).map_or("", |it| it.as_str());

        if word(1) != "|" {
            annotated = number - word(1).len();
        }

        let kind = if word(2).is_empty() {
            word(3).to_lowercase()
        } else {
            "CODE".into()
        };
        let is_meant = |(at, level, text): &&Part| {
            let is_same = text == word(2) || word(2).is_empty() && text.contains(word(4));

            *at == annotated && *level == kind && is_same
        };

        match parts.iter().find(is_meant).cloned() {
            Some(part) => drop(parts.remove(&part)),
            None => wrong += &format!("line {annotated}: no {kind} {}{}\n", word(2), word(4)),
        }
    }
    if annotated == 0 {
        wrong += "no line has an annotation\n";
    }
    for (line, _, text) in parts
        .iter()
        .filter(|it| ["error", "CODE"].contains(&&*it.1))
    {
        wrong += &format!("line {line}: no annotation of: {text}\n");
    }
    Ok(wrong)
}

/// Adds the parts of a message and of those below it, which are about `line` unless they have one.
///
/// Equal parts count once: the compiler repeats an unmet bound for each use of the type.
fn add_parts(case: &str, message: &Message, line: usize, parts: &mut BTreeSet<Part>) {
    let line = message.line_in(&file_of(case)).unwrap_or(line);

    parts.insert((line, message.level.clone(), message.message.clone()));
    if let (Some(code), "error") = (&message.code, &*message.level) {
        parts.insert((line, "CODE".into(), code.code.clone()));
    }
    for child in &message.children {
        add_parts(case, child, line, parts);
    }
}
