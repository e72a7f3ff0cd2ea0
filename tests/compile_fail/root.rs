// SPDX-License-Identifier: GPL-2.0

//! The crate root of the cases: the rooms of the module, and one case in place of its driver.
//!
//! A case is another file of this folder. It holds a mistake and the same code without it, told
//! apart by `#[cfg(mistake)]`. `tests/e2e` compiles both, with the command that built the module.
//!
//! Two annotations describe an error. Below its line follow `//~[mistake]^ CODE` and
//! `//~[mistake]| ERROR: words`, where the words are a part of the message. `^` is one line up, and
//! `|` is the line of the annotation above. Notes may be annotated too (`NOTE: words`).

#[allow(dead_code, unused_imports, reason = "a case uses little of it")]
#[path = "../../bindings/mod.rs"]
mod bindings;
#[allow(dead_code, unused_imports, reason = "a case uses little of it")]
#[path = "../../dma/mod.rs"]
mod dma;
#[allow(dead_code, unused_imports, reason = "a case uses little of it")]
#[path = "../../pl330/mod.rs"]
mod pl330;
#[allow(dead_code, unused_imports, reason = "a case uses little of it")]
#[path = "../../sg/mod.rs"]
mod sg;

#[allow(dead_code, reason = "nobody calls a case")]
#[allow(
    unused_imports,
    reason = "with and without the mistake it uses different things"
)]
mod case {
    include!(env!("RK3588_DMA_CASE"));
}

use kernel::prelude::*;

module! {
    type: NoDriver,
    name: "rk3588_dma",
    authors: ["The rk3588_dma developers"],
    description: "Never loaded",
    license: "GPL",
}

/// What `bindings::debugfs` asks of the crate that it is part of: to be a module.
struct NoDriver;

impl kernel::Module for NoDriver {
    fn init(_: &'static ThisModule) -> Result<Self> {
        Ok(Self)
    }
}
