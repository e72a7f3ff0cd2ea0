// SPDX-License-Identifier: GPL-2.0

//! KUnit suite of cookies.

use kernel::prelude::*;

#[kunit_tests(rk3588_dmaengine_cookies)]
mod suite {
    use super::super::{
        super::{
            cookie::Cookies,
            ffi::c, //
        },
        *, //
    };

    const COMPLETE: c::dma_status = c::dma_status_DMA_COMPLETE;
    const IN_PROGRESS: c::dma_status = c::dma_status_DMA_IN_PROGRESS;
    const ERROR: c::dma_status = c::dma_status_DMA_ERROR;
    const MAX: c::dma_cookie_t = c::dma_cookie_t::MAX;

    #[test]
    fn they_begin_again_after_the_largest() {
        let mut cookies = Cookies::near_the_wrap();

        assert_eq!(cookies.assign(), MAX);
        assert_eq!((cookies.assign(), cookies.assign()), (1, 2));
        assert_eq!(
            [MAX - 1, MAX, 1, 2, 3].map(|it| cookies.status(it)),
            [COMPLETE, IN_PROGRESS, IN_PROGRESS, IN_PROGRESS, COMPLETE]
        );
        cookies.complete(MAX, true);
        assert_eq!(
            [MAX - 1, MAX, 1, 2].map(|it| cookies.status(it)),
            [COMPLETE, ERROR, IN_PROGRESS, IN_PROGRESS]
        );
        cookies.complete(1, false);
        assert_eq!(
            [MAX - 1, MAX, 1, 2].map(|it| cookies.status(it)),
            [COMPLETE, ERROR, COMPLETE, IN_PROGRESS]
        );
        cookies.complete(2, true);
        assert_eq!(
            [MAX - 1, MAX, 1, 2].map(|it| cookies.status(it)),
            [COMPLETE, ERROR, COMPLETE, ERROR]
        );
    }

    #[test]
    fn a_failure_is_remembered_for_64_cookies() {
        let mut cookies = Cookies::new();
        let failed = cookies.assign();

        cookies.complete(failed, true);
        for _ in 0..63 {
            let cookie = cookies.assign();

            cookies.complete(cookie, false);
            assert_eq!(cookies.status(failed), ERROR);
            assert_eq!(cookies.status(cookie), COMPLETE);
        }

        let cookie = cookies.assign();

        assert_eq!(cookies.status(failed), ERROR);
        cookies.complete(cookie, false);
        assert_eq!(cookies.status(failed), COMPLETE);
    }

    #[test]
    fn what_is_terminated_has_not_failed() {
        let mut cookies = Cookies::new();

        for _ in 0..4 {
            cookies.assign();
        }
        cookies.complete(2, true);
        cookies.complete_all();
        assert_eq!(
            [1, 2, 3, 4, 5].map(|it| cookies.status(it)),
            [COMPLETE, ERROR, COMPLETE, COMPLETE, COMPLETE]
        );
        assert_eq!((cookies.last(), cookies.used()), (5, 5));
        for _ in 0..100 {
            cookies.assign();
        }
        cookies.complete_all();
        assert_eq!(cookies.status(2), COMPLETE);
    }

    /// Errors of `tx_submit()`, which some clients ask for.
    #[test]
    fn a_number_that_is_no_cookie_is_complete() {
        let cookies = Cookies::new();

        assert_eq!(
            [0, -22, MAX, c::dma_cookie_t::MIN].map(|it| cookies.status(it)),
            [COMPLETE; 4]
        );
    }
}
