// SPDX-License-Identifier: GPL-2.0

//! Each transition of a channel.

use super::channel::{
    Channel,
    State, //
};

type TestChannel = Channel<&'static str, &'static str, u32>;

fn idle() -> TestChannel {
    Channel::new(true)
}

fn running() -> TestChannel {
    let mut channel = idle();

    channel.start("request", "program");
    channel
}

fn stopping() -> TestChannel {
    let mut channel = running();

    assert!(channel.stop(7));
    channel
}

fn retired() -> TestChannel {
    let mut channel = idle();

    assert_eq!(channel.retire(), None);
    channel
}

#[test]
fn a_usable_channel_is_idle() {
    let channel = idle();

    assert_eq!(channel.state(), State::Idle);
    assert_eq!((channel.request(), channel.program()), (None, None));
    assert_eq!((channel.reason(), channel.checks()), (None, 0));
}

#[test]
fn a_channel_that_is_not_usable_is_retired() {
    assert_eq!(TestChannel::new(false).state(), State::Retired);
}

#[test]
fn a_started_channel_runs() {
    let channel = running();

    assert_eq!(channel.state(), State::Running);
    assert_eq!(channel.request(), Some(&"request"));
    assert_eq!(channel.program(), Some(&"program"));
    assert_eq!(channel.reason(), None);
}

#[test]
fn an_event_ends_a_request_and_keeps_its_program() {
    let mut channel = running();

    assert_eq!(channel.event(), Some("request"));
    assert_eq!(channel.state(), State::Idle);
    assert_eq!(channel.program(), Some(&"program"));
    assert_eq!(channel.event(), None);
}

#[test]
fn an_event_of_an_idle_channel_means_nothing() {
    assert_eq!(idle().event(), None);
}

#[test]
fn an_event_of_a_killed_program_means_nothing() {
    let mut channel = stopping();

    assert_eq!(channel.event(), None);
    assert_eq!(channel.state(), State::Stopping);
    assert_eq!(channel.stopped(), Some(("request", 7)));
}

#[test]
fn an_event_of_a_retired_channel_means_nothing() {
    let mut channel = stopping();

    assert_eq!(channel.retire(), Some(("request", 7)));
    assert_eq!(channel.event(), None);
    assert_eq!(channel.state(), State::Retired);
}

#[test]
fn a_running_program_can_be_stopped() {
    let channel = stopping();

    assert_eq!(channel.state(), State::Stopping);
    assert_eq!(channel.reason(), Some(7));
    assert_eq!(channel.request(), Some(&"request"));
    assert_eq!(channel.program(), Some(&"program"));
}

#[test]
fn the_first_reason_to_stop_counts() {
    let mut channel = stopping();

    assert!(!channel.stop(8));
    assert_eq!(channel.reason(), Some(7));
}

#[test]
fn an_idle_channel_cannot_be_stopped() {
    let mut channel = idle();

    assert!(!channel.stop(7));
    assert_eq!((channel.state(), channel.reason()), (State::Idle, None));
}

#[test]
fn a_retired_channel_cannot_be_stopped() {
    let mut channel = retired();

    assert!(!channel.stop(7));
    assert_eq!((channel.state(), channel.reason()), (State::Retired, None));
}

#[test]
fn a_stopped_channel_is_idle_again() {
    let mut channel = stopping();

    assert_eq!(channel.take_program(), Some("program"));
    assert_eq!(channel.stopped(), Some(("request", 7)));
    assert_eq!(channel.state(), State::Idle);
    assert_eq!((channel.reason(), channel.program()), (None, None));
    channel.start("another", "one");
    assert_eq!(channel.state(), State::Running);
}

#[test]
fn only_a_program_that_was_stopped_has_stopped() {
    let mut channel = running();

    assert_eq!(channel.stopped(), None);
    assert_eq!(channel.state(), State::Running);
    assert_eq!(idle().stopped(), None);
}

#[test]
fn a_retired_channel_gives_its_request_and_keeps_its_program() {
    let mut channel = stopping();

    assert_eq!(channel.retire(), Some(("request", 7)));
    assert_eq!(channel.state(), State::Retired);
    assert_eq!((channel.request(), channel.reason()), (None, None));
    assert_eq!(channel.program(), Some(&"program"));
}

#[test]
fn an_idle_channel_can_be_retired() {
    let mut channel = running();

    channel.event();
    assert_eq!(channel.retire(), None);
    assert_eq!(channel.state(), State::Retired);
    assert_eq!(channel.program(), Some(&"program"));
}

#[test]
fn checks_are_counted_from_each_transition() {
    let mut channel = idle();

    assert_eq!((channel.check(), channel.check()), (1, 2));
    channel.start("request", "program");
    assert_eq!(channel.checks(), 0);
    assert_eq!((channel.check(), channel.check()), (1, 2));
    channel.stop(7);
    assert_eq!(channel.checks(), 0);
    assert_eq!((channel.check(), channel.checks()), (1, 1));
    channel.stopped();
    assert_eq!(channel.checks(), 0);
    channel.start("request", "program");
    channel.check();
    channel.event();
    assert_eq!(channel.checks(), 0);
}

#[test]
fn a_stop_without_effect_does_not_restart_the_checks() {
    let mut channel = stopping();

    channel.check();
    channel.stop(8);
    assert_eq!(channel.event(), None);
    assert_eq!(channel.checks(), 1);
}

#[test]
fn a_pending_event_is_noted_once_for_each_program() {
    let mut channel = running();

    assert!(!channel.note_event_pending());
    assert!(channel.note_event_pending());
    channel.event();
    channel.start("request", "program");
    assert!(!channel.note_event_pending());
    channel.restart_checks();
    assert!(!channel.note_event_pending());
}

#[test]
fn a_request_that_was_taken_for_a_moment_still_runs() {
    let mut channel = stopping();
    let request = channel.take_request().unwrap();

    assert_eq!(channel.take_request(), None);
    channel.put_back_request(request);
    assert_eq!(channel.state(), State::Stopping);
    assert_eq!(channel.stopped(), Some(("request", 7)));
}

#[test]
fn a_program_that_still_runs_is_put_back() {
    let mut channel = running();
    let program = channel.take_program().unwrap();

    assert_eq!(channel.program(), None);
    channel.put_back(program);
    assert_eq!(channel.program(), Some(&"program"));
}
