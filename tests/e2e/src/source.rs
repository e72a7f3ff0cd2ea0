// SPDX-License-Identifier: GPL-2.0

//! Names of the tests that stand in the source, so that the suite knows them before they run, and
//! notices one that does not run.

use crate::prelude::*;

/// Directories of the module's source.
const MODULE: [&str; 6] = ["bindings", "dma", "dmaengine", "sg", "pl330", "user"];

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
        let parent = module.trim_end_matches("::mod").trim_end_matches("::tests");

        names.extend(tests(&format!("{parent}::tests"), &text));
        for (path, name) in elsewhere(&text) {
            let text = fs::read_to_string(Path::new(&file).with_file_name(path))?;

            let name = if parent == "lib" {
                name
            } else {
                format!("{parent}::{name}")
            };

            names.extend(tests(&name, &text));
        }
    }
    ensure!(!names.is_empty(), "{directory} has no tests");
    Ok(names)
}

/// Returns the Rust files of the project except for tests and the output of builds.
pub fn without_tests() -> Result<Vec<String>> {
    const OTHERS: [&str; 3] = ["out", "target", "tests"];

    let mut names = vec![];

    for entry in fs::read_dir(".")? {
        names.extend(entry?.file_name().into_string());
    }
    names.retain(|name| !name.starts_with('.') && !OTHERS.contains(&name.as_str()));
    files(&names.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Returns all Rust files below directories, sorted.
fn files(directories: &[&str]) -> Result<Vec<String>> {
    let mut find = Command::new("find");
    let found = output(find.args(directories).args(["-name", "*.rs"]))?;
    let mut files: Vec<_> = found.lines().map(String::from).collect();

    files.sort();
    Ok(files)
}

/// Returns the functions with `#[test]` in the text of a module, also those in `proptest!`.
fn tests(module: &str, text: &str) -> Vec<String> {
    let test = Regex::new(r"(?m)^\s*#\[test\]$(?s:.*?)^\s*fn (\w+)").unwrap();
    let tests = test.captures_iter(text);

    tests.map(|it| format!("{module}::{}", &it[1])).collect()
}

/// Returns the cases of the KUnit suites in a file.
fn kunit_cases(text: &str) -> Vec<String> {
    let suites = text.split("\n#[kunit_tests(").skip(1);
    let suites = suites.filter_map(|suite| suite.split_once(')'));

    suites
        .flat_map(|(suite, text)| tests(suite, text))
        .collect()
}

/// Returns path and name of the modules with `#[path]` in the directory `tests`.
fn elsewhere(text: &str) -> Vec<(String, String)> {
    let module = Regex::new(r#"#\[path = "((?:\.\./)+tests/[^"]*)"\]\nmod ([^;]*);"#).unwrap();
    let modules = module.captures_iter(text);

    modules.map(|it| (it[1].into(), it[2].into())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_suite_has_its_cases() {
        let text =
            "fn helper() {}\n\n#[kunit_tests(a)]\nmod suite {\n    #[test]\n    fn one() {}\n
            fn helper<T>() {}\n}\n\n#[kunit_tests(b)]\nmod suite {\n    #[test]\n    \
            #[cfg(x)]\n    fn two<T>() -> Result {}\n}\n";

        assert_eq!(kunit_cases(text), ["a::one", "b::two"]);
    }

    #[test]
    fn modules_elsewhere_are_found() {
        let text = "#[cfg(test)]\n#[path = \"../tests/copy.rs\"]\nmod copy_tests;\n\
            #[path = \"../../../pl330/program/mod.rs\"]\nmod program;\n";

        let found = ("../tests/copy.rs".into(), "copy_tests".into());

        assert_eq!(elsewhere(text), [found]);
    }
}
