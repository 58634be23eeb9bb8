"""Messages of tickets, and which priority goes first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskmill.brokers.packing import (
    ID_SIZE,
    LARGEST,
    LOWEST_FIRST,
    VERSION,
    Garbage,
    Lane,
    PriorityOrder,
    pack,
    parcels,
    unpack,
)
from taskmill.brokers.rabbitmq.names import LONGEST, queue_name
from taskmill.core.task import Ticket

IDS = st.lists(st.uuids().map(str), min_size=1, max_size=120)
NAMES = st.text(min_size=1, max_size=128)


@given(IDS)
def test_there_and_back(ids: list[str]) -> None:
    assert unpack(pack(ids)) == ids
    assert len(pack(ids)) == len(VERSION) + ID_SIZE * len(ids)


@given(st.binary())
def test_anything_else_is_garbage(body: bytes) -> None:
    with pytest.raises(Garbage):
        unpack(body)


@pytest.mark.parametrize(
    "body", [pack([]), pack(["short"]), pack(["g" * 36]), pack(["0" * 36] * (LARGEST + 1)), pack(["0" * 36]) + b"\n"]
)
def test_what_is_nearly_right_is_garbage(body: bytes) -> None:
    with pytest.raises(Garbage):
        unpack(body)


@given(st.lists(st.tuples(st.uuids().map(str), st.sampled_from("ab"), st.integers(1, 3)), max_size=50))
def test_parcels_hold_every_ticket_by_lane_and_in_order(fields: list[tuple[str, str, int]]) -> None:
    tickets = [Ticket(*each) for each in fields]
    found = list(parcels(tickets, 4))
    assert all(1 <= len(ids) <= 4 for _, ids in found)
    for lane in {Lane(ticket.queue, ticket.priority) for ticket in tickets}:
        expected = [ticket.id for ticket in tickets if (ticket.queue, ticket.priority) == lane]
        assert [id for other, ids in found if other == lane for id in ids] == expected


@given(NAMES, NAMES, st.integers(1, 3), st.integers(1, 3))
def test_each_lane_has_a_queue_of_its_own(one: str, other: str, first: int, second: int) -> None:
    lanes = Lane(one, first), Lane(other, second)
    names = [queue_name(lane) for lane in lanes]
    assert (names[0] == names[1]) == (lanes[0] == lanes[1])
    assert all(len(name.encode()) <= LONGEST for name in names)


def test_one_order_of_many_goes_upwards() -> None:
    order = PriorityOrder()
    orders = [tuple(order.next()) for _ in range(3 * LOWEST_FIRST)]
    assert orders.count((3, 2, 1)) == 3
    assert orders.count((1, 2, 3)) == 3 * (LOWEST_FIRST - 1)
