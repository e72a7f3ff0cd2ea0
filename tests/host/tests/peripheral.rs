// SPDX-License-Identifier: GPL-2.0

//! Tests of the model of a device and of the instructions for it, on programs written by hand.

use crate::model::{
    Channel,
    Config,
    Error,
    Fault,
    Fifo,
    Stop, //
};
use crate::support::{
    ccr,
    dar,
    memory,
    sar,
    side,
    source,
    DAR_FIXED,
    END,
    LD,
    NOP,
    SAR_FIXED,
    SOURCE,
    ST,
    TARGET,
    WMB, //
};

/// Address of the FIFO, which has 16 beats of 4 bytes, and asks for bursts of 4.
const FIFO: u32 = 0x4000;
const LINE: u8 = 2;

const LDS: &[u8] = &[0x05];
const STS: &[u8] = &[0x09];
const WFP_SINGLE: &[u8] = &[0x30, LINE << 3];
const WFP_EITHER: &[u8] = &[0x31, LINE << 3];
const WFP_BURST: &[u8] = &[0x32, LINE << 3];
const FLUSHP: &[u8] = &[0x35, LINE << 3];
const LDPS: &[u8] = &[0x25, LINE << 3];
const LDPB: &[u8] = &[0x27, LINE << 3];
const STPS: &[u8] = &[0x29, LINE << 3];
const STPB: &[u8] = &[0x2b, LINE << 3];

fn fifo() -> Fifo {
    Fifo::new(LINE, FIFO, 4, 4)
}

fn receiver(beats: u32) -> Fifo {
    let mut fifo = fifo();

    fifo.is_receiver = true;
    fifo.receive(&source()[..4 * beats as usize]);
    fifo
}

/// Runs a program, after which its effect on the device is in `fifo`.
///
/// It sends from [`SOURCE`], or receives at [`TARGET`], in bursts of `beats` beats.
fn run(fifo: &mut Fifo, beats: u32, code: &[&[u8]]) -> (Result<Stop, Fault>, Vec<u8>) {
    let both = side(4, beats) | side(4, beats) << 14;
    let setup = if fifo.is_receiver {
        [sar(FIFO), dar(TARGET), ccr(both & !SAR_FIXED)]
    } else {
        [sar(SOURCE), dar(FIFO), ccr(both & !DAR_FIXED)]
    };
    let program = [&setup.concat(), code.concat().as_slice()].concat();
    let mut memory = memory();
    let result = Channel::new(Config::RK3588, &program, &mut memory)
        .with_fifo(fifo)
        .run();

    (result, memory.region(TARGET).to_vec())
}

fn refused(fifo: &mut Fifo, beats: u32, code: &[&[u8]], error: Error) {
    let (result, _) = run(fifo, beats, code);

    assert_eq!(result.map_err(|it| it.error), Err(error));
}

const WAITING: Result<Stop, Fault> = Ok(Stop::WaitingForPeripheral { line: LINE });

#[test]
fn a_burst_is_sent() {
    let mut fifo = fifo();
    let (result, _) = run(&mut fifo, 4, &[FLUSHP, WFP_BURST, LD, STPB, END]);

    assert_eq!(result, Ok(Stop::Ended));
    assert_eq!((fifo.level(), fifo.room(), fifo.answered), (4, 12, 1));
    assert_eq!(fifo.send(99), source()[..16]);
}

#[test]
fn a_burst_is_received() {
    let mut fifo = receiver(5);
    let (result, target) = run(&mut fifo, 4, &[FLUSHP, WFP_BURST, LDPB, ST, END]);

    assert_eq!(result, Ok(Stop::Ended));
    assert_eq!((fifo.level(), fifo.answered), (1, 1));
    assert_eq!(target[..16], source()[..16]);
    assert!(target[16..].iter().all(|&it| it == 0xee));
}

/// With an acknowledgement after the last one only.
#[test]
fn a_burst_may_be_moved_in_parts() {
    let mut fifo = receiver(4);
    let code = [FLUSHP, WFP_BURST, LD, ST, LDPB, ST, END];
    let (result, target) = run(&mut fifo, 2, &code);

    assert_eq!(result, Ok(Stop::Ended));
    assert_eq!((fifo.level(), fifo.answered), (0, 1));
    assert_eq!(target[..16], source()[..16]);
}

#[test]
fn a_device_without_a_burst_is_waited_for() {
    for beats in 0..4 {
        let mut fifo = receiver(beats);

        assert_eq!(run(&mut fifo, 4, &[FLUSHP, WFP_BURST, LDPB, ST]).0, WAITING);
        assert_eq!(fifo.answered, 0);
    }

    // With room for three beats.
    let burst = [FLUSHP, WFP_BURST, LD, STPB].concat();
    let code = [&burst, &burst, &burst, FLUSHP, WFP_BURST, LD, STPB].map(|it| it as &[u8]);
    let mut fifo = fifo();

    fifo.depth = 15;
    assert_eq!(run(&mut fifo, 4, &code).0, WAITING);
    assert_eq!((fifo.room(), fifo.answered), (3, 3));
}

#[test]
fn a_channel_goes_on_when_the_device_asks() {
    let mut fifo = receiver(3);
    let mut memory = memory();
    let program = [
        &sar(FIFO)[..],
        &dar(TARGET),
        &ccr((side(4, 4) | side(4, 4) << 14) & !SAR_FIXED),
        FLUSHP,
        WFP_BURST,
        LDPB,
        ST,
        END,
    ]
    .concat();
    let mut channel = Channel::new(Config::RK3588, &program, &mut memory).with_fifo(&mut fifo);

    assert_eq!(channel.run(), WAITING);
    assert_eq!((channel.pc(), channel.run()), (20, WAITING));
    channel.fifo().receive(&[1, 2, 3, 4]);
    assert_eq!(channel.run(), Ok(Stop::Ended));
}

#[test]
fn single_requests_are_for_one_beat() {
    let code = [FLUSHP, WFP_SINGLE, LDPS, STS, WFP_SINGLE, LDPS, STS, END];
    let mut fifo = receiver(2);

    fifo.has_singles = true;

    let (result, target) = run(&mut fifo, 4, &code);

    assert_eq!(result, Ok(Stop::Ended));
    assert_eq!((fifo.level(), fifo.answered), (0, 2));
    assert_eq!(target[..8], source()[..8]);
}

/// Also to a request for a burst, of a device that can do both.
#[test]
fn single_transfers_are_sent() {
    let mut fifo = fifo();

    fifo.has_singles = true;
    assert_eq!(
        run(&mut fifo, 4, &[FLUSHP, WFP_SINGLE, LDS, STPS, END]).0,
        Ok(Stop::Ended)
    );
    assert_eq!(fifo.send(99), source()[..4]);
}

/// Instructions that do not match the request do nothing.
#[test]
fn either_request_is_served_as_it_is() {
    for (beats, left) in [(1, 0), (4, 0), (5, 1)] {
        let code = [FLUSHP, WFP_EITHER, LDPS, STS, LDPB, &[0x0b], END];
        let mut fifo = receiver(beats);

        fifo.has_singles = true;
        assert_eq!(run(&mut fifo, 4, &code).0, Ok(Stop::Ended), "{beats}");
        assert_eq!((fifo.level(), fifo.answered), (left, 1));
    }
}

#[test]
fn only_devices_with_single_requests_are_answered_by_one() {
    let error = Error::WrongAcknowledgement;

    refused(&mut fifo(), 4, &[FLUSHP, WFP_SINGLE, LDS, STPS], error);
    refused(&mut receiver(4), 4, &[FLUSHP, WFP_SINGLE, LDPS], error);
}

/// The first request is of the time before the program.
#[test]
fn stale_requests_are_served_unless_flushed() {
    let mut without = receiver(0);
    let (result, _) = run(&mut without, 4, &[WFP_BURST, LDPB, ST, END]);

    assert_eq!(result, Ok(Stop::Ended));
    assert_eq!((without.underruns, without.overruns), (4, 0));

    let mut full = fifo();

    full.receive(&[0; 64]);
    assert_eq!(
        run(&mut full, 4, &[WFP_BURST, LD, STPB, END]).0,
        Ok(Stop::Ended)
    );
    assert_eq!((full.underruns, full.overruns), (0, 4));
    assert_eq!(run(&mut receiver(0), 4, &[FLUSHP, WFP_BURST]).0, WAITING);
}

#[test]
fn each_request_is_acknowledged_once() {
    let device = || receiver(8);
    let error = Error::Unacknowledged;

    for next in [WFP_BURST, FLUSHP, END] {
        refused(&mut device(), 4, &[FLUSHP, WFP_BURST, LD, ST, next], error);
    }
    refused(
        &mut device(),
        4,
        &[FLUSHP, WFP_BURST, LDPB, LDPB],
        Error::NotRequested,
    );
}

#[test]
fn no_more_is_moved_than_was_asked_for() {
    let error = Error::NotRequested;

    refused(&mut receiver(8), 4, &[LD], error);
    refused(&mut receiver(8), 5, &[FLUSHP, WFP_BURST, LDPB], error);
    refused(
        &mut receiver(8),
        2,
        &[FLUSHP, WFP_BURST, LD, ST, LD, ST, LD],
        error,
    );
    // Stores reach the FIFO when they are waited for.
    refused(&mut fifo(), 4, &[LD, ST, WMB], error);
    refused(&mut fifo(), 5, &[FLUSHP, WFP_BURST, LD, STPB], error);
}

#[test]
fn accesses_have_the_width_of_the_fifo() {
    let error = Error::FifoAccess;
    let mut wide = receiver(8);
    let mut narrow = receiver(8);
    let mut counting = receiver(8);
    let bytes = |size| (side(size, 1) | side(size, 1) << 14) & !SAR_FIXED;

    refused(
        &mut wide,
        4,
        &[&ccr(bytes(8)), FLUSHP, WFP_BURST, LDPB],
        error,
    );
    refused(
        &mut narrow,
        4,
        &[&ccr(bytes(2)), FLUSHP, WFP_BURST, LDPB],
        error,
    );
    refused(
        &mut counting,
        4,
        &[&ccr(side(4, 1) | side(4, 1) << 14), FLUSHP, WFP_BURST, LDPB],
        error,
    );
}

/// A channel that is killed there would lose them.
#[test]
fn nothing_is_held_in_a_wait() {
    refused(
        &mut fifo(),
        4,
        &[LD, FLUSHP, WFP_BURST, STPB],
        Error::HeldAtWait { bytes: 16 },
    );
}

#[test]
fn another_line_has_no_device() {
    for opcode in [0x25, 0x27, 0x29, 0x2b, 0x30, 0x31, 0x32, 0x35] {
        refused(&mut fifo(), 4, &[&[opcode, 3 << 3]], Error::NoPeripheral);
    }
}

#[test]
fn a_kill_loses_what_is_loaded_and_completes_what_is_stored() {
    for (code, lost, written) in [
        (&[FLUSHP, WFP_BURST, LDPB, NOP][..], 16, 0),
        (&[FLUSHP, WFP_BURST, LDPB, ST, NOP], 0, 16),
    ] {
        let mut fifo = receiver(4);
        let mut memory = memory();
        let setup = [
            sar(FIFO),
            dar(TARGET),
            ccr((side(4, 4) | side(4, 4) << 14) & !SAR_FIXED),
        ]
        .concat();
        let program = [&setup, code.concat().as_slice()].concat();
        let mut channel = Channel::new(Config::RK3588, &program, &mut memory).with_fifo(&mut fifo);

        while channel.pc() != program.len() - NOP.len() {
            assert_eq!(channel.step(), Ok(None));
        }
        assert_eq!(channel.kill(), Ok(lost));
        assert_eq!(memory.region(TARGET)[..written], source()[..written]);
        assert!(memory.region(TARGET)[written..]
            .iter()
            .all(|&it| it == 0xee));
    }
}
