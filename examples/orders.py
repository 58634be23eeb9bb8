"""An order: stored once while it is unfinished, urgent ones first, and it may be called off until it is packed.

taskmill up orders:app
python orders.py
"""

import asyncio
from dataclasses import dataclass

from taskmill import App, Context, TaskCancelled

app = App()


@dataclass
class Parcel:
    order: int
    items: list[str]


@app.task(queue="orders")
async def pack(ctx: Context, order: int, items: list[str]) -> Parcel:
    """A second for each item; when it is called off, everything goes back to the shelf."""
    packed: list[str] = []
    try:
        for item in items:
            ctx.progress(len(packed) / len(items), f"packing {item}")
            await asyncio.sleep(1)
            packed.append(item)
    except asyncio.CancelledError:
        ctx.log(f"back to the shelf: {packed}")
        raise
    return Parcel(order, packed)


def main() -> None:
    first = pack.using(key="order-7", priority="high").enqueue(7, ["cup", "pot"])
    again = pack.using(key="order-7").enqueue(7, ["cup", "pot"])
    print("stored:", first.created, "- and again:", again.created, "- the same task:", first.id == again.id)

    other = pack.enqueue(order=8, items=["lamp"] * 60)
    print("called off:", other.cancel())
    try:
        other.result(timeout=30)
    except TaskCancelled:
        print("order 8 is cancelled")

    print(first.result(timeout=30))


if __name__ == "__main__":
    # Run as a script this file is `__main__`, and workers know it as `orders`; the task types' names are the same.
    main()
