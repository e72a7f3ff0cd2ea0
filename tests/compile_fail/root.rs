// SPDX-License-Identifier: GPL-2.0

//! Crate root of the cases: the directories of the module, and cases in place of its driver.
//!
//! A case is another file of this directory: a mistake that the types must reject, and the same
//! code without it, selected by `#[cfg(mistake)]`. `tests/e2e` compiles both with the command that
//! built the module.
//!
//! Two annotations describe an error. Below its line follow `//~[mistake]^ CODE` and
//! `//~[mistake]| ERROR: words`, where the words are a part of the message. `^` is one line up, and
//! `|` is the line of the annotation above. Notes may be annotated too (`NOTE: words`).

#[allow(dead_code, unused_imports, reason = "a case uses a small part")]
#[path = "../../bindings/mod.rs"]
mod bindings;
#[path = "../../dma/mod.rs"]
mod dma;
#[allow(dead_code, unused_imports, reason = "a case uses a small part")]
#[path = "../../pl330/mod.rs"]
mod pl330;
#[path = "../../sg/mod.rs"]
mod sg;

#[allow(dead_code, reason = "the functions of a case have no caller")]
#[allow(
    unused_imports,
    reason = "a case has one list of imports, and its two revisions use different ones"
)]
mod cases {
    include!(env!("RK3588_DMA_CASES"));
}

use kernel::prelude::*;

module! {
    type: NoDriver,
    name: "rk3588_dma",
    authors: ["The rk3588_dma developers"],
    description: "Never loaded",
    license: "GPL",
}

/// Module type, which `bindings::debugfs` requires of its crate.
struct NoDriver;

impl kernel::Module for NoDriver {
    fn init(_: &'static ThisModule) -> Result<Self> {
        Ok(Self)
    }
}
