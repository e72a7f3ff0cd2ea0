// SPDX-License-Identifier: GPL-2.0

//! The scheduler, one case each: kills, timeouts, stuck channels, removal.

use super::{
    channel::State,
    driver::Driver,
    hardware::{
        Course,
        Kind,
        Response,
        ThreadState, //
    },
    platform::{
        Reason,
        RETIRE_CHECKS, //
    },
    scheduler::MAX_CHANNELS,
    scheduler_tests::{
        driver,
        submit,
        SIGNALS, //
    }, //
};

pub(super) const ENDLESS: Kind = Kind::new(Course::NeverEnds);
pub(super) const HANGS: Kind = Kind {
    course: Course::NeverEnds,
    response: Response::Hangs,
    points: 0,
};

/// Executes the instruction in the port, and then all that `channel` can do.
pub(super) fn step(driver: &mut Driver, channel: usize) {
    driver.hardware().step_port();
    while driver.hardware().step(channel) {}
}

/// Does `count` checks. The hardware stays as it is between them.
pub(super) fn check(driver: &mut Driver, count: u32) {
    for _ in 0..count {
        driver.hardware().step_port();
        driver.check();
        driver.hardware().step_port();
    }
}

#[test]
fn a_terminated_program_ends_its_request_once_it_has_stopped() {
    let mut driver = driver(0x01);
    let request = driver.submit(&[ENDLESS], None, None);

    driver.hardware().step_port();
    driver.terminate(request);
    assert_eq!(driver.state(0), State::Stopping);
    assert!(driver.is_work_due && driver.scheduler.is_channel_awaited());
    assert_eq!(driver.result(request), None);
    step(&mut driver, 0);
    driver.settle();
    assert_eq!(driver.result(request), Some(Err(Reason::Terminated)));
    assert_eq!(driver.state(0), State::Idle);
    assert!(!driver.scheduler.is_channel_awaited());
}

#[test]
fn a_program_that_has_stopped_is_terminated_at_once() {
    let mut driver = driver(0x01);
    let request = submit(&mut driver, 1, None);
    let next = submit(&mut driver, 1, None);

    step(&mut driver, 0);
    driver.terminate(request);
    assert_eq!(driver.result(request), Some(Err(Reason::Terminated)));
    // Its event does not end the next program.
    assert_eq!(driver.state(0), State::Running);
    driver.events();
    assert_eq!(driver.result(next), None);
    driver.quiesce();
    assert_eq!(driver.result(next), Some(Ok(())));
}

#[test]
fn an_event_between_kill_and_stop_ends_nothing() {
    let late = Kind {
        course: Course::NeverEnds,
        response: Response::SignalsAndStops,
        points: 0,
    };
    let mut driver = driver(0x01);
    let request = driver.submit(&[late], None, None);
    let next = submit(&mut driver, 1, None);

    driver.hardware().step_port();
    driver.terminate(request);
    step(&mut driver, 0);
    assert_ne!(driver.hardware().events, 0);
    driver.settle();
    driver.dispatch();
    assert_eq!(driver.result(request), Some(Err(Reason::Terminated)));
    assert_eq!(driver.hardware().events, 0);
    assert_eq!(driver.state(0), State::Running);
    driver.events();
    assert_eq!(driver.result(next), None);
    driver.quiesce();
}

#[test]
fn a_queue_goes_on_after_its_first_request_is_terminated() {
    let mut driver = driver(0x03);
    let request = driver.submit(&[ENDLESS], Some(0), None);
    let next = submit(&mut driver, 1, Some(0));

    driver.hardware().step_port();
    driver.terminate(request);
    assert_eq!(driver.state(1), State::Idle);
    step(&mut driver, 0);
    driver.settle();
    driver.dispatch();
    assert_eq!(driver.state(1), State::Running);
    driver.quiesce();
    assert_eq!(driver.result(next), Some(Ok(())));
}

#[test]
fn a_terminated_queue_ends_its_requests_and_takes_new_ones() {
    let mut driver = driver(0x03);
    let first = driver.submit(&[ENDLESS], Some(0), None);
    let waiting: Vec<_> = (0..40).map(|_| submit(&mut driver, 1, Some(0))).collect();
    let other = driver.submit(&[ENDLESS], Some(1), None);

    driver.hardware().step_port();
    driver.terminate_queue(0);
    for request in waiting {
        assert_eq!(driver.result(request), Some(Err(Reason::Terminated)));
    }
    assert_eq!(driver.result(first), None);
    assert_eq!(driver.result(other), None);

    let next = submit(&mut driver, 1, Some(0));

    step(&mut driver, 0);
    driver.settle();
    assert_eq!(driver.result(first), Some(Err(Reason::Terminated)));
    driver.terminate(other);
    driver.quiesce();
    assert_eq!(driver.result(next), Some(Ok(())));
}

#[test]
fn a_request_that_waits_for_a_channel_ends_with_its_queue() {
    let mut driver = driver(0x01);
    let other = driver.submit(&[ENDLESS], Some(1), None);
    let waiting = submit(&mut driver, 1, Some(0));

    driver.hardware().step_port();
    driver.terminate_queue(0);
    assert_eq!(driver.result(waiting), Some(Err(Reason::Terminated)));
    driver.terminate(other);
    driver.quiesce();
}

#[test]
fn a_kill_that_a_busy_port_refuses_is_repeated() {
    let mut driver = driver(0x01);
    let request = driver.submit(&[ENDLESS], None, None);

    driver.hardware().is_port_slow = true;
    driver.terminate(request);
    // DMAGO takes effect now, DMAKILL was refused.
    step(&mut driver, 0);
    assert_eq!(driver.hardware().threads[0].state, ThreadState::Executing);
    driver.settle();
    step(&mut driver, 0);
    driver.settle();
    assert_eq!(driver.result(request), Some(Err(Reason::Terminated)));
}

#[test]
fn a_timeout_ends_a_program_after_its_limit() {
    for (limit, checks) in [(0, 2), (1, 2), (100, 2), (101, 3), (200, 3), (300, 4)] {
        let mut driver = driver(0x01);
        let request = driver.submit(&[ENDLESS], None, Some(limit));

        driver.hardware().step_port();
        check(&mut driver, checks - 1);
        assert_eq!(driver.state(0), State::Running);
        check(&mut driver, 1);
        assert_eq!(driver.state(0), State::Stopping);
        driver.quiesce();
        assert_eq!(driver.result(request), Some(Err(Reason::Timeout(limit))));
    }
}

#[test]
fn the_limit_is_one_of_each_program() {
    let mut driver = driver(0x01);
    let request = driver.submit(&[SIGNALS, SIGNALS, ENDLESS], None, Some(500));

    for _ in 0..2 {
        driver.hardware().step_port();
        check(&mut driver, 5);
        step(&mut driver, 0);
        driver.work();
        driver.events();
    }
    driver.hardware().step_port();
    check(&mut driver, 5);
    assert_eq!(driver.state(0), State::Running);
    check(&mut driver, 1);
    assert_eq!(driver.state(0), State::Stopping);
    driver.quiesce();
    assert_eq!(driver.result(request), Some(Err(Reason::Timeout(500))));
}

#[test]
fn a_program_without_limit_runs_on() {
    let mut driver = driver(0x01);
    let request = driver.submit(&[ENDLESS], None, None);

    driver.hardware().step_port();
    check(&mut driver, 1000);
    assert_eq!(driver.state(0), State::Running);

    let state = &mut driver.scheduler.platform.entries[request].state;

    state.set_timeout(Some(100));
    driver.scheduler.platform.entries[request].timeout_ms = Some(100);
    check(&mut driver, 1);
    assert_eq!(driver.state(0), State::Stopping);
    driver.quiesce();
}

#[test]
fn a_pending_event_prevents_a_timeout() {
    let mut driver = driver(0x01);
    let request = driver.submit(&[SIGNALS], None, Some(0));

    step(&mut driver, 0);
    check(&mut driver, 3);
    assert_eq!(driver.result(request), Some(Ok(())));
}

#[test]
fn a_program_that_ends_without_event_has_failed() {
    let mut driver = driver(0x01);
    let request = driver.submit(&[Kind::new(Course::EndsSilently)], None, None);

    step(&mut driver, 0);
    check(&mut driver, 1);
    assert_eq!(driver.result(request), None);
    check(&mut driver, 1);
    assert_eq!(driver.result(request), Some(Err(Reason::NoEvent)));
}

#[test]
fn a_program_that_does_not_stop_is_stuck() {
    let mut driver = driver(0x01);
    let request = driver.submit(&[HANGS], Some(0), None);
    let next = submit(&mut driver, 1, Some(0));

    driver.hardware().step_port();
    // Checks of the running program do not count.
    check(&mut driver, 30);
    driver.terminate(request);
    check(&mut driver, RETIRE_CHECKS - 1);
    assert_eq!(driver.state(0), State::Stopping);
    check(&mut driver, 1);
    assert_eq!(driver.state(0), State::Retired);
    assert_eq!(driver.result(request), Some(Err(Reason::Stuck)));
    assert_eq!(driver.result(next), Some(Err(Reason::NoChannels)));
    assert_eq!(
        driver.scheduler.platform.retired,
        [(0, Some(Reason::Terminated))]
    );
    // Its event ends nothing, and it takes no request.
    driver.scheduler.event(0);

    let refused = submit(&mut driver, 1, None);

    assert_eq!(driver.result(refused), Some(Err(Reason::NoChannels)));
}

#[test]
fn a_program_that_stops_in_time_is_not_stuck() {
    let mut driver = driver(0x01);
    let request = driver.submit(&[ENDLESS], None, None);

    driver.hardware().step_port();
    driver.terminate(request);
    check(&mut driver, RETIRE_CHECKS - 1);
    step(&mut driver, 0);
    check(&mut driver, 1);
    assert_eq!(driver.result(request), Some(Err(Reason::Terminated)));
    assert_eq!(driver.state(0), State::Idle);
}

#[test]
fn the_last_channel_takes_all_that_waits_with_it() {
    let mut driver = driver(0x02);

    // Its first program is done, the second is not written.
    submit(&mut driver, 2, Some(0));
    step(&mut driver, 1);
    driver.events();
    submit(&mut driver, 1, Some(0));
    driver.submit(&[HANGS], Some(1), None);
    submit(&mut driver, 1, Some(1));
    submit(&mut driver, 1, None);
    driver.hardware().step_port();
    driver.terminate(2);
    check(&mut driver, RETIRE_CHECKS);
    for request in [0, 1, 3, 4] {
        assert_eq!(driver.result(request), Some(Err(Reason::NoChannels)));
    }
    assert_eq!(driver.result(2), Some(Err(Reason::Stuck)));
}

#[test]
fn a_running_channel_is_not_retired() {
    let mut driver = driver(0x01);

    driver.submit(&[ENDLESS], None, None);
    driver.hardware().step_port();
    driver.scheduler.retire_unless_stopped(0);
    assert_eq!(driver.state(0), State::Running);
    driver.quiesce();
    driver.scheduler.retire_unless_stopped(0);
    assert_eq!(driver.state(0), State::Idle);
}

#[test]
fn shutting_down_ends_all_requests() {
    let mut driver = driver(0x03);

    driver.submit(&[ENDLESS], Some(0), None);
    driver.submit(&[SIGNALS, SIGNALS], None, None);
    driver.hardware().step_port();
    submit(&mut driver, 1, Some(0));
    submit(&mut driver, 1, None);
    step(&mut driver, 1);
    driver.events();
    driver.shut_down();
    assert_eq!(driver.result(1), Some(Err(Reason::ShuttingDown)));
    assert_eq!((driver.result(0), driver.result(2)), (None, None));

    let refused = submit(&mut driver, 1, None);

    assert_eq!(driver.result(refused), Some(Err(Reason::ShuttingDown)));
    assert!(driver.close(100));
    for request in [0, 2, 3] {
        assert_eq!(driver.result(request), Some(Err(Reason::ShuttingDown)));
    }
}

#[test]
fn nothing_starts_after_shutting_down() {
    let mut driver = driver(0x03);
    let request = driver.submit(&[ENDLESS], Some(0), None);
    let next = submit(&mut driver, 1, Some(0));

    driver.hardware().step_port();
    driver.terminate(request);
    driver.shut_down();
    step(&mut driver, 0);
    driver.settle();
    driver.dispatch();
    assert_eq!(
        (driver.state(0), driver.state(1)),
        (State::Idle, State::Idle)
    );
    assert_eq!(driver.result(next), Some(Err(Reason::ShuttingDown)));
    assert!(driver.close(100));
}

#[test]
fn the_close_leaves_channels_that_do_not_stop() {
    let mut driver = driver(0x07);

    driver.submit(&[HANGS], None, None);
    driver.hardware().step_port();
    submit(&mut driver, 1, None);
    driver.hardware().step_port();
    driver.shut_down();
    assert!(!driver.close(10));
    assert_eq!(driver.result(0), Some(Err(Reason::Stuck)));
    assert!(driver.scheduler.channel(0).program().is_some());
    assert_eq!(driver.result(1), Some(Err(Reason::ShuttingDown)));
    for channel in 0..MAX_CHANNELS {
        assert_eq!(driver.state(channel), State::Retired);
    }
}

#[test]
fn a_check_repeats_a_kill_that_a_busy_port_refused() {
    let mut driver = driver(0x01);
    let request = driver.submit(&[ENDLESS], None, None);

    driver.hardware().is_port_slow = true;
    driver.terminate(request);
    step(&mut driver, 0);
    assert_eq!(driver.hardware().threads[0].state, ThreadState::Executing);
    driver.check();
    step(&mut driver, 0);
    driver.check();
    assert_eq!(driver.result(request), Some(Err(Reason::Terminated)));
}

#[test]
fn the_close_needs_no_worker() {
    let mut driver = driver(0x01);

    driver.submit(&[ENDLESS], Some(0), None);
    submit(&mut driver, 1, Some(0));
    driver.hardware().step_port();
    driver.shut_down();
    assert!(!driver.scheduler.close());
    step(&mut driver, 0);
    assert!(driver.scheduler.close());
    for request in 0..2 {
        assert_eq!(driver.result(request), Some(Err(Reason::ShuttingDown)));
    }
}

#[test]
fn the_last_channel_needs_no_dispatch() {
    let mut driver = driver(0x01);

    driver.submit(&[HANGS], Some(0), None);
    submit(&mut driver, 1, Some(0));
    driver.hardware().step_port();
    driver.terminate(0);
    driver.scheduler.platform.is_closing = true;
    driver.scheduler.retire_unless_stopped(0);
    assert_eq!(driver.result(0), Some(Err(Reason::Stuck)));
    assert_eq!(driver.result(1), Some(Err(Reason::NoChannels)));
}

#[test]
fn a_program_may_end_while_the_watchdog_checks_it() {
    let mut driver = driver(0x01);
    let request = submit(&mut driver, 1, None);

    driver.hardware().step_port();
    check(&mut driver, 1);
    driver.hardware().is_fast = true;
    check(&mut driver, 1);
    assert_eq!(driver.result(request), None);
    driver.events();
    assert_eq!(driver.result(request), Some(Ok(())));
}

/// Interrupts are disabled meanwhile, so a call ends 16 requests at most.
#[test]
fn many_waiting_requests_end_in_several_calls() {
    let mut driver = driver(0x01);
    let running = driver.submit(&[ENDLESS], None, None);
    let waiting: Vec<_> = (0..40).map(|_| submit(&mut driver, 1, None)).collect();
    let count = |driver: &super::driver::Driver| {
        let has_ended = |it: &&usize| driver.result(**it).is_some();

        waiting.iter().filter(has_ended).count()
    };

    driver.hardware().step_port();
    driver.shut_down();
    assert_eq!(count(&driver), 16);
    assert!(driver.is_work_due);
    driver.is_work_due = false;
    driver.dispatch();
    assert_eq!(count(&driver), 32);
    assert!(driver.is_work_due);
    assert!(driver.close(100));
    assert_eq!(count(&driver), 40);
    assert_eq!(driver.result(running), Some(Err(Reason::ShuttingDown)));
}
