// SPDX-License-Identifier: GPL-2.0

//! Finds the examples in doc comments.

use crate::prelude::*;

/// Code in place of the fences of an example.
const BEGIN: &str = "use super::*; use kernel::prelude::*; \
    use crate::{dma::*, examples::Engine, sg::*}; \
    fn example<'bound>(dev: &'bound DmaDevice, engine: &impl Engine) -> Result {";
const END: &str = "Ok(()) }";

/// Example in a doc comment.
pub struct Example {
    /// Name of the test: path of the module, and the item.
    pub name: String,
    /// Path of the file.
    pub file: String,
    /// Module with the example, in the lines and columns that the example has in the file.
    pub text: String,
}

/// Returns the examples in the text of a file.
pub fn examples(file: &str, text: &str) -> Vec<Example> {
    let lines: Vec<_> = text.lines().collect();
    let mut examples: Vec<Example> = vec![];

    for (start, end) in blocks(&lines) {
        if !matches!(fence(lines[start]), Some("" | "rust")) {
            continue;
        }

        let base = name(file, &lines[start..]);
        let mut name = base.clone();

        while examples.iter().any(|it| it.name == name) {
            name = format!("{base}_{}", examples.len());
        }

        let code: String = lines[start + 1..end]
            .iter()
            .map(|line| code(line))
            .collect();

        examples.push(Example {
            name,
            file: file.into(),
            text: format!("{}{BEGIN}\n{code}{END}\n", "\n".repeat(start)),
        });
    }
    examples
}

/// Returns the places of code blocks that are neither compiled nor known not to be examples.
pub fn bad_fences(file: &str, text: &str) -> Vec<String> {
    let lines: Vec<_> = text.lines().collect();
    let mut bad = vec![];

    for (start, end) in blocks(&lines) {
        let place = format!("{file}:{}", start + 1);
        let language = fence(lines[start]).unwrap_or_default();
        let has_reason = language.starts_with("ignore (");

        if !has_reason && !matches!(language, "" | "c" | "rust" | "sh" | "text") {
            bad.push(format!(
                "{place}: {language:?} is not compiled: write `ignore (REASON)`"
            ));
        }
        if lines.get(end).is_none_or(|line| fence(line).is_none()) {
            bad.push(format!("{place}: the code block has no end"));
        }
    }
    bad
}

/// Returns the first and the last line of each code block: the fences.
fn blocks(lines: &[&str]) -> Vec<(usize, usize)> {
    let mut blocks = vec![];
    let mut numbers = 0..lines.len();

    while let Some(start) = numbers.find(|&number| fence(lines[number]).is_some()) {
        let is_end =
            |&number: &usize| doc(lines[number]).is_none() || fence(lines[number]).is_some();
        let end = numbers.find(is_end).unwrap_or(lines.len());

        blocks.push((start, end));
    }
    blocks
}

/// Returns the text of a line of a doc comment.
fn doc(line: &str) -> Option<&str> {
    let line = line.trim_start();

    line.strip_prefix("///")
        .or_else(|| line.strip_prefix("//!"))
}

/// Returns the language in a line of a doc comment that begins or ends a code block.
fn fence(line: &str) -> Option<&str> {
    Some(doc(line)?.trim().strip_prefix("```")?.trim())
}

/// Returns the code in a line of a doc comment, in its columns: also that of a hidden line.
fn code(line: &str) -> String {
    let hidden = Regex::new("^( *)#( |$)").unwrap();
    let code = line.replacen("///", "   ", 1).replacen("//!", "   ", 1);

    hidden.replace(&code, "$1 $2").into_owned() + "\n"
}

/// Returns the name of an example in the first of these lines.
fn name(file: &str, lines: &[&str]) -> String {
    const QUALIFIERS: &str = r"pub(?:\(\w+\))?|async|const|unsafe";
    const KINDS: &str = "const|enum|fn|macro_rules!|mod|static|struct|trait|type|union";

    let item = Regex::new(&format!(r"^ *(?:(?:{QUALIFIERS}) )*(?:{KINDS}) (\w+)")).unwrap();
    let module = file.trim_end_matches(".rs").trim_end_matches("/mod");
    let module = format!("examples::{}", module.replace('/', "::"));
    let mut items = lines.iter().filter_map(|line| item.captures(line));

    match items.next() {
        Some(item) if !lines[0].trim_start().starts_with("//!") => {
            format!("{module}::{}", &item[1])
        }
        _ => module,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
//! Module.
//!
//! ```
//! let a = 1;
//! ```

/// ```rust
/// # use x::y;
/// #[derive(Debug)]
/// struct A;
/// #
/// ```
#[must_use = \"struct B\"]
pub(crate) struct C;

impl C {
    /// ```
    /// c.unsafe_fn();
    /// ```
    ///
    /// ```sh
    /// ls
    /// ```
    ///
    /// ```
    ///     # b
    /// ```
    pub(crate) const unsafe fn unsafe_fn(self) {}
}
";

    #[test]
    fn examples_keep_their_lines_and_columns() {
        let hidden = "      use x::y;\n    #[derive(Debug)]\n    struct A;\n     \n";
        let expected = [
            ("a::b", 3, "    let a = 1;\n"),
            ("a::b::C", 7, hidden),
            ("a::b::unsafe_fn", 17, "        c.unsafe_fn();\n"),
            ("a::b::unsafe_fn_3", 25, "              b\n"),
        ];
        let expected = expected.map(|(name, line, code)| {
            let lines = "\n".repeat(line - 1);

            (
                format!("examples::{name}"),
                format!("{lines}{BEGIN}\n{code}{END}\n"),
            )
        });

        for file in ["a/b.rs", "a/b/mod.rs"] {
            let found = examples(file, TEXT).into_iter();
            let found: Vec<_> = found.map(|it| (it.name, it.text)).collect();

            assert_eq!(found, expected);
        }
    }

    #[test]
    fn other_code_blocks_need_a_reason_and_an_end() {
        const NO_END: &str = "a.rs:2: the code block has no end";

        assert!(bad_fences("a.rs", TEXT).is_empty());
        for (comment, expected) in [
            (
                "ignore\n/// ```",
                "a.rs:2: \"ignore\" is not compiled: write `ignore (REASON)`",
            ),
            (
                "no_run\n/// ```",
                "a.rs:2: \"no_run\" is not compiled: write `ignore (REASON)`",
            ),
            ("ignore (needs a board)\n/// ```", ""),
            ("\n/// a", NO_END),
        ] {
            let text = format!("\n/// ```{comment}\nfn a() {{}}\n");

            assert_eq!(bad_fences("a.rs", &text).join("\n"), expected);
        }
        assert_eq!(bad_fences("a.rs", "\n/// ```"), [NO_END]);
    }
}
