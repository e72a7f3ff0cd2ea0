// SPDX-License-Identifier: GPL-2.0

//! debugfs files that pin the module while they are open, with data that may borrow.
//!
//! The kernel crate's debugfs files require data of a `'static` type, which a driver's
//! `Data<'bound>` is not. Their `file_operations::owner` is null: if a file is open during `rmmod`
//! and closed later, debugfs calls `release` through operations that were freed with the module.
//! The files of this module set the owner, so `rmmod` fails while one is open. An unbind is always
//! possible: it waits for running operations, and later ones fail.
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

/// File that shows data of type `T` as text.
pub(crate) trait Show<T> {
    /// Name in the directory.
    const NAME: &'static CStr;

    /// Writes the content to `out`.
    ///
    /// May sleep. `seq_file` calls this again if its buffer was too small, so it must not change
    /// `data`.
    fn show(data: &T, out: &SeqFile);
}

/// File that executes a command on data of type `T`.
pub(crate) trait Command<T> {
    /// Name in the directory.
    const NAME: &'static CStr;

    /// Maximum length of the written text in bytes; a longer one fails with `EINVAL`.
    const MAX_LEN: usize = 32;

    /// Executes `word`, the written text without white space at either end. May sleep.
    fn run(data: &T, word: &str) -> Result;
}

/// Directory in debugfs, with files that access a `T`.
///
/// Errors of debugfs are ignored, as C drivers do, because a driver works without its files.
///
/// # Invariants
///
/// - `debugfs_create_dir()` returned `dentry`, and it was not removed.
/// - The private data of all files in the directory is the address of `data`.
pub(crate) struct Dir<T: Send + Sync> {
    dentry: *mut bindings::dentry,
    data: Pin<KBox<T>>,
}

// SAFETY: Any thread may use and remove a dentry, and `T` is `Send`.
unsafe impl<T: Send + Sync> Send for Dir<T> {}

// SAFETY: Through `&Dir` threads can only add files, which debugfs serializes, and access `data`,
// which is `Sync`.
unsafe impl<T: Send + Sync> Sync for Dir<T> {}

impl<T: Send + Sync> Dir<T> {
    /// Creates the directory `name` in the root of debugfs.
    ///
    /// May sleep. C function: `debugfs_create_dir()`.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, and errors of the initializer `data`.
    ///
    /// # Safety
    ///
    /// The caller must not leak the result: until the drop, the files access `data` and everything
    /// that it borrows.
    pub(crate) unsafe fn new(name: &CStr, data: impl PinInit<T, Error>) -> Result<Self> {
        let data = KBox::pin_init(data, GFP_KERNEL)?;
        // SAFETY: The name must be a valid string: it is a `CStr`. A null parent is the root.
        let dentry = unsafe { bindings::debugfs_create_dir(name.as_char_ptr(), ptr::null_mut()) };

        // INVARIANT: The directory is new, and has no files.
        Ok(Self { dentry, data })
    }

    /// Returns the data of the files.
    #[allow(dead_code, reason = "only the sample uses it")]
    pub(crate) fn data(&self) -> &T {
        &self.data
    }

    /// Adds the file `F`, readable by root. May sleep. C function: `debugfs_create_file()`.
    pub(crate) fn add_show<F: Show<T>>(&self) {
        self.add(F::NAME, 0o400, &ShowOps::<T, F>::OPS);
    }

    /// Adds the file `F`, writable by root. May sleep. C function: `debugfs_create_file()`.
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
        // - The name must be a valid string: it is a `CStr`.
        // - The parent must be a directory, or an error pointer: `debugfs_create_dir()` returns
        //   either.
        // - `operations` must outlive all open files: they are in this module, which they own.
        // - The private data must be a `T`, valid while an operation can run: `data` does not move,
        //   and `drop` removes the directory before it frees `data`, and waits for running
        //   operations. The callers pass operations that expect a `T`.
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
        // SAFETY: The directory must not be removed twice: by the type invariant it was not removed
        // before. On return no operation of its files runs or can start, so `data` can be dropped.
        unsafe { bindings::debugfs_remove(self.dentry) };
    }
}

/// Module that the open files pin.
const OWNER: *mut bindings::module = <crate::LocalModule as ModuleMetadata>::THIS_MODULE.as_ptr();

/// Operations of a [`Show`] file.
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

    /// Opens the file for `seq_file`.
    ///
    /// # Safety
    ///
    /// The caller is the file system, and [`Dir::add`] made the file of `inode`.
    unsafe extern "C" fn open(inode: *mut bindings::inode, file: *mut bindings::file) -> c_int {
        // SAFETY: `inode` and `file` must be valid, and the file must be being opened: the file
        // system, which is the caller, guarantees both.
        unsafe { bindings::single_open(file, Some(Self::show), (*inode).i_private) }
    }

    /// Shows the file's data.
    ///
    /// # Safety
    ///
    /// The caller is `seq_file`, for a file that [`ShowOps::open`] opened.
    unsafe extern "C" fn show(seq: *mut bindings::seq_file, _: *mut c_void) -> c_int {
        // SAFETY: The pointer must be to a `T` that stays valid: `open` passed the inode's private
        // data, which is a `T` by the invariants of `Dir`, and the removal of the directory waits
        // for this function.
        let data = unsafe { &*(*seq).private.cast::<T>() };
        // SAFETY: `seq` must be valid, without other users during the call: `seq_file` guarantees
        // both.
        let out = unsafe { SeqFile::from_raw(seq) };

        F::show(data, out);
        0
    }
}

/// Operations of a [`Command`] file.
struct CommandOps<T, F>(PhantomData<(T, F)>);

impl<T: Send + Sync, F: Command<T>> CommandOps<T, F> {
    const OPS: bindings::file_operations = bindings::file_operations {
        owner: OWNER,
        open: Some(bindings::simple_open),
        write: Some(Self::write),
        ..pin_init::zeroed()
    };

    /// Executes the written text, and returns its length or an error.
    ///
    /// # Safety
    ///
    /// The caller is the file system, for a file that [`Dir::add`] made and `simple_open()` opened.
    unsafe extern "C" fn write(
        file: *mut bindings::file,
        text: *const c_char,
        len: usize,
        _: *mut bindings::loff_t,
    ) -> isize {
        // SAFETY: The pointer must be to a `T` that stays valid: `simple_open` copied the inode's
        // private data, which is a `T` by the invariants of `Dir`, and the removal of the directory
        // waits for this function.
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
