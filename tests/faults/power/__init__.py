"""Power loss, simulated on the real `mirror`: whatever was not synced may be gone, and nothing that counts is.

A shim (shim.c, by LD_PRELOAD) writes down each open, write, cut, rename, unlink and sync that any
process of a real `mirror serve`, `import` or `rebuild` does to its database's folder, with contents
and times (trace.py). From that, disk.py makes the folder as it would be found had the power gone at
any instant: what was synced is there; of the rest an adversary chooses (losses.py). Each image is
opened as `mirror` opens it and examined (examine.py) against what a client outside had been told.

Strictness. A write is safe only once a sync of its file that began after it has returned; a sync under
way saves nothing. Writes reach the disk in any order and torn at 512 bytes or 4 KiB, each file for
itself; whole writes may be dropped from amid others; a file may have its new length with zeros or
other bytes where the data is missing. A sector that is being written to may be spoiled as a whole, also
what was synced in it before. A name is safe only once its folder was synced: a sync of the
file alone does not save its name, though ext4 and XFS do that; namings are lost from some moment on, as
with a journaling file system, or each for itself. Shared memory (-shm) is lost, or random bytes are found in it.

Not simulated: disks that lie about a sync, or spoil sectors that nobody writes to; a sync that fails;
PostgreSQL. What mirror keeps outside the database's folder (none) would not be seen. That nothing got
past the shim is tested: with nothing lost, the image at the end equals the folder byte for byte.

That losses are found is tested, too: `synchronous=NORMAL`, `synchronous=OFF`, `psow=1` and an answer
before the commit, brought in from outside (launch.py), are each caught.
"""
