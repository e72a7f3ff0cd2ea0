// SPDX-License-Identifier: GPL-2.0

//! debugfs files that hold the module while they are open, over data that may borrow.
//!
//! The kernel crate's own files ask for `'static` data, which a driver's `Data<'bound>` is not. And
//! they leave `file_operations::owner` empty: a file held open across `rmmod` and closed afterwards
//! makes debugfs call `release` through operations that went away with the module. Here the owner
//! is set, so that `rmmod` says the module is in use while a file is open; an unbind is always
//! possible, it waits for calls that run and makes later ones fail.
//!
//! C header: `include/linux/debugfs.h`.

use core::{
    marker::PhantomData,
    ptr, //
};

use kernel::{
    bindings,
    error::from_result,
    prelude::*,
    seq_file::SeqFile,
    uaccess::{
        UserPtr,
        UserSlice, //
    },
    ModuleMetadata, //
};

/// A file over data of type `T` that is read as text.
pub(crate) trait Show<T> {
    /// Its name in the folder.
    const NAME: &'static CStr;

    /// Writes its content. Called again from the start when a reader's buffer was too small, so it
    /// must not do anything but show.
    fn show(data: &T, out: &SeqFile);
}

/// A file over data of type `T` that takes a word.
pub(crate) trait Command<T> {
    /// Its name in the folder.
    const NAME: &'static CStr;

    /// The longest text that is taken, in bytes.
    const MAX_LEN: usize = 32;

    /// Acts on `word`, which has no white space at either end. May sleep.
    fn run(data: &T, word: &str) -> Result;
}

/// A folder in debugfs with files over `T`.
///
/// Errors of debugfs are not reported, as is the custom there: a driver works without it.
///
/// # Invariants
///
/// - `dentry` is what `debugfs_create_dir()` returned, not removed yet.
/// - All files in it have the address of `data` as private data.
pub(crate) struct Dir<T: Send + Sync> {
    dentry: *mut bindings::dentry,
    data: Pin<KBox<T>>,
}

// SAFETY: The dentry may be used and removed from any thread; `T` is `Send`.
unsafe impl<T: Send + Sync> Send for Dir<T> {}

// SAFETY: `&Dir` only allows to add files, which debugfs serialises; `T` is `Sync`.
unsafe impl<T: Send + Sync> Sync for Dir<T> {}

impl<T: Send + Sync> Dir<T> {
    /// Creates the folder `name` in the root of debugfs. C function: `debugfs_create_dir()`.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, and those of `data`.
    ///
    /// # Safety
    ///
    /// The result must not be leaked: its files reach `data`, and what `data` borrows, until it is
    /// dropped.
    pub(crate) unsafe fn new(name: &CStr, data: impl PinInit<T, Error>) -> Result<Self> {
        let data = KBox::pin_init(data, GFP_KERNEL)?;
        // SAFETY: `name` is a valid string and a null parent means the root.
        let dentry = unsafe { bindings::debugfs_create_dir(name.as_char_ptr(), ptr::null_mut()) };

        // INVARIANT: The folder was created just now; it has no files.
        Ok(Self { dentry, data })
    }

    /// What the files are over.
    #[allow(
        dead_code,
        reason = "our driver has what it needs beside the folder; the sample has not"
    )]
    pub(crate) fn data(&self) -> &T {
        &self.data
    }

    /// Adds a file that is read. C function: `debugfs_create_file()`.
    pub(crate) fn add_show<F: Show<T>>(&self) {
        self.add(F::NAME, 0o400, &ShowOps::<T, F>::OPS);
    }

    /// Adds a file that is written. C function: `debugfs_create_file()`.
    pub(crate) fn add_command<F: Command<T>>(&self) {
        self.add(F::NAME, 0o200, &CommandOps::<T, F>::OPS);
    }

    fn add(
        &self,
        name: &CStr,
        mode: bindings::umode_t,
        operations: &'static bindings::file_operations,
    ) {
        // SAFETY:
        // - `name` is a valid string; `self.dentry` is a folder or an error that debugfs knows to
        //   pass on.
        // - `operations` live in the module, which they own, so longer than any open file.
        // - `data` does not move and is valid until `drop` has removed the folder, which waits for
        //   all running operations. The callers pass operations that expect a `T` there.
        unsafe {
            bindings::debugfs_create_file_full(
                name.as_char_ptr(),
                mode,
                self.dentry,
                ptr::from_ref(&*self.data).cast_mut().cast(),
                ptr::null(),
                operations,
            )
        };
    }
}

impl<T: Send + Sync> Drop for Dir<T> {
    fn drop(&mut self) {
        // SAFETY: By the type invariant this is the one removal of the folder. It returns when no
        // operation of its files runs any more and none can start, so `data` may go.
        unsafe { bindings::debugfs_remove(self.dentry) };
    }
}

const OWNER: *mut bindings::module = <crate::LocalModule as ModuleMetadata>::THIS_MODULE.as_ptr();

/// The operations of a [`Show`] file.
struct ShowOps<T, F>(PhantomData<(T, F)>);

impl<T: Send + Sync, F: Show<T>> ShowOps<T, F> {
    const OPS: bindings::file_operations = bindings::file_operations {
        owner: OWNER,
        open: Some(Self::open),
        read: Some(bindings::seq_read),
        llseek: Some(bindings::seq_lseek),
        release: Some(bindings::single_release),
        ..pin_init::zeroed()
    };

    /// # Safety
    ///
    /// To be called by the file system, for an inode of a file made by [`Dir::add`].
    unsafe extern "C" fn open(inode: *mut bindings::inode, file: *mut bindings::file) -> c_int {
        // SAFETY: By the contract of this function, `inode` and `file` are valid, and the file is
        // being opened.
        unsafe { bindings::single_open(file, Some(Self::show), (*inode).i_private) }
    }

    /// # Safety
    ///
    /// To be called by `seq_file`, for a file opened by [`ShowOps::open`].
    unsafe extern "C" fn show(seq: *mut bindings::seq_file, _: *mut c_void) -> c_int {
        // SAFETY: `seq` was set up by `single_open` in `open`, with the inode's private data, which
        // is a `T` by the invariants of `Dir`. debugfs does not let the folder go while this runs.
        let data = unsafe { &*(*seq).private.cast::<T>() };
        // SAFETY: `seq` is valid, and only this thread uses it during the call.
        let out = unsafe { SeqFile::from_raw(seq) };

        F::show(data, out);
        0
    }
}

/// The operations of a [`Command`] file.
struct CommandOps<T, F>(PhantomData<(T, F)>);

impl<T: Send + Sync, F: Command<T>> CommandOps<T, F> {
    const OPS: bindings::file_operations = bindings::file_operations {
        owner: OWNER,
        open: Some(bindings::simple_open),
        write: Some(Self::write),
        ..pin_init::zeroed()
    };

    /// # Safety
    ///
    /// To be called by the file system, for a file made by [`Dir::add`] and opened by
    /// `simple_open()`.
    unsafe extern "C" fn write(
        file: *mut bindings::file,
        text: *const c_char,
        len: usize,
        _: *mut bindings::loff_t,
    ) -> isize {
        // SAFETY: `simple_open` has copied the inode's private data, which is a `T` by the
        // invariants of `Dir`. debugfs does not let the folder go while this runs.
        let data = unsafe { &*(*file).private_data.cast::<T>() };

        from_result(|| {
            let mut word = KVec::new();

            if len > F::MAX_LEN {
                return Err(EINVAL);
            }
            UserSlice::new(UserPtr::from_ptr(text.cast_mut().cast()), len)
                .read_all(&mut word, GFP_KERNEL)?;
            F::run(
                data,
                core::str::from_utf8(&word).map_err(|_| EINVAL)?.trim(),
            )?;
            // CAST: `len` is at most `MAX_LEN`.
            Ok(len as isize)
        })
    }
}
