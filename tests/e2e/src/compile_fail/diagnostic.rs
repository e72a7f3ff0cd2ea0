// SPDX-License-Identifier: GPL-2.0

//! What the compiler says, as `--error-format=json` writes it.

use anyhow::{
    Context,
    Result, //
};
use serde::Deserialize;

/// An error or a warning, or a note below one.
#[derive(Debug, Deserialize)]
pub struct Diagnostic {
    level: String,
    message: String,
    code: Option<Code>,
    spans: Vec<Span>,
    children: Vec<Diagnostic>,
    /// As it is shown on a terminal.
    rendered: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Code {
    code: String,
}

#[derive(Debug, Deserialize)]
struct Span {
    file_name: String,
    line_start: usize,
    is_primary: bool,
    label: Option<String>,
    expansion: Option<Box<Expansion>>,
}

/// The call of a macro that a span came out of.
#[derive(Debug, Deserialize)]
struct Expansion {
    span: Span,
}

impl Diagnostic {
    /// Reads what the compiler wrote, a diagnostic to a line; leaves out its remarks on the whole.
    pub fn read_all(text: &str) -> Result<Vec<Self>> {
        let all: Vec<Self> = text
            .lines()
            .map(|line| serde_json::from_str(line).with_context(|| format!("rustc said: {line}")))
            .collect::<Result<_>>()?;

        Ok(all
            .into_iter()
            .filter(|it| it.is_error() || it.level == "warning" && !it.spans.is_empty())
            .collect())
    }

    /// Whether it keeps the crate from being compiled. The count of errors at the end, although of
    /// the same level, is none.
    pub fn is_error(&self) -> bool {
        let is_count = self.message.starts_with("aborting due to") && self.spans.is_empty();

        self.level.starts_with("error") && !is_count
    }

    /// The code of an error, or the name of a lint.
    pub fn code(&self) -> Option<&str> {
        self.code.as_ref().map(|it| it.code.as_str())
    }

    /// The lines of `file` that it is about, not those that it only mentions.
    pub fn lines_in(&self, file: &str) -> Vec<usize> {
        self.spans
            .iter()
            .filter(|span| span.is_primary)
            .filter_map(|span| span.line_in(file))
            .collect()
    }

    /// Whether these words are in its message, at a place it points to, or in a note or help.
    pub fn says(&self, words: &str) -> bool {
        let in_label = |span: &Span| span.label.as_ref().is_some_and(|it| it.contains(words));

        self.message.contains(words)
            || self.spans.iter().any(in_label)
            || self.children.iter().any(|child| child.says(words))
    }

    /// All of it, for a person.
    pub fn text(&self) -> &str {
        self.rendered.as_deref().unwrap_or(&self.message).trim_end()
    }
}

impl Span {
    /// Its line in `file`, or that of the macro call there which it came out of.
    fn line_in(&self, file: &str) -> Option<usize> {
        match &self.expansion {
            _ if self.file_name.rsplit('/').next() == Some(file) => Some(self.line_start),
            Some(expansion) => expansion.span.line_in(file),
            None => None,
        }
    }
}

#[cfg(test)]
impl Diagnostic {
    pub fn set_level(&mut self, level: &str) {
        self.level = level.into();
    }

    pub fn add_child(&mut self, message: &str) {
        self.children.push(Self {
            level: "note".into(),
            message: message.into(),
            code: None,
            spans: vec![],
            children: vec![],
            rendered: None,
        });
    }
}
