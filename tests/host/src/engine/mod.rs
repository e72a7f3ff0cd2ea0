// SPDX-License-Identifier: GPL-2.0

//! The driver's scheduler, with models of the hardware and of the driver around it.
//!
//! The scheduler is a state machine whose inputs arrive in any order: calls, interrupts, the
//! worker, the watchdog. [`hardware`] models eight channels. [`platform`] holds the requests, and
//! checks each completion. [`driver`] models the callers of the scheduler, and checks it after each
//! call.

// The driver uses all of it, these tests need not.
#[allow(dead_code)]
#[path = "../../../../pl330/engine/channel.rs"]
mod channel;
#[allow(clippy::type_complexity, dead_code)]
#[path = "../../../../pl330/engine/scheduler/mod.rs"]
mod scheduler;

mod driver;
mod hardware;
mod platform;

#[path = "../../tests/channel.rs"]
mod channel_tests;
#[path = "../../tests/scheduler_all.rs"]
mod scheduler_all_tests;
#[path = "../../tests/scheduler_fault.rs"]
mod scheduler_fault_tests;
#[path = "../../tests/scheduler_power.rs"]
mod scheduler_power_tests;
#[path = "../../tests/scheduler_progress.rs"]
mod scheduler_progress_tests;
#[path = "../../tests/scheduler_random.rs"]
mod scheduler_random_tests;
#[path = "../../tests/scheduler_stop.rs"]
mod scheduler_stop_tests;
#[path = "../../tests/scheduler.rs"]
mod scheduler_tests;
#[path = "../../tests/scheduler_worker.rs"]
mod scheduler_worker_tests;
