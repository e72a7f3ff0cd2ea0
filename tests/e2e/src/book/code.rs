// SPDX-License-Identifier: GPL-2.0

//! Code of the tree for the chapters.

use syn::{
    spanned::Spanned,
    Item, //
};

use super::expand::fence;
use crate::prelude::*;

/// First line of each file.
const LICENCE: &str = "// SPDX-License-Identifier: GPL-2.0\n";

/// Returns a file as a block of code, under its path.
pub fn file(path: &str) -> Result<String> {
    let text = fs::read_to_string(path).context(path.to_string())?;
    let text = text.strip_prefix(LICENCE).unwrap_or(&text);

    Ok(titled(path, text))
}

/// Returns the item `name` of a file, with its comments and attributes. A method is an item, too.
pub fn item(path: &str, name: &str) -> Result<String> {
    let text = fs::read_to_string(path).context(path.to_string())?;
    let parsed = syn::parse_file(&text).context(path.to_string())?;
    let spans = parsed.items.iter().flat_map(|item| spans_of(item, name));
    let spans: Vec<_> = spans.collect();
    let [span] = spans[..] else {
        bail!("{path} has {} items {name}", spans.len());
    };
    // A line that begins within an item belongs to it.
    let lines = text.lines().skip(span.start().line - 1);
    let lines: Vec<_> = lines
        .take(span.end().line + 1 - span.start().line)
        .collect();

    Ok(titled(path, &summarized(&unindented(&lines))))
}

/// Removes all but the first paragraph of each doc comment.
fn summarized(code: &str) -> String {
    let mut is_after_summary = false;
    let lines = code.lines().filter(|line| {
        let text = line.trim_start();

        is_after_summary = text.starts_with("///") && (is_after_summary || text == "///");
        !is_after_summary
    });

    lines.collect::<Vec<_>>().join("\n")
}

/// Returns a file in which the function `name` has another body: a comment, and an error.
pub fn with_body(path: &str, name: &str, comment: &str) -> Result<String> {
    let text = fs::read_to_string(path).context(path.to_string())?;
    let parsed = syn::parse_file(&text).context(path.to_string())?;
    let methods = parsed.items.iter().flat_map(|item| match item {
        Item::Impl(it) => &it.items[..],
        _ => &[],
    });
    let methods = methods.filter_map(|it| match it {
        syn::ImplItem::Fn(it) if it.sig.ident == name => Some(&it.block),
        _ => None,
    });
    let functions = parsed.items.iter().filter_map(|item| match item {
        Item::Fn(it) if it.sig.ident == name => Some(&*it.block),
        _ => None,
    });
    let body = functions.chain(methods).next();
    let body = body.with_context(|| format!("{path} has no function {name}"))?;
    let [open, close] = [body.brace_token.span.open(), body.brace_token.span.close()];
    let lines: Vec<_> = text.lines().collect();
    let indent = " ".repeat(close.start().column + 4);
    let mut body = String::new();

    for line in comment.lines() {
        body += &format!("{indent}// {line}\n");
    }
    Ok(format!(
        "{}\n{body}{indent}Err(ENOSYS.into())\n{}\n",
        lines[..open.end().line].join("\n"),
        lines[close.start().line - 1..].join("\n")
    ))
}

/// Returns where the items of this name are, within `item`.
fn spans_of(item: &Item, name: &str) -> Vec<proc_macro2::Span> {
    let found = match item {
        Item::Const(it) => it.ident == name,
        Item::Enum(it) => it.ident == name,
        Item::Fn(it) => it.sig.ident == name,
        Item::Static(it) => it.ident == name,
        Item::Struct(it) => it.ident == name,
        Item::Trait(it) => it.ident == name,
        Item::Type(it) => it.ident == name,
        Item::Impl(it) => {
            let methods = it.items.iter().filter_map(|it| match it {
                syn::ImplItem::Fn(method) if method.sig.ident == name => Some(method.span()),
                _ => None,
            });

            return methods.collect();
        }
        _ => false,
    };

    found.then(|| item.span()).into_iter().collect()
}

/// Removes the indentation of the first line from all lines.
fn unindented(lines: &[&str]) -> String {
    let first = lines.first().copied().unwrap_or_default();
    let indent = first.len() - first.trim_start().len();
    let lines = lines
        .iter()
        .map(|it| it.get(indent..).unwrap_or(it.trim_start()));

    lines.collect::<Vec<_>>().join("\n")
}

fn titled(path: &str, text: &str) -> String {
    let language = match Path::new(path).extension().and_then(|it| it.to_str()) {
        Some("rs") => "rust,ignore",
        Some("c" | "h") => "c",
        Some("sh") => "sh",
        _ => "text",
    };

    format!(
        "<div class=\"path\">{path}</div>\n\n{}",
        fence(language, text)
    )
}

/// Returns the comment of a case of `tests/compile_fail` and its code with the mistake, without the
/// imports.
pub fn case(name: &str) -> Result<(String, String)> {
    let path = format!("tests/compile_fail/{name}.rs");
    let text = fs::read_to_string(&path).context(path)?;
    let text = text.strip_prefix(LICENCE).unwrap_or(&text).trim_start();
    let comment = text.lines().map_while(|line| line.strip_prefix("// "));
    let comment: Vec<_> = comment.collect();
    let code = text.lines().skip(comment.len());
    let code = with_mistake(&code.collect::<Vec<_>>());

    Ok((comment.join("\n"), code))
}

/// Removes annotations, and what `#[cfg(not(mistake))]` selects: up to the end of the statement or
/// item, which is the next line that ends one at the same indentation.
fn with_mistake(lines: &[&str]) -> String {
    let (mut kept, mut skipped) = (vec![""], None);

    for line in lines {
        let indent = line.len() - line.trim_start().len();

        if let Some(outer) = skipped {
            let is_end = match line.trim_end().chars().last() {
                // A statement may end in a line of its own, which is indented.
                Some(';') => true,
                Some('}' | ',' | ')') => indent == outer,
                _ => false,
            };

            if is_end {
                skipped = None;
            }
        } else if line.trim() == "#[cfg(not(mistake))]" {
            skipped = Some(indent);
        } else if line.starts_with("use ") {
            skipped = (!line.ends_with(';')).then_some(indent);
        } else if line.is_empty() && kept.last().is_some_and(|it| it.is_empty()) {
            // Around a line that was removed.
        } else if !line.contains("//~") && !line.trim().starts_with("#[cfg") {
            kept.push(*line);
        }
    }
    kept.join("\n").trim().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mistake_is_left() {
        let case = [
            "use a::b;",
            "",
            "use c::{",
            "    d, //",
            "};",
            "",
            "fn a() {",
            "    #[cfg(mistake)]",
            "    let x = 1;",
            "    #[cfg(not(mistake))]",
            "    let x = f(",
            "        2,",
            "    );",
            "    #[cfg(not(mistake))]",
            "    let y = x",
            "        .f();",
            "",
            "    g(x)",
            "    //~[mistake]^ E0000",
            "}",
        ];

        assert_eq!(
            with_mistake(&case),
            "fn a() {\n    let x = 1;\n\n    g(x)\n}"
        );
    }

    #[test]
    fn doc_comments_are_shortened() {
        let code = "/// A.\n/// B.\n///\n/// # Errors\n///\n/// C.\nfn a() {\n    /// D.\n    b\n}";

        assert_eq!(
            summarized(code),
            "/// A.\n/// B.\nfn a() {\n    /// D.\n    b\n}"
        );
    }

    #[test]
    fn a_body_is_replaced() {
        let found = with_body("src/book/code.rs", "unindented", "a\nb").unwrap();
        let body = "-> String {\n    // a\n    // b\n    Err(ENOSYS.into())\n}\n\nfn titled";

        assert!(found.contains(body), "{found}");
        assert!(with_body("src/book/code.rs", "nothing", "").is_err());
    }

    #[test]
    fn items_are_found() {
        let found = item("src/book/code.rs", "unindented").unwrap();

        assert!(found.contains("\n/// Removes the indentation"), "{found}");
        assert!(found.ends_with("join(\"\\n\")\n}\n```\n"), "{found}");
        assert!(item("src/book/code.rs", "nothing").is_err());
    }
}
