"""`mirror` with an applier that manages so many deliveries a second: python -m … SPEED COMMAND."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

from mirror.core.fold import Verdict
from mirror.core.library import Library
from mirror.store.journal import Delivery
from mirror.store.state import Loader
from mirror.sync import apply, beside, keep


def slow_down(speed: int) -> None:
    """Makes the appliers of this process rest before they write, as if to think took that long.

    Their batches are small, as a second is short.
    """
    fold_all = apply.fold_all

    def slowly(library: Library, loader: Loader, deliveries: Sequence[Delivery]) -> list[Verdict]:
        time.sleep(len(deliveries) / speed)
        return fold_all(library, loader, deliveries)

    apply.fold_all = slowly
    keep.MOST = max(1, speed // 3)


if __name__ == "__main__":
    here = f"from {__spec__.name} import slow_down; slow_down({int(sys.argv[1])}); "
    beside.BOOT = beside.BOOT.replace("from mirror.sync.beside", here + "from mirror.sync.beside")
    del sys.argv[1]
    from mirror.cli import main

    main()
