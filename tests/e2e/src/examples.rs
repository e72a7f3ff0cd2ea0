// SPDX-License-Identifier: GPL-2.0

//! Compiles the examples in the doc comments of the module, each of which is a test.
//!
//! rustdoc compiles an example as a crate of its own, which cannot use items that are `pub(crate)`.
//! Here an example is a module inside the module of its file, and all examples are compiled at
//! once, in a copy of the module, by the command that kbuild recorded. It must report nothing, not
//! even a warning, except for what is unused.
//!
//! An example is the body of a function with the parameters `dev`, a `DmaDevice`, and `engine`, the
//! trait of `tests/examples/engine.rs`. The names of its file, of `kernel::prelude`, `dma` and `sg`
//! are imported. As with rustdoc, lines that begin with `# ` are compiled and not shown.

mod extract;

use crate::prelude::*;
use extract::{
    bad_fences,
    examples,
    Example, //
};

/// Definition of the trait `Engine`.
const ENGINE: &str = "tests/examples/engine.rs";

/// Adds the tests of the examples, all of one job, and the tests of this module.
pub fn add(suite: &mut Suite) -> Result<()> {
    let files = source::without_tests()?;
    let mut all = vec![];

    for file in &files {
        all.extend(examples(file, &fs::read_to_string(file)?));
    }
    ensure!(!all.is_empty(), "there are no examples");

    let names: Vec<_> = all.iter().map(|it| it.name.clone()).collect();

    all.retain(|it| suite.selects(&it.name));
    suite.add_each("examples", names, move || compile(&all));
    suite.test("examples::fences_are_known", move || {
        let mut bad = vec![];

        for file in &files {
            bad.extend(bad_fences(file, &fs::read_to_string(file)?));
        }
        ensure!(bad.is_empty(), "{}", bad.join("\n"));
        Ok(())
    });
    suite.test("examples::broken_examples_fail", broken_examples_fail);
    Ok(())
}

/// Compiles examples, and returns the failures.
///
/// An error may keep the compiler from finding others. So the examples that fail are removed, until
/// the others are compiled without a message.
fn compile(examples: &[Example]) -> Result<Failures> {
    let mut failures = Failures::new();

    for root in ROOTS {
        let mut left: Vec<_> = examples.iter().filter(|it| root_of(it) == root).collect();

        while !left.is_empty() {
            let found = compile_once(root, &left)?;

            if found.is_empty() {
                break;
            }
            left.retain(|it| !found.contains_key(&it.name));
            failures.extend(found);
        }
    }
    Ok(failures)
}

/// Returns the crate root that the example's file belongs to.
fn root_of(example: &Example) -> &'static str {
    let [driver, sample] = ROOTS;

    if example.file.starts_with("samples/") {
        sample
    } else {
        driver
    }
}

/// Compiles examples of one crate, and returns the failures that the compiler finds.
fn compile_once(root: &str, examples: &[&Example]) -> Result<Failures> {
    let work = TempDir::new()?;
    let directories = write(work.path(), root, examples)?;
    let compiled = record::compile(&format!(
        "-Aunused -Wunused_must_use -Aunfulfilled_lint_expectations \
         --emit=metadata={work}/metadata --emit=dep-info={work}/files {work}/tree/{root}",
        work = work.path().display()
    ))?;
    let mut failures = Failures::new();

    for Message { rendered, .. } in &compiled.messages {
        for (directory, example) in directories.iter().zip(examples) {
            if rendered.contains(directory) {
                let failure = failures.entry(example.name.clone()).or_default();

                *failure += &rendered.replace(directory, "");
            }
        }
    }
    if failures.is_empty() {
        let messages: String = compiled.messages.iter().map(|it| &*it.rendered).collect();

        ensure!(compiled.succeeded, "{root}: {messages}");

        let files = fs::read_to_string(work.path().join("files"))?;

        for (directory, Example { name, file, .. }) in directories.iter().zip(examples) {
            ensure!(files.contains(directory), "{name}: {file} is not in {root}");
        }
    }
    Ok(failures)
}

/// Writes a copy of the module, with the examples as modules; returns the directory of each one.
///
/// In its own directory, the path of an example is that of its file, so that a message of the
/// compiler becomes one about the file.
fn write(work: &Path, root: &str, examples: &[&Example]) -> Result<Vec<String>> {
    let mut texts = BTreeMap::new();
    let mut directories = vec![];

    for file in source::without_tests()? {
        texts.insert(file.clone(), fs::read_to_string(file)?);
    }
    declare(&mut texts, root, "examples", &absolute(ENGINE)?)?;
    for (number, Example { file, text, .. }) in examples.iter().enumerate() {
        let directory = work.join(number.to_string());
        let path = directory.join(file);

        declare(&mut texts, file, &format!("example_{number}"), &path)?;
        create(&path, text)?;
        directories.push(format!("{}/", directory.display()));
    }
    for (file, text) in texts {
        create(&work.join("tree").join(file), &text)?;
    }
    Ok(directories)
}

/// Adds the module in the file `path` to the text of `parent`, behind all others.
fn declare(
    texts: &mut BTreeMap<String, String>,
    parent: &str,
    name: &str,
    path: &Path,
) -> Result<()> {
    let text = texts.get_mut(parent).context(parent.to_string())?;

    *text += &format!("\n#[path = \"{}\"]\nmod {name};\n", path.display());
    Ok(())
}

/// Creates a file, and its directories.
fn create(path: &Path, text: &str) -> Result<()> {
    fs::create_dir_all(path.parent().context("a file without a directory")?)?;
    Ok(fs::write(path, text)?)
}

/// Checks that the compiler's messages name the broken examples, with file and line, and no others.
fn broken_examples_fail() -> Result<()> {
    const FILE: &str = "samples/edu/device.rs";
    const TEXT: &str = "\
/// ```
/// let buffer = Mapping::<_, ToDevice>::new(dev, Buffer::zeroed(64, GFP_KERNEL)?)?.unmap();
/// ```
fn good() {}

/// ```
/// let mapping = Mapping::<_, ToDevice>::new(dev, Buffer::zeroed(64, GFP_KERNEL)?)?;
/// # engine.receive(mapping)?;
/// ```
fn wrong_direction() {}

    /// ```
    /// if dev.max_segment() > 4096 {
    /// ```
    fn not_closed() {}

/// ```
/// dev.frobnicate();
/// ```
fn no_method() {}

/// ```
/// Buffer::zeroed(64, GFP_KERNEL);
/// ```
fn result_not_used() {}
";

    let failures = compile(&examples(FILE, TEXT))?;
    let names: Vec<_> = failures.keys().map(String::as_str).collect();
    let expected = [
        ("no_method", "error[E0599]", 18),
        ("not_closed", "error", 14),
        (
            "result_not_used",
            "warning: unused `core::result::Result`",
            23,
        ),
        ("wrong_direction", "error[E0277]", 8),
    ];

    ensure!(names.len() == expected.len(), "failed: {names:?}");
    for (item, message, line) in expected {
        let name = format!("examples::samples::edu::device::{item}");
        let text = failures.get(&name).with_context(|| name.clone())?;

        expect_like(text, &format!("{message}*--> {FILE}:{line}:*"))?;
    }
    Ok(())
}
