// SPDX-License-Identifier: GPL-2.0

//! Output of boards and of the compiler for the chapters.

use crate::prelude::*;

/// Boot of which chapters show sections.
struct Run {
    /// Beginning of the names of its sections.
    prefix: &'static str,
    /// Scripts that it runs, after `parameters`.
    scripts: &'static [&'static str],
    /// Assignment of the variable `parameters`, or nothing.
    parameters: &'static str,
    boot: fn() -> Boot,
}

const RUNS: [Run; 4] = [
    Run {
        prefix: "",
        scripts: &["provoke", "faults/common", "book/board"],
        parameters: "",
        boot: || Boot::with_driver().with_inspect(),
    },
    Run {
        prefix: "bounced-",
        scripts: &["book/bounced"],
        parameters: "",
        boot: || Boot {
            append: "swiotlb=force".into(),
            ..Boot::with_driver()
        },
    },
    Run {
        prefix: "samples-",
        scripts: &["samples/show"],
        parameters: "",
        boot: || samples::boot(Machine::VirtSmmu, Kernel::Stock),
    },
    Run {
        prefix: "no-iommu-",
        scripts: &["samples/show"],
        parameters: "parameters=address_bits=32",
        boot: || Boot {
            arguments: ["-device", "edu,dma_mask=0xffffffff"]
                .map(OsString::from)
                .into(),
            ..samples::boot(Machine::Virt, Kernel::Stock)
        },
    },
];

/// Sections of which the text says what they show.
const SHOWN: [(&str, &str); 9] = [
    ("run", "0"),
    ("report", " 0 failed"),
    ("fault", "bus error on read"),
    ("fault-in-list", "DMALD, segment 3)"),
    ("after-fault", "transfer: ok"),
    ("bounced-trace", "swiotlb_bounced"),
    (
        "samples-report",
        "whole pages, from: 8 entries, 1 segment\n",
    ),
    (
        "no-iommu-report",
        "whole pages, from: 8 entries, 8 segments\n",
    ),
    ("trace-sync", "size=64\n"),
];

/// Sections that boards printed, by name, and messages of the compiler, by case.
pub struct Runs {
    sections: BTreeMap<String, String>,
    messages: BTreeMap<String, String>,
}

impl Runs {
    /// Boots the boards, and compiles the programs that must not compile.
    pub fn collect() -> Result<Self> {
        let mut sections = BTreeMap::new();

        for run in RUNS {
            println!("Running {} ...", run.scripts[run.scripts.len() - 1]);

            let script = format!("{}\n{}", run.parameters, script(run.scripts)?);
            let console = Board::get()?.boot(&(run.boot)(), &script)?;

            ensure!(
                console.exit()? == 0,
                "{}: {}",
                run.scripts[run.scripts.len() - 1],
                tail(console.text())
            );
            for (name, text) in console.sections() {
                sections.insert(format!("{}{name}", run.prefix), text.into());
            }
        }
        for (name, text) in SHOWN {
            let section = sections.get(name).map_or("", String::as_str);

            ensure!(
                section.contains(text),
                "{name} does not show {text:?}: {section}"
            );
        }
        println!("Compiling programs that must not compile ...");
        Ok(Self {
            sections,
            messages: compile_fail::messages()?,
        })
    }

    /// Returns what a command on a board printed.
    pub fn section(&self, name: &str) -> Result<&str> {
        let section = self.sections.get(name);

        section
            .map(String::as_str)
            .with_context(|| format!("no section {name}"))
    }

    /// Returns what the compiler says of a program.
    pub fn message(&self, case: &str) -> Result<&str> {
        let message = self.messages.get(case);

        message
            .map(String::as_str)
            .with_context(|| format!("no program {case}"))
    }
}

#[cfg(test)]
impl Runs {
    /// Returns runs with these sections only.
    pub fn of_sections(sections: &[(&str, &str)]) -> Self {
        let sections = sections.iter().map(|(a, b)| (a.to_string(), b.to_string()));

        Self {
            sections: sections.collect(),
            messages: BTreeMap::new(),
        }
    }
}
