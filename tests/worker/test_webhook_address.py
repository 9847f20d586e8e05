"""Where webhooks may go: every known way to point one at the house's own network is refused."""

import asyncio
from collections.abc import Sequence
from ipaddress import ip_address
from threading import Event

import pytest

from tickets.adapters.webhook_address import Forbidden, Gate, is_public, resolve

PUBLIC = ["8.8.8.8", "1.1.1.1", "103.90.220.1", "2606:4700::1111", "64:ff9b::808:808", "2002:808:808::1"]
FORBIDDEN = [
    "0.0.0.0",  # noqa: S104 - to be refused, not bound
    "127.0.0.1", "127.8.8.8", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
    "169.254.169.254", "100.64.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1",
    "100.100.100.200", "192.0.0.192", "192.88.99.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "::", "::1", "fe80::1", "fc00::1", "fd12:3456::1", "fec0::1", "ff02::1", "2001:db8::1", "100::1",
    "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::1", "2002:a00:1::1", "2001:0:7f00:1::1",
    "::ffff:0:127.0.0.1", "::ffff:0:a9fe:a9fe", "2002:a9fe:a9fe::", "2002:c0a8:101::1", "64:ff9b::c0a8:101",
    "64:ff9b::10.0.0.1", "3fff::1", "4000::1", "5f00::1", "100:0:0:1::1", "e000::1",
]  # fmt: skip
DISGUISES = [
    "localhost",
    "LOCALHOST",
    "localhost.",
    "127.0.0.1.",
    "2130706433",
    "0x7f000001",
    "0x7F.1",
    "017700000001",
    "0177.0.0.1",
    "0177.0.1",
    "127.1",
    "127.0.1",
    "0",
    "0x0",
    "00000.0",
    "::1",
    "0:0:0:0:0:0:0:1",
    "::",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "0:0:0:0:0:ffff:7f00:0001",
    "64:ff9b::127.0.0.1",
    "2002:7f00:1::",
    "169.254.169.254",
    "0xa9fea9fe",
    "2852039166",
    "0251.0376.0251.0376",
    "::ffff:169.254.169.254",
    "10.1",
    "0x0a000001",
    "012.0.0.1",
    "167772161",
    "192.168.257",
    "0300.0250.1.1",
    "fe80::1",
    "fd00:ec2::254",
]
"""Spellings of the loopback, of private networks and of clouds' metadata, as system resolvers take them."""


def gate(*found: str, allowed: Sequence[str] = ()) -> Gate:
    async def resolver(_host: str, _port: int) -> Sequence[str]:
        return found

    return Gate(allowed, resolver)


@pytest.mark.parametrize("address", PUBLIC)
async def test_the_public_internet_can_be_reached(address: str) -> None:
    assert str(await gate(address).address("example.com", 443)) == address


@pytest.mark.parametrize("address", FORBIDDEN)
async def test_no_private_local_or_special_address_can_be_reached(address: str) -> None:
    assert not is_public(ip_address(address))
    with pytest.raises(Forbidden, match="which is not public"):
        await gate(address).address("example.com", 443)


@pytest.mark.parametrize("host", DISGUISES)
async def test_no_spelling_of_an_inner_address_gets_through_the_real_resolver(host: str) -> None:
    try:
        found = await resolve(host, 80)
    except OSError:
        return  # this system does not even know the spelling
    assert found
    with pytest.raises(Forbidden):
        await Gate(()).address(host, 80)


async def test_a_scoped_address_is_judged_without_its_scope() -> None:
    with pytest.raises(Forbidden):
        await gate("fe80::1%eth0").address("example.com", 443)


async def test_one_private_address_among_public_ones_forbids_the_host() -> None:
    with pytest.raises(Forbidden, match=r"10\.0\.0\.1"):
        await gate("8.8.8.8", "10.0.0.1").address("example.com", 443)


async def test_a_name_that_leads_elsewhere_the_second_time_is_judged_anew() -> None:
    answers = iter([["8.8.8.8"], ["169.254.169.254"]])

    async def rebinding(_host: str, _port: int) -> Sequence[str]:
        return next(answers)

    made = Gate((), rebinding)
    assert str(await made.address("rebind.example", 443)) == "8.8.8.8"  # and that is what is connected to
    with pytest.raises(Forbidden):
        await made.address("rebind.example", 443)


@pytest.mark.parametrize("allowed", ["inside.example", "INSIDE.example.", "10.0.0.1", "10.0.0.0/8"])
async def test_what_the_operator_names_can_be_reached(allowed: str) -> None:
    assert str(await gate("10.0.0.1", allowed=[allowed]).address("Inside.example", 443)) == "10.0.0.1"
    with pytest.raises(Forbidden):
        await gate("192.168.0.1", allowed=[allowed]).address("outside.example", 443)


@pytest.mark.parametrize("host", ["a" * 70 + ".example", "a..b"])
async def test_what_is_no_host_name_is_refused(host: str) -> None:
    with pytest.raises(Forbidden, match="is not a host name"):
        await Gate(()).address(host, 443)


async def test_a_name_without_an_address_is_trouble_that_may_pass() -> None:
    with pytest.raises(OSError, match="has no address"):
        await gate().address("example.com", 443)


async def test_names_that_are_never_answered_keep_no_other_from_being_found() -> None:
    answered = Event()

    def look_up(host: str, port: int, **_more: object) -> list[tuple[object, ...]]:
        if host == "silent.example":
            answered.wait(30)
        return [(0, 0, 0, "", ("8.8.8.8", port))]

    silent = [asyncio.create_task(resolve("silent.example", 443, look_up)) for _ in range(40)]
    await asyncio.sleep(0)  # all of them have asked
    async with asyncio.timeout(10):
        assert await resolve("prompt.example", 443, look_up) == ["8.8.8.8"]
    assert not any(each.done() for each in silent)
    answered.set()
    await asyncio.gather(*silent)
