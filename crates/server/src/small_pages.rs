//! Memory in pages of the usual size. The allocator asks for pages of 2 MiB, and each of its threads touches several of them
//! for little: an idle server has 12 MB more with them, and is no faster.

/// Keeps the system from giving this process pages of 2 MiB. Call it before there are threads.
pub fn use_small_pages() {
    #[cfg(target_os = "linux")]
    {
        // When this is refused, more memory is used.
        let _ = rustix::thread::disable_transparent_huge_pages(true);
    }
}
