// SPDX-License-Identifier: GPL-2.0

//! The scheduler, one case each: order of requests, queues, events.

use super::{
    channel::State,
    driver::Driver,
    hardware::{
        Course,
        Kind,
        Response,
        MAX_BUSY_STARTS, //
    },
    platform::Reason,
    scheduler::{
        Actions,
        MAX_CHANNELS, //
    }, //
};

pub(super) const SIGNALS: Kind = Kind::new(Course::Signals);

/// Creates a driver of the channels in `usable`, with two queues.
pub(super) fn driver(usable: u32) -> Driver {
    Driver::new(usable, 2)
}

/// Submits a request of `programs` programs that raise their events.
pub(super) fn submit(driver: &mut Driver, programs: usize, queue: Option<usize>) -> usize {
    driver.submit(&vec![SIGNALS; programs], queue, None)
}

/// Runs the program of `channel` to its event, and handles that.
fn run_to_event(driver: &mut Driver, channel: usize) {
    driver.hardware().step_port();
    driver.hardware().step(channel);
    driver.events();
}

/// Runs the program of `channel` to its end, then handles its event.
pub(super) fn run(driver: &mut Driver, channel: usize) {
    driver.hardware().step_port();
    while driver.hardware().step(channel) {}
    driver.events();
}

/// Returns the index of the request that runs on `channel`.
pub(super) fn running(driver: &Driver, channel: usize) -> Option<usize> {
    driver.scheduler.channel(channel).request().map(|it| it.0)
}

/// Returns the requests in the order of their completions.
pub(super) fn completed(driver: &Driver) -> &[usize] {
    &driver.scheduler.platform.completed
}

#[test]
fn a_request_runs_on_an_idle_channel() {
    let mut driver = driver(0x10);
    let request = submit(&mut driver, 1, None);

    assert_eq!(driver.state(4), State::Running);
    assert!(driver.is_watched && !driver.is_work_due);
    assert_eq!(driver.result(request), None);
    run_to_event(&mut driver, 4);
    assert_eq!(driver.state(4), State::Idle);
    assert_eq!(driver.result(request), Some(Ok(())));
}

#[test]
fn requests_beyond_the_channels_start_in_order() {
    let mut driver = driver(0x03);

    for _ in 0..12 {
        submit(&mut driver, 1, None);
        driver.hardware().step_port();
    }
    for request in (0..12).step_by(2) {
        assert_eq!(running(&driver, 0), Some(request));
        assert_eq!(running(&driver, 1), Some(request + 1));
        for channel in 0..2 {
            driver.hardware().step(channel);
            driver.hardware().step(channel);
        }
        driver.events();
        driver.hardware().step_port();
        driver.dispatch();
        driver.hardware().step_port();
    }
    assert_eq!(completed(&driver), (0..12).collect::<Vec<_>>());
}

#[test]
fn the_channel_that_has_been_idle_for_longest_is_next() {
    let mut driver = driver(0x07);

    for request in 0..7 {
        submit(&mut driver, 1, None);
        assert_eq!(running(&driver, request % 3), Some(request));
        run(&mut driver, request % 3);
    }
}

#[test]
fn a_channel_is_not_used_before_it_has_stopped() {
    let mut driver = driver(0x01);

    submit(&mut driver, 1, None);
    run_to_event(&mut driver, 0);
    submit(&mut driver, 1, None);
    assert_eq!(running(&driver, 0), None);
    assert!(driver.is_work_due && driver.scheduler.is_channel_awaited());
    driver.work();
    assert_eq!(running(&driver, 0), None);
    driver.hardware().step(0);
    driver.work();
    assert_eq!(running(&driver, 0), Some(1));
    assert!(!driver.scheduler.is_channel_awaited());
}

/// Seven programs that need 17 of 128 lines run at a time. The eighth starts when one has ended,
/// and the next one, for which there are lines, after it.
#[test]
fn programs_wait_for_lines_of_the_mfifo() {
    let mut driver = driver(0xff);

    driver.scheduler.platform.lines = 17;
    for request in 0..7 {
        submit(&mut driver, 1, None);
        driver.hardware().step_port();
        assert_eq!(running(&driver, request), Some(request));
    }
    submit(&mut driver, 1, None);
    driver.scheduler.platform.lines = 1;
    submit(&mut driver, 1, None);
    assert_eq!(running(&driver, 7), None);
    // An event will come, so the worker need not run.
    assert!(!driver.is_work_due && !driver.scheduler.is_channel_awaited());
    run(&mut driver, 2);
    driver.hardware().step_port();
    assert_eq!(running(&driver, 7), Some(7));
    driver.dispatch();
    assert_eq!(running(&driver, 2), Some(8));
}

/// A request that has waited for lines, and then waits for the debug port, is tried again.
#[test]
fn a_port_may_be_busy_once_there_are_lines() {
    let mut driver = driver(0x07);

    driver.scheduler.platform.lines = 60;
    submit(&mut driver, 1, None);
    driver.hardware().step_port();
    // Its DMAGO stays in the port.
    submit(&mut driver, 1, None);

    let waiting = submit(&mut driver, 1, None);

    assert!(!driver.is_work_due);
    driver.hardware().is_port_slow = true;
    while driver.hardware().step(0) {}
    driver.events();
    assert_eq!(running(&driver, 2), None);
    assert!(driver.is_work_due && driver.scheduler.is_channel_awaited());
    driver.quiesce();
    assert_eq!(driver.result(waiting), Some(Ok(())));
}

/// The lines of a program that is killed are taken until its channel has stopped. Those of a
/// channel that does not stop are lost, but a program that runs alone starts all the same.
#[test]
fn lines_of_killed_programs() {
    let mut driver = driver(0x03);

    driver.scheduler.platform.lines = 100;

    let first = submit(&mut driver, 1, None);

    driver.hardware().step_port();
    submit(&mut driver, 1, None);
    assert_eq!(running(&driver, 1), None);
    driver.terminate(first);
    driver.hardware().step_port();
    while driver.hardware().step(0) {}
    driver.work();
    assert_eq!((running(&driver, 0), running(&driver, 1)), (None, Some(1)));

    let mut driver = self::driver(0x03);

    driver.scheduler.platform.lines = 100;
    driver.submit(
        &[Kind {
            response: Response::Hangs,
            ..Kind::new(Course::NeverEnds)
        }],
        None,
        Some(1),
    );
    driver.hardware().step_port();
    submit(&mut driver, 1, None);
    while driver.state(0) != State::Retired {
        driver.check();
    }
    driver.work();
    assert_eq!(running(&driver, 1), Some(1));
}

#[test]
fn nothing_is_asked_for_while_all_channels_are_busy() {
    let mut driver = driver(0x01);

    submit(&mut driver, 1, None);
    submit(&mut driver, 1, None);
    assert!(!driver.is_work_due && !driver.scheduler.is_channel_awaited());
    assert_eq!(driver.scheduler.take_actions(), Actions::default());
}

#[test]
fn a_port_that_stays_busy_fails_the_request() {
    let mut driver = driver(0x03);

    driver.hardware().is_port_slow = true;
    submit(&mut driver, 1, None);

    let request = submit(&mut driver, 1, Some(0));

    for _ in 1..MAX_BUSY_STARTS {
        assert_eq!(driver.result(request), None);
        assert!(driver.is_work_due && driver.is_watched);
        driver.work();
    }
    assert_eq!(driver.result(request), Some(Err(Reason::PortBusy)));
    assert_eq!(driver.state(1), State::Idle);
    driver.hardware().step_port();

    let next = submit(&mut driver, 1, Some(0));

    assert_eq!(running(&driver, 1), Some(next));
    driver.quiesce();
}

#[test]
fn a_busy_port_starts_the_next_request_of_the_queue() {
    let mut driver = driver(0x03);

    // Both channels are in use, then one has stopped and the port is busy with the other.
    submit(&mut driver, 1, Some(0));
    let second = submit(&mut driver, 2, Some(0));
    let third = submit(&mut driver, 1, Some(0));

    run(&mut driver, 0);
    assert_eq!(running(&driver, 1), Some(second));
    driver.hardware().is_port_slow = true;
    driver.terminate(second);
    driver.quiesce();
    assert_eq!(driver.result(second), Some(Err(Reason::Terminated)));
    assert_eq!(driver.result(third), Some(Ok(())));
}

#[test]
fn requests_of_a_queue_run_one_after_the_other() {
    let mut driver = driver(0xff);
    let first: Vec<_> = (0..3).map(|_| submit(&mut driver, 1, Some(0))).collect();
    let second: Vec<_> = (0..3).map(|_| submit(&mut driver, 1, Some(1))).collect();

    for (first, second) in first.into_iter().zip(second) {
        let running: Vec<_> = (0..MAX_CHANNELS)
            .filter_map(|it| running(&driver, it))
            .collect();

        assert_eq!(running.len(), 2);
        assert!(running.contains(&first) && running.contains(&second));
        for channel in 0..MAX_CHANNELS {
            driver.hardware().step_port();
            while driver.hardware().step(channel) {}
        }
        driver.events();
    }
    assert_eq!(completed(&driver).len(), 6);
}

#[test]
fn a_queue_that_became_empty_starts_at_once() {
    let mut driver = driver(0x03);

    submit(&mut driver, 1, Some(0));
    run(&mut driver, 0);

    let request = submit(&mut driver, 1, Some(0));

    assert_eq!(running(&driver, 1), Some(request));
}

#[test]
fn a_waiting_request_is_terminated_in_its_place() {
    let mut driver = driver(0x03);

    for _ in 0..4 {
        submit(&mut driver, 1, Some(0));
    }
    driver.terminate(1);
    driver.terminate(2);
    assert!(completed(&driver).is_empty());
    run(&mut driver, 0);
    assert_eq!(completed(&driver), [0, 1, 2]);
    assert_eq!(driver.result(1), Some(Err(Reason::Terminated)));
    assert_eq!(running(&driver, 1), Some(3));
}

#[test]
fn many_terminated_requests_are_completed_by_the_worker() {
    let mut driver = driver(0x01);

    for _ in 0..20 {
        submit(&mut driver, 1, None);
    }
    for request in 2..20 {
        driver.terminate(request);
    }
    assert!(completed(&driver).is_empty());
    run(&mut driver, 0);
    // The next start, and seven that do not start.
    assert_eq!(running(&driver, 0), Some(1));
    assert_eq!(completed(&driver).len(), 8);
    assert!(driver.is_work_due);
    driver.quiesce();
    assert_eq!(completed(&driver).len(), 20);
}

#[test]
fn a_terminated_request_leaves_the_head_at_once() {
    let mut driver = driver(0x01);

    submit(&mut driver, 1, None);
    submit(&mut driver, 1, None);
    driver.terminate(1);
    assert_eq!(completed(&driver), [1]);
    assert_eq!(running(&driver, 0), Some(0));
}

#[test]
fn a_completed_request_keeps_its_result() {
    let mut driver = driver(0x01);
    let request = submit(&mut driver, 1, None);

    run(&mut driver, 0);
    driver.terminate(request);
    assert_eq!(driver.result(request), Some(Ok(())));
}

#[test]
fn an_event_of_an_idle_channel_is_ignored() {
    let mut driver = driver(0x03);

    submit(&mut driver, 1, None);
    driver.scheduler.event(1);
    run(&mut driver, 0);
    driver.scheduler.event(0);
    assert_eq!(completed(&driver), [0]);
}

#[test]
fn a_lost_interrupt_is_noticed_by_the_third_check() {
    let mut driver = driver(0x01);

    submit(&mut driver, 1, None);
    driver.hardware().step_port();
    while driver.hardware().step(0) {}
    driver.check();
    driver.check();
    assert_eq!(driver.result(0), None);
    driver.check();
    assert_eq!(driver.result(0), Some(Ok(())));
    assert_eq!(driver.scheduler.platform.lost, 1);
    assert_eq!(driver.hardware().events, 0);
}

#[test]
fn a_late_handler_is_not_a_lost_interrupt() {
    let mut driver = driver(0x01);

    submit(&mut driver, 1, None);
    submit(&mut driver, 1, None);
    driver.hardware().step_port();
    driver.check();
    while driver.hardware().step(0) {}
    driver.check();
    driver.events();
    // The next program has its event pending for the first time.
    driver.hardware().step_port();
    driver.check();
    while driver.hardware().step(0) {}
    driver.check();
    assert_eq!(driver.result(1), None);
    driver.events();
    assert_eq!(driver.scheduler.platform.lost, 0);
    assert_eq!(completed(&driver), [0, 1]);
}

#[test]
fn the_watchdog_rests_once_all_is_done() {
    let mut driver = driver(0x01);

    submit(&mut driver, 1, None);
    driver.check();
    assert!(driver.is_watched);
    run(&mut driver, 0);
    driver.check();
    assert!(!driver.is_watched);
    submit(&mut driver, 1, None);
    assert!(driver.is_watched);
}

#[test]
fn the_watchdog_is_started_once() {
    let mut driver = driver(0x03);

    submit(&mut driver, 1, None);
    driver.check();
    // `Driver` fails if this starts another one.
    submit(&mut driver, 1, None);
    driver.terminate(1);
    driver.check();
    driver.quiesce();
}

#[test]
fn without_channels_nothing_is_accepted() {
    let mut driver = driver(0);

    for queue in [None, Some(0), Some(0)] {
        let request = submit(&mut driver, 2, queue);

        assert_eq!(driver.result(request), Some(Err(Reason::NoChannels)));
    }
}
