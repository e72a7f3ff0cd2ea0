// SPDX-License-Identifier: GPL-2.0

//! Names of the tests that stand in the source, so that the suite knows them before they run, and
//! notices one that does not run.

use std::{
    fs,
    path::{
        Path,
        PathBuf, //
    }, //
};

use crate::prelude::*;

/// Directories of the module's source.
const MODULE: [&str; 5] = ["bindings", "dma", "sg", "pl330", "user"];

/// Returns the KUnit cases of the module, as `suite::case`.
pub fn kunit() -> Result<Vec<String>> {
    let mut names = vec![];

    for directory in MODULE {
        for file in files(Path::new(directory))? {
            names.extend(kunit_cases(&fs::read_to_string(file)?));
        }
    }
    ensure!(!names.is_empty(), "there are no KUnit cases");
    Ok(names)
}

/// Returns the unit tests of the cargo project in `directory`, as cargo names them.
pub fn cargo(directory: &str) -> Result<Vec<String>> {
    let root = Path::new(directory).join("src");
    let mut names = vec![];

    for file in files(&root)? {
        let module = file.strip_prefix(&root)?.with_extension("");
        let module = module.to_string_lossy().replace('/', "::");
        let module = module.trim_end_matches("::mod");
        let text = fs::read_to_string(&file)?;
        // A file of tests has no module around them.
        let module = match module.ends_with("tests") {
            true => module.to_string(),
            false => format!("{module}::tests"),
        };

        names.extend(
            tests(&text)
                .into_iter()
                .map(|name| format!("{module}::{name}")),
        );
        // A module whose file is elsewhere has nothing around its tests.
        for (path, module) in elsewhere(&text) {
            let text = fs::read_to_string(file.with_file_name(path))?;

            names.extend(
                tests(&text)
                    .into_iter()
                    .map(|name| format!("{module}::{name}")),
            );
        }
    }
    ensure!(!names.is_empty(), "{directory} has no tests");
    Ok(names)
}

/// Returns all Rust files below a directory, sorted.
fn files(directory: &Path) -> Result<Vec<PathBuf>> {
    let mut found = vec![];
    let entries =
        fs::read_dir(directory).with_context(|| format!("cannot read {}", directory.display()))?;

    for entry in entries {
        let path = entry?.path();

        if path.is_dir() {
            found.extend(files(&path)?);
        } else if path.extension().is_some_and(|it| it == "rs") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Returns the names of the functions with `#[test]`, also those in `proptest!`.
fn tests(text: &str) -> Vec<&str> {
    let mut names = vec![];
    let mut is_test = false;

    for line in text.lines().map(str::trim) {
        is_test |= line == "#[test]";
        if let Some(name) = line.strip_prefix("fn ").filter(|_| is_test) {
            names.extend(name.split(['(', '<']).next());
            is_test = false;
        }
    }
    names
}

/// Returns the cases of the KUnit suites in a file.
fn kunit_cases(text: &str) -> Vec<String> {
    text.split("\n#[kunit_tests(")
        .skip(1)
        .filter_map(|suite| suite.split_once(')'))
        .flat_map(|(suite, text)| {
            tests(text)
                .into_iter()
                .map(move |name| format!("{suite}::{name}"))
        })
        .collect()
}

/// Returns path and name of the modules with `#[path]` in the directory `tests`.
fn elsewhere(text: &str) -> Vec<(&str, &str)> {
    let lines: Vec<_> = text.lines().map(str::trim).collect();

    lines
        .windows(2)
        .filter_map(|pair| {
            let path = pair[0].strip_prefix("#[path = \"")?.strip_suffix("\"]")?;
            let module = pair[1].strip_prefix("mod ")?.strip_suffix(';')?;

            path.starts_with("../tests/").then_some((path, module))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
        fn helper() {}\n\n#[kunit_tests(a)]\nmod suite {\n    #[test]\n    fn one() -> Result {}\n\
        \n    fn helper<T>() {}\n}\n\n#[kunit_tests(b)]\nmod suite {\n    #[test]\n    #[cfg(x)]\n\
        fn two() {}\n}\n";

    #[test]
    fn each_suite_has_its_cases() {
        assert_eq!(kunit_cases(TEXT), ["a::one", "b::two"]);
        assert_eq!(super::tests(TEXT), ["one", "two"]);
    }

    #[test]
    fn modules_elsewhere_are_found() {
        let text = "#[cfg(test)]\n#[path = \"../tests/copy.rs\"]\nmod copy_tests;\n\
            #[path = \"../../../pl330/insn.rs\"]\nmod insn;\n";

        assert_eq!(elsewhere(text), [("../tests/copy.rs", "copy_tests")]);
    }
}
