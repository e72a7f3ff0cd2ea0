// SPDX-License-Identifier: GPL-2.0

//! Names of the tests that stand in the source, so that the suite knows them before they run, and
//! notices one that does not run.

use crate::prelude::*;

/// Directories of the module's source.
const MODULE: [&str; 5] = ["bindings", "dma", "sg", "pl330", "user"];

/// Returns the KUnit cases of the module, as `suite::case`.
pub fn kunit() -> Result<Vec<String>> {
    let mut names = vec![];

    for file in files(&MODULE)? {
        names.extend(kunit_cases(&fs::read_to_string(file)?));
    }
    ensure!(!names.is_empty(), "there are no KUnit cases");
    Ok(names)
}

/// Returns the unit tests of the cargo project in `directory`, as cargo names them.
pub fn cargo(directory: &str) -> Result<Vec<String>> {
    let root = format!("{directory}/src");
    let mut names = vec![];

    for file in files(&[&root])? {
        let text = fs::read_to_string(&file)?;
        let module = Path::new(&file).strip_prefix(&root)?.with_extension("");
        let module = module.to_string_lossy().replace('/', "::");
        let module = module.trim_end_matches("::mod").trim_end_matches("::tests");

        names.extend(tests(&format!("{module}::tests"), &text));
        for (path, module) in elsewhere(&text) {
            let text = fs::read_to_string(Path::new(&file).with_file_name(path))?;

            names.extend(tests(module, &text));
        }
    }
    ensure!(!names.is_empty(), "{directory} has no tests");
    Ok(names)
}

/// Returns all Rust files below directories, sorted.
fn files(directories: &[&str]) -> Result<Vec<String>> {
    let found = output(
        Command::new("find")
            .args(directories)
            .args(["-name", "*.rs"]),
    )?;
    let mut files: Vec<_> = found.lines().map(String::from).collect();

    files.sort();
    Ok(files)
}

/// Returns the functions with `#[test]` in the text of a module, also those in `proptest!`.
fn tests(module: &str, text: &str) -> Vec<String> {
    let mut names = vec![];
    let mut is_test = false;

    for line in text.lines().map(str::trim) {
        is_test |= line == "#[test]";
        if let Some(name) = line.strip_prefix("fn ").filter(|_| is_test) {
            let name = name.split(['(', '<']).next().unwrap_or_default();

            names.push(format!("{module}::{name}"));
            is_test = false;
        }
    }
    names
}

/// Returns the cases of the KUnit suites in a file.
fn kunit_cases(text: &str) -> Vec<String> {
    let suites = text.split("\n#[kunit_tests(").skip(1);

    suites
        .filter_map(|suite| suite.split_once(')'))
        .flat_map(|(suite, text)| tests(suite, text))
        .collect()
}

/// Returns path and name of the modules with `#[path]` in the directory `tests`.
fn elsewhere(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split("#[path = \"").skip(1).filter_map(|rest| {
        let (path, rest) = rest.split_once("\"]\nmod ")?;
        let (module, _) = rest.split_once(';')?;

        path.starts_with("../tests/").then_some((path, module))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_suite_has_its_cases() {
        let text =
            "fn helper() {}\n\n#[kunit_tests(a)]\nmod suite {\n    #[test]\n    fn one() {}\n\
            \n    fn helper<T>() {}\n}\n\n#[kunit_tests(b)]\nmod suite {\n    #[test]\n    \
            #[cfg(x)]\n    fn two<T>() -> Result {}\n}\n";

        assert_eq!(kunit_cases(text), ["a::one", "b::two"]);
    }

    #[test]
    fn modules_elsewhere_are_found() {
        let text = "#[cfg(test)]\n#[path = \"../tests/copy.rs\"]\nmod copy_tests;\n\
            #[path = \"../../../pl330/insn.rs\"]\nmod insn;\n";

        assert!(elsewhere(text).eq([("../tests/copy.rs", "copy_tests")]));
    }
}
