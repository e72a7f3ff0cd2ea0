// SPDX-License-Identifier: GPL-2.0

//! Faults of threads: found, stopped, and later reported.
//!
//! The interrupt handler kills a channel with a fault and notes the fault registers. The rest takes
//! long, so the worker does it once the channel has stopped: it finds the instruction and the
//! segment, writes them to the kernel log, and ends the request.

use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*, //
};

use super::{
    super::{
        hw::{
            channels,
            Fault,
            Place,
            Thread, //
        },
        program::{
            disasm,
            ProgramLimits, //
        }, //
    },
    buffer::ProgramBuffer,
    channel::State,
    operation::Operation,
    platform::{
        KernelScheduler,
        Report, //
    },
    scheduler::{
        Hardware,
        MAX_CHANNELS, //
    },
    TransferError, //
};

/// Largest number of instructions before a failed one that the kernel log gets.
const CONTEXT: usize = 8;

/// Stops the programs of all threads with a fault. Returns false if no thread has one.
pub(super) fn stop_faulting(scheduler: &mut KernelScheduler<'_>) -> bool {
    let is_manager_faulting = scheduler.hardware.is_manager_faulting();
    let faulting = scheduler.hardware.faulting_channels();

    if is_manager_faulting {
        stop_manager(scheduler);
    }
    scheduler.platform.reported_faults &= faulting;
    for channel in channels().filter(|&channel| faulting & channel.bit() != 0) {
        let index = channel.number().into();

        match scheduler.channel(index).state() {
            State::Running => {
                let fault = scheduler.hardware.fault(Thread::Channel(channel));

                scheduler.stop(index, TransferError::Fault(fault));
            }
            State::Idle => {
                let fault = scheduler.hardware.fault(Thread::Channel(channel));

                // Its last program has raised its event before.
                Hardware::kill(&mut scheduler.hardware, index);
                if scheduler.platform.reported_faults & channel.bit() == 0 {
                    scheduler.platform.reported_faults |= channel.bit();
                    scheduler.platform.report(Report::IdleFault(fault));
                    scheduler.ask_for_work();
                }
            }
            State::Stopping | State::Retired => Hardware::kill(&mut scheduler.hardware, index),
        }
    }
    // The watchdog looks for the end of a fault that does not end soon.
    if (is_manager_faulting || faulting != 0) && !scheduler.platform.is_persistence_reported {
        scheduler.ask_for_work();
    }
    is_manager_faulting || faulting != 0
}

/// Returns true if any thread has a fault.
pub(super) fn is_any_faulting(scheduler: &KernelScheduler<'_>) -> bool {
    scheduler.hardware.faulting_channels() != 0 || scheduler.hardware.is_manager_faulting()
}

/// Kills the manager, and stops the programs that it did not start.
fn stop_manager(scheduler: &mut KernelScheduler<'_>) {
    let fault = scheduler.hardware.fault(Thread::Manager);
    let mut is_ours = false;

    // A port that is busy now will be tried again, soon: until then, nothing can be started.
    if scheduler.hardware.kill_manager().is_err() {
        scheduler.ask_for_work();
    }
    for channel in 0..MAX_CHANNELS {
        // A channel that was started and is stopped has raised its event, or was not started after
        // all.
        if scheduler.channel(channel).state() == State::Running
            && Hardware::is_stopped(&mut scheduler.hardware, channel)
            && !scheduler.hardware.is_event_pending(channel)
        {
            scheduler.stop(channel, TransferError::Fault(fault));
            is_ours = true;
        }
    }
    // While the abort interrupt is disabled, the same fault is found again and again.
    if !is_ours && scheduler.platform.masked_irq.is_none() {
        scheduler.platform.report(Report::ManagerFault(fault));
    }
}

/// Finds the place of `fault` in `program`, and writes it to the kernel log.
///
/// `operation` is that of the program, as it was before the program was written. Of the program
/// nothing is left.
pub(super) fn locate(
    dev: &Device<Bound>,
    limits: ProgramLimits,
    mut fault: Fault,
    mut program: ProgramBuffer<'_>,
    operation: Option<Operation>,
) -> Fault {
    let Some(line) = line_of(&program, fault) else {
        dev_warn!(dev, "{fault}\n");
        return fault;
    };
    let code = program.code();
    let upto = || disasm::listing(code).take_while(|it| it.offset <= line.offset);
    let before = upto().count().saturating_sub(CONTEXT);
    let mut lines = [None; CONTEXT];

    for (to, from) in lines.iter_mut().zip(upto().skip(before)) {
        *to = Some(from);
    }

    let segments =
        operation.and_then(|it| program.scratch(|asm| it.locate(asm, limits, line.offset)));

    fault.place = Some(Place {
        line,
        part: segments,
    });
    dev_warn!(dev, "{fault}\n");
    for line in lines.into_iter().flatten() {
        dev_warn!(dev, "  {line}\n");
    }
    fault
}

/// Returns the instruction that had the fault, or the last one before that can have had it.
fn line_of(program: &ProgramBuffer<'_>, fault: Fault) -> Option<disasm::Line> {
    let Thread::Channel(_) = fault.thread else {
        return None;
    };
    let code = program.code();
    let offset = fault.address.checked_sub(program.address())? as usize;
    let last = if fault.is_imprecise() {
        disasm::executed_upto(code, offset)
    } else {
        offset
    };
    let line = disasm::listing(code)
        .take_while(|line| line.offset <= last)
        .filter(|line| line.instruction.map_or(true, |it| fault.may_be_of(it)))
        .last()?;

    (line.offset == offset || fault.is_imprecise()).then_some(line)
}
